"""The centre as a factory sees it: its cases, one as a conversation, a new one, a tap of thanks."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jasang.errors import JasangError
from jasang.web.center import findings, queries, services, serving, showing
from jasang.web.center.difficulty_showing import difficulty_of
from jasang.web.center.forms import CaseForm, WordForm
from jasang.web.center.models import Attachment, Case, CaseState, Priority, Visit
from jasang.web.jobs.announcing import Subject, subject
from jasang.web.tenants.access import FactoryRequest, for_members, for_roles
from jasang.web.tenants.models import FACTORY_ROLES, Role
from jasang.web.ui.language import current

SPEAKING = (*FACTORY_ROLES, Role.MENTOR)  # an agent speaks on the centre's pages


@for_members
@require_GET
def cases(request: FactoryRequest) -> HttpResponse:
    """The factory's cases."""
    now = timezone.now()
    page = Paginator(queries.of_factory(request.factory), queries.LIST_LENGTH).get_page(request.GET.get("page"))
    context = {
        "tab": "cases",
        "page": page,
        "rows": [showing.row(case, now) for case in page],
        "centre": serving.centre_of(request.factory),
        "may_speak": request.role in SPEAKING,
        "may_choose": request.role in (Role.OWNER, Role.ENGINEER),
        "from_findings": findings.factory_wants(request.factory),
        "shared": queries.shared_by(request.factory),
    }
    return render(request, "center/cases.html", context)


@for_roles(*SPEAKING)
@require_http_methods(["GET", "POST"])
def new(request: FactoryRequest) -> HttpResponse:
    """Open a case, about a finding where the address names one."""
    about, centre = _about(request), serving.centre_of(request.factory)
    queues = list(queries.queues(centre.organisation)) if centre is not None else []
    form = CaseForm(request.POST, request.FILES) if request.method == "POST" else CaseForm(initial=_first(about))
    if form.is_valid():
        try:
            case = services.open_case(
                factory=request.factory,
                title=form.cleaned_data["title"],
                text=form.cleaned_data["text"],
                user=request.user,
                priority=form.cleaned_data["priority"],
                language=current(),
                subject=about,
                carried=services.carry(about) | findings.around(request.factory, []),
                files=form.cleaned_data["files"],
                queue=next((one for one in queues if one.key == form.cleaned_data["queue"]), None),
            )
        except JasangError as error:
            form.add_error(None, error.in_language(current()))
        else:
            return redirect("center:case", factory_key=request.factory.key, key=case.key)
    context = {
        "tab": "cases",
        "form": form,
        "about": about,
        "about_title": about and about.title.in_language(current()),
        "priorities": [(one.value, showing.priority_words(one)) for one in Priority],
        "chosen_priority": _number(form["priority"].value()) or Priority.NORMAL,
        "queues": queues,
        "centre": centre,
    }
    status = HTTPStatus.BAD_REQUEST if form.is_bound else HTTPStatus.OK
    return render(request, "center/new.html", context, status=status)


def _number(given: Any) -> int:
    return int(given) if str(given).isdecimal() else 0


def _about(request: FactoryRequest) -> Subject | None:
    key = request.GET.get("finding", "") or request.POST.get("finding", "")
    return subject(factory=request.factory, kind="finding", key=key) if key else None


def _first(about: Subject | None) -> dict[str, Any]:
    return {"title": about.title.in_language(current())[:200], "priority": Priority.NORMAL} if about else {}


def _case(request: FactoryRequest, key: UUID) -> Case:
    rows = Case.objects.of(request.factory).select_related("centre", "queue", "agent__user", "merged_into", "factory")
    return get_object_or_404(rows, key=key)


@for_members
@require_GET
def case(request: FactoryRequest, key: UUID) -> HttpResponse:
    """One case as a conversation."""
    return _page(request, _case(request, key), WordForm())


def _page(request: FactoryRequest, found: Case, form: WordForm) -> HttpResponse:
    visits = Visit.objects.of(request.factory).filter(case=found, cancelled=False, end__gte=timezone.now())
    context = {
        "tab": "cases",
        "case": found,
        "row": showing.row(found, timezone.now()),
        "thread": showing.thread(queries.events_of(found, inner=False), queries.files_of(found)),
        "shared": difficulty_of(found),
        "carried": found.carried,
        "visits": visits.select_related("agent__user").order_by("start"),
        "form": form,
        "may_speak": request.role in SPEAKING and found.state != CaseState.MERGED,
        "may_rate": found.stars is None and found.state in (CaseState.SOLVED, CaseState.CLOSED),
        "stars": range(1, 6),
    }
    status = HTTPStatus.BAD_REQUEST if form.is_bound else HTTPStatus.OK
    return render(request, "center/case.html", context, status=status)


@for_roles(*SPEAKING)
@require_POST
def say(request: FactoryRequest, key: UUID) -> HttpResponse:
    """A word of the factory."""
    found, form = _case(request, key), WordForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, found, form)
    told = form.cleaned_data
    services.customer_word(
        case=found, text=told["text"], user=request.user, files=told["files"], once=_once(request, "say")
    )
    return redirect("center:case", factory_key=request.factory.key, key=key)


def _once(request: FactoryRequest, word: str) -> str | None:
    """A form that is sent twice by a nervous finger is said once."""
    given = request.POST.get("once", "")[:64]
    return f"{word}:{request.user.pk}:{given}" if given else None


@for_roles(*SPEAKING)
@require_POST
def rate(request: FactoryRequest, key: UUID) -> HttpResponse:
    """How it went, in one tap."""
    given = request.POST.get("stars", "")
    stars = int(given) if given in {"1", "2", "3", "4", "5"} else 0
    if services.rate(case=_case(request, key), user=request.user, stars=stars):
        messages.success(request, _("Thank you for the rating."))
    return redirect("center:case", factory_key=request.factory.key, key=key)


@for_roles(*SPEAKING)
@require_POST
def close(request: FactoryRequest, key: UUID) -> HttpResponse:
    """The factory needs nothing more."""
    found = _case(request, key)
    if found.state != CaseState.MERGED:
        services.close(case=found, user=request.user, ours=False)
    return redirect("center:case", factory_key=request.factory.key, key=key)


@for_roles(*SPEAKING)
@require_POST
def reopen(request: FactoryRequest, key: UUID) -> HttpResponse:
    """It was not solved after all."""
    found = _case(request, key)
    if found.state != CaseState.MERGED:
        services.reopen(case=found, user=request.user, ours=False)
    return redirect("center:case", factory_key=request.factory.key, key=key)


@for_roles(Role.OWNER, Role.ENGINEER)
@require_POST
def choose(request: FactoryRequest) -> HttpResponse:
    """Whether loud findings open cases by themselves."""
    serving.choose_from_findings(factory=request.factory, on=request.POST.get("on") == "yes")
    return redirect("center:cases", factory_key=request.factory.key)


@for_members
@require_GET
def download(request: FactoryRequest, key: UUID, file: UUID) -> HttpResponse:
    """A file of the conversation, never one of an inner note."""
    rows = Attachment.objects.of(request.factory).filter(event__case__key=key, event__private=False)
    return send(get_object_or_404(rows, key=file))


def send(file: Attachment) -> HttpResponse:
    """The file as a download that no browser opens by itself."""
    try:
        handle = open(file.path, "rb")  # noqa: SIM115  the answer closes it
    except FileNotFoundError:
        raise Http404 from None
    return FileResponse(handle, as_attachment=True, filename=file.name, content_type="application/octet-stream")
