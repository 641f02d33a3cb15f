"""Settling: fresh rows go to the settled table, once.

1. all rows are sealed; what is older than asked is written to Parquet files, the rest to a new segment;
2. the manifest notes that settlement n has begun, and what it replaces;
3. one Delta Lake commit carries the files and n as application transaction;
4. the manifest forgets the settled segments.
After a crash the owner looks whether Delta Lake has n: if so step 4 is done, else the settlement never was.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jasang.store.block import Array, Block, joined, newest, ordered
from jasang.store.fresh import Fresh
from jasang.store.manifest import Pending
from jasang.store.pace import Rest, no_rest
from jasang.store.rollup import RollUpWriter, rollup_path
from jasang.store.segment import Sealed, Segment
from jasang.store.settled import FOLDER, SettledTable
from jasang.store.settled_file import FileWriter, Written, telling_not_written, union_of_times

DAY = 86_400_000_000  # microseconds
REPLACED = "replaced"  # the table of readings that a later one of the same signal and source time took the place of

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The two tables of a store: what counts, and what was replaced."""

    settled: SettledTable
    replaced: SettledTable

    def last_batch(self) -> int:
        """The greatest number that was given to a settlement."""
        return self.settled.last_batch()


class SplitWriter:
    """Writes rows to one file, or to two where some signals have times between the milliseconds."""

    def __init__(self, table: SettledTable, *, received: Array, batch: int) -> None:
        self._table, self._received, self._batch = table, received, batch
        self._writers: dict[bool, FileWriter] = {}
        self._rollups: dict[bool, tuple[Path, RollUpWriter]] = {}

    def add(self, signal: str, block: Block) -> None:
        """Rows of one signal, sorted by time; signals in order of their names."""
        if not len(block):
            return
        milliseconds = not np.any(block.source % 1000)
        if milliseconds not in self._writers:
            path = self._table.new_path(self._batch)
            self._writers[milliseconds] = FileWriter(
                path, milliseconds=milliseconds, received=self._received, batch=self._batch
            )
            self._rollups[milliseconds] = rollup_path(path), RollUpWriter()
        self._writers[milliseconds].add(signal, block)
        if self._table.folder.name == FOLDER:  # nobody draws what was replaced
            self._rollups[milliseconds][1].add(signal, block)

    def close(self) -> list[Written]:
        """Finish and sync the files, each with its roll-up."""
        for path, rollup in self._rollups.values():
            rollup.write(path)
        return [writer.close() for writer in self._writers.values()]


def settle(fresh: Fresh, tables: Tables, before: int, rest: Rest = no_rest) -> int:
    """Move rows with a source time before `before` (microseconds); how many. `rest` is called between signals."""
    resume(fresh, tables)
    segments = [kept for kept in fresh.seal() if kept.sealed.first is not None and kept.sealed.first < before]
    moved = sum(int(np.count_nonzero(segment.source < before)) for segment in segments)
    if not moved:
        return 0
    batch = tables.last_batch() + 1
    with telling_not_written(tables.settled.folder):
        added, replaced = _written(segments, tables, before, batch, rest)
    young = _rest(fresh, segments, before)
    pending = Pending(batch=batch, replaced=tuple(segment.sealed.file for segment in segments), rest=young)
    fresh.begin_settlement(pending)
    if replaced:
        tables.replaced.commit(replaced, batch=batch)
    tables.settled.commit(added, batch=batch)
    fresh.end_settlement(pending, committed=True)
    return moved


def resume(fresh: Fresh, tables: Tables) -> None:
    """Finish or undo a settlement that a crash interrupted."""
    pending = fresh.pending()
    if pending is not None:
        committed = tables.settled.last_batch() >= pending.batch
        _log.info("settlement %d was interrupted %s its commit", pending.batch, "after" if committed else "before")
        fresh.end_settlement(pending, committed=committed)


def _written(
    segments: Sequence[Segment], tables: Tables, before: int, batch: int, rest: Rest
) -> tuple[list[Written], list[Written]]:
    """The files of a settlement, one or two for each UTC day, and those of the rows that were replaced."""
    code_of = {name: code for segment in segments for code, name in enumerate(segment.names)}
    names = sorted(code_of)
    added, replaced = [], []
    for day in _days(segments, before):
        start, end = day * DAY, min((day + 1) * DAY, before)
        received = union_of_times([_receive_times(segment, start, end) for segment in segments])
        files = SplitWriter(tables.settled, received=received, batch=batch)
        earlier = SplitWriter(tables.replaced, received=received, batch=batch)
        for name in names:
            rows = ordered(joined([segment.of(code_of[name], start, end) for segment in segments]))
            kept, gone = newest(rows)
            files.add(name, kept)
            earlier.add(name, gone)
            rest()
        added += files.close()
        replaced += earlier.close()
    return added, replaced


def _days(segments: Sequence[Segment], before: int) -> Iterator[int]:
    """UTC days since 1970 that have rows to settle."""
    days: set[int] = set()
    for segment in segments:
        first, last = segment.sealed.first, segment.sealed.last
        if first is not None and last is not None and first // DAY == last // DAY:
            days.add(first // DAY)
            continue
        days.update(np.unique(segment.source[segment.source < before] // DAY).tolist())
    return iter(sorted(days))


def _receive_times(segment: Segment, start: int, end: int) -> Array:
    if segment.sealed.first is None or segment.sealed.last is None:
        return np.empty(0, np.int64)
    if segment.sealed.first >= end or segment.sealed.last < start:
        return np.empty(0, np.int64)
    times: Array = np.unique(segment.receive[(segment.source >= start) & (segment.source < end)])
    return times


def _rest(fresh: Fresh, segments: Sequence[Segment], before: int) -> tuple[Sealed | None, ...]:
    """The rows of each segment that are too young to be settled, in a segment of their own; `None` where there are none."""
    kept: list[Sealed | None] = []
    for segment in segments:
        young = segment.source >= before
        kept.append(fresh.write_segment(segment.rows(0, len(young)).take(young)) if young.any() else None)
    return tuple(kept)
