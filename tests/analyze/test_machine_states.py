import numpy as np
import pytest

from jasang.analyze.machine_states import State, reason_is_planned, state_of, states_of_codes


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("running", State.RUNNING), ("RUN", State.RUNNING), ("가동", State.RUNNING), ("가동중", State.RUNNING),
        ("생산중", State.RUNNING), ("자동", State.RUNNING), ("idle", State.IDLE), ("대기", State.IDLE), ("Stand-by", State.IDLE),
        ("setup", State.SETUP), ("금형교체", State.SETUP), ("준비교체", State.SETUP), ("change_over", State.SETUP),
        ("down", State.DOWN), ("고장", State.DOWN), ("비가동", State.DOWN), ("정지", State.DOWN), ("ALARM", State.DOWN),
        ("breakdown", State.DOWN), ("unplanned stop", State.DOWN), ("planned", State.PLANNED), ("계획정지", State.PLANNED),
        ("Planned_Stop", State.PLANNED), ("점심시간", State.PLANNED), ("lunch break", State.PLANNED), ("3", None),
    ],
)  # fmt: skip
def test_words_of_the_shop_floor_have_their_state(text: str, state: State | None) -> None:
    assert state_of(text) is state


def test_reasons_that_are_planned() -> None:
    assert [reason_is_planned(reason) for reason in ("회의", "lunch", "line break", "재료막힘", "정기점검")] == [
        True,
        True,
        False,
        False,
        True,
    ]


def test_bare_codes_are_told_by_what_is_made_in_them() -> None:
    codes = np.repeat([0, 1, 2], [50, 100, 20])
    made = np.repeat([0.1, 5.0, 0.5], [50, 100, 20])
    alarm = np.repeat([0.0, 0.0, 1.0], [50, 100, 20])

    found = states_of_codes(codes, {0: "1", 1: "2", 2: "3"}, made, alarm)

    assert found == {0: State.IDLE, 1: State.RUNNING, 2: State.DOWN}


def test_bare_codes_without_output_stay_unknown() -> None:
    assert states_of_codes(np.array([0, 1]), {0: "0", 1: "1"}, None, None) == {}
