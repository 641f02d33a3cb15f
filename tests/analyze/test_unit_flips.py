import numpy as np
import pytest
from scipy.signal import lfilter

from jasang.analyze.unit_flips import FACTORS, find_unit_flips


def signal(seed: int = 0, rows: int = 3000, centre: float = 90.0, spread: float = 1.0) -> np.ndarray:
    shocks = np.random.default_rng(seed).normal(0, spread * np.sqrt(1 - 0.81), rows)
    return centre + lfilter([1.0], [1.0, -0.9], shocks)


@pytest.mark.parametrize("factor", [factor.ratio for factor in FACTORS if factor.ratio > 3])
@pytest.mark.parametrize("up", [True, False])
def test_day_in_another_unit_is_found(factor: float, up: bool) -> None:
    values = signal()
    values[1000:1240] *= factor if up else 1 / factor

    (found,) = find_unit_flips(np.round(values, 4))

    assert found.places.tolist() == list(range(1000, 1240))
    assert found.factor is not None
    assert found.factor.ratio == pytest.approx(factor, rel=0.03)  # 9.8 and 10 may be taken for each other
    assert found.ratio == pytest.approx(factor if up else 1 / factor, rel=0.02)
    assert found.episodes == 1


def test_scattered_rows_in_another_unit_are_found() -> None:
    values = signal(1)
    rows = np.sort(np.random.default_rng(3).choice(3000, 60, replace=False))
    values[rows] *= 10

    (found,) = find_unit_flips(np.round(values, 1))

    assert found.places.tolist() == rows.tolist()


def test_fahrenheit_is_found() -> None:
    values = signal(2, centre=215.0)
    values[2500:] = values[2500:] * 1.8 + 32

    (found,) = find_unit_flips(np.round(values, 1), temperature=True)

    assert (found.offset, found.places[0], found.places[-1]) == (32.0, 2500, 2999)


def test_two_exclusive_groups_near_a_power_of_ten_are_found_when_rare_and_tight() -> None:
    values = np.full(2000, 647.99)
    values[[50, 60, 400, 900, 901]] = 69.64

    (found,) = find_unit_flips(values)

    assert (found.factor, found.certain, found.places.tolist()) == (None, False, [50, 60, 400, 900, 901])


def test_slow_rise_over_a_factor_of_ten_is_no_flip() -> None:
    assert find_unit_flips(np.geomspace(1.0, 50.0, 3000)) == ()


def test_signal_about_zero_is_no_flip() -> None:
    assert find_unit_flips(np.random.default_rng(0).normal(0, 5, 3000)) == ()


def test_second_state_with_its_own_spread_is_no_flip() -> None:
    values = signal(4)
    values[::3] = 7.3 + np.random.default_rng(5).normal(0, 1.2, 1000)

    assert find_unit_flips(values) == ()


def test_no_false_flip_in_a_thousand_quiet_columns() -> None:
    rng = np.random.default_rng(11)
    alarms = 0
    for _ in range(1000):
        centre = rng.uniform(5, 500)
        values = rng.normal(centre, centre * rng.uniform(0.001, 0.2), 800)
        kind = rng.integers(4)
        if kind == 1:  # idle and running
            idle = rng.random(800) < 0.3
            values[idle] = rng.normal(centre * rng.uniform(0.0, 0.3), centre * rng.uniform(0.001, 0.02), idle.sum())
        elif kind == 2:
            values = rng.lognormal(1, rng.uniform(0.1, 1.5), 800)
        elif kind == 3:
            values = rng.poisson(rng.uniform(0.5, 20), 800).astype(float)
        alarms += bool(find_unit_flips(np.round(values, int(rng.integers(0, 3)))))

    # An idle level may lie at just a unit's ratio of the running one: the table's other columns then tell (see the rule).
    assert alarms <= 10
