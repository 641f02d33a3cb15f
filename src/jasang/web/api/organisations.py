"""Organisations, their people, factories and trail, for programs."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Query, Router, Schema, Status
from pydantic import Field

from jasang.web.api.entering import OrganisationKey, caller, organisation_of, person_of
from jasang.web.api.factories import FactoryOut, InvitationOut, MadeInvitation
from jasang.web.api.paging import Page, Paging, page
from jasang.web.tenants import people
from jasang.web.tenants.models import AuditEvent, Factory, Organisation, Post, Role
from jasang.web.tenants.queries import audit_under, factories_under, organisations_of, roles_at

first_router = Router(tags=["organisations"])
router = Router(tags=["organisations"])
ANYBODY = tuple(Role)


class OrganisationOut(Schema):
    """An organisation; `parent` is the key of the one above."""

    key: str
    kind: str
    name: str
    parent: str | None
    region: str
    industry: str
    timezone: str


class PostOut(Schema):
    """A person's post; `number` names it."""

    number: int
    name: str
    role: str
    since: datetime


class PostInvitationIn(Schema):
    """Whom to invite."""

    role: Role
    email: str = Field("", max_length=254, pattern=r"^([^@\s]+@[^@\s]+\.[^@\s]+)?$")


class LineOut(Schema):
    """A line of the trail."""

    at: datetime
    account: str
    role: str
    organisation: str | None
    factory: str | None
    action: str
    subject: str
    address: str | None


class FactoriesAsked(Paging):
    """Which factories."""

    region: str = Field("", max_length=10)
    industry: str = Field("", max_length=10)


def _organisation(one: Organisation) -> dict[str, Any]:
    names = ("key", "kind", "name", "region", "industry", "timezone")
    return {name: getattr(one, name) for name in names} | {"parent": one.parent.key if one.parent else None}


def _factory(one: Factory) -> dict[str, Any]:
    names = ("key", "name", "timezone", "region", "industry", "employees")
    return {name: getattr(one, name) for name in names} | {
        "organisation": one.organisation.name if one.organisation else None
    }


def _post(one: Post) -> dict[str, Any]:
    return {"number": one.pk, "name": one.user.get_username(), "role": one.role, "since": one.created_at}


def _line(one: AuditEvent) -> dict[str, Any]:
    names = ("at", "account", "role", "action", "subject", "address")
    return {name: getattr(one, name) for name in names} | {
        "organisation": one.organisation.name if one.organisation else None,
        "factory": one.factory.key if one.factory else None,
    }


@first_router.get("", response=Page[OrganisationOut], summary="Organisations the caller may see")
def organisations(request: HttpRequest, asked: Query[Paging]) -> dict[str, Any]:
    """A key sees its own, a person those with a post."""
    who = caller(request)
    rows = (
        Organisation.objects.filter(pk=who.key.organisation_id) if who.key is not None else organisations_of(who.user)
    )
    return page(rows.select_related("parent"), asked, _organisation)


@first_router.get("/{slug:organisation_key}", response=OrganisationOut, summary="One organisation")
def organisation(request: HttpRequest, organisation_key: str) -> dict[str, Any]:
    """Scope `organisation:read`; everybody with a post."""
    return _organisation(organisation_of(request, organisation_key, "organisation:read", *ANYBODY))


@router.get("/factories", response=Page[FactoryOut], summary="Factories below")
def factories(request: HttpRequest, organisation_key: OrganisationKey, asked: Query[FactoriesAsked]) -> dict[str, Any]:
    """Scope `factory:read`; of people, programme and co-operative operators."""
    place = organisation_of(
        request, organisation_key, "factory:read", Role.PROGRAMME_OPERATOR, Role.COOP_OPERATOR, Role.AUDITOR
    )
    rows = factories_under(place).select_related("organisation")
    wanted = {name: value for name in ("region", "industry") if (value := getattr(asked, name))}
    return page(rows.filter(**wanted), asked, _factory)


@router.get("/posts", response=Page[PostOut], summary="People of the organisation")
def posts(request: HttpRequest, organisation_key: OrganisationKey, asked: Query[Paging]) -> dict[str, Any]:
    """Scope `people:read`; of people, who may invite."""
    place = organisation_of(request, organisation_key, "people:read", *people.MAY_LET_IN)
    return page(people.posts(place), asked, _post)


def _letting_in(request: HttpRequest, organisation_key: str) -> tuple[Organisation, Any, set[Role]]:
    """The place, who acts, and whom that person may let in."""
    place = organisation_of(request, organisation_key, "people:write", *people.MAY_LET_IN)
    who = person_of(request, place, *people.MAY_LET_IN)
    held = roles_at(who, place)
    return place, who, {one for role in held for one in people.MAY_LET_IN.get(role, ())}


@router.delete("/posts/{int:number}", response={204: None}, summary="Take a post away")
def remove_post(request: HttpRequest, organisation_key: OrganisationKey, number: int) -> Status:
    """Scope `people:write`; who may let such a person in."""
    place, who, may = _letting_in(request, organisation_key)
    rows = people.posts(place).filter(role__in=may).select_related("organisation")
    people.remove_post(post=get_object_or_404(rows, pk=min(number, 2**63 - 1)), by=who)
    return Status(204, None)


@router.get("/invitations", response=Page[InvitationOut], summary="Open invitations")
def invitations(request: HttpRequest, organisation_key: OrganisationKey, asked: Query[Paging]) -> dict[str, Any]:
    """Scope `people:read`; of people, who may invite."""
    place = organisation_of(request, organisation_key, "people:read", *people.MAY_LET_IN)
    names = ("role", "email", "expires_at")
    rows = people.open_invitations(organisation=place)
    return page(rows, asked, lambda one: {"id": one.pk} | {name: getattr(one, name) for name in names})


@router.post("/invitations", response={201: MadeInvitation}, summary="Invite somebody")
def invite(request: HttpRequest, organisation_key: OrganisationKey, given: PostInvitationIn) -> Status:
    """Scope `people:write`. An operator lets in everybody, a co-operative's own people its own."""
    place, who, may = _letting_in(request, organisation_key)
    if given.role not in may:
        raise people.PeopleError(ko="이 역할로는 초대할 수 없습니다.", en="Nobody can be invited in this role.")
    made, token = people.invite(by=who, organisation=place, role=given.role, email=given.email)
    link = request.build_absolute_uri(reverse("join", args=[token]))
    shown = {"id": made.pk, "role": made.role, "email": made.email, "expires_at": made.expires_at, "link": link}
    return Status(201, shown)


@router.delete("/invitations/{int:number}", response={204: None}, summary="Withdraw an invitation")
def revoke(request: HttpRequest, organisation_key: OrganisationKey, number: int) -> Status:
    """Scope `people:write`."""
    place, who, may = _letting_in(request, organisation_key)
    waiting = people.open_invitations(organisation=place).filter(role__in=may).select_related("organisation", "factory")
    people.revoke(invitation=get_object_or_404(waiting, pk=min(number, 2**63 - 1)), by=who)
    return Status(204, None)


@router.get("/audit", response=Page[LineOut], summary="Who looked at what")
def audit(request: HttpRequest, organisation_key: OrganisationKey, asked: Query[Paging]) -> dict[str, Any]:
    """Scope `audit:read`; of people, auditors."""
    place = organisation_of(request, organisation_key, "audit:read", Role.AUDITOR)
    return page(audit_under(place), asked, _line)
