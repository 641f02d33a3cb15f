import numpy as np
import pytest

from jasang.analyze.impossible_times import impossible_times

DAY = np.timedelta64(1, "D")


def record(rows: int, step: str = "10m") -> np.ndarray:
    """An orderly record from 2026-03-02."""
    return np.datetime64("2026-03-02T08:00", "us") + np.arange(rows) * np.timedelta64(int(step[:-1]), step[-1])


def test_orderly_record_has_no_impossible_time() -> None:
    assert impossible_times(record(500)).tolist() == []


@pytest.mark.parametrize("stamp", ["1970-01-01", "1900-01-01", "2000-01-01", "2099-12-31", "2038-06-15", "2015-07-15"])
def test_stamp_years_away_is_impossible(stamp: str) -> None:
    time = record(500)
    time[[100, 101, 350]] = np.datetime64(stamp, "us")

    assert impossible_times(time).tolist() == [100, 101, 350]


def test_dates_of_things_in_a_list_sorted_by_name_are_possible() -> None:
    generator = np.random.default_rng(3)
    listed = np.datetime64("1998-01-01", "us") + generator.integers(0, 9000, 400) * DAY
    listed[:8] = np.datetime64("1968-12-27", "us")

    assert impossible_times(listed).tolist() == []


def test_jump_out_of_the_order_and_back_is_impossible() -> None:
    time = record(2000)
    time[700:705] -= 3 * DAY  # falls on times at which other rows were written

    assert impossible_times(time).tolist() == [700, 701, 702, 703, 704]


def test_late_upload_into_a_hole_is_possible() -> None:
    time = record(2000)
    late, rest = time[500:520], np.delete(time, np.arange(500, 520))

    assert impossible_times(np.concatenate([rest[:900], late, rest[900:]])).tolist() == []


def test_two_campaigns_a_year_apart_are_possible() -> None:
    assert impossible_times(np.concatenate([record(500), record(400) + 400 * DAY])).tolist() == []


def test_file_appended_in_the_wrong_order_is_possible() -> None:
    time = record(1000)

    assert impossible_times(np.concatenate([time[600:], time[:600]])).tolist() == []


def test_missing_times_are_skipped() -> None:
    time = record(100)
    time[3] = np.datetime64("NaT")

    assert impossible_times(time).tolist() == []
    assert impossible_times(np.array(["NaT", "NaT"], dtype="datetime64[us]")).tolist() == []
