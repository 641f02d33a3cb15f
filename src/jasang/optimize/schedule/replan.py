"""A new plan after a breakdown that changes little: started work stays, and only a bounded share of the rest moves.

An operation that has not started is **moved** where it goes to another machine, starts before its old start or more than an
hour later than the breakdown forces, or changes its turn with an operation that is not moved. What the breakdown forces is the
old plan pushed to the right: every operation on its machine, in its turn, as early as it then can but not before its old start.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ortools.sat.python import cp_model

from jasang.optimize.schedule.constraint_model import Builder, Built
from jasang.optimize.schedule.dispatch import pulled_left, simple_bound
from jasang.optimize.schedule.neighbourhoods import Neighbourhoods
from jasang.optimize.schedule.numbered import COST_UNIT, Numbered, placings_of, plan_of
from jasang.optimize.schedule.problem import Lock, Plan, ScheduleProblem, Stretch
from jasang.optimize.schedule.solve import NoPlan, solve

Placed = tuple[int, int]
_DAY = 24 * 60
# Minutes by which an operation may start later than forced before it counts as moved.
_HOUR = 60
# Pairs on one machine whose turns are compared: an operation and so many after it.
_TURNS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Replan:
    """The new plan of `problem` (with the breakdown and locks on what has started) and how much it moves.

    `moved` are (order, step); `delayed` those that only start later because they must; `open_operations` have not started yet;
    `pushed` is the old plan merely pushed to the right, to compare with (`None` where that is no plan).
    """

    problem: ScheduleProblem
    plan: Plan
    moved: tuple[tuple[str, int], ...]
    delayed: tuple[tuple[str, int], ...]
    open_operations: int
    pushed: Plan | None

    @property
    def share_moved(self) -> float:
        """Moved operations as a share of those that had not started."""
        return len(self.moved) / self.open_operations if self.open_operations else 0.0


def replan(
    problem: ScheduleProblem,
    plan: Plan,
    *,
    machine: str,
    start: int,
    end: int,
    now: int | None = None,
    most_moved: float = 0.15,
    move_cost: float = 60.0,
    seconds: float = 4.0,
    workers: int = 2,
    seed: int = 0,
) -> Replan:
    """The best plan that keeps what has started by `now` (default: `start`) and moves at most `most_moved` of the rest.

    `machine` is down from `start` to `end` (minutes). Work that was running on it goes on after the repair where it may be
    interrupted, else it is begun anew. `move_cost` is what a moved operation costs beside lateness, makespan and set-ups.

    Raises
    ------
    NoPlan
        What has started and the locks leave no plan.
    KeyError
        There is no such machine, or the plan lacks an operation of the problem.
    """
    began = time.monotonic()
    now = start if now is None else now
    problem.machine(machine)
    changed = _with_breakdown(problem, plan, machine, Stretch(start=start, end=end, label="고장"), now)
    numbered = Numbered(changed)
    known = placings_of(numbered, plan.operations)
    if len(known) < len(numbered.steps):
        raise KeyError(f"the plan has {len(known)} of the problem's {len(numbered.steps)} operations")
    old = [known[number] for number in range(len(numbered.steps))]
    still = {number: old[number][1] for number, step in enumerate(numbered.steps) if step.locked is None}
    forced = pulled_left(numbered, old, not_before=still)
    if forced is None:
        fresh = solve(changed, seconds=seconds, workers=workers, seed=seed, start=plan)
        made = placings_of(numbered, fresh.operations)
        return _answer(numbered, changed, old, [made[n] for n in range(len(old))], None, sorted(still), fresh.bound)
    left = max(0.5, seconds - (time.monotonic() - began))
    placed, bound = _little_changed(
        numbered, old, forced, sorted(still), int(most_moved * len(still)), move_cost, (left, workers, seed)
    )
    answer = _answer(numbered, changed, old, placed, forced, sorted(still), bound)
    hard = {order.name for order in changed.orders if order.hard}
    if any(name in hard for name in answer.plan.late):
        raise NoPlan(proven=False)
    return answer


def _with_breakdown(problem: ScheduleProblem, plan: Plan, machine: str, down: Stretch, now: int) -> ScheduleProblem:
    """The problem with the machine closed and locks on what has started."""
    machines = tuple(
        replace(one, closed=(*one.closed, down)) if one.name == machine else one for one in problem.machines
    )
    orders = {order.name: order for order in problem.orders}
    locks = {(lock.order, lock.step): lock for lock in problem.locks}
    for one in plan.operations:
        lost = (
            one.machine == machine
            and one.start < down.end
            and down.start < one.end
            and (one.start >= down.start or not orders[one.order].operations[one.step].interruptible)
        )
        key = (one.order, one.step)
        if lost:
            locks.pop(key, None)
        elif one.start < now:
            locks[key] = Lock(order=one.order, step=one.step, machine=one.machine, start=one.start)
    return replace(problem, machines=machines, locks=tuple(locks.values()), frozen_until=max(now, problem.frozen_until))


def _little_changed(
    numbered: Numbered, old: list[Placed], forced: list[Placed], still: list[int], budget: int, move_cost: float,
    effort: tuple[float, int, int],
) -> tuple[list[Placed], float]:  # fmt: skip
    """The cheapest plan within the budget of moves, and a bound on its cost."""
    seconds, workers, seed = effort
    ends = time.monotonic() + seconds
    price = max(1, round(COST_UNIT * move_cost))
    best, best_value = forced, _value(numbered, old, forced, forced, still, price)
    around, turn = Neighbourhoods(numbered, seed), 0
    while still and time.monotonic() < ends - 0.1:
        turn += 1
        chosen = around.pick(best, late_first=turn % 3 != 0)
        until = plan_of(numbered, best).makespan + 2 * _DAY
        built = Builder(numbered, until=until, around=chosen, hard=False).build()
        moved = _moves(built, numbered, old, forced, still)
        built.model.add(sum(moved.values()) <= budget)
        built.model.minimize(cp_model.LinearExpr.sum([built.cost, *(price * one for one in moved.values())]))
        built.hint(best, numbered)
        solver = cp_model.CpSolver()
        p = solver.parameters
        p.num_workers, p.random_seed, p.linearization_level = workers, seed + turn, 0
        p.max_time_in_seconds = max(0.05, min(0.8, ends - time.monotonic()))
        status = solver.solve(built.model)
        around.learn(status == cp_model.OPTIMAL)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            continue
        placed = built.placing(solver)
        kept = {number: old[number][1] for number in still if not solver.boolean_value(moved[number])}
        for candidate in (pulled_left(numbered, placed, not_before=kept), placed):
            value = None if candidate is None else _value(numbered, old, candidate, forced, still, price)
            if candidate is not None and value is not None and value[1] < best_value[1] and value[0] <= budget:
                best, best_value = candidate, value
    return best, simple_bound(numbered) / COST_UNIT


def _value(
    numbered: Numbered,
    old: Sequence[Placed],
    placed: Sequence[Placed],
    forced: Sequence[Placed],
    still: Sequence[int],
    price: int,
) -> tuple[int, int]:
    """Operations moved, and the cost with the price of moving them."""
    moved = len(_moved(numbered, old, placed, forced, still))
    return moved, round(COST_UNIT * plan_of(numbered, placed).cost) + price * moved


def _moves(
    built: Built, numbered: Numbered, old: list[Placed], forced: list[Placed], still: list[int]
) -> dict[int, cp_model.IntVar]:
    """A literal for each open operation: true = it may be moved."""
    m = built.model
    moved = {number: m.new_bool_var(f"moved{number}") for number in still}
    for number in still:
        stays = ~moved[number]
        for one in built.chosen[number]:
            if one.here is not None and one.machine == old[number][0]:
                m.add(one.here == 1).only_enforce_if(stays)
        m.add(built.starts[number] >= min(old[number][1], forced[number][1])).only_enforce_if(stays)
        m.add(built.starts[number] <= forced[number][1] + _HOUR).only_enforce_if(stays)
    for row in _rows(numbered, old, still):
        for place, first in enumerate(row):
            for second in row[place + 1 : place + 1 + _TURNS]:
                turn = m.add(built.starts[second] >= built.ends[first])
                turn.only_enforce_if([~moved[first], ~moved[second]])
    return moved


def _rows(numbered: Numbered, old: Sequence[Placed], still: Sequence[int]) -> list[list[int]]:
    return [
        sorted((number for number in still if old[number][0] == machine), key=lambda number: old[number][1])
        for machine in range(len(numbered.clocks))
    ]


def _answer(
    numbered: Numbered, problem: ScheduleProblem, old: list[Placed], placed: list[Placed], forced: list[Placed] | None,
    still: list[int], bound: float,
) -> Replan:  # fmt: skip
    moved = _moved(numbered, old, placed, forced, still)
    steps, orders = numbered.steps, problem.orders
    delayed = [number for number in still if number not in moved and placed[number][1] > old[number][1]]

    def names(numbers: Sequence[int]) -> tuple[tuple[str, int], ...]:
        return tuple((orders[steps[number].order].name, steps[number].step) for number in numbers)

    return Replan(
        problem=problem, plan=plan_of(numbered, placed, bound=bound), moved=names(sorted(moved)), delayed=names(delayed),
        open_operations=len(still), pushed=None if forced is None else plan_of(numbered, forced),
    )  # fmt: skip


def _moved(
    numbered: Numbered,
    old: Sequence[Placed],
    new: Sequence[Placed],
    forced: Sequence[Placed] | None,
    still: Sequence[int],
) -> set[int]:
    """The operations that count as moved; of two that changed turns the one that changed most is taken first."""
    moved = {
        number
        for number in still
        if new[number][0] != old[number][0]
        or new[number][1] < (old[number][1] if forced is None else min(old[number][1], forced[number][1]))
        or (forced is not None and new[number][1] > forced[number][1] + _HOUR)
    }
    for row in _rows(numbered, old, still):
        kept = [number for number in row if number not in moved]
        while True:
            turned = [
                sum(
                    (new[other][1] < new[number][1]) != (at_other < at)
                    for at_other, other in enumerate(kept)
                    if other != number
                )
                for at, number in enumerate(kept)
            ]
            if not any(turned):
                break
            moved.add(kept.pop(turned.index(max(turned))))
    return moved
