"""When a factory plans to work: shifts with breaks on days of the week, public holidays, days closed and days worked besides.

Times are those of the clock on the wall. A shift whose end is not after its start ends on the next day.
"""

from dataclasses import dataclass
from datetime import date, time

WEEK = (1, 2, 3, 4, 5, 6, 7)  # ISO: Monday = 1
WORKDAYS = (1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A planned pause within a shift; may cross midnight where the shift does."""

    start: time
    end: time

    def __post_init__(self) -> None:
        if self.start == self.end:
            raise ValueError(f"break {self.start:%H:%M}-{self.end:%H:%M} has no length")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A shift: from `start` to `end` (00:00 = midnight, `end` <= `start` = next day) on the `days` of the week it starts on."""

    name: str
    start: time
    end: time
    days: tuple[int, ...] = WORKDAYS
    breaks: tuple[Break, ...] = ()

    def __post_init__(self) -> None:
        if not self.days or any(day not in WEEK for day in self.days):
            raise ValueError(f"shift {self.name!r}: days are ISO weekdays 1 (Monday) to 7 (Sunday), got {self.days}")
        length = minutes_after(self.start, self.end) or 24 * 60
        for pause in self.breaks:
            begin = minutes_after(self.start, pause.start)
            if begin + minutes_after(pause.start, pause.end) > length:
                raise ValueError(
                    f"shift {self.name!r} ({self.start:%H:%M}-{self.end:%H:%M}): break {pause.start:%H:%M}-{pause.end:%H:%M} "
                    f"lies outside it"
                )


def minutes_after(first: time, second: time) -> int:
    """Minutes on the clock from `first` forward to `second`, 0 to 1439."""
    return ((second.hour - first.hour) * 60 + second.minute - first.minute) % (24 * 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The shifts of a factory and the days it does not work.

    `country` is the ISO code whose public holidays are free ("KR"), or `None`. `closed` are further free days (summer closure);
    on days in `worked` all shifts run whatever the day. A shift belongs to the day it starts on.
    """

    shifts: tuple[Shift, ...]
    country: str | None = "KR"
    closed: tuple[date, ...] = ()
    worked: tuple[date, ...] = ()

    def __post_init__(self) -> None:
        if not self.shifts:
            raise ValueError("a calendar needs at least one shift")
        both = set(self.closed) & set(self.worked)
        if both:
            raise ValueError(f"{min(both)} stands in both closed and worked")
