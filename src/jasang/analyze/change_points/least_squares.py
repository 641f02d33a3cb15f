"""The classical segmentation of independent values by least squares (Bai and Perron 2003), the number of breaks by the BIC."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmentation:
    """The best partition into constant means: `breaks` are the numbers of values before each break; one more break would not pay
    by the Bayesian information criterion. `residual_squares` and `criterion` have one entry for 0, 1, 2 … breaks."""

    breaks: tuple[int, ...]
    residual_squares: tuple[float, ...]
    criterion: tuple[float, ...]


def least_squares_breaks(values: np.ndarray, *, most: int = 5, shortest: int | None = None) -> Segmentation:
    """Means that change at unknown moments in independent values, shape (n,), by least squares (Bai and Perron 2003).

    `shortest` is the fewest values between breaks, default 15 % of them. For independent errors only: autocorrelated rows are
    cut far too often, use `ChangeDetector`.
    """
    values = np.asarray(values, dtype=np.float64)
    n = values.size
    if values.ndim != 1 or n < 6 or not np.isfinite(values).all():
        raise ValueError(f"expected at least 6 finite values in a row, got shape {values.shape}")
    shortest = max(2, int(0.15 * n)) if shortest is None else shortest
    centred = values - values.mean()
    total = np.concatenate([[0.0], np.cumsum(centred)])
    square = np.concatenate([[0.0], np.cumsum(centred**2)])
    length = np.subtract.outer(np.arange(n + 1), np.arange(n + 1)).astype(np.float64)  # [end, start]
    with np.errstate(divide="ignore", invalid="ignore"):
        cost = np.subtract.outer(square, square) - np.subtract.outer(total, total) ** 2 / length
    cost[length < shortest] = np.inf
    best, back = [cost[:, 0]], []
    for _ in range(most):
        sums = cost + best[-1][None, :]
        back.append(np.argmin(sums, axis=1))
        best.append(np.min(sums, axis=1))
    squares = np.array([float(row[n]) for row in best])
    squares = squares[np.isfinite(squares)]
    parameters = 2.0 * np.arange(squares.size) + 2.0  # means, breaks and the variance
    criterion = n * (np.log(2.0 * np.pi) + 1.0 + np.log(np.maximum(squares, 1e-300) / n)) + np.log(n) * parameters
    found: list[int] = []
    end = n
    for row in reversed(back[: int(np.argmin(criterion))]):
        end = int(row[end])
        found.append(end)
    return Segmentation(
        breaks=tuple(reversed(found)), residual_squares=tuple(squares.tolist()), criterion=tuple(criterion.tolist())
    )
