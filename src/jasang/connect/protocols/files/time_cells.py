"""Cells read as dates and times: ISO, Korean, American, German and compact forms, with and without a zone.

Every accepted text is taken apart by one expression; the parts are checked against the calendar, so that 31 April is no date.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import polars as pl

DateOrder = Literal["YMD", "MDY", "DMY"]

_MONTHS = {
    m: i + 1 for i, m in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
}
_DATE = (
    r"(?:(?P<y>\d{4})\s*[-/.년 ]\s*(?P<m>\d{1,2})\s*[-/.월 ]\s*(?P<d>\d{1,2})\s*[일.]?"
    r"|(?P<cy>(?:19|20)\d{2})(?P<cm>\d{2})(?P<cd>\d{2})"
    r"|(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})[-/.](?P<c>\d{4}|\d{2})"
    r"|(?P<nd>\d{1,2})[-/ .]\s?(?P<nm>[A-Za-z]{3,9})[-/ .,]+(?P<ny>\d{4}|\d{2})"
    r"|(?P<pm>[A-Za-z]{3,9})\.? (?P<pd>\d{1,2}),? (?P<py>\d{4}))"
)
_WEEKDAY = r"(?:\s*\(?(?:[월화수목금토일](?:요일)?|(?i:mon|tue|wed|thu|fri|sat|sun)[a-z]*)\)?)?"
_NOON = r"오전|오후|(?i:[ap]\.?m\.?)"
_CLOCK = (
    rf"(?:(?P<ap>{_NOON})\s*)?(?P<h>\d{{1,2}})\s*[:시]\s*(?P<mi>\d{{1,2}})(?:\s*[:분]\s*(?P<s>\d{{1,2}})(?:[.,:](?P<f>\d{{1,9}}))?\s*초?)?"
    rf"\s*분?(?:\s*(?P<ap2>{_NOON}))?"
)
_COMPACT_CLOCK = r"(?P<ch>\d{2})(?P<cmi>\d{2})(?P<cs>\d{2})?(?:[.,](?P<cf>\d{1,9}))?"
_ZONE = r"(?:\s*(?P<z>Z|UTC|GMT|KST|[-+]\d{2}(?::?\d{2})?))?"
_MOMENT = rf"^\s*{_DATE}{_WEEKDAY}(?:[T ,_-]*(?:{_CLOCK}|{_COMPACT_CLOCK}){_ZONE})?\s*$"
_CLOCK_ONLY = rf"^\s*{_CLOCK}\s*$"
_FAST = (r"%Y-%m-%d %H:%M:%S", r"%Y-%m-%d %H:%M:%S%.f", r"%Y-%m-%dT%H:%M:%S%.f", r"%Y/%m/%d %H:%M:%S%.f")
DAY = np.timedelta64(86_400_000_000, "us")
ORDERS: tuple[DateOrder, ...] = ("MDY", "DMY", "YMD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Times of a block of cells, datetime64[us] as written, NaT where the cell is none; offsets in minutes, `_NAIVE` = none.

    Dates such as 3/4/25 have one reading per order; for all other forms the readings agree. `ambiguous` marks the former.
    """

    readings: dict[DateOrder, np.ndarray]
    offset: np.ndarray
    ambiguous: np.ndarray


NAIVE = -(10**6)


def read_moments(cells: pl.Series) -> Moments:
    """Dates and date-times of a block of texts (nulls count as none)."""
    fast = _fast(cells)
    if fast is not None:
        nothing = np.zeros(cells.len(), dtype=bool)
        return Moments(
            readings=dict.fromkeys(ORDERS, fast), offset=np.full(cells.len(), NAIVE, dtype=np.int32), ambiguous=nothing
        )
    distinct = cells.unique(maintain_order=True)
    if distinct.len() > 0.6 * cells.len():
        return _take_apart(cells)
    places = cells.to_frame("cell").join(
        distinct.to_frame("cell").with_row_index("place"),
        on="cell",
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    at = places.get_column("place").to_numpy()
    found = _take_apart(distinct)
    return Moments(
        readings={order: reading[at] for order, reading in found.readings.items()},
        offset=found.offset[at],
        ambiguous=found.ambiguous[at],
    )


def _fast(cells: pl.Series) -> np.ndarray | None:
    """The common case, every cell in the same ISO form."""
    first = cells.drop_nulls().head(1)
    if not first.len():
        return None
    for form in _FAST:
        if first.str.to_datetime(form, time_unit="us", strict=False).null_count() == 0:
            times = cells.str.to_datetime(form, time_unit="us", strict=False)
            return times.to_numpy() if times.null_count() == cells.null_count() else None
    return None


def _take_apart(cells: pl.Series) -> Moments:
    parts = cells.str.extract_groups(_MOMENT).struct.unnest()
    number = {
        name: _numbers(parts.get_column(name))
        for name in parts.columns
        if name not in ("nm", "pm", "ap", "ap2", "z", "f", "cf")
    }
    clock = _clock(parts, number)
    year = _first(number["y"], number["cy"], _century(number["ny"], parts.get_column("ny")), number["py"])
    month = _first(number["m"], number["cm"], _month(parts.get_column("nm")), _month(parts.get_column("pm")))
    day = _first(number["d"], number["cd"], number["nd"], number["pd"])
    ambiguous = ~np.isnan(number["a"])
    long_year = _century(number["c"], parts.get_column("c"))
    fields = {
        "MDY": (long_year, number["a"], number["b"]),
        "DMY": (long_year, number["b"], number["a"]),
        "YMD": (
            np.where(
                parts.get_column("c").str.len_bytes().fill_null(0).to_numpy() == 2, _two_digits(number["a"]), np.nan
            ),
            number["b"],
            number["c"],
        ),
    }
    readings: dict[DateOrder, np.ndarray] = {}
    for order in ORDERS:
        y, m, d = (
            np.where(ambiguous, own, fixed) for own, fixed in zip(fields[order], (year, month, day), strict=True)
        )
        readings[order] = calendar(y, m, d) + clock
    return Moments(readings=readings, offset=_offsets(parts.get_column("z")), ambiguous=ambiguous)


def _numbers(texts: pl.Series) -> np.ndarray:
    return texts.cast(pl.Float64, strict=False).to_numpy(allow_copy=True).astype(np.float64)


def _first(*columns: np.ndarray) -> np.ndarray:
    found = columns[0]
    for column in columns[1:]:
        found = np.where(np.isnan(found), column, found)
    return found


def _two_digits(year: np.ndarray) -> np.ndarray:
    """POSIX's rule for two-digit years: 69 to 99 are of the last century."""
    return np.where(year < 69, 2000 + year, np.where(year < 100, 1900 + year, year))


def _century(year: np.ndarray, texts: pl.Series) -> np.ndarray:
    return np.where(texts.str.len_bytes().fill_null(0).to_numpy() == 2, _two_digits(year), year)


def _month(names: pl.Series) -> np.ndarray:
    short = names.str.slice(0, 3).str.to_lowercase()
    return short.replace_strict(_MONTHS, default=None, return_dtype=pl.Float64).to_numpy().astype(np.float64)


def calendar(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Midnight of these days, datetime64[us]; NaT where the calendar has no such day."""
    possible = (year >= 1900) & (year <= 2200) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    y = np.where(possible, year, 1970).astype(np.int64)
    m = np.where(possible, month, 1).astype(np.int64)
    d = np.where(possible, day, 1).astype(np.int64)
    months = (12 * (y - 1970) + m - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (d - 1)
    days = np.where(possible & (days.astype("datetime64[M]") == months), days, np.datetime64("NaT"))
    return days.astype("datetime64[us]")


def _clock(parts: pl.DataFrame, number: dict[str, np.ndarray]) -> np.ndarray:
    """Time of day as timedelta64[us], 0 where none is written, NaT where it is impossible; 24:00 is the end of the day."""
    hour, minute, second = (_first(number[a], number[b]) for a, b in (("h", "ch"), ("mi", "cmi"), ("s", "cs")))
    written = ~np.isnan(hour)
    hour, minute, second = (np.nan_to_num(part) for part in (hour, minute, second))
    noon = parts.select(pl.coalesce("ap", "ap2").str.to_lowercase().str.slice(0, 2)).to_series()
    afternoon = noon.is_in(["오후", "pm", "p."]).fill_null(value=False).to_numpy()
    morning = noon.is_in(["오전", "am", "a."]).fill_null(value=False).to_numpy()
    twelve = (afternoon | morning) & (hour == 12)
    possible = (hour < 24) | ((hour == 24) & (minute == 0) & (second == 0))
    possible &= (minute < 60) & (second < 60) & ~(morning & (hour > 12))
    hour = np.where(twelve, 0, hour) + np.where(afternoon & (hour <= 12), 12, 0)
    digits = parts.select(pl.coalesce("f", "cf")).to_series() if "cf" in parts.columns else parts.get_column("f")
    fraction = digits.str.pad_end(9, "0").str.slice(0, 6).cast(pl.Float64, strict=False).fill_null(0).to_numpy()
    micro = ((hour * 60 + minute) * 60 + second) * 1e6 + fraction
    clock = np.where(written, micro, 0).astype(np.int64).astype("timedelta64[us]")
    clock[written & ~possible] = np.timedelta64("NaT")
    return clock


def _offsets(zones: pl.Series) -> np.ndarray:
    """Minutes east of UTC, `NAIVE` where no zone is written."""
    known = zones.replace_strict({"Z": "+0000", "UTC": "+0000", "GMT": "+0000", "KST": "+0900"}, default=zones)
    digits = known.str.replace(":", "", literal=True).str.pad_end(5, "0")
    hours, minutes = (digits.str.slice(a, 2).cast(pl.Int32, strict=False) for a in (1, 3))
    sign = pl.select(pl.when(digits.str.starts_with("-")).then(-1).otherwise(1)).to_series()
    return (sign * (hours * 60 + minutes)).cast(pl.Int32).fill_null(NAIVE).to_numpy()


def read_clocks(cells: pl.Series) -> pl.Series:
    """Pure times of day as pl.Time; null where the cell is none. 24:00, the end of the day, is its last microsecond."""
    parts = cells.str.extract_groups(_CLOCK_ONLY).struct.unnest()
    number = {name: _numbers(parts.get_column(name)) for name in ("h", "mi", "s")}
    nothing = np.full(cells.len(), np.nan)
    clock = _clock(parts, {**number, "ch": nothing, "cmi": nothing, "cs": nothing})
    clock = np.where(clock == DAY, DAY - np.timedelta64(1, "us"), clock)
    nanoseconds = clock.astype("timedelta64[ns]").astype(np.int64)
    missing = np.isnan(number["h"]) | np.isnat(clock) | (clock > DAY)
    return pl.Series(np.where(missing, 0, nanoseconds)).cast(pl.Time).set(pl.Series(missing), None)


@dataclass(slots=True)
class TimeCount:
    """How a column reads as times under each order of day and month; filled block by block."""

    filled: int = 0
    clocks: int = 0
    dates: dict[DateOrder, int] = field(default_factory=lambda: dict.fromkeys(ORDERS, 0))
    steps: dict[DateOrder, float] = field(default_factory=lambda: dict.fromkeys(ORDERS, 0.0))
    ambiguous: int = 0
    dotted: int = 0
    offsets: dict[int, int] = field(default_factory=dict)  # offset: index of its first cell within the column
    _last: dict[DateOrder, np.datetime64] = field(default_factory=dict)

    def add(self, cells: pl.Series, first_cell: int) -> None:
        """Count a block of texts whose first cell is number `first_cell` of the column."""
        self.filled += cells.len() - cells.null_count()
        moments = read_moments(cells)
        for order in ORDERS:
            times = moments.readings[order]
            real = ~np.isnat(times)
            self.dates[order] += int(real.sum())
            known = times[real]
            if known.size:
                before = self._last.get(order, known[0])
                # In days, and no step counts more than a year, so that one impossible date does not decide.
                moves = np.abs(np.diff(known, prepend=before).astype(np.int64)) / 8.64e10
                self.steps[order] += float(np.minimum(moves, 366.0).sum())
                self._last[order] = known[-1]
        any_date = (
            ~np.isnat(moments.readings["MDY"]) | ~np.isnat(moments.readings["DMY"]) | ~np.isnat(moments.readings["YMD"])
        )
        self.ambiguous += int((moments.ambiguous & any_date).sum())
        if moments.ambiguous.any():
            self.dotted += int(cells.str.contains(r"^\s*\d{1,2}[-.]").sum())
        for offset in np.unique(moments.offset[any_date]):
            self.offsets.setdefault(
                int(offset), first_cell + int(np.flatnonzero(any_date & (moments.offset == offset))[0])
            )
        if not any_date.any():
            self.clocks += cells.len() - read_clocks(cells).null_count()

    @property
    def order(self) -> DateOrder:
        """The order that reads most cells; among those that read (nearly) as many, the one that moves in the smallest steps.

        Where even that does not tell: year first for 25-03-04 and 25.03.04 (Korea), month first for 3/4/25 (spreadsheets).
        """
        most = max(self.dates.values())
        able = [order for order in ORDERS if self.dates[order] >= 0.995 * most]
        least = min(self.steps[order] for order in able)
        close = [order for order in able if self.steps[order] <= 1.001 * least + 1e-9]
        preferred: tuple[DateOrder, ...] = ("YMD", "DMY", "MDY") if self.dotted else ("MDY", "DMY", "YMD")
        return next(order for order in preferred if order in close)
