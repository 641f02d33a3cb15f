"""A zip handed over: what may be taken out of it, and how, so that no archive can fill the disk or write elsewhere."""

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO

from django.core.exceptions import ValidationError

from jasang.errors import UnreadableInput

MOST_ENTRIES = 200
# Logs pack to a fifth or a tenth; beyond this an archive is made to burst.
MOST_RATIO = 200
_SMALL = 10_000_000  # bytes: below this no ratio is suspicious
_BLOCK = 1 << 20
_SYSTEM = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")


def is_archive(name: str) -> bool:
    """Whether the name says that several files are packed in it."""
    return name.lower().endswith(".zip")


def members(file: IO[bytes], *, name: str, most_bytes: int, safe: Callable[[str], str]) -> list[tuple[str, str]]:
    """The files of the archive that can be read, as (name inside, name to keep); `safe` refuses a name by `ValidationError`.

    Raises
    ------
    UnreadableInput
        No archive, too many or too large files, two of one name, packed with a password, or nothing to read in it.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            found = [info for info in archive.infolist() if not info.is_dir() and not _of_the_system(info.filename)]
    except (zipfile.BadZipFile, struct.error, ValueError, OSError, NotImplementedError) as error:
        raise UnreadableInput(
            ko=f"{name}: 압축 파일이 깨져 있습니다. 다시 압축해 올려 주세요.",
            en=f"{name}: the archive is broken. Please pack it again.",
        ) from error
    finally:
        file.seek(0)
    _check_size(found, name, most_bytes)
    kept = [(info.filename, told) for info in found if (told := _told(info.filename, safe))]
    if not kept:
        raise UnreadableInput(
            ko=f"{name}: 안에 읽을 수 있는 파일이 없습니다. CSV, 엑셀, Parquet을 넣어 주세요.",
            en=f"{name}: there is no file in it that can be read. CSV, Excel and Parquet can.",
        )
    names = [told.casefold() for _, told in kept]
    if len(set(names)) != len(names):
        raise UnreadableInput(
            ko=f"{name}: 안에 이름이 같은 파일이 둘 있습니다. 하나의 이름을 바꿔 주세요.",
            en=f"{name}: two files in it have the same name. Please rename one of them.",
        )
    return kept


def unpack(file: IO[bytes], folder: Path, kept: Sequence[tuple[str, str]], *, name: str, most_bytes: int) -> list[Path]:
    """Write these members into the folder, never more than `most_bytes` whatever the archive says of their sizes."""
    left, written = most_bytes, []
    try:
        with zipfile.ZipFile(file) as archive:
            for inside, told in kept:
                target = folder / told
                if target.exists():
                    raise UnreadableInput(
                        ko=f"{name}: 함께 올린 파일과 이름이 같은 파일({told})이 안에 있습니다. 하나의 이름을 바꿔 주세요.",
                        en=f"{name}: a file in it ({told}) has the name of another uploaded one. Please rename one of them.",
                    )
                with archive.open(inside) as packed, target.open("xb") as opened:
                    for block in _blocks(packed):
                        left -= len(block)
                        if left < 0:
                            raise _too_large(name, most_bytes)
                        opened.write(block)
                written.append(target)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, KeyError) as error:
        raise UnreadableInput(
            ko=f"{name}: 압축을 풀 수 없습니다. 암호 없이 다시 압축해 주세요.",
            en=f"{name}: it cannot be unpacked. Please pack it again, without a password.",
        ) from error
    return written


def _check_size(found: Sequence[zipfile.ZipInfo], name: str, most_bytes: int) -> None:
    if len(found) > MOST_ENTRIES:
        raise UnreadableInput(
            ko=f"{name}: 안에 파일이 {len(found):,}개 있습니다. {MOST_ENTRIES}개까지 올릴 수 있습니다.",
            en=f"{name}: there are {len(found):,} files in it. At most {MOST_ENTRIES} can be uploaded.",
        )
    if any(info.flag_bits & 1 for info in found):
        raise UnreadableInput(
            ko=f"{name}: 암호가 걸려 있습니다. 암호 없이 다시 압축해 주세요.",
            en=f"{name}: it has a password. Please pack it again without one.",
        )
    size, packed = sum(info.file_size for info in found), sum(info.compress_size for info in found)
    if size > most_bytes or (size > _SMALL and size > MOST_RATIO * packed):
        raise _too_large(name, most_bytes)


def _too_large(name: str, most_bytes: int) -> UnreadableInput:
    limit = most_bytes // 1_000_000
    return UnreadableInput(
        ko=f"{name}: 풀면 {limit:,} MB를 넘거나 믿기 어려울 만큼 압축되어 있습니다. 나누어 올려 주세요.",
        en=f"{name}: unpacked it is larger than {limit:,} MB, or packed beyond belief. Please upload it in parts.",
    )


def _told(inside: str, safe: Callable[[str], str]) -> str | None:
    """The name to keep, without folders; `None` for what cannot be read (pictures, letters)."""
    try:
        return safe(inside)
    except ValidationError:
        return None


def _of_the_system(inside: str) -> bool:
    parts = inside.replace("\\", "/").split("/")
    return any(part in _SYSTEM or part.startswith("._") for part in parts)


def _blocks(packed: IO[bytes]) -> Iterable[bytes]:
    while block := packed.read(_BLOCK):
        yield block
