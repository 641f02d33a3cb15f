"""Small problems with teams are solved to the end: one programme over all teams that could be made and where they are sent."""

import time
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import scipy.sparse as sp
from scipy.optimize import Bounds, LinearConstraint, milp

from jasang.optimize.assignment.team_rules import FORBIDDEN, TeamRules

# Pairs of a factory and a team that could be made, up to which the whole programme is tried.
SMALL = 8000
_NODES = 20000  # bounded by these before the clock, so that a seed gives one answer


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExactTeams:
    """Teams int64 (t, 3) in seats and the team of each factory (n,), t = none; a bound of complete answers; whether `proven`."""

    seats: np.ndarray
    team: np.ndarray
    bound: float
    proven: bool


def all_teams(rules: TeamRules) -> np.ndarray | None:
    """Every valid team, int64 (t, 3); nothing where that makes too many pairs for one programme."""
    n, m = rules.share.shape
    if m > 40 or n * m > SMALL:
        return None
    teams = np.array(list(combinations(range(m), 3)), np.int64).reshape(-1, 3)
    teams = teams[rules.valid(teams)]
    return teams if len(teams) * n <= SMALL else None


def solve_exact_teams(
    rules: TeamRules, teams: np.ndarray, until: float, *, gap: float = 1e-6, any_complete: bool = False
) -> ExactTeams | None:
    """The best of all ways, to within `gap`, to make teams of `teams` and send them; nothing where none was found by `until`.

    A price of fairness is left out, as it depends on the teams: the bound holds, but the best is then not proven. With
    `any_complete` scores do not count: any answer that serves all will do, and where there is none, proven, nobody is served.
    """
    score = rules.scores(teams)
    i, k = np.nonzero(score > FORBIDDEN / 2)
    (n, t), pairs, number = score.shape, i.size, np.arange(i.size)
    low = -10.0 * (float(np.abs(score[i, k]).max(initial=0.0)) + 1.0)
    room, columns = rules.room(teams), pairs + n + t
    blocks = [sp.csr_matrix((np.ones(pairs + n), (np.r_[i, np.arange(n)], np.arange(pairs + n))), (n, columns))]
    made = pairs + n + np.arange(t)
    for load, have in zip(rules.load, room, strict=True):  # no more than the days of a team that is made
        values = np.r_[load[i], -have - 1e-9]
        blocks.append(sp.csr_matrix((values, (np.r_[k, np.arange(t)], np.r_[number, made])), (t, columns)))
    ones = np.r_[np.ones(pairs), -np.ones(pairs)]
    blocks.append(sp.csr_matrix((ones, (np.r_[number, number], np.r_[number, made[k]])), (pairs, columns)))
    people = rules.limit.shape[1]
    blocks.append(sp.csr_matrix((np.ones(3 * t), (teams.ravel(), np.repeat(made, 3))), (people, columns)))
    matrix = sp.vstack(blocks, format="csr")
    top = np.r_[np.ones(n), np.zeros(len(room) * t + pairs), np.ones(people)]
    cost = np.r_[-score[i, k], np.full(n, -low), np.zeros(t)]
    bound, most = np.inf, np.ones(columns)
    if any_complete:
        cost, most[pairs : pairs + n] = np.zeros(columns), 0.0
    while (left := until - time.perf_counter()) > 0.05:
        answer = milp(
            cost, constraints=LinearConstraint(matrix, np.r_[np.ones(n), np.full(top.size - n, -np.inf)], top),
            integrality=np.ones(columns), bounds=Bounds(0, most),
            options={"time_limit": left, "node_limit": _NODES, "mip_rel_gap": gap},
        )  # fmt: skip
        if answer.mip_dual_bound is not None:
            bound = min(bound, -float(answer.mip_dual_bound))
        if answer.status == 2:
            return _in_seats(rules, teams, np.full(n, t), np.inf, proven=True)
        if answer.x is None:
            return None
        chosen = answer.x[:pairs] > 0.5
        sent = np.full(n, t)
        sent[i[chosen]] = k[chosen]
        # Residencies that cannot follow each other: this set is too much for this team in every answer.
        late = [
            one
            for one in np.unique(sent[sent < t]).tolist()
            if not rules.lives(teams[one], np.flatnonzero(sent == one))
        ]
        if not late:
            # With factories undone the programme's bound counts their low score and says nothing about complete answers.
            complete = bool((sent < t).all())
            bound = bound if not any_complete and (complete or bound > low / 2) else np.inf
            return _in_seats(
                rules, teams, sent, bound, proven=answer.status == 0 and not rules.fair_cost and not any_complete
            )
        cuts = np.zeros((len(late), columns))
        for row, one in zip(cuts, late, strict=True):
            row[np.flatnonzero((k == one) & (sent[i] == one))] = 1.0
        matrix = sp.vstack([matrix, sp.csr_matrix(cuts)], format="csr")
        top = np.r_[top, cuts.sum(axis=1) - 1.0]
    return None


def _in_seats(rules: TeamRules, teams: np.ndarray, sent: np.ndarray, bound: float, *, proven: bool) -> ExactTeams:
    used = np.unique(sent[sent < len(teams)])
    team = np.full(sent.size, used.size)
    team[sent < len(teams)] = np.searchsorted(used, sent[sent < len(teams)])
    seats = np.array([rules.in_seats(teams[one]) for one in used], np.int64).reshape(-1, 3)
    return ExactTeams(seats=seats, team=team, bound=bound, proven=proven)
