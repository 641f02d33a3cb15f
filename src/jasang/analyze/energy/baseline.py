"""Energy baseline and energy per piece (ISO 50006): what a day should have used for what it made, and whether that creeps.

Energy of a period is explained by what was made (of each product), by heating and cooling degrees and by hours at work; intervals
allow for days that resemble their neighbours (Newey and West 1987).
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineTerm:
    """One thing that energy goes with: kWh per unit of it, with its 95 % interval."""

    name: str
    kwh: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyBaseline:
    """The regression of energy on its drivers over the baseline periods.

    `fixed` is the energy of a period in which nothing is made. `r2` and `cv` (root mean square error over mean
    energy; ASHRAE 14 wants below 0.25 for days) say how well it tells. `covariance` belongs to (fixed, terms…).
    """

    fixed: BaselineTerm
    terms: tuple[BaselineTerm, ...]
    r2: float
    cv: float
    periods: int
    residual_sd: float
    covariance: np.ndarray
    lags: int

    def expected(self, drivers: np.ndarray) -> np.ndarray:
        """Energy that the baseline expects for drivers, shape (n, terms), kWh, shape (n,)."""
        return np.asarray(self.fixed.kwh + drivers @ np.array([term.kwh for term in self.terms]))


def energy_baseline(energy: np.ndarray, drivers: np.ndarray, names: tuple[str, ...]) -> EnergyBaseline | None:
    """The baseline of energy, shape (n,), on drivers, shape (n, k).

    `None` with fewer than 10 + 3 k periods or drivers that do not vary. Rows with a missing value are left out. Periods must
    follow each other in time.
    """
    known = np.isfinite(energy) & np.isfinite(drivers).all(axis=1)
    y, x = energy[known], drivers[known]
    n, k = x.shape
    if n < 10 + 3 * k or y.std() <= 0:
        return None
    design = np.column_stack([np.ones(n), x])
    scale = np.maximum(np.abs(design).max(axis=0), 1e-300)
    scaled = design / scale
    if np.linalg.matrix_rank(scaled, tol=1e-8 * n) <= k:
        return None
    found, covariance, residual, lags = newey_west(scaled, y)
    found, covariance = found / scale, covariance / np.outer(scale, scale)
    freedom = n - k - 1
    reach = float(stats.t.ppf(0.975, freedom))
    errors = np.sqrt(np.diag(covariance))
    terms = [
        BaselineTerm(
            name=name, kwh=float(value), low=float(value - reach * error), high=float(value + reach * error),
            p=float(2 * stats.t.sf(abs(value) / max(error, 1e-300), freedom)),
        )
        for name, value, error in zip(("fixed", *names), found, errors, strict=True)
    ]  # fmt: skip
    squares = float(residual @ residual)
    spread = float(np.sqrt(squares / freedom))
    return EnergyBaseline(
        fixed=terms[0], terms=tuple(terms[1:]), r2=1.0 - squares / float(((y - y.mean()) ** 2).sum()), cv=spread /
        float(y.mean()),
        periods=n, residual_sd=spread, covariance=covariance, lags=lags,
    )  # fmt: skip


def newey_west(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Least squares; the covariance allows for autocorrelation up to a lag that grows with the memory of the residuals."""
    inverse = np.linalg.inv(x.T @ x)
    found = inverse @ x.T @ y
    residual = y - x @ found
    n = y.size
    phi = float(np.clip(residual[1:] @ residual[:-1] / max(residual @ residual, 1e-300), 0.0, 0.95))
    # Andrews (1991): the lag that fits AR(1) residuals; at least the usual rule of thumb.
    alpha = 4 * phi**2 / (1 - phi**2) ** 2
    lags = int(min(n // 4, max(np.ceil(4 * (n / 100) ** (2 / 9)), np.ceil(1.1447 * (alpha * n) ** (1 / 3)))))
    scores = x * residual[:, None]
    middle = scores.T @ scores
    for lag in range(1, lags + 1):
        cross = scores[lag:].T @ scores[:-lag]
        middle += (1 - lag / (lags + 1)) * (cross + cross.T)
    k = x.shape[1]
    return found, inverse @ middle @ inverse * n / (n - k), residual, lags


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyPerPiece:
    """Energy per good piece now and its change, adjusted for what was made, the weather and the hours.

    `kwh` per good piece over the whole record with its 95 % interval; `change` is the growth of energy over the record that
    nothing else explains, as a share of the mean energy, with its interval and chance `p`; `excess_year` the energy it stands for
    at the end of the record, kWh a year. `running` is the cumulative sum of energy beyond the baseline of the first half (ISO
    50006), kWh, shape (n,).
    """

    kwh: float
    low: float
    high: float
    change: float
    change_low: float
    change_high: float
    p: float
    excess_year: float
    excess_low: float
    excess_high: float
    baseline: EnergyBaseline
    running: np.ndarray


def energy_per_piece(
    energy: np.ndarray, good: np.ndarray, drivers: np.ndarray, names: tuple[str, ...], *, periods_a_year: float = 365.25
) -> EnergyPerPiece | None:
    """Energy per good piece and its drift over consecutive periods.

    Parameters
    ----------
    energy, good : ndarray, shape (n,)
        kWh and good pieces of each period (day, shift, week, lot), in order of time; NaN leaves a period out.
    drivers : ndarray, shape (n, k)
        What energy goes with, for the adjustment: pieces of each product, degree days, hours at work. Take enough of them:
        what is left out and moves in time is taken for drift.
    names : tuple of str
        Their names.
    periods_a_year : float
        Periods worked in a year, to bring the excess to a year.
    """
    known = np.isfinite(energy) & np.isfinite(good) & np.isfinite(drivers).all(axis=1)
    e, g, x = energy[known], good[known], drivers[known]
    n = e.size
    time = np.linspace(-0.5, 0.5, n) if n > 1 else np.zeros(n)
    trend = energy_baseline(e, np.column_stack([time, x]), ("time", *names))
    plain = energy_baseline(e, x, names)
    if trend is None or plain is None or g.sum() <= 0:
        return None
    slope, mean = trend.terms[0], float(e.mean())
    ratio = float(e.sum() / g.sum())
    apart = e - ratio * g
    error = float(np.sqrt(newey_west(np.ones((n, 1)), apart)[1][0, 0])) / float(g.mean())
    half = energy_baseline(e[: n // 2], x[: n // 2], names)
    running = np.cumsum(e - (half or plain).expected(x))
    # A drift from the start to the end of the record: at its end the excess over the start is the whole slope.
    return EnergyPerPiece(
        kwh=ratio, low=ratio - 1.96 * error, high=ratio + 1.96 * error, change=slope.kwh / mean, change_low=slope.low / mean,
        change_high=slope.high / mean, p=slope.p, excess_year=slope.kwh * periods_a_year, excess_low=slope.low * periods_a_year,
        excess_high=slope.high * periods_a_year, baseline=plain, running=running,
    )  # fmt: skip
