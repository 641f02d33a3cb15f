"""The portfolio, a factory's level and the sample programme: sums, drill down, strangers, fixed queries."""

from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.urls import reverse

from jasang.web.center.clock import clock_from, keep
from jasang.web.center.models import Case, Event
from jasang.web.programme import impact, levels
from jasang.web.programme.models import LevelAnswer, LevelMark, Mentor, Payment, Residency, Standing
from jasang.web.programme.portfolio import TILES, portfolio, standings
from jasang.web.programme.sample import NAME, NoSample, hand_over, make_sample
from jasang.web.tenants.models import AuditEvent, Factory, Organisation, OrganisationKind, Post, Role
from jasang.web.tenants.services import add_member, appoint, set_up_account, set_up_factory, set_up_organisation

pytestmark = [pytest.mark.web, pytest.mark.django_db]


@pytest.fixture
def sample(db: None) -> Organisation:
    return make_sample(factories=60, mentors=5, seed=7, course=False)


@pytest.fixture
def full_sample(db: None) -> Organisation:
    """With a year of levels, mentors in factories and cases: takes its time."""
    return make_sample(factories=60, mentors=5, seed=7)


@pytest.fixture
def runner(person: Any, sample: Organisation) -> Any:
    browser = person("runner")
    appoint(
        user=set_up_account(user_name="runner", password=None)[0], organisation=sample, role=Role.PROGRAMME_OPERATOR
    )
    return browser


def test_same_seed_makes_the_same_programme(sample: Organisation) -> None:
    first = list(Standing.objects.under(sample).order_by("pk").values_list("points", "paid", "factory__name"))
    Organisation.objects.filter(pk=sample.pk).update(name="older")
    again = make_sample(factories=60, mentors=5, seed=7, course=False)

    assert list(Standing.objects.under(again).order_by("pk").values_list("points", "paid", "factory__name")) == first
    assert Mentor.objects.of(again).count() == 5


def test_sample_is_made_once_and_by_command(sample: Organisation) -> None:
    with pytest.raises(CommandError, match="is there already"):
        call_command("sample-programme", factories=3, mentors=1)
    assert Organisation.objects.filter(name=NAME).count() == 1


def test_sums_are_those_of_the_rows(sample: Organisation) -> None:
    found = portfolio(sample)
    paid = sum(Payment.objects.of(sample).values_list("amount", flat=True))

    assert (found.whole.factories, found.whole.paid, found.not_surveyed) == (60, paid, 0)
    assert (
        sum(group.factories for group in found.regions) == sum(group.factories for group in found.organisations) == 60
    )
    region = found.regions[0].name
    assert portfolio(sample, region=region).whole.factories == found.regions[0].factories
    branch = found.organisations[0]
    both = portfolio(sample, region=region, branch=branch.key).whole
    assert both.factories == Standing.objects.under(sample).filter(
        factory__region=region, factory__organisation__key=branch.key
    ).count()  # fmt: skip


def test_money_beside_effect_goes_from_the_whole_to_the_factory(runner: Any, sample: Organisation) -> None:
    Standing.objects.under(sample).update(paid=0, effect=0.0)
    one = Standing.objects.under(sample).filter(factory__region="경기").select_related("factory").first()
    Standing.objects.under(sample).filter(pk=one.pk).update(paid=200, effect=50.0)
    Factory.objects.filter(pk=one.factory.pk).update(industry="29294")  # written without its letter
    Factory.objects.filter(organisation__parent=sample).exclude(pk=one.factory.pk).update(industry="C10799")
    address = reverse("programme:portfolio", args=[sample.key])

    def first_bar(query: str) -> tuple[Any, ...]:
        bar = runner.get(address + query).context["money"][0]
        return bar["group"].name, bar["group"].paid, bar["paid"], bar["effect"], bar["link"]

    regions = first_bar("")
    assert regions == ("경기", 200, 100.0, 25.0, "?region=%EA%B2%BD%EA%B8%B0")
    industries = first_bar(regions[-1])
    assert industries == ("기계·장비", 200, 100.0, 25.0, "?region=%EA%B2%BD%EA%B8%B0&industry=C29")
    factory = first_bar(industries[-1])
    assert factory[:4] == (one.factory.name, 200, 100.0, 25.0)
    assert factory[-1] == reverse("programme:factory", args=[sample.key, one.factory.key])
    assert runner.get(address + industries[-1]).context["found"].whole.factories == 1
    food = runner.get(address + "?industry=C10&by=branch")
    assert (food.context["found"].whole.factories, food.context["by"]) == (59, "branch")
    assert standings(sample, industry="other").count() == 0


def test_co_operative_sees_its_own_only(sample: Organisation) -> None:
    coop = sample.children.order_by("pk").first()

    assert portfolio(coop).whole.factories == Factory.objects.filter(organisation=coop).count() < 60


def test_there_are_seventeen_tiles_each_in_its_own_place() -> None:
    assert (len(TILES), len(set(TILES.values()))) == (17, 17)


@pytest.mark.parametrize("query", ["", "?region=경기", "?page=2"])
def test_page_of_the_portfolio_takes_a_fixed_number_of_queries(
    runner: Any, sample: Organisation, query: str, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(9):
        answer = runner.get(reverse("programme:portfolio", args=[sample.key]) + query)

    assert answer.status_code == 200


def test_unknown_region_or_branch_is_not_found(runner: Any, sample: Organisation) -> None:
    address = reverse("programme:portfolio", args=[sample.key])

    assert [runner.get(address + query).status_code for query in ("?region=평양", "?branch=x", "?industry=C99")] == [
        404
    ] * 3


def test_empty_portfolio_says_so(person: Any) -> None:
    operator = set_up_organisation(name="새 기관", kind=OrganisationKind.OPERATOR)
    browser = person("fresh")
    appoint(
        user=set_up_account(user_name="fresh", password=None)[0], organisation=operator, role=Role.PROGRAMME_OPERATOR
    )

    assert (
        "아직 조사한 공장이 없습니다"
        in browser.get(reverse("programme:portfolio", args=[operator.key])).content.decode()
    )


def test_one_factory_is_shown_and_the_look_is_written_down(runner: Any, sample: Organisation) -> None:
    factory = Factory.objects.filter(organisation__parent=sample).first()
    address = reverse("programme:factory", args=[sample.key, factory.key])

    assert runner.get(address).status_code == 200
    assert AuditEvent.objects.get(factory=factory).subject == address


def test_strangers_find_nothing(stranger: Any, member: Any, sample: Organisation, factory: Any) -> None:
    one = Factory.objects.filter(organisation__parent=sample).first()
    for browser in (stranger, member):
        assert browser.get(reverse("programme:portfolio", args=[sample.key])).status_code == 404
        assert browser.get(reverse("programme:factory", args=[sample.key, one.key])).status_code == 404
        assert browser.get(reverse("programme:level", args=[one.key])).status_code == 404
    assert stranger.get(reverse("programme:level", args=[factory.key])).status_code == 404


def test_factory_of_another_operator_is_not_found(runner: Any, sample: Organisation, factory: Any) -> None:
    assert runner.get(reverse("programme:factory", args=[sample.key, factory.key])).status_code == 404


@pytest.mark.parametrize("reading", ["five", "four", "nonsense"])
def test_own_level_is_shown_also_where_nothing_is_known(member: Any, factory: Any, reading: str) -> None:
    answer = member.get(reverse("programme:level", args=[factory.key]) + f"?reading={reading}")

    assert answer.status_code == 200
    assert "1단계까지 남은 세 가지" in answer.content.decode()


def test_mentor_of_the_factory_answers_and_nobody_else(factory: Any) -> None:
    mentor, owner = (set_up_account(user_name=name, password=None)[0] for name in ("mentor", "owner"))
    add_member(user=mentor, factory=factory, role=Role.MENTOR)
    add_member(user=owner, factory=factory, role=Role.OWNER)

    levels.answer_item(by=mentor, factory=factory, item="goal", step=4)
    levels.answer_item(by=mentor, factory=factory, item="goal", step=5)

    assert [row.step for row in LevelAnswer.objects.of(factory)] == [5]
    assert LevelMark.objects.of(factory).get().points == pytest.approx(1000 * 40 / 1230)
    for by, item, step in ((owner, "goal", 5), (mentor, "goal", 6), (mentor, "nothing", 1), (mentor, "uptime", 5)):
        with pytest.raises(levels.AnswerRefused):
            levels.answer_item(by=by, factory=factory, item=item, step=step)


def test_survey_gives_each_factory_a_goal_and_measures_effects(full_sample: Organisation) -> None:
    before = dict(Standing.objects.under(full_sample).values_list("pk", "effect"))
    Standing.objects.under(full_sample).update(goal=None, effect=5.0)
    cohort = Standing.objects.under(full_sample).first().cohort

    assert levels.survey(cohort=cohort) == 60
    rows = list(Standing.objects.under(full_sample))
    assert all(row.goal == min(5, row.of_five + 1) for row in rows)
    assert {row.pk: row.effect for row in rows} == pytest.approx(before)
    assert sum(before.values()) > 0


def test_nothing_of_the_sample_changes_when_it_is_reckoned_again(full_sample: Organisation) -> None:
    points = dict(Standing.objects.under(full_sample).values_list("factory", "points"))
    brought = {row.pk: (row.won, row.low, row.high, row.effects) for row in Residency.objects.under(full_sample)}
    cases = {case.pk: (case.state, case.due, case.answer_late, case.events) for case in Case.objects.under(full_sample)}

    for factory in Factory.objects.filter(organisation__parent=full_sample):
        impact.reckon(factory)
        level = levels.level_of(factory)
        known = {one.item.id: one for one in level.items}
        # What a centre's cases tell comes on top; everything else is as it was.
        assert level.points - known["reaction"].points == pytest.approx(points[factory.pk], abs=0.5)
    for case in Case.objects.under(full_sample):
        rows = Event.objects.at(case.centre).filter(case=case).order_by("place")
        keep(case, clock_from(rows.values_list("kind", "at", "place", "data")), rows.last().kind)
        assert (case.state, case.due, case.answer_late, rows.count()) == cases[case.pk]

    again = {row.pk: (row.won, row.low, row.high, row.effects) for row in Residency.objects.under(full_sample)}
    assert len(brought) == len(again) > 5
    for key, told in brought.items():
        assert again[key] == pytest.approx(told, rel=1e-6, abs=1)
    assert len(cases) > 10


def test_level_uses_what_the_floor_knows(factory: Any, hand_over: Any) -> None:
    hand_over(factory)

    facts = levels.live_facts(factory)

    assert facts.verified_findings is not None
    assert facts.verified_findings.value == 0
    assert sum(facts.open_worth.values()) > 0


def test_comparison_is_with_the_industry_then_its_group_and_silent_below_five(sample: Organisation) -> None:
    factories = list(Factory.objects.filter(organisation__parent=sample).select_related("organisation").order_by("pk"))
    for place, factory in enumerate(factories):
        factory.industry = "C29294" if place < 6 else "C29199" if place < 7 else "C10799" if place < 12 else "X"
        factory.save()

    same, group, few = (levels.peers_of(factories[place], 500.0) for place in (0, 6, 7))

    assert (same[0].count, same[1]) == (5, False)
    assert (group[0].count, group[1]) == (6, True)
    assert few is None


def test_sample_is_handed_over_once_and_again(db: None) -> None:
    user, _ = set_up_account(user_name="demo", password=None)
    own = set_up_factory(name="우리 공장")
    add_member(user=user, factory=own)
    with pytest.raises(NoSample):
        hand_over(user)
    operator = make_sample(factories=3, mentors=2, seed=5)

    for _ in range(2):
        assert hand_over(user) == operator

    own.refresh_from_db()
    posts = Post.objects.filter(user=user).values_list("organisation__kind", "role")
    assert sorted(posts) == [("centre", "agent"), ("operator", "programme_operator")]
    assert own.organisation is not None
    assert own.organisation.kind == "cooperative"
