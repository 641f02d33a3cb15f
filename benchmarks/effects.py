"""Coverage, power and false "confirmed" of the effect of an action, beside ordinary ways to judge it.

python -m benchmarks.effects [--records 1000] [--seed 0] [--only coverage|shapes|power|verdicts]
"""

import argparse
import sys
from collections.abc import Callable

import numpy as np
from scipy import stats
from scipy.signal import lfilter

from jasang.analyze.effects import (
    Verdict,
    days_to_see,
    early_confidence,
    interrupted_series,
    judge,
    placebo_in_time,
)

SIZE = -1.0


def autocorrelated(rng: np.random.Generator, n: int, phi: float) -> np.ndarray:
    """Autoregressive noise of variance 1, shape (n,)."""
    found: np.ndarray = lfilter([1.0], [1.0, -phi], rng.normal(size=n + 300))[300:] * np.sqrt(1.0 - phi**2)
    return found


def welch(values: np.ndarray, place: int) -> tuple[float, float]:
    """Interval of the difference of two means, days taken as independent."""
    before, after = values[:place], values[place:]
    error = np.sqrt(before.var(ddof=1) / before.size + after.var(ddof=1) / after.size)
    half = stats.t.ppf(0.975, values.size - 2) * error
    return float(after.mean() - before.mean() - half), float(after.mean() - before.mean() + half)


def newey_west(values: np.ndarray, place: int) -> tuple[float, float]:
    """The same with Newey and West's errors, lags 4 (n/100)^(2/9)."""
    n = values.size
    design = np.column_stack([np.ones(n), (np.arange(n) >= place).astype(float)])
    inverse = np.linalg.inv(design.T @ design)
    beta = inverse @ design.T @ values
    scores = design * (values - design @ beta)[:, None]
    lags = int(4 * (n / 100) ** (2 / 9))
    middle = scores.T @ scores
    for lag in range(1, lags + 1):
        cross = scores[lag:].T @ scores[:-lag]
        middle += (1 - lag / (lags + 1)) * (cross + cross.T)
    half = stats.t.ppf(0.975, n - 2) * np.sqrt((inverse @ middle @ inverse)[1, 1])
    return float(beta[1] - half), float(beta[1] + half)


def ours(values: np.ndarray, place: int) -> tuple[float, float]:
    """Jasang's interval."""
    effect = interrupted_series(values, place, course=False)
    return effect.low, effect.high


def coverage(records: int, seed: int) -> None:
    """Share of 95 % intervals that hold the true effect, and their mean width."""
    ways: dict[str, Callable[[np.ndarray, int], tuple[float, float]]] = {
        "Welch": welch, "Newey-West": newey_west, "Jasang": ours,
    }  # fmt: skip
    print_line("phi   before+after   " + "   ".join(f"{name:>18s}" for name in ways))
    for before, after in ((60, 14), (60, 30), (120, 30)):
        for phi in (0.0, 0.3, 0.5, 0.8, 0.9):
            rng = np.random.default_rng(seed)
            held, width = dict.fromkeys(ways, 0), dict.fromkeys(ways, 0.0)
            for _ in range(records):
                values = autocorrelated(rng, before + after, phi)
                values[before:] += SIZE
                for name, way in ways.items():
                    low, high = way(values, before)
                    held[name] += low <= SIZE <= high
                    width[name] += (high - low) / records
            cells = [f"{100 * held[name] / records:6.1f} % (±{width[name] / 2:.2f})" for name in ways]
            print_line(f"{phi:3.1f}   {before:4d} + {after:3d}   " + "   ".join(f"{cell:>18s}" for cell in cells))


def shapes(records: int, seed: int) -> None:
    """Coverage where more is in the record: weekdays, a trend, controls, day noise, rates, heavy tails, gaps."""
    for name, make in SHAPES.items():
        rng = np.random.default_rng(seed)
        held, width = 0, 0.0
        for _ in range(records):
            values, options = make(rng)
            values[60:] += SIZE
            effect = interrupted_series(values, 60, course=False, **options)
            held += effect.low <= SIZE <= effect.high
            width += (effect.high - effect.low) / records
        print_line(f"{name:44s} {100 * held / records:5.1f} %  (±{width / 2:.2f})")


Made = tuple[np.ndarray, dict[str, np.ndarray]]


def _weekdays(rng: np.random.Generator) -> Made:
    weekday = np.arange(90) % 7
    return autocorrelated(rng, 90, 0.5) + 3.0 * (weekday >= 5), {"season": weekday}


def _trend(rng: np.random.Generator) -> Made:
    return autocorrelated(rng, 90, 0.3) + np.arange(90) * 0.05, {}


def _controls(rng: np.random.Generator) -> Made:
    shared = 2.0 * autocorrelated(rng, 90, 0.8)
    controls = shared[:, None] + rng.normal(0.0, 0.7, (90, 8))
    return shared + autocorrelated(rng, 90, 0.5), {"controls": controls}


def _idle_controls(rng: np.random.Generator) -> Made:
    return autocorrelated(rng, 90, 0.5), {"controls": rng.normal(size=(90, 8))}


def _day_noise(rng: np.random.Generator) -> Made:
    return 0.7 * autocorrelated(rng, 90, 0.9) + 0.7 * rng.normal(size=90), {}


def _heavy(rng: np.random.Generator) -> Made:
    return lfilter([1.0], [1.0, -0.5], rng.standard_t(4, 290))[200:] * 0.6, {}


def _gaps(rng: np.random.Generator) -> Made:
    values = autocorrelated(rng, 90, 0.8)
    values[rng.choice(90, 20, replace=False)] = np.nan
    return values, {}


def _rates(rng: np.random.Generator) -> Made:
    counts = rng.integers(10, 400, 90).astype(float)
    return 0.5 * autocorrelated(rng, 90, 0.6) + rng.normal(size=90) * np.sqrt(40.0 / counts), {"counts": counts}


SHAPES: dict[str, Callable[[np.random.Generator], Made]] = {
    "weekdays, phi 0.5": _weekdays,
    "a trend of 3 sigma over the time before": _trend,
    "eight controls that share a wander": _controls,
    "eight controls that share nothing": _idle_controls,
    "phi 0.9 under as much day noise": _day_noise,
    "t(4) noise, phi 0.5": _heavy,
    "a fifth of the days missing, phi 0.8": _gaps,
    "rates of 10 to 400 units, phi 0.6": _rates,
}


def power(records: int, seed: int) -> None:
    """Whether the days that are told really show the effect in 80 % of records."""
    for phi, size in ((0.0, 0.6), (0.0, 1.0), (0.3, 1.0), (0.5, 1.5), (0.8, 1.5)):
        rng = np.random.default_rng(seed)
        seen, waits, never = 0, [], 0
        for _ in range(records):
            values = autocorrelated(rng, 240, phi)
            waiting = days_to_see(values[:60], size)
            if waiting.days is None:
                never += 1
                continue
            values[60:] -= size
            waits.append(waiting.days)
            seen += interrupted_series(values[: 60 + waiting.days], 60, course=False).high < 0.0
        told = len(waits)
        middle = int(np.median(waits)) if waits else 0
        share = 100 * seen / max(told, 1)
        print_line(f"phi {phi:.1f}, {size:.1f} sigma: median {middle:3d} days; seen {share:.0f} % of {told}; "
                   f"never in {never}")  # fmt: skip


def verdicts(records: int, seed: int) -> None:
    """What is said where nothing was changed, looking at 7, 10, 14, 21 and 28 of 28 days, and of an effect of 2 sigma."""
    for size in (0.0, -2.0):
        for phi in (0.0, 0.5, 0.8):
            rng = np.random.default_rng(seed)
            said = dict.fromkeys(Verdict, 0)
            early_confirmed = alarms = 0
            for _ in range(records):
                values = autocorrelated(rng, 88, phi)
                values[60:] += size
                verdict = Verdict.TOO_EARLY
                for days in (7, 10, 14, 21, 28):
                    part = values[: 60 + days]
                    effect = interrupted_series(part, 60, course=False)
                    early = interrupted_series(part, 60, confidence=early_confidence(0.95, days / 28), course=False)
                    verdict = judge(effect, better=-1, days=days, needed=28, early=early)
                    if verdict is Verdict.CONFIRMED:
                        early_confirmed += days < 28
                        break
                said[verdict] += 1
            for _ in range(min(records, 60)):
                placebo = placebo_in_time(autocorrelated(rng, 88, phi), 60)
                alarms += placebo is not None and placebo.p_value <= 0.05
            words = ", ".join(f"{name.value} {100 * count / records:.1f} %" for name, count in said.items() if count)
            early_share = 100 * early_confirmed / records
            print_line(f"effect {size:4.1f} sigma, phi {phi:.1f}: {words}; before day 28 {early_share:.1f} %; "
                       f"placebo p <= 0.05 on nothing: {alarms} of {min(records, 60)}")  # fmt: skip


def print_line(text: str) -> None:
    """A line at once, for those who watch."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=("coverage", "shapes", "power", "verdicts"))
    given = parser.parse_args()
    for name, part in (("coverage", coverage), ("shapes", shapes), ("power", power), ("verdicts", verdicts)):
        if given.only in (None, name):
            print_line(f"\n{name}")
            part(given.records, given.seed)


if __name__ == "__main__":
    main()
