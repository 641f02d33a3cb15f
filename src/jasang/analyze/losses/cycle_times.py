"""Slow cycles: the typical cycle of a product against the best it has demonstrated, and cycles that became slower on a day.

The best demonstrated cycle is the pace of the fastest tenth of the stretches of production, corrected for the luck of short
stretches: chance alone makes some stretches look fast, and no gain can be had from chance.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from jasang.analyze.value_rows import value_row

BLOCK = 25  # cycles a stretch
FEWEST_BLOCKS = 8
_DRAWS = 999


@dataclass(frozen=True, slots=True, kw_only=True)
class BestCycle:
    """One product's cycle in seconds with 95 % intervals; `loss` is the share of run time above the best demonstrated cycle."""

    cycles: int
    typical_s: float
    typical_low_s: float
    typical_high_s: float
    best_s: float
    best_low_s: float
    best_high_s: float
    loss: float
    loss_low: float
    loss_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Slowdown:
    """Cycles that became slower: relative to before, with a 95 % interval and the p-value over all days tried."""

    slower: float  # 0.1 = a cycle takes 10 % longer
    low: float
    high: float
    p: float
    before_s: float
    after_s: float
    since_day: int  # number of the day since 1970


def best_cycle(cycle_s: np.ndarray, *, block: int = BLOCK, seed: int = 20191001) -> BestCycle | None:
    """Typical and best demonstrated cycle of one product; `None` below 8 stretches of 25 cycles.

    Parameters
    ----------
    cycle_s
        Cycle times in seconds in order of time, shape (n,), stops left out; NaN is left out.

    Notes
    -----
    The record is cut into stretches of `block` cycles. The best is the 10 % quantile of their medians after shrinking them
    towards the middle by the share of their variance that short stretches have by chance (var. of a median, pi/2 s²/n).
    Intervals: bootstrap over groups of stretches.
    """
    cycle_s = value_row(cycle_s)
    known = cycle_s[cycle_s > 0]
    count = known.size // block
    if count < FEWEST_BLOCKS:
        return None
    table = known[: count * block].reshape(count, block)
    medians = np.median(table, axis=1)
    noise = _scatter(table) ** 2 * np.pi / 2 / block
    rng = np.random.default_rng(seed)
    run = max(1, count // 20)  # neighbours resemble each other: drawn together
    starts = rng.integers(0, count - run + 1, size=(_DRAWS, -(-count // run)))
    drawn = medians[(starts[:, :, None] + np.arange(run)).reshape(_DRAWS, -1)[:, :count]]
    typical, best = float(np.median(medians)), float(_best(medians[None, :], noise)[0])
    typicals, bests = np.median(drawn, axis=1), _best(drawn, noise)
    losses = 1 - bests / typicals
    low, high = np.quantile(losses, [0.025, 0.975])
    return BestCycle(
        cycles=int(known.size),
        typical_s=typical,
        typical_low_s=float(np.quantile(typicals, 0.025)),
        typical_high_s=float(np.quantile(typicals, 0.975)),
        best_s=best,
        best_low_s=float(np.quantile(bests, 0.025)),
        best_high_s=float(np.quantile(bests, 0.975)),
        loss=1 - best / typical,
        loss_low=max(0.0, float(low)),
        loss_high=max(0.0, float(high)),
    )


def _scatter(table: np.ndarray) -> float:
    """Robust standard deviation within a stretch."""
    return float(np.median(1.4826 * np.median(np.abs(table - np.median(table, axis=1, keepdims=True)), axis=1)))


def _best(medians: np.ndarray, noise: float) -> np.ndarray:
    """10 % quantile of each row of medians, shrunk towards the row's median by the share that is chance."""
    middle = np.median(medians, axis=1)
    fast = np.quantile(medians, 0.10, axis=1)
    spread = ((middle - fast) / 1.2816) ** 2  # of the fast half: some slow stretches say nothing about the best
    real = np.sqrt(np.clip(1 - noise / np.maximum(spread, 1e-300), 0.0, 1.0))
    return np.asarray(middle - (middle - fast) * real)


def slowdown(
    cycle_s: np.ndarray,
    day: np.ndarray,
    product: np.ndarray | None = None,
    *,
    least: int = 4,
    draws: int = 4999,
    seed: int = 20191001,
) -> Slowdown | None:
    """The day from which cycles took longer, products held apart; `None` with too few days or where nothing became slower.

    Parameters
    ----------
    cycle_s, day, product
        Cycle time (s), day number and product code of each cycle, shape (n,), stops left out.
    least
        Days on either side of the change.

    Notes
    -----
    Each cycle is taken relative to its product's median, so a change of the mix is no change of pace; a day is the median of
    its products, each weighed by its cycles. The p-value permutes stretches of three days: the largest rise over all splits
    (Good 2005).
    """
    known = np.isfinite(cycle_s) & (cycle_s > 0)
    kinds = np.zeros(cycle_s.size, dtype=np.int64) if product is None else np.asarray(product, dtype=np.int64)
    values, days, kinds = np.log(cycle_s[known]), np.asarray(day)[known], kinds[known]
    cells = _cells(values, days, kinds)
    if cells is None:
        return None
    when, place = np.unique(cells[:, 0].astype(np.int64), return_inverse=True)
    pace = _pace(cells, place)
    n = when.size
    if n < 2 * least + 2:
        return None
    cuts = np.arange(least, n - least + 1)
    rise = _rises(pace[None, :], cuts)[0]
    best = int(np.argmax(rise))
    cut = int(cuts[best])
    if rise[best] <= 0:
        return None
    rng = np.random.default_rng(seed)
    as_good = int((_rises(_shuffled(pace, draws, rng), cuts).max(axis=1) >= rise[best]).sum())
    change, half, level = _step(cells, place, cut)
    return Slowdown(
        slower=float(np.expm1(change)),
        low=float(np.expm1(change - half)),
        high=float(np.expm1(change + half)),
        p=(1 + as_good) / (draws + 1),
        before_s=float(np.exp(level)),
        after_s=float(np.exp(level + change)),
        since_day=int(when[cut]),
    )


def _cells(values: np.ndarray, days: np.ndarray, kinds: np.ndarray) -> np.ndarray | None:
    """One row a day and product with five cycles or more: day, product, median, cycles; `None` where there is none.

    Products made on fewer than three days say nothing of a change and are left out.
    """
    key = days * (int(kinds.max()) - int(kinds.min()) + 1) + kinds - kinds.min()
    order = np.lexsort((values, key))
    starts = np.flatnonzero(np.diff(key[order], prepend=key[order][0] - 1))
    counts = np.diff(np.append(starts, key.size))
    lower, upper = order[starts + (counts - 1) // 2], order[starts + counts // 2]
    medians = (values[lower] + values[upper]) / 2
    cells = np.column_stack((days[lower], kinds[lower], medians, counts))[counts >= 5]
    kept, often = np.unique(cells[:, 1], return_counts=True)
    cells = cells[np.isin(cells[:, 1], kept[often >= 3])]
    return cells if cells.size else None


def _pace(cells: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Log cycle of each day relative to the usual one of its products, weighed by cycles."""
    relative = cells[:, 2].copy()
    for kind in np.unique(cells[:, 1]):
        mine = cells[:, 1] == kind
        relative[mine] -= np.median(relative[mine])
    weight = np.bincount(place, weights=cells[:, 3])
    return np.asarray(np.bincount(place, weights=relative * cells[:, 3]) / weight)


def _step(cells: np.ndarray, place: np.ndarray, cut: int) -> tuple[float, float, float]:
    """Change of log cycle at the cut with its half width, products held apart by least squares, and the level before.

    The number of days is reduced where days resemble each other (first-order autocorrelation of the residuals).
    """
    kinds, kind = np.unique(cells[:, 1], return_inverse=True)
    after = (place >= cut).astype(np.float64)
    design = np.column_stack((after, np.eye(kinds.size)[kind]))
    found = np.linalg.lstsq(design, cells[:, 2], rcond=None)[0]
    rest = cells[:, 2] - design @ found
    days = int(place.max()) + 1
    daily = np.bincount(place, weights=rest) / np.bincount(place)
    spread = float((daily**2).sum())
    alike = float((daily[1:] * daily[:-1]).sum()) / spread if spread > 0 else 0.0
    alike = min(0.9, max(0.0, alike + 1 / days))  # a short record hides some of it (Kendall 1954)
    freedom = max(2.0, (days - 2) * (1 - alike) / (1 + alike))
    error = np.sqrt(spread / max(days - 2, 1) * (1 / cut + 1 / (days - cut)) * (1 + alike) / (1 - alike))
    level = float(np.average(found[1:], weights=np.bincount(kind, weights=cells[:, 3])))
    return float(found[0]), float(stats.t.ppf(0.975, freedom) * error), level


def _shuffled(pace: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    """The days in random order, three neighbours staying together: a slow week is one event, not five."""
    n = pace.size
    run = 3 if n >= 24 else 2 if n >= 14 else 1
    blocks = [np.arange(low, min(low + run, n)) for low in range(0, n, run)]
    orders = np.empty((draws, n), dtype=np.int64)
    for number in range(draws):
        orders[number] = np.concatenate([blocks[place] for place in rng.permutation(len(blocks))])
    return np.asarray(pace[orders])


def _rises(pace: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    n = pace.shape[1]
    sums = np.cumsum(pace, axis=1)
    before = sums[:, cuts - 1] / cuts
    after = (sums[:, -1:] - sums[:, cuts - 1]) / (n - cuts)
    return np.asarray((after - before) * np.sqrt(cuts * (n - cuts) / n))
