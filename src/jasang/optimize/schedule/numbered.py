"""The problem with numbers for names, as the builders of plans need it."""

from collections.abc import Sequence
from dataclasses import dataclass

from jasang.optimize.schedule.problem import Plan, Planned, ScheduleProblem
from jasang.optimize.schedule.working_clock import WorkingClock, without

# Costs are whole numbers inside: this many to a unit of cost.
COST_UNIT = 100
_HARD_COST = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One operation: `alternatives` are (machine, minutes), `needs` (resource, amount), `locked` (machine, start)."""

    order: int
    step: int
    alternatives: tuple[tuple[int, int], ...]
    family: str
    lag: int
    interruptible: bool
    needs: tuple[tuple[int, int], ...]
    locked: tuple[int, int] | None
    earliest: int
    last: bool


class Numbered:
    """Operations numbered order by order; `first[o]` is the number of order o's first one."""

    def __init__(self, problem: ScheduleProblem) -> None:
        self.problem = problem
        machine_numbers = {machine.name: number for number, machine in enumerate(problem.machines)}
        resource_numbers = {resource.name: number for number, resource in enumerate(problem.resources)}
        locks = {(lock.order, lock.step): (machine_numbers[lock.machine], lock.start) for lock in problem.locks}
        self.machine_numbers = machine_numbers
        self.steps: list[Step] = []
        self.first: list[int] = []
        for number, order in enumerate(problem.orders):
            self.first.append(len(self.steps))
            for place, operation in enumerate(order.operations):
                locked = locks.get((order.name, place))
                able = tuple((machine_numbers[one.machine], one.minutes) for one in operation.alternatives)
                self.steps.append(
                    Step(
                        order=number, step=place, family=operation.family, lag=operation.lag,
                        alternatives=able if locked is None else tuple(one for one in able if one[0] == locked[0]),
                        interruptible=operation.interruptible, locked=locked,
                        needs=tuple((resource_numbers[name], amount) for name, amount in operation.needs.items()),
                        earliest=0 if locked else max(order.release, problem.frozen_until, 0),
                        last=place + 1 == len(order.operations),
                    )
                )  # fmt: skip
        self.clocks = self._clocks()
        self._forbidden: dict[tuple[int, int], tuple[tuple[int, int], ...]] = {}
        # A hard date missed outweighs everything, so that a search may pass through plans that are none.
        self.lateness_cost = [
            0 if order.due is None else _HARD_COST if order.hard
            else round(COST_UNIT * problem.weights.tardiness * order.weight)
            for order in problem.orders
        ]  # fmt: skip
        self.makespan_cost = round(COST_UNIT * problem.weights.makespan)
        self.setup_cost = round(COST_UNIT * problem.weights.setup)

    def _clocks(self) -> list[WorkingClock]:
        shared: dict[tuple[tuple[int, int], ...], WorkingClock] = {}
        clocks = [WorkingClock(machine.closed) for machine in self.problem.machines]
        return [shared.setdefault(clock.key(), clock) for clock in clocks]

    def forbidden(self, machine: int, resource: int) -> tuple[tuple[int, int], ...]:
        """When the resource is away while the machine works."""
        known = self._forbidden.get((machine, resource))
        if known is None:
            known = without(self.problem.resources[resource].closed, self.clocks[machine])
            self._forbidden[machine, resource] = known
        return known

    def setup(self, machine: int, before: str, after: str) -> int:
        """Minutes of set-up."""
        return self.problem.machines[machine].setup(before, after)

    def number(self, planned: Planned) -> int:
        """The number of a planned operation."""
        return self.first[self._order_number(planned.order)] + planned.step

    def _order_number(self, name: str) -> int:
        return next(number for number, order in enumerate(self.problem.orders) if order.name == name)


# Machine, start on the wall and working time of the start of every operation.
Placing = tuple[int, int, int]


def placings_of(numbered: Numbered, planned: Sequence[Planned]) -> dict[int, tuple[int, int]]:
    """(machine, start) by number of the operations of a plan that the problem still has."""
    orders = {order.name: number for number, order in enumerate(numbered.problem.orders)}
    found = {}
    for one in planned:
        if one.order in orders and one.step < len(numbered.problem.orders[orders[one.order]].operations):
            machine = numbered.machine_numbers.get(one.machine)
            number = numbered.first[orders[one.order]] + one.step
            if machine is not None and any(machine == able for able, _ in numbered.steps[number].alternatives):
                found[number] = (machine, one.start)
    return found


def plan_of(
    numbered: Numbered, placed: Sequence[tuple[int, int]], *, bound: float = 0.0, stopped: bool = False
) -> Plan:
    """The plan with set-ups, ends and costs, from (machine, start) of every operation."""
    problem = numbered.problem
    ends, planned = [0] * len(placed), []
    setup_total = 0
    for machine, clock in enumerate(numbered.clocks):
        mine = sorted((start, number) for number, (where, start) in enumerate(placed) if where == machine)
        before = problem.machines[machine].family
        for start, number in mine:
            step = numbered.steps[number]
            minutes = next(time for able, time in step.alternatives if able == machine)
            at = clock.working(start)
            setup = numbered.setup(machine, before, step.family)
            before = step.family
            ends[number] = clock.end(at + minutes)
            setup_total += setup
            order = problem.orders[step.order].name
            planned.append(
                Planned(
                    order=order, step=step.step, machine=problem.machines[machine].name, start=start,
                    end=ends[number], setup=setup,
                    setup_start=clock.start(max(0, at - setup)) if setup else start,
                    setup_end=clock.end(at) if setup else start,
                )
            )  # fmt: skip
    late, tardiness, cost = {}, 0.0, 0
    for number, step in enumerate(numbered.steps):
        order_ = problem.orders[step.order]
        if step.last and order_.due is not None and ends[number] > order_.due:
            late[order_.name] = ends[number] - order_.due
            tardiness += order_.weight * late[order_.name]
            cost += numbered.lateness_cost[step.order] * late[order_.name]
    makespan = max(ends, default=0)
    cost += numbered.makespan_cost * makespan + numbered.setup_cost * setup_total
    return Plan(
        operations=tuple(sorted(planned, key=lambda one: (one.start, one.machine, one.order))),
        cost=cost / COST_UNIT, bound=min(bound, cost / COST_UNIT), tardiness=tardiness, makespan=makespan,
        setup=setup_total, late=late, stopped=stopped,
    )  # fmt: skip
