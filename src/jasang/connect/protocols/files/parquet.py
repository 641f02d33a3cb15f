"""Parquet files: typed columns, read a few at a time straight from the file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pa_parquet

from jasang.connect.protocols.files import complaints
from jasang.connect.protocols.files.column_types import ColumnCount, Plan, cleaned, decide, in_utc
from jasang.connect.protocols.files.repair import Tally
from jasang.connect.protocols.files.time_cells import NAIVE
from jasang.plant.text import Progress, Text

_BATCH = 100_000


@dataclass(frozen=True, slots=True)
class InParquet:
    """Columns that stay in their Parquet file and are converted when read."""

    path: Path
    file: str
    rows: int
    plans: dict[str, Plan | None]
    timezone: str

    def read(self, columns: Sequence[str], start: int = 0, rows: int | None = None) -> pl.DataFrame:
        """These columns, or `rows` rows of them from row `start` on."""
        try:
            frame = pl.scan_parquet(self.path).select(columns).slice(start, rows).collect()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise complaints.broken_parquet(self.file, str(error)) from error
        unheard = Tally()  # all that happens here was told when the file was opened
        return pl.DataFrame(
            [_converted(s, self.plans[s.name], start + 1, self.timezone, unheard) for s in frame.iter_columns()]
        )


def read_parquet(
    path: Path, *, file: str, timezone: str, tally: Tally, progress: Progress, fewest: int = 2
) -> tuple[tuple[str, ...], InParquet]:
    """The columns' names and their values. Raises `UnreadableInput`."""
    try:
        source = pa_parquet.ParquetFile(path)
        rows = source.metadata.num_rows
        schema = source.schema_arrow
        if len(schema) > complaints.MOST_COLUMNS:
            raise complaints.too_many_columns(file, 1, len(schema))
        if rows < fewest:
            raise complaints.one_row(file, 1) if rows else complaints.header_only(file, 1)
        columns = _usable(schema, tally)
        if not columns:
            raise complaints.all_blank(file)
        plans = _look_at_all(source, columns, file=file, timezone=timezone, tally=tally, progress=progress)
    except (pa.ArrowException, OSError, pl.exceptions.PolarsError) as error:
        raise complaints.broken_parquet(file, str(error)) from error
    return tuple(plans), InParquet(path, file, rows, plans, timezone)


def _usable(schema: pa.Schema, tally: Tally) -> list[str]:
    usable = []
    for column in schema:
        inner = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if pa.types.is_nested(inner) or pa.types.is_binary(inner) or pa.types.is_large_binary(inner):
            tally.add("unsupported_column", column=column.name, example=str(column.type))
        elif column.name in usable:
            tally.add("unsupported_column", column=column.name, example="a second column of this name")
        else:
            usable.append(column.name)
    return usable


def _look_at_all(
    source: pa_parquet.ParquetFile, columns: list[str], *, file: str, timezone: str, tally: Tally, progress: Progress
) -> dict[str, Plan | None]:
    """One pass over all cells: infinite numbers are refused, columns of texts are typed like those of a text file."""
    reading = Text(ko=f"{file} 읽는 중", en=f"Reading {file}")
    counts: dict[str, ColumnCount] = {}
    filled = False
    row = 1
    for batch in source.iter_batches(batch_size=_BATCH, columns=columns):
        frame = pl.DataFrame(pl.from_arrow(batch))
        numbers = np.arange(row, row + frame.height)
        for series in frame.iter_columns():
            filled = filled or series.null_count() < series.len()
            if series.dtype.is_float():
                _refuse_infinite(series, file, row)
            elif _is_text(series):
                counts.setdefault(series.name, ColumnCount(file, series.name)).add(series.cast(pl.String), numbers)
        row += frame.height
        progress(reading, (row - 1) / max(source.metadata.num_rows, 1))
    if not filled:
        raise complaints.all_blank(file)
    plans = {plan.name: plan for plan in decide(list(counts.values()), spreadsheet=False, tally=tally)}
    _count_lost(source, {name: plan for name, plan in plans.items() if plan.becomes != "text"}, timezone, tally)
    return {name: plans.get(name) for name in columns}


def _count_lost(source: pa_parquet.ParquetFile, plans: dict[str, Plan], timezone: str, tally: Tally) -> None:
    if not plans:
        return
    row = 1
    for batch in source.iter_batches(batch_size=_BATCH, columns=list(plans)):
        frame = pl.DataFrame(pl.from_arrow(batch))
        for series in frame.iter_columns():
            _converted(series, plans[series.name], row, timezone, tally)
        row += frame.height


def _is_text(series: pl.Series) -> bool:
    return series.dtype in (pl.String, pl.Categorical, pl.Enum)


def _refuse_infinite(series: pl.Series, file: str, row: int) -> None:
    infinite = series.is_infinite()
    if infinite.any():
        at = int(infinite.arg_max() or 0)
        raise complaints.infinite(file, row + at, series.name, str(series[at]))


def _converted(series: pl.Series, plan: Plan | None, row: int, timezone: str, tally: Tally) -> pl.Series:
    """A column of a Parquet file as one of our types; `row` is the row of its first cell."""
    kind = series.dtype
    if _is_text(series):
        texts = series.cast(pl.String)
        rows = np.arange(row, row + series.len())
        return (plan.convert(texts, rows, timezone, tally) if plan else cleaned(texts)).alias(series.name)
    if kind.is_float():
        return series.cast(pl.Float64).fill_nan(None)
    if kind == pl.UInt64:
        whole = series.cast(pl.Int64, strict=False)
        return whole if whole.null_count() == series.null_count() else series.cast(pl.Float64)
    if kind.is_integer():
        return series.cast(pl.Int64)
    if kind.is_decimal():
        return series.cast(pl.Float64)
    if kind == pl.Date:
        return in_utc(series.cast(pl.Datetime("us")), NAIVE, timezone, series.name, tally)
    if isinstance(kind, pl.Datetime):
        times = series.dt.cast_time_unit("us")
        return (
            times.dt.convert_time_zone("UTC") if kind.time_zone else in_utc(times, NAIVE, timezone, series.name, tally)
        )
    if isinstance(kind, pl.Duration):
        return series.dt.total_microseconds() / 1e6
    if kind == pl.Time:
        return series
    return series.cast(pl.String)
