"""The pages about people of a factory and of an organisation, joining, and the audit trail."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jasang.web.tenants import limits, people
from jasang.web.tenants.access import FactoryRequest, OrganisationRequest, for_members, for_posts, for_roles
from jasang.web.tenants.models import FACTORY_ROLES, GUEST_ROLES, POST_ROLES, Invitation, Membership, Post, Role
from jasang.web.tenants.people_forms import InviteForm, NewAccountForm
from jasang.web.tenants.queries import audit_of, audit_under
from jasang.web.ui.language import current

_PER_PAGE = 50
_LETTING_IN = tuple(people.MAY_LET_IN)


def _telling(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """What could not be done is said on the page of people."""

    @wraps(view)
    def told(request: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, **kwargs)
        except people.PeopleError as error:
            messages.error(request, error.in_language(current()))
            return _back(request)

    return told


def _back(request: Any) -> HttpResponse:
    if getattr(request, "factory", None):
        return redirect("people", factory_key=request.factory.key)
    return redirect("organisation-people", organisation_key=request.organisation.key)


def _link(request: HttpRequest, token: str) -> str:
    return request.build_absolute_uri(reverse("join", args=[token]))


@for_roles(Role.OWNER)
@require_http_methods(["GET", "POST"])
@_telling
def factory_people(request: FactoryRequest) -> HttpResponse:
    """The factory's people, guests and invitations; inviting shows the link once."""
    posted = request.POST if request.method == "POST" else None
    form = InviteForm(posted, roles=(*FACTORY_ROLES, *GUEST_ROLES))
    link = None
    if form.is_valid():
        limits.count("invite", request.user.pk)
        _made, token = people.invite(by=request.user, factory=request.factory, **form.wanted())
        link, form = _link(request, token), InviteForm(roles=(*FACTORY_ROLES, *GUEST_ROLES))
    context = {
        "members": people.members(request.factory),
        "invitations": people.open_invitations(factory=request.factory),
        "form": form,
        "link": link,
        "days": people.DAYS_OPEN,
        "roles": FACTORY_ROLES,
        "guest_roles": GUEST_ROLES,
    }
    return render(request, "tenants/people.html", context, status=_status(form))


@for_roles(Role.OWNER)
@require_POST
@_telling
def change_role(request: FactoryRequest, number: int) -> HttpResponse:
    """Another role for one of the factory's people."""
    membership = get_object_or_404(request.factory.memberships.select_related("user", "factory"), pk=number)
    role = request.POST.get("role", "")
    if role not in Role.values:
        raise Http404
    people.change_role(membership=membership, role=Role(role), by=request.user)
    return _back(request)


@for_roles(Role.OWNER)
@require_POST
@_telling
def remove_member(request: FactoryRequest, number: int) -> HttpResponse:
    """Take somebody out."""
    membership = get_object_or_404(request.factory.memberships.select_related("user", "factory"), pk=number)
    people.remove_member(membership=membership, by=request.user)
    return redirect("start") if membership.user_id == request.user.pk else _back(request)


@for_members
@require_http_methods(["GET", "POST"])
def leave(request: FactoryRequest) -> HttpResponse:
    """Leave the factory, after a question."""
    if request.method == "POST":
        membership = get_object_or_404(
            Membership.objects.select_related("user", "factory"), user=request.user, factory=request.factory
        )
        try:
            people.remove_member(membership=membership, by=request.user)
        except people.PeopleError as error:
            context = {"wrong": error.in_language(current())}
            return render(request, "tenants/leave.html", context, status=HTTPStatus.BAD_REQUEST)
        return redirect("start")
    return render(request, "tenants/leave.html")


@for_roles(Role.OWNER)
@require_POST
def revoke(request: FactoryRequest, number: int) -> HttpResponse:
    """Withdraw an invitation to the factory."""
    found = get_object_or_404(Invitation.objects.select_related("factory"), pk=number, factory=request.factory)
    people.revoke(invitation=found, by=request.user)
    return _back(request)


@for_roles(Role.OWNER)
@require_GET
def factory_audit(request: FactoryRequest) -> HttpResponse:
    """Who from outside looked at the factory's data, and who let whom in."""
    page = Paginator(audit_of(request.factory), _PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "tenants/audit.html", {"page": page})


def _may_let_in(request: OrganisationRequest) -> tuple[Role, ...]:
    allowed = {role for mine in request.roles for role in people.MAY_LET_IN.get(mine, ())}
    return tuple(role for role in POST_ROLES if role in allowed)


@for_posts(*_LETTING_IN)
@require_http_methods(["GET", "POST"])
@_telling
def organisation_people(request: OrganisationRequest) -> HttpResponse:
    """The organisation's people and invitations."""
    allowed = _may_let_in(request)
    posted = request.POST if request.method == "POST" else None
    form, link = InviteForm(posted, roles=allowed), None
    if form.is_valid():
        limits.count("invite", request.user.pk)
        _made, token = people.invite(by=request.user, organisation=request.organisation, **form.wanted())
        link, form = _link(request, token), InviteForm(roles=allowed)
    context = {
        "posts": people.posts(request.organisation),
        "invitations": people.open_invitations(organisation=request.organisation),
        "form": form,
        "link": link,
        "days": people.DAYS_OPEN,
        "allowed": allowed,
    }
    return render(request, "tenants/organisation_people.html", context, status=_status(form))


@for_posts(*_LETTING_IN)
@require_POST
def remove_post(request: OrganisationRequest, number: int) -> HttpResponse:
    """Take a post away; only one that the person could have given."""
    posts = Post.objects.filter(organisation=request.organisation, role__in=_may_let_in(request))
    people.remove_post(post=get_object_or_404(posts.select_related("user", "organisation"), pk=number), by=request.user)
    return _back(request)


@for_posts(*_LETTING_IN)
@require_POST
def revoke_of_organisation(request: OrganisationRequest, number: int) -> HttpResponse:
    """Withdraw an invitation to the organisation."""
    waiting = Invitation.objects.filter(organisation=request.organisation, role__in=_may_let_in(request))
    people.revoke(invitation=get_object_or_404(waiting.select_related("organisation"), pk=number), by=request.user)
    return _back(request)


@for_posts(Role.AUDITOR)
@require_GET
def organisation_audit(request: OrganisationRequest) -> HttpResponse:
    """The trail of the organisation, of those below it and of their factories."""
    page = Paginator(audit_under(request.organisation), _PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "tenants/audit.html", {"page": page})


@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Take an invitation, signed in or with a new account."""
    limits.count("invitation", limits.address_of(request))
    found = people.invitation(token)
    if found is None:
        return render(request, "tenants/no_invitation.html", status=HTTPStatus.NOT_FOUND)
    known = request.user.is_authenticated
    form = None if known else NewAccountForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and (known or form.is_valid()):
        try:
            _let_in(request, token, form)
        except people.PeopleError:
            return render(request, "tenants/no_invitation.html", status=HTTPStatus.NOT_FOUND)
        place = found.factory or found.organisation
        messages.success(request, _("Welcome to %(place)s.") % {"place": place.name})
        return redirect("start")
    context = {"found": found, "form": form, "token": token, "provider": settings.OIDC and settings.OIDC["name"]}
    return render(request, "tenants/join.html", context, status=_status(form))


@transaction.atomic
def _let_in(request: HttpRequest, token: str, form: NewAccountForm | None) -> None:
    user = request.user if form is None else form.save()
    people.join(token=token, user=user)
    if form is not None:
        login(request, user, backend="django.contrib.auth.backends.ModelBackend")


def _status(form: Any) -> HTTPStatus:
    return HTTPStatus.BAD_REQUEST if form is not None and form.is_bound else HTTPStatus.OK
