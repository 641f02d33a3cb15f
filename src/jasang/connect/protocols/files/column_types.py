"""What each column holds, decided over all its cells: numbers, times, times of day or texts; and the cells turned into that.

Two passes over the file: `ColumnCount` looks at every cell, `decide` makes a plan, `Plan.convert` carries it out and counts what
could not be read.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import polars as pl

from jasang.connect.protocols.files import complaints
from jasang.connect.protocols.files.layout import MISSING
from jasang.connect.protocols.files.number_cells import NumberCount, count_numbers, odd_forms, read_numbers
from jasang.connect.protocols.files.plain_numbers import PlainColumn
from jasang.connect.protocols.files.repair import Tally
from jasang.connect.protocols.files.time_cells import NAIVE, DateOrder, TimeCount, read_clocks, read_moments
from jasang.errors import UnreadableInput

Becomes = Literal["whole", "number", "moment", "clock", "text", "compact_clock", "epoch", "excel_serial"]

# Share of the cells that must read as numbers; the rest is reported and counts as missing.
_NUMBERS = 0.95
_TIMES = 0.8
_ENOUGH = 50_000
_TIME_NAME = re.compile(
    r"(?i)(^|[^a-z])(ts|date|time|datetime|timestamp|epoch)([^a-z]|$)|timestamp|datetime|_dt$|_at$|일시|시각|시간|날짜|일자"
)
_CLOCK_NAME = re.compile(r"(?i)시각|시간|(^|[^a-z])(time|clock|hms)([^a-z]|$)")
_COMPACT_CLOCK = r"^([01]\d|2[0-3])[0-5]\d[0-5]\d$"
_TIME_NAME_CAMEL = re.compile(r"(Time|Date|TimeStamp)$|^(Time|Date)[A-Z]")
# Seconds since 1970 from 2000 to 2100, and what one second is in each unit a logger may count in.
_EPOCH = {"s": 1, "ms": 10**3, "µs": 10**6, "ns": 10**9}
_EPOCH_FROM, _EPOCH_TO = 946_684_800, 4_102_444_800
_EXCEL_FROM, _EXCEL_TO = 32_874, 73_051  # 1990 to 2100
_EXCEL_ZERO = np.datetime64("1899-12-30", "us")
_MISSING = sorted(MISSING - {""})


@dataclass(slots=True)
class ColumnCount:
    """What one column's cells look like; filled block by block in the first pass."""

    file: str
    name: str
    cells: int = 0
    numbers: NumberCount = field(default_factory=NumberCount)
    times: TimeCount = field(default_factory=TimeCount)
    literals: int = 0
    compact_clocks: int = 0  # "093012"
    infinite: tuple[int, str] | None = None
    first_by_offset: dict[int, tuple[int, str]] = field(default_factory=dict)

    def add(self, texts: pl.Series, file_rows: np.ndarray, plain: PlainColumn | None = None) -> None:
        """Count a block of cells; `file_rows[i]` is the row of the file that cell i stands in. Raises for formulas.

        `plain` is what is known already of a block of plain numbers.
        """
        if plain is not None and not self._needs_look(plain):
            self.numbers.add_plain(plain)
        elif self._surely_text and texts.null_count() < texts.len():
            self._count_text(texts, file_rows)
        elif texts.null_count() < texts.len():
            odd = count_numbers(texts, self.numbers)
            if self.numbers.low >= 0 and self.numbers.high <= 235_959 and _CLOCK_NAME.search(self.name):
                self.compact_clocks += int(texts.str.strip_chars().str.contains(_COMPACT_CLOCK).sum())
            if odd.len():
                self._look_at_texts(texts, odd, file_rows)
            elif _digits_of_dates(self.numbers.whole, self.numbers.low, self.numbers.high):
                self.times.add(texts, self.cells)
            if self.infinite is None and max(self.numbers.high, -self.numbers.low) == float("inf"):
                at = int(texts.cast(pl.Float64, strict=False).is_infinite().fill_null(value=False).arg_max() or 0)
                self.infinite = int(file_rows[at]), str(texts[at])
        self.cells += texts.len()

    @property
    def _surely_text(self) -> bool:
        """Whether so many cells are neither numbers nor times that no more need be looked at; a text loses nothing."""
        known = self.numbers.readable + max(self.times.clocks, *self.times.dates.values())
        return self.numbers.filled >= _ENOUGH and known < 0.5 * self.numbers.filled

    def _count_text(self, texts: pl.Series, file_rows: np.ndarray) -> None:
        self.numbers.filled += texts.len() - texts.null_count()
        if texts.str.starts_with("=").any():
            self._without_literals(texts, file_rows)

    def _needs_look(self, plain: PlainColumn) -> bool:
        """Whether whole numbers may be dates or times of day without separators."""
        return _digits_of_dates(plain.whole, plain.low, plain.high) or (
            plain.whole and bool(_CLOCK_NAME.search(self.name))
        )

    def _look_at_texts(self, texts: pl.Series, odd: pl.Series, file_rows: np.ndarray) -> None:
        if odd.str.starts_with("=").any():
            texts = self._without_literals(texts, file_rows)
        clean = cleaned(texts)
        before = dict(self.times.offsets)
        self.times.add(clean, self.cells)
        for offset, cell in self.times.offsets.items():
            if offset not in before:
                at = cell - self.cells
                self.first_by_offset[offset] = int(file_rows[at]), str(clean[at])

    def _without_literals(self, texts: pl.Series, file_rows: np.ndarray) -> pl.Series:
        stripped = texts.str.strip_chars()
        literal = stripped.str.contains(r'^="[^"]*"$').fill_null(value=False)
        formula = stripped.str.contains(r"^=[^\s=]").fill_null(value=False) & ~literal
        if formula.any():
            at = int(formula.arg_max() or 0)
            raise complaints.formula(self.file, int(file_rows[at]), self.name, str(stripped[at]))
        self.literals += int(literal.sum())
        return unwrapped(texts) if self.literals else texts


def _digits_of_dates(whole: bool, low: float | None, high: float | None) -> bool:
    """Whether whole numbers of this size may be days or moments written without separators (20250304, 20250304093000)."""
    if not whole or low is None or high is None:
        return False
    return (
        (low >= 19_000_101 and high <= 21_001_231)
        or (low >= 190_001_010_000 and high <= 210_012_312_359)
        or (low >= 19_000_101_000_000 and high <= 21_001_231_235_959)
    )


def cleaned(texts: pl.Series) -> pl.Series:
    """Texts without outer blanks; what stands for a missing value becomes null."""
    stripped = texts.str.strip_chars()
    return stripped.set(stripped.is_in(["", *_MISSING]).fill_null(value=False), None)


def unwrapped(texts: pl.Series) -> pl.Series:
    """Texts that a spreadsheet export wrapped as ="00123", to keep their zeros, without the wrapping."""
    return texts.str.replace(r'^\s*="([^"]*)"\s*$', "$1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a column becomes and how. `offset`: minutes east of UTC written in its times, `NAIVE` = local time of the factory."""

    name: str
    becomes: Becomes
    decimal_comma: bool = False
    order: DateOrder = "YMD"
    offset: int = NAIVE
    unit: str = "s"
    unwrap: bool = False

    def convert(self, texts: pl.Series, file_rows: np.ndarray, timezone: str, tally: Tally) -> pl.Series:
        """A block of cells as values; what cannot be read becomes null and is counted."""
        if self.unwrap:
            texts = unwrapped(texts)
        if self.becomes == "whole":
            whole = texts.cast(pl.Int64, strict=False)
            if whole.null_count() == texts.null_count():
                return whole
        if self.becomes in ("whole", "number"):
            return self._numbers(texts, file_rows, tally)
        if self.becomes == "text":
            return cleaned(texts)
        values = self._times(texts, timezone, tally)
        self._count_lost(cleaned(texts), values, file_rows, tally, "unreadable_time")
        return values

    def _numbers(self, texts: pl.Series, file_rows: np.ndarray, tally: Tally) -> pl.Series:
        plain = texts.cast(pl.Float64, strict=False)
        if plain.null_count() == texts.null_count():
            plain = plain.fill_nan(None)
            return plain.cast(pl.Int64) if self.becomes == "whole" else plain
        numbers = read_numbers(texts, decimal_comma=self.decimal_comma)
        mended = plain.is_null() & numbers.is_not_null()
        if mended.any():
            forms = odd_forms(texts)
            commas = texts.str.contains(",", literal=True)
            forms["decimal_comma" if self.decimal_comma else "thousands_separator"] = commas
            for kind, mask in forms.items():
                self._count(kind, mended & mask, texts, file_rows, tally)
        self._count_lost(cleaned(texts), numbers, file_rows, tally, "unreadable_number")
        return numbers.cast(pl.Int64, strict=False) if self.becomes == "whole" else numbers

    def _times(self, texts: pl.Series, timezone: str, tally: Tally) -> pl.Series:
        if self.becomes == "clock":
            return read_clocks(texts)
        if self.becomes == "compact_clock":
            return read_clocks(texts.str.strip_chars().str.replace(r"^(\d\d)(\d\d)(\d\d)$", "$1:$2:$3"))
        if self.becomes == "epoch":
            scale = 1e6 / _EPOCH[self.unit]
            # Integers are scaled as integers: a float would round nanoseconds since 1970.
            whole = texts.cast(pl.Int64, strict=False)
            exact = whole * int(scale) if scale >= 1 else whole // round(1 / scale)
            near = (texts.cast(pl.Float64, strict=False) * scale).round().cast(pl.Int64, strict=False)
            return exact.zip_with(exact.is_not_null(), near).cast(pl.Datetime("us", "UTC"))
        if self.becomes == "excel_serial":
            days = texts.cast(pl.Float64, strict=False).to_numpy().astype(np.float64)
            missing = np.isnan(days)
            # Excel keeps days as floats; a millisecond is the finest that survives.
            milli = np.round(np.where(missing, 0, days) * 86_400_000).astype(np.int64)
            times = _EXCEL_ZERO + (milli * 1000).astype("timedelta64[us]")
            times[missing] = np.datetime64("NaT")
            return in_utc(pl.Series(times), NAIVE, timezone, self.name, tally)
        times = read_moments(cleaned(texts)).readings[self.order]
        return in_utc(pl.Series(times, dtype=pl.Datetime("us")), self.offset, timezone, self.name, tally)

    def _count(self, kind: str, mask: pl.Series, texts: pl.Series, file_rows: np.ndarray, tally: Tally) -> None:
        mask = mask.fill_null(value=False)
        if mask.any():
            at = int(mask.arg_max() or 0)
            tally.add(
                kind, rows=int(mask.sum()), column=self.name, row=int(file_rows[at]), example=str(texts[at]).strip()
            )

    def _count_lost(self, texts: pl.Series, values: pl.Series, file_rows: np.ndarray, tally: Tally, kind: str) -> None:
        if values.null_count() > texts.null_count():
            self._count(kind, values.is_null() & texts.is_not_null(), texts, file_rows, tally)


def in_utc(local: pl.Series, offset: int, timezone: str, column: str, tally: Tally) -> pl.Series:
    """Times as written (no zone) as Datetime("us", "UTC"), by their written offset or the factory's time zone."""
    if offset != NAIVE:
        return local.dt.offset_by(f"{-offset}m").dt.replace_time_zone("UTC")
    placed = local.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
    tally.add("skipped_hour", rows=placed.null_count() - local.null_count(), column=column)
    return placed.dt.convert_time_zone("UTC")


def decide(counts: Sequence[ColumnCount], *, spreadsheet: bool, tally: Tally) -> list[Plan]:
    """What each column becomes. Raises `UnreadableInput` for infinite numbers and mixed time zones."""
    # One column that must be decimal commas decides the doubtful ones ("1,234") of the same file.
    commas_are_decimal = any(c.numbers.decimal_commas > 0.5 * c.numbers.filled for c in counts)
    return [_plan(count, commas_are_decimal, spreadsheet, tally) for count in counts]


def _plan(count: ColumnCount, commas_are_decimal: bool, spreadsheet: bool, tally: Tally) -> Plan:
    name, numbers = count.name, count.numbers
    unwrap = count.literals > 0
    if unwrap:
        tally.add("text_literal", rows=count.literals, column=name, example='="…"')
    if numbers.filled == 0:
        return Plan(name=name, becomes="number")
    as_time = _time_plan(count, tally)
    if as_time is not None:
        return as_time
    as_text = numbers.leading_zeros or numbers.long_digits or unwrap
    readings = numbers.filled - numbers.broken
    if not as_text and numbers.readable >= _NUMBERS * readings and numbers.readable >= 0.5 * numbers.filled:
        if count.infinite is not None:
            raise complaints.infinite(count.file, count.infinite[0], name, count.infinite[1])
        counted = _count_since(count, spreadsheet, tally)
        if counted is not None:
            return counted
        doubtful = numbers.groups > 0 and commas_are_decimal
        comma = numbers.decimal_commas > 0 or doubtful
        whole = numbers.whole and not comma and not numbers.other
        return Plan(name=name, becomes="whole" if whole else "number", decimal_comma=comma)
    return Plan(name=name, becomes="text", unwrap=unwrap)


def _time_plan(count: ColumnCount, tally: Tally) -> Plan | None:
    times = count.times
    if count.compact_clocks == count.numbers.filled and _CLOCK_NAME.search(count.name):
        return Plan(name=count.name, becomes="compact_clock")
    if not times.filled:
        return None
    # Blocks of nothing but plain numbers are not counted as times.
    filled = count.numbers.filled
    only_digits = count.numbers.plain == filled
    order = times.order
    share = times.dates[order] / filled
    if share >= (1.0 if only_digits else _TIMES):
        offsets = times.offsets
        if len(offsets) > 1:
            raise _mixed_zones(count)
        if times.ambiguous:
            tally.add("date_order", rows=times.ambiguous, column=count.name, example=order)
        return Plan(name=count.name, becomes="moment", order=order, offset=next(iter(offsets), NAIVE))
    if times.clocks >= _TIMES * filled:
        return Plan(name=count.name, becomes="clock")
    return None


def _mixed_zones(count: ColumnCount) -> UnreadableInput:
    (_, first), (_, other) = sorted(count.first_by_offset.items(), key=lambda item: item[1][0])[:2]
    return complaints.mixed_zones(count.file, count.name, first[1], other[0], other[1])


def _count_since(count: ColumnCount, spreadsheet: bool, tally: Tally) -> Plan | None:
    """A count of seconds since 1970 or of Excel's days, where the column's name says that it is a time."""
    name, numbers = count.name, count.numbers
    if not (_TIME_NAME.search(name) or _TIME_NAME_CAMEL.search(name)) or numbers.plain < numbers.filled:
        return None
    for unit, per_second in _EPOCH.items():
        if _EPOCH_FROM * per_second <= numbers.low and numbers.high <= _EPOCH_TO * per_second:
            tally.add("epoch_time", rows=numbers.filled, column=name, example=unit)
            return Plan(name=name, becomes="epoch", unit=unit)
    if spreadsheet and numbers.low >= _EXCEL_FROM and numbers.high <= _EXCEL_TO:
        tally.add("excel_serial", rows=numbers.filled, column=name)
        return Plan(name=name, becomes="excel_serial")
    return None
