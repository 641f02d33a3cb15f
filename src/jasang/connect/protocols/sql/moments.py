"""Times as databases keep them, and back: with or without a zone, as text in the many ways of writing, or as a number."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

# Of one width, so that they sort as they follow; the time of day, or its seconds, may be missing.
_TEXT = re.compile(
    r"(\d{4})([-/.]?)(\d{2})\2(\d{2})"
    r"(?:([ T]?)(\d{2})(:?)(\d{2})(?:\7(\d{2})(?:([.,])(\d{1,9}))?)?\s*(Z|[+-]\d{2}:?\d{2})?)?"
)
# As people and their programs write them: 2026-11-20 오후 1:02:03, 2026. 5. 4. 9:30, 2026/5/4 1:02:03 PM.
_LOOSE = re.compile(
    r"(\d{4})\s*[-/.년]\s*(\d{1,2})\s*[-/.월]\s*(\d{1,2})\s*[.일]?"
    r"(?:[\sT]+(오전|오후|[AaPp][Mm])?\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*([AaPp][Mm])?\s*(Z|[+-]\d{2}:?\d{2})?)?"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A count of this size since 1970 can only be of that unit: seconds end at the year 5138.
_UNITS = ((10**11, 1_000_000), (10**14, 1_000), (10**17, 1))  # below this: how many microseconds are one

Kind = Literal["aware", "naive", "text", "number"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """How one column writes its times; `sample` is one of its values, `zone` that of times that name none."""

    kind: Kind
    sample: Any
    zone: ZoneInfo

    def read(self, value: Any) -> datetime:
        """The moment, UTC; `ValueError` when the value is no time."""
        return moment_of(value, self.zone)

    def maybe(self, value: Any) -> datetime | None:
        """The moment, UTC; `None` when the value is no time."""
        try:
            return self.read(value)
        except ValueError:
            return None

    def write(self, moment: datetime) -> Any:
        """The moment as this column would write it, for a comparison in the database."""
        if self.kind == "aware":
            return moment
        if self.kind == "naive":
            return moment.astimezone(self.zone).replace(tzinfo=None)
        if self.kind == "number":
            one = _microseconds(self.sample)
            count = (moment - _EPOCH) / timedelta(microseconds=one)
            return int(count) if isinstance(self.sample, int) else count
        return self._text(moment)

    def _text(self, moment: datetime) -> str:
        found = _TEXT.fullmatch(self.sample.strip())
        if found is None:
            raise ValueError(f"{self.sample!r} is no time")
        _, dash, _, _, between, hour, colon, _, second, point, digits, offset = found.groups()
        zone = self.zone if offset is None else _offset(offset)
        local = moment.astimezone(zone)
        text = local.strftime(f"%Y{dash}%m{dash}%d")
        if hour:
            text += local.strftime(f"{between}%H{colon}%M") + (local.strftime(f"{colon}%S") if second else "")
        if point:
            text += point + f"{local.microsecond:06d}".ljust(9, "0")[: len(digits)]
        return text + (offset or "")


class Unsortable(ValueError):
    """Times that can be read but not compared in the database, as their texts do not sort as they follow."""


def clock_of(sample: Any, zone: ZoneInfo) -> Clock:
    """How the column that holds `sample` writes times; `ValueError` when it holds none, `Unsortable` when it cannot compare."""
    moment_of(sample, zone)
    if isinstance(sample, str) and not _TEXT.fullmatch(sample.strip()):
        raise Unsortable(f"{sample!r} does not sort as times follow")
    if isinstance(sample, datetime):
        return Clock(kind="naive" if sample.tzinfo is None else "aware", sample=sample, zone=zone)
    if isinstance(sample, date):
        return Clock(kind="naive", sample=sample, zone=zone)
    return Clock(kind="text" if isinstance(sample, str) else "number", sample=sample, zone=zone)


def moment_of(value: Any, zone: ZoneInfo) -> datetime:
    """A database's value as a moment, UTC; `ValueError` when it is none."""
    if isinstance(value, datetime):
        return (value.replace(tzinfo=zone) if value.tzinfo is None else value).astimezone(UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=zone).astimezone(UTC)
    if isinstance(value, str):
        return _of_text(value, zone)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
        try:
            return _EPOCH + timedelta(microseconds=round(value * _microseconds(value)))
        except OverflowError as error:
            raise ValueError(f"{value!r} is no time") from error
    raise ValueError(f"{value!r} is no time")


def _of_text(text: str, zone: ZoneInfo) -> datetime:
    found = _TEXT.fullmatch(text.strip())
    if found is not None:
        year, _, month, day, _, hour, _, minute, second, _, digits, offset = found.groups()
    elif (found := _LOOSE.fullmatch(text.strip())) is not None:
        year, month, day, before, hour, minute, second, digits, after, offset = found.groups()
        hour = None if hour is None else _of_24(int(hour), before or after)
    else:
        raise ValueError(f"{text!r} is no time")
    micro = int((digits or "0").ljust(6, "0")[:6])
    plain = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), micro)
    return plain.replace(tzinfo=zone if offset is None else _offset(offset)).astimezone(UTC)


def _of_24(hour: int, half: str | None) -> int:
    """The hour of the day of a clock of twelve hours; `ValueError` for one that has none such."""
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError(f"{half} {hour} is no hour")
    return hour % 12 + (12 if half in ("오후", "PM", "pm", "Pm", "pM") else 0)


def _offset(text: str) -> Any:
    return datetime.fromisoformat(f"2000-01-01T00:00:00{'+00:00' if text == 'Z' else text}").tzinfo


def _microseconds(value: float) -> int:
    for limit, one in _UNITS:
        if abs(value) < limit:
            return one
    raise ValueError(f"{value!r} is no time")
