"""Do the intervals of warnings hold, and how often is a finding told where nothing foretells the result?

python -m benchmarks.early_warning_simulation [--tables 200]
"""

import argparse

import numpy as np

from jasang.analyze.early_warning import (
    WarningProblem,
    count_warnings,
    fit_warning,
    judge_model,
    judge_warning,
    warning_probability,
    warning_problem,
)


def foretold(rng: np.random.Generator, rows: int, memory: float) -> WarningProblem:
    """Four quantities, of which three foretell; with `memory` they wander as AR(1) and bad units come in spells."""
    noise = rng.normal(size=(rows, 4)) * np.sqrt(1 - memory**2)
    values = np.empty_like(noise)
    values[0] = rng.normal(size=4)
    for row in range(1, rows):
        values[row] = memory * values[row - 1] + noise[row]
    risk = np.where((values[:, 0] > 0.8) & (values[:, 1] + values[:, 2] > 0.5), 0.7, 0.01)
    return warning_problem(values, (rng.random(rows) < risk).astype(float))


def nothing(rng: np.random.Generator, rows: int, kind: str) -> WarningProblem:
    """Columns and results that do not know of each other: without memory, with it, or with rates that wander."""
    values, rate = rng.normal(size=(rows, 6)), np.full(rows, 0.04)
    if kind != "white":
        values = np.cumsum(values, axis=0) if kind == "walk" else values
        rate = np.clip(0.04 * np.exp(np.cumsum(rng.normal(0, 0.02, rows))), 0.005, 0.3)
    return warning_problem(values, (rng.random(rows) < rate).astype(float))


def coverage(memory: float, samples: int) -> None:
    """Share of fresh samples whose intervals hold the figures of 200,000 fresh units."""
    rng = np.random.default_rng(7)
    model = fit_warning(foretold(rng, 4000, memory), effort="quick")
    long = foretold(rng, 200_000, memory)
    truth = count_warnings(warning_probability(model, long) >= model.threshold, long.outcome)
    held = dict.fromkeys(("precision", "recall", "f1", "mcc"), 0)
    for _ in range(samples):
        judged = judge_model(model, foretold(rng, 3000, memory))
        for name in held:
            one = getattr(judged, name)
            held[name] += one.low <= getattr(truth, name) <= one.high
    shares = ", ".join(f"{name} {100 * count / samples:.0f} %" for name, count in held.items())
    print(f"memory {memory}: of {samples} samples the 95 % interval held {shares}", flush=True)


def false_alarms(kind: str, tables: int) -> None:
    """Tables without anything foretold: not refused, and passed by the rule's chance of 0.2 % as well."""
    rng = np.random.default_rng(11)
    trusted = told = 0
    for _ in range(tables):
        judged = judge_warning(nothing(rng, 3000, kind), protocol="later", share=0.65, effort="quick")
        trusted += judged.refused is None
        told += judged.refused is None and judged.p_value <= 0.002
    print(f"{kind}: of {tables} tables {trusted} not refused, {told} of them told by the rule", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=200)
    tables = parser.parse_args().tables
    for memory in (0.0, 0.9):
        coverage(memory, tables)
    for kind in ("white", "rates", "walk"):
        false_alarms(kind, tables)


if __name__ == "__main__":
    main()
