"""What this area tells of a factory for its level: how soon it moved when something was asked of it."""

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import timezone

from jasang.diagnose.level import LiveFacts, Measured, reaction_hours
from jasang.web.center.models import Case, CaseState, Channel, Event
from jasang.web.tenants.models import Factory

_YEAR = timedelta(days=365)
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
