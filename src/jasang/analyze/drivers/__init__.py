"""Which settings, sensors and contexts move with defects or quality, and in which window they should be held.

Adjusted for product, asset, slow drift and each other; corrected for everything tried; an association, never a proof of cause.
docs/statistics.md, section Drivers, describes the method and states what simulations say of it.
"""

import numpy as np

from jasang.analyze.drivers.answer import Answer
from jasang.analyze.drivers.bins import bin_column
from jasang.analyze.drivers.layout import LEAST_BLOCKS, lay_out
from jasang.analyze.drivers.leakage import follows_outcome, named_afterwards
from jasang.analyze.drivers.problem import (
    CategoricalColumn,
    Column,
    Driver,
    DriverProblem,
    Drivers,
    NumericColumn,
    Shape,
)
from jasang.analyze.drivers.scan import Scanner, tally
from jasang.analyze.drivers.search import Search
from jasang.analyze.drivers.startup import startup_column, units_since_stop

__all__ = [
    "CategoricalColumn",
    "Column",
    "Driver",
    "DriverProblem",
    "Drivers",
    "NumericColumn",
    "Shape",
    "find_drivers",
    "follows_outcome",
    "named_afterwards",
    "startup_column",
    "units_since_stop",
]

LEAST_DEFECTS = 8
_LEAST_STRATUM = 30  # rows of product × asset; fewer are strays
_LEAST_ROWS = 12 * LEAST_BLOCKS


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
    nothing = Drivers(
        drivers=(), rows=rows.size, blocks=0, columns_tried=0, mean=float(outcome.mean()) if rows.size else 0.0
    )
    if rows.size < _LEAST_ROWS or not _varies(outcome, problem.binary):
        return nothing
    kept, consequences = [], []
    for column in problem.columns:
        mine = _of_rows(column, rows)
        if problem.binary and follows_outcome(mine, outcome):
            consequences.append(column.name)
        else:
            kept.append(mine)
    layout = lay_out(problem.asset[rows], problem.product[rows], None if problem.day is None else problem.day[rows])
    binned = [found for found in map(bin_column, kept) if found is not None]
    if not binned:
        return nothing
    scanner = Scanner([tally(b, layout) for b in binned], layout, two_sided=problem.two_sided, seed=problem.seed)
    tested = outcome if problem.binary else _without_outliers(outcome)
    search = Search(tested, scanner, layout, -float(np.log10(alpha)))
    drivers = Answer(problem, tested, rows, scanner, search).drivers(search.run())
    return Drivers(
        drivers=tuple(drivers),
        rows=rows.size,
        blocks=layout.blocks,
        columns_tried=len(binned),
        mean=float(outcome.mean()),
        consequences=tuple(consequences),
    )


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
        return NumericColumn(name=column.name, values=column.values[rows], derived=column.derived)
    return CategoricalColumn(
        name=column.name, codes=column.codes[rows], levels=column.levels, between_assets=column.between_assets
    )
