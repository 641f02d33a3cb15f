"""Energy rules on factories made by hand: what is planted is found, what only looks like it is not."""

import numpy as np
import polars as pl
import pytest
from tests.diagnose.tables import evidence, table_data

from jasang.diagnose.energy_data import plant_load
from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.finding import Finding, Severity
from jasang.diagnose.rules import energy_per_piece, idle_energy, peak_demand
from jasang.diagnose.series import series_of
from jasang.plant.factory import Column, Costs, Kind, Role, Table
from jasang.plant.tariff import EnergyTerms

START = np.datetime64("2026-03-01T15:00", "us")  # Monday 2026-03-02 in Korea
QUARTER = np.timedelta64(900_000_000, "us")
DAYS = 60


def clock(days: int = DAYS) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times (UTC), hour and weekday in Korea of quarter hours."""
    place = np.arange(days * 96)
    return START + place * QUARTER, place % 96 / 4, place // 96 % 7


def meter(kw: np.ndarray, time: np.ndarray, *, name: str = "total_kWh", **more: np.ndarray) -> EvidenceBase:
    frame = pl.DataFrame({"time": time, name: kw / 4, **more})
    roles = {"time": Role.TIME, name: Role.ENERGY, **dict.fromkeys((n for n in more if "kvarh" in n), Role.ENERGY)}
    return evidence(
        table_data(frame, roles, kind=Kind.SIGNALS, file="power.csv", time="time"), costs=Costs(energy_kwh=150.0)
    )


def plant(seed: int, days: int = DAYS) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """kW of a healthy plant with night load, start-up and everyday noise; times, hours, weekdays."""
    generator = np.random.default_rng(seed)
    time, hour, weekday = clock(days)
    work = (hour >= 8) & (hour < 18) & (weekday < 5)
    level = np.repeat(generator.normal(1, 0.08, days), 96)
    night = 12 * np.repeat(generator.normal(1, 0.06, days), 96)
    kw = np.where(work, 100 * level, night) * generator.normal(1, 0.05, time.size)
    return kw, time, hour, weekday


def states(time: np.ndarray, running: np.ndarray, machine: str) -> pl.DataFrame:
    """A log of running and idle from quarter hours."""
    begin = np.flatnonzero(np.diff(running.astype(np.int8), prepend=-1))
    end = np.append(begin[1:], time.size - 1)
    return pl.DataFrame({
        "start": time[begin], "end": time[end], "machine": [machine] * begin.size,
        "state": ["가동" if running[place] else "대기" for place in begin],
    })  # fmt: skip


def floor(idle: dict[str, np.ndarray], running: np.ndarray, time: np.ndarray) -> EvidenceBase:
    """Machines with a power channel each, and the log of their states."""
    power = pl.concat(pl.DataFrame({"time": time, "machine": name, "power_kW": kw}) for name, kw in idle.items())
    log = pl.concat(states(time, running, name) for name in idle)
    table = Table(
        file="signals.csv", kind=Kind.SIGNALS, time="time", asset_column="machine",
        columns=(
            Column(name="time", role=Role.TIME), Column(name="machine", role=Role.ASSET),
            Column(name="power_kW", role=Role.ENERGY, unit="kW"),
        ),
    )  # fmt: skip
    signals = table_data(
        power, {"power_kW": Role.ENERGY}, kind=Kind.SIGNALS, file="signals.csv", time="time", asset_column="machine"
    )
    signals.table = table
    logged = table_data(
        log, {"state": Role.STATE, "machine": Role.ASSET}, kind=Kind.STATES, file="states.csv", time="start", start="start",
        end="end", asset_column="machine", state_column="state",
    )  # fmt: skip
    return evidence(signals, logged, costs=Costs(energy_kwh=150.0))


def shifts(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.random.Generator]:
    time, hour, weekday = clock(28)
    running = (((hour >= 8) & (hour < 12)) | ((hour >= 13) & (hour < 17))) & (weekday < 5)
    return time, hour, running, np.random.default_rng(seed)


def test_a_machine_left_on_in_pauses_is_found() -> None:
    time, hour, running, generator = shifts(1)
    noise = generator.normal(1, 0.05, time.size)
    left_on = np.where(running, 40, np.where((hour >= 7) & (hour < 23), 19, 0.5)) * noise
    sound = np.where(running, 40, np.where((hour >= 7) & (hour < 18), 4, 0.5)) * noise

    found = list(idle_energy.RULE.check(floor({"P1": left_on, "P2": sound, "P3": sound}, running, time)))

    assert [(one.subject.asset, one.severity) for one in found] == [("P1", Severity.ACT)]
    assert found[0].worth is not None
    truth = float(np.sum(np.where(running, 0, left_on - 0.5)) / 4 / 28 * 365.25 * 150)
    assert found[0].worth.low <= truth <= found[0].worth.high
    assert found[0].worth.amount == pytest.approx(truth, rel=0.1)


def test_a_meter_named_after_a_machine_is_that_machines() -> None:
    time, hour, running, generator = shifts(9)
    noise = generator.normal(1, 0.05, time.size)
    left_on = np.where(running, 40, np.where((hour >= 7) & (hour < 23), 19, 0.5)) * noise
    frame = pl.DataFrame({"time": time, "P1_kWh": left_on / 4})
    signals = table_data(frame, {"P1_kWh": Role.ENERGY}, kind=Kind.SIGNALS, file="power.csv", time="time")
    logged = floor({"P1": left_on}, running, time).tables[1]

    found = list(idle_energy.RULE.check(evidence(signals, logged)))

    assert [(one.subject.asset, one.subject.column, one.severity) for one in found] == [("P1", "P1_kWh", Severity.ACT)]


def test_a_meter_that_counts_up_is_no_process() -> None:
    kw, time, _, _ = plant(10)
    frame = pl.DataFrame({"time": time, "total_kWh": 120_000 + np.cumsum(kw / 4)})
    data = table_data(frame, {"total_kWh": Role.ENERGY}, kind=Kind.SIGNALS, file="meter.csv", time="time")
    base = evidence(data)

    assert list(series_of(base, data)) == []
    assert plant_load(base) is not None


def test_a_compressor_that_holds_pressure_is_not_to_be_switched_off() -> None:
    time, _, running, generator = shifts(2)
    kw = np.where(running, 40, 22) * generator.normal(1, 0.05, time.size)

    found = list(idle_energy.RULE.check(floor({"에어컴프레서": kw}, running, time)))

    assert all(one.severity is not Severity.ACT for one in found)


def test_low_standby_is_no_finding() -> None:
    time, _, running, generator = shifts(3)
    kw = np.where(running, 40, 3) * generator.normal(1, 0.05, time.size)

    assert list(idle_energy.RULE.check(floor({"P1": kw, "P2": kw, "P3": kw}, running, time))) == []


def test_a_leak_at_night_is_found_with_its_day() -> None:
    kw, time, _, _ = plant(4)
    kw = kw + np.where(np.arange(kw.size) >= 35 * 96, 9.0, 0.0)

    found = list(idle_energy.RULE.check(meter(kw, time)))

    assert [one.severity for one in found] == [Severity.ACT]
    assert found[0].since is not None
    days = (np.datetime64(found[0].since.replace(tzinfo=None), "us") - START) / np.timedelta64(86_400_000_000, "us")
    assert abs(days - 35) <= 3
    rise = found[0].evidence[0]
    assert rise.low is not None
    assert rise.high is not None
    assert rise.low - 0.2 <= 9 <= rise.high + 0.2


def test_heating_on_cold_nights_is_weather() -> None:
    kw, time, hour, _ = plant(5, 120)
    day = np.arange(kw.size) / 96
    warm = 12 - 10 * np.cos(2 * np.pi * (day + 40) / 365) + 5 * np.sin((hour - 9) / 24 * 2 * np.pi)
    warm = warm + np.repeat(np.random.default_rng(5).normal(0, 2.5, 120), 96)
    kw = kw + np.where(kw < 30, 2.0, 0.0) * np.maximum(15 - warm, 0)

    assert list(idle_energy.RULE.check(meter(kw, time, outdoor_temp=warm))) == []


def test_saturday_maintenance_is_a_plan() -> None:
    kw, time, hour, weekday = plant(6)
    kw = kw + np.where((weekday == 5) & (hour >= 9) & (hour < 15), 35.0, 0.0)

    assert [one for one in idle_energy.RULE.check(meter(kw, time)) if one.severity is Severity.ACT] == []


def test_healthy_plants_get_no_loud_energy_finding() -> None:
    loud: list[Finding] = []
    for seed in range(15):
        kw, time, _, _ = plant(1000 + seed, 45)
        base = meter(kw, time)
        for rule in (idle_energy.RULE, peak_demand.RULE, energy_per_piece.RULE):
            loud += [one for one in rule.check(base) if one.severity is Severity.ACT]

    assert loud == []


def test_a_contract_that_was_exceeded_is_loud() -> None:
    kw, time, _, _ = plant(7)
    kw[(np.arange(kw.size) == 16 * 96 + 34)] = 210.0
    table = meter(kw, time).tables[0]
    base = evidence(table, energy=EnergyTerms(contract_kw=180.0))

    found = list(peak_demand.RULE.check(base))

    assert [one.severity for one in found] == [Severity.ACT]
    assert found[0].evidence[0].value == pytest.approx(210.0)


def test_a_poor_power_factor_is_told_and_a_good_one_is_not() -> None:
    kw, time, _, _ = plant(8, 92)
    poor = meter(kw, time, lagging_kvarh=kw / 4 * np.tan(np.arccos(0.84)))
    good = meter(kw, time, lagging_kvarh=kw / 4 * np.tan(np.arccos(0.96)))

    told = [one for one in peak_demand.RULE.check(poor) if one.evidence[0].name == "power_factor"]

    assert [one.severity for one in told] == [Severity.ACT]
    assert told[0].evidence[0].value == pytest.approx(84.0, abs=0.1)
    assert [one for one in peak_demand.RULE.check(good) if one.evidence[0].name == "power_factor"] == []


def batches(seed: int, creep: float, mix: float = 0.0) -> EvidenceBase:
    """Ninety days of 40 shots; energy by shot and product."""
    generator = np.random.default_rng(seed)
    rows = 90 * 40
    day = np.arange(rows) // 40
    time = (
        START + day * np.timedelta64(86_400_000_000, "us") + (np.arange(rows) % 40) * np.timedelta64(600_000_000, "us")
    )
    product = generator.random(rows) < 0.3 + mix * day / 90
    wave = np.repeat(generator.normal(0, 0.015, 90), 40)
    energy = np.where(product, 2.0, 1.2) * (1 + creep * day / 90 + wave) * generator.normal(1, 0.05, rows)
    frame = pl.DataFrame({"time": time, "product": np.where(product, "B", "A"), "energy_kwh": energy})
    count = generator.integers(25, 41, 90)  # not every day is full
    frame = frame.filter(pl.Series(np.arange(rows) % 40 < count[day]))
    roles = {"time": Role.TIME, "product": Role.PRODUCT, "energy_kwh": Role.ENERGY}
    data = table_data(frame, roles, time="time", product_column="product")
    return evidence(data, costs=Costs(energy_kwh=150.0))


def test_energy_per_piece_that_creeps_is_found() -> None:
    found = list(energy_per_piece.RULE.check(batches(1, 0.10)))

    assert [one.rule for one in found] == ["energy_per_piece"]
    change = found[0].evidence[0]
    assert change.low is not None
    assert change.high is not None
    assert change.low <= 10 <= change.high


def test_a_change_of_mix_is_no_creep() -> None:
    assert [list(energy_per_piece.RULE.check(batches(seed, 0.0, 0.5))) for seed in range(8)] == [[]] * 8
