"""Residencies for programs: what the mentor and the factory write down, by the functions that the workbench calls.

What the mentor writes takes the mentor (a signed-in browser, or a key that he or she made); ticking tasks and answering what is
handed over is the factory's. The look back, 90 days later, is a call of the organisation.
"""

from typing import Any
from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from ninja import File, Form, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import Field

from jasang.web.api.entering import FactoryKey, OrganisationKey, factory_of, organisation_of, person_of
from jasang.web.api.kinds import kind_named
from jasang.web.api.lists import one_of, schema_of
from jasang.web.programme import photos, residencies
from jasang.web.programme.api import LONG, READ, WRITE, Day, WordsIn, acting
from jasang.web.programme.models import Change, HandOver, Proof, Residency, ResidencyNote, Task
from jasang.web.programme.residencies import ResidencyRefused
from jasang.web.tenants.models import FACTORY_ROLES, Factory, Membership, Role
from jasang.web.ui.checked_files import MOST, Checked, check

router = Router(tags=["residencies"])
organisation_router = Router(tags=["residencies"])
ResidencyOut, WeekOut, TaskOut, NoteOut, ChangeOut, HandOverOut = (
    schema_of(kind_named(name), "factory")
    for name in ("residencies", "residency-weeks", "tasks", "residency-notes", "changes", "hand-overs")
)
OutsideOut = schema_of(kind_named("residencies"), "organisation")
Photos = File[list[UploadedFile]]


class GoalIn(Schema):
    """What the weeks are for as a whole."""

    goal: str = Field(max_length=4000)


class WeekIn(Schema):
    """What one week is for, and whether that is done."""

    aim: str = Field("", max_length=500)
    done: bool = False


class TaskIn(Schema):
    """Something to do. `person`: user name of somebody here; `who`: a name without an account; `lasting`: of a finding."""

    text: str = Field(min_length=1, max_length=500)
    person: str = Field("", max_length=150)
    who: str = Field("", max_length=80)
    due_on: Day | None = None
    lasting: str = Field("", max_length=100)


class TaskDoneIn(Schema):
    """Done, or not yet after all."""

    done: bool = True


class HandOverIn(Schema):
    """One thing that is handed over, and who looks after it."""

    text: str = Field(min_length=1, max_length=500)
    keeper: str = Field("", max_length=80)


class HandOverAnswerIn(Schema):
    """Whether the factory takes it; if not, what is missing."""

    accepted: bool
    missing: str = Field("", max_length=500)


class LookBackIn(Schema):
    """Words, and which changes still hold (key of the change → whether)."""

    words: str = LONG
    holds: dict[UUID, bool] = Field(default_factory=dict, max_length=500)


def _residency(factory: Factory, key: UUID) -> Residency:
    rows = Residency.objects.of(factory).select_related("mentor__user", "mentor__organisation", "factory")
    return get_object_or_404(rows, key=key)


def _there(request: HttpRequest, factory_key: str, key: UUID) -> tuple[Factory, Any, Residency]:
    factory, who = acting(request, factory_key)
    return factory, who, _residency(factory, key)


def _shown(name: str, factory: Factory, key: UUID) -> dict[str, Any]:
    return one_of(kind_named(name), factory, key)


def _checked(files: list[UploadedFile]) -> list[Checked]:
    if len(files) > MOST:
        raise ResidencyRefused(
            ko=f"파일 {len(files)}개: 한 번에 {MOST}개까지입니다.", en=f"{len(files)} files; at most {MOST} at once."
        )
    return [check(one.name or "", one.read()) for one in files]


@router.post("/residencies/{uuid:key}/goal", response=ResidencyOut, summary="What the weeks are for")
def set_goal(request: HttpRequest, factory_key: FactoryKey, key: UUID, given: GoalIn) -> dict[str, Any]:
    """Scope `programme:write`; the mentor, on the days of the residency."""
    factory, who, residency = _there(request, factory_key, key)
    residencies.set_goal(by=who, residency=residency, goal=given.goal)
    return _shown("residencies", factory, key)


@router.put("/residencies/{uuid:key}/weeks/{int:number}", response={204: None}, summary="What one week is for")
def plan_week(request: HttpRequest, factory_key: FactoryKey, key: UUID, number: int, given: WeekIn) -> Status:
    """Scope `programme:write`; the mentor, on the days of the residency. Weeks count from 1; `residency-weeks` lists them."""
    _factory, who, residency = _there(request, factory_key, key)
    residencies.plan_week(by=who, residency=residency, number=number, aim=given.aim, done=given.done)
    return Status(204, None)


@router.post("/residencies/{uuid:key}/tasks", response={201: TaskOut}, summary="Something to do in the factory")
def add_task(request: HttpRequest, factory_key: FactoryKey, key: UUID, given: TaskIn) -> Status:
    """Scope `programme:write`; the mentor, on the days of the residency."""
    factory, who, residency = _there(request, factory_key, key)
    told = given.dict(exclude={"person"})
    person = _member(factory, given.person) if given.person else None
    made = residencies.add_task(by=who, residency=residency, person=person, **told)
    return Status(201, _shown("tasks", factory, made.key))


def _member(factory: Factory, name: str) -> Any:
    rows = Membership.objects.filter(factory=factory, role__in=FACTORY_ROLES, user__username=name)
    found = rows.select_related("user").first()
    if found is None:
        raise ResidencyRefused(
            ko=f"person: '{name}' 은(는) 이 공장 사람이 아닙니다.", en=f"person: {name!r} is not of the factory."
        )
    return found.user


@router.post("/tasks/{uuid:key}/done", response=TaskOut, summary="A task is done, or not yet after all")
def tick(request: HttpRequest, factory_key: FactoryKey, key: UUID, given: TaskDoneIn) -> dict[str, Any]:
    """Scope `programme:write`; people of the factory, and its mentor."""
    factory, who = acting(request, factory_key)
    task = get_object_or_404(Task.objects.of(factory).select_related("factory"), key=key)
    residencies.tick(by=who, task=task, done=given.done)
    return _shown("tasks", factory, key)


@router.post(
    "/residencies/{uuid:key}/notes", response={201: NoteOut}, summary="A spot of the floor walk, or a diary entry"
)
def add_note(
    request: HttpRequest,
    factory_key: FactoryKey,
    key: UUID,
    kind: Form[str] = "",
    text: Form[str] = "",
    place: Form[str] = "",
    on: Form[Day | None] = None,
    files: Photos = [],  # noqa: B006  never changed
) -> Status:
    """Scope `programme:write`; the mentor, on the days of the residency. A form with `kind` ("walk" or "diary"), `text` and at
    most 10 photos or files."""
    factory, who, residency = _there(request, factory_key, key)
    made: ResidencyNote = residencies.add_note(
        by=who, residency=residency, kind=kind, text=text, place=place, on=on, files=_checked(files)
    )
    return Status(201, _shown("residency-notes", factory, made.key))


@router.post("/residencies/{uuid:key}/changes", response={201: ChangeOut}, summary="Before and after")
def add_change(
    request: HttpRequest,
    factory_key: FactoryKey,
    key: UUID,
    title: Form[str] = "",
    before: Form[str] = "",
    after: Form[str] = "",
    on: Form[Day | None] = None,
    lasting: Form[str] = "",
    photos_before: Photos = [],  # noqa: B006
    photos_after: Photos = [],  # noqa: B006
) -> Status:
    """Scope `programme:write`; the mentor, on the days of the residency. A form with a `title`; `lasting` names the finding that
    it is about."""
    factory, who, residency = _there(request, factory_key, key)
    made: Change = residencies.add_change(
        by=who, residency=residency, title=title, before=before, after=after, on=on, lasting=lasting,
        photos_before=_checked(photos_before), photos_after=_checked(photos_after),
    )  # fmt: skip
    return Status(201, _shown("changes", factory, made.key))


@router.post("/residencies/{uuid:key}/hand-overs", response={201: HandOverOut}, summary="Something that is handed over")
def add_hand_over(request: HttpRequest, factory_key: FactoryKey, key: UUID, given: HandOverIn) -> Status:
    """Scope `programme:write`; the mentor, on the days of the residency."""
    factory, who, residency = _there(request, factory_key, key)
    made = residencies.add_hand_over(by=who, residency=residency, **given.dict())
    return Status(201, _shown("hand-overs", factory, made.key))


@router.post("/residencies/{uuid:key}/hand-over", response=ResidencyOut, summary="Everything is handed over")
def hand_over(request: HttpRequest, factory_key: FactoryKey, key: UUID, given: WordsIn) -> dict[str, Any]:
    """Scope `programme:write`; the mentor, on the days of the residency."""
    factory, who, residency = _there(request, factory_key, key)
    residencies.hand_over(by=who, residency=residency, words=given.words)
    return _shown("residencies", factory, key)


@router.post(
    "/hand-overs/{uuid:key}/answer", response=HandOverOut, summary="The factory takes it, or says what is missing"
)
def answer_hand_over(
    request: HttpRequest, factory_key: FactoryKey, key: UUID, given: HandOverAnswerIn
) -> dict[str, Any]:
    """Scope `programme:write`; people of the factory itself."""
    factory, who = acting(request, factory_key)
    item = get_object_or_404(HandOver.objects.of(factory).select_related("residency__factory", "factory"), key=key)
    residencies.answer_hand_over(by=who, item=item, accepted=given.accepted, missing=given.missing)
    return _shown("hand-overs", factory, key)


@router.get("/proofs/{uuid:key}/content", summary="A photo or document of a residency")
def proof_content(request: HttpRequest, factory_key: FactoryKey, key: UUID, small: bool = False) -> FileResponse:
    """Scope `programme:read`. `small`: a photo's thumbnail."""
    found = get_object_or_404(Proof.objects.of(factory_of(request, factory_key, READ)), key=key)
    return photos.answer_with(found, small=small)


@organisation_router.post(
    "/residencies/{uuid:key}/look-back", response=OutsideOut, summary="90 days after leaving: what holds"
)
def look_back(request: HttpRequest, organisation_key: OrganisationKey, key: UUID, given: LookBackIn) -> dict[str, Any]:
    """Scope `programme:write`; the mentor who was there, once."""
    place = organisation_of(request, organisation_key, WRITE, Role.MENTOR)
    rows = Residency.objects.under(place).select_related("factory", "mentor__user")
    residency = get_object_or_404(rows, key=key)
    who = person_of(request, place, Role.MENTOR)
    if residency.mentor.user_id != who.pk:
        raise Http404
    holds = {str(change): held for change, held in given.holds.items()}
    residencies.look_back(by=who, residency=residency, words=given.words, holds=holds)
    return one_of(kind_named("residencies"), place, key)
