"""How often capability intervals hold the truth, and how many stable processes pass: `python -m benchmarks.capability [runs]`."""

import sys
from collections import Counter
from collections.abc import Callable

import numpy as np
from scipy import signal, stats

from jasang.analyze.capability import capability_study

Make = Callable[[np.random.Generator], np.ndarray]


def autocorrelated(n: int, phi: float) -> Make:
    """First-order autoregressive values of mean 0 and variance 1."""

    def make(generator: np.random.Generator) -> np.ndarray:
        noise = generator.standard_normal(n + 300) * np.sqrt(1.0 - phi**2)
        return np.asarray(signal.lfilter([1.0], [1.0, -phi], noise)[300:])

    return make


def drawn(distribution: object, n: int) -> Make:
    """Independent values of a scipy distribution."""
    return lambda generator: np.asarray(distribution.rvs(size=n, random_state=generator))  # type: ignore[attr-defined]


def cases() -> list[tuple[str, Make, float | None, float, float, float]]:
    """Name, values, limits, true Ppk, true share outside."""
    off = stats.norm.cdf(-3) + stats.norm.sf(5)
    found: list[tuple[str, Make, float | None, float, float, float]] = []
    for n in (20, 50, 200):
        found.append((f"normal, off centre, n {n}", autocorrelated(n, 0.0), -3.0, 5.0, 1.0, off))
        found.append((f"normal, centred, n {n}", autocorrelated(n, 0.0), -4.0, 4.0, 4 / 3, 2 * stats.norm.sf(4)))
    found.append(("normal, one side, n 30", autocorrelated(30, 0.0), None, 3.0, 1.0, stats.norm.sf(3)))
    for phi, n in ((0.5, 200), (0.8, 200), (0.8, 1000), (0.9, 1000)):
        found.append((f"AR(1) {phi}, n {n}", autocorrelated(n, phi), -3.0, 5.0, 1.0, off))
    for name, distribution in (
        ("lognormal 0.4", stats.lognorm(0.4)),
        ("gamma 4", stats.gamma(4)),
        ("Weibull 1.5", stats.weibull_min(1.5)),
        ("t 5", stats.t(5)),
    ):
        found.extend(
            (f"{name}, n {n}", drawn(distribution, n), None, distribution.isf(0.00135), 1.0, 0.00135)
            for n in (100, 300)
        )
    return found


def main(runs: int) -> None:
    """Print one line a case."""
    generator = np.random.default_rng(11)
    sys.stdout.write("case | Ppk held | above | below | expected share held | observed share held | refused | shapes\n")
    for name, make, low, high, ppk, outside in cases():
        held = np.zeros(6)
        shapes: Counter[str] = Counter()
        for _ in range(runs):
            made = capability_study(make(generator), low=low, high=high)
            expected, observed = made.expected_outside, made.observed_outside
            shapes[made.shape.kind] += 1
            held += [
                made.ppk.low <= ppk <= made.ppk.high,
                made.ppk.low > ppk,
                made.ppk.high < ppk,
                expected.low <= outside <= expected.high,
                observed.low <= outside <= observed.high,
                not made.stable,
            ]
        figures = " | ".join(f"{100 * one / runs:.1f} %" for one in held)
        sys.stdout.write(f"{name} | {figures} | {dict(shapes)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
