"""Are matches by chance as rare as told, are planted repeats found, and what does a search cost?

python -m benchmarks.similar_periods [--records 200]
"""

import argparse
import time

import numpy as np
from scipy.signal import lfilter

from jasang.analyze.similar_periods import chance_of_match, distance_profile, similar_periods, standard_scores


def record(rng: np.random.Generator, rows: int, signals: int, memory: float) -> np.ndarray:
    """Signals that remember and go together a little."""
    own = lfilter([1.0], [1.0, -memory], rng.standard_normal((rows, signals)), axis=0)
    return np.asarray(own + 0.5 * own[:, :1])


def chances(memory: float, records: int, noise: float | None) -> None:
    """How often the nearest match has p ≤ 5 %: without a repeat (`noise` None), or with one planted with that much noise."""
    rng = np.random.default_rng(9)
    below = first = 0
    for number in range(records):
        values = record(rng, 1200, 2, memory)
        if noise is not None:
            spread = values.std(axis=0)
            values[300:340] = values[1160:] + noise * spread * rng.standard_normal((40, 2))
        best = similar_periods(values, 1160, 1200, most=1)[0]
        chance = chance_of_match(values, 1160, 1200, np.array([best.distance]), surrogates=19, seed=number)
        below += bool(chance.p[0] <= 0.05)
        first += abs(best.start - 300) <= 1
    what = "no repeat" if noise is None else f"repeat with noise {noise}: found first {first}, and"
    print(f"memory {memory}, {what}: p ≤ 5 % in {below} of {records}", flush=True)


def cost() -> None:
    """Seconds of one search through 8,000 × 12, beside sliding windows in NumPy."""
    values = standard_scores(record(np.random.default_rng(1), 8000, 12, 0.9))
    began = time.process_time()
    distance_profile(values, 7840, 8000, likeness="level")
    ours = time.process_time() - began
    began = time.process_time()
    windows = np.lib.stride_tricks.sliding_window_view(values, 160, axis=0)
    plain = np.array([((windows[place] - values[7840:8000].T) ** 2).mean(axis=1) for place in range(windows.shape[0])])
    theirs = time.process_time() - began
    print(
        f"8,000 × 12, stretch of 160: {ours:.3f} s; sliding windows in NumPy {theirs:.2f} s ({plain.shape[0]} places)"
    )


def main() -> None:
    """Print the figures of docs/statistics.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=200)
    arguments = parser.parse_args()
    for memory in (0.0, 0.9, 0.98):
        chances(memory, arguments.records, None)
    for noise in (0.3, 0.6):
        chances(0.9, arguments.records, noise)
    cost()


if __name__ == "__main__":
    main()
