"""Learn to warn: features by plan, trees, a calibrated probability and the threshold that costs least.

Everything that is chosen (history or not, combinations or not, which trees, calibration, threshold) is chosen by rolling origin
inside the units to learn from: learned on the earlier of them, judged on the next. Later units have no say.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from jasang.analyze.early_warning.combinations import combine
from jasang.analyze.early_warning.features import FeaturePlan, make_features, plan_features, with_combinations
from jasang.analyze.early_warning.folds import grouped_folds, inner_folds
from jasang.analyze.early_warning.problem import Aim, WarningCosts, WarningProblem
from jasang.analyze.early_warning.scores import (
    average_precision,
    best_f1_threshold,
    calibrate,
    calibrated,
    least_cost_threshold,
)
from jasang.analyze.early_warning.trees import Grown, Trees, grow_boosted, grow_forest, predict

Learner = Literal["forest", "boosted", "both"]
Effort = Literal["full", "quick"]

LEAST_BAD = 12  # bad units to learn from; fewer teach a tree nothing that holds
_MOST_GOOD = {"full": 12000, "quick": 3000}  # good units learned from; the others are stood for by weights
_FOREST_CELLS = 500_000  # rows × features a forest is tried on; beyond it takes minutes
_FEW_COLUMNS = 8  # so few are combined in a quick fit as well
_CLEARLY = 0.01  # average precision by which the larger set of features must win
_INNER_TREES = 40
_FOREST_TREES = 120
_BOOSTED_TREES = {"full": 150, "quick": 60}


class TooFewBad(ValueError):
    """There are not enough bad (or good) units to learn from; `found` and `needed` say how many."""

    def __init__(self, found: int, needed: int = LEAST_BAD) -> None:
        super().__init__(f"{found} bad units to learn from, at least {needed} are needed, and as many good ones")
        self.found = found
        self.needed = needed


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningModel:
    """What was learned: `warning_probability` of a unit, and the threshold from which on to warn.

    `calibration` are intercept and slope of the log-odds. `gains` is the share of each feature of the plan in what the trees
    gained, shape (features,). `inner_precision` is the average precision of the rolling origin inside the units learned from.
    """

    plan: FeaturePlan
    learner: Learner
    trees: tuple[Trees, ...]
    calibration: tuple[float, float]
    threshold: float
    aim: Aim
    costs: WarningCosts | None
    gains: np.ndarray
    learned: int
    bad: int
    inner_precision: float

    @property
    def columns(self) -> tuple[tuple[str, float], ...]:
        """The columns by their share in what the trees gained, the largest first; a combination's share goes to both halves."""
        share: dict[str, float] = {}
        own = (*self.plan.numbers, *(level.name for level in self.plan.levels))
        fixed = len(self.plan.names) - len(self.plan.combinations)
        for place, (kind, name) in enumerate(self.plan.names):
            if place < fixed:
                parts = [name or kind]
            else:
                one = self.plan.combinations[place - fixed]
                parts = [own[one.left], own[one.right]]
            for part in parts:
                share[part] = share.get(part, 0.0) + float(self.gains[place]) / len(parts)
        return tuple(sorted(share.items(), key=lambda item: -item[1]))


def fit_warning(
    problem: WarningProblem,
    learn: np.ndarray | None = None,
    *,
    costs: WarningCosts | None = None,
    aim: Aim | None = None,
    effort: Effort = "full",
    in_time: bool = True,
    like: WarningModel | None = None,
) -> WarningModel:
    """Learn from the rows `learn` (places or truth values; default all with a known result).

    Parameters
    ----------
    costs : cost of a miss and of a false warning; with them the threshold costs least.
    aim : "cost" (needs `costs`) or "f1", the threshold of the best F1; default "cost" where costs are given, else "f1".
    effort : "quick" takes about a second on 50,000 units and 20 columns, "full" some seconds.
    in_time : choose by time-ordered folds inside `learn`; `False` only where judging deals groups out at random too.
    like : take the kinds of features and trees of this model instead of choosing them again.

    Raises
    ------
    TooFewBad
        Fewer than 12 bad or good units to learn from.
    """
    rows = _rows(problem, learn)
    bad = problem.outcome[rows]
    if min(bad.sum(), (1 - bad).sum()) < LEAST_BAD:
        raise TooFewBad(int(min(bad.sum(), (1 - bad).sum())))
    aim = aim or ("cost" if costs is not None else "f1")
    if aim == "cost" and costs is None:
        raise ValueError("aim 'cost' needs costs")
    lesson = _Lesson(problem, rows, effort, in_time)
    plan, matrix = lesson.choose_features() if like is None else lesson.features_like(like.plan)
    learner, inner_bad, inner = lesson.choose_learner(matrix, None if like is None else like.learner)
    calibration = calibrate(inner, inner_bad)
    probability = calibrated(inner, calibration)
    if aim == "cost" and costs is not None:
        threshold = least_cost_threshold(probability, inner_bad, costs)
    else:
        threshold = best_f1_threshold(probability, inner_bad)
    grown = lesson.grow(matrix, lesson.sample(rows), learner, final=True)
    gains = np.mean([one.gains / max(float(one.gains.sum()), 1e-300) for one in grown], axis=0)
    return WarningModel(
        plan=plan,
        learner=learner,
        trees=tuple(one.trees for one in grown),
        calibration=calibration,
        threshold=threshold,
        aim=aim,
        costs=costs,
        gains=gains,
        learned=int(rows.size),
        bad=int(bad.sum()),
        inner_precision=average_precision(inner, inner_bad),
    )


def warning_probability(model: WarningModel, problem: WarningProblem, rows: np.ndarray | None = None) -> np.ndarray:
    """Calibrated probability that each unit is bad, shape (rows,); `rows` (places) limits it to some units.

    The units that went before must be part of `problem`: steps and rolling means look back at them.

    Raises
    ------
    ValueError
        The model needs a column that the problem does not have.
    """
    matrix = make_features(model.plan, problem)
    return matrix_probability(model, matrix if rows is None else matrix[rows])


def matrix_probability(model: WarningModel, matrix: np.ndarray) -> np.ndarray:
    """`warning_probability` of features made before, shape (rows, features of the plan)."""
    raw: np.ndarray = np.mean([predict(one, matrix) for one in model.trees], axis=0)
    return calibrated(raw, model.calibration)


def _rows(problem: WarningProblem, learn: np.ndarray | None) -> np.ndarray:
    known = ~np.isnan(problem.outcome)
    if learn is None:
        return np.flatnonzero(known)
    learn = np.asarray(learn)
    places = np.flatnonzero(learn) if learn.dtype == bool else np.sort(learn)
    kept: np.ndarray = places[known[places]]
    return kept


class _Lesson:
    """One fit: the rows to learn from, the folds inside them, and how much effort to spend."""

    def __init__(self, problem: WarningProblem, rows: np.ndarray, effort: Effort, in_time: bool) -> None:
        self.problem = problem
        self.rows = rows
        self.effort = effort
        count = 3 if effort == "full" else 2
        self.folds = inner_folds(problem, rows, folds=count) if in_time else grouped_folds(problem, rows, folds=count)

    def sample(self, rows: np.ndarray) -> tuple[np.ndarray, float]:
        """Rows to grow trees on: all bad units and some of the good ones, and how many each of those stands for."""
        bad = self.problem.outcome[rows] > 0.5
        good = rows[~bad]
        most = _MOST_GOOD[self.effort]
        if good.size <= most:
            return rows, 1.0
        # Not every n-th: two moulds in turn would leave one of them out.
        kept = np.random.default_rng(good.size).choice(good, most, replace=False)
        return np.sort(np.concatenate([rows[bad], kept])), good.size / most

    def choose_features(self) -> tuple[FeaturePlan, np.ndarray]:
        """With or without history, with or without combinations: the smallest set that is not clearly beaten."""
        problem = self.problem
        rows = self.sample(self.rows)[0]
        bad = problem.outcome[rows]
        plan = plan_features(problem, self.rows, history=True)
        matrix = make_features(plan, problem)
        without = plan_features(problem, self.rows, history=False)
        fixed = len(without.numbers) + len(without.levels)
        if self.effort == "quick":
            return (plan, matrix) if fixed > _FEW_COLUMNS else self.with_combined(plan, matrix)
        combined = with_combinations(without, matrix[rows], bad)
        count = len(combined.combinations)
        mixed = np.column_stack([matrix[:, :0], *(combine(matrix[:, :fixed], one) for one in combined.combinations)])
        results = [len(plan.names) - 1] if plan.results else []
        plain = np.concatenate([matrix[:, :fixed], matrix[:, results]], axis=1)
        sets: list[tuple[FeaturePlan, np.ndarray]] = [(without, plain)]
        if count:
            sets.append((combined, np.concatenate([plain, mixed], axis=1)))
        sets.append((plan, matrix))
        if count:
            both = replace(plan, combinations=combined.combinations)
            sets.append((both, np.concatenate([matrix, mixed], axis=1)))
        best, best_score = sets[0], -1.0
        for one in sets:
            seen, inner = self.rolled(one[1], "boosted")
            score = average_precision(inner, seen)
            if score > best_score + _CLEARLY:
                best, best_score = one, score
        return best

    def features_like(self, like: FeaturePlan) -> tuple[FeaturePlan, np.ndarray]:
        """Features of the same kinds, chosen on the rows of this lesson."""
        plan = plan_features(self.problem, self.rows, history=like.history)
        matrix = make_features(plan, self.problem)
        return self.with_combined(plan, matrix) if like.combinations else (plan, matrix)

    def with_combined(self, plan: FeaturePlan, matrix: np.ndarray) -> tuple[FeaturePlan, np.ndarray]:
        """The plan and its features with combinations added."""
        rows = self.sample(self.rows)[0]
        combined = with_combinations(plan, matrix[rows], self.problem.outcome[rows])
        plain = matrix[:, : len(plan.numbers) + len(plan.levels)]
        return combined, np.column_stack([matrix, *(combine(plain, one) for one in combined.combinations)])

    def choose_learner(self, matrix: np.ndarray, like: Learner | None = None) -> tuple[Learner, np.ndarray, np.ndarray]:
        """Both kinds of trees unless one does clearly better alone, with results and raw probabilities of the rolling origin."""
        if like is not None:
            return like, *self.rolled(matrix, like)
        bad, boosted = self.rolled(matrix, "boosted")
        sampled = self.sample(self.rows)[0].size
        if self.effort == "quick" or sampled * matrix.shape[1] > _FOREST_CELLS:
            return "boosted", bad, boosted
        forest = self.rolled(matrix, "forest")[1]
        found: dict[Learner, np.ndarray] = {"both": (boosted + forest) / 2, "forest": forest, "boosted": boosted}
        area = {name: average_precision(raw, bad) for name, raw in found.items()}
        best: Learner = max(found, key=lambda name: area[name] + _CLEARLY * (name == "both"))
        return best, bad, found[best]

    def rolled(self, matrix: np.ndarray, learner: Learner) -> tuple[np.ndarray, np.ndarray]:
        """Results and raw probabilities of the judged rows of all inner folds."""
        results, raw = [], []
        for earlier, later in self.folds:
            grown = self.grow(matrix, self.sample(earlier), learner, final=False)
            raw.append(np.mean([predict(one.trees, matrix[later]) for one in grown], axis=0))
            results.append(self.problem.outcome[later])
        return np.concatenate(results), np.concatenate(raw)

    def grow(
        self, matrix: np.ndarray, sample: tuple[np.ndarray, float], learner: Learner, *, final: bool
    ) -> list[Grown]:
        """The trees of the learner on the sampled rows; fewer of them while choosing."""
        rows, stands_for = sample
        bad = self.problem.outcome[rows]
        grown = []
        if learner != "boosted":
            grown.append(grow_forest(matrix[rows], bad, stands_for, trees=_FOREST_TREES if final else _INNER_TREES))
        if learner != "forest":
            grown.append(grow_boosted(matrix[rows], bad, stands_for, trees=_BOOSTED_TREES[self.effort]))
        return grown
