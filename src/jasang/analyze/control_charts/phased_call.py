"""A control chart with limits of its own in each phase: before and after a change of material, mould or machine."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from jasang.analyze.control_charts.inputs import vector
from jasang.analyze.control_charts.one_call import ControlChart, Weighting, control_chart
from jasang.analyze.control_charts.subgroups import Subgrouping, none_subgroups
from jasang.analyze.run_rules import WESTERN_ELECTRIC

FEWEST = 8
MOST_PHASES = 30


def control_chart_by_phase(
    values: npt.ArrayLike,
    phases: npt.ArrayLike,
    *,
    kind: str = "auto",
    subgroups: Subgrouping | None = None,
    rules: tuple[int, ...] = WESTERN_ELECTRIC,
    weighting: Weighting | None = None,
) -> ControlChart:
    """One chart whose lines are made anew in each phase; run rules do not reach over a change.

    Parameters
    ----------
    values : array, shape (n,)
        In order of time, NaN is missing.
    phases : array, shape (n,)
        Label of each value; where it changes a phase begins, so a label that comes back is a phase of its own. Stretches of
        fewer than 8 values belong to the phase before them.
    kind, subgroups, rules, weighting
        As for `control_chart`; "auto" is chosen on the longest phase and serves for all.

    Returns
    -------
    ControlChart
        `sigma` is that of the last phase, `run_length` the mean over phases weighted by their points.
    """
    row = vector(np.asarray(values))
    starts = phase_starts(phases, row.size)
    parts = np.split(np.arange(row.size), starts[1:])
    groups = none_subgroups(row) if subgroups is None else subgroups
    longest = max(parts, key=lambda part: part.size)

    def made_of(part: np.ndarray, wanted: str) -> ControlChart:
        own = groups if groups.source == "none" else replace(groups, codes=groups.codes[part])
        return control_chart(row[part], kind=wanted, subgroups=own, rules=rules, weighting=weighting)

    chosen = made_of(longest, kind)
    charts = [chosen if part is longest else made_of(part, chosen.kind) for part in parts]
    weights = np.array([chart.points.size for chart in charts], dtype=np.float64)
    points = np.concatenate([[0], np.cumsum([chart.points.size for chart in charts])])
    spreads = [chart.spreads for chart in charts if chart.spreads is not None]
    limits = [
        np.broadcast_to(chart.spread_limit, chart.spreads.shape)
        for chart in charts
        if chart.spreads is not None and chart.spread_limit is not None
    ]
    whole = len(spreads) == len(limits) == len(charts)
    return replace(
        charts[-1],
        choice=chosen.choice,
        points=np.concatenate([chart.points for chart in charts]),
        rows=np.concatenate([chart.rows + part[0] for chart, part in zip(charts, parts, strict=True)]),
        centre=np.concatenate([chart.centre for chart in charts]),
        lower=np.concatenate([chart.lower for chart in charts]),
        upper=np.concatenate([chart.upper for chart in charts]),
        baseline=np.concatenate([chart.baseline for chart in charts]),
        stable=all(chart.stable for chart in charts),
        excluded=tuple(
            replace(one, row=one.row + int(start))
            for chart, start in zip(charts, points[:-1].tolist(), strict=True)
            for one in chart.excluded
        ),
        rule_flags=np.concatenate([chart.rule_flags for chart in charts], axis=1),
        level_alarms=np.concatenate([chart.level_alarms for chart in charts]),
        run_length=float(np.average([chart.run_length for chart in charts], weights=weights)),
        shifted_run_length=float(np.average([chart.shifted_run_length for chart in charts], weights=weights)),
        spreads=np.concatenate(spreads) if whole else None,
        spread_limit=np.concatenate(limits) if whole else None,
        spread_centre=charts[-1].spread_centre if whole else None,
    )


def phase_starts(phases: npt.ArrayLike, size: int) -> list[int]:
    """First row of each phase; ValueError where there are more than 30."""
    labels = np.asarray(phases).astype(str).ravel()
    if labels.size != size:
        raise ValueError(f"one phase label for every value is needed, got {labels.size} labels and {size} values")
    edges = [0, *(np.flatnonzero(labels[1:] != labels[:-1]) + 1).tolist(), size]
    starts = [0]
    current = None
    for start, after in pairwise(edges):
        if after - start < FEWEST or labels[start] == current:
            continue
        if current is not None:
            starts.append(start)
        current = labels[start]
        if len(starts) > MOST_PHASES:
            raise ValueError(f"more than {MOST_PHASES} phases: the labels change too often for limits in each phase")
    return starts
