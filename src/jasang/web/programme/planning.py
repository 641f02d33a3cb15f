"""Who goes where: the question put to the optimiser in the background, a human hand on it, the plan asked of mentors, taken."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from jasang.errors import WrongArguments
from jasang.optimize.assignment import answer_record, check_assignment, problem_record, read_problem, solve_assignment
from jasang.plant.text import Progress, Text
from jasang.web.jobs.models import Job
from jasang.web.jobs.services import hold, queue_job
from jasang.web.notices.services import tell
from jasang.web.programme.models import Cohort, HandOnPlan, Mentor, Offer, Planning, Residency, Standing
from jasang.web.programme.residencies import WEEKS, begin_residency
from jasang.web.programme.sending import SKILLS, Wishes, first_day, problem_of
from jasang.web.programme.stages import StepRefused, allow_post, not_yours, written
from jasang.web.tenants.models import Factory, Role
from jasang.web.tenants.queries import roles_at

SECONDS = 20.0  # of search
LONGEST = 260  # weeks of a plan


@transaction.atomic
def put_hand(*, by: AbstractBaseUser, cohort: Cohort, factory: Factory, mentor: Mentor, pinned: bool | None) -> None:
    """Pin (true) or rule out (false) a pair; nothing takes the hand away."""
    allow_post(by, cohort.organisation, Role.PROGRAMME_OPERATOR)
    _lock(cohort)
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
def ask_for_plan(*, by: AbstractBaseUser, cohort: Cohort, wishes: Wishes | None = None) -> Planning:
    """Put the question as it stands now into the queue."""
    allow_post(by, cohort.organisation, Role.PROGRAMME_OPERATOR)
    return _ask(cohort, wishes, before=None)


def _ask(cohort: Cohort, wishes: Wishes | None, before: Planning | None) -> Planning:
    if wishes is not None:
        _check(wishes)
    cohort = _lock(cohort)
    problem = problem_of(cohort, wishes)
    if not problem.factories or not problem.mentors:
        raise WrongArguments(
            ko="배정할 공장과 멘토가 있어야 합니다.", en="There must be factories and mentors to be assigned."
        )
    if before is not None:
        kept = _kept_pairs(before, {one.id for one in problem.factories}, {one.id for one in problem.mentors})
        pinned = {factory for factory, _ in kept}
        problem = replace(problem, pins=(*kept, *(pair for pair in problem.pins if pair[0] not in pinned)))
    carrier = Factory.objects.get(key=problem.factories[0].id)
    question = problem_record(problem) | ({"wishes": wishes.record()} if wishes is not None else {})
    planning = Planning(organisation=cohort.organisation, cohort=cohort, question=question, before=before)
    planning.starts_on = wishes.starts_on if wishes is not None else None
    planning.job = queue_job(factory=carrier, kind="assign_mentors", payload={"planning": str(planning.key)})
    planning.save()
    return planning


def _check(wishes: Wishes) -> None:
    if wishes.horizon is not None and not WEEKS <= wishes.horizon <= LONGEST:
        raise WrongArguments(
            ko=f"계획 기간 {wishes.horizon}주: {WEEKS}주부터 {LONGEST}주까지입니다.",
            en=f"The plan has {wishes.horizon} weeks; expected {WEEKS} to {LONGEST}.",
        )
    skills = set(wishes.team_skills)
    if wishes.team_skills and (len(skills) != 3 or not skills <= set(SKILLS)):
        raise WrongArguments(
            ko="세 명 팀에는 서로 다른 기술 세 가지를 고르세요.", en="Teams of three need three different skills."
        )
    if wishes.fairness < 0:
        raise WrongArguments(ko="공평 가중치는 0 이상입니다.", en="Fairness must be 0 or more.")


def wishes_of(planning: Planning) -> Wishes | None:
    """What the plan was asked with."""
    given = planning.question.get("wishes")
    if given is None:
        return None
    return Wishes(
        **given | {"starts_on": date.fromisoformat(given["starts_on"]), "team_skills": tuple(given["team_skills"])}
    )


def plan_in_background(job: Job, progress: Progress) -> None:
    """The background job: solve, check, and keep the answer."""
    planning = Planning.objects.of_every_organisation().filter(key=job.payload["planning"]).first()
    if planning is None:
        return
    progress(Text(ko="멘토를 배정하고 있습니다", en="Sending mentors to factories"), 0.1)
    problem = read_problem({name: value for name, value in planning.question.items() if name != "wishes"})
    answer = solve_assignment(problem, seconds=SECONDS, seed=0)
    progress(Text(ko="답을 규칙마다 다시 확인하고 있습니다", en="Checking the answer against every rule"), 0.9)
    broken = check_assignment(problem, answer)
    if broken:
        raise WrongArguments(ko=broken[0].ko, en=broken[0].en)
    with transaction.atomic():
        hold(job=job)
        planning.answer = answer_record(answer)
        planning.save(update_fields=["answer"])


def placed(planning: Planning, starts_on: date) -> Iterator[tuple[str, list[str], date]]:
    """Factory, mentors (the leader first) and first day of every placement; without weeks one after the other."""
    taken: dict[str, int] = {}
    for place in planning.answer["placements"]:
        people = place["mentors"]
        if place.get("start"):
            yield place["factory"], people, first_day(place["start"], starts_on)
            continue
        turn = max(taken.get(name, 0) for name in people)
        for name in people:
            taken[name] = turn + 1
        yield place["factory"], people, starts_on + timedelta(weeks=WEEKS * turn)


@transaction.atomic
def offer_plan(*, by: AbstractBaseUser, planning: Planning, starts_on: date | None = None) -> int:
    """Ask every mentor of the plan, once. Who answered in the plan that this one mends is not asked again. How many are asked."""
    allow_post(by, planning.organisation, Role.PROGRAMME_OPERATOR)
    held = _ready(planning)
    if held.offered_at is not None:
        return 0
    held.starts_on = held.starts_on or starts_on or timezone.localdate()
    said: dict[tuple[str, str], Offer] = {}
    if held.before is not None:
        for one in Offer.objects.of(held.organisation).filter(planning=held.before).select_related("factory", "mentor"):
            said[one.factory.key, str(one.mentor.key)] = one
    factories, mentors = _named(held)
    made = []
    for key, people, first in placed(held, held.starts_on):
        for name in people:
            if key not in factories or name not in mentors:
                continue
            old = said.get((key, name))
            keeps = old is not None and old.state == Offer.State.ACCEPTED and old.starts_on == first
            made.append(
                Offer(organisation=held.organisation, planning=held, factory=factories[key], mentor=mentors[name],
                      starts_on=first, ends_on=first + timedelta(weeks=WEEKS, days=-1), leads=name == people[0],
                      state=Offer.State.ACCEPTED if keeps else Offer.State.ASKED,
                      answered_at=old.answered_at if keeps and old is not None else None)
            )  # fmt: skip
    Offer.objects.of(held.organisation).bulk_create(made)
    for one in made:
        if one.state == Offer.State.ASKED and one.mentor.user is not None:
            title = Text(
                ko=f"{one.factory.name}에 가 달라는 요청이 왔습니다", en=f"You are asked to go to {one.factory.name}"
            )
            tell(
                factory=one.factory, kind="support", about=f"offer:{one.key}", title=title,
                url=reverse("programme:offers", args=[held.organisation.key]), users=[one.mentor.user],
            )  # fmt: skip
    held.offered_at = timezone.now()
    held.save(update_fields=["offered_at", "starts_on"])
    return sum(one.state == Offer.State.ASKED for one in made)


@transaction.atomic
def answer_offer(*, by: AbstractBaseUser, offer: Offer, accept: bool, words: str = "") -> Offer:
    """The mentor (or the operator for him or her) accepts, or declines with a reason; declined pairs are not proposed again."""
    _lock(offer.planning.cohort)
    held = (
        Offer.objects.of(offer.organisation)
        .select_for_update(of=("self",))
        .select_related("mentor", "planning")
        .get(pk=offer.pk)
    )
    if held.mentor.user_id != by.pk and Role.PROGRAMME_OPERATOR not in roles_at(by, held.organisation):
        raise not_yours()
    if held.planning.taken_at is not None:
        raise StepRefused(ko="이미 확정된 배정입니다.", en="The plan is taken already.")
    if not accept:
        written(words, Text(ko="왜 갈 수 없는지 적어 주세요.", en="Please say why you cannot go."))
    held.state = Offer.State.ACCEPTED if accept else Offer.State.DECLINED
    held.words, held.by, held.answered_at = words.strip()[:2000], by, timezone.now()
    held.save()
    pair = {"cohort": held.planning.cohort, "factory": held.factory, "mentor": held.mentor}
    hands = HandOnPlan.objects.of(held.organisation)
    if accept:
        hands.filter(**pair, pinned=False, by=held.mentor.user).delete()
    else:
        hands.update_or_create(**pair, defaults={"organisation": held.organisation, "pinned": False, "by": by})
    return held


@transaction.atomic
def replan(*, by: AbstractBaseUser, planning: Planning) -> Planning:
    """Another plan in which everybody who did not decline stays where he or she was sent: only what was declined moves."""
    allow_post(by, planning.organisation, Role.PROGRAMME_OPERATOR)
    held = _ready(planning)
    wishes = wishes_of(held)
    if wishes is not None and held.starts_on is not None:
        wishes = replace(wishes, starts_on=held.starts_on)
    made = _ask(held.cohort, wishes, before=held)
    if made.starts_on is None:
        made.starts_on = held.starts_on
        made.save(update_fields=["starts_on"])
    return made


@transaction.atomic
def take_plan(
    *, by: AbstractBaseUser, planning: Planning, starts_on: date | None = None, unanswered: bool = True
) -> int:
    """Make the residencies of the plan, once; declined ones are left out, and those without an answer where asked. How many.

    A mentor becomes a guest of the factory from the residency's first day to its last.
    """
    allow_post(by, planning.organisation, Role.PROGRAMME_OPERATOR)
    held = _ready(planning)
    if held.taken_at is not None:
        return 0
    count = 0
    done = set(Residency.objects.under(held.organisation).values_list("factory__key", flat=True))
    for factory, mentor, first in _agreed(held, starts_on, unanswered):
        if factory.key not in done:
            begin_residency(factory=factory, mentor=mentor, starts_on=first, planning=held)
            count += 1
    held.taken_at = timezone.now()
    held.save(update_fields=["taken_at"])
    return count


def _agreed(held: Planning, starts_on: date | None, unanswered: bool) -> Iterator[tuple[Factory, Mentor, date]]:
    if held.offered_at is not None:
        rows = Offer.objects.of(held.organisation).filter(planning=held).exclude(state=Offer.State.DECLINED)
        if not unanswered:
            rows = rows.exclude(state=Offer.State.ASKED)
        for one in rows.select_related("factory", "mentor__user").order_by("pk"):
            yield one.factory, one.mentor, one.starts_on
        return
    factories, mentors = _named(held)
    for key, people, first in placed(held, held.starts_on or starts_on or timezone.localdate()):
        for name in people:
            if key in factories and name in mentors:
                yield factories[key], mentors[name], first


def _named(planning: Planning) -> tuple[dict[str, Factory], dict[str, Mentor]]:
    path = planning.organisation.path
    keys = [place["factory"] for place in planning.answer["placements"]]
    factories = Factory.objects.filter(key__in=keys, organisation__path__startswith=path)
    mentors = Mentor.objects.of(planning.organisation).select_related("user")
    return {one.key: one for one in factories}, {str(one.key): one for one in mentors}


def _kept_pairs(before: Planning, factories: set[str], mentors: set[str]) -> tuple[tuple[str, str], ...]:
    """Pins for everybody who was sent and did not decline: of a team its leader."""
    declined: set[tuple[str, str]] = set()
    for factory, mentor in (
        Offer.objects.of(before.organisation)
        .filter(planning=before, state=Offer.State.DECLINED)
        .values_list("factory__key", "mentor__key")
    ):
        declined.add((factory, str(mentor)))
    kept = []
    for place in before.answer["placements"]:
        stays = [name for name in place["mentors"] if (place["factory"], name) not in declined and name in mentors]
        if stays and place["factory"] in factories:
            kept.append((place["factory"], stays[0]))
    return tuple(kept)


def _lock(cohort: Cohort) -> Cohort:
    """The cohort's row under its lock: whatever moves its plans, pins and answers goes one after the other."""
    rows: Any = Cohort.objects.of(cohort.organisation).select_for_update(of=("self",)).select_related("organisation")
    held: Cohort = rows.get(pk=cohort.pk)
    return held


def _ready(planning: Planning) -> Planning:
    _lock(planning.cohort)
    rows: Any = Planning.objects.of(planning.organisation).select_for_update(of=("self",))
    held: Planning = rows.select_related("cohort__organisation", "organisation", "before").get(pk=planning.pk)
    if held.answer is None:
        raise WrongArguments(ko="아직 배정이 끝나지 않았습니다.", en="The assignment is not ready yet.")
    return held


def _in_cohort(cohort: Cohort, factory: Factory) -> bool:
    return bool(Standing.objects.of(factory).filter(cohort=cohort).exists())
