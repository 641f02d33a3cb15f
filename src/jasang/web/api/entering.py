"""Who calls the open interface, and what he, she or it may do there."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Path
from ninja.errors import HttpError
from ninja.security import HttpBearer
from ninja.security.apikey import APIKeyCookie

from jasang.web.api.keys import key_of
from jasang.web.api.models import ApiKey
from jasang.web.api.problems import TooMany
from jasang.web.tenants import limits
from jasang.web.tenants.models import FACTORY_ROLES, GUEST_ROLES, Factory, Membership, Organisation, Role
from jasang.web.tenants.queries import role_in, roles_at
from jasang.web.tenants.second_factor import needs_second_factor
from jasang.web.tenants.services import note_event

FactoryKey = Path[str]  # the factory of the address, for routers that hang below one
OrganisationKey = Path[str]  # likewise the organisation
OWNERS_ONLY = ("people:", "webhooks:")  # scopes that in a factory only its owners have


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A program with a key, or a person whose browser is signed in."""

    user: Any
    key: ApiKey | None = None

    def __str__(self) -> str:
        return f"key {self.key.prefix}" if self.key is not None else f"user {self.user.pk}"


class ByKey(HttpBearer):
    """`Authorization: Bearer jsk_…`."""

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        """The key's caller; `None` for a key that is unknown or over."""
        key = key_of(token)
        if key is None:
            _count("api-wrong-key", limits.address_of(request), most=settings.API_WRONG_KEYS)
            return None
        return _counted(Caller(user=key.made_by, key=key))


class BySession(APIKeyCookie):
    """The cookie of a signed-in browser; what changes something must carry the token against forged forms."""

    param_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> Caller | None:
        """Somebody unknown is told to sign in before a word about forged forms."""
        return super().__call__(request) if request.user.is_authenticated else None

    def authenticate(self, request: HttpRequest, key: str | None) -> Caller | None:
        """The person of the session."""
        return _counted(Caller(user=request.user))


def _counted(caller: Caller) -> Caller:
    _count("api", caller, most=settings.API_CALLS_PER_MINUTE)
    return caller


def _count(what: str, who: object, *, most: int) -> None:
    try:
        limits.count(what, who, most=most)
    except limits.TooOften as error:
        raise TooMany(error.wait) from error


def caller(request: HttpRequest) -> Caller:
    """Who asks."""
    return request.auth


def factory_of(request: HttpRequest, factory_key: str, scope: str) -> Factory:
    """The factory of the address, for a caller who may do this there.

    A stranger learns nothing (404); somebody of the factory who may not do this is told so (403).
    """
    who = caller(request)
    if who.key is not None:
        if who.key.factory is None or who.key.factory.key != factory_key:
            raise Http404
        if scope not in who.key.scopes:
            raise HttpError(403, "scope")
        if scope.startswith(OWNERS_ONLY) and who.user is not None and role_in(who.user, who.key.factory) != Role.OWNER:
            raise HttpError(403, "person")
        return who.key.factory
    valid = Q(until__isnull=True) | Q(until__gt=timezone.now())
    membership = (
        Membership.objects.filter(valid, user=who.user, factory__key=factory_key, factory__closed_at__isnull=True)
        .select_related("factory__organisation")
        .first()
    )
    if membership is None:
        raise Http404
    if scope.startswith(OWNERS_ONLY) and membership.role != Role.OWNER:
        raise HttpError(403, "role")
    if membership.role in GUEST_ROLES:
        _note_guest(request, membership)
    elif membership.role not in FACTORY_ROLES:
        raise HttpError(403, "role")
    return membership.factory


def organisation_of(request: HttpRequest, organisation_key: str, scope: str, *roles: Role) -> Organisation:
    """The organisation of the address: for its own key with this scope, or for a person with one of these roles there or above.

    A key opens its own organisation, not those below it. A stranger learns nothing (404); the key without the scope and the
    person without the role or the second factor are told so (403).
    """
    who = caller(request)
    if who.key is not None:
        if who.key.organisation is None or who.key.organisation.key != organisation_key:
            raise Http404
        if scope not in who.key.scopes:
            raise HttpError(403, "scope")
        _allow_maker(who.user, who.key.organisation, roles)
        return who.key.organisation
    found = get_object_or_404(Organisation, key=organisation_key)
    held = roles_at(who.user, found)
    if not held:
        raise Http404
    if not held.intersection(roles):
        raise HttpError(403, "role")
    if needs_second_factor(request):
        raise HttpError(403, "second factor")
    return found


def _allow_maker(maker: Any, organisation: Organisation, roles: tuple[Role, ...]) -> None:
    """A key does no more than its maker could there; staff of the programme may give away everything."""
    if maker is not None and not roles_at(maker, organisation).intersection({*roles, Role.PROGRAMME_OPERATOR}):
        raise HttpError(403, "person")


def person_of(request: HttpRequest, organisation: Organisation, *roles: Role) -> Any:
    """Who does something in the organisation: a key acts for the person who made it, as long as he or she has the role."""
    user = caller(request).user
    if user is None or (roles and not roles_at(user, organisation).intersection(roles)):
        raise HttpError(403, "person")
    return user


def _note_guest(request: HttpRequest, membership: Membership) -> None:
    note_event(
        user=request.auth.user,
        role=membership.role,
        factory=membership.factory,
        action="read" if request.method in ("GET", "HEAD") else "write",
        subject=request.get_full_path(),
        address=request.META.get("REMOTE_ADDR") or None,
    )
