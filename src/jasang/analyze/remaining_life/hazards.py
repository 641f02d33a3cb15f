"""Weibull proportional hazards: how conditions of use (load, speed, supplier) shorten or lengthen life, with censoring.

Source: Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data (2002), chapter 2.
"""

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from jasang.analyze.remaining_life.lives import Lives, TooFewFailures
from jasang.analyze.remaining_life.weibull import Figure

FAILURES_PER_COVARIATE = (
    8  # Peduzzi et al. (1995): below ten events a variable intervals no longer hold; 8 is the least here
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazards:
    """Share alive at t is exp(-(t/scale)^shape · exp(Σ effect·(x − centre))).

    `ratios` are hazard ratios for one unit more of each covariate with 95 % intervals (Wald); 2 = fails twice as readily.
    `centre` is the mean of each covariate, shape (covariates,).
    """

    names: tuple[str, ...]
    ratios: tuple[Figure, ...]
    shape: Figure
    scale: float
    centre: np.ndarray
    failures: int


def fit_hazards(lives: Lives, covariates: np.ndarray, names: tuple[str, ...]) -> Hazards:
    """Maximum-likelihood Weibull proportional hazards. `covariates` has shape (lives, covariates), no value missing.

    Raises
    ------
    TooFewFailures
        Fewer than 8 failures for each covariate.
    """
    matrix = np.asarray(covariates, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape != (lives.duration.size, len(names)):
        raise ValueError(f"covariates have shape {matrix.shape}, expected ({lives.duration.size}, {len(names)})")
    if not np.isfinite(matrix).all() or (matrix.std(axis=0) == 0).any():
        raise ValueError("every covariate must be known for every life and differ between lives")
    needed = FAILURES_PER_COVARIATE * max(1, len(names))
    if lives.failures < needed:
        raise TooFewFailures(lives.failures, needed)
    centre, spread = matrix.mean(axis=0), matrix.std(axis=0)
    z = (matrix - centre) / spread
    unit = float(np.median(lives.duration))
    log_time = np.log(lives.duration / unit)

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        log_shape, log_scale, beta = parameters[0], parameters[1], parameters[2:]
        shape = np.exp(log_shape)
        course = shape * (log_time - log_scale)
        hazard = np.exp(np.clip(course + z @ beta, -500, 500))
        off = lives.failed - hazard
        value = -float(np.sum((log_shape + course + z @ beta)[lives.failed]) - hazard.sum())
        slope = np.concatenate(
            [[-float(lives.failed.sum() + (off * course).sum())], [float(shape * off.sum())], -(z.T @ off)]
        )
        return value, slope

    found = optimize.minimize(loss, np.zeros(2 + len(names)), jac=True, method="BFGS", options={"gtol": 1e-6})
    errors = np.sqrt(np.diag(np.linalg.inv(_curvature(loss, found.x))))
    effect, error = found.x[2:] / spread, errors[2:] / spread
    ratios = tuple(
        Figure(value=float(np.exp(b)), low=float(np.exp(b - 1.96 * e)), high=float(np.exp(b + 1.96 * e)))
        for b, e in zip(effect, error, strict=True)
    )
    log_shape, wide = float(found.x[0]), 1.96 * float(errors[0])
    return Hazards(
        names=names,
        ratios=ratios,
        shape=Figure(
            value=float(np.exp(log_shape)), low=float(np.exp(log_shape - wide)), high=float(np.exp(log_shape + wide))
        ),
        scale=float(np.exp(found.x[1]) * unit),
        centre=centre,
        failures=lives.failures,
    )


def remaining_by_hazard(model: Hazards, age: float, covariates: np.ndarray, *, share: float = 0.9) -> Figure:
    """Median remaining life of a thing of that age under these conditions, and the interval of `share` of such things' lives.

    The interval counts the spread of lives only, not the doubt in the fit. `covariates` has shape (covariates,).
    """
    effect = np.log([ratio.value for ratio in model.ratios])
    scale = model.scale * np.exp(-float(effect @ (np.asarray(covariates) - model.centre)) / model.shape.value)
    rest = [
        scale * ((age / scale) ** model.shape.value - np.log(alive)) ** (1 / model.shape.value) - age
        for alive in (0.5, (1 + share) / 2, (1 - share) / 2)
    ]
    return Figure(value=float(rest[0]), low=float(rest[1]), high=float(rest[2]))


def _curvature(loss, at: np.ndarray) -> np.ndarray:  # type: ignore[no-untyped-def]
    """Second derivatives of the loss from differences of its slope."""
    step = 1e-4
    rows = []
    for place in range(at.size):
        move = np.zeros(at.size)
        move[place] = step
        rows.append((loss(at + move)[1] - loss(at - move)[1]) / (2 * step))
    made = np.array(rows)
    symmetric: np.ndarray = (made + made.T) / 2
    return symmetric
