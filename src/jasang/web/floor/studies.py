"""Questions asked of handed-over data: asking, the background job that answers, and what the pages show."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from jasang.errors import Language
from jasang.mentor.study_catalog import STUDIES, StudyKind, study_kind
from jasang.mentor.study_json import result_json
from jasang.mentor.wording import number, owner_name
from jasang.plant.text import Progress
from jasang.web.floor.closer import again, same_question
from jasang.web.floor.diagnosing import path_of
from jasang.web.floor.models import DiagnosedTable, Diagnosis, StandingStudy, StudyRun
from jasang.web.floor.queries import current_diagnoses
from jasang.web.floor.showing import Row, first_sentence, interval, probability, quantity
from jasang.web.jobs.models import Job
from jasang.web.jobs.services import hold, queue_job
from jasang.web.notices.services import call_programs
from jasang.web.tenants.models import Factory

_LOOKED_BACK = 50
_SHOWN_ROWS = 10  # of a table; the others are folded away


@transaction.atomic
def ask_study(
    *, factory: Factory, diagnosis: Diagnosis, kind: StudyKind, options: Mapping[str, str], user: AbstractBaseUser
) -> StudyRun:
    """Keep the question and queue its answer."""
    job = queue_job(factory=factory, kind="study", payload={"kind": kind.name})
    return StudyRun.objects.of(factory).create(
        factory=factory, diagnosis=diagnosis, kind=kind.name, options=dict(options), job=job, asked_by=user
    )


def asked_before(diagnosis: Diagnosis, kind: StudyKind, options: Mapping[str, str]) -> StudyRun | None:
    """The same question of the same data, answered or waiting: one tap twice is one question."""
    known = StudyRun.objects.of(diagnosis.factory).filter(diagnosis=diagnosis, kind=kind.name).select_related("job")
    return same_question(known.order_by("-pk")[:_LOOKED_BACK], options)


def answer_question(job: Job, progress: Progress) -> None:
    """Answer the question of the job; the answer appears whole or not at all."""
    run = StudyRun.objects.of(job.factory).select_related("diagnosis").get(job=job)
    result = study_kind(run.kind).answer(path_of(run.diagnosis), run.options, progress)
    with transaction.atomic():
        hold(job=job)
        run.result = result_json(result)
        run.save(update_fields=["result"])
        title = study_kind(run.kind).title
        call_programs(
            factory=job.factory, kind="study", about=f"study:{run.key}", title=title,
            url=reverse("floor:study", args=[job.factory.key, run.key]), document={"key": str(run.key), "kind": run.kind},
        )  # fmt: skip


def runs(factory: Factory) -> QuerySet[StudyRun]:
    """Everything asked so far, newest first, without the answers."""
    return (
        StudyRun.objects.of(factory)
        .select_related("job", "diagnosis", "asked_by")
        .defer("result", "diagnosis__notices")
        .order_by("-asked_at", "-pk")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Askable:
    """A question, and whether the factory has handed over data it may be asked of."""

    kind: StudyKind
    title: str
    question: str
    possible: bool


def askable(factory: Factory, language: Language) -> list[Askable]:
    """Every question there is, in two queries."""
    tables = DiagnosedTable.objects.of(factory).filter(diagnosis__in=current_diagnoses(factory).values("pk"))
    there = set(tables.order_by().values_list("kind", flat=True).distinct())
    return [
        Askable(
            kind=kind,
            title=kind.title.in_language(language),
            question=kind.question.in_language(language),
            possible=any(table.value in there for table in kind.tables),
        )
        for kind in STUDIES
    ]


def tables_for(factory: Factory, kind: StudyKind) -> list[DiagnosedTable]:
    """The current tables of which the question may be asked, with their files."""
    tables = DiagnosedTable.objects.of(factory).filter(diagnosis__in=current_diagnoses(factory).values("pk"))
    wanted = tables.filter(kind__in=[table.value for table in kind.tables])
    return list(wanted.select_related("diagnosis").order_by("diagnosis__title", "file", "pk"))


def shown_row(run: StudyRun, language: Language) -> dict[str, Any]:
    """What a list shows of a question: its title and what was chosen."""
    return {
        "run": run,
        "title": title_of(run.kind, language),
        "asked": [words for words in run.options.values() if words],
    }


def shown_standing(factory: Factory, language: Language) -> list[dict[str, Any]]:
    """The standing analyses of the factory."""
    rows = StandingStudy.objects.of(factory).select_related("owner").order_by("title", "pk")
    return [
        {
            "standing": one,
            "name": title_of(one.kind, language),
            "asked": [words for words in one.options.values() if words],
        }
        for one in rows
    ]


def shown_run(run: StudyRun, language: Language) -> dict[str, Any]:
    """What the page of one answer shows: the question's words, and each study in the page's language."""
    known = {entry.name: entry for entry in STUDIES}
    return shown_row(run, language) | {
        "studies": shown_studies(run.result, language),
        "again": again(run, known[run.kind]) if run.kind in known else None,
    }


def shown_studies(result: Mapping[str, Any] | None, language: Language) -> list[dict[str, Any]]:
    """Each study of `jasang.study/1` as a page shows it."""
    documents = result["studies"] if result else []
    return [_study(place, document, language) for place, document in enumerate(documents)]


def title_of(kind: str, language: Language) -> str:
    """The question's title; its bare name where this release no longer knows it."""
    known = {entry.name: entry for entry in STUDIES}
    return known[kind].title.in_language(language) if kind in known else kind


def _study(place: int, document: Mapping[str, Any], language: Language) -> dict[str, Any]:
    subject = document["subject"]
    return {
        "title": document["title"][language],
        "answer": document["answer"][language],
        "short": first_sentence(document["answer"][language])[0],
        "where": " · ".join(str(part) for part in subject.values() if part),
        "about": " · ".join(str(part) for name, part in subject.items() if part and name in ("asset", "product")),
        "charts": [(f"study-{place}-{n}", chart) for n, chart in enumerate(document["charts"])],
        "evidence": [
            Row(
                label=item["label"][language],
                value=probability(item) or quantity(item["value"], item["unit"]),
                interval=interval(item["low"], item["high"], item["unit"]),
            )
            for item in document["evidence"]
        ],
        "tables": [_table(table, language) for table in document["tables"]],
        "actions": [(action[language], owner_name(action["owner"], language)) for action in document["actions"]],
        "notes": [note[language] for note in document["notes"]],
    }


def _table(table: Mapping[str, Any], language: Language) -> dict[str, Any]:
    return {
        "title": table["title"][language],
        "headings": [heading[language] for heading in table["headings"]],
        "rows": [[_cell(cell, language) for cell in row] for row in table["rows"][:_SHOWN_ROWS]],
        "more": [[_cell(cell, language) for cell in row] for row in table["rows"][_SHOWN_ROWS:]],
    }


def _cell(cell: Any, language: Language) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, Mapping):
        return str(cell[language])
    return cell if isinstance(cell, str) else number(cell)
