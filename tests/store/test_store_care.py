"""Looking after a store: check, repair, backup while writing, restore, export, retention."""

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from jasang.errors import StoreError
from jasang.mentor import store as care
from jasang.plant.reading import Reading, Signal
from jasang.store import Store, open_reader, open_store, to_readings

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def readings(count: int, first: int = 0, step: float = 60.0) -> list[Reading]:
    made = []
    for number in range(first, first + count):
        moment = NOON + timedelta(seconds=step * number)
        made.append(
            Reading(signal=f"A.s{number % 3}", source_time=moment, receive_time=moment + HOUR, value=number / 4)
        )
    return made


def filled(folder: Path) -> Store:
    """Two thirds settled, a third fresh, one correction of a settled reading."""
    store = open_store(folder)
    store.describe([Signal(name="A.s0", asset="A", unit="°C")])
    store.append(readings(200))
    store.settle(NOON + timedelta(minutes=200))
    store.append(readings(100, first=200))
    store.append([Reading(signal="A.s0", source_time=NOON, receive_time=NOON + DAY, value=-1.0)])
    return store


def everything(folder: Path) -> list[Reading]:
    reader = open_reader(folder)
    try:
        return to_readings(reader.range(["A.s0", "A.s1", "A.s2"], NOON - DAY, NOON + 9 * DAY))
    finally:
        reader.close()


def test_check_counts_and_finds_nothing_in_a_whole_store(tmp_path: Path) -> None:
    store = filled(tmp_path / "s")

    while_writing = care.check(tmp_path / "s")
    store.close()

    assert while_writing.troubles == ()
    assert (while_writing.settled, while_writing.fresh, while_writing.replaced) == (200, 101, 0)
    assert care.check(tmp_path / "s").troubles == ()


@pytest.mark.parametrize("pattern", ["fresh/*.log", "fresh/*.arrow", "readings/*.parquet"])
def test_check_finds_a_changed_byte_in_every_kind_of_file(tmp_path: Path, pattern: str) -> None:
    store = filled(tmp_path / "s")
    store.seal()  # type: ignore[attr-defined]
    store.append(readings(10, first=400))
    store.append(readings(10, first=500))
    store.close()
    path = max((tmp_path / "s").glob(pattern), key=lambda found: found.stat().st_size)
    content = bytearray(path.read_bytes())
    content[60] ^= 0xFF
    path.write_bytes(content)

    troubles = care.check(tmp_path / "s").troubles

    assert len(troubles) == 1
    assert str(path) in troubles[0].en


def test_repair_keeps_the_whole_records_of_a_damaged_log(tmp_path: Path) -> None:
    store = open_store(tmp_path / "s")
    for batch in range(5):
        store.append(readings(30, first=30 * batch))
    store.close()
    log = next((tmp_path / "s" / "fresh").glob("*.log"))
    content = bytearray(log.read_bytes())
    content[len(content) // 2] ^= 1
    log.write_bytes(content)
    with pytest.raises(StoreError, match="is damaged from byte"):
        open_store(tmp_path / "s")

    done = care.repair(tmp_path / "s")

    assert "120 readings kept" in done[0].en
    assert len(everything(tmp_path / "s")) == 120
    assert (tmp_path / "s" / "fresh" / "damaged" / log.name).exists()
    assert care.check(tmp_path / "s").troubles == ()


def test_repair_knows_the_names_that_went_with_a_lost_record(tmp_path: Path) -> None:
    store = open_store(tmp_path / "s")
    store.append(readings(30))
    store.seal()  # type: ignore[attr-defined]
    for batch in (1, 2):
        store.append(readings(30, first=30 * batch))
    store.close()
    before = everything(tmp_path / "s")
    log = max((tmp_path / "s" / "fresh").glob("*.log"), key=lambda found: found.stat().st_size)
    content = bytearray(log.read_bytes())
    content[60] ^= 1
    log.write_bytes(content)

    care.repair(tmp_path / "s")

    assert everything(tmp_path / "s") == [one for one in before if not 30 <= float(str(one.value)) * 4 < 60]
    assert care.check(tmp_path / "s").troubles == ()


def test_check_tells_of_lists_that_are_damaged_or_gone(tmp_path: Path) -> None:
    filled(tmp_path / "s").close()
    (tmp_path / "s" / "signals.json").write_text("x")
    (tmp_path / "s" / "retention.json").write_text("[]")
    shutil.rmtree(tmp_path / "s" / "readings" / "_delta_log")

    troubles = [trouble.en for trouble in care.check(tmp_path / "s").troubles]

    folder = tmp_path / "s"
    files = len(list((folder / "readings").glob("*.parquet")))
    assert troubles == [
        f"the list of signals {folder / 'signals.json'} cannot be read: Expecting value: line 1 column 1 (char 0)",
        f"{folder / 'retention.json'} cannot be read: expected format and rules, found []",
        f"{folder / 'readings'}: {files} files, but no list of them (_delta_log); bring it back from a backup",
    ]


def test_a_folder_that_is_no_store_does_not_become_one(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is no store of readings"):
        care.compact(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_backup_within_the_store_is_refused(tmp_path: Path) -> None:
    filled(tmp_path / "s").close()
    for target in (tmp_path / "s" / "copy", tmp_path / "s", tmp_path):
        with pytest.raises(StoreError, match="lie within each other"):
            care.backup(tmp_path / "s", target)
    assert not (tmp_path / "s" / "copy").exists()


def test_a_changed_byte_of_a_settled_file_is_told_by_who_reads_it(tmp_path: Path) -> None:
    filled(tmp_path / "s").close()
    path = max((tmp_path / "s" / "readings").glob("*.parquet"), key=lambda found: found.stat().st_size)
    with pq.ParquetFile(path) as file:
        times = file.metadata.row_group(0).column(1)
    content = bytearray(path.read_bytes())
    content[times.data_page_offset + times.total_compressed_size - 5] ^= 0x01
    path.write_bytes(content)

    with pytest.raises(StoreError, match="cannot be read"):
        everything(tmp_path / "s")


def test_backup_while_writing_restores_to_the_same_readings(tmp_path: Path) -> None:
    store = filled(tmp_path / "s")
    care.backup(tmp_path / "s", tmp_path / "backup")
    store.append(readings(50, first=600))
    store.settle(NOON + 11 * HOUR)
    before = everything(tmp_path / "s")

    again = care.backup(tmp_path / "s", tmp_path / "backup")
    store.close()
    care.restore(tmp_path / "backup", tmp_path / "restored")

    assert again.skipped >= 1
    assert everything(tmp_path / "restored") == before
    assert open_reader(tmp_path / "restored").signals()[0].unit == "°C"
    assert care.check(tmp_path / "restored").troubles == ()
    again_open = open_store(tmp_path / "restored")
    again_open.append(readings(1, first=900))
    again_open.settle(NOON + 9 * DAY)
    again_open.close()
    assert len(everything(tmp_path / "restored")) == len(before) + 1


def test_damaged_backup_is_not_restored(tmp_path: Path) -> None:
    filled(tmp_path / "s").close()
    care.backup(tmp_path / "s", tmp_path / "backup")
    path = next((tmp_path / "backup" / "readings").glob("*.parquet"))
    path.write_bytes(path.read_bytes()[:-1] + b"?")

    with pytest.raises(StoreError, match="missing or damaged"):
        care.restore(tmp_path / "backup", tmp_path / "restored")


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_export_has_every_reading_of_the_signals_asked_for(tmp_path: Path, kind: str) -> None:
    filled(tmp_path / "s").close()

    found = care.export_readings(tmp_path / "s", tmp_path / f"out.{kind}", signals="A.s[01]")

    assert (found.signals, found.readings) == (2, 200)
    frame = pl.read_parquet(found.file) if kind == "parquet" else pl.read_csv(found.file)
    assert frame["number"].to_list() == [r.value for r in everything(tmp_path / "s") if r.signal != "A.s2"]


def test_compaction_keeps_readings_and_the_replaced_one_in_history(tmp_path: Path) -> None:
    filled(tmp_path / "s").close()
    before = everything(tmp_path / "s")

    care.compact(tmp_path / "s")

    assert everything(tmp_path / "s") == before
    history = open_reader(tmp_path / "s").history("A.s0", NOON)
    assert [(reading.value, reading.receive_time) for reading in history] == [(0.0, NOON + HOUR), (-1.0, NOON + DAY)]
    assert care.check(tmp_path / "s").replaced == 1


def test_retention_leaves_roll_ups_that_downsample_to_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    store = open_store(folder)
    store.append(readings(3000))
    store.append([Reading(signal="B.x", source_time=NOON, receive_time=NOON, value=1.0)])
    begin = NOON.replace(hour=0)
    before = store.downsample(["A.s0", "A.s1"], begin, begin + 3 * DAY, 36).to_pylist()
    store.close()

    found = care.retain(folder, "A.*", 1.0)

    assert found is not None
    assert (found.signals, found.readings, found.hours) == (3, 3000, 150)
    reader = open_reader(folder)
    assert everything(folder) == []
    assert reader.range(["B.x"], NOON, NOON + DAY).num_rows == 1
    after = reader.downsample(["A.s0", "A.s1"], begin, begin + 3 * DAY, 36).to_pylist()
    assert [row | {"mean": pytest.approx(row["mean"])} for row in before] == after
    assert care.retain(folder, "A.*", 1.0).readings == 0  # type: ignore[union-attr]

    care.backup(folder, tmp_path / "copy")
    care.restore(tmp_path / "copy", tmp_path / "again")
    restored = open_reader(tmp_path / "again")
    assert restored.downsample(["A.s0", "A.s1"], begin, begin + 3 * DAY, 36).to_pylist() == after
    assert (tmp_path / "again" / "retention.json").read_bytes() == (folder / "retention.json").read_bytes()


def test_commands_print_their_format_as_json(tmp_path: Path) -> None:
    filled(tmp_path / "s").close()

    def asked(*arguments: str) -> dict[str, object]:
        command = [sys.executable, "-m", "jasang.cli.main", "store", *arguments, "--json"]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    found = asked("check", str(tmp_path / "s"))
    assert (found["format"], found["settled"], found["troubles"]) == ("jasang.store-care/1", 200, [])
    assert asked("compact", str(tmp_path / "s"))["settled"] == 101
    assert asked("export", str(tmp_path / "s"), str(tmp_path / "out.csv"))["readings"] == 300
