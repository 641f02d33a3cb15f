"""A body of line protocol: shapes first, line by line where it must be."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from jasang.connect.line_protocol.columns import OTHERS, read_columns, shape_of
from jasang.connect.line_protocol.line import BadFormat, Value, is_empty, read_fields, series_end, split_lines, trimmed
from jasang.connect.line_protocol.naming import BadKey, NotKept, SignalNames
from jasang.connect.line_protocol.rows import EXACT, Block, one_table

FEW = 16  # lines of one shape below which the exact reader is as fast
MOST_FOR_FEW = 20_000  # bytes in which the lines of a small body are counted
LONGEST_SHOWN = 300  # bytes of a bad line in a message


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """A line that is not kept: its number (from 1), its text, and why, in InfluxDB's words.

    `is_format` is false for valid line protocol that goes beyond a limit of ours.
    """

    number: int
    line: str
    reason: str
    is_format: bool = True

    def __str__(self) -> str:
        return f"unable to parse '{self.line}': {self.reason}" if self.is_format else self.reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """Readings in the order of the body as `rows.SCHEMA`, the number of good lines, and every bad one."""

    rows: pa.Table
    points: int
    bad: tuple[BadLine, ...]


def parse_lines(body: bytes, *, unit: int, now: int, names: SignalNames, exact: bool = False) -> Parsed:
    """Read a body of line protocol.

    `unit` is what its times count, in ns (see `PRECISIONS`); `now` in ns since 1970 is the time of a point without one. `exact`
    reads every line by itself, which gives the same and takes some ten times as long.
    """
    moment = now // unit * unit // 1_000
    if not exact and body.count(b"\n", 0, MOST_FOR_FEW) >= FEW - 1:
        whole = body if body.endswith(b"\n") else body + b"\n"
        skeleton = whole.translate(None, OTHERS)
        first = skeleton[: skeleton.index(b"\n") + 1]
        shape = shape_of(first)
        count = len(skeleton) // len(first)
        if shape is not None and skeleton == first * count:
            blocks = read_columns(whole, shape, unit, moment, names)
            if blocks is not None:
                return Parsed(rows=one_table(blocks), points=count, bad=())
    return _parse_mixed(split_lines(body), unit, moment, names, exact)


def _parse_mixed(lines: Sequence[bytes], unit: int, moment: int, names: SignalNames, exact: bool) -> Parsed:
    """Lines of many shapes: the frequent ones by columns, the rest one by one."""
    groups: dict[bytes, list[int]] = defaultdict(list)
    single: list[int] = []
    if exact:
        single = list(range(len(lines)))
    else:
        for number, line in enumerate(lines):
            groups[line.translate(None, OTHERS)].append(number)
    blocks: list[Block] = []
    points = 0
    for skeleton, numbers in groups.items():
        shape = shape_of(skeleton + b"\n") if len(numbers) >= FEW else None
        body = b"" if shape is None else b"\n".join([lines[number] for number in numbers]) + b"\n"
        found = None if shape is None else read_columns(body, shape, unit, moment, names, np.array(numbers))
        if found is None:
            single += numbers
        else:
            blocks += found
            points += len(numbers)
    rest, good, bad = _parse_each(lines, sorted(single), unit, moment, names)
    return Parsed(rows=one_table([*blocks, *rest]), points=points + good, bad=tuple(bad))


def _parse_each(
    lines: Sequence[bytes], numbers: Sequence[int], unit: int, moment: int, names: SignalNames
) -> tuple[list[Block], int, list[BadLine]]:
    gathered = _Gathered()
    bad: list[BadLine] = []
    good = 0
    for number in numbers:
        if is_empty(lines[number]):
            continue
        line = trimmed(lines[number])
        try:
            gathered.add(number, line, unit, moment, names)
            good += 1
        except (BadFormat, BadKey, NotKept) as error:
            bad.append(bad_line(number, line, error))
    return gathered.blocks(), good, bad


def bad_line(number: int, line: bytes, error: Exception) -> BadLine:
    """Line `number` (from 0) with what is wrong with it."""
    shown = line[:LONGEST_SHOWN].decode(errors="replace") + ("…" if len(line) > LONGEST_SHOWN else "")
    return BadLine(number=number + 1, line=shown, reason=str(error), is_format=not isinstance(error, NotKept))


class _Gathered:
    """Readings one by one, as the columns of one block."""

    def __init__(self) -> None:
        self._lines: list[int] = []
        self._signals: list[str] = []
        self._times: list[int] = []
        self._values: list[Value] = []

    def add(self, number: int, line: bytes, unit: int, moment: int, names: SignalNames) -> None:
        """All fields of a line, or none when something is wrong with it."""
        end = series_end(line)
        series = names.series(line[:end])
        fields, time = read_fields(line, end, unit)
        signals = [names.name(series, key) for key, _ in fields]
        self._signals += signals
        self._values += [value for _, value in fields]
        self._lines += [number] * len(fields)
        self._times += [moment if time is None else time // 1_000] * len(fields)

    def blocks(self) -> list[Block]:
        if not self._lines:
            return []
        values = self._values
        return [
            Block(
                lines=np.array(self._lines),
                signals=pa.array(self._signals).dictionary_encode(),
                times=np.array(self._times),
                numbers=pa.array([None if isinstance(value, str) else float(value) for value in values], pa.float64()),
                texts=pa.array([_text(value) for value in values], pa.string()),
                truths=pa.array([value if isinstance(value, bool) else None for value in values], pa.bool_()),
                whole=pa.array([isinstance(value, int) and not isinstance(value, bool) for value in values]),
            )
        ]


def _text(value: Value) -> str | None:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and abs(value) > EXACT else None
