"""A date for a new order: when it would end at the earliest, and by when it will have ended nine times in ten."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from jasang.optimize.schedule.dispatch import pulled_left
from jasang.optimize.schedule.numbered import Numbered, placings_of
from jasang.optimize.schedule.problem import Lock, Order, Plan, ScheduleProblem, Weights
from jasang.optimize.schedule.solve import solve

_DRAWS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """Minutes at which the new order ends: `untouched` with every planned operation where it is, `finish` in `plan`, where orders
    move that are not locked and no promised one ends later than due (or than planned, where late).

    `likely` and `safe` are the ends that hold in half and in nine of ten simulated runs of `plan` with the measured variation of
    durations; `None` where no variation was given. `problem` is the problem with the order.
    """

    order: str
    finish: int
    untouched: int
    bound: float
    likely: int | None
    safe: int | None
    draws: int
    problem: ScheduleProblem
    plan: Plan


def promise(
    problem: ScheduleProblem,
    plan: Plan,
    order: Order,
    *,
    now: int = 0,
    variation: Sequence[float] = (),
    seconds: float = 5.0,
    workers: int = 2,
    seed: int = 0,
) -> Promise:
    """The earliest end of a new order in the plan, and the date to promise.

    What starts before `now` in the plan has started: it stays, and nothing new starts before that moment. `variation` are
    measured ratios of actual to planned duration (at least five); each operation draws one of them.

    Raises
    ------
    ValueError
        The order's name is taken, or its machines or resources are unknown.
    NoPlan
        It finds no place.
    """
    ends = {name: max(one.end for one in plan.of(name)) for name in {one.order for one in plan.operations}}
    begun = {
        (one.order, one.step): Lock(order=one.order, step=one.step, machine=one.machine, start=one.start)
        for one in plan.operations
        if one.start < now
    }
    held = {(lock.order, lock.step): lock for lock in problem.locks} | begun
    problem = replace(problem, locks=tuple(held.values()), frozen_until=max(now, problem.frozen_until))
    asked = replace(order, due=0, hard=False, weight=1000.0)
    alone = Weights(tardiness=1.0, makespan=0.0, setup=0.0)
    locks = tuple(Lock(order=one.order, step=one.step, machine=one.machine, start=one.start) for one in plan.operations)
    fixed = replace(problem, orders=(*problem.orders, asked), locks=locks, weights=alone)
    first = solve(fixed, seconds=0.4 * seconds, workers=workers, seed=seed)
    kept = tuple(
        replace(one, due=max(one.due, ends.get(one.name, 0)), hard=True)
        if one.promised and one.due is not None
        else one
        for one in problem.orders
    )
    moving = replace(problem, orders=(*kept, asked), weights=Weights(tardiness=1.0, makespan=0.0, setup=0.01))
    second = solve(moving, seconds=0.5 * seconds, workers=workers, seed=seed, start=first)
    whole = replace(problem, orders=(*problem.orders, order))
    likely, safe = _simulated(whole, second, order.name, variation, seed)
    finish = max(one.end for one in second.of(order.name))
    untouched = max(one.end for one in first.of(order.name))
    bound = min(float(finish), second.bound / 1000.0)
    return Promise(
        order=order.name, finish=finish, untouched=untouched, bound=bound, likely=likely, safe=safe,
        draws=_DRAWS if safe is not None else 0, problem=whole, plan=second,
    )  # fmt: skip


def _simulated(
    problem: ScheduleProblem, plan: Plan, order: str, variation: Sequence[float], seed: int
) -> tuple[int | None, int | None]:
    """Median and 90 % point of the order's end where durations vary; nothing starts before its planned start."""
    ratios = [ratio for ratio in variation if ratio > 0]
    if len(ratios) < 5:
        return None, None
    # What takes longer than planned may run into a pause: nobody throws it away for that.
    orders = tuple(
        replace(one, operations=tuple(replace(step, interruptible=True) for step in one.operations))
        for one in problem.orders
    )
    numbered = Numbered(replace(problem, orders=orders, locks=(), frozen_until=0))
    known = placings_of(numbered, plan.operations)
    placed = [known[number] for number in range(len(numbered.steps))]
    starts = {number: start for number, (_, start) in enumerate(placed)}
    last = next(n for n, step in enumerate(numbered.steps) if step.last and problem.orders[step.order].name == order)
    random, ends = Random(seed), []
    for _ in range(_DRAWS):
        durations = [random.choice(ratios) for _ in placed]
        run = pulled_left(numbered, placed, not_before=starts, durations=durations)
        if run is None:
            ends.append(problem.horizon)
            continue
        machine, start = run[last]
        minutes = next(time for able, time in numbered.steps[last].alternatives if able == machine)
        clock = numbered.clocks[machine]
        ends.append(clock.end(clock.working(start) + max(1, round(minutes * durations[last]))))
    ends.sort()
    return ends[len(ends) // 2], ends[min(len(ends) - 1, int(0.9 * len(ends)))]
