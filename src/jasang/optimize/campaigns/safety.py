"""Which stated chance keeps a promise: the model's own chances, corrected by how earlier suggestions fared.

A model fitted to few records is surer than it should be, and a search finds the points where it errs on the bright side.
So the chance demanded of the next trial is moved after every trial, up after one out of specification and down after
one within it, so
that in the long run just the promised share stays in (adaptive conformal inference, Gibbs and Candès 2021).
"""

from collections.abc import Sequence

import numpy as np
from scipy import stats

FIRST_MARGIN = 0.6  # standard deviations demanded beyond the promise before anything is known
STEP = 0.8  # standard deviations by which one trial out of specification moves the demand, times 1 − (1 − promise)


def demanded_chance(promise: float, kept: Sequence[bool]) -> float:
    """The chance that the model must state for the next trial.

    Parameters
    ----------
    promise : share of trials that shall stay in specification, above 0.5 and below 1.
    kept : for each earlier safe suggestion, in order, whether it stayed in specification.
    """
    margin = float(stats.norm.ppf(promise)) + FIRST_MARGIN
    for stayed in kept:
        margin += STEP * ((0.0 if stayed else 1.0) - (1.0 - promise))
        margin = float(np.clip(margin, 0.0, 4.0))
    return float(stats.norm.cdf(margin))
