"""Cuts a block of text into records: where each begins and ends, how many fields it has, which line of the file it stands on.

Quotes follow RFC 4180: a quote opens a field only at its start. Blocks whose quotes all obey are cut by array
operations; the rest line by line.
"""

from dataclasses import dataclass

import numpy as np

_LINE_FEED = 10
_QUOTE = 34
# A quoted field may hold line ends (a remark of a few lines); one that goes on for longer was never closed.
_MOST_LINES_IN_FIELD = 50


class UnclosedQuote(Exception):
    """A quoted field does not end; `line` (0-based, within the block) is where it began."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """`start[i]:end[i]` are the bytes of record i without its line feed; `fields[i]` its number of fields, `line[i]` its line.

    int64, all of one shape. `regular` is False where quotes stand within fields, so that only the csv module may split them.
    `used` bytes of the block are cut; the rest belongs to a record that goes on in the next block.
    """

    start: np.ndarray
    end: np.ndarray
    fields: np.ndarray
    line: np.ndarray
    used: int
    regular: bool = True


def cut(block: bytes, *, delimiter: str, quoted: bool) -> Records:
    """The complete records of a block; lines are counted from 0. Raises `UnclosedQuote`."""
    data = np.frombuffer(block, dtype=np.uint8)
    ends = np.flatnonzero(data == _LINE_FEED)
    marks = np.flatnonzero(data == ord(delimiter)) if delimiter else np.empty(0, dtype=np.int64)
    line_ends = ends
    if quoted and b'"' in block:
        quotes = np.flatnonzero(data == _QUOTE)
        if not _obey(data, quotes, delimiter):
            return _cut_slowly(block, delimiter)
        ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
        marks = marks[np.searchsorted(quotes, marks) % 2 == 0]
    starts = np.concatenate([[0], ends[:-1] + 1]) if ends.size else np.empty(0, dtype=np.int64)
    fields = np.searchsorted(marks, ends) - np.searchsorted(marks, starts) + 1
    return Records(
        start=starts,
        end=ends,
        fields=fields,
        line=np.searchsorted(line_ends, starts),
        used=int(ends[-1]) + 1 if ends.size else 0,
    )


def _obey(data: np.ndarray, quotes: np.ndarray, delimiter: str) -> bool:
    """Whether every second quote opens a field at its start and every other closes one at its end (or is doubled within it)."""
    before = np.where(quotes > 0, data[quotes - 1], _LINE_FEED)
    after = np.where(quotes + 1 < data.size, data[np.minimum(quotes + 1, data.size - 1)], _LINE_FEED)
    mark = ord(delimiter) if delimiter else _LINE_FEED
    opening, closing = before[0::2], after[1::2]
    opens = (opening == mark) | (opening == _LINE_FEED) | (opening == _QUOTE)
    closes = (closing == mark) | (closing == _LINE_FEED) | (closing == _QUOTE)
    return bool(opens.all() and closes.all())


def _cut_slowly(block: bytes, delimiter: str) -> Records:
    starts: list[int] = []
    ends: list[int] = []
    lines: list[int] = []
    position = line = 0
    open_at: tuple[int, int] | None = None
    mark = delimiter.encode()
    while (end := block.find(b"\n", position)) >= 0:
        text = block[position:end]
        if open_at is None and b'"' not in text:
            starts.append(position)
            ends.append(end)
            lines.append(line)
        else:
            begin = open_at or (position, line)
            if open_at is not None and not _closes_well(text, mark):
                raise UnclosedQuote(begin[1])
            if _stays_open(text, mark, within=open_at is not None):
                if line - begin[1] > _MOST_LINES_IN_FIELD:
                    raise UnclosedQuote(begin[1])
                open_at = begin
            else:
                starts.append(begin[0])
                ends.append(end)
                lines.append(begin[1])
                open_at = None
        position, line = end + 1, line + 1
    used = open_at[0] if open_at is not None else position
    count = len(starts)
    return Records(
        start=np.array(starts, dtype=np.int64),
        end=np.array(ends, dtype=np.int64),
        fields=np.zeros(count, dtype=np.int64),
        line=np.array(lines, dtype=np.int64),
        used=used,
        regular=False,
    )


def _closes_well(text: bytes, mark: bytes) -> bool:
    """Whether the first quote that ends a field begun on a line above stands at the end of a field.

    Where it does not, it was meant to open one: the quote above was never closed.
    """
    position = 0
    while (close := text.find(b'"', position)) >= 0:
        after = text[close + 1 : close + 2]
        if after != b'"':
            rest = text[close + 1 :].lstrip(b" ")
            return not rest or rest.startswith(mark)
        position = close + 2
    return True


def _stays_open(text: bytes, mark: bytes, *, within: bool) -> bool:
    """Whether a quoted field is still open at the end of this line."""
    position = 0
    if not within:
        position = _next_opening(text, mark, 0)
    while 0 <= position <= len(text):
        close = text.find(b'"', position)
        if close < 0:
            return True
        if text[close + 1 : close + 2] == b'"':
            position = close + 2
            continue
        following = text.find(mark, close + 1) if mark else -1
        if following < 0:
            return False
        position = _next_opening(text, mark, following + len(mark))
    return False


def _next_opening(text: bytes, mark: bytes, field: int) -> int:
    """The place after the next quote that stands at the start of a field, from the one that starts at `field` on, or -1."""
    while True:
        start = field
        while text[start : start + 1] == b" ":
            start += 1
        if text[start : start + 1] == b'"':
            return start + 1
        following = text.find(mark, field) if mark else -1
        if following < 0:
            return -1
        field = following + len(mark)
