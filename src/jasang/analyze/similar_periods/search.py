"""The stretches of a record most like a given one, over many signals at once: level and shape, not overlapping.

All distances to every place of the record come from sliding products by FFT (Mueen's algorithm for similarity search, MASS), so
the work grows with rows × log rows × signals, not with the length of the stretch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import fft

FEWEST_ROWS = 4  # of a stretch
MOST_MATCHES = 5
Likeness = Literal["level", "shape", "both"]
_LEAST_KNOWN = 0.8  # of a place's rows, in each signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A stretch `start:end` (rows) and its distance: 0 = the same, about 1.4 = as far as two unrelated stretches.

    `by_signal` is each signal's own distance.
    """

    start: int
    end: int
    distance: float
    by_signal: tuple[float, ...]


def standard_scores(values: np.ndarray) -> np.ndarray:
    """Signals (rows, signals) as robust standard scores over the whole record; one that never moves becomes zeros."""
    table = np.asarray(values, dtype=np.float64)
    table = table[:, None] if table.ndim == 1 else table
    centre = np.nanmedian(table, axis=0)
    spread = np.nanstd(np.clip(table, *np.nanpercentile(table, [1, 99], axis=0)), axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    # What is far beyond all usual values says "far", not "ten thousand": one spike would decide every distance else.
    return np.asarray(np.clip((table - centre) / spread, -6.0, 6.0))


def distance_profile(values: np.ndarray, start: int, end: int, *, likeness: Likeness = "both") -> np.ndarray:
    """Distance of the stretch `start:end` to the one that begins at each row, (rows - length + 1, signals), NaN where unknown.

    `values` are `standard_scores`. "level": root mean square difference of the scores; "shape": the same after each stretch is
    brought to mean 0 and spread 1 in each signal; "both": root mean square of the two.
    """
    return _profile(values, values[start:end], likeness)


def similar_periods(
    values: np.ndarray,
    start: int,
    end: int,
    *,
    most: int = MOST_MATCHES,
    likeness: Likeness = "both",
    before_only: bool = True,
    breaks: Sequence[int] = (),
) -> tuple[Match, ...]:
    """The `most` stretches nearest to rows `start:end` of (rows, signals), nearest first, none overlapping another or it.

    `before_only` searches what came before; `breaks` are rows at which a new run begins after a gap: no match spans one.

    Raises
    ------
    ValueError
        The stretch is shorter than `FEWEST_ROWS` or not inside the record.
    """
    scores = standard_scores(values)
    length = end - start
    if length < FEWEST_ROWS or start < 0 or end > scores.shape[0]:
        raise ValueError(
            f"a stretch needs at least {FEWEST_ROWS} rows inside the record of {scores.shape[0]}, got {start} to {end}"
        )
    profile = distance_profile(scores, start, end, likeness=likeness)
    total = together(profile)
    total[max(0, start - length + 1) : end] = np.nan
    if before_only:
        total[max(0, start - length + 1) :] = np.nan
    for one in breaks:
        total[max(0, one - length + 1) : one] = np.nan
    return tuple(
        Match(
            start=place,
            end=place + length,
            distance=float(total[place]),
            by_signal=tuple(float(one) for one in profile[place]),
        )
        for place in nearest(total, length, most)
    )


def together(profile: np.ndarray) -> np.ndarray:
    """Distance over all signals: root mean square over those known; NaN where fewer than half are."""
    known = np.isfinite(profile)
    squares = np.where(known, profile, 0.0) ** 2
    count = known.sum(axis=1)
    found: np.ndarray = np.sqrt(squares.sum(axis=1) / np.maximum(count, 1))
    found[count < 0.5 * profile.shape[1]] = np.nan
    return found


def nearest(total: np.ndarray, length: int, most: int) -> list[int]:
    """Places of the smallest distances, nearest first, at least `length` apart."""
    left = total.copy()
    found: list[int] = []
    while len(found) < most and np.isfinite(left).any():
        place = int(np.nanargmin(left))
        found.append(place)
        left[max(0, place - length + 1) : place + length] = np.nan
    return found


def _profile(values: np.ndarray, query: np.ndarray, likeness: Likeness) -> np.ndarray:
    rows, signals = values.shape
    length = query.shape[0]
    places = rows - length + 1
    known = np.isfinite(values)
    full = bool(known.all())
    filled = values if full else np.where(known, values, 0.0)
    found = np.empty((places, signals))
    size = fft.next_fast_len(rows + length, real=True)
    for signal in range(signals):
        series, stretch = filled[:, signal], query[:, signal]
        mean_query = float(np.nanmean(stretch)) if np.isfinite(stretch).any() else np.nan
        stretch = np.where(np.isfinite(stretch), stretch, mean_query)
        count = float(length) if full else np.maximum(_sums(known[:, signal].astype(float), length), 1.0)
        sums, squares = _sums(series, length), _sums(series**2, length)
        spectrum = fft.rfft(series, size) * fft.rfft(stretch[::-1], size)
        products = fft.irfft(spectrum, size)[length - 1 : rows]
        if full:
            level = np.maximum(squares - 2.0 * products + float((stretch**2).sum()), 0.0) / length
        else:
            mask = fft.irfft(fft.rfft(known[:, signal].astype(float), size) * fft.rfft(stretch[::-1] ** 2, size), size)
            level = np.maximum(squares - 2.0 * products + mask[length - 1 : rows], 0.0) / count
        if likeness == "level":
            distance = level
        else:
            mean = sums / count
            spread = np.sqrt(np.maximum(squares / count - mean**2, 0.0))
            spread_query = float(stretch.std())
            # A flat stretch has no shape: flat against flat is alike, flat against moving is unlike. What moves by less than a
            # hundredth of the record's spread counts as flat.
            flat, flat_query = spread < 0.01, spread_query < 0.01
            correlation = (products / count - mean * mean_query) / np.maximum(spread * spread_query, 1e-12)
            shape = 2.0 * (1.0 - np.clip(correlation, -1.0, 1.0))
            shape = np.where(flat | flat_query, np.where(flat & flat_query, 0.0, 2.0), shape)
            distance = shape if likeness == "shape" else 0.5 * (level + shape)
        if not full:
            distance = np.where(count >= _LEAST_KNOWN * length, distance, np.nan)
        found[:, signal] = np.sqrt(distance)
    return found


def _sums(values: np.ndarray, length: int) -> np.ndarray:
    total = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray(total[length:] - total[:-length])
