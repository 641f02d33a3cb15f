"""Records and results of trials out of a table: one column a setting or outcome, found by its name."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import polars as pl

from jasang.connect.protocols.files import open_path
from jasang.errors import UnreadableInput
from jasang.mentor.plan_files import decoded
from jasang.mentor.wording import typed_number
from jasang.optimize.campaigns import Setting, Trial, Value

_TEXT = (".csv", ".tsv", ".txt")
_YES = ("1", "true", "yes", "y", "o", "예", "실패", "fail", "failed")
_NO = ("", "0", "false", "no", "n", "x", "아니오", "성공", "ok")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRow:
    """One row: its number in the file (the heading is 1), the settings it names, and what came out."""

    row: int
    trial: int | None
    settings: Mapping[str, Value]
    outcomes: Mapping[str, float | None]
    failed: bool


def read_rows(path: Path, settings: Sequence[Setting], outcomes: Sequence[str]) -> list[TrialRow]:
    """The rows of a table. Columns `trial` (a number) and `failed` (yes or no) are used where they are; others are left alone.

    Raises
    ------
    UnreadableInput
        The table cannot be read, has none of the outcomes, or a cell is no number or no level; names row and column.
    """
    texts = _texts(path)
    there = [name for name in outcomes if name in texts]
    if not there and "failed" not in texts:
        raise UnreadableInput(
            ko=f"{path}: 결과 항목이 없습니다. 있는 항목: {', '.join(texts)}. 필요한 항목: {', '.join(outcomes)}",
            en=f"{path}: no column with an outcome. Columns there are: {', '.join(texts)}. "
            f"Expected: {', '.join(outcomes)}",
        )
    count = len(next(iter(texts.values())))
    found = []
    for place in range(count):
        row = place + 2
        chosen = {one.name: _setting(path, row, one, texts[one.name][place]) for one in settings if one.name in texts}
        given = {name: value for name, value in chosen.items() if value is not None}
        measured = {name: _number(path, row, name, texts[name][place]) for name in there}
        number = _number(path, row, "trial", texts["trial"][place]) if "trial" in texts else None
        found.append(
            TrialRow(
                row=row,
                trial=None if number is None else int(number),
                settings=given,
                outcomes=measured,
                failed=_flag(path, row, texts["failed"][place]) if "failed" in texts else False,
            )
        )
    return found


def history_rows(path: Path, settings: Sequence[Setting], outcomes: Sequence[str]) -> tuple[Trial, ...]:
    """Records before a campaign: rows that name every setting and have an outcome, or failed.

    Raises
    ------
    UnreadableInput
        As `read_rows`; or a setting has no column.
    """
    rows = read_rows(path, settings, outcomes)
    named = {name for row in rows for name in row.settings}
    missing = [one.name for one in settings if one.name not in named]
    if missing:
        raise UnreadableInput(
            ko=f"{path}: 설정 항목 {', '.join(missing)}이(가) 없거나 비어 있습니다.",
            en=f"{path}: no column, or no value, for the settings {', '.join(missing)}.",
        )
    return tuple(
        Trial(settings=row.settings, outcomes=row.outcomes, failed=row.failed)
        for row in rows
        if len(row.settings) == len(settings) and (row.failed or any(v is not None for v in row.outcomes.values()))
    )


def _texts(path: Path) -> dict[str, list[str]]:
    """Every column as texts, blanks as empty ones."""
    if path.suffix.lower() in _TEXT and path.is_file():
        return _delimited(path)
    with open_path(path, timezone="Asia/Seoul") as opened:
        table = max(opened.files, key=lambda one: one.rows)
        frame = table.read(list(table.sample().columns))
        return {
            name: ["" if cell is None else str(cell).strip() for cell in frame[name].to_list()]
            for name in frame.columns
        }


def _delimited(path: Path) -> dict[str, list[str]]:
    """A small text file; its one row would be too little for the reader of factory files."""
    raw = path.read_bytes()
    text = decoded(path, raw)
    head = text.split("\n", 1)[0]
    separator = max(",;\t", key=head.count)
    try:
        frame = pl.read_csv(BytesIO(text.encode()), separator=separator, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise UnreadableInput(
            ko=f"{path}: 표로 읽을 수 없습니다({str(error).splitlines()[0]}).",
            en=f"{path}: cannot be read as a table: {str(error).splitlines()[0]}.",
        ) from error
    if not frame.height:
        raise UnreadableInput(ko=f"{path}: 머리글뿐이고 행이 없습니다.", en=f"{path}: a heading and no row.")
    return {name.strip(): [(cell or "").strip() for cell in frame[name].to_list()] for name in frame.columns}


def _setting(path: Path, row: int, setting: Setting, cell: str) -> Value | None:
    if not cell:
        return None
    if setting.numeric:
        return _number(path, row, setting.name, cell)
    if cell in setting.levels:
        return cell
    # A level written as a number comes back from a spreadsheet with a decimal point.
    if cell.endswith(".0") and cell[:-2] in setting.levels:
        return cell[:-2]
    raise UnreadableInput(
        ko=f"{path}: {row}행 '{setting.name}': '{cell}'은(는) 모르는 값입니다. 쓸 수 있는 값: {', '.join(setting.levels)}",
        en=f"{path}: row {row}, column {setting.name!r}: found {cell!r}, expected one of: {', '.join(setting.levels)}",
    )


def _number(path: Path, row: int, column: str, cell: str) -> float | None:
    if not cell or cell.lower() in ("nan", "na", "n/a", "null", "none", "-"):
        return None
    try:
        value = typed_number(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UnreadableInput(
            ko=f"{path}: {row}행 '{column}': 숫자가 필요한데 '{cell}'입니다.",
            en=f"{path}: row {row}, column {column!r}: expected a number, found {cell!r}.",
        )
    return value


def _flag(path: Path, row: int, cell: str) -> bool:
    word = cell.lower().removesuffix(".0")
    if word in _YES or word in _NO:
        return word in _YES
    raise UnreadableInput(
        ko=f"{path}: {row}행 'failed': yes 또는 no가 필요한데 '{cell}'입니다.",
        en=f"{path}: row {row}, column 'failed': expected yes or no, found {cell!r}.",
    )
