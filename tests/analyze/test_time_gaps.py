import numpy as np

from jasang.analyze.time_gaps import find_gaps, working_hours

MINUTE = np.timedelta64(1, "m")


def weeks(count: int, *, step: int = 5) -> np.ndarray:
    """Rows every `step` minutes, Monday to Friday 08:00–17:00, from Monday 2026-03-02."""
    time = np.datetime64("2026-03-02T00:00", "us") + np.arange(0, count * 7 * 24 * 60, step) * MINUTE
    minute = (time - time.astype("datetime64[D]")) // MINUTE
    weekday = (time.astype("datetime64[D]").astype(int) + 3) % 7
    return time[(weekday < 5) & (minute >= 8 * 60) & (minute < 17 * 60)]


def test_nights_and_weekends_are_no_gaps() -> None:
    assert [find_gaps(weeks(count)) for count in (1, 2, 5)] == [(), (), ()]


def test_lost_day_is_a_gap_with_its_rows() -> None:
    time = weeks(5)
    lost = (time >= np.datetime64("2026-03-11T10:00")) & (time < np.datetime64("2026-03-12T14:00"))

    (gap,) = find_gaps(time[~lost])

    assert gap.start == np.datetime64("2026-03-11T09:55")
    assert gap.stop == np.datetime64("2026-03-12T14:00")
    assert gap.within_work
    assert abs(gap.expected - int(lost.sum())) <= 2


def test_lost_hours_around_the_clock_are_a_gap() -> None:
    time = np.datetime64("2026-03-02", "us") + np.arange(10_000) * MINUTE

    (gap,) = find_gaps(np.delete(time, np.arange(3000, 3360)))

    assert abs(gap.expected - 360) <= 2


def test_record_with_pauses_of_all_lengths_has_no_gap() -> None:
    steps = np.random.default_rng(0).exponential(30, 2000)

    assert find_gaps(np.datetime64("2026-03-02", "us") + (np.cumsum(steps) * 60e6).astype("timedelta64[us]")) == ()


def test_working_hours_are_learnt() -> None:
    worked = working_hours(weeks(4))

    assert int(worked.sum()) == 5 * 9
