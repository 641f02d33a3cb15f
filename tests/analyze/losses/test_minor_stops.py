"""Minor stops in made shop floors of known truth, and the traps: mix, breaks, lunch, coarse clocks, manual work."""

from dataclasses import dataclass

import numpy as np
import pytest

from jasang.analyze.losses import minor_stops, spans

DAY = 86400.0


@dataclass(frozen=True, kw_only=True)
class Made:
    """Moments (microseconds), products, and the true share of time in minor stops."""

    time: np.ndarray
    product: np.ndarray
    share: float


def shop(
    seed: int, *, stops_an_hour: float = 0.0, days: int = 12, cycle: float = 45.0, jitter: float = 0.03, products: int = 1,
    tea_break: bool = False, manual: bool = False, clock: float = 0.0,
) -> Made:  # fmt: skip
    """Nine hours a day with lunch, breakdowns every ten hours, products of different cycles, and stops of 20-180 s."""
    rng = np.random.default_rng(seed)
    times, kinds, lost, ran = [], [], 0.0, 0.0
    kind = 0
    for day in range(days):
        now, lunch, tea = day * DAY + 8 * 3600.0, False, not tea_break
        while now < day * DAY + 17 * 3600:
            length = cycle * (1.0, 1.4, 2.0)[kind]
            length *= rng.gamma(2.0, 0.5) if manual else float(np.exp(rng.normal(0, jitter)))
            now, ran = now + length, ran + length
            if rng.random() < stops_an_hour * length / 3600:
                pause = float(rng.uniform(20, 180))
                now, lost, ran = now + pause, lost + pause, ran + pause
            if rng.random() < length / 36000:
                now += float(rng.lognormal(np.log(660), 0.8))
            if not lunch and now % DAY > 12 * 3600:
                now, lunch = now + 3600, True
            if not tea and now % DAY > 15 * 3600:
                now, tea = now + 540 + float(rng.normal(0, 30)), True
            if products > 1 and rng.random() < 1 / 250:
                kind = int((kind + 1) % products)
                now += 1200
            times.append(now)
            kinds.append(kind)
    moments = np.array(times)
    moments = np.round(moments / clock) * clock if clock else moments
    return Made(time=(moments * 1e6).astype(np.int64), product=np.array(kinds), share=lost / ran)


@pytest.mark.parametrize(
    "options", [{}, {"tea_break": True}, {"products": 3}, {"clock": 1.0}, {"cycle": 6.0, "days": 4}]
)
def test_healthy_machines_lose_less_than_two_per_cent(options: dict[str, float]) -> None:
    found = [minor_stops(made.time, made.product) for made in (shop(seed, **options) for seed in range(5))]  # type: ignore[arg-type]

    assert all(one.understood for one in found)
    assert max(one.share for one in found) < 0.02


@pytest.mark.parametrize(
    "options", [{}, {"tea_break": True}, {"products": 3}, {"clock": 1.0}, {"cycle": 20.0, "days": 5}]
)
def test_planted_stops_are_measured_within_a_hundredth(options: dict[str, float]) -> None:
    for seed in range(4):
        made = shop(seed, stops_an_hour=4.0, **options)  # type: ignore[arg-type]
        assert minor_stops(made.time, made.product).share == pytest.approx(made.share, abs=0.013)


def test_a_minute_clock_sees_less_but_never_more() -> None:
    made = shop(1, stops_an_hour=4.0, clock=60.0)

    found = minor_stops(made.time, made.product)

    assert 0.4 * made.share < found.share < made.share


def test_the_mix_of_products_is_no_minor_stop() -> None:
    made = shop(3, products=3)

    blind = minor_stops(made.time)  # without the products the slow ones look like stops
    told = minor_stops(made.time, made.product)

    assert not blind.understood or blind.share > told.share
    assert told.share < 0.02


def test_a_break_at_the_same_time_is_told_as_a_break() -> None:
    found = minor_stops((made := shop(5, tea_break=True)).time, made.product)

    clocks = [pause.clock_minute for pause in found.breaks]
    assert clocks == [pytest.approx(12 * 60, abs=6), pytest.approx(15 * 60, abs=6)]
    assert min(pause.days for pause in found.breaks) >= 11


def test_manual_work_is_not_judged() -> None:
    made = shop(7, manual=True)

    found = minor_stops(made.time, made.product)

    assert not found.understood
    assert found.why_not is not None


def test_pieces_that_leave_together_are_one_cycle() -> None:
    made = shop(8, stops_an_hour=4.0)
    pairs = np.sort(np.concatenate((made.time, made.time + 1_000_000)))

    assert minor_stops(pairs).share == pytest.approx(made.share, abs=0.015)


def test_logged_and_unplanned_time_is_not_judged() -> None:
    made = shop(9, stops_an_hour=4.0)
    bare = minor_stops(made.time)
    logged = spans(bare.start + 1_000_000, bare.start + 20_000_000)
    first_week = spans(made.time[:1], np.array([7 * 86400 * 10**6]))

    assert minor_stops(made.time, logged=logged).count == 0
    assert minor_stops(made.time, planned=first_week).count == (bare.start < 7 * 86400 * 10**6).sum()


def test_the_interval_holds_the_truth() -> None:
    inside = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        rate = rng.gamma(8, 0.5, size=15)  # stops an hour differ from day to day
        times, true = [], []
        for day in range(15):
            length = 45 * np.exp(rng.normal(0, 0.03, 500))
            stop = np.where(rng.random(500) < rate[day] * 45 / 3600, rng.uniform(20, 180, 500), 0.0)
            times.append(day * DAY + 3e4 + np.cumsum(length + stop))
            true.append(stop.sum() / (length + stop).sum())
        found = minor_stops((np.concatenate(times) * 1e6).astype(np.int64))
        expected = 4 * 45 / 3600 * 100 / (45 + 4 * 45 / 3600 * 100)  # stops an hour × their length
        inside.append(found.low <= expected <= found.high)
    assert np.mean(inside) >= 0.88  # 95 % nominal, 60 records: 0.88 is its lower 1 % point


def test_few_pieces_are_not_judged() -> None:
    assert not minor_stops(np.arange(50) * 10**7).understood
    assert not minor_stops(np.empty(0, dtype=np.int64)).understood
