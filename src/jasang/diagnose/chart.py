"""A chart as data: what a page, the printed report and a test can all draw or read. It answers one question, which is its title.

Rules make charts of at most `MOST_POINTS` points a line (see `thin`); one script draws them all with ECharts.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from jasang.plant.text import Text

MOST_POINTS = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row of y values over the chart's x; `None` leaves a gap. `look` says how it is drawn.

    `cumulative`: per cent on a right axis (Pareto). `band`: the area between `base` and `y` (an interval, an envelope).
    `waterfall`: bars from `base` to `y`, falling ones as losses (x_kind "category"). `heat`: one row of a heat map, named by
    the line, over categories or times; all lines of such a chart are `heat`, drawn from the top.
    """

    name: Text
    y: tuple[float | None, ...]
    look: Literal["line", "step", "points", "bars", "thin", "cumulative", "band", "waterfall", "heat"] = "line"
    base: tuple[float | None, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something drawn over the lines: a limit (`y`), a moment (`x`), or a band (`from`–`to` on one axis)."""

    name: Text
    axis: Literal["x", "y"]
    at: float | str
    to: float | str | None = None  # set = a band
    look: Literal["limit", "centre", "specification", "event", "good", "bad"] = "limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One chart. `x_kind`: "time" = ISO 8601 texts in UTC, "number", or "category": names in the data, or words."""

    title: Text  # the question it answers
    x_kind: Literal["time", "number", "category"]
    x: tuple[float | str | Text, ...]
    lines: tuple[Line, ...]
    marks: tuple[Mark, ...] = ()
    x_label: Text | None = None
    y_label: Text | None = None
    y_unit: str | None = None

    def __post_init__(self) -> None:
        heat = [line.look == "heat" for line in self.lines]
        if any(heat) and not (all(heat) and self.x_kind in ("category", "time")):
            raise ValueError(f"chart {self.title.en!r}: a heat map has only heat lines, over categories or times")
        for line in self.lines:
            if len(line.y) != len(self.x) or (line.base is not None and len(line.base) != len(self.x)):
                raise ValueError(
                    f"chart {self.title.en!r}: line {line.name.en!r} has {len(line.y)} values for {len(self.x)} x"
                )
            if (line.base is not None) != (line.look in ("band", "waterfall")):
                raise ValueError(
                    f"chart {self.title.en!r}: line {line.name.en!r}: bands and waterfalls, and only they, have a base"
                )


def thin(rows: int, important: np.ndarray | None = None, most: int = MOST_POINTS) -> np.ndarray:
    """Row indices to draw: evenly spread, at most about `most`, plus the `important` ones (indices), sorted and unique."""
    step = max(1, -(-rows // most))
    chosen = np.arange(0, rows, step)
    if important is not None and important.size:
        chosen = np.union1d(chosen, important[:: max(1, -(-important.size // most))])
    return chosen
