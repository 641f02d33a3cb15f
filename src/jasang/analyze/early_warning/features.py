"""Columns for the model, made by one procedure for every factory: the columns themselves, what went before each unit, and the
combinations of two that part bad from good. What the procedure chose on the units to learn from is kept as a plan.
"""

from dataclasses import dataclass, replace

import numpy as np

from jasang.analyze.drivers import CategoricalColumn, NumericColumn
from jasang.analyze.early_warning.combinations import SIGNS, Combination, combine, find_combinations
from jasang.analyze.early_warning.history import known_results, pauses, places_in_run, steps, stop_length
from jasang.analyze.early_warning.problem import WarningProblem
from jasang.analyze.early_warning.trees import grow_boosted

MOST_COLUMNS = 60  # of a wide table, the best ones of a quick model of each column alone
MOST_COMBINED = 10  # columns that are combined with each other
MOST_COMBINATIONS = 8
_PRIOR_UNITS = 20.0  # a level is believed to be like all others until it has shown so many units
_BINS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """A context as a number: the bad rate of each level among the units learned from, drawn towards the overall rate."""

    name: str
    rates: dict[str, float]
    other: float  # for a level that was never seen


@dataclass(frozen=True, slots=True, kw_only=True)
class FeaturePlan:
    """Which columns the model looks at, so that the same can be made for new units."""

    numbers: tuple[str, ...]
    levels: tuple[Levels, ...]
    history: bool
    pause: bool
    stop: float | None  # s; the shortest pause that starts a new run
    results: bool
    combinations: tuple[Combination, ...] = ()  # of the places in numbers, then levels

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        """Kind and column of each feature: ("value", "torque"), ("step", "torque"), ("product", "torque × speed") …"""
        own = [("value", name) for name in (*self.numbers, *(level.name for level in self.levels))]
        names = [name for _, name in own]
        if self.history:
            own += [(kind, name) for kind in ("step", "away", "spread") for name in self.numbers]
        own += [("pause", "")] * self.pause + [("run", "")] * (self.stop is not None) + [("results", "")] * self.results
        own += [(c.operation, f"{names[c.left]} {SIGNS[c.operation]} {names[c.right]}") for c in self.combinations]
        return tuple(own)


def plan_features(problem: WarningProblem, learn: np.ndarray, *, history: bool = True) -> FeaturePlan:
    """Choose the columns on the rows to `learn` from (places, ascending). Combinations are chosen later (`with_combinations`)."""
    bad = problem.outcome[learn]
    numeric = [column for column in problem.columns if isinstance(column, NumericColumn)]
    scored = [(_told(column.values[learn], bad), column.name) for column in numeric]
    chosen = {name for told, name in sorted(scored, reverse=True)[:MOST_COLUMNS] if told >= 0}
    categories = [c for c in problem.columns if isinstance(c, CategoricalColumn)]
    levels = [_levels(c.name, c.codes[learn], c.levels, bad) for c in categories]
    for name, codes, named in (
        ("product", problem.product, problem.products),
        ("asset", problem.asset, problem.assets),
    ):
        if np.unique(codes[learn]).size > 1 and name not in {c.name for c in problem.columns}:
            levels.append(_levels(name, codes[learn], _level_names(codes, named), bad))
    seconds = problem.seconds
    timed = seconds is not None and bool(np.isnan(seconds).mean() < 0.05)
    return FeaturePlan(
        numbers=tuple(column.name for column in numeric if column.name in chosen),
        levels=tuple(level for level in levels if len(level.rates) > 1),
        history=history,
        pause=timed and history,
        stop=stop_length(seconds[learn], problem.asset[learn]) if timed and history and seconds is not None else None,
        results=timed and problem.results_after is not None,
    )


def make_features(plan: FeaturePlan, problem: WarningProblem) -> np.ndarray:
    """The features of every unit, float64, shape (rows, features), NaN where unknown. No feature looks at a later unit.

    Raises
    ------
    ValueError
        A column of the plan is missing.
    """
    plain = _plain(plan, problem)
    parts = [plain]
    if plan.history and plan.numbers:
        parts += steps(plain[:, : len(plan.numbers)], problem.asset, problem.product)
    parts += [column[:, None] for column in _timed(plan, problem)]
    parts += [combine(plain, one)[:, None] for one in plan.combinations]
    made = np.concatenate(parts, axis=1)
    made[~np.isfinite(made)] = np.nan
    return made


def with_combinations(
    plan: FeaturePlan, matrix: np.ndarray, bad: np.ndarray, most: int = MOST_COMBINATIONS
) -> FeaturePlan:
    """The plan with the combinations chosen on rows to learn from. `matrix` are their features by `plan`."""
    count = len(plan.numbers) + len(plan.levels)
    plain = matrix[:, :count]
    if count < 2 or most < 1:
        return plan
    columns = np.arange(count)
    if count > MOST_COMBINED:
        gains = grow_boosted(plain, bad, trees=40, leaves=8).gains
        columns = np.sort(np.argsort(-gains, kind="stable")[:MOST_COMBINED])
    return replace(plan, combinations=find_combinations(plain, bad, columns, most=most))


def _plain(plan: FeaturePlan, problem: WarningProblem) -> np.ndarray:
    """The columns themselves, contexts as rates."""
    made = np.full((problem.rows, len(plan.numbers) + len(plan.levels)), np.nan)
    by_name = {column.name: column for column in problem.columns}
    missing = [name for name in (*plan.numbers, *(level.name for level in plan.levels)) if name not in by_name]
    missing = [name for name in missing if name not in ("product", "asset")]
    if missing:
        raise ValueError(f"the model needs the columns {missing}, the data has {sorted(by_name)}")
    for place, name in enumerate(plan.numbers):
        column = by_name[name]
        if not isinstance(column, NumericColumn):
            raise ValueError(f"the model needs {name!r} as a number, the data has it as texts")
        made[:, place] = column.values
    for place, level in enumerate(plan.levels, start=len(plan.numbers)):
        made[:, place] = _rates(level, problem)
    return made


def _rates(level: Levels, problem: WarningProblem) -> np.ndarray:
    found = next((c for c in problem.columns if c.name == level.name), None)
    if isinstance(found, CategoricalColumn):
        codes, names = found.codes, found.levels
    elif isinstance(found, NumericColumn):
        raise ValueError(f"the model needs {level.name!r} as texts, the data has it as a number")
    else:
        product = level.name == "product"
        codes = problem.product if product else problem.asset
        names = _level_names(codes, problem.products if product else problem.assets)
    table = np.array([*(level.rates.get(name, level.other) for name in names), np.nan])
    rates: np.ndarray = table[codes]
    return rates


def _level_names(codes: np.ndarray, named: tuple[str, ...]) -> tuple[str, ...]:
    return named or tuple(map(str, range(int(codes.max(initial=-1)) + 1)))


def _timed(plan: FeaturePlan, problem: WarningProblem) -> list[np.ndarray]:
    seconds = problem.seconds
    blank = np.full(problem.rows, np.nan)
    made = []
    if plan.pause:
        made.append(blank if seconds is None else pauses(seconds, problem.asset))
    if plan.stop is not None:
        made.append(blank if seconds is None else places_in_run(seconds, problem.asset, plan.stop))
    if plan.results:
        known = seconds is not None and problem.results_after is not None
        made.append(
            known_results(problem.outcome, seconds, problem.asset, problem.product, problem.results_after)
            if known and seconds is not None and problem.results_after is not None
            else blank
        )
    return made


def _levels(name: str, codes: np.ndarray, levels: tuple[str, ...], bad: np.ndarray) -> Levels:
    known = codes >= 0
    overall = float(bad.mean())
    count = np.bincount(codes[known], minlength=len(levels))
    hits = np.bincount(codes[known], weights=bad[known], minlength=len(levels))
    rates = (hits + _PRIOR_UNITS * overall) / (count + _PRIOR_UNITS)
    seen = {level: float(rates[code]) for code, level in enumerate(levels) if count[code]}
    return Levels(name=name, rates=seen, other=overall)


def _told(values: np.ndarray, bad: np.ndarray) -> float:
    """How much the column alone tells of bad (log-likelihood ratio over quantile bins); -1 for one that does not change."""
    known = values[~np.isnan(values)]
    if known.size == 0 or known.min() == known.max():
        return -1.0
    edges = np.unique(np.quantile(known[:: max(1, known.size // 4000)], np.linspace(0, 1, _BINS + 1)[1:-1]))
    place = np.searchsorted(edges, values, side="right")
    place[np.isnan(values)] = edges.size + 1
    count = np.bincount(place, minlength=edges.size + 2)
    hits = np.bincount(place, weights=bad, minlength=edges.size + 2)
    rate, overall = hits / np.maximum(count, 1), float(bad.mean())
    with np.errstate(divide="ignore", invalid="ignore"):
        good = (count - hits) * np.log((1 - rate) / (1 - overall))
        wrong = hits * np.log(rate / overall)
    return float(np.nansum(good) + np.nansum(wrong))
