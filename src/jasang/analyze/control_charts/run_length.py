"""Run lengths: after how many points, on average, a chart alarms (ARL). Without a shift: how rare false alarms are.

Shewhart charts exactly; CUSUM and EWMA by solving the integral equation of the run length with Gauss-Legendre quadrature
(Goel and Wu 1971; Crowder 1987); Siegmund's (1985) approximation for a quick look. Shifts are in sigma of a plotted value, the
values independent and normal, the limits known.
"""

from collections.abc import Callable
from math import exp, log, sqrt
from typing import Literal

import numpy as np
from scipy import optimize, special

NODES = 120


def shewhart_run_length(*, shift: float = 0.0, multiple: float = 3.0, n: int = 1) -> float:
    """Mean run length of a chart of means of n values with limits at ± multiple sigma; `shift` in sigma of one value.

    >>> round(shewhart_run_length(), 1)
    370.4
    """
    moved = shift * sqrt(n)
    return 1.0 / float(special.ndtr(-multiple + moved) + special.ndtr(-multiple - moved))


def cusum_run_length(
    *,
    k: float,
    h: float,
    shift: float = 0.0,
    head_start: float = 0.0,
    sides: Literal[1, 2] = 2,
    method: Literal["integral", "siegmund"] = "integral",
) -> float:
    """Mean run length of a tabular CUSUM; arguments as `cusum_chart`, `shift` in sigma. One side looks for increases.

    >>> round(cusum_run_length(k=0.5, h=5, shift=1.0), 2)
    10.38
    """
    if k < 0 or h <= 0 or not 0.0 <= head_start < 1.0:
        raise ValueError(f"expected k >= 0, h > 0 and a head start in [0, 1), got {k}, {h} and {head_start}")
    if method == "siegmund":
        up = _siegmund(shift - k, h)
        return up if sides == 1 else 1.0 / (1.0 / up + 1.0 / _siegmund(-shift - k, h))
    if method != "integral":
        raise ValueError(f"method must be 'integral' or 'siegmund', got {method!r}")
    up, up_ahead = _one_sided_cusum(k, h, shift, head_start * h)
    if sides == 1:
        return up_ahead
    down, down_ahead = _one_sided_cusum(k, h, -shift, head_start * h)
    # Lucas and Crosier (1982): a side that alarms leaves the other at most at zero when k and h are equal on both.
    return (up_ahead * down + down_ahead * up - up * down) / (up + down)


def ewma_run_length(*, weight: float, multiple: float, shift: float = 0.0) -> float:
    """Mean run length of a two-sided EWMA chart with asymptotic limits, started at the target; `shift` in sigma.

    >>> round(ewma_run_length(weight=0.2, multiple=3.0), 1)
    559.9
    """
    if not 0.0 < weight <= 1.0 or multiple <= 0:
        raise ValueError(f"expected a weight in (0, 1] and a positive multiple, got {weight} and {multiple}")
    if weight == 1.0:
        return shewhart_run_length(shift=shift, multiple=multiple)
    edge = multiple * sqrt(weight / (2.0 - weight))
    # The kernel is as wide as the weight, so a long memory needs more nodes.
    nodes, weights = np.polynomial.legendre.leggauss(max(NODES, int(6.0 * edge / weight)))
    z, w = edge * nodes, edge * weights
    start = np.concatenate([[0.0], z])
    kernel = _density((z[None, :] - (1.0 - weight) * start[:, None]) / weight - shift) * w[None, :] / weight
    lengths = np.linalg.solve(np.eye(z.size) - kernel[1:], np.ones(z.size))
    return float(1.0 + kernel[0] @ lengths)


def ewma_multiple(*, weight: float, run_length: float) -> float:
    """The width of EWMA limits whose run length without a shift is as given."""
    return _bisect(lambda multiple: ewma_run_length(weight=weight, multiple=multiple), run_length, 0.1, 1.0)


def cusum_decision(*, k: float, run_length: float) -> float:
    """The decision interval h of a two-sided CUSUM whose run length without a shift is as given."""
    return _bisect(lambda h: cusum_run_length(k=k, h=h), run_length, 0.05, 1.0)


def _one_sided_cusum(k: float, h: float, shift: float, start: float) -> tuple[float, float]:
    """Mean run length from zero and from `start`."""
    nodes, weights = np.polynomial.legendre.leggauss(max(NODES, int(12.0 * h)))
    x, w = 0.5 * h * (nodes + 1.0), 0.5 * h * weights
    states = np.concatenate([[0.0], x])
    matrix = np.empty((states.size, states.size))
    matrix[:, 0] = special.ndtr(k - states - shift)
    matrix[:, 1:] = _density(x[None, :] + k - states[:, None] - shift) * w[None, :]
    lengths = np.linalg.solve(np.eye(states.size) - matrix, np.ones(states.size))
    if start == 0.0:
        return float(lengths[0]), float(lengths[0])
    row = np.concatenate([[special.ndtr(k - start - shift)], _density(x + k - start - shift) * w])
    return float(lengths[0]), float(1.0 + row @ lengths)


def _siegmund(drift: float, h: float) -> float:
    b = h + 1.166
    if abs(drift) < 1e-8:
        return b**2
    return (exp(-2.0 * drift * b) + 2.0 * drift * b - 1.0) / (2.0 * drift**2)


def _density(z: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(-0.5 * z**2) / sqrt(2.0 * np.pi))


def _bisect(of: Callable[[float], float], wanted: float, low: float, high: float) -> float:
    """Where a rising run length reaches `wanted`; the bracket grows by steps, since far beyond it the equations are singular."""
    if not of(low) <= wanted <= 1e6:
        raise ValueError(f"no chart of this kind has a run length of {wanted}")
    while of(high) < wanted:
        low, high = high, high * 1.4
    return float(optimize.brentq(lambda at: log(of(at) / wanted), low, high, xtol=1e-9))
