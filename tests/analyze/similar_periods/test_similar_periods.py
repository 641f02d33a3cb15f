"""Similar stretches: found where they were planted, rare by chance where they are real, and what followed is counted right."""

import numpy as np
import pytest
from scipy import stats
from scipy.signal import lfilter

from jasang.analyze.similar_periods import (
    chance_of_match,
    distance_profile,
    level_after,
    rank_of_match,
    similar_periods,
    standard_scores,
    surrogate,
    what_followed,
)


def wander(rng: np.random.Generator, rows: int, signals: int = 3, memory: float = 0.9) -> np.ndarray:
    return np.asarray(lfilter([1.0], [1.0, -memory], rng.standard_normal((rows, signals)), axis=0))


def test_profile_agrees_with_the_definition() -> None:
    rng = np.random.default_rng(1)
    scores = standard_scores(wander(rng, 300))
    query = scores[200:230]

    for likeness in ("level", "shape", "both"):
        found = distance_profile(scores, 200, 230, likeness=likeness)
        for place in (0, 57, 200, 270):
            part = scores[place : place + 30]
            level = ((part - query) ** 2).mean(axis=0)
            shape = (((part - part.mean(0)) / part.std(0) - (query - query.mean(0)) / query.std(0)) ** 2).mean(axis=0)
            wanted = {"level": level, "shape": shape, "both": (level + shape) / 2}[likeness]
            assert found[place] == pytest.approx(np.sqrt(wanted), abs=1e-6)


def test_missing_values_are_left_out_of_the_distance() -> None:
    scores = standard_scores(wander(np.random.default_rng(2), 300))
    scores[105, 0] = np.nan
    scores[10:30, 1] = np.nan

    found = distance_profile(scores, 250, 280, likeness="level")

    part, query = scores[100:130, 0], scores[250:280, 0]
    assert found[100, 0] == pytest.approx(np.sqrt(np.nanmean((part - query) ** 2)))
    assert (np.isnan(found[5, 1]), np.isfinite(found[5, 0])) == (True, True)


def test_planted_repeats_are_found_in_order_and_do_not_overlap() -> None:
    rng = np.random.default_rng(3)
    values = wander(rng, 6000)
    pattern = values[5900:6000].copy()
    for place, noise in ((500, 0.1), (2200, 0.3), (4000, 0.5)):
        values[place : place + 100] = pattern + noise * rng.standard_normal((100, 3))

    found = similar_periods(values, 5900, 6000, most=4)

    assert [match.start for match in found[:3]] == [500, 2200, 4000]
    assert found[3].distance > 1.5 * found[2].distance
    assert all(abs(a.start - b.start) >= 100 for a in found for b in found if a is not b)


def test_no_match_spans_a_break_or_comes_after_the_stretch() -> None:
    rng = np.random.default_rng(4)
    values = wander(rng, 2000)
    values[300:350] = values[1000:1050]
    values[1500:1550] = values[1000:1050]

    found = similar_periods(values, 1000, 1050, breaks=(320,))
    later = similar_periods(values, 1000, 1050, before_only=False)

    assert all(match.end <= 1000 and not match.start < 320 < match.end for match in found)
    assert {later[0].start, later[1].start} == {300, 1500}


def test_surrogates_keep_values_memory_and_what_goes_together() -> None:
    rng = np.random.default_rng(5)
    values = wander(rng, 4096, 2)
    values[:, 1] = 0.8 * values[:, 0] + 0.6 * values[:, 1]

    made = surrogate(values, rng)

    assert np.sort(made, axis=0).tolist() == np.sort(values, axis=0).tolist()
    assert np.corrcoef(made.T)[0, 1] == pytest.approx(np.corrcoef(values.T)[0, 1], abs=0.05)
    assert np.corrcoef(made[:-1, 0], made[1:, 0])[0, 1] == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize("memory", [0.0, 0.9, 0.98])
def test_a_record_that_never_repeats_itself_has_matches_by_chance_only(memory: float) -> None:
    rng = np.random.default_rng(6)
    chances = []
    for number in range(60):
        values = wander(rng, 1200, 2, memory)
        best = similar_periods(values, 1160, 1200, most=1)[0]
        chance = chance_of_match(values, 1160, 1200, np.array([best.distance]), surrogates=19, seed=number)
        chances.append(float(chance.p[0]))

    # Uniform on 0.05, 0.10, …, 1: 5 % at most 0.05 (binomial limits 1 in 1,000), and a mean of 0.525.
    assert sum(p <= 0.05 for p in chances) <= int(stats.binom.ppf(0.999, 60, 0.05))
    assert abs(float(np.mean(chances)) - 0.525) < 0.16


def test_a_planted_repeat_is_not_by_chance() -> None:
    rng = np.random.default_rng(7)
    values = wander(rng, 1500)
    values[400:440] = values[1460:1500] + 0.2 * rng.standard_normal((40, 3))

    best = similar_periods(values, 1460, 1500, most=1)[0]
    chance = chance_of_match(values, 1460, 1500, np.array([best.distance]), surrogates=49)

    assert (best.start, float(chance.p[0])) == (400, 1 / 50)
    assert rank_of_match(values, 1460, 1500, best.distance) < 0.2


def test_events_that_followed_are_counted_beside_the_usual() -> None:
    moments = np.arange(0.0, 1000.0)
    events = np.array([105.0, 203.0, 395.0, 700.0])

    found = what_followed(np.array([100.0, 200.0, 300.0, 390.0]), events, 10.0, moments=moments)

    assert (found.count, found.of, found.share, found.events) == (3, 4, 0.75, 3)
    assert (found.low, found.high) == pytest.approx((0.1941, 0.9937), abs=1e-4)
    assert found.usual == pytest.approx(40 / 1000, abs=0.003)
    assert found.p == pytest.approx(stats.binom.sf(2, 4, found.usual))


def test_a_match_at_the_end_of_the_record_is_not_counted_as_quiet() -> None:
    found = what_followed(np.array([10.0, 95.0]), np.array([12.0]), 10.0, moments=np.arange(100.0))

    assert (found.count, found.of) == (1, 1)


def test_the_level_after_has_an_interval_that_holds() -> None:
    rng = np.random.default_rng(8)
    held = 0
    for _ in range(300):
        others = rng.standard_normal(200) + 5.0
        found = level_after(rng.standard_normal(4) + 6.0, others)
        held += found.low <= 6.0 <= found.high
    assert 272 <= held <= 296


def test_too_short_a_history_says_so() -> None:
    with pytest.raises(ValueError, match="at least 4 rows"):
        similar_periods(np.zeros((100, 1)), 98, 100)
    with pytest.raises(ValueError, match="shorter than two stretches"):
        chance_of_match(np.zeros((100, 1)), 50, 90, np.array([0.1]))
