"""Which chart fits the data, with the figures that decided it.

The order of the questions is that of the guide in Montgomery, section 6.5, and in ISO 7870-1: counts or measurements; several
parts; subgroups or single values; memory.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np
from scipy import stats

from jasang.analyze.control_charts.attributes import overdispersion
from jasang.analyze.control_charts.forecast import FEWEST, fit_forecast
from jasang.analyze.control_charts.inputs import vector
from jasang.analyze.control_charts.subgroups import Subgrouping

ChartKind = Literal[
    "imr",
    "xbar_r",
    "xbar_s",
    "between_within",
    "residual",
    "p",
    "p_laney",
    "np",
    "c",
    "u",
    "u_laney",
    "deviation",
    "standardised",
    "ewma",
    "cusum",
    "t2",
    "mewma",
    "group",
]
RANGE_UP_TO = 9  # values in a subgroup up to which the range loses little against the standard deviation


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartChoice:
    """The chart to draw and why.

    `because`: "even_subgroups", "large_subgroups", "uneven_subgroups", "groups_differ", "memory", "single_values",
    "too_few_for_memory", "shares", "overdispersed", "equal_samples", "counts", "parts_alike", "parts_differ". `figure` is the
    number that decided: size of a subgroup, ratio between/within, lag-one autocorrelation, Laney's σ_z, or p of the test on
    the parts' spread.
    """

    kind: ChartKind
    because: str
    figure: float


def choose_for_measurements(
    values: np.ndarray, *, subgroups: Subgrouping | None = None, parts: np.ndarray | None = None
) -> ChartChoice:
    """The chart for measured values in order of time, shape (n,); `parts` names the part of each value, where several run."""
    values = vector(values)
    if subgroups is not None and subgroups.source != "none":
        if subgroups.nested:
            return ChartChoice(
                kind="between_within", because="groups_differ", figure=subgroups.between / subgroups.within
            )
        if not subgroups.even:
            return ChartChoice(kind="xbar_s", because="uneven_subgroups", figure=float(subgroups.usual_size))
        if subgroups.usual_size > RANGE_UP_TO:
            return ChartChoice(kind="xbar_s", because="large_subgroups", figure=float(subgroups.usual_size))
        return ChartChoice(kind="xbar_r", because="even_subgroups", figure=float(subgroups.usual_size))
    if parts is not None and np.unique(np.asarray(parts).astype(str)).size > 1:
        p = spread_differs(values, np.asarray(parts).astype(str))
        if p < 0.01:
            return ChartChoice(kind="standardised", because="parts_differ", figure=p)
        return ChartChoice(kind="deviation", because="parts_alike", figure=p)
    known = int(np.count_nonzero(~np.isnan(values)))
    first = lag_one(values)
    if known < FEWEST or np.nanmax(values) == np.nanmin(values):
        return ChartChoice(kind="imr", because="too_few_for_memory", figure=first)
    if fit_forecast(values).order > 0 and abs(first) > 0.0:
        return ChartChoice(kind="residual", because="memory", figure=first)
    return ChartChoice(kind="imr", because="single_values", figure=first)


def choose_for_counts(counts: np.ndarray, sizes: np.ndarray | None = None, *, defectives: bool) -> ChartChoice:
    """The chart for counts of each sample, shape (n,): of defective units (`defectives`), or of defects where a unit may have
    many.

    `sizes` are units inspected (needed for defectives); Laney's p′ or u′ is chosen where the counts vary between samples more
    than chance explains: σ_z beyond 1 + 3·0.6/√n, which chance exceeds about once in a thousand charts.
    """
    counts = vector(counts)
    if sizes is None:
        if defectives:
            raise ValueError("a chart of defective units needs the number of units inspected")
        return ChartChoice(kind="c", because="counts", figure=float(counts.mean()))
    sizes = vector(sizes)
    share = float(counts.sum() / sizes.sum())
    variance = share * (1.0 - share) if defectives else share
    factor = overdispersion(counts / sizes, share, np.sqrt(variance / sizes)) if variance > 0 else 1.0
    if factor > 1.0 + max(0.1, 1.8 / sqrt(counts.size)):
        return ChartChoice(kind="p_laney" if defectives else "u_laney", because="overdispersed", figure=factor)
    if np.ptp(sizes) == 0.0:
        return ChartChoice(kind="np" if defectives else "c", because="equal_samples", figure=float(sizes[0]))
    return ChartChoice(kind="p" if defectives else "u", because="shares", figure=factor)


def parts_matter(values: np.ndarray, parts: np.ndarray) -> bool:
    """True where parts with at least five values differ in level or spread beyond chance (Kruskal-Wallis, Brown-Forsythe; 1
    %).
    """
    names = np.asarray(parts).astype(str)
    groups = [values[(names == name) & ~np.isnan(values)] for name in np.unique(names)]
    groups = [group for group in groups if group.size >= 5]
    if len(groups) < 2 or np.ptp(np.concatenate(groups)) == 0:
        return False
    return float(stats.kruskal(*groups).pvalue) < 0.01 or spread_differs(values, names) < 0.01


def spread_differs(values: np.ndarray, parts: np.ndarray) -> float:
    """p-value of equal spread in all parts with at least five values (Brown and Forsythe 1974); 1 where there is nothing to
    compare.
    """
    groups = [values[(parts == part) & ~np.isnan(values)] for part in np.unique(parts)]
    groups = [group for group in groups if group.size >= 5 and np.ptp(group) > 0]
    if len(groups) < 2:
        return 1.0
    return float(stats.levene(*groups, center="median").pvalue)


def lag_one(values: np.ndarray) -> float:
    """Lag-one autocorrelation of the values, shape (n,); NaN is missing. 0 where it cannot be known."""
    away = values - np.nanmean(values)
    pairs = ~np.isnan(away[1:]) & ~np.isnan(away[:-1])
    power = float(np.nanmean(away**2))
    if pairs.sum() < 3 or not power > 0:
        return 0.0
    return float(np.clip(np.mean(away[1:][pairs] * away[:-1][pairs]) / power, -1.0, 1.0))
