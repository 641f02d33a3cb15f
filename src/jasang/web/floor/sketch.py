"""A chart small enough for a list: few points that still show the extremes."""

from typing import Any

MOST_POINTS = 240
MOST_BARS = 12


def sketch(chart: dict[str, Any]) -> dict[str, Any]:
    """The same chart with at most about `MOST_POINTS` x (`MOST_BARS` categories); lowest and highest of each stretch stay."""
    size = len(chart["x"])
    if chart["x_kind"] == "category":
        kept = list(range(min(size, MOST_BARS)))
    elif size <= MOST_POINTS:
        return chart
    else:
        kept = _extremes(chart["lines"], size)
    lines = [{**line, "y": [line["y"][place] for place in kept]} for line in chart["lines"]]
    return {**chart, "x": [chart["x"][place] for place in kept], "lines": lines}


def _extremes(lines: list[dict[str, Any]], size: int) -> list[int]:
    kept: set[int] = {0, size - 1}
    stretches = MOST_POINTS // (2 * max(1, len(lines)))
    for line in lines:
        values = line["y"]
        for stretch in range(stretches):
            places = [
                place
                for place in range(stretch * size // stretches, (stretch + 1) * size // stretches)
                if values[place] is not None
            ]
            if places:
                kept |= {min(places, key=values.__getitem__), max(places, key=values.__getitem__)}
    return sorted(kept)
