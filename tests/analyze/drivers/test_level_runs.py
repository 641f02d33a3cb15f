"""Levels that come in long runs: what is found, since when, and how often chance is taken for it."""

import numpy as np

from jasang.analyze.drivers import CategoricalColumn, find_bad_level

LEVELS = ("S1", "S2", "S3", "S4")


def deliveries(seed: int, runs: int, mean_rows: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Codes of suppliers row by row, and the number of the delivery."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(mean_rows // 2, 2 * mean_rows, runs)
    return np.repeat(rng.integers(4, size=runs), sizes), np.repeat(np.arange(runs), sizes)


def supplier(codes: np.ndarray) -> CategoricalColumn:
    return CategoricalColumn(name="supplier", codes=codes, levels=LEVELS)


def test_supplier_that_turns_bad_since_a_day_is_found_with_its_beginning() -> None:
    rng = np.random.default_rng(3)
    codes, delivery = deliveries(3, 30)
    first = int(np.flatnonzero(delivery >= 12)[0])
    rate = np.where((codes == 1) & (np.arange(codes.size) >= first), 0.16, 0.03)
    bad = (rng.random(codes.size) < rate).astype(float)

    found = find_bad_level([supplier(codes)], np.zeros(codes.size, dtype=int), bad - bad.mean(), alpha=0.01)

    assert found is not None
    bounds = np.flatnonzero(delivery >= 10)[0], np.flatnonzero(delivery >= 17)[0]
    assert (LEVELS[found.level], found.low < 0.13 < found.high, found.p_value < 0.005) == ("S2", True, True)
    assert found.first_row is not None
    assert bounds[0] <= found.first_row <= bounds[1]


def test_supplier_changed_once_says_nothing_about_the_supplier() -> None:
    rng = np.random.default_rng(4)
    codes = np.repeat([0, 1], 3000)
    bad = (rng.random(6000) < np.where(codes == 1, 0.16, 0.03)).astype(float)

    assert find_bad_level([supplier(codes)], np.zeros(6000, dtype=int), bad - bad.mean(), alpha=0.05) is None


def test_bad_days_that_have_nothing_to_do_with_suppliers_are_blamed_as_seldom_as_stated() -> None:
    blamed = 0
    for seed in range(120):
        rng = np.random.default_rng(1000 + seed)
        codes, delivery = deliveries(seed, 30, mean_rows=60)
        walk = np.cumsum(rng.normal(0, 0.4, delivery.max() + 1))  # deliveries next to each other are alike
        rate = 0.04 * np.exp(np.clip(walk - walk.mean(), -2, 2))[delivery]
        bad = (rng.random(codes.size) < rate).astype(float)
        found = find_bad_level([supplier(codes)], np.zeros(codes.size, dtype=int), bad - bad.mean(), alpha=0.05)
        blamed += found is not None

    assert blamed <= 11  # 6 expected, and 3 more in 5 of 100 such tests
