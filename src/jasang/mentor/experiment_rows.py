"""A filled run sheet: a small table, in text or Excel, whose headings may carry units and may be Korean."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import polars as pl
from python_calamine import CalamineError, CalamineWorkbook

from jasang.errors import UnreadableInput
from jasang.mentor.plan_files import decoded
from jasang.mentor.wording import typed_number
from jasang.optimize.experiments import Factor

_EXCEL = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
_YES = ("1", "true", "yes", "y", "o", "예", "실패", "fail", "failed")
# What the sheet's own columns are called, by the name used here.
_NAMES = {
    "run": ("run", "실행", "시험", "순서", "order"),
    "block": ("block", "블록"),
    "failed": ("failed", "실패"),
    "other": ("whole_plot", "whole plot", "큰 묶음", "note", "비고", "standard", "표준 순서", "std"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetTable:
    """The cells of a sheet by heading, as texts; blanks are empty."""

    path: Path
    cells: dict[str, list[str]]

    @property
    def rows(self) -> int:
        """Number of rows below the heading."""
        return len(next(iter(self.cells.values()), []))

    def has(self, name: str) -> bool:
        """Whether there is a column of that name."""
        return self._heading(name) is not None

    def need(self, name: str) -> None:
        """Raise UnreadableInput where there is no such column."""
        if not self.has(name):
            there = ", ".join(self.cells)
            raise UnreadableInput(
                ko=f"{self.path}: 항목 '{name}'이(가) 없습니다. 있는 항목: {there}",
                en=f"{self.path}: there is no column {name!r}. Columns there are: {there}",
            )

    def number(self, name: str, row: int) -> float | None:
        """A cell as a number; `None` where it is blank."""
        self.need(name)
        text = self.cells[str(self._heading(name))][row]
        if text in ("", "-", "–"):
            return None
        try:
            value = typed_number(text)
        except ValueError:
            value = float("nan")
        if not np.isfinite(value):
            raise self._wrong(name, row, text, ko="숫자", en="a number")
        return value

    def flag(self, name: str, row: int) -> bool:
        """A cell as yes or no; no where there is no such column."""
        heading = self._heading(name)
        return heading is not None and self.cells[heading][row].lower() in _YES

    def code(self, factor: Factor, row: int) -> float | None:
        """The coded setting of a factor in a row; `None` where the column or the cell is blank."""
        heading = self._heading(factor.name)
        text = "" if heading is None else self.cells[heading][row]
        if not text:
            return None
        try:
            return factor.coded(typed_number(text) if factor.numeric else text)
        except ValueError as error:
            levels = ", ".join(factor.levels)
            ko, en = (f"수준 {levels}", f"one of {levels}") if levels else ("숫자", "a number")
            raise self._wrong(factor.name, row, text, ko=ko, en=en) from error

    def needed_code(self, factor: Factor, row: int) -> float:
        """As `code`; a blank cell is refused."""
        found = self.code(factor, row)
        if found is None:
            raise self._wrong(factor.name, row, "", ko="설정값", en="a setting")
        return found

    def places(self, name: str, runs: int) -> list[int]:
        """For each row the run it is about, from 0; without such a column the rows are the runs in order."""
        heading = self._heading(name)
        if heading is None:
            if self.rows != runs:
                raise UnreadableInput(
                    ko=f"{self.path}: 시험 번호(run) 열이 없고 줄 수가 {self.rows}개입니다. {runs}개여야 합니다.",
                    en=f"{self.path}: there is no column run, and {self.rows} rows; expected {runs}.",
                )
            return list(range(runs))
        found = []
        for row, text in enumerate(self.cells[heading]):
            number = self.number(name, row)
            if number is None or number != int(number) or not 1 <= number <= runs:
                raise self._wrong(name, row, text, ko=f"1에서 {runs} 사이의 번호", en=f"a run from 1 to {runs}")
            found.append(int(number) - 1)
        if len(set(found)) < len(found):
            twice = next(one for one in found if found.count(one) > 1)
            raise UnreadableInput(
                ko=f"{self.path}: 시험 {twice + 1}이(가) 두 번 있습니다.",
                en=f"{self.path}: run {twice + 1} is there twice.",
            )
        return found

    def groups(self, name: str) -> np.ndarray | None:
        """The groups of a column as numbers from 0; `None` where there is none, or one group."""
        heading = self._heading(name)
        if heading is None or len(set(self.cells[heading])) < 2:
            return None
        return np.unique(self.cells[heading], return_inverse=True)[1].astype(np.int64)

    def factors(self, exclude: Sequence[str]) -> tuple[Factor, ...]:
        """Every other column with at least two values, as a factor."""
        own = {one for names in _NAMES.values() for one in names}
        found = []
        for heading, texts in self.cells.items():
            if heading in exclude or _plain(heading) in exclude or heading.lower() in own or len(set(texts)) < 2:
                continue
            found.append(_factor(_plain(heading), texts))
        if not found:
            raise UnreadableInput(
                ko=f"{self.path}: 인자로 쓸 열이 없습니다. 값이 둘 이상인 설정 열이 필요합니다.",
                en=f"{self.path}: no column can be a factor; expected columns of settings with two or more values.",
            )
        return tuple(found)

    def _heading(self, name: str) -> str | None:
        wanted = {one.lower() for one in _NAMES.get(name, (name,))}
        for heading in self.cells:
            if heading.lower() in wanted or _plain(heading).lower() in wanted:
                return heading
        return None

    def _wrong(self, name: str, row: int, text: str, *, ko: str, en: str) -> UnreadableInput:
        return UnreadableInput(
            ko=f"{self.path}: {row + 2}행 '{name}'이(가) '{text}'입니다. {ko}이(가) 필요합니다.",
            en=f"{self.path}: row {row + 2}, column {name!r} is {text!r}; expected {en}.",
        )


def read_sheet(path: Path) -> SheetTable:
    """Read a run sheet; raises UnreadableInput where it cannot be read or is empty."""
    rows = _excel(path) if path.suffix.lower() in _EXCEL else _text(path)
    rows = [row for row in rows if any(row)]
    if len(rows) < 2:
        raise UnreadableInput(
            ko=f"{path}: 제목 줄과 시험 줄이 필요한데 {len(rows)}줄입니다.",
            en=f"{path}: expected a heading and a row for each run, found {len(rows)} rows.",
        )
    head = rows[0]
    cells = {
        name: [row[place] if place < len(row) else "" for row in rows[1:]] for place, name in enumerate(head) if name
    }
    return SheetTable(path=path, cells=cells)


def _text(path: Path) -> list[list[str]]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UnreadableInput(
            ko=f"{path}: 읽을 수 없습니다({error.strerror}).", en=f"{path}: cannot be read ({error.strerror})."
        ) from error
    text = decoded(path, raw)
    separator = max(",;\t", key=text.split("\n", 1)[0].count)
    try:
        frame = pl.read_csv(StringIO(text), separator=separator, has_header=False, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise UnreadableInput(
            ko=f"{path}: 표로 읽을 수 없습니다({error}).", en=f"{path}: no table: {error}."
        ) from error
    return [["" if cell is None else str(cell).strip() for cell in row] for row in frame.iter_rows()]


def _excel(path: Path) -> list[list[str]]:
    try:
        rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    except (CalamineError, OSError) as error:
        raise UnreadableInput(
            ko=f"{path}: 엑셀 파일로 읽을 수 없습니다({error}).", en=f"{path}: cannot be read as Excel: {error}."
        ) from error
    return [["" if cell is None else _written(cell) for cell in row] for row in rows]


def _written(cell: object) -> str:
    return f"{cell:.12g}" if isinstance(cell, float) else str(cell).strip()


def _plain(heading: str) -> str:
    """A heading without the unit in brackets behind it."""
    name, bracket, _ = heading.rpartition(" (")
    return name.strip() if bracket and heading.endswith(")") else heading


def _factor(name: str, texts: Sequence[str]) -> Factor:
    try:
        values = sorted({round(typed_number(text), 9) for text in texts})
    except ValueError:
        return Factor(name=name, levels=tuple(dict.fromkeys(texts)))
    if not all(np.isfinite(values)):
        return Factor(name=name, levels=tuple(dict.fromkeys(texts)))
    # Five settings placed evenly about the middle one: stars beyond, or at, the ends of a cube.
    if len(values) == 5 and abs(values[0] + values[4] - values[1] - values[3]) < 1e-3 * (values[4] - values[0]):
        return Factor(name=name, low=values[1], high=values[3])
    return Factor(name=name, low=values[0], high=values[-1])
