"""A programme that does not go as planned: late milestones, factories that close or stop, points that come late."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from jasang.web.notices.models import Notice
from jasang.web.programme import applications as steps
from jasang.web.programme import judging, levels, money
from jasang.web.programme.models import Claim, Milestone, Payment, Stage, Standing
from jasang.web.programme.portfolio import portfolio
from jasang.web.programme.stages import StepRefused
from jasang.web.tenants.models import Factory

from .programme_cast import GRANT, Cast, points_of

pytestmark = [pytest.mark.web, pytest.mark.django_db]


@pytest.fixture
def cast() -> Cast:
    return Cast(budget=100_000_000)


def do(cast: Cast, application: Any, step: str, **given: Any) -> Any:
    address = reverse("programme:do", args=[cast.operator.key, application.key, step])
    return cast.browser("runner").post(address, given, follow=True)


def test_application_that_is_ended_early_keeps_what_was_paid_and_frees_the_rest(cast: Cast) -> None:
    application = cast.apply()
    first, second = cast.planned(application)
    cast.claimed(first)
    money.pay(by=cast["second"], milestone=first, request="p1")
    money.claim(by=cast["owner"], milestone=second, request="c2")
    assert judging.already_granted(cast.call) == GRANT
    with pytest.raises(StepRefused, match="write the reason"):
        steps.stop(by=cast["runner"], application=application, words=" ")
    for nobody in (cast["owner"], cast["mentor"], cast["coop"]):
        with pytest.raises(StepRefused, match="may not take this step"):
            steps.stop(by=nobody, application=application, words="x")

    page = do(cast, application, "stop", words="공장이 문을 닫았습니다").content.decode()
    application.refresh_from_db()
    assert (application.stage, application.granted) == (Stage.STOPPED, 15_000_000)
    assert "중간에 끝남" in page
    assert judging.already_granted(cast.call) == 15_000_000
    assert Standing.objects.of(cast.factory).get().granted == 15_000_000
    assert [one.state for one in Claim.objects.of(cast.operator).order_by("pk")] == ["paid", "refused"]
    for refused in (
        lambda: money.claim(by=cast["owner"], milestone=second, request="c3"),
        lambda: steps.stop(by=cast["runner"], application=application, words="x"),
        lambda: steps.keep_draft(by=cast["owner"], factory=cast.factory, call=cast.call, wish="다시"),
        lambda: steps.go_on(by=cast["runner"], application=application, step="build"),
    ):
        with pytest.raises(StepRefused):
            refused()
    assert Payment.objects.of(cast.operator).count() == 1
    assert "중간에 끝남" in Notice.objects.filter(user=cast["owner"]).order_by("-pk")[0].title_ko


def test_milestone_gets_another_day_with_its_reason_until_it_is_reached(cast: Cast) -> None:
    application = cast.apply()
    first, second = cast.planned(application)
    Milestone.objects.of(cast.operator).filter(pk=first.pk).update(due_on=timezone.localdate() - timedelta(days=1))
    later = timezone.localdate() + timedelta(days=30)
    page = do(cast, application, "due", place=first.place, due_on="", words="x").content.decode()
    assert "필수 항목입니다" in page
    page = do(cast, application, "due", place=first.place, due_on=str(later), words="부품이 늦습니다").content.decode()
    assert f"설치: {timezone.localdate() - timedelta(days=1)} → {later}. 부품이 늦습니다" in page
    assert Milestone.objects.of(cast.operator).get(pk=first.pk).due_on == later
    assert Notice.objects.filter(user=cast["owner"], title_ko=f"'설치'의 새 기한: {later}").count() == 1

    money.reach_milestone(by=cast["mentor"], milestone=second)
    with pytest.raises(StepRefused, match="reached already"):
        steps.move_milestone(by=cast["runner"], milestone=second, due_on=later, words="x")


def test_closed_factory_counts_with_its_money_only(cast: Cast) -> None:
    application = cast.apply()
    first, _ = cast.planned(application)
    cast.claimed(first)
    money.pay(by=cast["second"], milestone=first, request="p1")
    cast.another("동양도금")
    Standing.objects.of(cast.factory).update(
        of_five=3, points=560, effect=9_000_000.0, effects=2, surveyed_on="2026-11-01"
    )
    assert portfolio(cast.operator).whole.effect == 9_000_000

    Factory.objects.filter(pk=cast.factory.pk).update(closed_at=timezone.now())
    whole = portfolio(cast.operator).whole
    assert (whole.factories, whole.closed, whole.counts) == (1, 1, [1, 0, 0, 0, 0, 0])
    assert (whole.granted, whole.paid, whole.effect, whole.effects) == (GRANT, 15_000_000, 0.0, 0)
    page = cast.browser("runner").get(reverse("programme:portfolio", args=[cast.operator.key])).content.decode()
    assert "문 닫은 공장(나간 돈만 셈): 1" in page
    # Its owner can do nothing any more; the operator can end it.
    with pytest.raises(StepRefused):
        steps.withdraw(by=cast["owner"], application=application)
    assert steps.stop(by=cast["runner"], application=application, words="폐업").stage == Stage.STOPPED


def test_like_factories_are_open_ones_and_at_least_five(cast: Cast) -> None:
    Factory.objects.filter(pk=cast.factory.pk).update(industry="C29294")
    cast.factory.refresh_from_db()
    for place in range(5):
        factory = Factory.objects.create(name=f"공장 {place}", organisation=cast.coop, industry="C29294")
        Standing.objects.of(factory).create(factory=factory, points=100.0 * place, surveyed_on=timezone.localdate())
    found = levels.peers_of(cast.factory, 250.0)
    assert found is not None
    assert found[0].count == 5
    Factory.objects.filter(pk=factory.pk).update(closed_at=timezone.now())
    assert levels.peers_of(cast.factory, 250.0) is None


def test_too_few_judges_are_made_up_for_and_a_new_day_opens_the_points_again(cast: Cast) -> None:
    application = cast.visited(cast.apply())
    yesterday = timezone.localdate() - timedelta(days=1)
    judging.call_judges(by=cast["runner"], application=application, judges=cast.judges[:5], due_on=yesterday)
    for place, judge in enumerate(cast.judges[:5]):
        judging.declare(by=judge, application=application, conflict=place == 0)
    with pytest.raises(StepRefused, match="ended on"):
        judging.judge(by=cast.judges[1], application=application, **points_of(80))
    judging.extend_judging(by=cast["runner"], call=cast.call, due_on=timezone.localdate())
    for judge in cast.judges[1:5]:
        judging.judge(by=judge, application=application, **points_of(80))
    assert "평가 4건" in do(cast, application, "decide", granted=GRANT).content.decode()
    judging.call_judges(by=cast["runner"], application=application, judges=cast.judges[5:])
    judging.declare(by=cast.judges[5], application=application, conflict=False)
    judging.judge(by=cast.judges[5], application=application, **points_of(60))
    do(cast, application, "decide", granted=GRANT)
    application.refresh_from_db()
    assert (application.stage, application.granted) == (Stage.APPROVED, GRANT)
