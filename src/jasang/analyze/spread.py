"""How the scatter of single values behaves over time: one logarithm of a standard deviation for each block of a row of values."""

import numpy as np

from jasang.analyze.block_means import OUTLIER, block_edges

FEWEST_IN_BLOCK = 8


def log_spreads(values: np.ndarray, *, most: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Logarithms of the standard deviation around each block's own median, shape (m,), and the first positions of the blocks.

    `values`, shape (n,), finite, in order of time. Blocks of at least 8 values, at most `most` blocks; outliers are drawn in.
    `None` where the values are too few or too coarse (more than 5 % of the blocks do not move at all).
    """
    edges = block_edges(values.size, most=most, fewest_values=FEWEST_IN_BLOCK)
    sizes = np.diff(edges)
    size = int(sizes.min()) if sizes.size else 0
    if size < FEWEST_IN_BLOCK:
        return None
    rectangle = values[edges[:-1][:, None] + np.arange(size)[None, :]]
    away = rectangle - np.median(rectangle, axis=1)[:, None]
    typical = 1.4826 * np.median(np.abs(away), axis=1)
    overall = float(np.median(typical[typical > 0])) if (typical > 0).any() else 0.0
    if overall <= 0.0:
        return None
    reach = OUTLIER * np.maximum(typical, 0.5 * overall)[:, None]
    spreads = np.sqrt(np.mean(np.clip(away, -reach, reach) ** 2, axis=1))
    if np.mean(spreads <= 0) > 0.05:
        return None
    return np.log(np.maximum(spreads, 0.05 * overall)), edges[:-1]
