"""Every step of 50 columns of 86,400 rows: `python -m benchmarks.change_points [speed | null | peers]`.

Steps of 1 to 5 standard deviations, 0 to 11 a column, at least 600 rows apart, in AR(1) noise of unit variance. A found step is
true when it lies within 60 rows (0.07 % of the record) of a planted one, each planted one counted once. `null` counts steps found
in days without one. `peers` runs ruptures on the same columns (install it beside the project: `uv run --with ruptures …`).
"""

import importlib
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.signal import lfilter

from jasang.analyze.change_points import all_change_points

ROWS, COLUMNS = 86_400, 50
TOLERANCE = 60  # rows
SIZES = (1.0, 2.0, 3.0, 5.0)  # standard deviations
PATIENCE = 60.0  # CPU seconds for a peer


def autoregressive(generator: np.random.Generator, phi: float, columns: int = COLUMNS) -> np.ndarray:
    """AR(1) noise of unit variance, shape (ROWS, columns)."""
    start = 2000
    noise = lfilter([np.sqrt(1 - phi**2)], [1, -phi], generator.standard_normal((ROWS + start, columns)), axis=0)
    return np.ascontiguousarray(noise[start:])


def flicker(generator: np.random.Generator, columns: int = COLUMNS) -> np.ndarray:
    """1/f noise, shape (ROWS, columns)."""
    frequency = np.fft.rfftfreq(2 * ROWS)
    frequency[0] = frequency[1]
    shape = (frequency.size, columns)
    spectrum = (generator.standard_normal(shape) + 1j * generator.standard_normal(shape)) / np.sqrt(frequency)[:, None]
    return np.ascontiguousarray(np.fft.irfft(spectrum, axis=0)[:ROWS])


def planted(seed: int, phi: float) -> tuple[np.ndarray, list[np.ndarray]]:
    """Values, shape (ROWS, COLUMNS), and the first rows of the new levels of each column."""
    generator = np.random.default_rng(seed)
    values = autoregressive(generator, phi)
    truth = []
    for column in range(COLUMNS):
        count = int(generator.integers(0, 12))
        rows = np.sort(generator.choice(np.arange(1, ROWS // 900), count, replace=False)) * 900
        rows = rows + generator.integers(0, 300, count)
        for row in rows:
            values[row:, column] += generator.choice([-1, 1]) * generator.choice(SIZES)
        truth.append(rows)
    return values, truth


def hits(found: np.ndarray, truth: np.ndarray, tolerance: int) -> int:
    """Planted steps that were found, each found step used once."""
    left, count = sorted(found.tolist()), 0
    for row in truth:
        near = [one for one in left if abs(one - row) <= tolerance]
        if near:
            left.remove(min(near, key=lambda one: abs(one - row)))
            count += 1
    return count


def f1(found: list[np.ndarray], truth: list[np.ndarray], tolerance: int = TOLERANCE) -> float:
    """Twice the true ones over found and planted together."""
    true = sum(hits(one, other, tolerance) for one, other in zip(found, truth, strict=True))
    return 2 * true / max(1, sum(map(len, found)) + sum(map(len, truth)))


def speed() -> None:
    """CPU seconds, F1 and coverage of the intervals."""
    for phi in (0.0, 0.3, 0.6, 0.9):
        seconds, scores, exact, covered, near, size_held = [], [], [], 0, 0, 0
        for seed in range(5):
            values, truth = planted(seed, phi)
            start = time.process_time()
            changes = all_change_points(values)
            seconds.append(time.process_time() - start)
            found = [one.places for one in changes]
            scores.append(f1(found, truth))
            exact.append(f1(found, truth, 5))
            for one, rows in zip(changes, truth, strict=True):
                for row in rows:
                    place = int(np.argmin(np.abs(one.places - row))) if one.places.size else -1
                    if place >= 0 and abs(one.places[place] - row) < 400:
                        near += 1
                        covered += int(one.earliest[place] <= row <= one.latest[place])
                        size_held += int(
                            any(
                                one.lows[place] <= sign * size <= one.highs[place] for size in SIZES for sign in (-1, 1)
                            )
                        )
        print(
            f"phi {phi}: {min(seconds):.3f} to {max(seconds):.3f} CPU s, F1 {np.mean(scores):.4f} within {TOLERANCE} rows, "
            f"{np.mean(exact):.3f} within 5; row inside its interval {covered / near:.3f}, size {size_held / near:.3f}"
        )


def null() -> None:
    """Steps found in column-days without one."""
    makers: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
        f"AR(1) {phi}": (lambda generator, phi=phi: autoregressive(generator, phi))  # type: ignore[misc]
        for phi in (0.0, 0.3, 0.6, 0.8, 0.9, 0.95, 0.99)
    }
    makers["1/f"] = flicker
    makers["random walk"] = lambda generator: np.cumsum(generator.standard_normal((ROWS, COLUMNS)), axis=0)
    makers["heavy tails (t, 3)"] = lambda generator: generator.standard_t(3, (ROWS, COLUMNS))
    for name, make in makers.items():
        days = steps = columns = spreads = 0
        for seed in range(8):
            values = make(np.random.default_rng([7, seed]))
            counts = [one.places.size for one in all_change_points(values)]
            spreads += sum(one.places.size for one in all_change_points(values, of="spread"))
            days, steps, columns = days + COLUMNS, steps + sum(counts), columns + sum(count > 0 for count in counts)
        print(f"{name}: {steps} steps of the mean and {spreads} of the scatter in {days} column-days", flush=True)


def peers() -> None:
    """ruptures with its window, PELT and binary segmentation, as its documentation shows them."""
    ruptures = importlib.import_module("ruptures")

    values, truth = planted(0, 0.0)
    makers: dict[str, Callable[[], Any]] = {
        "window (l2, 900 rows)": lambda: ruptures.Window(width=900, model="l2"),
        "binary segmentation (l2, jump 5)": lambda: ruptures.Binseg(model="l2"),
        "PELT (l2, jump 5)": lambda: ruptures.Pelt(model="l2"),
    }
    penalty = 3.0 * np.log(ROWS)
    for name, make in makers.items():
        start, found = time.process_time(), []
        for column in range(COLUMNS):
            found.append(np.array(make().fit(values[:, column]).predict(pen=penalty)[:-1]))
            if time.process_time() - start > PATIENCE:
                break
        seconds = time.process_time() - start
        done = len(found)
        print(
            f"ruptures {name}: {done} of {COLUMNS} columns in {seconds:.1f} CPU s, F1 {f1(found, truth[:done]):.3f}",
            flush=True,
        )


def main() -> None:
    """Run the part asked for; speed and null without one."""
    wanted = sys.argv[1:] or ["speed", "null"]
    parts = {"speed": speed, "null": null, "peers": peers}
    for name in wanted:
        parts[name]()


if __name__ == "__main__":
    main()
