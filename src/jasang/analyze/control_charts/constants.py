"""The constants of control charts for subgroups of any size, each computed from its definition.

Sources: Montgomery, Introduction to Statistical Quality Control, appendix VI; ISO 7870-2.
"""

from functools import lru_cache
from math import exp, lgamma, sqrt

import numpy as np
from scipy import special

LARGEST_SUBGROUP = 1000


@lru_cache(maxsize=64)
def range_constants(n: int) -> tuple[float, float]:
    """d₂ and d₃: mean and standard deviation of the range of n standard normal values, by integrating its distribution.

    >>> [round(c, 4) for c in range_constants(5)]
    [2.3259, 0.8641]
    """
    refuse_subgroup(n)

    # P(range > w) = 1 − n∫φ(x)[Φ(x+w)−Φ(x)]^(n−1)dx. The trapezoid rule is exact to rounding for such smooth decaying curves;
    # a normal range beyond 14 has probability below 1e-17 for n up to 1000.
    x = np.linspace(-12.0, 12.0, 2001)[:, None]
    nodes, weights = np.polynomial.legendre.leggauss(96)
    w = 7.0 * (nodes + 1.0)
    between = special.ndtr(x + w) - special.ndtr(x)
    density = np.exp(-0.5 * x**2) / sqrt(2.0 * np.pi)
    survival = 1.0 - n * (density * between ** (n - 1)).sum(axis=0) * (x[1, 0] - x[0, 0])
    mean = float(7.0 * weights @ survival)
    square = float(7.0 * weights @ (2.0 * w * survival))
    return mean, sqrt(square - mean**2)


@lru_cache(maxsize=64)
def c4(n: int) -> float:
    """Mean of the sample standard deviation of n standard normal values: √(2/(n−1)) Γ(n/2) / Γ((n−1)/2)."""
    if n < 2:
        raise ValueError(f"c4 needs at least 2 values, got n = {n}")
    return sqrt(2.0 / (n - 1)) * exp(lgamma(n / 2) - lgamma((n - 1) / 2))


def chart_factors(n: int) -> dict[str, float]:
    """The printed factors A2, A3, D3, D4, B3, B4, d2, d3 and c4 for subgroups of n values, each from its formula."""
    d2, d3 = range_constants(n)
    c = c4(n)
    spread_s = 3.0 * sqrt(1.0 - c**2) / c
    return {
        "d2": d2,
        "d3": d3,
        "c4": c,
        "A2": 3.0 / (d2 * sqrt(n)),
        "A3": 3.0 / (c * sqrt(n)),
        "D3": max(0.0, 1.0 - 3.0 * d3 / d2),
        "D4": 1.0 + 3.0 * d3 / d2,
        "B3": max(0.0, 1.0 - spread_s),
        "B4": 1.0 + spread_s,
    }


def refuse_subgroup(n: int) -> None:
    """ValueError when no chart is made for subgroups of n."""
    if not 2 <= n <= LARGEST_SUBGROUP:
        raise ValueError(f"a subgroup has 2 to {LARGEST_SUBGROUP} values, got n = {n}")
