"""Interactions: two columns that hurt only together, or together more than the sum of both.

Every column is cut into a few groups; for every pair of columns every corner (one end or level of each) is scored by what its
rows have beyond the two columns' own effects (a regression on both columns' groups, the corner's indicator orthogonal to them).
Scores and chance are those of `jasang.analyze.drivers.scan`: sums over blocks of time, random signs of whole blocks, the largest
score over all pairs and corners (Westfall & Young 1993), so that the p-value allows for everything tried.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import stats

from jasang.analyze.causes.named_columns import Columns, codes_of, named_columns, of_rows
from jasang.analyze.drivers.bins import cut_points
from jasang.analyze.drivers.contrast import as_normal
from jasang.analyze.drivers.layout import BLOCK_ROWS, LEAST_BLOCKS, Layout, lay_out, rows_a_block
from jasang.analyze.drivers.problem import CategoricalColumn, Column, NumericColumn
from jasang.analyze.drivers.scan import Chance, fit_chance, signs

_SHARES = np.array([0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9])
_END_SHARE = 0.4  # a side of a column is at most so large a part of the rows
_LEVELS = 6
_LEAST_CORNER = 40  # rows in a corner
_LEAST_EPISODES = 5
_FOLDS = 5
_FINE = np.linspace(0.03, 0.97, 48)
_ROUNDS = 2
_ALONE = 0.35  # of the joint excess: with less beside it a column does not hurt alone
_TIMES_ALONE = 2.5  # of the defect rate with neither
_MOST_WORK = 6e7  # rows × pairs
_ROW_GROUP = 2**18
_MOST_FOUND = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One column's part of an interaction: at or below a limit, above a limit, or at a level."""

    column: str
    below: float | None = None
    above: float | None = None
    level: str | None = None

    def holds(self, column: Column) -> np.ndarray:
        """1.0 where the column is on this side, 0.0 where not, NaN where missing; shape (rows,)."""
        if isinstance(column, CategoricalColumn):
            marks: np.ndarray = (column.codes == column.levels.index(self.level or "")).astype(np.float64)
            marks[column.codes < 0] = np.nan
            return marks
        beyond = column.values <= self.below if self.below is not None else column.values > (self.above or 0.0)
        return np.where(np.isnan(column.values), np.nan, beyond.astype(np.float64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """Two columns whose sides `first` and `second` are worse together than each alone would make it.

    `effect` is the outcome with both less what the two alone would add up to, 95 % interval `low` to `high`, estimated with
    limits that the row's own block had no say in. The four means are of the outcome itself. `only_together`: neither does much
    alone.
    """

    first: Side
    second: Side
    effect: float
    low: float
    high: float
    both: float
    first_only: float
    second_only: float
    neither: float
    rows_both: int
    episodes: int  # blocks of time with rows of both (and defects, where the outcome is a defect)
    p_value: float
    strength: float  # -log10 of it
    only_together: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grouped:
    """A column in groups: `codes` (rows,), missing in group `groups`; `sides[s]` the groups of side s, shape (sides, groups)."""

    column: Column  # on the rows used
    codes: np.ndarray
    groups: int
    cuts: np.ndarray
    sides: np.ndarray
    meaning: tuple[Side, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """The scores of one pair's corners: `parts` (blocks, corners), `counts` rows of the corner, the four means by corner."""

    first: int
    second: int
    score: np.ndarray
    parts: np.ndarray
    effective: np.ndarray
    fits: np.ndarray  # truth: large enough, worse, and (for the report) only together


def find_interactions(
    outcome: np.ndarray,
    columns: Columns,
    *,
    strata: np.ndarray | None = None,
    day: np.ndarray | None = None,
    alpha: float = 0.01,
    only_together: bool = True,
    most_work: float = _MOST_WORK,
    seed: int = 0,
) -> tuple[Interaction, ...]:
    """Pairs of columns that hurt together beyond their own effects, the clearest first, at most three.

    Parameters
    ----------
    outcome : 1 = defect, 0 = good, or a number of which more is worse; shape (rows,), in order of time, NaN = unknown.
    columns : name → values (numbers or texts), or columns of `jasang.analyze.drivers`.
    strata, day : product (on machine) and number of the local day of each row.
    alpha : family-wise error rate over all pairs and corners.
    only_together : leave out pairs of which one column hurts by itself; two strong causes multiply and so look like a pair.
    most_work : rows × pairs; with more columns than that allows, those that go with the outcome most are tried.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> a, b = rng.normal(size=8000), rng.normal(size=8000)
    >>> bad = rng.random(8000) < np.where((a > 0.6) & (b < -0.5), 0.15, 0.02)
    >>> found = find_interactions(bad.astype(float), {"a": a, "b": b, "c": rng.normal(size=8000)})
    >>> [(one.first.column, one.second.column, one.only_together) for one in found]
    [('a', 'b', True)]
    """
    known = np.flatnonzero(~np.isnan(outcome))
    values = outcome[known]
    binary = bool(np.isin(values, (0.0, 1.0)).all())
    if values.size < 12 * LEAST_BLOCKS or float(values.std()) == 0 or (binary and values.sum() < 15):
        return ()
    candidates = [c for c in named_columns(columns) if not (isinstance(c, CategoricalColumn) and c.between_assets)]
    grouped = [made for column in candidates if (made := _group(of_rows(column, known))) is not None]
    least = BLOCK_ROWS if binary else max(BLOCK_ROWS, rows_a_block(values))
    layout = lay_out(
        np.full(values.size, -1), codes_of(strata, outcome.size)[known], None if day is None else day[known], least
    )
    residual = layout.residual(values if binary else _pulled_in(values))
    grouped = _few(grouped, residual, values.size, most_work)
    if len(grouped) < 2:
        return ()
    chance, pairs = _scored(grouped, residual, values, layout, only_together, seed)
    found: list[Interaction] = []
    taken: set[str] = set()
    for pair in sorted(pairs, key=lambda p: -float(np.where(p.fits, p.score, -1).max())):
        corner = int(np.where(pair.fits, pair.score, -1).argmax())
        decades = chance.decades(float(pair.score[corner]))
        names = {grouped[pair.first].column.name, grouped[pair.second].column.name}
        if decades < -np.log10(alpha) or len(found) == _MOST_FOUND:
            break
        if names & taken:
            continue  # a pair that shares a column with a clearer one is mostly the same fact
        one = _interaction(grouped, pair, corner, values, residual, layout, decades, seed)
        if one is None or (only_together and not one.only_together):
            continue
        if not binary or one.episodes >= _LEAST_EPISODES:
            found.append(one)
            taken |= names
    return tuple(found)


def _pulled_in(values: np.ndarray) -> np.ndarray:
    middle = float(np.median(values))
    spread = 1.4826 * float(np.median(np.abs(values - middle))) or float(values.std())
    pulled: np.ndarray = np.clip(values, middle - 5 * spread, middle + 5 * spread)
    return pulled


def _group(column: Column) -> _Grouped | None:
    if isinstance(column, NumericColumn):
        values = column.values
        cuts = cut_points(values, _SHARES, least=_LEAST_CORNER)
        if cuts.size == 0:
            return None
        codes = np.searchsorted(cuts, values, side="left")
        codes[np.isnan(values)] = cuts.size + 1
        groups = cuts.size + 1
        share = np.cumsum(np.bincount(codes, minlength=groups + 1)[:groups]) / max(np.isfinite(values).sum(), 1)
        sides, meaning = [], []
        for place, cut in enumerate(cuts):
            if share[place] <= _END_SHARE:
                sides.append(np.arange(groups) <= place)
                meaning.append(Side(column=column.name, below=float(cut)))
            if share[place] >= 1 - _END_SHARE and not column.counter:
                sides.append(np.arange(groups) > place)
                meaning.append(Side(column=column.name, above=float(cut)))
        if not sides:
            return None
        return _Grouped(column=column, codes=codes, groups=groups, cuts=cuts, sides=np.array(sides, dtype=float),
                        meaning=tuple(meaning))  # fmt: skip
    found = column.codes
    counts = np.bincount(found[found >= 0], minlength=len(column.levels))
    kept = [int(level) for level in np.argsort(-counts, kind="stable")[:_LEVELS] if counts[level] >= _LEAST_CORNER]
    named = [level for level in kept if counts[level] <= 0.6 * found.size]
    if len(kept) < 2 or not named:
        return None
    place_of = np.full(len(column.levels) + 1, len(kept))
    place_of[kept] = np.arange(len(kept))
    place_of[-1] = len(kept) + 1
    return _Grouped(
        column=column,
        codes=place_of[found].astype(np.int64),
        groups=len(kept) + 1,
        cuts=np.empty(0),
        sides=np.array([np.arange(len(kept) + 1) == place_of[level] for level in named], dtype=float),
        meaning=tuple(Side(column=column.name, level=column.levels[level]) for level in named),
    )


def _few(grouped: list[_Grouped], residual: np.ndarray, rows: int, most_work: float) -> list[_Grouped]:
    """At most as many columns as the work allows, those that vary with the outcome at all before the others."""
    most = max(8, int(np.sqrt(2 * most_work / rows)))
    if len(grouped) <= most:
        return grouped

    def moves(one: _Grouped) -> float:
        counts = np.bincount(one.codes, minlength=one.groups + 1).clip(1)
        return float((np.bincount(one.codes, weights=residual, minlength=one.groups + 1) ** 2 / counts).sum())

    return sorted(grouped, key=moves, reverse=True)[:most]


def _scored(
    grouped: Sequence[_Grouped],
    residual: np.ndarray,
    values: np.ndarray,
    layout: Layout,
    only_together: bool,
    seed: int,
) -> tuple[Chance, list[_Pair]]:
    """All pairs with their corners' scores, and how large the largest gets by chance."""
    flips = signs(layout.blocks, seed)
    largest = np.zeros(flips.shape[0])
    pairs = []
    for first, second in combinations(range(len(grouped)), 2):
        made = _corners(grouped, first, second, residual, values, layout, only_together)
        if made is None:
            continue
        part = made.parts.astype(np.float32)
        rows = max(1, _ROW_GROUP // max(part.size, 1))
        for start in range(0, flips.shape[0], rows):
            flipped = as_normal(flips[start : start + rows] @ part, made.effective).max(axis=1)
            np.maximum(largest[start : start + rows], flipped, out=largest[start : start + rows])
        if made.fits.any():
            pairs.append(made)
    return fit_chance(largest), pairs


def _corners(
    grouped: Sequence[_Grouped],
    first: int,
    second: int,
    residual: np.ndarray,
    values: np.ndarray,
    layout: Layout,
    only_together: bool,
) -> _Pair | None:
    one, other = grouped[first], grouped[second]
    width = other.groups + 1
    cell = one.codes * width + other.codes
    size = (one.groups + 1) * width
    key = layout.block * size + cell
    sums = np.bincount(key, weights=residual, minlength=layout.blocks * size).reshape(layout.blocks, size)
    counts = np.bincount(key, minlength=layout.blocks * size).reshape(layout.blocks, size)
    usable = np.zeros((one.groups + 1, width), dtype=bool)
    usable[: one.groups, : other.groups] = True
    sums, counts = sums[:, usable.ravel()], counts[:, usable.ravel()].astype(np.float64)
    member = np.einsum("ia,jb->abij", one.sides, other.sides).reshape(one.groups * other.groups, -1)
    made = counts.sum(axis=0)
    rows = made @ member
    large = rows >= max(_LEAST_CORNER, 0.004 * values.size)
    if not large.any():
        return None
    design = _additive(one.groups, other.groups)
    inverse = np.linalg.pinv((design * made[:, None]).T @ design)
    weights = member - design @ (inverse @ (design.T @ (made[:, None] * member)))  # corners beyond both columns
    level = design @ (inverse @ (design.T @ sums.sum(axis=0)))
    gain = (sums - counts * level) @ weights
    weight = counts @ weights**2
    floor = float((residual**2).mean()) * weight.sum(axis=0)
    error = np.sqrt(np.maximum((gain**2).sum(axis=0), floor))
    usable_corner = large & (error > 1e-9) & (weight.sum(axis=0) > 0.05 * rows)
    parts = np.where(usable_corner, gain / np.where(error > 1e-9, error, 1.0), 0.0)
    effective = weight.sum(axis=0) ** 2 / (weight**2).sum(axis=0).clip(1e-12)
    score = as_normal(parts.sum(axis=0), effective)
    fits = usable_corner & (score > 0)
    if only_together:
        fits &= _only_together(one, other, sums.sum(axis=0), made, member)
    return _Pair(first=first, second=second, score=score, parts=parts, effective=effective, fits=fits)


def _only_together(
    one: _Grouped, other: _Grouped, sums: np.ndarray, counts: np.ndarray, member: np.ndarray
) -> np.ndarray:
    """Corners in which either column alone has little of the excess that both together have."""
    a = np.repeat(np.repeat(one.sides.T, other.groups, axis=0), other.sides.shape[0], axis=1)
    b = np.tile(np.tile(other.sides.T, (one.groups, 1)), (1, one.sides.shape[0]))

    def mean(part: np.ndarray) -> np.ndarray:
        found: np.ndarray = (sums @ part) / (counts @ part).clip(1e-9)
        return found

    neither = mean((1 - a) * (1 - b))
    both, alone = mean(member) - neither, np.maximum(mean(a * (1 - b)), mean(b * (1 - a))) - neither
    return np.asarray((both > 0) & (alone < _ALONE * both))


def _additive(first: int, second: int) -> np.ndarray:
    """Indicators of both columns' groups for every cell, shape (first × second, first + second)."""
    return np.hstack([np.repeat(np.eye(first), second, axis=0), np.tile(np.eye(second), (first, 1))])


def _interaction(
    grouped: Sequence[_Grouped],
    pair: _Pair,
    corner: int,
    values: np.ndarray,
    residual: np.ndarray,
    layout: Layout,
    decades: float,
    seed: int,
) -> Interaction | None:
    columns = grouped[pair.first].column, grouped[pair.second].column
    everything = np.ones(values.size, dtype=bool)
    sides = _refined(grouped, pair, corner, residual, everything)
    a, b = sides[0].holds(columns[0]), sides[1].holds(columns[1])
    chosen = _excess(residual, a, b, layout)
    held = np.full((2, values.size), np.nan)
    of_block = np.random.default_rng(seed).permutation(layout.blocks) % _FOLDS
    fold = of_block[layout.block]
    for held_out, best in _best_without(pair, of_block):
        others = _refined(grouped, pair, best, residual, fold != held_out)
        for place in (0, 1):
            held[place][fold == held_out] = others[place].holds(columns[place])[fold == held_out]
    cross_fitted = _excess(residual, held[0], held[1], layout)
    if chosen is None or cross_fitted is None:
        return None
    low, high = min(chosen[1], cross_fitted[1]), max(chosen[2], cross_fitted[2])
    if low <= 0:
        return None
    both = (a == 1) & (b == 1)
    alone = (a == 1) & (b == 0), (a == 0) & (b == 1)
    means = [_mean(values, rows) for rows in (both, *alone, (a == 0) & (b == 0))]
    hit = both & (values > 0) if np.isin(values, (0.0, 1.0)).all() else both
    return Interaction(
        first=sides[0],
        second=sides[1],
        effect=(chosen[0] + cross_fitted[0]) / 2,
        low=low,
        high=high,
        both=means[0],
        first_only=means[1],
        second_only=means[2],
        neither=means[3],
        rows_both=int(both.sum()),
        episodes=int(np.unique(layout.block[hit]).size),
        p_value=10.0**-decades,
        strength=decades,
        only_together=_neither_alone(means, bool(np.isin(values, (0.0, 1.0)).all())),
    )


def _neither_alone(means: list[float], binary: bool) -> bool:
    """Of the means with both, the first only, the second only and neither: alone they do little, by difference and by ratio."""
    both, first, second, neither = means
    alone = np.nanmax([first, second, neither])
    return bool(alone - neither < _ALONE * (both - neither) and (not binary or alone < _TIMES_ALONE * neither + 0.005))


def _refined(
    grouped: Sequence[_Grouped], pair: _Pair, corner: int, residual: np.ndarray, rows: np.ndarray
) -> tuple[Side, Side]:
    """The corner's limits moved, one after the other, to where the rows on the other column's side part best."""
    one, other = grouped[pair.first], grouped[pair.second]
    place = divmod(corner, other.sides.shape[0])
    first, second = one.meaning[place[0]], other.meaning[place[1]]
    for _ in range(_ROUNDS):
        first = _best_limit(one.column, first, rows & (second.holds(other.column) == 1), residual)
        second = _best_limit(other.column, second, rows & (first.holds(one.column) == 1), residual)
    return first, second


def _best_limit(column: Column, side: Side, rows: np.ndarray, residual: np.ndarray) -> Side:
    if not isinstance(column, NumericColumn):
        return side
    values = column.values[rows]
    known = ~np.isnan(values)
    values, left = values[known], residual[rows][known]
    cuts = cut_points(values, _FINE, least=20)
    if cuts.size == 0:
        return side
    codes = np.searchsorted(cuts, values, side="left")
    below = np.cumsum(np.bincount(codes, minlength=cuts.size + 1))[:-1]
    gain = np.cumsum(np.bincount(codes, weights=left - left.mean(), minlength=cuts.size + 1))[:-1]
    worse_below = side.below is not None
    parts = np.where((gain > 0) == worse_below, gain**2 / (below * (values.size - below)).clip(1), -1.0)
    cut = float(cuts[int(parts.argmax())])
    return Side(column=side.column, below=cut) if worse_below else Side(column=side.column, above=cut)


def _best_without(pair: _Pair, fold: np.ndarray) -> Iterator[tuple[int, int]]:
    """Each fold and the corner of the pair that is clearest on the other folds."""
    for held_out in range(_FOLDS):
        part = pair.parts[fold != held_out].sum(axis=0)
        yield held_out, int(np.where(pair.fits, part, -np.inf).argmax())


def _mean(values: np.ndarray, rows: np.ndarray) -> float:
    return float(values[rows].mean()) if rows.any() else float("nan")


def _excess(residual: np.ndarray, a: np.ndarray, b: np.ndarray, layout: Layout) -> tuple[float, float, float] | None:
    """The coefficient of both beside each alone, with an interval robust over blocks."""
    used = ~np.isnan(a) & ~np.isnan(b)
    design = layout.residual(np.column_stack([np.where(used, m, 0.0) for m in (a * b, a, b)]))[used]
    crossed = design.T @ design
    if used.sum() < 100 or np.linalg.cond(crossed) > 1e10:
        return None
    inverse = np.linalg.inv(crossed)
    left = residual[used]
    found = inverse @ (design.T @ left)
    around = left - design @ found
    block = layout.block[used]
    meat = np.column_stack(
        [np.bincount(block, weights=design[:, k] * around, minlength=layout.blocks) for k in range(3)]
    )
    busy = int((np.abs(meat).sum(axis=1) > 0).sum())
    error = float(np.sqrt((inverse @ (meat.T @ meat) @ inverse)[0, 0] * busy / max(busy - 1, 1)))
    own = np.bincount(block, weights=np.abs(design[:, 0]) ** 2, minlength=layout.blocks)
    effective = float(own.sum() ** 2 / max(float(own @ own), 1e-12))
    reach = float(stats.t.ppf(0.975, max(effective - 1, 2.0))) * error
    return float(found[0]), float(found[0]) - reach, float(found[0]) + reach
