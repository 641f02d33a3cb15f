"""The shapes that charts ask for; a ValueError says which was expected."""

import numpy as np

from jasang.analyze.control_charts.constants import refuse_subgroup


def vector(values: np.ndarray) -> np.ndarray:
    """The values as float64, shape (n,)."""
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"expected a row of values, got shape {values.shape}")
    return values


def equal_subgroups(subgroups: np.ndarray) -> np.ndarray:
    """Complete subgroups as float64, shape (groups, n)."""
    subgroups = np.asarray(subgroups, dtype=np.float64)
    if subgroups.ndim != 2 or subgroups.shape[0] < 2:
        raise ValueError(f"expected subgroups of shape (groups, n) with at least 2 groups, got {subgroups.shape}")
    refuse_subgroup(subgroups.shape[1])
    if np.isnan(subgroups).any():
        raise ValueError("subgroups have missing values; leave incomplete subgroups out")
    return subgroups
