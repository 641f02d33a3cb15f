"""The use cases of scheduling: plan a folder, plan anew after a breakdown, promise a date, compare with what was done."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from jasang.errors import JasangError, UnreadableInput, WrongArguments
from jasang.mentor.schedule_folder import ScheduleFolder, new_order, read_schedule_folder
from jasang.mentor.schedule_history import done_rows, stops_rows
from jasang.mentor.schedule_json import planned_of, read_plan_json
from jasang.mentor.schedule_words import conflict_words
from jasang.optimize.schedule import (
    Comparison,
    Conflict,
    NoPlan,
    Plan,
    Promise,
    Replan,
    Weights,
    compare,
    evaluate,
    explain_infeasible,
    promise,
    replan,
    solve,
)
from jasang.plant.text import Progress, Text, silent

Made = TypeVar("Made")
_SEARCHING = Text(ko="계획을 찾는 중", en="looking for a plan")


class Infeasible(JasangError):
    """There is no plan; `conflict` says which demands contradict each other, where that could be shown."""

    def __init__(self, folder: ScheduleFolder, conflict: Conflict | None, reason: NoPlan) -> None:
        words = Text(ko=reason.ko, en=str(reason)) if conflict is None else conflict_words(folder, conflict)
        super().__init__(ko=words.ko, en=words.en)
        self.folder, self.conflict, self.words = folder, conflict, words


def make_plan(
    folder: ScheduleFolder, *, seconds: float = 10.0, workers: int = 2, seed: int = 0, rounds: int | None = None,
    progress: Progress = silent,
) -> Plan:  # fmt: skip
    """The best plan of the folder in the time.

    Raises
    ------
    Infeasible
        No plan keeps all hard demands; says which.
    """

    def work() -> Plan:
        return solve(
            folder.problem, seconds=seconds, workers=workers, seed=seed, rounds=rounds,
            told=lambda share, _: progress(_SEARCHING, share),
        )  # fmt: skip

    return _explained(folder, work, seconds)


def read_plan(path: Path, *, weights: Weights | None = None, folder_path: Path) -> tuple[ScheduleFolder, Plan]:
    """A folder as it is now, on the clock of a plan that was made of it before, and that plan.

    Raises
    ------
    UnreadableInput
        The file is no plan, or lacks operations that the folder's orders have.
    """
    found = read_plan_json(path)
    folder = read_schedule_folder(folder_path, start=_origin(path, found), weights=weights)
    planned = planned_of(path, found, folder.problem.origin)
    draft = Plan(operations=planned, cost=0.0, bound=0.0, tardiness=0.0, makespan=0, setup=0, late={})
    try:
        return folder, evaluate(folder.problem, draft)
    except KeyError as error:
        raise UnreadableInput(
            ko=f"{path}: 계획이 폴더의 주문과 맞지 않습니다({error.args[0]}). 계획을 새로 만드세요.",
            en=f"{path}: the plan does not fit the orders of the folder: {error.args[0]}. Make a new plan.",
        ) from error


def _origin(path: Path, found: dict[str, Any]) -> datetime:
    try:
        return datetime.fromisoformat(str(found["origin"]))
    except (KeyError, ValueError) as error:
        raise UnreadableInput(
            ko=f"{path}: origin(계획의 시작 시각)이 없거나 시각이 아닙니다.",
            en=f"{path}: origin is missing or no moment ({error}).",
        ) from error


def replan_after(
    folder: ScheduleFolder, plan: Plan, *, machine: str, start: datetime, end: datetime, now: datetime | None = None,
    seconds: float = 4.0, workers: int = 2, seed: int = 0, most_moved: float = 0.15,
) -> Replan:  # fmt: skip
    """The plan after a breakdown of `machine` that changes little.

    Raises
    ------
    WrongArguments
        No such machine, or the breakdown ends before it begins.
    """
    known = [one.name for one in folder.problem.machines]
    if machine not in known:
        raise WrongArguments(
            ko=f"설비 '{machine}'이(가) 없습니다. 있는 설비: {', '.join(known)}",
            en=f"There is no machine '{machine}'. Machines there are: {', '.join(known)}",
        )
    if end <= start:
        raise WrongArguments(
            ko=f"고장의 끝({end})이 시작({start})보다 뒤여야 합니다.",
            en=f"The breakdown must end ({end}) after it starts ({start}).",
        )
    moments = folder.minute(start), folder.minute(end), folder.minute(now or start)

    def work() -> Replan:
        return replan(
            folder.problem, plan, machine=machine, start=max(0, moments[0]), end=moments[1], now=moments[2],
            seconds=seconds, workers=workers, seed=seed, most_moved=most_moved,
        )  # fmt: skip

    return _explained(folder, work, seconds)


def promise_order(
    folder: ScheduleFolder, plan: Plan, *, product: str, quantity: float, release: datetime | None = None, name: str = "",
    now: datetime | None = None,
    seconds: float = 5.0, workers: int = 2, seed: int = 0,
) -> Promise:  # fmt: skip
    """The date to promise for a new order; durations vary as the folder's record of work did, where it has one.

    Raises
    ------
    UnreadableInput
        The product has no routing.
    """
    taken = {order.name for order in folder.problem.orders}
    order = new_order(folder, product=product, quantity=quantity, release=release, name=name or _free_name(taken))
    done = done_rows(folder)
    ratios = compare(plan, done).ratios if done else ()

    def work() -> Promise:
        begun = 0 if now is None else max(0, folder.minute(now))
        return promise(
            folder.problem, plan, order, now=begun, variation=ratios, seconds=seconds, workers=workers, seed=seed
        )

    return _explained(folder, work, seconds)


def _free_name(taken: set[str]) -> str:
    return next(name for name in ("NEW", *(f"NEW-{number}" for number in range(2, 10_000))) if name not in taken)


def compare_with_record(folder: ScheduleFolder, plan: Plan, *, tolerance: int = 30) -> Comparison:
    """Plan against the folder's table of what was done (and its states log, for reasons).

    Raises
    ------
    UnreadableInput
        The folder has no such table.
    """
    done = done_rows(folder)
    if not done:
        raise UnreadableInput(
            ko="실적 표(actual.csv 또는 실적.csv: 주문, 공정순서, 설비, 시작, 종료)가 없거나 비어 있습니다.",
            en="There is no table of what was done (actual.csv: order, step, machine, start, end), or it is empty.",
        )
    return compare(plan, done, stops=stops_rows(folder), tolerance=tolerance)


def _explained(folder: ScheduleFolder, work: Callable[[], Made], seconds: float) -> Made:
    try:
        return work()
    except NoPlan as reason:
        conflict = explain_infeasible(folder.problem, seconds=max(10.0, seconds))
        raise Infeasible(folder, conflict, reason) from reason
