"""What else changed at that time: moments of change lined up, with the chance that they met by accident."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

_MOST_CHANGES = 200  # a column that changes more often meets everything
_STILL = 0.02  # of neighbouring rows may differ in a value set by hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """Something that changed near a moment.

    `apart` is its distance from the moment in the unit of the times (negative = before). `changes` is how often it changed in
    the record. `chance` is that of at least one of so many changes, scattered at random over the record, coming as near;
    `chance_of_all` allows for everything that was looked at.
    """

    name: str
    moment: float
    apart: float
    changes: int
    chance: float
    chance_of_all: float


def lined_up(
    moment: float,
    others: Mapping[str, Sequence[float] | np.ndarray],
    *,
    record: tuple[float, float],
    interval: tuple[float, float] | None = None,
    resolution: float = 0.0,
    most_chance: float = 0.05,
) -> tuple[Met, ...]:
    """What changed near `moment`, the least likely by accident first.

    Parameters
    ----------
    moment : when the outcome or signal changed, with its 95 % `interval` where there is one.
    others : name → the moments at which it changed, in the same unit of time.
    record : first and last moment of the record.
    resolution : the coarsest step of the times (a day where only dates are known): nothing can be nearer than that.
    most_chance : leave out what would meet the moment by accident more often, all candidates allowed for.

    Examples
    --------
    >>> met = lined_up(50.2, {"lot": [10, 50, 90], "shift": range(0, 100, 2)}, record=(0, 100), interval=(49.8, 50.6))
    >>> [(one.name, one.changes, round(one.chance, 3)) for one in met]
    [('lot', 3, 0.024)]
    """
    span = record[1] - record[0]
    candidates = {name: np.asarray(list(when), dtype=float) for name, when in others.items()}
    candidates = {name: when[(when >= record[0]) & (when <= record[1])] for name, when in candidates.items()}
    candidates = {name: when for name, when in candidates.items() if when.size}
    if span <= 0 or not candidates:
        return ()
    low, high = interval if interval is not None else (moment, moment)
    found = []
    for name, when in candidates.items():
        outside = np.maximum(low - when, when - high).clip(0)
        nearest = int(np.lexsort((np.abs(when - moment), outside))[0])
        reach_low = min(low, float(when[nearest])) - resolution / 2
        reach_high = max(high, float(when[nearest])) + resolution / 2
        if outside[nearest] > 0:  # as near on the other side would have counted too
            reach_low, reach_high = low - float(outside[nearest]), high + float(outside[nearest])
        share = float(np.clip((min(reach_high, record[1]) - max(reach_low, record[0])) / span, 0.0, 1.0))
        chance = 1.0 - (1.0 - share) ** when.size
        found.append(
            Met(
                name=name,
                moment=float(when[nearest]),
                apart=float(when[nearest] - moment),
                changes=int(when.size),
                chance=chance,
                chance_of_all=1.0 - (1.0 - chance) ** len(candidates),
            )
        )
    return tuple(sorted((one for one in found if one.chance_of_all <= most_chance), key=lambda one: one.chance))


def change_moments(values: np.ndarray, times: np.ndarray) -> np.ndarray:
    """When a column of names, or of numbers set by hand, took another value; empty where it changes too often to mean anything.

    Parameters
    ----------
    values : codes (-1 = missing) or numbers (NaN = missing), shape (rows,), rows in order of time.
    times : shape (rows,), NaN = unknown.

    A value counts as changed at the row from which it differs from the row before; the moment is that row's.
    """
    values = np.asarray(values)
    known = ~np.isnan(times) & ((values >= 0) if values.dtype.kind in "iu" else ~np.isnan(values))
    kept, when = values[known], times[known]
    if kept.size < 2:
        return np.empty(0)
    moved = np.flatnonzero(kept[1:] != kept[:-1]) + 1
    if moved.size > min(_MOST_CHANGES, max(3, _STILL * kept.size)):
        return np.empty(0)
    return np.asarray(when[moved], dtype=float)


def first_seen(codes: np.ndarray, times: np.ndarray) -> dict[int, float]:
    """When each level of a column of names was seen for the first time, without the one the record begins with."""
    known = (codes >= 0) & ~np.isnan(times)
    levels, first = np.unique(codes[known], return_index=True)
    when = times[known][first]
    start = times[known].min() if known.any() else 0.0
    return {int(level): float(moment) for level, moment in zip(levels, when, strict=True) if moment > start}
