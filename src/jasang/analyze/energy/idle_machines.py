"""Energy that machines draw while they make nothing: by state, by machine, and in pauses long enough to switch off."""

from dataclasses import dataclass

import numpy as np

from jasang.analyze.energy.load_curve import DAY
from jasang.analyze.energy.resampling import day_interval

LONG_PAUSE = 0.5  # hours: shorter ones are not worth a restart
_ALIVE = 0.05  # of the power at work: below, a machine is off


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleMachine:
    """What a machine draws while it waits.

    Powers in kW: at work, waiting, and at its lowest when not at work (the least tenth of that time: off, if it ever is).
    Energies in kWh over the record: all, waiting, and `avoidable`: in pauses of half an hour and more, above the lowest power.
    `year`, with its 95 % interval, is the avoidable energy in a year, `share` of all its energy.
    """

    machine: str | None
    work_kw: float
    idle_kw: float
    off_kw: float
    hours_idle: float
    kwh: float
    idle_kwh: float
    avoidable_kwh: float
    share: float
    year: float
    low: float
    high: float
    pauses: int
    ever_off: bool


def idle_machine(
    seconds: np.ndarray, hours: np.ndarray, kw: np.ndarray, running: np.ndarray, *, machine: str | None = None
) -> IdleMachine | None:
    """The energy of one machine while it does not run.

    Parameters
    ----------
    seconds : ndarray, shape (n,)
        Begin of each interval on the factory's clock, in order.
    hours, kw : ndarray, shape (n,)
        Its length and the mean power in it; NaN power leaves it out.
    running : ndarray, shape (n,)
        1 where the machine makes something, 0 where it waits, is set up, is down or off; NaN where unknown.

    Returns
    -------
    IdleMachine, or None with less than 3 days, or without power at work or time without work.
    """
    known = np.isfinite(kw) & np.isfinite(running) & (hours > 0)
    t, h, p, work = seconds[known], hours[known], kw[known], running[known] > 0.5
    if t.size < 30 or (t[-1] - t[0]) < 3 * DAY or not work.any() or work.all():
        return None
    at_work = float(np.average(p[work], weights=h[work]))
    if at_work <= 0:
        return None
    begin = np.flatnonzero(np.diff(work.astype(np.int8), prepend=-1) | (np.diff(t, prepend=t[0]) > 6 * 3600.0))
    length = np.add.reduceat(h, begin)
    long = ~work[begin] & (length >= LONG_PAUSE)
    waits = ~work
    off = _lowest(p[waits], h[waits])
    in_long = np.repeat(long, np.diff(np.append(begin, t.size)))
    day = np.floor(t / DAY).astype(np.int64)
    avoidable = np.where(in_long, np.maximum(p - off, 0.0) * h, 0.0)
    days = np.unique(day)
    by_day = np.bincount(np.searchsorted(days, day), weights=avoidable, minlength=days.size)
    low, high = day_interval(days.size, lambda drawn: by_day[drawn].mean(axis=1) * 365.25 * days.size / span(t))
    all_kwh = float((p * h).sum())
    total = float(avoidable.sum())
    return IdleMachine(
        machine=machine, work_kw=at_work, idle_kw=float(np.average(p[waits], weights=h[waits])), off_kw=off,
        hours_idle=float(h[waits].sum()), kwh=all_kwh, idle_kwh=float((p * h)[waits].sum()), avoidable_kwh=total,
        share=total / all_kwh if all_kwh > 0 else 0.0, year=total / span(t) * 365.25, low=max(0.0, low), high=high,
        pauses=int(long.sum()), ever_off=off <= _ALIVE * at_work,
    )  # fmt: skip


def span(seconds: np.ndarray) -> float:
    """Days from the first to the last moment, at least one."""
    return max(1.0, float(seconds[-1] - seconds[0] + np.median(np.diff(seconds))) / DAY)


def _lowest(power: np.ndarray, length: np.ndarray) -> float:
    """Power that the tenth of the idle time with the least power does not exceed."""
    order = np.argsort(power)
    passed = np.cumsum(length[order]) / length.sum()
    return float(max(0.0, power[order][int(np.searchsorted(passed, 0.10))]))
