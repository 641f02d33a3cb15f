"""mean_shift, drift, off_centre and excess_spread on tables made by hand: what they find, how loud, and what keeps them quiet."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from scipy.signal import lfilter
from tests.diagnose.tables import evidence, minutes, table_data

from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.finding import Finding
from jasang.diagnose.rules import drift, excess_spread, mean_shift, off_centre
from jasang.plant.factory import Column, Costs, Kind, Role

N = 6000
STEP = 10.0  # minutes between rows: six weeks of units


def process_findings(base: EvidenceBase) -> list[Finding]:
    return [finding for one in (mean_shift, drift, off_centre, excess_spread) for finding in one.RULE.check(base)]


def loud(base: EvidenceBase) -> list[Finding]:
    return [finding for finding in process_findings(base) if finding.severity == "act"]


def factory(columns: Mapping[str, object], roles: Mapping[str, Role] | None = None, **table: str) -> EvidenceBase:
    frame = pl.DataFrame({"time": minutes(N, step=STEP), **columns})
    return evidence(table_data(frame, {"time": Role.TIME, **(roles or {})}, time="time", **table))


def autoregressive(generator: np.random.Generator, phi: float, n: int = N) -> np.ndarray:
    return np.asarray(lfilter([np.sqrt(1 - phi**2)], [1, -phi], generator.standard_normal(n + 500))[500:])


def test_shift_is_found_with_onset_size_and_interval() -> None:
    generator = np.random.default_rng(1)
    pressure = 50 + autoregressive(generator, 0.5) + 2.0 * (np.arange(N) >= 4500)

    found = loud(factory({"pressure": pressure, "flow": generator.standard_normal(N)}))

    assert [(f.rule, f.subject.column, f.subject.asset) for f in found] == [("mean_shift", "pressure", None)]
    onset = datetime(2026, 3, 2, 8, tzinfo=UTC).timestamp() + 4500 * STEP * 60
    assert found[0].since is not None
    assert abs(found[0].since.timestamp() - onset) < 30 * STEP * 60  # thirty rows
    shift = next(item for item in found[0].evidence if item.name == "shift")
    assert shift.low is not None
    assert shift.high is not None
    assert shift.low < 2.0 < shift.high
    assert found[0].text.ko == (
        "2026-04-02 23:00부터 pressure 평균이 50.0에서 52.0으로 바뀌었고 그대로입니다(평소 산포의 2.0배)."
    )


def test_shift_of_one_machine_names_it() -> None:
    generator = np.random.default_rng(2)
    machine = np.array(["A", "B", "C"])[np.arange(N) % 3]
    values = 10 + generator.standard_normal(N) + 1.5 * ((np.arange(N) >= 5000) & (machine == "B"))

    found = loud(factory({"machine": machine, "weight": values}, {"machine": Role.ASSET}, asset_column="machine"))

    assert [(f.rule, f.subject.column, f.subject.asset) for f in found] == [("mean_shift", "weight", "B")]


def test_many_columns_of_one_restart_are_told_aloud_once() -> None:
    generator = np.random.default_rng(11)
    later = np.arange(N) >= 4000
    columns = {f"zone_{k}": 200 + generator.standard_normal(N) + (2.0 + 0.2 * k) * (-1) ** k * later for k in range(6)}

    found = [one for one in process_findings(factory(columns)) if one.rule == "mean_shift"]

    assert {one.subject.column for one in found} == set(columns)
    assert sorted(one.severity for one in found) == ["act", *["note"] * 5]
    first = next(one for one in found if one.severity == "act")
    assert "5 more columns changed at the same moment" in first.text.en
    assert "다른 값 5개도 함께 바뀌었습니다" in first.text.ko


def test_change_in_the_first_rows_has_no_level_before() -> None:
    generator = np.random.default_rng(12)
    start = 40 * (np.arange(N) < 30)  # half a per cent of the record

    assert loud(factory({"force": 700 + generator.standard_normal(N) - start})) == []


def test_shift_of_all_machines_is_told_once() -> None:
    generator = np.random.default_rng(3)
    machine = np.array(["A", "B", "C"])[np.arange(N) % 3]
    values = 10 + generator.standard_normal(N) + 2.0 * (np.arange(N) >= 4000)

    found = loud(factory({"machine": machine, "weight": values}, {"machine": Role.ASSET}, asset_column="machine"))

    assert [(f.rule, f.subject.column, f.subject.asset) for f in found] == [("mean_shift", "weight", None)]


def test_drift_is_found_with_its_rate() -> None:
    generator = np.random.default_rng(4)
    values = 200 + generator.standard_normal(N) + 4 * np.clip((np.arange(N) - 4000) / 2000, 0, 1)

    found = loud(factory({"bearing": values}))

    assert [(f.rule, f.subject.column) for f in found] == [("drift", "bearing")]
    per_day = next(item for item in found[0].evidence if item.name == "per_day")
    truth = 4 / (2000 * STEP / 1440)
    assert per_day.value == pytest.approx(truth, rel=0.25)
    by_name = {one.name: one.value for one in found[0].evidence}
    assert by_name["level_after"] - by_name["level_before"] == pytest.approx(by_name["drift"], rel=0.05)  # end to end


def test_drift_since_before_the_record_is_found() -> None:
    generator = np.random.default_rng(14)
    values = 200 + generator.standard_normal(N) + 4 * np.arange(N) / N

    found = loud(factory({"bearing": values}))

    assert [(f.rule, f.severity.value, f.subject.column) for f in found] == [("drift", "act", "bearing")]


def test_change_of_product_mix_is_no_shift() -> None:
    generator = np.random.default_rng(5)
    product = np.where(generator.random(N) < np.where(np.arange(N) < 3000, 0.9, 0.2), "small", "large")
    weight = np.where(product == "small", 10.0, 30.0) + generator.standard_normal(N)

    assert (
        loud(factory({"product": product, "weight": weight}, {"product": Role.PRODUCT}, product_column="product")) == []
    )
    assert len(loud(factory({"product": product, "weight": weight}, {"product": Role.IGNORE}))) == 1  # the trap is real


def test_shift_with_a_setting_is_noted_and_says_so() -> None:
    generator = np.random.default_rng(6)
    setting = np.where(np.arange(N) < 3500, 230.0, 235.0)
    values = setting + generator.standard_normal(N)

    found = process_findings(factory({"barrel_set": setting, "barrel": values}, {"barrel_set": Role.SETTING}))

    assert [(f.rule, f.severity.value, f.subject.column, [c.column for c in f.causes]) for f in found] == [
        ("mean_shift", "note", "barrel", ["barrel_set"])
    ]


def test_shift_with_a_supplier_names_the_supplier() -> None:
    generator = np.random.default_rng(7)
    supplier = np.where(np.arange(N) < 3500, np.array(["S1", "S2"])[np.arange(N) % 2], "S3")
    values = generator.standard_normal(N) + 2.0 * (supplier == "S3")

    found = loud(factory({"supplier": supplier, "hardness": values}, {"supplier": Role.CONTEXT}))

    assert [(f.rule, [(c.column, c.level) for c in f.causes]) for f in found] == [("mean_shift", [("supplier", "S3")])]


def test_long_table_is_read_signal_by_signal() -> None:
    generator = np.random.default_rng(8)
    n = 3000
    names = np.array(["temp", "flow"])[np.arange(2 * n) % 2]
    values = generator.standard_normal(2 * n) + np.where((names == "temp") & (np.arange(2 * n) > 4400), 3.0, 0.0)
    frame = pl.DataFrame({"time": minutes(2 * n), "signal": names, "value": values})
    roles = {"time": Role.TIME, "signal": Role.SIGNAL, "value": Role.VALUE}
    data = table_data(frame, roles, kind=Kind.SIGNALS, time="time", signal_column="signal", value_column="value")

    assert [(f.rule, f.subject.column) for f in loud(evidence(data))] == [("mean_shift", "temp")]


def test_machine_switched_off_at_the_end_is_no_shift() -> None:
    generator = np.random.default_rng(9)
    on = np.arange(N) < 5200
    columns = {name: np.where(on, level, level * rest) + generator.standard_normal(N)
               for name, level, rest in [("temp", 200, 0.1), ("speed", 80, 0), ("load", 60, 0), ("flow", 40, 0.05)]}  # fmt: skip
    frame = pl.DataFrame({"time": minutes(N), **columns})

    data = table_data(frame, {"time": Role.TIME}, kind=Kind.SIGNALS, time="time")

    assert loud(evidence(data)) == []


def specified(values: np.ndarray, lower: float, upper: float) -> EvidenceBase:
    frame = pl.DataFrame({"time": minutes(values.size, step=STEP), "width": values})
    data = table_data(frame, {"time": Role.TIME, "width": Role.QUALITY}, time="time")
    columns = tuple(
        Column(name="width", role=Role.QUALITY, unit="mm", lower=lower, upper=upper) if c.name == "width" else c
        for c in data.table.columns
    )
    stated: TableData = TableData(table=replace(data.table, columns=columns), source=data.source, time=data.time)
    return evidence(stated, costs=Costs(defect=1000.0))


def test_mean_off_target_is_found_with_worth() -> None:
    values = 50.2 + 0.1 * np.random.default_rng(10).standard_normal(3000)

    found = loud(specified(values, 49.6, 50.4))

    assert [(f.rule, f.subject.column) for f in found] == [("off_centre", "width")]
    numbers = {item.name: item.value for item in found[0].evidence}
    assert numbers["cp"] == pytest.approx(1.33, abs=0.05)
    assert numbers["cpk"] == pytest.approx(0.67, abs=0.05)
    assert found[0].worth is not None
    # 2.28 % beyond the upper limit, 52,560 units a year at one in ten minutes, 1,000 a piece
    assert found[0].worth.amount == pytest.approx(0.0228 * 52_560 * 1000, rel=0.2)
    assert found[0].worth.low < found[0].worth.amount < found[0].worth.high


def test_spread_beyond_the_tolerance_is_found() -> None:
    values = 50 + 0.2 * np.random.default_rng(11).standard_normal(3000)

    assert [(f.rule, f.subject.column) for f in loud(specified(values, 49.6, 50.4))] == [("excess_spread", "width")]


def test_capable_centred_process_is_quiet() -> None:
    values = 50 + 0.09 * np.random.default_rng(12).standard_normal(3000)

    assert process_findings(specified(values, 49.6, 50.4)) == []


def test_spread_that_grew_is_found_without_specification() -> None:
    generator = np.random.default_rng(13)
    values = generator.standard_normal(N) * np.where(np.arange(N) < 4000, 1.0, 2.2)

    found = loud(factory({"position": values}))

    assert [(f.rule, f.subject.column) for f in found] == [("excess_spread", "position")]
    ratio = next(item for item in found[0].evidence if item.name == "spread_ratio")
    assert ratio.low is not None
    assert ratio.high is not None
    assert ratio.low < 2.2 < ratio.high


QUIET = {
    "white": lambda g, t: g.standard_normal(t.size),
    "autoregressive 0.95": lambda g, t: autoregressive(g, 0.95, t.size),
    "autoregressive 0.995": lambda g, t: autoregressive(g, 0.995, t.size),
    "1/f": lambda g, t: pink(g, t.size),
    "heavy tails": lambda g, t: g.standard_t(2.5, t.size),
    "rounded": lambda g, t: np.round(0.4 * autoregressive(g, 0.9, t.size)),
    "day and night": lambda g, t: 3 * np.sin(2 * np.pi * t / 144 + g.uniform(0, 6)) + autoregressive(g, 0.8, t.size),
    "weekend": lambda g, t: 2.0 * ((t // 144) % 7 >= 5) + g.standard_normal(t.size),
    "tool wear reset weekly": lambda g, t: 4 * ((t / 1008 + g.random()) % 1) + g.standard_normal(t.size),
    "tool wear reset twice": lambda g, t: 4 * ((t / 2400 + g.random()) % 1) + g.standard_normal(t.size),
    "warm-up after stops": lambda g, t: -5 * np.exp(-(t % 300) / 20) + g.standard_normal(t.size),
}


def pink(generator: np.random.Generator, n: int) -> np.ndarray:
    frequency = np.fft.rfftfreq(n)
    frequency[0] = frequency[1]
    spectrum = (generator.standard_normal(frequency.size) + 1j * generator.standard_normal(frequency.size)) / np.sqrt(
        frequency
    )
    return np.fft.irfft(spectrum, n)


@pytest.mark.parametrize("name", list(QUIET))
def test_quiet_process_gives_no_act(name: str) -> None:
    generator = np.random.default_rng(99)
    rows = np.arange(N)

    columns = {f"s{k}": QUIET[name](generator, rows) for k in range(30)}

    assert loud(factory(columns)) == []


def test_signals_that_one_fault_bends_are_told_aloud_once() -> None:
    generator = np.random.default_rng(12)
    slope = np.clip((np.arange(N) - 2000) / 4000, 0, 1)
    columns = {f"zone_{k}": 200 + generator.standard_normal(N) + (5.0 + 0.3 * k) * (-1) ** k * slope for k in range(5)}

    found = [one for one in process_findings(factory(columns)) if one.rule == "drift"]

    assert {one.subject.column for one in found} == set(columns)
    assert sorted(one.severity for one in found) == ["act", *["note"] * 4]
    assert all("It is one event with zone_4" in one.text.en for one in found if one.severity == "note")


def test_pair_that_should_be_equal_is_told_as_a_balance() -> None:
    generator = np.random.default_rng(13)
    later = np.arange(N) >= 4000
    columns = {
        "force_left": 270 + generator.standard_normal(N),
        "force_right": 271 + generator.standard_normal(N) - 6.0 * later,
    }

    (finding,) = loud(factory(columns))

    assert finding.subject.column == "force_right"
    assert "the balance of both sides" in finding.text.en
    assert "force_left" in finding.text.ko


def test_lot_that_came_at_that_moment_is_told_with_its_chance() -> None:
    generator = np.random.default_rng(14)
    later = np.arange(N) >= 4000
    # Beside the lot of the shift another came earlier, so that the lot does not simply explain it.
    lot = np.where(np.arange(N) < 1500, "L1", np.where(later, "L3", "L2"))
    values = 50 + generator.standard_normal(N) + 3.0 * later

    (finding,) = loud(factory({"lot_no": lot, "weight": values}, {"lot_no": Role.ID}))

    assert "Changed at that time: lot_no (changed 2 times in the record" in finding.text.en
    assert "우연히 겹칠 확률" in finding.text.ko
