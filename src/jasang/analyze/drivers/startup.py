"""How many units have been made since the last stop, from the gaps in the times: start-up effects when no column counts them."""

import numpy as np

from jasang.analyze.drivers.problem import NumericColumn

_LEAST_RUNS = 8
_LEAST_UNITS = 8  # of a run, in the middle
_SLOWEST = 1800.0  # s a unit
_LONGEST_STOP = 3600.0  # s; of slow units a stop is at least six times their cycle
_LONG_STOP = 1800.0  # s; half an hour is long enough for a mould or a furnace to leave its temperature


def units_since_stop(seconds: np.ndarray, asset: np.ndarray) -> tuple[np.ndarray, float] | None:
    """Position of each unit in its run on its asset (1 = first after a stop), and the shortest gap in s that counts as a stop.

    Parameters
    ----------
    seconds : time of each row in s, ascending, NaN where unknown, shape (rows,)
    asset : code of the machine, shape (rows,)

    `None` when times are missing, units come too slowly to tell a stop, or there were too few stops to learn from.
    """
    if np.isnan(seconds).mean() > 0.05:
        return None
    position = np.full(seconds.size, np.nan)
    runs, made, longest = 0, 0, 0.0
    for code in np.unique(asset):
        rows = np.flatnonzero((asset == code) & ~np.isnan(seconds))
        if rows.size < 100:
            continue
        gaps = np.diff(seconds[rows])
        usual = float(np.median(gaps[gaps > 0])) if (gaps > 0).any() else 0.0
        stop = max(_LONG_STOP, min(20 * usual, max(_LONGEST_STOP, 6 * usual)))
        if usual == 0 or usual > _SLOWEST:
            continue
        starts = np.concatenate([[0], np.flatnonzero(gaps >= stop) + 1])
        lengths = np.diff(np.append(starts, rows.size))
        if starts.size < _LEAST_RUNS or np.median(lengths) < _LEAST_UNITS:
            continue
        position[rows] = np.arange(rows.size) - np.repeat(starts, lengths) + 1
        # The record starts in the middle of a run as often as not.
        position[rows[: lengths[0]]] = np.nan
        runs, made, longest = runs + starts.size, made + rows.size, max(longest, stop)
    if runs == 0 or made < 0.5 * seconds.size:
        return None
    return position, longest


def startup_column(seconds: np.ndarray, asset: np.ndarray) -> tuple[NumericColumn, float] | None:
    """`units_since_stop` as a candidate column and the length of stop in s; `None` where it cannot be told."""
    found = units_since_stop(seconds, asset)
    if found is None:
        return None
    position, stop = found
    return NumericColumn(name="units_since_stop", values=position, derived=True, counter=True), stop
