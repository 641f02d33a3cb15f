"""Which units to learn from and which to judge on: the earlier and the later, lots and shots never parted."""

from itertools import pairwise

import numpy as np

from jasang.analyze.early_warning.problem import WarningProblem

_LEAST_IN_FOLD = 5  # bad units before a fold is worth learning from


def groups(problem: WarningProblem) -> np.ndarray:
    """Code of the lot or shot of each row, rising with the first row of each, shape (rows,).

    Without a stated group, neighbouring rows of one asset with the very same time are one shot.
    """
    if problem.group is not None:
        _, first, codes = np.unique(problem.group, return_index=True, return_inverse=True)
        rank = np.empty(first.size, dtype=np.int64)
        rank[np.argsort(first)] = np.arange(first.size)
        ranked: np.ndarray = rank[codes.ravel()]
        return ranked
    if problem.seconds is None or problem.rows == 0:
        return np.arange(problem.rows)
    same = (problem.seconds[1:] == problem.seconds[:-1]) & (problem.asset[1:] == problem.asset[:-1])
    return np.concatenate([[0], np.cumsum(~same)])


def earlier_and_later(problem: WarningProblem, share: float = 0.7) -> tuple[np.ndarray, np.ndarray]:
    """Places of the first `share` of the units with a known result, and of the others, whole groups on either side."""
    known = np.flatnonzero(~np.isnan(problem.outcome))
    if known.size == 0:
        return known, known
    code = groups(problem)
    cut = known[min(int(share * known.size), known.size - 1)]
    # A group belongs to the side of its first row.
    first = np.full(int(code.max()) + 1, problem.rows)
    np.minimum.at(first, code, np.arange(problem.rows))
    earlier = first[code[known]] < cut
    # A lot that began before and goes on after the cut would be judged by what was learned from itself.
    return known[earlier], known[~earlier]


def rolling_origins(
    problem: WarningProblem, *, first: float = 0.55, blocks: int = 3
) -> list[tuple[np.ndarray, np.ndarray]]:
    """`blocks` stretches of later units, each with all units before it to learn from."""
    shares = np.linspace(first, 1.0, blocks + 1)
    pieces = []
    for start, end in pairwise(shares.tolist()):
        earlier, rest = earlier_and_later(problem, start)
        upto = earlier_and_later(problem, end)[0] if end < 1.0 else np.concatenate([earlier, rest])
        pieces.append((earlier, np.setdiff1d(upto, earlier)))
    return pieces


def inner_folds(problem: WarningProblem, rows: np.ndarray, *, folds: int = 3) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rolling origin inside the `rows` to learn from, cut so that each stretch has its share of the bad units.

    Where the bad units before an origin are too few, learning from both sides of a stretch of time is the best there is.
    """
    bad = problem.outcome[rows] > 0.5
    code = groups(problem)[rows]
    count = np.cumsum(bad)
    total = int(count[-1])
    marks = [int(np.searchsorted(count, total * share)) for share in np.linspace(0.4, 1.0, folds + 1)]
    place = np.zeros(rows.size, dtype=np.int64)
    for mark in marks[:-1]:
        place += code > code[min(mark, rows.size - 1)]
    made = []
    for fold in range(1, folds + 1):
        earlier, later = place < fold, place == fold
        if bad[earlier].sum() >= _LEAST_IN_FOLD and bad[later].any() and not bad[earlier].all():
            made.append((rows[earlier], rows[later]))
    if made and sum(problem.outcome[later].sum() for _, later in made) >= _LEAST_IN_FOLD and total >= 30:
        return made
    return blocked_folds(problem, rows, folds=4)


def blocked_folds(problem: WarningProblem, rows: np.ndarray, *, folds: int = 5) -> list[tuple[np.ndarray, np.ndarray]]:
    """Every stretch of time judged by what was learned before and after it: for data too few to be judged by time order.

    The stretches hold equally many bad units; groups stay whole.
    """
    bad = problem.outcome[rows] > 0.5
    code = groups(problem)[rows]
    # Lots in order of time; the bad ones are dealt out evenly, and each good one goes with the bad one before it.
    count = np.cumsum(bad)
    total = max(int(count[-1]), 1)
    stretch = np.minimum((np.maximum(count - 1, 0)) * folds // total, folds - 1)
    first = np.unique(code, return_index=True)[1]
    of_group = dict(zip(code[first].tolist(), stretch[first].tolist(), strict=True))
    place = np.array([of_group[one] for one in code.tolist()])
    made = [(rows[place != fold], rows[place == fold]) for fold in range(folds)]
    return [(one, other) for one, other in made if other.size and 0 < (problem.outcome[one] > 0.5).sum() < one.size]


def grouped_folds(
    problem: WarningProblem, rows: np.ndarray, *, folds: int = 5, seed: int = 0
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Whole groups dealt out at random to folds, those with bad units evenly: the protocol of most published results."""
    code = groups(problem)[rows]
    order = np.random.default_rng(seed).permutation(np.unique(code))
    bad = np.zeros(int(code.max()) + 1, dtype=bool)
    bad[code[problem.outcome[rows] > 0.5]] = True
    dealt = np.concatenate([order[bad[order]], order[~bad[order]]])
    fold = np.zeros(int(code.max()) + 1, dtype=np.int64)
    fold[dealt] = np.arange(dealt.size) % folds
    place = fold[code]
    made = [(rows[place != one], rows[place == one]) for one in range(folds)]
    return [(one, other) for one, other in made if other.size and 0 < (problem.outcome[one] > 0.5).sum() < one.size]
