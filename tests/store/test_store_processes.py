"""Several processes at one store: readers beside the writer, and a writer that is killed."""

import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
from tests.store.writer import START

from jasang.store import open_reader, open_store, to_readings

ROOT = Path(__file__).resolve().parents[2]
YEAR = timedelta(days=365)


def start_writer(folder: Path, first: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.store.writer", str(folder), str(first)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def counted(folder: Path) -> list[int]:
    table = open_reader(folder).range(["count"], START, START + YEAR)
    return [int(reading.value) for reading in to_readings(table) if reading.value is not None]


def test_no_acknowledged_reading_is_lost_or_doubled_when_the_writer_is_killed(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    folder, acknowledged = tmp_path / "store", -1

    for _ in range(4):
        writer = start_writer(folder, acknowledged + 1)
        assert writer.stdout is not None
        lines = [writer.stdout.readline()]
        until = time.monotonic() + random.uniform(0.2, 0.8)
        while time.monotonic() < until or len(lines) < 2:
            lines.append(writer.stdout.readline())
        writer.kill()
        lines += writer.stdout.read().splitlines(keepends=True)
        writer.wait()
        acknowledged = int([line for line in lines if line.endswith("\n")][-1])

        found = counted(folder)
        assert found[: acknowledged + 1] == list(range(acknowledged + 1))  # each once, in order
        assert len(found) in (
            acknowledged + 1,
            acknowledged + 201,
        )  # one batch may have been committed and not yet told

    assert acknowledged > 1_000
    store = open_store(folder)  # and the store is whole
    store.settle(START + YEAR)
    assert counted(folder)[: acknowledged + 1] == list(range(acknowledged + 1))
    store.close()


def test_reader_sees_a_growing_whole_while_another_process_writes_and_settles(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    writer = start_writer(folder, 0)
    assert writer.stdout is not None
    writer.stdout.readline()
    try:
        sizes: list[int] = []
        end = time.monotonic() + 60
        while len(sizes) < 12 or (sizes[-1] == sizes[0] and time.monotonic() < end):
            found = counted(folder)
            assert found == list(range(len(found)))  # never a gap, never a reading twice, though rows move meanwhile
            sizes.append(len(found))
        last = open_reader(folder).last(["count"])["count"].value
    finally:
        writer.kill()
        writer.wait()

    assert sizes == sorted(sizes)
    assert sizes[-1] > sizes[0]
    assert isinstance(last, int)
    assert last >= sizes[-1] - 1


def test_readers_find_the_file_after_the_writer_was_killed(tmp_path: Path) -> None:
    writer = start_writer(tmp_path / "store", 0)
    assert writer.stdout is not None
    acknowledged = int(writer.stdout.readline())
    writer.kill()
    writer.wait()

    assert (tmp_path / "store" / "owner.json").exists()  # nobody could tidy it away
    assert counted(tmp_path / "store")[: acknowledged + 1] == list(range(acknowledged + 1))
