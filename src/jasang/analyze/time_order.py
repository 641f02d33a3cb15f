"""Is a table's time believable as an order? Finds end-of-day stamps, newest-first files, and steps backwards nobody explains."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

DAY = 86_400_000_000  # microseconds
# Late packets and a clock set right now and then are life on a shop floor; more than this share of rows is a faulty clock.
TOLERATED_SHARE = 0.01
# Rows that stand a little beside their place (two cavities, late packets) can be put in order without a doubt: up to this share
# of the whole record they are not counted.
SMALL_STEP = 0.02
# From this length on a file that runs backwards throughout is an export with the newest row first, beyond doubt.
NEWEST_FIRST_ROWS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeOrder:
    """What was seen, as row indices (int64).

    `backward` are rows that stand before the row above them; `behind` those far before the latest time seen above them, where
    no sorting of the file explains it.
    """

    backward: np.ndarray
    behind: np.ndarray
    newest_first: bool
    tolerable: bool


def time_order(time: np.ndarray, groups: Sequence[np.ndarray]) -> TimeOrder:
    """Judge the order of `time` (datetime64[us], shape (n,), NaT allowed) as the rows stand in the file.

    Parameters
    ----------
    groups
        Codes (int, shape (n,)) of columns that a file may be sorted by before time: asset, product, lot. Where time rises within
        the groups of one of them, the file's order is explained.
    """
    ticks = time.astype(np.int64)
    known = np.flatnonzero(~np.isnat(time))
    steps = np.diff(ticks[known])
    newest_first = bool(known.size >= NEWEST_FIRST_ROWS and (steps < 0).any() and not (steps > 0).any())
    behind = known[:0] if newest_first else _behind(ticks, known)
    for codes in groups:
        if not behind.size:
            break
        within = _behind_within(ticks, known, codes)
        if within.size <= TOLERATED_SHARE * known.size:
            behind = within
    return TimeOrder(
        backward=known[1:][steps < 0] if not newest_first else known[:0],
        behind=behind,
        newest_first=newest_first,
        tolerable=behind.size <= TOLERATED_SHARE * max(known.size, 1),
    )


def ends_of_day(time: np.ndarray, *, utc_offset_us: int = 0) -> np.ndarray:
    """Rows (indices) stamped 00:00 that end the day they are dated with: 23:45, *00:00*, 00:15 of the next day.

    `time` is datetime64[us], shape (n,), NaT allowed; `utc_offset_us` the offset of the factory's clock from UTC.
    """
    ticks = time.astype(np.int64)
    known = np.flatnonzero(~np.isnat(time))
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


def _behind(ticks: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Rows that stand far before the latest time seen above them."""
    if not known.size:
        return known
    span = int(ticks[known].max() - ticks[known].min())
    lag = np.maximum.accumulate(ticks[known]) - ticks[known]
    found: np.ndarray = known[lag > SMALL_STEP * span]
    return found


def _behind_within(ticks: np.ndarray, known: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """The same within each group of a column that the file may be sorted by."""
    order = known[np.argsort(codes[known], kind="stable")]
    group = np.cumsum(np.diff(codes[order], prepend=codes[order[:1]]) != 0)
    span = int(ticks[known].max() - ticks[known].min())
    # A step up between groups larger than the whole record lets one running maximum serve all groups.
    lifted = ticks[order] + group * (span + 1)
    lag = np.maximum.accumulate(lifted) - lifted
    found: np.ndarray = np.sort(order[lag > SMALL_STEP * span])
    return found
