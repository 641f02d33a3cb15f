"""Which factories and organisations a person may see, and how many wrong passwords came lately."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q, QuerySet
from django.utils import timezone

from jasang.web.tenants.models import AuditEvent, Factory, Membership, Organisation, Post, Role, SignInFailure


def factories_of(user: AbstractBaseUser) -> QuerySet[Factory]:
    """The factories this person belongs to, by name."""
    valid = Q(memberships__until__isnull=True) | Q(memberships__until__gt=timezone.now())
    return Factory.objects.filter(valid, memberships__user=user, closed_at__isnull=True).order_by("name", "pk")


def role_in(user: AbstractBaseUser, factory: Factory) -> Role | None:
    """What the person does in the factory; `None` for a stranger and for a guest whose time is over."""
    valid = Q(until__isnull=True) | Q(until__gt=timezone.now())
    opened = Membership.objects.filter(valid, user=user, factory=factory, factory__closed_at__isnull=True)
    found = opened.values_list("role", flat=True).first()
    return None if found is None else Role(found)


def organisations_of(user: AbstractBaseUser, *roles: Role) -> QuerySet[Organisation]:
    """The organisations in which the person has a post (of one of these roles, when given), by name."""
    posts = Post.objects.filter(user=user)
    if roles:
        posts = posts.filter(role__in=roles)
    return Organisation.objects.filter(pk__in=posts.values("organisation")).order_by("name", "pk")


def roles_at(user: AbstractBaseUser, organisation: Organisation) -> frozenset[Role]:
    """What the person does in the organisation itself or in one above it."""
    above = [int(number) for number in organisation.path.strip("/").split("/")]
    found = Post.objects.filter(user=user, organisation__in=above).values_list("role", flat=True)
    return frozenset(Role(role) for role in found)


def factories_under(organisation: Organisation) -> QuerySet[Factory]:
    """The factories of the organisation and of all below it, by name."""
    return Factory.objects.filter(organisation__path__startswith=organisation.path).order_by("name", "pk")


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


def audit_of(factory: Factory) -> QuerySet[AuditEvent]:
    """The trail of one factory, newest first."""
    return AuditEvent.objects.filter(factory=factory).select_related("organisation").order_by("-at", "-pk")


def audit_under(organisation: Organisation) -> QuerySet[AuditEvent]:
    """The trail of an organisation, of all below it and of their factories, newest first."""
    path = organisation.path
    below = Q(organisation__path__startswith=path) | Q(factory__organisation__path__startswith=path)
    return AuditEvent.objects.filter(below).select_related("organisation", "factory").order_by("-at", "-pk")
