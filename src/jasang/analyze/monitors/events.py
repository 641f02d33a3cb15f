"""From scores to events: one alarm for each, when it began, how bad it got, and which variables it began with."""

from dataclasses import dataclass

import numpy as np

from jasang.analyze.monitors.contributions import FIRST_ROWS, Contribution, contributions
from jasang.analyze.monitors.memory import Statistic
from jasang.analyze.monitors.monitor import Monitor, Scores

FEWEST_CLEAR = 10  # rows below the limit that end an event at least
PLAIN_PEAK = 1.4  # score from which on a single row is an event
_LOOK_BACK = 3.0  # lengths of the memory that gave the alarm
_VARIABLES_FOR_ONSET = 3
_LEAST_SPREAD = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One unusual stretch. Rows are places in the scored rows: `onset` the estimated beginning, `first` the first row above the
    limit, `end` the row after the last one above it, `open` whether it was still going on at the end of the data.

    `rows_above` counts rows above the limit, `peak` is the largest score, `statistic` gave the first alarm, `contributions` are
    all variables, the most suspect first.
    """

    onset: int
    first: int
    end: int
    open: bool
    rows_above: int
    peak: float
    statistic: Statistic
    contributions: tuple[Contribution, ...]


def find_events(
    monitor: Monitor, scores: Scores, *, clear: int | None = None, fewest: int | None = None
) -> tuple[Event, ...]:
    """The events of scored rows, in order.

    Alarms belong to one event until `clear` rows in a row stay below the limit (by default the longest memory that alarmed, at
    least `FEWEST_CLEAR`). Events of fewer than `fewest` rows above the limit are not told; by default a single row is, where its
    score is at least `PLAIN_PEAK`.
    """
    above = np.flatnonzero(scores.alarm)
    found: list[Event] = []
    before = 0
    while above.size:
        first = int(above[0])
        last = first
        taken = 0
        for row in above:
            memory = scores.statistics[int(scores.leading[last])].memory
            gap = clear if clear is not None else max(FEWEST_CLEAR, memory)
            if row - last > gap:
                break
            last = int(row)
            taken += 1
        memory = scores.statistics[int(scores.leading[last])].memory
        gap = clear if clear is not None else max(FEWEST_CLEAR, memory)
        peak = float(np.nanmax(scores.score[first : last + 1]))
        if taken >= (2 if fewest is None else fewest) or (fewest is None and peak >= PLAIN_PEAK):
            found.append(_event(monitor, scores, before, first, last + 1, taken, scores.score.size - last <= gap))
        before = last + 1
        above = above[taken:]
    return tuple(found)


def _event(monitor: Monitor, scores: Scores, before: int, first: int, end: int, taken: int, is_open: bool) -> Event:
    statistic = scores.statistics[int(scores.leading[first])]
    onset = _onset(scores, before, first, end, max(statistic.memory, monitor.smoothing))
    return Event(
        onset=onset,
        first=first,
        end=end,
        open=is_open,
        rows_above=taken,
        peak=float(np.nanmax(scores.score[first:end])),
        statistic=statistic,
        contributions=contributions(monitor, scores.residuals[onset : max(end, onset + 1)]),
    )


def _onset(scores: Scores, before: int, first: int, end: int, memory: int) -> int:
    """The row from which on the residuals of the most deviating variables are best told from normal ones by likelihood."""
    start = max(before, first - int(np.ceil(_LOOK_BACK * memory)) - 2)
    stop = min(end, first + max(FIRST_ROWS, memory))
    own = scores.residuals[start:stop]
    known = np.isfinite(own).all(axis=1)
    if known.sum() < 2:
        return first
    rows = start + np.flatnonzero(known)
    own = own[known]
    energy = np.mean(own[rows >= first] ** 2, axis=0) if (rows >= first).any() else np.mean(own**2, axis=0)
    course = own[:, np.argsort(-energy)[:_VARIABLES_FOR_ONSET]]
    backwards = course[::-1]
    count = np.arange(1, rows.size + 1)[:, None]
    mean = np.cumsum(backwards, axis=0) / count
    square = np.cumsum(backwards**2, axis=0)
    variance = np.maximum(square / count - mean**2, _LEAST_SPREAD)
    # Twice the log likelihood ratio of a normal with this mean and variance against the standard normal.
    gain = (square - count * (1.0 + np.log(variance))).sum(axis=1)
    candidates = rows[::-1] <= first
    gain[~candidates] = -np.inf
    return int(rows[::-1][int(np.argmax(gain))])
