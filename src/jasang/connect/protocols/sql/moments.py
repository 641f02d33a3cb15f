"""Times as databases keep them, and back: with or without a zone, as text in the many ways of writing, or as a number."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

_TEXT = re.compile(
    r"(\d{4})([-/.]?)(\d{2})\2(\d{2})([ T]?)(\d{2})(:?)(\d{2})\7(\d{2})(?:([.,])(\d{1,9}))?\s*(Z|[+-]\d{2}:?\d{2})?"
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
        _, dash, _, _, between, _, colon, _, _, point, digits, offset = found.groups()
        zone = self.zone if offset is None else _offset(offset)
        local = moment.astimezone(zone)
        text = local.strftime(f"%Y{dash}%m{dash}%d{between}%H{colon}%M{colon}%S")
        if point:
            text += point + f"{local.microsecond:06d}".ljust(9, "0")[: len(digits)]
        return text + (offset or "")


def clock_of(sample: Any, zone: ZoneInfo) -> Clock:
    """How the column that holds `sample` writes times; `ValueError` when it holds none."""
    moment_of(sample, zone)
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
    if found is None:
        raise ValueError(f"{text!r} is no time")
    year, _, month, day, _, hour, _, minute, second, _, digits, offset = found.groups()
    micro = int((digits or "0").ljust(6, "0")[:6])
    plain = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), micro)
    return plain.replace(tzinfo=zone if offset is None else _offset(offset)).astimezone(UTC)


def _offset(text: str) -> Any:
    return datetime.fromisoformat(f"2000-01-01T00:00:00{'+00:00' if text == 'Z' else text}").tzinfo


def _microseconds(value: float) -> int:
    for limit, one in _UNITS:
        if abs(value) < limit:
            return one
    raise ValueError(f"{value!r} is no time")
