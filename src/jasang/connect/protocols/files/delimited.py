"""A text file as blocks of rows: every cell a text, ragged rows repaired and counted, never more than a block in memory."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv

from jasang.connect.protocols.files import complaints
from jasang.connect.protocols.files.content import Content
from jasang.connect.protocols.files.decoding import Decoder
from jasang.connect.protocols.files.dialect import BLANKS, ONE_COLUMN, Dialect, find_dialect
from jasang.connect.protocols.files.layout import MISSING, Layout, is_rule
from jasang.connect.protocols.files.records import Records, UnclosedQuote, cut
from jasang.connect.protocols.files.repair import Tally
from jasang.connect.protocols.files.rows import Block, RowFilter

_HEAD = 1 << 20
_LONGEST_RECORD = 1 << 26
_PROSE_SUFFIXES = (".csv", ".tsv")
_RUNS_OF_BLANKS = re.compile(rb"[ \t\x0b\x0c]+")
_TAB_AT_EDGE = re.compile(rb"(?m)^\t|\t$")


@dataclass(slots=True)
class DelimitedText:
    """One text file whose dialect and layout are known. `blocks` may be called again: it reads the file anew."""

    content: Content
    decoder: Decoder
    dialect: Dialect
    layout: Layout

    @classmethod
    def of(cls, content: Content, tally: Tally) -> "DelimitedText":
        """Look at the head of the file. Raises `UnreadableInput` where it is no text or holds no table."""
        decoder = Decoder(content)
        head = b""
        complete = True
        for piece, _ in decoder.chunks():
            head += piece[: _HEAD - len(head)]
            if len(head) >= _HEAD:
                complete = False
                break
        name = (content.member or content.path.name).lower()
        prose_allowed = name.removesuffix(".gz").endswith(_PROSE_SUFFIXES)
        text = head.decode("utf-8", errors="replace")
        dialect, layout = find_dialect(content.file, text, complete=complete, prose_allowed=prose_allowed, tally=tally)
        if layout.width > complaints.MOST_COLUMNS:
            raise complaints.too_many_columns(content.file, layout.header_row or layout.first_data_row, layout.width)
        return cls(content, decoder, dialect, layout)

    @property
    def separator(self) -> str:
        """What separates fields once runs of blanks have been made one tab."""
        return "\t" if self.dialect.delimiter == BLANKS else self.dialect.delimiter

    def blocks(self, tally: Tally) -> Iterator[tuple[Block, float]]:
        """The rows of data, a block at a time, with the share of the file read."""
        keep = RowFilter(layout=self.layout, tally=tally)
        held = b""
        line = 1
        skip = self.layout.first_data_row - 1
        for piece, share in self.decoder.chunks(tally):
            held += piece
            if skip:
                held, skipped = _without_lines(held, skip)
                skip -= skipped
                line += skipped
                if skip:
                    continue
            block, held, line = self._rows(held, line, tally)
            if block is not None:
                yield from ((kept, share) for kept in keep.push(block))
        if held.strip():
            block, held, line = self._rows(held + b"\n", line, tally, last=True)
            if held.strip():
                raise complaints.unclosed_quote(self.content.file, line)
            if block is not None:
                yield from ((kept, 1.0) for kept in keep.push(block))
        yield from ((kept, 1.0) for kept in keep.finish())
        self._refuse_ragged(keep.rows, tally)

    def _refuse_ragged(self, rows: int, tally: Tally) -> None:
        lost = tally.rows_of("long_rows", "stray_rows")
        if lost > 10 and lost > 0.3 * (rows + lost):
            first = min(r.first_row or 0 for r in tally.repairs() if r.kind in ("long_rows", "stray_rows"))
            raise complaints.ragged(self.content.file, first, 0, self.layout.width, lost, rows + lost)

    def _rows(self, data: bytes, line: int, tally: Tally, *, last: bool = False) -> tuple[Block | None, bytes, int]:
        """The block of complete records at the start of `data`, what is left over, and the line the rest begins on."""
        blanks = self.dialect.delimiter == BLANKS
        if blanks:
            cut_at = data.rfind(b"\n") + 1
            data, rest = data[:cut_at], data[cut_at:]
            data = _TAB_AT_EDGE.sub(b"", _RUNS_OF_BLANKS.sub(b"\t", data))
        try:
            records = cut(data, delimiter=self.separator, quoted=self.dialect.quoted)
        except UnclosedQuote as error:
            raise complaints.unclosed_quote(self.content.file, line + error.line) from error
        rest = rest if blanks else data[records.used :]
        if len(rest) > _LONGEST_RECORD:
            lines_on = line + data.count(b"\n", 0, records.used)
            if self.dialect.quoted and b'"' in rest:
                raise complaints.unclosed_quote(self.content.file, lines_on)
            raise complaints.long_record(self.content.file, lines_on, f"{_LONGEST_RECORD >> 20} MB")
        next_line = line + data.count(b"\n", 0, records.used)
        if not records.start.size:
            return None, rest, next_line
        rows = records.line + line
        if records.regular:
            return self._parsed(data, records, rows, tally, last=last), rest, next_line
        return self._parsed_slowly(data, records, rows, tally, last=last), rest, next_line

    def _parsed(self, data: bytes, records: Records, rows: np.ndarray, tally: Tally, *, last: bool) -> Block:
        """Records with obedient quotes, by Arrow's reader; those with another number of fields are mended first."""
        width = self.layout.width
        empty = records.end - records.start == 0
        odd = np.flatnonzero((records.fields != width) & ~empty)
        tally.add("blank_rows", rows=int(empty.sum()), row=int(rows[empty][0]) if empty.any() else None)
        kept = ~empty
        if not odd.size:
            return Block(frame=self._table(data[: records.used]), file_rows=rows[kept])
        pieces: list[bytes] = []
        position = 0
        for at in odd:
            start, end = int(records.start[at]), int(records.end[at])
            pieces.append(data[position:start])
            is_last = last and at == records.start.size - 1
            mended = self._mended(data[start:end], int(rows[at]), tally, last=is_last)
            if mended is None:
                kept[at] = False
            else:
                pieces.append(_joined(mended, self.separator) + b"\n")
            position = end + 1
        pieces.append(data[position : records.used])
        return Block(frame=self._table(b"".join(pieces)), file_rows=rows[kept])

    def _parsed_slowly(self, data: bytes, records: Records, rows: np.ndarray, tally: Tally, *, last: bool) -> Block:
        width = self.layout.width
        found: list[list[str]] = []
        numbers: list[int] = []
        for at in range(records.start.size):
            record = data[records.start[at] : records.end[at]]
            if not record.strip():
                tally.add("blank_rows", row=int(rows[at]))
                continue
            cells: list[str] | None = self._cells(record, int(rows[at]))
            if cells is not None and len(cells) != width:
                cells = self._mended(record, int(rows[at]), tally, last=last and at == records.start.size - 1)
            if cells is not None:
                found.append(cells)
                numbers.append(int(rows[at]))
        columns = list(zip(*found, strict=True)) or [()] * width
        frame = pl.DataFrame(
            {
                str(c): pl.Series([None if cell in MISSING else cell for cell in cells], dtype=pl.String)
                for c, cells in enumerate(columns)
            }
        )
        return Block(frame=frame, file_rows=np.array(numbers, dtype=np.int64))

    def _cells(self, record: bytes, row: int) -> list[str]:
        text = record.decode("utf-8", errors="replace")
        if self.separator == ONE_COLUMN:
            return [text]
        if not self.dialect.quoted or '"' not in text:
            return text.split(self.separator)
        try:
            return next(csv.reader(text.splitlines(keepends=True), delimiter=self.separator, skipinitialspace=True))
        except (csv.Error, StopIteration) as error:
            raise complaints.unclosed_quote(self.content.file, row) from error

    def _mended(self, record: bytes, row: int, tally: Tally, *, last: bool) -> list[str] | None:
        """The record with as many fields as the table has columns, or `None` where it is left out."""
        width = self.layout.width
        cells = self._cells(record, row)
        example = " ".join(cell.strip() for cell in cells)
        filled = sum(bool(cell.strip()) for cell in cells)
        if filled == 0:
            tally.add("blank_rows", row=row)
            return None
        if len(cells) > width:
            if not any(cell.strip() for cell in cells[width:]):
                return cells[:width]
            tally.add("long_rows", row=row, example=example)
            return None
        if (len(cells) == 1 and width > 2) or is_rule(example):
            tally.add("cut_last_row" if last else "stray_rows", row=row, example=example)
            return None
        if len(cells) == width:
            return cells
        if last:
            tally.add("cut_last_row", row=row, example=example)
            return None
        tally.add("short_rows", row=row, example=example)
        return cells + [""] * (width - len(cells))

    def _table(self, data: bytes) -> pl.DataFrame:
        names = [str(column) for column in range(self.layout.width)]
        if not data:
            return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
        if self.separator == ONE_COLUMN:
            lines = [line.strip().strip('"') for line in data.decode("utf-8", errors="replace").split("\n")[:-1]]
            return pl.DataFrame({"0": pl.Series([None if x in MISSING else x for x in lines if x], dtype=pl.String)})
        table = pa_csv.read_csv(
            pa.BufferReader(data),
            read_options=pa_csv.ReadOptions(column_names=names, use_threads=False, block_size=len(data) + 1),
            parse_options=pa_csv.ParseOptions(
                delimiter=self.separator,
                quote_char='"' if self.dialect.quoted else False,
                newlines_in_values=self.dialect.quoted,
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()),
                null_values=sorted(MISSING),
                strings_can_be_null=True,
                check_utf8=False,
            ),
        )
        frame = pl.from_arrow(table)
        if not isinstance(frame, pl.DataFrame):
            raise TypeError(f"expected a DataFrame from Arrow, got {type(frame)}")
        return frame


def _without_lines(data: bytes, count: int) -> tuple[bytes, int]:
    """`data` without its first `count` lines, and how many it did have."""
    position = skipped = 0
    while skipped < count and (end := data.find(b"\n", position)) >= 0:
        position, skipped = end + 1, skipped + 1
    return data[position:], skipped


def _joined(cells: list[str], separator: str) -> bytes:
    quoted = (
        '"' + cell.replace('"', '""') + '"' if any(c in cell for c in (separator, '"', "\n")) else cell
        for cell in cells
    )
    return separator.join(quoted).encode("utf-8")
