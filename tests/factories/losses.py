"""What a planted problem costs a year while it lasts: defects, hours of the machine, kWh, and won."""

from dataclasses import dataclass, replace

import numpy as np
from tests.factories.made import Planted
from tests.factories.problems import KOREA, Job

YEAR = 365.25 * 86400.0
# What Jasang assumes, and says so, where factory.toml states no costs: won per hour and per kWh, machine times per defect.
ASSUMED = {"machine_hour": 30_000.0, "energy_kwh": 180.0}
CYCLES_A_DEFECT = 2.0


@dataclass(frozen=True, kw_only=True)
class Before:
    """The shop before a problem is planted."""

    rate: np.ndarray
    stopped: dict[tuple[int, str], float]  # hours by machine and state


def state_of(job: Job) -> Before:
    return Before(rate=job.floor.rate.copy(), stopped=_stopped(job))


def _stopped(job: Job) -> dict[tuple[int, str], float]:
    hours: dict[tuple[int, str], float] = {}
    for stop in job.floor.stops:
        hours[stop.asset, stop.state] = hours.get((stop.asset, stop.state), 0.0) + (stop.end - stop.start) / 3600
    return hours


def with_loss(one: Planted, before: Before, job: Job) -> Planted:
    """The planted problem with its loss a year, where it is defects made or hours lost."""
    since, end = _since(one, job), job.units.when[-1]
    years = (end - since) / YEAR
    if one.rule == "driver" and one.outcome == "verdict":
        rows = job.units.when >= since
        return replace(one, loss=float((job.floor.rate - before.rate)[rows].sum()) / years, loss_unit="defects")
    if one.asset is None:
        return one
    asset = job.units.assets.index(one.asset) if one.asset in job.units.assets else 0
    if one.rule in ("downtime", "changeover"):
        state = "down" if one.rule == "downtime" else "setup"
        added = _stopped(job).get((asset, state), 0.0) - before.stopped.get((asset, state), 0.0)
        return replace(one, loss=added / years, loss_unit="hours")
    if one.rule in ("minor_stops", "slow_cycle"):
        runs = [
            (s.start, s.end) for s in job.floor.stops if s.asset == asset and s.state == "running" and s.end > since
        ]
        running = sum(end - max(start, since) for start, end in runs) / 3600
        share = one.size if one.rule == "minor_stops" else one.size / (1 + one.size)
        return replace(one, loss=running * share / years, loss_unit="hours")
    return one


def with_rejects(one: Planted, job: Job) -> Planted:
    """What lies outside the limits a year; for an off-centre process less what would lie there on target."""
    if one.rule not in ("off_centre", "excess_spread"):
        return one
    sheet = job.units
    series = next(series for series in sheet.series if series.header == one.column)
    rows = np.ones(sheet.when.size, dtype=bool)
    if one.asset is not None:
        rows = sheet.asset == sheet.assets.index(one.asset)
    values = series.values[rows]
    if series.lower is None or series.upper is None:
        return one
    out = ((values < series.lower) | (values > series.upper)).sum()
    if one.rule == "off_centre":
        moved = values - values.mean() + (series.lower + series.upper) / 2
        out -= ((moved < series.lower) | (moved > series.upper)).sum()
    years = (sheet.when[-1] - sheet.when[0]) / YEAR
    return replace(one, loss=float(out) / years, loss_unit="defects")


def with_worth(one: Planted, prices: dict[str, float], job: Job) -> Planted:
    """The loss in won, at the stated prices or else at those that Jasang assumes."""
    if one.loss is None:
        return one
    if one.loss_unit == "defects":
        price = prices.get("defect", CYCLES_A_DEFECT * _cycle(job) / 3600 * ASSUMED["machine_hour"])
    else:
        name = "machine_hour" if one.loss_unit == "hours" else "energy_kwh"
        price = prices.get(name, ASSUMED[name])
    return replace(one, worth=one.loss * price)


def _cycle(job: Job) -> float:
    """The usual time between two units of a machine, seconds."""
    sheet = job.units
    steps = [np.median(np.diff(sheet.when[sheet.asset == asset])) for asset in range(len(sheet.assets))]
    return float(np.median(steps))


def _since(one: Planted, job: Job) -> float:
    return job.units.when[0] if one.since is None else one.since.timestamp() + KOREA
