"""Files of a spool: records one after another, named by the number of the first. The newest one grows, older ones never change.

Numbers inside a file follow each other without a gap.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from jasang.connect.forward.frames import BadFrame, Frame, read_frame

SUFFIX = ".jsf"
LOST = ".lost"


@dataclass(slots=True)
class Segment:
    """One file: numbers of its first and last record, readings in it and those already received, span of source times in us."""

    path: Path
    first: int
    last: int
    size: int = 0
    rows: int = 0
    received: int = 0
    earliest: int = 0
    latest: int = 0
    offsets: list[int] = field(default_factory=list)  # where each record begins; only of the newest file

    @property
    def waiting(self) -> int:
        """Readings not yet received."""
        return self.rows - self.received

    def count(self, sequence: int, rows: int, earliest: int, latest: int, size: int) -> None:
        """A record was added."""
        if rows:
            self.earliest = min(self.earliest, earliest) if self.rows else earliest
            self.latest = max(self.latest, latest) if self.rows else latest
        self.offsets.append(self.size)
        self.last = sequence
        self.rows += rows
        self.size = size


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Readings given up: how many, the span of their source times in us, and why."""

    number: int  # of the last record that was lost
    readings: int
    earliest: int
    latest: int
    reason: str


def segment_path(folder: Path, first: int) -> Path:
    """Where the segment that begins with record `first` lies."""
    return folder / f"{first:020d}{SUFFIX}"


def open_segment(path: Path, *, newest: bool) -> tuple[Segment, list[tuple[int, int]]]:
    """Count what a file holds, and the spans of bytes that are damaged.

    Of the newest file a tail that was cut off by a crash is taken away: it was never acknowledged.
    """
    first = int(path.stem)
    segment = Segment(path, first, first - 1)
    damaged: list[tuple[int, int]] = []
    data = memoryview(path.read_bytes())
    for found in _scan(data):
        if isinstance(found, Frame):
            segment.count(found.sequence, found.rows, found.first, found.last, found.end)
        else:
            damaged.append(found)
    if newest and damaged and damaged[-1][1] == len(data):
        with path.open("r+b") as file:
            file.truncate(damaged[-1][0])
            os.fsync(file.fileno())
        segment.size = damaged[-1][0]
    else:
        segment.size = len(data)
    return segment, damaged


def read_records(path: Path, size: int, start: int = 0) -> tuple[memoryview, list[Frame]]:
    """The bytes from `start` to `size` of a file and the whole records in them; damaged ones are left out."""
    with path.open("rb") as file:
        file.seek(start)
        data = memoryview(file.read(size - start))
    return data, [found for found in _scan(data) if isinstance(found, Frame)]


def _scan(data: memoryview) -> Iterator[Frame | tuple[int, int]]:
    """Records, and the spans between them that are none: after damage the next record is found by its magic and checksum."""
    at = 0
    whole = bytes(data)
    while at < len(data):
        try:
            frame = read_frame(data, at)
        except BadFrame:
            after = _next_record(data, whole, at + 1)
            yield at, after
            at = after
            continue
        yield frame
        at = frame.end


def _next_record(data: memoryview, whole: bytes, at: int) -> int:
    while (at := whole.find(b"JSF1", at)) >= 0:
        try:
            read_frame(data, at)
        except BadFrame:
            at += 1
            continue
        return at
    return len(data)


def give_up(segment: Segment, reason: str) -> Loss:
    """Free a segment's bytes, leaving an empty file whose name tells what was lost. Needs no room on the disk."""
    loss = Loss(
        number=segment.last,
        readings=segment.waiting,
        earliest=segment.earliest,
        latest=segment.latest,
        reason=reason,
    )
    name = f"{loss.number:020d}_{loss.readings}_{loss.earliest}_{loss.latest}_{reason}{LOST}"
    left = segment.path.with_name(name)
    os.replace(segment.path, left)
    os.truncate(left, 0)
    return loss


def untold_losses(folder: Path) -> list[Loss]:
    """Losses whose files are still there: not yet told to the receiver."""
    found = []
    for path in sorted(folder.glob(f"*{LOST}")):
        number, readings, earliest, latest, reason = path.stem.split("_", 4)
        os.truncate(path, 0)  # a crash may have come before it was emptied
        found.append(
            Loss(
                number=int(number),
                readings=int(readings),
                earliest=int(earliest),
                latest=int(latest),
                reason=reason,
            )
        )
    return found


def told(folder: Path, loss: Loss) -> None:
    """Forget a loss: it stands in a record now."""
    for path in folder.glob(f"{loss.number:020d}_*{LOST}"):
        path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable."""
    if os.name == "posix":  # Windows cannot open a directory; NTFS journals its entries
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
