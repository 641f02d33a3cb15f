"""Assignment and expo against bounds, HiGHS and CP-SAT with the same wall time: `python -m benchmarks.assignment`.

`--only mentors|teams|expo`, `--seconds`, `--seeds`, `--no-peers`. One process; seconds are of the wall.
"""

import argparse
import time

import numpy as np
import scipy.sparse as sp
from ortools.sat.python import cp_model
from scipy.optimize import Bounds, LinearConstraint, milp

from benchmarks.assignment_instances import programme
from benchmarks.expo_instances import expo
from jasang.optimize.assignment import AssignmentProblem, check_assignment, solve_assignment
from jasang.optimize.assignment.scoring import score_pairs
from jasang.optimize.meetings import check_meetings, plan_meetings, replan_meetings


def arrays(problem: AssignmentProblem) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores with -inf where forbidden, days of factories and of mentors."""
    scores = score_pairs(problem)
    score = np.where(scores.reason == 0, scores.total, -np.inf)
    return (
        score,
        np.array([one.days for one in problem.factories]),
        np.array([one.days for one in problem.mentors], float),
    )


def highs(problem: AssignmentProblem, seconds: float) -> float | None:
    """The objective of HiGHS on the whole programme."""
    score, load, capacity = arrays(problem)
    i, j = np.nonzero(np.isfinite(score))
    (n, m), number = score.shape, np.arange(i.size)
    each = sp.csr_matrix((np.ones(i.size), (i, number)), (n, i.size))
    days = sp.csr_matrix((load[i].astype(float), (j, number)), (m, i.size))
    limits = [LinearConstraint(each, 1, 1), LinearConstraint(days, -np.inf, capacity)]
    answer = milp(
        -score[i, j],
        constraints=limits,
        integrality=np.ones(i.size),
        bounds=Bounds(0, 1),
        options={"time_limit": seconds},
    )
    return None if answer.x is None else float(-answer.fun)


def cp_sat(problem: AssignmentProblem, seconds: float) -> float | None:
    """The objective of CP-SAT with two workers; the time to build its model is not counted."""
    score, load, capacity = arrays(problem)
    model = cp_model.CpModel()
    rows: list[list[cp_model.IntVar]] = [[] for _ in load]
    columns: list[list[tuple[cp_model.IntVar, int]]] = [[] for _ in capacity]
    terms, weights = [], []
    for i, j in zip(*np.nonzero(np.isfinite(score)), strict=True):
        one = model.new_bool_var("")
        rows[i].append(one)
        columns[j].append((one, int(load[i])))
        terms.append(one)
        weights.append(round(1000 * score[i, j]))
    for row in rows:
        model.add_exactly_one(row)
    for column, limit in zip(columns, capacity, strict=True):
        model.add(sum(days * one for one, days in column) <= int(limit))
    model.maximize(cp_model.LinearExpr.weighted_sum(terms, weights))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds, solver.parameters.num_workers = seconds, 2
    status = solver.solve(model)
    return solver.objective_value / 1000 if status in (cp_model.OPTIMAL, cp_model.FEASIBLE) else None


def mentors(seconds: float, seeds: int, peers: bool) -> None:
    """Single mentors by tightness, with peers on the first seed."""
    for use in (0.7, 0.9, 0.98):
        for calendar in (False, True) if use == 0.9 else (False,):
            gaps, used = [], []
            for seed in range(seeds):
                problem = programme(use=use, seed=seed, calendar=calendar)
                answer = solve_assignment(problem, seconds=seconds, seed=seed)
                broken = check_assignment(problem, answer)
                if broken or answer.unserved:
                    print(
                        f"  use {use}, seed {seed}: {len(answer.unserved)} unserved, broken: {[one.en for one in broken[:3]]}"
                    )
                gaps.append(answer.gap)
                used.append(answer.seconds)
            name = f"use {use:.0%}" + (", residencies" if calendar else "")
            print(f"{name}: gap {spread(gaps)} in {max(used):.1f} s", flush=True)
            if peers and not calendar:
                problem = programme(use=use, seed=0)
                bound = solve_assignment(problem, seconds=2).bound
                for peer in (highs, cp_sat):
                    found = peer(problem, seconds)
                    print(
                        f"  {peer.__name__}: {'nothing' if found is None else f'gap {(bound - found) / bound:.2%}'}",
                        flush=True,
                    )


def teams(seconds: float, seeds: int) -> None:
    """Teams of three, formed and sent, in three times the seconds."""
    for use in (0.7, 0.85):
        gaps = []
        for seed in range(seeds):
            problem = programme(use=use, seed=seed, teams=True)
            answer = solve_assignment(problem, seconds=seconds, seed=seed)
            print(f"  seed {seed}: unserved {len(answer.unserved)}, broken {len(check_assignment(problem, answer))}")
            gaps.append(answer.gap)
        print(f"teams, use {use:.0%}: gap {spread(gaps)}", flush=True)


def expos(seeds: int) -> None:
    """The expo, and its plan anew without a tenth of the parties."""
    for tables in (0.9, 0.6):
        rows = []
        for seed in range(seeds):
            problem = expo(seed=seed, tables=tables)
            plan = plan_meetings(problem, seed=seed)
            random = np.random.default_rng(seed)
            parties = [one.id for one in (*problem.suppliers, *problem.buyers)]
            absent = [name for name in parties if random.random() < 0.1]
            began = time.perf_counter()
            anew = replan_meetings(problem, plan, absent=absent, now=(1, 1))
            took = time.perf_counter() - began
            broken = len(check_meetings(problem, plan)) + len(check_meetings(problem, anew))
            stayed = len(plan.meetings) - len(anew.cancelled)
            rows.append((plan.gap, plan.seconds, anew.gap, took, anew.moved / stayed, broken))
        gap, seconds, gap_anew, took, moved, broken_all = map(np.array, zip(*rows, strict=True))
        print(
            f"expo, {tables} tables a buyer: gap {spread(gap)} in {seconds.max():.1f} s; "
            f"anew {spread(gap_anew)} in {took.max():.1f} s, moved {moved.max():.1%}, broken {broken_all.sum()}",
            flush=True,
        )


def spread(values: "list[float] | np.ndarray") -> str:
    """Median and range in per cent."""
    return f"{np.median(values):.2%} ({np.min(values):.2%} to {np.max(values):.2%})"


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("mentors", "teams", "expo"))
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--no-peers", action="store_true")
    chosen = parser.parse_args()
    if chosen.only in (None, "mentors"):
        mentors(chosen.seconds, chosen.seeds, not chosen.no_peers)
    if chosen.only in (None, "teams"):
        teams(3 * chosen.seconds, chosen.seeds)
    if chosen.only in (None, "expo"):
        expos(chosen.seeds)


if __name__ == "__main__":
    main()
