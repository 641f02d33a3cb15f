"""The experiment that would tell a cause from what only moves along: settings, levels, runs, and units by a power calculation."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil, sqrt

import numpy as np
from scipy import stats

_MOST_FULL = 3  # factors: more of them are tried in half of the combinations
_LEAST_REPLICATES = 2  # one turn of a setting is no experiment: anything may have changed with it


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """A setting and the two levels to try, in its unit, or two names (suppliers, lots)."""

    name: str
    low: float | str
    high: float | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run: the level of every factor, and the block (a day or shift in which every combination is made once)."""

    block: int
    levels: tuple[float | str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """A two-level plan. Every run makes `units_a_run` units; `units` in all; `power` is the chance to see the stated effect.

    `runs` stand in the order to be made in: at random within each block, so that no slow change takes part of one level.
    """

    factors: tuple[Factor, ...]
    runs: tuple[Run, ...]
    units_a_run: int
    units: int
    power: float
    effect: float
    alpha: float


def units_for_rates(
    usual: float, changed: float, *, alpha: float = 0.05, power: float = 0.8, design_effect: float = 1.0
) -> int:
    """Units on each side to tell two rates apart, two-sided (Fleiss, Statistical Methods for Rates and Proportions, 1981, 3.14).

    Without the continuity correction; times the `design_effect` where units of one run are alike.

    Raises
    ------
    ValueError
        Rates outside 0 to 1, or equal.

    Examples
    --------
    >>> units_for_rates(0.03, 0.01)
    769
    """
    if not (0 <= usual <= 1 and 0 <= changed <= 1) or usual == changed:
        raise ValueError(f"expected two different rates from 0 to 1, got {usual} and {changed}")
    mean = (usual + changed) / 2
    apart = _z(alpha / 2) * sqrt(2 * mean * (1 - mean)) + _z(1 - power) * sqrt(
        usual * (1 - usual) + changed * (1 - changed)
    )
    return ceil(design_effect * (apart / (usual - changed)) ** 2)


def units_for_means(
    difference: float, sigma: float, *, alpha: float = 0.05, power: float = 0.8, design_effect: float = 1.0
) -> int:
    """Units on each side to see a difference of two means, two-sided, with Student's t (noncentral t, solved by search).

    Examples
    --------
    >>> units_for_means(0.5, 1.0)
    64
    """
    if difference == 0 or sigma <= 0:
        raise ValueError(f"expected a difference other than 0 and a positive sigma, got {difference} and {sigma}")
    size = max(2, ceil(2 * ((_z(alpha / 2) + _z(1 - power)) * sigma / difference) ** 2) - 2)
    while _power_of_means(difference, sigma, size, alpha) < power:
        size += 1
    return ceil(design_effect * size)


def power_for_rates(
    usual: float, changed: float, units: int, *, alpha: float = 0.05, design_effect: float = 1.0
) -> float:
    """Chance to tell two rates apart with `units` on each side."""
    effective = units / design_effect
    mean = (usual + changed) / 2
    reach = abs(usual - changed) * sqrt(effective) - _z(alpha / 2) * sqrt(2 * mean * (1 - mean))
    return float(stats.norm.cdf(reach / sqrt(max(usual * (1 - usual) + changed * (1 - changed), 1e-12))))


def design_effect(outcome: np.ndarray, block: np.ndarray, run_length: int) -> float:
    """How many times more units a comparison of runs of `run_length` units needs than one of independent units: 1 + (m − 1) ρ.

    ρ is the intraclass correlation of blocks by analysis of variance (Donner & Klar 2000), not below 0.
    """
    known = ~np.isnan(outcome)
    outcome, codes = outcome[known], np.unique(block[known], return_inverse=True)[1].ravel()
    counts = np.bincount(codes).astype(float)
    groups, rows = counts.size, outcome.size
    if groups < 2 or rows <= groups:
        return 1.0
    means = np.bincount(codes, weights=outcome) / counts
    between = float((counts * (means - outcome.mean()) ** 2).sum()) / (groups - 1)
    within = float(((outcome - means[codes]) ** 2).sum()) / (rows - groups)
    size = (rows - float((counts**2).sum()) / rows) / (groups - 1)
    alike = (between - within) / max(between + (size - 1) * within, 1e-12)
    return 1.0 + (run_length - 1) * max(0.0, alike)


def plan_experiment(
    factors: Sequence[Factor],
    *,
    usual: float,
    effect: float,
    sigma: float | None = None,
    alpha: float = 0.05,
    power: float = 0.8,
    run_units: int | None = None,
    block_effect: float = 1.0,
    seed: int = 0,
) -> Experiment:
    """A two-level experiment in blocks that sees the `effect` of every factor with the stated power.

    Every combination once in each block for up to three factors; with more, the half of them whose signs multiply to plus
    (resolution IV or better for four and more). The runs of a block are made in random order.

    Parameters
    ----------
    usual : the outcome as it is now: a rate when `sigma` is None, else a mean.
    effect : the change to be seen, in the outcome's unit (negative = a fall).
    sigma : spread of single values for a measured quality; None for a defect rate.
    run_units : units made in a row at one setting, at least; as few runs as that allows.
    block_effect : the design effect for runs of that length, from `design_effect`.

    Raises
    ------
    ValueError
        No factor, two factors of one name, or an effect that leads out of 0 to 1.

    Examples
    --------
    >>> plan = plan_experiment([Factor(name="mould", low=56, high=60)], usual=0.03, effect=-0.02)
    >>> len(plan.runs), plan.units_a_run, plan.units
    (4, 385, 1540)
    """
    if not factors or len({factor.name for factor in factors}) != len(factors):
        raise ValueError("expected at least one factor, each with a name of its own")
    if sigma is None:
        changed = min(max(usual + effect, 0.0), 1.0)
        side = units_for_rates(usual, changed, alpha=alpha, power=power, design_effect=block_effect)
    else:
        side = units_for_means(effect, sigma, alpha=alpha, power=power, design_effect=block_effect)
    cells = _combinations(len(factors))
    half = len(cells) // 2  # runs at each level of every factor in one block
    replicates = _LEAST_REPLICATES
    if run_units is not None:
        replicates = max(_LEAST_REPLICATES, ceil(side / (half * max(run_units, 1))))
    units_a_run = max(1, ceil(side / (half * replicates)))
    rng = np.random.default_rng(seed)
    runs = [
        Run(block=block + 1, levels=tuple(f.high if cells[cell][p] else f.low for p, f in enumerate(factors)))
        for block in range(replicates)
        for cell in rng.permutation(len(cells)).tolist()
    ]
    made = units_a_run * half * replicates
    if sigma is None:
        reached = power_for_rates(usual, changed, made, alpha=alpha, design_effect=block_effect)
    else:
        reached = _power_of_means(effect, sigma, max(2, int(made / block_effect)), alpha)
    return Experiment(
        factors=tuple(factors),
        runs=tuple(runs),
        units_a_run=units_a_run,
        units=units_a_run * len(runs),
        power=reached,
        effect=effect,
        alpha=alpha,
    )


def _combinations(factors: int) -> list[tuple[int, ...]]:
    if factors <= _MOST_FULL:
        return list(product((0, 1), repeat=factors))
    made = list(product((0, 1), repeat=factors - 1))
    return [(*cell, (sum(cell) + factors - 1 + 1) % 2) for cell in made]


def _power_of_means(difference: float, sigma: float, size: int, alpha: float) -> float:
    freedom = 2 * size - 2
    shift = abs(difference) / (sigma * sqrt(2 / size))
    edge = float(stats.t.isf(alpha / 2, freedom))
    return float(stats.nct.sf(edge, freedom, shift) + stats.nct.cdf(-edge, freedom, shift))


def _z(tail: float) -> float:
    return float(stats.norm.isf(tail))
