"""Better teams: two teams are formed anew together with their factories, for all teams in pairs, while the search cools down.

The six members of two teams can be divided in ten ways; in each the factories of both are shared out by what the one team is
better at for each day. All pairs of a round are tried at once as arrays; worse ways are taken with the odds of simulated
annealing (Kirkpatrick, Gelatt & Vecchi, Science 220, 1983).
"""

import time
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.optimize import linear_sum_assignment

from jasang.optimize.assignment.team_rules import FORBIDDEN, TeamRules

# The ten ways to divide six people into two teams: who of them is in the first, and the places of both teams' members.
_FIRST = np.array([[1.0 if k == 0 or k in two else 0.0 for k in range(6)] for two in combinations(range(1, 6), 2)])
_PLACES = np.array([[np.flatnonzero(row == 1), np.flatnonzero(row == 0)] for row in _FIRST])
_RESEAT_EVERY = 25  # rounds
_COLD = 0.02  # of the first temperature, at the end
_REMEMBERED = 4000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sent:
    """Teams int64 (t, 3), column = skill of the seat; the team of each factory int64 (n,), t = none; other good teams (c, 3)."""

    seats: np.ndarray
    team: np.ndarray
    others: np.ndarray


def form_anew(rules: TeamRules, seats: np.ndarray, team: np.ndarray, *, until: float, seed: int) -> Sent:
    """Teams and where they are sent, better than `seats` and `team` where that was found by `until` (time.perf_counter)."""
    annealing = _Annealing(rules, seats, team, seed)
    limit, began = 400 + 100 * len(seats), time.perf_counter()
    span = max(until - began, 1e-9)
    for number in range(limit):
        done = max(number / limit, (time.perf_counter() - began) / span)
        if done >= 1 or len(seats) < 2:
            break
        annealing.round(_COLD**done if done < 0.93 else 0.0)
        if number % _RESEAT_EVERY == 0:
            annealing.reseat_all()
            annealing.insert()
    annealing.reseat_all()
    annealing.insert()
    return annealing.best()


def value_of(rules: TeamRules, seats: np.ndarray, team: np.ndarray) -> tuple[int, float]:
    """How many factories `team`, int64 (n,) with t = none, serves, and what that is worth."""
    served = np.flatnonzero(team < len(seats))
    mine = rules.share[served[:, None], seats[team[served]]].sum()
    used = np.bincount(team[served], rules.load[0, served], len(seats))
    over = np.maximum(used - _fair_share(rules, seats) * rules.room(seats)[0], 0).sum()
    return served.size, float(mine - rules.fair_cost * over)


def _fair_share(rules: TeamRules, seats: np.ndarray) -> float:
    """The part of its days that a team may carry before it is unfair."""
    days = rules.room(seats)[0].sum()
    return float(min(rules.fair_margin * rules.load[0].sum() / max(days, 1e-9), 1.0))


class _Annealing:
    """The teams and factories as they stand."""

    def __init__(self, rules: TeamRules, seats: np.ndarray, team: np.ndarray, seed: int) -> None:
        self.rules, self.seats, self.team = rules, seats.copy(), team.copy()
        self.random = np.random.default_rng(seed)
        self._known = dict.fromkeys(map(tuple, np.sort(seats, axis=1).tolist()))
        self._first = (seats.copy(), team.copy(), self.value())
        self._warm: float | None = None

    def value(self) -> tuple[int, float]:
        """Factories served, and what that is worth."""
        return value_of(self.rules, self.seats, self.team)

    def best(self) -> Sent:
        """What stands now, or what there was at first where that is better."""
        seats, team, value = self._first
        if self.value() >= value:
            seats, team = self.seats, self.team
        others = np.array(list(self._known)[-_REMEMBERED:], np.int64).reshape(-1, 3)
        return Sent(seats=seats, team=team, others=others)

    def round(self, warmth: float) -> None:
        """Every team meets another; `warmth` from 1 (hot) to 0 (only what is better)."""
        t = len(self.seats)
        order = self.random.permutation(t)
        pairs = order[: t - t % 2].reshape(-1, 2)
        pool = _Pool(self.rules, self.seats, self.team, pairs, _fair_share(self.rules, self.seats))
        if self._warm is None:
            loss = (pool.now[:, None] - pool.best)[np.isfinite(pool.best)]
            loss = loss[(loss > 0) & (loss < -FORBIDDEN / 2)]
            self._warm = 0.35 * float(np.median(loss)) if loss.size else 0.0
        values = np.column_stack([pool.now, pool.best])
        if warmth > 0:
            values = values + warmth * self._warm * self.random.gumbel(size=values.shape)
        else:
            values[:, 1:] -= 1e-9 * np.maximum(1.0, np.abs(values[:, 1:]))
        chosen = values.argmax(axis=1)
        for pair in np.flatnonzero(chosen > 0).tolist():
            self._take(pool, pair, int(chosen[pair]) - 1)

    def _take(self, pool: "_Pool", pair: int, way: int) -> None:
        if not np.isfinite(pool.best[pair, way]):
            return
        first, second = pool.parts(pair, way)
        one, other = pool.teams[pair, way]
        if not (self.rules.lives(one, first, thorough=False) and self.rules.lives(other, second, thorough=False)):
            return
        a, b = pool.pairs[pair]
        self.seats[a], self.seats[b] = self.rules.in_seats(one), self.rules.in_seats(other)
        self.team[first], self.team[second] = a, b
        for members in (one, other):
            key = tuple(sorted(members.tolist()))
            self._known.pop(key, None)  # the last ones are remembered
            self._known[key] = None

    def reseat_all(self) -> None:
        """For one skill after the other, the mentors best for where the teams go, also those in no team."""
        rules, t = self.rules, len(self.seats)
        done = np.flatnonzero(self.team < t)
        gain = np.zeros((t, rules.share.shape[1]))
        np.add.at(gain, self.team[done], rules.share[done])
        for load, limit in zip(rules.load, rules.limit, strict=True):
            carried = np.bincount(self.team[done], load[done], t)
            gain = np.where(limit[None, :] < carried[:, None] - 1e-9, FORBIDDEN / 10, gain)
        for skill in range(3):
            before = self.seats
            after = reseat(before, skill, gain, rules.skilled, rules.leads)
            changed = np.flatnonzero((after != before).any(axis=1))
            if not changed.size or not self._serves(after, changed):
                continue
            self.seats = after

    def _serves(self, seats: np.ndarray, changed: np.ndarray) -> bool:
        """Whether changed teams may and can serve their factories, for the rules that concern all members together."""
        for k in changed.tolist():
            inside = np.flatnonzero(self.team == k)
            if any(not need[inside][:, seats[k]].any(axis=1).all() for need in self.rules.needs):
                return False
            if not self.rules.lives(seats[k], inside, thorough=False):
                return False
        return True

    def insert(self) -> None:
        """Factories without a team go where there is room for them and they score best."""
        t, rules = len(self.seats), self.rules
        undone = np.flatnonzero(self.team == t)
        if not undone.size:
            return
        done = self.team < t
        room = rules.room(self.seats) - np.array([np.bincount(self.team[done], row[done], t) for row in rules.load])
        score = rules.scores(self.seats)[undone]
        for place, i in enumerate(undone.tolist()):
            fits = (room >= rules.load[:, i, None] - 1e-9).all(axis=0) & (score[place] > FORBIDDEN / 2)
            for k in np.argsort(-score[place], kind="stable").tolist():
                if fits[k] and self.rules.lives(
                    self.seats[k], np.append(np.flatnonzero(self.team == k), i), thorough=False
                ):
                    self.team[i] = k
                    room[:, k] -= rules.load[:, i]
                    break


class _Pool:
    """All ways to divide the members and factories of p pairs of teams, as arrays (p, 10, factories)."""

    def __init__(
        self, rules: TeamRules, seats: np.ndarray, team: np.ndarray, pairs: np.ndarray, fair_share: float
    ) -> None:
        self.pairs, self._items = pairs, _factories_of(team, pairs, len(seats))
        here = self._items >= 0
        members = np.concatenate([seats[pairs[:, 0]], seats[pairs[:, 1]]], axis=1)
        points = rules.share[self._items[:, None, :], members[:, :, None]] * here[:, None, :]  # (p, 6, L)
        one = np.einsum("cm,pml->pcl", _FIRST, points)
        other = points.sum(axis=1)[:, None] - one
        one, other = self._with_needs(rules, members, here, one, other)
        self.teams = members[:, _PLACES]  # (p, 10, 2, 3)
        ratio = np.where(here[:, None], (one - other) / self._weight(rules, here)[:, None], -np.inf)
        self._order = np.argsort(-ratio, axis=2, kind="stable")
        gain = np.take_along_axis(one - other, self._order, axis=2)
        value = _sums(np.where(np.take_along_axis(here[:, None] & (ratio > -np.inf), self._order, axis=2), gain, 0.0))
        value = value + other.sum(axis=2)[:, :, None]
        room = rules.room(self.teams)  # (k, p, 10, 2)
        may = np.asarray(rules.valid(self.teams).all(axis=2, keepdims=True))
        mine = team[np.maximum(self._items, 0)] == pairs[:, :1]
        now_is = int(np.flatnonzero((_FIRST[:, :3] == 1).all(axis=1))[0])
        self.now = (np.where(mine, one[:, now_is], other[:, now_is]) * here).sum(axis=1)
        for number, load in enumerate(rules.load):
            taken = np.where(here, load[self._items], 0.0)
            first = _sums(np.take_along_axis(np.broadcast_to(taken[:, None], one.shape), self._order, axis=2))
            rest = taken.sum(axis=1)[:, None, None] - first
            may = may & (first <= room[number, :, :, :1] + 1e-9) & (rest <= room[number, :, :, 1:] + 1e-9)
            if number == 0 and rules.fair_cost:
                fair = fair_share * room[0]
                over = np.maximum(first - fair[:, :, :1], 0) + np.maximum(rest - fair[:, :, 1:], 0)
                value = value - rules.fair_cost * over
                mine_days = (taken * mine).sum(axis=1)
                self.now = self.now - rules.fair_cost * (
                    np.maximum(mine_days - fair[:, now_is, 0], 0)
                    + np.maximum(taken.sum(axis=1) - mine_days - fair[:, now_is, 1], 0)
                )
        value = np.where(may, value, -np.inf)
        self._cut = value.argmax(axis=2)
        self.best = np.take_along_axis(value, self._cut[:, :, None], axis=2)[:, :, 0]
        self._count = here.sum(axis=1)

    def _with_needs(
        self, rules: TeamRules, members: np.ndarray, here: np.ndarray, one: np.ndarray, other: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        for need in rules.needs:
            has = (need[self._items[:, None, :], members[:, :, None]] | ~here[:, None, :]).astype(float)
            first = np.einsum("cm,pml->pcl", _FIRST, has)
            second = has.sum(axis=1)[:, None] - first
            one = one + np.where(first > 0.5, 0.0, FORBIDDEN)
            other = other + np.where(second > 0.5, 0.0, FORBIDDEN)
        return one, other

    def _weight(self, rules: TeamRules, here: np.ndarray) -> np.ndarray:
        """What a factory takes of a team, days and weeks each against their mean."""
        mean = np.maximum(rules.load.mean(axis=1, keepdims=True), 1e-9)
        weight = np.maximum((rules.load / mean).sum(axis=0), 1e-6)
        return np.where(here, weight[self._items], 1.0)

    def parts(self, pair: int, way: int) -> tuple[np.ndarray, np.ndarray]:
        """The factories of the first and of the second team."""
        items = self._items[pair][self._order[pair, way]][: self._count[pair]]
        cut = min(int(self._cut[pair, way]), items.size)
        return items[:cut], items[cut:]


def _sums(values: np.ndarray) -> np.ndarray:
    """Sums of the first 0, 1, 2 … along the last axis."""
    return np.concatenate([np.zeros((*values.shape[:-1], 1)), np.cumsum(values, axis=-1)], axis=-1)


def _factories_of(team: np.ndarray, pairs: np.ndarray, t: int) -> np.ndarray:
    """int64 (p, most): the factories of each pair of teams, filled up with -1."""
    order = np.argsort(team, kind="stable")
    start = np.searchsorted(team[order], np.arange(t + 1))
    of = [order[start[k] : start[k + 1]] for k in range(t)]
    rows = [np.concatenate([of[a], of[b]]) for a, b in pairs.tolist()]
    items = np.full((len(rows), max(1, max((row.size for row in rows), default=1))), -1, np.int64)
    for number, row in enumerate(rows):
        items[number, : row.size] = row
    return items


def reseat(seats: np.ndarray, skill: int, gain: np.ndarray, skilled: np.ndarray, leads: np.ndarray) -> np.ndarray:
    """The best mentors, of those in this seat anywhere and those in no team, for the seat `skill` of each team; `gain` (t, m)."""
    others = np.delete(seats, skill, axis=1)
    open_to = np.setdiff1d(np.arange(len(leads)), others.ravel())
    open_to = open_to[skilled[open_to, skill]]
    led = leads[others].any(axis=1)
    value = gain[:, open_to] - np.where(led[:, None] | leads[open_to][None, :], 0.0, -FORBIDDEN)
    row, column = linear_sum_assignment(value, maximize=True)
    if value[row, column].min() <= FORBIDDEN / 20:
        return seats
    after = seats.copy()
    after[row, skill] = open_to[column]
    return after
