"""Batches are judged as whole curves: healthy ones seldom alarm, a bent curve does, with the signal and the phase."""

import numpy as np
import pytest

from jasang.analyze.monitors import score_batches, train_batch_monitor


def _batches(count: int, seed: int) -> list[np.ndarray]:
    """Shots of 40 to 60 rows: three curves with a common size that wanders from shot to shot."""
    rng = np.random.default_rng(seed)
    size = 0.0
    found = []
    for _ in range(count):
        size = 0.7 * size + rng.normal()
        time = np.linspace(0.0, 1.0, int(rng.integers(40, 60)))
        curves = [np.sin(np.pi * time), time * (1.0 + 0.05 * size), np.exp(-3.0 * time) + 0.02 * size]
        found.append(np.column_stack(curves) + 0.02 * rng.normal(size=(time.size, 3)))
    return found


def test_fresh_batches_seldom_alarm_and_a_bent_curve_does_with_its_phase() -> None:
    monitor = train_batch_monitor(_batches(400, 1), names=("pressure", "position", "temperature"))
    fresh = _batches(600, 2)
    bent = _batches(40, 3)
    for batch in bent[10:]:
        batch[batch.shape[0] // 2 : batch.shape[0] // 2 + 6, 0] += 0.12

    quiet, broken = score_batches(monitor, fresh), score_batches(monitor, bent)

    assert quiet.scores.alarm.mean() <= 0.01
    assert broken.scores.alarm[12:].mean() > 0.9
    assert (broken.shares[12:].argmax(axis=1) == 0).mean() > 0.9
    assert abs(np.median(broken.phase[12:, 0]) - 0.55) < 0.08


def test_too_few_or_torn_batches_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 100 normal batches, got 20"):
        train_batch_monitor(_batches(20, 1))
    monitor = train_batch_monitor(_batches(120, 1))
    with pytest.raises(ValueError, match="batch 0: expected"):
        score_batches(monitor, [np.full((30, 3), np.nan)])
