"""Which files were read, and how far: kept in the store as one reading after the rows.

Files that may still grow are kept with what is needed to go on (size, time, rows, a fingerprint of their beginning), files that
have been at rest for a day as a short digest. Read again after a kill, a file gives the same readings, which the store knows.
"""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

HEAD = 65_536  # bytes that tell whether a file grew or was written anew
AT_REST = 86_400.0  # s


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One file as it was read. `open_end`: its last line had no end and may have been half a line."""

    size: int
    changed: int  # ns since 1970
    rows: int
    head: str
    open_end: bool = False


@dataclass(slots=True)
class Files:
    """All files that were read, by their path within the folder."""

    open: dict[str, Seen] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)

    def knows(self, name: str, size: int, changed: int) -> bool:
        """Whether the file was read just as it is."""
        seen = self.open.get(name)
        if seen is not None:
            return (seen.size, seen.changed) == (size, changed)
        return digest(name, size, changed) in self.done

    def text(self, there: dict[str, tuple[int, int]], now: float) -> str:
        """The mark as it is kept: only of files that are still `there`; those at rest become digests."""
        kept = {digest(name, size, changed) for name, (size, changed) in there.items()}
        self.done &= kept
        for name in [name for name in self.open if name not in there]:
            del self.open[name]
        for name, seen in list(self.open.items()):
            if now - seen.changed / 1e9 > AT_REST and there[name] == (seen.size, seen.changed):
                self.done.add(digest(name, seen.size, seen.changed))
                del self.open[name]
        grown = {
            name: [seen.size, seen.changed, seen.rows, seen.head, seen.open_end] for name, seen in self.open.items()
        }
        return json.dumps({"open": grown, "done": sorted(self.done)}, ensure_ascii=False)


def read_files(text: object) -> Files:
    """The files of a mark; none when it is no mark."""
    try:
        found = json.loads(text) if isinstance(text, str) else {"open": {}, "done": []}
        return Files(
            open={
                name: Seen(size=int(size), changed=int(changed), rows=int(rows), head=str(head), open_end=bool(end))
                for name, (size, changed, rows, head, end) in found["open"].items()
            },
            done={str(one) for one in found["done"]},
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return Files()


def digest(name: str, size: int, changed: int) -> str:
    """A file as it is, in a dozen letters."""
    return hashlib.blake2b(f"{name}\0{size}\0{changed}".encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()


def head_of(path: Path, size: int) -> str:
    """A fingerprint of the first bytes of a file of `size` bytes; a file that only grew keeps it for its old size."""
    with path.open("rb") as file:
        return hashlib.blake2b(file.read(min(size, HEAD)), digest_size=8).hexdigest()


def ends_open(path: Path) -> bool:
    """Whether the last line of a file has no end."""
    with path.open("rb") as file:
        file.seek(0, 2)
        if file.tell() == 0:
            return False
        file.seek(-1, 2)
        return file.read(1) not in b"\r\n\x00"
