"""Roll-ups of settled files: questions in buckets are answered as from the readings, whatever came late or was corrected."""

import os
import shutil
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from jasang.store import Store, open_reader, open_store, rollup
from jasang.store import rolled_files as rolled
from jasang.store.backup import backup_store, restore_store
from jasang.store.rollup import FOLDER
from jasang.store.settled import SettledTable

DAY0 = datetime(2026, 3, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NAMES = ["A.fast", "A.slow", "B.rare"]


def table(name: str, seconds: np.ndarray, values: np.ndarray, *, bad: bool = False) -> pa.Table:
    times = int(DAY0.timestamp() * 1e6) + np.round(seconds * 1e6).astype(np.int64)
    quality = np.where(np.arange(len(times)) % 50 == 0, 0x8000_0000, 0) if bad else np.zeros(len(times), np.int64)
    return pa.table(
        {
            "signal": pa.array([name] * len(times)),
            "source_time": pa.array(times, pa.timestamp("us", tz="UTC")),
            "number": pa.array(values, from_pandas=True),
            "quality": pa.array(quality.astype(np.uint32)),
        }
    )


def fill(store: Store, seed: int) -> None:
    """Three days, settled in pieces that end anywhere, with late rows, corrections, bad and absent numbers."""
    rng = np.random.default_rng(seed)
    for piece in range(6):
        hours = np.array([piece * 12.0, piece * 12.0 + 12.0]) * 3600.0
        fast = np.sort(rng.uniform(*hours, 24_000))
        values = np.where(rng.random(len(fast)) < 0.01, np.nan, np.round(np.sin(fast / 9_000) * 10 + 200, 2))
        store.append_table(table("A.fast", fast, values, bad=True))
        slow = np.arange(hours[0], hours[1], 20.0)
        store.append_table(table("A.slow", slow, np.round(rng.normal(size=len(slow)), 3)))
        store.append_table(table("B.rare", hours[:1] + 7, np.array([1.0])))
        if piece in (2, 5):  # the same times again, and one from the first day
            store.append_table(
                table("A.slow", np.append(slow[-900::7], 40.0), np.full(130, -5.0)[: len(slow[-900::7]) + 1])
            )
        store.settle(DAY0 + piece * timedelta(hours=12) + timedelta(minutes=int(rng.integers(0, 700))))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in pieces; tests work on copies."""
    folder = tmp_path_factory.mktemp("rollups") / "s"
    with closing(open_store(folder)) as store:
        fill(store, seed=7)
    return folder


@pytest.fixture
def folder(filled: Path, tmp_path: Path) -> Path:
    shutil.copytree(filled, tmp_path / "s")
    return tmp_path / "s"


def compacted(folder: Path) -> None:
    with closing(open_store(folder)) as store:
        store.settle(DAY0 + 9 * DAY)
        store.compact()


def asked(folder: Path, start: datetime, end: datetime, buckets: int) -> list[dict[str, object]]:
    reader = open_reader(folder)
    try:
        return reader.downsample(NAMES, start, end, buckets).to_pylist()
    finally:
        reader.close()


SPANS = [
    (DAY0, DAY0 + 3 * DAY, 72),
    (DAY0, DAY0 + 3 * DAY, 7),
    (DAY0 + 5 * HOUR, DAY0 + 65 * HOUR, 20),
    (DAY0, DAY0 + 3 * DAY, 432),  # ten minutes
    (DAY0 + timedelta(minutes=7), DAY0 + 2 * DAY, 30),  # slots are cut: from the readings
    (DAY0, DAY0 + 50 * HOUR + timedelta(minutes=25), 50),
    (DAY0 - 3 * DAY, DAY0 + 9 * DAY, 12),
]


@pytest.mark.parametrize("tidied", [False, True])
def test_buckets_are_the_same_with_roll_ups_and_without(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tidied: bool
) -> None:
    if tidied:
        compacted(folder)
    assert list((folder / FOLDER).glob("*.arrow"))
    with_them = [asked(folder, *span) for span in SPANS]

    monkeypatch.setattr(rolled, "read_rollup", lambda *_: None)
    without = [asked(folder, *span) for span in SPANS]

    for found, wanted in zip(with_them, without, strict=True):
        assert found == [row | {"mean": row["mean"] and pytest.approx(row["mean"], rel=1e-12)} for row in wanted]


def test_days_are_drawn_without_their_readings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compacted(folder)
    wanted = asked(folder, DAY0, DAY0 + 3 * DAY, 3)

    def refuse(*_arguments: object, **_named: object) -> None:
        raise AssertionError("a row group was read")

    monkeypatch.setattr("jasang.store.settled_file.SettledFile.group", refuse)

    assert [row for row in asked(folder, DAY0, DAY0 + 3 * DAY, 3) if row["signal"] != "B.rare"] == [
        row for row in wanted if row["signal"] != "B.rare"
    ]


def test_damaged_and_missing_roll_ups_are_passed_over(folder: Path) -> None:
    compacted(folder)
    wanted = asked(folder, DAY0, DAY0 + 3 * DAY, 48)

    def same() -> bool:
        found = asked(folder, DAY0, DAY0 + 3 * DAY, 48)
        return found == [row | {"mean": row["mean"] and pytest.approx(row["mean"], rel=1e-12)} for row in wanted]

    for path in (folder / FOLDER).glob("*.arrow"):
        whole = path.read_bytes()
        for damaged in (whole[:-40] + bytes(40), whole[:10], b"", whole[:30] + b"\0" + whole[31:], b"x" * 200):
            path.write_bytes(damaged)
            assert same()
        path.unlink()
    assert same()
    compacted(folder)  # makes them again
    assert len(list((folder / FOLDER).glob("*.arrow"))) > 0
    assert same()
    backup_store(folder, folder.with_name("copy"))
    restore_store(folder.with_name("copy"), folder.with_name("again"))
    assert sorted(path.read_bytes() for path in (folder.with_name("again") / FOLDER).glob("*.arrow")) == sorted(
        path.read_bytes() for path in (folder / FOLDER).glob("*.arrow")
    )


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are listed by Linux only")
@pytest.mark.parametrize("most", [0, 1 << 17])
def test_no_roll_up_stays_open(folder: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    compacted(folder)
    monkeypatch.setattr(rollup, "_READ_WHOLE", most)
    first = int(DAY0.timestamp() * 1e6)

    files = rolled.RolledFiles(SettledTable(folder).entries(), first, first + 3 * 86_400_000_000, 86_400_000_000)
    slots = files.of("A.slow", np.empty(0, np.int64))[0]

    assert sum(int(one.readings.sum()) for one in slots) == 3 * 86_400 // 20
    # A process may have a thousand files open, and a question for years asks hundreds of roll-ups.
    opened = [os.readlink(path) for path in Path("/proc/self/fd").iterdir() if path.is_symlink() and path.exists()]
    assert [path for path in opened if f"/{FOLDER}/" in path] == []


def test_roll_ups_go_with_their_files(folder: Path) -> None:
    before = len(list((folder / FOLDER).glob("*.arrow")))
    compacted(folder)

    rollups = {path.stem for path in (folder / FOLDER).glob("*.arrow")}
    assert before > len(rollups)
    assert rollups <= {path.stem for path in (folder / "readings").glob("*.parquet")}
