"""The portfolio in shapes: tiles of the map, bars of the levels, money beside what it brought."""

from collections.abc import Callable, Sequence
from typing import Any

from django.http import QueryDict

from jasang.web.programme.portfolio import LEVELS, TILES, Group

_TILE, _GAP = 84, 6


def tiles(regions: list[Group], chosen: str) -> list[dict[str, Any]]:
    """The 17 tiles: place in the drawing, name, factories, mean level, and a shade of 0 to 5."""
    known = {group.name: group for group in regions}
    made = []
    for name, (column, row) in TILES.items():
        group = known.get(name, Group(name=name))
        x, y = column * (_TILE + _GAP), row * (_TILE + _GAP)
        made.append(
            {
                "name": name, "x": x, "y": y, "middle": x + _TILE // 2, "name_y": y + 30, "mean_y": y + 52, "count_y": y + 70,
                "group": group, "shade": min(5, int(group.mean + 0.5)) if group.factories else "none",
                "chosen": name == chosen,
            }
        )  # fmt: skip
    return made


def bars(whole: Group) -> list[dict[str, Any]]:
    """How many factories have each level, and the bar's length of 100."""
    most = max(whole.counts) or 1
    return [
        {"level": level, "count": whole.counts[level], "length": round(100 * whole.counts[level] / most, 1)}
        for level in range(LEVELS)
    ]


def money_bars(groups: Sequence[Group], link: Callable[[Group], str]) -> list[dict[str, Any]]:
    """Paid and measured effect a year of each group as lengths of 100, on one scale; `link` leads to the next step down."""
    most = max([1.0, *(max(group.paid, group.effect) for group in groups)])
    return [
        {
            "group": group, "link": link(group), "paid": round(100 * group.paid / most, 2),
            "effect": round(100 * max(0.0, group.effect) / most, 2),
        }
        for group in groups
    ]  # fmt: skip


def asked_with(**chosen: str) -> str:
    """The query of an address with what is chosen; nothing chosen = "?"."""
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in chosen.items() if value})
    return f"?{query.urlencode()}"
