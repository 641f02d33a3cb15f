"""Plans made by hand's rules: operation after operation at its earliest possible place, the next one chosen by a priority rule.

Placing keeps calendars, set-ups, locks and shared resources exactly, so its plans are possible ones, and any plan can be pulled
to the left by placing its operations again in the order of their starts.
"""

import math
from bisect import bisect_left, insort
from collections.abc import Callable, Mapping, Sequence
from math import exp
from random import Random

from jasang.optimize.schedule.load_bound import load_bound
from jasang.optimize.schedule.numbered import Numbered

Placed = tuple[int, int]  # machine, start on the wall
_NEVER = 1 << 60


class Shop:
    """What is placed so far; answers where an operation would go."""

    def __init__(self, numbered: Numbered, *, durations: Sequence[float] | None = None) -> None:
        self._n = numbered
        # Per machine: (working start, working end, number) in order; what is locked lies there from the beginning.
        self.lines: list[list[tuple[int, int, int]]] = [[] for _ in numbered.clocks]
        self.versions = [0] * len(numbered.clocks)
        self.resource_versions = [0] * len(numbered.problem.resources)
        self._held: list[list[tuple[int, int, int]]] = [[] for _ in numbered.problem.resources]
        self._free = [
            clock.working(max(0, machine.free_from))
            for clock, machine in zip(numbered.clocks, numbered.problem.machines, strict=True)
        ]
        self._durations = durations
        self.placed: dict[int, Placed] = {}
        self.end: dict[int, int] = {}
        self.working_end: dict[int, int] = {}
        for number, step in enumerate(numbered.steps):
            if step.locked is not None:
                self.put(number, step.locked[0], numbered.clocks[step.locked[0]].working(step.locked[1]))

    def minutes(self, number: int, machine: int) -> int:
        """Minutes of the operation on that machine."""
        planned = next(time for able, time in self._n.steps[number].alternatives if able == machine)
        return planned if self._durations is None else max(1, round(planned * self._durations[number]))

    def earliest(self, number: int, machine: int, ready: int, *, after: int = 0) -> tuple[int, int, int] | None:
        """(working start, start, end) of the first place from `ready` on the wall and working time `after` on, or `None`."""
        n, step, clock = self._n, self._n.steps[number], self._n.clocks[machine]
        minutes = self.minutes(number, machine)
        least = max(clock.working(ready), after, self._free[machine])
        line = self.lines[machine]
        place = bisect_left(line, (least, 0, 0))
        place = max(0, place - 1)
        while True:
            before = line[place - 1] if place else None
            family = self._family_before(machine, place)
            at = max(least, (before[1] if before else self._free[machine]) + n.setup(machine, family, step.family))
            room = self._room(machine, place, step.family)
            found = self._within(number, machine, at, minutes, room)
            if found is not None:
                return found
            if place >= len(line):
                return None
            place += 1

    def _family_before(self, machine: int, place: int) -> str:
        if not place:
            return self._n.problem.machines[machine].family
        return self._n.steps[self.lines[machine][place - 1][2]].family

    def _room(self, machine: int, place: int, family: str) -> int:
        """The working time by which an operation of that family at this place must have ended."""
        line = self.lines[machine]
        if place >= len(line):
            return _NEVER
        return line[place][0] - self._n.setup(machine, family, self._n.steps[line[place][2]].family)

    def setup_before(self, number: int, machine: int, working: int) -> int:
        """Minutes of set-up of an operation that would start at that working time."""
        place = bisect_left(self.lines[machine], (working, 0, 0))
        return self._n.setup(machine, self._family_before(machine, place), self._n.steps[number].family)

    def _within(self, number: int, machine: int, at: int, minutes: int, room: int) -> tuple[int, int, int] | None:
        n, step, clock = self._n, self._n.steps[number], self._n.clocks[machine]
        while at + minutes <= room:
            if not step.interruptible:
                fitting = clock.fits(at, minutes)
                if fitting != at:
                    at = fitting
                    continue
            start, end = clock.start(at), clock.end(at + minutes)
            if end > n.problem.horizon:
                return None
            later = self._blocked_until(step.needs, machine, start, end)
            if later is None:
                return at, start, end
            at = max(at + 1, clock.working(later))
        return None

    def _blocked_until(self, needs: Sequence[tuple[int, int]], machine: int, start: int, end: int) -> int | None:
        """A moment before which the resources are not there for start to end; `None` when they are."""
        for resource, amount in needs:
            for away, back in self._n.forbidden(machine, resource):
                if away < end and back > start:
                    return back
            held = self._held[resource]
            capacity = self._n.problem.resources[resource].capacity
            over = [one for one in held if one[0] < end and one[1] > start]
            if not over:
                continue
            for moment in [start, *(one[0] for one in over if one[0] > start)]:
                now = [one for one in over if one[0] <= moment < one[1]]
                if amount + sum(one[2] for one in now) > capacity:
                    return min(one[1] for one in now)
        return None

    def put(self, number: int, machine: int, working: int) -> None:
        """Place the operation."""
        step, clock = self._n.steps[number], self._n.clocks[machine]
        minutes = self.minutes(number, machine)
        start, end = clock.start(working), clock.end(working + minutes)
        insort(self.lines[machine], (working, working + minutes, number))
        self.versions[machine] += 1
        for resource, amount in step.needs:
            insort(self._held[resource], (start, end, amount))
            self.resource_versions[resource] += 1
        self.placed[number], self.end[number], self.working_end[number] = (machine, start), end, working + minutes

    def ready(self, number: int) -> int:
        """From when on the wall the operation may start, given the steps before it."""
        step = self._n.steps[number]
        if not step.step:
            return step.earliest
        return max(step.earliest, self.end[number - 1] + step.lag)


def simple_bound(numbered: Numbered) -> int:
    """A cost no plan goes below, in whole units: every order alone, and groups of machines with what only they can do."""
    steps, horizon = numbered.steps, numbered.problem.horizon
    head, end, longest, alone = [0] * len(steps), 0, 0, [0] * len(numbered.problem.orders)
    for number, step in enumerate(steps):
        ready = max(step.earliest, end + step.lag) if step.step else step.earliest
        if step.locked is not None:
            ready = step.locked[1]
        ends = []
        for machine, minutes in step.alternatives:
            clock = numbered.clocks[machine]
            at = clock.working(ready)
            at = at if step.interruptible else clock.fits(at, minutes)
            ends.append(clock.end(at + minutes))
        head[number], end = ready, min(ends, default=horizon)
        longest = max(longest, end)
        alone[step.order] = end
    bound = load_bound(numbered, head, alone)
    return math.floor(bound.lateness) + numbered.makespan_cost * max(longest, bound.makespan)


# Where an operation would go now: start, end, minutes of set-up. A rule gives a number from it and the operation, smallest first.
View = tuple[int, int, int]
Rule = Callable[[int, View], float]


def rules(numbered: Numbered) -> dict[str, Rule]:
    """The priority rules by name (Pinedo 2016, chapter 14)."""
    problem = numbered.problem
    least = [min(time for _, time in step.alternatives) for step in numbered.steps]
    left = [0] * len(least)
    for number in range(len(least) - 1, -1, -1):
        left[number] = least[number] + (0 if numbered.steps[number].last else left[number + 1])
    far = problem.horizon
    due = [far if order.due is None else order.due for order in problem.orders]
    weight = [1e3 if order.hard else max(order.weight, 1e-3) for order in problem.orders]
    mean = max(1.0, sum(least) / max(1, len(least)))

    def of(number: int) -> int:
        return numbered.steps[number].order

    def cost_of_delay(number: int, view: View) -> float:
        start, _, setup = view
        slack = max(0.0, due[of(number)] - left[number] - start)
        urgency = exp(-min(50.0, slack / (8 * mean)))
        return -(weight[of(number)] * (urgency + 1e-9) / left[number] * exp(-min(50.0, setup / mean)))

    return {
        "due date": lambda number, _: due[of(number)],
        "slack": lambda number, view: (due[of(number)] - left[number] - view[0]) / weight[of(number)],
        "cost of delay with set-ups": cost_of_delay,
        "most work left": lambda number, _: -left[number],
        "shortest": lambda _, view: view[1] - view[0],
        "least set-up": lambda number, view: view[2] * 1e6 + due[of(number)] - left[number],
        "first come": lambda _, view: view[0],
        "weighted due date": lambda number, view: (due[of(number)] - view[0]) / weight[of(number)],
    }


def dispatched(numbered: Numbered, rule: Rule, *, random: Random | None = None) -> list[Placed] | None:
    """A plan by the rule: among what could start before the earliest possible end, the first by the rule goes next.

    With `random` the rule is blurred. `None` where some operation finds no place (before the horizon, with its resources).
    """
    shop = Shop(numbered)
    following = {order: numbered.first[order] for order in range(len(numbered.first))}
    for order in list(following):
        _past_locked(numbered, shop, following, order)
    known: dict[int, tuple[tuple[int, ...], int, int, int, int, int]] = {}
    while following:
        best_end, where = _NEVER, -1
        for number in following.values():
            found = _cheapest(numbered, shop, number, known)
            if found is None:
                return None
            if found[4] < best_end:
                best_end, where = found[4], found[1]
        rivals = [n for n in following.values() if known[n][1] == where and known[n][3] < best_end]

        def value(number: int) -> tuple[float, int]:
            _, _, _, start, end, setup = known[number]
            plain = rule(number, (start, end, setup))
            return (plain * (1 + 0.3 * (random.random() - 0.5)) if random else plain, number)

        number = min(rivals, key=value)
        shop.put(number, where, known[number][2])
        order = numbered.steps[number].order
        following[order] = number + 1
        if numbered.steps[number].last:
            del following[order]
        else:
            _past_locked(numbered, shop, following, order)
    return _possible(numbered, shop)


def _past_locked(numbered: Numbered, shop: Shop, following: dict[int, int], order: int) -> None:
    while following[order] in shop.placed:
        if numbered.steps[following[order]].last:
            del following[order]
            return
        following[order] += 1


def _cheapest(
    numbered: Numbered, shop: Shop, number: int, known: dict[int, tuple[tuple[int, ...], int, int, int, int, int]]
) -> tuple[tuple[int, ...], int, int, int, int, int] | None:
    """(state, machine, working start, start, end, set-up) where it ends first; kept until one of its machines changes."""
    step = numbered.steps[number]
    state = (
        *(shop.versions[machine] for machine, _ in step.alternatives),
        *(shop.resource_versions[resource] for resource, _ in step.needs),
    )
    if number in known and known[number][0] == state:
        return known[number]
    ready, best = shop.ready(number), None
    for machine, _ in step.alternatives:
        found = shop.earliest(number, machine, ready)
        if found is not None and (best is None or found[2] < best[4]):
            best = (state, machine, *found, shop.setup_before(number, machine, found[0]))
    if best is None:
        return None
    known[number] = best
    return best


def pulled_left(
    numbered: Numbered,
    placed: Sequence[Placed],
    *,
    not_before: Mapping[int, int] | None = None,
    durations: Sequence[float] | None = None,
) -> list[Placed] | None:
    """The same machines and orders with every operation as early as it can be; never later than in a possible plan.

    `not_before` are moments that some operations may not start before; `durations` multiply every operation's minutes.
    """
    shop = Shop(numbered, durations=durations)
    last = [0] * len(numbered.clocks)
    for number in sorted(range(len(placed)), key=lambda one: (placed[one][1], numbered.steps[one].step)):
        machine = placed[number][0]
        if number not in shop.placed:
            ready = max(shop.ready(number), (not_before or {}).get(number, 0))
            found = shop.earliest(number, machine, ready, after=last[machine])
            if found is None:
                return None
            shop.put(number, machine, found[0])
        last[machine] = max(last[machine], shop.working_end[number])
    return _possible(numbered, shop)


def _possible(numbered: Numbered, shop: Shop) -> list[Placed] | None:
    """The plan, unless something locked would start before what it waits for has ended."""
    for number, step in enumerate(numbered.steps):
        if step.locked is not None and step.step and shop.ready(number) > step.locked[1]:
            return None
    return [shop.placed[number] for number in range(len(numbered.steps))]
