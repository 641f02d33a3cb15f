"""An OPC UA data value as readings: nothing rounded, nothing reinterpreted.

Numbers, truth values and texts stay what they are. An array becomes one reading per element, `signal[0]`, `signal[1]` …; types
that are neither (times, identifiers, bytes) become text; a structure becomes JSON with the names of its fields. A number of an
enumeration becomes its name.
"""

import base64
import dataclasses
import enum
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from asyncua import ua

from jasang.plant.reading import Reading

# The machine's queue overflowed and changes before this one are lost (OPC 10000-4 7.38.2: info type DataValue, bit Overflow).
OVERFLOW = 0x0480


def overflowed(quality: int) -> bool:
    """Whether the status code says that the machine's queue was too small."""
    return quality & OVERFLOW == OVERFLOW


def readings_of(
    name: str,
    data: ua.DataValue,
    received: datetime,
    *,
    names: Mapping[int, str] | None = None,
    arrays_as_text: bool = False,
) -> list[Reading]:
    """The readings in one data value; `received` (UTC) stands in where the machine gives no time at all.

    `names` are those of an enumeration's numbers. With `arrays_as_text` an array is one JSON text, not a signal per element.
    """
    quality = 0 if data.StatusCode is None else int(data.StatusCode.value)
    source = _utc(data.SourceTimestamp) or _utc(data.ServerTimestamp) or received
    value = None if data.Value is None else data.Value.Value
    if arrays_as_text and isinstance(value, (list, tuple)):
        value = json.dumps(_json(value, names), ensure_ascii=False)
    elif not isinstance(value, (list, tuple)):  # nearly always
        if names is not None:
            value = _named(value, names)
        return [Reading(signal=name, source_time=source, receive_time=received, value=plain(value), quality=quality)]
    return [
        Reading(signal=element, source_time=source, receive_time=received, value=found, quality=quality)
        for element, found in _elements(name, value, names)
    ]


def _named(value: Any, names: Mapping[int, str]) -> Any:
    return names.get(value, value) if isinstance(value, int) and not isinstance(value, bool) else value


def _elements(
    name: str, value: Any, names: Mapping[int, str] | None
) -> list[tuple[str, float | int | str | bool | None]]:
    if not isinstance(value, (list, tuple)):
        return [(name, plain(value if names is None else _named(value, names)))]
    found = [pair for index, element in enumerate(value) for pair in _elements(f"{name}[{index}]", element, names)]
    return found or [(name, None)]  # an empty array has a time and a quality, but no value


def plain(value: Any) -> float | int | str | bool | None:
    """A value that is no array, as a reading holds it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, enum.IntEnum):
        return int(value)
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, datetime):
        moment = _utc(value)
        return None if moment is None else moment.isoformat()
    if isinstance(value, ua.LocalizedText):
        return None if value.Text is None else _text(value.Text)
    if isinstance(value, ua.NodeId):
        return str(value.to_string())
    if isinstance(value, ua.StatusCode):
        return int(value.value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _text(json.dumps(_json(value), ensure_ascii=False))
    return _text(str(value))


def _json(value: Any, names: Mapping[int, str] | None = None) -> Any:
    """A structure or array as JSON knows it: fields by their names, enumerations by theirs."""
    if isinstance(value, (list, tuple)):
        return [_json(one, names) for one in value]
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, ua.Variant):
        return _json(value.Value)
    known = (ua.LocalizedText, ua.NodeId, ua.StatusCode)
    if dataclasses.is_dataclass(value) and not isinstance(value, (type, *known)):
        return {
            field.name: _json(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.name not in ("Encoding", "data_type")
        }
    found = plain(value if names is None else _named(value, names))
    return str(found) if isinstance(found, float) and found - found != 0.0 else found


def _text(text: str) -> str:
    # Half a surrogate pair cannot be written as UTF-8 anywhere; one bad text must not hold up a batch.
    return text.encode("utf-8", "replace").decode("utf-8")


def _utc(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
