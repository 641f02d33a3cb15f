"""Charts of several variables at once: Hotelling's T² for individuals and subgroups, and MEWMA.

Sources: Montgomery, chapter 11; Tracy, Young and Mason (1992), Journal of Quality Technology 24(2), for phase I of individuals;
Mason, Young and Tracy (1995), 27(2), for the parts of T²; Lowry, Woodall, Champ and Rigdon (1992), Technometrics 34(1), for
MEWMA; Runger and Prabhu (1996), Journal of the American Statistical Association 91, for its run length.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from typing import Literal

import numpy as np
from scipy import special, stats

MARKOV_STATES = 60
STATES_ALONG = 24  # rings on the way along a shift; as many across it


@dataclass(frozen=True, slots=True, kw_only=True)
class MultivariateChart:
    """A chart of T². `points` shape (n,), always ≥ 0; `limit` for these points, `next_limit` for new ones (phase II).

    `centre` shape (p,), `covariance` shape (p, p): means and covariance the distances were measured with.
    """

    points: np.ndarray
    limit: float
    next_limit: float
    centre: np.ndarray
    covariance: np.ndarray

    @property
    def alarms(self) -> np.ndarray:
        """True where a point of phase I is beyond its limit, shape (n,)."""
        return self.points > self.limit

    def distances(self, values: np.ndarray) -> np.ndarray:
        """T² of new single observations, shape (m, p) → (m,), to be compared with `next_limit`."""
        return squared_distances(values, self.centre, self.covariance)


def hotelling_individuals(values: np.ndarray, *, confidence: float = 0.9973) -> MultivariateChart:
    """T² chart of single observations, shape (n, p).

    Phase I limit from the beta distribution, phase II from F; the covariance is the sample's.
    """
    values = _table(values)
    m, p = values.shape
    if m <= p + 1:
        raise ValueError(f"{p} variables need at least {p + 2} observations, got {m}")
    centre, covariance = values.mean(axis=0), np.cov(values, rowvar=False).reshape(p, p)
    _refuse_singular(covariance)
    return MultivariateChart(
        points=squared_distances(values, centre, covariance),
        limit=(m - 1) ** 2 / m * float(stats.beta.ppf(confidence, p / 2.0, (m - p - 1) / 2.0)),
        next_limit=p * (m + 1) * (m - 1) / (m * (m - p)) * float(stats.f.ppf(confidence, p, m - p)),
        centre=centre,
        covariance=covariance,
    )


def hotelling_subgroups(subgroups: np.ndarray, *, confidence: float = 0.9973) -> MultivariateChart:
    """T² chart of the means of subgroups, shape (groups, n, p); covariance within subgroups.

    Points are n·(x̄ − x̿)ᵀS⁻¹(x̄ − x̿). Both limits from F; `next_limit` is for means of new subgroups of the same n.
    """
    subgroups = np.asarray(subgroups, dtype=np.float64)
    if subgroups.ndim != 3 or subgroups.shape[0] < 2 or subgroups.shape[1] < 2:
        raise ValueError(f"expected subgroups of shape (groups, n, p), at least 2 groups of 2, got {subgroups.shape}")
    if np.isnan(subgroups).any():
        raise ValueError("subgroups have missing values; leave incomplete subgroups out")
    m, n, p = subgroups.shape
    freedom = m * n - m - p + 1
    if freedom < 1:
        raise ValueError(f"{p} variables need more than {m} subgroups of {n}")
    means = subgroups.mean(axis=1)
    centre = means.mean(axis=0)
    inside = (subgroups - means[:, None, :]).reshape(-1, p)
    covariance = inside.T @ inside / (m * (n - 1))
    _refuse_singular(covariance)
    quantile = float(stats.f.ppf(confidence, p, freedom))
    return MultivariateChart(
        points=n * squared_distances(means, centre, covariance),
        limit=p * (m - 1) * (n - 1) / freedom * quantile,
        next_limit=p * (m + 1) * (n - 1) / freedom * quantile,
        centre=centre,
        covariance=covariance,
    )


def squared_distances(values: np.ndarray, centre: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """T² = (x − centre)ᵀ covariance⁻¹ (x − centre) of each row, shape (n, p) → (n,)."""
    away = np.asarray(values, dtype=np.float64) - centre
    return np.asarray(np.einsum("ij,ij->i", away, np.linalg.solve(covariance, away.T).T))


def contributions(values: np.ndarray, centre: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """What each variable adds to T² beyond all the others, shape (n, p) → (n, p).

    Mason, Young and Tracy's conditional terms: (row j of S⁻¹(x−centre))² / (S⁻¹)ⱼⱼ. The largest names where to look first.
    """
    inverse = np.linalg.inv(covariance)
    away = np.asarray(values, dtype=np.float64) - centre
    return np.asarray((away @ inverse) ** 2 / np.diag(inverse))


@dataclass(frozen=True, slots=True, kw_only=True)
class MewmaChart:
    """A multivariate EWMA. `points` are T² of the weighted means, shape (n,); `averages` the means themselves, shape (n, p)."""

    points: np.ndarray
    averages: np.ndarray
    limit: float
    alarms: np.ndarray


def mewma_chart(
    values: np.ndarray,
    *,
    centre: np.ndarray,
    covariance: np.ndarray,
    weight: float = 0.1,
    limit: float | None = None,
    run_length: float = 370.4,
    limits: Literal["asymptotic", "exact"] = "asymptotic",
) -> MewmaChart:
    """Multivariate EWMA chart of observations, shape (n, p), against a known centre (p,) and covariance (p, p).

    Without `limit` it is the one whose run length without a shift is `run_length` points (`mewma_limit`). The points divide by
    the covariance that the average has in the long run, for which the limits are tabled, or (`limits="exact"`) by its own.
    """
    values = _table(values)
    if not 0.0 < weight <= 1.0:
        raise ValueError(f"weight must be in (0, 1], got {weight}")
    n, p = values.shape
    limit = mewma_limit(variables=p, weight=weight, run_length=run_length) if limit is None else limit
    averages = np.empty((n, p))
    level = np.zeros(p)
    for row in range(n):
        level = weight * (values[row] - centre) + (1.0 - weight) * level
        averages[row] = level
    share = weight / (2.0 - weight)
    points = squared_distances(averages, np.zeros(p), np.asarray(covariance) * share)
    if limits == "exact":
        points = points / (1.0 - (1.0 - weight) ** (2.0 * np.arange(1, n + 1)))
    return MewmaChart(points=points, averages=averages + centre, limit=limit, alarms=points > limit)


def mewma_run_length(*, variables: int, weight: float, limit: float, shift: float = 0.0) -> float:
    """Mean run length of a MEWMA chart, by Runger and Prabhu's Markov chain (Journal of Statistical Computation 54, 1996).

    `shift` is the distance of the new mean in units of the covariance, √(δ'Σ⁻¹δ); without one the chain is that of the length of
    the average, with one also that of its part along the shift.
    """
    if not 0.0 < weight <= 1.0 or limit <= 0 or variables < 1:
        raise ValueError(
            f"expected a weight in (0, 1], a positive limit and a variable, got {weight}, {limit}, {variables}"
        )
    if weight == 1.0:
        return 1.0 / float(stats.ncx2.sf(limit, variables, shift**2) if shift else stats.chi2.sf(limit, variables))
    edge = sqrt(limit * weight / (2.0 - weight))
    if shift == 0.0:
        moves = _moves_of_length(variables, weight, edge, MARKOV_STATES)
        return float(np.linalg.solve(np.eye(moves.shape[0]) - moves, np.ones(moves.shape[0]))[0])
    steps = STATES_ALONG
    width = 2.0 * edge / (2.0 * steps + 1.0)
    along = np.arange(-steps, steps + 1) * width
    borders = (along[None, :, None] + width * np.array([-0.5, 0.5]) - (1.0 - weight) * along[:, None, None]) / weight
    chances = np.diff(special.ndtr(borders - shift), axis=2)[:, :, 0]
    across = np.arange(steps + 1 if variables > 1 else 1) * width
    rest = _moves_of_length(variables - 1, weight, edge, steps) if variables > 1 else np.ones((1, 1))
    inside = (along[:, None] ** 2 + across[None, :] ** 2 < edge**2).ravel()
    moves = np.kron(chances, rest)[np.ix_(inside, inside)]
    lengths = np.linalg.solve(np.eye(moves.shape[0]) - moves, np.ones(moves.shape[0]))
    start = steps * across.size  # both parts at zero
    return float(lengths[int(inside[:start].sum())])


def _moves_of_length(variables: int, weight: float, edge: float, steps: int) -> np.ndarray:
    """Chances that the length of the average moves from one ring to another, shape (steps + 1, steps + 1)."""
    width = 2.0 * edge / (2.0 * steps + 1.0)
    states = np.arange(steps + 1)
    pull = ((1.0 - weight) * states * width / weight) ** 2
    borders = ((states + 0.5) * width / weight) ** 2
    below = np.empty((states.size, states.size))
    below[0] = stats.chi2.cdf(borders, variables)
    below[1:] = stats.ncx2.cdf(borders[None, :], variables, pull[1:, None])
    return np.diff(below, axis=1, prepend=0.0)


@lru_cache(maxsize=64)
def mewma_limit(*, variables: int, weight: float, run_length: float) -> float:
    """The MEWMA limit whose run length without a shift is as given."""
    low, high = 0.1, float(stats.chi2.isf(0.2 / run_length, variables))
    for _ in range(40):
        middle = 0.5 * (low + high)
        shorter = mewma_run_length(variables=variables, weight=weight, limit=middle) < run_length
        low, high = (middle, high) if shorter else (low, middle)
    return 0.5 * (low + high)


def _table(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or values.size == 0:
        raise ValueError(f"expected observations of shape (n, p), got {values.shape}")
    if np.isnan(values).any():
        raise ValueError("observations have missing values; leave incomplete rows out")
    return values


def _refuse_singular(covariance: np.ndarray) -> None:
    scale = np.sqrt(np.diag(covariance))
    if not np.all(scale > 0) or np.linalg.cond(covariance / np.outer(scale, scale)) > 1e12:
        raise ValueError("the variables are not independent of each other (one is constant or a sum of others)")
