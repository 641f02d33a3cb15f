"""When a wearing quantity reaches its limit: a straight trend of block means with drift noise, and the interval of the crossing.

The quantity is taken as a Wiener process with drift (Whitmore 1995): steps between blocks of time are independent, so the
crossing is inverse-Gaussian about (limit − now) / rate, and doubt in the rate widens it. A reading's noise is averaged in blocks.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

_BLOCKS = 40
_LEAST_BLOCKS = 8
_DRAWS = 4000
_SEED = 20191


class NoTrend(ValueError):
    """The quantity does not move towards the limit beyond doubt, or there is too little of it.

    `why` is "few" (too few readings), "reached" (the limit is behind) or "unclear" (no way to the limit beyond doubt).
    """

    def __init__(self, why: Literal["few", "reached", "unclear"], message: str) -> None:
        super().__init__(message)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendLife:
    """Time left until the limit, in the unit of the times given.

    `low` and `high` hold the crossing in 90 of 100 such cases; `high` is infinite where some of them never cross.
    `rate` is the change per unit of time with its 95 % interval.
    """

    remaining: float
    low: float
    high: float
    rate: float
    rate_low: float
    rate_high: float
    level: float  # now, the mean of the last blocks
    blocks: int


def remaining_by_trend(time: np.ndarray, values: np.ndarray, limit: float) -> TrendLife:
    """Time left until `values` reach `limit`.

    Parameters
    ----------
    time : in any unit, rising, shape (rows,); values : NaN where missing, shape (rows,)

    Raises
    ------
    NoTrend
        Fewer than 8 blocks of readings, the limit is reached already, or the 95 % interval of the rate includes 0 or leads away.
    """
    known = ~(np.isnan(values) | np.isnan(time))
    when, level = _block_means(np.asarray(time, dtype=np.float64)[known], np.asarray(values, dtype=np.float64)[known])
    if when.size < _LEAST_BLOCKS:
        raise NoTrend("few", f"{when.size} blocks of readings, at least {_LEAST_BLOCKS} are needed")
    rate, error, freedom, diffusion = _rate(when, level)
    now = float(level[-3:].mean() + rate * (when[-1] - when[-3:].mean()))
    side = 1.0 if limit >= now else -1.0
    start = float(level[:3].mean())
    if (limit - now) * (limit - start) <= 0:
        raise NoTrend("reached", f"the limit {limit:g} is reached already: the level is {now:g}")
    wide = float(stats.t.ppf(0.975, freedom)) * error
    if side * rate - wide <= 0:
        told = f"the rate {rate:.3g} ({rate - wide:.3g} to {rate + wide:.3g}) does not lead to the limit beyond doubt"
        raise NoTrend("unclear", told)
    rng = np.random.default_rng(_SEED)
    speed = side * (rate + error * rng.standard_t(freedom, _DRAWS))
    # The variance of the steps is as uncertain as its chi-square.
    spread = diffusion * freedom / rng.chisquare(freedom, _DRAWS)
    left = _first_passage(abs(limit - now), speed, spread, rng)
    low, high = np.quantile(left, [0.05, 0.95])
    return TrendLife(
        remaining=abs(limit - now) / (side * rate),
        low=float(low),
        high=float(high),
        rate=rate,
        rate_low=rate - wide,
        rate_high=rate + wide,
        level=now,
        blocks=int(when.size),
    )


def _block_means(time: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    count = min(_BLOCKS, time.size // 3)
    if count < 1:
        return np.empty(0), np.empty(0)
    parts = np.array_split(np.arange(time.size), count)
    return np.array([time[part].mean() for part in parts]), np.array([np.median(values[part]) for part in parts])


def _rate(when: np.ndarray, level: np.ndarray) -> tuple[float, float, int, float]:
    """Rate, its standard error, degrees of freedom and variance of the steps per unit of time.

    The larger of two errors: that of independent steps (a wandering level) and that of the least-squares line (a noisy one).
    """
    gaps = np.diff(when)
    steps = np.diff(level)
    drift = float(steps.sum() / gaps.sum())
    diffusion = float(np.mean((steps - drift * gaps) ** 2 / gaps))
    # Noise of a block's mean makes neighbouring steps go against each other; it is no part of the wandering.
    residual = steps - drift * gaps
    noise = max(0.0, -float(np.mean(residual[1:] * residual[:-1])))
    wandering = max(diffusion - 2 * noise / float(gaps.mean()), 0.02 * diffusion)
    line = stats.linregress(when, level)
    error = float(np.hypot(np.sqrt(wandering / gaps.sum()), line.stderr))
    rate = float(line.slope) if wandering < 0.5 * diffusion else drift
    return rate, error, int(when.size - 2), wandering


def _first_passage(distance: float, speed: np.ndarray, variance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Times at which a Wiener process with drift first covers the distance; infinite where the drift leads away."""
    left = np.full(speed.size, np.inf)
    ahead = speed > 0
    mean = distance / speed[ahead]
    shape = distance**2 / np.maximum(variance[ahead], 1e-12 * distance**2)
    left[ahead] = rng.wald(mean, shape)
    return left
