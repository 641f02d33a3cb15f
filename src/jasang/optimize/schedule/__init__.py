"""Which operation runs when and on which machine."""

from jasang.optimize.schedule.check import check
from jasang.optimize.schedule.compare import Comparison, Difference, Done, compare
from jasang.optimize.schedule.infeasible import Conflict, Demand, explain_infeasible
from jasang.optimize.schedule.job_shop import JobShop, ShopSolution, prepare_search, solve_job_shop
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
from jasang.optimize.schedule.promise import Promise, promise
from jasang.optimize.schedule.replan import Replan, replan
from jasang.optimize.schedule.shop_file import read_job_shop
from jasang.optimize.schedule.solve import NoPlan, evaluate, solve

__all__ = [
    "Alternative", "Comparison", "Conflict", "Demand", "Difference", "Done", "JobShop", "Lock", "Machine", "NoPlan", "Operation",
    "Order", "Plan", "Planned", "Promise", "Replan", "Resource", "ScheduleProblem", "ShopSolution", "Stretch", "Weights", "check",
    "compare", "evaluate", "explain_infeasible", "prepare_search", "promise", "read_job_shop", "replan", "solve",
    "solve_job_shop",
]  # fmt: skip
