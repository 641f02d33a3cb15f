"""Lives and trends: published figures, coverage by simulation, and what is refused."""

import numpy as np
import pytest

from jasang.analyze.remaining_life import (
    Lives,
    NoTrend,
    TooFewFailures,
    fit_hazards,
    fit_weibull,
    lives_from_events,
    lives_from_resets,
    remaining_by_hazard,
    remaining_by_trend,
    remaining_life,
    replacement_age,
)


def drawn(rng: np.random.Generator, n: int = 30, shape: float = 2.5, scale: float = 1000.0) -> Lives:
    life, stop = scale * rng.weibull(shape, n), rng.uniform(300, 1500, n)
    return Lives(duration=np.minimum(life, stop), failed=life <= stop)


def test_weibull_of_ball_bearings_matches_the_published_fit() -> None:
    # Lieblein and Zelen (1956), 23 deep-groove ball bearings, millions of revolutions; fit: Lawless (2003), example 5.2.1.
    revolutions = np.array([17.88, 28.92, 33.00, 41.52, 42.12, 45.60, 48.48, 51.84, 51.96, 54.12, 55.56, 67.80,
                            68.64, 68.64, 68.88, 84.12, 93.12, 98.64, 105.12, 105.84, 127.92, 128.04, 173.40])  # fmt: skip

    model = fit_weibull(Lives(duration=revolutions, failed=np.ones(23, dtype=bool)))

    assert model.shape.value == pytest.approx(2.102, abs=0.001)
    assert model.scale.value == pytest.approx(81.88, abs=0.02)
    assert model.wears_out


def test_intervals_of_shape_and_scale_hold_in_ninety_five_of_a_hundred() -> None:
    rng = np.random.default_rng(4)
    models = [fit_weibull(drawn(rng)) for _ in range(150)]

    shape = sum(m.shape.low <= 2.5 <= m.shape.high for m in models)
    scale = sum(m.scale.low <= 1000 <= m.scale.high for m in models)

    assert 134 <= shape <= 150  # 142.5 ± 3 standard errors
    assert 134 <= scale <= 150


def test_interval_of_remaining_life_holds_the_next_lives() -> None:
    rng = np.random.default_rng(8)
    held = tried = 0
    for _ in range(12):
        rest = remaining_life(drawn(rng), 400.0)
        life = 1000 * rng.weibull(2.5, 400)
        left = life[life > 400] - 400
        held += int(((left >= rest.low) & (left <= rest.high)).sum())
        tried += left.size

    assert 0.84 <= held / tried <= 0.97  # asked: 0.90


def test_too_few_failures_are_refused() -> None:
    lives = Lives(duration=np.arange(1.0, 21.0), failed=np.arange(20) < 4)

    with pytest.raises(TooFewFailures, match="4 failures recorded, at least 5"):
        fit_weibull(lives)


def test_lives_come_from_a_counter_that_is_set_back() -> None:
    counter = np.array([2.0, 5, 9, 1, 4, 7, 0, 3, np.nan, 6])
    failed = np.array([0, 0, 1, 0, 0, 0, 0, 0, 0, 0])

    lives = lives_from_resets(counter, failed)

    assert lives.duration.tolist() == [9.0, 7.0, 6.0]
    assert lives.failed.tolist() == [True, False, False]


def test_lives_come_from_times_of_failures() -> None:
    lives = lives_from_events(np.array([10.0, 25.0]), until=40.0, replacements=np.array([18.0]))

    assert lives.duration.tolist() == [10.0, 8.0, 7.0, 15.0]
    assert lives.failed.tolist() == [True, False, True, False]


def test_replacement_by_age_is_advised_for_wear_only() -> None:
    rng = np.random.default_rng(6)
    worn = fit_weibull(Lives(duration=1000 * rng.weibull(4, 40), failed=np.ones(40, dtype=bool)))
    chance = fit_weibull(Lives(duration=1000 * rng.weibull(1, 40), failed=np.ones(40, dtype=bool)))

    age = replacement_age(worn, planned=100, failure=1000)

    assert age is not None
    assert 300 < age < 700
    assert replacement_age(chance, planned=100, failure=1000) is None


def test_hazard_ratio_of_load_is_found() -> None:
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(40):
        load = rng.normal(size=(60, 2))
        life = 1000 * np.sqrt(rng.exponential(size=60) / np.exp(load @ [0.7, 0.0]))
        stop = rng.uniform(300, 2500, 60)
        model = fit_hazards(Lives(duration=np.minimum(life, stop), failed=life <= stop), load, ("load", "oil"))
        held += model.ratios[0].low <= np.exp(0.7) <= model.ratios[0].high

    assert 34 <= held <= 40  # 38 ± 3 standard errors
    hard, easy = (remaining_by_hazard(model, 200.0, np.array([x, 0.0])).value for x in (1.5, -1.5))
    assert hard < easy


def test_interval_of_a_trend_holds_the_crossing() -> None:
    rng = np.random.default_rng(2)
    held = tried = 0
    for _ in range(200):
        level = np.cumsum(rng.normal(0.05, 0.3, 4000))
        crossing = np.flatnonzero(level >= 60)
        if not crossing.size or crossing[0] < 450:
            continue
        try:
            found = remaining_by_trend(np.arange(400.0), level[:400] + rng.normal(0, 0.5, 400), 60.0)
        except NoTrend:
            continue
        tried += 1
        held += found.low <= crossing[0] - 399 <= found.high

    assert tried > 120
    assert held / tried >= 0.82  # asked: 0.90


def test_wandering_is_no_trend() -> None:
    rng = np.random.default_rng(5)
    told = 0
    for _ in range(100):
        try:
            remaining_by_trend(np.arange(400.0), np.cumsum(rng.normal(0, 0.3, 400)), 60.0)
        except NoTrend:
            continue
        told += 1

    assert told <= 9  # 2.5 % on the side of the limit, and three standard errors


def test_limit_that_is_reached_is_said_so() -> None:
    with pytest.raises(NoTrend, match="reached already"):
        remaining_by_trend(np.arange(100.0), np.arange(100.0), 50.0)
