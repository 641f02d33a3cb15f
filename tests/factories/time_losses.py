"""Losses of time to plant, and traps that only look like them. They move or remove units, so they come before all else.

| rule | planted |
|---|---|
| minor_stops | pauses of 30-240 s that no log has take 8-15 % of one machine's run time (cycles up to five minutes) |
| slow_cycle | from a day on one machine's cycle takes 8-25 % longer (or that of one product on it) |
| changeover | from a day on, or on one of several machines, set-ups take 1.9-2.6 times as long |

| trap | what it looks like |
|---|---|
| product_pace | every product has a cycle of its own: the mix of the day moves the mean cycle |
| tea_break | ten minutes at ten and at three every day, in no log |
| lunch_relief | over noon one person minds two machines: cycles take a third longer |
| product_setup | setting up for one of the products always takes twice as long |
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from tests.factories.made import Planted
from tests.factories.plant_floor import DAY, units_since_start
from tests.factories.problems import Job, moment

LONGEST_CYCLE = 300.0  # seconds: with longer ones nobody could see a pause of a minute
FEWEST_UNITS, FEWEST_DAYS = 800, 10


def minor_stops(job: Job) -> Planted | None:
    """Pauses between units that push the rest of the stretch back; what no longer fits into it is not made."""
    machine = _machine(job, LONGEST_CYCLE)
    if machine is None:
        return None
    rng, cycle = job.rng, _cycle(job, machine)
    share, mean = float(rng.uniform(0.08, 0.15)), float(rng.uniform(60, 120))
    chance = share / (1 - share) * cycle / mean

    def paused(steps: np.ndarray, when: np.ndarray, product: np.ndarray) -> np.ndarray:
        stop = rng.random(steps.size) < chance
        return steps + np.where(stop, np.clip(rng.gamma(4, mean / 4, steps.size), 30, 240), 0.0)

    if chance > 0.35:
        return None
    restretch(job, machine, paused)
    return Planted(rule="minor_stops", kind="always", table="units", size=share, size_unit="share of run time",
                   asset=job.units.assets[machine])  # fmt: skip


def slow_cycle(job: Job) -> Planted | None:
    """Longer cycles from a day on."""
    machine = _machine(job, 1800.0)
    if machine is None:
        return None
    rng, sheet = job.rng, job.units
    mine = np.flatnonzero(sheet.asset == machine)
    since = float(sheet.when[mine[int(mine.size * rng.uniform(0.35, 0.65))]] // DAY * DAY)
    factor = float(rng.uniform(1.08, 1.25))
    restretch(job, machine, lambda steps, when, product: steps * np.where(when >= since, factor, 1.0))
    return Planted(rule="slow_cycle", kind="since a day", table="units", size=factor - 1, size_unit="slower by",
                   asset=sheet.assets[machine], since=moment(since))  # fmt: skip


def changeover(job: Job) -> Planted | None:
    """Set-ups of one machine that take much longer, since a day or always (where it has sisters)."""
    rng, sheet = job.rng, job.units
    machine = _machine(job, 1800.0)
    if machine is None or job.floor.plan.products < 2:
        return None
    setups = [stop for stop in job.floor.stops if stop.asset == machine and stop.state == "setup"]
    if len(setups) < 16 or len(setups) > 80:
        return None
    always = len(sheet.assets) > 1 and rng.random() < 0.4
    since = 0.0 if always else sorted(stop.start for stop in setups)[int(len(setups) * rng.uniform(0.35, 0.6))]
    factor = float(rng.uniform(1.9, 2.6))
    lengthen_setups(job, lambda stop_asset, start, product: factor if stop_asset == machine and start >= since else 1.0)
    return Planted(rule="changeover", kind="one machine" if always else "since a day", table="units", size=factor,
                   size_unit="times as long", asset=sheet.assets[machine], since=None if always else moment(since))  # fmt: skip


def product_pace(job: Job) -> None:
    pace = np.concatenate(([1.0], job.rng.uniform(1.15, 1.6, 10)))
    for machine in range(len(job.units.assets)):
        restretch(job, machine, lambda steps, when, product: steps * pace[product])


def tea_break(job: Job) -> None:
    minute = (job.units.when % DAY) / 60
    wobble = (job.units.when // DAY * 7919) % 5 - 2  # two minutes early or late, the whole shop together
    free = ((minute - 600 - wobble) % 1440 < 10) | ((minute - 900 - wobble) % 1440 < 10)
    keep(job, np.flatnonzero(~free))


def lunch_relief(job: Job) -> None:
    for machine in range(len(job.units.assets)):
        restretch(job, machine, lambda steps, when, product: steps * np.where((when % DAY) // 3600 == 11, 1.33, 1.0))


def product_setup(job: Job) -> None:
    lengthen_setups(job, lambda asset, start, product: 2.0 if product == 1 else 1.0)


TRAPS: dict[str, Callable[[Job], None]] = {
    "product_pace": product_pace,
    "tea_break": tea_break,
    "lunch_relief": lunch_relief,
    "product_setup": product_setup,
}


def _machine(job: Job, longest: float) -> int | None:
    """A machine with an even and short enough cycle, enough units and days."""
    sheet = job.units
    fit = [
        machine
        for machine in range(len(sheet.assets))
        if (sheet.asset == machine).sum() >= FEWEST_UNITS
        and np.unique(sheet.when[sheet.asset == machine] // DAY).size >= FEWEST_DAYS
        and _cycle(job, machine) <= longest
    ]
    return int(job.rng.choice(fit)) if fit else None


def _cycle(job: Job, machine: int) -> float:
    return float(np.median(np.diff(job.units.when[job.units.asset == machine])))


def restretch(job: Job, machine: int, change: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]) -> None:
    """New intervals between the units of a machine within every running stretch; units past its end are never made.

    `change` takes the intervals, the moments and the products of a stretch's units and gives the new intervals.
    """
    sheet = job.units
    when = sheet.when.copy()
    made = np.ones(when.size, dtype=bool)
    mine = np.flatnonzero(sheet.asset == machine)
    for stop in job.floor.stops:
        if stop.asset != machine or stop.state != "running":
            continue
        low, high = np.searchsorted(sheet.when[mine], [stop.start, stop.end])
        rows = mine[low:high]
        if rows.size < 2:
            continue
        steps = np.diff(sheet.when[rows])
        moved = sheet.when[rows[0]] + np.cumsum(change(steps, sheet.when[rows[1:]], sheet.product[rows[1:]]))
        when[rows[1:]] = moved
        made[rows[1:]] = moved < stop.end
    sheet.when = when
    keep(job, np.flatnonzero(made))


def lengthen_setups(job: Job, factor: Callable[[int, float, int], float]) -> None:
    """Set-ups grow by the factor of (asset, start, next product); the stretch behind them begins later, its units vanish."""
    sheet = job.units
    gone = np.zeros(sheet.when.size, dtype=bool)
    log = sorted(job.floor.stops, key=lambda stop: (stop.asset, stop.start))
    for place, stop in enumerate(log[:-1]):
        behind = log[place + 1]
        if stop.state != "setup" or behind.asset != stop.asset or behind.state != "running":
            continue
        mine = np.flatnonzero((sheet.asset == stop.asset) & (sheet.when >= stop.end))
        product = int(sheet.product[mine[0]]) if mine.size else -1
        end = min(stop.end + (factor(stop.asset, stop.start, product) - 1) * (stop.end - stop.start), behind.end - 60)
        if end <= stop.end:
            continue
        log[place], log[place + 1] = replace(stop, end=end), replace(behind, start=end)
        gone |= (sheet.asset == stop.asset) & (sheet.when >= stop.end) & (sheet.when < end)
    job.floor.stops = log
    keep(job, np.flatnonzero(~gone))


def keep(job: Job, rows: np.ndarray) -> None:
    """Only these units are made, put in order of time."""
    sheet = job.units
    rows = rows[np.argsort(sheet.when[rows], kind="stable")]
    for series in sheet.series:
        series.values = series.values[rows]
        series.centre = None if series.centre is None else series.centre[rows]
    sheet.when, sheet.asset, sheet.product = sheet.when[rows], sheet.asset[rows], sheet.product[rows]
    job.floor.rate, job.floor.ambient = job.floor.rate[rows], job.floor.ambient[rows]
    since = np.zeros(rows.size, dtype=sheet.since_start.dtype)
    for machine in range(len(sheet.assets)):
        mine = np.flatnonzero(sheet.asset == machine)
        if mine.size:
            since[mine] = units_since_start(sheet.when[mine])
    sheet.since_start = since
