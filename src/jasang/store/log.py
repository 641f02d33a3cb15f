"""The log: an append-only file of records, each with a checksum; a record is acknowledged once it is synced.

A record is `magic, CRC-32 of the rest, length of the body` and the body: a JSON head that names the columns, then their bytes,
little-endian. A log stands alone: names of signals are in the first record that uses them.

What a crash leaves at the end was never acknowledged and is cut off. A damaged record with whole ones behind it is a damaged
disk, never a crash: `StoreError` names file and place.
"""

import json
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jasang.errors import StoreError
from jasang.store.block import Array, Block

MAGIC = b"JSR2"
_HEAD = struct.Struct("<4sIQ")  # magic, checksum, length of the body in bytes
_COUNT = struct.Struct("<I")  # length of the JSON head
_TYPES = {"signal": "<i4", "source": "<i8", "receive": "<i8", "number": "<f8", "kind": "<u1", "quality": "<u4"}
_sync = getattr(os, "fdatasync", os.fsync)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Rows of one synced write, and the names that this log had not used before; the first of them has number `first_name`."""

    block: Block
    first_name: int
    names: tuple[str, ...]


def packed(record: Record) -> bytes:
    """The bytes of a record."""
    return b"".join(_parts(record))


def _parts(record: Record) -> list[bytes | memoryview]:
    """The bytes of a record in several pieces; columns are not copied."""
    block = record.block
    parts: list[bytes | memoryview] = []
    columns: dict[str, int | None] = {}
    for name, kind in _TYPES.items():
        column: Array = getattr(block, name)
        one_value = len(column) and name not in ("source", "number") and column[0] == column[-1]
        if one_value and (not any(column.strides) or (column == column[0]).all()):
            columns[name] = int(column[0])
        else:
            columns[name] = None
            parts.append(np.ascontiguousarray(column, kind).data.cast("B"))
    head: dict[str, Any] = {"rows": len(block), "first": record.first_name, "names": record.names, "columns": columns}
    if block.text is not None:
        places = [place for place, text in enumerate(block.text) if text is not None]
        head["text"] = [places, [block.text[place] for place in places]]
    told = json.dumps(head).encode()
    parts.insert(0, _COUNT.pack(len(told)) + told)
    checksum = length = 0
    for part in parts:
        checksum = zlib.crc32(part, checksum)
        length += len(part)
    return [_HEAD.pack(MAGIC, checksum, length), *parts]


def _unpacked(body: memoryview) -> Record:
    (size,) = _COUNT.unpack_from(body)
    head = json.loads(bytes(body[_COUNT.size : _COUNT.size + size]))
    rows, at = head["rows"], _COUNT.size + size
    columns: dict[str, Array] = {}
    for name, kind in _TYPES.items():
        constant = head["columns"][name]
        if constant is None:
            columns[name] = np.frombuffer(body, kind, rows, at)
            at += columns[name].nbytes
        else:
            columns[name] = np.full(rows, constant, kind)
    text = None
    if "text" in head:
        text = np.full(rows, None, object)
        for place, value in zip(*head["text"], strict=True):
            text[place] = value
    return Record(block=Block(**columns, text=text), first_name=head["first"], names=tuple(head["names"]))


def records(path: Path) -> Iterator[tuple[Record, int]]:
    """The whole records of a log and where each ends; what a crash left behind the last one is passed over.

    Raises `StoreError` where a damaged record has a whole one behind it.
    """
    try:
        content = memoryview(path.read_bytes())
    except OSError as error:
        raise StoreError(
            ko=f"저장소 기록 {path} 을(를) 읽을 수 없습니다: {error}",
            en=f"the store's log {path} cannot be read: {error}",
        ) from error
    at = 0
    while (end := _whole(content, at)) is not None:
        yield _unpacked(content[at + _HEAD.size : end]), end
        at = end
    following = next_whole(content, at + 1)
    if following is not None:
        raise StoreError(
            ko=f"저장소 기록 {path} 의 {at}~{following} 바이트가 손상되었습니다. "
            "jasang store check --repair 로 나머지를 살리세요.",
            en=f"the store's log {path} is damaged from byte {at} to {following}; "
            "jasang store check --repair keeps what is whole and sets the rest aside",
        )


def _whole(content: memoryview, at: int) -> int | None:
    """Where the record at `at` ends, `None` when there is no whole one."""
    if at + _HEAD.size > len(content):
        return None
    magic, checksum, length = _HEAD.unpack_from(content, at)
    end = at + _HEAD.size + length
    if (
        magic != MAGIC
        or length < _COUNT.size
        or end > len(content)
        or zlib.crc32(content[at + _HEAD.size : end]) != checksum
    ):
        return None
    return int(end)


def next_whole(content: memoryview, at: int) -> int | None:
    """Where the next whole record begins at or behind `at`."""
    searched = bytes(content[at:])
    found = searched.find(MAGIC)
    while found >= 0:
        if _whole(content, at + found) is not None:
            return at + found
        found = searched.find(MAGIC, found + 1)
    return None


def whole_records(path: Path) -> tuple[list[Record], int]:
    """Every whole record of a damaged log, and how many bytes are none: for repair."""
    content = memoryview(path.read_bytes())
    kept: list[Record] = []
    lost = at = 0
    while True:
        following = next_whole(content, at)
        if following is None:
            return kept, lost + len(content) - at
        lost += following - at
        end = _whole(content, following) or len(content)
        kept.append(_unpacked(content[following + _HEAD.size : end]))
        at = end


class Log:
    """The end of one log, to write to. One thread at a time."""

    def __init__(self, path: Path, *, size: int = 0, named: int = 0) -> None:
        """Go on behind byte `size`; what lies behind it is cut off. `named` names of signals are in the log already."""
        self.path, self.size, self.named, self._torn = path, size, named, True
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        try:
            self._file = os.open(path, flags, 0o644)
            self._cut()
        except OSError as error:
            raise _not_kept(error) from error

    def append(self, block: Block, names: Sequence[str]) -> None:
        """Write rows and sync; `names` are all names of signals. `StoreError` when that fails; then nothing is kept."""
        record = _parts(Record(block=block, first_name=self.named, names=tuple(names[self.named :])))
        try:
            if self._torn:
                self._cut()
            self._torn = True
            length = _write(self._file, record)
            _sync(self._file)
        except OSError as error:
            raise _not_kept(error) from error
        self._torn = False
        self.size += length
        self.named = len(names)

    def _cut(self) -> None:
        """Drop what is behind the last whole record, so that a failed write leaves nothing that a later one would follow."""
        os.ftruncate(self._file, self.size)
        os.lseek(self._file, self.size, os.SEEK_SET)
        self._torn = False

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)


def _write(file: int, parts: Sequence[bytes | memoryview]) -> int:
    """Write all parts; their length."""
    if hasattr(os, "writev"):
        length = sum(map(len, parts))
        written = os.writev(file, parts)
        if written == length:
            return length
        rest = memoryview(b"".join(parts))[written:]
    else:  # Windows
        rest = memoryview(b"".join(parts))
        length = len(rest)
    while rest:
        rest = rest[os.write(file, rest) :]
    return length


def _not_kept(error: OSError) -> StoreError:
    return StoreError(
        ko=f"읽은 값을 저장하지 못했습니다: {error}. 디스크에 빈 자리가 있는지 확인하세요.",
        en=f"readings could not be kept: {error}. Check that the disk has room.",
    )


def sync_folder(folder: Path) -> None:
    """Force the entries of a folder to disk."""
    if os.name == "posix":  # Windows cannot open a directory; NTFS journals its entries
        sync_file(folder)


def sync_file(path: Path) -> None:
    """Force a file to disk."""
    descriptor = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
