"""One-way analysis of variance, exact in decimals (certified by the NIST Statistical Reference Datasets)."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy import stats

from jasang.analyze.exact_decimals import exact_integers, root


@dataclass(frozen=True, slots=True, kw_only=True)
class OneWayAnova:
    """The table of a one-way analysis of variance.

    `group_means` with `group_low` and `group_high`, their 95 % intervals from the pooled residual sd, have shape (groups,).
    `f` is infinite where the groups differ and nothing scatters within them, and NaN where nothing varies at all.
    """

    groups: int
    values: int
    df_between: int
    df_within: int
    ss_between: float
    ss_within: float
    ss_total: float
    ms_between: float
    ms_within: float
    f: float
    p: float
    r_squared: float
    residual_sd: float
    group_means: np.ndarray
    group_low: np.ndarray
    group_high: np.ndarray


def one_way_anova(groups: Sequence[np.ndarray], *, confidence: float = 0.95) -> OneWayAnova:
    """Analysis of variance of groups of values (each shape (n_i,), NaN = missing, sizes may differ).

    Raises
    ------
    ValueError
        Fewer than two groups with values, or no group with more than one value.

    >>> one_way_anova([np.array([1.0, 2.0, 3.0]), np.array([3.0, 4.0, 5.0])]).f
    6.0
    """
    arrays = [np.asarray(group, dtype=np.float64).ravel() for group in groups]
    arrays = [group[np.isfinite(group)] for group in arrays]
    arrays = [group for group in arrays if group.size]
    n, k = sum(group.size for group in arrays), len(arrays)
    if k < 2:
        raise ValueError(f"an analysis of variance needs at least 2 groups with values, got {k}")
    if n <= k:
        raise ValueError(
            f"no group has more than one value ({n} values in {k} groups); nothing tells the scatter within"
        )
    between, within = _sums(arrays)
    ms_between, ms_within = between / (k - 1), within / (n - k)
    f = float(ms_between / ms_within) if ms_within > 0 else (float("inf") if ms_between > 0 else float("nan"))
    total = between + within
    sizes = np.array([group.size for group in arrays])
    means = np.array([group.mean() for group in arrays])
    sd = root(ms_within) if isinstance(ms_within, Fraction) else float(ms_within) ** 0.5
    reach = stats.t.ppf(0.5 + confidence / 2, n - k) * sd / np.sqrt(sizes)
    return OneWayAnova(
        groups=k,
        values=n,
        df_between=k - 1,
        df_within=n - k,
        ss_between=float(between),
        ss_within=float(within),
        ss_total=float(total),
        ms_between=float(ms_between),
        ms_within=float(ms_within),
        f=f,
        p=float(stats.f.sf(f, k - 1, n - k)) if not np.isnan(f) else 1.0,
        r_squared=float(between / total) if total > 0 else 0.0,
        residual_sd=sd,
        group_means=means,
        group_low=means - reach,
        group_high=means + reach,
    )


def _sums(arrays: list[np.ndarray]) -> tuple[Fraction, Fraction] | tuple[float, float]:
    """Sums of squares between and within groups."""
    integers = exact_integers(np.concatenate(arrays))
    if integers is None:
        pooled = np.concatenate(arrays)
        centre = float(np.median(pooled))
        moved = [group - centre for group in arrays]
        grand = float(np.concatenate(moved).mean())
        within = sum(float(((group - group.mean()) ** 2).sum()) for group in moved)
        between = sum(group.size * (float(group.mean()) - grand) ** 2 for group in moved)
        return between, within
    values, power = integers
    # Differences from the first value leave the sums as they are and the integers short.
    values = [value - values[0] for value in values]
    start, of_groups = 0, Fraction(0)
    for group in arrays:
        total = sum(values[start : start + group.size])
        of_groups += Fraction(total * total, group.size)
        start += group.size
    scale = 10 ** (2 * power)
    grand_total = sum(values)
    squares = sum(value * value for value in values)
    return (of_groups - Fraction(grand_total * grand_total, len(values))) / scale, (squares - of_groups) / scale
