"""Columns that would give the result away because somebody wrote them after it."""

import numpy as np

from jasang.analyze.drivers import NumericColumn, named_afterwards
from jasang.analyze.drivers.leakage import follows_outcome
from jasang.analyze.early_warning.problem import WarningProblem

_RESTING = 0.98  # of the good units have one and the same value …
_MOVED = 0.4  # … and so much of the bad ones another
_PURE = 0.7  # share of bad among the units with another value


def leaking_columns(problem: WarningProblem) -> tuple[str, ...]:
    """Names of the columns that were written after the result, by their name or by their content.

    By content: filled in for bad units only, a level or an end that holds (nearly) all bad units and no good one, or a number
    that rests at one value (0 minutes of rework) for good units and leaves it for bad ones.
    """
    known = ~np.isnan(problem.outcome)
    bad = problem.outcome[known]
    found = []
    for column in problem.columns:
        if isinstance(column, NumericColumn):
            short = NumericColumn(name=column.name, values=column.values[known])
            leaks = follows_outcome(short, bad) or _rests_when_good(short.values, bad)
        else:
            leaks = follows_outcome(
                type(column)(name=column.name, codes=column.codes[known], levels=column.levels), bad
            )
        if leaks or named_afterwards(column.name):
            found.append(column.name)
    return tuple(found)


def _rests_when_good(values: np.ndarray, bad: np.ndarray) -> bool:
    wrong = bad > 0.5
    if wrong.sum() < 8 or (~wrong).sum() < 8:
        return False
    filled = np.where(np.isnan(values), np.inf, values)
    levels, count = np.unique(filled[~wrong], return_counts=True)
    usual = levels[np.argmax(count)]
    moved = filled != usual
    if count.max() < _RESTING * (~wrong).sum() or not moved.any():
        return False
    return bool(moved[wrong].mean() >= _MOVED and bad[moved].mean() >= _PURE)
