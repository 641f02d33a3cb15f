"""What was repaired or left out while a file was read: counted, with its place and its reason in both languages."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from jasang.plant.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """One kind of repair in one file or column; `rows` cells or rows were touched, the first in row `first_row` of the file."""

    kind: str
    rows: int
    text: Text
    column: str | None = None
    first_row: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedFile:
    """A file of the folder that is not read as a table, and why."""

    file: str
    reason: Text


# kind: (Korean, English). {rows}, {row}, {column} and {example} are filled in.
_SENTENCES: dict[str, tuple[str, str]] = {
    "blank_rows": ("빈 행 {rows}개를 뺐습니다", "left out {rows} blank rows"),
    "title_rows": (
        "표 위의 제목·설명 {rows}줄을 건너뛰었습니다 ({example})",
        "skipped {rows} lines of title or description above the table ({example})",
    ),
    "unit_row": (
        "머리글 아래 단위 행 {row}을 데이터에서 뺐습니다 ({example})",
        "took row {row}, units under the header, out of the data ({example})",
    ),
    "joined_header": (
        "두 줄로 나뉜 머리글을 하나로 합쳤습니다 ({example})",
        "joined a header of two lines into one ({example})",
    ),
    "joined_sheets": (
        "날짜별 시트 {rows}장을 하나의 표로 이었습니다 ({example})",
        "joined {rows} sheets, one a day, into one table ({example})",
    ),
    "gauge_form": (
        "측정자와 회차가 옆으로 놓인 열 {rows}개를 세로로 폈습니다 ({example})",
        "put {rows} columns of operators and trials below each other ({example})",
    ),
    "dated_clock": (
        "열 '{column}'의 시각 {rows}개에 '{example}'의 날짜를 붙였습니다(자정을 넘기면 다음 날)",
        "column '{column}': put the date of '{example}' before {rows} times of day (past midnight the next day)",
    ),
    "no_header": (
        "머리글이 없어서 열 이름을 column_1, column_2 … 로 붙였습니다",
        "the file has no header; the columns are called column_1, column_2 …",
    ),
    "repeated_header": (
        "파일 중간에 되풀이된 머리글 {rows}행을 뺐습니다",
        "left out {rows} rows that repeat the header within the file",
    ),
    "total_rows": (
        "합계·평균 행 {rows}개를 뺐습니다 ({example})",
        "left out {rows} total or average rows ({example})",
    ),
    "short_rows": (
        "칸이 모자란 행 {rows}개는 나머지를 빈칸으로 채웠습니다",
        "filled {rows} rows that have too few fields with blanks",
    ),
    "long_rows": (
        "칸이 넘치는 행 {rows}개를 뺐습니다 ({example})",
        "left out {rows} rows that have too many fields ({example})",
    ),
    "stray_rows": (
        "표가 아닌 줄 {rows}개를 뺐습니다 ({example})",
        "left out {rows} lines that are not part of the table ({example})",
    ),
    "cut_last_row": (
        "쓰다가 끊긴 마지막 행을 뺐습니다 ({example})",
        "left out the last row, which is cut off ({example})",
    ),
    "renamed_column": (
        "이름이 같은 열이 있어서 하나를 '{column}'(으)로 바꿨습니다",
        "the name stands twice; one column is now called {column!r}",
    ),
    "unnamed_column": ("이름 없는 열을 '{column}'(으)로 부릅니다", "a column without a name is called {column!r}"),
    "empty_column": ("이름도 값도 없는 열 {rows}개를 뺐습니다", "left out {rows} columns with neither name nor value"),
    "unsupported_column": (
        "열 '{column}'은(는) 표의 값이 아니어서({example}) 뺐습니다",
        "left out column {column!r}: {example} is not a value of a table",
    ),
    "encoding": (
        "읽을 수 없는 글자 {rows}개를 �로 바꿨습니다",
        "replaced {rows} unreadable characters by �",
    ),
    "thousands_separator": (
        "열 '{column}': 천 단위 구분 기호를 뗀 값 {rows}개 (예: {example})",
        "column {column!r}: took thousands separators out of {rows} numbers (such as {example})",
    ),
    "decimal_comma": (
        "열 '{column}': 소수점 대신 쉼표를 쓴 값 {rows}개를 숫자로 읽었습니다 (예: {example})",
        "column {column!r}: read {rows} numbers with a decimal comma (such as {example})",
    ),
    "unit_in_cell": (
        "열 '{column}': 값에 붙은 단위를 뗀 칸 {rows}개 (예: {example})",
        "column {column!r}: took the unit off {rows} numbers (such as {example})",
    ),
    "marked_negative": (
        "열 '{column}': 괄호나 ▲로 적힌 음수 {rows}개를 숫자로 읽었습니다 (예: {example})",
        "column {column!r}: read {rows} negative numbers written with brackets or a sign behind (such as {example})",
    ),
    "text_literal": (
        "열 '{column}': =\"…\" 꼴로 감싼 글 {rows}개를 풀었습니다 (예: {example})",
        'column {column!r}: unwrapped {rows} texts written as ="…" (such as {example})',
    ),
    "unreadable_number": (
        "열 '{column}': 숫자가 아닌 칸 {rows}개를 빈 값으로 두었습니다 (예: {example})",
        "column {column!r}: {rows} cells are no numbers and count as missing (such as {example})",
    ),
    "unreadable_time": (
        "열 '{column}': 날짜·시각으로 읽을 수 없는 칸 {rows}개를 빈 값으로 두었습니다 (예: {example})",
        "column {column!r}: {rows} cells are no possible time and count as missing (such as {example})",
    ),
    "skipped_hour": (
        "열 '{column}': 서머타임으로 없는 시각 {rows}개를 빈 값으로 두었습니다",
        "column {column!r}: {rows} times fall into the hour that daylight saving skips and count as missing",
    ),
    "date_order": (
        "열 '{column}': 날짜를 {example} 순서로 읽었습니다",
        "column {column!r}: read the dates as {example}",
    ),
    "epoch_time": (
        "열 '{column}': 1970년부터 센 수({example})를 시각으로 바꿨습니다",
        "column {column!r}: turned counts since 1970 ({example}) into times",
    ),
    "excel_serial": (
        "열 '{column}': 엑셀 날짜 번호를 시각으로 바꿨습니다",
        "column {column!r}: turned Excel's day numbers into times",
    ),
}


_ORDERS = {
    "MDY": ("월/일/연", "month/day/year"),
    "DMY": ("일/월/연", "day/month/year"),
    "YMD": ("연/월/일", "year/month/day"),
}


@dataclass(slots=True)
class _Count:
    rows: int = 0
    first_row: int | None = None
    example: str = ""


@dataclass(slots=True)
class Tally:
    """Counts repairs while a file is read."""

    _counts: dict[tuple[str, str | None], _Count] = field(default_factory=dict)

    def add(
        self, kind: str, *, rows: int = 1, column: str | None = None, row: int | None = None, example: str = ""
    ) -> None:
        """Count `rows` more of this kind; the first place and the first example are kept."""
        if kind not in _SENTENCES:
            raise ValueError(f"unknown kind of repair {kind!r}, expected one of {sorted(_SENTENCES)}")
        if rows <= 0:
            return
        count = self._counts.setdefault((kind, column), _Count())
        count.rows += rows
        if row is not None and (count.first_row is None or row < count.first_row):
            count.first_row = row
        if not count.example:
            count.example = shown(example)

    def add_all(self, others: "Iterable[Tally]") -> None:
        """Count what others counted: the sheets of one table."""
        for other in others:
            for (kind, column), count in other._counts.items():
                self.add(kind, rows=count.rows, column=column, row=count.first_row, example=count.example)

    def rows_of(self, *kinds: str) -> int:
        """How many rows of these kinds were counted, over all columns."""
        return sum(count.rows for (kind, _), count in self._counts.items() if kind in kinds)

    def repairs(self) -> tuple[Repair, ...]:
        """All that was counted, in the order of first occurrence."""
        return tuple(
            Repair(
                kind=kind, rows=count.rows, column=column, first_row=count.first_row, text=_text(kind, column, count)
            )
            for (kind, column), count in self._counts.items()
        )


def _text(kind: str, column: str | None, count: _Count) -> Text:
    ko, en = _SENTENCES[kind]
    if kind == "date_order":
        ko_order, en_order = _ORDERS[count.example]
        ko, en = ko.replace("{example}", ko_order), en.replace("{example}", en_order)
    filled = {"rows": f"{count.rows:,}", "row": count.first_row or "", "column": column or "", "example": count.example}
    return Text(ko=ko.format_map(_Quoting(filled)), en=_one(en, count.rows).format_map(_Quoting(filled)))


class _Quoting(dict[str, object]):
    """Lets sentences ask for a name that was not counted without failing."""

    def __missing__(self, key: str) -> str:
        return ""


def _one(sentence: str, rows: int) -> str:
    """English has a singular."""
    if rows != 1:
        return sentence
    for many, single in (
        ("{rows} blank rows", "1 blank row"),
        ("{rows} lines that are", "1 line that is"),
        ("{rows} lines", "1 line"),
        ("{rows} rows that repeat", "1 row that repeats"),
        ("{rows} rows that have", "1 row that has"),
        ("{rows} total or average rows", "1 total or average row"),
        ("{rows} columns", "1 column"),
        ("{rows} unreadable characters", "1 unreadable character"),
        ("{rows} cells are no numbers and count", "1 cell is no number and counts"),
        ("{rows} cells are no possible time and count", "1 cell is no possible time and counts"),
        ("{rows} negative numbers", "1 negative number"),
        ("{rows} numbers", "1 number"),
        ("{rows} texts", "1 text"),
        ("{rows} times fall into", "1 time falls into"),
        ("saving skips and count as", "saving skips and counts as"),
    ):
        sentence = sentence.replace(many, single)
    return sentence


def shown(cell: object, limit: int = 40) -> str:
    """A cell as it may stand in a sentence: short, on one line, without control characters."""
    text = "".join(c if c.isprintable() else " " for c in str(cell)).strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"
