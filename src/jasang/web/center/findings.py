"""A loud finding that nobody took on opens a case by itself: once in its life, whatever the number of newer diagnoses."""

from typing import Any

from django.utils import timezone

from jasang.web.center import news
from jasang.web.center.last_hours import last_hours
from jasang.web.center.models import Centre, Channel, FactoryChoice, Priority
from jasang.web.center.services import carry, open_case
from jasang.web.center.serving import centre_of
from jasang.web.center.sightings import see_finding
from jasang.web.jobs.announcing import Subject
from jasang.web.tenants.models import Factory

MOST_CARRIED = 12


def opens_by_itself(factory: Factory) -> Centre | None:
    """The centre for which findings of the factory open cases; `None` where the centre or the factory does not want it."""
    centre = centre_of(factory)
    if centre is None or not centre.from_findings:
        return None
    return centre if factory_wants(factory) else None


def factory_wants(factory: Factory) -> bool:
    """Whether the factory lets its findings open cases; it does until it says no."""
    chosen = FactoryChoice.objects.filter(factory=factory).values_list("from_findings", flat=True).first()
    return chosen is not False


def hear_of_findings(*, factory: Factory, findings: list[Subject]) -> None:
    """Listener of `diagnosis_done`, within the transaction that keeps the diagnosis."""
    loud = [one for one in findings if one.severity == "act" and not one.taken]
    watched = [one for one in findings if one.severity == "watch" and not one.taken]
    if not loud and not watched:
        return
    centre = opens_by_itself(factory)
    if centre is None:
        return
    for one in watched[:MOST_CARRIED]:
        see_finding(factory, centre.organisation, one, timezone.now())
    if not loud:
        return
    latest = around(factory, findings)
    cases, before = [], Centre.objects.of(centre.organisation).get().last_number
    for one in loud:
        document = one.document or {}
        case = open_case(
            factory=factory,
            title=one.title.ko,
            text=_text(one),
            channel=Channel.FINDING,
            priority=Priority.HIGH,
            subject=one,
            carried=carry(one) | latest,
            origin=f"finding:{one.lasting or document.get('id') or one.key}"[:80],
            centre=centre,
        )
        if case.number > before:  # not one that an earlier diagnosis opened
            cases.append(case)
    news.tell_opened(factory, cases)


def around(factory: Factory, findings: list[Subject]) -> dict[str, Any]:
    """What else is known of the factory at this moment: its loudest findings, and the last hours of its signals."""
    told = [
        {"title": {"ko": one.title.ko, "en": one.title.en}, "url": one.url, "severity": one.severity}
        for one in findings[:MOST_CARRIED]
    ]
    return {"findings": told, "hours": last_hours(factory), "at": timezone.now().isoformat()}


def _text(one: Subject) -> str:
    action = (one.document or {}).get("action") or {}
    return "\n\n".join(part for part in (one.title.ko, action.get("ko", "")) if part)
