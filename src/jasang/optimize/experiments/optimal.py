"""Designs made for the case at hand: any model, mixed factors, settings that must not meet, settings hard to change."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from jasang.optimize.experiments.factor import Design, Factor
from jasang.optimize.experiments.model_terms import Term, model_matrix, quadratic

_SMALL = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """Σ weight × setting ≤ limit, over the numbers named in `weights`, in their own units."""

    weights: dict[str, float]
    limit: float


def optimal_design(
    factors: Sequence[Factor],
    runs: int,
    *,
    terms: Sequence[Term] | None = None,
    criterion: Literal["D", "I"] = "D",
    constraints: Sequence[Constraint] = (),
    whole_plots: int | None = None,
    plot_ratio: float = 1.0,
    starts: int = 10,
    seed: int = 0,
) -> Design:
    """The runs that estimate the model best: `D` the coefficients together, `I` the predictions over the region.

    Coordinate exchange (Meyer and Nachtsheim 1995) from `starts` random designs; with `whole_plots` the factors that are hard
    to change take one setting a plot and the information is that of generalised least squares (Jones and Goos 2007).

    Raises
    ------
    ValueError
        Fewer runs than the model has parameters, constraints that leave no room, or a constraint on an unknown factor.
    """
    factors = tuple(factors)
    chosen = tuple(quadratic(factors) if terms is None else terms)
    rng = np.random.default_rng(seed)
    room = _Room(factors, constraints)
    sample = room.sample(rng, 2000)
    parameters = model_matrix(factors, sample[:1], chosen)[0].shape[1]
    if runs < parameters:
        raise ValueError(f"{runs} runs cannot estimate a model of {parameters} parameters")
    moments = model_matrix(factors, sample, chosen)[0]
    search = _Search(
        factors, chosen, criterion, moments.T @ moments / len(sample), room, _plots(runs, whole_plots), plot_ratio
    )
    best: tuple[float, np.ndarray] | None = None
    for _ in range(starts):
        coded = search.improved(sample[rng.integers(len(sample), size=runs)].copy(), rng)
        score = search.score(coded)
        if best is None or score > best[0] + _SMALL:
            best = (score, coded)
    if best is None or not np.isfinite(best[0]):
        raise ValueError(f"no {runs} runs inside the constraints can estimate the model of {parameters} parameters")
    name = f"{criterion.lower()}_optimal"
    return Design(name=name, factors=factors, coded=best[1], whole_plots=search.plots if whole_plots else None)


def _plots(runs: int, whole_plots: int | None) -> np.ndarray:
    if whole_plots is None:
        return np.arange(runs)
    return np.sort(np.arange(runs) % whole_plots)


class _Room:
    """Where settings may lie."""

    def __init__(self, factors: tuple[Factor, ...], constraints: Sequence[Constraint]) -> None:
        self.factors = factors
        names = {factor.name: place for place, factor in enumerate(factors)}
        rows, limits = [], []
        for constraint in constraints:
            row, limit = np.zeros(len(factors)), constraint.limit
            for name, weight in constraint.weights.items():
                if name not in names or not factors[names[name]].numeric:
                    raise ValueError(f"constraint on {name!r}, which is no number among the factors")
                factor = factors[names[name]]
                low, high = float(factor.low or 0.0), float(factor.high or 0.0)
                row[names[name]] = weight * (high - low) / 2
                limit -= weight * (high + low) / 2
            rows.append(row)
            limits.append(limit)
        self.rows, self.limits = np.array(rows).reshape(-1, len(factors)), np.array(limits)

    def inside(self, coded: np.ndarray) -> np.ndarray:
        """Whether each row of coded settings satisfies every constraint."""
        allowed: np.ndarray = np.asarray((coded @ self.rows.T <= self.limits + 1e-9).all(axis=-1))
        return allowed

    def sample(self, rng: np.random.Generator, wanted: int) -> np.ndarray:
        """Settings spread evenly over the room."""
        found = np.empty((0, len(self.factors)))
        for _ in range(60):
            drawn = rng.uniform(-1, 1, size=(4 * wanted, len(self.factors)))
            for place, factor in enumerate(self.factors):
                if not factor.numeric:
                    drawn[:, place] = rng.integers(len(factor.levels), size=len(drawn))
            found = np.vstack([found, drawn[self.inside(drawn)]])
            if len(found) >= wanted:
                return found[:wanted]
        if len(found) < 50:
            raise ValueError(
                "the constraints leave no room for an experiment inside the factors' limits (where amounts must add up to a "
                "fixed sum, leave one of them out and constrain the sum of the others)"
            )
        return found


class _Search:
    """Coordinate exchange on one criterion."""

    def __init__(
        self, factors: tuple[Factor, ...], terms: tuple[Term, ...], criterion: str, moments: np.ndarray, room: _Room,
        plots: np.ndarray, ratio: float,
    ) -> None:  # fmt: skip
        self.factors, self.terms, self.criterion, self.moments, self.room = factors, terms, criterion, moments, room
        self.plots = plots
        same = plots[:, None] == plots[None, :]
        self.weight = np.linalg.inv(np.eye(plots.size) + ratio * same) if np.unique(plots).size < plots.size else None

    def score(self, coded: np.ndarray) -> float:
        """The larger the better; −inf where the model cannot be estimated."""
        X = model_matrix(self.factors, coded, self.terms)[0]
        information = X.T @ X if self.weight is None else X.T @ self.weight @ X
        sign, log_det = np.linalg.slogdet(information)
        if sign <= 0 or log_det < -25 * X.shape[1]:
            return -np.inf
        if self.criterion == "D":
            return float(log_det / X.shape[1])
        return -float(np.log(np.trace(np.linalg.solve(information, self.moments))))

    def improved(self, coded: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Change one setting at a time while that helps; what is hard to change, for the whole plot."""
        for plot in np.unique(self.plots):
            rows = np.flatnonzero(self.plots == plot)
            for place, factor in enumerate(self.factors):
                if factor.hard_to_change:
                    coded[rows, place] = coded[rows[0], place]
        coded = self._repaired(coded)
        score = self.score(coded)
        for _ in range(30):
            before = score
            for row in rng.permutation(coded.shape[0]):
                for place, factor in enumerate(self.factors):
                    rows = np.flatnonzero(self.plots == self.plots[row]) if factor.hard_to_change else np.array([row])
                    score = self._exchange(coded, rows, place, score)
            if score <= before + 1e-9:
                break
        return coded

    def _repaired(self, coded: np.ndarray) -> np.ndarray:
        """Runs that left the room when their plot got one setting go towards its middle until they are inside."""
        middle = np.array([0.0 if factor.numeric else -1.0 for factor in self.factors])
        for _ in range(40):
            outside = ~self.room.inside(coded)
            if not outside.any():
                return coded
            numbers = middle == 0.0
            coded[np.ix_(outside, numbers)] *= 0.8
        raise ValueError("the constraints exclude the middle of the factors; give whole plots fewer hard factors")

    def _exchange(self, coded: np.ndarray, rows: np.ndarray, place: int, score: float) -> float:
        factor = self.factors[place]
        candidates = np.linspace(-1, 1, 11) if factor.numeric else np.arange(len(factor.levels), dtype=np.float64)
        kept = coded[rows, place].copy()
        best, value = score, None
        for candidate in self._with_edges(coded, rows, place, candidates) if factor.numeric else candidates:
            coded[rows, place] = candidate
            if not self.room.inside(coded[rows]).all():
                continue
            tried = self.score(coded)
            if tried > best + 1e-10:
                best, value = tried, candidate
        coded[rows, place] = kept if value is None else value
        return best

    def _with_edges(self, coded: np.ndarray, rows: np.ndarray, place: int, candidates: np.ndarray) -> np.ndarray:
        """Also the settings at which a constraint just holds: the best runs lie there."""
        edges = []
        for weights, limit in zip(self.room.rows, self.room.limits, strict=True):
            if weights[place] != 0:
                rest = coded[rows] @ weights - coded[rows, place] * weights[place]
                edges += [edge for edge in ((limit - rest) / weights[place]).tolist() if -1 <= edge <= 1]
        return np.concatenate([candidates, np.array(edges)])
