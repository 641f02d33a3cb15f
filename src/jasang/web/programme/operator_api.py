"""The programme for programs of its operator: calls, applications step by step, money, mentors and their places."""

from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema, Status
from pydantic import Field

from jasang.errors import JasangError
from jasang.web.api.entering import OrganisationKey, organisation_of, person_of
from jasang.web.api.kinds import kind_named
from jasang.web.api.lists import add_lists, hold_for_change, one_of, schema_of
from jasang.web.programme import applications, calls, judging, money, planning, portfolio
from jasang.web.programme.api import LONG, READ, WRITE, Day, WordsIn
from jasang.web.programme.models import Application, Call, Claim, Cohort, Mentor, Milestone, Planning, Stage, Support
from jasang.web.tenants.models import Organisation, Role
from jasang.web.tenants.queries import factories_under, roles_at

router = Router(tags=["programme"])
RUNS = (Role.PROGRAMME_OPERATOR,)
CallOut, ApplicationOut, PlanningOut, ClaimOut = (
    schema_of(kind_named(name), "organisation") for name in ("calls", "applications", "plannings", "claims")
)


class DocumentIn(Schema):
    """A document that a call asks for; whether it must be there, and whether judges see it."""

    name: str = Field(min_length=1, max_length=120)
    needed: bool
    judges: bool


class CriterionIn(Schema):
    """A criterion of the judges and its most points."""

    id: str = Field(min_length=1, max_length=60)
    name: str = Field(min_length=1, max_length=200)
    most: int = Field(gt=0, le=100)


class CallIn(Schema):
    """A call. Won; `criteria` add up to 100 points; null = usual."""

    cohort_name: str = Field(min_length=1, max_length=120)
    title: str = Field(min_length=1, max_length=200)
    opens_on: Day
    closes_on: Day
    most_won: int = Field(gt=0, le=10**15)
    most_share: Decimal = Field(Decimal("0.5"), gt=0, le=1, max_digits=4, decimal_places=3)
    support: Support = Support.UPGRADE
    text: str = LONG
    visits_until: Day | None = None
    judging_until: Day | None = None
    budget: int | None = Field(None, gt=0, le=10**15)
    least_points: int = Field(70, ge=0, le=100)
    documents: list[DocumentIn] | None = Field(None, max_length=20)
    criteria: list[CriterionIn] | None = Field(None, max_length=10)


class VisitorIn(Schema):
    """A mentor's user name, and the day."""

    visitor: str = Field(max_length=150)
    on: Day | None = None


class VisitReportIn(Schema):
    """What the mentor says of the visit."""

    feasible: bool
    words: str = LONG
    visited_on: Day | None = None
    report: dict[Literal["found", "way", "risks"], str] | None = None


class JudgesIn(Schema):
    """User names of outside judges."""

    judges: list[str] = Field(min_length=1, max_length=20)
    due_on: Day | None = None


class GrantIn(Schema):
    """Won."""

    granted: int = Field(ge=0, le=10**15)


class MilestoneIn(Schema):
    """A part of the grant. Won."""

    title: str = Field(min_length=1, max_length=200)
    amount: int = Field(gt=0, le=10**15)
    due_on: Day | None = None


class PlanIn(Schema):
    """The plan with its milestones, which add up to the grant."""

    plan: str = Field(min_length=1, max_length=20_000)
    milestones: list[MilestoneIn] = Field(min_length=1, max_length=50)


class StepIn(WordsIn):
    """One of the simple steps."""

    step: Literal["build", "operate", "aftercare", "close"]


class PayIn(Schema):
    """The same `request` again gives the same payment."""

    request: str = Field(min_length=8, max_length=64)


class PaidOut(Schema):
    """A payment. Won."""

    request: str
    amount: int


class RankedOut(Schema):
    """A place in the ranking of a call."""

    application: UUID
    document: dict[str, Any]


class DecidedOut(Schema):
    """What was decided."""

    approved: int
    rejected: int


class PlanningIn(Schema):
    """For which cohort."""

    cohort: UUID


class HandIn(Schema):
    """Pin (true), rule out (false) or free (null) a pair."""

    cohort: UUID
    factory: str = Field(max_length=16)
    mentor: UUID
    pinned: bool | None


class DueIn(Schema):
    """A last day, and why it moves."""

    due_on: Day
    words: str = LONG


class PortfolioAsked(Schema):
    """Narrowed to a region, a co-operative (its key) or a division of the KSIC ("C29", "other")."""

    region: str = Field("", max_length=10)
    branch: str = Field("", max_length=16)
    industry: str = Field("", max_length=5, pattern="^(C[123][0-9]|other)?$")


def _runs(request: HttpRequest, organisation_key: str) -> tuple[Organisation, Any]:
    place = organisation_of(request, organisation_key, WRITE, Role.PROGRAMME_OPERATOR, Role.MENTOR)
    return place, person_of(request, place, Role.PROGRAMME_OPERATOR, Role.MENTOR)


def _call(place: Organisation, key: UUID) -> Call:
    return get_object_or_404(Call.objects.of(place).select_related("organisation", "cohort"), key=key)


def _application(place: Organisation, key: UUID, who: Any) -> Application:
    """As on the pages, a mentor finds those he or she visits."""
    rows = Application.objects.of(place).exclude(stage=Stage.DRAFT)
    if Role.PROGRAMME_OPERATOR not in roles_at(who, place):
        rows = rows.filter(visitor=who)
    return get_object_or_404(rows.select_related("organisation", "factory__organisation", "call"), key=key)


def _shown(kind: str, place: Organisation, key: UUID) -> dict[str, Any]:
    return one_of(kind_named(kind), place, key)


def _person(name: str) -> Any:
    found = get_user_model().objects.filter(username=name, is_active=True).first()
    if found is None:
        raise JasangError(ko=f"{name}: 이런 계정이 없습니다.", en=f"{name}: there is no such account.")
    return found


add_lists(router, "organisation", "calls", "applications", "plannings", "hands")


@router.post("/calls", response={201: CallOut}, summary="Make a call, not published yet")
def make_call(request: HttpRequest, organisation_key: OrganisationKey, given: CallIn) -> Status:
    """Scope `programme:write`."""
    place, who = _runs(request, organisation_key)
    made = calls.make_call(by=who, organisation=place, **given.dict(exclude_none=True))
    return Status(201, _shown("calls", place, made.key))


@router.put("/calls/{uuid:key}", response=CallOut, summary="Change a call")
@transaction.atomic
def change_call(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: CallIn) -> dict[str, Any]:
    """Scope `programme:write`. Once published, only what harms nobody. Takes `If-Match`."""
    place, who = _runs(request, organisation_key)
    hold_for_change(request, kind_named("calls"), place, key)
    call = _call(place, key)
    calls.change_call(by=who, call=call, **given.dict(exclude_none=True))
    return _shown("calls", place, key)


@router.post("/calls/{uuid:key}/publish", response=CallOut, summary="Show a call to the factories")
def publish(request: HttpRequest, organisation_key: OrganisationKey, key: UUID) -> dict[str, Any]:
    """Scope `programme:write`."""
    place, who = _runs(request, organisation_key)
    calls.publish_call(by=who, call=_call(place, key))
    return _shown("calls", place, key)


@router.delete("/calls/{uuid:key}", response={204: None}, summary="Delete a call nobody has applied to")
def drop_call(request: HttpRequest, organisation_key: OrganisationKey, key: UUID) -> Status:
    """Scope `programme:write`."""
    place, who = _runs(request, organisation_key)
    calls.drop_call(by=who, call=_call(place, key))
    return Status(204, None)


@router.get("/calls/{uuid:key}/ranking", response=list[RankedOut], summary="The ranking with the money line")
def ranking(request: HttpRequest, organisation_key: OrganisationKey, key: UUID) -> list[dict[str, Any]]:
    """Scope `programme:read`; of people, programme operators."""
    call = _call(organisation_of(request, organisation_key, READ, *RUNS), key)
    return [
        {
            "application": row.key,
            "document": {name: getattr(row, name) for name in type(row).__slots__ if name != "key"},
        }
        for row in judging.ranking(call)
    ]


@router.post("/calls/{uuid:key}/decide", response=DecidedOut, summary="Decide by the ranking")
def decide_call(request: HttpRequest, organisation_key: OrganisationKey, key: UUID) -> dict[str, int]:
    """Scope `programme:write`. What is above the line is approved, what failed is rejected."""
    place, who = _runs(request, organisation_key)
    approved, rejected = judging.decide_call(by=who, call=_call(place, key))
    return {"approved": approved, "rejected": rejected}


@router.post("/applications/{uuid:key}/visitor", response=ApplicationOut, summary="Ask a mentor to visit")
def send_visitor(
    request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: VisitorIn
) -> dict[str, Any]:
    """Scope `programme:write`."""
    place, who = _runs(request, organisation_key)
    application = _application(place, key, who)
    applications.send_visitor(by=who, application=application, visitor=_person(given.visitor), on=given.on)
    return _shown("applications", place, key)


@router.post("/applications/{uuid:key}/visit", response=ApplicationOut, summary="Say what the visit found")
def record_visit(
    request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: VisitReportIn
) -> dict[str, Any]:
    """Scope `programme:write`; the mentor who was there, or the operator."""
    place, who = _runs(request, organisation_key)
    applications.record_visit(by=who, application=_application(place, key, who), **given.dict())
    return _shown("applications", place, key)


@router.post("/applications/{uuid:key}/judges", response=ApplicationOut, summary="Ask judges")
def call_judges(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: JudgesIn) -> dict[str, Any]:
    """Scope `programme:write`. Outside ones only; five must give points in the end."""
    place, who = _runs(request, organisation_key)
    judges = [_person(name) for name in given.judges]
    judging.call_judges(by=who, application=_application(place, key, who), judges=judges, due_on=given.due_on)
    return _shown("applications", place, key)


@router.post("/applications/{uuid:key}/decide", response=ApplicationOut, summary="Grant, or reject by the points")
def decide(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: GrantIn) -> dict[str, Any]:
    """Scope `programme:write`."""
    place, who = _runs(request, organisation_key)
    judging.decide(by=who, application=_application(place, key, who), granted=given.granted)
    return _shown("applications", place, key)


@router.post("/applications/{uuid:key}/reject", response=ApplicationOut, summary="Turn down with the reason")
def reject(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: WordsIn) -> dict[str, Any]:
    """Scope `programme:write`."""
    place, who = _runs(request, organisation_key)
    judging.reject(by=who, application=_application(place, key, who), words=given.words)
    return _shown("applications", place, key)


@router.post("/applications/{uuid:key}/stop", response=ApplicationOut, summary="End it early, with the reason")
def stop(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: WordsIn) -> dict[str, Any]:
    """Scope `programme:write`. The grant becomes what was paid; open claims go back."""
    place, who = _runs(request, organisation_key)
    applications.stop(by=who, application=_application(place, key, who), words=given.words)
    return _shown("applications", place, key)


@router.post("/applications/{uuid:key}/reopen", response=ApplicationOut, summary="Back to the judges, with the reason")
def reopen(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: WordsIn) -> dict[str, Any]:
    """Scope `programme:write`. What was rejected or approved, before its plan; points that were given stay."""
    place, who = _runs(request, organisation_key)
    judging.reopen(by=who, application=_application(place, key, who), words=given.words)
    return _shown("applications", place, key)


@router.post("/applications/{uuid:key}/plan", response=ApplicationOut, summary="Agree the plan and its milestones")
def agree_plan(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: PlanIn) -> dict[str, Any]:
    """Scope `programme:write`."""
    place, who = _runs(request, organisation_key)
    parts = [(one.title, one.amount, one.due_on) for one in given.milestones]
    applications.agree_plan(by=who, application=_application(place, key, who), plan=given.plan, milestones=parts)
    return _shown("applications", place, key)


@router.post("/applications/{uuid:key}/step", response=ApplicationOut, summary="Build, operate, after-care, close")
def go_on(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: StepIn) -> dict[str, Any]:
    """Scope `programme:write`."""
    place, who = _runs(request, organisation_key)
    applications.go_on(by=who, application=_application(place, key, who), step=given.step, words=given.words)
    return _shown("applications", place, key)


@router.post("/applications/{uuid:key}/notes", response=ApplicationOut, summary="Add a line to the history")
def add_note(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: WordsIn) -> dict[str, Any]:
    """Scope `programme:write`."""
    place, who = _runs(request, organisation_key)
    applications.add_note(by=who, application=_application(place, key, who), words=given.words)
    return _shown("applications", place, key)


def _milestone(place: Organisation, key: UUID, number: int, who: Any) -> Milestone:
    rows = Milestone.objects.of(place).select_related(
        "application__organisation", "application__factory", "organisation"
    )
    return get_object_or_404(rows.filter(application=_application(place, key, who)), place=min(number, 32_000))


@router.post(
    "/applications/{uuid:key}/milestones/{int:place}/reached", response=ApplicationOut, summary="A milestone is reached"
)
def reach(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, place: int) -> dict[str, Any]:
    """Scope `programme:write`; a mentor or the operator."""
    where, who = _runs(request, organisation_key)
    money.reach_milestone(by=who, milestone=_milestone(where, key, place, who))
    return _shown("applications", where, key)


@router.post("/applications/{uuid:key}/milestones/{int:place}/due", response=ApplicationOut, summary="Another last day")
def move_milestone(
    request: HttpRequest, organisation_key: OrganisationKey, key: UUID, place: int, given: DueIn
) -> dict[str, Any]:
    """Scope `programme:write`. For a milestone that is not reached, with the reason; the factory is told."""
    where, who = _runs(request, organisation_key)
    milestone = _milestone(where, key, place, who)
    applications.move_milestone(by=who, milestone=milestone, due_on=given.due_on, words=given.words)
    return _shown("applications", where, key)


@router.post("/applications/{uuid:key}/milestones/{int:place}/payment", response=PaidOut, summary="Pay a claim")
def pay(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, place: int, given: PayIn) -> dict[str, Any]:
    """Scope `programme:write`. Another person than who saw it reached; never more than granted, never twice."""
    where, who = _runs(request, organisation_key)
    made = money.pay(by=who, milestone=_milestone(where, key, place, who), request=given.request)
    return {"request": made.request, "amount": made.amount}


@router.post("/claims/{uuid:key}/refuse", response=ClaimOut, summary="Send a claim back with the reason")
def refuse_claim(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: WordsIn) -> dict[str, Any]:
    """Scope `programme:write`."""
    place, who = _runs(request, organisation_key)
    claim = get_object_or_404(
        Claim.objects.of(place).select_related("application__organisation", "organisation"), key=key
    )
    money.refuse_claim(by=who, claim=claim, words=given.words)
    return _shown("claims", place, key)


def _cohort(place: Organisation, key: UUID) -> Cohort:
    return get_object_or_404(Cohort.objects.of(place).select_related("organisation"), key=key)


@router.post("/plannings", response={201: PlanningOut}, summary="Ask the optimiser who should go where")
def ask_for_plan(request: HttpRequest, organisation_key: OrganisationKey, given: PlanningIn) -> Status:
    """Scope `programme:write`. A job: its `state` and `share` tell how far it is."""
    place, who = _runs(request, organisation_key)
    made: Planning = planning.ask_for_plan(by=who, cohort=_cohort(place, given.cohort))
    return Status(201, _shown("plannings", place, made.key))


@router.post("/hands", response={204: None}, summary="Pin or rule out a mentor for a factory")
def put_hand(request: HttpRequest, organisation_key: OrganisationKey, given: HandIn) -> Status:
    """Scope `programme:write`."""
    place, who = _runs(request, organisation_key)
    factory = get_object_or_404(factories_under(place), key=given.factory)
    mentor = get_object_or_404(Mentor.objects.of(place), key=given.mentor)
    planning.put_hand(by=who, cohort=_cohort(place, given.cohort), factory=factory, mentor=mentor, pinned=given.pinned)
    return Status(204, None)


@router.get("/portfolio", response=dict[str, Any], summary="All factories added up: levels, money, measured effect")
def whole(request: HttpRequest, organisation_key: OrganisationKey, asked: Query[PortfolioAsked]) -> dict[str, Any]:
    """Scope `programme:read`; of people, programme and co-operative operators."""
    place = organisation_of(request, organisation_key, READ, *RUNS, Role.COOP_OPERATOR)
    found = portfolio.portfolio(place, region=asked.region, branch=asked.branch, industry=asked.industry)
    return {
        "whole": _group(found.whole),
        "regions": [_group(one) for one in found.regions],
        "industries": [_group(one) for one in found.industries],
        "organisations": [_group(one) for one in found.organisations],
        "not_surveyed": found.not_surveyed,
    }


def _group(one: portfolio.Group) -> dict[str, Any]:
    names = ("name", "key", "counts", "granted", "paid", "effect", "effects", "factories")
    return {name: getattr(one, name) for name in names}
