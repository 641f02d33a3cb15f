"""A healthy small factory: its calendar, its stops, its columns. Nothing here is a problem; much of it looks like one.

Traps on purpose: autocorrelation up to 0.95, slow wander, a daily ambient cycle, warm-up after stops, recipes and base rates by
product (with the hotter product the worse one: Simpson's paradox), settings changed on purpose, tool wear that is reset, lots,
sampled inspection, and dozens of columns that have nothing to do with anything.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter
from tests.factories.made import Series, Sheet, Stop
from tests.factories.processes import BYSTANDERS, PROCESSES, Channel, Process

DAY = 86400.0
LONG_STOP = 1800.0  # after this the machine has to warm up again
FIRST_MONDAY = 1_736_121_600.0  # 2025-01-06, local


@dataclass(kw_only=True)
class Plan:
    """What is decided before anything is produced."""

    process: Process
    machines: int
    products: int
    weeks: int
    shifts: int
    workdays: int
    rows: int
    start: float  # local midnight of the first day
    style: str  # names: "ko" | "en" | "mixed" | "code"
    base_rate: np.ndarray  # defects per unit, by product
    has_defects: bool
    noise_columns: int


@dataclass(kw_only=True)
class Floor:
    """A healthy factory: the units sheet without its verdicts, the log of states, the rate at which each unit goes wrong."""

    plan: Plan
    units: Sheet
    stops: list[Stop]
    rate: np.ndarray
    ambient: np.ndarray
    windows: list[tuple[float, float]]


def ar1(rng: np.random.Generator, n: int, phi: float) -> np.ndarray:
    """An AR(1) series of unit variance, shape (n,)."""
    shocks = rng.standard_normal(n) * np.sqrt(1 - phi**2)
    if n:
        shocks[0] = rng.standard_normal()
    return np.asarray(lfilter([1.0], [1.0, -phi], shocks))


def wander(rng: np.random.Generator, when: np.ndarray, hours: float) -> np.ndarray:
    """A slow walk about zero that always comes back: unit variance, correlation time `hours`."""
    if when.size == 0:
        return np.zeros(0)
    grid = np.arange(when.min(), when.max() + 7200.0, 3600.0)
    return np.interp(when, grid, ar1(rng, grid.size, float(np.exp(-1 / hours))))


def make_plan(rng: np.random.Generator) -> Plan:
    rows = int(np.exp(rng.uniform(np.log(1500), np.log(30000))))
    machines = int(min(rng.choice([1, 1, 2, 3, 4, 6]), max(1, rows // 500)))
    products = int(min(rng.choice([1, 1, 2, 3, 5]), max(1, rows // machines // 250)))
    base = np.exp(rng.uniform(np.log(0.008), np.log(0.03))) * np.ones(products)
    if products > 1:
        base = base * np.linspace(0.6, 2.0, products)  # the product with the higher recipe is the harder one
    return Plan(
        process=PROCESSES[int(rng.integers(len(PROCESSES)))],
        machines=machines,
        products=products,
        weeks=int(rng.integers(2, 13)),
        shifts=int(rng.integers(1, 4)),
        workdays=int(rng.choice([5, 5, 5, 6, 7])),
        rows=rows,
        start=FIRST_MONDAY + DAY * int(rng.integers(0, 300)),
        style=str(rng.choice(["ko", "en", "mixed", "code"], p=[0.35, 0.3, 0.2, 0.15])),
        base_rate=base,
        has_defects=bool(rng.random() < 0.88),
        noise_columns=int(rng.choice([0, 5, 12, 25, 40], p=[0.1, 0.3, 0.3, 0.2, 0.1])),
    )


def working_windows(plan: Plan) -> list[tuple[float, float]]:
    """Stretches in which the shop works, local seconds: nights, lunches and weekends are off."""
    shift_hours = {1: [(8.0, 12.0), (13.0, 17.5)], 2: [(8.0, 12.0), (13.0, 17.5), (18.5, 24.0)], 3: [(0.0, 24.0)]}
    found: list[tuple[float, float]] = []
    for day in range(plan.weeks * 7):
        midnight = plan.start + day * DAY
        weekday = int(midnight // DAY + 3) % 7
        if weekday >= plan.workdays:
            continue
        for begin, end in shift_hours[plan.shifts]:
            begin, end = midnight + begin * 3600, midnight + end * 3600
            if found and abs(found[-1][1] - begin) < 1:
                found[-1] = (found[-1][0], end)
            else:
                found.append((begin, end))
    return found


def ordinary_stops(
    rng: np.random.Generator, plan: Plan, asset: int, windows: list[tuple[float, float]], changeovers: list[float]
) -> list[Stop]:
    """The machine's whole log: planned breaks, change-overs, and stops of every-day kind and length."""
    weights = rng.dirichlet(np.full(len(plan.process.stop_reasons), 3.0))
    between = rng.uniform(7, 20) * 3600
    log: list[Stop] = []
    after = None
    pending = sorted(changeovers)
    for begin, end in windows:
        if after is not None:
            log.append(Stop(asset=asset, start=after, end=begin, state="planned"))
        clock = begin
        while clock < end:
            run = float(rng.exponential(between))
            setup = bool(pending) and pending[0] < clock + run
            run = max(0.0, pending.pop(0) - clock) if setup else run
            stop_at = min(end, clock + run)
            log.append(Stop(asset=asset, start=clock, end=stop_at, state="running"))
            if stop_at >= end:
                break
            length = float(np.clip(rng.lognormal(np.log(2400 if setup else 660), 0.35 if setup else 0.8), 90, 10800))
            back = min(end, stop_at + length)
            reason = -1 if setup else int(rng.choice(weights.size, p=weights))
            log.append(Stop(asset=asset, start=stop_at, end=back, state="setup" if setup else "down", reason=reason))
            clock = back
        after = end
    return [stop for stop in log if stop.end - stop.start > 1]


def campaigns(
    rng: np.random.Generator, plan: Plan, windows: list[tuple[float, float]]
) -> tuple[np.ndarray, np.ndarray]:
    """When which product starts on a machine: local seconds and product codes."""
    if plan.products == 1:
        return np.array([windows[0][0]]), np.array([0])
    total = sum(end - begin for begin, end in windows)
    mean = max(total / 40, 2 * 3600.0)
    starts, codes, clock = [windows[0][0]], [int(rng.integers(plan.products))], windows[0][0]
    for begin, end in windows:
        clock = max(clock, begin)
        while True:
            clock += float(rng.exponential(mean)) + 1800
            if clock >= end:
                break
            starts.append(clock)
            codes.append(int((codes[-1] + rng.integers(1, plan.products)) % plan.products))
    return np.array(starts), np.array(codes)


def production_times(rng: np.random.Generator, log: list[Stop], n: int) -> np.ndarray:
    """Moments at which `n` units leave a machine: an even cycle with some jitter, only while it runs."""
    runs = np.array([(stop.start, stop.end) for stop in log if stop.state == "running"])
    lengths = runs[:, 1] - runs[:, 0]
    total = np.concatenate([[0.0], np.cumsum(lengths)])
    cycle = total[-1] / n
    ticks = (np.arange(n) + 0.5) * cycle + rng.normal(0, 0.03 * cycle, n)
    ticks = np.clip(np.sort(ticks), 0, total[-1] - 1e-3)
    place = np.searchsorted(total, ticks, side="right") - 1
    return runs[place, 0] + ticks - total[place]


def units_since_start(when: np.ndarray) -> np.ndarray:
    """0 for the first unit after half an hour of silence on this machine, then 1, 2, 3 …"""
    cycle = float(np.median(np.diff(when))) if when.size > 1 else 1.0
    fresh = np.concatenate([[True], np.diff(when) > max(LONG_STOP, 3 * cycle)])
    index = np.arange(when.size)
    return index - np.maximum.accumulate(np.where(fresh, index, 0))


def skeleton(rng: np.random.Generator, plan: Plan) -> tuple[Sheet, list[Stop], list[tuple[float, float]]]:
    """Who made what when, in order of time; still without columns."""
    windows = working_windows(plan)
    shares = rng.dirichlet(np.full(plan.machines, 20.0))
    when, asset, product, since, stops = [], [], [], [], []
    for machine in range(plan.machines):
        starts, codes = campaigns(rng, plan, windows)
        log = ordinary_stops(rng, plan, machine, windows, list(starts[1:]))
        times = production_times(rng, log, max(300, int(plan.rows * shares[machine])))
        when.append(times)
        asset.append(np.full(times.size, machine))
        product.append(codes[np.searchsorted(starts, times, side="right").clip(1) - 1])
        since.append(units_since_start(times))
        stops.extend(log)
    order = np.argsort(np.concatenate(when), kind="stable")
    prefix = plan.process.machine
    letters = "ABCDE"
    names = tuple(f"{prefix}-{place + 1:02d}" for place in range(plan.machines))
    sheet = Sheet(
        name="units",
        when=np.concatenate(when)[order],
        asset=np.concatenate(asset)[order],
        product=np.concatenate(product)[order],
        assets=names,
        products=tuple(f"{prefix[0]}{100 + 17 * place}{letters[place]}" for place in range(plan.products)),
        series=[],
        since_start=np.concatenate(since)[order],
    )
    return sheet, stops, windows


def by_machine(sheet: Sheet, make: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """`make(rows of one machine)` put back in place."""
    out = np.zeros(sheet.when.size)
    for machine in range(len(sheet.assets)):
        rows = np.flatnonzero(sheet.asset == machine)
        out[rows] = make(rows)
    return out


def healthy_noise(rng: np.random.Generator, sheet: Sheet, phi: float, slow: float, tails: bool) -> np.ndarray:
    """What a process in control does about its centre: unit variance, `slow` of it slow wander."""

    def one(rows: np.ndarray) -> np.ndarray:
        quick = ar1(rng, rows.size, phi)
        if tails:
            quick = 0.8 * quick + 0.6 * rng.standard_t(4, rows.size) / np.sqrt(2)
        return np.sqrt(1 - slow) * quick + np.sqrt(slow) * wander(rng, sheet.when[rows], float(rng.uniform(6, 30)))

    return by_machine(sheet, one)


def deliberate_steps(rng: np.random.Generator, sheet: Sheet, step: float) -> np.ndarray:
    """Now and then somebody turns the knob, and turns it back: a sum of steps, each for days."""
    out = np.zeros(sheet.when.size)
    first, last = sheet.when[0], sheet.when[-1]
    for _ in range(int(rng.integers(1, 4))):
        begin = rng.uniform(first, last)
        end = begin + rng.uniform(0.1, 0.5) * (last - first)
        rows = (sheet.when >= begin) & (sheet.when < end)
        if len(sheet.assets) > 1 and rng.random() < 0.7:
            rows &= sheet.asset == rng.integers(len(sheet.assets))
        out[rows] += step * rng.choice([-2, -1, 1, 2])
    return out


def setting(rng: np.random.Generator, sheet: Sheet, channel: Channel, header: str) -> Series:
    """A knob: the recipe's value by product, changed on purpose in some factories."""
    step = 10.0**-channel.decimals * max(1, round(channel.spread * 10**channel.decimals / 2))
    recipe = channel.level + step * np.round(np.sort(rng.normal(0, 3, len(sheet.products))))
    values = recipe[sheet.product]
    if rng.random() < 0.45:
        values = values + deliberate_steps(rng, sheet, step)
    return Series(key=channel.en, header=header, role="setting", values=values, unit=channel.unit, fickle=True,
                  decimals=channel.decimals, centre=values, spread=step)  # fmt: skip


def sensor(
    rng: np.random.Generator, sheet: Sheet, channel: Channel, header: str, knob: Series | None, ambient: np.ndarray
) -> Series:
    """A measured value: follows its knob or its recipe, the machine, the weather and the start-up, and has noise of its own."""
    scale = channel.spread
    if knob is not None and knob.unit == channel.unit:
        centre = channel.level + (knob.values - knob.values[0])
    else:
        recipe = (
            np.sort(rng.normal(0, 2.5, len(sheet.products))) if rng.random() < 0.6 else np.zeros(len(sheet.products))
        )
        centre = channel.level + scale * recipe[sheet.product]
    centre = centre + scale * rng.normal(0, 1.2, len(sheet.assets))[sheet.asset]
    phi = float(rng.choice([0, 0.2, 0.5, 0.7, 0.85, 0.95], p=[0.2, 0.2, 0.25, 0.15, 0.12, 0.08]))
    noise = healthy_noise(rng, sheet, phi, float(rng.choice([0, 0.05, 0.15, 0.25])), bool(rng.random() < 0.25))
    extra = np.zeros(sheet.when.size)
    if rng.random() < 0.35:
        extra += rng.uniform(0.5, 1.2) * ambient
    if rng.random() < 0.4 and channel.unit in ("°C", "bar", "MPa", "s"):
        extra -= rng.uniform(2, 5) * np.exp(-sheet.since_start / rng.uniform(2, 8))
    coarse = rng.random() < 0.15
    decimals = channel.decimals - 1 if coarse and channel.decimals > 0 else channel.decimals
    return Series(key=channel.en, header=header, role="sensor", values=centre + scale * (noise + extra), unit=channel.unit,
                  decimals=decimals, centre=centre, spread=scale * float(np.sqrt(1 + np.var(extra))),
                  fickle=10.0**-decimals > 0.8 * scale)  # fmt: skip


def quality(rng: np.random.Generator, sheet: Sheet, channel: Channel, header: str) -> Series:
    """A measured property of the part, well inside its limits (Cpk about 1.5 to 2.5)."""
    offset = channel.spread * rng.normal(0, 0.25, len(sheet.assets))[sheet.asset]
    centre = np.full(sheet.when.size, channel.level) + offset
    phi = float(rng.choice([0, 0.2, 0.5]))
    noise = healthy_noise(rng, sheet, phi, float(rng.choice([0, 0.05, 0.1])), bool(rng.random() < 0.15))
    half = channel.spread * rng.uniform(5.5, 8)
    return Series(key=channel.en, header=header, role="quality", values=centre + channel.spread * noise, unit=channel.unit,
                  decimals=channel.decimals, centre=centre, spread=channel.spread, target=channel.level,
                  lower=channel.level - half, upper=channel.level + half)  # fmt: skip


def weather(rng: np.random.Generator, when: np.ndarray) -> np.ndarray:
    """The hall's temperature about its mean in units of one: a daily wave with a peak at three, and the weather's moods."""
    wave = np.sin(2 * np.pi * ((when % DAY) / DAY - 0.375))
    return np.asarray(1.1 * wave + 0.5 * wander(rng, when, 50.0))


def lots(rng: np.random.Generator, sheet: Sheet, names: list[str], mean_length: float) -> tuple[np.ndarray, np.ndarray]:
    """A level that changes from lot to lot on each machine, and the number of the lot."""
    level = np.zeros(sheet.when.size, dtype=np.int64)
    number = np.zeros(sheet.when.size, dtype=np.int64)
    for machine in range(len(sheet.assets)):
        rows = np.flatnonzero(sheet.asset == machine)
        ends = np.cumsum(np.maximum(8, rng.gamma(4, mean_length / 4, size=int(rows.size / 8) + 2)))
        lot = np.searchsorted(ends, np.arange(rows.size))
        level[rows] = rng.integers(len(names), size=lot.max() + 1)[lot]
        number[rows] = lot + 1000 * (machine + 1)
    return level, number


def tool_count(rng: np.random.Generator, sheet: Sheet) -> np.ndarray:
    """Units since the tool was changed: a saw."""

    def one(rows: np.ndarray) -> np.ndarray:
        life = max(60, int(rows.size / rng.integers(5, 16)))
        lives = rng.integers(int(0.8 * life), int(1.2 * life) + 1, size=int(rows.size / (0.8 * life)) + 2)
        ends = np.cumsum(lives)
        index = np.arange(rows.size)
        place = np.searchsorted(ends, index, side="right")
        return index - np.concatenate([[0], ends])[place] + 1.0

    return by_machine(sheet, one)


def base_rate(rng: np.random.Generator, plan: Plan, sheet: Sheet) -> np.ndarray:
    """Chance of a defect unit by unit: by product, and with good and bad days that nobody can explain."""
    day = ((sheet.when - plan.start) // DAY).astype(np.int64)
    mood = rng.gamma(16, 1 / 16, size=(plan.machines, int(day.max()) + 1))
    return np.asarray(plan.base_rate[sheet.product] * mood[sheet.asset, day])


def bystander_channels(rng: np.random.Generator, count: int) -> list[Channel]:
    """`count` quantities with different names that have nothing to do with anything."""
    found = []
    for place in rng.permutation(len(BYSTANDERS) * 3)[:count]:
        channel, number = BYSTANDERS[place % len(BYSTANDERS)], place // len(BYSTANDERS) + 1
        found.append(Channel(ko=f"{channel.ko}{number}", en=f"{channel.en}_{number}", unit=channel.unit, level=channel.level,
                             spread=channel.spread, decimals=channel.decimals))  # fmt: skip
    return found
