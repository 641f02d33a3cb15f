"""Support for the factory, as its owner sees it: open calls, the application from draft to the end, claims."""

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
from jasang.optimize.assignment.regions import REGIONS
from jasang.web.programme import application_showing as showing
from jasang.web.programme import applications as steps
from jasang.web.programme import money, queries
from jasang.web.programme.blinding import copy_name
from jasang.web.programme.forms import ClaimForm, DraftForm, FilesForm
from jasang.web.programme.models import Application, Milestone, Paper, Stage
from jasang.web.programme.papers import add_papers, for_judges, read_by_judges, remove_paper
from jasang.web.programme.telling import send, tell_form, telling
from jasang.web.tenants.access import FactoryRequest, for_roles
from jasang.web.tenants.models import FACTORY_ROLES, Role
from jasang.web.ui.language import current


def _application(request: FactoryRequest, key: UUID) -> Application:
    return get_object_or_404(queries.applications_of(request.factory), key=key)


def _page_of(request: FactoryRequest, key: UUID, **more: Any) -> str:
    return reverse("programme:own-application", args=[request.factory.key, key])


@for_roles(*FACTORY_ROLES)
@require_GET
def overview(request: FactoryRequest) -> HttpResponse:
    """The factory's applications, and the calls it may apply to now."""
    mine = list(queries.applications_of(request.factory)[:50])
    taken = {one.call_id for one in mine if one.stage != Stage.WITHDRAWN}
    calls = [one for one in queries.calls_for(request.factory, timezone.localdate())[:50] if one.pk not in taken]
    context = {
        "tab": "level", "part": "support", "calls": calls, "owner": request.role == Role.OWNER,
        "applications": [{"application": one, "next": showing.next_words(one)} for one in mine],
        "outside": request.factory.organisation is None, "regions": list(REGIONS),
    }  # fmt: skip
    return render(request, "programme/support/support.html", context)


@for_roles(Role.OWNER)
@require_http_methods(["GET", "POST"])
def apply(request: FactoryRequest, key: UUID) -> HttpResponse:
    """Write the draft: kept as it is, also unfinished."""
    call = get_object_or_404(queries.calls_for(request.factory, timezone.localdate()), key=key)
    mine = queries.applications_of(request.factory).filter(call=call).first()
    if mine is not None and mine.stage not in (Stage.DRAFT, Stage.WITHDRAWN):
        return redirect(_page_of(request, mine.key))
    names = ("wish", "expected", "cost", "asked", "contact")
    first = {name: getattr(mine, name) or "" for name in names} if mine is not None else {}
    form = DraftForm(request.POST if request.method == "POST" else None, initial=first)
    if form.is_valid():
        try:
            draft = steps.keep_draft(by=request.user, factory=request.factory, call=call, **form.wanted())
        except JasangError as error:
            form.add_error(None, error.in_language(current()))
        else:
            messages.success(request, _("The draft is kept."))
            return redirect(_page_of(request, draft.key))
    status = HTTPStatus.BAD_REQUEST if form.is_bound else HTTPStatus.OK
    context = {"tab": "level", "part": "support", "call": call, "form": form, "draft": mine}
    return render(request, "programme/support/apply.html", context, status=status)


@for_roles(*FACTORY_ROLES)
@require_GET
def one(request: FactoryRequest, key: UUID) -> HttpResponse:
    """The application to the end: where it stands, what comes next, what is missing, documents, money."""
    return _page(request, _application(request, key))


def _page(
    request: FactoryRequest, application: Application, refused: dict[int, ClaimForm] | None = None
) -> HttpResponse:
    """The page; `refused`: a milestone's place and its claim that was not kept, with what was written."""
    rows = showing.milestones(application)
    for row in rows:
        place = row["milestone"].place
        row["form"] = (refused or {}).get(place) or ClaimForm(auto_id=f"claim{place}_%s")
    papers = list(queries.papers_of(application))
    context = {
        "tab": "level", "part": "support", "application": application, "owner": request.role == Role.OWNER,
        "today": timezone.localdate(),
        "way": showing.way(application), "next": showing.next_words(application), "history": showing.history(application),
        "draft": application.stage == Stage.DRAFT, "milestones": rows, "money": showing.money(application, rows),
        "missing": [one.in_language(current()) for one in steps.missing(application)] if application.stage == Stage.DRAFT else [],
        "documents": _documents(application, papers), "others": [one for one in papers if not one.title and one.claim is None],
        "claiming": application.stage in (Stage.PLANNED, Stage.BUILDING, Stage.OPERATING, Stage.AFTERCARE),
        "over": application.stage in (Stage.CLOSED, Stage.REJECTED, Stage.WITHDRAWN, Stage.STOPPED),
        "may_withdraw": application.stage in (Stage.DRAFT, Stage.APPLIED, Stage.VISITED, Stage.APPROVED, Stage.PLANNED),
        "open_call": application.call in queries.calls_for(request.factory, timezone.localdate()),
    }  # fmt: skip
    status = HTTPStatus.BAD_REQUEST if refused else HTTPStatus.OK
    return render(request, "programme/support/application.html", context, status=status)


def _documents(application: Application, papers: list[Paper]) -> list[dict[str, Any]]:
    return [
        document | {"papers": [one for one in papers if one.title == document["name"]]}
        for document in application.call.documents
    ]


@for_roles(Role.OWNER)
@require_POST
@telling(_page_of)
def submit(request: FactoryRequest, key: UUID) -> HttpResponse:
    """Hand the application in."""
    done = steps.submit(by=request.user, application=_application(request, key))
    messages.success(request, _("Handed in. Your number in this call is %(number)d.") % {"number": done.number})
    return redirect(_page_of(request, key))


@for_roles(Role.OWNER)
@require_POST
@telling(_page_of)
def withdraw(request: FactoryRequest, key: UUID) -> HttpResponse:
    """Take the application back."""
    steps.withdraw(by=request.user, application=_application(request, key), words=request.POST.get("words", "")[:2000])
    return redirect(_page_of(request, key))


@for_roles(Role.OWNER)
@require_POST
@telling(_page_of)
def add_files(request: FactoryRequest, key: UUID) -> HttpResponse:
    """Documents, each checked."""
    form = FilesForm(request.POST, request.FILES)
    application = _application(request, key)
    if form.is_valid():
        given = form.cleaned_data
        add_papers(by=request.user, application=application, title=given["title"], files=given["files"])
    else:
        tell_form(request, form)
    return redirect(_page_of(request, key))


@for_roles(Role.OWNER)
@require_POST
@telling(_page_of)
def remove_file(request: FactoryRequest, key: UUID, paper: UUID) -> HttpResponse:
    """Take a document out of the draft."""
    application = _application(request, key)
    rows = queries.papers_of(application).select_related("application__factory", "application__organisation")
    remove_paper(by=request.user, paper=get_object_or_404(rows, key=paper))
    return redirect(_page_of(request, key))


@for_roles(*FACTORY_ROLES)
@require_GET
def download(request: FactoryRequest, key: UUID, paper: UUID) -> HttpResponse:
    """A file of the own application; with `?copy=judges` as judges get it."""
    application = _application(request, key)
    found = get_object_or_404(queries.papers_of(application), key=paper)
    if request.GET.get("copy") != "judges":
        return send(found.path, found.name)
    copy = for_judges(found, request.factory.name) if found.title in read_by_judges(application.call) else None
    if copy is None:
        raise Http404
    return send(copy, copy_name(found.name, request.factory.name))


@for_roles(Role.OWNER)
@require_POST
@telling(_page_of)
def note(request: FactoryRequest, key: UUID) -> HttpResponse:
    """A word to the programme's people."""
    steps.add_note(by=request.user, application=_application(request, key), words=request.POST.get("words", "")[:8000])
    return redirect(_page_of(request, key))


@for_roles(Role.OWNER)
@require_http_methods(["GET", "POST"])
@telling(_page_of)
def claim(request: FactoryRequest, key: UUID, place: int) -> HttpResponse:
    """Ask for the money of a milestone. The form's own number makes it one claim, however often it is sent."""
    if request.method == "GET":  # a refused claim was shown here, and its reader chose another language
        return redirect(_page_of(request, key))
    application = _application(request, key)
    rows = Milestone.objects.of(application.organisation).filter(application=application)
    milestone = get_object_or_404(rows.select_related("application__organisation", "application__factory"), place=place)
    form = ClaimForm(request.POST, request.FILES, auto_id=f"claim{place}_%s")
    if not form.is_valid():
        return _page(request, application, {place: form})
    given = form.cleaned_data
    once = request.POST.get("once", "")[:20]
    money.claim(
        by=request.user, milestone=milestone, request=f"{milestone.pk}-{once}", words=given["words"],
        own_paid=given["own_paid"] or 0, files=given["files"],
    )  # fmt: skip
    messages.success(request, _("The claim is with the operator."))
    return redirect(_page_of(request, key))
