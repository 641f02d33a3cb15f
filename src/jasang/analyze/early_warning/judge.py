"""How good warnings would have been: learned on earlier units, judged on later ones, with intervals; refused where not proven."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from jasang.analyze.early_warning.features import make_features, plan_features
from jasang.analyze.early_warning.folds import blocked_folds, earlier_and_later, grouped_folds, groups, rolling_origins
from jasang.analyze.early_warning.model import (
    LEAST_BAD,
    Effort,
    TooFewBad,
    WarningModel,
    fit_warning,
    warning_probability,
)
from jasang.analyze.early_warning.problem import Aim, WarningCosts, WarningProblem
from jasang.analyze.early_warning.scores import (
    Counts,
    average_precision,
    count_warnings,
    precision_recall,
    ranked_precision,
)
from jasang.analyze.early_warning.trees import grow_boosted, leaf_values

Refusal = Literal["too_few_bad", "too_few_bad_later", "no_columns", "no_better_than_chance"]
Protocol = Literal["later", "rolling", "blocked", "grouped"]

LEAST_JUDGED = 8  # bad units to judge on
_BLOCKS = 60  # blocks of the bootstrap at most
_DRAWS = 400
_LOOK_GOOD = 2000  # good units of a first look
_SEED = 20191


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure with its 95 % interval from the block bootstrap."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningJudgement:
    """What the judged units say of the warnings.

    `rows` are the judged units (places), in order of time; `probability` and `bad` theirs; `warned` whether they got a warning
    at the threshold that was chosen without them. `refused` is `None` where the warnings can be trusted. `p_value` is the chance
    that results shifted against the warnings in time go with them as well (circular shifts). `cost_saved` is per judged unit,
    in the currency of the costs, against no warnings at all.
    """

    protocol: Protocol
    refused: Refusal | None
    rows: np.ndarray
    probability: np.ndarray
    bad: np.ndarray
    warned: np.ndarray
    counts: Counts
    average_precision: Interval
    precision: Interval
    recall: Interval
    f1: Interval
    mcc: Interval
    p_value: float
    expected_bad: float  # sum of the probabilities: what calibration promises
    warnings_per_day: float | None
    cost_saved: Interval | None
    learned: int
    learned_bad: int
    columns: tuple[tuple[str, float], ...]  # of the last model, with their share in what it gained

    @property
    def base_rate(self) -> float:
        """Share of bad units among those judged: the average precision of warnings by lot."""
        return float(self.bad.mean()) if self.bad.size else 0.0

    def curve(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Thresholds, precision and recall on the judged units."""
        return precision_recall(self.probability, self.bad)


def judge_warning(
    problem: WarningProblem,
    *,
    protocol: Protocol = "rolling",
    share: float | None = None,
    blocks: int = 3,
    splits: list[tuple[np.ndarray, np.ndarray]] | None = None,
    costs: WarningCosts | None = None,
    aim: Aim | None = None,
    effort: Effort = "full",
) -> WarningJudgement:
    """Judge warnings on units that came after those they were learned from.

    Parameters
    ----------
    protocol : "rolling" learns on the first `share` (55 %) and judges the rest in `blocks` stretches, each learned from all
        before it; "later" learns once on the first `share` (70 %); "blocked" judges each of five stretches of time by the others,
        for data with too few bad units to be judged in order of time (how well, not how soon);
        "grouped" deals whole lots or shots out at random to five folds, as published results do: neighbours in time help
        each other, so it flatters.
    splits : places to learn from and to judge on, instead of the protocol's own.
    costs, aim, effort : see `fit_warning`.

    The judgement is refused (`refused`) where the bad units are too few, no column changes, or the 95 % interval of the Matthews
    correlation includes 0.
    """
    made = splits if splits is not None else _splits(problem, protocol, share, blocks)
    rows, probability, warned = [], [], []
    models: list[WarningModel] = []
    for earlier, later in made:
        try:
            model = fit_warning(
                problem,
                earlier,
                costs=costs,
                aim=aim,
                effort=effort,
                in_time=protocol != "grouped",
                like=models[0] if models and protocol == "rolling" else None,
            )
        except TooFewBad:
            continue
        found = warning_probability(model, problem, later)
        models.append(model)
        rows.append(later)
        probability.append(found)
        warned.append(found >= model.threshold)
    if not models:
        return _refused(problem, protocol, "too_few_bad" if problem.columns else "no_columns")
    places = np.concatenate(rows)
    order = np.argsort(places, kind="stable")
    return _judged(
        problem,
        protocol,
        places[order],
        np.concatenate(probability)[order],
        np.concatenate(warned)[order],
        models[-1],
        costs,
    )


def judge_model(model: WarningModel, problem: WarningProblem, rows: np.ndarray | None = None) -> WarningJudgement:
    """How a model that is there already does on units it did not learn from (places `rows`; default all with a result).

    Raises
    ------
    ValueError
        There is no unit with a result, or the problem lacks a column of the model.
    """
    known = np.flatnonzero(~np.isnan(problem.outcome))
    places = known if rows is None else np.intersect1d(rows, known)
    if places.size == 0:
        raise ValueError("there is no unit with a result to judge by")
    probability = warning_probability(model, problem, places)
    return _judged(problem, "later", places, probability, probability >= model.threshold, model, model.costs)


def first_look(problem: WarningProblem, share: float = 0.65) -> float:
    """Chance that what a small model learned on the first `share` of the units tells nothing of the later ones (circular shifts).

    A tenth of the work of `judge_warning`: where this is not small, the full judgement will not be either. 1.0 where bad units
    are too few to learn from or to judge by.
    """
    earlier, later = earlier_and_later(problem, share)
    bad = problem.outcome[earlier] > 0.5
    if min(bad.sum(), (~bad).sum()) < LEAST_BAD or not (problem.outcome[later] > 0.5).any():
        return 1.0
    plan = plan_features(problem, earlier, history=True)
    matrix = make_features(plan, problem)
    good = earlier[~bad]
    kept = np.random.default_rng(_SEED).choice(good, min(good.size, _LOOK_GOOD), replace=False)
    rows = np.sort(np.concatenate([earlier[bad], kept]))
    grown = grow_boosted(matrix[rows], problem.outcome[rows], trees=25, leaves=8)
    return shift_p_value(leaf_values(grown.trees, matrix[later]), problem.outcome[later])


def _splits(
    problem: WarningProblem, protocol: Protocol, share: float | None, blocks: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    if protocol == "later":
        return [earlier_and_later(problem, share or 0.7)]
    if protocol in ("blocked", "grouped"):
        known = np.flatnonzero(~np.isnan(problem.outcome))
        folds = blocked_folds if protocol == "blocked" else grouped_folds
        return folds(problem, known) if (problem.outcome[known] > 0.5).any() else []
    return rolling_origins(problem, first=share or 0.55, blocks=blocks)


def _judged(
    problem: WarningProblem,
    protocol: Protocol,
    rows: np.ndarray,
    probability: np.ndarray,
    warned: np.ndarray,
    model: WarningModel,
    costs: WarningCosts | None,
) -> WarningJudgement:
    bad = problem.outcome[rows]
    counts = count_warnings(warned, bad)
    block = _blocks(groups(problem)[rows])
    parts = int(block.max()) + 1
    draws = np.random.default_rng(_SEED).multinomial(parts, np.full(parts, 1 / parts), _DRAWS)
    tables = _block_counts(warned, bad, block)
    drawn = [Counts(caught=a, missed=b, false=c, quiet=d) for a, b, c, d in (draws @ tables).tolist()]
    known = [one for one in drawn if one.caught + one.missed > 0]
    order = np.argsort(-probability, kind="stable")  # once, not for every draw
    ranked = (probability[order], bad[order], block[order])
    areas = [ranked_precision(ranked[0], ranked[1], weight[ranked[2]].astype(np.float64)) for weight in draws[:200]]
    mcc = _interval(counts.mcc, [one.mcc for one in known])
    refused: Refusal | None = None
    if bad.sum() < LEAST_JUDGED:
        refused = "too_few_bad_later"
    elif mcc.low <= 0:
        refused = "no_better_than_chance"
    return WarningJudgement(
        protocol=protocol,
        refused=refused,
        rows=rows,
        probability=probability,
        bad=bad,
        warned=warned,
        counts=counts,
        average_precision=_interval(average_precision(probability, bad), [one for one in areas if one > 0]),
        precision=_interval(counts.precision, [one.precision for one in known if one.caught + one.false > 0]),
        recall=_interval(counts.recall, [one.recall for one in known]),
        f1=_interval(counts.f1, [one.f1 for one in known]),
        mcc=mcc,
        p_value=shift_p_value(probability, bad),
        expected_bad=float(probability.sum()),
        warnings_per_day=_per_day(problem, rows, warned),
        cost_saved=None if costs is None else _saved(counts, drawn, costs),
        learned=model.learned,
        learned_bad=model.bad,
        columns=model.columns,
    )


def _interval(value: float, draws: list[float]) -> Interval:
    if len(draws) < 50:
        return Interval(value=value, low=min(value, 0.0), high=1.0)
    low, high = np.quantile(draws, [0.025, 0.975])
    return Interval(value=value, low=min(float(low), value), high=max(float(high), value))


def _blocks(code: np.ndarray) -> np.ndarray:
    """Number of the block of time of each judged row: at most 60 of equal length, groups whole."""
    count = int(np.clip(code.size // 20, 2, _BLOCKS))
    place = np.arange(code.size) * count // max(code.size, 1)
    first = np.concatenate([[True], code[1:] != code[:-1]])
    starts: np.ndarray = place[np.flatnonzero(first)[np.cumsum(first) - 1]]
    numbers: np.ndarray = np.unique(starts, return_inverse=True)[1].ravel()
    return numbers


def _block_counts(warned: np.ndarray, bad: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Caught, missed, false and quiet of each block, shape (blocks, 4)."""
    wrong = bad > 0.5
    cells = (warned & wrong, ~warned & wrong, warned & ~wrong, ~warned & ~wrong)
    return np.column_stack([np.bincount(block, weights=cell, minlength=int(block.max()) + 1) for cell in cells])


def _saved(counts: Counts, drawn: list[Counts], costs: WarningCosts) -> Interval:
    def of(one: Counts) -> float:
        rows = one.caught + one.missed + one.false + one.quiet
        return (one.caught * costs.miss - (one.caught + one.false) * costs.false_warning) / max(rows, 1.0)

    low, high = np.quantile([of(one) for one in drawn], [0.025, 0.975])
    return Interval(value=of(counts), low=float(low), high=float(high))


def _per_day(problem: WarningProblem, rows: np.ndarray, warned: np.ndarray) -> float | None:
    """Warnings a day on which units were made."""
    if problem.seconds is None:
        return None
    days = np.floor(problem.seconds[rows] / 86400)
    count = np.unique(days[~np.isnan(days)]).size
    return float(warned.sum()) / count if count else None


def shift_p_value(score: np.ndarray, bad: np.ndarray) -> float:
    """Chance that results shifted in time against the scores go with them as well as the true ones do.

    All circular shifts but the nearest 1 % on either side, which are nearly the true ones; both keep their own slow course.
    Statistic: sum of the ranks of the bad units (Mann and Whitney 1947).
    """
    rows = score.size
    if rows < 40 or not 0 < bad.sum() < rows:
        return 1.0
    rank = np.argsort(np.argsort(score, kind="stable"), kind="stable").astype(np.float64)
    rank -= rank.mean()
    found = np.fft.irfft(np.fft.rfft(rank) * np.conj(np.fft.rfft((bad > 0.5).astype(np.float64))), rows)
    near = max(1, rows // 100)
    others = found[near : rows - near + 1]
    return float((1 + (others >= found[0] - 1e-6 * abs(found[0])).sum()) / (1 + others.size))


def _refused(problem: WarningProblem, protocol: Protocol, why: Refusal) -> WarningJudgement:
    nothing, blank = np.empty(0), Interval(value=0.0, low=0.0, high=1.0)
    known = problem.outcome[~np.isnan(problem.outcome)]
    return WarningJudgement(
        protocol=protocol,
        refused=why,
        rows=np.empty(0, dtype=np.int64),
        probability=nothing,
        bad=nothing,
        warned=np.empty(0, dtype=bool),
        counts=Counts(caught=0, missed=0, false=0, quiet=0),
        average_precision=blank,
        precision=blank,
        recall=blank,
        f1=blank,
        mcc=Interval(value=0.0, low=-1.0, high=1.0),
        p_value=1.0,
        expected_bad=0.0,
        warnings_per_day=None,
        cost_saved=None,
        learned=int(known.size),
        learned_bad=int(known.sum()),
        columns=(),
    )
