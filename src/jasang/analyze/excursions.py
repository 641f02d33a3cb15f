"""Episodes in which a signal left its usual range and came back, judged by its own ordinary extremes.

For spans of 4, 20, 100 … values the record is reduced to how far out it stayed for a whole span (the running minimum of the
distance from the median, high and low side apart), and cut into blocks. The block's largest such distance is an ordinary extreme.
A generalized Pareto distribution is fitted to the upper half of these by probability-weighted moments (Hosking and Wallis 1987).
Suspected blocks are left out and put in again where the distribution expects its largest values: they are censored, not
forgotten. Scale and shape are taken up to a standard error to the heavy side, more so where extremes of neighbouring blocks are
alike, and heavier still where the moves from value to value have heavy tails. What the record's own distribution would bring less
than once in a hundred records is an excursion.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import minimum_filter1d
from scipy.special import ndtr

MOST_BLOCKS = 200
FEWEST_BLOCKS = 40
SMALLEST_BLOCK = 5  # values
SHORTEST_SPAN = 4  # values: a single wild reading is no episode
SPAN_STEP = 5  # each span is so many times the one before
LONGEST_SPAN = 80  # the record holds at least so many spans
MOST_EPISODES = 3  # what happens more often is the signal's ordinary behaviour
MOST_OF_RECORD = 0.12
FAR = 4.0  # robust standard deviations, for the whole span
CLEAR = 0.5  # of the width of the usual range, beyond the most extreme ordinary value
USUAL = 0.005  # quantile on either side
LASTING_BLOCKS = 320
LASTING = 4  # blocks: a little more than a hundredth of the record
DEEP = 6.0  # robust standard deviations of block means
# Shapes: extremes of a few thousand normal values have about -0.1 (Fisher and Tippett 1928), a Student t of 3 degrees has 1/3.
LIGHTEST, HEAVIEST = -0.05, 0.7
CAUTION_SHAPE, CAUTION_SCALE = 1.0, 0.5  # standard errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One excursion: rows `first` to `last` (inclusive), the farthest of them `peak_row` with value `peak`.

    `p` is the chance that a record with these ordinary extremes has one so far out, corrected for both sides and the spans;
    `beyond` is the distance from the most extreme ordinary stretch of the same span, in widths of the usual range.
    """

    first: int
    last: int
    peak_row: int
    peak: float
    p: float
    beyond: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Excursions:
    """The usual range (0.5 % to 99.5 % of the ordinary values) and the episodes, most certain first."""

    low: float
    high: float
    episodes: tuple[Episode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Suspect:
    """A block that ordinary extremes do not explain; `gap` is the distance to the most extreme ordinary block."""

    first: int
    last: int
    side: int
    p: float
    reach: float
    gap: float


def find_excursions(values: np.ndarray, *, level: float = 0.01) -> Excursions | None:
    """The excursions of finite values, shape (n,), in order of time, whose corrected chance is at most `level`.

    `None` where there are too few values to know the usual extremes (200) or none can be told: hardly any value moves, or what
    is out of range takes more than `MOST_OF_RECORD` or comes more often than `MOST_EPISODES` times.
    """
    if values.size < FEWEST_BLOCKS * SMALLEST_BLOCK or not _moves(values):
        return None
    middle = float(np.median(values))
    spans = _spans(values.size)
    suspects = [
        replace(one, p=min(1.0, 2 * len(spans) * one.p))
        for side in (1, -1)
        for span in spans
        for one in _suspects(side * (values - middle), span, side, level / (2 * len(spans)))
    ]
    suspects += [one for side in (1, -1) for one in _lasting(side * (values - middle), side, level)]
    return _episodes(values, middle, suspects) if suspects else None


def _spans(n: int) -> list[int]:
    longest = n // LONGEST_SPAN
    spans = [SHORTEST_SPAN]
    while spans[-1] * SPAN_STEP <= longest:
        spans.append(spans[-1] * SPAN_STEP)
    return spans if spans[-1] * 2 > longest else [*spans, longest]


def _moves(values: np.ndarray) -> bool:
    """Measured, not chosen: changes in a twentieth of the rows and knows ten values."""
    if np.mean(values[1:] != values[:-1]) < 0.05:
        return False
    return bool(np.unique(values[:: max(1, values.size // 2000)]).size >= 10)


def _suspects(away: np.ndarray, span: int, side: int, level: float) -> Iterator[_Suspect]:
    """The blocks whose farthest stretch of `span` values has a chance of at most `level`; `away`, shape (n,), counts outwards."""
    size = max(SMALLEST_BLOCK, span, away.size // MOST_BLOCKS)
    m = away.size // size
    start = away.size - m * size  # the oldest odd values are left out
    stayed = minimum_filter1d(away, span, mode="nearest")
    extremes = stayed[start:].reshape(m, size).max(axis=1)
    chances, ordinary = _chances(extremes, _heaviness(stayed[::span]))
    for block in np.flatnonzero(chances <= level):
        yield _Suspect(
            first=start + int(block) * size,
            last=start + (int(block) + 1) * size - 1,
            side=side,
            p=float(chances[block]),
            reach=float(extremes[block]),
            gap=float(extremes[block]) - ordinary,
        )


def _lasting(away: np.ndarray, side: int, level: float) -> Iterator[_Suspect]:
    """Stretches of at least a hundredth of the record whose every block mean lies `DEEP` robust standard deviations out.

    A record with a few dips has heavy-tailed extremes that excuse even a breakdown of a day; means over whole stretches are
    nearly normal, and none in control stays so far out for so long. `away`, shape (n,), counts outwards.
    """
    size = away.size // LASTING_BLOCKS
    if size < SMALLEST_BLOCK:
        return
    start = away.size - LASTING_BLOCKS * size
    means = away[start:].reshape(LASTING_BLOCKS, size).mean(axis=1)
    centre = float(np.median(means))
    sigma = 1.4826 * float(np.median(np.abs(means - centre)))
    if sigma <= 0:
        return
    z = (means - centre) / sigma
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (z >= DEEP).astype(np.int8), [0]])))
    for first, end in edges.reshape(-1, 2):
        p = float(LASTING_BLOCKS * ndtr(-z[first:end].min()))
        if end - first >= LASTING and p <= level:
            reach = float(means[first:end].min())
            rows = start + int(first) * size, start + int(end) * size - 1
            yield _Suspect(first=rows[0], last=rows[1], side=side, p=p, reach=reach, gap=reach)


def _heaviness(values: np.ndarray) -> float:
    """The least shape of the tail to reckon with, from the moves between neighbouring values: where these have heavy tails, a few
    dozen extremes cannot rule out one still farther. 0 for normal moves, about 0.4 for those of a Student t of 3 degrees."""
    moves = np.abs(np.diff(values))
    moves = moves[moves > 0]
    if moves.size < 20:
        return 0.0
    share, normal, student = (0.98, 2.03, 3.2) if moves.size >= 200 else (0.95, 1.7, 2.24)
    usual, large = np.quantile(moves, [0.75, share])
    return float(min(0.5, max(0.0, 0.4 * (large / usual - 1.1 * normal) / (student - 1.1 * normal))))


def _chances(extremes: np.ndarray, heaviness: float) -> tuple[np.ndarray, float]:
    """The chance that the largest of m is so far out, for each block's extreme, shape (m,), and the largest ordinary extreme.

    The chance is 1 for blocks not suspected, and for all where the suspected are more than `MOST_EPISODES` events.
    """
    m = extremes.size
    chances = np.ones(m)
    order = np.argsort(extremes, kind="stable")
    ranked = extremes[order]
    threshold = float(ranked[m // 2])
    kept = m - max(1, int(MOST_OF_RECORD * m))
    scale, shape = 0.0, 0.0
    for _ in range(3):  # the first fit trusts the lower 88 % alone; the next leave out only what that cannot explain
        scale, shape = _fit(ranked[m // 2 + 1 : kept] - threshold, m - m // 2 - 1)
        if scale <= 0:
            return chances, float(ranked[-1])
        least = max(0.0, shape)  # a light tail is soon left; the suspected shall be few
        usual_largest = threshold + float(_quantile(scale / (1 - shape) * (1 - least), least, np.array([1.0 / m]))[0])
        kept = int(np.searchsorted(ranked, usual_largest, side="right"))
        if kept >= m:
            return chances, float(ranked[-1])
    suspected = extremes > ranked[kept - 1]
    if int(np.count_nonzero(np.diff(np.flatnonzero(suspected)) > 2)) >= MOST_EPISODES:
        return chances, float(ranked[-1])
    ordinary = np.where(suspected, threshold, extremes)
    independent = max(8.0, 0.5 * m * _unlike(ordinary))
    mean = scale / (1.0 - shape)  # is known better than the shape
    least = LIGHTEST if heaviness == 0.0 else heaviness
    shape = float(min(HEAVIEST, max(least, shape + CAUTION_SHAPE / np.sqrt(independent))))
    scale = mean * (1.0 - max(0.0, shape)) * (1.0 + CAUTION_SCALE / np.sqrt(independent))
    for place in order[kept:]:
        y = (float(extremes[place]) - threshold) / scale
        tail = np.exp(-y) if abs(shape) < 1e-6 else max(0.0, 1.0 + shape * y) ** (-1.0 / shape)
        chances[place] = -np.expm1(-0.5 * m * tail)
    return chances, float(ranked[kept - 1])


def _fit(kept: np.ndarray, n: int) -> tuple[float, float]:
    """Scale and shape of a generalized Pareto distribution of n excesses of which the `kept` smallest are known, sorted.

    The scale is 0 where they do not vary.
    """
    if kept.size < 10 or kept[-1] <= kept[0]:
        return 0.0, 0.0
    scale, shape = _moments(kept)
    if kept.size == n:
        return scale, shape
    share = 1.0 - (np.arange(kept.size, n) + 0.65) / n
    for _ in range(12):
        if scale <= 0:
            break
        scale, shape = _moments(np.concatenate([kept, np.maximum(kept[-1], _quantile(scale, shape, share))]))
    return scale, shape


def _moments(excess: np.ndarray) -> tuple[float, float]:
    n = excess.size
    a0 = float(excess.mean())
    a1 = float(np.mean(excess * (1.0 - (np.arange(n) + 0.65) / n)))
    if a0 - 2 * a1 <= 0:
        return 0.0, 0.0
    shape = min(0.9, max(-0.9, 2.0 - a0 / (a0 - 2 * a1)))
    return a0 * (1.0 - shape), shape  # the mean is kept where the shape is drawn in


def _quantile(scale: float, shape: float, share: np.ndarray) -> np.ndarray:
    """The excess that a share of them goes beyond, shape as `share`."""
    if abs(shape) < 1e-6:
        return np.asarray(-scale * np.log(share))
    return np.asarray(scale * (share ** (-shape) - 1.0) / shape)


def _unlike(extremes: np.ndarray) -> float:
    """Share of the extremes that are as good as independent, from the correlation of neighbours."""
    away = extremes - extremes.mean()
    alike = float(np.sum(away[1:] * away[:-1]) / max(1e-300, float(np.sum(away**2))))
    alike = min(0.95, max(0.0, alike))
    return (1 - alike) / (1 + alike)


def _episodes(values: np.ndarray, middle: float, suspects: list[_Suspect]) -> Excursions | None:
    """Suspected blocks as episodes: overlapping ones joined, onset and end sought row by row, only what is far kept."""
    ordinary = np.ones(values.size, dtype=bool)
    for one in suspects:
        width = one.last - one.first + 1
        ordinary[max(0, one.first - width) : one.last + width + 1] = False  # the way there and back
    if ordinary.mean() < 1 - 3 * MOST_OF_RECORD:
        return None
    low, high = (float(q) for q in np.quantile(values[ordinary], [USUAL, 1 - USUAL]))
    spread = 1.4826 * float(np.median(np.abs(values[ordinary] - middle)))
    if high <= low:
        return None
    outside = (values < low) | (values > high)
    found: list[Episode] = []
    for one in suspects:
        limit = high - middle if one.side > 0 else middle - low
        far = one.gap >= CLEAR * (high - low) and one.reach >= max(FAR * spread, limit)
        if far and not _often_there(one.side * (values - middle), one):
            found.append(_episode(values, middle, outside, one, high - low))
    joined: list[Episode] = []
    for episode in sorted(found, key=lambda each: each.first):
        near = joined and episode.first <= joined[-1].last + max(SMALLEST_BLOCK, values.size // MOST_BLOCKS)
        joined.append(_one_of(joined.pop(), episode) if near else episode)
    rows = sum(one.last - one.first + 1 for one in joined)
    if not joined or len(joined) > MOST_EPISODES or rows > MOST_OF_RECORD * values.size:
        return None
    return Excursions(low=low, high=high, episodes=tuple(sorted(joined, key=lambda each: (each.p, -each.beyond))))


def _often_there(away: np.ndarray, one: _Suspect) -> bool:
    """Values go as far elsewhere too, if only shortly: no one would call that unusual."""
    places = np.flatnonzero(away >= one.reach)
    elsewhere = places[(places < one.first) | (places > one.last)]
    return int(np.count_nonzero(np.diff(elsewhere) > one.last - one.first)) + bool(elsewhere.size) > MOST_EPISODES


def _episode(values: np.ndarray, middle: float, outside: np.ndarray, one: _Suspect, width: float) -> Episode:
    """The stretch around the suspected block's peak whose values out of range lie close together."""
    peak = one.first + int(np.argmax(one.side * (values[one.first : one.last + 1] - middle)))
    patience = max(3, (one.last - one.first + 1) // 2)
    places = np.flatnonzero(outside)
    breaks = np.flatnonzero(np.diff(places) > patience)
    at = int(np.searchsorted(places, peak))
    before, after = breaks[breaks < at], breaks[breaks >= at]
    first = int(places[before[-1] + 1] if before.size else places[0])
    last = int(places[after[0]] if after.size else places[-1])
    farthest = first + int(np.argmax(one.side * (values[first : last + 1] - middle)))
    return Episode(
        first=first, last=last, peak_row=farthest, peak=float(values[farthest]), p=one.p, beyond=one.gap / width
    )


def _one_of(earlier: Episode, later: Episode) -> Episode:
    """Two stretches of one event."""
    farther = earlier if earlier.beyond >= later.beyond else later
    return replace(
        farther,
        first=min(earlier.first, later.first),
        last=max(earlier.last, later.last),
        p=min(earlier.p, later.p),
    )
