"""Where exactly the window of a chosen column ends, and what leaving it costs, estimated on blocks that did not choose it."""

from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from jasang.analyze.drivers.baseline import Baseline
from jasang.analyze.drivers.bins import BinnedColumn, BinSet, cut_points
from jasang.analyze.drivers.layout import Layout
from jasang.analyze.drivers.problem import NumericColumn, Shape

FOLDS = 5
_SETTLED_SHARE = 0.25
_SETTLED_RATIO = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Good from above `low` to `high`; infinite where that side is open."""

    low: float
    high: float

    def outside(self, values: np.ndarray) -> np.ndarray:
        """1.0 outside, 0.0 inside, NaN where the value is missing."""
        marks = ((values <= self.low) | (values > self.high)).astype(np.float64)
        marks[np.isnan(values)] = np.nan
        return marks


def until_settled(column: NumericColumn, limits: Limits, outcome: np.ndarray, rows: np.ndarray) -> Limits:
    """Start-up limits moved up to where the defect rate has come down to four times that of settled running.

    The cut that parts best stops where the worst ends; the units after it may still be bad many times as often. The rate is
    taken as falling with the count (isotonic regression), so one odd unit neither stops nor stretches it.
    """
    values, defects = column.values[rows], outcome[rows]
    known = ~np.isnan(values)
    values, defects = values[known], defects[known]
    settled = values > np.quantile(values, _SETTLED_SHARE)
    if not settled.any() or np.isinf(limits.low):
        return limits
    level = float(defects[settled].mean())
    distinct, codes = np.unique(values[~settled], return_inverse=True)
    if distinct.size < 2 or level <= 0:
        return limits
    counts = np.bincount(codes.ravel())
    rates = np.bincount(codes.ravel(), weights=defects[~settled]) / counts
    fitted = optimize.isotonic_regression(rates, weights=counts, increasing=False).x
    # How many were bad from the limit on, less two standard errors: the tail of few units must not decide.
    later = distinct > limits.low
    bad, made = np.cumsum(rates * counts * later), np.cumsum(counts * later)
    surely = (bad - 2 * np.sqrt(bad + 1)) / np.maximum(made, 1)
    still = distinct[later & (fitted >= _SETTLED_RATIO * level) & (surely > 2 * level)]
    if still.size == 0 or still[-1] <= limits.low:
        return limits
    place = int(np.searchsorted(distinct, still[-1]))
    after = distinct[place + 1] if place + 1 < distinct.size else still[-1] + 1
    return Limits(low=float((still[-1] + after) / 2), high=np.inf)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Outcome outside minus inside with its standard error and 95 % interval."""

    value: float
    error: float
    low: float
    high: float


def choose_limits(
    column: NumericColumn, binned: BinnedColumn, chosen: BinSet, sign: int, residual: np.ndarray, rows: np.ndarray
) -> Limits:
    """The limits of set `chosen`, moved within the neighbouring bins to where the residuals of `rows` part best."""
    values, left = column.values[rows], residual[rows]
    known = ~np.isnan(values)
    values, left = values[known], left[known] - left[known].mean() if known.any() else left[known]
    if chosen.shape is Shape.LOW:
        cut = _refine(values, left, binned.cuts, chosen.lower or 0)
        return Limits(low=cut, high=np.inf) if sign > 0 else Limits(low=-np.inf, high=cut)
    lower, upper = chosen.lower or 0, chosen.upper or 0
    low_side, high_side = values <= binned.cuts[upper], values > binned.cuts[lower]
    low = _refine(values[low_side], left[low_side], binned.cuts[: upper + 1], lower)
    high = _refine(values[high_side], left[high_side], binned.cuts, upper)
    return Limits(low=low, high=high)


def _refine(values: np.ndarray, residual: np.ndarray, cuts: np.ndarray, place: int) -> float:
    """The cut between `cuts[place - 1]` and `cuts[place + 1]` at which the mean residual below and above differ most."""
    lowest = cuts[place - 1] if place else -np.inf
    highest = cuts[place + 1] if place + 1 < cuts.size else np.inf
    nearby = (values > lowest) & (values <= highest)
    finer = cut_points(values[nearby], np.linspace(0.02, 0.98, 33), least=1)
    tried = np.concatenate([finer, cuts[place : place + 1]])
    codes = np.searchsorted(np.sort(tried), values, side="left")
    order = np.sort(tried)
    below = np.cumsum(np.bincount(codes, minlength=order.size + 1))[:-1]
    gain = np.cumsum(np.bincount(codes, weights=residual - residual.mean(), minlength=order.size + 1))[:-1]
    shared = below * (values.size - below) / max(values.size, 1)
    return float(order[int(np.argmax(np.where(shared > 0, gain**2 / shared.clip(1e-9), -1.0)))])


def estimate(
    outcome: np.ndarray,
    outside: np.ndarray,
    layout: Layout,
    baseline: Baseline,
    rows: np.ndarray,
    *,
    within: bool,
    binary: bool,
) -> Effect | None:
    """Effect of being outside, on the rows `rows` (truth values), with strata, time and the held columns taken out.

    A regression on the indicator with errors that are robust over blocks (Bell & McCaffrey's degrees of freedom in the simple
    form of effective blocks). The error never falls below that of independent counts with one defect more on either side.
    `None` when nothing is left to compare.
    """
    used = rows & ~np.isnan(outside)
    marks = np.where(used, outside, 0.0)
    left = baseline.residual(outcome)[used]
    moved = baseline.residual(marks)[used]
    group = (layout.cell if within else layout.stratum)[used]
    left, moved = _centred(left, group), _centred(moved, group)
    weight = float(moved @ moved)
    if weight < 1e-6 * max(1.0, float(used.sum())):
        return None
    value = float(moved @ left) / weight
    block = layout.block[used]
    parts = np.bincount(block, weights=moved * (left - value * moved))
    weights = np.bincount(block, weights=moved**2)
    effective = float(weights.sum() ** 2 / max(float(weights @ weights), 1e-12))
    busy = int((weights > 1e-9).sum())
    error = float(np.sqrt((parts**2).sum() * busy / max(busy - 1, 1))) / weight
    if binary:
        error = max(error, _counting_error(outcome[used], outside[used]))
    reach = float(stats.t.ppf(0.975, max(effective - 1, 2.0))) * error
    return Effect(value=value, error=error, low=value - reach, high=value + reach)


def around_choice(chosen: Effect, held_out: Effect) -> Effect:
    """One effect from the limits chosen on all blocks (a little too large) and on the other blocks (a little too small).

    The limits that part the data best flatter themselves; limits found without a block miss its edge. The truth lies between, so
    the interval reaches from the lower to the higher of both.
    """
    return Effect(
        value=(chosen.value + held_out.value) / 2,
        error=max(chosen.error, held_out.error),
        low=min(chosen.low, held_out.low),
        high=max(chosen.high, held_out.high),
    )


def _centred(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    counts = np.bincount(group)
    mean = np.bincount(group, weights=values) / counts.clip(1)
    centred: np.ndarray = values - mean[group]
    return centred


def _counting_error(outcome: np.ndarray, outside: np.ndarray) -> float:
    total = 0.0
    for side in (0.0, 1.0):
        mine = outcome[outside == side]
        rate = (mine.sum() + 1) / (mine.size + 2)
        total += rate * (1 - rate) / max(mine.size, 1)
    return float(np.sqrt(total))
