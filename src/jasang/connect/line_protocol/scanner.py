"""Bodies of line protocol as columns, by the compiled pass of `scan.py`; what it leaves is read here, line by line.

Needs numba; `load_scan` says whether it is there.
"""

import functools
import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jasang.connect.line_protocol.line import (
    BadFormat,
    Value,
    each_field,
    first_line,
    is_empty,
    read_fields,
    series_end,
    skip_blanks,
    trimmed,
)
from jasang.connect.line_protocol.naming import BadKey, NotKept, SignalNames
from jasang.connect.line_protocol.parse import BadLine, bad_line, parse_lines
from jasang.connect.line_protocol.precision import LATEST
from jasang.connect.line_protocol.rows import EXACT
from jasang.plant.reading_columns import NUMBER, TEXT, TRUTH, WHOLE, ReadingColumns

MOST_SEGMENTS = 500_000  # kept ready; beyond that the memory starts afresh
LONGEST_SEGMENT = 4_096  # bytes
_ROOM = 4_096  # rows at first
_BYTES_OF_A_ROW = 24  # of a body; more rows are made room for as they come


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """One body: `unit` is what its times count in ns, `now` in ns since 1970 the time of points without one."""

    text: bytes | bytearray
    unit: int
    now: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of one body."""

    points: int
    bad: tuple[BadLine, ...]


@functools.cache
def load_scan() -> ModuleType | None:
    """The compiled pass, `None` where numba is not installed. The first time on a computer it is compiled, for some seconds.

    Libraries do here what they do at their first use, before somebody waits for it.
    """
    try:
        scan = importlib.import_module("jasang.connect.line_protocol.scan")
    except (ImportError, OSError):  # not installed, or not for this processor
        body = b"m,t=a v=1,w=1i,x=t 1\n" * 40 + b'm,t=a v="a" 1\n'
        parse_lines(body, unit=1, now=0, names=SignalNames()).rows.unify_dictionaries()
        return None
    body = b'm,t=a v=1,w=1i,x=t,y="a",z=0.12345678901234567 1\n' * 2 + b"m  v=1 1\n"
    scanner = Scanner(scan, SignalNames(), lambda _name: 0)
    for _ in range(2):
        scanner.read([Body(text=body, unit=1, now=0)])
    return scan


class Scanner:
    """Reads bodies; remembers segments of lines and the signals they lead to. Not shared by threads.

    `number_of` gives the store's number of a signal by its name.
    """

    def __init__(self, scan: ModuleType, names: SignalNames, number_of: Callable[[str], int]) -> None:
        self._scan, self._names, self._number_of = scan, names, number_of
        self._state = np.zeros(6, np.int64)
        self._room = 0
        self._signal, self._source = np.empty(0, np.int32), np.empty(0, np.int64)
        self._number, self._kind = np.empty(0, np.float64), np.empty(0, np.uint8)
        self._left = np.empty((0, 3), np.int64)
        self._make_room(_ROOM)
        self._forget()

    def read(self, bodies: Sequence[Body]) -> tuple[ReadingColumns, list[Answer]]:
        """The readings of all bodies in their order, and what became of each. The columns are good until the next call."""
        self._state[self._scan.ROWS] = 0
        by_hand = _ByHand()
        answers = [self._read(body, by_hand) for body in bodies]
        return self._columns(by_hand), answers

    def _read(self, body: Body, by_hand: "_ByHand") -> Answer:
        scan, state = self._scan, self._state
        whole = body.text if body.text.endswith(b"\n") else body.text + b"\n"
        text = np.frombuffer(whole, np.uint8)
        text.flags.writeable = False  # what the pass is compiled for
        moment = body.now // body.unit * body.unit // 1_000
        factor, divisor = (1, 1_000) if body.unit == 1 else (body.unit // 1_000, 1)
        limit = LATEST // body.unit
        state[scan.AT] = state[scan.LINES] = state[scan.POINTS] = state[scan.LEFT] = 0
        first_row, first_by_hand = int(state[scan.ROWS]), by_hand.rows
        bad: list[BadLine] = []
        self._make_room(first_row + len(text) // _BYTES_OF_A_ROW)
        while True:
            stopped = scan.scan(
                text, limit, factor, divisor, moment, self._segments, self._slots, self._known,
                state, self._signal, self._source, self._number, self._kind, self._left,
            )  # fmt: skip
            if stopped == scan.FULL:
                self._make_room(2 * self._room)
            elif stopped == scan.CAREFUL:
                self._read_line(body, moment, by_hand, bad)
            elif self._read_left(text, by_hand):
                return Answer(points=int(state[scan.POINTS]), bad=tuple(bad))
            else:  # a text is no UTF-8: its line is bad, so every line is read by hand
                state[scan.AT] = state[scan.LINES] = state[scan.POINTS] = state[scan.LEFT] = 0
                state[scan.ROWS] = first_row
                by_hand.forget(first_by_hand, first_row)
                bad.clear()
                while state[scan.AT] < len(body.text):
                    self._read_line(body, moment, by_hand, bad)

    def _read_line(self, body: Body, moment: int, by_hand: "_ByHand", bad: list[BadLine]) -> None:
        """Read the line at which the scan stands, exactly, and remember its segments."""
        scan, state = self._scan, self._state
        written, following = first_line(body.text, int(state[scan.AT]))
        number = int(state[scan.LINES])
        state[scan.AT] = following
        state[scan.LINES] += 1
        if is_empty(written):
            return
        line = trimmed(written)
        try:
            end = series_end(line)
            series = self._names.series(line[:end])
            fields, time = read_fields(line, end, body.unit)
            signals = [self._number_of(self._names.name(series, key)) for key, _ in fields]
        except (BadFormat, BadKey, NotKept) as error:
            bad.append(bad_line(number, line, error))
            return
        values = [value for _, value in fields]
        by_hand.add(int(state[scan.ROWS]), signals, moment if time is None else time // 1_000, values)
        state[scan.POINTS] += 1
        self._remember(line, skip_blanks(line, end), signals)

    def _remember(self, line: bytes, fields_at: int, signals: Sequence[int]) -> None:
        """Make the segments of a line known, up to the first that could be read in two ways."""
        scan, text = self._scan, np.frombuffer(line, np.uint8)
        begin = parent = 0
        at = fields_at
        for signal, (key, _value, end) in zip(signals, each_field(line, fields_at), strict=True):
            behind = at + len(key) + 1
            segment = line[begin:behind]
            if len(segment) > LONGEST_SEGMENT or b'"' in segment or b"\\\\" in segment or b"\n" in segment:
                return
            if self._segment_count == MOST_SEGMENTS:
                self._forget()
                return
            if self._segment_count == len(self._segments) or self._known_size + len(segment) > len(self._known):
                self._grow()
            number = self._segment_count
            found = scan.insert(text, begin, behind, parent, number, self._segments, self._slots, self._known)
            if found == number:
                self._known[self._known_size : self._known_size + len(segment)] = text[begin:behind]
                self._segments[number] = (self._known_size, len(segment), parent, signal, 0, 0)
                self._known_size += len(segment)
                self._segment_count += 1
            begin, parent, at = end, found, end + 1

    def _forget(self) -> None:
        self._segments = np.zeros((256, 6), np.int32)
        self._slots = np.zeros(1024, np.int32)
        self._known = np.zeros(1 << 16, np.uint8)
        self._segment_count, self._known_size = 1, 0  # segment 0 is none
        self._state[self._scan.BEFORE] = 0

    def _grow(self) -> None:
        """Twice the room for segments."""
        segments, known = np.zeros((2 * len(self._segments), 6), np.int32), np.zeros(2 * len(self._known), np.uint8)
        segments[: self._segment_count] = self._segments[: self._segment_count]
        known[: self._known_size] = self._known[: self._known_size]
        slots = np.zeros(4 * len(segments), np.int32)
        text = np.frombuffer(known.tobytes(), np.uint8)  # as a body is: never written to
        for number in range(1, self._segment_count):
            start, length, parent = map(int, segments[number, :3])
            self._scan.insert(text, start, start + length, parent, number, segments, slots, known)
        self._segments, self._known, self._slots = segments, known, slots

    def _make_room(self, rows: int) -> None:
        """Room for as many rows in all; those there are stay."""
        if rows <= self._room:
            return
        kept = int(self._state[self._scan.ROWS])
        self._room = max(rows, _ROOM)
        self._signal = _longer(self._signal, kept, self._room)
        self._source = _longer(self._source, kept, self._room)
        self._number = _longer(self._number, kept, self._room)
        self._kind = _longer(self._kind, kept, self._room)
        self._left = _longer(self._left, kept, self._room)  # a row has one at most

    def _read_left(self, text: NDArray[np.uint8], by_hand: "_ByHand") -> bool:
        """Read texts and long numbers that the scan left; false where a text is no UTF-8."""
        left = self._left[: int(self._state[self._scan.LEFT])]
        if not len(left):
            return True
        is_text = self._kind[left[:, 0]] == TEXT
        body = text.tobytes()
        for row, start, end in left[is_text].tolist():
            try:
                by_hand.texts[row] = body[start + 1 : end - 1].decode()
            except UnicodeDecodeError:
                return False
        numbers = left[~is_text]
        if len(numbers):
            written = [body[start:end] for _row, start, end in numbers.tolist()]
            try:
                self._number[numbers[:, 0]] = pa.array(written, pa.binary()).cast(pa.string()).cast(pa.float64())
            except pa.ArrowInvalid:
                self._number[numbers[:, 0]] = [float(one) for one in written]
        return True

    def _columns(self, by_hand: "_ByHand") -> ReadingColumns:
        rows = int(self._state[self._scan.ROWS])
        text = None
        if by_hand.texts:
            text = np.full(rows, None, object)
            for row, value in by_hand.texts.items():
                text[row] = value
        read = ReadingColumns(
            signal=self._signal[:rows],
            source=self._source[:rows],
            number=self._number[:rows],
            kind=self._kind[:rows],
            text=text,
        )
        return by_hand.put_into(read) if by_hand.rows else read


def _longer(array: NDArray[Any], kept: int, rows: int) -> NDArray[Any]:
    longer = np.empty((rows, *array.shape[1:]), array.dtype)
    longer[:kept] = array[:kept]
    return longer


class _ByHand:
    """Readings of lines that the scan did not read, each with its place among those that it did; and texts of those it did."""

    def __init__(self) -> None:
        self._places: list[int] = []
        self._signals: list[int] = []
        self._times: list[int] = []
        self._values: list[Value] = []
        self.texts: dict[int, str] = {}  # by row of the scan

    @property
    def rows(self) -> int:
        """How many readings."""
        return len(self._values)

    def add(self, place: int, signals: Sequence[int], time: int, values: Sequence[Value]) -> None:
        """All fields of a line that came when the scan had read `place` rows."""
        self._places += [place] * len(values)
        self._signals += signals
        self._times += [time] * len(values)
        self._values += values

    def forget(self, rows: int, scanned: int) -> None:
        """Keep the first `rows` readings, and the texts of the first `scanned` rows of the scan."""
        for column in (self._places, self._signals, self._times, self._values):
            del column[rows:]
        self.texts = {row: text for row, text in self.texts.items() if row < scanned}

    def put_into(self, read: ReadingColumns) -> ReadingColumns:
        """All readings in the order of their lines."""
        numbers, kinds, texts = zip(*map(_columns_of, self._values), strict=True)
        text = read.text
        if text is not None or any(one is not None for one in texts):
            before = np.full(len(read), None, object) if text is None else text
            text = np.insert(before, self._places, np.array([*texts, None], object)[:-1])
        return ReadingColumns(
            signal=np.insert(read.signal, self._places, self._signals),
            source=np.insert(read.source, self._places, self._times),
            number=np.insert(read.number, self._places, numbers),
            kind=np.insert(read.kind, self._places, kinds),
            text=text,
        )


def _columns_of(value: Value) -> tuple[float, int, str | None]:
    """Number, kind and text of a value."""
    if isinstance(value, str):
        return np.nan, TEXT, value
    if isinstance(value, bool):
        return float(value), TRUTH, None
    if isinstance(value, int):
        return float(value), WHOLE, str(value) if abs(value) > EXACT else None
    return value, NUMBER, None
