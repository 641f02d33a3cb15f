"""A campaign: better settings by few trials on the running line, one suggestion after another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from jasang.optimize.campaigns.learning import Learnt, learn
from jasang.optimize.campaigns.search import best_point
from jasang.optimize.campaigns.setting import Goal, Setting, SettingLimit, Specification, Trial, Value
from jasang.optimize.campaigns.space import Space

LEAST_CHANCE = 0.5  # chance of staying in specification below which a trial is not suggested, where anything else can be
TOO_RISKY = 30.0  # how strongly a chance below that counts against a trial


@dataclass(frozen=True, kw_only=True)
class Expected:
    """An outcome as expected: half of all like cases lie below `value`, 95 % of measured values between `low` and `high`."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """One trial to make: the settings, the chance that it stays in specification, what is expected, and the cost of changing."""

    settings: Mapping[str, Value]
    chance: float
    expected: Mapping[str, Expected]
    change_cost: float

    def result(
        self,
        outcomes: Mapping[str, float | None] | None = None,
        *,
        failed: bool = False,
        noise: Mapping[str, float] | None = None,
    ) -> Trial:
        """The trial made from this suggestion, to be told to the campaign."""
        return Trial(settings=self.settings, outcomes=outcomes or {}, failed=failed, noise=noise, stated=self.chance)


@dataclass(kw_only=True)
class Campaign:
    """Settings, goals and limits, the records before the campaign and the trials made in it.

    What `ask` suggests follows from these alone: the same campaign, saved and opened again, suggests the same trial.
    """

    settings: tuple[Setting, ...]
    goals: tuple[Goal, ...]
    history: tuple[Trial, ...]
    specifications: tuple[Specification, ...] = ()
    limits: tuple[SettingLimit, ...] = ()
    trials: tuple[Trial, ...] = ()
    seed: int = 0
    space: Space = field(init=False, repr=False, compare=False)
    _learnt: tuple[int, Learnt] | None = field(init=False, default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.space = Space(tuple(self.settings), tuple(self.limits))

    def tell(self, results: Trial | Sequence[Trial]) -> "Campaign":
        """Add what trials gave; returns the campaign itself."""
        more = (results,) if isinstance(results, Trial) else tuple(results)
        self.trials = (*self.trials, *more)
        return self

    def learnt(self) -> Learnt:
        """What all records say so far."""
        count = len(self.history) + len(self.trials)
        if self._learnt is None or self._learnt[0] != count:
            found = learn(self.space, tuple(self.goals), tuple(self.specifications), [*self.history, *self.trials])
            self._learnt = (count, found)
        return self._learnt[1]

    def ask(self, n: int = 1) -> tuple[Suggestion, ...]:
        """The next `n` trials, best first, to be made together."""
        learnt = self.learnt()
        last = learnt.points[-1]
        found = []
        for place in range(n):
            seed = self.seed + 7919 * (len(self.trials) + 1) + place
            point = self._next_point(learnt, seed)
            found.append(self._suggestion(learnt, point, last))
            learnt = learnt.with_fantasy(point)
            last = point
        return tuple(found)

    def _next_point(self, learnt: Learnt, seed: int) -> np.ndarray:
        gain = learnt.gain(seed)
        some_in_spec = learnt.in_spec.any()

        def worth(points: np.ndarray) -> np.ndarray:
            chance = learnt.log_chance(points)
            if not some_in_spec:
                return chance
            short = np.minimum(0.0, chance - np.log(LEAST_CHANCE))
            return np.asarray(gain.log_gain(points) + chance + TOO_RISKY * short)

        return best_point(self.space, worth, self._good(learnt), seed=seed, avoid=learnt.points)

    def _good(self, learnt: Learnt) -> np.ndarray:
        """Allowed points near which to look: good trials first."""
        points = self.space.rounded(learnt.points)
        usable = self.space.allowed(points)
        if not usable.any():
            return self.space.spread(16, self.seed)
        points, in_spec, losses = points[usable], learnt.in_spec[usable], learnt.losses[usable]
        ranked = (losses - losses.min(0)) / np.maximum(losses.max(0) - losses.min(0), 1e-12)
        order = np.argsort(ranked.min(axis=1) + 10.0 * ~in_spec, kind="stable")
        return points[order[: 4 + 2 * len(self.goals)]]

    def _suggestion(self, learnt: Learnt, point: np.ndarray, last: np.ndarray) -> Suggestion:
        row = point[None, :]
        expected = {}
        for name, belief in learnt.beliefs.items():
            mean, deviation = belief.measured(row)
            low, value, high = belief.scale.backward(mean[0] + deviation[0] * np.array([-1.96, 0.0, 1.96]))
            expected[name] = Expected(value=float(value), low=float(low), high=float(high))
        changed = np.abs(point - last) > 1e-9
        return Suggestion(
            settings=self.space.named(point),
            chance=float(np.exp(learnt.log_chance(row)[0])),
            expected=expected,
            change_cost=float(sum(s.change_cost for s, c in zip(self.settings, changed, strict=True) if c)),
        )
