"""Joint windows, interactions, lags, coincidences, confounding and experiments on records whose truth is known."""

import numpy as np
import pytest
from tests.analyze.causes.made import bystanders, day_of, stations, together, two_columns, unrelated, wave

from jasang.analyze.causes import (
    Factor,
    aligned_at,
    change_moments,
    confounded_pairs,
    design_effect,
    find_interactions,
    first_seen,
    join_by_id,
    lagged_effect,
    lined_up,
    operating_window,
    plan_experiment,
    power_for_rates,
    rate_by_blocks,
    separation,
    units_for_means,
    units_for_rates,
)


def test_window_of_two_columns_as_a_foreman_holds_it() -> None:
    outcome, columns, _ = two_columns(1)

    window = operating_window(outcome, columns, day=day_of(outcome.size))

    assert window is not None
    held = {bound.column: (bound.low, bound.high) for bound in window.bounds}
    assert set(held) == {"mould", "hold"}
    assert held["mould"] == (pytest.approx(58, abs=0.5), pytest.approx(63, abs=0.5))
    assert held["hold"] == (pytest.approx(55, abs=0.5), None)
    assert window.holds
    assert window.inside.high < window.outside.low


def test_window_is_judged_on_rows_that_did_not_choose_it() -> None:
    outcome, columns, _ = two_columns(2)
    changed = outcome.copy()
    changed[int(0.6 * outcome.size) :] = np.random.default_rng(0).random(outcome.size - int(0.6 * outcome.size)) < 0.02

    before = operating_window(outcome, columns)
    after = operating_window(changed, columns)

    assert before is not None
    assert after is not None
    assert [(b.column, b.low, b.high) for b in before.bounds] == [(b.column, b.low, b.high) for b in after.bounds]
    assert (before.holds, after.holds) == (True, False)


def test_cost_of_holding_counts_how_often_and_how_far_it_was_left() -> None:
    values = np.tile(np.concatenate([np.full(15, 10.0), np.full(5, 14.0)]), 100)
    outcome = ((values > 12) & (np.arange(2000) % 3 == 0)).astype(float)

    window = operating_window(outcome, {"pressure": values})

    assert window is not None
    (bound,) = window.bounds
    assert (bound.outside_share, bound.episodes) == (0.25, 40)  # the last 800 rows hold 40 turns
    assert bound.distance == pytest.approx(14 - (bound.high or 0))


def test_columns_without_a_say_give_no_window_that_holds() -> None:
    held = []
    for seed in range(20):
        outcome, columns = unrelated(seed, ("flat", "days")[seed % 2])
        window = operating_window(outcome, columns, day=day_of(outcome.size))
        held.append(window is not None and window.holds)

    assert sum(held) == 0


def test_difference_of_the_judged_window_holds_the_truth() -> None:
    covered = []
    for seed in range(40):
        outcome, columns, rate = two_columns(100 + seed, jumps=0.0)
        window = operating_window(outcome, columns, day=day_of(outcome.size))
        assert window is not None
        later = np.arange(outcome.size) >= window.judged_from
        outside = window.outside_of(columns)
        truth = rate[later & (outside == 1)].mean() - rate[later & (outside == 0)].mean()
        covered.append(window.difference.low <= truth <= window.difference.high)

    assert sum(covered) >= 35  # 95 % of 40 is 38; fewer than 35 has a chance of 1 in 80


def test_pair_that_hurts_only_together() -> None:
    outcome, columns = together(3)

    (found,) = find_interactions(outcome, columns, day=day_of(outcome.size))

    assert {found.first.column, found.second.column} == {"a", "b"}
    assert found.only_together
    assert found.both == pytest.approx(0.12, abs=0.03)
    assert max(found.first_only, found.second_only) < 0.05
    assert found.low <= 0.10 <= found.high


def test_two_causes_that_add_up_are_no_interaction() -> None:
    assert [find_interactions(*unrelated(seed, "main")) for seed in range(5)] == [()] * 5


def test_pairs_by_chance_stay_within_the_stated_error() -> None:
    found = [bool(find_interactions(*unrelated(seed, ("flat", "days")[seed % 2]), alpha=0.05)) for seed in range(40)]

    assert sum(found) <= 5  # 5 % of 40 is 2


def test_interaction_of_a_supplier_and_a_temperature() -> None:
    rng = np.random.default_rng(5)
    temperature = wave(rng, 8000, 0.8)
    supplier = np.array(["A", "B", "C"])[rng.integers(0, 3, 400)].repeat(20)
    rate = 0.02 + 0.1 * ((temperature > 0.8) & (supplier == "B"))
    outcome = (rng.random(8000) < rate).astype(float)

    (found,) = find_interactions(outcome, {"temperature": temperature, "supplier": supplier})

    sides = {side.column: side for side in (found.first, found.second)}
    assert sides["supplier"].level == "B"
    assert sides["temperature"].above == pytest.approx(0.8, abs=0.15)


def test_lag_between_stations_is_found_with_its_interval() -> None:
    upstream, values, downstream, outcome = stations(1)

    found = lagged_effect(upstream, values, downstream, outcome, longest=4 * 3600.0)

    assert found is not None
    assert found.lag_low <= 2400 <= found.lag_high
    assert found.lag_high - found.lag_low < 1800
    assert found.low <= 0.02 <= found.high


def test_no_lag_between_stations_that_do_not_know_each_other() -> None:
    found = []
    for seed in range(20):
        upstream, values, downstream, outcome = stations(seed, effect=0.0)
        found.append(lagged_effect(upstream, values, downstream, outcome, longest=4 * 3600.0, alpha=0.05) is not None)

    assert sum(found) <= 3  # 5 % of 20 is 1


def test_the_value_before_a_moment_is_the_last_one_known() -> None:
    found = aligned_at(np.array([0.0, 10.0, 20.0]), np.array([1.0, 2.0, 3.0]), np.array([5.0, 10.0, 29.0]), 9.0)

    assert found.tolist()[1:] == [1.0, 3.0]
    assert np.isnan(found[0])


def test_units_are_joined_by_number_or_text_alike() -> None:
    joined = join_by_id(
        np.array([11.0, 12.0, 13.0]),
        np.array(["13", "12", "99", ""]),
        upstream_seconds=np.array([0.0, 60.0, 120.0]),
        downstream_seconds=np.array([720.0, 660.0, 700.0, 710.0]),
    )

    assert joined.rows.tolist() == [2, 1, -1, -1]
    assert (joined.matched, joined.lag) == (0.5, 600.0)


def test_what_changes_often_met_by_accident() -> None:
    met = lined_up(
        50.0,
        {"lot": [10.0, 50.3, 80.0], "shift": np.arange(0.0, 100.0, 0.5), "recipe": [20.0]},
        record=(0.0, 100.0),
        interval=(49.5, 50.5),
        most_chance=0.1,
    )

    assert [one.name for one in met] == ["lot"]
    assert met[0].chance == pytest.approx(1 - 0.99**3)
    assert met[0].chance_of_all == pytest.approx(1 - 0.99**9)


def test_chance_of_coincidence_is_what_it_says() -> None:
    rng = np.random.default_rng(6)
    met = [bool(lined_up(rng.uniform(20, 80), {str(k): rng.uniform(0, 100, 3) for k in range(5)}, record=(0, 100)))
           for _ in range(2000)]  # fmt: skip

    assert 0.03 <= np.mean(met) <= 0.06  # 5 % allowed for everything looked at


def test_moments_of_change_and_first_seen() -> None:
    codes, times = np.array([0, 0, 0, 1, 1, 0, 0, -1, 2, 2]), np.arange(10.0)

    assert change_moments(np.repeat(codes, 20), np.arange(200.0)).tolist() == [60.0, 100.0, 160.0]
    assert first_seen(codes, times) == {1: 3.0, 2: 8.0}


def test_confounded_pair_of_number_and_category() -> None:
    rng = np.random.default_rng(7)
    supplier = rng.integers(0, 3, 60).repeat(50)
    moisture = supplier * 1.0 + rng.normal(0, 0.2, 3000)
    columns = {**bystanders(rng, 3000, 3), "supplier": np.array(["P", "Q", "R"])[supplier], "moisture": moisture}

    (pair,) = confounded_pairs(columns)

    assert (pair.first, pair.second) == ("supplier", "moisture")
    assert pair.association > 0.9
    assert pair.inflation == pytest.approx(1 / (1 - pair.association**2))


def test_separation_names_the_missing_combination() -> None:
    first = np.repeat([1.0, 1.0, 0.0, 0.0], 200)
    second = np.repeat([1.0, 0.0, 0.0, 0.0], 200)

    found = separation(first, second, np.zeros(800))

    assert (found.rows_both, found.rows_first_only, found.rows_second_only) == (200, 200, 0)
    assert (found.separable, found.wanted) == (False, ("second_only",))


def test_units_agree_with_the_tables() -> None:
    # Fleiss (1981): without continuity correction, 5 % against 10 %, 80 % power: 435. Cohen (1988): d = 0.5 needs 64.
    assert units_for_rates(0.05, 0.10) == 435
    assert units_for_means(0.5, 1.0) == 64


def test_experiment_reaches_its_power() -> None:
    rng = np.random.default_rng(8)
    plan = plan_experiment([Factor(name="mould", low=56, high=60)], usual=0.05, effect=-0.03)
    side = plan.units // 2
    bad = rng.binomial(side, [0.05, 0.02], size=(4000, 2)) / side
    pooled = bad.mean(axis=1)
    seen = np.abs(bad[:, 0] - bad[:, 1]) > 1.96 * np.sqrt(2 * pooled * (1 - pooled) / side)

    assert plan.power >= 0.8
    assert seen.mean() == pytest.approx(plan.power, abs=0.04)  # by the normal distribution
    assert power_for_rates(0.05, 0.02, side) == pytest.approx(plan.power)


def test_four_factors_in_half_of_the_combinations() -> None:
    plan = plan_experiment([Factor(name=n, low=-1, high=1) for n in "abcd"], usual=0.05, effect=-0.03)
    signs = np.array([run.levels for run in plan.runs], dtype=float)

    assert signs.shape == (16, 4)  # 8 combinations, twice
    assert (signs.T @ signs == 16 * np.eye(4)).all()
    assert (signs.prod(axis=1) == 1).all()


def test_runs_that_are_alike_need_more_units() -> None:
    rng = np.random.default_rng(9)
    day = np.arange(20_000) // 200
    alike = rng.normal(size=100)[day] * 0.5 + rng.normal(size=20_000)

    assert design_effect(alike, day, 200) == pytest.approx(1 + 199 * 0.2, rel=0.25)
    assert design_effect(rng.normal(size=20_000), day, 200) < 1.6


def test_rate_by_blocks_holds_where_days_differ() -> None:
    covered = []
    for seed in range(300):
        rng = np.random.default_rng([seed, 15])
        day = np.arange(4000) // 100
        rates = rng.beta(2, 38, 40)
        found = rate_by_blocks((rng.random(4000) < rates[day]).astype(float), day)
        covered.append(found.low <= 0.05 <= found.high)

    assert 0.92 <= np.mean(covered) <= 0.985
