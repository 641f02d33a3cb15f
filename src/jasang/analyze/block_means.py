"""Long rows of values shortened to block means that outliers do not move, and the daily and weekly calendar taken out of them."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import median_filter

OUTLIER = 4.0  # robust sigmas from the neighbourhood; values beyond count as that far, not further
DAY = 86_400.0  # seconds
FEWEST_DAYS = 3.0  # below this the daily cycle is fitted together with a change, not taken out before


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """Equal parts of a row of n values: `edges` (m+1 positions) and `means` (m)."""

    edges: np.ndarray
    means: np.ndarray


def block_edges(n: int, *, most: int, fewest_values: int = 1) -> np.ndarray:
    """Edges (m+1 positions from 0 to n) of at most `most` blocks of equal size within one value."""
    m = max(1, min(most, n // max(1, fewest_values)))
    if n < 4 * m:
        # Blocks of 2 and 3 values would differ in variance; equal sizes, the oldest values left out, do not.
        size = -(-n // m)
        m = n // size
        return np.arange(m + 1) * size + (n - m * size)
    return np.linspace(0, n, m + 1).astype(np.int64)


def without_outliers(values: np.ndarray, *, width: int = 9) -> np.ndarray:
    """Values, shape (n,), finite, drawn in to `OUTLIER` robust sigmas of their neighbourhood; a lasting change stays."""
    if values.size < width:
        return values
    centre = median_filter(values, size=width, mode="nearest")
    away = values - centre
    # The median of so few neighbours follows the value a little: 1.4826 for a far centre, about 1.6 here for normal values.
    scale = 1.6 * float(np.median(np.abs(away)))
    if scale <= 0.0:
        # More than half the values repeat: their typical step serves as scale.
        moved = np.abs(away[away != 0])
        if moved.size == 0:
            return values
        scale = max(float(np.median(moved)), float(np.sqrt(np.mean(np.minimum(away**2, np.quantile(away**2, 0.99))))))
    return np.asarray(centre + np.clip(away, -OUTLIER * scale, OUTLIER * scale))


def robust_block_means(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Means of blocks, shape (m,), of finite values, shape (n,), each block drawn in around its own median."""
    inner = values[edges[0] : edges[-1]]
    starts = edges[:-1] - edges[0]
    sizes = np.diff(edges)
    size = int(sizes.min())
    if size < 5:
        return np.asarray(np.add.reduceat(without_outliers(inner), starts) / sizes)
    # Medians over a rectangle are much faster than block by block; the odd last value of a block is left out of the median.
    rectangle = inner[starts[:, None] + np.arange(size)[None, :]]
    centre = np.median(rectangle, axis=1)
    away = rectangle - centre[:, None]
    scale = 1.4826 * float(np.median(np.median(np.abs(away), axis=1)))
    if scale <= 0.0:
        return np.asarray(rectangle.mean(axis=1))
    return np.asarray(centre + np.clip(away, -OUTLIER * scale, OUTLIER * scale).mean(axis=1))


def daily_profile(means: np.ndarray, seconds: np.ndarray, *, zone_offset: float = 9 * 3600.0) -> np.ndarray:
    """The part of block means, shape (m,), that depends on the hour of the day; zeros where none can be told.

    `seconds` are the middles of the blocks in seconds UTC. Each hour's part is the median over the days of the difference from
    the day's own level, so that neither a shift nor a slow drift enters it. Needs three days and blocks of three hours or less.
    """
    nothing = np.zeros(means.size)
    span = float(seconds[-1] - seconds[0]) if seconds.size else 0.0
    if span < FEWEST_DAYS * DAY or means.size < 8 * span / DAY * 0.3:
        return nothing
    local = seconds + zone_offset
    day = np.floor(local / DAY).astype(np.int64)
    hour = np.floor(local % DAY / 3600.0).astype(np.int64)
    _, days = np.unique(day, return_inverse=True)
    counts = np.bincount(days)
    if np.median(counts) < 6:
        return nothing
    level = np.bincount(days, weights=means) / counts
    away = means - level[days]
    full = counts[days] >= 0.5 * np.median(counts)
    profile = np.zeros(24)
    for one in range(24):
        part = away[(hour == one) & full]
        profile[one] = np.median(part) if part.size >= 3 else 0.0
    return np.asarray(profile[hour])


def calendar_nuisance(seconds: np.ndarray, *, zone_offset: float = 9 * 3600.0) -> np.ndarray:
    """What the calendar may do to block means: daily waves (24 h and 12 h) in short records, the weekend in longer ones.

    `seconds`, shape (m,), are the middles of the blocks; returns shape (m, k), k from 0 to 5.
    """
    columns: list[np.ndarray] = []
    span = float(seconds[-1] - seconds[0])
    step = span / max(1, seconds.size - 1)
    local = seconds + zone_offset
    if span >= 0.4 * DAY and step <= DAY / 5:
        for waves in (1, 2):
            angle = 2.0 * np.pi * waves * local / DAY
            columns += [np.sin(angle), np.cos(angle)]
    if span >= 10 * DAY:
        # 1970-01-01 was a Thursday.
        weekday = (np.floor(local / DAY).astype(np.int64) + 3) % 7
        weekend = (weekday >= 5).astype(np.float64)
        if 0 < weekend.sum() < weekend.size:
            columns.append(weekend)
    return np.column_stack(columns) if columns else np.empty((seconds.size, 0))
