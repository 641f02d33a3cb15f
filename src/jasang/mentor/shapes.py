"""The shape of a signal around a moment as a short profile, and the kept profiles most like one.

A profile is 64 values of a signal, evenly spaced over the stretch, with mean 0 and deviation 1: two profiles with a high
correlation look alike whatever their unit, level and length. Small differences in time are forgiven by dynamic time warping
within a band (Sakoe and Chiba 1978) among the best by correlation.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

POINTS = 64
FEWEST = 12  # values that a shape can be seen in
BAND = 4  # points a profile may be early or late
_SHIFTS = (-BAND, 0, BAND)
_LOOKED_AT = 100  # best by correlation, looked at once more with time warping
_STEP = 4.0 / 127  # of a kept profile: ±4 deviations in a byte

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """A kept profile (its place among those given) and how alike it is: 1 = the same, 0 = not at all."""

    place: int
    likeness: float


def profile(
    times: Sequence[float] | npt.NDArray[np.float64],
    values: Sequence[float | None] | npt.NDArray[np.float64],
    *,
    around: float | None = None,
) -> Array | None:
    """The profile of values (n,) at times (n,) in any unit; `None` where no shape can be seen.

    With `around` the stretch has that moment in its middle, as far as there are at least a fifth of the times on either side.
    Missing values are NaN or None and are bridged by a straight line.
    """
    at = np.asarray(times, dtype=np.float64)
    given = np.asarray([np.nan if value is None else value for value in values], dtype=np.float64)
    if at.shape != given.shape or at.ndim != 1:
        raise ValueError(f"times {at.shape} and values {given.shape} must be of one length")
    good = np.isfinite(at) & np.isfinite(given)
    at, given = at[good], given[good]
    if at.size < FEWEST:
        return None
    order = np.argsort(at, kind="stable")
    at, given = at[order], given[order]
    start, end = _stretch(at, around)
    inside = (at >= start) & (at <= end)
    if end <= start or int(inside.sum()) < FEWEST:
        return None
    edges = np.linspace(start, end, POINTS + 1)
    place = np.clip(np.searchsorted(edges, at[inside], side="right") - 1, 0, POINTS - 1)
    number = np.bincount(place, minlength=POINTS)
    mean = np.bincount(place, weights=given[inside], minlength=POINTS) / np.maximum(number, 1)
    seen = np.flatnonzero(number)
    found = np.interp(np.arange(POINTS), seen, mean[seen])
    return _standard(found)


def _stretch(at: npt.NDArray[np.float64], around: float | None) -> tuple[float, float]:
    start, end = float(at[0]), float(at[-1])
    if around is None or not start < around < end:
        return start, end
    half = min(around - start, end - around)
    return (around - half, around + half) if half >= 0.2 * (end - start) else (start, end)


def _standard(values: npt.NDArray[np.float64]) -> Array | None:
    deviation = float(values.std())
    scale = float(np.abs(values).max())
    if not np.isfinite(deviation) or deviation <= 1e-9 * max(scale, 1e-300):
        return None
    return np.asarray((values - values.mean()) / deviation, dtype=np.float32)


def packed(found: Array) -> bytes:
    """A profile (64,) in 64 bytes, to be kept."""
    kept: npt.NDArray[np.int8] = np.clip(np.rint(found / _STEP), -127, 127).astype(np.int8)
    return bytes(kept.tobytes())


def unpacked(kept: bytes | Sequence[bytes]) -> Array:
    """Kept profiles as (n, 64), each with mean 0 and deviation 1 again."""
    rows = kept if isinstance(kept, bytes) else b"".join(kept)
    found = np.frombuffer(rows, dtype=np.int8).reshape(-1, POINTS).astype(np.float32)
    found -= found.mean(axis=1, keepdims=True)
    deviation = found.std(axis=1, keepdims=True)
    deviation[deviation == 0] = 1
    found /= deviation
    return found


def correlation(one: Array, other: Array) -> float:
    """Of two profiles, -1 to 1."""
    return float(one @ other) / POINTS


def nearest(asked: Array, kept: Array, *, allowed: npt.NDArray[np.bool_] | None = None, limit: int = 5) -> list[Alike]:
    """The kept profiles (n, 64) most like the one asked for (64,), best first; of `allowed` (n,) ones only."""
    if kept.shape[0] == 0:
        return []
    shifted = np.stack([_moved(asked, by) for by in _SHIFTS], axis=1)
    best = (kept @ shifted).max(axis=1)
    if allowed is not None:
        best = np.where(allowed, best, -np.inf)
    number = min(_LOOKED_AT, best.size)
    places = np.argpartition(-best, number - 1)[:number]
    places = places[np.isfinite(best[places])]
    if places.size == 0:
        return []
    apart = warped_distance(asked, kept[places])
    # The mean squared distance of two profiles with correlation r is 2 (1 - r).
    likeness = np.clip(1 - apart / 2, 0, 1)
    order = np.lexsort((places, -likeness))[:limit]
    return [Alike(place=int(places[at]), likeness=float(likeness[at])) for at in order]


def _moved(found: Array, by: int) -> Array:
    moved = np.roll(found, by)
    if by > 0:
        moved[:by] = found[0]
    elif by < 0:
        moved[by:] = found[-1]
    return moved


def warped_distance(asked: Array, kept: Array) -> npt.NDArray[np.float64]:
    """Mean squared distance (m,) from a profile (64,) to each of (m, 64), each point matched within the band."""
    cost = (asked[:, None, None] - kept.T[None, :, :]) ** 2
    before = np.full((POINTS + 1, kept.shape[0]), np.inf)
    before[0] = 0
    for row in range(POINTS):
        now = np.full_like(before, np.inf)
        for column in range(max(0, row - BAND), min(POINTS, row + BAND + 1)):
            least = np.minimum(np.minimum(before[column], before[column + 1]), now[column])
            now[column + 1] = cost[row, column] + least
        before = now
    return np.asarray(before[POINTS] / POINTS)


def fused(*ranked: Sequence[str], weights: Sequence[float] | None = None, limit: int = 10) -> list[str]:
    """Several ranked lists of keys as one, by reciprocal ranks (Cormack, Clarke and Büttcher 2009)."""
    score: dict[str, float] = {}
    for place, names in enumerate(ranked):
        weight = 1.0 if weights is None else weights[place]
        for rank, name in enumerate(names):
            score[name] = score.get(name, 0.0) + weight / (10 + rank)
    return sorted(score, key=lambda name: (-score[name], name))[:limit]
