"""Limits, eight run rules and capability of many long signals: `python -m benchmarks.control_charts`.

Prints values per CPU second of our survey, of a plain NumPy implementation, and of the SPC package `shewhart` from PyPI where it
is installed (`uv run --with shewhart==0.1.1 python -m benchmarks.control_charts`), all on the same signals in the same run, the
median of the rounds with the fastest and slowest. One thread.
"""

import argparse
import importlib
import resource
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from math import pi, sqrt
from statistics import median
from typing import Any

import numpy as np

from jasang.analyze.control_charts import survey_signals
from jasang.analyze.run_rules import nelson_rules

LENGTH = 86_400
LOW, HIGH = 40.0, 60.0


def signals(count: int, kind: type = np.float64) -> np.ndarray:
    """Signals with a memory, drifts and outliers, shape (count, LENGTH)."""
    generator = np.random.default_rng(1)
    made = np.empty((count, LENGTH), dtype=kind)
    for place in range(count):
        values = generator.standard_normal(LENGTH)
        if place % 3 == 1:
            values[1:] += 0.6 * values[:-1]
        if place % 5 == 2:
            values += 0.002 * np.cumsum(generator.standard_normal(LENGTH))
        made[place] = 50.0 + 3.0 * values
    return made


def endless(block: np.ndarray, count: int) -> Iterator[np.ndarray]:
    """As many signals as asked, one at a time, as a store would hand them over."""
    for place in range(count):
        yield block[place % block.shape[0]]


def plain_numpy(block: np.ndarray) -> None:
    """What one writes first: whole arrays, a cumulative sum for each window."""
    for values in block:
        mean, sigma = values.mean(), np.abs(np.diff(values)).mean() * sqrt(pi) / 2.0
        nelson_rules(values, centre=float(mean), sigma=float(sigma))
        overall = values.std(ddof=1)
        min(HIGH - mean, mean - LOW) / (3.0 * sigma), (HIGH - LOW) / (6.0 * overall)
        np.count_nonzero(values < LOW), np.count_nonzero(values > HIGH)


def package(block: np.ndarray) -> Callable[[], None] | None:
    """The same by the package `shewhart`, without drawing; `None` where it is not installed."""
    try:
        peer: Any = importlib.import_module("shewhart")
        pandas: Any = importlib.import_module("pandas")
    except ImportError:
        return None

    def run() -> None:
        for values in block:
            frame = pandas.DataFrame({"value": values})
            peer.imr(frame, value="value", rules="nelson")
            peer.capability(frame, value="value", lsl=LOW, usl=HIGH)

    return run


def rates(work: Callable[[], object], values: int, rounds: int) -> list[float]:
    """Million values per CPU second of each round."""
    found = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        found.append(values / (time.process_time() - start) / 1e6)
    return found


def show(name: str, found: list[float]) -> None:
    """Median and spread."""
    print(
        f"{name:44} {median(found):8.2f} M values/CPU s  ({min(found):.2f} to {max(found):.2f}, {len(found)} rounds)",
        flush=True,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--signals", type=int, default=60, help="signals in memory for the small runs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--whole", type=int, default=1000, help="signals of the whole run, handed over one at a time; 0 = none"
    )
    asked = parser.parse_args()
    warnings.simplefilter("ignore", FutureWarning)  # of the package beside
    block = signals(asked.signals)
    size = block.size
    show("survey_signals, float64", rates(lambda: survey_signals(block, low=LOW, high=HIGH), size, asked.rounds))
    layouts = {"float32": block.astype(np.float32), "table (time, signals)": np.ascontiguousarray(block.T).T}
    for name, values in layouts.items():
        work = partial(survey_signals, values, low=LOW, high=HIGH)
        show(f"survey_signals, {name}", rates(work, size, asked.rounds))
    layouts.clear()
    few = block[:6]
    show("plain NumPy", rates(lambda: plain_numpy(few), few.size, asked.rounds))
    peer = package(block[:1, : LENGTH // 8])
    if peer is None:
        print("shewhart (PyPI)                              not installed")
    else:
        show("shewhart (PyPI)", rates(peer, LENGTH // 8, max(3, asked.rounds // 2)))
    if asked.whole:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = rates(lambda: survey_signals(endless(block, asked.whole), low=LOW, high=HIGH), asked.whole * LENGTH, 1)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        show(f"survey_signals, {asked.whole:,} x {LENGTH:,} in turn", found)
        print(f"memory grew by {grown:.0f} MB meanwhile")


if __name__ == "__main__":
    main()
