"""What the floor keeps, for programs: hand-overs and diagnoses, findings and their lives, questions asked, know-how."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import File, Query, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import Field

from jasang.errors import JasangError
from jasang.mentor.study_catalog import STUDIES, study_kind
from jasang.web.api.entering import FactoryKey, caller, factory_of
from jasang.web.api.paging import Page, Paging, page
from jasang.web.floor import know_how as records
from jasang.web.floor import life as lives
from jasang.web.floor import queries, services, studies
from jasang.web.floor.forms import DoneForm, UploadForm
from jasang.web.floor.models import Diagnosis, Finding, FindingLife, KnowHow, Severity, StudyRun
from jasang.web.floor.study_forms import StudyForm, column_value
from jasang.web.jobs.services import ask_to_cancel
from jasang.web.tenants.models import Factory
from jasang.web.ui.language import current

router = Router(tags=["floor"])
READ, WRITE = "floor:read", "floor:write"


class Words(Schema):
    """A sentence in both languages."""

    ko: str
    en: str


class DiagnosisOut(Schema):
    """One hand-over of files and its diagnosis."""

    key: UUID
    title: str
    files: list[str]
    version: int
    size: int
    handed_over_at: datetime
    state: str
    share: float
    error: Words | None


class FindingOut(Schema):
    """What lists show of a finding."""

    key: UUID
    diagnosis: UUID
    rule: str
    severity: str
    table: str
    column: str
    asset: str
    product: str
    since: datetime | None
    until: datetime | None
    worth: float | None
    currency: str
    text: Words
    life: UUID | None


class WholeFinding(FindingOut):
    """A finding with `document`, one of `jasang.findings/1`."""

    document: dict[str, Any]


class LifeOut(Schema):
    """A finding over repeated diagnoses."""

    key: UUID
    title: str
    name: str
    stage: str
    gone: bool
    since: datetime | None
    done_on: date | None
    note: str


class LifeEventOut(Schema):
    """Something that happened to a finding."""

    at: datetime
    stage: str
    verdict: str
    lasting: str
    note: str
    text: Words
    effect: float | None
    low: float | None
    high: float | None


class WholeLife(LifeOut):
    """A life with its history, newest first."""

    events: list[LifeEventOut]


class ReasonIn(Schema):
    """Why a finding is not for us."""

    reason: str = Field(min_length=1, max_length=1000)


class DoneIn(Schema):
    """What was done, and when."""

    done_on: date
    note: str = Field(min_length=1, max_length=1000)


class ShareIn(Schema):
    """Whether others may see what helped, and in which words."""

    shared: bool
    words: str = Field("", max_length=1000)


class OptionOut(Schema):
    """One thing to choose when asking."""

    name: str
    label: Words
    asks: str
    required: bool
    choices: list[str]


class KindOut(Schema):
    """A question that may be asked."""

    name: str
    title: Words
    question: Words
    options: list[OptionOut]


class QuestionIn(Schema):
    """A question of one diagnosis' data. A column is given as {"table": …, "column": …}."""

    diagnosis: UUID
    kind: str = Field(max_length=40)
    options: dict[str, str | float | dict[Literal["table", "column"], str]] = Field(default_factory=dict)


class StudyOut(Schema):
    """A question that was asked."""

    key: UUID
    diagnosis: UUID
    kind: str
    options: dict[str, Any]
    asked_at: datetime
    state: str
    error: Words | None


class WholeStudy(StudyOut):
    """A question with its answer, `jasang.study/1`, null until it is there."""

    result: dict[str, Any] | None


class KnowHowOut(Schema):
    """A record of what helped, `jasang.knowhow/1`."""

    key: UUID
    shared: bool
    document: dict[str, Any]


class TakenIn(Schema):
    """How many records were new."""

    new: int


def _error(job: Any) -> dict[str, str] | None:
    return {"ko": job.error_ko, "en": job.error_en} if job.error_ko or job.error_en else None


def _diagnosis(one: Diagnosis) -> dict[str, Any]:
    names = ("key", "title", "files", "version", "size", "handed_over_at")
    about_job = {"state": one.job.state, "share": one.job.share, "error": _error(one.job)}
    return {name: getattr(one, name) for name in names} | about_job


def _finding(one: Finding) -> dict[str, Any]:
    names = ("key", "rule", "table", "column", "asset", "product", "since", "until", "worth", "currency")
    return {name: getattr(one, name) for name in names} | {
        "diagnosis": one.diagnosis.key,
        "severity": Severity(one.severity).word,
        "text": {"ko": one.text_ko, "en": one.text_en},
        "life": one.life.key if one.life else None,
    }


def _life(one: FindingLife) -> dict[str, Any]:
    names = ("key", "title", "name", "stage", "gone", "since", "done_on", "note")
    return {name: getattr(one, name) for name in names}


def _whole_life(one: FindingLife) -> dict[str, Any]:
    names = ("at", "stage", "verdict", "lasting", "note", "effect", "low", "high")
    happened = [
        {name: getattr(event, name) for name in names} | {"text": {"ko": event.text_ko, "en": event.text_en}}
        for event in queries.events(one)
    ]
    return _life(one) | {"events": happened}


def _study(one: StudyRun) -> dict[str, Any]:
    names = ("key", "kind", "options", "asked_at")
    about_job = {"state": one.job.state, "error": _error(one.job)}
    return {name: getattr(one, name) for name in names} | {"diagnosis": one.diagnosis.key} | about_job


def _diagnoses(factory: Factory) -> QuerySet[Diagnosis]:
    return Diagnosis.objects.of(factory).select_related("job__factory").defer("notices")


@router.get("/diagnoses", response=Page[DiagnosisOut], summary="Hand-overs, newest first")
def diagnoses(request: HttpRequest, factory_key: FactoryKey, asked: Query[Paging]) -> dict[str, Any]:
    """Scope `floor:read`."""
    return page(_diagnoses(factory_of(request, factory_key, READ)), asked, _diagnosis)


@router.post("/diagnoses", response={201: DiagnosisOut}, summary="Hand over files; their diagnosis is queued")
def hand_over(request: HttpRequest, factory_key: FactoryKey, files: File[list[UploadedFile]]) -> Status:
    """Scope `floor:write`. Files that belong together, or a zip of them, as `multipart/form-data`."""
    factory = factory_of(request, factory_key, WRITE)
    form = UploadForm({}, request.FILES)
    _check(form)
    made = services.hand_over_files(factory=factory, files=form.cleaned_data["files"], user=caller(request).user)
    return Status(201, _diagnosis(made))


@router.get("/diagnoses/{uuid:key}", response=DiagnosisOut, summary="One hand-over and how far its diagnosis is")
def diagnosis(request: HttpRequest, factory_key: FactoryKey, key: UUID) -> dict[str, Any]:
    """Scope `floor:read`."""
    return _diagnosis(get_object_or_404(_diagnoses(factory_of(request, factory_key, READ)), key=key))


@router.post("/diagnoses/{uuid:key}/cancel", response=DiagnosisOut, summary="Stop a diagnosis")
def cancel(request: HttpRequest, factory_key: FactoryKey, key: UUID) -> dict[str, Any]:
    """Scope `floor:write`."""
    rows = _diagnoses(factory_of(request, factory_key, WRITE))
    ask_to_cancel(job=get_object_or_404(rows, key=key).job)
    return _diagnosis(get_object_or_404(rows, key=key))


class FindingsAsked(Paging):
    """Which findings."""

    severity: Literal["act", "watch", "note"] | None = None
    diagnosis: UUID | None = Field(None, description="of this hand-over; without it of the current ones")


@router.get("/findings", response=Page[FindingOut], summary="Findings of the current hand-overs")
def findings(request: HttpRequest, factory_key: FactoryKey, asked: Query[FindingsAsked]) -> dict[str, Any]:
    """Scope `floor:read`."""
    severity = Severity[asked.severity.upper()] if asked.severity else None
    factory = factory_of(request, factory_key, READ)
    return page(queries.findings(factory, severity=severity, diagnosis=asked.diagnosis), asked, _finding)


@router.get("/findings/{uuid:key}", response=WholeFinding, summary="One finding with its evidence")
def finding(request: HttpRequest, factory_key: FactoryKey, key: UUID) -> dict[str, Any]:
    """Scope `floor:read`."""
    rows = Finding.objects.of(factory_of(request, factory_key, READ)).select_related("diagnosis", "life")
    found = get_object_or_404(rows, key=key)
    return _finding(found) | {"document": found.document}


def _lives(factory: Factory) -> QuerySet[FindingLife]:
    return FindingLife.objects.of(factory).select_related("factory", "last_seen").defer("document", "context")


def _one_life(request: HttpRequest, factory_key: str, key: UUID) -> FindingLife:
    return get_object_or_404(_lives(factory_of(request, factory_key, WRITE)), key=key)


@router.get("/lives", response=Page[LifeOut], summary="Findings over repeated diagnoses")
def all_lives(request: HttpRequest, factory_key: FactoryKey, asked: Query[Paging]) -> dict[str, Any]:
    """Scope `floor:read`."""
    return page(_lives(factory_of(request, factory_key, READ)), asked, _life)


@router.get("/lives/{uuid:key}", response=WholeLife, summary="One finding's history")
def life(request: HttpRequest, factory_key: FactoryKey, key: UUID) -> dict[str, Any]:
    """Scope `floor:read`."""
    return _whole_life(get_object_or_404(_lives(factory_of(request, factory_key, READ)), key=key))


@router.post("/lives/{uuid:key}/accept", response=WholeLife, summary="Take a finding on")
def accept(request: HttpRequest, factory_key: FactoryKey, key: UUID) -> dict[str, Any]:
    """Scope `floor:write`."""
    one = _one_life(request, factory_key, key)
    lives.accept(life=one, user=caller(request).user)
    return _whole_life(one)


@router.post("/lives/{uuid:key}/decline", response=WholeLife, summary="Not for us, and why")
def decline(request: HttpRequest, factory_key: FactoryKey, key: UUID, given: ReasonIn) -> dict[str, Any]:
    """Scope `floor:write`."""
    one = _one_life(request, factory_key, key)
    lives.decline(life=one, user=caller(request).user, reason=given.reason)
    return _whole_life(one)


@router.post("/lives/{uuid:key}/done", response=WholeLife, summary="The action was taken; its effect will be checked")
def done(request: HttpRequest, factory_key: FactoryKey, key: UUID, given: DoneIn) -> dict[str, Any]:
    """Scope `floor:write`."""
    one = _one_life(request, factory_key, key)
    form = DoneForm({"done_on": given.done_on.isoformat(), "note": given.note})
    _check(form)
    lives.mark_done(life=one, user=caller(request).user, done_on=form.cleaned_data["done_on"], note=given.note)
    return _whole_life(one)


@router.post("/lives/{uuid:key}/share", response=WholeLife, summary="Let other factories see what helped, or no longer")
def share(request: HttpRequest, factory_key: FactoryKey, key: UUID, given: ShareIn) -> dict[str, Any]:
    """Scope `floor:write`. Nothing happens while there is no confirmed effect."""
    one = _one_life(request, factory_key, key)
    records.share(life=one, user=caller(request).user, shared=given.shared, words=given.words)
    return _whole_life(one)


@router.get("/study-kinds", response=list[KindOut], summary="Every question that may be asked")
def study_kinds(request: HttpRequest, factory_key: FactoryKey) -> list[dict[str, Any]]:
    """Scope `floor:read`."""
    factory_of(request, factory_key, READ)
    return [
        {
            "name": kind.name,
            "title": _words(kind.title),
            "question": _words(kind.question),
            "options": [
                {
                    "name": option.name,
                    "label": _words(option.label),
                    "asks": option.asks,
                    "required": option.required,
                    "choices": [value for value, _ in option.choices],
                }
                for option in kind.options
            ],
        }
        for kind in STUDIES
    ]


def _words(text: Any) -> dict[str, str]:
    return {"ko": text.ko, "en": text.en}


@router.get("/studies", response=Page[StudyOut], summary="Questions asked so far")
def all_studies(request: HttpRequest, factory_key: FactoryKey, asked: Query[Paging]) -> dict[str, Any]:
    """Scope `floor:read`."""
    return page(studies.runs(factory_of(request, factory_key, READ)), asked, _study)


@router.get("/studies/{uuid:key}", response=WholeStudy, summary="One question and its answer")
def study(request: HttpRequest, factory_key: FactoryKey, key: UUID) -> dict[str, Any]:
    """Scope `floor:read`."""
    rows = StudyRun.objects.of(factory_of(request, factory_key, READ)).select_related("job", "diagnosis")
    found = get_object_or_404(rows, key=key)
    return _study(found) | {"result": found.result}


@router.post("/studies", response={201: StudyOut}, summary="Ask a question; its answer is queued")
def ask(request: HttpRequest, factory_key: FactoryKey, given: QuestionIn) -> Status:
    """Scope `floor:write`."""
    factory = factory_of(request, factory_key, WRITE)
    try:
        kind = study_kind(given.kind)
    except KeyError as error:
        known = ", ".join(entry.name for entry in STUDIES)
        raise JasangError(
            ko=f"모르는 질문입니다. 가능한 것: {known}", en=f"Unknown question. Known are: {known}"
        ) from error
    tables = [table for table in studies.tables_for(factory, kind) if table.diagnosis.key == given.diagnosis]
    if not tables:
        raise JasangError(
            ko="이 파일에는 그 질문에 맞는 표가 없거나, 더 새로운 판이 있습니다.",
            en="This hand-over has no table for the question, or there is a newer version of it.",
        )
    diagnosis = tables[0].diagnosis
    chosen = {name: _chosen(diagnosis, value) for name, value in given.options.items()}
    form = StudyForm(chosen | {"data": str(diagnosis.key)}, kind=kind, tables=tables, language=current())
    _check(form)
    diagnosis, options = form.question()
    run = studies.ask_study(factory=factory, diagnosis=diagnosis, kind=kind, options=options, user=caller(request).user)
    return Status(201, _study(run))


def _chosen(diagnosis: Diagnosis, value: Any) -> str:
    if isinstance(value, dict):
        return column_value(diagnosis, value.get("table", ""), value.get("column", ""))
    return str(value)


@router.get("/know-how", response=Page[KnowHowOut], summary="What helped so far")
def know_how(request: HttpRequest, factory_key: FactoryKey, asked: Query[Paging]) -> dict[str, Any]:
    """Scope `floor:read`."""
    rows = KnowHow.objects.of(factory_of(request, factory_key, READ))
    return page(rows, asked, lambda one: {"key": one.key, "shared": one.shared, "document": one.document})


@router.post("/know-how", response={201: TakenIn}, summary="Take in records of `jasang.knowhow/1`")
def take_in(request: HttpRequest, factory_key: FactoryKey, given: list[dict[str, Any]]) -> Status:
    """Scope `floor:write`. All or nothing; what is there already is left out."""
    factory = factory_of(request, factory_key, WRITE)
    return Status(201, {"new": records.import_records(factory=factory, text=request.body)})


def _check(form: Any) -> None:
    """What the page's own form refuses, as one sentence."""
    if not form.is_valid():
        told = "; ".join(
            f"{name}: {problem}" if name != "__all__" else str(problem)
            for name, problems in form.errors.items()
            for problem in problems
        )
        raise JasangError(ko=told, en=told)
