"""Columns that follow from the outcome instead of going before it: a reason, a rework flag, a field filled in for defects."""

import re

import numpy as np

from jasang.analyze.drivers.problem import CategoricalColumn, Column, NumericColumn

# Names of what is written down after the verdict. Only whole words, or Korean parts of words.
_AFTERWARDS = re.compile(
    r"(?:^|[^a-z])(?:defects?|ng|rework(?:ed)?|reject(?:ed|s)?|scrap(?:ped)?|fail(?:ed|ure|ures)?|verdict|judge?ment|"
    r"pass ?or ?fail|passfail|result|good ?(?:qty|count|parts)|yield|repair(?:ed)?|disposition|error[ _]?code|"
    r"claims?|incentives?|bonus(?:es)?)(?:[^a-z]|$)"  # pay follows the result
    r"|불량|양품|수율|재작업|폐기|판정|수리|수정|반품|합격|불합격|검사결과|인센티브|성과급|상여",
    re.IGNORECASE,
)
_CERTAIN = 0.98
_LEAST_DEFECTS = 8
_RESTING = 0.98  # of the good units have one and the same value …
_MOVED = 0.4  # … and so much of the bad ones another
_ENOUGH_DEFECTS = 20  # to say "all of them"
_PURE = 0.9  # share of bad among the units with another value
_FLAG_LEVELS = (
    3  # a number with more values than this is a quantity, and an extreme of a quantity may well spoil every unit
)


def named_afterwards(name: str) -> bool:
    """Whether the name itself says that the column is written after the verdict."""
    return _AFTERWARDS.search(name) is not None


def follows_outcome(column: Column, defect: np.ndarray) -> bool:
    """Whether the column's content shows that it was filled in after the verdict. `defect` is 0 or 1, none missing.

    Either it is there for (nearly) all defects and (nearly) no good unit or the reverse, or one of its levels consists of
    defects alone while they are rare elsewhere, or a number rests at one value (0 minutes of rework) for good units and leaves
    it for bad ones: no setting or sensor of a real process does that.
    """
    bad = defect > 0.5
    if bad.sum() < _LEAST_DEFECTS or bad.mean() > 0.5:
        return False
    if isinstance(column, CategoricalColumn):
        known, values = column.codes >= 0, column.codes
    else:
        known, values = ~np.isnan(column.values), column.values
    if abs(float(known[bad].mean()) - float(known[~bad].mean())) > 0.9:
        return True
    if not known.any():
        return False
    distinct, codes = np.unique(values[known], return_inverse=True)
    if isinstance(column, NumericColumn) and (rests_when_good(values, bad) or _rests_when_bad(values, bad)):
        return True
    if distinct.size > (_FLAG_LEVELS if isinstance(column, NumericColumn) else 64):
        return _parts_completely(values[known], bad[known])
    rows = np.bincount(codes.ravel())
    hits = np.bincount(codes.ravel(), weights=bad[known])
    pure = (hits >= _LEAST_DEFECTS) & (hits >= _CERTAIN * rows)
    return bool(pure.any() and rows[pure].sum() < 0.5 * known.sum())


def rests_when_good(values: np.ndarray, bad: np.ndarray, *, pure: float = _PURE) -> bool:
    """Whether good units have (nearly) all one value that many bad ones leave, shape (rows,); missing counts as a value.

    `pure` is the least share of bad units among those with another value.
    """
    if bad.sum() < _LEAST_DEFECTS or (~bad).sum() < _LEAST_DEFECTS:
        return False
    filled = np.where(np.isnan(values), np.inf, values)
    levels, count = np.unique(filled[~bad], return_counts=True)
    moved = filled != levels[np.argmax(count)]
    if count.max() < _RESTING * (~bad).sum() or not moved.any():
        return False
    return bool(moved[bad].mean() >= _MOVED and bad[moved].mean() >= pure)


def _rests_when_bad(values: np.ndarray, bad: np.ndarray) -> bool:
    """Whether (nearly) all bad units have one value that most good ones leave: no cause explains every defect to the digit."""
    if bad.sum() < _ENOUGH_DEFECTS or np.unique(values).size <= _FLAG_LEVELS:
        return False
    levels, count = np.unique(values[bad], return_counts=True)
    usual = levels[np.argmax(count)]
    return bool(count.max() >= _RESTING * bad.sum() and (values[~bad] == usual).mean() <= 1 - _MOVED)


def _parts_completely(values: np.ndarray, bad: np.ndarray) -> bool:
    """Whether one cut has (nearly) all defects on one side and (nearly) only defects there."""
    if bad.sum() < _LEAST_DEFECTS:
        return False
    order = np.argsort(values, kind="stable")
    hits = bad[order]
    count = int(hits.sum())
    return bool(hits[:count].mean() >= _CERTAIN or hits[-count:].mean() >= _CERTAIN)
