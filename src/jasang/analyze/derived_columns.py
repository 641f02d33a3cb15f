"""Columns computed from others of the same table: a copy in another unit, a sum, difference, mean, product or ratio.

Such a column says nothing that its parts do not say: where they shift it shifts, and no model should count it twice.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

_MOST_COLUMNS = 48
_MOST_ROWS = 3000
_LEAST_ROWS = 60
_PROBES = 12
_HOLDS = 0.995  # of the rows; the few others were mistyped or belong to another time
_MOST_DECIMALS = 6
_FINE = 0.12  # of the column's spread may be left: what is rounded more coarsely may agree by chance
_LEAST_VALUES = 10  # different values


class Derivation(StrEnum):
    """How a column is made of its parts."""

    COPY = "copy"  # factor × part + shift
    SUM = "sum"
    DIFFERENCE = "difference"
    MEAN = "mean"
    PRODUCT = "product"
    RATIO = "ratio"


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedColumn:
    """`column` is made of `parts` (names, in the order in which they stand in the formula)."""

    column: str
    kind: Derivation
    parts: tuple[str, ...]


def derived_columns(columns: Mapping[str, np.ndarray]) -> tuple[DerivedColumn, ...]:
    """The columns that others give to the last digit; of those in one equation the last in order is the derived one.

    Parameters
    ----------
    columns : values by name in the order of the table, float64, NaN = missing, each of shape (rows,)

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> left, right = rng.normal(270, 2, 500).round(1), rng.normal(272, 2, 500).round(1)
    >>> [(d.column, d.kind.value, d.parts) for d in derived_columns({"left": left, "right": right, "total": left + right})]
    [('total', 'sum', ('left', 'right'))]
    """
    names = [name for name, values in columns.items() if _varies(values)][:_MOST_COLUMNS]
    if len(names) < 2:
        return ()
    table = np.column_stack([columns[name] for name in names])
    known = np.flatnonzero(np.isfinite(table).sum(axis=1) >= 2)
    table = table[known[:: max(1, known.size // _MOST_ROWS)]]
    steps = np.array([_step(table[:, place]) for place in range(len(names))])
    found: list[DerivedColumn] = []
    taken: set[int] = set()
    for target in range(1, len(names)):  # the parts stand before what is made of them
        before = [place for place in range(target) if place not in taken]
        one = _copy_of(table, steps, target, before) or _made_of_two(table, steps, target, before)
        if one is not None:
            kind, parts = one
            found.append(DerivedColumn(column=names[target], kind=kind, parts=tuple(names[part] for part in parts)))
            taken.add(target)
    return tuple(found)


def _varies(values: np.ndarray) -> bool:
    known = values[np.isfinite(values)]
    return bool(known.size >= _LEAST_ROWS and np.unique(known[:20_000]).size >= _LEAST_VALUES)


def _step(values: np.ndarray) -> float:
    """The unit of the last digit in which the values are written; 0 where there is none to be seen."""
    known = values[np.isfinite(values)]
    for decimals in range(_MOST_DECIMALS + 1):
        if np.abs(known - np.round(known, decimals)).max(initial=0.0) <= 1e-9 * max(
            1.0, np.abs(known).max(initial=0.0)
        ):
            return float(10.0**-decimals)
    return 0.0


def _copy_of(
    table: np.ndarray, steps: np.ndarray, target: int, before: list[int]
) -> tuple[Derivation, tuple[int, ...]] | None:
    for part in before:
        both = np.isfinite(table[:, target]) & np.isfinite(table[:, part])
        if both.sum() < _LEAST_ROWS:
            continue
        x, y = table[both, part], table[both, target]
        if min(x.std(), y.std()) == 0 or abs(float(np.corrcoef(x, y)[0, 1])) < 0.999:
            continue
        factor, shift = np.polyfit(x, y, 1)
        if _agree(y, factor * x + shift, 0.51 * (steps[target] + abs(factor) * steps[part])):
            return Derivation.COPY, (part,)
    return None


def _made_of_two(
    table: np.ndarray, steps: np.ndarray, target: int, before: list[int]
) -> tuple[Derivation, tuple[int, ...]] | None:
    if len(before) < 2:
        return None
    pairs = np.array(list(itertools.combinations(before, 2)))
    rows = np.flatnonzero(np.isfinite(table[:, [target, *before]]).all(axis=1))
    if rows.size < _LEAST_ROWS:
        return None
    rows = rows[np.linspace(0, rows.size - 1, _PROBES).astype(int)]
    first, second = table[np.ix_(rows, pairs[:, 0])], table[np.ix_(rows, pairs[:, 1])]
    slack = 0.51 * steps[target] + _slack(first, second, steps[pairs[:, 0]], steps[pairs[:, 1]])
    wanted = table[rows, target][:, None]
    for place, (kind, swap, made) in enumerate(_formulas(first, second)):
        near = (np.abs(made - wanted) <= slack[place]).mean(axis=0) >= 1 - 1.5 / _PROBES
        for hit in np.flatnonzero(near):
            one, other = (int(part) for part in pairs[hit])
            if _holds(table, steps, target, one, other, place):
                return kind, (other, one) if swap else (one, other)
    return None


def _formulas(first: np.ndarray, second: np.ndarray) -> list[tuple[Derivation, bool, np.ndarray]]:
    """What two columns may make, each with whether their order is turned over."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return [
            (Derivation.SUM, False, first + second),
            (Derivation.DIFFERENCE, False, first - second),
            (Derivation.DIFFERENCE, True, second - first),
            (Derivation.MEAN, False, (first + second) / 2),
            (Derivation.PRODUCT, False, first * second),
            (Derivation.RATIO, False, first / second),
            (Derivation.RATIO, True, second / first),
        ]


def _slack(first: np.ndarray, second: np.ndarray, step: np.ndarray, other: np.ndarray) -> list[np.ndarray]:
    """What the rounding of the parts may change in each of the formulas, in their order."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        plain = 0.51 * (step + other) + 0 * first
        product = 0.51 * (step * np.abs(second) + other * np.abs(first))
        ratio = 0.51 * (step / np.abs(second) + other * np.abs(first) / second**2)
        turned = 0.51 * (other / np.abs(first) + step * np.abs(second) / first**2)
    return [plain, plain, plain, plain / 2, product, ratio, turned]


def _holds(table: np.ndarray, steps: np.ndarray, target: int, one: int, other: int, formula: int) -> bool:
    rows = np.isfinite(table[:, [target, one, other]]).all(axis=1)
    if rows.sum() < _LEAST_ROWS:
        return False
    x, z, y = table[rows, one], table[rows, other], table[rows, target]
    made = _formulas(x, z)[formula][2]
    slack = 0.51 * steps[target] + _slack(x, z, steps[one], steps[other])[formula]
    # A part that hardly moves makes no sum: the target then is a copy, and a copy is judged as one.
    alone = (
        _formulas(x, np.full(x.size, np.median(z)))[formula][2],
        _formulas(np.full(x.size, np.median(x)), z)[formula][2],
    )
    moves = min(float(part[np.isfinite(part)].std()) for part in alone if np.isfinite(part).any()) > 2 * _left(
        y, made, slack
    )
    return moves and _agree(y, made, slack)


def _agree(values: np.ndarray, made: np.ndarray, slack: np.ndarray | float) -> bool:
    """Equal as far as rounding lets them be in nearly all rows, and what rounding leaves is small beside the spread."""
    near = np.isfinite(made) & (np.abs(values - made) <= _tolerance(values, slack))
    if near.mean() < _HOLDS:
        return False
    return _left(values, made, slack) <= _FINE * float(values[near].std())


def _left(values: np.ndarray, made: np.ndarray, slack: np.ndarray | float) -> float:
    """Standard deviation of what the formula leaves in the rows in which it holds."""
    near = np.isfinite(made) & (np.abs(values - made) <= _tolerance(values, slack))
    return float((values - made)[near].std()) if near.any() else np.inf


def _tolerance(values: np.ndarray, slack: np.ndarray | float) -> np.ndarray | float:
    return np.maximum(slack, 1e-9 * float(np.abs(values).max(initial=1.0)))
