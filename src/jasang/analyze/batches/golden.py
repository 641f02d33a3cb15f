"""The golden batch: the median course of the good batches and the envelope that a stated share of good batches leaves.

The band is simultaneous: over the whole course and all signals together. Each good batch is judged by an envelope made without
it and its neighbours in time; the limit is the order statistic of those scores that leaves the share asked for outside
(conformal prediction: Vovk, Gammerman & Shafer 2005), which holds for batches that are exchangeable, of whatever distribution.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from jasang.analyze.batches.align import Aligned

FEWEST_GOOD = 5
SHARE_OUTSIDE = 0.05
FOLDS = 10
_TYPICAL = 0.9  # the quantile of each signal's largest deviation that makes signals comparable
_FAR = 4.0  # robust standard deviations of log scores beyond which a batch nobody judged is set aside
_MOST_SET_ASIDE = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share with its 90 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Envelope:
    """The course to follow and how far from it is still usual; arrays have shape (signals, points).

    `lower` and `upper` bound the band; `outside` is the share of good batches that leave it somewhere. `good` are the batches it
    was made from and `good_scores` their scores by envelopes made without them (limit 1); `set_aside` those left out unasked.
    `whole` are the signals that are one number a batch (its duration), known only at its end.
    """

    names: tuple[str, ...]
    centre: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    outside: Share
    good: np.ndarray
    good_scores: np.ndarray
    set_aside: np.ndarray
    whole: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """What the envelope says of batches: `score` (batches,), limit 1; `by_signal` (batches, signals) the same for each signal.

    `signal` and `point` (batches,) say where the batch left the envelope first, -1 where it did not; `first` (batches, signals)
    the point at which each signal left; `share_outside` (batches,) of signals × points.
    """

    score: np.ndarray
    by_signal: np.ndarray
    signal: np.ndarray
    point: np.ndarray
    first: np.ndarray
    share_outside: np.ndarray


def golden_envelope(
    aligned: Aligned | np.ndarray,
    *,
    names: Sequence[str] | None = None,
    good: np.ndarray | None = None,
    share_outside: float = SHARE_OUTSIDE,
    whole: Sequence[int] = (),
) -> Envelope:
    """The envelope of good batches: aligned ones, or an array (batches, signals, points).

    `good` is bool (batches,) or row numbers; without it the batches unlike most are set aside, at most 30 %.
    `whole` names the signals (places) whose course is one number repeated, such as the duration of the batch.

    Raises
    ------
    ValueError
        Fewer than `FEWEST_GOOD` good batches, or a share not between 0 and 0.5.
    """
    values = np.asarray(aligned.values if isinstance(aligned, Aligned) else aligned, dtype=np.float64)
    if values.ndim != 3:
        raise ValueError(f"expected shape (batches, signals, points), got {values.shape}")
    if not 0.0 < share_outside < 0.5:
        raise ValueError(f"the share of good batches outside must lie between 0 and 0.5, got {share_outside}")
    chosen = np.arange(values.shape[0]) if good is None else np.arange(values.shape[0])[np.asarray(good)]
    if chosen.size < FEWEST_GOOD:
        raise ValueError(f"an envelope needs at least {FEWEST_GOOD} good batches, got {chosen.size}")
    everyone = chosen
    deviations = _left_out(values[chosen])
    if good is None:
        for _ in range(3):
            plain = _plain(deviations)
            if plain.all() or everyone.size - plain.sum() > _MOST_SET_ASIDE * everyone.size:
                break
            kept = chosen[plain]
            if kept.size < max(FEWEST_GOOD, (1 - _MOST_SET_ASIDE) * everyone.size):
                break
            chosen = kept
            deviations = _left_out(values[chosen])
    typical = _typical(deviations)
    scores = np.nanmax(deviations / typical, axis=1)
    limit, outside = _limit(scores, share_outside)
    centre, spread = _course(values[chosen])
    half = limit * typical[:, None] * spread
    given = tuple(names) if names is not None else tuple(f"x{place + 1}" for place in range(values.shape[1]))
    return Envelope(
        names=given,
        centre=centre,
        lower=centre - half,
        upper=centre + half,
        outside=outside,
        good=chosen,
        good_scores=scores / limit,
        set_aside=np.setdiff1d(everyone, chosen),
        whole=tuple(whole),
    )


def judge_batches(envelope: Envelope, aligned: Aligned | np.ndarray) -> Judged:
    """Judge batches on the same axis: their score, and where and in which signal each left the envelope first."""
    values = np.asarray(aligned.values if isinstance(aligned, Aligned) else aligned, dtype=np.float64)
    if values.shape[1:] != envelope.centre.shape:
        raise ValueError(f"expected batches of shape {envelope.centre.shape}, got {values.shape[1:]}")
    half = np.maximum((envelope.upper - envelope.lower) / 2.0, 1e-300)
    size: np.ndarray = np.nan_to_num(np.abs(values - envelope.centre) / half)
    by_signal = size.max(axis=2)
    out = size > 1.0
    points = values.shape[2]
    first = np.where(out.any(axis=2), out.argmax(axis=2), points)
    for one in envelope.whole:
        first[:, one] = np.where(first[:, one] < points, points - 1, points)
    # Of signals that leave at the same point the one furthest out is named.
    earliest = first.min(axis=1)
    there = np.take_along_axis(size, np.minimum(earliest, points - 1)[:, None, None], axis=2)[:, :, 0]
    signal = np.where(first == earliest[:, None], there, -1.0).argmax(axis=1)
    left = earliest < points
    return Judged(
        score=by_signal.max(axis=1),
        by_signal=by_signal,
        signal=np.where(left, signal, -1),
        point=np.where(left, earliest, -1),
        first=np.where(first < points, first, -1),
        share_outside=out.mean(axis=(1, 2)),
    )


def fair_scores(envelope: Envelope, judged: Judged) -> np.ndarray:
    """The scores of all batches with those of the envelope's own batches made without them, shape (batches,)."""
    scores = judged.score.copy()
    scores[envelope.good] = envelope.good_scores
    return scores


def _course(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Median course and robust spread around it, both (signals, points); the spread is evened over neighbouring points."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a signal that no batch has: NaN stays NaN
        median = np.nanmedian if np.isnan(values).any() else np.median
        centre = np.asarray(median(values, axis=0))
        spread = 1.4826 * np.asarray(median(np.abs(values - centre), axis=0))
        width = min(5, spread.shape[1])
        kernel = np.ones(width) / width
        padded = np.pad(spread, ((0, 0), (width // 2, width - 1 - width // 2)), mode="edge")
        even = np.array([np.convolve(row, kernel, mode="valid") for row in padded])
        # Where all good batches agree to the last digit, a tenth of the usual spread (or a thousandth of the level) still passes.
        usual = np.nanmedian(even, axis=1, keepdims=True)
        floor = np.maximum(0.1 * usual, 1e-3 * np.nanmax(np.abs(centre), axis=1, keepdims=True))
    return centre, np.fmax(np.fmax(even, floor), 1e-12)


def _left_out(values: np.ndarray) -> np.ndarray:
    """Each batch's largest deviation in each signal, (batches, signals), by a course without it and its neighbours in time."""
    count = values.shape[0]
    found = np.empty(values.shape[:2])
    folds = min(FOLDS, count)
    for places in np.array_split(np.arange(count), folds):
        centre, spread = _course(np.delete(values, places, axis=0))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            found[places] = np.nanmax(np.abs(values[places] - centre) / spread, axis=2)
    return np.nan_to_num(found)


def _typical(deviations: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(np.quantile(deviations, _TYPICAL, axis=0), 1e-9))


def _plain(deviations: np.ndarray) -> np.ndarray:
    """True for batches whose largest deviation is no outlier among the others, in any signal."""
    size = np.log(np.maximum(np.max(deviations / np.maximum(np.median(deviations, axis=0), 1e-9), axis=1), 1e-9))
    middle = float(np.median(size))
    spread = max(1.4826 * float(np.median(np.abs(size - middle))), 0.05)
    return np.asarray(size <= middle + _FAR * spread)


def _limit(scores: np.ndarray, share_outside: float) -> tuple[float, Share]:
    """The score that the asked share of fresh good batches exceeds, and the share so reached with its 90 % interval.

    With n batches and the r-th smallest as limit, the true share outside is distributed as Beta(n + 1 - r, r). Batches that
    remember each other say as much as fewer: n (1 - ρ) / (1 + ρ), ρ the lag-1 correlation of their scores.
    """
    count = scores.size
    rank = min(count, int(np.ceil((count + 1) * (1.0 - share_outside) - 1e-9)))
    limit = max(float(np.sort(scores)[rank - 1]), 1e-9)
    ranks = stats.rankdata(scores) - (count + 1) / 2.0
    memory = float(np.clip((ranks[1:] @ ranks[:-1]) / max(float(ranks @ ranks), 1e-12), 0.0, 0.95))
    memory = memory if memory > 2.0 / np.sqrt(count) else 0.0
    kept = (1.0 - memory) / (1.0 + memory)
    spread = stats.beta((count + 1 - rank) * kept, rank * kept)
    return limit, Share(value=1.0 - rank / (count + 1), low=float(spread.ppf(0.05)), high=float(spread.ppf(0.95)))
