"""The ways in which a file cannot be read, each one sentence in Korean and English: what, where, found, expected."""

from jasang.connect.protocols.files.repair import shown
from jasang.errors import UnreadableInput

MOST_COLUMNS = 4_096


class NoTable(UnreadableInput):
    """The file is no table at all: prose, a protocol, an empty log. In a folder such a text file is left aside."""


def missing_path(file: str) -> UnreadableInput:
    return UnreadableInput(
        ko=f"'{file}'이(가) 없습니다. 파일이나 폴더의 경로를 확인하세요.",
        en=f"{file!r} does not exist; expected a file or a folder.",
    )


def not_a_file(file: str) -> UnreadableInput:
    return UnreadableInput(
        ko=f"'{file}'은(는) 파일도 폴더도 아닙니다. 일반 파일이나 폴더를 지정하세요.",
        en=f"{file!r} is neither a file nor a folder; expected one of them.",
    )


def no_permission(file: str) -> UnreadableInput:
    return UnreadableInput(
        ko=f"'{file}'을(를) 열 권한이 없습니다. 파일 권한을 확인하세요.",
        en=f"{file!r} may not be opened; check its permissions.",
    )


def cannot_read(file: str, reason: str) -> UnreadableInput:
    return UnreadableInput(
        ko=f"'{file}'을(를) 읽는 중에 장치가 오류를 냈습니다: {reason}",
        en=f"{file!r} cannot be read from its device: {reason}",
    )


def empty_file(file: str) -> UnreadableInput:
    return NoTable(
        ko=f"'{file}'은(는) 빈 파일입니다(0바이트). 머리글과 데이터 행이 있어야 합니다.",
        en=f"{file!r} is empty (0 bytes); expected a header and rows of data.",
    )


def all_blank(file: str) -> UnreadableInput:
    return NoTable(
        ko=f"'{file}'에는 빈칸뿐입니다. 머리글과 데이터 행이 있어야 합니다.",
        en=f"{file!r} holds nothing but blanks; expected a header and rows of data.",
    )


def header_only(file: str, row: int) -> UnreadableInput:
    return NoTable(
        ko=f"'{file}': {row}행의 머리글만 있고 데이터 행이 없습니다. 데이터가 2행 이상 있어야 합니다.",
        en=f"{file!r} has only the header in row {row} and no rows of data; expected at least 2.",
    )


def one_row(file: str, row: int) -> UnreadableInput:
    return NoTable(
        ko=f"'{file}': 데이터가 {row}행 하나뿐입니다. 데이터가 2행 이상 있어야 합니다.",
        en=f"{file!r} has a single row of data (row {row}); expected at least 2.",
    )


def binary(file: str, row: int, found: str) -> UnreadableInput:
    return UnreadableInput(
        ko=f"'{file}': {row}행부터 글이 아닌 이진 데이터입니다({found}). CSV 텍스트, 엑셀, Parquet 파일이어야 합니다.",
        en=f"{file!r} is binary data from row {row} on ({found}); expected CSV text, Excel or Parquet.",
    )


def nul_byte(file: str, row: int) -> UnreadableInput:
    return UnreadableInput(
        ko=f"'{file}': {row}행에 NUL 바이트(0x00)가 있습니다. 저장하다가 깨진 파일입니다. 원본을 다시 내보내세요.",
        en=f"{file!r} has a NUL byte (0x00) in row {row}: the file was damaged when written; expected text. Export it again.",
    )


def too_many_columns(file: str, row: int, columns: int) -> UnreadableInput:
    return UnreadableInput(
        ko=f"'{file}': {row}행에 열이 {columns:,}개 있습니다. 열은 {MOST_COLUMNS:,}개까지 읽습니다.",
        en=f"{file!r} has {columns:,} columns in row {row}; expected at most {MOST_COLUMNS:,}.",
    )


def formula(file: str, row: int, column: str, cell: str) -> UnreadableInput:
    return UnreadableInput(
        ko=f"'{file}': {row}행 '{column}' 칸에 수식 {shown(cell)!r}이(가) 있습니다. 값이 있어야 하니 값으로 저장하세요.",
        en=f"{file!r} has a formula {shown(cell)!r} in row {row}, column {column!r}; expected a value. Save the file as values.",
    )


def infinite(file: str, row: int | None, column: str, cell: str) -> UnreadableInput:
    ko_place, en_place = (f"{row}행 ", f"row {row}, ") if row is not None else ("", "")
    return UnreadableInput(
        ko=f"'{file}': {ko_place}'{column}' 칸의 값이 무한대({shown(cell)})입니다. 유한한 숫자나 빈칸이어야 합니다.",
        en=f"{file!r} has an infinite value ({shown(cell)}) in {en_place}column {column!r}; expected a finite number or a blank.",
    )


def mixed_zones(file: str, column: str, first: str, row: int, other: str) -> UnreadableInput:
    return UnreadableInput(
        ko=f"'{file}': '{column}' 열에 시간대가 섞여 있습니다({first}, {row}행은 {other}). 한 열의 시간대는 하나여야 합니다.",
        en=f"{file!r} mixes time zones in column {column!r} ({first}, but {other} in row {row}); expected one zone in a column.",
    )


def unclosed_quote(file: str, row: int) -> UnreadableInput:
    return UnreadableInput(
        ko=f"'{file}': {row}행에서 연 따옴표(\")가 닫히지 않았습니다. 따옴표는 같은 칸에서 닫혀야 합니다.",
        en=f'{file!r} opens a quote (") in row {row} that is never closed; expected a closing quote in the same field.',
    )


def ragged(file: str, row: int, found: int, expected: int, rows: int, total: int) -> UnreadableInput:
    return NoTable(
        ko=f"'{file}': 행마다 칸 수가 다릅니다. {row}행은 {found}칸인데 {expected}칸이어야 합니다({total:,}행 중 {rows:,}행).",
        en=f"{file!r} is no table: row {row} has {found} fields, expected {expected} ({rows:,} of {total:,} rows differ).",
    )


def no_table(file: str) -> UnreadableInput:
    return NoTable(
        ko=f"'{file}'에서 표를 찾을 수 없습니다. 행마다 칸 수가 같은 표여야 합니다.",
        en=f"{file!r} holds no table; expected rows with the same number of fields.",
    )


def long_record(file: str, row: int, limit: str) -> UnreadableInput:
    return UnreadableInput(
        ko=f"'{file}': {row}행이 {limit}보다 깁니다. 줄바꿈이 있는 표 형식의 텍스트여야 합니다.",
        en=f"{file!r} has a row longer than {limit} (row {row}); expected text with line ends.",
    )


def broken_archive(file: str, what: str) -> UnreadableInput:
    return UnreadableInput(
        ko=f"'{file}': {what} 압축이 깨졌거나 중간에 끊겼습니다. 파일을 다시 복사하세요.",
        en=f"{file!r} is a {what} file that is damaged or cut off; expected a complete one. Copy it again.",
    )


def bomb(file: str, size: str) -> UnreadableInput:
    return UnreadableInput(
        ko=f"'{file}'은(는) 압축을 풀면 {size}을(를) 넘어 비정상적으로 커집니다. 정상적인 데이터 파일이어야 합니다.",
        en=f"{file!r} unpacks to more than {size}, far beyond its own size; expected an ordinary data file.",
    )


def archive_content(file: str, found: int) -> UnreadableInput:
    return UnreadableInput(
        ko=f"'{file}': 압축 파일 안에 표 파일이 하나만 있어야 하는데 {found}개 있습니다. 압축을 풀고 폴더를 지정하세요.",
        en=f"{file!r} should hold exactly one table file, but holds {found} files; unpack it and name the folder.",
    )


def encrypted(file: str) -> UnreadableInput:
    return UnreadableInput(
        ko=f"'{file}'에 암호가 걸려 있습니다. 암호를 풀어서 다시 저장하세요.",
        en=f"{file!r} is protected by a password; expected a file without one. Save it unprotected.",
    )


def broken_workbook(file: str, reason: str) -> UnreadableInput:
    return UnreadableInput(
        ko=f"'{file}'은(는) 열리지 않는 엑셀 파일입니다({shown(reason, 80)}). 엑셀에서 열어 다시 저장하세요.",
        en=f"{file!r} is no readable Excel workbook ({shown(reason, 80)}); expected xlsx, xlsm or xls. Save it again in Excel.",
    )


def huge_sheet(file: str, rows: int, columns: int) -> UnreadableInput:
    return UnreadableInput(
        ko=f"'{file}': 시트 범위가 {rows:,}행 × {columns:,}열로 너무 큽니다. 표 밖에 떨어져 있는 칸을 지우고 다시 저장하세요.",
        en=f"{file!r} has a sheet that spans {rows:,} rows × {columns:,} columns; expected a table. Delete stray cells far away.",
    )


def broken_parquet(file: str, reason: str) -> UnreadableInput:
    return UnreadableInput(
        ko=f"'{file}'은(는) 깨진 Parquet 파일입니다({shown(reason, 80)}). 파일을 다시 내보내세요.",
        en=f"{file!r} is a broken Parquet file ({shown(reason, 80)}); expected a complete one. Export it again.",
    )


def no_tables_in_folder(file: str) -> UnreadableInput:
    return UnreadableInput(
        ko=f"'{file}' 폴더에 표 파일이 없습니다. CSV, 엑셀, Parquet 파일이 하나 이상 있어야 합니다.",
        en=f"the folder {file!r} holds no table; expected at least one CSV, Excel or Parquet file.",
    )
