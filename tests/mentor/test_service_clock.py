"""The service-level clock: timelines worked out by hand, and what holds for any events."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.mentor.service_timelines import TIMELINES

from jasang.mentor.service_clock import (
    CaseEvent,
    ClockEvent,
    ClockState,
    ServiceHours,
    ServiceTerms,
    clock_of,
    moment_after,
    service_time,
)
from jasang.plant.calendar import WEEK, Break, Calendar, Shift

SEOUL = ZoneInfo("Asia/Seoul")
MINUTE = timedelta(minutes=1)


def calendar(
    start: int, end: int, *, country: str | None, days: tuple[int, ...] = WEEK, lunch: bool = False
) -> Calendar:
    breaks = (Break(start=time(12), end=time(13)),) if lunch else ()
    return Calendar(
        shifts=(Shift(name="s", start=time(start), end=time(end), days=days, breaks=breaks),), country=country
    )


HOURS = {
    "office": ServiceHours(calendar=calendar(9, 18, country="KR", days=(1, 2, 3, 4, 5), lunch=True)),
    "day365": ServiceHours(calendar=calendar(8, 20, country=None)),
    "always": ServiceHours(),
    "night": ServiceHours(calendar=calendar(22, 6, country=None)),
    "half": ServiceHours(
        calendar=Calendar(
            shifts=(
                *calendar(9, 18, country=None, days=(1, 2, 3, 4, 5), lunch=True).shifts,
                Shift(name="saturday", start=time(9), end=time(13), days=(6,)),
            ),
            country="KR",
            closed=(date(2026, 12, 31),),
        )
    ),
    "berlin": ServiceHours(calendar=calendar(9, 17, country="DE", days=(1, 2, 3, 4, 5)), timezone="Europe/Berlin"),
}
TERMS = {
    name: ServiceTerms(hours=hours, answer_within=60 * MINUTE, solve_within=480 * MINUTE)
    for name, hours in HOURS.items()
}
TERMS["urgent"] = ServiceTerms(hours=HOURS["office"], answer_within=30 * MINUTE, solve_within=120 * MINUTE)
TERMS["free"] = ServiceTerms(hours=ServiceHours(), answer_within=None, solve_within=None)
ROWS = [line.split(" | ") for line in TIMELINES.strip().splitlines()]


def moment(text: str, before: datetime | None) -> datetime:
    found = re.fullmatch(r"(?:(?:(\d{4})-)?(\d\d)-(\d\d) )?(\d\d):(\d\d)(Z?)", text)
    assert found is not None, text
    year, month, day, hour, minute, zulu = found.groups()
    zone = UTC if zulu else SEOUL
    if month is None:
        assert before is not None
        on = before.astimezone(zone).date()
        return datetime(on.year, on.month, on.day, int(hour), int(minute), tzinfo=zone)
    return datetime(int(year or 2026), int(month), int(day), int(hour), int(minute), tzinfo=zone)


def events_of(hours: str, text: str) -> list[ClockEvent]:
    found: list[ClockEvent] = []
    for place, part in enumerate(text.split("; ")):
        when, _, what = part.rpartition(" ")
        kind, _, terms = what.partition("=")
        at = moment(when, found[-1].at if found else None)
        named = TERMS[terms or hours] if kind in ("opened", "terms") else None
        found.append(ClockEvent(kind=CaseEvent(kind), at=at, place=place, terms=named))
    return found


def test_there_are_at_least_sixty_timelines() -> None:
    assert len(ROWS) >= 80


@pytest.mark.parametrize("row", ROWS, ids=[f"{row[0]}: {row[-1]}" for row in ROWS])
def test_timeline(row: list[str]) -> None:
    hours, told, when, expected, due, _ = row
    events = events_of(hours, told)
    solving, answering, state, *late = expected.split()

    read = clock_of(events).read(moment(when, events[-1].at))

    assert read.solving == int(solving) * MINUTE
    assert read.answering == int(answering) * MINUTE
    assert read.state == state
    assert read.solve_due == (None if due == "-" else moment(due, events[0].at))
    assert read.solve_late == ("late" in late)
    assert read.answer_late == (hours != "free" and int(answering) > 60)


def test_reopening_is_counted() -> None:
    events = events_of("office", "11-02 09:00 opened; 10:00 solved; 11:00 customer; 11:30 solved; 14:00 reopened")

    assert clock_of(events).reopened == 2


STARTS = datetime(2026, 9, 20, tzinfo=UTC)
CHANGES = st.lists(
    st.tuples(
        st.sampled_from([kind for kind in CaseEvent if kind is not CaseEvent.OPENED]),
        st.integers(0, 20 * 24 * 60),
        st.sampled_from(sorted(TERMS)),
    ),
    max_size=12,
)


def random_case(hours: str, changes: list[tuple[CaseEvent, int, str]]) -> list[ClockEvent]:
    opened = ClockEvent(kind=CaseEvent.OPENED, at=STARTS, terms=TERMS[hours])
    rest = [
        ClockEvent(
            kind=kind, at=STARTS + minutes * MINUTE, place=place, terms=TERMS[terms] if kind == "terms" else None
        )
        for place, (kind, minutes, terms) in enumerate(changes, start=1)
    ]
    return sorted([opened, *rest], key=lambda event: (event.at, event.place))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(HOURS)), CHANGES, st.integers(0, 12), st.randoms(use_true_random=False))
def test_same_events_in_any_split_and_order_give_the_same_clock(hours, changes, cut, random) -> None:  # type: ignore[no-untyped-def]
    events = random_case(hours, changes)
    whole = clock_of(events)

    first, rest = events[: cut + 1], events[cut + 1 :]
    kept = clock_of(first)
    kept.read(first[-1].at + MINUTE)  # looking changes nothing
    for event in rest:
        kept = kept.after(event)
    shuffled = list(events)
    random.shuffle(shuffled)

    assert kept == whole
    assert clock_of(shuffled) == whole


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(HOURS)), CHANGES, st.integers(0, 5000), st.integers(0, 5000))
def test_clock_never_runs_back_and_only_while_it_runs(hours, changes, first, second) -> None:  # type: ignore[no-untyped-def]
    clock = clock_of(random_case(hours, changes))
    early, late = sorted((clock.since + first * MINUTE, clock.since + second * MINUTE))
    passed = clock.read(late).solving - clock.read(early).solving

    if clock.state is ClockState.RUNNING:
        assert passed == service_time(clock.terms.hours, early, late)
    else:
        assert passed == timedelta(0)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(HOURS)), st.integers(0, 60 * 24 * 60), st.integers(1, 6000))
def test_due_is_the_moment_when_the_service_time_is_used_up(hours: str, start: int, minutes: int) -> None:
    begin = STARTS + start * MINUTE
    due = moment_after(HOURS[hours], begin, minutes * MINUTE)

    assert due is not None
    assert service_time(HOURS[hours], begin, due) == minutes * MINUTE
    assert service_time(HOURS[hours], begin, due - timedelta(microseconds=1)) < minutes * MINUTE


def test_case_without_an_opening_is_refused() -> None:
    with pytest.raises(ValueError, match="first event of a case is OPENED"):
        clock_of([ClockEvent(kind=CaseEvent.CUSTOMER, at=STARTS)])


def test_event_from_the_past_is_refused_by_a_kept_clock() -> None:
    clock = clock_of(random_case("office", [(CaseEvent.ASKED, 60, "office")]))

    with pytest.raises(ValueError, match="lies before the last one"):
        clock.after(ClockEvent(kind=CaseEvent.CUSTOMER, at=STARTS))


def test_queue_that_never_opens_has_no_due_moment() -> None:
    never = ServiceHours(calendar=calendar(9, 18, country=None, days=(7,)), timezone="Asia/Seoul")
    closed = [STARTS.date() + timedelta(days=day) for day in range(4 * 366)]
    shut = ServiceHours(calendar=Calendar(shifts=never.calendar.shifts, country=None, closed=tuple(closed)))  # type: ignore[union-attr]

    assert moment_after(shut, STARTS, MINUTE) is None
