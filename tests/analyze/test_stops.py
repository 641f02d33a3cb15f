import numpy as np
import pytest

from jasang.analyze.stops import against_level, against_past, against_sisters, hours_by_day, intervals


def at(*clock: str) -> np.ndarray:
    return np.array(
        ["NaT" if text == "NaT" else f"2026-03-{text}" for text in (t if "T" in t else f"02T{t}" for t in clock)],
        "M8[us]",
    )


def test_log_with_ends_is_kept_and_bad_rows_are_counted() -> None:
    start = at("08:00", "09:00", "10:00", "11:00", "12:00")
    end = at("09:00", "10:30", "11:00", "10:50", "NaT")

    made = intervals(start, end, np.zeros(5, dtype=int))

    assert ((made.end - made.start) / 60e6).tolist() == [60, 60, 60]  # the second is cut at the third's start
    assert (made.overlaps, made.backwards, made.open_ends) == (1, 1, 1)


def test_open_end_lasts_to_the_next_row_of_the_same_machine() -> None:
    made = intervals(at("08:00", "08:10", "09:00"), at("NaT", "08:20", "09:30"), np.array([0, 1, 0]))

    assert sorted(((made.end - made.start) / 60e6).tolist()) == [10, 30, 60]


def test_sampled_states_last_one_step_and_not_over_a_silence() -> None:
    start = at("08:00", "08:05", "08:10", "10:00", "10:05")

    made = intervals(start, None, np.zeros(5, dtype=int))

    assert ((made.end - made.start) / 60e6).tolist() == [5, 5, 5, 5, 5]


def test_hours_are_split_at_local_midnight() -> None:
    start, end = at("22:00").astype(np.int64), at("03T03:00").astype(np.int64)

    index, day, hours = hours_by_day(start, end)

    assert index.tolist() == [0, 0]
    assert np.diff(day).tolist() == [1]
    assert hours.tolist() == [2.0, 3.0]


def losses(seed: int, days: int, share: float) -> np.ndarray:
    """Hours lost a day of 16 planned: stops of half an hour on average, by chance."""
    rng = np.random.default_rng(seed)
    return np.array([rng.exponential(0.5, rng.poisson(16 * share / 0.5)).sum() for _ in range(days)])


def test_rise_is_dated() -> None:
    lost = np.r_[losses(1, 20, 0.02), losses(2, 20, 0.15)]

    found = against_past(lost, np.full(40, 16.0), np.arange(40), seed=1)

    assert found is not None
    assert abs((found.since or 0) - 20) <= 2
    assert found.p <= 0.001
    assert found.low < 0.13 < found.high


@pytest.mark.parametrize("days", [15, 40])
def test_rise_of_nothing_alarms_in_less_than_five_percent(days: int) -> None:
    alarms = 0
    for seed in range(300):
        found = against_past(losses(seed, days, 0.04), np.full(days, 16.0), np.arange(days), seed=seed, draws=199)
        alarms += found is not None and found.p < 0.05

    assert alarms <= 22


def test_level_and_sisters_alarm_in_about_five_percent_or_less() -> None:
    level = sisters = 0
    planned = np.full(30, 16.0)
    for seed in range(400):
        own, other = losses(seed, 30, 0.05), losses(seed + 1000, 30, 0.05) + losses(seed + 2000, 30, 0.05)
        above, beside = against_level(own, planned, 0.05), against_sisters(own, planned, other, 2 * planned)
        level += above is not None and above.p < 0.05
        sisters += beside is not None and beside.p < 0.05

    assert level <= 28
    assert sisters <= 28


def test_excess_over_sisters_has_its_size() -> None:
    found = against_sisters(losses(1, 40, 0.15), np.full(40, 16.0), losses(2, 40, 0.03) * 2, np.full(40, 32.0))

    assert found is not None
    assert found.difference == pytest.approx(0.12, abs=0.04)
    assert found.p < 1e-6
