"""Time stamps that cannot be true: default dates of empty clocks, years away from the rest, jumps out of the row order and back.

Nothing is guessed in their place. A late upload that fills a hole in the record is possible and is left alone.
"""

import numpy as np

DAY = 86_400_000_000  # microseconds
# What clocks and spreadsheets say when nobody told them the time: the zero of Unix, Excel, Lotus, Mac, GPS and .NET, and "never".
_DEFAULT_DATES = tuple(
    int(np.datetime64(day, "us").astype(np.int64))
    for day in (
        "1970-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1904-01-01", "1980-01-01", "1980-01-06",
        "2000-01-01", "0001-01-01", "1601-01-01", "9999-12-31", "2038-01-19", "2099-12-31",
    )
)  # fmt: skip
# The part of a record that is believed must be most of it: with less, nobody can tell which clock is right.
_MOST_IMPOSSIBLE = 0.4
# A clock that leaves the row order for longer than this share of the rows is a second record, not a fault.
_LONGEST_EXCURSION = 0.02
# Neighbouring rows so far apart are no record: dates of things (founded, listed, born) in a list sorted by something else.
_LIST_STEP = 100 * DAY


def impossible_times(time: np.ndarray) -> np.ndarray:
    """Row indices (int64, sorted) whose time contradicts the rest.

    Parameters
    ----------
    time
        datetime64[us], shape (n,), as the rows stand in the file; NaT is skipped.
    """
    known = np.flatnonzero(~np.isnat(time))
    if known.size < 3:
        return np.empty(0, dtype=np.int64)
    ticks = time.astype(np.int64)[known]
    if np.median(np.abs(np.diff(ticks))) > _LIST_STEP:
        return np.empty(0, dtype=np.int64)
    far = _far_from_the_rest(ticks)
    if far.sum() > _MOST_IMPOSSIBLE * known.size:
        far[:] = False
    believed = np.flatnonzero(~far)
    jumped = believed[_excursions(ticks[believed])]
    far[jumped] = True
    rows: np.ndarray = known[far]
    return rows


def _far_from_the_rest(ticks: np.ndarray) -> np.ndarray:
    """True where a time lies beyond an empty stretch of time that is out of all proportion to the record."""
    distinct, counts = np.unique(ticks, return_counts=True)
    default = np.isin(distinct // DAY, np.array(_DEFAULT_DATES) // DAY)
    # Default dates may hold many rows (a clock that was never set), so they do not take part in finding the body.
    start, stop = _body(distinct[~default], counts[~default]) if not default.all() else (distinct[0], distinct[-1])
    span = max(stop - start, DAY)
    allowed = min(max(30 * DAY, 3 * span), 400 * DAY)
    outside = (ticks < start - allowed) | (ticks > stop + allowed)
    near_default = np.isin(ticks // DAY, distinct[default] // DAY)
    result: np.ndarray = outside | (near_default & ((ticks < start - DAY) | (ticks > stop + DAY)) & (span < 3000 * DAY))
    return result


def _body(distinct: np.ndarray, counts: np.ndarray) -> tuple[int, int]:
    """First and last time of the cluster with the most rows, clusters being cut at empty stretches of 200 days or more."""
    cuts = np.flatnonzero(np.diff(distinct) > 200 * DAY) + 1
    bounds = np.concatenate(([0], cuts, [distinct.size]))
    rows = np.add.reduceat(counts, bounds[:-1])
    best = int(np.argmax(rows))
    first, last = int(bounds[best]), int(bounds[best + 1]) - 1
    # Clusters that hold a fair part of the rows and are not too far belong to the record: two campaigns with a pause between.
    for place in np.flatnonzero(rows >= 0.02 * rows.sum()):
        begin, end = int(bounds[place]), int(bounds[place + 1]) - 1
        distance = max(distinct[begin] - distinct[last], distinct[first] - distinct[end])
        if end - begin >= 2 and (distance < 800 * DAY or rows[place] >= 0.1 * rows.sum()):
            first, last = min(first, begin), max(last, end)
    return int(distinct[first]), int(distinct[last])


def _excursions(ticks: np.ndarray) -> np.ndarray:
    """Places where a record that is otherwise in order jumps away and comes back to where it was."""
    nothing = np.empty(0, dtype=np.int64)
    if ticks.size < 20:
        return nothing
    steps = np.diff(ticks)
    forward = steps[steps > 0]
    if not forward.size or (steps < 0).mean() > _LONGEST_EXCURSION:
        return nothing
    # Seconds of jitter are life; an hour and fifty usual steps are not.
    jump = max(3_600_000_000, 50 * int(np.median(forward)))
    found: list[int] = []
    place, longest = 0, max(1, int(_LONGEST_EXCURSION * ticks.size))
    edges = np.flatnonzero(np.abs(steps) > jump)
    while place < edges.size - 1:
        left, right = int(edges[place]), int(edges[place + 1])
        away, back = int(steps[left]), int(steps[right])
        returned = -jump < ticks[right + 1] - ticks[left] < jump
        if right - left <= longest and away * back < 0 and returned and not _fills_a_hole(ticks, left + 1, right, jump):
            found += range(left + 1, right + 1)
            place += 2
        else:
            place += 1
    return np.array(found, dtype=np.int64)


def _fills_a_hole(ticks: np.ndarray, first: int, last: int, hole: int) -> bool:
    """Whether the rows first..last carry times at which no other row was written: a late upload, not a wrong clock."""
    low, high = int(ticks[first : last + 1].min()), int(ticks[first : last + 1].max())
    others = np.concatenate((ticks[:first], ticks[last + 1 :]))
    if low < others.min() or high > others.max():
        return False
    return not bool(((others >= low - hole // 100) & (others <= high + hole // 100)).any())
