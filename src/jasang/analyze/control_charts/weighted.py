"""Charts with a memory, for small lasting shifts: EWMA and CUSUM.

Sources: Roberts (1959), Technometrics 1(3); Lucas and Saccucci (1990), Technometrics 32(1), for EWMA. Page (1954), Biometrika
41; Lucas and Crosier (1982), Technometrics 24(3), for the head start (fast initial response) of CUSUM.
"""

from dataclasses import dataclass
from math import isnan, sqrt
from typing import Literal

import numpy as np

from jasang.analyze.control_charts.inputs import vector
from jasang.analyze.control_charts.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedChart:
    """An EWMA chart. `points` are the weighted means zᵢ, shape (n,), and `alarms` is True where they lie outside the limits."""

    limits: Limits
    points: np.ndarray
    alarms: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class CusumChart:
    """A tabular CUSUM in the unit of the values.

    `above` and `below` are C⁺ and C⁻ (both ≥ 0), shape (n,); `since_above` and `since_below` count the points since each was
    last zero (N⁺, N⁻): an alarm at point i of the upper side began about `since_above[i]` points ago. `decision` is H =
    h·sigma.
    """

    above: np.ndarray
    below: np.ndarray
    since_above: np.ndarray
    since_below: np.ndarray
    alarms: np.ndarray
    decision: float
    reference: float  # K = k·sigma
    target: float

    def estimated_mean(self, row: int) -> float:
        """The mean the process has moved to, judged at this point (Montgomery, eq. 9.6)."""
        if self.above[row] >= self.below[row]:
            return self.target + self.reference + float(self.above[row]) / max(1, int(self.since_above[row]))
        return self.target - self.reference - float(self.below[row]) / max(1, int(self.since_below[row]))


def ewma_chart(
    values: np.ndarray,
    *,
    target: float,
    sigma: float,
    weight: float = 0.2,
    multiple: float = 3.0,
    start: float | None = None,
    limits: Literal["exact", "asymptotic"] = "exact",
) -> WeightedChart:
    """Exponentially weighted moving average chart: zᵢ = weight·xᵢ + (1−weight)·zᵢ₋₁.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Values, or means of subgroups, in order; NaN is missing and leaves the average as it was.
    target, sigma : float
        Centre line, and standard deviation of one plotted value (for means of n: σ/√n).
    weight : float
        λ in (0, 1]; small remembers long. 1 is the Shewhart chart.
    multiple : float
        Width of the limits in standard deviations of the average (L).
    start : float, optional
        z₀, usually the target.
    limits : {"exact", "asymptotic"}
        Limits that grow over the first points as the variance of the average does, or its final value throughout.
    """
    values = vector(values)
    _refuse_sigma(sigma)
    if not 0.0 < weight <= 1.0:
        raise ValueError(f"weight must be in (0, 1], got {weight}")
    if limits not in ("exact", "asymptotic"):
        raise ValueError(f"limits must be 'exact' or 'asymptotic', got {limits!r}")
    points = np.empty(values.size)
    level = target if start is None else start
    for row, value in enumerate(values.tolist()):
        if not isnan(value):
            level = weight * value + (1.0 - weight) * level
        points[row] = level
    final = sigma * sqrt(weight / (2.0 - weight))
    seen = np.cumsum(~np.isnan(values))
    share = 1.0 if limits == "asymptotic" else np.sqrt(1.0 - (1.0 - weight) ** (2.0 * seen))
    width = np.asarray(multiple * final * share)
    chart = Limits(centre=target, lower=target - width, upper=target + width, sigma=final)
    alarms = chart.beyond(points) & ~np.isnan(values)
    return WeightedChart(limits=chart, points=points, alarms=alarms)


def cusum_chart(
    values: np.ndarray,
    *,
    target: float,
    sigma: float,
    k: float = 0.5,
    h: float = 5.0,
    head_start: float = 0.0,
) -> CusumChart:
    """Tabular CUSUM for both sides.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Values in order; NaN is missing and leaves the sums as they were.
    target, sigma : float
        Aim, and standard deviation of one value.
    k, h : float
        Reference value and decision interval in sigma. k is half the shift to be found; k = 0.5, h = 5 has a run length of 465
        without a shift and 10.4 at one sigma (`cusum_run_length`).
    head_start : float
        Share of h at which both sums start: 0, or 0.5 for a fast initial response (FIR).
    """
    values = vector(values)
    _refuse_sigma(sigma)
    if k < 0 or h <= 0 or not 0.0 <= head_start < 1.0:
        raise ValueError(f"expected k >= 0, h > 0 and a head start in [0, 1), got {k}, {h} and {head_start}")
    reference, decision = k * sigma, h * sigma
    above, since_above = _one_side(values - target, reference, head_start * decision)
    below, since_below = _one_side(target - values, reference, head_start * decision)
    return CusumChart(
        above=above,
        below=below,
        since_above=since_above,
        since_below=since_below,
        alarms=((above > decision) | (below > decision)) & ~np.isnan(values),
        decision=decision,
        reference=reference,
        target=target,
    )


def _one_side(distances: np.ndarray, reference: float, start: float) -> tuple[np.ndarray, np.ndarray]:
    sums, counts = np.empty(distances.size), np.zeros(distances.size, dtype=np.int64)
    level, count = start, 0
    for row, distance in enumerate(distances.tolist()):
        if not isnan(distance):
            level = max(0.0, level + distance - reference)
            count = count + 1 if level > 0.0 else 0
        sums[row], counts[row] = level, count
    return sums, counts


def _refuse_sigma(sigma: float) -> None:
    if not sigma > 0:
        raise ValueError(f"sigma must be positive, got {sigma}")
