"""Plans of who goes where: absences and ties passed on, mentors asked, what is declined moves alone, teams of three, pages."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse

from jasang.errors import JasangError
from jasang.web.jobs.worker import work
from jasang.web.programme import planning as plans
from jasang.web.programme.mentors import save_mentor
from jasang.web.programme.models import Cohort, HandOnPlan, Mentor, Offer, Planning, Residency
from jasang.web.programme.sample import make_sample
from jasang.web.programme.sending import Wishes, problem_of
from jasang.web.programme.stages import StepRefused
from jasang.web.tenants.models import Factory, Role
from jasang.web.tenants.services import add_member, appoint

from .programme_cast import account, browser

pytestmark = [pytest.mark.web, pytest.mark.django_db(transaction=True)]

START = date(2027, 1, 4)
YEAR = Wishes(starts_on=START, horizon=52)


@pytest.fixture
def scene(db: None) -> dict[str, Any]:
    operator = make_sample(factories=10, mentors=6, seed=3)
    runner, guest = account("runner"), account("guest")
    appoint(user=runner, organisation=operator, role=Role.PROGRAMME_OPERATOR)
    appoint(user=guest, organisation=operator, role=Role.MENTOR)
    rows = Mentor.objects.of(operator)
    rows.update(leads=True, skills={"process": 1.0, "data": 1.0, "quality": 1.0}, days=200)
    first = rows.order_by("pk").first()
    rows.filter(pk=first.pk).update(user=guest)
    first.refresh_from_db()
    factories = list(Factory.objects.filter(organisation__path__startswith=operator.path).order_by("pk"))
    Residency.objects.under(operator).delete()
    return {
        "operator": operator, "runner": runner, "guest": guest, "first": first, "cohort": Cohort.objects.of(operator).get(),
        "factories": factories,
    }  # fmt: skip


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "SECONDS", 1.0)


def answered(planning: Planning) -> Planning:
    work(until_empty=True)
    done = Planning.objects.of(planning.organisation).select_related("cohort", "organisation").get(pk=planning.pk)
    assert done.answer is not None
    return done


def pairs(planning: Planning) -> set[tuple[str, str]]:
    return {(place["factory"], name) for place in planning.answer["placements"] for name in place["mentors"]}


def test_absences_ties_and_visits_reach_the_optimiser(scene: dict[str, Any]) -> None:
    first, factory, own = scene["first"], scene["factories"][0], scene["factories"][1]
    add_member(user=scene["guest"], factory=own, role=Role.ENGINEER)
    save_mentor(
        by=scene["guest"], organisation=scene["operator"], away=[["2027-01-12", "2027-01-25"], ["2020-01-01", "2020-02-01"]],
        conflicts=[factory.key],
    )  # fmt: skip

    problem = problem_of(scene["cohort"], YEAR)
    person = next(one for one in problem.mentors if one.id == str(first.key))
    assert person.away == ((2, 4),)
    assert set(person.conflicts) == {factory.key, own.key}
    assert all(one.weeks == 8 for one in problem.factories)


def test_plan_with_weeks_starts_each_residency_in_its_own(scene: dict[str, Any]) -> None:
    planning = answered(plans.ask_for_plan(by=scene["runner"], cohort=scene["cohort"], wishes=YEAR))

    assert plans.take_plan(by=scene["runner"], planning=planning) == 10
    for place in planning.answer["placements"]:
        residency = Residency.objects.under(scene["operator"]).get(factory__key=place["factory"])
        assert residency.starts_on == START + timedelta(weeks=place["start"] - 1)


def test_only_what_was_declined_moves(scene: dict[str, Any]) -> None:
    planning = answered(plans.ask_for_plan(by=scene["runner"], cohort=scene["cohort"], wishes=YEAR))
    assert plans.offer_plan(by=scene["runner"], planning=planning) == 10
    assert plans.offer_plan(by=scene["runner"], planning=planning) == 0
    offers = list(Offer.objects.of(scene["operator"]).select_related("factory", "mentor").order_by("pk"))
    gone, accepted = offers[0], offers[1]
    with pytest.raises(StepRefused, match="why you cannot go"):
        plans.answer_offer(by=scene["runner"], offer=gone, accept=False)
    plans.answer_offer(by=scene["runner"], offer=gone, accept=False, words="수술")
    plans.answer_offer(by=scene["runner"], offer=accepted, accept=True)

    again = answered(plans.replan(by=scene["runner"], planning=planning))
    before, after = pairs(planning), pairs(again)
    pair = (gone.factory.key, str(gone.mentor.key))
    assert pair not in after
    assert before - after == {pair}
    plans.offer_plan(by=scene["runner"], planning=again)
    kept = Offer.objects.of(scene["operator"]).get(planning=again, factory=accepted.factory)
    same_week = kept.starts_on == accepted.starts_on
    assert kept.state == (Offer.State.ACCEPTED if same_week else Offer.State.ASKED)


def test_declined_and_unanswered_are_left_out_when_the_plan_is_taken(scene: dict[str, Any]) -> None:
    planning = answered(plans.ask_for_plan(by=scene["runner"], cohort=scene["cohort"], wishes=YEAR))
    plans.offer_plan(by=scene["runner"], planning=planning)
    offers = list(Offer.objects.of(scene["operator"]).order_by("pk"))
    plans.answer_offer(by=scene["runner"], offer=offers[0], accept=False, words="x")
    plans.answer_offer(by=scene["runner"], offer=offers[1], accept=True)

    assert plans.take_plan(by=scene["runner"], planning=planning, unanswered=False) == 1
    assert Residency.objects.under(scene["operator"]).get().factory_id == offers[1].factory_id
    with pytest.raises(StepRefused, match="taken already"):
        plans.answer_offer(by=scene["runner"], offer=offers[2], accept=True)


def test_mentor_answers_only_for_himself_and_may_change_his_mind(scene: dict[str, Any]) -> None:
    planning = answered(plans.ask_for_plan(by=scene["runner"], cohort=scene["cohort"], wishes=YEAR))
    plans.offer_plan(by=scene["runner"], planning=planning)
    rows = Offer.objects.of(scene["operator"]).select_related("mentor")
    mine, other = rows.filter(mentor=scene["first"]).first(), rows.exclude(mentor=scene["first"]).first()

    with pytest.raises(StepRefused, match="may not"):
        plans.answer_offer(by=scene["guest"], offer=other, accept=True)
    plans.answer_offer(by=scene["guest"], offer=mine, accept=False, words="x")
    assert HandOnPlan.objects.of(scene["operator"]).get().pinned is False
    plans.answer_offer(by=scene["guest"], offer=mine, accept=True)
    assert HandOnPlan.objects.of(scene["operator"]).count() == 0


def test_teams_of_three_are_sent_together(scene: dict[str, Any]) -> None:
    wishes = Wishes(starts_on=START, team_skills=("process", "data", "quality"))
    planning = answered(plans.ask_for_plan(by=scene["runner"], cohort=scene["cohort"], wishes=wishes))

    assert {len(place["mentors"]) for place in planning.answer["placements"]} == {3}
    plans.offer_plan(by=scene["runner"], planning=planning)
    assert Offer.objects.of(scene["operator"]).filter(leads=True).count() == len(planning.answer["placements"])
    assert plans.take_plan(by=scene["runner"], planning=planning) == 3 * len(planning.answer["placements"])


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        (Wishes(starts_on=START, horizon=7), "expected 8 to 260"),
        (Wishes(starts_on=START, team_skills=("process", "data", "data")), "three different"),
        (Wishes(starts_on=START, fairness=-1.0), "0 or more"),
    ],
)  # fmt: skip
def test_wishes_that_make_no_sense_are_refused(scene: dict[str, Any], wishes: Wishes, message: str) -> None:
    with pytest.raises(JasangError, match=message):
        plans.ask_for_plan(by=scene["runner"], cohort=scene["cohort"], wishes=wishes)


def test_pages_of_a_plan_from_the_question_to_the_residencies(scene: dict[str, Any]) -> None:
    operator, runner = scene["operator"], browser(scene["runner"])
    at = lambda name, *more: reverse(f"programme:{name}", args=[operator.key, *more])  # noqa: E731
    asked = {"cohort": str(scene["cohort"].key), "starts_on": "2027-01-04", "horizon": "52"}
    address = runner.post(at("ask-plan"), asked).headers["Location"]
    assert "hx-get" in runner.get(address).content.decode()
    planning = answered(Planning.objects.of(operator).get())

    page = runner.get(address).content.decode()
    assert "다른 멘토를 보내면" in page
    assert "배정" in page
    place = planning.answer["placements"][0]
    hand = {"factory": place["factory"], "mentor": place["mentors"][0], "step": "veto"}
    runner.post(at("hand", planning.key), hand)
    assert HandOnPlan.objects.of(operator).get().pinned is False
    runner.post(at("hand", planning.key), hand | {"step": "none"})
    runner.post(at("plan-do", planning.key, "offer"))

    guest = browser(scene["guest"])
    mine = Offer.objects.of(operator).filter(mentor=scene["first"]).first()
    other = Offer.objects.of(operator).exclude(mentor=scene["first"]).first()
    assert mine.factory.name in guest.get(at("offers")).content.decode()
    assert guest.post(at("answer-offer", other.key), {"answer": "accept"}).status_code == 404
    guest.post(at("answer-offer", mine.key), {"answer": "accept"})
    assert guest.get(address).status_code == 404
    runner.post(at("plan-do", planning.key, "take"))
    assert Residency.objects.under(operator).count() == 1


def test_page_of_a_plan_takes_a_fixed_number_of_queries(
    scene: dict[str, Any], django_assert_max_num_queries: Any
) -> None:
    planning = answered(plans.ask_for_plan(by=scene["runner"], cohort=scene["cohort"]))
    runner = browser(scene["runner"])
    with django_assert_max_num_queries(12):
        assert runner.get(reverse("programme:plan", args=[scene["operator"].key, planning.key])).status_code == 200


def test_failed_plan_says_why(scene: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    planning = plans.ask_for_plan(by=scene["runner"], cohort=scene["cohort"])

    def broken(*args: Any, **options: Any) -> None:
        raise JasangError(ko="풀 수 없습니다", en="cannot be solved")

    monkeypatch.setattr(plans, "solve_assignment", broken)
    work(until_empty=True)

    page = browser(scene["runner"]).get(reverse("programme:plan", args=[scene["operator"].key, planning.key]))
    assert "풀 수 없습니다" in page.content.decode()
