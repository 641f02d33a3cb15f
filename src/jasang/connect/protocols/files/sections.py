"""Several tables below each other on one worksheet, and signatures below the last: where each begins and ends.

A further table stands after a blank row and brings its own header, texts where the table above has numbers or times.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from jasang.connect.protocols.files.layout import CellKind, Layout, Row, kind_of

MOST_ROWS = 20_000  # sheets with several tables are made by hand
_MOST_TITLES = 3  # rows between the blank row and the header of the next table
_FEWEST_NAMES = 2
_FEWEST_ROWS = 2
_MOST_CLOSING = 6  # rows of signatures and notes


@dataclass(frozen=True, slots=True, kw_only=True)
class Sections:
    """`last` is the last row of the first table, `closing` what is left out below it, `next` the first row of a further table."""

    last: int
    closing: tuple[Row, ...] = ()
    next: int | None = None


def sections(rows: Sequence[Row], layout: Layout) -> Sections:
    """How the rows of a sheet, blank ones included, part; `layout` is that of its first table."""
    filled = [row for row in rows if any(row[1])]
    end = filled[-1][0] if filled else layout.first_data_row
    starts = [
        place
        for place in range(1, len(filled))
        if filled[place][0] > max(filled[place - 1][0] + 1, layout.first_data_row)
    ]
    for place in starts:
        if _begins_table(filled[place:], layout):
            return Sections(last=filled[place - 1][0], next=filled[place][0])
    if starts and len(filled) - starts[-1] <= _MOST_CLOSING:
        closing = filled[starts[-1] :]
        if not any(_fits(cells, layout.kinds) for _, cells in closing):
            return Sections(last=filled[starts[-1] - 1][0], closing=tuple(closing))
    return Sections(last=end)


def _begins_table(rows: Sequence[Row], layout: Layout) -> bool:
    for place, (number, cells) in enumerate(rows[: _MOST_TITLES + 1]):
        if place and number > rows[place - 1][0] + 1:
            return False
        names = [(column, cell.strip()) for column, cell in enumerate(cells) if cell.strip()]
        if len(names) >= _FEWEST_NAMES and _is_header(names, layout):
            below = [
                cells for below, cells in rows[place + 1 : place + 1 + _FEWEST_ROWS] if below <= number + _FEWEST_ROWS
            ]
            return len(below) == _FEWEST_ROWS and all(_has_values(row) for row in below)
    return False


def _is_header(names: Sequence[tuple[int, str]], layout: Layout) -> bool:
    """Texts only, all different, some where the first table has numbers or times, and not the header of that once more."""
    texts = [name for _, name in names]
    if len(set(texts)) < len(texts) or any(kind_of(name) != "text" for name in texts):
        return False
    own = {column: name for column, name in enumerate(layout.names) if name}
    if all(own.get(column) == name for column, name in names):
        return False
    return any(column < len(layout.kinds) and layout.kinds[column] in ("number", "time") for column, _ in names)


def _has_values(cells: Sequence[str]) -> bool:
    return any(kind_of(cell) in ("number", "time") for cell in cells)


def _fits(cells: Sequence[str], kinds: Sequence[CellKind]) -> bool:
    """Whether a number or time stands where the table has such."""
    return any(kind in ("number", "time") and kind_of(cell) == kind for cell, kind in zip(cells, kinds, strict=False))
