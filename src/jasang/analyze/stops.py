"""Stops of machines as time lost: intervals made from logs, hours by day, and which loss is more than usual.

A loss is compared with the same machine's past, with the sister machines on the same days, and with a stated normal level. Days
are the unit of the statistics, because stops of one day have one cause.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

HOUR = 3_600_000_000  # microseconds
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervals:
    """Stretches of time, one state each: `start`, `end` int64 microseconds, `rows` of the log they came from; all shape (n,).

    What could not be believed is counted: `backwards` (end before start), `overlaps` (cut at the next start), `open_ends`
    (closed at the next start).
    """

    start: np.ndarray
    end: np.ndarray
    rows: np.ndarray
    backwards: int
    overlaps: int
    open_ends: int


def intervals(start: np.ndarray, end: np.ndarray | None, asset: np.ndarray) -> Intervals:
    """Intervals of a log of states or of states sampled at an even pace.

    Parameters
    ----------
    start, end
        datetime64[us], shape (n,); NaT where unknown. Without `end` a state lasts to the machine's next row, at most twice the
        usual step when rows come at an even pace (a longer silence is no state).
    asset
        Machine of each row, int.
    """
    known = ~np.isnat(start)
    rows = np.flatnonzero(known)
    begin = start.astype(np.int64)
    rows = rows[np.lexsort((begin[rows], asset[rows]))]
    first, machine = begin[rows], asset[rows]
    following = np.full(rows.size, np.iinfo(np.int64).max)
    if rows.size > 1:
        following[:-1] = np.where(machine[1:] == machine[:-1], first[1:], following[:-1])
    backwards = overlaps = open_ends = 0
    if end is None:
        last = _until_next(first, following)
    else:
        last = end.astype(np.int64)[rows]
        missing = np.isnat(end)[rows]
        open_ends = int(missing.sum())
        last = np.where(missing, np.where(following < np.iinfo(np.int64).max, following, first), last)
        wrong = last < first
        backwards = int(wrong.sum())
        late = (last > following) & ~wrong
        overlaps = int((late & (last - following > 1_000_000)).sum())
        last = np.where(late, following, last)
    kept = last > first
    return Intervals(
        start=first[kept], end=last[kept], rows=rows[kept], backwards=backwards, overlaps=overlaps, open_ends=open_ends
    )


def _until_next(first: np.ndarray, following: np.ndarray) -> np.ndarray:
    steps = following - first
    real = steps[(steps > 0) & (steps < np.iinfo(np.int64).max // 2)]
    if not real.size:
        return first.copy()
    usual = int(np.median(real))
    even = float((np.abs(real - usual) <= 0.1 * usual).mean()) > 0.5
    longest = 2 * usual if even else 7 * DAY
    return first + np.where(steps > longest, usual if even else 0, steps)


def hours_by_day(start: np.ndarray, end: np.ndarray, offset: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split intervals at local midnight: (interval index, day number, hours), one row each piece.

    `offset` is the local clock ahead of UTC in microseconds; day 0 is 1970-01-01 local.
    """
    first = (start + offset) // DAY
    last = (end - 1 + offset) // DAY
    pieces = (last - first + 1).astype(np.int64)
    index = np.repeat(np.arange(start.size), pieces)
    within = np.arange(index.size) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    day = first[index] + within
    low = np.maximum(start[index] + offset, day * DAY)
    high = np.minimum(end[index] + offset, (day + 1) * DAY)
    return index, day, (high - low) / HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """A loss that is more than usual: its share of planned time, the share it is held against, their difference with a 95 %
    interval, and the one-sided p-value before any correction. `since` is the first day number of a change in time."""

    share: float
    reference: float
    difference: float
    low: float
    high: float
    p: float
    since: int | None = None


def against_sisters(
    lost: np.ndarray, planned: np.ndarray, others_lost: np.ndarray, others_planned: np.ndarray
) -> Excess | None:
    """One machine's daily hours lost and planned, shape (days,), against the pooled hours of its sisters on the same days."""
    both = (planned > 0.5) & (others_planned > 0.5)
    if both.sum() < 5:
        return None
    gaps = lost[both] / planned[both] - others_lost[both] / others_planned[both]
    share = float(lost[both].sum() / planned[both].sum())
    reference = float(others_lost[both].sum() / others_planned[both].sum())
    p, half = _one_sided(gaps)
    return Excess(
        share=share, reference=reference, difference=share - reference, low=share - reference - half,
        high=share - reference + half, p=p,
    )  # fmt: skip


def against_past(
    lost: np.ndarray, planned: np.ndarray, days: np.ndarray, *, seed: int, least: int = 4, draws: int = 4999
) -> Excess | None:
    """The day that best splits the record into fewer hours lost before and more after it (least squares).

    The p-value is that of a permutation test: how often days in a random order split as well somewhere (largest over all
    splits, Good 2005, chapter 4). It assumes that days may change places, as stops of different days have different causes.
    `days` are the day numbers; `least` days stand on either side.
    """
    worked = planned > 0.5
    share, when = lost[worked] / planned[worked], days[worked]
    n = share.size
    if n < 2 * least + 2 or not share.any():
        return None
    cuts = np.arange(least, n - least + 1)
    rise = _rises(share[None, :], cuts)[0]
    best = int(np.argmax(rise))
    cut = int(cuts[best])
    if rise[best] <= 0:
        return None
    rng = np.random.default_rng(seed)
    shuffled = rng.permuted(np.broadcast_to(share, (draws, n)), axis=1)
    as_good = int((_rises(shuffled, cuts).max(axis=1) >= rise[best]).sum())
    before, after = share[:cut], share[cut:]
    half = 1.96 * float(np.sqrt(before.var(ddof=1) / cut + after.var(ddof=1) / (n - cut)))
    now = float(lost[worked][cut:].sum() / planned[worked][cut:].sum())
    past = float(lost[worked][:cut].sum() / planned[worked][:cut].sum())
    return Excess(
        share=now, reference=past, difference=now - past, low=now - past - half, high=now - past + half,
        p=(1 + as_good) / (draws + 1), since=int(when[cut]),
    )  # fmt: skip


def _rises(share: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """Rise of the mean at each cut, weighted so that its square is the variance explained; shape (rows, cuts)."""
    n = share.shape[1]
    sums = np.cumsum(share, axis=1)
    before = sums[:, cuts - 1] / cuts
    after = (sums[:, -1:] - sums[:, cuts - 1]) / (n - cuts)
    rise: np.ndarray = (after - before) * np.sqrt(cuts * (n - cuts) / n)
    return rise


def against_level(lost: np.ndarray, planned: np.ndarray, level: float) -> Excess | None:
    """The loss against a stated normal share of planned time."""
    worked = planned > 0.5
    if worked.sum() < 5:
        return None
    p, half = _one_sided(lost[worked] / planned[worked] - level)
    share = float(lost[worked].sum() / planned[worked].sum())
    return Excess(
        share=share, reference=level, difference=share - level, low=share - level - half, high=share - level + half, p=p
    )


def _one_sided(gaps: np.ndarray) -> tuple[float, float]:
    """p-value that the mean of daily differences is not above zero, and the half width of its 95 % interval.

    The number of days is reduced where days resemble the day before (first-order autocorrelation, if significant at 5 %).
    """
    n = gaps.size
    spread = float(gaps.std(ddof=1))
    if spread == 0:
        return (0.0 if gaps.mean() > 0 else 1.0), 0.0
    centred = gaps - gaps.mean()
    alike = float((centred[1:] * centred[:-1]).sum() / (centred**2).sum())
    alike = alike if alike > 1.645 / np.sqrt(n) else 0.0  # below, it is the noise of a short record
    days = max(3.0, n * (1 - alike) / (1 + alike))
    error = spread / np.sqrt(days)
    return float(stats.t.sf(gaps.mean() / error, days - 1)), float(stats.t.ppf(0.975, days - 1) * error)
