"""Warnings of bad units against a plain random forest, both learned on earlier units and judged on the same later ones.

python -m benchmarks.early_warning [--set ai4i2020]     (data under JASANG_DATA, default ../shared)
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np
from sklearn.ensemble import RandomForestClassifier

from jasang.analyze.drivers import NumericColumn
from jasang.analyze.early_warning import (
    WarningProblem,
    average_precision,
    blocked_folds,
    earlier_and_later,
    grouped_folds,
    judge_warning,
    precision_recall,
)
from jasang.diagnose.warning_problem import warning_table
from jasang.mentor.factory_data import open_factory

DATA = Path(os.environ.get("JASANG_DATA", Path(__file__).resolve().parents[2] / "shared")) / "data"
Splits = list[tuple[np.ndarray, np.ndarray]]


def problem_of(name: str) -> WarningProblem:
    """The set as the command reads it: roles inferred, copies out, columns written afterwards out."""
    with open_factory(DATA / name) as data:
        for table in data.evidence.tables:
            made = warning_table(table)
            if made is not None:
                return made.problem
    raise SystemExit(f"{name}: no table with a verdict")


def later_of_each_product(problem: WarningProblem) -> Splits:
    """The first 70 % of each product's (mould's) units to learn from, the last 30 % to judge on."""
    earlier = np.zeros(problem.rows, dtype=bool)
    for code in np.unique(problem.product):
        rows = np.flatnonzero(problem.product == code)
        earlier[rows[: int(0.7 * rows.size)]] = True
    return [(np.flatnonzero(earlier), np.flatnonzero(~earlier))]


def plain_matrix(problem: WarningProblem) -> np.ndarray:
    """The columns as they are, contexts as codes."""
    parts = [c.values if isinstance(c, NumericColumn) else c.codes.astype(np.float64) for c in problem.columns]
    return np.column_stack([*parts, problem.product.astype(np.float64)])


def plain_forest(problem: WarningProblem, splits: Splits) -> tuple[float, float, float]:
    """PR-AUC, F1 at a probability of 0.5, and best F1 with hindsight, of scikit-learn's forest with its defaults."""
    matrix, rows, score = plain_matrix(problem), [], []
    for earlier, later in splits:
        model = RandomForestClassifier(100, random_state=0).fit(matrix[earlier], problem.outcome[earlier])
        rows.append(later)
        score.append(model.predict_proba(matrix[later])[:, 1])
    place, found = np.concatenate(rows), np.concatenate(score)
    bad = problem.outcome[place]
    caught = float((bad[found >= 0.5] > 0.5).sum())
    f1 = 2 * caught / max(float((found >= 0.5).sum()) + float(bad.sum()), 1e-9)
    _, precision, recall = precision_recall(found, bad)
    best = float((2 * precision * recall / np.maximum(precision + recall, 1e-9)).max())
    return average_precision(found, bad), f1, best


def compare(name: str, words: str, problem: WarningProblem, splits: Splits, *, in_time: bool = True) -> None:
    """One line of the table."""
    begun = time.process_time()
    judged = judge_warning(problem, splits=splits, protocol="later" if in_time else "grouped")
    spent = time.process_time() - begun
    area, f1, best = plain_forest(problem, splits)
    ours, at = judged.average_precision, judged.f1
    print(
        f"| `{name}` {words} | {int(judged.bad.sum())} of {judged.bad.size:,} "
        f"| {ours.value:.3f} ({ours.low:.2f}–{ours.high:.2f}) | {area:.3f} "
        f"| {at.value:.3f} ({at.low:.2f}–{at.high:.2f}) | {f1:.3f} / {best:.3f} | {judged.refused or 'told'} | {spent:.1f} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", choices=("ai4i2020", "kamp_diecasting", "kamp_injection_cn7"))
    only = parser.parse_args().set
    print(
        "| set, split | bad judged | PR-AUC ours | plain forest | F1 ours | plain forest at 0.5 / best | verdict | CPU s |"
    )
    print("|---|---|---|---|---|---|---|---|")
    if only in (None, "ai4i2020"):
        problem = problem_of("ai4i2020")
        for share in (0.5, 0.6, 0.7, 0.8):
            compare("ai4i2020", f"first {share:.0%}", problem, [earlier_and_later(problem, share)])
    if only in (None, "kamp_diecasting"):
        problem = problem_of("kamp_diecasting")
        compare("kamp_diecasting", "70 % of each mould", problem, later_of_each_product(problem))
        compare("kamp_diecasting", "first 70 %", problem, [earlier_and_later(problem, 0.7)])
    if only in (None, "kamp_injection_cn7"):
        problem = problem_of("kamp_injection_cn7")
        rows = np.flatnonzero(~np.isnan(problem.outcome))
        for seed in range(3):
            folds = grouped_folds(problem, rows, seed=seed)
            compare("kamp_injection_cn7", f"5 folds of shots, seed {seed}", problem, folds, in_time=False)
        compare("kamp_injection_cn7", "5 stretches of time", problem, blocked_folds(problem, rows))
        compare("kamp_injection_cn7", "first 70 %", problem, [earlier_and_later(problem, 0.7)])


if __name__ == "__main__":
    main()
