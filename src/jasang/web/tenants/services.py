"""Everything that changes organisations, factories, members, posts and failed sign-ins."""

from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from jasang.web.tenants.models import (
    AuditEvent,
    Factory,
    Membership,
    Organisation,
    OrganisationKind,
    Post,
    Role,
    SignInFailure,
)


@transaction.atomic
def set_up_factory(*, name: str, store: Path | None = None, zone: str | None = None) -> Factory:
    """The factory of that name, made if there is none; a given store or time zone replaces the kept one."""
    factory = Factory.objects.filter(name=name).order_by("pk").first() or Factory(name=name)
    if store is not None:
        factory.store = str(store.expanduser().resolve())
    if zone is not None:
        factory.timezone = zone
    factory.save()
    return factory


@transaction.atomic
def set_up_account(*, user_name: str, password: str | None) -> tuple[AbstractBaseUser, bool]:
    """The account of that name and whether it is new; a given password replaces the kept one."""
    user, made = get_user_model().objects.get_or_create(username=user_name)
    if password is not None and not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    return user, made


@transaction.atomic
def change_email(*, user: AbstractBaseUser, email: str) -> None:
    """Where the person's news go; blank = nowhere."""
    user.email = email
    user.save(update_fields=["email"])


@transaction.atomic
def see_to_owner(*, user: AbstractBaseUser, factory: Factory) -> None:
    """A factory without an owner gets this member as its owner."""
    if not Membership.objects.filter(factory=factory, role=Role.OWNER).exists():
        Membership.objects.filter(user=user, factory=factory).update(role=Role.OWNER)


@transaction.atomic
def add_member(
    *, user: AbstractBaseUser, factory: Factory, role: Role = Role.ENGINEER, until: datetime | None = None
) -> Membership:
    """Let the person see the factory, a guest until a moment; who is a member already keeps the role."""
    membership, made = Membership.objects.get_or_create(
        user=user, factory=factory, defaults={"role": role, "until": until}
    )
    if not made and membership.until is not None:
        membership.role, membership.until = role, until
        membership.save(update_fields=["role", "until"])
    return membership


@transaction.atomic
def set_up_organisation(
    *, name: str, kind: OrganisationKind, parent: Organisation | None = None, region: str = "", industry: str = ""
) -> Organisation:
    """The organisation of that name, kind and place in the tree, made if there is none."""
    found = Organisation.objects.filter(name=name, kind=kind, parent=parent).first()
    if found is not None:
        return found
    made = Organisation.objects.create(name=name, kind=kind, parent=parent, region=region, industry=industry)
    made.path = f"{parent.path if parent else '/'}{made.pk}/"
    made.save(update_fields=["path"])
    return made


@transaction.atomic
def appoint(*, user: AbstractBaseUser, organisation: Organisation, role: Role) -> Post:
    """Give the person a post in the organisation."""
    post, _ = Post.objects.get_or_create(user=user, organisation=organisation, role=role)
    return post


def note_event(
    *,
    user: AbstractBaseUser | None,
    action: str,
    subject: str = "",
    role: str = "",
    factory: Factory | None = None,
    organisation: Organisation | None = None,
    address: str | None = None,
) -> None:
    """Add a line to the audit trail."""
    AuditEvent.objects.create(
        user=user,
        account=user.get_username() if user is not None else "",
        action=action,
        subject=subject[:300],
        role=role,
        factory=factory,
        organisation=organisation,
        address=address,
    )


@transaction.atomic
def note_sign_in_failure(*, account: str, address: str | None) -> None:
    """Count a wrong password, and forget those that no longer count."""
    now = timezone.now()
    SignInFailure.objects.filter(at__lt=now - timedelta(minutes=settings.SIGN_IN_WINDOW_MINUTES)).delete()
    SignInFailure.objects.create(account=account.lower()[:150], address=address, at=now)


@transaction.atomic
def forget_sign_in_failures(*, account: str, address: str | None) -> None:
    """The right password clears the account's count from this address."""
    SignInFailure.objects.filter(account=account.lower()[:150], address=address).delete()
