"""Cohorts: the survey of all their factories, a goal for each, tables in and out."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Avg, Count, F, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jasang.errors import JasangError, UnreadableInput
from jasang.web.programme import cohorts, exchange
from jasang.web.programme.models import Call, Cohort, Standing
from jasang.web.programme.telling import telling
from jasang.web.tenants.access import OrganisationRequest, for_posts
from jasang.web.tenants.models import Role
from jasang.web.tenants.queries import factories_under
from jasang.web.ui.language import current

RUNNING = (Role.PROGRAMME_OPERATOR,)
_PER_PAGE = 50


def _cohort(request: OrganisationRequest, key: UUID) -> Cohort:
    return get_object_or_404(Cohort.objects.under(request.organisation).select_related("organisation"), key=key)


def _page_of(request: OrganisationRequest, key: UUID | None = None, **more: Any) -> str:
    if key is None:
        return reverse("programme:cohorts", args=[request.organisation.key])
    return reverse("programme:cohort", args=[request.organisation.key, key])


@for_posts(*RUNNING, Role.AUDITOR)
@require_GET
def overview(request: OrganisationRequest) -> HttpResponse:
    """All cohorts with their factories and mean level."""
    rows = list(Cohort.objects.under(request.organisation).order_by("-year", "-pk")[:200])
    sums = (
        Standing.objects.under(request.organisation).filter(cohort__in=rows).order_by().values("cohort")
        .annotate(n=Count("pk"), mean=Avg("of_five"), surveyed=Count("pk", filter=Q(surveyed_on__isnull=False)))
    )  # fmt: skip
    known = {one["cohort"]: one for one in sums}
    context = {
        "tab": "cohorts", "rows": [{"cohort": one, "sums": known.get(one.pk)} for one in rows],
        "runs": Role.PROGRAMME_OPERATOR in request.roles, "year": timezone.localdate().year,
    }  # fmt: skip
    return render(request, "programme/cohorts/cohorts.html", context)


@for_posts(*RUNNING)
@require_POST
@telling(_page_of)
def new(request: OrganisationRequest) -> HttpResponse:
    """Make a cohort without a call."""
    year = request.POST.get("year", "")
    made = cohorts.make_cohort(
        by=request.user, organisation=request.organisation, name=request.POST.get("name", ""),
        year=int(year) if year.isdecimal() and len(year) < 6 else 0,
    )  # fmt: skip
    return redirect(_page_of(request, made.key))


@for_posts(*RUNNING, Role.AUDITOR)
@require_GET
def one(request: OrganisationRequest, key: UUID) -> HttpResponse:
    """The table of the survey."""
    return _page(request, _cohort(request, key))


def _page(request: OrganisationRequest, cohort: Cohort, tried: exchange.Imported | None = None) -> HttpResponse:
    rows = Standing.objects.under(request.organisation).filter(cohort=cohort).select_related("factory__organisation")
    sums = rows.aggregate(
        n=Count("pk"), mean=Avg("of_five"), surveyed=Count("pk", filter=Q(surveyed_on__isnull=False)),
        goals=Count("pk", filter=Q(goal__isnull=False)), reached=Count("pk", filter=Q(of_five__gte=F("goal"))),
    )  # fmt: skip
    words = request.GET.get("words", "").replace("\x00", "").strip()[:100]
    shown = rows.filter(factory__name__icontains=words) if words else rows
    if request.GET.get("without"):
        shown = shown.filter(Q(goal=None) | Q(surveyed_on=None))
    page = Paginator(shown.order_by("factory__name", "pk"), _PER_PAGE).get_page(request.GET.get("page"))
    left = factories_under(request.organisation).exclude(standing__cohort=cohort).filter(closed_at=None)
    context = {
        "tab": "cohorts", "cohort": cohort, "page": page, "sums": sums, "words": words,
        "runs": Role.PROGRAMME_OPERATOR in request.roles,
        "without": bool(request.GET.get("without")), "tried": tried, "survey": cohorts.open_survey(cohort), "left": left.count(),
        "wrong": [one.in_language(current()) for one in tried.wrong] if tried else [],
        "calls": Call.objects.of(cohort.organisation).filter(cohort=cohort).order_by("-pk")[:20],
    }  # fmt: skip
    return render(request, "programme/cohorts/cohort.html", context, status=400 if tried and tried.wrong else 200)


@for_posts(*RUNNING)
@require_POST
@telling(_page_of)
def goals(request: OrganisationRequest, key: UUID) -> HttpResponse:
    """The goals of the page's table at once."""
    given: dict[str, int | None] = {}
    for name, value in request.POST.items():
        if name.startswith("goal-") and len(given) < 200:
            plain = str(value).strip()
            if plain and (not plain.isdecimal() or len(plain) > 2):
                raise UnreadableInput(ko=f"목표 '{plain}': 0부터 5까지입니다.", en=f"Goal {plain!r}; expected 0 to 5.")
            given[name.removeprefix("goal-")] = int(plain) if plain else None
    count = cohorts.set_goals(by=request.user, cohort=_cohort(request, key), goals=given)
    messages.success(request, _("Goals changed: %(n)d.") % {"n": count})
    return redirect(_page_of(request, key))


@for_posts(*RUNNING)
@require_POST
@telling(_page_of)
def one_up(request: OrganisationRequest, key: UUID) -> HttpResponse:
    """A goal for everybody without one."""
    count = cohorts.goals_one_up(by=request.user, cohort=_cohort(request, key))
    messages.success(request, _("Goals changed: %(n)d.") % {"n": count})
    return redirect(_page_of(request, key))


@for_posts(*RUNNING)
@require_POST
@telling(_page_of)
def survey(request: OrganisationRequest, key: UUID) -> HttpResponse:
    """Reckon all levels in the background."""
    cohorts.ask_for_survey(by=request.user, cohort=_cohort(request, key))
    return redirect(_page_of(request, key))


@for_posts(*RUNNING, Role.AUDITOR)
@require_GET
def survey_state(request: OrganisationRequest, key: UUID) -> HttpResponse:
    """How far the survey is."""
    cohort = _cohort(request, key)
    context = {"survey": cohorts.open_survey(cohort), "cohort": cohort, "asked_again": True}
    return render(request, "programme/cohorts/survey.html", context)


@for_posts(*RUNNING)
@require_POST
@telling(_page_of)
def add_all(request: OrganisationRequest, key: UUID) -> HttpResponse:
    """Every factory below comes into the cohort."""
    below = factories_under(request.organisation).filter(closed_at=None)
    count = cohorts.add_factories(by=request.user, cohort=_cohort(request, key), factories=below)
    messages.success(request, _("Factories taken in: %(n)d.") % {"n": count})
    return redirect(_page_of(request, key))


@for_posts(*RUNNING)
@require_http_methods(["GET", "POST"])
def take_in(request: OrganisationRequest, key: UUID) -> HttpResponse:
    """A table of factories, goals and the survey's answers: tried first, then kept."""
    cohort = _cohort(request, key)
    if request.method == "GET":
        return redirect(_page_of(request, key))
    try:
        rows = uploaded_rows(request)
        tried = exchange.import_cohort(by=request.user, cohort=cohort, rows=rows, dry=bool(request.POST.get("dry")))
    except JasangError as error:
        messages.error(request, error.in_language(current()))
        return redirect(_page_of(request, key))
    return _page(request, cohort, tried)


def uploaded_rows(request: Any) -> list[dict[str, Any]]:
    """The rows of the one uploaded table."""
    file = request.FILES.get("file")
    if file is None:
        raise UnreadableInput(ko="파일을 고르세요.", en="Please choose a file.")
    return exchange.read_rows(file.name, file.read(exchange.LARGEST + 1))


@for_posts(*RUNNING, Role.AUDITOR)
@require_GET
def export(request: OrganisationRequest, what: str) -> HttpResponse:
    """A table as CSV, or as JSON with `?as=json`."""
    if what not in exchange.EXPORTS:
        raise Http404
    only = None
    try:
        if "call" in request.GET:
            only = get_object_or_404(Call.objects.under(request.organisation), key=UUID(request.GET["call"]))
        if "cohort" in request.GET:
            only = _cohort(request, UUID(request.GET["cohort"]))
    except ValueError as error:
        raise Http404 from error
    rows = exchange.EXPORTS[what](request.organisation, only)
    as_json = request.GET.get("as") == "json"
    headings = list(dict.fromkeys(name for row in rows for name in row))
    body = exchange.as_json(rows) if as_json else exchange.to_csv(rows, headings)
    answer = HttpResponse(body, content_type="application/json" if as_json else "text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{what}.{"json" if as_json else "csv"}"'
    return answer
