"""The spool: nothing acknowledged is lost, whatever happens to its files, and what is given up is told."""

import errno
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jasang.connect.forward import frames, segments
from jasang.connect.forward import spool as spool_module
from jasang.connect.forward.intervals import Intervals
from jasang.connect.forward.sink import ForwardSink
from jasang.connect.forward.spool import Spool
from jasang.errors import StoreError
from jasang.plant.reading import Reading, Signal

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LARGE = 50_000_000


def reading(place: int, signal: str = "A.v", value: float | int | str | bool | None = None) -> Reading:
    moment = NOON + timedelta(seconds=place)
    return Reading(
        signal=signal, source_time=moment, receive_time=moment, value=float(place) if value is None else value
    )


def rows(first: int, count: int) -> pa.Table:
    return frames.to_rows([reading(place) for place in range(first, first + count)])


def waiting(spool: Spool, after: int = 0, kept: Intervals | None = None) -> list[tuple[int, object]]:
    """Record number and value of every reading that would be sent."""
    found: list[tuple[int, object]] = []
    while (block := spool.block(after, spool.highest, kept or Intervals(), 10_000)) is not None:
        for frame in frames.read_frames(block.data):
            if frame.kind == frames.READINGS:
                found += [(frame.sequence, one.value) for one in frames.to_readings(frame.readings())]
        after = block.last
    return found


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 9))))
def test_intervals_hold_what_a_set_holds(spans: list[tuple[int, int]]) -> None:
    intervals, truth = Intervals(), set()
    for first, more in spans:
        intervals.add(first, first + more)
        truth |= set(range(first, first + more + 1))

    assert {number for number in range(80) if number in intervals} == truth
    assert all(later[0] > earlier[1] + 1 for earlier, later in zip(intervals.spans, intervals.spans[1:], strict=False))
    assert Intervals.read(str(intervals)) == intervals
    assert intervals.highest == max(truth, default=0)
    assert intervals.covers(5, 9) == (set(range(5, 10)) <= truth)


def test_readings_of_every_kind_come_out_as_they_went_in() -> None:
    values = [1.5, -0.0, 42, 2**60 + 1, -(2**63), True, False, "텍스트", "", None]
    given_ = [reading(place, value=value) for place, value in enumerate(values) if value is not None]
    given_.append(Reading(signal="A.v", source_time=NOON, receive_time=NOON, value=None, quality=0x80000000))

    [frame] = frames.read_frames(frames.write_readings(7, frames.to_rows(given_)))

    assert (frame.sequence, frame.rows) == (7, len(given_))
    assert [repr(one) for one in frames.to_readings(frame.readings())] == [repr(one) for one in given_]


@pytest.mark.parametrize("at", [0, 5, 20, 43, 44, 60, -1])
def test_damaged_record_is_noticed(at: int) -> None:
    data = bytearray(frames.write_readings(1, rows(0, 5)))
    data[at] ^= 0x10

    with pytest.raises(frames.BadFrame):
        list(frames.read_frames(bytes(data)))


def test_spool_gives_what_it_was_given_after_a_restart(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit=LARGE)
    for part in range(5):
        spool.append(rows(10 * part, 10))
    name = spool.sender
    spool.close()

    spool = Spool(tmp_path, limit=LARGE)

    assert spool.sender == name
    assert waiting(spool) == [(1 + place // 10, float(place)) for place in range(50)]
    assert spool.last(["A.v", "none"]) == {"A.v": reading(49)}
    spool.append(rows(50, 1))
    assert spool.highest == 6


def test_second_owner_is_refused(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit=LARGE)

    with pytest.raises(StoreError, match="another process writes to the spool"):
        Spool(tmp_path, limit=LARGE)
    spool.close()


@pytest.mark.parametrize("cut", [1, 30, 44, 200])
def test_record_cut_off_by_a_crash_is_taken_away_and_its_number_not_used_again(tmp_path: Path, cut: int) -> None:
    spool = Spool(tmp_path, limit=LARGE)
    spool.append(rows(0, 10))
    spool.append(rows(10, 10))
    spool.close()
    [path] = tmp_path.glob("0*.jsf")
    os.truncate(path, path.stat().st_size - cut)

    spool = Spool(tmp_path, limit=LARGE)
    spool.append(rows(20, 1))

    assert waiting(spool) == [(1, float(place)) for place in range(10)] + [(1 + spool_module.SKIPPED, 20.0)]


def test_damage_in_the_middle_costs_only_what_it_touches(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit=LARGE)
    for part in range(3):
        spool.append(rows(10 * part, 10))
    spool.close()
    [path] = tmp_path.glob("0*.jsf")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)

    found = waiting(Spool(tmp_path, limit=LARGE))

    assert [value for _, value in found] == [float(place) for place in range(30) if place // 10 != 1]


def test_files_that_were_received_whole_are_deleted(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit=200_000)
    for part in range(300):
        spool.append(rows(10 * part, 10))
    before = len(list(tmp_path.glob("0*.jsf")))

    block = spool.block(0, spool.highest, Intervals(), 1)
    assert block is not None
    kept = Intervals([(1, spool.highest - 1)])
    spool.received([(number, 10) for number in range(1, spool.highest)], kept)

    assert before > 3
    assert len(list(tmp_path.glob("0*.jsf"))) == 1
    assert spool.state().waiting == 10
    assert waiting(spool, kept=kept) == [(300, float(place)) for place in range(2990, 3000)]
    spool.close()
    assert Spool(tmp_path, limit=200_000).last()["A.v"] == reading(2999)


def test_oldest_readings_are_given_up_at_the_limit_and_that_is_told(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit=100_000, name="line-3")
    spool.describe([Signal(name="A.v", asset="A", unit="bar")])
    for part in range(600):
        spool.append(rows(10 * part, 10))

    found = waiting(spool)
    kept = {value for _, value in found if isinstance(value, float)}
    told = [json.loads(value) for _, value in found if isinstance(value, str)]
    state = spool.state()

    assert sum(path.stat().st_size for path in tmp_path.glob("*.jsf")) <= 110_000  # last.jsf is not counted
    assert kept == {float(place) for place in range(6000 - len(kept), 6000)}
    # What is told may itself be given up later; then the newest of it is still there.
    assert state.lost == 6000 - len(kept) or state.lost > 6000 - len(kept)
    assert {entry["reason"] for entry in told} == {"limit"}
    assert max(entry["to"] for entry in told) == (NOON + timedelta(seconds=6000 - len(kept) - 1)).isoformat()
    assert (state.lost_from, state.lost_to) == (NOON, NOON + timedelta(seconds=6000 - len(kept) - 1))


def test_policy_stop_refuses_instead_of_giving_up(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit=100_000, when_full="stop")
    sink = ForwardSink(spool)
    kept = _until_refused(sink, 0, "reached its limit of 100,000 bytes")

    assert [value for _, value in waiting(spool)] == [float(place) for place in range(kept)]
    assert spool.state().lost == 0


def _until_refused(sink: ForwardSink, first: int, message: str) -> int:
    for place in range(first, 100_000):
        try:
            sink.append([reading(place)])
        except StoreError as error:
            if message not in error.en:
                raise
            return place
    raise AssertionError("nothing was refused")


@pytest.mark.parametrize(("when_full", "lost"), [("drop_oldest", True), ("stop", False)])
def test_full_disk_follows_the_policy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when_full: spool_module.WhenFull, lost: bool
) -> None:
    spool = Spool(tmp_path, limit=200_000, when_full=when_full)
    for part in range(300):
        spool.append(rows(10 * part, 10))
    room = sum(path.stat().st_size for path in tmp_path.glob("*.jsf")) + 2_000
    write = os.write

    def limited(descriptor: int, data: bytes | memoryview) -> int:
        if sum(path.stat().st_size for path in tmp_path.glob("*.jsf")) + len(data) > room:
            write(descriptor, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", limited)
    if lost:
        for part in range(300, 320):
            spool.append(rows(10 * part, 10))
        told = [json.loads(value) for _, value in waiting(spool) if isinstance(value, str)]
        assert {entry["reason"] for entry in told} == {"disk"}
        assert spool.state().lost == sum(entry["readings"] for entry in told) > 0
    else:
        _until_refused(ForwardSink(spool), 3000, "No space left on device")
        assert spool.state().lost == 0
    spool.close()
    monkeypatch.undo()
    values = [value for _, value in waiting(Spool(tmp_path, limit=200_000)) if isinstance(value, float)]
    assert values == [float(place) for place in range(int(values[0]), int(values[-1]) + 1)]


def test_loss_that_a_crash_left_untold_is_told_by_the_next_owner(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit=LARGE, name="line-3")
    spool.append(rows(0, 10))
    segments.give_up(spool._segments[0], "disk")
    spool.close()

    spool = Spool(tmp_path, limit=LARGE, name="line-3")
    spool.append(rows(10, 1))

    told, value = waiting(spool)
    assert json.loads(str(told[1])) == {
        "readings": 10,
        "from": "2026-03-01T12:00:00+00:00",
        "to": "2026-03-01T12:00:09+00:00",
        "reason": "disk",
    }
    assert value[1] == 10.0
    assert told[0] > 1
    assert list(tmp_path.glob("*.lost")) == []


def test_receiver_that_has_more_than_was_written_makes_the_spool_send_under_a_new_name(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit=LARGE)
    spool.append(rows(0, 10))
    name = spool.sender

    kept = spool.reconcile(Intervals([(1, 40)]))

    assert kept.spans == []
    assert spool.sender != name
    assert len(waiting(spool, kept=kept)) == 10
