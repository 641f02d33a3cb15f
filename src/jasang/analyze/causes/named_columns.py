"""Candidate columns from plain arrays, and rows cut down to those that can be compared."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from jasang.analyze.drivers.problem import CategoricalColumn, Column, NumericColumn

Columns = Mapping[str, np.ndarray] | Sequence[Column]


def named_columns(columns: Columns) -> tuple[Column, ...]:
    """Columns as the searches take them: from a mapping name → array (numbers, or texts for a category), or as they are.

    All arrays have shape (rows,), rows in order of time; NaN, `None` or an empty text is missing.
    """
    if not isinstance(columns, Mapping):
        return tuple(columns)
    return tuple(_named(name, np.asarray(values)) for name, values in columns.items())


def _named(name: str, values: np.ndarray) -> Column:
    if values.dtype.kind in "biuf":
        return NumericColumn(name=name, values=values.astype(np.float64))
    texts = np.array(["" if value is None else str(value) for value in values.tolist()])
    levels, codes = np.unique(texts, return_inverse=True)
    codes = codes.ravel().astype(np.int64)
    if levels.size and levels[0] == "":
        return CategoricalColumn(name=name, codes=codes - 1, levels=tuple(levels[1:].tolist()))
    return CategoricalColumn(name=name, codes=codes, levels=tuple(levels.tolist()))


def of_rows(column: Column, rows: np.ndarray) -> Column:
    """The column on these rows (indices or truth values)."""
    if isinstance(column, NumericColumn):
        usual = None if column.usual is None else column.usual[rows]
        return replace(column, values=column.values[rows], usual=usual)
    return replace(column, codes=column.codes[rows])


def codes_of(strata: np.ndarray | None, rows: int) -> np.ndarray:
    """Stratum codes of shape (rows,); -1 throughout where nothing is told apart."""
    if strata is None:
        return np.full(rows, -1, dtype=np.int64)
    found = np.unique(np.asarray(strata), return_inverse=True)[1].ravel().astype(np.int64)
    if found.size != rows:
        raise ValueError(f"strata has {found.size} rows, the outcome has {rows}")
    return found


def is_binary(outcome: np.ndarray) -> bool:
    """Whether the outcome holds only 0 and 1 (good and bad)."""
    known = outcome[~np.isnan(outcome)]
    return bool(known.size and np.isin(known, (0.0, 1.0)).all())
