"""Phase I, where limits are made from the points that were in control, and charts of several phases.

Source: Montgomery, sections 6.2 and 6.4; robust limits after Rocke (1989), Technometrics 31(2), and ISO 7870-2.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np

from jasang.analyze.control_charts.autocorrelated import autocorrelated_chart
from jasang.analyze.control_charts.inputs import vector
from jasang.analyze.control_charts.limits import Limits, limits_around
from jasang.analyze.control_charts.variables import individuals_chart

FEWEST = 8
ROUGH = 6.0


def phase_one(
    points: np.ndarray,
    chart: Callable[[np.ndarray], Limits],
    *,
    most_excluded: float = 0.2,
    most_rounds: int | None = None,
) -> tuple[Limits, np.ndarray]:
    """Limits from the points that were in control, and which points were left out (bool, shape (n,)).

    Rule: points beyond the limits are left out and the limits made again, until none is beyond or more than `most_excluded` of
    the points would be gone; then the process was not in control and the limits of all points are returned, none left out.
    With `most_rounds` it stops after so many revisions (textbooks often revise once).
    `chart` gets the indices (int, shape (k,)) of the points that are kept and returns limits for a single point or for all.
    """
    points = vector(points)
    everything = chart(np.flatnonzero(~np.isnan(points)))
    limits, excluded = everything, np.zeros(points.size, dtype=bool)
    rounds = 0
    while True:
        fresh = ~excluded & limits.beyond(points)
        if not fresh.any() or rounds == most_rounds:
            return limits, excluded
        excluded |= fresh
        if excluded.sum() > most_excluded * points.size:
            return everything, np.zeros(points.size, dtype=bool)
        limits, rounds = chart(np.flatnonzero(~excluded & ~np.isnan(points))), rounds + 1


def individuals_phase_one(values: np.ndarray, *, multiple: float = 3.0) -> tuple[Limits, np.ndarray]:
    """`phase_one` for an individuals chart whose sigma allows for autocorrelation (`autocorrelated_chart`)."""
    values = vector(values)
    return phase_one(values, lambda kept: autocorrelated_chart(values[kept], multiple=multiple))


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """A point left out of phase I: its index, its value, the round it fell in (1 = first) and the limit it was beyond."""

    row: int
    value: float
    round: int
    side: Literal["above", "below"]
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Limits from phase I and how they came about.

    `stable` is False where so many points fell out that the process was not in control; the limits are then the robust ones and
    tell a usual range, not a state of control. `rounds` counts how often limits were made.
    """

    limits: Limits
    excluded: tuple[Exclusion, ...]
    rounds: int
    stable: bool
    size: int  # values the limits rest on

    @property
    def rows_excluded(self) -> np.ndarray:
        """Indices of the points left out, int64, in order."""
        return np.array(sorted(one.row for one in self.excluded), dtype=np.int64)


def individuals_baseline(
    values: np.ndarray, *, multiple: float = 3.0, robust: bool = True, most_excluded: float = 0.2
) -> Baseline:
    """Phase I of individual values, shape (n,): limits that outliers do not widen, and the points left out with the reason.

    With `robust` the first limits are the median ± multiple · (median moving range / 0.9539), so that a group of outliers
    cannot hide itself; points beyond are left out and the usual limits (mean, mean moving range) made from the rest, again
    and again until none falls out. The neighbours of a left-out point then follow each other, as in the books. At the end a
    left-out point comes back, the nearest first, where it lies inside the limits that are made with it: alone no outlier hides
    itself, and values that the usual limits would keep are kept.
    """
    values = vector(values)
    size = int(np.count_nonzero(~np.isnan(values)))
    if size < 2:
        raise ValueError(f"limits need at least 2 values, got {size}")
    # From few values the robust sigma is rough itself; wider first limits keep it from throwing good points out.
    wide = multiple * (1.0 + ROUGH / size)
    first = robust_limits(values, multiple=wide) if robust and size >= FEWEST else None
    limits = individuals_chart(values, multiple=multiple).location if first is None else first
    kept, rounds = values.copy(), 1
    excluded: list[Exclusion] = []
    while True:
        out = np.flatnonzero(limits.beyond(kept))
        if not out.size and (rounds > 1 or first is None):
            limits, excluded = _readmitted(values, limits, excluded, multiple)
            return Baseline(
                limits=limits, excluded=tuple(excluded), rounds=rounds, stable=True, size=size - len(excluded)
            )
        excluded += [_exclusion(row, values, limits, rounds) for row in out.tolist()]
        if len(excluded) > most_excluded * size:
            fallback = robust_limits(values, multiple=multiple)
            return Baseline(limits=fallback, excluded=(), rounds=rounds, stable=False, size=size)
        kept[out] = np.nan
        rest = np.delete(values, [one.row for one in excluded])
        limits, rounds = individuals_chart(rest, multiple=multiple).location, rounds + 1


def _readmitted(
    values: np.ndarray, limits: Limits, excluded: list[Exclusion], multiple: float
) -> tuple[Limits, list[Exclusion]]:
    """Take back what the usual limits, made with it, do not find beyond them."""
    left = sorted(excluded, key=lambda one: abs(values[one.row] - float(np.max(limits.centre))))
    for one in list(left):
        others = [other for other in left if other is not one]
        rest = np.delete(values, [other.row for other in others]) if others else values
        tried = individuals_chart(rest, multiple=multiple).location
        if tried.beyond(rest).any():
            break  # what lies further out would be beyond as well
        left, limits = others, tried
    return limits, [one for one in excluded if any(one is other for other in left)]


def robust_limits(values: np.ndarray, *, multiple: float = 3.0) -> Limits:
    """Median ± multiple · median moving range / 0.9539 (the standard deviation instead, where half the moves are zero)."""
    values = vector(values)
    known = values[~np.isnan(values)]
    sigma = individuals_chart(values, sigma_from="median_moving_range").location.sigma
    if not sigma > 0:
        sigma = individuals_chart(values).location.sigma
    return limits_around(float(np.median(known)), multiple * sigma, sigma=sigma)


def _exclusion(row: int, values: np.ndarray, limits: Limits, rounds: int) -> Exclusion:
    above = bool(values[row] > np.broadcast_to(limits.upper, values.shape)[row])
    limit = np.broadcast_to(limits.upper if above else limits.lower, values.shape)[row]
    return Exclusion(
        row=row, value=float(values[row]), round=rounds, side="above" if above else "below", limit=float(limit)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A stretch of a chart with limits of its own: rows first … last (inclusive), and what it is called."""

    first: int
    last: int
    name: str
    baseline: Baseline


def phased_chart(values: np.ndarray, phases: np.ndarray, *, multiple: float = 3.0) -> tuple[Phase, ...]:
    """An individuals chart with limits for each phase (before and after a change, by product, by tool).

    Parameters
    ----------
    values : ndarray, shape (n,)
        Measurements in order.
    phases : ndarray of str, shape (n,)
        The phase of each value; every stretch of equal names is one phase. Stretches with fewer than two values are left out.
    multiple : float
        Width of the limits in sigma.
    """
    values, names = vector(values), np.asarray(phases).astype(str)
    if values.shape != names.shape:
        raise ValueError(f"one phase for every value is needed, got {values.shape} values and {names.shape} phases")
    starts = np.flatnonzero(np.concatenate([[True], names[1:] != names[:-1]]))
    ends = np.concatenate([starts[1:], [values.size]])
    return tuple(
        Phase(
            first=int(first),
            last=int(end) - 1,
            name=str(names[first]),
            baseline=individuals_baseline(values[first:end], multiple=multiple),
        )
        for first, end in zip(starts, ends, strict=True)
        if np.count_nonzero(~np.isnan(values[first:end])) >= 2
    )


def means_baseline(
    means: np.ndarray, sizes: np.ndarray, sigma: float, *, multiple: float = 3.0
) -> tuple[Limits, np.ndarray]:
    """Phase I of subgroup means, shape (groups,), with a known within-sigma: limits and which means were left out."""
    means, sizes = vector(means), vector(sizes)

    def chart(kept: np.ndarray) -> Limits:
        centre = float(means[kept] @ sizes[kept] / sizes[kept].sum())
        width = multiple * sigma / np.sqrt(sizes)
        return Limits(
            centre=centre, lower=centre - width, upper=centre + width, sigma=sigma / sqrt(float(sizes.mean()))
        )

    return phase_one(means, chart)
