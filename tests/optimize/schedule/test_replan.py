"""After a breakdown little moves, promises keep what was promised, conflicts are smallest, comparisons name the reason."""

from dataclasses import replace

import pytest

pytest.importorskip("ortools")
pytest.importorskip("numba")
from tests.optimize.schedule.shops import DAY, made

from jasang.optimize.schedule import (
    Alternative,
    Done,
    Lock,
    Machine,
    Operation,
    Order,
    Plan,
    Resource,
    ScheduleProblem,
    Stretch,
    check,
    compare,
    explain_infeasible,
    promise,
    replan,
    solve,
)


def _on(machine: str, minutes: int, **options: object) -> Operation:
    return Operation(name="가공", alternatives=(Alternative(machine=machine, minutes=minutes),), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(3))
def test_a_breakdown_moves_no_more_than_it_may(seed: int) -> None:
    problem = made(seed, orders=8)
    plan = solve(problem, rounds=2, seed=seed)
    first = plan.operations[len(plan.operations) // 3]

    mended = replan(problem, plan, machine=first.machine, start=first.start + 5, end=first.start + 400, seconds=1.5)

    assert check(mended.problem, mended.plan) == ()
    assert len(mended.moved) <= 0.15 * mended.open_operations
    before = {(one.order, one.step): one for one in plan.operations}
    after = {(one.order, one.step): one for one in mended.plan.operations}
    changed = {key for key, one in after.items() if one.machine != before[key].machine}
    assert changed <= set(mended.moved)
    started = {key for key, one in before.items() if one.start < first.start + 5 and one.machine != first.machine}
    assert all((after[key].machine, after[key].start) == (before[key].machine, before[key].start) for key in started)
    assert mended.pushed is not None
    assert mended.plan.cost <= mended.pushed.cost


def test_work_that_was_interrupted_goes_on_after_the_repair_and_what_may_not_be_is_begun_anew() -> None:
    for interruptible, end in ((True, 300), (False, 350)):
        order = Order(name="1", operations=(_on("P1", 100, interruptible=interruptible),))
        problem = ScheduleProblem(orders=(order,), machines=(Machine(name="P1"),))
        plan = solve(problem, seconds=2.0)

        mended = replan(problem, plan, machine="P1", start=50, end=250, seconds=0.5)

        assert [one.end for one in mended.plan.operations] == [end]


def test_a_promise_moves_nobody_who_was_promised() -> None:
    early = Order(name="1", operations=(_on("P1", 60),), due=60)
    loose = Order(name="2", operations=(_on("P1", 60),), due=500)
    problem = ScheduleProblem(orders=(early, loose), machines=(Machine(name="P1"),), horizon=DAY)
    plan = solve(problem, seconds=2.0)
    new = Order(name="new", operations=(_on("P1", 30),))

    made_ = promise(problem, plan, new, variation=[1.0, 1.0, 1.0, 1.0, 2.0], seconds=2.0)

    assert (made_.untouched, made_.finish) == (150, 90)
    assert made_.likely is not None
    assert made_.safe is not None
    assert 90 <= made_.likely <= made_.safe <= 180
    assert [one.order for one in made_.plan.operations] == ["1", "new", "2"]


def test_a_promise_without_record_gives_no_safe_date() -> None:
    problem = ScheduleProblem(orders=(Order(name="1", operations=(_on("P1", 60),)),), machines=(Machine(name="P1"),))

    made_ = promise(problem, solve(problem, seconds=1.0), Order(name="n", operations=(_on("P1", 5),)), seconds=1.0)

    assert (made_.safe, made_.draws) == (None, 0)


def test_a_conflict_names_the_order_and_the_mould_in_repair_and_nothing_else() -> None:
    mould = Resource(name="M1", closed=(Stretch(start=0, end=2000, label="수리"),))
    hard = Order(name="A", operations=(_on("P1", 60, needs={"M1": 1}),), due=1500, hard=True)
    other = Order(name="B", operations=(_on("P1", 60),), due=1400, hard=True)
    late = Stretch(start=3000, end=4000, label="정비")
    problem = ScheduleProblem(orders=(hard, other), machines=(Machine(name="P1", closed=(late,)),), resources=(mould,))

    conflict = explain_infeasible(problem, seconds=10.0)

    assert conflict is not None
    assert [(one.kind, one.name) for one in conflict.demands] == [("deadline", "A"), ("away", "M1")]
    assert (conflict.minimal, conflict.smallest) == (True, True)


def test_a_lock_against_a_deadline_is_a_conflict_and_a_possible_problem_is_none() -> None:
    orders = tuple(Order(name=name, operations=(_on("P1", 60),), due=60, hard=name == "A") for name in ("A", "B"))
    problem = ScheduleProblem(
        orders=orders, machines=(Machine(name="P1"),), locks=(Lock(order="B", step=0, machine="P1", start=30),)
    )

    conflict = explain_infeasible(problem)

    assert conflict is not None
    assert [(one.kind, one.name) for one in conflict.demands] == [("deadline", "A"), ("lock", "B")]
    assert explain_infeasible(replace(problem, locks=())) is None


def test_every_late_start_has_the_reason_that_took_most_of_it() -> None:
    orders = (
        Order(name="1", operations=(_on("P1", 60), _on("P2", 60))),
        Order(name="2", operations=(_on("P1", 60),)),
        Order(name="3", operations=(_on("P3", 60),)),
        Order(name="4", operations=(_on("P4", 60),)),
    )
    machines = tuple(Machine(name=name) for name in ("P1", "P2", "P3", "P4"))
    problem = ScheduleProblem(orders=orders, machines=machines)
    plan: Plan = solve(problem, seconds=2.0)
    first, second = sorted((one for one in plan.operations if one.machine == "P1"), key=lambda one: one.start)
    assert (first.order, second.order) == ("1", "2")
    done = [
        Done(order="1", step=0, machine="P1", start=0, end=200),
        Done(order="1", step=1, machine="P2", start=205, end=265),
        Done(order="2", step=0, machine="P1", start=200, end=260),
        Done(order="3", step=0, machine="P3", start=90, end=150),
        Done(order="4", step=0, machine="P3", start=150, end=210),
    ]

    found = compare(plan, done, stops=[("P3", Stretch(start=0, end=90, label="고장"))])

    reasons = {(one.planned.order, one.planned.step): (one.late, one.reason) for one in found.differences}
    assert reasons == {
        ("1", 0): (0, None),
        ("1", 1): (145, "step_before"),
        ("2", 0): (140, "order_before"),
        ("3", 0): (90, "machine_down"),
        ("4", 0): (150, "machine_down"),
    }
    assert (found.adherence, found.on_machine) == (0.2, 0.8)
    assert found.ratios[0] == pytest.approx(200 / 60)
