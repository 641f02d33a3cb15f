"""What every store and reader promises, held against a plain dictionary under random histories of writing.

A member of `VIEWS` is one way to look at the same readings: the owner, a reader beside it, a reader of a folder nobody owns.
"""

import contextlib
import math
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jasang.plant.reading import Reading
from jasang.store import Reader, Store, open_reader, open_store, to_readings

BEGIN = datetime(2026, 3, 1, 22, tzinfo=UTC)  # two hours before a day ends
END = BEGIN + timedelta(hours=5)
NAMES = ["a", "b", "c"]
VIEWS = ["owner", "reader beside the owner", "reader of the files"]
BAD = 0x80000000

values = st.one_of(
    st.floats(allow_nan=False, width=64).map(lambda v: v + 0.0),
    st.integers(-(2**63), 2**64 - 1),
    st.decimals(-1000, 1000, places=2).map(float),
    st.booleans(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    st.none(),
)
reading = st.builds(
    lambda name, seconds, micro, value, bad: Reading(
        signal=name,
        source_time=BEGIN + timedelta(seconds=seconds, microseconds=micro),
        receive_time=END,
        value=value,
        quality=BAD if bad else 0,
    ),
    st.sampled_from(NAMES),
    st.integers(0, 40).map(lambda place: place * 420),
    st.sampled_from([0, 0, 0, 1]),
    values,
    st.booleans(),
)
step = st.one_of(
    st.lists(reading, min_size=1, max_size=12),
    st.integers(0, 5).map(lambda hours: BEGIN + timedelta(hours=hours)),
    st.sampled_from(["compact", "reopen", "seal"]),
)


def typed(found: Reading) -> tuple[object, ...]:
    return found.signal, found.source_time, found.quality, type(found.value), repr(found.value)


def played(folder: Path, steps: list[object]) -> tuple[Store, list[Reading]]:
    """A store after the steps, and what was written in order."""
    store, written = open_store(folder), []
    for number, this in enumerate(steps):
        if isinstance(this, list):
            arrived = [
                Reading(
                    signal=r.signal,
                    source_time=r.source_time,
                    receive_time=END + timedelta(seconds=number),
                    value=r.value,
                    quality=r.quality,
                )
                for r in this
            ]
            store.append(arrived)
            written += arrived
        elif isinstance(this, datetime):
            store.settle(this)
        elif this == "compact":
            store.compact()  # type: ignore[attr-defined]
        elif this == "seal":
            store.seal()  # type: ignore[attr-defined]
        else:
            store.close()
            store = open_store(folder)
    return store, written


@contextlib.contextmanager
def looked_at(store: Store, folder: Path, view: str) -> Iterator[Reader]:
    if view == "owner":
        yield store
        store.close()
        return
    if view == "reader of the files":
        store.close()
    reader = open_reader(folder)
    yield reader
    reader.close()
    if view != "reader of the files":
        store.close()


def number(found: Reading) -> float:
    """What a grid shows of a reading."""
    if found.quality >= BAD or isinstance(found.value, str) or found.value is None:
        return math.nan
    return float(found.value)


def held(model: dict[tuple[str, datetime], Reading], name: str, moment: datetime) -> float:
    before = [r for (signal, time), r in model.items() if signal == name and time <= moment]
    return number(max(before, key=lambda r: r.source_time)) if before else math.nan


@pytest.mark.parametrize("view", VIEWS)
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(step, min_size=1, max_size=9))
def test_every_view_agrees_with_a_dictionary(view: str, steps: list[object]) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "store"
        store, written = played(folder, steps)
        model = {(r.signal, r.source_time): r for r in written}
        expected = [model[key] for key in sorted(model)]
        middle = BEGIN + timedelta(hours=2)

        with looked_at(store, folder, view) as reader:
            found = to_readings(reader.range(NAMES, BEGIN, END))
            assert [typed(r) for r in found] == [typed(r) for r in expected]
            assert [r.receive_time for r in found] == [r.receive_time for r in expected]
            part = to_readings(reader.range(["b"], middle, middle + timedelta(hours=1)))
            inside = [r for r in expected if r.signal == "b" and middle <= r.source_time < middle + timedelta(hours=1)]
            assert [typed(r) for r in part] == [typed(r) for r in inside]
            latest = {r.signal: typed(r) for r in expected}  # sorted by time: the last one of each signal stays
            assert {name: typed(r) for name, r in reader.last().items()} == latest
            check_extent(reader, expected)
            check_buckets(reader, expected)
            times, matrix = reader.grid(NAMES, middle, END, timedelta(minutes=30))
            grid = [
                [held(model, name, middle + i * timedelta(minutes=30)) for name in NAMES] for i in range(len(times))
            ]
            np.testing.assert_array_equal(matrix, np.array(grid))
            for key in list(model)[:3]:
                history = [typed(r) for r in reader.history(*key)]
                all_written = [typed(r) for r in written if (r.signal, r.source_time) == key]
                assert history[-1] == typed(model[key])
                assert set(history) == set(all_written)


def check_extent(reader: Reader, expected: list[Reading]) -> None:
    times = [r.source_time for r in expected]
    assert reader.extent() == ((min(times), max(times)) if times else None)


def check_buckets(reader: Reader, expected: list[Reading]) -> None:
    for row in reader.downsample(NAMES, BEGIN, END, 4).to_pylist():
        inside = [
            r
            for r in expected
            if r.signal == row["signal"] and row["bucket"] <= r.source_time < row["bucket"] + timedelta(minutes=75)
        ]
        numbers = [float(r.value) for r in inside if isinstance(r.value, (bool, int, float)) and math.isfinite(r.value)]
        assert row["readings"] == len(inside) > 0
        assert row["bad"] == sum(r.quality >= BAD for r in inside)
        assert row["minimum"] == (min(numbers) if numbers else None)
        assert row["maximum"] == (max(numbers) if numbers else None)
