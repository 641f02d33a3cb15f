"""Keys of an organisation: who makes them, what they open, and that they end with the person who made them."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jasang.web.api import keys
from jasang.web.api.models import ApiKey
from jasang.web.tenants.models import AuditEvent, OrganisationKind, Role
from jasang.web.tenants.services import appoint, set_up_account, set_up_factory, set_up_organisation

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
