"""What a file really holds, judged by its first bytes and not by its name, and its bytes unpacked in bounded memory."""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import IO, cast

from jasang.connect.protocols.files import complaints

CHUNK = 1 << 24
# Logs full of repeated rows pack 50 to 150 times; a bomb packs close to deflate's limit of 1,032 times.
MOST_RATIO = 400
# Below this size unpacked even a bomb does no harm.
HARMLESS = 256 << 20
MOST_UNPACKED = 8 << 30

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SIGNATURES = (
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"%PDF", "PDF"),
    (b"\x7fELF", "ELF"),
    (b"MZ\x90", "EXE"),
    (b"SQLite format 3", "SQLite"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (b"7z\xbc\xaf", "7z"),
    (b"Rar!", "RAR"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x89HDF", "HDF5"),
    (b"ARROW1", "Arrow"),
    (b"RIFF", "RIFF"),
)


class Holds(Enum):
    """What is in the file."""

    TEXT = "text"
    WORKBOOK = "workbook"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One file: where it is, what it is called in messages, what it holds and how that is packed.

    `packing` is None, "gzip" or "zip" (then `member` is the one table file in it).
    """

    path: Path
    file: str
    holds: Holds
    packing: str | None = None
    member: str | None = None

    def chunks(self, size: int | None = None) -> Iterator[tuple[bytes, float]]:
        """The unpacked bytes in pieces of at most `size` (default `CHUNK`), each with the share of the packed file read so far.

        Raises `UnreadableInput` when the packing is damaged or unpacks beyond all measure.
        """
        packed_size = max(self.path.stat().st_size, 1)
        total = 0
        with ExitStack() as stack:
            try:
                raw, stream = self._streams(stack)
                while piece := stream.read(size or CHUNK):
                    total += len(piece)
                    if self.packing is not None:
                        refuse_bomb(self.file, unpacked=total, packed=packed_size)
                    yield piece, min(raw.tell() / packed_size, 1.0)
            except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, NotImplementedError) as error:
                raise complaints.broken_archive(self.file, self.packing or "zip") from error
            except RuntimeError as error:  # zipfile's way to ask for a password
                raise complaints.encrypted(self.file) from error
            except PermissionError as error:
                raise complaints.no_permission(self.file) from error
            except OSError as error:
                raise complaints.cannot_read(self.file, error.strerror or str(error)) from error

    def _streams(self, stack: ExitStack) -> tuple[IO[bytes], IO[bytes]]:
        raw = stack.enter_context(self.path.open("rb"))
        if self.packing == "gzip":
            return raw, cast("IO[bytes]", stack.enter_context(gzip.GzipFile(fileobj=raw)))
        if self.packing == "zip":
            archive = stack.enter_context(zipfile.ZipFile(raw))
            return raw, stack.enter_context(archive.open(self.member or archive.namelist()[0]))
        return raw, raw

    def unpacked(self, folder: Path) -> Path:
        """A path from which a library can read the bytes: the file itself, or a copy unpacked into `folder`."""
        if self.packing is None:
            return self.path
        target = folder / f"unpacked-{abs(hash(self.file)):x}"
        with target.open("wb") as out:
            for piece, _ in self.chunks():
                out.write(piece)
        return target


def refuse_bomb(file: str, *, unpacked: int, packed: int) -> None:
    """Raise `UnreadableInput` when `packed` bytes unpack to more than ordinary data can."""
    if unpacked > MOST_UNPACKED:
        raise complaints.bomb(file, f"{MOST_UNPACKED >> 30} GB")
    if unpacked > HARMLESS and unpacked > MOST_RATIO * packed:
        raise complaints.bomb(file, f"{HARMLESS >> 20} MB")


def identify(path: Path, file: str) -> Content:
    """What `path`, called `file` in messages, holds.

    Raises `UnreadableInput` when it is empty, has no permission, is a known kind of file that is no table, or a broken archive.
    """
    try:
        with path.open("rb") as raw:
            head = raw.read(4096)
    except PermissionError as error:
        raise complaints.no_permission(file) from error
    except OSError as error:
        raise complaints.cannot_read(file, error.strerror or str(error)) from error
    if not head:
        raise complaints.empty_file(file)
    if head.startswith(b"\x1f\x8b"):
        return _inside(Content(path=path, file=file, holds=Holds.TEXT, packing="gzip"))
    if head.startswith(b"PK"):
        return _in_zip(path, file)
    return Content(path=path, file=file, holds=_holds(head, path, file))


def _inside(content: Content) -> Content:
    """The same content with what its unpacked bytes hold."""
    head = next((piece for piece, _ in content.chunks(4096)), b"")
    if not head:
        raise complaints.empty_file(content.file)
    holds = Holds.WORKBOOK if head.startswith(b"PK") else _holds(head, content.path, content.file)
    return Content(path=content.path, file=content.file, holds=holds, packing=content.packing, member=content.member)


def _in_zip(path: Path, file: str) -> Content:
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
        raise complaints.broken_archive(file, "zip") from error
    names = [info.filename for info in infos]
    if any(name.startswith("xl/") for name in names) or {"content.xml", "mimetype"} <= set(names):
        return Content(path=path, file=file, holds=Holds.WORKBOOK)
    tables = [i for i in infos if not i.filename.startswith(("__MACOSX/", ".")) and "/." not in i.filename]
    if len(tables) != 1:
        raise complaints.archive_content(file, len(tables))
    if tables[0].flag_bits & 0x1:
        raise complaints.encrypted(file)
    return _inside(Content(path=path, file=file, holds=Holds.TEXT, packing="zip", member=tables[0].filename))


def _holds(head: bytes, path: Path, file: str) -> Holds:
    if head.startswith(b"PAR1"):
        return Holds.PARQUET
    if head.startswith(_OLE):
        refuse_encrypted_workbook(path, file)
        return Holds.WORKBOOK
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            raise complaints.binary(file, 1, name)
    if path.suffix.lower() in (".parquet", ".pq"):
        raise complaints.broken_parquet(file, "no PAR1 at the start")
    if path.suffix.lower() in (".xlsx", ".xlsm", ".xlsb") or (path.suffix.lower() == ".xls" and b"\0" in head):
        raise complaints.broken_workbook(file, "no zip or OLE file")
    return Holds.TEXT


def refuse_encrypted_workbook(path: Path, file: str) -> None:
    """A protected xlsx is an OLE file with a stream `EncryptedPackage`, whose name stands in its directory as UTF-16."""
    wanted = "EncryptedPackage".encode("utf-16-le")
    tail = b""
    try:
        with path.open("rb") as raw:
            while piece := raw.read(CHUNK):
                if wanted in tail + piece:
                    raise complaints.encrypted(file)
                tail = piece[-len(wanted) :]
    except OSError as error:
        raise complaints.cannot_read(file, error.strerror or str(error)) from error
