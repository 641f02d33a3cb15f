"""The level of a factory: a versioned rubric, answers from live data and from a mentor, the score and the next three things."""

from jasang.diagnose.level.evidence import Answer, LiveFacts, Measured, collection_uptime, live_answers
from jasang.diagnose.level.measures import (
    HandedOver,
    RecordKind,
    Stream,
    latency_of_files,
    reaction_hours,
    record_kind,
    records_not_typed,
    uptime_of_days,
)
from jasang.diagnose.level.peers import Peers, compare, history
from jasang.diagnose.level.rubric import RUBRICS, Item, Reading, Rubric, Step, latest_rubric, read_rubric, rubric
from jasang.diagnose.level.scoring import ItemScore, Level, NextThing, goal_number, score
from jasang.diagnose.level.tracing import LINKS, TableTrace, share_traced, trace_lots

__all__ = [
    "LINKS",
    "RUBRICS",
    "Answer",
    "HandedOver",
    "Item",
    "ItemScore",
    "Level",
    "LiveFacts",
    "Measured",
    "NextThing",
    "Peers",
    "Reading",
    "RecordKind",
    "Rubric",
    "Step",
    "Stream",
    "TableTrace",
    "collection_uptime",
    "compare",
    "goal_number",
    "history",
    "latency_of_files",
    "latest_rubric",
    "live_answers",
    "reaction_hours",
    "read_rubric",
    "record_kind",
    "records_not_typed",
    "rubric",
    "score",
    "share_traced",
    "trace_lots",
    "uptime_of_days",
]
