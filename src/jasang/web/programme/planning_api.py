"""Plans of who goes where, and mentors' answers, for programs."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema, Status
from pydantic import Field

from jasang.web.api.entering import OrganisationKey, organisation_of, person_of
from jasang.web.api.kinds import kind_named
from jasang.web.api.lists import one_of, schema_of
from jasang.web.programme import planning
from jasang.web.programme.api import WRITE, Day
from jasang.web.programme.models import Offer, Planning
from jasang.web.tenants.models import Organisation, Role
from jasang.web.tenants.queries import roles_at

router = Router(tags=["programme"])
PlanningOut, OfferOut = (schema_of(kind_named(name), "organisation") for name in ("plannings", "offers"))


class PlanBeginIn(Schema):
    """The first day of the plan; null = as planned, or today."""

    starts_on: Day | None = None


class PlanTakeIn(PlanBeginIn):
    """`unanswered`: mentors who have not answered are sent too."""

    unanswered: bool = True


class PlanAgainIn(Schema):
    """`keep`: who did not decline stays where he or she was sent."""

    keep: bool = True


class OfferAnswerIn(Schema):
    """Accepted, or declined with a reason."""

    accept: bool
    words: str = Field("", max_length=2000)


class HowManyOut(Schema):
    """How many."""

    count: int


def _planning(request: HttpRequest, organisation_key: str, key: UUID) -> tuple[Organisation, Any, Planning]:
    place = organisation_of(request, organisation_key, WRITE, Role.PROGRAMME_OPERATOR)
    who = person_of(request, place, Role.PROGRAMME_OPERATOR)
    rows = Planning.objects.of(place).select_related("organisation", "cohort__organisation", "job", "before")
    return place, who, get_object_or_404(rows, key=key)


@router.post("/plannings/{uuid:key}/offer", response=HowManyOut, summary="Ask the mentors of the plan, once")
def offer(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: PlanBeginIn) -> dict[str, Any]:
    """Scope `programme:write`; programme operators. How many are asked."""
    _place, who, found = _planning(request, organisation_key, key)
    return {"count": planning.offer_plan(by=who, planning=found, starts_on=given.starts_on)}


@router.post("/plannings/{uuid:key}/again", response={201: PlanningOut}, summary="Plan again")
def again(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: PlanAgainIn) -> Status:
    """Scope `programme:write`; programme operators."""
    place, who, found = _planning(request, organisation_key, key)
    if given.keep:
        made = planning.replan(by=who, planning=found)
    else:
        made = planning.ask_for_plan(by=who, cohort=found.cohort, wishes=planning.wishes_of(found))
    return Status(201, one_of(kind_named("plannings"), place, made.key))


@router.post("/plannings/{uuid:key}/take", response=HowManyOut, summary="Make the residencies of the plan, once")
def take(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: PlanTakeIn) -> dict[str, Any]:
    """Scope `programme:write`; programme operators. How many are made."""
    _place, who, found = _planning(request, organisation_key, key)
    return {"count": planning.take_plan(by=who, planning=found, **given.dict())}


@router.post("/offers/{uuid:key}/answer", response=OfferOut, summary="A mentor accepts or declines")
def answer(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: OfferAnswerIn) -> dict[str, Any]:
    """Scope `programme:write`; the mentor who is asked, or the operator for mentors without an account."""
    place = organisation_of(request, organisation_key, WRITE, Role.PROGRAMME_OPERATOR, Role.MENTOR)
    who = person_of(request, place, Role.PROGRAMME_OPERATOR, Role.MENTOR)
    rows = Offer.objects.of(place).select_related("organisation", "mentor", "planning__cohort__organisation")
    if Role.PROGRAMME_OPERATOR not in roles_at(who, place):
        rows = rows.filter(mentor__user=who)
    planning.answer_offer(by=who, offer=get_object_or_404(rows, key=key), accept=given.accept, words=given.words)
    return one_of(kind_named("offers"), place, key)
