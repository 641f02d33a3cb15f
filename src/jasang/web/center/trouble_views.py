"""A factory's page for the phone in the hand: report a trouble in three taps, see what is open and what was answered."""

from http import HTTPStatus
from typing import Any
from uuid import uuid4

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from jasang.errors import JasangError
from jasang.store import open_reader
from jasang.web.center import findings, queries, services, serving, showing
from jasang.web.center.factory_views import SPEAKING
from jasang.web.center.forms import CheckedFiles
from jasang.web.center.models import OPEN_STATES, Case, Event, Priority
from jasang.web.jobs.announcing import subjects
from jasang.web.tenants.access import FactoryRequest, for_roles
from jasang.web.tenants.models import Factory
from jasang.web.ui.language import current

MOST_MACHINES = 24
MOST_OPEN = 10
# What is wrong, how soon it hurts, and the mark on its button.
KINDS: dict[str, tuple[Any, Priority]] = {
    "stopped": (gettext_lazy("It stands still"), Priority.URGENT),
    "defects": (gettext_lazy("Defects"), Priority.HIGH),
    "noise": (gettext_lazy("Noise, vibration"), Priority.NORMAL),
    "leak": (gettext_lazy("Leak"), Priority.HIGH),
    "heat": (gettext_lazy("Too hot or too cold"), Priority.HIGH),
    "danger": (gettext_lazy("Danger"), Priority.URGENT),
    "data": (gettext_lazy("Values missing or wrong"), Priority.NORMAL),
    "other": (gettext_lazy("Something else"), Priority.NORMAL),
}


class TroubleForm(forms.Form):
    """What is wrong, at which machine, with a photo and a word where somebody likes."""

    kind = forms.ChoiceField(
        choices=[(name, name) for name in KINDS], error_messages={"required": gettext_lazy("Tap what is wrong.")}
    )
    machine = forms.CharField(max_length=80, required=False)
    other_machine = forms.CharField(max_length=80, required=False)
    text = forms.CharField(max_length=500, required=False)
    files = CheckedFiles(required=False)


@for_roles(*SPEAKING)
@require_http_methods(["GET", "POST"])
def trouble(request: FactoryRequest) -> HttpResponse:
    """Three taps: the machine, what is wrong, send."""
    form = TroubleForm(request.POST, request.FILES) if request.method == "POST" else TroubleForm()
    if form.is_valid():
        try:
            case = _open(request, form.cleaned_data)
        except JasangError as error:
            form.add_error(None, error.in_language(current()))
        else:
            return redirect("center:case", factory_key=request.factory.key, key=case.key)
    now = timezone.now()
    cases = list(queries.of_factory(request.factory).filter(state__in=OPEN_STATES)[:MOST_OPEN])
    context = {
        "tab": "cases",
        "form": form,
        "kinds": [(name, words, name == form["kind"].value()) for name, (words, _) in KINDS.items()],
        "machines": [(name, name == form["machine"].value()) for name in machines_of(request.factory)],
        "once": request.POST.get("once", "")[:40] or uuid4().hex,
        "rows": [showing.row(case, now) | {"answer": answer} for case, answer in _with_answers(request.factory, cases)],
        "centre": serving.centre_of(request.factory),
    }
    status = HTTPStatus.BAD_REQUEST if form.is_bound else HTTPStatus.OK
    return render(request, "center/trouble.html", context, status=status)


def _open(request: FactoryRequest, given: dict[str, Any]) -> Case:
    words, priority = KINDS[given["kind"]]
    machine = given["other_machine"].strip() or given["machine"].strip()
    title = f"{machine}: {words}" if machine else str(words)
    once = request.POST.get("once", "")[:40]
    return services.open_case(
        factory=request.factory,
        title=title,
        text=given["text"] or title,
        user=request.user,
        priority=priority,
        language=current(),
        carried={"machine": machine} | findings.around(request.factory, []),
        # A button that is tapped twice reports once.
        origin=f"tap:{request.user.pk}:{once}"[:80] if once else None,
        files=given["files"],
    )


def machines_of(factory: Factory) -> list[str]:
    """Names of machines to tap on: those that send values, and those that findings speak of."""
    names: dict[str, None] = {}
    if factory.store:
        try:
            reader = open_reader(factory.store)
            try:
                names |= dict.fromkeys(sorted({signal.asset for signal in reader.signals() if signal.asset}))
            finally:
                reader.close()
        except JasangError:
            pass  # the page works without; the live page says what is wrong with the store
    for one in subjects(factory=factory, kind="finding"):
        asset = ((one.document or {}).get("subject") or {}).get("asset")
        if asset:
            names.setdefault(str(asset))
    return list(names)[:MOST_MACHINES]


def _with_answers(factory: Factory, cases: list[Case]) -> list[tuple[Case, Event | None]]:
    """The cases with the latest word of the centre."""
    said = Event.objects.of(factory).filter(
        case__in=[case.pk for case in cases], kind__in=("answered", "asked", "solved"), private=False
    )
    latest = {event.case_id: event for event in said.order_by("place")}
    return [(case, latest.get(case.pk)) for case in cases]
