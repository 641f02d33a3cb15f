"""How one outcome answers to the settings of one product when lot, time and context are held.

The surface is judged by itself on stretches of the record it was not learned from (`judge_surface`).
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import stats
from scipy.special import expit

from jasang.optimize.recipe.basis import SettingBasis, setting_basis
from jasang.optimize.recipe.context import Context, group_means, results_before
from jasang.optimize.recipe.memory import NONE, Memory, memory_of
from jasang.optimize.recipe.penalised import Penalised, fit_penalised

_FOLDS = 5
_CLUSTERS = 40
_DRIFT = 0.25
_DRAWS, _UNITS = 400, 60
_RECENT = 500  # units whose context stands for tomorrow's


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """A fitted outcome: smaller is better (`binary`: the chance of a defect, else the loss in the outcome's unit)."""

    basis: SettingBasis
    width: int  # columns of the settings, first in the fit
    fit: Penalised
    second: tuple[
        SettingBasis, np.ndarray
    ]  # another form of surface and its coefficients: where they differ, nobody knows
    spread: np.ndarray  # covariance of the settings' coefficients, widened for what neighbours in time share
    recent: np.ndarray  # linear predictors of the recent units without their settings' part
    drawn: tuple[
        np.ndarray, np.ndarray
    ]  # coefficients (draws, width) and recent predictors (draws, units) that fit as well
    unit_spread: float  # standard deviation of a unit about the surface (not binary)
    seen: tuple[np.ndarray, np.ndarray]  # outcomes of the rows and what the fit expects of them
    tomorrow: float  # standard deviation, on the logarithmic scale, of the level that coming lots and days will have
    deviations: np.ndarray  # of recent units from the settings' part, sorted: what context and chance add
    target: float | None = (
        None  # the value to meet: then the loss is the distance from it, and the predictor that of the value
    )

    def part(self, numbers: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """The settings' part of the linear predictor, shape (rows,)."""
        found: np.ndarray = self.basis.columns(numbers, codes)[0] @ self.fit.beta[: self.width]
        return found

    def moved(
        self, now: tuple[np.ndarray, np.ndarray], to: tuple[np.ndarray, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Change of the linear predictor from the one row `now` to each row of `to`, and its standard deviation."""
        change = self.basis.columns(*to)[0] - self.basis.columns(*now)[0]
        mean = change @ self.fit.beta[: self.width]
        variance = np.einsum("ij,jk,ik->i", change, self.spread, change)
        apart = self._second_change(now, to) - mean
        return mean + apart / 2, np.sqrt(np.maximum(variance, 0.0) + apart**2 / 12)

    def _second_change(self, now: tuple[np.ndarray, np.ndarray], to: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        basis, beta = self.second
        change: np.ndarray = (basis.columns(*to)[0] - basis.columns(*now)[0]) @ beta
        return change

    def drawn_levels(self, points: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """Expected outcome at each row of `points` in the recent context, once for each draw: (draws, rows).

        The first row is where both forms of surface start; each draw lies somewhere between them.
        """
        beta, recent = self.drawn
        columns = self.basis.columns(*points)[0]
        start = points[0][:1], points[1][:1]
        apart = self._second_change(start, points) - (columns - columns[0]) @ self.fit.beta[: self.width]
        between = np.random.default_rng(2).random(len(beta))
        parts = beta @ columns.T + between[:, None] * apart
        return np.column_stack([self.expected(recent + part[:, None]).mean(1) for part in parts.T])

    def expected(self, eta: np.ndarray) -> np.ndarray:
        """Chance of a defect, loss, or distance from the target to be expected of units with these linear predictors."""
        return self.fit.mean(eta) if self.target is None else _distance(eta - self.target, self.unit_spread)

    def level(self, part: float, change: np.ndarray) -> np.ndarray:
        """Expected outcome in the recent context at the settings' part `part` plus each change, shape of `change`."""
        at = self.recent + part
        if not self.fit.binary and self.target is None:
            level: np.ndarray = float(at.mean()) + change
            return level
        points = np.quantile(at, (np.arange(25) + 0.5) / 25)
        found: np.ndarray = self.expected(points[:, None] + np.asarray(change)[None, :]).mean(0)
        return found

    def levels_within(self, part: float, change: np.ndarray, away: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Least and largest expected outcome with changes up to `away` on either side."""
        ends = self.level(part, change - away), self.level(part, change + away)
        low, high = np.minimum(*ends), np.maximum(*ends)
        if self.target is not None:  # the least of a distance lies between the ends where the target does
            inside = np.clip(self.target - part - float(self.recent.mean()), change - away, change + away)
            low = np.minimum(low, self.level(part, inside))
        return low, high


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Whether a surface holds where it was not learned: slope of results on what was foretold, 1 = as told, 0 = not at all."""

    slope: float
    low: float
    high: float
    later: float  # the same on the last third, learned on what was before
    later_high: float
    known: bool  # the settings explained enough to be judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """The surface with all it was learned from."""

    surface: Surface
    context: Context
    numbers: np.ndarray
    codes: np.ndarray
    y: np.ndarray
    memory: Memory  # of a measured result; of verdicts the results before are held instead


def learn(
    numbers: np.ndarray,
    codes: np.ndarray,
    levels: tuple[int, ...],
    y: np.ndarray,
    context: Context,
    *,
    binary: bool,
    target: float | None = None,
    seed: int = 0,
) -> Learned:
    """Fit the surface. What units share with those before is held, for operators react to it and it wanders by itself:

    verdicts are fitted twice, the second time with the results before as a covariate; measured results as surprises
    beyond the rows before (`memory`). The memory is first taken from results without any setting's part, for a surface
    that was fitted without it has swallowed some of the wandering, then once more beside the settings.
    """
    basis = setting_basis(numbers, levels, seed=seed)
    held, memory, start = context, NONE, None
    if binary:
        first = _fit(basis, numbers, codes, y, context, binary, None)
        fixed = first.eta - first.groups[context.groups]
        held, start = context.with_columns(results_before(y - first.mean(fixed))), first.penalties
    else:
        memory = _memory(basis, numbers, codes, y, context)
    fit = _fit(basis, numbers, codes, y, held, binary, start, memory)
    plain = replace(basis, bent=False)
    other = _fit(plain, numbers, codes, y, held, binary, None, memory)
    second = plain, other.beta[: plain.columns(numbers[:1], codes[:1])[0].shape[1]]
    surface = _surface(basis, numbers, codes, y, held, fit, second, memory, target)
    return Learned(surface=surface, context=held, numbers=numbers, codes=codes, y=y, memory=memory)


def _memory(basis: SettingBasis, numbers: np.ndarray, codes: np.ndarray, y: np.ndarray, context: Context) -> Memory:
    alone = np.zeros(y.size, dtype=np.int64)
    bare = fit_penalised(context.columns, y, context.blocks, alone, binary=False)
    memory = memory_of(y - bare.eta)
    if memory is NONE:
        return memory
    columns = np.hstack([basis.columns(numbers, codes)[0], context.columns])
    beside = _fit(basis, numbers, codes, y, context, False, None, memory)
    return memory_of(y - columns @ beside.beta)


def judge_surface(learned: Learned, now: tuple[np.ndarray, np.ndarray]) -> Judgement:
    """Learn on four fifths of the record, foretell the fifth left out (contiguous), and regress results on what was foretold."""
    rows = learned.y.size
    foretold = foretold_unseen(learned, now)
    if float(foretold.std()) < 1e-6 * max(1.0, float(learned.y.std())):
        return Judgement(slope=0.0, low=-np.inf, high=np.inf, later=0.0, later_high=np.inf, known=False)
    slope, low, high = _slope(learned, foretold, np.arange(rows))
    late = np.arange(rows) >= 2 * rows // 3
    part = _foretell(learned, np.flatnonzero(~late), np.flatnonzero(late), now)
    later, later_high = 0.0, np.inf
    if float(part.std()) > 0:
        later, _, later_high = _slope(learned, part, np.flatnonzero(late))
    return Judgement(slope=slope, low=low, high=high, later=later, later_high=later_high, known=True)


def foretold_unseen(learned: Learned, now: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """The settings' part of every row against `now`, each fifth foretold by what the others teach."""
    rows = learned.y.size
    fold = (np.arange(rows) * _FOLDS) // rows
    foretold = np.zeros(rows)
    for one in range(_FOLDS):
        foretold[fold == one] = _foretell(learned, np.flatnonzero(fold != one), np.flatnonzero(fold == one), now)
    return foretold


def tells_more(learned: Learned, foretold: np.ndarray, beside: np.ndarray) -> bool:
    """Whether results follow `foretold` where it differs from `beside` (both foretold unseen), with 97.5 % confidence."""
    if float(foretold.std()) < 1e-9:
        return False
    return _slope(learned, foretold, np.arange(learned.y.size), beside)[1] > 0


def _fit(
    basis: SettingBasis,
    numbers: np.ndarray,
    codes: np.ndarray,
    y: np.ndarray,
    context: Context,
    binary: bool,
    start: np.ndarray | None,
    memory: Memory = NONE,
) -> Penalised:
    """Fit rows in order of time; the linear predictor foretells each row from the rows before too."""
    columns, blocks = basis.columns(numbers, codes)
    shifted = tuple(block + columns.shape[1] for block in context.blocks)
    X = memory.surprises(np.hstack([columns, context.columns]))
    brought = memory.surprises(y)
    fit = fit_penalised(X, brought, (*blocks, *shifted), context.groups, binary=binary, start=start)
    return replace(fit, eta=y - (brought - fit.eta)) if memory.gain else fit


def _surface(
    basis: SettingBasis,
    numbers: np.ndarray,
    codes: np.ndarray,
    y: np.ndarray,
    context: Context,
    fit: Penalised,
    second: tuple[SettingBasis, np.ndarray],
    memory: Memory,
    target: float | None,
) -> Surface:
    columns, _ = basis.columns(numbers, codes)
    width = columns.shape[1]
    X = np.hstack([columns, context.columns])
    recent = slice(max(0, y.size - max(_RECENT, y.size // 5)), None)
    residual = y - fit.mean(fit.eta)
    widened = _shared_by_neighbours(memory.surprises(X), residual, fit, context.groups, width)
    widened *= _few_settings(np.column_stack([numbers, codes]), fit, width)
    spread = float(np.sqrt(fit.sigma2))
    lately = (fit.eta - columns @ fit.beta[:width])[recent]
    drawn = _draws(fit, X[recent], context.groups[recent], width, widened)
    level = float(lately.mean())  # with the wandering level, which the draws know nothing of
    return Surface(
        basis=basis,
        width=width,
        fit=fit,
        second=second,
        spread=fit.covariance[:width, :width] * widened,
        recent=lately,
        drawn=(drawn[0], drawn[1] + level - drawn[1].mean()) if memory.gain else drawn,
        unit_spread=spread,
        target=target,
        seen=(y, fit.mean(fit.eta)) if target is None else (np.abs(y - target), _distance(fit.eta - target, spread)),
        tomorrow=_tomorrow(fit, context.groups[recent]),
        deviations=np.sort((y - columns @ fit.beta[:width])[slice(max(0, y.size - max(1000, y.size // 5)), None)]),
    )


def _distance(away: np.ndarray, spread: float) -> np.ndarray:
    """Expected distance from a target of units that lie `away` from it on average (the folded normal distribution)."""
    spread = max(spread, 1e-12)
    found: np.ndarray = spread * np.sqrt(2 / np.pi) * np.exp(-0.5 * (away / spread) ** 2)
    found = found + away * (2 * stats.norm.cdf(away / spread) - 1)
    return found


def _tomorrow(fit: Penalised, recent_groups: np.ndarray) -> float:
    """Spread of the mean of as many coming groups as there were of late, with an allowance for drift."""
    lots = fit.sigma2 / fit.penalties[-1] if fit.groups.size > 1 else 0.0
    return float(np.sqrt(_DRIFT**2 + min(lots, 1.0) / max(np.unique(recent_groups).size, 1)))


def _few_settings(settings: np.ndarray, fit: Penalised, width: int) -> float:
    """By how much variances grow because settings were held: units made in one go at one setting are one point of the surface."""
    changes = 1 + int(np.any(np.diff(settings, axis=0) != 0, axis=1).sum())
    spent = 0.3 * float(np.sum(np.abs(fit.beta[:width]) > 0.02 * np.abs(fit.beta[:width]).max()))
    return float(np.clip(changes / max(changes - spent, 0.25 * changes), 1.0, 4.0))


def _draws(
    fit: Penalised, X: np.ndarray, groups: np.ndarray, width: int, widened: float
) -> tuple[np.ndarray, np.ndarray]:
    """Draws of the posterior, variances times `widened`: settings' coefficients, and recent units without their settings."""
    rng = np.random.default_rng(0)
    values, vectors = np.linalg.eigh(fit.covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0) * widened)
    away = rng.normal(size=(_DRAWS, values.size)) @ root.T
    chosen = np.unique(np.linspace(0, len(X) - 1, _UNITS).round().astype(np.int64))
    present, places = np.unique(groups[chosen], return_inverse=True)
    effects = fit.groups[present] - away @ fit.group_link[present].T
    effects = effects + np.sqrt(widened) * fit.group_spread[present] * rng.normal(size=effects.shape)
    beta = fit.beta + away
    return beta[:, :width], beta[:, width:] @ X[chosen, width:].T + effects[:, places]


def _shared_by_neighbours(X: np.ndarray, residual: np.ndarray, fit: Penalised, groups: np.ndarray, width: int) -> float:
    """By how much variances grow because units close in time share more than the model knows: at least 1.

    The sandwich over stretches of time against the same with single units, over the settings' leading directions.
    """
    weight = expit(fit.eta) * (1 - expit(fit.eta)) if fit.binary else np.ones(residual.size)
    values, vectors = np.linalg.eigh(fit.covariance[:width, :width])
    lead = vectors[:, -min(4, width) :] * np.sqrt(np.maximum(values[-min(4, width) :], 0.0))
    influence = X @ (fit.covariance[:, :width] @ np.linalg.pinv(fit.covariance[:width, :width]) @ lead)
    influence = influence - group_means(influence, groups)
    count = min(_CLUSTERS, max(8, residual.size // 25))
    stretch = (np.arange(residual.size) * count) // residual.size
    ratios = []
    for column in influence.T:
        scores = np.bincount(stretch, weights=column * residual)
        alone = float(np.sum(weight * column**2)) * (1.0 if fit.binary else fit.sigma2)
        ratios.append(float(scores @ scores) / max(alone, 1e-300))
    return float(np.clip(np.mean(ratios), 1.0, 10.0))


def _foretell(
    learned: Learned, learn_rows: np.ndarray, rows: np.ndarray, now: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """The settings' part of the rows against today's setting, learned on other rows."""
    surface = learned.surface
    fit = _fit(
        surface.basis,
        learned.numbers[learn_rows],
        learned.codes[learn_rows],
        learned.y[learn_rows],
        learned.context.rows(learn_rows),
        surface.fit.binary,
        surface.fit.penalties,
        learned.memory,
    )
    change = surface.basis.columns(learned.numbers[rows], learned.codes[rows])[0] - surface.basis.columns(*now)[0]
    found: np.ndarray = change @ fit.beta[: surface.width]
    return found


def _slope(
    learned: Learned, foretold: np.ndarray, rows: np.ndarray, beside: np.ndarray | None = None
) -> tuple[float, float, float]:
    """The coefficient of what was foretold with its 95 % interval over stretches of time, `beside` held."""
    context = learned.context.rows(rows)
    y, binary = learned.y[rows], learned.surface.fit.binary
    columns = [foretold[:, None]] if beside is None else [foretold[:, None], beside[:, None]]
    if context.lot is not None:
        columns.append(group_means(foretold[:, None], context.groups))
    X = learned.memory.surprises(np.hstack([*columns, context.columns]))
    y = learned.memory.surprises(y)
    blocks = tuple(block + len(columns) for block in context.blocks)
    fit = fit_penalised(X, y, blocks, context.groups, binary=binary)
    weight = expit(fit.eta) * (1 - expit(fit.eta)) if binary else np.ones(y.size)
    influence = X @ fit.covariance[:, 0] / (1.0 if binary else fit.sigma2)
    totals = np.bincount(context.groups, weights=weight)
    influence = influence - (np.bincount(context.groups, weights=weight * influence) / totals)[context.groups]
    count = min(_CLUSTERS, max(8, y.size // 25))
    stretch = (np.arange(y.size) * count) // y.size
    scores = np.bincount(stretch, weights=influence * (y - fit.mean(fit.eta)))
    robust = float(scores @ scores) * count / (count - 1)
    error = float(np.sqrt(max(robust, float(fit.covariance[0, 0]))))
    slope, half = float(fit.beta[0]), float(stats.t.ppf(0.975, count - 1)) * error
    return slope, slope - half, slope + half
