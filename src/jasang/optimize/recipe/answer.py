"""What a recommendation says: values only."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from jasang.optimize.campaigns.setting import Value
from jasang.optimize.experiments import Design


class Status(StrEnum):
    """`recommend`: move; `keep`: today's setting is about the best that the record knows; `cannot_tell`: the data do not say."""

    RECOMMEND = "recommend"
    KEEP = "keep"
    CANNOT_TELL = "cannot_tell"


class ReasonCode(StrEnum):
    """Why there is no recommendation, or why a setting had no say."""

    NEVER_MOVED = "never_moved"
    MOVED_WITH_LOT = "moved_with_lot"  # with the lot, the time or other context only
    MOVED_WITH_SETTING = "moved_with_setting"
    TOO_FEW_RESULTS = "too_few_results"
    NO_EFFECT = "no_effect"  # what one stretch of the record shows, the others do not
    NOT_SURE = "not_sure"  # something moves the result, but no setting is better than today's with 95 % confidence
    CHANGED = "changed"  # what held earlier in the record does not hold at its end
    CONSTRAINT = "constraint"  # what would help breaks a specification or makes another outcome worse
    NEAR_BEST = "near_best"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason; `other` is the lot column or the setting that a setting moves with, `value` its share or number."""

    code: ReasonCode
    setting: str | None = None
    other: str | None = None
    value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """How much smaller the loss becomes against today's setting, with its 95 % interval, in the outcome's unit.

    `before` and `after` are the expected outcome at today's and at the recommended setting (defects: shares from 0 to 1).
    """

    outcome: str
    direction: str
    unit: str | None
    value: float
    low: float
    high: float
    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintChance:
    """A specification (or an outcome that must not get worse) at the recommended setting.

    `share` of units inside and `share_now` today (`None` for a guard); `chance` that the demand is kept.
    """

    outcome: str
    demand: str  # "specification" | "not_worse"
    low: float | None
    high: float | None
    share: float | None
    share_now: float | None
    chance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """What the goal does along one setting with the others as recommended: values (points,), expected outcome with its interval.

    For a named setting `values` are its levels. `seen` is the share of rows near each point.
    """

    setting: str
    values: tuple[Value, ...]
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    seen: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingEvidence:
    """How a setting moved: spread, its own share (not explained by lot, time, context), the setting it moves with most."""

    setting: str
    values_seen: int
    own_share: float
    moves_with: str | None
    association: float
    moved: bool  # at all
    usable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TradePoint:
    """One choice between several goals: settings and the gain in each goal (positive = better), in the order of the goals."""

    settings: dict[str, Value]
    gains: tuple[Gain, ...]
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NextExperiment:
    """The experiment that would tell: a design of these factors, `units` units a run, the chance to see `effect`."""

    design: Design
    units: int
    effect: float
    power: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """The answer for one product (on one machine where each has records enough)."""

    product: str | None
    machine: str | None
    rows: int  # used
    rows_all: int  # of the product in the record
    status: Status
    now: dict[str, Value]
    recommended: dict[str, Value] | None
    gain: Gain | None
    other_gains: tuple[Gain, ...]
    extrapolation: float
    constraints: tuple[ConstraintChance, ...]
    reasons: tuple[Reason, ...]
    evidence: tuple[SettingEvidence, ...]
    curves: tuple[Curve, ...]
    trade: tuple[TradePoint, ...]
    experiment: NextExperiment | None
    possible: Gain | None  # the best guess where nothing is recommended
    held_out_slope: (
        tuple[float, float, float] | None
    )  # what happened on what was foretold, stretches left out; 1 = as told
    outcome_mean: float
    outcome_spread: float
