"""A table of a file, read: its columns on demand, kept in memory or, when big, in a temporary file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import polars as pl

from jasang.connect.protocols.files.repair import Repair
from jasang.connect.protocols.files.rows import FileRows


class Values(Protocol):
    """Where the converted columns are kept."""

    @property
    def rows(self) -> int:
        """Number of rows."""
        ...

    def read(self, columns: Sequence[str], start: int = 0, rows: int | None = None) -> pl.DataFrame:
        """These columns, or `rows` rows of them from row `start` on."""
        ...


@dataclass(frozen=True, slots=True)
class InMemory:
    """Columns of a small file."""

    frame: pl.DataFrame

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.frame.height

    def read(self, columns: Sequence[str], start: int = 0, rows: int | None = None) -> pl.DataFrame:
        """These columns, or `rows` rows of them from row `start` on."""
        return self.frame.select(columns).slice(start, rows)


@dataclass(frozen=True, slots=True)
class OnDisk:
    """Columns of a big file, in an Arrow file of which only what is asked for is read."""

    path: Path
    rows: int

    def read(self, columns: Sequence[str], start: int = 0, rows: int | None = None) -> pl.DataFrame:
        """These columns, or `rows` rows of them from row `start` on."""
        return pl.scan_ipc(self.path).select(columns).slice(start, rows).collect()


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTable:
    """One table of a file. Rows keep the order of the file.

    `file` is the path within the folder, "book.xlsx#Sheet1" for one sheet of several. `header_row` and `first_data_row` are rows
    of the file counted from 1; `header_row` is 0 where the file has none. `delimiter` and `encoding` are empty where the format
    has none; `delimiter` is " " for runs of blanks. `units` are the units written under the header, by column. Numbers are Int64
    or Float64, times Datetime("us", "UTC"), times of day Time, all else String; missing is null.
    """

    file: str
    columns: tuple[str, ...]
    repairs: tuple[Repair, ...]
    encoding: str
    delimiter: str
    header_row: int
    first_data_row: int
    values: Values = field(repr=False)
    units: Mapping[str, str] = field(default_factory=dict)
    file_rows: FileRows | None = field(default=None, repr=False)

    @property
    def rows(self) -> int:
        """Number of rows of data."""
        return self.values.rows

    def file_row(self, row: int) -> int:
        """The row of the file, counted from 1, in which row `row` of the table (counted from 0) stands; for messages."""
        return self.file_rows.of(row) if self.file_rows is not None else self.first_data_row + row

    def read(self, columns: Sequence[str]) -> pl.DataFrame:
        """These columns, all rows, in the order of the file. Raises `KeyError` for a column the table does not have."""
        unknown = [column for column in columns if column not in self.columns]
        if unknown:
            raise KeyError(f"{self.file}: no column {unknown}, expected one of {list(self.columns)}")
        return self.values.read(list(columns))

    def sample(self, rows: int = 20_000) -> pl.DataFrame:
        """All columns of at most `rows` rows: a stretch from the start, one from the middle and one from the end."""
        if self.rows <= rows:
            return self.values.read(self.columns)
        part = max(rows // 3, 1)
        starts = (0, (self.rows - part) // 2, self.rows - part)
        return pl.concat([self.values.read(self.columns, start, part) for start in starts])
