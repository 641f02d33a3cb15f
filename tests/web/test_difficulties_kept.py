"""Difficulties that factories share: placed by the chore, seen to by people, told to every factory that has one and no other."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from jasang.errors import WrongArguments
from jasang.web.center import difficulties
from jasang.web.center.models import Case, Difficulty, DifficultyState, Sighting
from jasang.web.notices.models import Delivery, Notice, Webhook
from jasang.web.tenants.models import OrganisationKind, Role
from jasang.web.tenants.services import add_member, set_up_factory, set_up_organisation

from .centre_people import account, agent_on_duty, opened

pytestmark = [pytest.mark.web, pytest.mark.django_db]

CLOGGED = "핫러너 팁이 막혀서 미성형이 나옵니다"


@pytest.fixture
def desk(agent: Any) -> Client:
    client = Client()
    client.force_login(agent.user)
    return client


def beside(factory: Any, name: str) -> Any:
    """Another factory of the same co-operative with an owner."""
    made = set_up_factory(name=name)
    made.organisation = factory.organisation
    made.save()
    add_member(user=account(f"owner-{name}"), factory=made, role=Role.OWNER)
    return made


@pytest.fixture
def three(factory: Any, agent: Any) -> list[Any]:
    """Three factories with a case each about the same, told in their own words, and one about something else."""
    add_member(user=account("owner"), factory=factory, role=Role.OWNER)
    found = [factory, beside(factory, "비밀정밀"), beside(factory, "나라금형")]
    for one, text in zip(
        found, ("아침마다 심합니다. 비밀자료 77호기", "팁 교체 후에도", "노즐 온도는 정상"), strict=True
    ):
        opened(one, title="핫러너 팁 막힘", text=f"{CLOGGED}. {text}")
    opened(factory, title="엑셀 날짜가 깨짐", text="파일을 올리면 날짜가 다릅니다")
    return found


def only(centre: Any) -> Any:
    return Difficulty.objects.of(centre).get(merged_into__isnull=True)


def bells(factory: Any) -> list[str]:
    rows = Notice.objects.filter(factory=factory, kind="difficulty").order_by("pk")
    return list(rows.values_list("title_ko", flat=True))


def test_three_factories_share_one_and_it_keeps_its_key_as_it_grows(
    factory: Any, centre: Any, three: list[Any]
) -> None:
    assert difficulties.cluster() == 4
    assert difficulties.cluster() == 0
    found = only(centre)
    key = found.key
    assert (found.factories, found.cases, found.state) == (3, 3, "open")
    assert "77호기" not in str(found.words) + found.title_ko
    assert "비밀" not in str(found.words) + found.title_ko

    fourth = beside(factory, "다라사출")
    opened(fourth, title="핫러너 막힘", text=CLOGGED)
    difficulties.cluster()
    assert (only(centre).key, only(centre).factories) == (key, 4)
    assert bells(fourth) == [f"다른 공장 3곳도 겪는 어려움입니다: {found.title_ko}"]
    assert len(bells(three[0])) == 1


def test_every_factory_hears_each_step_to_the_end_and_sees_it_on_its_page(
    centre: Any, three: list[Any], agent: Any, desk: Client
) -> None:
    hook = {"url": "http://127.0.0.1:1/", "secret": "x", "kinds": ["difficulty"]}
    Webhook.objects.of(three[1]).create(factory=three[1], **hook)
    difficulties.cluster()
    found = only(centre)
    do = [reverse("center:do-difficulty", args=[centre.key, found.key, step]) for step in ("state", "title", "answer")]
    assert desk.post(do[0], {"state": "answered"}).status_code == 400  # there is no answer yet
    desk.post(do[0], {"state": "in_work"})
    desk.post(do[0], {"state": "in_work"})
    desk.post(do[1], {"title_ko": "핫러너 팁 막힘", "title_en": "Clogged tips"})
    desk.post(do[2], {"answer_ko": "팁 온도를 10도 올리세요.", "answer_en": "Raise the tips by 10 °C."})
    desk.post(do[0], {"state": "closed"})

    said = [
        "다른 공장",
        "여러 공장의 어려움을 센터가 풀고",
        "여러 공장의 어려움에 답이 나왔습니다",
        "여러 공장의 어려움이 끝났",
    ]
    for one in three:
        assert [title.startswith(start) for title, start in zip(bells(one), said, strict=True)] == [True] * 4
    assert Delivery.objects.of(three[1]).count() == 4

    owner = Client()
    owner.force_login(three[1].memberships.get().user)
    page = owner.get(reverse("center:difficulty", args=[three[1].key, found.key])).content.decode()
    assert ("팁 온도를 10도 올리세요." in page, "공장 3곳" in page) == (True, True)
    assert ("대한정밀" in page, "나라금형" in page, "아침마다" in page, "77호기" in page) == (False,) * 4
    case = Case.objects.of(three[1]).get()
    assert str(found.key) in owner.get(reverse("center:case", args=[three[1].key, case.key])).content.decode()
    assert str(found.key) in owner.get(reverse("center:difficulties", args=[three[1].key])).content.decode()


def test_split_merge_and_hands_are_kept(factory: Any, centre: Any, three: list[Any], agent: Any) -> None:
    difficulties.cluster()
    found = only(centre)
    rows = list(Sighting.objects.of_every_factory().filter(difficulty=found).order_by("pk"))
    made = difficulties.split(difficulty=found, sightings=rows[:1], user=agent.user, title="따로")
    found.refresh_from_db(from_queryset=Difficulty.objects.of(centre))
    assert (made.factories, found.factories, made.title_ko) == (1, 2, "따로")
    with pytest.raises(WrongArguments):
        difficulties.split(difficulty=made, sightings=rows[:1], user=agent.user)

    difficulties.merge(difficulty=made, into=found, user=agent.user)
    assert only(centre).factories == 3
    with pytest.raises(WrongArguments):
        difficulties.rename(difficulty=made, user=agent.user, title_ko="x")

    rows = list(Sighting.objects.of_every_factory().filter(difficulty=found).order_by("pk"))
    difficulties.take_out(difficulty=found, sightings=rows[:1], user=agent.user)
    opened(three[1], title="핫러너 팁 막힘", text=CLOGGED)
    difficulties.cluster()
    assert Sighting.objects.of_every_factory().get(pk=rows[0].pk).difficulty is None
    other = Case.objects.of(factory).get(title__startswith="엑셀")
    difficulties.put_in(difficulty=found, case=other, user=agent.user)
    assert Sighting.objects.of(factory).get(case=other).difficulty == found


def test_findings_that_open_no_case_count_and_a_factory_that_wants_none_does_not(
    factory: Any, centre: Any, agent: Any, hand_over: Any
) -> None:
    from jasang.web.center import serving

    quiet = beside(factory, "조용")
    serving.choose_from_findings(factory=quiet, on=False)
    hand_over(factory)
    hand_over(factory)
    hand_over(quiet)

    rows = Sighting.objects.of(factory)
    assert rows.filter(finding__isnull=False).count() == 1
    assert rows.filter(case__isnull=False).count() == 1
    assert rows.get(case__isnull=False).profile is not None  # the shape of the finding's chart
    assert Sighting.objects.of(quiet).count() == 0


def test_cases_brought_in_as_a_whole_are_placed_too(centre: Any, three: list[Any]) -> None:
    Sighting.objects.of_every_factory().all().delete()
    difficulties.cluster()

    assert only(centre).factories == 3


def test_old_cases_tell_nobody(centre: Any, three: list[Any]) -> None:
    old = timezone.now() - timedelta(days=60)
    Sighting.objects.of_every_factory().update(at=old)
    difficulties.cluster()

    assert (only(centre).factories, Notice.objects.filter(kind="difficulty").count()) == (3, 0)


def test_strangers_and_other_factories_see_no_difficulty(
    factory: Any, centre: Any, three: list[Any], agent: Any, stranger: Client, desk: Client
) -> None:
    difficulties.cluster()
    found = only(centre)
    without = beside(factory, "무관")
    member = Client()
    member.force_login(without.memberships.get().user)
    other = set_up_organisation(name="다른 센터", kind=OrganisationKind.CENTRE)
    elsewhere = Client()
    elsewhere.force_login(agent_on_duty(other, "elsewhere").user)

    assert member.get(reverse("center:difficulty", args=[without.key, found.key])).status_code == 404
    for client in (stranger, elsewhere):
        for name, args in (
            ("difficulties", [factory.key]), ("difficulty", [factory.key, found.key]),
            ("agent-difficulties", [centre.key]), ("agent-difficulty", [centre.key, found.key]),
        ):  # fmt: skip
            assert client.get(reverse(f"center:{name}", args=args)).status_code == 404
        assert client.post(reverse("center:do-difficulty", args=[centre.key, found.key, "state"])).status_code == 404
    assert elsewhere.get(reverse("center:agent-difficulty", args=[other.key, found.key])).status_code == 404
    assert desk.get(reverse("center:agent-difficulty", args=[centre.key, found.key])).status_code == 200


@pytest.mark.parametrize("step", ["title", "state", "answer", "split", "take-out", "put-in", "merge", "nonsense"])
def test_step_without_what_it_needs_is_refused(centre: Any, three: list[Any], desk: Client, step: str) -> None:
    difficulties.cluster()
    address = reverse("center:do-difficulty", args=[centre.key, only(centre).key, step])

    assert desk.post(address, {"number": "99", "sighting": "x"}).status_code == (404 if step == "nonsense" else 400)
    assert only(centre).state == DifficultyState.OPEN


def test_number_of_queries_does_not_grow(factory: Any, centre: Any, three: list[Any], desk: Client) -> None:
    difficulties.cluster()
    found, owner = only(centre), Client()
    owner.force_login(three[0].memberships.get().user)
    addresses = {
        "of_factory": (owner, reverse("center:difficulties", args=[factory.key])),
        "one_of_factory": (owner, reverse("center:difficulty", args=[factory.key, found.key])),
        "list": (desk, reverse("center:agent-difficulties", args=[centre.key])),
        "one": (desk, reverse("center:agent-difficulty", args=[centre.key, found.key])),
    }

    def asked() -> dict[str, int]:
        numbers = {}
        for name, (client, address) in addresses.items():
            with CaptureQueriesContext(connection) as queries:
                client.get(address)
            numbers[name] = len(queries)
        return numbers

    before = asked()
    for name in "가나다라":
        one = beside(factory, name)
        opened(one, title="핫러너 팁 막힘", text=CLOGGED)
        opened(one, title="엑셀 날짜가 깨짐", text="파일을 올리면 날짜가 다릅니다")
    difficulties.cluster()
    assert Difficulty.objects.of(centre).count() == 2
    assert asked() == before
    assert before == {"of_factory": 5, "one_of_factory": 6, "list": 9, "one": 10}
