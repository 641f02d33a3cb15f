"""`[calendar]` of factory.toml: shifts, breaks, holidays, days closed and worked. Format: docs/factory-folder.md."""

import json
import re
from datetime import date, datetime, time
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from jasang.errors import ConfigurationError
from jasang.plant.calendar import WORKDAYS, Break, Calendar, Shift
from jasang.plant.public_holidays import countries_with_holidays

_DAYS = {
    "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6, "sun": 7,
    "월": 1, "화": 2, "수": 3, "목": 4, "금": 5, "토": 6, "일": 7,
}  # fmt: skip


def _wrong(found: object, expected_ko: str, expected_en: str) -> PydanticCustomError:
    return PydanticCustomError(
        "jasang", "{found}", {"found": repr(found), "expected_ko": expected_ko, "expected_en": expected_en}
    )


def _clock(value: object) -> time:
    """`"08:30"`, `"24:00"`, or TOML's own local time."""
    if isinstance(value, time):
        return value.replace(microsecond=0)
    found = re.fullmatch(r"\s*(\d{1,2}):(\d{2})\s*", value) if isinstance(value, str) else None
    if found and (int(found[1]), int(found[2])) == (24, 0):
        return time(0)
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise _wrong(value, '시각(예: "08:30")', 'a time of day, for example "08:30"')
    return time(int(found[1]), int(found[2]))


def _day(value: object) -> int:
    name = value.strip().lower() if isinstance(value, str) else ""
    found = _DAYS.get(name[:3]) or _DAYS.get(name[:1])
    if not found or not re.fullmatch(r"[a-z]+|[월화수목금토일](요일)?", name):
        raise _wrong(value, '요일(예: "월" 또는 "mon")', 'a day of the week, for example "mon" or "월"')
    return found


def _pause(value: object) -> Break:
    parts = re.split(r"\s*[-~–]\s*", value) if isinstance(value, str) else []
    if len(parts) != 2:
        raise _wrong(value, '쉬는 시간(예: "12:00-13:00")', 'a break, for example "12:00-13:00"')
    try:
        return Break(start=_clock(parts[0]), end=_clock(parts[1]))
    except ValueError as error:
        if isinstance(error, PydanticCustomError):
            raise
        raise _wrong(value, "길이가 있는 쉬는 시간", "a break that has a length") from None


def _country(value: object) -> str | None:
    if value in ("", "none"):
        return None
    if not isinstance(value, str) or value not in countries_with_holidays():
        raise _wrong(value, '나라 코드(예: "KR") 또는 ""', 'a country code, for example "KR", or "" for none')
    return value


def _date(value: object) -> object:
    if isinstance(value, datetime):
        raise _wrong(value, "시각이 없는 날짜(예: 2026-08-03)", "a date without a time, for example 2026-08-03")
    return value


class _ShiftPart(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True)
    name: Annotated[str, Field(min_length=1)] | None = None
    start: Annotated[time, BeforeValidator(_clock)]
    end: Annotated[time, BeforeValidator(_clock)]
    days: Annotated[list[Annotated[int, BeforeValidator(_day)]], Field(min_length=1)] = list(WORKDAYS)
    breaks: list[Annotated[Break, BeforeValidator(_pause)]] = []


class CalendarPart(BaseModel):
    """What `[calendar]` may hold."""

    model_config = ConfigDict(extra="forbid", strict=True)
    country: Annotated[str | None, BeforeValidator(_country)] = "KR"
    closed: list[Annotated[date, BeforeValidator(_date)]] = []
    worked: list[Annotated[date, BeforeValidator(_date)]] = []
    shifts: Annotated[list[_ShiftPart], Field(min_length=1)]


def calendar_of(file: str, part: CalendarPart | None) -> Calendar | None:
    """The calendar that was stated; `None` where none was.

    Raises
    ------
    ConfigurationError
        A break lies outside its shift, or a day stands in both `closed` and `worked`.
    """
    if part is None:
        return None
    shifts = tuple(_shift(file, shift, place) for place, shift in enumerate(part.shifts, 1))
    both = set(part.closed) & set(part.worked)
    if both:
        raise ConfigurationError(
            ko=f"{file}: [calendar] {min(both)}이(가) closed와 worked에 모두 있습니다. 한 곳에만 쓰세요.",
            en=f"{file}: [calendar] {min(both)} stands in both closed and worked; expected it in one of them.",
        )
    return Calendar(shifts=shifts, country=part.country, closed=tuple(part.closed), worked=tuple(part.worked))


def _shift(file: str, part: _ShiftPart, place: int) -> Shift:
    name = part.name or f"{place}"
    try:
        return Shift(name=name, start=part.start, end=part.end, days=tuple(part.days), breaks=tuple(part.breaks))
    except ValueError:
        breaks = ", ".join(f"{pause.start:%H:%M}-{pause.end:%H:%M}" for pause in part.breaks)
        hours = f"{part.start:%H:%M}-{part.end:%H:%M}"
        raise ConfigurationError(
            ko=f"{file}: [[calendar.shifts]] '{name}'({hours})의 breaks({breaks}) 가운데 근무 시간을 벗어난 것이 있습니다.",
            en=f"{file}: [[calendar.shifts]] {name!r} ({hours}): one of its breaks ({breaks}) lies outside the shift.",
        ) from None


def calendar_lines(calendar: Calendar) -> list[str]:
    """The calendar as lines of factory.toml that reading takes back."""
    names = {number: name for name, number in _DAYS.items() if name.isascii()}
    lines = ["[calendar]", f'country = "{calendar.country or ""}"']
    for key in ("closed", "worked"):
        days = getattr(calendar, key)
        lines += [f"{key} = [{', '.join(f'{day:%Y-%m-%d}' for day in days)}]"] if days else []
    for shift in calendar.shifts:
        breaks = ", ".join(f'"{pause.start:%H:%M}-{pause.end:%H:%M}"' for pause in shift.breaks)
        days = ", ".join(f'"{names[day]}"' for day in shift.days)
        lines += [
            "",
            "[[calendar.shifts]]",
            f"name = {json.dumps(shift.name, ensure_ascii=False)}",
            f'start = "{shift.start:%H:%M}"',
            f'end = "{shift.end:%H:%M}"',
            f"days = [{days}]",
        ]
        lines += [f"breaks = [{breaks}]"] if breaks else []
    return lines
