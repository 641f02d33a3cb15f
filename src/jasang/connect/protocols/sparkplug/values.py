"""The value of a metric as a reading (Sparkplug 3.0.0, 6.4.16): numbers, texts, truth values; others as text or flattened."""

import base64
import struct
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

Leaf = float | int | str | bool | None

DATASET, BYTES, FILE, TEMPLATE, DATETIME = 16, 17, 18, 19, 13
_NAMES = """
    Unknown Int8 Int16 Int32 Int64 UInt8 UInt16 UInt32 UInt64 Float Double Boolean String DateTime Text UUID DataSet Bytes File
    Template PropertySet PropertySetList Int8Array Int16Array Int32Array Int64Array UInt8Array UInt16Array UInt32Array UInt64Array
    FloatArray DoubleArray BooleanArray StringArray DateTimeArray
"""
NAMES: Mapping[int, str] = MappingProxyType(dict(enumerate(_NAMES.split())))
MOST_ELEMENTS = 10_000  # of one array or dataset
LARGEST_BYTES = 65_536  # of one file or byte string that is kept as text
DEEPEST = 16
_SIGNED_BITS = {1: 8, 2: 16, 3: 32, 4: 64}
_UNSIGNED_BITS = {5: 8, 6: 16, 7: 32, 8: 64}
_ELEMENTS = {22: "b", 23: "h", 24: "i", 25: "q", 26: "B", 27: "H", 28: "I", 29: "Q", 30: "f", 31: "d", 34: "Q"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_MS, LAST_MS = 315_532_800_000, 7_258_118_400_000  # the years 1980 and 2200


class UnfitValue(ValueError):
    """A value that is not of the type that was announced, or too large."""


def moment(milliseconds: int) -> datetime | None:
    """A Sparkplug timestamp in UTC; `None` when it cannot be one."""
    if not FIRST_MS <= milliseconds < LAST_MS:
        return None
    return _EPOCH + timedelta(milliseconds=milliseconds)


def plain_value(field: str, value: Any, datatype: int) -> Leaf:
    """A single value; whole numbers are two's complement in 32 or 64 bits, whatever their announced width."""
    bits = _SIGNED_BITS.get(datatype)
    if bits is not None and isinstance(value, int):
        whole = value & ((1 << bits) - 1)
        return whole - (1 << bits) if whole >> (bits - 1) else whole
    bits = _UNSIGNED_BITS.get(datatype)
    if bits is not None and isinstance(value, int):
        return value & ((1 << bits) - 1)
    if datatype == DATETIME and isinstance(value, int):
        found = moment(value)
        return value if found is None else found.isoformat()
    if field == "bytes_value":
        if len(value) > LARGEST_BYTES:
            raise UnfitValue(f"{len(value)} bytes, more than {LARGEST_BYTES}")
        return base64.b64encode(value).decode("ascii")
    if datatype == 11 and isinstance(value, int):
        return bool(value)  # some senders put a truth value into a number
    plain: Leaf = value
    return plain


def elements(metric: Any, datatype: int) -> Iterator[tuple[str, Leaf]]:
    """The single values of a metric with what is added to its name; one with "" where it is a single value."""
    if metric.is_null:
        yield "", None
        return
    field = metric.WhichOneof("value")
    if field is None:
        yield "", None
    elif field == "dataset_value":
        yield from _dataset(metric.dataset_value)
    elif field == "template_value":
        yield from _template(metric.template_value, 0)
    elif datatype in _ARRAYS and field == "bytes_value":
        for index, value in enumerate(_ARRAYS[datatype](metric.bytes_value, datatype)):
            yield f"[{index}]", value
    else:
        yield "", plain_value(field, getattr(metric, field), datatype)


def _dataset(data: Any) -> Iterator[tuple[str, Leaf]]:
    columns, types = list(data.columns), list(data.types)
    if len(data.rows) * max(1, len(columns)) > MOST_ELEMENTS:
        raise UnfitValue(
            f"a dataset of {len(data.rows)} rows × {len(columns)} columns, more than {MOST_ELEMENTS} values"
        )
    if len(columns) != len(types):
        raise UnfitValue(f"a dataset with {len(columns)} columns and {len(types)} types")
    for at, row in enumerate(data.rows):
        if len(row.elements) != len(columns):
            raise UnfitValue(f"row {at} of a dataset has {len(row.elements)} values for {len(columns)} columns")
        for column, datatype, element in zip(columns, types, row.elements, strict=True):
            field = element.WhichOneof("value")
            value = None if field is None else plain_value(field, getattr(element, field), datatype)
            yield f"[{at}].{column}", value


def _template(template: Any, depth: int) -> Iterator[tuple[str, Leaf]]:
    if template.is_definition:
        return  # a definition says what instances look like; it measures nothing
    if depth > DEEPEST:
        raise UnfitValue(f"templates within templates, more than {DEEPEST} deep")
    for parameter in template.parameters:
        field = parameter.WhichOneof("value")
        value = None if field is None else plain_value(field, getattr(parameter, field), parameter.type)
        yield f".{parameter.name}", value
    for member in template.metrics:
        name = f".{member.name}"
        if member.WhichOneof("value") == "template_value" and not member.is_null:
            inner = _template(member.template_value, depth + 1)
        else:
            inner = elements(member, member.datatype)
        for more, value in inner:
            yield name + more, value


def _numbers(data: bytes, datatype: int) -> list[Leaf]:
    code = _ELEMENTS[datatype]
    count, left = divmod(len(data), struct.calcsize(f"<{code}"))
    if left or count > MOST_ELEMENTS:
        raise UnfitValue(f"{len(data)} bytes as {NAMES[datatype]}")
    values = struct.unpack(f"<{count}{code}", data)
    if datatype == 34:
        return [plain_value("long_value", value, DATETIME) for value in values]
    return list(values)


def _truths(data: bytes, datatype: int) -> list[Leaf]:
    # Four bytes say how many; then eight a byte, the first in the highest bit.
    if len(data) < 4 or (count := struct.unpack("<I", data[:4])[0]) > min(MOST_ELEMENTS, 8 * (len(data) - 4)):
        raise UnfitValue(f"{len(data)} bytes as {NAMES[datatype]}")
    return [bool(data[4 + at // 8] >> (7 - at % 8) & 1) for at in range(count)]


def _texts(data: bytes, datatype: int) -> list[Leaf]:
    parts = data.split(b"\x00")
    if parts.pop() != b"" or len(parts) > MOST_ELEMENTS:
        raise UnfitValue(f"{len(data)} bytes as {NAMES[datatype]}")
    return [part.decode("utf-8", "replace") for part in parts]


_ARRAYS: dict[int, Callable[[bytes, int], list[Leaf]]] = {
    **dict.fromkeys(_ELEMENTS, _numbers),
    32: _truths,
    33: _texts,
}
