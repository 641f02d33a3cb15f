"""What people do with a finding, and the factory's know-how."""

from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jasang.errors import JasangError
from jasang.web.floor import know_how as records
from jasang.web.floor import life
from jasang.web.floor.forms import DeclineForm, DoneForm, RecordsForm
from jasang.web.floor.models import Finding, FindingLife
from jasang.web.floor.views import finding_page
from jasang.web.tenants.access import FactoryRequest, for_members
from jasang.web.ui.language import current


def _life(request: FactoryRequest, key: UUID) -> FindingLife:
    """The life of the factory's own finding; 404 for any other."""
    found = get_object_or_404(
        Finding.objects.of(request.factory).select_related("life__factory", "life__last_seen"), key=key
    )
    if found.life is None:
        raise Http404
    return found.life


def _back(request: FactoryRequest, key: UUID) -> HttpResponse:
    return redirect("floor:finding", factory_key=request.factory.key, key=key)


@for_members
@require_POST
def accept(request: FactoryRequest, key: UUID) -> HttpResponse:
    """Somebody takes the finding on."""
    life.accept(life=_life(request, key), user=request.user)
    return _back(request, key)


@for_members
@require_POST
def decline(request: FactoryRequest, key: UUID) -> HttpResponse:
    """Not for us, with the reason."""
    one, form = _life(request, key), DeclineForm(request.POST)
    if not form.is_valid():
        return finding_page(request, key, wrong=form)
    life.decline(life=one, user=request.user, reason=form.cleaned_data["reason"])
    return _back(request, key)


@for_members
@require_POST
def done(request: FactoryRequest, key: UUID) -> HttpResponse:
    """The action was taken."""
    one, form = _life(request, key), DoneForm(request.POST)
    if not form.is_valid():
        return finding_page(request, key, wrong=form)
    life.mark_done(life=one, user=request.user, done_on=form.cleaned_data["done_on"], note=form.cleaned_data["note"])
    return _back(request, key)


@for_members
@require_POST
def share(request: FactoryRequest, key: UUID) -> HttpResponse:
    """Let other factories see what helped, or no longer."""
    words = request.POST.get("words", "").strip()[:1000]
    records.share(life=_life(request, key), user=request.user, shared=request.POST.get("shared") == "yes", words=words)
    return _back(request, key)


@for_members
@require_http_methods(["GET", "POST"])
def know_how(request: FactoryRequest) -> HttpResponse:
    """The factory's records of what helped; a file of such records can be taken in."""
    form = RecordsForm(request.POST, request.FILES) if request.method == "POST" else RecordsForm()
    error = None
    if form.is_valid():
        try:
            number = records.import_records(
                factory=request.factory, text=form.cleaned_data["file"].read(records.LARGEST_IMPORT + 1)
            )
        except JasangError as problem:
            error = problem.in_language(current())
        else:
            told = ngettext("%(n)d new record was taken in.", "%(n)d new records were taken in.", number) % {
                "n": number
            }
            messages.success(request, told if number else _("All of these records are here already."))
            return redirect("floor:know-how", factory_key=request.factory.key)
    context = {"tab": "findings", "form": form, "error": error, "records": records.listed(request.factory, current())}
    refused = form.is_bound
    return render(request, "floor/know_how.html", context, status=HTTPStatus.BAD_REQUEST if refused else HTTPStatus.OK)


@for_members
@require_GET
def export(request: FactoryRequest) -> HttpResponse:
    """All records as a file of `jasang.knowhow/1`."""
    answer = JsonResponse(
        records.exported(request.factory), safe=False, json_dumps_params={"ensure_ascii": False, "indent": 1}
    )
    answer["Content-Disposition"] = 'attachment; filename="know-how.json"'
    return answer
