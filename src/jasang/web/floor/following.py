"""Findings over repeated diagnoses of a hand-over: which are new, still there or gone, and which effects can be checked."""

from typing import Any

from django.utils import timezone

from jasang.diagnose.finding import Finding as Found
from jasang.diagnose.identity import Seen, compare, seen
from jasang.mentor.diagnose import Diagnosis as Result
from jasang.mentor.findings_json import finding_json
from jasang.web.floor.models import Diagnosis, Finding, FindingLife, LifeEvent, Stage
from jasang.web.jobs.services import queue_job

# From these on the action has been taken, and the finding's document stays what it was then.
ACTED = (Stage.DONE, Stage.CHECKING, Stage.VERIFIED, Stage.NOT_EFFECTIVE, Stage.HELD, Stage.LOST)
WAITING = (Stage.DONE, Stage.CHECKING, Stage.NOT_EFFECTIVE, Stage.VERIFIED)


def follow(*, diagnosis: Diagnosis, result: Result) -> None:
    """Inside the transaction that keeps a diagnosis: tie its findings to their lives, queue the checks that new data allow."""
    lives = list(FindingLife.objects.of(diagnosis.factory).filter(title=diagnosis.title))
    before = [Seen(name=str(life.pk), fingerprint=life.fingerprint, since=life.since) for life in lives]
    now = seen(result.findings)
    ends = [table.last for table in result.tables if table.last is not None]
    compared = compare(before, now, at=max(ends, default=timezone.now()))
    by_key = {str(life.pk): life for life in lives}
    rows = list(
        Finding.objects.of(diagnosis.factory).filter(diagnosis=diagnosis).order_by("place").only("pk", "factory")
    )
    for row, found, mark in zip(rows, result.findings, now, strict=True):
        known = by_key.get(compared.still.get(mark.name, ""))
        row.life = (
            _seen_again(known, found, mark, diagnosis, result) if known else _born(found, mark, diagnosis, result)
        )
    Finding.objects.of(diagnosis.factory).bulk_update(rows, ["life"], batch_size=100)
    gone = [life for life in lives if str(life.pk) in compared.gone]
    FindingLife.objects.of(diagnosis.factory).filter(pk__in=[life.pk for life in gone]).update(gone=True)
    for life in lives:
        if life.stage in WAITING:
            queue_check(life=life, diagnosis=diagnosis)


def _born(found: Found, mark: Seen, diagnosis: Diagnosis, result: Result) -> FindingLife:
    life: FindingLife = FindingLife.objects.of(diagnosis.factory).create(
        factory=diagnosis.factory,
        title=diagnosis.title,
        name=mark.name,
        fingerprint=mark.fingerprint,
        since=mark.since,
        first_seen=diagnosis,
        last_seen=diagnosis,
        document=finding_json(found, result.zone, mark.name),
        context=context_of(found, result),
    )
    LifeEvent.objects.of(diagnosis.factory).create(factory=diagnosis.factory, life=life, stage=Stage.FOUND)
    return life


def _seen_again(life: FindingLife, found: Found, mark: Seen, diagnosis: Diagnosis, result: Result) -> FindingLife:
    life.last_seen, life.gone = diagnosis, False
    if life.stage not in ACTED:
        life.document = finding_json(found, result.zone, mark.name)
        life.context = context_of(found, result)
    life.save(update_fields=["last_seen", "gone", "document", "context"])
    return life


def context_of(found: Found, result: Result) -> dict[str, Any]:
    """What know-how needs of a finding's surroundings; kept here, and told to nobody as it is."""
    table = next((table for table in result.factory.tables if table.file == found.subject.table), None)
    columns = {column.name: column for column in table.columns} if table is not None else {}
    own = columns.get(found.subject.column or "")
    return {
        "industry": result.factory.industry,
        "role": own.role.value if own is not None else None,
        "unit": own.unit if own is not None else None,
        "asset": found.subject.asset or (table.asset if table is not None else None),
        "columns": [name for name in columns if own is None or name != own.name][:60],
    }


def queue_check(*, life: FindingLife, diagnosis: Diagnosis) -> None:
    """Queue a check of the action's effect in the data of this diagnosis, unless one waits already."""
    if life.done_on is None:
        return
    if life.job is not None and life.job.open:
        return
    payload = {"life": str(life.key), "diagnosis": str(diagnosis.key)}
    life.job = queue_job(factory=diagnosis.factory, kind="verify", payload=payload)
    life.save(update_fields=["job"])
