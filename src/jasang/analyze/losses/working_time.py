"""Planned production time of a shift calendar as stretches in UTC: night shifts over midnight, breaks, public holidays."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from jasang.analyze.losses.spans import Spans, both, spans, without
from jasang.plant.calendar import Calendar, Shift, minutes_after
from jasang.plant.public_holidays import public_holidays


def planned_time(calendar: Calendar, first: datetime, last: datetime, *, timezone: str = "Asia/Seoul") -> Spans:
    """The time the calendar plans to produce between two moments: shifts minus breaks, without holidays.

    `first` and `last` carry a time zone. A shift belongs to the day it starts on: the night shift of the day before a holiday
    runs on into the holiday. Planned busy time of ISO 22400-2.

    Examples
    --------
    >>> from datetime import UTC
    >>> from jasang.plant.calendar import Break, Calendar, Shift
    >>> day = Shift(name="day", start=time(8), end=time(17), breaks=(Break(start=time(12), end=time(13)),))
    >>> week = planned_time(Calendar(shifts=(day,)), datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 8, tzinfo=UTC))
    >>> week.seconds / 3600  # Sunday 1 March is a holiday, so Monday is free in its stead: four days of eight hours
    32.0
    """
    zone = ZoneInfo(timezone)
    days = _days(first.astimezone(zone).date() - timedelta(days=1), last.astimezone(zone).date())
    free = free_days(calendar, {day.year for day in days})
    worked, paused = [], []
    for day in days:
        for shift in calendar.shifts:
            if day in calendar.worked or (day.isoweekday() in shift.days and day not in free):
                worked.append(_stretch(day, shift.start, _length(shift), zone))
                paused += [
                    _stretch(
                        day + timedelta(days=int(pause.start < shift.start)),
                        pause.start,
                        minutes_after(pause.start, pause.end),
                        zone,
                    )
                    for pause in shift.breaks
                ]
    window = _spans([(_microseconds(first), _microseconds(last))])
    return both(without(_spans(worked), _spans(paused)), window)


def free_days(calendar: Calendar, years: Iterable[int]) -> frozenset[date]:
    """Public holidays of the calendar's country in those years, and the days it states as closed.

    In Korea 1 May (근로자의 날) counts: it is a paid day off for workers by law, also in years when it is no public holiday.
    """
    free = set(calendar.closed)
    if calendar.country:
        years = tuple(years)
        free |= public_holidays(calendar.country, years)
        if calendar.country == "KR":
            free |= {date(year, 5, 1) for year in years}
    return frozenset(free - set(calendar.worked))


def _length(shift: Shift) -> int:
    return minutes_after(shift.start, shift.end) or 24 * 60


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=place) for place in range((last - first).days + 1)]


def _stretch(day: date, start: time, minutes: int, zone: ZoneInfo) -> tuple[int, int]:
    # On the clock of the wall: where clocks change in the night, a shift until 06:00 still ends at 06:00.
    begin = datetime.combine(day, start)
    end = begin + timedelta(minutes=minutes)
    return _microseconds(begin.replace(tzinfo=zone)), _microseconds(end.replace(tzinfo=zone))


def _microseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1e6)


def _spans(pairs: list[tuple[int, int]]) -> Spans:
    table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return spans(table[:, 0], table[:, 1])
