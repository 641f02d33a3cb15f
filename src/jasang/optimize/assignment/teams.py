"""Teams of three: who works with whom, and which factories each team serves one after the other.

A team holds one mentor for each of the three skills, one of them a leader. Its score for a factory is the mean of its members'
scores; it has the days of its scarcest member. Teams of mentors who suit the same factories come first, then a search forms
teams and their factories anew (team_search), the sending is refined for the teams found, and the bound over all ways to make
teams takes the time that is left (team_bound).
"""

import time
from dataclasses import replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from jasang.optimize.assignment.improve import construct
from jasang.optimize.assignment.loads import Loads, Prices, roughly
from jasang.optimize.assignment.problem import Assignment, AssignmentProblem, Demand
from jasang.optimize.assignment.residency import Calendar
from jasang.optimize.assignment.scoring import HAS_SKILL, REASONS, Scores
from jasang.optimize.assignment.search import Clock, Fits, answer_of, gap_of, placements_of, search, status_of
from jasang.optimize.assignment.team_bound import plain_bound, team_bound
from jasang.optimize.assignment.team_conflicts import (
    crowded_teams,
    no_team,
    team_conflict,
    together_in_teams,
    unfit_team,
)
from jasang.optimize.assignment.team_exact import ExactTeams, all_teams, solve_exact_teams
from jasang.optimize.assignment.team_rules import FORBIDDEN, TeamRules, team_rules
from jasang.optimize.assignment.team_search import Sent, form_anew, reseat, value_of

# Parts of the time after which teams are made, and sent; the bound has the rest. A small problem is first tried as a whole, in
# the first part of its time; the others are then parts of what is left.
_MADE, _SENT = 0.4, 0.5
_EXACT, _ANY, _CONFLICT = 0.7, 0.5, 0.7


def solve_teams(
    problem: AssignmentProblem,
    scores: Scores,
    calendar: Calendar | None,
    conflict: tuple[Demand, ...],
    clock: Clock,
    seed: int,
) -> Assignment:
    """Make teams and send them; `scores` are those of single mentors."""
    names = [one.id for one in problem.factories]
    rules = team_rules(problem, scores, calendar)
    if problem.teams:
        seats = _given_teams(problem)
        conflict = conflict or unfit_team(problem, rules, seats)
        bound = np.inf
    else:
        bound = plain_bound(rules)
        seats = together_in_teams(problem, rules, _first_teams(problem, scores, rules, seed))
    if not len(seats):
        conflict = conflict or no_team(problem, rules)
        return answer_of("infeasible", 0.0, bound, clock, (), tuple(names), conflict)
    conflict = conflict or team_conflict(problem, scores, rules, seats if problem.teams else None)
    start, known, sending, exact = None, np.empty((0, 3), np.int64), clock, None
    if not problem.teams:
        exact, impossible = _whole(rules, clock)
        if impossible:
            conflict = conflict or crowded_teams(problem, scores, _after(_CONFLICT, clock))
        began = time.perf_counter()
        bounded = exact is not None and np.isfinite(exact.bound)  # then no time need be kept for the bound
        sent_by = 1.0 if bounded else _SENT
        sending = replace(clock, seconds=began - clock.began + sent_by * (clock.began + clock.seconds - began))
        if exact is not None and exact.proven and len(exact.seats):
            seats, start = exact.seats, exact.team
        else:
            sent = _better_teams(problem, scores, rules, seats, began, clock.until, seed)
            seats, start, known = sent.seats, sent.team, sent.others
            if (
                exact is not None
                and len(exact.seats)
                and value_of(rules, exact.seats, exact.team) > value_of(rules, seats, start)
            ):
                seats, start = exact.seats, exact.team
    joined, loads, free = _sending(problem, scores, calendar, seats)
    fits = None if free is None or free.plain else Fits(free)
    person, prices = search(loads, np.full(len(names), -1), fits, sending, seed, start)
    undone = np.flatnonzero(person < 0)
    objective = loads.value(person)
    if undone.size and not problem.teams:
        conflict = conflict or crowded_teams(problem, scores, clock.until)
    if problem.teams:
        bound = min(bound, prices.bound)
    elif exact is not None and np.isfinite(exact.bound):
        bound = min(bound, exact.bound)
    elif not conflict:
        bound = min(bound, _bound(rules, known, seats, loads, prices, objective, undone.size, clock))
    bound = max(bound, objective)  # the last digits, and what is reached where not all can be served
    groups = [_named(problem, team, rules.leads) for team in seats]
    pinned = {factory for factory, _ in problem.pins}
    held = np.array([0 if name in pinned else -1 for name in names])
    return answer_of(
        status_of(undone.size > 0, conflict, gap_of(objective, bound)), objective, bound, clock,
        placements_of(names, groups, joined, loads, person, held, prices, free),
        tuple(names[i] for i in undone.tolist()), conflict, tuple(groups), prices.bound,
    )  # fmt: skip


def _whole(rules: TeamRules, clock: Clock) -> tuple[ExactTeams | None, bool]:
    """The best answer of a small problem where its part of the time is enough, else any that serves all; whether none does."""
    teams = all_teams(rules)
    if teams is None:
        return None, False
    best = solve_exact_teams(rules, teams, _after(_EXACT, clock), gap=max(1e-6, 0.5 * clock.gap))
    if best is not None and (best.team < len(best.seats)).all():
        return best, False
    some = solve_exact_teams(rules, teams, _after(_ANY, clock), any_complete=True)
    if some is None or some.proven:
        return best, some is not None
    return (some if best is None else replace(some, bound=best.bound)), False


def _after(part: float, clock: Clock) -> float:
    """The moment when this part of the time that is left is over."""
    now = time.perf_counter()
    return now + part * max(0.0, clock.until - now)


def _bound(
    rules: TeamRules, known: np.ndarray, seats: np.ndarray, loads: Loads, prices: Prices, objective: float, undone: int,
    clock: Clock,
) -> float:  # fmt: skip
    """The bound over all ways to make teams, in the time that is left, from the prices of the teams that were made."""
    net = loads.score - loads.load.T @ prices.price
    worth = net.max(axis=1, initial=-np.inf)
    worth = np.where(np.isfinite(worth), worth, worth[np.isfinite(worth)].min(initial=0.0))
    # Factories that are not served leave the objective too low to steer by.
    aim = objective + undone * float(worth.mean())
    return team_bound(
        rules, np.concatenate([known, seats]), worth, prices.price.mean(axis=1), aim, until=clock.until, gap=clock.gap
    )


def _given_teams(problem: AssignmentProblem) -> np.ndarray:
    column = {one.id: number for number, one in enumerate(problem.mentors)}
    return np.array([[column[name] for name in team] for team in problem.teams], np.int64)


def _first_teams(problem: AssignmentProblem, scores: Scores, rules: TeamRules, seed: int) -> np.ndarray:
    """int64 (t, 3): as many teams as mentors allow, of mentors who suit the same factories; column = skill of the seat."""
    count = len(problem.mentors) // 3
    suited = np.where(scores.reason == 0, scores.total, np.nan)
    known = np.isfinite(suited)
    mean = np.where(known, suited, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    suited = np.where(known, suited - mean[:, None], -5.0)
    suited = np.exp(np.clip(suited / max(float(suited.std()), 1e-9) * 2, -8, 8))
    suited /= suited.sum(axis=1, keepdims=True)
    alike = suited.T @ suited
    random = np.random.default_rng(seed)
    for teams in range(count, 0, -1):
        seats = _seated(teams, alike, rules.skilled, rules.leads, random)
        if seats is not None:
            return seats
    return np.empty((0, 3), np.int64)


def _seated(
    teams: int, alike: np.ndarray, skilled: np.ndarray, leads: np.ndarray, random: np.random.Generator
) -> np.ndarray | None:
    """Mentors in the seats of `teams` teams; nothing where the skills or leaders do not suffice for so many."""
    m = len(leads)
    # Which skill the leader of each team brings, spread by how many leaders have each.
    have = np.maximum((skilled & leads[:, None]).sum(axis=0), 1e-9)
    seat_of_leader = np.sort(random.choice(3, teams, p=have / have.sum()))
    seats = np.full((teams, 3), -1)
    for attempt in range(3):
        gain = np.full((3 * teams, m), 0.0)
        for skill in range(3):
            may = np.broadcast_to(skilled[:, skill], (teams, m)) & (leads | (seat_of_leader != skill)[:, None])
            gain[skill * teams : (skill + 1) * teams] = np.where(may, random.random((teams, m)) * 1e-3, FORBIDDEN)
        row, column = linear_sum_assignment(gain, maximize=True)
        if len(row) < 3 * teams or gain[row, column].min() <= FORBIDDEN / 2:
            seat_of_leader = np.sort(random.integers(0, 3, teams)) if attempt < 2 else seat_of_leader
            continue
        seats = column[np.argsort(row)].reshape(3, teams).T.copy()
        break
    if seats[0, 0] < 0:
        return None
    for _ in range(12):  # members move to the teams whose others they resemble
        before = seats.copy()
        near = alike[:, seats].sum(axis=2)  # (m, t)
        for skill in range(3):
            seats = reseat(seats, skill, near.T, skilled, leads)
            near = alike[:, seats].sum(axis=2)
        if (before == seats).all():
            break
    return seats


def _better_teams(
    problem: AssignmentProblem,
    scores: Scores,
    rules: TeamRules,
    seats: np.ndarray,
    began: float,
    until: float,
    seed: int,
) -> Sent:
    """Teams and their factories after the search, which has a good part of the time."""
    _, loads, free = _sending(problem, scores, rules.calendar, seats)
    fits = None if free is None or free.plain else Fits(free)
    n, t = loads.score.shape
    team = construct(loads, roughly(loads), np.full(n, t), np.ones(n, bool), fits)
    return form_anew(rules, seats, team, until=began + _MADE * (until - began), seed=seed)


def _sending(
    problem: AssignmentProblem, scores: Scores, calendar: Calendar | None, seats: np.ndarray
) -> tuple[Scores, Loads, Calendar | None]:
    """The teams as if each were one mentor: their scores, the problem as arrays with pins kept, their calendar."""
    joined, days, free = _joined(problem, scores, calendar, seats)
    loads = _team_loads(problem, joined, days, free)
    score = loads.score.copy()
    for i, allowed in _pinned_teams(problem, seats).items():
        score[i, [t for t in range(len(seats)) if t not in allowed]] = -np.inf
    return joined, replace(loads, score=score), free


def _joined(
    problem: AssignmentProblem, scores: Scores, calendar: Calendar | None, seats: np.ndarray
) -> tuple[Scores, np.ndarray, Calendar | None]:
    """Scores (n, t), days (t,) and calendar of the teams. A pair is out where it is for one of the members."""
    reason = scores.reason[:, seats].max(axis=2)
    for skill in sorted({name for one in problem.factories for name in one.required}):
        rows = np.array([skill in one.required for one in problem.factories])
        has = np.array([one.skills.get(skill, 0.0) >= HAS_SKILL for one in problem.mentors])
        lacks = ~has[seats].any(axis=1)
        block = reason[np.ix_(rows, lacks)]
        reason[np.ix_(rows, lacks)] = np.where(block == 0, REASONS.index("required"), block)
    parts = {name: part[:, seats].mean(axis=2) for name, part in scores.parts.items()}
    total = scores.total[:, seats].mean(axis=2)
    all_days = sum(one.days for one in problem.factories)
    limit = np.array([all_days if one.days is None else one.days for one in problem.mentors])
    free = None
    if calendar is not None:
        free = Calendar(
            weeks=calendar.weeks, earliest=calendar.earliest, latest=calendar.latest, horizon=calendar.horizon,
            free=calendar.free[seats].all(axis=1),
        )  # fmt: skip
        reason = np.where((reason == 0) & ~free.may(), REASONS.index("weeks"), reason)
    return Scores(total=total, parts=parts, reason=reason.astype(np.int8)), limit[seats].min(axis=1), free


def _team_loads(problem: AssignmentProblem, joined: Scores, days: np.ndarray, free: Calendar | None) -> Loads:
    load = [np.array([one.days for one in problem.factories], float)]
    capacity = [days]
    if free is not None:
        load.append(free.weeks.astype(float))
        capacity.append(free.capacity())
    fair = np.minimum(problem.weights.fair_margin * load[0].sum() / max(days.sum(), 1e-9), 1.0) * days
    return Loads(
        score=np.where(joined.reason == 0, joined.total, -np.inf), load=np.array(load), capacity=np.array(capacity),
        fair=fair, fair_cost=problem.weights.fairness,
    )  # fmt: skip


def _pinned_teams(problem: AssignmentProblem, seats: np.ndarray) -> dict[int, set[int]]:
    """Teams that hold a pinned mentor of the factory, by row of the factory."""
    row = {one.id: number for number, one in enumerate(problem.factories)}
    column = {one.id: number for number, one in enumerate(problem.mentors)}
    found: dict[int, set[int]] = {}
    for factory, mentor in problem.pins:
        with_him = set(np.flatnonzero((seats == column[mentor]).any(axis=1)).tolist())
        found[row[factory]] = found.get(row[factory], with_him) & with_him
    return found


def _named(problem: AssignmentProblem, team: np.ndarray, leads: np.ndarray) -> tuple[str, ...]:
    order = sorted(range(3), key=lambda seat: (not leads[team[seat]], seat))
    return tuple(problem.mentors[int(team[seat])].id for seat in order)
