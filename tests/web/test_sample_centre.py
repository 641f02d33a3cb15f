"""A sample's centre is a living one: people on duty also on holidays, cases in every state, articles, shared difficulties."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from jasang.plant.public_holidays import public_holidays
from jasang.web.center.clock import KINDS, clock_from, keep
from jasang.web.center.models import (
    Agent,
    Article,
    Case,
    CaseState,
    Difficulty,
    Duty,
    Event,
    Macro,
    Queue,
    SearchDue,
    Sighting,
    Visit,
)
from jasang.web.center.sample import NAME
from jasang.web.programme.sample import make_sample
from jasang.web.tenants.models import Organisation

pytestmark = [pytest.mark.web, pytest.mark.django_db]


def test_sample_of_150_factories_as_the_demo_makes_it_has_a_living_centre() -> None:
    make_sample(factories=150, mentors=5, seed=7)
    centre = Organisation.objects.get(name=NAME)

    _shows_everything_a_centre_does(centre)
    _has_somebody_on_duty_every_day_and_fewer_on_holidays(centre)
    _keeps_of_every_case_what_the_clock_says(centre)


def _shows_everything_a_centre_does(centre: Any) -> None:
    cases = Case.objects.at(centre)
    assert set(cases.values_list("state", flat=True)) == set(CaseState.values)
    assert {"page", "email", "phone", "finding"} <= set(cases.values_list("channel", flat=True))
    assert cases.filter(factory=None, verified=False).count() == 2
    assert cases.filter(stars__isnull=False).count() > 20
    assert cases.filter(agent=None).exists()
    assert Visit.objects.at(centre).count() == 3
    assert Macro.objects.of(centre).count() >= 5
    assert Queue.objects.of(centre).count() == 2
    articles = Article.objects.of(centre)
    assert [one.title_ko for one in articles if not (one.title_en and one.body_en and one.body_ko)] == []
    assert sorted({one.published_at is None for one in articles}) == [False, True]
    assert set(Difficulty.objects.of(centre).values_list("state", flat=True)) == {
        "open",
        "in_work",
        "answered",
        "closed",
    }
    assert min(Difficulty.objects.of(centre).values_list("factories", flat=True)) >= 3
    assert SearchDue.objects.filter(kind="case").count() >= cases.count()
    assert Sighting.objects.of_every_factory().filter(centre=centre).count() == cases.count()


def _has_somebody_on_duty_every_day_and_fewer_on_holidays(centre: Any) -> None:
    now = timezone.now()
    duties = list(Duty.objects.of(centre).select_related("agent"))
    zone = timezone.get_default_timezone()
    by_day: dict[Any, int] = {}
    for duty in duties:
        assert not duty.agent.away
        day = duty.start.astimezone(zone).date()
        by_day[day] = by_day.get(day, 0) + 1
    assert all((now + timedelta(days=number)).astimezone(zone).date() in by_day for number in range(28))
    free = public_holidays("KR", range(now.year, now.year + 2)) & set(by_day)
    assert free  # within four months there is always one
    assert {by_day[day] for day in by_day if day in free or day.weekday() == 6} == {2}
    assert {by_day[day] for day in by_day if day not in free and day.weekday() != 6} == {8}
    assert Agent.objects.of(centre).filter(away=True).count() == 1


def _keeps_of_every_case_what_the_clock_says(centre: Any) -> None:
    names = ("state", "due", "answer_late", "solve_late", "answered_at", "solved_at", "reopened")
    for case in Case.objects.at(centre):
        rows = Event.objects.at(centre).filter(case=case, kind__in=KINDS).order_by("place")
        told = list(rows.values_list("kind", "at", "place", "data"))
        made = Case(state=CaseState.NEW)
        for number in range(1, len(told) + 1):
            keep(made, clock_from(told[:number]), told[number - 1][0])
        assert [getattr(made, name) for name in names] == [getattr(case, name) for name in names], case.number
        assert case.events == Event.objects.at(centre).filter(case=case).count()
