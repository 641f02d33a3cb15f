"""The audit trail of write-back: JSON lines that are only ever added to, each with the hash of the one before.

An entry is on the disk before what it announces is done. A line that a crash cut short stays where it is: the next entry names
its hash (`torn`). Any other change of the file breaks the chain and is told with its line. Entries cut off at the end cannot be
seen in the file itself: note the head that `jasang write status` shows.
"""

import contextlib
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jasang.errors import WriteRefused

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

FORMAT = "jasang.audit/1"
FILE = "audit.jsonl"
START = "0" * 64  # what the first entry calls the hash before it
PATIENCE = 10.0  # s until another process has written its entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One step: when (UTC), of which proposal, by whom (a person, or `jasang`), and its details."""

    number: int
    at: datetime
    step: str
    proposal: str
    by: str
    detail: Mapping[str, Any]
    digest: str


class AuditTrail:
    """The trail in one folder; several processes may add to it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / FILE

    def entries(self) -> tuple[Entry, ...]:
        """All entries, the chain checked; `WriteRefused` names the first line that was changed."""
        try:
            content = self.file.read_bytes()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise _broken(self.file, str(error), str(error)) from error
        return tuple(_read(self.file, content)[0])

    def add(self, step: str, proposal: str, by: str, **detail: Any) -> Entry:
        """Add one entry; it is on the disk when this returns. Raises `WriteRefused` when it cannot be, or the chain is broken."""
        return self.add_if(lambda _: (step, proposal, by, detail))

    def add_if(self, decide: Any) -> Entry:
        """As `add`, of what `decide(entries)` gives, with no other process in between; what it raises adds nothing."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with locked(self.folder / "audit.lock", PATIENCE), self.file.open("a+b") as opened:
                opened.seek(0)
                entries, torn = _read(self.file, opened.read())
                last = entries[-1] if entries else None
                if torn:
                    last = _append(opened, last, "torn", "", "jasang", {"sha256": torn}, b"\n")
                step, proposal, by, detail = decide(tuple(entries))
                return _append(opened, last, step, proposal, by, detail)
        except OSError as error:
            raise _broken(self.file, str(error), str(error)) from error


def _append(
    opened: Any, last: Entry | None, step: str, proposal: str, by: str, detail: Mapping[str, Any], before: bytes = b""
) -> Entry:
    body = {
        "format": FORMAT,
        "number": 1 if last is None else last.number + 1,
        "at": datetime.now(UTC).isoformat(),
        "step": step,
        "proposal": proposal,
        "by": by,
        "detail": dict(detail),
        "previous": START if last is None else last.digest,
    }
    digest = _digest(body)
    opened.write(before + json.dumps({**body, "hash": digest}, ensure_ascii=False).encode() + b"\n")
    opened.flush()
    os.fsync(opened.fileno())
    return _entry({**body, "hash": digest})


def _digest(body: Mapping[str, Any]) -> str:
    plain = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(plain.encode()).hexdigest()


def _entry(found: Mapping[str, Any]) -> Entry:
    return Entry(
        number=found["number"],
        at=datetime.fromisoformat(found["at"]),
        step=found["step"],
        proposal=found["proposal"],
        by=found["by"],
        detail=MappingProxyType(found["detail"]),
        digest=found["hash"],
    )


def _read(file: Path, content: bytes) -> tuple[list[Entry], str | None]:
    """The entries, and the hash of a last line that a crash cut short."""
    entries: list[Entry] = []
    *lines, tail = content.split(b"\n")
    torn: tuple[int, str] | None = None
    for place, line in enumerate(lines, start=1):
        try:
            found = json.loads(line)
            digest = found.pop("hash")
            previous = entries[-1].digest if entries else START
            sound = found["format"] == FORMAT and found["previous"] == previous and digest == _digest(found)
            one = _entry({**found, "hash": digest}) if sound else None
        except (ValueError, KeyError, TypeError, AttributeError):
            one = None
        if one is None:
            if torn is not None:
                raise _line(file, torn[0])
            torn = place, hashlib.sha256(line).hexdigest()
            continue
        if torn is not None:
            if one.step != "torn" or one.detail.get("sha256") != torn[1]:
                raise _line(file, torn[0])
            torn = None
        entries.append(one)
    if torn is not None:
        raise _line(file, torn[0])
    return entries, hashlib.sha256(tail).hexdigest() if tail else None


def _line(file: Path, line: int) -> WriteRefused:
    return _broken(
        file,
        f"{line}번째 줄이 바뀌었거나 빠졌습니다. 사본과 비교해 원래대로 돌려놓기 전에는 아무것도 쓰지 않습니다",
        f"line {line} was changed, or one before it is missing; nothing is written until it is as it was",
    )


def _broken(file: Path, ko: str, en: str) -> WriteRefused:
    return WriteRefused(ko=f"기록 {file}: {ko}.", en=f"audit trail {file}: {en}")


@contextlib.contextmanager
def locked(path: Path, patience: float) -> Iterator[None]:
    """Hold a lock that the operating system lets go of when the process dies; `BlockingIOError` after `patience` s."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + patience
    try:
        while True:
            try:
                if sys.platform == "win32":
                    msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
                else:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if time.monotonic() > deadline:
                    raise BlockingIOError(f"{path} is held by another process") from error
                time.sleep(0.02)
        yield
    finally:
        os.close(descriptor)
