"""Which settled files need not be read for a question in buckets, because their roll-ups answer it to the last reading."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from jasang.store.block import Array
from jasang.store.rollup import TEN_MINUTES, Slots, read_rollup
from jasang.store.settled import Entry


class RolledFiles:
    """The files of a question: buckets of `width` microseconds from `first` on, up to `last` (excluded).

    A roll-up counts where each of its slots lies in one bucket, and where no other file nor any fresh row has readings of the
    signal in the same time: of two readings with one source time only one counts.
    """

    def __init__(self, entries: Sequence[Entry], first: int, last: int, width: int) -> None:
        self._first, self._last = first, last
        self._entries = [entry for entry in entries if entry.last >= first and entry.first < last]
        self._rollups = [
            read_rollup(entry.file.path, first, width) if width >= TEN_MINUTES else None for entry in self._entries
        ]

    def of(self, signal: str, fresh: Array) -> tuple[list[Slots], list[Entry]]:
        """Slots of a signal, and the files that have to be read; `fresh` are the source times of its fresh rows, ascending."""
        spans = sorted(self._spans(signal), key=lambda span: span.begin)
        slots, left, reached = [], [], -(2**63)
        for at, span in enumerate(spans):
            alone = reached <= span.begin and (at + 1 == len(spans) or span.end <= spans[at + 1].begin)
            reached = max(reached, span.end)
            low, high = np.searchsorted(fresh, [span.begin, span.end])
            if span.slots is None or not alone or low < high or self._cut(span):
                left.append(span.number)
            else:
                low, high = np.searchsorted(span.slots.at, [self._first, self._last])
                slots.append(span.slots.part(slice(int(low), int(high))))
        return slots, [self._entries[number] for number in sorted(left)]

    def _cut(self, span: "_Span") -> bool:
        """Whether the end of the question lies within a slot; its begin never does."""
        return self._last < span.end and bool(self._last % span.unit)

    def _spans(self, signal: str) -> "Iterator[_Span]":
        """Files that may hold readings of a signal."""
        for number, (entry, rollup) in enumerate(zip(self._entries, self._rollups, strict=True)):
            try:
                slots = None if rollup is None else rollup.of(signal)
            except ValueError:  # the readings themselves are there
                rollup = slots = None
            if rollup is None:
                yield _Span(number=number, begin=entry.first, end=entry.last + 1)
            elif slots is not None and len(slots):
                begin, end = int(slots.at[0]), int(slots.at[-1]) + rollup.unit
                yield _Span(number=number, begin=begin, end=end, unit=rollup.unit, slots=slots)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """The time (`end` excluded) in which a file may hold readings of a signal, and its slots where they are known."""

    number: int  # of the file, oldest settlement first
    begin: int
    end: int
    unit: int = 1
    slots: Slots | None = None
