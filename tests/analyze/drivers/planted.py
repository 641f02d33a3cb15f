"""Tables with a known driver, or none: what a shop floor's units table looks like to the search."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from jasang.analyze.drivers import CategoricalColumn, Column, DriverProblem, NumericColumn

UNITS_A_DAY = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedTable:
    """A problem and its truth: the planted column, what it adds to the defect rate, and every unit's rate."""

    problem: DriverProblem
    cause: str
    effect: float
    rate: np.ndarray


def wave(rng: np.random.Generator, rows: int, memory: float) -> np.ndarray:
    """A series of spread 1 in which neighbours are alike: first-order autocorrelation `memory`."""
    found: np.ndarray = lfilter([np.sqrt(1 - memory**2)], [1, -memory], rng.normal(size=rows))
    return found


def bystanders(rng: np.random.Generator, rows: int, count: int) -> list[Column]:
    """Columns that have nothing to do with defects: noise, slow waves, the day's weather, drifts, a walk, shifts, suppliers."""
    hour = (np.arange(rows) / UNITS_A_DAY) % 1
    makers = (
        lambda: wave(rng, rows, 0.0),
        lambda: wave(rng, rows, 0.9),
        lambda: wave(rng, rows, 0.995),
        lambda: 2 * np.sin(2 * np.pi * (hour + rng.random())) + wave(rng, rows, 0.9),
        lambda: np.cumsum(rng.normal(size=rows)) / np.sqrt(rows) * 3,
        lambda: np.linspace(-3, 3, rows) * rng.choice([-1, 1]) + wave(rng, rows, 0.9),
    )
    columns: list[Column] = [
        NumericColumn(name=f"x{place}", values=np.round(makers[place % 6](), 3)) for place in range(count)
    ]
    shift = (np.arange(rows) // (UNITS_A_DAY // 2) + int(rng.integers(3))) % 5
    lot = np.cumsum(rng.random(rows) < 1 / 80)
    supplier = rng.integers(0, 4, lot.max() + 1)[lot]
    columns.append(CategoricalColumn(name="operator", codes=shift, levels=tuple("ABCDE")))
    columns.append(CategoricalColumn(name="supplier", codes=supplier, levels=tuple("PQRS")))
    return columns


def problem(outcome: np.ndarray, columns: list[Column], product: np.ndarray) -> DriverProblem:
    """A problem on one machine, `UNITS_A_DAY` a day."""
    rows = outcome.size
    return DriverProblem(
        outcome=outcome,
        binary=True,
        columns=tuple(columns),
        asset=np.full(rows, -1),
        product=product,
        day=np.floor(np.arange(rows) / UNITS_A_DAY),
    )


def products(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Three products, changed every forty units."""
    return np.repeat(rng.integers(0, 3, rows // 40 + 1), 40)[:rows]


NULL_KINDS = ("flat", "drift", "walk", "day_shocks", "slow_waves", "simpson", "rare", "weeks")


def null_table(seed: int, kind: str, rows: int = 4000, count: int = 12) -> DriverProblem:
    """A table where no column moves with defects, although the defect rate itself may drift, wave, jump or differ by product."""
    rng = np.random.default_rng([seed, 1])
    product, day = products(rng, rows), np.arange(rows) // UNITS_A_DAY
    columns = bystanders(rng, rows, count)
    rate = np.full(rows, 0.03)
    if kind == "drift":
        rate = rate * np.exp(np.linspace(-1, 1, rows))
    elif kind == "walk":
        rate = rate * np.exp(1.6 * np.cumsum(rng.normal(size=rows)) / np.sqrt(rows))
    elif kind == "day_shocks":
        rate = rate * np.exp(0.7 * rng.normal(size=day.max() + 1))[day]
    elif kind == "slow_waves":
        rate = rate * np.exp(0.8 * wave(rng, rows, 0.995))
    elif kind == "weeks":
        rate = rate * np.exp(0.7 * rng.normal(size=day.max() + 1))[day // 5]
    elif kind == "rare":
        rate = rate / 6
    elif kind == "simpson":
        # Every product has its own temperatures and its own defect rate: over all products both go together.
        rate = np.array([0.01, 0.03, 0.06])[product]
        columns = [
            NumericColumn(name=c.name, values=c.values + 2.0 * product) if isinstance(c, NumericColumn) else c
            for c in columns
        ]
    return problem((rng.random(rows) < np.clip(rate, 0, 0.5)).astype(float), columns, product)


PLANTED_KINDS = ("low", "both", "start", "level", "one_product", "since", "simpson")


def planted_table(seed: int, kind: str, rows: int = 8000, count: int = 6, clear: float = 10.0) -> PlantedTable:
    """A table in which "cause" moves the defect rate from 1–4 % to at least two and a half times that, with proxies of it."""
    rng = np.random.default_rng([seed, 2])
    base, times = float(rng.uniform(0.01, 0.04)), float(rng.uniform(2.5, 5))
    product, moment = products(rng, rows), np.arange(rows)
    columns = bystanders(rng, rows, count)
    values = wave(rng, rows, float(rng.choice([0.0, 0.9, 0.98])))
    share = float(rng.uniform(0.1, 0.25))
    low = values < np.quantile(values, share)
    own, counter = np.ones(3), False
    cause: Column | None = None
    proxies: list[Column] = [NumericColumn(name="proxy", values=values + rng.normal(0, 0.7, rows))]
    if kind == "both":
        bad = (values < np.quantile(values, share / 2)) | (values > np.quantile(values, 1 - share / 2))
    elif kind == "start":
        values, counter = (moment % UNITS_A_DAY + 1).astype(float), True
        bad = values <= 10
        proxies = [NumericColumn(name="proxy", values=wave(rng, rows, 0.5) - 3 * np.exp(-values / 6))]
    elif kind == "level":
        lot = np.cumsum(rng.random(rows) < 1 / 40)
        codes = rng.integers(0, 5, lot.max() + 1)[lot]
        bad, cause = codes == 3, CategoricalColumn(name="cause", codes=codes, levels=tuple("ABCDE"))
        proxies = [CategoricalColumn(name="lot", codes=lot % 60, levels=tuple(map(str, range(60))))]
    elif kind == "one_product":
        bad = (values < np.quantile(values, 0.25)) & (product == 1)
    elif kind == "since":
        bad = (values < np.quantile(values, 0.2)) & (moment > rows / 2)
    elif kind == "simpson":
        bad, own, values = low, np.array([0.5, 1.0, 2.0]), values + 2.0 * product
        proxies = [NumericColumn(name="proxy", values=wave(rng, rows, 0.9) + 1.5 * product)]
    else:
        bad = low
    effect = base * (times - 1)
    # Plain enough that somebody who knows the column and its window would see it at `clear` standard errors.
    effect = max(effect, clear * np.sqrt(max(effect, base) / bad.sum()))
    if clear < 10:
        effect = clear * np.sqrt((base + clear * np.sqrt(base / bad.sum())) / bad.sum())
    rate = np.clip(base * own[product] + effect * bad, 0, 0.95)
    cause = cause or NumericColumn(name="cause", values=np.round(values, 4), counter=counter)
    outcome = (rng.random(rows) < rate).astype(float)
    return PlantedTable(
        problem=problem(outcome, [*columns, *proxies, cause], product), cause="cause", effect=effect, rate=rate
    )
