"""A store's folder and its format.

format.json    which release can open the folder
signals.json   what is known of each signal
fresh/         readings of the last hour or so: log, sealed segments, manifest; owned by the one process that writes
readings/      everything older, a Delta Lake table
replaced/      readings that a later one of the same signal and source time took the place of, another one
owner.json     where the owner answers other processes; absent when nobody writes
"""

import json
import os
from pathlib import Path

from jasang.errors import StoreError
from jasang.store.contract import FORMAT, FORMER_FORMATS
from jasang.store.log import sync_file, sync_folder

FILE = "format.json"


def is_store(folder: Path) -> bool:
    """Whether the folder is a store of readings, of this release or a former one."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8")).get("format")
    except (OSError, ValueError, AttributeError):
        return False
    return isinstance(found, str) and found.startswith("jasang.store/")


def prepare(folder: Path) -> str:
    """Make the folder where there is none; its format."""
    if not (folder / FILE).exists():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_format(folder)
        except OSError as error:
            raise StoreError(
                ko=f"저장소 폴더 {folder} 을(를) 만들 수 없습니다: {error}",
                en=f"the store's folder {folder} cannot be made: {error}",
            ) from error
    return read_format(folder)


def write_format(folder: Path) -> None:
    """Say that the folder has this release's format."""
    new = folder / f"{FILE}.{os.getpid()}"
    new.write_text(json.dumps({"format": FORMAT}), encoding="utf-8")
    sync_file(new)
    os.replace(new, folder / FILE)
    sync_folder(folder)


def read_format(folder: Path) -> str:
    """The format of a store; `StoreError` when the folder is none, or one of a later release."""
    path = folder / FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8")).get("format")
    except FileNotFoundError as error:
        raise StoreError(
            ko=f"{folder} 은(는) 읽은 값의 저장소가 아닙니다({FILE} 파일이 없습니다). 먼저 jasang collect 를 실행하세요.",
            en=f"{folder} is no store of readings (it has no {FILE}); run jasang collect first",
        ) from error
    except (OSError, ValueError, AttributeError) as error:
        raise StoreError(ko=f"{path} 을(를) 읽을 수 없습니다: {error}", en=f"{path} cannot be read: {error}") from error
    if found != FORMAT and found not in FORMER_FORMATS:
        known = ", ".join(repr(name) for name in (FORMAT, *FORMER_FORMATS))
        raise StoreError(
            ko=f"{folder} 은(는) 형식 {found!r} 입니다. 이 버전이 여는 형식: {known}.",
            en=f"{folder} has format {found!r}; this release opens {known}",
        )
    return str(found)
