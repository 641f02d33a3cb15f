"""What the effect would be at limits nearly as good as the chosen one: the part of its uncertainty that comes from choosing.

A limit a little off mixes good units into the bad ones or leaves bad ones out. All limits whose fit falls behind the best by less
than chance would bring (the likelihood ratio of a threshold, Hansen, Econometrica 68, 2000) are as good as the chosen one, and
the interval covers the effect at each of them. What was told only because it was large is corrected for that (`after_selection`).
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy import optimize, stats

from jasang.analyze.drivers.bins import cut_points
from jasang.analyze.drivers.contrast import contrast
from jasang.analyze.drivers.layout import Layout
from jasang.analyze.drivers.window import Effect, Limits

# Fall of the fit that a limit may show, in units of chi-square; simulations set it (docs/statistics.md, section Drivers).
FALL = 5.0
_NEARBY = 48  # cuts tried on either side, evenly over the ranks
_SPAN = 4.0  # the rows between the chosen limit and those tried, as a multiple of the rows outside


def among_plausible(
    effect: Effect,
    values: np.ndarray,
    limits: Limits,
    residual: np.ndarray,
    layout: Layout,
    rows: np.ndarray,
    *,
    within: bool,
) -> Effect:
    """The effect with its interval widened to those of all plausible limits.

    Parameters
    ----------
    values : the column, shape (rows,)
    residual : what the baseline leaves of the outcome, shape (rows,)
    rows : truth values, the rows compared
    """
    used = np.flatnonzero(rows & ~np.isnan(values))
    lows, highs = _tried(values[used], limits.low, below=True), _tried(values[used], limits.high, below=False)
    pairs = [(low, high) for low in lows for high in highs if low < high]
    edges = np.unique(np.array([edge for pair in pairs for edge in pair if np.isfinite(edge)]))
    if edges.size < 2:
        return effect
    codes = np.searchsorted(edges, values[used], side="left")
    bins = edges.size + 1
    key = (layout.block[used] * layout.strata + layout.stratum[used]) * bins + codes
    shape = (layout.blocks, layout.strata, bins)
    counts = np.bincount(key, minlength=int(np.prod(shape))).reshape(shape).astype(np.float64)
    sums = np.bincount(key, weights=residual[used], minlength=int(np.prod(shape))).reshape(shape)
    places = np.arange(bins)[:, None]
    first = np.searchsorted(edges, [low for low, _ in pairs], side="right")[None]  # bins below it are outside
    last = np.array([np.searchsorted(edges, high, side="left") if np.isfinite(high) else bins for _, high in pairs])[
        None
    ]
    member = ((places < first) | (places > last)).astype(np.float64)
    spread = np.full(layout.strata, float((residual[used] ** 2).mean()))
    found = contrast(sums, counts, member, spread, within=within)
    chosen = pairs.index((limits.low, limits.high))
    return _widened(effect, found.gain, found.weight, chosen, float(spread[0]))


def _tried(values: np.ndarray, limit: float, *, below: bool) -> list[float]:
    """The limit and cuts around it; only itself where that side is open."""
    if not np.isfinite(limit):
        return [limit]
    outside = int((values <= limit).sum() if below else (values > limit).sum())
    ordered = np.sort(values)
    place = int(np.searchsorted(ordered, limit, side="right"))
    reach = int(_SPAN * outside) + 30
    nearby = ordered[max(0, place - reach) : place + reach]
    cuts = cut_points(nearby, np.linspace(0.01, 0.99, _NEARBY), least=1)
    return sorted({*cuts.tolist(), limit})


def _widened(effect: Effect, gain: np.ndarray, weight: np.ndarray, chosen: int, spread: float) -> Effect:
    """The interval over all sets, shape (blocks, sets), whose fit is near that of the best."""
    total, size = gain.sum(axis=0), weight.sum(axis=0)
    usable = size > 1e-9
    slope = total / np.where(usable, size, np.inf)
    around = gain - slope * weight
    error = np.sqrt((around**2).sum(axis=0)) / np.where(usable, size, np.inf)
    # Units of one block are alike, and a rate varies more where it is higher: the scale is that of the chosen set's own error.
    scale = max(spread, float(error[chosen]) ** 2 * float(size[chosen]))
    fit = slope**2 * size / scale
    plausible = usable & (fit >= fit.max() - FALL) & (np.sign(slope) == np.sign(slope[chosen]))
    if not plausible[chosen]:
        return (
            effect  # moved away from the best fit for a reason (a start-up that fades): the effect is that window's own
        )
    apart = slope[plausible] - slope[chosen]
    reach = (effect.high - effect.low) / 2
    grown = reach * np.maximum(error[plausible] / max(float(error[chosen]), 1e-12), 0.5)
    low = min(effect.low, float((effect.value + apart - grown).min()))
    high = max(effect.high, float((effect.value + apart + grown).max()))
    return replace(effect, low=low, high=high)


def plausible_beginnings(
    step: np.ndarray, slope: np.ndarray, error: np.ndarray, chosen: int, effect: Effect, scale: float
) -> Effect:
    """The effect with its interval widened to those of all beginnings that fit nearly as well; all arrays (beginnings,)."""
    plausible = step >= step[chosen] - FALL * scale
    apart = slope[plausible] - slope[chosen]
    grown = (effect.high - effect.low) / 2 * error[plausible] / max(float(error[chosen]), 1e-12)
    return replace(
        effect,
        low=min(effect.low, float((effect.value + apart - grown).min())),
        high=max(effect.high, float((effect.value + apart + grown).max())),
    )


def after_selection(effect: Effect, threshold: float) -> Effect:
    """The effect given that it was told because its score passed `threshold`, in standard errors: the winner's curse taken out.

    The value lies midway between what was seen and the median-unbiased one, the interval is that of a normal deviate cut off at
    the threshold (Zhong & Prentice, Biostatistics 9, 2008); far above the threshold both are as they were. What stands against
    the sign of the effect is cut at 0: the family-wise test has excluded it.
    """
    sign = 1.0 if effect.value >= 0 else -1.0
    error = max(effect.error, 1e-12)
    seen = abs(effect.value) / error
    threshold = min(threshold, seen - 0.1)
    if seen - threshold > 4.0 or threshold <= 0:
        return effect
    below, above = (effect.value - effect.low) / error, (effect.high - effect.value) / error
    down, up = (below, above) if sign > 0 else (above, below)

    def passed(mean: float) -> float:
        """P(Z ≥ seen | Z ≥ threshold) for a deviate of that mean."""
        return float(np.exp(stats.norm.logsf(seen - mean) - stats.norm.logsf(threshold - mean)))

    value = (seen + max(0.0, _where(lambda mean: passed(mean) - 0.5, seen))) / 2
    low = _where(lambda mean: passed(mean) - 0.025, seen)
    # Beside the normal deviate's own 1.96 the interval keeps what else widened it.
    low, high = max(0.0, min(low, seen - down)), max(seen + up, value)
    ends = sorted((sign * low * error, sign * high * error))
    return replace(effect, value=sign * value * error, low=ends[0], high=ends[1])


def _where(function: Callable[[float], float], seen: float) -> float:
    """The root of an increasing function of the mean, from far below to what was seen."""
    low = seen - 40.0
    return (
        seen
        if function(seen) <= 0
        else float(optimize.brentq(function, low, seen, xtol=1e-4))
        if function(low) < 0
        else low
    )
