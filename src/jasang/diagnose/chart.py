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
    """A row of y values over the chart's x; `None` leaves a gap. `look` says how it is drawn."""

    name: Text
    y: tuple[float | None, ...]
    look: Literal["line", "step", "points", "bars", "thin", "cumulative"] = (
        "line"  # cumulative: % on a right axis (Pareto)
    )


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
    """One chart. `x_kind`: "time" = ISO 8601 texts in UTC, "number", or "category"."""

    title: Text  # the question it answers
    x_kind: Literal["time", "number", "category"]
    x: tuple[float | str, ...]
    lines: tuple[Line, ...]
    marks: tuple[Mark, ...] = ()
    x_label: Text | None = None
    y_label: Text | None = None
    y_unit: str | None = None

    def __post_init__(self) -> None:
        for line in self.lines:
            if len(line.y) != len(self.x):
                raise ValueError(
                    f"chart {self.title.en!r}: line {line.name.en!r} has {len(line.y)} values for {len(self.x)} x"
                )


def thin(rows: int, important: np.ndarray | None = None, most: int = MOST_POINTS) -> np.ndarray:
    """Row indices to draw: evenly spread, at most about `most`, plus the `important` ones (indices), sorted and unique."""
    step = max(1, -(-rows // most))
    chosen = np.arange(0, rows, step)
    if important is not None and important.size:
        chosen = np.union1d(chosen, important[:: max(1, -(-important.size // most))])
    return chosen
