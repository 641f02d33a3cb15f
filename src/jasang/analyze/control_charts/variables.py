"""Charts of measured values: individuals with moving range, mean with range, mean with standard deviation.

Sources: Montgomery, Introduction to Statistical Quality Control, chapter 6; ISO 7870-2.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np

from jasang.analyze.control_charts.constants import c4, chart_factors, range_constants
from jasang.analyze.control_charts.inputs import Subgroups, subgroup_list, vector
from jasang.analyze.control_charts.limits import Limits, PairedChart, limits_around


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
    sigma_from : {"moving_range", "standard_deviation", "median_moving_range"}
        Sigma as mean moving range / d₂(2), as sample standard deviation / c₄(n), or as median moving range / 0.9539, which a
        few outliers do not widen.
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
    seen = ranges[~np.isnan(ranges)]
    mean_range = float(seen.mean()) if seen.size else float("nan")
    if sigma_from == "moving_range":
        sigma = mean_range / d2
    elif sigma_from == "standard_deviation":
        sigma = float(np.std(known, ddof=1)) / c4(known.size)
    elif sigma_from == "median_moving_range":
        # The median of |N(0, 2)| is √2 times the upper quartile of N(0, 1).
        sigma = float(np.median(seen)) / (sqrt(2.0) * 0.6744897501960817) if seen.size else float("nan")
    else:
        kinds = "'moving_range', 'standard_deviation' or 'median_moving_range'"
        raise ValueError(f"sigma_from must be {kinds}, got {sigma_from!r}")
    spread = limits_around(mean_range, multiple * mean_range * d3 / d2, sigma=mean_range * d3 / d2, floor=0.0)
    return PairedChart(
        location=limits_around(float(known.mean()), multiple * sigma, sigma=sigma),
        spread=spread,
        points=values,
        spreads=ranges,
    )


def mean_range_chart(
    subgroups: Subgroups,
    *,
    multiple: float = 3.0,
    d2: float | None = None,
    d3: float | None = None,
    rounded: bool = False,
) -> PairedChart:
    """X̄ and R chart; limits from R̄/d₂.

    Parameters
    ----------
    subgroups : ndarray, shape (groups, n), or a list of arrays
        NaN is missing. Groups of different size get limits of their own, and sigma is the mean of Rᵢ/d₂(nᵢ).
    multiple : float
        Width of the limits in sigma.
    d2, d3 : float, optional
        Rounded table constants instead of the exact ones, to reproduce printed examples (equal sizes only).
    rounded : bool
        Limits as books make them by hand: A₂·R̄, D₃·R̄ and D₄·R̄ with factors of three decimals (equal sizes only).
    """
    groups = subgroup_list(subgroups)
    if rounded:
        return _by_printed_factors(groups, [float(np.ptp(group)) for group in groups], ("A2", "D3", "D4", "d2"))
    sizes = np.array([group.size for group in groups])
    if (d2 is not None or d3 is not None) and np.unique(sizes).size > 1:
        raise ValueError("table constants d2 and d3 can be given only for subgroups of one size")
    means, ranges = np.array([group.mean() for group in groups]), np.array([np.ptp(group) for group in groups])
    d2s = _constant(sizes, lambda n: range_constants(n)[0]) if d2 is None else np.full(sizes.size, d2)
    d3s = _constant(sizes, lambda n: range_constants(n)[1]) if d3 is None else np.full(sizes.size, d3)
    centre = float(means @ sizes / sizes.sum())
    sigma = float(np.mean(ranges / d2s))
    return PairedChart(
        location=_location(centre, np.full(sizes.size, sigma), sizes, multiple),
        spread=_spread(sigma * d2s, sigma * d3s, multiple),
        points=means,
        spreads=ranges,
    )


def mean_deviation_chart(
    subgroups: Subgroups,
    *,
    multiple: float = 3.0,
    sigma_from: Literal["average", "pooled"] = "average",
    rounded: bool = False,
) -> PairedChart:
    """X̄ and S chart.

    Parameters
    ----------
    subgroups : ndarray, shape (groups, n), or a list of arrays
        NaN is missing. Groups of different size get limits of their own.
    multiple : float
        Width of the limits in sigma.
    sigma_from : {"average", "pooled"}
        The mean of Sᵢ/c₄(nᵢ), or S̄ = √(Σ(nᵢ−1)Sᵢ² / Σ(nᵢ−1)) with A₃(nᵢ)·S̄ and B₄(nᵢ)·S̄ (Montgomery, section 6.3.2).
    rounded : bool
        Limits as books make them by hand: A₃·S̄, B₃·S̄ and B₄·S̄ with factors of three decimals (equal sizes only).
    """
    groups = subgroup_list(subgroups)
    if rounded:
        return _by_printed_factors(groups, [float(group.std(ddof=1)) for group in groups], ("A3", "B3", "B4", "c4"))
    sizes = np.array([group.size for group in groups])
    means = np.array([group.mean() for group in groups])
    deviations = np.array([group.std(ddof=1) for group in groups])
    c4s = _constant(sizes, c4)
    centre = float(means @ sizes / sizes.sum())
    if sigma_from == "average":
        sigmas = np.full(sizes.size, float(np.mean(deviations / c4s)))
    elif sigma_from == "pooled":
        sigmas = sqrt(float((sizes - 1) @ deviations**2 / (sizes - 1).sum())) / c4s
    else:
        raise ValueError(f"sigma_from must be 'average' or 'pooled', got {sigma_from!r}")
    return PairedChart(
        location=_location(centre, sigmas, sizes, multiple),
        spread=_spread(sigmas * c4s, sigmas * np.sqrt(1.0 - c4s**2), multiple),
        points=means,
        spreads=deviations,
    )


def _by_printed_factors(
    groups: list[np.ndarray], spreads: list[float], names: tuple[str, str, str, str]
) -> PairedChart:
    sizes = {group.size for group in groups}
    if len(sizes) > 1:
        raise ValueError("printed factors are for subgroups of one size")
    factors = chart_factors(sizes.pop())
    width, lower, upper = (round(factors[name], 3) for name in names[:3])
    divisor = round(factors[names[3]], 4 if names[3] == "c4" else 3)
    means = np.array([group.mean() for group in groups])
    centre, mean_spread = float(means.mean()), float(np.mean(spreads))
    return PairedChart(
        location=limits_around(centre, width * mean_spread, sigma=mean_spread / divisor),
        spread=Limits(
            centre=mean_spread,
            lower=np.asarray(lower * mean_spread),
            upper=np.asarray(upper * mean_spread),
            sigma=(upper - 1.0) * mean_spread / 3.0,
        ),
        points=means,
        spreads=np.array(spreads),
    )


def _constant(sizes: np.ndarray, of: Callable[[int], float]) -> np.ndarray:
    known = {int(n): of(int(n)) for n in np.unique(sizes)}
    return np.array([known[int(n)] for n in sizes])


def _location(centre: float, sigmas: np.ndarray, sizes: np.ndarray, multiple: float) -> Limits:
    width = multiple * sigmas / np.sqrt(sizes)
    if np.unique(sizes).size == 1:
        return limits_around(centre, float(width[0]), sigma=float(sigmas[0]))
    return Limits(centre=centre, lower=centre - width, upper=centre + width, sigma=float(sigmas.mean()))


def _spread(centres: np.ndarray, sigmas: np.ndarray, multiple: float) -> Limits:
    if np.ptp(centres) == 0.0 and np.ptp(sigmas) == 0.0:
        return limits_around(float(centres[0]), multiple * float(sigmas[0]), sigma=float(sigmas[0]), floor=0.0)
    return Limits(
        centre=float(centres.mean()),
        lower=np.maximum(0.0, centres - multiple * sigmas),
        upper=centres + multiple * sigmas,
        sigma=float(sigmas.mean()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BetweenWithinChart:
    """Three charts for groups that differ by more than their values: means as individuals, their moving range, spread within.

    `means.location` are limits for the group means from their own moving range, `means.spread` those of that range;
    `within.spread` are those of the standard deviations in the groups.
    """

    means: PairedChart
    within: PairedChart


def between_within_chart(subgroups: Subgroups, *, multiple: float = 3.0) -> BetweenWithinChart:
    """I-MR-S chart: for lots, cassettes or batches whose means differ by themselves ("three-way chart", Wheeler 1995).

    Arguments as `mean_deviation_chart`. X̄ limits from the spread within would alarm on every such group.
    """
    within = mean_deviation_chart(subgroups, multiple=multiple)
    return BetweenWithinChart(means=individuals_chart(within.points, multiple=multiple), within=within)
