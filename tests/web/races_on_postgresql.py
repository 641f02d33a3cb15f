"""Two requests at the same moment on everything that counts, limits or is good once: real threads, each with a connection.

On PostgreSQL only (`test_centre_on_postgresql.py` runs them): on SQLite one writer waits for the other anyway.
"""

import contextlib
import json
import threading
from collections.abc import Callable
from typing import Any

import pyotp
import pytest
from django.core.cache import cache
from django.db import DatabaseError, close_old_connections, connection
from django.test import Client

from jasang.errors import JasangError
from jasang.web.api import keys
from jasang.web.center.models import Case, Macro
from jasang.web.keeping import closing
from jasang.web.keeping.models import Closing
from jasang.web.tenants import people, second_factor
from jasang.web.tenants.models import Invitation, Membership, OrganisationKind, Role
from jasang.web.tenants.services import add_member, appoint, set_up_account, set_up_factory, set_up_organisation

from .centre_people import centre_for
from .conftest import PASSWORD

pytestmark = [pytest.mark.web, pytest.mark.django_db(transaction=True)]
USER = "urn:ietf:params:scim:schemas:core:2.0:User"


@pytest.fixture(autouse=True)
def fresh_minute() -> None:
    cache.clear()
    assert connection.vendor == "postgresql", "run by test_centre_on_postgresql.py"


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """What each deed gives, or the fault that it raises; all begin together."""
    gate, given = threading.Barrier(len(deeds)), [None] * len(deeds)

    def run(number: int, deed: Callable[[], Any]) -> None:
        try:
            gate.wait(timeout=60)
            given[number] = deed()
        except (JasangError, DatabaseError) as fault:
            given[number] = fault
        finally:
            close_old_connections()
            connection.close()

    threads = [threading.Thread(target=run, args=(number, deed)) for number, deed in enumerate(deeds)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=120)
    return given


def account(name: str) -> Any:
    return set_up_account(user_name=name, password=PASSWORD)[0]


def calling(text: str, **headers: str) -> Client:
    return Client(headers={"authorization": f"Bearer {text}"} | headers)


def send(client: Client, method: str, path: str, body: Any) -> Callable[[], tuple[int, Any]]:
    def deed() -> tuple[int, Any]:
        answer = client.generic(method, path, json.dumps(body), "application/json")
        return answer.status_code, answer.json() if answer.content else None

    return deed


@pytest.mark.parametrize("names", [("lee", "lee"), ("Lee", "lEE")])
def test_of_two_accounts_of_one_name_one_is_made(names: tuple[str, str]) -> None:
    coop = set_up_organisation(name="금형조합", kind=OrganisationKind.COOPERATIVE)
    _key, text = keys.make_key(organisation=coop, name="d", scopes=["scim"], by=None)
    calling(text).get("/scim/2.0/Groups")
    for turn in range(3):
        bodies = [{"schemas": [USER], "userName": f"{name}{turn}"} for name in names]
        told = at_once(*(send(calling(text), "POST", "/scim/2.0/Users", body) for body in bodies))
        assert sorted(status for status, _ in told) == [201, 409], told
        group = send(calling(text), "POST", "/scim/2.0/Groups", {"displayName": f"g{turn}"})
        assert sorted(status for status, _ in at_once(group, group)) == [201, 409]


def test_of_two_with_one_link_one_comes_in() -> None:
    factory = set_up_factory(name="대한정밀")
    owner, first, second = (account(name) for name in ("owner", "first", "second"))
    add_member(user=owner, factory=factory, role=Role.OWNER)
    _one, token = people.invite(by=owner, role=Role.ENGINEER, factory=factory)
    told = at_once(*(lambda user=user: people.join(token=token, user=user) for user in (first, second)))
    assert sorted(type(one) for one in told if not isinstance(one, Invitation)) == [people.PeopleError]
    assert Membership.objects.filter(factory=factory).count() == 2


def test_of_two_owners_who_leave_one_stays() -> None:
    factory = set_up_factory(name="대한정밀")
    for name in ("a", "b"):
        add_member(user=account(name), factory=factory, role=Role.OWNER)
    rows = list(Membership.objects.filter(factory=factory).select_related("factory", "user"))
    told = at_once(*(lambda row=row: people.remove_member(membership=row, by=row.user) for row in rows))
    assert [type(one) for one in told if one is not None] == [people.PeopleError]
    assert Membership.objects.filter(factory=factory, role=Role.OWNER).count() == 1


def test_closing_that_is_asked_twice_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    factory = set_up_factory(name="대한정밀")
    owner = account("owner")
    add_member(user=owner, factory=factory, role=Role.OWNER)
    both, look = threading.Barrier(2), closing.open_closing

    def looking(one: Any) -> Any:
        found = look(one)
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(timeout=0.5)  # for the other one, who looks too unless it is made to wait
        return found

    monkeypatch.setattr(closing, "open_closing", looking)
    told = at_once(*[lambda: closing.ask(factory=factory, by=owner, name="대한정밀").pk] * 2)
    assert set(told) == {Closing.objects.of(factory).get().pk}


def test_a_code_counts_once() -> None:
    user = account("kim")
    factor = second_factor.begin(user=user)
    codes = second_factor.confirm(user=user, code=pyotp.TOTP(factor.secret).now())
    assert codes is not None
    assert sorted(at_once(*[lambda: second_factor.check(user=user, code=codes[0])] * 2)) == [False, True]
    factor.refresh_from_db()
    ahead = pyotp.HOTP(factor.secret).at(second_factor.step_now() + 1)
    assert sorted(at_once(*[lambda: second_factor.check(user=user, code=ahead)] * 2)) == [False, True]


def test_same_call_twice_at_once_does_its_work_once() -> None:
    factory = set_up_factory(name="대한정밀")
    centre_for(factory)
    owner = account("owner")
    add_member(user=owner, factory=factory, role=Role.OWNER)
    _key, text = keys.make_key(factory=factory, name="k", scopes=["center:write", "people:write"], by=owner)
    client = calling(text, **{"idempotency-key": "once"})
    case = send(client, "POST", f"/api/1/factories/{factory.key}/cases", {"title": "하나", "text": "한 번만"})
    told = at_once(case, case, case)
    assert [status for status, _ in told] == [201] * 3, told
    assert len({one["key"] for _, one in told}) == Case.objects.of(factory).count() == 1


def test_of_two_changes_with_one_tag_one_is_made() -> None:
    factory = set_up_factory(name="대한정밀")
    centre = centre_for(factory)
    lead = account("lead")
    appoint(user=lead, organisation=centre.parent, role=Role.PROGRAMME_OPERATOR)
    _key, text = keys.make_key(organisation=centre, name="k", scopes=["center:read", "center:write"], by=lead)
    base = f"/api/1/organisations/{centre.key}/ready-answers"
    words = {"name": "인사", "text_ko": "안녕하세요", "text_en": "Hello"}
    status, made = send(calling(text), "POST", base, words)()
    assert status == 201, made
    for turn in range(3):
        tag = calling(text).get(f"{base}/{made['key']}").headers["ETag"]
        told = at_once(
            *(
                send(
                    calling(text, **{"if-match": tag}),
                    "PUT",
                    f"{base}/{made['key']}",
                    words | {"text_ko": f"{turn} {one}"},
                )
                for one in "ab"
            )
        )
        assert sorted(status for status, _ in told) == [200, 412], told
        winner = next(one for status, one in told if status == 200)
        assert Macro.objects.of(centre).get().text_ko == winner["text_ko"]
