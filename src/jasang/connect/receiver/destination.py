"""One factory of a receiver: its store, and the way of a body into it: read in one thread, committed in groups by another.

A body is answered only when its readings are durable and a query sees them.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

import pyarrow as pa

from jasang.connect.line_protocol import BadLine, Parsed, SignalNames, parse_lines
from jasang.connect.line_protocol.naming import ASSET_TAGS
from jasang.connect.receiver.commits import Grouped
from jasang.plant.reading import Reading, Signal

READ_TOGETHER = 4_000_000  # bytes of bodies that are read in one go
COMMIT_TOGETHER = 500_000  # readings in one transaction
SMALL = 20_000  # bytes; bodies below it are joined before they are read


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
    signals: tuple[Signal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of a body: points kept, and the lines that were not."""

    points: int
    bad: tuple[BadLine, ...]


class Destination:
    """The way into one factory's store; used from one event loop."""

    def __init__(self, factory: Factory) -> None:
        self.factory = factory
        known = [signal.name for signal in factory.store.signals()]
        self._names = SignalNames(asset_tags=factory.asset_tags, known=known, most_signals=factory.most_signals)
        self._reading = Grouped[_Body, tuple[Parsed, tuple[Signal, ...]]](
            self._read, most=READ_TOGETHER, name=f"read {factory.name}"
        )
        self._writing = Grouped[_Commit, int](self._write, most=COMMIT_TOGETHER, name=f"write {factory.name}")
        self._undescribed: dict[str, Signal] = {}
        self.points = 0
        self.last_write: datetime | None = None

    @property
    def waiting(self) -> int:
        """Bytes of bodies that wait to be read."""
        return self._reading.size

    async def write_lines(self, body: bytes, unit: int) -> Written:
        """Keep a body of line protocol; raises `StoreError` when the store cannot take it."""
        parsed, fresh = await self._reading.submit(_Body(body, unit, time.time_ns()), len(body))
        if parsed.points:
            await self._commit((parsed.rows,), fresh)
            self.points += parsed.points
        return Written(points=parsed.points, bad=parsed.bad)

    async def write_tables(self, tables: Sequence[pa.Table], signals: Sequence[Signal] = ()) -> None:
        """Keep tables of readings in one transaction, and what is known of their signals."""
        self.points += await self._commit(tables, signals)

    async def _commit(self, tables: Sequence[pa.Table], signals: Sequence[Signal]) -> int:
        rows = sum(int(table.num_rows) for table in tables)
        await self._writing.submit(_Commit(tuple(tables), tuple(signals)), max(rows, 1))
        self.last_write = datetime.now(UTC)
        return rows

    async def close(self) -> None:
        """Finish what was taken."""
        await self._reading.close()
        await self._writing.close()

    def _read(self, bodies: Sequence[_Body]) -> list[tuple[Parsed, tuple[Signal, ...]] | Exception]:
        joined = self._read_joined(bodies) if len(bodies) > 1 else None
        parsed = joined or [parse_lines(body.text, unit=body.unit, now=body.now, names=self._names) for body in bodies]
        fresh, self._names.fresh = tuple(self._names.fresh), []
        # The first body of the group describes the new signals of all: they are committed together or right after one another.
        return [(one, fresh if place == 0 else ()) for place, one in enumerate(parsed)]

    def _read_joined(self, bodies: Sequence[_Body]) -> list[Parsed] | None:
        """Many small bodies read as one: all rows with the first, the others empty. `None` where each must be read by itself."""
        first = bodies[0]
        if any(len(body.text) > SMALL or body.unit != first.unit for body in bodies):
            return None
        texts = [body.text if body.text.endswith(b"\n") else body.text + b"\n" for body in bodies]
        joined = b"".join(texts)
        if b'"' in joined or b"\\" in joined:  # what goes on in the next line could go on in the next body
            return None
        parsed = parse_lines(joined, unit=first.unit, now=bodies[-1].now, names=self._names)
        return None if parsed.bad else _shared(parsed, texts)

    def _write(self, commits: Sequence[_Commit]) -> list[int | Exception]:
        store = self.factory.store
        self._undescribed |= {signal.name: signal for commit in commits for signal in commit.signals}
        if self._undescribed:
            store.describe(tuple(self._undescribed.values()))
            self._undescribed = {}
        tables = [table for commit in commits for table in commit.tables if table.num_rows]
        if tables:
            store.append_tables(_few(tables))
        return [0] * len(commits)


def _shared(parsed: Parsed, texts: Sequence[bytes]) -> list[Parsed] | None:
    """Give each body its own rows. Bodies of one point with one field each are the common case: one row a body."""
    one_each = parsed.rows.num_rows == parsed.points == len(texts)
    if not one_each or any(text.count(b"\n") != 1 for text in texts):
        return None
    rows = parsed.rows.combine_chunks()
    return [Parsed(rows=rows.slice(place, 1), points=1, bad=()) for place in range(len(texts))]


def _few(tables: Sequence[pa.Table]) -> Sequence[pa.Table]:
    """A thousand tables of one row cost the store more than one table of a thousand."""
    if len(tables) == 1:
        return tables
    by_schema: dict[pa.Schema, list[pa.Table]] = {}
    for table in tables:
        by_schema.setdefault(table.schema, []).append(table)
    return [pa.concat_tables(group).unify_dictionaries() for group in by_schema.values()]
