"""Excel workbooks (xlsx, xlsm, xlsb, xls, ods): each sheet as blocks of texts, guarded against bombs and stray cells."""

import datetime as dt
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetVisibleEnum

from jasang.connect.protocols.files import complaints
from jasang.connect.protocols.files.content import refuse_bomb
from jasang.connect.protocols.files.layout import MISSING, Layout, Row, find_layout
from jasang.connect.protocols.files.repair import Tally
from jasang.connect.protocols.files.rows import Block, RowFilter
from jasang.connect.protocols.files.sections import MOST_ROWS, Sections, sections

_BLOCK_ROWS = 50_000
_SAMPLE_ROWS = 400
_SAMPLE_CELLS = 60_000
# A sheet is held as a full grid by the reader; 150 million cells are some 5 GB, more than any sheet people work with.
_MOST_CELLS = 150_000_000
# Parts this small cannot unpack to anything harmful.
_SMALL_PART = 1 << 16
_CELL = re.compile(rb'<c r="([A-Z]{1,3})(\d{1,7})"')

Cell = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta


def guard_workbook(path: Path, file: str) -> None:
    """Refuse a workbook that would not fit into memory, before it is opened.

    Zip entries are unpacked and counted, for the sizes they declare may lie; the cells farthest out give the size of a sheet.
    Raises `UnreadableInput`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            packed = path.stat().st_size
            refuse_bomb(file, unpacked=sum(info.file_size for info in infos), packed=packed)
            total = 0
            for info in infos:
                total += _true_size(path, info, file, packed, total)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError) as error:
        raise complaints.broken_workbook(file, str(error)) from error


def _true_size(path: Path, info: zipfile.ZipInfo, file: str, packed: int, before: int) -> int:
    """Bytes that a part of the archive really unpacks to."""
    if info.compress_type != zipfile.ZIP_DEFLATED or info.compress_size < _SMALL_PART:
        return info.file_size
    is_sheet = info.filename.startswith("xl/worksheets/") and info.filename.endswith(".xml")
    rows = columns = total = 0
    tail = b""
    with path.open("rb") as raw:
        raw.seek(info.header_offset)
        header = raw.read(30)
        raw.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), 1)
        inflate = zlib.decompressobj(-15)
        while not inflate.eof:
            piece = inflate.decompress(inflate.unconsumed_tail or raw.read(1 << 20), 1 << 22)
            if not piece and not inflate.unconsumed_tail and raw.tell() >= packed:
                break
            total += len(piece)
            refuse_bomb(file, unpacked=before + total, packed=packed)
            if is_sheet:
                for letters, row in _CELL.findall(tail + piece):
                    columns = max(columns, _column_number(letters))
                    rows = max(rows, int(row))
                tail = piece[-40:]
    if rows * columns > _MOST_CELLS:
        raise complaints.huge_sheet(file, rows, columns)
    return total


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def open_workbook(path: Path, file: str) -> CalamineWorkbook:
    """The workbook. Raises `UnreadableInput` where it is none, broken or protected."""
    with path.open("rb") as raw:
        if raw.read(2) == b"PK":
            guard_workbook(path, file)
    try:
        return CalamineWorkbook.from_path(str(path))
    except PasswordError as error:
        raise complaints.encrypted(file) from error
    except (CalamineError, OSError, ValueError) as error:
        raise complaints.broken_workbook(file, str(error)) from error
    except BaseException as error:
        raise _or_panic(error, file) from error


def _or_panic(error: BaseException, file: str) -> BaseException:
    """The reader is written in Rust and panics on some broken files; that class cannot be imported to be caught."""
    if type(error).__name__ == "PanicException":
        return complaints.broken_workbook(file, "damaged")
    return error


def visible_sheets(book: CalamineWorkbook) -> list[str]:
    """Names of the sheets that people see; hidden ones hold lists for drop-downs and old states."""
    visible = [sheet.name for sheet in book.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible]
    return visible or list(book.sheet_names)


@dataclass(slots=True)
class Worksheet:
    """One sheet whose layout is known."""

    file: str
    sheet: CalamineSheet
    layout: Layout
    title: str  # what stands above the table
    last_row: int  # of the table
    next_row: int | None  # where a further table on the same sheet begins

    @classmethod
    def of(cls, book: CalamineWorkbook, name: str, file: str, tally: Tally, *, first_row: int = 1) -> "Worksheet":
        """The table from `first_row` on. Raises `UnreadableInput` for a blank sheet or one that holds no table."""
        try:
            sheet = book.get_sheet_by_name(name)
        except (CalamineError, OSError, ValueError) as error:
            raise complaints.broken_workbook(file, str(error)) from error
        except BaseException as error:
            raise _or_panic(error, file) from error
        if sheet.start is None or sheet.end is None:
            raise complaints.all_blank(file)
        width = sheet.end[1] + 1
        if width > complaints.MOST_COLUMNS:
            raise complaints.too_many_columns(file, sheet.start[0] + 1, width)
        below = (row for row in _texts(sheet) if row[0] >= first_row)
        sample = max(20, min(_SAMPLE_ROWS, _SAMPLE_CELLS // width))
        rows: list[Row] = [(number, cells) for number, cells in islice(below, sample) if any(cells)]
        layout, parts = _layout(sheet, rows, first_row, tally)
        if layout is None:
            raise complaints.all_blank(file)
        above = [cells for number, cells in rows if number < (layout.header_row or layout.first_data_row)]
        title = " ".join(cell for cells in above for cell in cells if cell)
        return cls(file, sheet, layout, title, parts.last, parts.next)

    def blocks(self, tally: Tally) -> Iterator[tuple[Block, float]]:
        """The rows of data, a block at a time."""
        keep = RowFilter(layout=self.layout, tally=tally)
        first, last = self.layout.first_data_row, self.last_row
        rows = (row for row in _texts(self.sheet) if first <= row[0] <= last)
        height = max(self.sheet.total_height, 1)
        names = [str(column) for column in range(self.layout.width)]
        while chunk := list(islice(rows, _BLOCK_ROWS)):
            columns = zip(*(cells for _, cells in chunk), strict=True)
            texts = (
                pl.Series([None if cell in MISSING else cell for cell in column], dtype=pl.String) for column in columns
            )
            frame = pl.DataFrame(dict(zip(names, texts, strict=True)))
            block = Block(frame=frame, file_rows=np.array([number for number, _ in chunk], dtype=np.int64))
            yield from ((kept, chunk[-1][0] / height) for kept in keep.push(block))
        yield from ((kept, 1.0) for kept in keep.finish())


def _layout(sheet: CalamineSheet, rows: list[Row], first_row: int, tally: Tally) -> tuple[Layout | None, Sections]:
    """The layout of the first table in these rows, and where it ends; a further table must not have a say in it."""
    whole = Sections(last=(sheet.end or (0, 0))[0] + 1)
    found = find_layout(rows)
    if found is None or sheet.total_height > MOST_ROWS:
        return find_layout(rows, tally=tally), whole
    parts = sections([row for row in _texts(sheet) if row[0] >= first_row], found)
    layout = find_layout([row for row in rows if row[0] <= parts.last], tally=tally)
    if layout is None:
        return find_layout(rows, tally=tally), whole
    if parts.closing:
        example = " ".join(cell for cell in parts.closing[0][1] if cell)
        tally.add("stray_rows", rows=len(parts.closing), row=parts.closing[0][0], example=example)
    return layout, parts


def _texts(sheet: CalamineSheet) -> Iterator[Row]:
    """Rows as texts with their numbers in the sheet; all have the width of the sheet, from column A on."""
    width = (sheet.end or (0, 0))[1] + 1
    left = [""] * (sheet.start or (0, 0))[1]
    # Rows come from row 1 of the sheet on, cells from its first column that is not empty.
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells = left + [_text(cell) for cell in row]
        yield number, cells + [""] * (width - len(cells))


def _text(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, dt.datetime):
        # Excel keeps days as floats; a millisecond is the finest that survives.
        rounded = cell + dt.timedelta(microseconds=500)
        return rounded.replace(microsecond=rounded.microsecond // 1000 * 1000).isoformat(sep=" ")
    if isinstance(cell, dt.timedelta):
        minutes, seconds = divmod(round(cell.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return str(cell)
