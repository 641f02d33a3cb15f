"""The factory's data as rules see it: tables with roles, columns as arrays, times in UTC, read a column at a time.

Rows keep the order of the file. Missing is NaN in numbers, -1 in codes and NaT in times. Results that several rules need are
computed once (`once`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np
import polars as pl

from jasang.analyze.impossible_times import impossible_times
from jasang.analyze.row_copies import Copies
from jasang.diagnose.collection import Collected
from jasang.diagnose.copies import find_copies
from jasang.diagnose.faults import ColumnFault, table_faults
from jasang.plant.factory import Factory, Kind, Role, Table

T = TypeVar("T")


class ColumnSource(Protocol):
    """Where the values come from: a file that was read, or the store."""

    @property
    def rows(self) -> int:
        """Number of rows."""
        ...

    def read(self, columns: Sequence[str]) -> pl.DataFrame:
        """The columns, in file order of rows: numbers, texts, truth values, or Datetime("us", "UTC")."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """A column of texts as codes: `levels[codes[i]]`, and -1 where row i has none."""

    codes: np.ndarray  # int32, shape (rows,)
    levels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """The rows of one product on one asset, in order of time: what may be compared with itself.

    `rows` are indices into the table, int64. `asset` and `product` are `None` where the table does not tell them apart.
    """

    asset: str | None
    product: str | None
    rows: np.ndarray


@dataclass(slots=True, kw_only=True)
class TableData:
    """One table: its description, its time axis and its columns on demand.

    `time` is datetime64[us] UTC, shape (rows,), NaT where the file had no possible time; `None` when the table has no time.
    Times that contradict the rest are made NaT here; `impossible` are their rows (int64) and `impossible_ticks` what they said.
    """

    table: Table
    source: ColumnSource
    time: np.ndarray | None
    impossible: np.ndarray = field(init=False)
    impossible_ticks: np.ndarray = field(init=False)
    _kept: dict[Any, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.impossible = np.empty(0, dtype=np.int64) if self.time is None else impossible_times(self.time)
        self.impossible_ticks = np.empty(0, dtype="datetime64[us]")
        if self.time is not None and self.impossible.size:
            self.impossible_ticks = self.time[self.impossible]
            self.time = self.time.copy()
            self.time[self.impossible] = np.datetime64("NaT")

    @property
    def rows(self) -> int:
        """Number of rows as they stand in the file."""
        return self.source.rows

    def once(self, key: object, make: Callable[[], T]) -> T:
        """The value under `key`, made at the first call and kept. For small results; columns themselves are not kept."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]  # type: ignore[no-any-return]

    def numbers(self, column: str) -> np.ndarray:
        """The column as float64, shape (rows,), NaN where missing or not a number (infinite counts as not a number)."""
        series = self.source.read([column]).to_series()
        if series.dtype == pl.String or series.dtype == pl.Categorical:
            series = series.cast(pl.Float64, strict=False)
        values: np.ndarray = series.cast(pl.Float64, strict=False).to_numpy().astype(np.float64, copy=True)
        values[~np.isfinite(values)] = np.nan
        return values

    def labels(self, column: str) -> Labels:
        """The column as codes into its levels, levels sorted by first appearance."""

        def make() -> Labels:
            series = self.source.read([column]).to_series()
            if series.dtype.is_float():
                whole = series.drop_nulls().drop_nans()
                if whole.len() and bool((whole == whole.round()).all()) and float(whole.abs().max() or 0) < 2**53:  # type: ignore[arg-type]
                    series = series.fill_nan(None).cast(pl.Int64, strict=False)
            texts = series.cast(pl.String).str.strip_chars()
            texts = texts.set(texts == "", None)
            levels = texts.drop_nulls().unique(maintain_order=True)
            places = {level: place for place, level in enumerate(levels)}
            codes = texts.replace_strict(places, default=-1, return_dtype=pl.Int32).to_numpy().copy()
            return Labels(codes=codes, levels=tuple(levels))

        return self.once(("labels", column), make)

    def clean(self, column: str) -> np.ndarray:
        """`numbers` without what is no measurement: copies of rows, sentinels, readings in another unit, stuck stretches."""
        values = self.numbers(column)
        for fault in self.faults(column):
            if fault.kind == "sentinel" and not fault.rows.size:
                values[values == fault.value] = np.nan
            elif fault.kind != "dead":
                values[fault.rows] = np.nan
        values[self.copies().rows] = np.nan
        return values

    def usable_rows(self) -> np.ndarray:
        """True for the rows to count, shape (rows,): False for copies of an earlier row."""
        usable = np.ones(self.rows, dtype=bool)
        usable[self.copies().rows] = False
        return usable

    def copies(self) -> Copies:
        """The rows that repeat an earlier row, beyond what is natural in such a table."""
        return self.once("copies", lambda: find_copies(self))

    def all_faults(self) -> tuple[ColumnFault, ...]:
        """The data faults of all columns. The first call reads every column once."""
        return self.once("faults", lambda: table_faults(self))

    def faults(self, column: str) -> tuple[ColumnFault, ...]:
        """The data faults of a column: dead, sentinel, flip, stuck, blank."""
        return self.once("faults_by_column", self._faults_by_column).get(column, ())

    def _faults_by_column(self) -> dict[str, tuple[ColumnFault, ...]]:
        by_column: dict[str, tuple[ColumnFault, ...]] = {}
        for fault in self.all_faults():
            by_column[fault.column] = (*by_column.get(fault.column, ()), fault)
        return by_column

    def time_order(self) -> np.ndarray:
        """Row indices in order of time, shape (rows,), int64; rows without a possible time keep their place in the file."""

        def make() -> np.ndarray:
            if self.time is None:
                return np.arange(self.rows)
            ticks = self.time.astype(np.int64)
            known = ~np.isnat(self.time)
            if not known.any():
                return np.arange(self.rows)
            last = np.maximum.accumulate(np.where(known, np.arange(self.rows), -1))
            filled = ticks[np.where(last >= 0, last, np.flatnonzero(known)[0])]
            return np.argsort(filled, kind="stable")

        return self.once("time_order", make)

    def strata(self) -> tuple[Stratum, ...]:
        """The table's rows by asset and product, each in order of time; rows that name no asset or product form their own."""

        def make() -> tuple[Stratum, ...]:
            order = self.time_order()
            asset_codes, assets = self.codes(self.table.asset_column)
            product_codes, products = self.codes(self.table.product_column)
            key = (asset_codes.astype(np.int64) + 1) * (len(products) + 1) + product_codes + 1
            ordered = order[np.argsort(key[order], kind="stable")]
            starts = np.flatnonzero(np.diff(key[ordered], prepend=-1))
            found = []
            for rows in np.split(ordered, starts[1:]):
                asset, product = int(asset_codes[rows[0]]), int(product_codes[rows[0]])
                found.append(
                    Stratum(
                        asset=assets[asset] if asset >= 0 else self.table.asset,
                        product=products[product] if product >= 0 else None,
                        rows=rows,
                    )
                )
            return tuple(found)

        return self.once("strata", make)

    def codes(self, column: str | None) -> tuple[np.ndarray, tuple[str, ...]]:
        """Codes of the rows, int32, and levels of a column that the table may not have: then -1 everywhere and no levels."""
        if column is None:
            return np.full(self.rows, -1, dtype=np.int32), ()
        labels = self.labels(column)
        return labels.codes, labels.levels

    def defects(self) -> np.ndarray | None:
        """1.0 = defect, 0.0 = good, NaN = not inspected, shape (rows,); `None` when the table has no defect column."""
        columns = self.table.with_role(Role.DEFECT)
        if not columns:
            return None
        labels = self.labels(columns[0].name)
        bad = np.array([level.lower() in self.table.bad_values for level in labels.levels] + [False], dtype=np.float64)
        flags: np.ndarray = bad[labels.codes]
        flags[labels.codes < 0] = np.nan
        return flags


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceBase:
    """Everything the rules may look at."""

    factory: Factory
    tables: tuple[TableData, ...]
    collected: Collected = field(default_factory=Collected)

    def of_kind(self, *kinds: Kind) -> tuple[TableData, ...]:
        """The tables of these kinds."""
        return tuple(data for data in self.tables if data.table.kind in kinds)
