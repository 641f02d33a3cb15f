"""How good warnings are: average precision, the threshold that costs least, calibration, and the figures at a threshold."""

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from jasang.analyze.early_warning.problem import WarningCosts

_TINY = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Warnings against results: how many bad units were warned of, missed, how many good ones warned of, left alone."""

    caught: float
    missed: float
    false: float
    quiet: float

    @property
    def precision(self) -> float:
        """Share of the warnings that were right; 0 without a warning."""
        return self.caught / (self.caught + self.false) if self.caught + self.false else 0.0

    @property
    def recall(self) -> float:
        """Share of the bad units warned of."""
        return self.caught / (self.caught + self.missed) if self.caught + self.missed else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.caught / max(2 * self.caught + self.missed + self.false, _TINY)

    @property
    def mcc(self) -> float:
        """Matthews correlation of warning and result; 0 where one of them never changes."""
        a, b, c, d = self.caught, self.false, self.missed, self.quiet
        product = (a + b) * (a + c) * (d + b) * (d + c)
        return float((a * d - b * c) / np.sqrt(product)) if product > 0 else 0.0


def count_warnings(warned: np.ndarray, bad: np.ndarray) -> Counts:
    """Counts of `warned` (truth values) against `bad` (0 or 1), shape (rows,)."""
    wrong = bad > 0.5
    return Counts(
        caught=float((warned & wrong).sum()),
        missed=float((~warned & wrong).sum()),
        false=float((warned & ~wrong).sum()),
        quiet=float((~warned & ~wrong).sum()),
    )


def average_precision(score: np.ndarray, bad: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Area under precision against recall (average precision, no interpolation); rows of equal score count together.

    0.0 where no unit is bad. `weight` (rows,) counts rows several times, as a bootstrap does.
    """
    order = np.argsort(-score, kind="stable")
    weights = np.ones(score.size) if weight is None else weight[order]
    return ranked_precision(score[order], bad[order], weights)


def ranked_precision(score: np.ndarray, bad: np.ndarray, weights: np.ndarray) -> float:
    """`average_precision` of rows that are in falling order of score already."""
    hits = np.cumsum(weights * (bad > 0.5))
    warned = np.cumsum(weights)
    if hits.size == 0 or hits[-1] <= 0:
        return 0.0
    last = np.append(np.flatnonzero(np.diff(score) != 0), score.size - 1)
    recall = hits[last] / hits[-1]
    precision = hits[last] / np.maximum(warned[last], _TINY)
    return float(np.sum(np.diff(np.concatenate([[0.0], recall])) * precision))


def precision_recall(score: np.ndarray, bad: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Thresholds from high to low, and precision and recall of warning from each on."""
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(bad[order] > 0.5)
    last = np.append(np.flatnonzero(np.diff(score[order]) != 0), score.size - 1)
    return score[order][last], hits[last] / (last + 1), hits[last] / max(int(hits[-1]), 1)


def best_f1_threshold(score: np.ndarray, bad: np.ndarray) -> float:
    """The threshold of the best F1, in the middle of the stretch of thresholds about as good.

    The single best one is often best by chance: the geometric middle of those within 2 % of it wanders less.
    """
    thresholds, precision, recall = precision_recall(score, bad)
    f1 = 2 * precision * recall / np.maximum(precision + recall, _TINY)
    return _middle(thresholds, f1 >= 0.98 * f1.max())


def least_cost_threshold(score: np.ndarray, bad: np.ndarray, costs: WarningCosts) -> float:
    """The threshold whose misses and warnings cost least, in the middle of the stretch within 2 % of the least cost."""
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(bad[order] > 0.5)
    last = np.append(np.flatnonzero(np.diff(score[order]) != 0), score.size - 1)
    cost = (hits[-1] - hits[last]) * costs.miss + (last + 1) * costs.false_warning
    never = hits[-1] * costs.miss
    if cost.min() >= never:
        return 1.0  # no warning at all is cheapest
    return _middle(score[order][last], cost <= cost.min() + 0.02 * (never - cost.min()))


def _middle(thresholds: np.ndarray, good: np.ndarray) -> float:
    """Geometric middle of the stretch around the best threshold for which `good` holds."""
    inside = np.clip(thresholds[good], _TINY, 1 - _TINY)
    odds = np.log(inside / (1 - inside))
    return float(1 / (1 + np.exp(-(odds.min() + odds.max()) / 2)))


def calibrate(raw: np.ndarray, bad: np.ndarray) -> tuple[float, float]:
    """Intercept and slope that make log-odds true (Platt 1999, with his corrected targets), by logistic regression."""
    x = _log_odds(raw)
    wrong = bad > 0.5
    many, few = float(wrong.sum()), float((~wrong).sum())
    target = np.where(wrong, (many + 1) / (many + 2), 1 / (few + 2))

    def loss(beta: np.ndarray) -> tuple[float, np.ndarray]:
        z = beta[0] + beta[1] * x
        probability = 1 / (1 + np.exp(-np.clip(z, -40, 40)))
        off = probability - target
        value = float(np.sum(np.logaddexp(0, z) - target * z)) + 0.5 * (beta[1] - 1) ** 2
        return value, np.array([off.sum(), (off * x).sum() + beta[1] - 1])

    found = optimize.minimize(loss, np.array([0.0, 1.0]), jac=True, method="L-BFGS-B", bounds=[(-10, 10), (0.05, 5)])
    return float(found.x[0]), float(found.x[1])


def calibrated(raw: np.ndarray, calibration: tuple[float, float]) -> np.ndarray:
    """The raw probability after calibration, shape (rows,)."""
    made: np.ndarray = 1 / (1 + np.exp(-np.clip(calibration[0] + calibration[1] * _log_odds(raw), -40, 40)))
    return made


def _log_odds(raw: np.ndarray) -> np.ndarray:
    # A forest whose trees agree says 0 or 1; drawn a little inwards the logarithm is finite and the order kept.
    inside = 0.001 + 0.998 * raw
    made: np.ndarray = np.log(inside / (1 - inside))
    return made
