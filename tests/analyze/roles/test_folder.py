"""Whole folders: what factory.toml states, and tables that help each other."""

from datetime import UTC, datetime, timedelta

import polars as pl
from tests.analyze.roles.shop_tables import TABLES

from jasang.analyze.roles import Sample, infer_factory, infer_table
from jasang.plant.factory import Column, Factory, Kind, Role, Table

START = datetime(2026, 3, 2, tzinfo=UTC)


def _times(step: float, rows: int) -> pl.Series:
    return pl.Series([START + timedelta(seconds=step * i) for i in range(rows)], dtype=pl.Datetime("us", "UTC"))


def test_machine_of_one_table_is_found_in_another_by_its_values() -> None:
    units = TABLES[1].frame().with_columns(pl.col("machine").replace({"INJ-01": "가나", "INJ-02": "다라"}))
    readings = pl.DataFrame(
        {"t": _times(60, 400), "c2": ["가나", "다라"] * 200, "V1": [20.0 + i % 7 for i in range(400)]}
    )

    guess = infer_factory(
        [
            Sample(file="units.csv", frame=units, rows=units.height),
            Sample(file="signals.csv", frame=readings, rows=readings.height),
        ]
    )

    assert [table.asset_column for table in guess.factory.tables] == ["machine", "c2"]


def test_stated_column_outranks_name_and_values() -> None:
    frame = TABLES[1].frame()
    stated = {"weight": Column(name="weight", role=Role.SENSOR, unit="g", lower=47.0, upper=49.0)}

    guess = infer_table("units.csv", frame, frame.height, stated)

    weight = next(one for one in guess.guesses if one.column == "weight")
    assert (guess.table.column("weight"), weight.confidence) == (stated["weight"], 1.0)


def test_stated_table_outranks_the_guess() -> None:
    frame = TABLES[1].frame()
    said = Table(file="units.csv", kind=Kind.SIGNALS, columns=(), time="time", asset="INJ-09", time_order="any")
    factory = Factory(name="대한정밀", tables=(said,))

    table = infer_factory([Sample(file="units.csv", frame=frame, rows=frame.height)], factory).factory.tables[0]

    assert (table.kind, table.asset, table.time_order) == (Kind.SIGNALS, "INJ-09", "any")


def test_stated_bad_values_are_the_tables() -> None:
    frame = pl.DataFrame({"t": _times(60, 200), "v": [1.5 * (i % 9) for i in range(200)], "f": ["a", "b"] * 100})
    stated = {"f": Column(name="f", role=Role.DEFECT, bad_values=("b",))}

    assert infer_table("u.csv", frame, 200, stated).table.bad_values == ("b",)


def test_empty_columns_and_few_rows_do_not_stop_the_guess() -> None:
    frame = pl.DataFrame({"a": [None, None], "b": [1, 2], "c": ["x", "y"]})

    guess = infer_table("tiny.csv", frame, 2)

    assert guess.guesses[0].role is Role.IGNORE
