"""Fresh and settled readings as one: the caller never knows where a reading lies."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from jasang.plant.reading import Reading
from jasang.store import settled
from jasang.store.contract import BUCKET_SCHEMA, READING_SCHEMA
from jasang.store.rows import ROW_SCHEMA, check_span, newest_of_each, to_readings

_COLUMNS = ", ".join(ROW_SCHEMA.names)

# Answers (rows, time before which rows may have been settled) for signals and a span in microseconds since 1970.
FreshRange = Callable[[Sequence[str], int, int], tuple[pa.Table, int]]


def read_range(folder: Path, fresh: FreshRange, signals: Sequence[str], start: datetime, end: datetime) -> pa.Table:
    """`Reader.range` over both places."""
    with _merged(folder, fresh, signals, check_span(start, end)) as connection:
        found = connection.sql(f"SELECT {_COLUMNS} FROM merged ORDER BY signal, source_time").to_arrow_table()
    return settled.from_parquet(found).select(READING_SCHEMA.names).cast(READING_SCHEMA)


def read_buckets(
    folder: Path, fresh: FreshRange, signals: Sequence[str], start: datetime, end: datetime, buckets: int
) -> pa.Table:
    """`Reader.downsample` over both places."""
    if buckets < 1:
        raise ValueError(f"a span is divided into at least 1 bucket, got {buckets}")
    first, last = check_span(start, end)
    width = max(
        1, -((first - last) // buckets)
    )  # microseconds, rounded up so that no reading falls behind the last bucket
    query = f"""
        SELECT signal, {first} + (epoch_us(source_time) - {first}) // {width} * {width} AS bucket,
               min(number) FILTER (isfinite(number)) AS minimum, max(number) FILTER (isfinite(number)) AS maximum,
               avg(number) FILTER (isfinite(number)) AS mean, count(*) AS readings,
               count(*) FILTER (quality >= 2147483648) AS bad
        FROM merged GROUP BY ALL ORDER BY signal, bucket"""
    with _merged(folder, fresh, signals, (first, last)) as connection:
        return connection.sql(query).to_arrow_table().cast(BUCKET_SCHEMA)


def _merged(
    folder: Path, fresh: FreshRange, signals: Sequence[str], span: tuple[int, int]
) -> duckdb.DuckDBPyConnection:
    """A connection with the view `merged`. Fresh rows come first: a settlement meanwhile shows rows twice, never not at all."""
    names = sorted(set(signals))
    start, end = span
    rows, settled_before = fresh(names, start, end)
    table = settled.open_table(folder) if start < settled_before and names else None
    files = settled.files(table, start, end) if table is not None else []
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.register("fresh", rows)
    every = f"SELECT {_COLUMNS} FROM fresh"
    if files:
        listed = ", ".join(_literal(file) for file in files)
        wanted = ", ".join(_literal(name) for name in names)
        # A row that is on its way lies in both places for a moment.
        every += f""" UNION ALL SELECT {_COLUMNS} FROM read_parquet([{listed}], hive_partitioning = false)
            ANTI JOIN fresh USING (sequence)
            WHERE signal IN ({wanted}) AND source_time >= make_timestamptz({start}) AND source_time < make_timestamptz({end})"""
    connection.execute(f"CREATE TEMP VIEW merged AS {newest_of_each(every, 'signal, source_time')}")
    return connection


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def last_readings(rows: pa.Table, signals: Sequence[str] | None) -> Mapping[str, Reading]:
    """`Reader.last` from the last rows of all signals."""
    wanted = None if signals is None else set(signals)
    readings = sorted(to_readings(rows), key=lambda reading: reading.signal)
    return {reading.signal: reading for reading in readings if wanted is None or reading.signal in wanted}
