"""Work shared out to people who have only so many days: the problem as arrays, and what a complete answer may at most be worth.

Each of n jobs goes to one of m people; a pair has a score, a person has a capacity of one or two kinds (days, weeks). The
generalised assignment problem (Martello & Toth, Knapsack Problems, 1990, ch. 7), with a price of work above a fair share.
"""

import time
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog

# Pairs a job brings into the first linear programme, and those added where the prices say that one is missing.
_FIRST, _MORE = 8, 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Loads:
    """Jobs and people.

    `score`: float64 (n, m), the larger the better, -inf = forbidden. `load`: float64 (k, n), what job i takes of resource k,
    whoever does it. `capacity`: float64 (k, m). `fair`: float64 (m,) of resource 0, above which each unit costs `fair_cost`.
    """

    score: np.ndarray
    load: np.ndarray
    capacity: np.ndarray
    fair: np.ndarray
    fair_cost: float = 0.0

    def __post_init__(self) -> None:
        for name in ("score", "load", "capacity", "fair"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), float))
        n, m = self.score.shape
        if self.load.ndim != 2 or self.load.shape[1] != n or self.capacity.shape != (self.load.shape[0], m):
            raise ValueError(
                f"expected load (k, {n}) and capacity (k, {m}), got {self.load.shape} and {self.capacity.shape}"
            )
        if self.fair.shape != (m,):
            raise ValueError(f"expected fair ({m},), got {self.fair.shape}")
        if np.isnan(self.score).any() or np.isposinf(self.score).any():
            raise ValueError("scores must be finite, or -inf where a pair is forbidden")
        for name, values in (("load", self.load), ("capacity", self.capacity)):
            if not np.isfinite(values).all() or (values < 0).any():
                raise ValueError(f"{name} must be finite and 0 or more")

    @property
    def allowed(self) -> np.ndarray:
        """bool (n, m)."""
        allowed: np.ndarray = np.isfinite(self.score)
        return allowed

    def used(self, person: np.ndarray) -> np.ndarray:
        """float64 (k, m): what each person carries under `person`, int64 (n,), where -1 or m = nobody."""
        m = self.score.shape[1]
        done = (person >= 0) & (person < m)
        return np.array([np.bincount(person[done], row[done], m) for row in self.load])

    def value(self, person: np.ndarray) -> float:
        """The objective: scores, less what is above the fair share."""
        done = np.flatnonzero((person >= 0) & (person < self.score.shape[1]))
        over = np.maximum(self.used(person)[0] - self.fair, 0).sum() if self.fair_cost else 0.0
        return float(self.score[done, person[done]].sum() - self.fair_cost * over)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prices:
    """What the linear relaxation says.

    `price`: float64 (k, m) of a unit of each person's time. `regret`: float64 (n, m), by how much a pair is worse than the
    job's best at these prices. `share`: float64 (n, m) of each job in the fractional answer.
    """

    price: np.ndarray
    regret: np.ndarray
    share: sp.csr_matrix
    bound: float


def lagrangian_bound(loads: Loads, price: np.ndarray) -> float:
    """No complete answer is worth more than this, whatever the prices (weak duality; Fisher, Management Science 27, 1981)."""
    best = _at_prices(loads, price).max(axis=1)
    first = price[0] @ loads.fair + np.maximum(price[0] - loads.fair_cost, 0) @ (loads.capacity[0] - loads.fair)
    if not loads.fair_cost:
        first = price[0] @ loads.capacity[0]
    return float(best.sum() + first + (price[1:] * loads.capacity[1:]).sum())


def relax(loads: Loads, *, seconds: float = 60.0) -> Prices:
    """Solve the linear relaxation; pairs that cannot matter never enter it. Rough prices where it is not solved in `seconds`."""
    until = time.perf_counter() + seconds
    price = _subgradient(loads)
    net = _at_prices(loads, price)
    chosen = _best_pairs(net, _FIRST) & loads.allowed
    for _ in range(12):
        solved = _restricted(loads, chosen, until - time.perf_counter())
        if solved is None:
            return roughly(loads)
        share, price = solved
        net = _at_prices(loads, price)
        rows = np.asarray(share.argmax(axis=1)).ravel()
        inside = np.where(chosen, net, -np.inf).max(axis=1)
        missing = (net > inside[:, None] + 1e-7) & ~chosen
        if not missing.any() or rows.size == 0:
            break
        chosen |= _best_pairs(np.where(missing, net, -np.inf), _MORE) & missing
    best = net.max(axis=1)[:, None]
    regret = np.full_like(net, np.inf)  # also where nobody may do the job
    np.subtract(best, net, out=regret, where=np.isfinite(best) & np.isfinite(net))
    return Prices(price=price, regret=regret, share=share, bound=lagrangian_bound(loads, price))


def roughly(loads: Loads) -> Prices:
    """Prices by subgradients alone: a hundredth of the time of `relax`, within a few thousandths of its bound."""
    price = _subgradient(loads)
    net = _at_prices(loads, price)
    n, m = net.shape
    best = net.max(axis=1)[:, None]
    regret = np.full_like(net, np.inf)
    np.subtract(best, net, out=regret, where=np.isfinite(best) & np.isfinite(net))
    share = sp.csr_matrix((np.ones(n), (np.arange(n), net.argmax(axis=1))), (n, m))
    return Prices(price=price, regret=regret, share=share, bound=lagrangian_bound(loads, price))


def _at_prices(loads: Loads, price: np.ndarray) -> np.ndarray:
    net: np.ndarray = loads.score - loads.load.T @ price
    return net


def _best_pairs(net: np.ndarray, count: int) -> np.ndarray:
    n, m = net.shape
    count = min(count, m)
    chosen = np.zeros((n, m), bool)
    np.put_along_axis(chosen, np.argpartition(-net, count - 1, axis=1)[:, :count], True, axis=1)
    return chosen


def _subgradient(loads: Loads, rounds: int = 80) -> np.ndarray:
    """Rough prices: dearer where too much is asked for, cheaper where time is left."""
    n, m = loads.score.shape
    finite = loads.score[loads.allowed]
    spread = float(finite.std()) if finite.size else 1.0
    mean_load = np.maximum(loads.load.mean(axis=1), 1e-9)
    price = np.zeros_like(loads.capacity)
    scale = np.maximum(loads.capacity, mean_load[:, None])
    rows = np.arange(n)
    total = np.zeros_like(price)
    for number in range(rounds):
        best = _at_prices(loads, price).argmax(axis=1)
        best[~loads.allowed[rows, best]] = m
        asked = loads.used(best)
        step = 0.5 * spread / mean_load[:, None] / (1 + 0.1 * number)
        price = np.maximum(price + step * np.clip((asked - loads.capacity) / scale, -1, 1), 0)
        if number >= rounds // 2:
            total += price
    return total / (rounds - rounds // 2)


def _restricted(loads: Loads, chosen: np.ndarray, seconds: float) -> tuple[sp.csr_matrix, np.ndarray] | None:
    """The relaxation over the chosen pairs: shares (n, m) and prices (k, m); nothing where time is up.

    A job may stay undone at a cost above all scores.
    """
    (n, m), kinds = loads.score.shape, loads.load.shape[0]
    i, j = np.nonzero(chosen)
    pairs = i.size
    fair = m if loads.fair_cost else 0
    columns = pairs + n + fair
    undone = -nobody_score(loads)
    cost = np.r_[-loads.score[i, j], np.full(n, undone), np.full(fair, loads.fair_cost)]
    number = np.arange(pairs)
    each = sp.csr_matrix((np.ones(pairs + n), (np.r_[i, np.arange(n)], np.arange(pairs + n))), (n, columns))
    rows = [sp.csr_matrix((loads.load[k, i], (j, number)), (m, columns)) for k in range(kinds)]
    limits = [loads.capacity[k] for k in range(kinds)]
    if fair:
        over = sp.csr_matrix((-np.ones(m), (np.arange(m), pairs + n + np.arange(m))), (m, columns))
        rows.append(rows[0] + over)
        limits.append(loads.fair)
    answer = linprog(
        cost, A_ub=sp.vstack(rows, format="csr"), b_ub=np.concatenate(limits), A_eq=each, b_eq=np.ones(n),
        bounds=(0, None), method="highs-ds", options={"time_limit": max(0.01, seconds)},
    )  # fmt: skip
    if answer.status != 0:
        return None
    marginals = -np.asarray(answer.ineqlin.marginals).reshape(-1, m)
    price = np.maximum(marginals[:kinds], 0)
    if fair:
        price[0] += np.maximum(marginals[kinds], 0)
    return sp.csr_matrix((answer.x[:pairs], (i, j)), (n, m)), price


def nobody_score(loads: Loads) -> float:
    """A score so low that a job is left undone only where nothing else is left."""
    finite = loads.score[loads.allowed]
    span = float(finite.max() - finite.min()) if finite.size else 1.0
    most = float(np.abs(finite).max()) if finite.size else 1.0
    return -10.0 * (span + most + 1.0) - loads.fair_cost * float(loads.load[0].max(initial=0.0))
