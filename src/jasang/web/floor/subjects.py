"""What other areas may point at: a finding of the factory."""

from datetime import datetime
from uuid import UUID

from django.db.models import F
from django.urls import reverse

from jasang.mentor import shapes
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
    return _subject(factory, found, signal=shape_of(found))


def current(factory: Factory) -> list[Subject]:
    """The findings of the current files that somebody should see to, loudest first."""
    found = Finding.objects.of(factory).filter(diagnosis__in=current_diagnoses(factory).values("pk"))
    loud = found.filter(severity__lt=Severity.NOTE).select_related("life").defer("charts", "sketch")
    return [_subject(factory, one) for one in loud.order_by("severity", F("worth").desc(nulls_last=True), "pk")[:_MOST]]


def subjects_of(diagnosis: Diagnosis) -> list[Subject]:
    """All findings of a diagnosis, loudest first."""
    own = Finding.objects.of(diagnosis.factory).filter(diagnosis=diagnosis)
    found = own.select_related("life").order_by("severity", "place")
    return [_subject(diagnosis.factory, one, signal=shape_of(one)) for one in found]


def shape_of(found: Finding) -> bytes | None:
    """The shape of the finding's signal around its beginning, from the first of its charts that shows one over time or order."""
    for chart in found.charts:
        x = chart["x"]
        if chart["x_kind"] == "category" or not x or not chart["lines"]:
            continue
        line = chart["lines"][0]
        if line.get("look", "line") not in ("line", "points"):
            continue
        timed = chart["x_kind"] == "time"
        places = [datetime.fromisoformat(one).timestamp() for one in x] if timed else list(range(len(x)))
        around = found.since.timestamp() if timed and found.since is not None else None
        seen = shapes.profile(places, line["y"], around=around)
        if seen is not None:
            return shapes.packed(seen)
    return None


def _subject(factory: Factory, found: Finding, signal: bytes | None = None) -> Subject:
    return Subject(
        kind="finding",
        key=str(found.key),
        title=Text(ko=found.text_ko, en=found.text_en),
        url=reverse("floor:finding", args=[factory.key, found.key]),
        severity=Severity(found.severity).word,
        document=found.document,
        lasting=str(found.life.key) if found.life is not None else "",
        taken=found.life is not None and found.life.stage != Stage.FOUND,
        signal=signal,
    )
