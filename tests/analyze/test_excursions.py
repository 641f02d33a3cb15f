"""Excursions: planted ones are found with their onset and end, ordinary signals of many kinds give none."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.signal import lfilter

from jasang.analyze.excursions import find_excursions

Make = Callable[[np.random.Generator, int], np.ndarray]
PER_FACTORY = 0.01 / 30  # thirty columns


def autoregressive(generator: np.random.Generator, phi: float, n: int, *, heavy: bool = False) -> np.ndarray:
    noise = generator.standard_t(3, n + 500) if heavy else generator.standard_normal(n + 500)
    return np.asarray(lfilter([np.sqrt(1 - phi**2)], [1, -phi], noise)[500:])


def nights(generator: np.random.Generator, n: int) -> np.ndarray:
    rest = np.arange(n) % (n // 20) > 0.7 * (n // 20)
    course = lfilter([0.1], [1, -0.9], np.where(rest, -30.0, 0.0))
    return np.asarray(50 + course + autoregressive(generator, 0.5, n))


def weeks(generator: np.random.Generator, n: int) -> np.ndarray:
    period = n // int(generator.integers(4, 9))
    return np.where(np.arange(n) % period > 0.72 * period, 5.0, 50.0) + 2 * autoregressive(generator, 0.5, n)


def tool_wear(generator: np.random.Generator, n: int) -> np.ndarray:
    return (np.arange(n) % (n // 12)) / (n / 60) + autoregressive(generator, 0.5, n)


ORDINARY: dict[str, Make] = {
    "strongly autocorrelated": lambda generator, n: autoregressive(generator, 0.97, n),
    "slow wander": lambda generator, n: (
        2 * autoregressive(generator, 1 - 20 / n, n) + autoregressive(generator, 0.3, n)
    ),
    "heavy tails": lambda generator, n: generator.standard_t(3, n),
    "heavy tails, autocorrelated": lambda generator, n: autoregressive(generator, 0.9, n, heavy=True),
    "rounded": lambda generator, n: np.round(2 * autoregressive(generator, 0.8, n)),
    "daily cycle": lambda generator, n: 3 * np.sin(np.arange(n) * 40 * np.pi / n) + autoregressive(generator, 0.5, n),
    "nights at rest": nights,
    "weekends at rest": weeks,
    "tool wear": tool_wear,
    "skewed": lambda generator, n: np.exp(0.6 * autoregressive(generator, 0.6, n)),
}


@pytest.mark.parametrize("kind", ORDINARY)
def test_ordinary_signals_have_none(kind: str) -> None:
    generator = np.random.default_rng(11)
    found = [
        find_excursions(ORDINARY[kind](generator, n), level=PER_FACTORY) for n in (400, 1500, 5000) for _ in range(10)
    ]
    assert [one for one in found if one is not None] == []


@pytest.mark.parametrize("sign", [1, -1])
def test_planted_excursions_are_found_where_they_are(sign: int) -> None:
    generator = np.random.default_rng(12)
    hits = 0
    for _ in range(30):
        values = 100 + autoregressive(generator, 0.3, 4000)
        start = int(generator.integers(200, 3700))
        values[start : start + 40] += sign * 8.0
        found = find_excursions(values, level=PER_FACTORY)
        if found is not None and len(found.episodes) == 1:
            episode = found.episodes[0]
            near = abs(episode.first - start) <= 12 and abs(episode.last - start - 39) <= 12
            hits += near and np.sign(episode.peak - 100) == sign and start <= episode.peak_row < start + 40
    assert hits >= 24


def test_what_happens_often_is_ordinary() -> None:
    generator = np.random.default_rng(13)
    once, often = autoregressive(generator, 0.3, 4000), autoregressive(generator, 0.3, 4000)
    once[2000:2030] += 15
    for start in range(300, 3900, 600):
        often[start : start + 30] += 15
    assert find_excursions(once, level=PER_FACTORY) is not None
    assert find_excursions(often, level=PER_FACTORY) is None


def test_a_single_wild_reading_is_no_episode() -> None:
    values = autoregressive(np.random.default_rng(14), 0.3, 4000)
    values[2000:2002] += 40
    assert find_excursions(values, level=PER_FACTORY) is None


@pytest.mark.parametrize("values", [np.zeros(0), np.zeros(5000), np.arange(100.0), np.repeat([1.0, 2.0], 2500)])
def test_what_cannot_be_judged_gives_nothing(values: np.ndarray) -> None:
    assert find_excursions(values) is None


def test_breakdown_of_a_day_is_told_in_a_record_with_many_short_dips() -> None:
    generator = np.random.default_rng(3)
    values = 88 + 5 * autoregressive(generator, 0.9, 22_000)
    for start in generator.integers(0, 18_000, 60):
        values[start : start + 20] -= generator.uniform(5, 35)  # heavy-tailed extremes: each is ordinary here
    values[19_000:19_400] = 20 + 3 * generator.standard_normal(400)

    found = find_excursions(values, level=PER_FACTORY)

    assert found is not None
    (episode,) = found.episodes
    assert (abs(episode.first - 19_000) <= 70, abs(episode.last - 19_399) <= 70) == (True, True)


@pytest.mark.parametrize("phi", [0.95, 0.99, 0.998])
def test_slow_wander_does_not_stay_far_out(phi: float) -> None:
    told = [
        find_excursions(autoregressive(np.random.default_rng(seed), phi, 6_000), level=PER_FACTORY)
        for seed in range(40)
    ]

    assert [one for one in told if one is not None] == []
