"""An application on a page: its way to the end, what comes next and who does it, its money."""

from typing import Any

from django.utils.translation import gettext as _

from jasang.web.programme.models import Application, Claim, ClaimState, Milestone, Paper, Payment, Stage, StageEvent
from jasang.web.programme.words import stage_words

WAY = (
    Stage.DRAFT, Stage.APPLIED, Stage.VISITED, Stage.APPROVED, Stage.PLANNED, Stage.BUILDING, Stage.OPERATING, Stage.AFTERCARE,
    Stage.CLOSED,
)  # fmt: skip


def way(application: Application) -> list[dict[str, Any]]:
    """Every stage from the draft to the end: done (when), now, ahead; an application that ended early stops where it ended."""
    events = StageEvent.objects.of(application.organisation).filter(application=application)
    reached = {event.stage: event for event in events.select_related("by").order_by("-pk")}
    over = application.stage in (Stage.REJECTED, Stage.WITHDRAWN, Stage.STOPPED)
    at = WAY.index(Stage(application.stage)) if application.stage in WAY else len(WAY)
    steps = []
    for place, stage in enumerate(WAY):
        event = reached.get(stage) if place <= at else None  # what was judged anew has its later steps ahead again
        known = (
            event is not None or stage == Stage.DRAFT or place < at < len(WAY)
        )  # what came from elsewhere has no events
        state = "now" if place == at else "done" if known else "ahead"
        if over and state == "ahead":
            break
        steps.append({"stage": stage, "words": stage_words(stage), "state": state, "at": event.at if event else None})
    if over:
        event = reached.get(application.stage)
        steps.append(
            {
                "stage": application.stage,
                "words": stage_words(application.stage),
                "state": "over",
                "at": event.at if event else None,
            }
        )
    return steps


def history(application: Application) -> list[StageEvent]:
    """Every word of it, newest first."""
    events = StageEvent.objects.of(application.organisation).filter(application=application)
    return list(events.select_related("by").order_by("-pk")[:100])


def next_words(application: Application) -> str:
    """What comes next and who does it."""
    return {
        Stage.DRAFT: _("Next: the owner fills in what is missing and submits."),
        Stage.APPLIED: _("Next: a mentor visits the factory and says whether it can be done."),
        Stage.VISITED: _("Next: five outside judges give points without knowing the name; then the operator decides."),
        Stage.APPROVED: _("Next: the operator and the factory agree on a plan with milestones."),
        Stage.PLANNED: _("Next: building begins."),
        Stage.BUILDING: _("Next: the factory reaches the milestones and claims their money; then operation begins."),
        Stage.OPERATING: _("Next: operation is watched; then after-care begins."),
        Stage.AFTERCARE: _("Next: after-care ends and the application is closed."),
        Stage.CLOSED: _("It is finished."),
        Stage.REJECTED: _("It was rejected. The reason is in the history."),
        Stage.WITHDRAWN: _("The owner withdrew it."),
        Stage.STOPPED: _("The operator ended it early. The reason is in the history."),
    }[Stage(application.stage)]


def milestones(application: Application) -> list[dict[str, Any]]:
    """Milestones with the newest claim and the payment of each."""
    rows = list(
        Milestone.objects.of(application.organisation).filter(application=application).select_related("reached_by")
    )
    claims: dict[int, Claim] = {}
    known = Claim.objects.of(application.organisation).filter(application=application)
    for claim in known.select_related("by", "answered_by").order_by("pk"):
        claims[claim.milestone_id] = claim
    papers: dict[int, list[Paper]] = {}
    for paper in Paper.objects.of(application.organisation).filter(application=application, claim__isnull=False):
        papers.setdefault(paper.claim_id, []).append(paper)
    payments = {
        one.milestone_id: one
        for one in Payment.objects.of(application.organisation).filter(application=application).select_related("by")
    }
    return [
        {
            "milestone": row,
            "claim": claims.get(row.pk),
            "papers": papers.get(claims[row.pk].pk, []) if row.pk in claims else [],
            "payment": payments.get(row.pk),
            "claimable": row.pk not in claims or claims[row.pk].state == ClaimState.REFUSED,
        }
        for row in rows
    ]


def money(application: Application, rows: list[dict[str, Any]]) -> dict[str, int]:
    """Cost, grant, own share, paid, own share shown. Won."""
    paid = sum(row["payment"].amount for row in rows if row["payment"] is not None)
    shown = sum(
        row["claim"].own_paid for row in rows if row["claim"] is not None and row["claim"].state != ClaimState.REFUSED
    )
    return {
        "cost": application.cost, "asked": application.asked, "granted": application.granted, "own": application.own_share,
        "paid": paid, "left": application.granted - paid, "shown": shown,
    }  # fmt: skip
