"""The bottleneck of several machines by the active period method, and by who waits for whom.

A machine is active while it works, is set up or is being mended, and inactive while it waits for others. At every moment the
machine with the longest unbroken active period is the bottleneck; where its period overlaps with that of its successor, the
bottleneck shifts (Roser, Nakano & Tanaka 2002, "Shifting bottleneck detection"). Where the log tells starved from blocked, the
turning point says the same: machines before it are blocked, machines behind it starved (Li, Chang & Ni 2009).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jasang.analyze.losses.spans import SECOND, Spans, microseconds, spans
from jasang.analyze.stops import hours_by_day

_DRAWS = 999


@dataclass(frozen=True, slots=True, kw_only=True)
class BottleneckShare:
    """One machine's share of time as the bottleneck: `sole` alone, `shifting` while it passes on; `share` is both together
    with its 95 % interval (bootstrap over days). `active` is its share of time active, `mean_active_s` its mean period."""

    machine: str
    share: float
    low: float
    high: float
    sole: float
    shifting: float
    active: float
    mean_active_s: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bottleneck:
    """Machines by their share of time as the bottleneck, largest first.

    `clear`: the first one's interval lies above the share of every other. `start`, `end` (int64 microseconds) and `machine`
    (index into the names given in) are the momentary bottleneck, shape (pieces,).
    """

    shares: tuple[BottleneckShare, ...]
    clear: bool
    start: np.ndarray
    end: np.ndarray
    machine: np.ndarray


def shifting_bottleneck(
    active: Mapping[str, tuple[np.ndarray, np.ndarray]],
    *,
    join_s: float = 0.0,
    utc_offset_s: float = 0.0,
    seed: int = 20191001,
) -> Bottleneck | None:
    """The momentary bottleneck over time and each machine's share of it; `None` for fewer than two machines or no activity.

    Parameters
    ----------
    active
        By machine: starts and ends of its active periods, datetime64 UTC or int64 microseconds.
    join_s
        Pauses up to this length do not break an active period (the log's own grain).
    """
    names = list(active)
    periods = [_joined(*active[name], join_s) for name in names]
    if len(names) < 2 or not any(period.start.size for period in periods):
        return None
    start, end, who = _momentary(periods)
    if not start.size:
        return None
    shifting = _shifting(periods, start, end, who)
    length = (end - start) / SECOND
    piece, day, hours = hours_by_day(start, end, int(utc_offset_s * SECOND))
    days, place = np.unique(day, return_inverse=True)
    each = np.zeros((days.size, len(names)))
    np.add.at(each, (place, who[piece]), 3600.0 * hours)
    total = each.sum()
    rng = np.random.default_rng(seed)
    drawn = each[rng.integers(days.size, size=(_DRAWS, days.size))].sum(axis=1)
    drawn = drawn / drawn.sum(axis=1, keepdims=True)
    low, high = (
        np.quantile(drawn, [0.025, 0.975], axis=0) if days.size > 1 else (np.zeros(len(names)), np.ones(len(names)))
    )
    whole = (
        float(max(p.end[-1] for p in periods if p.end.size) - min(p.start[0] for p in periods if p.start.size)) / SECOND
    )
    shares = [
        BottleneckShare(
            machine=name,
            share=float(each[:, number].sum() / total),
            low=float(low[number]),
            high=float(high[number]),
            sole=float((length - shifting)[who == number].sum() / total),
            shifting=float(shifting[who == number].sum() / total),
            active=periods[number].seconds / whole,
            mean_active_s=periods[number].seconds / max(periods[number].start.size, 1),
        )
        for number, name in enumerate(names)
    ]
    shares.sort(key=lambda one: -one.share)
    clear = bool(shares[0].low > max(other.high for other in shares[1:]))
    return Bottleneck(shares=tuple(shares), clear=clear, start=start, end=end, machine=who)


def _joined(start: np.ndarray, end: np.ndarray, join_s: float) -> Spans:
    reach = round(join_s * SECOND)
    made = spans(microseconds(start), microseconds(end) + reach)
    return Spans(start=made.start, end=made.end - reach)


def _momentary(periods: Sequence[Spans]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Between any two edges: the machine whose current active period is the longest; equal ones: the first."""
    edges = np.unique(np.concatenate([np.concatenate((period.start, period.end)) for period in periods]))
    low = edges[:-1]
    lengths = np.zeros((len(periods), low.size), dtype=np.int64)
    for number, period in enumerate(periods):
        if period.start.size:
            place = np.maximum(np.searchsorted(period.start, low, side="right") - 1, 0)
            lengths[number] = np.where(period.covers(low), period.end[place] - period.start[place], 0)
    busy = lengths.max(axis=0) > 0
    who = lengths.argmax(axis=0)[busy]
    start, end = low[busy], edges[1:][busy]
    fresh = np.concatenate(([True], (who[1:] != who[:-1]) | (start[1:] != end[:-1])))
    last = np.concatenate((np.flatnonzero(fresh)[1:] - 1, [who.size - 1])) if who.size else np.empty(0, dtype=np.int64)
    return start[fresh], end[last], who[fresh]


def _shifting(periods: Sequence[Spans], start: np.ndarray, end: np.ndarray, who: np.ndarray) -> np.ndarray:
    """Seconds of each piece in which the active period of the bottleneck before or after it overlaps its own."""
    found = np.zeros(start.size)
    for piece in range(start.size):
        overlaps = []
        for other in (piece - 1, piece + 1):
            if 0 <= other < start.size and who[other] != who[piece]:
                its = _period_at(periods[who[other]], start[other])
                overlaps.append((max(its[0], start[piece]), min(its[1], end[piece])))
        if overlaps:
            table = np.array(overlaps, dtype=np.int64)
            found[piece] = spans(table[:, 0], table[:, 1]).seconds
    return found


def _period_at(period: Spans, moment: int) -> tuple[int, int]:
    place = int(np.searchsorted(period.start, moment, side="right")) - 1
    return int(period.start[place]), int(period.end[place])


@dataclass(frozen=True, slots=True, kw_only=True)
class TurningPoint:
    """The station where waiting turns: those before it are blocked more than starved, those behind it starved more."""

    station: int  # index in the order of the line
    clear: bool  # exactly one turning point


def turning_point(starved_s: Sequence[float], blocked_s: Sequence[float]) -> TurningPoint:
    """The bottleneck of a line from the seconds each station is starved (waits for parts) and blocked (cannot hand on).

    Raises
    ------
    ValueError
        The two rows differ in length or have fewer than two stations.
    """
    starved, blocked = np.asarray(starved_s, dtype=np.float64), np.asarray(blocked_s, dtype=np.float64)
    if starved.shape != blocked.shape or starved.size < 2:
        raise ValueError(f"got {starved.size} starved and {blocked.size} blocked; expected two equal rows of 2 or more")
    more_blocked = blocked > starved
    turns = [
        place
        for place in range(starved.size)
        if (place == 0 or more_blocked[:place].all())
        and (place == starved.size - 1 or not more_blocked[place + 1 :].any())
    ]
    waits = starved + blocked
    if turns:
        best = min(turns, key=lambda place: float(waits[place]))
        return TurningPoint(station=best, clear=True)
    return TurningPoint(station=int(np.argmin(waits)), clear=False)
