"""One call for any chart of counts: phase I, limits and the run length the chart really has."""

from math import sqrt

import numpy as np
from scipy import stats

from jasang.analyze.control_charts.attributes import overdispersion
from jasang.analyze.control_charts.choice import ChartChoice, ChartKind, choose_for_counts
from jasang.analyze.control_charts.inputs import counts_and_sizes, vector
from jasang.analyze.control_charts.one_call import SHIFT, ControlChart, known_kind
from jasang.analyze.control_charts.phases import Exclusion
from jasang.analyze.control_charts.run_length import shewhart_run_length


def count_chart(
    counts: np.ndarray,
    sizes: np.ndarray | None = None,
    *,
    defectives: bool = True,
    kind: ChartKind | str = "auto",
    baseline: np.ndarray | None = None,
) -> ControlChart:
    """A chart of counts of each sample, shape (n,): of defective units among `sizes`, or of defects (`defectives` False).

    `kind`: "auto", or one of p, p_laney, np, u, u_laney, c. Only points beyond the limits count as alarms: run rules assume a
    symmetric distribution. Phase I as in `control_chart`, samples beyond the limits left out once.
    """
    counts = vector(counts)
    if np.isnan(counts).any():
        raise ValueError("counts must not be missing; leave such samples out")
    if sizes is None and kind in ("p", "p_laney", "np", "u", "u_laney"):
        raise ValueError(f"a chart of kind {kind} needs the number of units inspected")
    amounts = np.ones(counts.size) if sizes is None else counts_and_sizes(counts, sizes)[1]
    inside = np.ones(counts.size, dtype=bool) if baseline is None else np.asarray(baseline, dtype=bool)
    if not inside.any():
        raise ValueError("the baseline holds no sample")
    if kind == "auto":
        choice = choose_for_counts(counts[inside], None if sizes is None else amounts[inside], defectives=defectives)
    else:
        choice = ChartChoice(kind=known_kind(kind), because="asked", figure=float("nan"))
    binomial = choice.kind in ("p", "p_laney", "np")
    if binomial and np.any(counts > amounts):
        raise ValueError("counts must lie between 0 and their sizes, and sizes must be positive")
    if choice.kind in ("np", "c") and np.ptp(amounts) > 0:
        raise ValueError(f"a chart of kind {choice.kind} needs samples of one size")
    share = counts / amounts
    first = _count_limits(counts, amounts, inside, choice.kind)
    out = inside & ((share > first[2]) | (share < first[1]))
    kept = inside & ~out if out.sum() <= 0.2 * inside.sum() else inside
    stable = bool(kept is not inside or not out.any())
    centre, lower, upper, sigma = _count_limits(counts, amounts, kept, choice.kind)
    scale = float(amounts[0]) if choice.kind in ("np", "c") else 1.0
    points = share * scale
    lower, upper = lower * scale, upper * scale
    flags = ((points > upper) | (points < lower))[None, :]
    excluded = tuple(
        Exclusion(
            row=row,
            value=float(points[row]),
            round=1,
            side="above" if share[row] > first[2][row] else "below",
            limit=float((first[2] if share[row] > first[2][row] else first[1])[row] * scale),
        )
        for row in (np.flatnonzero(out).tolist() if kept is not inside else [])
    )
    laney = choice.kind in ("p_laney", "u_laney")
    usual = float(np.median(amounts[inside]))
    return ControlChart(
        choice=choice,
        points=points,
        rows=np.arange(points.size),
        centre=np.full(points.size, centre * scale),
        lower=lower,
        upper=upper,
        sigma=sigma * scale,
        baseline=inside,
        stable=stable,
        excluded=excluded,
        rules=(1,),
        rule_flags=flags,
        level_alarms=np.zeros(points.size, dtype=bool),
        run_length=shewhart_run_length() if laney else _count_run_length(centre, centre, usual, binomial),
        shifted_run_length=shewhart_run_length(shift=SHIFT)
        if laney
        else _count_run_length(centre, centre + SHIFT * _count_sigma(centre, usual, binomial), usual, binomial),
    )


def _count_limits(
    counts: np.ndarray, sizes: np.ndarray, kept: np.ndarray, kind: str
) -> tuple[float, np.ndarray, np.ndarray, float]:
    """Centre, limits (for every sample) and sigma of the usual size, all as shares."""
    binomial = kind in ("p", "p_laney", "np")
    centre = float(counts[kept].sum() / sizes[kept].sum())
    variance = max(0.0, centre * (1.0 - centre) if binomial else centre)
    sigmas = np.sqrt(variance / sizes)
    factor = overdispersion(counts[kept] / sizes[kept], centre, sigmas[kept]) if kind.endswith("laney") else 1.0
    lower, upper = np.maximum(0.0, centre - 3.0 * factor * sigmas), centre + 3.0 * factor * sigmas
    return centre, lower, np.minimum(1.0, upper) if binomial else upper, float(np.median(sigmas)) * factor


def _count_sigma(centre: float, size: float, binomial: bool) -> float:
    return sqrt(max(0.0, centre * (1.0 - centre) if binomial else centre) / size)


def _count_run_length(centre: float, mean: float, size: float, binomial: bool) -> float:
    """Exact, from the binomial or Poisson distribution at the usual size; limits for `centre`, process at `mean`."""
    width = 3.0 * _count_sigma(centre, size, binomial)
    top, bottom = (centre + width) * size, (centre - width) * size
    law = stats.binom(round(size), min(1.0, mean)) if binomial else stats.poisson(mean * size)
    alarm = float(law.sf(np.floor(top + 1e-9))) + (float(law.cdf(np.ceil(bottom - 1e-9) - 1)) if bottom > 0 else 0.0)
    return 1.0 / alarm if alarm > 0 else float("inf")
