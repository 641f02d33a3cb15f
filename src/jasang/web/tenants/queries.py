"""Which factories a person may see, and how many wrong passwords came lately."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.utils import timezone

from jasang.web.tenants.models import Factory, SignInFailure


def factories_of(user: AbstractBaseUser) -> QuerySet[Factory]:
    """The factories this person belongs to, by name."""
    return Factory.objects.filter(memberships__user=user).order_by("name", "pk")


def sign_in_blocked(*, account: str, address: str | None) -> bool:
    """Whether this account from this address, or this address alone, failed too often lately."""
    since = timezone.now() - timedelta(minutes=settings.SIGN_IN_WINDOW_MINUTES)
    recent = SignInFailure.objects.filter(at__gte=since, address=address)
    by_address = recent.count()
    by_account = recent.filter(account=account.lower()).count()
    return by_account >= settings.SIGN_IN_FAILURES or by_address >= settings.SIGN_IN_FAILURES_PER_ADDRESS


def account(*, user_name: str) -> AbstractBaseUser | None:
    """The account of that name, if there is one."""
    return get_user_model().objects.filter(username=user_name).first()
