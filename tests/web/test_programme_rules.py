"""Rules of judging, money and calls that pages rely on."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from jasang.web.programme import applications as steps
from jasang.web.programme import calls, judging, members, money
from jasang.web.programme.blinding import blind
from jasang.web.programme.forms import Won
from jasang.web.programme.models import Application, Claim, Judging, Milestone, Payment, Stage, Standing
from jasang.web.programme.stages import StepRefused
from jasang.web.tenants import people
from jasang.web.tenants.models import OrganisationManager, Role
from jasang.web.tenants.services import add_member, appoint

from .programme_cast import GRANT, Cast, points_of

pytestmark = [pytest.mark.web, pytest.mark.django_db]


@pytest.fixture
def cast() -> Cast:
    return Cast()


def test_draft_may_be_unfinished_and_takes_its_number_when_handed_in(cast: Cast) -> None:
    other = cast.another("동양도금")
    draft = steps.keep_draft(by=cast["owner"], factory=cast.factory, call=cast.call, wish="", cost=5, asked=99)
    assert (draft.stage, draft.number) == (Stage.DRAFT, None)
    with pytest.raises(StepRefused, match="what you want to solve"):
        steps.submit(by=cast["owner"], application=draft)

    steps.keep_draft(by=cast["owner"], factory=cast.factory, call=cast.call, wish="버", cost=90_000_000, asked=GRANT)
    assert (steps.submit(by=cast["owner"], application=draft).number, other.number) == (2, 1)
    with pytest.raises(StepRefused, match="The stage is Applied"):
        steps.submit(by=cast["owner"], application=draft)


def test_withdrawn_application_is_taken_up_again_with_its_number(cast: Cast) -> None:
    application = cast.judged(cast.visited(cast.apply()), [80] * 5)
    judging.decide(by=cast["runner"], application=application, granted=GRANT)
    steps.withdraw(by=cast["owner"], application=application)
    assert Standing.objects.of(cast.factory).get().granted == 0

    again = steps.keep_draft(by=cast["owner"], factory=cast.factory, call=cast.call, wish="다시")
    handed_in = steps.submit(by=cast["owner"], application=again)
    assert (handed_in.pk, handed_in.number, handed_in.stage) == (application.pk, 1, Stage.APPLIED)
    assert Judging.objects.of(cast.operator).count() == 0


def test_unpublished_call_takes_no_application(cast: Cast) -> None:
    today = timezone.localdate()
    hidden = calls.make_call(
        by=cast["runner"],
        organisation=cast.operator,
        cohort_name="2026",
        title="x",
        opens_on=today,
        closes_on=today,
        most_won=10,
    )
    with pytest.raises(StepRefused, match="not for this factory"):
        steps.keep_draft(by=cast["owner"], factory=cast.factory, call=hidden, wish="x")


def test_published_call_changes_only_where_nobody_is_harmed(cast: Cast) -> None:
    later = cast.call.closes_on + timedelta(days=5)
    changed = calls.change_call(by=cast["runner"], call=cast.call, text="새 설명", closes_on=later, budget=10**9)
    assert (changed.text, changed.closes_on, changed.budget) == ("새 설명", later, 10**9)

    for fields in (
        {"closes_on": later - timedelta(days=1)},
        {"most_won": 1},
        {"budget": 5},
        {"least_points": 60},
        {"criteria": calls.CRITERIA[:1]},
    ):
        with pytest.raises(StepRefused, match="The call is published"):
            calls.change_call(by=cast["runner"], call=cast.call, **fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"criteria": [{"id": "a", "name": "a", "most": 99}]}, "add up to 99"),
        ({"criteria": [{"id": "a", "name": "a", "most": 50}, {"id": "a", "name": "b", "most": 50}]}, "need a name"),
        ({"documents": [{"name": "a", "needed": True, "judges": True}] * 2}, "different names"),
        ({"most_won": 0}, "above 0"), ({"title": " "}, "no title"), ({"budget": 0}, "budget"),
        ({"visits_until": timezone.localdate() - timedelta(days=1)}, "follow each other"),
    ],
)  # fmt: skip
def test_call_that_makes_no_sense_is_refused(cast: Cast, fields: dict[str, Any], message: str) -> None:
    today = timezone.localdate()
    given = {"title": "x", "opens_on": today, "closes_on": today, "most_won": 1} | fields
    with pytest.raises(StepRefused, match=message):
        calls.make_call(by=cast["runner"], organisation=cast.operator, cohort_name="c", **given)


def test_judge_from_inside_is_refused(cast: Cast) -> None:
    application = cast.visited(cast.apply())
    of_coop, visitor = cast.judges[0], cast["mentor"]
    appoint(user=of_coop, organisation=cast.coop, role=Role.COOP_OPERATOR)
    appoint(user=visitor, organisation=cast.operator, role=Role.JUDGE)

    for judge, message in ((of_coop, "co-operative"), (visitor, "as a mentor"), (cast["owner"], "not a judge")):
        with pytest.raises(StepRefused, match=message):
            judging.call_judges(by=cast["runner"], application=application, judges=[judge])
    asked, left_out = judging.call_judges_for_call(
        by=cast["runner"], call=cast.call, judges=[of_coop, *cast.judges[1:]]
    )
    assert (asked, len(left_out)) == (5, 1)


def test_every_criterion_needs_points_within_its_own_and_a_reason_in_time(cast: Cast) -> None:
    application = cast.visited(cast.apply())
    judge = cast.judges[0]
    judging.call_judges(by=cast["runner"], application=application, judges=[judge])
    judging.declare(by=judge, application=application, conflict=False)
    good = points_of(80)

    def give(**changes: Any) -> None:
        judging.judge(by=judge, application=application, **(good | changes))

    with pytest.raises(StepRefused, match="every criterion"):
        give(scores={"need": 10})
    with pytest.raises(StepRefused, match="points 26; expected 0 to 25"):
        give(scores=good["scores"] | {"need": 26})
    with pytest.raises(StepRefused, match="write the reason"):
        give(reasons=good["reasons"] | {"plan": " "})
    with pytest.raises(StepRefused, match="time for points ended"):
        give(today=timezone.localdate() + timedelta(days=365))
    judging.extend_judging(by=cast["runner"], call=cast.call, due_on=timezone.localdate() + timedelta(days=400))
    give(today=timezone.localdate() + timedelta(days=365))
    assert Judging.objects.of(cast.operator).get().points == 80


def test_judge_may_still_recuse_before_the_points_but_not_come_back(cast: Cast) -> None:
    application = cast.visited(cast.apply())
    judge = cast.judges[0]
    judging.call_judges(by=cast["runner"], application=application, judges=[judge])
    judging.declare(by=judge, application=application, conflict=False)
    judging.declare(by=judge, application=application, conflict=True, words="알아보았습니다")

    with pytest.raises(StepRefused, match="declared already"):
        judging.declare(by=judge, application=application, conflict=False)
    with pytest.raises(StepRefused, match="no conflict"):
        judging.judge(by=judge, application=application, **points_of(80))


@pytest.mark.parametrize("text", ["주식회사 한빛금형", "한빛금형", "한 빛 금 형", "(주)한빛금형"])
def test_name_of_the_factory_is_left_out_of_texts(cast: Cast, text: str) -> None:
    assert "한빛" not in blind(f"우리 {text}은 금형을 만듭니다", cast.factory).replace(" ", "")


def test_call_is_decided_down_to_the_money_line(cast: Cast) -> None:
    calls.change_call(by=cast["runner"], call=cast.call, budget=2 * GRANT)
    points = {"가": 95, "나": 85, "다": 80, "라": 60}
    for name, whole in points.items():
        cast.judged(cast.visited(cast.another(name)), [whole] * 5)

    assert judging.decide_call(by=cast["runner"], call=cast.call) == (2, 1)
    stages = dict(Application.objects.of(cast.operator).values_list("factory__name", "stage"))
    assert stages == {"가": "approved", "나": "approved", "다": "visited", "라": "rejected"}
    left = (
        Application.objects.of(cast.operator).select_related("factory", "organisation", "call").get(factory__name="다")
    )
    with pytest.raises(StepRefused, match="budget is 80,000,000"):
        judging.decide(by=cast["runner"], application=left, granted=1)
    assert judging.reject(by=cast["runner"], application=left, words="예산이 끝남").stage == Stage.REJECTED


def test_call_is_not_decided_while_judges_are_awaited(cast: Cast) -> None:
    cast.judged(cast.visited(cast.another("가")), [90] * 4)

    with pytest.raises(StepRefused, match="1 applications still wait"):
        judging.decide_call(by=cast["runner"], call=cast.call)


def test_payment_needs_a_claim_and_a_second_person(cast: Cast) -> None:
    first, _ = cast.planned(cast.apply())
    money.reach_milestone(by=cast["runner"], milestone=first)
    with pytest.raises(StepRefused, match="There is no claim"):
        money.pay(by=cast["second"], milestone=first, request="a")
    money.claim(by=cast["owner"], milestone=first, request="c")

    with pytest.raises(StepRefused, match="a second person"):
        money.pay(by=cast["runner"], milestone=first, request="a")
    assert money.pay(by=cast["second"], milestone=first, request="a").amount == 15_000_000
    assert Claim.objects.of(cast.operator).get().state == "paid"


def test_number_that_another_application_takes_at_the_last_moment_is_refused(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The locks are those of two applications: neither saw the other's number when it looked."""
    first, second = cast.planned(cast.apply())
    for one in (first, second):
        money.reach_milestone(by=cast["runner"], milestone=one)
    money.claim(by=cast["owner"], milestone=first, request="c")
    money.pay(by=cast["second"], milestone=first, request="p")
    with monkeypatch.context() as blind_to_it:
        blind_to_it.setattr(OrganisationManager, "of_every_organisation", lambda self: self.of(cast.operator).none())
        with pytest.raises(StepRefused, match="another thing"):
            money.claim(by=cast["owner"], milestone=second, request="c")
        money.claim(by=cast["owner"], milestone=second, request="d", own_paid=50_000_000)
        with pytest.raises(StepRefused, match="another thing"):
            money.pay(by=cast["second"], milestone=second, request="p")
    assert (Claim.objects.of(cast.operator).count(), Payment.objects.of(cast.operator).count()) == (2, 1)


def test_claim_is_one_however_often_it_is_sent_and_anew_when_sent_back(cast: Cast) -> None:
    first, second = cast.planned(cast.apply())
    made = money.claim(by=cast["owner"], milestone=first, request="c")
    assert money.claim(by=cast["owner"], milestone=first, request="c") == made
    with pytest.raises(StepRefused, match="claimed already"):
        money.claim(by=cast["owner"], milestone=first, request="d")
    with pytest.raises(StepRefused, match="another thing"):
        money.claim(by=cast["owner"], milestone=second, request="c")
    with pytest.raises(StepRefused, match="may not"):
        money.claim(by=cast["mentor"], milestone=second, request="e")

    money.refuse_claim(by=cast["runner"], claim=made, words="영수증이 없습니다")
    assert money.claim(by=cast["owner"], milestone=first, request="d").pk != made.pk
    with pytest.raises(StepRefused, match="answered already"):
        money.refuse_claim(by=cast["runner"], claim=made, words="x")


def test_last_payment_waits_for_the_whole_own_share(cast: Cast) -> None:
    first, second = cast.planned(cast.apply())
    cast.claimed(first, own_paid=20_000_000)
    money.pay(by=cast["runner"], milestone=first, request="1")
    made = cast.claimed(second, own_paid=29_999_999)

    with pytest.raises(StepRefused, match="needs all 50,000,000"):
        money.pay(by=cast["runner"], milestone=second, request="2")
    money.refuse_claim(by=cast["runner"], claim=made, words="1원 모자랍니다")
    money.claim(by=cast["owner"], milestone=second, request="again", own_paid=30_000_000)
    money.pay(by=cast["runner"], milestone=second, request="2")
    assert sum(Payment.objects.of(cast.operator).values_list("amount", flat=True)) == GRANT


def test_what_was_paid_for_is_not_withdrawn(cast: Cast) -> None:
    application = cast.apply()
    first, _ = cast.planned(application)
    cast.claimed(first)
    money.pay(by=cast["runner"], milestone=first, request="1")

    with pytest.raises(StepRefused, match="cannot be withdrawn"):
        steps.withdraw(by=cast["owner"], application=application)
    assert Milestone.objects.of(cast.operator).count() == 2


def test_only_the_mentor_who_was_asked_reports(cast: Cast) -> None:
    application = cast.apply()
    other = cast.judges[5]
    appoint(user=other, organisation=cast.operator, role=Role.MENTOR)
    steps.send_visitor(by=cast["runner"], application=application, visitor=cast["mentor"])
    with pytest.raises(StepRefused, match="may not"):
        steps.record_visit(by=other, application=application, feasible=True, words="x")
    add_member(user=other, factory=cast.factory, role=Role.ENGINEER)
    with pytest.raises(StepRefused, match="belongs to this factory"):
        steps.send_visitor(by=cast["runner"], application=application, visitor=other)


def test_owner_hears_of_every_step_once_and_judges_of_no_name(cast: Cast) -> None:
    from jasang.web.notices.models import Notice

    application = cast.apply()
    first, _ = cast.planned(application)
    made = cast.claimed(first)
    money.refuse_claim(by=cast["runner"], claim=made, words="영수증이 없습니다")
    money.claim(by=cast["owner"], milestone=first, request="again")
    for _ in range(2):
        money.pay(by=cast["second"], milestone=first, request="p")

    heard = list(Notice.objects.filter(user=cast["owner"]).order_by("pk").values_list("title_ko", flat=True))
    assert heard == [
        "지원 신청 '고도화': 현장 방문 마침, 평가 중", "지원 신청 '고도화': 선정됨", "지원 신청 '고도화': 계획됨",
        "청구가 돌아왔습니다: 영수증이 없습니다", "지원금 15,000,000원이 지급되었습니다: 설치",
    ]  # fmt: skip
    assert Notice.objects.filter(user=cast["mentor"]).get().title_ko == f"{cast.factory.name} 방문을 부탁받았습니다"
    of_judges = Notice.objects.filter(user__in=cast.judges)
    assert set(of_judges.values_list("factory", flat=True)) == {None}
    assert {one.title_ko.partition(":")[0] for one in of_judges} == {"'고도화' 평가를 부탁드립니다"}
    assert not [one for one in of_judges if "한빛" in one.title_ko + one.title_en + one.url]


def test_nobody_of_the_factory_reports_its_visit_or_sees_its_milestone_reached(cast: Cast) -> None:
    appoint(user=cast["owner"], organisation=cast.operator, role=Role.MENTOR)
    application = cast.apply()
    with pytest.raises(StepRefused, match="may not"):
        steps.record_visit(by=cast["owner"], application=application, feasible=True, words="x")

    first, _ = cast.planned(application)
    with pytest.raises(StepRefused, match="may not"):
        money.reach_milestone(by=cast["owner"], milestone=first)
    assert Milestone.objects.of(cast.operator).filter(reached_at=None).count() == 2


def test_request_that_another_organisation_used_is_refused_in_words(cast: Cast) -> None:
    first, _ = cast.planned(cast.apply())
    made = cast.claimed(first)
    money.pay(by=cast["runner"], milestone=first, request="the same")
    other = Cast()
    theirs, _ = other.planned(other.apply())

    with pytest.raises(StepRefused, match="another thing"):
        money.claim(by=other["owner"], milestone=theirs, request=made.request)
    other.claimed(theirs)
    with pytest.raises(StepRefused, match="another thing"):
        money.pay(by=other["runner"], milestone=theirs, request="the same")


def test_new_link_for_an_owner_ends_the_earlier_one(cast: Cast) -> None:
    factory = members.make_factory(cast.coop, name="새 공장", region="경기", industry="", employees=None)
    _, first = members.invite_owner(by=cast["coop"], factory=factory)
    _, second = members.invite_owner(by=cast["coop"], factory=factory)

    assert (people.invitation(first), people.invitation(second) is not None) == (None, True)
    people.join(token=second, user=cast["mentor"])
    with pytest.raises(StepRefused, match="has an owner already"):
        members.invite_owner(by=cast["coop"], factory=factory)


@pytest.mark.parametrize(
    ("typed", "won"), [("1,500,000", 1_500_000), ("30000000 원", 30_000_000), ("56,5", None), ("1,000.5", None)]
)
def test_won_are_read_as_people_type_them(typed: str, won: int | None) -> None:
    if won is None:
        with pytest.raises(ValidationError):
            Won().clean(typed)
    else:
        assert Won().clean(typed) == won
