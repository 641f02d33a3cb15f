"""The background job: diagnose what was handed over and keep the findings."""

import logging
from pathlib import Path
from typing import Any

from django.db import transaction

from jasang.diagnose.finding import Finding as Found
from jasang.diagnose.identity import names_of
from jasang.errors import UnreadableInput
from jasang.mentor.diagnose import Diagnosis as Result
from jasang.mentor.diagnose import diagnose
from jasang.mentor.findings_json import chart_json, finding_json
from jasang.plant.text import Progress
from jasang.web.floor.following import follow
from jasang.web.floor.models import DiagnosedTable, Diagnosis, Finding, Severity
from jasang.web.floor.sketch import sketch
from jasang.web.floor.standing import ask_standing
from jasang.web.floor.subjects import subjects_of
from jasang.web.jobs.announcing import announce
from jasang.web.jobs.models import Job
from jasang.web.jobs.services import hold

log = logging.getLogger(__name__)


def diagnose_files(job: Job, progress: Progress) -> None:
    """Diagnose the files of the job's diagnosis; the findings appear all at once, at the end."""
    diagnosis = Diagnosis.objects.of(job.factory).get(job=job)
    result = diagnose(path_of(diagnosis), progress=progress)
    keep_result(job=job, diagnosis=diagnosis, result=result)


def path_of(diagnosis: Diagnosis) -> Path:
    """The file or folder that was handed over; raises where it is gone."""
    path = Path(diagnosis.folder)
    if not path.exists():
        raise UnreadableInput(
            ko=f"{diagnosis.title}: 파일이 더 이상 없습니다. 다시 올려 주세요.",
            en=f"{diagnosis.title}: the file is no longer there. Please upload it again.",
        )
    files = [file for file in path.iterdir() if file.is_file()] if path.is_dir() else []
    return files[0] if len(files) == 1 else path


@transaction.atomic
def keep_result(*, job: Job, diagnosis: Diagnosis, result: Result) -> None:
    """Put tables and findings in place of those of an earlier, interrupted start."""
    hold(job=job)
    factory = job.factory
    DiagnosedTable.objects.of(factory).filter(diagnosis=diagnosis).delete()
    Finding.objects.of(factory).filter(diagnosis=diagnosis).delete()
    DiagnosedTable.objects.of(factory).bulk_create(
        DiagnosedTable(
            factory=factory,
            diagnosis=diagnosis,
            file=table.file,
            kind=table.kind,
            rows=table.rows,
            first=table.first,
            last=table.last,
            columns=[{"name": column.name, "role": column.role.value} for column in table.columns],
        )
        for table in result.tables
    )
    names = names_of(result.findings)
    Finding.objects.of(factory).bulk_create(
        [
            Finding(factory=factory, diagnosis=diagnosis, place=place, **_fields(found, result, name))
            for place, (found, name) in enumerate(zip(result.findings, names, strict=True))
        ],
        batch_size=50,
    )
    follow(diagnosis=diagnosis, result=result)
    diagnosis.notices = result.to_json()["notices"]
    diagnosis.save(update_fields=["notices"])
    announce("diagnosis_done", factory=factory, findings=subjects_of(diagnosis))
    ask_standing(diagnosis)


def _fields(found: Found, result: Result, name: str) -> dict[str, Any]:
    charts = [chart_json(chart) for chart in found.charts]
    return {
        "rule": found.rule,
        "severity": Severity[found.severity.name],
        "table": found.subject.table,
        "column": found.subject.column or "",
        "asset": found.subject.asset or "",
        "product": found.subject.product or "",
        "since": found.since,
        "until": found.until,
        "worth": found.worth.amount if found.worth else None,
        "currency": found.worth.currency if found.worth else "",
        "strength": found.strength,
        "text_ko": found.text.ko,
        "text_en": found.text.en,
        "sketch": sketch(charts[0]) if charts else None,
        "document": finding_json(found, result.zone, name),
        "charts": charts,
    }
