"""Tidying rests while something is appended, and does not while nobody needs the computer."""

import pytest

from jasang.store import pace
from jasang.store.pace import Pace


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Rests that were taken; the clock goes on by 10 ms at each look."""
    now = [0.0]
    found: list[float] = []

    def clock() -> float:
        now[0] += 0.01
        return now[0]

    monkeypatch.setattr(pace.time, "perf_counter", clock)
    monkeypatch.setattr(pace.time, "sleep", found.append)
    return found


def test_rests_as_long_as_was_worked_after_an_append(slept: list[float]) -> None:
    appended = [0]
    rest = Pace(lambda: appended[0])

    for count in (1, 2, 3):
        appended[0] = count
        rest()

    assert slept == pytest.approx([0.01] * 3)


def test_does_not_rest_when_nothing_was_appended(slept: list[float]) -> None:
    rest = Pace(lambda: 7)

    for _ in range(5):
        rest()

    assert slept == []


def test_short_work_needs_no_rest(slept: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "WORK", 1.0)
    appended = [0]
    rest = Pace(lambda: appended[0])

    appended[0] = 1
    rest()

    assert slept == []
