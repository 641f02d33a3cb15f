"""One call for any chart of one quantity: phase I, limits, rules and the run length the chart really has.

For measurements; `count_chart` is the one for counts. With `kind="auto"` the chart is chosen from the data.
"""

from dataclasses import dataclass, replace
from math import isfinite, sqrt

import numpy as np

from jasang.analyze.control_charts.choice import (
    ChartChoice,
    ChartKind,
    choose_for_measurements,
    parts_matter,
)
from jasang.analyze.control_charts.constants import c4, range_constants
from jasang.analyze.control_charts.forecast import fit_forecast, forecast_chart, forecast_run_length
from jasang.analyze.control_charts.inputs import vector
from jasang.analyze.control_charts.many_parts import deviation_chart, standardised_chart
from jasang.analyze.control_charts.phases import Baseline, Exclusion, individuals_baseline
from jasang.analyze.control_charts.rule_bits import packed_rules
from jasang.analyze.control_charts.rule_run_length import resampled_run_length, rule_run_length, skewness
from jasang.analyze.control_charts.run_length import cusum_decision, cusum_run_length, ewma_multiple, ewma_run_length
from jasang.analyze.control_charts.subgroups import Subgrouping, none_subgroups
from jasang.analyze.control_charts.variables import individuals_chart
from jasang.analyze.control_charts.weighted import cusum_chart, ewma_chart
from jasang.analyze.run_rules import WESTERN_ELECTRIC

SHIFT = 2.0  # standard deviations, for which the run length is told
MOST_FITTED = 20_000
FEWEST_FOR_SHAPE, SKEWED = 100, 0.3
MOST_ALARMS = 0.2  # share of phase I beyond which a residual chart calls the process unstable
RUN_LENGTH = 370.0
EWMA_WEIGHT, EWMA_MULTIPLE = 0.2, 2.86  # run length 370 without a shift
CUSUM_K, CUSUM_H = 0.5, 4.77  # run length 370 without a shift


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighting:
    """How an EWMA (`weight`, `multiple`) or a CUSUM (`k`, `h`, `head_start`) remembers, and the `target` of both.

    What is `None` is chosen: weight 0.2, k 0.5, widths with a run length of 370 points without a shift, target from phase I.
    """

    weight: float | None = None
    multiple: float | None = None
    k: float | None = None
    h: float | None = None
    head_start: float = 0.0
    target: float | None = None

    def of_ewma(self) -> tuple[float, float]:
        """Weight and width."""
        weight = EWMA_WEIGHT if self.weight is None else self.weight
        if not 0.0 < weight <= 1.0:
            raise ValueError(f"the weight of an EWMA must be in (0, 1], got {weight}")
        if self.multiple is not None:
            return weight, self.multiple
        return weight, EWMA_MULTIPLE if weight == EWMA_WEIGHT else ewma_multiple(weight=weight, run_length=RUN_LENGTH)

    def of_cusum(self) -> tuple[float, float]:
        """Reference value and decision interval."""
        k = CUSUM_K if self.k is None else self.k
        if self.h is not None:
            return k, self.h
        return k, CUSUM_H if k == CUSUM_K else cusum_decision(k=k, run_length=RUN_LENGTH)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlChart:
    """A chart ready to be drawn and judged; arrays of shape (points,) unless said.

    `points` are what is plotted and `rows` the index of the first value of each (for subgroups). `centre`, `lower`, `upper` are
    the lines at each point. `baseline` is True in phase I, `excluded` the points left out there, each with its reason.
    `rule_flags`, shape (rules, points), says which point completes which of `rules`; `level_alarms` are those of the second chart
    of a residual chart. `spreads` with `spread_limit` is the chart of spread (moving range, R or S), where there is one.
    `run_length` is the mean number of points to a false alarm and `shifted_run_length` that after a lasting shift of 2 standard
    deviations of a point.
    """

    choice: ChartChoice
    points: np.ndarray
    rows: np.ndarray
    centre: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    sigma: float
    baseline: np.ndarray
    stable: bool
    excluded: tuple[Exclusion, ...]
    rules: tuple[int, ...]
    rule_flags: np.ndarray
    level_alarms: np.ndarray
    run_length: float
    shifted_run_length: float
    spreads: np.ndarray | None = None
    spread_limit: np.ndarray | None = None
    spread_centre: float | None = None

    @property
    def kind(self) -> ChartKind:
        """The kind of chart."""
        return self.choice.kind

    @property
    def beyond(self) -> np.ndarray:
        """True where a point is outside the limits."""
        return np.asarray((self.points > self.upper) | (self.points < self.lower))

    @property
    def alarms(self) -> np.ndarray:
        """True where any rule is completed or the level is out."""
        return np.asarray(self.rule_flags.any(axis=0) | self.level_alarms)


def control_chart(
    values: np.ndarray,
    *,
    kind: ChartKind | str = "auto",
    subgroups: Subgrouping | None = None,
    parts: np.ndarray | None = None,
    baseline: np.ndarray | None = None,
    breaks: np.ndarray | None = None,
    rules: tuple[int, ...] = WESTERN_ELECTRIC,
    weighting: Weighting | None = None,
    revise: bool | None = None,
) -> ControlChart:
    """A control chart of measured values in order of time.

    Parameters
    ----------
    values : ndarray, shape (n,)
        NaN is missing.
    kind : str
        "auto", or one of imr, xbar_r, xbar_s, between_within, residual, deviation, standardised, ewma, cusum.
    subgroups : Subgrouping, optional
        Which values belong together (`rational_subgroups`, `equal_blocks`).
    parts : ndarray of str, shape (n,), optional
        The part each value is of. With "auto" it counts only where parts differ beyond chance.
    baseline : ndarray of bool, shape (n,), optional
        Phase I: the values the limits are made from; all where not given.
    revise : bool, optional
        Whether points beyond the limits of phase I are left out of them, each with its reason. Where nothing is said: yes, unless
        a baseline is given, which is then taken as it is.
    breaks : ndarray of bool, shape (n,), optional
        True where the record goes on after a pause (`pauses`); forecasts do not reach over it.
    rules : tuple of int
        Run rules (`run_rules.RULES`).
    weighting : Weighting, optional
        Weight, widths and target of an EWMA or CUSUM chart.
    """
    values = vector(values)
    inside = np.ones(values.size, dtype=bool) if baseline is None else np.asarray(baseline, dtype=bool)
    if inside.shape != values.shape:
        raise ValueError(f"one flag for every value is needed, got {values.shape} values and {inside.shape} flags")
    if np.count_nonzero(~np.isnan(values[inside])) < 2:
        raise ValueError("the baseline holds fewer than 2 values")
    groups = none_subgroups(values) if subgroups is None else subgroups
    revised = baseline is None if revise is None else revise
    if kind == "auto":
        usable = parts if parts is not None and parts_matter(values[inside], np.asarray(parts)[inside]) else None
        choice = choose_for_measurements(
            values[inside][:MOST_FITTED], subgroups=_within(groups, inside), parts=_cut(usable, inside)
        )
    else:
        choice = ChartChoice(kind=known_kind(kind), because="asked", figure=float("nan"))
    if choice.kind in ("xbar_r", "xbar_s", "between_within"):
        if groups.source == "none":
            raise ValueError(f"a chart of kind {choice.kind} needs subgroups")
        return _means(values, groups, inside, choice, rules, revised)
    if choice.kind in ("deviation", "standardised"):
        if parts is None:
            raise ValueError(f"a chart of kind {choice.kind} needs the part of each value")
        return _short_run(values, np.asarray(parts), inside, choice, rules, breaks)
    if choice.kind == "residual":
        return _residual(values, inside, choice, rules, breaks)
    if choice.kind in ("ewma", "cusum"):
        return _with_memory(values, inside, choice, weighting or Weighting(), revised)
    return _individuals(values, inside, choice, rules, revised)


def _individuals(
    values: np.ndarray, inside: np.ndarray, choice: ChartChoice, rules: tuple[int, ...], revise: bool = True
) -> ControlChart:
    base = _baseline(values, inside, revise)
    sigma, centre = base.limits.sigma, base.limits.centre
    ranges = np.concatenate([[np.nan], np.abs(np.diff(values))])
    d2, d3 = range_constants(2)
    lengths = _run_lengths(values[inside], centre, sigma, base.size, rules)
    return _with_rules(
        ControlChart(
            choice=choice,
            points=values,
            rows=np.arange(values.size),
            centre=np.full(values.size, centre),
            lower=np.full(values.size, float(base.limits.lower)),
            upper=np.full(values.size, float(base.limits.upper)),
            sigma=sigma,
            baseline=inside,
            stable=base.stable,
            excluded=base.excluded,
            rules=rules,
            rule_flags=np.zeros((len(rules), values.size), dtype=bool),
            level_alarms=np.zeros(values.size, dtype=bool),
            run_length=lengths[0],
            shifted_run_length=lengths[1],
            spreads=ranges,
            spread_limit=np.full(values.size, (d2 + 3.0 * d3) * sigma),
            spread_centre=d2 * sigma,
        ),
        values,
        centre,
        sigma,
    )


def _baseline(values: np.ndarray, inside: np.ndarray, revise: bool) -> Baseline:
    """The limits of phase I: of the stated values as they are, or without those beyond."""
    if revise:
        return individuals_baseline(np.where(inside, values, np.nan))
    stated = values[inside]
    size = int(np.count_nonzero(~np.isnan(stated)))
    return Baseline(limits=individuals_chart(stated).location, excluded=(), rounds=1, stable=True, size=size)


def _run_lengths(
    trial: np.ndarray, centre: float, sigma: float, size: int, rules: tuple[int, ...]
) -> tuple[float, float]:
    """Without and after a shift of two sigma: of normal values, or of the record's own where they lie lopsided."""
    if lopsided(trial) and sigma > 0:
        first, second = (
            resampled_run_length(trial, centre=centre, sigma=sigma, rules=rules, shift=shift) for shift in (0.0, SHIFT)
        )
        return first, second
    return rule_run_length(rules, limits_from=max(2, _rounded(size))), rule_run_length(rules, shift=SHIFT)


def lopsided(values: np.ndarray) -> bool:
    """True where values are so many and so skewed that normal run lengths do not hold."""
    return bool(np.count_nonzero(~np.isnan(values)) >= FEWEST_FOR_SHAPE and abs(skewness(values)) > SKEWED)


def _with_rules(chart: ControlChart, points: np.ndarray, centre: float, sigma: float) -> ControlChart:
    if not sigma > 0:
        return chart
    flags = packed_rules(points, centre=centre, sigma=sigma)
    return replace(chart, rule_flags=flags[[rule - 1 for rule in chart.rules]])


def _rounded(size: int) -> int:
    """To two digits, so that charts of about one size share a simulation."""
    digits = max(0, len(str(size)) - 2)
    return int(round(size, -digits))


def _means(
    values: np.ndarray,
    groups: Subgrouping,
    inside: np.ndarray,
    choice: ChartChoice,
    rules: tuple[int, ...],
    revise: bool,
) -> ControlChart:
    known = (groups.codes >= 0) & ~np.isnan(values)
    rows = np.flatnonzero(known)
    _, first, inverse, sizes = np.unique(groups.codes[rows], return_index=True, return_inverse=True, return_counts=True)
    order = rows[np.argsort(inverse, kind="stable")]
    parts = np.split(values[order], np.cumsum(sizes)[:-1])
    full = np.flatnonzero(sizes > 1)
    parts, starts, sizes = [parts[i] for i in full], rows[first[full]], sizes[full]
    means = np.array([part.mean() for part in parts])
    base = np.array([inside[row] for row in starts])
    if base.sum() < 2:
        raise ValueError("the baseline holds fewer than 2 subgroups")
    by_range = choice.kind == "xbar_r"
    constants = {
        int(n): (range_constants(int(n)) if by_range else (c4(int(n)), sqrt(1.0 - c4(int(n)) ** 2)))
        for n in np.unique(sizes)
    }
    of_mean, of_spread = (np.array([constants[int(n)][place] for n in sizes]) for place in (0, 1))
    spreads = np.array([np.ptp(part) if by_range else part.std(ddof=1) for part in parts])
    sigma = float(np.mean((spreads / of_mean)[base]))
    spread_kept = base & (spreads <= (of_mean + 3.0 * of_spread) * sigma)
    if revise and spread_kept.sum() >= 0.8 * base.sum():
        sigma = float(np.mean((spreads / of_mean)[spread_kept]))
    if choice.kind == "between_within":
        made = _individuals(means, base, choice, rules, revise)
        return replace(
            made,
            rows=starts,
            spreads=spreads,
            spread_limit=(of_mean + 3.0 * of_spread) * sigma,
            spread_centre=float(np.mean(of_mean)) * sigma,
        )
    widths = sigma / np.sqrt(sizes)
    if revise:
        kept, excluded, centre, stable = _kept_means(means, sizes, widths, base)
    else:
        kept, excluded, centre, stable = base, (), float(means[base] @ sizes[base] / sizes[base].sum()), True
    chart = ControlChart(
        choice=choice,
        points=means,
        rows=starts,
        centre=np.full(means.size, centre),
        lower=centre - 3.0 * widths,
        upper=centre + 3.0 * widths,
        sigma=float(np.median(widths)),
        baseline=base,
        stable=stable,
        excluded=excluded,
        rules=rules,
        rule_flags=np.zeros((len(rules), means.size), dtype=bool),
        level_alarms=np.zeros(means.size, dtype=bool),
        run_length=rule_run_length(rules, limits_from=max(2, _rounded(int(kept.sum())))),
        shifted_run_length=rule_run_length(rules, shift=SHIFT),
        spreads=spreads,
        spread_limit=(of_mean + 3.0 * of_spread) * sigma,
        spread_centre=float(np.mean(of_mean)) * sigma,
    )
    even = np.ptp(widths) == 0.0
    scores = means if even else (means - centre) / np.where(widths > 0, widths, np.nan)
    return _with_rules(chart, scores, centre if even else 0.0, float(widths[0]) if even else 1.0)


def _kept_means(
    means: np.ndarray, sizes: np.ndarray, widths: np.ndarray, base: np.ndarray
) -> tuple[np.ndarray, tuple[Exclusion, ...], float, bool]:
    kept = base.copy()
    excluded: list[Exclusion] = []
    for turn in range(1, 30):
        centre = float(means[kept] @ sizes[kept] / sizes[kept].sum())
        out = kept & (np.abs(means - centre) > 3.0 * widths)
        if not out.any():
            return kept, tuple(excluded), centre, True
        if (base & ~kept | out).sum() > 0.2 * base.sum():
            break
        for row in np.flatnonzero(out).tolist():
            above = bool(means[row] > centre)
            limit = centre + (3.0 if above else -3.0) * float(widths[row])
            excluded.append(
                Exclusion(row=row, value=float(means[row]), round=turn, side="above" if above else "below", limit=limit)
            )
        kept &= ~out
    return base, (), float(np.median(means[base])), False


def _short_run(
    values: np.ndarray,
    parts: np.ndarray,
    inside: np.ndarray,
    choice: ChartChoice,
    rules: tuple[int, ...],
    breaks: np.ndarray | None,
) -> ControlChart:
    """Values of several parts brought on one scale by phase I, then charted as single values or by their forecasts."""
    make = deviation_chart if choice.kind == "deviation" else standardised_chart
    names = parts.astype(str)
    learnt = make(np.where(inside, values, np.nan), names)
    aims = np.array([learnt.targets.get(name, np.nan) for name in names])
    scales = np.array([learnt.sigmas.get(name, np.nan) for name in names])
    points = values - aims if choice.kind == "deviation" else (values - aims) / scales
    memory = choose_for_measurements(points[inside][:MOST_FITTED])
    if memory.kind == "residual":
        return replace(_residual(points, inside, choice, rules, breaks), choice=choice)
    return _individuals(points, inside, choice, rules)


def _residual(
    values: np.ndarray,
    inside: np.ndarray,
    choice: ChartChoice,
    rules: tuple[int, ...],
    breaks: np.ndarray | None,
) -> ControlChart:
    first, last = np.flatnonzero(inside)[[0, -1]]
    stretch = slice(first, min(last + 1, first + MOST_FITTED))
    trial = np.where(inside, values, np.nan)[stretch]
    model = fit_forecast(trial, breaks=None if breaks is None else breaks[stretch])
    made = forecast_chart(values, model=model, rules=rules, breaks=breaks)
    excluded = tuple(
        Exclusion(
            row=int(row + first),
            value=float(values[row + first]),
            round=1,
            side="above" if values[row + first] > made.forecast[row + first] else "below",
            limit=float((made.upper if values[row + first] > made.forecast[row + first] else made.lower)[row + first]),
        )
        for row in model.excluded
        if isfinite(made.forecast[row + first])
    )
    return ControlChart(
        choice=choice,
        points=values,
        rows=np.arange(values.size),
        centre=made.forecast,
        lower=made.lower,
        upper=made.upper,
        sigma=model.sigma,
        baseline=inside,
        stable=bool(np.mean(made.alarms[inside]) <= MOST_ALARMS),
        excluded=excluded,
        rules=rules,
        rule_flags=made.rule_flags,
        level_alarms=made.level_alarms,
        run_length=forecast_run_length(model, rules=rules),
        shifted_run_length=forecast_run_length(model, rules=rules, shift=SHIFT),
    )


def _with_memory(
    values: np.ndarray, inside: np.ndarray, choice: ChartChoice, weighting: Weighting, revise: bool
) -> ControlChart:
    base = _baseline(values, inside, revise)
    target = base.limits.centre if weighting.target is None else weighting.target
    sigma = base.limits.sigma
    if not sigma > 0:
        raise ValueError("the values do not vary")
    if choice.kind == "ewma":
        weight, multiple = weighting.of_ewma()
        ewma = ewma_chart(values, target=target, sigma=sigma, weight=weight, multiple=multiple)
        points, lower, upper, alarms = ewma.points, ewma.limits.lower, ewma.limits.upper, ewma.alarms
        lengths = tuple(ewma_run_length(weight=weight, multiple=multiple, shift=shift) for shift in (0.0, SHIFT))
        centre = target
    else:
        k, h = weighting.of_cusum()
        cusum = cusum_chart(values, target=target, sigma=sigma, k=k, h=h, head_start=weighting.head_start)
        points = np.where(cusum.above >= cusum.below, cusum.above, -cusum.below)
        lower, upper, alarms = np.asarray(-cusum.decision), np.asarray(cusum.decision), cusum.alarms
        lengths = tuple(
            cusum_run_length(k=k, h=h, shift=shift, head_start=weighting.head_start) for shift in (0.0, SHIFT)
        )
        centre = 0.0
    return ControlChart(
        choice=choice,
        points=points,
        rows=np.arange(values.size),
        centre=np.full(values.size, centre),
        lower=np.broadcast_to(lower, values.shape).astype(np.float64),
        upper=np.broadcast_to(upper, values.shape).astype(np.float64),
        sigma=sigma,
        baseline=inside,
        stable=base.stable,
        excluded=base.excluded,
        rules=(1,),
        rule_flags=alarms[None, :],
        level_alarms=np.zeros(values.size, dtype=bool),
        run_length=lengths[0],
        shifted_run_length=lengths[1],
    )


def known_kind(kind: str) -> ChartKind:
    """The kind of that name; ValueError with the names there are where there is none."""
    for one in ChartKind.__args__:  # type: ignore[attr-defined]
        if kind == one:
            return one  # type: ignore[no-any-return]
    raise ValueError(f"unknown chart {kind!r}; there are {list(ChartKind.__args__)}")  # type: ignore[attr-defined]


def _cut(parts: np.ndarray | None, inside: np.ndarray) -> np.ndarray | None:
    return None if parts is None else np.asarray(parts)[inside][:MOST_FITTED]


def _within(groups: Subgrouping, inside: np.ndarray) -> Subgrouping:
    return groups if inside.all() or groups.source == "none" else replace(groups, codes=groups.codes[inside])
