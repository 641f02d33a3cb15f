"""What no plan goes below for want of machine time: makespan and weighted lateness of what one group of machines must do.

The orders finish their work on the group one after the other; the k-th to finish does so no sooner than the group needs for the k
smallest loads. Which order takes which place at the least lateness is an assignment problem, whose cost no plan goes below (the
relaxation of Eastman, Even & Isaacs, Management Science 11, 1964, for several machines, with heads, tails and due dates).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from jasang.optimize.schedule.numbered import Numbered

_MOST_ORDERS = 700  # of one group: the assignment problem is of their square
_MOST_GROUPS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBound:
    """Lateness, in whole units of cost, and the makespan, in minutes, that no plan goes below."""

    lateness: float
    makespan: int


def load_bound(numbered: Numbered, head: Sequence[int], alone: Sequence[int]) -> LoadBound:
    """The best bound over groups of machines.

    `head`: when each operation can begin at the earliest, by number; `alone`: the end of each order with the shop to itself.
    """
    best, longest = 0.0, 0
    for group in _groups(numbered):
        one = _of_group(numbered, group, head, alone)
        best, longest = max(best, one.lateness), max(longest, one.makespan)
    return LoadBound(lateness=best, makespan=longest)


def _groups(numbered: Numbered) -> list[frozenset[int]]:
    """Sets of machines that some operation can choose from, those with the most work each first, and all machines."""
    work: dict[frozenset[int], int] = {}
    for step in numbered.steps:
        able = frozenset(machine for machine, _ in step.alternatives)
        work[able] = work.get(able, 0) + min(minutes for _, minutes in step.alternatives)
    chosen = sorted(work, key=lambda one: -work[one] / len(one))[:_MOST_GROUPS]
    everything = frozenset(range(len(numbered.clocks)))
    return [*chosen, *([everything] if everything not in chosen else [])]


def _of_group(numbered: Numbered, group: frozenset[int], head: Sequence[int], alone: Sequence[int]) -> LoadBound:
    orders = numbered.problem.orders
    load, tail = np.zeros(len(orders)), np.zeros(len(orders))
    first, locked = numbered.problem.horizon, False
    for number in range(len(numbered.steps)):
        step = numbered.steps[number]
        least = min(minutes for _, minutes in step.alternatives)
        tail[step.order] += least + (step.lag if step.step else 0)
        if group.issuperset(machine for machine, _ in step.alternatives):
            load[step.order] += least
            tail[step.order] = 0.0  # what comes after the last of its operations here
            first, locked = min(first, head[number]), locked or step.locked is not None
    here = np.flatnonzero(load > 0)
    if not here.size:
        return LoadBound(lateness=0.0, makespan=0)
    # What is locked may lie before a machine is free for anything else.
    reached = _Reached(numbered, group, first, free=not locked)
    places = np.array([reached.by(total) for total in np.cumsum(np.sort(load[here]))])
    makespan = int(places[-1] + tail[here].min())
    rate = np.array(
        [
            0 if order.hard or order.due is None else cost
            for order, cost in zip(orders, numbered.lateness_cost, strict=True)
        ],
        float,
    )
    due = np.array([0 if order.due is None else order.due for order in orders], float)
    by_itself = np.array(alone, float)
    elsewhere = np.setdiff1d(np.arange(len(orders)), here)
    lateness = float((rate * np.maximum(by_itself - due, 0.0))[elsewhere].sum())
    if here.size > _MOST_ORDERS or not rate[here].any():
        return LoadBound(
            lateness=lateness + float((rate * np.maximum(by_itself - due, 0.0))[here].sum()), makespan=makespan
        )
    ends = np.maximum(places[None, :] + tail[here][:, None], by_itself[here][:, None])
    cost = rate[here][:, None] * np.maximum(ends - due[here][:, None], 0.0)
    row, column = linear_sum_assignment(cost)
    return LoadBound(lateness=lateness + float(cost[row, column].sum()), makespan=makespan)


class _Reached:
    """When a group of machines, all at work from `first` on, has done so many minutes of work."""

    def __init__(self, numbered: Numbered, group: frozenset[int], first: int, *, free: bool) -> None:
        machines = [numbered.problem.machines[machine] for machine in sorted(group)]
        self._clocks = [numbered.clocks[machine] for machine in sorted(group)]
        self._free = [max(first, machine.free_from) if free else first for machine in machines]
        self._done = [clock.working(free) for clock, free in zip(self._clocks, self._free, strict=True)]

    def by(self, work: float) -> int:
        """The first minute at which it is done."""
        low = high = min(self._free)
        step = max(1, int(work / len(self._clocks)))
        while self._until(high) < work:
            low, high, step = high, high + step, 2 * step
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self._until(middle) >= work else (middle + 1, high)
        return high

    def _until(self, minute: int) -> int:
        return sum(
            clock.working(minute) - done
            for clock, free, done in zip(self._clocks, self._free, self._done, strict=True)
            if minute > free
        )
