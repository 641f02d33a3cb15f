"""Where batches (charges, cycles, lots) begin and end in a record: told by a column, by spans of time, by gaps, or by the shape.

Rows are in order of time. A batch is the rows `starts[i]:ends[i]`; rows between batches belong to none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

FEWEST_BATCHES = 8
FEWEST_ROWS = 8  # of a batch: fewer make no curve
LEAST_REPEATED = 0.5  # share of a signal's variance that the mean of the other cycles tells
_LOW, _HIGH = 0.3, 0.7  # hysteresis, parts of the range
_REGULAR = 0.7  # of the cycles are 0.6 to 1.6 times the usual length
_POINTS = 40


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batches:
    """Batches in order of time: `starts` and `ends` (exclusive) are int64 row numbers, shape (b,); `names` one a batch.

    `how` says what told them; `signal` is the signal whose shape did (its place among the columns), `repeated` the share of its
    variance that the other cycles foretell.
    """

    starts: np.ndarray
    ends: np.ndarray
    names: tuple[str, ...]
    how: Literal["column", "states", "gaps", "shape", "tables"]
    signal: int | None = None
    repeated: float | None = None

    @property
    def lengths(self) -> np.ndarray:
        """Rows of each batch, shape (b,)."""
        return np.asarray(self.ends - self.starts)


def batches_by_column(labels: Sequence[object] | np.ndarray, *, fewest_rows: int = FEWEST_ROWS) -> Batches:
    """A batch is a run of rows with the same label (number, text or code; `None`, NaN, "" and -1 are no batch).

    A number that comes again (batch 1 of every day) is a batch of its own. Runs shorter than `fewest_rows` are left out.
    """
    values = np.asarray(labels)
    if values.dtype.kind == "f":
        known = np.isfinite(values)
        same = values[1:] == values[:-1]
    else:
        texts = np.array([str(one) for one in values]) if values.dtype.kind == "O" else values
        known = (texts != -1) if texts.dtype.kind in "iu" else ~np.isin(texts.astype(str), ("", "None", "nan"))
        same = texts[1:] == texts[:-1]
        values = texts
    if not values.size:
        return _batches(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), (), "column", fewest_rows)
    starts = np.concatenate([[0], np.flatnonzero(~same) + 1])
    ends = np.append(starts[1:], values.size)
    kept = known[starts]
    starts, ends = starts[kept], ends[kept]
    return _batches(starts, ends, tuple(_name(values[start]) for start in starts), "column", fewest_rows)


def batches_by_spans(
    time: np.ndarray, begins: np.ndarray, finishes: np.ndarray, *, fewest_rows: int = FEWEST_ROWS
) -> Batches:
    """The rows inside each span of time, for example the running spans of a log of states.

    All three are datetime64 or numbers of one unit; `time` rises. Spans that hold fewer than `fewest_rows` rows are left out.
    """
    order = np.argsort(begins, kind="stable")
    starts = np.searchsorted(time, np.asarray(begins)[order], side="left")
    ends = np.searchsorted(time, np.asarray(finishes)[order], side="left")
    return _batches(starts, ends, tuple(str(place + 1) for place in range(starts.size)), "states", fewest_rows)


def batches_by_gaps(seconds: np.ndarray, *, times: float = 5.0, fewest_rows: int = FEWEST_ROWS) -> Batches:
    """Batches stand between gaps longer than `times` usual steps: a machine that records only while it works."""
    steps = np.diff(np.asarray(seconds, dtype=np.float64))
    forward = steps[steps > 0]
    usual = float(np.median(forward)) if forward.size else 1.0
    cuts = np.flatnonzero(steps > times * usual) + 1
    starts = np.concatenate([[0], cuts]).astype(np.int64)
    ends = np.append(cuts, len(seconds)).astype(np.int64)
    return _batches(starts, ends, tuple(str(place + 1) for place in range(starts.size)), "gaps", fewest_rows)


def batches_by_shape(values: np.ndarray, *, fewest_rows: int = FEWEST_ROWS) -> Batches | None:
    """Cycles found in the signals themselves, (rows, signals): the signal that rises and falls most regularly and most alike.

    A cycle runs from one low to the next; waiting at the low is cut off its end. `None` where no signal repeats itself: at
    least `FEWEST_BATCHES` cycles, most of them 0.6 to 1.6 times the usual length, and the mean of the other cycles telling at
    least half of the variance.
    """
    table = np.asarray(values, dtype=np.float64)
    table = table[:, None] if table.ndim == 1 else table
    best: Batches | None = None
    for place in range(table.shape[1]):
        found = _cycles(table[:, place], place, fewest_rows)
        if found is not None and (best is None or (found.repeated or 0.0) > (best.repeated or 0.0)):
            best = found
    return best


def _cycles(signal: np.ndarray, place: int, fewest_rows: int) -> Batches | None:
    known = np.isfinite(signal)
    if known.mean() < 0.9 or known.sum() < FEWEST_BATCHES * fewest_rows:
        return None
    filled = np.interp(np.arange(signal.size), np.flatnonzero(known), signal[known])
    low, high = np.percentile(filled, [3.0, 97.0])
    if not high > low:
        return None
    level = (_median_of_three(filled) - low) / (high - low)
    rises = _rises(level)
    if rises.size < FEWEST_BATCHES + 1:
        # The quick ups and downs of a noisy signal may hide the slow cycle; the other way round there is nothing to find.
        return None
    usual = float(np.median(np.diff(rises)))
    if usual < fewest_rows:
        return None
    lengths = np.diff(rises)
    if np.mean((lengths > 0.6 * usual) & (lengths < 1.6 * usual)) < _REGULAR:
        return None
    starts = np.array([_low_before(level, first, last) for first, last in pairwise(rises)])
    ends = starts[1:].copy()
    starts = starts[:-1]
    ends = np.array([_without_waiting(level, start, end) for start, end in zip(starts, ends, strict=True)])
    plain = (ends - starts > 0.4 * usual) & (ends - starts < 2.5 * usual)
    names = tuple(str(number + 1) for number in range(int(plain.sum())))
    found = _batches(starts[plain], ends[plain], names, "shape", fewest_rows)
    if found.starts.size < FEWEST_BATCHES:
        return None
    # Within its usual range: a spike of a sensor is no part of the shape.
    repeated = repeated_share(np.clip(level, -0.2, 1.2), found.starts, found.ends)
    if repeated < LEAST_REPEATED:
        return None
    return Batches(
        starts=found.starts, ends=found.ends, names=found.names, how="shape", signal=place, repeated=repeated
    )


def repeated_share(signal: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> float:
    """The share of the variance inside the batches that the mean curve of the others tells, at most 1, 0 or less for none."""
    curves = np.array(
        [
            np.interp(np.linspace(start, end - 1, _POINTS), np.arange(start, end), signal[start:end])
            for start, end in zip(starts, ends, strict=True)
        ]
    )
    others = (curves.sum(axis=0) - curves) / (curves.shape[0] - 1)
    total = float(np.mean((curves - curves.mean()) ** 2))
    return 1.0 - float(np.mean((curves - others) ** 2)) / total if total > 0 else 0.0


def _median_of_three(values: np.ndarray) -> np.ndarray:
    middle = np.median(np.stack([values[:-2], values[1:-1], values[2:]]), axis=0)
    return np.concatenate([values[:1], middle, values[-1:]])


def _rises(level: np.ndarray) -> np.ndarray:
    """Rows where the level goes above the upper threshold for the first time after it was below the lower one."""
    side = np.where(level > _HIGH, 1, np.where(level < _LOW, -1, 0))
    sure = np.flatnonzero(side)
    turned = np.flatnonzero((side[sure][1:] == 1) & (side[sure][:-1] == -1)) + 1
    return np.asarray(sure[turned])


def _low_before(level: np.ndarray, first: int, last: int) -> int:
    """The last row at the low between two rises, where the later cycle begins."""
    part = level[first : last + 1]
    lowest = part.min()
    return int(first + np.flatnonzero(part <= lowest + 0.05)[-1])


def _without_waiting(level: np.ndarray, start: int, end: int) -> int:
    """The end of the cycle without the rows at which the signal only waits at its low."""
    part = level[start:end]
    above = np.flatnonzero(part > part.min() + 0.1)
    return int(start + min(above[-1] + 2, part.size)) if above.size else end


def _batches(
    starts: np.ndarray,
    ends: np.ndarray,
    names: tuple[str, ...],
    how: Literal["column", "states", "gaps", "shape", "tables"],
    fewest_rows: int,
) -> Batches:
    kept = np.flatnonzero(ends - starts >= fewest_rows)
    return Batches(
        starts=starts[kept].astype(np.int64),
        ends=ends[kept].astype(np.int64),
        names=tuple(names[place] for place in kept),
        how=how,
    )


def _name(value: object) -> str:
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)
