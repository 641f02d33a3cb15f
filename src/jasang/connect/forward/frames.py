"""Records of a collector's spool, which are also what goes over the wire: a header with a checksum, and an Arrow record batch.

Header, little-endian, 44 bytes: magic "JSF1"; kind (1 readings, 2 what is known of signals); rows; sequence number; first and
last source time in us since 1970; bytes of the payload; CRC-32 of the header without it and of the payload. The payload of
readings is an Arrow IPC record batch message of `SCHEMA`: its length (4 bytes) and it, packed with zstd. That of signals is JSON.
"""

import json
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jasang.plant.reading import Reading, Signal

FORMAT = "jasang.forward/1"
MAGIC = b"JSF1"
READINGS, SIGNALS = 1, 2
MOST_PAYLOAD = 64_000_000  # bytes; anything longer is no record of ours
_HEADER = struct.Struct("<4sIIQqqII")
MOST_UNPACKED = 512_000_000
_SIZE = struct.Struct("<I")
_ZSTD = pa.Codec("zstd")
_WITHOUT_CRC = struct.Struct("<4sIIQqqI")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
EXACT = 2**53  # whole numbers beyond it do not fit a float64; their digits travel as text as well
_TIME = pa.timestamp("us", tz="UTC")

# The columns of a store's readings; see `jasang.store.contract.READING_SCHEMA`.
SCHEMA = pa.schema(
    [
        pa.field("signal", pa.string(), nullable=False),
        pa.field("source_time", _TIME, nullable=False),
        pa.field("receive_time", _TIME, nullable=False),
        pa.field("number", pa.float64()),
        pa.field("text", pa.string()),
        pa.field("truth", pa.bool_()),
        pa.field("whole", pa.bool_(), nullable=False),
        pa.field("quality", pa.uint32(), nullable=False),
    ]
)


class BadFrame(ValueError):
    """Bytes that are no whole, undamaged record; `at` is where they begin."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(f"{message} at byte {at}")
        self.at = at


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One record: where it lies in its bytes, what it holds, and the span of its source times in us (0, 0 without readings)."""

    kind: int
    sequence: int
    rows: int
    first: int
    last: int
    start: int
    payload: memoryview

    @property
    def end(self) -> int:
        """The byte after it."""
        return self.start + _HEADER.size + len(self.payload)

    def readings(self) -> pa.Table:
        """Its readings; `BadFrame` when the payload is none."""
        try:
            (size,) = _SIZE.unpack_from(self.payload)
            if size > MOST_UNPACKED:
                raise BadFrame(f"a record says it is {size} bytes long", self.start)
            message = _ZSTD.decompress(pa.py_buffer(self.payload[_SIZE.size :]), decompressed_size=size)
            batch = pa.ipc.read_record_batch(message, SCHEMA)
            batch.validate(full=True)
        except (pa.ArrowException, struct.error, OSError) as error:
            raise BadFrame(f"no readings: {error}", self.start) from error
        if batch.num_rows != self.rows or any(
            column.null_count for field, column in zip(SCHEMA, batch.columns, strict=True) if not field.nullable
        ):
            raise BadFrame(f"expected {self.rows} whole readings", self.start)
        return pa.Table.from_batches([batch], schema=SCHEMA)

    def signals(self) -> tuple[Signal, ...]:
        """What it tells of signals; `BadFrame` when the payload is no such list."""
        try:
            return tuple(Signal(**entry) for entry in json.loads(bytes(self.payload)))
        except (ValueError, TypeError) as error:
            raise BadFrame(f"no list of signals: {error}", self.start) from error


def write_readings(sequence: int, rows: pa.Table) -> bytes:
    """A record of readings; `rows` as `SCHEMA`, at least one."""
    [batch] = rows.combine_chunks().to_batches()
    times = pc.min_max(batch.column("source_time").cast(pa.int64()))
    message = batch.serialize()
    payload = _SIZE.pack(message.size) + _ZSTD.compress(message, asbytes=True)
    return _record(READINGS, sequence, batch.num_rows, times["min"].as_py(), times["max"].as_py(), memoryview(payload))


def write_signals(sequence: int, signals: Iterable[Signal]) -> bytes:
    """A record of what is known of signals."""
    told = [{"name": s.name, "asset": s.asset, "unit": s.unit, "address": s.address} for s in signals]
    return _record(SIGNALS, sequence, 0, 0, 0, memoryview(json.dumps(told, ensure_ascii=False).encode()))


def _record(kind: int, sequence: int, rows: int, first: int, last: int, payload: memoryview) -> bytes:
    head = _WITHOUT_CRC.pack(MAGIC, kind, rows, sequence, first, last, len(payload))
    crc = zlib.crc32(payload, zlib.crc32(head))
    return b"".join((head, struct.pack("<I", crc), payload))


def read_frames(data: bytes | memoryview) -> Iterator[Frame]:
    """The records in their order; raises `BadFrame` where one is cut off or damaged, after all before it."""
    view = memoryview(data)
    at = 0
    while at < len(view):
        frame = read_frame(view, at)
        yield frame
        at = frame.end


def read_frame(view: memoryview, at: int) -> Frame:
    """The record that begins at byte `at`; `BadFrame` when it is cut off or damaged."""
    if len(view) - at < _HEADER.size:
        raise BadFrame("a record is cut off", at)
    magic, kind, rows, sequence, first, last, length, crc = _HEADER.unpack_from(view, at)
    if magic != MAGIC or kind not in (READINGS, SIGNALS) or length > MOST_PAYLOAD:
        raise BadFrame("no record begins", at)
    body = view[at + _HEADER.size : at + _HEADER.size + length]
    if len(body) < length:
        raise BadFrame("a record is cut off", at)
    if zlib.crc32(body, zlib.crc32(view[at : at + _WITHOUT_CRC.size])) != crc:
        raise BadFrame("the checksum of a record is wrong", at)
    return Frame(kind=kind, sequence=sequence, rows=rows, first=first, last=last, start=at, payload=body)


def to_rows(readings: Sequence[Reading]) -> pa.Table:
    """Readings as `SCHEMA`, in their order."""
    whole = [isinstance(reading.value, int) and not isinstance(reading.value, bool) for reading in readings]
    columns = [
        pa.array([reading.signal for reading in readings], pa.string()),
        pa.array([reading.source_time for reading in readings], _TIME),
        pa.array([reading.receive_time for reading in readings], _TIME),
        pa.array([_number(reading.value) for reading in readings], pa.float64()),
        pa.array([_text(reading.value) for reading in readings], pa.string()),
        pa.array([reading.value if isinstance(reading.value, bool) else None for reading in readings], pa.bool_()),
        pa.array(whole, pa.bool_()),
        pa.array([reading.quality for reading in readings], pa.uint32()),
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def _number(value: float | int | str | bool | None) -> float | None:
    return None if value is None or isinstance(value, str) else float(value)


def _text(value: float | int | str | bool | None) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > EXACT:
        return str(value)
    return value if isinstance(value, str) else None


def to_readings(rows: pa.Table) -> list[Reading]:
    """The readings of `SCHEMA`, in their order."""
    times = [rows.column(name).cast(pa.int64()).to_pylist() for name in ("source_time", "receive_time")]
    others = [rows.column(name).to_pylist() for name in ("signal", "number", "text", "truth", "whole", "quality")]
    return [
        Reading(
            signal=signal,
            source_time=_EPOCH + source * _MICROSECOND,
            receive_time=_EPOCH + received * _MICROSECOND,
            value=_value(number, text, truth, whole),
            quality=quality,
        )
        for source, received, signal, number, text, truth, whole, quality in zip(*times, *others, strict=True)
    ]


def latest(rows: pa.Table) -> pa.Table:
    """The row of each signal with the latest source time, of equal ones the last."""
    codes = rows.column("signal").combine_chunks().dictionary_encode().indices.to_numpy()
    order = np.lexsort((rows.column("source_time").cast(pa.int64()).to_numpy(), codes))
    ends = np.append(codes[order][1:] != codes[order][:-1], True)[: len(codes)]
    return rows.take(pa.array(np.sort(order[ends])))


def _value(number: float | None, text: str | None, truth: bool | None, whole: bool) -> float | int | str | bool | None:
    if truth is not None:
        return truth
    if number is None:
        return text
    if whole:
        return int(number) if text is None else int(text)
    return number
