"""The store that comes with Jasang: a folder, see `folder`, with fresh readings in a log and settled ones in Delta Lake."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from jasang.errors import StoreError
from jasang.plant.reading import Reading, Signal
from jasang.plant.reading_columns import ReadingColumns
from jasang.store import compact as compaction
from jasang.store import ownership, queries, settle
from jasang.store.answers import Answers
from jasang.store.block import Block, from_columns, from_table, joined
from jasang.store.contract import FORMAT
from jasang.store.describing import read_signals, with_undescribed, write_signals
from jasang.store.folder import prepare, read_format
from jasang.store.fresh import Fresh, FreshOnDisk
from jasang.store.fresh_view import FreshView
from jasang.store.group_commit import GroupCommit
from jasang.store.loopback import LoopbackServer, read_owner
from jasang.store.pace import Pace
from jasang.store.retain import Hourly, Retained, read_rules, retain
from jasang.store.rows import complete, microseconds, to_table
from jasang.store.settle import DAY, REPLACED, Tables
from jasang.store.settled import SettledTable

if TYPE_CHECKING:
    from jasang.store.older import OlderFresh

PATIENCE = 10.0  # s a reader waits where an owner is just coming or going

Answer = TypeVar("Answer")
Grid = tuple[npt.NDArray[np.datetime64], npt.NDArray[np.float64]]

_log = logging.getLogger(__name__)


def _tables(folder: Path) -> Tables:
    return Tables(settled=SettledTable(folder), replaced=SettledTable(folder, REPLACED))


class EmbeddedStore:
    """The owner: the one process that writes. Threads may share it. See `contract.Store` for what each method promises."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        found = prepare(folder)
        self._ownership = ownership.Ownership(folder)
        try:
            if found != FORMAT:
                _migrate(folder)
            self._tables = _tables(folder)
            self._fresh = Fresh(folder)
            self._hourly = Hourly(folder)
            settle.resume(self._fresh, self._tables)
            self._described = read_signals(folder)
        except BaseException:
            self._ownership.release()
            raise
        self._describing, self._settling = threading.Lock(), threading.Lock()
        self._closed = False
        self._commits = GroupCommit(self._commit)
        self._server = LoopbackServer(folder, self)

    def append(self, readings: Sequence[Reading]) -> int:
        return self.append_table(to_table(readings)) if readings else 0

    def append_table(self, rows: pa.Table) -> int:
        return self.append_tables([rows])

    def append_tables(self, tables: Sequence[pa.Table | ReadingColumns]) -> int:
        received = time.time_ns() // 1_000
        blocks = [
            self._of_columns(rows, received) if isinstance(rows, ReadingColumns) else self._block(complete(rows))
            for rows in tables
            if len(rows)
        ]
        if not blocks:
            return 0
        together = joined(blocks)
        self._commits.submit(together)
        return len(together)

    def numbers(self, names: Sequence[str]) -> list[int]:
        codes = self._fresh.codes(names)
        return [codes[name] for name in names]

    def _of_columns(self, rows: ReadingColumns, received: int) -> Block:
        known, lowest, highest = self._fresh.named(), int(rows.signal.min()), int(rows.signal.max())
        if lowest < 0 or highest >= known:
            raise StoreError(
                ko=f"신호 번호 {lowest}~{highest} 가운데 이 저장소에 없는 것이 있습니다. 쓸 수 있는 번호: 0~{known - 1}",
                en=f"signals are numbered {lowest} to {highest}; this store has given the numbers 0 to {known - 1}",
            )
        return from_columns(rows, received)

    def _block(self, rows: pa.Table) -> Block:
        signal = rows.column("signal").combine_chunks()
        if not pa.types.is_dictionary(signal.type):
            signal = signal.dictionary_encode()
            rows = rows.set_column(0, "signal", signal)
        return from_table(rows, self._fresh.codes(signal.dictionary.to_pylist()))

    def _commit(self, group: Sequence[Block]) -> None:
        self._fresh.append(joined(group))

    def describe(self, signals: Iterable[Signal]) -> None:
        with self._describing:
            if self._closed:  # the folder may have another owner by now, and the list would be written by two
                raise StoreError(
                    ko=f"저장소 {self._folder} 은(는) 이미 닫혔습니다.",
                    en=f"the store {self._folder} is closed already",
                )
            described = self._described | {signal.name: signal for signal in signals}
            if described != self._described:
                write_signals(self._folder, described.values())
                self._described = described

    def settle(self, before: datetime) -> int:
        with self._settling:
            rest = Pace(lambda: self._commits.count)
            moved = settle.settle(self._fresh, self._tables, microseconds(before), rest)
            compaction.compact(self._tables, microseconds(before) // DAY * DAY, rest=rest)
            rules = read_rules(self._folder)
            if rules:
                retain(self._tables, self._hourly, rules, microseconds(datetime.now(UTC)), slack=DAY)
            return moved

    def retain(self, now: datetime) -> Retained:
        """Let go what the rules of `retention.json` no longer keep, leaving hourly roll-ups; only what is settled."""
        with self._settling:
            return retain(self._tables, self._hourly, read_rules(self._folder), microseconds(now))

    def compact(self) -> int:
        """Put together all small files of the settled table; how many files there are less."""
        with self._settling:
            return compaction.compact(self._tables, 2**62, everything=True)

    def seal(self) -> None:
        """Write what is only in the log to sealed files; nothing that a reader sees changes."""
        self._fresh.seal()

    def fresh_view(self) -> FreshView:
        """What has not been settled; for the processes that ask the owner."""
        return self._fresh.view()

    def fresh_last(self) -> tuple[Block, list[str]]:
        """The latest row of each signal and all names; for the processes that ask the owner."""
        return self._fresh.last()

    def signals(self) -> tuple[Signal, ...]:
        rows, names = self._fresh.last()
        return with_undescribed(self._described, (names[code] for code in rows.signal))

    def extent(self) -> tuple[datetime, datetime] | None:
        return queries.read_extent(self._tables.settled, self._fresh.view().extent())

    def last(self, signals: Sequence[str] | None = None) -> Mapping[str, Reading]:
        return queries.last_readings(*self._fresh.last(), signals)

    def range(self, signals: Sequence[str], start: datetime, end: datetime) -> pa.Table:
        return queries.read_range(self._tables.settled, self._fresh.view(), signals, start, end)

    def downsample(self, signals: Sequence[str], start: datetime, end: datetime, buckets: int) -> pa.Table:
        return queries.read_buckets(
            self._tables.settled, self._fresh.view(), self._hourly, signals, start, end, buckets
        )

    def grid(self, signals: Sequence[str], start: datetime, end: datetime, step: timedelta) -> Grid:
        return queries.read_grid(self._tables.settled, self._fresh.view(), signals, start, end, step)

    def history(self, signal: str, time: datetime) -> tuple[Reading, ...]:
        return queries.read_history(self._tables, self._fresh.view(), signal, time)

    def close(self) -> None:
        self._server.close()
        self._fresh.close()
        with self._describing:
            self._closed = True
            self._ownership.release()


class EmbeddedReader:
    """Reads a store's folder from any process, whether somebody writes to it or not. Threads may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        read_format(folder)
        self._tables = _tables(folder)
        self._hourly = Hourly(folder)
        self._answers: Answers | None = None
        self._on_disk: tuple[object, FreshOnDisk | OlderFresh] | None = None

    def signals(self) -> tuple[Signal, ...]:
        return self._ask(lambda source: tuple(source.signals()))

    def extent(self) -> tuple[datetime, datetime] | None:
        return queries.read_extent(self._tables.settled, self._ask(lambda source: source.extent()))

    def last(self, signals: Sequence[str] | None = None) -> Mapping[str, Reading]:
        return queries.last_readings(*self._ask(lambda source: source.last(signals)), signals)

    def range(self, signals: Sequence[str], start: datetime, end: datetime) -> pa.Table:
        return queries.read_range(self._tables.settled, self, signals, start, end)

    def downsample(self, signals: Sequence[str], start: datetime, end: datetime, buckets: int) -> pa.Table:
        return queries.read_buckets(self._tables.settled, self, self._hourly, signals, start, end, buckets)

    def grid(self, signals: Sequence[str], start: datetime, end: datetime, step: timedelta) -> Grid:
        return queries.read_grid(self._tables.settled, self, signals, start, end, step)

    def history(self, signal: str, time: datetime) -> tuple[Reading, ...]:
        return queries.read_history(self._tables, self, signal, time)

    def select(self, names: Sequence[str], start: int, end: int) -> Block:
        """Fresh rows, wherever they are."""
        return self._ask(lambda source: source.select(names, start, end))

    def before(self, names: Sequence[str], moment: int) -> Block:
        """The last fresh rows before a moment."""
        return self._ask(lambda source: source.before(names, moment))

    def close(self) -> None:
        if self._answers is not None:
            self._answers.close()
        self._answers = self._on_disk = None

    def _ask(self, question: "Callable[[Answers | FreshOnDisk | OlderFresh], Answer]") -> Answer:
        """Ask the owner, or the files when nobody owns them. An owner may come or go between the two, hence the patience."""
        deadline = time.monotonic() + PATIENCE
        while True:
            owner = read_owner(self._folder)
            if owner is not None:
                if self._answers is None or self._answers.owner != owner:
                    self._answers = Answers(owner)
                try:
                    return question(self._answers)
                except ConnectionError:
                    _log.debug("owner %d of %s is gone", owner.pid, self._folder)
            try:
                return question(self._files())
            except StoreError:
                if time.monotonic() > deadline or not ownership.is_owned(self._folder):
                    raise
                time.sleep(0.05)

    def _files(self) -> "FreshOnDisk | OlderFresh":
        """The fresh part as it lies on disk now; opened again only when a file of it has changed."""
        seen = _stamps(self._folder)
        if self._on_disk is None or self._on_disk[0] != seen:
            older = read_format(self._folder) != FORMAT
            self._on_disk = (seen, _older(self._folder) if older else FreshOnDisk(self._folder))
        return self._on_disk[1]


def _older(folder: Path) -> "OlderFresh":
    from jasang.store.older import OlderFresh  # noqa: PLC0415 - DuckDB is needed for stores of a former format only

    return OlderFresh(folder)


def _migrate(folder: Path) -> None:
    from jasang.store.older import migrate  # noqa: PLC0415 - see above

    migrate(folder)


def _stamps(folder: Path) -> object:
    files = [folder / "format.json", folder / "signals.json", *sorted((folder / "fresh").glob("*"))]
    found = []
    for file in files:
        try:
            status = file.stat()
        except OSError:
            continue
        found.append((file.name, status.st_size, status.st_mtime_ns))
    return found
