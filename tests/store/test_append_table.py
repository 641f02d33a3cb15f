"""Tables of readings: what may be left out, what is refused, and many threads at once."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from jasang.errors import StoreError
from jasang.plant.reading_columns import NUMBER, TEXT, TRUTH, WHOLE, ReadingColumns
from jasang.store import READING_SCHEMA, Store, open_reader, open_store, to_readings
from jasang.store.group_commit import GroupCommit

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TIME = pa.timestamp("us", tz="UTC")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "store")
    yield opened
    opened.close()


def numbers(signal: str, first: int, count: int) -> pa.Table:
    """A reading a millisecond whose value is its place."""
    places = range(first, first + count)
    return pa.table(
        {
            "signal": pa.array([signal] * count).dictionary_encode(),
            "source_time": pa.array([NOON + timedelta(milliseconds=place) for place in places], TIME),
            "number": pa.array([float(place) for place in places]),
        }
    )


def test_table_with_the_least_columns_is_kept_and_seen_at_once(store: Store, tmp_path: Path) -> None:
    before = datetime.now(UTC)

    assert store.append_table(numbers("a", 0, 3)) == 3

    found = open_reader(tmp_path / "store").range(["a"], NOON, NOON + HOUR)
    assert found.schema.equals(READING_SCHEMA)
    assert found["number"].to_pylist() == [0.0, 1.0, 2.0]
    assert found["quality"].to_pylist() == [0, 0, 0]
    assert found["whole"].to_pylist() == [False, False, False]
    assert before - timedelta(seconds=1) < found["receive_time"][0].as_py() <= datetime.now(UTC)


def test_tables_of_one_call_are_kept_together_or_not_at_all(store: Store) -> None:
    with pytest.raises(StoreError, match="unknown columns"):
        store.append_tables([numbers("a", 0, 3), numbers("b", 0, 3).append_column("colour", pa.array(["r"] * 3))])
    assert store.range(["a", "b"], NOON, NOON + HOUR).num_rows == 0

    assert store.append_tables([numbers("a", 0, 3), numbers("b", 0, 2)]) == 5
    assert store.append_tables([]) == 0
    assert store.range(["a", "b"], NOON, NOON + HOUR).num_rows == 5


def test_columns_are_kept_with_tables_in_one_call_and_come_back_as_written(tmp_path: Path) -> None:
    before = datetime.now(UTC)
    store = open_store(tmp_path / "store")
    a, b = store.numbers(["a", "b"])
    noon = int(NOON.timestamp() * 1e6)
    columns = ReadingColumns(
        signal=np.array([a, b, a, a, a], np.int32),
        source=noon + np.array([1, 2, 3, 4, 5]),
        number=np.array([1.5, 1.0, -0.0, 2.0**60, np.nan]),
        kind=np.array([NUMBER, TRUTH, NUMBER, WHOLE, TEXT], np.uint8),
        text=np.array([None, None, None, str(2**60), "문 열림"], object),
    )

    assert store.append_tables([numbers("c", 0, 2), columns]) == 7
    assert store.numbers(["c", "b", "a"]) == [store.numbers(["c"])[0], b, a]

    store.close()
    found = to_readings(open_reader(tmp_path / "store").range(["a", "b", "c"], NOON, NOON + HOUR))
    assert [(one.signal, one.source_time - NOON, repr(one.value), one.quality) for one in found] == [
        ("a", timedelta(microseconds=1), "1.5", 0),
        ("a", timedelta(microseconds=3), "-0.0", 0),
        ("a", timedelta(microseconds=4), str(2**60), 0),
        ("a", timedelta(microseconds=5), "'문 열림'", 0),
        ("b", timedelta(microseconds=2), "True", 0),
        ("c", timedelta(0), "0.0", 0),
        ("c", timedelta(milliseconds=1), "1.0", 0),
    ]
    assert all(before - timedelta(seconds=1) < one.receive_time <= datetime.now(UTC) for one in found)


def columns_of(signals: list[int]) -> ReadingColumns:
    rows = len(signals)
    return ReadingColumns(
        signal=np.array(signals, np.int32),
        source=np.arange(rows),
        number=np.zeros(rows),
        kind=np.full(rows, NUMBER, np.uint8),
    )


@pytest.mark.parametrize(("signals", "message"), [([0, 1], "numbered 0 to 1"), ([0, -1], "numbered -1 to 0")])
def test_columns_with_a_number_that_was_never_given_are_refused(store: Store, signals: list[int], message: str) -> None:
    store.numbers(["a"])

    with pytest.raises(StoreError, match=f"{message}; this store has given the numbers 0 to 0"):
        store.append_tables([columns_of([0]), columns_of(signals)])

    assert store.last() == {}


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"one shape \(n,\), got signal \(1,\), source \(2,\)"):
        ReadingColumns(signal=np.zeros(1), source=np.zeros(2), number=np.zeros(2), kind=np.zeros(2))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pa.table({"signal": ["a"]}), "lacks \\['source_time'\\]"),
        (pa.table({"signal": ["a"], "source_time": pa.array([None], TIME)}), "1 nulls in 'source_time'; expected none"),
        (pa.table({"signal": ["a"], "source_time": [NOON.replace(tzinfo=None)]}), "expected a timestamp with a zone"),
        (
            pa.table({"signal": ["a"], "source_time": [NOON], "number": ["warm"]}),
            "'number' \\(string\\) cannot be read",
        ),
    ],
)
def test_table_that_cannot_be_kept_is_refused(store: Store, table: pa.Table, message: str) -> None:
    with pytest.raises(StoreError, match=message):
        store.append_table(table)


def test_threads_append_at_once_and_every_reading_is_there(store: Store) -> None:
    def write(thread: int) -> None:
        for batch in range(10):
            store.append_table(numbers(f"t{thread}", batch * 5, 5))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for number in range(16):
        found = store.range([f"t{number}"], NOON, NOON + HOUR)
        assert found["number"].to_pylist() == [float(place) for place in range(50)]


def test_what_comes_during_a_write_is_written_together() -> None:
    groups: list[list[int]] = []
    first_is_under_way, go_on = threading.Event(), threading.Event()

    def commit(group: object) -> None:
        groups.append(sorted(group))  # type: ignore[call-overload]
        first_is_under_way.set()
        assert go_on.wait(60)

    commits: GroupCommit[int] = GroupCommit(commit)
    threads = [threading.Thread(target=commits.submit, args=(0,))]
    threads[0].start()
    assert first_is_under_way.wait(60)
    threads += [threading.Thread(target=commits.submit, args=(number,)) for number in range(1, 20)]
    for thread in threads[1:]:
        thread.start()
    while len(commits._waiting) < 19:
        pass
    go_on.set()
    for thread in threads:
        thread.join()

    assert groups == [[0], list(range(1, 20))]


def test_failed_write_is_told_to_every_thread_of_its_group() -> None:
    def refuse(group: object) -> None:
        raise StoreError(ko="가득 참", en="full")

    commits: GroupCommit[int] = GroupCommit(refuse)
    with pytest.raises(StoreError, match="full"):
        commits.submit(1)
