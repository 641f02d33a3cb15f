import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jasang.analyze.sentinels import find_sentinels


def body(seed: int = 0, rows: int = 3000, centre: float = 200.0, spread: float = 2.0, decimals: int = 1) -> np.ndarray:
    return np.round(np.random.default_rng(seed).normal(centre, spread, rows), decimals)


def planted(code: float, share: float = 0.01, seed: int = 0) -> np.ndarray:
    values = body(seed)
    values[np.random.default_rng(seed + 99).choice(values.size, int(share * values.size), replace=False)] = code
    return values


@pytest.mark.parametrize("code", [9999.0, -999.0, 999.9, 1449.0, 65535.0, 32767.0, -1.0, 0.0, -50.0, 850.0])
@pytest.mark.parametrize("share", [0.005, 0.05, 0.25])
def test_code_is_found_with_its_count(code: float, share: float) -> None:
    values = planted(code, share)

    (found,) = find_sentinels(values)

    assert (found.value, found.rows) == (code, int(share * 3000))
    assert found.at_rest == (code == 0.0)


def test_code_in_most_of_the_rows_is_found() -> None:
    (found,) = find_sentinels(planted(1449.0, 0.9))

    assert (found.value, found.rows) == (1449.0, 2700)


def test_two_codes_at_both_ends_are_found() -> None:
    values = planted(9999.0)
    values[:20] = -999.0

    assert sorted(one.value for one in find_sentinels(values)) == [-999.0, 9999.0]


def test_single_outliers_are_no_sentinel() -> None:
    values = body()
    values[[5, 90, 700]] = [350.2, 612.9, 41.7]

    assert find_sentinels(values) == ()


def test_second_mode_that_varies_is_no_sentinel() -> None:
    values = body()
    values[::4] = body(1, 750, 800.0)

    assert find_sentinels(values) == ()


def test_clipping_at_the_end_of_the_range_is_no_sentinel() -> None:
    assert find_sentinels(np.minimum(body(), 201.0)) == ()


def test_counter_through_999_is_no_sentinel() -> None:
    assert find_sentinels(np.tile(np.arange(1000.0), 4)) == ()


def test_settings_of_two_recipes_are_no_sentinel() -> None:
    assert find_sentinels(np.repeat([50.0, 120.0, 50.0], [900, 300, 800])) == ()


def test_no_false_sentinel_in_a_thousand_quiet_columns() -> None:
    rng = np.random.default_rng(7)
    alarms = 0
    for _ in range(1000):
        kind = rng.integers(4)
        values = (
            rng.normal(100, rng.uniform(0.1, 20), 1000)
            if kind == 0
            else rng.lognormal(2, rng.uniform(0.1, 1), 1000)
            if kind == 1
            else rng.poisson(rng.uniform(0.2, 30), 1000).astype(float)
            if kind == 2
            else rng.gamma(2, 3, 1000)
        )
        alarms += bool(find_sentinels(np.round(values, int(rng.integers(0, 3)))))

    assert alarms == 0


@given(st.lists(st.floats(allow_nan=True, allow_infinity=False, width=32), max_size=80))
def test_any_column_is_looked_at_without_error(values: list[float]) -> None:
    for found in find_sentinels(np.array(values, dtype=np.float64)):
        assert found.rows == values.count(found.value)
