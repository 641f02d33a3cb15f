"""Why there is no plan: the smallest set of demands that cannot all be kept.

A set from which no demand can be left out is found by leaving out one after the other (deletion filter); where time allows the
smallest of all such sets is found by hitting sets (Ignatiev and others 2015, "Smallest MUS extraction").
"""

import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

from ortools.sat.python import cp_model

from jasang.optimize.schedule.constraint_model import Builder
from jasang.optimize.schedule.numbered import Numbered, Step
from jasang.optimize.schedule.problem import ScheduleProblem, Stretch

# So many closures of one machine with one label are one demand ("its shifts"), fewer are one each ("maintenance on Tuesday").
_MANY = 5
Kind = Literal["deadline", "lock", "closed", "away", "capacity", "release", "frozen", "busy", "setups", "fits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One thing demanded: `name` is the order, machine or resource; `step` of a lock; `stretches` of closures; `moment` a due
    date, release date or start. `fits`: step `step` of an order ends by `moment`, the last that a plan reaches."""

    kind: Kind
    name: str
    step: int = 0
    moment: int = 0
    stretches: tuple[Stretch, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Demands that no plan keeps together. `minimal`: without any one of them there is a plan; `smallest`: no smaller set."""

    demands: tuple[Demand, ...]
    minimal: bool
    smallest: bool


def explain_infeasible(problem: ScheduleProblem, *, seconds: float = 20.0) -> Conflict | None:
    """The demands in conflict; `None` where there is a plan, or none could be shown to be missing in the time."""
    nowhere = _fits_nowhere(problem)
    if nowhere is not None:
        return nowhere
    judge = _Judge(problem, seconds)
    everything = list(_demands(problem))
    if judge.possible(everything) is not False:
        return None
    kept, minimal = _without_needless(judge, everything)
    if minimal and judge.left() > 1.0:
        smaller = _smallest(judge, everything, kept)
        if smaller is not None:
            return Conflict(demands=_in_order(smaller), minimal=True, smallest=True)
    return Conflict(demands=_in_order(kept), minimal=minimal, smallest=False)


def _fits_nowhere(problem: ScheduleProblem) -> Conflict | None:
    """An operation that is too long for every machine that can do it, with all the time there is."""
    numbered = Numbered(problem)
    for step in numbered.steps:
        if step.locked is not None or any(_ends(numbered, step, *one) <= problem.horizon for one in step.alternatives):
            continue
        name = problem.orders[step.order].name
        demands = [Demand(kind="fits", name=name, step=step.step, moment=problem.horizon)]
        for number, _ in step.alternatives:
            machine = problem.machines[number]
            demands += [Demand(kind="closed", name=machine.name, stretches=some) for some in _grouped(machine.closed)]
        return Conflict(demands=tuple(demands), minimal=False, smallest=False)
    return None


def _ends(numbered: Numbered, step: Step, machine: int, minutes: int) -> int:
    clock = numbered.clocks[machine]
    at = clock.working(max(step.earliest, numbered.problem.machines[machine].free_from))
    return clock.end((at if step.interruptible else clock.fits(at, minutes)) + minutes)


def _in_order(demands: Collection[Demand]) -> tuple[Demand, ...]:
    return tuple(sorted(demands, key=lambda one: (one.kind != "deadline", one.kind, one.name, one.moment)))


def _demands(problem: ScheduleProblem) -> list[Demand]:
    """Everything that could be given up, what is given up last first in the list."""
    found: list[Demand] = []
    for order in problem.orders:
        if order.hard and order.due is not None:
            found.append(Demand(kind="deadline", name=order.name, moment=order.due))
            if order.release > 0:
                found.append(Demand(kind="release", name=order.name, moment=order.release))
    found += [Demand(kind="lock", name=lock.order, step=lock.step, moment=lock.start) for lock in problem.locks]
    for machine in problem.machines:
        found += [Demand(kind="closed", name=machine.name, stretches=some) for some in _grouped(machine.closed)]
        if machine.free_from > 0:
            found.append(Demand(kind="busy", name=machine.name, moment=machine.free_from))
        if any(machine.setups.values()) or machine.other_setup:
            found.append(Demand(kind="setups", name=machine.name))
    for resource in problem.resources:
        found += [Demand(kind="away", name=resource.name, stretches=some) for some in _grouped(resource.closed)]
        found.append(Demand(kind="capacity", name=resource.name, moment=resource.capacity))
    if problem.frozen_until > 0:
        found.append(Demand(kind="frozen", name="", moment=problem.frozen_until))
    return found


def _grouped(closed: Collection[Stretch]) -> list[tuple[Stretch, ...]]:
    ordered = sorted(closed, key=lambda one: (one.label, one.start))
    groups: list[tuple[Stretch, ...]] = []
    for _, some in groupby(ordered, key=lambda one: one.label):
        part = tuple(some)
        groups += [part] if len(part) > _MANY else [(one,) for one in part]
    return groups


class _Judge:
    """Whether there is a plan that keeps some of the demands."""

    def __init__(self, problem: ScheduleProblem, seconds: float) -> None:
        self._problem, self._ends = problem, time.monotonic() + seconds
        self._known: dict[frozenset[Demand], bool] = {}

    def left(self) -> float:
        """Seconds left."""
        return self._ends - time.monotonic()

    def possible(self, demands: Collection[Demand]) -> bool | None:
        """`None` where the time was too short to tell."""
        key = frozenset(demands)
        if key not in self._known:
            answer = self._solved(self._reduced(key))
            if answer is None:
                return None
            self._known[key] = answer
        return self._known[key]

    def _reduced(self, demands: frozenset[Demand]) -> ScheduleProblem | None:
        """The problem with these demands only; orders that could end whenever they like are left out."""
        by = {(one.kind, one.name, one.step if one.kind == "lock" else 0) for one in demands}
        locks = tuple(lock for lock in self._problem.locks if ("lock", lock.order, lock.step) in by)
        held = {lock.order for lock in locks}
        orders = tuple(
            replace(
                order,
                hard=("deadline", order.name, 0) in by,
                release=order.release if ("release", order.name, 0) in by or not order.hard else 0,
            )
            for order in self._problem.orders
            if ("deadline", order.name, 0) in by or order.name in held
        )
        if not orders:
            return None
        shut = {(one.kind, one.name, stretch) for one in demands for stretch in one.stretches}
        count = sum(len(order.operations) for order in orders)
        machines = tuple(
            replace(
                machine,
                closed=tuple(one for one in machine.closed if ("closed", machine.name, one) in shut),
                free_from=machine.free_from if ("busy", machine.name, 0) in by else 0,
                setups=machine.setups if ("setups", machine.name, 0) in by else {},
                other_setup=machine.other_setup if ("setups", machine.name, 0) in by else 0,
            )
            for machine in self._problem.machines
        )
        resources = tuple(
            replace(
                one,
                closed=tuple(stretch for stretch in one.closed if ("away", one.name, stretch) in shut),
                capacity=one.capacity if ("capacity", one.name, 0) in by else one.capacity * (count + 1),
            )
            for one in self._problem.resources
        )
        frozen = self._problem.frozen_until if ("frozen", "", 0) in by else 0
        return replace(
            self._problem, orders=orders, machines=machines, resources=resources, locks=locks, frozen_until=frozen
        )

    def _solved(self, problem: ScheduleProblem | None) -> bool | None:
        if problem is None:
            return True
        if self.left() <= 0:
            return None
        dues = [order.due for order in problem.orders if order.hard and order.due is not None]
        everyone_due = len(dues) == len(problem.orders)
        until = min(problem.horizon, max(dues)) if everyone_due else problem.horizon
        if until < 0:
            return False
        built = Builder(Numbered(problem), until=max(1, until), costs=False).build()
        solver = cp_model.CpSolver()
        solver.parameters.num_workers, solver.parameters.random_seed = 1, 0
        solver.parameters.max_time_in_seconds = max(0.05, min(5.0, self.left()))
        status = solver.solve(built.model)
        if status == cp_model.INFEASIBLE:
            return False
        return True if status in (cp_model.OPTIMAL, cp_model.FEASIBLE) else None


def _without_needless(judge: _Judge, demands: list[Demand]) -> tuple[list[Demand], bool]:
    """The demands with those left out that the conflict does not need, in ever smaller chunks; whether all were looked at."""
    kept, minimal = list(demands), True
    size = max(1, len(kept) // 2)
    while True:
        at = 0
        while at < len(kept):
            rest = kept[:at] + kept[at + size :]
            answer = judge.possible(rest)
            if answer is False:
                kept = rest
            else:
                minimal = minimal and (answer is True or size > 1)
                at += size
        if size == 1:
            return kept, minimal
        size = max(1, size // 2)


def _smallest(judge: _Judge, demands: list[Demand], known: list[Demand]) -> list[Demand] | None:
    """The smallest conflict; `None` where the time is too short to be sure."""
    repairs: list[list[Demand]] = []
    while judge.left() > 0.2:
        hit = _hitting(repairs, demands)
        if len(hit) >= len(known):
            return known
        answer = judge.possible(hit)
        if answer is False:
            return hit
        if answer is None:
            return None
        grown = list(hit)
        for one in sorted((one for one in demands if one not in hit), key=lambda one: one in known):
            answer = judge.possible([*grown, one])
            if answer is None:
                return None
            if answer:
                grown.append(one)
        repairs.append([one for one in demands if one not in grown])
    return None


def _hitting(repairs: list[list[Demand]], demands: list[Demand]) -> list[Demand]:
    """A smallest set with one demand of every repair."""
    if not repairs:
        return []
    model = cp_model.CpModel()
    taken = {one: model.new_bool_var("") for one in demands}
    for repair in repairs:
        model.add_bool_or([taken[one] for one in repair])
    model.minimize(sum(taken.values()))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers, solver.parameters.random_seed = 1, 0
    solver.solve(model)
    return [one for one in demands if solver.boolean_value(taken[one])]
