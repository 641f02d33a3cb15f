"""What a campaign has gained, what further trials would gain, and whether that pays."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from jasang.optimize.campaigns.acquisition import OneGoal
from jasang.optimize.campaigns.learning import Learnt
from jasang.optimize.campaigns.setting import Value

SAMPLES = 4000


@dataclass(frozen=True, kw_only=True)
class Gain:
    """How much better a setting is than the present one, in the unit of the first goal's outcome; positive is better.

    Noise-free outcomes are compared; `low` and `high` hold it with 95 %. `chance` is that of a part made with it to stay in
    specification. `tells` says whether the interval lies above 0.
    """

    settings: Mapping[str, Value]
    value: float
    low: float
    high: float
    chance: float

    @property
    def tells(self) -> bool:
        """Whether the records tell that the setting is better."""
        return self.low > 0


def best_tried(learnt: Learnt, present: np.ndarray, least_chance: float) -> Gain:
    """The tried setting that is expected to be best among those likely in specification, and its gain over the present one.

    The expected values of the process are compared, never measured ones: the best of several noisy measurements flatters itself,
    what is expected of it given all the others does not.
    """
    expected = learnt.expected_losses(learnt.points)[:, 0]
    chances = np.exp(learnt.log_chance(learnt.points))
    # A trial whose measured outcomes kept every limit without noise is in specification, whatever is expected near it.
    usable = (chances >= least_chance) | (learnt.in_spec & (chances >= 0.5 * least_chance))
    usable &= learnt.space.allowed(learnt.points)
    usable &= np.all((learnt.points >= -1e-9) & ((learnt.points <= 1 + 1e-9) | ~learnt.space.numeric), axis=1)
    likely = np.flatnonzero(usable)
    point = learnt.points[likely[int(np.argmin(expected[likely]))]] if len(likely) else present
    gains = gain_draws(learnt, present, point)
    low, high = np.quantile(gains, [0.025, 0.975])
    same = bool(np.allclose(point, present))
    return Gain(
        settings=learnt.space.named(point),
        value=0.0 if same else middle(gains),
        low=0.0 if same else float(low),
        high=0.0 if same else float(high),
        chance=float(np.exp(learnt.log_chance(point[None, :])[0])),
    )


def gain_draws(learnt: Learnt, present: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Draws of the gain of a point over the present one, in the unit of the first goal; shape (samples,)."""
    goal = learnt.goals[0]
    belief = learnt.beliefs[goal.outcome]
    losses = goal.loss(belief.scale.backward(belief.draws(np.vstack([present, point]), SAMPLES)))
    # A logarithmic scale knows no bounds where nothing is known: nothing much worse than all that was seen is stated.
    seen = learnt.losses[:, 0]
    return np.asarray(losses[:, 0] - np.minimum(losses[:, 1], seen.max() + 3.0 * np.ptp(seen)))


def middle(gains: np.ndarray) -> float:
    """The expected gain, by the quartiles (Tukey's trimean): on a logarithmic scale a draw in a thousand outweighs the rest."""
    return float(np.quantile(gains, [0.25, 0.5, 0.5, 0.75]).mean())


def expected_gain(learnt: Learnt, present: np.ndarray, point: np.ndarray) -> float:
    """The expected gain of a point over the present one, in the unit of the first goal."""
    return 0.0 if np.allclose(point, present) else middle(gain_draws(learnt, present, point))


def expected_next_gain(learnt: Learnt, point: np.ndarray, seed: int) -> float:
    """What the next trial is expected to gain, in the unit of the outcome (one goal) or of the hypervolume (several)."""
    gain = learnt.gain(seed)
    row = point[None, :]
    chance = float(np.exp(learnt.log_chance(row)[0]))
    if not isinstance(gain, OneGoal):
        return chance * float(np.exp(gain.log_gain(row)[0])) * float(np.prod(gain.units))
    belief = learnt.beliefs[learnt.goals[0].outcome]
    losses = learnt.goals[0].loss(belief.scale.backward(belief.draws(row, SAMPLES, seed)[:, 0]))
    best = learnt.goals[0].loss(belief.scale.backward(gain.sign * np.array([np.median(gain.best)])))[0]
    return chance * float(np.mean(np.maximum(0.0, best - losses)))


@dataclass(frozen=True, kw_only=True)
class StopAdvice:
    """Whether further trials are worth less than they cost.

    `next_gain` is what the next trial is expected to gain, in the outcome's unit; `worth` the money for it over the time
    the setting is used; `cost` that of the trial with its changes.
    """

    stop: bool
    next_gain: float
    worth: float
    cost: float
