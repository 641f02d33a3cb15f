"""A factory's cases for programs: opening, speaking, thanking; searching and reading what helps."""

from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import File, Form, Query, Router, Schema, Status
from ninja.errors import HttpError
from ninja.files import UploadedFile
from pydantic import Field

from jasang.errors import JasangError
from jasang.web.api.entering import FactoryKey, caller, factory_of
from jasang.web.api.kinds import kind_named
from jasang.web.api.lists import add_lists, one_of, schema_of
from jasang.web.center import article_services, findings, services
from jasang.web.center.factory_views import SPEAKING, send
from jasang.web.center.models import Article, Attachment, Case, Channel, Priority
from jasang.web.center.search_models import SearchEntry
from jasang.web.center.search_showing import MOST_FOUND
from jasang.web.center.search_store import LONGEST_QUERY, Reader, find
from jasang.web.center.serving import centre_of
from jasang.web.jobs.announcing import Subject, subject
from jasang.web.tenants.models import Factory
from jasang.web.tenants.queries import role_in
from jasang.web.ui.checked_files import MOST, Checked, check
from jasang.web.ui.language import current

router = Router(tags=["cases"])
READ, WRITE = "center:read", "center:write"
LONGEST = 20_000
CaseOut = schema_of(kind_named("cases"), "factory")
Files = File[list[UploadedFile]]


class CaseIn(Schema):
    """A difficulty. `finding`: the key of a finding that it is about."""

    title: str = Field(min_length=1, max_length=200)
    text: str = Field(min_length=1, max_length=LONGEST)
    priority: Literal["urgent", "high", "normal", "low"] = "normal"
    language: Literal["ko", "en"] = "ko"
    finding: UUID | None = None


class WordIn(Schema):
    """Something said."""

    text: str = Field(min_length=1, max_length=LONGEST)


class StarsIn(Schema):
    """How it went."""

    stars: int = Field(ge=1, le=5)


class DoneOut(Schema):
    """Whether something happened."""

    done: bool


class HitOut(Schema):
    """Something found: `kind` is case, article or knowhow."""

    kind: str
    key: str
    title: str
    text: str


class ArticleOut(Schema):
    """A published article."""

    key: UUID
    title_ko: str
    body_ko: str
    title_en: str
    body_en: str
    rules: list[str]
    helped: int
    not_helped: int


class VoteIn(Schema):
    """Whether it helped."""

    helped: bool


def priority_of(word: str) -> int:
    """The number of a priority's word."""
    return int(Priority[word.upper()])


def checked(files: list[UploadedFile]) -> list[Checked]:
    """Files that may be kept; raises `UnreadableInput`."""
    if len(files) > MOST:
        raise JasangError(ko=f"파일은 한 번에 {MOST}개까지입니다.", en=f"At most {MOST} files at once.")
    return [check(file.name or "", file.read()) for file in files]


def _speaking(request: HttpRequest, factory_key: str) -> Factory:
    factory = factory_of(request, factory_key, WRITE)
    who = caller(request)
    if who.key is None and role_in(who.user, factory) not in SPEAKING:
        raise HttpError(403, "role")
    return factory


def _case(request: HttpRequest, factory_key: str, key: UUID) -> Case:
    rows = Case.objects.of(_speaking(request, factory_key))
    rows = rows.select_related("centre", "queue", "agent__user", "merged_into", "factory")
    return get_object_or_404(rows, key=key)


def _shown(factory: Factory, key: UUID) -> dict[str, Any]:
    return one_of(kind_named("cases"), factory, key)


def about_of(factory: Factory, finding: UUID | None) -> Subject | None:
    """The finding of the factory that a case is about; raises where there is none."""
    found = subject(factory=factory, kind="finding", key=str(finding)) if finding is not None else None
    if finding is not None and found is None:
        raise JasangError(ko="이 공장에 그 결과가 없습니다.", en="The factory has no such finding.")
    return found


add_lists(router, "factory", "cases")


@router.post("/cases", response={201: CaseOut}, summary="Open a case")
def open_case(request: HttpRequest, factory_key: FactoryKey, given: CaseIn) -> Status:
    """Scope `center:write`. It carries the factory's last hours and the finding it is about."""
    factory = _speaking(request, factory_key)
    about = about_of(factory, given.finding)
    case = services.open_case(
        factory=factory, title=given.title, text=given.text, user=caller(request).user, channel=Channel.API,
        priority=priority_of(given.priority), language=given.language, subject=about,
        carried=services.carry(about) | findings.around(factory, []),
    )  # fmt: skip
    return Status(201, _shown(factory, case.key))


@router.post("/cases/{uuid:key}/say", response=CaseOut, summary="Say something; the clock runs again")
def say(request: HttpRequest, factory_key: FactoryKey, key: UUID, given: WordIn) -> dict[str, Any]:
    """Scope `center:write`. On a merged case it goes to where that went on."""
    case = _case(request, factory_key, key)
    services.customer_word(case=case, text=given.text, user=caller(request).user, channel=Channel.API)
    return _shown(case.factory, key)


@router.post("/cases/{uuid:key}/files", response=CaseOut, summary="Say something with files")
def say_with_files(
    request: HttpRequest, factory_key: FactoryKey, key: UUID, files: Files, text: Form[str] = ""
) -> dict[str, Any]:
    """Scope `center:write`. Pictures, PDF, HWP, Excel, Word, CSV or text, as `multipart/form-data`."""
    case = _case(request, factory_key, key)
    services.customer_word(
        case=case, text=text[:LONGEST], user=caller(request).user, channel=Channel.API, files=checked(files)
    )
    return _shown(case.factory, key)


@router.post("/cases/{uuid:key}/rate", response=DoneOut, summary="Thank in one tap, once")
def rate(request: HttpRequest, factory_key: FactoryKey, key: UUID, given: StarsIn) -> dict[str, Any]:
    """Scope `center:write`. Counts once, when the case is solved or closed."""
    case = _case(request, factory_key, key)
    return {"done": services.rate(case=case, user=caller(request).user, stars=given.stars)}


@router.post("/cases/{uuid:key}/close", response=CaseOut, summary="The factory needs nothing more")
def close(request: HttpRequest, factory_key: FactoryKey, key: UUID) -> dict[str, Any]:
    """Scope `center:write`."""
    case = _case(request, factory_key, key)
    services.close(case=case, user=caller(request).user, ours=False)
    return _shown(case.factory, key)


@router.post("/cases/{uuid:key}/reopen", response=CaseOut, summary="It was not solved after all")
def reopen(request: HttpRequest, factory_key: FactoryKey, key: UUID) -> dict[str, Any]:
    """Scope `center:write`."""
    case = _case(request, factory_key, key)
    services.reopen(case=case, user=caller(request).user, ours=False)
    return _shown(case.factory, key)


@router.get("/attachments/{uuid:key}/content", response={200: bytes}, summary="A file of a conversation")
def content(request: HttpRequest, factory_key: FactoryKey, key: UUID) -> HttpResponse:
    """Scope `center:read`. Never one of an inner note."""
    rows = Attachment.objects.of(factory_of(request, factory_key, READ)).filter(event__private=False)
    return send(get_object_or_404(rows, key=key))


def _reader(factory: Factory) -> Reader:
    serving = centre_of(factory)
    return Reader(factory=factory, centre=serving.organisation if serving is not None else None)


class Typed(Schema):
    """What is sought."""

    q: str = Field(min_length=1, max_length=LONGEST_QUERY)


@router.get("/search", response=list[HitOut], summary="Search cases, articles and what helped")
def search(request: HttpRequest, factory_key: FactoryKey, typed: Query[Typed]) -> list[dict[str, Any]]:
    """Scope `center:read`. In Korean and English; the factory's own cases, its centre's articles, shared know-how."""
    factory = factory_of(request, factory_key, READ)
    return [hit(found.entry) for found in find(_reader(factory), typed.q, limit=MOST_FOUND)]


def hit(entry: SearchEntry) -> dict[str, Any]:
    """What a program gets of something found, in the caller's language where it is there."""
    english = current() == "en" and entry.title_en
    title, text = (entry.title_en, entry.text_en) if english else (entry.title_ko, entry.text_ko)
    return {"kind": entry.kind, "key": entry.source, "title": title, "text": text[:600]}


def _published(factory: Factory, key: UUID) -> Article:
    rows = Article.objects.of_every_organisation().filter(published_at__isnull=False)
    return get_object_or_404(rows.filter(organisation=_reader(factory).centre), key=key)


@router.get("/articles/{uuid:key}", response=ArticleOut, summary="An article of the centre")
def article(request: HttpRequest, factory_key: FactoryKey, key: UUID) -> Article:
    """Scope `center:read`. Published ones of the centre that serves the factory."""
    return _published(factory_of(request, factory_key, READ), key)


@router.post("/articles/{uuid:key}/vote", response=DoneOut, summary="Say whether an article helped")
def vote(request: HttpRequest, factory_key: FactoryKey, key: UUID, given: VoteIn) -> dict[str, Any]:
    """Scope `center:write`. One vote a person; a key votes for who made it."""
    one = _published(factory_of(request, factory_key, WRITE), key)
    who = caller(request).user
    if who is None:
        raise HttpError(403, "person")
    article_services.vote(article=one, user=who, helped=given.helped)
    return {"done": True}
