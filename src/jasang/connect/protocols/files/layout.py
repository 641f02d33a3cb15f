"""Where the table stands in a file's first rows: titles above it, the header and its units, and where the data begin.

Works on rows of cells, however they were separated, so that text files and worksheets are judged alike.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from jasang.connect.protocols.files.repair import Tally, shown

CellKind = Literal["blank", "number", "time", "text"]
Row = tuple[int, list[str]]  # number of the row in the file, 1-based, and its cells

_NOTHING = ("", "-", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NaN", "nan", "NAN", "-NaN", "-nan", "NaT")
_NULL = ("null", "NULL", "Null", "(null)", "None", "NONE", "none", "nil")
MISSING = frozenset(_NOTHING + _NULL)

_NUMBER = re.compile(r"[-+−]?\s*[₩$€]?\s*(\d[\d,.'\u00a0\u202f]*|[.,]\d+)([eE][-+]?\d+)?\s*[%℃]?")
_TIME = re.compile(
    r"\d{4}\s*[-/.년 ]\s*\d{1,2}\s*[-/.월 ]\s*\d{1,2}([일.T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})([T ].*)?"
    r"|\d{1,2}[-/ ][A-Za-z]{3,9}\.?[-/ ,]\s*\d{2,4}.*|[A-Za-z]{3,9}\.? \d{1,2},? \d{4}.*"
    r"|((오전|오후|AM|PM)\s*)?\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?(\s*[AaPp]\.?[Mm]\.?)?"
)
_KIND_ROWS = 80
_RULE = re.compile(r"[-=_+*|:.\s]{3,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How the table lies in its file. `header_row` is 0 where there is no header; rows are counted from 1.

    `names` has one text per column, not yet made unique, "" where the header is blank; `kinds` is what each column's first cells
    look like.
    """

    width: int
    header_row: int
    first_data_row: int
    names: tuple[str, ...]
    kinds: tuple[CellKind, ...]
    units: dict[int, str] = field(default_factory=dict)
    consistency: float = 1.0
    coverage: float = 1.0


def kind_of(cell: str) -> CellKind:
    """What one cell looks like."""
    cell = cell.strip()
    if cell in MISSING:
        return "blank"
    if _TIME.fullmatch(cell):
        return "time"
    return "number" if _NUMBER.fullmatch(cell) else "text"


def is_rule(line: str) -> bool:
    """A line of dashes drawn under a header."""
    return _RULE.fullmatch(line) is not None and any(c in line for c in "-=_*+")


def find_layout(rows: Sequence[Row], *, tally: Tally | None = None) -> Layout | None:
    """The layout of the table in these first rows of a file, or `None` where they form none. Blank rows are to be left out.

    What stands above the table is counted in `tally`.
    """
    if not rows:
        return None
    start, width, consistency = _body(rows)
    body = [(number, cells) for number, cells in rows[start:] if len(cells) == width]
    if not body:
        return None
    kinds = _kinds(body, width)
    names, header_row, units, first = _header(body, kinds, rows[:start], tally)
    first_data_row = body[first][0] if first < len(body) else body[-1][0] + 1
    if tally is not None:
        above = [(n, c) for n, c in rows if n < (header_row or first_data_row) and n not in _joined(tally)]
        if above:
            example = " ".join(cell.strip() for cell in above[0][1] if cell.strip())
            tally.add("title_rows", rows=len(above), row=above[0][0], example=example)
        if not header_row:
            tally.add("no_header", row=first_data_row)
    return Layout(
        width=width,
        header_row=header_row,
        first_data_row=first_data_row,
        names=names,
        kinds=kinds,
        units=units,
        consistency=consistency,
        coverage=len(body) / len(rows),
    )


def _joined(tally: Tally) -> set[int]:
    return {
        repair.first_row
        for repair in tally.repairs()
        if repair.kind == "joined_header" and repair.first_row is not None
    }


def _body(rows: Sequence[Row]) -> tuple[int, int, float]:
    """Where the rows of equal width begin, that width, and the share of rows from there on that have it.

    A row of another width costs four of the right one, so that prose above the table that by chance has the same number of
    words stays outside.
    """
    widths = [len(cells) for _, cells in rows]
    later = widths[len(widths) // 2 :]
    width = Counter(later).most_common(1)[0][0]
    best, start, gain = 0, len(widths) - 1, 0
    for at in range(len(widths) - 1, -1, -1):
        gain += 1 if widths[at] == width else -4
        if gain >= best:
            best, start = gain, at
    matching = sum(found == width for found in widths[start:])
    return start, width, matching / (len(widths) - start)


def _kinds(body: Sequence[Row], width: int) -> tuple[CellKind, ...]:
    """What most cells of each column look like, the first rows left aside because they may be a header."""
    data = body[min(3, len(body) // 2) :]
    data = data[:: max(1, len(data) // _KIND_ROWS)]
    found: list[CellKind] = []
    for column in range(width):
        counts = Counter(kind_of(cells[column]) for _, cells in data)
        counts.pop("blank", None)
        if not counts:
            found.append("blank")
            continue
        kind, often = counts.most_common(1)[0]
        found.append(kind if often >= 0.7 * counts.total() else "text")
    return tuple(found)


def _header(
    body: Sequence[Row], kinds: tuple[CellKind, ...], above: Sequence[Row], tally: Tally | None
) -> tuple[tuple[str, ...], int, dict[int, str], int]:
    """Names, row of the header (0 = none), units, and the index in `body` of the first row of data."""
    typed = [column for column, kind in enumerate(kinds) if kind in ("number", "time")]
    if not typed:
        return _header_of_texts(body, kinds)
    first = next((i for i, (_, cells) in enumerate(body[:60]) if _like_data(cells, kinds, typed)), 0)
    if first == 0 and _names_columns(body, kinds, typed):
        first = 1
    if first == 0:
        return _header_above(body, kinds, above)
    candidates = range(max(0, first - 4), first)
    needed = 0.5 * sum(kind != "blank" for kind in kinds)
    named = {i: len({c.strip() for c in body[i][1]} - {""}) for i in candidates}
    filled = {i: sum(bool(cell.strip()) for cell in body[i][1]) for i in candidates}
    best = max(candidates, key=lambda i: (named[i], filled[i], -i))
    if filled[best] < needed:
        return ("",) * len(kinds), 0, {}, first
    names = [_name(cell) for cell in body[best][1]]
    names, top = _joined_names(body, best, names, tally)
    units: dict[int, str] = {}
    for number, cells in body[best + 1 : first]:
        if any(cell.strip() and not name for cell, name in zip(cells, names, strict=True)):
            names = _grouped(names, [_name(cell) for cell in cells])
            if tally is not None:
                tally.add("joined_header", row=number, example=next((name for name in names if " " in name), names[0]))
            continue
        units = {c: cell.strip() for c, cell in enumerate(cells) if cell.strip()}
        if tally is not None:
            tally.add("unit_row", row=number, example=", ".join(list(units.values())[:4]))
    return tuple(names), body[top][0], units, first


def _header_of_texts(
    body: Sequence[Row], kinds: tuple[CellKind, ...]
) -> tuple[tuple[str, ...], int, dict[int, str], int]:
    for i, (number, cells) in enumerate(body[:20]):
        filled = [cell.strip() for cell in cells if cell.strip()]
        if len(filled) >= max(1, 0.5 * len(cells)):
            if len(set(filled)) == len(filled):
                return tuple(_name(cell) for cell in cells), number, {}, i + 1
            break
    return ("",) * len(kinds), 0, {}, 0


def _like_data(cells: list[str], kinds: tuple[CellKind, ...], typed: list[int]) -> bool:
    found = [(kind_of(cells[column]), kinds[column]) for column in typed]
    filled = [(have, wanted) for have, wanted in found if have != "blank"]
    right = sum(have == wanted for have, wanted in filled)
    return right >= 1 and right >= 0.5 * len(filled) and len(filled) >= 0.2 * len(typed)


def _names_columns(body: Sequence[Row], kinds: tuple[CellKind, ...], typed: list[int]) -> bool:
    """Whether the first row, though full of numbers, names the columns: "row, 0, 2, 3" or "0, 1, 2, 3"."""
    if len(body) < 3:
        return False
    first = [cell.strip() for cell in body[0][1]]
    filled = [cell for cell in first if cell]
    if len(set(filled)) < len(filled) or any(kind_of(c) == "time" for c in filled):
        return False
    if any(kind_of(c) == "number" and not c.isdigit() for c in filled):
        return False
    if first in ([str(i) for i in range(len(first))], [str(i + 1) for i in range(len(first))]) and len(first) >= 4:
        return True
    years = [int(cell) for cell in filled if cell.isdigit()]
    if (
        len(years) >= 3
        and all(1990 <= year <= 2100 for year in years)
        and years == list(range(years[0], years[0] + len(years)))
    ):
        return True
    for column in typed:
        have = kind_of(first[column])
        if have == kinds[column] or have == "blank" or (have == "number" and kinds[column] != "time"):
            continue
        rest = {kind_of(cells[column]) for _, cells in body[1:]} - {"blank"}
        if rest == {kinds[column]}:
            return True
    return False


def _header_above(
    body: Sequence[Row], kinds: tuple[CellKind, ...], above: Sequence[Row]
) -> tuple[tuple[str, ...], int, dict[int, str], int]:
    """A header with one field less (R's row names, or a delimiter at the end of each row) or with blank fields too many."""
    width = len(kinds)
    nothing = ("",) * width, 0, dict[int, str](), 0
    if not above or above[-1][0] != body[0][0] - 1:
        return nothing
    number, cells = above[-1]
    while len(cells) > width and not cells[-1].strip():
        cells = cells[:-1]
    texts = [cell for cell in cells if kind_of(cell) == "text"]
    if len(texts) < 0.5 * len(cells) or len(texts) == 0:
        return nothing
    names = [_name(cell) for cell in cells]
    if len(cells) == width:
        return tuple(names), number, {}, 0
    if len(cells) == width - 1 and width > 2:
        return tuple([*names, ""] if kinds[-1] == "blank" else ["", *names]), number, {}, 0
    return nothing


def _joined_names(body: Sequence[Row], at: int, names: list[str], tally: Tally | None) -> tuple[list[str], int]:
    """Names joined with the line above where that line groups them (merged cells); and the index of the header's first row."""
    if at == 0:
        return names, at
    number, cells = body[at - 1]
    groups = [_name(cell) for cell in cells]
    filled = sum(bool(group) for group in groups)
    repeats = len(set(names)) < len(names)
    fills_gaps = any(group and not name for group, name in zip(groups, names, strict=True))
    if filled < 2 or not (repeats or fills_gaps):
        return names, at
    joined = _grouped(groups, names)
    if len(set(joined)) <= len(set(names)):
        return names, at
    if tally is not None:
        tally.add(
            "joined_header", row=number, example=shown(next(j for j in joined if " " in j) if repeats else joined[0])
        )
    return joined, at - 1


def _grouped(groups: list[str], names: list[str]) -> list[str]:
    """Each name behind the group it stands under; a group reaches over the blanks to its right, as merged cells do."""
    joined, group = [], ""
    for part, name in zip(groups, names, strict=True):
        group = part or (group if name else "")
        joined.append(" ".join(text for text in (group, name) if text))
    return joined


def _name(cell: str) -> str:
    return " ".join(cell.replace("\ufeff", "").split())


def unique_names(layout: Layout) -> tuple[str, ...]:
    """The header's names made unique: a second `name` becomes `name_2`, the blank one of the seventh column `column_7`."""
    taken: set[str] = set()
    given = set(layout.names)
    names: list[str] = []
    for place, raw in enumerate(layout.names, start=1):
        name = raw or f"column_{place}"
        number = 2
        while name in taken or (name != raw and name in given):
            name, number = f"{raw or f'column_{place}'}_{number}", number + 1
        taken.add(name)
        names.append(name)
    return tuple(names)


def report_names(layout: Layout, names: Sequence[str], used: Sequence[int], tally: Tally) -> None:
    """Count the columns that had to be renamed or had no name, of those that are used."""
    for place in used:
        if layout.names[place] and names[place] != layout.names[place]:
            tally.add("renamed_column", column=names[place], row=layout.header_row)
        elif not layout.names[place] and layout.header_row:
            tally.add("unnamed_column", column=names[place], row=layout.header_row)
