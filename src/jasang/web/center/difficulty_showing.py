"""Difficulties in words and small drawings."""

from typing import Any

from django.utils.translation import gettext as _

from jasang.diagnose.catalog import RULES
from jasang.mentor import shapes
from jasang.web.center.models import Case, Difficulty, DifficultyEvent, DifficultyState, Sighting
from jasang.web.center.sightings import english, shown_word
from jasang.web.ui.language import current

WIDE, HIGH = 160, 44


def state_words(state: str) -> str:
    """Where a difficulty stands."""
    return {
        DifficultyState.OPEN: _("open"),
        DifficultyState.IN_WORK: _("the centre works on it"),
        DifficultyState.ANSWERED: _("answered"),
        DifficultyState.CLOSED: _("closed"),
    }[DifficultyState(state)]


def row(one: Difficulty) -> dict[str, Any]:
    """A difficulty in a list or at the head of its page: told to everybody who has it."""
    ko = current() == "ko"
    # Verbs (막히다, 나오다) join texts, but tell nobody anything.
    words = [shown_word(word) if ko else english(word) for word in one.words if not word.endswith("다")]
    titles = {rule.name: rule.title for rule in RULES}
    return {
        "it": one,
        "title": one.title_ko if ko else one.title_en or one.title_ko,
        "answer": one.answer_ko if ko else one.answer_en or one.answer_ko,
        "state_words": state_words(one.state),
        "words": list(dict.fromkeys(words))[:8],
        "rule": titles[one.rule].in_language(current()) if one.rule in titles else one.rule,
        "machine": machine_words(one.context),
        "shape": line(bytes(one.shape)) if one.shape else "",
        "others": max(0, one.factories - 1),
    }


def difficulty_of(case: Case) -> dict[str, Any] | None:
    """The shared difficulty that a case belongs to."""
    found = Difficulty.objects.of(case.centre).filter(
        pk__in=Sighting.objects.of_every_factory().filter(case=case).values("difficulty")
    )
    one = found.first()
    return None if one is None else row(one)


def machine_words(kind: str) -> str:
    """The kind of machine it is about."""
    return {
        "injection moulding": _("injection moulding"), "press": _("press"), "die casting": _("die casting"),
        "cutting": _("cutting"), "heat treatment": _("heat treatment"), "plating": _("plating"), "welding": _("welding"),
        "extrusion": _("extrusion"), "assembly": _("assembly"),
    }.get(kind, kind)  # fmt: skip


def happened(event: DifficultyEvent) -> str:
    """What happened to a difficulty, for the centre."""
    data = event.data
    return {
        "found": _("found in %(n)s factories") % {"n": data.get("number")},
        "joined": _("%(n)s more joined") % {"n": data.get("number")},
        "state": state_words(data.get("state", "open")),
        "answer": _("wrote the answer"),
        "title": _("changed the title"),
        "split": _("made it by hand, split from another one"),
        "merged": _("merged it into another one"),
        "moved": _("put %(n)s in or out by hand") % {"n": data.get("number")},
    }.get(event.kind, event.kind)


def line(kept: bytes) -> str:
    """A kept profile as the points of an SVG line of WIDE × HIGH."""
    values = shapes.unpacked(kept)[0]
    step = WIDE / (len(values) - 1)
    places = (HIGH / 2 - max(-2.6, min(2.6, float(value))) * (HIGH / 2 - 2) / 2.6 for value in values)
    return " ".join(f"{at * step:.1f},{place:.1f}" for at, place in enumerate(places))
