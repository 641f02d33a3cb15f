"""Fresh readings: one DuckDB file, written by the one ingest process.

DuckDB writes its log to disk and syncs it before a commit returns; that is the acknowledgement. Times lie as whole microseconds
since 1970, so that no time zone data is needed to read them.
"""

import contextlib
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from jasang.errors import StoreError
from jasang.plant.reading import Signal
from jasang.store.rows import ROW_SCHEMA, newest_of_each

FILE = "fresh.duckdb"
MEMORY = "1GB"  # the collector also runs on shop-floor PCs with 4 GB
LOCK_PATIENCE = 10.0  # seconds; a reader that found no owner holds the file only while it answers one question

_COLUMNS = ", ".join(ROW_SCHEMA.names)
_TABLES = """
CREATE TABLE IF NOT EXISTS {name} (
    signal VARCHAR NOT NULL, source_time BIGINT NOT NULL, receive_time BIGINT NOT NULL, number DOUBLE, text VARCHAR,
    truth BOOLEAN, whole BOOLEAN NOT NULL, quality UINTEGER NOT NULL, sequence BIGINT NOT NULL)"""
_SIGNALS = "CREATE TABLE IF NOT EXISTS signals (name VARCHAR PRIMARY KEY, asset VARCHAR NOT NULL, unit VARCHAR, address VARCHAR)"
# One row. `sequence` and `settled_before` only ever grow; batch … upto describe a settlement that has begun and not ended.
_STATE = """
CREATE TABLE IF NOT EXISTS state (
    sequence BIGINT NOT NULL, settled_before BIGINT NOT NULL, batch BIGINT, span_start BIGINT, span_end BIGINT, upto BIGINT)"""
_DESCRIBED = ["name", "asset", "unit", "address"]
_SETTLING = "WHERE source_time >= $start AND source_time < $end AND sequence <= $upto"
_NEVER_SETTLED = -(2**62)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """A move of rows to the settled table that has begun: rows with `start <= source_time < end` and `sequence <= upto`."""

    batch: int
    start: int  # microseconds since 1970, UTC
    end: int
    upto: int

    def parameters(self) -> dict[str, int]:
        """What `_SETTLING` asks for."""
        return {"start": self.start, "end": self.end, "upto": self.upto}


def connect(path: Path, *, read_only: bool, patience: float | None = None) -> duckdb.DuckDBPyConnection:
    """Open the file, waiting a little where another process holds it; `StoreError` when it stays held or is damaged."""
    deadline = time.monotonic() + (LOCK_PATIENCE if patience is None else patience)
    while True:
        try:
            return duckdb.connect(str(path), read_only=read_only, config={"memory_limit": MEMORY})
        except duckdb.IOException as error:
            if _is_held(error) and time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            raise StoreError(
                ko=f"저장소 파일 {path} 을(를) 열 수 없습니다. 다른 수집기가 이미 쓰고 있는지 확인하세요: {error}",
                en=f"the store's file {path} cannot be opened; is another collector writing to it? {error}",
            ) from error
        except duckdb.Error as error:
            raise StoreError(
                ko=f"저장소 파일 {path} 이(가) 손상되었거나 DuckDB 파일이 아닙니다: {error}",
                en=f"the store's file {path} is damaged or not a DuckDB file: {error}",
            ) from error


def _is_held(error: duckdb.Error) -> bool:
    message = str(error).lower()
    return "lock" in message or "used by another process" in message  # POSIX, Windows


class Fresh:
    """The readings that have not been settled yet. Writes are one at a time; any number of threads may read meanwhile."""

    def __init__(self, path: Path, *, read_only: bool = False, patience: float | None = None) -> None:
        self._connection = connect(path, read_only=read_only, patience=patience)
        self._writing = threading.Lock()
        if not read_only:
            with self._transaction() as connection:
                for statement in (_TABLES.format(name="readings"), _TABLES.format(name="latest"), _SIGNALS, _STATE):
                    connection.execute(statement)
                if connection.execute("SELECT count(*) FROM state").fetchone() == (0,):
                    connection.execute("INSERT INTO state (sequence, settled_before) VALUES (0, ?)", [_NEVER_SETTLED])
            newest = self._connection.execute(
                "SELECT greatest((SELECT sequence FROM state), (SELECT coalesce(max(sequence), 0) FROM readings))"
            ).fetchone()
            self._sequence = int(newest[0]) if newest else 0

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._writing:
            try:
                self._connection.execute("BEGIN")
                yield self._connection
                self._connection.execute("COMMIT")
            except duckdb.Error as error:
                with contextlib.suppress(duckdb.Error):
                    self._connection.execute("ROLLBACK")
                raise StoreError(
                    ko=f"읽은 값을 저장하지 못했습니다: {error}. 디스크에 빈 자리가 있는지 확인하세요.",
                    en=f"readings could not be kept: {error}. Check that the disk has room.",
                ) from error

    def next_sequence(self) -> int:
        """The number the next row gets. Only the owner's one writer asks."""
        return self._sequence + 1

    def append(self, rows: pa.Table) -> None:
        """Keep rows of `ROW_SCHEMA` in one synced transaction."""
        batch = _times_as_numbers(rows)
        with self._transaction() as connection:
            connection.register("batch", batch)
            connection.execute(f"INSERT INTO readings SELECT {_COLUMNS} FROM batch")
            connection.unregister("batch")
        self._sequence += rows.num_rows

    def describe(self, signals: Iterable[Signal]) -> None:
        """Keep what is known of each signal."""
        known = {
            signal.name: signal for signal in signals
        }  # one row each: DuckDB replaces no row twice in one statement
        columns = [pa.array([getattr(signal, name) for signal in known.values()], pa.string()) for name in _DESCRIBED]
        with self._transaction() as connection:
            connection.register("described", pa.Table.from_arrays(columns, names=_DESCRIBED))
            connection.execute("INSERT OR REPLACE INTO signals SELECT * FROM described")
            connection.unregister("described")

    def signals(self) -> list[Signal]:
        """Described signals and those that only have readings, sorted by name."""
        with self._cursor() as cursor:
            found = cursor.execute(
                """SELECT name, asset, unit, address FROM signals UNION ALL
                   SELECT DISTINCT signal, NULL, NULL, NULL FROM (FROM readings SELECT signal UNION FROM latest SELECT signal)
                   WHERE signal NOT IN (SELECT name FROM signals) ORDER BY 1"""
            ).fetchall()
        return [
            Signal(name=name, asset=asset if asset is not None else name.partition(".")[0], unit=unit, address=address)
            for name, asset, unit, address in found
        ]

    def range(self, signals: Sequence[str], start: int, end: int) -> tuple[pa.Table, int]:
        """Rows of the span and the time before which rows may have been settled, both of one moment."""
        marks = ", ".join("?" * len(signals)) or "NULL"
        with self._cursor() as cursor:
            cursor.execute("BEGIN")
            rows = _fetch(
                cursor,
                f"SELECT {_COLUMNS} FROM readings WHERE signal IN ({marks}) AND source_time >= ? AND source_time < ?",
                [*signals, start, end],
            )
            settled = cursor.execute("SELECT settled_before FROM state").fetchone()
            cursor.execute("COMMIT")
        return rows, int(settled[0]) if settled else _NEVER_SETTLED

    def last(self) -> pa.Table:
        """The row with the latest source time of each signal, settled ones included."""
        with self._cursor() as cursor:
            return _fetch(cursor, _last_of("FROM readings UNION ALL FROM latest"), [])

    def begin_settlement(self, before: int, batch: int, span: int) -> Settlement | None:
        """Mark the oldest span of `span` microseconds with rows before `before` as on its way; `None` when there is none."""
        with self._transaction() as connection:
            oldest = connection.execute(
                "SELECT min(source_time) FROM readings WHERE source_time < ?", [before]
            ).fetchone()
            if oldest is None or oldest[0] is None:
                return None
            start = oldest[0] // span * span
            found = Settlement(batch=batch, start=start, end=min(start + span, before), upto=self._sequence)
            connection.execute(
                """UPDATE state SET sequence = greatest(sequence, ?), settled_before = greatest(settled_before, ?),
                   batch = ?, span_start = ?, span_end = ?, upto = ?""",
                [self._sequence, before, found.batch, found.start, found.end, found.upto],
            )
        return found

    def pending_settlement(self) -> Settlement | None:
        """A settlement that had begun when the process ended."""
        with self._cursor() as cursor:
            row = cursor.execute(
                "SELECT batch, span_start, span_end, upto FROM state WHERE batch IS NOT NULL"
            ).fetchone()
        return Settlement(batch=row[0], start=row[1], end=row[2], upto=row[3]) if row else None

    def settling_rows(self, settlement: Settlement) -> pa.Table:
        """The rows on their way, one per signal and source time, sorted by signal and time."""
        with self._cursor() as cursor:
            return _fetch(
                cursor,
                newest_of_each(
                    f"SELECT {_COLUMNS} FROM readings {_SETTLING}",
                    key="signal, source_time",
                )
                + " ORDER BY signal, source_time",
                settlement.parameters(),
            )

    def end_settlement(self, settlement: Settlement) -> int:
        """Forget the rows that the settled table now holds, keeping the latest of each signal at hand; return how many."""
        span = settlement.parameters()
        with self._transaction() as connection:
            connection.execute(
                "CREATE OR REPLACE TEMP TABLE newest AS "
                + _last_of(f"FROM readings {_SETTLING} UNION ALL FROM latest"),
                span,
            )
            connection.execute("DELETE FROM latest")
            connection.execute(f"INSERT INTO latest SELECT {_COLUMNS} FROM newest")
            moved = connection.execute(f"DELETE FROM readings {_SETTLING}", span).fetchone()
            connection.execute("UPDATE state SET batch = NULL, span_start = NULL, span_end = NULL, upto = NULL")
        return int(moved[0]) if moved else 0

    @contextlib.contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        # A cursor of DuckDB is a connection of its own: it sees one consistent state and does not wait for writers.
        cursor = self._connection.cursor()
        try:
            yield cursor
        except duckdb.Error as error:
            raise StoreError(
                ko=f"저장된 값을 읽지 못했습니다: {error}", en=f"kept readings cannot be read: {error}"
            ) from error
        finally:
            cursor.close()

    def close(self) -> None:
        """Write everything into the file proper and let go of it."""
        with self._writing:
            self._connection.close()


def _last_of(relation: str) -> str:
    return newest_of_each(relation, key="signal", latest="source_time")


def _times_as_numbers(rows: pa.Table) -> pa.Table:
    for name in ("source_time", "receive_time"):
        position = rows.schema.get_field_index(name)
        rows = rows.set_column(position, name, rows.column(name).cast(pa.int64()))
    return rows


def _fetch(connection: duckdb.DuckDBPyConnection, query: str, parameters: list[Any] | dict[str, int]) -> pa.Table:
    table = connection.sql(query, params=parameters).to_arrow_table()
    return table.cast(ROW_SCHEMA)
