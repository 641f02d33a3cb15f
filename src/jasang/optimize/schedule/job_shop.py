"""Job shops, also with a choice of machines, for the makespan: a tabu search for good schedules beside CP-SAT for the bound.

CP-SAT alone finds few good schedules of large shops with two processor threads, and tabu search alone never knows that it has
finished; side by side each stops the other.
"""

from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from time import monotonic, sleep

import numpy as np
from ortools.sat.python import cp_model

from jasang.optimize.schedule.shop_search import search
from jasang.optimize.schedule.shop_state import ShopArrays

# Iterations without a better schedule after which the tabu search starts anew from or between its best.
_PATIENCE, _PATIENCE_WITH_CHOICE = 3000, 1000
# With a choice of machines CP-SAT's bound soon stands still: after this share of the time its thread searches as well.
_PROOF_WITH_CHOICE = 0.25
_MOST_ITERATIONS = 2**31 - 2**20  # the search counts what is forbidden in 32 bits
_prepared = False
Alternative = tuple[int, int]  # machine, time


@dataclass(frozen=True, slots=True, kw_only=True)
class JobShop:
    """Jobs as sequences of operations; an operation is its alternatives (machine, time), times whole numbers of at least 1.

    `release` is the earliest start of each job; nothing = all from 0.
    """

    jobs: tuple[tuple[tuple[Alternative, ...], ...], ...]
    machines: int
    release: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.release and len(self.release) != len(self.jobs):
            raise ValueError(f"{len(self.release)} releases for {len(self.jobs)} jobs")
        for number, job in enumerate(self.jobs):
            for place, operation in enumerate(job):
                if not operation:
                    raise ValueError(f"job {number}, operation {place}: no machine can do it")
                for machine, time in operation:
                    if not 0 <= machine < self.machines or time < 1:
                        raise ValueError(
                            f"job {number}, operation {place}: expected a machine from 0 to {self.machines - 1} and a time of at "
                            f"least 1, got {machine} and {time}"
                        )

    @property
    def operations(self) -> int:
        """Number of operations of all jobs."""
        return sum(map(len, self.jobs))

    def arrays(self) -> ShopArrays:
        """The same as arrays, operations numbered job by job."""
        n, most = self.operations, max((len(one) for job in self.jobs for one in job), default=1)
        before, after = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
        machines, times = np.zeros((n, most), np.int64), np.zeros((n, most), np.int64)
        choices, release = np.zeros(n, np.int64), np.zeros(n, np.int64)
        number = 0
        for place, job in enumerate(self.jobs):
            if job and self.release:
                release[number] = self.release[place]
            for step, operation in enumerate(job):
                before[number] = number - 1 if step else -1
                after[number] = number + 1 if step + 1 < len(job) else -1
                choices[number] = len(operation)
                for one, (machine, time) in enumerate(operation):
                    machines[number, one], times[number, one] = machine, time
                number += 1
        return ShopArrays(
            before=before, after=after, machines=machines, times=times, choices=choices, release=release,
            machine_count=self.machines,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopSolution:
    """A schedule: start and machine of every operation (int64, shape (n,), job by job), its makespan and a proven bound."""

    start: np.ndarray
    machine: np.ndarray
    time: np.ndarray
    makespan: int
    bound: int

    @property
    def gap(self) -> float:
        """By which share of the makespan it may at most be improved; 0 = proven best."""
        return (self.makespan - self.bound) / self.makespan if self.makespan else 0.0


def solve_job_shop(shop: JobShop, *, seconds: float, workers: int = 2, seed: int = 0) -> ShopSolution:
    """The best schedule found in `seconds` of wall time with `workers` threads, at least two of them useful.

    One thread is CP-SAT's as long as it gets on; the others are tabu searches with seeds of their own. The same seed gives the
    same search, but not the same moment of its end. The time counts from when the search is compiled (`prepare_search`).
    """
    prepare_search()
    if not shop.operations:
        empty = np.empty(0, np.int64)
        return ShopSolution(start=empty, machine=empty, time=empty, makespan=0, bound=0)
    arrays = shop.arrays()
    first = _dispatched(shop, arrays)
    searches = [_Search(arrays, first, seed + number) for number in range(max(1, workers - 1))]
    prover = _Prover(arrays, _starts(arrays, *first), searches)
    prover.bound = _simple_bound(shop)
    for one in searches:
        one.signal[1] = prover.bound
        one.start()
    spare = _Search(arrays, first, seed + len(searches))
    bound = _watched(prover, searches, spare, seconds, seed)
    for one in searches:
        one.halt()
    found = [one.best() for one in searches] + ([prover.found] if prover.found is not None else [])
    start, machine, time = min(found, key=lambda schedule: int((schedule[0] + schedule[2]).max()))
    makespan = int((start + time).max())
    bound = min(bound, makespan)
    return ShopSolution(start=start, machine=machine, time=time, makespan=makespan, bound=bound)


def _watched(prover: "_Prover", searches: list["_Search"], spare: "_Search", seconds: float, seed: int) -> int:
    """Let all search until the time is over, the bound is reached or somebody presses Ctrl-C; the bound.

    Where CP-SAT gives up before its time, the spare search takes its place and joins the others.
    """
    ends = monotonic() + seconds
    proof = seconds * (_PROOF_WITH_CHOICE if spare.has_choice else 1.0)
    thread = Thread(target=prover.run, args=(proof, seed), daemon=True)
    thread.start()
    with suppress(KeyboardInterrupt):
        while monotonic() < ends and not prover.proven and not any(one.over for one in searches):
            sleep(0.01)
            if spare not in searches and not thread.is_alive() and not prover.proven:
                spare.signal[1] = prover.bound
                spare.start()
                searches.append(spare)
    prover.stop()
    thread.join()
    return prover.bound


def prepare_search() -> None:
    """Compile the tabu search: 20 to 40 seconds the first time on a machine, then it is kept on the disk and taken from there."""
    global _prepared
    if _prepared:
        return
    tiny = JobShop(jobs=((((0, 1),),),), machines=1)
    arrays = tiny.arrays()
    one = _Search(arrays, _dispatched(tiny, arrays), 0)
    one.signal[1] = 1  # it is over with the first schedule
    one.start()
    one.halt(at_once=False)
    _prepared = True


def _simple_bound(shop: JobShop) -> int:
    """The longest job, all work shared evenly by all machines, and each machine with what only it can do (Carlier 1982)."""
    least = [[min(time for _, time in operation) for operation in job] for job in shop.jobs]
    release = shop.release or (0,) * len(shop.jobs)
    work = -(-sum(map(sum, least)) // shop.machines)
    load, head, tail = [0] * shop.machines, [1 << 60] * shop.machines, [1 << 60] * shop.machines
    for start, job, times in zip(release, shop.jobs, least, strict=True):
        for step, operation in enumerate(job):
            machine, time = operation[0]
            if len(operation) == 1:
                load[machine] += time
                head[machine] = min(head[machine], start + sum(times[:step]))
                tail[machine] = min(tail[machine], sum(times[step + 1 :]))
    alone = [head[k] + load[k] + tail[k] for k in range(shop.machines) if load[k]]
    return max(work, *alone, *(start + sum(job) for start, job in zip(release, least, strict=True)))


Schedule = tuple[np.ndarray, np.ndarray, np.ndarray]  # start, machine, time of each operation
Sequence = tuple[np.ndarray, np.ndarray]  # a topological order of the operations and the chosen alternatives, (n,) each


class _Search:
    """One tabu search in a thread of its own; numba lets go of the interpreter's lock."""

    def __init__(self, arrays: ShopArrays, first: Sequence, seed: int) -> None:
        self._arrays = arrays
        self._order, self._choice = (part.copy() for part in first)
        self.has_choice = bool((arrays.choices > 1).any())
        # From outside: [0] stop now, [1] stop at this makespan; from inside: [2] the best so far.
        self.signal = np.zeros(3, np.int64)
        self._thread = Thread(target=self._run, args=(seed,), daemon=True)

    def _run(self, seed: int) -> None:
        patience = _PATIENCE_WITH_CHOICE if self.has_choice else _PATIENCE
        search(self._arrays, self._order, self._choice, seed, _MOST_ITERATIONS, patience, self.signal)

    def start(self) -> None:
        self._thread.start()

    @property
    def over(self) -> bool:
        """Whether it reached the bound it was given."""
        return not self._thread.is_alive()

    def halt(self, *, at_once: bool = True) -> None:
        """Ask it to stop and wait for that."""
        self.signal[0] = int(at_once)
        self._thread.join()

    def best(self) -> Schedule:
        """The best schedule, after the end."""
        return _starts(self._arrays, self._order, self._choice)


class _Prover(cp_model.CpSolverSolutionCallback):
    """CP-SAT on the same shop: hands its bound to the searches, and stops when one of them has reached it."""

    def __init__(self, arrays: ShopArrays, hint: Schedule, searches: list[_Search]) -> None:
        super().__init__()
        self._arrays, self._searches = arrays, searches
        self.found: Schedule | None = None
        self.bound, self.proven = 0, False
        self._solver = cp_model.CpSolver()
        self._model, self._starts, self._chosen = _cp_model(arrays, hint)

    def run(self, seconds: float, seed: int) -> None:
        """Solve; keeps the proven bound and whether the best is proven."""
        p = self._solver.parameters
        p.max_time_in_seconds, p.num_workers, p.random_seed, p.catch_sigint_signal = seconds, 1, seed, False
        # Seen to help on shops: more propagation, because one thread has no portfolio of searches to fall back on.
        p.use_strong_propagation_in_disjunctive = True
        p.use_dynamic_precedence_in_disjunctive = True
        p.use_overload_checker_in_cumulative = True

        def tell(bound: float) -> None:
            self.bound = max(self.bound, int(np.ceil(bound - 1e-6)))
            for one in self._searches:
                one.signal[1] = self.bound

        self._solver.best_bound_callback = tell
        status = self._solver.solve(self._model, self)
        tell(self._solver.best_objective_bound)
        self.proven = status == cp_model.OPTIMAL

    def stop(self) -> None:
        """Ask it to stop."""
        self._solver.stop_search()

    def on_solution_callback(self) -> None:
        """Keep the schedule."""
        a = self._arrays
        choice = np.array([next((e for e, lit in enumerate(row) if self.boolean_value(lit)), 0) if row else 0
                           for row in self._chosen])  # fmt: skip
        rows = np.arange(choice.size)
        start = np.array([self.value(one) for one in self._starts], dtype=np.int64)
        self.found = start, a.machines[rows, choice], a.times[rows, choice]


def _cp_model(
    a: ShopArrays, hint: Schedule
) -> tuple[cp_model.CpModel, list[cp_model.IntVar], list[list[cp_model.IntVar]]]:
    """Intervals without overlap on each machine; alternatives as optional ones."""
    model = cp_model.CpModel()
    horizon = int((hint[0] + hint[2]).max())
    starts: list[cp_model.IntVar] = []
    chosen: list[list[cp_model.IntVar]] = []
    ends: list[cp_model.LinearExprT] = []
    on_machine: list[list[cp_model.IntervalVar]] = [[] for _ in range(a.machine_count)]
    for i in range(a.before.size):
        start = model.new_int_var(int(a.release[i]), horizon, "")
        literals: list[cp_model.IntVar] = []
        if a.choices[i] == 1:
            interval = model.new_fixed_size_interval_var(start, int(a.times[i, 0]), "")
            on_machine[a.machines[i, 0]].append(interval)
            end: cp_model.LinearExprT = start + int(a.times[i, 0])
        else:
            end = model.new_int_var(0, horizon, "")
            for e in range(a.choices[i]):
                literal = model.new_bool_var("")
                size = int(a.times[i, e])
                on_machine[a.machines[i, e]].append(model.new_optional_interval_var(start, size, end, literal, ""))
                model.add_hint(literal, int(a.machines[i, e]) == int(hint[1][i]))
                literals.append(literal)
            model.add_exactly_one(literals)
        if a.before[i] >= 0:
            model.add(start >= ends[a.before[i]])
        model.add_hint(start, int(hint[0][i]))
        starts.append(start)
        chosen.append(literals)
        ends.append(end)
    for intervals in on_machine:
        model.add_no_overlap(intervals)
    makespan = model.new_int_var(0, horizon, "makespan")
    for i in np.flatnonzero(a.after < 0).tolist():
        model.add(makespan >= ends[i])
    model.minimize(makespan)
    return model, starts, chosen


def _dispatched(shop: JobShop, a: ShopArrays) -> Sequence:
    """A first schedule: the job with most work left goes on, on the machine where it is done first."""
    n, m = a.before.size, a.machine_count
    order, choice = np.zeros(n, np.int64), np.zeros(n, np.int64)
    free_at, ready = np.zeros(m, np.int64), np.array(shop.release or [0] * len(shop.jobs), dtype=np.int64)
    base = np.concatenate([[0], np.cumsum([len(job) for job in shop.jobs])])
    least = [[min(time for _, time in operation) for operation in job] for job in shop.jobs]
    left = np.array([sum(job) for job in least])
    following = np.zeros(len(shop.jobs), np.int64)
    for turn in range(n):
        waiting = [job for job in range(len(shop.jobs)) if following[job] < len(shop.jobs[job])]
        job = max(waiting, key=lambda one: int(left[one]))
        i = int(base[job] + following[job])
        ends = [max(free_at[a.machines[i, e]], ready[job]) + a.times[i, e] for e in range(a.choices[i])]
        choice[i] = int(np.argmin(ends))
        k = int(a.machines[i, choice[i]])
        free_at[k] = ready[job] = ends[choice[i]]
        order[turn] = i
        left[job] -= least[job][following[job]]
        following[job] += 1
    return order, choice


def _starts(a: ShopArrays, order: np.ndarray, choice: np.ndarray) -> Schedule:
    """Earliest starts when the operations are put on their machines in this order."""
    rows = np.arange(order.size)
    machine, time = a.machines[rows, choice], a.times[rows, choice]
    start, free_at = np.zeros(order.size, np.int64), np.zeros(a.machine_count, np.int64)
    for i in order:
        ready = start[a.before[i]] + time[a.before[i]] if a.before[i] >= 0 else 0
        start[i] = max(a.release[i], ready, free_at[machine[i]])
        free_at[machine[i]] = start[i] + time[i]
    return start, machine, time
