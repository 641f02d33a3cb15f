"""The page an operator begins with, made for a phone: what is wrong now, what to do, report a trouble, my tasks."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from jasang.connect.status import read_status
from jasang.errors import StoreError
from jasang.web.floor import live as live_data
from jasang.web.floor import queries
from jasang.web.floor.models import Finding, Severity, Stage
from jasang.web.floor.trends_views import opened
from jasang.web.jobs.announcing import todos
from jasang.web.tenants.access import FactoryRequest, for_members
from jasang.web.tenants.models import Factory
from jasang.web.ui.language import current

_MOST, _LOOKED_AT = 6, 50
_SEEN_TO = (Stage.DECLINED, Stage.DONE, Stage.CHECKING, Stage.VERIFIED, Stage.HELD)


@for_members
@require_GET
def now(request: FactoryRequest) -> HttpResponse:
    """The start page on a phone."""
    found = _wrong(request.factory)
    context: dict[str, Any] = {
        "tab": "now",
        "findings": [_shown(one) for one in found[:_MOST]],
        "more": max(0, len(found) - _MOST),
        "todos": [(one, one.title.in_language(current())) for one in todos(request.factory, request.user)],
    }
    return render(request, "floor/now.html", context | _machines(request.factory))


def _wrong(factory: Factory) -> list[Finding]:
    """Findings of the current files to act on or to watch, that nobody has seen to, loudest first."""
    rows = Finding.objects.of(factory).filter(diagnosis__in=queries.current_diagnoses(factory).values("pk"))
    rows = rows.filter(severity__lt=Severity.NOTE).exclude(life__stage__in=_SEEN_TO).select_related("life")
    rows = rows.defer("charts", "sketch", "life__document", "life__context")
    return list(rows.order_by("severity", F("worth").desc(nulls_last=True), "-strength", "pk")[:_LOOKED_AT])


def _shown(found: Finding) -> dict[str, Any]:
    action = found.document.get("action") or {}
    text = found.text_ko if current() == "ko" else found.text_en
    return {
        "key": found.key,
        "severity": Severity(found.severity).word,
        "text": text,
        "asset": found.asset,
        "todo": action.get(current(), ""),
        "taken": found.life is not None and found.life.stage == Stage.ACCEPTED,
    }


def _machines(factory: Factory) -> dict[str, Any]:
    """How collecting goes and which machines stand, from the last values; nothing where there is no collector."""
    if not factory.store:
        return {"machines": [], "collector": None}
    moment = datetime.now(UTC)
    try:
        with opened(factory) as reader:
            if reader is None:
                return {"machines": [], "collector": None}
            last = dict(reader.last())
            states = live_data.machine_states({one.name: one for one in reader.signals()}, last, moment)
            status = live_data.collector_status(read_status(Path(factory.store)), last, moment)
    except StoreError as error:
        return {"machines": [], "collector": {"state": "away", "words": error.in_language(current())}}
    order = {"down": 0, "setup": 1, "idle": 2, "other": 3, "planned": 4, "running": 5}
    return {"machines": sorted(states, key=lambda one: order[one["kind"]]), "collector": status}
