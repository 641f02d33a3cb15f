"""Mentors' profiles: the operator's list, one profile, a mentor's own."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from jasang.errors import JasangError
from jasang.web.programme import exchange, queries
from jasang.web.programme.cohort_views import uploaded_rows
from jasang.web.programme.mentor_forms import MentorForm
from jasang.web.programme.mentors import own_profile, save_mentor
from jasang.web.programme.models import Mentor
from jasang.web.tenants.access import OrganisationRequest, for_posts
from jasang.web.tenants.models import Role
from jasang.web.tenants.queries import factories_under
from jasang.web.ui.language import current

RUNNING = (Role.PROGRAMME_OPERATOR,)
_PER_PAGE = 50


@for_posts(*RUNNING, Role.AUDITOR)
@require_GET
def overview(request: OrganisationRequest) -> HttpResponse:
    """All mentors."""
    return _page(request)


def _page(request: OrganisationRequest, tried: exchange.Imported | None = None) -> HttpResponse:
    words = request.GET.get("words", "").replace("\x00", "").strip()[:100]
    rows = Mentor.objects.of(request.organisation).select_related("user")
    if words:
        rows = rows.filter(name__icontains=words)
    context = {
        "tab": "planning", "page": Paginator(rows.order_by("name", "pk"), _PER_PAGE).get_page(request.GET.get("page")),
        "words": words, "runs": Role.PROGRAMME_OPERATOR in request.roles, "tried": tried,
        "wrong": [one.in_language(current()) for one in tried.wrong] if tried else [],
    }  # fmt: skip
    return render(request, "programme/mentors/mentors.html", context, status=400 if tried and tried.wrong else 200)


@for_posts(*RUNNING)
@require_http_methods(["GET", "POST"])
def new(request: OrganisationRequest) -> HttpResponse:
    """A profile for somebody."""
    return _form(request, None, runs=True)


@for_posts(*RUNNING)
@require_http_methods(["GET", "POST"])
def edit(request: OrganisationRequest, key: UUID) -> HttpResponse:
    """Change a profile."""
    return _form(request, get_object_or_404(Mentor.objects.of(request.organisation), key=key), runs=True)


@for_posts(Role.MENTOR)
@require_http_methods(["GET", "POST"])
def own(request: OrganisationRequest) -> HttpResponse:
    """The mentor's own profile."""
    return _form(request, own_profile(request.user, request.organisation), runs=False)


def _form(request: OrganisationRequest, mentor: Mentor | None, *, runs: bool) -> HttpResponse:
    options: dict[str, Any] = {
        "runs": runs, "mentor": mentor, "below": factories_under(request.organisation),
        "accounts": queries.people_with(request.organisation, Role.MENTOR) if runs else [],
    }  # fmt: skip
    form = MentorForm(request.POST, **options) if request.method == "POST" else MentorForm(**options)
    back = reverse("programme:mentors" if runs else "programme:offers", args=[request.organisation.key])
    if form.is_valid():
        try:
            save_mentor(by=request.user, organisation=request.organisation, mentor=mentor, **form.wanted())
        except JasangError as error:
            form.add_error(None, error.in_language(current()))
        else:
            messages.success(request, _("Kept."))
            return redirect(back)
    status = HTTPStatus.BAD_REQUEST if form.is_bound else HTTPStatus.OK
    context = {"tab": "planning" if runs else "offers", "form": form, "mentor": mentor, "back": back, "own": not runs}
    return render(request, "programme/mentors/form.html", context, status=status)


@for_posts(*RUNNING)
@require_http_methods(["GET", "POST"])
def take_in(request: OrganisationRequest) -> HttpResponse:
    """A table of mentors."""
    if request.method == "GET":
        return redirect("programme:mentors", organisation_key=request.organisation.key)
    try:
        tried = exchange.import_mentors(
            by=request.user,
            organisation=request.organisation,
            rows=uploaded_rows(request),
            dry=bool(request.POST.get("dry")),
        )
    except JasangError as error:
        messages.error(request, error.in_language(current()))
        return redirect("programme:mentors", organisation_key=request.organisation.key)
    return _page(request, tried)
