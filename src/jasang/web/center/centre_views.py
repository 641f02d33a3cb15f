"""The centre's own pages: rota, ready answers, report."""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jasang.diagnose.chart import Chart, Line
from jasang.mentor.findings_json import chart_json
from jasang.plant.public_holidays import public_holidays
from jasang.plant.text import Text
from jasang.web.center import queries, routing, serving
from jasang.web.center.agent_views import AgentRequest, for_agents
from jasang.web.center.forms import DutyForm, MacroForm
from jasang.web.center.models import Duty, Macro, Queue
from jasang.web.center.report import report as kept_report

DAYS = 14


@for_agents()
@require_http_methods(["GET", "POST"])
def rota(request: AgentRequest) -> HttpResponse:
    """Who is on duty in the next two weeks."""
    form = DutyForm(request.POST) if request.method == "POST" else DutyForm()
    if form.is_valid():
        given = form.cleaned_data
        agent = get_object_or_404(routing.agents_of(request.organisation), pk=given["agent"])
        queue = None
        if given["queue"]:
            queue = get_object_or_404(Queue.objects.of(request.organisation), key=given["queue"])
        serving.put_on_duty(
            agent=agent, start=given["start"], end=given["end"], queue=queue, lead=given["lead"],
            every={"day": 1, "week": 7}.get(given["again"], 0), until=given["until"],
        )  # fmt: skip
        return redirect("center:rota", organisation_key=request.organisation.key)
    return _rota(request, form)


def _rota(request: AgentRequest, form: Form) -> HttpResponse:
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    duties = list(queries.rota(request.organisation, today, today + timedelta(days=DAYS)))
    days = [today + timedelta(days=number) for number in range(DAYS)]
    now = timezone.now()
    korean = request.organisation.timezone == "Asia/Seoul"
    free = public_holidays("KR", {day.year for day in days}) if korean else frozenset()
    feed = reverse("center:calendar", args=[request.agent.feed]) if request.agent is not None else ""
    context = {
        "tab": "rota",
        "form": form,
        "days": [{"day": day, "duties": _within(duties, day), "free": day.date() in free} for day in days],
        "now": [duty for duty in duties if duty.start <= now < duty.end],
        "agents": routing.agents_of(request.organisation),
        "queues": queries.queues(request.organisation),
        "feed": request.build_absolute_uri(feed) if feed else "",
    }
    status = HTTPStatus.BAD_REQUEST if form.is_bound else HTTPStatus.OK
    return render(request, "center/rota.html", context, status=status)


def _within(duties: list[Duty], day: datetime) -> list[Duty]:
    return [duty for duty in duties if duty.start < day + timedelta(days=1) and duty.end > day]


@for_agents()
@require_POST
def off_duty(request: AgentRequest, number: int) -> HttpResponse:
    """Take a stretch out of the rota."""
    serving.take_off_duty(duty=get_object_or_404(Duty.objects.of(request.organisation), pk=number))
    return redirect("center:rota", organisation_key=request.organisation.key)


@for_agents()
@require_http_methods(["GET", "POST"])
def macros(request: AgentRequest) -> HttpResponse:
    """Ready answers."""
    form = MacroForm(request.POST) if request.method == "POST" else MacroForm()
    if form.is_valid():
        serving.add_macro(centre=request.organisation, **form.cleaned_data)
        return redirect("center:macros", organisation_key=request.organisation.key)
    found = Macro.objects.of(request.organisation).order_by("name", "pk")
    return _macros(request, "center/macros.html", {"form": form, "macros": found})


@for_agents()
@require_http_methods(["GET", "POST"])
def macro(request: AgentRequest, key: UUID) -> HttpResponse:
    """Other words for a ready answer."""
    found = get_object_or_404(Macro.objects.of(request.organisation), key=key)
    first = {name: getattr(found, name) for name in ("name", "text_ko", "text_en", "then")}
    form = MacroForm(request.POST if request.method == "POST" else None, initial=first)
    if form.is_valid():
        serving.change_macro(macro=found, **form.cleaned_data)
        return redirect("center:macros", organisation_key=request.organisation.key)
    return _macros(request, "center/macro.html", {"form": form, "macro": found})


def _macros(request: AgentRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    steps = [
        ("", _("as it is")),
        ("answered", _("we go on")),
        ("asked", _("wait for the factory")),
        ("solved", _("solved")),
    ]
    status = HTTPStatus.BAD_REQUEST if context["form"].is_bound else HTTPStatus.OK
    return render(request, template, context | {"tab": "set-up", "steps": steps}, status=status)


@for_agents()
@require_POST
def remove_macro(request: AgentRequest, key: UUID) -> HttpResponse:
    """A ready answer nobody needs."""
    serving.remove_macro(macro=get_object_or_404(Macro.objects.of(request.organisation), key=key))
    return redirect("center:macros", organisation_key=request.organisation.key)


@for_agents()
@require_GET
def report(request: AgentRequest) -> HttpResponse:
    """Kept promises, backlog and satisfaction."""
    found = kept_report(request.organisation, timezone.now())
    charts = [
        ("weeks", chart_json(_weeks(found["weeks"]))),
        ("kept", chart_json(_kept(found["weeks"]))),
    ]
    total = found["all"]
    context = {
        "tab": "report",
        "report": found,
        "answered_share": _share(total["answered_in_time"], total["answered"]),
        "solved_share": _share(total["solved_in_time"], total["solved"]),
        "charts": charts if total["opened"] else (),  # a line at zero tells nothing
    }
    return render(request, "center/report.html", context)


def _share(part: int, whole: int) -> int | None:
    return round(100 * part / whole) if whole else None


def _weeks(weeks: list[dict]) -> Chart:
    return Chart(
        title=Text(ko="주별 접수와 해결", en="Opened and solved by week"),
        x_kind="category",
        x=tuple(f"{week['start']:%m-%d}" for week in weeks),
        lines=(
            Line(name=Text(ko="접수", en="Opened"), y=tuple(float(week["opened"]) for week in weeks), look="line"),
            Line(
                name=Text(ko="그중 해결", en="Solved of these"),
                y=tuple(float(week["solved"]) for week in weeks),
                look="line",
            ),
        ),
    )


def _kept(weeks: list[dict]) -> Chart:
    def share(part: str, whole: str) -> tuple[float | None, ...]:
        return tuple(100.0 * week[part] / week[whole] if week[whole] else None for week in weeks)

    return Chart(
        title=Text(ko="약속한 시간 안에 한 비율", en="Share within the promised time"),
        x_kind="category",
        x=tuple(f"{week['start']:%m-%d}" for week in weeks),
        lines=(
            Line(name=Text(ko="첫 답변", en="First answer"), y=share("answered_in_time", "answered"), look="line"),
            Line(name=Text(ko="해결", en="Solution"), y=share("solved_in_time", "solved"), look="line"),
        ),
        y_unit="%",
    )
