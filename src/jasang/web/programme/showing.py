"""The programme in words and shapes: tiles of the map, bars of the levels, money, a level for its page."""

from typing import Any

from django.utils.translation import gettext as _

from jasang.diagnose.level import Level, rubric
from jasang.errors import Language
from jasang.web.programme.portfolio import LEVELS, TILES, Group
from jasang.web.programme.words import amount

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


def level_words(level: Level, language: Language) -> dict[str, Any]:
    """The parts of a level in the page's language."""
    chosen = rubric(level.rubric)
    sources = {"live": _("live data"), "mentor": _("mentor")}
    return {
        "name": level.name.in_language(language),
        "points": round(level.points),
        "live": round(100 * level.live_share),
        "missing": round(level.points_missing),
        "readings": [(one.id, one.name.in_language(language), one.id == level.reading) for one in chosen.readings],
        "things": [
            {
                "text": thing.text.in_language(language),
                "points": round(thing.points),
                "cost": f"{amount(thing.cost[0])} – {amount(thing.cost[1])}",
                "worth": amount(thing.worth) if thing.worth is not None else None,
                "gate": thing.gate,
                "renew": thing.renew,
            }
            for thing in level.things
        ],
        "modules": [
            {
                "name": name.in_language(language),
                "share": round(100 * level.modules[module]),
                "rows": [
                    {
                        "text": one.item.text.in_language(language),
                        "step": round(one.step, 1),
                        "source": sources[one.answer.source] if one.answer is not None else "",
                        "evidence": one.answer.evidence if one.answer is not None else "",
                        "at": one.answer.at if one.answer is not None else None,
                        "old": one.answer is not None and one.step < one.answer.step,
                    }
                    for one in level.items
                    if one.item.module == module
                ],
            }
            for module, name in chosen.modules.items()
        ],
    }
