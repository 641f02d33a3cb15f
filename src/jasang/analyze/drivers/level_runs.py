"""A supplier, lot or operator that comes in long runs and is bad, from the beginning or since a day.

Days of one delivery are not independent witnesses against its supplier: the delivery is one. So whole runs of a level on a
machine are compared, those of one level against all others from every possible beginning on, and chance is the largest such
difference when the levels are dealt to the runs of each machine at random (an exact permutation test; Westfall & Young 1993).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from jasang.analyze.drivers.problem import CategoricalColumn

FEWEST_RUNS = 6
MOST_RUNS = 400
_LEAST_AT_LEVEL = 3
_LEAST_OTHERS = 3
_MOST_LEVELS = 20
_LEAST_ROWS = 8  # of a run: shorter ones are strays
_LOCAL = 0.5  # of the effect, that the runs must show beside their own neighbours in time
_DEALS = (200, 2000, 10_000)  # stops early where chance does it often
_OFTEN = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """Runs of the levels of one column, in order of their first row; all arrays (runs,)."""

    level: np.ndarray
    asset: np.ndarray
    first_row: np.ndarray
    rows: np.ndarray
    mean: np.ndarray  # of the residual outcome
    weight: np.ndarray  # one over the variance of the mean


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLevel:
    """A level whose runs are worse than all others from row `first_row` on; `None` = from the beginning.

    `effect` is the difference of the outcome with its 95 % interval over runs, `p_value` that of the largest difference over all
    levels and beginnings of the columns tried.
    """

    column: int
    level: int
    first_row: int | None
    effect: float
    low: float
    high: float
    p_value: float
    runs: int


def runs_of(column: CategoricalColumn, asset: np.ndarray, residual: np.ndarray) -> Runs | None:
    """The column's runs on each machine, `None` where they are too few to compare or too many to be deliveries."""
    if len(column.levels) > _MOST_LEVELS * 10:
        return None
    parts = []
    for code in np.unique(asset):
        rows = np.flatnonzero((asset == code) & (column.codes >= 0))
        if rows.size == 0:
            continue
        levels = column.codes[rows]
        starts = np.concatenate([[0], np.flatnonzero(np.diff(levels)) + 1])
        if starts.size > MOST_RUNS:
            return None
        size = np.diff(np.append(starts, rows.size))
        mean = np.add.reduceat(residual[rows], starts) / size
        parts.append(np.stack([levels[starts], np.full(starts.size, code), rows[starts], size, mean]))
    if not parts:
        return None
    found = np.concatenate(parts, axis=1)
    found = found[:, found[3] >= _LEAST_ROWS]
    if not FEWEST_RUNS <= found.shape[1] <= MOST_RUNS:
        return None
    found = found[:, np.argsort(found[2], kind="stable")]
    level, machine, first, size, mean = found
    single = float(np.var(residual))
    middle = float(np.median(mean))
    between = max(0.0, float(np.median((mean - middle) ** 2)) / 0.455 - single * float(np.median(1 / size)))
    return Runs(
        level=level.astype(np.int64),
        asset=machine.astype(np.int64),
        first_row=first.astype(np.int64),
        rows=size.astype(np.int64),
        mean=mean,
        weight=1.0 / (between + single / size),
    )


def find_bad_level(
    columns: Sequence[CategoricalColumn],
    asset: np.ndarray,
    residual: np.ndarray,
    *,
    alpha: float,
    two_sided: bool = False,
    seed: int = 0,
) -> BadLevel | None:
    """The level whose runs differ most, where chance does so in fewer than `alpha` of all deals.

    Parameters
    ----------
    columns : candidates with codes of shape (rows,)
    asset : code of the machine, shape (rows,), rows in order of time
    residual : the outcome without what product, machine and other drivers explain, shape (rows,)
    alpha : error rate over all columns, levels and beginnings together
    """
    tried = []
    for place, column in enumerate(columns):
        runs = runs_of(column, asset, residual)
        levels = np.empty(0, dtype=np.int64) if runs is None else _candidates(runs)
        if runs is not None and levels.size:
            tried.append((place, runs, levels))
    if not tried:
        return None
    alpha /= len(tried)
    best: BadLevel | None = None
    for place, runs, levels in tried:
        found = _of_column(place, runs, levels, alpha, two_sided, seed)
        if found is not None and (
            best is None or (found.p_value, -abs(found.effect)) < (best.p_value, -abs(best.effect))
        ):
            best = found
    if best is None:
        return None
    return replace(best, p_value=min(1.0, best.p_value * len(tried)))


def _candidates(runs: Runs) -> np.ndarray:
    counts = np.bincount(runs.level)
    order = np.argsort(-counts, kind="stable")[:_MOST_LEVELS]
    return order[(counts[order] >= _LEAST_AT_LEVEL) & (counts[order] <= runs.level.size - _LEAST_OTHERS)]


def _of_column(place: int, runs: Runs, levels: np.ndarray, alpha: float, two_sided: bool, seed: int) -> BadLevel | None:
    scores = _scores(runs, runs.level[None, :], levels, two_sided)[0]
    which, beginning = np.unravel_index(int(scores.argmax()), scores.shape)
    highest = float(scores[which, beginning])
    if highest < 2.5:
        return None
    level = int(levels[which])
    first = _earliest(scores[which], int(beginning))
    told = _told(runs, level, first)
    if told is None:
        return None
    p = _chance(runs, levels, highest, two_sided, seed)
    if p > alpha:
        return None
    effect, low, high = told
    mine = np.flatnonzero(runs.level == level)
    since = None if first <= mine[0] else int(runs.first_row[first])
    return BadLevel(
        column=place,
        level=level,
        first_row=since,
        effect=effect,
        low=low,
        high=high,
        p_value=p,
        runs=int((mine >= first).sum()),
    )


def _earliest(scores: np.ndarray, best: int) -> int:
    """The first beginning that says nearly the same as the best: only a plain change is told as one."""
    return 0 if scores[0] >= scores[best] - 1.0 else best


def _chance(runs: Runs, levels: np.ndarray, highest: float, two_sided: bool, seed: int) -> float:
    """Share of deals of the levels to the runs of each machine whose largest score reaches `highest`, this record counted."""
    rng = np.random.default_rng(seed)
    machines = [np.flatnonzero(runs.asset == code) for code in np.unique(runs.asset)]
    reached = made = 0
    for most in _DEALS:
        while made < most:
            count = min(500, most - made)
            dealt = np.empty((count, runs.level.size), dtype=np.int64)
            for mine in machines:
                dealt[:, mine] = rng.permuted(np.tile(runs.level[mine], (count, 1)), axis=1)
            largest = _scores(runs, dealt, levels, two_sided).reshape(count, -1).max(axis=1)
            reached += int((largest >= highest - 1e-9).sum())
            made += count
        if reached > _OFTEN * most:
            break
    return (reached + 1) / (made + 1)


def _scores(runs: Runs, dealt: np.ndarray, levels: np.ndarray, two_sided: bool) -> np.ndarray:
    """Difference between the runs of a level and all others from run k on, in standard errors.

    `dealt` (deals, runs) holds the level of each run; the answer has shape (deals, levels, runs), -inf where too few
    are compared.
    """
    weight, moment = runs.weight, runs.weight * runs.mean
    weights, moments = _from_here(weight), _from_here(moment)
    number = np.arange(runs.level.size, 0, -1)
    found = np.full((dealt.shape[0], levels.size, runs.level.size), -np.inf)
    for place, level in enumerate(levels):
        mine = dealt == level
        count = _from_here(mine.astype(np.float64))
        inside, its = _from_here(mine * weight), _from_here(mine * moment)
        outside = weights - inside
        usable = (count >= _LEAST_AT_LEVEL) & (number - count >= _LEAST_OTHERS)
        with np.errstate(divide="ignore", invalid="ignore"):
            gap = its / inside - (moments - its) / outside
            score = gap / np.sqrt(1 / inside + 1 / outside)
        found[:, place] = np.where(usable, np.abs(score) if two_sided else score, -np.inf)
    return found


def _from_here(values: np.ndarray) -> np.ndarray:
    """Sums from each place to the end, along the last axis."""
    return np.cumsum(values[..., ::-1], axis=-1)[..., ::-1]


def _told(runs: Runs, level: int, beginning: int) -> tuple[float, float, float] | None:
    """The difference with its 95 % interval over runs (Welch); `None` where it is not there beside the neighbours in time."""
    later = np.arange(runs.level.size) >= beginning
    mine, others = later & (runs.level == level), later & (runs.level != level)
    parts = []
    for chosen in (mine, others):
        weight = runs.weight[chosen]
        mean = float(np.average(runs.mean[chosen], weights=weight))
        count = int(chosen.sum())
        square = float((weight**2 * (runs.mean[chosen] - mean) ** 2).sum()) / weight.sum() ** 2 * count / (count - 1)
        parts.append((mean, max(square, 1 / float(weight.sum())), count))
    (own, own_square, count), (rest, rest_square, rests) = parts
    effect, square = own - rest, own_square + rest_square
    freedom = square**2 / (own_square**2 / (count - 1) + rest_square**2 / (rests - 1))
    reach = float(stats.t.ppf(0.975, max(freedom, 2.0))) * float(np.sqrt(square))
    beside = [_beside(runs, int(place), others) for place in np.flatnonzero(mine)]
    near = [gap for gap in beside if gap is not None]
    if near and float(np.mean(near)) * np.sign(effect) < _LOCAL * abs(effect):
        return None
    return effect, effect - reach, effect + reach


def _beside(runs: Runs, place: int, others: np.ndarray) -> float | None:
    """How much worse one run is than the runs of other levels just before and after it on its machine."""
    near = np.flatnonzero(others & (runs.asset == runs.asset[place]))
    before, after = near[near < place][-1:], near[near > place][:1]
    neighbours = np.concatenate([before, after])
    if neighbours.size == 0:
        return None
    return float(runs.mean[place] - np.average(runs.mean[neighbours], weights=runs.weight[neighbours]))
