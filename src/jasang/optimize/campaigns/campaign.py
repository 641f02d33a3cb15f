"""A campaign: better settings by few trials on the running line, one suggestion after another."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from jasang.optimize.campaigns.belief import Belief
from jasang.optimize.campaigns.learning import (
    Learnt,
    in_specification,
    judged,
    learn,
    learn_elsewhere,
    measured,
    pivots_of,
)
from jasang.optimize.campaigns.record import (
    FORMAT,
    check_format,
    limit_record,
    read_goals,
    read_limits,
    read_settings,
    read_specifications,
    read_trials,
    settings_record,
    trial_record,
)
from jasang.optimize.campaigns.safety import demanded_chance, learnt_shift, shifted
from jasang.optimize.campaigns.search import best_point
from jasang.optimize.campaigns.setting import Goal, Setting, SettingLimit, Specification, Trial, Value
from jasang.optimize.campaigns.space import Space
from jasang.optimize.campaigns.worth import Gain, StopAdvice, best_tried, expected_gain, expected_next_gain
from jasang.optimize.one_thread import one_thread

# Chance of staying in specification below which a trial is not suggested without a promise, where anything else can be.
LEAST_CHANCE = 0.75
# How strongly the limits of settings count against a trial of which nothing is known: corners lie far from all records, and are
# poor guesses.
EDGE = 6.0
TOO_RISKY = 30.0  # how strongly a chance below that counts against a trial


@dataclass(frozen=True, kw_only=True)
class Expected:
    """An outcome as expected: half of all like cases lie below `value`, 95 % of measured values between `low` and `high`."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """One trial to make: the settings, the chance that it stays in specification, what is expected, and the cost of changing.

    `gain` is how much better than the present setting it is expected to be, in the unit of the first goal's outcome.
    """

    settings: Mapping[str, Value]
    chance: float
    gain: float
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

    Parameters
    ----------
    history : records before the campaign, at least two; the last is the present setting unless `present` says otherwise.
    elsewhere : trials of other campaigns with the same settings and outcomes, one tuple each; used as far as they foretell
        the records here.
    promise : share of trials that shall stay in specification (0.95); `None` weighs the risk against the gain instead.
    trial_cost, gain_value : what a trial costs without changes, and what one unit of the first goal's outcome is worth over the
        time the setting will be used, in the same money; for `stop_advice` and to weigh the cost of changing settings.

    Raises
    ------
    ValueError
        Nothing to aim at, too few records, an unknown level, or a share or cost outside its range.
    """

    settings: tuple[Setting, ...]
    goals: tuple[Goal, ...]
    history: tuple[Trial, ...]
    specifications: tuple[Specification, ...] = ()
    limits: tuple[SettingLimit, ...] = ()
    trials: tuple[Trial, ...] = ()
    elsewhere: tuple[tuple[Trial, ...], ...] = ()
    present: Mapping[str, Value] | None = None
    promise: float | None = None
    trial_cost: float = 0.0
    gain_value: float = 0.0
    seed: int = 0
    space: Space = field(init=False, repr=False, compare=False)
    _others: list[dict[str, Belief]] | None = field(init=False, default=None, repr=False, compare=False)
    _learnt: tuple[int, Learnt] | None = field(init=False, default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.space = Space(tuple(self.settings), tuple(self.limits))
        if not self.goals or len(self.goals) > 3:
            raise ValueError(f"a campaign has one to three goals, got {len(self.goals)}")
        if len(self.history) < 2:
            raise ValueError(f"a campaign begins with at least two records, got {len(self.history)}")
        if self.promise is not None and not 0.5 < self.promise < 1.0:
            raise ValueError(f"expected a promise above 0.5 and below 1, got {self.promise}")
        if self.trial_cost < 0 or self.gain_value < 0:
            raise ValueError(f"expected costs of 0 or more, got {self.trial_cost} and {self.gain_value}")
        for trial in (*self.history, *self.trials, *(one for other in self.elsewhere for one in other)):
            self.space.point(trial.settings)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Every outcome that a goal or a specification names, once."""
        names = [goal.outcome for goal in self.goals] + [one.outcome for one in self.specifications]
        return tuple(dict.fromkeys(names))

    def kept(self) -> tuple[bool, ...]:
        """Which trials worked and stayed in specification, in order."""
        return tuple(in_specification(trial, self.specifications) for trial in self.trials)

    def check(self) -> None:
        """Raise ValueError where the records are too few to suggest a trial: each outcome needs two measured values."""
        for name in self.outcomes:
            there = sum(bool(np.isfinite(measured(trial, name))) for trial in (*self.history, *self.trials))
            if there < 2:
                raise ValueError(f"outcome {name!r}: expected at least two measured values, got {there}")

    def tell(self, results: Trial | Sequence[Trial]) -> "Campaign":
        """Add what trials gave; returns the campaign itself."""
        more = (results,) if isinstance(results, Trial) else tuple(results)
        for trial in more:
            self.space.point(trial.settings)
        self.trials = (*self.trials, *more)
        return self

    def learnt(self) -> Learnt:
        """What all records say so far."""
        count = len(self.history) + len(self.trials)
        if self._learnt is None or self._learnt[0] != count:
            goals, specifications = tuple(self.goals), tuple(self.specifications)
            if self._others is None:
                names = [goal.outcome for goal in goals] + [one.outcome for one in specifications]
                pivots = pivots_of(goals, specifications)
                self._others = [learn_elsewhere(self.space, names, pivots, other) for other in self.elsewhere]
            found = learn(self.space, goals, specifications, [*self.history, *self.trials], self._others)
            self._learnt = (count, found)
        return self._learnt[1]

    @one_thread
    def ask(self, n: int = 1, *, running: Sequence[Mapping[str, Value]] = ()) -> tuple[Suggestion, ...]:
        """The next `n` trials, best first, to be made together. Asking again without telling gives the same.

        `running` are settings of trials under way, whose results are not yet known.
        """
        learnt = self.learnt()
        for settings in running:
            learnt = learnt.with_fantasy(self.space.point(settings))
        last = learnt.points[-1]
        found = []
        for place in range(n):
            seed = self.seed + 7919 * (len(self.trials) + 1) + place
            point = self._next_point(learnt, seed, last)
            found.append(self._suggestion(learnt, point, last))
            learnt = learnt.with_fantasy(point)
            last = point
        return tuple(found)

    @one_thread
    def foreseen(self, settings: Mapping[str, Value]) -> Suggestion:
        """A trial of one's own choice as `ask` would state it: its chance, gain, expected outcomes and cost of changing."""
        learnt = self.learnt()
        return self._suggestion(learnt, self.space.point(settings), learnt.points[-1])

    @one_thread
    def best(self) -> Gain:
        """The tried setting that is expected to be best, and what it gains over the present one."""
        return best_tried(self.learnt(), self._present(), self.promise or LEAST_CHANCE)

    @one_thread
    def stop_advice(self) -> StopAdvice:
        """Whether the next trial is worth less than it costs. Needs `trial_cost` and `gain_value`."""
        suggestion = self.ask()[0]
        gain = expected_next_gain(self.learnt(), self.space.point(suggestion.settings), self.seed)
        cost = self.trial_cost + suggestion.change_cost
        return StopAdvice(stop=gain * self.gain_value < cost, next_gain=gain, worth=gain * self.gain_value, cost=cost)

    def to_record(self) -> dict[str, Any]:
        """The campaign as plain data for JSON."""
        return {
            "format": FORMAT,
            "settings": [settings_record(one) for one in self.settings],
            "goals": [asdict(one) for one in self.goals],
            "specifications": [asdict(one) for one in self.specifications],
            "limits": [limit_record(one) for one in self.limits],
            "history": [trial_record(one) for one in self.history],
            "trials": [trial_record(one) for one in self.trials],
            "elsewhere": [[trial_record(one) for one in other] for other in self.elsewhere],
            "present": None if self.present is None else dict(self.present),
            "promise": self.promise,
            "trial_cost": self.trial_cost,
            "gain_value": self.gain_value,
            "seed": self.seed,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Campaign":
        """The campaign that `to_record` gave; raises ValueError for data of another format."""
        check_format(record)
        return cls(
            settings=read_settings(record["settings"]),
            goals=read_goals(record["goals"]),
            specifications=read_specifications(record["specifications"]),
            limits=read_limits(record["limits"]),
            history=read_trials(record["history"]),
            trials=read_trials(record["trials"]),
            elsewhere=tuple(read_trials(rows) for rows in record["elsewhere"]),
            present=record["present"],
            promise=record["promise"],
            trial_cost=record["trial_cost"],
            gain_value=record["gain_value"],
            seed=record["seed"],
        )

    def _present(self) -> np.ndarray:
        return self.space.point(self.history[-1].settings if self.present is None else self.present)

    def _fared(self) -> tuple[list[float], list[bool]]:
        """What was stated of each earlier suggestion, and whether it stayed in specification."""
        made = [
            (trial.stated, in_specification(trial, self.specifications))
            for trial in self.trials
            if trial.stated is not None and judged(trial, self.specifications)
        ]
        return [stated for stated, _ in made], [kept for _, kept in made]

    def _next_point(self, learnt: Learnt, seed: int, last: np.ndarray) -> np.ndarray:
        gain = learnt.gain(seed)
        some_in_spec = learnt.in_spec.any()
        stated, kept = self._fared()
        demand = float(np.log(LEAST_CHANCE if self.promise is None else demanded_chance(self.promise, kept)))
        shift = learnt_shift(stated, kept)
        costs = np.array([one.change_cost for one in self.settings])
        base = self.trial_cost or float(costs.max()) or 1.0

        def worth(points: np.ndarray) -> np.ndarray:
            chance = shifted(learnt.log_chance(points), shift)
            if not some_in_spec:
                return chance
            short = np.minimum(0.0, chance - demand)
            # A tenth of a percent below the promise counts like a broken one.
            risk = TOO_RISKY * short if self.promise is None else np.where(short < 0, 1e3 * short - 1e3, 0.0)
            changes = (np.abs(points - last) > 1e-9) @ costs
            edge = EDGE * self.space.edges(points) * learnt.ignorance(points)
            return np.asarray(gain.log_gain(points) + chance + risk - edge - np.log1p(changes / base))

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
        return np.asarray(points[order[: 4 + 2 * len(self.goals)]])

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
            chance=float(np.exp(shifted(learnt.log_chance(row), learnt_shift(*self._fared()))[0])),
            gain=expected_gain(learnt, self._present(), point),
            expected=expected,
            change_cost=float(sum(s.change_cost for s, c in zip(self.settings, changed, strict=True) if c)),
        )
