"""What can be set, within which limits, what it costs to change, and which settings belong together."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

Value = float | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Something that is set on purpose: a number between its safe limits, or one of named `levels`.

    `step` is the smallest change the machine takes (1 for whole numbers); values count from `low`. `change_cost` is what one
    change costs, in the unit of the campaign's `trial_cost`.
    """

    name: str
    low: float | None = None
    high: float | None = None
    step: float | None = None
    levels: tuple[str, ...] = ()
    unit: str | None = None
    change_cost: float = 0.0

    def __post_init__(self) -> None:
        if self.levels:
            if self.low is not None or self.high is not None or self.step is not None:
                raise ValueError(f"setting {self.name!r}: expected either limits or levels, got both")
            if len(set(self.levels)) != len(self.levels) or len(self.levels) < 2:
                raise ValueError(f"setting {self.name!r}: expected at least two different levels, got {self.levels}")
        elif self.low is None or self.high is None or not -math.inf < self.low < self.high < math.inf:
            raise ValueError(f"setting {self.name!r}: expected low < high, got {self.low} and {self.high}")
        elif self.step is not None and not 0 < self.step <= self.high - self.low:
            raise ValueError(
                f"setting {self.name!r}: expected a step between 0 and {self.high - self.low}, got {self.step}"
            )
        if not 0 <= self.change_cost < math.inf:
            raise ValueError(f"setting {self.name!r}: expected a change cost of 0 or more, got {self.change_cost}")

    @property
    def numeric(self) -> bool:
        """Whether the setting is a number."""
        return not self.levels

    @property
    def steps(self) -> int | None:
        """How many steps there are between the limits; `None` for a setting without steps."""
        if self.low is None or self.high is None or self.step is None:
            return None
        return math.floor((self.high - self.low) / self.step + 1e-9)

    def share(self, value: Value) -> float:
        """Where a value lies: 0 at `low`, 1 at `high`; for levels their number. Values outside the limits lie outside 0 to 1.

        Raises
        ------
        ValueError
            The level is none of the setting's, or the number is none.
        """
        if self.low is None or self.high is None:
            if str(value) not in self.levels:
                raise ValueError(f"setting {self.name!r} has no level {value!r}; it has {self.levels}")
            return float(self.levels.index(str(value)))
        number = float(value)
        if not math.isfinite(number):
            raise ValueError(f"setting {self.name!r}: expected a number, got {value!r}")
        return (number - self.low) / (self.high - self.low)

    def value(self, share: float) -> Value:
        """The value at a share of the way from `low` to `high`, on the nearest step and never outside the limits."""
        if self.low is None or self.high is None:
            return self.levels[round(share)]
        if self.step is None or self.steps is None:
            return min(self.high, max(self.low, self.low + share * (self.high - self.low)))
        count = min(self.steps, max(0, round(share * (self.high - self.low) / self.step)))
        # Twelve digits take away what adding steps such as 0.1 leaves behind in the last place.
        return min(self.high, max(self.low, float(f"{self.low + count * self.step:.12g}")))


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingLimit:
    """A sum of settings that must stay between two bounds: `low` ≤ Σ weight × setting ≤ `high`. Numeric settings only."""

    weights: Mapping[str, float]
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if not self.weights or (self.low is None and self.high is None):
            raise ValueError("a limit between settings needs weights and at least one bound")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"a limit between settings: low {self.low} is above high {self.high}")


Goals = Literal["min", "max", "target"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """An outcome to make small, large, or equal to `target`.

    `worst` is the value from which on an outcome counts at all; it is used with several goals (the reference point of the
    hypervolume) and taken from the records when it is not given.
    """

    outcome: str
    direction: Goals = "min"
    target: float | None = None
    worst: float | None = None

    def __post_init__(self) -> None:
        if self.direction not in ("min", "max", "target"):
            raise ValueError(
                f"goal {self.outcome!r}: expected the direction min, max or target, got {self.direction!r}"
            )
        if (self.direction == "target") != (self.target is not None):
            raise ValueError(f"goal {self.outcome!r}: a target value belongs to the direction target, and to no other")

    def loss(self, value: float | np.ndarray) -> np.ndarray:
        """The outcome as a quantity to make small, in its own unit: itself, its negative, or its distance from the target."""
        values = np.asarray(value, dtype=float)
        if self.target is not None:
            return np.abs(values - self.target)
        return values if self.direction == "min" else -values


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """An outcome that must stay between limits; how it follows from the settings is learnt from the trials."""

    outcome: str
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if self.low is None and self.high is None:
            raise ValueError(f"specification {self.outcome!r}: expected at least one limit")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"specification {self.outcome!r}: low {self.low} must be below high {self.high}")

    def holds(self, value: float) -> bool:
        """Whether a measured value is in specification."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One record or trial: what was set and what came out.

    An outcome that was not measured is left out (or `None`). `failed` says that the trial gave no product at all: it counts
    as out of specification. `noise` gives the standard deviation of an outcome where it is known (a mean of n parts: s / √n).
    `stated` is the chance of staying in specification that was stated when the trial was suggested.
    """

    settings: Mapping[str, Value]
    outcomes: Mapping[str, float | None]
    failed: bool = False
    noise: Mapping[str, float] | None = None
    stated: float | None = None
