"""Why there is no answer: a smallest set of demands that cannot all be met.

First the plain conflicts are looked for, whose smallest set is known exactly (two pins of one factory, a pin against a veto, a
factory nobody may serve, pins beyond a capacity). Else a linear programme says how much can be served at all; where that is not
everything, its demands are dropped one by one as long as the rest still conflicts, so each that remains is needed.
"""

import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog

from jasang.optimize.assignment.exact import SMALL, solve_exact
from jasang.optimize.assignment.improve import Fits
from jasang.optimize.assignment.loads import Loads, Prices, nobody_score
from jasang.optimize.assignment.problem import AssignmentProblem, Demand
from jasang.optimize.assignment.residency import Calendar
from jasang.optimize.assignment.scoring import REASONS
from jasang.plant.text import Text

Item = TypeVar("Item")
# Linear programmes spent on dropping demands one by one.
_TRIALS = 400
# Factories up to which whole programmes are tried, and the seconds they may take.
_WHOLE, _SECONDS = 60, 10.0
# Pairs up to which the linear programme of what can be served is solved.
_PAIRS = 40000
# Factories of a conflict that get a sentence each; of more, one sentence names all.
_NAMED = 20


def plain_conflict(problem: AssignmentProblem, reason: np.ndarray, calendar: Calendar | None) -> tuple[Demand, ...]:
    """A conflict that can be seen without solving anything; empty where there is none. `reason` (n, m) as in `scoring.Scores`."""
    row = {one.id: number for number, one in enumerate(problem.factories)}
    column = {one.id: number for number, one in enumerate(problem.mentors)}
    pinned: dict[str, str] = {}
    for factory, mentor in problem.pins:
        if not problem.team_skills and pinned.setdefault(factory, mentor) != mentor:
            return pin_demand(factory, pinned[factory]), pin_demand(factory, mentor)
        why = REASONS[reason[row[factory], column[mentor]]]
        if why:
            return pin_demand(factory, mentor), excluded(problem, row[factory], [column[mentor]], why)
    for i in np.flatnonzero((reason > 0).all(axis=1)).tolist():
        return (serve_demand(problem, [i]), *_all_excluded(problem, i, reason[i]))
    return _pins_beyond(problem, row, column, calendar)


def _pins_beyond(
    problem: AssignmentProblem, row: dict[str, int], column: dict[str, int], calendar: Calendar | None
) -> tuple[Demand, ...]:
    """The fewest pins of one mentor that are more than the mentor's days, or do not fit the calendar."""
    by_mentor: dict[str, list[str]] = {}
    for factory, mentor in dict.fromkeys(problem.pins):
        by_mentor.setdefault(mentor, []).append(factory)
    for mentor, factories in by_mentor.items():
        limit = problem.mentors[column[mentor]].days
        heaviest = sorted(factories, key=lambda one: -problem.factories[row[one]].days)
        total = np.cumsum([problem.factories[row[one]].days for one in heaviest])
        if limit is not None and total[-1] > limit + 1e-9:
            few = heaviest[: int(np.argmax(total > limit + 1e-9)) + 1]
            return (*(pin_demand(one, mentor) for one in few), capacity_demand(problem, column[mentor]))
        if calendar is not None and calendar.starts(column[mentor], [row[one] for one in factories]) is None:
            few = _few_of_calendar(calendar, column[mentor], factories, row)
            return (*(pin_demand(one, mentor) for one in few), calendar_demand(mentor, calendar.horizon))
    return ()


def _few_of_calendar(calendar: Calendar, mentor: int, factories: list[str], row: dict[str, int]) -> list[str]:
    return shrunk(factories, lambda some: calendar.starts(mentor, [row[one] for one in some]) is None)


def crowded(
    problem: AssignmentProblem, loads: Loads, reason: np.ndarray, fits: Fits | None, prices: Prices
) -> tuple[Demand, ...]:
    """Factories whose only possible mentors have too few days (or weeks) for all of them; empty where no such set is proven."""
    counted = _counted(loads, prices)
    if counted is not None:
        return _crowd(problem, loads, reason, *counted)
    if np.asarray(prices.share.sum(axis=1)).ravel().min(initial=1.0) > 1 - 1e-6:
        return _crowded_whole(problem, loads, reason, fits)  # parts of factories would fit
    if loads.allowed.sum() > _PAIRS:
        return ()
    jobs = _tight(loads, np.arange(loads.score.shape[0]))[0]
    if not jobs.size:
        return _crowded_whole(problem, loads, reason, fits)
    trials = iter(range(_TRIALS))

    def conflicts(some: list[int]) -> bool:
        return next(trials, None) is not None and _tight(loads, np.array(some, np.int64))[0].size > 0

    # Light factories go first: what remains is few and heavy.
    ordered = sorted(jobs.tolist(), key=lambda i: float(loads.load[:, i].sum()))
    jobs = np.array(sorted(shrunk(ordered, conflicts)), np.int64)
    return _crowd(problem, loads, reason, jobs, _tight(loads, jobs)[1])


def _counted(loads: Loads, prices: Prices) -> tuple[np.ndarray, np.ndarray] | None:
    """The fewest jobs that only the dearest people may do and that together are more than these have."""
    best: tuple[np.ndarray, np.ndarray] | None = None
    for row, have, price in zip(loads.load, loads.capacity, prices.price, strict=True):
        for level in np.quantile(price, np.linspace(0, 0.98, 25)):
            people = np.flatnonzero(price >= level)
            outside = np.setdiff1d(np.arange(price.size), people)
            jobs = np.flatnonzero(~loads.allowed[:, outside].any(axis=1))
            heavy = jobs[np.argsort(-row[jobs], kind="stable")]
            over = np.cumsum(row[heavy]) > have[people].sum() + 1e-9
            if over.any():
                few = np.sort(heavy[: int(np.argmax(over)) + 1])
                if best is None or few.size < best[0].size:
                    best = few, people
    return best


def _crowded_whole(
    problem: AssignmentProblem, loads: Loads, reason: np.ndarray, fits: Fits | None
) -> tuple[Demand, ...]:
    """The same where only whole factories or the calendar do not fit: proven by exact programmes, so for small problems only."""
    if loads.allowed.sum() > SMALL or loads.score.shape[0] > _WHOLE:
        return ()
    until = time.perf_counter() + _SECONDS

    def conflicts(some: list[int]) -> bool:
        rows = np.array(some, np.int64)
        part = Loads(score=loads.score[rows], load=loads.load[:, rows], capacity=loads.capacity, fair=loads.capacity[0])
        found = solve_exact(part, None if fits is None else lambda j, inside: fits(j, rows[inside]), until)
        return found.bound < 0.5 * nobody_score(part)

    every = sorted(range(loads.score.shape[0]), key=lambda i: float(loads.load[:, i].sum()))
    if not conflicts(every):
        return ()
    jobs = np.array(sorted(shrunk(every, conflicts)), np.int64)
    return _crowd(problem, loads, reason, jobs, np.flatnonzero(loads.allowed[jobs].any(axis=0)))


def _crowd(
    problem: AssignmentProblem, loads: Loads, reason: np.ndarray, jobs: np.ndarray, people: np.ndarray
) -> tuple[Demand, ...]:
    """The demands of jobs that are too much for people."""
    demands = [serve_demand(problem, [int(i)]) for i in jobs] if jobs.size <= _NAMED else [_serve_all(problem, jobs)]
    short_days = loads.load[0, jobs].sum() > loads.capacity[0, people].sum()
    if people.size <= 12:
        demands += [capacity_demand(problem, int(j), weeks=not short_days) for j in people]
    else:
        demands.append(_many_capacities(problem, people, loads, weeks=not short_days))
    outside = np.setdiff1d(np.arange(len(problem.mentors)), people)
    for code, why in enumerate(REASONS[1:], start=1):
        out = outside[(reason[np.ix_(jobs, outside)] == code).any(axis=0)]
        if out.size:
            demands.append(_group_excluded(problem, jobs, out, why))
    return tuple(demands)


def _tight(loads: Loads, jobs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Jobs and people of a set that is overfull even where jobs may be split; empty where all of `jobs` fit."""
    i, j = np.nonzero(loads.allowed[jobs])
    pairs, m = i.size, loads.score.shape[1]
    number = np.arange(pairs)
    rows = [sp.csr_matrix((loads.load[k, jobs[i]], (j, number)), (m, pairs)) for k in range(len(loads.load))]
    each = sp.csr_matrix((np.ones(pairs), (i, number)), (jobs.size, pairs))
    answer = linprog(
        -np.ones(pairs), A_ub=sp.vstack([each, *rows], format="csr"),
        b_ub=np.concatenate([np.ones(jobs.size), *loads.capacity]), bounds=(0, None), method="highs-ds",
    )  # fmt: skip
    if -answer.fun >= jobs.size - 1e-6:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    dual = -np.asarray(answer.ineqlin.marginals)
    # By duality only priced people bound what is served, and jobs priced at 1 are served at no cost to the others.
    scarce = np.flatnonzero((dual[jobs.size :].reshape(-1, m) > 1e-9).any(axis=0))
    unfilled = jobs[dual[: jobs.size] < 1 - 1e-9]
    return unfilled, scarce


def shrunk(items: list[Item], conflicts: Callable[[list[Item]], bool]) -> list[Item]:
    """The items without those that the conflict does not need: in halves first, then one by one (a deletion filter; Chinneck,
    Feasibility and Infeasibility in Optimization, 2008, ch. 6)."""
    kept, step = list(items), max(1, len(items) // 2)
    while True:
        place = 0
        while place < len(kept):
            fewer = kept[:place] + kept[place + step :]
            if fewer and conflicts(fewer):
                kept = fewer
            else:
                place += step
        if step == 1:
            return kept
        step = max(1, step // 2)


def pin_demand(factory: str, mentor: str) -> Demand:
    """A person has fixed the pair."""
    text = Text(ko=f"{factory}에는 {mentor}을(를) 보내기로 고정했습니다.", en=f"{factory} is pinned to {mentor}.")
    return Demand(kind="pin", factories=(factory,), mentors=(mentor,), text=text)


def capacity_demand(problem: AssignmentProblem, j: int, *, weeks: bool = False) -> Demand:
    """A mentor has only so many days (or weeks)."""
    mentor = problem.mentors[j]
    if weeks or mentor.days is None:
        return calendar_demand(mentor.id, problem.horizon or 0)
    text = Text(
        ko=f"{mentor.id}이(가) 낼 수 있는 날은 {mentor.days:g}일입니다.", en=f"{mentor.id} has {mentor.days:g} days."
    )
    return Demand(kind="capacity", factories=(), mentors=(mentor.id,), text=text)


def calendar_demand(mentor: str, horizon: int) -> Demand:
    """A mentor lives in one factory at a time."""
    text = Text(
        ko=f"{mentor}은(는) 한 번에 한 공장에만 머물 수 있고 계획은 {horizon}주입니다.",
        en=f"{mentor} lives in one factory at a time, and the plan has {horizon} weeks.",
    )
    return Demand(kind="calendar", factories=(), mentors=(mentor,), text=text)


def serve_demand(problem: AssignmentProblem, rows: list[int]) -> Demand:
    """The factory of the first row must be served."""
    factory = problem.factories[rows[0]]
    weeks_ko, weeks_en = (f", {factory.weeks}주", f", {factory.weeks} weeks") if factory.weeks else ("", "")
    text = Text(
        ko=f"{factory.id}에는 멘토가 있어야 합니다({factory.days:g}일{weeks_ko}).",
        en=f"{factory.id} must be served ({factory.days:g} days{weeks_en}).",
    )
    return Demand(kind="serve", factories=(factory.id,), mentors=(), text=text)


def _serve_all(problem: AssignmentProblem, jobs: np.ndarray) -> Demand:
    names = tuple(problem.factories[i].id for i in jobs.tolist())
    days = sum(problem.factories[i].days for i in jobs.tolist())
    weeks = sum(problem.factories[i].weeks or 0 for i in jobs.tolist())
    weeks_ko, weeks_en = (f", {weeks}주", f", {weeks} weeks") if weeks else ("", "")
    text = Text(
        ko=f"공장 {len(names)}곳({_some(names, 'ko')})에 모두 멘토가 있어야 합니다({days:g}일{weeks_ko}).",
        en=f"{len(names)} factories ({_some(names, 'en')}) must be served ({days:g} days{weeks_en}).",
    )
    return Demand(kind="serve", factories=names, mentors=(), text=text)


_WHY = {
    "conflict": ("이해관계가 있어", "has a conflict of interest with", "have a conflict of interest with"),
    "veto": ("사람이 제외해서", "was ruled out by a person for", "were ruled out by a person for"),
    "required": ("꼭 필요한 기술이 없어", "lacks a required skill of", "lack a required skill of"),
    "days": ("낼 수 있는 날이 모자라", "has fewer days than are needed by", "have fewer days than are needed by"),
    "weeks": ("머물 수 있는 주가 맞지 않아", "has no stretch of weeks for", "have no stretch of weeks for"),
}


def excluded(problem: AssignmentProblem, i: int, columns: list[int], why: str) -> Demand:
    """These mentors, by column, may not serve factory `i`, for one of REASONS."""
    names = tuple(problem.mentors[j].id for j in columns)
    factory = problem.factories[i].id
    ko, one, many = _WHY[why]
    text = Text(
        ko=f"{_some(names, 'ko')}은(는) {ko} {factory}에 갈 수 없습니다.",
        en=f"{_some(names, 'en')} {one if len(names) == 1 else many} {factory}.",
    )
    return Demand(kind=why, factories=(factory,), mentors=names, text=text)


def _all_excluded(problem: AssignmentProblem, i: int, reasons: np.ndarray) -> list[Demand]:
    return [
        excluded(problem, i, np.flatnonzero(reasons == code).tolist(), why)
        for code, why in enumerate(REASONS)
        if why and (reasons == code).any()
    ]


def _group_excluded(problem: AssignmentProblem, jobs: np.ndarray, people: np.ndarray, why: str) -> Demand:
    names = tuple(problem.mentors[j].id for j in people.tolist())
    factories = tuple(problem.factories[i].id for i in jobs.tolist())
    ko, one, many = _WHY[why]
    text = Text(
        ko=f"{_some(names, 'ko')}은(는) {ko} {_some(factories, 'ko')}에 갈 수 없습니다.",
        en=f"{_some(names, 'en')} {one if len(names) == 1 else many} {_some(factories, 'en')}.",
    )
    return Demand(kind=why, factories=factories, mentors=names, text=text)


def _many_capacities(problem: AssignmentProblem, people: np.ndarray, loads: Loads, *, weeks: bool) -> Demand:
    names = tuple(problem.mentors[j].id for j in people.tolist())
    kind = len(loads.capacity) - 1 if weeks else 0
    total = loads.capacity[kind, people].sum()
    unit = ("주", "weeks") if weeks else ("일", "days")
    text = Text(
        ko=f"멘토 {len(names)}명({_some(names, 'ko')})이 낼 수 있는 것은 모두 {total:g}{unit[0]}입니다.",
        en=f"{len(names)} mentors ({_some(names, 'en')}) have {total:g} {unit[1]} in all.",
    )
    return Demand(kind="capacity", factories=(), mentors=names, text=text)


def _some(names: tuple[str, ...], language: str) -> str:
    if len(names) <= 3:
        return ", ".join(names)
    more = len(names) - 3
    return ", ".join(names[:3]) + (f" 외 {more}" if language == "ko" else f" and {more} more")
