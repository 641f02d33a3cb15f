"""The way of an application, one service for each step: who may take it, from where to where. Each is one transaction."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Max, Sum
from django.urls import reverse
from django.utils import timezone

from jasang.plant.text import Text
from jasang.web.notices.services import tell
from jasang.web.programme.models import (
    Application,
    Call,
    Claim,
    ClaimState,
    Judging,
    Milestone,
    Paper,
    Payment,
    Stage,
    Standing,
)
from jasang.web.programme.papers import add_papers
from jasang.web.programme.stages import (
    StepRefused,
    allow_post,
    count_grants,
    held_at,
    move,
    not_yours,
    note,
    tell_owners,
    written,
)
from jasang.web.programme.words import half
from jasang.web.tenants.models import FACTORY_ROLES, Factory, Role
from jasang.web.tenants.queries import role_in, roles_at
from jasang.web.ui.checked_files import Checked

REPORT = ("found", "way", "risks")  # parts of the visit's report


@transaction.atomic
def keep_draft(
    *, by: AbstractBaseUser, factory: Factory, call: Call, today: date | None = None, **fields: Any
) -> Application:
    """The owner writes an application (wish, expected, contact, cost, asked) and may leave it unfinished."""
    if role_in(by, factory) != Role.OWNER:
        raise not_yours()
    _check_open(factory, call, today)
    unknown = set(fields) - {"wish", "expected", "contact", "cost", "asked"}
    if unknown:
        raise ValueError(f"an application has no {sorted(unknown)}")
    if fields.get("cost", 0) < 0 or fields.get("asked", 0) < 0:
        raise StepRefused(ko="금액은 0원 이상이어야 합니다.", en="Amounts must be 0 won or more.")
    application, _ = Application.objects.of(call.organisation).get_or_create(
        call=call, factory=factory,
        defaults={"organisation": call.organisation, "stage": Stage.DRAFT, "due_on": call.closes_on},
    )  # fmt: skip
    held = held_at(application, Stage.DRAFT, Stage.WITHDRAWN)
    held.stage = Stage.DRAFT  # what was withdrawn can be taken up again while the call is open
    for name, value in fields.items():
        setattr(held, name, value)
    held.save()
    return held


def missing(application: Application) -> list[Text]:
    """What the draft still lacks, each as a sentence; nothing = it can be submitted."""
    call, lacking = application.call, []
    if not application.wish.strip():
        lacking.append(Text(ko="무엇을 해결하고 싶은지 적어 주세요.", en="Write what you want to solve."))
    if application.cost <= 0:
        lacking.append(Text(ko="전체 비용을 적어 주세요.", en="Write the whole cost."))
    else:
        most = min(call.most_won, int(application.cost * call.most_share))
        if not 0 < application.asked <= most:
            lacking.append(
                Text(
                    ko=f"신청 금액 {application.asked:,}원: 1원부터 {most:,}원까지 신청할 수 있습니다.",
                    en=f"Asked for {application.asked:,} won; expected 1 to {most:,} won.",
                )
            )
    there = set(
        Paper.objects.of(application.organisation).filter(application=application).values_list("title", flat=True)
    )
    lacking += [
        Text(ko=f"서류가 빠졌습니다: {half(one['name'], 'ko')}", en=f"A document is missing: {half(one['name'], 'en')}")
        for one in call.documents
        if one["needed"] and one["name"] not in there
    ]
    return lacking


@transaction.atomic
def submit(*, by: AbstractBaseUser, application: Application, today: date | None = None) -> Application:
    """The owner hands the draft in, once: it gets its number in the call. Raises `StepRefused` with all that is missing."""
    if role_in(by, application.factory) != Role.OWNER:
        raise not_yours()
    # The call is locked first, so that of two that come at once each gets its own number.
    Call.objects.of(application.organisation).select_for_update(of=("self",)).get(pk=application.call_id)
    held = held_at(application, Stage.DRAFT)
    _check_open(held.factory, held.call, today)
    lacking = missing(held)
    if lacking:
        raise StepRefused(ko=" ".join(one.ko for one in lacking), en=" ".join(one.en for one in lacking))
    if held.number is None:
        last = Application.objects.of(held.organisation).filter(call=held.call).aggregate(last=Max("number"))["last"]
        held.number = (last or 0) + 1
    held.applied_at = timezone.now()
    move(held, Stage.APPLIED, by, "")
    Standing.objects.of(held.factory).get_or_create(factory=held.factory)
    Standing.objects.of(held.factory).update(cohort=held.call.cohort)
    return held


@transaction.atomic
def apply(
    *,
    by: AbstractBaseUser,
    factory: Factory,
    call: Call,
    wish: str,
    cost: int,
    asked: int,
    papers: Mapping[str, Sequence[Checked]] | None = None,
    today: date | None = None,
) -> Application:
    """Draft, documents and submitting in one; a call takes one application of a factory (the second try gives the first)."""
    if role_in(by, factory) != Role.OWNER:
        raise not_yours()
    known = Application.objects.of(call.organisation).filter(call=call, factory=factory).exclude(stage=Stage.DRAFT)
    if (there := known.first()) is not None:
        return there
    draft = keep_draft(by=by, factory=factory, call=call, wish=wish, cost=cost, asked=asked, today=today)
    for title, files in (papers or {}).items():
        add_papers(by=by, application=draft, title=title, files=files)
    return submit(by=by, application=draft, today=today)


@transaction.atomic
def send_visitor(
    *, by: AbstractBaseUser, application: Application, visitor: AbstractBaseUser, on: date | None = None
) -> Application:
    """Ask a mentor to visit the factory, on a day if one is agreed."""
    allow_post(by, application.organisation, Role.PROGRAMME_OPERATOR)
    held = held_at(application, Stage.APPLIED)
    if Role.MENTOR not in roles_at(visitor, held.organisation):
        raise StepRefused(ko=f"{visitor}은(는) 멘토가 아닙니다.", en=f"{visitor} is not a mentor.")
    if role_in(visitor, held.factory) in FACTORY_ROLES:
        raise StepRefused(ko=f"{visitor}은(는) 이 공장 사람입니다.", en=f"{visitor} belongs to this factory.")
    if Judging.objects.of(held.organisation).filter(application=held, judge=visitor).exists():
        raise StepRefused(ko=f"{visitor}은(는) 이 신청의 심사위원입니다.", en=f"{visitor} judges this application.")
    held.visitor, held.visit_on = visitor, on
    held.save()
    title = Text(ko=f"{held.factory.name} 방문을 부탁받았습니다", en=f"Please visit {held.factory.name}")
    tell(
        factory=held.factory, kind="support", about=f"application:{held.key}:visit:{visitor.pk}:{on}", title=title,
        url=reverse("programme:application", args=[held.organisation.key, held.key]), users=[visitor],
    )  # fmt: skip
    return held


@transaction.atomic
def record_visit(
    *,
    by: AbstractBaseUser,
    application: Application,
    feasible: bool,
    words: str,
    visited_on: date | None = None,
    report: Mapping[str, str] | None = None,
) -> Application:
    """A mentor was in the factory and says whether it can be done; `report`: what was found, the way, the risks."""
    allow_post(by, application.organisation, Role.MENTOR, Role.PROGRAMME_OPERATOR)
    held = held_at(application, Stage.APPLIED)
    runs = Role.PROGRAMME_OPERATOR in roles_at(by, held.organisation)
    if role_in(by, held.factory) in FACTORY_ROLES:
        raise not_yours()
    if held.visitor is not None and held.visitor != by and not runs:
        raise not_yours()
    held.feasibility, held.visited_on = words, visited_on or timezone.localdate()
    held.report = {name: str((report or {}).get(name, "")) for name in REPORT}
    if not runs:
        held.visitor = by
    return move(held, Stage.VISITED if feasible else Stage.REJECTED, by, words)


@transaction.atomic
def agree_plan(
    *, by: AbstractBaseUser, application: Application, plan: str, milestones: Sequence[tuple[str, int, date | None]]
) -> Application:
    """The plan with its milestones (title, won, due day), which add up to the grant exactly."""
    allow_post(by, application.organisation, Role.PROGRAMME_OPERATOR)
    held = held_at(application, Stage.APPROVED)
    whole = sum(amount for _, amount, _ in milestones)
    if whole != held.granted or any(amount <= 0 for _, amount, _ in milestones):
        raise StepRefused(
            ko=f"단계별 금액의 합 {whole:,}원: 지원금 {held.granted:,}원과 같아야 하고 모두 0원보다 커야 합니다.",
            en=f"The milestones add up to {whole:,} won; expected the grant of {held.granted:,} won, each above 0.",
        )
    if any(not title.strip() for title, _, _ in milestones):
        raise StepRefused(
            ko="단계마다 무엇을 이룰지 적어야 합니다.", en="Each milestone needs words for what is reached."
        )
    held.plan = plan
    Milestone.objects.of(held.organisation).bulk_create(
        Milestone(
            organisation=held.organisation, application=held, place=place, title=title, amount=amount, due_on=due_on
        )
        for place, (title, amount, due_on) in enumerate(milestones)
    )
    return move(held, Stage.PLANNED, by, plan)


# The simple steps: from, to, and whose post allows them.
STEPS = {
    "build": (Stage.PLANNED, Stage.BUILDING, (Role.PROGRAMME_OPERATOR,)),
    "operate": (Stage.BUILDING, Stage.OPERATING, (Role.PROGRAMME_OPERATOR, Role.MENTOR)),
    "aftercare": (Stage.OPERATING, Stage.AFTERCARE, (Role.PROGRAMME_OPERATOR,)),
    "close": (Stage.AFTERCARE, Stage.CLOSED, (Role.PROGRAMME_OPERATOR,)),
}


@transaction.atomic
def go_on(*, by: AbstractBaseUser, application: Application, step: str, words: str = "") -> Application:
    """One of the simple steps: build, operate, aftercare, close."""
    if step not in STEPS:
        raise StepRefused(
            ko=f"{step!r} 단계는 없습니다.", en=f"There is no step {step!r}; expected {', '.join(STEPS)}."
        )
    before, after, roles = STEPS[step]
    allow_post(by, application.organisation, *roles)
    held = held_at(application, before)
    if after == Stage.OPERATING and unreached(held):
        raise StepRefused(
            ko="아직 이루지 못한 단계가 있어 운영으로 넘어갈 수 없습니다.",
            en="Milestones that are not reached stand against operating.",
        )
    return move(held, after, by, words)


@transaction.atomic
def add_note(*, by: AbstractBaseUser, application: Application, words: str) -> None:
    """A line in the history without a move: a talk, a check during operation or after-care."""
    own = role_in(by, application.factory) == Role.OWNER
    if not own:
        allow_post(by, application.organisation, Role.PROGRAMME_OPERATOR, Role.MENTOR)
    note(application, by, written(words, Text(ko="내용을 적어 주세요.", en="Please write something.")))


@transaction.atomic
def withdraw(*, by: AbstractBaseUser, application: Application, words: str = "") -> Application:
    """The owner takes it back, as long as nothing is built or paid. While the call is open it can be taken up again."""
    if role_in(by, application.factory) != Role.OWNER:
        raise not_yours()
    held = held_at(application, Stage.DRAFT, Stage.APPLIED, Stage.VISITED, Stage.APPROVED, Stage.PLANNED)
    if Payment.objects.of(held.organisation).filter(application=held).exists():
        raise StepRefused(
            ko="돈이 나간 신청은 취소할 수 없습니다. 운영기관과 이야기하세요.",
            en="What was paid for cannot be withdrawn; please talk to the operator.",
        )
    held.granted = 0
    Judging.objects.of(held.organisation).filter(application=held).delete()
    Milestone.objects.of(held.organisation).filter(application=held).delete()
    moved = move(held, Stage.WITHDRAWN, by, words)
    count_grants(held.factory)
    return moved


# What the operator can end early: from the hand-in on, as long as it goes on.
GOING_ON = (
    Stage.APPLIED, Stage.VISITED, Stage.APPROVED, Stage.PLANNED, Stage.BUILDING, Stage.OPERATING, Stage.AFTERCARE,
)  # fmt: skip


@transaction.atomic
def stop(*, by: AbstractBaseUser, application: Application, words: str) -> Application:
    """The operator ends it early, with the reason: the factory closed, left, or does not keep to the plan.

    The grant becomes what was paid, so the rest of the call's money is free; open claims go back with the reason.
    """
    allow_post(by, application.organisation, Role.PROGRAMME_OPERATOR)
    reason = written(words)
    held = held_at(application, *GOING_ON)
    payments = Payment.objects.of(held.organisation).filter(application=held)
    held.granted = payments.aggregate(whole=Sum("amount"))["whole"] or 0
    claims = Claim.objects.of(held.organisation).filter(application=held, state=ClaimState.OPEN)
    claims.update(state=ClaimState.REFUSED, answer=reason, answered_by=by, answered_at=timezone.now())
    moved = move(held, Stage.STOPPED, by, reason)
    count_grants(held.factory)
    return moved


@transaction.atomic
def move_milestone(*, by: AbstractBaseUser, milestone: Milestone, due_on: date, words: str) -> Milestone:
    """Another last day for a milestone that is not reached, with the reason; the factory is told."""
    allow_post(by, milestone.organisation, Role.PROGRAMME_OPERATOR)
    reason = written(words)
    held = held_at(milestone.application, Stage.PLANNED, Stage.BUILDING, Stage.OPERATING)
    fresh: Milestone = Milestone.objects.of(held.organisation).get(pk=milestone.pk)
    if fresh.reached_at is not None:
        raise StepRefused(ko="이미 이룬 단계입니다.", en="This milestone is reached already.")
    event = note(held, by, f"{fresh.title}: {fresh.due_on or '–'} → {due_on}. {reason}")
    fresh.due_on = due_on
    fresh.save(update_fields=["due_on"])
    title = Text(ko=f"'{fresh.title}'의 새 기한: {due_on}", en=f"New last day of “{fresh.title}”: {due_on}")
    tell_owners(held, about=f"milestone:{fresh.place}:moved:{event.pk}", title=title)
    return fresh


def unreached(application: Application) -> bool:
    """Is a milestone open?"""
    open_ones = Milestone.objects.of(application.organisation).filter(application=application, reached_at=None)
    return bool(open_ones.exists())


def is_for(call: Call, factory: Factory) -> bool:
    """Is the factory below the organisation that published the call?"""
    above = factory.organisation
    return call.published_at is not None and above is not None and above.path.startswith(call.organisation.path)


def _check_open(factory: Factory, call: Call, today: date | None) -> None:
    if not is_for(call, factory):
        raise StepRefused(ko="이 공고는 이 공장을 위한 것이 아닙니다.", en="This call is not for this factory.")
    if not call.opens_on <= (today or timezone.localdate()) <= call.closes_on:
        raise StepRefused(
            ko=f"접수 기간은 {call.opens_on}부터 {call.closes_on}까지입니다.",
            en=f"Applications are taken from {call.opens_on} to {call.closes_on}.",
        )
