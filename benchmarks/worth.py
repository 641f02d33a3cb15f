"""Error of the worth of findings on planted problems whose true worth is known: a driver, a shift of the defect rate, stops.

python -m benchmarks.worth [--records 40] [--seed 0]
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from jasang.mentor.diagnose import diagnose

START = np.datetime64("2026-02-02T00:00", "s")
YEAR = 365.25
DEFECT, HOUR = 1_000.0, 40_000.0
PRICES = f'[factory]\nname = "shop"\n[costs]\ndefect = {DEFECT:.0f}\nmachine_hour = {HOUR:.0f}\n'
Made = tuple[str, float]  # rule, true worth a year


def units(days: int, per_day: int) -> tuple[np.ndarray, np.ndarray]:
    """Day numbers and times of the units."""
    day = np.repeat(np.arange(days), per_day)
    time = START + (day * 86_400 + np.tile(np.arange(per_day) * (36_000 // per_day), days)).astype("timedelta64[s]")
    return day, time


def driver(rng: np.random.Generator, folder: Path) -> Made:
    """Units with a mould under 58 degrees are bad more often."""
    days, per_day = int(rng.integers(25, 70)), int(rng.integers(100, 300))
    _, time = units(days, per_day)
    temperature = rng.normal(60.0, 1.5, time.size)
    more = float(rng.uniform(0.04, 0.12))
    low = temperature < 58.0
    _write(folder, time, rng, 0.015 + more * low, mold_temp=temperature, pressure=rng.normal(90.0, 2.0, time.size))
    return "driver", more * float(low.mean()) * per_day * YEAR * DEFECT


def shift(rng: np.random.Generator, folder: Path) -> Made:
    """The defect rate rises from a day on."""
    days, per_day = int(rng.integers(30, 70)), int(rng.integers(150, 400))
    day, time = units(days, per_day)
    more = float(rng.uniform(0.03, 0.08))
    onset = int(days * rng.uniform(0.4, 0.7))
    _write(folder, time, rng, 0.015 + more * (day >= onset), pressure=rng.normal(90.0, 2.0, time.size))
    return "mean_shift", more * per_day * YEAR * DEFECT


def stops(rng: np.random.Generator, folder: Path) -> Made:
    """One reason takes more of the planned time from a day on."""
    days = int(rng.integers(30, 60))
    onset = int(days * rng.uniform(0.4, 0.6))
    more, rows = float(rng.uniform(0.08, 0.2)), []
    for day in range(days):
        at = START + np.timedelta64(day * 86_400, "s")
        end = at + np.timedelta64(10 * 3_600, "s")
        wanted = {"nozzle": 0.02 + more * (day >= onset), "material": 0.03}
        pieces = [(reason, share * 36_000 * rng.gamma(20.0, 1 / 20)) for reason, share in wanted.items()]
        for reason, seconds in pieces:
            run = at + np.timedelta64(int(rng.uniform(3_000, 9_000)), "s")
            stop = run + np.timedelta64(int(seconds), "s")
            rows += [(at, run, "running", ""), (run, stop, "down", reason)]
            at = stop
        rows.append((at, end, "running", ""))
    names = ("start", "end", "state", "reason")
    frame = {name: [str(row[place]).replace("T", " ") for row in rows] for place, name in enumerate(names)}
    pl.DataFrame(frame).write_csv(folder / "states.csv")
    (folder / "factory.toml").write_text(PRICES, "utf-8")
    return "downtime", more * 10.0 * YEAR * HOUR


def _write(folder: Path, time: np.ndarray, rng: np.random.Generator, rate: np.ndarray, **columns: np.ndarray) -> None:
    frame = {"time": [str(moment).replace("T", " ") for moment in time]}
    frame |= {name: values.round(2) for name, values in columns.items()}
    frame |= {"verdict": np.where(rng.random(time.size) < rate, "NG", "OK")}
    pl.DataFrame(frame).write_csv(folder / "units.csv")
    (folder / "factory.toml").write_text(PRICES, "utf-8")


KINDS: dict[str, Callable[[np.random.Generator, Path], Made]] = {"driver": driver, "shift": shift, "stops": stops}


def main() -> None:
    """Plant, diagnose, compare."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=tuple(KINDS))
    given = parser.parse_args()
    for name, make in KINDS.items():
        if given.only not in (None, name):
            continue
        ratios, held, found = [], 0, 0
        for record in range(given.records):
            with tempfile.TemporaryDirectory() as place:
                rule, true = make(np.random.default_rng([given.seed, record]), Path(place))
                findings = diagnose(Path(place)).findings
            worths = [one.worth for one in findings if one.rule == rule and one.worth is not None]
            if worths:
                worth = max(worths, key=lambda each: each.amount)
                found += 1
                ratios.append(worth.amount / true)
                held += worth.low <= true <= worth.high
        middle, spread = np.median(ratios or [np.nan]), np.median(np.abs(np.array(ratios or [np.nan]) - 1))
        sys.stdout.write(
            f"{name:8s} found {found} of {given.records}; told / true: median {middle:.2f}, median error {100 * spread:.0f} %, "
            f"10 to 90 %: {np.percentile(ratios or [np.nan], 10):.2f}-{np.percentile(ratios or [np.nan], 90):.2f}; "
            f"interval holds the true worth in {held} of {found}\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
