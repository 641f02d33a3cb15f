"""What every store of readings promises, whichever way the readings lie on disk.

Times are UTC with a zone and kept to one microsecond. A span is half open: `start` belongs to it, `end` does not.
One reading is known by its signal and source time: the same pair written again replaces the older reading, which stays in its
history.
An appended reading is acknowledged when `append` returns: it is in a committed, synced transaction and survives a kill.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from jasang.plant.reading import Reading, Signal
from jasang.plant.reading_columns import ReadingColumns

FORMAT = "jasang.store/2"
FORMER_FORMATS = ("jasang.store/1",)  # opened too; the owner turns them into FORMAT

# Columns of `range`, sorted by signal, then source time. How a value is told from its three columns:
#   number   `number` is set, `text` is null       (`whole` says whether the machine gave an integer; then `number` is its
#                                                    nearest float64 and, beyond ±2^53, `text` holds the exact digits)
#   truth    `truth` is set, `number` is 1.0 or 0.0 so that it can be charted
#   text     only `text` is set
#   nothing  all null: the machine reported a quality but no value
READING_SCHEMA = pa.schema(
    [
        pa.field("signal", pa.string(), nullable=False),
        pa.field("source_time", pa.timestamp("us", tz="UTC"), nullable=False),  # the machine's clock
        pa.field("receive_time", pa.timestamp("us", tz="UTC"), nullable=False),  # the collector's clock
        pa.field("number", pa.float64()),
        pa.field("text", pa.string()),
        pa.field("truth", pa.bool_()),
        pa.field("whole", pa.bool_(), nullable=False),
        pa.field("quality", pa.uint32(), nullable=False),  # OPC UA status code, 0 = good
    ]
)

# Columns of `downsample`, sorted by signal, then bucket. `bucket` is the start of the bucket. Only readings that carry a finite
# number count towards `minimum`, `maximum` and `mean` (unit of the signal); `bad` counts readings whose status code is bad
# (0x8...). A bucket without any reading has no row: a gap stays a gap.
BUCKET_SCHEMA = pa.schema(
    [
        pa.field("signal", pa.string(), nullable=False),
        pa.field("bucket", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("minimum", pa.float64()),
        pa.field("maximum", pa.float64()),
        pa.field("mean", pa.float64()),
        pa.field("readings", pa.int64(), nullable=False),
        pa.field("bad", pa.int64(), nullable=False),
    ]
)


class Reader(Protocol):
    """Reads a store, in any process, while another process may be writing to it."""

    def signals(self) -> tuple[Signal, ...]:
        """All signals that were described or have a reading, sorted by name."""

    def extent(self) -> tuple[datetime, datetime] | None:
        """The earliest and the latest source time of all readings; `None` when there are none."""

    def last(self, signals: Sequence[str] | None = None) -> Mapping[str, Reading]:
        """The reading with the latest source time of each signal; all signals when `None`. A signal without one is absent."""

    def range(self, signals: Sequence[str], start: datetime, end: datetime) -> pa.Table:
        """Readings of the signals with `start <= source_time < end`, as `READING_SCHEMA`.

        Raises `ValueError` when a time has no zone or `end` lies before `start`; an unknown signal has no rows.
        """

    def downsample(self, signals: Sequence[str], start: datetime, end: datetime, buckets: int) -> pa.Table:
        """Minimum, maximum and mean of each signal in `buckets` equal spans of `[start, end)`, as `BUCKET_SCHEMA`."""

    def grid(
        self, signals: Sequence[str], start: datetime, end: datetime, step: timedelta
    ) -> tuple[npt.NDArray[np.datetime64], npt.NDArray[np.float64]]:
        """The number of each signal at `start`, `start + step`, … before `end`: of its last reading at or before that time.

        Returns the times, shape (n,), `datetime64[us]` UTC, and the numbers, shape (n, len(signals)), in the order of `signals`.
        NaN before the first reading, and from a reading that is bad (status code 0x8…) or carries no number until the next good
        one: a broken sensor does not keep its last value. Truth values are 1 and 0. Readings before `start` count.
        Raises `ValueError` for a backward span, a step below 1 µs, or more than 200 million cells.
        """

    def history(self, signal: str, time: datetime) -> tuple[Reading, ...]:
        """What was written for one signal and source time, in the order of arrival; the last one counts."""

    def close(self) -> None:
        """Let go of files and connections."""


class Store(Reader, Protocol):
    """The one owner of a store: reads as a `Reader`, and writes."""

    def append(self, readings: Sequence[Reading]) -> int:
        """Keep the readings in one transaction and return how many; once it returns they survive a kill of the process.

        Any number of threads may call it at once, as with `append_table`.
        Raises `StoreError` when they could not be kept; then none of them was.
        """

    def append_table(self, rows: pa.Table) -> int:
        """Keep rows of `READING_SCHEMA` in one transaction and return how many; when it returns they survive a kill and are seen.

        Only `signal` (may be dictionary-encoded) and `source_time` must be there: `receive_time` left out is now, `whole` false,
        `quality` 0, anything else null. Any number of threads may call it at once: they share one synced write (group commit).
        Raises `StoreError` when a column is unknown, of another kind or lacks a value, or the rows could not be kept.
        """

    def append_tables(self, tables: Sequence[pa.Table | ReadingColumns]) -> int:
        """`append_table` of several tables in one transaction; either all of them are kept or none.

        Columns with signals by `numbers` are taken at a fraction of the cost of a table; `StoreError` for a number that was
        never given.
        """

    def numbers(self, names: Sequence[str]) -> list[int]:
        """The numbers of signals in this store while it is open, for `ReadingColumns`; a new name gets the next one."""

    def describe(self, signals: Iterable[Signal]) -> None:
        """Keep asset, unit and address of signals; a later description of the same name replaces the earlier one."""

    def settle(self, before: datetime) -> int:
        """Move readings with `source_time < before` to the settled table and return how many; safe to repeat after a crash.

        Takes turns with appends that come meanwhile, so that they do not wait for it.
        """
