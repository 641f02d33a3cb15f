"""Stores of the format jasang.store/1, read as they are and turned into this release's.

They held fresh readings in `fresh.duckdb` (tables readings, latest, signals; times as microseconds) and settled ones in
`settled/`, a Delta table partitioned by `day`, both with the order of arrival in `sequence`.
"""

import contextlib
import logging
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from jasang.errors import StoreError
from jasang.plant.reading import Signal
from jasang.store.block import Block, from_table
from jasang.store.contract import READING_SCHEMA
from jasang.store.describing import with_undescribed, write_signals
from jasang.store.folder import write_format
from jasang.store.fresh import Fresh
from jasang.store.fresh_files import FOLDER as FRESH
from jasang.store.settle import SplitWriter
from jasang.store.settled import SettledTable
from jasang.store.settled_file import Written

FILE, SETTLED = "fresh.duckdb", "settled"
_ROWS = "signal, source_time, receive_time, number, text, truth, whole, quality, sequence"
_DAY = 86_400_000_000  # microseconds

_log = logging.getLogger(__name__)


class OlderFresh:
    """A store of the former format, all of it, to be asked as if it were fresh."""

    def __init__(self, store: Path) -> None:
        self._store = store

    def signals(self) -> tuple[Signal, ...]:
        """As `Reader.signals`."""
        with _opened(self._store) as connection:
            rows = connection.execute("SELECT name, asset, unit, address FROM signals").fetchall()
        described = {row[0]: Signal(name=row[0], asset=row[1], unit=row[2], address=row[3]) for row in rows}
        return with_undescribed(described, self.last()[1])

    def extent(self) -> tuple[int, int] | None:
        """As `FreshView.extent`, of fresh and settled rows."""
        with _opened(self._store) as connection:
            found = connection.execute("SELECT min(source_time), max(source_time) FROM every").fetchone()
        return None if found is None or found[0] is None else (found[0], found[1])

    def last(self, _names: Sequence[str] | None = None) -> tuple[Block, list[str]]:
        """As `Fresh.last`."""
        with _opened(self._store) as connection:
            found = _fetched(connection, _newest("FROM readings UNION ALL FROM latest", "signal", "source_time"))
        names = found.column("signal").to_pylist()
        return from_table(found, {name: place for place, name in enumerate(names)}), names

    def select(self, names: Sequence[str], start: int, end: int) -> Block:
        """As `FreshView.select`, of fresh and settled rows."""
        return self._found(names, f"source_time >= {start} AND source_time < {end}", "signal, source_time")

    def before(self, names: Sequence[str], moment: int) -> Block:
        """As `FreshView.before`."""
        return self._found(names, f"source_time < {moment}", "signal", "source_time")

    def _found(self, names: Sequence[str], condition: str, key: str, latest: str = "sequence") -> Block:
        listed = ", ".join("'" + name.replace("'", "''") + "'" for name in names) or "NULL"
        rows = f"SELECT * FROM every WHERE signal IN ({listed}) AND {condition}"
        with _opened(self._store) as connection:
            found = _fetched(connection, _newest(rows, key, latest))
        return from_table(found, {name: place for place, name in enumerate(names)})


@contextlib.contextmanager
def _opened(store: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The old file with the view `every`, rows of both places with their times as microseconds."""
    try:
        connection = duckdb.connect(str(store / FILE), read_only=True)
    except duckdb.Error as error:
        raise StoreError(
            ko=f"저장소 파일 {store / FILE} 을(를) 열 수 없습니다. 이전 버전의 수집기가 쓰고 있으면 먼저 멈추세요: {error}",
            en=f"the store's file {store / FILE} cannot be opened; stop a collector of the former release first: {error}",
        ) from error
    try:
        every = f"SELECT {_ROWS} FROM readings"
        files = DeltaTable(str(store / SETTLED)).file_uris() if DeltaTable.is_deltatable(str(store / SETTLED)) else []
        if files:
            listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
            columns = _ROWS.replace("source_time, receive_time", "epoch_us(source_time), epoch_us(receive_time)")
            every += f" UNION ALL SELECT {columns} FROM read_parquet([{listed}], hive_partitioning = false)"
        connection.execute(f"CREATE TEMP VIEW every AS {every}")
        yield connection
    except duckdb.Error as error:
        raise StoreError(
            ko=f"이전 형식의 저장소 {store} 을(를) 읽지 못했습니다: {error}",
            en=f"the store {store} of a former format cannot be read: {error}",
        ) from error
    finally:
        connection.close()


def _newest(relation: str, key: str, latest: str = "sequence") -> str:
    # By a join on the row's own number: a window or `arg_max` over whole rows turns -0.0 into 0.0 in DuckDB.
    newest = f"SELECT max_by(sequence, ({latest}, sequence)) AS sequence FROM ({relation}) GROUP BY {key}"
    # A row on its way lies in both places under one number.
    return (
        f"SELECT {_ROWS} FROM ({relation}) SEMI JOIN ({newest}) USING (sequence) ORDER BY signal, source_time, sequence"
    )


def _fetched(connection: duckdb.DuckDBPyConnection, query: str) -> pa.Table:
    found = connection.sql(query).to_arrow_table()
    found = found.set_column(1, "source_time", found.column(1).cast(pa.timestamp("us", tz="UTC")))
    found = found.set_column(2, "receive_time", found.column(2).cast(pa.timestamp("us", tz="UTC")))
    return found.select(READING_SCHEMA.names).cast(READING_SCHEMA)


def migrate(store: Path) -> None:
    """Turn a store of the former format into this release's; the caller owns it. A crash in between is repeated from the start.

    The former files are deleted once every reading of them has been written and synced.
    """
    _log.info("turning the store in %s into this release's format", store)
    table = SettledTable(store)
    for leftover in (store / FRESH, table.folder):
        shutil.rmtree(leftover, ignore_errors=True)
    older = OlderFresh(store)
    with _opened(store) as connection:
        settled_before = connection.execute("SELECT settled_before FROM state").fetchone()
        days = connection.execute(f"SELECT DISTINCT source_time // {_DAY} FROM every ORDER BY 1").fetchall()
        bound = settled_before[0] if settled_before else -(2**62)
        written: list[Written] = []
        for (day,) in days:
            span = f"source_time >= {day * _DAY} AND source_time < {min((day + 1) * _DAY, max(bound, day * _DAY))}"
            rows = _fetched(connection, _newest(f"SELECT * FROM every WHERE {span}", "signal, source_time"))
            if rows.num_rows:
                written += _write_day(table, rows)
        young = _fetched(
            connection, _newest(f"SELECT * FROM every WHERE source_time >= {bound}", "signal, source_time")
        )
    young_names = pc.unique(young.column("signal")).to_pylist()
    young_block = from_table(young, {name: code for code, name in enumerate(young_names)})
    if written:
        table.commit(written, batch=1)
    fresh = Fresh(store)
    # The latest row of a settled signal is kept twice; the same row again changes nothing.
    last, names = older.last()
    for block, signals in ((last, names), (young_block, young_names)):
        if len(block):
            codes = fresh.codes(signals)
            fresh.append(block.numbered(np.array([codes[name] for name in signals])))
    fresh.close()
    write_signals(store, older.signals())
    write_format(store)
    shutil.rmtree(store / SETTLED, ignore_errors=True)
    for file in (store / FILE, store / f"{FILE}.wal"):
        file.unlink(missing_ok=True)


def _write_day(table: SettledTable, rows: pa.Table) -> list[Written]:
    names = sorted(pc.unique(rows.column("signal")).to_pylist())
    block = from_table(rows, {name: code for code, name in enumerate(names)})
    files = SplitWriter(table, received=np.unique(block.receive), batch=1)
    ends = np.searchsorted(block.signal, np.arange(len(names) + 1))
    for code, name in enumerate(names):
        files.add(name, block.take(slice(int(ends[code]), int(ends[code + 1]))))
    return files.close()
