"""Where people begin by their post; all factories below an organisation; a factory that joins."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jasang.errors import JasangError
from jasang.web.programme import exchange, members
from jasang.web.programme.cohort_views import uploaded_rows
from jasang.web.programme.telling import telling
from jasang.web.tenants.access import FactoryRequest, OrganisationRequest, for_posts, for_roles
from jasang.web.tenants.models import Factory, Organisation, OrganisationKind, Role
from jasang.web.tenants.queries import factories_under
from jasang.web.ui.language import current

RUNNING = (Role.PROGRAMME_OPERATOR, Role.COOP_OPERATOR)
_PER_PAGE = 50
_FIRST = (
    (Role.PROGRAMME_OPERATOR, "programme:portfolio"), (Role.COOP_OPERATOR, "programme:portfolio"),
    (Role.AUDITOR, "programme:portfolio"), (Role.JUDGE, "programme:judging"), (Role.MENTOR, "programme:offers"),
)  # fmt: skip


@for_posts(*Role)
@require_GET
def start(request: OrganisationRequest) -> HttpResponse:
    """The first page for this person's post."""
    for role, page in _FIRST:
        if role in request.roles:
            return redirect(page, organisation_key=request.organisation.key)
    raise Http404


def _page_of(request: OrganisationRequest, **more: Any) -> str:
    return reverse("programme:members", args=[request.organisation.key])


@for_posts(*RUNNING)
@require_GET
def overview(request: OrganisationRequest) -> HttpResponse:
    """Every factory below this organisation."""
    return _page(request)


def _page(request: OrganisationRequest, link: str = "", tried: exchange.Imported | None = None) -> HttpResponse:
    below = Organisation.objects.filter(path__startswith=request.organisation.path).order_by("path")
    kinds = (OrganisationKind.OPERATOR, OrganisationKind.COOPERATIVE)
    words = request.GET.get("words", "").replace("\x00", "").strip()[:100]
    rows = factories_under(request.organisation).select_related("organisation")
    if words:
        rows = rows.filter(name__icontains=words)
    page = Paginator(rows, _PER_PAGE).get_page(request.GET.get("page"))
    owned = set(
        Factory.objects.filter(pk__in=[one.pk for one in page], memberships__role=Role.OWNER).values_list(
            "pk", flat=True
        )
    )
    context = {
        "tab": "cohorts", "page": page, "words": words, "owned": owned, "link": link, "tried": tried,
        "wrong": [one.in_language(current()) for one in tried.wrong] if tried else [],
        "places": list(below.filter(kind__in=kinds)[:200]), "runs": Role.PROGRAMME_OPERATOR in request.roles,
    }  # fmt: skip
    return render(request, "programme/cohorts/members.html", context, status=400 if tried and tried.wrong else 200)


def _place(request: OrganisationRequest) -> Organisation:
    below = Organisation.objects.filter(path__startswith=request.organisation.path)
    return get_object_or_404(below, key=request.POST.get("organisation", request.organisation.key))


@for_posts(*RUNNING)
@require_POST
@telling(_page_of)
def invite_owner(request: OrganisationRequest, factory_key: str) -> HttpResponse:
    """A new link for the owner of a factory without one."""
    factory = get_object_or_404(factories_under(request.organisation).select_related("organisation"), key=factory_key)
    _invitation, token = members.invite_owner(by=request.user, factory=factory)
    return _page(request, link=request.build_absolute_uri(reverse("join", args=[token])))


@for_posts(*RUNNING)
@require_http_methods(["GET", "POST"])
def take_in(request: OrganisationRequest) -> HttpResponse:
    """A table of factories."""
    if request.method == "GET":
        return redirect(_page_of(request))
    try:
        tried = exchange.import_factories(
            by=request.user,
            organisation=_place(request),
            rows=uploaded_rows(request),
            dry=bool(request.POST.get("dry")),
        )
    except JasangError as error:
        messages.error(request, error.in_language(current()))
        return redirect(_page_of(request))
    return _page(request, tried=tried)


@for_roles(Role.OWNER)
@require_POST
@telling(lambda request, **more: reverse("programme:support", args=[request.factory.key]))
def join(request: FactoryRequest) -> HttpResponse:
    """The owner takes the factory into a co-operative."""
    joined = members.join(by=request.user, factory=request.factory, code=request.POST.get("code", ""))
    messages.success(request, _("Your factory belongs to %(name)s now.") % {"name": joined.name})
    return redirect("programme:support", factory_key=request.factory.key)


@for_roles(Role.OWNER)
@require_POST
@telling(lambda request, **more: reverse("programme:support", args=[request.factory.key]))
def describe(request: FactoryRequest) -> HttpResponse:
    """Where the factory is, what it makes, how many people it has."""
    people = request.POST.get("employees", "").strip()
    members.describe_factory(
        by=request.user, factory=request.factory, region=request.POST.get("region", ""),
        industry=request.POST.get("industry", ""),
        employees=int(people) if people.isdecimal() and len(people) < 8 else None,
    )  # fmt: skip
    messages.success(request, _("Kept."))
    return redirect("programme:support", factory_key=request.factory.key)
