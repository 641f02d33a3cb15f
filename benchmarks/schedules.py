"""Job shops and flexible job shops against the best known makespans, beside plain CP-SAT in the same run.

`python -m benchmarks.schedules [--seconds 10] [--plain] FILE…` (default: ft10, la16–la20, orb01–05, ta01, mk01–mk05 of the data
folder). The best known come from `best_known.csv` beside the instances; for others give `--best name=value`.
"""

import argparse
import csv
import os
import time
from pathlib import Path

from ortools.sat.python import cp_model

from jasang.optimize.schedule import JobShop, prepare_search, read_job_shop, solve_job_shop

DATA = Path(os.environ.get("JASANG_DATA", "../shared/data")) / "jobshop"
# Best known makespans of what the data folder's table leaves out (github ScheduleOpt/benchmarks, bounds of 2026).
KNOWN = {"ta01": 1231, "ta02": 1244, "ta11": 1357, "la21": 1046, "la38": 1196,
         "mk06": 57, "mk07": 139, "mk08": 523, "mk09": 307, "mk10": 189}  # fmt: skip


def plain_cp_sat(shop: JobShop, *, seconds: float, workers: int) -> int:
    """The makespan that the usual model of CP-SAT reaches, without a hint."""
    model = cp_model.CpModel()
    horizon = sum(max(time for _, time in operation) for job in shop.jobs for operation in job)
    on_machine: list[list[cp_model.IntervalVar]] = [[] for _ in range(shop.machines)]
    makespan = model.new_int_var(0, horizon, "makespan")
    for job in shop.jobs:
        ready: cp_model.LinearExprT = 0
        for operation in job:
            start, end = model.new_int_var(0, horizon, ""), model.new_int_var(0, horizon, "")
            chosen = []
            for machine, minutes in operation:
                here = model.new_bool_var("")
                on_machine[machine].append(model.new_optional_interval_var(start, minutes, end, here, ""))
                chosen.append(here)
            model.add_exactly_one(chosen)
            model.add(start >= ready)
            ready = end
        model.add(makespan >= ready)
    for intervals in on_machine:
        model.add_no_overlap(intervals)
    model.minimize(makespan)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds, solver.parameters.num_workers = seconds, workers
    status = solver.solve(model)
    return int(solver.objective_value) if status in (cp_model.OPTIMAL, cp_model.FEASIBLE) else horizon


def main() -> None:
    """Print a row for each instance."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--best", action="append", default=[])
    arguments = parser.parse_args()
    best = dict(KNOWN)
    with (DATA / "best_known.csv").open(encoding="utf-8") as file:
        best |= {row["instance"]: int(row["upper_bound"]) for row in csv.DictReader(file) if row["upper_bound"]}
    best |= {name: int(value) for name, value in (one.split("=") for one in arguments.best)}
    names = ["ft10", *(f"la{n}" for n in range(16, 21)), *(f"orb0{n}" for n in range(1, 6)), "ta01"]
    names += [f"mk0{n}" for n in range(1, 6)]
    files = arguments.files or [file for name in names for file in DATA.rglob(f"{name}.txt")]
    prepare_search()
    print("| instance | best known | found | off | bound | seconds | plain CP-SAT off |\n|---|---|---|---|---|---|---|")
    for path in files:
        shop, name = read_job_shop(path), path.stem
        began = time.monotonic()
        found = solve_job_shop(shop, seconds=arguments.seconds, workers=arguments.workers)
        took = time.monotonic() - began
        known = best.get(name, found.bound)
        plain = ""
        if arguments.plain:
            reached = plain_cp_sat(shop, seconds=arguments.seconds, workers=arguments.workers)
            plain = f"{100 * (reached / known - 1):.1f} %"
        off = f"{100 * (found.makespan / known - 1):.1f} %"
        print(f"| {name} | {known} | {found.makespan} | {off} | {found.bound} | {took:.0f} | {plain} |", flush=True)


if __name__ == "__main__":
    main()
