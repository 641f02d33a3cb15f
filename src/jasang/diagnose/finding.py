"""The finding: something a factory should know, with evidence, worth and an action. The values behind `jasang.findings/1`.

A finding is honest: no finding without evidence, "moves with" where only an association was seen, no worth without its basis.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from jasang.diagnose.chart import Chart
from jasang.plant.text import Text


class Severity(StrEnum):
    """How loud a finding speaks, loudest first."""

    ACT = "act"  # do something
    WATCH = "watch"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a finding is about. For a `driver` the column is the outcome; the causes name the drivers."""

    table: str
    column: str | None = None
    asset: str | None = None
    product: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One number with its 95 % interval where it has one. `label` says what it is; `name` is for programs."""

    name: str
    label: Text
    value: float
    low: float | None = None
    high: float | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A column that moves with the subject: a number with a `direction` to move it and a `window` to hold, or a `level`.

    `effect` is the change of the outcome (a rate, or the quality's unit) between outside and inside the window, or between
    the level and the others, with its 95 % interval; positive = worse.
    """

    column: str
    level: str | None = None
    direction: str | None = None  # "up" | "down": where to move it
    window: tuple[float, float] | None = None
    effect: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """Money a year with its interval and the sum it was made from."""

    amount: float
    low: float
    high: float
    basis: Text
    currency: str = "KRW"
    per: str = "year"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What to do and who does it: operator | maintenance | engineer | quality | boss."""

    text: Text
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """How to see afterwards whether the action worked: which metric should change by how much after how many days."""

    metric: str
    expected: float
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something a factory should know.

    `strength` orders findings of one severity where no worth is known: the evidence against chance on a scale that all rules
    share, -log10 of the p-value corrected for everything the rule tried, at most 300; rules of certain facts (duplicate rows)
    give 300 times the share of rows concerned.
    """

    rule: str
    severity: Severity
    subject: Subject
    text: Text  # one or two sentences a foreman understands
    action: Action
    evidence: tuple[Evidence, ...]
    since: datetime | None = None  # UTC
    until: datetime | None = None  # UTC; None = still so at the end of the data
    causes: tuple[Cause, ...] = ()
    worth: Worth | None = None
    check: Check | None = None
    strength: float = 0.0
    charts: tuple[Chart, ...] = field(default=())

    def __post_init__(self) -> None:
        if not self.evidence:
            raise ValueError(f"finding {self.rule!r} on {self.subject}: no finding without evidence")
