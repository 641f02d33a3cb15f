"""A table as a monitor sees it: rows at even steps, one column a signal, and where a new run begins after a gap or a stop."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jasang.diagnose.evidence_base import TableData
from jasang.plant.factory import Role

MONITOR_ROLES = (Role.SENSOR, Role.SETTING, Role.ENERGY, Role.QUALITY)
MOST_GRID_ROWS = 200_000
_GAP = 3.5  # usual steps between two rows after which a new run begins


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorRows:
    """`values` has shape (n, m), NaN where missing; `time` (n,) is datetime64[us] UTC or `None`; `starts` are places in n."""

    names: tuple[str, ...]
    values: np.ndarray
    time: np.ndarray | None
    starts: np.ndarray


def monitor_rows(
    data: TableData, rows: np.ndarray, *, columns: Sequence[str] | None = None, clean: bool = False
) -> MonitorRows:
    """The rows (indices into the table, in order of time) of the named columns, or of all that are measured or set.

    `clean` takes out what is no measurement (for training); a run keeps it, because a stuck sensor is what it should see.
    A long table (signal, value) is laid on the grid of its usual step, each signal holding its last value.
    """
    table = data.table
    if table.signal_column is not None and table.value_column is not None:
        return _from_long(data, rows, columns, clean)
    own = {table.time, table.date, table.asset_column, table.product_column, table.start, table.end}
    names = (
        tuple(columns)
        if columns is not None
        else tuple(column.name for column in table.with_role(*MONITOR_ROLES) if column.name not in own)
    )
    values = np.full((rows.size, len(names)), np.nan)
    for place, name in enumerate(names):
        values[:, place] = (data.clean(name) if clean else data.numbers(name))[rows]
    time = None if data.time is None else data.time[rows]
    return MonitorRows(names=names, values=values, time=time, starts=_starts(time))


def _starts(time: np.ndarray | None) -> np.ndarray:
    if time is None or time.size < 3:
        return np.empty(0, dtype=np.int64)
    steps = np.diff(time.astype("datetime64[us]").astype(np.int64)).astype(np.float64)
    steps[np.isnat(time[1:]) | np.isnat(time[:-1])] = np.nan
    forward = steps[np.isfinite(steps) & (steps > 0)]
    if not forward.size:
        return np.empty(0, dtype=np.int64)
    return np.asarray(np.flatnonzero(steps > _GAP * np.median(forward)) + 1)


def _from_long(data: TableData, rows: np.ndarray, columns: Sequence[str] | None, clean: bool) -> MonitorRows:
    table = data.table
    signal_column, value_column = table.signal_column, table.value_column
    if signal_column is None or value_column is None or data.time is None:
        return MonitorRows(names=(), values=np.empty((0, 0)), time=None, starts=np.empty(0, dtype=np.int64))
    labels = data.labels(signal_column)
    rows = rows[~np.isnat(data.time[rows]) & (labels.codes[rows] >= 0)]
    names = tuple(columns) if columns is not None else labels.levels
    ticks = data.time[rows].astype("datetime64[us]").astype(np.int64)
    codes = labels.codes[rows]
    step = _usual_step(ticks, codes)
    if step is None or not rows.size:
        return MonitorRows(names=names, values=np.empty((0, len(names))), time=None, starts=np.empty(0, dtype=np.int64))
    place = (ticks - ticks[0]) // step
    kept, at = np.unique(place, return_inverse=True)
    values = np.full((kept.size, len(names)), np.nan)
    numbers = (data.clean(value_column) if clean else data.numbers(value_column))[rows]
    for column, name in enumerate(names):
        if name in labels.levels:
            mine = (codes == labels.levels.index(name)) & np.isfinite(numbers)
            values[at[mine], column] = numbers[mine]
    time = (ticks[0] + kept * step).astype("datetime64[us]")
    return MonitorRows(names=names, values=values, time=time, starts=_starts(time))


def _usual_step(ticks: np.ndarray, codes: np.ndarray) -> int | None:
    """The median step of the signals, in microseconds: the slowest half of them has a value in most steps."""
    steps = []
    for code in np.unique(codes):
        forward = np.diff(ticks[codes == code])
        forward = forward[forward > 0]
        if forward.size:
            steps.append(float(np.median(forward)))
    if not steps:
        return None
    step = int(np.median(steps))
    span = int(ticks[-1] - ticks[0])
    return max(step, span // MOST_GRID_ROWS, 1)
