"""Questions to a month of 1,000 signals while readings arrive: `python -m benchmarks.store_queries`.

The store is asked from this process, which does not own it, while another appends 50,000 points a second, and then by its owner.
Beside it, in the same run and warm as well: DuckDB on one plain Parquet file sorted by signal and time, and (`--victoria`)
VictoriaMetrics of the Debian package on the same data. Some 5 GB in a temporary folder, which is deleted.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.store_mix import START, made, name
from benchmarks.victoria import Victoria
from jasang.store import Reader, open_reader, open_store
from jasang.store.block import NUMBER, Block
from jasang.store.settle import SplitWriter
from jasang.store.settled import SettledTable

BEGIN = datetime.fromtimestamp(START / 1e6, UTC)
DAY = timedelta(days=1)
BATCH, RATE = 10_000, 50_000
REPEATS = 15
QUESTIONS = (
    "last of all signals",
    "signal-day raw",
    "30 days in 1,000 buckets",
    "20 signals x day, 1 s grid",
    "20 x 30 days hourly",
)


def build(folder: Path, signals: int, days: int, period: float) -> int:
    """The month as a store would have settled and compacted it, delivered in batches of 10,000 points; the number of points."""
    open_store(folder).close()
    table = SettledTable(folder)
    every = int(BATCH / signals * period * 1e6) or 1
    received = START + every * np.arange(1, int(days * 86_400e6 / every) + 3) + 345_678
    plain = pq.ParquetWriter(folder.parent / "plain.parquet", _plain_schema(), compression="zstd")
    files, points = SplitWriter(table, received=received, batch=1), 0
    for signal, times, values in made(signals, days, period):
        count = len(times)
        files.add(
            signal,
            Block(
                signal=np.zeros(count, np.int32),
                source=times,
                receive=received[np.searchsorted(received, times)],
                number=values,
                kind=np.full(count, NUMBER, np.uint8),
                quality=np.zeros(count, np.uint32),
            ),
        )
        names = pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([signal]))
        stamps = pa.array(times).cast(pa.timestamp("us", tz="UTC"))
        plain.write_table(pa.table([names.cast(pa.string()), stamps, pa.array(values)], schema=_plain_schema()))
        points += count
    table.commit(files.close(), batch=1)
    plain.close()
    return points


def _plain_schema() -> pa.Schema:
    return pa.schema([("signal", pa.string()), ("time", pa.timestamp("us", tz="UTC")), ("value", pa.float64())])


def size(folder: Path) -> int:
    """Bytes of all files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def appending(folder: Path, signals: int, days: int) -> None:
    """The owner: 50,000 points a second until it is killed, and its own answers to the questions, told as JSON."""
    store = open_store(folder)
    names = pa.array([name(signal) for signal in range(signals)])
    sent, begun = 0, time.monotonic()
    random = np.random.default_rng(1)
    while True:
        place = np.arange(sent, sent + BATCH)
        times = START + days * 86_400_000_000 + place // signals * 20_000
        signal = pa.DictionaryArray.from_arrays(pa.array((place % signals).astype(np.int32)), names)
        stamps = pa.array(times).cast(pa.timestamp("us", tz="UTC"))
        values = np.round(random.normal(50, 1, BATCH), 2)
        store.append_table(pa.table({"signal": signal, "source_time": stamps, "number": values}))
        if sent == 0:
            sys.stdout.write("ready\n")
            sys.stdout.flush()
        sent += BATCH
        time.sleep(max(0.0, begun + sent / RATE - time.monotonic()))


def store_questions(reader: Reader, signals: int, days: int) -> list[Callable[[int], object]]:
    """Each takes the number of the repeat, so that no two ask for the same."""
    end = BEGIN + days * DAY

    def some(repeat: int, count: int) -> list[str]:
        return [name((repeat * 37 + 11 * i) % signals) for i in range(count)]

    def day(repeat: int) -> datetime:
        return BEGIN + (repeat * 7 % days) * DAY

    return [
        lambda _repeat: reader.last(),
        lambda repeat: reader.range(some(repeat, 1), day(repeat), day(repeat) + DAY),
        lambda repeat: reader.downsample(some(repeat, 1), BEGIN, end, 1000),
        lambda repeat: reader.grid(some(repeat, 20), day(repeat), day(repeat) + DAY, timedelta(seconds=1)),
        lambda repeat: reader.downsample(some(repeat, 20), BEGIN, end, 24 * days),
    ]


def duckdb_questions(file: Path, signals: int, days: int) -> list[Callable[[int], object]]:
    """The same on sorted Parquet; `last` has to scan, the grid is an ASOF join."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"CREATE VIEW readings AS FROM read_parquet('{file}')")

    def some(repeat: int, count: int) -> str:
        return ", ".join(f"'{name((repeat * 37 + 11 * i) % signals)}'" for i in range(count))

    def span(repeat: int) -> str:
        first = START + (repeat * 7 % days) * 86_400_000_000
        return f"time >= make_timestamptz({first}) AND time < make_timestamptz({first + 86_400_000_000})"

    def ask(query: str) -> object:
        return connection.sql(query).to_arrow_table()

    def grid(repeat: int) -> object:
        first = START + (repeat * 7 % days) * 86_400_000_000
        return ask(
            f"""WITH names AS (SELECT unnest([{some(repeat, 20)}]) AS signal),
                grid AS (SELECT signal, make_timestamptz({first} + s * 1000000) AS time FROM names, range(86400) r(s))
                SELECT g.signal, g.time, r.value FROM grid g ASOF LEFT JOIN
                (SELECT * FROM readings WHERE signal IN ({some(repeat, 20)}) AND {span(repeat)}) r
                ON g.signal = r.signal AND g.time >= r.time"""
        )

    buckets = "min(value), max(value), avg(value), count(*)"
    width = days * 86_400_000_000 // 1000
    return [
        lambda _repeat: ask("SELECT signal, max(time), arg_max(value, time) FROM readings GROUP BY signal"),
        lambda repeat: ask(
            f"SELECT * FROM readings WHERE signal IN ({some(repeat, 1)}) AND {span(repeat)} ORDER BY time"
        ),
        lambda repeat: ask(
            f"SELECT epoch_us(time) // {width} b, {buckets} FROM readings WHERE signal IN ({some(repeat, 1)}) GROUP BY b"
        ),
        grid,
        lambda repeat: ask(
            f"""SELECT signal, epoch_us(time) // 3600000000 b, {buckets} FROM readings
                WHERE signal IN ({some(repeat, 20)}) GROUP BY ALL"""
        ),
    ]


def timed(questions: list[Callable[[int], object]], repeats: int = REPEATS) -> list[list[float]]:
    """Milliseconds of each repeat of each question, the first left out."""
    every = []
    for number, question in enumerate(questions):
        taken = []
        for repeat in range((repeats if number else min(repeats, 5)) + 1):
            begun = time.perf_counter()
            question(repeat)
            taken.append(1000 * (time.perf_counter() - begun))
        every.append(taken[1:])
    return every


def told(label: str, milliseconds: list[list[float]], against: dict[str, list[list[float]]]) -> None:
    """One line a question: median, quartiles, and how many times longer the others took."""
    for question, taken in zip(QUESTIONS, milliseconds, strict=True):
        low, median, high = np.percentile(taken, [25, 50, 75])
        print(f"{label:28} {question:28} {median:8.1f} ms [{low:.1f}, {high:.1f}]", end="")
        for other, theirs in against.items():
            found = np.median(theirs[QUESTIONS.index(question)])
            print(f"   {other} {found:.0f} ms = {found / median:.1f} x", end="")
        print(flush=True)


def main() -> None:
    """Build, ask, tell, delete."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--signals", type=int, default=1000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--period", type=float, default=19.9, help="s between two readings of a signal")
    parser.add_argument("--victoria", action="store_true", help="ask VictoriaMetrics too; loading takes minutes")
    parser.add_argument("--append", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.append is not None:
        appending(asked.append, asked.signals, asked.days)
    with tempfile.TemporaryDirectory() as temporary:
        run(Path(temporary), asked.signals, asked.days, asked.period, victoria=asked.victoria)


def run(temporary: Path, signals: int, days: int, period: float, *, victoria: bool) -> None:
    """The whole comparison in a folder."""
    folder = temporary / "store"
    begun = time.perf_counter()
    points = build(folder, signals, days, period)
    print(f"{points:,} points made and written in {time.perf_counter() - begun:.0f} s")
    plain = temporary / "plain.parquet"
    print(
        f"store {size(folder) / points:.3f}, sorted Parquet {plain.stat().st_size / points:.3f} bytes a point",
        flush=True,
    )
    against = {}
    if victoria:
        with Victoria(temporary / "victoria") as server:
            seconds = server.load(made(signals, days, period))
            print(f"VictoriaMetrics {server.size() / points:.3f} bytes a point, loaded in {seconds:.0f} s", flush=True)
            against["VictoriaMetrics"] = timed(server.questions(signals, days), 7)
    against["DuckDB"] = timed(duckdb_questions(plain, signals, days), 7)
    options = ["--append", str(folder), "--signals", str(signals), "--days", str(days)]
    command = [sys.executable, "-m", "benchmarks.store_queries", *options]
    owner = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert owner.stdout is not None
        owner.stdout.readline()
        time.sleep(5)
        reader = open_reader(folder)
        told("another process, 50 k/s", timed(store_questions(reader, signals, days)), against)
        reader.close()
    finally:
        owner.kill()
        owner.wait()
    store = open_store(folder)
    told("the owner, nothing arriving", timed(store_questions(store, signals, days)), against)
    store.close()
    print(json.dumps({"load": os.getloadavg()}))


if __name__ == "__main__":
    main()
