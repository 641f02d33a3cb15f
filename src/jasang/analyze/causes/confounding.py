"""Confounding: which columns move together so closely that a record cannot tell them apart, and what would separate them."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from jasang.analyze.causes.named_columns import Columns, codes_of, named_columns
from jasang.analyze.drivers.problem import CategoricalColumn, Column

_GROUPS = 8
_LEAST_APART = 30  # rows on either side before two columns can be told apart at all


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfoundedPair:
    """Two columns that move together within strata.

    `association` is 0 to 1: |Spearman| for two numbers, the correlation ratio η for a number and a category, Cramér's V for two
    categories. `inflation` is how many times more rows the pair needs to be told apart than two independent columns (the
    variance inflation factor 1 / (1 − association²)).
    """

    first: str
    second: str
    association: float
    inflation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """How far a record holds the rows that would separate two conditions: rows and mean outcome of the four combinations.

    `separable` says that both mixed combinations hold at least 30 rows in five blocks or more. `wanted` names the combinations
    that are missing: "first_only", "second_only".
    """

    rows_both: int
    rows_first_only: int
    rows_second_only: int
    rows_neither: int
    mean_both: float | None
    mean_first_only: float | None
    mean_second_only: float | None
    mean_neither: float | None
    separable: bool
    wanted: tuple[str, ...]


def confounded_pairs(
    columns: Columns, *, strata: np.ndarray | None = None, least: float = 0.7, most: int = 60
) -> tuple[ConfoundedPair, ...]:
    """The pairs of columns with an association of at least `least`, the closest first; of the first `most` columns.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> a = rng.normal(size=500)
    >>> pairs = confounded_pairs({"a": a, "b": a + rng.normal(0, 0.3, 500), "c": rng.normal(size=500)})
    >>> [(pair.first, pair.second, round(pair.association, 1)) for pair in pairs]
    [('a', 'b', 0.9)]
    """
    named = named_columns(columns)[:most]
    found = []
    prepared = [_standing(column, strata) for column in named]
    for one, other in combinations(range(len(named)), 2):
        value = min(1.0, _association(prepared[one], prepared[other]))
        if value >= least:
            inflation = 1.0 / max(1e-6, 1.0 - value**2)
            found.append(
                ConfoundedPair(first=named[one].name, second=named[other].name, association=value, inflation=inflation)
            )
    return tuple(sorted(found, key=lambda pair: -pair.association))


def separation(
    first: np.ndarray, second: np.ndarray, outcome: np.ndarray, *, block: np.ndarray | None = None
) -> Separation:
    """Rows and mean outcome where both conditions hold, one alone, or neither.

    Parameters
    ----------
    first, second : 1 where the condition holds, 0 where not, NaN unknown; shape (rows,).
    outcome : shape (rows,), NaN = unknown.
    block : block of time of each row; with it a mixed combination also has to occur in five blocks.
    """
    used = ~np.isnan(first) & ~np.isnan(second) & ~np.isnan(outcome)
    cells = {
        "both": used & (first == 1) & (second == 1),
        "first_only": used & (first == 1) & (second == 0),
        "second_only": used & (first == 0) & (second == 1),
        "neither": used & (first == 0) & (second == 0),
    }

    def enough(rows: np.ndarray) -> bool:
        return bool(rows.sum() >= _LEAST_APART and (block is None or np.unique(block[rows]).size >= 5))

    wanted = tuple(name for name in ("first_only", "second_only") if not enough(cells[name]))
    means = {name: float(outcome[rows].mean()) if rows.any() else None for name, rows in cells.items()}
    return Separation(
        rows_both=int(cells["both"].sum()),
        rows_first_only=int(cells["first_only"].sum()),
        rows_second_only=int(cells["second_only"].sum()),
        rows_neither=int(cells["neither"].sum()),
        mean_both=means["both"],
        mean_first_only=means["first_only"],
        mean_second_only=means["second_only"],
        mean_neither=means["neither"],
        separable=not wanted,
        wanted=wanted,
    )


def _standing(column: Column, strata: np.ndarray | None) -> tuple[bool, np.ndarray, np.ndarray]:
    """Whether it is a category, ranks within the stratum (or codes), and the known rows."""
    if isinstance(column, CategoricalColumn):
        return True, column.codes, column.codes >= 0
    known = ~np.isnan(column.values)
    ranks = np.full(column.values.size, np.nan)
    group = codes_of(strata, column.values.size)
    for code in np.unique(group):
        rows = np.flatnonzero(known & (group == code))
        if rows.size > 1:
            places = _ranks(column.values[rows])
            ranks[rows] = (places - places.mean()) / rows.size
    return False, ranks, ~np.isnan(ranks)


def _ranks(values: np.ndarray) -> np.ndarray:
    """Mean ranks, ties shared."""
    _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    after = np.cumsum(counts)
    middle: np.ndarray = (after - (counts - 1) / 2)[codes.ravel()]
    return middle


def _association(one: tuple[bool, np.ndarray, np.ndarray], other: tuple[bool, np.ndarray, np.ndarray]) -> float:
    used = one[2] & other[2]
    if used.sum() < 30:
        return 0.0
    first, second = one[1][used], other[1][used]
    if not one[0] and not other[0]:
        spread = float(first.std() * second.std())
        return abs(float(np.mean((first - first.mean()) * (second - second.mean())))) / spread if spread > 0 else 0.0
    if one[0] and other[0]:
        return _cramer(first, second)
    codes, values = (first, second) if one[0] else (second, first)
    counts = np.bincount(codes)
    means = np.bincount(codes, weights=values) / counts.clip(1)
    total = float(values.var())
    groups = int((counts > 0).sum())
    if total == 0 or groups < 2:
        return 0.0
    share = float(np.average((means - values.mean()) ** 2, weights=counts)) / total
    rows = values.size
    return float(np.sqrt(max(0.0, 1 - (1 - share) * (rows - 1) / max(rows - groups, 1))))  # ε, free of the bias of η


def _cramer(first: np.ndarray, second: np.ndarray) -> float:
    """Cramér's V with Bergsma's correction (2013), so that many levels do not look alike by chance."""
    a, one = np.unique(first, return_inverse=True)
    b, other = np.unique(second, return_inverse=True)
    rows, r, c = first.size, a.size, b.size
    if min(r, c) < 2:
        return 0.0
    table = np.bincount(one.ravel() * c + other.ravel(), minlength=r * c).reshape(r, c).astype(float)
    expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / rows
    phi = float(((table - expected) ** 2 / expected).sum()) / rows
    phi = max(0.0, phi - (r - 1) * (c - 1) / (rows - 1))
    r_fair, c_fair = r - (r - 1) ** 2 / (rows - 1), c - (c - 1) ** 2 / (rows - 1)
    return float(np.sqrt(phi / max(min(r_fair, c_fair) - 1, 1e-9)))
