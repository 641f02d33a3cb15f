"""The pages of one factory: live trends, findings, one finding, files."""

from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jasang.connect.status import read_status
from jasang.errors import StoreError, UnreadableInput
from jasang.plant.text import Text
from jasang.store import open_reader
from jasang.web.floor import live as live_data
from jasang.web.floor import queries, services, showing
from jasang.web.floor.closer import closer
from jasang.web.floor.forms import FilterForm, UploadForm
from jasang.web.floor.life_showing import life_story
from jasang.web.floor.models import Diagnosis, Finding
from jasang.web.jobs.services import ask_to_cancel
from jasang.web.tenants.access import FactoryRequest, for_members
from jasang.web.tenants.models import Role
from jasang.web.tenants.queries import factories_of, organisations_of, role_in
from jasang.web.ui.language import current


@login_required
@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """The person's one factory or organisation, or the list when there are several."""
    factories = list(factories_of(request.user))
    homes = [
        (one, reverse(settings.ORGANISATION_HOMES[one.kind], args=[one.key]))
        for one in organisations_of(request.user)
        if one.kind in settings.ORGANISATION_HOMES
    ]
    if len(factories) == 1 and not homes:
        # On the shop floor one wants to know what is wrong now; at a desk, what was found.
        first = "floor:now" if role_in(request.user, factories[0]) == Role.OPERATOR else "floor:findings"
        return redirect(first, factory_key=factories[0].key)
    if len(homes) == 1 and not factories:
        return redirect(homes[0][1])
    return render(request, "floor/start.html", {"factories": queries.overview(factories), "organisations": homes})


@for_members
@require_GET
def live(request: FactoryRequest) -> HttpResponse:
    """Live trends; the values come by themselves."""
    context = {"tab": "live", "windows": live_data.window_choices(), "most": live_data.MOST_SIGNALS}
    return render(request, "floor/live.html", context)


@for_members
@require_GET
def readings(request: FactoryRequest) -> JsonResponse:
    """What the live page asks for every two seconds."""
    asked = live_data.question(request.GET, request.GET.getlist("signal"))
    if not request.factory.store:
        return JsonResponse(live_data.nothing_collected())
    try:
        reader = open_reader(request.factory.store)
        try:
            collector = read_status(Path(request.factory.store))
            shown = live_data.live_view(reader, collector, asked, now=datetime.now(UTC), zone=request.factory.timezone)
        finally:
            reader.close()
    except StoreError as error:
        return JsonResponse(live_data.nothing_collected(Text(ko=error.ko, en=error.en)))
    return JsonResponse(shown)


@for_members
@require_GET
def findings(request: FactoryRequest) -> HttpResponse:
    """Findings of the factory's current files, ranked, filtered by file and severity."""
    chosen = FilterForm(request.GET).chosen()
    found = queries.findings(request.factory, severity=chosen.severity, diagnosis=chosen.diagnosis)
    page = Paginator(queries.finding_groups(found), queries.LIST_LENGTH).get_page(request.GET.get("page"))
    shown = found.in_bulk([key for group in page for key in group])
    context: dict[str, Any] = {
        "tab": "findings",
        "page": page,
        "chosen": chosen,
        "severities": queries.severity_choices(request.factory, severity=chosen.severity, diagnosis=chosen.diagnosis),
        "files": queries.file_choices(request.factory),
        "under_way": queries.under_way(request.factory),
        "groups": [[showing.card(shown[key], current()) for key in group] for group in page],
        "gone": [showing.card(one, current()) for one in queries.gone(request.factory).select_related("diagnosis")],
        "tables": queries.tables(request.factory, diagnosis=chosen.diagnosis),
        "notices": queries.notices(request.factory, diagnosis=chosen.diagnosis),
    }
    return render(request, "floor/finding_list.html" if request.htmx else "floor/findings.html", context)


@for_members
@require_GET
def finding(request: FactoryRequest, key: UUID) -> HttpResponse:
    """One finding with all its evidence."""
    return finding_page(request, key)


def finding_page(request: FactoryRequest, key: UUID, *, wrong: Form | None = None) -> HttpResponse:
    """The page of one finding; `wrong` is the form that was refused."""
    found = get_object_or_404(
        queries.with_past(Finding.objects.of(request.factory)).select_related(
            "diagnosis", "factory", "life__job", "life__factory"
        ),
        key=key,
    )
    context = {"tab": "findings", "finding": found, "wrong": wrong} | showing.whole(found, current())
    table = queries.table_of(found)
    context |= {
        "table": table,
        "story": life_story(found, current()),
        "closer": closer(found, table, current()) if queries.is_current(found) else [],
    }
    status = HTTPStatus.BAD_REQUEST if wrong is not None else HTTPStatus.OK
    return render(request, "floor/finding.html", context, status=status)


@for_members
@require_http_methods(["GET", "POST"])
def files(request: FactoryRequest) -> HttpResponse:
    """Hand over files, and what was handed over before."""
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if form.is_valid():
        try:
            services.hand_over_files(factory=request.factory, files=form.cleaned_data["files"], user=request.user)
        except UnreadableInput as error:  # an archive that says one thing and holds another
            form.add_error("files", error.in_language(current()))
        else:
            return redirect("floor:files", factory_key=request.factory.key)
    page = Paginator(queries.diagnoses(request.factory), queries.LIST_LENGTH).get_page(request.GET.get("page"))
    context = {"tab": "files", "form": form, "page": page, "limit_mb": settings.UPLOAD_LIMIT_MB}
    status = HTTPStatus.BAD_REQUEST if form.is_bound else HTTPStatus.OK
    return render(request, "floor/files.html", context, status=status)


@for_members
@require_GET
def handed_over(request: FactoryRequest, key: UUID) -> HttpResponse:
    """One row of the list of files: how far its diagnosis is."""
    diagnosis = get_object_or_404(queries.diagnoses(request.factory), key=key)
    return render(request, "floor/handed_over.html", {"diagnosis": diagnosis})


@for_members
@require_POST
def cancel(request: FactoryRequest, key: UUID) -> HttpResponse:
    """Stop a diagnosis that waits or runs."""
    diagnosis = get_object_or_404(Diagnosis.objects.of(request.factory).select_related("job__factory"), key=key)
    ask_to_cancel(job=diagnosis.job)
    return redirect("floor:files", factory_key=request.factory.key)
