"""One call for charts of several columns at once: T², MEWMA, and the group chart of many streams."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from jasang.analyze.control_charts.choice import ChartChoice
from jasang.analyze.control_charts.many_parts import group_chart
from jasang.analyze.control_charts.multivariate import contributions, hotelling_individuals, mewma_chart, mewma_limit
from jasang.analyze.control_charts.one_call import SHIFT, ControlChart
from jasang.analyze.control_charts.phases import Exclusion

CONFIDENCE = 0.9973
RUN_LENGTH = 1.0 / (1.0 - CONFIDENCE)
MEWMA_WEIGHT = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class TableChart:
    """A chart of several columns and, for each point, the index of the column that stands out most, int64, shape (points,)."""

    chart: ControlChart
    suspect: np.ndarray


def table_chart(
    values: np.ndarray, *, kind: Literal["t2", "mewma", "group"] = "t2", baseline: np.ndarray | None = None
) -> TableChart:
    """A chart of complete observations in order of time, shape (n, columns).

    "t2": Hotelling's T² of single observations, phase I limit from the beta distribution, later points from F. "mewma": for small
    lasting shifts, ARL 370. "group": all columns measure the same (cavities, spindles); the highest and lowest are watched.
    `baseline` (bool, shape (n,)) is phase I, all where not given; points of phase I beyond the limit are left out of it.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] < 2:
        raise ValueError(f"expected observations of at least two columns, got shape {values.shape}")
    if np.isnan(values).any():
        raise ValueError("observations have missing values; leave incomplete rows out")
    inside = np.ones(values.shape[0], dtype=bool) if baseline is None else np.asarray(baseline, dtype=bool)
    if inside.shape != values.shape[:1]:
        raise ValueError(f"one flag for every observation is needed, got {values.shape[0]} and {inside.shape}")
    if kind == "group":
        return _group(values, inside)
    if kind not in ("t2", "mewma"):
        raise ValueError(f"kind must be 't2', 'mewma' or 'group', got {kind!r}")
    kept, excluded, stable = _phase_one(values, inside)
    learnt = hotelling_individuals(values[kept], confidence=CONFIDENCE)
    columns = values.shape[1]
    parts = contributions(values, learnt.centre, learnt.covariance)
    if kind == "t2":
        points = learnt.distances(values)
        upper = np.where(inside, learnt.limit, learnt.next_limit)
        usual = float(stats.chi2.isf(1.0 - CONFIDENCE, columns))
        shifted = 1.0 / float(stats.ncx2.sf(usual, columns, SHIFT**2))
    else:
        limit = mewma_limit(variables=columns, weight=MEWMA_WEIGHT, run_length=RUN_LENGTH)
        made = mewma_chart(values, centre=learnt.centre, covariance=learnt.covariance, weight=MEWMA_WEIGHT, limit=limit)
        points, upper, shifted = made.points, np.full(values.shape[0], limit), float("nan")
        parts = contributions(made.averages, learnt.centre, learnt.covariance)
    chart = _chart(kind, points, np.zeros(points.size), upper, float(columns), inside, excluded, stable, shifted)
    return TableChart(chart=chart, suspect=parts.argmax(axis=1))


def _group(values: np.ndarray, inside: np.ndarray) -> TableChart:
    learnt, made = group_chart(values[inside]), group_chart(values)
    centre = learnt.limits.centre
    top = made.highest - centre >= centre - made.lowest
    points = np.where(top, made.highest, made.lowest)
    size = values.shape[0]
    lower, upper = np.full(size, float(learnt.limits.lower)), np.full(size, float(learnt.limits.upper))
    chart = _chart("group", points, lower, upper, centre, inside, (), True, float("nan"))
    return TableChart(chart=chart, suspect=np.where(top, made.highest_stream, made.lowest_stream))


def _phase_one(values: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, tuple[Exclusion, ...], bool]:
    kept = inside.copy()
    excluded: list[Exclusion] = []
    for turn in range(1, 20):
        rows = np.flatnonzero(kept)
        made = hotelling_individuals(values[rows], confidence=CONFIDENCE)
        out = rows[made.alarms]
        if not out.size:
            return kept, tuple(excluded), True
        if len(excluded) + out.size > 0.2 * inside.sum():
            break
        excluded += [
            Exclusion(row=int(row), value=float(point), round=turn, side="above", limit=made.limit)
            for row, point in zip(out, made.points[made.alarms], strict=True)
        ]
        kept[out] = False
    return inside, (), False


def _chart(
    kind: Literal["t2", "mewma", "group"],
    points: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    centre: float,
    inside: np.ndarray,
    excluded: tuple[Exclusion, ...],
    stable: bool,
    shifted: float,
) -> ControlChart:
    return ControlChart(
        choice=ChartChoice(kind=kind, because="asked", figure=float("nan")),
        points=points,
        rows=np.arange(points.size),
        centre=np.full(points.size, centre),
        lower=lower,
        upper=upper,
        sigma=float(np.std(points[inside])),
        baseline=inside,
        stable=stable,
        excluded=excluded,
        rules=(1,),
        rule_flags=((points > upper) | (points < lower))[None, :],
        level_alarms=np.zeros(points.size, dtype=bool),
        run_length=RUN_LENGTH,
        shifted_run_length=shifted,
    )
