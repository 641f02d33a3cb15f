"""Capability of the parts of a record: over time, and by product, machine or cavity."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from jasang.analyze.capability.study import CapabilityStudy, capability_study
from jasang.analyze.value_rows import value_row

FEWEST_VALUES = 25
MOST_PERIODS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One period or one group: its name, the positions of its values (int64), and its study."""

    name: str
    rows: np.ndarray
    study: CapabilityStudy


def capability_over_time(
    values: np.ndarray,
    *,
    low: float | None = None,
    high: float | None = None,
    target: float | None = None,
    shape: str = "auto",
    periods: int | None = None,
) -> tuple[Part, ...]:
    """Studies of consecutive periods of equally many values (at least 25 each, at most 12 periods unless `periods` is given).

    `values` has shape (n,), in order of time, NaN = missing. Too few values for two periods give none.
    """
    values = value_row(values)
    known = np.flatnonzero(np.isfinite(values))
    count = periods or min(MOST_PERIODS, known.size // FEWEST_VALUES)
    if count < 2 or known.size // count < 5:
        return ()
    found = []
    for place, rows in enumerate(np.array_split(known, count)):
        study = _study(values[rows], low, high, target, shape)
        if study is not None:
            found.append(Part(name=str(place + 1), rows=rows, study=study))
    return tuple(found)


def capability_by(
    values: np.ndarray,
    labels: Sequence[object] | np.ndarray,
    *,
    low: float | None = None,
    high: float | None = None,
    target: float | None = None,
    shape: str = "auto",
) -> tuple[Part, ...]:
    """Studies by label, worst Ppk first; labels of length n. Groups of fewer than 25 values are left out."""
    values = value_row(values)
    texts = np.asarray(labels).astype(str).ravel()
    if texts.size != values.size:
        raise ValueError(f"{texts.size} labels for {values.size} values")
    found = []
    for name in np.unique(texts):
        rows = np.flatnonzero((texts == name) & np.isfinite(values))
        if rows.size >= FEWEST_VALUES and (study := _study(values[rows], low, high, target, shape)) is not None:
            found.append(Part(name=str(name), rows=rows, study=study))
    return tuple(sorted(found, key=lambda part: part.study.ppk.value))


def differ(parts: Sequence[Part]) -> float:
    """p-value that the parts have the same mean, allowing for their memory and unequal spreads (Welch's test)."""
    if len(parts) < 2:
        return 1.0
    means = np.array([part.study.mean for part in parts])
    worth = np.array([part.study.memory.for_mean for part in parts])
    weights = worth / np.array([part.study.spread.overall for part in parts]) ** 2
    k, total = means.size, float(weights.sum())
    centre = float(weights @ means) / total
    between = float(weights @ (means - centre) ** 2) / (k - 1)
    rest = float(((1.0 - weights / total) ** 2 / np.maximum(worth - 1.0, 1.0)).sum())
    f = between / (1.0 + 2.0 * (k - 2.0) / (k**2 - 1.0) * rest)
    return float(stats.f.sf(f, k - 1, (k**2 - 1.0) / (3.0 * rest)))


def _study(
    values: np.ndarray, low: float | None, high: float | None, target: float | None, shape: str
) -> CapabilityStudy | None:
    try:
        return capability_study(values, low=low, high=high, target=target, shape=shape)
    except ValueError:  # constant, or below zero where the shape needs values above
        return None
