"""Fresh readings: a synced log, its rows in memory, and sealed segments; written by the one process that owns the store.

An append is a record in the log, synced, then seen. A full log is sealed by a thread: sorted by signal and time into a file that
is mapped into memory, and then forgotten. Memory is bounded by two or three logs, a restart replays as many.
"""

import contextlib
import logging
import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from jasang.errors import StoreError
from jasang.plant.reading import Signal
from jasang.store import segment
from jasang.store.block import Block
from jasang.store.describing import read_signals, with_undescribed
from jasang.store.fresh_files import FOLDER, ROWS, open_fresh
from jasang.store.fresh_view import FreshView
from jasang.store.live import Live
from jasang.store.log import Log, sync_folder
from jasang.store.manifest import Manifest, Pending, named_files, write_manifest
from jasang.store.segment import Sealed, Segment

MOST_SEALING = 3  # full logs in memory; then appends wait
SEAL_PATIENCE = 60.0  # s
_RETRY = 5.0  # s

_log = logging.getLogger(__name__)


class Fresh:
    """The readings that have not been settled yet. Any number of threads may read while one writes."""

    def __init__(self, store: Path) -> None:
        folder = store / FOLDER
        folder.mkdir(exist_ok=True)
        opened = open_fresh(folder)
        self._folder = folder
        self._names, self._codes = opened.names, {name: code for code, name in enumerate(opened.names)}
        self._latest, self._manifest = opened.latest, opened.manifest
        self._segments, self._lives = opened.segments, opened.lives
        self._naming, self._writing, self._looking = threading.Lock(), threading.Lock(), threading.Lock()
        self._changed = threading.Condition()  # guards manifest, segments and lives, which change together
        self._closing = False
        self._tidy()
        self._file: Log | None = None
        if self._lives:
            self._file = Log(folder / self._manifest.logs[-1], size=opened.size, named=opened.named)
        else:
            self._begin_log()
        self._sealer = threading.Thread(target=self._seal_full_logs, name="store sealer", daemon=True)
        self._sealer.start()

    def codes(self, names: Iterable[str]) -> dict[str, int]:
        """The numbers of signals; a new name gets the next one."""
        with self._naming:
            for name in names:
                if name not in self._codes:
                    self._codes[name] = len(self._names)
                    self._names.append(name)
            return self._codes

    def named(self) -> int:
        """How many signals have numbers."""
        return len(self._names)

    def append(self, block: Block) -> None:
        """Keep rows, synced; then they are seen. One call at a time."""
        with self._writing:
            if self._lives[-1].rows + len(block) > self._lives[-1].capacity:
                self._wait_for_sealer()
                self._begin_log(max(ROWS, len(block)))
            if self._file is None:
                raise StoreError(ko="저장소가 이미 닫혔습니다.", en="the store is closed")
            self._file.append(block, self._names)
            self._lives[-1].append(block)
            with self._looking:
                self._latest.update(block)

    def view(self) -> FreshView:
        """What there is now."""
        with self._changed:
            return FreshView(codes=self._codes, segments=self._segments, lives=self._lives)

    def last(self) -> tuple[Block, list[str]]:
        """The row with the latest source time of each signal, settled ones included, and the names of signals."""
        with self._looking:
            return self._latest.block(), self._names

    def files(self) -> tuple[Path, Manifest]:
        """The folder and the list of what belongs to it now."""
        with self._changed:
            return self._folder, self._manifest

    def seal(self) -> tuple[Segment, ...]:
        """Seal all rows there are and return the segments. Raises `StoreError` when that fails."""
        with self._writing:
            if self._lives[-1].rows:
                self._begin_log()
        self._wait_for_sealer(most=0)
        with self._changed:
            return self._segments

    def pending(self) -> Pending | None:
        """A settlement that has begun and not ended."""
        return self._manifest.pending

    def begin_settlement(self, pending: Pending) -> None:
        """Note that a settlement goes to Delta Lake next."""
        with self._changed:
            self._keep(replace(self._manifest, pending=pending), self._segments, self._lives)

    def end_settlement(self, pending: Pending, *, committed: bool) -> None:
        """Put the rest in the place of the settled segments, or drop it where the settlement did not come about."""
        with self._changed:
            segments, manifest = self._segments, replace(self._manifest, pending=None)
            if committed:
                # The rest stays where its segment was: of two rows the one in the later segment counts.
                rest = dict(zip(pending.replaced, pending.rest, strict=True))
                segments = tuple(
                    kept if sealed is kept.sealed else Segment(self._folder, sealed)
                    for kept in segments
                    if (sealed := rest.get(kept.sealed.file, kept.sealed)) is not None
                )
                manifest = replace(manifest, segments=tuple(kept.sealed for kept in segments))
            self._keep(manifest, segments, self._lives)
        gone = pending.replaced if committed else [sealed.file for sealed in pending.rest if sealed]
        self._delete(gone)

    def write_segment(self, block: Block) -> Sealed:
        """A segment that belongs to nothing yet."""
        return segment.write(self._folder / f"{self._number():08}.arrow", block, self._names)

    def close(self) -> None:
        """Finish what is being sealed and let go of the files."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._sealer.join()
        with self._writing:
            if self._file is not None:
                self._file.close()
            self._file = None

    def _number(self) -> int:
        with self._changed:
            self._manifest = replace(self._manifest, number=self._manifest.number + 1)
            return self._manifest.number

    def _keep(self, manifest: Manifest, segments: tuple[Segment, ...], lives: tuple[Live, ...]) -> None:
        write_manifest(self._folder, manifest)
        self._manifest, self._segments, self._lives = manifest, segments, lives
        self._changed.notify_all()

    def _begin_log(self, capacity: int = 0) -> None:
        file = Log(self._folder / f"{self._number():08}.log")
        sync_folder(self._folder)
        with self._changed:
            manifest = replace(self._manifest, logs=(*self._manifest.logs, file.path.name))
            self._keep(manifest, self._segments, (*self._lives, Live(capacity or ROWS)))
        before, self._file = self._file, file
        if before is not None:
            before.close()

    def _wait_for_sealer(self, most: int = MOST_SEALING - 1) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._lives) - 1 <= most, SEAL_PATIENCE):
                raise StoreError(
                    ko=f"저장소 {self._folder} 에 쌓인 값을 정리해 쓰지 못하고 있습니다. 디스크에 빈 자리가 있는지 확인하세요.",
                    en=f"full logs of the store {self._folder} cannot be sealed; check that the disk has room",
                )

    def _seal_full_logs(self) -> None:
        failing = False
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or len(self._lives) > 1)
                if len(self._lives) < 2 or (failing and self._closing):
                    return
            try:
                self._seal_oldest()
                failing = False
            except StoreError as error:
                if not failing:
                    _log.error("%s", error.en)
                failing = True
                with self._changed:
                    self._changed.wait_for(lambda: self._closing, _RETRY)

    def _seal_oldest(self) -> None:
        live, log = self._lives[0], self._manifest.logs[0]
        sealed = self.write_segment(live.everything()) if live.rows else None
        last, names = self.last()
        latest = segment.write(self._folder / f"{self._number():08}.latest", last, names)
        before = self._manifest.latest
        with self._changed:
            segments = self._segments if sealed is None else (*self._segments, Segment(self._folder, sealed))
            manifest = replace(
                self._manifest,
                segments=tuple(kept.sealed for kept in segments),
                logs=self._manifest.logs[1:],
                latest=latest.file,
            )
            self._keep(manifest, segments, self._lives[1:])
        self._delete([log, *([before] if before else [])])

    def _tidy(self) -> None:
        """Delete what a crash left over."""
        kept = named_files(self._manifest)
        found = (path.name for path in self._folder.iterdir() if path.suffix in (".log", ".arrow", ".latest", ".new"))
        self._delete([name for name in found if name not in kept])

    def _delete(self, names: Iterable[str]) -> None:
        for name in names:
            with contextlib.suppress(OSError):  # Windows keeps a mapped file; the next start deletes it
                (self._folder / name).unlink(missing_ok=True)


class FreshOnDisk:
    """The fresh part of a store that nobody owns, as it lay there when this was made."""

    def __init__(self, store: Path) -> None:
        opened = open_fresh(store / FOLDER)
        self._names, self._latest = opened.names, opened.latest
        self._described = read_signals(store)
        codes = {name: code for code, name in enumerate(opened.names)}
        self._view = FreshView(codes=codes, segments=opened.segments, lives=opened.lives)

    def signals(self) -> tuple[Signal, ...]:
        """As `Reader.signals`."""
        return with_undescribed(self._described, (self._names[code] for code in self._latest.block().signal))

    def select(self, names: Sequence[str], start: int, end: int) -> Block:
        """As `FreshView.select`."""
        return self._view.select(names, start, end)

    def before(self, names: Sequence[str], moment: int) -> Block:
        """As `FreshView.before`."""
        return self._view.before(names, moment)

    def extent(self) -> tuple[int, int] | None:
        """As `FreshView.extent`."""
        return self._view.extent()

    def last(self, _names: Sequence[str] | None = None) -> tuple[Block, list[str]]:
        """As `Fresh.last`."""
        return self._latest.block(), self._names
