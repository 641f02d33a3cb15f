"""From the records of a campaign to beliefs about its outcomes, and to the worth of a next trial."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from jasang.optimize.campaigns.acquisition import OneGoal, SeveralGoals, log_chances, one_goal, several_goals
from jasang.optimize.campaigns.belief import DRAWS, Belief, believe
from jasang.optimize.campaigns.outcome_scale import OutcomeScale
from jasang.optimize.campaigns.process import Prior, fit
from jasang.optimize.campaigns.setting import Goal, Specification, Trial
from jasang.optimize.campaigns.space import Space


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """What the trials say. `points` has shape (trials, settings); `in_spec` tells which trials worked and kept every limit.

    `works` is the belief whether a trial gives a product at all, where some did not. `losses` (trials, goals) are measured
    losses, expected ones where a goal's outcome is missing.
    """

    space: Space
    goals: tuple[Goal, ...]
    specifications: tuple[Specification, ...]
    points: np.ndarray
    in_spec: np.ndarray
    losses: np.ndarray
    beliefs: Mapping[str, Belief]
    works: Belief | None

    def log_chance(self, points: np.ndarray) -> np.ndarray:
        """Logarithm of the chance that trials at the points stay in specification; shape (points,)."""
        return log_chances(self.beliefs, self.specifications, self.works, points)

    def gain(self, seed: int) -> OneGoal | SeveralGoals:
        """The worth of a trial towards the goals."""
        if len(self.goals) == 1 and self.goals[0].direction != "target":
            goal = self.goals[0]
            return one_goal(self.beliefs[goal.outcome], goal, self.points, self.in_spec, seed)
        believed = [self.beliefs[goal.outcome] for goal in self.goals]
        spread = self.space.spread(256, seed)
        likely = self.expected_losses(spread)[self.log_chance(spread) > np.log(0.5)]
        return several_goals(believed, self.goals, self.losses, self.in_spec, likely)

    def ignorance(self, points: np.ndarray) -> np.ndarray:
        """How little is known of the goals at the points: 0 where tried, 1 far from all records; shape (points,)."""
        found = np.zeros(len(points))
        for goal in self.goals:
            belief = self.beliefs[goal.outcome]
            _, deviations = belief.predict_parts(points)
            scales = np.array([part.scale for part in belief.parts])[:, None]
            found += (deviations**2 / scales).mean(axis=0) / len(self.goals)
        return np.minimum(found, 1.0)

    def expected_losses(self, points: np.ndarray) -> np.ndarray:
        """Loss of each goal at the expected outcome; shape (points, goals)."""
        found = []
        for goal in self.goals:
            belief = self.beliefs[goal.outcome]
            found.append(goal.loss(belief.scale.backward(belief.predict(points)[0])))
        return np.column_stack(found)

    def with_fantasy(self, point: np.ndarray) -> "Learnt":
        """As if a trial at the point had given just what is expected of it."""
        row = point[None, :]
        return replace(
            self,
            points=np.vstack([self.points, row]),
            in_spec=np.r_[self.in_spec, bool(self.log_chance(row)[0] > np.log(0.5))],
            losses=np.vstack([self.losses, self.expected_losses(row)]),
            beliefs={name: belief.with_fantasy(point) for name, belief in self.beliefs.items()},
            works=None if self.works is None else self.works.with_fantasy(point),
        )


def learn(
    space: Space,
    goals: tuple[Goal, ...],
    specifications: tuple[Specification, ...],
    trials: Sequence[Trial],
    others: Sequence[Mapping[str, Belief]] = (),
) -> Learnt:
    """Fit a belief to every outcome that a goal or a specification names, with the help of other campaigns' beliefs.

    Raises
    ------
    ValueError
        An outcome has fewer than two measured values.
    """
    points = np.array([space.point(trial.settings) for trial in trials]).reshape(len(trials), len(space.settings))
    pivots = pivots_of(goals, specifications)
    beliefs = {}
    names = list(dict.fromkeys([goal.outcome for goal in goals] + [one.outcome for one in specifications]))
    # A dozen outcomes: fewer draws of each, so that a suggestion stays a matter of a second.
    draws = max(3, min(DRAWS, 32 // len(names)))
    for name in names:
        values = np.array([measured(trial, name) for trial in trials])
        there = np.isfinite(values)
        if there.sum() < 2:
            raise ValueError(f"outcome {name!r}: expected at least two measured values, got {int(there.sum())}")
        noise = np.array([(trial.noise or {}).get(name, np.nan) for trial in trials], dtype=float)
        beliefs[name] = believe(
            space,
            points[there],
            values[there],
            known_noise=noise[there],
            pivot=pivots.get(name),
            others=[other[name] for other in others if name in other],
            draws=draws,
        )
    found = Learnt(
        space=space,
        goals=goals,
        specifications=specifications,
        points=points,
        in_spec=np.array([in_specification(trial, specifications) for trial in trials], dtype=bool),
        losses=np.empty((len(trials), len(goals))),
        beliefs=beliefs,
        works=_works(space, points, trials),
    )
    losses = found.expected_losses(points)
    for place, goal in enumerate(goals):
        values = np.array([measured(trial, goal.outcome) for trial in trials])
        process = beliefs[goal.outcome].process
        # Noisy values lie: where noise matters the expected loss stands for the measured one.
        use = np.isfinite(values) & (process.noise < 1e-3 * process.scale)
        losses[use, place] = goal.loss(values[use])
    return replace(found, losses=losses)


def learn_elsewhere(
    space: Space, outcomes: Sequence[str], pivots: Mapping[str, float], trials: Sequence[Trial]
) -> dict[str, Belief]:
    """Beliefs from the trials of another campaign with the same settings; outcomes it did not measure are left out."""
    found = {}
    points = np.array([space.point(trial.settings) for trial in trials])
    for name in outcomes:
        values = np.array([measured(trial, name) for trial in trials])
        there = np.isfinite(values)
        if there.sum() >= 5:
            found[name] = believe(space, points[there], values[there], pivot=pivots.get(name), draws=0)
    return found


def measured(trial: Trial, outcome: str) -> float:
    """The value of an outcome; NaN where it is missing or the trial failed."""
    value = None if trial.failed else trial.outcomes.get(outcome)
    return float("nan") if value is None else float(value)


def in_specification(trial: Trial, specifications: Sequence[Specification]) -> bool:
    """Whether a trial worked and every specified outcome was measured within its limits."""
    return not trial.failed and all(one.holds(measured(trial, one.outcome)) for one in specifications)


def judged(trial: Trial, specifications: Sequence[Specification]) -> bool:
    """Whether it is known if a trial stayed in specification: it failed, left a limit, or every outcome was measured."""
    values = [measured(trial, one.outcome) for one in specifications]
    left = any(np.isfinite(value) and not one.holds(value) for one, value in zip(specifications, values, strict=True))
    return trial.failed or left or bool(np.isfinite(values).all())


def pivots_of(goals: Sequence[Goal], specifications: Sequence[Specification]) -> dict[str, float]:
    """The value about which each outcome matters most."""
    found = {goal.outcome: goal.target for goal in goals if goal.target is not None}
    for one in specifications:
        limit = one.high if one.high is not None else one.low
        if limit is not None:
            found[one.outcome] = limit
    return found


def _works(space: Space, points: np.ndarray, trials: Sequence[Trial]) -> Belief | None:
    """The belief whether trials work: above 0 they do. `None` where none failed."""
    if not any(trial.failed for trial in trials):
        return None
    values = np.array([-1.0 if trial.failed else 1.0 for trial in trials])
    # Most settings work like their neighbours, and one failure does not cast doubt on all the rest.
    usual = Prior.of(space.number_columns)
    prior = replace(usual, length=usual.length + 0.5, scale=-0.5, scale_spread=1.0, noise=-3.0, noise_spread=1.0)
    # Untried regions are believed to work like the rest: the mean is that of what works, which the scale adds again.
    scale = OutcomeScale(shape="plain", centre=1.0, spread=1.0)
    process = fit(space.encoded(points), scale.forward(values), prior=prior, restarts=2)
    return Belief(space=space, scale=scale, process=process, logarithmic=False)
