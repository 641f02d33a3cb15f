"""From arrays to an answer in the clock's time: prices, a first answer, a better one, and its placements with reasons."""

import time
from dataclasses import dataclass, replace

import numpy as np

from jasang.optimize.assignment.exact import SMALL, solve_exact
from jasang.optimize.assignment.improve import Effort, construct, improve
from jasang.optimize.assignment.loads import Loads, Prices, nobody_score, relax
from jasang.optimize.assignment.problem import Assignment, Demand, Placement, Status
from jasang.optimize.assignment.residency import Calendar
from jasang.optimize.assignment.rivals import rivals_of
from jasang.optimize.assignment.scoring import Scores

# A gap below which an answer is called optimal.
OPTIMAL = 1e-4


def gap_of(objective: float, bound: float) -> float:
    """By which share of the bound the objective may at most be improved."""
    return max(0.0, bound - objective) / max(abs(bound), 1e-9)


@dataclass(frozen=True, slots=True)
class Clock:
    """When the work began (time.perf_counter), its seconds and the gap at which it may end."""

    began: float
    seconds: float
    gap: float

    @property
    def until(self) -> float:
        """The end, with a little kept back for putting the answer together."""
        return self.began + max(0.0, self.seconds * 0.92 - 0.4)


class Fits:
    """Whether the residencies of a mentor fit the calendar; remembers what was asked."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._known: dict[tuple[int, bytes], bool] = {}

    def __call__(self, mentor: int, factories: np.ndarray) -> bool:
        key = (mentor, np.sort(factories).tobytes())
        if key not in self._known:
            self._known[key] = self._calendar.starts(mentor, factories.tolist()) is not None
        return self._known[key]


def search(
    loads: Loads, pinned: np.ndarray, fits: Fits | None, clock: Clock, seed: int, start: np.ndarray | None = None
) -> tuple[np.ndarray, Prices]:
    """The answer (-1 = nobody) and the prices. `start`: an answer that is known (n,), m = nobody; what is found is no worse."""
    m = loads.score.shape[1]
    prices = relax(loads, seconds=0.6 * max(0.0, clock.until - time.perf_counter()))
    free = pinned < 0
    bound = prices.bound
    if loads.allowed.sum() <= SMALL:
        exact = solve_exact(loads, fits, time.perf_counter() + 0.5 * max(0.0, clock.until - time.perf_counter()))
        # With jobs undone the programme's bound counts them at their low score and says nothing about complete answers.
        if exact.bound > 0.5 * nobody_score(loads):
            bound = min(bound, exact.bound)
        if exact.person is not None:
            value, undone = loads.value(exact.person), bool((exact.person == m).any())
            if undone or gap_of(value, bound) <= max(clock.gap, 1e-6):
                return np.where(exact.person == m, -1, exact.person), replace(prices, bound=max(bound, value))
    person = construct(loads, prices, np.where(free, m, pinned), free, fits)
    if start is not None and _worth(loads, start) > _worth(loads, person):
        person = start
    effort = Effort(until=clock.until, gap=clock.gap, patience=600)
    person = improve(loads, prices, person, free, effort=effort, seed=seed, fits=fits)
    if (person < m).all():
        bound = max(bound, loads.value(person))  # the last digits of two programmes may differ
    return np.where(person == m, -1, person), replace(prices, bound=bound)


def _worth(loads: Loads, person: np.ndarray) -> tuple[int, float]:
    """Jobs done, and the objective."""
    return int((person < loads.score.shape[1]).sum()), loads.value(person)


def placements_of(
    factories: list[str], groups: list[tuple[str, ...]], scores: Scores, loads: Loads, person: np.ndarray,
    pinned: np.ndarray, prices: Prices, calendar: Calendar | None,
) -> tuple[Placement, ...]:  # fmt: skip
    """The placements of `person` (n,), -1 = nobody, where column j of `scores` is the mentor or team `groups[j]`."""
    starts: dict[int, int] = {}
    if calendar is not None:
        for j in np.unique(person[person >= 0]).tolist():
            inside = np.flatnonzero(person == j).tolist()
            starts.update(zip(inside, calendar.starts(j, inside) or [0] * len(inside), strict=True))
    names = [", ".join(one) for one in groups]
    rivals = rivals_of(np.where(scores.reason == 0, scores.total, -np.inf), loads, person, prices, names)
    return tuple(
        Placement(
            factory=factories[i],
            mentors=groups[person[i]],
            score=float(scores.total[i, person[i]]),
            parts={name: float(part[i, person[i]]) for name, part in scores.parts.items()},
            rank=rivals[i][0],
            start=starts.get(i) or None,
            pinned=bool(pinned[i] >= 0),
            rivals=rivals[i][1],
        )
        for i in np.flatnonzero(person >= 0).tolist()
    )


def status_of(undone: bool, conflict: tuple[Demand, ...], gap: float) -> Status:
    """What the answer may be called."""
    if conflict:
        return "infeasible"
    if undone:
        return "incomplete"
    return "optimal" if gap <= OPTIMAL else "feasible"


def answer_of(
    status: Status, objective: float, bound: float, clock: Clock, placements: tuple[Placement, ...],
    unserved: tuple[str, ...] = (), conflict: tuple[Demand, ...] = (), teams: tuple[tuple[str, ...], ...] = (),
    bound_of_teams: float | None = None,
) -> Assignment:  # fmt: skip
    """The answer with its gap and the seconds it took."""
    return Assignment(
        status=status, objective=objective, bound=bound, gap=gap_of(objective, bound),
        seconds=time.perf_counter() - clock.began, placements=placements, unserved=unserved, conflict=conflict, teams=teams,
        bound_of_teams=bound_of_teams,
    )  # fmt: skip
