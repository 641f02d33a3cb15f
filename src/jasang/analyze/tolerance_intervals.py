"""Tolerance intervals: between which limits does at least a share p of a process lie, with confidence γ?

Sources: Howe (1969), Journal of the American Statistical Association 64, for the two-sided factor k₂ as the e-Handbook 7.2.6.3
prints it; the exact two-sided factor after ISO 16269-6; the non-central t for one side; Wilks (1941) without a distribution.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from scipy import optimize, stats

Method = Literal["howe", "exact"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToleranceInterval:
    """Limits that hold at least `share` of the process with `confidence`; one of them is infinite where one side was asked."""

    low: float
    high: float
    share: float
    confidence: float
    factor: float | None


@lru_cache(maxsize=256)
def tolerance_factor_two_sided(n: int, *, share: float, confidence: float, method: Method = "howe") -> float:
    """Factor k₂ of mean ± k₂·s for n values of a normal process.

    >>> round(tolerance_factor_two_sided(43, share=0.90, confidence=0.99), 3)
    2.217
    """
    _refuse(n, share, confidence)
    freedom = n - 1
    z = float(stats.norm.ppf(0.5 + share / 2))
    howe = z * float(np.sqrt(freedom * (1.0 + 1.0 / n) / stats.chi2.ppf(1.0 - confidence, freedom)))
    if method == "howe":
        return howe
    nodes, weights = np.polynomial.hermite.hermgauss(60)
    means = nodes * np.sqrt(2.0 / n)
    reach = np.array([_half_width(float(mean), share) for mean in means])

    def holds(k: float) -> float:
        return float(weights @ stats.chi2.sf(freedom * (reach / k) ** 2, freedom) / np.sqrt(np.pi)) - confidence

    return float(optimize.brentq(holds, 0.3 * howe, 3.0 * howe, xtol=1e-10))


def _half_width(mean: float, share: float) -> float:
    """R with Φ(mean + R) − Φ(mean − R) = share."""
    z = float(stats.norm.ppf(0.5 + share / 2))
    return float(
        optimize.brentq(
            lambda r: float(stats.norm.cdf(mean + r) - stats.norm.cdf(mean - r)) - share, 0.0, z + abs(mean) + 1.0
        )
    )


def tolerance_factor_one_sided(n: int, *, share: float, confidence: float) -> float:
    """Factor k₁ of mean + k₁·s (or mean − k₁·s) for n values of a normal process, exact.

    >>> round(tolerance_factor_one_sided(43, share=0.90, confidence=0.99), 4)
    1.874
    """
    _refuse(n, share, confidence)
    shift = float(stats.norm.ppf(share)) * np.sqrt(n)
    return float(stats.nct.ppf(confidence, n - 1, shift) / np.sqrt(n))


def tolerance_interval(
    values: np.ndarray,
    *,
    share: float = 0.99,
    confidence: float = 0.95,
    side: Literal["both", "upper", "lower"] = "both",
    normal: bool = True,
) -> ToleranceInterval:
    """Tolerance interval of values, shape (n,), NaN = missing.

    With `normal=False` the smallest and largest values serve, whatever the distribution; `ValueError` says how many values that
    takes where there are too few.
    """
    known = np.asarray(values, dtype=np.float64).ravel()
    known = known[np.isfinite(known)]
    _refuse(known.size, share, confidence)
    low, high, factor = float(known.min()), float(known.max()), None
    if normal:
        two = side == "both"
        factor = (
            tolerance_factor_two_sided(known.size, share=share, confidence=confidence, method="exact")
            if two
            else tolerance_factor_one_sided(known.size, share=share, confidence=confidence)
        )
        mean, sd = float(known.mean()), float(known.std(ddof=1))
        low, high = mean - factor * sd, mean + factor * sd
    else:
        needed = fewest_values(share=share, confidence=confidence, side=side)
        if known.size < needed:
            raise ValueError(
                f"{known.size} values are too few without a distribution: {100 * share:g} % with confidence "
                f"{100 * confidence:g} % takes {needed}"
            )
    return ToleranceInterval(
        low=low if side != "upper" else -np.inf,
        high=high if side != "lower" else np.inf,
        share=share,
        confidence=confidence,
        factor=factor,
    )


def fewest_values(*, share: float, confidence: float, side: Literal["both", "upper", "lower"] = "both") -> int:
    """Values needed so that the smallest and largest (or one of them) are tolerance limits whatever the distribution.

    >>> fewest_values(share=0.95, confidence=0.95)
    93
    """
    extremes = 2 if side == "both" else 1
    _refuse(2, share, confidence)
    n = extremes
    while float(stats.binom.cdf(n - extremes, n, share)) < confidence:
        n += 1
    return n


def _refuse(n: int, share: float, confidence: float) -> None:
    if n < 2:
        raise ValueError(f"a tolerance interval needs at least 2 values, got {n}")
    if not (0.0 < share < 1.0 and 0.0 < confidence < 1.0):
        raise ValueError(f"share and confidence lie between 0 and 1, got {share} and {confidence}")
