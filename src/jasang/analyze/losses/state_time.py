"""What a machine did with its time: a log of states made into one state at every moment, with all that could not be believed.

Real logs overlap, leave gaps, end before they start. Here a later entry interrupts an earlier one and the earlier goes on after
it; time that no entry covers is `unrecorded`. Nothing of this is silent: it is counted in seconds.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jasang.analyze.losses.spans import NOTHING, SECOND, Spans, both, microseconds, spans, without
from jasang.analyze.machine_states import State


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StateTrack:
    """One state at every recorded moment: `start`, `end` int64 microseconds UTC, `row` the entry of the log it came from,
    all shape (n,), in order of time and without overlap.

    `overlap_s`: seconds that two or more entries claimed; `backwards`: entries that end before they start (left out);
    `open_ends`: entries without an end (closed at the next start).
    """

    start: np.ndarray
    end: np.ndarray
    row: np.ndarray
    overlap_s: float
    backwards: int
    open_ends: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StateTime:
    """Seconds by state within planned time. `planned_s` = running + idle + setup + down + unknown + unrecorded.

    `planned_stop_s` is time the log calls a planned stop (break, no shift): it is no planned time. `unknown_s` is time in states
    that nobody can name, `unrecorded_s` planned time without any entry; both are neither run nor stop.
    """

    planned_s: float
    running_s: float
    idle_s: float
    setup_s: float
    down_s: float
    unknown_s: float
    unrecorded_s: float
    planned_stop_s: float


def state_track(start: np.ndarray, end: np.ndarray) -> StateTrack:
    """Entries of one machine's log in any order as one state at every moment; NaT where a moment is unknown.

    Parameters
    ----------
    start, end
        datetime64 UTC or int64 microseconds, shape (n,). An entry without an end lasts to the next start.
    """
    begin, finish = microseconds(start), microseconds(end)
    unknown = np.iinfo(np.int64).min  # NaT as a number
    rows = np.flatnonzero(begin != unknown)
    rows = rows[np.argsort(begin[rows], kind="stable")]
    first, last = begin[rows], finish[rows].copy()
    open_ends = last == unknown
    following = np.append(first[1:], first[-1:])
    last[open_ends] = following[open_ends]
    backwards = last < first
    kept = last > first
    rows, first, last = rows[kept], first[kept], last[kept]
    claimed = float((last - first).sum()) / SECOND - spans(first, last).seconds
    pieces = _resolved(first, last) if claimed > 0 else (first, last, np.arange(first.size))
    return StateTrack(
        start=pieces[0],
        end=pieces[1],
        row=rows[pieces[2]],
        overlap_s=max(0.0, claimed),
        backwards=int(backwards.sum()),
        open_ends=int(open_ends.sum()),
    )


def _resolved(first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """At every moment the entry that began last and still lasts; stretches of the same entry joined."""
    edges = np.unique(np.concatenate((first, last)))
    running: list[tuple[int, int]] = []  # (-place, end): the latest entry on top
    found: list[tuple[int, int, int]] = []
    place = 0
    for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        while place < first.size and first[place] <= low:
            heapq.heappush(running, (-place, int(last[place])))
            place += 1
        while running and running[0][1] <= low:
            heapq.heappop(running)
        if running:
            entry = -running[0][0]
            if found and found[-1][2] == entry and found[-1][1] == low:
                found[-1] = (found[-1][0], high, entry)
            else:
                found.append((low, high, entry))
    table = np.array(found, dtype=np.int64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


def state_time(track: StateTrack, states: Sequence[State | None], *, planned: Spans | None = None) -> StateTime:
    """Seconds by state within planned time.

    Parameters
    ----------
    track
        One machine's track.
    states
        The state of each entry of the log the track was made from (`states[track.row[i]]`), `None` where nobody can name it.
    planned
        Planned production time, for example from the calendar. `None`: all recorded time.
    """
    of_state = spans_by_state(track, states)
    stopped = of_state[State.PLANNED]
    window = planned if planned is not None else spans(track.start, track.end)
    inside = without(window, stopped)
    seconds = {state: both(part, inside).seconds for state, part in of_state.items()}
    recorded = sum(seconds[state] for state in (*_PLANNED_STATES, None))
    return StateTime(
        planned_s=inside.seconds,
        running_s=seconds[State.RUNNING],
        idle_s=seconds[State.IDLE],
        setup_s=seconds[State.SETUP],
        down_s=seconds[State.DOWN],
        unknown_s=seconds[None],
        unrecorded_s=max(0.0, inside.seconds - recorded),
        planned_stop_s=both(stopped, window).seconds,
    )


_PLANNED_STATES = (State.RUNNING, State.IDLE, State.SETUP, State.DOWN)


def spans_by_state(track: StateTrack, states: Sequence[State | None]) -> dict[State | None, Spans]:
    """The time in each state, `None` for states nobody can name; a state that never occurs has no time."""
    which = np.array([states[row] for row in track.row], dtype=object)
    found: dict[State | None, Spans] = {}
    for state in (*State, None):
        chosen = np.array([one is state for one in which], dtype=bool)
        found[state] = spans(track.start[chosen], track.end[chosen]) if chosen.any() else NOTHING
    return found
