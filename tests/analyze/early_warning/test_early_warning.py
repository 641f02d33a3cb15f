"""Early warning on made data: what only a combination tells is found, noise is refused, nothing looks at a later unit."""

import numpy as np
import pytest

from jasang.analyze.early_warning import TooFewBad, fit_warning, judge_warning, warning_probability, warning_problem


def three_column_trouble(rows: int = 4000, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Five quantities; bad where pressure × speed is high while the mould is cold."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal([100, 50, 60, 20, 5], [5, 4, 3, 2, 1], (rows, 5))
    risky = (matrix[:, 0] * matrix[:, 1] > 5250) & (matrix[:, 2] < 59)
    bad = (rng.random(rows) < np.where(risky, 0.8, 0.005)).astype(float)
    return matrix, bad


def test_trouble_that_three_columns_foretell_is_warned_of() -> None:
    matrix, bad = three_column_trouble()
    problem = warning_problem(matrix, bad, names=("pressure", "speed", "mould", "oil", "belt"))

    judged = judge_warning(problem, protocol="later", effort="quick")

    assert judged.refused is None
    assert judged.average_precision.value > 0.6
    assert {name for name, _ in judged.columns[:3]} == {"pressure", "speed", "mould"}


def test_noise_is_refused() -> None:
    rng = np.random.default_rng(3)
    problem = warning_problem(rng.normal(size=(3000, 6)), (rng.random(3000) < 0.04).astype(float))

    judged = judge_warning(problem, protocol="later", effort="quick")

    assert judged.refused == "no_better_than_chance"
    assert judged.mcc.low <= 0


def test_too_few_bad_units_are_not_learned_from() -> None:
    matrix, bad = three_column_trouble(rows=300)
    bad[np.flatnonzero(bad)[5:]] = 0
    problem = warning_problem(matrix, bad)

    with pytest.raises(TooFewBad):
        fit_warning(problem)
    assert judge_warning(problem).refused == "too_few_bad"


def test_probability_of_a_unit_does_not_depend_on_later_ones() -> None:
    matrix, bad = three_column_trouble(rows=2000)
    seconds = np.arange(2000) * 60.0
    model = fit_warning(warning_problem(matrix, bad, seconds=seconds), np.arange(1500), effort="quick")
    changed = matrix.copy()
    changed[1800:] += 1000

    first = warning_probability(model, warning_problem(matrix, bad, seconds=seconds))
    second = warning_probability(model, warning_problem(changed, bad, seconds=seconds))

    assert np.array_equal(first[:1800], second[:1800])
