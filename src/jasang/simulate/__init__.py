"""A virtual factory that speaks real protocols: for the demo, labs and tests."""
