"""Designs have the properties their names promise; what cannot be made is refused in a sentence."""

import numpy as np
import pytest
from tests.optimize.experiments.textbook import factors

from jasang.optimize.experiments import (
    Constraint,
    Design,
    Factor,
    alias_structure,
    box_behnken,
    central_composite,
    definitive_screening,
    fit_model,
    fractional_factorial,
    full_factorial,
    in_blocks,
    main_effects,
    model_matrix,
    optimal_design,
    plackett_burman,
    power,
    quadratic,
    replicates_needed,
    run_sheet,
    with_interactions,
)

MATERIAL = Factor(name="material", levels=("A", "B", "C"))
OVEN = Factor(name="oven", low=150, high=200, unit="°C", hard_to_change=True)


def test_settings_and_codes_are_each_others_inverse() -> None:
    assert OVEN.setting(-1) == 150
    assert OVEN.setting(1.4) == 210
    assert OVEN.coded(175) == 0
    assert [MATERIAL.coded(MATERIAL.setting(code)) for code in (0, 1, 2)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": "a", "low": 2, "high": 1}, "low < high"),
        ({"name": "a", "levels": ("x",)}, "at least two"),
        ({"name": "a", "levels": ("x", "x")}, "different levels"),
    ],
)
def test_factors_that_make_no_sense_are_refused(given: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Factor(**given)  # type: ignore[arg-type]


def test_full_factorial_has_every_combination_once() -> None:
    design = full_factorial([*factors(2), MATERIAL])
    assert design.runs == 12
    assert len({tuple(row) for row in design.coded.tolist()}) == 12


# Resolutions of least-aberration fractions as Montgomery's table 8.14 gives them.
@pytest.mark.parametrize(
    ("k", "runs", "resolution"),
    [(3, 4, 3), (5, 16, 5), (6, 16, 4), (6, 32, 6), (7, 8, 3), (7, 16, 4), (7, 64, 7), (8, 16, 4), (8, 64, 5),
     (9, 32, 4), (10, 32, 4), (11, 32, 4), (9, 16, 3), (11, 16, 3)],
)  # fmt: skip
def test_fractions_have_the_best_resolution(k: int, runs: int, resolution: int) -> None:
    design = fractional_factorial(factors(k), runs=runs)
    X = design.coded
    assert design.runs == runs
    assert np.array_equal(X.T @ X, runs * np.eye(k))
    assert alias_structure(design).resolution == resolution


def test_least_aberration_decides_among_fractions_of_one_resolution() -> None:
    words = alias_structure(fractional_factorial(factors(7), runs=32)).words
    assert sorted(map(len, words)) == [4, 5, 5]  # not 4, 4, 6 (Fries and Hunter 1980)


def test_plackett_burman_is_orthogonal_and_shows_what_it_mixes() -> None:
    design = plackett_burman(factors(11))
    aliases = alias_structure(design)
    assert design.runs == 12
    assert np.array_equal(design.coded.T @ design.coded, 12 * np.eye(11))
    assert aliases.resolution == 3
    # Every main effect shares a third with each product of two others.
    assert {abs(value) for one, two, value in aliases.partial if len(one) == 1 and len(two) == 2} == {round(1 / 3, 6)}


def test_response_surface_designs() -> None:
    rotatable = central_composite(factors(3), centre=6)
    assert np.abs(rotatable.coded).max() == pytest.approx(8**0.25)
    assert np.abs(central_composite(factors(3), kind="faced").coded).max() == 1
    behnken = box_behnken(factors(4))
    assert behnken.runs == 27
    assert not (np.abs(behnken.coded) == 1).all(axis=1).any()
    with pytest.raises(ValueError, match="named levels"):
        central_composite([*factors(2), MATERIAL])


def test_definitive_screening_keeps_main_effects_free_of_second_order() -> None:
    design = definitive_screening([*factors(5), Factor(name="gate", levels=("left", "right"))], spare=0)
    X, owners = model_matrix(design.factors, design.coded, main_effects(design.factors))
    numbers = design.coded[:, :5]
    for a in range(5):
        for b in range(5):
            assert np.abs(X[:, 1:6].T @ (numbers[:, a] * numbers[:, b])).max() < 1e-9
    assert len(owners) == 7


def test_blocks_lose_only_products_of_many_factors() -> None:
    blocked, lost = in_blocks(full_factorial(factors(4)), 2)
    assert lost == ("ABCD",)
    assert np.bincount(blocked.blocks).tolist() == [8, 8]  # type: ignore[arg-type]
    _, lost = in_blocks(full_factorial(factors(3)), 4)
    assert sorted(lost) == ["AB", "AC", "BC"]
    with pytest.raises(ValueError, match="main effect"):
        in_blocks(full_factorial(factors(2)), 4)


def test_optimal_design_of_the_first_order_is_the_factorial() -> None:
    design = optimal_design(factors(3), 8, terms=main_effects(factors(3)), seed=1)
    X, _ = model_matrix(design.factors, design.coded, main_effects(design.factors))
    assert np.linalg.det(X.T @ X) == pytest.approx(8.0**4)


def test_optimal_design_keeps_every_constraint_and_mixes_factors() -> None:
    mixed = [Factor(name="T", low=150, high=200), Factor(name="P", low=1, high=3), MATERIAL]
    limit = Constraint(weights={"T": 1.0, "P": 20.0}, limit=240.0)
    design = optimal_design(mixed, 14, constraints=[limit], starts=3)
    settings = [design.settings(run) for run in range(14)]
    assert all(float(one["T"]) + 20 * float(one["P"]) <= 240 + 1e-6 for one in settings)
    assert {one["material"] for one in settings} == {"A", "B", "C"}
    # The edge where the constraint just holds is used: that is where the information lies.
    assert any(float(one["T"]) + 20 * float(one["P"]) > 239.9 for one in settings)


def test_i_optimal_predicts_better_than_d_optimal() -> None:
    sample = np.random.default_rng(5).uniform(-1, 1, size=(4000, 2))

    def variance(design: Design) -> float:
        X, _ = model_matrix(design.factors, design.coded, quadratic(design.factors))
        F, _ = model_matrix(design.factors, sample, quadratic(design.factors))
        return float(np.einsum("ij,jk,ik->i", F, np.linalg.inv(X.T @ X), F).mean())

    made = {one: optimal_design(factors(2), 9, criterion=one, seed=2) for one in ("D", "I")}  # type: ignore[arg-type]
    assert variance(made["I"]) < variance(made["D"])


def test_designs_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot estimate a model of 6 parameters"):
        optimal_design(factors(2), 5)
    with pytest.raises(ValueError, match="no room"):
        optimal_design(factors(2), 8, constraints=[Constraint(weights={"A": 1.0}, limit=-3.0)])
    with pytest.raises(ValueError, match="power of two"):
        fractional_factorial(factors(4), runs=12)


def test_run_sheet_is_random_within_blocks_and_the_same_for_a_seed() -> None:
    design, _ = in_blocks(full_factorial(factors(4)), 2)
    sheet = run_sheet(design, seed=7)
    blocks = [run.block for run in sheet.runs]
    assert blocks == sorted(blocks)
    assert sorted(sheet.order.tolist()) == list(range(16))
    assert sheet.order.tolist() != list(range(16))
    assert sheet.order.tolist() == run_sheet(design, seed=7).order.tolist()
    assert sheet.order.tolist() != run_sheet(design, seed=8).order.tolist()


def test_every_order_of_a_small_design_is_equally_likely() -> None:
    counts: dict[tuple[int, ...], int] = {}
    design = Design(name="three", factors=factors(1), coded=np.array([[-1.0], [0.0], [1.0]]))
    for seed in range(3000):
        order = tuple(run_sheet(design, seed=seed).order.tolist())
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 6
    assert sum((count - 500) ** 2 / 500 for count in counts.values()) < 20.5  # chi-square, 5 degrees, 1 in 1,000


def test_what_is_hard_to_change_stays_within_a_whole_plot() -> None:
    sheet = run_sheet(full_factorial([OVEN, *factors(2)]).repeated(2), seed=3)
    plots = [(run.whole_plot, run.settings["oven"]) for run in sheet.runs]
    assert len(set(plots)) == len({plot for plot, _ in plots}) == 2
    assert sum("oven" in run.change for run in sheet.runs) == 2


def test_power_is_what_simulation_shows() -> None:
    design = full_factorial(factors(3)).repeated(2)
    promised = power(design, effect=1.5, sigma=1.0, terms=with_interactions(design.factors))[0].power
    rng = np.random.default_rng(11)
    seen = [
        fit_model(design, 0.75 * design.coded[:, 0] + rng.standard_normal(16), terms=with_interactions(design.factors))
        .result(0)
        .p
        for _ in range(1500)
    ]
    assert np.mean(np.array(seen) < 0.05) == pytest.approx(promised, abs=0.04)


def test_power_says_when_nothing_is_left_for_the_error() -> None:
    saturated = fractional_factorial(factors(7), runs=8)
    assert all(np.isnan(one.power) for one in power(saturated, effect=2.0, sigma=1.0))
    assert replicates_needed(full_factorial(factors(3)), effect=1.0, sigma=1.0) == 5
