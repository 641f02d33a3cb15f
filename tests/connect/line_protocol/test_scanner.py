"""The compiled pass over a body gives what the exact reader gives, whatever is in the body and whatever it has learnt before."""

import random

import numpy as np
import pytest
from hypothesis import example, given, settings
from tests.connect.line_protocol.made_bodies import bodies

from jasang.connect.line_protocol import PRECISIONS, SignalNames, parse_lines, scanner
from jasang.connect.line_protocol.scanner import Answer, Body, Scanner, load_scan
from jasang.plant.reading_columns import TEXT, TRUTH, WHOLE, ReadingColumns

NOW = 1_700_000_000_123_456_789
Row = tuple[str, int, str, str | None, bool | None, bool]


class Reader:
    """A scanner with a store's part: the numbers of signals."""

    def __init__(self, most_signals: int = 1_000_000) -> None:
        scan = load_scan()
        assert scan is not None
        self.names = SignalNames(most_signals=most_signals)
        self.numbers: dict[str, int] = {}
        self.scanner = Scanner(scan, self.names, lambda name: self.numbers.setdefault(name, len(self.numbers)))

    def read(self, *texts: bytes, precision: str = "ns") -> tuple[list[Row], list[Answer]]:
        found = [Body(text=text, unit=PRECISIONS[precision], now=NOW) for text in texts]
        columns, answers = self.scanner.read(found)
        return rows_of(columns, list(self.numbers)), answers


def rows_of(columns: ReadingColumns, names: list[str]) -> list[Row]:
    """Signal, time (us), number as text (-0.0 is not 0.0), text, truth, whole."""
    texts = [None] * len(columns) if columns.text is None else columns.text.tolist()
    numeric = zip(columns.signal.tolist(), columns.source.tolist(), columns.number.tolist(), strict=True)
    return [
        (
            names[signal],
            time,
            "None" if kind == TEXT else repr(number),
            text,
            bool(number) if kind == TRUTH else None,
            kind == WHOLE,
        )
        for (signal, time, number), kind, text in zip(numeric, columns.kind.tolist(), texts, strict=True)
    ]


def exact(text: bytes, precision: str = "ns") -> tuple[list[Row], Answer]:
    parsed = parse_lines(text, unit=PRECISIONS[precision], now=NOW, names=SignalNames(), exact=True)
    columns = parsed.rows.to_pydict()
    times = parsed.rows.column("source_time").cast("int64").to_pylist()
    others = (columns[name] for name in ("text", "truth", "whole"))
    rows = list(zip(columns["signal"], times, map(repr, columns["number"]), *others, strict=True))
    return rows, Answer(points=parsed.points, bad=parsed.bad)


# Separators where a reader that jumps to what it knows could go wrong.
HARD = (
    b"m,t=a v=1 1\nm,t=a v=1 1\nm,t=a v=1i 1\nm,t=a v=1,v=2 1\nm,t=a v=1,v=2 1\n",
    b'm,t=a v="x" 1\nm,t=a v="x,y=1 2" 1\nm,t=a v="x\ny" 2\nm,t=a v="\xff" 3\nm,t=a v="\\"" 4\nm v="open\nm v=1 1\n',
    b"m  v=1 1\nm  v=1 1\nm v=1  1\nm v=1 1 \nm v=1 1 \r\nm v=1 1\r\nm v=1\r\nm v=1\r\r\n\r\n\r",
    b"m\\ n,t=a\\,b v\\=w=1 1\nm\\ n,t=a\\,b v\\=w=1 1\nm\\\\ n v=1 1\nm\\\\ n v=1 1\nm\\\n v=1 1\nm v=1\\ 1\n",
    b"m v=123456789012345678901234567890 1\nm v=0.30000000000000004 1\nm v=1e23 1\nm v=9007199254740993 1\nm v=1e-330 1\n",
    b"m v=9007199254740992i 1\nm v=9007199254740993i 1\nm v=-0i 1\nm v=-0.0 1\nm v=0e5 1\nm v=18446744073709551615u 1\n",
    b"m v=1 9223372036854775806\nm v=1 -9223372036854775806\nm v=1 -1\nm v=1 09\nm v=1 9223372036854775807\nm v=1 -\n",
    b"#m v=1 1\n # m v=1\n\nm v=1 1\nm v=t\nm v=true\nm v=truex\nm v=FALSE,w=f 3\nm,v=1\nm v\nm\n=\n,\n v=1",
    b"m,t=a v=1 1\nm,t=a v=1,w=2 1\nm,t=a v=1,w=2 1\nm,t=a w=2,v=1 1\nm,t=a w=2 1\nm,t=ab v=1 1\nm,t=a v=1,w=2,w=3 1",
)


@settings(max_examples=500, deadline=None)
@given(body=bodies())
@example(HARD[0])
@example(HARD[1])
@example(HARD[2])
@example(HARD[3])
@example(HARD[4])
@example(HARD[5])
@example(HARD[6])
@example(HARD[7])
@example(HARD[8])
def test_scanner_equals_the_exact_reader_new_and_knowing(body: bytes) -> None:
    precision = ("ns", "us", "s", "h")[len(body) % 4]
    rows, answer = exact(body, precision)
    reader = Reader()

    assert reader.read(body, precision=precision) == (rows, [answer])
    assert reader.read(body, precision=precision) == (rows, [answer])


def test_scanner_that_has_learnt_from_many_bodies_equals_the_exact_reader() -> None:
    chance = random.Random(5)
    reader = Reader()
    lines = [line for body in HARD for line in body.split(b"\n")]
    for _ in range(300):
        texts = [b"\n".join(chance.choices(lines, k=chance.randrange(1, 12))) for _ in range(chance.randrange(1, 4))]
        expected = [exact(text) for text in texts]

        rows, answers = reader.read(*texts)

        assert rows == [row for found, _ in expected for row in found]
        assert answers == [answer for _, answer in expected]


def test_numbers_of_every_length_are_those_of_the_exact_reader() -> None:
    chance = np.random.default_rng(3)
    doubles = chance.integers(0, 2**64, 3000, dtype=np.uint64).view(np.float64)
    written = [repr(float(one)) for one in doubles[np.isfinite(doubles)]]
    written += [f"{one:.{places}f}" for places in range(12) for one in chance.normal(0, 1e4, 200)]
    written += [
        f"{digits}e{power}" for digits in ("1", "9007199254740991", "17976931348623157") for power in range(-340, 309)
    ]
    body = "".join(f"m v={one} 1\n" for one in written).encode()

    assert Reader().read(body) == (exact(body)[0], [exact(body)[1]])


def test_later_line_of_the_same_moment_stays_the_later_whoever_reads_it() -> None:
    body = b"".join(b"m v=%di 5\nm v=%di 5\n" % (i, 2**53 + 1 + i) for i in range(50))  # the second by hand

    rows, _ = Reader().read(body)

    assert [float(row[2]) for row in rows] == [float(n) for i in range(50) for n in (i, 2**53 + 1 + i)]


def test_new_signals_are_told_once_and_those_beyond_the_limit_are_refused_each_time() -> None:
    reader = Reader(most_signals=2)
    body = b"m,asset=A v=1 1\nm,asset=B v=2 1\nm,asset=C v=3 1\n"

    for _ in range(2):
        rows, [answer] = reader.read(body)

        assert [row[0] for row in rows] == ["A.m.v", "B.m.v"]
        assert [bad.reason for bad in answer.bad] == ["max-signals limit exceeded (2)"]
    assert [signal.name for signal in reader.names.fresh] == ["A.m.v", "B.m.v"]


def test_more_segments_than_are_kept_are_read_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanner, "MOST_SEGMENTS", 700)
    reader = Reader()
    body = "".join(f"m,t={i % 1500} v={i},w={i}.5 {i}\n" for i in range(4000)).encode()

    for _ in range(2):
        assert reader.read(body)[0] == exact(body)[0]


def test_plain_lines_are_not_read_by_hand_once_they_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    body = b'plc,asset=A\\ 1,n=1 a=1.5,b=2i,c=true,d="x y",e=0.12345678901234567 7\ncpu,host=h u=3u\n# no\n\r\n' * 40
    reader = Reader()
    reader.read(body)

    def refused(*_: object) -> None:
        raise AssertionError("read by hand")

    monkeypatch.setattr(scanner, "read_fields", refused)

    assert len(reader.read(body)[0]) == 240
