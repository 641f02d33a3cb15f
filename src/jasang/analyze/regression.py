"""Linear and polynomial regression to the last digit that the data have.

Small problems are solved in exact decimals (integers of any length, no rounding), larger ones by QR with scaled columns and one
step of refinement. Certified by the NIST Statistical Reference Datasets (docs/statistics.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from operator import mul

import numpy as np
from scipy import stats
from scipy.linalg import qr, solve_triangular

from jasang.analyze.exact_decimals import exact_integers, root

MOST_EXACT_COLUMNS = 16
MOST_EXACT_WORK = 2_000_000  # products of integers: about a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """A least-squares fit. Arrays have shape (p,): the intercept first where there is one, then the columns in order.

    `low` and `high` bound each coefficient at the confidence asked for; `residuals` has shape (n,). Without an intercept
    `r_squared` compares with zero instead of the mean, as NIST certifies it. `f` and `t` are infinite for an exact fit.
    """

    coefficients: np.ndarray
    standard_errors: np.ndarray
    low: np.ndarray
    high: np.ndarray
    t: np.ndarray
    p: np.ndarray
    residual_sd: float
    df_residual: int
    ss_residual: float
    ss_regression: float
    r_squared: float
    adjusted_r_squared: float
    f: float
    p_of_f: float
    residuals: np.ndarray
    intercept: bool

    @property
    def ms_residual(self) -> float:
        """Mean square of the residuals, their variance; NaN where the fit has no row to spare."""
        return self.ss_residual / self.df_residual if self.df_residual else float("nan")

    @property
    def df_regression(self) -> int:
        """Coefficients fitted beside the intercept."""
        return int(self.coefficients.size) - self.intercept

    @property
    def ms_regression(self) -> float:
        """Mean square of what the columns explain; NaN without a column."""
        return self.ss_regression / self.df_regression if self.df_regression else float("nan")

    def predict(self, columns: np.ndarray) -> np.ndarray:
        """Fitted values at new rows of the columns that were fitted, shape (m, k) or (m,) for one column."""
        columns = np.asarray(columns, dtype=np.float64)
        columns = columns[:, None] if columns.ndim == 1 else columns
        start = 1 if self.intercept else 0
        constant = self.coefficients[0] if self.intercept else 0.0
        return np.asarray(constant + columns @ self.coefficients[start:])


def linear_regression(
    columns: np.ndarray, y: np.ndarray, *, intercept: bool = True, confidence: float = 0.95
) -> Regression:
    """Least-squares fit of y, shape (n,), on columns, shape (n, k) or (n,); rows with a NaN are left out.

    Raises
    ------
    ValueError
        Shapes that do not match, fewer rows than coefficients, or columns that depend on each other.

    >>> linear_regression(np.array([1.0, 2.0, 3.0]), np.array([3.0, 5.0, 7.0])).coefficients
    array([1., 2.])
    """
    x = np.asarray(columns, dtype=np.float64)
    x = x[:, None] if x.ndim == 1 else x
    y = np.asarray(y, dtype=np.float64)
    if x.ndim != 2 or y.shape != x.shape[:1]:
        raise ValueError(f"expected columns of shape (n, k) and y of shape (n,), got {x.shape} and {y.shape}")
    known = np.isfinite(x).all(axis=1) & np.isfinite(y)
    x, y = x[known], y[known]
    _refuse_size(y.size, x.shape[1] + intercept)
    written = _as_written(x, y) if (x.shape[1] + 1) <= MOST_EXACT_COLUMNS else None
    if written is not None and y.size * (x.shape[1] + 1) ** 2 <= MOST_EXACT_WORK:
        columns_exact, y_exact = written
        if intercept:
            columns_exact = [[Fraction(1)] * y.size, *columns_exact]
        return _exactly(columns_exact, y_exact, x, y, intercept, confidence)
    return _by_qr(x, y, intercept, confidence)


def polynomial_regression(x: np.ndarray, y: np.ndarray, degree: int, *, confidence: float = 0.95) -> Regression:
    """Least-squares fit of y, shape (n,), by a polynomial of x, shape (n,); coefficients from the constant upwards.

    The powers of x are exact too, which ill-conditioned problems need (Wampler, Filip).
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if degree < 1 or x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"expected x and y of shape (n,) and a degree from 1, got {x.shape}, {y.shape} and {degree}")
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    _refuse_size(y.size, degree + 1)
    powers = np.column_stack([x**power for power in range(1, degree + 1)])
    written = _as_written(x[:, None], y) if degree < MOST_EXACT_COLUMNS else None
    if written is None or y.size * (degree + 2) ** 2 > MOST_EXACT_WORK:
        return _by_qr(powers, y, True, confidence)
    base, y_exact = written[0][0], written[1]
    columns = [[one**power for one in base] for power in range(degree + 1)]
    return _exactly(columns, y_exact, powers, y, True, confidence)


def _refuse_size(rows: int, coefficients: int) -> None:
    if rows < coefficients:
        raise ValueError(f"{rows} rows cannot tell {coefficients} coefficients")


def _as_written(x: np.ndarray, y: np.ndarray) -> tuple[list[list[Fraction]], list[Fraction]] | None:
    made = [exact_integers(column) for column in (*x.T, y)]
    if any(one is None for one in made):
        return None
    fractions = [[Fraction(value, 10**power) for value in values] for values, power in made if values]  # type: ignore[misc]
    return fractions[:-1], fractions[-1]


def _exactly(
    columns: list[list[Fraction]],
    y: list[Fraction],
    shown: np.ndarray,
    shown_y: np.ndarray,
    intercept: bool,
    confidence: float,
) -> Regression:
    integers, scales = zip(*(_common(column) for column in (*columns, y)), strict=True)
    p = len(columns)
    gram = [[Fraction(sum(map(mul, one, other))) for other in integers] for one in integers]
    inverse = _inverse([row[:p] for row in gram[:p]])
    moments = [row[p] for row in gram[:p]]
    scaled = [sum((a * b for a, b in zip(row, moments, strict=True)), Fraction(0)) for row in inverse]
    # Coefficients of integer columns, turned back into the units of the columns and of y.
    beta = [one * scales[place] / scales[p] for place, one in enumerate(scaled)]
    explained = sum((a * b for a, b in zip(scaled, moments, strict=True)), Fraction(0))
    ss_residual = (gram[p][p] - explained) / scales[p] ** 2
    total = gram[p][p] / scales[p] ** 2
    if intercept:
        total -= Fraction(sum(integers[p])) ** 2 / len(y) / scales[p] ** 2
    df = len(y) - p
    variance = ss_residual / df if df else Fraction(0)
    errors = [root(variance * inverse[place][place] * scales[place] ** 2) for place in range(p)]
    fitted_columns = shown if not intercept else np.column_stack([np.ones(shown_y.size), shown])
    coefficients = np.array([float(one) for one in beta])
    return _regression(
        coefficients, np.array(errors), ss_residual, total, df, fitted_columns, shown_y, intercept, confidence
    )  # fmt: skip


def _common(column: list[Fraction]) -> tuple[list[int], int]:
    """Integers and the scale with value = integer / scale."""
    scale = lcm(*(one.denominator for one in column))
    return [one.numerator * (scale // one.denominator) for one in column], scale


def _inverse(matrix: list[list[Fraction]]) -> list[list[Fraction]]:
    p = len(matrix)
    rows = [[*row, *(Fraction(int(i == j)) for j in range(p))] for i, row in enumerate(matrix)]
    for place in range(p):
        pivot = next((i for i in range(place, p) if rows[i][place] != 0), None)
        if pivot is None:
            raise ValueError(f"column {place} depends on the columns before it; leave one of them out")
        rows[place], rows[pivot] = rows[pivot], rows[place]
        head = rows[place][place]
        rows[place] = [one / head for one in rows[place]]
        for i in range(p):
            factor = rows[i][place]
            if i != place and factor != 0:
                rows[i] = [a - factor * b for a, b in zip(rows[i], rows[place], strict=True)]
    return [row[p:] for row in rows]


def _by_qr(x: np.ndarray, y: np.ndarray, intercept: bool, confidence: float) -> Regression:
    design = np.column_stack([np.ones(y.size), x]) if intercept else x
    # Centring takes the largest part of the columns out before anything is rounded; scaling makes the pivots comparable.
    centre = x.mean(axis=0) if intercept else np.zeros(x.shape[1])
    y_centre = float(y.mean()) if intercept else 0.0
    moved = x - centre
    scale = np.sqrt((moved**2).sum(axis=0))
    if np.any(scale == 0):
        raise ValueError(f"column {int(np.argmax(scale == 0)) + intercept} is constant; leave it out")
    q, r, order = qr(moved / scale, mode="economic", pivoting=True)
    if abs(r[-1, -1]) < 1e-13 * abs(r[0, 0]) * max(x.shape):
        raise ValueError(f"column {int(order[-1]) + intercept} depends on the other columns; leave one of them out")
    target = y - y_centre
    solved = solve_triangular(r, q.T @ target)
    residual = target - (moved / scale)[:, order] @ solved
    solved = solved + solve_triangular(r, q.T @ residual)
    slopes = np.empty(x.shape[1])
    slopes[order] = solved
    slopes /= scale
    residual = target - moved @ slopes
    ss_residual, p = float(residual @ residual), design.shape[1]
    df = y.size - p
    inverse = solve_triangular(r, np.eye(r.shape[0]))
    variances = np.empty(x.shape[1])
    variances[order] = (inverse**2).sum(axis=1)
    covariance_root = np.empty_like(inverse)
    covariance_root[order] = inverse
    slope_errors = np.sqrt(variances) / scale
    sigma = np.sqrt(ss_residual / df) if df else 0.0
    coefficients, errors = slopes, sigma * slope_errors
    if intercept:
        coefficients = np.concatenate([[y_centre - centre @ slopes], slopes])
        away = (centre / scale) @ covariance_root
        errors = np.concatenate([[sigma * np.sqrt(1.0 / y.size + away @ away)], errors])
    return _regression(coefficients, errors, ss_residual, float(target @ target), df, design, y, intercept, confidence)


def _regression(
    coefficients: np.ndarray,
    errors: np.ndarray,
    ss_residual: float | Fraction,
    total: float | Fraction,
    df: int,
    design: np.ndarray,
    y: np.ndarray,
    intercept: bool,
    confidence: float,
) -> Regression:
    explaining = coefficients.size - intercept
    # Subtracted before anything is rounded: a fit that explains little of a large sum keeps its digits (Wampler5).
    ss_regression = max(0.0, float(total - ss_residual))
    r_squared = float((total - ss_residual) / total) if total > 0 else 1.0
    ss_residual, total = float(ss_residual), float(total)
    variance = ss_residual / df if df else float("nan")
    with np.errstate(divide="ignore", invalid="ignore"):
        t = coefficients / errors
        f = float(np.divide(ss_regression / explaining, variance)) if explaining else float("nan")
    reach = stats.t.ppf(0.5 + confidence / 2, df) * errors if df else np.full(errors.size, np.inf)
    return Regression(
        coefficients=coefficients,
        standard_errors=errors,
        low=coefficients - reach,
        high=coefficients + reach,
        t=t,
        p=2.0 * stats.t.sf(np.abs(t), df) if df else np.full(t.size, np.nan),
        residual_sd=variance**0.5,
        df_residual=df,
        ss_residual=ss_residual,
        ss_regression=ss_regression,
        r_squared=r_squared,
        adjusted_r_squared=1.0 - variance / (total / (df + explaining)) if total > 0 and df else float("nan"),
        f=f,
        p_of_f=float(stats.f.sf(f, explaining, df)) if df and explaining else float("nan"),
        residuals=y - design @ coefficients,
        intercept=intercept,
    )


def column_names(names: Sequence[str], *, intercept: bool = True) -> tuple[str, ...]:
    """Names that go with the coefficients of a fit."""
    return (("(intercept)",) if intercept else ()) + tuple(names)
