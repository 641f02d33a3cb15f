"""What else changed when a level changed: settings, lots, suppliers, the weather. "Moves with", never "because of"."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from jasang.analyze.change_points import Change, ChangeDetector
from jasang.diagnose.evidence_base import TableData
from jasang.diagnose.series import Series
from jasang.plant.factory import Column, Role

MOST_COLUMNS = 60
MOST_LEVELS = 60
CLOSE = 0.5  # correlation of the block values with the change that makes a column worth a closer look
LEFT = 0.25  # of the change: with less beside a column the column explains it
EXPLAINED = 0.001  # p-value of the change beside the column above which nothing is left of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A column that moves with the change, so closely that beside it no change is left; `level` for a column of names."""

    column: Column
    level: str | None
    correlation: float

    @property
    def intended(self) -> bool:
        """A setting: somebody chose it, so the change may be wanted."""
        return self.column.role is Role.SETTING


def explain(
    data: TableData,
    series: Series,
    first_rows: np.ndarray,
    change: Change,
    nuisance: np.ndarray,
    means: np.ndarray,
    detector: Callable[[np.ndarray], ChangeDetector] | None = None,
) -> tuple[Explanation, ...]:
    """The columns of the same table that explain the change of block means, shape (m,), the closest first.

    With a detector a column explains the change when none is left beside it; without, for what is plain to the eye but not
    certain, when least squares give the column nearly all of it.
    """
    table = data.table
    own = {series.name, table.time, table.date, table.asset_column, table.product_column, table.value_column}
    found: list[Explanation] = []
    left = _projection(nuisance)
    for column in table.with_role(Role.SETTING, Role.CONTEXT)[:MOST_COLUMNS]:
        if column.name in own:
            continue
        for level, moved in _block_values(data, column, series, first_rows, change):
            # Where products hide part of the change, only what is left beside them shows that the two belong together.
            correlation = max(
                _correlation(moved, change.fitted), _correlation(left @ moved, left @ change.fitted), key=abs
            )
            if abs(correlation) < CLOSE or _is_clock(moved):
                continue
            if _takes_all(means, change, np.column_stack([nuisance, moved]), detector):
                found.append(Explanation(column=column, level=level, correlation=correlation))
    # A setting outranks a lot: who chose it can say so.
    found.sort(key=lambda one: (not one.intended, -abs(one.correlation)))
    return tuple(found[:4])


def _block_values(
    data: TableData, column: Column, series: Series, first_rows: np.ndarray, change: Change
) -> list[tuple[str | None, np.ndarray]]:
    """The column by blocks of the series: its mean when it is a number, else the share of the level that changed most."""
    sizes = np.diff(np.append(first_rows, series.rows.size))
    numbers = data.numbers(column.name)[series.rows]
    if np.isfinite(numbers).mean() > 0.9:
        filled = np.where(np.isfinite(numbers), numbers, np.nanmedian(numbers))
        # A recipe has its settings: what counts is the setting beside that of the same product at other times.
        for code in np.unique(series.product):
            own = series.product == code
            filled[own] -= np.median(filled[own])
        return [(None, np.add.reduceat(filled, first_rows) / sizes)]
    labels = data.labels(column.name)
    codes = labels.codes[series.rows]
    if len(labels.levels) < 2 or len(labels.levels) > MOST_LEVELS:
        return []
    block = np.searchsorted(first_rows, np.arange(series.rows.size), side="right") - 1
    inside = (block >= 0) & (codes >= 0)
    counts = np.zeros((first_rows.size, len(labels.levels)))
    np.add.at(counts, (block[inside], codes[inside]), 1.0)
    shares = counts / np.maximum(1.0, counts.sum(axis=1, keepdims=True))
    fits = [_correlation(shares[:, code], change.fitted) for code in range(shares.shape[1])]
    rising = int(np.argmax(np.array(fits) * np.sign(change.size)))
    return [(labels.levels[rising], shares[:, rising])]


def _takes_all(
    means: np.ndarray, change: Change, beside: np.ndarray, detector: Callable[[np.ndarray], ChangeDetector] | None
) -> bool:
    """Beside these columns, shape (m, k), nothing or little is left of the change."""
    if detector is None:
        design = np.column_stack([change.fitted, np.ones(means.size), beside])
        return bool(abs(np.linalg.lstsq(design, means, rcond=None)[0][0]) < LEFT)
    left = detector(beside).find(means[None, :])[0]
    return left.p_with_home > max(EXPLAINED, 100.0 * change.p_with_home) or abs(left.size) < LEFT * abs(change.size)


def _projection(nuisance: np.ndarray) -> np.ndarray:
    """Takes the mean and the nuisances, shape (m, k), out of a row of blocks; shape (m, m)."""
    base = np.column_stack([np.ones(nuisance.shape[0]), nuisance])
    return np.asarray(np.eye(base.shape[0]) - base @ np.linalg.pinv(base))


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    spread = float(one.std() * other.std())
    return float(np.mean((one - one.mean()) * (other - other.mean())) / spread) if spread > 1e-12 else 0.0


def _is_clock(moved: np.ndarray) -> bool:
    """A running number explains every drift and none."""
    moves = np.diff(moved)
    return bool(moves.size and max(np.mean(moves > 0), np.mean(moves < 0)) > 0.95 and np.unique(moved).size > 8)
