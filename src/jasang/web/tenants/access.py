"""Who may see a page: members of its factory, people with a post in its organisation. A stranger learns nothing, not even that
the factory or the organisation exists (404). What a guest of a factory reads is written into the audit trail."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.views import redirect_to_login
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django_htmx.http import HttpResponseClientRefresh
from django_htmx.middleware import HtmxDetails

from jasang.web.tenants.models import GUEST_ROLES, Factory, Membership, Organisation, Role
from jasang.web.tenants.queries import roles_at
from jasang.web.tenants.second_factor import needs_second_factor
from jasang.web.tenants.services import note_event


class FactoryRequest(HttpRequest):
    """A request of a member of the factory in its address."""

    factory: Factory
    role: Role
    htmx: HtmxDetails


class OrganisationRequest(HttpRequest):
    """A request of somebody with a post in the organisation of its address, or in one above it."""

    organisation: Organisation
    roles: frozenset[Role]
    htmx: HtmxDetails


def for_members(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Find the factory of the address among the person's own, and show its times in its own zone."""
    return for_roles(*Role)(view)


def for_roles(*roles: Role) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """As `for_members`, for members with one of these roles only; to the others the page does not exist."""

    def guard(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: FactoryRequest, factory_key: str, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return _to_sign_in(request)
            valid = Q(until__isnull=True) | Q(until__gt=timezone.now())
            memberships = Membership.objects.filter(valid, user=request.user).select_related("factory__organisation")
            opened = memberships.filter(factory__closed_at__isnull=True)
            membership = get_object_or_404(opened, factory__key=factory_key, role__in=roles)
            request.factory, request.role = membership.factory, Role(membership.role)
            if request.role in GUEST_ROLES:
                _note(request, factory=request.factory, role=request.role)
            with timezone.override(ZoneInfo(request.factory.timezone)):
                return view(request, **kwargs)

        guarded.roles = frozenset(roles)  # the page's rule, for whoever checks that every page has one
        return guarded

    return guard


def for_posts(*roles: Role) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Find the organisation of the address (`organisation_key`) where the person, there or above, has one of these roles."""

    def guard(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: OrganisationRequest, organisation_key: str, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return _to_sign_in(request)
            request.organisation = get_object_or_404(Organisation, key=organisation_key)
            request.roles = roles_at(request.user, request.organisation)
            if not request.roles.intersection(roles):
                raise Http404
            if needs_second_factor(request):
                return HttpResponseClientRefresh() if request.htmx else redirect("enrol")
            with timezone.override(ZoneInfo(request.organisation.timezone)):
                return view(request, **kwargs)

        guarded.posts = frozenset(roles)
        return guarded

    return guard


def note_foreign_read(request: OrganisationRequest, factory: Factory) -> None:
    """A page of an organisation shows one factory's own data: written down where the factory's owner can see it."""
    _note(request, factory=factory, organisation=request.organisation, role=min(request.roles, default=""))


def _note(request: HttpRequest, **about: Any) -> None:
    note_event(
        user=request.user,
        action="read" if request.method in ("GET", "HEAD") else "write",
        subject=request.get_full_path(),
        address=request.META.get("REMOTE_ADDR") or None,
        **about,
    )


def _to_sign_in(request: Any) -> HttpResponse:
    # A part of a page that asks for news must not be replaced by the sign-in form: the whole page goes there.
    return HttpResponseClientRefresh() if request.htmx else redirect_to_login(request.get_full_path())
