import numpy as np
import pytest
from scipy.signal import lfilter

from jasang.analyze.value_runs import find_blanks, runs, stuck_runs


def slow(seed: int, rows: int = 5000, phi: float = 0.95, decimals: int = 1) -> np.ndarray:
    """An autocorrelated signal about 200, rounded."""
    shocks = np.random.default_rng(seed).normal(0, 1, rows)
    return np.round(200 + lfilter([1.0], [1.0, -phi], shocks), decimals)


def test_runs_join_equal_values_and_blanks() -> None:
    starts, lengths = runs(np.array([1.0, 1.0, np.nan, np.nan, 2.0]))

    assert starts.tolist() == [0, 2, 4]
    assert lengths.tolist() == [2, 2, 1]


def test_frozen_stretch_is_found_with_its_ends() -> None:
    values = slow(1)
    values[1000:1360] = values[1000]

    (run,) = stuck_runs(values)

    assert (run.start <= 1000, run.stop >= 1360, run.rows < 370) == (True, True, True)
    assert run.value == values[1000]


def test_blank_inside_a_frozen_stretch_does_not_end_it() -> None:
    values = slow(2)
    values[1000:1360] = values[1000]
    values[1100] = np.nan

    assert len(stuck_runs(values)) == 1


@pytest.mark.parametrize("decimals", [0, 1, 2])
@pytest.mark.parametrize("phi", [0.0, 0.9, 0.99])
def test_rounded_slow_signals_are_not_stuck(phi: float, decimals: int) -> None:
    assert [seed for seed in range(20) if stuck_runs(slow(seed, phi=phi, decimals=decimals))] == []


def test_setting_with_few_levels_is_not_stuck() -> None:
    assert stuck_runs(np.repeat([230.0, 232.0, 235.0, 230.0], [40, 3000, 50, 900])) == ()


def test_signal_resting_at_its_floor_is_not_stuck() -> None:
    values = slow(3)
    for start, stop in ((100, 110), (500, 512), (900, 905), (1300, 1309), (2000, 2400)):
        values[start:stop] = 0.0

    assert stuck_runs(values) == ()


def test_valve_fully_open_for_long_is_not_stuck() -> None:
    values = np.minimum(slow(3), 202.0)
    values[2000:2400] = 202.0

    assert stuck_runs(values) == ()


def test_sampled_and_held_signal_is_not_stuck() -> None:
    assert stuck_runs(np.repeat(slow(4, rows=500), 10)) == ()


def test_blank_stretch_to_the_end_is_found() -> None:
    values = slow(5)
    values[4000:] = np.nan

    blanks = find_blanks(values)

    assert blanks is not None
    assert [(run.start, run.stop) for run in blanks.stretches] == [(4000, 5000)]
    assert (blanks.rows, blanks.scattered) == (1000, 0.0)


def test_scattered_blanks_are_told_above_three_percent() -> None:
    values = slow(6)
    rng = np.random.default_rng(0)
    few, many = values.copy(), values.copy()
    few[rng.random(5000) < 0.01] = np.nan
    many[rng.random(5000) < 0.10] = np.nan

    assert find_blanks(few) is None
    found = find_blanks(many)
    assert found is not None
    assert found.stretches == ()
    assert found.scattered == pytest.approx(0.10, abs=0.02)


@pytest.mark.parametrize("every", [2, 5, 10])
def test_column_measured_every_few_rows_is_not_missing(every: int) -> None:
    values = slow(7)
    values[np.arange(5000) % every != 0] = np.nan

    assert find_blanks(values) is None
