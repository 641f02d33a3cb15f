"""The shape of a fitted second-order surface, the settings that are best on it, and the run that confirms them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from scipy import optimize, stats
from scipy.stats import qmc

from jasang.optimize.experiments.analysis import ExperimentFit
from jasang.optimize.experiments.factor import Factor
from jasang.optimize.experiments.model_terms import model_matrix

Shape = Literal["maximum", "minimum", "saddle", "ridge", "plane"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """The canonical form y = y_s + Σ λᵢ wᵢ² of the numbers (Box and Wilson 1951), in coded units.

    `stationary` is where the surface is level, shape (q,), `inside` whether it lies within low and high; `eigenvalues` ascending
    with 95 % bounds and `directions` (columns) their axes. `shape` is "ridge" where an eigenvalue's interval holds zero.
    """

    numbers: tuple[Factor, ...]
    stationary: np.ndarray
    value: float
    inside: bool
    eigenvalues: np.ndarray
    low: np.ndarray
    high: np.ndarray
    directions: np.ndarray
    shape: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What one result should be: as large or small as possible, or near a target, between `low` and `high` where they bind.

    `low` and `high` are also where desirability becomes 0 and 1 (Derringer and Suich 1980): of "max" from low to high.
    """

    aim: Literal["max", "min", "target"]
    low: float | None = None
    high: float | None = None
    target: float | None = None
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """The best settings found and how sharp they are.

    `predicted` has, by result, the expected value, the 95 % bounds of the mean and those of one new run. `nearly` are, by
    number, the lowest and highest setting among the points within 5 % of the best: wide ranges are a ridge to walk along.
    """

    settings: dict[str, float | str]
    coded: np.ndarray
    desirability: float
    predicted: dict[str, tuple[float, float, float, float, float]]
    nearly: dict[str, tuple[float, float]]
    at_edge: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """Whether new runs at the chosen settings came out as predicted: their mean against its 95 % prediction interval."""

    mean: float
    expected: float
    low: float
    high: float
    confirmed: bool


def surface(fit: ExperimentFit, *, at: Mapping[str, str] | None = None) -> Surface:
    """The canonical analysis of a second-order fit; factors with named levels stand at those of `at` (default: the first)."""
    numbers = [place for place, factor in enumerate(fit.design.factors) if factor.numeric]
    constant, linear, matrix = _coefficients(fit, numbers, at or {})
    values, directions = np.linalg.eigh(matrix)
    errors = np.array([_curvature_error(fit, numbers, directions[:, one], at or {}) for one in range(len(numbers))])
    half = stats.t.ppf(0.975, max(fit.df, 1)) * errors
    low, high = values - half, values + half
    stationary = -0.5 * np.linalg.pinv(matrix) @ linear
    return Surface(
        numbers=tuple(fit.design.factors[place] for place in numbers),
        stationary=stationary,
        value=float(constant + 0.5 * linear @ stationary),
        inside=bool((np.abs(stationary) <= 1).all()),
        eigenvalues=values,
        low=low,
        high=high,
        directions=directions,
        shape=_shape(values, low, high),
    )


def ridge_path(
    fit: ExperimentFit, *, maximise: bool = True, radii: Sequence[float] = tuple(np.linspace(0, 1.5, 7)),
    at: Mapping[str, str] | None = None,
) -> list[tuple[float, np.ndarray, float]]:  # fmt: skip
    """The best point at each distance from the centre (Hoerl 1959, Draper 1963): radius, coded settings (q,), expected value."""
    numbers = [place for place, factor in enumerate(fit.design.factors) if factor.numeric]
    constant, linear, matrix = _coefficients(fit, numbers, at or {})
    sign = -1.0 if maximise else 1.0
    path = []
    for radius in radii:
        point = _on_sphere(sign * matrix, sign * linear, float(radius))
        path.append((float(radius), point, float(constant + linear @ point + point @ matrix @ point)))
    return path


def best_settings(
    fits: Mapping[str, ExperimentFit], goals: Mapping[str, Goal], *, reach: float = 1.0, seed: int = 0
) -> Optimum:
    """Settings with the highest joint desirability of all results, inside −`reach` … `reach` of coded units.

    All fits are of the same factors. A goal without low or high takes them from the fitted values over the region. Points
    that miss a binding limit have desirability 0; among such points the least miss is taken and the answer says 0.

    Raises
    ------
    ValueError
        No goals, a goal for an unknown result, or a target missing.
    """
    if not goals or any(name not in fits for name in goals):
        raise ValueError(f"expected goals for some of {sorted(fits)}, got {sorted(goals)}")
    factors = next(iter(fits.values())).design.factors
    candidates = _candidates(factors, reach, seed)
    filled = {name: _filled(goal, fits[name].predict(candidates)[0]) for name, goal in goals.items()}

    def worth(coded: np.ndarray) -> np.ndarray:
        return _desirability(fits, filled, coded)

    values = worth(candidates)
    best = candidates[int(np.argmax(values))]
    for start in candidates[np.argsort(-values)[:8]]:
        polished = _polished(start, factors, reach, worth)
        if worth(polished[None])[0] > worth(best[None])[0]:
            best = polished
    top = float(worth(best[None])[0])
    near = candidates[values >= 0.95 * top] if top > 0 else best[None]
    near = np.vstack([near, best])
    numbers = [place for place, factor in enumerate(factors) if factor.numeric]
    acting = {place for name in goals for term in fits[name].terms for place in term}
    return Optimum(
        settings={factor.name: factor.setting(code) for factor, code in zip(factors, best, strict=True)},
        coded=best,
        desirability=max(0.0, top),
        predicted={name: _told(fits[name], best) for name in goals},
        nearly={
            factors[place].name: (
                float(factors[place].setting(near[:, place].min())),
                float(factors[place].setting(near[:, place].max())),
            )
            for place in numbers
        },
        at_edge=tuple(factors[place].name for place in numbers if place in acting and abs(best[place]) > reach - 1e-6),
    )


def confirm(fit: ExperimentFit, coded: np.ndarray, results: Sequence[float]) -> Confirmation:
    """Compare the mean of new runs at coded settings (factors,) with what the model promised."""
    middle, low, high = fit.predict(coded, runs=len(results))
    mean = float(np.mean(results))
    return Confirmation(
        mean=mean,
        expected=float(middle[0]),
        low=float(low[0]),
        high=float(high[0]),
        confirmed=bool(low[0] <= mean <= high[0]),
    )


def _told(fit: ExperimentFit, coded: np.ndarray) -> tuple[float, float, float, float, float]:
    middle, low, high = fit.predict(coded)
    _, run_low, run_high = fit.predict(coded, runs=1)
    return float(middle[0]), float(low[0]), float(high[0]), float(run_low[0]), float(run_high[0])


def _coefficients(
    fit: ExperimentFit, numbers: list[int], at: Mapping[str, str]
) -> tuple[float, np.ndarray, np.ndarray]:
    """Constant, linear (q,) and symmetric second-order (q, q) coefficients of the numbers, the named levels held."""
    base = _held(fit, at)
    q = len(numbers)

    def value(point: np.ndarray) -> float:
        coded = base.copy()
        coded[numbers] = point
        return float(fit.predict(coded)[0][0])

    constant, unit = value(np.zeros(q)), np.eye(q)
    linear = np.array([(value(one) - value(-one)) / 2 for one in unit])
    matrix = np.diag([(value(one) + value(-one)) / 2 - constant for one in unit])
    for a in range(q):
        for b in range(a):
            both = value(unit[a] + unit[b])
            matrix[a, b] = matrix[b, a] = (both - value(unit[a]) - value(unit[b]) + constant) / 2
    return constant, linear, matrix


def _held(fit: ExperimentFit, at: Mapping[str, str]) -> np.ndarray:
    return np.array([0.0 if factor.numeric else factor.coded(at.get(factor.name, factor.levels[0]))
                     for factor in fit.design.factors])  # fmt: skip


def _curvature_error(fit: ExperimentFit, numbers: list[int], direction: np.ndarray, at: Mapping[str, str]) -> float:
    """Standard error of the curvature v′Bv along a direction: a contrast of three predictions."""
    base = _held(fit, at)
    points = np.tile(base, (3, 1))
    points[:, numbers] = np.array([direction, -direction, 0 * direction])
    from_terms = _rows(fit, points)
    contrast = (from_terms[0] + from_terms[1]) / 2 - from_terms[2]
    used = contrast.size
    return float(np.sqrt(max(contrast @ fit.cover[:used, :used] @ contrast, 0.0)))


def _rows(fit: ExperimentFit, coded: np.ndarray) -> np.ndarray:
    from_model, _ = model_matrix(fit.design.factors, coded, fit.terms)
    return from_model


def _shape(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> Shape:
    open_ended = (low <= 0) & (high >= 0)
    if open_ended.all():
        return "plane"
    if open_ended.any():
        return "ridge"
    return "maximum" if (values < 0).all() else "minimum" if (values > 0).all() else "saddle"


def _on_sphere(matrix: np.ndarray, linear: np.ndarray, radius: float) -> np.ndarray:
    """The minimum of x′Bx + b′x over |x| ≤ radius: (B + μI)x = −b/2 with the μ that puts x on the sphere."""
    if radius == 0:
        return np.zeros_like(linear)
    values, vectors = np.linalg.eigh(matrix)
    turned = vectors.T @ (-linear / 2)
    if values[0] > 0:
        inner = turned / values
        if np.linalg.norm(inner) <= radius:
            return np.asarray(vectors @ inner)
    least = max(0.0, -float(values[0])) + 1e-12

    def excess(mu: float) -> float:
        return float(np.linalg.norm(turned / (values + mu))) - radius

    if excess(least) < 0:  # the hard case: what is left goes along the flattest axis
        point = turned / (values + least)
        point[0] += np.sqrt(max(radius**2 - float(point @ point), 0.0))
        return np.asarray(vectors @ point)
    most = least + 1.0
    while excess(most) > 0:
        most *= 2
    return np.asarray(vectors @ (turned / (values + optimize.brentq(excess, least, most))))


def _candidates(factors: tuple[Factor, ...], reach: float, seed: int, count: int = 4096) -> np.ndarray:
    """Sobol points of the numbers for every combination of named levels, with the corners' and centre's own points."""
    numbers = [place for place, factor in enumerate(factors) if factor.numeric]
    named = [place for place, factor in enumerate(factors) if not factor.numeric]
    combos = list(product(*(range(len(factors[place].levels)) for place in named)))
    each = max(256, count // len(combos))
    spread = np.zeros((1, 0))
    if numbers:
        drawn = qmc.Sobol(len(numbers), seed=seed).random_base2(int(np.ceil(np.log2(each))))
        corners = (
            np.array(list(product((-1.0, 0.0, 1.0), repeat=len(numbers))))
            if len(numbers) <= 6
            else np.zeros((1, len(numbers)))
        )
        spread = reach * np.vstack([2 * drawn - 1, corners])
    blocks = []
    for combo in combos:
        block = np.zeros((len(spread), len(factors)))
        block[:, numbers] = spread
        block[:, named] = combo
        blocks.append(block)
    return np.vstack(blocks)


def _filled(goal: Goal, values: np.ndarray) -> Goal:
    if goal.aim == "target" and goal.target is None:
        raise ValueError("a goal with aim 'target' needs a target")
    spread = max(float(values.max() - values.min()), 1e-12)
    # A little room beyond the best candidate: a goal that is reached in full could not be improved further.
    low = goal.low if goal.low is not None else float(values.min()) - 0.05 * spread
    high = goal.high if goal.high is not None else float(values.max()) + 0.05 * spread
    return Goal(aim=goal.aim, low=low, high=high, target=goal.target, weight=goal.weight)


def _desirability(fits: Mapping[str, ExperimentFit], goals: Mapping[str, Goal], coded: np.ndarray) -> np.ndarray:
    """Weighted geometric mean of the goals' desirabilities, shape (m,); negative = by how far limits are missed."""
    total, weights, missed = np.zeros(len(coded)), 0.0, np.zeros(len(coded))
    for name, goal in goals.items():
        if goal.low is None or goal.high is None:
            raise ValueError(f"goal of {name!r} has no bounds")
        y = fits[name].predict(coded)[0]
        span = goal.high - goal.low
        if goal.aim == "max":
            share = (y - goal.low) / span
        elif goal.aim == "min":
            share = (goal.high - y) / span
        else:
            aim = float(goal.target or 0.0)
            share = np.where(
                y < aim, (y - goal.low) / max(aim - goal.low, 1e-12), (goal.high - y) / max(goal.high - aim, 1e-12)
            )
        missed += np.maximum(0.0, -share)
        total += goal.weight * np.log(np.clip(share, 1e-9, 1.0))
        weights += goal.weight
    return np.where(missed > 0, -missed, np.exp(total / weights))


def _polished(
    start: np.ndarray, factors: tuple[Factor, ...], reach: float, worth: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    numbers = [place for place, factor in enumerate(factors) if factor.numeric]
    if not numbers:
        return start

    def loss(point: np.ndarray) -> float:
        coded = start.copy()
        coded[numbers] = point
        return -float(worth(coded[None])[0])

    found = optimize.minimize(loss, start[numbers], method="Powell", bounds=[(-reach, reach)] * len(numbers))
    polished = start.copy()
    polished[numbers] = np.clip(found.x, -reach, reach)
    return polished
