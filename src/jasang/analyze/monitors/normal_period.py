"""The stretch of a record that is most like the rest of it: what a monitor may take for normal when nobody said.

It assumes that the process was well for longer than it was not. A fault that lasts most of the record becomes the normal.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from jasang.analyze.monitors.lag_model import filled

BLOCKS = 25
FEWEST_IN_BLOCK = 10  # rows
SHORTEST = 0.2  # of the rows; with less there is no normal to speak of
_FAR = 4.0  # robust standard deviations


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalPeriod:
    """Rows `start` to `end` (exclusive), and the share of the record's blocks that look like it."""

    start: int
    end: int
    share: float


def find_normal_period(values: np.ndarray) -> NormalPeriod:
    """The longest stretch of rows, shape (n, m), whose levels and spreads are those of most of the record.

    Raises
    ------
    ValueError
        Fewer than two blocks of `FEWEST_IN_BLOCK` rows.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> values = rng.normal(size=(2000, 3))
    >>> values[1500:, 0] += 5.0
    >>> find_normal_period(values)
    NormalPeriod(start=0, end=1500, share=0.75)
    """
    rows = values.shape[0]
    blocks = min(BLOCKS, rows // FEWEST_IN_BLOCK)
    if blocks < 2:
        raise ValueError(f"a normal period needs at least {2 * FEWEST_IN_BLOCK} rows, got {rows}")
    edges = np.linspace(0, rows, blocks + 1).astype(np.int64)
    whole = filled(np.where(np.isfinite(values), values, np.nan))
    whole = np.where(np.isfinite(whole), whole, 0.0)
    parts = [whole[first:last] for first, last in pairwise(edges)]
    levels = np.array([np.median(part, axis=0) for part in parts])
    steps = [np.abs(np.diff(part, axis=0)).mean(axis=0) for part in parts]
    spreads = np.log(np.array([part.std(axis=0) for part in parts]) + 1e-9 * (np.abs(whole).max(axis=0) + 1.0))
    moves = np.log(np.array(steps) + 1e-9 * (np.abs(whole).max(axis=0) + 1.0))
    distance = np.max(np.abs(np.hstack([_robust(levels), _robust(spreads), _robust(moves)])), axis=1)
    # The largest of many columns, in blocks of a process with a memory: how large is usual, the blocks themselves say.
    middle = float(np.median(distance))
    usual = distance <= max(
        _FAR, middle + _FAR * max(1.4826 * float(np.median(np.abs(distance - middle))), 0.1 * middle)
    )
    start, end = _longest(usual)
    return NormalPeriod(start=int(edges[start]), end=int(edges[end]), share=float(usual.mean()))


def _robust(table: np.ndarray) -> np.ndarray:
    """Columns beside their median in robust standard deviations; a column that never moves counts as zero."""
    away = table - np.median(table, axis=0)
    spread = 1.4826 * np.median(np.abs(away), axis=0)
    # Blocks of a process with a memory differ more than chance; a spread of almost nothing must not make all of them odd.
    floor = 0.05 * np.abs(away).max(axis=0)
    return np.asarray(away / np.where(np.maximum(spread, floor) > 0.0, np.maximum(spread, floor), np.inf))


def _longest(usual: np.ndarray) -> tuple[int, int]:
    """First and end of the longest run of usual blocks, the earlier of equals; all of them when none is usual."""
    best, start = (0, usual.size), None
    length = 0
    for place in range(usual.size + 1):
        inside = place < usual.size and usual[place]
        if inside and start is None:
            start = place
        if not inside and start is not None:
            if place - start > length:
                best, length = (start, place), place - start
            start = None
    return best
