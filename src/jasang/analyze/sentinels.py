"""Sentinel values: a number that means "no measurement" (-999, 9999, 1449, 65535), told from real modes of a signal.

A sentinel repeats to the last digit, stands alone far outside a body that varies, and is not where the machine rests.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

# Codes of instruments and programs: repeated nines, the ends of 16 and 32 bit integers (also with one or two decimals), open
# thermocouples. Small ones (-1, 99) also occur as measurements and get no bonus.
KNOWN_CODES = frozenset(
    [sign * code for code in (999.0, 9999.0, 99999.0, 999999.0, 9999999.0, 999.9, 9999.9, 999.99, 8888.0) for sign in (1, -1)]
    + [-9.99e2, 32767.0, -32768.0, 32766.0, 65535.0, 65534.0, 3276.7, -3276.8, 6553.5, 327.67, -327.68, 655.35]
    + [2147483647.0, -2147483648.0, 4294967295.0, 1e30, -1e30, 9.9e37, 1e10, -127.0, 7777.0]
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentinel:
    """`value` stands in `rows` rows of those with a number; the body lies between `body_low` and `body_high` (0.5–99.5 %).

    `continuous`: the body has eight or more levels; with fewer it may be a column of settings.
    `at_rest`: the value is zero or a low end, where a machine may also rest; look at the other columns before believing it.
    `episodes` is the number of unbroken stretches.
    """

    value: float
    rows: int
    share: float
    body_low: float
    body_high: float
    at_rest: bool
    continuous: bool
    episodes: int


def find_sentinels(
    values: np.ndarray, *, sisters: Collection[float] = (), most: int = 3, outliers: int = 6
) -> tuple[Sentinel, ...]:
    """Sentinel values of a column.

    Parameters
    ----------
    values
        float64, shape (n,), in order of time; NaN = missing.
    sisters
        Sentinels already found in other columns of the table: believed with less evidence here.
    most, outliers
        How many sentinels to look for, and how many single outlying values to step over on the way.
    """
    present = values[~np.isnan(values)]
    if present.size < 30:
        return ()
    ordered = np.sort(present)
    edges = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    distinct = ordered[np.concatenate(([0], edges))]
    counts = np.diff(np.concatenate(([0], edges, [ordered.size])))
    all_distinct = distinct
    found: list[Sentinel] = []
    for end in (-1, 1, -1):  # a code at the far end may have hidden one at the near end
        stepped = singles = 0
        while distinct.size > 2 and len(found) < most and stepped <= outliers:
            place = 0 if end < 0 else distinct.size - 1
            value, count = float(distinct[place]), int(counts[place])
            inner, inner_counts = np.delete(distinct, place), np.delete(counts, place)
            body = _quantiles(inner, inner_counts)
            gap = abs(value - (body[0] if end < 0 else body[1]))
            # A value with others close to it is a mode of the signal: the signal varies there too.
            near = (np.abs(all_distinct - value) < 0.1 * gap) & (all_distinct != value)
            # Among as many other far values it is one of them: another scale, not a code.
            lonely = value in KNOWN_CODES or value in sisters or count >= 3 * singles
            alone = value in KNOWN_CODES or not near.any() or (near.sum() == 1 and count >= 30)
            if lonely and alone and _is_sentinel(value, count, end, inner, inner_counts, body, sisters):
                found.append(_sentinel(value, count, present, body, inner.size >= 8))
            elif count > 2 or stepped == outliers:
                break
            else:
                singles += count
            stepped += 1
            distinct, counts = inner, inner_counts
    return tuple(found)


def _quantiles(distinct: np.ndarray, counts: np.ndarray) -> tuple[float, float]:
    places = np.cumsum(counts)
    low, high = np.searchsorted(places, [0.005 * places[-1], 0.995 * places[-1]])
    return float(distinct[low]), float(distinct[min(high, distinct.size - 1)])


def _is_sentinel(
    value: float,
    count: int,
    end: int,
    inner: np.ndarray,
    inner_counts: np.ndarray,
    body: tuple[float, float],
    sisters: Collection[float],
) -> bool:
    low, high = body
    spread = high - low
    gap = low - value if end < 0 else value - high
    if gap <= 0:
        return False
    scale = max(abs(low), abs(high))
    continuous = inner.size >= 8
    if value in sisters and count >= 3 and count > 3 * inner_counts.max():
        return True
    if value in KNOWN_CODES and count >= 2:
        # Beyond the reach of the body, and of another size: 9999 among 200 ± 5, not 999 in a counter that runs to 998.
        clear = gap > max(spread, 0.5 * scale) if continuous else gap > 5 * scale > 0
        if clear:
            return True
    if count < 5:
        return False
    if not continuous:
        # A coarse body of a few neighbouring steps: the code must be of quite another size.
        return inner.size >= 3 and gap > 8 * spread > 0 and gap > 0.5 * scale
    if end < 0 and value < 0 <= float(inner[0]):
        return gap > spread  # the only negative number of a column that cannot be negative
    if count >= 15 and inner.size >= 20:
        return gap > spread and gap > 0.1 * scale
    return gap > 3 * spread and gap > 0.3 * scale


def _sentinel(value: float, count: int, present: np.ndarray, body: tuple[float, float], continuous: bool) -> Sentinel:
    here = present == value
    episodes = int(here[0]) + int((here[1:] & ~here[:-1]).sum())
    return Sentinel(
        value=value,
        rows=count,
        share=count / present.size,
        body_low=body[0],
        body_high=body[1],
        at_rest=0 <= value < body[0],
        continuous=continuous,
        episodes=episodes,
    )
