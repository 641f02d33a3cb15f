"""Stops seen only as silence between units: a machine that usually makes a unit a minute made none for half an hour."""

from itertools import pairwise

import numpy as np

from jasang.analyze.machine_states import State
from jasang.analyze.stops import HOUR, Intervals, hours_by_day
from jasang.analyze.time_gaps import working_hours
from jasang.diagnose.evidence_base import TableData
from jasang.diagnose.stop_log import Loss, StopLog, clock_offset

_SHORTEST = HOUR // 2
_CYCLES = 10  # a pause below this many cycles is a slow cycle


def gap_log(data: TableData, timezone: str) -> StopLog | None:
    """Silences of half an hour or more in the machine's usual working hours; `None` where rows carry no fine time."""
    if data.time is None or data.rows < 200:
        return None
    groups = _groups(data)
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
        worked = working_hours(times)
        for gap in gaps:
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
        clock_offset(data.time, timezone),
    )


def _groups(data: TableData) -> list[tuple[str | None, np.ndarray]]:
    """Sorted times of each machine; where products run side by side on machines nobody names, of each product."""
    if data.time is None:
        return []
    table = data.table
    usable = np.flatnonzero(data.usable_rows() & ~np.isnat(data.time))
    usable = usable[np.argsort(data.time[usable], kind="stable")]
    column = table.asset_column
    if not column and table.product_column:
        codes = data.labels(table.product_column).codes[usable]
        column = table.product_column if codes.size and (codes[1:] != codes[:-1]).mean() > 0.2 else None
    if not column:
        return [(table.asset, data.time[usable])]
    labels = data.labels(column)
    codes = labels.codes[usable]
    return [(level, data.time[usable[codes == code]]) for code, level in enumerate(labels.levels[:200])]


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
    )
