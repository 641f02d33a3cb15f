"""Weibull life with censoring by maximum likelihood; intervals by the likelihood ratio; remaining life of what is still in use.

Source: Meeker and Escobar, Statistical Methods for Reliability Data (1998), chapters 7 and 8.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from jasang.analyze.remaining_life.lives import LEAST_FAILURES, Lives, TooFewFailures

_DRAWS = 400
_SEED = 20191


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Weibull:
    """Share alive at age t is exp(-(t/scale)^shape). A shape above 1 is wear-out, 1 pure chance, below 1 early failures.

    `scale` is in the unit of the durations: the age by which 63 % have failed. Intervals: profile likelihood, 95 %.
    `wears_out` tells whether the interval of the shape lies above 1: only then does replacing by age help.
    """

    shape: Figure
    scale: Figure
    mean: float
    failures: int
    censored: int
    log_likelihood: float

    @property
    def wears_out(self) -> bool:
        """Whether failures come with age beyond doubt."""
        return self.shape.low > 1.0

    def alive(self, age: np.ndarray | float) -> np.ndarray:
        """Share still alive at that age."""
        share: np.ndarray = np.exp(-((np.asarray(age, dtype=np.float64) / self.scale.value) ** self.shape.value))
        return share


def fit_weibull(lives: Lives) -> Weibull:
    """Maximum-likelihood Weibull distribution of the lives.

    Raises
    ------
    TooFewFailures
        Fewer than 5 failures.

    Examples
    --------
    >>> lives = Lives(duration=np.array([90.0, 110, 120, 95, 130, 100]), failed=np.array([True] * 5 + [False]))
    >>> fit_weibull(lives).wears_out
    True
    """
    if lives.failures < LEAST_FAILURES:
        raise TooFewFailures(lives.failures)
    unit = float(np.median(lives.duration))
    log_time = np.log(lives.duration / unit)
    shape, best = _best_shape(log_time, lives.failed)
    limit = float(stats.chi2.ppf(0.95, 1)) / 2

    def of_shape(log_shape: float) -> float:
        return best - limit - _profile(np.exp(log_shape), log_time, lives.failed)

    low, high = (_crossing(of_shape, np.log(shape), side) for side in (-1, 1))
    scale = _scale(shape, log_time, lives.failed)

    def of_scale(log_scale: float) -> float:
        found = optimize.minimize_scalar(
            lambda log_shape: -_likelihood(np.exp(log_shape), log_scale, log_time, lives.failed),
            bounds=(np.log(shape) - 4, np.log(shape) + 4),
            method="bounded",
        )
        return best - limit + float(found.fun)

    from_scale, to_scale = (_crossing(of_scale, scale, side) for side in (-1, 1))
    size = float(np.exp(scale) * unit)
    return Weibull(
        shape=Figure(value=shape, low=float(np.exp(low)), high=float(np.exp(high))),
        scale=Figure(value=size, low=float(np.exp(from_scale) * unit), high=float(np.exp(to_scale) * unit)),
        mean=float(stats.weibull_min.mean(shape, scale=size)),
        failures=lives.failures,
        censored=int((~lives.failed).sum()),
        log_likelihood=best - lives.failures * np.log(unit),
    )


def life_reached_by(lives: Lives, share: float = 0.9) -> Figure:
    """Age that `share` of the things reach (0.9 = the B10 life), with its 95 % interval (parametric bootstrap).

    Raises
    ------
    TooFewFailures
        Fewer than 5 failures.
    """
    if not 0 < share < 1:
        raise ValueError(f"share {share} must lie between 0 and 1")
    model = fit_weibull(lives)

    def age(shape: float, scale: float) -> float:
        return float(scale * (-np.log(share)) ** (1 / shape))

    drawn = [age(*one) for one in _bootstrap(lives, model)]
    value = age(model.shape.value, model.scale.value)
    # On the log scale, turned over (basic bootstrap): estimates of small samples sit on one side.
    low, high = np.quantile(np.log(drawn), [0.025, 0.975])
    return Figure(value=value, low=float(value**2 / np.exp(high)), high=float(value**2 / np.exp(low)))


def remaining_life(lives: Lives, age: float, *, share: float = 0.9) -> Figure:
    """How much longer a thing of that age lasts: the median, and an interval that holds the life of `share` of such things.

    The interval counts both the spread of lives and the doubt in the fit (predictive, over a parametric bootstrap).

    Raises
    ------
    TooFewFailures
        Fewer than 5 failures.
    """
    if age < 0:
        raise ValueError(f"age {age} must not be below 0")
    model = fit_weibull(lives)
    rng = np.random.default_rng(_SEED)
    parameters = np.array(_bootstrap(lives, model))
    shape, scale = np.repeat(parameters[:, 0], 20), np.repeat(parameters[:, 1], 20)
    # Given that it lives at `age`, (T/scale)^shape is (age/scale)^shape plus a unit exponential.
    hazard = (age / scale) ** shape + rng.exponential(size=shape.size)
    rest = scale * hazard ** (1 / shape) - age
    median = model.scale.value * ((age / model.scale.value) ** model.shape.value + np.log(2)) ** (1 / model.shape.value)
    low, high = np.quantile(rest, [(1 - share) / 2, (1 + share) / 2])
    return Figure(value=float(median - age), low=float(low), high=float(high))


def replacement_age(model: Weibull, planned: float, failure: float) -> float | None:
    """Age at which replacing costs least in the long run (age replacement, Barlow and Proschan 1965); `None` = run to failure.

    `planned` is the cost of a planned replacement, `failure` that of one after a failure, in one currency.
    """
    if not (0 < planned < failure) or not model.wears_out:
        return None
    ages = model.scale.value * np.linspace(0.02, 3.0, 1500)
    alive = model.alive(ages)
    lived = np.concatenate([[ages[0]], ages[0] + np.cumsum((alive[1:] + alive[:-1]) / 2 * np.diff(ages))])
    rate = (planned * alive + failure * (1 - alive)) / lived
    best = int(np.argmin(rate))
    return float(ages[best]) if rate[best] < 0.98 * failure / model.mean else None


def _likelihood(shape: float, log_scale: float, log_time: np.ndarray, failed: np.ndarray) -> float:
    z = shape * (log_time - log_scale)
    return float(np.sum((np.log(shape) + z - log_time)[failed]) - np.exp(np.minimum(z, 500)).sum())


def _scale(shape: float, log_time: np.ndarray, failed: np.ndarray) -> float:
    """Logarithm of the best scale for a shape, in closed form."""
    top = float((shape * log_time).max())
    return float((top + np.log(np.exp(shape * log_time - top).sum() / failed.sum())) / shape)


def _profile(shape: float, log_time: np.ndarray, failed: np.ndarray) -> float:
    return _likelihood(shape, _scale(shape, log_time, failed), log_time, failed)


def _best_shape(log_time: np.ndarray, failed: np.ndarray) -> tuple[float, float]:
    found = optimize.minimize_scalar(
        lambda log_shape: -_profile(np.exp(log_shape), log_time, failed),
        bounds=(np.log(0.05), np.log(200)),
        method="bounded",
    )
    return float(np.exp(found.x)), -float(found.fun)


def _crossing(function: Callable[[float], float], start: float, side: int) -> float:
    """Where the function, below 0 at the start, becomes 0 on that side."""
    step = 0.05
    while function(start + side * step) < 0 and step < 12:
        step *= 1.6
    if function(start + side * step) < 0:
        return start + side * step
    return float(optimize.brentq(function, start, start + side * step))


def _bootstrap(lives: Lives, model: Weibull) -> list[tuple[float, float]]:
    """Shapes and scales of samples drawn from the fit, censored as the record was, with small-sample bias taken off the shape."""
    rng = np.random.default_rng(_SEED)
    limit = np.where(lives.failed, np.inf, lives.duration)
    ages = np.sort(lives.duration)
    drawn = []
    for _ in range(_DRAWS):
        life = model.scale.value * rng.weibull(model.shape.value, lives.duration.size)
        # A thing that failed might have been taken out at the age at which others were.
        stop = limit if (lives.failed.all() or not np.isfinite(ages).all()) else _stops(limit, rng)
        failed = life <= stop
        if failed.sum() < 2:
            continue
        shape, _ = _best_shape(np.log(np.minimum(life, stop) / model.scale.value), failed)
        scale = _scale(shape, np.log(np.minimum(life, stop) / model.scale.value), failed)
        drawn.append((shape, float(np.exp(scale)) * model.scale.value))
    return drawn


def _stops(limit: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Ages at which things would have been taken out: known for the censored, drawn from those for as many of the others."""
    known = limit[np.isfinite(limit)]
    share = known.size / limit.size
    stops = limit.copy()
    free = np.flatnonzero(~np.isfinite(limit))
    chosen = free[rng.random(free.size) < share / 2]
    stops[chosen] = rng.choice(known, chosen.size)
    return stops
