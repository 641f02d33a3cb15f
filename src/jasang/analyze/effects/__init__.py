"""Did the action help? Effect with interval, placebo tests, days until an effect can be seen, and the verdict."""

from jasang.analyze.effects.interrupted import FEWEST_AFTER, FEWEST_BEFORE, Effect, interrupted_series
from jasang.analyze.effects.placebo import Placebo, placebo_in_place, placebo_in_time
from jasang.analyze.effects.power import LONGEST_WAIT, Waiting, days_to_see
from jasang.analyze.effects.verdict import (
    DEFAULT_DAYS,
    EARLIEST,
    HOLDS_AFTER,
    LATE_WINDOW,
    Lasting,
    Verdict,
    early_confidence,
    excludes_zero,
    judge,
    judge_lasting,
)

__all__ = [
    "DEFAULT_DAYS",
    "EARLIEST",
    "FEWEST_AFTER",
    "FEWEST_BEFORE",
    "HOLDS_AFTER",
    "LATE_WINDOW",
    "LONGEST_WAIT",
    "Effect",
    "Lasting",
    "Placebo",
    "Verdict",
    "Waiting",
    "days_to_see",
    "early_confidence",
    "excludes_zero",
    "interrupted_series",
    "judge",
    "judge_lasting",
    "placebo_in_place",
    "placebo_in_time",
]
