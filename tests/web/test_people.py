"""Invitations, roles, leaving, and the trail of who looked."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jasang.web.tenants import people
from jasang.web.tenants.models import AuditEvent, Invitation, Membership, OrganisationKind, Post, Role, TrailClosed
from jasang.web.tenants.queries import role_in
from jasang.web.tenants.services import add_member, appoint, note_event, set_up_account, set_up_organisation

from .conftest import PASSWORD

pytestmark = [pytest.mark.web, pytest.mark.django_db]


def account(name: str) -> Any:
    return set_up_account(user_name=name, password=PASSWORD)[0]


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def owner(factory: Any) -> Client:
    user = account("owner")
    add_member(user=user, factory=factory, role=Role.OWNER)
    return signed_in(user)


def invited(owner: Client, factory: Any, **given: Any) -> str:
    page = owner.post(reverse("people", args=[factory.key]), {"role": "engineer"} | given)
    assert page.status_code == 200
    return page.context["link"].removeprefix("http://testserver")


def test_link_lets_one_person_in_once(owner: Client, factory: Any) -> None:
    link = invited(owner, factory, role="operator", email="park@example.com")
    assert Invitation.objects.get().token not in link
    first, second = signed_in(account("first")), signed_in(account("second"))

    assert "owner 님이 초대했습니다" in first.get(link).content.decode()
    assert first.post(link).headers["Location"] == "/"
    assert second.get(link).status_code == second.post(link).status_code == 404
    assert role_in(account("first"), factory) == Role.OPERATOR
    assert role_in(account("second"), factory) is None
    trail = AuditEvent.objects.order_by("pk").values_list("account", "action", "subject")
    assert list(trail) == [("owner", "invite", "operator park@example.com"), ("first", "join", "operator")]


def test_newcomer_makes_an_account_under_the_rules_for_passwords(owner: Client, factory: Any) -> None:
    link, newcomer = invited(owner, factory), Client()
    weak = {"username": "Lee", "password1": "short", "password2": "short"}
    good = weak | {"password1": PASSWORD, "password2": PASSWORD}
    account("LEE")

    assert newcomer.post(link, weak).status_code == 400
    assert newcomer.post(link, good).status_code == 400  # the name is taken but for capital letters
    assert newcomer.post(link, good | {"username": "lee2"}).headers["Location"] == "/"
    assert newcomer.get(reverse("floor:findings", args=[factory.key])).status_code == 200


@pytest.mark.parametrize("end", ["expired", "revoked", "closed"])
def test_link_that_is_over_lets_nobody_in(owner: Client, factory: Any, end: str) -> None:
    link, found = invited(owner, factory), Invitation.objects.get()
    if end == "expired":
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif end == "revoked":
        owner.post(reverse("revoke", args=[factory.key, found.pk]))
    else:
        factory.closed_at = timezone.now()
        factory.save()
    late = signed_in(account("late"))

    assert late.get(link).status_code == late.post(link).status_code == 404
    assert role_in(account("late"), factory) is None


@pytest.mark.parametrize("how", ["demoted", "removed", "switched off"])
def test_invitation_ends_with_the_role_of_who_made_it(owner: Client, factory: Any, how: str) -> None:
    link = invited(owner, factory, role="owner")
    second = account("second")
    add_member(user=second, factory=factory, role=Role.OWNER)
    mine = Membership.objects.get(user__username="owner")
    if how == "demoted":
        people.change_role(membership=mine, role=Role.ENGINEER, by=second)
    elif how == "removed":
        people.remove_member(membership=mine, by=second)
    else:
        mine.user.is_active = False
        mine.user.save()
    late = signed_in(account("late"))

    assert late.get(link).status_code == late.post(link).status_code == 404
    assert role_in(account("late"), factory) is None
    if how != "switched off":
        assert people.open_invitations(factory=factory).count() == 0
        assert AuditEvent.objects.filter(action="withdraw", account="second", factory=factory).count() == 1


def test_invitation_to_an_organisation_ends_with_the_post(db: None) -> None:
    coop = set_up_organisation(name="금형조합", kind=OrganisationKind.COOPERATIVE)
    boss, clerk = account("boss"), account("clerk")
    post = appoint(user=boss, organisation=coop, role=Role.PROGRAMME_OPERATOR)
    appoint(user=boss, organisation=coop, role=Role.COOP_OPERATOR)
    _one, high = people.invite(by=boss, organisation=coop, role=Role.AUDITOR)
    _two, low = people.invite(by=boss, organisation=coop, role=Role.COOP_OPERATOR)
    people.remove_post(post=post, by=boss)
    assert people.invitation(high) is None
    with pytest.raises(people.PeopleError):
        people.join(token=high, user=clerk)
    people.join(token=low, user=clerk)  # what the post that is left allows
    assert [one.role for one in clerk.posts.all()] == [Role.COOP_OPERATOR]


def test_guest_comes_for_a_time_and_own_people_stay_what_they_are(owner: Client, factory: Any) -> None:
    link = invited(owner, factory, role="mentor", guest_days="10")
    signed_in(account("mentor")).post(link)
    until = Membership.objects.get(user__username="mentor").until
    assert timedelta(days=9, hours=23) < until - timezone.now() <= timedelta(days=10)

    owner.post(invited(owner, factory, role="mentor"))
    assert role_in(account("owner"), factory) == Role.OWNER


def test_last_owner_stays_owner(owner: Client, factory: Any) -> None:
    mine = Membership.objects.get(user__username="owner")
    add_member(user=account("kim"), factory=factory)
    other = Membership.objects.get(user__username="kim")

    assert owner.post(reverse("leave", args=[factory.key])).status_code == 400
    owner.post(reverse("change-role", args=[factory.key, mine.pk]), {"role": "engineer"})
    assert role_in(account("owner"), factory) == Role.OWNER

    owner.post(reverse("change-role", args=[factory.key, other.pk]), {"role": "owner"})
    assert owner.post(reverse("leave", args=[factory.key])).headers["Location"] == "/"
    assert role_in(account("owner"), factory) is None
    assert role_in(account("kim"), factory) == Role.OWNER


def test_pages_of_people_are_for_owners(owner: Client, factory: Any, member: Client, stranger: Client) -> None:
    number = Membership.objects.get(user__username="member").pk
    pages = [reverse("people", args=[factory.key]), reverse("audit", args=[factory.key])]
    forms = [
        reverse("people", args=[factory.key]),
        reverse("change-role", args=[factory.key, number]),
        reverse("remove-member", args=[factory.key, number]),
        reverse("revoke", args=[factory.key, 1]),
    ]

    assert [owner.get(page).status_code for page in pages] == [200, 200]
    for client in (member, stranger):
        assert {client.get(page).status_code for page in pages} == {404}
        assert {client.post(form, {"role": "owner"}).status_code for form in forms} == {404}
    assert member.get(reverse("leave", args=[factory.key])).status_code == 200
    assert stranger.get(reverse("leave", args=[factory.key])).status_code == 404
    assert Client().get(pages[0]).status_code == 302


def test_member_of_another_factory_cannot_be_touched(owner: Client, factory: Any, stranger: Client) -> None:
    other = Membership.objects.get(user__username="stranger")

    assert owner.post(reverse("remove-member", args=[factory.key, other.pk])).status_code == 404
    assert Membership.objects.filter(pk=other.pk).exists()


def test_posts_let_in_only_whom_they_may(factory: Any) -> None:
    operator = set_up_organisation(name="운영기관", kind=OrganisationKind.OPERATOR)
    first = set_up_organisation(name="금형조합", kind=OrganisationKind.COOPERATIVE, parent=operator)
    appoint(user=account("coop"), organisation=first, role=Role.COOP_OPERATOR)
    appoint(user=account("judge"), organisation=first, role=Role.JUDGE)
    page = reverse("organisation-people", args=[first.key])
    coop = signed_in(account("coop"))

    assert coop.post(page, {"role": "programme_operator"}).status_code == 400
    link = coop.post(page, {"role": "coop_operator"}).context["link"]
    signed_in(account("new")).post(link.removeprefix("http://testserver"))
    assert Post.objects.filter(user__username="new", organisation=first, role="coop_operator").exists()
    judge = Post.objects.get(role="judge")
    assert coop.post(reverse("remove-post", args=[first.key, judge.pk])).status_code == 404
    assert signed_in(account("judge")).get(page).status_code == 404
    assert coop.get(reverse("organisation-people", args=[operator.key])).status_code == 404
    assert coop.get(reverse("organisation-audit", args=[first.key])).status_code == 404


def test_auditor_sees_the_trail_below(factory: Any) -> None:
    operator = set_up_organisation(name="운영기관", kind=OrganisationKind.OPERATOR)
    beside = set_up_organisation(name="다른 운영기관", kind=OrganisationKind.OPERATOR)
    factory.organisation = operator
    factory.save()
    note_event(user=account("mentor"), action="read", subject="/x/", factory=factory, role="mentor", address="10.0.0.9")
    appoint(user=account("auditor"), organisation=operator, role=Role.AUDITOR)
    appoint(user=account("other"), organisation=beside, role=Role.AUDITOR)

    page = signed_in(account("auditor")).get(reverse("organisation-audit", args=[operator.key])).content.decode()
    assert "대한정밀" in page
    assert "10.0.0.9" in page
    other = signed_in(account("other"))
    assert "10.0.0.9" not in other.get(reverse("organisation-audit", args=[beside.key])).content.decode()
    assert other.get(reverse("organisation-audit", args=[operator.key])).status_code == 404


def test_trail_cannot_be_changed(factory: Any) -> None:
    user = account("mentor")
    note_event(user=user, action="read", factory=factory)
    event = AuditEvent.objects.get()

    for change in (
        event.save,
        event.delete,
        AuditEvent.objects.all().delete,
        lambda: AuditEvent.objects.update(account="x"),
    ):
        with pytest.raises(TrailClosed):
            change()
    with pytest.raises(DatabaseError, match="do not change"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE tenants_auditevent SET account = 'x'")
    user.delete()  # the account may go; its name stays in the trail
    assert AuditEvent.objects.values_list("user", "account").get() == (None, "mentor")


def test_list_of_people_takes_the_same_number_of_queries_for_many(
    owner: Client, factory: Any, django_assert_num_queries: Any
) -> None:
    page = reverse("people", args=[factory.key])
    for n in range(20):
        add_member(user=account(f"m{n}"), factory=factory)
        people.invite(by=account("owner"), factory=factory, role=Role.OPERATOR)

    with django_assert_num_queries(5):
        owner.get(page)
