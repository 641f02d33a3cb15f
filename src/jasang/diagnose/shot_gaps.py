"""Stops seen only as silence between units: a machine that usually makes a unit a minute made none for half an hour."""

from itertools import pairwise

import numpy as np

from jasang.analyze.losses import minor_stops
from jasang.analyze.losses.spans import SECOND
from jasang.analyze.machine_states import State
from jasang.analyze.stops import HOUR, Intervals, hours_by_day
from jasang.analyze.time_gaps import working_hours
from jasang.diagnose.evidence_base import TableData
from jasang.diagnose.stop_log import Loss, StopLog, clock_offset

_SHORTEST = HOUR // 2
_OFF_THE_MACHINE = 4 * HOUR  # a mould that makes nothing for longer was taken off: no stop
_CYCLES = 10  # a pause below this many cycles is a slow cycle


def gap_log(data: TableData, timezone: str) -> StopLog | None:
    """Silences of half an hour or more in the machine's usual working hours; `None` where rows carry no fine time."""
    if data.time is None or data.rows < 200:
        return None
    groups, by_product = _groups(data)
    offset = clock_offset(data.time, timezone)
    starts, ends, who = [], [], []
    planned_from, planned_to, planned_who = [], [], []
    for place, (_, times) in enumerate(groups):
        ticks = times.astype(np.int64)
        steps = np.diff(ticks)
        cycle = float(np.median(steps[steps > 0])) if (steps > 0).any() else 0.0
        if not 0 < cycle < HOUR or (steps == 0).mean() > 0.5:
            continue
        shortest = max(_SHORTEST, int(_CYCLES * cycle))
        gaps = np.flatnonzero(steps >= shortest)
        stops = gaps[steps[gaps] <= _OFF_THE_MACHINE] if by_product else gaps
        stops = stops[_unplanned(ticks, stops, offset)]
        worked = working_hours(times)
        for gap in stops:
            low, high = int(ticks[gap]), int(ticks[gap + 1])
            for start, end in _worked_pieces(low, high, worked):
                starts.append(start)
                ends.append(end)
                who.append(place)
        edges = np.concatenate(([0], gaps + 1, [ticks.size]))
        for first, last in pairwise(edges):
            planned_from.append(int(ticks[first]))
            planned_to.append(int(ticks[last - 1]) + int(cycle))
            planned_who.append(place)
    if not starts:
        return None
    return _log(
        [name for name, _ in groups],
        (np.array(starts), np.array(ends), np.array(who)),
        (np.array(planned_from), np.array(planned_to), np.array(planned_who)),
        offset,
        by_product,
    )


def _unplanned(ticks: np.ndarray, gaps: np.ndarray, offset: int) -> np.ndarray:
    """True for the gaps that are no break: a pause at the same time of day on half of the days is planned."""
    paused = minor_stops(ticks, utc_offset_s=offset / SECOND).paused
    length = (ticks[gaps + 1] - ticks[gaps]) / SECOND
    return np.asarray(paused.seconds_within(ticks[gaps], ticks[gaps + 1]) < 0.5 * length)


def _groups(data: TableData) -> tuple[list[tuple[str | None, np.ndarray]], bool]:
    """Sorted times of each machine; where products run side by side on machines nobody names, of each product, and True."""
    if data.time is None:
        return [], False
    table = data.table
    usable = np.flatnonzero(data.usable_rows() & ~np.isnat(data.time))
    usable = usable[np.argsort(data.time[usable], kind="stable")]
    column = table.asset_column
    if not column and table.product_column:
        codes = data.labels(table.product_column).codes[usable]
        column = table.product_column if codes.size and (codes[1:] != codes[:-1]).mean() > 0.2 else None
    if not column:
        return [(table.asset, data.time[usable])], False
    labels = data.labels(column)
    codes = labels.codes[usable]
    groups = [(level, data.time[usable[codes == code]]) for code, level in enumerate(labels.levels[:200])]
    return [*groups], column != table.asset_column


def _worked_pieces(low: int, high: int, worked: np.ndarray) -> list[tuple[int, int]]:
    """The parts of a gap that fall in usual working hours of the week, joined where they touch."""
    if (high - low) / HOUR > 24 * 60:
        return []
    hours = np.arange(low // HOUR, (high - 1) // HOUR + 1)
    pieces: list[tuple[int, int]] = []
    for hour in hours[worked[hours % worked.size]]:
        start, end = max(low, int(hour) * HOUR), min(high, (int(hour) + 1) * HOUR)
        if pieces and pieces[-1][1] == start:
            pieces[-1] = (pieces[-1][0], end)
        else:
            pieces.append((start, end))
    return [piece for piece in pieces if piece[1] - piece[0] >= _SHORTEST]


def _log(
    assets: list[str | None],
    stops: tuple[np.ndarray, np.ndarray, np.ndarray],
    running: tuple[np.ndarray, np.ndarray, np.ndarray],
    offset: int,
    by_product: bool,
) -> StopLog:
    start, end, who = stops
    piece, day, hours = hours_by_day(start, end, offset)
    ran, run_day, run_hours = hours_by_day(running[0], running[1], offset)
    days = np.arange(min(day.min(), run_day.min()), max(day.max(), run_day.max()) + 1)
    lost = np.zeros((len(assets), 1, days.size))
    planned = np.zeros((len(assets), days.size))
    np.add.at(lost, (who[piece], 0, day - days[0]), hours)
    np.add.at(planned, (running[2][ran], run_day - days[0]), run_hours)
    count = np.bincount(who, minlength=len(assets))[:, None]
    believed = Intervals(start=start, end=end, rows=np.empty(0, dtype=np.int64), backwards=0, overlaps=0, open_ends=0)
    return StopLog(
        assets=tuple(assets),
        losses=(Loss(name="생산 없음/no output", state=State.DOWN, has_reason=False),),
        days=days,
        lost=lost,
        planned=planned + lost[:, 0],
        stops=count,
        first_start=np.zeros(lost.shape, dtype=np.int64),
        believed=believed,
        whole=False,
        by_product=by_product,
    )
