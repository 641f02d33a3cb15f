"""Monitors of many signals at once: trained on a normal period, they say when, since when and where something is unusual."""

from jasang.analyze.monitors.batches import BatchMonitor, BatchScores, score_batches, train_batch_monitor
from jasang.analyze.monitors.calibration import Calibration, Rate
from jasang.analyze.monitors.contributions import Contribution, contributions
from jasang.analyze.monitors.events import Event, find_events
from jasang.analyze.monitors.memory import Statistic
from jasang.analyze.monitors.monitor import Monitor, MonitorState, Scores, fresh, score, train_monitor
from jasang.analyze.monitors.normal_period import NormalPeriod, find_normal_period
from jasang.analyze.monitors.record import MonitorRecordError, from_record, to_record

__all__ = [
    "BatchMonitor",
    "BatchScores",
    "Calibration",
    "Contribution",
    "Event",
    "Monitor",
    "MonitorRecordError",
    "MonitorState",
    "NormalPeriod",
    "Rate",
    "Scores",
    "Statistic",
    "contributions",
    "find_events",
    "find_normal_period",
    "fresh",
    "from_record",
    "score",
    "score_batches",
    "to_record",
    "train_batch_monitor",
    "train_monitor",
]
