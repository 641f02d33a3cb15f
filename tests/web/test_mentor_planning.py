"""Mentors sent to factories: pins and vetoes kept, the plan taken once, guests until the residency ends."""

from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from jasang.errors import JasangError
from jasang.web.jobs.worker import work
from jasang.web.programme import planning as plans
from jasang.web.programme.applications import StepRefused
from jasang.web.programme.models import Cohort, Mentor, Planning, Residency
from jasang.web.programme.sample import make_sample
from jasang.web.tenants.models import Factory, Membership, Organisation, Role
from jasang.web.tenants.services import appoint, set_up_account

pytestmark = [pytest.mark.web, pytest.mark.django_db(transaction=True)]

START = date(2026, 12, 7)


@pytest.fixture
def scene(db: None) -> dict[str, Any]:
    operator = make_sample(factories=12, mentors=4, seed=3, course=False)
    runner, guest, nobody = (set_up_account(user_name=name, password=None)[0] for name in ("runner", "guest", "nobody"))
    appoint(user=runner, organisation=operator, role=Role.PROGRAMME_OPERATOR)
    first = Mentor.objects.of(operator).order_by("pk").first()
    Mentor.objects.of(operator).filter(pk=first.pk).update(user=guest)
    first.refresh_from_db()
    cohort = Cohort.objects.of(operator).get()
    factories = list(Factory.objects.filter(organisation__path__startswith=operator.path).order_by("pk"))
    return {
        "operator": operator, "runner": runner, "nobody": nobody, "guest": guest, "first": first, "cohort": cohort,
        "factories": factories,
    }  # fmt: skip


def answered(scene: dict[str, Any]) -> Planning:
    planning = plans.ask_for_plan(by=scene["runner"], cohort=scene["cohort"])
    work(until_empty=True)
    return Planning.objects.of(scene["operator"]).get(pk=planning.pk)


def test_plan_keeps_pin_and_veto_and_is_taken_once(scene: dict[str, Any]) -> None:
    one, other = scene["factories"][:2]
    plans.put_hand(by=scene["runner"], cohort=scene["cohort"], factory=one, mentor=scene["first"], pinned=True)
    plans.put_hand(by=scene["runner"], cohort=scene["cohort"], factory=other, mentor=scene["first"], pinned=False)

    planning = answered(scene)
    placed = {place["factory"]: place["mentors"][0] for place in planning.answer["placements"]}

    assert (len(placed), placed[one.key]) == (12, str(scene["first"].key))
    assert placed[other.key] != str(scene["first"].key)
    assert plans.take_plan(by=scene["runner"], planning=planning, starts_on=START) == 12
    assert plans.take_plan(by=scene["runner"], planning=planning, starts_on=START) == 0
    assert Residency.objects.under(scene["operator"]).count() == 12
    mine = [key for key, mentor in placed.items() if mentor == str(scene["first"].key)]
    gone = Residency.objects.under(scene["operator"]).filter(mentor=scene["first"])
    assert sorted(gone.values_list("factory__key", flat=True)) == sorted(mine)
    assert not Membership.objects.filter(user=scene["guest"]).exists()  # nobody is let in before the first day


def test_mentor_is_in_one_factory_at_a_time(scene: dict[str, Any]) -> None:
    plans.take_plan(by=scene["runner"], planning=answered(scene), starts_on=START)

    rows = list(Residency.objects.under(scene["operator"]).order_by("mentor", "starts_on"))
    for before, after in pairwise(rows):
        assert before.mentor_id != after.mentor_id or before.ends_on < after.starts_on


def test_served_factories_are_not_planned_again(scene: dict[str, Any]) -> None:
    plans.take_plan(by=scene["runner"], planning=answered(scene), starts_on=START)

    with pytest.raises(JasangError, match="must be factories and mentors"):
        plans.ask_for_plan(by=scene["runner"], cohort=scene["cohort"])


def test_only_the_operator_plans(scene: dict[str, Any], factory: Any) -> None:
    with pytest.raises(StepRefused):
        plans.ask_for_plan(by=scene["nobody"], cohort=scene["cohort"])
    with pytest.raises(JasangError, match="not of this cohort"):
        plans.put_hand(by=scene["runner"], cohort=scene["cohort"], factory=factory, mentor=scene["first"], pinned=True)
    assert Organisation.objects.filter(parent=None).count() == 1


def test_plan_that_is_not_ready_is_not_taken(scene: dict[str, Any]) -> None:
    planning = plans.ask_for_plan(by=scene["runner"], cohort=scene["cohort"])

    with pytest.raises(JasangError, match="not ready"):
        plans.take_plan(by=scene["runner"], planning=planning, starts_on=START)
