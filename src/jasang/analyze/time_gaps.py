"""Stretches without rows where a table usually has them; nights, weekends and breaks are learnt from the record itself."""

from dataclasses import dataclass

import numpy as np

HOUR = 3_600_000_000  # microseconds
WEEK = 168  # hours
_SHORTEST = 2 * HOUR  # a shorter silence is a break or a restart


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """No row between `start` and `stop` (datetime64[us]); `expected` rows would have been usual.

    `within_work`: it begins or ends in the middle of usual work, so it is no holiday.
    """

    start: np.datetime64
    stop: np.datetime64
    expected: float
    within_work: bool


def find_gaps(time: np.ndarray, *, least: float = 20.0, times: float = 4.0, most: int = 8) -> tuple[Gap, ...]:
    """Gaps that are too long for the table's own week, longest first.

    Parameters
    ----------
    time
        datetime64[us], sorted, no NaT, shape (n,).
    least
        Fewest rows that must be expected in a gap.
    times
        How many times more rows than the largest ordinary gap would have had.
    most
        With more gaps than this the table is written now and then, and nothing is said.
    """
    if time.size < 50:
        return ()
    ticks = time.astype(np.int64)
    steps = np.diff(ticks)
    typical = float(np.median(steps[steps > 0])) if (steps > 0).any() else 0.0
    wide = np.flatnonzero(steps > max(10 * typical, HOUR / 4))
    if not wide.size:
        return ()
    profile = _weekly_profile(ticks)
    expected = np.array([_expected(profile, int(ticks[place]), int(ticks[place + 1])) for place in wide])
    expected[steps[wide] < _SHORTEST] = 0.0
    order = np.argsort(-expected)
    sizes = np.append(expected[order], 0.0)
    found = next(
        (count for count in range(min(most, wide.size), 0, -1) if sizes[count - 1] >= max(least, times * sizes[count])),
        0,
    )
    return tuple(
        Gap(
            start=time[place],
            stop=time[place + 1],
            expected=float(expected[rank]),
            within_work=_at_work(profile, int(ticks[place])) and _at_work(profile, int(ticks[place + 1]) - HOUR),
        )
        for rank, place in ((rank, int(wide[rank])) for rank in order[:found])
    )


def _weekly_profile(ticks: np.ndarray) -> np.ndarray:
    """Usual rows in each hour of the week, shape (168,): the median over the weeks, or over like days of a short record."""
    hours = ticks // HOUR
    first, last = int(hours[0]), int(hours[-1])
    counts = np.bincount(hours - first, minlength=last - first + 1).astype(np.float64)
    of_week = (np.arange(first, last + 1)) % WEEK
    if last - first >= 3 * WEEK:
        return np.array(
            [np.median(counts[of_week == hour]) if (of_week == hour).any() else 0.0 for hour in range(WEEK)]
        )
    # The epoch fell on a Thursday, so hours 48–71 of its week are Saturday and 72–95 Sunday; the other days are alike.
    kind = np.where(of_week // 24 == 2, 1, np.where(of_week // 24 == 3, 2, 0))
    profile = np.zeros(WEEK)
    for hour in range(WEEK):
        same = (of_week % 24 == hour % 24) & (kind == (1 if hour // 24 == 2 else 2 if hour // 24 == 3 else 0))
        profile[hour] = np.quantile(counts[same], 0.5, method="higher") if same.any() else 0.0
    return profile


def _expected(profile: np.ndarray, start: int, stop: int) -> float:
    """Usual rows between two moments (microseconds)."""
    first, last = start // HOUR, stop // HOUR
    if first == last:
        return float(profile[first % WEEK] * (stop - start) / HOUR)
    whole = np.arange(first + 1, last) % WEEK
    head = profile[first % WEEK] * ((first + 1) * HOUR - start) / HOUR
    tail = profile[last % WEEK] * (stop - last * HOUR) / HOUR
    return float(profile[whole].sum() + head + tail)


def _at_work(profile: np.ndarray, moment: int) -> bool:
    """Whether this hour and the next usually have rows."""
    hour = moment // HOUR
    usual = np.median(profile[profile > 0]) if (profile > 0).any() else 0.0
    return bool(profile[hour % WEEK] > 0.5 * usual > 0 and profile[(hour + 1) % WEEK] > 0.5 * usual)


def working_hours(time: np.ndarray) -> np.ndarray:
    """Hours of the week (UTC, from Thursday 00:00 as the epoch) in which rows are usual, bool, shape (168,).

    An hour counts when it has at least a third of the rows that a busy hour has. `time` as in `find_gaps`.
    """
    profile = _weekly_profile(time.astype(np.int64))
    busy = float(np.quantile(profile[profile > 0], 0.75)) if (profile > 0).any() else 0.0
    worked: np.ndarray = profile >= max(busy / 3, 1e-9)
    return worked
