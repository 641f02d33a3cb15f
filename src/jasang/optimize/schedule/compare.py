"""A plan against what was really done: what kept to it, what started late, and what the delay went to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from jasang.optimize.schedule.problem import Plan, Planned, Stretch

Reason = Literal["machine_down", "step_before", "order_before", "other_order", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One operation as it really ran: step `step` (from 0) of `order` on `machine`; minutes after the problem's origin."""

    order: str
    step: int
    machine: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One planned operation and what became of it; `done` is `None` where it is not in the record.

    `late` is minutes from planned to real start, `reason` what most of the delay went to and `reason_minutes` how much of it.
    """

    planned: Planned
    done: Done | None
    late: int = 0
    reason: Reason | None = None
    reason_minutes: int = 0
    reason_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`adherence` is the share of operations due by the end of the record that ran on their machine and started within
    `tolerance` minutes of plan; `ratios` are actual over planned durations, to promise dates with."""

    differences: tuple[Difference, ...]
    adherence: float
    on_machine: float
    started_in_time: float
    not_done: int
    unplanned: int
    tolerance: int
    ratios: tuple[float, ...]
    reasons: tuple[tuple[Reason, int, int], ...]  # reason, operations, minutes


def compare(
    plan: Plan, done: Sequence[Done], *, stops: Sequence[tuple[str, Stretch]] = (), tolerance: int = 30
) -> Comparison:
    """Plan against record; `stops` are (machine, stretch) of its breakdowns.

    Operations planned to start after the last real start are not judged yet.
    """
    real = {(one.order, one.step): one for one in done}
    until = max((one.start for one in done), default=0)
    judged = [one for one in plan.operations if one.start <= until or (one.order, one.step) in real]
    differences = [_difference(one, real, plan, done, stops, tolerance) for one in judged]
    ran = [one for one in differences if one.done is not None]
    same = [one for one in ran if one.done is not None and one.done.machine == one.planned.machine]
    in_time = [one for one in ran if abs(one.late) <= tolerance]
    both = [one for one in same if abs(one.late) <= tolerance]
    count = max(1, len(differences))
    known = {(one.order, one.step) for one in plan.operations}
    ratios = tuple(
        (one.done.end - one.done.start) / (one.planned.end - one.planned.start)
        for one in same
        if one.done is not None and one.planned.end > one.planned.start
    )
    reasons: dict[Reason, list[int]] = {}
    for one in differences:
        if one.reason is not None:
            reasons.setdefault(one.reason, []).append(one.late)
    return Comparison(
        differences=tuple(differences), adherence=len(both) / count, on_machine=len(same) / count,
        started_in_time=len(in_time) / count, not_done=len(differences) - len(ran),
        unplanned=sum(key not in known for key in real), tolerance=tolerance, ratios=ratios,
        reasons=tuple(sorted(((name, len(late), sum(late)) for name, late in reasons.items()), key=lambda one: -one[2])),
    )  # fmt: skip


def _difference(
    planned: Planned, real: dict[tuple[str, int], Done], plan: Plan, done: Sequence[Done],
    stops: Sequence[tuple[str, Stretch]], tolerance: int,
) -> Difference:  # fmt: skip
    mine = real.get((planned.order, planned.step))
    if mine is None:
        return Difference(planned=planned, done=None)
    late = mine.start - planned.start
    if late <= tolerance:
        return Difference(planned=planned, done=mine, late=late)
    waited = (planned.start, mine.start)
    found: list[tuple[int, Reason, str]] = [(0, "unknown", "")]
    for machine, stop in stops:
        if machine == mine.machine:
            found.append((_shared(waited, (stop.start, stop.end)), "machine_down", stop.label or machine))
    before = real.get((planned.order, planned.step - 1))
    if before is not None:
        found.append((min(mine.start, before.end) - planned.start, "step_before", f"{planned.step}"))
    starts = {(one.order, one.step): one.start for one in plan.operations}
    for other in done:
        if other.machine == mine.machine and (other.order, other.step) != (mine.order, mine.step):
            first = starts.get((other.order, other.step), 1 << 60) <= planned.start
            reason: Reason = "order_before" if first else "other_order"
            found.append((_shared(waited, (other.start, other.end)), reason, other.order))
    minutes, reason, name = max(found, key=lambda one: one[0])
    if minutes <= 0:
        minutes, reason, name = late, "unknown", ""
    return Difference(planned=planned, done=mine, late=late, reason=reason, reason_minutes=minutes, reason_name=name)


def _shared(one: tuple[int, int], two: tuple[int, int]) -> int:
    return max(0, min(one[1], two[1]) - max(one[0], two[0]))
