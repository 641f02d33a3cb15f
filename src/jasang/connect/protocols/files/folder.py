"""Opens a file or a whole folder as tables, without being told anything about them."""

import tempfile
from pathlib import Path
from types import TracebackType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from python_calamine import CalamineWorkbook

from jasang.connect.protocols.files import complaints
from jasang.connect.protocols.files.content import Content, Holds, identify
from jasang.connect.protocols.files.conversion import convert
from jasang.connect.protocols.files.dated_sheets import Sheet, join_dated
from jasang.connect.protocols.files.delimited import DelimitedText
from jasang.connect.protocols.files.parquet import read_parquet
from jasang.connect.protocols.files.repair import SkippedFile, Tally
from jasang.connect.protocols.files.spreadsheet import Worksheet, open_workbook, visible_sheets
from jasang.connect.protocols.files.table import FileTable
from jasang.connect.protocols.files.web_page import WebPage, is_markup, is_web_page
from jasang.errors import ConfigurationError, UnreadableInput
from jasang.plant.text import Progress, Text, silent

FACTORY_FILE = "factory.toml"
_TEXT_SUFFIXES = frozenset([".csv", ".tsv", ".tab", ".txt", ".dat", ".log", ".asc", ".prn"])
_PACKED_SUFFIXES = frozenset([".gz", ".zip"])
_BOOK_SUFFIXES = frozenset([".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"])
_TABLE_SUFFIXES = _TEXT_SUFFIXES | _PACKED_SUFFIXES | _BOOK_SUFFIXES | {".parquet", ".pq"}
# Files of these kinds often hold prose instead of a table; in a folder they are then left aside, not complained about.
_MAY_BE_PROSE = frozenset([".txt", ".dat", ".log", ".asc", ".prn"])


class OpenedFolder:
    """The tables of a file or folder. A context manager: big tables lie in a temporary folder that is removed at its end."""

    def __init__(
        self,
        *,
        files: tuple[FileTable, ...],
        skipped: tuple[SkippedFile, ...],
        factory_file: Path | None,
        temporary: tempfile.TemporaryDirectory[str],
    ) -> None:
        self.files = files
        self.skipped = skipped
        self.factory_file = factory_file
        self._temporary = temporary

    def __enter__(self) -> "OpenedFolder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the temporary folder; big tables cannot be read any more."""
        self._temporary.cleanup()


def open_path(path: Path, *, timezone: str = "Asia/Seoul", progress: Progress = silent) -> OpenedFolder:
    """Open one file, or a folder with all its tables (also in folders within it), with no option needed.

    `timezone` is the zone of times that name none. Raises `UnreadableInput` with one clear sentence for what cannot be read;
    in a folder one broken table is an error that names it. Nothing is written beside the input.

    >>> with open_path(Path("examples/steel")) as opened:  # doctest: +SKIP
    ...     opened.files[0].read(["Usage_kWh"]).height
    35040
    """
    _check_zone(timezone)
    path = Path(path)
    try:
        found = _found(path)
    except PermissionError as error:
        raise complaints.no_permission(str(path)) from error
    temporary = tempfile.TemporaryDirectory(prefix="jasang-", ignore_cleanup_errors=True)
    try:
        return _open(path, found, timezone, progress, temporary)
    except BaseException:  # Ctrl-C included: nothing half done may stay on the disk
        temporary.cleanup()
        raise


def _check_zone(timezone: str) -> None:
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigurationError(
            ko=f"시간대 '{timezone}'을(를) 모릅니다. 'Asia/Seoul'처럼 적어야 합니다.",
            en=f"unknown time zone {timezone!r}; expected a name such as 'Asia/Seoul'.",
        ) from error


def _found(path: Path) -> list[Path]:
    if not path.exists():
        raise complaints.missing_path(str(path))
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise complaints.not_a_file(str(path))
    next(path.iterdir(), None)  # rglob passes over a folder that may not be listed
    files = (
        p
        for p in path.rglob("*")
        if p.is_file() and not any(part.startswith(".") for part in p.relative_to(path).parts)
    )
    return sorted(files, key=lambda p: p.relative_to(path).as_posix())


def _open(
    path: Path, found: list[Path], timezone: str, progress: Progress, temporary: tempfile.TemporaryDirectory[str]
) -> OpenedFolder:
    in_folder = path.is_dir()
    tables: list[FileTable] = []
    skipped: list[SkippedFile] = []
    factory_file: Path | None = None
    for number, file_path in enumerate(found):
        file = file_path.relative_to(path).as_posix() if in_folder else file_path.name
        if in_folder and file == FACTORY_FILE:
            factory_file = file_path
            continue
        reason = not_a_table(file_path) if in_folder else None
        if reason is not None:
            skipped.append(SkippedFile(file=file, reason=reason))
            continue
        share = _Share(progress, number, len(found))
        try:
            found_tables, left_aside = read_file(file_path, file, Path(temporary.name), timezone, share)
            tables.extend(found_tables)
            skipped.extend(left_aside)
        except complaints.NoTable as error:
            if not in_folder or _plain_suffix(file_path) not in _MAY_BE_PROSE:
                raise
            skipped.append(SkippedFile(file=file, reason=Text(ko=error.ko, en=error.en)))
    if not tables:
        raise complaints.no_tables_in_folder(str(path))
    return OpenedFolder(files=tuple(tables), skipped=tuple(skipped), factory_file=factory_file, temporary=temporary)


class _Share:
    """Progress of one file as part of the progress of all."""

    def __init__(self, progress: Progress, number: int, of: int) -> None:
        self.progress, self.number, self.of = progress, number, of

    def __call__(self, stage: Text, share: float) -> None:
        self.progress(stage, (self.number + min(share, 1.0)) / self.of)


def _plain_suffix(path: Path) -> str:
    name = path.name.lower().removesuffix(".gz").removesuffix(".zip")
    return Path(name).suffix


def not_a_table(path: Path) -> Text | None:
    """Why a file of a folder is not even tried, or `None`."""
    if path.name.lower().startswith(("readme", "license", "licence", "~$")):
        return Text(ko="설명서나 임시 파일입니다", en="a note or a temporary file, not data")
    if path.suffix.lower() not in _TABLE_SUFFIXES:
        kind = path.suffix or path.name
        return Text(ko=f"표가 아닌 종류의 파일입니다({kind})", en=f"a kind of file that holds no table ({kind})")
    return None


def read_file(
    path: Path, file: str, folder: Path, timezone: str, progress: Progress, *, fewest: int = 2
) -> tuple[list[FileTable], list[SkippedFile]]:
    """The tables of one file, called `file` in messages, and the sheets left aside; `folder` takes temporary files.

    Raises `UnreadableInput`, also where a table has fewer than `fewest` rows.
    """
    content = identify(path, file)
    if content.holds is Holds.WORKBOOK:
        return _read_workbook(content, folder, timezone, progress, fewest)
    if content.holds is Holds.PARQUET:
        return [_read_parquet(content, folder, timezone, progress, fewest)], []
    return [_read_text(content, folder, timezone, progress, fewest)], []


def _read_workbook(
    content: Content, folder: Path, timezone: str, progress: Progress, fewest: int
) -> tuple[list[FileTable], list[SkippedFile]]:
    book = open_workbook(content.unpacked(folder), content.file)
    names = visible_sheets(book)

    def read(name: str, file: str, first_row: int) -> Sheet:
        return _read_sheet(book, name, file, folder, timezone, progress, fewest, first_row)

    sheets: list[Sheet] = []
    skipped: list[SkippedFile] = []
    first_error: UnreadableInput | None = None
    for name in names:
        file = content.file if len(book.sheet_names) == 1 else f"{content.file}#{name}"
        try:
            sheets.append(read(name, file, 1))
        except UnreadableInput as error:
            # A cover, a blank sheet or a chart beside the table is usual; alone in the book it is an error.
            first_error = first_error or error
            skipped.append(SkippedFile(file=file, reason=Text(ko=error.ko, en=error.en)))
            continue
        number = 2
        while (row := sheets[-1].next_row) is not None:  # further tables below the first
            try:
                sheets.append(read(name, f"{content.file}#{name} ({number})", row))
            except UnreadableInput as error:
                skipped.append(
                    SkippedFile(file=f"{content.file}#{name} ({number})", reason=Text(ko=error.ko, en=error.en))
                )
                break
            number += 1
    if not sheets:
        raise first_error or complaints.all_blank(content.file)
    hidden = Text(ko="숨긴 시트입니다", en="a hidden sheet")
    skipped.extend(
        SkippedFile(file=f"{content.file}#{name}", reason=hidden) for name in book.sheet_names if name not in names
    )
    return join_dated(sheets, file=content.file, timezone=timezone), skipped


def _read_sheet(
    book: CalamineWorkbook,
    name: str,
    file: str,
    folder: Path,
    timezone: str,
    progress: Progress,
    fewest: int,
    first_row: int,
) -> Sheet:
    tally = Tally()
    sheet = Worksheet.of(book, name, file, tally, first_row=first_row)
    made = convert(
        sheet,
        file=file,
        folder=folder,
        timezone=timezone,
        spreadsheet=True,
        tally=tally,
        progress=progress,
        fewest=fewest,
    )
    table = FileTable(
        file=file,
        columns=made.columns,
        repairs=tally.repairs(),
        encoding="",
        delimiter="",
        header_row=sheet.layout.header_row,
        first_data_row=sheet.layout.first_data_row,
        values=made.values,
        units=made.units,
        file_rows=made.file_rows,
    )
    return Sheet(name=name, title=sheet.title, table=table, tally=tally, next_row=sheet.next_row)


def _read_parquet(content: Content, folder: Path, timezone: str, progress: Progress, fewest: int) -> FileTable:
    tally = Tally()
    columns, values = read_parquet(
        content.unpacked(folder), file=content.file, timezone=timezone, tally=tally, progress=progress, fewest=fewest
    )
    return FileTable(
        file=content.file,
        columns=columns,
        repairs=tally.repairs(),
        encoding="",
        delimiter="",
        header_row=0,
        first_data_row=1,
        values=values,
    )


def _read_text(content: Content, folder: Path, timezone: str, progress: Progress, fewest: int) -> FileTable:
    tally = Tally()
    delimiter = ""
    source: WebPage | DelimitedText
    head = next((piece for piece, _ in content.chunks(4096)), b"").decode("utf-8", errors="replace")
    if is_markup(head):
        raise complaints.no_table(content.file)
    if is_web_page(head):
        source = WebPage.of(content, tally)
        encoding = source.encoding
    else:
        source = DelimitedText.of(content, tally)
        delimiter = source.dialect.delimiter
    made = convert(
        source,
        file=content.file,
        folder=folder,
        timezone=timezone,
        spreadsheet=False,
        tally=tally,
        progress=progress,
        fewest=fewest,
    )
    if isinstance(source, DelimitedText):
        encoding = source.decoder.encoding  # known for certain once all has been read
    return FileTable(
        file=content.file,
        columns=made.columns,
        repairs=tally.repairs(),
        encoding=encoding,
        delimiter=delimiter,
        header_row=source.layout.header_row,
        first_data_row=source.layout.first_data_row,
        values=made.values,
        units=made.units,
        file_rows=made.file_rows,
    )
