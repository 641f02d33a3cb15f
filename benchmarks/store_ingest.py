"""Durable ingest of the store: `python -m benchmarks.store_ingest [--kills 50]`.

Every batch is on disk (synced) and visible before the next is sent. Beside it DuckDB inserts the same Arrow batches in one synced
transaction each. Then one-reading appends of many threads, and SIGKILLs at random: whatever was acknowledged must be there.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks.store_mix import START, name
from jasang.store import open_reader, open_store

SIGNALS = 1000
BEGIN = datetime.fromtimestamp(START / 1e6, UTC)
STAMP = pa.timestamp("us", tz="UTC")


def batches(size: int, count: int) -> Iterator[pa.Table]:
    """Readings of 1,000 signals in order of time."""
    names = pa.array([name(number) for number in range(SIGNALS)])
    random = np.random.default_rng(0)
    for first in range(0, size * count, size):
        place = np.arange(first, first + size)
        chosen = pa.DictionaryArray.from_arrays(pa.array((place % SIGNALS).astype(np.int32)), names)
        times = pa.array(START + place // SIGNALS * 1_000_000).cast(STAMP)
        yield pa.table({"signal": chosen, "source_time": times, "number": np.round(random.normal(50, 1, size), 2)})


def told(label: str, size: int, taken: list[float]) -> None:
    """Points a second, and how long an acknowledgement took."""
    median, high = 1000 * np.percentile(taken, [50, 99])
    rate = size * len(taken) / sum(taken)
    print(f"{label:16} batches of {size:6,}: {rate:12,.0f} points/s, {median:.1f} ms, 99 % {high:.1f} ms", flush=True)


def timed(append: Callable[[pa.Table], object], batch: pa.Table) -> float:
    """Seconds until the batch is acknowledged."""
    begun = time.perf_counter()
    append(batch)
    return time.perf_counter() - begun


def rates(folder: Path) -> None:
    """The store and DuckDB in turn, batch by batch, so that both see the same disk. DuckDB's table has the store's columns."""
    for size, count in ((1_000, 500), (10_000, 300)):
        prepared = list(batches(size, count))
        store = open_store(folder / f"store{size}")
        connection = duckdb.connect(str(folder / f"{size}.duckdb"))
        connection.execute(
            """CREATE TABLE r (signal VARCHAR, source_time TIMESTAMPTZ, receive_time TIMESTAMPTZ, number DOUBLE, text VARCHAR,
               truth BOOLEAN, whole BOOLEAN, quality UINTEGER)"""
        )

        def insert(batch: pa.Table, connection: duckdb.DuckDBPyConnection = connection) -> None:
            connection.register("batch", batch)
            connection.execute(
                "INSERT INTO r SELECT signal, source_time, now(), number, NULL, NULL, false, 0 FROM batch"
            )
            connection.unregister("batch")

        pairs = [(timed(store.append_table, batch), timed(insert, batch)) for batch in prepared]
        told("store, log", size, [ours for ours, _theirs in pairs])
        told("DuckDB insert", size, [theirs for _ours, theirs in pairs])
        store.close()
        connection.close()


def group_commit(folder: Path, threads: int, seconds: int = 5) -> None:
    """Each thread appends one reading a second."""
    store = open_store(folder / f"group{threads}")
    stamp = pa.array([START]).cast(STAMP)
    rows = [pa.table({"signal": [name(n)], "source_time": stamp, "number": pa.array([1.0])}) for n in range(threads)]
    store.append_table(rows[0])
    taken: list[float] = []

    def write(number: int) -> None:
        for _ in range(seconds):
            begun = time.perf_counter()
            store.append_table(rows[number])
            taken.append(1000 * (time.perf_counter() - begun))
            time.sleep(1)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(threads)]
    for writer in writers:
        writer.start()
        time.sleep(1 / threads)
    for writer in writers:
        writer.join()
    store.close()
    median, high, most = np.percentile(taken, [50, 99, 100])
    print(f"{threads:,} threads, one reading a second each: {median:.1f} ms, 99 % {high:.1f} ms, longest {most:.1f} ms")


def writing(folder: Path) -> None:
    """The process to be killed: batches of 10,000 for ever, settling now and then; tells what is acknowledged."""
    store = open_store(folder)
    extent = store.extent()
    sent = 0 if extent is None else (round((extent[1] - BEGIN).total_seconds()) + 1) * SIGNALS
    names = pa.array([name(number) for number in range(SIGNALS)])
    for batch in range(10**9):
        place = np.arange(sent, sent + 10_000)
        chosen = pa.DictionaryArray.from_arrays(pa.array((place % SIGNALS).astype(np.int32)), names)
        times = pa.array(START + place // SIGNALS * 1_000_000).cast(STAMP)
        store.append_table(pa.table({"signal": chosen, "source_time": times, "number": place.astype(float)}))
        sent += 10_000
        sys.stdout.write(f"{sent}\n")
        sys.stdout.flush()
        if batch % 40 == 20:
            store.settle(BEGIN + timedelta(seconds=sent / SIGNALS - 100))


def kills(folder: Path, count: int) -> None:
    """Kill the writer again and again; then every acknowledged reading must be there once, and nothing else."""
    random = np.random.default_rng(0)
    acknowledged = 0
    for _ in range(count):
        command = [sys.executable, "-m", "benchmarks.store_ingest", "--write", str(folder)]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        if writer.stdout is None:
            raise RuntimeError("the writer has no output")
        acknowledged = int(writer.stdout.readline())
        time.sleep(random.uniform(0.0, 1.0))
        writer.send_signal(signal.SIGKILL)
        told = [line for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        writer.wait()
        acknowledged = int(told[-1]) if told else acknowledged
        check(folder, acknowledged)
    print(f"{count} SIGKILLs: {acknowledged:,} acknowledged readings, all there, each once")


def check(folder: Path, acknowledged: int) -> None:
    """Five signals reading by reading, the others by number."""
    reader = open_reader(folder)
    span = BEGIN, BEGIN + timedelta(days=3650)
    for number in range(0, SIGNALS, 200):
        found = reader.range([name(number)], *span).column("number").to_numpy()
        expected = np.arange(number, number + len(found) * SIGNALS, SIGNALS)
        if len(found) * SIGNALS < acknowledged or not np.array_equal(found, expected):
            raise SystemExit(
                f"LOST: {name(number)} has {len(found)} readings, {acknowledged // SIGNALS} were acknowledged"
            )
    last = reader.last()
    if min(reading.value or 0 for reading in last.values()) < acknowledged - SIGNALS:  # type: ignore[type-var]
        raise SystemExit("LOST: a last value is older than what was acknowledged")
    reader.close()


def main() -> None:
    """Print the table of docs/benchmarks.md."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.write is not None:
        writing(asked.write)
    with tempfile.TemporaryDirectory() as temporary:
        rates(Path(temporary))
        for threads in (1, 100, 1000):
            group_commit(Path(temporary), threads)
        kills(Path(temporary) / "killed", asked.kills)


if __name__ == "__main__":
    main()
