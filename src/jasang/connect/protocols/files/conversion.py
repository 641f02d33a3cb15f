"""From blocks of texts to a table with types: counts all cells, decides, converts; big tables go to a temporary file."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import polars as pl
import pyarrow as pa

from jasang.connect.protocols.files import complaints
from jasang.connect.protocols.files.column_types import ColumnCount, Plan, decide
from jasang.connect.protocols.files.dated_clocks import with_dated_clocks
from jasang.connect.protocols.files.gauge_form import as_readings
from jasang.connect.protocols.files.layout import Layout, report_names, unique_names
from jasang.connect.protocols.files.plain_numbers import cast_plain, plain_columns
from jasang.connect.protocols.files.repair import Tally
from jasang.connect.protocols.files.rows import Block, FileRows
from jasang.connect.protocols.files.table import InMemory, OnDisk, Values
from jasang.plant.text import Progress, Text

# Bytes of text up to which a table is kept in memory; above it the file is read twice instead.
SMALL = 64 << 20


class TextSource(Protocol):
    """What yields a table's cells as texts, as often as asked."""

    @property
    def layout(self) -> Layout:
        """Where the table stands in its file."""
        ...

    def blocks(self, tally: Tally) -> Iterator[tuple[Block, float]]:
        """Blocks of rows and the share of the file read after each."""
        ...


@dataclass(frozen=True, slots=True)
class Converted:
    """A table's columns, their values, the units under its header, and the rows of the file it came from."""

    columns: tuple[str, ...]
    values: Values
    units: dict[str, str]
    file_rows: FileRows


def convert(
    source: TextSource,
    *,
    file: str,
    folder: Path,
    timezone: str,
    spreadsheet: bool,
    tally: Tally,
    progress: Progress,
    fewest: int = 2,
) -> Converted:
    """The table's values.

    `folder` takes the values of a big table. Raises `UnreadableInput` where the table has fewer than `fewest` rows or cells that
    may not be (formulas, infinite numbers, mixed time zones).
    """
    reading = Text(ko=f"{file} 읽는 중", en=f"Reading {file}")
    names = unique_names(source.layout)
    _refuse_formula_header(source.layout, file)
    counts = [ColumnCount(file, name) for name in names]
    file_rows = FileRows()
    kept: list[Block] | None = []
    size = rows = last_row = 0
    for block, share in source.blocks(tally):
        progress(reading, share / 2)
        plain = plain_columns(block.frame)
        for count, column in zip(counts, block.frame.iter_columns(), strict=True):
            count.add(column, block.file_rows, plain.get(column.name))
        file_rows.add(block.file_rows)
        rows += block.frame.height
        last_row = int(block.file_rows[-1])
        size += int(block.frame.estimated_size())
        if kept is not None:
            kept = None if size > SMALL else [*kept, block]
    if rows < fewest:
        raise (
            complaints.one_row(file, last_row) if rows else complaints.header_only(file, source.layout.header_row or 1)
        )
    plans = decide(counts, spreadsheet=spreadsheet, tally=tally)
    used = _used_columns(source.layout, counts, tally)
    if not used:
        raise complaints.all_blank(file)
    report_names(source.layout, names, used, tally)
    columns = tuple(names[place] for place in used)
    units = {names[place]: unit for place, unit in source.layout.units.items() if place in used}
    work = _Conversion([(place, plans[place]) for place in used], timezone, tally)
    if kept is not None:
        frames = [work.of(block) for block in kept]
        progress(reading, 1.0)
        frame = with_dated_clocks(pl.concat(frames).rechunk(), timezone, tally)
        readings = as_readings(frame, tally)
        return Converted(
            tuple(readings.columns), InMemory(readings), units, file_rows if readings is frame else _each(readings)
        )
    path = folder / f"table-{len(list(folder.iterdir()))}.arrow"
    work.to_file(path, (blocks for blocks in source.blocks(Tally())), lambda share: progress(reading, 0.5 + share / 2))
    return Converted(columns, OnDisk(path, rows), units, file_rows)


def _each(frame: pl.DataFrame) -> FileRows:
    """Rows that no longer stand where they stood in the file are counted from 1."""
    rows = FileRows()
    rows.add(np.arange(1, frame.height + 1))
    return rows


def _refuse_formula_header(layout: Layout, file: str) -> None:
    for name in layout.names:
        if name.startswith("=") and name[1:2] not in ("", "=", '"'):
            raise complaints.formula(file, layout.header_row, name, name)


def _used_columns(layout: Layout, counts: list[ColumnCount], tally: Tally) -> list[int]:
    """Columns that have a name or a value."""
    used = [place for place, count in enumerate(counts) if layout.names[place] or count.numbers.filled]
    tally.add("empty_column", rows=len(counts) - len(used))
    return used


class _Conversion:
    def __init__(self, plans: list[tuple[int, Plan]], timezone: str, tally: Tally) -> None:
        self.plans = plans
        self.numbers: dict[str, type[pl.Int64] | type[pl.Float64]] = {
            str(place): pl.Int64 if plan.becomes == "whole" else pl.Float64
            for place, plan in plans
            if plan.becomes in ("whole", "number")
        }
        self.timezone = timezone
        self.tally = tally

    def of(self, block: Block) -> pl.DataFrame:
        """The block's columns as values."""
        ready = cast_plain(block.frame, self.numbers)
        return pl.DataFrame(
            [self._column(block, str(place), plan, ready).alias(plan.name) for place, plan in self.plans]
        )

    def _column(self, block: Block, place: str, plan: Plan, ready: dict[str, pl.Series]) -> pl.Series:
        if place in ready:
            return ready[place]
        return plan.convert(block.frame.get_column(place), block.file_rows, self.timezone, self.tally)

    def to_file(self, path: Path, blocks: Iterator[tuple[Block, float]], report: "Reporter") -> None:
        """Write the values of all blocks to an Arrow file."""
        writer: pa.ipc.RecordBatchFileWriter | None = None
        with pa.OSFile(str(path), "wb") as sink:
            try:
                for block, share in blocks:
                    report(share)
                    table = self.of(block).rechunk().to_arrow()
                    writer = writer or pa.ipc.new_file(sink, table.schema)
                    writer.write_table(table)
            finally:
                if writer is not None:
                    writer.close()


class Reporter(Protocol):
    """Told the share done."""

    def __call__(self, share: float, /) -> None: ...
