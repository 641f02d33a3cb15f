"""Readings as Arrow rows and back, without changing a value, a quality or a time."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from jasang.errors import StoreError
from jasang.plant.reading import Reading
from jasang.store.contract import READING_SCHEMA

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


def to_table(readings: Sequence[Reading]) -> pa.Table:
    """Readings as `READING_SCHEMA` in their order; `StoreError` when one cannot be written."""
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
        ]
    except (pa.ArrowException, UnicodeEncodeError, OverflowError) as error:
        raise StoreError(
            ko=f"읽은 값 {len(readings)}개를 저장할 형태로 바꿀 수 없습니다: {error}",
            en=f"{len(readings)} readings cannot be written as rows: {error}",
        ) from error
    return pa.Table.from_arrays(columns, schema=READING_SCHEMA)


def complete(rows: pa.Table) -> pa.Table:
    """A table as `READING_SCHEMA`, but for a dictionary-encoded signal: what may be left out is filled in.

    Raises `StoreError` when a column is unknown, missing or of another kind, or a signal or source time is null.
    """
    unknown = sorted(set(rows.column_names) - set(READING_SCHEMA.names))
    missing = sorted({"signal", "source_time"} - set(rows.column_names))
    if unknown or missing:
        raise StoreError(
            ko=f"읽은 값의 표에 알 수 없는 열 {unknown}, 빠진 열 {missing}이(가) 있습니다. 쓸 수 있는 열: {READING_SCHEMA.names}",
            en=f"a table of readings has unknown columns {unknown} and lacks {missing}; expected {READING_SCHEMA.names}",
        )
    columns = [_column(rows, field) for field in READING_SCHEMA]
    for field, column in zip(READING_SCHEMA, columns, strict=True):
        if not field.nullable and column.null_count:
            raise StoreError(
                ko=f"읽은 값의 표에서 {field.name} 열 {column.null_count}칸이 비어 있습니다.",
                en=f"a table of readings has {column.null_count} nulls in {field.name!r}; expected none",
            )
    return pa.Table.from_arrays(columns, names=READING_SCHEMA.names)


def _column(rows: pa.Table, field: pa.Field) -> pa.ChunkedArray | pa.Array:
    if field.name not in rows.column_names:
        left_out = {"receive_time": datetime.now(UTC), "whole": False, "quality": 0}.get(field.name)
        return pa.repeat(pa.scalar(left_out, field.type), rows.num_rows)
    column = rows.column(field.name)
    if pa.types.is_dictionary(column.type) and column.type.value_type == field.type:
        return column
    try:
        if pa.types.is_timestamp(field.type) and (not pa.types.is_timestamp(column.type) or column.type.tz is None):
            raise pa.ArrowTypeError(f"expected a timestamp with a zone, got {column.type}")
        # Nanoseconds are cut to microseconds; anything else must fit exactly.
        return column.cast(field.type, safe=not pa.types.is_timestamp(field.type))
    except pa.ArrowException as error:
        raise StoreError(
            ko=f"읽은 값의 표에서 {field.name} 열({column.type})을 {field.type}(으)로 바꿀 수 없습니다: {error}",
            en=f"a table of readings: column {field.name!r} ({column.type}) cannot be read as {field.type}: {error}",
        ) from error


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
