"""Writing an event: under the case's lock, once, with the clock folded anew and the letter it sends. For `services` only."""

import re
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone

from jasang.errors import JasangError
from jasang.mentor.service_clock import CaseEvent
from jasang.web.center import news
from jasang.web.center.clock import KINDS, clock_from, keep
from jasang.web.center.models import Case, CaseState, Channel, Event
from jasang.web.center.report import changed

# What happens to a case besides what its clocks care about.
QUIET = frozenset(
    {"note", "assign", "tag", "split", "link", "escalate", "rate", "visit", "taken_in", "mention", "retitle"}
)
LONGEST_TEXT = 20_000
_SAVED = [
    "state", "answered_at", "answer_due", "solve_due", "due", "answer_late", "solve_late", "answer_minutes",
    "solve_minutes", "reopened", "solved_at", "events", "changed_at",
]  # fmt: skip


class CaseOver(JasangError):
    """The case went on in another one, or its step does not fit where it stands."""


def locked(case: Case) -> Case:
    """The case as it is now, held until the transaction ends."""
    rows = Case.objects.at(case.centre).select_for_update(of=("self",)).select_related("centre", "queue", "factory")
    return rows.get(pk=case.pk)


def alive(case: Case) -> Case:
    """`locked`; raises `CaseOver` for a case that was merged."""
    held = locked(case)
    if held.state == CaseState.MERGED:
        raise CaseOver(
            ko="이 문의는 다른 문의와 합쳐졌습니다. 합쳐진 문의에서 이어 가세요.",
            en="This case was merged into another one. Please go on there.",
        )
    return held


def told_before(case: Case, once: str | None) -> Event | None:
    """The event of this telling, if it happened already."""
    return Event.objects.at(case.centre).filter(case=case, once=once).first() if once else None


def record(
    case: Case,
    kind: str,
    *,
    by: AbstractBaseUser | None = None,
    ours: bool = True,
    channel: str = Channel.PAGE,
    text: str = "",
    private: bool = False,
    data: dict[str, Any] | None = None,
    once: str | None = None,
    sender: str = "",
    at: datetime | None = None,
) -> Event:
    """Add an event to a case that is held by the transaction, and keep what follows from it."""
    if kind not in KINDS and kind not in QUIET:
        raise ValueError(f"unknown kind of event {kind!r}")
    moment = max(at or timezone.now(), case.changed_at)
    event: Event = Event.objects.at(case.centre).create(
        centre=case.centre,
        factory=case.factory,
        case=case,
        place=case.events,
        kind=kind,
        at=moment,
        by=by,
        ours=ours,
        channel=channel,
        text=clean(text),
        private=private,
        data=data or {},
        once=once,
        sender=sender,
    )
    case.events += 1
    case.changed_at = moment
    if kind in KINDS:
        rows = Event.objects.at(case.centre).filter(case=case, kind__in=KINDS).order_by("place")
        keep(case, clock_from(rows.values_list("kind", "at", "place", "data")), kind)
        if kind in (CaseEvent.REOPENED, CaseEvent.TERMS) or (kind == CaseEvent.CUSTOMER and case.open):
            case.escalated = 0
            case.save(update_fields=["escalated"])
    case.save(update_fields=_SAVED)
    changed(case)
    news.call_programs(case, event)
    return event


def clean(text: str) -> str:
    """Without what no page or letter shows, cut to what anybody reads."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", text.replace("\r\n", "\n").replace("\r", "\n")).strip()[
        :LONGEST_TEXT
    ]
