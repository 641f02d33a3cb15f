"""Alignment, the golden envelope with the share of good batches that leaves it, and where a bad one left first."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from jasang.analyze.batches import align, align_like, fair_scores, golden_envelope, judge_batches, warp_to

SHAPE = np.stack([np.sin(np.linspace(0, np.pi, 60)) * 50 + 20, np.linspace(0, 8, 60) ** 1.5])


def smooth_batches(rng: np.random.Generator, count: int, heavy: bool = False) -> np.ndarray:
    """(count, 2, 60): a common shape, an offset a batch, and smooth noise; `heavy` noise has t(3) offsets."""
    offset = rng.standard_t(3, (count, 2, 1)) if heavy else rng.standard_normal((count, 2, 1))
    wiggle = gaussian_filter1d(rng.standard_normal((count, 2, 60)), 3, axis=2) * 3
    return np.asarray(SHAPE + offset + wiggle)


def uneven(rng: np.random.Generator, count: int) -> list[np.ndarray]:
    """Ramp, hold and fall with phases of varying length, (rows, 1)."""
    found = []
    for _ in range(count):
        parts = rng.integers(15, 30, 3)
        course = np.concatenate([np.linspace(0, 10, parts[0]), np.full(parts[1], 10.0), np.linspace(10, 2, parts[2])])
        found.append((course + 0.05 * rng.standard_normal(course.size))[:, None])
    return found


def test_the_stated_share_of_fresh_good_batches_leaves_the_envelope() -> None:
    rng = np.random.default_rng(1)
    shares = []
    for heavy in (False, True):
        for count in (40, 120):
            for _ in range(12):
                envelope = golden_envelope(smooth_batches(rng, count, heavy), good=np.arange(count))
                judged = judge_batches(envelope, smooth_batches(rng, 400, heavy))
                shares.append(float((judged.score > 1).mean()) - envelope.outside.value)

    # The mean of 48 envelopes has a standard error of half a point. Scores of batches left out are a little larger than those of
    # fresh ones, which know all batches: the share errs to the careful side.
    assert -0.025 < float(np.mean(shares)) < 0.008


def test_few_batches_state_the_share_they_can_support() -> None:
    envelope = golden_envelope(smooth_batches(np.random.default_rng(2), 12), good=np.arange(12))

    assert envelope.outside.value == pytest.approx(1 / 13)
    assert envelope.outside.high > 0.2


def test_unjudged_bad_batches_are_set_aside_and_do_not_widen_the_band() -> None:
    rng = np.random.default_rng(3)
    batches = smooth_batches(rng, 100)
    batches[[10, 40, 41, 42, 90], 1, 30:] += 15.0

    envelope = golden_envelope(batches)

    assert envelope.set_aside.tolist() == [10, 40, 41, 42, 90]
    assert float(judge_batches(envelope, smooth_batches(rng, 500)).score.max()) < 2.0


def test_a_bad_batch_is_told_with_the_signal_and_point_it_left_at() -> None:
    rng = np.random.default_rng(4)
    envelope = golden_envelope(smooth_batches(rng, 100), names=("temperature", "pressure"))
    bad = smooth_batches(rng, 1) * 0 + SHAPE
    bad[0, 1, 35:] += 20.0
    bad[0, 0, 50:] += 40.0

    judged = judge_batches(envelope, bad)

    assert (judged.signal[0], judged.point[0], judged.first[0].tolist()) == (1, 35, [50, 35])
    assert judged.score[0] > 2.0


def test_a_batch_inside_has_nowhere_it_left() -> None:
    envelope = golden_envelope(smooth_batches(np.random.default_rng(5), 100))

    judged = judge_batches(envelope, SHAPE[None])

    assert (judged.signal[0], judged.point[0], bool(judged.score[0] < 1)) == (-1, -1, True)


def test_own_batches_are_scored_by_envelopes_without_them() -> None:
    envelope = golden_envelope(smooth_batches(np.random.default_rng(6), 60), good=np.arange(60))
    judged = judge_batches(envelope, smooth_batches(np.random.default_rng(6), 60))

    assert fair_scores(envelope, judged).tolist() == envelope.good_scores.tolist()
    assert float(envelope.good_scores.mean()) > float(judged.score.mean())


@pytest.mark.parametrize("method", ["warp", "phase"])
def test_uneven_phases_are_laid_on_each_other(method: str) -> None:
    rng = np.random.default_rng(7)
    batches = uneven(rng, 60)
    phases = [np.where(np.arange(b.shape[0]) < np.argmax(b[:, 0] > 9.8), 0, 1).astype(float) for b in batches]
    for one, batch in zip(phases, batches, strict=True):
        one[int(np.flatnonzero(batch[:, 0] > 9.8)[-1]) :] = 2.0

    even = align(batches, method="linear")
    found = align(batches, method=method, phases=phases)

    spread = float(found.values.std(axis=0).mean())
    assert spread < 0.5 * float(even.values.std(axis=0).mean())
    again = align_like(batches[:5], found, phases=phases[:5])
    assert float(np.abs(again.values - found.values[:5]).max()) < 0.8


def test_an_indicator_that_rises_is_the_axis() -> None:
    rng = np.random.default_rng(8)
    batches = []
    for _ in range(20):
        filled = np.cumsum(rng.uniform(0.5, 1.5, int(rng.integers(50, 90))))
        filled = filled / filled[-1] * 100
        batches.append(np.column_stack([filled, np.sin(filled / 20)]))

    found = align(batches, method="indicator", indicator=0, points=21)

    assert found.values[:, 0].max(axis=0) == pytest.approx(found.values[:, 0].min(axis=0), abs=6.0)
    assert float(found.values[:, 1].std(axis=0).max()) < 0.1


def test_warping_leaves_equal_curves_where_they_are() -> None:
    path = warp_to(np.repeat(SHAPE[None], 4, axis=0), SHAPE)

    assert path == pytest.approx(np.tile(np.arange(60.0), (4, 1)), abs=1e-9)


def test_what_is_not_possible_says_why() -> None:
    with pytest.raises(ValueError, match="at least 5 good batches, got 4"):
        golden_envelope(np.zeros((4, 1, 10)))
    with pytest.raises(ValueError, match="needs the phases"):
        align([np.zeros((5, 1))] * 3, method="phase")
    with pytest.raises(ValueError, match="batch 1: expected shape"):
        align([np.zeros((5, 1)), np.zeros((1, 1))])
