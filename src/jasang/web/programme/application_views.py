"""Applications as the programme's people see them: the operator, a co-operative, an auditor, the mentor who visits."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from jasang.errors import JasangError
from jasang.web.programme import application_showing as showing
from jasang.web.programme import applications as steps
from jasang.web.programme import judging, money, queries
from jasang.web.programme.forms import Day, PlanForm, VisitForm, Won
from jasang.web.programme.models import Application, Claim, Judging, Milestone, Paper, Stage
from jasang.web.programme.telling import send, telling
from jasang.web.programme.words import stage_words
from jasang.web.tenants.access import OrganisationRequest, for_posts, note_foreign_read
from jasang.web.tenants.models import Role
from jasang.web.ui.language import current

SEEING = (Role.PROGRAMME_OPERATOR, Role.COOP_OPERATOR, Role.AUDITOR)
_PER_PAGE = 50


def _seen(request: OrganisationRequest) -> Any:
    rows = queries.applications_seen(request.organisation)
    if request.roles.intersection(SEEING):
        return rows
    return rows.filter(visitor=request.user)  # a mentor: those he or she visits


def _application(request: OrganisationRequest, key: UUID) -> Application:
    return get_object_or_404(_seen(request), key=key)


def _page_of(request: OrganisationRequest, key: UUID, **more: Any) -> str:
    return reverse("programme:application", args=[request.organisation.key, key])


@for_posts(*SEEING)
@require_GET
def overview(request: OrganisationRequest) -> HttpResponse:
    """Every application, late ones first, narrowed by stage and name."""
    rows = queries.narrowed(_seen(request), request.GET)
    if request.GET.get("late"):
        rows = queries.late(rows, timezone.localdate())
    page = Paginator(rows.order_by("due_on", "pk"), _PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "tab": "applications", "page": page, "today": timezone.localdate(), "chosen": request.GET.get("stage", ""),
        "stages": [(name, stage_words(name)) for name in Stage.values if name != Stage.DRAFT],
        "words": request.GET.get("words", ""), "late": bool(request.GET.get("late")),
    }  # fmt: skip
    return render(request, "programme/calls/applications.html", context)


@for_posts(Role.MENTOR)
@require_GET
def visits(request: OrganisationRequest) -> HttpResponse:
    """The applications that a mentor is asked to visit."""
    rows = queries.applications_seen(request.organisation).filter(visitor=request.user)
    page = Paginator(rows.order_by("-pk"), _PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "programme/calls/visits.html", {"tab": "visits", "page": page})


@for_posts(*SEEING, Role.MENTOR)
@require_GET
def one(request: OrganisationRequest, key: UUID) -> HttpResponse:
    """One application to the end, with what this person may do now."""
    application = _application(request, key)
    note_foreign_read(request, application.factory)
    return _page(request, application)


def _page(request: OrganisationRequest, application: Application, **unfinished: Form) -> HttpResponse:
    """The page; `unfinished`: a form that was refused, with all that was written into it."""
    rows = showing.milestones(application)
    runs = Role.PROGRAMME_OPERATOR in request.roles
    visiting = runs or application.visitor == request.user
    context = {
        "tab": "applications" if request.roles.intersection(SEEING) else "visits", "application": application,
        "today": timezone.localdate(),
        "way": showing.way(application), "next": showing.next_words(application), "history": showing.history(application),
        "papers": queries.papers_of(application), "milestones": rows, "money": showing.money(application, rows), "runs": runs,
        "visiting": visiting, "may_report": visiting and application.stage == Stage.APPLIED,
        "visit_form": VisitForm(initial={"visited_on": timezone.localdate()}),
        "judgings": judging.judgings_of(application) if runs or Role.AUDITOR in request.roles else [],
        "criteria": application.call.criteria, "step": _step(application), "judges_needed": judging.JUDGES,
        "mentors": queries.people_with(application.organisation, Role.MENTOR) if runs else [],
        "known_judges": queries.people_with(application.organisation, Role.JUDGE) if runs else [],
        "may_stop": application.stage in steps.GOING_ON, "may_reopen": application.stage in (Stage.REJECTED, Stage.APPROVED),
        "plan_form": PlanForm(initial={"milestones": f"= {application.granted} ="}),
    }  # fmt: skip
    status = HTTPStatus.BAD_REQUEST if unfinished else HTTPStatus.OK
    return render(request, "programme/calls/application.html", context | unfinished, status=status)


def _step(application: Application) -> str:
    found = (name for name, (before, _after, _who) in steps.STEPS.items() if before == application.stage)
    return next(found, "")


@for_posts(Role.PROGRAMME_OPERATOR, Role.MENTOR)
@require_http_methods(["GET", "POST"])
@telling(_page_of)
def do(request: OrganisationRequest, key: UUID, step: str) -> HttpResponse:
    """One step of an application."""
    if step not in DOING:
        raise Http404
    if request.method == "GET":  # a refused form was shown here, and its reader chose another language
        return redirect(_page_of(request, key))
    application = _application(request, key)
    try:
        DOING[step](request, application)
    except Unfinished as refused:
        return _page(request, application, **{refused.name: refused.form})
    if step in ("report",) and not request.roles.intersection(SEEING):
        messages.success(request, _("Thank you, the report is kept."))
    return redirect(_page_of(request, key))


class Unfinished(Exception):
    """A long form was refused: it is shown again as it was written."""

    def __init__(self, name: str, form: Form) -> None:
        super().__init__(name)
        self.name, self.form = name, form


@contextmanager
def kept_when_refused(name: str, form: Form) -> Iterator[dict[str, Any]]:
    """What was written into the form; raises `Unfinished` where the form or the step refuses it."""
    if not form.is_valid():
        raise Unfinished(name, form)
    try:
        yield form.cleaned_data
    except JasangError as error:
        form.add_error(None, error.in_language(current()))
        raise Unfinished(name, form) from error


def _send_visitor(request: OrganisationRequest, application: Application) -> None:
    people = queries.people_with(application.organisation, Role.MENTOR)
    visitor = get_object_or_404(people, pk=_number(request.POST.get("visitor")))
    on = Day(required=False).clean(request.POST.get("on", ""))
    steps.send_visitor(by=request.user, application=application, visitor=visitor, on=on)


def _report(request: OrganisationRequest, application: Application) -> None:
    form = VisitForm(request.POST)
    with kept_when_refused("visit_form", form) as given:
        steps.record_visit(
            by=request.user, application=application, feasible=given["feasible"], words=given["words"],
            visited_on=given["visited_on"], report={name: given[name] for name in steps.REPORT},
        )  # fmt: skip


def _judges(request: OrganisationRequest, application: Application) -> None:
    ticked = request.POST.getlist("judge")[:50]
    people = queries.people_with(application.organisation, Role.JUDGE)
    due_on = Day(required=False).clean(request.POST.get("due_on", ""))
    chosen = [judge for judge in people if str(judge.pk) in ticked]
    judging.call_judges(by=request.user, application=application, judges=chosen, due_on=due_on)


def _release(request: OrganisationRequest, application: Application) -> None:
    rows = Judging.objects.of(application.organisation).filter(application=application)
    judging.release_judge(by=request.user, judging=get_object_or_404(rows, pk=_number(request.POST.get("judging"))))


def _decide(request: OrganisationRequest, application: Application) -> None:
    judging.decide(by=request.user, application=application, granted=_won(request.POST.get("granted", "")))


def _reject(request: OrganisationRequest, application: Application) -> None:
    judging.reject(by=request.user, application=application, words=request.POST.get("words", ""))


def _stop(request: OrganisationRequest, application: Application) -> None:
    steps.stop(by=request.user, application=application, words=request.POST.get("words", ""))


def _move_milestone(request: OrganisationRequest, application: Application) -> None:
    due_on = Day().clean(request.POST.get("due_on", ""))
    steps.move_milestone(
        by=request.user, milestone=_milestone(request, application), due_on=due_on, words=request.POST.get("words", "")
    )


def _reopen(request: OrganisationRequest, application: Application) -> None:
    due_on = Day(required=False).clean(request.POST.get("due_on", ""))
    judging.reopen(by=request.user, application=application, words=request.POST.get("words", ""), due_on=due_on)
    messages.success(request, _("The application is with the judges again."))


def _plan(request: OrganisationRequest, application: Application) -> None:
    form = PlanForm(request.POST)
    with kept_when_refused("plan_form", form) as given:
        steps.agree_plan(by=request.user, application=application, plan=given["plan"], milestones=given["milestones"])


def _go_on(request: OrganisationRequest, application: Application) -> None:
    steps.go_on(by=request.user, application=application, step=_step(application), words=request.POST.get("words", ""))


def _note(request: OrganisationRequest, application: Application) -> None:
    steps.add_note(by=request.user, application=application, words=request.POST.get("words", ""))


def _milestone(request: OrganisationRequest, application: Application) -> Milestone:
    rows = Milestone.objects.of(application.organisation).filter(application=application)
    rows = rows.select_related("application__organisation", "organisation")
    return get_object_or_404(rows, place=_number(request.POST.get("place")))


def _reach(request: OrganisationRequest, application: Application) -> None:
    money.reach_milestone(by=request.user, milestone=_milestone(request, application))


def _pay(request: OrganisationRequest, application: Application) -> None:
    milestone = _milestone(request, application)
    # The claim's key makes the request: a form sent twice pays once.
    money.pay(by=request.user, milestone=milestone, request=f"claim-{request.POST.get('claim', '')[:50]}")
    messages.success(request, _("The payment is kept."))


def _send_back(request: OrganisationRequest, application: Application) -> None:
    rows = (
        Claim.objects.of(application.organisation)
        .filter(application=application)
        .select_related("application__organisation", "organisation")
    )
    found = get_object_or_404(rows, milestone__place=_number(request.POST.get("place")), state="open")
    money.refuse_claim(by=request.user, claim=found, words=request.POST.get("words", ""))


DOING: dict[str, Callable[[OrganisationRequest, Application], None]] = {
    "visitor": _send_visitor, "report": _report, "judges": _judges, "release": _release, "decide": _decide, "reject": _reject,
    "reopen": _reopen, "stop": _stop, "due": _move_milestone,
    "plan": _plan, "go-on": _go_on, "note": _note, "reach": _reach, "pay": _pay, "send-back": _send_back,
}  # fmt: skip


def _number(text: str | None) -> int:
    if not (text or "").isdecimal() or len(text or "") > 18:
        raise Http404
    return int(text or "")


def _won(text: str) -> int:
    return Won(required=False).clean(text) or 0


@for_posts(*SEEING, Role.MENTOR)
@require_GET
def download(request: OrganisationRequest, key: UUID, paper: UUID) -> HttpResponse:
    """A file of the application."""
    application = _application(request, key)
    note_foreign_read(request, application.factory)
    found = get_object_or_404(Paper.objects.of(application.organisation).filter(application=application), key=paper)
    return send(found.path, found.name)
