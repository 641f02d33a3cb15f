"""Time between failures and time to repair with intervals: exponential, Weibull and without a model, with unfinished runs.

Sources: Meeker & Escobar (1998), Statistical Methods for Reliability Data; Lawless (2003) for the chi-square limits; Kaplan &
Meier (1958); Greenwood's variance with log(-log) limits (Kalbfleisch & Prentice); ISO 22400-2 for MTBF and MTTR.
"""

from dataclasses import dataclass
from math import lgamma

import numpy as np
from scipy import optimize, special, stats

_DRAWS = 1999


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanTime:
    """A mean time (the unit given in) with its confidence interval; `high` is infinite where nothing bounds it."""

    value: float
    low: float
    high: float
    events: int
    total: float
    method: str  # "exponential" | "lognormal" | "bootstrap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weibull:
    """A Weibull life: `shape` below 1 = failures of youth, about 1 = by chance, above 1 = wear; with confidence intervals.

    `scale` is the time by which 63.2 % have failed, `mean` the mean time to failure; both in the unit given in.
    """

    shape: float
    shape_low: float
    shape_high: float
    scale: float
    scale_low: float
    scale_high: float
    mean: float
    mean_low: float
    mean_high: float
    events: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Survival:
    """Share still running at each time of failure, without a model: `time`, `share`, `low`, `high`, shape (failures,).

    `median` is the time by which half have failed with its interval; infinite where the record does not reach it.
    """

    time: np.ndarray
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    median: float
    median_low: float
    median_high: float


def mtbf(times: np.ndarray, ended_by_failure: np.ndarray | None = None, *, confidence: float = 0.95) -> MeanTime:
    """Mean operating time between failures: all running time over the number of failures.

    Parameters
    ----------
    times
        Running time of each stretch between repairs, shape (n,).
    ended_by_failure
        True where the stretch ended with a failure, False where the record (or a planned stop) ended it; default: all failed.

    Notes
    -----
    The interval is that of the exponential life with an end set by time (chi-square with 2r and 2r + 2 degrees of freedom). With
    no failure at all only a lower limit is known: `value` and `high` are infinite.

    Examples
    --------
    >>> found = mtbf(np.array([30.0, 50.0, 40.0, 20.0]), np.array([True, True, True, False]))
    >>> round(found.value, 1), found.events
    (46.7, 3)
    """
    hours, failed = _checked(times, ended_by_failure)
    total, events = float(hours.sum()), int(failed.sum())
    tail = (1 - confidence) / 2
    low = 2 * total / float(stats.chi2.ppf(1 - tail, 2 * events + 2))
    if not events:
        return MeanTime(value=np.inf, low=low, high=np.inf, events=0, total=total, method="exponential")
    high = 2 * total / float(stats.chi2.ppf(tail, 2 * events))
    return MeanTime(value=total / events, low=low, high=high, events=events, total=total, method="exponential")


def mttr(repairs: np.ndarray, *, confidence: float = 0.95, method: str = "lognormal", seed: int = 20191001) -> MeanTime:
    """Mean time to repair with its interval.

    Parameters
    ----------
    repairs
        Length of each repair, above 0, shape (n,).
    method
        `"lognormal"` (repairs usually are: Cox's interval with a t quantile), `"exponential"` (chi-square), or `"bootstrap"`
        (no model; too short below about 15 repairs).

    Raises
    ------
    ValueError
        There is no repair, one is not above 0, or the method is unknown.
    """
    lengths, _ = _checked(repairs, None)
    if method not in ("lognormal", "exponential", "bootstrap"):
        raise ValueError(f"method is {method!r}; expected one of: lognormal, exponential, bootstrap")
    n, mean, tail = lengths.size, float(lengths.mean()), (1 - confidence) / 2
    low, high = 0.0, np.inf
    if method == "exponential":
        low = 2 * n * mean / float(stats.chi2.ppf(1 - tail, 2 * n))
        high = 2 * n * mean / float(stats.chi2.ppf(tail, 2 * n))
    elif method == "lognormal" and n >= 2:
        logs = np.log(lengths)
        variance = float(logs.var(ddof=1))
        centre = float(logs.mean()) + variance / 2
        half = float(stats.t.ppf(1 - tail, n - 1)) * np.sqrt(variance / n + variance**2 / (2 * (n - 1)))
        low, high = float(np.exp(centre - half)), float(np.exp(centre + half))
        low, high = min(low, mean), max(high, mean)
    elif method == "bootstrap" and n >= 2:
        rng = np.random.default_rng(seed)
        means = lengths[rng.integers(n, size=(_DRAWS, n))].mean(axis=1)
        low, high = (float(limit) for limit in np.quantile(means, [tail, 1 - tail]))
    return MeanTime(value=mean, low=low, high=high, events=n, total=float(lengths.sum()), method=method)


def weibull_life(
    times: np.ndarray, ended_by_failure: np.ndarray | None = None, *, confidence: float = 0.95
) -> Weibull | None:
    """The Weibull life by maximum likelihood with unfinished runs; `None` below 3 different failures.

    The intervals are those of the likelihood ratio for the shape, and of normal theory on the logarithm for scale and mean.
    """
    hours, failed = _checked(times, ended_by_failure)
    events = int(failed.sum())
    if events < 3 or np.unique(hours[failed]).size < 3:
        return None
    scaled = hours / hours.mean()
    logs, failed_logs = np.log(scaled), float(np.log(scaled[failed]).sum())

    def profile(shape: float) -> float:
        """Log likelihood with the best scale of that shape."""
        powers = special.logsumexp(shape * logs)
        return float(events * (np.log(shape) + np.log(events) - powers) + (shape - 1) * failed_logs - events)

    def score(log: float) -> float:
        """Slope of the profile by the shape: its root has digits that a flat maximum has not."""
        weights = special.softmax(np.exp(log) * logs)
        return float(events / np.exp(log) + failed_logs - events * (weights @ logs))

    best = optimize.minimize_scalar(lambda log: -profile(np.exp(log)), bounds=(-4.0, 5.0), method="bounded")
    near = (best.x - 0.01, best.x + 0.01)
    shape = float(np.exp(optimize.brentq(score, *near) if score(near[0]) > 0 > score(near[1]) else best.x))
    drop = float(stats.chi2.ppf(confidence, 1)) / 2

    def lacking(log: float) -> float:
        return float(-best.fun - profile(np.exp(log)) - drop)

    low, high = (
        float(np.exp(optimize.brentq(lacking, *ends))) if lacking(outer) > 0 else float(np.exp(outer))
        for outer, ends in ((-6.0, (-6.0, best.x)), (7.0, (best.x, 7.0)))
    )
    scale = float(np.exp((special.logsumexp(shape * logs) - np.log(events)) / shape)) * float(hours.mean())
    z = float(stats.norm.ppf((1 + confidence) / 2))
    variance = _variance(shape, scale, hours, failed)
    scale_half = z * np.sqrt(variance[1, 1])
    # mean = scale × gamma(1 + 1 / shape); on the log scale its slope by log(shape) is -digamma(1 + 1 / shape) / shape.
    slope = np.array([-float(special.digamma(1 + 1 / shape)) / shape, 1.0])
    mean = scale * float(np.exp(lgamma(1 + 1 / shape)))
    mean_half = z * np.sqrt(float(slope @ variance @ slope))
    return Weibull(
        shape=shape, shape_low=low, shape_high=high, scale=scale, scale_low=scale * float(np.exp(-scale_half)),
        scale_high=scale * float(np.exp(scale_half)), mean=mean, mean_low=mean * float(np.exp(-mean_half)),
        mean_high=mean * float(np.exp(mean_half)), events=events,
    )  # fmt: skip


def _variance(shape: float, scale: float, hours: np.ndarray, failed: np.ndarray) -> np.ndarray:
    """Covariance of log(shape) and log(scale) from the observed information."""
    logs = np.log(hours / scale)
    powers = np.exp(shape * logs)
    u = shape * logs
    shape_shape = float((powers * u * u + powers * u).sum() - (failed * u).sum())
    scale_scale = float(shape**2 * powers.sum())
    cross = float(-shape * (powers * u + powers).sum() + shape * failed.sum())
    return np.asarray(np.linalg.inv(np.array([[shape_shape, cross], [cross, scale_scale]])))


def survival(
    times: np.ndarray, ended_by_failure: np.ndarray | None = None, *, confidence: float = 0.95
) -> Survival | None:
    """Kaplan–Meier: the share of runs still going at each time of failure; `None` without any failure."""
    hours, failed = _checked(times, ended_by_failure)
    if not failed.any():
        return None
    moments = np.unique(hours[failed])
    at_risk = np.array([(hours >= moment).sum() for moment in moments], dtype=np.float64)
    deaths = np.array([(failed & (hours == moment)).sum() for moment in moments], dtype=np.float64)
    share = np.cumprod(1 - deaths / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(deaths / (at_risk * (at_risk - deaths)))
        half = float(stats.norm.ppf((1 + confidence) / 2)) * np.sqrt(greenwood) / np.log(share)
        low, high = share ** np.exp(-half), share ** np.exp(half)
    gone = share <= 0
    low, high = np.where(gone, 0.0, np.nan_to_num(low, nan=0.0)), np.where(gone, 0.0, np.nan_to_num(high, nan=1.0))

    def reached(curve: np.ndarray) -> float:
        below = np.flatnonzero(curve <= 0.5)
        return float(moments[below[0]]) if below.size else np.inf

    return Survival(
        time=moments, share=share, low=low, high=high, median=reached(share), median_low=reached(low),
        median_high=reached(high),
    )  # fmt: skip


def _checked(times: np.ndarray, ended: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    hours = np.asarray(times, dtype=np.float64)
    failed = np.ones(hours.size, dtype=bool) if ended is None else np.asarray(ended, dtype=bool)
    if hours.ndim != 1 or not hours.size or failed.shape != hours.shape:
        raise ValueError(f"times have shape {hours.shape}, failures {failed.shape}; expected two equal rows, not empty")
    if not (np.isfinite(hours) & (hours > 0)).all():
        raise ValueError("times must be finite and above 0")
    return hours, failed
