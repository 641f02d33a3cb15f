"""An OPC UA data value as readings: nothing rounded, nothing reinterpreted.

Numbers, truth values and texts stay what they are. An array becomes one reading per element, `signal[0]`, `signal[1]` …; types
that are neither (times, identifiers, bytes, structures) become text.
"""

import base64
import enum
from datetime import UTC, datetime
from typing import Any

from asyncua import ua

from jasang.plant.reading import Reading

# The machine's queue overflowed and changes before this one are lost (OPC 10000-4 7.38.2: info type DataValue, bit Overflow).
OVERFLOW = 0x0480


def overflowed(quality: int) -> bool:
    """Whether the status code says that the machine's queue was too small."""
    return quality & OVERFLOW == OVERFLOW


def readings_of(name: str, data: ua.DataValue, received: datetime) -> list[Reading]:
    """The readings in one data value; `received` (UTC) stands in where the machine gives no time at all."""
    quality = 0 if data.StatusCode is None else int(data.StatusCode.value)
    source = _utc(data.SourceTimestamp) or _utc(data.ServerTimestamp) or received
    value = None if data.Value is None else data.Value.Value
    return [
        Reading(signal=element, source_time=source, receive_time=received, value=plain, quality=quality)
        for element, plain in _elements(name, value)
    ]


def _elements(name: str, value: Any) -> list[tuple[str, float | int | str | bool | None]]:
    if not isinstance(value, (list, tuple)):
        return [(name, _plain(value))]
    found = [pair for index, element in enumerate(value) for pair in _elements(f"{name}[{index}]", element)]
    return found or [(name, None)]  # an empty array has a time and a quality, but no value


def _plain(value: Any) -> float | int | str | bool | None:
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
    return _text(str(value))


def _text(text: str) -> str:
    # Half a surrogate pair cannot be written as UTF-8 anywhere; one bad text must not hold up a batch.
    return text.encode("utf-8", "replace").decode("utf-8")


def _utc(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
