"""The run length that a set of run rules really has: how often it alarms without a cause, and how soon with one.

Exact for the zone rules 1, 2, 5 and 6 (`rule_chain`); with the others by simulation on bits, whose results for the usual sets are
kept in a table.
"""

from functools import lru_cache
from math import sqrt
from types import MappingProxyType

import numpy as np

from jasang.analyze.control_charts.rule_bits import packed_rules
from jasang.analyze.control_charts.rule_chain import ZONE_RULES, zone_rule_run_length
from jasang.analyze.run_rules import IN_CONTROL_RUN_LENGTH, RULES, RUN_OF

CHUNK = 512
MOVING_RANGE_ERROR = 0.909  # √n × the relative standard error of sigma from n moving ranges (Cryer and Ryan 1990)

# Mean points to the first alarm when the mean has moved by 1, 2 and 3 sigma: 40,000 runs, seed 2 (standard error 0.5 %).
SHIFTED_RUN_LENGTH: MappingProxyType[tuple[tuple[int, ...], float], float] = MappingProxyType(
    {
        ((1, 2, 3, 4), 1.0): 16.53,
        ((1, 2, 3, 4), 2.0): 5.13,
        ((1, 2, 3, 4), 3.0): 1.99,
        ((1, 2, 3, 4, 5, 6, 7, 8), 1.0): 9.64,
        ((1, 2, 3, 4, 5, 6, 7, 8), 2.0): 3.13,
        ((1, 2, 3, 4, 5, 6, 7, 8), 3.0): 1.67,
    }
)


def rule_run_length(
    rules: tuple[int, ...],
    *,
    shift: float = 0.0,
    limits_from: int | None = None,
    run_of: int = RUN_OF,
    runs: int = 8000,
    seed: int = 2,
) -> float:
    """Mean number of points to the first alarm of a set of run rules on independent normal values.

    Parameters
    ----------
    rules : tuple of int
        Numbers of the rules (`run_rules.RULES`).
    shift : float
        How far the mean has moved, in sigma; 0 asks for the false alarms.
    limits_from : int, optional
        Number of phase I values the limits of an individuals chart were made from. Limits from few values are off, which the
        figure then contains. Without it the limits are exact.
    run_of : int
        Points on one side at which rule 2 rings: nine after Nelson, eight in the Western Electric handbook. Another number than
        nine goes with exact limits and rules 1, 2, 5 and 6 only.
    runs, seed : int
        Of the simulation; the standard error is about 1/√runs of the result.

    >>> round(rule_run_length((1, 2, 5, 6), run_of=8), 2)  # Champ and Woodall (1987)
    91.75
    """
    rules = tuple(sorted(set(rules)))
    unknown = [rule for rule in rules if rule not in RULES]
    if unknown or not rules:
        raise ValueError(f"unknown run rules {unknown or rules}; there are {list(RULES)}")
    if limits_from is not None and limits_from < 2:
        raise ValueError(f"limits need at least 2 values, got {limits_from}")
    if limits_from is None and set(rules) <= ZONE_RULES and run_of >= 2:
        return zone_rule_run_length(frozenset(rules), float(shift), run_of)
    if run_of != RUN_OF:
        raise ValueError(f"run_of = {run_of} goes with rules 1, 2, 5 and 6 and exact limits only, and is at least 2")
    known = {tuple(sorted(each)): length for each, length in IN_CONTROL_RUN_LENGTH.items()}
    if limits_from is None and shift == 0.0 and rules in known:
        return known[rules]
    if limits_from is None and (rules, abs(shift)) in SHIFTED_RUN_LENGTH:
        return SHIFTED_RUN_LENGTH[rules, abs(shift)]
    return _simulated(rules, shift, limits_from, runs, seed)


def skewness(values: np.ndarray) -> float:
    """How lopsided the middle 80 % of the values lie: (q90 + q10 − 2·median) / (q90 − q10), 0 where symmetric; NaN left out."""
    low, middle, high = np.nanquantile(values, [0.1, 0.5, 0.9])
    return float((high + low - 2.0 * middle) / (high - low)) if high > low else 0.0


def resampled_run_length(
    values: np.ndarray, *, centre: float, sigma: float, rules: tuple[int, ...], shift: float = 0.0, seed: int = 3
) -> float:
    """Run length of a set of rules with these lines on values drawn from the record itself, for records that are not normal.

    `shift` in sigma. By 400 runs of up to 500 points; runs without alarm count by exposure.
    """
    known = values[~np.isnan(values)]
    drawn = np.random.default_rng(seed).choice(known, (400, 500)) + shift * sigma
    record = np.concatenate([drawn, np.full((400, 1), np.nan)], axis=1)
    flags = packed_rules(record.ravel(), centre=centre, sigma=sigma)[[rule - 1 for rule in rules]]
    anywhere: np.ndarray = np.logical_or.reduce(flags, axis=0)
    alarms = anywhere.reshape(record.shape)[:, :-1]
    rang = alarms.any(axis=1)
    lengths = np.where(rang, alarms.argmax(axis=1) + 1, alarms.shape[1])
    return float(lengths.sum() / rang.sum()) if rang.any() else float("inf")


@lru_cache(maxsize=256)
def _simulated(rules: tuple[int, ...], shift: float, limits_from: int | None, runs: int, seed: int) -> float:
    """Each run goes on until it alarms, or counts by exposure after 40 chunks."""
    generator = np.random.default_rng(seed)
    centre, scale = np.zeros((runs, 1)), np.ones((runs, 1))
    if limits_from is not None:
        centre = generator.standard_normal((runs, 1)) / sqrt(limits_from)
        scale = np.maximum(0.2, 1.0 + MOVING_RANGE_ERROR / sqrt(limits_from) * generator.standard_normal((runs, 1)))
    past = np.full((runs, 16), np.nan)
    points, alarms = 0, 0
    for _ in range(40):
        fresh = (generator.standard_normal((centre.size, CHUNK)) + shift - centre) / scale
        wall = np.full((centre.size, 1), np.nan)
        record = np.concatenate([past, fresh, wall], axis=1)
        completed = packed_rules(record.ravel(), centre=0.0, sigma=1.0)[[rule - 1 for rule in rules]]
        anywhere: np.ndarray = np.logical_or.reduce(completed, axis=0)
        inside = anywhere.reshape(record.shape)[:, past.shape[1] : -1]
        rang = inside.any(axis=1)
        points += int(np.where(rang, inside.argmax(axis=1) + 1, CHUNK).sum())
        alarms += int(rang.sum())
        if rang.all():
            break
        centre, scale, past = centre[~rang], scale[~rang], fresh[~rang, -16:]
    return points / alarms if alarms else float("inf")
