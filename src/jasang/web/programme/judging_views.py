"""The pages of an outside judge: what is asked, conflicts of interest, points. No name of a factory stands beside a number."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jasang.errors import JasangError
from jasang.web.programme import judging, queries
from jasang.web.programme.blinding import blind, copy_name
from jasang.web.programme.models import Application, Call, Judging, Paper, Stage
from jasang.web.programme.papers import for_judges, read_by_judges
from jasang.web.programme.telling import send, telling
from jasang.web.tenants.access import OrganisationRequest, for_posts
from jasang.web.tenants.models import Factory, Role
from jasang.web.ui.language import current


def _list_of(request: OrganisationRequest, **more: Any) -> str:
    return reverse("programme:judging", args=[request.organisation.key])


@for_posts(Role.JUDGE)
@require_GET
def overview(request: OrganisationRequest) -> HttpResponse:
    """What the judge is asked, call by call: first conflicts, then points."""
    groups: dict[int, dict[str, Any]] = {}
    for row in queries.judgings_for(request.user, request.organisation):
        call = row.application.call
        group = groups.setdefault(call.pk, {"call": call, "rows": [], "undeclared": 0, "tied": 0})
        if row.conflict:  # its number would tell whose it is
            group["tied"] += 1
            continue
        group["rows"].append(row)
        group["undeclared"] += row.conflict is None and row.application.stage == Stage.VISITED
    for group in groups.values():
        if group["undeclared"]:
            group["factories"] = _named(group["call"])
        group["open"] = sum(row.conflict is False and row.points is None for row in group["rows"])
    context = {"tab": "judging", "groups": list(groups.values()), "today": timezone.localdate()}
    return render(request, "programme/judging/judging.html", context)


def _named(call: Call) -> list[Factory]:
    # All applicants of the call by name, not only this judge's: so a name says nothing about a number.
    rows = Application.objects.of(call.organisation).filter(call=call, stage=Stage.VISITED)
    return list(Factory.objects.filter(pk__in=rows.values("factory")).order_by("name", "pk"))


@for_posts(Role.JUDGE)
@require_POST
@telling(_list_of)
def declare(request: OrganisationRequest, key: UUID) -> HttpResponse:
    """Conflicts of interest for all applications of a call at once."""
    call = get_object_or_404(Call.objects.of(request.organisation), key=key)
    if request.POST.get("sure") != "yes":
        messages.error(request, _("Please confirm that the list is complete."))
        return redirect(_list_of(request))
    ticked = [one for one in _named(call) if one.key in request.POST.getlist("factory")]
    free = judging.declare_for_call(by=request.user, call=call, conflicts=ticked, words=request.POST.get("words", ""))
    messages.success(request, _("Thank you. Applications for your points: %(n)d.") % {"n": free})
    return redirect(_list_of(request))


@for_posts(Role.JUDGE)
@require_http_methods(["GET", "POST"])
def one(request: OrganisationRequest, number: int) -> HttpResponse:
    """One application without its name, and the points by criterion."""
    row = _judging(request, number)
    application, wrong = row.application, ""
    if row.conflict is not False or application.stage != Stage.VISITED:
        return redirect(_list_of(request))
    given = _given(request, application) if request.method == "POST" else {}
    if request.method == "POST":
        try:
            judging.judge(
                by=request.user, application=application, words=request.POST.get("words", "")[:8000],
                scores={name: one["points"] for name, one in given.items() if one["points"] is not None},
                reasons={name: one["reason"] for name, one in given.items()},
            )  # fmt: skip
        except JasangError as error:
            wrong = error.in_language(current())
        else:
            messages.success(request, _("Your points are kept."))
            return redirect(_list_of(request))
    context = {
        "tab": "judging", "judging": row, "application": application, "wrong": wrong, "report": _report(application),
        "wish": blind(application.wish, application.factory), "papers": _papers(application),
        "expected": blind(application.expected, application.factory),
        "feasibility": blind(application.feasibility, application.factory),
        "criteria": [one | {"given": given.get(one["id"]), "kept": row.scores.get(one["id"]), "why": row.reasons.get(one["id"])}
                     for one in application.call.criteria],
        "words": request.POST.get("words", ""), "late": row.due_on is not None and timezone.localdate() > row.due_on,
    }  # fmt: skip
    return render(
        request, "programme/judging/one.html", context, status=HTTPStatus.BAD_REQUEST if wrong else HTTPStatus.OK
    )


def _judging(request: OrganisationRequest, number: int) -> Judging:
    rows = Judging.objects.of(request.organisation).filter(judge=request.user)
    return get_object_or_404(
        rows.select_related("application__call", "application__factory", "application__organisation"), pk=number
    )


def _given(request: OrganisationRequest, application: Application) -> dict[str, dict[str, Any]]:
    found = {}
    for criterion in application.call.criteria:
        points = request.POST.get(f"points-{criterion['id']}", "").strip()
        reason = request.POST.get(f"reason-{criterion['id']}", "")
        whole = int(points) if points.isdecimal() and len(points) < 6 else None
        found[criterion["id"]] = {"points": whole, "reason": reason}
    return found


def _report(application: Application) -> list[tuple[str, str]]:
    titles = {"found": _("What was found"), "way": _("How it can be solved"), "risks": _("What could go wrong")}
    texts = [(titles[name], blind(application.report.get(name, ""), application.factory)) for name in titles]
    return [(title, text) for title, text in texts if text.strip()]


def _papers(application: Application) -> list[dict[str, Any]]:
    """The documents that judges read: a copy without the name, or (`key` none) a line that says there is none."""
    rows = Paper.objects.of(application.organisation).filter(
        application=application, title__in=read_by_judges(application.call)
    )
    return [
        {"key": row.key if for_judges(row, application.factory.name) else None, "title": row.title, "size": row.size,
         "name": copy_name(row.name, application.factory.name)}
        for row in rows
    ]  # fmt: skip


@for_posts(Role.JUDGE)
@require_POST
@telling(_list_of)
def recuse(request: OrganisationRequest, number: int) -> HttpResponse:
    """The judge recognises the factory after all."""
    row = _judging(request, number)
    judging.declare(by=request.user, application=row.application, conflict=True, words=request.POST.get("words", ""))
    return redirect(_list_of(request))


@for_posts(Role.JUDGE)
@require_GET
def download(request: OrganisationRequest, number: int, paper: UUID) -> HttpResponse:
    """A document that judges may see: a copy without the factory's name."""
    row = _judging(request, number)
    application = row.application
    rows = Paper.objects.of(application.organisation).filter(
        application=application, title__in=read_by_judges(application.call)
    )
    found = get_object_or_404(rows, key=paper)
    if row.conflict is not False:
        return redirect(_list_of(request))
    copy = for_judges(found, application.factory.name)
    if copy is None:
        raise Http404
    return send(copy, copy_name(found.name, application.factory.name))
