"""Settled rows as Parquet: how they lie in a file, and how they are read back bit by bit.

Most numbers of machines were rounded to a few decimals. Such a number lies as the whole number `scaled` with its power of ten
`scale`; differences of whole numbers take a few bits where those of doubles take thirty. It does so only where
`scaled / 10**scale` gives back every bit of the double; any other number lies in `number` as it is. The receive time lies as the
place (`arrival`) in the list of receive times of the file, because the readings of one delivery share it.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from jasang.plant.reading_columns import NOTHING, NUMBER, TEXT, TRUTH, WHOLE
from jasang.store.block import Array, Block, present

# The Delta table's columns. `source_time` lies in whole milliseconds in a file where all of them are. number of a row =
# coalesce(number, scaled / 10^scale); of two rows of one signal and source_time the one with the greater batch counts.
DELTA_SCHEMA = pa.schema(
    [
        pa.field("signal", pa.string()),
        pa.field("source_time", pa.timestamp("us", tz="UTC")),
        pa.field("scaled", pa.int64()),
        pa.field("scale", pa.int32()),
        pa.field("number", pa.float64()),
        pa.field("text", pa.string()),
        pa.field("truth", pa.bool_()),
        pa.field("whole", pa.bool_()),
        pa.field("quality", pa.int64()),  # Delta Lake has no unsigned numbers
        pa.field("arrival", pa.int32()),
        pa.field("batch", pa.int64()),
    ]
)
INDEX, RECEIVED = b"jasang.index", b"jasang.receive_times"
MOST_DECIMALS = 9
_EXACT = 2.0**53
_SAMPLE = 512
_WORTH = 0.9  # share of exact numbers from which on the few others are worth a column of their own


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Consecutive rows of one signal in a row group. `first` and `last` are source times in microseconds."""

    signal: str
    group: int
    at: int  # place of its first row in the row group
    rows: int
    first: int
    last: int


def file_schema(milliseconds: bool) -> pa.Schema:
    """The columns of one file."""
    unit = "ms" if milliseconds else "us"
    return DELTA_SCHEMA.set(1, pa.field("source_time", pa.timestamp(unit, tz="UTC")))


ENCODING = {
    "source_time": "DELTA_BINARY_PACKED",
    "scaled": "DELTA_BINARY_PACKED",
    "arrival": "DELTA_BINARY_PACKED",
    "number": "BYTE_STREAM_SPLIT",
}
DICTIONARY = ["signal", "text", "scale", "quality", "batch"]


def exact_at(numbers: Array, scale: int) -> Array:
    """Which finite numbers are a whole number over 10^scale, to the last bit (-0.0 is none); shape of `numbers`, bool."""
    power = 10.0**scale
    with np.errstate(over="ignore", invalid="ignore"):
        whole = np.rint(numbers * power)
        exact: Array = (np.abs(whole) < _EXACT) & (whole / power == numbers)
    if (numbers == 0.0).any():
        exact &= ~((numbers == 0.0) & np.signbit(numbers))
    return exact


def decimals(numbers: Array) -> tuple[int, Array]:
    """The scale at which most numbers are exact, and which are; none are where it is not worth while."""
    sample = numbers[:: max(1, len(numbers) // _SAMPLE)]
    best, best_exact = 0, np.zeros(len(numbers), bool)
    for scale in range(MOST_DECIMALS + 1):
        if exact_at(sample, scale).mean() < _WORTH:
            continue
        exact = exact_at(numbers, scale)
        if exact.sum() > best_exact.sum():
            best, best_exact = scale, exact
        if exact.all():
            break
    if len(numbers) and best_exact.mean() < _WORTH:
        best_exact[:] = False
    return best, best_exact


def encoded(block: Block, signal: str, *, milliseconds: bool, received: Array, batch: int) -> pa.RecordBatch:
    """Rows of one signal as they lie in the file."""
    count, kind = len(block), block.kind
    has_number = (kind == NUMBER) | (kind == WHOLE) | (kind == TRUTH)
    scale, scalable = 0, np.zeros(count, bool)
    if has_number.any():
        scale, among = decimals(block.number[has_number])
        scalable[has_number] = among
    with np.errstate(invalid="ignore"):
        scaled = np.rint(np.where(scalable, block.number, 0.0) * 10.0**scale).astype(np.int64)
    plain = has_number & ~scalable
    truth = kind == TRUTH
    time = pa.timestamp("ms" if milliseconds else "us", tz="UTC")
    columns = [
        pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([signal])).cast(pa.string()),
        pa.array(block.source // 1000 if milliseconds else block.source).cast(time),
        pa.array(scaled, mask=~scalable),
        pa.array(np.full(count, scale, np.int32)),
        pa.array(block.number, mask=~plain) if plain.any() else pa.nulls(count, pa.float64()),
        pa.nulls(count, pa.string()) if block.text is None else pa.array(block.text, pa.string()),
        pa.array(block.number == 1.0, mask=~truth) if truth.any() else pa.nulls(count, pa.bool_()),
        pa.array(kind == WHOLE),
        pa.array(block.quality.astype(np.int64)),
        pa.array(np.searchsorted(received, block.receive).astype(np.int32)),
        pa.array(np.full(count, batch, np.int64)),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=file_schema(milliseconds))


NUMBERS = ("source_time", "scaled", "scale", "number", "truth", "whole", "quality")
EVERYTHING = (*NUMBERS, "text", "arrival")
_POWERS = 10.0 ** np.arange(MOST_DECIMALS + 1)


def decoded(table: pa.Table, constants: dict[str, Any], received: Array | None) -> Block:
    """Rows of a row group; columns in `constants` were not read. Without `received` there is no text and no receive time.

    Columns of one value take no memory, and must not be written to.
    """
    count = table.num_rows

    def column(name: str, kind: Any, fill: Any) -> Array:
        if name in constants:
            value = constants[name]
            return np.broadcast_to(np.asarray(fill if value is None else value, kind), (count,))
        found = table.column(name)
        found = found.combine_chunks() if found.num_chunks != 1 else found.chunk(0)
        if found.null_count:
            found = found.fill_null(fill)
        if pa.types.is_boolean(found.type):
            found = found.cast(pa.uint8())
        array: Array = found.to_numpy(zero_copy_only=False).astype(kind, copy=False)
        return array

    def missing(name: str) -> Array:
        if name in constants:
            return np.full(count, constants[name] is None)
        found = table.column(name)
        absent: Array = (
            np.zeros(count, bool) if not found.null_count else found.is_null().to_numpy(zero_copy_only=False)
        )
        return absent

    scaled, scale = column("scaled", np.int64, 0), constants.get("scale")
    number = scaled / (10.0**scale if scale is not None else _POWERS[column("scale", np.int64, 0)])
    whole = constants.get("whole")
    if whole is not None:
        kind = np.full(count, WHOLE if whole else NUMBER, np.uint8)
    else:
        kind = np.where(column("whole", bool, False), WHOLE, NUMBER).astype(np.uint8)
    unscaled = missing("scaled")
    if unscaled.any():
        plain = ~missing("number")
        number[unscaled] = np.nan
        number[plain] = column("number", np.float64, 0.0)[plain]
        kind[unscaled & ~plain] = NOTHING
    if constants.get("truth", False) is not None:
        kind[~missing("truth")] = TRUTH
    text = None
    if received is not None and "text" not in constants:
        text = table.column("text").to_numpy(zero_copy_only=False)
        kind[(kind == NOTHING) & present(text)] = TEXT
    elif received is not None and constants["text"] is not None:
        text = np.full(count, constants["text"], object)
        kind[kind == NOTHING] = TEXT
    times = table.column("source_time")
    milliseconds = times.type.unit == "ms"
    source = times.combine_chunks().cast(pa.int64()).to_numpy() * (1000 if milliseconds else 1)
    return Block(
        signal=np.broadcast_to(np.int32(0), (count,)),
        source=source,
        receive=np.broadcast_to(np.int64(0), (count,))
        if received is None
        else received[column("arrival", np.int32, 0)],
        number=number,
        kind=kind,
        quality=column("quality", np.uint32, 0),
        text=text,
    )


def packed_times(times: Array) -> bytes:
    """Ascending times for a file's metadata."""
    body = np.diff(times, prepend=0).astype("<i8").tobytes()
    return str(len(body)).encode() + b":" + base64.b64encode(pa.compress(body, codec="zstd", asbytes=True))


def unpacked_times(packed: bytes) -> Array:
    """The inverse of `packed_times`."""
    size, _, body = packed.partition(b":")
    content = pa.decompress(base64.b64decode(body), decompressed_size=int(size), codec="zstd", asbytes=True)
    return np.cumsum(np.frombuffer(content, "<i8"))


def packed_index(pieces: Sequence[Piece]) -> bytes:
    """Where each signal lies, for a file's metadata."""
    listed = [[p.signal, p.group, p.at, p.rows, p.first, p.last] for p in pieces]
    body = json.dumps({"format": "jasang.index/2", "pieces": listed}).encode()
    return str(len(body)).encode() + b":" + base64.b64encode(pa.compress(body, codec="zstd", asbytes=True))


def unpacked_index(packed: bytes) -> list[Piece]:
    """The inverse of `packed_index`."""
    size, _, body = packed.partition(b":")
    content = pa.decompress(base64.b64decode(body), decompressed_size=int(size), codec="zstd", asbytes=True)
    return [
        Piece(signal=signal, group=group, at=at, rows=rows, first=first, last=last)
        for signal, group, at, rows, first, last in json.loads(content)["pieces"]
    ]
