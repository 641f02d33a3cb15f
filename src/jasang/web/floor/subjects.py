"""What other areas may point at: a finding of the factory."""

from uuid import UUID

from django.db.models import F
from django.urls import reverse

from jasang.plant.text import Text
from jasang.web.floor.models import Diagnosis, Finding, Severity, Stage
from jasang.web.floor.queries import current_diagnoses
from jasang.web.jobs.announcing import Subject
from jasang.web.tenants.models import Factory

_MOST = 100  # in a list to choose from


def finding(*, factory: Factory, key: str) -> Subject | None:
    """The finding of that key, `None` when the factory has none."""
    try:
        wanted = UUID(key)
    except ValueError:
        return None
    found = Finding.objects.of(factory).select_related("life").filter(key=wanted).first()
    if found is None:
        return None
    return _subject(factory, found)


def current(factory: Factory) -> list[Subject]:
    """The findings of the current files that somebody should see to, loudest first."""
    found = Finding.objects.of(factory).filter(diagnosis__in=current_diagnoses(factory).values("pk"))
    loud = found.filter(severity__lt=Severity.NOTE).select_related("life").defer("charts", "sketch")
    return [_subject(factory, one) for one in loud.order_by("severity", F("worth").desc(nulls_last=True), "pk")[:_MOST]]


def subjects_of(diagnosis: Diagnosis) -> list[Subject]:
    """All findings of a diagnosis, loudest first."""
    own = Finding.objects.of(diagnosis.factory).filter(diagnosis=diagnosis)
    found = own.select_related("life").order_by("severity", "place")
    return [_subject(diagnosis.factory, one) for one in found]


def _subject(factory: Factory, found: Finding) -> Subject:
    return Subject(
        kind="finding",
        key=str(found.key),
        title=Text(ko=found.text_ko, en=found.text_en),
        url=reverse("floor:finding", args=[factory.key, found.key]),
        severity=Severity(found.severity).word,
        document=found.document,
        lasting=str(found.life.key) if found.life is not None else "",
        taken=found.life is not None and found.life.stage != Stage.FOUND,
    )
