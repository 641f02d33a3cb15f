"""Readings that travel by columns: what comes again is dropped as with single readings, order and counts hold."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from jasang.connect import collector as collecting
from jasang.connect.collector import Collector
from jasang.connect.contract import Begun, Link, NoOptions
from jasang.connect.forward.frames import latest, to_readings, to_rows
from jasang.connect.forward.sink import ForwardSink
from jasang.connect.forward.spool import Spool
from jasang.connect.memory_loss import MemoryLoss
from jasang.connect.protocols.sparkplug.heard import Heard
from jasang.connect.repeats import Repeats
from jasang.connect.waiting import Waiting
from jasang.errors import ConnectionFailed, StoreError
from jasang.plant.reading import Reading, Signal
from jasang.store import open_reader, open_store

START = datetime(2026, 3, 1, tzinfo=UTC)
VALUES: list[Any] = [1.5, 1.5, 2, 2.0, True, 1, "a", "b", None, float("nan"), 2**60 + 1, 2**60 + 2, "", 0.0, -0.0]


def reading(signal: str, at: float, value: Any, quality: int = 0) -> Reading:
    moment = START + timedelta(seconds=at)
    return Reading(signal=signal, source_time=moment, receive_time=moment, value=value, quality=quality)


def by_columns(readings: Sequence[Reading]) -> pa.Table:
    rows = to_rows(readings)
    return rows.set_column(0, "signal", rows.column("signal").combine_chunks().dictionary_encode())


@pytest.mark.parametrize("seed", range(20))
def test_rows_repeat_exactly_where_readings_do(seed: int) -> None:
    chance = random.Random(seed)
    one, other = Repeats(), Repeats()
    for _ in range(30):
        given = [
            reading(f"s{chance.randrange(4)}", chance.randrange(2), chance.choice(VALUES), chance.choice([0, 0, 5]))
            for _ in range(chance.randrange(12))
        ]
        expected = one.without(given)
        found = to_readings(other.without_rows(by_columns(given)))
        assert [repr(each) for each in found] == [repr(each) for each in expected]


def test_what_is_heard_becomes_the_same_rows_as_readings_do() -> None:
    heard, expected = Heard(), []
    for number, value in enumerate(VALUES):
        source = START + timedelta(seconds=number, microseconds=1000 * number + (number % 2))
        received = START + timedelta(minutes=number // 3)
        heard.at(received)
        heard.add(heard.place(f"s{number % 4}"), source, value, quality=number % 3)
        expected.append(
            Reading(signal=f"s{number % 4}", source_time=source, receive_time=received, value=value, quality=number % 3)
        )

    found = heard.rows()

    assert [repr(each) for each in to_readings(found)] == [repr(each) for each in expected]
    assert (len(heard), heard.rows().num_rows) == (0, 0)


def test_the_queue_keeps_order_over_single_readings_and_tables() -> None:
    waiting, expected = Waiting(), []
    for number in range(50):
        given = [reading("s", 100 * number + place, place) for place in range(number % 7)]
        waiting.add(by_columns(given) if number % 3 else given)
        expected += given
    first = waiting.take(5)
    waiting.put_back(first)
    found: list[Reading] = []
    while len(waiting):
        batch = waiting.take(13)
        assert 0 < len(batch) <= 13
        found += to_readings(batch) if isinstance(batch, pa.Table) else batch

    assert [repr(each) for each in found] == [repr(each) for each in expected]


def test_the_oldest_are_dropped_and_told() -> None:
    waiting, loss = Waiting(), MemoryLoss()
    waiting.add([reading("s", 1, 1.0), reading("s", 2, 2.0)])
    waiting.add(by_columns([reading("s", at, 1.0) for at in (3, 4, 5)]))

    waiting.drop(4, loss)

    told = loss.reading()
    assert len(waiting) == 1
    assert told is not None
    assert "4" in str(told.value)
    assert loss.reading() is None


def test_the_latest_row_of_each_signal_of_equal_times_the_last() -> None:
    given = [reading("a", 2, 1.0), reading("b", 1, 1.0), reading("a", 1, 9.0), reading("a", 2, 2.0)]

    assert [(each.signal, each.value) for each in to_readings(latest(by_columns(given)))] == [("b", 1.0), ("a", 2.0)]


class Rows:
    """A protocol that delivers tables and readings in turn."""

    name = "rows"
    schemes = ("rows",)
    address_example = "x"
    finds_signals = True
    options = signal_options = NoOptions

    def __init__(self) -> None:
        self.tickets: list[int] = []
        self.kept = asyncio.Event()

    def check_address(self, address: str) -> None: ...

    def check(self, link: Link) -> None: ...

    async def collect(self, link: Link, inbox: Any) -> None:
        for turn in range(10):
            inbox.deliver([reading("single", turn, float(turn))])
            given = [reading(f"s{place}", turn, float(place), 0x0480 if place == 0 else 0) for place in range(100)]
            inbox.deliver_rows(by_columns(given))
            self.tickets.append(inbox.deliver_rows(by_columns(given)))  # all of it again
        await inbox.kept(self.tickets[-1])
        self.kept.set()
        await asyncio.Event().wait()


@pytest.mark.parametrize("forwarded", [False, True])
def test_rows_reach_store_and_spool_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forwarded: bool) -> None:
    protocol = Rows()
    monkeypatch.setattr(collecting, "load", lambda _name: protocol)

    async def run() -> Any:
        with closing(open_store(tmp_path / "store")) as store:
            spool = Spool(tmp_path / "spool", limit=50_000_000) if forwarded else None
            sink = store if spool is None else ForwardSink(spool, store)
            collector = Collector(
                [Link(name="r", protocol="rows", url="rows://x")], _Failing(sink), report=lambda _s: None
            )
            stop = asyncio.Event()
            task = asyncio.create_task(collector.run(stop))
            await asyncio.wait_for(protocol.kept.wait(), 60)
            stop.set()
            status = await task
            if spool is not None:
                assert spool.state().waiting == 1010
                assert spool.last(["s5"])["s5"].value == 5.0
                spool.close()
            return status

    status = asyncio.run(run())

    (connection,) = status.connections
    assert (status.stored, status.waiting, status.dropped) == (1010, 0, 0)
    assert (connection.readings, connection.overflows, protocol.tickets[-1]) == (1010, 10, 1010)
    with closing(open_reader(tmp_path / "store")) as reader:
        kept = reader.range([f"s{place}" for place in range(100)], START, START + timedelta(days=1))
    assert kept.num_rows == 1000
    assert kept.column("number").to_pylist() == [float(name[1:]) for name in kept.column("signal").to_pylist()]


class Odd(Rows):
    """A protocol that stands and falls, by an error that nobody foresaw or by the same complaint, until it speaks."""

    def __init__(self) -> None:
        super().__init__()
        self.times = {"odd": 0, "poor": 0}

    async def collect(self, link: Link, inbox: Any) -> None:
        self.times[link.name] += 1
        inbox.begun(Begun(signals=()))
        if self.times[link.name] < 5:
            if link.name == "odd":
                raise ValueError("no such thing")
            raise ConnectionFailed(ko="못 읽음", en="cannot read")
        inbox.deliver([reading(link.name, 1, 1.0)])
        await asyncio.Event().wait()


def test_an_unforeseen_error_stops_one_connection_only_and_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    protocol = Odd()
    monkeypatch.setattr(collecting, "load", lambda _name: protocol)
    caplog.set_level("INFO", logger="jasang")

    async def run() -> Any:
        with closing(open_store(tmp_path / "store")) as store:
            links = [Link(name=name, protocol="rows", url="rows://x") for name in ("odd", "poor")]
            collector = Collector(links, store, report=lambda _s: None, retry=0.001)
            stop = asyncio.Event()
            task = asyncio.create_task(collector.run(stop))
            async with asyncio.timeout(60):
                while collector.status().stored < 2:
                    await asyncio.sleep(0.01)
            stop.set()
            return await task

    status = asyncio.run(run())

    told = [record.getMessage() for record in caplog.records]
    unforeseen = (
        "connection 'odd': an unforeseen error (ValueError: no such thing); it is tried again."
        " If this goes on, please report this sentence"
    )
    assert [one.last_error.en for one in status.connections] == [unforeseen, "cannot read"]
    assert [told.count(text) for text in (unforeseen, "cannot read")] == [1, 1]
    assert [told.count(f"connection {name!r}: rows://x is back") for name in ("odd", "poor")] == [2, 2]


class Cancelled(Rows):
    """A protocol whose library once lets the cancellation of a task of its own show."""

    def __init__(self) -> None:
        super().__init__()
        self.times = 0

    async def collect(self, link: Link, inbox: Any) -> None:
        self.times += 1
        inbox.begun(Begun(signals=()))
        if self.times == 1:
            own = asyncio.create_task(asyncio.Event().wait())
            own.cancel()
            await own
        inbox.deliver([reading(link.name, 1, 1.0)])
        await asyncio.Event().wait()


def test_a_cancellation_that_nobody_asked_for_does_not_end_the_collector(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    protocol = Cancelled()
    monkeypatch.setattr(collecting, "load", lambda _name: protocol)

    async def run() -> Any:
        with closing(open_store(tmp_path / "store")) as store:
            link = Link(name="odd", protocol="rows", url="rows://x")
            collector = Collector([link], store, report=lambda _s: None, retry=0.001)
            stop = asyncio.Event()
            task = asyncio.create_task(collector.run(stop))
            async with asyncio.timeout(60):
                while collector.status().stored < 1 and not task.done():
                    await asyncio.sleep(0.01)
            stop.set()
            return await task

    status = asyncio.run(run())

    assert (protocol.times, status.stored) == (2, 1)
    assert "CancelledError" in status.connections[0].last_error.en


class _Failing:
    """The sink, whose first table fails."""

    def __init__(self, sink: Any) -> None:
        self._sink, self._failed = sink, False

    def append(self, readings: Sequence[Reading]) -> int:
        return self._sink.append(readings)

    def append_table(self, rows: pa.Table) -> int:
        if not self._failed:
            self._failed = True
            raise StoreError(ko="꽉 참", en="full")
        return self._sink.append_table(rows)

    def describe(self, signals: Sequence[Signal]) -> None:
        self._sink.describe(signals)

    def last(self, signals: Sequence[str] | None = None) -> Any:
        return self._sink.last(signals)

    def settle(self, before: datetime) -> int:
        return self._sink.settle(before)
