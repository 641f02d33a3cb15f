"""Opening the fresh part of a store: its segments, and the rows of its logs replayed into memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jasang.errors import StoreError
from jasang.store.block import Block
from jasang.store.live import Latest, Live
from jasang.store.log import records
from jasang.store.manifest import Manifest, read_manifest
from jasang.store.segment import Sealed, Segment

FOLDER = "fresh"
# Rows of one log, and so of memory: 33 bytes each, twice while one is sealed. A restart replays two logs at most.
ROWS = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The fresh part as it lies on disk. `names` are all signals by number; the last log ends at `size` with `named` of them."""

    manifest: Manifest
    names: list[str]
    segments: tuple[Segment, ...]
    lives: tuple[Live, ...]
    latest: Latest
    size: int
    named: int


def open_fresh(folder: Path) -> Opened:
    """Read `fresh/`; raises `StoreError` where something of it is missing or damaged."""
    manifest = read_manifest(folder) or Manifest()
    segments = tuple(Segment(folder, sealed) for sealed in manifest.segments)
    names: list[str] = []
    for segment in segments:
        learn(names, 0, segment.names)
    latest = Latest()
    if manifest.latest is not None:
        kept = Segment(folder, Sealed(file=manifest.latest, rows=0, first=None, last=None, checksum=0))
        learn(names, 0, kept.names)
        latest.update(kept.part(0, 2**31 - 1))
    else:
        for segment in segments:
            latest.update(segment.part(0, 2**31 - 1))
    lives, size, named = [], 0, 0
    for log in manifest.logs:
        blocks, named, size = [], 0, 0
        for record, size in records(folder / log):  # noqa: B007 — where the last one ends is used below
            learn(names, record.first_name, record.names)
            named = max(named, record.first_name + len(record.names))
            blocks.append(record.block)
            latest.update(record.block)
        lives.append(replayed(blocks))
    return Opened(
        manifest=manifest,
        names=names,
        segments=segments,
        lives=tuple(lives),
        latest=latest,
        size=size,
        named=named,
    )


def learn(names: list[str], first: int, more: Sequence[str]) -> None:
    """Names from number `first` on; those known must be the same."""
    known = names[first : first + len(more)]
    if list(more[: len(known)]) != known or first > len(names):
        raise StoreError(
            ko="저장소 파일들의 신호 목록이 서로 다릅니다. 다른 저장소의 파일이 섞였는지 확인하세요.",
            en="the files of the store disagree on the names of signals; has a file of another store been mixed in?",
        )
    names.extend(more[len(known) :])


def replayed(blocks: Sequence[Block]) -> Live:
    """Rows of a log in memory."""
    live = Live(max(ROWS, sum(len(block) for block in blocks)))
    for block in blocks:
        live.append(block)
    return live
