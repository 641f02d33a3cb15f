"""What an experiment will be able to see, before its first run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from jasang.optimize.experiments.factor import Design
from jasang.optimize.experiments.model_terms import Term, main_effects, model_matrix, term_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """The chance that the F test at `alpha` sees a term. `df` are those of the error the term is tested against.

    `power` is NaN where no degree of freedom is left for the error: repeat runs, or leave terms out.
    """

    term: Term
    name: str
    power: float
    df: int


def power(
    design: Design,
    *,
    effect: float,
    sigma: float,
    terms: Sequence[Term] | None = None,
    alpha: float = 0.05,
    whole_plots: np.ndarray | None = None,
    whole_plot_ratio: float = 1.0,
) -> tuple[Power, ...]:
    """Power for each term of the model when it changes the result by `effect` from low to high (of named levels: between two).

    Parameters
    ----------
    sigma
        Standard deviation of a run's result.
    terms
        The model to be fitted; main effects by default.
    whole_plots
        Number of each run's whole plot, shape (runs,), for a split plot; then terms of hard factors alone are tested against
        the differences between whole plots, whose variance is `whole_plot_ratio` times sigma².

    The noncentral F distribution with the generalised least-squares information (Goos 2002, chapter 6).
    """
    terms = main_effects(design.factors) if terms is None else tuple(terms)
    X, owners = model_matrix(design.factors, design.coded, terms)
    if design.blocks is not None:
        X = np.hstack([X, _differences(design.blocks)])
    V = np.eye(design.runs)
    if whole_plots is not None:
        V += whole_plot_ratio * (whole_plots[:, None] == whole_plots[None, :])
    information = X.T @ np.linalg.solve(V, X)
    cover = np.linalg.pinv(information, hermitian=True)
    df_run, df_plot = _degrees(design, X, owners, terms, whole_plots)
    answers = []
    for number, term in enumerate(terms):
        if not term:
            continue
        own = [place for place, owner in enumerate(owners) if owner == number]
        hard = whole_plots is not None and all(design.factors[place].hard_to_change for place in term)
        df = df_plot if hard else df_run
        beta = _coefficients(effect, len(own))
        block = cover[np.ix_(own, own)]
        estimable = np.linalg.matrix_rank(X) == np.linalg.matrix_rank(np.delete(X, own, axis=1)) + len(own)
        if df < 1 or not estimable:
            chance = float("nan") if estimable else 0.0
        else:
            noncentral = float(beta @ np.linalg.solve(block, beta)) / sigma**2
            limit = stats.f.ppf(1 - alpha, len(own), df)
            chance = float(stats.ncf.sf(limit, len(own), df, noncentral))
        answers.append(Power(term=term, name=term_name(design.factors, term), power=chance, df=df))
    return tuple(answers)


def replicates_needed(
    design: Design,
    *,
    effect: float,
    sigma: float,
    wanted: float = 0.8,
    terms: Sequence[Term] | None = None,
    alpha: float = 0.05,
    most: int = 20,
) -> int | None:
    """How often the whole design must be made until every term has the wanted power; `None` where `most` times are too few."""
    for times in range(1, most + 1):
        found = power(design.repeated(times), effect=effect, sigma=sigma, terms=terms, alpha=alpha)
        if all(one.power >= wanted for one in found):
            return times
    return None


def _coefficients(effect: float, columns: int) -> np.ndarray:
    """Coefficients with `effect` between low and high, or between the two most different of named levels."""
    beta = np.zeros(columns)
    beta[0] = effect / 2
    if columns > 1:
        beta[1] = -effect / 2
    return beta


def _differences(blocks: np.ndarray) -> np.ndarray:
    numbers = np.unique(blocks)
    last = (blocks == numbers[-1]).astype(np.float64)
    return np.column_stack([(blocks == one) - last for one in numbers[:-1]])


def _degrees(
    design: Design,
    X: np.ndarray,
    owners: tuple[int, ...],
    terms: Sequence[Term],
    whole_plots: np.ndarray | None,
) -> tuple[int, int]:
    """Degrees of freedom of the error within and between whole plots (containment)."""
    rank = int(np.linalg.matrix_rank(X))
    if whole_plots is None:
        return design.runs - rank, design.runs - rank
    hard = [
        place for place, owner in enumerate(owners) if all(design.factors[one].hard_to_change for one in terms[owner])
    ]
    between = int(np.linalg.matrix_rank(X[:, hard])) if hard else 0
    plots = int(np.unique(whole_plots).size)
    return design.runs - plots - (rank - between), plots - between
