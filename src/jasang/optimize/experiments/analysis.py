"""What the runs told: which factors matter, by how much, how well the model fits, and what it predicts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from jasang.optimize.experiments.factor import Design
from jasang.optimize.experiments.lenth import lenth_p, pseudo_standard_error
from jasang.optimize.experiments.model_terms import (
    Term,
    main_effects,
    model_matrix,
    parents,
    quadratic,
    term_name,
    with_interactions,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TermResult:
    """One term: its coefficients in coded units and, with one column, its effect (high minus low; twice the coefficient).

    `low` and `high` bound the effect at 95 %; `p` is the chance of so large a one by chance.
    """

    term: Term
    name: str
    coefficients: tuple[float, ...]
    effect: float | None
    low: float | None
    high: float | None
    p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LackOfFit:
    """Whether repeated runs differ less than the model misses: a small `p` says that terms are missing."""

    f: float
    p: float
    df: int
    df_pure: int
    pure_sd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentFit:
    """A model fitted to the results of a design.

    `sigma` is the standard deviation of a run; `plot_ratio` the variance between whole plots over sigma² (0 without them).
    `unreplicated` says that no degree of freedom was left, so sigma and the p-values come from Lenth's method.
    """

    design: Design
    y: np.ndarray
    terms: tuple[Term, ...]
    results: tuple[TermResult, ...]
    beta: np.ndarray
    cover: np.ndarray  # covariance of beta
    sigma: float
    df: int
    r_squared: float
    adjusted_r_squared: float
    predicted_r_squared: float
    lack_of_fit: LackOfFit | None
    plot_ratio: float = 0.0
    unreplicated: bool = False

    def predict(self, coded: np.ndarray, *, runs: int | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Expected results at coded settings, shape (m, factors), with 95 % bounds of the mean, or of the mean of new `runs`."""
        coded = np.atleast_2d(np.asarray(coded, dtype=np.float64))
        X, _ = model_matrix(self.design.factors, coded, self.terms)
        used = X.shape[1]
        middle = X @ self.beta[:used]
        variance = np.einsum("ij,jk,ik->i", X, self.cover[:used, :used], X)
        if runs is not None:
            variance = variance + self.sigma**2 * (self.plot_ratio + 1 / runs)
        half = stats.t.ppf(0.975, max(self.df, 1)) * np.sqrt(np.maximum(variance, 0))
        return middle, middle - half, middle + half

    def result(self, *term: int) -> TermResult:
        """The result of one term, given as its factors' places; KeyError where the model has none."""
        return {one.term: one for one in self.results}[tuple(sorted(term))]


def fit_model(
    design: Design, y: np.ndarray, *, terms: Sequence[Term] | None = None, whole_plots: np.ndarray | None = None
) -> ExperimentFit:
    """Fit the terms to the results y, shape (runs,), in the design's standard order; runs with NaN failed and are left out.

    Differences between blocks are taken out. With `whole_plots` (int64, shape (runs,)) the fit is by generalised least squares
    with the variance ratio of restricted maximum likelihood (Letsinger, Myers and Lentner 1996).

    Raises
    ------
    ValueError
        The runs cannot estimate the terms; names the first that depends on others.
    """
    chosen = tuple(main_effects(design.factors) if terms is None else terms)
    y = np.asarray(y, dtype=np.float64)
    if y.shape != (design.runs,):
        raise ValueError(f"expected {design.runs} results, one a run, got shape {y.shape}")
    made = np.isfinite(y)
    X, owners = model_matrix(design.factors, design.coded[made], chosen)
    full = X if design.blocks is None else np.hstack([X, _block_columns(design.blocks[made])])
    _refuse_aliases(design, full, owners, chosen)
    plots = None if whole_plots is None else whole_plots[made]
    ratio = 0.0 if plots is None else _plot_ratio(full, y[made], plots)
    weight = _weight(full.shape[0], plots, ratio)
    information = full.T @ weight @ full
    inverse = np.linalg.inv(information)
    beta = inverse @ (full.T @ weight @ y[made])
    residual = y[made] - full @ beta
    df = full.shape[0] - full.shape[1]
    if df > 0:
        sigma = float(np.sqrt(residual @ weight @ residual / df))
        return _replicated(design, y, chosen, owners, full, beta, inverse, residual, sigma, df, ratio, plots)
    return _unreplicated(design, y, chosen, owners, X.shape[1], beta, inverse)


def fit_experiment(design: Design, y: np.ndarray, *, whole_plots: np.ndarray | None = None) -> ExperimentFit:
    """Choose the terms the runs can tell apart and the results ask for, and fit them.

    Candidates are second-order where there are three settings, else products of two (three in full factorials); of aliased
    terms the simplest stands for all. Forward selection by the corrected information criterion (Hurvich and Tsai 1989), each
    product with its factors. Main effects that were not chosen stay out: an interval of a factor without effect is given by
    `fit_model` with all of them.
    """
    candidates = estimable_terms(design, y)
    made = np.isfinite(np.asarray(y, dtype=np.float64))
    columns = {term: model_matrix(design.factors, design.coded[made], (term,))[0] for term in candidates}
    base = np.ones((int(made.sum()), 1))
    if design.blocks is not None:
        base = np.hstack([base, _block_columns(design.blocks[made])])
    chosen: set[Term] = set()
    score = _criterion(base, y[made])
    while True:
        best: tuple[float, set[Term]] | None = None
        for term in candidates:
            if term in chosen or not term:
                continue
            grown = chosen | _with_parents(term)
            X = np.hstack([base, *(columns[one] for one in sorted(grown) if one in columns)])
            value = _criterion(X, y[made])
            if best is None or value < best[0]:
                best = (value, grown)
        if best is None or best[0] >= score - 1e-9:
            break
        score, chosen = best
    order = sorted(chosen, key=lambda term: (len(term), term))
    return fit_model(design, y, terms=((), *(term for term in order if term in columns)), whole_plots=whole_plots)


def estimable_terms(design: Design, y: np.ndarray | None = None) -> tuple[Term, ...]:
    """The mean and every term that is not a combination of simpler ones, in order of simplicity."""
    made = np.ones(design.runs, dtype=bool) if y is None else np.isfinite(np.asarray(y, dtype=np.float64))
    three = any(
        factor.numeric and np.unique(np.round(design.coded[:, place], 9)).size > 2
        for place, factor in enumerate(design.factors)
    )
    terms = quadratic(design.factors) if three else with_interactions(design.factors, order=3)
    kept: list[Term] = []
    base = np.empty((int(made.sum()), 0))
    if design.blocks is not None:
        base = _block_columns(design.blocks[made])
    for term in terms:
        X = model_matrix(design.factors, design.coded[made], (term,))[0]
        grown = np.hstack([base, X])
        if np.linalg.matrix_rank(grown, tol=1e-8) == grown.shape[1]:
            kept.append(term)
            base = grown
    return tuple(kept)


def _with_parents(term: Term) -> set[Term]:
    found = {term}
    for parent in parents(term):
        found |= _with_parents(parent) if parent else set()
    return found


def _criterion(X: np.ndarray, y: np.ndarray) -> float:
    """AICc; infinite where the error would have fewer than two degrees of freedom, or columns depend on each other."""
    n, p = X.shape
    if n - p < 2:
        return float("inf")
    beta, _, rank, _ = np.linalg.lstsq(X, y, rcond=None)
    if rank < p:
        return float("inf")
    rss = max(float(np.sum((y - X @ beta) ** 2)), 1e-12 * float(np.sum((y - y.mean()) ** 2)) + 1e-300)
    k = p + 1
    if n - k - 1 <= 0:
        return float("inf")
    return float(n * np.log(rss / n) + 2.0 * k + 2.0 * k * (k + 1) / (n - k - 1))


def _block_columns(blocks: np.ndarray) -> np.ndarray:
    numbers = np.unique(blocks)
    last = (blocks == numbers[-1]).astype(np.float64)
    return np.column_stack([np.zeros(blocks.size), *((blocks == one) - last for one in numbers[:-1])])[:, 1:]


def _refuse_aliases(design: Design, X: np.ndarray, owners: tuple[int, ...], terms: tuple[Term, ...]) -> None:
    if X.shape[0] < X.shape[1] or np.linalg.matrix_rank(X) < X.shape[1]:
        for width in range(1, X.shape[1] + 1):
            if np.linalg.matrix_rank(X[:, :width]) < width:
                name = term_name(design.factors, terms[owners[width - 1]]) if width <= len(owners) else "block"
                raise ValueError(f"{X.shape[0]} runs cannot tell {name!r} from the terms before it")


def _weight(n: int, plots: np.ndarray | None, ratio: float) -> np.ndarray:
    if plots is None:
        return np.eye(n)
    inverse: np.ndarray = np.linalg.inv(np.eye(n) + ratio * (plots[:, None] == plots[None, :]))
    return inverse


def _plot_ratio(X: np.ndarray, y: np.ndarray, plots: np.ndarray) -> float:
    """The ratio of variances that maximises the restricted likelihood."""
    same = (plots[:, None] == plots[None, :]).astype(np.float64)
    n, p = X.shape

    def loss(log_ratio: float) -> float:
        V = np.eye(n) + np.exp(log_ratio) * same
        solved = np.linalg.solve(V, np.column_stack([X, y]))
        information = X.T @ solved[:, :-1]
        beta = np.linalg.solve(information, X.T @ solved[:, -1])
        rss = float((y - X @ beta) @ (solved[:, -1] - solved[:, :-1] @ beta))
        return float((n - p) * np.log(max(rss, 1e-300)) + np.linalg.slogdet(V)[1] + np.linalg.slogdet(information)[1])

    if n - p < 2:
        return 1.0
    found = optimize.minimize_scalar(loss, bounds=(-9.0, 7.0), method="bounded")
    return float(np.exp(found.x)) if found.fun < loss(-9.0) - 1e-9 else 0.0


def _replicated(
    design: Design, y: np.ndarray, terms: tuple[Term, ...], owners: tuple[int, ...], X: np.ndarray, beta: np.ndarray,
    inverse: np.ndarray, residual: np.ndarray, sigma: float, df: int, ratio: float, plots: np.ndarray | None,
) -> ExperimentFit:  # fmt: skip
    made = np.isfinite(y)
    cover = sigma**2 * inverse
    df_plot = None if plots is None else _plot_degrees(design, X, owners, terms, plots)
    results = []
    for number, term in enumerate(terms):
        own = [place for place, owner in enumerate(owners) if owner == number]
        hard = df_plot is not None and all(design.factors[place].hard_to_change for place in term)
        free = max(1, df_plot if hard and df_plot is not None else df)
        f = float(beta[own] @ np.linalg.solve(cover[np.ix_(own, own)], beta[own])) / len(own) if sigma > 0 else np.inf
        p = float(stats.f.sf(f, len(own), free))
        half = float(stats.t.ppf(0.975, free) * np.sqrt(cover[own[0], own[0]]))
        results.append(_term_result(design, term, beta[own], half, p))
    total = float(np.sum((y[made] - y[made].mean()) ** 2))
    rss = float(residual @ residual)
    leverage = np.einsum("ij,jk,ik->i", X, np.linalg.pinv(X.T @ X), X)
    press = float(np.sum((residual / np.maximum(1 - leverage, 1e-9)) ** 2))
    n, p_count = X.shape
    return ExperimentFit(
        design=design, y=y, terms=terms, results=tuple(results), beta=beta, cover=cover, sigma=sigma, df=df,
        r_squared=1 - rss / total if total > 0 else 1.0,
        adjusted_r_squared=1 - rss / df / (total / (n - 1)) if total > 0 else 1.0,
        predicted_r_squared=1 - press / total if total > 0 else 1.0,
        lack_of_fit=None if plots is not None else _lack_of_fit(design, made, y[made], rss, n - p_count),
        plot_ratio=ratio,
    )  # fmt: skip


def _unreplicated(
    design: Design, y: np.ndarray, terms: tuple[Term, ...], owners: tuple[int, ...], used: int, beta: np.ndarray,
    inverse: np.ndarray,
) -> ExperimentFit:  # fmt: skip
    """A saturated model: effects against their own scatter (Lenth 1989), its p-values by simulation."""
    scale = np.sqrt(np.diag(inverse)[:used])
    contrasts = beta[1:used] / scale[1:]
    sigma = pseudo_standard_error(contrasts)
    p_values = lenth_p(contrasts)
    df = max(1, round(contrasts.size / 3))
    results = []
    for number, term in enumerate(terms):
        own = [place for place, owner in enumerate(owners) if owner == number]
        p = 0.0 if not term else float(np.min([p_values[place - 1] for place in own]))
        half = float(stats.t.ppf(0.975, df) * sigma * scale[own[0]])
        results.append(_term_result(design, term, beta[own], half, p))
    return ExperimentFit(
        design=design, y=y, terms=terms, results=tuple(results), beta=beta, cover=sigma**2 * inverse, sigma=sigma, df=df,
        r_squared=1.0, adjusted_r_squared=float("nan"), predicted_r_squared=float("nan"), lack_of_fit=None,
        unreplicated=True,
    )  # fmt: skip


def _term_result(design: Design, term: Term, beta: np.ndarray, half: float, p: float) -> TermResult:
    square = len(term) == 2 and term[0] == term[1]
    scale = 1.0 if square or not term else 2.0  # of the mean and of a square the coefficient itself is what people read
    single = beta.size == 1
    return TermResult(
        term=term,
        name=term_name(design.factors, term),
        coefficients=tuple(float(one) for one in beta),
        effect=float(scale * beta[0]) if single else None,
        low=float(scale * (beta[0] - half)) if single else None,
        high=float(scale * (beta[0] + half)) if single else None,
        p=p,
    )


def _plot_degrees(
    design: Design, X: np.ndarray, owners: tuple[int, ...], terms: tuple[Term, ...], plots: np.ndarray
) -> int:
    hard = [
        place for place, owner in enumerate(owners) if all(design.factors[one].hard_to_change for one in terms[owner])
    ]
    return int(np.unique(plots).size - np.linalg.matrix_rank(X[:, hard]))


def _lack_of_fit(design: Design, made: np.ndarray, y: np.ndarray, rss: float, df: int) -> LackOfFit | None:
    """Split of the residual into repeated runs and the rest; `None` where nothing was repeated or no term could be missing."""
    keys = np.round(design.coded[made], 9)
    if design.blocks is not None:
        keys = np.column_stack([keys, design.blocks[made]])
    groups = np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1)
    counts = np.bincount(groups)
    means = np.bincount(groups, weights=y) / counts
    pure, df_pure = float(np.sum((y - means[groups]) ** 2)), int(y.size - counts.size)
    if df_pure < 1 or df - df_pure < 1 or pure <= 0:
        return None
    f = (rss - pure) / (df - df_pure) / (pure / df_pure)
    return LackOfFit(
        f=float(f),
        p=float(stats.f.sf(f, df - df_pure, df_pure)),
        df=df - df_pure,
        df_pure=df_pure,
        pure_sd=float(np.sqrt(pure / df_pure)),
    )
