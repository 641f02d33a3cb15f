"""What an early warning is asked: units in order of time, what is known of each, and whether it turned out bad. Values only.

All arrays have shape (rows,), rows in order of time. NaN (numbers) or -1 (codes) means missing.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from jasang.analyze.drivers import Column, NumericColumn

Aim = Literal["cost", "f1"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningProblem:
    """Units and their results.

    Parameters
    ----------
    outcome : 1 = bad, 0 = good, NaN = not known (such rows are predicted, never learned from).
    columns : what is known of a unit: settings, sensors, context (`NumericColumn`, `CategoricalColumn` of `analyze.drivers`).
    asset, product : integer codes, -1 = not told apart. Steps and rolling means stay within one product on one asset.
    products, assets : names of the codes; without them a model knows them by number.
    seconds : time of each unit in s since any fixed moment; `None` when there is no time (the order of rows is the time).
    group : code of the lot or shot a row belongs to; rows of one group are never parted between learning and judging.
        `None`: rows of one asset with the very same time and the same values are one group.
    results_after : s after which the result of a unit is known; earlier results then are features too. `None`: they are not used.
    """

    outcome: np.ndarray
    columns: tuple[Column, ...]
    asset: np.ndarray
    product: np.ndarray
    seconds: np.ndarray | None = None
    group: np.ndarray | None = None
    results_after: float | None = None
    products: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        rows = self.outcome.shape[0]
        arrays = {"asset": self.asset, "product": self.product, "seconds": self.seconds, "group": self.group}
        arrays |= {f"column {c.name!r}": c.values if isinstance(c, NumericColumn) else c.codes for c in self.columns}
        for name, array in arrays.items():
            if array is not None and array.shape != (rows,):
                raise ValueError(f"{name} has shape {array.shape}, the outcome has {rows} rows")
        known = self.outcome[~np.isnan(self.outcome)]
        if not np.isin(known, (0.0, 1.0)).all():
            raise ValueError("outcome must be 1 (bad), 0 (good) or NaN (not known)")

    @property
    def rows(self) -> int:
        """Number of units."""
        return int(self.outcome.shape[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningCosts:
    """What a bad unit that nobody was warned of costs, and what a warning for a good unit costs, in one currency.

    A warning for a bad unit costs what a false one does, and saves `miss`.
    """

    miss: float
    false_warning: float

    def __post_init__(self) -> None:
        if not (
            self.miss > 0 and self.false_warning > 0 and np.isfinite(self.miss) and np.isfinite(self.false_warning)
        ):
            raise ValueError(f"costs must be positive, found miss {self.miss} and false warning {self.false_warning}")


def without_columns(problem: WarningProblem, names: Collection[str]) -> WarningProblem:
    """The problem without the columns of these names."""
    return replace(problem, columns=tuple(column for column in problem.columns if column.name not in names))


def known_before(problem: WarningProblem, measured: Collection[str]) -> WarningProblem:
    """The problem as it stands before a unit is made: of the `measured` columns only the unit before is known.

    Values move one unit down within one product on one asset; NaN at the first.
    """
    code = problem.asset.astype(np.int64) * (int(problem.product.max(initial=0)) + 2) + problem.product
    order = np.argsort(code, kind="stable")
    first = np.concatenate([[True], code[order][1:] != code[order][:-1]])
    columns: list[Column] = []
    for column in problem.columns:
        if isinstance(column, NumericColumn) and column.name in measured:
            moved = np.concatenate([[np.nan], column.values[order][:-1]])
            moved[first] = np.nan
            values = np.empty_like(moved)
            values[order] = moved
            column = NumericColumn(name=column.name, values=values)
        columns.append(column)
    return replace(problem, columns=tuple(columns))


def warning_problem(
    matrix: np.ndarray,
    bad: np.ndarray,
    *,
    names: tuple[str, ...] | None = None,
    seconds: np.ndarray | None = None,
    product: np.ndarray | None = None,
    asset: np.ndarray | None = None,
    group: np.ndarray | None = None,
    results_after: float | None = None,
) -> WarningProblem:
    """A problem from plain arrays.

    Parameters
    ----------
    matrix : one row a unit in order of time, one column a quantity, float, NaN = missing, shape (rows, columns)
    bad : 1 = bad, 0 = good, NaN = not known, shape (rows,)
    names : of the columns; default x0, x1, …
    seconds, product, asset, group, results_after : see `WarningProblem`; product and asset may be texts or numbers.

    Examples
    --------
    >>> x = np.column_stack([np.arange(6.0), np.ones(6)])
    >>> warning_problem(x, np.array([0, 0, 1, 0, 0, 1])).rows
    6
    """
    matrix = np.asarray(matrix, dtype=np.float64)
    bad = np.asarray(bad, dtype=np.float64)
    if matrix.ndim != 2 or bad.shape != (matrix.shape[0],):
        raise ValueError(f"expected matrix (rows, columns) and bad (rows,), found {matrix.shape} and {bad.shape}")
    names = names or tuple(f"x{place}" for place in range(matrix.shape[1]))
    if len(names) != matrix.shape[1]:
        raise ValueError(f"{len(names)} names for {matrix.shape[1]} columns")
    return WarningProblem(
        outcome=bad,
        columns=tuple(NumericColumn(name=name, values=matrix[:, place]) for place, name in enumerate(names)),
        asset=_codes(asset, bad.size),
        product=_codes(product, bad.size),
        seconds=None if seconds is None else np.asarray(seconds, dtype=np.float64),
        group=None if group is None else _codes(group, bad.size),
        results_after=results_after,
    )


def _codes(labels: np.ndarray | None, rows: int) -> np.ndarray:
    if labels is None:
        return np.full(rows, -1, dtype=np.int64)
    codes: np.ndarray = np.unique(np.asarray(labels), return_inverse=True)[1].ravel().astype(np.int64)
    return codes
