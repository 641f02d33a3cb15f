"""Made scheduling problems for the tests, and the exact optimum of tiny ones by trying every order and machine."""

import random
from itertools import permutations, product

from jasang.optimize.schedule import (
    Alternative,
    Machine,
    Operation,
    Order,
    Resource,
    ScheduleProblem,
    Stretch,
    Weights,
)

DAY = 24 * 60


def made(seed: int, *, orders: int, machines: int = 3, days: int = 6, calendar: bool = True) -> ScheduleProblem:
    """Orders with alternatives, calendars with lunch and nights, set-ups, a mould, people, pieces that may not be interrupted."""
    rng = random.Random(seed)
    closed: list[Stretch] = []
    for day in range(days * 3):
        closed += [
            Stretch(start=day * DAY, end=day * DAY + 480, label="밤"),
            Stretch(start=day * DAY + 720, end=day * DAY + 780, label="점심"),
            Stretch(start=day * DAY + 1080, end=(day + 1) * DAY, label="밤"),
        ]
    families = ["A", "B", "C"]
    park = tuple(
        Machine(
            name=f"M{number}",
            closed=tuple(closed) if calendar else (),
            setups={(a, b): rng.choice([10, 20, 40]) for a in families for b in families if a != b}
            if number < 2
            else {},
            family="A" if number == 0 else "",
        )
        for number in range(machines)
    )
    resources = (
        Resource(name="금형1", closed=(Stretch(start=600, end=660, label="수리"),)),
        Resource(name="사람", capacity=2),
    )
    made_orders = []
    for number in range(orders):
        operations = []
        for step in range(rng.randint(1, 3)):
            able = rng.sample(range(machines), rng.randint(1, 2))
            minutes = rng.randint(20, 150)
            needs = {"금형1": 1} if rng.random() < 0.3 else {"사람": rng.randint(1, 2)} if rng.random() < 0.3 else {}
            operations.append(
                Operation(
                    name=f"공정{step}",
                    alternatives=tuple(Alternative(machine=f"M{one}", minutes=minutes + 10 * one) for one in able),
                    family=rng.choice(families),
                    lag=rng.choice([0, 0, 30]),
                    interruptible=rng.random() < 0.6,
                    needs=needs,
                )
            )
        made_orders.append(
            Order(
                name=f"주문{number}",
                operations=tuple(operations),
                release=rng.choice([0, 0, 500]),
                due=rng.randint(600, 2500),
                weight=rng.choice([1.0, 3.0]),
            )
        )
    return ScheduleProblem(orders=tuple(made_orders), machines=park, resources=resources, horizon=days * 3 * DAY)


def tried_out(problem: ScheduleProblem, weights: Weights) -> float:
    """The least cost over every order of the operations and every machine, each placed minute by minute as early as it can be.

    Only for problems without resources: orders of all operations then cover every semi-active plan.
    """
    jobs = [(place, step) for place, order in enumerate(problem.orders) for step in range(len(order.operations))]
    best = float("inf")
    for sequence in set(permutations([place for place, _ in jobs])):
        steps = [0] * len(problem.orders)
        numbered = []
        for place in sequence:
            numbered.append((place, steps[place]))
            steps[place] += 1
        able = [problem.orders[place].operations[step].alternatives for place, step in numbered]
        for chosen in product(*able):
            best = min(best, _cost(problem, numbered, chosen, weights))
    return best


def _cost(problem: ScheduleProblem, numbered: list, chosen: tuple, weights: Weights) -> float:
    ready = [order.release for order in problem.orders]
    free = {machine.name: 0 for machine in problem.machines}
    family = {machine.name: machine.family for machine in problem.machines}
    setup_total, end = 0, 0
    for (place, step), alternative in zip(numbered, chosen, strict=True):
        operation = problem.orders[place].operations[step]
        machine = problem.machine(alternative.machine)
        open_ = [True] * 6000
        for stretch in machine.closed:
            for minute in range(stretch.start, min(6000, stretch.end)):
                open_[minute] = False
        setup = machine.setup(family[machine.name], operation.family)
        at, left = free[machine.name], setup
        while left:
            left -= open_[at]
            at += 1
        start = max(at, ready[place] + (operation.lag if step else 0))
        while True:
            while not open_[start]:
                start += 1
            end, left = start, alternative.minutes
            while left:
                left -= open_[end]
                end += 1
            if operation.interruptible or end - start == alternative.minutes:
                break
            start += 1
        ready[place] = free[machine.name] = end
        family[machine.name] = operation.family
        setup_total += setup
    late = sum(
        order.weight * max(0, ready[place] - order.due)
        for place, order in enumerate(problem.orders)
        if order.due is not None
    )
    return weights.tardiness * late + weights.makespan * max(ready) + weights.setup * setup_total
