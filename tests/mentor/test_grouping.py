"""Findings of one kind in one file are told once, where the first of them stands; what must be seen alone stays alone."""

import pytest

from jasang.diagnose.finding import Severity
from jasang.mentor.grouping import Kin, grouped_places

NOTE, WATCH, ACT = Severity.NOTE, Severity.WATCH, Severity.ACT


def kin(rule: str, severity: Severity = NOTE, *, drawn: bool = False, table: str = "a.csv") -> Kin:
    return Kin(rule=rule, severity=severity, table=table, drawn=drawn)


@pytest.mark.parametrize(
    ("ranked", "expected"),
    [
        ([kin("drift"), kin("drift", drawn=True), kin("drift")], [(0, 1, 2)]),
        ([kin("drift"), kin("drift")], [(0,), (1,)]),
        ([kin("drift"), kin("gauge"), kin("drift"), kin("drift")], [(0, 2, 3), (1,)]),
        ([kin("drift"), kin("drift", table="b.csv"), kin("drift")], [(0,), (1,), (2,)]),
        ([kin("dead", WATCH), kin("dead", WATCH), kin("dead", WATCH)], [(0, 1, 2)]),
        ([kin("shift", WATCH, drawn=True)] * 3, [(0,), (1,), (2,)]),
        ([kin("shift", ACT, drawn=True)] * 3, [(0,), (1,), (2,)]),
        ([kin("dead", WATCH), kin("dead"), kin("dead", WATCH), kin("dead")], [(0,), (1,), (2,), (3,)]),
        ([], []),
    ],
)
def test_what_is_told_together(ranked: list[Kin], expected: list[tuple[int, ...]]) -> None:
    assert grouped_places(ranked) == expected
