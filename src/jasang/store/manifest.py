"""What belongs to the fresh part of a store: `fresh/manifest.json`, replaced as a whole and synced.

A file that it does not name is left over from a crash and counts for nothing.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jasang.errors import StoreError
from jasang.store.log import sync_file, sync_folder
from jasang.store.segment import Sealed

FILE = "manifest.json"
FORMAT = "jasang.fresh/2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A settlement that has begun: once Delta Lake has `batch`, each segment of `replaced` gives way to its `rest`, if any."""

    batch: int
    replaced: tuple[str, ...]
    rest: tuple[Sealed | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`logs` oldest first; rows of all but the last are being sealed. `number` is the last one given to a file."""

    segments: tuple[Sealed, ...] = ()
    logs: tuple[str, ...] = ()
    latest: str | None = None
    number: int = 0
    pending: Pending | None = None


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of `fresh/`; `None` before there is one."""
    path = folder / FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] != FORMAT:
            raise ValueError(f"format {found['format']!r}, expected {FORMAT!r}")
        pending = found["pending"]
        return Manifest(
            segments=_sealed(found["segments"]),
            logs=tuple(found["logs"]),
            latest=found["latest"],
            number=found["number"],
            pending=pending
            and Pending(
                batch=pending["batch"],
                replaced=tuple(pending["replaced"]),
                rest=tuple(entry and Sealed(**entry) for entry in pending["rest"]),
            ),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            ko=f"저장소 목록 {path} 을(를) 읽을 수 없습니다: {error}",
            en=f"the store's list {path} cannot be read: {error}",
        ) from error


def _sealed(found: list[dict[str, Any]]) -> tuple[Sealed, ...]:
    return tuple(Sealed(**entry) for entry in found)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest and sync it and the folder's entries."""
    new = folder / f"{FILE}.new"
    try:
        new.write_text(json.dumps({"format": FORMAT} | asdict(manifest), indent=1), encoding="utf-8")
        sync_file(new)
        os.replace(new, folder / FILE)
        sync_folder(folder)
    except OSError as error:
        raise StoreError(
            ko=f"저장소 목록 {folder / FILE} 을(를) 쓰지 못했습니다: {error}. 디스크에 빈 자리가 있는지 확인하세요.",
            en=f"the store's list {folder / FILE} cannot be written: {error}. Check that the disk has room.",
        ) from error


def named_files(manifest: Manifest) -> set[str]:
    """All files that the manifest names."""
    rest = [sealed for sealed in manifest.pending.rest if sealed] if manifest.pending else []
    latest = {manifest.latest} if manifest.latest else set()
    return {sealed.file for sealed in (*manifest.segments, *rest)} | set(manifest.logs) | latest
