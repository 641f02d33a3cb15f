"""States of machines in the words of the shop floor, Korean and English: running, idle, setup, down, planned."""

import re
from collections.abc import Mapping
from enum import StrEnum

import numpy as np


class State(StrEnum):
    """What a machine does (ISO 22400: production, delay, set-up, down, planned off)."""

    RUNNING = "running"
    IDLE = "idle"
    SETUP = "setup"
    DOWN = "down"
    PLANNED = "planned"


# Looked for in this order: 계획정지 is planned before 정지 is down, 비가동 is down before 가동 is running.
_WORDS: tuple[tuple[State, str], ...] = (
    (
        State.PLANNED,
        r"계획|정기|휴식|휴게|식사|점심|중식|석식|야식|조회|회의|교육|휴무|휴일|비근무|퇴근|작업종료|예방보전|예방정비"
        r"|(?<!un)planned|(?<!un)schedul|^break$|(lunch|rest|tea|coffee|meal|shift) ?break|lunch|dinner|meeting|training|holiday"
        r"|weekend|shift end|no ?work|preventive|(?<![a-z])pm(?![a-z])|^(power ?)?off( ?shift)?$|전원 ?off",
    ),
    (
        State.SETUP,
        r"준비|셋업|세팅|셋팅|품종|기종|모델 ?변경|금형 ?교체|금형 ?교환|교체|교환|예열|워밍"
        r"|set ?-?up|change ?-?over|(mou?ld|die|tool|product|job) ?change|adjust|warm|heat ?up",
    ),
    (
        State.DOWN,
        r"비가동|고장|정지|이상|알람|에러|수리|장애|막힘|걸림|중단|불량|누유|누수|단선|파손|비상|정비|점검"
        r"|down|fault|fail|alarm|error|stop|jam|repair|broke|breakdown|trip|halt|emergency|maintenance|stillstand|störung"
        r"|fermo|parada",
    ),
    (
        State.IDLE,
        r"대기|유휴|공회전|무부하|자재|결품|수동|idle|wait|stand ?-?by|starv|block|ready|no (material|order|operator)"
        r"|pause|manual",
    ),
    (
        State.RUNNING,
        r"가동|운전|생산|작업|자동|양산|run|produc|work|auto|operat|cutting|machining|active|process|busy|betrieb|marcha"
        r"|(?<![a-z])on(?![a-z])",
    ),
)


def state_of(text: str) -> State | None:
    """The state that a word of a log means; `None` for a code that is no word ("3")."""
    plain = text.strip().lower().replace("_", " ")
    for state, pattern in _WORDS:
        if re.search(pattern, plain):
            return state
    return None


def reason_is_planned(reason: str) -> bool:
    """Whether a stop's reason (lunch, meeting, 휴식 …) makes it a planned one, whatever its state says."""
    return state_of(reason) is State.PLANNED


def states_of_codes(
    codes: np.ndarray, levels: Mapping[int, str], made: np.ndarray | None, alarm: np.ndarray | None
) -> dict[int, State]:
    """States of bare codes (0, 1, 2, 3) by what happens in them.

    Parameters
    ----------
    codes
        Code of each interval, int, shape (n,).
    levels
        The text of each code.
    made
        Pieces made in the interval, shape (n,), or `None`: then nothing can be told but that 0 is idle.
    alarm
        Alarm flag of the interval, shape (n,), or `None`.

    Returns
    -------
    The code in which most pieces an interval are made is running; one with the alarm on in most of its rows is down; the others
    are idle. Empty when nothing tells them apart.
    """
    if made is None or not np.nansum(made) > 0:
        return {}
    rates = {code: float(np.nanmean(made[codes == code])) for code in levels if (codes == code).any()}
    if not rates:
        return {}
    running = max(rates, key=lambda code: rates[code])
    found = {}
    for code in rates:
        alarmed = alarm is not None and float(np.nanmean(alarm[codes == code])) > 0.5
        close = rates[code] > 0.8 * rates[running]
        found[code] = State.RUNNING if close else State.DOWN if alarmed else State.IDLE
    return found
