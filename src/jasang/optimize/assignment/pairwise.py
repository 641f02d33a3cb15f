"""Two people share their jobs anew, best possible, for many disjoint pairs of people at once (dynamic programming over days)."""

import numpy as np

_IMPOSSIBLE = -1e15


def share_anew(
    score: np.ndarray, load: np.ndarray, capacity: np.ndarray, person: np.ndarray, pairs: np.ndarray,
    fair: np.ndarray, fair_cost: float,
) -> np.ndarray:  # fmt: skip
    """`person` (n,) after each of `pairs`, int64 (p, 2), all people different, has shared its jobs in the best way.

    `score` float64 (n, m) with a very low number where forbidden, `load` and `capacity` whole numbers, (n,) and (m,).
    """
    items = _items(person, pairs, capacity.size)
    here = items >= 0
    one, other = pairs[:, 0], pairs[:, 1]
    weight = np.where(here, load[items], 0)
    gain = np.where(here, score[items, one[:, None]] - score[items, other[:, None]], -1.0)
    width = int(min(capacity[one].max(initial=0), weight.sum(axis=1).max(initial=0))) + 1
    best = np.full((len(pairs), width), _IMPOSSIBLE)
    best[:, 0] = 0.0
    took = np.zeros((items.shape[1], len(pairs), width), bool)
    columns, rows = np.arange(width)[None, :], np.arange(len(pairs))[:, None]
    for place in range(items.shape[1]):
        source = columns - weight[:, place, None]
        taken = np.where(source >= 0, best[rows, np.maximum(source, 0)] + gain[:, place, None], _IMPOSSIBLE)
        took[place] = taken > best
        best = np.maximum(taken, best)
    rest = weight.sum(axis=1)[:, None] - columns
    if fair_cost:
        over = np.maximum(columns - fair[one][:, None], 0) + np.maximum(rest - fair[other][:, None], 0)
        best = best - fair_cost * over
    best[(columns > capacity[one][:, None]) | (rest > capacity[other][:, None])] = _IMPOSSIBLE
    at = best.argmax(axis=1)
    found = best[rows[:, 0], at] > _IMPOSSIBLE / 2
    after = person.copy()
    for place in range(items.shape[1] - 1, -1, -1):
        taken = took[place, rows[:, 0], at]
        at = at - np.where(taken, weight[:, place], 0)
        moved = here[:, place] & found
        after[items[moved, place]] = np.where(taken, one, other)[moved]
    return after


def _items(person: np.ndarray, pairs: np.ndarray, people: int) -> np.ndarray:
    """int64 (p, most): the jobs of each pair, filled up with -1."""
    order = np.argsort(person, kind="stable")
    start = np.searchsorted(person[order], np.arange(people + 1))
    of = [order[start[j] : start[j + 1]] for j in range(people)]
    rows = [np.concatenate([of[j], of[k]]) for j, k in pairs.tolist()]
    items = np.full((len(rows), max((row.size for row in rows), default=0)), -1, np.int64)
    for number, row in enumerate(rows):
        items[number, : row.size] = row
    return items
