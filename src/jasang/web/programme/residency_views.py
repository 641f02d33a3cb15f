"""The workbench of a mentor in a factory, read by the factory's people too: plan, floor walk, changes, diary, hand-over."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from jasang.web.jobs.announcing import effects
from jasang.web.programme import photos, residencies
from jasang.web.programme import residency_showing as showing
from jasang.web.programme.impact import impact_of
from jasang.web.programme.models import Change, HandOver, Proof, Residency, ResidencyNote, ResidencyWeek, Task
from jasang.web.programme.residency_forms import ChangeForm, HandOverForm, NoteForm, TaskForm
from jasang.web.programme.telling import telling
from jasang.web.tenants.access import FactoryRequest, for_members, for_roles
from jasang.web.tenants.models import FACTORY_ROLES, Membership, Role
from jasang.web.ui.language import current

_SPEAKING = (*FACTORY_ROLES, Role.MENTOR)
_LONGEST_CHOICE, _NOTES_A_PAGE = 90, 30


@for_members
@require_GET
def list_of_factory(request: FactoryRequest) -> HttpResponse:
    """The factory's residencies; the only one at once."""
    rows = list(_residencies(request).order_by("-starts_on", "-pk"))
    if len(rows) == 1:
        return redirect("programme:residency", factory_key=request.factory.key, key=rows[0].key)
    today = timezone.localdate()
    context = {
        "tab": "level",
        "part": "residency",
        "rows": [(one, showing.state_words(one, today)) for one in rows],
        "impact": showing.impact_words(impact_of(rows)) if rows else None,
    }
    return render(request, "programme/residency/list.html", context)


def _residencies(request: FactoryRequest) -> Any:
    return Residency.objects.of(request.factory).select_related("mentor__user", "mentor__organisation", "factory")


def _residency(request: FactoryRequest, key: UUID) -> Residency:
    return get_object_or_404(_residencies(request), key=key)


@for_members
@require_GET
def workbench(request: FactoryRequest, key: UUID, part: str = "plan") -> HttpResponse:
    """One residency, one of its parts."""
    if part not in showing.PARTS:
        raise Http404
    residency, today = _residency(request, key), timezone.localdate()
    context: dict[str, Any] = {
        "tab": "level",
        "part": "residency",
        "residency": residency,
        "state": showing.state_words(residency, today),
        "sections": showing.part_words(),
        "chosen": part,
        "mine": residencies.may_work(request.user, residency),
        "own_people": request.role in FACTORY_ROLES,
        "impact": showing.impact_words(impact_of([residency])),
        "today": today,
    }
    return render(request, f"programme/residency/{part}.html", context | _PARTS[part](request, residency, today))


def _findings(request: FactoryRequest) -> list[tuple[str, str]]:
    found = residencies.choices(request.factory)
    return [(one.lasting, one.title.in_language(current())[:_LONGEST_CHOICE]) for one in found]


def _members(request: FactoryRequest) -> Any:
    return (
        Membership.objects.filter(factory=request.factory, role__in=FACTORY_ROLES).select_related("user").order_by("pk")
    )


def _plan(request: FactoryRequest, residency: Residency, today: Any) -> dict[str, Any]:
    tasks = Task.objects.of(request.factory).filter(residency=residency, kind="task").select_related("person")
    rows = [
        {
            "task": one,
            "who": one.who or (one.person.get_username() if one.person is not None else ""),
            "late": one.done_at is None and one.due_on is not None and one.due_on < today,
            "about": showing.about_words(one.about),
        }
        for one in tasks
    ]
    weeks = ResidencyWeek.objects.of(request.factory).filter(residency=residency)
    return {
        "weeks": showing.weeks(residency, list(weeks), today),
        "open_tasks": [row for row in rows if row["task"].done_at is None],
        "done_tasks": [row for row in rows if row["task"].done_at is not None],
        "may_tick": request.role in _SPEAKING,
        "form": TaskForm(members=_members(request), findings=_findings(request)),
    }


def _notes(kind: str) -> Any:
    def part(request: FactoryRequest, residency: Residency, today: Any) -> dict[str, Any]:
        found = ResidencyNote.objects.of(request.factory).filter(residency=residency, kind=kind).select_related("by")
        page = Paginator(found, _NOTES_A_PAGE).get_page(request.GET.get("page"))
        proofs: dict[int, list[Proof]] = {}
        for one in Proof.objects.of(request.factory).filter(note__in=[note.pk for note in page]):
            proofs.setdefault(one.note_id, []).append(one)
        notes = [(note, proofs.get(note.pk, [])) for note in page]
        return {"notes": notes, "page": page, "form": NoteForm(), "kind": kind}

    return part


def _changes(request: FactoryRequest, residency: Residency, today: Any) -> dict[str, Any]:
    changes = list(Change.objects.of(request.factory).filter(residency=residency))
    proofs = list(Proof.objects.of(request.factory).filter(change__in=changes))
    found = {one.key: one for one in effects(request.factory)} if any(one.lasting for one in changes) else {}
    return {
        "rows": showing.change_rows(changes, proofs, found),
        "form": ChangeForm(findings=_findings(request)),
    }


def _hand_over(request: FactoryRequest, residency: Residency, today: Any) -> dict[str, Any]:
    items = list(HandOver.objects.of(request.factory).filter(residency=residency).select_related("accepted_by"))
    return {
        "items": items,
        "accepted": sum(one.accepted_at is not None for one in items),
        "form": HandOverForm(),
        "look_back_day": residencies.look_back_day(residency),
        "changes": Change.objects.of(request.factory).filter(residency=residency),
    }


_PARTS = {
    "plan": _plan,
    "walk": _notes("walk"),
    "changes": _changes,
    "diary": _notes("diary"),
    "handover": _hand_over,
}


def _back(request: FactoryRequest, key: UUID, deed: str) -> str:
    return reverse(
        "programme:residency-part", args=[request.factory.key, key, _DEEDS[deed][0] if deed in _DEEDS else "plan"]
    )


@for_roles(*_SPEAKING)
@require_POST
@telling(_back)
def do(request: FactoryRequest, key: UUID, deed: str) -> HttpResponse:
    """One thing that is written down; what is refused is said on the page one comes from."""
    if deed not in _DEEDS:
        raise Http404
    _DEEDS[deed][1](request, _residency(request, key))
    return redirect(_back(request, key, deed))


def _valid(form: Any) -> Any:
    """The form, or its first complaint."""
    if not form.is_valid():
        name, told = next(iter(form.errors.items()))
        label = form.fields[name].label if name in form.fields else ""
        raise ValidationError(f"{label}: {told[0]}" if label else str(told[0]))
    return form


def _do_goal(request: FactoryRequest, residency: Residency) -> None:
    residencies.set_goal(by=request.user, residency=residency, goal=request.POST.get("goal", ""))


def _do_weeks(request: FactoryRequest, residency: Residency) -> None:
    for number in range(1, residency.weeks + 1):
        aim, done = request.POST.get(f"aim-{number}", ""), request.POST.get(f"done-{number}") == "yes"
        residencies.plan_week(by=request.user, residency=residency, number=number, aim=aim, done=done)


def _do_task(request: FactoryRequest, residency: Residency) -> None:
    form = _valid(TaskForm(request.POST, members=_members(request), findings=_findings(request)))
    residencies.add_task(by=request.user, residency=residency, **form.told())


def _do_note(kind: str) -> Any:
    def deed(request: FactoryRequest, residency: Residency) -> None:
        form = _valid(NoteForm(request.POST, request.FILES))
        residencies.add_note(
            by=request.user, residency=residency, kind=kind, text=form.cleaned_data["text"],
            place=form.cleaned_data["place"], files=form.taken(),
        )  # fmt: skip

    return deed


def _do_change(request: FactoryRequest, residency: Residency) -> None:
    form = _valid(ChangeForm(request.POST, request.FILES, findings=_findings(request)))
    residencies.add_change(by=request.user, residency=residency, **form.cleaned_data)


def _do_item(request: FactoryRequest, residency: Residency) -> None:
    form = _valid(HandOverForm(request.POST))
    residencies.add_hand_over(by=request.user, residency=residency, **form.cleaned_data)


def _do_hand_over(request: FactoryRequest, residency: Residency) -> None:
    residencies.hand_over(by=request.user, residency=residency, words=request.POST.get("words", ""))


def _do_take(request: FactoryRequest, residency: Residency) -> None:
    number = request.POST.get("item", "")
    rows = HandOver.objects.of(request.factory).filter(residency=residency).select_related("residency__factory")
    try:
        item = get_object_or_404(rows, key=UUID(number))
    except ValueError:
        raise Http404 from None
    residencies.answer_hand_over(
        by=request.user,
        item=item,
        accepted=request.POST.get("accepted") == "yes",
        missing=request.POST.get("missing", ""),
    )


_DEEDS: dict[str, tuple[str, Any]] = {
    "goal": ("plan", _do_goal),
    "weeks": ("plan", _do_weeks),
    "task": ("plan", _do_task),
    "walk": ("walk", _do_note("walk")),
    "diary": ("diary", _do_note("diary")),
    "change": ("changes", _do_change),
    "item": ("handover", _do_item),
    "hand-over": ("handover", _do_hand_over),
    "take": ("handover", _do_take),
}


def _where_from(request: FactoryRequest, key: UUID) -> str:
    """Tasks stand on several pages; the form says on which, and only these are gone back to."""
    if request.POST.get("from") == "now":
        return reverse("floor:now", args=[request.factory.key])
    task = Task.objects.of(request.factory).filter(key=key).select_related("residency").first()
    if task is not None and task.residency is not None:
        return reverse("programme:residency", args=[request.factory.key, task.residency.key])
    return reverse("programme:residencies", args=[request.factory.key])


@for_roles(*_SPEAKING)
@require_POST
@telling(_where_from)
def tick(request: FactoryRequest, key: UUID) -> HttpResponse:
    """A task is done, or not yet after all."""
    task = get_object_or_404(Task.objects.of(request.factory).select_related("factory"), key=key)
    residencies.tick(by=request.user, task=task, done=request.POST.get("done") == "yes")
    return redirect(_where_from(request, key))


@for_members
@require_GET
def proof(request: FactoryRequest, key: UUID) -> HttpResponse:
    """A photo (`?small=1`: its thumbnail), or a file as a download."""
    found = get_object_or_404(Proof.objects.of(request.factory), key=key)
    return photos.answer_with(found, small="small" in request.GET)
