"""Stores that former releases wrote, as they lie in tests/formats, must open: by a reader as they are, by an owner for good."""

import json
import math
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jasang.plant.reading import Signal
from jasang.store import Reader, is_store, open_reader, open_store, to_readings

FORMATS = Path(__file__).parents[1] / "formats"
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
VALUES += [21.37, 0.1 + 0.2]


def unpacked(number: int, folder: Path) -> Path:
    with zipfile.ZipFile(FORMATS / f"store-{number}.zip") as packed:
        packed.extractall(folder)
    return folder


def compare(reader: Reader) -> None:
    names = [signal.name for signal in reader.signals()]
    assert names == [*(f"a.{i:02}" for i in range(len(VALUES))), "fresh", "walk"]
    assert reader.signals()[0] == Signal(name="a.00", asset="a", unit="°C", address="ns=2;i=1")
    found = to_readings(reader.range(names[: len(VALUES)], NOON - DAY, NOON + DAY))
    assert [(type(r.value), repr(r.value)) for r in found] == [(type(v), repr(v)) for v in VALUES]
    assert [r.quality for r in found] == [0x80000000 + i for i in range(len(VALUES))]
    assert [r.receive_time - r.source_time for r in found] == [timedelta(milliseconds=7)] * len(VALUES)
    walk = [r.value for r in to_readings(reader.range(["walk"], NOON, NOON + 3 * DAY))]
    assert walk == [20.0, -1.0, *(round(20 + i * 0.01, 2) for i in range(2, 3000))]
    assert reader.last(["walk"])["walk"].value == 49.99
    assert [r.value for r in to_readings(reader.range(["fresh"], NOON, NOON + DAY))] == list(range(20))
    times, matrix = reader.grid(["walk", "fresh"], NOON, NOON + timedelta(minutes=3), timedelta(minutes=1))
    assert len(times) == 3
    assert matrix.tolist() == [[20.0, 0.0], [-1.0, 19.0], [20.02, 19.0]]


@pytest.mark.parametrize("number", [1, 2])
def test_store_of_a_former_release_is_read_as_it_is_and_opened_for_good(tmp_path: Path, number: int) -> None:
    folder = unpacked(number, tmp_path / "store")
    assert is_store(folder)
    before = json.loads((folder / "format.json").read_text())
    compare(open_reader(folder))
    assert json.loads((folder / "format.json").read_text()) == before  # a reader changes nothing

    store = open_store(folder)
    compare(store)
    compare(open_reader(folder))
    store.settle(NOON + 9 * DAY)
    compare(store)
    store.close()

    compare(open_reader(folder))
    assert json.loads((folder / "format.json").read_text()) == {"format": "jasang.store/2"}


def test_crash_while_a_former_store_is_turned_is_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from jasang.store import older

    folder = unpacked(1, tmp_path / "store")

    def crash(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as crashing:
        crashing.setattr(older, "write_format", crash)
        with pytest.raises(KeyboardInterrupt):
            open_store(folder)
    compare(open_reader(folder))

    store = open_store(folder)
    compare(store)
    store.close()
