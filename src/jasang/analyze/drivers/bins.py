"""Bins every candidate once: numbers at quantiles that are finer towards both ends, categories at their levels.

A window or level is then a set of bins, and all its sums over any rows are sums of bin sums.
"""

from dataclasses import dataclass

import numpy as np

from jasang.analyze.drivers.problem import CategoricalColumn, Column, NumericColumn, Shape

# Finer towards the ends: a start-up effect touches few rows, and they stand at one end.
_CUT_SHARES = np.array([0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.065, 0.08, 0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5])
_SHARES = np.concatenate([_CUT_SHARES, 1 - _CUT_SHARES[-2::-1]])
_END_SHARES = (0.015, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3)  # of either tail of a window with two open sides
MOST_LEVELS = 40
LEAST_ROWS = 15  # on the smaller side of a cut, or at a level


@dataclass(frozen=True, slots=True, kw_only=True)
class BinSet:
    """A set of bins in which the outcome may be worse: below cut `lower`, above cut `upper`, or the level `level`."""

    shape: Shape
    lower: int | None = None
    upper: int | None = None
    level: int | None = None  # index into the column's levels
    level_bin: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BinnedColumn:
    """A column as bin codes. `codes` uint8 with `bins` = missing; `member[b, s]` is 1 where bin b belongs to set s."""

    column: Column
    codes: np.ndarray
    bins: int
    cuts: np.ndarray  # float64, ascending, shape (bins - 1,); empty for categories
    sets: tuple[BinSet, ...]
    member: np.ndarray  # float64, shape (bins, sets)

    @property
    def name(self) -> str:
        """The column's name."""
        return self.column.name


def bin_column(column: Column) -> BinnedColumn | None:
    """The column in bins, or `None` when it does not vary enough to compare anything."""
    if isinstance(column, NumericColumn):
        return _bin_numbers(column)
    return _bin_levels(column)


def cut_points(values: np.ndarray, shares: np.ndarray = _SHARES, least: int = LEAST_ROWS) -> np.ndarray:
    """Cuts midway between neighbouring values, near the quantiles `shares`, with at least `least` rows on either side."""
    known = values[~np.isnan(values)]
    distinct, counts = np.unique(known, return_counts=True)
    if distinct.size < 2:
        return np.empty(0)
    below = np.cumsum(counts)[:-1]  # rows at or below distinct[i], for every possible cut
    least = max(least, int(0.003 * known.size))
    allowed = np.flatnonzero((below >= least) & (known.size - below >= least))
    if allowed.size == 0:
        return np.empty(0)
    if allowed.size > shares.size:
        near = np.searchsorted(below[allowed], shares * known.size).clip(0, allowed.size - 1)
        before = (near - 1).clip(0)
        closer = np.abs(below[allowed[before]] - shares * known.size) < np.abs(
            below[allowed[near]] - shares * known.size
        )
        allowed = allowed[np.unique(np.where(closer, before, near))]
    cuts: np.ndarray = (distinct[allowed] + distinct[allowed + 1]) / 2
    # Midway may round to the upper neighbour when both are adjacent floats; the lower value then is the cut.
    return np.unique(np.where(cuts >= distinct[allowed + 1], distinct[allowed], cuts))


def _bin_numbers(column: NumericColumn) -> BinnedColumn | None:
    cuts = cut_points(column.values)
    if cuts.size == 0:
        return None
    bins = cuts.size + 1
    missing = np.isnan(column.values)
    codes = np.searchsorted(cuts, column.values, side="left")
    codes[missing] = bins
    filled = np.bincount(codes[~missing], minlength=bins)
    at_or_below = np.cumsum(filled)[:-1] / filled.sum()
    sets = [BinSet(shape=Shape.LOW, lower=cut) for cut in range(cuts.size)]
    sets += [
        BinSet(shape=Shape.BOTH, lower=low, upper=high)
        for low in _nearest(at_or_below, _END_SHARES)
        for high in _nearest(at_or_below, tuple(1 - share for share in _END_SHARES))
        if low < high and not column.counter
    ]
    places = np.arange(bins)[:, None]
    lower = np.array([s.lower if s.lower is not None else -1 for s in sets])
    upper = np.array([s.upper if s.upper is not None else bins for s in sets])
    member = ((places <= lower) | (places > upper)).astype(np.float64)
    return BinnedColumn(
        column=column, codes=codes.astype(np.uint8), bins=bins, cuts=cuts, sets=tuple(sets), member=member
    )


def _nearest(shares: np.ndarray, wanted: tuple[float, ...]) -> list[int]:
    return sorted({int(np.abs(shares - share).argmin()) for share in wanted})


def _bin_levels(column: CategoricalColumn) -> BinnedColumn | None:
    known = column.codes >= 0
    counts = np.bincount(column.codes[known], minlength=len(column.levels))
    order = np.argsort(-counts, kind="stable")
    kept = [int(level) for level in order[:MOST_LEVELS] if counts[level] >= LEAST_ROWS]
    if not kept or counts.max() > known.sum() - LEAST_ROWS:
        return None
    bin_of = np.full(
        len(column.levels) + 1, len(kept)
    )  # the last place of all is "missing"; small levels share one bin
    bin_of[kept] = np.arange(len(kept))
    others = bool((bin_of[:-1][counts > 0] == len(kept)).any())
    bins = len(kept) + others
    bin_of[-1] = bins
    sets = tuple(BinSet(shape=Shape.LEVEL, level=level, level_bin=place) for place, level in enumerate(kept))
    return BinnedColumn(
        column=column,
        codes=bin_of[column.codes].astype(np.uint8),
        bins=bins,
        cuts=np.empty(0),
        sets=sets,
        member=np.eye(bins, len(kept)),
    )
