"""Attribute agreement: do inspectors agree with themselves, with each other and with the truth?

Cohen's and Fleiss' kappa with intervals, effectiveness, miss and false-alarm rates with exact (Clopper-Pearson) intervals.
Sources: Cohen (1960); Fleiss (1971); Fleiss, Cohen and Everitt (1969) for the standard error of Cohen's kappa; jackknife
over parts for Fleiss' kappa (Schouten 1980); AIAG, Measurement Systems Analysis, 4th ed., for effectiveness, miss and false
alarm.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import stats

from jasang.analyze.proportions import Share, share_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Kappa:
    """Agreement beyond chance: 1 = always, 0 = as chance would. `error_if_none`, `z` and `p` test for no agreement at all."""

    name: str
    value: float
    error: float
    low: float
    high: float
    error_if_none: float
    z: float
    p: float


def cohen_kappa(
    ratings: Sequence[object] | np.ndarray, others: Sequence[object] | np.ndarray, *, confidence: float = 0.95
) -> Kappa:
    """Cohen's kappa of two raters (or of a rater and the truth) on the same parts, each of length n.

    Raises
    ------
    ValueError
        Different lengths, or fewer than two parts.

    >>> round(cohen_kappa(list("aabbaabbab"), list("aabbaabbaa")).value, 3)
    0.8
    """
    one, other = np.asarray(ratings).astype(str).ravel(), np.asarray(others).astype(str).ravel()
    if one.size != other.size or one.size < 2:
        raise ValueError(f"kappa needs two ratings of at least 2 parts, got {one.size} and {other.size}")
    levels, codes = np.unique(np.concatenate([one, other]), return_inverse=True)
    n, k = one.size, levels.size
    counted = np.zeros((k, k), dtype=np.int64)
    np.add.at(counted, (codes[:n], codes[n:]), 1)
    by_chance = int(counted.sum(axis=1) @ counted.sum(axis=0))
    if by_chance == n * n:
        return _kappa("", 1.0, 0.0, float("nan"), confidence)  # one rating only, by both
    kappa = (n * int(np.trace(counted)) - by_chance) / (n * n - by_chance)
    table = counted / n
    rows, columns, chance = table.sum(axis=1), table.sum(axis=0), by_chance / n**2
    diagonal = np.diag(table) @ (1.0 - (rows + columns) * (1.0 - kappa)) ** 2
    beside = (table * (columns[:, None] + rows[None, :]) ** 2).sum() - np.diag(table) @ (columns + rows) ** 2
    variance = diagonal + (1.0 - kappa) ** 2 * beside - (kappa - chance * (1.0 - kappa)) ** 2
    none = chance + chance**2 - float((rows * columns * (rows + columns)).sum())
    scale = np.sqrt(n) * (1.0 - chance)
    return _kappa("", kappa, max(0.0, variance) ** 0.5 / scale, max(0.0, none) ** 0.5 / scale, confidence)


def fleiss_kappa(
    counts: np.ndarray, *, names: Sequence[str] | None = None, confidence: float = 0.95
) -> tuple[Kappa, ...]:
    """Fleiss' kappa of several ratings of each part: the overall one first, then one for each category.

    Parameters
    ----------
    counts
        How many ratings put part i into category j, shape (parts, categories), the same number of ratings for every part.
    names
        Names of the categories.

    Raises
    ------
    ValueError
        Fewer than two parts or ratings a part, or numbers of ratings that differ.
    """
    counts = np.asarray(counts, dtype=np.float64)
    if counts.ndim != 2 or counts.shape[0] < 2:
        raise ValueError(f"expected counts of shape (parts, categories) with at least 2 parts, got {counts.shape}")
    ratings = counts.sum(axis=1)
    if np.ptp(ratings) != 0 or ratings[0] < 2:
        raise ValueError("every part needs the same number of ratings, at least 2")
    n, m, k = counts.shape[0], float(ratings[0]), counts.shape[1]
    labels = list(names) if names is not None else [str(place) for place in range(k)]
    parts = np.arange(n)
    overall, by_category = _fleiss(counts)
    # Leaving one part out at a time shows what the choice of parts does to kappa.
    left_out = [_fleiss(counts[parts != part]) for part in parts]
    share = counts.sum(axis=0) / (n * m)
    pq = share * (1.0 - share)
    total = float(pq.sum())
    null = 0.0
    if total > 0:
        null = 2.0 * (total**2 - float((pq * (1.0 - 2.0 * share)).sum())) / (n * m * (m - 1.0) * total**2)
    found = [_jackknifed("", overall, np.array([one[0] for one in left_out]), max(0.0, null) ** 0.5, confidence)]
    error = float(np.sqrt(2.0 / (n * m * (m - 1.0))))
    for place, label in enumerate(labels):
        without = np.array([one[1][place] for one in left_out])
        found.append(_jackknifed(label, float(by_category[place]), without, error, confidence))
    return tuple(found)


def _fleiss(counts: np.ndarray) -> tuple[float, np.ndarray]:
    n, m = counts.shape[0], float(counts[0].sum())
    share = counts.sum(axis=0) / (n * m)
    disagreed = (counts * (m - counts)).sum(axis=0) / (n * m * (m - 1.0))
    expected = share * (1.0 - share)
    by_category = 1.0 - np.divide(disagreed, expected, out=np.zeros_like(disagreed), where=expected > 0)
    total = float(expected.sum())
    return (1.0 - float(disagreed.sum()) / total if total > 0 else 1.0), by_category


def _jackknifed(name: str, value: float, without: np.ndarray, null: float, confidence: float) -> Kappa:
    n = without.size
    error = float(np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum()))
    return _kappa(name, value, error, null, confidence, freedom=n - 1)


def _kappa(name: str, value: float, error: float, null: float, confidence: float, freedom: float = np.inf) -> Kappa:
    reach = float(stats.t.ppf(0.5 + confidence / 2, freedom)) * error
    z = value / null if null > 0 else float("nan")
    return Kappa(
        name=name,
        value=value,
        error=error,
        low=max(-1.0, value - reach),
        high=min(1.0, value + reach),
        error_if_none=null,
        z=z,
        p=float(stats.norm.sf(z)) if np.isfinite(z) else float("nan"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspector:
    """One inspector. `repeats` = parts rated the same every time; with a truth: `effectiveness` = parts rated right every time,
    `misses` = ratings of bad parts as good, `false_alarms` = ratings of good parts as bad, `kappa` against the truth.
    """

    name: str
    parts: int
    repeats: Share | None
    effectiveness: Share | None
    misses: Share | None
    false_alarms: Share | None
    kappa: Kappa | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeStudy:
    """Agreement of all inspectors. `between` = parts rated the same by everybody every time, `with_truth` = and rightly so.

    `fleiss` starts with the overall kappa; it is empty where parts were rated unequally often. `pairs` are Cohen's kappas of two
    inspectors. `verdict` after AIAG: effectiveness ≥ 90 %, misses ≤ 2 %, false alarms ≤ 5 % of the worst inspector are
    good; 80 %, 5 % and 10 % may do; without a truth kappa ≥ 0.9 is good and ≥ 0.7 may do.
    """

    inspectors: tuple[Inspector, ...]
    parts: int
    categories: tuple[str, ...]
    between: Share
    with_truth: Share | None
    fleiss: tuple[Kappa, ...]
    pairs: tuple[tuple[str, str, Kappa], ...]
    verdict: str


def attribute_study(
    ratings: Sequence[object] | np.ndarray,
    parts: Sequence[object] | np.ndarray,
    operators: Sequence[object] | np.ndarray,
    *,
    reference: Sequence[object] | np.ndarray | None = None,
    good: object | None = None,
    confidence: float = 0.95,
) -> AttributeStudy:
    """Attribute agreement study; all arrays have length n, one row a rating.

    Parameters
    ----------
    ratings, parts, operators
        What was said of which part by whom.
    reference
        The true rating of the part in each row, where known.
    good
        The rating that means a good part, needed for misses and false alarms; guessed from "good", "ok", "양품", "1" and the
        like.

    Raises
    ------
    ValueError
        Lengths that do not match, or fewer than two parts.
    """
    said, part, who = (np.asarray(one).astype(str).ravel() for one in (ratings, parts, operators))
    truth = None if reference is None else np.asarray(reference).astype(str).ravel()
    if not said.size == part.size == who.size == (said.size if truth is None else truth.size):
        raise ValueError("ratings, parts, operators and reference must have the same length")
    names, pieces = np.unique(who), np.unique(part)
    if pieces.size < 2:
        raise ValueError(f"an attribute study needs at least 2 parts, got {pieces.size}")
    categories = np.unique(said if truth is None else np.concatenate([said, truth]))
    fine = _good(categories, good)
    inspectors = tuple(
        _inspector(name, said[who == name], part[who == name], None if truth is None else truth[who == name], fine)
        for name in names
    )
    alike = [np.unique(said[part == piece]).size == 1 for piece in pieces]
    right = None if truth is None else [bool(np.all(said[part == piece] == truth[part == piece])) for piece in pieces]
    fleiss = _fleiss_of(said, part, categories, confidence)
    pairs = tuple(
        (str(one), str(other), kappa)
        for one, other in combinations(names, 2)
        if (kappa := _pair(said, part, who, (one, other), confidence)) is not None
    )
    return AttributeStudy(
        inspectors=inspectors,
        parts=pieces.size,
        categories=tuple(str(category) for category in categories),
        between=share_of(sum(alike), pieces.size, confidence=confidence),
        with_truth=None if right is None else share_of(sum(right), pieces.size, confidence=confidence),
        fleiss=fleiss,
        pairs=pairs,
        verdict=_verdict(inspectors, fleiss),
    )


_GOOD_WORDS = (
    "good",
    "ok",
    "pass",
    "accept",
    "g",
    "o",
    "p",
    "합격",
    "양품",
    "양호",
    "정상",
    "적합",
    "1",
    "1.0",
    "true",
    "0",
)


def _good(categories: np.ndarray, stated: object | None) -> str | None:
    if stated is not None:
        return str(stated)
    if categories.size != 2:
        return None
    lowered = {category.strip().lower(): str(category) for category in categories}
    return next((lowered[word] for word in _GOOD_WORDS if word in lowered), None)


def _inspector(name: str, said: np.ndarray, part: np.ndarray, truth: np.ndarray | None, fine: str | None) -> Inspector:
    pieces, counts = np.unique(part, return_counts=True)
    again = [np.unique(said[part == piece]).size == 1 for piece in pieces]
    repeats = share_of(sum(again), pieces.size) if counts.max() > 1 else None
    effective = misses = alarms = kappa = None
    if truth is not None:
        right = [bool(np.all(said[part == piece] == truth[part == piece])) for piece in pieces]
        effective = share_of(sum(right), pieces.size)
        kappa = cohen_kappa(said, truth)
        if fine is not None:
            bad, well = truth != fine, truth == fine
            misses = share_of(int((said[bad] == fine).sum()), int(bad.sum())) if bad.any() else None
            alarms = share_of(int((said[well] != fine).sum()), int(well.sum())) if well.any() else None
    return Inspector(
        name=str(name),
        parts=pieces.size,
        repeats=repeats,
        effectiveness=effective,
        misses=misses,
        false_alarms=alarms,
        kappa=kappa,
    )


def _fleiss_of(said: np.ndarray, part: np.ndarray, categories: np.ndarray, confidence: float) -> tuple[Kappa, ...]:
    pieces, piece = np.unique(part, return_inverse=True)
    counts = np.zeros((pieces.size, categories.size))
    np.add.at(counts, (piece, np.searchsorted(categories, said)), 1.0)
    if np.ptp(counts.sum(axis=1)) != 0 or counts[0].sum() < 2:
        return ()
    return fleiss_kappa(counts, names=[str(category) for category in categories], confidence=confidence)


def _pair(
    said: np.ndarray, part: np.ndarray, who: np.ndarray, pair: tuple[str, str], confidence: float
) -> Kappa | None:
    """Cohen's kappa of two inspectors: the i-th rating of a part by one beside the i-th by the other."""
    rows: list[list[str]] = [[], []]
    for piece in np.unique(part):
        both = [said[(part == piece) & (who == name)] for name in pair]
        for first, second in zip(*both, strict=False):
            rows[0].append(str(first))
            rows[1].append(str(second))
    return cohen_kappa(rows[0], rows[1], confidence=confidence) if len(rows[0]) >= 2 else None


def _verdict(inspectors: tuple[Inspector, ...], fleiss: tuple[Kappa, ...]) -> str:
    grades = []
    for one in inspectors:
        for share, good, usable in (
            (one.effectiveness, 0.10, 0.20),
            (one.misses, 0.02, 0.05),
            (one.false_alarms, 0.05, 0.10),
        ):
            if share is not None:
                wrong = 1.0 - share.value if share is one.effectiveness else share.value
                grades.append(0 if wrong <= good else 1 if wrong <= usable else 2)
    if not grades and fleiss:
        grades.append(0 if fleiss[0].value >= 0.9 else 1 if fleiss[0].value >= 0.7 else 2)
    if not grades:
        worst = min((one.repeats.value for one in inspectors if one.repeats is not None), default=1.0)
        grades.append(0 if worst >= 0.9 else 1 if worst >= 0.8 else 2)
    return ("good", "usable", "poor")[max(grades)]
