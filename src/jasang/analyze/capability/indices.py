"""Process capability with confidence intervals: Cp, Cpk, Cpl, Cpu, Cpm from a within sigma; Pp and Ppk from the overall sigma.

Sources: Montgomery, Introduction to Statistical Quality Control; Bissell (1990), Applied Statistics 39(3), for Cpk; chi-square
for Cp; Boyles (1991), Journal of Quality Technology 23(1), for Cpm. The intervals assume normal values; `effective_size` carries
the number of independent values where neighbours resemble each other.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy import stats

from jasang.analyze.value_rows import value_row


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A capability index with its confidence interval; no unit."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """How a process fits its specification. An index is `None` where a limit (or the target, for Cpm) is missing.

    `cpmk` (Pearn, Kotz and Johnson 1992) has no interval.

    `below` and `above` are the expected shares outside the limits of a normal process; `off_centre` is k, the distance of the
    mean from the middle in half tolerances (0 = centred, 1 = on a limit).
    """

    mean: float
    sigma: float
    overall_sigma: float
    cp: float | None
    cpl: float | None
    cpu: float | None
    cpk: float
    pp: float | None
    ppl: float | None
    ppu: float | None
    ppk: float
    cpm: float | None
    cpmk: float | None
    cp_interval: tuple[float, float] | None
    cpl_interval: tuple[float, float] | None
    cpu_interval: tuple[float, float] | None
    cpk_interval: tuple[float, float]
    pp_interval: tuple[float, float] | None
    ppk_interval: tuple[float, float]
    cpm_interval: tuple[float, float] | None
    off_centre: float | None
    below: float
    above: float


def process_capability(
    values: np.ndarray,
    *,
    low: float | None = None,
    high: float | None = None,
    target: float | None = None,
    sigma: float | None = None,
    confidence: float = 0.95,
    effective_size: float | None = None,
) -> Capability:
    """Capability of measured values, shape (n,), NaN = missing, against specification limits in the same unit.

    Without `sigma` (within subgroups or from the moving range) the sample standard deviation serves for Cp and Cpk too.

    >>> process_capability(np.array([198.0, 203.0, 206.0, 195.0, 201.0]), low=190.0, high=210.0).cpk.__round__(3)
    0.732
    """
    values = value_row(np.ravel(values) if isinstance(values, np.ndarray) else values)
    known = values[~np.isnan(values)]
    if known.size < 2:
        raise ValueError(f"capability needs at least 2 values, got {known.size}")
    overall = float(np.std(known, ddof=1))
    return capability_from_summary(
        mean=float(known.mean()),
        sigma=overall if sigma is None else sigma,
        overall_sigma=overall,
        size=float(known.size) if effective_size is None else effective_size,
        low=low,
        high=high,
        target=target,
        confidence=confidence,
    )


def capability_from_summary(
    *,
    mean: float,
    sigma: float,
    size: float,
    low: float | None = None,
    high: float | None = None,
    target: float | None = None,
    overall_sigma: float | None = None,
    confidence: float = 0.95,
) -> Capability:
    """Capability from a mean, a sigma and the number of (independent) values they come from."""
    if low is None and high is None:
        raise ValueError("capability needs a lower or an upper specification limit")
    if low is not None and high is not None and low >= high:
        raise ValueError(f"the lower specification limit {low} must be below the upper {high}")
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence lies between 0 and 1, such as 0.95, got {confidence}")
    if not sigma > 0:
        raise ValueError(f"sigma must be positive, got {sigma}")
    if not size > 1:
        raise ValueError(f"size must be more than 1, got {size}")
    overall = sigma if overall_sigma is None else overall_sigma
    two_sided = low is not None and high is not None
    alpha = 1.0 - confidence
    cpl = None if low is None else (mean - low) / (3.0 * sigma)
    cpu = None if high is None else (high - mean) / (3.0 * sigma)
    cpk = min(index for index in (cpl, cpu) if index is not None)
    cp = (high - low) / (6.0 * sigma) if low is not None and high is not None else None
    cpm = _cpm(mean, sigma, low, high, target)
    # A one-sided index is asked "at least so much?", so its limits are one-sided 95 % bounds each, as in ISO 22514 and qcc.
    one_sided = 2.0 * alpha
    ppk = cpk * sigma / overall
    return Capability(
        mean=mean,
        sigma=sigma,
        overall_sigma=overall,
        cp=cp,
        cpl=cpl,
        cpu=cpu,
        cpk=cpk,
        pp=None if cp is None else cp * sigma / overall,
        ppl=None if cpl is None else cpl * sigma / overall,
        ppu=None if cpu is None else cpu * sigma / overall,
        ppk=ppk,
        cpm=cpm,
        cpmk=None if cpm is None or target is None else cpk / sqrt(1.0 + ((mean - target) / sigma) ** 2),
        cp_interval=None if cp is None else _chi_square_interval(cp, size - 1.0, alpha),
        cpl_interval=None if cpl is None else _bissell_interval(cpl, size, one_sided),
        cpu_interval=None if cpu is None else _bissell_interval(cpu, size, one_sided),
        cpk_interval=_bissell_interval(cpk, size, alpha if two_sided else one_sided),
        pp_interval=None if cp is None else _chi_square_interval(cp * sigma / overall, size - 1.0, alpha),
        ppk_interval=_bissell_interval(ppk, size, alpha if two_sided else one_sided),
        cpm_interval=None if cpm is None or target is None else _cpm_interval(cpm, mean, sigma, target, size, alpha),
        off_centre=None if low is None or high is None else abs(mean - (low + high) / 2.0) / ((high - low) / 2.0),
        below=0.0 if low is None else float(stats.norm.cdf((low - mean) / overall)),
        above=0.0 if high is None else float(stats.norm.sf((high - mean) / overall)),
    )


def _cpm(mean: float, sigma: float, low: float | None, high: float | None, target: float | None) -> float | None:
    if low is None or high is None or target is None:
        return None
    # The full tolerance, also where the target is not in its middle: so the printed results of the reference have it.
    return (high - low) / (6.0 * sqrt(sigma**2 + (mean - target) ** 2))


def _chi_square_interval(index: float, freedom: float, alpha: float) -> tuple[float, float]:
    low, high = stats.chi2.ppf([alpha / 2.0, 1.0 - alpha / 2.0], freedom)
    return index * sqrt(low / freedom), index * sqrt(high / freedom)


def _bissell_interval(index: float, size: float, alpha: float) -> tuple[float, float]:
    spread = sqrt(1.0 / (9.0 * size) + index**2 / (2.0 * (size - 1.0)))
    z = float(stats.norm.ppf(1.0 - alpha / 2.0))
    return index - z * spread, index + z * spread


def _cpm_interval(
    cpm: float, mean: float, sigma: float, target: float, size: float, alpha: float
) -> tuple[float, float]:
    shift = ((mean - target) / sigma) ** 2
    freedom = size * (1.0 + shift) ** 2 / (1.0 + 2.0 * shift)
    return _chi_square_interval(cpm, freedom, alpha)
