"""How the values of a column behave: how many there are, how they change from row to row, whether they count, rise or repeat."""

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypedDict

import numpy as np
import polars as pl

TOP_LEVELS = 40
MOSTLY = 0.85  # share of a text column that must be numbers for it to count as numbers


class Steps(TypedDict):
    """How values change from one filled row to the next, as shares."""

    changes: float
    rising: float
    by_one: float
    falls: float
    small_steps: float


class Values(StrEnum):
    """What the values are."""

    TIME = "time"  # date and time
    CLOCK = "clock"  # time of day
    NUMBER = "number"
    TEXT = "text"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How one column's values behave in a sample, in file order. Shares are 0 to 1; NaN where there is nothing to judge by."""

    name: str
    position: int  # from 0
    columns: int  # of the table
    values: Values
    rows: int
    filled: int  # rows with a value
    levels: int  # distinct values
    top: tuple[str, ...]  # commonest levels as text, commonest first, at most TOP_LEVELS
    top_share: float  # of the commonest level
    rarest_share: float  # of the rarest level
    changes: float  # share of filled rows that differ from the filled row before
    rising: float  # share of the steps between filled rows that do not go down
    by_one: float  # share of steps that are exactly +1
    falls: float  # share of steps that go down
    whole: bool  # numbers without a fraction
    low: float
    high: float
    small_steps: float  # share of the changes that are as small as the sample's finest step (coarse sensors)
    length: float  # mean length of texts
    midnight: bool  # times that are all dates
    copy_of: str | None = None  # an earlier column with the same values
    named_by: str | None = None  # an earlier column that stands one to one with this one

    @property
    def distinct(self) -> float:
        """Distinct values per filled row."""
        return self.levels / self.filled if self.filled else 0.0

    @property
    def constant(self) -> bool:
        """Whether there is only one value."""
        return self.levels == 1


def level_text(series: pl.Series) -> pl.Series:
    """The values as texts, as the labels of a table print them: whole floats without the ".0", stripped, blank is null."""
    if series.dtype.is_float():
        series = series.fill_nan(None)
        whole = series.drop_nulls()
        if whole.len() and bool((whole == whole.round()).all()) and float(whole.abs().max() or 0) < 2**53:  # type: ignore[arg-type]
            series = series.cast(pl.Int64, strict=False)
    texts = series.cast(pl.String).str.strip_chars()
    return texts.set(texts == "", None)


def level_codes(series: pl.Series) -> np.ndarray:
    """The levels as whole numbers from 0, -1 where there is none, int64, shape (rows,)."""
    codes: np.ndarray = (
        level_text(series).cast(pl.Categorical).to_physical().rank("dense").cast(pl.Int64).fill_null(0).to_numpy() - 1
    )
    return codes


def _kind(series: pl.Series) -> Values:
    if series.null_count() == series.len():
        return Values.EMPTY
    if series.dtype in (pl.Datetime, pl.Date):
        return Values.TIME
    if series.dtype == pl.Time:
        return Values.CLOCK
    return Values.NUMBER if series.dtype.is_numeric() else Values.TEXT


def _steps(numbers: np.ndarray, whole: bool) -> Steps:
    steps = np.diff(numbers)
    if not steps.size:
        return {"changes": np.nan, "rising": np.nan, "by_one": np.nan, "falls": np.nan, "small_steps": np.nan}
    moved = np.abs(steps[steps != 0])
    small = np.nan
    if moved.size:
        finest = 1.0 if whole else float(np.quantile(moved, 0.05))
        small = float((moved <= finest * 1.01).mean())
    return {
        "changes": float((steps != 0).mean()),
        "rising": float((steps >= 0).mean()),
        "by_one": float((steps == 1).mean()),
        "falls": float((steps < 0).mean()),
        "small_steps": small,
    }


def _text_steps(filled: pl.Series) -> Steps:
    changes = float((filled != filled.shift(1)).slice(1).mean() or 0.0) if filled.len() > 1 else np.nan  # type: ignore[arg-type]
    return {"changes": changes, "rising": np.nan, "by_one": np.nan, "falls": np.nan, "small_steps": np.nan}


def numbers_in_text(series: pl.Series) -> pl.Series:
    """The numbers of a text column that a few stray words kept from being read as numbers; any other column as it is.

    Codes with leading zeros ("0101") are no numbers.
    """
    if series.dtype != pl.String:
        return series
    texts = series.str.strip_chars()
    filled = texts.len() - texts.null_count()
    numbers = texts.cast(pl.Float64, strict=False)
    coded = bool(texts.str.contains(r"^0\d").any())
    mostly = MOSTLY * filled <= numbers.count() < filled  # all of them: somebody keeps codes as texts on purpose
    return numbers if mostly and not coded else series


def behaviour(series: pl.Series, position: int = 0, columns: int = 1) -> Behaviour:
    """How the values of one column behave."""
    series = numbers_in_text(series)
    if series.dtype.is_float():
        series = series.set(~series.is_finite(), None)
    kind = _kind(series)
    plain = level_text(series) if kind is Values.TEXT else series
    if plain.null_count() == plain.len():
        kind = Values.EMPTY
    held = plain.drop_nulls()
    # Counting numbers as numbers: making texts of them first would cost twenty times as much.
    counts = held.alias("value").value_counts(sort=True)
    amounts = counts.to_series(1).to_numpy()
    low = high = length = np.nan
    whole = False
    steps: Steps = dict.fromkeys(("changes", "rising", "by_one", "falls", "small_steps"), np.nan)  # type: ignore[assignment]
    if kind is Values.NUMBER:
        numbers = held.cast(pl.Float64).to_numpy()
        whole = bool(np.all(numbers == np.round(numbers)))
        low, high = float(numbers.min()), float(numbers.max())
        steps = _steps(numbers, whole)
    elif kind in (Values.TIME, Values.CLOCK):
        steps = _steps(held.cast(pl.Int64).to_numpy().astype(np.float64), whole=True)
    elif kind is Values.TEXT:
        steps = _text_steps(held)
        length = float(held.str.len_chars().cast(pl.Float64).to_numpy().mean())
    return Behaviour(
        name=series.name,
        position=position,
        columns=columns,
        values=kind,
        rows=series.len(),
        filled=held.len(),
        levels=int(counts.height),
        top=_top(counts.to_series(0), whole=whole),
        top_share=float(amounts[0] / held.len()) if held.len() else np.nan,
        rarest_share=float(amounts[-1] / held.len()) if held.len() else np.nan,
        whole=whole,
        low=low,
        high=high,
        length=length,
        midnight=kind is Values.TIME and _only_dates(held),
        **steps,
    )


def _top(levels: pl.Series, *, whole: bool) -> tuple[str, ...]:
    most = levels.head(TOP_LEVELS)
    if whole and most.dtype.is_float() and float(most.abs().max() or 0) < 2**53:  # type: ignore[arg-type]
        most = most.cast(pl.Int64)
    return tuple(most.cast(pl.String).to_list())


def _only_dates(times: pl.Series) -> bool:
    """Whether all times stand at the same full hour: midnight of some time zone."""
    moments = times.cast(pl.Datetime("us"))
    return bool(((moments.dt.minute() == 0) & (moments.dt.second() == 0)).all()) and moments.dt.hour().n_unique() == 1


def behaviours(sample: pl.DataFrame) -> dict[str, Behaviour]:
    """The behaviour of every column, with copies and one-to-one pairs told."""
    found: dict[str, Behaviour] = {}
    copies: dict[bytes, str] = {}
    pairs: dict[bytes, str] = {}
    for position, series in enumerate(sample.get_columns()):
        one = behaviour(series, position, sample.width)
        if one.values is not Values.EMPTY and one.levels > 1:
            copy = copies.setdefault(_print(series), series.name)
            named = series.name
            if one.levels <= 500 and one.distinct < 0.5 and (one.values is Values.TEXT or one.whole):
                named = pairs.setdefault(_print(_by_appearance(series)), series.name)
            if copy != series.name or named != series.name:
                one = replace(
                    one,
                    copy_of=copy if copy != series.name else None,
                    named_by=named if named != series.name else None,
                )
        found[series.name] = one
    return found


def _print(series: pl.Series) -> bytes:
    """A fingerprint of the values in their order: the same for the same numbers whether whole or not."""
    if series.dtype.is_numeric():
        series = series.cast(pl.Float64)
    # The hash of a value does not depend on its row, so the digest over all rows does the telling.
    return hashlib.blake2b(series.hash(seed=7).to_numpy().tobytes(), digest_size=16).digest()


def _by_appearance(series: pl.Series) -> pl.Series:
    """The levels numbered in the order in which they first appear; -1 where there is none."""
    codes = level_codes(series)
    known = codes[codes >= 0]
    _, first, inverse = np.unique(known, return_index=True, return_inverse=True)
    numbered = np.full(codes.size, -1, dtype=np.int64)
    numbered[codes >= 0] = np.argsort(np.argsort(first))[inverse]
    return pl.Series(numbered)
