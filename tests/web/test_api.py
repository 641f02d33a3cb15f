"""The open interface: keys and scopes, people's sessions, strangers, pages, problems, limits, and rubbish."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jasang.web.api import keys
from jasang.web.api.models import ApiKey
from jasang.web.floor.models import Finding
from jasang.web.tenants.models import AuditEvent, Role
from jasang.web.tenants.services import add_member, set_up_account, set_up_factory

from .conftest import PASSWORD

pytestmark = [pytest.mark.web, pytest.mark.django_db]
EVERY = ["factory:read", *(f"{area}:{deed}" for area in ("people", "floor", "webhooks") for deed in ("read", "write"))]


@pytest.fixture(autouse=True)
def fresh_minute() -> None:
    cache.clear()


@pytest.fixture
def owner(factory: Any) -> Any:
    user = set_up_account(user_name="owner", password=PASSWORD)[0]
    add_member(user=user, factory=factory, role=Role.OWNER)
    return user


def program(factory: Any, *scopes: str, by: Any = None) -> Client:
    _key, text = keys.make_key(factory=factory, name="p", scopes=scopes or EVERY, by=by)
    return Client(headers={"authorization": f"Bearer {text}", "accept-language": "en"})


def address(factory: Any, rest: str = "") -> str:
    return f"/api/1/factories/{factory.key}{rest}"


def sent(client: Client, path: str, body: Any, method: str = "post") -> Any:
    return getattr(client, method)(path, json.dumps(body), content_type="application/json")


def test_key_is_shown_once_and_kept_as_a_hash(factory: Any, owner: Any) -> None:
    client = Client()
    client.force_login(owner)
    page = client.post(reverse("api-keys", args=[factory.key]), {"name": "수집기", "scopes": ["floor:read"]})
    text = page.context["shown"]

    kept = ApiKey.objects.of(factory).get()
    assert text.startswith(f"jsk_{kept.prefix}_")
    assert text.rsplit("_", 1)[1] not in client.get(reverse("api-keys", args=[factory.key])).content.decode()
    assert kept.secret not in text
    assert AuditEvent.objects.get().action == "key"


def test_key_opens_its_own_factory_within_its_scopes(factory: Any, hand_over: Any) -> None:
    hand_over(factory)
    other = set_up_factory(name="다른 공장")
    client = program(factory, "floor:read")

    assert client.get(address(factory, "/findings")).status_code == 200
    assert client.get(address(factory, "/members")).status_code == 403
    assert client.get(address(other, "/findings")).status_code == 404
    assert client.get("/api/1/factories").json()["items"][0]["key"] == factory.key
    assert len(client.get("/api/1/factories").json()["items"]) == 1
    key = Finding.objects.of(factory).first().key
    assert program(other).get(address(other, f"/findings/{key}")).status_code == 404


def test_key_that_is_over_opens_nothing(factory: Any) -> None:
    key, text = keys.make_key(factory=factory, name="p", scopes=EVERY, by=None)
    client = Client(headers={"authorization": f"Bearer {text}"})
    assert client.get(address(factory)).status_code == 200
    assert ApiKey.objects.of(factory).get().last_used_at is not None

    _new, fresh = keys.rotate(key=key, by=None)
    assert client.get(address(factory)).status_code == 200  # both work for a while
    assert Client(headers={"authorization": f"Bearer {fresh}"}).get(address(factory)).status_code == 200
    ApiKey.objects.of(factory).filter(pk=key.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get(address(factory)).status_code == 401
    wrong = fresh[:-1] + ("a" if fresh[-1] != "a" else "b")
    assert Client(headers={"authorization": f"Bearer {wrong}"}).get(address(factory)).status_code == 401


def test_page_of_keys_is_for_owners(factory: Any, member: Client, stranger: Client) -> None:
    key, _ = keys.make_key(factory=factory, name="p", scopes=EVERY, by=None)
    for client in (member, stranger):
        assert client.get(reverse("api-keys", args=[factory.key])).status_code == 404
        for name in ("rotate-key", "end-key"):
            assert client.post(reverse(name, args=[factory.key, key.prefix])).status_code == 404


def test_session_reads_and_changes_only_with_the_token_of_a_form(factory: Any, owner: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)

    assert client.get(address(factory, "/members")).status_code == 200
    assert sent(client, address(factory, "/invitations"), {"role": "engineer"}).status_code == 403
    client.get(reverse("account"))
    token = client.cookies["csrftoken"].value
    answer = client.post(
        address(factory, "/invitations"),
        '{"role": "engineer"}',
        content_type="application/json",
        headers={"x-csrftoken": token},
    )
    assert answer.status_code == 201
    assert answer.json()["link"].startswith("http://testserver/invitation/")


def test_guest_is_written_down_and_engineer_may_not_see_people(factory: Any, member: Client) -> None:
    mentor = set_up_account(user_name="mentor", password=PASSWORD)[0]
    add_member(user=mentor, factory=factory, role=Role.MENTOR, until=timezone.now() + timedelta(days=1))
    client = Client()
    client.force_login(mentor)
    client.get(address(factory, "/findings"))

    event = AuditEvent.objects.get()
    assert (event.account, event.action, event.subject) == ("mentor", "read", address(factory, "/findings"))
    assert member.get(address(factory, "/members")).status_code == 403


def test_list_goes_on_by_cursor_and_rows_added_meanwhile_shift_nothing(factory: Any, hand_over: Any) -> None:
    for n in range(5):
        hand_over(factory, f"{n}.csv")
    client, seen, cursor = program(factory), [], ""
    while cursor is not None:
        answer = client.get(address(factory, "/diagnoses"), {"limit": 2, "cursor": cursor}).json()
        seen += [one["title"] for one in answer["items"]]
        cursor = answer["next"]
        if len(seen) == 2:
            hand_over(factory, "new.csv")

    assert seen == ["4.csv", "3.csv", "2.csv", "1.csv", "0.csv"]
    assert client.get(address(factory, "/diagnoses"), {"cursor": "no!"}).status_code == 422


def test_lists_take_the_same_number_of_queries_for_many_rows(
    factory: Any, hand_over: Any, django_assert_num_queries: Any
) -> None:
    client = program(factory)
    client.get(address(factory))
    for name in ("a.csv", "b.csv", "c.csv"):
        hand_over(factory, name)

    for rest, queries in (("/findings", 3), ("/diagnoses", 3), ("/lives", 3), ("/members", 3), ("/audit", 3)):
        with django_assert_num_queries(queries):
            assert client.get(address(factory, rest)).status_code == 200


def test_files_are_handed_over_and_findings_acted_on(factory: Any, owner: Any, hand_over: Any) -> None:
    client = program(factory, by=owner)
    made = client.post(address(factory, "/diagnoses"), {"files": SimpleUploadedFile("a.csv", b"a,b\n1,2\n")})
    assert (made.status_code, made.json()["state"], made.json()["title"]) == (201, "waiting", "a.csv")
    stopped = client.post(address(factory, f"/diagnoses/{made.json()['key']}/cancel")).json()
    assert stopped["state"] == "cancelled"
    refused = client.post(address(factory, "/diagnoses"), {"files": SimpleUploadedFile("a.exe", b"MZ")})
    assert refused.status_code == 422

    hand_over(factory)
    listed = client.get(address(factory, "/findings"), {"severity": "act"}).json()["items"]
    whole = client.get(address(factory, f"/findings/{listed[0]['key']}")).json()
    assert whole["document"]["rule"] == listed[0]["rule"]
    life = client.get(address(factory, "/lives")).json()["items"]
    if life:
        done = sent(client, address(factory, f"/lives/{life[0]['key']}/accept"), {}).json()
        assert (done["stage"], done["events"][0]["stage"]) == ("accepted", "accepted")


def test_problems_are_told_in_the_callers_language(factory: Any) -> None:
    client = program(factory)
    english = client.get("/api/1/nothing")
    korean = client.get("/api/1/nothing", headers={"accept-language": "ko"})

    assert english.headers["Content-Type"] == "application/problem+json"
    assert english.json()["title"] == "There is no such thing"
    assert korean.json()["title"] == "찾는 것이 없습니다"
    wrong = client.post(address(factory, "/invitations"), "{", content_type="application/json")
    assert (wrong.status_code, wrong.json()["status"]) == (400, 400)
    unfit = sent(client, address(factory, "/invitations"), {"role": "king"})
    assert (unfit.status_code, unfit.json()["errors"][0]["at"]) == (422, "body.given.role")
    for body in ('{"role": "engineer", "email": "\\u0000"}', '{"role": NaN}', '"\\ud800"', "[" * 100_000):
        assert client.post(address(factory, "/invitations"), body, content_type="application/json").status_code == 400


def test_bodies_that_are_too_large_or_broken_are_told_as_problems(factory: Any, owner: Any) -> None:
    client, there = program(factory, *EVERY, "center:write", by=owner), f"/api/1/factories/{factory.key}"
    for size in (2_900_000, 10_000_000):  # more than a body in memory, more than an upload
        for headers in ({}, {"idempotency-key": "a"}):
            body = json.dumps({"title": "x", "text": "y" * size})
            answer = client.post(f"{there}/cases", body, content_type="application/json", headers=headers)
            assert (answer.status_code, answer.headers["Content-Type"]) == (413, "application/problem+json")
    for kind in ("multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=x"):
        answer = client.generic("POST", f"{there}/diagnoses", b"no form", kind)
        assert (answer.status_code in (400, 422), answer.headers["Content-Type"]) == (True, "application/problem+json")
    for nothing in (f"{there}/notes?asset=a%00b", f"{there}/findings?%00=a"):  # PostgreSQL keeps no such sign
        assert client.get(nothing).status_code == 422
    assert client.post(f"{there}/diagnoses", {"files": "x", "a": "b\0"}).status_code == 422
    nowhere = client.get("/api/1/factories/%00/notes")
    assert (nowhere.status_code, nowhere.headers["Content-Type"]) == (404, "application/problem+json")
    assert Client().get("/f/%00/findings/").status_code == Client().get("/wall/%00/").status_code == 404
    fields = {f"f{number}": "x" for number in range(1100)}
    assert client.post(f"{there}/diagnoses", fields).status_code == 400
    assert client.post(f"{there}/cases", "[" * 100_000, content_type="application/json").status_code == 400


def test_more_calls_than_a_minute_may_have_wait(factory: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jasang.web.tenants.limits.time.time", lambda: 1_000_000.0)
    settings.API_CALLS_PER_MINUTE = 3
    client, other = program(factory), program(factory)

    assert [client.get(address(factory)).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert client.get(address(factory)).headers["Retry-After"] == "20"
    assert other.get(address(factory)).status_code == 200
    settings.API_WRONG_KEYS = 2
    guesser = Client(headers={"authorization": "Bearer jsk_x_y"})
    assert [guesser.get(address(factory)).status_code for _ in range(3)] == [401, 401, 429]
