"""Electricity meters of a made factory and what can be wrong with them.

A quarter-hour meter for the plant, or one for each machine. A healthy machine draws 6-14 % of its power at work while it waits
within a shift and 2-5 % at night; lights and air go with the hall; some halls are cooled on warm days. The noise of a quarter
hour is 4 %.

| rule | planted |
|---|---|
| idle_energy | left on: a machine draws 45-65 % of its power at work in every pause |
| | risen: the quiet load of the plant grows by 50-110 % from a day on |
| | forgotten: in 15-40 % of the nights the plant draws twice to three times its quiet load |
| peak_demand | 2-10 quarter hours 40-80 % above the usual high; or demand above the contract stated in factory.toml |
| energy_per_piece | the energy of the same pieces grows by 10-25 % over the record, in a column of the units or at the meter |
"""

from dataclasses import dataclass, replace

import numpy as np
from tests.factories.columns import Names
from tests.factories.made import Planted, Series, Sheet
from tests.factories.plant_floor import DAY, wander
from tests.factories.problems import Job, moment

STEP = 900.0
YEAR = 365.25 * DAY


@dataclass(kw_only=True)
class Hall:
    """Power by quarter hour, kW: `machines` (machine, step) and `work` of each, `rest` of the plant, and when nobody works."""

    when: np.ndarray  # begin of each step, local seconds
    machines: np.ndarray
    work: np.ndarray
    running: np.ndarray  # share of each step, (machine, step)
    rest: np.ndarray
    resting: np.ndarray  # nobody works in the shop
    outdoor: np.ndarray


def make_hall(job: Job) -> Hall:
    """The healthy load of the shop as it finally runs."""
    rng, windows, machines = job.rng, job.floor.windows, len(job.units.assets)
    first = windows[0][0] // DAY * DAY
    # The export may end with days of rest, but not where the shop knows none.
    rest_days = int(rng.integers(0, 3)) if job.floor.plan.workdays < 7 else 0
    when = np.arange(first, np.ceil(windows[-1][1] / DAY) * DAY + rest_days * DAY, STEP)
    running = np.stack([_share(job, machine, when) for machine in range(machines)])
    open_share = np.zeros(when.size)
    for begin, end in windows:
        open_share += np.clip(np.minimum(when + STEP, end) - np.maximum(when, begin), 0, STEP) / STEP
    work = rng.uniform(15, 60, machines)
    waits, rests = rng.uniform(0.06, 0.14, machines), rng.uniform(0.02, 0.05, machines)
    noise = 1 + 0.04 * rng.standard_normal((machines, when.size))
    idle = np.clip(open_share - running, 0, 1)
    power = (
        work[:, None] * (running + idle * waits[:, None] + np.clip(1 - running - idle, 0, 1) * rests[:, None]) * noise
    )
    warm = 12 + 8 * np.sin(2 * np.pi * (when / YEAR - 0.3)) + 4 * np.sin(2 * np.pi * (when / DAY - 0.375))
    warm += 2.5 * wander(rng, when, 60.0)
    rest = rng.uniform(2, 5) + rng.uniform(4, 10) * open_share
    if rng.random() < 0.3:  # a hall that is cooled
        rest = rest + rng.uniform(0.1, 0.3) * np.maximum(warm - 18, 0)
    rest = rest * (1 + 0.04 * rng.standard_normal(when.size))
    return Hall(when=when, machines=power, work=work, running=running, rest=rest, resting=open_share == 0, outdoor=warm)


def _share(job: Job, machine: int, when: np.ndarray) -> np.ndarray:
    """Share of each step in which the machine ran."""
    runs = sorted((s.start, s.end) for s in job.floor.stops if s.asset == machine and s.state == "running")
    total = np.concatenate([[0.0], np.cumsum([end - begin for begin, end in runs])])
    points = np.array(runs).ravel()
    sums = np.repeat(total, 2)[1:-1]
    edges = np.concatenate([when, [when[-1] + STEP]])
    return np.asarray(np.diff(np.interp(edges, points, sums)) / STEP)


def plant(job: Job, names: Names, rule: str | None, stated: bool) -> tuple[Sheet, Planted | None, float | None] | None:
    """The meter's sheet, what is wrong with it, and the contract to state; `None` where this shop cannot carry `rule`."""
    hall, rng = make_hall(job), job.rng
    by_machine = bool(rng.random() < 0.45)
    truth: Planted | None = None
    contract: float | None = None
    if rule == "idle_energy":
        kind = str(rng.choice(["left on", "left on", "risen", "forgotten"]))
        by_machine = kind == "left on"
        truth = {"left on": _left_on, "risen": _risen, "forgotten": _forgotten}[kind](rng, job, hall)
        if truth is None:
            return None
    elif rule == "peak_demand":
        by_machine = False
        truth, contract = _peak(rng, hall, stated)
    elif rule == "energy_per_piece":
        by_machine = False
        truth = _creep(rng, hall)
    sheet = _sheet(rng, job, names, hall, by_machine)
    if truth is not None:
        machine = job.units.assets.index(truth.asset) if truth.asset else 0
        truth = replace(truth, column=sheet.series[machine].header)
    return sheet, truth, contract


def _sheet(rng: np.random.Generator, job: Job, names: Names, hall: Hall, by_machine: bool) -> Sheet:
    series: list[Series] = []
    power = bool(rng.random() < 0.3)  # kW instead of kWh of the step
    factor, unit = (1.0, "kW") if power else (STEP / 3600, "kWh")
    words = ("전력", "power") if power else ("전력량", "energy")
    if by_machine:
        for place, asset in enumerate(job.units.assets):
            header = names.plain(f"{asset}_{words[0]}({unit})", f"{asset}_{words[1]}_{unit}")
            series.append(_energy(f"meter{place}", header, hall.machines[place] * factor, unit))
    else:
        header = names.plain(f"공장전체 {words[0]}({unit})", f"total_{words[1]}_{unit}")
        series.append(_energy("meter", header, (hall.machines.sum(axis=0) + hall.rest) * factor, unit))
    if rng.random() < 0.5:
        outdoor = Series(key="outdoor", header=names.plain("외기온도", "outdoor_temp"), role="context",
                         values=hall.outdoor, unit="°C", decimals=1, fickle=True)  # fmt: skip
        series.append(outdoor)
    none = np.zeros(hall.when.size, dtype=np.int64)
    return Sheet(name="meter", when=hall.when, asset=none, product=none, assets=("",), products=("",), series=series,
                 since_start=none)  # fmt: skip


def _energy(key: str, header: str, values: np.ndarray, unit: str) -> Series:
    return Series(
        key=key, header=header, role="energy", values=np.maximum(values, 0), unit=unit, decimals=2, fickle=True
    )


def _a_year(hall: Hall, kw: np.ndarray, steps: int) -> float:
    """kWh a year of power that was drawn in `steps` steps of the record."""
    return float(kw.sum()) * STEP / 3600 / (steps * STEP) * YEAR


def _left_on(rng: np.random.Generator, job: Job, hall: Hall) -> Planted | None:
    machine = int(rng.integers(hall.work.size))
    rests = hall.running[machine] < 0.02
    if rests.mean() < 0.15:
        return None
    level = float(rng.uniform(0.45, 0.65)) * hall.work[machine]
    on = level * (1 - hall.running[machine]) * (1 + 0.03 * rng.standard_normal(hall.when.size))
    before = hall.machines[machine].copy()
    hall.machines[machine] = np.maximum(before, hall.running[machine] * hall.work[machine] + on)
    # Pauses under half an hour are nobody's fault.
    extra = (hall.machines[machine] - before)[rests]
    return Planted(rule="idle_energy", kind="left on", table="meter", asset=job.units.assets[machine], size=level,
                   size_unit="kW in pauses", loss=_a_year(hall, extra, hall.when.size), loss_unit="kWh")  # fmt: skip


def _quiet_kw(hall: Hall) -> float:
    return float(np.mean((hall.machines.sum(axis=0) + hall.rest)[hall.resting]))


def _risen(rng: np.random.Generator, job: Job, hall: Hall) -> Planted | None:
    if hall.resting.mean() < 0.25:
        return None
    since = hall.when[0] + DAY * round(float(rng.uniform(0.35, 0.65)) * (hall.when[-1] - hall.when[0]) / DAY)
    more = float(rng.uniform(0.5, 1.1)) * _quiet_kw(hall)
    later = hall.when >= since
    hall.rest = hall.rest + np.where(later, more, 0.0)
    extra = np.full(int((later & hall.resting).sum()), more)
    return Planted(rule="idle_energy", kind="risen", table="meter", size=more, size_unit="kW more", since=moment(since),
                   loss=_a_year(hall, extra, int(later.sum())), loss_unit="kWh")  # fmt: skip


def _forgotten(rng: np.random.Generator, job: Job, hall: Hall) -> Planted | None:
    if hall.resting.mean() < 0.25:
        return None
    night = np.cumsum(np.concatenate([[0], np.diff(hall.resting.astype(int)) == 1]))
    nights = np.unique(night[hall.resting])
    dear = np.isin(night, nights[rng.random(nights.size) < rng.uniform(0.15, 0.4)]) & hall.resting
    if np.unique(night[dear]).size < 3:
        return None
    more = float(rng.uniform(1.0, 2.0)) * _quiet_kw(hall)
    hall.rest = hall.rest + np.where(dear, more, 0.0)
    total = float((hall.machines.sum(axis=0) + hall.rest).sum())
    if more * dear.sum() < 0.03 * total:
        return None
    return Planted(rule="idle_energy", kind="forgotten", table="meter", size=more, size_unit="kW more",
                   loss=_a_year(hall, np.full(int(dear.sum()), more), hall.when.size), loss_unit="kWh")  # fmt: skip


def _peak(rng: np.random.Generator, hall: Hall, stated: bool) -> tuple[Planted, float | None]:
    total = hall.machines.sum(axis=0) + hall.rest
    high = float(np.quantile(total, 0.99))
    work = np.flatnonzero(~hall.resting)
    place = int(work[int(rng.integers(work.size // 10, work.size - 20))])
    steps = slice(place, place + int(rng.integers(2, 11)))
    hall.rest[steps] += float(rng.uniform(1.4, 1.8)) * high - total[steps]
    top = float((hall.machines.sum(axis=0) + hall.rest).max())
    contract = None
    if stated and rng.random() < 0.5:
        contract = round(0.5 * (high + top))
    kind = "above the contract" if contract else "a few quarter hours"
    size_unit = "times the usual high"
    return Planted(rule="peak_demand", kind=kind, table="meter", size=top / high, size_unit=size_unit), contract


def _creep(rng: np.random.Generator, hall: Hall) -> Planted:
    growth = float(rng.uniform(0.10, 0.25))
    course = (hall.when - hall.when[0]) / (hall.when[-1] - hall.when[0])
    extra = hall.machines * hall.running * growth * course
    hall.machines = hall.machines + extra
    at_end = growth * float((hall.machines * hall.running).sum())
    return Planted(rule="energy_per_piece", kind="at the meter", table="meter", size=growth, size_unit="growth over the record",
                   loss=at_end * STEP / 3600 / (hall.when.size * STEP) * YEAR, loss_unit="kWh")  # fmt: skip


def by_unit(job: Job, names: Names, creeping: bool) -> Planted | None:
    """A column of kWh in the units table, by product; with `creeping` it grows."""
    rng, sheet = job.rng, job.units
    each = float(rng.uniform(0.3, 3)) * rng.uniform(0.7, 1.5, len(sheet.products))[sheet.product]
    kwh = each * (1 + 0.06 * rng.standard_normal(sheet.when.size))
    course = (sheet.when - sheet.when[0]) / (sheet.when[-1] - sheet.when[0])
    growth = float(rng.uniform(0.10, 0.25)) if creeping else 0.0
    header = names.plain("소비전력량(kWh)", "energy_kwh")
    sheet.series.append(_energy("unit energy", header, kwh * (1 + growth * course), "kWh"))
    sheet.series[-1].decimals = 3
    if not creeping:
        return None
    at_end = growth * float(kwh.sum()) / (sheet.when[-1] - sheet.when[0]) * YEAR
    return Planted(rule="energy_per_piece", kind="in the units", table="units", column=header, size=growth,
                   size_unit="growth over the record", loss=at_end, loss_unit="kWh")  # fmt: skip
