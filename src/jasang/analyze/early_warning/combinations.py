"""Two columns made one, as physics does: torque × speed, melt − mould, pressure ÷ thickness.

All of them are offered to a quick boosted model of the units to learn from; those whose splits part bad from good best are kept,
one for each pair of columns.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from jasang.analyze.early_warning.trees import grow_boosted

Operation = Literal["product", "difference", "ratio"]
SIGNS: dict[Operation, str] = {"product": "×", "difference": "−", "ratio": "÷"}

_LIKE_SPREADS = 20.0  # beyond this the difference of two columns is one of them
_LEAST_SHARE = 0.01  # of all that the quick model gained


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """Two columns, by place among the columns of the matrix, and what is done with them."""

    operation: Operation
    left: int
    right: int


def combine(values: np.ndarray, combination: Combination) -> np.ndarray:
    """The combined column, float64, shape (rows,), NaN where it cannot be formed. `values` has shape (rows, columns)."""
    left, right = values[:, combination.left], values[:, combination.right]
    if combination.operation == "product":
        made: np.ndarray = left * right
    elif combination.operation == "difference":
        made = left - right
    else:
        made = np.full(left.shape, np.nan)
        np.divide(left, right, out=made, where=np.abs(right) > 1e-9)
    return made


def candidates(values: np.ndarray, columns: np.ndarray) -> list[Combination]:
    """All combinations of the columns (places) worth forming."""
    spread = np.nanstd(values[:, columns], axis=0)
    wide_enough = dict(zip(columns.tolist(), spread.tolist(), strict=True))
    found: list[Combination] = []
    for left, right in combinations(sorted(columns.tolist()), 2):
        found.append(Combination(operation="product", left=left, right=right))
        found.append(Combination(operation="ratio", left=right, right=left))
        wide, narrow = max(wide_enough[left], wide_enough[right]), min(wide_enough[left], wide_enough[right])
        if 0 < wide <= _LIKE_SPREADS * narrow:
            found.append(Combination(operation="difference", left=left, right=right))
    return found


def find_combinations(
    values: np.ndarray, bad: np.ndarray, columns: np.ndarray, *, most: int
) -> tuple[Combination, ...]:
    """The combinations that part bad from good best, at most `most`.

    `values` has shape (rows, columns), `bad` (rows,); `columns` are the places of the columns to combine.
    """
    tried = candidates(values, columns)
    if not tried or most < 1:
        return ()
    matrix = np.column_stack([values, *(combine(values, one) for one in tried)])
    grown = grow_boosted(matrix, bad, trees=60, leaves=8, least=5)
    gains = grown.gains / max(float(grown.gains.sum()), 1e-300)
    offset = values.shape[1]
    chosen: dict[frozenset[int], Combination] = {}
    for place in np.argsort(-gains[offset:], kind="stable"):
        one = tried[place]
        if gains[offset + place] < _LEAST_SHARE or len(chosen) == most:
            break
        chosen.setdefault(frozenset((one.left, one.right)), one)
    return tuple(chosen.values())
