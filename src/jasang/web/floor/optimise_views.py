"""The pages of better settings: what the record says, campaigns, and designed experiments."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jasang.errors import JasangError
from jasang.mentor.campaign import value_words
from jasang.mentor.experiment_plan import DESIGNS
from jasang.mentor.experiment_sheet import csv_sheet, excel_sheet, setting_words, sheet_page
from jasang.web.floor import optimise, writing
from jasang.web.floor.optimise_forms import (
    MOST_FACTORS,
    MOST_OUTCOMES,
    USES,
    campaign_choices,
    column_choices,
    experiment_request,
    result_values,
)
from jasang.web.floor.optimise_models import CampaignCourse, ExperimentCourse
from jasang.web.floor.queries import LIST_LENGTH
from jasang.web.floor.studies import runs, shown_row, shown_studies
from jasang.web.tenants.access import FactoryRequest, for_members
from jasang.web.ui.language import current

_TAB = {"tab": "better"}
_SHEETS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html; charset=utf-8",
}


@for_members
@require_GET
def overview(request: FactoryRequest) -> HttpResponse:
    """What there is: recommendations, campaigns, experiments, schedules."""
    factory = request.factory
    pages = {
        name: Paginator(rows, LIST_LENGTH).get_page(request.GET.get(name))
        for name, rows in (
            ("campaigns", optimise.campaigns(factory)),
            ("experiments", optimise.experiments(factory)),
            ("schedules", optimise.schedules(factory)),
        )
    }
    asked = [shown_row(run, current()) for run in runs(factory).filter(kind="recommend")[:5]]
    context = {"recommendations": asked, "may_be_written": writing.may_be_written(factory)}
    return render(request, "floor/optimise/overview.html", _TAB | pages | context)


@for_members
@require_http_methods(["GET", "POST"])
def new_campaign(request: FactoryRequest) -> HttpResponse:
    """Choose the record, then what may be set, what shall improve, and what must stay."""
    tables = optimise.records(request.factory)
    wanted = request.POST.get("table") or request.GET.get("table")
    table = next((one for one in tables if str(one.pk) == wanted), tables[0] if len(tables) == 1 else None)
    posted = request.POST if request.method == "POST" else None
    columns = column_choices(table, posted) if table is not None else []
    wrong = None
    if posted is not None and table is not None:
        try:
            choices = campaign_choices(table, columns, posted)
            course = optimise.begin_campaign(
                factory=request.factory, diagnosis=table.diagnosis, name=choices["campaign"]["name"][:120],
                choices=choices, user=request.user,
            )  # fmt: skip
            return redirect("optimise:campaign", factory_key=request.factory.key, key=course.key)
        except JasangError as error:
            wrong = error.in_language(current())
    context = _TAB | {
        "tables": tables,
        "table": table,
        "columns": columns,
        "uses": USES,
        "wrong": wrong,
        "given": posted or {},
    }
    status = HTTPStatus.BAD_REQUEST if wrong else HTTPStatus.OK
    return render(request, "floor/optimise/new_campaign.html", context, status=status)


@for_members
@require_GET
def campaign(request: FactoryRequest, key: UUID) -> HttpResponse:
    """The next trial in large figures, its result to enter, and how it stands."""
    course = _course(CampaignCourse, request, key)
    page = "floor/optimise/campaign_state.html" if request.htmx else "floor/optimise/campaign.html"
    return render(request, page, _campaign_context(course))


def _campaign_context(course: CampaignCourse) -> dict[str, Any]:
    status = course.status or {}
    units = {name: row.get("unit", "") for name, row in course.request.get("settings", {}).items()}
    trials = [
        {
            "number": trial["trial"],
            "chance": trial["chance"],
            "settings": [(name, value_words(value), units.get(name, "")) for name, value in trial["settings"].items()],
            "expected": [
                (name, value_words(one["value"]), value_words(one["low"]), value_words(one["high"]))
                for name, one in trial["expected"].items()
            ],
        }
        for trial in (course.document or {}).get("open", [])
    ]
    return _TAB | {
        "course": course,
        "job": course.job,
        "trials": trials,
        "told": _told(course),
        "outcomes": _outcomes(course),
        "advice": status.get("advice"),
        "studies": shown_studies(course.studies, current()),
    }


def _told(course: CampaignCourse) -> list[tuple[int, str]]:
    """The results entered so far, the latest first: number, and settings with outcomes in one line."""
    rows = []
    for place, trial in enumerate((course.document or {}).get("trials", []), start=1):
        values = trial["settings"] | {name: value for name, value in trial["outcomes"].items() if value is not None}
        words = ", ".join(f"{name} {value_words(value)}" for name, value in values.items())
        rows.append((place, f"{place}: {words}" + (f" – {_('failed')}" if trial["failed"] else "")))
    return rows[::-1]


@for_members
@require_POST
def tell_trial(request: FactoryRequest, key: UUID) -> HttpResponse:
    """Write down a trial's result; the next one is chosen in the background."""
    course = _course(CampaignCourse, request, key)
    try:
        values = result_values(request.POST, _outcomes(course))
        optimise.tell_trial(
            course=course, trial=_whole(request.POST.get("trial")), values=values,
            failed=bool(request.POST.get("failed")), drop=bool(request.POST.get("drop")),
        )  # fmt: skip
    except JasangError as error:
        context = _campaign_context(course) | {"wrong": error.in_language(current()), "given": request.POST}
        return render(request, "floor/optimise/campaign.html", context, status=HTTPStatus.BAD_REQUEST)
    return redirect("optimise:campaign", factory_key=request.factory.key, key=course.key)


@for_members
@require_POST
def take_back(request: FactoryRequest, key: UUID) -> HttpResponse:
    """Remove a result that was entered wrongly."""
    course = _course(CampaignCourse, request, key)
    try:
        optimise.take_back(course=course, place=_whole(request.POST.get("place")))
    except JasangError as error:
        messages.error(request, error.in_language(current()))
    return redirect("optimise:campaign", factory_key=request.factory.key, key=course.key)


@for_members
@require_POST
def ask_trial(request: FactoryRequest, key: UUID) -> HttpResponse:
    """Ask for a trial again, after one that could not be chosen."""
    course = _course(CampaignCourse, request, key)
    try:
        optimise.ask_trial(course=course)
    except JasangError as error:
        messages.error(request, error.in_language(current()))
    return redirect("optimise:campaign", factory_key=request.factory.key, key=course.key)


def _outcomes(course: CampaignCourse) -> list[str]:
    return list(dict.fromkeys([*course.request.get("goals", {}), *course.request.get("specifications", {})]))


@for_members
@require_http_methods(["GET", "POST"])
def new_experiment(request: FactoryRequest) -> HttpResponse:
    """Factors, results and the kind of design."""
    wrong = None
    posted = request.POST if request.method == "POST" else None
    if posted is not None:
        try:
            course = optimise.plan_experiment(
                factory=request.factory, request=experiment_request(posted), user=request.user
            )
            return redirect("optimise:experiment", factory_key=request.factory.key, key=course.key)
        except JasangError as error:
            wrong = error.in_language(current())
    given = posted or {}
    factors = [
        _fields(given, place, ("factor", "low", "high", "levels", "unit", "hard")) for place in range(MOST_FACTORS)
    ]
    outcomes = [
        _fields(given, place, ("outcome", "goal", "target", "effect", "sigma")) for place in range(MOST_OUTCOMES)
    ]
    context = _TAB | {"factors": factors, "outcomes": outcomes, "designs": DESIGNS, "given": given, "wrong": wrong}
    status = HTTPStatus.BAD_REQUEST if wrong else HTTPStatus.OK
    return render(request, "floor/optimise/new_experiment.html", context, status=status)


def _fields(given: Any, place: int, names: tuple[str, ...]) -> dict[str, Any]:
    return {"place": place} | {name: given.get(f"{name}-{place}", "") for name in names}


@for_members
@require_GET
def experiment(request: FactoryRequest, key: UUID) -> HttpResponse:
    """What the experiment can tell, its run sheet with the results, and the analysis."""
    course = _course(ExperimentCourse, request, key)
    page = "floor/optimise/experiment_state.html" if request.htmx else "floor/optimise/experiment.html"
    return render(request, page, _experiment_context(course))


def _experiment_context(course: ExperimentCourse) -> dict[str, Any]:
    found = optimise.experiment_of(course)
    context = _TAB | {
        "course": course,
        "job": course.job,
        "planned": shown_studies(course.planned, current()),
        "studies": shown_studies(course.studies, current()),
    }
    if found is None:
        return context
    names = [one.name for one in found.outcomes]
    rows = [
        {
            "run": run.order + 1,
            "block": None if run.block is None else run.block + 1,
            "settings": [
                (factor.name, setting_words(run.settings[factor.name]), factor.unit or "", factor.name in run.change)
                for factor in found.design.factors
            ],
            "results": [(place, name, _typed(found.results[name][run.order])) for place, name in enumerate(names)],
            "failed": run.order in found.failed,
            "told": run.order in found.failed or all(found.results[name][run.order] is not None for name in names),
        }
        for run in found.sheet.runs
    ]
    waiting = next((row["run"] for row in rows if not row["told"]), None)
    return context | {
        "rows": rows,
        "factors": found.design.factors,
        "names": names,
        "told": found.told,
        "next": waiting,
    }


@for_members
@require_POST
def tell_run(request: FactoryRequest, key: UUID, run: int) -> HttpResponse:
    """Write down the results of one run."""
    course = _course(ExperimentCourse, request, key)
    found = optimise.experiment_of(course)
    if found is None:
        raise Http404
    try:
        names = [one.name for one in found.outcomes]
        values: dict[str, float | None] = dict.fromkeys(names)
        values |= result_values(request.POST, names)
        optimise.tell_run(course=course, run=run, values=values, failed=bool(request.POST.get("failed")))
    except JasangError as error:
        context = _experiment_context(course) | {"wrong": error.in_language(current()), "wrong_run": run}
        return render(request, "floor/optimise/experiment.html", context, status=HTTPStatus.BAD_REQUEST)
    place = redirect("optimise:experiment", factory_key=request.factory.key, key=course.key)
    place["Location"] += f"#run-{min(run + 1, found.design.runs)}"
    return place


@for_members
@require_POST
def analyse(request: FactoryRequest, key: UUID) -> HttpResponse:
    """Analyse the results so far."""
    course = _course(ExperimentCourse, request, key)
    try:
        optimise.analyse_course(course=course)
    except JasangError as error:
        messages.error(request, error.in_language(current()))
    return redirect("optimise:experiment", factory_key=request.factory.key, key=course.key)


@for_members
@require_GET
def sheet(request: FactoryRequest, key: UUID, kind: str) -> HttpResponse:
    """The run sheet as a file: for programs, for Excel, or to print."""
    course = _course(ExperimentCourse, request, key)
    found = optimise.experiment_of(course)
    if found is None or kind not in _SHEETS:
        raise Http404
    if kind == "xlsx":
        body: str | bytes = excel_sheet(found, current())
    else:
        body = "\ufeff" + csv_sheet(found) if kind == "csv" else sheet_page(found, current())
    answer = HttpResponse(body, content_type=_SHEETS[kind])
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(course.name)}.{kind}"
    return answer


def _typed(value: float | None) -> str:
    return "" if value is None else f"{value:.12g}"


def _whole(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0


def _course(model: Any, request: FactoryRequest, key: UUID) -> Any:
    return get_object_or_404(model.objects.of(request.factory).select_related("job", "made_by"), key=key)
