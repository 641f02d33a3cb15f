"""Keys of an organisation: who makes them, what they open, and that they end with the person who made them."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jasang.web.api import keys
from jasang.web.api.models import ApiKey
from jasang.web.tenants import people
from jasang.web.tenants.models import AuditEvent, OrganisationKind, Role
from jasang.web.tenants.services import add_member, appoint, set_up_account, set_up_factory, set_up_organisation

from .conftest import PASSWORD

pytestmark = [pytest.mark.web, pytest.mark.django_db]


@pytest.fixture
def tree(db: None) -> Any:
    operator = set_up_organisation(name="운영기관", kind=OrganisationKind.OPERATOR)
    return operator, set_up_organisation(name="금형조합", kind=OrganisationKind.COOPERATIVE, parent=operator)


def staff(name: str, organisation: Any, role: Role) -> Client:
    user = set_up_account(user_name=name, password=PASSWORD)[0]
    appoint(user=user, organisation=organisation, role=role)
    client = Client()
    client.force_login(user)
    return client


def calling(text: str) -> Client:
    return Client(headers={"authorization": f"Bearer {text}"})


def test_key_is_made_on_the_page_and_shown_once(tree: Any) -> None:
    operator, coop = tree
    client, page = staff("op", operator, Role.PROGRAMME_OPERATOR), reverse("organisation-keys", args=[coop.key])
    text = client.post(page, {"name": "인사 시스템", "scopes": ["scim", "people:read"]}).context["shown"]

    kept = ApiKey.objects.of_organisation(coop).get()
    assert text.startswith(f"jsk_{kept.prefix}_")
    assert keys.key_of(text) == kept
    assert kept.scopes == ["people:read", "scim"]
    again = client.get(page).content.decode()
    assert "인사 시스템" in again
    assert text.rsplit("_", 1)[1] not in again
    assert list(AuditEvent.objects.values_list("action", "organisation")) == [("key", coop.pk)]


def test_both_keys_work_for_a_while_after_a_rotation(tree: Any) -> None:
    operator, coop = tree
    client = staff("op", operator, Role.PROGRAMME_OPERATOR)
    older, text = keys.make_key(organisation=coop, name="a", scopes=["organisation:read"], by=None)
    fresh = client.post(reverse("organisation-rotate-key", args=[coop.key, older.prefix])).context["shown"]

    assert keys.key_of(text) == older
    assert keys.key_of(fresh).scopes == ["organisation:read"]
    end = ApiKey.objects.of_organisation(coop).get(pk=older.pk).expires_at
    assert timedelta(days=6) < end - timezone.now() <= timedelta(days=keys.OVERLAP_DAYS)
    assert keys.key_of(fresh).last_used_at is not None
    client.post(reverse("organisation-end-key", args=[coop.key, older.prefix]))
    assert keys.key_of(text) is None


def test_staff_of_a_cooperative_gives_no_key_that_lets_people_in(tree: Any) -> None:
    operator, coop = tree
    client, page = staff("coop", coop, Role.COOP_OPERATOR), reverse("organisation-keys", args=[coop.key])
    for scope in ("scim", "audit:read"):
        assert client.post(page, {"name": "a", "scopes": [scope]}).status_code == 400
    assert client.post(page, {"name": "a", "scopes": ["people:read"]}).status_code == 200
    strong, _ = keys.make_key(organisation=coop, name="s", scopes=["scim"], by=None)
    for name in ("organisation-rotate-key", "organisation-end-key"):
        assert client.post(reverse(name, args=[coop.key, strong.prefix])).status_code == 404
        assert client.post(reverse(name, args=[operator.key, strong.prefix])).status_code == 404


def test_strangers_find_no_page_of_keys(tree: Any, stranger: Client) -> None:
    operator, coop = tree
    key, _ = keys.make_key(organisation=coop, name="s", scopes=["scim"], by=None)
    for client in (stranger, staff("judge", operator, Role.JUDGE), staff("auditor", coop, Role.AUDITOR)):
        assert client.get(reverse("organisation-keys", args=[coop.key])).status_code == 404
        for name in ("organisation-rotate-key", "organisation-end-key"):
            assert client.post(reverse(name, args=[coop.key, key.prefix])).status_code == 404


def test_organisations_key_sees_the_names_of_its_factories_but_none_of_their_data(tree: Any) -> None:
    _operator, coop = tree
    below, other = set_up_factory(name="대한정밀"), set_up_factory(name="다른 공장")
    below.organisation = coop
    below.save()
    _, text = keys.make_key(organisation=coop, name="a", scopes=["factory:read", "center:read"], by=None)
    _, blind = keys.make_key(organisation=coop, name="b", scopes=["organisation:read"], by=None)

    assert [one["name"] for one in calling(text).get("/api/1/factories").json()["items"]] == ["대한정밀"]
    assert calling(blind).get("/api/1/factories").json()["items"] == []
    for one in (below, other):
        for rest in ("", "/findings", "/members"):
            assert calling(text).get(f"/api/1/factories/{one.key}{rest}").status_code == 404


def test_key_ends_with_the_account_that_made_it(tree: Any, factory: Any) -> None:
    _operator, coop = tree
    user = set_up_account(user_name="op", password=PASSWORD)[0]
    appoint(user=user, organisation=coop, role=Role.COOP_OPERATOR)
    add_member(user=user, factory=factory, role=Role.OWNER)
    _, first = keys.make_key(organisation=coop, name="a", scopes=["organisation:read"], by=user)
    _, second = keys.make_key(factory=factory, name="b", scopes=["factory:read"], by=user)
    user.is_active = False
    user.save()
    assert keys.key_of(first) is keys.key_of(second) is None
    user.is_active = True
    user.save()
    assert keys.end_keys_of(user=user, by=None, organisation=coop) == 1
    assert keys.key_of(first) is None
    assert keys.key_of(second) is not None
    assert keys.end_keys_of(user=user, by=None) == 1
    assert keys.key_of(second) is None


def test_key_does_nothing_once_its_maker_has_left_its_place(tree: Any, factory: Any, teammate: Client) -> None:
    _operator, coop = tree
    for name in ("owner", "other"):
        add_member(user=set_up_account(user_name=name, password=PASSWORD)[0], factory=factory, role=Role.OWNER)
    owner, clerk = (set_up_account(user_name=name, password=PASSWORD)[0] for name in ("owner", "clerk"))
    post = appoint(user=clerk, organisation=coop, role=Role.COOP_OPERATOR)
    ours, first = keys.make_key(factory=factory, name="a", scopes=["people:read", "factory:read"], by=owner)
    _, second = keys.make_key(organisation=coop, name="b", scopes=["organisation:read"], by=clerk)
    there = f"/api/1/factories/{factory.key}"
    assert calling(first).get(f"{there}/members").status_code == calling(first).get(there).status_code == 200

    people.change_role(membership=owner.memberships.get(), role=Role.OPERATOR, by=owner)
    assert calling(first).get(f"{there}/members").status_code == 403  # owners' alone
    assert calling(first).get(there).status_code == 200
    people.remove_member(membership=owner.memberships.get(), by=None)
    people.remove_post(post=post, by=clerk)
    assert calling(first).get(there).status_code == 401
    assert calling(second).get("/api/1/organisations").status_code == 401

    other = Client()
    other.force_login(set_up_account(user_name="other", password=PASSWORD)[0])
    page = other.get(reverse("api-keys", args=[factory.key])).content.decode()
    assert "owner 님이 나가서" in page
    fresh = other.post(reverse("rotate-key", args=[factory.key, ours.prefix])).context["shown"]
    assert calling(fresh).get(f"{there}/members").status_code == 200


def test_key_of_a_cooperative_shows_nothing_that_its_staff_does_not_see(tree: Any) -> None:
    operator, coop = tree
    clerk, chief = (set_up_account(user_name=name, password=PASSWORD)[0] for name in ("clerk", "chief"))
    appoint(user=clerk, organisation=coop, role=Role.COOP_OPERATOR)
    appoint(user=chief, organisation=operator, role=Role.PROGRAMME_OPERATOR)
    scopes = ["programme:read", "organisation:read"]
    _, theirs = keys.make_key(organisation=coop, name="a", scopes=scopes, by=clerk)
    _, ours = keys.make_key(organisation=coop, name="b", scopes=scopes, by=chief)
    here = f"/api/1/organisations/{coop.key}"
    for rest in ("/judgings", "/applications", "/payments", "/export?kinds=judgings"):
        assert (calling(theirs).get(here + rest).status_code, calling(ours).get(here + rest).status_code) == (403, 200)
    assert calling(theirs).get(f"{here}/portfolio").status_code == 200
    whole = b"".join(calling(theirs).get(f"{here}/export").streaming_content).decode()
    assert len(whole.splitlines()) == 1
