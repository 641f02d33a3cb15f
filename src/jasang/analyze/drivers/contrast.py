"""The outcome inside a set of bins against what is expected there, block by block: the arithmetic below every score."""

from dataclasses import dataclass

import numpy as np

_REACH = 5  # blocks


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """Of every set of bins: observed minus expected outcome `gain` and design weight `weight`, both (blocks, sets).

    `gain` = Σ (w − w̄) r and `weight` = Σ (w − w̄)² over the rows of a block, w = 1 in the set. `floor` (sets,) is the variance
    that the total gain would have if all rows were independent.
    """

    gain: np.ndarray
    weight: np.ndarray
    floor: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a contrast says of every set, arrays (sets,).

    `parts` (blocks, sets) adds up to the total over its root of summed squares, whose chance distribution is known under random
    signs; `score` is that sum on the scale of a normal deviate, and `effective` the number of blocks that carry the set.
    `parting` is the total over its standard error around the estimated effect: it has no bound and so tells strong sets apart.
    """

    score: np.ndarray
    parts: np.ndarray
    effective: np.ndarray
    parting: np.ndarray
    total: np.ndarray


def contrast(sums: np.ndarray, counts: np.ndarray, member: np.ndarray, spread: np.ndarray, *, within: bool) -> Contrast:
    """The contrast of one column in one view.

    Parameters
    ----------
    sums, counts : residuals summed and rows counted by block, stratum and bin, shape (blocks, strata, bins)
    member : 1 where a bin belongs to a set, shape (bins, sets)
    spread : mean squared residual of each stratum
    within : compare rows with others of their own block and stratum, else with all of their stratum
    """
    sums = _centre(sums, counts)
    rows = counts.sum(axis=2)
    in_set = counts @ member
    if within:
        share = in_set / rows.clip(1e-9)[..., None]
        weights = in_set * (1 - share)
    else:
        share = (in_set.sum(axis=0) / rows.sum(axis=0).clip(1e-9)[:, None])[None]
        weights = in_set * (1 - 2 * share) + rows[..., None] * share**2
    gain = (sums @ member - sums.sum(axis=2)[..., None] * share).sum(axis=1)
    return Contrast(gain=gain, weight=weights.sum(axis=1), floor=np.einsum("s,ksm->m", spread, weights))


def judge(found: Contrast, left_over: float, *, follow: bool = False) -> Judged:
    """Scores of all sets; `left_over` is the share of the column's spread that the baseline does not explain.

    With `follow`, what neighbouring blocks have in common beyond the set's own effect widens the error (Newey & West's weights):
    compared over all the time, a slow column meets a slow wave of the outcome more often than independent blocks would.
    """
    total = found.gain.sum(axis=0)
    floor = found.floor * left_over
    squares = (found.gain**2).sum(axis=0)
    weight = found.weight.sum(axis=0)
    slope = total / np.where(weight > 1e-9, weight, np.inf)
    around = found.gain - slope * found.weight
    common = _in_common(around) if follow else np.zeros(total.size)
    error = np.sqrt(np.maximum(squares + common, floor))
    usable = error > 1e-9
    parts = np.where(usable, found.gain / np.where(usable, error, 1.0), 0.0)
    centred = np.maximum((around**2).sum(axis=0) + common, np.maximum(floor, 1e-18))
    parting = np.where(usable, total / np.sqrt(centred), 0.0)
    effective = weight**2 / (found.weight**2).sum(axis=0).clip(1e-12)
    return Judged(
        score=as_normal(parts.sum(axis=0), effective), parts=parts, effective=effective, parting=parting, total=total
    )


def as_normal(sums: np.ndarray, effective: np.ndarray) -> np.ndarray:
    """Self-normalised sums over `effective` blocks as normal deviates, so that sets on few and on many blocks compare.

    s = t / √(1 + t²/(m − 1)) turned back into Student's t and then into z by Wallace's formula (Annals of Mathematical Statistics
    30, 1959, 1124). m blocks of either sign cannot show less than 2^(1 − m), which ends the scale at s² = ¾ m.
    """
    freedom = np.maximum(effective - 1, 1.0)
    filled = np.minimum(sums**2 / np.maximum(effective, 2.0), 0.75)
    found: np.ndarray = np.sign(sums) * (8 * freedom + 1) / (8 * freedom + 3) * np.sqrt(-freedom * np.log1p(-filled))
    return found


def _in_common(around: np.ndarray) -> np.ndarray:
    """Twice the weighted sums of products of blocks up to `_REACH` apart, never negative; shape (sets,)."""
    common = np.zeros(around.shape[1])
    for lag in range(1, min(_REACH, around.shape[0] - 1) + 1):
        common += 2 * (1 - lag / (_REACH + 1)) * (around[lag:] * around[:-lag]).sum(axis=0)
    return np.maximum(common, 0.0)


def _centre(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Without each stratum's mean over this view and over the rows that have a value."""
    rows = counts.sum(axis=(0, 2)).clip(1e-9)
    mean = sums.sum(axis=(0, 2)) / rows
    centred: np.ndarray = sums - counts * mean[None, :, None]
    return centred
