"""Sets of stretches of time: joined, cut, subtracted, measured. Moments are int64 microseconds since 1970 UTC."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

SECOND = 1_000_000  # microseconds


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spans:
    """Stretches that neither touch nor overlap, in rising order: `start`, `end` int64 microseconds, shape (n,)."""

    start: np.ndarray
    end: np.ndarray

    @property
    def seconds(self) -> float:
        """Length of all stretches together."""
        return float((self.end - self.start).sum()) / SECOND

    def covers(self, moments: np.ndarray) -> np.ndarray:
        """Whether each moment (int64 microseconds) lies inside a stretch; the end does not belong to it."""
        place = np.searchsorted(self.start, moments, side="right")
        return np.asarray(place > np.searchsorted(self.end, moments, side="right"))

    def seconds_within(self, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """How many seconds of each stretch `start[i]`–`end[i]` lie inside the set, shape of `start`."""
        return np.asarray((self._before(end) - self._before(start)) / SECOND)

    def _before(self, moments: np.ndarray) -> np.ndarray:
        """Microseconds of the set before each moment."""
        if not self.start.size:
            return np.zeros(moments.shape, dtype=np.int64)
        lengths = np.concatenate(([0], np.cumsum(self.end - self.start)))
        place = np.searchsorted(self.start, moments, side="right")
        last = np.maximum(place - 1, 0)
        inside = np.where(place > 0, np.minimum(moments, self.end[last]) - self.start[last], 0)
        return np.asarray(lengths[last] + inside)


NOTHING = Spans(start=np.empty(0, dtype=np.int64), end=np.empty(0, dtype=np.int64))


def spans(start: np.ndarray, end: np.ndarray) -> Spans:
    """The union of stretches in any order, which may overlap; those that do not end after they start are left out."""
    start, end = microseconds(start), microseconds(end)
    kept = end > start
    start, end = start[kept], end[kept]
    order = np.argsort(start, kind="stable")
    start, end = start[order], end[order]
    if not start.size:
        return Spans(start=start, end=end)
    reach = np.maximum.accumulate(end)
    fresh = np.concatenate(([True], start[1:] > reach[:-1]))
    last = np.concatenate((np.flatnonzero(fresh)[1:] - 1, [start.size - 1]))
    return Spans(start=start[fresh], end=reach[last])


def both(first: Spans, second: Spans) -> Spans:
    """The time that lies in both sets."""
    return _pieces(first, second, lambda a, b: a & b)


def without(first: Spans, second: Spans) -> Spans:
    """The time of the first set that does not lie in the second."""
    return _pieces(first, second, lambda a, b: a & ~b)


def either(first: Spans, second: Spans) -> Spans:
    """The time that lies in one set or in both."""
    return spans(np.concatenate((first.start, second.start)), np.concatenate((first.end, second.end)))


def microseconds(moments: np.ndarray) -> np.ndarray:
    """datetime64 or int64 moments as int64 microseconds."""
    if moments.dtype.kind == "M":
        return np.asarray(moments.astype("datetime64[us]").astype(np.int64))
    return np.asarray(moments, dtype=np.int64)


def _pieces(first: Spans, second: Spans, keep: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Spans:
    edges = np.unique(np.concatenate((first.start, first.end, second.start, second.end)))
    if edges.size < 2:
        return NOTHING
    chosen = keep(first.covers(edges[:-1]), second.covers(edges[:-1]))
    return spans(edges[:-1][chosen], edges[1:][chosen])
