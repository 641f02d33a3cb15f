"""How often joint windows, pairs and lags are found, invented, and cover the truth: `python -m benchmarks.causes`.

Prints the table of docs/statistics.md, section Causes. One core, about two minutes; `--each N` records of every kind.
"""

import argparse
import time

import numpy as np
from tests.analyze.causes.made import day_of, stations, together, two_columns, unrelated

from jasang.analyze.causes import find_interactions, lagged_effect, lined_up, operating_window


def windows(each: int, first: int) -> None:
    """Joint windows: the columns found, judged right, and the interval of the difference."""
    both = held = covered = made = 0
    for seed in range(first, first + each):
        outcome, columns, rate = two_columns(seed, jumps=0.0)
        window = operating_window(outcome, columns, day=day_of(outcome.size))
        if window is None:
            continue
        made += 1
        both += {bound.column for bound in window.bounds} == {"mould", "hold"}
        held += window.holds
        later = np.arange(outcome.size) >= window.judged_from
        outside = window.outside_of(columns)
        truth = rate[later & (outside == 1)].mean() - rate[later & (outside == 0)].mean()
        covered += window.difference.low <= truth <= window.difference.high
    print(
        f"window   planted {each}: told {made}, both columns {both}, borne out {held}, interval holds {covered}",
        flush=True,
    )
    false = sum(
        window is not None and window.holds
        for seed in range(first, first + each)
        for kind in ("flat", "days")
        for outcome, columns in [unrelated(seed, kind)]
        for window in [operating_window(outcome, columns, day=day_of(outcome.size))]
    )
    print(f"window   healthy {2 * each}: borne out {false}", flush=True)


def pairs(each: int, first: int) -> None:
    """Pairs that hurt only together."""
    found = covered = extra = 0
    for seed in range(first, first + each):
        outcome, columns = together(seed)
        told = find_interactions(outcome, columns, day=day_of(outcome.size))
        mine = [one for one in told if {one.first.column, one.second.column} == {"a", "b"}]
        found += bool(mine)
        extra += len(told) - len(mine)
        covered += bool(mine and mine[0].low <= 0.10 <= mine[0].high)
    print(f"pair     planted {each}: found {found}, interval holds {covered}, others told {extra}", flush=True)
    for kind in ("flat", "days", "main"):
        false = sum(
            bool(find_interactions(*unrelated(seed, kind), alpha=0.05)) for seed in range(first, first + 2 * each)
        )
        print(f"pair     healthy {kind} {2 * each}: told at 5 % {false}", flush=True)


def lags(each: int, first: int) -> None:
    """Lags between stations."""
    found = lag = slope = false = 0
    for seed in range(first, first + each):
        upstream, values, downstream, outcome = stations(seed)
        told = lagged_effect(upstream, values, downstream, outcome, longest=4 * 3600.0)
        found += told is not None
        lag += told is not None and told.lag_low <= 2400 <= told.lag_high
        slope += told is not None and told.low <= 0.02 <= told.high
        upstream, values, downstream, outcome = stations(seed, effect=0.0)
        false += lagged_effect(upstream, values, downstream, outcome, longest=4 * 3600.0, alpha=0.05) is not None
    print(
        f"lag      planted {each}: found {found}, interval holds the lag {lag}, the slope {slope}; "
        f"healthy {each}: told at 5 % {false}",
        flush=True,
    )


def coincidences(each: int, first: int) -> None:
    """Changes that meet by accident at the stated 5 %."""
    rng = np.random.default_rng(first)
    met = sum(
        bool(lined_up(rng.uniform(20, 80), {str(k): rng.uniform(0, 100, 3) for k in range(8)}, record=(0, 100)))
        for _ in range(50 * each)
    )
    print(f"met      healthy {50 * each}: told at 5 % {met}", flush=True)


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1000)
    chosen = parser.parse_args()
    started = time.process_time()
    for part in (windows, pairs, lags, coincidences):
        part(chosen.each, chosen.seed)
    print(f"{time.process_time() - started:.0f} s of one core")


if __name__ == "__main__":
    main()
