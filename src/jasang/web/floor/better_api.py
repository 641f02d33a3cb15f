"""Better settings for programs: campaigns of trials, designed experiments, schedules. Nothing here sets a machine."""

from typing import Any, Literal, TypeVar
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema, Status
from pydantic import Field

from jasang.errors import JasangError
from jasang.web.api.entering import FactoryKey, caller, factory_of
from jasang.web.api.kinds import kind_named
from jasang.web.api.lists import add_lists, one_of, schema_of
from jasang.web.floor import optimise
from jasang.web.floor.models import Diagnosis
from jasang.web.floor.optimise_models import CampaignCourse, ExperimentCourse, PlanStep, SchedulePlan
from jasang.web.tenants.models import Factory

router = Router(tags=["better settings"])
WRITE = "floor:write"
CampaignOut, ExperimentOut, ScheduleOut = (
    schema_of(kind_named(name), "factory") for name in ("campaigns", "experiments", "schedules")
)
Course = TypeVar("Course", CampaignCourse, ExperimentCourse, SchedulePlan)


class CampaignIn(Schema):
    """A campaign; `choices` as the campaign's own file has them (docs/campaigns.md): campaign, settings, outcomes."""

    diagnosis: UUID
    name: str = Field(min_length=1, max_length=120)
    choices: dict[str, dict[str, Any]]


class TrialIn(Schema):
    """What a trial gave; `failed`: no result, `drop`: it is not made."""

    values: dict[str, float] = Field(default_factory=dict)
    failed: bool = False
    drop: bool = False


class ExperimentIn(Schema):
    """A plan as the TOML file has it (docs/experiments.md)."""

    about: dict[str, Any]
    factors: list[dict[str, Any]] = Field(min_length=1, max_length=20)
    outcomes: list[dict[str, Any]] = Field(min_length=1, max_length=10)


class RunIn(Schema):
    """What a run of the sheet gave."""

    values: dict[str, float | None] = Field(default_factory=dict)
    failed: bool = False


class ScheduleIn(Schema):
    """Handed-over orders and routings."""

    diagnosis: UUID
    seconds: float = Field(8.0, ge=1, le=60)


class MoveIn(Schema):
    """A change that is tried: a hold (`order`, `step`, `machine`, `start`), a breakdown (`machine`, `start`, `end`), a promise
    (`product`, `quantity`)."""

    order: str = Field("", max_length=200)
    step: int = Field(1, ge=1, le=10_000)
    machine: str = Field("", max_length=200)
    start: str = Field("", max_length=40)
    end: str = Field("", max_length=40)
    free: bool = False
    product: str = Field("", max_length=200)
    quantity: float = Field(0.0, ge=0)


def _factory(request: HttpRequest, factory_key: str) -> Factory:
    return factory_of(request, factory_key, WRITE)


def _course(model: type[Course], factory: Factory, key: UUID) -> Course:
    found: Course = get_object_or_404(model.objects.of(factory), key=key)
    return found


def _handed(factory: Factory, key: UUID) -> Diagnosis:
    found: Diagnosis = get_object_or_404(Diagnosis.objects.of(factory), key=key)
    return found


def _shown(name: str, factory: Factory, key: UUID) -> dict[str, Any]:
    return one_of(kind_named(name), factory, key)


add_lists(router, "factory", "campaigns", "experiments", "schedules")


@router.post("/campaigns", response={201: CampaignOut}, summary="Begin a campaign; its first trial is queued")
def begin_campaign(request: HttpRequest, factory_key: FactoryKey, given: CampaignIn) -> Status:
    """Scope `floor:write`. A senseless choice is told as the job's error."""
    factory = _factory(request, factory_key)
    made = optimise.begin_campaign(
        factory=factory, diagnosis=_handed(factory, given.diagnosis), name=given.name, choices=given.choices,
        user=caller(request).user,
    )  # fmt: skip
    return Status(201, _shown("campaigns", factory, made.key))


@router.post("/campaigns/{uuid:key}/trials/{int:number}", response=CampaignOut, summary="Tell a trial's result")
def tell_trial(request: HttpRequest, factory_key: FactoryKey, key: UUID, number: int, given: TrialIn) -> dict[str, Any]:
    """Scope `floor:write`. The next trial is queued."""
    factory = _factory(request, factory_key)
    optimise.tell_trial(course=_course(CampaignCourse, factory, key), trial=number, **given.dict())
    return _shown("campaigns", factory, key)


@router.delete("/campaigns/{uuid:key}/results/{int:place}", response=CampaignOut, summary="Take back a wrong result")
def take_back(request: HttpRequest, factory_key: FactoryKey, key: UUID, place: int) -> dict[str, Any]:
    """Scope `floor:write`. `place` counts the results told so far from 1; the next trial is queued."""
    factory = _factory(request, factory_key)
    optimise.take_back(course=_course(CampaignCourse, factory, key), place=place)
    return _shown("campaigns", factory, key)


@router.post("/campaigns/{uuid:key}/ask", response=CampaignOut, summary="Ask for a trial after one that was stopped")
def ask_trial(request: HttpRequest, factory_key: FactoryKey, key: UUID) -> dict[str, Any]:
    """Scope `floor:write`."""
    factory = _factory(request, factory_key)
    optimise.ask_trial(course=_course(CampaignCourse, factory, key))
    return _shown("campaigns", factory, key)


@router.post("/experiments", response={201: ExperimentOut}, summary="Plan an experiment; its runs are queued")
def plan_experiment(request: HttpRequest, factory_key: FactoryKey, given: ExperimentIn) -> Status:
    """Scope `floor:write`."""
    factory = _factory(request, factory_key)
    try:
        made = optimise.plan_experiment(factory=factory, request=given.dict(), user=caller(request).user)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise JasangError(
            ko=f"계획이 맞지 않습니다({error}). docs/experiments.ko.md를 보세요.",
            en=f"The plan makes no sense ({error}); see docs/experiments.md.",
        ) from error
    return Status(201, _shown("experiments", factory, made.key))


@router.post("/experiments/{uuid:key}/runs/{int:number}", response=ExperimentOut, summary="Tell a run's results")
def tell_run(request: HttpRequest, factory_key: FactoryKey, key: UUID, number: int, given: RunIn) -> dict[str, Any]:
    """Scope `floor:write`. Runs count from 1."""
    factory = _factory(request, factory_key)
    optimise.tell_run(course=_course(ExperimentCourse, factory, key), run=number, **given.dict())
    return _shown("experiments", factory, key)


@router.post("/experiments/{uuid:key}/analyse", response=ExperimentOut, summary="Queue the analysis")
def analyse(request: HttpRequest, factory_key: FactoryKey, key: UUID) -> dict[str, Any]:
    """Scope `floor:write`."""
    factory = _factory(request, factory_key)
    optimise.analyse_course(course=_course(ExperimentCourse, factory, key))
    return _shown("experiments", factory, key)


@router.post("/schedules", response={201: ScheduleOut}, summary="Queue a plan of handed-over orders")
def plan_schedule(request: HttpRequest, factory_key: FactoryKey, given: ScheduleIn) -> Status:
    """Scope `floor:write`."""
    factory = _factory(request, factory_key)
    made = optimise.plan_schedule(
        factory=factory, diagnosis=_handed(factory, given.diagnosis), user=caller(request).user, seconds=given.seconds
    )
    return Status(201, _shown("schedules", factory, made.key))


@router.post("/schedules/{uuid:key}/try/{str:step}", response={201: ScheduleOut}, summary="Try a change of a plan")
def try_schedule(
    request: HttpRequest,
    factory_key: FactoryKey,
    key: UUID,
    step: Literal["try", "lock", "replan", "promise"],
    given: MoveIn,
) -> Status:
    """Scope `floor:write`. What it costs is told before it is kept."""
    factory = _factory(request, factory_key)
    made = optimise.try_schedule(
        before=_course(SchedulePlan, factory, key), step=PlanStep(step), request=given.dict(), user=caller(request).user
    )
    return Status(201, _shown("schedules", factory, made.key))


@router.post("/schedules/{uuid:key}/keep", response=ScheduleOut, summary="From now on this is the plan")
def keep_schedule(request: HttpRequest, factory_key: FactoryKey, key: UUID) -> dict[str, Any]:
    """Scope `floor:write`."""
    factory = _factory(request, factory_key)
    optimise.keep_schedule(plan=_course(SchedulePlan, factory, key))
    return _shown("schedules", factory, key)


@router.post("/schedules/{uuid:key}/forget", response={204: None}, summary="Forget a plan that was tried")
def forget_schedule(request: HttpRequest, factory_key: FactoryKey, key: UUID) -> Status:
    """Scope `floor:write`."""
    optimise.forget_schedule(plan=_course(SchedulePlan, _factory(request, factory_key), key))
    return Status(204, None)
