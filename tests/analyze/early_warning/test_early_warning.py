"""Early warning on made data: what only a combination tells is found, noise is refused, nothing looks at a later unit."""

import numpy as np
import pytest

from jasang.analyze.early_warning import (
    DamagedModel,
    TooFewBad,
    WarningCosts,
    average_precision,
    blocked_folds,
    earlier_and_later,
    first_look,
    fit_warning,
    grouped_folds,
    judge_warning,
    known_before,
    leaking_columns,
    model_arrays,
    model_from_arrays,
    rolling_origins,
    warning_probability,
    warning_problem,
)


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


def test_column_written_after_the_result_is_found() -> None:
    rng = np.random.default_rng(9)
    matrix, bad = three_column_trouble()
    rework = np.where((bad > 0) & (rng.random(bad.size) < 0.7), rng.uniform(5, 30, bad.size), 0.0)  # minutes
    remark = np.where(bad > 0, 3.0, np.nan)
    problem = warning_problem(np.column_stack([matrix, rework, remark]), bad)

    assert leaking_columns(problem) == ("x5", "x6")
    assert leaking_columns(warning_problem(matrix, bad)) == ()


def test_what_is_known_before_is_the_unit_before() -> None:
    problem = warning_problem(np.arange(6.0)[:, None], np.zeros(6), product=np.array(list("ABABAB")))

    (column,) = known_before(problem, {"x0"}).columns

    assert np.array_equal(column.values, [np.nan, np.nan, 0, 1, 2, 3], equal_nan=True)


def test_lots_are_never_parted() -> None:
    lots = np.repeat(np.arange(50), 20)
    matrix, bad = three_column_trouble(rows=1000)
    problem = warning_problem(matrix, bad, group=lots)

    for earlier, later in [
        earlier_and_later(problem, 0.713),
        *rolling_origins(problem, first=0.517),
        *blocked_folds(problem, np.arange(1000)),
        *grouped_folds(problem, np.arange(1000)),
    ]:
        assert not set(lots[earlier]) & set(lots[later])


def test_calibrated_probabilities_sum_to_the_bad_units() -> None:
    matrix, bad = three_column_trouble(rows=8000)

    judged = judge_warning(warning_problem(matrix, bad), protocol="later", effort="quick")

    assert judged.expected_bad == pytest.approx(judged.bad.sum(), rel=0.25)


def test_costly_misses_lower_the_threshold() -> None:
    matrix, bad = three_column_trouble()
    problem = warning_problem(matrix, bad)
    dear = fit_warning(problem, costs=WarningCosts(miss=100, false_warning=1), effort="quick")
    cheap = fit_warning(problem, costs=WarningCosts(miss=2, false_warning=1), effort="quick")

    assert dear.threshold < cheap.threshold


def test_average_precision_matches_the_textbook_sum() -> None:
    score = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    bad = np.array([1, 0, 1, 0, 1])

    # 1/3·1 + 1/3·2/3 + 1/3·3/5
    assert average_precision(score, bad) == pytest.approx((1 + 2 / 3 + 3 / 5) / 3)


def test_model_comes_back_from_its_arrays_and_damage_is_refused() -> None:
    matrix, bad = three_column_trouble(rows=1500)
    problem = warning_problem(matrix, bad, seconds=np.arange(1500) * 60.0)
    model = fit_warning(problem, effort="quick")
    arrays = model_arrays(model)

    again = model_from_arrays(arrays)

    assert np.array_equal(warning_probability(again, problem), warning_probability(model, problem))
    loop = arrays | {"left_0": np.zeros_like(arrays["left_0"])}
    with pytest.raises(DamagedModel, match="backwards"):
        model_from_arrays(loop)
    with pytest.raises(DamagedModel, match=r"expected jasang\.warning/1"):
        model_from_arrays({"about": np.frombuffer(b'{"format": "other"}', dtype=np.uint8)})


def test_no_false_finding_on_slowly_changing_rates() -> None:
    rng = np.random.default_rng(17)
    passed = 0
    for _ in range(40):
        rate = 0.04 * np.exp(np.cumsum(rng.normal(0, 0.02, 2000)))
        wander = np.cumsum(rng.normal(size=(2000, 4)), axis=0)
        problem = warning_problem(wander, (rng.random(2000) < np.minimum(rate, 0.3)).astype(float))
        passed += first_look(problem) <= 0.01

    assert passed <= 3  # asked: 1 %
