"""The way of an application and its money: who may do what, from where, never more than granted, never twice."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from jasang.web.programme import applications as steps
from jasang.web.programme import calls, judging, money
from jasang.web.programme.models import Application, Claim, Judging, Milestone, Payment, Stage, StageEvent, Standing
from jasang.web.programme.money import pay, reach_milestone
from jasang.web.programme.stages import StepRefused
from jasang.web.tenants.models import OrganisationKind, Role
from jasang.web.tenants.services import add_member, appoint, set_up_account, set_up_organisation

pytestmark = [pytest.mark.web, pytest.mark.django_db]

GRANT = 40_000_000


def account(name: str) -> Any:
    return set_up_account(user_name=name, password=None)[0]


@pytest.fixture
def cast(factory: Any) -> dict[str, Any]:
    """Operator, owner, mentor, six judges, a call, and the owner's application."""
    operator = set_up_organisation(name="운영기관", kind=OrganisationKind.OPERATOR)
    coop = set_up_organisation(name="금형조합", kind=OrganisationKind.COOPERATIVE, parent=operator)
    factory.organisation = coop
    factory.save()
    people = {name: account(name) for name in ("owner", "runner", "mentor", "coop", "nobody")}
    add_member(user=people["owner"], factory=factory, role=Role.OWNER)
    appoint(user=people["runner"], organisation=operator, role=Role.PROGRAMME_OPERATOR)
    appoint(user=people["mentor"], organisation=operator, role=Role.MENTOR)
    appoint(user=people["coop"], organisation=coop, role=Role.COOP_OPERATOR)
    judges = [account(f"judge{number}") for number in range(6)]
    for judge in judges:
        appoint(user=judge, organisation=operator, role=Role.JUDGE)
    today = timezone.localdate()
    call = calls.make_call(
        by=people["runner"], organisation=operator, cohort_name="2026", title="고도화", opens_on=today,
        closes_on=today + timedelta(days=30), most_won=50_000_000, documents=(),
    )  # fmt: skip
    calls.publish_call(by=people["runner"], call=call)
    application = steps.apply(
        by=people["owner"], factory=factory, call=call, wish="치수 불량", cost=90_000_000, asked=GRANT
    )
    return people | {
        "operator": operator,
        "factory": factory,
        "judges": judges,
        "call": call,
        "application": application,
    }


def points_of(whole: int) -> dict[str, Any]:
    """Points by criterion that add up to this, each with a reason."""
    scores = {}
    for one in calls.CRITERIA:
        scores[one["id"]] = min(one["most"], whole - sum(scores.values()))
    return {"scores": scores, "reasons": dict.fromkeys(scores, "근거")}


def judged(cast: dict[str, Any], points: list[int]) -> Application:
    application = cast["application"]
    steps.record_visit(by=cast["mentor"], application=application, feasible=True, words="됩니다")
    judging.call_judges(by=cast["runner"], application=application, judges=cast["judges"])
    judging.declare(by=cast["judges"][5], application=application, conflict=True)
    for judge, one in zip(cast["judges"], points, strict=False):
        judging.declare(by=judge, application=application, conflict=False)
        judging.judge(by=judge, application=application, **points_of(one))
    return application


def planned(cast: dict[str, Any]) -> list[Milestone]:
    application = judged(cast, [70, 80, 90, 60, 75])
    judging.decide(by=cast["runner"], application=application, granted=GRANT)
    day = timezone.localdate()
    steps.agree_plan(
        by=cast["runner"], application=application, plan="계획",
        milestones=[("설치", 15_000_000, day), ("가동", 25_000_000, day)],
    )  # fmt: skip
    return list(Milestone.objects.of(cast["operator"]))


def claimed(cast: dict[str, Any], milestone: Milestone, own_paid: int = 50_000_000) -> Claim:
    """The owner asks for the money of the milestone, a mentor saw it reached."""
    made = money.claim(by=cast["owner"], milestone=milestone, request=f"claim-{milestone.pk}", own_paid=own_paid)
    reach_milestone(by=cast["mentor"], milestone=milestone)
    return made


def stage(cast: dict[str, Any]) -> str:
    return Application.objects.of(cast["operator"]).get().stage


def test_whole_way_leaves_every_step(cast: dict[str, Any]) -> None:
    milestones = planned(cast)
    application = cast["application"]
    steps.go_on(by=cast["runner"], application=application, step="build")
    for milestone in milestones:
        claimed(cast, milestone)
        pay(by=cast["runner"], milestone=milestone, request=f"r{milestone.place}")
    for step in ("operate", "aftercare", "close"):
        steps.go_on(by=cast["runner"], application=application, step=step)

    events = StageEvent.objects.of(cast["operator"]).order_by("pk").values_list("stage", flat=True)
    assert list(events) == [
        "applied", "visited", "approved", "planned", "building", "operating", "aftercare", "closed",
    ]  # fmt: skip
    standing = Standing.objects.of(cast["factory"]).get()
    assert (standing.granted, standing.paid, standing.cohort.name) == (GRANT, GRANT, "2026")


def test_applying_twice_is_one_application(cast: dict[str, Any]) -> None:
    again = steps.apply(
        by=cast["owner"], factory=cast["factory"], call=cast["call"], wish="x", cost=10_000_000, asked=1_000_000
    )

    assert again == cast["application"]
    assert (again.asked, StageEvent.objects.of(cast["operator"]).count()) == (GRANT, 1)


@pytest.mark.parametrize(("cost", "asked"), [(90_000_000, 45_000_001), (200_000_000, 50_000_001), (9, 0)])
def test_more_than_the_call_pays_cannot_be_asked(cast: dict[str, Any], cost: int, asked: int) -> None:
    Application.objects.of(cast["operator"]).delete()

    with pytest.raises(StepRefused, match="expected 1 to"):
        steps.apply(by=cast["owner"], factory=cast["factory"], call=cast["call"], wish="x", cost=cost, asked=asked)


def test_late_application_is_told_the_days(cast: dict[str, Any]) -> None:
    Application.objects.of(cast["operator"]).delete()
    with pytest.raises(StepRefused, match="Applications are taken from"):
        steps.apply(
            by=cast["owner"], factory=cast["factory"], call=cast["call"], wish="x", cost=10, asked=1,
            today=date(2030, 1, 1),
        )  # fmt: skip


def test_nobody_without_the_post_takes_a_step(cast: dict[str, Any]) -> None:
    application = cast["application"]
    for who in ("owner", "coop", "nobody"):
        with pytest.raises(StepRefused, match="may not"):
            steps.record_visit(by=cast[who], application=application, feasible=True, words="")
    with pytest.raises(StepRefused, match="may not"):
        steps.withdraw(by=cast["runner"], application=application)
    assert stage(cast) == Stage.APPLIED


def test_steps_cannot_be_skipped(cast: dict[str, Any]) -> None:
    with pytest.raises(StepRefused, match="The stage is Applied"):
        judging.decide(by=cast["runner"], application=cast["application"], granted=1)
    with pytest.raises(StepRefused, match="The stage is Applied"):
        steps.go_on(by=cast["runner"], application=cast["application"], step="build")


def test_five_judges_without_conflict_must_have_spoken(cast: dict[str, Any]) -> None:
    application = judged(cast, [90, 90, 90, 90])

    with pytest.raises(StepRefused, match="4 judges gave points; expected 5"):
        judging.decide(by=cast["runner"], application=application, granted=GRANT)


def test_judge_with_a_conflict_gives_no_points_and_nobody_twice(cast: dict[str, Any]) -> None:
    application = judged(cast, [90, 90, 90, 90, 90])

    with pytest.raises(StepRefused, match="no conflict"):
        judging.judge(by=cast["judges"][5], application=application, **points_of(100))
    with pytest.raises(StepRefused, match="once"):
        judging.judge(by=cast["judges"][0], application=application, **points_of(100))
    with pytest.raises(StepRefused, match="declared already"):
        judging.declare(by=cast["judges"][5], application=application, conflict=False)


def test_mean_below_seventy_is_rejected(cast: dict[str, Any]) -> None:
    application = judged(cast, [70, 70, 70, 70, 69])

    assert judging.decide(by=cast["runner"], application=application, granted=GRANT).stage == Stage.REJECTED


def test_person_of_the_factory_cannot_judge_it(cast: dict[str, Any]) -> None:
    steps.record_visit(by=cast["mentor"], application=cast["application"], feasible=True, words="")
    add_member(user=cast["judges"][0], factory=cast["factory"])

    with pytest.raises(StepRefused, match="belongs to this factory"):
        judging.call_judges(by=cast["runner"], application=cast["application"], judges=cast["judges"][:1])
    assert Judging.objects.of(cast["operator"]).count() == 0


def test_milestones_add_up_to_the_grant(cast: dict[str, Any]) -> None:
    application = judged(cast, [90] * 5)
    judging.decide(by=cast["runner"], application=application, granted=GRANT)

    with pytest.raises(StepRefused, match="add up to 40,000,001"):
        steps.agree_plan(
            by=cast["runner"], application=application, plan="", milestones=[("a", GRANT + 1, timezone.localdate())]
        )
    assert (stage(cast), Milestone.objects.of(cast["operator"]).count()) == (Stage.APPROVED, 0)


def test_payment_is_made_once_and_only_for_what_is_reached(cast: dict[str, Any]) -> None:
    first, second = planned(cast)
    with pytest.raises(StepRefused, match="only what was reached"):
        pay(by=cast["runner"], milestone=first, request="a")
    claimed(cast, first)

    payment = pay(by=cast["runner"], milestone=first, request="a")

    assert pay(by=cast["runner"], milestone=first, request="a") == payment
    with pytest.raises(StepRefused, match="paid already"):
        pay(by=cast["runner"], milestone=first, request="b")
    with pytest.raises(StepRefused, match="used for another thing"):
        pay(by=cast["runner"], milestone=second, request="a")
    with pytest.raises(StepRefused, match="may not"):
        pay(by=cast["mentor"], milestone=second, request="c")
    assert Standing.objects.of(cast["factory"]).get().paid == 15_000_000


def test_payments_never_exceed_the_grant(cast: dict[str, Any]) -> None:
    first, second = planned(cast)
    for milestone in (first, second):
        claimed(cast, milestone)
    pay(by=cast["runner"], milestone=first, request="a")
    Application.objects.of(cast["operator"]).update(granted=GRANT - 1)

    with pytest.raises(StepRefused, match="exceed the grant"):
        pay(by=cast["runner"], milestone=second, request="b")
    assert Payment.objects.of(cast["operator"]).count() == 1


def test_payment_that_breaks_off_leaves_nothing(cast: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = planned(cast)
    claimed(cast, first)

    def killed(*args: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Standing.objects, "of", killed)
    with pytest.raises(KeyboardInterrupt):
        pay(by=cast["runner"], milestone=first, request="a")

    assert Payment.objects.of(cast["operator"]).count() == 0


def test_database_itself_refuses_a_grant_above_what_was_asked(cast: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Application.objects.of(cast["operator"]).update(granted=GRANT + 1)
