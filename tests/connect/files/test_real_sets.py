"""Every set of real data opens with no option, with the rows and columns that its description states."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from jasang.connect.protocols.files import OpenedFolder, open_path

RealData = Callable[[str], Path]

SETS = [
    "ai4i2020", "cnc_mill_tool_wear", "codes", "flotation_plant", "garment_productivity", "gas_turbine", "hydraulic_condition",
    "init_component_degradation", "kamp_aas_opcua", "kamp_diecasting", "kamp_extrusion", "kamp_hot_air_drying",
    "kamp_injection_cn7", "kamp_melting_tank", "kamp_press", "kamp_supply_chain", "krx_companies", "nab_machine_temperature",
    "production_event_log", "secom_part", "skab", "sme_machine_states", "spc_textbook", "doe_textbook", "steel_industry_energy",
    "steel_plates_faults", "tep", "jobshop",
]  # fmt: skip
_STATED = re.compile(r"^\| `([^`]+)` \| ([\d,]+) × ([\d,]+) \|", re.MULTILINE)
_DATA_LINES = re.compile(r"^\| `([^`]+)` \| ([\d,]+) data lines", re.MULTILINE)
# The descriptions count what follows line 25; in these files headers, rules and blank lines stand there too.
_WITHOUT_HEADERS = {
    "nist/MPC61.DAT": 300,
    "nist/CHECK_STD.DAT": 30,
    "nist/QUINLAN.DAT": 16,
}


@pytest.mark.parametrize("name", SETS)
def test_set_has_stated_rows_and_columns(name: str, real_data: RealData) -> None:
    folder = real_data(name)
    readme = (folder / "README.md").read_text(encoding="utf-8")
    number = lambda text: int(text.replace(",", ""))  # noqa: E731
    stated = {file: (number(rows), number(columns)) for file, rows, columns in _STATED.findall(readme)}
    if name == "tep":
        stated["d00.dat.gz"] = (52, 500)  # described as it is meant, stored transposed
    lines = {file: _WITHOUT_HEADERS.get(file, number(rows)) for file, rows in _DATA_LINES.findall(readme)}

    with open_path(folder) as opened:
        shapes = {table.file: (table.rows, len(table.columns)) for table in opened.files}
        tried = {s.file for s in opened.skipped}

    assert {file: shapes[file] for file in stated} == stated
    assert {file: shapes[file][0] for file in lines} == lines
    on_disk = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert set(shapes) | tried == on_disk  # nothing is passed over in silence


def _only(opened: OpenedFolder, end: str = "") -> pl.DataFrame:
    (table,) = [t for t in opened.files if t.file.endswith(end)]
    return table.read(table.columns)


def test_press_keeps_impossible_dates_in_row_order(real_data: RealData) -> None:
    with open_path(real_data("kamp_press")) as opened:
        days = _only(opened)["working_time"].dt.convert_time_zone("Asia/Seoul")

    assert days.null_count() == 0
    assert int((days.dt.strftime("%Y-%m") != "2020-05").sum()) == 1_634
    assert days[0].strftime("%Y-%m-%d %H:%M") == "2020-05-04 00:00"


def test_steel_plant_is_day_first(real_data: RealData) -> None:
    with open_path(real_data("steel_industry_energy")) as opened:
        (table,) = opened.files
        local = table.read(["date"])["date"].dt.convert_time_zone("Asia/Seoul")

    assert (local.min(), local.max()) == (local[95], local[-2])  # 00:00 of 1 January stands at that day's end
    assert [r.text.en for r in table.repairs] == ["column 'date': read the dates as day/month/year"]


def test_flotation_plant_moves_by_one_day_and_has_decimal_commas(real_data: RealData) -> None:
    with open_path(real_data("flotation_plant")) as opened:
        frame = _only(opened)

    local = frame["date"].dt.convert_time_zone("Asia/Seoul")
    assert (str(local[0])[:16], str(local[-1])[:16]) == ("2017-03-10 01:00", "2017-03-11 04:00")
    assert frame["% Iron Feed"][0] == 55.2
    assert {dtype for name, dtype in frame.schema.items() if name != "date"} == {pl.Float64}


def test_hot_air_dryer_reads_korean_clock(real_data: RealData) -> None:
    with open_path(real_data("kamp_hot_air_drying")) as opened:
        frame = _only(opened, "sensor.csv.gz")

    assert frame["Time"].dtype == pl.Time
    assert str(frame["Time"][0]) == "16:24:03"
    assert frame["Time"].null_count() == 0


def test_extrusion_reads_dates_with_blanks(real_data: RealData) -> None:
    with open_path(real_data("kamp_extrusion")) as opened:
        time = _only(opened)["date"]

    assert str(time.dt.convert_time_zone("Asia/Seoul")[0])[:19] == "2020-10-30 00:00:04"
    assert np.all(np.diff(time.to_numpy()) > np.timedelta64(0))


def test_injection_keeps_text_and_finds_times(real_data: RealData) -> None:
    with open_path(real_data("kamp_injection_cn7")) as opened:
        frame = _only(opened)

    assert frame["TimeStamp"].dtype == pl.Datetime("us", "UTC")
    assert frame["PassOrFail"].unique().sort().to_list() == ["N", "Y"]
    assert frame["Reason"].drop_nulls().unique().sort().to_list() == ["가스", "미성형", "초기허용불량"]


def test_machine_states_with_zone_keep_their_moment(real_data: RealData) -> None:
    with open_path(real_data("sme_machine_states")) as opened:
        time = _only(opened)["ts"]

    assert time[0] == datetime(2022, 8, 31, 22, 0, tzinfo=UTC)


def test_codes_with_leading_zeros_stay_text(real_data: RealData) -> None:
    with open_path(real_data("krx_companies")) as opened:
        assert _only(opened)["Code"][0] == "060310"
