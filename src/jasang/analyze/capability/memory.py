"""How many independent values a row of values is worth when neighbours resemble each other.

An autoregressive model (order by BIC, up to 8) says how far the resemblance reaches; the variance of the mean follows from
the sum of its autocorrelations, that of the variance from the sum of their squares (Bartlett 1946; Box, Jenkins and Reinsel).
"""

from dataclasses import dataclass

import numpy as np
from scipy import signal

from jasang.analyze.value_rows import value_row

MOST_ORDER = 8
FARTHEST = 2_000  # lags summed
FEWEST_INDEPENDENT = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What n values in order are worth.

    `for_mean` and `for_spread` are numbers of independent values that would tell the mean and the standard deviation as well;
    `inflation` is what the sample standard deviation must be multiplied with, because a short record does not wander as far
    as the process does. `order` 0 = independent; `first` is the lag-one autocorrelation.
    """

    values: int
    order: int
    first: float
    for_mean: float
    for_spread: float
    inflation: float


def memory_of(values: np.ndarray) -> Memory:
    """The memory of values, shape (n,), in order of time; NaN is left out."""
    values = value_row(values)
    values = values[~np.isnan(values)]
    n = values.size
    if n < 20 or not float(np.ptp(values)) > 0:
        return Memory(values=n, order=0, first=0.0, for_mean=float(n), for_spread=float(n), inflation=1.0)
    raw = _autocorrelations(values, min(MOST_ORDER, n // 5))
    reach = 1.0
    for _ in range(3):  # the mean was taken out of the same values: r is too small by about reach / n
        lost = min(0.5, reach / n)
        order, weights = _autoregression(raw * (1.0 - lost) + lost, n)
        rho = _model_autocorrelations(raw * (1.0 - lost) + lost, weights, min(n - 1, FARTHEST))
        fade = 1.0 - np.arange(1, rho.size + 1) / n
        reach = max(1.0, 1.0 + 2.0 * float(fade @ rho))
    squared = 1.0 + 2.0 * float(fade @ rho**2)
    for_mean = max(FEWEST_INDEPENDENT, n / reach)
    return Memory(
        values=n,
        order=order,
        first=float(rho[0]) if rho.size else 0.0,
        for_mean=for_mean,
        for_spread=float(np.clip(n / squared, min(for_mean, n), n)),
        inflation=float(np.sqrt((n - 1) / max(n - n / for_mean, 0.25 * n))),
    )


def _autocorrelations(values: np.ndarray, most: int) -> np.ndarray:
    away = values - values.mean()
    power = float(away @ away)
    return np.array([float(away[lag:] @ away[:-lag]) / power for lag in range(1, most + 1)])


def _autoregression(r: np.ndarray, n: int) -> tuple[int, np.ndarray]:
    """Order and coefficients by Levinson's recursion, the order by BIC."""
    best, kept, score = 0, np.empty(0), 0.0
    weights, error = np.empty(0), 1.0
    for order in range(1, r.size + 1):
        head = float(r[order - 1] - weights @ r[: order - 1][::-1]) / error
        head = float(np.clip(head, -0.995, 0.995))
        weights = np.append(weights - head * weights[::-1], head)
        error *= 1.0 - head**2
        now = n * float(np.log(error)) + order * float(np.log(n))
        if now < score:
            best, kept, score = order, weights.copy(), now
    return best, kept


def _model_autocorrelations(r: np.ndarray, weights: np.ndarray, most: int) -> np.ndarray:
    order = weights.size
    if order == 0:
        return np.zeros(0)
    start = r[:order]
    if most <= order:
        return np.asarray(start[:most])
    initial = signal.lfiltic([1.0], np.concatenate([[1.0], -weights]), start[::-1])
    later, _ = signal.lfilter([1.0], np.concatenate([[1.0], -weights]), np.zeros(most - order), zi=initial)
    return np.asarray(np.clip(np.concatenate([start, later]), -1.0, 1.0))
