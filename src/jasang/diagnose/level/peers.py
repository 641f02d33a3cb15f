"""The level over time, and beside like factories, never so few that one could be recognised."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

from jasang.diagnose.level.evidence import Answer
from jasang.diagnose.level.rubric import Rubric
from jasang.diagnose.level.scoring import Level, score

LEAST_PEERS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """Beside `count` like factories: their median points, and the share of them that have fewer (ties count half)."""

    count: int
    median: float
    ahead_of: float


def compare(points: float, others: Sequence[float]) -> Peers | None:
    """Beside the points of the others (without one's own); nothing where there are fewer than five."""
    if len(others) < LEAST_PEERS:
        return None
    below = sum(other < points for other in others) + sum(other == points for other in others) / 2
    return Peers(count=len(others), median=median(others), ahead_of=below / len(others))


def history(rubric: Rubric, answers: Iterable[Answer], days: Iterable[date], *, reading: str = "five") -> list[Level]:
    """The level on each of the days, from the answers that were there by then."""
    given = tuple(answers)
    return [score(rubric, given, day, reading=reading) for day in days]
