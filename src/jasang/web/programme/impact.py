"""What residencies brought, in won a year, from verified effects only, and per week of a mentor."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from jasang.web.jobs.announcing import Effect, effects
from jasang.web.programme.models import Change, Residency, Task
from jasang.web.tenants.models import Factory


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """Won a year of verified effects with its interval, over weeks of mentors. What several residencies name is split evenly."""

    won: float = 0.0
    low: float = 0.0
    high: float = 0.0
    effects: int = 0
    weeks: int = 0

    @property
    def a_week(self) -> float | None:
        """Won a year for a week of a mentor; nothing before the first week."""
        return self.won / self.weeks if self.weeks else None

    @property
    def low_a_week(self) -> float | None:
        """The lower end."""
        return self.low / self.weeks if self.weeks else None

    @property
    def high_a_week(self) -> float | None:
        """The upper end."""
        return self.high / self.weeks if self.weeks else None


def added(parts: Iterable[tuple[float, float, float]]) -> tuple[float, float, float]:
    """The sum of independent effects (won, low, high): distances to the ends add up as squares, so the sum's interval is narrower
    than the sum of the intervals."""
    won = down = up = 0.0
    for one, low, high in parts:
        won += one
        down += (one - min(low, one)) ** 2
        up += (max(high, one) - one) ** 2
    return won, max(0.0, won - math.sqrt(down)), won + math.sqrt(up)


def reckon(factory: Factory) -> None:
    """Bring what the factory's residencies brought up to date, from the effects of the findings that they name."""
    residencies = list(Residency.objects.of(factory).order_by("pk"))
    if not residencies:
        return
    known = {one.key: one for one in effects(factory) if one.holds}
    named = findings_of(factory)
    today = timezone.localdate()
    for residency in residencies:
        mine = [known[key] for key in named.get(residency.pk, ()) if key in known]
        mine = [one for one in mine if one.done_on is None or one.done_on >= residency.starts_on]
        sharers = {one.key: sum(one.key in keys for keys in named.values()) for one in mine}
        won, low, high = added(
            (one.won / sharers[one.key], one.low / sharers[one.key], one.high / sharers[one.key]) for one in mine
        )
        Residency.objects.of(factory).filter(pk=residency.pk).update(
            won=won, low=low, high=high, effects=len(mine), reckoned_on=today
        )


def findings_of(factory: Factory) -> dict[int, set[str]]:
    """The findings (over their versions) that each residency names in a change or a task."""
    named: dict[int, set[str]] = {}
    for model in (Change, Task):
        rows = model.objects.of(factory).exclude(lasting="").filter(residency__isnull=False)
        for residency, lasting in rows.order_by().values_list("residency", "lasting"):
            named.setdefault(residency, set()).add(lasting)
    return named


def impact_of(residencies: Sequence[Residency]) -> Impact:
    """Added up over residencies, each with its weeks up to today."""
    today = timezone.localdate()
    won, low, high = added((one.won, one.low, one.high) for one in residencies)
    return Impact(
        won=won, low=low, high=high, effects=sum(one.effects for one in residencies),
        weeks=sum(weeks_so_far(one, today) for one in residencies),
    )  # fmt: skip


def weeks_so_far(residency: Residency, today: Any) -> int:
    """Weeks that have begun."""
    if today < residency.starts_on:
        return 0
    return min(residency.weeks, (today - residency.starts_on).days // 7 + 1)


def verified_of(residency: Residency) -> list[Effect]:
    """The effects of the findings that the residency names, verified or not."""
    named = findings_of(residency.factory).get(residency.pk, set())
    return [one for one in effects(residency.factory) if one.key in named]
