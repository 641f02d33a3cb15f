"""Tests for outliers in a normal sample: Grubbs (one), Tietjen and Moore (a stated number), generalised ESD (up to a number).

Sources: Grubbs (1969), Technometrics 11; Tietjen and Moore (1972), Technometrics 14; Rosner (1983), Technometrics 25;
NIST/SEMATECH e-Handbook 1.3.5.17.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

Side = Literal["upper", "lower", "both"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlierTest:
    """`statistic` beyond `critical` says that `value` (at `index` of the values given) is an outlier at that `alpha`."""

    statistic: float
    critical: float
    p: float
    value: float
    index: int
    is_outlier: bool


def grubbs_test(values: np.ndarray, *, side: Side = "both", alpha: float = 0.05) -> OutlierTest:
    """Grubbs' test whether the farthest value, shape (n,), NaN = missing, does not belong to a normal sample.

    `side` "upper" asks of the largest only, "lower" of the smallest, "both" of the farther one.

    Raises
    ------
    ValueError
        Fewer than three values, or all the same.
    """
    values, known = _sample(values, 3)
    n, mean, sd = known.size, float(known.mean()), float(known.std(ddof=1))
    away = {"upper": values - mean, "lower": mean - values, "both": np.abs(values - mean)}[side]
    index = int(np.nanargmax(away))
    statistic = float(away[index]) / sd
    tails = 2 if side == "both" else 1
    largest = (n - 1) / np.sqrt(n)
    t = np.sqrt(max(0.0, n * (n - 2) * statistic**2 / max(1e-300, (n - 1) ** 2 - n * statistic**2)))
    p = float(min(1.0, tails * n * stats.t.sf(t, n - 2))) if statistic < largest else 0.0
    return OutlierTest(
        statistic=statistic,
        critical=_grubbs_critical(n, alpha / tails),
        p=p,
        value=float(values[index]),
        index=index,
        is_outlier=bool(statistic > _grubbs_critical(n, alpha / tails)),
    )


def _grubbs_critical(n: int, alpha: float) -> float:
    t2 = float(stats.t.ppf(1.0 - alpha / n, n - 2)) ** 2
    return float((n - 1) / np.sqrt(n) * np.sqrt(t2 / (n - 2 + t2)))


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlierSequence:
    """Step i removed `indices[i]` with `statistics[i]` against `criticals[i]`; the first `count` are outliers."""

    statistics: np.ndarray
    criticals: np.ndarray
    indices: np.ndarray
    count: int

    @property
    def outliers(self) -> np.ndarray:
        """Indices of the outliers among the values given."""
        return self.indices[: self.count]


def generalised_esd(values: np.ndarray, *, most: int, alpha: float = 0.05) -> OutlierSequence:
    """Rosner's test for up to `most` outliers on either side of a normal sample, shape (n,), NaN = missing."""
    values, known = _sample(values, 3)
    if not 1 <= most <= known.size - 2:
        raise ValueError(f"most must be from 1 to {known.size - 2} for {known.size} values, got {most}")
    left = np.flatnonzero(np.isfinite(values))
    statistics, criticals, removed = [], [], []
    for step in range(1, most + 1):
        sample = values[left]
        sd = float(sample.std(ddof=1))
        away = np.abs(sample - sample.mean())
        place = int(np.argmax(away))
        statistics.append(float(away[place]) / sd if sd > 0 else 0.0)
        rest = known.size - step
        t = float(stats.t.ppf(1.0 - alpha / (2.0 * (rest + 1)), rest - 1))
        criticals.append(rest * t / np.sqrt((rest - 1 + t**2) * (rest + 1)))
        removed.append(int(left[place]))
        left = np.delete(left, place)
    beyond = np.flatnonzero(np.array(statistics) > np.array(criticals))
    return OutlierSequence(
        statistics=np.array(statistics),
        criticals=np.array(criticals),
        indices=np.array(removed),
        count=int(beyond[-1]) + 1 if beyond.size else 0,
    )


def tietjen_moore_test(
    values: np.ndarray,
    *,
    count: int,
    side: Side = "both",
    alpha: float = 0.05,
    draws: int = 20_000,
    seed: int = 0,
) -> OutlierTest:
    """Tietjen and Moore's test for exactly `count` outliers; a small statistic says outliers. `critical` is simulated.

    `value` and `index` are those of the farthest suspect.
    """
    values, known = _sample(values, count + 3)
    statistic, suspects = _tietjen_moore(known[None, :], count, side)
    generator = np.random.default_rng(seed)
    made, _ = _tietjen_moore(generator.standard_normal((draws, known.size)), count, side)
    critical = float(np.quantile(made, alpha))
    index = int(np.flatnonzero(np.isfinite(values))[suspects[0, -1]])
    return OutlierTest(
        statistic=float(statistic[0]),
        critical=critical,
        p=float(np.mean(made <= statistic[0])),
        value=float(values[index]),
        index=index,
        is_outlier=bool(statistic[0] < critical),
    )


def _tietjen_moore(samples: np.ndarray, count: int, side: Side) -> tuple[np.ndarray, np.ndarray]:
    centred = samples - samples.mean(axis=1, keepdims=True)
    key = {"upper": centred, "lower": -centred, "both": np.abs(centred)}[side]
    order = np.argsort(key, axis=1)
    kept = np.take_along_axis(samples, order[:, :-count], axis=1)
    left = ((kept - kept.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    return left / (centred**2).sum(axis=1), order[:, -count:]


def _sample(values: np.ndarray, fewest: int) -> tuple[np.ndarray, np.ndarray]:
    values = np.asarray(values, dtype=np.float64).ravel()
    values = np.where(np.isfinite(values), values, np.nan)
    known = values[np.isfinite(values)]
    if known.size < fewest:
        raise ValueError(f"this test needs at least {fewest} values, got {known.size}")
    if not float(np.ptp(known)) > 0:
        raise ValueError(f"all {known.size} values are {known[0]}; no outlier can be told")
    return values, known
