"""The data rules' findings: severity, subject, evidence, span and words."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
from tests.diagnose.tables import evidence, minutes, table_data
from tests.diagnose.test_clean import ROLES, quiet, units

from jasang.diagnose.evidence_base import TableData
from jasang.diagnose.finding import Finding, Severity
from jasang.diagnose.rules import (
    dead_channel,
    duplicate_rows,
    impossible_time,
    missing_data,
    sentinel_value,
    stuck_sensor,
    unit_flip,
)
from jasang.plant.factory import Kind, Role


def found(rule: object, *tables: TableData) -> list[Finding]:
    return list(rule.RULE.check(evidence(*tables)))  # type: ignore[attr-defined]


def value(finding: Finding, name: str) -> float:
    return next(one.value for one in finding.evidence if one.name == name)


def test_stuck_to_the_end_is_to_be_acted_on() -> None:
    columns = quiet()
    columns["barrel_temp"][1500:] = 230.7

    (finding,) = found(stuck_sensor, units(columns))

    assert (finding.severity, finding.subject.column, finding.until) == (Severity.ACT, "barrel_temp", None)
    assert finding.since == datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
    assert (value(finding, "rows"), value(finding, "value")) == (500, 230.7)
    assert finding.charts[0].marks[0].look == "bad"


def test_stuck_for_a_while_without_a_time_is_to_be_watched() -> None:
    columns = quiet()
    columns["barrel_temp"][500:800] = 230.7

    (finding,) = found(stuck_sensor, table_data(pl.DataFrame(columns).drop("time"), ROLES))

    assert finding.severity is Severity.WATCH


def test_stuck_for_a_while_is_to_be_watched() -> None:
    columns = quiet()
    columns["barrel_temp"][500:800] = 230.7

    (finding,) = found(stuck_sensor, units(columns))

    assert finding.severity is Severity.WATCH
    assert finding.until is not None


def test_settings_read_back_from_the_machine_can_stick_and_drop_out() -> None:
    columns = quiet()
    columns["barrel_temp"][500:800] = 230.7
    columns["injection_pressure"][::80] = 0.0
    columns["speed_set"] = np.repeat(
        np.array([40.0, 45.0, 42.0, 0.0, 43.0]), 400
    )  # chosen by the operator: says nothing
    settings = dict.fromkeys(("barrel_temp", "injection_pressure", "speed_set"), Role.SETTING)
    data = table_data(pl.DataFrame(columns), ROLES | settings, time="time")

    assert [finding.subject.column for finding in found(stuck_sensor, data)] == ["barrel_temp"]
    assert [finding.subject.column for finding in found(sentinel_value, data)] == ["injection_pressure"]


def test_unit_flip_tells_factor_and_span() -> None:
    columns = quiet()
    columns["injection_pressure"] = np.round(columns["injection_pressure"], 1)
    columns["injection_pressure"][600:900] = np.round(columns["injection_pressure"][600:900] * 14.5038, 1)

    (finding,) = found(unit_flip, units(columns, asset="INJ-01"))

    assert (finding.severity, finding.subject.asset) == (Severity.WATCH, "INJ-01")
    assert (finding.since, finding.until) == (
        datetime(2026, 3, 2, 18, 0, tzinfo=UTC),
        datetime(2026, 3, 2, 22, 59, tzinfo=UTC),
    )
    assert value(finding, "rows") == 300
    assert "14.504" in finding.text.en


def test_unit_flip_that_lasts_is_to_be_acted_on() -> None:
    columns = quiet()
    columns["injection_pressure"][1700:] *= 10

    (finding,) = found(unit_flip, units(columns))

    assert (finding.severity, finding.until) == (Severity.ACT, None)


def test_sentinel_tells_code_and_rows() -> None:
    columns = quiet()
    columns["weight"][np.arange(10, 2000, 100)] = 9999

    (finding,) = found(sentinel_value, units(columns))

    assert (finding.severity, finding.subject.column) == (Severity.WATCH, "weight")
    assert (value(finding, "value"), value(finding, "rows")) == (9999, 20)


def test_many_copies_are_to_be_acted_on_and_few_to_be_watched() -> None:
    frame = pl.DataFrame(quiet())
    many = table_data(pl.concat([frame, frame[:600]]), ROLES, time="time")
    few = table_data(pl.concat([frame, frame[:40]]), ROLES, time="time")

    assert [f.severity for data in (many, few) for f in found(duplicate_rows, data)] == [Severity.ACT, Severity.WATCH]


def test_column_that_goes_blank_is_to_be_acted_on() -> None:
    columns = quiet()
    columns["barrel_temp"][1400:] = np.nan

    (finding,) = found(missing_data, units(columns))

    assert (finding.severity, finding.subject.column, finding.until) == (Severity.ACT, "barrel_temp", None)
    assert finding.since == datetime(2026, 3, 3, 7, 20, tzinfo=UTC)
    assert value(finding, "rows") == 600


def test_columns_blank_together_are_one_finding() -> None:
    rng = np.random.default_rng(0)
    columns = {"time": minutes(2000)} | {f"signal_{place}": rng.normal(50, 1, 2000) for place in range(8)}
    for name in list(columns)[1:]:
        columns[name][300:700] = np.nan

    (finding,) = found(missing_data, table_data(pl.DataFrame(columns), ROLES, time="time"))

    assert finding.subject.column is None
    assert "8 columns" in finding.text.en


def test_lost_hours_of_a_signal_log_are_a_finding() -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"time": minutes(20_000), "temp": rng.normal(200, 1, 20_000)})
    kept = pl.concat([frame[:9000], frame[9400:]])

    (finding,) = found(missing_data, table_data(kept, ROLES, kind=Kind.SIGNALS, time="time"))

    assert (finding.severity, finding.subject.column) == (Severity.WATCH, "time")
    assert abs(value(finding, "rows") - 400) < 5


def test_dead_channels_of_one_family_are_each_named_quietly() -> None:
    columns = quiet()
    rng = np.random.default_rng(5)
    for place in range(1, 6):
        columns[f"mold_temp_{place}"] = np.zeros(2000) if place > 1 else np.round(rng.normal(60, 1, 2000), 1)

    findings = found(dead_channel, units(columns))

    assert [(f.subject.column, f.severity) for f in findings] == [
        (f"mold_temp_{place}", Severity.NOTE) for place in range(2, 6)
    ]


def test_setting_that_never_changed_and_alarm_that_never_rang_are_alive() -> None:
    columns = quiet() | {
        "cooling_time_set": np.full(2000, 18.0),
        "alarm_code": np.zeros(2000),
        "불량수량": np.zeros(2000),
    }

    assert found(dead_channel, units(columns)) == []


def test_single_dead_sensor_is_to_be_watched() -> None:
    (finding,) = found(dead_channel, units(quiet() | {"coolant_flow": np.zeros(2000)}))

    assert (finding.severity, finding.subject.column) == (Severity.WATCH, "coolant_flow")


def test_impossible_time_names_rows_and_neighbours() -> None:
    columns = quiet()
    columns["time"][700:720] = np.datetime64("2099-12-31", "us")

    (finding,) = found(impossible_time, units(columns))

    assert (finding.severity, finding.subject.column) == (Severity.WATCH, "time")
    assert (value(finding, "rows"), value(finding, "first_row")) == (20, 701)
    assert finding.since == datetime(2026, 3, 2, 19, 39, tzinfo=UTC)


def test_states_that_end_before_they_start_are_told() -> None:
    start = minutes(40, step=30)
    end = start + np.timedelta64(20, "m")
    end[7] -= np.timedelta64(1, "D")
    frame = pl.DataFrame({"start": start, "end": end, "state": ["running", "down"] * 20})

    data = table_data(
        frame, {"state": Role.STATE, "start": Role.START, "end": Role.END}, kind=Kind.STATES, start="start", end="end",
        state_column="state",
    )  # fmt: skip

    (finding,) = found(impossible_time, data)
    assert (finding.subject.column, value(finding, "rows")) == ("end", 1)
