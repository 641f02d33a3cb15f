"""The tables of a planning folder (CSV): rows as texts with their place, and cells as numbers, lists and yes or no."""

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jasang.errors import UnreadableInput
from jasang.mentor.wording import typed_number

_YES = {"1", "y", "yes", "true", "o", "예", "네", "○"}
_NO = {"", "0", "n", "no", "false", "x", "아니오", "아니요", "-"}


# What Korean tables call the columns, blanks aside. The plain "필요:가공" is a column "need:가공".
_KOREAN = {
    "공장": "factory", "공장명": "factory", "멘토": "mentor", "멘토명": "mentor", "번호": "id", "이름": "id",
    "지역": "region", "시도": "region", "위도": "latitude", "경도": "longitude", "필수": "required", "필수기술": "required",
    "언어": "languages", "일수": "days", "필요일수": "days", "가능일수": "days", "주수": "weeks", "상주주수": "weeks",
    "시작가능주": "earliest", "완료주": "latest", "소부장": "sobujang", "부재": "away", "부재주": "away", "부재시간": "away",
    "이해관계": "conflicts", "이해충돌": "conflicts", "아는공장": "knows", "팀장": "leads",
    "공급기업": "supplier", "공급사": "supplier", "바이어": "buyer", "구매기업": "buyer",
    "공급기업희망": "by_supplier", "바이어희망": "by_buyer", "하루최대": "max_per_day", "불참률": "no_show",
    "필요": "need", "기술": "skill",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a table: its cells without blanks round them, and where it is for complaints."""

    cells: dict[str, str]
    place: str

    def text(self, name: str) -> str:
        """A text that must be there."""
        if not self.cells.get(name):
            raise UnreadableInput(
                ko=f"{self.place}: '{name}' 칸이 비어 있습니다. 값이 있어야 합니다.",
                en=f"{self.place}: column {name!r} is empty; a value is required.",
            )
        return self.cells[name]

    def optional(self, name: str) -> str | None:
        """A text, nothing where the cell is empty or there is no such column."""
        return self.cells.get(name) or None

    def number(self, name: str) -> float | None:
        """A number (thousands separators are taken), nothing where the cell is empty."""
        text = self.cells.get(name, "")
        if not text:
            return None
        try:
            value = typed_number(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise UnreadableInput(
                ko=f"{self.place}: '{name}' 칸은 숫자여야 하는데 '{self.cells[name]}'입니다.",
                en=f"{self.place}: column {name!r} is {self.cells[name]!r}; expected a number.",
            )
        return value

    def whole(self, name: str) -> int | None:
        """A whole number, nothing where the cell is empty."""
        value = self.number(name)
        if value is not None and value != int(value):
            raise UnreadableInput(
                ko=f"{self.place}: '{name}' 칸은 정수여야 하는데 '{self.cells[name]}'입니다.",
                en=f"{self.place}: column {name!r} is {self.cells[name]!r}; expected a whole number.",
            )
        return None if value is None else int(value)

    def yes(self, name: str) -> bool:
        """Yes or no; an empty cell is no."""
        text = self.cells.get(name, "").lower()
        if text not in _YES | _NO:
            raise UnreadableInput(
                ko=f"{self.place}: '{name}' 칸은 yes 또는 no여야 하는데 '{self.cells[name]}'입니다.",
                en=f"{self.place}: column {name!r} is {self.cells[name]!r}; expected yes or no.",
            )
        return text in _YES

    def several(self, name: str) -> tuple[str, ...]:
        """Texts with semicolons between them."""
        return tuple(part.strip() for part in self.cells.get(name, "").split(";") if part.strip())

    def spans(self, name: str) -> tuple[tuple[int, int], ...]:
        """Pairs of whole numbers as `3-5; 20`; a single one is a span of itself."""
        found = []
        for part in self.several(name):
            first, _, last = part.partition("-")
            if not first.strip().isdigit() or (last and not last.strip().isdigit()):
                raise UnreadableInput(
                    ko=f"{self.place}: '{name}' 칸은 '3-5; 20' 꼴이어야 하는데 '{part}'입니다.",
                    en=f"{self.place}: column {name!r} holds {part!r}; expected spans like '3-5; 20'.",
                )
            found.append((int(first), int(last or first)))
        return tuple(found)

    def levels(self, start: str) -> dict[str, float]:
        """Numbers of the columns named `start:NAME`, by NAME."""
        found = {}
        for column in self.cells:
            value = self.number(column) if column.startswith(f"{start}:") else None
            if value is not None:
                found[column.partition(":")[2].strip()] = value
        return found


def read_rows(
    folder: Path, name: str, *, needed: Sequence[str], known: Sequence[str], optional: bool = False
) -> list[Row]:
    """The rows of `folder/name`; column names ending in ":" in `known` stand for all that begin so."""
    path = folder / name
    if not path.is_file():
        if optional:
            return []
        raise UnreadableInput(
            ko=f"{folder}: {name} 파일이 없습니다. 열 {', '.join(needed)}이(가) 있는 CSV여야 합니다.",
            en=f"{folder}: there is no {name}; expected a CSV file with the columns {', '.join(needed)}.",
        )
    rows = list(csv.reader(_decoded(path).splitlines()))
    told = [cell.strip() for cell in rows[0]] if rows else []
    header = [_column(cell, needed, known) for cell in told]
    for place, column in enumerate(header):
        if column and column in header[:place]:
            first, second = told[header.index(column)], told[place]
            raise UnreadableInput(
                ko=f"{path}: 열 '{first}'와(과) '{second}'은(는) 같은 열({column})입니다. 하나만 두세요.",
                en=f"{path}: the columns {first!r} and {second!r} both are {column!r}; expected one of them.",
            )
    missing = [column for column in needed if column not in header]
    if missing:
        raise UnreadableInput(
            ko=f"{path}: 첫 줄에 열 {', '.join(missing)}이(가) 없습니다(있는 열: {', '.join(told) or '없음'}).",
            en=f"{path}: the first line lacks the columns {', '.join(missing)} (found: {', '.join(told) or 'none'}).",
        )
    starts = tuple(column for column in known if column.endswith(":"))
    strange = [
        column for column in header if column and column not in known and not (starts and column.startswith(starts))
    ]
    if strange:
        raise UnreadableInput(
            ko=f"{path}: 열 '{strange[0]}'을(를) 모릅니다. 쓸 수 있는 열: {', '.join(known)}",
            en=f"{path}: column {strange[0]!r} is not known; expected one of: {', '.join(known)}",
        )
    return [
        Row(cells=dict(zip(header, (cell.strip() for cell in row), strict=False)), place=f"{path.name}:{line}")
        for line, row in enumerate(rows[1:], start=2)
        if any(cell.strip() for cell in row)
    ]


def _column(told: str, needed: Sequence[str], known: Sequence[str]) -> str:
    """The column's own name; a Korean one is turned into it."""
    word, colon, rest = told.strip().partition(":")
    if told.strip() in known or word.replace(" ", "") not in {*_KOREAN, *known}:
        return told.strip()
    name = _KOREAN.get(word.replace(" ", ""), word)
    if name not in known and "id" in needed and name in ("factory", "mentor", "supplier", "buyer"):
        name = "id"  # the table is of these
    if name == "languages" and name not in known:
        name = "language"
    return f"{name}{colon}{rest.strip()}"


def read_json(path: Path) -> Any:
    """The content of a JSON file; UnreadableInput names file and line."""
    if not path.exists():
        raise UnreadableInput(ko=f"{path}: 파일이 없습니다.", en=f"{path}: there is no such file.")
    try:
        return json.loads(_decoded(path))
    except json.JSONDecodeError as error:
        raise UnreadableInput(
            ko=f"{path}: {error.lineno}행 {error.colno}열에서 JSON으로 읽을 수 없습니다.",
            en=f"{path}: line {error.lineno}, column {error.colno} cannot be read as JSON ({error.msg}).",
        ) from error


def _decoded(path: Path) -> str:
    content = path.read_bytes()
    for encoding in ("utf-8-sig", "cp949"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableInput(
        ko=f"{path}: 글자를 읽을 수 없습니다. UTF-8이나 CP949로 저장해 주세요.",
        en=f"{path}: cannot be read as text; expected UTF-8 or CP949.",
    )
