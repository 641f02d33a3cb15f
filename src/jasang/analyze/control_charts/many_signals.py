"""Limits, run rules and capability of many long signals in one go: each value is read from memory once or twice, in the cache.

For a plant with a thousand signals a second for a day. The figures are those of `individuals_chart`, `nelson_rules` and
`process_capability`; only the order of the sums differs.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import pi, sqrt

import numpy as np

from jasang.analyze.control_charts.rule_bits import CHUNK, RuleBits, unpacked

TURNED = 16  # signals taken together where they lie across the memory
TILE = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSurvey:
    """One entry for each signal, shape (signals,) unless said otherwise; NaN where a figure does not exist.

    `sigma` is the mean moving range / d₂(2), `overall_sigma` the sample standard deviation; `lower` and `upper` are the 3-sigma
    limits. `rule_points` counts the points that complete each of the eight rules, shape (signals, 8), `alarm_points` those that
    complete any, `first_alarm` is the index of the first (−1: none). `below` and `above` count values outside the
    specification. `flags` are the rule bits, uint64 of shape (signals, 8, words), where they were asked for.
    """

    size: np.ndarray
    known: np.ndarray
    mean: np.ndarray
    mean_range: np.ndarray
    sigma: np.ndarray
    overall_sigma: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    rule_points: np.ndarray
    alarm_points: np.ndarray
    first_alarm: np.ndarray
    cp: np.ndarray
    cpk: np.ndarray
    pp: np.ndarray
    ppk: np.ndarray
    below: np.ndarray
    above: np.ndarray
    flags: np.ndarray | None

    def rule_flags(self, signal: int) -> np.ndarray:
        """Which points of this signal complete which rule, bool of shape (8, n)."""
        if self.flags is None:
            raise ValueError("the survey was made without keep_flags=True")
        return unpacked(self.flags[signal], int(self.size[signal]))


@dataclass(frozen=True, slots=True)
class _One:
    known: int
    mean: float
    mean_range: float
    overall: float
    below: int
    above: int
    flags: np.ndarray


def survey_signals(
    signals: np.ndarray | Iterable[np.ndarray],
    *,
    low: np.ndarray | float | None = None,
    high: np.ndarray | float | None = None,
    keep_flags: bool = False,
) -> SignalSurvey:
    """Limits, the eight run rules and capability of each signal.

    Parameters
    ----------
    signals : ndarray of shape (signals, n), or an iterable of arrays
        float32 or float64 (others become float64); NaN is missing. A memory map or a generator is read signal by signal, so
        memory stays bounded. For a table of shape (n, signals) give its `.T`.
    low, high : float or ndarray of shape (signals,), optional
        Specification limits; NaN = this signal has none.
    keep_flags : bool
        Keep one bit for each rule and point (n bytes a signal). Signals must then be of one length.
    """
    rows: list[tuple[_One, int]] = []
    lows, highs = _limits_of(low), _limits_of(high)
    bits: RuleBits | None = None
    counts: list[np.ndarray] = []
    alarms: list[int] = []
    firsts: list[int] = []
    kept: list[np.ndarray] = []
    for place, values in enumerate(_each(signals)):
        if bits is None or bits.length != values.size:
            bits = RuleBits(values.size)
        one = _survey(values, bits, next(lows), next(highs))
        rows.append((one, values.size))
        counts.append(np.bitwise_count(one.flags).sum(axis=1))
        anywhere = np.bitwise_or.reduce(one.flags, axis=0)
        alarms.append(int(np.bitwise_count(anywhere).sum()))
        firsts.append(_first(anywhere))
        if keep_flags:
            if place and kept[0].shape != one.flags.shape:
                raise ValueError("keep_flags needs signals of one length")
            kept.append(one.flags)
    return _gathered(rows, counts, alarms, firsts, kept if keep_flags else None, low, high)


def _each(signals: np.ndarray | Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    if isinstance(signals, np.ndarray) and signals.ndim == 1:
        raise ValueError(f"expected signals of shape (signals, n), got one row of {signals.size}; give it as [row]")
    across = isinstance(signals, np.ndarray) and signals.ndim == 2 and signals.strides[1] > signals.strides[0]
    if isinstance(signals, np.ndarray) and across:
        for start in range(0, signals.shape[0], TURNED):
            yield from (_floats(row) for row in _turned(signals[start : start + TURNED]))
        return
    for row in signals:
        if np.ndim(row) != 1:
            raise ValueError(f"expected an iterable of rows, shape (n,) each, got an entry of shape {np.shape(row)}")
        yield _floats(np.ascontiguousarray(row))


def _turned(block: np.ndarray) -> np.ndarray:
    """The block in the order of memory that a signal needs, copied in tiles that fit the cache."""
    rows = np.empty(block.shape, dtype=block.dtype)
    for start in range(0, block.shape[1], TILE):
        rows[:, start : start + TILE] = block[:, start : start + TILE]
    return rows


def _floats(values: np.ndarray) -> np.ndarray:
    if values.ndim != 1 or not values.size:
        raise ValueError(f"expected a row of values, got shape {values.shape}")
    return values if values.dtype in (np.float32, np.float64) else values.astype(np.float64)


def _limits_of(limit: np.ndarray | float | None) -> Iterator[float]:
    if limit is None or np.ndim(limit) == 0:
        while True:
            yield float("nan") if limit is None else float(limit)
    yield from np.asarray(limit, dtype=np.float64).tolist()


def _survey(values: np.ndarray, bits: RuleBits, low: float, high: float) -> _One:
    known, total, moves, move_sum = _sums(values)
    mean = total / known if known else float("nan")
    mean_range = move_sum / moves if moves else float("nan")
    sigma = mean_range * sqrt(pi) / 2.0
    square, below, above = 0.0, 0, 0
    for start in range(0, values.size, CHUNK):
        x = values[start : start + CHUNK]
        away = np.subtract(x, mean, dtype=np.float64)
        square += float(away @ away) if known == values.size else float(np.nansum(away * away))
        below += int(np.count_nonzero(x < low)) if low == low else 0
        above += int(np.count_nonzero(x > high)) if high == high else 0
    steady = not (sigma > 0.0 and np.isfinite(mean))
    return _One(
        known=known,
        mean=mean,
        mean_range=mean_range,
        overall=sqrt(square / (known - 1)) if known > 1 else float("nan"),
        below=below,
        above=above,
        flags=np.zeros((8, bits.words), np.uint64) if steady else bits.flags(values, centre=mean, sigma=sigma),
    )


def _sums(values: np.ndarray) -> tuple[int, float, int, float]:
    """Number and sum of the values, number and sum of the moving ranges; NaN left out."""
    total, moved = 0.0, 0.0
    for start in range(0, values.size, CHUNK):
        end = min(values.size, start + CHUNK)
        x = values[start:end].astype(np.float64, copy=False)
        total += float(x.sum())
        before = values[start - 1 : end - 1] if start else x[:-1]
        step = np.subtract(x if start else x[1:], before, dtype=np.float64)
        moved += float(np.abs(step, out=step).sum())
    if not np.isnan(total):
        return values.size, total, values.size - 1, moved
    x = values.astype(np.float64)
    step = np.abs(np.diff(x))
    there, steps = ~np.isnan(x), step[~np.isnan(step)]
    return int(there.sum()), float(x[there].sum()), steps.size, float(steps.sum())


def _first(anywhere: np.ndarray) -> int:
    words = np.flatnonzero(anywhere)
    if not words.size:
        return -1
    word = int(anywhere[words[0]])
    return int(words[0]) * 64 + (word & -word).bit_length() - 1


def _gathered(
    rows: list[tuple[_One, int]],
    counts: list[np.ndarray],
    alarms: list[int],
    firsts: list[int],
    kept: list[np.ndarray] | None,
    low: np.ndarray | float | None,
    high: np.ndarray | float | None,
) -> SignalSurvey:
    mean, mean_range, overall = (
        np.array([getattr(one, name) for one, _ in rows], dtype=np.float64)
        for name in ("mean", "mean_range", "overall")
    )
    sigma = mean_range * sqrt(pi) / 2.0
    lows = np.broadcast_to(np.nan if low is None else np.asarray(low, dtype=np.float64), mean.shape)
    highs = np.broadcast_to(np.nan if high is None else np.asarray(high, dtype=np.float64), mean.shape)
    nearest = np.fmin(mean - lows, highs - mean)
    with np.errstate(divide="ignore", invalid="ignore"):
        cp, pp = (highs - lows) / (6.0 * sigma), (highs - lows) / (6.0 * overall)
        cpk, ppk = nearest / (3.0 * sigma), nearest / (3.0 * overall)
    return SignalSurvey(
        size=np.array([size for _, size in rows], dtype=np.int64),
        known=np.array([one.known for one, _ in rows], dtype=np.int64),
        mean=mean,
        mean_range=mean_range,
        sigma=sigma,
        overall_sigma=overall,
        lower=mean - 3.0 * sigma,
        upper=mean + 3.0 * sigma,
        rule_points=np.array(counts, dtype=np.int64).reshape(len(rows), 8),
        alarm_points=np.array(alarms, dtype=np.int64),
        first_alarm=np.array(firsts, dtype=np.int64),
        cp=cp,
        cpk=cpk,
        pp=pp,
        ppk=ppk,
        below=np.array([one.below for one, _ in rows], dtype=np.int64),
        above=np.array([one.above for one, _ in rows], dtype=np.int64),
        flags=None if kept is None else np.array(kept),
    )
