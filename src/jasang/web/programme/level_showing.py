"""A level in words: the step of every item with its proof and its age, the next things, the course so far."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jasang.diagnose.chart import Chart, Line, Mark
from jasang.diagnose.level import Item, ItemScore, Level, Rubric, rubric
from jasang.errors import Language
from jasang.mentor.findings_json import chart_json
from jasang.plant.text import Text
from jasang.web.programme.models import LevelMark, Proof
from jasang.web.programme.words import amount
from jasang.web.ui.durations import length_words


def level_words(
    level: Level, language: Language, *, proofs: dict[str, list[Proof]] | None = None, links: bool = True
) -> dict[str, Any]:
    """The parts of a level in the page's language. `links`: may the reader open the pages of the factory? `proofs` by item."""
    chosen = rubric(level.rubric)
    return {
        "name": level.name.in_language(language),
        "points": round(level.points),
        "live": round(100 * level.live_share),
        "missing": round(level.points_missing),
        "rubric": level.rubric,
        "reading": chosen.reading(level.reading).name.in_language(language),
        "readings": [(one.id, one.name.in_language(language), one.id == level.reading) for one in chosen.readings],
        "things": [
            {
                "text": thing.text.in_language(language),
                "points": round(thing.points),
                "cost": f"{amount(thing.cost[0])} – {amount(thing.cost[1])}",
                "worth": amount(thing.worth) if thing.worth is not None else None,
                "gate": thing.gate,
                "renew": thing.renew,
            }
            for thing in level.things
        ],
        "modules": [
            {
                "name": name.in_language(language),
                "share": round(100 * level.modules[module]),
                "rows": [_item(one, language, proofs or {}, links) for one in level.items if one.item.module == module],
            }
            for module, name in chosen.modules.items()
        ],
    }


def _item(one: ItemScore, language: Language, proofs: dict[str, list[Proof]], links: bool) -> dict[str, Any]:
    answer = one.answer
    live = answer is not None and answer.source == "live"
    address = answer.evidence if answer is not None and answer.evidence.startswith("/f/") else ""
    return {
        "id": one.item.id,
        "text": one.item.text.in_language(language),
        "step": round(one.step, 1),
        "said": answer.step if answer is not None else None,
        "measured": one.item.live is not None,
        "source": "" if answer is None else _("live data") if live else _("mentor"),
        "by": answer.by if answer is not None and not live else "",
        "value": value_words(one.item, answer.value) if answer is not None and answer.value is not None else "",
        "url": address if links else "",
        "evidence": "" if answer is None or address else answer.evidence,
        "proofs": proofs.get(one.item.id, []) if answer is not None and not live else [],
        "at": answer.at if answer is not None else None,
        "age": age_words(one.age_days) if one.age_days is not None else "",
        "old": answer is not None and one.step < answer.step,
    }


def value_words(item: Item, value: float) -> str:
    """A measured value with its unit."""
    unit = item.live.unit if item.live is not None else ""
    if unit == "share":
        return f"{100 * value:.1f} %"
    if unit == "seconds":
        return length_words(value)
    if unit == "hours":
        return length_words(3600 * value)
    return f"{value:.0f}"


def age_words(days: int) -> str:
    """How old an answer is."""
    if days == 0:
        return _("today")
    return ngettext("%(n)d day ago", "%(n)d days ago", days) % {"n": days}


def steps_of(item: Item, language: Language) -> list[tuple[int, str]]:
    """The steps 0 to 5 to choose from."""
    words = (
        _("0: not at all"), _("1: begun"), _("2: in part, now and then"), _("3: mostly, as a rule"), _("4: everywhere"),
        _("5: everywhere, and made better by itself"),
    )  # fmt: skip
    return list(enumerate(words))


def course(marks: Sequence[LevelMark], chosen: Rubric) -> tuple[str, dict[str, Any]] | None:
    """The chart of the points so far with the levels' limits; nothing below two days."""
    if len(marks) < 2:
        return None
    ordered = sorted(marks, key=lambda one: one.day)
    highest = max(one.points for one in ordered)
    limits = [step for step in chosen.levels if step.points <= highest + 200]
    chart = Chart(
        title=Text(ko="점수가 어떻게 바뀌었나?", en="How did the points change?"),
        x_kind="time",
        x=tuple(f"{one.day:%Y-%m-%d}T00:00:00+00:00" for one in ordered),
        lines=(Line(name=Text(ko="점수", en="points"), y=tuple(round(one.points, 1) for one in ordered), look="step"),),
        marks=tuple(
            Mark(name=Text(ko=f"{step.number}단계", en=f"level {step.number}"), axis="y", at=step.points, look="limit")
            for step in limits
        ),
    )
    return "level-course", chart_json(chart)


def sketch(marks: Iterable[LevelMark]) -> dict[str, Any] | None:
    """The same as lines of a small drawing for paper: points of 0 to 1,000 over the days, and the days at both ends."""
    ordered = sorted(marks, key=lambda one: one.day)
    if len(ordered) < 2:
        return None
    first, span = ordered[0].day, max(1, (ordered[-1].day - ordered[0].day).days)
    spots = [f"{600 * (one.day - first).days / span:.1f},{120 - 120 * one.points / 1000:.1f}" for one in ordered]
    return {"line": " ".join(spots), "first": first, "last": ordered[-1].day}


def proofs_by_item(proofs: Iterable[Proof]) -> dict[str, list[Proof]]:
    """What shows the answer to each item, of the answer that counts (the newest)."""
    newest: dict[str, Any] = {}
    rows = list(proofs)
    for one in rows:
        newest[one.answer.item] = max(newest.get(one.answer.item, one.answer.at), one.answer.at)
    found: dict[str, list[Proof]] = {}
    for one in rows:
        if one.answer.at == newest[one.answer.item]:
            found.setdefault(one.answer.item, []).append(one)
    return found
