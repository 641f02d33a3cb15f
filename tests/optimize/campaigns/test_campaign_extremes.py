"""Campaigns on odd but possible data: constant outcomes, no numbers, huge scales, few and many settings, levels only."""

import json
from collections.abc import Callable, Mapping

import numpy as np
import pytest

from jasang.optimize.campaigns import Campaign, Goal, Setting, SettingLimit, Specification, Trial

Told = Callable[[Mapping[str, float | str]], dict[str, float | None]]
ONE = (Goal(outcome="y"),)


def unit(count: int) -> tuple[Setting, ...]:
    """Settings x0 … from 0 to 1."""
    return tuple(Setting(name=f"x{place}", low=0.0, high=1.0) for place in range(count))


def crowded(count: int, told: Told, rows: int = 12) -> tuple[Trial, ...]:
    """Records round the middle."""
    points = 0.5 + 0.03 * np.random.default_rng(1).standard_normal((rows, count))
    named = [{f"x{place}": float(x) for place, x in enumerate(point)} for point in points]
    return tuple(Trial(settings=one, outcomes=told(one)) for one in named)


def away(one: Mapping[str, float | str]) -> float:
    """Squared distance from 0.3 in every setting."""
    return float(sum((float(value) - 0.3) ** 2 for value in one.values()))


def driven(campaign: Campaign, told: Told, trials: int = 3) -> Campaign:
    """Make trials; everything stated must be a number and the campaign fit for JSON."""
    for _ in range(trials):
        suggestion = campaign.ask()[0]
        assert 0.0 <= suggestion.chance <= 1.0
        assert np.isfinite(suggestion.gain)
        campaign.tell(suggestion.result(told(suggestion.settings)))
    best = campaign.best()
    assert np.isfinite([best.value, best.low, best.high, best.chance]).all()
    assert Campaign.from_record(json.loads(json.dumps(campaign.to_record(), allow_nan=False))).ask() == campaign.ask()
    return campaign


@pytest.mark.parametrize("value", [0.0, 3.0, -1e9])
def test_constant_outcome_gives_no_gain(value: float) -> None:
    campaign = Campaign(
        settings=unit(2),
        goals=ONE,
        specifications=(Specification(outcome="y", high=abs(value) + 1.0),),
        history=crowded(2, lambda _: {"y": value}),
        promise=0.95,
    )

    best = driven(campaign, lambda _: {"y": value}).best()

    assert best.value == pytest.approx(0.0, abs=1e-6 * (1 + abs(value)))
    assert not best.tells


@pytest.mark.parametrize("lost", [float("nan"), float("inf"), None])
def test_outcome_that_is_no_number_was_not_measured(lost: float | None) -> None:
    campaign = Campaign(settings=unit(2), goals=ONE, history=crowded(2, lambda one: {"y": away(one)}))

    driven(campaign, lambda _: {"y": lost})

    assert len({tuple(trial.settings.values()) for trial in campaign.trials}) == 3


@pytest.mark.parametrize("size", [1e200, 1e15, 1e-15, 1e-200])
def test_any_size_of_numbers_finds_the_optimum(size: float) -> None:
    def told(one: Mapping[str, float | str]) -> dict[str, float | None]:
        return {"y": size * (1.0 + away(one))}

    campaign = Campaign(settings=unit(2), goals=ONE, history=crowded(2, told))

    assert away(driven(campaign, told, 6).best().settings) < 0.01


@pytest.mark.parametrize("count", [1, 12])
def test_one_setting_and_twelve(count: int) -> None:
    def told(one: Mapping[str, float | str]) -> dict[str, float | None]:
        return {"y": away(one)}

    campaign = driven(Campaign(settings=unit(count), goals=ONE, history=crowded(count, told)), told, 4)

    assert away(campaign.best().settings) < 0.9 * away(campaign.history[-1].settings)
    assert campaign.best().tells


def test_levels_only_and_whole_numbers_are_tried_out_and_then_repeated() -> None:
    settings = (
        Setting(name="resin", levels=("p", "q", "r")),
        Setting(name="shots", low=1.0, high=2.0, step=1.0),
    )

    def told(one: Mapping[str, float | str]) -> dict[str, float | None]:
        return {"y": {"p": 3.0, "q": 1.0, "r": 2.0}[str(one["resin"])] + 0.5 * float(one["shots"])}

    known = [{"resin": "p", "shots": 1.0}, {"resin": "p", "shots": 2.0}]
    campaign = Campaign(
        settings=settings, goals=ONE, history=tuple(Trial(settings=one, outcomes=told(one)) for one in known)
    )

    driven(campaign, told, 6)

    assert len({tuple(trial.settings.values()) for trial in campaign.trials}) == 4
    assert campaign.best().settings == {"resin": "q", "shots": 1.0}


def test_three_goals_and_a_narrow_band_between_settings() -> None:
    def told(one: Mapping[str, float | str]) -> dict[str, float | None]:
        a, b, c = (float(value) for value in one.values())
        return {"y": a, "z": (1 - a) ** 2 + b, "w": -c}

    band = SettingLimit(weights={"x0": 1.0, "x1": 1.0, "x2": 1.0}, low=1.49, high=1.51)
    goals = (*ONE, Goal(outcome="z", direction="max"), Goal(outcome="w"))
    campaign = driven(Campaign(settings=unit(3), goals=goals, limits=(band,), history=crowded(3, told)), told)

    for trial in campaign.trials:
        assert 1.49 - 1e-6 <= sum(float(value) for value in trial.settings.values()) <= 1.51 + 1e-6
