"""Standard deviations of a process: within subgroups, between them, and overall."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from jasang.analyze.capability.memory import Memory
from jasang.analyze.control_charts import c4, range_constants
from jasang.analyze.value_rows import value_row

Method = Literal["pooled", "range", "standard_deviation", "moving_range"]
# A mean moving range of n values is worth about 0.62 (n − 1) degrees of freedom (Wetherill and Brown, Statistical Process
# Control).
MOVING_RANGE_WORTH = 0.62


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Standard deviations in the unit of the values, with their degrees of freedom.

    `within`: of values made together (subgroup or neighbours); `between`: of the subgroups' true means; `between_within`: both
    together; `overall`: of all values. `between` is `None` without subgroups.
    """

    within: float
    df_within: float
    overall: float
    df_overall: float
    between: float | None
    between_within: float | None
    method: Method
    groups: int


def spread_of(
    values: np.ndarray,
    subgroups: Sequence[object] | np.ndarray | int | None = None,
    *,
    method: Method | None = None,
    memory: Memory | None = None,
) -> Spread:
    """Within, between and overall standard deviation of values, shape (n,), in order, NaN = missing.

    Parameters
    ----------
    subgroups
        Labels of length n, or the size of consecutive subgroups (a rest at the end makes none); without, neighbours serve.
    method
        "pooled" (default with subgroups), "range" (R̄/d₂), "standard_deviation" (S̄/c₄), or "moving_range" (default without).
    memory
        What the values are worth where they resemble their neighbours: corrects the overall standard deviation and its
        degrees of freedom.

    Raises
    ------
    ValueError
        Fewer than two values, no subgroup with two values, or a method that does not go with the subgroups.
    """
    values = value_row(values)
    known = ~np.isnan(values)
    if subgroups is not None and not isinstance(subgroups, int | np.integer):
        labels = np.asarray(subgroups).astype(str).ravel()
        if labels.size != values.size:
            raise ValueError(f"{labels.size} subgroup labels for {values.size} values")
        subgroups = labels[known]
    values = values[known]
    n = values.size
    if n < 2:
        raise ValueError(f"a spread needs at least 2 values, got {n}")
    overall = float(values.std(ddof=1)) * (1.0 if memory is None else memory.inflation)
    df_overall = n - 1.0 if memory is None else max(2.0, memory.for_spread - 1.0)
    codes = _codes(n, subgroups)
    if codes is None:
        if method not in (None, "moving_range"):
            raise ValueError(f"{method!r} needs subgroups; without them sigma comes from the moving range")
        within = float(np.abs(np.diff(values)).mean()) / (2.0 / np.sqrt(np.pi))
        return Spread(
            within=within,
            df_within=max(1.0, MOVING_RANGE_WORTH * (n - 1)),
            overall=overall,
            df_overall=df_overall,
            between=None,
            between_within=None,
            method="moving_range",
            groups=n,
        )
    kept = codes >= 0
    within, df, sizes, means = _within(values[kept], codes[kept], method or "pooled")
    # ñ, the size that the mean of subgroups of unequal sizes has in the variance of their means.
    typical = (sizes.sum() - (sizes**2).sum() / sizes.sum()) / (sizes.size - 1) if sizes.size > 1 else sizes[0]
    of_means = float((sizes * (means - np.average(means, weights=sizes)) ** 2).sum()) / max(1, sizes.size - 1)
    between = float(np.sqrt(max(0.0, (of_means - within**2) / typical)))
    return Spread(
        within=within,
        df_within=df,
        overall=overall,
        df_overall=df_overall,
        between=between,
        between_within=float(np.hypot(within, between)),
        method=method or "pooled",
        groups=sizes.size,
    )


def _codes(n: int, subgroups: Sequence[object] | np.ndarray | int | None) -> np.ndarray | None:
    if subgroups is None:
        return None
    if isinstance(subgroups, int | np.integer):
        size = int(subgroups)
        if size < 1:
            raise ValueError(f"the size of a subgroup must be positive, got {size}")
        if size == 1:
            return None
        codes = np.arange(n) // size
        codes[codes >= n // size] = -1
        return codes
    labels = np.asarray(subgroups).astype(str).ravel()
    if labels.size != n:
        raise ValueError(f"{labels.size} subgroup labels for {n} values")
    return np.unique(labels, return_inverse=True)[1]


def _within(values: np.ndarray, codes: np.ndarray, method: str) -> tuple[float, float, np.ndarray, np.ndarray]:
    sizes = np.bincount(codes)
    order = np.argsort(codes, kind="stable")
    groups = [group for group in np.split(values[order], np.cumsum(sizes)[:-1]) if group.size]
    sizes = np.array([group.size for group in groups], dtype=np.float64)
    means = np.array([group.mean() for group in groups])
    several = [group for group in groups if group.size > 1]
    if not several:
        raise ValueError("no subgroup has two values; leave subgroups out to judge by neighbours")
    df = float(sum(group.size - 1 for group in several))
    if method == "pooled":
        total = sum(float(((group - group.mean()) ** 2).sum()) for group in several)
        return float(np.sqrt(total / df)), df, sizes, means
    if method == "range":
        found = [float(np.ptp(group)) / range_constants(group.size)[0] for group in several]
        worth = sum(0.5 * (range_constants(g.size)[0] / range_constants(g.size)[1]) ** 2 for g in several)
        return float(np.mean(found)), float(worth), sizes, means
    if method == "standard_deviation":
        found = [float(group.std(ddof=1)) / c4(group.size) for group in several]
        worth = sum(0.5 / (1.0 / c4(group.size) ** 2 - 1.0) for group in several)
        return float(np.mean(found)), float(worth), sizes, means
    raise ValueError(f"method must be pooled, range or standard_deviation with subgroups, got {method!r}")
