"""Who and what makes the gauge vary: each operator's offset and repeatability, each part's repeatability."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from jasang.analyze.gauge.table import GaugeTable


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorResult:
    """One operator. `offset` is what he reads above the mean of all operators on the same parts, with its interval (which
    holds for all operators together); `sd` is his repeatability; `p_offset` and `p_scatter` allow for the number of operators.
    """

    name: str
    values: int
    mean: float
    offset: float
    low: float
    high: float
    sd: float
    p_offset: float
    p_scatter: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PartResult:
    """One part. `sd` is the scatter of its repeated measurements; `p_scatter` asks whether it is measured worse than the
    others."""

    name: str
    values: int
    mean: float
    sd: float
    p_scatter: float


def operator_results(table: GaugeTable, confidence: float = 0.95) -> tuple[OperatorResult, ...]:
    """Offset and repeatability of every operator; a nested study has no common parts, so offsets include those of the parts."""
    k = len(table.operators)
    adjusted = _additive(table)
    offsets = np.array([adjusted[table.operator == code].mean() for code in range(k)])
    offsets -= offsets.mean()
    # An operator's mean is as sure as his cells are many: what differs from cell to cell (interaction) does not average out
    # by trials.
    errors, freedom = _offset_errors(table, adjusted)
    sums, df = _within(table, table.operator, k)
    reach = float(stats.t.ppf(1.0 - (1.0 - confidence) / (2 * max(1, k)), freedom)) if freedom > 0 else np.inf
    found = []
    for code, name in enumerate(table.operators):
        mine = table.operator == code
        t = abs(offsets[code]) / errors[code] if errors[code] > 0 else (np.inf if offsets[code] else 0.0)
        found.append(
            OperatorResult(
                name=name,
                values=int(mine.sum()),
                mean=float(table.values[mine].mean()),
                offset=float(offsets[code]) if k > 1 else 0.0,
                low=float(offsets[code] - reach * errors[code]) if k > 1 else 0.0,
                high=float(offsets[code] + reach * errors[code]) if k > 1 else 0.0,
                sd=float(np.sqrt(sums[code] / df[code])) if df[code] else float("nan"),
                p_offset=float(min(1.0, 2 * k * stats.t.sf(t, freedom))) if k > 1 and freedom > 0 else 1.0,
                p_scatter=_worse(sums, df, code),
            )
        )
    return tuple(found)


def part_results(table: GaugeTable) -> tuple[PartResult, ...]:
    """Repeatability of every part, in natural order."""
    sums, df = _within(table, table.part, len(table.parts))
    return tuple(
        PartResult(
            name=name,
            values=int((table.part == code).sum()),
            mean=float(table.values[table.part == code].mean()),
            sd=float(np.sqrt(sums[code] / df[code])) if df[code] else float("nan"),
            p_scatter=_worse(sums, df, code),
        )
        for code, name in enumerate(table.parts)
    )


def _additive(table: GaugeTable) -> np.ndarray:
    """Values less the effect of their part in an additive fit (parts + operators), shape (n,)."""
    if table.design != "crossed":
        return np.asarray(table.values - table.values.mean())
    part, operator = np.zeros(len(table.parts)), np.zeros(len(table.operators))
    parts, people = np.bincount(table.part), np.bincount(table.operator)
    for _ in range(200):  # exact after one sweep in balanced data
        part = np.bincount(table.part, weights=table.values - operator[table.operator]) / parts
        before = operator
        operator = np.bincount(table.operator, weights=table.values - part[table.part]) / people
        if np.max(np.abs(operator - before)) <= 1e-12 * (np.abs(operator).max() + 1e-300):
            break
    return np.asarray(table.values - part[table.part])


def _offset_errors(table: GaugeTable, adjusted: np.ndarray) -> tuple[np.ndarray, int]:
    k = len(table.operators)
    cells, cell = np.unique(table.cell, return_inverse=True)
    means = np.bincount(cell, weights=adjusted) / np.bincount(cell)
    owner = cells // len(table.parts)
    counts = np.bincount(owner, minlength=k)
    centred = means - (np.bincount(owner, weights=means, minlength=k) / counts)[owner]
    lost = len(table.parts) - 1 if table.design == "crossed" else 0
    freedom = int(cells.size - k - lost)
    variance = float((centred**2).sum()) / freedom if freedom > 0 else 0.0
    return np.sqrt(variance / counts * (k - 1) / k), freedom


def _within(table: GaugeTable, group: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Sum of squares within cells and its degrees of freedom, by group."""
    cells, cell = np.unique(table.cell, return_inverse=True)
    means = np.bincount(cell, weights=table.values) / np.bincount(cell)
    squares = np.bincount(group, weights=(table.values - means[cell]) ** 2, minlength=groups)
    first = np.zeros(cells.size, dtype=np.int64)
    first[cell] = group
    filled = np.bincount(first, minlength=groups)
    return squares, np.bincount(group, minlength=groups) - filled


def _worse(sums: np.ndarray, df: np.ndarray, place: int) -> float:
    """p-value, times the number of groups, that this one scatters no more than the others."""
    others, freedom = float(sums.sum() - sums[place]), int(df.sum() - df[place])
    if df[place] < 1 or freedom < 1 or others <= 0:
        return 1.0
    f = (sums[place] / df[place]) / (others / freedom)
    return float(min(1.0, sums.size * stats.f.sf(f, df[place], freedom)))
