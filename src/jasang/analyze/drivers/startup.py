"""How many units have been made since a start: after a stop, on a day, of a product. Start-up effects when no column counts them.

A start is told from the gaps in the times. What counts as a stop is not known, so a long and a short one are both tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from jasang.analyze.drivers.problem import NumericColumn

_LEAST_RUNS = 8
_LEAST_UNITS = 8  # of a run, in the middle
_SLOWEST = 3600.0  # s a unit
_LONGEST_STOP = 3600.0  # s; of slow units a stop is at least six times their cycle
_LONG_STOP = 1800.0  # s; half an hour is long enough for a mould or a furnace to leave its temperature
_SHORT_STOP = 3.0  # cycles: no unit comes so late while the machine runs
_ALIKE = 0.95  # of the rows that two ways of counting may agree on, to be told apart
_MOST_TIES = 0.5  # of the rows that share their time with the next


class StartKind(StrEnum):
    """What a count of units begins with."""

    STOP = "stop"
    DAY = "day"
    PRODUCT = "product"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartCount:
    """Units counted from a start, 1 = the first; `stop` is the shortest gap in s that was one, `None` where no gap is."""

    column: NumericColumn
    kind: StartKind
    stop: float | None


def units_since_stop(seconds: np.ndarray, asset: np.ndarray, *, short: bool = False) -> tuple[np.ndarray, float] | None:
    """Position of each unit in its run on its asset (1 = first after a stop), and the shortest gap in s that counts as a stop.

    Parameters
    ----------
    seconds : time of each row in s, ascending, NaN where unknown, shape (rows,)
    asset : code of the machine, shape (rows,)
    short : a gap of three cycles (half an hour at least) is a stop; else of six to twenty

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
        if usual == 0 or usual > _SLOWEST:
            continue
        long = max(_LONG_STOP, min(20 * usual, max(_LONGEST_STOP, 6 * usual)))
        stop = max(_LONG_STOP, _SHORT_STOP * usual) if short else long
        counted = _places(gaps >= stop)
        if counted is None:
            continue
        position[rows], starts = counted
        runs, made, longest = runs + starts, made + rows.size, max(longest, stop)
    if runs == 0 or made < 0.5 * seconds.size:
        return None
    return position, longest


def startup_column(seconds: np.ndarray, asset: np.ndarray) -> tuple[NumericColumn, float] | None:
    """`units_since_stop` as a candidate column and the length of stop in s; `None` where it cannot be told."""
    found = units_since_stop(seconds, asset)
    if found is None:
        return None
    position, stop = found
    return _column("units_since_stop", position), stop


def start_counts(
    seconds: np.ndarray, asset: np.ndarray, product: np.ndarray, day: np.ndarray | None = None
) -> tuple[StartCount, ...]:
    """All ways to count units from a start that this record can tell apart, the plainest first.

    Parameters
    ----------
    seconds : time of each row in s, ascending, NaN where unknown, shape (rows,)
    asset, product : codes, -1 = not told apart, shape (rows,)
    day : number of the local day of each row, float, NaN where unknown; `None` leaves out the first units of a day
    """
    made: list[StartCount] = []
    for name, short in (("units_since_stop", False), ("units_since_short_stop", True)):
        found = units_since_stop(seconds, asset, short=short)
        if found is not None and _is_new(found[0], made):
            made.append(StartCount(column=_column(name, found[0]), kind=StartKind.STOP, stop=found[1]))
    marks: list[tuple[str, StartKind, np.ndarray]] = []
    known = seconds[~np.isnan(seconds)]
    # With mere dates the order within a day is that of the list, which may be sorted by anything.
    if day is not None and known.size and np.mean(np.diff(known) == 0) < _MOST_TIES:
        marks.append(("units_since_start_of_day", StartKind.DAY, day))
    if np.unique(product).size > 1:
        marks.append(("units_since_start_of_product", StartKind.PRODUCT, product))
    for name, kind, changes in marks:
        position = _since_change(changes, asset)
        if position is not None and _is_new(position, made):
            made.append(StartCount(column=_column(name, position), kind=kind, stop=None))
    return tuple(made)


def _column(name: str, position: np.ndarray) -> NumericColumn:
    return NumericColumn(name=name, values=position, derived=True, counter=True)


def _is_new(position: np.ndarray, made: Sequence[StartCount]) -> bool:
    return not any(float(np.mean(position == one.column.values)) > _ALIKE for one in made)


def _since_change(codes: np.ndarray, asset: np.ndarray) -> np.ndarray | None:
    """Units since `codes` took another value on the asset; `None` where that was too seldom or too often."""
    position = np.full(codes.size, np.nan)
    for code in np.unique(asset):
        rows = np.flatnonzero(asset == code)
        changed = codes[rows][1:] != codes[rows][:-1]
        counted = _places(changed) if rows.size >= 100 else None
        if counted is not None:
            position[rows] = counted[0]
    return position if (~np.isnan(position)).mean() >= 0.5 else None


def _places(starts_here: np.ndarray) -> tuple[np.ndarray, int] | None:
    """Places 1.. of n units in their runs, of which unit i + 1 begins one where `starts_here[i]`, and the number of runs.

    The first run is left out: the record starts in the middle of a run as often as not.
    """
    starts = np.concatenate([[0], np.flatnonzero(starts_here) + 1])
    lengths = np.diff(np.append(starts, starts_here.size + 1))
    if starts.size < _LEAST_RUNS or np.median(lengths) < _LEAST_UNITS:
        return None
    places = np.arange(starts_here.size + 1) - np.repeat(starts, lengths) + 1.0
    places[: lengths[0]] = np.nan
    return places, int(starts.size)
