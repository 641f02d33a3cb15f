"""False alarms and delays of residual charts on made processes: `python -m benchmarks.chart_alarms`.

Prints the table of docs/statistics.md, section Control charts: share of points that alarm on fresh data of a process in control,
and the median number of points until a lasting shift of two standard deviations is seen. One core, about a minute.
"""

import argparse
from collections.abc import Callable

import numpy as np
from scipy.signal import lfilter

from jasang.analyze import control_charts as charts
from jasang.analyze.run_rules import ALL_RULES, nelson_rules

FRESH, WARM = 1000, 300
Process = Callable[[np.random.Generator, int], np.ndarray]


def linear(ar: tuple[float, ...], ma: tuple[float, ...] = (), tail: float | None = None) -> Process:
    """Autoregressive moving-average noise."""

    def make(generator: np.random.Generator, size: int) -> np.ndarray:
        noise = generator.standard_normal(size + WARM) if tail is None else generator.standard_t(tail, size + WARM)
        return np.asarray(lfilter([1.0, *ma], [1.0, *(-one for one in ar)], noise)[WARM:])

    return make


PROCESSES: dict[str, Process] = {
    "white": linear(()),
    "AR(1) 0.5": linear((0.5,)),
    "AR(1) 0.9": linear((0.9,)),
    "AR(1) 0.98": linear((0.98,)),
    "AR(2) swinging": linear((1.2, -0.6)),
    "ARMA(1,1) 0.9, -0.5": linear((0.9,), (-0.5,)),
    "AR(1) 0.7, t(4)": linear((0.7,), (), 4.0),
    "white, rounded to 0.5 sigma": lambda generator, size: np.round(generator.standard_normal(size) * 2.0) / 2.0,
}


def measure(process: Process, size: int, runs: int) -> tuple[float, ...]:
    """Shares: plain rule 1, plain eight rules, ours beyond limits, usual set, all eight; median delay at 2 sigma."""
    generator = np.random.default_rng(11)
    shares, delays = [], []
    for _ in range(runs):
        values = process(generator, size + FRESH)
        trial, fresh = values[:size], values[size:]
        limits = charts.individuals_chart(trial).location
        plain = nelson_rules(fresh, centre=limits.centre, sigma=limits.sigma)
        model = charts.fit_forecast(trial)
        chart = charts.forecast_chart(fresh, model=model, past=trial, rules=ALL_RULES)
        usual = charts.forecast_chart(fresh, model=model, past=trial)
        shares.append(
            (
                plain[0].mean(),
                plain.any(axis=0).mean(),
                chart.rule_flags[0].mean(),
                usual.alarms.mean(),
                chart.alarms.mean(),
            )
        )
        moved = fresh + 2.0 * values.std()
        alarms = charts.forecast_chart(moved, model=model, past=trial).alarms
        delays.append(int(np.argmax(alarms)) + 1 if alarms.any() else FRESH)
    return (*np.mean(shares, axis=0).tolist(), float(np.median(delays)))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=60)
    asked = parser.parse_args()
    print("process | phase I | plain rule 1 | plain eight | beyond | usual set | eight | delay at 2 sigma")
    for name, process in PROCESSES.items():
        for size in (100, 500):
            found = measure(process, size, asked.runs)
            shares = " | ".join(f"{100 * share:.2f} %" for share in found[:-1])
            print(f"{name} | {size} | {shares} | {found[-1]:.0f}", flush=True)


if __name__ == "__main__":
    main()
