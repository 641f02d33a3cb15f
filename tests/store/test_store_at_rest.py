"""The settled table as other programs see it, and what a point takes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from benchmarks.store_mix import START, made

from jasang.store import open_store
from jasang.store.parquet_rows import decimals, exact_at

BEGIN = datetime.fromtimestamp(START / 1e6, UTC)


def test_other_programs_read_the_numbers_by_the_documented_formula(tmp_path: Path) -> None:
    values = [21.37, -0.0, 0.1 + 0.2, 1e300, 5.0, -273.15, 0.000001, float("inf")]
    stamps = pa.array([BEGIN + timedelta(seconds=n) for n in range(len(values))], pa.timestamp("us", tz="UTC"))
    store = open_store(tmp_path / "s")
    store.append_table(pa.table({"signal": ["a"] * len(values), "source_time": stamps, "number": values}))
    store.settle(BEGIN + timedelta(days=1))
    store.close()
    table = tmp_path / "s" / "readings"

    scan = pl.scan_delta(str(table)).sort("source_time")
    by_polars = scan.select(pl.coalesce("number", pl.col("scaled") / 10.0 ** pl.col("scale"))).collect().to_series()
    query = (
        f"SELECT coalesce(number, scaled / 10.0 ** scale) FROM read_parquet('{table}/*.parquet') ORDER BY source_time"
    )
    by_duckdb = [row[0] for row in duckdb.sql(query).fetchall()]

    assert [repr(value) for value in by_polars.to_list()] == [repr(value) for value in values]
    assert [repr(value) for value in by_duckdb] == [repr(value) for value in values]


def test_a_point_of_the_mix_takes_less_than_a_byte_and_a_half(tmp_path: Path) -> None:
    store = open_store(tmp_path / "s")
    points = 0
    for signal, times, values in made(signals=20, days=10, period=20.0):
        stamps = pa.array(times).cast(pa.timestamp("us", tz="UTC"))
        received = pa.array((times // 200_000_000 + 1) * 200_000_000 + 345_678).cast(pa.timestamp("us", tz="UTC"))
        columns = {"signal": [signal] * len(times), "source_time": stamps, "receive_time": received, "number": values}
        points += store.append_table(pa.table(columns))
    store.settle(BEGIN + timedelta(days=11))
    store.compact()  # type: ignore[attr-defined]
    store.close()

    size = sum(path.stat().st_size for path in (tmp_path / "s" / "readings").rglob("*") if path.is_file())
    assert points == 864_000
    assert size / points <= 1.5


@pytest.mark.parametrize("scale", range(10))
def test_numbers_of_few_decimals_are_scaled_without_losing_a_bit(scale: int) -> None:
    whole = np.random.default_rng(scale).integers(-(10**6), 10**6, 5000)
    numbers = np.array([float(f"{value}e-{scale}") for value in whole])  # as a machine's text would be read

    found, exact = decimals(numbers)

    assert found <= scale
    assert exact.all()
    assert np.array_equal(np.rint(numbers * 10.0**found) / 10.0**found, numbers)


def test_numbers_that_are_no_decimals_stay_doubles() -> None:
    numbers = np.random.default_rng(0).normal(size=1000)

    assert not decimals(numbers)[1].any()
    assert exact_at(np.array([0.0, -0.0, 2.0**53, np.nan, np.inf]), 0).tolist() == [True, False, False, False, False]
