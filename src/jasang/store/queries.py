"""Fresh and settled readings as one: the caller never knows where a reading lies.

Fresh rows are asked for first and settled files after: a row on its way is seen twice and folded into one, never missed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from jasang.plant.reading import Reading
from jasang.store.block import BAD, Array, Block, has_number, joined, newest, one_after_another, ordered, to_table
from jasang.store.contract import BUCKET_SCHEMA, READING_SCHEMA
from jasang.store.retain import Hourly, hourly_table
from jasang.store.rolled_files import RolledFiles
from jasang.store.rows import check_span, microseconds, to_readings
from jasang.store.rows import moment as moment_of
from jasang.store.settle import Tables
from jasang.store.settled import Entry, SettledTable

MOST_GRID = 200_000_000  # cells of a grid; 1.6 GB


class FreshRows(Protocol):
    """Where fresh rows are asked for: see `FreshView`."""

    def select(self, names: Sequence[str], start: int, end: int) -> Block: ...

    def before(self, names: Sequence[str], moment: int) -> Block: ...


def read_extent(settled: SettledTable, fresh: tuple[int, int] | None) -> tuple[datetime, datetime] | None:
    """`Reader.extent` over both places."""
    ends = [(entry.first, entry.last) for entry in settled.entries()] + ([fresh] if fresh else [])
    if not ends:
        return None
    return moment_of(min(first for first, _last in ends)), moment_of(max(last for _first, last in ends))


def read_range(
    settled: SettledTable, fresh: FreshRows, signals: Sequence[str], start: datetime, end: datetime
) -> pa.Table:
    """`Reader.range` over both places."""
    names = sorted(set(signals))
    blocks = [block for block in _each(settled, fresh, names, check_span(start, end), full=True) if len(block)]
    return to_table(joined(blocks), names) if blocks else READING_SCHEMA.empty_table()


def read_history(tables: Tables, fresh: FreshRows, signal: str, time: datetime) -> tuple[Reading, ...]:
    """`Reader.history` of what lies in all places."""
    at = microseconds(time)
    rows = fresh.select([signal], at, at + 1)
    older = [
        block for table in (tables.replaced, tables.settled) for block in table.select(signal, at, at + 1, full=True)
    ]
    return without_copies(to_readings(to_table(joined([*older, rows]), [signal])))


def _each(
    settled: SettledTable, fresh: FreshRows, names: Sequence[str], span: tuple[int, int], *, full: bool
) -> Iterator[Block]:
    """For each signal its rows of the span, one a source time, sorted by time."""
    if not names or span[0] >= span[1]:
        return
    rows = ordered(fresh.select(names, *span))
    yield from _each_of(settled, settled.entries(), rows, names, span, full=full)


def _each_of(
    settled: SettledTable,
    entries: Sequence[Entry],
    rows: Block,
    names: Sequence[str],
    span: tuple[int, int],
    *,
    full: bool,
) -> Iterator[Block]:
    """`_each` from files and fresh rows that are at hand."""
    ends = np.searchsorted(rows.signal, np.arange(len(names) + 1))
    for place, name in enumerate(names):
        blocks = settled.select(name, *span, full=full, entries=entries)
        fresh_rows = newest(rows.take(slice(int(ends[place]), int(ends[place + 1]))))[0]
        yield one_after_another([*(block.of_signal(place) for block in blocks), fresh_rows])


def read_buckets(
    settled: SettledTable,
    fresh: FreshRows,
    hourly: Hourly,
    signals: Sequence[str],
    start: datetime,
    end: datetime,
    buckets: int,
) -> pa.Table:
    """`Reader.downsample` over both places."""
    if buckets < 1:
        raise ValueError(f"a span is divided into at least 1 bucket, got {buckets}")
    first, last = check_span(start, end)
    names = sorted(set(signals))
    # Microseconds, rounded up so that no reading falls behind the last bucket.
    width = max(1, -((first - last) // buckets))
    rolled = hourly.of(names, first, last)
    if not names or first >= last:
        return BUCKET_SCHEMA.empty_table()
    fresh_rows = ordered(fresh.select(names, first, last))
    ends = np.searchsorted(fresh_rows.signal, np.arange(len(names) + 1))
    files = RolledFiles(settled.entries(), first, last, width)
    parts = []
    for place, name in enumerate(names):
        young = newest(fresh_rows.take(slice(int(ends[place]), int(ends[place + 1]))))[0]
        slots, entries = files.of(name, young.source)
        blocks = settled.select(name, first, last, full=False, entries=entries)
        rows = one_after_another([*(block.of_signal(place) for block in blocks), young])
        part, numbers = _buckets(name, rows, first, width)
        hours = [hourly_table(name, one) for one in slots]
        if rolled.num_rows:
            hours.append(rolled.filter(pc.equal(rolled.column("signal"), name)))
        if hours:
            part = _with_hours(name, part, numbers, pa.concat_tables(hours), first, width)
        parts.append(part)
    return pa.concat_tables(parts)


def _buckets(name: str, rows: Block, first: int, width: int) -> tuple[pa.Table, Array]:
    """The buckets of one signal, and how many numbers went into each."""
    bucket, starts = _filled_buckets(rows.source, first, width)
    counts = np.diff(np.append(starts, len(rows)))
    usable = has_number(rows) & np.isfinite(rows.number)
    if usable.all():
        numbers, at, used = rows.number, starts, counts
        filled = np.ones(len(starts), bool)
    else:
        used = np.add.reduceat(usable.astype(np.int64), starts) if len(starts) else counts
        filled = used > 0
        numbers, at = rows.number[usable], (np.cumsum(used) - used)[filled]
        used = used[filled]

    def told(values: Array) -> pa.Array:
        if filled.all():
            return pa.array(values)
        every = np.full(len(starts), np.nan)
        every[filled] = values
        return pa.array(every, mask=~filled)

    reduced = [
        operation.reduceat(numbers, at) if len(at) else np.empty(0) for operation in (np.minimum, np.maximum, np.add)
    ]
    bad = rows.quality >= BAD
    columns = [
        pa.array([name], pa.string())
        .dictionary_encode()
        .take(pa.array(np.zeros(len(starts), np.int32)))
        .cast(pa.string()),
        pa.array(first + bucket * width).cast(pa.timestamp("us", tz="UTC")),
        told(reduced[0]),
        told(reduced[1]),
        told(reduced[2] / used if len(used) else reduced[2]),
        pa.array(counts.astype(np.int64)),
        pa.array(np.add.reduceat(bad.astype(np.int64), starts) if len(starts) else np.empty(0, np.int64)),
    ]
    numbers_in = np.zeros(len(starts), np.int64)
    numbers_in[filled] = used
    return pa.Table.from_arrays(columns, schema=BUCKET_SCHEMA), numbers_in


def _filled_buckets(times: Array, first: int, width: int) -> tuple[Array, Array]:
    """Numbers of the buckets that ascending times fall into, and the first place of each."""
    if not len(times):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    lowest, highest = (int(times[end] - first) // width for end in (0, -1))
    if highest - lowest < len(times) // 4:  # looking for the borders takes less than a division for each time
        every = np.arange(lowest, highest + 1)
        starts = times.searchsorted(first + every * width)
        filled = np.diff(starts, append=len(times)) > 0
        return every[filled], starts[filled]
    bucket = (times - first) // width
    starts = np.flatnonzero(np.append(True, bucket[1:] != bucket[:-1]))
    return bucket[starts], starts


def _with_hours(name: str, buckets: pa.Table, numbers_in: Array, hours: pa.Table, first: int, width: int) -> pa.Table:
    """Buckets with roll-ups beside their readings; an hour, or a shorter slot, belongs to the bucket in which it begins."""
    if not hours.num_rows:
        return buckets
    place = (hours.column("hour").cast(pa.int64()).to_numpy() - first) // width
    totals = pc.fill_null(pc.multiply(buckets.column("mean"), pa.array(numbers_in.astype(float))), 0.0)
    every = pa.table(
        {
            "bucket": pa.concat_arrays(
                [*buckets.column("bucket").cast(pa.int64()).chunks, pa.array(first + place * width)]
            ),
            "minimum": pa.chunked_array([*buckets.column("minimum").chunks, *hours.column("minimum").chunks]),
            "maximum": pa.chunked_array([*buckets.column("maximum").chunks, *hours.column("maximum").chunks]),
            "total": pa.chunked_array([*totals.chunks, *hours.column("total").chunks]),
            "numbers": pa.chunked_array([pa.array(numbers_in), *hours.column("numbers").chunks]),
            "readings": pa.chunked_array([*buckets.column("readings").chunks, *hours.column("readings").chunks]),
            "bad": pa.chunked_array([*buckets.column("bad").chunks, *hours.column("bad").chunks]),
        }
    )
    wanted = [
        ("minimum", "min"),
        ("maximum", "max"),
        *((column, "sum") for column in ("total", "numbers", "readings", "bad")),
    ]
    found = every.group_by("bucket").aggregate(wanted).sort_by("bucket")
    numbers = found.column("numbers_sum")
    mean = pc.if_else(pc.greater(numbers, 0), pc.divide(found.column("total_sum"), numbers.cast(pa.float64())), None)
    columns = [
        pa.chunked_array([pa.array([name] * found.num_rows, pa.string())]),
        found.column("bucket").cast(pa.timestamp("us", tz="UTC")),
        found.column("minimum_min"),
        found.column("maximum_max"),
        mean,
        found.column("readings_sum"),
        found.column("bad_sum"),
    ]
    return pa.Table.from_arrays(columns, schema=BUCKET_SCHEMA)


def read_grid(
    settled: SettledTable, fresh: FreshRows, signals: Sequence[str], start: datetime, end: datetime, step: timedelta
) -> tuple[npt.NDArray[np.datetime64], npt.NDArray[np.float64]]:
    """`Reader.grid` over both places."""
    first, last = check_span(start, end)
    width = step // timedelta(microseconds=1)
    if width < 1:
        raise ValueError(f"the step of a grid is at least 1 µs, got {step}")
    count = -((first - last) // width)
    if count * len(signals) > MOST_GRID:
        raise ValueError(f"a grid has at most {MOST_GRID:,} cells, got {count:,} times x {len(signals):,} signals")
    times = first + width * np.arange(count, dtype=np.int64)
    matrix = np.empty((len(signals), count))
    names = sorted(set(signals))
    row_of: dict[str, list[int]] = {}
    for row, name in enumerate(signals):
        row_of.setdefault(name, []).append(row)
    fresh_before = _fresh_before(fresh, names, first)
    fresh_rows = ordered(fresh.select(names, first, last))
    entries = settled.entries()
    for name, rows in zip(names, _each_of(settled, entries, fresh_rows, names, (first, last), full=False), strict=True):
        before = _later(settled.before(name, first, entries), fresh_before.get(name))
        line = _held(before, rows, first, width, count)
        for row in row_of[name]:
            matrix[row] = line
    return times.view("datetime64[us]"), matrix.T


def _fresh_before(fresh: FreshRows, names: Sequence[str], moment: int) -> dict[str, Block]:
    rows = fresh.before(names, moment)
    return {names[place]: rows.take(slice(at, at + 1)) for at, place in enumerate(rows.signal)}


def _later(settled: Block, fresh: Block | None) -> Block:
    """The row with the later source time; of equal ones the fresh one."""
    if fresh is None or (len(settled) and settled.source[0] > fresh.source[0]):
        return settled
    return fresh


def _held(before: Block, rows: Block, first: int, width: int, count: int) -> Array:
    """The value that holds at each of `count` times: of the last reading at or before it; NaN where that has no good number."""
    values = np.concatenate([_good_numbers(before), _good_numbers(rows)])
    if not len(before):
        values = np.concatenate([[np.nan], values])
    # A reading holds from the first time at or after it; between two readings in one step the later one counts.
    begins = -((first - rows.source) // width)
    repeats = np.diff(begins, prepend=0, append=count)
    line: Array = np.repeat(values, repeats)
    return line


def _good_numbers(rows: Block) -> Array:
    good = has_number(rows) & (rows.quality < BAD)
    numbers: Array = rows.number if good.all() else np.where(good, rows.number, np.nan)
    return numbers


def last_readings(rows: Block, names: Sequence[str], signals: Sequence[str] | None) -> Mapping[str, Reading]:
    """`Reader.last` from the last rows of all signals."""
    if signals is not None:
        wanted = set(signals)
        rows = rows.take(np.fromiter((names[code] in wanted for code in rows.signal), bool, len(rows)))
    readings = sorted(to_readings(to_table(rows, names)), key=lambda reading: reading.signal)
    return {reading.signal: reading for reading in readings}


def without_copies(readings: Sequence[Reading]) -> tuple[Reading, ...]:
    """Readings in their order, each once: a row on its way lies in two places."""
    kept: list[Reading] = []
    for reading in readings:
        if not any(_same(reading, other) for other in kept):
            kept.append(reading)
    return tuple(kept)


def _same(one: Reading, other: Reading) -> bool:
    return replace(one, value=None) == replace(other, value=None) and repr(one.value) == repr(other.value)
