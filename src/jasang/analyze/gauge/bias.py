"""Is the gauge right? Bias on one master, linearity over masters of several sizes, stability over time (AIAG MSA, 4th ed.)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from jasang.analyze.control_charts import individuals_chart
from jasang.analyze.regression import Regression, linear_regression

STEADY_ERROR = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Bias:
    """Mean reading less the reference value, in the unit of the values, with its interval.

    `t` and `p` test for no bias; `share` is the bias over the tolerance (or process variation) given, a fraction.
    """

    reference: float
    values: int
    mean: float
    sd: float
    bias: float
    low: float
    high: float
    t: float
    p: float
    share: float | None

    @property
    def is_biased(self) -> bool:
        """The interval leaves out zero."""
        return not self.low <= 0.0 <= self.high


def bias_study(
    values: np.ndarray,
    reference: float,
    *,
    tolerance: float | None = None,
    repeatability: float | None = None,
    df: int | None = None,
    confidence: float = 0.95,
) -> Bias:
    """Bias of repeated readings, shape (n,), NaN = missing, of a master whose value is `reference`.

    `repeatability` with its `df` is the gauge's known standard deviation; else that of the readings.

    Raises
    ------
    ValueError
        Fewer than two readings without a known repeatability.

    >>> made = bias_study(np.array([5.8, 5.7, 5.9, 5.9, 6.0, 6.1, 6.0, 6.1, 6.4, 6.3, 6.0, 6.1, 6.2, 5.6, 6.0]), 6.0)
    >>> round(made.bias, 4), made.is_biased
    (0.0067, False)
    """
    known = np.asarray(values, dtype=np.float64).ravel()
    known = known[np.isfinite(known)]
    if known.size < (1 if repeatability is not None else 2):
        raise ValueError(f"bias needs at least 2 readings of the master, got {known.size}")
    sd = float(known.std(ddof=1)) if repeatability is None else repeatability
    freedom = known.size - 1 if repeatability is None else (df if df is not None else 10**6)
    bias, error = float(known.mean()) - reference, sd / float(np.sqrt(known.size))
    reach = float(stats.t.ppf(0.5 + confidence / 2, freedom)) * error
    t = bias / error if error > 0 else (0.0 if bias == 0 else float(np.copysign(np.inf, bias)))
    return Bias(
        reference=reference,
        values=known.size,
        mean=float(known.mean()),
        sd=sd,
        bias=bias,
        low=bias - reach,
        high=bias + reach,
        t=t,
        p=float(2 * stats.t.sf(abs(t), freedom)),
        share=None if tolerance is None else abs(bias) / tolerance,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Linearity:
    """Bias over the range of the gauge: bias = intercept + slope · reference.

    `fit` holds coefficients, their intervals and tests (intercept, slope). `line`, `line_low`, `line_high` are the fitted
    bias at the masters with the interval of the line, shape (masters,). `linearity` is |slope| · process variation, and
    `linearity_share` |slope|, where a process variation (6 σ) was given. `average` is the bias over all readings.
    """

    masters: tuple[Bias, ...]
    average: Bias
    fit: Regression
    line: np.ndarray
    line_low: np.ndarray
    line_high: np.ndarray
    linearity: float | None
    linearity_share: float

    @property
    def slope(self) -> float:
        """Change of the bias for a change of one unit of the reference."""
        return float(self.fit.coefficients[1])

    @property
    def intercept(self) -> float:
        """Fitted bias at zero."""
        return float(self.fit.coefficients[0])

    @property
    def is_linear(self) -> bool:
        """The slope's interval holds zero: the bias does not change over the range."""
        return bool(self.fit.low[1] <= 0.0 <= self.fit.high[1])

    @property
    def is_unbiased(self) -> bool:
        """The interval of the line holds zero over the whole range."""
        return bool(np.all((self.line_low <= 0.0) & (self.line_high >= 0.0)))


def linearity_study(
    values: np.ndarray,
    references: np.ndarray,
    *,
    process_variation: float | None = None,
    tolerance: float | None = None,
    confidence: float = 0.95,
) -> Linearity:
    """Linearity of readings, shape (n,), of masters whose values are `references`, shape (n,).

    Raises
    ------
    ValueError
        Fewer than two different masters, or fewer than four readings.
    """
    values, references = np.asarray(values, dtype=np.float64).ravel(), np.asarray(references, dtype=np.float64).ravel()
    if values.shape != references.shape:
        raise ValueError(f"one reference for every reading is needed, got {values.size} and {references.size}")
    known = np.isfinite(values) & np.isfinite(references)
    values, references = values[known], references[known]
    sizes = np.unique(references)
    if sizes.size < 2 or values.size < 4:
        raise ValueError(f"linearity needs at least 2 masters and 4 readings, got {sizes.size} and {values.size}")
    away = values - references
    fit = linear_regression(references, away, confidence=confidence)
    centre = float(references.mean())
    spread = float(((references - centre) ** 2).sum())
    error = fit.residual_sd * np.sqrt(1.0 / values.size + (sizes - centre) ** 2 / spread)
    reach = float(stats.t.ppf(0.5 + confidence / 2, fit.df_residual)) * error
    line = fit.predict(sizes)
    # A master read once or without scatter is judged by what all readings scatter around their masters' means.
    within = [values[references == size] for size in sizes]
    df = sum(part.size - 1 for part in within)
    pooled = (sum(float(((part - part.mean()) ** 2).sum()) for part in within) / df) ** 0.5 if df else fit.residual_sd
    masters = tuple(
        bias_study(part, float(size), tolerance=tolerance, repeatability=pooled, df=max(1, df), confidence=confidence)
        if part.size < 2
        else bias_study(part, float(size), tolerance=tolerance, confidence=confidence)
        for size, part in zip(sizes, within, strict=True)
    )
    return Linearity(
        masters=masters,
        average=bias_study(away, 0.0, tolerance=tolerance, confidence=confidence),
        fit=fit,
        line=line,
        line_low=line - reach,
        line_high=line + reach,
        linearity=None if process_variation is None else abs(float(fit.coefficients[1])) * process_variation,
        linearity_share=abs(float(fit.coefficients[1])),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GaugeStability:
    """A master read again and again over time: a chart of the readings (or of the means of sessions) and its trend.

    `points` has shape (n,); `beyond` are indices outside the limits, which a steady gauge passes in 1 % of studies (3 sigma
    at least); `slope` is the drift for each point with its interval, `p_slope` its test.
    """

    points: np.ndarray
    centre: float
    lower: float
    upper: float
    beyond: tuple[int, ...]
    slope: float
    slope_low: float
    slope_high: float
    p_slope: float
    bias: Bias | None

    @property
    def is_stable(self) -> bool:
        """No point beyond the limits and no drift (at 1 %)."""
        return not self.beyond and self.p_slope >= STEADY_ERROR


def gauge_stability(
    values: np.ndarray,
    sessions: Sequence[object] | np.ndarray | None = None,
    *,
    reference: float | None = None,
    confidence: float = 0.95,
) -> GaugeStability:
    """Stability of readings of one master, shape (n,), in order of time; with `sessions` their means are charted.

    Raises
    ------
    ValueError
        Fewer than four points.
    """
    values = np.asarray(values, dtype=np.float64).ravel()
    known = np.isfinite(values)
    points = values[known]
    if sessions is not None:
        labels = np.asarray(sessions).astype(str).ravel()[known]
        _, first, code = np.unique(labels, return_index=True, return_inverse=True)
        points = (np.bincount(code, weights=points) / np.bincount(code))[np.argsort(first)]
    if points.size < 4:
        raise ValueError(f"stability needs at least 4 points in time, got {points.size}")
    multiple = max(3.0, float(stats.norm.isf(STEADY_ERROR / 2 / points.size)))
    chart = individuals_chart(points, multiple=multiple)
    drift = linear_regression(np.arange(points.size, dtype=np.float64), points, confidence=confidence)
    return GaugeStability(
        points=points,
        centre=float(chart.location.centre),
        lower=float(chart.location.lower),
        upper=float(chart.location.upper),
        beyond=tuple(int(place) for place in np.flatnonzero(chart.location.beyond(points))),
        slope=float(drift.coefficients[1]),
        slope_low=float(drift.low[1]),
        slope_high=float(drift.high[1]),
        p_slope=float(drift.p[1]),
        bias=None if reference is None else bias_study(values[known], reference, confidence=confidence),
    )
