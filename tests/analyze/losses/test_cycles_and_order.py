"""Slow cycles, reliability, changeovers and the bottleneck against made truth, coverage by simulation."""

import numpy as np
import pytest

from jasang.analyze.losses import (
    Changeovers,
    best_cycle,
    better_order,
    changeover_matrix,
    changeovers,
    mtbf,
    mttr,
    shifting_bottleneck,
    slowdown,
    spans,
    survival,
    turning_point,
    weibull_life,
)


def paced(
    seed: int, days: int, slower: float, cut: int, wander: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cycles of three products of different length over days; from `cut` on `slower`."""
    rng = np.random.default_rng(seed)
    each = int(rng.integers(30, 120))
    day = np.repeat(np.arange(days), each)
    product = np.repeat(rng.integers(0, 3, days), each)
    level = np.log(np.array([40.0, 55.0, 90.0]))[product] + rng.normal(0, wander, days)[day]
    return np.exp(level + rng.normal(0, 0.03, day.size) + np.log1p(slower) * (day >= cut)), day, product


def test_quiet_cycles_are_seldom_called_slower() -> None:
    found = [slowdown(*paced(seed, 30, 0.0, 0, wander=0.01), draws=399) for seed in range(60)]

    alarms = [one for one in found if one is not None and one.p < 0.05]
    assert len(alarms) <= 6  # 5 % of 60 is 3; 6 is its 97 % point
    assert all(one.slower < 0.03 for one in alarms)


def test_a_slowdown_is_dated_and_measured_with_products_held_apart() -> None:
    found = [(slowdown(*paced(seed, 40, 0.10, 22, wander=0.01), draws=399)) for seed in range(40)]

    known = [one for one in found if one is not None]
    assert len(known) == 40
    assert sum(one.p < 0.01 for one in known) >= 38
    assert np.mean([abs(one.since_day - 22) for one in known]) < 1
    assert np.mean([one.low <= 0.10 <= one.high for one in known]) >= 0.85


def test_a_change_of_the_mix_is_no_slowdown() -> None:
    rng = np.random.default_rng(5)
    day = np.repeat(np.arange(40), 60)
    slow_product = rng.random(day.size) < np.where(day < 20, 0.2, 0.8)
    cycle = np.where(slow_product, 90.0, 40.0) * np.exp(rng.normal(0, 0.03, day.size))

    held_apart = slowdown(cycle, day, slow_product.astype(int), draws=399)

    assert held_apart is None or held_apart.slower < 0.01


def test_the_best_cycle_of_an_even_machine_is_its_typical_one() -> None:
    losses = []
    for seed in range(40):
        made = best_cycle(50 * np.exp(np.random.default_rng(seed).normal(0, 0.05, 3000)))
        assert made is not None
        losses.append(made.loss)
    assert max(losses) < 0.02


def test_the_best_cycle_is_what_a_fifth_of_the_stretches_reached() -> None:
    rng = np.random.default_rng(1)
    slow = np.repeat(rng.random(200) < 0.8, 25)
    made = best_cycle(50 * np.where(slow, 1.12, 1.0) * np.exp(rng.normal(0, 0.03, slow.size)))

    assert made is not None
    assert made.best_s == pytest.approx(50, rel=0.01)
    assert made.typical_s == pytest.approx(56, rel=0.01)
    assert made.loss_low <= 1 - 1 / 1.12 <= made.loss_high


def test_best_cycle_needs_enough_stretches() -> None:
    assert best_cycle(np.full(199, 50.0)) is None


def test_mtbf_interval_covers_with_unfinished_runs() -> None:
    rng = np.random.default_rng(2)
    inside = []
    for _ in range(400):
        life, end = rng.exponential(50, 12), rng.uniform(20, 120, 12)
        found = mtbf(np.minimum(life, end), life <= end)
        inside.append(found.low <= 50 <= found.high)
    assert 0.92 <= np.mean(inside) <= 0.99


def test_mtbf_of_a_textbook_case() -> None:
    # 5 failures in 1,000 h, test ended by time: 2T/chi2(0.975; 12), 2T/chi2(0.025; 10)
    found = mtbf(np.array([100.0, 150.0, 200.0, 250.0, 200.0, 100.0]), np.array([True] * 5 + [False]))

    assert (found.value, found.events, found.total) == (200.0, 5, 1000.0)
    assert (found.low, found.high) == (pytest.approx(2000 / 23.337, rel=1e-4), pytest.approx(2000 / 3.24697, rel=1e-4))


def test_without_a_failure_only_a_lower_limit_is_known() -> None:
    found = mtbf(np.array([100.0]), np.array([False]))

    assert (found.value, found.high) == (np.inf, np.inf)
    assert found.low == pytest.approx(200 / 7.37776, rel=1e-4)


@pytest.mark.parametrize("method", ["lognormal", "exponential"])
def test_mttr_interval_covers_its_own_kind_of_repairs(method: str) -> None:
    rng = np.random.default_rng(3)
    inside = []
    for _ in range(400):
        repairs = rng.lognormal(3, 0.9, 12) if method == "lognormal" else rng.exponential(30, 12)
        true = np.exp(3 + 0.81 / 2) if method == "lognormal" else 30.0
        found = mttr(repairs, method=method)
        inside.append(found.low <= true <= found.high)
    assert 0.92 <= np.mean(inside) <= 0.99


def test_weibull_intervals_cover_with_unfinished_runs() -> None:
    rng = np.random.default_rng(4)
    shape, scale = [], []
    for _ in range(200):
        life = 50 * rng.weibull(1.7, 30)
        found = weibull_life(np.minimum(life, 70), life <= 70)
        assert found is not None
        shape.append(found.shape_low <= 1.7 <= found.shape_high)
        scale.append(found.scale_low <= 50 <= found.scale_high)
    assert min(np.mean(shape), np.mean(scale)) >= 0.90


def test_survival_of_a_small_table_by_hand() -> None:
    found = survival(
        np.array([6.0, 6, 6, 6, 7, 9, 10, 10, 11, 13]), np.array([1, 1, 1, 0, 1, 0, 1, 0, 0, 1], dtype=bool)
    )

    assert found is not None
    assert found.time.tolist() == [6, 7, 10, 13]
    assert found.share.tolist() == pytest.approx([0.7, 0.7 * 5 / 6, 0.7 * 5 / 6 * 3 / 4, 0.0])
    assert found.median == 10


@pytest.mark.parametrize("times", [[], [0.0], [np.nan]])
def test_times_that_cannot_be_are_refused(times: list[float]) -> None:
    with pytest.raises(ValueError, match="times"):
        mtbf(np.array(times))


def test_changeover_time_is_the_silence_minus_a_cycle_and_foreign_stops() -> None:
    minute = 60 * 10**6
    time = np.array([0, 1, 2, 30, 31, 32, 50, 51]) * minute
    product = np.array([0, 0, 0, 1, 1, 1, 0, 0])
    stopped = spans(np.array([35 * minute]), np.array([45 * minute]))

    found = changeovers(time, product, stopped=stopped)

    assert found.before.tolist() == [0, 1]
    assert found.after.tolist() == [1, 0]
    assert (found.seconds / 60).tolist() == [27.0, 7.0]
    assert [(cell.before, cell.after, cell.count, cell.median_s) for cell in changeover_matrix(found)] == [
        (0, 1, 1, 1620.0),
        (1, 0, 1, 420.0),
    ]


def a_year(seed: int, against_the_order: float, n: int = 90) -> Changeovers:
    """Changeovers that depend on what is left and entered, and cost more against the order of products by `against`."""
    rng = np.random.default_rng(seed)
    visited = [0]
    for _ in range(n):
        visited.append(int((visited[-1] + rng.integers(1, 4)) % 4))
    before, after = np.array(visited[:-1]), np.array(visited[1:])
    length = 1200 + np.array([0, 300, 600, 900])[after] + np.array([0, 200, 0, 500])[before]
    length = (length + against_the_order * (before > after)) * np.exp(rng.normal(0, 0.2, n))
    return Changeovers(start=np.arange(n), before=before, after=after, seconds=length)


def test_no_saving_is_claimed_where_only_the_product_matters() -> None:
    found = [better_order(a_year(seed, 0.0), draws=99) for seed in range(30)]

    assert sum(one is not None and one.p <= 0.05 for one in found) <= 4


def test_an_order_that_costs_is_seen_and_its_saving_keeps_every_product() -> None:
    found = [better_order(a_year(seed, 2400.0), draws=99) for seed in range(15)]

    assert sum(one is not None and one.p <= 0.05 and one.saving_low_s > 0 for one in found) >= 12
    one = found[0]
    assert one is not None
    assert sum(times for _, _, times in one.moves) == 90
    made = a_year(0, 2400.0)
    for product in range(4):
        assert sum(t for _, into, t in one.moves if into == product) == (made.after == product).sum()


def test_one_product_pair_has_no_order_to_better() -> None:
    found = Changeovers(
        start=np.arange(20), before=np.arange(20) % 2, after=(np.arange(20) + 1) % 2, seconds=np.ones(20)
    )

    assert better_order(found) is None


def active(*pairs: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([low for low, _ in pairs]) * 10**6, np.array([high for _, high in pairs]) * 10**6


def test_the_longest_active_period_is_the_bottleneck_and_overlaps_shift() -> None:
    found = shifting_bottleneck({"A": active((0, 10), (20, 30)), "B": active((5, 25), (26, 28))})

    assert found is not None
    shares = {one.machine: (one.share, one.sole, one.shifting) for one in found.shares}
    assert shares == {
        "B": (pytest.approx(20 / 30), pytest.approx(10 / 30), pytest.approx(10 / 30)),
        "A": (pytest.approx(10 / 30), pytest.approx(10 / 30), 0.0),
    }


def test_a_slow_station_of_a_line_is_the_clear_bottleneck() -> None:
    rng = np.random.default_rng(6)
    ready = np.cumsum(rng.exponential(50, 3000))
    periods = {}
    for name, mean in (("press", 40.0), ("weld", 58.0), ("paint", 45.0)):
        work, done, start = rng.gamma(9, mean / 9, ready.size), 0.0, np.zeros(ready.size)
        for k in range(ready.size):
            start[k] = max(ready[k], done)
            done = start[k] + work[k]
        ready = start + work
        periods[name] = ((start * 1e6).astype(np.int64), (ready * 1e6).astype(np.int64))

    found = shifting_bottleneck(periods)

    assert found is not None
    assert found.shares[0].machine == "weld"
    assert found.clear


def test_one_machine_has_no_bottleneck() -> None:
    assert shifting_bottleneck({"A": active((0, 10))}) is None


def test_the_turning_point_is_where_waiting_turns() -> None:
    line = turning_point([0, 10, 5, 50, 60], [40, 20, 4, 5, 0])

    assert (line.station, line.clear) == (2, True)
    assert not turning_point([50, 0, 50], [0, 50, 0]).clear
