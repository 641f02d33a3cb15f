"""A set of sequence numbers as spans, small however many numbers it holds: what a receiver remembers of a sender."""

import bisect
import re
from collections.abc import Iterable

_WRITTEN = re.compile(r"[0-9]+-[0-9]+(?:,[0-9]+-[0-9]+)*")


class Intervals:
    """Whole numbers, kept as spans that neither touch nor overlap."""

    def __init__(self, spans: Iterable[tuple[int, int]] = ()) -> None:
        self._first: list[int] = []
        self._last: list[int] = []
        for first, last in spans:
            self.add(first, last)

    @classmethod
    def read(cls, text: str) -> "Intervals":
        """From `str()` of another; `ValueError` when it is none."""
        if text and not _WRITTEN.fullmatch(text):
            raise ValueError(f"{text!r} is no list of spans; expected for example '1-20,24-30'")
        pairs = (span.split("-") for span in text.split(",") if span)
        return cls((int(first), int(last)) for first, last in pairs)

    def add(self, first: int, last: int | None = None) -> None:
        """Add the numbers from `first` to `last` (both included)."""
        last = first if last is None else last
        if last < first:
            raise ValueError(f"a span from {first} to {last} runs backwards")
        start = bisect.bisect_left(self._last, first - 1)  # the first span that touches
        stop = bisect.bisect_right(self._first, last + 1)
        if start < stop:
            first, last = min(first, self._first[start]), max(last, self._last[stop - 1])
        self._first[start:stop] = [first]
        self._last[start:stop] = [last]

    def __contains__(self, number: int) -> bool:
        place = bisect.bisect_right(self._first, number) - 1
        return place >= 0 and number <= self._last[place]

    def covers(self, first: int, last: int) -> bool:
        """Whether all numbers from `first` to `last` are in it."""
        place = bisect.bisect_right(self._first, first) - 1
        return place >= 0 and last <= self._last[place]

    @property
    def spans(self) -> list[tuple[int, int]]:
        """First and last number of each span, ascending."""
        return list(zip(self._first, self._last, strict=True))

    @property
    def highest(self) -> int:
        """The highest number, 0 of an empty set."""
        return self._last[-1] if self._last else 0

    def copy(self) -> "Intervals":
        """Another set of the same numbers."""
        return Intervals(self.spans)

    def __str__(self) -> str:
        return ",".join(f"{first}-{last}" for first, last in self.spans)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Intervals) and self.spans == other.spans

    __hash__ = None  # type: ignore[assignment]  # it changes
