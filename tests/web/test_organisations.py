"""The tree of organisations, guests of a factory, and the trail of what they read."""

from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from jasang.web.floor.models import Finding
from jasang.web.jobs.announcing import announce, subject
from jasang.web.tenants.access import for_posts, for_roles
from jasang.web.tenants.models import AuditEvent, OrganisationKind, Role
from jasang.web.tenants.queries import factories_under, organisations_of, role_in, roles_at
from jasang.web.tenants.services import add_member, appoint, set_up_account, set_up_organisation

from .conftest import PASSWORD

pytestmark = [pytest.mark.web, pytest.mark.django_db]


@pytest.fixture
def tree(factory: Any) -> dict[str, Any]:
    """An operator with two co-operatives; the factory belongs to the first."""
    operator = set_up_organisation(name="운영기관", kind=OrganisationKind.OPERATOR)
    first, second = (
        set_up_organisation(name=name, kind=OrganisationKind.COOPERATIVE, parent=operator)
        for name in ("금형조합", "도금조합")
    )
    factory.organisation = first
    factory.save()
    return {"operator": operator, "first": first, "second": second, "factory": factory}


def account(name: str) -> Any:
    return set_up_account(user_name=name, password=PASSWORD)[0]


def asked(user: Any, path: str = "/x/") -> Any:
    request = RequestFactory().get(path)
    request.user, request.htmx = user, False
    return request


def shown(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("shown")


def test_post_above_counts_below_but_not_beside(tree: dict[str, Any]) -> None:
    above, beside = account("above"), account("beside")
    appoint(user=above, organisation=tree["operator"], role=Role.PROGRAMME_OPERATOR)
    appoint(user=beside, organisation=tree["second"], role=Role.COOP_OPERATOR)

    assert roles_at(above, tree["first"]) == {Role.PROGRAMME_OPERATOR}
    assert roles_at(beside, tree["first"]) == frozenset()
    assert roles_at(beside, tree["operator"]) == frozenset()
    assert list(organisations_of(above)) == [tree["operator"]]
    assert list(factories_under(tree["operator"])) == [tree["factory"]]
    assert list(factories_under(tree["second"])) == []


def test_rows_under_an_organisation_are_those_of_its_factories(tree: dict[str, Any], hand_over: Any) -> None:
    hand_over(tree["factory"])
    count = Finding.objects.of(tree["factory"]).count()

    assert count > 0
    assert Finding.objects.under(tree["operator"]).count() == count
    assert Finding.objects.under(tree["first"]).count() == count
    assert Finding.objects.under(tree["second"]).count() == 0


def test_page_of_an_organisation_needs_the_right_post(tree: dict[str, Any]) -> None:
    from django.http import Http404

    page = for_posts(Role.COOP_OPERATOR)(shown)
    right, wrong, nobody = account("right"), account("wrong"), account("nobody")
    appoint(user=right, organisation=tree["first"], role=Role.COOP_OPERATOR)
    appoint(user=wrong, organisation=tree["first"], role=Role.TEACHER)

    assert page(asked(right), organisation_key=tree["first"].key).content == b"shown"
    for user, key in (
        (wrong, tree["first"].key),
        (nobody, tree["first"].key),
        (right, tree["second"].key),
        (right, "x"),
    ):
        with pytest.raises(Http404):
            page(asked(user), organisation_key=key)


def test_guest_sees_the_factory_until_the_time_is_over_and_is_written_down(tree: dict[str, Any]) -> None:
    mentor, factory = account("mentor"), tree["factory"]
    add_member(user=mentor, factory=factory, role=Role.MENTOR, until=timezone.now() + timedelta(days=56))
    client = Client()
    client.force_login(mentor)
    address = reverse("floor:findings", args=[factory.key])

    assert client.get(address).status_code == 200
    event = AuditEvent.objects.get()
    assert (event.account, event.role, event.factory, event.action, event.subject) == (
        "mentor", "mentor", factory, "read", address,
    )  # fmt: skip

    add_member(user=mentor, factory=factory, role=Role.MENTOR, until=timezone.now() - timedelta(seconds=1))
    assert client.get(address).status_code == 404
    assert role_in(mentor, factory) is None
    assert client.get("/").status_code == 200


def test_own_people_leave_no_trail(member: Client, factory: Any) -> None:
    member.get(reverse("floor:findings", args=[factory.key]))

    assert AuditEvent.objects.count() == 0


def test_page_for_owners_does_not_exist_for_engineers(factory: Any) -> None:
    from django.http import Http404

    page = for_roles(Role.OWNER)(shown)
    owner, engineer = account("owner"), account("engineer")
    add_member(user=owner, factory=factory, role=Role.OWNER)
    add_member(user=engineer, factory=factory)

    assert page(asked(owner), factory_key=factory.key).content == b"shown"
    with pytest.raises(Http404):
        page(asked(engineer), factory_key=factory.key)


def test_finding_is_told_to_other_areas_and_not_to_other_factories(tree: dict[str, Any], hand_over: Any) -> None:
    from jasang.web.tenants.services import set_up_factory

    hand_over(tree["factory"])
    first = Finding.objects.of(tree["factory"]).order_by("place").first()

    told = subject(factory=tree["factory"], kind="finding", key=str(first.key))
    assert (told.title.ko, told.url) == (
        first.text_ko,
        reverse("floor:finding", args=[tree["factory"].key, first.key]),
    )
    assert subject(factory=set_up_factory(name="다른 공장"), kind="finding", key=str(first.key)) is None
    assert subject(factory=tree["factory"], kind="finding", key="no-uuid") is None


def test_unknown_event_is_refused(factory: Any) -> None:
    with pytest.raises(ValueError, match="unknown event 'nothing'"):
        announce("nothing", factory=factory)


def test_start_leads_to_the_only_organisation_and_lists_several(tree: dict[str, Any], member: Client) -> None:
    operator = account("operator")
    appoint(user=operator, organisation=tree["operator"], role=Role.PROGRAMME_OPERATOR)
    client = Client()
    client.force_login(operator)

    home = f"/o/{tree['operator'].key}/"
    assert client.get("/").headers["Location"].startswith(home)

    add_member(user=operator, factory=tree["factory"])
    page = client.get("/").content.decode()
    assert home in page
    assert f"/f/{tree['factory'].key}/findings/" in page
    assert member.get("/").headers["Location"] == f"/f/{tree['factory'].key}/findings/"
