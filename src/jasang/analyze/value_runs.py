"""Runs of the same value and runs of blanks: which of them are too long for the column they stand in.

A column is compared with itself, so rounding, slow signals and sampled-and-held signals set their own measure.
"""

from dataclasses import dataclass

import numpy as np

# More stretches than this are how the column is, not a fault.
_MOST_STUCK = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Places start..stop-1 of a series hold one value (NaN: they are blank). `usual` is the longest ordinary run, in rows."""

    start: int
    stop: int
    value: float
    usual: int

    @property
    def rows(self) -> int:
        """Length in rows."""
        return self.stop - self.start


def runs(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Start places and lengths (int64) of the runs of equal values; neighbouring NaN form a run."""
    if not values.size:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    changed = values[1:] != values[:-1]
    changed &= ~(np.isnan(values[1:]) & np.isnan(values[:-1]))
    starts = np.concatenate(([0], np.flatnonzero(changed) + 1))
    return starts, np.diff(starts, append=values.size)


def _too_long(lengths: np.ndarray, least: int, times: float) -> tuple[np.ndarray, int]:
    """Places of the few runs at least `least` rows and `times` as long as the longest of all others, and the length of that one.

    Were lengths exponential with k runs, the longest would be near scale·ln k; four times that has a chance of about k^-3.
    A heavy tail (nights, weekends) has no such step between its longest runs and the next.
    """
    if not lengths.size or lengths.max() < least:
        return np.empty(0, dtype=np.int64), 0
    some = min(_MOST_STUCK + 1, lengths.size)
    longest = np.argpartition(lengths, -some)[-some:]
    longest = longest[np.argsort(-lengths[longest])]
    sizes = np.append(lengths[longest], 0 if some == lengths.size else lengths[longest[-1]])
    for count in range(min(_MOST_STUCK, longest.size), 0, -1):
        if sizes[count - 1] >= max(least, times * sizes[count]):
            return longest[:count], int(sizes[count])
    return np.empty(0, dtype=np.int64), int(sizes[0])


def stuck_runs(values: np.ndarray, *, least: int = 20, times: float = 4.0) -> tuple[Run, ...]:
    """Runs of one value that are too long for a signal that otherwise moves.

    Parameters
    ----------
    values
        float64, shape (n,), in order of time; NaN = missing, which does not end a run.
    least
        Shortest run in rows that can count.
    times
        How many times longer than the longest ordinary run.
    """
    present = np.flatnonzero(~np.isnan(values))
    series = values[present]
    starts, lengths = runs(series)
    found, ordinary = _too_long(lengths, least, times)
    if not found.size:
        return ()
    # A signal that seldom moves or has a few levels (a setting, a state) has no ordinary run to compare with.
    moving = series.size - int(lengths[found].sum())
    if lengths.size < 30 or lengths.size < 0.05 * moving or np.unique(series).size < 10:
        return ()
    low, high = float(series.min()), float(series.max())
    result = []
    for place in found:
        first, last = int(starts[place]), int(starts[place] + lengths[place] - 1)
        value = float(series[first])
        if value == high or (value == low and (value > 0 or _often_there(series, starts, lengths, value))):
            continue  # the signal rests at the end of its range: closed, full, off
        result.append(Run(start=int(present[first]), stop=int(present[last]) + 1, value=value, usual=ordinary))
    return tuple(result)


def _often_there(series: np.ndarray, starts: np.ndarray, lengths: np.ndarray, value: float) -> bool:
    at_value = lengths[series[starts] == value]
    return bool(at_value.size >= 4 and np.sort(at_value)[-4:].min() >= 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blanks:
    """Blanks of a column that should not be: unbroken stretches, and single ones scattered over the rest.

    `rows` are all blank rows of the series, `scattered` the share of blanks outside the stretches.
    """

    stretches: tuple[Run, ...]
    scattered: float
    rows: int
    of: int

    @property
    def value(self) -> float:
        """NaN: there is no value."""
        return float("nan")


def find_blanks(values: np.ndarray, *, least: int = 30, times: float = 4.0, tolerated: float = 0.03) -> Blanks | None:
    """Missing values beyond how often the column is blank by nature; `None` when there is nothing to say.

    A column filled in every k-th row, or in less than half of them, is sampled, not broken: only stretches count there.

    Parameters
    ----------
    values
        float64, shape (n,), in order of time; NaN = missing.
    least, times
        A stretch is at least `least` rows, and `times` as long as the longest ordinary one.
    tolerated
        Share of scattered blanks that nobody need look at.
    """
    blank = np.isnan(values)
    if not blank.any() or blank.all():
        return None
    starts, lengths = runs(blank.astype(np.float64))
    is_blank = blank[starts]
    found, ordinary = _too_long(lengths[is_blank], max(least, values.size // 500), times)
    stretches = sorted(zip(starts[is_blank][found].tolist(), lengths[is_blank][found].tolist(), strict=True))
    outside = values.size - sum(length for _, length in stretches)
    rest = int(blank.sum()) - sum(length for _, length in stretches)
    scattered = rest / outside if outside else 0.0
    if _sampled(np.flatnonzero(~blank), scattered):
        scattered = 0.0
    if not stretches and scattered < tolerated:
        return None
    return Blanks(
        stretches=tuple(
            Run(start=start, stop=start + length, value=float("nan"), usual=ordinary) for start, length in stretches
        ),
        scattered=scattered,
        rows=int(blank.sum()),
        of=values.size,
    )


def _sampled(present: np.ndarray, scattered: float) -> bool:
    """Whether values stand in every k-th row, or in fewer than half of the rows."""
    if scattered > 0.5:
        return True
    spacing = np.diff(present)
    if spacing.size < 10:
        return False
    usual = int(np.median(spacing))
    return usual >= 2 and float((spacing == usual).mean()) > 0.6
