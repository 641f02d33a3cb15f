"""A centre from an empty database by its pages alone, and what stands on the pages that set it up."""

import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jasang.web.center import routing, serving
from jasang.web.center.models import Agent, Case, CaseState, Duty, Macro, Queue
from jasang.web.tenants import below
from jasang.web.tenants.models import Factory, Organisation, OrganisationKind, Post, Role
from jasang.web.tenants.services import appoint, set_up_organisation

from .centre_people import account, agent_on_duty, centre_for, opened
from .conftest import PASSWORD

pytestmark = [pytest.mark.web, pytest.mark.django_db]

NEW = {"password1": PASSWORD, "password2": PASSWORD}
QUEUE: dict[str, Any] = {
    "name": "도금 상담", "skills": "도금, SPC", "languages": ["ko", "vi"], "rules": ["drift"], "place": "1",
    "timezone": "Asia/Seoul", "start0": "09:00", "end0": "18:00", "break_start0": "12:00", "break_end0": "13:00",
    "days0": ["1", "2", "3", "4", "5"], "holidays": "on", "closed": "2026-12-31", "worked": "",
    "answer_urgent": "20", "solve_urgent": "4", "answer_high": "60", "solve_high": "8", "answer_normal": "120",
    "solve_normal": "24",
}  # fmt: skip


def link_on(page: Any) -> str:
    """The path of the invitation that a page shows once."""
    found = re.search(r'value="http://testserver(/invitation/[^"]+)"', page.content.decode())
    assert found is not None
    return found[1]


def test_from_an_empty_database_to_a_rated_case_by_pages_alone(settings: Any, tmp_path: Any) -> None:
    settings.JASANG_HOME = tmp_path
    said = below.said_at_start("http://testserver")
    assert said is not None
    boss, begin = Client(), said.rpartition("http://testserver")[2]
    answer = boss.post(begin, NEW | {"username": "boss", "operator": "운영기관"}, follow=True)
    operator = Organisation.objects.get()
    page = reverse("organisations", args=[operator.key])
    assert (answer.redirect_chain[-1][0], answer.status_code) == (page, 200)
    assert boss.get("/", follow=True).content.decode().count(page) >= 1  # the tab leads back here

    for name, kind in (("금형조합", "cooperative"), ("365센터", "centre")):
        boss.post(reverse("add-organisation", args=[operator.key]), {"name": name, "kind": kind})
    coop, centre = (Organisation.objects.get(name=name) for name in ("금형조합", "365센터"))
    listed = boss.get(page).content.decode()
    assert reverse("organisations", args=[coop.key]) in listed
    set_up = reverse("center:set-up", args=[centre.key])
    assert set_up in listed
    owners = link_on(boss.post(reverse("add-factory", args=[coop.key]), {"name": "대한정밀", "region": "광주"}))
    assert boss.get(set_up).status_code == 200
    agents = link_on(boss.post(reverse("center:invite-agent", args=[centre.key]), {"email": "a@b.example"}))

    owner, agent = Client(), Client()
    owner.post(owners, NEW | {"username": "kim"})
    agent.post(agents, NEW | {"username": "lee"})
    assert agent.get("/", follow=True).redirect_chain[-1][0] == reverse("center:desk", args=[centre.key])
    now = timezone.localtime()
    duty = {
        "agent": Agent.objects.of(centre).get().pk,
        "start": f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M}",
        "end": f"{now + timedelta(hours=8):%Y-%m-%dT%H:%M}",
    }
    assert boss.post(reverse("center:rota", args=[centre.key]), duty).status_code == 302
    assert boss.get(set_up).content.decode().count('class="done"') == 3  # all but the address for letters

    factory = Factory.objects.get()
    owner.post(reverse("center:new", args=[factory.key]), {"title": "사출기가 멈춤", "text": "3호기", "priority": "1"})
    case = Case.objects.of(factory).get()
    assert case.agent.user.username == "lee"
    step = reverse("center:do", args=[centre.key, case.key, "answer"])
    agent.post(step, {"text": "비상정지를 보세요.", "step": "answered"})
    agent.post(step, {"text": "잘 되었습니다.", "step": "solved"})
    owner.post(reverse("center:rate", args=[factory.key, case.key]), {"stars": "5"})
    case = Case.objects.of(factory).get()
    assert (case.state, case.stars, case.centre) == (CaseState.SOLVED, 5, centre)


def test_link_for_the_first_account_is_gone_with_it(settings: Any, tmp_path: Any) -> None:
    settings.JASANG_HOME = tmp_path
    key = below.first_key()
    assert key == below.first_key()
    assert Client().get(reverse("begin", args=["guess"])).status_code == 404
    address = reverse("begin", args=[key])
    assert Client().get(address).status_code == 200
    refused = Client().post(address, NEW | {"username": "boss"})  # neither an organisation nor a factory
    assert (refused.status_code, Organisation.objects.count()) == (400, 0)

    account("somebody")
    assert Client().get(address).status_code == 404
    assert below.said_at_start("http://x") is None
    assert not list(tmp_path.iterdir())


def test_first_account_may_be_for_a_factory_alone(settings: Any, tmp_path: Any) -> None:
    settings.JASANG_HOME = tmp_path
    address = reverse("begin", args=[below.first_key()])
    answer = Client().post(address, NEW | {"username": "kim", "factory": "대한정밀"}, follow=True)

    assert answer.redirect_chain[-1][0] == reverse("floor:findings", args=[Factory.objects.get().key])


@pytest.fixture
def boss(centre: Any) -> Client:
    """Who leads the centre."""
    user, client = account("boss"), Client()
    appoint(user=user, organisation=centre, role=Role.PROGRAMME_OPERATOR)
    client.force_login(user)
    return client


def test_queue_is_made_and_changed_as_its_page_says(centre: Any, boss: Client) -> None:
    assert boss.post(reverse("center:new-queue", args=[centre.key]), QUEUE).status_code == 302
    made = Queue.objects.of(centre).get(name="도금 상담")
    assert (made.skills, made.languages, made.rules) == (["도금", "SPC"], ["ko", "vi"], ["drift"])
    assert made.hours == {
        "timezone": "Asia/Seoul", "country": "KR", "closed": ["2026-12-31"], "worked": [],
        "shifts": [{"start": "09:00", "end": "18:00", "days": [1, 2, 3, 4, 5], "breaks": [["12:00", "13:00"]]}],
    }  # fmt: skip
    assert made.terms["urgent"] == {"answer": 20.0, "solve": 240.0}
    assert made.terms["low"] == {"answer": None, "solve": None}

    address = reverse("center:queue", args=[centre.key, made.key])
    page = boss.get(address).content.decode()
    assert ('value="09:00"' in page, 'value="20"' in page, "2026-12-31" in page) == (True, True, True)
    boss.post(address, {"name": "도금", "timezone": "Asia/Seoul", "always": "on"})
    made.refresh_from_db(from_queryset=Queue.objects.of(centre))
    assert (made.name, made.hours["shifts"], made.rules) == ("도금", [], [])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"timezone": "Mars/Base"}, "Mars/Base"),
        ({"start0": "", "end0": ""}, "24시간을 고르세요"),
        ({"days0": []}, "요일이 하나 이상"),
        ({"closed": "12월 31일"}, "12월"),
        ({"break_start0": "20:00", "break_end0": "21:00"}, "서로 맞지 않습니다"),
        ({"closed": "2026-12-31", "worked": "2026-12-31"}, "서로 맞지 않습니다"),
        ({"name": "상담"}, "같은 이름"),
        ({"answer_high": "-5"}, ""),
        ({"rules": ["no_such_rule"]}, ""),
    ],
)
def test_queue_that_makes_no_sense_is_refused(centre: Any, boss: Client, wrong: dict[str, Any], said: str) -> None:
    answer = boss.post(reverse("center:new-queue", args=[centre.key]), QUEUE | wrong)

    assert (answer.status_code, said in answer.content.decode()) == (400, True)
    assert Queue.objects.of(centre).count() == 1


def test_queue_with_cases_and_the_last_one_stay(factory: Any, centre: Any, boss: Client) -> None:
    only = Queue.objects.of(centre).get()
    boss.post(reverse("center:remove-queue", args=[centre.key, only.key]))
    other = serving.add_queue(centre=centre, name="다른")
    opened(factory)
    boss.post(reverse("center:remove-queue", args=[centre.key, only.key]))
    assert Queue.objects.of(centre).count() == 2
    boss.post(reverse("center:remove-queue", args=[centre.key, other.key]))
    assert list(Queue.objects.of(centre)) == [only]


def test_agents_profile_is_ones_own_or_the_leaders(factory: Any, centre: Any, boss: Client) -> None:
    lee, park = agent_on_duty(centre, "lee"), agent_on_duty(centre, "park")
    client = Client()
    client.force_login(lee.user)
    told = {"skills": "도금, 사출", "languages": ["ko", "en"], "most_open": "3", "away": "on"}
    client.post(reverse("center:agent", args=[centre.key, lee.pk]), told)
    client.post(reverse("center:agent", args=[centre.key, park.pk]), told)
    kept = {one.user.username: (one.skills, one.away) for one in Agent.objects.of(centre).select_related("user")}
    assert kept == {"lee": (["도금", "사출"], True), "park": ([], False)}
    boss.post(reverse("center:agent", args=[centre.key, park.pk]), told)
    assert Agent.objects.of(centre).get(pk=park.pk).most_open == 3
    assert client.post(reverse("center:agent", args=[centre.key, lee.pk]), {"most_open": "0"}).status_code == 400


def test_who_lost_the_post_gets_no_case(factory: Any, centre: Any) -> None:
    gone = agent_on_duty(centre, "gone")
    Post.objects.filter(user=gone.user).delete()

    assert opened(factory).agent is None
    assert list(routing.agents_of(centre)) == []


def test_ready_answer_is_changed_and_removed(centre: Any, boss: Client) -> None:
    told = {"name": "재시동", "text_ko": "다시 켜세요.", "then": "asked"}
    boss.post(reverse("center:macros", args=[centre.key]), told)
    made = Macro.objects.of(centre).get()
    assert made.then == "asked"
    address = reverse("center:macro", args=[centre.key, made.key])
    assert "다시 켜세요." in boss.get(address).content.decode()
    boss.post(address, told | {"text_ko": "전원을 내리세요."})
    assert Macro.objects.of(centre).get().text_ko == "전원을 내리세요."
    boss.post(reverse("center:remove-macro", args=[centre.key, made.key]))
    assert not Macro.objects.of(centre).exists()


def test_pages_that_set_up_are_for_the_centres_own_people(factory: Any, centre: Any, stranger: Client) -> None:
    lee = agent_on_duty(centre, "lee")
    queue, macro = Queue.objects.of(centre).get(), serving.add_macro(centre=centre, name="x", text_ko="x")
    own = [centre.key]
    for_all = {
        ("get", "set-up", ()), ("get", "agent", (lee.pk,)), ("get", "macro", (macro.key,)),
    }  # fmt: skip
    leading = {
        ("post", "change-centre", ()), ("post", "invite-agent", ()), ("post", "be-agent", ()), ("get", "new-queue", ()),
        ("get", "queue", (queue.key,)), ("post", "remove-queue", (queue.key,)),
    }  # fmt: skip
    agent = Client()
    agent.force_login(lee.user)
    for how, name, rest in for_all | leading | {("post", "remove-macro", (macro.key,))}:
        where = reverse(f"center:{name}", args=[*own, *rest])
        assert getattr(stranger, how)(where).status_code == 404, name
        assert getattr(Client(), how)(where).status_code == 302, name
    seen = {
        name: getattr(agent, how)(reverse(f"center:{name}", args=[*own, *rest])).status_code
        for how, name, rest in for_all | leading
    }
    assert seen == {name: 200 for _, name, _ in for_all} | {name: 404 for _, name, _ in leading}


def test_tree_grows_only_for_who_may(factory: Any, stranger: Client) -> None:
    operator = set_up_organisation(name="운영기관", kind=OrganisationKind.OPERATOR)
    coop = set_up_organisation(name="조합", kind=OrganisationKind.COOPERATIVE, parent=operator)
    staff = Client()
    user = account("staff")
    appoint(user=user, organisation=coop, role=Role.COOP_OPERATOR)
    staff.force_login(user)
    for name in ("organisations", "add-organisation", "add-factory", "rename-organisation"):
        how = "get" if name == "organisations" else "post"
        for client in (stranger, staff):
            assert getattr(client, how)(reverse(name, args=[operator.key])).status_code == 404
        assert getattr(stranger, how)(reverse(name, args=[coop.key])).status_code == 404
    assert staff.get(reverse("organisations", args=[coop.key])).status_code == 200
    assert staff.post(reverse("rename-organisation", args=[coop.key]), {"name": "x"}).status_code == 404
    wrong = staff.post(reverse("add-organisation", args=[coop.key]), {"name": "센터", "kind": "centre"})
    assert (wrong.status_code, Organisation.objects.count()) == (400, 2)
    assert staff.post(reverse("add-factory", args=[coop.key]), {"name": "새 공장", "industry": "?"}).status_code == 400
    assert staff.post(reverse("add-factory", args=[coop.key]), {"name": "새 공장"}).status_code == 200
    assert Factory.objects.get(name="새 공장").organisation == coop


def test_duty_comes_again_at_the_same_time_of_day_until_a_day(client: Any, factory: Any) -> None:
    centre = centre_for(factory)
    agent = agent_on_duty(centre)
    Duty.objects.of(centre).delete()
    client.force_login(agent.user)
    page = f"/o/{centre.key}/rota/"
    given = {"agent": agent.pk, "queue": "", "start": "2026-12-24T20:00", "end": "2026-12-25T08:00", "again": "day"}
    refused = client.post(page, given | {"until": "2028-01-01"})
    assert (refused.status_code, Duty.objects.of(centre).count()) == (400, 0)
    assert 'value="2026-12-24T20:00"' in refused.content.decode()  # nothing has to be typed again

    assert client.post(page, given | {"until": "2027-01-02"}).status_code == 302
    zone = ZoneInfo("Asia/Seoul")
    rows = [(one.start.astimezone(zone), one.end.astimezone(zone)) for one in Duty.objects.of(centre).order_by("start")]
    assert len(rows) == 10
    assert {(start.hour, end.hour, (end.date() - start.date()).days) for start, end in rows} == {(20, 8, 1)}
    assert client.post(page, given | {"again": "week", "until": "2027-01-02"}).status_code == 302
    assert Duty.objects.of(centre).count() == 12
