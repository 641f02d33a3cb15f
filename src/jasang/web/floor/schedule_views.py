"""The pages of a schedule: plan, Gantt, a move that is tried, breakdown, promise."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.db.models import Max
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jasang.errors import JasangError
from jasang.mentor.schedule_tries import difference
from jasang.web.floor import optimise
from jasang.web.floor.models import Diagnosis
from jasang.web.floor.optimise_forms import number
from jasang.web.floor.optimise_models import PlanStep, SchedulePlan
from jasang.web.tenants.access import FactoryRequest, for_members
from jasang.web.ui.language import current

_TAB = {"tab": "better"}
_ORDERS = ("orders", "주문")


@for_members
@require_http_methods(["GET", "POST"])
def new_schedule(request: FactoryRequest) -> HttpResponse:
    """Choose the handed-over orders and routings."""
    handed = Diagnosis.objects.of(request.factory)
    latest = handed.values("title").annotate(latest=Max("pk")).values("latest")
    found = list(handed.filter(pk__in=latest).defer("notices").order_by("-handed_over_at")[:100])
    # What has a table of orders comes first; a workbook may have one inside.
    found.sort(key=lambda one: not any(word in name.lower() for name in one.files for word in _ORDERS))
    if request.method == "POST":
        diagnosis = next((one for one in found if str(one.key) == request.POST.get("data")), None)
        if diagnosis is None:
            raise Http404
        plan = optimise.plan_schedule(factory=request.factory, diagnosis=diagnosis, user=request.user)
        return redirect("optimise:schedule", factory_key=request.factory.key, key=plan.key)
    return render(request, "floor/optimise/new_schedule.html", _TAB | {"handed": found})


@for_members
@require_GET
def schedule(request: FactoryRequest, key: UUID) -> HttpResponse:
    """The plan as a Gantt chart, what it costs against the one before, and what may be changed."""
    plan = _plan(request, key)
    page = "floor/optimise/schedule_state.html" if request.htmx else "floor/optimise/schedule.html"
    return render(request, page, _context(plan))


def _context(plan: SchedulePlan) -> dict[str, Any]:
    document = plan.document or {}
    before = plan.before.document if plan.before is not None else None
    late = sorted(
        (one for one in document.get("orders", ()) if one["late_minutes"]), key=lambda one: -one["late_minutes"]
    )
    return _TAB | {
        "plan": plan,
        "job": plan.job,
        "document": document or None,
        "gap": None if document.get("gap") is None else 100 * document["gap"],
        "late": late,
        "machines": [one["name"] for one in document.get("machines", ())],
        "products": sorted({one["product"] for one in document.get("orders", ()) if one["product"]}),
        "notes": [note[current()] for note in document.get("notes", ())],
        "difference": difference(before, document) if before and document else None,
        "moved_share": _share(before, document),
        "promise": _promised(document),
        "compared": plan.compared,
    }


def _promised(document: Any) -> dict[str, str] | None:
    told = document.get("promise")
    if told is None:
        return None
    moments = {"likely": told["likely"] or told["finish"], "safe": told["safe_90"] or told["finish"]}
    return {name: moment[5:16].replace("T", " ") for name, moment in moments.items()}


def _share(before: Any, document: Any) -> int | None:
    if not before or not document or not document["operations"]:
        return None
    return round(100 * len(difference(before, document)["moved"]) / len(document["operations"]))


@for_members
@require_POST
def change(request: FactoryRequest, key: UUID, step: str) -> HttpResponse:
    """Try a move, a lock, a breakdown or a promise: a plan beside the present one, not kept yet."""
    plan = _plan(request, key)
    if step not in PlanStep.values or step == PlanStep.PLAN:
        raise Http404
    try:
        tried = optimise.try_schedule(
            before=plan, step=PlanStep(step), request=_asked(step, request.POST), user=request.user
        )
    except JasangError as error:
        context = _context(plan) | {"wrong": error.in_language(current())}
        return render(request, "floor/optimise/schedule.html", context, status=HTTPStatus.BAD_REQUEST)
    return redirect("optimise:schedule", factory_key=request.factory.key, key=tried.key)


def _asked(step: str, posted: Any) -> dict[str, Any]:
    if step == PlanStep.REPLAN:
        return {name: posted.get(name, "") for name in ("machine", "start", "end")}
    if step == PlanStep.PROMISE:
        return {"product": posted.get("product", ""), "quantity": number(posted.get("quantity", ""), "quantity") or 1.0}
    place = posted.get("step", "")
    found = {name: posted.get(name, "") for name in ("order", "machine", "start")}
    return found | {"step": int(place) if place.isdecimal() else 0, "free": bool(posted.get("free"))}


@for_members
@require_POST
def keep(request: FactoryRequest, key: UUID) -> HttpResponse:
    """From now on this is the plan."""
    plan = _plan(request, key)
    optimise.keep_schedule(plan=plan)
    return redirect("optimise:schedule", factory_key=request.factory.key, key=plan.key)


@for_members
@require_POST
def forget(request: FactoryRequest, key: UUID) -> HttpResponse:
    """Back to the plan before."""
    plan = _plan(request, key)
    before = plan.before
    optimise.forget_schedule(plan=plan)
    if before is None:
        return redirect("optimise:overview", factory_key=request.factory.key)
    return redirect("optimise:schedule", factory_key=request.factory.key, key=before.key)


def _plan(request: FactoryRequest, key: UUID) -> SchedulePlan:
    rows = SchedulePlan.objects.of(request.factory).select_related("job", "diagnosis", "before", "made_by")
    return get_object_or_404(rows, key=key)
