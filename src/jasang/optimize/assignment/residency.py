"""A mentor lives in one factory at a time: can these residencies follow each other within the calendar, and when?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jasang.optimize.assignment.problem import AssignmentProblem

# Up to so many factories the best order is found for certain; above that the two usual orders are tried.
_EXACT = 11


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calendar:
    """Weeks from 1. `weeks`, `earliest`, `latest`: int64 (n,) by factory (0 weeks = no residency); `free`: bool (m, horizon + 1),
    the weeks in which each mentor is there."""

    weeks: np.ndarray
    earliest: np.ndarray
    latest: np.ndarray
    horizon: int
    free: np.ndarray

    @property
    def plain(self) -> bool:
        """Whether only the sum of the weeks counts: nobody is away and no factory has a window of its own."""
        return bool(self.free[:, 1:].all() and (self.earliest <= 1).all() and (self.latest >= self.horizon).all())

    def capacity(self) -> np.ndarray:
        """float64 (m,): the weeks of each mentor in which a residency can lie at all."""
        lengths = self.weeks[self.weeks > 0]
        shortest = int(lengths.min()) if lengths.size else 1
        return np.array([sum(run for run in _runs(row[1:]) if run >= shortest) for row in self.free], float)

    def starts(self, mentor: int, factories: Sequence[int], *, thorough: bool = True) -> list[int] | None:
        """First week for each of `factories`, 0 where there is no residency; nothing where they do not fit.

        Without `thorough` only the usual orders are tried, a thousandth of the time.
        """
        inside = [i for i in factories if self.weeks[i] > 0]
        if sum(int(self.weeks[i]) for i in inside) > self.horizon:
            return None
        for key in (self.latest, self.latest - self.weeks, self.earliest, -self.weeks):
            found = self._in_order(mentor, sorted(inside, key=lambda i, key=key: (int(key[i]), i)))  # type: ignore[misc]
            if found is not None:
                return [found.get(i, 0) for i in factories]
        best = self._best_order(mentor, inside) if thorough and len(inside) <= _EXACT else None
        return None if best is None else [best.get(i, 0) for i in factories]

    def may(self) -> np.ndarray:
        """bool (n, m): the factory alone fits into the mentor's calendar."""
        n, m = self.weeks.size, self.free.shape[0]
        fits = np.ones((n, m), bool)
        kinds: dict[tuple[int, int, int], list[int]] = {}
        for i in np.flatnonzero(self.weeks > 0).tolist():
            kinds.setdefault((int(self.weeks[i]), int(self.earliest[i]), int(self.latest[i])), []).append(i)
        for rows in kinds.values():
            row = [self._first(j, rows[0], 1) is not None for j in range(m)]
            fits[rows] = row
        return fits

    def _first(self, mentor: int, i: int, after: int) -> int | None:
        """The first week from `after` on in which the residency can begin."""
        length, last = int(self.weeks[i]), int(min(self.latest[i], self.horizon))
        week = max(after, int(self.earliest[i]))
        row = self.free[mentor]
        while week + length - 1 <= last:
            busy = np.flatnonzero(~row[week : week + length])
            if not busy.size:
                return week
            week += int(busy[-1]) + 1
        return None

    def _in_order(self, mentor: int, order: list[int]) -> dict[int, int] | None:
        week, found = 1, {}
        for i in order:
            start = self._first(mentor, i, week)
            if start is None:
                return None
            found[i] = start
            week = start + int(self.weeks[i])
        return found

    def _best_order(self, mentor: int, inside: list[int]) -> dict[int, int] | None:
        """Dynamic programming over subsets by the earliest week they are over (Held & Karp, 1962)."""
        full = (1 << len(inside)) - 1
        over: dict[int, tuple[int, int, int]] = {0: (1, -1, 0)}  # subset: week after, last factory, its start
        for subset in range(1, full + 1):
            best: tuple[int, int, int] | None = None
            for place, i in enumerate(inside):
                before = over.get(subset & ~(1 << place)) if subset >> place & 1 else None
                start = self._first(mentor, i, before[0]) if before is not None else None
                if start is not None and (best is None or start + int(self.weeks[i]) < best[0]):
                    best = (start + int(self.weeks[i]), place, start)
            if best is not None:
                over[subset] = best
        if full not in over:
            return None
        found, subset = {}, full
        while subset:
            _, place, start = over[subset]
            found[inside[place]] = start
            subset &= ~(1 << place)
        return found


def calendar_of(problem: AssignmentProblem) -> Calendar | None:
    """The calendar of a problem; nothing where it has none."""
    if problem.horizon is None or not any(one.weeks for one in problem.factories):
        return None
    free = np.ones((len(problem.mentors), problem.horizon + 1), bool)
    free[:, 0] = False
    for row, mentor in zip(free, problem.mentors, strict=True):
        for first, last in mentor.away:
            row[first : last + 1] = False
    latest = [problem.horizon if one.latest is None else min(one.latest, problem.horizon) for one in problem.factories]
    return Calendar(
        weeks=np.array([one.weeks or 0 for one in problem.factories], np.int64),
        earliest=np.array([one.earliest for one in problem.factories], np.int64),
        latest=np.array(latest, np.int64),
        horizon=problem.horizon,
        free=free,
    )


def _runs(row: np.ndarray) -> list[int]:
    edges = np.flatnonzero(np.diff(np.r_[False, row, False].astype(np.int8)))
    return [int(end - start) for start, end in edges.reshape(-1, 2)]
