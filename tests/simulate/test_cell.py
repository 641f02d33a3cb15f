"""The virtual cell: its physics points the right way, its faults do what they say, and the seed decides."""

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from jasang.errors import JasangError
from jasang.simulate.cell import Cell, Shot
from jasang.simulate.factory import write_factory
from jasang.simulate.faults import FAULTS, Fault, plant
from jasang.simulate.moulding import Conditions, defect_chances, melt_temperature, mould_one
from jasang.simulate.recipe import PRODUCTS, SETTINGS
from jasang.simulate.sensors import BAD_SENSOR_FAILURE, GOOD, SENTINEL, UNCERTAIN_SENSOR_NOT_ACCURATE
from jasang.simulate.thermal import (
    FEED_SHARE,
    HEATER_POWER,
    MOULD_CAPACITY,
    MOULD_LOSS,
    POLYMER_HEAT,
    ZONE_CAPACITY,
    ZONE_LOSS,
    Heat,
    Load,
    hall_temperature,
)

MONDAY = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)  # 08:00 in Korea
RECIPE = {name: setting.value for name, setting in SETTINGS.items()}
ZONES = (210.0, 222.0, 230.0, 235.0)


def cell(seed: int = 1, faults: Mapping[str, Fault] | None = None, **changes: bool) -> Cell:
    settings = {"warm": True, "operators": False} | changes
    return Cell(seed=seed, start=MONDAY, faults=faults or {}, hours="around_the_clock", **settings)  # type: ignore[arg-type]


def fault(name: str, onset: float = 0.0, strength: float = 1.0) -> Mapping[str, Fault]:
    return {name: Fault(name=name, onset=onset, strength=strength)}


def hours(subject: Cell, count: float) -> list[Shot]:
    return [shot for _ in range(round(count * 60)) for shot in subject.step(60.0)]


def test_same_seed_gives_the_same_shots_and_another_seed_others() -> None:
    first, second, other = (hours(cell(seed), 1.0) for seed in (1, 1, 2))

    assert first == second
    assert [shot.outcome for shot in first[:20]] != [shot.outcome for shot in other[:20]]


def test_reading_the_sensors_more_often_moves_no_shot() -> None:
    quiet, watched = cell(), cell()
    for _ in range(3600):
        watched.readings()
        watched.step(1.0)
        quiet.step(1.0)

    assert watched.last_shot is not None
    assert quiet.last_shot is not None
    assert watched.last_shot.outcome == quiet.last_shot.outcome


def test_barrel_and_mould_keep_the_first_law() -> None:
    heat = Heat.warm(22.0, ZONES, 25.0)
    load = Load(
        hall=22.0, setpoints=ZONES, coolant_setpoint=25.0, flow=12.0, throughput=1.7, shear=200.0, mould_heat=600.0
    )
    zones, mould = [zone.temperature for zone in heat.zones], heat.mould
    feed = 1.7 * POLYMER_HEAT * (zones[-1] - 22.0)

    heat.advance(load, 1.0)

    stored = sum(ZONE_CAPACITY * (zone.temperature - before) for zone, before in zip(heat.zones, zones, strict=True))
    heaters = sum(zone.duty * HEATER_POWER for zone in heat.zones)
    lost = sum(ZONE_LOSS * (temperature - 22.0) for temperature in zones) + sum(FEED_SHARE) * feed
    assert stored == pytest.approx(heaters + 200.0 - lost, rel=1e-9)
    carried = 40.0 * (mould - heat.coolant)  # W/K at the nominal flow
    assert MOULD_CAPACITY * (heat.mould - mould) == pytest.approx(
        600.0 - carried - MOULD_LOSS * (mould - 22.0), rel=1e-6
    )


def test_barrel_heats_up_to_its_setpoints_and_stays_there() -> None:
    heat = Heat.cold(22.0)
    load = Load(hall=22.0, setpoints=ZONES, coolant_setpoint=25.0, flow=12.0)

    heat.advance(load, 3600.0)
    warm = [zone.temperature for zone in heat.zones]
    heat.advance(load, 1800.0)

    assert warm == pytest.approx(ZONES, abs=1.0)
    assert [zone.temperature for zone in heat.zones] == pytest.approx(ZONES, abs=0.3)


@pytest.mark.parametrize(
    ("change", "warmer"),
    [({"coolant_setpoint": 35.0}, True), ({"flow": 7.0}, True), ({"mould_heat": 900.0}, True), ({"hall": 12.0}, False)],
)
def test_mould_follows_coolant_flow_heat_and_hall(change: dict[str, float], warmer: bool) -> None:
    normal = {"hall": 22.0, "coolant_setpoint": 25.0, "flow": 12.0, "mould_heat": 600.0}
    temperatures = []
    for load in (normal, normal | change):
        heat = Heat.warm(22.0, ZONES, 25.0)
        heat.advance(Load(setpoints=ZONES, **load), 7200.0)  # type: ignore[arg-type]
        temperatures.append(heat.mould)

    assert (temperatures[1] > temperatures[0] + 1.0) is warmer


def test_hall_is_warmest_in_the_afternoon() -> None:
    day = [hall_temperature(hour, 0.0) for hour in range(24)]

    assert (int(np.argmax(day)), max(day), int(np.argmin(day)), min(day)) == (15, 27.0, 3, 17.0)


def conditions(**changes: float) -> Conditions:
    values = {"mould": 40.0, "viscosity": 1.0, "leak": 0.0} | changes
    return Conditions(zones=ZONES, **values)


def average(attribute: str, settings: Mapping[str, float] = RECIPE, **changes: float) -> float:
    random = np.random.default_rng(7)  # the same noise for both sides of a comparison
    shots = [mould_one(settings, PRODUCTS[0], conditions(**changes), random) for _ in range(50)]
    return float(np.mean([getattr(shot, attribute) for shot in shots]))


def test_hold_pressure_adds_weight_by_the_stated_coefficient() -> None:
    more = average("weight", RECIPE | {"hold_pressure": 650.0}) - average("weight")

    viscosity = np.exp(-0.018 * (melt_temperature(RECIPE, ZONES) - 226.0))
    assert more == pytest.approx(38.0 * 2.2e-5 * 100.0 * (1.0 - 0.25 * (viscosity - 1.0)), rel=1e-6)


@pytest.mark.parametrize(
    ("attribute", "settings", "changes", "sign"),
    [
        ("length", {}, {"mould": 50.0}, -1),  # a hot mould shrinks more
        ("length", {"cooling_time": 20.0}, {}, 1),
        ("cushion", {"hold_pressure": 700.0}, {}, -1),
        ("cushion", {}, {"leak": 0.5}, -1),
        ("peak_pressure", {}, {"viscosity": 1.2}, 1),
        ("peak_pressure", {"injection_speed": 90.0}, {}, 1),
        ("fill_time", {"injection_speed": 90.0}, {}, -1),
        ("melt_temperature", {"back_pressure": 150.0}, {}, 1),
        ("dosing_time", {"screw_speed": 200.0}, {}, -1),
    ],
)
def test_outcome_moves_the_right_way(
    attribute: str, settings: dict[str, float], changes: dict[str, float], sign: int
) -> None:
    assert np.sign(average(attribute, RECIPE | settings, **changes) - average(attribute)) == sign


def test_share_of_a_defect_is_its_stated_probability() -> None:
    settings = RECIPE | {"hold_pressure": 350.0}  # far too low: sink marks
    chance = defect_chances(settings, conditions(), melt=226.25, demand=850.0, cushion=6.2)["sink_mark"]
    random = np.random.default_rng(3)

    shots = [mould_one(settings, PRODUCTS[0], conditions(), random) for _ in range(5000)]

    share = np.mean([shot.defect == "sink_mark" for shot in shots])
    other = np.mean([shot.defect not in (None, "sink_mark") for shot in shots])
    assert chance == pytest.approx(1.0 / (1.0 + np.exp(5.6 - 0.010 * 200.0)))
    # Other defects come first and hide a few; four standard errors of 5000 shots.
    assert share == pytest.approx(chance, abs=4.0 * np.sqrt(chance / 5000.0) + chance * other)


def test_better_settings_make_fewer_defects() -> None:
    worse, better = cell(), cell()
    worse.write("hold_pressure", 350.0)

    assert np.mean([shot.outcome.defect is not None for shot in hours(worse, 6.0)]) > 0.02
    assert np.mean([shot.outcome.defect is not None for shot in hours(better, 6.0)]) < 0.02


def test_writing_a_setting_outside_its_limits_is_refused_and_changes_nothing() -> None:
    subject = cell()

    for value in (1000.0, 100.0, float("nan")):
        with pytest.raises(ValueError, match=r"is outside 250\.0 to 900\.0 bar"):
            subject.write("hold_pressure", value)
    with pytest.raises(ValueError, match="no setting 'colour'"):
        subject.write("colour", 1.0)
    assert subject.settings["hold_pressure"] == 550.0


def test_time_never_runs_backwards() -> None:
    for dt in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="time passes forward"):
            cell().step(dt)


def test_machine_stops_for_breaks_and_says_why() -> None:
    subject = Cell(seed=1, start=MONDAY, faults={}, warm=True)
    seen = {}
    for _ in range(24 * 60):
        subject.step(60.0)
        seen.setdefault(subject.state, subject.reason)
        if subject.local.hour == 12 and subject.local.minute == 30:
            lunch = (subject.state, subject.reason)

    assert lunch == ("planned", "점심")
    assert {"running", "planned", "setup", "idle"} <= set(seen)
    assert seen["running"] is None
    assert all(reason for state, reason in seen.items() if state != "running")


def test_parts_are_good_or_bad_and_counted() -> None:
    subject = cell()

    shots = hours(subject, 2.0)

    assert [shot.number for shot in shots] == list(range(1, len(shots) + 1))
    assert (subject.shots, subject.good + subject.bad) == (len(shots), len(shots))
    assert subject.bad == sum(shot.outcome.defect is not None for shot in shots)
    assert all(earlier.end < later.end for earlier, later in itertools.pairwise(shots))


def values(subject: Cell, name: str, minutes: int) -> list[float | None]:
    found = []
    for _ in range(minutes):
        subject.step(60.0)
        found.append(subject.readings()[name].value)
    return found


def test_coolant_blockage_lowers_flow_and_warms_the_mould() -> None:
    healthy, blocked = cell(), cell(faults=fault("coolant_blockage"))
    hours(healthy, 2.0)
    hours(blocked, 2.0)

    assert blocked.readings()["coolant_flow"].value == pytest.approx(12.0 * 0.6, abs=0.6)
    assert blocked.heat.mould - healthy.heat.mould > 3.0


def test_heater_ageing_raises_duty_first_and_lowers_temperature_at_the_limit() -> None:
    subject = cell(faults=fault("heater_ageing", strength=5.0))  # years in two days
    before = subject.heat.zones[1].duty
    hours(subject, 6.0)
    duty, temperature = subject.heat.zones[1].duty, subject.heat.zones[1].temperature
    hours(subject, 24.0)

    assert duty > before + 0.05
    assert temperature == pytest.approx(222.0, abs=1.0)
    assert subject.heat.zones[1].duty == 1.0
    assert subject.heat.zones[1].temperature < 215.0


def test_stuck_thermocouple_shows_one_value() -> None:
    subject = cell(faults=fault("stuck_thermocouple", onset=600.0))
    before, after = values(subject, "barrel_3_temperature", 9), values(subject, "barrel_3_temperature", 60)

    assert len(set(before)) > 1
    assert len(set(after[2:])) == 1


def test_unit_flip_is_fahrenheit_from_its_onset() -> None:
    shown = values(cell(faults=fault("unit_flip", onset=600.0)), "coolant_temperature", 20)

    assert max(shown[:9]) < 40.0 < min(shown[11:])  # type: ignore[type-var, operator]
    assert (shown[15] - 32.0) / 1.8 == pytest.approx(shown[5], abs=1.0)  # type: ignore[operator]


def test_sentinel_replaces_some_switchover_positions() -> None:
    shots = hours(cell(faults=fault("sentinel")), 24.0)

    share = np.mean([shot.readings["switchover_position"].value == SENTINEL for shot in shots])
    assert share == pytest.approx(0.02, abs=4.0 * np.sqrt(0.02 / len(shots)))


def test_broken_sensor_is_uncertain_then_bad_without_value() -> None:
    subject = cell(faults=fault("broken_sensor"))
    samples = []
    for _ in range(60):
        subject.step(30.0)
        samples.append(subject.readings()["mould_temperature"])

    assert {sample.status for sample in samples} == {GOOD, UNCERTAIN_SENSOR_NOT_ACCURATE, BAD_SENSOR_FAILURE}
    assert all((sample.value is None) == (sample.status == BAD_SENSOR_FAILURE) for sample in samples)


def test_wear_lowers_cushion_and_weight() -> None:
    shots = [shot for shot in hours(cell(faults=fault("wear", strength=5.0)), 6.0) if shot.product == "CAP-38"]
    third = len(shots) // 3

    def trend(attribute: str) -> float:
        first, last = ([getattr(shot.outcome, attribute) for shot in part] for part in (shots[:third], shots[-third:]))
        return float(np.mean(last) - np.mean(first))

    # Four hours lie between the middles of the first and the last third.
    assert trend("cushion") == pytest.approx(-3.0 * 0.10 * 5.0 * 4.0 / 24.0, abs=0.05)
    assert trend("weight") < 0.0


def test_supplier_lot_makes_short_shots_of_that_supplier_only() -> None:
    shots = hours(cell(seed=2, faults=fault("supplier_lot")), 48.0)

    share = {
        supplier: np.mean([shot.outcome.defect == "short_shot" for shot in shots if shot.lot.supplier == supplier])
        for supplier in ("S1", "S2", "S3")
    }
    assert share["S3"] > 3.0 * max(share["S1"], share["S2"])


def test_planting_one_fault_more_does_not_move_the_others() -> None:
    alone, both = plant(("wear",), seed=5, span=100.0), plant(("wear", "sentinel"), seed=5, span=100.0)

    assert alone["wear"] == both["wear"]
    assert 35.0 <= alone["wear"].onset <= 65.0
    with pytest.raises(ValueError, match=r"unknown faults \['gremlins'\]"):
        plant(("gremlins",), seed=1, span=1.0)


def test_every_fault_has_its_paragraph_in_the_docs() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "simulate.md").read_text(encoding="utf-8")

    assert [name for name in FAULTS if f"`{name}`" not in page] == []


def test_factory_folder_holds_what_was_simulated(tmp_path: Path) -> None:
    made = write_factory(tmp_path / "out", days=1, seed=4)

    units, states = pl.read_csv(tmp_path / "out" / "units.csv"), pl.read_csv(tmp_path / "out" / "states.csv")
    signals = pl.read_csv(tmp_path / "out" / "signals.csv")
    assert (units.height, states.height, signals.height) == (made.shots, made.states, 1440)
    assert units["defect"].sum() == made.defects
    assert states["start"].to_list()[1:] == states["end"].to_list()[:-1]  # no gap and no overlap
    assert (states["start"][0], states["end"][-1]) == ("2026-03-02 00:00:00", "2026-03-03 00:00:00")
    with pytest.raises(JasangError, match="exists and is not empty"):
        write_factory(tmp_path / "out", days=1, seed=4)
