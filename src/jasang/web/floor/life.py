"""The life of a finding: accepted or not for us, action taken, effect checked, and whether it held."""

from datetime import date
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from jasang.analyze.effects import Lasting, Verdict
from jasang.diagnose.studies.effects import Answer, effect_study
from jasang.errors import JasangError
from jasang.mentor.study_json import study_json
from jasang.mentor.verify import Kept, Presence, verify_kept
from jasang.plant.text import Progress, Text
from jasang.web.floor.diagnosing import path_of
from jasang.web.floor.following import queue_check
from jasang.web.floor.know_how import keep_know_how
from jasang.web.floor.models import Diagnosis, FindingLife, LifeEvent, Stage
from jasang.web.jobs.models import Job
from jasang.web.jobs.services import hold
from jasang.web.notices.services import call_programs

FIRST = (Stage.FOUND, Stage.DECLINED, Stage.ACCEPTED)


@transaction.atomic
def accept(*, life: FindingLife, user: AbstractBaseUser) -> None:
    """Somebody takes the finding on."""
    if life.stage in (Stage.FOUND, Stage.DECLINED):
        _move(life, Stage.ACCEPTED, user, note="")


@transaction.atomic
def decline(*, life: FindingLife, user: AbstractBaseUser, reason: str) -> None:
    """Not for us, and why."""
    if life.stage in FIRST:
        _move(life, Stage.DECLINED, user, note=reason)


@transaction.atomic
def mark_done(*, life: FindingLife, user: AbstractBaseUser, done_on: date, note: str) -> None:
    """The action was taken on that day; its effect is checked as soon as the data reach far enough."""
    life.done_on = done_on
    _move(life, Stage.DONE, user, note=note)
    if life.last_seen is not None:
        latest = Diagnosis.objects.of(life.factory).filter(title=life.title, job__state="done").order_by("-version")
        queue_check(life=life, diagnosis=latest.first() or life.last_seen)


def _move(life: FindingLife, stage: Stage, user: AbstractBaseUser | None, *, note: str) -> None:
    life.stage, life.note, life.changed_by = stage, note, user
    life.save(update_fields=["stage", "note", "changed_by", "done_on"])
    _told(
        life,
        LifeEvent.objects.of(life.factory).create(factory=life.factory, life=life, stage=stage, by=user, note=note),
    )


def check_effect(job: Job, progress: Progress) -> None:
    """The background job: measure the effect of the action in the data that the job names."""
    lives = FindingLife.objects.of(job.factory).select_related("factory")
    life = lives.filter(key=job.payload["life"]).first()
    diagnosis = Diagnosis.objects.of(job.factory).filter(key=job.payload["diagnosis"]).first()
    if life is None or diagnosis is None or life.done_on is None:
        return
    try:
        answer: Answer | Presence | None = verify_kept(
            path_of(diagnosis), Kept(document=life.document, done=life.done_on), progress=progress
        )
        trouble = None
    except JasangError as error:
        answer, trouble = None, Text(ko=error.ko, en=error.en)
    with transaction.atomic():
        hold(job=job)
        if answer is None:
            stage = Stage.CHECKING if life.stage == Stage.DONE else Stage(life.stage)
            _keep_event(life, stage, text=trouble)
        elif isinstance(answer, Presence):
            stage = Stage.NOT_EFFECTIVE if answer.still else Stage.VERIFIED
            verdict = Verdict.NOT_SEEN if answer.still else Verdict.CONFIRMED
            _keep_event(life, stage, text=answer.text, verdict=verdict)
        else:
            _keep_answer(life, answer)


def _stage_after(before: Stage, answer: Answer) -> Stage:
    """Where the finding stands after a check; what was verified once is lost rather than never effective."""
    helped = before in (Stage.VERIFIED, Stage.HELD, Stage.LOST)
    if answer.verdict is Verdict.CONFIRMED:
        known = {Lasting.HELD: Stage.HELD, Lasting.LOST: Stage.LOST}
        return known.get(answer.lasting, Stage.VERIFIED) if answer.lasting is not None else Stage.VERIFIED
    if answer.verdict is Verdict.TOO_EARLY:
        return before if helped else Stage.CHECKING
    return Stage.LOST if helped else Stage.NOT_EFFECTIVE


def _keep_answer(life: FindingLife, answer: Answer) -> None:
    stage = _stage_after(Stage(life.stage), answer)
    study = effect_study(answer)
    numbers = {"effect": answer.effect.estimate, "low": answer.effect.low, "high": answer.effect.high}
    document = study_json(study)
    lasting = answer.lasting.value if answer.lasting is not None else ""
    _keep_event(life, stage, text=study.answer, verdict=answer.verdict, lasting=lasting, study=document, **numbers)
    if answer.verdict is Verdict.CONFIRMED:
        keep_know_how(life=life, answer=answer)


def _keep_event(
    life: FindingLife,
    stage: Stage,
    *,
    text: Text | None,
    verdict: Verdict | None = None,
    lasting: str = "",
    **numbers: Any,
) -> None:
    event = LifeEvent.objects.of(life.factory).create(
        factory=life.factory,
        life=life,
        stage=stage,
        verdict=verdict.value if verdict is not None else "",
        lasting=lasting,
        text_ko=text.ko if text is not None else "",
        text_en=text.en if text is not None else "",
        **numbers,
    )
    life.stage = stage
    life.save(update_fields=["stage"])
    _told(life, event)


def _told(life: FindingLife, event: LifeEvent) -> None:
    """Programs that asked for it hear of the step."""
    names = ("stage", "verdict", "lasting", "note", "effect", "low", "high")
    said = {name: getattr(event, name) for name in names} | {"at": event.at.isoformat()}
    words = life.document.get("text")
    words = words if isinstance(words, dict) else {}
    title = Text(ko=words.get("ko") or life.name, en=words.get("en") or life.name)
    call_programs(
        factory=life.factory, kind="finding", about=f"life:{life.key}:{event.pk}", title=title,
        url=reverse("floor:findings", args=[life.factory.key]),
        document={"life": {"key": str(life.key), "name": life.name, "done_on": str(life.done_on or "")}, "event": said},
    )  # fmt: skip


def today() -> date:
    """Today on the factory's clock."""
    return timezone.localdate()
