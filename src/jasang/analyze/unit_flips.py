"""Readings in another unit: rows where a column stands a unit factor (×10, ×25.4, °C/°F …) away from its neighbours in time.

Two things are asked: the ratio to the neighbours is that of two units, and the two groups of values are far apart and exclusive,
each as narrow in its own unit as the other. Factors too near to 1 (kgf/cm² to bar) cannot be told from a real change.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """A ratio between two units in which machines report the same quantity."""

    ratio: float
    units: str


FACTORS = (
    Factor(ratio=10.0, units="×10"),
    Factor(ratio=100.0, units="×100"),
    Factor(ratio=1000.0, units="×1000"),
    Factor(ratio=14.5038, units="bar/psi"),
    Factor(ratio=25.4, units="inch/mm"),
    Factor(ratio=60.0, units="min/s"),
    Factor(ratio=16.6667, units="m³/h / L/min"),
    Factor(ratio=145.038, units="MPa/psi"),
    Factor(ratio=3.6, units="m/s / km/h, kWh/MJ"),
    Factor(ratio=2.54, units="inch/cm"),
    Factor(ratio=2.20462, units="kg/lb"),
    Factor(ratio=3600.0, units="h/s"),
    Factor(ratio=9.80665, units="kgf/N"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFlip:
    """The rows at `places` stand `ratio` times (below 1: a fraction of) their neighbours.

    `factor` is the known ratio or `None` where only two exclusive groups near a power of ten were seen; `offset` is 32 for °F.
    `low`, `high`: the 2.5 and 97.5 % of the ratios of the rows. `usual` and `flipped` are medians; `episodes` unbroken stretches.
    `certain`: the ratio is that of two units to 1.5 % and the spread goes with it.
    """

    places: np.ndarray
    ratio: float
    low: float
    high: float
    factor: Factor | None
    offset: float
    usual: float
    flipped: float
    episodes: int
    certain: bool


def find_unit_flips(values: np.ndarray, *, temperature: bool = False, least: int = 5) -> tuple[UnitFlip, ...]:
    """Groups of rows in another unit.

    Parameters
    ----------
    values
        float64, shape (n,), in order of time, of one product on one asset; NaN = missing, sentinels taken out.
    temperature
        The column is a temperature: °C/°F (×1.8 + 32) is believed more easily.
    least
        Fewest rows of a group.
    """
    places = np.flatnonzero(~np.isnan(values) & (values != 0))
    if places.size < 20:
        return ()
    positive = values[places] > 0
    if 0.02 < positive.mean() < 0.98:
        return ()  # a signal around zero has no factor
    places = places[positive == (positive.mean() > 0.5)]
    series = np.abs(values[places])
    groups = _groups(series, least)
    if len(groups) < 2:
        return ()
    sizes = [np.count_nonzero((series >= low) & (series <= high)) for low, high in groups]
    # Rows between the groups: with many of them the groups are not exclusive.
    strays = series.size - sum(sizes)
    distinct = np.unique(series)
    step = float(np.diff(distinct).min()) if distinct.size >= 5 else 0.0
    found = []
    for minor in sorted(range(len(groups)), key=lambda group: sizes[group]):
        for major in sorted(range(len(groups)), key=lambda group: -sizes[group]):
            if sizes[major] <= sizes[minor]:
                break
            here = (series >= groups[minor][0]) & (series <= groups[minor][1])
            there = (series >= groups[major][0]) & (series <= groups[major][1])
            if not _resolved(step, groups[minor], groups[major]) or strays > max(2, 0.5 * sizes[minor]):
                continue
            flip = _flip(series, places, here, there, temperature)
            if flip is not None:
                found.append(flip)
                break
    return tuple(found)


def _groups(series: np.ndarray, least: int) -> list[tuple[float, float]]:
    """Ranges of the values between empty stretches of at least a factor 1.3, those with `least` rows or more."""
    ordered = np.sort(series)
    cuts = np.flatnonzero(ordered[1:] > 1.3 * ordered[:-1]) + 1
    if cuts.size > 40:
        return []  # spread over many sizes: counts, durations; no groups
    bounds = np.concatenate(([0], cuts, [ordered.size]))
    return [
        (float(ordered[start]), float(ordered[stop - 1])) for start, stop in pairwise(bounds) if stop - start >= least
    ]


def _resolved(step: float, minor: tuple[float, float], major: tuple[float, float]) -> bool:
    """Whether the smaller group is more than a few steps of the resolution away from zero, so that a ratio means something."""
    return min(minor[0], major[0]) >= 8 * step


def _flip(
    series: np.ndarray, places: np.ndarray, here: np.ndarray, there: np.ndarray, temperature: bool
) -> UnitFlip | None:
    rows = np.flatnonzero(here)
    neighbours = _neighbours(series, np.flatnonzero(there), rows)
    ratios = series[rows] / neighbours
    ratio = float(np.median(ratios))
    up = max(ratio, 1 / ratio)
    spread_here, spread_there = _spread(series[here]), _spread(series[there])
    usual, flipped = float(np.median(series[there])), float(np.median(series[here]))
    episodes = 1 + int((np.diff(np.cumsum(there)[rows]) > 0).sum())
    factor, offset, certain = _match(up, spread_here, spread_there, rows.size, episodes)
    if factor is None or factor.ratio < 9:
        fahrenheit = _fahrenheit(series[rows], neighbours, spread_here * flipped, spread_there * usual, temperature)
        factor, offset, certain = fahrenheit if fahrenheit[0] else (factor, offset, certain)
    near_ten = min(abs(np.log(up / power)) for power in (10.0, 100.0, 1000.0)) < 0.1
    tight = max(spread_here, spread_there) < 0.03 and rows.size < 0.05 * there.sum()
    if factor is None and not (near_ten and tight):
        return None
    low, high = np.quantile(ratios, [0.025, 0.975])
    return UnitFlip(
        places=places[rows],
        ratio=ratio,
        low=float(low),
        high=float(high),
        factor=factor,
        offset=offset,
        usual=usual,
        flipped=flipped,
        episodes=episodes,
        certain=certain,
    )


def _neighbours(series: np.ndarray, ordinary: np.ndarray, rows: np.ndarray, width: int = 10) -> np.ndarray:
    """Mean of the `width` ordinary values before and after each of `rows`: the level the row should have had."""
    sums = np.concatenate(([0.0], np.cumsum(series[ordinary])))
    middle = np.searchsorted(ordinary, rows)
    first, last = np.maximum(middle - width, 0), np.minimum(middle + width, ordinary.size)
    level: np.ndarray = (sums[last] - sums[first]) / (last - first)
    return level


def _spread(values: np.ndarray) -> float:
    """Relative spread: from steps where there are enough of them, so that a slow drift does not count."""
    median = float(np.median(values))
    return float(np.quantile(values, 0.9) - np.quantile(values, 0.1)) / (2.563 * median)


def _match(
    up: float, spread_here: float, spread_there: float, rows: int, episodes: int
) -> tuple[Factor | None, float, bool]:
    """The factor that the ratio and the spreads agree with. A wide group needs a looser ratio, but never more than 5 %."""
    wide = max(spread_here, spread_there)
    # One stretch has one level around it, from which a slow signal may have wandered; many stretches average that out.
    around = spread_there * max(3 / np.sqrt(20 * episodes), 1.5 / episodes)
    error = 3 * spread_here / np.sqrt(rows) + around
    allowed = min(max(0.005, error), 0.05) if up > 9 else 0.01
    best = min(FACTORS, key=lambda factor: abs(np.log(up / factor.ratio)))
    if best.ratio == 9.80665 and abs(np.log(up / 10)) <= allowed and abs(np.log(up / best.ratio)) > 0.004:
        best = FACTORS[0]  # a decimal point is the likelier of the two
    if abs(np.log(up / best.ratio)) > allowed:
        return None, 0.0, False
    # In another unit the relative spread stays; another state of the machine has its own.
    narrow = min(spread_here, spread_there)
    same_spread = rows < 8 or wide < 1e-3 or narrow > wide / 3
    if not same_spread or (best.ratio < 9 and (wide > 0.1 or rows < 20)):
        return None, 0.0, False
    return best, 0.0, bool(abs(np.log(up / best.ratio)) < 0.015 and best.ratio >= 9)


def _fahrenheit(
    rows: np.ndarray, neighbours: np.ndarray, spread_here: float, spread_there: float, temperature: bool
) -> tuple[Factor | None, float, bool]:
    """°C/°F in either direction, by level and by spread; a column not named as a temperature must fit more closely."""
    allowed, least = (0.03, 5) if temperature else (0.005, 20)
    factor = Factor(ratio=1.8, units="°C/°F")
    for celsius, fahrenheit, wide, narrow in (
        (neighbours, rows, spread_here, spread_there),
        (rows, neighbours, spread_there, spread_here),
    ):
        error = float(np.median(np.abs(fahrenheit - (1.8 * celsius + 32)) / fahrenheit))
        # A stretch of some hours is calmer than a record of weeks, so the spread of the stretch may be smaller, not much larger.
        calm = max(wide, narrow) < 0.05 * float(np.median(celsius))
        if error < allowed and rows.size >= least and (calm or 0.9 < wide / max(narrow, 1e-9) < 3.6):
            return factor, 32.0, error < 0.01
    return None, 0.0, False
