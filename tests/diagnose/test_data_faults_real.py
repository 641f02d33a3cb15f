"""What the data rules say of the real sets; every number is checked against the file in docs/findings-on-real-data.md."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from tests.diagnose.tables import evidence, table_data

from jasang.diagnose.evidence_base import TableData
from jasang.diagnose.finding import Severity
from jasang.diagnose.rules import dead_channel, downtime, duplicate_rows, impossible_time, sentinel_value, unit_flip
from jasang.plant.factory import Kind, Role

RealData = Callable[[str], Path]


def read(real_data: RealData, name: str, file: str) -> pl.DataFrame:
    return pl.read_csv(real_data(name) / file)


@pytest.fixture(scope="module")
def cn7(real_data: RealData) -> TableData:
    frame = read(real_data, "kamp_injection_cn7", "kamp_injection_labeled_cn7.csv.gz")
    roles = {
        "_id": Role.ID, "TimeStamp": Role.TIME, "PART_FACT_PLAN_DATE": Role.CONTEXT, "PART_FACT_SERIAL": Role.CONTEXT,
        "PART_NAME": Role.PRODUCT, "EQUIP_CD": Role.ASSET, "EQUIP_NAME": Role.IGNORE, "PassOrFail": Role.DEFECT,
        "Reason": Role.REASON,
    }  # fmt: skip
    return table_data(
        frame.with_columns(pl.col("TimeStamp").str.to_datetime(time_unit="us")), roles, time="TimeStamp",
        asset_column="EQUIP_CD", product_column="PART_NAME", bad_values=("n",),
    )  # fmt: skip


def test_cn7_copies(cn7: TableData) -> None:
    (finding,) = duplicate_rows.RULE.check(evidence(cn7))

    assert (finding.severity, finding.evidence[0].value) == (Severity.ACT, 2764)
    assert int(cn7.usable_rows().sum()) == 3976


def test_cn7_dead_mould_temperatures(cn7: TableData) -> None:
    dead = {finding.subject.column for finding in dead_channel.RULE.check(evidence(cn7))}

    assert dead == {
        *(f"Mold_Temperature_{place}" for place in (1, 2, 5, 6, 7, 8, 9, 10, 11, 12)), "Barrel_Temperature_7",
        "Switch_Over_Position",
    }  # fmt: skip


def test_cn7_unit_flips(cn7: TableData) -> None:
    flips = {finding.subject.column: finding for finding in unit_flip.RULE.check(evidence(cn7))}

    assert set(flips) == {"Clamp_Open_Position", "Average_Screw_RPM"}
    clamp = {one.name: one.value for one in flips["Clamp_Open_Position"].evidence}
    assert (clamp["rows"], round(clamp["usual"]), round(clamp["value"])) == (38, 648, 70)
    assert flips["Clamp_Open_Position"].since.isoformat() == "2020-10-29T04:35:07+00:00"
    assert flips["Clamp_Open_Position"].until.isoformat() == "2020-11-03T00:59:02+00:00"


def test_diecasting_sentinel(real_data: RealData) -> None:
    frame = read(real_data, "kamp_diecasting", "kamp_diecasting_molds_8412_8573_8722.csv.gz")
    data = table_data(
        frame.with_columns(pl.col("registration_time").str.to_datetime(time_unit="us")),
        {"registration_time": Role.TIME, "mold_code": Role.PRODUCT, "count": Role.COUNT, "heating_furnace": Role.CONTEXT,
         "passorfail": Role.DEFECT}, time="registration_time", product_column="mold_code", bad_values=("1",),
    )  # fmt: skip

    codes = {
        (f.subject.column, f.evidence[0].value): f.evidence[1].value for f in sentinel_value.RULE.check(evidence(data))
    }

    assert codes["upper_mold_temp3", 1449.0] == 41_503
    assert codes["lower_mold_temp3", 1449.0] == 48_410
    assert data.copies().rows.size == 0


def test_press_impossible_dates_are_kept_in_row_order(real_data: RealData) -> None:
    frame = read(real_data, "kamp_press", "kamp_press_01.csv.gz")
    data = table_data(
        frame.with_columns(pl.col("working_time").str.to_datetime("%m/%d/%y %H:%M", time_unit="us")),
        {"id": Role.ID, "working_time": Role.TIME, "machine_name": Role.ASSET, "item_no": Role.PRODUCT},
        time="working_time", asset_column="machine_name", product_column="item_no",
    )  # fmt: skip

    (finding,) = impossible_time.RULE.check(evidence(data))

    assert (finding.severity, finding.evidence[0].value) == (Severity.WATCH, 1634)
    assert data.time_order().tolist() == list(range(64_359))


def test_sme_stops_are_ranked(real_data: RealData) -> None:
    frame = read(real_data, "sme_machine_states", "company_A_part1.csv.gz")
    data = table_data(
        frame.with_columns(pl.col("ts").str.to_datetime(time_unit="us", time_zone="UTC").dt.replace_time_zone(None)),
        {"ts": Role.TIME, "asset": Role.ASSET, "product": Role.PRODUCT, "items": Role.COUNT, "status": Role.STATE,
         "status_time": Role.SENSOR, "power_avg": Role.ENERGY, "alarm": Role.SENSOR},
        kind=Kind.STATES, time="ts", asset_column="asset", product_column="product", state_column="status",
    )  # fmt: skip

    ranking = list(downtime.RULE.check(evidence(data)))[-1]

    assert ranking.charts[0].x == ("1 · status 1", "2 · status 1", "0 · status 1", "2 · status 3", "1 · status 3")
    # A row is written every five minutes and at every change of state, so 1,765 rows last less than 1,765 × 5 min = 147 h.
    assert ranking.evidence[3].value == pytest.approx(143.3, abs=0.05)
