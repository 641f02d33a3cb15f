"""What this area tells of a factory to those who reckon its level and add up measured effects."""

from datetime import timedelta

from django.db.models import Max
from django.utils import timezone

from jasang.diagnose.level import LiveFacts, Measured
from jasang.web.floor.models import Diagnosis, FindingLife, LifeEvent, Stage, StudyRun
from jasang.web.tenants.models import Factory

_HELPED = (Stage.VERIFIED, Stage.HELD)
_YEAR = timedelta(days=365)


def live_facts(factory: Factory) -> LiveFacts:
    """Kinds of analysis somebody asked for in 90 days, effects verified in a year, worth a year of the open findings."""
    now = timezone.now()
    verified = LifeEvent.objects.of(factory).filter(verdict="confirmed", at__gte=now - _YEAR)
    closed = verified.values("life").distinct().count()
    newest = Diagnosis.objects.of(factory).filter(job__state="done").aggregate(at=Max("job__finished_at"))["at"]
    asked = StudyRun.objects.of(factory).filter(asked_at__gte=now - timedelta(days=90), asked_by__isnull=False)
    kinds = asked.values("kind").distinct().count()
    latest_question = asked.aggregate(at=Max("asked_at"))["at"]
    open_lives = FindingLife.objects.of(factory).filter(gone=False, stage__in=(Stage.FOUND, Stage.ACCEPTED))
    worth: dict[str, float] = {}
    for document in open_lives.values_list("document", flat=True):
        won = (document.get("worth") or {}).get("amount")
        if won and document["worth"].get("currency", "KRW") == "KRW":
            worth[document["rule"]] = worth.get(document["rule"], 0.0) + float(won)
    address = f"/f/{factory.key}/"
    return LiveFacts(
        verified_findings=None
        if newest is None
        else Measured(value=closed, at=timezone.localdate(newest), evidence=f"{address}findings/"),
        standing_analyses=None
        if latest_question is None
        else Measured(value=kinds, at=timezone.localdate(latest_question), evidence=f"{address}studies/"),
        open_worth=worth,
    )


def verified_effects(factory: Factory) -> tuple[int, float]:
    """How many actions are verified to have helped and still do, and what their findings were worth a year, in won."""
    helped = FindingLife.objects.of(factory).filter(stage__in=_HELPED).values_list("document", flat=True)
    worths = [(document or {}).get("worth") or {} for document in helped]
    return len(worths), sum(float(one.get("amount") or 0) for one in worths if one.get("currency", "KRW") == "KRW")
