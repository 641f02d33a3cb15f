"""The ranking of a call: mean of the judges, ties told apart criterion by criterion, and the line where the money ends.

Pure: values in, values out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Side = Literal["above", "line", "below", "failed", "waiting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An application with the points that judges without conflict gave: one mapping criterion → points for each judge."""

    key: str
    asked: int  # won
    scores: tuple[Mapping[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """Its place. `rank` 1 is the best; equals share a rank and the next is left out (1, 2, 2, 4).

    `tie`: other applications have the same mean. `money`: won up to and with this rank. `side`: `above` the line, on the `line`
    (equals of whom the money serves only some), `below` it, `failed` the least points, or still `waiting` for judges.
    """

    key: str
    mean: float | None
    by_criterion: Mapping[str, float]
    judges: int
    rank: int | None
    tie: bool
    money: int | None
    side: Side


def rank_call(
    applications: Sequence[Judged],
    criteria: Sequence[tuple[str, int]],
    *,
    judges: int,
    least: float,
    budget: int | None = None,
) -> tuple[Ranked, ...]:
    """Rank the applications of a call, best first.

    `criteria`: id and most points. Equal means are told apart by the mean of the heaviest criterion, then of the next (equal
    weights in the order given); who is equal in all shares the rank. The money goes down the ranking until a rank no longer fits;
    all ranks after it are below the line, also cheaper ones, so that nobody is served before somebody better. `budget` nothing =
    no line.
    """
    order = [name for name, _ in sorted(criteria, key=lambda one: -one[1])]
    full = [one for one in applications if len(one.scores) >= judges]
    keyed = sorted(((_strength(one, order), one) for one in full), key=lambda pair: (_reverse(pair[0]), pair[1].key))
    means = [strength[0] for strength, _ in keyed]
    rows: list[Ranked] = []
    spent, closed, place = 0, False, 0
    while place < len(keyed):
        equals = [one for strength, one in keyed[place:] if strength == keyed[place][0]]
        mean = means[place]
        cost = sum(one.asked for one in equals)
        side: Side = "failed"
        if mean >= least:
            side, spent, closed = _side(equals, spent, closed, budget)
        money = spent if side == "above" else None if side == "failed" else spent + cost
        rows += [
            Ranked(
                key=one.key, mean=float(mean), by_criterion=_means(one, order), judges=len(one.scores), rank=place + 1,
                tie=means.count(mean) > 1, money=money, side=side,
            )
            for one in equals
        ]  # fmt: skip
        place += len(equals)
    waiting = [
        Ranked(
            key=one.key,
            mean=None,
            by_criterion={},
            judges=len(one.scores),
            rank=None,
            tie=False,
            money=None,
            side="waiting",
        )
        for one in applications
        if len(one.scores) < judges
    ]
    return (*rows, *waiting)


def _side(equals: Sequence[Judged], spent: int, closed: bool, budget: int | None) -> tuple[Side, int, bool]:
    cost = sum(one.asked for one in equals)
    if not closed and (budget is None or spent + cost <= budget):
        return "above", spent + cost, False
    some = not closed and len(equals) > 1 and budget is not None and spent + min(one.asked for one in equals) <= budget
    return ("line" if some else "below"), spent, True


def _strength(one: Judged, order: Sequence[str]) -> tuple[Fraction, ...]:
    # Exact fractions: means of the same points must be equal, whichever way they were added.
    count = len(one.scores)
    whole = Fraction(sum(sum(score.values()) for score in one.scores), count)
    return (whole, *(Fraction(sum(score.get(name, 0) for score in one.scores), count) for name in order))


def _reverse(strength: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
    return tuple(-part for part in strength)


def _means(one: Judged, order: Sequence[str]) -> dict[str, float]:
    return {name: sum(score.get(name, 0) for score in one.scores) / len(one.scores) for name in order}
