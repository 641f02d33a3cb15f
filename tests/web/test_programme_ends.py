"""A programme that does not go as planned: late milestones, factories that close or stop, points that come late."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from jasang.web.notices.models import Notice
from jasang.web.programme import applications as steps
from jasang.web.programme import judging, levels, money
from jasang.web.programme.models import Application, Claim, Milestone, Payment, Stage, Standing
from jasang.web.programme.portfolio import portfolio
from jasang.web.programme.stages import StepRefused
from jasang.web.tenants.models import Factory

from .clicking import Clicker
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


def test_refused_claim_stays_as_it_was_written(cast: Cast) -> None:
    application = cast.apply()
    first, _ = cast.planned(application)
    owner = cast.browser("owner")
    page = reverse("programme:own-application", args=[cast.factory.key, application.key])
    address = f"{page}milestones/{first.place}/claim/"
    answer = owner.post(address, {"once": "0", "words": "센서를 달았습니다", "own_paid": "많이"})
    assert answer.status_code == 400
    assert "센서를 달았습니다" in answer.content.decode()
    assert owner.get(address).headers["Location"] == page
    assert owner.post(address, {"once": "0", "words": "달았습니다", "own_paid": "5000"}).status_code == 302
    again = owner.post(address, {"once": "1", "words": "또 달았습니다"}, follow=True)
    assert "이미 청구했습니다" in again.content.decode()


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


def test_programs_of_the_operator_take_the_same_steps(cast: Cast) -> None:
    application = cast.apply()
    first, _ = cast.planned(application)
    base = f"/api/1/organisations/{cast.operator.key}/applications/{application.key}"

    def call(name: str, path: str, status: int, **given: Any) -> Any:
        answer = cast.browser(name).post(f"{base}{path}", given, content_type="application/json")
        assert answer.status_code == status, answer.content.decode()
        return answer.json()

    day = str(timezone.localdate() + timedelta(days=9))
    call("mentor", f"/milestones/{first.place}/due", 422, due_on=day, words="x")
    call("runner", f"/milestones/{first.place}/due", 422, due_on=day)
    call("runner", f"/milestones/{first.place}/due", 200, due_on=day, words="늦음")
    assert str(Milestone.objects.of(cast.operator).get(pk=first.pk).due_on) == day
    assert "지금 단계" in call("runner", "/reopen", 422, words="이의신청")["detail"]
    assert call("runner", "/stop", 200, words="폐업")["stage"] == "stopped"


def clicker(user: Any) -> Clicker:
    """This person with a browser, signed in, at the start page."""
    made = Clicker("/sign-in/")
    made.client.force_login(user)
    made.open("/")
    return made


def link(person: Clicker, pattern: str) -> str:
    """The first address on the page that fits."""
    found = re.search(rf'(?:href|action)="({pattern})"', person.page)
    assert found is not None, (person.address, pattern)
    return found.group(1)


def to_application(person: Clicker, name: str) -> None:
    person.open("/")
    person.click("/applications/")
    rows = re.findall(r'href="(/o/\w+/applications/[0-9a-f-]+/)"[^>]*>([^<]+)<', person.page)
    person.click(next(address for address, shown in rows if name in shown))


def test_cohort_in_which_much_goes_wrong_is_walked_by_clicking(cast: Cast) -> None:
    """A tie, a withdrawal, an objection, money in parts with a late milestone and a claim sent back, and one that ends early."""
    runner, second, mentor = (clicker(cast[name]) for name in ("runner", "second", "mentor"))
    owner = clicker(cast["owner"])
    one, gone, left = (
        cast.visited(cast.apply()),
        cast.visited(cast.another("동양도금")),
        cast.visited(cast.another("삼우사출")),
    )
    other = clicker(gone.factory.memberships.get().user)

    # Six judges; one has a tie to the first firm.
    runner.click("/calls/")
    runner.click(link(runner, r"/o/\w+/calls/[0-9a-f-]+/"))
    runner.click("/ranking/")
    runner.send("/ranking/judges/", judge=re.findall(r'name="judge" value="(\d+)"', runner.page))
    for place, judge in enumerate(clicker(user) for user in cast.judges):
        ticked = [cast.factory.key] if place == 0 else []
        judge.send(
            link(judge, r"[^\"]+/judging/calls/[^\"]+"), sure="yes", factory=ticked, words="매출처" if ticked else ""
        )
        while (found := re.search(r'href="(/o/\w+/judging/\d+/)"', judge.page)) is not None:
            judge.click(found.group(1))
            names = re.findall(r'name="points-([\w-]+)" min="0" max="(\d+)"', judge.page)
            points = {f"points__{name}".replace("-", "__"): int(most) - place for name, most in names}
            judge.send("", **points, **{name.replace("points", "reason"): "근거" for name in points})
        assert judge.says("이해관계로 빠진 신청: 1건") is (place == 0)

    # The second firm takes its application back; the ranking goes on without it.
    other.click("/level/")
    other.click("/support/")
    other.click(link(other, r"/f/\w+/support/applications/[0-9a-f-]+/"))
    other.send("/withdraw/", words="올해는 어렵습니다")
    assert other.says("신청 취소")
    runner.open(runner.address)
    assert not runner.says("동양도금")
    runner.send("/ranking/decide/")
    assert runner.says("선정 2건")

    # An objection: judged again, decided again.
    to_application(runner, "한빛금형")
    runner.send("/do/reopen/", words="이의신청: 금액 확인")
    assert runner.says("다시 평가합니다")
    runner.send("/do/decide/", granted="40,000,000")
    with_wrong_sum = "센서 = 15,000,000 = 2026-01-31\n가동 = 20,000,000"
    answer = runner.client.post(
        link(runner, r"[^\"]+/do/plan/"), {"plan": "센서부터 답니다", "milestones": with_wrong_sum}
    )
    assert answer.status_code == 400
    refused = answer.content.decode()
    assert "35,000,000원" in refused
    assert "센서부터 답니다" in refused  # nothing that was written is lost
    runner.send("/do/plan/", plan="센서부터 답니다", milestones=with_wrong_sum.replace("20,000", "25,000"))
    runner.send("/do/go-on/", words="시작")

    # The first milestone is late; it gets another day.
    assert runner.says("늦음")
    later = timezone.localdate() + timedelta(days=20)
    runner.send("/do/due/", due_on=str(later), words="부품이 늦습니다")
    assert not runner.says("늦음")

    # Money in parts: sent back once, paid by a second person, the last part only with the whole own share.
    owner.click("/level/")
    owner.click("/support/")
    owner.click(link(owner, r"/f/\w+/support/applications/[0-9a-f-]+/"))
    owner.send("/milestones/0/claim/", words="센서 4개", own_paid="10,000,000")
    runner.open(runner.address)
    runner.send("/do/send-back/", words="영수증이 없습니다")
    owner.open(owner.address)
    assert owner.says("영수증이 없습니다")
    owner.send("/milestones/0/claim/", words="영수증을 붙입니다", own_paid="20,000,000")
    mentor.click("/visits/")
    mentor.click(
        next(a for a in re.findall(r'href="(/o/\w+/applications/[0-9a-f-]+/)"', mentor.page) if str(one.key) in a)
    )
    mentor.send("/do/reach/")
    second.click("/money/")
    second.click(link(second, r"/o/\w+/applications/[0-9a-f-]+/"))
    second.send("/do/pay/")
    assert second.says("지급을 기록했습니다.")
    owner.open(owner.address)
    owner.send("/milestones/1/claim/", words="가동했습니다", own_paid="10,000,000")
    mentor.open(mentor.address)
    mentor.send("/do/reach/")
    second.open(second.address)
    second.send("/do/pay/")
    assert second.says("자부담 집행 30,000,000원")
    second.send("/do/send-back/", words="자부담을 모두 보이세요")
    owner.open(owner.address)
    owner.send("/milestones/1/claim/", words="모두 냈습니다", own_paid="30,000,000")
    second.open(second.address)
    second.send("/do/pay/")
    assert sorted(Payment.objects.of(cast.operator).values_list("amount", flat=True)) == [15_000_000, 25_000_000]
    for _ in range(3):
        runner.open(runner.address)
        runner.send("/do/go-on/", words="확인")
    assert Application.objects.of(cast.operator).get(pk=one.pk).stage == Stage.CLOSED

    # The third firm closes before anything is built.
    Factory.objects.filter(pk=left.factory.pk).update(closed_at=timezone.now())
    to_application(runner, "삼우사출")
    assert runner.says("닫힘")
    runner.send("/do/stop/", words="폐업")
    assert runner.says("중간에 끝남")
    assert judging.already_granted(cast.call) == GRANT
