"""Changeovers: how long each takes from one product to another, and what another order of the same work would save.

The saving of an order is only claimed where the order matters: a product that always takes long to set up, whatever was made
before it, costs the same in every order. The comparison keeps every product as often as it was made.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from jasang.analyze.losses.spans import SECOND, Spans, microseconds

_DRAWS = 499


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Changeovers:
    """The changeovers of one machine in order of time, shape (n,) each: `start` int64 microseconds UTC, product codes `before`
    and `after`, and `seconds` lost (from the last piece to the first good pace, minus one normal cycle)."""

    start: np.ndarray
    before: np.ndarray
    after: np.ndarray
    seconds: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeoverCell:
    """All changeovers from one product to another: how many, their median with a 95 % interval, and all time together, seconds.

    The interval is that of order statistics (no model); below 6 changeovers it is the range and no more than that.
    """

    before: int
    after: int
    count: int
    median_s: float
    low_s: float
    high_s: float
    total_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BetterOrder:
    """What another order of the same runs would save.

    `now_s` and `best_s` are the time of all changeovers at typical lengths, `saving_s` their difference with a 95 % interval;
    `p` is the chance of such a saving if the order did not matter (residuals of the additive from + to model permuted).
    `moves` are the pairs (before, after, times) of the better order, most frequent first.
    """

    now_s: float
    best_s: float
    saving_s: float
    saving_low_s: float
    saving_high_s: float
    p: float
    moves: tuple[tuple[int, int, int], ...]


def changeovers(
    time: np.ndarray,
    product: np.ndarray,
    *,
    cycle_s: Sequence[float] | None = None,
    planned: Spans | None = None,
    stopped: Spans | None = None,
    longest_s: float = 8 * 3600.0,
) -> Changeovers:
    """Changeovers from the moments at which one machine finished its pieces.

    Parameters
    ----------
    time, product
        datetime64 UTC or int64 microseconds, and the product's code from 0, shape (n,), any order; code -1 is left out.
    cycle_s
        Normal cycle of each product; the first piece of a run takes one. Default: the median interval of the product.
    planned
        Planned production time: only it counts. A change over the night counts the minutes of work.
    stopped
        Stops of another cause that a log holds (breakdowns): they are no part of the changeover.
    longest_s
        A longer change is left out: the shop was closed.
    """
    moments, kinds = microseconds(time), np.asarray(product, dtype=np.int64)
    order = np.argsort(moments, kind="stable")
    order = order[kinds[order] >= 0]
    moments, kinds = moments[order], kinds[order]
    steps = np.diff(moments) / SECOND
    levels = int(kinds.max(initial=-1)) + 1
    if cycle_s is None:
        same = kinds[1:] == kinds[:-1]
        cycles = np.array([np.median(steps[same & (kinds[1:] == k)]) if (same & (kinds[1:] == k)).any() else 0.0
                           for k in range(levels)])  # fmt: skip
    else:
        cycles = np.asarray(cycle_s, dtype=np.float64)
    change = np.flatnonzero(kinds[1:] != kinds[:-1])
    first, last = moments[change], moments[change + 1]
    seconds = (last - first) / SECOND if planned is None else planned.seconds_within(first, last)
    if stopped is not None:
        seconds = seconds - stopped.seconds_within(first, last)
    seconds = np.maximum(0.0, seconds - cycles[kinds[change + 1]])
    kept = (seconds <= longest_s) & ((last - first) / SECOND <= 7 * 86400)
    return Changeovers(
        start=first[kept], before=kinds[change][kept], after=kinds[change + 1][kept], seconds=seconds[kept]
    )


def changeover_matrix(found: Changeovers) -> tuple[ChangeoverCell, ...]:
    """Every pair of products that occurred, the one that took most time first."""
    cells = []
    for before, after in np.unique(np.stack([found.before, found.after], axis=1), axis=0):
        here = (found.before == before) & (found.after == after)
        lengths = np.sort(found.seconds[here])
        low, high = median_interval(lengths)
        cells.append(
            ChangeoverCell(
                before=int(before), after=int(after), count=int(lengths.size), median_s=float(np.median(lengths)),
                low_s=low, high_s=high, total_s=float(lengths.sum()),
            )
        )  # fmt: skip
    return tuple(sorted(cells, key=lambda cell: -cell.total_s))


def median_interval(ordered: np.ndarray, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of the median of sorted values by order statistics; the range where there are too few for it (below 6)."""
    n = ordered.size
    ranks = np.arange(n // 2)
    fits = np.flatnonzero(2 * stats.binom.cdf(ranks, n, 0.5) <= 1 - confidence)
    rank = int(fits[-1]) + 1 if fits.size else 0
    return float(ordered[rank]), float(ordered[n - 1 - rank])


def better_order(
    found: Changeovers, *, least_s: float = 0.0, draws: int = _DRAWS, seed: int = 20191001
) -> BetterOrder | None:
    """What another order would save, every product made as often; `None` below 3 products, 12 changeovers or `least_s` seconds.

    Only pairs that were seen twice are used: nobody knows what an unseen change takes. The plan is a transport problem over pairs
    (solved exactly); it does not promise that one sequence uses just these pairs, so the saving is an upper bound.
    """
    levels, codes = np.unique(np.concatenate((found.before, found.after)), return_inverse=True)
    n, k = found.seconds.size, levels.size
    if k < 3 or n < 12:
        return None
    before, after = codes[:n], codes[n:]
    pair = before * k + after
    counts = np.bincount(pair, minlength=k * k).reshape(k, k)
    costs = _typical(found.seconds, pair, k)
    plan = _plan(costs, counts)
    now, best = float((costs * counts).sum()), float((costs * plan).sum())
    if now - best < least_s:
        return None
    rng = np.random.default_rng(seed)
    savings = np.empty(draws)
    for draw in range(draws):
        # Within each pair again by chance; the plan stays, so the luck of choosing it is not counted twice.
        resampled = _typical(found.seconds[_within(pair, rng)], pair, k)
        savings[draw] = (resampled * counts).sum() - (resampled * plan).sum()
    low, high = np.quantile(savings, [0.025, 0.975])
    pairs = [(int(plan[i, j]), i, j) for i in range(k) for j in range(k) if plan[i, j] > 0]
    return BetterOrder(
        now_s=now,
        best_s=best,
        saving_s=now - best,
        saving_low_s=max(0.0, float(low)),
        saving_high_s=float(high),
        p=_order_matters(found.seconds, before, after, now - best, rng, draws),
        moves=tuple((int(levels[i]), int(levels[j]), times) for times, i, j in sorted(pairs, reverse=True)),
    )


def _typical(seconds: np.ndarray, pair: np.ndarray, k: int) -> np.ndarray:
    """Median of each pair, shape (k, k), infinite where it was seen less than twice."""
    order = np.lexsort((seconds, pair))
    starts = np.flatnonzero(np.diff(pair[order], prepend=-1))
    counts = np.diff(np.append(starts, pair.size))
    medians = (seconds[order[starts + (counts - 1) // 2]] + seconds[order[starts + counts // 2]]) / 2
    costs = np.full(k * k, np.nan)
    costs[pair[order[starts]]] = medians
    return np.where(np.isnan(costs), 0.0, costs).reshape(k, k)


def _plan(costs: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """How often each pair should be used so that all leave and enter every product as often as they do now."""
    k = counts.shape[0]
    usable = np.flatnonzero(counts.ravel() >= 2)
    once = np.flatnonzero(counts.ravel() == 1)
    fixed = np.zeros(k * k)
    fixed[once] = 1.0  # seen once: kept as they are
    rest = counts.ravel() - fixed
    leave, enter = rest.reshape(k, k).sum(axis=1), rest.reshape(k, k).sum(axis=0)
    table = np.zeros((2 * k, usable.size))
    table[usable // k, np.arange(usable.size)] = 1.0
    table[k + usable % k, np.arange(usable.size)] = 1.0
    solved = optimize.linprog(costs.ravel()[usable], A_eq=table, b_eq=np.concatenate((leave, enter)), method="highs")
    if solved.status != 0:
        return counts.astype(np.float64)
    fixed[usable] += np.round(solved.x)
    return fixed.reshape(k, k)


def _within(pair: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rows drawn with replacement within each pair."""
    order = np.argsort(pair, kind="stable")
    starts = np.flatnonzero(np.diff(pair[order], prepend=-1))
    counts = np.diff(np.append(starts, pair.size))
    drawn = np.repeat(starts, counts) + (rng.random(pair.size) * np.repeat(counts, counts)).astype(np.int64)
    rows = np.empty(pair.size, dtype=np.int64)
    rows[order] = order[drawn]
    return rows


def _order_matters(
    seconds: np.ndarray, before: np.ndarray, after: np.ndarray, saving: float, rng: np.random.Generator, draws: int
) -> float:
    """p-value against times that are the sum of what leaving and what entering a product takes (Freedman & Lane 1983)."""
    k = int(max(before.max(), after.max())) + 1
    counts = np.bincount(before * k + after, minlength=k * k).reshape(k, k)
    design = np.hstack((np.eye(k)[before], np.eye(k)[after]))
    fitted = design @ np.linalg.lstsq(design, seconds, rcond=None)[0]
    rest = seconds - fitted
    pair = before * k + after
    as_good = 0
    draws = min(draws, 199)
    for _ in range(draws):
        made = np.maximum(0.0, fitted + rest[rng.permutation(rest.size)])
        costs = _typical(made, pair, k)
        as_good += bool((costs * counts).sum() - (costs * _plan(costs, counts)).sum() >= saving - 1e-9)
    return (1 + as_good) / (draws + 1)
