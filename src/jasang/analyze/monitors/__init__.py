"""Monitors of many signals at once: trained on a normal period, they say when, since when and where something is unusual."""

from jasang.analyze.monitors.calibration import Calibration, Rate
from jasang.analyze.monitors.contributions import Contribution, contributions
from jasang.analyze.monitors.events import Event, find_events
from jasang.analyze.monitors.memory import Statistic
from jasang.analyze.monitors.monitor import Monitor, MonitorState, Scores, fresh, score, train_monitor

__all__ = [
    "Calibration",
    "Contribution",
    "Event",
    "Monitor",
    "MonitorState",
    "Rate",
    "Scores",
    "Statistic",
    "contributions",
    "find_events",
    "fresh",
    "score",
    "train_monitor",
]
