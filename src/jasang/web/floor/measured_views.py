"""What the level of the factory was measured from: every fact with the rows it rests on."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jasang.diagnose.chart import Chart, Line
from jasang.diagnose.level import LINKS, Measured, RecordKind
from jasang.mentor.findings_json import chart_json
from jasang.plant.text import Text
from jasang.web.floor import told
from jasang.web.floor.fact_models import KeptFact
from jasang.web.floor.models import LifeEvent
from jasang.web.floor.studies import title_of
from jasang.web.tenants.access import FactoryRequest, for_members
from jasang.web.ui.durations import length_words
from jasang.web.ui.language import current


@for_members
@require_GET
def measured(request: FactoryRequest) -> HttpResponse:
    """Every fact, its value, the day of its data, and what it rests on."""
    factory, today = request.factory, timezone.localdate()
    facts = told.live_facts(factory)
    kept = {one.name: one for one in KeptFact.objects.of(factory)}
    days = told.collected_days(factory, today)
    versions = told.handed_over(factory)
    details = {name: one.detail for name, one in kept.items()}
    context: dict[str, Any] = {
        "tab": "level",
        "part": "measured",
        "facts": {name: _shown(name, getattr(facts, name)) for name in _NAMES},
        "charts": _charts(days),
        "versions": versions[-20:][::-1],
        "machines": details.get("machines_connected", {}),
        "kinds": _kinds(details.get("records_not_typed", {}).get("streams", [])),
        "traces": [_trace(one) for one in details.get("lots_traceable", {}).get("tables", [])],
        "standing": [_repeated(row) for row in told.repeated(factory, versions)],
        "loops": LifeEvent.objects.of(factory)
        .filter(verdict="confirmed")
        .select_related("life")
        .defer("study")
        .order_by("-at")[:20],
    }
    return render(request, "floor/measured.html", context)


_NAMES = (
    "collection_uptime_90_days", "latency_seconds", "machines_connected", "records_not_typed", "lots_traceable",
    "standing_analyses", "verified_findings",
)  # fmt: skip


def _shown(name: str, fact: Measured | None) -> dict[str, Any] | None:
    return None if fact is None else {"value": fact_words(name, fact.value), "at": fact.at}


def fact_words(name: str, value: float) -> str:
    """A fact's value with its unit."""
    if name == "latency_seconds":
        return length_words(value)
    if name in ("standing_analyses", "verified_findings"):
        return f"{value:.0f}"
    return f"{100 * value:.1f} %"


def _charts(days: Any) -> list[tuple[str, dict[str, Any]]]:
    if not days:
        return []
    x = tuple(f"{one.day:%Y-%m-%d}" for one in days)
    covered = Chart(
        title=Text(ko="하루 가운데 얼마 동안 데이터가 모였나?", en="How much of each day was collected?"),
        x_kind="category",
        x=x,
        y_unit="%",
        lines=(
            Line(
                name=Text(ko="모인 비율", en="collected"),
                y=tuple(round(100 * one.covered, 1) for one in days),
                look="bars",
            ),
        ),
    )
    late = Chart(
        title=Text(ko="일어난 뒤 몇 초 만에 들어왔나?", en="How many seconds after it happened did a reading come?"),
        x_kind="category",
        x=x,
        y_unit="s",
        lines=(Line(name=Text(ko="중앙값", en="median"), y=tuple(one.latency for one in days)),),
    )
    return [("collected-days", chart_json(covered)), ("latency-days", chart_json(late))]


def _kinds(streams: list[list[Any]]) -> list[dict[str, Any]]:
    """The five kinds of records with what comes by itself and what by hand."""
    words = {
        RecordKind.MAN: _("Man"),
        RecordKind.MACHINE: _("Machine"),
        RecordKind.MATERIAL: _("Material"),
        RecordKind.METHOD: _("Method"),
        RecordKind.ENVIRONMENT: _("Environment"),
    }
    shown = []
    for kind in RecordKind:
        own = [one for one in streams if one[0] == kind]
        alone, typed = ([f"{one[1]}: {one[2]}" for one in own if one[3] is by_itself] for by_itself in (True, False))
        share = round(100 * len(alone) / len(own)) if own else 0
        shown.append({"name": words[kind], "alone": alone, "typed": typed, "share": share})
    return shown


def _trace(table: dict[str, Any]) -> dict[str, Any]:
    words = {
        "lot": _("number of the unit or lot"),
        "material": _("material"),
        "machine": _("machine"),
        "conditions": _("conditions"),
        "inspection": _("inspection"),
    }
    rows = table["rows"] or 1
    return table | {
        "share": round(100 * table["traced"] / rows),
        "parts": [(words[link], round(100 * table["links"].get(link, 0) / rows)) for link in LINKS],
    }


def _repeated(row: dict[str, Any]) -> dict[str, Any]:
    title = _("Diagnosis of every new version") if row["kind"] == "diagnosis" else title_of(row["kind"], current())
    return row | {"what": title}
