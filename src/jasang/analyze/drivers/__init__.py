"""Which settings, sensors and contexts move with defects or quality, and in which window they should be held.

Adjusted for product, asset, slow drift and each other; corrected for everything tried; an association, never a proof of cause.
docs/statistics.md, section Drivers, describes the method and states what simulations say of it.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from jasang.analyze.drivers.alone import Alone, machine_or_product
from jasang.analyze.drivers.answer import Answer, surely_gained
from jasang.analyze.drivers.baseline import Adjustment, Baseline, hold
from jasang.analyze.drivers.bins import bin_column
from jasang.analyze.drivers.layout import BLOCK_ROWS, LEAST_BLOCKS, Layout, lay_out, rows_a_block, strata_of
from jasang.analyze.drivers.leakage import follows_outcome, named_afterwards
from jasang.analyze.drivers.level_runs import BadLevel, find_bad_level
from jasang.analyze.drivers.problem import (
    CategoricalColumn,
    Column,
    Driver,
    DriverProblem,
    Drivers,
    NumericColumn,
    Shape,
    StratumWindow,
)
from jasang.analyze.drivers.scan import Scanner, tally
from jasang.analyze.drivers.search import Search
from jasang.analyze.drivers.startup import StartCount, StartKind, start_counts, startup_column, units_since_stop

__all__ = [
    "Alone",
    "BadLevel",
    "CategoricalColumn",
    "Column",
    "Driver",
    "DriverProblem",
    "Drivers",
    "NumericColumn",
    "Shape",
    "StartCount",
    "StartKind",
    "StratumWindow",
    "find_bad_level",
    "find_drivers",
    "follows_outcome",
    "machine_or_product",
    "named_afterwards",
    "start_counts",
    "startup_column",
    "units_since_stop",
]

LEAST_DEFECTS = 8
_LEAST_STRATUM = 30  # rows of product × asset; fewer are strays
_LEAST_ROWS = 12 * LEAST_BLOCKS
_SURE_STRENGTH = 5.0
_SHARE_OF_RUNS = 1 / 3  # of the family-wise error rate goes to levels that come in long runs, where a column has levels


def find_drivers(problem: DriverProblem, *, alpha: float = 0.02) -> Drivers:
    """Find the columns that move with the outcome when product, asset, time and the other drivers are held.

    Parameters
    ----------
    problem : outcome, columns and strata; all arrays (rows,), rows in order of time.
    alpha : family-wise error rate of a driver, over all columns, windows, products and spans of time tried.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> mold = rng.normal(60, 2, 6000)
    >>> defect = (rng.random(6000) < np.where(mold < 58, 0.08, 0.02)).astype(float)
    >>> none = np.full(6000, -1)
    >>> found = find_drivers(DriverProblem(outcome=defect, binary=True, columns=(NumericColumn(name="mold_temp",
    ...     values=mold),), asset=none, product=none))
    >>> [(d.column, d.shape.value, round(d.window[0])) for d in found.drivers]
    [('mold_temp', 'low', 58)]
    """
    rows = _rows_to_use(problem)
    outcome = problem.outcome[rows]
    mean = float(outcome.mean()) if rows.size else 0.0
    if rows.size < _LEAST_ROWS or not _varies(outcome, problem.binary):
        return Drivers(drivers=(), rows=rows.size, blocks=0, columns_tried=0, mean=mean, spread=0.0)
    columns = [_of_rows(column, rows) for column in problem.columns]
    follow = {column.name for column in columns if problem.binary and follows_outcome(column, outcome)}
    kept = [column for column in columns if column.name not in follow]
    machines = [c for c in kept if isinstance(c, CategoricalColumn) and c.between_assets]
    tested = outcome if problem.binary else _without_outliers(outcome)
    long_runs = [c for c in kept if isinstance(c, CategoricalColumn) and not c.between_assets]
    share = _SHARE_OF_RUNS if long_runs else 0.0
    least = -float(np.log10(alpha * (1 - share)))
    day = None if problem.day is None else problem.day[rows]
    block_rows = 0 if problem.binary else rows_a_block(outcome)
    if rows.size < LEAST_BLOCKS * block_rows:
        return Drivers(drivers=(), rows=rows.size, blocks=0, columns_tried=0, mean=mean, spread=float(tested.std()))
    layout = lay_out(problem.asset[rows], problem.product[rows], day, max(block_rows, BLOCK_ROWS))
    inside = [c for c in kept if not (isinstance(c, CategoricalColumn) and c.between_assets)]
    owns = [_at_its_own_level(column, problem.asset[rows], problem.product[rows]) for column in inside]
    inside += [own for own in owns if own is not None]
    found, held = _search(problem, tested, rows, layout, inside, least)
    if machines:
        together = lay_out(np.full(rows.size, -1), problem.product[rows], day, max(block_rows, BLOCK_ROWS))
        worse = _search(problem, tested, rows, together, machines, least, held)[0]
        levels = _own_levels(found, owns)
        if worse and levels:
            # At the same reading a machine that runs lower stands higher for itself: what only that makes worse is no machine.
            again = _search(problem, tested, rows, together, machines, least, levels)[0]
            confirmed = {(driver.column, driver.level, driver.product) for driver in again}
            worse = [driver for driver in worse if (driver.column, driver.level, driver.product) in confirmed]
        found += worse
    if share:
        flat = lay_out(problem.asset[rows], problem.product[rows], day, max(block_rows, BLOCK_ROWS), course=False)
        found += _bad_levels(
            problem, rows, Baseline(flat, held).residual(tested), long_runs, alpha * share, share, found
        )
    return Drivers(
        drivers=tuple(_ranked(found)),
        rows=rows.size,
        blocks=layout.blocks,
        columns_tried=len({column.name for column in kept}),
        mean=mean,
        spread=float(tested.std()),
        consequences=tuple(sorted(follow)),
    )


def _ranked(found: Sequence[Driver]) -> list[Driver]:
    """A start before what it upsets, sure drivers before doubtful ones, then by what holding them would surely gain."""
    most = max((driver.strength for driver in found), default=0.0)
    sure = min(_SURE_STRENGTH, 0.5 * most)
    return sorted(found, key=lambda d: (not d.start_up, d.strength < sure, -surely_gained(d)))


def _search(
    problem: DriverProblem,
    outcome: np.ndarray,
    rows: np.ndarray,
    layout: Layout,
    columns: Sequence[Column],
    least: float,
    held: Sequence[Adjustment] = (),
) -> tuple[list[Driver], list[Adjustment]]:
    """The drivers among `columns`, and what holds them fixed in a further search."""
    binned = [found for found in map(bin_column, columns) if found is not None]
    if not binned:
        return [], []
    scanner = Scanner([tally(b, layout) for b in binned], layout, two_sided=problem.two_sided, seed=problem.seed)
    search = Search(outcome, scanner, layout, least, held)
    choices = search.run()
    drivers = Answer(problem, outcome, rows, scanner, search).drivers(choices)
    return drivers, [search.adjustment(choice.score) for choice in choices]


def _bad_levels(
    problem: DriverProblem,
    rows: np.ndarray,
    residual: np.ndarray,
    columns: Sequence[CategoricalColumn],
    alpha: float,
    share: float,
    found: Sequence[Driver],
) -> list[Driver]:
    """Levels that come in long runs and are worse, of columns not yet told; `residual` is what the drivers found leave."""
    told = {driver.column for driver in found}
    left = [column for column in columns if column.name not in told]
    bad = find_bad_level(
        left, problem.asset[rows], residual, alpha=alpha, two_sided=problem.two_sided, seed=problem.seed
    )
    if bad is None:
        return []
    column, outcome = left[bad.column], problem.outcome[rows]
    later = (np.arange(rows.size) >= (bad.first_row or 0)) & (column.codes >= 0)
    outside, inside = later & (column.codes == bad.level), later & (column.codes != bad.level)
    hit = outside & (outcome > 0) if problem.binary else outside
    if (bad.low <= 0 <= bad.high) or (problem.binary and outcome[outside].sum() < LEAST_DEFECTS):
        return []
    p = min(1.0, bad.p_value / share)
    return [
        Driver(
            column=column.name,
            shape=Shape.LEVEL,
            window=None,
            level=column.levels[bad.level],
            effect=bad.effect,
            low=bad.low,
            high=bad.high,
            p_value=p,
            strength=-float(np.log10(p)),
            inside_rows=int(inside.sum()),
            outside_rows=int(outside.sum()),
            inside_mean=float(outcome[inside].mean()),
            outside_mean=float(outcome[outside].mean()),
            episodes=min(bad.runs, int(hit.sum())),
            since_row=None if bad.first_row is None else int(rows[bad.first_row]),
        )
    ]


def _own_levels(found: Sequence[Driver], owns: Sequence[NumericColumn | None]) -> list[Adjustment]:
    """Holds the drivers found fixed by how they stand to the usual level of their product on their machine."""
    names = {driver.column for driver in found}
    binned = [bin_column(own) for own in owns if own is not None and own.name in names]
    return [hold(one) for one in binned if one is not None]


def _at_its_own_level(column: Column, asset: np.ndarray, product: np.ndarray) -> NumericColumn | None:
    """The column as deviation from what its product usually runs at on its asset, where these levels differ."""
    codes, products = strata_of(asset, product)
    if not isinstance(column, NumericColumn) or column.counter or products.size < 2:
        return None
    usual = np.zeros(codes.size)
    for code in range(products.size):
        mine = codes == code
        known = column.values[mine & ~np.isnan(column.values)]
        usual[mine] = np.median(known) if known.size else 0.0
    deviation = column.values - usual
    between, inside = float(np.std(usual)), float(np.nanstd(deviation)) if (~np.isnan(deviation)).any() else 0.0
    if inside == 0 or between < 0.25 * inside:
        return None
    return replace(column, values=deviation, usual=usual)


def _rows_to_use(problem: DriverProblem) -> np.ndarray:
    """Rows with a known outcome, without the few strays of another product or asset."""
    known = ~np.isnan(problem.outcome)
    width = int(problem.product.max(initial=-1)) + 2
    key = (problem.asset.astype(np.int64) + 1) * width + problem.product + 1
    _, codes, counts = np.unique(key[known], return_inverse=True, return_counts=True)
    rows: np.ndarray = np.flatnonzero(known)[counts[codes.ravel()] >= _LEAST_STRATUM]
    return rows


def _varies(outcome: np.ndarray, binary: bool) -> bool:
    if binary:
        return LEAST_DEFECTS <= int(outcome.sum()) <= outcome.size - LEAST_DEFECTS
    return float(outcome.std()) > 0


def _without_outliers(outcome: np.ndarray) -> np.ndarray:
    """Values pulled in to 5 robust standard deviations, so that no driver rests on a handful of wild readings."""
    middle = float(np.median(outcome))
    spread = 1.4826 * float(np.median(np.abs(outcome - middle)))
    if spread == 0:
        spread = float(outcome.std())
    pulled: np.ndarray = np.clip(outcome, middle - 5 * spread, middle + 5 * spread)
    return pulled


def _of_rows(column: Column, rows: np.ndarray) -> Column:
    if isinstance(column, NumericColumn):
        return replace(column, values=column.values[rows])
    return replace(column, codes=column.codes[rows])
