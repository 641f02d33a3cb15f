"""What an action changed: an interrupted time series with controls, and what would have been without the action.

The days after the action are compared with what the days before, the weekdays and the controls (other machines or products that
the action did not touch) say they would have been, under noise whose autocorrelation is not known (`noise`).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from jasang.analyze.effects.noise import LONGEST, Fits, fit, full_covariance, noise_grid

FEWEST_BEFORE = 10
FEWEST_AFTER = 3
POINTS_PER_CONTROL = 12
MOST_CONTROLS = 5
_PREDICTING_NOISES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """The change that came with the action: `estimate` with its interval `low` to `high` at `confidence`, in the values' unit.

    `chance_below_zero` is the probability that the true change is negative. `expected` with `expected_low` and `expected_high`
    is what each value would have been without the action, all shape (n,), NaN where no value was given; up to the action it is
    the fitted course. `autocorrelation` of neighbouring values and `sigma` of one value are those of what controls and season
    leave.
    `control_columns` says how many regressors were made from the controls.
    """

    estimate: float
    low: float
    high: float
    confidence: float
    chance_below_zero: float
    before: int
    after: int
    autocorrelation: float
    sigma: float
    level_before: float
    control_columns: int
    expected: np.ndarray
    expected_low: np.ndarray
    expected_high: np.ndarray


def interrupted_series(
    values: np.ndarray,
    action: int,
    *,
    controls: np.ndarray | None = None,
    season: np.ndarray | None = None,
    covariates: np.ndarray | None = None,
    counts: np.ndarray | None = None,
    settle: int = 0,
    effect_from: int | None = None,
    effect_to: int | None = None,
    confidence: float = 0.95,
    course: bool = True,
) -> Effect:
    """The effect of an action on a series of equally spaced values, for example one a day.

    Parameters
    ----------
    values : array of float, shape (n,)
        The metric in order of time; NaN where it was not measured.
    action : int
        Place of the first value after the action.
    controls : array of float, shape (n, k), optional
        The same metric where the action cannot have worked: other machines, other products. NaN allowed.
    season : array of int, shape (n,), optional
        Codes of what repeats, for example the weekday.
    covariates : array of float, shape (n, q), optional
        Shares of products and the like, known to move the metric.
    counts : array of float, shape (n,), optional
        Units behind every value; few units make a rate noisy.
    settle : int
        Values after the action that are left out, while it is being set up.
    effect_from, effect_to : int, optional
        Measure the effect over these places only (from inclusive, to exclusive), for example the last 30 days of 90; the rest
        of the time after the action is left out.
    confidence : float
        Of the interval.
    course : bool
        Also work out what each value would have been; without it `expected` and its limits are NaN.

    Raises
    ------
    ValueError
        Fewer than `FEWEST_BEFORE` values before or `FEWEST_AFTER` after the action.

    Notes
    -----
    Regression with a step at the action (Box and Tiao, JASA 1975) under averaged noise; the interval is that of the mixture
    of t distributions.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> values = rng.normal(5.0, 0.5, 60)
    >>> values[45:] -= 2.0
    >>> effect = interrupted_series(values, 45)
    >>> effect.low < -2.0 < effect.high
    True
    """
    problem = _Problem.of(values, action, controls, season, covariates, counts, settle, effect_from, effect_to)
    steps = problem.steps
    fits = fit(problem.y, np.column_stack([steps, problem.design]), problem.places, problem.rise, problem.day_noise)
    contrast = np.zeros(fits.beta.shape[1])
    contrast[0] = 1.0
    estimate, low, high = fits.interval(contrast, confidence)
    nothing = np.full(problem.y.size, np.nan)
    expected, half = _without_action(problem, confidence) if course else (nothing, nothing)
    grid = noise_grid()
    carried = grid.phi[fits.noise] * (1.0 - grid.white[fits.noise])
    return Effect(
        estimate=estimate * problem.scale,
        low=low * problem.scale,
        high=high * problem.scale,
        confidence=confidence,
        chance_below_zero=fits.chance_below(contrast, 0.0),
        before=int(problem.is_before.sum()),
        after=int((steps[:, -1] > 0).sum()),
        autocorrelation=float(fits.weight @ carried),
        sigma=float(np.sqrt(fits.weight @ fits.variance)) * problem.scale,
        level_before=float(np.mean(problem.y[problem.is_before])) * problem.scale + problem.centre,
        control_columns=problem.control_columns,
        expected=problem.on_all(expected * problem.scale + problem.centre),
        expected_low=problem.on_all((expected - half) * problem.scale + problem.centre),
        expected_high=problem.on_all((expected + half) * problem.scale + problem.centre),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Problem:
    """The series scaled to mean 0 and spread 1 before the action, missing values left out; arrays of shape (m, …)."""

    y: np.ndarray
    is_before: np.ndarray
    steps: np.ndarray
    design: np.ndarray
    rise: np.ndarray
    day_noise: np.ndarray | None
    places: np.ndarray
    size: int
    scale: float
    centre: float
    control_columns: int

    @classmethod
    def of(
        cls,
        values: np.ndarray,
        action: int,
        controls: np.ndarray | None,
        season: np.ndarray | None,
        covariates: np.ndarray | None,
        counts: np.ndarray | None,
        settle: int,
        effect_from: int | None,
        effect_to: int | None,
    ) -> "_Problem":
        given = np.asarray(values, dtype=np.float64)
        known = np.isfinite(given)
        known[action : action + settle] = False
        places = np.flatnonzero(known)
        after_most = max(FEWEST_AFTER, min(int((places >= action).sum()), LONGEST // 2))
        after_places, before_places = places[places >= action], places[places < action]
        wanted = after_places >= (effect_from if effect_from is not None else action)
        wanted &= after_places < (effect_to if effect_to is not None else given.size)
        after_places = after_places[wanted][:after_most]
        before_places = before_places[-(LONGEST - min(after_places.size, after_most)) :]
        if before_places.size < FEWEST_BEFORE or after_places.size < FEWEST_AFTER:
            raise ValueError(
                f"{before_places.size} values before and {after_places.size} after the action; "
                f"expected at least {FEWEST_BEFORE} and {FEWEST_AFTER}"
            )
        places = np.concatenate([before_places, after_places])
        y, is_before = given[places], places < action
        centre, scale = float(y[is_before].mean()), float(y[is_before].std()) or float(y.std()) or 1.0
        steps = (places >= action).astype(np.float64)[:, None]
        parts = [np.ones((places.size, 1))]
        if season is not None:
            parts.append(_season(np.asarray(season)[places], is_before))
        made = _control_columns(controls, places, is_before)
        parts.append(made)
        if covariates is not None:
            parts.append(_moving(np.asarray(covariates, dtype=np.float64)[places], is_before))
        design = _independent(np.column_stack(parts), steps, is_before)
        day_noise = None
        if counts is not None:
            sizes = np.maximum(np.asarray(counts, dtype=np.float64)[places], 1e-9)
            day_noise = np.clip(float(np.mean(sizes)) / sizes, 0.05, 50.0)
            if np.ptp(day_noise) < 0.2:
                day_noise = None
        line = places.astype(np.float64)
        rise = (line - line[is_before].mean()) / max(float(line[is_before].std()), 1.0)
        return cls(
            y=(y - centre) / scale,
            is_before=is_before,
            steps=steps,
            design=design,
            rise=rise,
            day_noise=day_noise,
            places=places,
            size=given.size,
            scale=scale,
            centre=centre,
            control_columns=made.shape[1],
        )

    def on_all(self, found: np.ndarray) -> np.ndarray:
        """The numbers back on the places they were made from, NaN elsewhere, shape (n,)."""
        whole = np.full(self.size, np.nan)
        whole[self.places] = found
        return whole


def _season(codes: np.ndarray, is_before: np.ndarray) -> np.ndarray:
    """A column for every code that was seen at least twice before the action, less one; none in a record under three rounds."""
    seen, numbers = np.unique(codes[is_before], return_counts=True)
    usual = seen[numbers >= 2]
    if usual.size < 2 or is_before.sum() < 3 * usual.size:
        return np.empty((codes.size, 0))
    return np.column_stack([(codes == code).astype(np.float64) for code in usual[1:]])


def _control_columns(controls: np.ndarray | None, places: np.ndarray, is_before: np.ndarray) -> np.ndarray:
    """The controls as few regressors: themselves where few, else their leading principal components; the values are not asked."""
    if controls is None or np.size(controls) == 0:
        return np.empty((places.size, 0))
    given = np.asarray(controls, dtype=np.float64)
    given = (given[:, None] if given.ndim == 1 else given)[places]
    known = np.isfinite(given)
    enough = (known.mean(axis=0) >= 0.7) & (known[~is_before].sum(axis=0) >= 1)
    given, known = given[:, enough], known[:, enough]
    if not given.shape[1]:
        return np.empty((places.size, 0))
    before = np.where(known & is_before[:, None], given, np.nan)
    centre, spread = np.nanmean(before, axis=0), np.nanstd(before, axis=0)
    moving = np.isfinite(centre) & (spread > 0)
    scaled = np.where(known, given - centre, 0.0)[:, moving] / spread[moving]
    # A control that was not measured on a day is taken to have moved as the others did.
    together = scaled.sum(axis=1) / np.maximum(known[:, moving].sum(axis=1), 1)
    scaled = np.where(known[:, moving], scaled, together[:, None])
    most = int(np.clip(is_before.sum() // POINTS_PER_CONTROL, 1, MOST_CONTROLS))
    if scaled.shape[1] <= most:
        return np.asarray(scaled)
    left, sizes, _ = np.linalg.svd(scaled - scaled.mean(axis=0), full_matrices=False)
    # Components beyond the first must carry more than their share, else they are noise.
    clear = sizes**2 > 1.5 * np.mean(sizes**2)
    clear[0] = True
    kept = np.flatnonzero(clear)[:most]
    return np.asarray(left[:, kept] * np.sqrt(scaled.shape[0]))


def _moving(covariates: np.ndarray, is_before: np.ndarray) -> np.ndarray:
    columns = covariates if covariates.ndim == 2 else covariates[:, None]
    columns = np.where(np.isfinite(columns), columns, np.nanmean(columns, axis=0))
    varied = columns[is_before].std(axis=0) > 1e-9
    return np.asarray(columns[:, varied])


def _independent(design: np.ndarray, steps: np.ndarray, is_before: np.ndarray) -> np.ndarray:
    """The columns, first to last, that the earlier ones and the steps do not give, at most a third of the values before."""
    kept: list[int] = []
    most = max(1, int(is_before.sum()) // 3)
    for place in range(design.shape[1]):
        trial = np.column_stack([steps, design[:, [*kept, place]]])
        if len(kept) < most and np.linalg.matrix_rank(trial, tol=1e-6 * np.sqrt(trial.shape[0])) == trial.shape[1]:
            kept.append(place)
    return design[:, kept]


def _without_action(problem: _Problem, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """What the days before say of every value, shape (m,), and the half width of the interval of one value."""
    before = problem.is_before
    day_noise = problem.day_noise
    fits: Fits = fit(
        problem.y[before],
        problem.design[before],
        problem.places[before],
        problem.rise[before],
        None if day_noise is None else day_noise[before],
    )
    chosen = slice(0, _PREDICTING_NOISES)
    weights = fits.weight[chosen] / fits.weight[chosen].sum()
    mean, second = np.zeros(problem.y.size), np.zeros(problem.y.size)
    for weight, beta, inverse, variance, place in zip(
        weights, fits.beta[chosen], fits.inverse[chosen], fits.variance[chosen], fits.noise[chosen], strict=True
    ):
        whole = full_covariance(int(place), problem.places, problem.rise, day_noise)
        gain = np.linalg.solve(whole[np.ix_(before, before)], whole[np.ix_(before, ~before)]).T
        left = problem.y[before] - problem.design[before] @ beta
        ahead = problem.design[~before] @ beta + gain @ left
        lever = problem.design[~before] - gain @ problem.design[before]
        spread = np.diagonal(whole)[~before] - np.einsum("ij,ij->i", gain, whole[np.ix_(~before, before)])
        spread = spread + np.einsum("ij,jk,ik->i", lever, inverse, lever)
        own = np.empty(problem.y.size)
        own[before], own[~before] = problem.design[before] @ beta, ahead
        wide = np.full(problem.y.size, float(variance))
        wide[~before] = variance * np.maximum(spread, 1e-12)
        mean += weight * own
        second += weight * (wide + own**2)
    deviation = np.sqrt(np.maximum(second - mean**2, 0.0))
    # The t of the freedom there is; the mixture over noises is near enough to it for a band on a chart.
    factor = _t_quantile(fits.freedom, confidence)
    return mean, factor * deviation


def _t_quantile(freedom: int, confidence: float) -> float:
    return float(stdtrit(freedom, 0.5 + 0.5 * confidence))


def course_before(
    before: np.ndarray, *, controls: np.ndarray | None = None, season: np.ndarray | None = None, most: int = LONGEST
) -> tuple[Fits, float, int]:
    """The noise of the last `most` values before an action: fits, the spread that is their unit, and how many values there were.

    Raises
    ------
    ValueError
        Fewer than `FEWEST_BEFORE` values.
    """
    given = np.asarray(before, dtype=np.float64)
    places = np.flatnonzero(np.isfinite(given))[-most:]
    if places.size < FEWEST_BEFORE:
        raise ValueError(f"{places.size} values before the action; expected at least {FEWEST_BEFORE}")
    y = given[places]
    scale = float(y.std()) or 1.0
    is_before = np.ones(places.size, dtype=bool)
    parts = [np.ones((places.size, 1))]
    if season is not None:
        parts.append(_season(np.asarray(season)[places], is_before))
    parts.append(_control_columns(controls, places, is_before))
    design = _independent(np.column_stack(parts), np.empty((places.size, 0)), is_before)
    line = places.astype(np.float64)
    rise = (line - line.mean()) / float(line.std())
    return fit((y - y.mean()) / scale, design, places, rise), scale, int(places.size)
