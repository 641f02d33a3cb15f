"""What this area tells of a factory: how soon it moved when something was asked of it, and what waits for it."""

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.urls import reverse
from django.utils import timezone

from jasang.diagnose.level import LiveFacts, Measured, reaction_hours
from jasang.plant.text import Text
from jasang.web.center.models import Case, CaseState, Channel, Event
from jasang.web.jobs.announcing import Todo
from jasang.web.tenants.models import Factory

_YEAR = timedelta(days=365)
_MOST_TODOS = 20
_MOVING = ("customer", "rate")


def live_facts(factory: Factory) -> LiveFacts:
    """Median of the hours until the factory's own word, after a question of the centre or a case that a finding opened."""
    now = timezone.now()
    rows = Event.objects.of(factory).filter(at__gte=now - _YEAR, private=False)
    told = rows.order_by("case", "place").values_list("case", "kind", "at", "ours", "case__channel")
    waits: list[float] = []
    since: dict[int, datetime] = {}
    asked: dict[int, datetime] = {}
    latest = None
    for case, kind, at, ours, channel in told:
        if kind == "asked":
            since.setdefault(case, at)
            asked.setdefault(case, at)
        elif kind == "opened" and channel == Channel.FINDING:
            since[case] = at
        elif not ours and kind in _MOVING and case in since:
            asked.pop(case, None)
            waits.append((at - since.pop(case)).total_seconds() / 3600)
            latest = at if latest is None else max(latest, at)
    # A question that waits for its answer has waited so long already.
    open_ones = Case.objects.of(factory).filter(pk__in=asked, state=CaseState.WAITING).values_list("pk", flat=True)
    waits += [(now - asked[case]).total_seconds() / 3600 for case in open_ones]
    hours = reaction_hours(waits)
    if hours is None:
        return LiveFacts()
    page = reverse("center:cases", args=[factory.key])
    return LiveFacts(case_reaction_hours=Measured(value=hours, at=timezone.localdate(latest or now), evidence=page))


def waiting_cases(factory: Factory, user: AbstractBaseUser) -> list[Todo]:
    """Cases in which the centre waits for the factory's answer."""
    rows = Case.objects.of(factory).filter(state=CaseState.WAITING).order_by("changed_at")[:_MOST_TODOS]
    return [
        Todo(
            title=Text(ko=f"센터가 답을 기다립니다: {case.title}", en=f"The centre waits for an answer: {case.title}"),
            url=reverse("center:case", args=[factory.key, case.key]),
            mine=case.customer_id == user.pk,
        )
        for case in rows
    ]
