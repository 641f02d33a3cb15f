"""Shift calendars, sets of stretches and logs of states against hand-made truth and brute force."""

from datetime import UTC, date, datetime, time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jasang.analyze.losses import both, either, free_days, planned_time, spans, state_time, state_track, without
from jasang.analyze.machine_states import State
from jasang.plant.calendar import Break, Calendar, Shift

SEOUL = 9 * 3600


def local(text: str) -> datetime:
    return datetime.fromisoformat(text + "+09:00")


def hours(calendar: Calendar, first: str, last: str) -> float:
    return planned_time(calendar, local(first), local(last)).seconds / 3600


DAY = Shift(name="주간", start=time(8, 30), end=time(17, 30), breaks=(Break(start=time(12), end=time(13)),))
NIGHT = Shift(name="야간", start=time(20), end=time(5), breaks=(Break(start=time(0), end=time(1)),))


def test_a_week_of_day_shifts_is_forty_hours() -> None:
    assert hours(Calendar(shifts=(DAY,)), "2026-03-09T00:00", "2026-03-16T00:00") == 40.0


def test_a_night_shift_runs_over_midnight_and_takes_its_break_after_it() -> None:
    night = Calendar(shifts=(NIGHT,), country=None)

    assert hours(night, "2026-03-09T00:00", "2026-03-10T00:00") == 4.0  # Monday evening; nobody works on Sunday night
    assert hours(night, "2026-03-10T00:00", "2026-03-10T12:00") == 4.0  # 01:00-05:00
    assert hours(night, "2026-03-14T00:00", "2026-03-14T12:00") == 4.0  # Friday's shift ends on Saturday


def test_public_holidays_and_their_alternatives_are_free() -> None:
    free = free_days(Calendar(shifts=(DAY,)), [2025, 2026])

    assert {date(2025, 5, 6), date(2025, 10, 8), date(2026, 2, 17), date(2026, 3, 2), date(2025, 5, 1)} <= free
    assert date(2026, 3, 3) not in free


def test_stated_days_outrank_holidays() -> None:
    stated = Calendar(shifts=(DAY,), closed=(date(2026, 3, 10),), worked=(date(2026, 3, 2), date(2026, 3, 7)))

    assert hours(stated, "2026-03-02T00:00", "2026-03-09T00:00") == 8.0 * 6  # holiday Monday and Saturday worked
    assert hours(stated, "2026-03-09T00:00", "2026-03-16T00:00") == 32.0


def test_round_the_clock_is_24_hours() -> None:
    whole = Shift(name="연속", start=time(7), end=time(7), days=(1, 2, 3, 4, 5, 6, 7))

    assert hours(Calendar(shifts=(whole,), country=None), "2026-03-09T00:00", "2026-03-16T00:00") == 168.0


def test_shifts_that_overlap_count_once() -> None:
    late = Shift(name="중간", start=time(13), end=time(22))

    assert hours(Calendar(shifts=(DAY, late), country=None), "2026-03-09T00:00", "2026-03-10T00:00") == 12.5


def test_a_shift_ends_by_the_clock_where_clocks_change() -> None:
    calendar = Calendar(shifts=(Shift(name="N", start=time(22), end=time(6), days=(6,)),), country=None)
    window = datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC)

    assert planned_time(calendar, *window, timezone="Europe/Berlin").seconds == 7 * 3600  # 28/29 March has 23 hours


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Calendar(shifts=()), "a calendar needs at least one shift"),
        (lambda: Shift(name="A", start=time(8), end=time(17), days=(0,)), "days are ISO weekdays"),
        (lambda: Break(start=time(12), end=time(12)), "break 12:00-12:00 has no length"),
        (
            lambda: Shift(name="A", start=time(8), end=time(17), breaks=(Break(start=time(16, 50), end=time(17, 10)),)),
            "break 16:50-17:10 lies outside it",
        ),
        (
            lambda: Calendar(shifts=(DAY,), closed=(date(2026, 1, 2),), worked=(date(2026, 1, 2),)),
            "2026-01-02 stands in both closed and worked",
        ),
    ],
)
def test_impossible_calendars_are_refused(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()  # type: ignore[operator]


stretches = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=12)


def brute(pairs: list[tuple[int, int]]) -> np.ndarray:
    """Which of the units 0 … 99 are covered."""
    covered = np.zeros(100, dtype=bool)
    for start, length in pairs:
        covered[start : start + length] = True
    return covered


@settings(max_examples=150, deadline=None)
@given(stretches, stretches)
def test_sets_of_stretches_agree_with_counting(first: list[tuple[int, int]], second: list[tuple[int, int]]) -> None:
    a, b = (spans(np.array([s for s, _ in pairs]) * 10**6, np.array([s + n for s, n in pairs]) * 10**6)
            for pairs in (first, second))  # fmt: skip
    x, y = brute(first), brute(second)

    assert both(a, b).seconds == (x & y).sum()
    assert without(a, b).seconds == (x & ~y).sum()
    assert either(a, b).seconds == (x | y).sum()
    assert a.covers(np.arange(100) * 10**6).tolist() == x.tolist()
    whole = a.seconds_within(np.array([20]) * 10**6, np.array([55]) * 10**6)
    assert whole.tolist() == [x[20:55].sum()]


def moments(*minutes: float) -> np.ndarray:
    return (np.datetime64("2026-03-09T00:00", "us") + (np.array(minutes) * 6e7).astype("timedelta64[us]")).astype(
        "datetime64[us]"
    )


def test_an_entry_inside_another_interrupts_it_and_the_outer_goes_on() -> None:
    track = state_track(moments(0, 20), moments(100, 30))

    assert ((track.end - track.start) / 6e7).tolist() == [20, 10, 70]
    assert track.row.tolist() == [0, 1, 0]
    assert track.overlap_s == 600


def test_gaps_overlaps_and_backward_entries_are_told_and_time_adds_up() -> None:
    start = moments(0, 50, 60, 90, 120, 130)
    end = moments(55, 60, 58, 100, 0, 150)
    end[4] = np.datetime64("NaT")
    states = [State.RUNNING, State.DOWN, State.DOWN, State.PLANNED, State.SETUP, None]

    track = state_track(start, end)
    spent = state_time(track, states, planned=spans(moments(0), moments(160)))

    assert (track.overlap_s, track.backwards, track.open_ends) == (300.0, 1, 1)
    minutes = {name: getattr(spent, name) / 60 for name in spent.__slots__}
    assert minutes == {"planned_s": 150, "running_s": 50, "idle_s": 0, "setup_s": 10, "down_s": 10, "unknown_s": 20,
                       "unrecorded_s": 60, "planned_stop_s": 10}  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(-3, 20), st.sampled_from(list(State))), max_size=15))
def test_planned_time_is_always_the_sum_of_its_parts(entries: list[tuple[int, int, State]]) -> None:
    start = np.array([s for s, _, _ in entries], dtype=np.int64) * 10**6
    end = np.array([s + n for s, n, _ in entries], dtype=np.int64) * 10**6
    window = spans(np.array([5]) * 10**6, np.array([70]) * 10**6)

    spent = state_time(state_track(start, end), [state for _, _, state in entries], planned=window)

    parts = spent.running_s + spent.idle_s + spent.setup_s + spent.down_s + spent.unknown_s + spent.unrecorded_s
    assert spent.planned_s == pytest.approx(parts)
    assert spent.planned_s + spent.planned_stop_s == pytest.approx(65)
