"""Sealed rows: an uncompressed Arrow file, sorted by signal and time, mapped into memory and never changed.

Its bytes are those of the columns, so one signal is a slice and costs no memory. The file's metadata has the names of the
signals; the columns are those of `Block`.
"""

import json
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from jasang.errors import StoreError
from jasang.store.block import Array, Block, ordered
from jasang.store.log import sync_file

_SCHEMA = pa.schema(
    [
        pa.field("signal", pa.int32(), nullable=False),
        pa.field("source", pa.int64(), nullable=False),
        pa.field("receive", pa.int64(), nullable=False),
        pa.field("number", pa.float64(), nullable=False),
        pa.field("kind", pa.uint8(), nullable=False),
        pa.field("quality", pa.uint32(), nullable=False),
        pa.field("text", pa.string()),
    ]
)
_NAMES = b"jasang.signals"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What the manifest says of a segment. `first` and `last` are source times; `None` in an empty one."""

    file: str
    rows: int
    first: int | None
    last: int | None
    checksum: int  # CRC-32 of the whole file


def write(path: Path, block: Block, names: Sequence[str]) -> Sealed:
    """Sort the rows, write and sync them."""
    block = ordered(block)
    text = pa.nulls(len(block), pa.string()) if block.text is None else pa.array(block.text, pa.string())
    columns = [pa.array(getattr(block, field.name), field.type) for field in _SCHEMA if field.name != "text"]
    schema = _SCHEMA.with_metadata({_NAMES: json.dumps(list(names)).encode()})
    new = path.with_suffix(".new")
    try:
        with pa.OSFile(str(new), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
            writer.write_batch(pa.record_batch([*columns, text], schema=schema))
        sync_file(new)
        checksum = file_checksum(new)
        os.replace(new, path)
    except (OSError, pa.ArrowException) as error:
        new.unlink(missing_ok=True)
        raise StoreError(
            ko=f"읽은 값을 {path} 에 쓰지 못했습니다: {error}", en=f"readings cannot be written to {path}: {error}"
        ) from error
    return Sealed(
        file=path.name,
        rows=len(block),
        first=int(block.source.min()) if len(block) else None,
        last=int(block.source.max()) if len(block) else None,
        checksum=checksum,
    )


def file_checksum(path: Path) -> int:
    """CRC-32 of a file."""
    checksum = 0
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            checksum = zlib.crc32(part, checksum)
    return checksum


class Segment:
    """A sealed file, mapped."""

    def __init__(self, folder: Path, sealed: Sealed) -> None:
        self.sealed = sealed
        try:
            reader = pa.ipc.open_file(pa.memory_map(str(folder / sealed.file)))
            batch = reader.get_batch(0)
            self.names: tuple[str, ...] = tuple(json.loads((reader.schema.metadata or {})[_NAMES]))
        except (OSError, pa.ArrowException, KeyError, ValueError) as error:
            raise StoreError(
                ko=f"저장소 파일 {folder / sealed.file} 이(가) 없거나 손상되었습니다: {error}",
                en=f"the store's file {folder / sealed.file} is missing or damaged: {error}",
            ) from error
        self._columns = {name: batch.column(name).to_numpy() for name in batch.schema.names if name != "text"}
        self._text = batch.column("text")
        self._has_text = self._text.null_count < len(self._text)
        self.signal: Array = self._columns["signal"]
        self.source: Array = self._columns["source"]
        self.receive: Array = self._columns["receive"]

    def rows(self, first: int, last: int) -> Block:
        """Rows `first` to `last` (excluded); numbers are views of the file."""
        text = self._text.slice(first, last - first).to_numpy(zero_copy_only=False) if self._has_text else None
        return Block(**{name: column[first:last] for name, column in self._columns.items()}, text=text)

    def part(self, first_code: int, last_code: int) -> Block:
        """The rows of signals `first_code` to `last_code` (excluded)."""
        first, last = np.searchsorted(self.signal, [first_code, last_code])
        return self.rows(int(first), int(last))

    def of(self, code: int, start: int, end: int) -> Block:
        """The rows of one signal in a span of source time."""
        first, last = np.searchsorted(self.signal, [code, code + 1])
        source = self._columns["source"][first:last]
        low, high = np.searchsorted(source, [start, end])
        return self.rows(int(first + low), int(first + high))
