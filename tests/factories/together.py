"""Problems that several columns have together, excursions, and clocks that were wrong.

| rule | planted |
|---|---|
| early_warning | three sensors out on their bad sides at once (3-8 % of the units): 55-85 % of these are bad, else 1-3 % |
| monitor_alarm | of 6-8 signals of two common states one goes its own way from a moment on, its own spread unchanged |
| out_of_control | a column is 7-12 of its total sd away for 25-100 units and comes back, or has not come back yet |
| impossible_time | 0.3-2 % of the units carry a time of 1970, 2000 or 2070 (a clock that was reset or set wrong) |

Trap: `late_column` is written only after the verdict (minutes of rework), so that it foretells nothing.
"""

import numpy as np
from tests.factories.columns import Names
from tests.factories.drivers import _standing
from tests.factories.made import Planted, Series, Sheet
from tests.factories.plant_floor import ar1
from tests.factories.problems import Job, _machine_rows, moment

_WRONG = (0.0, 946_684_800.0, 3_155_760_000.0)  # 1970-01-01, 2000-01-01, 2070-01-01; local seconds


def early_warning(job: Job) -> Planted | None:
    """Each of three columns alone says little; their bad sides together say almost everything."""
    sheet, rng = job.units, job.rng
    if not job.floor.plan.has_defects or sheet.when.size < 3000:
        return None
    chosen: list[Series] = []
    for _ in range(3):
        found = job.pick(("sensor",), lambda sheet, series: sheet is job.units and series.centre is not None
                         and not series.noise and not series.fickle)  # fmt: skip
        if found is None:
            return None
        chosen.append(found[1])
    bad = np.ones(sheet.when.size, dtype=bool)
    for series in chosen:
        side = float(rng.choice([-1, 1])) * _standing(sheet, series)
        bad &= side > np.quantile(side, float(rng.uniform(0.58, 0.68)))
    rate = float(rng.uniform(0.55, 0.85))
    if bad.sum() * rate < 100 or not 0.015 <= bad.mean() <= 0.12:
        return None
    job.floor.rate = np.where(bad, rate, job.floor.rate)
    return Planted(rule="early_warning", kind="three together", table="units", column=chosen[0].header, outcome="verdict",
                   also=tuple(series.header for series in chosen[1:]), size=rate,
                   size_unit="defect rate where all three are out")  # fmt: skip


def correlated_signals(rng: np.random.Generator, sheet: Sheet) -> None:
    """The columns of a signals table follow two states of the machine, as far as they are live."""
    states = np.stack([ar1(rng, sheet.when.size, float(rng.uniform(0.5, 0.95))) for _ in range(2)])
    for series in sheet.series:
        weights = rng.normal(size=2)
        weights /= np.sqrt((weights**2).sum())
        own = float(rng.uniform(0.25, 0.45))
        noise = np.sqrt(1 - own**2) * weights @ states + own * ar1(rng, sheet.when.size, float(rng.choice([0, 0.5])))
        level = float(np.median(series.values))
        series.values = level + series.spread * noise
        series.centre, series.fickle = np.full(sheet.when.size, level), 10.0**-series.decimals > 0.8 * series.spread


def monitor_alarm(job: Job) -> Planted | None:
    """One signal no longer goes with the others, though its own distribution stays what it was."""
    if len(job.sheets) < 2 or len(job.sheets[1].series) < 5:
        return None
    sheet, rng = job.sheets[1], job.rng
    fit = [series for series in sheet.series if not series.fickle and series.header not in job.taken]
    if not fit:
        return None
    series = fit[int(rng.integers(len(fit)))]
    job.taken |= {one.header for one in sheet.series}  # what else happens here would be seen by the same monitor
    first = int(rng.uniform(0.45, 0.85) * sheet.when.size)
    level = float(np.median(series.values))
    own = level + series.spread * ar1(rng, sheet.when.size - first, float(rng.uniform(0.5, 0.9)))
    series.values = np.concatenate([series.values[:first], own])
    return Planted(rule="monitor_alarm", kind="decoupled", table="signals", column=series.header, asset=sheet.assets[0],
                   since=moment(sheet.when[first]), size=1 - first / sheet.when.size,
                   size_unit="share of the record")  # fmt: skip


def out_of_control(job: Job) -> Planted | None:
    """A column leaves its usual range for a while."""
    found = job.pick(("sensor", "quality"), lambda sheet, series: not series.fickle and series.centre is not None)
    if found is None:
        return None
    sheet, series = found
    rng = job.rng
    asset, rows = _machine_rows(job, sheet, 0.8)
    length = int(rng.integers(25, 101))
    if rows.size < 12 * length:
        return None
    still = bool(rng.random() < 0.3)
    first = rows.size - length if still else int(rng.integers(rows.size // 4, rows.size - 2 * length))
    out = rows[first : first + length]
    size = float(rng.uniform(7, 12) * rng.choice([-1, 1]))
    series.values = series.values.copy()
    centre = series.centre if series.centre is not None else np.zeros(sheet.when.size)
    series.values[out] += size * max(series.spread, float(np.std(series.values - centre)))
    return Planted(rule="out_of_control", kind="still out" if still else "came back", table=sheet.name, column=series.header,
                   asset=asset, since=moment(sheet.when[out[0]]), until=None if still else moment(sheet.when[out[-1]]),
                   size=size, size_unit="sd")  # fmt: skip


def impossible_time(job: Job) -> Planted | None:
    """A clock without a battery: some units carry the day it starts from."""
    sheet, rng = job.units, job.rng
    count = max(12, int(rng.uniform(0.003, 0.02) * sheet.when.size))
    first = int(rng.integers(sheet.when.size // 10, sheet.when.size - count))
    rows = np.arange(first, first + count) if rng.random() < 0.5 else rng.choice(sheet.when.size, count, replace=False)
    sheet.stamp = np.full(sheet.when.size, np.nan)
    sheet.stamp[rows] = float(rng.choice(_WRONG)) + np.sort(rng.uniform(0, 3600, count))
    return Planted(rule="impossible_time", kind="clock", table="units", size=count, size_unit="rows")


def late_column(job: Job, names: Names, bad: np.ndarray) -> Series:
    """What is filled in after a unit was found bad: minutes of rework, nearly always."""
    minutes = np.where(bad & (job.rng.random(bad.size) < 0.85), np.round(job.rng.gamma(4, 4, bad.size), 0), 0.0)
    ko, en = (("재작업시간", "rework_min"), ("후공정시간", "extra_minutes"))[int(job.rng.integers(2))]
    return Series(
        key="late", header=names.plain(ko, en), role="context", values=minutes, unit="", decimals=0, fickle=True
    )
