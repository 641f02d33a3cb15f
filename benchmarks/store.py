"""Ingest and reading of the store, beside SQLite that syncs every transaction: `python -m benchmarks.store`.

Every figure is acknowledged readings: committed and synced. Signals at 1 Hz, batches as the collector makes them.
"""

import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from jasang.plant.reading import Reading
from jasang.store import open_reader, open_store

START = datetime(2026, 3, 1, tzinfo=UTC)
SIGNALS = 1_000
SECONDS = 300


def readings(first: int, count: int) -> list[Reading]:
    """`count` readings in the order in which a line of machines sends them."""
    made = []
    for number in range(first, first + count):
        moment = START + timedelta(seconds=number // SIGNALS)
        name = f"LINE.signal_{number % SIGNALS}"
        made.append(Reading(signal=name, source_time=moment, receive_time=moment, value=(number * 7919 % 1000) / 8))
    return made


def timed(label: str, work: Callable[[], object], rows: int | None = None) -> None:
    """Run once and print seconds, and rows a second where that means something."""
    begun = time.perf_counter()
    work()
    seconds = time.perf_counter() - begun
    rate = f"  {rows / seconds:12,.0f} readings/s" if rows else ""
    print(f"{label:58} {seconds * 1000:10.1f} ms{rate}")


def batches(size: int, total: int) -> Iterator[list[Reading]]:
    """Prepared outside the measured time."""
    return (readings(first, size) for first in range(0, total, size))


def sqlite(folder: Path, prepared: list[list[Reading]]) -> None:
    """The plain alternative: one table, one synced transaction a batch."""
    connection = sqlite3.connect(folder / "plain.sqlite")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE r (signal TEXT, source INTEGER, received INTEGER, number REAL, quality INTEGER)")
    for batch in prepared:
        with connection:
            connection.executemany(
                "INSERT INTO r VALUES (?, ?, ?, ?, ?)",
                [
                    (
                        r.signal,
                        int(r.source_time.timestamp() * 1e6),
                        int(r.receive_time.timestamp() * 1e6),
                        r.value,
                        r.quality,
                    )
                    for r in batch
                ],
            )
    connection.close()


def main() -> None:
    """Print the table of docs/benchmarks.md."""
    total = SIGNALS * SECONDS
    for size in (100, 1_000, 10_000):
        prepared = list(batches(size, min(total, size * 100)))
        rows = sum(map(len, prepared))
        with tempfile.TemporaryDirectory() as name:
            store = open_store(Path(name) / "store")
            timed(f"store, batches of {size:,}", lambda s=store, p=prepared: [s.append(b) for b in p], rows)  # type: ignore[misc]
            store.close()
            timed(f"SQLite, batches of {size:,}", lambda n=name, p=prepared: sqlite(Path(n), p), rows)  # type: ignore[misc]
    with tempfile.TemporaryDirectory() as name:
        store = open_store(Path(name) / "store")
        for batch in batches(10_000, total):
            store.append(batch)
        reader = open_reader(Path(name) / "store")
        names, end = [f"LINE.signal_{i}" for i in range(5)], START + timedelta(seconds=SECONDS)
        for state in ("fresh", "settled"):
            timed(f"last of {SIGNALS:,} signals, {total:,} readings {state}", reader.last)
            timed(f"5 signals, whole span, {state}", lambda: reader.range(names, START, end))
            timed(f"5 signals in 100 buckets, {state}", lambda: reader.downsample(names, START, end, 100))
            if state == "fresh":
                timed(f"settle {total:,} readings", lambda: store.settle(end), total)
        store.close()


if __name__ == "__main__":
    main()
