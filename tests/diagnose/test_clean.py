"""`clean`, `usable_rows` and `faults`: what every other rule relies on."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.diagnose.tables import evidence, minutes, table_data

from jasang.diagnose.catalog import RULES
from jasang.diagnose.evidence_base import TableData
from jasang.plant.factory import Kind, Role

ROLES = {"time": Role.TIME, "machine": Role.ASSET, "product": Role.PRODUCT, "serial": Role.ID}
DATA_RULES = (
    "duplicate_rows",
    "impossible_time",
    "missing_data",
    "sentinel_value",
    "unit_flip",
    "stuck_sensor",
    "dead_channel",
)


def quiet(seed: int = 0, rows: int = 2000) -> dict[str, np.ndarray]:
    """A healthy machine: three sensors and a quality, a unit a minute."""
    rng = np.random.default_rng(seed)
    return {
        "time": minutes(rows),
        "serial": np.arange(rows),
        "barrel_temp": np.round(rng.normal(231, 1.1, rows), 1),
        "injection_pressure": np.round(rng.normal(95, 1.4, rows), 1),
        "cushion_position": np.round(rng.normal(7.2, 0.18, rows), 2),
        "weight": np.round(rng.normal(84.2, 0.22, rows), 2),
    }


def units(columns: dict[str, np.ndarray], **table: str) -> TableData:
    return table_data(pl.DataFrame(columns), {**ROLES, "weight": Role.QUALITY}, time="time", **table)


def test_healthy_column_stays_as_it_is() -> None:
    columns = quiet()

    data = units(columns)

    assert np.array_equal(data.clean("barrel_temp"), columns["barrel_temp"])
    assert data.usable_rows().all()
    assert data.all_faults() == ()


def test_sentinel_flip_and_stuck_rows_become_missing() -> None:
    columns = quiet()
    columns["barrel_temp"][[5, 60, 700, 701, 1500]] = 9999
    columns["injection_pressure"][300:420] *= 10
    columns["cushion_position"][1000:1200] = 7.31

    data = units(columns)

    assert np.flatnonzero(np.isnan(data.clean("barrel_temp"))).tolist() == [5, 60, 700, 701, 1500]
    assert np.flatnonzero(np.isnan(data.clean("injection_pressure"))).tolist() == list(range(300, 420))
    assert set(range(1000, 1200)) <= set(np.flatnonzero(np.isnan(data.clean("cushion_position"))).tolist())
    assert not np.isnan(data.clean("weight")).any()


def test_pasted_block_is_not_usable_and_missing_when_clean() -> None:
    frame = pl.DataFrame(quiet())
    data = table_data(pl.concat([frame, frame[200:300]]), ROLES, time="time")

    assert np.flatnonzero(~data.usable_rows()).tolist() == list(range(2000, 2100))
    assert np.flatnonzero(np.isnan(data.clean("weight"))).tolist() == list(range(2000, 2100))


def test_parts_of_one_shot_are_no_copies() -> None:
    """Four cavities share time and process values; only the serial differs."""
    columns = {name: np.repeat(values, 4) for name, values in quiet(rows=500).items()}
    columns["serial"] = np.arange(2000)

    assert units(columns).usable_rows().all()


def test_equal_readings_within_a_coarse_clock_are_no_copies() -> None:
    rng = np.random.default_rng(3)
    columns = {"time": np.repeat(minutes(40, step=1440), 50), "force": rng.integers(270, 280, 2000)}

    assert table_data(pl.DataFrame(columns), ROLES, time="time").usable_rows().all()


def test_zero_in_several_columns_at_once_is_a_machine_at_rest() -> None:
    columns = quiet()
    rest = np.flatnonzero(np.random.default_rng(1).random(2000) < 0.02)
    for name in ("barrel_temp", "injection_pressure"):
        columns[name][rest] = 0

    assert [fault.kind for fault in units(columns).all_faults()] == []


def test_zero_in_one_column_is_a_drop_out() -> None:
    columns = quiet()
    columns["injection_pressure"][np.random.default_rng(1).choice(2000, 30, replace=False)] = 0

    assert [(fault.kind, fault.column) for fault in units(columns).all_faults()] == [("sentinel", "injection_pressure")]


def test_fault_of_one_machine_names_it() -> None:
    one, two = quiet(1), quiet(2)
    two["cushion_position"][:] = 0.0
    frame = pl.concat(
        [pl.DataFrame(one).with_columns(machine=pl.lit("M1")), pl.DataFrame(two).with_columns(machine=pl.lit("M2"))]
    )

    data = table_data(frame, ROLES, time="time", asset_column="machine")

    assert [(fault.kind, fault.column, fault.asset) for fault in data.all_faults()] == [
        ("dead", "cushion_position", "M2")
    ]


def test_signals_of_a_long_table_are_judged_apart() -> None:
    columns = quiet(4)
    columns["barrel_temp"][500:900] = 231.4
    columns["injection_pressure"][[3, 77, 600, 601, 1900]] = -999
    names = ("barrel_temp", "injection_pressure", "weight")
    frame = pl.concat(
        [
            pl.DataFrame({"time": columns["time"], "tag": [name] * 2000, "value": columns[name].astype(float)})
            for name in names
        ]
    ).sort("time", maintain_order=True)

    data = table_data(
        frame, {"time": Role.TIME, "tag": Role.SIGNAL, "value": Role.VALUE}, kind=Kind.SIGNALS, time="time",
        signal_column="tag", value_column="value",
    )  # fmt: skip

    assert {(fault.kind, fault.name) for fault in data.all_faults()} == {
        ("stuck", "barrel_temp"),
        ("sentinel", "injection_pressure"),
    }
    missing = np.isnan(data.clean("value"))
    tags = frame["tag"].to_numpy()
    assert [int(missing[tags == name].sum()) for name in names] == [400, 5, 0]


def test_product_that_is_never_measured_is_not_missing_data() -> None:
    columns = quiet()
    product = np.where(np.arange(2000) // 250 % 2 == 0, "A", "B")
    columns["weight"][product == "B"] = np.nan
    frame = pl.DataFrame(columns).with_columns(product=pl.Series(product))

    assert table_data(frame, ROLES, time="time", product_column="product").faults("weight") == ()


def test_impossible_time_is_missing_and_the_row_stays() -> None:
    columns = quiet()
    columns["time"][700:720] = np.datetime64("1970-01-01", "us")

    data = units(columns)

    assert data.impossible.tolist() == list(range(700, 720))
    assert data.time is not None
    assert np.isnat(data.time[700:720]).all()
    assert data.time_order().tolist() == list(range(2000))


def test_equal_rows_of_unknown_time_are_no_copies() -> None:
    columns = {"time": minutes(2000), "force": np.random.default_rng(0).integers(270, 280, 2000)}
    columns["time"][::25] = np.datetime64("1970-01-01", "us")

    data = table_data(pl.DataFrame(columns), ROLES, time="time")

    assert data.impossible.size == 80
    assert data.usable_rows().all()


COLUMN = st.one_of(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=25, max_size=25),
    st.lists(st.one_of(st.none(), st.integers(-5, 5)), min_size=25, max_size=25),
    st.lists(st.one_of(st.none(), st.text(max_size=4)), min_size=25, max_size=25),
    st.lists(st.booleans(), min_size=25, max_size=25),
    st.just([None] * 25),
)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(COLUMN, min_size=1, max_size=4), st.sampled_from(list(Role)), st.booleans(), st.sampled_from(list(Kind))
)
def test_odd_tables_never_raise(columns: list[list[object]], role: Role, timed: bool, kind: Kind) -> None:
    frame = pl.DataFrame({f"c{place}": pl.Series(values, strict=False) for place, values in enumerate(columns)})
    roles = {"c0": role, "time": Role.TIME}
    extra: dict[str, str] = {}
    if timed:
        frame = frame.with_columns(time=pl.Series([None, *minutes(24).tolist()]))
        extra["time"] = "time"
    if role is Role.STATE:
        extra["state_column"] = "c0"
    if role is Role.ASSET:
        extra["asset_column"] = "c0"

    base = evidence(table_data(frame, roles, kind=kind, **extra))

    for rule in RULES:
        if rule.name in (*DATA_RULES, "downtime"):
            list(rule.check(base))


@pytest.mark.parametrize("rows", [0, 1, 2, 19])
def test_tiny_tables_have_no_findings(rows: int) -> None:
    base = evidence(units({name: values[:rows] for name, values in quiet().items()}))

    assert [finding for rule in RULES if rule.name in DATA_RULES for finding in rule.check(base)] == []
