"""How the days of a record resemble each other: a grid of noises with prior weights, and regressions judged under all of them.

Days in a row share an operator, a lot and the weather. A grid of first-order autoregressions, each with more or less day noise on
top, stands for that; nothing is tested and chosen, every noise counts by how well it explains the record (Bayesian averaging).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import stdtr

AUTOCORRELATIONS = (-0.3, 0.0, 0.2, 0.4, 0.55, 0.7, 0.8, 0.87, 0.92, 0.95, 0.97, 0.985)
DAY_NOISES = (0.0, 0.3, 0.6, 0.85)  # share of the variance that does not carry over to the next day
TRENDS = (0.0, 1.0)  # variance of the rise over one spread of the time before, in variances of the noise
# Prior weights, chosen so that 95 % intervals hold 95 % at autocorrelations 0 to 0.9 (benchmarks/effects.py): a trend is rare,
# noise mostly carries over whole, and days that do not resemble each other are as likely as all the others together.
NO_TREND_WEIGHT = 0.95
WHOLLY_CARRIED_WEIGHT = 0.6
INDEPENDENT_FACTOR = 4.0
LONGEST = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseGrid:
    """The noises: autocorrelation, share of day noise, trend and log prior weight, each of shape (g,)."""

    phi: np.ndarray
    white: np.ndarray
    trend: np.ndarray
    log_prior: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Fits:
    """A regression under every noise that matters, heaviest first.

    `weight` (g,) sums to one; `beta` (g, p); `inverse` (g, p, p) is (X'V⁻¹X)⁻¹; `variance` (g,) estimates the variance of one
    value; `freedom` its degrees of freedom; `noise` (g,) are places in the grid.
    """

    weight: np.ndarray
    beta: np.ndarray
    inverse: np.ndarray
    variance: np.ndarray
    freedom: int
    noise: np.ndarray

    def interval(self, contrast: np.ndarray, confidence: float) -> tuple[float, float, float]:
        """Mean and limits of `contrast @ beta`, contrast of shape (p,), averaged over the noises."""
        centre = self.beta @ contrast
        scale = np.sqrt(self.variance * np.einsum("i,gij,j->g", contrast, self.inverse, contrast))
        tail = 0.5 * (1.0 - confidence)
        low, high = (self._quantile(centre, scale, level) for level in (tail, 1.0 - tail))
        return float(self.weight @ centre), low, high

    def chance_below(self, contrast: np.ndarray, value: float) -> float:
        """Probability that `contrast @ beta` is below the value."""
        centre = self.beta @ contrast
        scale = np.sqrt(self.variance * np.einsum("i,gij,j->g", contrast, self.inverse, contrast))
        return float(self.weight @ stdtr(self.freedom, (value - centre) / np.maximum(scale, 1e-300)))

    def _quantile(self, centre: np.ndarray, scale: np.ndarray, level: float) -> float:
        reach = 60.0 * float(scale.max()) + 1e-12
        low, high = float(centre.min()) - reach, float(centre.max()) + reach
        for _ in range(60):
            middle = 0.5 * (low + high)
            below = float(self.weight @ stdtr(self.freedom, (middle - centre) / np.maximum(scale, 1e-300)))
            low, high = (middle, high) if below < level else (low, middle)
        return 0.5 * (low + high)


@lru_cache(maxsize=1)
def noise_grid() -> NoiseGrid:
    """All noises with their prior weights: flat over the autocorrelation but for days that do not resemble each other.

    The noises without a trend come first, the same with one after them.
    """
    phis = np.array(AUTOCORRELATIONS)
    edges = np.concatenate([[-0.5], 0.5 * (phis[1:] + phis[:-1]), [0.995]])
    of_phi = np.diff(edges) * np.where(phis <= 0.0, INDEPENDENT_FACTOR, 1.0)
    rows = []
    for trend in TRENDS:
        of_trend = NO_TREND_WEIGHT if trend == 0.0 else 1.0 - NO_TREND_WEIGHT
        for phi, weight in zip(AUTOCORRELATIONS, of_phi, strict=True):
            shares = DAY_NOISES if phi > 0 else (0.0,)
            rest = (1.0 - WHOLLY_CARRIED_WEIGHT) / (len(DAY_NOISES) - 1)
            for white in shares:
                of_white = 1.0 if len(shares) == 1 else WHOLLY_CARRIED_WEIGHT if white == 0.0 else rest
                rows.append((phi, white, trend, np.log(weight * of_white * of_trend)))
    table = np.array(rows)
    return NoiseGrid(phi=table[:, 0], white=table[:, 1], trend=table[:, 2], log_prior=table[:, 3])


def covariance(phi: float, white: float, places: np.ndarray, day_noise: np.ndarray | None = None) -> np.ndarray:
    """Covariance of values at whole places (n,), shape (n, n), mean variance 1; `day_noise` scales what does not carry over."""
    power = phi ** np.arange(int(places[-1] - places[0]) + 1)
    carried = (1.0 - white) * power[np.abs(places[:, None] - places[None, :])]
    whole: np.ndarray = carried + np.diag(white * (np.ones(places.size) if day_noise is None else day_noise))
    return whole


def fit(
    y: np.ndarray, design: np.ndarray, places: np.ndarray, rise: np.ndarray, day_noise: np.ndarray | None = None
) -> Fits:
    """Least squares of y (n,) on the design (n, p) under every noise, weighted by restricted likelihood and prior.

    `places` (n,) are whole numbers that rise, the days; `rise` (n,) is a straight line of spread 1 over the time before; with it
    the record may have a trend of its own.
    """
    n, p = design.shape
    grid = noise_grid()
    white, log_determinant = _whitened(places, np.column_stack([y, design, rise]), day_noise)
    plain = np.matmul(white.transpose(0, 2, 1), white)
    # A trend is a rank-one addition to the covariance: its products follow by Sherman and Morrison's formula.
    along, length = plain[:, :-1, -1], plain[:, -1, -1]
    grams, determinants = [], []
    for trend in TRENDS:
        share = trend / (1.0 + trend * length)
        grams.append(plain[:, :-1, :-1] - share[:, None, None] * along[:, :, None] * along[:, None, :])
        determinants.append(log_determinant + np.log1p(trend * length))
    gram, log_determinant = np.concatenate(grams), np.concatenate(determinants)
    inner, cross = gram[:, 1:, 1:], gram[:, 1:, 0]
    inverse = np.linalg.inv(inner)
    beta = np.einsum("gij,gj->gi", inverse, cross)
    left = np.maximum(gram[:, 0, 0] - np.einsum("gi,gi->g", cross, beta), 1e-12 * np.maximum(gram[:, 0, 0], 1e-300))
    freedom = n - p
    likelihood = -0.5 * (log_determinant + np.linalg.slogdet(inner)[1] + freedom * np.log(left))
    score = likelihood + grid.log_prior
    weight = np.exp(score - score.max())
    order = np.argsort(-weight, kind="stable")
    kept = order[: max(1, int(np.searchsorted(np.cumsum(weight[order]) / weight.sum(), 0.9995)) + 1)]
    return Fits(
        weight=weight[kept] / weight[kept].sum(),
        beta=beta[kept],
        inverse=inverse[kept],
        variance=left[kept] / freedom,
        freedom=freedom,
        noise=kept,
    )


def full_covariance(noise: int, places: np.ndarray, rise: np.ndarray, day_noise: np.ndarray | None) -> np.ndarray:
    """Covariance under the noise at that place of the grid, its trend included, shape (n, n)."""
    grid = noise_grid()
    plain = covariance(float(grid.phi[noise]), float(grid.white[noise]), places, day_noise)
    whole: np.ndarray = plain + grid.trend[noise] * np.outer(rise, rise)
    return whole


def _whitened(places: np.ndarray, columns: np.ndarray, day_noise: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """The columns (n, q) whitened under every noise without trend, shape (g, n, q), and the log determinants (g,).

    Kalman filter of an autoregression seen through day noise: time grows with n, not with its cube.
    """
    grid = noise_grid()
    half = grid.phi.size // len(TRENDS)
    phi, white = grid.phi[:half], grid.white[:half]
    n, q = columns.shape
    own = np.ones(n) if day_noise is None else day_noise
    found = np.empty((half, n, q))
    level, spread, log_determinant = np.zeros((half, q)), 1.0 - white, np.zeros(half)
    gaps = np.diff(places, append=places[-1] + 1)
    for place in range(n):
        whole = spread + white * own[place]
        surprise = columns[place] - level
        found[:, place] = surprise / np.sqrt(whole)[:, None]
        log_determinant += np.log(whole)
        gain, carry = spread / whole, phi ** int(gaps[place])
        level = carry[:, None] * (level + gain[:, None] * surprise)
        spread = carry**2 * spread * (1.0 - gain) + (1.0 - carry**2) * (1.0 - white)
    return found, log_determinant


@lru_cache(maxsize=16)
def variances_of_step(before: int, after: int) -> np.ndarray:
    """Variance of the generalised least squares step after `before` values when m = 1 … `after` have come, shape (g, after).

    In variances of one value, under every noise of the grid with its trend left out.
    """
    n = before + after
    late = (np.arange(n) >= before).astype(np.float64)
    white, _ = _whitened(np.arange(n), np.column_stack([np.ones(n), late]), None)
    ones, steps = white[:, :, 0], white[:, :, 1]
    # The filter never looks ahead: running sums give the products of the first m values for every m at once.
    of_ones, of_both, of_steps = (np.cumsum(one * other, axis=1) for one, other in
                                  ((ones, ones), (ones, steps), (steps, steps)))  # fmt: skip
    information = of_steps - of_both**2 / of_ones
    variances = 1.0 / np.maximum(information[:, before:], 1e-12)
    return np.concatenate([variances] * len(TRENDS))
