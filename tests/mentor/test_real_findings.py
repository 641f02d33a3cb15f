"""What Jasang must say of four real sets; the figures were counted by hand (docs/findings-on-real-data.md)."""

from collections.abc import Callable
from pathlib import Path

import pytest

from jasang.diagnose.finding import Finding, Severity
from jasang.mentor.diagnose import Diagnosis, diagnose

RealData = Callable[[str], Path]


def the(said: Diagnosis, rule: str, column: str | None = None) -> list[Finding]:
    """The findings of one rule, of one column where it is named, loudest first."""
    return [one for one in said.findings if one.rule == rule and column in (None, one.subject.column)]


def number(finding: Finding, name: str) -> float:
    """The value of one piece of evidence."""
    return next(each.value for each in finding.evidence if each.name == name)


@pytest.fixture(scope="module")
def injection(real_data: RealData) -> Diagnosis:
    return diagnose(real_data("kamp_injection_cn7"))


@pytest.fixture(scope="module")
def diecasting(real_data: RealData) -> Diagnosis:
    return diagnose(real_data("kamp_diecasting"))


@pytest.fixture(scope="module")
def press(real_data: RealData) -> Diagnosis:
    return diagnose(real_data("kamp_press"))


@pytest.fixture(scope="module")
def states(real_data: RealData) -> Diagnosis:
    return diagnose(real_data("sme_machine_states"))


def test_injection_copies_come_first(injection: Diagnosis) -> None:
    copies = injection.findings[0]
    assert (copies.rule, copies.severity) == ("duplicate_rows", Severity.ACT)
    assert (number(copies, "rows"), number(copies, "unique")) == (2764, 3976)


def test_injection_ten_dead_mould_channels(injection: Diagnosis) -> None:
    dead = {one.subject.column for one in the(injection, "dead_channel")}
    mould = {column for column in dead if column and column.startswith("Mold_Temperature")}
    assert mould == {f"Mold_Temperature_{place}" for place in (1, 2, 5, 6, 7, 8, 9, 10, 11, 12)}


def test_injection_clamp_near_70_instead_of_648(injection: Diagnosis) -> None:
    (clamp,) = the(injection, "unit_flip", "Clamp_Open_Position")
    assert number(clamp, "rows") == 38
    assert number(clamp, "value") == pytest.approx(69.64, abs=0.01)
    assert number(clamp, "usual") == pytest.approx(647.99, abs=0.01)


def test_injection_no_driver_rests_on_copies(injection: Diagnosis) -> None:
    # 28 bad parts in 3,976 rows of seven days; the copies make them 39.
    assert the(injection, "driver") == []


def test_diecasting_sentinel_1449(diecasting: Diagnosis) -> None:
    rows = {
        one.subject.column: number(one, "rows")
        for one in the(diecasting, "sentinel_value")
        if number(one, "value") == 1449
    }
    assert rows == {"upper_mold_temp3": 41_503, "lower_mold_temp3": 48_410}


def test_diecasting_first_shots_are_the_main_driver(diecasting: Diagnosis) -> None:
    first = diecasting.findings[0]
    assert (first.rule, first.severity, first.causes[0].column) == ("driver", Severity.ACT, "count")
    window = first.causes[0].window
    assert window is not None
    assert window[0] is not None
    assert 10 <= window[0] <= 13  # the first shot outside the warm-up
    assert 0.45 <= number(first, "outside") <= 0.57
    assert 0.017 <= number(first, "inside") <= 0.033
    assert number(first, "rows") == 50_445


def test_diecasting_code_for_a_thick_biscuit_is_a_sign_of_bad_shots(diecasting: Diagnosis) -> None:
    # 83 shots read 420 and 39 read 422; every one of them was judged bad.
    found = the(diecasting, "sentinel_value", "biscuit_thickness")
    assert {number(one, "value"): number(one, "rows") for one in found} == {420: 83, 422: 39}
    assert all("sign of a bad part" in one.text.en for one in found)


def test_press_impossible_dates_are_kept_in_order(press: Diagnosis) -> None:
    (dates,) = the(press, "impossible_time")
    assert number(dates, "rows") == 1634
    assert press.tables[0].rows == 64_359
    assert "in the order of the file" in dates.text.en
    assert dates.since is not None
    assert (dates.since.month, dates.since.day) in {(5, 25), (5, 26)}


def test_press_balance_of_left_and_right_changed(press: Diagnosis) -> None:
    (right,) = the(press, "mean_shift", "pressure_2")
    assert right.severity is Severity.ACT
    assert number(right, "level_before") == pytest.approx(273.8, abs=0.1)
    assert number(right, "level_after") == pytest.approx(267.9, abs=0.1)
    assert the(press, "mean_shift", "pressure_1") == []
    assert right.since is not None
    assert right.since.month == 5
    assert right.since.day in {12, 13}  # midnight in Korea


def test_states_stops_are_ranked(states: Diagnosis) -> None:
    ranking = the(states, "downtime")[-1]
    hours = [number(ranking, f"rank_{place}") for place in (1, 2, 3, 4, 5)]
    assert hours == sorted(hours, reverse=True)
    assert hours[0] == pytest.approx(143, abs=1)  # machine 1, state 1
    assert hours[1] == pytest.approx(122, abs=1)  # machine 2, state 1
    assert number(ranking, "hours") == pytest.approx(270.6, abs=1)


def test_press_sum_of_both_sides_is_told_with_them(press: Diagnosis) -> None:
    (total,) = the(press, "mean_shift", "pressure_3")
    assert total.severity is Severity.NOTE
    assert "pressure_2" in total.text.en


def test_diecasting_blanks_are_counted_where_a_value_could_be(diecasting: Diagnosis) -> None:
    # CODE_8573, 8,990 rows, never has a molten_volume.
    (blank,) = the(diecasting, "missing_data", "molten_volume")
    assert "17,312 of 41,455 rows" in blank.text.en


def test_every_act_has_a_worth_within_its_interval(
    injection: Diagnosis, diecasting: Diagnosis, press: Diagnosis, states: Diagnosis
) -> None:
    for said in (injection, diecasting, press, states):
        for one in said.findings:
            if one.severity is Severity.ACT:
                assert one.worth is not None
                assert one.worth.low <= one.worth.amount <= one.worth.high
