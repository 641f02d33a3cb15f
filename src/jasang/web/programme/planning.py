"""Who goes where: a cohort's mentors sent to its factories by the optimiser, in the background, with a human hand on it."""

from datetime import date, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from jasang.errors import WrongArguments
from jasang.optimize.assignment import (
    AssignmentProblem,
    answer_record,
    check_assignment,
    problem_record,
    read_problem,
    solve_assignment,
)
from jasang.optimize.assignment import Factory as Site
from jasang.optimize.assignment import Mentor as Person
from jasang.optimize.assignment.regions import REGIONS
from jasang.plant.text import Progress, Text
from jasang.web.jobs.models import Job
from jasang.web.jobs.services import hold, queue_job
from jasang.web.programme.models import Cohort, HandOnPlan, LevelAnswer, Mentor, Planning, Residency, Standing
from jasang.web.programme.residencies import WEEKS, begin_residency
from jasang.web.programme.stages import allow_post
from jasang.web.tenants.models import Factory, Role

SECONDS = 20.0  # of search
DAYS = 14  # of work in one residency
# Which skill the areas of the rubric ask for.
_SKILLS = {
    "process": ("analyses", "closed_loops", "work_standard"),
    "data": ("untyped", "latency", "uptime"),
    "equipment": ("stops", "maintenance", "connected_machines"),
    "quality": ("traceable", "measured_quality"),
    "planning": ("schedule", "plan_actual"),
    "energy": ("energy",),
}


@transaction.atomic
def put_hand(*, by: AbstractBaseUser, cohort: Cohort, factory: Factory, mentor: Mentor, pinned: bool | None) -> None:
    """Pin (true) or rule out (false) a pair; nothing takes the hand away."""
    allow_post(by, cohort.organisation, Role.PROGRAMME_OPERATOR)
    if mentor.organisation_id != cohort.organisation_id or not _in_cohort(cohort, factory):
        raise WrongArguments(
            ko="이 멘토나 공장은 이 기수에 없습니다.", en="The mentor or the factory is not of this cohort."
        )
    hands = HandOnPlan.objects.of(cohort.organisation)
    pair = {"cohort": cohort, "factory": factory, "mentor": mentor}
    if pinned is None:
        hands.filter(**pair).delete()
        return
    if pinned:  # a factory is pinned to one mentor
        hands.filter(cohort=cohort, factory=factory, pinned=True).delete()
    hands.update_or_create(**pair, defaults={"organisation": cohort.organisation, "pinned": pinned, "by": by})


@transaction.atomic
def ask_for_plan(*, by: AbstractBaseUser, cohort: Cohort) -> Planning:
    """Put the question as it stands now into the queue."""
    allow_post(by, cohort.organisation, Role.PROGRAMME_OPERATOR)
    problem = problem_of(cohort)
    if not problem.factories or not problem.mentors:
        raise WrongArguments(
            ko="배정할 공장과 멘토가 있어야 합니다.", en="There must be factories and mentors to be assigned."
        )
    carrier = Factory.objects.get(key=problem.factories[0].id)
    planning = Planning(organisation=cohort.organisation, cohort=cohort, question=problem_record(problem))
    planning.job = queue_job(factory=carrier, kind="assign_mentors", payload={"planning": str(planning.key)})
    planning.save()
    return planning


def problem_of(cohort: Cohort) -> AssignmentProblem:
    """The cohort's factories without a mentor, its active mentors with the days they have left, pins and vetoes."""
    organisation = cohort.organisation
    served = Residency.objects.under(organisation)
    rows = Standing.objects.under(organisation).filter(cohort=cohort, factory__closed_at__isnull=True)
    rows = rows.exclude(factory__in=served.values("factory")).select_related("factory").order_by("pk")
    factories = [row.factory for row in rows]
    steps: dict[int, dict[str, int]] = {}
    answers = LevelAnswer.objects.under(organisation).filter(factory__in=rows.values("factory")).order_by("at", "pk")
    for factory, item, step in answers.values_list("factory_id", "item", "step"):
        steps.setdefault(factory, {})[item] = step
    spent: dict[int, int] = {}
    for mentor in served.values_list("mentor_id", flat=True):
        spent[mentor] = spent.get(mentor, 0) + DAYS
    mentors = list(Mentor.objects.of(organisation).filter(active=True).order_by("pk"))
    hands = HandOnPlan.objects.of(organisation).filter(cohort=cohort, factory__in=rows.values("factory"))
    hands = hands.filter(mentor__active=True).select_related("factory", "mentor").order_by("pk")
    pairs = [(hand.pinned, (hand.factory.key, str(hand.mentor.key))) for hand in hands]
    return AssignmentProblem(
        factories=tuple(_site(factory, steps.get(factory.pk, {})) for factory in factories),
        mentors=tuple(_person(mentor, spent.get(mentor.pk, 0)) for mentor in mentors),
        pins=tuple(pair for pinned, pair in pairs if pinned),
        vetoes=tuple(pair for pinned, pair in pairs if not pinned),
    )


def plan_in_background(job: Job, progress: Progress) -> None:
    """The background job: solve, check, and keep the answer."""
    planning = Planning.objects.of_every_organisation().filter(key=job.payload["planning"]).first()
    if planning is None:
        return
    progress(Text(ko="멘토를 배정하고 있습니다", en="Sending mentors to factories"), 0.1)
    problem = read_problem(planning.question)
    answer = solve_assignment(problem, seconds=SECONDS, seed=0)
    broken = check_assignment(problem, answer)
    if broken:
        raise WrongArguments(ko=broken[0].ko, en=broken[0].en)
    with transaction.atomic():
        hold(job=job)
        planning.answer = answer_record(answer)
        planning.save(update_fields=["answer"])


@transaction.atomic
def take_plan(*, by: AbstractBaseUser, planning: Planning, starts_on: date) -> int:
    """Make the residencies of the answer: each mentor becomes a guest of the factory until it ends. Once; how many."""
    allow_post(by, planning.organisation, Role.PROGRAMME_OPERATOR)
    held = Planning.objects.of(planning.organisation).select_for_update(of=("self",)).get(pk=planning.pk)
    if held.answer is None:
        raise WrongArguments(ko="아직 배정이 끝나지 않았습니다.", en="The assignment is not ready yet.")
    if held.taken_at is not None:
        return 0
    placements = held.answer["placements"]
    factories = {
        one.key: one
        for one in Factory.objects.filter(
            key__in=[place["factory"] for place in placements],
            organisation__path__startswith=planning.organisation.path,
        )
    }
    mentors = {str(one.key): one for one in Mentor.objects.of(planning.organisation).select_related("user")}
    taken: dict[str, int] = {}
    for place in placements:
        factory, mentor = factories.get(place["factory"]), mentors.get(place["mentors"][0])
        if factory is None or mentor is None or Residency.objects.of(factory).exists():
            continue
        # One factory after the other.
        first = starts_on + timedelta(weeks=WEEKS * taken.get(str(mentor.key), 0))
        taken[str(mentor.key)] = taken.get(str(mentor.key), 0) + 1
        begin_residency(factory=factory, mentor=mentor, starts_on=first, planning=held)
    held.taken_at = timezone.now()
    held.save(update_fields=["taken_at"])
    return sum(taken.values())


def _in_cohort(cohort: Cohort, factory: Factory) -> bool:
    return bool(Standing.objects.of(factory).filter(cohort=cohort).exists())


def _site(factory: Factory, steps: dict[str, int]) -> Site:
    needs: dict[str, float] = {}
    for skill, items in _SKILLS.items():
        known = [steps[item] for item in items if item in steps]
        needs[skill] = 1 - sum(known) / (5 * len(known)) if known else 0.5
    return Site(id=factory.key, region=_region(factory.region), needs=needs, days=DAYS)


def _person(mentor: Mentor, spent: int) -> Person:
    skills: dict[str, Any] = {name: min(1.0, max(0.0, float(level))) for name, level in mentor.skills.items()}
    return Person(
        id=str(mentor.key), region=_region(mentor.region), skills=skills, languages=tuple(mentor.languages),
        days=max(0, mentor.days - spent), leads=mentor.leads,
    )  # fmt: skip


def _region(name: str) -> str | None:
    return name if name in REGIONS else None
