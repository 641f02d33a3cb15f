"""SCIM: every check of scim2-tester, and what a directory may do to whom."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core import signals
from django.core.handlers.wsgi import WSGIHandler
from django.db import close_old_connections
from django.db.models import QuerySet
from django.test import Client
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import Status, check_server

from jasang.web.api import keys
from jasang.web.provisioning.models import ProvisionedGroup, ProvisionedPerson
from jasang.web.tenants import identities, second_factor
from jasang.web.tenants import people as invitations
from jasang.web.tenants.models import AuditEvent, ConfirmedEmail, OrganisationKind, Post, Role
from jasang.web.tenants.services import add_member, appoint, set_up_account, set_up_organisation

from .conftest import PASSWORD

pytestmark = [pytest.mark.web, pytest.mark.django_db]
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


@pytest.fixture
def coop(db: None) -> Any:
    operator = set_up_organisation(name="운영기관", kind=OrganisationKind.OPERATOR)
    return set_up_organisation(name="금형조합", kind=OrganisationKind.COOPERATIVE, parent=operator)


class Directory:
    """An organisation's directory with a key."""

    def __init__(self, organisation: Any, *scopes: str) -> None:
        self.organisation = organisation
        _key, self.text = keys.make_key(organisation=organisation, name="d", scopes=scopes or ["scim"], by=None)
        self.client = Client(headers={"authorization": f"Bearer {self.text}"})

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        data = "" if body is None else json.dumps(body)
        call = getattr(self.client, method)
        if method == "get":
            return call(f"/scim/2.0/{path}", headers={name.replace("_", "-"): value for name, value in headers.items()})
        return call(
            f"/scim/2.0/{path}", data, content_type="application/scim+json",
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )  # fmt: skip

    def add(self, who: str, **more: Any) -> Any:
        return self.send("post", "Users", {"schemas": [USER], "userName": who} | more)

    def patch(self, path: str, *operations: dict[str, Any], **headers: str) -> Any:
        return self.send("patch", path, {"schemas": [PATCH], "Operations": list(operations)}, **headers)

    def found(self, path: str, query: str) -> list[str]:
        answer = self.client.get(f"/scim/2.0/{path}", {"filter": query})
        assert answer.status_code == 200, answer.content
        return [one.get("userName") or one["displayName"] for one in answer.json()["Resources"]]

    def role(self, role: str) -> str:
        [one] = self.client.get("/scim/2.0/Groups", {"filter": f'displayName eq "{role}"'}).json()["Resources"]
        return str(one["id"])


@pytest.fixture
def directory(coop: Any) -> Directory:
    return Directory(coop)


@pytest.fixture
def one_connection() -> Iterator[None]:
    """The server of a test works in the test's own transaction: it must not hang up after each request."""
    for signal in (signals.request_started, signals.request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (signals.request_started, signals.request_finished):
        signal.connect(close_old_connections)


def test_every_check_of_scim2_tester_passes(directory: Directory, one_connection: None) -> None:
    client = WSGISCIMClient(
        WSGIHandler(),
        base_url="http://testserver/scim/2.0",
        environ={"HTTP_AUTHORIZATION": f"Bearer {directory.text}"},
    )
    results = check_server(client)
    bad = [one for one in results if one.status in (Status.ERROR, Status.CRITICAL, Status.DEVIATION, Status.SKIPPED)]
    assert [(one.resource_type, one.title, one.status.name, str(one.reason)) for one in bad] == []
    assert len(results) >= 80
    assert {one.resource_type for one in results} == {None, "User", "Group"}


def test_descriptions_are_complete(directory: Directory) -> None:
    told = Client().get("/scim/2.0/ServiceProviderConfig").json()
    assert told["patch"]["supported"] is told["filter"]["supported"] is told["etag"]["supported"] is True
    assert told["bulk"]["supported"] is False
    kinds = directory.send("get", "ResourceTypes").json()["Resources"]
    assert [(one["id"], one["endpoint"]) for one in kinds] == [("User", "/Users"), ("Group", "/Groups")]
    schemas = {one["id"] for one in directory.send("get", "Schemas").json()["Resources"]}
    assert {USER, GROUP} <= schemas
    assert directory.send("get", f"Schemas/{USER}").json()["id"] == USER
    assert directory.send("get", "Schemas/urn:none").status_code == 404
    assert directory.client.get("/scim/2.0/Schemas", {"filter": "a"}).status_code == 403


def test_person_of_the_directory_signs_in_with_its_password(directory: Directory) -> None:
    made = directory.add(
        "lee@coop.example",
        password="a-long-enough-one",
        name={"givenName": "민수", "familyName": "이"},
        emails=[{"value": "x@a.example"}, {"value": "lee@coop.example", "primary": True}],
        externalId="42",
    )
    assert made.status_code == 201
    assert made.headers["Content-Type"].startswith("application/scim+json")
    body = made.json()
    assert made.headers["Location"] == body["meta"]["location"] == f"http://testserver/scim/2.0/Users/{body['id']}"
    assert made.headers["ETag"] == body["meta"]["version"]
    assert "password" not in body
    assert Client().login(username="lee@coop.example", password="a-long-enough-one")
    user = get_user_model().objects.get(username="lee@coop.example")
    assert (user.email, user.last_name, user.confirmed_email.email) == ("lee@coop.example", "이", "lee@coop.example")
    assert directory.add("LEE@coop.example").json()["scimType"] == "uniqueness"
    assert directory.add("short", password="abc").json()["scimType"] == "invalidValue"


def test_switching_off_ends_sign_ins_and_keys_at_once(directory: Directory, factory: Any) -> None:
    person = directory.add("lee", active=True).json()
    user = get_user_model().objects.get(username="lee")
    appoint(user=user, organisation=directory.organisation, role=Role.COOP_OPERATOR)
    add_member(user=user, factory=factory)
    browser = Client()
    browser.force_login(user)
    _key, text = keys.make_key(factory=factory, name="k", scopes=["factory:read"], by=user)
    program = Client(headers={"authorization": f"Bearer {text}"})
    assert browser.get("/account/").status_code == program.get("/api/1/factories").status_code == 200

    off = directory.patch(f"Users/{person['id']}", {"op": "Replace", "path": "active", "value": False})
    assert off.json()["active"] is False
    assert browser.get("/account/").status_code == 302
    assert second_factor.sign_ins(user) == []
    assert program.get("/api/1/factories").status_code == 401
    again = directory.patch(f"Users/{person['id']}", {"op": "replace", "value": {"active": True}})
    assert again.json()["active"] is True
    assert Post.objects.get(user=user).role == Role.COOP_OPERATOR  # the role waited, the old key does not come back
    assert program.get("/api/1/factories").status_code == 401


def test_deleted_person_comes_back_as_the_same_account(directory: Directory) -> None:
    first = directory.add("lee").json()
    group = directory.role("mentor")
    directory.patch(f"Groups/{group}", {"op": "add", "path": "members", "value": [{"value": first["id"]}]})
    number = get_user_model().objects.get(username="lee").pk
    assert directory.send("delete", f"Users/{first['id']}").status_code == 204
    assert directory.send("get", f"Users/{first['id']}").status_code == 404
    user = get_user_model().objects.get(pk=number)
    assert (user.is_active, Post.objects.count()) == (False, 0)
    assert directory.add("lee").status_code == 201
    user.refresh_from_db()
    assert user.is_active


def test_groups_of_roles_are_posts(directory: Directory) -> None:
    lee, kim = directory.add("lee").json()["id"], directory.add("kim").json()["id"]
    group = directory.role("mentor")
    members = [{"value": lee}, {"value": kim}]
    told = directory.patch(f"Groups/{group}", {"op": "add", "path": "members", "value": members}).json()
    assert {one["value"] for one in told["members"]} == {lee, kim}
    assert set(Post.objects.values_list("user__username", "role")) == {("lee", "mentor"), ("kim", "mentor")}
    shown = directory.send("get", f"Users/{lee}").json()
    assert [(one["value"], one["display"]) for one in shown["groups"]] == [(group, "mentor")]

    directory.patch(f"Groups/{group}", {"op": "remove", "path": f'members[value eq "{lee}"]'})
    assert list(Post.objects.values_list("user__username", flat=True)) == ["kim"]
    directory.patch(
        f"Groups/{group}", {"op": "remove", "path": "members", "value": [{"value": kim}]}
    )  # as Entra says it
    assert not Post.objects.exists()
    assert directory.send("delete", f"Groups/{group}").json()["scimType"] == "mutability"
    renamed = {"schemas": [GROUP], "displayName": "boss"}
    assert directory.send("put", f"Groups/{group}", renamed).json()["scimType"] == "mutability"
    assert directory.send("post", "Groups", renamed | {"displayName": "Mentor"}).status_code == 409
    ghost = {"op": "add", "path": "members", "value": [{"value": "nobody"}]}
    assert directory.patch(f"Groups/{group}", ghost).json()["scimType"] == "invalidValue"


def test_own_group_of_the_directory_gives_nothing(directory: Directory) -> None:
    lee = directory.add("lee").json()["id"]
    made = directory.send("post", "Groups", {"schemas": [GROUP], "displayName": "창원", "members": [{"value": lee}]})
    assert made.status_code == 201
    assert [one["display"] for one in directory.send("get", f"Users/{lee}").json()["groups"]] == ["창원"]
    assert not Post.objects.exists()
    assert directory.send("delete", f"Groups/{made.json()['id']}").status_code == 204
    assert "groups" not in directory.send("get", f"Users/{lee}").json()


def test_person_who_was_there_before_keeps_the_account(directory: Directory) -> None:
    user = set_up_account(user_name="park", password=PASSWORD)[0]
    appoint(user=user, organisation=directory.organisation, role=Role.COOP_OPERATOR)
    browser = Client()
    browser.force_login(user)
    [key] = [one["id"] for one in directory.send("get", "Users").json()["Resources"]]
    for change in ({"userName": "mine"}, {"emails": [{"value": "mine@evil.example"}]}, {"password": "taken-over-now"}):
        answer = directory.patch(f"Users/{key}", {"op": "replace", "value": change})
        assert answer.json()["scimType"] == "mutability", change
    assert Client().login(username="park", password=PASSWORD)
    assert directory.patch(f"Users/{key}", {"op": "replace", "path": "externalId", "value": "7"}).status_code == 200

    assert directory.patch(f"Users/{key}", {"op": "replace", "path": "active", "value": False}).status_code == 200
    assert not Post.objects.filter(user=user).exists()
    assert browser.get("/account/").status_code == 302
    assert Client().login(username="park", password=PASSWORD)  # the account is the person's own


def joined(user: Any, factory: Any) -> bool:
    owner = set_up_account(user_name="owner", password=PASSWORD)[0]
    add_member(user=owner, factory=factory, role=Role.OWNER)
    _one, token = invitations.invite(by=owner, factory=factory, role=Role.ENGINEER)
    try:
        invitations.join(token=token, user=user)
    except invitations.PeopleError:
        return False
    return True


def test_password_of_the_directory_opens_nothing_outside_of_the_organisation(
    directory: Directory, factory: Any
) -> None:
    made = directory.add("lee", password="a-long-enough-one").json()
    user = get_user_model().objects.get(username="lee")
    assert not joined(user, factory)
    browser = Client()
    browser.login(username="lee", password="a-long-enough-one")
    fresh = {"old_password": "a-long-enough-one", "new_password1": PASSWORD, "new_password2": PASSWORD}
    assert browser.post("/password/", fresh).status_code == 302
    user.refresh_from_db()
    assert joined(user, factory)

    for change in ({"password": "a-long-enough-one"}, {"userName": "mine"}, {"emails": [{"value": "x@evil.example"}]}):
        answer = directory.patch(f"Users/{made['id']}", {"op": "replace", "value": change})
        assert (answer.status_code, answer.json()["scimType"]) == (400, "mutability"), change
    assert Client().login(username="lee", password=PASSWORD)
    assert directory.patch(f"Users/{made['id']}", {"op": "replace", "value": {"title": "반장"}}).status_code == 200
    assert directory.patch(f"Users/{made['id']}", {"op": "replace", "value": {"active": False}}).status_code == 200
    user.refresh_from_db()
    assert not user.is_active


def test_another_address_ends_what_the_reader_of_the_former_one_may_have_set(
    directory: Directory, factory: Any
) -> None:
    made = directory.add("lee", emails=[{"value": "mine@coop.example"}]).json()
    user = get_user_model().objects.get(username="lee")
    user.set_password(PASSWORD)  # by the letter to the former address
    user.save()
    user.foreign_identities.create(issuer="https://a.example", subject="1")
    change = {"op": "replace", "value": {"emails": [{"value": "victim@other.example"}]}}
    assert directory.patch(f"Users/{made['id']}", change).status_code == 200
    assert not user.foreign_identities.exists()
    assert not joined(user, factory)


def test_directory_cannot_confirm_an_address_that_is_anothers(directory: Directory) -> None:
    park = set_up_account(user_name="park", password=PASSWORD)[0]
    identities.confirm(user=park, email="park@a.example")
    directory.add("lee", emails=[{"value": "PARK@a.example"}])
    assert [one.user for one in ConfirmedEmail.objects.all()] == [park]
    directory.add("kim", emails=[{"value": "kim@a.example"}])
    assert ConfirmedEmail.objects.filter(user__username="kim", email="kim@a.example").exists()


@pytest.mark.parametrize(
    "address", ["a@b.example\nBcc: x@evil.example", "kein", "a b@c.example", "@", "a@b\r\n.example"]
)
def test_directory_tells_addresses_only(directory: Directory, address: str) -> None:
    assert directory.add("lee", emails=[{"value": address}]).json()["scimType"] == "invalidValue"
    assert not get_user_model().objects.filter(username="lee").exists()


def test_name_that_is_taken_at_the_last_moment_is_told_as_taken(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another directory's person of this name came between the look and the writing."""
    first = directory.add("lee")
    seen = QuerySet.first
    monkeypatch.setattr(QuerySet, "first", lambda rows: None if rows.model is get_user_model() else seen(rows))
    late = directory.add("lee")
    assert (first.status_code, late.status_code, late.json()["scimType"]) == (201, 409, "uniqueness")


def test_key_of_somebody_who_left_the_programme_provisions_nobody(coop: Any) -> None:
    boss = set_up_account(user_name="boss", password=PASSWORD)[0]
    post = appoint(user=boss, organisation=coop.parent, role=Role.PROGRAMME_OPERATOR)
    _key, text = keys.make_key(organisation=coop, name="d", scopes=["scim"], by=boss)
    client = Client(headers={"authorization": f"Bearer {text}"})
    assert client.get("/scim/2.0/Users").status_code == 200
    appoint(user=boss, organisation=coop, role=Role.COOP_OPERATOR)
    post.delete()
    assert client.get("/scim/2.0/Users").status_code == 403


def test_post_taken_by_the_directory_takes_its_invitations_along(directory: Directory) -> None:
    lee = directory.add("lee").json()["id"]
    group = directory.role("coop_operator")
    directory.patch(f"Groups/{group}", {"op": "add", "path": "members", "value": [{"value": lee}]})
    user = get_user_model().objects.get(username="lee")
    invitations.invite(by=user, organisation=directory.organisation, role=Role.COOP_OPERATOR)
    directory.patch(f"Groups/{group}", {"op": "remove", "path": f'members[value eq "{lee}"]'})
    assert not invitations.open_invitations(organisation=directory.organisation).exists()


def test_filters_sorting_and_pages(directory: Directory) -> None:
    for number in range(5):
        directory.add(f"p{number}", title="용접" if number % 2 else "사출", externalId=str(number))
    assert directory.found("Users", 'userName eq "P3"') == ["p3"]
    assert directory.found("Users", 'externalId eq "4"') == ["p4"]
    assert directory.found("Users", 'title co "용" and not (userName sw "p1")') == ["p3"]
    assert directory.found("Users", 'title pr and (userName eq "p0" or userName eq "p1")') == ["p0", "p1"]
    answer = directory.client.get(
        "/scim/2.0/Users", {"sortBy": "userName", "sortOrder": "descending", "startIndex": 2, "count": 2}
    )
    page = answer.json()
    assert [one["userName"] for one in page["Resources"]] == ["p3", "p2"]
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (5, 2, 2)
    assert directory.client.get("/scim/2.0/Users", {"count": 0}).json()["totalResults"] == 5
    assert directory.client.get("/scim/2.0/Users", {"filter": "userName eq"}).json()["scimType"] == "invalidFilter"
    only = directory.client.get("/scim/2.0/Users", {"attributes": "userName"}).json()["Resources"][0]
    assert set(only) == {"schemas", "id", "userName"}
    searched = directory.send("post", ".search", {"schemas": [SEARCH], "filter": 'userName eq "p1"'})
    assert [one["userName"] for one in searched.json()["Resources"]] == ["p1"]


def test_versions_keep_two_directories_from_overwriting_each_other(directory: Directory) -> None:
    path = f"Users/{directory.add('lee').json()['id']}"
    version = directory.send("get", path).headers["ETag"]
    assert directory.send("get", path, If_None_Match=version).status_code == 304
    change = {"op": "replace", "path": "title", "value": "반장"}
    assert directory.patch(path, change, If_Match=version).headers["ETag"] != version
    assert directory.patch(path, change, If_Match=version).status_code == 412
    assert directory.send("delete", path, If_Match=version).status_code == 412
    assert directory.send("get", path, If_None_Match=version).status_code == 200


def test_change_begins_with_the_row_held(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    held, hold = [], QuerySet.select_for_update

    def noted(rows: Any, *more: Any, **options: Any) -> Any:
        held.append(rows.model)
        return hold(rows, *more, **options)

    key, person = directory.role("judge"), directory.add("lee").json()["id"]
    monkeypatch.setattr(QuerySet, "select_for_update", noted)
    assert directory.send("get", f"Groups/{key}").status_code == 200
    assert held == []
    directory.patch(f"Groups/{key}", {"op": "add", "path": "members", "value": [{"value": person}]})
    assert (held, Post.objects.get().user.get_username()) == ([ProvisionedGroup], "lee")


def test_strangers_and_weak_keys_stay_out(directory: Directory, coop: Any, factory: Any) -> None:
    person, group = directory.add("lee").json()["id"], directory.role("mentor")
    other = Directory(coop.parent)
    weak = Directory(coop, "people:read")
    _key, text = keys.make_key(factory=factory, name="f", scopes=["factory:read"], by=None)
    weak_factory = Client(headers={"authorization": f"Bearer {text}"})
    assert other.send("get", "Users").json()["totalResults"] == 0
    for path in (f"Users/{person}", f"Groups/{group}"):
        for method in ("get", "put", "patch", "delete"):
            assert other.send(method, path, {}).status_code == 404
            assert weak.send(method, path, {}).status_code == 403
            assert getattr(weak_factory, method)(f"/scim/2.0/{path}").status_code == 403
            assert getattr(Client(), method)(f"/scim/2.0/{path}").status_code == 401
    stolen = {"schemas": [GROUP], "displayName": "g", "members": [{"value": person}]}
    assert other.send("post", "Groups", stolen).json()["scimType"] == "invalidValue"
    assert get_user_model().objects.get(username="lee").is_active
    assert other.add("lee").status_code == 409  # no account of another organisation is taken over
    assert AuditEvent.objects.filter(action="scim-add").count() == 1


@pytest.mark.parametrize(
    "body", ["", "[]", "{", "null", '{"schemas": 1}', '{"userName": "a\\u0000b"}', '"x"', "[" * 9999]
)
def test_rubbish_is_told_in_scims_own_words(directory: Directory, body: str) -> None:
    for method, path in (
        ("post", "Users"),
        ("post", "Groups"),
        ("post", ".search"),
        ("put", f"Groups/{directory.role('mentor')}"),
    ):
        answer = getattr(directory.client, method)(f"/scim/2.0/{path}", body, content_type="application/scim+json")
        assert answer.status_code == 400, (path, answer.content)
        assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]


def test_lists_ask_the_database_a_fixed_number_of_times(directory: Directory, django_assert_num_queries: Any) -> None:
    mentor = directory.role("mentor")

    def asked() -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as caught:
            assert directory.send("get", "Users").status_code == directory.send("get", "Groups").status_code == 200
        return len(caught)

    one = [{"value": directory.add("a0").json()["id"]}]
    directory.patch(f"Groups/{mentor}", {"op": "add", "path": "members", "value": one})
    directory.send("get", "Users")
    few = asked()
    more = [{"value": directory.add(f"b{number}").json()["id"]} for number in range(8)]
    directory.patch(f"Groups/{mentor}", {"op": "add", "path": "members", "value": more})
    assert asked() == few
    assert ProvisionedPerson.objects.of(directory.organisation).count() == 9
