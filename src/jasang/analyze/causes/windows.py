"""Operating windows: a rule of up to three columns that a foreman can hold, chosen on the earlier record, judged on the later.

The search follows the patient rule induction of Friedman & Fisher (Statistics and Computing 9, 1999): it looks for the box where
the outcome is low, adds a column only where what it cuts off is surely worse than what it leaves (errors robust over blocks of
time, corrected for every interval tried), and moves all limits again after each step. Nothing of the judged part has a say in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from jasang.analyze.causes.named_columns import Columns, codes_of, is_binary, named_columns
from jasang.analyze.drivers.baseline import Baseline
from jasang.analyze.drivers.bins import cut_points
from jasang.analyze.drivers.layout import blocks_of_time, lay_out
from jasang.analyze.drivers.problem import NumericColumn
from jasang.analyze.drivers.window import estimate

_SHARES = np.concatenate([np.arange(0.02, 0.1, 0.02), np.arange(0.1, 0.9, 0.05), np.arange(0.9, 0.99, 0.02)])
_LEAST_ROWS = 300
_CHANCE = 0.05  # that a column which has nothing to do with the outcome enters the rule
_TRIES = 30.0  # independent intervals of one column: neighbouring limits cut off nearly the same rows
_PRICE = 4.0  # in units of chi-square, of one more limit: a side is left open where closing it gains little
_ROUNDS = 3  # of moving all limits again
_STEPS_ACROSS = 100  # the limits are rounded to about a hundredth of the column's range: a foreman cannot hold more


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One column of a window: hold it from `low` to `high`, both included; `None` where that side is open.

    `outside_share` is the share of the judged production that left this bound, `episodes` how often it did (runs of rows), and
    `distance` by how much in the middle (median), in the column's unit: what holding it asks for.
    """

    column: str
    low: float | None
    high: float | None
    outside_share: float = 0.0
    episodes: int = 0
    distance: float = 0.0

    def holds(self, values: np.ndarray) -> np.ndarray:
        """1.0 inside, 0.0 outside, NaN where the value is missing; shape (rows,)."""
        low = -np.inf if self.low is None else self.low
        high = np.inf if self.high is None else self.high
        marks: np.ndarray = ((values >= low) & (values <= high)).astype(np.float64)
        marks[np.isnan(values)] = np.nan
        return marks


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A mean of the outcome with its 95 % interval, blocks of time counted rather than rows."""

    value: float
    low: float
    high: float
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingWindow:
    """A joint window and what the later record says of it.

    `inside`, `outside` and `difference` (outside minus inside, strata and slow course taken out) come from the rows from
    `judged_from` on, which had no say in the choice; `chosen_inside` and `chosen_outside` are what the choice promised. `holds`
    says that the later record bears it out: the difference's interval lies above 0. `avoided` is what the mean outcome of
    all production would fall by if everything were made as inside, with its interval.
    """

    bounds: tuple[Bound, ...]
    inside: Rate
    outside: Rate
    difference: Rate
    avoided: Rate
    inside_share: float
    chosen_inside: float
    chosen_outside: float
    judged_from: int
    rows: int
    holds: bool

    def outside_of(self, columns: Columns) -> np.ndarray:
        """1.0 outside the window, 0.0 inside, NaN where a column of it is missing; shape (rows,)."""
        return 1.0 - _inside(
            self.bounds, {c.name: c.values for c in named_columns(columns) if isinstance(c, NumericColumn)}
        )


def operating_window(
    outcome: np.ndarray,
    columns: Columns,
    *,
    strata: np.ndarray | None = None,
    day: np.ndarray | None = None,
    most_columns: int = 3,
    least_share: float = 0.4,
    chosen_share: float = 0.6,
) -> OperatingWindow | None:
    """The joint window of up to `most_columns` numeric columns inside which the outcome is lowest.

    Parameters
    ----------
    outcome : 1 = defect, 0 = good, or a number of which more is worse; shape (rows,), rows in order of time, NaN = unknown.
    columns : name → values, or columns of `jasang.analyze.drivers`; categories are passed over.
    strata : product (on machine) of each row: its own mean is taken out before anything is compared.
    day : number of the local day of each row; blocks of time then follow the days.
    least_share : share of the production that must lie inside.
    chosen_share : share of the rows, from the first, that may choose; the rest judges.

    Returns
    -------
    `None` when there are fewer than 300 rows, the outcome does not vary, or no column earns its place. A window that the later
    record does not bear out is returned with `holds` false, so that nobody has to look for it again.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> mould, hold = rng.normal(60, 2, 8000), rng.normal(58, 3, 8000)
    >>> bad = rng.random(8000) < np.where((mould >= 58) & (hold >= 55), 0.004, 0.05)
    >>> window = operating_window(bad.astype(float), {"mould": mould, "hold": hold})
    >>> [(bound.column, round(bound.low)) for bound in window.bounds], window.holds
    ([('mould', 58), ('hold', 55)], True)
    """
    numbers = {c.name: c.values for c in named_columns(columns) if isinstance(c, NumericColumn) and not c.derived}
    group = codes_of(strata, outcome.size)
    known = np.flatnonzero(~np.isnan(outcome))
    first = int(chosen_share * known.size)
    if known.size < _LEAST_ROWS or not numbers:
        return None
    choosing, judging = known[:first], known[first:]
    bounds = _choose(outcome[choosing], {n: v[choosing] for n, v in numbers.items()}, group[choosing],
                     None if day is None else day[choosing], most_columns, least_share)  # fmt: skip
    if not bounds:
        return None
    before = _inside(bounds, {n: v[choosing] for n, v in numbers.items()})
    chosen = outcome[choosing]
    return _judged(
        bounds,
        outcome[judging],
        {bound.column: numbers[bound.column][judging] for bound in bounds},
        group[judging],
        None if day is None else day[judging],
        chosen_inside=float(chosen[before == 1].mean()),
        chosen_outside=float(chosen[before == 0].mean()),
        judged_from=int(judging[0]),
    )


def _inside(bounds: Sequence[Bound], numbers: dict[str, np.ndarray]) -> np.ndarray:
    marks = np.ones(next(iter(numbers.values())).size)
    for bound in bounds:
        marks = marks * bound.holds(numbers[bound.column])
    return marks


@dataclass(frozen=True, slots=True, kw_only=True)
class _Binned:
    """A column of the choosing part in bins: `codes` (rows,), `bins` of them, `cuts` between them, missing in bin `bins`."""

    name: str
    codes: np.ndarray
    bins: int
    cuts: np.ndarray


def _choose(
    outcome: np.ndarray,
    numbers: dict[str, np.ndarray],
    group: np.ndarray,
    day: np.ndarray | None,
    most: int,
    least_share: float,
) -> tuple[Bound, ...]:
    """Forward by the clearest cut, then all limits moved again; a column that does not surely help is not taken."""
    residual = _within(outcome, group)
    residual = np.clip(residual, -6 * residual.std(), 6 * residual.std()) if not is_binary(outcome) else residual
    block = blocks_of_time(outcome.size, day)
    binned = [made for name, values in numbers.items() if (made := _bins(name, values)) is not None]
    tries = max(1, len(binned)) * _TRIES
    needed = float(stats.norm.isf(_CHANCE / tries))
    chosen: list[tuple[_Binned, int, int]] = []
    while len(chosen) < min(most, len(binned)):
        left = [column for column in binned if all(column is not taken for taken, _, _ in chosen)]
        inside = _rows_inside(chosen, outcome.size)
        tried = sorted(
            (_best_interval(column, residual, inside, least_share), place) for place, column in enumerate(left)
        )
        for (score, _, low, high), place in reversed(tried):
            now = inside & _within_interval(left[place], low, high)
            if score > 0 and _surely_worse(residual, inside & ~now, now, block) >= needed:
                chosen.append((left[place], low, high))
                break
        else:
            break
        chosen = _moved(chosen, residual, least_share)
    return tuple(_bound(column, low, high, numbers[column.name]) for column, low, high in chosen)


def _moved(
    chosen: list[tuple[_Binned, int, int]], residual: np.ndarray, least_share: float
) -> list[tuple[_Binned, int, int]]:
    """Every interval chosen again given the others, until none moves."""
    for _ in range(_ROUNDS if len(chosen) > 1 else 0):
        before = [(low, high) for _, low, high in chosen]
        for place, (column, _, _) in enumerate(chosen):
            others = chosen[:place] + chosen[place + 1 :]
            _, _, low, high = _best_interval(column, residual, _rows_inside(others, residual.size), least_share)
            chosen[place] = (column, low, high)
        if before == [(low, high) for _, low, high in chosen]:
            break
    return [each for each in chosen if (each[1], each[2]) != (0, each[0].bins - 1)]


def _bins(name: str, values: np.ndarray) -> _Binned | None:
    cuts = cut_points(values, _SHARES)
    if cuts.size == 0:
        return None
    codes = np.searchsorted(cuts, values, side="left")
    codes[np.isnan(values)] = cuts.size + 1
    return _Binned(name=name, codes=codes, bins=cuts.size + 1, cuts=cuts)


def _rows_inside(chosen: Sequence[tuple[_Binned, int, int]], rows: int) -> np.ndarray:
    inside = np.ones(rows, dtype=bool)
    for column, low, high in chosen:
        inside &= _within_interval(column, low, high)
    return inside


def _within_interval(column: _Binned, low: int, high: int) -> np.ndarray:
    found: np.ndarray = (column.codes >= low) & (column.codes <= high)
    return found


def _best_interval(
    column: _Binned, residual: np.ndarray, inside: np.ndarray, least_share: float
) -> tuple[float, str, int, int]:
    """The interval of bins that parts window from rest best: squared gap × rows inside × rows outside; 0 when none does."""
    counts = np.bincount(column.codes[inside], minlength=column.bins + 1)[: column.bins]
    sums = np.bincount(column.codes[inside], weights=residual[inside], minlength=column.bins + 1)[: column.bins]
    below = np.concatenate([[0], np.cumsum(counts)])
    total = np.concatenate([[0.0], np.cumsum(sums)])
    made = below[None, 1:] - below[:-1, None]  # made[low, high]
    summed = total[None, 1:] - total[:-1, None]
    rows, all_sum = residual.size, float(residual.sum())
    rest = rows - made
    usable = (
        (made >= least_share * rows) & (rest > 0) & (np.arange(column.bins)[:, None] <= np.arange(column.bins)[None])
    )
    gap = (all_sum - summed) / np.maximum(rest, 1) - summed / np.maximum(made, 1)
    # One more limit must earn its place.
    ends = (np.arange(column.bins)[:, None] > 0) * 1.0 + (np.arange(column.bins)[None] < column.bins - 1) * 1.0
    spread = max(float(residual.var()), 1e-12)
    score = np.where(usable & (gap > 0), gap**2 * made * rest / rows / spread - ends * _PRICE, -1.0)
    low, high = np.unravel_index(int(score.argmax()), score.shape)
    return float(score[low, high]), column.name, int(low), int(high)


def _surely_worse(residual: np.ndarray, cut_off: np.ndarray, left: np.ndarray, block: np.ndarray) -> float:
    """How many standard errors (robust over blocks) the rows cut off are worse than those left; at least as of a few rows."""
    off, on = int(cut_off.sum()), int(left.sum())
    if off < 10 or on < 10:
        return 0.0
    gap = float(residual[cut_off].mean() - residual[left].mean())
    parts = np.zeros(int(block.max()) + 1)
    for rows, sign in ((cut_off, 1.0), (left, -1.0)):
        around = residual[rows] - residual[rows].mean()
        parts += sign * np.bincount(block[rows], weights=around, minlength=parts.size) / rows.sum()
    error = np.sqrt(max(float((parts**2).sum()), float(residual.var()) * (1 / off + 1 / on)))
    return gap / error if error > 0 else 0.0


def _bound(column: _Binned, low: int, high: int, values: np.ndarray) -> Bound:
    """The interval in the column's unit, rounded to what a person can hold."""
    first, last = np.nanquantile(values, [0.01, 0.99])
    step = 10.0 ** np.floor(np.log10(max(float(last - first), 1e-12) / _STEPS_ACROSS * 3))
    digits = int(max(0, -np.floor(np.log10(step)))) + 1

    def rounded(value: float) -> float:
        return round(float(np.round(value / step) * step), digits)

    return Bound(
        column=column.name,
        low=None if low == 0 else rounded(column.cuts[low - 1]),
        high=None if high == column.bins - 1 else rounded(column.cuts[high]),
    )


def _within(outcome: np.ndarray, group: np.ndarray) -> np.ndarray:
    """The outcome less the mean of its stratum."""
    codes = group - group.min()
    counts = np.bincount(codes)
    means = np.bincount(codes, weights=outcome) / counts.clip(1)
    left: np.ndarray = outcome - means[codes]
    return left


def _judged(
    bounds: tuple[Bound, ...],
    outcome: np.ndarray,
    numbers: dict[str, np.ndarray],
    group: np.ndarray,
    day: np.ndarray | None,
    *,
    chosen_inside: float,
    chosen_outside: float,
    judged_from: int,
) -> OperatingWindow | None:
    marks = _inside(bounds, numbers)
    used = ~np.isnan(marks)
    inside, outside = used & (marks == 1), used & (marks == 0)
    if inside.sum() < 20 or outside.sum() < 10:
        return None
    binary = is_binary(outcome)
    layout = lay_out(np.full(outcome.size, -1), group, day)
    effect = estimate(outcome, 1.0 - marks, layout, Baseline(layout), used, within=False, binary=binary)
    if effect is None:
        return None
    share = float(outside.sum() / used.sum())
    rate_inside = rate_by_blocks(outcome[inside], layout.block[inside])
    rate_outside = rate_by_blocks(outcome[outside], layout.block[outside])
    return OperatingWindow(
        bounds=tuple(_asked(bound, numbers[bound.column]) for bound in bounds),
        inside=rate_inside,
        outside=rate_outside,
        difference=Rate(value=effect.value, low=effect.low, high=effect.high, rows=int(used.sum())),
        avoided=Rate(
            value=share * effect.value, low=share * effect.low, high=share * effect.high, rows=int(used.sum())
        ),
        inside_share=1.0 - share,
        chosen_inside=chosen_inside,
        chosen_outside=chosen_outside,
        judged_from=judged_from,
        rows=int(used.sum()),
        holds=effect.low > 0,
    )


def _asked(bound: Bound, values: np.ndarray) -> Bound:
    """The bound with what holding it asks for."""
    marks = bound.holds(values)
    left = marks == 0
    low = np.full(values.size, -np.inf) if bound.low is None else bound.low - values
    high = np.full(values.size, -np.inf) if bound.high is None else values - bound.high
    away = np.maximum(low, high)[left]
    known = left[~np.isnan(marks)]
    return replace(
        bound,
        outside_share=float(known.mean()) if known.size else 0.0,
        episodes=int((np.diff(known.astype(np.int8), prepend=0) == 1).sum()),
        distance=float(np.median(away)) if away.size else 0.0,
    )


def rate_by_blocks(outcome: np.ndarray, block: np.ndarray) -> Rate:
    """Mean outcome with a 95 % interval that holds when neighbouring rows are alike.

    Parameters
    ----------
    outcome : shape (rows,), none missing; 0 and 1 for a defect rate.
    block : code of the block of time of each row, shape (rows,).

    A rate has Wilson's interval on its effective number of rows (rows over the design effect, Korn & Graubard 1998); a mean
    has Student's t over blocks.
    """
    rows = outcome.size
    if rows == 0:
        return Rate(value=float("nan"), low=float("nan"), high=float("nan"), rows=0)
    mean = float(outcome.mean())
    _, codes = np.unique(block, return_inverse=True)
    sums = np.bincount(codes.ravel(), weights=outcome - mean)
    busy = sums.size
    variance = float((sums**2).sum()) * busy / max(busy - 1, 1) / rows**2
    alone = float(outcome.var()) / rows
    variance = max(variance, alone)
    quantile = float(stats.t.ppf(0.975, max(busy - 1, 1)))
    if not is_binary(outcome):
        reach = quantile * float(np.sqrt(variance))
        return Rate(value=mean, low=mean - reach, high=mean + reach, rows=rows)
    effective = rows if alone == 0 else rows * alone / variance
    widened = 1 + quantile**2 / effective
    middle = (mean + quantile**2 / (2 * effective)) / widened
    reach = quantile * float(np.sqrt(mean * (1 - mean) / effective + quantile**2 / (4 * effective**2))) / widened
    return Rate(value=mean, low=max(0.0, middle - reach), high=min(1.0, middle + reach), rows=rows)
