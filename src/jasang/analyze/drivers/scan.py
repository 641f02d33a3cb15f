"""Scores every window and level of every column at once, and says how large the largest score gets by chance.

The score of a set of bins is the sum over blocks of time of (observed − expected) outcome inside the set, divided by its
standard error over blocks (a cluster-robust score test). Chance is simulated by turning the sign of whole blocks at random, the
same signs for all columns, and keeping the largest score each time (wild cluster bootstrap, Cameron, Gelbach & Miller 2008, with
the max-statistic of Westfall & Young 1993): that corrects for all columns, windows and spans tried, however they are correlated.

A score built on m blocks cannot exceed √m, so one or two bad events never make a driver.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from jasang.analyze.drivers.bins import BinnedColumn
from jasang.analyze.drivers.layout import Layout
from jasang.analyze.drivers.problem import Shape

FLIPS = 400
_MOST_PRODUCT_VIEWS = 5
_LEAST_MERGED = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The part of the data a score is taken over: blocks from `first_block` on, of the strata `strata` (indices)."""

    first_block: int
    strata: tuple[int, ...]
    product: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The best set of one column in one view. `within` = rows were compared inside blocks only."""

    column: int
    view: View
    within: bool
    set_index: int
    sign: int  # +1: worse in the set, -1: worse outside it
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """How large the largest score gets by chance: as the largest of `tries` independent t values of `freedom` degrees.

    `tries` is fitted to the maxima of the flips, at their median and their 95 % point, whichever says more: the flips give the
    size of the family, Student's t the tail that no number of flips could reach.
    """

    tries: float
    freedom: float

    def decades(self, score: float) -> float:
        """-log10 of the family-wise p-value of `score`, at most 300."""
        log_one = _log_tail(score, self.freedom)
        log_all = min(log_one + np.log(self.tries), 0.0)
        exact = -np.expm1(self.tries * np.log1p(-np.exp(min(log_one, -1e-12)))) if log_one > -600 else 0.0
        return float(min(-np.log10(exact) if exact > 1e-12 else -log_all / np.log(10), 300.0))


def _log_tail(score: float, freedom: float) -> float:
    """Log of the two-sided tail of a self-normalised score: s = t / sqrt(1 + t² / freedom) never exceeds sqrt(freedom)."""
    bound = min(score**2 / (freedom + 1), 1 - 1e-9)
    student = score / np.sqrt(1 - bound)
    return float(np.log(2) + stats.t.logsf(student, freedom))


def fit_chance(largest: np.ndarray, blocks: int) -> Chance:
    """The chance distribution behind the maxima of the flips, shape (FLIPS,)."""
    freedom = float(max(blocks - 1, 2))
    tries = 1.0
    for share in (0.5, 0.95):
        one = np.exp(_log_tail(float(np.quantile(largest, share)), freedom))
        tries = max(tries, float(np.log(share) / np.log1p(-min(one, 0.999))))
    return Chance(tries=tries, freedom=freedom)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Rows of one column counted by block, stratum and bin, shape (blocks, strata, bins)."""

    binned: BinnedColumn
    counts: np.ndarray


def tally(binned: BinnedColumn, layout: Layout) -> Tally:
    """Count the column once; the sums of the outcome change with every step of the search, the counts do not."""
    return Tally(binned=binned, counts=_sums(binned, layout, None))


def _sums(binned: BinnedColumn, layout: Layout, weights: np.ndarray | None) -> np.ndarray:
    places = binned.bins + 1
    key = layout.cell * places + binned.codes
    summed = np.bincount(key, weights=weights, minlength=layout.blocks * layout.strata * places)
    shaped = summed.reshape(layout.blocks, layout.strata, places)[..., : binned.bins]
    return np.ascontiguousarray(shaped, dtype=np.float64)


def views_of(layout: Layout) -> tuple[View, ...]:
    """All the data; each of the larger products alone; the last half and quarter of the time, for what began on some day."""
    everything = tuple(range(layout.strata))
    views = [View(first_block=0, strata=everything)]
    if layout.blocks >= 40:
        views += [View(first_block=layout.blocks * share // 4, strata=everything) for share in (2, 3)]
    products = [int(p) for p in dict.fromkeys(layout.stratum_product.tolist()) if p >= 0]
    if len(products) > 1:
        for product in products[:_MOST_PRODUCT_VIEWS]:
            strata = tuple(np.flatnonzero(layout.stratum_product == product).tolist())
            if sum(layout.members[s].size for s in strata) >= 200:
                views.append(View(first_block=0, strata=strata, product=product))
    return tuple(views)


def signs(blocks: int, seed: int) -> np.ndarray:
    """Random signs of shape (FLIPS, blocks)."""
    return np.random.default_rng(seed).choice(np.array([-1.0, 1.0]), size=(FLIPS, blocks))


def merge_factor(residual: np.ndarray, layout: Layout) -> int:
    """How many neighbouring blocks must be taken together until their sums no longer follow each other: 1, 2 or 4."""
    total = np.bincount(layout.block, weights=residual, minlength=layout.blocks)
    sums = total / np.sqrt(np.bincount(layout.block, minlength=layout.blocks))
    for factor in (1, 2, 4):
        if sums.size // factor < _LEAST_MERGED:
            return factor
        merged = np.add.reduceat(sums, np.arange(0, sums.size, factor))
        merged = merged - merged.mean()
        spread = float(merged @ merged)
        if spread == 0 or float(merged[1:] @ merged[:-1]) / spread < 1.0 / np.sqrt(merged.size):
            return factor
    return 4


class Scanner:
    """Scans the tallied columns against one residual after another, with the same views and signs."""

    def __init__(self, tallies: Sequence[Tally], layout: Layout, *, two_sided: bool, seed: int) -> None:
        self.tallies = tuple(tallies)
        self.layout = layout
        self.two_sided = two_sided
        self.views = views_of(layout)
        self.signs = signs(layout.blocks, seed)

    def scan(
        self, residual: np.ndarray, left_over: Callable[[int], float], only: Sequence[int] | None = None
    ) -> tuple[list[Score], Chance]:
        """The best score of every column (those of `only`), and the chance distribution of the best of all of them.

        `left_over(j)` is the share of column j's spread that the baseline does not explain; the score's standard error never
        falls below that of independent rows with this spread, or a rare defect that happens to be absent would look certain.
        """
        factor = merge_factor(residual, self.layout)
        largest = np.zeros(FLIPS)
        best: list[Score] = []
        for index in range(len(self.tallies)) if only is None else only:
            scores = self._scan_column(index, residual, factor, left_over(index), largest)
            if scores is not None:
                best.append(scores)
        return best, fit_chance(largest, self.layout.blocks)

    def gain(self, score: Score, residual: np.ndarray) -> np.ndarray:
        """Observed minus expected by block (all blocks, 0 outside the view) and set of the score's column, its sign applied."""
        item = self.tallies[score.column]
        part = np.ix_(range(score.view.first_block, self.layout.blocks), score.view.strata, range(item.binned.bins))
        counts = item.counts[part]
        sums = _centre(_sums(item.binned, self.layout, residual)[part], counts)
        spread = np.ones(len(score.view.strata))
        found, _ = _contrast(sums, counts, item.binned.member, spread, score.within, 1.0)
        return np.vstack([np.zeros((score.view.first_block, found.shape[1])), found * score.sign])

    def _scan_column(
        self, index: int, residual: np.ndarray, factor: int, left_over: float, largest: np.ndarray
    ) -> Score | None:
        item = self.tallies[index]
        sums = _sums(item.binned, self.layout, residual)
        squares = np.bincount(self.layout.stratum, weights=residual**2, minlength=self.layout.strata)
        spread = squares / np.bincount(self.layout.stratum, minlength=self.layout.strata).clip(1)
        free = np.array([_both_signs(s.shape, self.two_sided) for s in item.binned.sets])
        found: Score | None = None
        for view in self.views:
            part = np.ix_(range(view.first_block, self.layout.blocks), view.strata, range(item.binned.bins))
            counts, centred = item.counts[part], sums[part]
            centred = _centre(centred, counts)
            for within in (True, False):
                gain, floor = _contrast(
                    centred, counts, item.binned.member, spread[list(view.strata)], within, left_over
                )
                steps = 1 if within else factor
                score, chance = _scores(gain, floor, steps, self.signs[:, : gain.shape[0]])
                np.maximum(largest, np.where(free, np.abs(chance), chance).max(axis=1), out=largest)
                ranked = np.where(free, np.abs(score), score)
                top = int(ranked.argmax())
                if found is None or ranked[top] > found.score:
                    found = Score(
                        column=index,
                        view=view,
                        within=within,
                        set_index=top,
                        sign=1 if score[top] >= 0 else -1,
                        score=float(ranked[top]),
                    )
        return found


def _both_signs(shape: Shape, two_sided: bool) -> bool:
    return two_sided or shape is Shape.LOW


def _centre(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Without each stratum's mean over this view and over the rows that have a value."""
    rows = counts.sum(axis=(0, 2)).clip(1e-9)
    mean = sums.sum(axis=(0, 2)) / rows
    centred: np.ndarray = sums - counts * mean[None, :, None]
    return centred


def _contrast(
    sums: np.ndarray, counts: np.ndarray, member: np.ndarray, spread: np.ndarray, within: bool, left_over: float
) -> tuple[np.ndarray, np.ndarray]:
    """Observed minus expected in every set, by block (blocks, sets), and the least variance of its total (sets,)."""
    rows = counts.sum(axis=2)
    if within:
        share = counts / rows.clip(1e-9)[..., None]
    else:
        share = np.broadcast_to(counts.sum(axis=0) / rows.sum(axis=0).clip(1e-9)[:, None], counts.shape)
    gain = (sums - sums.sum(axis=2)[..., None] * share).sum(axis=1) @ member
    if within:
        inside = share @ member
        floor = np.einsum("ks,s,ksm->m", rows, spread, inside * (1 - inside))
    else:
        inside = share[0] @ member
        floor = np.einsum("s,s,sm->m", rows.sum(axis=0), spread, inside * (1 - inside))
    return gain, floor * max(left_over, 0.02)


def _scores(gain: np.ndarray, floor: np.ndarray, factor: int, flips: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The score of every set (sets,) and its values under random signs (FLIPS, sets)."""
    if factor > 1:
        gain = np.add.reduceat(gain, np.arange(0, gain.shape[0], factor), axis=0)
    error = np.sqrt(np.maximum((gain**2).sum(axis=0), floor))
    usable = error > 1e-12
    scaled = np.where(usable, gain / np.where(usable, error, 1.0), 0.0)
    return scaled.sum(axis=0), flips[:, : gain.shape[0]] @ scaled
