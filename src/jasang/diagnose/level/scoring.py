"""The score of a factory, its level, and three things between it and the next one.

Points = 1000 · Σ weight · step · freshness / Σ weight · 5. A level holds where its points and those of its gates (least steps of
some items), and of every level below, are reached. Freshness is 1 while the answer is fresh, falls evenly to 0 over the same time
again, and so the level falls when data stops.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from jasang.diagnose.level.evidence import Answer, LiveFacts, live_answers
from jasang.diagnose.level.rubric import MOST_STEPS, Item, Rubric, Step
from jasang.plant.text import Text

_MOST_POINTS = 1000.0
_THINGS = 3
_SLACK = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemScore:
    """How an item stands today: the answer that counts (nothing = not answered), what is left of its step, its points."""

    item: Item
    answer: Answer | None
    step: float  # 0 to 5 after ageing
    age_days: int | None
    points: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NextThing:
    """One thing to do: an item from its step to a higher one, the points it brings, cost (won, low and high), worth (won a year).

    `gate`: the next level cannot be had without it. `worth` is nothing where no open finding says what it is worth.
    """

    item: Item
    from_step: float
    to_step: int
    points: float
    cost: tuple[float, float]
    worth: float | None
    gate: bool
    renew: bool  # the evidence is old: show it again, nothing new to build
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """The answer. `number` counts as `reading` does; `of_five` always 0 to 5; `next_number` is nothing at the top.

    `points_missing` and `gates_missing`: what is between the factory and the next level.
    """

    number: int
    of_five: int
    name: Text
    reading: str
    rubric: str
    points: float
    items: tuple[ItemScore, ...]
    modules: dict[str, float]  # share of each module's points, 0 to 1
    next_number: int | None
    points_missing: float
    gates_missing: tuple[str, ...]
    things: tuple[NextThing, ...]
    live_share: float  # of the points, those that live data prove
    today: date


def score(
    rubric: Rubric,
    answers: Iterable[Answer],
    today: date,
    *,
    facts: LiveFacts | None = None,
    reading: str = "five",
) -> Level:
    """The level on that day. `facts` adds live answers and the worth of the next things; for an item that live data answer,
    what a mentor says does not count. Answers of the future, and to items the rubric does not have, do not count."""
    chosen = rubric.reading(reading)
    given = [*answers, *(live_answers(rubric, facts) if facts is not None else ())]
    whole = sum(item.weight for item in rubric.items)
    items = tuple(_item_score(rubric, item, given, today, whole) for item in rubric.items)
    points = sum(one.points for one in items)
    steps = {one.item.id: one.step for one in items}
    of_five = _reached(rubric, points, steps)
    number = sum(level <= of_five for level in chosen.steps)
    target = rubric.levels[chosen.steps[number] - 1] if number < len(chosen.steps) else None
    gates = () if target is None else _open_gates(rubric, target, steps)
    missing = 0.0 if target is None else max(0.0, target.points - points)
    proven = sum(one.points for one in items if one.answer is not None and one.answer.source == "live")
    return Level(
        number=number,
        of_five=of_five,
        name=rubric.levels[of_five - 1].name if of_five else Text(ko="아직 단계 전", en="Before the first level"),
        reading=reading,
        rubric=rubric.version,
        points=points,
        items=items,
        modules=_modules(rubric, items),
        next_number=None if target is None else number + 1,
        points_missing=missing,
        gates_missing=tuple(gates),
        things=() if target is None else _things(rubric, items, target, missing, facts or LiveFacts()),
        live_share=proven / points if points else 0.0,
        today=today,
    )


def goal_number(level: Level, rubric: Rubric) -> int:
    """A goal a factory can reach in a year: one step up, at the top the same."""
    return min(level.number + 1, len(rubric.reading(level.reading).steps))


def freshness(rubric: Rubric, answer: Answer, today: date) -> float:
    """1 while fresh, then evenly down to 0 at twice the time."""
    fresh = rubric.fresh_days[answer.source]
    return min(1.0, max(0.0, 2.0 - (today - answer.at).days / fresh))


def _item_score(rubric: Rubric, item: Item, answers: list[Answer], today: date, whole: float) -> ItemScore:
    mine = [one for one in answers if one.item == item.id and one.at <= today]
    # What the machines say outweighs what is said about them.
    latest = max(mine, key=lambda one: (one.source == "live", one.at), default=None)
    if latest is None:
        return ItemScore(item=item, answer=None, step=0.0, age_days=None, points=0.0)
    step = latest.step * freshness(rubric, latest, today)
    points = _MOST_POINTS * item.weight * step / (MOST_STEPS * whole)
    return ItemScore(item=item, answer=latest, step=step, age_days=(today - latest.at).days, points=points)


def _reached(rubric: Rubric, points: float, steps: dict[str, float]) -> int:
    reached = 0
    for level in rubric.levels:
        if points < level.points - _SLACK or any(steps[gate] < least - _SLACK for gate, least in level.gates.items()):
            break
        reached = level.number
    return reached


def _gates(rubric: Rubric, target: Step) -> dict[str, int]:
    """The gates of the target and of all levels below it."""
    least: dict[str, int] = {}
    for level in rubric.levels[: target.number]:
        for gate, step in level.gates.items():
            least[gate] = max(step, least.get(gate, 0))
    return least


def _open_gates(rubric: Rubric, target: Step, steps: dict[str, float]) -> list[str]:
    return [gate for gate, least in _gates(rubric, target).items() if steps[gate] < least - _SLACK]


def _modules(rubric: Rubric, items: tuple[ItemScore, ...]) -> dict[str, float]:
    shares = {}
    for module in rubric.modules:
        mine = [one for one in items if one.item.module == module]
        weight = sum(one.item.weight for one in mine)
        shares[module] = sum(one.item.weight * one.step for one in mine) / (MOST_STEPS * weight) if weight else 0.0
    return shares


def _things(
    rubric: Rubric, items: tuple[ItemScore, ...], target: Step, missing: float, facts: LiveFacts
) -> tuple[NextThing, ...]:
    """Open gates first (nothing replaces them), then what brings the missing points for the least money."""
    whole = sum(item.weight for item in rubric.items)
    least = _gates(rubric, target)
    gates, others = [], []
    for one in items:
        asked = least.get(one.item.id, 0)
        if one.step < asked - _SLACK:
            gates.append(_thing(one, asked, whole, facts, gate=True))
        elif one.step < MOST_STEPS - _SLACK:
            # As many steps as the missing points need, never fewer than one.
            a_step = _MOST_POINTS * one.item.weight / (MOST_STEPS * whole)
            needed = one.step + max(_SLACK, min(missing / a_step, 2.0))
            others.append(_thing(one, min(MOST_STEPS, max(int(one.step) + 1, round(needed))), whole, facts, gate=False))
    gates.sort(key=lambda thing: (-thing.points, thing.item.id))
    others.sort(key=lambda thing: (-thing.points / (1.0 + sum(thing.cost) / 2 / 1e6), thing.item.id))
    return tuple((gates + others)[:_THINGS])


def _thing(one: ItemScore, to_step: int, whole: float, facts: LiveFacts, *, gate: bool) -> NextThing:
    said = one.answer.step if one.answer is not None else 0
    renew = said >= to_step
    up = 0 if renew else to_step - said
    low, high = one.item.cost
    worths = [facts.open_worth[rule] for rule in one.item.rules if rule in facts.open_worth]
    text = (
        Text(
            ko=f"자료가 오래되었습니다. 다시 보여 주세요: {one.item.text.ko}",
            en=f"The evidence is old, show it again: {one.item.text.en}",
        )
        if renew
        else Text(
            ko=f"{one.item.text.ko} (5점 가운데 {to_step}점까지)", en=f"{one.item.text.en} (up to {to_step} of 5)"
        )
    )
    return NextThing(
        item=one.item,
        from_step=one.step,
        to_step=to_step,
        points=_MOST_POINTS * one.item.weight * (to_step - one.step) / (MOST_STEPS * whole),
        cost=(low * up, high * up),
        worth=sum(worths) if worths else None,
        gate=gate,
        renew=renew,
        text=text,
    )
