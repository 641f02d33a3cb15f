"""Judging for programs of a judge: applications by number, never by the factory's name."""

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema
from pydantic import Field

from jasang.web.api.entering import OrganisationKey, organisation_of, person_of
from jasang.web.programme import judging, queries
from jasang.web.programme.api import LONG, READ, WRITE
from jasang.web.programme.blinding import blind
from jasang.web.programme.models import Judging, Stage
from jasang.web.tenants.models import Role

router = Router(tags=["judging"])


class MineOut(Schema):
    """One application as a judge knows it; texts only where there is no conflict of interest."""

    number: int
    call: str
    application: int | None
    stage: str
    due_on: date | None
    conflict: bool | None
    points: int | None
    wish: str
    expected: str
    feasibility: str
    criteria: list[dict[str, Any]]


class ConflictIn(Schema):
    """Whether there is a conflict of interest."""

    conflict: bool
    words: str = Field("", max_length=300)


class PointsIn(Schema):
    """Points and reasons by criterion."""

    scores: dict[str, int] = Field(max_length=20)
    reasons: dict[str, str] = Field(max_length=20)
    words: str = LONG


def _mine(one: Judging) -> dict[str, Any]:
    application = one.application
    open_to_judge = one.conflict is False and application.stage == Stage.VISITED
    texts = {
        name: blind(getattr(application, name), application.factory) if open_to_judge else ""
        for name in ("wish", "expected", "feasibility")
    }
    return texts | {
        "number": one.pk, "call": application.call.title, "stage": application.stage,
        # With a conflict the judge knows the firm, and the number would tell whose it is.
        "application": None if one.conflict else application.number,
        "due_on": one.due_on, "conflict": one.conflict, "points": one.points, "criteria": application.call.criteria,
    }  # fmt: skip


def _found(request: HttpRequest, organisation_key: str, scope: str, number: int) -> tuple[Judging, Any]:
    place = organisation_of(request, organisation_key, scope, Role.JUDGE)
    who = person_of(request, place, Role.JUDGE)
    return get_object_or_404(queries.judgings_for(who, place), pk=min(number, 2**63 - 1)), who


@router.get("/judging", response=list[MineOut], summary="What the judge is asked")
def asked(request: HttpRequest, organisation_key: OrganisationKey) -> list[dict[str, Any]]:
    """Scope `programme:read`; judges, or a key that a judge made."""
    place = organisation_of(request, organisation_key, READ, Role.JUDGE)
    return [_mine(one) for one in queries.judgings_for(person_of(request, place, Role.JUDGE), place)[:500]]


@router.post("/judging/{int:number}/declare", response=MineOut, summary="Declare a conflict of interest, or none")
def declare(request: HttpRequest, organisation_key: OrganisationKey, number: int, given: ConflictIn) -> dict[str, Any]:
    """Scope `programme:write`; judges. Before any points; "none" may still become one, never back."""
    one, who = _found(request, organisation_key, WRITE, number)
    judging.declare(by=who, application=one.application, conflict=given.conflict, words=given.words)
    return _mine(_found(request, organisation_key, WRITE, number)[0])


@router.post("/judging/{int:number}/points", response=MineOut, summary="Give points with reasons, once")
def give(request: HttpRequest, organisation_key: OrganisationKey, number: int, given: PointsIn) -> dict[str, Any]:
    """Scope `programme:write`; judges without a conflict, in time."""
    one, who = _found(request, organisation_key, WRITE, number)
    judging.judge(
        by=who, application=one.application, scores=given.scores, reasons=given.reasons, words=given.words[:8000]
    )
    return _mine(_found(request, organisation_key, WRITE, number)[0])
