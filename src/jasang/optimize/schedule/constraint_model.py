"""The problem as a CP-SAT model: whole, or only a neighbourhood of a plan in which the other operations keep their order.

Each operation lives on two clocks: the wall's, where orders and shared resources meet, and the machine's own, which stands
still while the machine is closed. On the latter set-ups and pauses are plain sums and operations never overlap.
"""

from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ortools.sat.python import cp_model

from jasang.optimize.schedule.numbered import Numbered
from jasang.optimize.schedule.working_clock import WorkingClock

Placed = tuple[int, int]


@dataclass(slots=True, kw_only=True)
class OnMachine:
    """An operation on one machine: it is there where `here` is true; working time from `start` to `end`, `minutes` long."""

    number: int
    machine: int
    minutes: int
    here: cp_model.IntVar | None
    start: cp_model.IntVar
    end: cp_model.LinearExprT
    interval: cp_model.IntervalVar


@dataclass(slots=True, kw_only=True)
class Neighbourhood:
    """Which operations may move freely; the others keep machine and order and start within `slack` minutes of `placed`.

    What starts before `still_before` and is not free does not move at all.
    """

    placed: Sequence[Placed]
    free: Collection[int]
    slack: int
    still_before: int = 0


@dataclass(slots=True, kw_only=True)
class Built:
    """A model with what one needs to read it."""

    model: cp_model.CpModel
    starts: list[cp_model.IntVar]
    ends: list[cp_model.IntVar]
    chosen: list[list[OnMachine]]
    lateness: dict[int, cp_model.IntVar] = field(default_factory=dict)
    cost: cp_model.LinearExprT = 0

    def placing(self, value: "cp_model.CpSolver | cp_model.CpSolverSolutionCallback") -> list[Placed]:
        """(machine, start) of every operation in a solution."""
        placed = []
        for start, able in zip(self.starts, self.chosen, strict=True):
            machine = next(one.machine for one in able if one.here is None or value.boolean_value(one.here))
            placed.append((machine, int(value.value(start))))
        return placed

    def hint(self, placed: Sequence[Placed], numbered: Numbered) -> None:
        """Start the search at this plan."""
        for number, (machine, start) in enumerate(placed):
            self.model.add_hint(self.starts[number], start)
            for one in self.chosen[number]:
                if one.here is not None:
                    self.model.add_hint(one.here, one.machine == machine)
                if one.machine == machine:
                    at = numbered.clocks[machine].working(start)
                    if one.start is not self.starts[number]:  # two hints for one variable would make the model invalid
                        self.model.add_hint(one.start, at)
                    self.model.add_hint(self.ends[number], numbered.clocks[machine].end(at + one.minutes))


class Builder:
    """Builds one model. `until` is the last moment that is looked at; closures after it are left out (a relaxation)."""

    def __init__(
        self,
        numbered: Numbered,
        *,
        until: int,
        around: Neighbourhood | None = None,
        setups: bool = True,
        hard: bool = True,
        costs: bool = True,
    ) -> None:
        self._n, self._until, self._around, self._setups, self._hard = numbered, until, around, setups, hard
        self._costs = costs
        self._m = cp_model.CpModel()
        self._built = Built(model=self._m, starts=[], ends=[], chosen=[])

    def build(self) -> Built:
        """The model with its costs."""
        n, built = self._n, self._built
        for number in range(len(n.steps)):
            self._operation(number)
        terms: list[cp_model.LinearExprT] = []
        for machine in range(len(n.clocks)):
            terms += self._line(machine)
        self._share()
        terms += self._times()
        built.cost = sum(terms)
        if self._costs:
            self._m.minimize(built.cost)
        return built

    def _fixed(self, number: int) -> bool:
        return self._around is not None and number not in self._around.free

    def _range(self, number: int) -> tuple[int, int]:
        step = self._n.steps[number]
        if step.locked is not None:
            return step.locked[1], step.locked[1]
        low, high = step.earliest, self._until
        if self._around is not None and number not in self._around.free:
            start = self._around.placed[number][1]
            slack = self._around.slack if start >= self._around.still_before else 0
            low, high = max(low, start - slack), min(high, start + slack)
        return min(low, high), high

    def _operation(self, number: int) -> None:
        n, step, m = self._n, self._n.steps[number], self._m
        low, high = self._range(number)
        start = m.new_int_var(low, high, f"s{number}")
        able = step.alternatives
        if self._fixed(number) and self._around is not None:
            able = tuple(one for one in able if one[0] == self._around.placed[number][0])
        end = m.new_int_var(low, n.problem.horizon + self._until, f"e{number}")
        self._built.starts.append(start)
        self._built.ends.append(end)
        choices = [m.new_bool_var(f"x{number}_{machine}") for machine, _ in able] if len(able) > 1 else []
        literals: list[cp_model.IntVar | None] = [*choices] if choices else [None]
        if choices:
            m.add_exactly_one(choices)
        shared: dict[int, cp_model.IntVar] = {}
        ones = []
        for (machine, minutes), here in zip(able, literals, strict=True):
            clock = n.clocks[machine]
            if id(clock) not in shared:
                group = [lit for (other, _), lit in zip(able, literals, strict=True) if n.clocks[other] is clock]
                shared[id(clock)] = self._start_on(
                    clock, start, (low, high), None if len(group) == len(able) else group
                )
            working = shared[id(clock)]
            ones.append(self._on_machine(number, machine, minutes, here, working, clock, (low, high)))
        self._built.chosen.append(ones)
        if step.step:
            m.add(start >= self._built.ends[number - 1] + step.lag)

    def _marks(self, clock: WorkingClock, low: int, high: int) -> tuple[int, range]:
        """Closed minutes for certain passed at working time `low`, and the closures that may be passed up to `high`."""
        first = bisect_right(clock.marks, low)
        last = bisect_right(clock.marks, high)
        while last > first and clock.begins[last - 1] > self._until:
            last -= 1
        return (clock.lost[first - 1] if first else 0), range(first, last)

    def _start_on(
        self,
        clock: WorkingClock,
        start: cp_model.IntVar,
        span: tuple[int, int],
        group: list[cp_model.IntVar | None] | None,
    ) -> cp_model.IntVar:
        """The operation's start on a machine's clock, tied to the wall's where one of the machines of `group` is chosen."""
        if not clock.marks and group is None:
            return start
        m, (low, high) = self._m, (clock.working(span[0]), clock.working(span[1]))
        working = m.new_int_var(low, high, "")
        lost, closures = self._marks(clock, low, high)
        passed = []
        for k in closures:
            after = m.new_bool_var("")
            m.add(working >= clock.marks[k]).only_enforce_if(after)
            m.add(working < clock.marks[k]).only_enforce_if(~after)
            passed.append((clock.lost[k] - (clock.lost[k - 1] if k else 0)) * after)
        tie = m.add(start == working + lost + sum(passed))
        if group is not None:
            here = m.new_bool_var("")
            m.add(sum(one for one in group if one is not None) == here)
            tie.only_enforce_if(here)
        return working

    def _on_machine(
        self, number: int, machine: int, minutes: int, here: cp_model.IntVar | None, working: cp_model.IntVar,
        clock: WorkingClock, span: tuple[int, int],
    ) -> OnMachine:  # fmt: skip
        m, step, end = self._m, self._n.steps[number], self._built.ends[number]
        finish = working + minutes
        low, high = clock.working(span[0]) + minutes, clock.working(span[1]) + minutes
        first = bisect_right(clock.marks, low - 1)
        lost = clock.lost[first - 1] if first else 0
        passed = []
        for k in range(first, len(clock.marks)):
            if clock.marks[k] >= high or clock.begins[k] > self._until:
                break
            after = m.new_bool_var("")
            m.add(finish > clock.marks[k]).only_enforce_if(after)
            m.add(finish <= clock.marks[k]).only_enforce_if(~after)
            passed.append((clock.lost[k] - (clock.lost[k - 1] if k else 0)) * after)
        tie = m.add(end == finish + lost + sum(passed))
        if here is not None:
            tie.only_enforce_if(here)
        if not step.interruptible and clock.marks:
            self._in_one_piece(minutes, working, clock, here, (low - minutes, high - minutes))
        interval = (
            m.new_fixed_size_interval_var(working, minutes, "")
            if here is None
            else m.new_optional_fixed_size_interval_var(working, minutes, here, "")
        )
        least = clock.working(max(0, self._n.problem.machines[machine].free_from))
        if step.locked is None:
            free = m.add(working >= least)
            if here is not None:
                free.only_enforce_if(here)
        return OnMachine(
            number=number, machine=machine, minutes=minutes, here=here, start=working, end=finish, interval=interval
        )

    def _in_one_piece(
        self, minutes: int, working: cp_model.IntVar, clock: WorkingClock, here: cp_model.IntVar | None,
        span: tuple[int, int],
    ) -> None:  # fmt: skip
        """No closure within the operation: its working start keeps out of the `minutes` before each mark."""
        domain, at = [], span[0]
        for mark in clock.marks:
            if mark > span[1] + minutes:
                break
            if mark - minutes >= at:
                domain.append([at, min(mark - minutes, span[1])])
            at = max(at, mark)
        if at <= span[1]:
            domain.append([at, span[1]])
        inside = self._m.add_linear_expression_in_domain(
            working, cp_model.Domain.from_intervals([one for one in domain if one[0] <= one[1]])
        )
        if here is not None:
            inside.only_enforce_if(here)

    def _line(self, machine: int) -> list[cp_model.LinearExprT]:
        """One operation at a time on the machine, with set-ups between; the cost of the set-ups."""
        n, m = self._n, self._m
        mine = [one for able in self._built.chosen for one in able if one.machine == machine]
        if not mine:
            return []
        m.add_no_overlap([one.interval for one in mine])
        families = {n.steps[one.number].family for one in mine}
        any_setup = any(
            n.setup(machine, before, after)
            for before in families | {n.problem.machines[machine].family}
            for after in families
        )
        kept = self._kept(mine)
        if any_setup and self._setups:
            return self._route(machine, mine, kept)
        for one, two in kept.items():
            m.add(mine[two].start >= mine[one].end)
        return []

    def _kept(self, mine: list[OnMachine]) -> dict[int, int]:
        """Neighbours (places in `mine`) among those that keep their order."""
        if self._around is None:
            return {}
        placed = self._around.placed
        row = sorted(
            (place for place, one in enumerate(mine) if self._fixed(one.number)),
            key=lambda at: placed[mine[at].number][1],
        )
        return dict(pairwise(row))

    def _route(self, machine: int, mine: list[OnMachine], kept: dict[int, int]) -> list[cp_model.LinearExprT]:
        """The order on the machine as a tour through its operations."""
        n, m = self._n, self._m
        terms: list[cp_model.LinearExprT] = []
        fixed = {place for place, one in enumerate(mine) if self._fixed(one.number)}
        behind = set(kept.values())
        arcs: list[tuple[int, int, cp_model.LiteralT]] = []
        family = n.problem.machines[machine].family
        least = n.clocks[machine].working(max(0, n.problem.machines[machine].free_from))
        for i, one in enumerate(mine):
            first, last = m.new_bool_var(""), m.new_bool_var("")
            if i not in behind:
                arcs.append((0, i + 1, first))
                setup = n.setup(machine, family, n.steps[one.number].family)
                if setup:
                    if n.steps[one.number].locked is None:
                        m.add(one.start >= least + setup).only_enforce_if(first)
                    terms.append(n.setup_cost * setup * first)
            if i not in kept:
                arcs.append((i + 1, 0, last))
            if one.here is not None:
                arcs.append((i + 1, i + 1, ~one.here))
            for j, two in enumerate(mine):
                if i == j or (i in fixed and j in fixed and kept.get(i) != j) or not self._may_follow(one, two):
                    continue
                follows = m.new_bool_var("")
                arcs.append((i + 1, j + 1, follows))
                setup = n.setup(machine, n.steps[one.number].family, n.steps[two.number].family)
                m.add(two.start >= one.end + setup).only_enforce_if(follows)
                if setup:
                    terms.append(n.setup_cost * setup * follows)
        if all(one.here is not None for one in mine):
            arcs.append((0, 0, m.new_bool_var("")))
        m.add_circuit(arcs)
        return terms

    def _may_follow(self, one: OnMachine, two: OnMachine) -> bool:
        steps = self._n.steps
        return steps[one.number].order != steps[two.number].order or one.number < two.number

    def _share(self) -> None:
        """Moulds, tools and people."""
        n, m, built = self._n, self._m, self._built
        for resource, data in enumerate(n.problem.resources):
            intervals, amounts = [], []
            for number, step in enumerate(n.steps):
                amount = dict(step.needs).get(resource)
                if amount is None:
                    continue
                start, end = built.starts[number], built.ends[number]
                size = m.new_int_var(1, n.problem.horizon + self._until, "")
                intervals.append(m.new_interval_var(start, size, end, ""))
                amounts.append(amount)
                for one in built.chosen[number]:
                    self._keep_off(number, one, resource)
            if len(intervals) < 2:
                continue
            if all(2 * amount > data.capacity for amount in amounts):
                m.add_no_overlap(intervals)
            else:
                m.add_cumulative(intervals, amounts, data.capacity)

    def _keep_off(self, number: int, one: OnMachine, resource: int) -> None:
        m, built = self._m, self._built
        low, _ = self._range(number)
        for away, back in self._n.forbidden(one.machine, resource):
            if back <= low or away > self._until:
                continue
            before = m.new_bool_var("")
            given = [] if one.here is None else [one.here]
            m.add(built.ends[number] <= away).only_enforce_if([before, *given])
            m.add(built.starts[number] >= back).only_enforce_if([~before, *given])

    def _times(self) -> list[cp_model.LinearExprT]:
        """Costs of lateness and of the makespan."""
        n, m, built = self._n, self._m, self._built
        terms: list[cp_model.LinearExprT] = []
        lasts = [number for number, step in enumerate(n.steps) if step.last]
        for number in lasts:
            order = n.steps[number].order
            data = n.problem.orders[order]
            if data.due is None:
                continue
            if data.hard and self._hard:
                m.add(built.ends[number] <= data.due)
            elif n.lateness_cost[order]:
                late = m.new_int_var(0, n.problem.horizon + self._until, "")
                m.add(late >= built.ends[number] - data.due)
                built.lateness[order] = late
                terms.append(n.lateness_cost[order] * late)
        if n.makespan_cost and lasts:
            makespan = m.new_int_var(0, n.problem.horizon + self._until, "makespan")
            m.add_max_equality(makespan, [built.ends[number] for number in lasts])
            terms.append(n.makespan_cost * makespan)
        return terms
