"""The page of trends, its data, and notes in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_POST

from jasang.errors import StoreError
from jasang.plant.text import Text
from jasang.store import Reader, open_reader
from jasang.web.floor import trends_data
from jasang.web.floor.connected_forms import NoteForm
from jasang.web.floor.connected_models import Annotation
from jasang.web.floor.live import first_signals
from jasang.web.floor.notes import annotate, may_remove, remove_note
from jasang.web.tenants.access import FactoryRequest, for_members
from jasang.web.tenants.models import Factory


@contextmanager
def opened(factory: Factory) -> Iterator[Reader | None]:
    """The factory's store, `None` while it has none; raises `StoreError` when it cannot be read."""
    if not factory.store:
        yield None
        return
    reader = open_reader(factory.store)
    try:
        yield reader
    finally:
        reader.close()


@for_members
@require_GET
def trends(request: FactoryRequest) -> HttpResponse:
    """Trends of the chosen signals; what is looked at stands in the address."""
    context: dict[str, Any] = {"tab": "live", "part": "trends", "most": trends_data.MOST_SIGNALS, "signals": []}
    try:
        with opened(request.factory) as reader:
            signals = {} if reader is None else trends_data.numeric_signals(reader)
    except StoreError as error:
        return render(request, "floor/trends.html", context | {"error": {"ko": error.ko, "en": error.en}})
    asked = [name for name in request.GET.getlist("signal") if name in signals][: trends_data.MOST_SIGNALS]
    chosen = asked or first_signals({name: signal.unit for name, signal in signals.items()})
    context["signals"] = [(signal, name in chosen) for name, signal in signals.items()]
    return render(request, "floor/trends.html", context)


@for_members
@require_GET
def data(request: FactoryRequest) -> JsonResponse:
    """`jasang.trends/1` of the span and signals in the address, with notes and findings."""
    names = request.GET.getlist("signal")[: trends_data.MOST_SIGNALS]
    now = datetime.now(UTC)
    try:
        with opened(request.factory) as reader:
            if reader is None:
                return JsonResponse(trends_data.nothing())
            span = trends_data.asked_span(request.GET, reader.extent(), now)
            answer = trends_data.trends(reader, names, span)
    except StoreError as error:
        return JsonResponse(trends_data.nothing(Text(ko=error.ko, en=error.en)))
    answer |= {"from": span.start.timestamp() * 1000, "to": span.end.timestamp() * 1000}
    answer |= trends_data.marks(request.factory, names, span)
    for note in answer["notes"]:
        note["mine"] = may_remove(role=request.role, by=note["by"], user=request.user)
    return JsonResponse(answer, json_dumps_params={"separators": (",", ":"), "ensure_ascii": False})


@for_members
@require_POST
def add_note(request: FactoryRequest) -> HttpResponse:
    """Keep a note."""
    form = NoteForm(request.POST)
    if not form.is_valid():
        told = " ".join(str(error) for errors in form.errors.values() for error in errors)
        return JsonResponse({"error": told}, status=HTTPStatus.BAD_REQUEST)
    note = annotate(factory=request.factory, user=request.user, **form.note(request.POST.getlist("signal")))
    return JsonResponse(trends_data.note_json(note) | {"mine": True}, status=HTTPStatus.CREATED)


@for_members
@require_POST
def delete_note(request: FactoryRequest, key: UUID) -> HttpResponse:
    """Take a note away: who wrote it, or the owner."""
    note = get_object_or_404(Annotation.objects.of(request.factory).select_related("by"), key=key)
    by = note.by.get_username() if note.by is not None else ""
    if not may_remove(role=request.role, by=by, user=request.user):
        raise Http404
    remove_note(note=note)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)
