"""Days that come near or are over are told of: to judges without a name, to owners, to the operator; each once."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from jasang.web.notices.models import Notice
from jasang.web.programme import applications as steps
from jasang.web.programme import judging, planning
from jasang.web.programme.models import Application, Judging, Milestone, Planning, Residency, Stage
from jasang.web.programme.reminding import remind
from jasang.web.programme.sample import make_sample
from jasang.web.programme.stages import StepRefused
from jasang.web.tenants.models import Role
from jasang.web.tenants.services import appoint

from .programme_cast import GRANT, Cast, account

pytestmark = [pytest.mark.web, pytest.mark.django_db]


@pytest.fixture
def cast() -> Cast:
    return Cast()


def on(days: int) -> datetime:
    """Noon of the day so many days from today, on the portal's clock."""
    day = timezone.localdate() + timedelta(days=days)
    return datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(settings.TIME_ZONE))


def heard(user: Any) -> list[str]:
    return list(Notice.objects.filter(user=user).order_by("pk").values_list("title_ko", flat=True))


def test_judges_are_reminded_before_on_and_after_the_last_day_and_the_operator_after_it(cast: Cast) -> None:
    for name in ("동양도금", "삼우사출"):
        cast.visited(cast.another(name))
    last = timezone.localdate() + timedelta(days=10)
    judging.call_judges_for_call(by=cast["runner"], call=cast.call, judges=cast.judges, due_on=last)
    done, tied, slow = cast.judges[:3]
    first = Application.objects.of(cast.operator).order_by("number").first()
    for judge in (done, slow):
        judging.declare_for_call(by=judge, call=cast.call, conflicts=[])
    judging.declare_for_call(by=tied, call=cast.call, conflicts=[first.factory])
    Judging.objects.of(cast.operator).filter(judge=done).update(points=80)
    Notice.objects.all().delete()

    for day in (6, 7, 8, 10, 11, 12, 60):
        for _ in range(2):
            remind(on(day))

    assert heard(done) == []
    assert heard(slow) == [
        f"평가 기한이 {last}입니다: '고도화' 남은 신청 2건", "평가 기한이 오늘입니다: '고도화' 남은 신청 2건",
        f"평가 기한({last})이 지났습니다: '고도화' 남은 신청 2건",
    ]  # fmt: skip
    assert [one.rpartition(" ")[2] for one in heard(tied)] == ["1건"] * 3
    assert heard(cast["runner"]) == [f"'고도화' 평가 기한({last})이 지났는데 심사위원 5명이 아직 평가하지 않았습니다."]
    assert set(Notice.objects.filter(user=slow).values_list("factory", "url")) == {
        (None, reverse("programme:judging", args=[cast.operator.key]))
    }


def test_more_time_brings_new_reminders(cast: Cast) -> None:
    application = cast.visited(cast.apply())
    today = timezone.localdate()
    judging.call_judges(by=cast["runner"], application=application, judges=cast.judges[:1], due_on=today)
    remind(on(0))
    judging.extend_judging(by=cast["runner"], call=cast.call, due_on=today + timedelta(days=20))
    remind(on(1))
    assert len(heard(cast.judges[0])) == 2  # asked, and the first last day
    remind(on(18))
    assert len(heard(cast.judges[0])) == 3
    steps.withdraw(by=cast["owner"], application=application)
    remind(on(20))
    assert len(heard(cast.judges[0])) == 3


def test_late_milestone_is_told_to_the_owner_and_the_operator(cast: Cast) -> None:
    first, _ = cast.planned(cast.apply())
    Notice.objects.all().delete()
    Milestone.objects.of(cast.operator).exclude(pk=first.pk).update(reached_at=timezone.now())
    for day in (0, 1, 2):
        remind(on(day))
    assert heard(cast["owner"]) == [
        "지원 계획 '설치': 기한이 오늘입니다",
        f"지원 계획 '설치': 기한({first.due_on})이 지났습니다",
    ]
    assert heard(cast["second"]) == [f"기한({first.due_on})이 지난 단계: 주식회사 한빛금형 '설치'"]
    Milestone.objects.of(cast.operator).filter(pk=first.pk).update(due_on=timezone.localdate() - timedelta(days=1))
    page = cast.browser("runner").get(reverse("programme:applications", args=[cast.operator.key]) + "?late=1")
    assert [one.factory for one in page.context["page"]] == [cast.factory]


def test_owner_of_a_draft_hears_that_the_call_closes(cast: Cast) -> None:
    steps.keep_draft(by=cast["owner"], factory=cast.factory, call=cast.call, wish="버")
    for day in (26, 27, 29, 31):
        remind(on(day))
    assert heard(cast["owner"]) == [f"'고도화' 접수가 {cast.call.closes_on}에 끝납니다. 신청서를 아직 내지 않았습니다."]


def test_rejected_application_is_judged_again_with_the_points_it_has(cast: Cast) -> None:
    application = cast.judged(cast.visited(cast.apply()), [60] * 5)
    judging.decide(by=cast["runner"], application=application, granted=GRANT)
    assert Application.objects.of(cast.operator).get().stage == Stage.REJECTED
    with pytest.raises(StepRefused, match="write the reason"):
        judging.reopen(by=cast["runner"], application=application, words=" ")
    with pytest.raises(StepRefused, match="may not take this step"):
        judging.reopen(by=cast["mentor"], application=application, words="이의신청")

    page = cast.browser("runner").post(
        reverse("programme:do", args=[cast.operator.key, application.key, "reopen"]), {"words": "이의신청"}, follow=True
    )
    assert "다시 평가합니다" in page.content.decode()
    assert (application.refresh_from_db(), application.stage, application.granted) == (None, Stage.VISITED, 0)
    assert [row.judges for row in judging.ranking(cast.call)] == [5]
    ahead = [one["state"] for one in page.context["way"]]
    assert ahead == ["done", "done", "now", *["ahead"] * 6]

    Judging.objects.of(cast.operator).update(points=90)
    judging.decide(by=cast["runner"], application=application, granted=GRANT)
    judging.reopen(by=cast["runner"], application=application, words="잘못 선정")
    assert (application.refresh_from_db(), application.granted) == (None, 0)


def test_what_no_judge_saw_is_not_judged_again(cast: Cast) -> None:
    application = steps.record_visit(
        by=cast["runner"], application=cast.apply(), feasible=False, words="공장이 비었습니다"
    )
    with pytest.raises(StepRefused, match="without judges"):
        judging.reopen(by=cast["runner"], application=application, words="x")


def test_plans_of_a_cohort_are_taken_one_after_the_other() -> None:
    operator = make_sample(factories=3, mentors=3, seed=3, course=False)
    runner = account("runner")
    appoint(user=runner, organisation=operator, role=Role.PROGRAMME_OPERATOR)
    cohort = planning.Cohort.objects.of(operator).get()
    made = [planning.ask_for_plan(by=runner, cohort=cohort) for _ in range(2)]
    mentor = planning.Mentor.objects.of(operator).first()
    for one in made:
        placements = [{"factory": site["id"], "mentors": [str(mentor.key)]} for site in one.question["factories"]]
        Planning.objects.of(operator).filter(pk=one.pk).update(answer={"placements": placements})

    counts = []
    for one in made:
        fresh = Planning.objects.of(operator).select_related("cohort", "organisation").get(pk=one.pk)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            counts.append(planning.take_plan(by=runner, planning=fresh, starts_on=timezone.localdate()))
        read = [one["sql"] for one in asked if "programme_cohort" in one["sql"] or "programme_planning" in one["sql"]]
        assert 'FROM "programme_cohort"' in read[0]  # the cohort's row is held before any of its plans is read
    assert counts == [3, 0]
    assert Residency.objects.under(operator).count() == 3
