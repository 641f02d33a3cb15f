"""Every step of long and short columns: place, size, coverage and false alarms."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import lfilter

from jasang.analyze.change_points import all_change_points


def autoregressive(generator: np.random.Generator, phi: float, rows: int, columns: int) -> np.ndarray:
    noise = generator.standard_normal((rows + 2000, columns))
    return np.asarray(lfilter([np.sqrt(1 - phi**2)], [1, -phi], noise, axis=0)[2000:])


def test_large_steps_are_found_on_their_row() -> None:
    values = np.random.default_rng(1).normal(200, 3, (20_000, 3))
    values[7_000:, 0] += 30
    values[7_000:9_000, 1] -= 24
    values[12_000:, 1] += 30

    found = all_change_points(values)

    assert [one.places.tolist() for one in found] == [[7_000], [7_000, 9_000, 12_000], []]
    assert found[1].sizes == pytest.approx([-24, 24, 30], abs=0.5)
    assert (found[0].lows[0] < 30) & (found[0].highs[0] > 30)
    assert found[1].levels == pytest.approx([200, 176, 200, 230], abs=0.3)


@pytest.mark.parametrize(
    "make", [np.asfortranarray, lambda x: x.astype(np.float32), lambda x: np.round(x * 100).astype(int)]
)
def test_layout_and_type_of_the_values_do_not_matter(make: Callable[[np.ndarray], np.ndarray]) -> None:
    values = np.random.default_rng(2).normal(50, 1, (9_000, 2))
    values[4_321:, 1] += 8

    assert [one.places.tolist() for one in all_change_points(make(values))] == [[], [4_321]]


def test_missing_rows_are_passed_over() -> None:
    values = np.random.default_rng(3).normal(0, 1, 12_000)
    values[8_000:] += 9
    values[2_000:5_000] = np.nan
    values[::7] = np.nan

    found = all_change_points(values)[0]

    assert found.places.tolist() == [8_000]


def test_outliers_and_coarse_readings_are_no_steps() -> None:
    generator = np.random.default_rng(4)
    values = generator.normal(200, 3, (20_000, 2))
    values[generator.choice(20_000, 60, replace=False), 0] = 9_999
    values[:, 1] = np.round(values[:, 1] / 10) * 10
    values[15_000:, 1] += 10

    assert [one.places.tolist() for one in all_change_points(values)] == [[], [15_000]]


def test_a_setting_that_was_turned_is_found_without_noise() -> None:
    values = np.full(5_000, 200.0)
    values[3_000:] = 205.0

    assert all_change_points(values)[0].places.tolist() == [3_000]
    assert all_change_points(np.full(5_000, 200.0))[0].places.size == 0


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9, 0.95])
def test_a_day_of_autocorrelated_noise_has_no_change(phi: float) -> None:
    values = autoregressive(np.random.default_rng(5), phi, 86_400, 50)

    assert sum(one.places.size for one in all_change_points(values)) == 0


def test_1_f_noise_has_no_change() -> None:
    generator = np.random.default_rng(6)
    frequency = np.fft.rfftfreq(40_000)
    frequency[0] = frequency[1]
    spectrum = generator.standard_normal((40, frequency.size)) + 1j * generator.standard_normal((40, frequency.size))
    values = np.fft.irfft(spectrum / np.sqrt(frequency), axis=1)[:, :20_000].T

    assert sum(one.places.size for one in all_change_points(values)) == 0


@pytest.mark.parametrize("phi", [0.0, 0.5])
def test_intervals_of_place_and_size_hold(phi: float) -> None:
    generator = np.random.default_rng(7)
    values = autoregressive(generator, phi, 8_000, 300)
    truth = generator.integers(1_500, 6_500, 300)
    for column, row in enumerate(truth):
        values[row:, column] += 1.2

    found = all_change_points(values)

    single = [(one, row) for one, row in zip(found, truth, strict=True) if one.places.size == 1]
    assert len(single) >= 297
    inside = [one.earliest[0] <= row <= one.latest[0] for one, row in single]
    held = [one.lows[0] <= 1.2 <= one.highs[0] for one, _ in single]
    assert 0.93 <= np.mean(inside) <= 1.0
    assert 0.93 <= np.mean(held) <= 1.0


def test_short_columns_are_judged_too(reference: Callable[[str], Path]) -> None:
    nile = np.array(json.loads(reference("nile_changepoint.json").read_text())["data"], dtype=float)

    found = all_change_points(nile, chance=0.05)[0]

    assert found.places.tolist() == [28]
    assert found.levels == pytest.approx([1097.75, 849.97], abs=0.01)


def test_scatter_that_changes_is_found_and_steps_are_no_scatter() -> None:
    values = np.random.default_rng(8).normal(0, 1, (20_000, 3))
    values[9_000:, 0] *= 2
    values[9_000:11_000, 1] *= 3
    values[9_000:, 2] += 5

    found = all_change_points(values, of="spread")

    assert [one.places.size for one in found] == [1, 2, 0]
    assert found[0].earliest[0] <= 9_000 <= found[0].latest[0]
    assert found[0].lows[0] <= 2 <= found[0].highs[0]
    assert found[1].sizes == pytest.approx([3, 1 / 3], rel=0.15)


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 20 rows"):
        all_change_points(np.zeros(5))
    with pytest.raises(ValueError, match="chance"):
        all_change_points(np.zeros(50), chance=0.0)
