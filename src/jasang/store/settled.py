"""Settled readings: a Delta Lake table that any tool may read while it grows.

Files are written by `settled_file` and committed through deltalake. A settlement carries its number as an application
transaction, so a repeated one is known. Each file begins with the number of its settlement: of two rows of one signal and
source time the one in the file with the greater number counts.
"""

import contextlib
import json
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import DeltaError
from deltalake.transaction import AddAction, RemoveAction

from jasang.errors import StoreError
from jasang.store.block import Block, empty
from jasang.store.log import sync_file, sync_folder
from jasang.store.parquet_rows import DELTA_SCHEMA, Piece
from jasang.store.rollup import forget_rollups
from jasang.store.rows import moment
from jasang.store.settled_file import DecodedGroup, RowGroup, SettledFile, Written

FOLDER = "readings"
MOST_CACHED = 3_000_000  # rows that were read before and are kept; some 70 MB
MOST_ASKED = 300  # row groups that are remembered to have been read
APPLICATION = "jasang.store"
_SCHEMA = Schema.from_arrow(DELTA_SCHEMA)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file of the table. `first` and `last` are source times, both included."""

    file: SettledFile
    first: int
    last: int
    size: int  # bytes

    @property
    def name(self) -> str:
        """Its path in the table."""
        return self.file.path.name


class SettledTable:
    """The settled table of a store's folder, for reading and, by the owner, for writing.

    The list of files is kept and brought up to date only when Delta Lake has a newer version; files stay open.
    """

    def __init__(self, store: Path, name: str = FOLDER) -> None:
        self.folder = store / name
        self._table: DeltaTable | None = None
        self._entries: tuple[Entry, ...] = ()
        self._groups = _Groups()
        self._lock = threading.Lock()

    def entries(self) -> tuple[Entry, ...]:
        """The files, oldest settlement first."""
        with self._lock:
            self._refresh()
            return self._entries

    def _refresh(self) -> None:
        with _telling(self.folder):
            if self._table is None:
                if not DeltaTable.is_deltatable(str(self.folder)):
                    return
                self._table = DeltaTable(str(self.folder))
            elif (self.folder / "_delta_log" / f"{self._table.version() + 1:020}.json").exists():
                self._table.update_incremental()
            else:
                return
            self._entries = self._listed(self._table)

    def _listed(self, table: DeltaTable) -> tuple[Entry, ...]:
        known = {entry.name: entry for entry in self._entries}
        actions = pa.table(table.get_add_actions(flatten=True))
        rows = actions.select(["path", "size_bytes", "num_records", "min.source_time", "max.source_time"]).to_pylist()
        entries = [known.get(row["path"]) or self._entry(row) for row in rows]
        return tuple(sorted(entries, key=lambda entry: (entry.file.batch, entry.name)))

    def _entry(self, row: dict[str, object]) -> Entry:
        first, last = (round(row[f"{which}.source_time"].timestamp() * 1e6) for which in ("min", "max"))  # type: ignore[attr-defined]
        file = SettledFile(self.folder / str(row["path"]), int(str(row["num_records"])))
        return Entry(file=file, first=first, last=last, size=int(str(row["size_bytes"])))

    def last_batch(self) -> int:
        """The number of the last settlement that was committed, 0 before the first."""
        with self._lock, _telling(self.folder):
            self._refresh()
            return 0 if self._table is None else self._table.transaction_version(APPLICATION) or 0

    def new_path(self, batch: int) -> Path:
        """Where the next file of a settlement goes."""
        self.folder.mkdir(exist_ok=True)
        return self.folder / f"{batch:012}-{uuid.uuid4().hex}.parquet"

    def commit(self, added: Sequence[Written], removed: Sequence[Entry] = (), *, batch: int | None = None) -> None:
        """One version of the table, synced: files come, files go, and settlement `batch` is done."""
        now = int(time.time() * 1000)
        actions: list[AddAction | RemoveAction] = [_adding(file, now) for file in added]
        actions += [RemoveAction(entry.name, True, now, entry.size, {}) for entry in removed]
        done = None if batch is None else [Transaction(APPLICATION, batch)]
        sync_folder(self.folder)
        with self._lock, _telling(self.folder):
            self._refresh()
            if self._table is None:
                self._table = DeltaTable.create(str(self.folder), _SCHEMA, name="readings")
            self._table.create_write_transaction(
                actions, "append", _SCHEMA, commit_properties=CommitProperties(app_transactions=done)
            )
            self._table.update_incremental()
            log = self.folder / "_delta_log"
            sync_file(log / f"{self._table.version():020}.json")
            sync_folder(log)
            self._entries = self._listed(self._table)

    def vacuum(self, hours: int = 1) -> int:
        """Delete files that left the table so long ago; a reader that has just listed them is served meanwhile. How many."""
        with self._lock, _telling(self.folder):
            self._refresh()
            if self._table is None:
                return 0
            gone = self._table.vacuum(retention_hours=hours, enforce_retention_duration=False, dry_run=False, full=True)
            if self.folder.name == FOLDER:
                forget_rollups(self.folder)
            return len(gone)

    def select(
        self, name: str, start: int, end: int, *, full: bool, entries: Sequence[Entry] | None = None
    ) -> list[Block]:
        """A signal's rows of the span, by file, oldest settlement first; rows of each file are sorted by time.

        Without `full` there are no texts and no receive times. `entries` are the files to look into when they are known.
        """
        found: list[Block] = []
        for entry in self.entries() if entries is None else entries:
            if entry.last < start or entry.first >= end:
                continue
            found += [
                self._group(entry, piece, (start, end), full=full).between(piece, start, end)
                for piece in entry.file.signals().get(name, ())
                if piece.last >= start and piece.first < end
            ]
        return found

    def before(self, name: str, moment_: int, entries: Sequence[Entry] | None = None) -> Block:
        """A signal's last row with a source time before the moment, without text; an empty block where there is none."""
        pieces = [
            (min(piece.last, moment_ - 1), number, entry, piece)
            for number, entry in enumerate(self.entries() if entries is None else entries)
            if entry.first < moment_
            for piece in entry.file.signals().get(name, ())
            if piece.first < moment_
        ]
        found, found_in = empty(), -1
        for latest, number, entry, piece in sorted(pieces, key=lambda item: item[:2], reverse=True):
            if len(found) and latest < found.source[0]:
                break  # no other piece can have a later row
            last = self._group(entry, piece, (moment_, moment_), full=False).before(piece, moment_)
            # Of two with the same time the one of the later settlement counts.
            if not len(found) or (int(last.source[0]), number) > (int(found.source[0]), found_in):
                found, found_in = last, number
        return found

    def _group(self, entry: Entry, piece: Piece, span: tuple[int, int], *, full: bool) -> RowGroup | DecodedGroup:
        key = (entry.name, piece.group, full)
        found = self._groups.get(key)
        if found is not None:
            return found
        group = entry.file.group(piece.group, full=full)
        whole = span[0] <= piece.first and piece.last < span[1]
        return self._groups.put(key, group, to_stay=whole)


_Key = tuple[str, int, bool]  # file, row group, with texts and receive times


class _Groups:
    """Row groups that were read lately, so that the next question for the same signals need not read them again.

    One of which a part was asked once is not worth the memory: it is kept until the next one is read. It stays when all of it was
    asked, or a part again.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, DecodedGroup] = OrderedDict()
        self._passing: tuple[_Key, RowGroup] | None = None
        self._asked: OrderedDict[_Key, None] = OrderedDict()  # in part
        self._rows = 0
        self._lock = threading.Lock()

    def get(self, key: _Key) -> RowGroup | DecodedGroup | None:
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
            return self._passing[1] if self._passing is not None and self._passing[0] == key else None

    def put(self, key: _Key, group: RowGroup, *, to_stay: bool) -> RowGroup | DecodedGroup:
        with self._lock:
            if not to_stay and key not in self._asked:
                self._passing = key, group
                self._asked[key] = None
                if len(self._asked) > MOST_ASKED:
                    self._asked.popitem(last=False)
                return group
        decoded = DecodedGroup(group.everything())
        with self._lock:
            if key not in self._kept:
                self._kept[key] = decoded
                self._rows += len(decoded)
            while self._rows > MOST_CACHED and len(self._kept) > 1:
                _key, dropped = self._kept.popitem(last=False)
                self._rows -= len(dropped)
        return decoded


def _adding(file: Written, now: int) -> AddAction:
    # Delta Lake keeps milliseconds in statistics; cut, so the greatest time is told one later.
    statistics = {
        "numRecords": file.rows,
        "minValues": {"source_time": _told(file.first)},
        "maxValues": {"source_time": _told(file.last)},
        "nullCount": {"source_time": 0},
    }
    return AddAction(file.path.name, file.path.stat().st_size, {}, now, True, json.dumps(statistics))


def _told(microseconds: int) -> str:
    return moment(microseconds).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@contextlib.contextmanager
def _telling(folder: Path) -> Iterator[None]:
    try:
        yield
    except (DeltaError, OSError) as error:
        raise StoreError(
            ko=f"정리된 자료 {folder} 을(를) 열거나 쓸 수 없습니다: {error}",
            en=f"the settled readings in {folder} cannot be opened or written: {error}",
        ) from error
