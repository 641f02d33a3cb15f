"""Residual charts for processes with a memory: each value against its forecast from the values before it.

The forecast is an autoregression (order by BIC) plus a slow level; the residuals are close to independent, so the usual
limits and run rules hold the false-alarm rate they promise. A residual chart sees a lasting shift only until the forecast has
learnt it, so a second chart watches the level: an EWMA of the values, its limits wide enough for the memory of the process.

Sources: Alwan and Roberts (1988), Journal of Business & Economic Statistics 6(1); Montgomery, section 10.4; Lu and Reynolds
(1999), Journal of Quality Technology 31(3), on what such charts see.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy import signal, special, stats

from jasang.analyze.control_charts.inputs import vector
from jasang.analyze.control_charts.rule_bits import packed_rules
from jasang.analyze.run_rules import WESTERN_ELECTRIC

MOST_LAGS = 20
# The level of a plant in control wanders a little more than an autoregression of a few hundred values knows. Following it
# with this weight costs nothing on jumps and leaves slow drifts to the charts and rules made for them.
LEVEL_WEIGHT = 0.05
FEWEST = 30
MEAN_WEIGHT = 0.2  # of the EWMA that watches the level
MEAN_MULTIPLE = 4.0
FEWEST_MEMORIES = 40.0  # in phase I, times the process forgets where it was, for its level to be watched
OUTLIER = 4.5  # robust sigmas, at which a residual is left out of phase I
MOST_OUT = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastModel:
    """How a value follows from those before it.

    forecastᵢ = mean + Σ coefficientsₖ·(xᵢ₋ₖ − mean) + levelᵢ₋₁, where the level follows the residuals with `level_weight`.
    `sigma` is the standard deviation of a forecast's error in the unit of the values; `tail` the degrees of freedom of
    Student's t where errors have heavier tails than normal ones. `process_sigma` is that of the values themselves,
    `mean_sigma` that of their EWMA about the mean (with the doubt in the mean). `excluded` are the indices of phase I left
    out as outliers.
    """

    mean: float
    coefficients: np.ndarray
    sigma: float
    process_sigma: float
    mean_sigma: float
    tail: float | None
    level_weight: float
    size: int
    excluded: np.ndarray

    @property
    def order(self) -> int:
        """Number of values the forecast looks back; 0 = the values are independent."""
        return int(self.coefficients.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastChart:
    """A chart of values around their forecasts; all shape (n,), in the unit of the values unless said.

    `scores` are the residuals as standard normal scores (no unit): what run rules are applied to. `rule_flags` has one row
    for each of `rules`. `level` is the EWMA of the values, `level_alarms` where it lies beyond its limits. The first
    `model.order` points of a record without a past have no forecast (NaN).
    """

    model: ForecastModel
    values: np.ndarray
    forecast: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    scores: np.ndarray
    rules: tuple[int, ...]
    rule_flags: np.ndarray
    level: np.ndarray
    level_alarms: np.ndarray

    @property
    def alarms(self) -> np.ndarray:
        """True where any of the rules is completed or the level is out, shape (n,)."""
        return np.asarray(self.rule_flags.any(axis=0) | self.level_alarms)


def fit_forecast(values: np.ndarray, *, most_lags: int = MOST_LAGS, breaks: np.ndarray | None = None) -> ForecastModel:
    """Learn the memory of a process from phase I values, shape (n,), in order at even intervals; NaN is missing.

    The order is the one with the smallest BIC among 0 … `most_lags`; sigma is corrected for the coefficients that were fitted
    (FPE, Akaike 1969). `breaks`, bool of shape (n,), is True where the record goes on after a pause: nothing is learnt across it.
    Outliers are left out and the model fitted again. Fewer than 30 values, or constant ones, are refused.
    """
    values = vector(values)
    known = ~np.isnan(values)
    if known.sum() < FEWEST:
        raise ValueError(f"a forecast needs at least {FEWEST} values, got {int(known.sum())}")
    since = _since_break(values.size, breaks)
    kept = values.copy()
    while True:
        mean, coefficients, errors = _autoregression(kept, most_lags, since)
        scale = 1.4826 * float(np.nanmedian(np.abs(errors - np.nanmedian(errors))))
        scale = scale if scale > 0 else float(np.nanstd(errors))
        if not scale > 0:
            raise ValueError("the values do not vary")
        excess = stats.kurtosis(errors[np.abs(errors) < 8.0 * scale]) if coefficients.size < errors.size else 0.0
        out = np.abs(errors) > (OUTLIER + 3.0 * max(0.0, float(excess))) * scale
        if not out.any():
            break
        if np.isnan(kept[known]).sum() + out.sum() > MOST_OUT * known.sum():
            # Not outliers of a process in control but its way to be: heavy tails, several states.
            kept = values.copy()
            mean, coefficients, errors = _autoregression(kept, most_lags, since)
            break
        kept[out] = np.nan
    errors = errors[~np.isnan(errors)]
    freedom = errors.size - coefficients.size - 1
    weight = LEVEL_WEIGHT if coefficients.size else 0.0
    sigma = sqrt(float(errors @ errors) / freedom * (1.0 + (coefficients.size + 1) / errors.size))
    return ForecastModel(
        mean=mean,
        coefficients=coefficients,
        sigma=sigma * sqrt(2.0 / (2.0 - weight)),
        process_sigma=max(sigma, float(np.nanstd(kept, ddof=1))),
        mean_sigma=_mean_sigma(coefficients, sigma, errors.size),
        tail=_tail(errors),
        level_weight=weight,
        size=int((~np.isnan(kept)).sum()),
        excluded=np.flatnonzero(known & np.isnan(kept)),
    )


def forecast_chart(
    values: np.ndarray,
    *,
    model: ForecastModel | None = None,
    past: np.ndarray | None = None,
    breaks: np.ndarray | None = None,
    rules: tuple[int, ...] = WESTERN_ELECTRIC,
    multiple: float = 3.0,
) -> ForecastChart:
    """Residual chart: values against their forecasts.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Values in order at even intervals; NaN is missing (its place is bridged for the forecasts after it).
    model : ForecastModel, optional
        From phase I (`fit_forecast`). Without it the values themselves are phase I.
    past : ndarray, optional
        Values just before the first, so that it has a forecast too.
    breaks : ndarray of bool, shape (n,), optional
        True where the record goes on after a pause; the first points after it are not judged, for want of a past.
    rules : tuple of int
        Run rules for the scores (`run_rules.RULES`).
    multiple : float
        Width of the limits; with heavy tails they lie where normal errors would have as many points beyond.
    """
    values = vector(values)
    model = fit_forecast(values, breaks=breaks) if model is None else model
    before = np.empty(0) if past is None else np.asarray(past, dtype=np.float64)[-(model.order + 200) :]
    whole = np.concatenate([before, values])
    errors = _errors(whole, model)[before.size :]
    errors[(_since_break(values.size, breaks) < model.order) & _after_break(breaks, values.size)] = np.nan
    level = model.mean + _followed(_bridged(whole) - model.mean, MEAN_WEIGHT)[before.size :]
    forecast = values - errors
    gaps = np.isnan(values)
    if gaps.any():
        forecast[gaps] = np.nan
    scores = _scores(errors / model.sigma, model.tail)
    width = model.sigma * _width(multiple, model.tail)
    flags = packed_rules(scores, centre=0.0, sigma=multiple / 3.0)
    return ForecastChart(
        model=model,
        values=values,
        forecast=forecast,
        lower=forecast - width,
        upper=forecast + width,
        scores=scores,
        rules=rules,
        rule_flags=flags[[rule - 1 for rule in rules]],
        level=level,
        level_alarms=(np.abs(level - model.mean) > _level_limit(model, multiple)) & ~gaps,
    )


def forecast_run_length(
    model: ForecastModel,
    *,
    shift: float = 0.0,
    rules: tuple[int, ...] = WESTERN_ELECTRIC,
    runs: int = 2000,
    longest: int = 600,
    seed: int = 1,
) -> float:
    """Mean number of points to the first alarm of this chart when the process mean moves by `shift` standard deviations.

    The shift is in standard deviations of the values themselves (`process_sigma`) and lasts. By simulation of the model; the
    standard error is about 1/√runs of the result. Runs longer than `longest` points count by exposure (points per alarm).
    """
    generator = np.random.default_rng(seed)
    warm = 100 + 3 * model.order
    noise = generator.standard_normal((runs, warm + longest))
    if model.tail is not None:
        noise = generator.standard_t(model.tail, noise.shape) * sqrt((model.tail - 2.0) / model.tail)
    own = model.sigma / sqrt(2.0 / (2.0 - model.level_weight))
    # A shift of the values by s shows in the residuals as s·(1 − Σφ) after the memory is filled, and s at once.
    filtered = np.cumsum(np.concatenate([[1.0], -model.coefficients, np.zeros(longest)])[:longest])
    errors = own * noise
    errors[:, warm:] += shift * model.process_sigma * filtered
    level = _followed(signal.lfilter([1.0], _polynomial(model), errors, axis=1), MEAN_WEIGHT)[:, warm:]
    errors = _without_level(errors, model.level_weight)[:, warm:]
    scores = np.full((runs, longest + 1), np.nan)
    scores[:, :longest] = _scores(errors / model.sigma, model.tail)
    flags = packed_rules(scores.ravel(), centre=0.0, sigma=1.0)[[rule - 1 for rule in rules]]
    alarms = flags.any(axis=0).reshape(runs, longest + 1)[:, :longest]
    return _mean_first(alarms | (np.abs(level) > _level_limit(model, 3.0)))


def _polynomial(model: ForecastModel) -> np.ndarray:
    return np.concatenate([[1.0], -model.coefficients])


def _level_limit(model: ForecastModel, multiple: float) -> float:
    # Independent values need no second chart: run rules see their level. A record of few memories does not know its level.
    memories = model.size * (1.0 - float(model.coefficients.sum()))
    watched = model.order > 0 and memories >= FEWEST_MEMORIES
    return MEAN_MULTIPLE * multiple / 3.0 * model.mean_sigma if watched else float("inf")


def _mean_sigma(coefficients: np.ndarray, sigma: float, size: int) -> float:
    """Standard deviation of the EWMA of such values about a mean that was estimated from `size` of them."""
    polynomial = np.concatenate([[1.0], -coefficients])
    impulse = np.zeros(5000)
    impulse[0] = 1.0
    response = _followed(signal.lfilter([1.0], polynomial, impulse)[None, :], MEAN_WEIGHT)[0]
    doubt = 1.0 / max(1e-3, float(polynomial.sum())) / sqrt(size)
    return sigma * sqrt(float(response @ response) + doubt**2)


def _followed(values: np.ndarray, weight: float) -> np.ndarray:
    """EWMA along the last axis, from zero."""
    return np.asarray(signal.lfilter([weight], [1.0, weight - 1.0], values, axis=-1))


def _mean_first(alarms: np.ndarray) -> float:
    """Points at risk over first alarms, shape (runs, points); infinite when none alarmed."""
    rang = alarms.any(axis=1)
    lengths = np.where(rang, alarms.argmax(axis=1) + 1, alarms.shape[1])
    return float(lengths.sum() / rang.sum()) if rang.any() else float("inf")


def _autoregression(values: np.ndarray, most_lags: int, since: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Mean, coefficients and residuals (NaN where there is none, shape of values) of the order with the smallest BIC."""
    n = values.size
    mean = float(np.nanmean(values))
    centred = values - mean
    most = max(0, min(most_lags, int(np.count_nonzero(~np.isnan(values))) // 10))
    lags = np.full((n, most), np.nan)
    for lag in range(1, most + 1):
        lags[lag:, lag - 1] = centred[:-lag]
        lags[since < lag, lag - 1] = np.nan
    full = ~np.isnan(centred) & ~np.isnan(lags).any(axis=1)
    if full.sum() < FEWEST:
        return mean, np.empty(0), centred
    design, target = np.column_stack([lags[full], np.ones(int(full.sum()))]), centred[full]
    best = min(range(most + 1), key=lambda order: _bic(design, target, order))
    if best == 0:
        return mean, np.empty(0), centred
    full = ~np.isnan(centred) & ~np.isnan(lags[:, :best]).any(axis=1)
    design = np.column_stack([lags[full, :best], np.ones(int(full.sum()))])
    solution = np.linalg.lstsq(design, centred[full], rcond=None)[0]
    errors = np.full(n, np.nan)
    errors[full] = centred[full] - design @ solution
    coefficients = _stationary(solution[:-1])
    rest = 1.0 - float(coefficients.sum())
    # A random walk has no mean to come back to: its constant is the drift of a step, not a place.
    return mean + (float(solution[-1]) / rest if rest > 0.02 else 0.0), coefficients, errors


def _since_break(size: int, breaks: np.ndarray | None) -> np.ndarray:
    """How many points each point lies after the last break, or the beginning, int64, shape (size,)."""
    rows = np.arange(size)
    if breaks is None:
        return rows
    breaks = np.asarray(breaks, dtype=bool)
    if breaks.shape != (size,):
        raise ValueError(f"one flag for every value is needed, got {size} values and breaks of shape {breaks.shape}")
    return np.asarray(rows - np.maximum.accumulate(np.where(breaks, rows, 0)))


def _after_break(breaks: np.ndarray | None, size: int) -> np.ndarray:
    if breaks is None:
        return np.zeros(size, dtype=bool)
    return np.asarray(np.logical_or.accumulate(np.asarray(breaks, dtype=bool)))


def _bic(design: np.ndarray, target: np.ndarray, order: int) -> float:
    columns = design[:, [*range(order), design.shape[1] - 1]]
    rest = target - columns @ np.linalg.lstsq(columns, target, rcond=None)[0]
    power = float(rest @ rest) / target.size
    return target.size * float(np.log(max(power, 1e-300))) + float(np.log(target.size)) * (order + 1)


def _stationary(coefficients: np.ndarray) -> np.ndarray:
    """The coefficients, shrunk towards zero where they would let the forecast run away."""
    for _ in range(200):
        roots = np.roots(np.concatenate([[1.0], -coefficients]))
        if not roots.size or np.abs(roots).max() < 0.999:
            return coefficients
        coefficients = coefficients * 0.995 ** np.arange(1, coefficients.size + 1)
    return coefficients


def _errors(values: np.ndarray, model: ForecastModel) -> np.ndarray:
    """Residuals, shape of the values; NaN for missing values and where the past is too short."""
    gaps = np.isnan(values)
    errors = signal.lfilter(_polynomial(model), [1.0], _bridged(values) - model.mean)
    errors[: model.order] = 0.0
    errors[gaps] = 0.0
    errors = _without_level(errors[None, :], model.level_weight)[0]
    errors[: model.order] = np.nan
    errors[gaps] = np.nan
    return np.asarray(errors)


def _bridged(values: np.ndarray) -> np.ndarray:
    """The values with straight lines over the gaps."""
    gaps = np.isnan(values)
    if not gaps.any() or gaps.all():
        return values
    rows = np.arange(values.size)
    return np.asarray(np.interp(rows, rows[~gaps], values[~gaps]))


def _without_level(errors: np.ndarray, weight: float) -> np.ndarray:
    """Errors minus their exponentially weighted mean so far, shape (rows, n)."""
    if not weight:
        return errors
    level = _followed(errors, weight)
    return np.asarray(errors - np.concatenate([np.zeros((errors.shape[0], 1)), level[:, :-1]], axis=1))


def _tail(errors: np.ndarray) -> float | None:
    """Degrees of freedom of Student's t by the method of moments, where the kurtosis is beyond that of normal errors by
    chance.
    """
    excess = float(stats.kurtosis(errors, bias=False)) if np.ptp(errors) > 0 else 0.0
    if excess <= 2.0 * sqrt(24.0 / errors.size):
        return None
    return max(3.0, 4.0 + 6.0 / excess)


def _scores(standardised: np.ndarray, tail: float | None) -> np.ndarray:
    if tail is None:
        return standardised
    scale = sqrt((tail - 2.0) / tail)
    beyond = special.stdtr(tail, -np.abs(standardised) / scale)
    return np.asarray(np.sign(standardised) * -special.ndtri(np.maximum(beyond, 1e-300)))


def _width(multiple: float, tail: float | None) -> float:
    if tail is None:
        return multiple
    return float(-special.stdtrit(tail, special.ndtr(-multiple))) * sqrt((tail - 2.0) / tail)
