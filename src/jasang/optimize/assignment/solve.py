"""`solve_assignment`: who goes to which factory, with a bound, and why; or why there is no answer."""

import time
from dataclasses import dataclass

import numpy as np

from jasang.optimize.assignment.conflicts import crowded, plain_conflict
from jasang.optimize.assignment.loads import Loads
from jasang.optimize.assignment.problem import Assignment, AssignmentProblem, Demand
from jasang.optimize.assignment.residency import Calendar, calendar_of
from jasang.optimize.assignment.scoring import REASONS, Scores, score_pairs
from jasang.optimize.assignment.search import OPTIMAL, Clock, Fits, answer_of, gap_of, placements_of, search, status_of
from jasang.optimize.assignment.teams import solve_teams
from jasang.plant.text import Text


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoadAnswer:
    """Who does each job, int64 (n,), -1 = nobody; objective, bound and gap as in `Assignment`."""

    person: np.ndarray
    objective: float
    bound: float
    gap: float
    seconds: float


def assign_arrays(
    score: np.ndarray,
    load: np.ndarray,
    capacity: np.ndarray,
    *,
    seconds: float = 20.0,
    seed: int = 0,
    gap: float = OPTIMAL,
) -> LoadAnswer:
    """Give each of n jobs to one of m people for the largest sum of scores.

    Parameters
    ----------
    score : float64 (n, m), -inf where a pair is forbidden.
    load : (n,), what each job takes, or (k, n) of k resources.
    capacity : (m,), or (k, m).
    seconds : wall time. seed : of the search. gap : end as soon as the answer is this near to the bound.

    Raises
    ------
    ValueError : shapes do not fit, or loads and capacities are not finite and 0 or more.

    >>> import numpy as np
    >>> assign_arrays(np.array([[5.0, 4.0], [6.0, 1.0]]), np.array([2, 2]), np.array([2, 2])).person.tolist()
    [1, 0]
    """
    began = time.perf_counter()
    score, load, capacity = (np.asarray(values, float) for values in (score, load, capacity))
    if score.ndim != 2 or 0 in score.shape:
        raise ValueError(f"expected scores of at least one job and one person (n, m), got shape {score.shape}")
    load, capacity = np.atleast_2d(load), np.atleast_2d(capacity)
    loads = Loads(score=score, load=load, capacity=capacity, fair=capacity[0])
    person, prices = search(loads, np.full(score.shape[0], -1), None, Clock(began, seconds, gap), seed)
    objective = loads.value(person)
    seconds_used = time.perf_counter() - began
    return LoadAnswer(
        person=person,
        objective=objective,
        bound=prices.bound,
        gap=gap_of(objective, prices.bound),
        seconds=seconds_used,
    )


def solve_assignment(
    problem: AssignmentProblem, *, seconds: float = 20.0, seed: int = 0, gap: float = OPTIMAL
) -> Assignment:
    """The best answer found in `seconds` of wall time; ends sooner at `gap` or when a long search finds nothing better.

    The same seed gives the same answer where the search ends by itself; where the clock ends it, what was reached by then.
    """
    clock = Clock(time.perf_counter(), seconds, gap)
    if not problem.factories:
        return answer_of("optimal", 0.0, 0.0, clock, ())
    if not problem.mentors:
        names = tuple(one.id for one in problem.factories)
        text = Text(ko="멘토가 한 명도 없습니다.", en="There is no mentor.")
        nobody = (Demand(kind="serve", factories=names, mentors=(), text=text),)
        return answer_of("infeasible", 0.0, 0.0, clock, (), names, nobody)
    calendar, scores = calendar_of(problem), score_pairs(problem)
    scores = _with_weeks(scores, calendar)
    conflict = plain_conflict(problem, scores.reason, calendar)
    if problem.team_skills:
        return solve_teams(problem, scores, calendar, conflict, clock, seed)
    pinned, loads = _loads(problem, scores, calendar)
    fits = None if calendar is None or calendar.plain else Fits(calendar)
    person, prices = search(loads, pinned, fits, clock, seed)
    undone = np.flatnonzero(person < 0)
    if undone.size and not conflict:
        conflict = crowded(problem, loads, scores.reason, fits, prices)
    objective = loads.value(person)
    return answer_of(
        status_of(undone.size > 0, conflict, gap_of(objective, prices.bound)), objective, prices.bound, clock,
        placements_of(
            [one.id for one in problem.factories], [(one.id,) for one in problem.mentors], scores, loads, person, pinned,
            prices, calendar,
        ),
        tuple(problem.factories[i].id for i in undone.tolist()), conflict,
    )  # fmt: skip


def _with_weeks(scores: Scores, calendar: Calendar | None) -> Scores:
    if calendar is None:
        return scores
    reason = np.where((scores.reason == 0) & ~calendar.may(), REASONS.index("weeks"), scores.reason)
    return Scores(total=scores.total, parts=scores.parts, reason=reason.astype(np.int8))


def _pins(
    problem: AssignmentProblem, scores: Scores, calendar: Calendar | None, capacity: np.ndarray
) -> tuple[np.ndarray, list[int]]:
    """The pinned mentor of each factory, int64 (n,) with -1 = free, and the factories whose pins are against a rule.

    The latter stay without a mentor: what the answer does not serve is said, and what it serves keeps every rule.
    """
    row = {one.id: number for number, one in enumerate(problem.factories)}
    column = {one.id: number for number, one in enumerate(problem.mentors)}
    pinned, refused = np.full(len(row), -1), []
    room = capacity.copy()
    for factory, mentor in dict.fromkeys(problem.pins):
        i, j = row[factory], column[mentor]
        days = problem.factories[i].days
        inside = [*np.flatnonzero(pinned == j).tolist(), i]
        fits = calendar is None or calendar.starts(j, inside) is not None
        if pinned[i] >= 0 or i in refused or scores.reason[i, j] or days > room[j] + 1e-9 or not fits:
            if pinned[i] >= 0:
                room[pinned[i]] += days
            pinned[i] = -1
            refused.append(i)
        else:
            pinned[i] = j
            room[j] -= days
    return pinned, refused


def _loads(problem: AssignmentProblem, scores: Scores, calendar: Calendar | None) -> tuple[np.ndarray, Loads]:
    """The pinned mentors, int64 (n,) with -1 = free, and the problem as arrays in which a pinned factory has one way to go."""
    load = np.array([one.days for one in problem.factories], float)
    capacity = np.array([load.sum() if one.days is None else one.days for one in problem.mentors], float)
    pinned, refused = _pins(problem, scores, calendar, capacity)
    score = np.where(scores.reason == 0, scores.total, -np.inf)
    held = np.flatnonzero(pinned >= 0)
    score[held] = -np.inf
    score[held, pinned[held]] = scores.total[held, pinned[held]]
    score[refused] = -np.inf
    loads, capacities = [load], [capacity]
    if calendar is not None:
        loads.append(calendar.weeks.astype(float))
        capacities.append(calendar.capacity())
    even = load.sum() / max(capacity.sum(), 1e-9)
    fair = np.minimum(problem.weights.fair_margin * even, 1.0) * capacity
    return pinned, Loads(
        score=score, load=np.array(loads), capacity=np.array(capacities), fair=fair, fair_cost=problem.weights.fairness
    )
