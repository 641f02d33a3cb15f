"""Causes to plant: a column that really moves the defect rate (or a measured quality), as one would find it on a shop floor.

A bad region holds 6–30 % of the rows and has 5–12 times the ordinary defect rate (at least 12 %); a slope gives an odds ratio of
2.2–3.5 per sd; a quality that is driven owes 40–65 % of its variance to the cause. Every one is large enough that a test which
knows the column, counts each day of a machine once and is told nothing else sees it at z ≥ 5.
"""

import numpy as np
from tests.factories.made import Planted, Series, Sheet
from tests.factories.problems import Job, _working_moment, moment

VARIANTS = ("threshold", "threshold", "linear", "u_shape", "level", "level", "start_up", "quality", "machine", "tool")


def driver(job: Job) -> Planted | None:
    """One cause of defects (or of a quality's spread), of a random kind; `None` when the factory cannot carry it."""
    variant = str(job.rng.choice(VARIANTS))
    if variant == "quality":
        return _quality(job)
    if not job.floor.plan.has_defects:
        return None
    made = {"level": _level, "machine": _machine, "start_up": _start_up, "tool": _tool}.get(variant)
    return made(job) if made else _numeric(job, variant)


def _standing(sheet: Sheet, series: Series) -> np.ndarray:
    """How far each row stands from what its recipe and machine aim at, in sd; shape (rows,)."""
    key = sheet.asset * 100 + sheet.product
    out = np.zeros(series.values.size)
    centre = series.centre if series.centre is not None else np.zeros(series.values.size)
    for stratum in np.unique(key):
        rows = key == stratum
        part = series.values[rows] - centre[rows]
        out[rows] = (part - part.mean()) / max(part.std(), 1e-12)
    return out


def _scope(job: Job) -> tuple[str, np.ndarray, str | None, float | None]:
    """Where the cause works: everywhere, on one product, or since a day. Name, rows, product, local seconds."""
    sheet = job.units
    everywhere = np.ones(sheet.when.size, dtype=bool)
    draw = job.rng.random()
    if draw < 0.2 and len(sheet.products) > 1:
        code = int(np.argmax(np.bincount(sheet.product)))
        if (sheet.product == code).sum() >= 800:
            return "on one product", sheet.product == code, sheet.products[code], None
    if draw > 0.8 and sheet.when.size >= 2500:
        since = _working_moment(sheet, np.arange(sheet.when.size), float(job.rng.uniform(0.3, 0.6)))
        return "since a day", sheet.when >= since, None, since
    return "everywhere", everywhere, None, None


def seen_by_days(job: Job, bad: np.ndarray, rows: np.ndarray, rate: np.ndarray) -> float:
    """z of the planted rates between the bad region and the rest, a machine's day counted as one observation each."""
    sheet = job.units
    day = (sheet.when // 86400).astype(np.int64) * 10 + sheet.asset
    _, key = np.unique(day, return_inverse=True)
    inside, outside = rows & bad, rows & ~bad
    if inside.sum() < 30 or outside.sum() < 100:
        return 0.0
    gap = rate[inside].mean() - rate[outside].mean()
    variance = 0.0
    for part in (inside, outside):
        p = rate[part].mean()
        each = np.bincount(key, weights=part)
        variance += float((p * (1 - p) * each + (0.25 * p * each) ** 2).sum()) / part.sum() ** 2
    episodes = np.unique(key[inside]).size
    return float(gap / np.sqrt(variance)) if episodes >= 8 else 0.0


def _raise(job: Job, bad: np.ndarray, rows: np.ndarray) -> float | None:
    """Lift the defect rate in `bad & rows`; the share bad there, or `None` when it would not be plain to see."""
    times = float(job.rng.uniform(5, 12))
    lifted = np.where(rows & bad, np.clip(job.floor.rate * times, 0.12, 0.6), job.floor.rate)
    if seen_by_days(job, bad, rows, lifted) < 5 or lifted[rows & bad].sum() < 30:
        return None
    job.floor.rate = lifted
    return float(lifted[rows & bad].mean())


def _numeric(job: Job, shape: str) -> Planted | None:
    found = job.pick(("sensor",), lambda sheet, series: sheet is job.units and series.centre is not None and not series.noise
                     and np.unique(np.round(series.values, series.decimals)).size > 12)  # fmt: skip
    if found is None:
        return None
    sheet, series = found
    name, rows, product, since = _scope(job)
    z = _standing(sheet, series)
    sign = float(job.rng.choice([-1, 1]))
    if shape == "linear":
        slope = float(np.log(job.rng.uniform(2.2, 3.5)))
        rate = np.maximum(job.floor.rate, 0.01)
        odds = rate / (1 - rate) * np.exp(slope * np.clip(sign * z, -4, 4) - slope**2 / 4)
        lifted = np.where(rows, odds / (1 + odds), job.floor.rate)
        if seen_by_days(job, sign * z > 1, rows, lifted) < 5:
            return None
        job.floor.rate, size, unit = lifted, float(np.exp(slope)), "odds ratio per sd"
    else:
        share = float(job.rng.uniform(0.08, 0.20))
        side = sign * z if shape == "threshold" else np.abs(z)
        bad = side > np.quantile(side, 1 - share)
        raised = _raise(job, bad, rows)
        if raised is None:
            return None
        size, unit = raised, "defect rate in the bad region"
    return Planted(rule="driver", kind=f"{shape}, {name}", table="units", column=series.header, product=product,
                   size=size, size_unit=unit, outcome="verdict", since=None if since is None else moment(since))  # fmt: skip


def _level(job: Job) -> Planted | None:
    found = job.pick(("context",), lambda sheet, series: series.key in ("supplier", "operator", "cavity"))
    if found is None:
        return None
    series = found[1]
    name, rows, product, since = _scope(job)
    texts = series.values if series.key != "cavity" else np.array([f"{v:g}" for v in series.values], dtype=object)
    levels, counts = np.unique(texts.astype(str), return_counts=True)
    fit = levels[(counts > 0.06 * texts.size) & (counts < 0.55 * texts.size)]
    if fit.size == 0:
        return None
    level = str(job.rng.choice(fit))
    raised = _raise(job, texts.astype(str) == level, rows)
    if raised is None:
        return None
    return Planted(rule="driver", kind=f"level of {series.key}, {name}", table="units", column=series.header, level=level,
                   product=product, size=raised, size_unit="defect rate at the level", outcome="verdict",
                   since=None if since is None else moment(since))  # fmt: skip


def _machine(job: Job) -> Planted | None:
    sheet = job.units
    if len(sheet.assets) < 3 or "asset" in job.taken:
        return None
    machine = int(job.rng.integers(len(sheet.assets)))
    raised = _raise(job, sheet.asset == machine, np.ones(sheet.when.size, dtype=bool))
    if raised is None:
        return None
    job.taken.add("asset")
    return Planted(rule="driver", kind="level of machine", table="units", column="asset", level=sheet.assets[machine],
                   size=raised, size_unit="defect rate on the machine", outcome="verdict")  # fmt: skip


def _tool(job: Job) -> Planted | None:
    found = job.pick(("context",), lambda sheet, series: series.key == "tool")
    if found is None:
        return None
    sheet, series = found
    bad = series.values > np.quantile(series.values, float(job.rng.uniform(0.75, 0.88)))
    raised = _raise(job, bad, np.ones(sheet.when.size, dtype=bool))
    if raised is None:
        return None
    return Planted(rule="driver", kind="worn tool", table="units", column=series.header, size=raised,
                   size_unit="defect rate in the bad region", outcome="verdict")  # fmt: skip


def _start_up(job: Job) -> Planted | None:
    sheet = job.units
    first = int(job.rng.integers(4, 16))
    bad = sheet.since_start < first
    if "start" in job.taken or not 0.01 < bad.mean() < 0.25:
        return None
    job.floor.rate, before = (
        np.where(bad, np.maximum(job.floor.rate, float(job.rng.uniform(0.2, 0.5))), job.floor.rate),
        job.floor.rate,
    )
    if seen_by_days(job, bad, np.ones(bad.size, dtype=bool), job.floor.rate) < 5:
        job.floor.rate = before
        return None
    job.taken.add("start")
    counters = tuple(series.header for series in sheet.series if series.key == "count")
    return Planted(rule="driver", kind="start-up", table="units", column="start_up", also=counters, outcome="verdict",
                   size=float(job.floor.rate[bad].mean()), size_unit=f"defect rate of the first {first} units")  # fmt: skip


def _quality(job: Job) -> Planted | None:
    outcome = job.pick(("quality",), lambda sheet, series: sheet is job.units and not series.fickle)
    cause = job.pick(("sensor",), lambda sheet, series: sheet is job.units and series.centre is not None and not series.noise
                     and not series.fickle)  # fmt: skip
    if outcome is None or cause is None:
        return None
    sheet, series = outcome
    share = float(job.rng.uniform(0.40, 0.65))
    z = _standing(sheet, cause[1])
    total = float(np.std(series.values))
    series.values = series.values + float(job.rng.choice([-1, 1])) * z * total * np.sqrt(share / (1 - share))
    wide = float(np.std(series.values))
    level = float(np.mean(series.values))
    half = float(job.rng.uniform(2.2, 3.0)) * wide  # Cp 0.73 to 1: worth the trouble
    series.lower, series.upper = round(level - half, series.decimals + 1), round(level + half, series.decimals + 1)
    series.target, series.spread = round(level, series.decimals + 1), wide
    job.needs_spec.add(series.header)
    return Planted(rule="driver", kind="quality", table="units", column=cause[1].header, outcome=series.header, size=share,
                   size_unit="share of the variance")  # fmt: skip
