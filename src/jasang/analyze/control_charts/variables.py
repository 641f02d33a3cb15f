"""Charts of measured values: individuals with moving range, mean with range, mean with standard deviation.

Sources: Montgomery, Introduction to Statistical Quality Control; ISO 7870-2.
"""

from math import sqrt

import numpy as np

from jasang.analyze.control_charts.constants import c4, range_constants
from jasang.analyze.control_charts.inputs import equal_subgroups, vector
from jasang.analyze.control_charts.limits import PairedChart, limits_around


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
    values = vector(values)
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
    spread = limits_around(mean_range, multiple * mean_range * d3 / d2, sigma=mean_range * d3 / d2, floor=0.0)
    return PairedChart(
        location=limits_around(float(known.mean()), multiple * sigma, sigma=sigma),
        spread=spread,
        points=values,
        spreads=ranges,
    )


def mean_range_chart(subgroups: np.ndarray, *, multiple: float = 3.0, d2: float | None = None) -> PairedChart:
    """X̄ and R chart of subgroups, shape (groups, n); limits from R̄/d₂. `d2` as in `individuals_chart`."""
    subgroups = equal_subgroups(subgroups)
    n = subgroups.shape[1]
    exact_d2, d3 = range_constants(n)
    d2 = exact_d2 if d2 is None else d2
    ranges = np.ptp(subgroups, axis=1)
    centre, mean_range = float(subgroups.mean()), float(ranges.mean())
    sigma = mean_range / d2
    return PairedChart(
        location=limits_around(centre, multiple * sigma / sqrt(n), sigma=sigma),
        spread=limits_around(mean_range, multiple * sigma * d3, sigma=sigma * d3, floor=0.0),
        points=subgroups.mean(axis=1),
        spreads=ranges,
    )


def mean_deviation_chart(subgroups: np.ndarray, *, multiple: float = 3.0) -> PairedChart:
    """X̄ and S chart of subgroups, shape (groups, n); limits from S̄/c₄."""
    subgroups = equal_subgroups(subgroups)
    n = subgroups.shape[1]
    deviations = subgroups.std(axis=1, ddof=1)
    centre, mean_deviation = float(subgroups.mean()), float(deviations.mean())
    sigma = mean_deviation / c4(n)
    spread_sigma = sigma * sqrt(1.0 - c4(n) ** 2)
    return PairedChart(
        location=limits_around(centre, multiple * sigma / sqrt(n), sigma=sigma),
        spread=limits_around(mean_deviation, multiple * spread_sigma, sigma=spread_sigma, floor=0.0),
        points=subgroups.mean(axis=1),
        spreads=deviations,
    )
