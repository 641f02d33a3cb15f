"""How likely so close a match is by chance: against records that wander as the real one does, but whose past never was.

Amplitude-adjusted surrogates with one set of phases for all signals (Theiler et al., Physica D 58 (1992) 77-94; Prichard &
Theiler, Phys. Rev. Lett. 73 (1994) 951-954): they keep each signal's values, its autocorrelation and how signals go together.
"""

from dataclasses import dataclass

import numpy as np
from scipy import fft, stats

from jasang.analyze.similar_periods.search import Likeness, _profile, nearest, standard_scores, together

SURROGATES = 99


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chance:
    """`p` (k,) is the probability that a record without memory of the stretch holds any match as close as each of `distances`.

    `closest` (surrogates,) are the closest distances found in such records.
    """

    distances: np.ndarray
    p: np.ndarray
    closest: np.ndarray


def chance_of_match(
    values: np.ndarray,
    start: int,
    end: int,
    distances: np.ndarray,
    *,
    likeness: Likeness = "both",
    surrogates: int = SURROGATES,
    before_only: bool = True,
    seed: int = 1,
) -> Chance:
    """The chance of matches as near as `distances` to rows `start:end`, in a history of the length of what is before `start`.

    Without `before_only` the history is as long as the whole record, as the search was.

    p is (1 + surrogates with a nearer match) / (1 + surrogates), so never below 1 / (1 + surrogates).

    Raises
    ------
    ValueError
        There is less history than two stretches.
    """
    length = end - start
    scores = standard_scores(values)
    history = _filled(scores[:start] if before_only else scores)
    if history.shape[0] < 2 * length:
        raise ValueError(f"history of {history.shape[0]} rows is shorter than two stretches of {length}")
    query = scores[start:end]
    rng = np.random.default_rng(seed)
    closest = np.empty(surrogates)
    for number in range(surrogates):
        total = together(_profile(surrogate(history, rng), query, likeness))
        closest[number] = np.nanmin(total)
    given = np.asarray(distances, dtype=np.float64)
    p = (1.0 + (closest[None, :] <= given[:, None]).sum(axis=1)) / (1.0 + surrogates)
    return Chance(distances=given, p=p, closest=closest)


def rank_of_match(
    values: np.ndarray,
    start: int,
    end: int,
    distance: float,
    *,
    likeness: Likeness = "both",
    others: int = 40,
    seed: int = 1,
) -> float:
    """The share of other stretches of the history whose own nearest match is nearer than `distance`: near 1 = nothing like it."""
    length = end - start
    scores = standard_scores(values)[:start]
    places = scores.shape[0] - length
    if places < 2 * length:
        return float("nan")
    rng = np.random.default_rng(seed)
    nearer = []
    for place in rng.integers(0, places, others):
        total = together(_profile(scores, scores[place : place + length], likeness))
        total[max(0, place - length + 1) : place + length] = np.nan
        best = nearest(total, length, 1)
        if best:
            nearer.append(total[best[0]] < distance)
    return float(np.mean(nearer)) if nearer else float("nan")


def surrogate(history: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One surrogate of (rows, signals) without missing values."""
    rows = history.shape[0]
    ranks = history.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable")
    normal = stats.norm.ppf((np.arange(rows) + 0.5) / rows)
    gaussian = normal[ranks]
    spectrum = fft.rfft(gaussian, axis=0)
    turn = np.exp(2j * np.pi * rng.random(spectrum.shape[0]))
    turn[0] = 1.0
    turned = fft.irfft(spectrum * turn[:, None], rows, axis=0)
    order = turned.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable")
    found: np.ndarray = np.take_along_axis(np.sort(history, axis=0), order, axis=0)
    return found


def _filled(history: np.ndarray) -> np.ndarray:
    """Missing values replaced by the last known ones (0 = the usual level at the beginning)."""
    known = np.isfinite(history)
    if known.all():
        return history
    rows = np.arange(history.shape[0])[:, None]
    last = np.maximum.accumulate(np.where(known, rows, -1), axis=0)
    found: np.ndarray = np.where(last >= 0, np.take_along_axis(history, np.maximum(last, 0), axis=0), 0.0)
    filled: np.ndarray = np.nan_to_num(found)
    return filled
