"""Charts of counts: p, np, c, u and Laney's p′ and u′.

Sources: Montgomery, Introduction to Statistical Quality Control, chapter 7; Laney (2002), Quality Engineering 14(4).
"""

from math import sqrt

import numpy as np

from jasang.analyze.control_charts.inputs import counts_and_sizes, vector
from jasang.analyze.control_charts.limits import Limits, limits_around

D2_OF_TWO = 2.0 / sqrt(np.pi)


def p_chart(
    defects: np.ndarray,
    sizes: np.ndarray | float,
    *,
    multiple: float = 3.0,
    laney: bool = False,
    centre: float | None = None,
) -> Limits:
    """p chart: the points are the shares `defects / sizes`.

    Parameters
    ----------
    defects, sizes : ndarray, shape (n,)
        Defective units and inspected units of each sample; sizes may differ, or be one number.
    multiple : float
        Width of the limits in sigma.
    laney : bool
        Widen (or narrow) the limits by the spread between samples that binomial chance does not explain (Laney's p′): large
        samples otherwise alarm on every harmless difference between days.
    centre : float, optional
        A given share (phase II) instead of the share in these samples.

    Returns
    -------
    Limits
        `lower` and `upper` of shape (n,); `sigma` is that of the mean size.
    """
    defects, sizes = _defects(defects, sizes)
    centre = float(defects.sum() / sizes.sum()) if centre is None else centre
    if not 0.0 <= centre <= 1.0:
        raise ValueError(f"a share lies between 0 and 1, got a centre of {centre}")
    sigmas = np.sqrt(centre * (1.0 - centre) / sizes)
    factor = overdispersion(defects / sizes, centre, sigmas) if laney else 1.0
    width = multiple * sigmas * factor
    return Limits(
        centre=centre,
        lower=np.maximum(0.0, centre - width),
        upper=np.minimum(1.0, centre + width),
        sigma=sqrt(centre * (1.0 - centre) / float(sizes.mean())) * factor,
    )


def np_chart(defects: np.ndarray, size: float, *, multiple: float = 3.0, centre: float | None = None) -> Limits:
    """np chart: the points are the numbers of defective units, shape (n,), in samples of one `size`.

    `centre` is a given number of defective units (phase II).
    """
    defects, sizes = _defects(defects, size)
    size = float(sizes[0])
    centre = float(defects.mean()) if centre is None else centre
    if not 0.0 <= centre <= size:
        raise ValueError(
            f"a number of defective units lies between 0 and the sample size {size}, got a centre of {centre}"
        )
    sigma = sqrt(centre * (1.0 - centre / size))
    limits = limits_around(centre, multiple * sigma, sigma=sigma, floor=0.0)
    return Limits(centre=centre, lower=limits.lower, upper=np.minimum(size, limits.upper), sigma=sigma)


def c_chart(counts: np.ndarray, *, multiple: float = 3.0, centre: float | None = None) -> Limits:
    """c chart of counts of defects on equal areas, shape (n,): mean ± multiple·√mean. `centre`: a given mean (phase II)."""
    counts = vector(counts)
    if np.isnan(counts).all() or np.nanmin(counts) < 0:
        raise ValueError(f"counts must not be negative, and not all missing, got {counts[:5]}")
    centre = float(np.nanmean(counts)) if centre is None else centre
    if centre < 0:
        raise ValueError(f"a mean of counts must not be negative, got {centre}")
    return limits_around(centre, multiple * sqrt(centre), sigma=sqrt(centre), floor=0.0)


def u_chart(
    counts: np.ndarray,
    sizes: np.ndarray | float,
    *,
    multiple: float = 3.0,
    laney: bool = False,
    centre: float | None = None,
) -> Limits:
    """u chart of defects per unit: the points are `counts / sizes`. Arguments and result as `p_chart`; `laney` gives u′."""
    counts, sizes = counts_and_sizes(counts, sizes)
    centre = float(counts.sum() / sizes.sum()) if centre is None else centre
    if centre < 0:
        raise ValueError(f"a mean of counts must not be negative, got {centre}")
    sigmas = np.sqrt(centre / sizes)
    factor = overdispersion(counts / sizes, centre, sigmas) if laney else 1.0
    width = multiple * sigmas * factor
    return Limits(
        centre=centre,
        lower=np.maximum(0.0, centre - width),
        upper=centre + width,
        sigma=sqrt(centre / float(sizes.mean())) * factor,
    )


def overdispersion(points: np.ndarray, centre: float, sigmas: np.ndarray) -> float:
    """Laney's σ_z: the moving-range sigma of the standardised points, shape (n,); 1 = chance alone explains the spread."""
    if points.size < 2 or not np.all(sigmas > 0):
        return 1.0
    z = (points - centre) / sigmas
    return float(np.abs(np.diff(z)).mean()) / D2_OF_TWO


def _defects(defects: np.ndarray, sizes: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    defects, sizes = counts_and_sizes(defects, sizes)
    if np.any(defects > sizes):
        raise ValueError("counts must lie between 0 and their sizes, and sizes must be positive")
    return defects, sizes
