"""Made readings of a plant: walks of 2 and 3 decimals, constants, square waves, counters; milliseconds of jitter in time."""

from collections.abc import Iterator

import numpy as np

from jasang.store.block import Array

START = 1_767_225_600_000_000  # 2026-01-01 UTC in microseconds
JITTER = 4.0  # ms, standard deviation; 4 bits of entropy a time stamp


def name(signal: int) -> str:
    """Names sort as their numbers."""
    return f"LINE.signal_{signal:05}"


def made(signals: int, days: float, period: float, seed: int = 0) -> Iterator[tuple[str, Array, Array]]:
    """Name, source times in microseconds and values of each signal, one reading each `period` seconds."""
    count = int(days * 86_400 / period)
    for signal in range(signals):
        random = np.random.default_rng([seed, signal])
        regular = np.arange(count) * int(period * 1000) + int(random.integers(0, period * 1000))
        times = np.maximum.accumulate(regular + np.rint(random.normal(0, JITTER, count)).astype(np.int64))
        yield name(signal), START + times * 1000, _values(signal, count, random)


def _values(signal: int, count: int, random: np.random.Generator) -> Array:
    kind = signal % 10
    if kind < 4:
        return np.round(50 + np.cumsum(random.normal(0, 0.05, count)), 2)
    if kind < 7:
        return np.round(20 + np.cumsum(random.normal(0, 0.02, count)), 3)
    if kind < 8:
        return np.full(count, np.round(random.uniform(0, 100), 2))
    if kind < 9:
        return np.where(np.arange(count) // int(random.integers(20, 200)) % 2, 1.0, 0.0)
    return np.cumsum(random.integers(0, 3, count)).astype(float)
