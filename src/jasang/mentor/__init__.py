"""The use cases both front doors call: inspect, diagnose, collect."""
