"""Factories, their people, invitations and trail, for programs."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Query, Router, Schema, Status
from pydantic import Field

from jasang.web.api.entering import caller, factory_of
from jasang.web.api.models import ApiKey
from jasang.web.api.paging import Page, Paging, page
from jasang.web.tenants import people
from jasang.web.tenants.models import AuditEvent, Factory, Invitation, Membership, Role
from jasang.web.tenants.queries import audit_of, factories_of, factories_under

router = Router(tags=["factories"])


class FactoryOut(Schema):
    """A factory."""

    key: str
    name: str
    timezone: str
    region: str
    industry: str
    employees: int | None
    organisation: str | None


class MemberOut(Schema):
    """One of the factory's people or guests."""

    id: int
    name: str
    role: str
    until: datetime | None


class RoleIn(Schema):
    """Another role."""

    role: Role


class InvitationIn(Schema):
    """Whom to invite."""

    role: Role
    email: str = Field("", max_length=254, pattern=r"^([^@\s]+@[^@\s]+\.[^@\s]+)?$")
    guest_days: int = Field(people.GUEST_DAYS, ge=1, le=366)


class InvitationOut(Schema):
    """An invitation that waits for an answer."""

    id: int
    role: str
    email: str
    expires_at: datetime


class MadeInvitation(InvitationOut):
    """A new invitation; its link is shown only now."""

    link: str


class TrailOut(Schema):
    """A line of the audit trail."""

    at: datetime
    account: str
    role: str
    organisation: str | None
    action: str
    subject: str
    address: str | None


def _factory(one: Factory) -> dict[str, Any]:
    organisation = one.organisation.name if one.organisation else None
    names = ("key", "name", "timezone", "region", "industry", "employees")
    return {name: getattr(one, name) for name in names} | {"organisation": organisation}


def _member(one: Membership) -> dict[str, Any]:
    return {"id": one.pk, "name": one.user.get_username(), "role": one.role, "until": one.until}


def _invitation(one: Invitation) -> dict[str, Any]:
    return {"id": one.pk, "role": one.role, "email": one.email, "expires_at": one.expires_at}


def _line(one: AuditEvent) -> dict[str, Any]:
    organisation = one.organisation.name if one.organisation else None
    names = ("at", "account", "role", "action", "subject", "address")
    return {name: getattr(one, name) for name in names} | {"organisation": organisation}


@router.get("", response=Page[FactoryOut], summary="Factories the caller may see")
def factories(request: HttpRequest, asked: Query[Paging]) -> dict[str, Any]:
    """A key sees its own factory, an organisation's key with `factory:read` those below it, a person all of his or hers."""
    who = caller(request)
    rows = _of_key(who.key) if who.key else factories_of(who.user)
    return page(rows.select_related("organisation"), asked, _factory)


def _of_key(key: ApiKey) -> QuerySet[Factory]:
    if key.organisation is None:
        return Factory.objects.filter(pk=key.factory_id)
    return factories_under(key.organisation) if "factory:read" in key.scopes else Factory.objects.none()


@router.get("/{slug:factory_key}", response=FactoryOut, summary="One factory")
def factory(request: HttpRequest, factory_key: str) -> dict[str, Any]:
    """Scope `factory:read`."""
    return _factory(factory_of(request, factory_key, "factory:read"))


@router.get("/{slug:factory_key}/members", response=Page[MemberOut], summary="People and guests")
def members(request: HttpRequest, factory_key: str, asked: Query[Paging]) -> dict[str, Any]:
    """Scope `people:read`."""
    return page(people.members(factory_of(request, factory_key, "people:read")), asked, _member)


def _found(one: Factory, number: int) -> Membership:
    return get_object_or_404(one.memberships.select_related("user", "factory"), pk=number)


@router.patch("/{slug:factory_key}/members/{int:number}", response=MemberOut, summary="Change a role")
def change_role(request: HttpRequest, factory_key: str, number: int, given: RoleIn) -> dict[str, Any]:
    """Scope `people:write`."""
    membership = _found(factory_of(request, factory_key, "people:write"), _bounded(number))
    people.change_role(membership=membership, role=given.role, by=caller(request).user)
    return _member(membership)


@router.delete("/{slug:factory_key}/members/{int:number}", response={204: None}, summary="Take somebody out")
def remove(request: HttpRequest, factory_key: str, number: int) -> Status:
    """Scope `people:write`."""
    membership = _found(factory_of(request, factory_key, "people:write"), _bounded(number))
    people.remove_member(membership=membership, by=caller(request).user)
    return Status(204, None)


@router.get("/{slug:factory_key}/invitations", response=Page[InvitationOut], summary="Open invitations")
def invitations(request: HttpRequest, factory_key: str, asked: Query[Paging]) -> dict[str, Any]:
    """Scope `people:read`."""
    one = factory_of(request, factory_key, "people:read")
    return page(people.open_invitations(factory=one), asked, _invitation)


@router.post("/{slug:factory_key}/invitations", response={201: MadeInvitation}, summary="Invite somebody")
def invite(request: HttpRequest, factory_key: str, given: InvitationIn) -> Status:
    """Scope `people:write`."""
    one = factory_of(request, factory_key, "people:write")
    made, token = people.invite(by=caller(request).user, factory=one, **given.dict())
    link = request.build_absolute_uri(reverse("join", args=[token]))
    return Status(201, _invitation(made) | {"link": link})


@router.delete("/{slug:factory_key}/invitations/{int:number}", response={204: None}, summary="Withdraw an invitation")
def revoke(request: HttpRequest, factory_key: str, number: int) -> Status:
    """Scope `people:write`."""
    one = factory_of(request, factory_key, "people:write")
    waiting = people.open_invitations(factory=one).select_related("factory")
    people.revoke(invitation=get_object_or_404(waiting, pk=_bounded(number)), by=caller(request).user)
    return Status(204, None)


@router.get("/{slug:factory_key}/audit", response=Page[TrailOut], summary="Who looked at the factory's data")
def audit(request: HttpRequest, factory_key: str, asked: Query[Paging]) -> dict[str, Any]:
    """Scope `people:read`."""
    return page(audit_of(factory_of(request, factory_key, "people:read")), asked, _line)


def _bounded(number: int) -> int:
    return min(number, 2**63 - 1)  # larger ones are no row's number in any database
