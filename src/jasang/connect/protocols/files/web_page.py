"""Web pages saved with the ending .xls, as many MES and ERP systems "export to Excel": the biggest table of the page."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

import numpy as np
import polars as pl

from jasang.connect.protocols.files import complaints
from jasang.connect.protocols.files.content import Content
from jasang.connect.protocols.files.decoding import Decoder
from jasang.connect.protocols.files.layout import MISSING, Layout, Row, find_layout
from jasang.connect.protocols.files.repair import Tally
from jasang.connect.protocols.files.rows import Block, RowFilter

# A page is held in memory as a whole; exports of this size are cut off by the systems that write them.
_LONGEST_PAGE = 256 << 20
_SAMPLE_ROWS = 400
_JSON = re.compile(r'\{\s*"[^"]*"\s*:|\[\s*[\[{]\s*"')


def is_web_page(head: str) -> bool:
    """Whether text begins as a page with a table."""
    start = head.lstrip("\ufeff \t\r\n")[:2000].lower()
    return start.startswith("<") and ("<html" in start or "<table" in start or "<!doctype html" in start)


def is_markup(head: str) -> bool:
    """Whether text begins as XML or JSON, which hold trees and no tables."""
    start = head.lstrip("\ufeff \t\r\n")
    return (start.startswith("<?xml") and "<html" not in start[:2000].lower()) or bool(_JSON.match(start))


@dataclass(slots=True)
class WebPage:
    """The biggest table of a page whose layout is known."""

    rows: list[Row]
    layout: Layout
    encoding: str

    @classmethod
    def of(cls, content: Content, tally: Tally) -> "WebPage":
        """Raises `UnreadableInput` where the page holds no table."""
        decoder = Decoder(content)
        page = b""
        for piece, _ in decoder.chunks(tally):
            page += piece
            if len(page) > _LONGEST_PAGE:
                raise complaints.long_record(content.file, 1, f"{_LONGEST_PAGE >> 20} MB")
        reader = _Tables()
        reader.feed(page.decode("utf-8", errors="replace"))
        reader.close()
        found = max(reader.tables, key=lambda rows: sum(len(row) for row in rows), default=[])
        width = max((len(row) for row in found), default=0)
        if width > complaints.MOST_COLUMNS:
            raise complaints.too_many_columns(content.file, 1, width)
        rows = [(number, row + [""] * (width - len(row))) for number, row in enumerate(found, start=1)]
        layout = find_layout([row for row in rows[:_SAMPLE_ROWS] if any(row[1])], tally=tally)
        if layout is None:
            raise complaints.no_table(content.file)
        return cls(rows, layout, decoder.encoding)

    def blocks(self, tally: Tally) -> Iterator[tuple[Block, float]]:
        """The rows of data, in one block."""
        data = [(number, cells) for number, cells in self.rows if number >= self.layout.first_data_row]
        if not data:
            return
        keep = RowFilter(layout=self.layout, tally=tally)
        columns = zip(*(cells for _, cells in data), strict=True)
        texts = [
            pl.Series([None if cell in MISSING else cell for cell in column], dtype=pl.String) for column in columns
        ]
        frame = pl.DataFrame({str(place): series for place, series in enumerate(texts)})
        numbers = np.array([number for number, _ in data], dtype=np.int64)
        yield from ((kept, 1.0) for kept in keep.push(Block(frame=frame, file_rows=numbers)))
        yield from ((kept, 1.0) for kept in keep.finish())


@dataclass
class _Tables(HTMLParser):
    tables: list[list[list[str]]] = field(default_factory=list)
    _open: list[list[list[str]]] = field(default_factory=list)
    _cell: list[str] | None = None
    _span: int = 1

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._open.append([])
        elif tag == "tr" and self._open:
            self._end_cell()
            self._open[-1].append([])
        elif tag in ("td", "th") and self._open and self._open[-1]:
            self._end_cell()
            self._cell = []
            span = dict(attrs).get("colspan") or "1"
            self._span = min(int(span), complaints.MOST_COLUMNS) if span.isdecimal() else 1
        elif tag == "br" and self._cell is not None:
            self._cell.append(" ")

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr"):
            self._end_cell()
        elif tag == "table" and self._open:
            self._end_cell()
            self.tables.append(self._open.pop())

    def _end_cell(self) -> None:
        if self._cell is not None and self._open and self._open[-1]:
            text = " ".join("".join(self._cell).split())
            self._open[-1][-1].extend([text, *[""] * (self._span - 1)])
        self._cell = None
