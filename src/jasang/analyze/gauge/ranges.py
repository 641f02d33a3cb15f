"""Gauge R&R by the average-and-range method of the AIAG manual: what a form on paper gives. Needs a balanced crossed study.

K₁ = 1/d₂ of the trials; K₂ and K₃ = 1/d₂* of the appraisers and parts with d₂* = √(d₂² + d₃²) for a single range, rounded to four
digits as the manual prints them (AIAG, Measurement Systems Analysis, 4th ed., appendix C).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jasang.analyze.control_charts import range_constants
from jasang.analyze.gauge.table import GaugeTable, gauge_table

DRAWS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeStudy:
    """The figures of the form: standard deviations in the unit of the values, shares as fractions of `tv` (or of the tolerance).

    `ranges` and `means` have shape (operators, parts); `range_of_operator` and `mean_of_operator` are their rows' means. `beyond`
    are the cells (operator, part) whose range lies above `upper_range_limit` = D₄·R̄: readings to look at again. Pairs are 95 %
    intervals (generalised, with the degrees of freedom that the ranges are worth).
    """

    operators: tuple[str, ...]
    parts: tuple[str, ...]
    ranges: np.ndarray
    means: np.ndarray
    range_of_operator: np.ndarray
    mean_of_operator: np.ndarray
    mean_range: float
    mean_difference: float
    part_range: float
    upper_range_limit: float
    beyond: tuple[tuple[str, str], ...]
    ev: float
    av: float
    grr: float
    pv: float
    tv: float
    ev_share: float
    av_share: float
    grr_share: float
    pv_share: float
    grr_interval: tuple[float, float]
    grr_share_interval: tuple[float, float]
    grr_tolerance_share: float | None
    ndc: int


def average_and_range(
    values: np.ndarray,
    parts: Sequence[object] | np.ndarray,
    operators: Sequence[object] | np.ndarray | None = None,
    *,
    tolerance: float | None = None,
    multiple: float = 6.0,
    constants: tuple[float, float, float] | None = None,
    process_sigma: float | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> RangeStudy:
    """Average-and-range study of values, shape (n,), of parts measured equally often by every operator.

    `constants` are K₁, K₂, K₃ of a printed form where they differ from ours. Without operators (or with one) there is no AV.

    Raises
    ------
    ValueError
        A cell is missing, trials differ, or there is one trial only: use `gauge_study`, which allows for that.
    """
    table = gauge_table(values, parts, operators, design="auto")
    if table.design == "nested" or not table.balanced or table.trials[0] < 2:
        raise ValueError(
            f"the average-and-range method needs every part measured equally often (at least twice) by every operator; "
            f"found {table.design} with {table.trials[0]} to {table.trials[1]} trials and {table.missing_cells} missing cells"
        )
    ranges, means = _cells(table)
    people, pieces, trials = len(table.operators), len(table.parts), table.trials[0]
    k1, k2, k3 = constants or _constants(trials, people, pieces)
    mean_range = float(ranges.mean())
    by_operator, by_part = means.mean(axis=1), means.mean(axis=0)
    difference, part_range = float(np.ptp(by_operator)), float(np.ptp(by_part))
    ev = mean_range * k1
    reproduced = difference * k2 if people > 1 else 0.0
    av = max(0.0, reproduced**2 - ev**2 / (pieces * trials)) ** 0.5
    grr, pv = (ev**2 + av**2) ** 0.5, part_range * k3
    tv = (grr**2 + pv**2) ** 0.5 if process_sigma is None else process_sigma
    if process_sigma is not None:
        pv = max(0.0, tv**2 - grr**2) ** 0.5
    d2, d3 = range_constants(trials)
    limit = mean_range * (1.0 + 3.0 * d3 / d2)
    drawn = _drawn(ev, reproduced, pv, (trials, people, pieces), seed)
    edges = [0.5 - confidence / 2, 0.5 + confidence / 2]
    drawn_total = np.hypot(drawn[0], drawn[1]) if process_sigma is None else np.full(DRAWS, tv)
    return RangeStudy(
        operators=table.operators,
        parts=table.parts,
        ranges=ranges,
        means=means,
        range_of_operator=ranges.mean(axis=1),
        mean_of_operator=by_operator,
        mean_range=mean_range,
        mean_difference=difference,
        part_range=part_range,
        upper_range_limit=limit,
        beyond=tuple((table.operators[row], table.parts[column]) for row, column in np.argwhere(ranges > limit)),
        ev=ev,
        av=av,
        grr=grr,
        pv=pv,
        tv=tv,
        ev_share=ev / tv if tv > 0 else 0.0,
        av_share=av / tv if tv > 0 else 0.0,
        grr_share=grr / tv if tv > 0 else 0.0,
        pv_share=pv / tv if tv > 0 else 0.0,
        grr_interval=_pair(np.quantile(drawn[0], edges)),
        grr_share_interval=_pair(np.quantile(drawn[0] / np.maximum(drawn_total, 1e-300), edges)),
        grr_tolerance_share=None if tolerance is None else multiple * grr / tolerance,
        ndc=max(1, int(1.41 * pv / grr)) if grr > 0 else 10_000,
    )


def _cells(table: GaugeTable) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(table.cell, kind="stable")
    cube = table.values[order].reshape(len(table.operators), len(table.parts), table.trials[0])
    return np.ptp(cube, axis=2), cube.mean(axis=2)


def _constants(trials: int, people: int, pieces: int) -> tuple[float, float, float]:
    single = [1.0 / float(np.hypot(*range_constants(n))) if n > 1 else 0.0 for n in (people, pieces)]
    return round(1.0 / range_constants(trials)[0], 4), round(single[0], 4), round(single[1], 4)


def _drawn(
    ev: float, reproduced: float, pv: float, sizes: tuple[int, int, int], seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """GRR and PV that the ranges allow: a range of m values is worth ν = d₂²/(2 d₃²) degrees of freedom (Patnaik 1950)."""
    trials, people, pieces = sizes
    generator = np.random.default_rng(seed)

    def worth(m: int, groups: int) -> float:
        d2, d3 = range_constants(m)
        return groups * d2**2 / (2.0 * d3**2) + 0.25

    def drawn(size: float, freedom: float) -> np.ndarray:
        return np.asarray(size**2 * freedom / generator.chisquare(freedom, DRAWS))

    repeat = drawn(ev, worth(trials, people * pieces))
    between = np.zeros(DRAWS)
    if people > 1:
        between = np.maximum(0.0, drawn(reproduced, worth(people, 1)) - repeat / (pieces * trials))
    return np.sqrt(repeat + between), np.sqrt(drawn(pv, worth(pieces, 1)))


def _pair(edges: np.ndarray) -> tuple[float, float]:
    return float(edges[0]), float(edges[1])
