"""Which operation runs when and on which machine."""

from jasang.optimize.schedule.job_shop import JobShop, ShopSolution, solve_job_shop

__all__ = ["JobShop", "ShopSolution", "solve_job_shop"]
