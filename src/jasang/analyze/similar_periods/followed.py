"""What came after similar stretches, beside what usually comes: "3 of 4 times a stop followed within 2 h; usually 12 %"."""

from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """An event came after `count` of `of` matches; `low` and `high` bound that share (exact, 95 %), `usual` is the share of all
    moments of the record it comes after, and `p` the probability of so many by chance. `events` are the different
    events among them: two matches soon after each other may be followed by one and the same.
    """

    count: int
    of: int
    share: float
    low: float
    high: float
    usual: float
    p: float
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelAfter:
    """Mean of a quantity after the matches, `value` with its 95 % interval, beside the mean after all moments, `usual`."""

    value: float
    low: float
    high: float
    usual: float
    p: float
    of: int


def what_followed(
    ends: np.ndarray, events: np.ndarray, horizon: float, *, moments: np.ndarray, until: float | None = None
) -> Followed:
    """How often an event followed the matches that ended at `ends` within `horizon`, all in seconds (or any one unit).

    `events` are the times events began, rising; `moments` are the ends of all stretches that could have matched. Matches and
    moments whose horizon runs beyond `until` (the end of the record; the last moment if not given) count only if the event came.

    Raises
    ------
    ValueError
        There is no match or no moment to look at.
    """
    last = float(np.max(moments)) if until is None else until
    events = np.sort(np.asarray(events, dtype=np.float64))
    hit, seen = _came(np.asarray(ends, dtype=np.float64), events, horizon, last)
    hit_all, seen_all = _came(np.asarray(moments, dtype=np.float64), events, horizon, last)
    of, count = int(seen.sum()), int(hit[seen].sum())
    if not of or not seen_all.any():
        raise ValueError("no match is followed by enough of the record to see what came")
    # One more success and failure than seen: a kind of event that never came otherwise is not thereby impossible.
    usual = float((hit_all[seen_all].sum() + 0.5) / (seen_all.sum() + 1.0))
    low = 0.0 if count == 0 else float(stats.beta.ppf(0.025, count, of - count + 1))
    high = 1.0 if count == of else float(stats.beta.ppf(0.975, count + 1, of - count))
    p = float(stats.binom.sf(count - 1, of, usual))
    which = np.unique(np.searchsorted(events, np.asarray(ends, dtype=np.float64)[hit], side="right"))
    return Followed(count=count, of=of, share=count / of, low=low, high=high, usual=usual, p=p, events=which.size)


def level_after(after_matches: np.ndarray, after_all: np.ndarray) -> LevelAfter:
    """A quantity's mean after the matches beside its mean after other moments, each given as one mean a stretch.

    The interval is Student's with the spread of the other moments (a handful of matches has no spread of its own to trust).

    Raises
    ------
    ValueError
        No match, or fewer than 10 other moments, has values.
    """
    mine = np.asarray(after_matches, dtype=np.float64)
    mine = mine[np.isfinite(mine)]
    others = np.asarray(after_all, dtype=np.float64)
    others = others[np.isfinite(others)]
    if not mine.size or others.size < 10:
        raise ValueError(f"expected a match and 10 other moments with values, got {mine.size} and {others.size}")
    spread = float(others.std(ddof=1)) * np.sqrt(1.0 / mine.size + 1.0 / others.size)
    freedom = others.size - 1
    value, usual = float(mine.mean()), float(others.mean())
    half = float(stats.t.ppf(0.975, freedom)) * spread
    p = float(2.0 * stats.t.sf(abs(value - usual) / spread, freedom)) if spread > 0 else float(value == usual)
    return LevelAfter(value=value, low=value - half, high=value + half, usual=usual, p=p, of=mine.size)


def _came(ends: np.ndarray, events: np.ndarray, horizon: float, last: float) -> tuple[np.ndarray, np.ndarray]:
    """Whether an event came within the horizon, and whether the record would show it."""
    place = np.searchsorted(events, ends, side="right")
    following = np.append(events, np.inf)[place]
    hit = following <= ends + horizon
    return hit, hit | (ends + horizon <= last)
