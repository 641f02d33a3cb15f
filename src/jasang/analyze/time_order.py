"""Is a table's time believable as an order? Finds end-of-day stamps, newest-first files, and steps backwards nobody explains."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

DAY = 86_400_000_000  # microseconds
# Late packets and a clock set right now and then are life on a shop floor; more than this share of steps is a faulty clock.
TOLERATED_SHARE = 0.01
# Rows that stand a little beside their place (two cavities, late packets) can be put in order without a doubt: steps back by less
# than this share of the whole record do not count as a faulty clock.
SMALL_STEP = 0.005
# From this length on a file that runs backwards throughout is an export with the newest row first, beyond doubt.
NEWEST_FIRST_ROWS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeOrder:
    """What was seen. `time` is the mended axis; `backward` are rows (indices) that stand before the row above them, unexplained.

    `midnight` are rows stamped 00:00 that end the day they are dated with (moved to the next day in `time`).
    """

    time: np.ndarray
    backward: np.ndarray
    midnight: np.ndarray
    newest_first: bool
    tolerable: bool


def time_order(time: np.ndarray, groups: Sequence[np.ndarray], *, utc_offset_us: int = 0) -> TimeOrder:
    """Judge the order of `time` (datetime64[us], shape (n,), NaT allowed) as the rows stand in the file.

    Parameters
    ----------
    groups
        Codes (int, shape (n,)) of columns that a file may be sorted by before time: asset, product, lot. A step backwards at
        which one of them changes is explained by it when that holds for the whole file.
    utc_offset_us
        Offset of the factory's clock from UTC in microseconds, to recognise its midnight.
    """
    ticks = time.astype(np.int64).copy()
    known = np.flatnonzero(~np.isnat(time))
    midnight = _ends_of_day(ticks, known, utc_offset_us)
    ticks[midnight] += DAY
    mended = ticks.astype("datetime64[us]")
    mended[np.isnat(time)] = np.datetime64("NaT")

    steps = np.diff(ticks[known])
    backward = known[1:][steps < 0]
    newest_first = bool(known.size >= NEWEST_FIRST_ROWS and backward.size and not (steps > 0).any())
    if newest_first:
        backward = backward[:0]
    for codes in groups:
        if not backward.size:
            break
        inside = _backward_within(ticks, known, codes)
        if inside.size <= TOLERATED_SHARE * known.size:
            backward = inside
    return TimeOrder(
        time=mended,
        backward=backward,
        midnight=midnight,
        newest_first=newest_first,
        tolerable=_far(ticks, known, backward) <= TOLERATED_SHARE * max(known.size, 1),
    )


def _ends_of_day(ticks: np.ndarray, known: np.ndarray, utc_offset_us: int) -> np.ndarray:
    """Rows at local 00:00 whose neighbours stand late on the same day and early on the next: 23:45, *00:00*, 00:15."""
    if known.size < 3:
        return known[:0]
    before, here, after = ticks[known[:-2]], ticks[known[1:-1]], ticks[known[2:]]
    at_midnight = (here + utc_offset_us) % DAY == 0
    fits = (before > here) & (before < here + DAY) & (after > here + DAY)
    found: np.ndarray = known[1:-1][at_midnight & fits]
    last, previous = ticks[known[-1]], ticks[known[-2]]
    if (last + utc_offset_us) % DAY == 0 and last < previous < last + DAY and found.size:
        return np.append(found, known[-1])  # the file ends with the end of a day
    return found


def _far(ticks: np.ndarray, known: np.ndarray, backward: np.ndarray) -> int:
    """How many of the rows stand far before the latest time seen above them."""
    if not backward.size:
        return 0
    span = int(ticks[known].max() - ticks[known].min())
    before = known[np.searchsorted(known, backward) - 1]
    return int(np.count_nonzero(ticks[before] - ticks[backward] > SMALL_STEP * span))


def _backward_within(ticks: np.ndarray, known: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Rows that stand before the previous row of the same group."""
    order = known[np.argsort(codes[known], kind="stable")]
    same = codes[order[1:]] == codes[order[:-1]]
    found: np.ndarray = np.sort(order[1:][same & (np.diff(ticks[order]) < 0)])
    return found
