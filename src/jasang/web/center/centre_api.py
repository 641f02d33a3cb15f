"""The 365 centre for programs of its own: every step of an agent on a case."""

from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import AwareDatetime, Field

from jasang.errors import WrongArguments
from jasang.web.api.entering import OrganisationKey, organisation_of, person_of
from jasang.web.api.kinds import kind_named
from jasang.web.api.lists import add_lists, one_of, schema_of
from jasang.web.center import findings, services, visits
from jasang.web.center.api import LONGEST, READ, WRITE, HitOut, Typed, WordIn, about_of, hit, priority_of
from jasang.web.center.factory_views import send
from jasang.web.center.models import Agent, Attachment, Case, Centre, Channel, Queue, Visit
from jasang.web.center.report import report as kept_report
from jasang.web.center.routing import agents_of
from jasang.web.center.search_showing import MOST_FOUND
from jasang.web.center.search_store import Reader, find
from jasang.web.tenants.models import Organisation, OrganisationKind, Role
from jasang.web.tenants.queries import factories_under

router = Router(tags=["365 centre"])
ROLES = (Role.AGENT, Role.PROGRAMME_OPERATOR)
CaseOut = schema_of(kind_named("cases"), "organisation")
Priorities = Literal["urgent", "high", "normal", "low"]


class CentreCaseIn(Schema):
    """A case opened for a factory that the centre serves."""

    factory: str = Field(max_length=16)
    title: str = Field(min_length=1, max_length=200)
    text: str = Field(min_length=1, max_length=LONGEST)
    priority: Priorities = "normal"
    language: Literal["ko", "en"] = "ko"
    channel: Literal["api", "phone"] = "api"
    queue: UUID | None = None
    finding: UUID | None = None


class AnswerIn(WordIn):
    """A word to the customer; `step`: answered (the centre goes on), asked (waits for the customer), solved."""

    step: Literal["answered", "asked", "solved"] = "answered"


class AssignIn(Schema):
    """The agent's user name; null = back to the queue."""

    agent: str | None = Field(None, max_length=150)


class TermsIn(Schema):
    """Another queue or priority; null = as it is."""

    queue: UUID | None = None
    priority: Priorities | None = None


class TagsIn(Schema):
    """All tags from now on."""

    tags: list[str] = Field(max_length=20)


class OtherIn(Schema):
    """The key of another case of the centre."""

    case: UUID


class SplitIn(Schema):
    """The second difficulty."""

    title: str = Field(min_length=1, max_length=200)
    text: str = Field("", max_length=LONGEST)


class VisitIn(Schema):
    """A call or a visit."""

    kind: Literal["call", "visit"]
    start: AwareDatetime
    minutes: int = Field(60, ge=5, le=1440)
    place: str = Field("", max_length=200)


class ReportAsked(Schema):
    """Over how many weeks."""

    weeks: int = Field(12, ge=1, le=104)


def centre_for(request: HttpRequest, organisation_key: str, scope: str, *roles: Role) -> Organisation:
    """The centre of the address; 404 where the organisation is none."""
    place = organisation_of(request, organisation_key, scope, *(roles or ROLES))
    if place.kind != OrganisationKind.CENTRE:
        get_object_or_404(Organisation.objects.none())
    get_object_or_404(Centre.objects.of(place))
    return place


def _case(request: HttpRequest, organisation_key: str, key: UUID) -> tuple[Case, Any]:
    """The case and who does something to it."""
    place = centre_for(request, organisation_key, WRITE)
    rows = Case.objects.at(place).select_related("centre", "queue", "agent__user", "merged_into", "factory")
    return get_object_or_404(rows, key=key), person_of(request, place, *ROLES)


def _shown(case: Case) -> dict[str, Any]:
    return one_of(kind_named("cases"), case.centre, case.key)


add_lists(router, "organisation", "cases")


@router.post("/cases", response={201: CaseOut}, summary="Open a case for a factory")
def open_case(request: HttpRequest, organisation_key: OrganisationKey, given: CentreCaseIn) -> Status:
    """Scope `center:write`. The factory is one below the organisation that the centre belongs to."""
    place = centre_for(request, organisation_key, WRITE)
    user = person_of(request, place, *ROLES)
    factory = get_object_or_404(factories_under(place.parent or place), key=given.factory, closed_at=None)
    queue = get_object_or_404(Queue.objects.of(place), key=given.queue) if given.queue else None
    about = about_of(factory, given.finding)
    case = services.open_case(
        factory=factory, title=given.title, text=given.text, user=user, channel=Channel(given.channel), queue=queue,
        priority=priority_of(given.priority), language=given.language, subject=about, centre=Centre.objects.of(place).get(),
        carried=services.carry(about) | findings.around(factory, []),
    )  # fmt: skip
    return Status(201, _shown(case))


@router.post("/cases/{uuid:key}/answer", response=CaseOut, summary="Answer, ask back, or solve")
def answer(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: AnswerIn) -> dict[str, Any]:
    """Scope `center:write`."""
    case, user = _case(request, organisation_key, key)
    services.answer(case=case, user=user, text=given.text, step=given.step, channel=Channel.API)
    return _shown(case)


@router.post("/cases/{uuid:key}/note", response=CaseOut, summary="An inner note; @name tells that agent")
def note(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: WordIn) -> dict[str, Any]:
    """Scope `center:write`. The factory never sees it."""
    case, user = _case(request, organisation_key, key)
    services.note(case=case, user=user, text=given.text)
    return _shown(case)


@router.post("/cases/{uuid:key}/phone", response=CaseOut, summary="The customer called; what was said")
def phone(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: WordIn) -> dict[str, Any]:
    """Scope `center:write`. It starts the clock as any other word of the customer."""
    case, user = _case(request, organisation_key, key)
    services.customer_word(case=case, user=user, text=given.text, channel=Channel.PHONE)
    return _shown(case)


@router.post("/cases/{uuid:key}/take", response=CaseOut, summary="Take a case that nobody has")
def take(request: HttpRequest, organisation_key: OrganisationKey, key: UUID) -> dict[str, Any]:
    """Scope `center:write`."""
    case, user = _case(request, organisation_key, key)
    if not services.take(case=case, user=user):
        raise WrongArguments(
            ko="다른 사람이 먼저 맡았거나, 이 센터의 상담원이 아닙니다.",
            en="Somebody else has taken it, or you are no agent of this centre.",
        )
    return _shown(case)


@router.post("/cases/{uuid:key}/assign", response=CaseOut, summary="Give a case to an agent, or back to the queue")
def assign(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: AssignIn) -> dict[str, Any]:
    """Scope `center:write`."""
    case, user = _case(request, organisation_key, key)
    agent = get_object_or_404(agents_of(case.centre), user__username=given.agent) if given.agent is not None else None
    services.assign(case=case, agent=agent, by=user)
    return _shown(case)


@router.post("/cases/{uuid:key}/terms", response=CaseOut, summary="Another queue or priority")
def terms(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: TermsIn) -> dict[str, Any]:
    """Scope `center:write`. Other hours and promises hold from now on."""
    case, user = _case(request, organisation_key, key)
    queue = get_object_or_404(Queue.objects.of(case.centre), key=given.queue) if given.queue else None
    priority = priority_of(given.priority) if given.priority else None
    services.change_terms(case=case, user=user, queue=queue, priority=priority)
    return _shown(case)


@router.post("/cases/{uuid:key}/tags", response=CaseOut, summary="Put tags in place of the kept ones")
def tags(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: TagsIn) -> dict[str, Any]:
    """Scope `center:write`."""
    case, user = _case(request, organisation_key, key)
    services.tag(case=case, user=user, tags=given.tags)
    return _shown(case)


def _other(case: Case, given: OtherIn) -> Case:
    rows = Case.objects.at(case.centre).select_related("centre").exclude(pk=case.pk)
    return get_object_or_404(rows, key=given.case)


@router.post("/cases/{uuid:key}/merge", response=CaseOut, summary="Let a case go on in another one of the same factory")
def merge(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: OtherIn) -> dict[str, Any]:
    """Scope `center:write`."""
    case, user = _case(request, organisation_key, key)
    services.merge(case=case, into=_other(case, given), user=user)
    return _shown(case)


@router.post("/cases/{uuid:key}/link", response=CaseOut, summary="Two cases have to do with each other")
def link(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: OtherIn) -> dict[str, Any]:
    """Scope `center:write`. Only agents see it."""
    case, user = _case(request, organisation_key, key)
    services.link(case=case, other=_other(case, given), user=user)
    return _shown(case)


@router.post("/cases/{uuid:key}/split", response={201: CaseOut}, summary="A second difficulty as a case of its own")
def split(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: SplitIn) -> Status:
    """Scope `center:write`."""
    case, user = _case(request, organisation_key, key)
    return Status(201, _shown(services.split(case=case, user=user, title=given.title, text=given.text)))


@router.post("/cases/{uuid:key}/visits", response=CaseOut, summary="Agree a call or a visit")
def agree(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: VisitIn) -> dict[str, Any]:
    """Scope `center:write`. For the case's agent, else for the caller."""
    case, user = _case(request, organisation_key, key)
    agent = case.agent or Agent.objects.of(case.centre).filter(user=user).first()
    if agent is None:
        raise WrongArguments(ko="먼저 상담원을 정해 주세요.", en="Please choose an agent first.")
    moment(given.start)
    visits.agree(case=case, agent=agent, user=user, **given.dict())
    return _shown(case)


@router.post("/visits/{uuid:key}/cancel", response=CaseOut, summary="Call off a call or visit")
def call_off(request: HttpRequest, organisation_key: OrganisationKey, key: UUID) -> dict[str, Any]:
    """Scope `center:write`."""
    place = centre_for(request, organisation_key, WRITE)
    user = person_of(request, place, *ROLES)
    visit = get_object_or_404(Visit.objects.at(place).select_related("case__centre", "agent"), key=key)
    visits.call_off(visit=visit, user=user)
    return _shown(visit.case)


@router.post("/cases/{uuid:key}/reopen", response=CaseOut, summary="It was not solved after all")
def reopen(request: HttpRequest, organisation_key: OrganisationKey, key: UUID) -> dict[str, Any]:
    """Scope `center:write`."""
    case, user = _case(request, organisation_key, key)
    services.reopen(case=case, user=user)
    return _shown(case)


@router.post("/cases/{uuid:key}/resume", response=CaseOut, summary="Go on without waiting for the customer")
def resume(request: HttpRequest, organisation_key: OrganisationKey, key: UUID) -> dict[str, Any]:
    """Scope `center:write`."""
    case, user = _case(request, organisation_key, key)
    services.resume(case=case, user=user)
    return _shown(case)


@router.post("/cases/{uuid:key}/close", response=CaseOut, summary="Close a case")
def close(request: HttpRequest, organisation_key: OrganisationKey, key: UUID) -> dict[str, Any]:
    """Scope `center:write`. A later word of the customer opens it again."""
    case, user = _case(request, organisation_key, key)
    services.close(case=case, user=user)
    return _shown(case)


@router.get("/attachments/{uuid:key}/content", response={200: bytes}, summary="A file of a conversation")
def content(request: HttpRequest, organisation_key: OrganisationKey, key: UUID) -> HttpResponse:
    """Scope `center:read`."""
    return send(get_object_or_404(Attachment.objects.at(centre_for(request, organisation_key, READ)), key=key))


@router.get("/search", response=list[HitOut], summary="Search the centre's cases, articles and what helped")
def search(request: HttpRequest, organisation_key: OrganisationKey, typed: Query[Typed]) -> list[dict[str, Any]]:
    """Scope `center:read`."""
    reader = Reader(centre=centre_for(request, organisation_key, READ))
    return [hit(found.entry) for found in find(reader, typed.q, limit=MOST_FOUND)]


@router.get("/centre-report", response=dict[str, Any], summary="Numbers of the centre")
def report(request: HttpRequest, organisation_key: OrganisationKey, asked: Query[ReportAsked]) -> dict[str, Any]:
    """Scope `center:read`. Opened, answered and solved, in time or not, by week; stars; the backlog by queue."""
    place, now = centre_for(request, organisation_key, READ), timezone.now()
    return kept_report(place, now, weeks=asked.weeks)


def moment(value: datetime) -> datetime:
    """A moment within what every database keeps."""
    if abs(value - timezone.now()) > timedelta(days=3660):
        raise WrongArguments(
            ko=f"{value}: 앞뒤 10년 안이어야 합니다.", en=f"{value}: expected within ten years of now."
        )
    return value
