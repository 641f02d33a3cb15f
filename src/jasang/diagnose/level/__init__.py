"""The level of a factory: a versioned rubric, answers from live data and from a mentor, the score and the next three things."""

from jasang.diagnose.level.evidence import Answer, LiveFacts, Measured, collection_uptime, live_answers
from jasang.diagnose.level.peers import Peers, compare, history
from jasang.diagnose.level.rubric import RUBRICS, Item, Reading, Rubric, Step, latest_rubric, read_rubric, rubric
from jasang.diagnose.level.scoring import ItemScore, Level, NextThing, goal_number, score

__all__ = [
    "RUBRICS",
    "Answer",
    "Item",
    "ItemScore",
    "Level",
    "LiveFacts",
    "Measured",
    "NextThing",
    "Peers",
    "Reading",
    "Rubric",
    "Step",
    "collection_uptime",
    "compare",
    "goal_number",
    "history",
    "latest_rubric",
    "live_answers",
    "read_rubric",
    "rubric",
    "score",
]
