"""Rows in memory: one array a column, signals as numbers. What the log, the segments and the queries work on.

Times are microseconds since 1970, UTC. A signal is its place in a list of names that the holder of the block keeps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from jasang.plant.reading_columns import NOTHING, NUMBER, TEXT, TRUTH, WHOLE, ReadingColumns
from jasang.store.contract import READING_SCHEMA

BAD = 0x8000_0000  # the severity bit of a bad OPC UA status code
_EXACT_IN_FLOAT = 2.0**53

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """n rows; every array has shape (n,)."""

    signal: Array  # int32
    source: Array  # int64
    receive: Array  # int64
    number: Array  # float64; NaN where the kind has no number
    kind: Array  # uint8
    quality: Array  # uint32
    text: Array | None = None  # object, str or None; absent where no row has a text

    def __len__(self) -> int:
        return len(self.source)

    def take(self, rows: Array | slice) -> "Block":
        """The chosen rows, by places, mask or slice."""
        taken: dict[str, Any] = {name: column[rows] for name, column in self.columns().items() if column is not None}
        return Block(**taken)

    def columns(self) -> dict[str, Any]:
        """The columns by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def of_signal(self, code: int) -> "Block":
        """The same rows, all of signal `code`."""
        return replace(self, signal=np.broadcast_to(np.int32(code), (len(self),)))

    def numbered(self, codes: Array) -> "Block":
        """The same rows with signal `i` called `codes[i]`."""
        return replace(self, signal=codes[self.signal].astype(np.int32))


def empty() -> Block:
    """No rows."""
    return Block(
        signal=np.empty(0, np.int32),
        source=np.empty(0, np.int64),
        receive=np.empty(0, np.int64),
        number=np.empty(0, np.float64),
        kind=np.empty(0, np.uint8),
        quality=np.empty(0, np.uint32),
    )


def joined(blocks: Sequence[Block]) -> Block:
    """The rows of the blocks in their order."""
    kept = [block for block in blocks if len(block)]
    if len(kept) < 2:
        return kept[0] if kept else empty()
    columns = {field.name: [getattr(block, field.name) for block in kept] for field in fields(Block)}
    texts = columns.pop("text")
    text = None
    if any(column is not None for column in texts):
        text = np.concatenate(
            [np.full(len(block), None, object) if block.text is None else block.text for block in kept]
        )
    return Block(**{name: np.concatenate(parts) for name, parts in columns.items()}, text=text)


def ordered(block: Block) -> Block:
    """The rows by signal, then source time, then as they were."""
    signal, source = block.signal, block.source
    if len(block) < 2:
        return block
    ahead = signal[1:] > signal[:-1]
    if not np.all(ahead | ((signal[1:] == signal[:-1]) & (source[1:] >= source[:-1]))):
        block = block.take(_order(signal, source))
    return block


def _order(signal: Array, source: Array) -> Array:
    """What a stable sort by signal and source would do; readings mostly come in order of time, which is much faster to sort."""
    if len(signal) and int(signal.max()) < 2**16:  # NumPy sorts 16 bits by radix
        order = np.argsort(signal.astype(np.uint16), kind="stable")
        by_signal, times = signal[order], source[order]
        if np.all((times[1:] >= times[:-1]) | (by_signal[1:] != by_signal[:-1])):
            return order
    return np.lexsort((source, signal))


def last_of_each(signal: Array, source: Array) -> Array:
    """The row with the latest source time of each signal that occurs, ascending by signal; of equal times the later row."""
    if len(signal) == 1:
        return np.zeros(1, np.int64)
    highest = int(signal.max())
    if highest < 4 * len(signal) and np.all(source[1:] >= source[:-1]):
        place = np.full(highest + 1, -1, np.int64)
        place[signal] = np.arange(len(signal))  # of equal places NumPy keeps what is assigned last
        return place[place >= 0]
    order = _order(signal, source)
    by_signal = signal[order]
    found: Array = order[np.append(by_signal[1:] != by_signal[:-1], True)]
    return found


def newest(block: Block) -> tuple[Block, Block]:
    """Of ordered rows, the last of each signal and source time, and the earlier ones."""
    if len(block) < 2:
        return block, empty()
    same = (block.signal[1:] == block.signal[:-1]) & (block.source[1:] == block.source[:-1])
    if not same.any():
        return block, empty()
    replaced = np.append(same, False)
    return block.take(~replaced), block.take(replaced)


def merged(blocks: Sequence[Block]) -> Block:
    """One row for each signal and source time, by signal and time; of two the one in the later block, or later in its block."""
    return newest(ordered(joined(blocks)))[0]


def one_after_another(blocks: Sequence[Block]) -> Block:
    """`merged` of blocks of one signal that each are sorted with one row a source time; mostly they only have to be joined."""
    kept = [block for block in blocks if len(block)]
    if all(earlier.source[-1] < later.source[0] for earlier, later in pairwise(kept)):
        return joined(kept)
    return merged(kept)


def from_table(rows: pa.Table, codes: Mapping[str, int]) -> Block:
    """Rows of `READING_SCHEMA` (signal may be dictionary-encoded) with signals by `codes`, which must know them all."""
    signal = rows.column("signal").combine_chunks()
    if not pa.types.is_dictionary(signal.type):
        signal = signal.dictionary_encode()
    names = signal.dictionary.to_pylist()
    code_of = np.fromiter((codes[name] for name in names), np.int32, len(names))
    number_null, text_null, truth_null = (rows.column(name).null_count for name in ("number", "text", "truth"))
    number = _numpy(rows.column("number").cast(pa.float64()), np.float64)
    whole = _numpy(rows.column("whole"), np.bool_)
    kind = np.where(whole, WHOLE, NUMBER).astype(np.uint8)
    count = rows.num_rows
    text = None
    if text_null < count:
        text = np.array(rows.column("text").to_pylist(), object)
    if number_null:
        without = _numpy(rows.column("number").is_null(), np.bool_)
        kind[without] = NOTHING
        if text is not None:
            kind[without & present(text)] = TEXT
    if truth_null < count:
        told = _numpy(rows.column("truth").is_valid(), np.bool_)
        kind[told] = TRUTH
        number = np.where(told, _numpy(rows.column("truth").fill_null(False), np.bool_), number)
    if text is not None:
        carried = (kind == TEXT) | ((kind == WHOLE) & (np.abs(number) >= _EXACT_IN_FLOAT))
        text[~carried] = None
        text = text if carried.any() else None
    return Block(
        signal=code_of[_numpy(signal.indices, np.int32)] if count else np.empty(0, np.int32),
        source=_numpy(rows.column("source_time").cast(pa.int64()), np.int64),
        receive=_numpy(rows.column("receive_time").cast(pa.int64()), np.int64),
        number=number,
        kind=kind,
        quality=_numpy(rows.column("quality"), np.uint32),
        text=text,
    )


def from_columns(columns: ReadingColumns, received: int) -> Block:
    """The rows, received at one moment (microseconds)."""
    rows = len(columns)
    return Block(
        signal=columns.signal,
        source=columns.source,
        receive=np.broadcast_to(np.int64(received), (rows,)),
        number=columns.number,
        kind=columns.kind,
        quality=np.broadcast_to(np.uint32(0), (rows,)),
        text=columns.text,
    )


def to_table(block: Block, names: Sequence[str]) -> pa.Table:
    """Rows as `READING_SCHEMA`."""
    kind, count = block.kind, len(block)
    numeric = (kind == NUMBER) | (kind == WHOLE) | (kind == TRUTH)
    truth = kind == TRUTH
    time = pa.timestamp("us", tz="UTC")
    signal = pa.DictionaryArray.from_arrays(
        pa.array(np.ascontiguousarray(block.signal), pa.int32()), pa.array(list(names), pa.string())
    )
    columns = [
        signal.cast(pa.string()),
        pa.array(block.source).cast(time),
        pa.array(np.ascontiguousarray(block.receive)).cast(time),
        pa.array(block.number, pa.float64(), mask=None if numeric.all() else ~numeric),
        pa.nulls(count, pa.string()) if block.text is None else pa.array(block.text, pa.string()),
        pa.array(block.number == 1.0, pa.bool_(), mask=~truth) if truth.any() else pa.nulls(count, pa.bool_()),
        pa.array(kind == WHOLE),
        pa.array(np.ascontiguousarray(block.quality), pa.uint32()),
    ]
    return pa.Table.from_arrays(columns, schema=READING_SCHEMA)


def has_number(rows: Block) -> Array:
    """Which rows carry a number or a truth value; shape (n,), bool."""
    has: Array = (rows.kind == NUMBER) | (rows.kind == WHOLE) | (rows.kind == TRUTH)
    return has


def present(texts: Array) -> Array:
    """Which texts are there; shape of `texts`, bool."""
    return np.fromiter((text is not None for text in texts), bool, len(texts))


def _numpy(column: pa.ChunkedArray | pa.Array, kind: Any) -> Array:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if pa.types.is_boolean(column.type):
        column = pc.cast(column, pa.uint8())
    found: Array = column.to_numpy(zero_copy_only=False).astype(kind, copy=False)
    return found
