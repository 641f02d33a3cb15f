"""The programme for programs of a factory: calls, applications from draft to claim, and the level."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import File, Form, Query, Router, Schema, Status
from ninja.errors import HttpError
from ninja.files import UploadedFile
from pydantic import Field

from jasang.mentor.level import level_json
from jasang.web.api.entering import FactoryKey, caller, factory_of
from jasang.web.api.kinds import kind_named
from jasang.web.api.lists import add_lists, one_of, schema_of
from jasang.web.programme import applications, levels, money, papers, queries
from jasang.web.programme.forms import FIRST_DAY, LAST_DAY
from jasang.web.programme.models import Application, Call, Milestone
from jasang.web.tenants.models import Factory
from jasang.web.ui.checked_files import check

router = Router(tags=["programme of a factory"])
READ, WRITE = "programme:read", "programme:write"
WON = Field(ge=0, le=10**15)
LONG = Field("", max_length=20_000)
Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)]  # one to which weeks can be added
ApplicationOut = schema_of(kind_named("applications"), "factory")
ClaimOut = schema_of(kind_named("claims"), "factory")
PaperOut = schema_of(kind_named("papers"), "factory")


class OpenCallOut(Schema):
    """A call that the factory may apply to today."""

    key: UUID
    title: str
    text: str
    support: str
    opens_on: date
    closes_on: date
    most_won: int
    most_share: float
    documents: list[dict[str, Any]]


class DraftIn(Schema):
    """An application, finished or not. Won."""

    call: UUID
    wish: str = LONG
    expected: str = LONG
    contact: str = Field("", max_length=120)
    cost: int = WON
    asked: int = WON


class WordsIn(Schema):
    """Some words."""

    words: str = LONG


class ClaimIn(Schema):
    """What is asked for a milestone; the same `request` again gives the same claim."""

    request: str = Field(min_length=8, max_length=64)
    words: str = LONG
    own_paid: int = Field(0, ge=0, le=10**15)


class Said(Schema):
    """A sentence in both languages."""

    ko: str
    en: str


class LevelAsked(Schema):
    """How levels are counted."""

    reading: Literal["five", "four"] = "five"


class ItemAnswerIn(Schema):
    """A mentor's answer to an item of the rubric, 0 to 5."""

    item: str = Field(max_length=60)
    step: int = Field(ge=0, le=5)
    evidence: str = Field("", max_length=300)


def acting(request: HttpRequest, factory_key: str) -> tuple[Factory, Any]:
    """The factory, and the person who acts there: a key acts for who made it."""
    factory = factory_of(request, factory_key, WRITE)
    who = caller(request).user
    if who is None:
        raise HttpError(403, "person")
    return factory, who


def _own(factory: Factory, key: UUID) -> Application:
    return get_object_or_404(queries.applications_of(factory), key=key)


def _shown(application: Application) -> dict[str, Any]:
    return one_of(kind_named("applications"), application.factory, application.key)


def _call(one: Call) -> dict[str, Any]:
    names = ("key", "title", "text", "support", "opens_on", "closes_on", "most_won", "documents")
    return {name: getattr(one, name) for name in names} | {"most_share": float(one.most_share)}


add_lists(router, "factory", "applications", "level-answers")


@router.get("/open-calls", response=list[OpenCallOut], summary="Calls the factory may apply to today")
def open_calls(request: HttpRequest, factory_key: FactoryKey) -> list[dict[str, Any]]:
    """Scope `programme:read`. Soonest end first."""
    factory = factory_of(request, factory_key, READ)
    return [_call(one) for one in queries.calls_for(factory, timezone.localdate())[:100]]


@router.post("/applications", response={201: ApplicationOut}, summary="Write an application, or change its draft")
def keep_draft(request: HttpRequest, factory_key: FactoryKey, given: DraftIn) -> Status:
    """Scope `programme:write`; an owner's, or a key's that an owner made. A call takes one application of a factory."""
    factory, who = acting(request, factory_key)
    call = get_object_or_404(queries.calls_for(factory, timezone.localdate()), key=given.call)
    kept = applications.keep_draft(by=who, factory=factory, call=call, **given.dict(exclude={"call"}))
    return Status(201, _shown(kept))


@router.get("/applications/{uuid:key}/missing", response=list[Said], summary="What a draft still lacks")
def missing(request: HttpRequest, factory_key: FactoryKey, key: UUID) -> list[dict[str, str]]:
    """Scope `programme:read`."""
    found = applications.missing(_own(factory_of(request, factory_key, READ), key))
    return [{"ko": one.ko, "en": one.en} for one in found]


@router.post("/applications/{uuid:key}/submit", response=ApplicationOut, summary="Hand the draft in")
def submit(request: HttpRequest, factory_key: FactoryKey, key: UUID) -> dict[str, Any]:
    """Scope `programme:write`; owners."""
    factory, who = acting(request, factory_key)
    return _shown(applications.submit(by=who, application=_own(factory, key)))


@router.post("/applications/{uuid:key}/withdraw", response=ApplicationOut, summary="Take an application back")
def withdraw(request: HttpRequest, factory_key: FactoryKey, key: UUID, given: WordsIn) -> dict[str, Any]:
    """Scope `programme:write`; owners. As long as nothing is built or paid."""
    factory, who = acting(request, factory_key)
    return _shown(applications.withdraw(by=who, application=_own(factory, key), words=given.words))


@router.post("/applications/{uuid:key}/notes", response=ApplicationOut, summary="Add a line to the history")
def add_note(request: HttpRequest, factory_key: FactoryKey, key: UUID, given: WordsIn) -> dict[str, Any]:
    """Scope `programme:write`."""
    factory, who = acting(request, factory_key)
    application = _own(factory, key)
    applications.add_note(by=who, application=application, words=given.words)
    return _shown(application)


@router.post("/applications/{uuid:key}/papers", response={201: list[PaperOut]}, summary="Add documents")
def add_papers(
    request: HttpRequest, factory_key: FactoryKey, key: UUID, files: File[list[UploadedFile]], title: Form[str] = ""
) -> Status:
    """Scope `programme:write`; owners. `title` is a document that the call asks for, or blank."""
    factory, who = acting(request, factory_key)
    handed = [check(file.name or "", file.read()) for file in files[:20]]
    made = papers.add_papers(by=who, application=_own(factory, key), title=title, files=handed)
    return Status(201, [one_of(kind_named("papers"), factory, one.key) for one in made])


@router.post(
    "/applications/{uuid:key}/milestones/{int:place}/claims",
    response={201: ClaimOut},
    summary="Claim a milestone's money",
)
def claim(request: HttpRequest, factory_key: FactoryKey, key: UUID, place: int, given: ClaimIn) -> Status:
    """Scope `programme:write`; owners."""
    factory, who = acting(request, factory_key)
    application = _own(factory, key)
    rows = Milestone.objects.of(application.organisation).filter(application=application)
    milestone = get_object_or_404(rows.select_related("application__factory", "organisation"), place=min(place, 32_000))
    made = money.claim(by=who, milestone=milestone, **given.dict())
    return Status(201, one_of(kind_named("claims"), factory, made.key))


@router.get("/level", response=dict[str, Any], summary="The factory's level, jasang.level/1")
def level(request: HttpRequest, factory_key: FactoryKey, asked: Query[LevelAsked]) -> dict[str, Any]:
    """Scope `programme:read`. From mentors' answers and live evidence, with three things up to the next level."""
    return level_json(levels.level_of(factory_of(request, factory_key, READ), reading=asked.reading))


@router.post("/level-answers", response=dict[str, Any], summary="Answer an item of the rubric")
def answer_item(request: HttpRequest, factory_key: FactoryKey, given: ItemAnswerIn) -> dict[str, Any]:
    """Scope `programme:write`; a mentor who is a guest of the factory."""
    factory, who = acting(request, factory_key)
    levels.answer_item(by=who, factory=factory, **given.dict())
    return level_json(levels.level_of(factory))
