"""Long columns shortened to block means and block variances in one pass over the values, memory bounded, outliers drawn in."""

from dataclasses import dataclass

import numpy as np

from jasang.analyze.block_means import OUTLIER, without_outliers

_ROWS_AT_ONCE = 4096  # a chunk of 50 columns stays in the cache of the processor
_SUSPICIOUS = 4.0  # times the typical variance within a block: one value 8 sigmas away in a block of 20 rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortened:
    """Blocks of `size` rows from row `first` on, shapes (columns, m); `variances` are about the block's own mean.

    `missing`, shape (columns,), is true for columns with a missing value: their blocks mean nothing.
    """

    first: int
    size: int
    means: np.ndarray
    variances: np.ndarray
    missing: np.ndarray


def shorten(values: np.ndarray, size: int) -> Shortened:
    """Blocks of `size` rows of values, shape (rows, columns); the oldest rows that fill no block are left out."""
    rows, columns = values.shape
    m = rows // size
    first = rows - m * size
    body = values[first:].reshape(m, size, columns)
    means, squares = np.empty((columns, m)), np.empty((columns, m))
    centre = values[first].astype(np.float64)
    weights = np.full((1, size), 1.0 / size)
    if values.strides[0] <= values.strides[1]:
        for column in range(columns):
            part = body[:, :, column] - centre[column]
            means[column] = part @ weights[0]
            squares[column] = np.square(part, out=part) @ weights[0]
    else:
        step = max(1, _ROWS_AT_ONCE // size)
        for start in range(0, m, step):
            part = body[start : start + step] - centre
            means[:, start : start + step] = np.matmul(weights, part)[:, 0].T
            squares[:, start : start + step] = np.matmul(weights, np.square(part, out=part))[:, 0].T
    variances = np.maximum(squares - means**2, 0.0)
    means += centre[:, None]
    missing = np.asarray(~np.isfinite(squares).all(axis=1))
    if size >= 5:
        _draw_in_blocks(body, means, variances, missing)
    else:
        for whole in np.flatnonzero(~missing):
            means[whole] = without_outliers(means[whole])
    return Shortened(first=first, size=size, means=means, variances=variances, missing=missing)


def _draw_in_blocks(body: np.ndarray, means: np.ndarray, variances: np.ndarray, missing: np.ndarray) -> None:
    """Blocks that vary far more than others are drawn in around their median, in place."""
    typical = np.median(variances, axis=1)
    still = ~(typical > 0) & ~missing
    if still.any():
        # Most blocks do not move at all: those that do say what is typical; where hardly any does, nothing is an outlier.
        typical[still] = np.quantile(variances[still], 0.95, axis=1)
        typical[typical <= 0] = np.inf
    column, block = np.nonzero((variances > _SUSPICIOUS * typical[:, None]) & ~missing[:, None])
    for start in range(0, column.size, 20_000):
        c, k = column[start : start + 20_000], block[start : start + 20_000]
        part = body[k, :, c].astype(np.float64)
        centre = np.median(part, axis=1)
        part -= centre[:, None]
        scale = np.maximum(1.4826 * np.median(np.abs(part), axis=1), np.sqrt(typical[c]))
        reach = OUTLIER * scale[:, None]
        np.clip(part, -reach, reach, out=part)
        means[c, k] = centre + part.mean(axis=1)
        variances[c, k] = part.var(axis=1)
