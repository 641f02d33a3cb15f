"""A residency in words: its weeks, its state, its changes with what is verified of them."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from jasang.web.jobs.announcing import Effect
from jasang.web.programme.impact import Impact
from jasang.web.programme.models import Change, Proof, Residency, ResidencyWeek
from jasang.web.programme.residencies import look_back_day
from jasang.web.programme.words import amount
from jasang.web.ui.language import current

PARTS = ("plan", "walk", "changes", "diary", "handover")


def part_words() -> list[tuple[str, str]]:
    """The parts of the workbench with their names."""
    return [
        ("plan", _("Plan and tasks")),
        ("walk", _("Floor walk")),
        ("changes", _("Before and after")),
        ("diary", _("Diary")),
        ("handover", _("Hand-over")),
    ]


def usual_aims() -> list[str]:
    """What the weeks are usually for: shown where the mentor wrote nothing yet."""
    return [
        _("Walk the floor, check the data"),
        _("Choose the largest losses"),
        _("Find the causes"),
        _("First change"),
        _("Check the effect, second change"),
        _("Write the standard"),
        _("Train who keeps it"),
        _("Hand over"),
    ]


def weeks(residency: Residency, kept: Sequence[ResidencyWeek], today: date) -> list[dict[str, Any]]:
    """Each week with its days, its aim and whether it is now."""
    by_number = {one.number: one for one in kept}
    usual = usual_aims()
    shown = []
    for number in range(1, residency.weeks + 1):
        first = residency.starts_on + timedelta(weeks=number - 1)
        last = min(first + timedelta(days=6), residency.ends_on)
        week = by_number.get(number)
        shown.append(
            {
                "number": number, "first": first, "last": last, "now": first <= today <= last,
                "aim": week.aim if week is not None else "", "done": week is not None and week.done,
                "usual": usual[number - 1] if number <= len(usual) else "",
            }
        )  # fmt: skip
    return shown


def state_words(residency: Residency, today: date) -> tuple[str, str]:
    """Where it stands: a word for its colour, and words."""
    if residency.looked_back_at is not None:
        return "done", _("looked back")
    if today < residency.starts_on:
        return "ahead", _("begins %(day)s") % {"day": residency.starts_on}
    if residency.ended_at is None and today <= residency.ends_on:
        week = (today - residency.starts_on).days // 7 + 1
        return "live", _("week %(week)s of %(weeks)s") % {"week": week, "weeks": residency.weeks}
    if today >= look_back_day(residency):
        return "late", _("look back is due")
    return "watch", _("over; look back on %(day)s") % {"day": look_back_day(residency)}


def impact_words(found: Impact) -> dict[str, Any]:
    """Won a year with its interval, whole and per week of a mentor."""
    return {
        "effects": found.effects,
        "weeks": found.weeks,
        "won": amount(found.won),
        "interval": _interval(found.low, found.high) if found.effects else "",
        "a_week": amount(found.a_week) if found.a_week is not None else "",
        "week_interval": _interval(found.low_a_week, found.high_a_week) if found.effects and found.weeks else "",
    }


def _interval(low: float | None, high: float | None) -> str:
    return _("%(low)s to %(high)s") % {"low": amount(low), "high": amount(high)}


def change_rows(changes: Sequence[Change], proofs: Sequence[Proof], found: dict[str, Effect]) -> list[dict[str, Any]]:
    """Each change with its photos of both sides and what is verified of it."""
    return [
        {
            "change": one,
            "about": about_words(one.about),
            "before": [proof for proof in proofs if proof.change_id == one.pk and proof.side == "before"],
            "after": [proof for proof in proofs if proof.change_id == one.pk and proof.side == "after"],
            "effect": effect_words(found.get(one.lasting)) if one.lasting else None,
        }
        for one in changes
    ]


def about_words(about: dict[str, Any]) -> dict[str, str] | None:
    """The finding something is about: its sentence and its address."""
    if not about:
        return None
    return {"title": about.get(current(), ""), "url": about.get("url", "")}


def effect_words(effect: Effect | None) -> dict[str, Any]:
    """What is verified: held or not, in won, in the words of the check."""
    if effect is None or effect.done_on is None:
        return {"state": "watch", "words": _("The action is not marked as done yet."), "told": "", "won": ""}
    told = effect.told.in_language(current()) if effect.told is not None else ""
    if effect.holds:
        won = f"{amount(effect.won)} ({_interval(effect.low, effect.high)})" if effect.won else ""
        return {"state": "live", "words": _("Verified and holds"), "told": told, "won": won}
    if effect.confirmed_at is not None:
        return {"state": "late", "words": _("Was verified, but no longer holds"), "told": told, "won": ""}
    return {"state": "watch", "words": _("Not verified yet"), "told": told, "won": ""}
