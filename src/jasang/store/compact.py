"""Putting small files of the settled table together, and rewriting files without some of their rows.

A file that is read by signal should have some 100,000 rows of each: then a month of one signal is one read. Readers notice
nothing; replaced rows go to the table of replaced ones. A group of files that overlap in time is always rewritten as a whole, so
that the number of the newest of them stays right for all rows.
"""

from collections.abc import Callable, Iterator, Sequence

from jasang.store.block import Block, joined, newest, ordered
from jasang.store.pace import Rest, no_rest
from jasang.store.rollup import RollUpWriter, rollup_path
from jasang.store.settle import SplitWriter, Tables
from jasang.store.settled import Entry
from jasang.store.settled_file import RowGroup, SettledFile, telling_not_written, union_of_times

ROWS_OF_A_SIGNAL = 100_000  # on average, from which on a file is large enough
MOST_FILES = 16  # in a group, before it is rewritten in any case

Keep = Callable[[str, Block], Block]


def compact(tables: Tables, before: int, *, everything: bool = False, rest: Rest = no_rest) -> int:
    """Put together files whose rows all lie before `before` (microseconds), a start of a day; how many files there are less.

    A large file is not rewritten for every small one that follows, unless `everything`. Of the day that is not over small files
    are put together when they are many.
    """
    saved = 0
    today = [entry for entry in tables.settled.entries() if entry.first >= before]
    if len(today) > MOST_FILES:
        small = _without_a_large_one(overlapping(today))
        saved += len(small) - rewrite(tables, small, rest=rest)
    for group in groups([entry for entry in tables.settled.entries() if entry.last < before]):
        if _worth_while(group, everything=everything):
            saved += len(group) - rewrite(tables, group, rest=rest)
    if everything:
        _roll_up(tables, rest)
        # Somebody asked for room.
        tables.settled.vacuum(hours=0)
        tables.replaced.vacuum(hours=0)
    elif saved:
        tables.settled.vacuum()
    return saved


def _roll_up(tables: Tables, rest: Rest) -> None:
    """Make the roll-ups that are missing, of files that an earlier release wrote."""
    for entry in tables.settled.entries():
        path = rollup_path(entry.file.path)
        if not path.exists():
            rollup = RollUpWriter()
            for name, rows in _by_signal([entry.file]):
                rollup.add(name, ordered(rows))
                rest()
            rollup.write(path)


def rewrite(tables: Tables, group: Sequence[Entry], keep: Keep | None = None, rest: Rest = no_rest) -> int:
    """Write the rows of files that overlap with no other file anew, those that `keep` returns; how many files that makes.

    `rest` is called between signals.
    """
    ordered_group = sorted(group, key=lambda entry: (entry.file.batch, entry.name))
    batch = ordered_group[-1].file.batch
    received = union_of_times([entry.file.received() for entry in group])
    with telling_not_written(tables.settled.folder):
        files = SplitWriter(tables.settled, received=received, batch=batch)
        earlier = SplitWriter(tables.replaced, received=received, batch=batch)
        for name, rows in _by_signal([entry.file for entry in ordered_group]):
            kept, gone = newest(ordered(rows))
            files.add(name, kept if keep is None else keep(name, kept))
            earlier.add(name, gone if keep is None else keep(name, gone))
            rest()
        added, replaced = files.close(), earlier.close()
    if replaced:
        tables.replaced.commit(replaced)
    tables.settled.commit(added, group)
    return len(added)


def _by_signal(files: Sequence[SettledFile]) -> Iterator[tuple[str, Block]]:
    """The rows of each signal in order of the names, by file; one row group of each file in memory."""
    at_hand: dict[int, tuple[int, RowGroup]] = {}
    for name in sorted({name for file in files for name in file.signals()}):
        parts = []
        for number, file in enumerate(files):
            for piece in file.signals().get(name, ()):
                if number not in at_hand or at_hand[number][0] != piece.group:
                    at_hand[number] = (piece.group, file.group(piece.group, full=True))
                parts.append(at_hand[number][1].rows(piece.at, piece.at + piece.rows))
        yield name, joined(parts)


def overlapping(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Files that overlap in time, by time."""
    return groups(entries, neighbours=False)


def groups(entries: Sequence[Entry], *, neighbours: bool = True) -> list[list[Entry]]:
    """Files that overlap in time, and `neighbours` as long as the whole is small, by time."""
    found: list[list[Entry]] = []
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.first):
        if found and (entry.first <= end or (neighbours and not _large([*found[-1], entry]))):
            found[-1].append(entry)
            end = max(end, entry.last)
        else:
            found.append([entry])
            end = entry.last
    return found


def _large(group: Sequence[Entry]) -> bool:
    signals = {name for entry in group for name in entry.file.signals()}
    return sum(entry.file.rows for entry in group) > 2 * ROWS_OF_A_SIGNAL * len(signals)


def _without_a_large_one(parts: Sequence[Sequence[Entry]]) -> list[Entry]:
    """The files of all parts but the largest, where the others together are less than half of it."""
    rows = [sum(entry.file.rows for entry in part) for part in parts]
    largest = rows.index(max(rows))
    leave = len(parts) > 1 and sum(rows) - rows[largest] < rows[largest] / 2
    return [entry for place, part in enumerate(parts) if not (leave and place == largest) for entry in part]


def _worth_while(group: Sequence[Entry], *, everything: bool) -> bool:
    # Two files may be the two kinds of one: whole milliseconds and not.
    if len(group) < 2 or (len(group) == 2 and group[0].file.milliseconds() != group[1].file.milliseconds()):
        return False
    rows = [entry.file.rows for entry in group]
    return everything or len(group) > MOST_FILES or sum(rows) - max(rows) >= max(rows) / 2
