"""Looks a plan over without knowing how it was made: every rule of the problem, minute by minute arithmetic of its own."""

from collections import defaultdict
from itertools import pairwise

from jasang.optimize.schedule.problem import Machine, Operation, Order, Plan, Planned, ScheduleProblem
from jasang.plant.text import Text


def check(problem: ScheduleProblem, plan: Plan) -> tuple[Text, ...]:
    """What the plan breaks, one sentence each; empty = the plan is possible.

    Looked at: every operation once, on a machine that can do it and for its time; release dates, frozen zone and order of steps
    with their lags; calendars and pauses; one operation at a time with its set-up in working time; resources; locks; hard dates.
    """
    found: list[Text] = []
    planned: dict[tuple[str, int], Planned] = {}
    for one in plan.operations:
        if (one.order, one.step) in planned:
            found.append(_broken(one, "두 번 계획됐습니다", "is planned twice"))
        planned[one.order, one.step] = one
    known = {(order.name, step) for order in problem.orders for step in range(len(order.operations))}
    strange = sorted(set(planned) - known)
    found += [_broken(planned[key], "문제에 없는 공정입니다", "is no operation of the problem") for key in strange]
    for order in problem.orders:
        found += _order(problem, order, planned)
    for machine in problem.machines:
        found += _machine(
            problem, machine, [planned[key] for key in known & set(planned) if planned[key].machine == machine.name]
        )
    found += _resources(problem, {key: planned[key] for key in known & set(planned)})
    return tuple(found)


def _broken(one: Planned, ko: str, en: str) -> Text:
    return Text(ko=f"주문 {one.order} 공정 {one.step + 1}: {ko}.", en=f"Order {one.order} step {one.step + 1} {en}.")


def _order(problem: ScheduleProblem, order: Order, planned: dict[tuple[str, int], Planned]) -> list[Text]:
    found: list[Text] = []
    locks = {lock.step: lock for lock in problem.locks if lock.order == order.name}
    before: Planned | None = None
    for step, operation in enumerate(order.operations):
        one = planned.get((order.name, step))
        if one is None:
            found.append(
                Text(
                    ko=f"주문 {order.name} 공정 {step + 1}: 계획에 없습니다.",
                    en=f"Order {order.name} step {step + 1} is not planned.",
                )
            )
            continue
        lock = locks.get(step)
        if lock is not None and (one.machine, one.start) != (lock.machine, lock.start):
            found.append(_broken(one, "잠근 자리에서 옮겨졌습니다", "was moved though it is locked"))
        if lock is None and one.start < max(order.release, problem.frozen_until):
            found.append(_broken(one, "시작할 수 있는 때보다 이릅니다", "starts before it may"))
        if before is not None and one.start < before.end + operation.lag:
            found.append(
                _broken(
                    one,
                    "앞 공정(대기 포함)이 끝나기 전에 시작합니다",
                    "starts before the step before it (and its lag) is over",
                )
            )
        if one.end > problem.horizon:
            found.append(_broken(one, "계획 기간을 넘습니다", "ends after the horizon"))
        before = one
    last = planned.get((order.name, len(order.operations) - 1))
    if order.hard and order.due is not None and last is not None and last.end > order.due:
        found.append(_broken(last, "꼭 지킬 납기를 넘깁니다", "ends after its hard due date"))
    return found


def _open_minutes(machine: Machine, start: int, end: int) -> int:
    """Minutes from start to end in which the machine works."""
    closed, at = 0, start
    for stretch in sorted(machine.closed, key=lambda one: one.start):
        low, high = max(at, stretch.start), min(end, stretch.end)
        if high > low:
            closed += high - low
            at = high
    return end - start - closed


def _is_closed(machine: Machine, moment: int) -> bool:
    return any(stretch.start <= moment < stretch.end for stretch in machine.closed)


def _operation(problem: ScheduleProblem, one: Planned) -> Operation:
    return problem.order(one.order).operations[one.step]


def _machine(problem: ScheduleProblem, machine: Machine, mine: list[Planned]) -> list[Text]:
    found: list[Text] = []
    mine.sort(key=lambda one: one.start)
    for one in mine:
        operation = _operation(problem, one)
        minutes = [able.minutes for able in operation.alternatives if able.machine == machine.name]
        if not minutes:
            found.append(_broken(one, f"{machine.name}에서 할 수 없습니다", f"cannot be done on {machine.name}"))
            continue
        if _open_minutes(machine, one.start, one.end) != minutes[0]:
            found.append(
                _broken(one, f"가공 시간이 {minutes[0]}분이 아닙니다", f"does not run for its {minutes[0]} minutes")
            )
        if _is_closed(machine, one.start) or _is_closed(machine, one.end - 1):
            found.append(
                _broken(
                    one,
                    f"{machine.name}이(가) 쉬는 때에 시작하거나 끝납니다",
                    f"starts or ends while {machine.name} is closed",
                )
            )
        if not operation.interruptible and one.end - one.start != minutes[0]:
            found.append(_broken(one, "끊을 수 없는데 끊깁니다", "is interrupted though it may not be"))
        if one.start < machine.free_from and not any(
            (lock.order, lock.step) == (one.order, one.step) for lock in problem.locks
        ):
            found.append(
                _broken(one, f"{machine.name}이(가) 비기 전에 시작합니다", f"starts before {machine.name} is free")
            )
    for one, two in pairwise(mine):
        if two.start < one.end:
            found.append(
                _broken(
                    two,
                    f"{machine.name}에서 주문 {one.order}과(와) 겹칩니다",
                    f"overlaps order {one.order} on {machine.name}",
                )
            )
            continue
        setup = machine.setup(_operation(problem, one).family, _operation(problem, two).family)
        if _open_minutes(machine, one.end, two.start) < setup:
            found.append(
                _broken(
                    two, f"준비 교체 {setup}분이 들어갈 틈이 없습니다", f"has no room for its set-up of {setup} minutes"
                )
            )
    if mine:
        first = mine[0]
        setup = machine.setup(machine.family, _operation(problem, first).family)
        locked = any((lock.order, lock.step) == (first.order, first.step) for lock in problem.locks)
        if not locked and _open_minutes(machine, max(0, machine.free_from), first.start) < setup:
            found.append(
                _broken(
                    first,
                    f"첫 준비 교체 {setup}분이 들어갈 틈이 없습니다",
                    f"has no room for the first set-up of {setup} minutes",
                )
            )
    return found


def _resources(problem: ScheduleProblem, planned: dict[tuple[str, int], Planned]) -> list[Text]:
    found: list[Text] = []
    for resource in problem.resources:
        changes: dict[int, int] = defaultdict(int)
        for one in planned.values():
            amount = _operation(problem, one).needs.get(resource.name, 0)
            if not amount:
                continue
            changes[one.start] += amount
            changes[one.end] -= amount
            machine = problem.machine(one.machine)
            for away in resource.closed:
                low, high = max(away.start, one.start), min(away.end, one.end)
                if high > low and _open_minutes(machine, low, high) > 0:
                    found.append(
                        _broken(
                            one,
                            f"{resource.name}을(를) 쓸 수 없는 때입니다({away.label or '-'})",
                            f"runs while {resource.name} is away ({away.label or '-'})",
                        )
                    )
        held = 0
        for moment in sorted(changes):
            held += changes[moment]
            if held > resource.capacity:
                found.append(
                    Text(
                        ko=f"{resource.name}: {moment}분에 {held}개가 필요한데 {resource.capacity}개입니다.",
                        en=f"{resource.name}: {held} needed at minute {moment}, there are {resource.capacity}.",
                    )
                )
                break
    return found
