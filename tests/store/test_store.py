"""One store, read back: what comes out is what went in, wherever it lies."""

import http.client
import json
import math
import os
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from jasang.errors import StoreError
from jasang.plant.reading import Reading, Signal
from jasang.store import READING_SCHEMA, Reader, Store, open_reader, open_store, ownership, settled, to_readings

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
DAY = timedelta(days=1)
VALUES = [
    1.5,
    -0.0,
    5e-324,
    math.inf,
    0,
    1,
    -7,
    2**53 + 1,
    2**64 - 1,
    -(2**63),
    True,
    False,
    "",
    "한글\x00끝",
    "1.5",
    None,
]


def reading(signal: str, seconds: float, value: float | int | str | bool | None, quality: int = 0) -> Reading:
    moment = NOON + timedelta(seconds=seconds)
    return Reading(
        signal=signal, source_time=moment, receive_time=moment + timedelta(milliseconds=7), value=value, quality=quality
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "store")
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


def everything(reader: Reader) -> list[Reading]:
    names = [signal.name for signal in reader.signals()]
    return to_readings(reader.range(names, NOON - 10 * DAY, NOON + 10 * DAY))


def typed(readings: list[Reading]) -> list[tuple[object, ...]]:
    """Readings in a form where 1, 1.0 and True differ and so do 0.0 and -0.0."""
    return [(r.signal, r.source_time, r.receive_time, r.quality, type(r.value), repr(r.value)) for r in readings]


@pytest.mark.parametrize("where", ["fresh", "settled", "other process's view"])
def test_values_come_back_exactly(store: Store, folder: Path, where: str) -> None:
    written = [reading(f"a.{i:02}", i, value, quality=0x80000000 + i) for i, value in enumerate(VALUES)]
    written.append(reading("a.99", 0, math.nan))

    store.append(written)
    if where == "settled":
        store.settle(NOON + DAY)
    reader = store if where != "other process's view" else open_reader(folder)

    assert typed(everything(reader)) == typed(written)


def test_range_is_half_open_and_sorted_by_signal_then_time(store: Store) -> None:
    store.append([reading("b", 2, 1), reading("a", 1, 1), reading("a", 0, 0), reading("a", 2, 2), reading("c", 1, 1)])

    table = store.range(["b", "a"], NOON, NOON + timedelta(seconds=2))

    assert table.schema.equals(READING_SCHEMA)
    assert [(r.signal, r.value) for r in to_readings(table)] == [("a", 0), ("a", 1)]


def test_range_of_unknown_signal_is_empty(store: Store) -> None:
    assert store.range(["nobody"], NOON, NOON + DAY).num_rows == 0
    assert store.range([], NOON, NOON + DAY).num_rows == 0


def test_range_refuses_a_time_without_zone_and_a_backward_span(store: Store) -> None:
    with pytest.raises(ValueError, match="needs a zone"):
        store.range(["a"], NOON.replace(tzinfo=None), NOON)
    with pytest.raises(ValueError, match="must not end before it starts"):
        store.range(["a"], NOON, NOON - DAY)


@pytest.mark.parametrize("settle", ["never", "between", "after"])
def test_same_signal_and_time_twice_the_last_write_wins(store: Store, settle: str) -> None:
    store.append([reading("a", 0, 1), reading("a", 0, 2)])
    if settle == "between":
        store.settle(NOON + DAY)
    store.append([reading("a", 0, 3, quality=5)])
    if settle == "after":
        store.settle(NOON + DAY)

    assert typed(everything(store)) == typed([reading("a", 0, 3, quality=5)])
    assert store.last(["a"])["a"].value == 3


def test_settling_changes_nothing_a_reader_sees(store: Store, folder: Path) -> None:
    store.append([reading(f"s{i % 5}", i * 600, float(i)) for i in range(500)])  # more than three days
    before, last = typed(everything(store)), store.last()

    moved = store.settle(NOON + 2 * DAY)

    assert moved == 288  # two days of a reading every ten minutes
    assert typed(everything(store)) == before
    assert typed(everything(open_reader(folder))) == before
    assert store.last() == last
    assert store.settle(NOON + 2 * DAY) == 0


def test_settled_table_is_an_open_table_sorted_by_signal_and_time(store: Store, folder: Path) -> None:
    store.append([reading(name, second, 1.0) for second in (3, 1, 2) for name in ("b", "a")])
    store.settle(NOON + DAY)

    table = pl.scan_delta(str(folder / settled.FOLDER)).collect()

    assert table["signal"].to_list() == ["a", "a", "a", "b", "b", "b"]
    assert table["source_time"].to_list()[:3] == [NOON + timedelta(seconds=s) for s in (1, 2, 3)]


def test_small_files_of_finished_days_become_one_and_a_reader_sees_no_difference(store: Store, folder: Path) -> None:
    for hour in range(6):
        store.append([reading(f"s{i % 3}", hour * 3600 + i, float(i)) for i in range(100)])
        store.settle(NOON + timedelta(hours=hour + 1))
    before = typed(everything(store))
    assert len(settled.SettledTable(folder).entries()) == 6  # the day is not over

    store.settle(NOON + DAY)

    assert len(settled.SettledTable(folder).entries()) == 1
    assert typed(everything(store)) == typed(everything(open_reader(folder))) == before
    assert settled.SettledTable(folder).last_batch() == 6  # compaction keeps the number of the last settlement


@pytest.mark.parametrize("step", ["before the commit", "after the commit"])
def test_crash_while_settling_loses_and_doubles_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    store = open_store(folder)
    store.append([reading("a", i, float(i)) for i in range(100)])
    before = typed(everything(store))
    real = settled.SettledTable.commit

    def crash(*arguments: object, **named: object) -> None:
        if step == "after the commit":
            real(*arguments, **named)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(settled.SettledTable, "commit", crash)
    with pytest.raises(KeyboardInterrupt):
        store.settle(NOON + DAY)
    store.append([reading("a", 50.5, 50.5)])  # what arrived after the settlement began stays fresh
    store.close()
    monkeypatch.setattr(settled.SettledTable, "commit", real)
    expected = sorted([*before, *typed([reading("a", 50.5, 50.5)])], key=lambda row: row[1])  # type: ignore[arg-type, return-value]

    assert typed(everything(open_reader(folder))) == expected  # even before anybody repairs it
    again = open_store(folder)
    assert typed(everything(again)) == expected
    assert again.settle(NOON + DAY) == (1 if step == "after the commit" else 101)
    assert typed(everything(again)) == expected
    assert pl.scan_delta(str(folder / settled.FOLDER)).collect().height == 101
    again.close()


def test_last_is_the_latest_source_time_not_the_latest_arrival(store: Store) -> None:
    store.append([reading("a", 10, "new"), reading("a", 5, "late")])
    store.settle(NOON + timedelta(seconds=11))
    store.append([reading("a", 7, "later still"), reading("b", 0, 1)])

    assert {name: r.value for name, r in store.last().items()} == {"a": "new", "b": 1}
    assert store.last(["nobody"]) == {}


def test_signals_are_described_or_named_by_their_readings(store: Store, folder: Path) -> None:
    store.describe(
        [Signal(name="INJ.t", asset="INJ", unit="bar"), Signal(name="INJ.t", asset="INJ", unit="°C", address="i=1")]
    )
    store.append([reading("PRESS.force", 0, 1.0)])

    expected = (
        Signal(name="INJ.t", asset="INJ", unit="°C", address="i=1"),
        Signal(name="PRESS.force", asset="PRESS"),
    )
    assert store.signals() == expected
    assert open_reader(folder).signals() == expected


@pytest.mark.parametrize("settle_until", [0, 400, 1000])
def test_downsample_is_minimum_maximum_and_mean_of_each_bucket(store: Store, settle_until: int) -> None:
    values = np.random.default_rng(1).normal(size=1000)
    store.append([reading("a", i, float(v)) for i, v in enumerate(values)])
    store.settle(NOON + timedelta(seconds=settle_until))

    table = store.downsample(["a"], NOON, NOON + timedelta(seconds=1000), 20)

    parts = values.reshape(20, 50)
    assert table["bucket"].to_pylist() == [NOON + timedelta(seconds=50 * i) for i in range(20)]
    assert table["minimum"].to_pylist() == parts.min(axis=1).tolist()
    assert table["maximum"].to_pylist() == parts.max(axis=1).tolist()
    assert table["mean"].to_pylist() == pytest.approx(parts.mean(axis=1).tolist(), rel=1e-12)
    assert table["readings"].to_pylist() == [50] * 20


def test_downsample_leaves_gaps_and_counts_bad_readings(store: Store) -> None:
    bad = 0x808C0000
    store.append([reading("a", 0, 1.0), reading("a", 1, None, bad), reading("a", 2, math.nan), reading("a", 25, "x")])

    rows = store.downsample(["a"], NOON, NOON + timedelta(seconds=30), 3).to_pylist()

    assert [(row["bucket"], row["minimum"], row["maximum"], row["readings"], row["bad"]) for row in rows] == [
        (NOON, 1.0, 1.0, 3, 1),
        (NOON + timedelta(seconds=20), None, None, 1, 0),
    ]


def test_owner_file_is_private_and_its_token_is_needed(store: Store, folder: Path) -> None:
    path = folder / "owner.json"
    owner = json.loads(path.read_text())

    def ask(headers: dict[str, str]) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", owner["port"])
        connection.request("POST", "/signals", "{}", headers)
        return connection.getresponse().status

    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ask({}) == 403
    assert ask({"Authorization": "Bearer guess"}) == 403
    assert ask({"Authorization": f"Bearer {owner['token']}"}) == 200


def test_a_store_has_one_owner(store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownership, "PATIENCE", 0.0)
    with pytest.raises(StoreError, match="another collector is writing to the store"):
        open_store(folder)


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda folder: folder.mkdir(), "is no store of readings"),
        (lambda folder: None, "is no store of readings"),
        (lambda folder: _with(folder, '{"format": "jasang.store/9"}'), "opens 'jasang.store/2'"),
        (lambda folder: _with(folder, "not json"), "cannot be read"),
    ],
)
def test_reader_refuses_a_folder_that_is_no_store(folder: Path, prepare: Callable[[Path], None], message: str) -> None:
    prepare(folder)

    with pytest.raises(StoreError, match=message):
        open_reader(folder)


def _with(folder: Path, content: str) -> None:
    folder.mkdir()
    (folder / "format.json").write_text(content)


def test_damaged_list_of_files_is_told(folder: Path) -> None:
    open_store(folder).close()
    (folder / "fresh" / "manifest.json").write_bytes(b"rubbish" * 1000)

    with pytest.raises(StoreError, match=r"manifest\.json cannot be read"):
        open_store(folder)


def test_settling_leaves_young_segments_alone_and_keeps_the_order_of_writing(store: Store, folder: Path) -> None:
    store.append([reading("a", 100, "young"), reading("b", 100, 1)])
    store.seal()  # type: ignore[attr-defined]
    young = {path.name for path in (folder / "fresh").glob("*.arrow")}
    store.append([reading("a", 0, "old"), reading("a", 100, "corrected")])

    assert store.settle(NOON + timedelta(seconds=50)) == 1

    assert young <= {path.name for path in (folder / "fresh").glob("*.arrow")}
    assert [r.value for r in to_readings(store.range(["a"], NOON, NOON + DAY))] == ["old", "corrected"]
    store.append([reading("b", 0, 0)])
    store.settle(NOON + timedelta(seconds=50))
    assert [r.value for r in to_readings(store.range(["a"], NOON, NOON + DAY))] == ["old", "corrected"]


def test_many_small_files_of_today_become_few(store: Store, folder: Path) -> None:
    for minute in range(40):
        store.append([reading(f"s{i % 3}", minute * 60 + i, float(i)) for i in range(60)])
        store.settle(NOON + timedelta(minutes=minute + 1))

    assert len(settled.SettledTable(folder).entries()) <= 17
    assert len(everything(store)) == 2400
    assert typed(everything(open_reader(folder))) == typed(everything(store))
