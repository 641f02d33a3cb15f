"""The portfolio in shapes: tiles of the map, bars of the levels."""

from typing import Any

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
