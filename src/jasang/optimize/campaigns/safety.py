"""How far the model's chances are to be trusted: they are moved by how earlier suggestions fared.

A model fitted to few records may be surer than it should be, and a search finds the points where it errs on the bright side.
So every chance is moved before it is stated: down by a part of a standard deviation after a suggestion out of specification, up a
little after each within, in proportion to what had been stated. In the long run as many stay in as was stated (adaptive conformal
inference, Gibbs and Candès 2021, on the stated chance itself).

A promise is about the share of all trials of a campaign. What earlier trials left of the risk may be spent by later ones, and
what they took too much is saved.
"""

from collections.abc import Sequence

import numpy as np
from scipy import special

FIRST_SHIFT = 0.4  # standard deviations by which chances are lowered before anything is known
STEP = 0.6  # standard deviations by which one unforeseen trial out of specification lowers them
LEAST_SHIFT, MOST_SHIFT = -0.5, 3.0

SPEND = 0.3  # standard deviations by which one trial more in specification than promised lowers what is demanded
FURTHEST = 2.5  # times the promised share of misses, up to which a single trial may be risked


def demanded_chance(promise: float, kept: Sequence[bool]) -> float:
    """The chance that must be stated for the next trial.

    Parameters
    ----------
    promise : share of trials that shall stay in specification, above 0.5 and below 1.
    kept : for each earlier suggestion whether it stayed in specification.
    """
    saved = sum(kept) - promise * len(kept)
    demanded = float(special.ndtr(special.ndtri(promise) - SPEND * saved))
    return max(demanded, 1.0 - FURTHEST * (1.0 - promise), 0.5)


def learnt_shift(stated: Sequence[float], kept: Sequence[bool]) -> float:
    """By how many standard deviations the model's chances are to be lowered.

    Parameters
    ----------
    stated : the chance stated of each earlier suggestion, in order.
    kept : whether it stayed in specification.
    """
    shift = FIRST_SHIFT
    for chance, stayed in zip(stated, kept, strict=True):
        shift += STEP * ((0.0 if stayed else 1.0) - (1.0 - chance))
        shift = float(np.clip(shift, LEAST_SHIFT, MOST_SHIFT))
    return shift


def shifted(log_chance: np.ndarray, shift: float) -> np.ndarray:
    """Logarithms of chances, lowered by `shift` standard deviations; shape as given."""
    if shift == 0.0:
        return log_chance
    return np.asarray(special.log_ndtr(special.ndtri_exp(np.minimum(log_chance, -1e-16)) - shift))
