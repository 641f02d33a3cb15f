"""Readings of energy or power as a load curve: energy used in equal steps of time on the factory's clock."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from jasang.plant.public_holidays import public_holidays

QUARTER = 900.0  # seconds: what electricity is billed by
HOUR, DAY = 3600.0, 86_400.0
Quantity = Literal["energy", "counter", "power"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadCurve:
    """Energy in steps of `step` seconds: `kwh`, shape (n,), NaN where nothing is known; step i begins `first` + i · step.

    `first` is in seconds since 1970 on the factory's own clock (local time, no zone). Steps are quarter hours where readings come
    at least that often, else as they come.
    """

    first: float
    step: float
    kwh: np.ndarray

    @property
    def kw(self) -> np.ndarray:
        """Mean power in each step, kW, shape (n,)."""
        return np.asarray(self.kwh * (HOUR / self.step))

    @property
    def begin(self) -> np.ndarray:
        """Begin of each step in seconds on the factory's clock, shape (n,)."""
        return self.first + self.step * np.arange(self.kwh.size)

    @property
    def day(self) -> np.ndarray:
        """Day number since 1970-01-01, int64, shape (n,)."""
        return np.floor(self.begin / DAY).astype(np.int64)

    @property
    def hour(self) -> np.ndarray:
        """Hour of the day 0 to 23, int64, shape (n,)."""
        return np.floor(self.begin % DAY / HOUR).astype(np.int64)

    @property
    def days_known(self) -> float:
        """Length of what is known, in days."""
        return float(np.isfinite(self.kwh).sum() * self.step / DAY)


def weekday(day: np.ndarray) -> np.ndarray:
    """0 = Monday to 6 = Sunday of day numbers since 1970-01-01 (a Thursday)."""
    return np.asarray((day + 3) % 7)


def month_of(day: np.ndarray) -> np.ndarray:
    """Months since January 1970 of day numbers; `% 12 + 1` is the month of the year."""
    return np.asarray(day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64))


def free_days(day: np.ndarray, country: str | None = "KR") -> np.ndarray:
    """True for Sundays and public holidays, shape of `day` (day numbers)."""
    free = weekday(day) == 6
    if country is not None and day.size:
        years = np.unique(day.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)) + 1970
        dates = public_holidays(country, years.tolist())
        numbers = np.array([(date - _EPOCH).days for date in dates], dtype=np.int64)
        free |= np.isin(day, numbers)
    return np.asarray(free)


_EPOCH = np.datetime64("1970-01-01").astype(object)


def quantity_of(values: np.ndarray, unit: str | None) -> Quantity:
    """Whether readings are a power, a meter that counts up, or energy by interval.

    Power where the unit says so (kW, W, MW); a counter where at most 1 % of the steps fall, and those to almost nothing (a
    reset), and the values grow to many times their step.
    """
    if (unit or "").lower() in ("kw", "w", "mw"):
        return "power"
    known = values[np.isfinite(values)]
    steps = np.diff(known)
    if known.size < 10 or not (steps > 0).any():
        return "energy"
    falls = steps < 0
    typical = float(np.median(steps[steps > 0]))
    if (
        falls.mean() <= 0.01
        and known.max() > 20 * typical
        and (not falls.any() or known[1:][falls].max() < 0.1 * known.max())
    ):
        return "counter"
    return "energy"


def load_curve(
    seconds: np.ndarray,
    values: np.ndarray,
    *,
    quantity: Quantity,
    factor: float = 1.0,
    stamp: Literal["begin", "end"] | None = None,
) -> LoadCurve | None:
    """The load curve of readings.

    Parameters
    ----------
    seconds : ndarray, shape (n,)
        Time of each reading on the factory's clock, seconds since 1970-01-01 00:00; NaN where unknown, any order.
    values : ndarray, shape (n,)
        Readings; NaN where missing.
    quantity : {"energy", "counter", "power"}
        Energy used in the interval of the row, a meter that counts up, or power.
    factor : float
        Takes readings to kWh (or kW): 0.001 for Wh and W, 1000 for MWh.
    stamp : {"begin", "end"}, optional
        Whether a row of "energy" carries the begin or the end of its interval. By default the end where the record begins one
        interval after midnight (meters of utilities do so), else the begin.

    Returns
    -------
    LoadCurve or None where fewer than 20 readings or no even pace is there.
    """
    known = np.isfinite(seconds) & np.isfinite(values)
    order = np.argsort(seconds[known], kind="stable")
    at, reading = seconds[known][order], values[known][order] * factor
    gaps = np.diff(at)
    if at.size < 20 or not (gaps > 0).any():
        return None
    pace = float(np.median(gaps[gaps > 0]))
    if pace > DAY:
        return None
    step = QUARTER if pace <= QUARTER * 1.01 else float(np.round(pace))
    if quantity == "counter":
        return _of_counter(at, reading, step)
    if quantity == "energy":
        late = stamp == "end" or (stamp is None and abs(at[0] % DAY - pace) < 0.01 * pace)
        at = at - (pace if late else 0.0)
    first = float(np.floor(at[0] / step) * step)
    place = np.floor((at - first) / step + 1e-6).astype(np.int64)
    n = int(place[-1]) + 1
    if n * step > 20 * 366 * DAY:
        return None
    count = np.bincount(place, minlength=n)
    total = np.bincount(place, weights=reading, minlength=n)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(count > 0, total / count, np.nan)
        if quantity == "power":
            return LoadCurve(first=first, step=step, kwh=mean * step / HOUR)
        # A step that lacks some of its rows is filled up from those there, one that lacks most is unknown.
        wanted = step / pace
        kwh = np.where(count >= 0.7 * wanted, mean * np.maximum(wanted, 1.0), np.nan)
    return LoadCurve(first=first, step=step, kwh=kwh)


def _of_counter(at: np.ndarray, reading: np.ndarray, step: float) -> LoadCurve:
    gained = np.diff(reading)
    total = np.concatenate([[0.0], np.cumsum(np.where(gained >= 0, gained, 0.0))])  # a reset counts as nothing used
    first = float(np.ceil(at[0] / step) * step)
    edges = np.arange(first, at[-1] + 1e-6, step)
    kwh = np.diff(np.interp(edges, at, total))
    # Where the meter was silent for hours the hours cannot be told apart.
    right = np.clip(np.searchsorted(at, edges[:-1] + step / 2), 1, at.size - 1)
    kwh[at[right] - at[right - 1] > 2.5 * step] = np.nan
    return LoadCurve(first=first, step=step, kwh=kwh)


def summed(curves: list[LoadCurve]) -> LoadCurve:
    """The load of several meters together over the time all of them know; curves must share their step."""
    step = curves[0].step
    if any(curve.step != step for curve in curves):
        raise ValueError(f"curves of different steps: {[curve.step for curve in curves]} s")
    first = max(curve.first for curve in curves)
    last = min(curve.first + step * curve.kwh.size for curve in curves)
    n = max(0, round((last - first) / step))
    starts = [round((first - curve.first) / step) for curve in curves]
    total = np.sum([curve.kwh[start : start + n] for curve, start in zip(curves, starts, strict=True)], axis=0)
    return LoadCurve(first=first, step=step, kwh=np.asarray(total))
