"""Times, qualities and plain texts of messages: what the senders of JSON write, as a reading needs it."""

import json
import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from jasang.connect.protocols.mqtt.json_path import Leaf
from jasang.connect.protocols.mqtt.options import MessageFields
from jasang.plant.text import Text

GOOD, UNCERTAIN, BAD = 0x0000_0000, 0x4000_0000, 0x8000_0000  # OPC 10000-4, 7.39
UNCERTAIN_LAST_USABLE = 0x4090_0000  # what the broker kept from earlier
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_FIRST, _LAST = datetime(1980, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_WHOLE = re.compile(r"[+-]?\d+")
_WORDS = {
    "good": GOOD, "ok": GOOD, "valid": GOOD, "true": GOOD,
    "uncertain": UNCERTAIN, "questionable": UNCERTAIN, "suspect": UNCERTAIN,
    "stale": UNCERTAIN_LAST_USABLE,
    "bad": BAD, "invalid": BAD, "error": BAD, "false": BAD,
}  # fmt: skip


class BadMessage(ValueError):
    """A message, or a part of it, that does not mean what its fields say; the reason in Korean and in English."""

    def __init__(self, ko: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(ko=ko, en=en)


def content(payload: bytes, kind: str) -> Any:
    """The message as JSON or as one plain value; `BadMessage` when it is neither."""
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError as error:
        shown = payload[:16].hex(" ")
        raise BadMessage(
            f"UTF-8 글자가 아닌 {len(payload)}바이트(이진 데이터): {shown}",
            f"{len(payload)} bytes that are no UTF-8 text (a binary payload): {shown}",
        ) from error
    if kind == "text":
        return text
    if "\x00" in text:
        shown = payload[:16].hex(" ")
        raise BadMessage(
            f"이진 데이터 {len(payload)}바이트: {shown}", f"a binary payload of {len(payload)} bytes: {shown}"
        )
    plain = text.strip().removeprefix("\ufeff")
    if kind == "number":
        number = _number(plain)
        if number is None:
            raise BadMessage(f"숫자가 아닙니다: {shorten(plain)}", f"{shorten(plain)} is no number")
        return number
    try:
        return json.loads(plain, parse_constant=_constant, parse_int=_integer)
    except (ValueError, RecursionError) as error:
        if kind == "json" or plain[:1] in ("{", "["):
            where = "nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise BadMessage(
                f"JSON이 아닙니다({where}): {shorten(plain)}", f"no JSON ({where}): {shorten(plain)}"
            ) from error
    number = _number(plain)
    return plain if number is None else number


def _constant(word: str) -> float | None:
    # Python, C# and others write these although JSON has none of them; a NaN is a value that is not there.
    return None if word == "NaN" else float(word.replace("Infinity", "inf"))


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= 20 else float(digits)


def _number(text: str) -> float | int | None:
    if _WHOLE.fullmatch(text):
        return _integer(text)
    return float(text) if _NUMBER.fullmatch(text) else None


def shorten(text: str) -> str:
    """The beginning of a text for a message to a person."""
    return repr(text if len(text) <= 60 else text[:57] + "…")


def leaf(value: Any) -> Leaf:
    """A single value; `BadMessage` for an object or an array."""
    if isinstance(value, (dict, list)):
        ko, en = ("객체", "an object") if isinstance(value, dict) else ("배열", "an array")
        raise BadMessage(f"값 하나가 와야 할 자리에 {ko}이(가) 있습니다", f"found {en} where one value was expected")
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair cannot be stored
    found: Leaf = value
    return found


def time_of(value: Any, fields: MessageFields) -> tuple[datetime, bool]:
    """The time (UTC) and whether its zone had to be assumed; `BadMessage` when it is no time."""
    if isinstance(value, bool) or value is None:
        raise BadMessage(
            f"시각이 와야 할 자리에 {value!r} 이(가) 있습니다", f"found {value!r} where a time was expected"
        )
    if isinstance(value, str):
        number = _number(value.strip()) if fields.time_format is None else None
        if number is None:
            return _written_time(value.strip(), fields)
        value = number
    if not isinstance(value, (int, float)):
        raise BadMessage(
            "시각이 와야 할 자리에 객체나 배열이 있습니다", "found an object or array where a time was expected"
        )
    return _plausible(_counted_time(value, fields.time_unit), value), False


def _counted_time(value: float | int, unit: str) -> datetime:
    if unit == "auto":
        size = abs(value)
        # 10¹¹ s is the year 5138, 10¹¹ ms is 1973: for times since 1973 there is no doubt.
        unit = "s" if size < 1e11 else "ms" if size < 1e14 else "us" if size < 1e17 else "ns"
    try:
        if isinstance(value, int):
            return _EPOCH + timedelta(microseconds=value * 1_000_000 // _PER_SECOND[unit])
        return _EPOCH + timedelta(seconds=value / _PER_SECOND[unit])
    except (OverflowError, ValueError) as error:
        raise BadMessage(f"시각이 아닙니다: {value!r}", f"{value!r} is no time") from error


def _written_time(text: str, fields: MessageFields) -> tuple[datetime, bool]:
    try:
        layout = fields.time_format
        moment = datetime.fromisoformat(text) if layout is None else datetime.strptime(text, layout)
    except ValueError as error:
        expected = fields.time_format or "2026-01-31T12:00:00+09:00"
        raise BadMessage(
            f"시각이 아닙니다: {shorten(text)}. 바른 모양: {expected}",
            f"{shorten(text)} is no time; expected {expected}",
        ) from error
    assumed = moment.tzinfo is None and "time_zone" not in fields.model_fields_set
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(fields.time_zone))
    try:
        return _plausible(moment.astimezone(UTC), text), assumed
    except OverflowError as error:
        raise BadMessage(f"시각이 아닙니다: {shorten(text)}", f"{shorten(text)} is no time") from error


def _plausible(moment: datetime, shown: object) -> datetime:
    if not _FIRST <= moment < _LAST:
        raise BadMessage(
            f"{shown!r} 을(를) 시각으로 보면 {moment.year}년입니다. time_unit을 확인하세요",
            f"{shown!r} as a time lies in the year {moment.year}; is time_unit right?",
        )
    return moment


def quality_of(value: Any, fields: MessageFields) -> int:
    """The OPC UA status code for what a message calls its quality; `BadMessage` when it says nothing known."""
    if isinstance(value, bool):
        return GOOD if value else BAD
    if isinstance(value, str):
        known = _WORDS.get(value.strip().lower())
        if known is not None:
            return known
        number = _number(value.strip())
        if not isinstance(number, int):
            raise BadMessage(
                f"모르는 품질 표시입니다: {shorten(value)}. good, uncertain, bad, true, false, 숫자만 압니다",
                f"{shorten(value)} is no known quality; expected good, uncertain, bad, true, false or a number",
            )
        value = number
    if not isinstance(value, int) or not 0 <= value < 2**32:
        shown = shorten(str(value))
        raise BadMessage(
            f"품질이 와야 할 자리에 {shown} 이(가) 있습니다", f"found {shown} where a quality was expected"
        )
    if fields.quality_codes == "opcua":
        return value
    # OPC Data Access 3.00, 6.8: the two highest bits of the byte say bad, uncertain or good.
    return {0: BAD, 1: UNCERTAIN, 3: GOOD}.get((value >> 6) & 3, BAD)


def nothing_at(field: str, path: str) -> BadMessage:
    """A path of the connection leads nowhere in this message."""
    return BadMessage(f"{field} = {path!r} 자리에 아무것도 없습니다", f"nothing at {field} = {path!r}")
