"""A workbook with a sheet a day: sheets of one form whose names or titles say the day are one table.

Small factories keep such a book a month. A sheet alone is too short to say anything, and its times of day lack the day.
"""

import datetime as dt
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from jasang.connect.protocols.files.repair import Tally
from jasang.connect.protocols.files.table import FileTable, InMemory

_FEWEST_SHEETS = 3
_HALF_A_DAY = 12 * 3600 * 1_000_000_000  # ns; a clock that falls back by more has passed midnight, or starts anew
_DAY_US = 86_400_000_000
_DAY_COLUMN = "일자"
_WHOLE = re.compile(
    r"(?<!\d)(?P<y>20\d\d)\s*[-./년_ ]\s*(?P<m>\d{1,2})\s*[-./월_ ]\s*(?P<d>\d{1,2})(?!\d)"
    r"|(?<!\d)(?P<cy>20\d\d)(?P<cm>\d\d)(?P<cd>\d\d)(?!\d)"
)
_WEEKDAY_END = r"\s*(?:\(?[월화수목금토일](?:요일)?\)?)?\s*$"
_MONTH_DAY = re.compile(
    r"(\d{1,2})\s*월\s*(\d{1,2})\s*일|^\s*(\d{1,2})\s*[-./월_ ]\s*(\d{1,2})" + _WEEKDAY_END + r"|^\s*(\d\d)(\d\d)\s*$"
)
_DAY = re.compile(r"^\s*(\d{1,2})\s*일?" + _WEEKDAY_END)
_YEAR = re.compile(r"(?<!\d)(20\d\d)(?!\d)|(?<!\d)(20\d\d)(?=[01]\d(?!\d))")
_YEAR_MONTH = re.compile(r"(?<!\d)(20\d\d)\s*[-./년_ ]*\s*(\d{1,2})(?!\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table of a sheet that was read: name of the sheet, what stands above the table, what was counted on the way, and the row
    where a further table on the sheet begins.
    """

    name: str
    title: str
    table: FileTable
    tally: Tally
    next_row: int | None = None


def join_dated(sheets: Sequence[Sheet], *, file: str, timezone: str) -> list[FileTable]:
    """The tables of the sheets in their order, those of one form with a day each joined into one called `file`.

    Times of day become moments of the sheet's day, also past midnight; without any time the day becomes a column.
    """
    forms: dict[tuple[str, ...], list[Sheet]] = {}
    for sheet in sheets:
        forms.setdefault(sheet.table.columns, []).append(sheet)
    first_form = next(iter(forms.values()), [])
    joined: dict[int, FileTable] = {}
    for form in forms.values():
        days = [day_of(sheet.name, sheet.title, file) for sheet in form]
        known = {day for day in days if day is not None}
        if len(form) < _FEWEST_SHEETS or len(known) < len(form):
            continue
        in_order = sorted(zip(days, form, strict=True), key=lambda each: each[0] or dt.date.min)
        frame = _frame([(day, sheet.table) for day, sheet in in_order if day is not None], timezone)
        if frame is not None:
            name = file if form is first_form else f"{file}#{form[0].name}…{form[-1].name}"
            joined.update({id(sheet): _table(frame, name, form) for sheet in form[:1]})
            joined.update({id(sheet): joined[id(form[0])] for sheet in form[1:]})
    found: list[FileTable] = []
    for sheet in sheets:
        table = joined.get(id(sheet), sheet.table)
        if table not in found:
            found.append(table)
    return found


def day_of(sheet: str, title: str, file: str) -> dt.date | None:
    """The day of a sheet: the date in its name, what lacks there taken from title or file name; or the date in its title.

    >>> day_of("3월2일", "생산일보 작성일: 2026.03.02", "일보.xlsx")
    datetime.date(2026, 3, 2)
    >>> day_of("17", "", "사출일보_2026년3월.xlsx")
    datetime.date(2026, 3, 17)
    """
    if whole := _whole(sheet):
        return whole
    around = f"{title} {file}"
    year = _YEAR.search(around)
    if year and (found := _MONTH_DAY.search(sheet)):
        month, day = (part for part in found.groups() if part)
        return _date(year[1] or year[2], month, day)
    if (found := _DAY.search(sheet)) and (month_of := _YEAR_MONTH.search(around)):
        return _date(month_of[1], month_of[2], found[1])
    return _whole(title)


def _whole(text: str) -> dt.date | None:
    found = _WHOLE.search(text)
    return (
        None
        if found is None
        else _date(found["y"] or found["cy"], found["m"] or found["cm"], found["d"] or found["cd"])
    )


def _date(year: str, month: str, day: str) -> dt.date | None:
    try:
        return dt.date(int(year), int(month), int(day))
    except ValueError:
        return None


def _frame(sheets: Sequence[tuple[dt.date, FileTable]], timezone: str) -> pl.DataFrame | None:
    """All rows, days in order; `None` where a column holds numbers on one sheet and texts on another."""
    parts = [(day, table.read(list(table.columns))) for day, table in sheets]
    columns = parts[0][1].columns
    kinds = {name: _kind([part[name] for _, part in parts]) for name in columns}
    if any(kind is None for kind in kinds.values()):
        return None
    if not _one_after_the_other([part for _, part in parts]):
        return None
    clocks = [name for name in columns if kinds[name] == pl.Time]
    dated = any(isinstance(kind, pl.Datetime) for kind in kinds.values())
    made = []
    for day, part in parts:
        frame = part.with_columns(pl.col(name).cast(kind) for name, kind in kinds.items() if kind is not None)
        if not dated:
            frame = frame.with_columns(_moments(frame[name], day, timezone) for name in clocks)
            if not clocks:
                name = _DAY_COLUMN if _DAY_COLUMN not in columns else f"{_DAY_COLUMN}_2"
                frame = frame.select(
                    _moments(pl.repeat(dt.time(0), frame.height, eager=True), day, timezone).alias(name), pl.all()
                )
        made.append(frame)
    return pl.concat(made).rechunk()


def _one_after_the_other(frames: Sequence[pl.DataFrame]) -> bool:
    """Sheets with full times of their own must follow each other in time: sheets of machines do not, whatever their names."""
    for name, kind in frames[0].schema.items():
        if isinstance(kind, pl.Datetime):
            known = [one.drop_nulls() for frame in frames if isinstance((one := frame[name]).dtype, pl.Datetime)]
            spans = [(one.min(), one.max()) for one in known if one.len()]
            return all(after[0] >= before[1] for before, after in itertools.pairwise(spans))  # type: ignore[operator]
    return True


def _kind(series: Sequence[pl.Series]) -> pl.DataType | type[pl.DataType] | None:
    """The type that holds the column of every sheet; a sheet that has nothing in it agrees to any."""
    kinds = {one.dtype for one in series if one.null_count() < one.len()} or {pl.String()}
    if len(kinds) == 1:
        return next(iter(kinds))
    return pl.Float64 if all(kind.is_numeric() for kind in kinds) else None


def _moments(clocks: pl.Series, day: dt.date, timezone: str) -> pl.Series:
    """Times of day as moments in UTC. Where a clock has fallen back by half a day, those before the first of the sheet belong to
    the next day; the others begin the rows of another machine.
    """
    written = clocks.is_not_null().to_numpy()
    ticks = clocks.cast(pl.Int64).fill_null(strategy="forward").fill_null(strategy="backward").fill_null(0).to_numpy()
    fallen = np.cumsum(np.diff(ticks, prepend=ticks[:1]) < -_HALF_A_DAY) > 0
    nights = fallen & (ticks < ticks[:1])
    local = np.datetime64(day, "us") + (ticks // 1000 + nights * _DAY_US).astype("timedelta64[us]")
    local[~written] = np.datetime64("NaT")
    moments = pl.Series(clocks.name, local).dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
    return moments.dt.convert_time_zone("UTC")


def _table(frame: pl.DataFrame, name: str, form: Sequence[Sheet]) -> FileTable:
    first = form[0].table
    tally = Tally()
    tally.add("joined_sheets", rows=len(form), example=f"{form[0].name} … {form[-1].name}")
    tally.add_all(sheet.tally for sheet in form)
    return FileTable(
        file=name,
        columns=tuple(frame.columns),
        repairs=tally.repairs(),
        encoding="",
        delimiter="",
        header_row=first.header_row,
        first_data_row=first.first_data_row,
        values=InMemory(frame),
        units=first.units,
    )
