"""Copies of a store, taken while a collector writes to it, and the way back.

A backup is a store itself, with `backup.json` that has the size and the CRC-32 of each file. Settled files never change, so a
second backup into the same folder copies only what is new. Fresh files are copied first: what is settled meanwhile is in the
copy twice and read once, never missed.
"""

import contextlib
import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from jasang.errors import StoreError
from jasang.store.answers import Answers
from jasang.store.contract import FORMAT
from jasang.store.describing import FILE as SIGNALS
from jasang.store.folder import FILE as FORMAT_FILE
from jasang.store.folder import read_format
from jasang.store.fresh_files import FOLDER as FRESH
from jasang.store.log import sync_file, sync_folder
from jasang.store.loopback import read_owner
from jasang.store.manifest import FILE as MANIFEST
from jasang.store.manifest import named_files, read_manifest
from jasang.store.retain import FILE as RULES
from jasang.store.retain import FOLDER as HOURLY
from jasang.store.rollup import rollup_path
from jasang.store.segment import file_checksum
from jasang.store.settle import REPLACED
from jasang.store.settled import FOLDER

FILE = "backup.json"
LISTED = "jasang.backup/1"
_ATTEMPTS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What a backup or a restoration copied."""

    files: int
    bytes: int
    skipped: int  # files that the backup had already


def backup_store(store: Path, target: Path) -> Copied:
    """Copy a store to a folder, empty or a former backup of the same store. `StoreError` when that fails."""
    if read_format(store) != FORMAT:
        raise StoreError(
            ko=f"{store} 은(는) 이전 형식입니다. 먼저 jasang store compact 로 새 형식으로 바꾸세요.",
            en=f"{store} has a former format; run jasang store compact first, which turns it into the new one",
        )
    if target.resolve().is_relative_to(store.resolve()) or store.resolve().is_relative_to(target.resolve()):
        raise StoreError(
            ko=f"{target} 은(는) 저장소 {store} 와(과) 서로 안에 들어 있습니다. 따로 떨어진 폴더에 백업하세요.",
            en=f"{target} and the store {store} lie within each other; back up to a folder apart from it",
        )
    if target.exists() and any(target.iterdir()) and not (target / FILE).exists():
        raise StoreError(
            ko=f"{target} 은(는) 비어 있지 않고 백업도 아닙니다.", en=f"{target} is neither empty nor a backup"
        )
    try:
        target.mkdir(parents=True, exist_ok=True)
        (target / FILE).write_text(json.dumps({"format": LISTED, "complete": False}), encoding="utf-8")
        _ask_to_seal(store)
        copied = _Copying(store, target)
        copied.fresh()
        for name in (FORMAT_FILE, SIGNALS, RULES):
            if (store / name).exists():
                copied.copy(Path(name))
        copied.tables()
        return copied.finish()
    except OSError as error:
        raise StoreError(
            ko=f"{store} 을(를) {target} 에 백업하지 못했습니다: {error}",
            en=f"{store} cannot be copied to {target}: {error}",
        ) from error


def _ask_to_seal(store: Path) -> None:
    """What is only in the owner's log is copied as a sealed file then; without an owner the log itself is copied."""
    owner = read_owner(store)
    if owner is not None:
        answers = Answers(owner)
        with contextlib.suppress(ConnectionError):
            answers.seal()
        answers.close()


class _Copying:
    def __init__(self, store: Path, target: Path) -> None:
        self._store, self._target = store, target
        self._files: dict[str, tuple[int, int]] = {}
        self._bytes = self._skipped = 0

    def copy(self, name: Path, *, unchanging: bool = False) -> None:
        """Copy one file, or leave it where a former backup has it."""
        source, copy = self._store / name, self._target / name
        if unchanging and copy.exists() and copy.stat().st_size == source.stat().st_size:
            self._skipped += 1
        else:
            copy.parent.mkdir(parents=True, exist_ok=True)
            new = copy.with_name(copy.name + ".new")
            shutil.copyfile(source, new)
            sync_file(new)
            os.replace(new, copy)
            self._bytes += copy.stat().st_size
        self._files[name.as_posix()] = (copy.stat().st_size, file_checksum(copy))

    def fresh(self) -> None:
        """Copy the manifest and its files; again where the owner replaced one meanwhile."""
        for attempt in range(_ATTEMPTS):
            manifest = read_manifest(self._store / FRESH)
            if manifest is None:
                return
            shutil.rmtree(self._target / FRESH, ignore_errors=True)
            try:
                self.copy(Path(FRESH) / MANIFEST)
                copied = read_manifest(self._target / FRESH) or manifest
                for name in sorted(named_files(copied)):
                    self.copy(Path(FRESH) / name)
            except FileNotFoundError:
                self._files.clear()
                if attempt == _ATTEMPTS - 1:
                    raise
            else:
                return

    def tables(self) -> None:
        """Copy readings and roll-ups as they belong together: again where readings were let go and rolled up meanwhile."""
        for _attempt in range(_ATTEMPTS):
            before = self._versions(HOURLY)
            for table in (HOURLY, FOLDER, REPLACED):
                self.table(table)
            if self._versions(HOURLY) == before:
                return

    def _versions(self, name: str) -> list[str]:
        log = self._store / name / "_delta_log"
        return sorted(path.name for path in log.iterdir()) if log.exists() else []

    def table(self, name: str) -> None:
        """Copy a Delta table as of one version: its log first, then the files that this log names."""
        log = self._store / name / "_delta_log"
        if not log.exists():
            return
        shutil.rmtree(self._target / name / "_delta_log", ignore_errors=True)
        for entry in sorted(log.iterdir()):
            if entry.suffix in (".json", ".parquet") or entry.name == "_last_checkpoint":
                self.copy(entry.relative_to(self._store))
        for file in DeltaTable(str(self._target / name)).get_add_actions(flatten=True)["path"].to_pylist():
            self.copy(Path(name) / str(file), unchanging=True)
            rollup = rollup_path(self._store / name / str(file)).relative_to(self._store)
            if name == FOLDER and (self._store / rollup).exists():
                self.copy(rollup, unchanging=True)

    def finish(self) -> Copied:
        """Delete what a former backup has beyond, and write the list."""
        kept = {self._target / name for name in self._files} | {self._target / FILE}
        for path in [path for path in self._target.rglob("*") if path.is_file()]:
            if path not in kept:
                path.unlink()
        listed = {name: {"bytes": size, "crc32": checksum} for name, (size, checksum) in self._files.items()}
        told: dict[str, Any] = {
            "format": LISTED,
            "complete": True,
            "made": datetime.now(UTC).isoformat(),
            "files": listed,
        }
        (self._target / FILE).write_text(json.dumps(told, indent=1), encoding="utf-8")
        sync_file(self._target / FILE)
        sync_folder(self._target)
        return Copied(files=len(self._files), bytes=self._bytes, skipped=self._skipped)


def restore_store(backup: Path, store: Path) -> Copied:
    """Make a store from a backup, whose every file is checked, in a folder that is empty or not there."""
    try:
        listed = json.loads((backup / FILE).read_text(encoding="utf-8"))
        if listed["format"] != LISTED or not listed["complete"]:
            raise ValueError("the backup was interrupted")
        files = {str(name): (int(entry["bytes"]), int(entry["crc32"])) for name, entry in listed["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(
            ko=f"{backup} 은(는) 온전한 백업이 아닙니다: {error}", en=f"{backup} is no complete backup: {error}"
        ) from error
    if store.exists() and any(store.iterdir()):
        raise StoreError(ko=f"{store} 폴더가 비어 있지 않습니다.", en=f"the folder {store} is not empty")
    damaged = [name for name, (size, checksum) in files.items() if not _is(backup / name, size, checksum)]
    if damaged:
        raise StoreError(
            ko=f"백업 {backup} 의 파일이 없거나 손상되었습니다: {', '.join(damaged[:5])}",
            en=f"files of the backup {backup} are missing or damaged: {', '.join(damaged[:5])}",
        )
    try:
        # The format is written last: a folder without it is no store yet.
        for name in sorted(files, key=lambda name: name == FORMAT_FILE):
            (store / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(backup / name, store / name)
            sync_file(store / name)
        sync_folder(store)
    except OSError as error:
        raise StoreError(
            ko=f"{backup} 을(를) {store} 에 되살리지 못했습니다: {error}",
            en=f"{backup} cannot be restored to {store}: {error}",
        ) from error
    return Copied(files=len(files), bytes=sum(size for size, _checksum in files.values()), skipped=0)


def _is(path: Path, size: int, checksum: int) -> bool:
    return path.exists() and path.stat().st_size == size and file_checksum(path) == checksum
