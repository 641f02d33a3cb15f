"""Published experiments to the digits published (Box, Hunter and Hunter 1978; Quinlan 1985; e-Handbook 5.4.7.3)."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.optimize.experiments.textbook import experiment, factors, read_numbers

from jasang.optimize.experiments import (
    Design,
    Goal,
    alias_structure,
    best_settings,
    fit_experiment,
    fit_model,
    main_effects,
    quadratic,
    ridge_path,
    surface,
    with_interactions,
)


@pytest.fixture
def folder(real_data: Any) -> Path:
    return Path(real_data("doe_textbook"))


def effects(fit: Any) -> dict[str, float]:
    return {one.name: round(one.effect, 6) for one in fit.results}


def test_pilot_plant(folder: Path) -> None:
    design, y = experiment(folder, "BOXPILOT")
    fit = fit_model(design, y, terms=with_interactions(design.factors, order=3))

    assert effects(fit) == {
        "mean": 64.25, "A": 23.0, "B": -5.0, "C": 1.5, "A × B": 1.5, "A × C": 10.0, "B × C": 0.0, "A × B × C": 0.5,
    }  # fmt: skip
    assert fit.unreplicated
    assert [one.name for one in fit.results[1:] if one.p < 0.05] == ["A", "A × C"]


def test_reactor_in_32_runs(folder: Path) -> None:
    design, y = experiment(folder, "BOXREACTOR_5_32")
    found = effects(fit_model(design, y, terms=with_interactions(design.factors)))

    assert {name: found[name] for name in ("mean", "B", "D", "E", "B × D", "D × E")} == {
        "mean": 65.5, "B": 19.5, "D": 10.75, "E": -6.25, "B × D": 13.25, "D × E": -11.0,
    }  # fmt: skip


def test_reactor_in_16_runs_says_the_same(folder: Path) -> None:
    design, y = experiment(folder, "BOXREACTOR_5_16")
    fit = fit_experiment(design, y)

    assert effects(fit) == {"mean": 65.25, "B": 20.5, "D": 12.25, "E": -6.25, "B × D": 10.75, "D × E": -9.5}
    assert alias_structure(design).words == ("ABCDE",)
    assert alias_structure(design).resolution == 5


def test_filtration_in_8_runs(folder: Path) -> None:
    design, y = experiment(folder, "BOXFILT")
    found = list(effects(fit_model(design, y, terms=main_effects(design.factors))).values())
    chains = alias_structure(design).chains

    assert [round(one, 1) for one in found[1:]] == [-10.9, -2.8, -16.6, 3.2, -22.8, -3.4, 0.5]
    assert alias_structure(design).resolution == 3
    assert ("A", "BD", "CE", "FG") in chains


def test_bicycle_in_8_runs(folder: Path) -> None:
    design, y = experiment(folder, "BOXBIKE2")
    assert effects(fit_experiment(design, y)) == {"mean": 66.5, "B": 12.0, "D": 22.5}


def test_yield_is_a_ridge_and_no_single_optimum_is_named(folder: Path) -> None:
    design, y = experiment(folder, "BOXYIEL3")
    fit = fit_model(design, y, terms=quadratic(design.factors))
    found = surface(fit)

    coefficients = {one.name: round(one.coefficients[0], 2) for one in fit.results}
    assert coefficients == {"mean": 87.37, "A": -1.38, "B": 0.36, "A × B": -4.88, "A²": -2.14, "B²": -3.09}
    assert [round(one, 2) for one in found.eigenvalues] == [-5.10, -0.14]
    assert [round(one, 1) for one in found.stationary] == [-3.7, 3.0]
    assert (found.shape, found.inside) == ("ridge", False)
    assert fit.lack_of_fit is not None
    assert fit.lack_of_fit.p > 0.05
    rising = [value for _, _, value in ridge_path(fit)]
    assert rising == sorted(rising)
    best = best_settings({"yield": fit}, {"yield": Goal(aim="max")})
    low, high = best.nearly["A"]
    assert high - low > 0.4  # a wide range is as good: a ridge to walk along


def test_casing_shrinkage(folder: Path) -> None:
    rows = read_numbers(folder / "nist" / "QUINLAN.DAT")
    design_rows = np.where(rows[:, :15] == 1, -1.0, 1.0)
    fit = fit_model(
        Design(name="L16", factors=factors(15), coded=design_rows),
        rows[:, 15:19].mean(axis=1),
        terms=main_effects(factors(15)),
    )
    by_size = sorted(fit.results[1:], key=lambda one: -abs(one.effect or 0.0))

    assert [(one.name, round(one.effect or 0.0, 3)) for one in by_size[:2]] == [("E", -0.245), ("G", -0.14)]
    assert abs(by_size[2].effect or 0.0) < 0.09


def test_two_results_are_weighed_against_each_other(folder: Path) -> None:
    rows = read_numbers(folder / "nist" / "IMPROVE-5_4_7_3.DAT")
    design = Design(name="ccd", factors=factors(2), coded=rows[:, 5:7])
    fits = {
        "uniformity": fit_model(design, rows[:, 3], terms=quadratic(design.factors)),
        "stress": fit_model(design, rows[:, 4], terms=quadratic(design.factors)),
    }
    best = best_settings(fits, {"uniformity": Goal(aim="min"), "stress": Goal(aim="min")})

    # The handbook's reduced models give uniformity 5.93 at pressure 1, ratio −1 as one end; both cannot be least at once.
    alone = best_settings(fits, {"stress": Goal(aim="min")})
    assert best.predicted["stress"][0] >= alone.predicted["stress"][0]
    assert 0 < best.desirability < 1
