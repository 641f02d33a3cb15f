"""Five outside judges, who do not learn whose application it is: conflicts, points with reasons, ranking, decision."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from jasang.plant.text import Text
from jasang.web.programme.models import Application, Call, Judging, Mentor, Residency, Stage
from jasang.web.programme.ranking import Judged, Ranked, rank_call
from jasang.web.programme.reminding import tell_asked
from jasang.web.programme.stages import StepRefused, allow_post, count_grants, held_at, move, not_yours, written
from jasang.web.programme.words import half
from jasang.web.tenants.models import Factory, Post, Role
from jasang.web.tenants.queries import role_in, roles_at

JUDGES = 5
LONGEST_REASON = 2000


@transaction.atomic
def call_judges(
    *, by: AbstractBaseUser, application: Application, judges: Sequence[AbstractBaseUser], due_on: date | None = None
) -> None:
    """Ask judges (five must say their points in the end; more may be asked, since some will have a conflict)."""
    allow_post(by, application.organisation, Role.PROGRAMME_OPERATOR)
    for judge in _ask(application, judges, due_on):
        tell_asked(judge, application.call, count=1, due_on=due_on or application.due_on)


def _ask(
    application: Application, judges: Sequence[AbstractBaseUser], due_on: date | None
) -> Iterator[AbstractBaseUser]:
    """Keep the requests; those who were not asked before."""
    held = held_at(application, Stage.VISITED)
    for judge in judges:
        if (why := not_outside(judge, held)) is not None:
            raise why
        _, new = Judging.objects.of(held.organisation).get_or_create(
            application=held, judge=judge,
            defaults={"organisation": held.organisation, "due_on": due_on or held.due_on},
        )  # fmt: skip
        if new:
            yield judge


@transaction.atomic
def call_judges_for_call(
    *, by: AbstractBaseUser, call: Call, judges: Sequence[AbstractBaseUser], due_on: date | None = None
) -> tuple[int, list[tuple[Application, StepRefused]]]:
    """Ask them for every visited application of the call: how many requests, and which pairs are left out and why."""
    allow_post(by, call.organisation, Role.PROGRAMME_OPERATOR)
    rows = Application.objects.of(call.organisation).filter(call=call, stage=Stage.VISITED)
    asked: dict[AbstractBaseUser, list[date | None]] = {}
    left_out = []
    for application in rows.select_related("factory__organisation", "organisation", "call").order_by("number"):
        outside = []
        for judge in judges:
            why = not_outside(judge, application)
            if why is None:
                outside.append(judge)
            else:
                left_out.append((application, why))
        for judge in _ask(application, outside, due_on):
            asked.setdefault(judge, []).append(due_on or application.due_on)
    for judge, days in asked.items():
        tell_asked(judge, call, count=len(days), due_on=min((day for day in days if day), default=None))
    return sum(len(days) for days in asked.values()), left_out


def not_outside(judge: AbstractBaseUser, application: Application) -> StepRefused | None:
    """Why this person cannot judge the application; nothing = an outside judge."""
    factory = application.factory
    if Role.JUDGE not in roles_at(judge, application.organisation):
        return StepRefused(ko=f"{judge}은(는) 심사위원이 아닙니다.", en=f"{judge} is not a judge.")
    if role_in(judge, factory) is not None:
        return StepRefused(ko=f"{judge}은(는) 이 공장 사람입니다.", en=f"{judge} belongs to this factory.")
    inside = Post.objects.filter(user=judge, organisation=factory.organisation).exclude(role=Role.JUDGE)
    if factory.organisation_id != application.organisation_id and inside.exists():
        return StepRefused(
            ko=f"{judge}은(는) 이 공장이 속한 조합 사람입니다.", en=f"{judge} belongs to this factory's co-operative."
        )
    if application.visitor == judge or _served(judge, factory):
        return StepRefused(
            ko=f"{judge}은(는) 이 공장에 멘토로 갔습니다.", en=f"{judge} was in this factory as a mentor."
        )
    return None


@transaction.atomic
def release_judge(*, by: AbstractBaseUser, judging: Judging) -> None:
    """Take a request back, as long as no points were given."""
    allow_post(by, judging.organisation, Role.PROGRAMME_OPERATOR)
    held_at(judging.application, Stage.VISITED)
    if judging.points is not None:
        raise StepRefused(ko="이미 점수를 준 심사위원입니다.", en="This judge gave points already.")
    judging.delete()


@transaction.atomic
def extend_judging(*, by: AbstractBaseUser, call: Call, due_on: date) -> int:
    """Another last day for all points of the call that are still open; how many."""
    allow_post(by, call.organisation, Role.PROGRAMME_OPERATOR)
    rows = Judging.objects.of(call.organisation).filter(application__call=call, points=None)
    return int(rows.update(due_on=due_on))


@transaction.atomic
def declare(*, by: AbstractBaseUser, application: Application, conflict: bool, words: str = "") -> None:
    """A judge says whether there is a conflict of interest, before any points. "None" may still become one, never back."""
    held_at(application, Stage.VISITED)
    mine = _judging(application, by)
    if mine.conflict or (mine.conflict is False and not conflict) or mine.points is not None:
        raise StepRefused(ko="이해관계는 이미 밝혔습니다.", en="The conflict of interest was declared already.")
    mine.conflict, mine.conflict_words = conflict, words[:300]
    mine.save(update_fields=["conflict", "conflict_words", "at"])


@transaction.atomic
def declare_for_call(*, by: AbstractBaseUser, call: Call, conflicts: Sequence[Factory], words: str = "") -> int:
    """For all applications of a call at once: in the list of all names the judge ticks those with a conflict. How many are free.

    So the judge never learns which number is whose.
    """
    rows = Judging.objects.of(call.organisation).filter(
        judge=by, application__call=call, application__stage=Stage.VISITED, conflict=None
    )
    if Role.JUDGE not in roles_at(by, call.organisation):
        raise not_yours()
    ticked = {factory.pk for factory in conflicts}
    free = 0
    for mine in rows.select_related("application__organisation"):
        tied = mine.application.factory_id in ticked
        declare(by=by, application=mine.application, conflict=tied, words=words if tied else "")
        free += not tied
    return free


@transaction.atomic
def judge(
    *,
    by: AbstractBaseUser,
    application: Application,
    scores: Mapping[str, int],
    reasons: Mapping[str, str],
    words: str = "",
    today: date | None = None,
) -> Judging:
    """A judge without a conflict gives points for every criterion, each with a reason, once and in time."""
    held = held_at(application, Stage.VISITED)
    mine = _judging(application, by)
    if mine.conflict is not False:
        raise StepRefused(
            ko="이해관계가 없다고 먼저 밝혀야 평가할 수 있습니다.",
            en="Only a judge who declared to have no conflict of interest gives points.",
        )
    if mine.points is not None:
        raise StepRefused(ko="점수는 한 번만 줄 수 있습니다.", en="Points are given once.")
    if mine.due_on is not None and (today or timezone.localdate()) > mine.due_on:
        raise StepRefused(
            ko=f"평가 기한({mine.due_on})이 지났습니다. 운영기관에 연장을 부탁하세요.",
            en=f"The time for points ended on {mine.due_on}; ask the operator for more.",
        )
    _check_scores(held.call, scores, reasons)
    mine.scores, mine.reasons = dict(scores), {name: reasons[name].strip()[:LONGEST_REASON] for name in scores}
    mine.points, mine.words = sum(scores.values()), words
    mine.save()
    return mine


def _check_scores(call: Call, scores: Mapping[str, int], reasons: Mapping[str, str]) -> None:
    expected = {one["id"]: one for one in call.criteria}
    if set(scores) != set(expected):
        ko, en = (", ".join(half(one["name"], language) for one in expected.values()) for language in ("ko", "en"))
        raise StepRefused(ko=f"모든 평가 항목에 점수를 주세요: {ko}", en=f"Give points for every criterion: {en}.")
    for name, one in expected.items():
        if not 0 <= scores[name] <= one["most"]:
            raise StepRefused(
                ko=f"{half(one['name'], 'ko')} 점수 {scores[name]}: 0부터 {one['most']}까지입니다.",
                en=f"{half(one['name'], 'en')}: points {scores[name]}; expected 0 to {one['most']}.",
            )
        ko, en = (half(one["name"], language) for language in ("ko", "en"))
        written(reasons.get(name, ""), Text(ko=f"{ko}: 이유를 적어 주세요.", en=f"{en}: please write the reason."))


def ranking(call: Call) -> tuple[Ranked, ...]:
    """The applications of the call that are with the judges, best first, with the money line; `key` is the application's."""
    rows = Application.objects.of(call.organisation).filter(call=call, stage=Stage.VISITED)
    given: dict[int, list[dict[str, int]]] = {}
    for application, scores in (
        Judging.objects.of(call.organisation)
        .filter(application__in=rows.values("pk"), conflict=False, points__isnull=False)
        .order_by("pk")
        .values_list("application_id", "scores")
    ):
        given.setdefault(application, []).append(scores)
    return rank_call(
        [
            Judged(key=str(key), asked=asked, scores=tuple(given.get(pk, ())))
            for pk, key, asked in rows.order_by("number", "pk").values_list("pk", "key", "asked")
        ],
        [(one["id"], one["most"]) for one in call.criteria],
        judges=JUDGES,
        least=call.least_points,
        budget=None if call.budget is None else call.budget - already_granted(call),
    )


def already_granted(call: Call) -> int:
    """Won of the call's grants so far."""
    return sum(Application.objects.of(call.organisation).filter(call=call).values_list("granted", flat=True))


@transaction.atomic
def decide(*, by: AbstractBaseUser, application: Application, granted: int) -> Application:
    """With the points of five judges: approved with a grant from the call's least mean, else rejected."""
    allow_post(by, application.organisation, Role.PROGRAMME_OPERATOR)
    Call.objects.of(application.organisation).select_for_update(of=("self",)).get(pk=application.call_id)
    held = held_at(application, Stage.VISITED)
    points = [one.points for one in judgings_of(held) if one.conflict is False and one.points is not None]
    if len(points) < JUDGES:
        raise StepRefused(
            ko=f"평가 {len(points)}건: 심사위원 {JUDGES}명의 점수가 있어야 합니다.",
            en=f"{len(points)} judges gave points; expected {JUDGES}.",
        )
    mean = sum(points) / len(points)
    if mean < held.call.least_points:
        return move(held, Stage.REJECTED, by, f"평균 {mean:.1f} / mean {mean:.1f}")
    if not 0 < granted <= held.asked:
        raise StepRefused(
            ko=f"지원금 {granted:,}원: 1원부터 신청한 {held.asked:,}원까지입니다.",
            en=f"Grant of {granted:,} won; expected 1 to the {held.asked:,} won asked for.",
        )
    budget = held.call.budget
    if budget is not None and (whole := already_granted(held.call) + granted) > budget:
        raise StepRefused(
            ko=f"지원금의 합 {whole:,}원: 공고 예산 {budget:,}원을 넘습니다.",
            en=f"The grants would add up to {whole:,} won; the call's budget is {budget:,} won.",
        )
    held.granted = granted
    moved = move(held, Stage.APPROVED, by, f"평균 {mean:.1f} / mean {mean:.1f}")
    count_grants(held.factory)
    return moved


@transaction.atomic
def reject(*, by: AbstractBaseUser, application: Application, words: str) -> Application:
    """Turn down what was judged but is below the money line, with the reason."""
    allow_post(by, application.organisation, Role.PROGRAMME_OPERATOR)
    reason = written(words)
    return move(held_at(application, Stage.VISITED), Stage.REJECTED, by, reason)


@transaction.atomic
def reopen(*, by: AbstractBaseUser, application: Application, words: str, due_on: date | None = None) -> Application:
    """Back to the judges after an objection or a mistake, with the reason: what was rejected or approved, before its plan.

    Points that were given stay; other judges may be asked, requests without points get the new last day.
    """
    allow_post(by, application.organisation, Role.PROGRAMME_OPERATOR)
    reason = written(words)
    held = held_at(application, Stage.REJECTED, Stage.APPROVED)
    rows = Judging.objects.of(held.organisation).filter(application=held)
    if not rows.exists():
        raise StepRefused(
            ko="평가를 받은 적이 없는 신청은 다시 평가할 수 없습니다.",
            en="An application without judges cannot be judged again.",
        )
    held.granted = 0
    moved = move(held, Stage.VISITED, by, reason)
    rows.filter(points=None).update(due_on=due_on or moved.due_on)
    count_grants(held.factory)
    return moved


@transaction.atomic
def decide_call(*, by: AbstractBaseUser, call: Call) -> tuple[int, int]:
    """Decide by the ranking: above the line get what they asked for, below the least mean are rejected. How many of each.

    On the line and below it stay open for a hand; it is refused while judges are awaited.
    """
    allow_post(by, call.organisation, Role.PROGRAMME_OPERATOR)
    rows = ranking(
        Call.objects.of(call.organisation)
        .select_for_update(of=("self",))
        .select_related("organisation")
        .get(pk=call.pk)
    )
    waiting = sum(row.side == "waiting" for row in rows)
    if waiting:
        raise StepRefused(
            ko=f"평가가 덜 끝난 신청이 {waiting}건입니다.", en=f"{waiting} applications still wait for judges."
        )
    known = Application.objects.of(call.organisation).filter(key__in=[row.key for row in rows])
    by_key = {str(one.key): one for one in known.select_related("organisation", "factory", "call")}
    counts = {"above": 0, "failed": 0}
    for row in rows:
        if row.side in counts:
            decide(by=by, application=by_key[row.key], granted=by_key[row.key].asked)
            counts[row.side] += 1
    return counts["above"], counts["failed"]


def judgings_of(application: Application) -> list[Judging]:
    """All judges' parts."""
    rows = Judging.objects.of(application.organisation).filter(application=application)
    return list(rows.select_related("judge").order_by("pk"))


def _judging(application: Application, user: AbstractBaseUser) -> Judging:
    mine: Any = Judging.objects.of(application.organisation).filter(application=application, judge=user).first()
    if mine is None or Role.JUDGE not in roles_at(user, application.organisation):
        raise not_yours()
    return mine


def _served(user: AbstractBaseUser, factory: Factory) -> bool:
    mentors = Mentor.objects.of_every_organisation().filter(user=user)
    return bool(Residency.objects.of(factory).filter(mentor__in=mentors).exists())
