"""Pareto: categories by the amount they cost, with cumulative shares and intervals that say how firm the order is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from jasang.analyze.value_rows import value_row


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One category: its amount, its share of the whole with a 95 % interval, and the cumulative share down to it (0 to 1)."""

    name: str
    amount: float
    share: float
    low: float
    high: float
    cumulative: float


def pareto(names: Sequence[str], amounts: np.ndarray, *, seed: int, draws: int = 500) -> tuple[Bar, ...]:
    """Categories in falling order of their amount (hours of stops, cost).

    Parameters
    ----------
    names
        The k categories.
    amounts
        Shape (blocks, k): amount in each block of time (a day, a week). Blocks are drawn with replacement for the interval
        (percentile bootstrap; Efron and Tibshirani 1993, chapter 13), so stops that come in clusters widen it.
    seed
        Of the random numbers.
    draws
        Bootstrap samples.
    """
    amounts = np.asarray(amounts, dtype=np.float64)
    if amounts.ndim != 2 or amounts.shape[1] != len(names) or not np.all(amounts >= 0):
        raise ValueError(
            f"expected amounts from 0 of shape (blocks, {len(names)}), one column for each category, got {amounts.shape}"
        )
    totals = amounts.sum(axis=0)
    whole = float(totals.sum())
    if whole <= 0 or not len(names):
        return ()
    rng = np.random.default_rng(seed)
    picks = rng.integers(0, amounts.shape[0], size=(draws, amounts.shape[0]))
    weights = np.zeros((draws, amounts.shape[0]))
    np.add.at(weights, (np.repeat(np.arange(draws), amounts.shape[0]), picks.ravel()), 1.0)
    drawn = weights @ amounts
    sums = drawn.sum(axis=1, keepdims=True)
    shares = np.divide(drawn, sums, out=np.zeros_like(drawn), where=sums > 0)
    low, high = np.quantile(shares, [0.025, 0.975], axis=0)
    return _bars(names, totals, low, high)


def pareto_counts(names: Sequence[str], counts: np.ndarray) -> tuple[Bar, ...]:
    """Categories in falling order of their count (defects by reason), shape (k,), with Wilson intervals of the shares."""
    counts = value_row(counts)
    if counts.size != len(names) or not np.all(counts >= 0):
        raise ValueError(f"expected one count from 0 for each of {len(names)} categories, got {counts[:5]}")
    whole = float(counts.sum())
    if whole <= 0:
        return ()
    z = float(stats.norm.ppf(0.975))
    share = counts / whole
    middle = (share + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z / (1 + z * z / whole) * np.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    return _bars(names, counts, np.maximum(middle - half, 0), np.minimum(middle + half, 1))


def _bars(names: Sequence[str], totals: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[Bar, ...]:
    whole = float(totals.sum())
    order = np.argsort(-totals, kind="stable")
    cumulative = np.cumsum(totals[order]) / whole
    return tuple(
        Bar(
            name=names[place],
            amount=float(totals[place]),
            share=float(totals[place] / whole),
            low=float(min(low[place], totals[place] / whole)),
            high=float(max(high[place], totals[place] / whole)),
            cumulative=float(cumulative[rank]),
        )
        for rank, place in enumerate(order)
    )
