"""How the cells of a text file are separated: comma, semicolon, tab, bar, or runs of blanks."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass

from jasang.connect.protocols.files import complaints
from jasang.connect.protocols.files.layout import Layout, Row, find_layout, is_rule, kind_of
from jasang.connect.protocols.files.repair import Tally

BLANKS = " "
ONE_COLUMN = ""
_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_LINES = 400
_SAMPLE_CELLS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """`delimiter` is "," ";" "\\t" "|", " " for runs of blanks or "" for a single column; `quoted`: fields may be quoted."""

    delimiter: str
    quoted: bool


def find_dialect(file: str, head: str, *, complete: bool, prose_allowed: bool, tally: Tally) -> tuple[Dialect, Layout]:
    """The dialect of a file and the layout of its table, judged by its first characters (`complete`: that is all of it).

    Raises `UnreadableInput` where there is no table. `prose_allowed`: a file of sentences counts as a column of texts.
    """
    lines = head.split("\n")
    if not complete and len(lines) > 1:
        lines.pop()
    if not any(line.strip(" \t,;|\"'") for line in lines):
        raise complaints.all_blank(file)
    _refuse_width(file, lines)
    lines = lines[:_SAMPLE_LINES]
    quoted = '"' in head
    rated = []
    for delimiter in _DELIMITERS:
        rows = _rows(lines, delimiter, quoted)
        layout = find_layout(rows) if rows else None
        if layout is not None and layout.width >= 2 and layout.consistency >= 0.7:
            rated.append((_rating(layout), delimiter))
    best = max(rated, default=(0.0, ONE_COLUMN))
    if best[0] < 0.35:
        best = max(best, _rating_of_blanks(lines))
    if best[0] <= 0.0:
        _refuse_ragged(file, lines)
    delimiter = best[1]
    if delimiter == ONE_COLUMN:
        lines = _below_rule(lines)
    rows = _rows(lines, delimiter, quoted)
    layout = find_layout(rows, tally=tally)
    if layout is None:
        raise complaints.all_blank(file)
    if not prose_allowed and _is_prose(layout, rows):
        raise complaints.no_table(file)
    return Dialect(delimiter=delimiter, quoted=quoted and delimiter not in (BLANKS, ONE_COLUMN)), layout


def _below_rule(lines: list[str]) -> list[str]:
    """A single column of numbers below a drawn rule, without the prose above it (the lines stay, blank, for their numbers)."""
    rules = [at for at, line in enumerate(lines) if is_rule(line)]
    if not rules:
        return lines
    below = [line for line in lines[rules[-1] + 1 :] if line.strip()]
    if len(below) >= 2 and all(kind_of(line) == "number" for line in below):
        return [""] * (rules[-1] + 1) + lines[rules[-1] + 1 :]
    return lines


def _rating(layout: Layout) -> float:
    known = sum(kind != "text" for kind in layout.kinds) / layout.width
    return layout.consistency * (0.4 + 0.6 * layout.coverage) * (0.5 + 0.5 * known) + 1e-6 * min(layout.width, 1000)


def _rating_of_blanks(lines: list[str]) -> tuple[float, str]:
    rows = _rows(lines, BLANKS, quoted=False)
    layout = find_layout(rows)
    if layout is None or layout.width < 2 or layout.consistency < 0.9:
        return 0.0, ONE_COLUMN
    if not any(kind == "number" for kind in layout.kinds):
        return 0.0, ONE_COLUMN
    above = [
        cells for number, cells in rows if number < (layout.header_row or layout.first_data_row) and len(cells) > 2
    ]
    if len(above) >= 2 and all(kind_of(cell) == "number" for cells in above for cell in cells):
        return 0.0, ONE_COLUMN  # numbers in rows of changing length: an instance file or a protocol, no table
    one_moment_each = layout.width == 2 and layout.kinds == ("time", "time")
    return (0.0, ONE_COLUMN) if one_moment_each else (_rating(layout), BLANKS)


def _rows(lines: list[str], delimiter: str, quoted: bool) -> list[Row]:
    """The sample's rows, blank lines and drawn rules left out."""
    rows: list[Row] = []
    cells_seen = 0
    for number, cells in _split(lines, delimiter, quoted):
        if not any(cell.strip() for cell in cells) or (len(cells) == 1 and is_rule(cells[0])):
            continue
        if number == 1 and cells[0].lower().startswith("sep=") and len([c for c in cells if c]) <= 2:
            continue
        rows.append((number, cells))
        cells_seen += len(cells)
        if cells_seen > _SAMPLE_CELLS and len(rows) >= 20:
            break
    return rows


def _split(lines: list[str], delimiter: str, quoted: bool) -> Iterator[Row]:
    if delimiter == BLANKS:
        yield from (
            (number, [line.strip()] if is_rule(line) else line.split()) for number, line in enumerate(lines, start=1)
        )
    elif delimiter == ONE_COLUMN:
        yield from ((number, [line.strip().strip('"')]) for number, line in enumerate(lines, start=1))
    elif not quoted:
        yield from ((number, line.split(delimiter)) for number, line in enumerate(lines, start=1))
    else:
        reader = csv.reader((line + "\n" for line in lines), delimiter=delimiter, skipinitialspace=True)
        number = 1
        while True:
            try:
                cells = next(reader)
            except (StopIteration, csv.Error):
                return
            yield number, cells
            number = reader.line_num + 1


def _refuse_width(file: str, lines: list[str]) -> None:
    for number, line in enumerate(lines[:50], start=1):
        columns = max(line.count(delimiter) for delimiter in _DELIMITERS) + 1
        if columns > complaints.MOST_COLUMNS and '"' not in line:
            raise complaints.too_many_columns(file, number, columns)


def _refuse_ragged(file: str, lines: list[str]) -> None:
    """A file in which most lines do have delimiters, but never the same number of them, is no single column either."""
    filled = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    delimiter = max(
        (*_DELIMITERS, BLANKS), key=lambda d: sum(len(line.split(d if d != BLANKS else None)) > 2 for _, line in filled)
    )
    widths = [(number, len(line.split(delimiter if delimiter != BLANKS else None))) for number, line in filled]
    several = sum(width > 2 for _, width in widths)
    if several < 0.5 * len(widths) or (delimiter == BLANKS and not _mostly_numbers(filled)):
        return
    expected = sorted(width for _, width in widths)[len(widths) // 2]
    odd = [(number, width) for number, width in widths if width != expected]
    if odd:
        raise complaints.ragged(file, odd[0][0], odd[0][1], expected, len(odd), len(widths))


def _mostly_numbers(filled: list[tuple[int, str]]) -> bool:
    words = [word for _, line in filled[:50] for word in line.split()]
    return sum(word.lstrip("+-").replace(".", "", 1).isdigit() for word in words) > 0.8 * len(words)


def _is_prose(layout: Layout, rows: list[Row]) -> bool:
    """Sentences, whatever commas they hold: texts only, and most cells of several words."""
    if any(kind != "text" for kind in layout.kinds):
        return False
    cells = [cell.strip() for _, row in rows for cell in row if cell.strip()]
    return sum(" " in cell for cell in cells) > 0.3 * len(cells)
