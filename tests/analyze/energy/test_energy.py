"""Energy: curves from readings, base load and quiet load with intervals, bills by hand, energy per piece, idle machines."""

from datetime import date

import numpy as np
import pytest

from jasang.analyze.energy import (
    KEPCO_2024,
    KEPCO_2026,
    LoadCurve,
    bands,
    base_load,
    bill,
    energy_baseline,
    energy_per_piece,
    factor_addition,
    idle_machine,
    load_curve,
    load_shift,
    outside_production,
    peak_demand,
    power_factor,
    quantity_of,
    quiet_time,
    summed,
    tariff_for,
)

DAY = 86_400.0
MONDAY = float(np.datetime64("2026-03-02", "s").astype(float))  # a holiday's substitute in Korea, but a Monday


def plant(seed: int, days: int = 60, night: float = 10.0) -> LoadCurve:
    """08–18 on weekdays about 100 kW, else `night` kW, quarter hours."""
    generator = np.random.default_rng(seed)
    begin = MONDAY + 900.0 * np.arange(days * 96)
    hour, weekday = begin % DAY / 3600, (begin // DAY + 3) % 7
    work = (hour >= 8) & (hour < 18) & (weekday < 5)
    kw = np.where(
        work, 100 + 8 * generator.standard_normal(work.size), night * (1 + 0.04 * generator.standard_normal(work.size))
    )
    return LoadCurve(first=MONDAY, step=900.0, kwh=kw / 4)


def test_a_counter_power_and_interval_energy_give_the_same_curve() -> None:
    seconds = MONDAY + 60.0 * np.arange(1, 4 * 24 * 60)
    kw = 50 + 20 * np.sin(seconds / 7000)
    energy = kw / 60

    power = load_curve(seconds - 60, kw, quantity="power")
    interval = load_curve(seconds, energy, quantity="energy", stamp="end")
    counter = load_curve(seconds, 1000 + np.cumsum(energy), quantity="counter")

    assert power is not None
    assert interval is not None
    assert counter is not None
    assert interval.kwh[1:-1] == pytest.approx(power.kwh[1:-1], rel=1e-9)
    assert np.interp(power.begin[5:-5], counter.begin, counter.kwh) == pytest.approx(power.kwh[5:-5], rel=1e-6)


def test_the_quantity_of_readings_is_told() -> None:
    generator = np.random.default_rng(0)
    used = generator.random(500)

    assert quantity_of(used, "kWh") == "energy"
    assert quantity_of(np.cumsum(used) + 4000, "kWh") == "counter"
    assert quantity_of(np.cumsum(used) + 4000, "kW") == "power"


def test_meters_are_added_over_the_time_all_of_them_know() -> None:
    one = LoadCurve(first=MONDAY, step=900.0, kwh=np.ones(10))
    other = LoadCurve(first=MONDAY + 1800.0, step=900.0, kwh=np.full(20, 2.0))

    both = summed([one, other])

    assert (both.first, both.kwh.tolist()) == (MONDAY + 1800.0, [3.0] * 8)


def test_base_load_interval_holds_the_truth() -> None:
    held = 0
    for seed in range(40):
        generator = np.random.default_rng(seed)
        level = 10 + np.repeat(generator.normal(0, 1.0, 60), 96)
        found = base_load(LoadCurve(first=MONDAY, step=900.0, kwh=level / 4))
        assert found is not None
        held += found.low <= 10 <= found.high

    assert held >= 36


def test_quiet_hours_are_learnt_from_the_load() -> None:
    found = quiet_time(plant(1))

    assert found is not None
    assert found.learnt
    assert found.share == pytest.approx(118 / 168, abs=0.03)


def test_a_plant_that_never_rests_has_no_quiet_hours() -> None:
    flat = LoadCurve(first=MONDAY, step=900.0, kwh=25 + np.random.default_rng(1).standard_normal(96 * 30))

    assert quiet_time(flat) is None


def test_a_leak_that_began_is_dated_and_sized() -> None:
    curve = plant(2)
    quiet = quiet_time(curve)
    assert quiet is not None
    leaking = curve.kwh.copy()
    leaking[30 * 96 :] += 6 / 4

    found = outside_production(LoadCurve(first=MONDAY, step=900.0, kwh=leaking), quiet.quiet)

    assert found is not None
    assert found.risen is not None
    assert found.since is not None
    assert found.risen_low is not None
    assert found.risen_high is not None
    assert found.risen == pytest.approx(6, abs=0.15)
    assert abs(found.since - (MONDAY // DAY + 30)) <= 3


def test_steady_night_load_is_no_leak() -> None:
    rises = 0
    for seed in range(30):
        curve = plant(seed, days=90, night=30)
        quiet = quiet_time(curve)
        assert quiet is not None
        found = outside_production(curve, quiet.quiet)
        assert found is not None
        rises += found.risen is not None
        assert found.excess_year < 0.05 * found.year_kwh

    assert rises == 0


def test_heating_at_night_is_explained_by_the_weather() -> None:
    curve = plant(3, days=180)
    quiet = quiet_time(curve)
    assert quiet is not None
    warm = 8 - 12 * np.cos(2 * np.pi * (np.arange(curve.kwh.size) / 96 - 20) / 365)
    warm = warm + np.repeat(np.random.default_rng(3).normal(0, 3, 180), 96)
    heated = curve.kwh + np.maximum(15 - warm, 0) * 1.5 / 4

    found = outside_production(LoadCurve(first=MONDAY, step=900.0, kwh=heated), quiet.quiet, warm)

    assert found is not None
    assert found.weather_explains
    assert found.risen is None
    assert found.excess_year < 0.1 * found.year_kwh


def test_a_bill_by_hand() -> None:
    """June 2025, Sunday to Monday weeks: 100 kW all hours."""
    first = float(np.datetime64("2025-06-01", "s").astype(float))
    curve = LoadCurve(first=first, step=900.0, kwh=np.full(30 * 96, 25.0))

    (month,) = bill(curve, KEPCO_2024, contract_kw=500, country=None)

    # June 2025: 21 working days, 4 Saturdays, 5 Sundays.
    light, mid, peak = 100 * (25 * 10 + 5 * 24), 100 * (21 * 8 + 4 * 14), 100 * (21 * 6)
    assert month.kwh == pytest.approx({"light": light, "mid": mid, "peak": peak})
    assert month.energy_charge == pytest.approx(light * 110.9 + mid * 163.8 + peak * 245.9)
    assert month.billed_kw == 150.0  # 30 % of the contract
    assert month.demand_charge == 150 * 8320


def test_a_summer_peak_is_billed_until_the_next_summer() -> None:
    first = float(np.datetime64("2025-07-01", "s").astype(float))
    kwh = np.full(96 * 120, 25.0)
    kwh[96 * 7 + 50] = 100.0  # 8 July, 12:30

    months = bill(LoadCurve(first=first, step=900.0, kwh=kwh), KEPCO_2024)

    assert [month.billed_kw for month in months] == [400.0, 400.0, 400.0, 400.0]
    assert [month.peak_kw for month in months] == [400.0, 100.0, 100.0, 100.0]


def test_hours_of_the_new_tariff() -> None:
    day = float(np.datetime64("2026-06-10", "s").astype(float))
    curve = LoadCurve(first=day, step=3600.0, kwh=np.ones(24))

    assert "".join("lmp"[band] for band in bands(curve, KEPCO_2026)) == "llllllllmmmmmmmppppppmll"
    assert tariff_for(date(2026, 6, 10)) is KEPCO_2026
    assert tariff_for(date(2025, 6, 10)) is KEPCO_2024


def test_power_factor_and_its_addition() -> None:
    assert power_factor(np.array([80.0]), np.array([60.0])) == pytest.approx(0.8)
    assert factor_addition(0.80, KEPCO_2024) == pytest.approx(10 * 0.002)
    assert factor_addition(0.99, KEPCO_2024) == pytest.approx(-5 * 0.002)
    assert factor_addition(0.30, KEPCO_2024) == pytest.approx(30 * 0.002)


def test_the_machine_that_made_the_peak_comes_first() -> None:
    curve = plant(5)
    press, oven = curve.kwh * 0.6, curve.kwh * 0.4
    at = 96 * 9 + 60  # a Wednesday, 15:00
    press = press.copy()
    press[at] += 30.0
    machines = {
        "oven": LoadCurve(first=MONDAY, step=900.0, kwh=oven),
        "press": LoadCurve(first=MONDAY, step=900.0, kwh=press),
    }

    found = peak_demand(summed(list(machines.values())), KEPCO_2026, machines)

    assert found is not None
    assert found.at == MONDAY + at * 900.0
    assert found.machines[0][0] == "press"
    assert found.year_saving == pytest.approx((found.kw - found.usual_kw) * 8320 * 12)


def test_shifting_from_peak_to_light_hours_saves_the_difference_of_prices() -> None:
    first = float(np.datetime64("2026-06-01", "s").astype(float))
    found = load_shift(LoadCurve(first=first, step=900.0, kwh=np.full(96 * 30, 25.0)), KEPCO_2026)

    assert found is not None
    assert (found.peak_price, found.light_price) == pytest.approx((229.0, 116.0))
    assert found.saving_year == pytest.approx(found.kwh_year * 113.0)


def days_of_work(seed: int, creep: float, n: int = 120) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    made = generator.integers(0, 400, (n, 2)).astype(float)
    cold = np.maximum(15 - (8 - 12 * np.cos(np.arange(n) / 9)), 0)
    noise = np.zeros(n)
    for day in range(1, n):
        noise[day] = 0.5 * noise[day - 1] + generator.normal(0, 15)
    energy = 200 + 0.5 * made[:, 0] + 1.5 * made[:, 1] + 10 * cold + noise
    return energy * (1 + creep * np.linspace(0, 1, n)), made.sum(axis=1), np.column_stack([made, cold])


def test_the_baseline_recovers_what_each_product_takes() -> None:
    energy, _, drivers = days_of_work(0, 0.0)

    found = energy_baseline(energy, drivers, ("A", "B", "cold"))

    assert found is not None
    assert [term.low <= truth <= term.high for term, truth in zip(found.terms, (0.5, 1.5, 10.0), strict=True)] == [
        True
    ] * 3
    assert found.r2 > 0.97
    assert found.fixed.low <= 200 <= found.fixed.high


def test_a_creep_of_energy_is_found_and_a_change_of_mix_is_none() -> None:
    creeping = [energy_per_piece(*days_of_work(seed, 0.08), ("A", "B", "cold")) for seed in range(20)]
    steady = [energy_per_piece(*days_of_work(seed, 0.0), ("A", "B", "cold")) for seed in range(100, 180)]

    assert sum(one is not None and one.p < 0.001 for one in creeping) == 20
    assert sum(one is not None and one.change_low <= 0.08 * 600 / 600 <= one.change_high for one in creeping) >= 16
    assert sum(one is not None and one.p < 0.05 for one in steady) <= 9


def test_idle_energy_of_a_machine() -> None:
    seconds = MONDAY + 600.0 * np.arange(20 * 144)
    hour = seconds % DAY / 3600
    running = ((hour >= 8) & (hour < 12)) | ((hour >= 13) & (hour < 18))
    on = (hour >= 7) & (hour < 20)
    kw = np.where(running, 40.0, np.where(on, 16.0, 0.4))

    found = idle_machine(seconds, np.full(seconds.size, 1 / 6), kw, running.astype(float))

    assert found is not None
    # Four idle hours a day at 16 kW (07–08, 12–13, 18–20), the rest of the night off at 0.4 kW.
    assert found.avoidable_kwh == pytest.approx(20 * 4 * (16 - 0.4), rel=0.05)
    assert found.year == pytest.approx(365.25 * 4 * 15.6, rel=0.01)
    assert found.ever_off
