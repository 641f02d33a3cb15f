"""How often the search for drivers finds a planted column, invents one, and covers the truth: `python -m benchmarks.drivers`.

Prints the table of docs/statistics.md, section Drivers. One core, some minutes; `--each N` tables of every kind.
"""

import argparse
import time

import numpy as np
from tests.analyze.drivers.planted import NULL_KINDS, PLANTED_KINDS, null_table, planted_table

from jasang.analyze.drivers import Driver, DriverProblem, NumericColumn, Shape, find_drivers


def healthy(each: int) -> None:
    """Drivers found where there are none."""
    for kind in NULL_KINDS:
        strengths = []
        for seed in range(1000, 1000 + each):
            found = find_drivers(null_table(seed, kind, rows=6000, count=30)).drivers
            strengths.append(max((driver.strength for driver in found), default=0.0))
        loud = sum(strength >= 3.0 for strength in strengths)
        print(
            f"healthy {kind:12} tables {each}  with a driver {sum(s > 0 for s in strengths)}  loud enough for act {loud}",
            flush=True,
        )


def planted(each: int, clear: float, first_seed: int) -> None:
    """The planted column as first cause, and the intervals that hold the planted effect; `clear` standard errors large."""
    for kind in PLANTED_KINDS:
        first = none = covered = held = 0
        for seed in range(first_seed, first_seed + each):
            table = planted_table(seed, kind, rows=8000, count=20, clear=clear)
            found = find_drivers(table.problem).drivers
            none += not found
            if found and found[0].column == table.cause:
                first += 1
                covered += found[0].low <= table.effect <= found[0].high
                held += found[0].low <= of_window(table.problem, table.rate, found[0]) <= found[0].high
        print(
            f"planted {kind:12} tables {each}  first cause {first}  nothing found {none}  "
            f"interval holds the planted effect {covered}, the true effect of the reported window {held}",
            flush=True,
        )


def of_window(problem: DriverProblem, rate: np.ndarray, driver: Driver) -> float:
    """The true difference of the defect rate outside and inside the window or level as reported, product by product."""
    column = next(column for column in problem.columns if column.name == driver.column)
    rows = np.ones(rate.size, dtype=bool) if driver.product is None else problem.product == driver.product
    if driver.since_row is not None:
        rows &= np.arange(rate.size) >= driver.since_row
    if not isinstance(column, NumericColumn):
        outside = column.codes == column.levels.index(driver.level or "")
    elif driver.stratum_windows:
        outside = np.zeros(rate.size, dtype=bool)
        for window in driver.stratum_windows:
            mine = problem.product == window.product
            outside |= mine & ((column.values < window.low) | (column.values > window.high))
    else:
        low, high = driver.window or (-np.inf, np.inf)
        outside = column.values < low if driver.shape is Shape.LOW else (column.values < low) | (column.values > high)
    gaps, weights = [], []
    for product in np.unique(problem.product):
        mine = rows & (problem.product == product)
        out, inside = mine & outside, mine & ~outside
        if out.any() and inside.any():
            gaps.append(rate[out].mean() - rate[inside].mean())
            weights.append(out.sum() * inside.sum() / mine.sum())
    return float(np.average(gaps, weights=weights))


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=10)
    parser.add_argument("--clear", type=float, default=10.0, help="size of the planted effects in standard errors")
    parser.add_argument("--seed", type=int, default=1000, help="the first seed of the planted tables")
    parser.add_argument("--part", choices=("healthy", "planted", "all"), default="all")
    chosen = parser.parse_args()
    started = time.process_time()
    if chosen.part in ("planted", "all"):
        planted(chosen.each, chosen.clear, chosen.seed)
    if chosen.part in ("healthy", "all"):
        healthy(chosen.each)
    print(f"{time.process_time() - started:.0f} s of one core")


if __name__ == "__main__":
    main()
