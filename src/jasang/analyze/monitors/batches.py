"""A monitor of batches, shots or cycles: each is one curve a signal, and is judged as a whole against the normal ones before it.

The curves are stretched to the same number of points and laid out as one row a batch (unfolding: Nomikos & MacGregor,
Technometrics 37 (1995) 41-59); principal components and what they leave go to a monitor that also sees changes from
batch to batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jasang.analyze.monitors.lag_model import FOLDS
from jasang.analyze.monitors.monitor import FALSE_ALARM_RATE, FEWEST_ROWS, Monitor, Scores, score, train_monitor

POINTS = 24  # of each curve
BATCHES_FOR_COMPONENT = 15.0
MOST_COMPONENTS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchMonitor:
    """A monitor of batches of `names`, p signals: mean and spread of the unfolded curves, (p · POINTS,), their components."""

    names: tuple[str, ...]
    centre: np.ndarray
    scale: np.ndarray
    components: np.ndarray  # (p · POINTS, k)
    monitor: Monitor


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchScores:
    """`scores` judge each batch (limit 1); `shares` (batches, p) is each signal's part of the batch's squared deviation, and
    `phase` (batches, p) where along the batch, 0 to 1, the signal deviates most.
    """

    scores: Scores
    shares: np.ndarray
    phase: np.ndarray


def train_batch_monitor(
    batches: Sequence[np.ndarray], *, names: Sequence[str] | None = None, false_alarm_rate: float = FALSE_ALARM_RATE
) -> BatchMonitor:
    """A monitor of normal batches in order of time, each (rows, p) of any number of rows ≥ 2 without missing values.

    Raises
    ------
    ValueError
        Fewer than 100 batches, a batch of another number of signals, of one row, or with missing values.
    """
    if len(batches) < FEWEST_ROWS:
        raise ValueError(f"a batch monitor needs at least {FEWEST_ROWS} normal batches, got {len(batches)}")
    unfolded = _unfolded(batches, np.asarray(batches[0]).shape[1])
    given = tuple(names) if names is not None else tuple(f"x{place + 1}" for place in range(batches[0].shape[1]))
    centre, scale = unfolded.mean(axis=0), unfolded.std(axis=0)
    # A point that never moved has no spread of its own; a hundredth of the usual one makes a change there plain, not infinite.
    scale = np.maximum(scale, max(0.01 * float(np.median(scale)), 1e-9))
    standard = (unfolded - centre) / scale
    _, _, axes = np.linalg.svd(standard, full_matrices=False)
    count = int(np.clip(len(batches) / BATCHES_FOR_COMPONENT, 1, min(MOST_COMPONENTS, axes.shape[0] - 1)))
    components = axes[:count].T
    inputs = np.column_stack([standard @ components, _rest_left_out(standard, count)])
    labels = [f"component {place + 1}" for place in range(count)] + ["rest"]
    monitor = train_monitor(inputs, names=labels, false_alarm_rate=false_alarm_rate)
    return BatchMonitor(names=given, centre=centre, scale=scale, components=components, monitor=monitor)


def score_batches(batch_monitor: BatchMonitor, batches: Sequence[np.ndarray]) -> BatchScores:
    """Scores of batches in order of time, each (rows, p)."""
    signals = len(batch_monitor.names)
    standard = (_unfolded(batches, signals) - batch_monitor.centre) / batch_monitor.scale
    squared = (standard**2).reshape(len(batches), signals, POINTS)
    sums = squared.sum(axis=2)
    return BatchScores(
        scores=score(batch_monitor.monitor, _inputs(standard, batch_monitor.components)),
        shares=sums / np.maximum(sums.sum(axis=1, keepdims=True), 1e-12),
        phase=squared.argmax(axis=2) / (POINTS - 1.0),
    )


def _rest_left_out(standard: np.ndarray, count: int) -> np.ndarray:
    """What is left of each batch beside the components of the batches of other stretches of time, (batches,).

    The components of all batches would leave less of these than of any fresh one.
    """
    found = np.empty(standard.shape[0])
    for places in np.array_split(np.arange(standard.shape[0]), FOLDS):
        others = np.delete(standard, places, axis=0)
        _, _, axes = np.linalg.svd(others - others.mean(axis=0), full_matrices=False)
        found[places] = _inputs(standard[places] - others.mean(axis=0), axes[:count].T)[:, -1]
    return found


def _inputs(standard: np.ndarray, components: np.ndarray) -> np.ndarray:
    """Components and the cube root of what they leave, which is about normal."""
    states = standard @ components
    rest = ((standard - states @ components.T) ** 2).sum(axis=1)
    return np.column_stack([states, np.cbrt(rest)])


def _unfolded(batches: Sequence[np.ndarray], signals: int) -> np.ndarray:
    rows = []
    for place, batch in enumerate(batches):
        curve = np.asarray(batch, dtype=np.float64)
        if curve.ndim != 2 or curve.shape[1] != signals or curve.shape[0] < 2 or not np.isfinite(curve).all():
            raise ValueError(f"batch {place}: expected (rows ≥ 2, {signals}) finite numbers, got shape {curve.shape}")
        old, new = np.linspace(0.0, 1.0, curve.shape[0]), np.linspace(0.0, 1.0, POINTS)
        rows.append(np.concatenate([np.interp(new, old, curve[:, signal]) for signal in range(signals)]))
    return np.array(rows)
