"""The form of a gauge study as offices print it: a row a part, side by side the trials of each operator.

It is read as one row a reading: part, operator (측정자), trial (회차), value (측정값).
"""

import re

import polars as pl

from jasang.connect.protocols.files.repair import Tally

_OPERATOR = re.compile(r"^\s*(측정자|작업자|검사자|평가자|operator|appraiser|inspector)", re.IGNORECASE)
_TRIAL = re.compile(r"^\s*(?:trial|#|no\.?)?\s*(\d{1,2})\s*(?:회차?|차|번|st|nd|rd|th)?\s*$", re.IGNORECASE)
_FEWEST_OPERATORS = 2
_FEWEST_TRIALS = 2
_MOST_OTHER = 3
_COLUMNS = ("측정자", "회차", "측정값")


def as_readings(frame: pl.DataFrame, tally: Tally) -> pl.DataFrame:
    """The table with one row a reading (operator, trial, value) where its header is that of such a form; else as it is."""
    cells = {name: found for name in frame.columns if (found := _cell(name)) is not None}
    operators = list(dict.fromkeys(operator for operator, _ in cells.values()))
    trials = sorted({trial for _, trial in cells.values()})
    other = [name for name in frame.columns if name not in cells]
    crossed = len(cells) == len(operators) * len(trials) == len(set(cells.values()))
    if (
        not crossed
        or len(operators) < _FEWEST_OPERATORS
        or len(trials) < _FEWEST_TRIALS
        or not 1 <= len(other) <= _MOST_OTHER
        or set(other) & set(_COLUMNS)
        or not all(frame.schema[name].is_numeric() for name in cells)
    ):
        return frame
    operator, trial, value = _COLUMNS
    parts = [
        frame.select(
            *other,
            pl.lit(who).alias(operator),
            pl.lit(number, dtype=pl.Int64).alias(trial),
            pl.col(name).cast(pl.Float64).alias(value),
        )
        for name, (who, number) in cells.items()
    ]
    tally.add("gauge_form", rows=len(cells), example=", ".join(list(cells)[:2]))
    return pl.concat(parts).drop_nulls(value)


def _cell(name: str) -> tuple[str, int] | None:
    """Operator and trial of a column called "측정자A 1회"."""
    operator, _, trial = name.rpartition(" ")
    found = _TRIAL.match(trial)
    return (operator.strip(), int(found[1])) if found and _OPERATOR.match(operator) else None
