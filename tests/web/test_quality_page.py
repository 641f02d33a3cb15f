"""The map of data quality: gaps, bad, stuck and late values are told apart, rest is not called trouble."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from django.test import Client
from django.urls import reverse

from jasang.store import open_store
from jasang.web.floor import quality_data

pytestmark = [pytest.mark.web, pytest.mark.django_db]

NOW = datetime(2026, 3, 8, 3, 30, tzinfo=UTC)  # 12:30 in Seoul
HOUR = timedelta(hours=1)
ZONE = "Asia/Seoul"


def write(store: Any, name: str, *, number: Any = None, keep: Any = None, bad: Any = None, late: float = 0.0) -> None:
    """A reading every 10 s over two days up to NOW; `number`, `keep` and `bad` are made from hours before NOW."""
    ago = np.arange(2 * 8640, 0, -1) / 360.0
    values = np.sin(ago * 7) if number is None else number(ago)
    kept = np.ones(len(ago), bool) if keep is None else keep(ago)
    quality = np.where(bad(ago), 0x80000000, 0) if bad is not None else np.zeros(len(ago))
    times = np.datetime64(NOW.replace(tzinfo=None), "us") - (ago * 3.6e9).astype("timedelta64[us]")
    utc = pa.timestamp("us", tz="UTC")
    rows = {
        "signal": pa.array([name] * int(kept.sum())),
        "source_time": pa.array(times[kept]).cast(utc),
        "receive_time": pa.array(times[kept] + np.timedelta64(int(late * 1e6), "us")).cast(utc),
        "number": pa.array(values[kept]),
        "quality": pa.array(quality[kept].astype("uint32")),
    }
    store.append_table(pa.table(rows))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One signal with each trouble, ended slots only."""
    path = tmp_path_factory.mktemp("quality") / "store"
    store = open_store(path)
    write(store, "good")
    write(store, "gap", keep=lambda ago: ~((ago > 3.5) & (ago < 5.5)))
    write(store, "bad", bad=lambda ago: (ago > 8.5) & (ago < 8.9))
    write(store, "stuck", number=lambda ago: np.where((ago > 2) & (ago < 7), 5.0, np.sin(ago * 7)))
    write(store, "rests", number=lambda ago: np.where((ago // 4) % 2 == 0, 0.0, np.sin(ago * 7)))
    write(store, "constant", number=lambda ago: ago * 0 + 3.0)
    write(store, "late", late=300.0)
    write(store, "part", keep=lambda ago: ~((ago > 10.5) & (ago < 11)))
    write(store, "changes", keep=lambda ago: np.isin(np.arange(len(ago)), [10, 9000, 16000]))
    write(store, "new", keep=lambda ago: ago < 6.5)
    store.close()
    return path


@pytest.fixture
def rows(folder: Path) -> dict[str, list[str]]:
    """The kinds of each signal's 24 hours, the current one last."""
    from jasang.store import open_reader

    reader = open_reader(folder)
    parts = quality_data.slots("day", NOW, ZONE)
    found = quality_data.quality(reader, reader.signals(), parts, NOW)
    reader.close()
    return {row.signal.name: [cell.kind for cell in row.cells] for row in found}


def test_slots_follow_the_clock_of_the_factory() -> None:
    day, week, month = (quality_data.slots(span, NOW, ZONE) for span in ("day", "week", "month"))

    assert (len(day), day[0].start, day[-1].end) == (24, NOW - 23.5 * HOUR, NOW + 0.5 * HOUR)
    assert (len(week), week[-1].start, week[-1].end) == (28, NOW - 0.5 * HOUR, NOW + 5.5 * HOUR)
    assert (len(month), month[-1].start) == (30, NOW - 12.5 * HOUR)


def test_each_trouble_is_told_where_it_is(rows: dict[str, list[str]]) -> None:
    def places(name: str, kind: str) -> list[int]:
        return [23 - place for place, found in enumerate(rows[name]) if found == kind]

    assert set(rows["good"]) == {"good"}
    assert places("gap", "gap") == [5, 4]
    assert places("bad", "bad") == [9]
    assert places("stuck", "stuck") == [6, 5, 4, 3]
    assert places("part", "part") == [11]
    assert set(rows["late"]) == {"late"}
    assert set(rows["changes"]) <= {"rare", "none"}
    assert rows["new"] == ["none"] * 17 + rows["new"][17:]
    assert "gap" not in rows["new"]


def test_rest_and_constants_are_no_trouble(rows: dict[str, list[str]]) -> None:
    assert set(rows["rests"]) == {"good"}
    assert set(rows["constant"]) == {"good"}


def test_silence_of_all_is_the_collector(tmp_path: Path) -> None:
    from jasang.store import open_reader

    store = open_store(tmp_path / "store")
    for name in ("a", "b", "c"):
        write(store, name, keep=lambda ago: ~((ago > 3.5) & (ago < 4.5)))
    store.close()
    reader = open_reader(tmp_path / "store")
    found = quality_data.quality(reader, reader.signals(), quality_data.slots("day", NOW, ZONE), NOW)

    assert [slot.start for slot in quality_data.silent_together(found)] == [NOW - 4.5 * HOUR]
    assert quality_data.silent_together(found[:2]) == []
    assert [names for _sentence, names in quality_data.advice(found)] == [["a", "b", "c"]]
    reader.close()


def test_the_page_shows_the_map_and_not_to_strangers(
    factory: Any, member: Client, stranger: Client, folder: Path, django_assert_num_queries: Any
) -> None:
    factory.store = str(folder)
    factory.save()
    address = reverse("floor:quality", args=[factory.key])

    with django_assert_num_queries(3):
        shown = member.get(address, {"span": "month", "q": "gap"}).content.decode()
    assert (shown.count('<th scope="row">'), shown.count('class="hour"')) == (1, 30)
    assert member.get(address, {"span": "no such", "page": "x"}).status_code == 200
    assert stranger.get(address).status_code == 404


def test_without_a_store_the_page_says_so(factory: Any, member: Client) -> None:
    assert "아직 신호가 없습니다" in member.get(reverse("floor:quality", args=[factory.key])).content.decode()


def test_the_first_day_is_not_told_slower_than_it_is(tmp_path: Path) -> None:
    """Two hours of a reading every 10 s, looked at in slots of six hours, of which none is whole."""
    from jasang.store import open_reader

    store = open_store(tmp_path)
    write(store, "new", keep=lambda ago: ago < 2)
    write(store, "half an hour", keep=lambda ago: ago < 0.4)
    store.close()
    reader = open_reader(tmp_path)
    parts = quality_data.slots("week", NOW, ZONE)
    found = {row.signal.name: row for row in quality_data.quality(reader, reader.signals(), parts, NOW)}
    reader.close()

    assert found["new"].rate == "10초마다"
    assert (found["new"].share, [cell.kind for cell in found["new"].cells[-2:]]) == (1.0, ["good", "good"])
    assert [cell.kind for cell in found["half an hour"].cells[-2:]] == ["none", "good"]


def test_a_store_that_began_within_the_present_slot_tells_its_true_rate(tmp_path: Path) -> None:
    from jasang.store import open_reader

    store = open_store(tmp_path)
    write(store, "new", keep=lambda ago: ago < 0.4)
    store.close()
    reader = open_reader(tmp_path)
    parts = quality_data.slots("month", NOW, ZONE)
    (found,) = quality_data.quality(reader, reader.signals(), parts, NOW)
    reader.close()

    assert (found.rate, found.share, found.cells[-1].kind) == ("10초마다", 1.0, "good")
