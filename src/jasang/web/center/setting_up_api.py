"""Setting a centre up and writing its articles, for programs."""

from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema, Status
from pydantic import AwareDatetime, Field

from jasang.errors import WrongArguments
from jasang.web.api.entering import OrganisationKey, person_of
from jasang.web.api.kinds import kind_named
from jasang.web.api.lists import add_lists, hold_for_change, one_of, schema_of
from jasang.web.center import article_services, serving
from jasang.web.center.api import WRITE, DoneOut
from jasang.web.center.centre_api import ROLES, centre_for, moment
from jasang.web.center.clock import hours_of
from jasang.web.center.events import LONGEST_TEXT
from jasang.web.center.models import Article, Case, Duty, Macro, Queue
from jasang.web.center.routing import agents_of
from jasang.web.tenants.models import Organisation, Role

router = Router(tags=["365 centre: setting up"])
LEADING = (Role.PROGRAMME_OPERATOR,)
QueueOut, MacroOut, ArticleOut, AgentOut = (
    schema_of(kind_named(name), "organisation") for name in ("queues", "ready-answers", "articles", "agents")
)
Words = list[str]


class TermIn(Schema):
    """Minutes of service until the first answer and the solution."""

    answer: int = Field(ge=1, le=100_000)
    solve: int = Field(ge=1, le=1_000_000)


class QueueIn(Schema):
    """A queue; what is null stays as it is, or is usual for a new one."""

    name: str = Field(min_length=1, max_length=80)
    place: int = Field(0, ge=0, le=1000)
    skills: Words = Field(default_factory=list, max_length=50)
    rules: Words = Field(default_factory=list, max_length=100)
    languages: list[Literal["ko", "en", "vi", "zh", "uz", "ne"]] = Field(default_factory=list)
    hours: dict[str, Any] | None = None
    terms: dict[Literal["urgent", "high", "normal", "low"], TermIn] | None = None


class MacroIn(Schema):
    """A ready answer; `{factory}`, `{case}` and `{agent}` are filled in."""

    name: str = Field(min_length=1, max_length=80)
    text_ko: str = Field(min_length=1, max_length=LONGEST_TEXT)
    text_en: str = Field("", max_length=LONGEST_TEXT)
    then: Literal["", "answered", "asked", "solved"] = ""


class ArticleIn(Schema):
    """An article in both languages. `case`: the case it is made from, which stays unnamed in it."""

    title_ko: str = Field(min_length=1, max_length=200)
    body_ko: str = Field(min_length=1, max_length=LONGEST_TEXT)
    title_en: str = Field("", max_length=200)
    body_en: str = Field("", max_length=LONGEST_TEXT)
    rules: Words = Field(default_factory=list, max_length=50)
    case: UUID | None = None


class PublishIn(Schema):
    """Whether factories see it."""

    published: bool


class AgentIn(Schema):
    """What an agent can and how much."""

    skills: list[str] = Field(default_factory=list, max_length=50)
    languages: list[str] = Field(default_factory=list, max_length=10)
    most_open: int = Field(20, ge=0, le=1000)
    away: bool = False


class DutyIn(Schema):
    """A stretch of the rota; `agent` is a user name."""

    agent: str = Field(max_length=150)
    start: AwareDatetime
    end: AwareDatetime
    queue: UUID | None = None
    lead: bool = False


class DutyOut(Schema):
    """A stretch of the rota; `number` names it."""

    number: int


def _led(request: HttpRequest, organisation_key: str) -> Organisation:
    place = centre_for(request, organisation_key, WRITE, *LEADING)
    person_of(request, place, *LEADING)
    return place


def _worked(request: HttpRequest, organisation_key: str) -> Organisation:
    place = centre_for(request, organisation_key, WRITE)
    person_of(request, place, *ROLES)
    return place


add_lists(router, "organisation", "queues", "ready-answers", "articles", "agents", "duties")


def _wanted(given: QueueIn) -> dict[str, Any]:
    wanted = given.dict(exclude_none=True)
    if given.hours is not None:
        try:
            ZoneInfo(given.hours.get("timezone", "Asia/Seoul"))
            hours_of(given.hours)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise WrongArguments(
                ko="hours: 다른 창구의 hours와 같은 모양이어야 합니다.",
                en="hours: expected the shape that other queues have.",
            ) from error
    return wanted


@router.post("/queues", response={201: QueueOut}, summary="Make a queue")
def make_queue(request: HttpRequest, organisation_key: OrganisationKey, given: QueueIn) -> Status:
    """Scope `center:write`; of people, programme operators."""
    place = _led(request, organisation_key)
    try:
        with transaction.atomic():
            made = serving.add_queue(centre=place, **_wanted(given))
    except IntegrityError as error:
        raise _taken() from error
    return Status(201, one_of(kind_named("queues"), place, made.key))


@router.put("/queues/{uuid:key}", response=QueueOut, summary="Change a queue")
@transaction.atomic
def change_queue(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: QueueIn) -> dict[str, Any]:
    """Scope `center:write`; of people, programme operators. Open cases keep their hours and promises. Takes `If-Match`."""
    place = _led(request, organisation_key)
    hold_for_change(request, kind_named("queues"), place, key)
    queue = get_object_or_404(Queue.objects.of(place), key=key)
    try:
        with transaction.atomic():
            serving.change_queue(queue=queue, **_wanted(given))
    except IntegrityError as error:
        raise _taken() from error
    return one_of(kind_named("queues"), place, key)


def _taken() -> WrongArguments:
    return WrongArguments(
        ko="name: 같은 이름의 창구가 이미 있습니다.", en="name: there is a queue of this name already."
    )


@router.delete("/queues/{uuid:key}", response={204: None}, summary="Take a queue away")
def remove_queue(request: HttpRequest, organisation_key: OrganisationKey, key: UUID) -> Status:
    """Scope `center:write`; of people, programme operators. Not the last one, nor one that ever had a case."""
    serving.remove_queue(queue=get_object_or_404(Queue.objects.of(_led(request, organisation_key)), key=key))
    return Status(204, None)


@router.post("/ready-answers", response={201: MacroOut}, summary="Make a ready answer")
def make_macro(request: HttpRequest, organisation_key: OrganisationKey, given: MacroIn) -> Status:
    """Scope `center:write`."""
    place = _worked(request, organisation_key)
    made = serving.add_macro(centre=place, **given.dict())
    return Status(201, one_of(kind_named("ready-answers"), place, made.key))


@router.put("/ready-answers/{uuid:key}", response=MacroOut, summary="Change a ready answer")
@transaction.atomic
def change_macro(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: MacroIn) -> dict[str, Any]:
    """Scope `center:write`. Takes `If-Match`."""
    place = _worked(request, organisation_key)
    hold_for_change(request, kind_named("ready-answers"), place, key)
    macro = get_object_or_404(Macro.objects.of(place), key=key)
    serving.change_macro(macro=macro, **given.dict())
    return one_of(kind_named("ready-answers"), place, key)


@router.delete("/ready-answers/{uuid:key}", response={204: None}, summary="Take a ready answer away")
def remove_macro(request: HttpRequest, organisation_key: OrganisationKey, key: UUID) -> Status:
    """Scope `center:write`."""
    serving.remove_macro(macro=get_object_or_404(Macro.objects.of(_worked(request, organisation_key)), key=key))
    return Status(204, None)


def _article(request: HttpRequest, place: Organisation, given: ArticleIn, article: Article | None) -> dict[str, Any]:
    words = given.dict(exclude={"case"})
    case = get_object_or_404(Case.objects.at(place), key=given.case) if given.case else None
    user = person_of(request, place, *ROLES)
    kept = article_services.write_article(centre=place, user=user, article=article, case=case, **words)
    return one_of(kind_named("articles"), place, kept.key)


@router.post("/articles", response={201: ArticleOut}, summary="Write an article; it begins as a draft")
def write_article(request: HttpRequest, organisation_key: OrganisationKey, given: ArticleIn) -> Status:
    """Scope `center:write`."""
    return Status(201, _article(request, _worked(request, organisation_key), given, None))


@router.put("/articles/{uuid:key}", response=ArticleOut, summary="New words for an article")
@transaction.atomic
def change_article(
    request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: ArticleIn
) -> dict[str, Any]:
    """Scope `center:write`. Takes `If-Match`."""
    place = _worked(request, organisation_key)
    hold_for_change(request, kind_named("articles"), place, key)
    article = get_object_or_404(Article.objects.of(place), key=key)
    return _article(request, place, given, article)


@router.post("/articles/{uuid:key}/publish", response=ArticleOut, summary="Show an article to factories, or no longer")
def publish(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: PublishIn) -> dict[str, Any]:
    """Scope `center:write`."""
    place = _worked(request, organisation_key)
    article = get_object_or_404(Article.objects.of(place), key=key)
    article_services.publish(article=article, published=given.published)
    return one_of(kind_named("articles"), place, key)


@router.patch("/agents/{str:agent}", response=DoneOut, summary="Skills, languages and load of an agent")
def change_agent(request: HttpRequest, organisation_key: OrganisationKey, agent: str, given: AgentIn) -> dict[str, Any]:
    """Scope `center:write`; of people, programme operators. `agent` is the user name."""
    found = get_object_or_404(agents_of(_led(request, organisation_key)), user__username=agent)
    serving.change_agent(agent=found, **given.dict())
    return {"done": True}


@router.post("/duties", response={201: DutyOut}, summary="Put an agent on duty")
def put_on_duty(request: HttpRequest, organisation_key: OrganisationKey, given: DutyIn) -> Status:
    """Scope `center:write`."""
    place = _worked(request, organisation_key)
    agent = get_object_or_404(agents_of(place), user__username=given.agent)
    queue = get_object_or_404(Queue.objects.of(place), key=given.queue) if given.queue else None
    if moment(given.end) <= moment(given.start):
        raise WrongArguments(ko="end: start보다 뒤여야 합니다.", en="end: expected after start.")
    made = serving.put_on_duty(agent=agent, start=given.start, end=given.end, queue=queue, lead=given.lead)
    return Status(201, {"number": made.pk})


@router.delete("/duties/{int:number}", response={204: None}, summary="Take a stretch out of the rota")
def take_off_duty(request: HttpRequest, organisation_key: OrganisationKey, number: int) -> Status:
    """Scope `center:write`."""
    rows = Duty.objects.of(_worked(request, organisation_key))
    serving.take_off_duty(duty=get_object_or_404(rows, pk=min(number, 2**63 - 1)))
    return Status(204, None)
