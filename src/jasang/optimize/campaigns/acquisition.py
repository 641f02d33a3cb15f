"""What a trial at a point is worth, as a logarithm, and how likely it stays in specification.

One goal: expected improvement, for noisy records averaged over draws of what the tried settings truly give (Letham et
al. 2019), in
the logarithmic form of Ament et al. (2023). Several goals: expected gain of hypervolume over the boxes that no trial
dominates yet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import linalg, special, stats

from jasang.optimize.campaigns.belief import Belief
from jasang.optimize.campaigns.pareto import box_gains, open_boxes, undominated
from jasang.optimize.campaigns.process import JITTER, Process, cholesky
from jasang.optimize.campaigns.setting import Goal, Specification

DRAWS = 24  # of the true outcomes of the tried settings, over all plausible processes
NODES = 12  # quantiles that stand for the spread of an outcome where no closed form exists
LEAST_LOG_VOLUME = -27.0
NOISY = 1e-3  # share of the noise variance in the signal's from which records count as noisy


def log_expected_improvement(below: np.ndarray) -> np.ndarray:
    """Logarithm of φ(z) + z Φ(z), exact where the value itself would underflow."""
    z = np.asarray(below, dtype=float)
    found = np.empty_like(z)
    near = z > -1.0
    found[near] = np.log(stats.norm.pdf(z[near]) + z[near] * special.ndtr(z[near]))
    far = z[~near]
    ratio = np.sqrt(np.pi / 2) * special.erfcx(-far / np.sqrt(2))
    rest = np.where(far > -1e3, np.log1p(np.maximum(far * ratio, -1 + 1e-16)), -2 * np.log(np.maximum(-far, 1.0)))
    found[~near] = -0.5 * far**2 - 0.5 * np.log(2 * np.pi) + rest
    return found


def log_chances(
    beliefs: Mapping[str, Belief], specifications: Sequence[Specification], works: Belief | None, points: np.ndarray
) -> np.ndarray:
    """Logarithm of the chance that a trial works and every outcome stays in specification; shape (points,)."""
    found = np.zeros(len(points))
    for specification in specifications:
        found += beliefs[specification.outcome].log_chance(points, specification)
    if works is not None:
        mean, deviation = works.predict(points)
        found += stats.norm.logcdf(works.scale.backward(mean) / np.maximum(deviation, 1e-9))
    return found


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What the tried settings truly give, drawn from one process of the mixture: each draw is then certain at them.

    `outcomes` are the draws, solved by the covariance of the tried settings, shape (tried, draws); `best` the best loss
    of each, shape (draws,).
    """

    process: Process
    best: np.ndarray
    outcomes: np.ndarray
    tried: np.ndarray
    chol: np.ndarray

    def log_gain(self, columns: np.ndarray, lent: np.ndarray, sign: float) -> np.ndarray:
        """Logarithm of the expected improvement in each draw; shape (draws, points)."""
        cross = self.process.covariance(columns, self.tried)
        half = linalg.solve_triangular(self.chol, cross.T, lower=True, check_finite=False)
        prior = self.process.covariance(self.tried[:1], self.tried[:1])[0, 0]
        deviation = np.sqrt(np.maximum(prior - np.einsum("ij,ij->j", half, half), 1e-10 * prior))[:, None]
        below = (self.best - sign * (cross @ self.outcomes + lent[:, None])) / deviation
        return np.asarray((log_expected_improvement(below) + np.log(deviation)).T)


@dataclass(frozen=True, kw_only=True)
class OneGoal:
    """Expected improvement of one outcome to be made small or large, averaged over the plausible processes."""

    belief: Belief
    sign: float  # 1 to make small, −1 to make large
    best: np.ndarray  # best loss on the model's scale in each process or draw
    drawn: tuple[Drawn, ...] = ()  # where records are noisy

    def log_gain(self, points: np.ndarray) -> np.ndarray:
        """Logarithm of the expected improvement on the model's scale; shape (points,)."""
        if self.drawn:
            columns, lent = self.belief.columns(points), self.belief.lent(points)
            gains = np.vstack([drawn.log_gain(columns, lent, self.sign) for drawn in self.drawn])
        else:
            means, deviations = self.belief.predict_parts(points)
            below = (self.best[:, None] - self.sign * means) / deviations
            gains = log_expected_improvement(below) + np.log(deviations)
        return np.asarray(special.logsumexp(gains, axis=0) - np.log(len(gains)))


def one_goal(belief: Belief, goal: Goal, tried: np.ndarray, fit_to_use: np.ndarray, seed: int) -> OneGoal:
    """The worth of a trial for one outcome. `fit_to_use` tells which tried points stay in specification; shape (tried,)."""
    sign = 1.0 if goal.direction == "min" else -1.0
    usable = fit_to_use if fit_to_use.any() else np.ones(len(tried), dtype=bool)
    if belief.process.noise < NOISY * belief.process.scale:
        means, _ = belief.predict_parts(tried)
        return OneGoal(belief=belief, sign=sign, best=np.min(sign * means[:, usable], axis=1))
    columns, lent = belief.columns(tried), belief.lent(tried)
    generator = np.random.default_rng(seed)
    count = -(-DRAWS // len(belief.parts))
    drawn = tuple(_drawn(part, columns, lent, usable, sign, generator, count) for part in belief.parts)
    return OneGoal(belief=belief, sign=sign, best=np.concatenate([one.best for one in drawn]), drawn=drawn)


def _drawn(
    process: Process,
    columns: np.ndarray,
    lent: np.ndarray,
    usable: np.ndarray,
    sign: float,
    generator: np.random.Generator,
    count: int,
) -> Drawn:
    centre, covariance = process.joint(columns)
    covariance[np.diag_indices_from(covariance)] += 1e-7 * process.scale + JITTER
    noise = generator.standard_normal((len(columns), count))
    draws = centre[:, None] + cholesky(covariance) @ noise
    prior = process.covariance(columns, columns)
    prior[np.diag_indices_from(prior)] += 1e-6 * process.scale + JITTER
    chol = cholesky(prior)
    return Drawn(
        process=process,
        best=np.min(sign * (draws + lent[:, None])[usable], axis=0),
        outcomes=np.asarray(linalg.cho_solve((chol, True), draws, check_finite=False)),
        tried=columns,
        chol=chol,
    )


@dataclass(frozen=True, kw_only=True)
class SeveralGoals:
    """Expected gain of hypervolume; also one goal that is a target. Losses are divided by `units`."""

    beliefs: tuple[Belief, ...]
    goals: tuple[Goal, ...]
    units: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def log_gain(self, points: np.ndarray) -> np.ndarray:
        """Logarithm of the expected gain; shape (points,)."""
        quantiles = stats.norm.ppf((np.arange(NODES) + 0.5) / NODES)
        # Half-way quantiles have a little less than unit variance.
        quantiles = quantiles / np.sqrt(np.mean(quantiles**2))
        volume = np.ones((len(points), len(self.low)))
        nearness = np.zeros(len(points))
        for place, (belief, goal) in enumerate(zip(self.beliefs, self.goals, strict=True)):
            mean, deviation = belief.predict(points)
            outcomes = belief.scale.backward(mean[:, None] + deviation[:, None] * quantiles)
            losses = goal.loss(outcomes) / self.units[place]
            low = self.low[:, place]
            floor = np.minimum(losses.min(), self.high[:, place].min()) - 1.0
            reach = box_gains(losses, np.maximum(low, floor), self.high[:, place])
            volume *= reach.mean(axis=1)
            nearness += np.maximum(0.0, losses[:, NODES // 3] - self.high[:, place].max())
        # Where nothing can be gained at any node, the nearest point is still to be preferred.
        with np.errstate(divide="ignore"):
            return np.asarray(np.logaddexp(np.log(volume.sum(axis=1)), LEAST_LOG_VOLUME - nearness))


def several_goals(
    beliefs: Sequence[Belief],
    goals: Sequence[Goal],
    losses: np.ndarray,
    fit_to_use: np.ndarray,
    likely: np.ndarray,
) -> SeveralGoals:
    """The worth of a trial for several goals, from the losses of the tried points, shape (tried, goals).

    `likely` are losses expected elsewhere; they tell how far a goal may have to give way where no worst value was given.
    """
    usable = losses[fit_to_use] if fit_to_use.any() else losses
    units = np.maximum(losses.max(axis=0) - losses.min(axis=0), 1e-12)
    reference = reference_point(goals, np.vstack([usable, likely]), units)
    low, high = open_boxes(usable / units, reference / units)
    return SeveralGoals(beliefs=tuple(beliefs), goals=tuple(goals), units=units, low=low, high=high)


def reference_point(goals: Sequence[Goal], losses: np.ndarray, units: np.ndarray) -> np.ndarray:
    """The worst losses that count: those given, else a tenth of the spread beyond the worst of the front; shape (goals,)."""
    front = losses[undominated(losses)]
    found = front.max(axis=0) + 0.1 * np.maximum(units, front.max(axis=0) - front.min(axis=0))
    for place, goal in enumerate(goals):
        if goal.worst is not None:
            found[place] = float(goal.loss(goal.worst))
    return np.asarray(found)
