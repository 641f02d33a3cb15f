"""Everything that changes campaigns, experiments and schedules, and the background work behind their pages."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet

from jasang.errors import WrongArguments
from jasang.mentor import campaign_begin, schedule_tries
from jasang.mentor.experiment import analyse_experiment, experiment_power, make_experiment
from jasang.mentor.experiment_file import Experiment, experiment_of_record, experiment_record
from jasang.mentor.experiment_plan import ExperimentPlan, plan_of_parts
from jasang.mentor.experiment_plan_study import plan_result
from jasang.mentor.experiment_study import analysis_result
from jasang.mentor.study_json import result_json
from jasang.plant.text import Progress, Text
from jasang.web.floor.diagnosing import path_of
from jasang.web.floor.models import DiagnosedTable, Diagnosis
from jasang.web.floor.optimise_models import CampaignCourse, ExperimentCourse, PlanStep, SchedulePlan
from jasang.web.floor.queries import current_diagnoses
from jasang.web.jobs.models import Job
from jasang.web.jobs.services import hold, queue_job
from jasang.web.tenants.models import Factory

_THINKING = Text(ko="다음 시험을 고르는 중", en="choosing the next trial")
Course = CampaignCourse | ExperimentCourse | SchedulePlan


class Busy(WrongArguments):
    """The last step is still being worked on."""

    def __init__(self) -> None:
        super().__init__(
            ko="앞의 일이 아직 끝나지 않았습니다. 잠시 뒤 다시 해 주세요.",
            en="The step before is still being worked on. Please try again in a moment.",
        )


# Campaigns


@transaction.atomic
def begin_campaign(
    *, factory: Factory, diagnosis: Diagnosis, name: str, choices: Mapping[str, Any], user: AbstractBaseUser
) -> CampaignCourse:
    """Keep what was chosen (as `campaign_begin.begin` takes it) and queue the beginning and the first trial."""
    course = CampaignCourse.objects.of(factory).create(
        factory=factory, diagnosis=diagnosis, name=name, request=dict(choices), made_by=user
    )
    return _queued(course, "campaign", "begin")


@transaction.atomic
def tell_trial(
    *, course: CampaignCourse, trial: int, values: Mapping[str, float], failed: bool = False, drop: bool = False
) -> CampaignCourse:
    """Write down the result of the open trial `trial`, and queue the choice of the next one.

    Raises
    ------
    WrongArguments
        No such open trial, an unknown outcome, or `Busy`.
    """
    course = _own(CampaignCourse, course)
    if course.document is None or _open(course):
        raise Busy
    course.document = campaign_begin.tell(course.document, trial, values, failed=failed, drop=drop)
    course.save(update_fields=["document"])
    return _queued(course, "campaign", "ask")


@transaction.atomic
def take_back(*, course: CampaignCourse, place: int) -> CampaignCourse:
    """Remove the result at `place` (from 1) that was entered wrongly, and queue how the campaign stands; its trial waits again.

    Raises
    ------
    WrongArguments
        No such result, or `Busy`.
    """
    course = _own(CampaignCourse, course)
    if course.document is None or _open(course):
        raise Busy
    course.document = campaign_begin.take_back(course.document, place)
    course.save(update_fields=["document"])
    return _queued(course, "campaign", "ask")


@transaction.atomic
def ask_trial(*, course: CampaignCourse) -> CampaignCourse:
    """Queue the choice of a trial, after one that was stopped."""
    course = _own(CampaignCourse, course)
    if _open(course):
        raise Busy
    return _queued(course, "campaign", "begin" if course.document is None else "ask")


def work_on_campaign(job: Job, progress: Progress) -> None:
    """Begin a campaign, or choose the next trial; then see how it stands."""
    course = CampaignCourse.objects.of(job.factory).select_related("diagnosis").get(key=job.payload["key"])
    progress(_THINKING, 0.2)
    if job.payload["step"] == "begin":
        document = campaign_begin.begin(_path(course.diagnosis), course.request)
    else:
        document = campaign_begin.ask(course.document or {})
    progress(_THINKING, 0.7)
    status, studies = campaign_begin.status(document)
    with transaction.atomic():
        hold(job=job)
        CampaignCourse.objects.of(job.factory).filter(pk=course.pk).update(
            document=document, status=status, studies=studies
        )


# Experiments


@transaction.atomic
def plan_experiment(*, factory: Factory, request: Mapping[str, Any], user: AbstractBaseUser) -> ExperimentCourse:
    """Keep a plan (`about`, `factors`, `outcomes` as in the TOML file) and queue its runs.

    Raises
    ------
    ConfigurationError
        The plan makes no sense; says why.
    """
    plan = _plan(request)
    course = ExperimentCourse.objects.of(factory).create(
        factory=factory, name=plan.name, request=dict(request), made_by=user
    )
    return _queued(course, "experiment", "plan")


@transaction.atomic
def tell_run(
    *, course: ExperimentCourse, run: int, values: Mapping[str, float | None], failed: bool = False
) -> ExperimentCourse:
    """Write down the results of one run of the sheet, counted from 1; raises WrongArguments."""
    course = _own(ExperimentCourse, course)
    if course.document is None:
        raise Busy
    try:
        experiment = experiment_of_record(course.document).with_result(run - 1, values, failed=failed)
    except ValueError as error:
        raise WrongArguments(
            ko=f"결과를 쓸 수 없습니다({error}).", en=f"The result cannot be used: {error}."
        ) from error
    course.document = experiment_record(experiment)
    course.save(update_fields=["document"])
    return course


@transaction.atomic
def analyse_course(*, course: ExperimentCourse) -> ExperimentCourse:
    """Queue the analysis of the results so far."""
    course = _own(ExperimentCourse, course)
    if course.document is None or _open(course):
        raise Busy
    return _queued(course, "experiment", "analyse")


def experiment_of(course: ExperimentCourse) -> Experiment | None:
    """The experiment of a course, once its runs are made."""
    return None if course.document is None else experiment_of_record(course.document)


def work_on_experiment(job: Job, progress: Progress) -> None:
    """Make the runs of a plan, or analyse their results."""
    course = ExperimentCourse.objects.of(job.factory).get(key=job.payload["key"])
    progress(Text(ko="시험을 고르는 중", en="choosing the runs"), 0.2)
    if job.payload["step"] == "plan":
        plan = _plan(course.request)
        experiment = make_experiment(plan)
        told = result_json(plan_result(experiment, experiment_power(experiment, alpha=plan.alpha)))
        changes = {"document": experiment_record(experiment), "planned": told}
    else:
        changes = {
            "studies": result_json(analysis_result(analyse_experiment(experiment_of_record(course.document or {}))))
        }
    with transaction.atomic():
        hold(job=job)
        ExperimentCourse.objects.of(job.factory).filter(pk=course.pk).update(**changes)


def _plan(request: Mapping[str, Any]) -> ExperimentPlan:
    about = {key: value for key, value in request.get("about", {}).items() if value not in (None, "")}
    return plan_of_parts("", about, request["factors"], request["outcomes"])


# Schedules


@transaction.atomic
def plan_schedule(
    *, factory: Factory, diagnosis: Diagnosis, user: AbstractBaseUser, seconds: float = 8.0
) -> SchedulePlan:
    """Queue a plan of handed-over orders and routings; it is kept when it is there."""
    plan = SchedulePlan.objects.of(factory).create(
        factory=factory, diagnosis=diagnosis, request={"seconds": seconds}, kept=True, made_by=user
    )
    return _queued(plan, "schedule", PlanStep.PLAN)


@transaction.atomic
def try_schedule(
    *, before: SchedulePlan, step: PlanStep, request: Mapping[str, Any], user: AbstractBaseUser
) -> SchedulePlan:
    """Queue a change of a plan, which is tried and not kept: what it costs is told first.

    `request` by step: TRY and LOCK `order`, `step` (from 1), `machine`, `start`, and `free` (no longer held); REPLAN
    `machine`, `start`, `end`; PROMISE `product`, `quantity`.
    """
    if before.document is None:
        raise Busy
    locks = list(before.locks)
    if step in (PlanStep.TRY, PlanStep.LOCK):
        lock = {name: request[name] for name in ("order", "step", "machine", "start")}
        locks = [one for one in locks if (one["order"], one["step"]) != (lock["order"], lock["step"])]
        locks += [] if request.get("free") else [lock]
    plan = SchedulePlan.objects.of(before.factory).create(
        factory=before.factory, diagnosis=before.diagnosis, step=step, request=dict(request), locks=locks, before=before,
        made_by=user,
    )  # fmt: skip
    return _queued(plan, "schedule", step)


@transaction.atomic
def keep_schedule(*, plan: SchedulePlan) -> None:
    """From now on this is the plan."""
    SchedulePlan.objects.of(plan.factory).filter(pk=plan.pk, document__isnull=False).update(kept=True)


@transaction.atomic
def forget_schedule(*, plan: SchedulePlan) -> None:
    """A plan that was tried and is not wanted."""
    SchedulePlan.objects.of(plan.factory).filter(pk=plan.pk, kept=False).delete()


def work_on_schedule(job: Job, progress: Progress) -> None:
    """Plan, or plan anew with what was changed."""
    plan = SchedulePlan.objects.of(job.factory).select_related("diagnosis", "before").get(key=job.payload["key"])
    path, asked = path_of(plan.diagnosis), plan.request
    before = plan.before.document if plan.before is not None else None
    if plan.step == PlanStep.REPLAN and before is not None:
        document = schedule_tries.replanned(
            path, before, locks=plan.locks, machine=asked["machine"], start=asked["start"], end=asked["end"]
        )
    elif plan.step == PlanStep.PROMISE and before is not None:
        document = schedule_tries.promised(
            path, before, locks=plan.locks, product=asked["product"], quantity=asked["quantity"]
        )
    else:
        origin = None if before is None else before["origin"]
        seconds = float(asked.get("seconds", 6.0))
        document = schedule_tries.planned(path, locks=plan.locks, start=origin, seconds=seconds, progress=progress)
    told = schedule_tries.compared(path, document) if plan.step == PlanStep.PLAN else None
    with transaction.atomic():
        hold(job=job)
        SchedulePlan.objects.of(job.factory).filter(pk=plan.pk).update(document=document, compared=told)


def schedules(factory: Factory) -> QuerySet[SchedulePlan]:
    """Plans that are kept, newest first, without their documents."""
    kept = SchedulePlan.objects.of(factory).filter(kept=True).select_related("diagnosis", "job", "made_by")
    return kept.defer("document", "compared", "diagnosis__notices").order_by("-made_at", "-pk")


def campaigns(factory: Factory) -> QuerySet[CampaignCourse]:
    """Campaigns, newest first, without their documents."""
    rows = CampaignCourse.objects.of(factory).select_related("job", "made_by")
    return rows.defer("document", "studies", "request").order_by("-made_at", "-pk")


def records(factory: Factory) -> list[DiagnosedTable]:
    """The current tables a campaign may begin from: a setting and a result at least."""
    tables = DiagnosedTable.objects.of(factory).filter(diagnosis__in=current_diagnoses(factory).values("pk"))
    found = tables.select_related("diagnosis").order_by("diagnosis__title", "file", "pk")[:200]
    return [one for one in found if len(one.columns) > 1]


def experiments(factory: Factory) -> QuerySet[ExperimentCourse]:
    """Experiments, newest first, without their documents."""
    rows = ExperimentCourse.objects.of(factory).select_related("job", "made_by")
    return rows.defer("document", "planned", "studies", "request").order_by("-made_at", "-pk")


def _queued(course: Any, kind: str, step: str) -> Any:
    course.job = queue_job(factory=course.factory, kind=kind, payload={"key": str(course.key), "step": str(step)})
    course.save(update_fields=["job"])
    return course


def _own(model: Any, course: Course) -> Any:
    """The course as it is now, locked until the transaction ends."""
    return model.objects.of(course.factory).select_for_update(of=("self",)).get(pk=course.pk)


def _open(course: Course) -> bool:
    return course.job is not None and course.job.open


def _path(diagnosis: Diagnosis | None) -> Path:
    if diagnosis is None:
        raise WrongArguments(ko="기록이 더 이상 없습니다.", en="The record is no longer there.")
    return path_of(diagnosis)
