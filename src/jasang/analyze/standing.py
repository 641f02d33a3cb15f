"""When a machine stood still, seen in its own signals: most fall together to another level, some of them to about nothing."""

import numpy as np

CLEAR = 4.0  # distance of the two levels in spreads within
RARER = 0.02  # the smaller level holds at least this share of the blocks
NOTHING = 0.2  # of the running level
FEWEST_SIGNALS = 3
SHARE_OF_SIGNALS = 0.4
SHARE_NEAR_NOTHING = 0.25
NEARLY_ALL = 0.7  # of the signals
OFTEN = 4  # goings and comings
MUCH_LOWER = 0.7  # of the running level


def two_levels(values: np.ndarray) -> tuple[float, float, float] | None:
    """Threshold, level below and level above of values, shape (n,), that stand on two clearly apart levels (Otsu 1979)."""
    ordered = np.sort(values)
    n = ordered.size
    total = np.cumsum(ordered)
    count = np.arange(1, n)
    below, above = total[:-1] / count, (total[-1] - total[:-1]) / (n - count)
    between = count * (n - count) * (above - below) ** 2
    cut = int(np.argmax(between)) + 1
    low, high = ordered[:cut], ordered[cut:]
    if min(low.size, high.size) < max(2, RARER * n):
        return None
    within = float(np.sqrt((low.var() * low.size + high.var() * high.size) / n))
    # Half of the smaller side may be transition; the medians stand for the levels.
    if float(np.median(high) - np.median(low)) < CLEAR * within:
        return None
    return 0.5 * float(low[-1] + high[0]), float(np.median(low)), float(np.median(high))


def standing(signals: np.ndarray, *, sure: bool = False) -> np.ndarray:
    """Which blocks the machine stood still in, bool, shape (m,), from block means of its signals, shape (k, m), NaN = missing.

    Needs at least three signals of which 40 % (and at least three) stand on two levels and agree on when. A quarter of these must
    be near nothing on the lower one; or 70 % of all signals go in step, and one of them is near nothing or they have gone and
    come back twice, to 70 % of the running level or less (recipes differ by less): a fault moves one signal or some, a stop
    nearly all. The lower level is that of the stop. With `sure` only the first way counts.
    """
    blocks = signals.shape[1]
    votes = np.zeros(blocks)
    voters = near_nothing = lower = 0
    for row in signals:
        known = np.isfinite(row)
        if known.sum() < 20:
            continue
        found = two_levels(row[known])
        if found is None:
            continue
        threshold, low, high = found
        voters += 1
        near_nothing += abs(low) <= NOTHING * abs(high)
        lower += abs(low) <= MUCH_LOWER * abs(high)
        votes += np.where(known, row < threshold, False)
    still = votes >= 0.5 * max(1, voters)
    in_step = (
        voters >= NEARLY_ALL * signals.shape[0] and float(np.mean(np.abs(2 * votes - voters) < 0.6 * voters)) < 0.05
    )
    comes_back = int((still[1:] != still[:-1]).sum()) >= OFTEN and lower >= 0.5 * voters
    stops = in_step and not sure and (near_nothing >= 1 or comes_back)
    if voters < max(FEWEST_SIGNALS, SHARE_OF_SIGNALS * signals.shape[0]) or not (
        stops or near_nothing >= SHARE_NEAR_NOTHING * voters
    ):
        return np.zeros(blocks, dtype=bool)
    # Heating up and cooling down belong to the stop.
    wide = still.copy()
    wide[1:] |= still[:-1]
    wide[:-1] |= still[1:]
    return np.asarray(wide if wide.mean() < 0.9 else np.zeros(blocks, dtype=bool))
