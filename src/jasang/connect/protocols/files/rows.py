"""Rows that are no data: blank ones, the header repeated within a file, totals and averages. Taken out and counted."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from jasang.connect.protocols.files.layout import Layout, kind_of
from jasang.connect.protocols.files.repair import Tally

_TOTALS = (
    r"(?i)^\s*[(\[<*]*\s*(합\s*계|소\s*계|총\s*계|총\s*합\s*계?|누\s*계|계|평\s*균|최\s*대|최\s*소|표준편차|"
    r"(grand |sub-?)?totals?|sum|average|avg\.?|mean|min(imum)?|max(imum)?|std\.?( dev\.?)?)\s*[)\]>*:]*\s*$"
)
_LAST_ROWS = 5


@dataclass(slots=True)
class FileRows:
    """Which row of the file each row of the table stood in, kept as stretches without a gap."""

    _starts: list[int] = field(default_factory=list)
    _rows: list[int] = field(default_factory=list)
    _count: int = 0

    def add(self, file_rows: np.ndarray) -> None:
        """The rows of the next block, ascending."""
        if not file_rows.size:
            return
        due = self._rows[-1] + self._count - self._starts[-1] if self._rows else -1
        breaks = np.flatnonzero(np.diff(file_rows, prepend=due - 1) != 1)
        self._starts.extend(int(at) + self._count for at in breaks)
        self._rows.extend(int(file_rows[at]) for at in breaks)
        self._count += file_rows.size

    def of(self, row: int) -> int:
        """The row of the file, counted from 1, in which row `row` of the table (counted from 0) stood."""
        if not 0 <= row < self._count:
            raise IndexError(f"row {row} of a table of {self._count} rows")
        stretch = bisect_right(self._starts, row) - 1
        return self._rows[stretch] + row - self._starts[stretch]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Some rows of a file: texts, columns called "0", "1" …, missing = null; `file_rows[i]` is the line of row i, int64."""

    frame: pl.DataFrame
    file_rows: np.ndarray


@dataclass(slots=True)
class RowFilter:
    """Passes blocks on without the rows that are no data. The last rows wait for the end of the file, where totals stand."""

    layout: Layout
    tally: Tally
    rows: int = 0
    _waiting: Block | None = field(default=None, init=False)

    def push(self, block: Block) -> Iterator[Block]:
        """The block before, now that it is known not to be the last."""
        block = self._without_blanks(block)
        if not block.frame.height:
            return
        if self._waiting is not None:
            yield from self._counted(self._without_totals(self._waiting, last=False))
        self._waiting = block

    def finish(self) -> Iterator[Block]:
        """The last block."""
        if self._waiting is not None:
            yield from self._counted(self._without_totals(self._waiting, last=True))
            self._waiting = None

    def _counted(self, block: Block) -> Iterator[Block]:
        self.rows += block.frame.height
        if block.frame.height:
            yield block

    def _without_blanks(self, block: Block) -> Block:
        frame = block.frame
        if frame.width > 1 and frame.height:
            blank = frame.select(pl.all_horizontal(pl.all().is_null())).to_series().to_numpy()
            if blank.any():
                self.tally.add("blank_rows", rows=int(blank.sum()), row=int(block.file_rows[blank][0]))
                block = _kept(block, ~blank)
        return self._without_headers(block)

    def _without_headers(self, block: Block) -> Block:
        named = [(str(column), name) for column, name in enumerate(self.layout.names) if name]
        if not named or not block.frame.height:
            return block
        column, name = named[0]
        frame = block.frame
        if not frame.get_column(column).str.strip_chars().eq(name).any():
            return block
        same = pl.all_horizontal([pl.col(c).str.strip_chars().str.replace_all(r"\s+", " ") == n for c, n in named])
        repeats = frame.select(same.fill_null(value=False)).to_series().to_numpy()
        if not repeats.any():
            return block
        self.tally.add("repeated_header", rows=int(repeats.sum()), row=int(block.file_rows[repeats][0]))
        return _kept(block, ~repeats)

    def _without_totals(self, block: Block, *, last: bool) -> Block:
        """A word for a total where a number or time belongs, or, in the last rows, in front of a row otherwise short of texts."""
        if self.layout.width < 2:
            return block
        frame = block.frame
        drop = np.zeros(frame.height, dtype=bool)
        for column in range(min(3, self.layout.width)):
            texts = frame.get_column(str(column))
            says_total = texts.str.contains(_TOTALS).fill_null(value=False).to_numpy()
            if not says_total.any():
                continue
            if self.layout.kinds[column] in ("number", "time"):
                drop |= says_total & self._no_other_text(frame, column)
            elif last:
                tail = np.zeros(frame.height, dtype=bool)
                tail[-_LAST_ROWS:] = (says_total & self._no_other_text(frame, column))[-_LAST_ROWS:]
                # The same word higher up makes it a category ("max" of a statistics table), not a footer.
                if tail.sum() == says_total.sum():
                    drop |= tail
        if last and not drop.any():
            drop = self._sum_lines(frame)
        if drop.any():
            example = " ".join(cell for cell in frame.row(int(np.flatnonzero(drop)[0])) if cell)
            self.tally.add("total_rows", rows=int(drop.sum()), row=int(block.file_rows[drop][0]), example=example)
            block = _kept(block, ~drop)
        return block

    def _sum_lines(self, frame: pl.DataFrame) -> np.ndarray:
        """Last rows that are mostly blank, name a total anywhere and beside it hold numbers only: sums below a few columns."""
        drop = np.zeros(frame.height, dtype=bool)
        for row in range(max(0, frame.height - _LAST_ROWS), frame.height):
            cells = [cell for cell in frame.row(row) if cell]
            rest = [cell for cell in cells if not re.match(_TOTALS, cell)]
            numbers = all(kind_of(cell) == "number" for cell in rest)
            drop[row] = len(rest) < len(cells) <= 0.5 * self.layout.width and bool(rest) and numbers
        return drop

    def _no_other_text(self, frame: pl.DataFrame, label: int) -> np.ndarray:
        """Rows whose only text is the label: a footer names nothing else."""
        texts = [str(c) for c, kind in enumerate(self.layout.kinds) if kind == "text" and c != label]
        if not texts:
            return np.ones(frame.height, dtype=bool)
        return frame.select(pl.all_horizontal(pl.col(texts).is_null())).to_series().to_numpy()


def _kept(block: Block, mask: np.ndarray) -> Block:
    return Block(frame=block.frame.filter(pl.Series(mask)), file_rows=block.file_rows[mask])
