"""Which rows of a table are copies of earlier ones. All columns are compared, a few at a time, so wide tables need no memory."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from jasang.analyze.row_copies import NO_COPIES, Copies, mix, natural, repeated
from jasang.plant.factory import Kind, Role

if TYPE_CHECKING:
    from jasang.diagnose.evidence_base import TableData

_AT_ONCE = 32  # columns
_FEWEST_TELLING = 2  # columns besides time, machine and product, for rows with ids of their own to be called copies


def find_copies(data: "TableData") -> Copies:
    """The rows that repeat an earlier row in every column, or in every column but a row number, beyond what is natural."""
    table = data.table
    if table.kind in (Kind.GAUGE, Kind.OTHER) or data.rows < 2:
        return NO_COPIES
    names = [column.name for column in table.columns]
    ids = [column.name for column in table.with_role(Role.ID)]
    moments = _moments(data)
    if moments is None:
        # Without a time only an id, otherwise unique, tells a copy from two equal parts.
        if not ids:
            return NO_COPIES
        copies = _repeated(data, names, _hashes(data, ids))
        return copies if _identified(data, ids, copies) else NO_COPIES
    if moments.size == np.unique(moments).size:
        return NO_COPIES
    everything = _repeated(data, names, moments)
    identified = _identified(data, ids, everything)
    if everything.rows.size and not natural(everything, moments, identified=identified):
        return everything
    if not ids:
        return NO_COPIES
    return _but_for_the_id(data, [name for name in names if name not in ids], moments)


def _but_for_the_id(data: "TableData", names: list[str], moments: np.ndarray) -> Copies:
    """Rows that repeat another in all but their id; several parts of one shot (cavities) do so by nature, and are left."""
    table = data.table
    telling = set(names) - {table.time, table.date, table.asset_column, table.product_column}
    if len(telling) < _FEWEST_TELLING:
        return NO_COPIES  # two parts of one minute with the same verdict are two parts
    copies = _repeated(data, names, moments)
    if not copies.rows.size or natural(copies, moments, identified=False):
        return NO_COPIES
    sizes = np.unique(copies.first, return_counts=True)[1] + 1
    in_groups = sizes.sum() / data.rows
    return NO_COPIES if in_groups > 0.5 and np.median(sizes) == sizes.max() else copies


def _moments(data: "TableData") -> np.ndarray | None:
    """A hash of time, asset, product and signal of every row; `None` without a time."""
    if data.time is None:
        return None
    table = data.table
    # Rows whose time is not known cannot be told to be of one moment.
    ticks = np.where(np.isnat(data.time), -np.arange(1, data.rows + 1), data.time.astype(np.int64))
    parts = [pl.Series(ticks).hash(seed=7).to_numpy()]
    keys = [name for name in (table.asset_column, table.product_column, table.signal_column) if name]
    return mix([*parts, *(_hash(data, [name]) for name in keys)])


def _hash(data: "TableData", names: list[str]) -> np.ndarray:
    return data.source.read(names).hash_rows(seed=11).to_numpy()


def _hashes(data: "TableData", names: list[str]) -> np.ndarray:
    return mix([_hash(data, names[start : start + _AT_ONCE]) for start in range(0, len(names), _AT_ONCE)])


def _repeated(data: "TableData", names: list[str], keys: np.ndarray) -> Copies:
    """Repeated rows, columns being added until nothing repeats or all are compared."""
    for start in range(0, len(names), _AT_ONCE):
        found = repeated(keys)
        if not found.rows.size:
            return NO_COPIES
        keys = mix([keys, _hash(data, names[start : start + _AT_ONCE])])
    return repeated(keys)


def _identified(data: "TableData", ids: list[str], copies: Copies) -> bool:
    """Whether one of the ids is unique but for the copies."""
    for name in ids:
        kept = np.delete(_hash(data, [name]), copies.rows)
        if kept.size > 1 and np.unique(kept).size >= 0.99 * kept.size:
            return True
    return False
