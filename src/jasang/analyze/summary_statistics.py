"""Mean, standard deviation and lag-one autocorrelation of a row of values, to the last digit that the data have.

Exact in decimals up to `exact_decimals.LONGEST` values, in two passes beyond. Tested against the certified values of the NIST
Statistical Reference Datasets (docs/statistics.md).
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from jasang.analyze.exact_decimals import exact_integers, root


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a row of values looks like; mean, median and sd in the unit of the values.

    `sd` has n − 1 in its denominator and is 0.0 for a constant row; `lag1_autocorrelation` and `skewness` are then 0.0 too.
    `kurtosis` is the excess over that of a normal distribution.
    """

    count: int
    missing: int
    mean: float
    sd: float
    lag1_autocorrelation: float
    minimum: float
    median: float
    maximum: float
    skewness: float
    kurtosis: float


def summary_statistics(values: np.ndarray) -> Summary:
    """Summary of values, shape (n,), in order; NaN = missing, left out.

    Raises
    ------
    ValueError
        Fewer than two values.

    >>> summary_statistics(np.array([10000001.0, 10000003.0, 10000002.0])).sd
    1.0
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"expected a row of values, got shape {values.shape}")
    known = values[np.isfinite(values)]
    if known.size < 2:
        raise ValueError(f"a summary needs at least 2 values, got {known.size}")
    integers = exact_integers(known)
    mean, sd, lag1 = _in_two_passes(known) if integers is None else _exactly(*integers)
    z = (known - mean) / sd if sd > 0 else np.zeros(known.size)
    n = known.size
    scale = n / (n - 1)
    return Summary(
        count=n,
        missing=int(values.size - n),
        mean=mean,
        sd=sd,
        lag1_autocorrelation=lag1,
        minimum=float(known.min()),
        median=float(np.median(known)),
        maximum=float(known.max()),
        skewness=float(np.mean(z**3) * scale**1.5),
        kurtosis=float(np.mean(z**4) * scale**2 - 3.0) if sd > 0 else 0.0,
    )


def _exactly(integers: list[int], power: int) -> tuple[float, float, float]:
    n, total = len(integers), sum(integers)
    away = [n * value - total for value in integers]
    squares = sum(one * one for one in away)
    products = sum(one * other for one, other in zip(away[1:], away[:-1], strict=True))
    scale = 10**power
    mean = float(Fraction(total, n * scale))
    sd = root(Fraction(squares, n * n * (n - 1) * scale * scale))
    return mean, sd, float(Fraction(products, squares)) if squares else 0.0


def _in_two_passes(known: np.ndarray) -> tuple[float, float, float]:
    first = float(known.mean())
    away = known - first
    correction = float(away.mean())
    away = away - correction
    squares = float(away @ away)
    lag1 = float(away[1:] @ away[:-1]) / squares if squares > 0 else 0.0
    return first + correction, (squares / (known.size - 1)) ** 0.5, lag1
