"""A Gaussian process for few records: Matérn 5/2 with one length a column, noise learnt, hyperparameters at their most likely.

Rasmussen and Williams (2006), chapters 2 and 5. Lengths have the prior of Hvarfner, Hellsten and Nardi (2024), which grows with
the number of columns, so that many settings do not make the model timid.
"""

from dataclasses import dataclass

import numpy as np
from scipy import linalg, optimize

MEAN_VARIANCE = 4.0  # of the unknown mean of standardised outcomes
LENGTH_SPREAD = 1.7  # of the logarithm of a length
LEVEL_LENGTH = 0.7  # logarithm of the length between levels
SCALE_SPREAD = 1.5  # of the logarithm of the signal's variance
EVEN_SPREAD = 0.29  # standard deviation of points spread evenly from 0 to 1
CROWD_SCALE, CROWD_SPREAD = 1.0, 0.25  # how both grow with the logarithm of the crowding
JITTER = 1e-8
SMALLEST_NOISE, NOISE_SPREAD = 1e-6, 2.5


@dataclass(frozen=True, kw_only=True)
class Process:
    """A fitted process on standardised outcomes.

    `columns` has shape (records, columns); `lengths` one length a column; `scale` the variance of the signal, `noise` that of one
    record of weight 1; `chol` the Cholesky factor of the records' covariance, `alpha` what it maps to the outcomes.
    """

    columns: np.ndarray
    outcomes: np.ndarray
    lengths: np.ndarray
    scale: float
    noise: float
    weights: np.ndarray  # noise of each record relative to `noise`
    chol: np.ndarray
    alpha: np.ndarray
    evidence: float  # logarithm of likelihood times priors at the optimum

    def covariance(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Prior covariance of the noise-free outcomes; shape (first, second)."""
        return self.scale * matern(first / self.lengths, second / self.lengths) + MEAN_VARIANCE

    def predict(self, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of the noise-free outcome; both of shape (points,)."""
        cross = self.covariance(columns, self.columns)
        half = linalg.solve_triangular(self.chol, cross.T, lower=True, check_finite=False)
        variance = self.scale + MEAN_VARIANCE - np.einsum("ij,ij->j", half, half)
        return cross @ self.alpha, np.sqrt(np.maximum(variance, 1e-12))

    def joint(self, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean (points,) and covariance (points, points) of the noise-free outcomes."""
        cross = self.covariance(columns, self.columns)
        half = linalg.solve_triangular(self.chol, cross.T, lower=True, check_finite=False)
        return cross @ self.alpha, self.covariance(columns, columns) - half.T @ half

    def left_out(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation predicted for each record from all others (Rasmussen and Williams, 5.12)."""
        inverse = linalg.cho_solve((self.chol, True), np.eye(len(self.outcomes)), check_finite=False)
        diagonal = np.diag(inverse)
        return self.outcomes - self.alpha / diagonal, 1.0 / np.sqrt(diagonal)

    def given(self, columns: np.ndarray, outcomes: np.ndarray, weights: np.ndarray) -> "Process":
        """The same process with other records; hyperparameters stay."""
        return condition(columns, outcomes, weights, self.lengths, self.scale, self.noise, self.evidence)


def matern(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Matérn 5/2 correlation of points already divided by the lengths; shape (first, second)."""
    root = np.sqrt(5.0 * squared_distance(first, second))
    return np.asarray((1.0 + root + root**2 / 3.0) * np.exp(-root))


def squared_distance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Squared distances of rows; shape (first, second)."""
    centre = first.mean(axis=0)
    one, two = first - centre, second - centre
    found = (one**2).sum(1)[:, None] + (two**2).sum(1)[None, :] - 2.0 * one @ two.T
    return np.asarray(np.maximum(found, 0.0))


def cholesky(covariance: np.ndarray) -> np.ndarray:
    """The lower Cholesky factor; where rounding spoilt a covariance, with a little more on its diagonal."""
    for more in (0.0, 1e-10, 1e-8, 1e-6):
        try:
            return np.linalg.cholesky(covariance + more * np.diag(np.diagonal(covariance)))
        except np.linalg.LinAlgError:
            continue
    return np.diag(np.sqrt(np.maximum(np.diagonal(covariance), 1e-300)))


def condition(
    columns: np.ndarray,
    outcomes: np.ndarray,
    weights: np.ndarray,
    lengths: np.ndarray,
    scale: float,
    noise: float,
    evidence: float,
) -> Process:
    """A process with known hyperparameters."""
    covariance = scale * matern(columns / lengths, columns / lengths) + MEAN_VARIANCE
    covariance[np.diag_indices_from(covariance)] += noise * weights + JITTER * (scale + MEAN_VARIANCE)
    chol = cholesky(covariance)
    return Process(
        columns=columns,
        outcomes=outcomes,
        lengths=lengths,
        scale=scale,
        noise=noise,
        weights=weights,
        chol=chol,
        alpha=linalg.cho_solve((chol, True), outcomes, check_finite=False),
        evidence=evidence,
    )


@dataclass(frozen=True, kw_only=True)
class Prior:
    """Means of the logarithms of lengths, signal variance and noise variance, and their spreads."""

    length: float | np.ndarray  # one for all columns, or one a column
    length_spread: float | np.ndarray = LENGTH_SPREAD
    scale: float = 0.5
    scale_spread: float = SCALE_SPREAD
    noise: float = -7.0
    noise_spread: float = NOISE_SPREAD

    @classmethod
    def of(cls, numeric: np.ndarray, columns: np.ndarray | None = None) -> "Prior":
        """The usual prior for columns of numbers and of named levels; bool of shape (columns,), true for numbers.

        Levels are believed to have much in common until records say otherwise: else one is tried out blindly after the other.
        Where the records, shape (records, columns), crowd round one point, outcomes standardised on them vary more elsewhere.
        """
        length = -1.6 + 0.5 * float(np.log(max(1, int(numeric.sum()))))
        crowded = 0.0
        if columns is not None and numeric.any():
            spread = float(np.sqrt(np.var(columns[:, numeric], axis=0).mean()))
            crowded = float(np.log(np.clip(EVEN_SPREAD / max(spread, 1e-9), 1.0, 30.0)))
        return cls(
            length=np.where(numeric, length, LEVEL_LENGTH),
            length_spread=np.where(numeric, LENGTH_SPREAD, 1.0),
            scale=0.5 + CROWD_SCALE * crowded,
            scale_spread=SCALE_SPREAD + CROWD_SPREAD * crowded,
        )


def prior_spreads(prior: Prior, columns: int) -> np.ndarray:
    """Spread of the logarithm of each hyperparameter; shape (columns + 2,)."""
    return np.asarray(np.r_[np.full(columns, 1.0) * prior.length_spread, prior.scale_spread, prior.noise_spread])


def negative_evidence(
    theta: np.ndarray, columns: np.ndarray, outcomes: np.ndarray, weights: np.ndarray, prior: Prior
) -> tuple[float, np.ndarray]:
    """Minus the logarithm of likelihood times priors, and its gradient.

    `theta` holds the logarithms of the lengths, of the signal's variance and of the noise variance.
    """
    lengths, scale, noise = np.exp(theta[:-2]), float(np.exp(theta[-2])), float(np.exp(theta[-1]))
    count = len(outcomes)
    scaled = columns / lengths
    # Called some hundred times a suggestion: plain LAPACK and no copies.
    products = scaled @ scaled.T
    squares = np.diagonal(products)
    five = 5.0 * np.maximum(squares[:, None] + squares - 2.0 * products, 0.0)
    root = np.sqrt(five)
    decay = scale * np.exp(-root)
    signal = decay * (1.0 + root + five / 3.0)
    covariance = signal + MEAN_VARIANCE
    covariance.flat[:: count + 1] += noise * weights + JITTER * (scale + MEAN_VARIANCE)
    chol, failed = linalg.lapack.dpotrf(covariance, lower=1, clean=0)
    if failed:
        return 1e10, np.zeros_like(theta)
    half_determinant = float(np.log(np.diagonal(chol)).sum())
    inverse = np.tril(linalg.lapack.dpotri(chol, lower=1)[0])
    inverse = inverse + inverse.T
    inverse.flat[:: count + 1] *= 0.5
    alpha = inverse @ outcomes
    residual = inverse - np.outer(alpha, alpha)
    # d covariance / d log length_j = (5/3)(1 + √5 r) exp(−√5 r) · (squared distance along j) / length_j²
    slope = residual * (5.0 / 3.0) * decay * (1.0 + root)
    gradient = np.empty_like(theta)
    gradient[:-2] = slope.sum(axis=1) @ scaled**2 - np.einsum("ij,ij->j", scaled, slope @ scaled)
    gradient[-2] = 0.5 * (np.sum(residual * signal) + JITTER * scale * np.trace(residual))
    gradient[-1] = 0.5 * noise * float(np.diagonal(residual) @ weights)
    centres = np.r_[np.full(len(lengths), 1.0) * prior.length, prior.scale, prior.noise]
    spreads = prior_spreads(prior, len(lengths))
    away = (theta - centres) / spreads
    value = 0.5 * float(outcomes @ alpha) + half_determinant + 0.5 * float(away @ away)
    value += 0.5 * count * float(np.log(2 * np.pi)) + float(np.log(spreads).sum())
    return value, gradient + away / spreads


def fit(
    columns: np.ndarray,
    outcomes: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    prior: Prior | None = None,
    restarts: int = 2,
    steps: int = 60,
    start: np.ndarray | None = None,
) -> Process:
    """The process with the most likely hyperparameters, of several starts.

    Parameters
    ----------
    columns : shape (records, columns), about 0 to 1.
    outcomes : shape (records,), standardised.
    weights : noise variance of each record relative to a common one that is learnt; 1 where not given.
    start : logarithms to begin with, beside the usual starts.
    """
    relative = np.ones(len(outcomes)) if weights is None else weights
    chosen = prior or Prior.of(np.ones(columns.shape[1], dtype=bool))
    lengths = columns.shape[1]
    middle = np.full(lengths, 1.0) * chosen.length
    starts = [
        np.r_[middle, chosen.scale, chosen.noise],
        np.r_[middle - 1.0, chosen.scale, chosen.noise + 5.0],
        np.r_[middle + 1.0, chosen.scale + 1.0, chosen.noise + 2.0],
    ][:restarts]
    if start is not None:
        starts = [start, *starts[: max(0, restarts - 1)]]
    bounds = [(np.log(0.02), np.log(50.0))] * lengths + [(-7.0, 12.0), (np.log(SMALLEST_NOISE), 3.0)]
    best: optimize.OptimizeResult | None = None
    for first in starts:
        found = optimize.minimize(
            negative_evidence,
            first,
            args=(columns, outcomes, relative, chosen),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": steps},
        )
        if best is None or found.fun < best.fun:
            best = found
    if best is None:
        raise ValueError("expected at least one start")
    theta = best.x
    return condition(
        columns,
        outcomes,
        relative,
        np.exp(theta[:-2]),
        float(np.exp(theta[-2])),
        float(np.exp(theta[-1])),
        -float(best.fun),
    )


def logarithms(process: Process) -> np.ndarray:
    """The hyperparameters of a process as `fit` takes them for a start."""
    return np.asarray(np.r_[np.log(process.lengths), np.log(process.scale), np.log(process.noise)])
