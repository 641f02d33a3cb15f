"""Did it help? Intervals hold under autocorrelated noise, controls and weekdays are used, and chance is seldom confirmed.

The large counts are in docs/statistics.md (`python -m benchmarks.effects`); these smaller ones keep them from being lost.
"""

import numpy as np
import pytest
from scipy.signal import lfilter

from jasang.analyze.effects import (
    Lasting,
    Verdict,
    days_to_see,
    early_confidence,
    interrupted_series,
    judge,
    judge_lasting,
    placebo_in_place,
    placebo_in_time,
)


def autocorrelated(rng: np.random.Generator, n: int, phi: float) -> np.ndarray:
    """Autoregressive noise of variance 1, shape (n,)."""
    found: np.ndarray = lfilter([1.0], [1.0, -phi], rng.normal(size=n + 200))[200:] * np.sqrt(1.0 - phi**2)
    return found


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.8])
def test_interval_of_95_percent_holds_the_true_effect(phi: float) -> None:
    rng = np.random.default_rng(11)
    records = 200
    held = 0
    for _ in range(records):
        values = autocorrelated(rng, 90, phi)
        values[60:] -= 1.3
        effect = interrupted_series(values, 60, course=False)
        held += effect.low <= -1.3 <= effect.high

    # Three standard errors of 200 records around 95 %.
    assert 0.904 <= held / records <= 0.996


def test_controls_take_out_what_all_machines_share() -> None:
    rng = np.random.default_rng(2)
    shared = np.cumsum(rng.normal(0.0, 0.5, 90))
    controls = shared[:, None] + rng.normal(0.0, 0.3, (90, 4))
    values = 10.0 + shared + rng.normal(0.0, 0.3, 90)
    values[60:] -= 1.0

    alone = interrupted_series(values, 60)
    beside = interrupted_series(values, 60, controls=controls)

    assert beside.high - beside.low < 0.5 * (alone.high - alone.low)
    assert beside.low < -1.0 < beside.high < 0.0


def test_weekdays_are_no_effect() -> None:
    rng = np.random.default_rng(3)
    weekday = np.arange(75) % 7
    values = np.where(weekday >= 5, 4.0, 0.0) + rng.normal(0.0, 0.2, 75)
    values[60:] -= 0.6

    effect = interrupted_series(values, 60, season=weekday)

    assert effect.low < -0.6 < effect.high < 0.0
    assert effect.high - effect.low < 0.6


def test_expected_course_follows_the_days_before_and_not_the_effect() -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(5.0, 0.3, 60)
    values[40:] -= 2.0

    effect = interrupted_series(values, 40)

    assert np.abs(effect.expected[40:] - 5.0).max() < 0.3
    assert (effect.expected_low[40:] > values[40:]).mean() > 0.95
    assert effect.expected.shape == (60,)


def test_days_left_out_stay_empty_and_do_not_count() -> None:
    values = np.random.default_rng(5).normal(0.0, 1.0, 60)
    values[10] = np.nan

    effect = interrupted_series(values, 40, settle=3)

    assert np.isnan(effect.expected[[10, 40, 41, 42]]).all()
    assert (effect.before, effect.after) == (39, 17)


def test_effect_of_a_window_leaves_the_first_days_aside() -> None:
    rng = np.random.default_rng(6)
    values = rng.normal(0.0, 0.3, 160)
    values[60:110] -= 2.0  # it helped, and then it was forgotten

    early = interrupted_series(values, 60, effect_to=90)
    late = interrupted_series(values, 60, effect_from=130)

    assert early.high < -1.0
    assert late.low < 0.0 < late.high
    assert judge_lasting(early, late, better=-1) is Lasting.LOST


def test_too_short_a_record_is_refused() -> None:
    with pytest.raises(ValueError, match="5 values before and 20 after"):
        interrupted_series(np.zeros(25), 5)


def test_waiting_as_told_shows_the_effect_in_at_least_80_percent() -> None:
    rng = np.random.default_rng(7)
    seen, records = 0, 80
    for _ in range(records):
        values = autocorrelated(rng, 160, 0.3)
        waiting = days_to_see(values[:60], 1.2)
        values[60:] -= 1.2
        end = 60 + min(98, -(-(waiting.days or 98) // 14) * 14)  # whole fortnights: the noises are made once for each
        seen += interrupted_series(values[:end], 60, course=False).high < 0.0

    assert seen / records >= 0.70  # 80 % less two standard errors


def test_waiting_grows_as_the_effect_shrinks() -> None:
    before = np.random.default_rng(8).normal(0.0, 1.0, 60)

    waits = [days_to_see(before, size).days for size in (2.0, 1.0, 0.75)]

    assert waits[0] == 7
    assert waits[0] < waits[1] < waits[2]
    assert days_to_see(before, 0.05).days is None


def test_chance_is_seldom_confirmed_by_looking_every_day() -> None:
    rng = np.random.default_rng(9)
    confirmed, records = 0, 80
    for _ in range(records):
        values = autocorrelated(rng, 60 + 28, 0.5)
        for days in (7, 10, 14, 21, 28):
            part = values[: 60 + days]
            confidence = early_confidence(0.95, days / 28)
            effect = interrupted_series(part, 60, course=False)
            early = interrupted_series(part, 60, confidence=confidence, course=False)
            if judge(effect, better=-1, days=days, needed=28, early=early) is Verdict.CONFIRMED:
                confirmed += 1
                break

    assert confirmed / records <= 0.07


@pytest.mark.parametrize(
    ("change", "days", "verdict"),
    [
        (-3.0, 20, Verdict.CONFIRMED),
        (3.0, 20, Verdict.WORSE),
        (0.0, 20, Verdict.NOT_SEEN),
        (0.0, 10, Verdict.TOO_EARLY),
        (-3.0, 10, Verdict.CONFIRMED),  # so large that half the time suffices
        (-3.0, 5, Verdict.TOO_EARLY),  # not a whole week
    ],
)
def test_verdict(change: float, days: int, verdict: Verdict) -> None:
    rng = np.random.default_rng(10)
    values = rng.normal(0.0, 0.5, 60 + days)
    values[60:] += change
    effect = interrupted_series(values, 60)
    early = interrupted_series(values, 60, confidence=early_confidence(0.95, days / 20))

    assert judge(effect, better=-1, days=days, needed=20, early=early) is verdict


def test_placebos_are_smaller_than_a_real_effect() -> None:
    rng = np.random.default_rng(12)
    controls = rng.normal(0.0, 1.0, (100, 6))
    values = rng.normal(0.0, 1.0, 100)
    values[80:] -= 3.0

    in_time = placebo_in_time(values, 80)
    in_place = placebo_in_place(values, 80, controls)

    assert in_time is not None
    assert in_place is not None
    assert in_time.p_value == pytest.approx(1.0 / (1 + in_time.effects.size))
    assert in_place.p_value == pytest.approx(1.0 / 7.0)
