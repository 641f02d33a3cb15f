"""One factory of a receiver: its store, and the way of a body into it: read in one thread, committed in groups by another.

A body is answered only when its readings are durable and a query sees them.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

import pyarrow as pa

from jasang.connect.line_protocol import BadLine, Parsed, SignalNames, parse_lines
from jasang.connect.line_protocol.naming import ASSET_TAGS
from jasang.connect.receiver.commits import Grouped
from jasang.plant.reading import Reading, Signal

READ_TOGETHER = 4_000_000  # bytes of bodies that are read in one go
COMMIT_TOGETHER = 500_000  # readings in one transaction
SMALL = 20_000  # bytes; bodies up to it are joined before they are read
READERS = 2  # threads that read large bodies; most of their work is outside Python
LINGER = 0.003  # s; after a transaction for many writers the next one waits so long for more of them
BYTES_OF_A_POINT = 50  # about


class ReceivingStore(Protocol):
    """What a receiver needs of a store; see `jasang.store.contract.Store`."""

    def append_tables(self, tables: Sequence[pa.Table]) -> int: ...

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
class _Body:
    text: bytes
    unit: int
    now: int


@dataclass(frozen=True, slots=True)
class _Commit:
    tables: tuple[pa.Table, ...]
    signals: tuple[Signal, ...]
    points: int


@dataclass(frozen=True, slots=True)
class _Read:
    parsed: Parsed
    fresh: tuple[Signal, ...]  # signals that nobody has described yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of a body: whether lines of it were kept, and those that were not."""

    some_kept: bool
    bad: tuple[BadLine, ...]


class Destination:
    """The way into one factory's store; used from one event loop.

    Large bodies are read in threads of their own while another commits; small ones are read where they are committed, many at
    once.
    """

    def __init__(self, factory: Factory) -> None:
        self.factory = factory
        known = {signal.name for signal in factory.store.signals()}
        # Each thread has names of its own; which signals there are they know together.
        readers = [
            SignalNames(asset_tags=factory.asset_tags, known=known, most_signals=factory.most_signals)
            for _ in range(READERS + 1)
        ]
        self._names = readers.pop()
        self._reading = [
            Grouped[_Body, _Read](partial(self._read, names), most=READ_TOGETHER, name=f"read {factory.name}")
            for names in readers
        ]
        self._writing = Grouped[_Body | _Commit, Written](
            self._write, most=COMMIT_TOGETHER, name=f"write {factory.name}", linger=LINGER
        )
        self._undescribed: dict[str, Signal] = {}
        self.points = 0
        self.last_write: datetime | None = None

    def warm_up(self) -> None:
        """Let the libraries do what they do at their first use, which takes up to a second, before somebody waits for it."""
        for body in (b"m,t=a v=1,w=1i,x=t 1\n" * 40, b'm,t=a v="a" 1\n'):
            rows = parse_lines(body, unit=1, now=0, names=SignalNames()).rows
            pa.concat_tables([rows, rows]).unify_dictionaries()

    @property
    def waiting(self) -> int:
        """Bytes of bodies that wait to be read."""
        return sum(reader.size for reader in self._reading)

    async def write_lines(self, body: bytes, unit: int) -> Written:
        """Keep a body of line protocol; raises `StoreError` when the store cannot take it."""
        item = _Body(body, unit, time.time_ns())
        if len(body) <= SMALL:
            return await self._writing.submit(item, len(body) // BYTES_OF_A_POINT + 1)
        one = await min(self._reading, key=lambda reader: reader.size).submit(item, len(body))
        parsed, fresh = one.parsed, one.fresh
        if parsed.points:
            await self._writing.submit(_Commit((parsed.rows,), fresh, parsed.points), parsed.rows.num_rows)
        return Written(some_kept=parsed.points > 0, bad=parsed.bad)

    async def write_tables(self, tables: Sequence[pa.Table], signals: Sequence[Signal] = ()) -> None:
        """Keep tables of readings in one transaction, and what is known of their signals."""
        rows = sum(int(table.num_rows) for table in tables)
        await self._writing.submit(_Commit(tuple(tables), tuple(signals), rows), max(rows, 1))

    async def close(self) -> None:
        """Finish what was taken."""
        for reader in self._reading:
            await reader.close()
        await self._writing.close()

    def _read(self, names: SignalNames, bodies: Sequence[_Body]) -> list[_Read | Exception]:
        return [_parse(body, names) for body in bodies]

    def _parse_small(self, bodies: Sequence[_Body]) -> tuple[list[_Read], list[Written]]:
        """What is in the bodies, read together where they may be, and the answer for each body."""
        read: list[_Read] = []
        answers = [Written(some_kept=True, bad=())] * len(bodies)
        together: dict[int, list[int]] = {}
        alone: list[int] = []
        for place, body in enumerate(bodies):
            # What goes on in the next line could go on in the next body.
            goes_on = b'"' in body.text or b"\\" in body.text
            (alone if goes_on else together.setdefault(body.unit, [])).append(place)
        for unit, places in together.items():
            joined = b"\n".join([bodies[place].text for place in places])
            one = _parse(_Body(joined, unit, bodies[places[-1]].now), self._names)
            if one.parsed.bad:
                alone += places
            else:
                read.append(one)
        for place in alone:
            one = _parse(bodies[place], self._names)
            read.append(one)
            answers[place] = Written(some_kept=one.parsed.points > 0, bad=one.parsed.bad)
        return read, answers

    def _write(self, items: Sequence[_Body | _Commit]) -> list[Written | Exception]:
        store = self.factory.store
        commits = [item for item in items if isinstance(item, _Commit)]
        read, answers = self._parse_small([item for item in items if isinstance(item, _Body)])
        for signals in (*(commit.signals for commit in commits), *(one.fresh for one in read)):
            self._undescribed |= {signal.name: signal for signal in signals}
        if self._undescribed:
            store.describe(tuple(self._undescribed.values()))
            self._undescribed = {}
        tables = [*(table for commit in commits for table in commit.tables), *(one.parsed.rows for one in read)]
        tables = [table for table in tables if table.num_rows]
        if tables:
            store.append_tables(_few(tables))
            self.last_write = datetime.now(UTC)
        self.points += sum(commit.points for commit in commits) + sum(one.parsed.points for one in read)
        of_bodies = iter(answers)
        return [next(of_bodies) if isinstance(item, _Body) else Written(some_kept=True, bad=()) for item in items]


def _parse(body: _Body, names: SignalNames) -> _Read:
    parsed = parse_lines(body.text, unit=body.unit, now=body.now, names=names)
    fresh, names.fresh = tuple(names.fresh), []
    return _Read(parsed, fresh)


def _few(tables: Sequence[pa.Table]) -> Sequence[pa.Table]:
    """A thousand tables of one row cost the store more than one table of a thousand."""
    if len(tables) == 1:
        return tables
    by_schema: dict[pa.Schema, list[pa.Table]] = {}
    for table in tables:
        by_schema.setdefault(table.schema, []).append(table)
    return [pa.concat_tables(group).unify_dictionaries() for group in by_schema.values()]
