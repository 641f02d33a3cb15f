"""The exact run length of the zone rules (1, 2, 5, 6) on independent normal values, as a Markov chain (Champ and Woodall 1987).

What a chart remembers is short: which of the last two points lay beyond 2 sigma, which of the last four beyond 1 sigma, and how
many in a row on which side. Those states and the six zones make a chain whose mean time to absorption is the run length.
"""

from functools import lru_cache

import numpy as np
from scipy import sparse, stats
from scipy.sparse.linalg import spsolve

ZONE_RULES = frozenset({1, 2, 5, 6})
BORDERS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
ZONES = (-4, -3, -2, -1, 1, 2, 3, 4)  # 4 = beyond 3 sigma, 1 = within 1 sigma
State = tuple[
    tuple[int, ...], int
]  # levels of the last four points (the nearest first), and the signed run on one side


@lru_cache(maxsize=128)
def zone_rule_run_length(rules: frozenset[int], shift: float, run_of: int) -> float:
    """Mean number of points to the first alarm with the mean `shift` sigma away; rule 2 rings at `run_of` on one side."""
    shares = np.diff(np.concatenate([[0.0], stats.norm.cdf(np.array(BORDERS) - shift), [1.0]]))
    places: dict[State, int] = {((0, 0, 0, 0), 0): 0}
    waiting = list(places)
    rows, columns, chances = [], [], []
    while waiting:
        state = waiting.pop()
        for zone, share in zip(ZONES, shares, strict=True):
            following = _after(state, zone, rules, run_of)
            if following is None:
                continue
            if following not in places:
                places[following] = len(places)
                waiting.append(following)
            rows.append(places[state])
            columns.append(places[following])
            chances.append(share)
    stays = sparse.csc_matrix((chances, (rows, columns)), shape=(len(places), len(places)))
    return float(spsolve(sparse.identity(len(places), format="csc") - stays, np.ones(len(places)))[0])


def _after(state: State, zone: int, rules: frozenset[int], run_of: int) -> State | None:
    """The state after one more point, `None` where it rings."""
    past, run = state
    side, level = (1 if zone > 0 else -1), abs(zone)
    if 1 in rules and level == 4:
        return None
    now = side * min(level - 1, 2)  # 0 within 1 sigma, 1 beyond it, 2 beyond 2 sigma, with the side
    if 5 in rules and level >= 3 and any(side * one == 2 for one in past[:2]):
        return None
    if 6 in rules and level >= 2 and sum(side * one >= 1 for one in past) >= 3:
        return None
    run = (run + side if run * side > 0 else side) if 2 in rules else 0
    if abs(run) >= run_of:
        return None
    near = (now, past[0]) if 5 in rules else (_sign(now), _sign(past[0]))
    far = (_sign(past[1]), _sign(past[2])) if 6 in rules else (0, 0)
    return ((*near, *far) if rules & {5, 6} else (0, 0, 0, 0)), run


def _sign(level: int) -> int:
    return (level > 0) - (level < 0)
