"""Limits that hold on data the monitor has not seen, and how sure that is.

The statistics of left-out blocks of time, judged with a whitening of the other blocks, are what fresh normal data looks like.
A memory of M rows has only n / 2M independent values among n rows; its statistics are judged by Student's t with so few degrees
of freedom, and not at all with fewer than `FEWEST_FREEDOM`. So a monitor knows how long a memory its data can afford.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from jasang.analyze.monitors.levels import student_to_normal

FEWEST_FREEDOM = 5.0
SURE = 0.9  # one-sided confidence that the true false-alarm rate stays below the one asked for
AIM = 0.5  # of the rate asked for: what is aimed at, because another day is never quite like the left-out blocks
_SEEN = 30.0  # rows above the limit with which it is read off; with fewer it lies on an exponential tail
_TAIL = 0.05  # share of left-out rows whose excess sets the slope of the tail
_CHECKED_TAIL = 0.001  # share at which a statistic's own tail is compared with the normal one, in long records
_NEAREST_TAIL = 0.2
_IN_TAIL = 8.0  # rows at least beyond that share
_MEMORIES_IN_TAIL = 2.0  # and lengths of memory at least
_PIECES = 4  # of each left-out block, to see how much rates differ over time


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A false-alarm rate per row with its 90 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How statistics, shape (n, s), become one score whose limit is 1.

    `centre`, `spread`, `tail` and `freedom` have shape (s,). `limit` is in units of a normal score. `rate` is the false-alarm
    rate of the left-out rows at the limit.
    """

    centre: np.ndarray
    spread: np.ndarray
    tail: np.ndarray
    freedom: np.ndarray
    limit: float
    rate: Rate


def affordable(memories: Sequence[int], rows: int) -> tuple[int, ...]:
    """The memories for which `rows` of normal data hold enough independent values; the shortest always."""
    return tuple(memory for memory in memories if memory == 1 or _freedom(memory, rows) >= FEWEST_FREEDOM)


def _freedom(memory: int, rows: int) -> float:
    return rows / (2.0 * memory)


def calibrate(
    left_out: Sequence[Sequence[np.ndarray]],
    memories: Sequence[int],
    *,
    freedom: float,
    false_alarm_rate: float,
) -> Calibration:
    """Calibration from the statistics of left-out blocks: `left_out[k]` holds the runs of fold k, each (n_i, s).

    `memories`, s of them, is the memory of each statistic in rows; `freedom` is how much data there was to learn what is normal:
    rows for each variable, or half the independent values of a variable where that is less.
    """
    everything = np.vstack([run for fold in left_out for run in fold])
    rows = everything.shape[0]
    centre, spread = everything.mean(axis=0), np.maximum(everything.std(axis=0), 1e-9)
    standard = (everything - centre) / spread
    tail = np.array([_tail(standard[:, place], memory) for place, memory in enumerate(memories)])
    own_freedom = np.array([_freedom(memory, rows) for memory in memories])
    loose = Calibration(
        centre=centre, spread=spread, tail=tail, freedom=own_freedom, limit=1.0, rate=Rate(value=0.0, low=0.0, high=1.0)
    )
    runs = [worst(normal_scores(run, loose)) for fold in left_out for run in fold]
    limit = _limit(runs, AIM * false_alarm_rate) * _few_rows(freedom, false_alarm_rate)
    return Calibration(
        centre=centre, spread=spread, tail=tail, freedom=own_freedom, limit=limit, rate=_rate(runs, limit)
    )


def _tail(standard: np.ndarray, memory: int) -> float:
    """How much heavier than normal the tail of a statistic is, seen as far out as its independent values reach; at least 1."""
    share = min(_NEAREST_TAIL, max(_CHECKED_TAIL, max(_IN_TAIL, _MEMORIES_IN_TAIL * memory) / standard.size))
    return max(1.0, float(np.quantile(standard, 1.0 - share)) / float(stats.norm.isf(share)))


def normal_scores(statistics: np.ndarray, calibration: Calibration) -> np.ndarray:
    """Each statistic, shape (n, s), as the normal score of its p-value, given how few independent values it was judged by."""
    standard = (statistics - calibration.centre) / (calibration.spread * calibration.tail)
    scores = np.empty_like(standard)
    for freedom in np.unique(calibration.freedom):
        mine = calibration.freedom == freedom
        scores[:, mine] = student_to_normal(standard[:, mine] / np.sqrt(1.0 + 1.0 / freedom), float(freedom))
    return np.asarray(scores)


def worst(scores: np.ndarray) -> np.ndarray:
    """The largest normal score of each row."""
    largest: np.ndarray = scores.max(axis=1)
    return largest


def _few_rows(freedom: float, rate: float) -> float:
    """How much farther out the limit lies because so few rows for each variable have set the forecast and its whitening.

    Left-out blocks lie between blocks the model has seen; another day's data lies farther off. Student's t over the normal
    quantile covers what short simulated records showed.
    """
    return float(stats.t.isf(rate, max(1.0, freedom)) / stats.norm.isf(rate))


def _limit(runs: Sequence[np.ndarray], rate: float) -> float:
    """The score that fresh normal rows exceed at most at `rate`, with confidence `SURE`."""
    everything = np.sort(np.concatenate(runs))
    start = float(np.quantile(everything, 1.0 - _TAIL))
    above = everything[everything > start]
    slope = max(float(np.mean(above - start)) if above.size else 0.0, 0.05)
    seen = rate >= _TAIL or rate * everything.size >= _SEEN
    plain = float(np.quantile(everything, 1.0 - rate)) if seen else start + slope * np.log(_TAIL / rate)
    # How far rates of stretches of time differ says how sure the tail is: the limit moves out by that much.
    counts = np.array([np.mean(piece > start) for piece in _pieces(runs)])
    error = float(counts.std(ddof=1) / np.sqrt(counts.size)) if counts.size > 1 else _TAIL
    unsure = 1.0 + float(stats.t.ppf(SURE, max(1, counts.size - 1))) * error / _TAIL
    return float(plain + slope * np.log(unsure))


def _rate(runs: Sequence[np.ndarray], limit: float) -> Rate:
    rates = np.array([np.mean(piece > limit) for piece in _pieces(runs)])
    everything = np.concatenate(runs)
    value = float(np.mean(everything > limit))
    # Between stretches of time, and never less than what so many rows could show (Clopper & Pearson).
    error = (
        float(stats.t.ppf(0.95, max(1, rates.size - 1)) * rates.std(ddof=1) / np.sqrt(rates.size))
        if rates.size > 1
        else 1.0
    )
    count, rows = float(np.sum(everything > limit)), float(everything.size)
    low = 0.0 if count == 0 else float(stats.beta.ppf(0.05, count, rows - count + 1.0))
    high = float(stats.beta.ppf(0.95, count + 1.0, rows - count))
    return Rate(value=value, low=max(0.0, min(low, value - error)), high=min(1.0, max(high, value + error)))


def _pieces(runs: Sequence[np.ndarray]) -> list[np.ndarray]:
    total = sum(run.size for run in runs)
    wanted = max(2, _PIECES * 5)
    pieces = []
    for run in runs:
        pieces += np.array_split(run, max(1, round(wanted * run.size / total)))
    return [piece for piece in pieces if piece.size]
