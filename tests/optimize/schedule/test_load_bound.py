"""The bound from machine time: never above the best plan, and at it where nothing else limits."""

import numpy as np
import pytest

from jasang.optimize.schedule import solve
from jasang.optimize.schedule.dispatch import simple_bound
from jasang.optimize.schedule.infeasible import Conflict, Demand, explain_infeasible
from jasang.optimize.schedule.numbered import COST_UNIT, Numbered
from jasang.optimize.schedule.problem import Alternative, Machine, Operation, Order, ScheduleProblem, Stretch


def shop(seed: int) -> ScheduleProblem:
    """Four orders of one to three steps on two machines with a pause, heads, due dates and weights."""
    random = np.random.default_rng(seed)
    names = ("M1", "M2")
    pause = (Stretch(start=30, end=45, label="pause"),) if random.random() < 0.7 else ()
    machines = tuple(Machine(name=name, closed=pause, free_from=int(random.integers(0, 12))) for name in names)
    orders = []
    for number in range(4):
        steps = []
        for place in range(int(random.integers(1, 4))):
            able = names if random.random() < 0.4 else (str(random.choice(names)),)
            minutes = [Alternative(machine=name, minutes=int(random.integers(3, 20))) for name in able]
            steps.append(
                Operation(name=f"{place}", alternatives=tuple(minutes), lag=int(random.choice([0, 0, 5])),
                          interruptible=bool(random.random() < 0.7))
            )  # fmt: skip
        due = int(random.integers(5, 50)) if random.random() < 0.8 else None
        orders.append(
            Order(name=f"O{number}", operations=tuple(steps), due=due, weight=float(random.integers(1, 4)),
                  release=int(random.integers(0, 15)))
        )  # fmt: skip
    return ScheduleProblem(orders=tuple(orders), machines=machines)


@pytest.mark.parametrize("seed", range(12))
def test_bound_is_never_above_the_best_plan(seed: int) -> None:
    problem = shop(seed)

    plan = solve(problem, seconds=60.0, workers=1)

    assert plan.optimal
    assert simple_bound(Numbered(problem)) <= round(plan.cost * COST_UNIT)


def test_alike_orders_on_two_machines_late_in_turn_are_at_the_bound() -> None:
    able = tuple(Alternative(machine=name, minutes=10) for name in ("M1", "M2"))
    step = Operation(name="", alternatives=able)
    orders = tuple(Order(name=f"O{number}", operations=(step,), due=10) for number in range(6))
    problem = ScheduleProblem(orders=orders, machines=(Machine(name="M1"), Machine(name="M2")))

    # Two end at 10, two at 20 and two at 30: 2 × 10 + 2 × 20 minutes late at 100, less what preemption would gain.
    bound = simple_bound(Numbered(problem)) / COST_UNIT

    assert bound == 100 * (0 + 0 + 5 + 10 + 15 + 20) + 30


def test_operation_that_fits_into_no_working_time_is_named() -> None:
    step = Operation(name="", alternatives=(Alternative(machine="M1", minutes=50),), interruptible=False)
    nights = tuple(Stretch(start=40 * k + 5, end=40 * k + 40, label="night") for k in range(10))
    problem = ScheduleProblem(
        orders=(Order(name="A", operations=(step,)),), machines=(Machine(name="M1", closed=nights),), horizon=400
    )

    assert explain_infeasible(problem) == Conflict(
        demands=(
            Demand(kind="fits", name="A", step=0, moment=400),
            Demand(kind="closed", name="M1", stretches=nights),
        ),
        minimal=False,
        smallest=False,
    )
