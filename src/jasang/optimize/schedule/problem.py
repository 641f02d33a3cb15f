"""A factory's scheduling problem as data: orders, their operations, machines, moulds and people, what is locked, what counts.

Every time is a whole number of minutes after the problem's origin, every duration whole minutes. Nothing here computes a plan.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A stretch of time `start` <= t < `end` in minutes, with the reason people give it ("정비", "shift calendar")."""

    start: int
    end: int
    label: str = ""

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise ValueError(f"stretch {self.label!r}: start {self.start} must be before end {self.end}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine that does one operation at a time.

    `closed` are the stretches in which it does not work (nights, holidays, maintenance; they may overlap). `setups` gives the
    minutes of a set-up by (family before, family after), counted in working time; a pair that is not there takes
    `other_setup` where the families differ. `family` is what the machine is set up for at the origin ("" = unknown: the first
    set-up is free). `free_from` is when it is first free.
    """

    name: str
    closed: tuple[Stretch, ...] = ()
    setups: Mapping[tuple[str, str], int] = field(default_factory=dict)
    other_setup: int = 0
    family: str = ""
    free_from: int = 0

    def setup(self, before: str, after: str) -> int:
        """Minutes of set-up from one family to another."""
        if not before or not after:
            return 0
        return self.setups.get((before, after), 0 if before == after else self.other_setup)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What operations share beside the machine: a mould (capacity 1), a tool, a group of people.

    It is held from an operation's start to its end, pauses included. In a `closed` stretch no operation may run with it, save
    where the machine itself pauses.
    """

    name: str
    capacity: int = 1
    closed: tuple[Stretch, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One machine that can do an operation, and its minutes there for the whole quantity."""

    machine: str
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One step of an order. `lag` is the least time from the end of the step before (transport, cooling), on the clock.

    Where `interruptible`, it pauses while its machine is closed and goes on afterwards; else it must fit between two closures.
    `needs` are resources and how many of each.
    """

    name: str
    alternatives: tuple[Alternative, ...]
    family: str = ""
    lag: int = 0
    interruptible: bool = True
    needs: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order: its operations one after the other, from `release` on, wanted by `due`.

    Where `hard`, a plan that ends after `due` is no plan; else each minute late costs `weight`. `promised` orders may not end
    later than their due date, or than planned where they are late already, when a new order is promised.
    """

    name: str
    operations: tuple[Operation, ...]
    release: int = 0
    due: int | None = None
    hard: bool = False
    weight: float = 1.0
    promised: bool = True
    product: str = ""
    quantity: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """An operation that stays where it is: step `step` (from 0) of `order`, on `machine`, from `start`."""

    order: str
    step: int
    machine: str
    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What one minute costs: of an order's lateness (times its weight), of the makespan, of set-ups."""

    tardiness: float = 100.0
    makespan: float = 1.0
    setup: float = 1.0

    def __post_init__(self) -> None:
        if min(self.tardiness, self.makespan, self.setup) < 0:
            raise ValueError(f"weights must not be negative, got {self.tardiness}, {self.makespan}, {self.setup}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleProblem:
    """All that decides a plan. `frozen_until`: nothing that is not locked starts before it. `horizon`: nothing ends after it."""

    orders: tuple[Order, ...]
    machines: tuple[Machine, ...]
    resources: tuple[Resource, ...] = ()
    locks: tuple[Lock, ...] = ()
    frozen_until: int = 0
    horizon: int = 366 * 24 * 60
    weights: Weights = field(default_factory=Weights)
    origin: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def __post_init__(self) -> None:
        _unique("order", [order.name for order in self.orders])
        machines = _unique("machine", [machine.name for machine in self.machines])
        resources = _unique("resource", [resource.name for resource in self.resources])
        capacity = {resource.name: resource.capacity for resource in self.resources}
        for order in self.orders:
            if not order.operations:
                raise ValueError(f"order {order.name!r} has no operation")
            if order.weight < 0:
                raise ValueError(f"order {order.name!r}: weight {order.weight} must not be negative")
            for operation in order.operations:
                _check_operation(order, operation, machines, resources, capacity)
        self._check_locks()

    def _check_locks(self) -> None:
        orders = {order.name: order for order in self.orders}
        _unique("lock", [f"{lock.order} step {lock.step}" for lock in self.locks])
        for lock in self.locks:
            if lock.order not in orders:
                raise ValueError(f"lock: no order {lock.order!r}, expected one of {sorted(orders)[:20]}")
            steps = orders[lock.order].operations
            if not 0 <= lock.step < len(steps):
                raise ValueError(f"lock of {lock.order!r}: step {lock.step}, expected 0 to {len(steps) - 1}")
            able = [alternative.machine for alternative in steps[lock.step].alternatives]
            if lock.machine not in able:
                raise ValueError(f"lock of {lock.order!r} step {lock.step}: {lock.machine!r}, expected one of {able}")

    def order(self, name: str) -> Order:
        """The order of that name; `KeyError` where there is none."""
        for order in self.orders:
            if order.name == name:
                return order
        raise KeyError(f"no order {name!r}, expected one of {[order.name for order in self.orders][:20]}")

    def machine(self, name: str) -> Machine:
        """The machine of that name; `KeyError` where there is none."""
        for machine in self.machines:
            if machine.name == name:
                return machine
        raise KeyError(f"no machine {name!r}, expected one of {[machine.name for machine in self.machines][:20]}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One operation in a plan: step `step` (from 0) of `order` on `machine`, `start` to `end`, after `setup` minutes of set-up.

    `setup_start` and `setup_end` are on the clock: the set-up lies directly before the start in the machine's working time.
    """

    order: str
    step: int
    machine: str
    start: int
    end: int
    setup: int = 0
    setup_start: int = 0
    setup_end: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan and what it costs: weighted minutes late, makespan and minutes of set-up, and no plan costs less than `bound`.

    `optimal` = proven best; `stopped` = somebody pressed Ctrl-C and this was the best so far.
    """

    operations: tuple[Planned, ...]
    cost: float
    bound: float
    tardiness: float
    makespan: int
    setup: int
    late: Mapping[str, int]
    stopped: bool = False

    @property
    def gap(self) -> float:
        """By which share of its cost the plan may at most be improved; 0 = proven best."""
        return (self.cost - self.bound) / self.cost if self.cost > 0 else 0.0

    @property
    def optimal(self) -> bool:
        """Whether no plan costs less."""
        return self.cost - self.bound < 0.5e-2

    def of(self, order: str) -> tuple[Planned, ...]:
        """The order's operations, step by step."""
        return tuple(sorted((one for one in self.operations if one.order == order), key=lambda one: one.step))


def _unique(kind: str, names: Sequence[str]) -> frozenset[str]:
    for name in names:
        if not name:
            raise ValueError(f"a {kind} has no name")
    known = frozenset(names)
    if len(known) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{kind} {twice!r} is there twice")
    return known


def _check_operation(
    order: Order, operation: Operation, machines: frozenset[str], resources: frozenset[str], capacity: Mapping[str, int]
) -> None:
    place = f"order {order.name!r}, operation {operation.name!r}"
    if not operation.alternatives:
        raise ValueError(f"{place}: no machine can do it")
    _unique("machine of an operation", [alternative.machine for alternative in operation.alternatives])
    for alternative in operation.alternatives:
        if alternative.machine not in machines:
            raise ValueError(f"{place}: no machine {alternative.machine!r}, expected one of {sorted(machines)[:20]}")
        if alternative.minutes < 1:
            raise ValueError(f"{place} on {alternative.machine!r}: {alternative.minutes} minutes, expected at least 1")
    if operation.lag < 0:
        raise ValueError(f"{place}: lag {operation.lag} must not be negative")
    for name, amount in operation.needs.items():
        if name not in resources:
            raise ValueError(f"{place}: no resource {name!r}, expected one of {sorted(resources)[:20]}")
        if not 1 <= amount <= capacity[name]:
            raise ValueError(f"{place}: needs {amount} of {name!r}, expected 1 to {capacity[name]}")
