"""Difficulties that factories share: for the centre with evidence and steps, for a factory with its state and answer."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jasang.errors import JasangError, WrongArguments
from jasang.web.center import difficulties
from jasang.web.center import difficulty_showing as showing
from jasang.web.center.agent_views import AgentRequest, for_agents
from jasang.web.center.models import Case, Difficulty, DifficultyEvent, DifficultyState, Sighting
from jasang.web.center.queries import DONE, LIST_LENGTH
from jasang.web.tenants.access import FactoryRequest, for_members
from jasang.web.ui.language import current

MOST_SHOWN = 100
# What a factory sees of a difficulty's history, as states; blank = the state that was set.
_STEPS = {"found": "open", "split": "open", "state": "", "answer": "answered"}
_SHOWN = ("open", "in_work", "answered", "closed")


@for_members
@require_GET
def of_factory(request: FactoryRequest) -> HttpResponse:
    """The difficulties that the factory shares with others."""
    page = Paginator(_shared(request).order_by("-changed_at", "-pk"), LIST_LENGTH).get_page(request.GET.get("page"))
    context = {"tab": "cases", "page": page, "rows": [showing.row(one) for one in page]}
    return render(request, "center/difficulties/of_factory.html", context)


def _shared(request: FactoryRequest) -> Any:
    own = Sighting.objects.of(request.factory).filter(difficulty__isnull=False).values("difficulty")
    return Difficulty.objects.of_every_organisation().filter(pk__in=own)


@for_members
@require_GET
def one_of_factory(request: FactoryRequest, key: UUID) -> HttpResponse:
    """One of them: how many have it, where it stands, the answer, and what the factory itself had of it."""
    found = get_object_or_404(Difficulty.objects.of_every_organisation().select_related("merged_into"), key=key)
    if found.merged_into is not None:  # an old piece of news still leads on
        found = found.merged_into
    own = Sighting.objects.of(request.factory).filter(difficulty=found).select_related("case").order_by("-at", "-pk")
    mine = list(own[:MOST_SHOWN])
    if not mine:
        raise Http404
    rows = DifficultyEvent.objects.of_every_organisation().filter(difficulty=found, kind__in=_STEPS)
    steps = [(one.at, showing.state_words(_STEPS[one.kind] or one.data["state"])) for one in rows.order_by("at", "pk")]
    context = {"tab": "cases", "row": showing.row(found), "mine": mine, "steps": steps}
    return render(request, "center/difficulties/one_of_factory.html", context)


@for_agents()
@require_GET
def at_centre(request: AgentRequest) -> HttpResponse:
    """The difficulties of several factories, those of most factories first."""
    state = request.GET.get("state", "open")
    state = state if state in _SHOWN else "open"
    rows = Difficulty.objects.of(request.organisation).filter(merged_into__isnull=True)
    counts = dict(rows.values_list("state").annotate(n=Count("pk")))
    page = Paginator(rows.filter(state=state).order_by("-factories", "-last_at", "pk"), LIST_LENGTH)
    shown = page.get_page(request.GET.get("page"))
    context = {
        "tab": "difficulties",
        "page": shown,
        "rows": [showing.row(one) for one in shown],
        "views": [(name, showing.state_words(name), counts.get(name, 0)) for name in _SHOWN],
        "state": state,
    }
    return render(request, "center/difficulties/list.html", context)


def _difficulty(request: AgentRequest, key: UUID) -> Difficulty:
    return get_object_or_404(Difficulty.objects.of(request.organisation).select_related("merged_into"), key=key)


@for_agents()
@require_GET
def one_at_centre(request: AgentRequest, key: UUID) -> HttpResponse:
    """One with its evidence: factories, words, shape, rule, since when, every sighting, and what may be done."""
    return _page(request, _difficulty(request, key))


def _page(request: AgentRequest, found: Difficulty, trouble: str = "") -> HttpResponse:
    rows = Sighting.objects.of_every_factory().filter(centre=request.organisation, difficulty=found)
    shown = list(rows.select_related("case", "factory").order_by("-at", "-pk")[:MOST_SHOWN])
    events = DifficultyEvent.objects.of(request.organisation).filter(difficulty=found).select_related("by")
    others = Difficulty.objects.of(request.organisation).filter(merged_into__isnull=True).exclude(pk=found.pk)
    context = {
        "tab": "difficulties",
        "row": showing.row(found),
        "sightings": [(one, showing.line(bytes(one.profile)) if one.profile else "") for one in shown],
        "solved": sum(one.case is not None and one.case.state in DONE for one in shown),
        "events": [(one, showing.happened(one)) for one in events.order_by("-at", "-pk")[:30]],
        "others": [(one.key, showing.row(one)["title"]) for one in others.order_by("-last_at")[:40]],
        "states": [(name, showing.state_words(name)) for name in _SHOWN],
        "trouble": trouble,
    }
    status = HTTPStatus.BAD_REQUEST if trouble else HTTPStatus.OK
    return render(request, "center/difficulties/one.html", context, status=status)


@for_agents()
@require_POST
def do(request: AgentRequest, key: UUID, step: str) -> HttpResponse:
    """One step with a difficulty."""
    found = _difficulty(request, key)
    if step not in STEPS:
        raise Http404
    try:
        there = STEPS[step](request, found) or found
    except JasangError as error:
        return _page(request, found, trouble=error.in_language(current()))
    return redirect("center:agent-difficulty", organisation_key=request.organisation.key, key=there.key)


def _chosen(request: AgentRequest, found: Difficulty) -> list[Sighting]:
    numbers = [int(one) for one in request.POST.getlist("sighting")[:MOST_SHOWN] if one.isdecimal() and len(one) < 18]
    rows = Sighting.objects.of_every_factory().filter(centre=request.organisation, difficulty=found, pk__in=numbers)
    if not (chosen := list(rows)):
        raise WrongArguments(ko="먼저 골라 주세요.", en="Please tick some first.")
    return chosen


def _text(request: AgentRequest, name: str, most: int = 200) -> str:
    return request.POST.get(name, "").replace("\x00", "").strip()[:most]


def _rename(request: AgentRequest, found: Difficulty) -> None:
    if not (title := _text(request, "title_ko")):
        raise WrongArguments(ko="제목을 적어 주세요.", en="Please give it a title.")
    difficulties.rename(difficulty=found, user=request.user, title_ko=title, title_en=_text(request, "title_en"))


def _state(request: AgentRequest, found: Difficulty) -> None:
    state = request.POST.get("state", "")
    if state not in DifficultyState.values:
        raise WrongArguments(ko="상태를 골라 주세요.", en="Please choose a state.")
    difficulties.set_state(difficulty=found, user=request.user, state=DifficultyState(state))


def _answer(request: AgentRequest, found: Difficulty) -> None:
    ko, en = _text(request, "answer_ko", 20_000), _text(request, "answer_en", 20_000)
    difficulties.answer(difficulty=found, user=request.user, ko=ko, en=en)


def _split(request: AgentRequest, found: Difficulty) -> Difficulty:
    chosen = _chosen(request, found)
    return difficulties.split(difficulty=found, sightings=chosen, user=request.user, title=_text(request, "title"))


def _take_out(request: AgentRequest, found: Difficulty) -> None:
    difficulties.take_out(difficulty=found, sightings=_chosen(request, found), user=request.user)


def _put_in(request: AgentRequest, found: Difficulty) -> None:
    given = _text(request, "number").lstrip("#")
    number = int(given) if given.isdecimal() and len(given) < 10 else 0
    case = Case.objects.at(request.organisation).select_related("factory", "centre").filter(number=number).first()
    if case is None:
        raise WrongArguments(ko=f"#{given} 문의가 없습니다.", en=f"There is no case #{given}.")
    difficulties.put_in(difficulty=found, case=case, user=request.user)
    messages.success(request, _("Kept."))


def _merge(request: AgentRequest, found: Difficulty) -> Difficulty:
    try:
        key = UUID(request.POST.get("other", ""))
    except ValueError:
        raise WrongArguments(ko="다른 어려움을 고르세요.", en="Please choose another difficulty.") from None
    into = _difficulty(request, key)
    difficulties.merge(difficulty=found, into=into, user=request.user)
    return into


STEPS: dict[str, Any] = {
    "title": _rename, "state": _state, "answer": _answer, "split": _split, "take-out": _take_out, "put-in": _put_in,
    "merge": _merge,
}  # fmt: skip
