"""Finds a plan: priority rules first, then ever new neighbourhoods solved by CP-SAT, and beside them the whole for a bound."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from threading import Event, Lock, Thread

from ortools.sat.python import cp_model

from jasang.errors import JasangError
from jasang.optimize.schedule.check import check
from jasang.optimize.schedule.constraint_model import Builder, Built
from jasang.optimize.schedule.dispatch import dispatched, pulled_left, rules, simple_bound
from jasang.optimize.schedule.neighbourhoods import Neighbourhoods
from jasang.optimize.schedule.numbered import COST_UNIT, Numbered, placings_of, plan_of
from jasang.optimize.schedule.problem import Plan, ScheduleProblem

Placed = tuple[int, int]
# Above this many pairs of neighbours on machines with set-ups the whole model leaves set-ups out: it then only gives a bound.
_MOST_PAIRS = 60_000
_DAY = 24 * 60
# Deterministic seconds of CP-SAT for one neighbourhood.
_ROUND_EFFORT = 0.25
_BLURRED = 24


class NoPlan(JasangError):
    """There is no plan that keeps all demands, or none was found in time; `proven` tells which."""

    def __init__(self, *, proven: bool) -> None:
        super().__init__(
            ko="모든 조건을 지키는 계획이 없습니다."
            if proven
            else "주어진 시간 안에 모든 조건을 지키는 계획을 찾지 못했습니다.",
            en="No plan keeps all demands."
            if proven
            else "No plan that keeps all demands was found in the time given.",
        )
        self.proven = proven


def solve(
    problem: ScheduleProblem,
    *,
    seconds: float = 10.0,
    workers: int = 2,
    seed: int = 0,
    rounds: int | None = None,
    start: Plan | None = None,
    told: Callable[[float, Plan], None] | None = None,
) -> Plan:
    """The best plan found in `seconds` of wall time with `workers` threads, with a bound.

    Parameters
    ----------
    rounds
        With it the search ends after so many neighbourhoods instead of by the clock (`seconds` then is not looked at), and the
        same seed gives the same plan on every machine.
    start
        A plan to begin from, beside the priority rules.
    told
        Called with the share of time passed and the best plan whenever a better one is found.

    Ctrl-C ends the search; the best plan so far is returned with `stopped`.

    Raises
    ------
    NoPlan
        Nothing keeps every hard due date, lock and calendar (`explain_infeasible` says why), or nothing was found in time.
    """
    search = _Search(problem, seconds=seconds, workers=max(1, workers), seed=seed, rounds=rounds, told=told)
    return search.run(start)


class _Search:
    """One search: the best plan so far, shared by the threads that look for better ones."""

    def __init__(
        self, problem: ScheduleProblem, *, seconds: float, workers: int, seed: int, rounds: int | None,
        told: Callable[[float, Plan], None] | None,
    ) -> None:  # fmt: skip
        self.numbered = Numbered(problem)
        self._began, self._seconds, self._workers, self._seed = time.monotonic(), seconds, workers, seed
        self._rounds, self._told = rounds, told
        self._guard, self._over = Lock(), Event()
        self.best: list[Placed] | None = None
        self.cost = float("inf")  # in whole units, as the models count
        self.missed = 1 << 60  # minutes late against hard dates
        self._hard = {order.name for order in problem.orders if order.hard}
        # Priority rules put what is locked where it is, come what may: their plans are looked at again.
        self._locked = None
        if problem.locks:
            self._locked = replace(problem, orders=tuple(replace(order, hard=False) for order in problem.orders))
        self.bound = 0.0
        self._proven_none = False
        self._running: dict[int, cp_model.CpSolver] = {}

    def left(self) -> float:
        """Seconds left."""
        return self._seconds - (time.monotonic() - self._began)

    def offer(self, placed: Sequence[Placed] | None) -> bool:
        """Take the plan, pulled to the left, where it is the best so far."""
        tidy = None if placed is None else pulled_left(self.numbered, placed)
        if tidy is None:
            return False
        plan = plan_of(self.numbered, tidy)
        if self._locked is not None and check(self._locked, plan):
            return False
        cost, missed = round(plan.cost * COST_UNIT), self._missed(plan)
        with self._guard:
            if (missed, cost) >= (self.missed, self.cost):
                return False
            self.best, self.cost, self.missed = tidy, cost, missed
        if self._told is not None:
            self._told(min(1.0, 1 - self.left() / max(self._seconds, 1e-9)), plan)
        self._raise_bound(0.0)
        return True

    def _missed(self, plan: Plan) -> int:
        """Minutes by which hard dates are missed."""
        return sum(late for name, late in plan.late.items() if name in self._hard)

    def run(self, start: Plan | None) -> Plan:
        """Search to the end of the time."""
        if not self.numbered.steps:
            return plan_of(self.numbered, [])
        stopped = False
        try:
            self._rules(start)
            if self._rounds is None:
                self._side_by_side()
            else:
                self._one_after_the_other(self._rounds)
        except KeyboardInterrupt:
            stopped = True
        self._over.set()
        for solver in list(self._running.values()):
            solver.stop_search()
        return self._answer(stopped)

    def _answer(self, stopped: bool) -> Plan:
        if self.best is None or self.missed:
            raise NoPlan(proven=self._proven_none)
        return plan_of(self.numbered, self.best, bound=self.bound / COST_UNIT, stopped=stopped)

    def _rules(self, start: Plan | None) -> None:
        """Plans by priority rules, plain and blurred."""
        numbered, random = self.numbered, Random(self._seed)
        self._raise_bound(simple_bound(numbered))
        if start is not None:
            known = placings_of(numbered, start.operations)
            if len(known) == len(numbered.steps):
                self.offer([known[number] for number in range(len(numbered.steps))])
        plain = list(rules(numbered).values())
        for rule in plain:
            self.offer(dispatched(numbered, rule))
            if self._rounds is None and self.left() < 0.7 * self._seconds and self.best is not None:
                return
        for turn in range(_BLURRED):
            if self._rounds is None and self.left() < 0.9 * self._seconds:
                return
            self.offer(dispatched(numbered, plain[turn % len(plain)], random=random))

    def _side_by_side(self) -> None:
        if self._over.is_set():
            return
        improver = Thread(target=self._improve, args=(self._seed, None), daemon=True)
        threads = [improver] if self.best is not None else []
        threads += [Thread(target=self._improve, args=(self._seed + number, None), daemon=True)
                    for number in range(1, self._workers - 1)] if threads else []  # fmt: skip
        prover = Thread(target=self._prove, args=(None,), daemon=True)
        threads.append(prover)
        for thread in threads:
            thread.start()
        while self.left() > 0 and not self._over.wait(0.02):
            if not any(thread.is_alive() for thread in threads):
                return
            if improver not in threads and self.best is not None:
                improver.start()
                threads.append(improver)
        self._over.set()
        for solver in list(self._running.values()):
            solver.stop_search()
        for thread in threads:
            thread.join(timeout=1.0)

    def _one_after_the_other(self, rounds: int) -> None:
        if self.best is None:
            self._prove(20.0 + rounds)
        if self.best is not None:
            self._improve(self._seed, rounds)
        self._prove(0.3 * rounds)

    def _improve(self, seed: int, rounds: int | None) -> None:
        """Solve one neighbourhood after the other."""
        around = Neighbourhoods(self.numbered, seed)
        turn = 0
        while not self._over.is_set() and (rounds is None or turn < rounds):
            turn += 1
            with self._guard:
                placed, cost = self.best, self.cost
            if placed is None:
                return
            ends = max(start for _, start in placed) + 2 * _DAY
            chosen = around.pick(placed)
            built = Builder(self.numbered, until=ends, around=chosen, hard=False).build()
            built.model.add(built.cost <= int(cost))
            built.hint(placed, self.numbered)
            solver = self._solver(effort=_ROUND_EFFORT, seed=seed + turn)
            if rounds is None:
                solver.parameters.max_time_in_seconds = max(0.05, min(4.0, self.left()))
            status = self._run(solver, built)
            around.learn(status == cp_model.OPTIMAL)
            if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
                self.offer(built.placing(solver))

    def _prove(self, effort: float | None) -> None:
        """The whole model, for a bound and for what the neighbourhoods do not see."""
        numbered = self.numbered
        with self._guard:
            placed = self.best
        until = numbered.problem.horizon
        if placed is not None:
            until = min(until, round(1.5 * plan_of(numbered, placed).makespan) + 2 * _DAY)
        whole = _pairs(numbered) <= _MOST_PAIRS
        built = Builder(numbered, until=until, setups=whole, hard=True).build()
        if placed is not None and whole:
            built.hint(placed, numbered)
        solver = self._solver(effort=effort, seed=self._seed)
        if effort is None:
            solver.parameters.max_time_in_seconds = max(0.05, self.left())

        def tell(bound: float) -> None:
            self._raise_bound(bound)

        solver.best_bound_callback = tell
        status = self._run(solver, built, _Offers(self, built) if whole else None)
        if status == cp_model.INFEASIBLE:
            self._proven_none = until >= numbered.problem.horizon or not any(clock.marks for clock in numbered.clocks)
            self._proven_none = self._proven_none or placed is None
            self._over.set()
        elif status in (cp_model.OPTIMAL, cp_model.FEASIBLE, cp_model.UNKNOWN):
            self._raise_bound(solver.best_objective_bound)

    def _raise_bound(self, bound: float) -> None:
        with self._guard:
            self.bound = max(self.bound, float(bound))
            met = self.missed == 0 and self.cost <= self.bound + 0.5
        if met:
            self._over.set()

    def _solver(self, *, effort: float | None, seed: int) -> cp_model.CpSolver:
        solver = cp_model.CpSolver()
        p = solver.parameters
        p.num_workers, p.random_seed, p.catch_sigint_signal = 1, seed % (2**31), False
        if effort is not None:
            # Without a linear relaxation a neighbourhood is solved several times faster; the whole keeps it for its bound.
            p.max_deterministic_time, p.linearization_level = effort, 0
        return solver

    def _run(
        self, solver: cp_model.CpSolver, built: Built, callback: cp_model.CpSolverSolutionCallback | None = None
    ) -> cp_model.CpSolverStatus | None:
        self._running[id(solver)] = solver
        try:
            if self._over.is_set():
                return None  # somebody was done before it could begin
            return solver.solve(built.model, callback)
        finally:
            self._running.pop(id(solver), None)


class _Offers(cp_model.CpSolverSolutionCallback):
    """Hands every plan of the whole model to the search."""

    def __init__(self, search: _Search, built: Built) -> None:
        super().__init__()
        self._search, self._built = search, built

    def on_solution_callback(self) -> None:
        """Offer the plan."""
        self._search.offer(self._built.placing(self))


def _pairs(numbered: Numbered) -> int:
    """Pairs of neighbours on machines that have set-ups."""
    total = 0
    for machine, data in enumerate(numbered.problem.machines):
        if data.setups or data.other_setup:
            total += sum(any(able == machine for able, _ in step.alternatives) for step in numbered.steps) ** 2
    return total


def evaluate(problem: ScheduleProblem, plan: Plan) -> Plan:
    """The plan with ends, set-ups and costs computed anew for this problem; `KeyError` where an operation is missing."""
    numbered = Numbered(problem)
    known = placings_of(numbered, plan.operations)
    for number, step in enumerate(numbered.steps):
        if number not in known:
            raise KeyError(f"the plan has no place for order {problem.orders[step.order].name!r} step {step.step}")
    made = plan_of(numbered, [known[number] for number in range(len(numbered.steps))])
    return replace(made, bound=min(plan.bound, made.cost))
