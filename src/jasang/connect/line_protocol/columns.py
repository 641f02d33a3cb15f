"""The fast way: lines of one shape become columns without Python looking at a single line.

A shape is what remains of a line when everything but its separators is taken away: `,=,= = ` for two tags, one field and a time.
When all lines share one, the separators between fields become spaces and Arrow's CSV reader does the rest. Whatever is not
certain to mean the same as in `line.py` gives `None`, and the exact reader decides.
"""

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

from jasang.connect.line_protocol.line import TRUTHS
from jasang.connect.line_protocol.naming import BadKey, NotKept, SignalNames
from jasang.connect.line_protocol.precision import LATEST
from jasang.connect.line_protocol.rows import EXACT, Block

# Separators, and every sign that makes a line more than plain: quotes, escapes, comments, other blanks.
_KEPT = b'\n ,="\\#\r\t\0'
OTHERS = bytes(sign for sign in range(256) if sign not in _KEPT)
_PLAIN = re.compile(rb"(?P<tags>(?:,=)*) =(?P<fields>(?:,=)*)(?P<time> ?)\n")
_SEPARATES = np.zeros(256, dtype=bool)
_SEPARATES[list(b"\n ,=")] = True
_NAMED = pa.dictionary(pa.int32(), pa.string())
_SPACE, _SMALL_I, _SMALL_U = b" iu"


@dataclass(frozen=True, slots=True)
class Shape:
    """Tags and fields of each line, and whether it tells a time."""

    tags: int
    fields: int
    has_time: bool

    @property
    def separators(self) -> int:
        return 2 * self.tags + 2 * self.fields + 1 + self.has_time


def shape_of(skeleton: bytes) -> Shape | None:
    """The shape of a line from its separators (with the line end); `None` when the line is not plain."""
    plain = _PLAIN.fullmatch(skeleton)
    if plain is None:
        return None
    return Shape(len(plain["tags"]) // 2, 1 + len(plain["fields"]) // 2, bool(plain["time"]))


def read_columns(
    body: bytes, shape: Shape, unit: int, now: int, names: SignalNames, lines: NDArray[np.int64] | None = None
) -> list[Block] | None:
    """One block for each field of a body whose lines all have this shape; `None` when the exact reader must look.

    `now` (us since 1970) is the time of lines without one; `lines` are the numbers of the lines in their whole body.
    """
    text = np.frombuffer(body, dtype=np.uint8)
    at = np.flatnonzero(_SEPARATES[text]).reshape(-1, shape.separators)
    flat = at.reshape(-1)
    if flat[0] == 0 or (np.diff(flat) == 1).any():
        return None  # something between two separators is missing
    first_equals = 2 * shape.tags + 1
    starts = at[:, first_equals : first_equals + 2 * shape.fields : 2] + 1
    ends = at[:, first_equals + 1 : first_equals + 2 * shape.fields : 2]
    kinds = _kinds(text, starts, ends)
    if kinds is None or (shape.has_time and _may_be_hexadecimal(text, at[:, -2] + 1)):
        return None
    work = text.copy()
    work[at[:, first_equals : first_equals + 2 * shape.fields - 1].reshape(-1)] = _SPACE
    for field, kind in enumerate(kinds):
        if kind in "iu":
            work[ends[:, field] - 1] = _SPACE
    try:
        table = _read_csv(work, kinds, shape.has_time)
        return _blocks(table, kinds, unit, now, names, lines)
    except (pa.ArrowInvalid, BadKey, NotKept):
        return None


def _kinds(text: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> str | None:
    """One letter a field: i integer, u unsigned, n number, t truth; `None` when the lines do not agree."""
    kinds = ""
    last = text[ends - 1]
    first = text[starts]
    for field in range(last.shape[1]):
        sign = last[0, field]
        if sign in (_SMALL_I, _SMALL_U):
            if (last[:, field] != sign).any() or _may_be_hexadecimal(text, starts[:, field]):
                return None
            kinds += chr(sign)
        else:
            is_number = first[:, field] < ord("A")  # a sign, a digit or a point; truths begin with a letter
            if is_number.all() != is_number.any() or np.isin(last[:, field], (_SMALL_I, _SMALL_U)).any():
                return None
            if is_number[0] and (first[:, field] == ord("+")).any():
                return None
            kinds += "n" if is_number[0] else "t"
    return kinds


def _may_be_hexadecimal(text: NDArray[np.uint8], starts: NDArray[np.int64]) -> bool:
    """Arrow reads 0x10 as 16, line protocol does not."""
    if (text[starts] == ord("+")).any():
        return True
    seconds = text[np.minimum(starts + 1, text.size - 1)] | 0x20
    thirds = text[np.minimum(starts + 2, text.size - 1)] | 0x20
    return bool((seconds == ord("x")).any() or (thirds == ord("x")).any())


def _read_csv(work: NDArray[np.uint8], kinds: str, has_time: bool) -> pa.Table:
    types: dict[str, pa.DataType] = {"series": _NAMED}
    columns = ["series"]
    for field, kind in enumerate(kinds):
        columns += [f"key{field}", f"value{field}"]
        types[f"key{field}"] = _NAMED
        types[f"value{field}"] = {"i": pa.int64(), "u": pa.uint64(), "n": pa.float64(), "t": _NAMED}[kind]
        if kind in "iu":
            columns.append(f"suffix{field}")  # where the letter was
    if has_time:
        columns.append("time")
        types["time"] = pa.int64()
    return csv.read_csv(
        pa.py_buffer(work),
        csv.ReadOptions(use_threads=False, column_names=columns, block_size=work.size + 1),
        csv.ParseOptions(delimiter=" ", quote_char=False, double_quote=False, escape_char=False),
        csv.ConvertOptions(
            column_types=types, include_columns=list(types), null_values=[], strings_can_be_null=False, true_values=[]
        ),
    ).combine_chunks()


def _blocks(
    table: pa.Table, kinds: str, unit: int, now: int, names: SignalNames, lines: NDArray[np.int64] | None
) -> list[Block] | None:
    times = _times(table, unit, now)
    values = [_value_columns(table.column(f"value{field}"), kind) for field, kind in enumerate(kinds)]
    if times is None or any(columns is None for columns in values):
        return None
    numbers = np.arange(table.num_rows) if lines is None else lines
    keys = [_encoded(table.column(f"key{field}")) for field in range(len(kinds))]
    codes, series = _encoded(table.column("series"))
    blocks = []
    for (key_codes, key_names), columns in zip(keys, values, strict=True):
        if len(key_names) == 1:
            signals = pa.DictionaryArray.from_arrays(codes, pa.array(names.names(series, key_names[0].encode())))
        else:
            pairs, which = np.unique(codes.astype(np.int64) * len(key_names) + key_codes, return_inverse=True)
            encoded = [key.encode() for key in key_names]
            found = [names.series(key.encode()) for key in series]
            spelt = [names.name(found[pair // len(key_names)], encoded[pair % len(key_names)]) for pair in pairs]
            signals = pa.DictionaryArray.from_arrays(which.astype(np.int32), pa.array(spelt))
        blocks.append(Block(lines=numbers, signals=signals, times=times, **(columns or {})))
    return blocks


def _encoded(column: pa.ChunkedArray) -> tuple[NDArray[np.int32], list[str]]:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    array = array.chunk(0) if isinstance(array, pa.ChunkedArray) else array
    return array.indices.to_numpy(), array.dictionary.to_pylist()


def _times(table: pa.Table, unit: int, now: int) -> NDArray[np.int64] | None:
    """us since 1970; `None` when one lies outside what the protocol can write."""
    if "time" not in table.column_names:
        return np.full(table.num_rows, now)
    counted = table.column("time").to_numpy()
    limit = LATEST // unit
    if counted.min() < -limit or counted.max() > limit:
        return None
    times: NDArray[np.int64] = counted // 1_000 if unit == 1 else counted * (unit // 1_000)
    return times


def _value_columns(column: pa.ChunkedArray, kind: str) -> dict[str, pa.Array] | None:
    array = column.combine_chunks()
    array = array.chunk(0) if isinstance(array, pa.ChunkedArray) else array
    if kind == "n":
        return {"numbers": array} if np.isfinite(array.to_numpy()).all() else None
    if kind == "t":
        truths = [TRUTHS.get(word.encode()) for word in array.dictionary.to_pylist()]
        if None in truths:
            return None
        truth = pa.array(truths, pa.bool_()).take(array.indices)
        return {"truths": truth, "numbers": truth.cast(pa.float64())}
    whole = array.to_numpy()
    texts = None
    if whole.max() > EXACT or (kind == "i" and whole.min() < -EXACT):
        beyond = pa.array((whole > EXACT) | ((whole < -EXACT) if kind == "i" else False))
        texts = pc.if_else(beyond, array.cast(pa.string()), pa.scalar(None, pa.string()))
    return {"numbers": pa.array(whole.astype(np.float64)), "texts": texts, "whole": pa.repeat(True, len(array))}
