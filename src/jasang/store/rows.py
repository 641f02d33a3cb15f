"""Readings as Arrow rows and back, without changing a value, a quality or a time."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from jasang.errors import StoreError
from jasang.plant.reading import Reading
from jasang.store.contract import READING_SCHEMA

# What lies on disk: READING_SCHEMA plus the order of arrival, which decides between two readings of one signal and source time.
ROW_SCHEMA = READING_SCHEMA.append(pa.field("sequence", pa.int64(), nullable=False))

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EXACT_IN_FLOAT = 2**53  # every whole number up to here is exact in a float64


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970 in UTC; `ValueError` when the moment has no zone."""
    if moment.tzinfo is None:
        raise ValueError(f"a time needs a zone, got {moment!r}")
    return (moment - _EPOCH) // _MICROSECOND


def moment(microseconds_since_1970: int) -> datetime:
    """The inverse of `microseconds`."""
    return _EPOCH + timedelta(microseconds=microseconds_since_1970)


def check_span(start: datetime, end: datetime) -> tuple[int, int]:
    """Both ends in microseconds; `ValueError` when a zone is missing or the end lies before the start."""
    first, last = microseconds(start), microseconds(end)
    if last < first:
        raise ValueError(f"a span must not end before it starts, got {start.isoformat()} to {end.isoformat()}")
    return first, last


def newest_of_each(relation: str, key: str, latest: str = "sequence") -> str:
    """SQL for the rows of a relation whose (`latest`, sequence) is the greatest of their key.

    By a join on the row's own number, not a window or `arg_max` over whole rows: those turn -0.0 into 0.0 in DuckDB.
    """
    columns = ", ".join(ROW_SCHEMA.names)
    # The relation stands here twice on purpose: the inner scan then reads three narrow columns only.
    newest = f"SELECT max_by(sequence, ({latest}, sequence)) AS sequence FROM ({relation}) GROUP BY {key}"
    return f"SELECT {columns} FROM ({relation}) SEMI JOIN ({newest}) USING (sequence)"


def to_rows(readings: Sequence[Reading], first_sequence: int) -> pa.Table:
    """Readings as `ROW_SCHEMA`, numbered from `first_sequence` in their order; `StoreError` when one cannot be written."""
    number: list[float | None] = []
    text: list[str | None] = []
    truth: list[bool | None] = []
    whole: list[bool] = []
    for reading in readings:
        value = reading.value
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        whole.append(is_whole)
        truth.append(value if isinstance(value, bool) else None)
        number.append(float(value) if isinstance(value, (bool, int, float)) else None)
        if is_whole and abs(int(value)) > _EXACT_IN_FLOAT:  # type: ignore[arg-type]
            text.append(str(value))
        else:
            text.append(value if isinstance(value, str) else None)
    sequence = np.arange(first_sequence, first_sequence + len(readings), dtype=np.int64)
    try:
        columns = [
            pa.array([reading.signal for reading in readings], pa.string()),
            pa.array([reading.source_time for reading in readings], pa.timestamp("us", tz="UTC")),
            pa.array([reading.receive_time for reading in readings], pa.timestamp("us", tz="UTC")),
            pa.array(number, pa.float64()),
            pa.array(text, pa.string()),
            pa.array(truth, pa.bool_()),
            pa.array(whole, pa.bool_()),
            pa.array([reading.quality for reading in readings], pa.uint32()),
            pa.array(sequence),
        ]
    except (pa.ArrowException, UnicodeEncodeError, OverflowError) as error:
        raise StoreError(
            ko=f"읽은 값 {len(readings)}개를 저장할 형태로 바꿀 수 없습니다: {error}",
            en=f"{len(readings)} readings cannot be written as rows: {error}",
        ) from error
    return pa.Table.from_arrays(columns, schema=ROW_SCHEMA)


def _value(
    number: float | None, text: str | None, truth: bool | None, is_whole: bool
) -> float | int | str | bool | None:
    if truth is not None:
        return truth
    if number is None:
        return text
    if is_whole:
        return int(text) if text is not None else int(number)
    return number


def to_readings(table: pa.Table) -> list[Reading]:
    """The readings of a table with (at least) the columns of `READING_SCHEMA`, in row order."""
    columns = [table.column(name) for name in READING_SCHEMA.names]
    times = [column.cast(pa.int64()).to_pylist() for column in columns[1:3]]
    others = [column.to_pylist() for column in (columns[0], *columns[3:])]
    return [
        Reading(
            signal=signal,
            source_time=moment(source),
            receive_time=moment(received),
            value=_value(number, text, truth, whole),
            quality=quality,
        )
        for source, received, signal, number, text, truth, whole, quality in zip(*times, *others, strict=True)
    ]
