"""A schedule as `jasang.schedule/1`, and back. Format: docs/schedule-json.md."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from jasang.errors import UnreadableInput
from jasang.mentor.schedule_folder import ScheduleFolder
from jasang.mentor.schedule_words import REASONS, conflict_words, demand_words
from jasang.optimize.schedule import (
    Comparison,
    Conflict,
    JobShop,
    Plan,
    Planned,
    Promise,
    Replan,
    ScheduleProblem,
    ShopSolution,
    Stretch,
)
from jasang.plant.text import Text

FORMAT = "jasang.schedule/1"


def plan_json(folder: ScheduleFolder, problem: ScheduleProblem, plan: Plan, *, kind: str = "plan") -> dict[str, Any]:
    """A plan of the folder's orders; steps count from 1, times are ISO 8601 on the factory's clock."""

    def at(minute: int) -> str:
        return folder.moment(minute).isoformat()

    locked = {(lock.order, lock.step) for lock in problem.locks}
    until = plan.makespan + 24 * 60
    ends = {order.name: max((one.end for one in plan.of(order.name)), default=0) for order in problem.orders}

    def shut(closed: tuple[Stretch, ...]) -> list[dict[str, Any]]:
        return [{"start": at(one.start), "end": at(one.end), "label": one.label} for one in closed if one.start < until]

    return {
        "format": FORMAT,
        "kind": kind,
        "factory": folder.name,
        "timezone": folder.timezone,
        "origin": at(0),
        "cost": plan.cost,
        "bound": plan.bound,
        "gap": plan.gap,
        "optimal": plan.optimal,
        "stopped": plan.stopped,
        "weights": {
            "tardiness": problem.weights.tardiness,
            "makespan": problem.weights.makespan,
            "setup": problem.weights.setup,
        },
        "late_orders": len(plan.late),
        "weighted_late_minutes": plan.tardiness,
        "makespan_minutes": plan.makespan,
        "end": at(plan.makespan),
        "setup_minutes": plan.setup,
        "machines": [{"name": one.name, "closed": shut(one.closed)} for one in problem.machines],
        "resources": [
            {"name": one.name, "capacity": one.capacity, "away": shut(one.closed)} for one in problem.resources
        ],
        "orders": [
            {
                "order": order.name, "product": order.product, "quantity": order.quantity, "release": at(order.release),
                "due": None if order.due is None else at(order.due), "hard": order.hard, "weight": order.weight,
                "end": at(ends[order.name]), "late_minutes": plan.late.get(order.name, 0),
            }
            for order in problem.orders
        ],
        "operations": [_operation(problem, one, at, locked) for one in plan.operations],
        "notes": [{"ko": note.ko, "en": note.en} for note in folder.notes],
    }  # fmt: skip


def _operation(problem: ScheduleProblem, one: Planned, at: Any, locked: set[tuple[str, int]]) -> dict[str, Any]:
    data = problem.order(one.order).operations[one.step]
    return {
        "order": one.order, "step": one.step + 1, "operation": data.name, "machine": one.machine, "start": at(one.start),
        "end": at(one.end), "setup_minutes": one.setup,
        "setup_start": at(one.setup_start) if one.setup else None, "setup_end": at(one.setup_end) if one.setup else None,
        "family": data.family, "needs": dict(data.needs), "locked": (one.order, one.step) in locked,
        "alternatives": [able.machine for able in data.alternatives],
    }  # fmt: skip


def replan_json(folder: ScheduleFolder, made: Replan) -> dict[str, Any]:
    """The new plan, with what moved."""
    found = plan_json(folder, made.problem, made.plan, kind="replan")
    found["replan"] = {
        "open_operations": made.open_operations,
        "moved": [{"order": order, "step": step + 1} for order, step in made.moved],
        "delayed": [{"order": order, "step": step + 1} for order, step in made.delayed],
        "share_moved": made.share_moved,
        "pushed_cost": None if made.pushed is None else made.pushed.cost,
        "pushed_weighted_late_minutes": None if made.pushed is None else made.pushed.tardiness,
    }
    return found


def promise_json(folder: ScheduleFolder, made: Promise) -> dict[str, Any]:
    """The plan with the new order, with its dates."""
    found = plan_json(folder, made.problem, made.plan, kind="promise")

    def at(minute: float | None) -> str | None:
        return None if minute is None else folder.moment(round(minute)).isoformat()

    found |= {
        "bound": 0.0,
        "gap": None,
        "optimal": False,
    }  # the plan is made for the new order's date, not for its cost
    found["promise"] = {
        "order": made.order, "finish": at(made.finish), "finish_bound": at(made.bound), "untouched": at(made.untouched),
        "likely": at(made.likely), "safe_90": at(made.safe), "draws": made.draws,
    }  # fmt: skip
    return found


def conflict_json(folder: ScheduleFolder, conflict: Conflict | None, sentence: Text) -> dict[str, Any]:
    """Why there is no plan."""
    words = sentence if conflict is None else conflict_words(folder, conflict)
    demands = () if conflict is None else conflict.demands
    return {
        "format": FORMAT,
        "kind": "infeasible",
        "factory": folder.name,
        "timezone": folder.timezone,
        "text": {"ko": words.ko, "en": words.en},
        "minimal": conflict is not None and conflict.minimal,
        "smallest": conflict is not None and conflict.smallest,
        "conflict": [
            {
                "kind": one.kind, "name": one.name, "step": one.step + 1 if one.kind == "lock" else None,
                "text": {"ko": demand_words(folder, one).ko, "en": demand_words(folder, one).en},
            }
            for one in demands
        ],
    }  # fmt: skip


def comparison_json(folder: ScheduleFolder, comparison: Comparison) -> dict[str, Any]:
    """Plan against record."""

    def at(minute: int) -> str:
        return folder.moment(minute).isoformat()

    return {
        "format": FORMAT,
        "kind": "comparison",
        "factory": folder.name,
        "timezone": folder.timezone,
        "adherence": comparison.adherence,
        "on_machine": comparison.on_machine,
        "started_in_time": comparison.started_in_time,
        "tolerance_minutes": comparison.tolerance,
        "not_done": comparison.not_done,
        "unplanned": comparison.unplanned,
        "reasons": [
            {"reason": name, "text": {"ko": REASONS[name].ko, "en": REASONS[name].en}, "operations": count, "minutes": minutes}
            for name, count, minutes in comparison.reasons
        ],
        "operations": [
            {
                "order": one.planned.order, "step": one.planned.step + 1, "machine": one.planned.machine,
                "planned_start": at(one.planned.start), "planned_end": at(one.planned.end),
                "done_machine": None if one.done is None else one.done.machine,
                "done_start": None if one.done is None else at(one.done.start),
                "done_end": None if one.done is None else at(one.done.end),
                "late_minutes": one.late, "reason": one.reason, "reason_minutes": one.reason_minutes,
                "reason_name": one.reason_name,
            }
            for one in comparison.differences
        ],
    }  # fmt: skip


def shop_json(name: str, shop: JobShop, found: ShopSolution) -> dict[str, Any]:
    """A solved job-shop instance; jobs and machines count from 0, steps from 1, times as in the file."""
    operations, number = [], 0
    for job, steps in enumerate(shop.jobs):
        for step in range(len(steps)):
            start, machine, time = (int(part[number]) for part in (found.start, found.machine, found.time))
            operations.append({"job": job, "step": step + 1, "machine": machine, "start": start, "end": start + time})
            number += 1
    return {
        "format": FORMAT, "kind": "shop", "file": name, "jobs": len(shop.jobs), "machines": shop.machines,
        "makespan": found.makespan, "bound": found.bound, "gap": found.gap, "optimal": found.gap == 0,
        "operations": operations,
    }  # fmt: skip


def read_plan_json(path: Path) -> dict[str, Any]:
    """A plan that was written as jasang.schedule/1.

    Raises
    ------
    UnreadableInput
        It is no such file; names what was found.
    """
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise UnreadableInput(
            ko=f"{path}을(를) JSON으로 읽을 수 없습니다: {error}", en=f"{path} cannot be read as JSON: {error}"
        ) from error
    told = found.get("format") if isinstance(found, dict) else None
    if told != FORMAT or "operations" not in found or found.get("kind") not in ("plan", "replan", "promise"):
        kind = found.get("kind") if isinstance(found, dict) else None
        raise UnreadableInput(
            ko=f"{path}: {FORMAT} 계획이어야 하는데 format {told!r}, kind {kind!r}입니다. `jasang schedule --json`으로 만드세요.",
            en=f"{path}: expected a plan of {FORMAT}, found format {told!r}, kind {kind!r} (`jasang schedule --json`).",
        )
    return found


def planned_of(path: Path, found: dict[str, Any], origin: datetime) -> tuple[Planned, ...]:
    """The operations of a plan that was read, in minutes after `origin`."""
    planned = []
    for place, one in enumerate(found["operations"], 1):
        try:
            start, end = (datetime.fromisoformat(one[key]) for key in ("start", "end"))
            order, step, machine = str(one["order"]), int(one["step"]) - 1, str(one["machine"])
            minutes = [round((moment - origin).total_seconds() / 60) for moment in (start, end)]
        except (KeyError, TypeError, ValueError) as error:
            raise UnreadableInput(
                ko=f"{path}: operations {place}번째 항목이 맞지 않습니다({error}).",
                en=f"{path}: entry {place} of operations is wrong ({error}); expected order, step, machine, start, end.",
            ) from error
        planned.append(Planned(order=order, step=step, machine=machine, start=minutes[0], end=minutes[1]))
    return tuple(planned)
