"""Intervals of figures that are made from days: whole weeks are drawn again, so that neighbouring days stay together."""

from collections.abc import Callable

import numpy as np

_DRAWS = 500
_BLOCK = 7  # days


def day_interval(days: int, figure: Callable[[np.ndarray], np.ndarray], *, seed: int = 20191001) -> tuple[float, float]:
    """95 % interval of a figure of days by the moving block bootstrap (Künsch 1989).

    `figure` takes indices of days, shape (draws, days), and gives the figure of each draw, shape (draws,).
    """
    if days < 4:
        return (-np.inf, np.inf)
    block = min(_BLOCK, max(1, days // 4))
    generator = np.random.default_rng(seed)
    count = -(-days // block)
    starts = generator.integers(0, days, size=(_DRAWS, count))
    drawn = ((starts[:, :, None] + np.arange(block)) % days).reshape(_DRAWS, -1)[:, :days]
    made = figure(drawn)
    made = made[np.isfinite(made)]
    if made.size < 20:
        return (-np.inf, np.inf)
    low, high = np.quantile(made, [0.025, 0.975])
    # A bootstrap of few blocks is too narrow: widened by Student's quantile over the normal one.
    centre, widen = float(np.median(made)), 1.0 + 1.5 / max(1.0, days / block)
    return (centre - (centre - float(low)) * widen, centre + (float(high) - centre) * widen)
