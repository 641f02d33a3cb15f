"""The pages on which a question is asked of the factory's data and answered."""

from http import HTTPStatus
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jasang.mentor.study_catalog import study_kind
from jasang.web.floor import studies as asked
from jasang.web.floor import writing
from jasang.web.floor.models import StudyRun
from jasang.web.floor.queries import LIST_LENGTH
from jasang.web.floor.standing import standing_of
from jasang.web.floor.study_forms import StudyForm
from jasang.web.jobs.services import ask_to_cancel
from jasang.web.tenants.access import FactoryRequest, for_members
from jasang.web.tenants.models import FACTORY_ROLES, Role
from jasang.web.ui.language import current


@for_members
@require_GET
def studies(request: FactoryRequest) -> HttpResponse:
    """Every question there is, and what was asked so far."""
    page = Paginator(asked.runs(request.factory), LIST_LENGTH).get_page(request.GET.get("page"))
    context = {
        "tab": "studies",
        "askable": asked.askable(request.factory, current()),
        "page": page,
        "runs": [asked.shown_row(run, current()) for run in page],
        "standing": asked.shown_standing(request.factory, current()),
    }
    return render(request, "floor/studies.html", context)


@for_members
@require_http_methods(["GET", "POST"])
def ask(request: FactoryRequest, kind: str) -> HttpResponse:
    """Choose data and options of one question; asking leads to its page."""
    try:
        entry = study_kind(kind)
    except KeyError as error:
        raise Http404 from error
    tables = asked.tables_for(request.factory, entry)
    posted = request.POST if request.method == "POST" else None
    form = StudyForm(posted, kind=entry, tables=tables, language=current(), chosen=request.GET.dict())
    if form.is_valid():
        diagnosis, options = form.question()
        known = asked.asked_before(diagnosis, entry, options) if request.POST.get("once") else None
        run = known or asked.ask_study(
            factory=request.factory, diagnosis=diagnosis, kind=entry, options=options, user=request.user
        )
        return redirect("floor:study", factory_key=request.factory.key, key=run.key)
    context = {
        "tab": "studies",
        "title": entry.title.in_language(current()),
        "question": entry.question.in_language(current()),
        "form": form,
        "possible": bool(tables),
    }
    status = HTTPStatus.BAD_REQUEST if form.is_bound else HTTPStatus.OK
    return render(request, "floor/ask.html", context, status=status)


@for_members
@require_GET
def study(request: FactoryRequest, key: UUID) -> HttpResponse:
    """One question: how far its answer is, then the answer."""
    run = get_object_or_404(StudyRun.objects.of(request.factory).select_related("job", "diagnosis", "factory"), key=key)
    writes = run.kind == "recommend" and run.result and request.role in (Role.OWNER, Role.ENGINEER)
    context = {"tab": "studies", "may_propose": bool(writes and writing.may_be_written(request.factory)
                                                      and writing.recommended(request.factory, str(run.key)))}  # fmt: skip
    context |= asked.shown_run(run, current()) | {
        "standing": standing_of(run),
        "may_stand": request.role in FACTORY_ROLES and run.result is not None,
    }
    return render(request, "floor/study_state.html" if request.htmx else "floor/study.html", context)


@for_members
@require_POST
def cancel(request: FactoryRequest, key: UUID) -> HttpResponse:
    """Stop a question that waits or is being answered."""
    run = get_object_or_404(StudyRun.objects.of(request.factory).select_related("job__factory"), key=key)
    ask_to_cancel(job=run.job)
    return redirect("floor:study", factory_key=request.factory.key, key=run.key)
