"""A complete answer from the prices, and a better one: pairs of people share anew, then small groups by exact programmes.

What an answer loses against the bound is known pair by pair (the regret at the prices) and person by person (priced time left
over), so groups are drawn where the loss is, and pairs that would lose too much never enter a programme.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.optimize import Bounds, LinearConstraint, milp

from jasang.optimize.assignment.loads import Loads, Prices, nobody_score
from jasang.optimize.assignment.pairwise import share_anew

# Whether a person can do these jobs (int64 array) within the calendar.
Fits = Callable[[int, np.ndarray], bool]
# Groups solved side by side; fixed, so that the answer does not depend on the processor's cores.
_SIDE_BY_SIDE = 2
_WIDEN = 25  # rounds without gain after which poorer pairs are let in
_NODES = 60  # of branch and bound in one group: bounded by nodes, not by seconds, so that a seed gives one answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """When the search ends: at the clock (`until`, of time.perf_counter), at `gap`, or after `patience` groups without gain."""

    until: float
    gap: float
    patience: int


def construct(loads: Loads, prices: Prices, person: np.ndarray, free: np.ndarray, fits: Fits | None) -> np.ndarray:
    """Jobs that the relaxation gives to one person stay there; the others follow, heaviest first, where they lose least.

    `person` (n,) holds the pinned jobs (elsewhere m = nobody), `free` bool (n,) the others.
    """
    m = loads.score.shape[1]
    person = person.copy()
    share = prices.share.tocsr()
    whole = np.asarray(share.max(axis=1).todense()).ravel() > 0.999
    wanted = np.asarray(share.argmax(axis=1)).ravel()
    whole &= loads.allowed[np.arange(person.size), wanted]
    weight = (loads.load / np.maximum(loads.load.max(axis=1, keepdims=True), 1e-9)).max(axis=0)
    order = sorted(np.flatnonzero(free).tolist(), key=lambda i: (not whole[i], -weight[i], i))
    room = loads.capacity - loads.used(person)
    for i in order:
        need = loads.load[:, i]
        options = [int(wanted[i])] if whole[i] else []
        options += np.argsort(prices.regret[i], kind="stable")[:60].tolist()
        for j in options:
            if loads.allowed[i, j] and (room[:, j] >= need - 1e-9).all():
                if fits is not None and not fits(j, np.append(np.flatnonzero(person == j), i)):
                    continue
                person[i] = j
                room[:, j] -= need
                break
        else:
            person[i] = m
    for i in np.flatnonzero((person == m) & free).tolist():
        _make_room(loads, prices, person, free, room, i, fits)
    return person


def _make_room(
    loads: Loads, prices: Prices, person: np.ndarray, free: np.ndarray, room: np.ndarray, i: int, fits: Fits | None
) -> None:
    """Job `i` takes the place of one that finds another person, where the two lose least; changes `person` and `room`."""
    best: tuple[float, int, int, int] | None = None
    for j in np.argsort(prices.regret[i], kind="stable")[:60].tolist():
        if not loads.allowed[i, j]:
            continue
        for k in np.flatnonzero((person == j) & free).tolist():
            if (room[:, j] + loads.load[:, k] < loads.load[:, i] - 1e-9).any():
                continue
            to = (room >= loads.load[:, k, None] - 1e-9).all(axis=0) & loads.allowed[k]
            to[j] = False
            if not to.any():
                continue
            other = int(np.where(to, prices.regret[k], np.inf).argmin())
            loss = float(prices.regret[i, j] + prices.regret[k, other] - prices.regret[k, j])
            if best is None or loss < best[0]:
                best = loss, j, k, other
    if best is None:
        return
    _, j, k, other = best
    if fits is not None:
        staying = np.flatnonzero(person == j)
        if not fits(j, np.append(staying[staying != k], i)) or not fits(
            other, np.append(np.flatnonzero(person == other), k)
        ):
            return
    room[:, j] += loads.load[:, k] - loads.load[:, i]
    room[:, other] -= loads.load[:, k]
    person[i], person[k] = j, other


def improve(
    loads: Loads, prices: Prices, person: np.ndarray, free: np.ndarray, *, effort: Effort, seed: int, fits: Fits | None
) -> np.ndarray:
    """`person` after the search; never worse, never less complete."""
    random = np.random.default_rng(seed)
    group = _Groups(loads, prices, person, free, fits, random)
    group.share_pairs(effort.until)
    idle = 0
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        while idle < effort.patience and time.perf_counter() < effort.until and not group.within(effort.gap):
            size = group.size()
            drawn = group.draw(_SIDE_BY_SIDE, size)
            answers = list(pool.map(group.solve, drawn))
            gained = [group.accept(people, answer) for people, answer in zip(drawn, answers, strict=True)]
            idle = 0 if any(gained) else idle + 1
            if idle and idle % _WIDEN == 0:
                group.widen()
    return group.person


class _Groups:
    """The answer so far and what it loses where."""

    def __init__(
        self, loads: Loads, prices: Prices, person: np.ndarray, free: np.ndarray, fits: Fits | None,
        random: np.random.Generator,
    ) -> None:  # fmt: skip
        n, m = loads.score.shape
        self.loads, self.prices, self.free, self.fits, self.random = loads, prices, free, fits, random
        self.person, self.nobody = person.copy(), m
        low = nobody_score(loads)
        # Column m is nobody: it has room for everything at a score below all others.
        self.score = np.column_stack([np.where(loads.allowed, loads.score, 4 * low), np.full(n, low)])
        self.regret = np.column_stack([prices.regret, np.full(n, -low)])
        self.capacity = np.column_stack([loads.capacity, loads.load.sum(axis=1)])
        self.fair = np.append(loads.fair, np.inf)
        self.price = np.column_stack([prices.price, np.zeros(len(loads.load))])
        served = self.regret[np.arange(n), self.person]
        # Pairs worse than this are not worth a look: a few times what the answer loses by job, and more where little is lost.
        mean = float(served[self.person < m].mean()) if (self.person < m).any() else 0.0
        self.cut = max(4.0 * mean, 0.01 * abs(prices.bound) / max(n, 1))
        self.near = sp.csc_matrix(self.regret <= self.cut)
        self.hard = np.ones(m + 1)

    def value(self) -> float:
        """Score of the answer, with jobs left undone."""
        return self.loads.value(self.person) + float((self.person == self.nobody).sum() * self.score[0, -1])

    def within(self, gap: float) -> bool:
        """Whether the answer is complete and as near to the bound as asked."""
        bound = self.prices.bound
        return bool(
            (self.person < self.nobody).all() and bound - self.loads.value(self.person) <= gap * max(abs(bound), 1e-9)
        )

    def widen(self) -> None:
        """Let in pairs that lose more."""
        self.cut *= 1.5
        self.near = sp.csc_matrix(self.regret <= self.cut)

    def share_pairs(self, until: float) -> None:
        """Rounds in which everybody shares anew with somebody; only where days are whole numbers and nothing else limits."""
        loads, m = self.loads, self.nobody
        whole = (loads.load == np.round(loads.load)).all() and loads.capacity.max(initial=0) <= 2000
        if not whole or len(loads.load) > 1 or self.fits is not None or m < 2:
            return
        score = self.score.copy()
        fixed = np.flatnonzero(~self.free & (self.person < m))
        score[fixed] = self.score[0, -1] * 4
        score[fixed, self.person[fixed]] = 0.0
        load = np.round(loads.load[0]).astype(np.int64)
        capacity = np.floor(self.capacity[0] + 1e-9).astype(np.int64)
        rounds, until = min(4 * m, 240), min(until, time.perf_counter() + 3.0)
        for _ in range(rounds):
            if time.perf_counter() > until:
                break
            order = self.random.permutation(m)
            pairs = order[: m - m % 2].reshape(-1, 2)
            self.person = share_anew(
                score, load, capacity, self.person, pairs, np.where(np.isfinite(self.fair), self.fair, 1e12),
                loads.fair_cost,
            )  # fmt: skip

    def size(self) -> int:
        """People in a group: about 150 jobs, mixed with smaller and larger groups."""
        jobs = max(1.0, self.person.size / max(1, self.nobody))
        middle = 150.0 / jobs
        return int(np.clip(self.random.uniform(0.5, 1.3) * middle, 2, min(24, self.nobody + 1)))

    def draw(self, count: int, size: int) -> list[np.ndarray]:
        """Disjoint groups of people, int64 ascending: one who loses much, then those near in what they could do."""
        n, m = self.person.size, self.nobody
        rows = np.arange(n)
        left = self.capacity - np.array([np.bincount(self.person, row, m + 1) for row in self.loads.load])
        regret = np.minimum(self.regret[rows, self.person], 50 * self.cut)
        loss = np.bincount(self.person, regret, m + 1) + (self.price * left).sum(axis=0)
        loss = loss / max(loss.mean(), 1e-12) + 0.05
        undone = (self.person == m).any()
        loss[m] = loss[m] + 1.0 if undone else 0.0
        taken = np.zeros(m + 1, bool)
        taken[m] = not undone
        groups = []
        for _ in range(count):
            odds = np.where(taken, 0.0, loss)
            if not taken[m]:  # jobs that nobody does come first
                odds[:m] = 0.0
            if odds.sum() <= 0:
                break
            chosen = [int(self.random.choice(m + 1, p=odds / odds.sum()))]
            taken[chosen[0]] = True
            near = self._near(chosen[0])
            while len(chosen) < size:
                odds = np.where(taken, 0.0, (near + 1e-3) * (loss + 0.2))
                if odds.sum() <= 0:
                    break
                nearest = int(self.random.choice(m + 1, p=odds / odds.sum()))
                chosen.append(nearest)
                taken[nearest] = True
                near = near + self._near(nearest)
            groups.append(np.sort(np.array(chosen, np.int64)))
        return groups

    def _near(self, j: int) -> np.ndarray:
        """float64 (m + 1,): jobs of each person that `j` could well do, and of `j` that each could."""
        could = self.near.indices[self.near.indptr[j] : self.near.indptr[j + 1]]
        his = np.flatnonzero(self.person == j)
        given: np.ndarray = np.bincount(self.person[could], minlength=self.nobody + 1).astype(float)
        # A job that nobody does may go anywhere it may be done at all.
        limit = 4 * abs(self.score[0, -1]) if j == self.nobody else self.cut
        taken: np.ndarray = np.asarray((self.regret[his[:40]] <= limit).sum(axis=0), float)
        near: np.ndarray = given + taken
        return near

    def solve(self, people: np.ndarray) -> np.ndarray | None:
        """The best sharing found for the jobs of `people`: their persons (jobs ascending), nothing where none was found."""
        jobs = self._jobs(people)
        now = np.searchsorted(people, self.person[jobs])
        keep = (self.regret[np.ix_(jobs, people)] <= self.cut) & (
            self.score[np.ix_(jobs, people)] > 2 * self.score[0, -1]
        )
        undone = self.person[jobs] == self.nobody
        # A job that nobody does yet may go to anybody who may do it.
        keep[undone] = self.score[np.ix_(jobs[undone], people)] > 2 * self.score[0, -1]
        keep[np.arange(jobs.size), now] = True
        return self._programme(jobs, people, keep)

    def _jobs(self, people: np.ndarray) -> np.ndarray:
        jobs = np.flatnonzero(np.isin(self.person, people) & self.free)
        undone = jobs[self.person[jobs] == self.nobody]
        if undone.size > 12:  # a few at a time
            jobs = np.setdiff1d(jobs, np.random.default_rng(int(people.sum())).permutation(undone)[12:])
        return jobs

    def _programme(self, jobs: np.ndarray, people: np.ndarray, keep: np.ndarray) -> np.ndarray | None:
        i, j = np.nonzero(keep)
        pairs, kinds = i.size, len(self.loads.load)
        if pairs == jobs.size:
            return None
        over = people.size if self.loads.fair_cost else 0
        number = np.arange(pairs)
        rest = np.array([np.bincount(self.person, row, self.nobody + 1) for row in self.loads.load])[:, people]
        rest -= np.array([np.bincount(self.person[jobs], row[jobs], self.nobody + 1) for row in self.loads.load])[
            :, people
        ]
        rows = [sp.csr_matrix((np.ones(pairs), (i, number)), (jobs.size, pairs + over))]
        upper = [np.ones(jobs.size)]
        for k in range(kinds):
            rows.append(sp.csr_matrix((self.loads.load[k, jobs[i]], (j, number)), (people.size, pairs + over)))
            upper.append(self.capacity[k, people] - rest[k] + 1e-9)
        if over:
            minus = sp.csr_matrix((-np.ones(over), (np.arange(over), pairs + np.arange(over))), (over, pairs + over))
            rows.append(rows[1] + minus)
            upper.append(np.minimum(self.fair[people], 1e9) - rest[0])
        limits = np.concatenate(upper)
        lower = np.full(limits.size, -np.inf)
        lower[: jobs.size] = 1.0
        cost = np.r_[-self.score[jobs[i], people[j]], np.full(over, self.loads.fair_cost)]
        answer = milp(
            cost, constraints=LinearConstraint(sp.vstack(rows, format="csr"), lower, limits),
            integrality=np.r_[np.ones(pairs), np.zeros(over)],
            bounds=Bounds(0, np.r_[np.ones(pairs), np.full(over, np.inf)]),
            options={"node_limit": _NODES, "mip_rel_gap": 1e-4, "time_limit": 3.0},
        )  # fmt: skip
        if answer.x is None:
            return None
        chosen = answer.x[:pairs] > 0.5
        found: np.ndarray = self.person[jobs].copy()
        found[i[chosen]] = people[j[chosen]]
        return found

    def accept(self, people: np.ndarray, answer: np.ndarray | None) -> bool:
        """Keep the answer of a group where it is better and the calendar of everybody in it holds."""
        if answer is None:
            return False
        jobs = self._jobs(people)
        before, after = self.person, self.person.copy()
        after[jobs] = answer
        old = self.value()
        self.person = after
        better = self.value() > old + 1e-9
        if better and self.fits is not None:
            changed = people[(people < self.nobody)]
            better = all(self.fits(int(j), np.flatnonzero(after == j)) for j in changed)
        if better and (self.loads.used(after) > self.loads.capacity + 1e-6).any():
            better = False
        if not better:
            self.person = before
        return bool(better)
