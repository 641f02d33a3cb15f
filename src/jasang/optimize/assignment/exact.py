"""Small problems are solved to the end: the whole programme, with cuts where residencies do not fit the calendar."""

import time
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.optimize import Bounds, LinearConstraint, milp

from jasang.optimize.assignment.improve import Fits
from jasang.optimize.assignment.loads import Loads, nobody_score

# Pairs up to which a whole programme is tried before the search.
SMALL = 5000
# Nodes of branch and bound: bounded by these before the clock, so that a seed gives one answer.
_NODES = 20000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exact:
    """What was found, int64 (n,) with m = nobody (nothing where not one answer was), and a bound of complete answers."""

    person: np.ndarray | None
    bound: float


def solve_exact(loads: Loads, fits: Fits | None, until: float) -> Exact:
    """The whole programme; after `until` (time.perf_counter) what is known by then."""
    (n, m), kinds = loads.score.shape, len(loads.load)
    i, j = np.nonzero(loads.allowed)
    pairs, low = i.size, nobody_score(loads)
    over = m if loads.fair_cost else 0
    columns = pairs + n + over
    cost = np.r_[-loads.score[i, j], np.full(n, -low), np.full(over, loads.fair_cost)]
    number = np.arange(pairs)
    rows = [sp.csr_matrix((np.ones(pairs + n), (np.r_[i, np.arange(n)], np.arange(pairs + n))), (n, columns))]
    rows += [sp.csr_matrix((loads.load[k, i], (j, number)), (m, columns)) for k in range(kinds)]
    upper = [np.ones(n), *loads.capacity]
    if over:
        rows.append(rows[1] - sp.csr_matrix((np.ones(m), (np.arange(m), pairs + n + np.arange(m))), (m, columns)))
        upper.append(loads.fair)
    matrix, top = sp.vstack(rows, format="csr"), np.concatenate(upper)
    bottom = np.where(np.arange(top.size) < n, 1.0, -np.inf)
    bound = np.inf
    while (left := until - time.perf_counter()) > 0.05:
        answer = milp(
            cost, constraints=LinearConstraint(matrix, bottom, top + 1e-9),
            integrality=np.r_[np.ones(pairs + n), np.zeros(over)],
            bounds=Bounds(0, np.r_[np.ones(pairs + n), np.full(over, np.inf)]),
            options={"time_limit": left, "node_limit": _NODES, "mip_rel_gap": 1e-6},
        )  # fmt: skip
        if answer.mip_dual_bound is not None:
            bound = min(bound, -float(answer.mip_dual_bound))
        if answer.x is None:
            break
        person = np.full(n, m)
        chosen = answer.x[:pairs] > 0.5
        person[i[chosen]] = j[chosen]
        cuts = _cuts(person, m, fits)
        if not cuts:
            return Exact(person=person, bound=bound)
        # The same set of factories is too much for this mentor in every answer.
        extra = np.zeros((len(cuts), columns))
        for row, (mentor, inside) in zip(extra, cuts, strict=True):
            row[np.flatnonzero((j == mentor) & np.isin(i, inside))] = 1.0
        matrix = sp.vstack([matrix, sp.csr_matrix(extra)], format="csr")
        top = np.concatenate([top, [len(inside) - 1.0 for _, inside in cuts]])
        bottom = np.concatenate([bottom, np.full(len(cuts), -np.inf)])
    return Exact(person=None, bound=bound)


def _cuts(person: np.ndarray, m: int, fits: Fits | None) -> list[tuple[int, np.ndarray]]:
    """Mentors whose residencies do not fit, each with a set that is too much and from which none can be left out."""
    found = []
    for mentor in range(m) if fits is not None else ():
        inside = np.flatnonzero(person == mentor)
        if fits is None or fits(mentor, inside):
            continue
        for one in inside.tolist():
            fewer = inside[inside != one]
            if not fits(mentor, fewer):
                inside = fewer
        found.append((mentor, inside))
    return found
