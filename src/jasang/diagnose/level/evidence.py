"""Answers to a rubric's items: from the factory's own data (live) and from a mentor, dated and linked to proof."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from typing import Literal

from jasang.diagnose.level.rubric import MOST_STEPS, Rubric

UPTIME_DAYS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A number, the day of the last data it rests on, and the address or file of its proof."""

    value: float
    at: date
    evidence: str = ""

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError(f"a measured value must be a finite number, got {self.value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFacts:
    """What the factory's data say about itself; nothing = not known. Shares are 0 to 1.

    `open_worth`: won a year of the open findings, by rule: what "worth" of the next things rests on.
    """

    records_not_typed: Measured | None = None  # share of 4M1E records that nobody typed
    latency_seconds: Measured | None = None  # from the event to the screen, median
    lots_traceable: Measured | None = None  # share of lots with material, machine, settings and inspection
    standing_analyses: Measured | None = None  # analyses that run by themselves and have an owner, count
    verified_findings: Measured | None = None  # effects verified in the last 12 months, count
    collection_uptime_90_days: Measured | None = None  # share of the last 90 days with data
    machines_connected: Measured | None = None  # share of the main machines
    case_reaction_hours: Measured | None = None  # median time until the factory moved on trouble or a question
    open_worth: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How far an item is: 0 to 5 steps, on which day, who says so, and where the proof is."""

    item: str
    step: int
    at: date
    source: Literal["live", "mentor"] = "mentor"
    by: str = ""
    evidence: str = ""
    value: float | None = None  # of a live answer

    def __post_init__(self) -> None:
        if not 0 <= self.step <= MOST_STEPS:
            raise ValueError(f"answer to {self.item!r}: step must be 0 to {MOST_STEPS}, got {self.step}")


def live_answers(rubric: Rubric, facts: LiveFacts) -> tuple[Answer, ...]:
    """One answer for each item whose fact is known."""
    known = {one.name: getattr(facts, one.name) for one in fields(facts)}
    answers = []
    for item in rubric.items:
        measured = known.get(item.live.fact) if item.live is not None else None
        if item.live is not None and isinstance(measured, Measured):
            answers.append(
                Answer(
                    item=item.id,
                    step=item.live.step_of(measured.value),
                    at=measured.at,
                    source="live",
                    evidence=measured.evidence,
                    value=measured.value,
                )
            )
    return tuple(answers)


def collection_uptime(spans: Sequence[tuple[datetime, datetime]], now: datetime) -> float:
    """Share (0 to 1) of the 90 days before `now` that the spans with data cover; spans may overlap."""
    start = now - timedelta(days=UPTIME_DAYS)
    covered, reached = timedelta(0), start
    for first, last in sorted(spans):
        begin, end = max(first, reached), min(last, now)
        if end > begin:
            covered, reached = covered + (end - begin), end
    return covered / timedelta(days=UPTIME_DAYS)
