"""One Parquet file of the settled table: written once, in a stream, and read by signal."""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jasang.errors import StoreError
from jasang.store.block import Array, Block
from jasang.store.log import sync_file
from jasang.store.parquet_rows import (
    DICTIONARY,
    ENCODING,
    EVERYTHING,
    INDEX,
    NUMBERS,
    RECEIVED,
    Piece,
    decoded,
    encoded,
    file_schema,
    packed_index,
    packed_times,
    unpacked_index,
    unpacked_times,
)

# A row group is read as a whole, some 0.5 ms for as many rows; signals with fewer rows share one.
FULL, MOST = 65_536, 131_072
_LEVEL = 6  # zstd; higher takes longer and wins a hundredth of a byte


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file that belongs to no table yet. `first` and `last` are source times."""

    path: Path
    rows: int
    first: int
    last: int


class FileWriter:
    """Writes rows signal by signal, in order of their names; memory holds one row group."""

    def __init__(self, path: Path, *, milliseconds: bool, received: Array, batch: int) -> None:
        self._path, self._milliseconds, self._received, self._batch = path, milliseconds, received, batch
        self._waiting: list[pa.RecordBatch] = []
        self._rows = self._group = 0
        self._pieces: list[Piece] = []
        self._writer = pq.ParquetWriter(
            path,
            file_schema(milliseconds),
            compression="zstd",
            compression_level=_LEVEL,
            use_dictionary=DICTIONARY,
            column_encoding=ENCODING,
            write_page_checksum=True,
            store_schema=False,
            data_page_size=1 << 21,
            sorting_columns=[pq.SortingColumn(0), pq.SortingColumn(1)],
        )

    def add(self, signal: str, block: Block) -> None:
        """Rows of one signal, sorted by time; each signal once."""
        for at in range(0, len(block), MOST):
            part = block.take(slice(at, at + MOST))
            if self._rows + len(part) > MOST:
                self._flush()
            first, last = int(part.source[0]), int(part.source[-1])
            piece = Piece(signal=signal, group=self._group, at=self._rows, rows=len(part), first=first, last=last)
            self._pieces.append(piece)
            self._waiting.append(
                encoded(part, signal, milliseconds=self._milliseconds, received=self._received, batch=self._batch)
            )
            self._rows += len(part)
            if self._rows >= FULL:
                self._flush()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.Table.from_batches(self._waiting).combine_chunks(), row_group_size=self._rows)
            self._waiting, self._rows = [], 0
            self._group += 1

    def close(self) -> Written:
        """Finish and sync the file, which must have rows."""
        self._flush()
        self._writer.add_key_value_metadata({INDEX: packed_index(self._pieces), RECEIVED: packed_times(self._received)})
        self._writer.close()
        sync_file(self._path)
        return Written(
            path=self._path,
            rows=sum(piece.rows for piece in self._pieces),
            first=min(piece.first for piece in self._pieces),
            last=max(piece.last for piece in self._pieces),
        )


@contextlib.contextmanager
def telling_not_written(folder: Path) -> Iterator[None]:
    """What goes wrong while files are written, as a `StoreError` that names the table."""
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise StoreError(
            ko=f"정리된 자료를 {folder} 에 쓰지 못했습니다: {error}. 디스크에 빈 자리가 있는지 확인하세요.",
            en=f"settled readings cannot be written to {folder}: {error}. Check that the disk has room.",
        ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class RowGroup:
    """A row group as it was read; rows are made only of the part that is asked for. All signals are numbered 0."""

    table: pa.Table
    constants: dict[str, Any]
    received: Array | None  # without it there are no texts and no receive times
    milliseconds: bool

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def rows(self, first: int, last: int) -> Block:
        """Rows `first` to `last` (excluded)."""
        return decoded(self.table.slice(first, last - first), self.constants, self.received)

    def everything(self) -> Block:
        """All rows."""
        return self.rows(0, len(self))

    def between(self, piece: Piece, start: int, end: int) -> Block:
        """The rows of a piece with `start <= source time < end`."""
        if start <= piece.first and piece.last < end:
            return self.rows(piece.at, piece.at + piece.rows)
        return self.rows(self._place(piece, start), self._place(piece, end))

    def before(self, piece: Piece, moment: int) -> Block:
        """The last row of a piece with a source time before the moment; there must be one."""
        last = self._place(piece, moment)
        return self.rows(last - 1, last)

    def _place(self, piece: Piece, moment: int) -> int:
        """The first row of a piece at or after a moment."""
        times = self.table.column("source_time").chunk(0).cast(pa.int64()).to_numpy()
        wanted = -(-moment // 1000) if self.milliseconds else moment
        return piece.at + int(times[piece.at : piece.at + piece.rows].searchsorted(wanted))


@dataclass(frozen=True, slots=True)
class DecodedGroup:
    """A row group with all its rows made, to be asked often: as `RowGroup`."""

    block: Block

    def __len__(self) -> int:
        return len(self.block)

    def between(self, piece: Piece, start: int, end: int) -> Block:
        """As `RowGroup.between`."""
        low, high = self.block.source[piece.at : piece.at + piece.rows].searchsorted([start, end])
        return self.block.take(slice(piece.at + int(low), piece.at + int(high)))

    def before(self, piece: Piece, moment: int) -> Block:
        """As `RowGroup.before`."""
        last = piece.at + int(self.block.source[piece.at : piece.at + piece.rows].searchsorted(moment))
        return self.block.take(slice(last - 1, last))


class SettledFile:
    """Reads one file; opened at the first question, and kept open. Any number of threads."""

    def __init__(self, path: Path, rows: int) -> None:
        self.path, self.rows = path, rows
        self.batch = int(path.name.partition("-")[0])
        self._lock = threading.Lock()
        self._file: pq.ParquetFile | None = None
        self._pieces: dict[str, list[Piece]] = {}
        self._constants: dict[int, dict[str, Any]] = {}
        self._received: Array | None = None
        self._milliseconds = False

    def _open(self) -> pq.ParquetFile:
        if self._file is None:
            # Nothing is read ahead: that would be another thread's work, for which a busy computer lets wait.
            file = pq.ParquetFile(self.path, memory_map=True, pre_buffer=False, page_checksum_verification=True)
            metadata = file.metadata.metadata or {}
            if INDEX not in metadata:
                raise StoreError(
                    ko=f"{self.path} 은(는) 다른 프로그램이 다시 쓴 파일입니다. jasang 이 쓴 파일만 읽을 수 있습니다.",
                    en=f"{self.path} was rewritten by another program; expected a file that jasang wrote",
                )
            for piece in unpacked_index(metadata[INDEX]):
                self._pieces.setdefault(piece.signal, []).append(piece)
            self._milliseconds = file.schema_arrow.field("source_time").type.unit == "ms"
            self._file = file
        return self._file

    def signals(self) -> dict[str, list[Piece]]:
        """Where each signal lies."""
        with self._reading():
            self._open()
            return self._pieces

    def milliseconds(self) -> bool:
        """Whether all source times are whole milliseconds."""
        with self._reading():
            self._open()
            return self._milliseconds

    def received(self) -> Array:
        """The receive times of the file, ascending."""
        with self._reading():
            return self._receive_times()

    def _receive_times(self) -> Array:
        if self._received is None:
            self._received = unpacked_times(self._open().metadata.metadata[RECEIVED])
        return self._received

    def group(self, number: int, *, full: bool) -> RowGroup:
        """A row group; without `full` there are no texts and no receive times."""
        with self._reading():
            file = self._open()
            if number not in self._constants:
                self._constants[number] = _constant_columns(file.metadata.row_group(number))
            constants = self._constants[number]
            wanted = [name for name in (EVERYTHING if full else NUMBERS) if name not in constants]
            table = file.read_row_group(number, columns=wanted, use_threads=False).combine_chunks()
            received = self._receive_times() if full else None
            return RowGroup(table=table, constants=constants, received=received, milliseconds=self._milliseconds)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except (OSError, pa.ArrowException, ValueError, KeyError) as error:
                raise StoreError(
                    ko=f"정리된 자료 파일 {self.path} 을(를) 읽을 수 없습니다: {error}",
                    en=f"the settled file {self.path} cannot be read: {error}",
                ) from error


# Statistics of doubles know no -0.0, those of texts may be cut short.
_TOLD = ("scaled", "scale", "truth", "whole", "quality", "arrival", "batch")


def _constant_columns(group: pq.RowGroupMetaData) -> dict[str, Any]:
    """Columns with one value, or none at all, in the whole row group: they need not be read."""
    found: dict[str, Any] = {}
    for position in range(group.num_columns):
        column = group.column(position)
        name, statistics = column.path_in_schema, column.statistics
        if statistics is None or name in ("signal", "source_time"):
            continue
        if statistics.null_count == group.num_rows:
            found[name] = None
        elif (
            name in _TOLD and statistics.has_min_max and not statistics.null_count and statistics.min == statistics.max
        ):
            found[name] = statistics.min
    return found


def union_of_times(lists: Sequence[Array]) -> Array:
    """All times of the lists, ascending, each once."""
    return np.unique(np.concatenate([np.empty(0, np.int64), *lists]))
