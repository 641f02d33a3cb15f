"""Charts for short runs of many parts on one machine, and for many streams (cavities, spindles) of one part.

Sources: Montgomery, sections 10.1 (deviation from nominal, standardised) and 10.3 (group charts); Bothe (1989); Boyd (1950).
"""

from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np
from scipy import special

from jasang.analyze.control_charts.constants import range_constants
from jasang.analyze.control_charts.inputs import vector
from jasang.analyze.control_charts.limits import Limits, PairedChart, limits_around

FEWEST_OF_A_PART = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortRunChart:
    """A chart over the runs of several parts.

    `chart.points` are deviations from the part's target (unit of the values) or those divided by the part's sigma (no unit).
    `targets` and `sigmas` by part are what was subtracted and divided by. Moving ranges do not reach over a change of part.
    """

    chart: PairedChart
    targets: dict[str, float]
    sigmas: dict[str, float]


def deviation_chart(
    values: np.ndarray, parts: np.ndarray, *, targets: dict[str, float] | None = None, multiple: float = 3.0
) -> ShortRunChart:
    """Deviation from nominal (DNOM): for parts whose spread is alike. Short-run individuals and moving range chart.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Measurements in order of time; NaN is missing.
    parts : ndarray of str, shape (n,)
        Which part each value is of.
    targets : dict, optional
        Nominal value by part; the part's own mean where not given.
    """
    values, names = _by_part(values, parts)
    aims = {
        name: (targets or {}).get(name, float(np.nanmean(values[names == name]))) for name in _present(values, names)
    }
    points = values - np.array([aims.get(name, np.nan) for name in names])
    sigma, ranges = _sigma_within_runs(points, names)
    chart = PairedChart(
        location=limits_around(0.0 if targets else float(np.nanmean(points)), multiple * sigma, sigma=sigma),
        spread=_range_limits(sigma, multiple),
        points=points,
        spreads=ranges,
    )
    return ShortRunChart(chart=chart, targets=aims, sigmas=dict.fromkeys(aims, sigma))


def standardised_chart(
    values: np.ndarray,
    parts: np.ndarray,
    *,
    targets: dict[str, float] | None = None,
    sigmas: dict[str, float] | None = None,
    multiple: float = 3.0,
) -> ShortRunChart:
    """Standardised short-run chart (Z-MR): for parts whose spread differs. Points (x − target)/sigma of the part.

    Arguments as `deviation_chart`; `sigmas` by part, else from the part's moving ranges. A part with fewer than five values and
    no given sigma gets the sigma all parts share.
    """
    values, names = _by_part(values, parts)
    present = _present(values, names)
    aims = {name: (targets or {}).get(name, float(np.nanmean(values[names == name]))) for name in present}
    away = values - np.array([aims.get(name, np.nan) for name in names])
    shared = _sigma_within_runs(away, names)[0]
    spreads = {}
    for name in present:
        own = np.where(names == name, away, np.nan)
        enough = np.count_nonzero(~np.isnan(own)) >= FEWEST_OF_A_PART
        spreads[name] = (sigmas or {}).get(name, _sigma_within_runs(own, names)[0] if enough else shared)
        if not spreads[name] > 0:
            spreads[name] = shared
    points = away / np.array([spreads.get(name, np.nan) for name in names])
    chart = PairedChart(
        location=limits_around(0.0, multiple, sigma=1.0),
        spread=_range_limits(1.0, multiple),
        points=points,
        spreads=_ranges_within_runs(points, names),
    )
    return ShortRunChart(chart=chart, targets=aims, sigmas=spreads)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupChart:
    """A chart of many streams by its highest and lowest stream at each time.

    `highest` and `lowest` shape (times,) with the streams they came from (`highest_stream`, `lowest_stream`, indices); `limits`
    hold for them at the false-alarm rate of one chart. `runs` is, for each stream, the longest row of times it was the
    highest or the lowest: `expected_run` is the length that chance exceeds once in about 370 such charts of this size.
    """

    limits: Limits
    highest: np.ndarray
    lowest: np.ndarray
    highest_stream: np.ndarray
    lowest_stream: np.ndarray
    runs: np.ndarray
    expected_run: int

    @property
    def alarms(self) -> np.ndarray:
        """True where the highest or lowest stream is beyond its limit, shape (times,)."""
        return np.asarray(self.limits.beyond(self.highest) | self.limits.beyond(self.lowest))


def group_chart(
    values: np.ndarray, *, multiple: float = 3.0, sigma_from: Literal["moving_range", "streams"] = "moving_range"
) -> GroupChart:
    """Group chart of one value of each stream at each time, shape (times, streams); NaN is missing.

    Sigma from the moving ranges of each stream, or from the range over the streams at one time (where streams are alike). The
    multiple is widened so that all streams together alarm as seldom as one chart with this multiple (Šidák).
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or values.shape[0] < 2 or values.shape[1] < 2:
        raise ValueError(f"expected values of shape (times, streams), at least 2 x 2, got {values.shape}")
    full = values[~np.isnan(values).any(axis=1)]
    if sigma_from == "streams":
        sigma = float(np.ptp(full, axis=1).mean()) / range_constants(values.shape[1])[0]
    elif sigma_from == "moving_range":
        sigma = float(np.nanmean(np.abs(np.diff(values, axis=0)))) * sqrt(np.pi) / 2.0
    else:
        raise ValueError(f"sigma_from must be 'moving_range' or 'streams', got {sigma_from!r}")
    known = ~np.isnan(values).all(axis=1)
    padded_low, padded_high = np.where(np.isnan(values), -np.inf, values), np.where(np.isnan(values), np.inf, values)
    top, bottom = padded_low.argmax(axis=1), padded_high.argmin(axis=1)
    rows = np.arange(values.shape[0])
    top, bottom = np.where(known, top, -1), np.where(known, bottom, -1)
    runs = np.array([max(_longest(top == s), _longest(bottom == s)) for s in range(values.shape[1])])
    return GroupChart(
        limits=limits_around(float(np.nanmean(values)), _widened(multiple, values.shape[1]) * sigma, sigma=sigma),
        highest=np.where(known, values[rows, top], np.nan),
        lowest=np.where(known, values[rows, bottom], np.nan),
        highest_stream=top,
        lowest_stream=bottom,
        runs=runs,
        expected_run=_run_by_chance(values.shape[0], values.shape[1]),
    )


def _run_by_chance(times: int, streams: int) -> int:
    """Smallest r that a row of r equal extremes reaches with probability below 1/370: times · 2 · streams · (1/streams)^r."""
    return max(2, int(np.ceil(np.log(370.0 * 2.0 * times * streams) / np.log(streams))))


def _widened(multiple: float, streams: int) -> float:
    one = 2.0 * float(special.ndtr(-multiple))
    each = -np.expm1(np.log1p(-one) / streams)
    return float(-special.ndtri(each / 2.0))


def _longest(flags: np.ndarray) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _by_part(values: np.ndarray, parts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values, names = vector(values), np.asarray(parts).astype(str)
    if values.shape != names.shape:
        raise ValueError(f"one part for every value is needed, got {values.shape} values and {names.shape} parts")
    return values, names


def _present(values: np.ndarray, names: np.ndarray) -> list[str]:
    return [str(name) for name in dict.fromkeys(names[~np.isnan(values)].tolist())]


def _ranges_within_runs(points: np.ndarray, names: np.ndarray) -> np.ndarray:
    """|xᵢ − xᵢ₋₁| within a run of one part, NaN where the part changes, shape (n − 1,)."""
    ranges: np.ndarray = np.where(names[1:] == names[:-1], np.abs(np.diff(points)), np.nan)
    return ranges


def _sigma_within_runs(points: np.ndarray, names: np.ndarray) -> tuple[float, np.ndarray]:
    ranges = _ranges_within_runs(points, names)
    if np.isnan(ranges).all():
        # Runs of one piece each: neighbours of different parts are all there is.
        ranges = np.abs(np.diff(points[~np.isnan(points)]))
    if not ranges.size or np.isnan(ranges).all():
        raise ValueError("a short-run chart needs at least 2 values")
    return float(np.nanmean(ranges)) * sqrt(np.pi) / 2.0, ranges


def _range_limits(sigma: float, multiple: float) -> Limits:
    d2, d3 = range_constants(2)
    return limits_around(d2 * sigma, multiple * d3 * sigma, sigma=d3 * sigma, floor=0.0)
