"""Calls for the operator: the list, one call, making and changing it, judging and the ranking."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jasang.errors import JasangError
from jasang.web.programme import calls, judging, queries
from jasang.web.programme.forms import CallForm, Day, call_values, criterion_lines, document_lines
from jasang.web.programme.models import Application, Call, Stage
from jasang.web.programme.telling import telling
from jasang.web.programme.words import stage_words
from jasang.web.tenants.access import OrganisationRequest, for_posts
from jasang.web.tenants.models import Role
from jasang.web.ui.language import current

RUNNING = (Role.PROGRAMME_OPERATOR,)
READING = (*RUNNING, Role.AUDITOR)
_PER_PAGE = 50


def _call(request: OrganisationRequest, key: UUID) -> Call:
    return get_object_or_404(Call.objects.under(request.organisation).select_related("cohort", "organisation"), key=key)


def _page_of(request: OrganisationRequest, key: UUID) -> str:
    return reverse("programme:call", args=[request.organisation.key, key])


def _judging_of(request: OrganisationRequest, key: UUID) -> str:
    return reverse("programme:ranking", args=[request.organisation.key, key])


@for_posts(*READING)
@require_GET
def overview(request: OrganisationRequest) -> HttpResponse:
    """All calls, newest first."""
    page = Paginator(queries.calls_of(request.organisation), _PER_PAGE).get_page(request.GET.get("page"))
    counts, today = queries.handed_in(page), timezone.localdate()
    rows = [{"call": one, "count": counts.get(one.pk, 0), "state": state(one, today)} for one in page]
    context = {"tab": "calls", "page": page, "rows": rows, "runs": _runs(request)}
    return render(request, "programme/calls/calls.html", context)


def state(call: Call, today: Any) -> str:
    """Where the call stands, in a word."""
    if call.published_at is None:
        return _("not published")
    if today < call.opens_on:
        return _("opens soon")
    return _("open for applications") if today <= call.closes_on else _("closed for applications")


def _runs(request: OrganisationRequest) -> bool:
    return Role.PROGRAMME_OPERATOR in request.roles


@for_posts(*RUNNING)
@require_http_methods(["GET", "POST"])
def new(request: OrganisationRequest) -> HttpResponse:
    """Make a call; it is published on its own page."""
    first = {
        "cohort_name": str(timezone.localdate().year), "opens_on": timezone.localdate(), "share": 50, "least_points": 70,
        "documents": document_lines(calls.DOCUMENTS), "criteria": criterion_lines(calls.CRITERIA), "support": "upgrade",
    }  # fmt: skip
    form = CallForm(request.POST if request.method == "POST" else None, initial=first)
    if form.is_valid():
        try:
            made = calls.make_call(by=request.user, organisation=request.organisation, **form.wanted())
        except JasangError as error:
            form.add_error(None, error.in_language(current()))
        else:
            return redirect(_page_of(request, made.key))
    return _form_page(request, form, None)


@for_posts(*RUNNING)
@require_http_methods(["GET", "POST"])
def edit(request: OrganisationRequest, key: UUID) -> HttpResponse:
    """Change a call."""
    call = _call(request, key)
    form = CallForm(request.POST if request.method == "POST" else None, initial=call_values(call))
    if form.is_valid():
        try:
            calls.change_call(by=request.user, call=call, **_kept_ids(form.wanted(), call))
        except JasangError as error:
            form.add_error(None, error.in_language(current()))
        else:
            return redirect(_page_of(request, call.key))
    return _form_page(request, form, call)


def _kept_ids(fields: dict[str, Any], call: Call) -> dict[str, Any]:
    # A criterion whose name stays keeps its id, so that an unchanged call is seen as unchanged.
    known = {one["name"]: one["id"] for one in call.criteria}
    fields["criteria"] = [one | {"id": known.get(one["name"], one["id"])} for one in fields["criteria"]]
    return fields


def _form_page(request: OrganisationRequest, form: CallForm, call: Call | None) -> HttpResponse:
    status = HTTPStatus.BAD_REQUEST if form.is_bound else HTTPStatus.OK
    return render(request, "programme/calls/form.html", {"tab": "calls", "form": form, "call": call}, status=status)


@for_posts(*READING)
@require_GET
def one(request: OrganisationRequest, key: UUID) -> HttpResponse:
    """A call: what it says, and its applications by stage."""
    call = _call(request, key)
    rows = queries.applications_seen(call.organisation).filter(call=call)
    rows = queries.narrowed(rows, request.GET).order_by("number", "pk")
    page = Paginator(rows, _PER_PAGE).get_page(request.GET.get("page"))
    counts = queries.stage_counts(call)
    context = {
        "tab": "calls", "call": call, "page": page, "runs": _runs(request), "state": state(call, timezone.localdate()),
        "stages": [(name, stage_words(name), counts[name]) for name in Stage.values if counts.get(name)],
        "chosen": request.GET.get("stage", ""), "words": request.GET.get("words", ""), "all": sum(counts.values()),
        "with_judges": counts.get(Stage.VISITED, 0),
    }  # fmt: skip
    return render(request, "programme/calls/call.html", context)


@for_posts(*RUNNING)
@require_POST
@telling(_page_of)
def publish(request: OrganisationRequest, key: UUID) -> HttpResponse:
    """Factories see it from now on."""
    calls.publish_call(by=request.user, call=_call(request, key))
    messages.success(request, _("The call is published. Factories see it from its first day on."))
    return redirect(_page_of(request, key))


@for_posts(*RUNNING)
@require_POST
@telling(_page_of)
def drop(request: OrganisationRequest, key: UUID) -> HttpResponse:
    """Delete a call that nobody used."""
    calls.drop_call(by=request.user, call=_call(request, key))
    return redirect("programme:calls", organisation_key=request.organisation.key)


@for_posts(*READING)
@require_GET
def ranking(request: OrganisationRequest, key: UUID) -> HttpResponse:
    """The judges' progress and the ranking with its ties and the money line."""
    call = _call(request, key)
    rows = judging.ranking(call)
    page = Paginator(rows, _PER_PAGE).get_page(request.GET.get("page"))
    known = (
        Application.objects.of(call.organisation).filter(key__in=[row.key for row in page]).select_related("factory")
    )
    by_key = {str(application.key): application for application in known}
    names = [(one["id"], one["name"], one["most"]) for one in call.criteria]
    context = {
        "tab": "calls", "call": call, "page": page, "names": names, "runs": _runs(request), "judges_needed": judging.JUDGES,
        "rows": [{"ranked": row, "application": by_key[row.key]} for row in page],
        "sides": {side: sum(row.side == side for row in rows) for side in ("above", "line", "below", "failed", "waiting")},
        "judges": queries.judges_progress(call),
        "left": None if call.budget is None else call.budget - judging.already_granted(call),
        "known_judges": queries.people_with(call.organisation, Role.JUDGE) if _runs(request) else [],
    }  # fmt: skip
    return render(request, "programme/calls/ranking.html", context)


@for_posts(*RUNNING)
@require_POST
@telling(_judging_of)
def ask_judges(request: OrganisationRequest, key: UUID) -> HttpResponse:
    """Ask the ticked judges for all visited applications of the call."""
    call = _call(request, key)
    ticked = request.POST.getlist("judge")[:100]
    judges = [one for one in queries.people_with(call.organisation, Role.JUDGE) if str(one.pk) in ticked]
    due_on = Day(required=False).clean(request.POST.get("due_on", ""))
    count, left_out = judging.call_judges_for_call(by=request.user, call=call, judges=judges, due_on=due_on)
    messages.success(request, _("Requests to judges: %(n)d.") % {"n": count})
    for application, why in left_out[:20]:
        messages.warning(request, f"{application.factory.name}: {why.in_language(current())}")
    return redirect(_judging_of(request, key))


@for_posts(*RUNNING)
@require_POST
@telling(_judging_of)
def extend(request: OrganisationRequest, key: UUID) -> HttpResponse:
    """Another last day for the judges."""
    due_on = Day(required=False).clean(request.POST.get("due_on", ""))
    if due_on is not None:
        count = judging.extend_judging(by=request.user, call=_call(request, key), due_on=due_on)
        messages.success(request, _("New last day for %(n)d requests.") % {"n": count})
    return redirect(_judging_of(request, key))


@for_posts(*RUNNING)
@require_POST
@telling(_judging_of)
def decide(request: OrganisationRequest, key: UUID) -> HttpResponse:
    """Decide by the ranking."""
    granted, rejected = judging.decide_call(by=request.user, call=_call(request, key))
    messages.success(
        request, _("Approved: %(granted)d, rejected: %(rejected)d.") % {"granted": granted, "rejected": rejected}
    )
    return redirect(_judging_of(request, key))
