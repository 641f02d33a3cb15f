"""All steps of rows of block means: candidates at every length, moved to where they fit best, kept where the noise cannot."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from jasang.analyze.change_points.noise_scales import allowed_scales, lengths, mean_differences

_ROUNDS = 4  # a small step near a large one is seen after the large one is taken out
_PLACES = 3.0  # effective number of independent comparisons per block over all lengths


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Steps in order of row and place, shapes (k,): `place` is the number of blocks before the step.

    `size` is the difference of the means of the segments on both sides, `error` its standard error, `p` the chance of such a step
    anywhere in its row of block means.
    """

    row: np.ndarray
    place: np.ndarray
    before: np.ndarray
    after: np.ndarray
    error: np.ndarray
    p: np.ndarray

    @property
    def size(self) -> np.ndarray:
        return np.asarray(self.after - self.before)


def find_steps(means: np.ndarray, *, rows_in_block: int, chance: float) -> tuple[Steps, np.ndarray]:
    """Steps of block means, shape (rows, m), finite, and the scale of the noise left, shape (rows, lengths).

    `chance` bounds the chance of any false step in one row.
    """
    n, m = means.shape
    residual = means - means.mean(axis=1, keepdims=True)
    floor = 1e-9 * np.abs(means).max(axis=1)
    row, place = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    sums = _sums(means)
    noise = np.empty((n, lengths(m).size))
    active = np.arange(n)
    for _ in range(_ROUNDS):
        left = _sums(residual[active])
        noise[active] = np.maximum(allowed_scales(left, rows_in_block), floor[active, None])
        new_row, new_place = _candidates(left, noise[active], _threshold(m, chance))
        if not new_row.size:
            break
        known = row * (m + 1) + place
        joined = np.union1d(known, active[new_row] * (m + 1) + new_place)
        row, place = _settled(sums, noise, joined // (m + 1), joined % (m + 1), chance)
        changed = np.setxor1d(known, row * (m + 1) + place) // (m + 1)
        active = np.unique(changed)
        if not active.size:
            break
        residual[active] = _without_steps(means, sums, row, place)[active]
    return judged(sums, noise, row, place), noise


def _sums(means: np.ndarray) -> np.ndarray:
    out = np.zeros((means.shape[0], means.shape[1] + 1))
    np.cumsum(means, axis=1, out=out[:, 1:])
    return out


def _threshold(m: int, chance: float) -> float:
    return _quantile(m, chance / (_PLACES * m))


def _freedom(m: int) -> float:
    """The noise is measured from the blocks themselves: few blocks, heavy tails."""
    return max(4.0, 0.4 * m)


def _quantile(m: int, chance: float) -> float:
    return float(stats.t.isf(0.5 * chance, _freedom(m)))


def _candidates(sums: np.ndarray, noise: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows and places where neighbouring means lie too far apart, each at the shortest length that shows it."""
    m = sums.shape[1] - 1
    width = 3 * m  # rows stand so far apart on one axis that their neighbourhoods do not meet
    taken = np.empty(0, dtype=np.int64)
    for number, length in enumerate(lengths(m)):
        score = mean_differences(sums, int(length))
        score /= noise[:, number : number + 1]
        flat = score.ravel()
        over = np.flatnonzero(np.abs(flat) > threshold)
        if not over.size:
            continue
        sign = flat[over] > 0
        begin = np.flatnonzero(
            np.concatenate(
                [[True], (np.diff(over) > 1) | (sign[1:] != sign[:-1]) | (np.diff(over // score.shape[1]) > 0)]
            )
        )
        strength = np.abs(flat[over])
        highest = np.maximum.reduceat(strength, begin)
        group = np.repeat(np.arange(begin.size), np.diff(np.append(begin, over.size)))
        peaks = np.flatnonzero(strength == highest[group])
        peaks = peaks[np.unique(group[peaks], return_index=True)[1]]
        found = (over[peaks] // score.shape[1]) * width + over[peaks] % score.shape[1] + length
        order = np.argsort(-highest, kind="stable")
        taken = _apart(taken, found[order], int(length))
    taken.sort()
    return taken // width, taken % width


def _apart(taken: np.ndarray, found: np.ndarray, length: int) -> np.ndarray:
    """`taken` and those of `found`, strongest first, that lie no nearer than `length` to one that is taken."""
    if taken.size:
        known = np.sort(taken)
        right = np.searchsorted(known, found)
        near = np.minimum(
            np.abs(found - known[np.minimum(right, known.size - 1)]), np.abs(found - known[np.maximum(right - 1, 0)])
        )
        found = found[near >= length]
    kept: list[int] = []
    for one in found.tolist():
        if all(abs(one - other) >= length for other in kept):
            kept.append(one)
    return np.concatenate([taken, np.array(kept, dtype=np.int64)])


def neighbours(row: np.ndarray, place: np.ndarray, m: int) -> tuple[np.ndarray, np.ndarray]:
    """The places of the steps before and after each step in its row; 0 and m where there is none."""
    same = row[1:] == row[:-1]
    before, after = np.zeros_like(place), np.full_like(place, m)
    before[1:][same], after[:-1][same] = place[:-1][same], place[1:][same]
    return before, after


def _settled(
    sums: np.ndarray, noise: np.ndarray, row: np.ndarray, place: np.ndarray, chance: float
) -> tuple[np.ndarray, np.ndarray]:
    """The steps moved to where they fit best between their neighbours, the unlikely ones dropped, weakest of a row first."""
    for _ in range(2):
        row, place = _moved(sums, row, place)
    while row.size:
        steps = judged(sums, noise, row, place)
        # A step inside a block leaves a block between two levels: two steps the same way, one block apart, are one.
        twin = (np.diff(place) == 1) & (np.diff(row) == 0) & (steps.size[1:] * steps.size[:-1] > 0)
        split = np.zeros(row.size, dtype=bool)
        split[1:] |= twin & (steps.p[1:] >= steps.p[:-1])
        split[:-1] |= twin & (steps.p[1:] < steps.p[:-1])
        p = np.where(split, 1.0, steps.p)
        weak = np.flatnonzero(p > chance)
        if not weak.size:
            break
        first = np.lexsort((-p[weak], row[weak]))
        weakest = weak[first[np.unique(row[weak][first], return_index=True)[1]]]
        keep = np.ones(row.size, dtype=bool)
        keep[weakest] = False
        beside = np.zeros(row.size, dtype=bool)
        beside[np.maximum(weakest - 1, 0)] = beside[np.minimum(weakest + 1, row.size - 1)] = True
        row, place = _moved(sums, row[keep], place[keep], beside[keep])
    return row, place


def _moved(
    sums: np.ndarray, row: np.ndarray, place: np.ndarray, which: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Every step (or `which`) moved to the largest cumulative-sum contrast between its neighbours; those that meet become one."""
    if not row.size:
        return row, place
    before, after = neighbours(row, place, sums.shape[1] - 1)
    moved = place.copy()
    for step in np.flatnonzero(which if which is not None else np.ones(row.size, dtype=bool)):
        part = sums[row[step], before[step] : after[step] + 1]
        width = part.size - 1
        left = np.arange(1.0, width)
        apart = part[1:-1] - part[0]
        apart -= left * ((part[-1] - part[0]) / width)
        moved[step] = before[step] + 1 + int(np.argmax(np.square(apart) / (left * (width - left))))
    joined = np.unique(row * sums.shape[1] + moved)
    return joined // sums.shape[1], joined % sums.shape[1]


def scale_at(noise: np.ndarray, row: np.ndarray, length: np.ndarray, m: int) -> np.ndarray:
    """The noise's scale, shape (k,), at any length in blocks, between and beyond those of `lengths`."""
    at = np.log(lengths(m).astype(np.float64))
    if at.size == 1:
        return np.asarray(noise[row, 0] / np.sqrt(length))
    wanted = np.log(np.maximum(length, 1.0))
    right = np.clip(np.searchsorted(at, wanted), 1, at.size - 1)
    share = (wanted - at[right - 1]) / (at[right] - at[right - 1])
    low, high = np.log(noise[row, right - 1]), np.log(noise[row, right])
    return np.asarray(np.exp(low + share * (high - low)))


def judged(sums: np.ndarray, noise: np.ndarray, row: np.ndarray, place: np.ndarray) -> Steps:
    """The steps with the means of the segments on both sides and the chance of so large a difference."""
    m = sums.shape[1] - 1
    before, after = neighbours(row, place, m)
    left, right = place - before, after - place
    mean_before = (sums[row, place] - sums[row, before]) / np.maximum(left, 1)
    mean_after = (sums[row, after] - sums[row, place]) / np.maximum(right, 1)
    # The variance of a mean of n is half that of the difference of two such means, for noise that forgets.
    error = np.sqrt(0.5 * (scale_at(noise, row, left, m) ** 2 + scale_at(noise, row, right, m) ** 2))
    score = np.abs(mean_after - mean_before) / error
    p = np.minimum(1.0, _PLACES * m * 2.0 * stats.t.sf(score, _freedom(m)))
    return Steps(row=row, place=place, before=mean_before, after=mean_after, error=error, p=p)


def _without_steps(means: np.ndarray, sums: np.ndarray, row: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Block means less the mean of their segment."""
    n, m = means.shape
    jump = np.zeros((n, m))
    found = judged(sums, np.ones((n, lengths(m).size)), row, place)
    jump[row, place] = found.size
    level = np.cumsum(jump, axis=1)
    residual = means - level
    return np.asarray(residual - residual.mean(axis=1, keepdims=True))
