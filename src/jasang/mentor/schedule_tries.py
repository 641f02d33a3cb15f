"""Schedules as pages ask for them, documents in and out: a plan, a move that is tried, a breakdown, a promise."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from jasang.errors import UnreadableInput, WrongArguments
from jasang.mentor.schedule import compare_with_record, make_plan, promise_order, read_plan, replan_after
from jasang.mentor.schedule_folder import ScheduleFolder, read_schedule_folder
from jasang.mentor.schedule_json import comparison_json, plan_json, promise_json, replan_json
from jasang.optimize.schedule import Lock, Plan
from jasang.optimize.schedule.working_clock import WorkingClock
from jasang.plant.text import Progress, silent


def planned(
    path: Path, *, locks: Sequence[Mapping[str, Any]] = (), start: str | None = None, seconds: float = 8.0,
    progress: Progress = silent,
) -> dict[str, Any]:  # fmt: skip
    """The plan of a folder with further locks, as `jasang.schedule/1`.

    Parameters
    ----------
    locks : operations that stay: `order`, `step` (from 1), `machine`, `start` (ISO 8601).
    start : the origin of the plan before, so that its moments stay (ISO 8601).

    Raises
    ------
    Infeasible
        No plan keeps all demands; says which.
    WrongArguments
        A lock names an order, step or machine that is not there.
    """
    folder = _locked(read_schedule_folder(path, start=None if start is None else datetime.fromisoformat(start)), locks)
    plan = make_plan(folder, seconds=seconds, workers=1, progress=progress)
    return plan_json(folder, folder.problem, plan)


def replanned(
    path: Path, document: Mapping[str, Any], *, locks: Sequence[Mapping[str, Any]], machine: str, start: str, end: str,
    seconds: float = 4.0,
) -> dict[str, Any]:  # fmt: skip
    """The plan after a breakdown that changes little; `start` and `end` on the factory's clock."""
    folder, plan = _reopened(path, document, locks)
    zone = ZoneInfo(folder.timezone)
    made = replan_after(
        folder, plan, machine=machine, start=_moment(start, zone), end=_moment(end, zone), seconds=seconds, workers=1
    )
    return replan_json(folder, made)


def promised(
    path: Path, document: Mapping[str, Any], *, locks: Sequence[Mapping[str, Any]], product: str, quantity: float,
    seconds: float = 5.0,
) -> dict[str, Any]:  # fmt: skip
    """The date to promise for a new order beside the plan."""
    folder, plan = _reopened(path, document, locks)
    return promise_json(
        folder, promise_order(folder, plan, product=product, quantity=quantity, seconds=seconds, workers=1)
    )


def compared(path: Path, document: Mapping[str, Any]) -> dict[str, Any] | None:
    """The plan against what was done; `None` where the folder does not tell what was done."""
    folder, plan = _reopened(path, document, ())
    try:
        return comparison_json(folder, compare_with_record(folder, plan))
    except UnreadableInput:
        return None


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What a plan costs against another: cost, late orders and minutes, set-ups, end, and which operations moved."""
    was = {(one["order"], one["step"]): one for one in before["operations"]}
    now = {(one["order"], one["step"]): one for one in after["operations"]}
    moved = [
        key
        for key, one in now.items()
        if key in was and (one["machine"], one["start"]) != (was[key]["machine"], was[key]["start"])
    ]
    late = {one["order"]: one["late_minutes"] for one in before["orders"]}
    return {
        "cost": after["cost"] - before["cost"],
        "late_orders": after["late_orders"] - before["late_orders"],
        "setup_minutes": after["setup_minutes"] - before["setup_minutes"],
        "makespan_minutes": after["makespan_minutes"] - before["makespan_minutes"],
        "moved": [{"order": order, "step": step} for order, step in moved],
        "later": [
            {"order": one["order"], "minutes": one["late_minutes"] - late.get(one["order"], 0)}
            for one in after["orders"]
            if one["late_minutes"] > late.get(one["order"], 0)
        ],
    }


def _reopened(
    path: Path, document: Mapping[str, Any], locks: Sequence[Mapping[str, Any]]
) -> tuple[ScheduleFolder, Plan]:
    with TemporaryDirectory(prefix="jasang-schedule-") as place:
        file = Path(place) / "plan.json"
        file.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
        folder, plan = read_plan(file, folder_path=path)
    return _locked(folder, locks), plan


def _locked(folder: ScheduleFolder, locks: Sequence[Mapping[str, Any]]) -> ScheduleFolder:
    zone = ZoneInfo(folder.timezone)
    try:
        own = tuple(_lock(folder, one, zone) for one in locks)
        named = {(one.order, one.step) for one in own}
        kept = tuple(one for one in folder.problem.locks if (one.order, one.step) not in named)
        return replace(folder, problem=replace(folder.problem, locks=(*kept, *own)))
    except (KeyError, ValueError) as error:
        raise WrongArguments(
            ko=f"고정할 수 없습니다({error}).", en=f"That operation cannot be held there: {error}."
        ) from error


def _lock(folder: ScheduleFolder, told: Mapping[str, Any], zone: ZoneInfo) -> Lock:
    """A lock as a page tells it; what was dropped where the machine is closed begins when it opens."""
    machine, start = str(told["machine"]), folder.minute(_moment(str(told["start"]), zone))
    clock = WorkingClock(folder.problem.machine(machine).closed)
    return Lock(
        order=str(told["order"]), step=int(told["step"]) - 1, machine=machine, start=clock.start(clock.working(start))
    )


def _moment(text: str, zone: ZoneInfo) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise WrongArguments(ko=f"시각이 아닙니다: '{text}'", en=f"Expected a moment, found {text!r}.") from error
    return found if found.tzinfo is not None else found.replace(tzinfo=zone)
