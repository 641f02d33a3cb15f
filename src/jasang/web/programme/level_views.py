"""The level of a factory: its page, a mentor's answers, and the dossier for paper."""

import hashlib
import json
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from jasang.diagnose.level import Level, latest_rubric
from jasang.errors import JasangError
from jasang.mentor.level import level_json
from jasang.web.programme import level_showing as showing
from jasang.web.programme import levels
from jasang.web.programme import residency_showing as of_residency
from jasang.web.programme.impact import impact_of
from jasang.web.programme.models import LevelAnswer, LevelMark, Proof, Residency, Standing
from jasang.web.programme.residency_forms import AnswerForm
from jasang.web.tenants.access import FactoryRequest, for_members, for_roles
from jasang.web.tenants.models import Factory, Role
from jasang.web.ui.language import current

_COURSE = timedelta(days=400)
READINGS = ("five", "four")


@for_members
@require_GET
def level(request: FactoryRequest) -> HttpResponse:
    """The factory's own level, the next three things, and what it rests on."""
    context = level_context(request.factory, reading=request.GET.get("reading", "five"))
    context |= {"tab": "level", "part": "level", "may_answer": request.role == Role.MENTOR}
    return render(request, "programme/level.html", context)


def level_context(factory: Factory, *, reading: str = "five", links: bool = True) -> dict[str, Any]:
    """What the page of a level shows; `links` where the reader may open the factory's own pages."""
    found = levels.level_of(factory, reading=reading if reading in READINGS else "five")
    since = timezone.localdate() - _COURSE
    marks = list(LevelMark.objects.of(factory).filter(day__gte=since).order_by("-day"))
    proofs = Proof.objects.of(factory).filter(answer__isnull=False).select_related("answer")
    peers = levels.peers_of(factory, found.points)
    standing = Standing.objects.of(factory).first()
    return {
        "level": found,
        "words": showing.level_words(
            found, current(), proofs=showing.proofs_by_item(proofs) if links else {}, links=links
        ),
        "peers": peers[0] if peers is not None else None,
        "peers_of_group": peers is not None and peers[1],
        "marks": marks[:12],
        "course": showing.course(marks, latest_rubric()),
        "goal": standing.goal if standing is not None else None,
    }


@for_roles(Role.MENTOR)
@require_http_methods(["GET", "POST"])
def answers(request: FactoryRequest) -> HttpResponse:
    """A mentor answers the items that no data answer, each with what shows it; dated and signed with the own name."""
    wrong, item = "", ""
    if request.method == "POST":
        form = AnswerForm(request.POST, request.FILES)
        item = request.POST.get("item", "")[:60]
        if form.is_valid():
            told = form.cleaned_data
            try:
                levels.answer_item(by=request.user, factory=request.factory, **told)
            except JasangError as error:
                wrong = error.in_language(current())
            else:
                return redirect(reverse("programme:answers", args=[request.factory.key]) + f"#{told['item']}")
        else:
            wrong = " ".join(str(error) for errors in form.errors.values() for error in errors)
    rows = _answer_rows(request.factory)
    context = {"tab": "level", "part": "answers", "rows": rows, "wrong": wrong, "wrong_item": item}
    context |= {"answered": sum(row["answer"] is not None for row in rows)}
    return render(request, "programme/answers.html", context, status=HTTPStatus.BAD_REQUEST if wrong else HTTPStatus.OK)


def _answer_rows(factory: Factory) -> list[dict[str, Any]]:
    latest: dict[str, LevelAnswer] = {}
    for row in LevelAnswer.objects.of(factory).filter(source="mentor").select_related("by").order_by("at", "pk"):
        latest[row.item] = row
    proofs = showing.proofs_by_item(
        Proof.objects.of(factory).filter(answer__in=latest.values()).select_related("answer")
    )
    today, rubric = timezone.localdate(), latest_rubric()
    rows = []
    for item in rubric.asked:
        answer = latest.get(item.id)
        age = (today - answer.at).days if answer is not None else None
        rows.append(
            {
                "item": item.id, "text": item.text.in_language(current()),
                "module": rubric.modules[item.module].in_language(current()), "answer": answer,
                "age": showing.age_words(age) if age is not None else "",
                "old": age is not None and age > rubric.fresh_days["mentor"],
                "proofs": proofs.get(item.id, []), "steps": showing.steps_of(item, current()),
            }
        )  # fmt: skip
    return rows


@for_members
@require_GET
def certificate(request: FactoryRequest) -> HttpResponse:
    """The level for paper: what it is, what it rests on, who said it, and a number by which it can be checked again."""
    factory = request.factory
    context = level_context(factory, reading=request.GET.get("reading", "five"))
    marks = LevelMark.objects.of(factory).filter(day__gte=timezone.localdate() - _COURSE)
    begun = Residency.objects.of(factory).filter(starts_on__lte=timezone.localdate()).select_related("mentor")
    residencies = list(begun.order_by("starts_on"))
    context |= {
        "tab": "level",
        "part": "certificate",
        "sketch": showing.sketch(marks),
        "residencies": residencies,
        "impact": of_residency.impact_words(impact_of(residencies)) if residencies else None,
        "number": certificate_number(factory, context["level"]),
        "address": request.build_absolute_uri(reverse("programme:level", args=[factory.key])),
    }
    return render(request, "programme/certificate.html", context)


def certificate_number(factory: Factory, found: Level) -> str:
    """SHA-256 over the factory, the day and every figure of the level: the same answers on the same day give the same number."""
    told = json.dumps({"factory": factory.key, "level": level_json(found)}, sort_keys=True, ensure_ascii=False)
    digest = hashlib.sha256(told.encode()).hexdigest()[:20].upper()
    return "-".join(digest[place : place + 5] for place in range(0, 20, 5))
