"""Between rows and `jasang.mentor.service_clock`: terms as JSON, and a case's kept fields from its events."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from jasang.mentor.service_clock import (
    CaseEvent,
    ClockEvent,
    ClockReading,
    ClockState,
    ServiceClock,
    ServiceHours,
    ServiceTerms,
    clock_of,
)
from jasang.plant.calendar import WEEK, Break, Calendar, Shift
from jasang.web.center.models import Case, CaseState, Priority, Queue

# Every day of the year, in minutes of service.
EVERY_DAY = {"timezone": "Asia/Seoul", "country": None, "shifts": [{"start": "08:00", "end": "20:00"}]}
USUAL_TERMS = {
    "urgent": {"answer": 30, "solve": 240},
    "high": {"answer": 60, "solve": 480},
    "normal": {"answer": 120, "solve": 1440},
    "low": {"answer": 480, "solve": 3600},
}


def hours_of(document: dict[str, Any]) -> ServiceHours:
    """Service hours from `{"timezone", "country", "shifts": [{"start", "end", "days", "breaks"}], "closed", "worked"}`.

    Without shifts the queue serves around the clock.
    """
    zone = document.get("timezone", "Asia/Seoul")
    shifts = tuple(_shift(number, one) for number, one in enumerate(document.get("shifts", ())))
    if not shifts:
        return ServiceHours(timezone=zone)
    calendar = Calendar(
        shifts=shifts,
        country=document.get("country"),
        closed=tuple(date.fromisoformat(day) for day in document.get("closed", ())),
        worked=tuple(date.fromisoformat(day) for day in document.get("worked", ())),
    )
    return ServiceHours(calendar=calendar, timezone=zone)


def _shift(number: int, one: dict[str, Any]) -> Shift:
    breaks = tuple(Break(start=time.fromisoformat(a), end=time.fromisoformat(b)) for a, b in one.get("breaks", ()))
    return Shift(
        name=one.get("name", str(number + 1)),
        start=time.fromisoformat(one["start"]),
        end=time.fromisoformat(one["end"]),
        days=tuple(one.get("days", WEEK)),
        breaks=breaks,
    )


def terms_document(queue: Queue, priority: int) -> dict[str, Any]:
    """What the queue promises at this priority, as it is kept with the event that brings it about."""
    promised = queue.terms.get(Priority(priority).word, {})
    return {"hours": queue.hours, "answer": promised.get("answer"), "solve": promised.get("solve")}


def terms_of(document: dict[str, Any]) -> ServiceTerms:
    """The terms of `terms_document`."""
    return ServiceTerms(
        hours=hours_of(document["hours"]),
        answer_within=_minutes(document["answer"]),
        solve_within=_minutes(document["solve"]),
    )


def _minutes(number: float | None) -> timedelta | None:
    return None if number is None else timedelta(minutes=number)


KINDS = frozenset(kind.value for kind in CaseEvent)


def clock_from(rows: Iterable[tuple[str, datetime, int, dict[str, Any]]]) -> ServiceClock:
    """The clock of a case from (kind, at, place, data) of its events; inner ones are passed over."""
    return clock_of(
        ClockEvent(kind=CaseEvent(kind), at=at, place=place, terms=terms_of(data["terms"]) if "terms" in data else None)
        for kind, at, place, data in rows
        if kind in KINDS
    )


def keep(case: Case, clock: ServiceClock, last_kind: str) -> None:
    """Put what the clock says at its last event into the case's own fields (saves nothing)."""
    reading = clock.read(clock.since)
    before = case.state
    case.state = _state(reading, before, last_kind)
    case.answered_at, case.answer_due, case.solve_due = reading.answered, reading.answer_due, reading.solve_due
    case.due = min((due for due in (reading.answer_due, reading.solve_due) if due is not None), default=None)
    case.answer_late, case.solve_late = reading.answer_late, reading.solve_late
    case.answer_minutes = reading.answering / timedelta(minutes=1)
    case.solve_minutes = reading.solving / timedelta(minutes=1)
    case.reopened = reading.reopened
    if reading.state is not ClockState.STOPPED:
        case.solved_at = None
    elif before not in (CaseState.SOLVED, CaseState.CLOSED):
        case.solved_at = clock.since


def _state(reading: ClockReading, before: str, last_kind: str) -> str:
    if reading.state is ClockState.ENDED:
        return CaseState.MERGED
    if reading.state is ClockState.WAITING:
        return CaseState.WAITING
    if reading.state is ClockState.RUNNING:
        return CaseState.NEW if reading.answered is None else CaseState.OPEN
    if last_kind == CaseEvent.CLOSED:
        return CaseState.CLOSED
    return CaseState.SOLVED if last_kind == CaseEvent.SOLVED else before
