"""The log of fresh readings: what a crash leaves behind, what a damaged disk does, and a disk that is full."""

import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from jasang.errors import StoreError
from jasang.plant.reading import Reading
from jasang.store import fresh, fresh_files, open_reader, open_store, to_readings

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def write(folder: Path, batches: int, first: int = 0) -> None:
    store = open_store(folder)
    for batch in range(first, first + batches):
        store.append([numbered(batch * 10 + place) for place in range(10)])
    store.close()


def numbered(number: int) -> Reading:
    moment = NOON + timedelta(seconds=number)
    return Reading(signal=f"s{number % 3}", source_time=moment, receive_time=moment, value=number)


def kept(folder: Path) -> list[int]:
    rows = to_readings(open_reader(folder).range(["s0", "s1", "s2"], NOON - DAY, NOON + DAY))
    return sorted(int(reading.value) for reading in rows if isinstance(reading.value, int))


def log_of(folder: Path) -> Path:
    return sorted((folder / "fresh").glob("*.log"))[-1]


@pytest.mark.parametrize("seed", range(8))
def test_torn_record_at_the_end_is_cut_off_and_the_log_goes_on(tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    write(tmp_path / "store", 3)
    log = log_of(tmp_path / "store")
    whole = log.stat().st_size
    write(tmp_path / "store", 1, first=3)
    torn = int(random.integers(whole + 1, log.stat().st_size))
    os.truncate(log, torn)
    if seed % 2:  # pages of a record reach the disk in any order
        with log.open("r+b") as file:
            file.seek(whole + 4)
            file.write(bytes(min(8, torn - whole - 1)))

    assert kept(tmp_path / "store") == list(range(30))
    write(tmp_path / "store", 1, first=5)
    assert kept(tmp_path / "store") == [*range(30), *range(50, 60)]


def test_damaged_record_in_the_middle_is_told_and_not_skipped(tmp_path: Path) -> None:
    write(tmp_path / "store", 5)
    log = log_of(tmp_path / "store")
    content = bytearray(log.read_bytes())
    content[len(content) // 2] ^= 1
    log.write_bytes(content)

    with pytest.raises(StoreError, match=r"is damaged from byte \d+ to \d+"):
        open_store(tmp_path / "store")
    with pytest.raises(StoreError, match="is damaged from byte"):
        open_reader(tmp_path / "store").last()


@pytest.mark.parametrize("gathers", [True, False], ids=["one write of many parts", "as on Windows"])
def test_write_that_fails_half_way_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gathers: bool
) -> None:
    store = open_store(tmp_path / "store")
    store.append([numbered(0)])
    real = os.write

    def half(descriptor: int, content: bytes) -> int:
        if len(content) < 100:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, content[: len(content) // 2])

    with monkeypatch.context() as full:
        full.setattr(os, "write", half)
        if gathers:
            full.setattr(os, "writev", lambda descriptor, parts: half(descriptor, b"".join(parts)), raising=False)
        else:
            full.delattr(os, "writev", raising=False)
        with pytest.raises(StoreError, match="No space left on device"):
            store.append([numbered(1)])

    store.append([numbered(2)])
    store.close()
    assert kept(tmp_path / "store") == [0, 2]


def test_full_logs_are_sealed_and_a_restart_finds_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh, "ROWS", 25)
    monkeypatch.setattr(fresh_files, "ROWS", 25)
    write(tmp_path / "store", 20)
    folder = tmp_path / "store" / "fresh"

    assert len(list(folder.glob("*.arrow"))) >= 8
    assert len(list(folder.glob("*.log"))) <= 2
    assert kept(tmp_path / "store") == list(range(200))
    write(tmp_path / "store", 1, first=20)
    assert kept(tmp_path / "store") == list(range(210))
    assert open_reader(tmp_path / "store").last(["s2"])["s2"].value == 209


def test_batch_larger_than_a_log_is_kept_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh, "ROWS", 4)
    monkeypatch.setattr(fresh_files, "ROWS", 4)

    write(tmp_path / "store", 3)

    assert kept(tmp_path / "store") == list(range(30))


def test_segment_that_is_missing_is_told(tmp_path: Path) -> None:
    store = open_store(tmp_path / "store")
    store.append([numbered(0)])
    store.seal()  # type: ignore[attr-defined]
    store.close()
    next((tmp_path / "store" / "fresh").glob("*.arrow")).unlink()

    with pytest.raises(StoreError, match="is missing or damaged"):
        open_store(tmp_path / "store")
