"""The rows of a table as the search for faults takes them apart, and what another column tells of the same moment."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from jasang.plant.factory import Role

if TYPE_CHECKING:
    from jasang.diagnose.evidence_base import TableData

_TWINS = 0.8  # correlation elsewhere of two columns that tell of the same thing: commanded and actual
_MOST_TWINS = 40
_FEWEST_MOVES = 10  # that a column would usually have made, to say that it stands still
_NEVER = 0.98  # of the rows of a product or kind of work blank: it has no such value
_FEW_KINDS = 12
_TURNS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The rows of one asset (and one signal) in order of time, copies left out."""

    asset: str | None
    signal: str | None
    rows: np.ndarray


def has_twin(
    data: "TableData", names: Iterable[str], order: np.ndarray, column: str, mask: np.ndarray, *, at_rest: bool
) -> bool:
    """Whether a column that goes with this one elsewhere also stands still where `mask` is true, or is far out there.

    `order` are the usable rows in order of time, `mask` has shape (rows,), `names` are the columns that move.
    """
    own = read_numbers(data, column)
    if own is None:
        return False
    here = mask[order]
    x = own[order]
    alike = sorted((name for name in names if name != column), key=lambda name: -_shared_words(column, name))
    for name in alike[:_MOST_TWINS]:
        other = read_numbers(data, name)
        if other is None:
            continue
        y = other[order]
        known = ~here & np.isfinite(x) & np.isfinite(y)
        if known.sum() < 30 or not x[known].std() or not y[known].std():
            continue
        if abs(float(np.corrcoef(x[known], y[known])[0, 1])) < _TWINS:
            continue
        if _rests(y, here) if at_rest else _is_far_out(y, here):
            return True
    return False


def read_numbers(data: "TableData", column: str) -> np.ndarray | None:
    """The column as float64; `None` when it is a column of texts or times."""
    series = data.source.read([column]).to_series()
    if series.dtype in (pl.String, pl.Categorical):
        texts = series.cast(pl.String).str.strip_chars()
        numbers = texts.cast(pl.Float64, strict=False)
        filled = int((texts.fill_null("") != "").sum())
        if filled and numbers.is_not_null().sum() < 0.5 * filled:
            return None
        series = numbers
    elif not (series.dtype.is_numeric() or series.dtype in (pl.Boolean, pl.Null)):
        return None
    values: np.ndarray = series.cast(pl.Float64, strict=False).to_numpy().astype(np.float64, copy=True)
    values[~np.isfinite(values)] = np.nan
    return values


def usable_in_order(data: "TableData") -> np.ndarray:
    order = data.time_order()
    usable: np.ndarray = order[data.usable_rows()[order]]
    return usable


def parts_of(data: "TableData") -> Iterator[Part]:
    table = data.table
    order = usable_in_order(data)
    columns = [table.asset_column, table.signal_column if table.value_column else None]
    labels = [data.labels(name) if name else None for name in columns]
    codes = [label.codes.astype(np.int64) if label else np.full(data.rows, -1, dtype=np.int64) for label in labels]
    key = (codes[0] + 1) * (int(codes[1].max(initial=-1)) + 2) + codes[1] + 1
    ordered = order[np.argsort(key[order], kind="stable")]
    starts = np.flatnonzero(np.diff(key[ordered], prepend=-1))
    for rows in np.split(ordered, starts[1:]) if ordered.size else ():
        asset, signal = int(codes[0][rows[0]]), int(codes[1][rows[0]])
        yield Part(
            asset=labels[0].levels[asset] if labels[0] and asset >= 0 else table.asset,
            signal=labels[1].levels[signal] if labels[1] and signal >= 0 else None,
            rows=rows,
        )


def by_product(data: "TableData", rows: np.ndarray) -> list[np.ndarray]:
    """The rows by product, each still in order of time."""
    if not data.table.product_column:
        return [rows]
    codes = data.labels(data.table.product_column).codes[rows]
    ordered = rows[np.argsort(codes, kind="stable")]
    starts = np.flatnonzero(np.diff(np.sort(codes, kind="stable"), prepend=-2))
    return list(np.split(ordered, starts[1:]))


def without_structure(data: "TableData", rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The values without the rows of products that never have one: their blanks are no fault."""
    groups = by_product(data, rows)
    filled = values.copy()
    if len(groups) > 1:
        place = np.empty(data.rows, dtype=np.int64)
        place[rows] = np.arange(rows.size)
        for group in groups:
            here = place[group]
            if np.isnan(values[here]).mean() > _NEVER:
                filled[here] = 0.0
    for column in data.table.with_role(Role.CONTEXT):
        if not np.isnan(filled).any():
            break
        labels = data.labels(column.name)
        if not 2 <= len(labels.levels) <= _FEW_KINDS:
            continue
        codes = labels.codes[rows]
        for code in range(len(labels.levels)):
            own = codes == code
            # Kinds of work that take turns; what ended once for good may be a fault.
            turns = np.count_nonzero(own[1:] != own[:-1])
            if turns >= _TURNS and np.isnan(filled[own]).mean() > _NEVER:
                filled[own] = 0.0
    return filled


def _shared_words(one: str, other: str) -> int:
    """How many words two names share; a pair that measures the same thing is looked at first."""
    words = [set(re.findall(r"[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_A-Za-z]+", name)) for name in (one, other)]
    return len(words[0] & words[1])


def _rests(values: np.ndarray, here: np.ndarray) -> bool:
    """A column that elsewhere moves in many rows stands still in these: somebody told the machine to."""
    moved = values[1:] != values[:-1]
    inside = here[1:] & here[:-1]
    usual = float(moved[~inside].mean()) if (~inside).any() else 0.0
    rows = int(inside.sum())
    return usual * rows >= _FEWEST_MOVES and float(moved[inside].mean()) < 0.1 * usual


def _is_far_out(values: np.ndarray, here: np.ndarray) -> bool:
    """Most of these values lie beyond nearly all others, and are no code themselves."""
    rest, own = values[~here & np.isfinite(values)], values[here & np.isfinite(values)]
    if own.size < 5 or np.unique(own).size < 3 or not rest.size:
        return False
    low, high = np.quantile(rest, [0.02, 0.98])
    return bool(np.mean((own < low) | (own > high)) >= 0.8)
