"""Gauge repeatability and reproducibility by analysis of variance: crossed, nested (destructive), with or without operators.

Sources: AIAG, Measurement Systems Analysis, 4th ed.; Burdick, Borror and Montgomery (2005). Missing cells and unequal numbers of
trials are allowed. See `ranges` for the average-and-range method.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from jasang.analyze.gauge.people import OperatorResult, PartResult, operator_results, part_results
from jasang.analyze.gauge.table import GaugeTable, gauge_table
from jasang.analyze.variance_components import Term, VarianceComponents, variance_components

GOOD = 0.10  # share of the tolerance (or of the variation) up to which a gauge is good …
USABLE = 0.30  # … and up to which it may do, after AIAG MSA
DISTINCT = 1.41  # number of distinct categories = 1.41 PV/GRR, cut off, as AIAG prints it
Design = Literal["crossed", "nested", "repeats"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GaugeLine:
    """One source of variation: repeatability, reproducibility, operator, interaction, gauge, part or total.

    `sd` is a standard deviation in the unit of the values, `spread` the multiple (6) of it; `contribution` is its share of the
    total variance, `share` its share of the total standard deviation, `tolerance_share` its spread over the tolerance. All three
    are fractions. Pairs are 95 % intervals.
    """

    name: str
    variance: float
    sd: float
    sd_interval: tuple[float, float]
    spread: float
    contribution: float
    share: float
    share_interval: tuple[float, float]
    tolerance_share: float | None
    tolerance_interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GaugeStudy:
    """The answer of a gauge study. `lines` are gauge, repeatability, reproducibility, operator, interaction, part, total.

    `pooled` says that the interaction was not significant and went into repeatability; `p_interaction` is NaN where there
    was none to test. `verdict` follows the AIAG limits of 10 and 30 % on `basis`.
    """

    design: Design
    operators: tuple[OperatorResult, ...]
    parts: tuple[PartResult, ...]
    trials: tuple[int, int]  # fewest and most in a cell
    values: int
    missing_cells: int
    lines: tuple[GaugeLine, ...]
    anova: VarianceComponents
    full_anova: VarianceComponents
    pooled: bool
    p_interaction: float
    ndc: int
    ndc_interval: tuple[int, int]
    tolerance: float | None
    multiple: float
    verdict: Literal["good", "usable", "poor"]
    basis: Literal["tolerance", "variation"]

    def line(self, name: str) -> GaugeLine:
        """The line of that name."""
        for line in self.lines:
            if line.name == name:
                return line
        raise KeyError(f"no line {name!r}; there are {[line.name for line in self.lines]}")

    @property
    def gauge_share(self) -> float:
        """The share that the verdict rests on: of the tolerance where it is known, else of the variation."""
        line = self.line("gauge")
        return line.tolerance_share if line.tolerance_share is not None else line.share

    @property
    def gauge_share_interval(self) -> tuple[float, float]:
        """95 % interval of `gauge_share`."""
        line = self.line("gauge")
        return line.tolerance_interval if line.tolerance_interval is not None else line.share_interval


def gauge_study(
    values: np.ndarray,
    parts: Sequence[object] | np.ndarray,
    operators: Sequence[object] | np.ndarray | None = None,
    *,
    low: float | None = None,
    high: float | None = None,
    tolerance: float | None = None,
    design: Design | Literal["auto"] = "auto",
    pool_above: float = 0.05,
    process_sigma: float | None = None,
    multiple: float = 6.0,
    confidence: float = 0.95,
    seed: int = 0,
) -> GaugeStudy:
    """Gauge R&R by analysis of variance.

    Parameters
    ----------
    values
        Measured values, shape (n,), NaN = missing; one row a measurement in any order.
    parts, operators
        Which part was measured by whom, each of length n. Without operators: repeatability only.
    low, high, tolerance
        Specification limits in the unit of the values, or the tolerance itself. With one limit the distance from the mean to it
        counts as half the tolerance.
    design
        "crossed" = every operator measures the same parts; "nested" = each part belongs to one operator (destructive tests);
        "auto" takes "nested" where no part was measured by two operators.
    pool_above
        An interaction whose p-value is above goes into repeatability (0.05 as in Minitab; the AIAG manual also mentions 0.25).
    process_sigma
        Total standard deviation of the process where known; else that of the study.
    multiple
        Standard deviations that make up a spread (6; older manuals 5.15).

    Raises
    ------
    ValueError
        Fewer than two parts, no repeated measurement, or arrays that do not match.
    """
    table = gauge_table(values, parts, operators, design=design)
    full, anova, pooled, p = _components(table, pool_above, confidence, seed)
    width = _tolerance(table, low, high, tolerance)
    lines = _lines(anova, full, width, process_sigma, multiple)
    gauge = next(line for line in lines if line.name == "gauge")
    share = gauge.tolerance_share if gauge.tolerance_share is not None else gauge.share
    categories = _categories(anova, full)
    return GaugeStudy(
        design=table.design,
        operators=operator_results(table, confidence),
        parts=part_results(table),
        trials=table.trials,
        values=table.values.size,
        missing_cells=table.missing_cells,
        lines=lines,
        anova=anova,
        full_anova=full,
        pooled=pooled,
        p_interaction=p,
        ndc=categories[0],
        ndc_interval=categories[1:],
        tolerance=width,
        multiple=multiple,
        verdict="good" if share <= GOOD else "usable" if share <= USABLE else "poor",
        basis="variation" if width is None else "tolerance",
    )


def _components(
    table: GaugeTable, pool_above: float, confidence: float, seed: int
) -> tuple[VarianceComponents, VarianceComponents, bool, float]:
    """The components with the interaction, those to use, whether the interaction was pooled, and its p-value."""
    factors = {"part": table.part_names(), "operator": table.operator_names()}

    def of(*terms: Term) -> VarianceComponents:
        return variance_components(table.values, factors, terms, confidence=confidence, seed=seed)

    if table.design == "repeats":
        made = of(("part",))
        return made, made, False, float("nan")
    if table.design == "nested":
        made = of(("operator",), ("operator", "part"))
        return made, made, False, float("nan")
    plain = of(("part",), ("operator",))
    if table.trials[1] < 2:
        return plain, plain, True, float("nan")  # one trial each: nothing tells interaction from repetition
    try:
        full = of(("part",), ("operator",), ("part", "operator"))
    except ValueError:
        return plain, plain, True, float("nan")
    p = full.component("part", "operator").p
    keep = bool(p <= pool_above)
    return full, full if keep else plain, not keep, p


def _tolerance(table: GaugeTable, low: float | None, high: float | None, tolerance: float | None) -> float | None:
    if tolerance is None:
        if low is not None and high is not None:
            tolerance = high - low
        elif low is not None or high is not None:
            limit = low if low is not None else high
            tolerance = 2.0 * abs(float(limit or 0.0) - float(table.values.mean()))
    if tolerance is not None and not tolerance > 0:
        raise ValueError(f"the tolerance must be positive, got {tolerance} (lower limit {low}, upper limit {high})")
    return tolerance


_PARTS_OF: dict[str, Callable[[Term], bool]] = {
    "gauge": lambda term: term not in (("part",), ("operator", "part")),
    "repeatability": lambda term: term == ("residual",),
    "reproducibility": lambda term: "operator" in term and term != ("operator", "part"),
    "operator": lambda term: term == ("operator",),
    "interaction": lambda term: term == ("part", "operator"),
    "part": lambda term: term in (("part",), ("operator", "part")),
    "total": lambda term: bool(term),
}


def _lines(
    anova: VarianceComponents,
    full: VarianceComponents,
    width: float | None,
    process_sigma: float | None,
    multiple: float,
) -> tuple[GaugeLine, ...]:
    # Intervals come from the full model: pooling an interaction that is there but was not seen would make them too narrow.
    variances = np.array([component.variance for component in anova.components])
    terms = [component.term for component in anova.components]
    total = float(variances.sum()) if process_sigma is None else process_sigma**2
    drawn_total = _sum(full, _PARTS_OF["total"]) if process_sigma is None else np.full(full.draws.shape[0], total)
    lines = []
    for name, belongs in _PARTS_OF.items():
        mine = np.array([belongs(term) for term in terms])
        if name in ("reproducibility", "operator", "interaction") and not mine.any():
            continue
        variance = float(variances[mine].sum())
        drawn = _sum(full, belongs)
        if process_sigma is not None and name in ("total", "part"):
            variance = total if name == "total" else max(0.0, total - _gauge_variance(variances, terms))
        sd = variance**0.5
        low, high = (bound**0.5 for bound in full.bounds(drawn))
        low, high = min(low, sd), max(high, sd)
        lines.append(
            GaugeLine(
                name=name,
                variance=variance,
                sd=sd,
                sd_interval=(low, high),
                spread=multiple * sd,
                contribution=variance / total if total > 0 else 0.0,
                share=(variance / total) ** 0.5 if total > 0 else 0.0,
                share_interval=_ratio_bounds(full, drawn, drawn_total),
                tolerance_share=None if width is None else multiple * sd / width,
                tolerance_interval=None if width is None else (multiple * low / width, multiple * high / width),
            )
        )
    return tuple(lines)


def _sum(made: VarianceComponents, belongs: Callable[[Term], bool]) -> np.ndarray:
    """Drawn variances of all the components that belong, shape (draws,)."""
    mine = [belongs(component.term) for component in made.components]
    return np.asarray(np.maximum(0.0, made.draws[:, mine].sum(axis=1)))


def _gauge_variance(variances: np.ndarray, terms: list[Term]) -> float:
    return float(sum(variance for variance, term in zip(variances, terms, strict=True) if _PARTS_OF["gauge"](term)))


def _ratio_bounds(anova: VarianceComponents, drawn: np.ndarray, total: np.ndarray) -> tuple[float, float]:
    ratio = np.sqrt(np.minimum(1.0, np.divide(drawn, total, out=np.zeros_like(drawn), where=total > 0)))
    return anova.bounds(ratio)


def _categories(anova: VarianceComponents, full: VarianceComponents) -> tuple[int, int, int]:
    terms = [component.term for component in anova.components]
    is_part = np.array([_PARTS_OF["part"](term) for term in terms])
    variances = np.array([component.variance for component in anova.components])
    part, gauge = float(variances[is_part].sum()), float(variances[~is_part].sum())
    least = np.finfo(float).tiny
    ratio = DISTINCT * np.sqrt(_sum(full, _PARTS_OF["part"]) / np.maximum(_sum(full, _PARTS_OF["gauge"]), least))
    low, high = full.bounds(ratio)
    most = 10_000.0  # a gauge without any scatter tells as many as one likes
    now = min(most, DISTINCT * (part / max(gauge, least)) ** 0.5)
    return max(1, int(now)), max(1, int(min(most, low))), max(1, int(min(most, high)))
