"""Working calendars of single machines and groups of people, from the table of shifts."""

import re

from jasang.mentor.schedule_tables import Cell, ScheduleTable
from jasang.plant.calendar import WORKDAYS, Break, Calendar, Shift

_DAY_NAMES = {"mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6, "sun": 7,
              "월": 1, "화": 2, "수": 3, "목": 4, "금": 5, "토": 6, "일": 7}  # fmt: skip


def shift_calendars(table: ScheduleTable | None, calendar: Calendar | None) -> dict[str, Calendar]:
    """Calendars by machine or group; "" = all others. Holidays and closed days are those of factory.toml's calendar."""
    found: dict[str, list[Shift]] = {}
    if table is None:
        return {} if calendar is None else {"": calendar}
    for row in table.rows():
        key = next((one for one in ("machine", "operators", "name") if table.has(one)), "machine")
        table.need("start", "end")
        if table.kind == "operators" and table.cell(row, "start").empty and table.cell(row, "end").empty:
            continue  # a group without a shift of its own is there whenever the machine is
        days = table.cell(row, "days")
        try:
            shift = Shift(
                name=f"{row + 1}",
                start=table.cell(row, "start").clock(),
                end=table.cell(row, "end").clock(),
                days=WORKDAYS if days.empty else _days(days),
                breaks=_breaks(table.cell(row, "breaks")),
            )
        except ValueError as error:
            raise table.cell(row, "breaks").wrong(
                "근무 시간 안의 휴식", f"breaks within the shift ({error})"
            ) from error
        found.setdefault(table.cell(row, key).text(), []).append(shift)
    made = {name: _with(calendar, shifts) for name, shifts in found.items()}
    if "" not in made and calendar is not None and table.kind == "shifts":
        made[""] = calendar
    return made


def _with(calendar: Calendar | None, shifts: list[Shift]) -> Calendar:
    if calendar is None:
        return Calendar(shifts=tuple(shifts))
    return Calendar(shifts=tuple(shifts), country=calendar.country, closed=calendar.closed, worked=calendar.worked)


def _days(cell: Cell) -> tuple[int, ...]:
    """ "월-금", "mon,wed", "매일"."""
    text = cell.text().lower().replace("요일", "")
    if text in ("매일", "every day", "all", "daily"):
        return (1, 2, 3, 4, 5, 6, 7)
    days: set[int] = set()
    for part in re.split(r"[,·\s]+", text):
        ends = [_DAY_NAMES.get(one[:3], _DAY_NAMES.get(one[:1], 0)) for one in re.split(r"[-~–]", part) if one]
        if not ends or 0 in ends or len(ends) > 2:
            word = re.fullmatch(r"[월화수목금토일]+", part)
            if word is None:
                raise cell.wrong('요일(예: "월-금" 또는 "월,수")', 'days of the week, as in "mon-fri" or "mon,wed"')
            days |= {_DAY_NAMES[one] for one in part}
            continue
        first, last = ends[0], ends[-1]
        days |= set(range(first, last + 1)) if first <= last else {*range(first, 8), *range(1, last + 1)}
    return tuple(sorted(days))


def _breaks(cell: Cell) -> tuple[Break, ...]:
    if cell.empty:
        return ()
    pauses = []
    for part in re.split(r"\s*[,;]\s*", cell.text()):
        found = re.fullmatch(r"(\d{1,2}:\d{2})\s*[-~–]\s*(\d{1,2}:\d{2})", part)
        if found is None:
            raise cell.wrong('휴식(예: "12:00-13:00")', 'breaks, as in "12:00-13:00"')
        begin, end = (
            Cell(place_ko=cell.place_ko, place_en=cell.place_en, value=one, zone=cell.zone) for one in found.groups()
        )
        pauses.append(Break(start=begin.clock(), end=end.clock()))
    return tuple(pauses)
