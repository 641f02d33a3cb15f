"""Scores every window and level of every column at once, and says how large the largest score gets by chance.

The score of a set of bins is the sum over blocks of time of (observed − expected) outcome inside the set, divided by its
standard error over blocks (a cluster-robust score test). Chance is simulated by turning the sign of whole blocks at random, the
same signs for all columns, and keeping the largest score each time (wild cluster bootstrap, Cameron, Gelbach & Miller 2008, with
the max-statistic of Westfall & Young 1993): that corrects for all columns, windows and spans tried, however they are correlated.

A score built on m blocks never says more than 2^(1 − m) would, so one or two bad events never make a driver.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from jasang.analyze.drivers.baseline import Baseline, standing
from jasang.analyze.drivers.bins import BinnedColumn
from jasang.analyze.drivers.contrast import Contrast, Judged, as_normal, contrast, judge
from jasang.analyze.drivers.layout import Layout
from jasang.analyze.drivers.problem import Shape

FLIPS = 128
_MOST_PRODUCT_VIEWS = 5
_NEAR = 0.8
_ONE_THREAD = 2**18
_MOST_KEPT = 20_000_000  # numbers, 80 MB


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
    score: float  # the column's largest: its evidence
    parting: (
        float  # how clearly the set parts the outcome, in standard errors: its size, without the bound of the score
    )
    excess: float  # outcome in the set beyond what the baseline expects there, all rows of the view together


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """How large the largest score gets by chance: as the largest of `tries` independent normal deviates.

    `tries` is fitted to the maxima of the flips, at their median and their 95 % point, whichever says more: the flips give the
    size of the family, the normal distribution the tail that no number of flips could reach.
    """

    tries: float

    def decades(self, score: float) -> float:
        """-log10 of the family-wise p-value of `score`, at most 300."""
        log_one = _log_tail(score)
        log_all = min(log_one + np.log(self.tries), 0.0)
        exact = -np.expm1(self.tries * np.log1p(-np.exp(min(log_one, -1e-12)))) if log_one > -600 else 0.0
        return float(min(-np.log10(exact) if exact > 1e-12 else -log_all / np.log(10), 300.0))

    def threshold(self, decades: float) -> float:
        """The score at which the family-wise p-value is 10^-decades."""
        return float(stats.norm.isf(min(0.5, 0.5 * 10.0**-decades / self.tries)))


def _log_tail(score: float) -> float:
    """Log of the two-sided tail of a normal deviate."""
    return float(np.log(2) + stats.norm.logsf(score))


def fit_chance(largest: np.ndarray) -> Chance:
    """The chance distribution behind the maxima of the flips, shape (FLIPS,)."""
    tries = 1.0
    for share in (0.5, 0.95):
        one = np.exp(_log_tail(float(np.quantile(largest, share))))
        tries = max(tries, float(np.log(share) / np.log1p(-min(one, 0.999))))
    return Chance(tries=tries)


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
    """All the data; each of the larger products alone; the last half of the time, for what began on some day."""
    everything = tuple(range(layout.strata))
    views = [View(first_block=0, strata=everything)]
    if layout.blocks >= 40:
        views.append(View(first_block=layout.blocks // 2, strata=everything))
    products = [int(p) for p in dict.fromkeys(layout.stratum_product.tolist()) if p >= 0]
    if len(products) > 1:
        for product in products[:_MOST_PRODUCT_VIEWS]:
            strata = tuple(np.flatnonzero(layout.stratum_product == product).tolist())
            if sum(layout.members[s].size for s in strata) >= 200:
                views.append(View(first_block=0, strata=strata, product=product))
    return tuple(views)


def signs(blocks: int, seed: int) -> np.ndarray:
    """Random signs of shape (FLIPS, blocks), float32: single precision is enough for a chance distribution."""
    found: np.ndarray = np.random.default_rng(seed).choice(
        np.array([-1.0, 1.0], dtype=np.float32), size=(FLIPS, blocks)
    )
    return found


class Scanner:
    """Scans the tallied columns against one residual after another, with the same views and signs."""

    def __init__(self, tallies: Sequence[Tally], layout: Layout, *, two_sided: bool, seed: int) -> None:
        self.tallies = tuple(tallies)
        self.layout = layout
        self.two_sided = two_sided
        self.views = views_of(layout)
        self.signs = signs(layout.blocks, seed)
        self._standings: dict[int, np.ndarray] = {}

    def scan(self, residual: np.ndarray, baseline: Baseline, only: Sequence[int] | None = None) -> list[Score]:
        """The best score of every column (those of `only`) against this residual of `baseline`."""
        found = [
            self._scan_column(index, residual, baseline.left_over(self._standing(index)), None)
            for index in (range(len(self.tallies)) if only is None else only)
        ]
        return [score for score in found if score is not None]

    def chance(self, residual: np.ndarray, baseline: Baseline, few: Sequence[int] = ()) -> tuple[Chance, Chance]:
        """How large the best score of all columns, and of the columns `few`, gets when whole blocks change sign at random."""
        largest = np.zeros((len(self.tallies), FLIPS))
        for index in range(len(self.tallies)):
            self._scan_column(index, residual, baseline.left_over(self._standing(index)), largest[index])
        of_all = fit_chance(largest.max(axis=0))
        return of_all, fit_chance(largest[list(few)].max(axis=0)) if few else of_all

    def _standing(self, index: int) -> np.ndarray:
        """The column's ranks without strata and slow course, kept while that takes little memory."""
        if index in self._standings:
            return self._standings[index]
        made = standing(self.tallies[index].binned, self.layout)
        if made.size * len(self.tallies) <= _MOST_KEPT:
            self._standings[index] = made
        return made

    def contrast(self, score: Score, residual: np.ndarray) -> Contrast:
        """The contrast behind a score, for all blocks (0 outside its view)."""
        item = self.tallies[score.column]
        spread = np.bincount(self.layout.stratum, weights=residual**2) / np.bincount(self.layout.stratum)
        found = self._contrast(item, _sums(item.binned, self.layout, residual), score.view, score.within, spread)
        before = np.zeros((score.view.first_block, found.gain.shape[1]))
        return replace(found, gain=np.vstack([before, found.gain]), weight=np.vstack([before, found.weight]))

    def _contrast(self, item: Tally, sums: np.ndarray, view: View, within: bool, spread: np.ndarray) -> Contrast:
        part = np.ix_(range(view.first_block, self.layout.blocks), view.strata, range(item.binned.bins))
        return contrast(sums[part], item.counts[part], item.binned.member, spread[list(view.strata)], within=within)

    def _scan_column(
        self, index: int, residual: np.ndarray, left_over: float, largest: np.ndarray | None
    ) -> Score | None:
        """The column's best score; `largest` (FLIPS,) is raised to the best under random signs."""
        item = self.tallies[index]
        sums = _sums(item.binned, self.layout, residual)
        squares = np.bincount(self.layout.stratum, weights=residual**2, minlength=self.layout.strata)
        spread = squares / np.bincount(self.layout.stratum, minlength=self.layout.strata).clip(1)
        free = np.array([self.two_sided or s.shape is Shape.LOW for s in item.binned.sets])
        tried: list[tuple[View, bool, Judged]] = []
        for view in self.views:
            for within in (True, False):
                found = self._contrast(item, sums, view, within, spread)
                judged = judge(found, max(left_over, 0.02), follow=not within)
                tried.append((view, within, judged))
                if largest is not None:
                    scaled = judged.parts.astype(np.float32)
                    flipped = as_normal(_flip(self.signs[:, : scaled.shape[0]], scaled), judged.effective)
                    np.maximum(largest, np.where(free, np.abs(flipped), flipped).max(axis=1), out=largest)
        return _best(index, tried, free)


def _flip(signs: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """`signs @ parts`, a few rows at a time.

    OpenBLAS spreads products of more than 2^18 multiplications over threads, and thousands of small products then spend most of
    their time waiting for each other: six times slower on a busy machine with two cores.
    """
    rows = max(1, _ONE_THREAD // max(parts.size, 1))
    return np.vstack([signs[start : start + rows] @ parts for start in range(0, signs.shape[0], rows)])


def _best(index: int, tried: list[tuple[View, bool, Judged]], free: np.ndarray) -> Score | None:
    """The set that parts the outcome best among those whose score comes near the largest of the column."""
    scores = np.stack([np.where(free, np.abs(judged.score), judged.score) for _, _, judged in tried])
    highest = float(scores.max(initial=0.0))
    if highest <= 0:
        return None
    parting = np.stack([np.abs(judged.parting) for _, _, judged in tried])
    where, top = np.unravel_index(int(np.where(scores >= _NEAR * highest, parting, -1.0).argmax()), scores.shape)
    view, within, judged = tried[int(where)]
    return Score(
        column=index,
        view=view,
        within=within,
        set_index=int(top),
        sign=1 if judged.score[top] >= 0 else -1,
        score=highest,
        parting=float(parting[where, top]),
        excess=float(abs(judged.total[top])),
    )
