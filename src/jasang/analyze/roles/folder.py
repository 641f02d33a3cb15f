"""A factory's folder guessed as a whole: tables that share columns help each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from jasang.analyze.roles.guess import TableGuess
from jasang.analyze.roles.table import infer_table
from jasang.plant.factory import Column, Factory, Role, Table
from jasang.plant.text import Text

SHARED = (Role.ASSET, Role.PRODUCT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Some rows of a table in file order, and how many it has in all."""

    file: str
    frame: pl.DataFrame
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FactoryGuess:
    """The factory with all its tables, and the guess behind each table, in the order of the files."""

    factory: Factory
    tables: tuple[TableGuess, ...]


def infer_factory(tables: Sequence[Sample], stated: Factory | None = None, name: str = "factory") -> FactoryGuess:
    """Guess every table of a folder.

    What factory.toml states outranks every guess. A column that one table shows to be the machine or the product is that
    in the other tables too, where it has the same name or where its values are the same.
    """
    said = {table.file: table for table in stated.tables} if stated else {}
    columns: Mapping[str, Column] = stated.stated_columns if stated else {}
    guesses = [_one(sample, columns, said.get(sample.file)) for sample in tables]
    for place, sample in enumerate(tables):
        helped = _helped(place, tables, guesses, columns)
        if helped:
            guesses[place] = _one(sample, {**columns, **helped}, said.get(sample.file), told=frozenset(helped))
    factory = replace(stated or Factory(name=name), tables=tuple(guess.table for guess in guesses))
    return FactoryGuess(factory=factory, tables=tuple(guesses))


def _one(
    sample: Sample, columns: Mapping[str, Column], stated_table: Table | None, told: frozenset[str] = frozenset()
) -> TableGuess:
    mine = {column: what for column, what in columns.items() if column in sample.frame.columns}
    guess = infer_table(sample.file, sample.frame, sample.rows, mine, stated_table)
    if not told:
        return guess
    from_others = Text(ko="다른 표의 같은 열에서 알아냄", en="told by the same column of another table")
    return replace(
        guess,
        guesses=tuple(
            replace(one, confidence=0.9, reason=from_others) if one.column in told else one for one in guess.guesses
        ),
    )


def _helped(
    place: int, tables: Sequence[Sample], guesses: Sequence[TableGuess], columns: Mapping[str, Column]
) -> dict[str, Column]:
    """Machine and product columns of one table that other tables are surer about."""
    mine = guesses[place]
    have = {column.role for column in mine.table.columns}
    helped: dict[str, Column] = {}
    for role in SHARED:
        if role in have:
            continue
        for other, guess in enumerate(guesses):
            source = guess.table.asset_column if role is Role.ASSET else guess.table.product_column
            if other == place or source is None:
                continue
            column = _same_column(tables[place].frame, tables[other].frame[source])
            if column is not None and column not in columns and column not in helped:
                helped[column] = Column(name=column, role=role)
                break
    return helped


def _same_column(frame: pl.DataFrame, known: pl.Series) -> str | None:
    """The text column of `frame` with the same name or the same values as `known`."""
    levels = set(known.drop_nulls().cast(pl.String).unique().to_list())
    if known.name in frame.columns and frame[known.name].dtype == known.dtype:
        return known.name
    for series in frame.get_columns():
        if series.dtype != pl.String or known.dtype != pl.String:
            continue
        mine = set(series.drop_nulls().unique().to_list())
        if mine and len(mine) <= 400 and len(mine & levels) >= 0.8 * len(mine) and len(mine) >= min(2, len(levels)):
            return series.name
    return None
