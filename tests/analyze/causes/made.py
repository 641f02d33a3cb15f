"""Records with known causes, for the tests and `benchmarks/causes.py`."""

import numpy as np
from scipy.signal import lfilter

UNITS_A_DAY = 200


def wave(rng: np.random.Generator, rows: int, memory: float) -> np.ndarray:
    """A series of spread 1 in which neighbours are alike."""
    found: np.ndarray = lfilter([np.sqrt(1 - memory**2)], [1, -memory], rng.normal(size=rows))
    return found


def day_of(rows: int) -> np.ndarray:
    """The number of the day of each row."""
    return np.floor(np.arange(rows) / UNITS_A_DAY)


def bystanders(rng: np.random.Generator, rows: int, count: int = 6) -> dict[str, np.ndarray]:
    """Columns that have nothing to do with the outcome, from white noise to slow waves."""
    memory = (0.0, 0.5, 0.9, 0.98, 0.995)
    return {f"x{place}": wave(rng, rows, memory[place % 5]) for place in range(count)}


def rate_by_day(rng: np.random.Generator, rows: int, rate: float, jumps: float) -> np.ndarray:
    """A defect rate that jumps from day to day, `jumps` the spread of its logarithm."""
    day = day_of(rows).astype(int)
    found: np.ndarray = rate * np.exp(jumps * rng.normal(size=day.max() + 1) - jumps**2 / 2)[day]
    return found


def two_columns(
    seed: int, rows: int = 8000, jumps: float = 0.3
) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """Outcome, columns and each row's true rate: good only while `mould` is 58 to 63 and `hold` at least 55."""
    rng = np.random.default_rng([seed, 11])
    mould, hold = 60.5 + 2 * wave(rng, rows, 0.9), 58 + 3 * wave(rng, rows, 0.8)
    good = (mould >= 58) & (mould <= 63) & (hold >= 55)
    rate = np.where(good, 1.0, 6.0) * rate_by_day(rng, rows, 0.008, jumps)
    columns = {**bystanders(rng, rows), "mould": mould, "hold": hold}
    return (rng.random(rows) < rate).astype(float), columns, rate


def together(seed: int, rows: int = 8000, extra: float = 0.10) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Outcome and columns: `a` above 0.7 and `b` below −0.5 at once add `extra` to a rate of 2 %."""
    rng = np.random.default_rng([seed, 12])
    a, b = wave(rng, rows, 0.8), wave(rng, rows, 0.9)
    rate = rate_by_day(rng, rows, 0.02, 0.3) + extra * ((a > 0.7) & (b < -0.5))
    return (rng.random(rows) < rate).astype(float), {**bystanders(rng, rows), "a": a, "b": b}


def unrelated(seed: int, kind: str, rows: int = 6000) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Outcome and columns without a pair; `kind`: flat, days (the rate jumps), main (two columns with effects of their own)."""
    rng = np.random.default_rng([seed, 13])
    columns = bystanders(rng, rows, 8)
    rate = rate_by_day(rng, rows, 0.03, 0.6 if kind == "days" else 0.0)
    if kind == "main":
        rate = rate + 0.05 * (columns["x0"] > 1) + 0.05 * (columns["x1"] < -1)
    return (rng.random(rows) < rate).astype(float), columns


def stations(
    seed: int, effect: float = 0.02, lag: float = 2400.0, days: int = 20
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Upstream seconds and values, downstream seconds and verdicts; the rate rises by `effect` per sd of what was `lag` s ago."""
    rng = np.random.default_rng([seed, 14])
    upstream = np.arange(0, days * 86_400, 60.0)
    values = wave(rng, upstream.size, 0.97)
    downstream = np.sort(rng.uniform(7200, days * 86_400, 300 * days))
    place = np.searchsorted(upstream, downstream - lag, side="right") - 1
    rate = np.clip(0.06 + effect * values[place], 0, 1)
    return upstream, values, downstream, (rng.random(downstream.size) < rate).astype(float)
