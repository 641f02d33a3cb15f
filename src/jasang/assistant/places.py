"""The folders that were given at the start: every path of a question is looked up in them, and none leads out."""

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jasang.errors import JasangError


class OutsideFolders(JasangError):
    """A path leads out of the folders given at the start, or there is nothing to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A file or folder as a question may name it: `name` with slashes, beginning with its folder's name."""

    name: str
    folder: bool
    size: int  # bytes; 0 for a folder


class Places:
    """Named folders. A path is `NAME/below/it`, or absolute; with a single folder also what lies below it, and `.`."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.roots: dict[str, Path] = {}
        for folder in folders:
            real = folder.expanduser().resolve()
            if not real.is_dir():
                raise OutsideFolders(
                    ko=f"{folder}: 폴더가 아닙니다. 있는 폴더를 주세요.",
                    en=f"{folder} is no folder; expected an existing folder.",
                )
            if real in self.roots.values():
                continue
            self.roots[self._free(real.name or "root")] = real
        if not self.roots:
            raise OutsideFolders(ko="폴더를 하나 이상 주세요.", en="Expected at least one folder.")

    def _free(self, name: str) -> str:
        count = 2
        free = name
        while free in self.roots:
            free, count = f"{name}-{count}", count + 1
        return free

    def resolve(self, given: str) -> Path:
        """The file or folder of that name, with every link followed; refuses what lies or leads outside."""
        path = self._inside(given)
        try:
            kind = path.stat().st_mode
        except (OSError, ValueError) as error:
            raise OutsideFolders(
                ko=f"'{given}'이(가) 없습니다. 있는 폴더: {self._names()}. list_files로 찾아보세요.",
                en=f"There is no '{given}'. Folders: {self._names()}. list_files shows what is in them.",
            ) from error
        if stat.S_ISDIR(kind):
            self._refuse_ways_out(path, given)
        elif not stat.S_ISREG(kind):
            raise OutsideFolders(
                ko=f"'{given}'은(는) 파일도 폴더도 아닙니다.", en=f"'{given}' is no file and no folder."
            )
        return path

    def target(self, given: str) -> Path:
        """A file to be written, in a folder that is there."""
        path = self._inside(given)
        if path.is_dir() or not path.parent.is_dir() or not path.name.isprintable():
            raise OutsideFolders(
                ko=f"'{given}': 있는 폴더 안의 파일 이름이어야 합니다.",
                en=f"'{given}': expected the name of a file in an existing folder.",
            )
        return path

    def name(self, path: Path) -> str:
        """How a question would name this path."""
        for name, root in self.roots.items():
            if path.is_relative_to(root):
                rest = path.relative_to(root).as_posix()
                return name if rest == "." else f"{name}/{rest}"
        raise OutsideFolders(ko=f"{path.name}: 폴더 밖입니다.", en=f"{path.name} lies outside of the folders.")

    def below(self, given: str) -> Iterator[Listed]:
        """What lies in a folder, sorted, without what is hidden; a file is its own only entry."""
        path = self.resolve(given)
        entries = sorted(path.iterdir()) if path.is_dir() else [path]
        for entry in entries:
            if not entry.name.startswith(".") and (entry.is_dir() or entry.is_file()):
                size = 0 if entry.is_dir() else entry.stat().st_size
                yield Listed(name=self.name(entry.resolve()), folder=entry.is_dir(), size=size)

    def _inside(self, given: str) -> Path:
        """The real path of a name, which lies inside of one of the folders."""
        if not _is_name(given):
            raise self._outside(given)
        for candidate in self._meant(given.strip()):
            try:
                real = candidate.resolve()
            except (OSError, RuntimeError):  # links in a circle
                continue
            if any(real.is_relative_to(root) for root in self.roots.values()):
                return real
        raise self._outside(given)

    def _meant(self, given: str) -> Iterator[Path]:
        asked = Path(given)
        if asked.is_absolute():
            yield asked
            return
        first, _, rest = given.replace("\\", "/").partition("/")
        if len(self.roots) == 1:
            root = next(iter(self.roots.values()))
            # A folder below may have the name of the folder itself.
            if first not in self.roots or (root / given).exists():
                yield root / given
        if first in self.roots:
            yield self.roots[first] / rest

    def _outside(self, given: str) -> OutsideFolders:
        shown = given[:200].replace("\0", "").encode(errors="replace").decode()
        return OutsideFolders(
            ko=f"'{shown}'은(는) 열어 준 폴더 안에 없습니다. 있는 폴더: {self._names()}",
            en=f"'{shown}' is not inside of the folders that were opened. Folders: {self._names()}",
        )

    def _refuse_ways_out(self, folder: Path, given: str) -> None:
        for here, folders, files in os.walk(folder):
            for name in (*folders, *files):
                entry = Path(here, name)
                if entry.is_symlink() and not any(entry.resolve().is_relative_to(root) for root in self.roots.values()):
                    raise OutsideFolders(
                        ko=f"'{given}' 안의 {name}은(는) 열어 준 폴더 밖을 가리키는 링크입니다. 지우고 다시 하세요.",
                        en=f"{name} in '{given}' is a link that leads out of the opened folders. Remove it and ask again.",
                    )

    def _names(self) -> str:
        return ", ".join(self.roots)


def _is_name(given: str) -> bool:
    """Whether a file system can have it: no zero, no half of a letter, no part that is too long."""
    try:
        parts = given.replace("\\", "/").encode().split(b"/")
    except UnicodeEncodeError:
        return False
    return "\0" not in given and len(given) <= 4000 and all(len(part) <= 255 for part in parts)


def state_of(path: Path) -> str:
    """Changes when a file, or a file of the folder, is changed, added or removed; by names, sizes and times."""
    files = [path] if path.is_file() else [Path(here, name) for here, _, names in os.walk(path) for name in names]
    told = hashlib.sha256()
    for file in sorted(files):
        try:
            about = file.stat()
        except FileNotFoundError:  # a store's file that was put away meanwhile
            continue
        told.update(f"{file}\0{about.st_size}\0{about.st_mtime_ns}\n".encode(errors="surrogateescape"))
    return told.hexdigest()
