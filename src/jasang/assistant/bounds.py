"""Answers of a bounded size: pages of long lists, a part of long tables, and charts of few points."""

import json
from collections.abc import Sequence
from typing import Any

from jasang.errors import WrongArguments

MOST_ITEMS = 200
MOST_CHARACTERS = 60_000  # of one page, as JSON
MOST_ROWS = 100  # of a table in a study
MOST_POINTS = 200  # of a line of a chart
MOST_TEXT = 20_000  # characters of one page of a document


def page(items: Sequence[Any], cursor: str | None, limit: int) -> tuple[list[Any], str | None]:
    """The items from the cursor on, at most `limit` and no more than fit, and the cursor of the next page (`None` = the end)."""
    start = place_of(cursor, len(items))
    chosen: list[Any] = []
    room = MOST_CHARACTERS
    for item in items[start : start + min(limit, MOST_ITEMS)]:
        room -= len(json.dumps(item, ensure_ascii=False, default=str))
        if room < 0 and chosen:
            break
        chosen.append(item)
    end = start + len(chosen)
    return chosen, str(end) if end < len(items) else None


def place_of(cursor: str | None, most: int) -> int:
    """The place a cursor stands for.

    Raises
    ------
    WrongArguments
        It is none that an answer gave.
    """
    if cursor is None or cursor == "":
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 12 and int(cursor) <= most):
        raise WrongArguments(
            ko=f"cursor '{cursor[:40]}': 앞 답의 next 값을 그대로 보내세요.",
            en=f"cursor '{cursor[:40]}': expected the value of `next` of the answer before.",
        )
    return int(cursor)


def bounded_study(document: dict[str, Any], *, charts: bool, rows: int = MOST_ROWS) -> dict[str, Any]:
    """A `jasang.study/1` with at most `rows` rows a table (`rows_left_off` counts the others), charts thinned or left off."""
    return document | {"studies": [_study(study, charts=charts, rows=rows) for study in document["studies"]]}


def _study(study: dict[str, Any], *, charts: bool, rows: int) -> dict[str, Any]:
    tables = [
        table | {"rows": table["rows"][:rows], "rows_left_off": max(0, len(table["rows"]) - rows)}
        for table in study["tables"]
    ]
    return study | {"tables": tables, "charts": [thin_chart(one) for one in study["charts"]] if charts else []}


def thin_chart(chart: dict[str, Any]) -> dict[str, Any]:
    """A chart of at most `MOST_POINTS` evenly chosen points."""
    step = -(-len(chart["x"]) // MOST_POINTS)
    if step <= 1:
        return chart
    lines = [
        line | {name: line[name][::step] for name in ("y", "base") if line.get(name) is not None}
        for line in chart["lines"]
    ]
    return chart | {"x": chart["x"][::step], "lines": lines}


def part(text: str, offset: int) -> tuple[str, int | None]:
    """A part of a long text from `offset` on, and where the next begins (`None` = the end)."""
    end = offset + MOST_TEXT
    return text[offset:end], end if end < len(text) else None
