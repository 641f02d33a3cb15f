"""out_of_control on tables made by hand and on a real line: what it tells, how loud, and what keeps it quiet."""

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
import polars as pl
from scipy.signal import lfilter
from tests.diagnose.tables import evidence, minutes, table_data

from jasang.diagnose.finding import Finding
from jasang.diagnose.rules import out_of_control
from jasang.plant.factory import Kind, Role

N = 6000
STEP = 10.0  # minutes


def told(columns: Mapping[str, object], roles: Mapping[str, Role] | None = None) -> list[Finding]:
    frame = pl.DataFrame({"time": minutes(N, step=STEP), **columns})
    data = table_data(frame, {"time": Role.TIME, **(roles or {})}, kind=Kind.SIGNALS, time="time")
    return list(out_of_control.RULE.check(evidence(data)))


def signal(seed: int, phi: float = 0.5) -> np.ndarray:
    return np.asarray(lfilter([np.sqrt(1 - phi**2)], [1, -phi], np.random.default_rng(seed).standard_normal(N)))


def test_an_excursion_is_told_with_its_span_and_peak() -> None:
    temperature = 80 + signal(1)
    temperature[3000:3040] -= 15

    found = told({"temperature": temperature, "flow": signal(2)})

    assert [(f.rule, f.severity.value, f.subject.column) for f in found] == [("out_of_control", "watch", "temperature")]
    onset = datetime(2026, 3, 2, 8, tzinfo=UTC).timestamp() + 3000 * STEP * 60
    assert found[0].since is not None
    assert found[0].until is not None
    assert abs(found[0].since.timestamp() - onset) <= 3 * STEP * 60
    assert abs(found[0].until.timestamp() - onset - 39 * STEP * 60) <= 3 * STEP * 60
    evidence_of = {item.name: item.value for item in found[0].evidence}
    assert evidence_of["peak"] == temperature[3000:3040].min()
    assert evidence_of["further"] == 0
    assert found[0].charts[0].marks[-1].look == "bad"
    assert "떨어졌습니다" in found[0].text.ko
    assert "temperature fell to" in found[0].text.en


def test_still_out_beyond_doubt_calls_for_action() -> None:
    temperature = 80 + signal(3)
    temperature[-40:] += 25

    found = told({"temperature": temperature, "flow": signal(4)})

    assert [(f.severity.value, f.subject.column, f.until) for f in found] == [("act", "temperature", None)]


def test_signals_that_stop_together_are_one_finding() -> None:
    columns = {f"signal_{place}": 50 + signal(10 + place) for place in range(5)}
    for values in columns.values():
        values[2500:2560] -= 20
    columns["signal_3"][2500:2560] -= 10

    found = told(columns)

    assert [f.subject.column for f in found] == ["signal_3"]
    assert {item.name: item.value for item in found[0].evidence}["signals"] == 5
    assert "signal_0" in found[0].text.en


def test_a_setting_changed_for_that_while_explains_it() -> None:
    temperature, setpoint = 80 + signal(5), np.full(N, 80.0)
    temperature[3000:3040] -= 15
    setpoint[3000:3040] = 65

    assert told({"temperature": temperature, "setpoint": setpoint}, {"setpoint": Role.SETTING}) == []


def test_starting_up_after_a_gap_is_ordinary() -> None:
    temperature = 80 + signal(6)
    temperature[3000:3040] -= 15
    time = minutes(N, step=STEP)
    time[3000:] += np.timedelta64(10, "h")
    frame = pl.DataFrame({"time": time, "temperature": temperature})
    data = table_data(frame, {"time": Role.TIME}, kind=Kind.SIGNALS, time="time")

    assert list(out_of_control.RULE.check(evidence(data))) == []


def test_a_healthy_table_is_quiet() -> None:
    columns = {f"signal_{place}": 50 + signal(30 + place, phi=0.1 * (place % 10)) for place in range(20)}

    assert told(columns) == []
