"""A cohort as a whole: its factories, a goal for each, the survey of all in the background."""

from collections.abc import Iterable, Mapping

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Least

from jasang.plant.text import Progress, Text
from jasang.web.jobs.models import Job
from jasang.web.jobs.services import queue_job
from jasang.web.programme import levels
from jasang.web.programme.models import Cohort, Standing
from jasang.web.programme.stages import StepRefused, allow_post
from jasang.web.tenants.models import Factory, Organisation, Role
from jasang.web.tenants.queries import factories_under

HIGHEST = 5


@transaction.atomic
def make_cohort(*, by: AbstractBaseUser, organisation: Organisation, name: str, year: int) -> Cohort:
    """The cohort of that name, made if there is none."""
    allow_post(by, organisation, Role.PROGRAMME_OPERATOR)
    if not 0 < len(name.strip()) <= 120 or not 2000 <= year <= 2100:
        raise StepRefused(
            ko="기수 이름과 연도(2000~2100)를 적어 주세요.", en="A cohort needs a name and a year (2000 to 2100)."
        )
    made, _ = Cohort.objects.of(organisation).get_or_create(
        organisation=organisation, name=name.strip(), defaults={"year": year}
    )
    cohort: Cohort = made
    return cohort


@transaction.atomic
def add_factories(*, by: AbstractBaseUser, cohort: Cohort, factories: Iterable[Factory]) -> int:
    """Take factories below the organisation into the cohort; how many are new in it."""
    allow_post(by, cohort.organisation, Role.PROGRAMME_OPERATOR)
    wanted = {one.pk: one for one in factories}
    known = set(
        factories_under(cohort.organisation).filter(pk__in=list(wanted)).order_by().values_list("pk", flat=True)
    )
    if set(wanted) - known:
        raise StepRefused(ko="이 기관에 속하지 않은 공장이 있습니다.", en="A factory is not below this organisation.")
    rows = Standing.objects.under(cohort.organisation).filter(factory__in=known)
    there = set(rows.values_list("factory_id", flat=True))
    moved = rows.exclude(cohort=cohort).update(cohort=cohort)
    Standing.objects.under(cohort.organisation).bulk_create(
        Standing(factory=wanted[pk], cohort=cohort) for pk in sorted(known - there)
    )
    return int(moved) + len(known - there)


@transaction.atomic
def set_goals(*, by: AbstractBaseUser, cohort: Cohort, goals: Mapping[str, int | None]) -> int:
    """The goal (level of five, nothing = none) of factories by their keys; all of them or none. How many changed."""
    allow_post(by, cohort.organisation, Role.PROGRAMME_OPERATOR)
    for key, goal in goals.items():
        if goal is not None and not 0 <= goal <= HIGHEST:
            raise StepRefused(
                ko=f"공장 {key} 목표 {goal}: 0부터 {HIGHEST}까지입니다.",
                en=f"Factory {key}: goal {goal}; expected 0 to {HIGHEST}.",
            )
    rows = Standing.objects.under(cohort.organisation).filter(cohort=cohort, factory__key__in=list(goals))
    kept = {row.factory.key: row for row in rows.select_related("factory")}
    for key in goals:
        if key not in kept:
            raise StepRefused(ko=f"공장 {key}은(는) 이 기수에 없습니다.", en=f"Factory {key} is not in this cohort.")
    changed = [row for key, row in kept.items() if row.goal != goals[key]]
    for row in changed:
        row.goal = goals[row.factory.key]
    Standing.objects.under(cohort.organisation).bulk_update(changed, ["goal"], batch_size=500)
    return len(changed)


@transaction.atomic
def goals_one_up(*, by: AbstractBaseUser, cohort: Cohort) -> int:
    """Every factory without a goal gets one: a level up. How many."""
    allow_post(by, cohort.organisation, Role.PROGRAMME_OPERATOR)
    rows = Standing.objects.under(cohort.organisation).filter(cohort=cohort, goal=None)
    return int(Standing.objects.under(cohort.organisation).filter(pk__in=list(rows.values_list("pk", flat=True))).update(
        goal=Least(F("of_five") + 1, HIGHEST)
    ))  # fmt: skip


@transaction.atomic
def ask_for_survey(*, by: AbstractBaseUser, cohort: Cohort) -> Job:
    """Queue the survey: the level of every factory of the cohort is reckoned in the background."""
    allow_post(by, cohort.organisation, Role.PROGRAMME_OPERATOR)
    first = Standing.objects.under(cohort.organisation).filter(cohort=cohort).select_related("factory").first()
    if first is None:
        raise StepRefused(ko="이 기수에 공장이 없습니다.", en="The cohort has no factories.")
    running = open_survey(cohort)
    if running is not None:
        return running
    return queue_job(factory=first.factory, kind="survey", payload={"cohort": str(cohort.key)})


def open_survey(cohort: Cohort) -> Job | None:
    """The survey that waits or runs."""
    rows = Job.objects.under(cohort.organisation).filter(kind="survey", state__in=["waiting", "running"])
    return next((job for job in rows.order_by("-pk")[:20] if job.payload.get("cohort") == str(cohort.key)), None)


def survey_in_background(job: Job, progress: Progress) -> None:
    """The background job: level after level; a stopped one goes on where it was, for a level reckoned twice is the same."""
    cohort = Cohort.objects.of_every_organisation().select_related("organisation").get(key=job.payload["cohort"])
    rows = Standing.objects.under(cohort.organisation).filter(cohort=cohort).select_related("factory").order_by("pk")
    whole = rows.count()
    for number, standing in enumerate(rows.iterator(chunk_size=200)):
        if number % 10 == 0:
            said = Text(
                ko=f"공장 {whole}곳 가운데 {number}곳을 조사했습니다", en=f"{number} of {whole} factories surveyed"
            )
            progress(said, number / whole)
        with transaction.atomic():
            level = levels.mark_level(factory=standing.factory)
            goal = min(level.of_five + 1, HIGHEST)
            Standing.objects.of(standing.factory).filter(goal__isnull=True).update(goal=goal)
