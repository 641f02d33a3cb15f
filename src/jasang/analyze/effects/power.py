"""How long to wait: the number of days after which an effect of the expected size can be seen."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from jasang.analyze.effects.interrupted import course_before
from jasang.analyze.effects.noise import noise_grid, variances_of_step

SHORTEST = 7  # days: a week has every weekday once
LONGEST_WAIT = 180
MOST_BEFORE = 120  # of the latest days: the time before the action, as it will be judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Days after the action until the expected effect is seen with probability `power`.

    `days` is `None` where even `LONGEST_WAIT` days do not suffice; `power_then` is the power at `days` (or at the longest wait).
    `smallest` is the effect that can be seen with the asked power after the longest wait.
    """

    days: int | None
    power_then: float
    smallest: float


def days_to_see(
    before: np.ndarray,
    expected: float,
    *,
    power: float = 0.8,
    confidence: float = 0.95,
    controls: np.ndarray | None = None,
    season: np.ndarray | None = None,
    shortest: int = SHORTEST,
) -> Waiting:
    """How many values after an action are needed to see a change of size `expected`.

    Parameters
    ----------
    before : array of float, shape (n,)
        The metric before the action, one value a day; NaN where it was not measured.
    expected : float
        The change looked for, in the unit of the values; its sign does not matter.
    power : float
        Probability of an interval that leaves out zero on the right side.
    confidence : float
        Of the interval.
    controls, season
        As in `interrupted_series`, for the time before.
    shortest : int
        Never answer less.

    Raises
    ------
    ValueError
        Fewer than 10 values before, or `expected` is 0 or no number.

    Notes
    -----
    The variance of the step of `interrupted_series` under each noise, averaged by how well it explains the days before.

    Examples
    --------
    >>> days_to_see(np.random.default_rng(0).normal(0.0, 1.0, 60), 1.0).days <= 21
    True
    """
    if not np.isfinite(expected) or expected == 0.0:
        raise ValueError(f"expected change {expected}; need a number that is not 0")
    fits, sigma_unit, values = course_before(before, controls=controls, season=season, most=MOST_BEFORE)
    plain = noise_grid().trend[fits.noise] == 0.0
    chosen = np.flatnonzero(plain) if plain.any() else np.arange(fits.noise.size)
    weight = fits.weight[chosen] / fits.weight[chosen].sum()
    scale = (
        np.sqrt(fits.variance[chosen, None] * variances_of_step(values, LONGEST_WAIT)[fits.noise[chosen]]) * sigma_unit
    )

    def reached(days: int) -> float:
        return _power(abs(expected), scale[:, days - 1], weight, values + days - 2, confidence)

    days = _first(reached, power, max(shortest, 1))
    return Waiting(
        days=days,
        power_then=reached(days if days is not None else LONGEST_WAIT),
        smallest=_smallest(scale[:, -1], weight, values + LONGEST_WAIT - 2, power, confidence),
    )


def _first(reached: Callable[[int], float], power: float, shortest: int) -> int | None:
    """The first number of days with that power, which grows with every day; `None` where it is never reached."""
    if reached(LONGEST_WAIT) < power:
        return None
    low, high = shortest - 1, LONGEST_WAIT
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if reached(middle) < power else (low, middle)
    return high


def _power(size: float, scale: np.ndarray, weight: np.ndarray, freedom: int, confidence: float) -> float:
    half = _half_width(scale, weight, freedom, confidence)
    return float(weight @ stdtr(freedom, (size - half) / scale))


def _half_width(scale: np.ndarray, weight: np.ndarray, freedom: int, confidence: float) -> float:
    """Half the interval of the averaged noises."""
    level = 0.5 + 0.5 * confidence
    factor = float(stdtrit(freedom, level))
    low, high = factor * float(scale.min()), factor * float(scale.max())
    for _ in range(30):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if float(weight @ stdtr(freedom, middle / scale)) < level else (low, middle)
    return 0.5 * (low + high)


def _smallest(scale: np.ndarray, weight: np.ndarray, freedom: int, power: float, confidence: float) -> float:
    low, high = 0.0, 100.0 * float(scale.max())
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _power(middle, scale, weight, freedom, confidence) < power else (low, middle)
    return 0.5 * (low + high)
