"""Monitors of many signals at once: trained on a normal period, they say when, since when and where something is unusual."""

from jasang.analyze.monitors.monitor import Monitor, MonitorState, Scores, fresh, score, train_monitor

__all__ = ["Monitor", "MonitorState", "Scores", "fresh", "score", "train_monitor"]
