"""Everything that changes factories, members and failed sign-ins."""

from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from jasang.web.tenants.models import Factory, Membership, SignInFailure


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
def add_member(*, user: AbstractBaseUser, factory: Factory) -> Membership:
    """Let the person see the factory."""
    membership, _ = Membership.objects.get_or_create(user=user, factory=factory)
    return membership


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
