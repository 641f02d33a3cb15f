"""Plans are possible by a check of its own, best where every plan can be tried, and the same for the same seed."""

from dataclasses import replace

import pytest

pytest.importorskip("ortools")
pytest.importorskip("numba")
from tests.optimize.schedule.shops import DAY, made, tried_out

from jasang.optimize.schedule import (
    Alternative,
    Lock,
    Machine,
    NoPlan,
    Operation,
    Order,
    Resource,
    ScheduleProblem,
    Stretch,
    check,
    evaluate,
    solve,
)


@pytest.mark.parametrize("seed", range(6))
def test_tiny_problems_are_solved_to_the_optimum_found_by_trying_everything(seed: int) -> None:
    whole = made(seed, orders=3, machines=2)
    orders = tuple(
        replace(order, operations=tuple(replace(one, needs={}) for one in order.operations[:2]))
        for order in whole.orders
    )
    problem = replace(whole, orders=orders, resources=())

    plan = solve(problem, seconds=20.0, seed=seed)

    assert check(problem, plan) == ()
    assert plan.optimal
    assert plan.cost == pytest.approx(tried_out(problem, problem.weights), abs=0.01)


@pytest.mark.parametrize("seed", range(4))
def test_plans_of_a_shop_keep_every_rule(seed: int) -> None:
    problem = made(seed, orders=8)

    plan = solve(problem, rounds=4, seed=seed)

    assert check(problem, plan) == ()
    assert plan.bound <= plan.cost
    assert evaluate(problem, plan).cost == plan.cost


@pytest.mark.parametrize(("second", "closed"), [(90, ()), (110, (Stretch(start=100, end=130, label="night"),))])
def test_locks_that_cannot_both_stay_leave_no_plan(second: int, closed: tuple[Stretch, ...]) -> None:
    step = Operation(name="press", family="a", alternatives=(Alternative(machine="P1", minutes=40),))
    problem = ScheduleProblem(
        orders=(Order(name="A", operations=(step,)), Order(name="B", operations=(step,))),
        machines=(Machine(name="P1", closed=closed),),
        locks=(Lock(order="A", step=0, machine="P1", start=60), Lock(order="B", step=0, machine="P1", start=second)),
    )

    with pytest.raises(NoPlan) as refused:
        solve(problem, rounds=2)

    assert refused.value.proven


def test_the_same_seed_gives_the_same_plan_where_rounds_end_the_search() -> None:
    problem = made(11, orders=8)

    first, second = (solve(problem, rounds=3, seed=5) for _ in range(2))

    assert first == second


def test_the_check_finds_what_is_broken() -> None:
    problem = made(1, orders=4)
    plan = solve(problem, rounds=2)
    one = plan.operations[0]

    for changed in (
        replace(one, start=one.start - 60, end=one.end - 60),
        replace(one, end=one.end + 10),
        replace(one, machine="M0" if one.machine != "M0" else "M1"),
    ):
        broken = replace(plan, operations=(changed, *plan.operations[1:]))
        assert check(problem, broken) != ()
    assert check(problem, replace(plan, operations=plan.operations[1:])) != ()


def _press(minutes: int = 60, **options: object) -> Operation:
    return Operation(name="프레스", alternatives=(Alternative(machine="P1", minutes=minutes),), **options)  # type: ignore[arg-type]


def test_a_set_up_runs_in_working_time_only() -> None:
    night = Stretch(start=100, end=1000, label="밤")
    machine = Machine(name="P1", closed=(night,), setups={("A", "B"): 30}, family="A")
    order = Order(name="1", operations=(_press(90, family="A"), _press(20, family="B")))
    problem = ScheduleProblem(orders=(order,), machines=(machine,))

    plan = solve(problem, seconds=5.0)

    assert [(one.start, one.end) for one in plan.operations] == [(0, 90), (1020, 1040)]
    assert (plan.setup, plan.optimal) == (30, True)


def test_a_mould_in_repair_and_a_single_mould_make_orders_wait() -> None:
    mould = Resource(name="금형", closed=(Stretch(start=0, end=50, label="수리"),))
    machines = (Machine(name="P1"), Machine(name="P2"))
    able = tuple(Alternative(machine=name, minutes=60) for name in ("P1", "P2"))
    orders = tuple(
        Order(name=name, operations=(Operation(name="성형", alternatives=able, needs={"금형": 1}),))
        for name in ("1", "2")
    )
    problem = ScheduleProblem(orders=orders, machines=machines, resources=(mould,))

    plan = solve(problem, seconds=5.0)

    assert sorted((one.start, one.end) for one in plan.operations) == [(50, 110), (110, 170)]


def test_locks_and_the_frozen_zone_are_kept() -> None:
    orders = tuple(Order(name=name, operations=(_press(),)) for name in ("1", "2", "3"))
    lock = Lock(order="2", step=0, machine="P1", start=130)
    problem = ScheduleProblem(orders=orders, machines=(Machine(name="P1"),), locks=(lock,), frozen_until=40)

    plan = solve(problem, seconds=5.0)

    assert sorted((one.order, one.start) for one in plan.operations if one.order == "2") == [("2", 130)]
    assert sorted(one.start for one in plan.operations) == [40, 130, 190]
    assert check(problem, plan) == ()


def test_a_hard_date_that_cannot_be_kept_is_no_plan() -> None:
    order = Order(name="1", operations=(_press(),), due=50, hard=True)

    with pytest.raises(NoPlan) as refused:
        solve(ScheduleProblem(orders=(order,), machines=(Machine(name="P1"),)), seconds=5.0)

    assert refused.value.proven


def test_a_hard_date_is_kept_before_soft_ones() -> None:
    soft = Order(name="soft", operations=(_press(),), due=60, weight=1000.0)
    hard = Order(name="hard", operations=(_press(),), due=60, hard=True)
    problem = ScheduleProblem(orders=(soft, hard), machines=(Machine(name="P1"),), horizon=DAY)

    plan = solve(problem, seconds=5.0)

    assert [one.order for one in plan.operations] == ["hard", "soft"]
    assert plan.late == {"soft": 60}
