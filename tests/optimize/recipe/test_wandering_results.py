"""Measured results whose level wanders by itself: settings that were held for a while must not be taken for its cause."""

import numpy as np
import pytest

from jasang.optimize.campaigns.setting import Goal, Setting
from jasang.optimize.recipe import RecipeRecords, Recommendation, Status, recommend_recipe
from jasang.optimize.recipe.memory import NONE, Memory, memory_of

ROWS = 3000


def wandering(rng: np.random.Generator, span: float, rows: int = ROWS) -> np.ndarray:
    """A level of spread 1 that forgets itself in `span` units."""
    keep = np.exp(-1 / span)
    found = np.empty(rows)
    level = rng.normal()
    for row in range(rows):
        level = keep * level + np.sqrt(1 - keep**2) * rng.normal()
        found[row] = level
    return found


def held(rng: np.random.Generator, low: float, high: float, span: int) -> np.ndarray:
    levels = rng.integers(low, high, ROWS // span + 1).astype(float)
    return np.repeat(levels, span)[:ROWS]


def asked(seed: int, span: float, effect: float) -> tuple[Recommendation, float]:
    """The recommendation for strength, and its true gain; strength is best at 208 °C where the effect is not 0."""
    rng = np.random.default_rng([seed, int(span)])
    values = {"temperature": held(rng, 195, 235, 60), "speed": held(rng, 20, 60, 40)}
    values["temperature"][-200:] = 225.0
    strength = 50 - effect * (values["temperature"] - 208) ** 2 + wandering(rng, span) + rng.normal(size=ROWS)
    (found,) = recommend_recipe(
        RecipeRecords(
            settings=(Setting(name="temperature", low=190, high=240), Setting(name="speed", low=20, high=60)),
            values=values,
            outcomes={"strength": strength},
            goals=(Goal(outcome="strength", direction="max"),),
        )
    )
    now = effect * (225.0 - 208) ** 2
    to = now if found.recommended is None else effect * (float(found.recommended["temperature"]) - 208) ** 2
    return found, now - to


@pytest.mark.parametrize("span", [50, 200, 800])
def test_nothing_is_recommended_where_only_the_level_wanders(span: float) -> None:
    assert [asked(seed, span, 0.0)[0].status for seed in range(6)].count(Status.RECOMMEND) == 0


@pytest.mark.parametrize("span", [20, 200])
def test_a_true_effect_is_found_and_its_interval_holds(span: float) -> None:
    answers = [asked(seed, span, 0.004) for seed in range(6)]

    assert [found.status for found, _ in answers] == [Status.RECOMMEND] * 6
    assert min(true for _, true in answers) > 0.7 * 0.004 * 17**2
    held_within = [found.gain is not None and found.gain.low <= true <= found.gain.high for found, true in answers]
    assert sum(held_within) >= 5


def test_memory_is_read_off_a_level_under_noise() -> None:
    rng = np.random.default_rng(4)
    memory = memory_of(wandering(rng, 100) + rng.normal(size=ROWS))

    assert 0.97 < memory.keep < 1
    assert 0.05 < memory.gain < 0.3
    assert memory_of(rng.normal(size=ROWS)) is NONE


def test_surprises_of_a_level_are_as_if_fresh() -> None:
    rng = np.random.default_rng(5)
    level = wandering(rng, 100) + rng.normal(size=ROWS)
    surprises = memory_of(level).surprises(level)

    assert abs(np.corrcoef(surprises[:-1], surprises[1:])[0, 1]) < 0.05
    assert abs(np.corrcoef(level[:-1], level[1:])[0, 1]) > 0.3


def test_without_memory_columns_stay_what_they_are() -> None:
    columns = np.arange(12.0).reshape(6, 2)

    assert np.array_equal(Memory().surprises(columns), columns)
    assert np.array_equal(Memory(keep=0.5, gain=1.0).surprises(columns)[1:], columns[1:] - 0.5 * columns[:-1])
