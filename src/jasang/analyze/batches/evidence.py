"""Whether bad batches, or the last ones, leave the golden course more than chance allows, in records whose batches remember."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

FEWEST_BAD = 3
FEWEST_BLOCKS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class BadOutside:
    """`bad_outside` of `bad` bad batches and `good_outside` of `good` good ones left the envelope.

    `p` is Fisher's exact one-sided probability; `p_shift` that of labels moved along the record, which keeps their runs: bad
    batches come in spells, and so do batches that run differently.
    """

    bad_outside: int
    bad: int
    good_outside: int
    good: int
    p: float
    p_shift: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LatelyOutside:
    """`outside` of the last `of` batches left the envelope of those before; `times` is how many times the limit their median is.

    `p` judges their median score against those of the blocks before, each seen from the other blocks (Student's t).
    """

    outside: int
    of: int
    times: float
    p: float


def bad_outside(scores: np.ndarray, bad: np.ndarray) -> BadOutside:
    """Bad batches against good ones in order of time: `scores` (b,) with limit 1, `bad` (b,) 1.0, 0.0 or NaN where not judged.

    Raises
    ------
    ValueError
        There is no bad or no good batch.
    """
    known = np.isfinite(bad)
    marks, out = bad[known] == 1.0, scores[known] > 1.0
    if not marks.any() or marks.all():
        raise ValueError("expected both good and bad batches")
    table = np.array([[(out & marks).sum(), (~out & marks).sum()], [(out & ~marks).sum(), (~out & ~marks).sum()]])
    ranks = stats.rankdata(scores[known])
    mine = float(ranks[marks].mean())
    # Every shift at once: the mean rank of the marks moved by each offset is a circular correlation.
    moved = np.fft.irfft(np.fft.rfft(ranks) * np.conj(np.fft.rfft(marks.astype(float))), marks.size) / marks.sum()
    return BadOutside(
        bad_outside=int(table[0, 0]),
        bad=int(marks.sum()),
        good_outside=int(table[1, 0]),
        good=int((~marks).sum()),
        p=float(stats.fisher_exact(table, alternative="greater").pvalue),
        p_shift=float((1 + (moved[1:] >= mine - 1e-9).sum()) / marks.size),
    )


def lately_outside(history: np.ndarray, lately: np.ndarray) -> LatelyOutside:
    """The last batches' scores against those of the batches before, both with limit 1 and in order of time.

    `history` are scores by envelopes made without the batch and its neighbours (`Envelope.good_scores`).

    Raises
    ------
    ValueError
        The history is shorter than `FEWEST_BLOCKS` times the last batches.
    """
    size = lately.size
    blocks = history.size // size if size else 0
    if blocks < FEWEST_BLOCKS:
        raise ValueError(f"expected {FEWEST_BLOCKS} blocks of {size} batches before the last ones, got {blocks}")
    parts = np.log(np.maximum(history[history.size - blocks * size :], 1e-6)).reshape(blocks, size)
    usual = np.median(parts, axis=1)
    now = float(np.median(np.log(np.maximum(lately, 1e-6))))
    spread = max(float(usual.std(ddof=1)), 0.05) * np.sqrt(1.0 + 1.0 / blocks)
    return LatelyOutside(
        outside=int((lately > 1.0).sum()),
        of=size,
        times=float(np.exp(now)),
        p=float(stats.t.sf((now - usual.mean()) / spread, blocks - 1)),
    )


def common_course(values: np.ndarray) -> np.ndarray:
    """How much of each signal's variance within batches the mean course of the other batches tells, (signals,) of
    (batches, signals, points): near 0 or less where the signal knows nothing of the batch.
    """
    own = values - np.nanmean(values, axis=2, keepdims=True)
    spread = np.nanpercentile(np.abs(own), 97, axis=(0, 2))[None, :, None]
    own = np.nan_to_num(np.clip(own, -spread, spread))
    others = (own.sum(axis=0) - own) / max(own.shape[0] - 1, 1)
    total = (own**2).mean(axis=(0, 2))
    rest = ((own - others) ** 2).mean(axis=(0, 2))
    return np.asarray(np.where(total > 0, 1.0 - rest / np.where(total > 0, total, 1.0), 0.0))
