"""Who sees what: a member, a teammate and a stranger on every page of a factory."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jasang.web.floor.models import Diagnosis, Finding
from jasang.web.tenants.models import SignInFailure, TenantMissing

from .conftest import PASSWORD

pytestmark = [pytest.mark.web, pytest.mark.django_db]


def pages(factory: Any, diagnosis: Any) -> dict[str, str]:
    finding = Finding.objects.of(factory).order_by("place").first()
    return {
        name: reverse(f"floor:{name}", args=[factory.key, *rest])
        for name, rest in {
            "live": [],
            "readings": [],
            "findings": [],
            "finding": [finding.key],
            "files": [],
            "handed-over": [diagnosis.key],
        }.items()
    }


def test_every_page_shows_itself_to_member_and_teammate(
    factory: Any, hand_over: Any, member: Client, teammate: Client
) -> None:
    addresses = pages(factory, hand_over(factory))

    for client in (member, teammate):
        assert {name: client.get(address).status_code for name, address in addresses.items()} == dict.fromkeys(
            addresses, 200
        )


def test_every_page_is_not_found_for_a_stranger(factory: Any, hand_over: Any, stranger: Client) -> None:
    diagnosis = hand_over(factory)
    addresses = pages(factory, diagnosis)

    assert {name: stranger.get(address).status_code for name, address in addresses.items()} == dict.fromkeys(
        addresses, 404
    )
    assert stranger.post(reverse("floor:cancel", args=[factory.key, diagnosis.key])).status_code == 404
    assert stranger.post(reverse("floor:files", args=[factory.key])).status_code == 404


def test_every_page_asks_somebody_unknown_to_sign_in(factory: Any, hand_over: Any) -> None:
    client = Client()

    for address in [*pages(factory, hand_over(factory)).values(), "/"]:
        assert client.get(address).headers["Location"] == f"/sign-in/?next={address}"


def test_finding_of_another_factory_is_not_found_under_ones_own_address(
    hand_over: Any, factory: Any, stranger: Client
) -> None:
    hand_over(factory)
    finding = Finding.objects.of(factory).first()
    own = stranger.get("/").headers["Location"].split("/")[2]

    assert stranger.get(reverse("floor:finding", args=[own, finding.key])).status_code == 404


def test_query_without_a_factory_fails(factory: Any, hand_over: Any) -> None:
    hand_over(factory)

    for query in (Finding.objects.all, Diagnosis.objects.count, lambda: Diagnosis.objects.filter(pk=1)):
        with pytest.raises(TenantMissing):
            query()


def test_start_leads_to_the_only_factory(factory: Any, member: Client) -> None:
    assert member.get("/").headers["Location"] == f"/f/{factory.key}/findings/"


def test_start_lists_several_factories_with_their_findings(factory: Any, hand_over: Any, person: Any) -> None:
    from jasang.web.tenants.services import set_up_factory

    hand_over(factory)
    client = person("both", factory, set_up_factory(name="가나 금형"))

    page = client.get("/").content.decode()

    assert page.index("가나 금형") < page.index("대한정밀")
    assert "조치 1" in page


def test_wrong_password_is_refused_and_right_one_after_too_many_too(factory: Any, person: Any) -> None:
    person("kim", factory)
    client = Client()
    wrong = {"username": "kim", "password": "not this one"}

    answers = [client.post("/sign-in/", wrong).content.decode() for _ in range(6)]
    right = client.post("/sign-in/", wrong | {"password": PASSWORD})

    assert ["아이디나 비밀번호가 맞지 않습니다" in answer for answer in answers] == [True] * 5 + [False]
    assert "비밀번호가 여러 번 틀렸습니다" in answers[5]
    assert right.status_code == 200  # the form again, not the portal
    assert "비밀번호가 여러 번 틀렸습니다" in right.content.decode()


def test_right_password_signs_in_and_clears_the_count(factory: Any, person: Any) -> None:
    person("kim", factory)
    client = Client()
    client.post("/sign-in/", {"username": "kim", "password": "not this one"})

    answer = client.post("/sign-in/", {"username": "kim", "password": PASSWORD})

    assert answer.headers["Location"] == "/"
    assert SignInFailure.objects.count() == 0


def test_another_account_is_not_slowed_down_by_a_guesser(factory: Any, person: Any) -> None:
    person("kim", factory)
    client = Client()
    for _ in range(6):
        client.post("/sign-in/", {"username": "lee", "password": "guess"})

    assert client.post("/sign-in/", {"username": "kim", "password": PASSWORD}).status_code == 302


def test_password_can_be_changed(member: Client) -> None:
    new = "quite-another-password-7"
    answer = member.post("/password/", {"old_password": PASSWORD, "new_password1": new, "new_password2": new})

    assert answer.headers["Location"] == "/password/changed/"
    assert Client().login(username="member", password=new)


def test_signing_out_needs_a_post_and_ends_the_session(member: Client) -> None:
    assert member.get("/sign-out/").status_code == 405
    member.post("/sign-out/")
    assert member.get("/").headers["Location"] == "/sign-in/?next=/"


def test_part_of_a_page_asked_for_after_the_session_ended_reloads_the_page(factory: Any, hand_over: Any) -> None:
    address = reverse("floor:handed-over", args=[factory.key, hand_over(factory).key])

    answer = Client().get(address, headers={"HX-Request": "true"})

    assert (answer.headers["HX-Refresh"], answer.content) == ("true", b"")
