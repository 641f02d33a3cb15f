"""One factory of a receiver: its store, and the way of a body into it: read in one thread, committed in groups by another.

A body is answered only when its readings are durable and a query sees them.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from types import ModuleType
from typing import Protocol

import pyarrow as pa

from jasang.connect.line_protocol import BadLine, SignalNames
from jasang.connect.line_protocol.naming import ASSET_TAGS
from jasang.connect.line_protocol.scanner import Body
from jasang.connect.receiver.commits import Grouped
from jasang.connect.receiver.reading import ArrowReader, BodyReader, Read, ScanningReader
from jasang.plant.reading import Reading, Signal
from jasang.plant.reading_columns import ReadingColumns

READ_TOGETHER = 4_000_000  # bytes of bodies that are read in one go
COMMIT_TOGETHER = 500_000  # readings in one transaction
SMALL, SMALL_TO_SCAN = 20_000, 120_000  # bytes; bodies up to it are read where they are committed, many at once
READERS = 2  # threads that read large bodies; most of their work is outside Python
LINGER = 0.001  # s; after a transaction for many writers the next one waits so long for more of them
BYTES_OF_A_POINT = 50  # about


class ReceivingStore(Protocol):
    """What a receiver needs of a store; see `jasang.store.contract.Store`."""

    def append_tables(self, tables: Sequence[pa.Table | ReadingColumns]) -> int: ...

    def numbers(self, names: Sequence[str]) -> list[int]: ...

    def describe(self, signals: Iterable[Signal]) -> None: ...

    def last(self, signals: Sequence[str] | None = None) -> Mapping[str, Reading]: ...

    def signals(self) -> tuple[Signal, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Factory:
    """Whose token opens which store. `buckets` (databases of `/write`) may be named; without any, every name is taken."""

    name: str
    token: str = field(repr=False)
    store: ReceivingStore
    buckets: tuple[str, ...] = ()
    asset_tags: tuple[str, ...] = ASSET_TAGS
    most_signals: int = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverLimits:
    """`body` bytes of one request, packed and unpacked; `waiting` bytes of all that is not yet kept (beyond it: 503)."""

    body: int = 32_000_000
    waiting: int = 256_000_000


@dataclass(frozen=True, slots=True)
class _Commit:
    readings: tuple[pa.Table | ReadingColumns, ...]
    signals: tuple[Signal, ...]
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of a body: whether lines of it were kept, and those that were not."""

    some_kept: bool
    bad: tuple[BadLine, ...]


_WELL = Written(some_kept=True, bad=())


class Destination:
    """The way into one factory's store; used from one event loop.

    Large bodies are read in threads of their own while another commits; small ones are read where they are committed, many at
    once.
    """

    def __init__(self, factory: Factory) -> None:
        self.factory = factory
        self._known = {signal.name for signal in factory.store.signals()}
        self._small = SMALL
        self._readers: list[BodyReader] = [ArrowReader(self._names()) for _ in range(READERS + 1)]
        self._reading = [
            Grouped[Body, Read](partial(self._read, place), most=READ_TOGETHER, name=f"read {factory.name}")
            for place in range(READERS)
        ]
        self._writing = Grouped[Body | _Commit, Written](
            self._write, most=COMMIT_TOGETHER, name=f"write {factory.name}", linger=LINGER
        )
        self._undescribed: dict[str, Signal] = {}
        self.points = 0
        self.last_write: datetime | None = None

    def take(self, scan: ModuleType) -> None:
        """Read bodies by the compiled pass from now on."""
        self._readers = [ScanningReader(scan, self._names(), self.factory.store) for _ in range(READERS + 1)]
        self._small = SMALL_TO_SCAN

    def _names(self) -> SignalNames:
        """Each thread has names of its own; which signals there are they know together."""
        factory = self.factory
        return SignalNames(asset_tags=factory.asset_tags, known=self._known, most_signals=factory.most_signals)

    @property
    def waiting(self) -> int:
        """Bytes of bodies that wait to be read."""
        return sum(reader.size for reader in self._reading)

    async def write_lines(self, body: bytes, unit: int) -> Written:
        """Keep a body of line protocol; raises `StoreError` when the store cannot take it."""
        return await asyncio.shield(self.begin_lines(body, unit))

    def begin_lines(self, body: bytes | bytearray, unit: int) -> "asyncio.Future[Written]":
        """What `write_lines` waits for; `body` is no longer the caller's."""
        item = Body(text=body, unit=unit, now=time.time_ns())
        if len(body) <= self._small:
            return self._writing.enqueue(item, len(body) // BYTES_OF_A_POINT + 1)
        return asyncio.ensure_future(self._write_large(item))

    async def _write_large(self, item: Body) -> Written:
        """Read a body in a thread of its own, then keep it."""
        read = await min(self._reading, key=lambda reader: reader.size).submit(item, len(item.text))
        [answer] = read.answers
        if answer.points:
            await self.write_tables(read.readings, read.fresh, answer.points)
        return Written(some_kept=answer.points > 0, bad=answer.bad)

    async def write_tables(
        self,
        tables: Sequence[pa.Table | ReadingColumns],
        signals: Sequence[Signal] = (),
        points: int | None = None,
    ) -> None:
        """Keep readings in one transaction, and what is known of their signals; `points` are all rows when left out."""
        rows = sum(map(len, tables))
        commit = _Commit(tuple(tables), tuple(signals), rows if points is None else points)
        await self._writing.submit(commit, max(rows, 1))

    async def close(self) -> None:
        """Finish what was taken."""
        for reader in self._reading:
            await reader.close()
        await self._writing.close()

    def _read(self, place: int, bodies: Sequence[Body]) -> list[Read | Exception]:
        """Each body, in the thread of reader `place`."""
        found: list[Read | Exception] = []
        for body in bodies:
            read = self._readers[place].read([body])
            own = tuple(one.copy() if isinstance(one, ReadingColumns) else one for one in read.readings)
            found.append(Read(readings=own, answers=read.answers, fresh=read.fresh))
        return found

    def _write(self, items: Sequence[Body | _Commit]) -> list[Written | Exception]:
        store = self.factory.store
        commits = [item for item in items if isinstance(item, _Commit)]
        bodies = [item for item in items if isinstance(item, Body)]
        readings = [one for commit in commits for one in commit.readings]
        signals = [signal for commit in commits for signal in commit.signals]
        answers: list[Written | Exception] = [_WELL] * len(items)
        points = sum(commit.points for commit in commits)
        if bodies:
            read = self._readers[READERS].read(bodies)
            readings += read.readings
            signals += read.fresh
            points += sum(answer.points for answer in read.answers)
            of_bodies = (Written(some_kept=a.points > 0, bad=a.bad) if a.bad else _WELL for a in read.answers)
            answers = [next(of_bodies) if isinstance(item, Body) else _WELL for item in items]
        self._describe(signals)
        readings = [one for one in readings if len(one)]
        if readings:
            store.append_tables(readings)
            self.last_write = datetime.now(UTC)
        self.points += points
        return answers

    def _describe(self, signals: Iterable[Signal]) -> None:
        """Describe signals; those that could not be are tried again with the next write."""
        self._undescribed |= {signal.name: signal for signal in signals}
        if self._undescribed:
            self.factory.store.describe(tuple(self._undescribed.values()))
            self._undescribed = {}
