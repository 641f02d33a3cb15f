"""What else may explain a result: time, lot, supplier, shift, ambient. Held while settings are compared.

Lots have an effect each, with the lots' mean settings beside it (Mundlak 1978): only what varies within a lot then counts as
evidence for a setting. Results of the units before enter as a covariate, since operators change settings after bad ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from jasang.optimize.recipe.records import codes_of, is_number

LEAST_LOTS = 8
_FEW_LEVELS = 12  # a name with more levels is a lot or a serial, and gets effects as a group
_DAY = 86_400.0
_MEMORIES = (20.0, 150.0)  # units over which results before are averaged
_TIME_BLOCKS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The columns held: `columns` (rows, q), `blocks` their penalised places, `groups` (rows,) codes of lots or stretches."""

    columns: np.ndarray
    blocks: tuple[np.ndarray, ...]
    groups: np.ndarray
    lot: str | None  # the context column whose levels the groups are; None = stretches of time

    def with_columns(self, more: np.ndarray) -> "Context":
        """With further columns that are not penalised."""
        return Context(columns=np.hstack([self.columns, more]), blocks=self.blocks, groups=self.groups, lot=self.lot)

    def rows(self, chosen: np.ndarray) -> "Context":
        """The context of some rows."""
        _, groups = np.unique(self.groups[chosen], return_inverse=True)
        return Context(columns=self.columns[chosen], blocks=self.blocks, groups=groups, lot=self.lot)


def build_context(named: Mapping[str, np.ndarray], time: np.ndarray | None, z: np.ndarray) -> Context:
    """The context of records with scaled settings `z` (rows, settings), whose means over each lot are held too."""
    rows = z.shape[0]
    parts: list[np.ndarray] = [np.ones((rows, 1))]
    blocks: list[np.ndarray] = []

    def add(columns: np.ndarray, *, penalised: bool) -> None:
        start = sum(part.shape[1] for part in parts)
        parts.append(columns)
        if penalised:
            blocks.append(np.arange(start, start + columns.shape[1]))

    when = np.linspace(-1.0, 1.0, rows)
    add(when[:, None], penalised=False)
    add(_waves(when, 10), penalised=True)
    if time is not None and np.isfinite(time).mean() > 0.9 and np.ptp(time[np.isfinite(time)]) > 2 * _DAY:
        turn = 2 * np.pi * np.where(np.isfinite(time), time, np.nanmedian(time)) / _DAY
        add(np.column_stack([np.sin(turn), np.cos(turn)]), penalised=False)
    lots: dict[str, np.ndarray] = {}
    for name, column in named.items():
        if is_number(column) and np.unique(column[np.isfinite(column)]).size > _FEW_LEVELS:
            add(_curve(np.asarray(column, dtype=np.float64)), penalised=True)
            continue
        codes, levels = codes_of(column)
        if len(levels) > _FEW_LEVELS:
            lots[name] = codes
        elif len(levels) > 1:
            add((codes[:, None] == np.arange(len(levels))).astype(np.float64), penalised=True)
    lot = _finest(lots, rows)
    if lot is None:
        groups = (np.arange(rows) * min(_TIME_BLOCKS, max(1, rows // 25))) // rows
    else:
        _, groups = np.unique(lots[lot], return_inverse=True)
        own = np.column_stack([z, z**2])
        add(group_means(own, groups), penalised=True)
    return Context(columns=np.hstack(parts), blocks=tuple(blocks), groups=groups.astype(np.int64), lot=lot)


def results_before(residual: np.ndarray) -> np.ndarray:
    """Averages of the residuals of the units before, over two memories, shape (rows, 2)."""
    shifted = np.concatenate([[0.0], residual[:-1]])
    columns = []
    for memory in _MEMORIES:
        keep = 1.0 - 1.0 / memory
        total = np.asarray(lfilter([1.0 - keep], [1.0, -keep], shifted))
        spread = float(total.std())
        columns.append(total / spread if spread > 0 else total)
    return np.column_stack(columns)


def group_means(columns: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The mean of each column over the row's group, shape of `columns`."""
    counts = np.bincount(groups).astype(np.float64)
    means = np.column_stack([np.bincount(groups, weights=column) / counts for column in columns.T])
    found: np.ndarray = means[groups]
    return found


def _finest(lots: Mapping[str, np.ndarray], rows: int) -> str | None:
    """The column with most levels among those whose levels have three rows or more on average."""
    sizes = {name: np.unique(codes).size for name, codes in lots.items()}
    fitting = {name: size for name, size in sizes.items() if LEAST_LOTS <= size <= rows / 3}
    return max(fitting, key=lambda name: fitting[name]) if fitting else None


def _waves(when: np.ndarray, count: int) -> np.ndarray:
    """Smooth bumps over the record."""
    at = np.linspace(-1, 1, count)
    waves: np.ndarray = np.exp(-0.5 * ((when[:, None] - at) / (2.0 / (count - 1))) ** 2)
    return waves


def _curve(values: np.ndarray) -> np.ndarray:
    """A quantity as a curve of six columns; missing values lie in its middle."""
    middle = float(np.nanmedian(values))
    low, high = np.nanquantile(values, [0.02, 0.98])
    half = float(high - low) / 2 or 1.0
    z = np.clip((np.where(np.isfinite(values), values, middle) - (high + low) / 2) / half, -1.5, 1.5)
    return np.column_stack([z, z**2, _waves(z, 5)])
