"""Mentors sent to factories: asking for a plan, its answer and why, a human hand, what mentors answer."""

from collections import Counter
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jasang.web.jobs.services import ask_to_cancel
from jasang.web.programme import planning as plans
from jasang.web.programme import planning_showing as showing
from jasang.web.programme.mentor_forms import PlanForm
from jasang.web.programme.mentors import own_profile
from jasang.web.programme.models import Cohort, HandOnPlan, Mentor, Offer, Planning
from jasang.web.programme.telling import tell_form, telling
from jasang.web.tenants.access import OrganisationRequest, for_posts
from jasang.web.tenants.models import Factory, Role
from jasang.web.tenants.queries import factories_under
from jasang.web.ui.language import current

RUNNING = (Role.PROGRAMME_OPERATOR,)
_PER_PAGE = 50


def _list_of(request: OrganisationRequest, **more: Any) -> str:
    return reverse("programme:planning", args=[request.organisation.key])


def _page_of(request: OrganisationRequest, key: UUID, **more: Any) -> str:
    return reverse("programme:plan", args=[request.organisation.key, key])


def _planning(request: OrganisationRequest, key: UUID) -> Planning:
    rows = Planning.objects.of(request.organisation).select_related(
        "cohort__organisation", "organisation", "job__factory", "before"
    )
    return get_object_or_404(rows, key=key)


@for_posts(*RUNNING)
@require_GET
def overview(request: OrganisationRequest) -> HttpResponse:
    """Ask for a plan; the plans so far."""
    cohorts = list(Cohort.objects.of(request.organisation).order_by("-year", "-pk")[:50])
    plans_so_far = Planning.objects.of(request.organisation).select_related("cohort", "job").defer("question", "answer")
    context = {
        "tab": "planning", "cohorts": cohorts, "form": PlanForm(cohorts=cohorts, initial={"starts_on": timezone.localdate()}),
        "page": Paginator(plans_so_far.order_by("-pk"), 20).get_page(request.GET.get("page")),
        "mentors": Mentor.objects.of(request.organisation).filter(active=True).count(),
    }  # fmt: skip
    return render(request, "programme/planning/plans.html", context)


@for_posts(*RUNNING)
@require_POST
@telling(_list_of)
def ask(request: OrganisationRequest) -> HttpResponse:
    """Put the question into the queue."""
    cohorts = list(Cohort.objects.of(request.organisation).select_related("organisation").order_by("-year", "-pk")[:50])
    form = PlanForm(request.POST, cohorts=cohorts)
    if not form.is_valid():
        tell_form(request, form)
        return redirect(_list_of(request))
    cohort = next(one for one in cohorts if str(one.key) == form.cleaned_data["cohort"])
    made = plans.ask_for_plan(by=request.user, cohort=cohort, wishes=form.wishes())
    return redirect(_page_of(request, made.key))


@for_posts(*RUNNING)
@require_GET
def one(request: OrganisationRequest, key: UUID) -> HttpResponse:
    """A plan: progress while it is made, then who goes where and why."""
    planning = _planning(request, key)
    part = (
        "programme/planning/plan_state.html" if request.htmx and planning.job.open else "programme/planning/plan.html"
    )
    if request.htmx and not planning.job.open:
        answer = HttpResponse(status=204)
        answer["HX-Refresh"] = "true"
        return answer
    return render(request, part, _context(request, planning))


def _context(request: OrganisationRequest, planning: Planning) -> dict[str, Any]:
    context: dict[str, Any] = {"tab": "planning", "planning": planning, "job": planning.job, "answer": planning.answer}
    if planning.answer is None:
        return context
    answer, names = planning.answer, showing.names_of(planning)
    places = _narrowed(answer["placements"], names, request.GET.get("words", ""))
    page = Paginator(places, _PER_PAGE).get_page(request.GET.get("page"))
    people = showing.load(planning)
    offers = Counter(Offer.objects.of(planning.organisation).filter(planning=planning).values_list("state", flat=True))
    vetoes = (
        HandOnPlan.objects.of(planning.organisation).filter(cohort=planning.cohort).select_related("factory", "mentor")
    )
    unserved = factories_under(planning.organisation).filter(key__in=answer["unserved"][:50])
    return context | {
        "page": page, "rows": showing.rows(planning, list(page), names, current()), "bound": showing.bound_words(answer),
        "fairness": showing.fairness_words(people), "charts": showing.charts(people), "words": request.GET.get("words", ""),
        "served": len(answer["placements"]), "unserved": unserved, "more_unserved": max(0, len(answer["unserved"]) - 50),
        "conflict": showing.conflict_words(answer, names, current()), "offers": offers, "declined": offers[Offer.State.DECLINED],
        "hands": vetoes.order_by("-pk")[:50], "mentors_used": sum(one["factories"] > 0 for one in people), "mentors": len(people),
        "today": timezone.localdate(), "teams": bool(planning.question.get("team_skills")),
    }  # fmt: skip


def _narrowed(places: list[dict[str, Any]], names: dict[str, str], words: str) -> list[dict[str, Any]]:
    plain = words.replace("\x00", "").strip().lower()[:100]
    if not plain:
        return places
    keys = set(
        Factory.objects.filter(key__in=[one["factory"] for one in places], name__icontains=plain).values_list(
            "key", flat=True
        )
    )
    return [
        one
        for one in places
        if one["factory"] in keys or any(plain in names.get(name, "").lower() for name in one["mentors"])
    ]


@for_posts(*RUNNING)
@require_POST
@telling(_page_of)
def hand(request: OrganisationRequest, key: UUID) -> HttpResponse:
    """Pin or rule out a pair, or take the hand away; it counts from the next plan on."""
    planning = _planning(request, key)
    factory = get_object_or_404(factories_under(request.organisation), key=request.POST.get("factory", ""))
    try:
        mentor = get_object_or_404(Mentor.objects.of(request.organisation), key=UUID(request.POST.get("mentor", "")))
    except ValueError as error:
        raise Http404 from error
    wanted = {"pin": True, "veto": False, "none": None}
    step = request.POST.get("step", "")
    if step not in wanted:
        raise Http404
    plans.put_hand(by=request.user, cohort=planning.cohort, factory=factory, mentor=mentor, pinned=wanted[step])
    messages.success(request, _("Kept. It counts from the next plan on: press “Plan again”."))
    return redirect(_page_of(request, key))


@for_posts(*RUNNING)
@require_POST
@telling(_page_of)
def do(request: OrganisationRequest, key: UUID, step: str) -> HttpResponse:
    """Ask the mentors, plan again, take the plan, cancel."""
    planning = _planning(request, key)
    if step == "offer":
        count = plans.offer_plan(by=request.user, planning=planning, starts_on=_day(request))
        messages.success(request, _("Mentors asked: %(n)d.") % {"n": count})
    elif step == "again":
        made = plans.replan(by=request.user, planning=planning) if request.POST.get("keep") else plans.ask_for_plan(
            by=request.user, cohort=planning.cohort, wishes=plans.wishes_of(planning)
        )  # fmt: skip
        return redirect(_page_of(request, made.key))
    elif step == "take":
        count = plans.take_plan(
            by=request.user, planning=planning, starts_on=_day(request), unanswered=bool(request.POST.get("unanswered"))
        )
        messages.success(request, _("Residencies made: %(n)d.") % {"n": count})
    elif step == "cancel":
        ask_to_cancel(job=planning.job)
    else:
        raise Http404
    return redirect(_page_of(request, key))


def _day(request: OrganisationRequest) -> date | None:
    try:
        return date.fromisoformat(request.POST.get("starts_on", ""))
    except ValueError:
        return None


@for_posts(Role.MENTOR, *RUNNING)
@require_GET
def offers(request: OrganisationRequest) -> HttpResponse:
    """What a mentor is asked, and what he or she said; the operator sees and answers for those without an account."""
    rows = Offer.objects.of(request.organisation).select_related("factory__organisation", "mentor", "planning")
    rows = rows.defer("planning__question", "planning__answer")  # large, and of every row
    runs = Role.PROGRAMME_OPERATOR in request.roles
    if not runs:
        rows = rows.filter(mentor__user=request.user)
    elif request.GET.get("state") in Offer.State.values:
        rows = rows.filter(state=request.GET["state"])
    newer = Planning.objects.of(request.organisation).filter(before__isnull=False).values("before")
    rows = rows.exclude(planning__in=newer.filter(offered_at__isnull=False)).order_by("starts_on", "pk")
    context = {
        "tab": "offers", "page": Paginator(rows, _PER_PAGE).get_page(request.GET.get("page")), "runs": runs,
        "profile": own_profile(request.user, request.organisation), "is_mentor": Role.MENTOR in request.roles,
    }  # fmt: skip
    return render(request, "programme/planning/offers.html", context)


@for_posts(Role.MENTOR, *RUNNING)
@require_POST
@telling(lambda request, **more: reverse("programme:offers", args=[request.organisation.key]))
def answer(request: OrganisationRequest, key: UUID) -> HttpResponse:
    """Accept, or decline with a reason."""
    rows = Offer.objects.of(request.organisation).select_related("organisation", "mentor")
    if Role.PROGRAMME_OPERATOR not in request.roles:
        rows = rows.filter(mentor__user=request.user)
    plans.answer_offer(
        by=request.user, offer=get_object_or_404(rows, key=key), accept=request.POST.get("answer") == "accept",
        words=request.POST.get("words", ""),
    )  # fmt: skip
    return redirect("programme:offers", organisation_key=request.organisation.key)
