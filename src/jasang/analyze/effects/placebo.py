"""Placebo tests: the effect is looked for where there was no action, at other times and on other machines."""

from dataclasses import dataclass

import numpy as np

from jasang.analyze.effects.interrupted import FEWEST_BEFORE, interrupted_series

MOST_TIMES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Placebo:
    """Effects found where nothing was done: `effects` (k,), and how many of their intervals left out zero (`alarms`).

    `p_value` is the share of placebos, the real one counted among them, at least as large as the real one; a permutation in time.
    """

    effects: np.ndarray
    alarms: int
    p_value: float


def placebo_in_time(
    values: np.ndarray,
    action: int,
    *,
    controls: np.ndarray | None = None,
    season: np.ndarray | None = None,
    counts: np.ndarray | None = None,
    confidence: float = 0.95,
) -> Placebo | None:
    """The same analysis at dates before the action, each with as long a time after as the real one, at most a third of before.

    `None` where the time before is too short for at least three such dates.
    """
    given = np.asarray(values, dtype=np.float64)
    span = int(min(given.size - action, action // 3))
    first, last = max(FEWEST_BEFORE, span), action - span
    if span < 3 or last - first < 2:
        return None
    places = np.unique(np.linspace(first, last, min(MOST_TIMES, last - first + 1)).astype(int))
    own = _size(given[: action + span], action, controls, season, counts, confidence)
    found, alarms = [], 0
    for place in places:
        one = _size(given[: place + span], int(place), controls, season, counts, confidence)
        if one is not None:
            found.append(one[0])
            alarms += one[1]
    if len(found) < 3 or own is None:
        return None
    effects = np.array(found)
    at_least = int((np.abs(effects) >= abs(own[0])).sum())
    return Placebo(effects=effects, alarms=alarms, p_value=(1.0 + at_least) / (1.0 + effects.size))


def placebo_in_place(
    values: np.ndarray, action: int, controls: np.ndarray, *, season: np.ndarray | None = None, confidence: float = 0.95
) -> Placebo | None:
    """The same analysis on every control as if the action had been taken there, beside the other controls; `None` without any."""
    others = np.asarray(controls, dtype=np.float64)
    others = others[:, None] if others.ndim == 1 else others
    own = _size(np.asarray(values, dtype=np.float64), action, others, season, None, confidence)
    found, alarms = [], 0
    for place in range(others.shape[1]):
        rest = np.delete(others, place, axis=1)
        one = _size(others[:, place], action, rest if rest.shape[1] else None, season, None, confidence)
        if one is not None:
            found.append(one[0])
            alarms += one[1]
    if not found or own is None:
        return None
    effects = np.array(found)
    at_least = int((np.abs(effects) >= abs(own[0])).sum())
    return Placebo(effects=effects, alarms=alarms, p_value=(1.0 + at_least) / (1.0 + effects.size))


def _size(
    values: np.ndarray,
    action: int,
    controls: np.ndarray | None,
    season: np.ndarray | None,
    counts: np.ndarray | None,
    confidence: float,
) -> tuple[float, bool] | None:
    """Effect and whether its interval leaves out zero; `None` where there is too little to look at."""
    n = values.size
    try:
        effect = interrupted_series(
            values,
            action,
            controls=None if controls is None else np.asarray(controls)[:n],
            season=None if season is None else np.asarray(season)[:n],
            counts=None if counts is None else np.asarray(counts)[:n],
            confidence=confidence,
            course=False,
        )
    except ValueError:
        return None
    return effect.estimate, effect.low > 0 or effect.high < 0
