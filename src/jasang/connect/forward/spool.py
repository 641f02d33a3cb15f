"""The spool: readings on the collector's disk, synced before they are acknowledged, kept until the receiver has them for good.

spool.json     format and the sender's name, which no other spool has
*.jsf          records (see `frames.py`) in the order of their numbers, a few MB a file
*.lost         readings that were given up because there was no room, until that is told in a record
last.jsf       the latest reading of each signal, as of some record
"""

import bisect
import errno
import json
import logging
import os
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pyarrow as pa

from jasang.connect.forward import frames
from jasang.connect.forward.intervals import Intervals
from jasang.connect.forward.ownership import lock
from jasang.connect.forward.segments import (
    SUFFIX,
    Loss,
    Segment,
    give_up,
    open_segment,
    read_records,
    segment_path,
    sync_folder,
    told,
    untold_losses,
)
from jasang.errors import StoreError
from jasang.plant.reading import Reading, Signal

FORMAT = "jasang.spool/1"
SEGMENT = 4_000_000  # bytes of one file; what is given up at once when there is no room
SKIPPED = 1_000  # numbers left out after damage
FEWEST_SEGMENTS = 8  # a small limit makes smaller files
WhenFull = Literal["drop_oldest", "stop"]
COLLECTOR = "jasang.collector"  # signals that a collector tells of itself: jasang.collector.<name>.dropped …
ITSELF = "jasang"  # and their asset
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Records to send in one request: their bytes one after another, their numbers and readings."""

    data: bytes
    records: tuple[tuple[int, int], ...]  # number, readings

    @property
    def last(self) -> int:
        """The number of the last record."""
        return self.records[-1][0]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolState:
    """Readings that wait, the earliest of their source times, bytes on disk, and what was given up since the process began."""

    waiting: int
    earliest: datetime | None
    size: int
    limit: int
    lost: int
    lost_from: datetime | None
    lost_to: datetime | None


class Spool:
    """The one owner of a spool's folder. Threads may share it."""

    def __init__(
        self, folder: Path, *, limit: int, when_full: WhenFull = "drop_oldest", name: str = "collector"
    ) -> None:
        self._folder, self._limit, self._when_full, self._name = folder, limit, when_full, name
        self._segment_size = max(20_000, min(SEGMENT, limit // FEWEST_SEGMENTS))
        self._lock = threading.RLock()
        self._segments: list[Segment] = []
        self._file: int | None = None
        self._last: dict[str, Reading] = {}
        self._lost: list[Loss] = []
        self._described: dict[str, Signal] = {}
        self.arrived: Callable[[], None] = lambda: None  # called after each record, from the thread that wrote it
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._owner = lock(folder)
            self.sender = self._read_name()
            self._untold = untold_losses(folder)
            self._open_segments()
        except OSError as error:
            raise StoreError(
                ko=f"전송 대기 폴더 {folder} 을(를) 열 수 없습니다: {error}",
                en=f"the spool {folder} cannot be opened: {error}",
            ) from error

    @property
    def highest(self) -> int:
        """The number of the last record."""
        with self._lock:
            return self._segments[-1].last

    def append(self, rows: pa.Table) -> None:
        """Keep readings (as `frames.SCHEMA`); they survive a kill once this returns. `StoreError` when there is no room."""
        if rows.num_rows:
            with self._lock:
                self._tell_losses()
                self._write(lambda sequence: frames.write_readings(sequence, rows))
                self._remember(rows)
            self.arrived()

    def describe(self, signals: Iterable[Signal]) -> None:
        """Keep what is known of signals, to be told to the receiver."""
        told_of = list(signals)
        if told_of:
            with self._lock:
                self._described |= {signal.name: signal for signal in told_of}
                self._write(lambda sequence: frames.write_signals(sequence, told_of))
            self.arrived()

    def last(self, signals: Sequence[str] | None = None) -> dict[str, Reading]:
        """The latest reading of each signal that was ever kept here."""
        with self._lock:
            wanted: Iterable[str] = self._last if signals is None else signals
            return {name: self._last[name] for name in wanted if name in self._last}

    def block(self, after: int, up_to: int, received: Intervals, most: int) -> Block | None:
        """The next records numbered above `after`, at most `up_to`, that are not received: some `most` bytes, at least one."""
        with self._lock:
            places = [
                (s.path, s.size, s.offsets[after + 1 - s.first] if s.offsets and s.first <= after else 0)
                for s in self._segments
                if s.last > after and s.first <= up_to and s.size
            ]
        parts: list[bytes] = []
        records: list[tuple[int, int]] = []
        size = 0
        for path, length, start in places:
            try:
                data, found = read_records(path, length, start)
            except FileNotFoundError:
                continue  # received or given up meanwhile
            for frame in found:
                if after < frame.sequence <= up_to and frame.sequence not in received:
                    if records and size + frame.end - frame.start > most:
                        return Block(data=b"".join(parts), records=tuple(records))
                    parts.append(bytes(data[frame.start : frame.end]))
                    records.append((frame.sequence, frame.rows))
                    size += frame.end - frame.start
        return Block(data=b"".join(parts), records=tuple(records)) if records else None

    def received(self, records: Iterable[tuple[int, int]], kept: Intervals) -> None:
        """The receiver has made records durable (number, readings); files of which it has all are deleted."""
        with self._lock:
            firsts = [segment.first for segment in self._segments]
            for number, rows in records:
                place = bisect.bisect_right(firsts, number) - 1
                if place >= 0 and number <= self._segments[place].last:
                    self._segments[place].received += rows
            self._delete(kept)

    def reconcile(self, kept: Intervals) -> Intervals:
        """Begin with what the receiver says it has, and return what counts as received.

        A receiver that has more than was ever written here knows another state of the spool (restored from a copy): nothing
        counts, and the spool sends under a new name.
        """
        with self._lock:
            if kept.highest > self._segments[-1].last:
                _log.warning(
                    "the spool %s is older than what was received from it; it sends under a new name", self._folder
                )
                self._rename()
                kept = Intervals()
            for segment in self._segments:
                if segment.size and any(first <= segment.last and last >= segment.first for first, last in kept.spans):
                    frames_there = read_records(segment.path, segment.size)[1]
                    segment.received = sum(frame.rows for frame in frames_there if frame.sequence in kept)
                else:
                    segment.received = 0
            self._delete(kept)
            return kept

    def bytes_after(self, number: int) -> int:
        """About how many bytes lie in records after `number`."""
        with self._lock:
            size = 0
            for segment in self._segments:
                if segment.last > number and segment.waiting:
                    behind = (
                        segment.offsets[number + 1 - segment.first]
                        if segment.offsets and segment.first <= number
                        else 0
                    )
                    size += segment.size - behind
            return size

    def state(self) -> SpoolState:
        """How full it is."""
        with self._lock:
            waiting = [segment for segment in self._segments if segment.waiting]
            return SpoolState(
                waiting=sum(segment.waiting for segment in waiting),
                earliest=_moment(min(segment.earliest for segment in waiting)) if waiting else None,
                size=sum(segment.size for segment in self._segments),
                limit=self._limit,
                lost=sum(loss.readings for loss in self._lost),
                lost_from=_moment(min(loss.earliest for loss in self._lost)) if self._lost else None,
                lost_to=_moment(max(loss.latest for loss in self._lost)) if self._lost else None,
            )

    def close(self) -> None:
        """Let go of the folder; what waits is sent by the next owner."""
        with self._lock:
            self._save_last()
            if self._file is not None:
                os.close(self._file)
                self._file = None
            os.close(self._owner)

    def _write(self, record: Callable[[int], bytes]) -> None:
        data = record(self._segments[-1].last + 1)
        self._make_room(len(data))
        while True:
            try:
                self._append_to_file(data)
                return
            except OSError as error:
                if not self._free_for(error):
                    raise StoreError(
                        ko=f"전송 대기 폴더 {self._folder} 에 쓸 수 없습니다: {error}",
                        en=f"the spool {self._folder} cannot be written: {error}",
                    ) from error

    def _append_to_file(self, data: bytes) -> None:
        """Add a record to the newest file and sync it; after an error the file is as before."""
        segment = self._segments[-1]
        if segment.size and segment.size + len(data) > self._segment_size:
            segment = self._begin_segment()
        if self._file is None:
            self._file = os.open(segment.path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
            sync_folder(self._folder)
        try:
            os.lseek(self._file, segment.size, os.SEEK_SET)
            view = memoryview(data)
            while view:
                view = view[os.write(self._file, view) :]
            _sync(self._file)
        except OSError:
            os.ftruncate(self._file, segment.size)
            raise
        frame = frames.read_frame(memoryview(data), 0)
        segment.count(frame.sequence, frame.rows, frame.first, frame.last, segment.size + len(data))

    def _begin_segment(self) -> Segment:
        if self._file is not None:
            os.close(self._file)
            self._file = None
        self._save_last()
        self._segments[-1].offsets = []
        number = self._segments[-1].last + 1
        self._segments.append(Segment(segment_path(self._folder, number), number, number - 1))
        return self._segments[-1]

    def _make_room(self, more: int) -> None:
        """Keep to the limit by the policy."""
        while sum(segment.size for segment in self._segments) + more > self._limit:
            if self._when_full == "stop" or not self._give_up_oldest("limit"):
                raise StoreError(
                    ko=f"전송 대기 폴더 {self._folder} 이(가) 한도 {self._limit:,}바이트에 찼습니다.",
                    en=f"the spool {self._folder} has reached its limit of {self._limit:,} bytes",
                )

    def _free_for(self, error: OSError) -> bool:
        """Whether something could be given up so that a write may be tried again."""
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        return full and self._when_full == "drop_oldest" and self._give_up_oldest("disk")

    def _give_up_oldest(self, reason: str) -> bool:
        """Free the oldest file. The newest one only when it is not the only one that holds anything."""
        if len(self._segments) == 1:
            if not self._segments[0].size:
                return False
            self._begin_segment()
        oldest = self._segments.pop(0)
        loss = give_up(oldest, reason)
        if loss.readings:
            if not self._lost:
                _log.error("the spool %s is full: the oldest readings are given up", self._folder)
            self._lost.append(loss)
            self._untold.append(loss)
        else:
            told(self._folder, loss)
        return True

    def _tell_losses(self) -> None:
        """Write down the losses that no record tells yet."""
        if not self._untold:
            return
        signal = f"{COLLECTOR}.{self._name}.dropped"
        losses, self._untold = self._untold, []
        readings = [loss_reading(signal, loss) for loss in losses]
        try:
            self._described[signal] = Signal(name=signal, asset=ITSELF)
            described = list(self._described.values())  # what was known of signals may have been given up as well
            self._write(lambda sequence: frames.write_signals(sequence, described))
            self._write(lambda sequence: frames.write_readings(sequence, frames.to_rows(readings)))
        except StoreError:
            self._untold = [*losses, *self._untold]
            raise
        for loss in losses:
            told(self._folder, loss)

    def _delete(self, kept: Intervals) -> None:
        while len(self._segments) > 1 and kept.covers(self._segments[0].first, self._segments[0].last):
            self._segments.pop(0).path.unlink(missing_ok=True)
        for segment in self._segments[:-1]:
            if kept.covers(segment.first, segment.last):
                segment.path.unlink(missing_ok=True)
        self._segments = [s for s in self._segments[:-1] if s.path.exists()] + self._segments[-1:]

    def _remember(self, rows: pa.Table) -> None:
        for reading in frames.to_readings(frames.latest(rows)):
            known = self._last.get(reading.signal)
            if known is None or known.source_time <= reading.source_time:
                self._last[reading.signal] = reading

    def _save_last(self) -> None:
        """Write down the latest readings before files that hold them may go."""
        if not self._last:
            return
        data = frames.write_readings(self._segments[-1].last, frames.to_rows(list(self._last.values())))
        new = self._folder / "last.new"
        try:
            with new.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(new, self._folder / f"last{SUFFIX}")
        except OSError as error:  # a full disk must not stop the collecting; only a restart would miss it
            _log.warning("the latest readings cannot be written to %s: %s", self._folder, error)
            new.unlink(missing_ok=True)

    def _open_segments(self) -> None:
        paths = sorted(path for path in self._folder.glob(f"*{SUFFIX}") if path.stem.isdigit())
        if not paths:
            self._rename()  # numbers begin anew, and what was received under the old name has them already
        last_file = self._folder / f"last{SUFFIX}"
        if last_file.exists():
            for frame in read_records(last_file, last_file.stat().st_size)[1]:
                self._remember(frame.readings())
        next_number = 1
        for path in paths:
            segment, damaged = open_segment(path, newest=path == paths[-1])
            for start, end in damaged:
                _log.error("%s is damaged from byte %d to %d; nothing can be read there", path, start, end)
            for frame in read_records(path, segment.size)[1]:
                if frame.kind == frames.READINGS:
                    self._remember(frame.readings())
            self._segments.append(segment)
            # A number that damage hides may have been received: it is not given to another record.
            next_number = segment.last + (SKIPPED if damaged else 1)
        next_number = max([next_number, *(loss.number + 1 for loss in self._untold)])
        if not self._segments or self._segments[-1].last + 1 < next_number:
            self._segments.append(Segment(segment_path(self._folder, next_number), next_number, next_number - 1))

    def _read_name(self) -> str:
        path = self._folder / "spool.json"
        try:
            found: Mapping[str, str] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return self._rename()
        except ValueError as error:
            raise StoreError(
                ko=f"{path} 을(를) 읽을 수 없습니다: {error}", en=f"{path} cannot be read: {error}"
            ) from error
        if found.get("format") != FORMAT:
            raise StoreError(
                ko=f"{path} 은(는) 형식 {found.get('format')!r} 입니다. 이 버전은 {FORMAT!r} 만 엽니다.",
                en=f"{path} has format {found.get('format')!r}; this release opens {FORMAT!r}",
            )
        return found["sender"]

    def _rename(self) -> str:
        self.sender = f"{self._name}-{uuid.uuid4().hex[:12]}"
        new = self._folder / "spool.new"
        new.write_text(json.dumps({"format": FORMAT, "sender": self.sender}), encoding="utf-8")
        os.replace(new, self._folder / "spool.json")
        sync_folder(self._folder)
        return self.sender


def loss_reading(signal: str, loss: Loss) -> Reading:
    """A loss as a reading; always the same for the same loss."""
    latest = _moment(loss.latest)
    told_of = {
        "readings": loss.readings,
        "from": _moment(loss.earliest).isoformat(),
        "to": latest.isoformat(),
        "reason": loss.reason,
    }
    return Reading(signal=signal, source_time=latest, receive_time=latest, value=json.dumps(told_of))


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _sync(descriptor: int) -> None:
    if hasattr(os, "fdatasync"):
        os.fdatasync(descriptor)
    else:
        os.fsync(descriptor)
