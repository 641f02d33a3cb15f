"""The common case at full speed: columns of plain numbers, all columns of a block in one go.

A file of 1,000 signals has 1,000 columns per block; asking each column by itself costs more than the work.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

# Above this a float no longer holds every whole number that a column of long serial numbers may have.
_LONG = 1e15


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainColumn:
    """A column of a block in which every cell is a plain number (or missing). `low`, `high` are None where all are missing."""

    filled: int
    whole: bool
    low: float | None
    high: float | None


def plain_columns(frame: pl.DataFrame) -> dict[str, PlainColumn]:
    """The columns of texts that hold plain numbers only; what needs a closer look (leading zeros, infinity) is left out."""
    # Most columns of texts show it in their first cells; they need no full look.
    head = frame.head(20)
    names = [s.name for s in head.iter_columns() if s.cast(pl.Float64, strict=False).null_count() == s.null_count()]
    if not names:
        return {}
    texts = pl.col(names)
    numbers = texts.cast(pl.Float64, strict=False)
    whole = texts.cast(pl.Int64, strict=False)
    padded = texts.str.starts_with("0") & (texts.str.len_bytes() > 1) & whole.is_not_null()
    asked = {
        "missing": texts.null_count(),
        "no_number": numbers.null_count(),
        "not_whole": whole.null_count(),
        "padded": padded.any(),
        "low": numbers.min(),
        "high": numbers.max(),
    }
    row = frame.lazy().select(e.name.suffix(f":{key}") for key, e in asked.items()).collect().row(0, named=True)
    found = {}
    for name in names:
        missing, low, high = row[f"{name}:missing"], row[f"{name}:low"], row[f"{name}:high"]
        if row[f"{name}:no_number"] != missing or row[f"{name}:padded"]:
            continue
        if low is not None and not (low > -_LONG and high < _LONG):
            continue
        whole_only = row[f"{name}:not_whole"] == missing
        found[name] = PlainColumn(filled=frame.height - missing, whole=whole_only, low=low, high=high)
    return found


def cast_plain(frame: pl.DataFrame, kinds: Mapping[str, type[pl.Int64] | type[pl.Float64]]) -> dict[str, pl.Series]:
    """Columns of texts as the wanted numbers, those in which every cell is one."""
    if not kinds:
        return {}
    names: Sequence[str] = list(kinds)
    cast = frame.lazy().select(pl.col(name).cast(kind, strict=False) for name, kind in kinds.items()).collect()
    missing = dict(zip(names, frame.select(pl.col(names).null_count()).row(0), strict=True))
    whole_cells = [s.name for s in cast.iter_columns() if s.null_count() == missing[s.name]]
    # "NAN" in spellings that the list of missing words does not know.
    clean = cast.select(whole_cells).with_columns(pl.col(pl.Float64).fill_nan(None))
    return {s.name: s for s in clean.iter_columns()}
