"""How far neighbouring means of a process may lie apart without a change, at every length of the means.

Measured robustly at short lengths, where a few changes do no harm, and carried to long ones by a family of noises: white,
autoregressive of any memory, fractional, 1/f, random walk, each with measurement noise. Of all noises that agree with what was
measured the one that allows most is believed, so that a wandering process is not taken for one that changes.
"""

from functools import lru_cache

import numpy as np

_WHITE_SHARES = (0.0, 0.25, 0.5, 0.75, 0.9, 0.97)  # of the variance at the shortest length
_FRACTIONS = (0.7, 0.8, 0.9)  # Hurst exponents of long memory short of 1/f
_TOLERATED = 6.0  # chi-square above the best noise
_FEWEST_MEANS = 32  # independent pairs of means wanted at a length to measure it


def lengths(m: int) -> np.ndarray:
    """Lengths in blocks at which neighbouring means are compared, about two an octave up to a quarter of m blocks."""
    longest = max(1, m // 4)
    return np.unique(np.round(2.0 ** np.arange(0.0, np.log2(longest) + 0.25, 0.5)).astype(np.int64).clip(1, longest))


def mean_differences(sums: np.ndarray, length: int, every: int = 1) -> np.ndarray:
    """Mean of the next `length` blocks less that of the last at every `every`-th place from `length` on, shape (columns, places),
    from sums (columns, m + 1)."""
    m = sums.shape[1] - 1
    result: np.ndarray = sums[:, length : m - length + 1 : every] * -2.0
    result += sums[:, 2 * length :: every]
    result += sums[:, : m - 2 * length + 1 : every]
    result *= 1.0 / length
    return result


def allowed_scales(sums: np.ndarray, size: int) -> np.ndarray:
    """Standard deviation of `mean_differences` without a change, shape (columns, lengths), at all `lengths`.

    `sums` are cumulative sums of block means, shape (columns, m + 1); a block has `size` rows.
    """
    m = sums.shape[1] - 1
    at = lengths(m)
    measured = at[at <= max(1, m // _FEWEST_MEANS)]
    logs = np.empty((sums.shape[0], measured.size))
    for place, length in enumerate(measured):
        away = np.abs(mean_differences(sums, int(length), max(1, int(length) // 2)))
        scale = np.median(away, axis=1) / 0.6745
        # More than half the means repeat: what does move serves as scale.
        coarse = scale <= 1e-9 * np.abs(sums[:, -1] / m)
        scale[coarse] = np.sqrt(np.mean(np.minimum(away, np.quantile(away, 0.98, axis=1)[:, None]) ** 2, axis=1))[
            coarse
        ]
        logs[:, place] = 2.0 * np.log(np.maximum(scale, 1e-300))
    # The error of the logarithm of a variance from a median of n absolute values is 2.33 / sqrt(n).
    weights = m / (1.5 * measured) / 2.33**2
    shapes = _shapes(m, size)
    level = ((logs[:, None, :] - shapes[None, :, : measured.size]) @ weights) / weights.sum()
    apart = logs[:, None, :] - shapes[None, :, : measured.size] - level[:, :, None]
    misfit = np.square(apart) @ weights
    accepted = misfit <= misfit.min(axis=1, keepdims=True) + _TOLERATED
    predicted = np.where(accepted[:, :, None], shapes[None] + level[:, :, None], -np.inf).max(axis=1)
    return np.asarray(np.exp(0.5 * predicted))


@lru_cache(maxsize=64)
def _shapes(m: int, size: int) -> np.ndarray:
    """Logarithms of the variance of the difference at all lengths for every noise, 0 at the shortest, shape (noises, lengths)."""
    rows = lengths(m) * float(size)
    white = 1.0 / rows
    coloured = [white, np.ones(rows.size), rows]
    memory = 1.0
    while memory <= max(2.0, m * size / 16):
        coloured.append(_autoregressive(rows, float(np.exp(-1.0 / memory))))
        memory *= 2.0
    coloured += [rows ** (2.0 * fraction - 2.0) for fraction in _FRACTIONS]
    found = [share * white / white[0] + (1.0 - share) * one / one[0] for one in coloured for share in _WHITE_SHARES]
    return np.asarray(np.log(np.array(found)))


def _autoregressive(rows: np.ndarray, phi: float) -> np.ndarray:
    """Variance of the difference of means over neighbouring stretches of `rows` rows of AR(1) noise, up to a factor."""

    def of_sum(length: np.ndarray) -> np.ndarray:
        return length * (1 + phi) / (1 - phi) - 2 * phi * (1 - phi**length) / (1 - phi) ** 2

    return np.asarray((4.0 * of_sum(rows) - of_sum(2.0 * rows)) / rows**2)
