"""Small tables as people keep them for planning: CSV in UTF-8 or CP949, or the sheets of a workbook, cell by cell.

The reader for data (`connect.protocols.files`) types whole columns and wants at least two rows; a plan's table of moulds may
have one row, or none yet, and its order numbers keep their leading zeros here.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from jasang.errors import UnreadableInput

_TEXT, _BOOKS = (".csv", ".tsv"), (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One table: header names, and rows of cells with the row of the file each stands in (from 1)."""

    file: str
    name: str
    columns: tuple[str, ...]
    cells: tuple[tuple[object, ...], ...]
    lines: tuple[int, ...]


def planning_sheets(path: Path) -> tuple[Sheet, ...]:
    """The tables of a folder (without folders in it), or of one workbook.

    Raises
    ------
    UnreadableInput
        There is no such path, or a file in it cannot be read.
    """
    if not path.exists():
        raise UnreadableInput(
            ko=f"{path}: 그런 파일이나 폴더가 없습니다.", en=f"{path}: there is no such file or folder."
        )
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    sheets: list[Sheet] = []
    for file in files:
        if file.name.startswith((".", "~$")):
            continue
        if file.suffix.lower() in _TEXT:
            sheets.append(_sheet(file.name, file.stem, _text_rows(file)))
        elif file.suffix.lower() in _BOOKS:
            sheets += _book(file)
    if not sheets:
        raise UnreadableInput(
            ko=f"{path}: 표(.csv나 엑셀)가 없습니다. 주문 표와 공정 표가 든 폴더나 엑셀 파일을 주세요.",
            en=f"{path}: there is no table (.csv or workbook). Expected a folder or workbook with orders and routings.",
        )
    return tuple(sheets)


def _text_rows(file: Path) -> list[tuple[object, ...]]:
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise UnreadableInput(
            ko=f"{file.name}을(를) 읽을 수 없습니다: {error.strerror}",
            en=f"{file.name} cannot be read: {error.strerror}",
        ) from error
    codings = ("utf-16",) if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "cp949")
    for coding in codings:
        try:
            text = raw.decode(coding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise UnreadableInput(
            ko=f"{file.name}: UTF-8도 CP949도 아닌 글자가 있습니다.",
            en=f"{file.name}: the text is neither UTF-8 nor CP949.",
        )
    head = text.lstrip().split("\n", 1)[0]
    mark = max((",", "\t", ";"), key=head.count)
    return [tuple(row) for row in csv.reader(io.StringIO(text), delimiter=mark)]


def _book(file: Path) -> list[Sheet]:
    try:
        book = CalamineWorkbook.from_path(str(file))
        rows = {
            name: [tuple(row) for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False)]
            for name in book.sheet_names
        }
    except (CalamineError, OSError) as error:
        raise UnreadableInput(
            ko=f"{file.name}을(를) 엑셀로 읽을 수 없습니다: {error}",
            en=f"{file.name} cannot be read as a workbook: {error}",
        ) from error
    only = len(rows) == 1
    return [
        _sheet(
            file.name if only else f"{file.name}#{name}",
            file.stem if only and name.startswith("Sheet") else name,
            cells,
        )
        for name, cells in rows.items()
        if any(not _blank(cell) for row in cells for cell in row)
    ]


def _blank(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _sheet(file: str, name: str, rows: Sequence[tuple[object, ...]]) -> Sheet:
    filled = [(line, row) for line, row in enumerate(rows, 1) if not all(_blank(cell) for cell in row)]
    if not filled:
        return Sheet(file=file, name=name, columns=(), cells=(), lines=())
    header = tuple("" if cell is None else str(cell).strip() for cell in filled[0][1])
    width = len(header)
    cells = tuple((*row[:width], *(None for _ in range(width - len(row)))) for _, row in filled[1:])
    return Sheet(file=file, name=name, columns=header, cells=cells, lines=tuple(line for line, _ in filled[1:]))
