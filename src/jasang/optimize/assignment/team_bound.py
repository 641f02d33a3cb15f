"""What no way to make teams and send them can be worth more than: column generation over teams of three.

Each factory i has a price λ_i, each mentor j a price μ_j. A team T is worth v_T(λ), the best fractional load of factories within
its days at score - λ. Whatever the prices, Σλ + Σμ is a bound if v_T(λ) <= μ(T) for *every* team (weak duality of the linear
relaxation with a column for each team and set of factories; Dantzig & Wolfe, Operations Research 8, 1960; Lübbecke & Desrosiers,
Operations Research 53, 2005). Prices are improved on a small set of teams; then all teams are looked at, and where some are worth
more than their prices, μ is raised until none is, which gives the bound, and those teams join the set.
"""

import time
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog

from jasang.optimize.assignment.team_rules import FORBIDDEN, TeamRules

_MOST_TEAMS = 6_000_000  # of three mentors: above it not all are looked at, and the plain bound stays
_ADDED, _KEPT, _CHUNK, _LOOKED = 4000, 8000, 2000, 250
_EACH = 80  # teams of each mentor that join at a time, at least
_ROUNDS = 60
_MOST_LOOKED = 20_000  # at their own prices, one by one
_BISECTIONS = 7


def plain_bound(rules: TeamRules, rounds: int = 120) -> float:
    """Each factory takes its best mentor for each skill at prices of days that no mentor has twice.

    Weak duality holds for any prices of 0 or more; rough ones are found by subgradients.
    """
    sets = [np.flatnonzero(rules.skilled[:, skill]) for skill in range(3)]
    if any(one.size == 0 for one in sets):
        return 0.0
    # Factories that nobody may serve are in no answer.
    served = np.all([(rules.share[:, one] > FORBIDDEN / 2).any(axis=1) for one in sets], axis=0)
    share, load, limit = rules.share[served], rules.load[0, served], rules.limit[0]
    if not load.size:
        return 0.0
    price, best, rows = np.zeros(limit.size), np.inf, np.arange(load.size)
    spread = 3.0 * float(share[share > FORBIDDEN / 2].std())
    step = 0.5 * spread / max(load.mean(), 1e-9) / 3.0
    # A team has the days of its scarcest member; nobody can be used beyond the own days.
    for number in range(rounds):
        asked, total = np.zeros(limit.size), float(price @ limit)
        for one in sets:
            net = share[:, one] - load[:, None] * price[one]
            chosen = net.argmax(axis=1)
            total += float(net[rows, chosen].sum())
            asked += np.bincount(one[chosen], load, limit.size)
        best = min(best, total)
        scale = np.maximum(limit, max(load.mean(), 1e-9))
        price = np.maximum(price + step / (1 + 0.15 * number) * np.clip((asked - limit) / scale, -1, 1), 0)
    return best


def team_bound(
    rules: TeamRules, known: np.ndarray, factory_price: np.ndarray, load_price: np.ndarray, objective: float, *,
    until: float, gap: float,
) -> float:  # fmt: skip
    """The best bound found by `until` (time.perf_counter), or as soon as it is within `gap` of `objective`.

    Good prices and teams to begin with: `known`, int64 (c, 3); `factory_price`, float64 (n,), of serving a factory; `load_price`,
    float64 (k,), of a day (and week) of a team.
    """
    m = rules.limit.shape[1]
    bound = plain_bound(rules)
    if m * (m - 1) * (m - 2) // 6 > _MOST_TEAMS or not len(known):
        return bound
    master = _Master(rules, known, factory_price, load_price, objective)
    stale, took = 0, 0.4 * max(until - time.perf_counter(), 0.0)
    while time.perf_counter() + took < until and stale < 3 and bound - objective > gap * max(abs(bound), 1e-9):
        master.descend(until - took)
        began = time.perf_counter()
        look = _all_teams(rules, master.factory_price, master.mentor_price, master.load_price, until)
        took = 1.2 * (time.perf_counter() - began)
        if look is None:
            break
        before = bound
        bound = min(bound, master.factory_price.sum() + master.mentor_price.sum() + look.raised)
        stale = stale + 1 if np.isfinite(look.raised) and bound > before - 1e-4 * abs(before) else 0
        if not look.teams.size:
            break
        master.add(_foremost(look, m))
    return bound


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Look:
    """Teams int64 (c, 3) worth more than their members' prices, by how much, and the sum by which the prices must rise."""

    teams: np.ndarray
    worth: np.ndarray
    raised: float


def _foremost(look: _Look, m: int) -> np.ndarray:
    """The teams to learn from: those worth most too much for each mentor, so that all prices move."""
    order = np.argsort(-look.worth, kind="stable")
    count = np.zeros(m, np.int64)
    chosen = []
    for place in order.tolist():
        team = look.teams[place]
        if count[team].min() < _EACH:
            count[team] += 1
            chosen.append(place)
        if len(chosen) == _ADDED:
            break
    return look.teams[chosen]


class _Master:
    """A set of teams, and the best prices for it: λ by subgradients, μ by the linear programme that picks teams."""

    def __init__(
        self, rules: TeamRules, known: np.ndarray, factory_price: np.ndarray, load_price: np.ndarray, objective: float
    ) -> None:
        self.rules, self.objective = rules, objective
        self.factory_price = factory_price.astype(float)
        self.mentor_price = np.zeros(rules.limit.shape[1])
        self.teams = np.unique(np.sort(known, axis=1), axis=0)
        self.load_price = load_price.astype(float)
        self._price = np.repeat(self.load_price[:, None], len(self.teams), axis=1)
        self._step = 1.0

    def add(self, teams: np.ndarray) -> None:
        """Teams join; those that are worth least at the prices leave where there are too many."""
        known = {tuple(team): price for team, price in zip(self.teams.tolist(), self._price.T, strict=True)}
        together = np.unique(np.concatenate([self.teams, np.sort(teams, axis=1)]), axis=0)
        price = np.array([known.get(tuple(team), self.load_price) for team in together.tolist()]).T
        if len(together) > _KEPT:
            net = _worth(self.rules, together, self.factory_price, price) - self.mentor_price[together].sum(axis=1)
            stay = np.sort(np.argsort(-net, kind="stable")[:_KEPT])
            together, price = together[stay], price[:, stay]
        self.teams, self._price = together, price
        self._step = max(self._step, 0.3)

    def descend(self, until: float) -> None:
        """Better prices for the set, by steps along the subgradient (Held, Wolfe & Crowder, Math. Programming 6, 1974)."""
        rules, load = self.rules, self.rules.load
        room = rules.room(self.teams)
        entries = _Entries(rules, self.teams, self.factory_price, self._price)
        best, stale = np.inf, 0
        price, per_team = self.factory_price, self._price
        kept = price, self.mentor_price, per_team, self.load_price
        for _ in range(_ROUNDS):
            if time.perf_counter() > until:
                break
            value, carried, taken = entries.at(price, per_team)
            value = value + (per_team * room).sum(axis=0)
            share, mentor_price = _packing(value, self.teams, rules.limit.shape[1])
            total = float(price.sum() + mentor_price.sum())
            if total < best:
                mean = (per_team * share).sum(axis=1) / max(share.sum(), 1e-9)
                best, stale, kept = total, 0, (price, mentor_price, per_team, mean)
            else:
                stale += 1
            if stale > 12:
                self._step *= 0.6
                stale, (price, _, per_team, _) = 0, kept
                continue
            slope = 1.0 - entries.served(taken, share)
            length = self._step * 0.3 * max(total - self.objective, 1e-4 * abs(total)) / max(float(slope @ slope), 1e-9)
            price = price - length * slope
            excess = np.clip((carried - room) / np.maximum(room, 1e-9), -1, 1)
            scale = max(float(np.median(np.abs(price))), 1e-9) / np.maximum(load.mean(axis=1), 1e-9)
            per_team = np.maximum(per_team + 0.03 * self._step * scale[:, None] * excess, 0.0)
        self.factory_price, self.mentor_price, self._price, self.load_price = kept


class _Entries:
    """The pairs of factory and team that can matter near the prices, as flat arrays."""

    def __init__(self, rules: TeamRules, teams: np.ndarray, price: np.ndarray, per_team: np.ndarray) -> None:
        rows, columns, points = [], [], []
        slack = 0.15 * max(float(np.median(np.abs(price))), 1e-9)
        for start in range(0, len(teams), _CHUNK):
            part = slice(start, start + _CHUNK)
            score = rules.scores(teams[part])
            i, k = np.nonzero(score - price[:, None] - rules.load.T @ per_team[:, part] > -slack)
            rows.append(i)
            columns.append(k + start)
            points.append(score[i, k])
        self._row, self._column = np.concatenate(rows), np.concatenate(columns)
        self._points, self._load = np.concatenate(points), rules.load[:, self._row]
        self._n, self._t = len(price), len(teams)

    def at(self, price: np.ndarray, per_team: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What each team gains without its room, (t,), what it would carry, (k, t), and which entries it takes."""
        net = self._points - price[self._row]
        for one, load in zip(per_team, self._load, strict=True):
            net -= one[self._column] * load
        taken = np.flatnonzero(net > 0)
        column = self._column[taken]
        carried = [np.bincount(column, load[taken], self._t) for load in self._load]
        return np.bincount(column, net[taken], self._t), np.array(carried), taken

    def served(self, taken: np.ndarray, share: np.ndarray) -> np.ndarray:
        """float64 (n,): how often each factory is served where team k is made to the share (t,)."""
        served: np.ndarray = np.bincount(self._row[taken], share[self._column[taken]], self._n)
        return served


def _packing(value: np.ndarray, teams: np.ndarray, m: int) -> tuple[np.ndarray, np.ndarray]:
    """The best fractional choice of teams in which nobody is in more than one, (t,), and the prices of mentors, (m,)."""
    t = len(teams)
    matrix = sp.csr_matrix((np.ones(3 * t), (teams.ravel(), np.repeat(np.arange(t), 3))), (m, t))
    answer = linprog(-value, A_ub=matrix, b_ub=np.ones(m), bounds=(0, None), method="highs-ds")
    price = np.maximum(-np.asarray(answer.ineqlin.marginals), 0.0)
    short = np.maximum(value - price[teams].sum(axis=1), 0.0)  # the last digits
    if short.max(initial=0.0) > 0:
        price += short.max() / 3.0
    return np.asarray(answer.x), price


def _worth(rules: TeamRules, teams: np.ndarray, price: np.ndarray, per_team: np.ndarray) -> np.ndarray:
    """float64 (t,): v_T at most, by the prices (k, t) of each team's days and weeks."""
    worth: np.ndarray = (per_team * rules.room(teams)).sum(axis=0)
    for start in range(0, len(teams), _CHUNK):
        part = slice(start, start + _CHUNK)
        net = rules.scores(teams[part]) - price[:, None] - rules.load.T @ per_team[:, part]
        worth[part] += np.maximum(net, 0.0).sum(axis=0)
    return worth


def _all_teams(
    rules: TeamRules, price: np.ndarray, mentor_price: np.ndarray, load_price: np.ndarray, until: float
) -> _Look | None:
    """All teams that are worth more than their members' prices; nothing where time ran out.

    Most teams could not fill their days at these prices, others are short of them: each is looked at with days for nothing and,
    where that does not rule it out, at the price of days.
    """
    m = len(mentor_price)
    share = np.maximum(rules.share, -1e6).astype(np.float32)
    most = _best_after(share)
    # Sums of thousands of numbers in single precision: this is kept as a margin.
    margin = 1e-4 * max(1.0, float(np.abs(mentor_price).max(initial=0.0)))
    sides = [_Side(rules, share, price, factor * load_price) for factor in (0.0, 1.0)]
    found, worths = [], []
    for j in range(m - 2):
        if time.perf_counter() > until:
            return None
        for k in range(j + 1, m - 1):
            third = np.arange(k + 1, m)
            cost = mentor_price[j] + mentor_price[k] + mentor_price[third] - margin
            may = sides[0].at_most(j, k, third) > cost
            may &= sides[1].at_most(j, k, third) > cost
            third, cost = third[may], cost[may]
            for side in sides:
                if third.size:
                    over = side.worth(share, most, j, k, third) - cost
                    third, cost, over = third[over > 0], cost[over > 0], over[over > 0]
            if third.size:
                found.append(np.column_stack([np.full(third.size, j), np.full(third.size, k), third]))
                worths.append(over)
    teams = np.concatenate(found) if found else np.empty((0, 3), np.int64)
    over, valid = np.concatenate([np.empty(0), *worths]), rules.valid(teams)
    return _look(rules, teams[valid], over[valid], price, mentor_price, load_price)


class _Side:
    """What teams are worth at one price of days (and weeks) for all."""

    def __init__(self, rules: TeamRules, share: np.ndarray, price: np.ndarray, load_price: np.ndarray) -> None:
        self._reduced = (price + load_price @ rules.load).astype(np.float32)
        self._room = load_price[:, None] * rules.limit
        self._pair = _pair_worth(share, self._reduced)

    def at_most(self, j: int, k: int, third: np.ndarray) -> np.ndarray:
        """Quickly, from above, for the teams j, k and each of `third`."""
        pair = self._pair
        bound: np.ndarray = (pair[j, k] + pair[j, third] + pair[k, third]) / 3.0 + self._spare(j, k, third)
        return bound

    def worth(self, share: np.ndarray, most: np.ndarray, j: int, k: int, third: np.ndarray) -> np.ndarray:
        """What the teams j, k and each of `third` gain, with what their days are worth."""
        rest = share[:, j] + share[:, k] - self._reduced
        rows = np.flatnonzero(rest + most[:, k] > 0)
        net = share[rows][:, third] + rest[rows, None]
        worth: np.ndarray = np.maximum(net, 0.0, out=net).sum(axis=0) + self._spare(j, k, third)
        return worth

    def _spare(self, j: int, k: int, third: np.ndarray) -> np.ndarray:
        spare: np.ndarray = np.minimum(
            np.minimum(self._room[:, j], self._room[:, k])[:, None], self._room[:, third]
        ).sum(0)
        return spare


def _pair_worth(share: np.ndarray, reduced: np.ndarray) -> np.ndarray:
    """float32 (m, m): what two members with a third of their mean would gain.

    The positive part is convex, so a team gains at most the mean of its three pairs.
    """
    m = share.shape[1]
    pair = np.zeros((m, m), np.float32)
    for j in range(m):
        pair[j, j:] = np.maximum(1.5 * (share[:, j : j + 1] + share[:, j:]) - reduced[:, None], 0.0).sum(axis=0)
    both: np.ndarray = np.maximum(pair, pair.T)
    return both


def _best_after(share: np.ndarray) -> np.ndarray:
    """(n, m): the best of the columns after each."""
    from_here = np.maximum.accumulate(share[:, ::-1], axis=1)[:, ::-1]
    return np.column_stack([from_here[:, 1:], np.full(len(share), -np.inf, share.dtype)])


def _look(
    rules: TeamRules, teams: np.ndarray, over: np.ndarray, price: np.ndarray, mentor_price: np.ndarray,
    load_price: np.ndarray,
) -> _Look:  # fmt: skip
    """Each team at its own best price of days, by bisection; then the least rise of prices that leaves none worth more.

    `over`: float64 (t,), by how much a team seems to be worth too much. Where that is so of very many, the prices are still
    poor: then there is no bound yet, but the foremost are teams to learn from.
    """
    some = np.argsort(-over, kind="stable")[:_MOST_LOOKED]
    everything, teams = some.size == len(teams), teams[some]
    room, worth = rules.room(teams), np.empty(len(teams))
    for start in range(0, len(teams), _LOOKED):
        part = slice(start, start + _LOOKED)
        net = rules.scores(teams[part]) - price[:, None]
        rows = (net > 0).any(axis=1)
        worth[part] = _at_own_price(net[rows], rules.load[:, rows], room[:, part], load_price)
    worth -= mentor_price[teams].sum(axis=1)
    teams, worth = teams[worth > 0], worth[worth > 0]
    raised = _least_rise(teams, worth, len(mentor_price)) if everything else np.inf
    return _Look(teams=teams, worth=worth, raised=raised)


def _at_own_price(net: np.ndarray, load: np.ndarray, room: np.ndarray, load_price: np.ndarray) -> np.ndarray:
    """float64 (t,): the least, over multiples of the price of days and weeks, of what a team can gain; `net` (n, t)."""
    t = net.shape[1]
    row, column = np.nonzero(net > 0)
    if not row.size:
        return np.zeros(t)
    points = net[row, column]
    unit = np.maximum(load_price, 1e-3 * points.max() / np.maximum(load.mean(axis=1), 1e-9))
    taken, have = (unit @ load)[row], unit @ room
    low, high, multiple = np.zeros(t), np.full(t, 4.0), np.ones(t)
    least = np.bincount(column, points, t)
    for _ in range(_BISECTIONS):
        gain = points - taken * multiple[column]
        gained, its = gain > 0, column[gain > 0]
        least = np.minimum(least, np.bincount(its, gain[gained], t) + multiple * have)
        too_much = np.bincount(its, taken[gained], t) > have
        low, high = np.where(too_much, multiple, low), np.where(too_much, high, multiple)
        multiple = (low + high) / 2.0
    return least


def _least_rise(teams: np.ndarray, worth: np.ndarray, m: int) -> float:
    """The least sum of rises of mentors' prices that covers what each team is worth beyond its price."""
    if not len(teams):
        return 0.0
    t = len(teams)
    matrix = sp.csr_matrix((-np.ones(3 * t), (np.repeat(np.arange(t), 3), teams.ravel())), (t, m))
    answer = linprog(np.ones(m), A_ub=matrix, b_ub=-worth, bounds=(0, None), method="highs-ds")
    flat = m / 3.0 * float(worth.max())  # everybody by a third of the worst: valid, too
    if answer.status != 0:
        return flat
    rise = np.maximum(answer.x, 0.0)
    short = float(np.maximum(worth - rise[teams].sum(axis=1), 0.0).max())
    return min(flat, float(rise.sum()) + m / 3.0 * short)
