"""Settled readings: a Delta Lake table that any tool may read while it grows.

Columns are those of `ROW_SCHEMA` plus `day` (UTC date, the partition). `quality` is a 64-bit integer because Delta Lake has no
unsigned numbers. Each settlement is one commit that carries its number as an application transaction, so a repeated one is known.
"""

import json
import os
from collections import Counter
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, Transaction, WriterProperties, write_deltalake
from deltalake.exceptions import DeltaError

from jasang.errors import StoreError
from jasang.store.rows import ROW_SCHEMA, moment

FOLDER = "settled"
_APPLICATION = "jasang.store"
_WRITER = WriterProperties(compression="ZSTD")


def open_table(folder: Path) -> DeltaTable | None:
    """The settled table of a store's folder, `None` before the first settlement."""
    path = str(folder / FOLDER)
    try:
        return DeltaTable(path) if DeltaTable.is_deltatable(path) else None
    except (DeltaError, OSError) as error:
        raise StoreError(
            ko=f"정리된 자료 {path} 을(를) 열 수 없습니다: {error}",
            en=f"the settled readings in {path} cannot be opened: {error}",
        ) from error


def last_batch(folder: Path) -> int:
    """The number of the last settlement that was committed, 0 before the first."""
    table = open_table(folder)
    return 0 if table is None else table.transaction_version(_APPLICATION) or 0


def write(folder: Path, rows: pa.Table, batch: int) -> None:
    """Commit the rows as settlement `batch` and force them to disk; a batch that is there already is left as it is."""
    if batch <= last_batch(folder):
        return
    path = folder / FOLDER
    try:
        write_deltalake(
            str(path),
            _as_delta(rows),
            mode="append",
            partition_by=["day"],
            writer_properties=_WRITER,
            commit_properties=CommitProperties(app_transactions=[Transaction(_APPLICATION, batch)]),
        )
    except (DeltaError, OSError) as error:
        raise StoreError(
            ko=f"정리된 자료 {path} 에 쓰지 못했습니다: {error}",
            en=f"settled readings cannot be written to {path}: {error}",
        ) from error
    _force_to_disk(path)


def compact(folder: Path, before: date) -> int:
    """Make one file of the many small ones of each day before `before` (UTC); return how many days. Readers notice nothing.

    The small files stay for a day, for readers that have just listed them.
    """
    table = open_table(folder)
    if table is None:
        return 0
    days = Counter(str(day) for day in pa.table(table.get_add_actions(flatten=True))["partition.day"].to_pylist())
    finished = sorted(day for day, count in days.items() if count > 1 and day < before.isoformat())
    try:
        for day in finished:
            table.optimize.compact(partition_filters=[("day", "=", day)], writer_properties=_WRITER)
        if finished:
            table.vacuum(retention_hours=24, enforce_retention_duration=False, dry_run=False)
    except (DeltaError, OSError) as error:
        raise StoreError(
            ko=f"정리된 자료를 합치지 못했습니다: {error}", en=f"settled readings could not be compacted: {error}"
        ) from error
    return len(finished)


def files(table: DeltaTable, start: int, end: int) -> list[str]:
    """The Parquet files that may hold readings with `start <= source_time < end` (microseconds since 1970)."""
    first, last = moment(start).date().isoformat(), moment(max(start, end - 1)).date().isoformat()
    return list(table.file_uris(file_pruning_predicate=f"day >= DATE '{first}' AND day <= DATE '{last}'"))


def _as_delta(rows: pa.Table) -> pa.Table:
    quality = rows.schema.get_field_index("quality")
    rows = rows.set_column(quality, "quality", rows.column("quality").cast(pa.int64()))
    return rows.append_column("day", pc.cast(rows.column("source_time"), pa.date32()))


def from_parquet(rows: pa.Table) -> pa.Table:
    """Rows read from the table's files, as `ROW_SCHEMA`."""
    return rows.select(ROW_SCHEMA.names).cast(ROW_SCHEMA)


def _force_to_disk(path: Path) -> None:
    """Sync the newest commit and the files it added: the fresh copies are deleted next, and power may fail right after."""
    newest = max((path / "_delta_log").glob("*.json"), key=lambda entry: entry.name)
    added = [json.loads(line) for line in newest.read_text(encoding="utf-8").splitlines() if line]
    written = [path / action["add"]["path"] for action in added if "add" in action]
    for file in (*written, newest):
        _sync(file)
    for directory in {file.parent for file in (*written, newest)}:
        if os.name == "posix":  # Windows cannot open a directory; NTFS journals its entries
            _sync(directory)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
