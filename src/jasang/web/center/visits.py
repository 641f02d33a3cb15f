"""Calls and visits agreed about a case, and the calendar that an agent's own program asks for."""

from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from jasang.web.center import news
from jasang.web.center.events import alive, locked, record
from jasang.web.center.models import Agent, Case, Duty, Visit

PAST, FUTURE = timedelta(days=30), timedelta(days=365)


@transaction.atomic
def agree(
    *, case: Case, agent: Agent, user: AbstractBaseUser, kind: str, start: datetime, minutes: int, place: str = ""
) -> Visit:
    """Agree a call or a visit; both the factory and the agent's calendar see it."""
    held = alive(case)
    visit: Visit = Visit.objects.at(held.centre).create(
        centre=held.centre, factory=held.factory, case=held, agent=agent, kind=kind, start=start,
        end=start + timedelta(minutes=minutes), place=place,
    )  # fmt: skip
    data = {"visit": str(visit.key), "kind": kind, "start": start.isoformat()}
    news.tell_factory(held, record(held, "visit", by=user, data=data, text=place))
    return visit


@transaction.atomic
def call_off(*, visit: Visit, user: AbstractBaseUser) -> None:
    """Cancel it; calendars learn of it."""
    held = locked(visit.case)
    changed = Visit.objects.at(held.centre).filter(pk=visit.pk, cancelled=False)
    if changed.update(cancelled=True, changed=visit.changed + 1):
        data = {"visit": str(visit.key), "kind": visit.kind, "start": visit.start.isoformat(), "cancelled": True}
        news.tell_factory(held, record(held, "visit", by=user, data=data))


def calendar(agent: Agent, *, host: str) -> str:
    """The agent's calls, visits and duties as iCalendar (RFC 5545)."""
    now = timezone.now()
    near = {"start__gt": now - PAST, "start__lt": now + FUTURE}
    visits = Visit.objects.at(agent.organisation).filter(agent=agent, **near).select_related("case", "factory")
    duties = Duty.objects.of(agent.organisation).filter(agent=agent, **near).select_related("queue")
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Jasang//365 centre//KO", "CALSCALE:GREGORIAN"]
    lines += [f"X-WR-CALNAME:{_escaped(agent.organisation.name)}", "REFRESH-INTERVAL;VALUE=DURATION:PT1H"]
    for visit in visits.order_by("start", "pk"):
        where = visit.factory.name if visit.factory is not None else visit.case.customer_mail
        title = f"{'방문' if visit.kind == 'visit' else '통화'} [#{visit.case.number}] {where}"
        lines += _entry(f"visit-{visit.key}@{host}", visit.start, visit.end, title, now, visit.place)
        lines[-1:] = [
            f"SEQUENCE:{visit.changed}",
            f"STATUS:{'CANCELLED' if visit.cancelled else 'CONFIRMED'}",
            lines[-1],
        ]
    for duty in duties.order_by("start", "pk"):
        title = f"당번 {duty.queue.name if duty.queue is not None else ''}".strip()
        lines += _entry(f"duty-{duty.pk}@{host}", duty.start, duty.end, title, now, "")
    return "".join(f"{_folded(line)}\r\n" for line in [*lines, "END:VCALENDAR"])


def _entry(uid: str, start: datetime, end: datetime, title: str, now: datetime, place: str) -> list[str]:
    found = [
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"DTSTAMP:{_moment(now)}",
        f"DTSTART:{_moment(start)}",
        f"DTEND:{_moment(end)}",
    ]
    found.append(f"SUMMARY:{_escaped(title)}")
    if place:
        found.append(f"LOCATION:{_escaped(place)}")
    return [*found, "END:VEVENT"]


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\r", "").replace("\n", "\\n")


def _folded(line: str) -> str:
    """No line is longer than 75 bytes; a letter is never torn."""
    parts, part = [], ""
    for letter in line:
        if len((part + letter).encode()) > (75 if not parts else 74):
            parts.append(part)
            part = ""
        part += letter
    return "\r\n ".join([*parts, part])
