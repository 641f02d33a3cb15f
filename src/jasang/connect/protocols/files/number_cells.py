"""Cells read as numbers: plain ones at once, the rest without their separators, units and brackets."""

from dataclasses import dataclass

import polars as pl

from jasang.connect.protocols.files.plain_numbers import PlainColumn

_UNITS = (
    r"%|℃|°\s?[CF]|[CF]|㎏|㎜|㎝|㎡|㎥|㎾|㎐|ℓ|kg|g|mg|t|ton|mm|cm|m|km|um|µm|μm|ms|s|sec|초|min|분|h|hr|시간|"
    r"mV|V|kV|mA|A|W|kW|kWh|kVA|MPa|kPa|Pa|hPa|mbar|bar|psi|rpm|RPM|Hz|kHz|l|L|ml|mL|l/min|L/min|m/s|mm/s|N|kN|Nm|dB|ppm|"
    r"원|만원|개|EA|ea|매|본|회|pcs|PCS"
)
_UNIT_BEHIND = rf"(?P<number>[\d.])\s*({_UNITS})$"

PLAIN_COMMA_GROUPS = r"^[-+]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?$"
_COMMA_GROUPS_REAL = r"^[-+]?[1-9]\d{0,2}(,\d{3})+\."
ANY_DECIMAL_COMMA = r"^[-+]?\d*,\d+([eE][-+]?\d+)?$|^[-+]?\d{1,3}(\.\d{3})+,\d+$"
POINT_GROUPS = r"^[-+]?\d{1,3}(\.\d{3}){2,}$"
LEADING_ZERO = r"^[-+]?0\d+$"


@dataclass(slots=True)
class NumberCount:
    """What the cells of a column look like as numbers; filled block by block."""

    filled: int = 0
    plain: int = 0
    whole: bool = True
    leading_zeros: int = 0
    long_digits: int = 0
    groups: int = 0  # "1,234": thousands, or three decimals
    decimal_commas: int = 0  # "55,2": cannot be thousands
    other: int = 0  # numbers with a unit, in brackets …
    broken: int = 0  # "ERR", "---", "#DIV/0!": no reading rather than a text
    low: float = float("inf")
    high: float = float("-inf")

    def add_plain(self, plain: PlainColumn) -> None:
        """Count a block of plain numbers."""
        self.filled += plain.filled
        self.plain += plain.filled
        self.whole = self.whole and plain.whole
        if plain.low is not None and plain.high is not None:
            self.low, self.high = min(self.low, plain.low), max(self.high, plain.high)

    @property
    def readable(self) -> int:
        """How many cells can be read as numbers."""
        return self.plain + self.groups + self.decimal_commas + self.other


_NO_READING = (
    r"(?i)^(err(or)?\.?|fail(ed)?|fault|bad|off|off-?line|over|ovf|overflow|under|ol|o\.l\.?|n\.?d\.?|n\.?m\.?|nc|n/c|void|burn-?out|"
    r"[-–—_*?.#x/+]+|#(div/0!|ref!|value!|name\?|num!|null!|####*)|측정불가|측정\s?안됨|미측정|불가|에러|오류|통신\s?(이상|에러|오류|두절)|단선|점검|없음|미입력)$"
)


def count_numbers(cells: pl.Series, count: NumberCount) -> pl.Series:
    """Add a block of texts to `count`; returns the cells that cannot be read as numbers (blanks stripped)."""
    filled = cells.len() - cells.null_count()
    count.filled += filled
    whole = cells.cast(pl.Int64, strict=False)
    if whole.null_count() == cells.null_count():
        count.plain += filled
        _range(whole, count)
        zeros = cells.str.len_bytes().gt(1) & cells.str.contains(LEADING_ZERO)
        count.leading_zeros += int(zeros.sum())
        return cells.clear()
    numbers = cells.cast(pl.Float64, strict=False)
    odd = cells.filter(numbers.is_null() & cells.is_not_null())
    _digits(cells, whole, count)
    count.plain += filled - odd.len()
    _range(numbers, count)
    return _count_odd(odd.str.strip_chars(), count) if odd.len() else odd


def _digits(cells: pl.Series, whole: pl.Series, count: NumberCount) -> None:
    count.leading_zeros += int(cells.str.contains(LEADING_ZERO).sum())
    not_whole = cells.filter(whole.is_null() & cells.is_not_null()).str.strip_chars()
    digits_only = not_whole.str.contains(r"^[-+]?\d+$")
    # Longer than 18 digits: a barcode or serial number that a float would round.
    count.long_digits += int((digits_only & (not_whole.str.len_bytes() > 18)).sum())
    count.leading_zeros += int(not_whole.str.contains(LEADING_ZERO).sum())
    # A cell with a fraction or an exponent makes the column one of reals; "ERR" and blanks say nothing.
    real = (not_whole.cast(pl.Float64, strict=False).is_not_null() & ~digits_only) | not_whole.str.contains(
        _COMMA_GROUPS_REAL
    )
    count.whole = count.whole and not real.any()


def _range(numbers: pl.Series, count: NumberCount) -> None:
    low, high = numbers.min(), numbers.max()
    if isinstance(low, int | float) and isinstance(high, int | float):
        count.low, count.high = min(count.low, float(low)), max(count.high, float(high))


def _count_odd(odd: pl.Series, count: NumberCount) -> pl.Series:
    plain = odd.cast(pl.Float64, strict=False)
    count.plain += odd.len() - plain.null_count()
    _range(plain, count)
    odd = odd.filter(plain.is_null())
    # A machine's name or a verdict stands in thousands of cells; its forms need one look.
    tallied = odd.value_counts(name="often")
    odd, often = tallied.to_series(0), tallied.get_column("often")
    for name, pattern in (("groups", PLAIN_COMMA_GROUPS), ("decimal_commas", ANY_DECIMAL_COMMA)):
        found = odd.str.contains(pattern)
        if found.any():
            setattr(count, name, getattr(count, name) + int(often.filter(found).sum()))
            odd, often = odd.filter(~found), often.filter(~found)
    if odd.len():
        readable = _tidied(odd, decimal_comma=False).cast(pl.Float64, strict=False).is_not_null()
        count.other += int(often.filter(readable).sum())
        odd, often = odd.filter(~readable), often.filter(~readable)
    count.broken += int(often.filter(odd.str.contains(_NO_READING)).sum())
    return odd


def _tidied(cells: pl.Series, *, decimal_comma: bool) -> pl.Series:
    """Texts that a cast reads as numbers, where they are any."""
    cells = cells.str.strip_chars().str.replace("^[−–]", "-").str.replace("^[▲△]\\s*", "-")
    cells = cells.str.replace(r"^\(\s*([\d.,]+)\s*\)$", "-$1").str.replace(r"^([\d.,]+)-$", "-$1")
    cells = cells.str.replace(r"^([-+]?)\s*[₩$€]\s*", "$1").str.replace(_UNIT_BEHIND, "${number}")
    cells = cells.str.replace(r"^'", "").str.replace(r"^([-+])\s+", "$1")
    if cells.str.contains(r"\d[ '\u{a0}\u{202f}]\d{3}").any():
        grouped = cells.str.contains(r"^[-+]?\d{1,3}([ '\u{a0}\u{202f}]\d{3})+([.,]\d*)?$")
        cells = pl.select(
            pl.when(grouped).then(cells.str.replace_all(r"[ '\u{a0}\u{202f}]", "")).otherwise(cells)
        ).to_series()
    if decimal_comma:
        grouped = cells.str.contains(r"^[-+]?\d{1,3}(\.\d{3})+(,\d+)?$") & cells.str.contains(r",|\..*\.")
        cells = pl.select(
            pl.when(grouped).then(cells.str.replace_all(".", "", literal=True)).otherwise(cells)
        ).to_series()
        return cells.str.replace(r"^([-+]?\d*),(\d+([eE][-+]?\d+)?)$", "$1.$2")
    grouped = cells.str.contains(PLAIN_COMMA_GROUPS)
    return pl.select(pl.when(grouped).then(cells.str.replace_all(",", "", literal=True)).otherwise(cells)).to_series()


def read_numbers(cells: pl.Series, *, decimal_comma: bool) -> pl.Series:
    """The cells as Float64; null where they are missing or cannot be read."""
    numbers = cells.cast(pl.Float64, strict=False)
    odd = numbers.is_null() & cells.is_not_null()
    if odd.any():
        mended = _tidied(cells.filter(odd), decimal_comma=decimal_comma).cast(pl.Float64, strict=False)
        numbers = numbers.scatter(odd.arg_true(), mended)
    return numbers.fill_nan(None)


def odd_forms(cells: pl.Series) -> dict[str, pl.Series]:
    """Which of the cells carry which peculiarity, by the kind of repair that reports it: masks of the cells' shape."""
    stripped = cells.str.strip_chars()
    return {
        "marked_negative": stripped.str.contains(r"^\(\s*[\d.,]+\s*\)$|^[▲△]|^[\d.,]+-$"),
        "unit_in_cell": stripped.str.contains(_UNIT_BEHIND) | stripped.str.contains(r"^[-+]?\s*[₩$€]"),
    }
