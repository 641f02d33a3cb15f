"""What the fresh part of a store holds at one moment, to be asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jasang.store.block import Block, empty, joined, ordered
from jasang.store.live import Live
from jasang.store.segment import Segment

EVER = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshView:
    """Segments, oldest first, then rows in memory, oldest first: of two rows of one signal and time the later one counts.

    Asked for names, it answers with signals numbered by their place among these names.
    """

    codes: Mapping[str, int]
    segments: tuple[Segment, ...]
    lives: tuple[Live, ...]

    def select(self, names: Sequence[str], start: int, end: int) -> Block:
        """All rows of the span in the order of arrival, replaced ones included."""
        asked = self._asked(names)
        if not asked:
            return empty()
        parts = [
            segment.of(code, start, end)
            for segment in self.segments
            if segment.sealed.first is not None
            and segment.sealed.last is not None
            and start <= segment.sealed.last
            and segment.sealed.first < end
            for code in asked
        ]
        parts += [live.select(list(asked), start, end) for live in self.lives]
        return self._renumbered(joined(parts), asked)

    def before(self, names: Sequence[str], moment: int) -> Block:
        """The last row of each signal with a source time before the moment, at most one a signal."""
        asked = self._asked(names)
        parts = []
        for segment in self.segments:
            if segment.sealed.first is not None and segment.sealed.first < moment:
                for code in asked:
                    rows = segment.of(code, -EVER, moment)
                    parts.append(rows.take(slice(len(rows) - 1, None)) if len(rows) else rows)
        parts += [live.select(list(asked), -EVER, moment) for live in self.lives]
        found = ordered(joined(parts))
        last = np.append(found.signal[1:] != found.signal[:-1], True) if len(found) else np.empty(0, bool)
        return self._renumbered(found.take(last), asked)

    def extent(self) -> tuple[int, int] | None:
        """The earliest and the latest source time; `None` when there are no rows."""
        ends = [(live.first, live.last) for live in self.lives if live.rows]
        ends += [
            (segment.sealed.first, segment.sealed.last)
            for segment in self.segments
            if segment.sealed.first is not None and segment.sealed.last is not None
        ]
        return (min(first for first, _last in ends), max(last for _first, last in ends)) if ends else None

    def _asked(self, names: Sequence[str]) -> dict[int, int]:
        """The number of each asked signal here and its place in the question."""
        return {self.codes[name]: place for place, name in enumerate(names) if name in self.codes}

    def _renumbered(self, block: Block, asked: Mapping[int, int]) -> Block:
        if not len(block):
            return empty()
        place = np.zeros(max(asked) + 1, np.int32)
        for code, position in asked.items():
            place[code] = position
        return block.numbered(place)
