"""Which operation runs when and on which machine."""

from jasang.optimize.schedule.check import check
from jasang.optimize.schedule.job_shop import JobShop, ShopSolution, solve_job_shop
from jasang.optimize.schedule.problem import (
    Alternative,
    Lock,
    Machine,
    Operation,
    Order,
    Plan,
    Planned,
    Resource,
    ScheduleProblem,
    Stretch,
    Weights,
)
from jasang.optimize.schedule.shop_file import read_job_shop
from jasang.optimize.schedule.solve import NoPlan, evaluate, solve

__all__ = [
    "Alternative", "JobShop", "Lock", "Machine", "NoPlan", "Operation", "Order", "Plan", "Planned", "Resource", "ScheduleProblem",
    "ShopSolution", "Stretch", "Weights", "check", "evaluate", "read_job_shop", "solve", "solve_job_shop",
]  # fmt: skip
