"""What the search for drivers promises, one behaviour at a time."""

import numpy as np
import pytest
from tests.analyze.drivers.planted import planted_table, problem, wave

from jasang.analyze.drivers import (
    CategoricalColumn,
    DriverProblem,
    NumericColumn,
    Shape,
    StartKind,
    find_drivers,
    follows_outcome,
    named_afterwards,
    start_counts,
    units_since_stop,
)
from jasang.analyze.drivers.beginning import over_doubtful_beginnings
from jasang.analyze.drivers.window import Effect

ROWS = 6000
NONE = np.full(ROWS, -1)


def flags(seed: int, rate: np.ndarray) -> np.ndarray:
    return (np.random.default_rng(seed).random(rate.size) < rate).astype(float)


def test_window_ends_where_the_planted_threshold_is() -> None:
    mold = np.random.default_rng(1).normal(60, 2, ROWS)
    outcome = flags(2, np.where(mold < 58, 0.10, 0.02))

    (driver,) = find_drivers(problem(outcome, [NumericColumn(name="mold_temp", values=mold)], NONE)).drivers

    assert (driver.column, driver.shape) == ("mold_temp", Shape.LOW)
    assert driver.window is not None
    assert driver.window[0] == pytest.approx(58, abs=0.1)


def test_level_of_a_category_is_named() -> None:
    supplier = np.random.default_rng(3).integers(0, 4, ROWS)
    outcome = flags(4, np.where(supplier == 2, 0.06, 0.02))
    column = CategoricalColumn(name="supplier", codes=supplier, levels=("S1", "S2", "S3", "S4"))

    (driver,) = find_drivers(problem(outcome, [column], NONE)).drivers

    assert (driver.column, driver.level, driver.window) == ("supplier", "S3", None)


def test_proxy_is_named_but_is_no_driver() -> None:
    rng = np.random.default_rng(5)
    mold = wave(rng, ROWS, 0.9)
    outcome = flags(6, np.where(mold < -1, 0.15, 0.02))
    proxy = NumericColumn(name="coolant", values=mold + rng.normal(0, 0.5, ROWS))

    (driver,) = find_drivers(problem(outcome, [proxy, NumericColumn(name="mold", values=mold)], NONE)).drivers

    assert (driver.column, driver.proxies) == ("mold", ("coolant",))


def test_two_events_are_nothing_to_learn_from() -> None:
    melt = wave(np.random.default_rng(7), ROWS, 0.99)
    outcome = np.zeros(ROWS)
    melt[3000:3054] += 9.0
    melt[3200:3256] += 9.0
    outcome[melt > 6] = 1.0

    found = find_drivers(problem(outcome, [NumericColumn(name="melt", values=melt)], NONE))

    assert found.drivers == ()


def test_common_drift_is_no_driver() -> None:
    course = np.linspace(0, 1, ROWS)
    outcome = flags(8, 0.01 + 0.08 * course)
    sensor = NumericColumn(name="sensor", values=course + 0.05 * wave(np.random.default_rng(9), ROWS, 0.9))

    assert find_drivers(problem(outcome, [sensor], NONE)).drivers == ()


def test_strays_of_another_product_carry_no_driver() -> None:
    rng = np.random.default_rng(10)
    product, pressure = np.zeros(ROWS, dtype=int), rng.normal(100, 1, ROWS)
    outcome = flags(11, np.full(ROWS, 0.005))
    strays = rng.choice(ROWS, 20, replace=False)
    product[strays], pressure[strays], outcome[strays] = 1, 300.0, 1.0

    found = find_drivers(problem(outcome, [NumericColumn(name="pressure", values=pressure)], product))

    assert (found.drivers, found.rows) == ((), ROWS - 20)


def test_cause_on_one_product_names_the_product() -> None:
    found = find_drivers(planted_table(3, "one_product", count=2).problem).drivers

    assert [(driver.column, driver.product) for driver in found] == [("cause", 1)]


def test_window_at_each_products_own_level() -> None:
    rng = np.random.default_rng(12)
    product = rng.integers(0, 2, ROWS)
    offset = rng.normal(0, 1, ROWS)
    outcome = flags(13, np.where(offset > 1.3, 0.15, 0.02))
    column = NumericColumn(name="temp", values=np.where(product == 0, 60.0, 80.0) + offset)

    (driver,) = find_drivers(problem(outcome, [column], product)).drivers

    ends = {window.product: round(window.high, 1) for window in driver.stratum_windows}
    assert ends == {0: pytest.approx(61.3, abs=0.2), 1: pytest.approx(81.3, abs=0.2)}


def test_machine_is_compared_within_products() -> None:
    rng = np.random.default_rng(14)
    machine, product = rng.integers(0, 3, ROWS), rng.integers(0, 2, ROWS)
    outcome = flags(15, np.where(machine == 1, 0.07, 0.02))
    column = CategoricalColumn(name="machine", codes=machine, levels=("M1", "M2", "M3"), between_assets=True)
    day = np.floor(np.arange(ROWS) / 200)
    asked = DriverProblem(outcome=outcome, binary=True, columns=(column,), asset=machine, product=product, day=day)

    (driver,) = find_drivers(asked).drivers

    assert (driver.column, driver.level) == ("machine", "M2")


@pytest.mark.parametrize("name", ["rework_flag", "NG", "불량수량", "재작업 여부", "defect_code", "incentive", "성과급"])
def test_name_written_after_the_verdict(name: str) -> None:
    assert named_afterwards(name)


@pytest.mark.parametrize("name", ["mold_temp", "ringing", "사출압력", "cushion"])
def test_name_of_a_process_value_is_kept(name: str) -> None:
    assert not named_afterwards(name)


def test_field_filled_in_for_defects_only_follows_the_outcome() -> None:
    outcome = flags(16, np.full(ROWS, 0.02))
    minutes = NumericColumn(name="minutes", values=np.where(outcome > 0, 5.0, np.nan))

    assert follows_outcome(minutes, outcome)


def test_units_since_stop_count_from_one_after_a_stop() -> None:
    day = np.arange(100) * 60.0
    seconds = np.concatenate([day + 86400 * k for k in range(9)])

    found = units_since_stop(seconds, np.zeros(900, dtype=int))

    assert found is not None
    position, stop = found
    assert (stop, list(position[100:103]), position[199]) == (1800.0, [1.0, 2.0, 3.0], 100.0)


def test_start_after_stops_of_three_slow_cycles_is_found() -> None:
    rng = np.random.default_rng(17)
    place = np.tile(np.arange(48), 40)  # a unit every 20 minutes, 40 runs, an hour and a half between them
    seconds = np.cumsum(np.where(place == 0, 5400.0, 1200.0))
    none = np.full(place.size, -1)
    outcome = flags(18, np.where(place < 6, 0.15, 0.02))
    counts = start_counts(seconds, none, none)
    noise = [NumericColumn(name=f"noise_{n}", values=rng.normal(size=place.size)) for n in range(20)]

    (driver,) = find_drivers(problem(outcome, [*(c.column for c in counts), *noise], none)).drivers

    assert [(c.column.name, c.stop) for c in counts] == [("units_since_short_stop", 3600.0)]
    assert (driver.column, driver.start_up, driver.low < 0.13 < driver.high) == ("units_since_short_stop", True, True)


def test_first_units_of_a_product_are_counted_where_no_stop_tells() -> None:
    seconds = np.arange(1200) * 60.0
    product = np.arange(1200) // 60 % 2

    (start,) = start_counts(seconds, np.zeros(1200, dtype=int), product)

    assert (start.kind, list(start.column.values[119:122])) == (StartKind.PRODUCT, [60.0, 1.0, 2.0])


def test_columns_of_other_length_are_refused() -> None:
    with pytest.raises(ValueError, match="column 'x' has shape"):
        problem(np.zeros(10), [NumericColumn(name="x", values=np.zeros(9))], np.full(10, -1))


def test_interval_covers_an_effect_whose_beginning_is_in_doubt() -> None:
    rng = np.random.default_rng(0)
    effect, blocks = Effect(value=0.06, error=0.008, low=0.044, high=0.076), 60
    weight = np.full(blocks, 20.0)
    gain = np.where(np.arange(blocks) >= 30, 0.12, 0.0) * weight + rng.normal(0, 1.6, blocks)
    always = 0.06 * weight + rng.normal(0, 1.0, blocks)

    widened = over_doubtful_beginnings(gain, weight, effect)

    assert (widened.low <= 0.044, widened.high >= 0.12) == (True, True)
    assert over_doubtful_beginnings(always, weight, effect) == effect
