"""The shapes that charts ask for; a ValueError says which was expected."""

from collections.abc import Sequence

import numpy as np

from jasang.analyze.control_charts.constants import refuse_subgroup
from jasang.analyze.value_rows import value_row

Subgroups = np.ndarray | Sequence[np.ndarray]


def vector(values: np.ndarray) -> np.ndarray:
    """The values as float64, shape (n,), not empty; what is missing or infinite is NaN."""
    values = value_row(values)
    if values.size == 0:
        raise ValueError("expected a row of values, got none")
    return values


def subgroup_list(subgroups: Subgroups) -> list[np.ndarray]:
    """The subgroups as float64 arrays without their missing values; those left with fewer than two values are refused."""
    if isinstance(subgroups, np.ndarray) and subgroups.ndim != 2:
        raise ValueError(f"expected subgroups of shape (groups, n), got {subgroups.shape}")
    groups = [vector(group) for group in subgroups]
    groups = [group[~np.isnan(group)] for group in groups]
    if len(groups) < 2:
        raise ValueError(f"expected subgroups of shape (groups, n) with at least 2 groups, got {len(groups)}")
    for n in {group.size for group in groups}:
        refuse_subgroup(n)
    return groups


def counts_and_sizes(counts: np.ndarray, sizes: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Counts and their sizes as float64, both shape (n,); one size may serve for all."""
    counts = vector(counts)
    sizes = np.asarray(sizes, dtype=np.float64)
    sizes = np.full(counts.size, float(sizes)) if sizes.ndim == 0 else vector(sizes)
    if counts.shape != sizes.shape:
        raise ValueError(f"one size for every count is needed, got {counts.shape} counts and {sizes.shape} sizes")
    if np.any(~(sizes > 0)) or np.any(~(counts >= 0)):
        raise ValueError("counts must not be negative or missing, and sizes must be positive")
    return counts, sizes
