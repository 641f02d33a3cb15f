"""Where each machine's planned time went, computed once for the losses study and the rules on losses."""

from dataclasses import dataclass

import numpy as np

from jasang.analyze.losses import (
    BestCycle,
    Changeovers,
    MeanTime,
    MinorStops,
    Oee,
    SixLosses,
    Spans,
    best_cycle,
    both,
    changeovers,
    minor_stops,
    mtbf,
    mttr,
    oee,
    six_big_losses,
    spans,
    state_time,
    without,
)
from jasang.analyze.losses.minor_stops import clock_step
from jasang.analyze.losses.spans import NOTHING, SECOND
from jasang.analyze.machine_states import State
from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.machine_records import Log, MachineRecord, Pieces

LONG_STOP = 600.0  # seconds without a piece beyond the cycle: a stop, not a minor one
_COUNTS = 12
_START_UP = 10  # pieces after a stop of half an hour
_RESTART = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class IdealCycle:
    """Seconds a piece of one product takes at best, and whether the factory said so or the record shows it."""

    product: str | None
    seconds: float
    stated: bool
    demonstrated: BestCycle | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MachineLosses:
    """One machine's losses; `None` where the data do not say. `stops` are its unplanned stops (logged, else silences of ten
    minutes and more), `repairs_s` their lengths."""

    record: MachineRecord
    planned: Spans
    oee: Oee
    six: SixLosses | None
    ideals: tuple[IdealCycle, ...]
    minor: MinorStops | None
    changeovers: Changeovers | None
    stops: Spans
    between: MeanTime | None  # hours
    repair: MeanTime | None  # minutes
    running: Spans


def machine_losses(base: EvidenceBase, record: MachineRecord) -> MachineLosses:
    """The losses of one machine from its pieces and its log."""
    pieces = record.pieces if record.pieces is not None and record.pieces.fine else None
    minor = find_minor_stops(base, record) if pieces is not None else None
    ideals = ideal_cycles(base, record)
    changes = find_changeovers(record, minor) if pieces is not None else None
    planned, stops, setup = _stops(record, minor, changes)
    spent = state_time(record.log.track, list(record.log.states), planned=planned) if record.log is not None else None
    whole = _log_is_whole(record)
    total, good, ideal_s, good_ideal_s = _counts(record, ideals)
    if spent is not None and whole:
        run_s, down_s, setup_s, idle_s = spent.running_s, spent.down_s, spent.setup_s, spent.idle_s
        planned_s: float | None = spent.planned_s
    elif pieces is not None:
        planned_s, down_s, setup_s, idle_s = (
            planned.seconds,
            both(stops, planned).seconds,
            both(setup, planned).seconds,
            0.0,
        )
        run_s = max(0.0, planned_s - down_s - setup_s)
    else:
        planned_s, run_s, down_s, setup_s, idle_s = (planned.seconds or None), None, 0.0, 0.0, 0.0
    result = oee(
        planned_s=planned_s, run_s=run_s, total=total, good=good, ideal_s=ideal_s, good_ideal_s=good_ideal_s,
        calendar_s=record.calendar_s or None,
    )  # fmt: skip
    six = None
    if planned_s and run_s is not None:
        reject_s = (ideal_s or 0.0) - (good_ideal_s if good_ideal_s is not None else ideal_s or 0.0)
        six = six_big_losses(
            planned_s=planned_s, down_s=down_s, setup_s=setup_s, idle_s=idle_s, run_s=run_s,
            minor_stop_s=min(run_s, minor.lost_s) if minor is not None and minor.understood else 0.0, net_s=ideal_s,
            reject_s=max(0.0, reject_s), startup_reject_s=min(max(0.0, reject_s), _start_up_rejects(record, ideals)),
        )  # fmt: skip
    running = record.log.spans(State.RUNNING) if record.log is not None and whole else without(planned, stops)
    between, repair = reliability(running, stops)
    return MachineLosses(
        record=record, planned=planned, oee=result, six=six, ideals=ideals, minor=minor, changeovers=changes, stops=stops,
        between=between, repair=repair, running=running,
    )  # fmt: skip


def _log_is_whole(record: MachineRecord) -> bool:
    """Whether the log tells running time, not only stops."""
    return record.log is not None and record.log.spans(State.RUNNING).seconds > 0


def find_minor_stops(base: EvidenceBase, record: MachineRecord) -> MinorStops:
    """Minor stops between the pieces of the machine that no log has, within stated planned time."""
    pieces = _needed(record.pieces)
    return minor_stops(
        pieces.time,
        pieces.product,
        planned=record.planned if base.factory.calendar is not None else None,
        logged=record.logged_stops() if record.log is not None else None,
        utc_offset_s=record.utc_offset_s,
    )


def find_changeovers(record: MachineRecord, minor: MinorStops | None) -> Changeovers | None:
    """Changeovers of a machine that makes several products one after the other; `None` where it does not."""
    pieces = _needed(record.pieces)
    if record.by_product or np.unique(pieces.product[pieces.product >= 0]).size < 2:
        return None
    change = pieces.product[1:] != pieces.product[:-1]
    if change.mean() > 0.2:
        return None  # two products at once: left and right, a mixed pallet
    down = record.log.spans(State.DOWN, State.PLANNED) if record.log is not None else NOTHING
    paused = minor.paused if minor is not None else NOTHING
    return changeovers(pieces.time, pieces.product, planned=without(record.planned, paused), stopped=down)


def ideal_cycles(base: EvidenceBase, record: MachineRecord) -> tuple[IdealCycle, ...]:
    """The ideal cycle of every product of the machine that is known or can be seen."""
    found = []
    for name, cycles in product_cycles(record):
        seen = best_cycle(cycles)
        stated = base.factory.ideal_cycles_s.get(name) if name is not None else None
        stated = stated if stated is not None else record.data.table.ideal_cycle_s
        if stated is not None:
            found.append(IdealCycle(product=name, seconds=stated, stated=True, demonstrated=seen))
        elif seen is not None:
            found.append(IdealCycle(product=name, seconds=seen.best_s, stated=False, demonstrated=seen))
        elif cycles.size >= 20:
            fast = float(np.quantile(cycles, 0.25))
            found.append(IdealCycle(product=name, seconds=fast, stated=False, demonstrated=None))
    return tuple(found)


def product_cycles(record: MachineRecord) -> list[tuple[str | None, np.ndarray]]:
    """Cycle times (s a piece) of each product in order of time, stops left out: from pieces, else from counts in the log."""
    if record.pieces is not None and record.pieces.fine:
        pieces = record.pieces
        cycle, kind, _ = piece_cycles(pieces)
        return [(pieces.products[k] if k >= 0 else None, cycle[kind == k]) for k in np.unique(kind)]
    if record.log is not None and record.log.made is not None:
        log = record.log
        made = log.made[log.track.row] if log.made is not None else np.empty(0)
        running = np.array([log.states[row] is State.RUNNING for row in log.track.row], dtype=bool) & (made > 0)
        seconds, made = (log.track.end - log.track.start)[running] / SECOND, made[running]
        kind = log.product[log.track.row][running]
        names = [(log.products[k] if k >= 0 else None, kind == k) for k in np.unique(kind)]
        return [(name, _counted_cycles(seconds[mine], made[mine])) for name, mine in names]
    if record.pieces is not None:  # mere days: only what the factory states
        pieces = record.pieces
        return [(pieces.products[k] if k >= 0 else None, np.empty(0)) for k in np.unique(pieces.product)]
    return []


def _counted_cycles(seconds: np.ndarray, made: np.ndarray) -> np.ndarray:
    """Seconds a piece over a dozen counts together: a piece that falls into the next count is no change of pace."""
    whole = seconds.size // _COUNTS * _COUNTS
    together = seconds[:whole].reshape(-1, _COUNTS).sum(axis=1) / made[:whole].reshape(-1, _COUNTS).sum(axis=1)
    return np.asarray(np.repeat(together, 5))  # so that five dozens are one stretch of `best_cycle`


def piece_cycles(pieces: Pieces) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Seconds a piece, product code and moment (int64 µs) of the pieces that follow one of their own product without a stop.

    Pieces that leave together (cavities) share the interval: it is divided by the pieces an interval usually has.
    """
    steps = np.diff(pieces.time) / SECOND
    same = pieces.product[1:] == pieces.product[:-1]
    kind, moment = pieces.product[1:], pieces.time[1:]
    cycle = np.full(steps.size, np.nan)
    for code in np.unique(kind):
        mine = same & (kind == code)
        length = steps[mine]
        if not length.size:
            continue
        long = np.quantile(length, 0.75)
        together = length < 0.2 * long
        batch = 1 + float(together.sum()) / max(1, int((~together).sum())) if together.mean() >= 0.2 else 1.0
        middle = float(np.median(length[~together])) if (~together).any() else 0.0
        kept = ~together if batch > 1 else length > 0
        kept &= length <= 2 * middle
        cycle[np.flatnonzero(mine)[kept]] = length[kept] / batch
    known = np.isfinite(cycle) & (cycle > 0)
    return cycle[known], kind[known], moment[known]


def paced_cycles(pieces: Pieces) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`piece_cycles`, but over many pieces together where the clock is too coarse to time one."""
    step = clock_step(pieces.time)
    span = np.diff(pieces.time) / SECOND
    working = span[span <= LONG_STOP]
    usual = float(working.mean()) if working.size else 0.0
    if usual <= 0 or step <= 0.05 * usual:
        return piece_cycles(pieces)
    group = int(min(100, np.ceil(step / (0.02 * usual))))
    edges = np.arange(0, pieces.time.size - group, group)
    longest = np.maximum.reduceat(span, edges) if edges.size else np.empty(0)
    change = pieces.product[1:] != pieces.product[:-1]
    changed = np.add.reduceat(change.astype(np.int64), edges) if edges.size else np.empty(0)
    cycle = (pieces.time[edges + group] - pieces.time[edges]) / SECOND / group
    kept = (longest <= max(3 * usual, 2.5 * step)) & (changed == 0) & (cycle > 0)
    # Each stretch stands for a few cycles, so that days and products are judged as ever.
    rows = np.repeat(np.flatnonzero(kept), min(group, 5))
    return cycle[rows], pieces.product[edges + group][rows], pieces.time[edges + group][rows]


def _stops(record: MachineRecord, minor: MinorStops | None, changes: Changeovers | None) -> tuple[Spans, Spans, Spans]:
    """Planned time, unplanned stops, and set-up, of what is known."""
    setup = NOTHING
    if changes is not None and changes.start.size:
        setup = spans(changes.start, changes.start + (changes.seconds * SECOND).astype(np.int64))
    if record.log is not None:
        return (
            record.planned,
            record.log.spans(State.DOWN),
            record.log.spans(State.SETUP) if _log_is_whole(record) else setup,
        )
    if record.pieces is None or not record.pieces.fine:
        return record.planned, NOTHING, NOTHING
    time = record.pieces.time
    steps = np.diff(time)
    usual = int(np.median(steps[steps > 0])) if (steps > 0).any() else 0
    long = np.flatnonzero(steps > usual + max(LONG_STOP * SECOND, 3 * usual))
    start, end = time[long] + usual, time[long + 1]
    planned = without(record.planned, minor.paused) if minor is not None else record.planned
    if record.planned_by.en.startswith("the hours"):
        # A silence that leaves the usual hours is the end of a shift, which habit knows only to the hour.
        outside = planned.seconds_within(start, end) < 0.9 * (end - start) / SECOND
        planned = without(planned, spans(start[outside], end[outside]))
        start, end = start[~outside], end[~outside]
    stops = both(without(spans(start, end), setup), planned)
    long_ones = (
        stops.end - stops.start
    ) >= LONG_STOP * SECOND / 2  # not the minutes between a break and the first piece
    return planned, Spans(start=stops.start[long_ones], end=stops.end[long_ones]), setup


def _counts(
    record: MachineRecord, ideals: tuple[IdealCycle, ...]
) -> tuple[float | None, float | None, float | None, float | None]:
    """Pieces, good pieces, their ideal time and that of the good ones; `None` where unknown."""
    seconds = {ideal.product: ideal.seconds for ideal in ideals}
    if record.pieces is not None:
        pieces = record.pieces
        each = np.array([seconds.get(name, np.nan) for name in (*pieces.products, None)])[pieces.product]
        ideal_s = float(each.sum()) if np.isfinite(each).mean() > 0.98 else None
        ideal_s = float(np.nanmean(each) * each.size) if ideal_s is None and np.isfinite(each).mean() > 0.9 else ideal_s
        good = good_ideal_s = None
        if pieces.bad is not None and np.isfinite(pieces.bad).any():
            rate = float(np.nanmean(pieces.bad))
            good = pieces.time.size * (1 - rate)
            inspected = np.isfinite(pieces.bad) & np.isfinite(each)
            if ideal_s is not None and inspected.any():
                good_ideal_s = ideal_s * float(1 - np.average(pieces.bad[inspected], weights=each[inspected]))
        return float(pieces.time.size), good, ideal_s, good_ideal_s
    log = record.log
    if log is None or log.made is None:
        return None, None, None, None
    rows = np.unique(log.track.row)
    made = np.nan_to_num(log.made[rows])
    each = np.array([seconds.get(name, np.nan) for name in (*log.products, None)])[log.product[rows]]
    known = np.isfinite(each) | (made == 0)
    ideal = (
        float(np.where(made > 0, np.nan_to_num(each) * made, 0.0).sum())
        if made[known].sum() > 0.9 * made.sum()
        else None
    )
    return float(made.sum()), None, ideal, None


def _start_up_rejects(record: MachineRecord, ideals: tuple[IdealCycle, ...]) -> float:
    """Ideal seconds of the bad pieces among the first ten after a silence of half an hour."""
    pieces = record.pieces
    if pieces is None or pieces.bad is None or not pieces.fine:
        return 0.0
    seconds = {ideal.product: ideal.seconds for ideal in ideals}
    each = np.array([seconds.get(name, 0.0) for name in (*pieces.products, None)])[pieces.product]
    index = np.arange(pieces.time.size)
    fresh = np.concatenate(([True], np.diff(pieces.time) > _RESTART * SECOND))
    since = index - np.maximum.accumulate(np.where(fresh, index, 0))
    return float((each * np.nan_to_num(pieces.bad))[since < _START_UP].sum())


def reliability(running: Spans, stops: Spans) -> tuple[MeanTime | None, MeanTime | None]:
    """MTBF in running hours and MTTR in minutes of the stops; `None` without a stop."""
    if not stops.start.size:
        return None, None
    runs, failed = runs_between(running, stops)
    repairs = (stops.end - stops.start) / SECOND / 60
    return mtbf(runs, failed) if runs.size else None, mttr(repairs)


def runs_between(running: Spans, stops: Spans) -> tuple[np.ndarray, np.ndarray]:
    """Hours of running before each stop, and True where a stop ended them; the last run is unfinished."""
    far = np.iinfo(np.int64).max // 4
    low = np.concatenate((running.start[:1], stops.end)) if running.start.size else stops.end
    high = np.concatenate((stops.start, [far])) if running.start.size else np.append(stops.start[1:], far)
    hours = running.seconds_within(np.minimum(low, high), high) / 3600
    failed = np.append(np.ones(hours.size - 1, dtype=bool), False)
    kept = hours > 0
    return hours[kept], failed[kept]


def _needed(pieces: Pieces | None) -> Pieces:
    if pieces is None:
        raise ValueError("the machine has no pieces")
    return pieces


def active_periods(losses: MachineLosses) -> Spans:
    """When the machine worked, was set up or was mended: not waiting for others."""
    log: Log | None = losses.record.log
    if log is not None and _log_is_whole(losses.record):
        return log.spans(State.RUNNING, State.SETUP, State.DOWN)
    return losses.running
