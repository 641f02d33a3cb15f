"""Charts of counts: p, Laney p′, c and u.

Sources: Montgomery, Introduction to Statistical Quality Control; Laney (2002), Quality Engineering 14(4).
"""

from math import sqrt

import numpy as np

from jasang.analyze.control_charts.inputs import vector
from jasang.analyze.control_charts.limits import Limits, limits_around


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
    centre = float(np.mean(vector(counts)))
    return limits_around(centre, multiple * sqrt(centre), sigma=sqrt(centre), floor=0.0)


def u_chart(counts: np.ndarray, sizes: np.ndarray, *, multiple: float = 3.0) -> Limits:
    """u chart of defects per unit, `counts / sizes`, both shape (n,)."""
    counts, sizes = vector(counts), vector(sizes)
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


def _counts(defects: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    defects, sizes = vector(defects), vector(sizes)
    if defects.shape != sizes.shape:
        raise ValueError(f"one size for every count is needed, got {defects.shape} counts and {sizes.shape} sizes")
    if np.any(sizes <= 0) or np.any(defects < 0) or np.any(defects > sizes):
        raise ValueError("counts must lie between 0 and their sizes, and sizes must be positive")
    return defects, sizes
