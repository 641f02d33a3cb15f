"""Is a store whole? Checksums, the lists of files, counts and order; and repair of what a damaged disk left of the log."""

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jasang.errors import StoreError
from jasang.plant.text import Text
from jasang.store.describing import read_signals
from jasang.store.folder import read_format
from jasang.store.fresh_files import FOLDER as FRESH
from jasang.store.fresh_files import open_fresh
from jasang.store.log import Record, packed, records, sync_file, sync_folder, whole_records
from jasang.store.manifest import Manifest, read_manifest, write_manifest
from jasang.store.ownership import Ownership
from jasang.store.retain import FOLDER as HOURLY
from jasang.store.retain import read_rules
from jasang.store.segment import Sealed, Segment, file_checksum
from jasang.store.settle import REPLACED
from jasang.store.settled import FOLDER, Entry, SettledTable

DAMAGED = "damaged"  # where repair sets aside what it could not keep, in `fresh/`


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was found. Without `troubles` every reading that was acknowledged is there and reads back as it was written."""

    files: int
    fresh: int  # readings, replaced ones included
    settled: int  # readings
    replaced: int  # earlier readings of a signal and source time that has a later one
    bytes: int
    troubles: tuple[Text, ...]


def check_store(store: Path) -> Checked:
    """Read every file of a store; a collector may be writing meanwhile. `StoreError` when the folder is no store."""
    read_format(store)
    troubles: list[Text] = []
    fresh = 0
    manifest = None
    try:
        manifest = read_manifest(store / FRESH)
    except StoreError as error:
        troubles.append(Text(ko=error.ko, en=error.en))
    manifest = manifest or Manifest()
    for name, rows, trouble in _fresh_files(store / FRESH, manifest):
        # What the owner has sealed or settled meanwhile is in another file by now.
        if trouble is not None and name in _named(store):
            troubles.append(trouble)
        fresh += rows
    troubles += _lists(store)
    counts = []
    for table in (FOLDER, REPLACED):
        entries = SettledTable(store, table).entries()
        counts.append(sum(entry.file.rows for entry in entries))
        troubles += [trouble for entry in entries for trouble in _settled_file(entry, sole=table == FOLDER)]
    every = _sizes(store)
    return Checked(
        files=len(every),
        fresh=fresh,
        settled=counts[0],
        replaced=counts[1],
        bytes=sum(every),
        troubles=tuple(troubles),
    )


def _lists(store: Path) -> Iterator[Text]:
    """Troubles of what stands beside the readings, and of tables whose list is gone."""
    for read in (read_signals, read_rules):
        try:
            read(store)
        except StoreError as error:
            yield Text(ko=error.ko, en=error.en)
    for table in (FOLDER, REPLACED, HOURLY):
        folder = store / table
        files = sum(1 for _ in folder.glob("*.parquet"))
        if files and not (folder / "_delta_log").is_dir():
            yield Text(
                ko=f"{folder}: 파일 {files}개가 있지만 목록(_delta_log)이 없어 읽지 못합니다. 백업에서 되살리세요.",
                en=f"{folder}: {files} files, but no list of them (_delta_log); bring it back from a backup",
            )


def _sizes(store: Path) -> list[int]:
    """The size of each file. The owner replaces some at any moment: what is gone when it is looked at does not count."""
    found = []
    for path in store.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            status = path.stat()
            if stat.S_ISREG(status.st_mode):
                found.append(status.st_size)
    return found


def _named(store: Path) -> set[str]:
    manifest = read_manifest(store / FRESH) or Manifest()
    return {sealed.file for sealed in manifest.segments} | set(manifest.logs)


def _fresh_files(folder: Path, manifest: Manifest) -> Iterator[tuple[str, int, Text | None]]:
    """Name, readings and trouble of each segment and log."""
    for sealed in manifest.segments:
        path, trouble = folder / sealed.file, None
        if not path.exists():
            trouble = Text(ko=f"{path}: 파일이 없습니다.", en=f"{path}: the file is missing")
        elif file_checksum(path) != sealed.checksum:
            trouble = Text(
                ko=f"{path}: 검사값이 맞지 않습니다. 파일이 손상되었습니다.",
                en=f"{path}: wrong checksum; it is damaged",
            )
        yield sealed.file, sealed.rows, trouble
    for log in manifest.logs:
        rows = 0
        try:
            for record, _end in records(folder / log):
                rows += len(record.block)
        except StoreError as error:
            yield log, rows, Text(ko=error.ko, en=error.en)
        else:
            yield log, rows, None


def _settled_file(entry: Entry, *, sole: bool) -> Iterator[Text]:
    """Troubles of one Parquet file: missing, checksums of its pages, counts, order."""
    path = entry.file.path
    try:
        if path.stat().st_size != entry.size:
            yield Text(
                ko=f"{path}: 크기가 {path.stat().st_size}바이트입니다. 기록에는 {entry.size}바이트입니다.",
                en=f"{path}: {path.stat().st_size} bytes; the Delta log says {entry.size}",
            )
            return
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            rows = sum(file.read_row_group(group).num_rows for group in range(file.num_row_groups))
        unsorted = _unsorted(entry, strictly=sole)
    except (OSError, pa.ArrowException, StoreError) as error:
        yield Text(ko=f"{path}: 손상되어 읽을 수 없습니다: {error}", en=f"{path}: damaged, cannot be read: {error}")
        return
    if rows != entry.file.rows:
        yield Text(
            ko=f"{path}: 값이 {rows}개입니다. 기록에는 {entry.file.rows}개입니다.",
            en=f"{path}: {rows} readings; the Delta log says {entry.file.rows}",
        )
    if unsorted:
        yield Text(
            ko=f"{path}: 신호 {unsorted[0]} 의 순서가 틀립니다.", en=f"{path}: signal {unsorted[0]} is out of order"
        )


def _unsorted(entry: Entry, *, strictly: bool) -> list[str]:
    """Signals whose source times do not ascend, or lie outside what the index says."""
    found = []
    groups: dict[int, np.ndarray] = {}
    for signal, pieces in entry.file.signals().items():
        for piece in pieces:
            if piece.group not in groups:
                groups = {piece.group: entry.file.group(piece.group, full=False).everything().source}
            times = groups[piece.group][piece.at : piece.at + piece.rows]
            steps = np.diff(times)
            ascending = bool((steps > 0).all() if strictly else (steps >= 0).all())
            if len(times) != piece.rows or not ascending or times[0] != piece.first or times[-1] != piece.last:
                found.append(signal)
    return found


def repair_store(store: Path) -> tuple[Text, ...]:
    """Keep what is whole of damaged logs and segments and set the rest aside in `fresh/damaged`; what was done.

    Raises `StoreError` while a collector is writing. Settled files are not touched: bring them back from a backup.
    """
    read_format(store)
    ownership = Ownership(store)
    try:
        folder = store / FRESH
        manifest = read_manifest(folder) or Manifest()
        known = _known_names(folder, manifest)
        done: list[Text] = []
        for name, _rows, trouble in _fresh_files(folder, manifest):
            if trouble is None:
                continue
            if name in manifest.logs:
                done.append(_mend_log(folder, name, known))
            else:
                _set_aside(folder, name)
                kept = tuple(sealed for sealed in manifest.segments if sealed.file != name)
                manifest = replace(manifest, segments=kept)
                write_manifest(folder, manifest)
                done.append(
                    Text(ko=f"{name}: 살릴 수 없어 따로 두었습니다.", en=f"{name}: could not be kept, set aside")
                )
        open_fresh(folder)
        return tuple(done)
    finally:
        ownership.release()


def _known_names(folder: Path, manifest: Manifest) -> Sequence[str]:
    """The names of signals by number, as far as a file that can be read tells them."""
    found: list[Sequence[str]] = [()]
    sealed = list(manifest.segments)
    if manifest.latest is not None:
        sealed.append(Sealed(file=manifest.latest, rows=0, first=None, last=None, checksum=0))
    for one in sealed:
        with contextlib.suppress(StoreError):
            found.append(Segment(folder, one).names)
    return max(found, key=len)


def _mend_log(folder: Path, name: str, known: Sequence[str]) -> Text:
    """Write the whole records of a log anew; a name that went with a lost record and is not `known` is told as unknown."""
    kept, lost = whole_records(folder / name)
    names: list[str] = []
    mended: list[bytes] = []
    for record in kept:
        missing = range(len(names), record.first_name)
        invented = tuple(known[code] if code < len(known) else f"unknown.{code}" for code in missing)
        first = min(record.first_name, len(names))
        names += [*invented, *record.names[len(names) - record.first_name if not invented else 0 :]]
        mended.append(packed(Record(block=record.block, first_name=first, names=(*invented, *record.names))))
    _set_aside(folder, name)
    new = folder / f"{name}.new"
    new.write_bytes(b"".join(mended))
    sync_file(new)
    os.replace(new, folder / name)
    sync_folder(folder)
    rows = sum(len(record.block) for record in kept)
    return Text(
        ko=f"{name}: {rows}개를 살렸습니다. 손상된 {lost}바이트는 {DAMAGED} 폴더에 두었습니다.",
        en=f"{name}: {rows} readings kept; {lost} damaged bytes are set aside in {DAMAGED}",
    )


def _set_aside(folder: Path, name: str) -> None:
    (folder / DAMAGED).mkdir(exist_ok=True)
    if (folder / name).exists():
        os.replace(folder / name, folder / DAMAGED / name)
