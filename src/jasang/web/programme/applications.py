"""The way of an application, one service for each step: who may take it, from where to where. Each is one transaction."""

from datetime import date, timedelta
from decimal import Decimal

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from jasang.errors import JasangError
from jasang.web.programme.models import (
    Application,
    Call,
    Cohort,
    Judging,
    Milestone,
    Stage,
    StageEvent,
    Standing,
    Support,
)
from jasang.web.tenants.models import Factory, Organisation, Role
from jasang.web.tenants.queries import role_in, roles_at

JUDGES = 5
PASSED = 70  # mean points of the judges from which an application is approved
# Days for the step that follows.
_DAYS = {Stage.APPLIED: 21, Stage.VISITED: 30, Stage.APPROVED: 30, Stage.PLANNED: 14, Stage.BUILDING: 180}
_DAYS |= {Stage.OPERATING: 90, Stage.AFTERCARE: 365}


class StepRefused(JasangError):
    """A step cannot be taken: by this person, from this stage, or with these figures."""


@transaction.atomic
def make_call(
    *,
    by: AbstractBaseUser,
    organisation: Organisation,
    cohort_name: str,
    title: str,
    opens_on: date,
    closes_on: date,
    most_won: int,
    most_share: Decimal = Decimal("0.5"),
    support: Support = Support.UPGRADE,
) -> Call:
    """Open a call for a cohort (made where there is none of that name)."""
    allow_post(by, organisation, Role.PROGRAMME_OPERATOR)
    if closes_on < opens_on or most_won <= 0 or not 0 < most_share <= 1:
        raise StepRefused(
            ko="공고는 여는 날이 닫는 날보다 앞서고, 한도는 0원보다 크고, 지원 비율은 0보다 크고 1 이하여야 합니다.",
            en="A call opens before it closes, its limit is above 0 won and its share above 0 and at most 1.",
        )
    cohort, _ = Cohort.objects.of(organisation).get_or_create(
        organisation=organisation, name=cohort_name, defaults={"year": opens_on.year}
    )
    return Call.objects.of(organisation).create(
        organisation=organisation, cohort=cohort, title=title, opens_on=opens_on, closes_on=closes_on,
        most_won=most_won, most_share=most_share, support=support,
    )  # fmt: skip


@transaction.atomic
def apply(
    *, by: AbstractBaseUser, factory: Factory, call: Call, wish: str, cost: int, asked: int, today: date | None = None
) -> Application:
    """The factory's owner applies; the same call takes one application of a factory (the second try gives the first)."""
    if role_in(by, factory) != Role.OWNER:
        raise _not_yours()
    if factory.organisation is None or not factory.organisation.path.startswith(call.organisation.path):
        raise StepRefused(ko="이 공고는 이 공장을 위한 것이 아닙니다.", en="This call is not for this factory.")
    day = today or timezone.localdate()
    if not call.opens_on <= day <= call.closes_on:
        raise StepRefused(
            ko=f"접수 기간은 {call.opens_on}부터 {call.closes_on}까지입니다.",
            en=f"Applications are taken from {call.opens_on} to {call.closes_on}.",
        )
    most = min(call.most_won, int(cost * call.most_share))
    if not 0 < asked <= most:
        raise StepRefused(
            ko=f"신청 금액 {asked:,}원: 1원부터 {most:,}원까지 신청할 수 있습니다.",
            en=f"Asked for {asked:,} won; expected 1 to {most:,} won.",
        )
    application, made = Application.objects.of(call.organisation).get_or_create(
        call=call, factory=factory,
        defaults={"organisation": call.organisation, "wish": wish, "cost": cost, "asked": asked,
                  "due_on": day + timedelta(days=_DAYS[Stage.APPLIED])},
    )  # fmt: skip
    if made:
        _note(application, by, wish)
        Standing.objects.of(factory).get_or_create(factory=factory)
        Standing.objects.of(factory).update(cohort=call.cohort)
    return application


@transaction.atomic
def record_visit(*, by: AbstractBaseUser, application: Application, feasible: bool, words: str) -> Application:
    """A mentor was in the factory and says whether it can be done."""
    allow_post(by, application.organisation, Role.MENTOR, Role.PROGRAMME_OPERATOR)
    held = _held(application, Stage.APPLIED)
    held.feasibility = words
    return _move(held, Stage.VISITED if feasible else Stage.REJECTED, by, words)


@transaction.atomic
def call_judges(*, by: AbstractBaseUser, application: Application, judges: list[AbstractBaseUser]) -> None:
    """Ask judges (five must say their points in the end; more may be asked, since some will have a conflict)."""
    allow_post(by, application.organisation, Role.PROGRAMME_OPERATOR)
    held = _held(application, Stage.VISITED)
    for judge in judges:
        if Role.JUDGE not in roles_at(judge, held.organisation):
            raise StepRefused(ko=f"{judge}은(는) 평가위원이 아닙니다.", en=f"{judge} is not a judge.")
        if role_in(judge, held.factory) is not None:
            raise StepRefused(ko=f"{judge}은(는) 이 공장 사람입니다.", en=f"{judge} belongs to this factory.")
        Judging.objects.of(held.organisation).get_or_create(
            application=held, judge=judge, defaults={"organisation": held.organisation}
        )


@transaction.atomic
def declare(*, by: AbstractBaseUser, application: Application, conflict: bool) -> None:
    """A judge says whether there is a conflict of interest, once, before any points."""
    _held(application, Stage.VISITED)
    mine = _judging(application, by)
    if mine.conflict is not None:
        raise StepRefused(ko="이해관계는 이미 밝혔습니다.", en="The conflict of interest was declared already.")
    mine.conflict = conflict
    mine.save(update_fields=["conflict", "at"])


@transaction.atomic
def judge(*, by: AbstractBaseUser, application: Application, points: int, words: str) -> None:
    """A judge without a conflict gives 0 to 100 points, once."""
    _held(application, Stage.VISITED)
    mine = _judging(application, by)
    if mine.conflict is not False:
        raise StepRefused(
            ko="이해관계가 없다고 먼저 밝혀야 평가할 수 있습니다.",
            en="Only a judge who declared to have no conflict of interest gives points.",
        )
    if mine.points is not None:
        raise StepRefused(ko="점수는 한 번만 줄 수 있습니다.", en="Points are given once.")
    if not 0 <= points <= 100:
        raise StepRefused(ko=f"점수 {points}: 0부터 100까지입니다.", en=f"Points {points}; expected 0 to 100.")
    mine.points, mine.words = points, words
    mine.save(update_fields=["points", "words", "at"])


@transaction.atomic
def decide(*, by: AbstractBaseUser, application: Application, granted: int) -> Application:
    """With the points of five judges: approved with a grant from a mean of 70, else rejected."""
    allow_post(by, application.organisation, Role.PROGRAMME_OPERATOR)
    held = _held(application, Stage.VISITED)
    points = [one.points for one in held_judgings(held) if one.conflict is False and one.points is not None]
    if len(points) < JUDGES:
        raise StepRefused(
            ko=f"평가 {len(points)}건: 평가위원 {JUDGES}명의 점수가 있어야 합니다.",
            en=f"{len(points)} judges gave points; expected {JUDGES}.",
        )
    mean = sum(points) / len(points)
    if mean < PASSED:
        return _move(held, Stage.REJECTED, by, f"{mean:.1f}")
    if not 0 < granted <= held.asked:
        raise StepRefused(
            ko=f"지원금 {granted:,}원: 1원부터 신청한 {held.asked:,}원까지입니다.",
            en=f"Grant of {granted:,} won; expected 1 to the {held.asked:,} won asked for.",
        )
    held.granted = granted
    moved = _move(held, Stage.APPROVED, by, f"{mean:.1f}")
    granted_now = sum(
        Application.objects.of_every_organisation().filter(factory=held.factory).values_list("granted", flat=True)
    )
    Standing.objects.of(held.factory).update(granted=granted_now)
    return moved


@transaction.atomic
def agree_plan(
    *, by: AbstractBaseUser, application: Application, plan: str, milestones: list[tuple[str, int, date]]
) -> Application:
    """The plan with its milestones (title, won, due day), which add up to the grant exactly."""
    allow_post(by, application.organisation, Role.PROGRAMME_OPERATOR)
    held = _held(application, Stage.APPROVED)
    whole = sum(amount for _, amount, _ in milestones)
    if whole != held.granted or any(amount <= 0 for _, amount, _ in milestones):
        raise StepRefused(
            ko=f"단계별 금액의 합 {whole:,}원: 지원금 {held.granted:,}원과 같아야 하고 모두 0원보다 커야 합니다.",
            en=f"The milestones add up to {whole:,} won; expected the grant of {held.granted:,} won, each above 0.",
        )
    held.plan = plan
    Milestone.objects.of(held.organisation).bulk_create(
        Milestone(
            organisation=held.organisation, application=held, place=place, title=title, amount=amount, due_on=due_on
        )
        for place, (title, amount, due_on) in enumerate(milestones)
    )
    return _move(held, Stage.PLANNED, by, plan)


# The simple steps: from, to, and whose post allows them.
_STEPS = {
    "build": (Stage.PLANNED, Stage.BUILDING, (Role.PROGRAMME_OPERATOR,)),
    "operate": (Stage.BUILDING, Stage.OPERATING, (Role.PROGRAMME_OPERATOR, Role.MENTOR)),
    "aftercare": (Stage.OPERATING, Stage.AFTERCARE, (Role.PROGRAMME_OPERATOR,)),
    "close": (Stage.AFTERCARE, Stage.CLOSED, (Role.PROGRAMME_OPERATOR,)),
}


@transaction.atomic
def go_on(*, by: AbstractBaseUser, application: Application, step: str, words: str = "") -> Application:
    """One of the simple steps: build, operate, aftercare, close."""
    if step not in _STEPS:
        raise StepRefused(
            ko=f"{step!r} 단계는 없습니다.", en=f"There is no step {step!r}; expected {', '.join(_STEPS)}."
        )
    before, after, roles = _STEPS[step]
    allow_post(by, application.organisation, *roles)
    held = _held(application, before)
    if after == Stage.OPERATING and _unreached(held):
        raise StepRefused(
            ko="아직 이루지 못한 단계가 있어 운영으로 넘어갈 수 없습니다.",
            en="Milestones that are not reached stand against operating.",
        )
    return _move(held, after, by, words)


@transaction.atomic
def withdraw(*, by: AbstractBaseUser, application: Application, words: str = "") -> Application:
    """The owner takes the application back, as long as nothing is being built."""
    if role_in(by, application.factory) != Role.OWNER:
        raise _not_yours()
    held = _held(application, Stage.APPLIED, Stage.VISITED, Stage.APPROVED, Stage.PLANNED)
    return _move(held, Stage.WITHDRAWN, by, words)


def allow_post(user: AbstractBaseUser, organisation: Organisation, *roles: Role) -> None:
    """Raises unless the person has one of these posts there or above."""
    if not roles_at(user, organisation).intersection(roles):
        raise _not_yours()


def held_judgings(application: Application) -> list[Judging]:
    """All judges' parts."""
    return list(Judging.objects.of(application.organisation).filter(application=application).order_by("pk"))


def held_application(application: Application) -> Application:
    """The row under its lock, as it is now."""
    return (
        Application.objects.of(application.organisation)
        .select_for_update(of=("self",))
        .select_related("factory", "organisation", "call")
        .get(pk=application.pk)
    )


def _held(application: Application, *stages: Stage) -> Application:
    held = held_application(application)
    if held.stage not in stages:
        raise StepRefused(
            ko=f"지금 단계는 {held.stage}입니다. 이 일은 {', '.join(stages)} 단계에서만 합니다.",
            en=f"The stage is {held.stage}; this step is taken from {', '.join(stages)}.",
        )
    return held


def _unreached(application: Application) -> bool:
    open_ones = Milestone.objects.of(application.organisation).filter(application=application, reached_at=None)
    return bool(open_ones.exists())


def _judging(application: Application, user: AbstractBaseUser) -> Judging:
    mine = Judging.objects.of(application.organisation).filter(application=application, judge=user).first()
    if mine is None or Role.JUDGE not in roles_at(user, application.organisation):
        raise _not_yours()
    return mine


def _move(held: Application, stage: Stage, by: AbstractBaseUser, words: str) -> Application:
    held.stage = stage
    days = _DAYS.get(stage)
    held.due_on = timezone.localdate() + timedelta(days=days) if days else None
    held.save()
    _note(held, by, words)
    return held


def _note(application: Application, by: AbstractBaseUser, words: str) -> None:
    StageEvent.objects.of(application.organisation).create(
        organisation=application.organisation, application=application, stage=application.stage, by=by, note=words
    )


def _not_yours() -> StepRefused:
    return StepRefused(ko="이 일을 할 수 있는 사람이 아닙니다.", en="This person may not take this step.")
