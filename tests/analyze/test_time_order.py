"""The order of time: what is mended, what is explained, what is refused."""

import numpy as np

from jasang.analyze.time_order import ends_of_day, time_order

SEOUL = 9 * 3_600_000_000


def every(minutes: int, rows: int, start: str = "2026-03-02T00:00") -> np.ndarray:
    return np.datetime64(start, "us") + np.arange(rows) * np.timedelta64(minutes * 60_000_000, "us")


def test_rising_time_is_left_as_it_is() -> None:
    time = every(5, 500)

    judged = time_order(time, [])

    assert (judged.backward.size, judged.behind.size, judged.newest_first, judged.tolerable) == (0, 0, False, True)
    assert ends_of_day(time).size == 0


def test_last_row_of_day_stamped_with_the_same_day_is_recognised() -> None:
    right = every(15, 96 * 3, start="2026-03-02T00:15")
    stamped = right.copy()
    stamped[95::96] -= np.timedelta64(1, "D")

    assert ends_of_day(stamped).tolist() == [95, 191, 287]


def test_midnight_is_that_of_the_factory_not_of_utc() -> None:
    right = every(15, 96 * 2, start="2026-03-01T15:15")  # 00:15 in Seoul
    stamped = right.copy()
    stamped[95] -= np.timedelta64(1, "D")

    assert ends_of_day(stamped, utc_offset_us=SEOUL).tolist() == [95]
    assert ends_of_day(stamped, utc_offset_us=0).tolist() == []


def test_newest_first_export_is_recognised() -> None:
    judged = time_order(every(5, 300)[::-1], [])

    assert judged.newest_first
    assert judged.tolerable


def test_few_rows_backwards_are_a_faulty_clock() -> None:
    judged = time_order(every(5, 8)[::-1], [])

    assert not judged.newest_first
    assert not judged.tolerable
    assert judged.behind.tolist() == [1, 2, 3, 4, 5, 6, 7]


def test_file_sorted_by_mould_is_explained_by_the_mould() -> None:
    time = np.concatenate([every(5, 50)] * 20)
    mould = np.repeat(np.arange(20), 50)

    assert not time_order(time, []).tolerable
    assert time_order(time, [mould]).behind.size == 0


def test_a_few_late_rows_are_tolerated_and_counted() -> None:
    time = every(5, 1000)
    time[[200, 700]] -= np.timedelta64(1, "h")

    judged = time_order(time, [])

    assert judged.backward.tolist() == [200, 700]
    assert judged.tolerable


def test_missing_times_are_left_out() -> None:
    time = every(5, 100)
    time[10:20] = np.datetime64("NaT")

    judged = time_order(time, [])

    assert judged.backward.size == 0
    assert judged.tolerable


def test_neighbours_that_changed_places_are_tolerated_and_counted() -> None:
    time = every(5, 1000).reshape(-1, 2)[:, ::-1].ravel()

    judged = time_order(time, [])

    assert judged.backward.size == 500
    assert judged.tolerable


def test_one_row_out_of_five_in_the_past_is_refused() -> None:
    time = every(5, 5)
    time[2] -= np.timedelta64(2, "h")

    judged = time_order(time, [])

    assert judged.backward.tolist() == [2]
    assert not judged.tolerable


def test_clock_set_back_in_the_middle_of_the_file_is_refused() -> None:
    time = every(5, 4000)
    time[2000:] -= np.timedelta64(3, "D")

    judged = time_order(time, [])

    assert judged.backward.tolist() == [2000]
    assert judged.behind[0] == 2000
    assert not judged.tolerable
