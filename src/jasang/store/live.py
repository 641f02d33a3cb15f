"""Rows that are only in the log so far, in memory: in the order of arrival, and the latest row of each signal."""

from collections.abc import Sequence

import numpy as np

from jasang.store.block import Array, Block, empty, last_of_each

_TYPES = {
    "signal": np.int32,
    "source": np.int64,
    "receive": np.int64,
    "number": np.float64,
    "kind": np.uint8,
    "quality": np.uint32,
}
_NEVER = -(2**63)


class Live:
    """Rows of one log. One thread appends while any number read: a row counts once all its columns are there."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        # `np.empty` takes no memory before it is written to.
        self._columns = {name: np.empty(capacity, kind) for name, kind in _TYPES.items()}
        self._text: Array | None = None
        self.rows = 0
        self.first, self.last = 2**63 - 1, _NEVER  # source times

    def append(self, block: Block) -> None:
        """Take rows; there must be room."""
        at, end = self.rows, self.rows + len(block)
        for name, column in self._columns.items():
            column[at:end] = getattr(block, name)
        if block.text is not None:
            if self._text is None:
                self._text = np.full(self.capacity, None, object)
            self._text[at:end] = block.text
        self.first = min(self.first, int(block.source.min()))
        self.last = max(self.last, int(block.source.max()))
        self.rows = end

    def everything(self) -> Block:
        """All rows so far, as views."""
        rows = self.rows
        text = None if self._text is None else self._text[:rows]
        return Block(**{name: column[:rows] for name, column in self._columns.items()}, text=text)

    def select(self, codes: Sequence[int], start: int, end: int) -> Block:
        """Rows of the signals in a span of source time, in the order of arrival."""
        if not self.rows or not codes or end <= self.first or start > self.last:
            return empty()
        every = self.everything()
        if len(codes) == 1:
            places = np.flatnonzero(every.signal == codes[0])
        else:
            # Signals that were first seen after the question was asked have greater numbers than the table.
            wanted = np.zeros(max(max(codes), int(every.signal.max())) + 1, bool)
            wanted[list(codes)] = True
            places = np.flatnonzero(wanted[every.signal])
        if start > self.first or end <= self.last:
            times = every.source[places]
            places = places[(times >= start) & (times < end)]
        return every.take(places)


class Latest:
    """The row with the latest source time of each signal; of two with the same time the later one."""

    def __init__(self) -> None:
        self._columns = {name: np.zeros(0, kind) for name, kind in _TYPES.items() if name != "signal"}
        self._text = np.full(0, None, object)

    def update(self, block: Block) -> None:
        """Take rows into account, in the order of arrival."""
        if not len(block):
            return
        self._grow(int(block.signal.max()) + 1)
        rows = last_of_each(block.signal, block.source)
        codes = block.signal[rows]
        newer = block.source[rows] >= self._columns["source"][codes]
        codes, rows = codes[newer], rows[newer]
        for name, column in self._columns.items():
            column[codes] = getattr(block, name)[rows]
        self._text[codes] = None if block.text is None else block.text[rows]

    def _grow(self, size: int) -> None:
        have = len(self._text)
        if size <= have:
            return
        size = max(size, 2 * have, 64)
        for name, column in self._columns.items():
            grown = np.full(size, _NEVER if name == "source" else 0, column.dtype)
            grown[:have] = column
            self._columns[name] = grown
        text = np.full(size, None, object)
        text[:have] = self._text
        self._text = text

    def block(self) -> Block:
        """One row for each signal that has one, by signal."""
        codes = np.flatnonzero(self._columns["source"] != _NEVER)
        columns = {name: column[codes] for name, column in self._columns.items()}
        return Block(signal=codes.astype(np.int32), **columns, text=self._text[codes])
