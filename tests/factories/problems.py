"""Problems to plant in a healthy factory, each with its truth. Sizes are what a competent engineer would call a problem.

| rule | planted |
|---|---|
| missing_data | 8–40 % of a column (of one machine or all) empty, in a block or scattered; healthy columns miss at most 1 % |
| stuck_sensor | a live sensor repeats one value for 2–10 % of a machine's rows (at least 100) |
| duplicate_rows | 3–30 % of the rows are exact copies of another row |
| unit_flip | 0.5–12 % of a column (at least 20 values) in another unit, or from a day on; at least 8 sd away |
| sentinel_value | 0.3–5 % of a column (at least 15 values) hold 9999, -1, 0, 1449 …, at least 8 sd away |
| dead_channel | a channel reads one constant from beginning to end, or on one machine only |
| mean_shift | a step of 2.5–5 sd of the column's own total spread that lasts to the end |
| drift | a creep of 3.5–7 sd over 40–100 % of the record that lasts to the end |
| off_centre | the mean sits 45–75 % of the way to a specification limit: Cpk 0.5–1.0 although the spread would allow Cpk ≥ 1.4 |
| excess_spread | specification limits at 1.5–2.4 sd: Cp 0.5–0.8, centred |
| driver | see `drivers.py` |
| downtime | stops of one reason on one machine take 10–20 % of its time, ordinary stops take 2–5 % |
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from tests.factories.made import Planted, Series, Sheet, Stop
from tests.factories.plant_floor import Floor
from tests.factories.processes import OTHER_UNIT

KOREA = 9 * 3600.0


def moment(local: float) -> datetime:
    """Local seconds of Seoul as a moment in UTC."""
    return datetime.fromtimestamp(float(local) - KOREA, tz=UTC)


@dataclass(kw_only=True)
class Job:
    """A factory on which problems are being planted."""

    rng: np.random.Generator
    floor: Floor
    sheets: list[Sheet]  # units first, then signals
    taken: set[str] = field(default_factory=set)  # headers that already have a problem
    needs_spec: set[str] = field(default_factory=set)  # headers whose limits factory.toml must state

    @property
    def units(self) -> Sheet:
        return self.sheets[0]

    def pick(self, roles: tuple[str, ...], fits: Callable[[Sheet, Series], bool] = lambda sheet, series: True) -> tuple[
        Sheet, Series
    ] | None:  # fmt: skip
        """A column without a problem so far, with one of the roles, that fits."""
        found = [
            (sheet, series)
            for sheet in self.sheets
            for series in sheet.series
            if series.role in roles and series.header not in self.taken and not (series.noise and self.rng.random() < 0.6)
            and fits(sheet, series)
        ]  # fmt: skip
        if not found:
            return None
        sheet, series = found[int(self.rng.integers(len(found)))]
        self.taken.add(series.header)
        return sheet, series


def _machine_rows(job: Job, sheet: Sheet, alone: float, least: int = 400) -> tuple[str | None, np.ndarray]:
    """Rows of one machine (with chance `alone`, when it has enough) or of all."""
    if len(sheet.assets) > 1 and job.rng.random() < alone:
        machine = int(job.rng.integers(len(sheet.assets)))
        rows = np.flatnonzero(sheet.asset == machine)
        if rows.size >= least:
            return sheet.assets[machine], rows
    return (sheet.assets[0] if len(sheet.assets) == 1 else None), np.arange(sheet.when.size)


def _natural_run(values: np.ndarray, decimals: int) -> int:
    """The longest stretch of equal neighbours."""
    rounded = np.round(values, decimals)
    edges = np.flatnonzero(np.concatenate([[True], rounded[1:] != rounded[:-1], [True]]))
    return int(np.diff(edges).max())


def missing_data(job: Job) -> Planted | None:
    found = job.pick(("sensor", "setting", "quality"), lambda sheet, series: not series.noise or job.rng.random() < 0.3)
    if found is None:
        return None
    sheet, series = found
    asset, rows = _machine_rows(job, sheet, 0.4)
    kind = str(job.rng.choice(["block", "scattered"]))
    share = float(job.rng.uniform(0.12, 0.40) if kind == "block" else job.rng.uniform(0.08, 0.30))
    since = until = None
    if kind == "block":
        first = int(job.rng.integers(int(rows.size * 0.1), int(rows.size * (0.95 - share))))
        gone = rows[first : first + int(share * rows.size)]
        since, until = moment(sheet.when[gone[0]]), moment(sheet.when[gone[-1]])
    else:
        gone = rows[job.rng.random(rows.size) < share]
    series.values = series.values.copy()
    series.values[gone] = np.nan
    return Planted(rule="missing_data", kind=kind, table=sheet.name, column=series.header, asset=asset, since=since,
                   until=until, size=gone.size / rows.size, size_unit="share of the machine's rows")  # fmt: skip


def stuck_sensor(job: Job) -> Planted | None:
    found = job.pick(("sensor",), lambda sheet, series: not series.fickle and series.centre is not None)
    if found is None:
        return None
    sheet, series = found
    asset, rows = _machine_rows(job, sheet, 1.0)
    length = int(max(100, job.rng.uniform(0.02, 0.10) * rows.size))
    if length > 0.4 * rows.size or _natural_run(series.values[rows], series.decimals) * 5 > length:
        return None
    first = int(job.rng.integers(int(rows.size * 0.1), rows.size - length))
    held = rows[first : first + length]
    series.values = series.values.copy()
    series.values[held] = series.values[held[0]]
    return Planted(rule="stuck_sensor", kind="freeze", table=sheet.name, column=series.header, asset=asset,
                   since=moment(sheet.when[held[0]]), until=moment(sheet.when[held[-1]]), size=float(length),
                   size_unit="rows")  # fmt: skip


def duplicate_rows(job: Job) -> Planted | None:
    sheet = job.units
    n = sheet.when.size
    share = float(job.rng.uniform(0.03, 0.30))
    kind = str(job.rng.choice(["neighbours", "block"]))
    if kind == "neighbours":
        sheet.repeat = np.sort(np.concatenate([np.arange(n), job.rng.choice(n, int(share * n), replace=False)]))
    else:  # a stretch was exported twice
        first = int(job.rng.integers(0, n - int(share * n)))
        last = first + int(share * n)
        sheet.repeat = np.concatenate([np.arange(last), np.arange(first, last), np.arange(last, n)])
    return Planted(rule="duplicate_rows", kind=kind, table="units", size=share, size_unit="copies per row")


def _flips(series: Series) -> list[tuple[float, float]]:
    """Other units in which the column's values would stand at least 8 sd away, and still be numbers to the eye."""
    middle, spread = float(np.nanmedian(series.values)), float(np.nanstd(series.values))
    return [
        (factor, offset)
        for factor, offset in OTHER_UNIT.get(series.unit, ())
        if abs(middle * factor + offset - middle) > 8 * (spread + series.spread)
        and abs(middle * factor + offset) > 3 * 10.0**-series.decimals
    ]


def unit_flip(job: Job) -> Planted | None:
    found = job.pick(("sensor", "quality"), lambda sheet, series: bool(_flips(series)))
    if found is None:
        return None
    sheet, series = found
    flips = _flips(series)
    factor, offset = flips[int(job.rng.integers(len(flips)))]
    asset, rows = _machine_rows(job, sheet, 0.6)
    kind = str(job.rng.choice(["stretch", "scattered", "since"]))
    share = float(job.rng.uniform(0.005, 0.12))
    count = max(20, int(share * rows.size))
    until = None
    if kind == "scattered":
        flipped = np.sort(job.rng.choice(rows, count, replace=False))
    elif kind == "stretch":
        first = int(job.rng.integers(rows.size // 10, rows.size - count))
        flipped = rows[first : first + count]
        until = moment(sheet.when[flipped[-1]])
    else:
        flipped = rows[-count:]
    series.values = series.values.copy()
    series.values[flipped] = series.values[flipped] * factor + offset
    if factor < 1:
        series.decimals = max(series.decimals, int(np.ceil(-np.log10(factor))) + series.decimals)
    return Planted(rule="unit_flip", kind=kind, table=sheet.name, column=series.header, asset=asset,
                   since=None if kind == "scattered" else moment(sheet.when[flipped[0]]), until=until, size=factor,
                   size_unit="factor")  # fmt: skip


def _codes(series: Series) -> list[float]:
    middle, spread = float(np.nanmedian(series.values)), float(np.nanstd(series.values))
    return [code for code in (999.0, 9999.0, -1.0, 0.0, -999.0, 1449.0, 65535.0, 32767.0, -9999.0)
            if abs(code - middle) > 8 * (spread + series.spread)]  # fmt: skip


def sentinel_value(job: Job) -> Planted | None:
    found = job.pick(("sensor", "quality"), lambda sheet, series: bool(_codes(series)))
    if found is None:
        return None
    sheet, series = found
    code = float(job.rng.choice(_codes(series)))
    asset, rows = _machine_rows(job, sheet, 0.3)
    count = max(15, int(job.rng.uniform(0.003, 0.05) * rows.size))
    kind = str(job.rng.choice(["scattered", "runs"]))
    if kind == "scattered":
        coded = job.rng.choice(rows, count, replace=False)
    else:  # the sensor drops out for some units at a time
        starts = job.rng.choice(rows.size - 10, max(4, count // 6), replace=False)
        coded = rows[np.unique((starts[:, None] + np.arange(6)).ravel())]
    series.values = series.values.copy()
    series.values[coded] = code
    return Planted(rule="sentinel_value", kind=kind, table=sheet.name, column=series.header, asset=asset, size=code,
                   size_unit="code", level=f"{code:g}")  # fmt: skip


def dead_channel(job: Job) -> Planted | None:
    found = job.pick(("sensor",))
    if found is None:
        return None
    sheet, series = found
    value = float(job.rng.choice([0.0, 0.0, round(float(np.nanmedian(series.values)), series.decimals), -50.0]))
    if len(sheet.assets) > 1 and job.rng.random() < 0.3:
        asset, rows = _machine_rows(job, sheet, 1.0)
        kind = "on one machine" if asset else "everywhere"
    else:
        asset, rows, kind = None, np.arange(sheet.when.size), "everywhere"
    series.values = series.values.copy()
    series.values[rows] = value
    return Planted(rule="dead_channel", kind=kind, table=sheet.name, column=series.header, asset=asset, size=value,
                   size_unit="constant")  # fmt: skip


def _lasting(sheet: Sheet, series: Series) -> bool:
    return not series.fickle and series.centre is not None and sheet.when.size >= 800


def mean_shift(job: Job) -> Planted | None:
    found = job.pick(("sensor", "quality"), _lasting)
    if found is None:
        return None
    sheet, series = found
    asset, rows = _machine_rows(job, sheet, 0.7)
    place = float(job.rng.uniform(0.3, 0.75))
    since = _working_moment(sheet, rows, place)
    size = float(job.rng.uniform(2.5, 5.0) * job.rng.choice([-1, 1]))
    series.values = series.values + np.where(_among(sheet, rows) & (sheet.when >= since), size * series.spread, 0.0)
    return Planted(rule="mean_shift", kind="step", table=sheet.name, column=series.header, asset=asset,
                   since=moment(since), size=size, size_unit="sd")  # fmt: skip


def drift(job: Job) -> Planted | None:
    found = job.pick(("sensor", "quality"), _lasting)
    if found is None:
        return None
    sheet, series = found
    asset, rows = _machine_rows(job, sheet, 0.6)
    since = _working_moment(sheet, rows, float(job.rng.uniform(0.0, 0.6)))
    size = float(job.rng.uniform(3.5, 7.0) * job.rng.choice([-1, 1]))
    ramp = np.clip((sheet.when - since) / (sheet.when[rows[-1]] - since), 0, 1)
    series.values = series.values + np.where(_among(sheet, rows), size * series.spread * ramp, 0.0)
    return Planted(rule="drift", kind="ramp", table=sheet.name, column=series.header, asset=asset, since=moment(since),
                   size=size, size_unit="sd from start to end")  # fmt: skip


def _working_moment(sheet: Sheet, rows: np.ndarray, place: float) -> float:
    return float(sheet.when[rows[int(place * (rows.size - 1))]])


def _among(sheet: Sheet, rows: np.ndarray) -> np.ndarray:
    chosen = np.zeros(sheet.when.size, dtype=bool)
    chosen[rows] = True
    return chosen


def off_centre(job: Job) -> Planted | None:
    found = job.pick(("quality",), lambda sheet, series: series.lower is not None)
    if found is None:
        return None
    sheet, series = found
    asset, rows = _machine_rows(job, sheet, 0.3)
    total = float(np.std(series.values))
    half = total * job.rng.uniform(4.5, 6.0)  # Cp 1.5 to 2
    place = float(np.clip(job.rng.uniform(0.45, 0.75), 1 - 3.0 * total / half, 1 - 1.4 * total / half))  # Cpk 0.47 to 1
    size = float(place * half * job.rng.choice([-1, 1]))
    level = float(np.mean(series.values))
    series.lower, series.upper, series.target = _limits(series, level, half)
    series.values = series.values + np.where(_among(sheet, rows), size, 0.0)
    job.needs_spec.add(series.header)
    return Planted(rule="off_centre", kind="one machine" if asset and len(sheet.assets) > 1 else "all", table=sheet.name,
                   column=series.header, asset=asset, size=abs(size) / half, size_unit="half tolerances")  # fmt: skip


def excess_spread(job: Job) -> Planted | None:
    found = job.pick(("quality",), lambda sheet, series: series.lower is not None)
    if found is None:
        return None
    sheet, series = found
    asset, rows = _machine_rows(job, sheet, 0.3)
    level, total = float(np.mean(series.values)), float(np.std(series.values))
    limit = float(job.rng.uniform(1.5, 2.4))
    if rows.size < sheet.when.size:  # one machine scatters, the others are fine
        blow = float(job.rng.uniform(2.2, 3.2))
        series.values = series.values.copy()
        series.values[rows] = level + (series.values[rows] - level) * blow
        half = limit * float(np.std(series.values[rows]))
    else:
        half = limit * total
    series.lower, series.upper, series.target = _limits(series, level, half)
    job.needs_spec.add(series.header)
    return Planted(rule="excess_spread", kind="all" if rows.size == sheet.when.size else "one machine", table=sheet.name,
                   column=series.header, asset=asset, size=limit / 3, size_unit="Cp")  # fmt: skip


def _limits(series: Series, level: float, half: float) -> tuple[float, float, float]:
    """Round limits as drawings have them."""
    digits = max(series.decimals, int(np.ceil(-np.log10(half))) + 1)
    return round(level - half, digits), round(level + half, digits), round(level, digits)


def downtime(job: Job) -> Planted | None:
    """One reason of stops grows on one machine; units made in those stops vanish."""
    rng, sheet, process = job.rng, job.units, job.floor.plan.process
    machine = int(rng.integers(len(sheet.assets)))
    reason = int(rng.integers(len(process.stop_reasons)))
    share = float(rng.uniform(0.10, 0.20))
    windows = job.floor.windows
    since = windows[0][0] if rng.random() < 0.4 else windows[int(len(windows) * rng.uniform(0.3, 0.6))][0]
    length = float(rng.uniform(20, 50) * 60)
    between = length * (1 - share) / share
    log: list[Stop] = []
    for stop in job.floor.stops:
        if stop.asset != machine or stop.state != "running" or stop.end <= since:
            log.append(stop)
            continue
        clock = stop.start
        while True:
            at = max(clock, since) + float(rng.exponential(between))
            if at >= stop.end - 60:
                log.append(Stop(asset=machine, start=clock, end=stop.end, state="running"))
                break
            back = min(stop.end, at + length * float(rng.uniform(0.6, 1.4)))
            log.append(Stop(asset=machine, start=clock, end=at, state="running"))
            log.append(Stop(asset=machine, start=at, end=back, state="down", reason=reason))
            clock = back
            if clock >= stop.end:
                break
    job.floor.stops = [stop for stop in log if stop.end - stop.start > 1]
    _drop_units(job, machine)
    return Planted(rule="downtime", kind="since a day" if since > windows[0][0] else "always", table="states", size=share,
                   size_unit="share of the machine's planned time", asset=sheet.assets[machine], level=str(reason),
                   since=moment(since) if since > windows[0][0] else None)  # fmt: skip


def _drop_units(job: Job, machine: int) -> None:
    sheet = job.units
    downs = np.array(
        [(stop.start, stop.end) for stop in job.floor.stops if stop.asset == machine and stop.state == "down"]
    )
    downs = downs[np.argsort(downs[:, 0])]
    place = np.searchsorted(downs[:, 0], sheet.when, side="right") - 1
    lost = (sheet.asset == machine) & (place >= 0) & (sheet.when < downs[np.maximum(place, 0), 1])
    keep = np.flatnonzero(~lost)
    for series in sheet.series:
        series.values = series.values[keep]
        series.centre = None if series.centre is None else series.centre[keep]
    sheet.when, sheet.asset, sheet.product = sheet.when[keep], sheet.asset[keep], sheet.product[keep]
    sheet.since_start = sheet.since_start[keep]
    job.floor.rate, job.floor.ambient = job.floor.rate[keep], job.floor.ambient[keep]
