"""The store that comes with Jasang: a folder with fresh readings in DuckDB and settled ones in Delta Lake.

format.json    which release can open the folder
fresh.duckdb   readings of the last hour or so, owned by the one process that writes
settled/       everything older, a Delta Lake table
owner.json     where the owner answers other processes; absent when nobody writes
"""

import json
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from jasang.errors import StoreError
from jasang.plant.reading import Reading, Signal
from jasang.store import settled
from jasang.store.contract import FORMAT, READING_SCHEMA
from jasang.store.fresh import FILE, LOCK_PATIENCE, Fresh
from jasang.store.group_commit import GroupCommit
from jasang.store.loopback import Answers, LoopbackServer, read_owner
from jasang.store.merged import last_readings, read_buckets, read_range
from jasang.store.rows import complete, microseconds, numbered, to_table

FORMAT_FILE = "format.json"
DAY = timedelta(days=1) // timedelta(
    microseconds=1
)  # one settlement is one UTC day at most: one partition, bounded memory

_log = logging.getLogger(__name__)
Answer = TypeVar("Answer")


class EmbeddedStore:
    """The owner: the one process that writes. Threads may share it. See `contract.Store` for what each method promises."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        _prepare(folder)
        self._fresh = Fresh(folder / FILE)
        self._commits = GroupCommit(self._commit)
        self._server = LoopbackServer(folder, self._fresh)
        self._resume_settlement()

    def append(self, readings: Sequence[Reading]) -> int:
        return self.append_table(to_table(readings))

    def append_table(self, rows: pa.Table) -> int:
        return self.append_tables([rows])

    def append_tables(self, tables: Sequence[pa.Table]) -> int:
        completed = pa.concat_tables([complete(rows) for rows in tables] or [READING_SCHEMA.empty_table()])
        if completed.num_rows:
            self._commits.submit(completed)
        return int(completed.num_rows)

    def _commit(self, group: Sequence[pa.Table]) -> None:
        self._fresh.append(numbered(pa.concat_tables(group), self._fresh.next_sequence()))

    def describe(self, signals: Iterable[Signal]) -> None:
        self._fresh.describe(signals)

    def settle(self, before: datetime) -> int:
        self._resume_settlement()
        moved = 0
        while True:
            batch = settled.last_batch(self._folder) + 1
            settlement = self._fresh.begin_settlement(microseconds(before), batch, DAY)
            if settlement is None:
                settled.compact(self._folder, before.date())
                return moved
            settled.write(self._folder, self._fresh.settling_rows(settlement), batch)
            moved += self._fresh.end_settlement(settlement)

    def _resume_settlement(self) -> None:
        """Finish what a crash interrupted: `settled.write` does nothing for a batch that was committed before."""
        settlement = self._fresh.pending_settlement()
        if settlement is not None:
            _log.info("finishing settlement %d of the store in %s", settlement.batch, self._folder)
            settled.write(self._folder, self._fresh.settling_rows(settlement), settlement.batch)
            self._fresh.end_settlement(settlement)

    def signals(self) -> tuple[Signal, ...]:
        return tuple(self._fresh.signals())

    def last(self, signals: Sequence[str] | None = None) -> Mapping[str, Reading]:
        return last_readings(self._fresh.last(), signals)

    def range(self, signals: Sequence[str], start: datetime, end: datetime) -> pa.Table:
        return read_range(self._folder, self._fresh.range, signals, start, end)

    def downsample(self, signals: Sequence[str], start: datetime, end: datetime, buckets: int) -> pa.Table:
        return read_buckets(self._folder, self._fresh.range, signals, start, end, buckets)

    def close(self) -> None:
        self._server.close()
        self._fresh.close()


class EmbeddedReader:
    """Reads a store's folder from any process, whether somebody writes to it or not."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        _check_format(folder)

    def signals(self) -> tuple[Signal, ...]:
        return tuple(self._ask(lambda source: source.signals()))

    def last(self, signals: Sequence[str] | None = None) -> Mapping[str, Reading]:
        return last_readings(self._ask(lambda source: source.last()), signals)

    def range(self, signals: Sequence[str], start: datetime, end: datetime) -> pa.Table:
        return read_range(self._folder, self._fresh_range, signals, start, end)

    def downsample(self, signals: Sequence[str], start: datetime, end: datetime, buckets: int) -> pa.Table:
        return read_buckets(self._folder, self._fresh_range, signals, start, end, buckets)

    def close(self) -> None:
        """Nothing stays open between two questions."""

    def _fresh_range(self, signals: Sequence[str], start: int, end: int) -> tuple[pa.Table, int]:
        return self._ask(lambda source: source.range(list(signals), start, end))

    def _ask(self, question: Callable[[Answers | Fresh], Answer]) -> Answer:
        """Ask the owner, or the file itself when nobody owns it. An owner may come or go between the two, hence the patience."""
        deadline = time.monotonic() + LOCK_PATIENCE
        while True:
            owner = read_owner(self._folder)
            if owner is not None:
                try:
                    return question(Answers(owner))
                except ConnectionError:
                    _log.debug("owner %d of %s is gone", owner.pid, self._folder)
            try:
                file = Fresh(self._folder / FILE, read_only=True, patience=0.0)
            except StoreError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
                continue
            try:
                return question(file)
            finally:
                file.close()


def _prepare(folder: Path) -> None:
    if not (folder / FORMAT_FILE).exists():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            new = folder / f"{FORMAT_FILE}.{os.getpid()}"
            new.write_text(json.dumps({"format": FORMAT}), encoding="utf-8")
            os.replace(new, folder / FORMAT_FILE)
        except OSError as error:
            raise StoreError(
                ko=f"저장소 폴더 {folder} 을(를) 만들 수 없습니다: {error}",
                en=f"the store's folder {folder} cannot be made: {error}",
            ) from error
    _check_format(folder)


def _check_format(folder: Path) -> None:
    path = folder / FORMAT_FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8")).get("format")
    except FileNotFoundError as error:
        raise StoreError(
            ko=f"{folder} 은(는) 읽은 값의 저장소가 아닙니다({FORMAT_FILE} 파일이 없습니다). 먼저 jasang collect 를 실행하세요.",
            en=f"{folder} is no store of readings (it has no {FORMAT_FILE}); run jasang collect first",
        ) from error
    except (OSError, ValueError, AttributeError) as error:
        raise StoreError(ko=f"{path} 을(를) 읽을 수 없습니다: {error}", en=f"{path} cannot be read: {error}") from error
    if found != FORMAT:
        raise StoreError(
            ko=f"{folder} 은(는) 형식 {found!r} 입니다. 이 버전은 {FORMAT!r} 만 엽니다.",
            en=f"{folder} has format {found!r}; this release opens {FORMAT!r}",
        )
