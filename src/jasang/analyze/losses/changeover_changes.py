"""Changeovers that take longer since a day, or longer on one machine than on its sisters, pair of products by pair of products.

A set-up that differs because the products differ is no problem: every changeover is held against others of its own pair, or,
where a pair is rare, of its own next product.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from jasang.analyze.losses.changeovers import Changeovers

_SHORTEST = 60.0  # seconds: below, the logarithm of a changeover is noise


@dataclass(frozen=True, slots=True, kw_only=True)
class LongerChangeovers:
    """How much longer, as a share (0.5 = half as long again) with a 95 % interval and a p-value; typical seconds of both sides.

    `since` is the start of the first longer changeover (int64 microseconds UTC), 0 in a comparison of machines. `count` is the
    number of longer ones.
    """

    longer: float
    low: float
    high: float
    p: float
    before_s: float
    after_s: float
    count: int
    since: int


def longer_since(
    found: Changeovers, *, least: int = 5, draws: int = 1999, seed: int = 20191001
) -> LongerChangeovers | None:
    """The moment from which changeovers of one machine took longer; `None` with fewer than 2 × `least` or where none did.

    The p-value permutes the changeovers (largest rise over all splits); the interval is that of Welch's t on logarithms.
    """
    order = np.argsort(found.start, kind="stable")
    seconds = np.maximum(found.seconds[order], _SHORTEST)
    relative, _ = _relative(seconds, found.before[order], found.after[order])
    n = relative.size
    if n < 2 * least + 2:
        return None
    cuts = np.arange(least, n - least + 1)
    rise = _rises(relative[None, :], cuts)[0]
    place = int(np.argmax(rise))
    if rise[place] <= 0:
        return None
    cut = int(cuts[place])
    rng = np.random.default_rng(seed)
    shuffled = rng.permuted(np.broadcast_to(relative, (draws, n)), axis=1)
    as_good = int((_rises(shuffled, cuts).max(axis=1) >= rise[place]).sum())
    change, half = _welch(relative[:cut], relative[cut:])
    return LongerChangeovers(
        longer=float(np.expm1(change)),
        low=float(np.expm1(change - half)),
        high=float(np.expm1(change + half)),
        p=(1 + as_good) / (draws + 1),
        before_s=float(np.median(seconds[:cut])),
        after_s=float(np.median(seconds[cut:])),
        count=n - cut,
        since=int(found.start[order][cut]),
    )


def longer_than(own: Changeovers, others: Changeovers) -> LongerChangeovers | None:
    """One machine against its sisters on the pairs of products (else next products) that both changed to; codes must agree.

    `None` where fewer than five changeovers of either side can be compared. The p-value is that of Mann and Whitney, one-sided.
    """
    levels = _shared_levels(own, others)
    mine, theirs = _against(own, levels), _against(others, levels)
    if mine.size < 5 or theirs.size < 5:
        return None
    p = float(stats.mannwhitneyu(mine, theirs, alternative="greater").pvalue)
    change, half = _welch(theirs, mine)
    return LongerChangeovers(
        longer=float(np.expm1(change)),
        low=float(np.expm1(change - half)),
        high=float(np.expm1(change + half)),
        p=p,
        before_s=float(np.median(others.seconds)),
        after_s=float(np.median(own.seconds)),
        count=int(own.seconds.size),
        since=0,
    )


def _relative(seconds: np.ndarray, before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log seconds against the median of the own pair (three or more), else of the own next product, else of all."""
    logs = np.log(seconds)
    level = np.full(logs.size, float(np.median(logs)) if logs.size else 0.0)
    for key in (after, before * (int(after.max(initial=0)) + 1) + after):
        for value in np.unique(key):
            mine = key == value
            if mine.sum() >= 3:
                level[mine] = np.median(logs[mine])
    return logs - level, level


def _shared_levels(own: Changeovers, others: Changeovers) -> dict[tuple[int, int], float]:
    """The sisters' usual log seconds of each pair and, under before = -1, of each next product that both sides changed to."""
    logs = np.log(np.maximum(others.seconds, _SHORTEST))
    found: dict[tuple[int, int], float] = {}
    for after in np.intersect1d(own.after, others.after):
        mine = others.after == after
        if mine.sum() >= 3:
            found[-1, int(after)] = float(np.median(logs[mine]))
        for before in np.intersect1d(own.before[own.after == after], others.before[mine]):
            pair = mine & (others.before == before)
            if pair.sum() >= 3:
                found[int(before), int(after)] = float(np.median(logs[pair]))
    return found


def _against(found: Changeovers, levels: dict[tuple[int, int], float]) -> np.ndarray:
    logs = np.log(np.maximum(found.seconds, _SHORTEST))
    known = [
        (log, levels.get((int(before), int(after)), levels.get((-1, int(after)))))
        for log, before, after in zip(logs, found.before, found.after, strict=True)
    ]
    return np.array([log - level for log, level in known if level is not None])


def _welch(before: np.ndarray, after: np.ndarray) -> tuple[float, float]:
    """Difference of means and the half width of its 95 % interval."""
    spread = before.var(ddof=1) / before.size, after.var(ddof=1) / after.size
    error = float(np.sqrt(sum(spread)))
    freedom = sum(spread) ** 2 / max(spread[0] ** 2 / (before.size - 1) + spread[1] ** 2 / (after.size - 1), 1e-300)
    return float(after.mean() - before.mean()), float(stats.t.ppf(0.975, max(freedom, 1.0))) * error


def _rises(values: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    n = values.shape[1]
    sums = np.cumsum(values, axis=1)
    before = sums[:, cuts - 1] / cuts
    after = (sums[:, -1:] - sums[:, cuts - 1]) / (n - cuts)
    return np.asarray((after - before) * np.sqrt(cuts * (n - cuts) / n))
