"""Columns that would give the result away because somebody wrote them after it."""

import numpy as np

from jasang.analyze.drivers import NumericColumn, named_afterwards
from jasang.analyze.drivers.leakage import follows_outcome, rests_when_good
from jasang.analyze.early_warning.problem import WarningProblem

_PURE = 0.7  # share of bad units from which a warning must not lean on a column that good units leave at rest


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
            leaks = follows_outcome(short, bad) or rests_when_good(short.values, bad > 0.5, pure=_PURE)
        else:
            leaks = follows_outcome(
                type(column)(name=column.name, codes=column.codes[known], levels=column.levels), bad
            )
        if leaks or named_afterwards(column.name):
            found.append(column.name)
    return tuple(found)
