"""Signing in by a foreign provider: npm's oidc-provider as the true one, and one that lies for the attacks."""

import time
from collections.abc import Iterator
from typing import Any

import pyotp
import pytest
from django.test import Client
from django.urls import reverse

from jasang.web.tenants import identities, oidc, people, proving, second_factor
from jasang.web.tenants.models import ForeignIdentity, Membership, OrganisationKind, Role
from jasang.web.tenants.services import appoint, set_up_account, set_up_organisation

from .conftest import PASSWORD
from .foreign_provider import CLIENT, SECRET, Browser, Liar, real_provider

pytestmark = [pytest.mark.web, pytest.mark.django_db]
HOME = "http://testserver"
WITH, BACK = "/sign-in/with/", f"{HOME}/sign-in/back/"


def about(issuer: str, **more: Any) -> dict[str, Any]:
    given = {"issuer": issuer, "client_id": CLIENT, "client_secret": SECRET, "name": "회사 로그인"}
    return given | {"scopes": "openid email profile", "second_factor": []} | more


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with real_provider([BACK], [f"{HOME}/sign-in/"]) as address:
        yield address


@pytest.fixture
def provider(issuer: str, settings: Any) -> str:
    settings.OIDC = about(issuer)
    oidc.forget()
    return issuer


@pytest.fixture
def liar(settings: Any) -> Iterator[Liar]:
    made = Liar()
    settings.OIDC = about(made.issuer)
    oidc.forget()
    yield made
    made.close()


@pytest.fixture
def kim(factory: Any) -> Any:
    user = set_up_account(user_name="kim", password=PASSWORD)[0]
    Membership.objects.create(user=user, factory=factory)
    identities.confirm(user=user, email="Kim@factory.example")
    return user


def inside(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def come(client: Client, person: str, start: str = WITH) -> Any:
    """The whole way: to the provider, through its forms, and back."""
    there = client.get(start)
    assert there.status_code == 302, there.content.decode()
    return client.get(Browser().through(there.headers["Location"], person, home=HOME).removeprefix(HOME))


def lied_to(client: Client, liar: Liar, **query: str) -> Any:
    there = client.get(WITH).headers["Location"]
    return client.get(f"/sign-in/back/?{liar.answer_to(there, **query)}")


def test_person_with_a_confirmed_address_is_in_and_linked(provider: str, kim: Any) -> None:
    client = Client()
    assert "회사 로그인" in client.get("/sign-in/").content.decode()
    answer = come(client, "kim", f"{WITH}?next=/password/")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/password/")
    assert inside(client)
    assert ForeignIdentity.objects.get().user == kim
    assert ForeignIdentity.objects.get().subject == "kim"
    kim.confirmed_email.delete()  # the link counts from now on, whatever becomes of addresses
    assert come(Client(), "kim").headers["Location"] == "/"


def test_way_there_carries_state_nonce_and_pkce(provider: str) -> None:
    there = Client().get(f"{WITH}?next=https://evil.example/").headers["Location"]
    assert there.startswith(f"{provider}/auth?")
    for part in ("response_type=code", "state=", "nonce=", "code_challenge=", "code_challenge_method=S256"):
        assert part in there


def test_invited_person_gets_an_account_by_address_or_by_link(provider: str, factory: Any) -> None:
    owner = set_up_account(user_name="owner", password=PASSWORD)[0]
    Membership.objects.create(user=owner, factory=factory, role=Role.OWNER)
    assert "초대받지" in come(Client(), "kim").content.decode()
    people.invite(by=owner, factory=factory, role=Role.OPERATOR, email="KIM@factory.example")
    assert come(Client(), "kim").headers["Location"] == "/"
    made = ForeignIdentity.objects.get().user
    assert (made.username, made.email, made.has_usable_password()) == ("kim.foreign", "kim@factory.example", False)
    assert Membership.objects.get(user=made).role == Role.OPERATOR

    made.delete()
    _invitation, token = people.invite(by=owner, factory=factory, role=Role.ENGINEER)
    client = Client()
    assert token in client.get(reverse("join", args=[token])).content.decode()
    assert come(client, "kim", f"{WITH}?invitation={token}").status_code == 302
    assert Membership.objects.get(user__username="kim.foreign").role == Role.ENGINEER
    assert Client().get(f"{WITH}?invitation={token}").status_code == 404  # it was good once


def test_unverified_address_opens_nothing(provider: str, factory: Any) -> None:
    owner = set_up_account(user_name="owner", password=PASSWORD)[0]
    Membership.objects.create(user=owner, factory=factory, role=Role.OWNER)
    identities.confirm(user=owner, email="owner@factory.example")
    _one, token = people.invite(by=owner, factory=factory, role=Role.OWNER, email="owner@factory.example")
    for start in (WITH, f"{WITH}?invitation={token}"):
        client = Client()
        answer = come(client, "unproven", start)
        assert answer.status_code == 400
        assert "확인되지 않았습니다" in answer.content.decode()
        assert not inside(client)
    assert not ForeignIdentity.objects.exists()


def test_address_that_somebody_only_typed_in_opens_nothing(provider: str, person: Any, factory: Any) -> None:
    person("mallory", factory).post("/account/", {"email": "kim@factory.example"})
    answer = come(Client(), "kim")
    assert answer.status_code == 400
    assert "연결하세요" in answer.content.decode()


def test_account_is_linked_by_its_own_page_only(provider: str, member: Client, stranger: Client) -> None:
    page = member.get("/account/")
    start = f"{WITH}?link={page.context['linking']}"
    assert stranger.get(start).status_code == 404
    assert member.get(f"{WITH}?link=guess").status_code == 404
    assert come(member, "kim", start).headers["Location"] == "/account/"
    linked = ForeignIdentity.objects.get()
    assert linked.user.username == "member"

    page = stranger.get("/account/")  # the same identity cannot open a second account
    assert "다른 계정" in come(stranger, "kim", f"{WITH}?link={page.context['linking']}").content.decode()
    assert stranger.post(reverse("unlink", args=[linked.pk])).status_code == 302
    assert ForeignIdentity.objects.exists()
    member.post(reverse("unlink", args=[linked.pk]))
    assert not ForeignIdentity.objects.exists()


def test_last_way_in_is_not_unlinked(liar: Liar, kim: Any) -> None:
    client = Client()
    lied_to(client, liar)
    kim.refresh_from_db()
    kim.set_unusable_password()
    kim.save()
    client.force_login(kim)
    client.post(reverse("unlink", args=[ForeignIdentity.objects.get().pk]))
    assert ForeignIdentity.objects.exists()


def test_signing_out_leads_to_the_provider(provider: str, kim: Any) -> None:
    client = Client()
    come(client, "kim")
    page = client.post("/sign-out/")
    assert not inside(client)
    assert page.context["there"].startswith(f"{provider}/session/end?")
    assert "id_token_hint=" in page.context["there"]
    assert client.post("/sign-out/").headers["Location"] == "/sign-in/"


def test_answer_is_taken_once_and_only_by_the_browser_that_asked(provider: str, kim: Any) -> None:
    client, other = Client(), Client()
    there = client.get(WITH).headers["Location"]
    back = Browser().through(there, "kim", home=HOME).removeprefix(HOME)
    other.get(WITH)
    for address in (back, back.replace("state=", "state=x"), back.split("&state")[0]):
        assert other.get(address).status_code == 400  # the state is another browser's, wrong or missing
    assert not inside(other)
    assert client.get(back).status_code == 302
    again = Client()
    again.cookies.load(client.cookies.output(header=""))
    assert again.get(back).status_code == 400


def test_code_is_good_once_at_the_provider_too(provider: str, kim: Any) -> None:
    first, second = Client(), Client()
    back = Browser().through(first.get(WITH).headers["Location"], "kim", home=HOME)
    code = back.split("code=")[1].split("&")[0]
    first.get(back.removeprefix(HOME))
    state = second.get(WITH).headers["Location"].split("state=")[1].split("&")[0]
    answer = second.get(f"/sign-in/back/?code={code}&state={state}")
    assert answer.status_code == 400
    assert not inside(second)


def test_true_answer_of_the_made_provider_is_believed(liar: Liar, kim: Any) -> None:
    client = Client()
    assert lied_to(client, liar).headers["Location"] == "/"
    assert inside(client)
    assert len(liar.exchanged[0]["code_verifier"]) >= 43
    assert liar.exchanged[0]["redirect_uri"] == BACK


@pytest.mark.parametrize(
    ("claims", "wrong"),
    [
        ({}, "none"),
        ({}, "hmac"),
        ({}, "key"),
        ({"nonce": "another"}, ""),
        ({"nonce": None}, ""),
        ({"iss": "https://other.example"}, ""),
        ({"iss": None}, ""),
        ({"aud": "somebody-else"}, ""),
        ({"aud": ["somebody-else"]}, ""),
        ({"aud": None}, ""),
        ({"azp": "somebody-else"}, ""),
        ({"exp": 1}, ""),
        ({"exp": None}, ""),
        ({"iat": 4102444800, "nbf": 4102444800}, ""),
        ({"sub": None}, ""),
    ],
)
def test_lies_are_not_believed(liar: Liar, kim: Any, claims: dict[str, Any], wrong: str) -> None:
    liar.claims, liar.wrong = claims, wrong
    client = Client()
    answer = lied_to(client, liar)
    assert answer.status_code == 400
    assert "믿을 수 없어" in answer.content.decode()
    assert not inside(client)
    assert not ForeignIdentity.objects.exists()


def test_provider_must_be_the_issuer_of_the_settings(liar: Liar) -> None:
    liar.about = {"issuer": "https://other.example"}
    answer = Client().get(WITH)
    assert answer.status_code == 400
    assert "https://other.example" in answer.content.decode()


def test_failures_are_told_in_plain_words(liar: Liar, settings: Any) -> None:
    client = Client()
    client.get(WITH)
    assert "취소" in client.get("/sign-in/back/?error=access_denied").content.decode()
    answer = client.get("/sign-in/back/?error=<script>alert(1)</script>")
    assert b"<script>alert" not in answer.content
    liar.close()
    oidc.forget()
    settings.OIDC = about("http://127.0.0.1:9")
    assert "연결되지 않습니다" in Client().get(WITH).content.decode()
    settings.OIDC = None
    assert Client().get(WITH).status_code == Client().get("/sign-in/back/").status_code == 404


def test_own_second_factor_is_asked_unless_the_providers_is_trusted(
    liar: Liar, kim: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SECOND_FACTOR = True
    operator = set_up_organisation(name="운영기관", kind=OrganisationKind.OPERATOR)
    appoint(user=kim, organisation=operator, role=Role.PROGRAMME_OPERATOR)
    pages = reverse("organisation-people", args=[operator.key])
    factor = second_factor.begin(user=kim)
    second_factor.confirm(user=kim, code=pyotp.TOTP(factor.secret).at(second_factor.step_now() * 30))
    liar.claims = {"amr": ["pwd", "otp"]}

    client = Client()
    assert lied_to(client, liar).headers["Location"] == "/sign-in/code/"
    assert not inside(client)
    settings.OIDC = about(liar.issuer, second_factor=["otp", "hwk"])
    client = Client()
    assert lied_to(client, liar).headers["Location"] == "/"
    assert client.get(pages).status_code == 200
    liar.claims = {"amr": ["pwd"]}
    assert lied_to(Client(), liar).headers["Location"] == "/sign-in/code/"


EVENT = {"http://schemas.openid.net/event/backchannel-logout": {}}


def logged_out(liar: Liar, **changed: Any) -> int:
    now = int(time.time())
    claims = {
        "iss": liar.issuer,
        "aud": CLIENT,
        "iat": now,
        "exp": now + 120,
        "jti": "1",
        "events": EVENT,
        "sub": "kim",
    }
    right, liar.claims, liar.asked = (
        liar.claims,
        claims | {"email": None, "email_verified": None, "nonce": None} | changed,
        {"nonce": ""},
    )
    answer = Client(enforce_csrf_checks=True).post("/sign-in/ended/", {"logout_token": liar.token()})
    liar.claims = right
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code


def test_provider_ends_a_session_or_all_of_a_person(liar: Liar, kim: Any) -> None:
    first, second, own = Client(), Client(), Client()
    own.force_login(kim)
    for client, sid in ((first, "s1"), (second, "s2")):
        liar.claims = {"sid": sid}
        lied_to(client, liar)
    assert logged_out(liar, sid="s1") == 200
    assert [inside(one) for one in (first, second, own)] == [False, True, True]
    assert logged_out(liar, sid="s2", sub=None) == 200
    assert [inside(one) for one in (first, second, own)] == [False, False, True]
    for client in (first, second):
        lied_to(client, liar)
    assert logged_out(liar) == 200
    assert [inside(one) for one in (first, second, own)] == [False, False, True]  # the password's stays


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({}, "none"), ({}, "hmac"), ({}, "key"), ({"nonce": "x"}, ""), ({"events": None}, ""), ({"events": {}}, ""),
        ({"events": "x"}, ""), ({"aud": "other"}, ""), ({"iss": "https://other.example"}, ""), ({"iat": 1}, ""),
        ({"iat": "x"}, ""),
        ({"exp": 1}, ""), ({"sub": None}, ""), ({"sub": 5}, ""), ({"sub": "lee"}, "nobody"),
    ],
)  # fmt: skip
def test_false_words_of_an_end_sign_nobody_out(liar: Liar, kim: Any, changed: dict[str, Any], wrong: str) -> None:
    client = Client()
    lied_to(client, liar)
    liar.wrong = wrong
    assert logged_out(liar, **changed) == (200 if wrong == "nobody" else 400)
    assert inside(client)


def test_tokens_of_strangers_do_not_flood_the_provider(liar: Liar, kim: Any, settings: Any) -> None:
    client = Client()
    lied_to(client, liar)
    settings.LIMITS = settings.LIMITS | {"foreign": (2, 10**9)}
    before, liar.wrong, liar.asked = liar.keys_asked, "key", {"nonce": ""}
    for number in range(6):
        given = {"logout_token": liar.token()}
        assert Client(REMOTE_ADDR=f"192.0.2.{number}").post("/sign-in/ended/", given).status_code == 400
    assert liar.keys_asked - before == 2
    liar.wrong = ""
    assert logged_out(liar) == 200
    assert not inside(client)


def test_end_from_before_the_sign_in_does_not_count(liar: Liar, kim: Any) -> None:
    client = Client()
    lied_to(client, liar)
    assert logged_out(liar, iat=int(time.time()) - 60) == 200
    assert inside(client)
    for token in ("", "x", "a.b.c", "x" * 50_000):
        assert Client().post("/sign-in/ended/", {"logout_token": token}).status_code == 400
    assert Client().get("/sign-in/ended/").status_code == 405


def test_owner_without_a_password_closes_by_signing_in_there_anew(provider: str, kim: Any, factory: Any) -> None:
    Membership.objects.filter(user=kim).update(role=Role.OWNER)
    kim.set_unusable_password()
    kim.save()
    client = Client()
    come(client, "kim")
    page, confirm = (reverse(name, args=[factory.key]) for name in ("close", "close-confirm"))
    asked = client.post(page, {"name": factory.name}, follow=True)
    assert client.post(confirm, {"proof": ""}).status_code == 400  # an open browser is not enough
    way = asked.context["way"]
    assert "max_age=0" in client.get(way).headers["Location"]
    assert "prompt=login" in client.get(way).headers["Location"]
    assert Client().get(way).status_code == 404

    assert come(client, "kim", way).headers["Location"] == page
    shown = client.get(page).content.decode()
    assert 'name="proof"' not in shown
    assert client.post(confirm).status_code == 302
    assert "3. " in client.get(page).content.decode()
    assert not proving.is_fresh(client)  # used up


@pytest.mark.parametrize(("claims", "words"), [({"auth_time": 1}, "방금"), ({}, "방금"), ({"sub": "lee"}, "다른 사람")])
def test_stale_or_foreign_proof_is_none(liar: Liar, kim: Any, factory: Any, claims: dict[str, Any], words: str) -> None:
    kim.set_unusable_password()
    kim.save()
    client = Client()
    lied_to(client, liar)
    Membership.objects.filter(user=kim).update(role=Role.OWNER)
    page = client.post(reverse("close", args=[factory.key]), {"name": factory.name}, follow=True)
    liar.claims = {"auth_time": int(time.time())} | claims if claims else {}
    answer = client.get(f"/sign-in/back/?{liar.answer_to(client.get(page.context['way']).headers['Location'])}")
    assert (answer.status_code, words in answer.content.decode()) == (400, True)
    assert client.post(reverse("close-confirm", args=[factory.key])).status_code == 400


def test_identity_linked_in_an_open_browser_is_no_proof(liar: Liar, kim: Any, factory: Any) -> None:
    kim.set_unusable_password()
    kim.save()
    client = Client()
    lied_to(client, liar)
    Membership.objects.filter(user=kim).update(role=Role.OWNER)
    liar.claims = {"sub": "finder", "auth_time": int(time.time())}
    link = f"{WITH}?link={client.get('/account/').context['linking']}"
    client.get(f"/sign-in/back/?{liar.answer_to(client.get(link).headers['Location'])}")
    assert ForeignIdentity.objects.filter(user=kim).count() == 2
    page = client.post(reverse("close", args=[factory.key]), {"name": factory.name}, follow=True)
    answer = client.get(f"/sign-in/back/?{liar.answer_to(client.get(page.context['way']).headers['Location'])}")
    assert (answer.status_code, "뒤에 연결한 신원" in answer.content.decode()) == (400, True)
    assert client.post(reverse("close-confirm", args=[factory.key])).status_code == 400

    liar.claims = {"auth_time": int(time.time())}  # the owner's own
    way = client.get(reverse("close", args=[factory.key])).context["way"]
    client.get(f"/sign-in/back/?{liar.answer_to(client.get(way).headers['Location'])}")
    assert client.post(reverse("close-confirm", args=[factory.key])).status_code == 302


def test_account_that_is_switched_off_stays_out(liar: Liar, kim: Any) -> None:
    kim.is_active = False
    kim.save()
    answer = lied_to(Client(), liar)
    assert "꺼진 계정" in answer.content.decode()


def test_letter_confirms_the_address(factory: Any, member: Client, settings: Any, mailoutbox: Any) -> None:
    settings.SMTP, settings.PUBLIC_ADDRESS = {"host": "h"}, "https://portal.example"
    member.post("/account/", {"email": "kim@factory.example"})
    user = Membership.objects.get().user
    assert not identities.is_confirmed(user)
    link = mailoutbox[0].body.split("https://portal.example")[1].split()[0]
    assert Client().get(link[:-3] + "x/").status_code == 404
    assert member.get(link).status_code == 302
    user.refresh_from_db()
    assert identities.is_confirmed(user)
    member.post("/account/", {"email": "other@factory.example"})
    user.refresh_from_db()
    assert not identities.is_confirmed(user)
    assert member.get(link).status_code == 404  # the account's address is another one now
