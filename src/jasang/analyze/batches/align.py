"""Batches of different lengths laid on one axis: linear, phase by phase, by an indicator that only rises, or by time warping.

Every way answers the same: which row of the batch stands at each of the common points. Nothing but time is changed.
Sources: Nomikos & MacGregor 1995 (indicator variable), Kassidy, MacGregor & Taylor, AIChE Journal 44 (1998) 864-875 (warping).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

POINTS = 60
Method = Literal["auto", "linear", "phase", "indicator", "warp"]
SAME_LENGTH = 0.02  # robust spread of the lengths below which batches are stretched evenly
_REACH = 0.15  # of the axis a point may be warped
_SMOOTH = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Aligned:
    """`values` has shape (batches, signals, points), NaN where a batch has no value of a signal; `place` (batches, points) is the
    row of the batch, a fraction of rows between, that stands at each point. `cuts` are the points where phases begin.
    """

    values: np.ndarray
    place: np.ndarray
    method: str
    cuts: tuple[int, ...] = ()


def align(
    curves: Sequence[np.ndarray],
    *,
    points: int = POINTS,
    method: Method = "auto",
    phases: Sequence[np.ndarray] | None = None,
    indicator: int | None = None,
) -> Aligned:
    """Lay batches, each (rows ≥ 2, signals), on `points` common points.

    "phase" needs `phases`: for each batch the phase of each row, numbers that only rise; each phase is stretched to its usual
    share of the axis. "indicator" needs the column of a signal that goes one way through the batch (weight filled, distance
    travelled); points stand at even steps of it. "warp" lets each point move by at most 15 % of the axis to where the curves fit
    the median curve best. "auto" takes phases where given, stretches evenly where lengths agree within 2 %, and warps else.

    Raises
    ------
    ValueError
        No batches, another number of signals, a batch of one row, or what the method needs is missing.
    """
    if not curves:
        raise ValueError("there are no batches to align")
    signals = np.asarray(curves[0]).shape[1]
    for number, curve in enumerate(curves):
        if curve.ndim != 2 or curve.shape[1] != signals or curve.shape[0] < 2:
            raise ValueError(f"batch {number}: expected shape (rows ≥ 2, {signals}), got {curve.shape}")
    rows = np.array([curve.shape[0] for curve in curves])
    if method == "auto":
        spread = float(np.subtract(*np.percentile(rows, [75, 25])) / np.median(rows))
        method = "phase" if phases is not None else "linear" if spread <= SAME_LENGTH else "warp"
    if method == "phase":
        if phases is None:
            raise ValueError('method "phase" needs the phases of every batch')
        place, cuts = _by_phase(phases, points)
        return Aligned(values=_sample(curves, place), place=place, method="phase", cuts=cuts)
    if method == "indicator":
        if indicator is None or not 0 <= indicator < signals:
            raise ValueError(
                f'method "indicator" needs the column of the indicator, 0 to {signals - 1}, got {indicator}'
            )
        place = np.array([_by_indicator(curve[:, indicator], points) for curve in curves])
        return Aligned(values=_sample(curves, place), place=place, method="indicator")
    place = np.array([np.linspace(0.0, count - 1.0, points) for count in rows])
    values = _sample(curves, place)
    if method == "linear" or len(curves) < 3:
        return Aligned(values=values, place=place, method="linear")
    warped = warp_to(values, np.nanmedian(values, axis=0))
    place = warped / (points - 1.0) * (rows[:, None] - 1.0)
    return Aligned(values=_sample(curves, place), place=place, method="warp")


def align_like(
    curves: Sequence[np.ndarray],
    reference: Aligned,
    *,
    phases: Sequence[np.ndarray] | None = None,
    indicator: int | None = None,
) -> Aligned:
    """New batches on the axis of batches already aligned; see `align` for what the method needs."""
    points = reference.values.shape[2]
    if reference.method in ("linear", "indicator"):
        chosen: Method = "linear" if reference.method == "linear" else "indicator"
        return align(curves, points=points, method=chosen, indicator=indicator)
    rows = np.array([curve.shape[0] for curve in curves])
    if reference.method == "phase":
        if phases is None:
            raise ValueError("the batches were aligned by phase; give the phases of the new ones too")
        place, cuts = _by_phase(phases, points, reference.cuts)
        return Aligned(values=_sample(curves, place), place=place, method="phase", cuts=cuts)
    even = np.array([np.linspace(0.0, count - 1.0, points) for count in rows])
    warped = warp_to(_sample(curves, even), np.nanmedian(reference.values, axis=0))
    place = warped / (points - 1.0) * (rows[:, None] - 1.0)
    return Aligned(values=_sample(curves, place), place=place, method="warp")


def warp_to(values: np.ndarray, template: np.ndarray) -> np.ndarray:
    """For each of the evenly stretched batches (batches, signals, points) the point of its own that fits each point of the
    template (signals, points): float64 (batches, points), from 0 to points - 1, never falling.

    Dynamic time warping whose steps are 0, 1 or 2 own points a template point, both ends tied, within 15 % of the axis; a step
    other than 1 costs half the usual misfit, so that noise alone warps little. All batches are solved at once.
    """
    batches, _, points = values.shape
    scale = np.nanmedian(np.abs(template - np.nanmedian(template, axis=1, keepdims=True)), axis=1, keepdims=True)
    spread = np.nanmedian(np.abs(values - template), axis=(0, 2))[:, None]
    scale = np.maximum(np.maximum(scale, spread), 1e-9)
    own = np.nan_to_num((values - np.nanmedian(template, axis=1, keepdims=True)) / scale)
    goal = np.nan_to_num((template - np.nanmedian(template, axis=1, keepdims=True)) / scale)
    reach = max(2, round(_REACH * points))
    offsets = np.arange(-reach, reach + 1)
    usual = float(np.mean((own - goal) ** 2))
    penalty = 0.5 * usual
    cost = np.full((batches, offsets.size), np.inf)
    cost[:, reach] = 0.0
    came = np.zeros((points, batches, offsets.size), dtype=np.int8)
    for point in range(1, points):
        # An own point is kept as its offset from the template's; a step of 0, 1, 2 changes the offset by -1, 0, +1.
        before = np.full((3, batches, offsets.size), np.inf)
        before[0, :, :-1] = cost[:, 1:] + penalty
        before[1] = cost
        before[2, :, 1:] = cost[:, :-1] + penalty
        chosen = before.argmin(axis=0)
        came[point] = chosen
        place = point + offsets
        inside = (place >= 0) & (place < points)
        misfit = np.full((batches, offsets.size), np.inf)
        misfit[:, inside] = np.mean((own[:, :, place[inside]] - goal[None, :, point, None]) ** 2, axis=1)
        cost = np.take_along_axis(before, chosen[None], axis=0)[0] + misfit
    path = np.empty((batches, points))
    at = np.full(batches, reach)
    for point in range(points - 1, -1, -1):
        path[:, point] = point + offsets[at]
        step = came[point, np.arange(batches), at]
        at = at + 1 - step
    return _smooth(path)


def _smooth(path: np.ndarray) -> np.ndarray:
    """The stairs of the path evened out, ends kept."""
    half = _SMOOTH // 2
    last = path.shape[1] - 1.0
    offset = path - np.arange(path.shape[1])
    padded = np.pad(offset, ((0, 0), (half, half)))
    sums = np.cumsum(np.pad(padded, ((0, 0), (1, 0))), axis=1)
    even = (sums[:, _SMOOTH:] - sums[:, :-_SMOOTH]) / _SMOOTH
    even[:, 0] = even[:, -1] = 0.0
    found: np.ndarray = np.maximum.accumulate(np.clip(even + np.arange(path.shape[1]), 0.0, last), axis=1)
    return found


def _by_phase(
    phases: Sequence[np.ndarray], points: int, cuts: tuple[int, ...] | None = None
) -> tuple[np.ndarray, tuple[int, ...]]:
    """Rows at the points, and where each phase begins: as many points as its usual share of the time, at least two."""
    kinds = np.unique(np.concatenate([np.unique(one[np.isfinite(one)]) for one in phases]))
    edges = np.array([np.searchsorted(np.maximum.accumulate(np.nan_to_num(one, nan=-np.inf)), kinds) for one in phases])
    ends = np.array([[one.size] for one in phases])
    edges = np.concatenate([np.zeros_like(ends), edges[:, 1:], ends], axis=1).astype(np.float64)
    if cuts is None:
        shares = np.median(np.diff(edges, axis=1) / ends, axis=0)
        counts = np.maximum(2, np.floor(shares / shares.sum() * points)).astype(int)
        counts[int(np.argmax(counts))] += points - int(counts.sum())
        if counts.min() < 1:
            raise ValueError(f"{kinds.size} phases do not fit on {points} points")
        cuts = tuple(int(one) for one in np.concatenate([[0], np.cumsum(counts)[:-1]]))
    if len(cuts) != kinds.size:
        raise ValueError(f"expected {len(cuts)} phases, found {kinds.size}")
    bounds = [*cuts, points]
    place = np.empty((len(phases), points))
    for phase in range(kinds.size):
        count = bounds[phase + 1] - bounds[phase]
        # The middle of each of `count` even parts of the phase, so that no row is counted to two phases.
        part = (np.arange(count) + 0.5) / count
        first, last = edges[:, phase, None], edges[:, phase + 1, None]
        place[:, bounds[phase] : bounds[phase + 1]] = first + part * (last - first) - 0.5
    return np.clip(place, 0.0, ends - 1.0), cuts


def _by_indicator(signal: np.ndarray, points: int) -> np.ndarray:
    known = np.flatnonzero(np.isfinite(signal))
    if known.size < 2:
        return np.linspace(0.0, signal.size - 1.0, points)
    course = np.interp(np.arange(signal.size), known, signal[known])
    course = course if course[-1] >= course[0] else -course
    rising = np.maximum.accumulate(course)
    rising = rising + np.arange(rising.size) * 1e-9 * max(float(np.ptp(rising)), 1e-9)
    return np.interp(np.linspace(rising[0], rising[-1], points), rising, np.arange(rising.size))


def _sample(curves: Sequence[np.ndarray], place: np.ndarray) -> np.ndarray:
    """Values at the places, each the mean of as many rows as stand for one point: a long batch is seen without its noise."""
    points = place.shape[1]
    found = np.full((len(curves), curves[0].shape[1], points), np.nan)
    for number, curve in enumerate(curves):
        axis = np.arange(curve.shape[0])
        width = curve.shape[0] // points
        for signal in range(curve.shape[1]):
            values = curve[:, signal]
            known = np.isfinite(values)
            if known.sum() < 2:
                continue
            if not known.all():
                values = np.interp(axis, axis[known], values[known])
            if width > 1:
                sums = np.concatenate([[0.0], np.cumsum(values)])
                first = np.maximum(axis - width // 2, 0)
                last = np.minimum(axis + (width + 1) // 2, values.size)
                values = (sums[last] - sums[first]) / (last - first)
            found[number, signal] = np.interp(place[number], axis, values)
    return found
