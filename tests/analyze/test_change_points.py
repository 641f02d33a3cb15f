"""Change points against the Nile, and the detector's false alarms and power by simulation."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import lfilter

from jasang.analyze.change_points import ChangeDetector, least_squares_breaks

ROWS = 400


def autoregressive(generator: np.random.Generator, phi: float, n: int = 64) -> np.ndarray:
    return lfilter([1.0], [1.0, -phi], generator.standard_normal((ROWS, n + 200)), axis=1)[:, 200:]


def pink(generator: np.random.Generator, exponent: float, n: int = 64) -> np.ndarray:
    frequency = np.fft.rfftfreq(2 * n)
    frequency[0] = frequency[1]
    shape = (ROWS, frequency.size)
    spectrum = (generator.standard_normal(shape) + 1j * generator.standard_normal(shape)) * frequency**-exponent
    return np.fft.irfft(spectrum, axis=1)[:, :n]


def sawtooth(generator: np.random.Generator, teeth: float) -> np.ndarray:
    place = np.arange(64) / 64 * teeth + generator.random((ROWS, 1))
    return 4 * (place % 1) + generator.standard_normal((ROWS, 64))


QUIET: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "white": lambda g: g.standard_normal((ROWS, 64)),
    "autoregressive 0.5": lambda g: autoregressive(g, 0.5),
    "autoregressive 0.95": lambda g: autoregressive(g, 0.95),
    "1/f": lambda g: pink(g, 0.5),
    "1/f^1.5": lambda g: pink(g, 0.75),
    "random walk": lambda g: np.cumsum(g.standard_normal((ROWS, 64)), axis=1),
    "random walk under noise": lambda g: (
        0.3 * np.cumsum(g.standard_normal((ROWS, 64)), axis=1) + g.standard_normal((ROWS, 64))
    ),
    "tool wear, 2 resets": lambda g: sawtooth(g, 2),
    "tool wear, 6 resets": lambda g: sawtooth(g, 6),
}


def test_least_squares_breaks_match_the_nile(reference: Callable[[str], Path]) -> None:
    known = json.loads(reference("nile_changepoint.json").read_text())

    made = least_squares_breaks(np.array(known["data"], dtype=float))

    assert list(made.breaks) == [int(known["expected"]["last_observation_before_change"])]
    assert known["params"]["start_year"] + made.breaks[0] - 1 == int(known["expected"]["year"])
    assert f"{made.residual_squares[0]:.3f}" == known["expected"]["rss_0"]
    assert f"{made.residual_squares[1]:.3f}" == known["expected"]["rss_1"]
    assert f"{made.criterion[0]:.3f}" == known["expected"]["bic_0"]
    assert f"{made.criterion[1]:.3f}" == known["expected"]["bic_1"]


def test_detector_finds_the_nile_dam(reference: Callable[[str], Path]) -> None:
    known = json.loads(reference("nile_changepoint.json").read_text())

    change = ChangeDetector(100).find(np.array([known["data"]], dtype=float))[0]

    assert (change.kind, change.start, change.wanders) == ("step", 28.0, False)
    assert change.low < -247.8 < change.high  # difference of the means before and after 1898
    assert change.p < 0.05


@pytest.mark.parametrize("name", list(QUIET))
def test_quiet_rows_alarm_no_more_than_stated(name: str) -> None:
    detector = ChangeDetector(64)
    rows = QUIET[name](np.random.default_rng(17))

    p = np.array([change.p for change in detector.find(rows)])

    # 400 rows: more than 10 below 0.01 would be a rate above 2.5 %, less likely than 1 in 300 if the p-value holds.
    assert (p < 0.01).sum() <= 10
    assert (p < 0.0005).sum() <= 2


@pytest.mark.parametrize(("phi", "size", "at"), [(0.0, 4.0, 56), (0.5, 4.5, 40), (0.8, 6.0, 40)])
def test_shift_is_found_with_its_size_and_onset(phi: float, size: float, at: int) -> None:
    rows = autoregressive(np.random.default_rng(23), phi)
    rows = rows / rows.std() + size * (np.arange(64) >= at)

    changes = ChangeDetector(64).find(rows)

    found = [change for change in changes if change.p < 0.01]
    held = [change.low <= size <= change.high for change in found]
    onset = [change.onset[0] <= at <= change.onset[1] for change in found if change.kind == "step"]
    assert len(found) >= 0.8 * ROWS
    assert np.mean(held) >= 0.9
    assert np.mean(onset) >= 0.93


def test_ramp_is_told_from_step() -> None:
    generator = np.random.default_rng(29)
    ramp = generator.standard_normal((200, 64)) + 6 * np.clip((np.arange(64) - 40) / 24, 0, 1)
    step = generator.standard_normal((200, 64)) + 3.0 * (np.arange(64) >= 40)

    ramps = [change.kind for change in ChangeDetector(64).find(ramp)]
    steps = [change.kind for change in ChangeDetector(64).find(step)]

    assert ramps.count("ramp") >= 190
    assert steps.count("step") >= 150


def test_change_that_a_nuisance_explains_is_none() -> None:
    generator = np.random.default_rng(31)
    share = (np.arange(64) >= 40) * 0.9 + generator.random(64) * 0.1
    rows = generator.standard_normal((50, 64)) + 8 * share

    assert min(change.p for change in ChangeDetector(64).find(rows)) < 1e-6
    assert min(change.p for change in ChangeDetector(64, share[:, None]).find(rows)) > 0.01


def test_constant_row_has_no_change() -> None:
    assert ChangeDetector(16).find(np.full((1, 16), 7.0))[0].p == 1.0


def test_detector_refuses_nonsense() -> None:
    with pytest.raises(ValueError, match="12 to 128 blocks, got 3"):
        ChangeDetector(3)
    with pytest.raises(ValueError, match=r"shape \(n, 16\)"):
        ChangeDetector(16).find(np.full((1, 16), np.nan))
