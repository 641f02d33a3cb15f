"""What to say of an effect: confirmed, not seen, too early or worse; and later: does it hold?"""

from enum import StrEnum

import numpy as np
from scipy.special import ndtr, ndtri

from jasang.analyze.effects.interrupted import Effect

DEFAULT_DAYS = 14  # where no power calculation could be made
EARLIEST = 7  # days: before a whole week nobody is told anything but that it is too early
HOLDS_AFTER = 90
LATE_WINDOW = 30  # days: the last of the 90, by which it is judged whether an effect still holds
HALF = 0.5


class Verdict(StrEnum):
    """Did it help?"""

    CONFIRMED = "confirmed"
    NOT_SEEN = "not_seen"
    TOO_EARLY = "too_early"
    WORSE = "worse"


class Lasting(StrEnum):
    """Does it still help?"""

    HELD = "held"
    LOST = "lost"
    UNCLEAR = "unclear"


def early_confidence(confidence: float, share: float) -> float:
    """The confidence asked for after a share of the waiting time, so that looking every day does not make effects out of chance.

    O'Brien and Fleming's boundary (Biometrics 1979): the limit of the test grows as 1/√share before the end.

    >>> round(early_confidence(0.95, 0.25), 5)
    0.99991
    """
    z = float(ndtri(0.5 + 0.5 * confidence)) / np.sqrt(min(1.0, max(share, 1e-6)))
    return float(min(1.0 - 2.0 * float(ndtr(-z)), 1.0 - 1e-9))


def judge(effect: Effect, *, better: int, days: int, needed: int | None, early: Effect | None = None) -> Verdict:
    """The verdict on an effect.

    Parameters
    ----------
    effect : Effect
        At 95 %.
    better : int
        -1 where lower values are better (a defect rate), +1 where higher are, 0 where any change was meant to undo another.
    days : int
        Days since the action.
    needed : int or None
        Days of the power calculation; `None` = no such calculation, then `DEFAULT_DAYS`.
    early : Effect, optional
        The same effect at `early_confidence`, for the time before `needed` days have passed.
    """
    enough = needed if needed is not None else DEFAULT_DAYS
    if days < enough:
        certain = early is not None and days >= EARLIEST and excludes_zero(early, better)
        return Verdict.CONFIRMED if certain else Verdict.TOO_EARLY
    if excludes_zero(effect, better):
        return Verdict.CONFIRMED
    return Verdict.WORSE if excludes_zero(effect, -better) and better else Verdict.NOT_SEEN


def judge_lasting(first: Effect, late: Effect, *, better: int) -> Lasting:
    """Whether the effect of the last days, `late`, is still there beside the one that was confirmed, `first`.

    Held where the late interval leaves out zero on the good side; lost where it does not and the late effect is less than half
    the first; else it is not clear yet.
    """
    if excludes_zero(late, better):
        return Lasting.HELD
    share = late.estimate / first.estimate if first.estimate else 0.0
    return Lasting.LOST if share < HALF else Lasting.UNCLEAR


def excludes_zero(effect: Effect, side: int) -> bool:
    """The whole interval lies on that side of zero (-1 below, +1 above, 0 either)."""
    below, above = effect.high < 0.0, effect.low > 0.0
    return below if side < 0 else above if side > 0 else below or above
