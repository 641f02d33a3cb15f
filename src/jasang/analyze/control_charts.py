"""Shewhart control charts: individuals and moving range, mean with range or standard deviation, p, Laney p′, c and u.

Limits come from phase I data; phase II points are compared with them. `autocorrelated_chart` gives limits that still hold their
false-alarm rate when neighbouring values resemble each other. Sources: Montgomery, Introduction to Statistical Quality Control;
ISO 7870-2; Laney (2002), Quality Engineering 14(4).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import exp, lgamma, sqrt

import numpy as np
from scipy import special

LARGEST_SUBGROUP = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Centre line and limits of one chart, in the unit of the points.

    `sigma` is the standard deviation the limits rest on. For charts with limits that change from point to point (p, u) `lower`
    and `upper` have the shape of the points, else shape ().
    """

    centre: float
    lower: np.ndarray
    upper: np.ndarray
    sigma: float

    def beyond(self, points: np.ndarray) -> np.ndarray:
        """True where a point lies outside the limits (on a limit is inside), shape of `points`; NaN is never outside."""
        return np.asarray((points > self.upper) | (points < self.lower))


@lru_cache(maxsize=64)
def range_constants(n: int) -> tuple[float, float]:
    """d₂ and d₃: mean and standard deviation of the range of n standard normal values, by integrating its distribution.

    >>> [round(c, 4) for c in range_constants(5)]
    [2.3259, 0.8641]
    """
    _refuse_subgroup(n)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedChart:
    """A chart of location with its chart of spread (X-MR, X̄-R, X̄-S). `points` and `spreads` are what is plotted."""

    location: Limits
    spread: Limits
    points: np.ndarray
    spreads: np.ndarray


def individuals_chart(
    values: np.ndarray, *, multiple: float = 3.0, sigma_from: str = "moving_range", d2: float | None = None
) -> PairedChart:
    """Individuals and moving-range chart.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Measurements in order; NaN is missing and breaks the moving range.
    multiple : float
        Width of the limits in sigma.
    sigma_from : {"moving_range", "standard_deviation"}
        Sigma as mean moving range / d₂(2), or as sample standard deviation / c₄(n).
    d2 : float, optional
        A rounded table constant instead of the exact 2/√π, to reproduce printed examples.
    """
    values = _vector(values)
    known = values[~np.isnan(values)]
    if known.size < 2:
        raise ValueError(f"an individuals chart needs at least 2 values, got {known.size}")
    ranges = np.abs(np.diff(values))
    exact_d2, d3 = 2.0 / sqrt(np.pi), sqrt(2.0 - 4.0 / np.pi)
    d2 = exact_d2 if d2 is None else d2
    mean_range = float(np.nanmean(ranges)) if np.any(~np.isnan(ranges)) else float("nan")
    if sigma_from == "moving_range":
        sigma = mean_range / d2
    elif sigma_from == "standard_deviation":
        sigma = float(np.std(known, ddof=1)) / c4(known.size)
    else:
        raise ValueError(f"sigma_from must be 'moving_range' or 'standard_deviation', got {sigma_from!r}")
    spread = _limits(mean_range, multiple * mean_range * d3 / d2, sigma=mean_range * d3 / d2, floor=0.0)
    return PairedChart(
        location=_limits(float(known.mean()), multiple * sigma, sigma=sigma),
        spread=spread,
        points=values,
        spreads=ranges,
    )


def mean_range_chart(subgroups: np.ndarray, *, multiple: float = 3.0, d2: float | None = None) -> PairedChart:
    """X̄ and R chart of subgroups, shape (groups, n); limits from R̄/d₂. `d2` as in `individuals_chart`."""
    subgroups = _subgroups(subgroups)
    n = subgroups.shape[1]
    exact_d2, d3 = range_constants(n)
    d2 = exact_d2 if d2 is None else d2
    ranges = np.ptp(subgroups, axis=1)
    centre, mean_range = float(subgroups.mean()), float(ranges.mean())
    sigma = mean_range / d2
    return PairedChart(
        location=_limits(centre, multiple * sigma / sqrt(n), sigma=sigma),
        spread=_limits(mean_range, multiple * sigma * d3, sigma=sigma * d3, floor=0.0),
        points=subgroups.mean(axis=1),
        spreads=ranges,
    )


def mean_deviation_chart(subgroups: np.ndarray, *, multiple: float = 3.0) -> PairedChart:
    """X̄ and S chart of subgroups, shape (groups, n); limits from S̄/c₄."""
    subgroups = _subgroups(subgroups)
    n = subgroups.shape[1]
    deviations = subgroups.std(axis=1, ddof=1)
    centre, mean_deviation = float(subgroups.mean()), float(deviations.mean())
    sigma = mean_deviation / c4(n)
    spread_sigma = sigma * sqrt(1.0 - c4(n) ** 2)
    return PairedChart(
        location=_limits(centre, multiple * sigma / sqrt(n), sigma=sigma),
        spread=_limits(mean_deviation, multiple * spread_sigma, sigma=spread_sigma, floor=0.0),
        points=subgroups.mean(axis=1),
        spreads=deviations,
    )


def p_chart(defects: np.ndarray, sizes: np.ndarray, *, multiple: float = 3.0, laney: bool = False) -> Limits:
    """p chart of shares `defects / sizes`, both shape (n,), sizes may differ.

    With `laney` the limits are widened (or narrowed) by the spread between samples that binomial chance does not explain
    (Laney's p′): large samples otherwise alarm on every harmless difference between days. `sigma` is that of the mean size.
    """
    defects, sizes = _counts(defects, sizes)
    centre = float(defects.sum() / sizes.sum())
    sigmas = np.sqrt(centre * (1.0 - centre) / sizes)
    factor = 1.0
    if laney and centre > 0.0 and defects.size > 1:
        z = (defects / sizes - centre) / np.where(sigmas > 0, sigmas, 1.0)
        factor = float(np.abs(np.diff(z)).mean()) / (2.0 / sqrt(np.pi))
    width = multiple * sigmas * factor
    return Limits(
        centre=centre,
        lower=np.maximum(0.0, centre - width),
        upper=np.minimum(1.0, centre + width),
        sigma=sqrt(centre * (1.0 - centre) / float(sizes.mean())) * factor,
    )


def c_chart(counts: np.ndarray, *, multiple: float = 3.0) -> Limits:
    """c chart of counts of defects on equal areas, shape (n,): mean ± multiple·√mean."""
    centre = float(np.mean(_vector(counts)))
    return _limits(centre, multiple * sqrt(centre), sigma=sqrt(centre), floor=0.0)


def u_chart(counts: np.ndarray, sizes: np.ndarray, *, multiple: float = 3.0) -> Limits:
    """u chart of defects per unit, `counts / sizes`, both shape (n,)."""
    counts, sizes = _vector(counts), _vector(sizes)
    if counts.shape != sizes.shape or np.any(sizes <= 0):
        raise ValueError("a u chart needs one positive size for every count")
    centre = float(counts.sum() / sizes.sum())
    width = multiple * np.sqrt(centre / sizes)
    return Limits(
        centre=centre,
        lower=np.maximum(0.0, centre - width),
        upper=centre + width,
        sigma=sqrt(centre / float(sizes.mean())),
    )


def phase_one(
    points: np.ndarray, chart: Callable[[np.ndarray], Limits], *, most_excluded: float = 0.2
) -> tuple[Limits, np.ndarray]:
    """Limits from the points that were in control, and which points were left out (bool, shape (n,)).

    Rule: points beyond the limits are left out and the limits made again, until none is beyond or more than `most_excluded` of
    the points would be gone; then the process was not in control and the limits of all points are returned, none left out.
    `chart` gets the indices (int, shape (k,)) of the points that are kept and returns limits for a single point or for all.
    """
    points = _vector(points)
    everything = chart(np.flatnonzero(~np.isnan(points)))
    limits, excluded = everything, np.zeros(points.size, dtype=bool)
    while True:
        fresh = ~excluded & limits.beyond(points)
        if not fresh.any():
            return limits, excluded
        excluded |= fresh
        if excluded.sum() > most_excluded * points.size:
            return everything, np.zeros(points.size, dtype=bool)
        limits = chart(np.flatnonzero(~excluded & ~np.isnan(points)))


def individuals_phase_one(values: np.ndarray, *, multiple: float = 3.0) -> tuple[Limits, np.ndarray]:
    """`phase_one` for an individuals chart whose sigma allows for autocorrelation (`autocorrelated_chart`)."""
    values = _vector(values)
    return phase_one(values, lambda kept: autocorrelated_chart(values[kept], multiple=multiple))


def autocorrelated_chart(values: np.ndarray, *, multiple: float = 3.0) -> Limits:
    """Limits for individual values, shape (n,), that neighbouring values may resemble.

    The moving range of autocorrelated values is too small, so the usual limits alarm all the time (φ = 0.9: every second or third
    point). Here sigma is the standard deviation of the values themselves, corrected for the bias that autocorrelation gives it
    in a short record, s² n/(n−k) with k = 1 + 2 Σ (1−j/n) φʲ, and the autocorrelation φ corrected for its own bias (Marriott and
    Pope 1954). Chosen over a chart of the residuals of an autoregressive model because the foreman's chart should show
    the values he measures, and because a residual chart shows a lasting shift for one point only (Harris and Ross 1991).
    """
    values = _vector(values)
    known = values[~np.isnan(values)]
    if known.size < 3:
        raise ValueError(f"limits need at least 3 values, got {known.size}")
    sigma = _sigma_of_autocorrelated(known)
    return _limits(float(known.mean()), multiple * sigma, sigma=sigma)


def first_autocorrelation(values: np.ndarray) -> float:
    """Lag-one autocorrelation φ of the values, shape (n,), corrected for its small-sample bias and held in [0, 0.99]."""
    n = values.size
    centred = values - values.mean()
    power = float(centred @ centred)
    if power <= 0.0 or n < 3:
        return 0.0
    raw = float(centred[1:] @ centred[:-1]) / power
    return float(np.clip(raw + (1.0 + 3.0 * raw) / n, 0.0, 0.99))


def _sigma_of_autocorrelated(known: np.ndarray) -> float:
    n = known.size
    phi = first_autocorrelation(known)
    steps = np.arange(1, n)
    inflation = 1.0 + 2.0 * float(((1.0 - steps / n) * phi**steps).sum())
    # Beyond this the record is shorter than the memory of the process and its spread cannot be known.
    inflation = min(inflation, 0.75 * n)
    return float(sqrt(float(np.var(known)) * n / (n - inflation)))


def _limits(centre: float, width: float, *, sigma: float, floor: float = -np.inf) -> Limits:
    return Limits(
        centre=centre, lower=np.asarray(max(floor, centre - width)), upper=np.asarray(centre + width), sigma=sigma
    )


def _vector(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"expected a row of values, got shape {values.shape}")
    return values


def _subgroups(subgroups: np.ndarray) -> np.ndarray:
    subgroups = np.asarray(subgroups, dtype=np.float64)
    if subgroups.ndim != 2 or subgroups.shape[0] < 2:
        raise ValueError(f"expected subgroups of shape (groups, n) with at least 2 groups, got {subgroups.shape}")
    _refuse_subgroup(subgroups.shape[1])
    if np.isnan(subgroups).any():
        raise ValueError("subgroups have missing values; leave incomplete subgroups out")
    return subgroups


def _refuse_subgroup(n: int) -> None:
    if not 2 <= n <= LARGEST_SUBGROUP:
        raise ValueError(f"a subgroup has 2 to {LARGEST_SUBGROUP} values, got n = {n}")


def _counts(defects: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    defects, sizes = _vector(defects), _vector(sizes)
    if defects.shape != sizes.shape:
        raise ValueError(f"one size for every count is needed, got {defects.shape} counts and {sizes.shape} sizes")
    if np.any(sizes <= 0) or np.any(defects < 0) or np.any(defects > sizes):
        raise ValueError("counts must lie between 0 and their sizes, and sizes must be positive")
    return defects, sizes
