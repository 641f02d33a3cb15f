"""An archive: a zip of rows and files with a manifest of every part's SHA-256. It counts only after it was read back."""

import hashlib
import json
import os
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from jasang.errors import JasangError

_BLOCK = 1 << 20
_MANIFEST = "manifest.json"
ROWS = "rows/"


class ArchiveBroken(JasangError):
    """The archive cannot be trusted."""


@dataclass(kw_only=True)
class Writing:
    """An archive while it is made."""

    archive: zipfile.ZipFile
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)

    def add_rows(self, label: str, lines: Iterable[str]) -> int:
        """A table's rows."""
        number = 0

        def counted() -> Iterator[bytes]:
            nonlocal number
            for line in lines:
                number += 1
                yield line.encode()

        self.add(f"{ROWS}{label}.jsonl", counted())
        self.tables[label] = number
        return number

    def add_file(self, name: str, path: Path) -> None:
        """A file as it is."""
        with path.open("rb") as opened:
            self.add(name, iter(lambda: opened.read(_BLOCK), b""))

    def add(self, name: str, blocks: Iterable[bytes]) -> None:
        """One part."""
        known, size = hashlib.sha256(), 0
        with self.archive.open(name, "w", force_zip64=True) as target:
            for block in blocks:
                target.write(block)
                known.update(block)
                size += len(block)
        self.parts[name] = {"sha256": known.hexdigest(), "size": size}

    def finish(self, about: dict[str, Any]) -> dict[str, Any]:
        """The manifest, written last."""
        manifest = about | {"tables": self.tables, "parts": self.parts}
        self.archive.writestr(_MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
        return manifest


def opened_new(path: Path) -> zipfile.ZipFile:
    """A new archive that only its owner reads; deterministic in what it holds."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    return zipfile.ZipFile(os.fdopen(handle, "w+b"), "w", zipfile.ZIP_DEFLATED, compresslevel=3)


def settle(path: Path, final: Path) -> None:
    """Give a whole archive its name, in a way that a power cut does not undo."""
    with path.open("rb") as opened:
        os.fsync(opened.fileno())
    path.replace(final)
    handle = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def fingerprint(path: Path) -> str:
    """SHA-256 of the archive itself."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def manifest_of(path: Path, kind: str) -> dict[str, Any]:
    """What the archive says it holds; `kind` is the format it must have."""
    try:
        with zipfile.ZipFile(path) as archive:
            found = json.loads(archive.read(_MANIFEST))
    except FileNotFoundError as error:
        raise ArchiveBroken(ko=f"{path}: 파일이 없습니다.", en=f"{path}: there is no such file.") from error
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise ArchiveBroken(
            ko=f"{path}: 보관 파일이 아니거나 깨졌습니다({error}).",
            en=f"{path}: no archive, or a broken one ({error}).",
        ) from error
    if found.get("format") != kind:
        raise ArchiveBroken(
            ko=f"{path}: {found.get('format')!r} 형식입니다. {kind!r}이어야 합니다.",
            en=f"{path}: its format is {found.get('format')!r}; expected {kind!r}.",
        )
    return found


def check(path: Path, kind: str) -> dict[str, Any]:
    """Read every part back and compare it with the manifest, which is returned. Raises `ArchiveBroken`, naming the part."""
    manifest = manifest_of(path, kind)
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist()) - {_MANIFEST}
            if names != set(manifest["parts"]):
                odd = sorted(names ^ set(manifest["parts"]))[0]
                raise _broken(path, odd)
            for name, told in manifest["parts"].items():
                with archive.open(name) as part:
                    if _known(part) != (told["sha256"], told["size"]):
                        raise _broken(path, name)
    except (zipfile.BadZipFile, KeyError, OSError, EOFError, ValueError) as error:
        raise _broken(path, str(error)) from error
    except Exception as error:  # zlib's own error class has no common base
        if isinstance(error, ArchiveBroken):
            raise
        raise _broken(path, type(error).__name__) from error
    return manifest


def _known(part: IO[bytes]) -> tuple[str, int]:
    known, size = hashlib.sha256(), 0
    while block := part.read(_BLOCK):
        known.update(block)
        size += len(block)
    return known.hexdigest(), size


def _broken(path: Path, part: str) -> ArchiveBroken:
    return ArchiveBroken(
        ko=f"{path}: {part} 부분이 목록과 다릅니다. 보관 파일이 손상되었습니다.",
        en=f"{path}: the part {part} is not as the manifest says. The archive is damaged.",
    )


def lines(archive: zipfile.ZipFile, label: str) -> Iterator[str]:
    """The rows of a table."""
    with archive.open(f"{ROWS}{label}.jsonl") as part:
        for line in part:
            yield line.decode()


def unpack_files(archive: zipfile.ZipFile, prefix: str, target: Path) -> int:
    """Write the parts below the prefix into the folder; how many. Names cannot lead out of it."""
    number = 0
    for name in archive.namelist():
        if not name.startswith(prefix) or name.endswith("/"):
            continue
        path = (target / name[len(prefix) :]).resolve()
        if not path.is_relative_to(target.resolve()):
            raise ArchiveBroken(ko=f"{name}: 밖을 가리키는 이름입니다.", en=f"{name}: a name that leads outside.")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (
            archive.open(name) as part,
            os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file,
        ):
            while block := part.read(_BLOCK):
                file.write(block)
        number += 1
    return number
