"""The service-level clock of a case: how long the customer has been waiting, told from the case's events alone.

Two clocks run in service hours: until the first answer, and until the case is solved. Waiting for the customer stops the second;
a word of the customer by any channel starts it again. The state is folded event by event, so that the same events in any split
give the same clock, and a clock kept with a case can be made anew from its events at any time.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

import numpy as np

from jasang.analyze.losses.spans import Spans
from jasang.analyze.losses.working_time import planned_time
from jasang.plant.calendar import Calendar

LONGEST = timedelta(days=3 * 366)  # how far ahead a due moment is looked for
_WINDOW = timedelta(days=28)
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CHUNK = _WINDOW // _MICROSECOND


class CaseEvent(StrEnum):
    """What happens to a case, as far as its clocks care. An inner note is no event of the clock."""

    OPENED = "opened"
    CUSTOMER = "customer"  # a word of the customer by any channel: page, e-mail, telephone, API
    ANSWERED = "answered"  # a word to the customer that leaves the next step with the centre
    ASKED = "asked"  # a word to the customer that waits for the customer
    RESUMED = "resumed"  # an agent takes it up again without a word of the customer
    SOLVED = "solved"
    REOPENED = "reopened"
    CLOSED = "closed"  # solved and confirmed, or no word came: a later word of the customer opens it again
    MERGED = "merged"  # goes on in another case: over for good
    TERMS = "terms"  # another queue or priority: other hours or targets from now on


class ClockState(StrEnum):
    """What the solving clock does."""

    RUNNING = "running"
    WAITING = "waiting"  # for the customer
    STOPPED = "stopped"  # solved or closed
    ENDED = "ended"  # merged


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceHours:
    """When a queue serves: the shifts of a calendar, or around the clock when `calendar` is `None`."""

    calendar: Calendar | None = None
    timezone: str = "Asia/Seoul"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTerms:
    """What is promised: service time until the first answer and until the case is solved; `None` promises nothing."""

    hours: ServiceHours
    answer_within: timedelta | None
    solve_within: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockEvent:
    """One event; `terms` belongs to OPENED and TERMS. `at` carries a time zone; `place` orders events of one moment."""

    kind: CaseEvent
    at: datetime
    place: int = 0
    terms: ServiceTerms | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceClock:
    """The clocks after some events: service time used up before `since`, and what runs from `since` on."""

    terms: ServiceTerms
    opened: datetime
    since: datetime
    state: ClockState = ClockState.RUNNING
    solving: timedelta = timedelta(0)
    answering: timedelta = timedelta(0)
    answered: datetime | None = None
    reopened: int = 0

    def after(self, event: ClockEvent) -> "ServiceClock":
        """The clocks after one more event; raises `ValueError` for an event before the last one."""
        if event.at < self.since:
            raise ValueError(f"event {event.kind} at {event.at} lies before the last one at {self.since}")
        if self.state is ClockState.ENDED:
            return self
        now = replace(self._until(event.at), since=event.at)
        if event.kind is CaseEvent.TERMS:
            return replace(now, terms=event.terms) if event.terms is not None else now
        if event.kind in (CaseEvent.ANSWERED, CaseEvent.ASKED, CaseEvent.SOLVED) and now.answered is None:
            now = replace(now, answered=event.at)
        return now._become(_NEXT.get((now.state, event.kind), now.state))

    def read(self, now: datetime) -> "ClockReading":
        """How the clocks stand at `now`, which does not lie before the last event."""
        if now < self.since:
            raise ValueError(f"{now} lies before the last event at {self.since}")
        then = self._until(now)
        return ClockReading(
            state=self.state,
            answered=self.answered,
            answering=then.answering,
            solving=then.solving,
            answer_due=self._answer_due(),
            solve_due=self._due(self.terms.solve_within, self.solving) if self.state is ClockState.RUNNING else None,
            answer_late=_exceeds(then.answering, self.terms.answer_within),
            solve_late=_exceeds(then.solving, self.terms.solve_within),
            reopened=self.reopened,
        )

    def _answer_due(self) -> datetime | None:
        if self.answered is not None or self.state is not ClockState.RUNNING:
            return None
        return self._due(self.terms.answer_within, self.answering)

    def _become(self, state: ClockState) -> "ServiceClock":
        again = self.state is ClockState.STOPPED and state is ClockState.RUNNING
        return replace(self, state=state, reopened=self.reopened + again)

    def _until(self, moment: datetime) -> "ServiceClock":
        """Service time up to a moment added; `since` stays."""
        if self.state is not ClockState.RUNNING:
            return self
        passed = service_time(self.terms.hours, self.since, moment)
        return replace(
            self,
            solving=self.solving + passed,
            answering=self.answering + passed if self.answered is None else self.answering,
        )

    def _due(self, within: timedelta | None, used: timedelta) -> datetime | None:
        return None if within is None else moment_after(self.terms.hours, self.since, within - used)


_R, _W, _S, _E = ClockState.RUNNING, ClockState.WAITING, ClockState.STOPPED, ClockState.ENDED
# Where a state and an event lead; whatever is not here changes nothing.
_NEXT = {
    (_R, CaseEvent.ASKED): _W,
    (_R, CaseEvent.SOLVED): _S,
    (_R, CaseEvent.CLOSED): _S,
    (_R, CaseEvent.MERGED): _E,
    (_W, CaseEvent.CUSTOMER): _R,
    (_W, CaseEvent.RESUMED): _R,
    (_W, CaseEvent.ANSWERED): _R,
    (_W, CaseEvent.SOLVED): _S,
    (_W, CaseEvent.CLOSED): _S,
    (_W, CaseEvent.MERGED): _E,
    (_S, CaseEvent.CUSTOMER): _R,
    (_S, CaseEvent.REOPENED): _R,
    (_S, CaseEvent.MERGED): _E,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReading:
    """The clocks at one moment: service time used, when it will be used up (`None` where nothing runs), what is late."""

    state: ClockState
    answered: datetime | None
    answering: timedelta
    solving: timedelta
    answer_due: datetime | None
    solve_due: datetime | None
    answer_late: bool
    solve_late: bool
    reopened: int = 0


def clock_of(events: Iterable[ClockEvent]) -> ServiceClock:
    """The clocks of a case from all its events, in any order; the earliest must be OPENED with terms."""
    ordered = sorted(events, key=lambda event: (event.at, event.place))
    if not ordered or ordered[0].kind is not CaseEvent.OPENED or ordered[0].terms is None:
        raise ValueError("the first event of a case is OPENED and carries its terms")
    clock = ServiceClock(terms=ordered[0].terms, opened=ordered[0].at, since=ordered[0].at)
    for event in ordered[1:]:
        clock = clock.after(event)
    return clock


def service_time(hours: ServiceHours, start: datetime, end: datetime) -> timedelta:
    """Service time between two moments."""
    if hours.calendar is None or end <= start:
        return max(end - start, timedelta(0))
    first, last = _microseconds(start), _microseconds(end)
    starts, ends = _stretches(hours.calendar, hours.timezone, first, last)
    inside = np.minimum(ends, last) - np.maximum(starts, first)
    return int(inside[inside > 0].sum()) * _MICROSECOND


def moment_after(hours: ServiceHours, start: datetime, service: timedelta) -> datetime | None:
    """When this much service time has passed since `start`; `start` itself where none is left, `None` beyond three years."""
    if service <= timedelta(0):
        return start
    if hours.calendar is None:
        return start + service
    left, begin = service // _MICROSECOND, start
    while begin < start + LONGEST:
        end = begin + _WINDOW
        first, last = _microseconds(begin), _microseconds(end)
        starts, ends = _stretches(hours.calendar, hours.timezone, first, last)
        for open_at, close_at in zip(np.maximum(starts, first), np.minimum(ends, last), strict=True):
            if close_at - open_at >= left > 0:
                return start + int(open_at + left - _microseconds(start)) * _MICROSECOND
            left -= max(0, int(close_at - open_at))
        begin = end
    return None


def _stretches(calendar: Calendar, timezone: str, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """Starts and ends of service between two moments, from pieces that are worked out once."""
    pieces = [_piece(calendar, timezone, number) for number in range(first // _CHUNK, last // _CHUNK + 1)]
    return np.concatenate([piece.start for piece in pieces]), np.concatenate([piece.end for piece in pieces])


@lru_cache(maxsize=512)
def _piece(calendar: Calendar, timezone: str, number: int) -> Spans:
    start = _EPOCH + number * _CHUNK * _MICROSECOND
    return planned_time(calendar, start, start + _CHUNK * _MICROSECOND, timezone=timezone)


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _exceeds(used: timedelta, within: timedelta | None) -> bool:
    return within is not None and used > within
