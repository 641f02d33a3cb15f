"""Which operations a round of the search sets free: a stretch of time, a few machines, late orders and their rivals."""

from collections.abc import Sequence
from random import Random

from jasang.optimize.schedule.constraint_model import Neighbourhood
from jasang.optimize.schedule.numbered import Numbered

Placed = tuple[int, int]
_SLACK = 24 * 60
_FEWEST, _MOST = 5, 160


class Neighbourhoods:
    """Picks neighbourhoods; they grow while they are solved to the end, and shrink where they are not."""

    def __init__(self, numbered: Numbered, seed: int) -> None:
        self._n, self._random = numbered, Random(seed)
        self._size = 10.0
        self._slack = _SLACK if any(clock.marks for clock in numbered.clocks) else numbered.problem.horizon
        self._free = [number for number, step in enumerate(numbered.steps) if step.locked is None]

    def learn(self, solved: bool) -> None:
        """Whether the last neighbourhood was solved to the end."""
        self._size = min(_MOST, self._size * 1.12) if solved else max(_FEWEST, self._size * 0.85)

    def pick(self, placed: Sequence[Placed], *, late_first: bool = False) -> Neighbourhood:
        """The next neighbourhood of this plan; of its late orders where `late_first`."""
        size = min(len(self._free), round(self._size))
        kinds = (self._in_time, self._in_time, self._machines, self._late, self._orders)
        kind = self._late if late_first else self._random.choice(kinds)
        chosen = set(kind(placed, size)) if self._free else set()
        first = min((placed[number][1] for number in chosen), default=0)
        return Neighbourhood(placed=placed, free=chosen, slack=self._slack, still_before=first)

    def _in_time(self, placed: Sequence[Placed], size: int) -> list[int]:
        row = sorted(self._free, key=lambda number: placed[number][1])
        at = self._random.randrange(max(1, len(row) - size + 1))
        return row[at : at + size]

    def _machines(self, placed: Sequence[Placed], size: int) -> list[int]:
        there = sorted({placed[number][0] for number in self._free})
        some = self._random.sample(there, min(len(there), self._random.randint(1, 3)))
        row = sorted(
            (number for number in self._free if placed[number][0] in some), key=lambda number: placed[number][1]
        )
        at = self._random.randrange(max(1, len(row) - size + 1))
        return row[at : at + size]

    def _late(self, placed: Sequence[Placed], size: int) -> list[int]:
        """An order that is late, or else any, and what lies before it on its machines."""
        n = self._n
        lasts = [number for number, step in enumerate(n.steps) if step.last]
        overdue = []
        for number in lasts:
            due = n.problem.orders[n.steps[number].order].due
            if due is not None and placed[number][1] > due - max(time for _, time in n.steps[number].alternatives):
                overdue.append(n.steps[number].order)
        order = self._random.choice(overdue or [step.order for step in n.steps])
        mine = [number for number in self._free if n.steps[number].order == order]
        able = {machine for number in mine for machine, _ in n.steps[number].alternatives}
        end = max((placed[number][1] for number in mine), default=0)
        rivals = [
            number
            for number in self._free
            if placed[number][0] in able and placed[number][1] <= end and number not in mine
        ]
        rivals.sort(key=lambda number: -placed[number][1])
        near = rivals[: 2 * size]
        self._random.shuffle(near)
        return [*mine, *near[: max(0, size - len(mine))]]

    def _orders(self, _: Sequence[Placed], size: int) -> list[int]:
        """Whole orders, chosen at random."""
        numbers = list(range(len(self._n.problem.orders)))
        self._random.shuffle(numbers)
        chosen: list[int] = []
        for order in numbers:
            mine = [number for number in self._free if self._n.steps[number].order == order]
            if chosen and len(chosen) + len(mine) > size:
                break
            chosen += mine
        return chosen
