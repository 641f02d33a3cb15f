"""The tree grows by its pages: organisations and factories below one's own, and the very first account of a new portal."""

import os
import secrets
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Count, QuerySet

from jasang.errors import JasangError
from jasang.web.tenants import people
from jasang.web.tenants.models import Factory, Organisation, OrganisationKind, Role
from jasang.web.tenants.services import appoint, note_event, set_up_organisation

# What may be set up below what.
KINDS_BELOW: dict[str, tuple[OrganisationKind, ...]] = {
    OrganisationKind.OPERATOR: (
        OrganisationKind.COOPERATIVE, OrganisationKind.CENTRE, OrganisationKind.SCHOOL, OrganisationKind.BUYER,
    ),
    OrganisationKind.COOPERATIVE: (OrganisationKind.COOPERATIVE,),
}  # fmt: skip
_FIRST_KEY = "first_key"


class BelowError(JasangError):
    """What was asked for cannot stand there."""


@transaction.atomic
def add_organisation(
    *,
    parent: Organisation,
    name: str,
    kind: OrganisationKind,
    by: AbstractBaseUser,
    region: str = "",
    industry: str = "",
) -> Organisation:
    """A new organisation below; raises `BelowError` where the kind does not fit or the name is taken there."""
    if kind not in KINDS_BELOW.get(parent.kind, ()):
        raise BelowError(
            ko="이 종류의 기관은 여기에 둘 수 없습니다.", en="An organisation of this kind cannot be set up here."
        )
    if parent.children.filter(name=name).exists():
        raise BelowError(ko=f"'{name}' 은(는) 이미 있습니다.", en=f"There is {name!r} already.")
    made = set_up_organisation(name=name, kind=kind, parent=parent, region=region, industry=industry)
    note_event(user=by, action="set-up", subject=f"{kind} {name}", organisation=parent)
    return made


@transaction.atomic
def rename(*, organisation: Organisation, name: str, by: AbstractBaseUser) -> None:
    """Another name for the organisation."""
    note_event(user=by, action="rename", subject=f"{organisation.name} → {name}", organisation=organisation)
    organisation.name = name
    organisation.save(update_fields=["name"])


@transaction.atomic
def add_factory(
    *,
    organisation: Organisation,
    name: str,
    by: AbstractBaseUser,
    region: str = "",
    industry: str = "",
    email: str = "",
) -> tuple[Factory, str]:
    """A new factory of the organisation, and the token of the invitation that makes somebody its owner."""
    if organisation.factories.filter(name=name, closed_at__isnull=True).exists():
        raise BelowError(ko=f"'{name}' 은(는) 이미 있습니다.", en=f"There is {name!r} already.")
    made = Factory.objects.create(
        name=name, organisation=organisation, region=region, industry=industry, timezone=organisation.timezone
    )
    note_event(user=by, action="set-up", subject=f"factory {name}", organisation=organisation, factory=made)
    _invitation, token = people.invite(by=by, role=Role.OWNER, factory=made, email=email)
    return made, token


def organisations_below(organisation: Organisation) -> QuerySet[Organisation]:
    """Those directly below, with the number of their factories."""
    return organisation.children.annotate(number=Count("factories")).order_by("kind", "name", "pk")


def factories_at(organisation: Organisation) -> QuerySet[Factory]:
    """The organisation's own factories, with the number of their people."""
    rows = Factory.objects.filter(organisation=organisation, closed_at__isnull=True)
    return rows.annotate(number=Count("memberships")).order_by("name", "pk")


def first_key() -> str | None:
    """The secret of the page for the first account; `None` as soon as there is any account.

    Whoever starts the portal sees it on the terminal; nobody else can take a new portal.
    """
    file = Path(settings.JASANG_HOME) / _FIRST_KEY
    if get_user_model().objects.exists():
        file.unlink(missing_ok=True)
        return None
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text("ascii").strip()
    with os.fdopen(handle, "w", encoding="ascii") as opened:
        made = secrets.token_urlsafe(24)
        opened.write(made)
    return made


def said_at_start(address: str) -> str | None:
    """What the terminal says while the portal has no account: where the first one is made."""
    key = first_key()
    return None if key is None else f"No account yet. The first one is made here: {address}/begin/{key}/"


@transaction.atomic
def begin(*, user: AbstractBaseUser, operator: str, factory: str) -> Organisation | Factory:
    """What the first account is for: an operator's organisation, a factory, or both."""
    place: Organisation | Factory | None = None
    organisation = None
    if operator:
        place = organisation = set_up_organisation(name=operator, kind=OrganisationKind.OPERATOR)
        appoint(user=user, organisation=organisation, role=Role.PROGRAMME_OPERATOR)
    if factory:
        made = Factory.objects.create(name=factory, organisation=organisation)
        made.memberships.create(user=user, role=Role.OWNER)
        place = place or made
    if place is None:
        raise BelowError(ko="기관이나 공장의 이름을 적어 주세요.", en="Please name an organisation or a factory.")
    return place
