"""Terms of a model and their columns: main effects, products and squares, with named levels as contrasts that sum to zero."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from jasang.optimize.experiments.factor import Factor

# A term is the places of its factors, ascending; (0,) a main effect, (0, 1) a product, (0, 0) a square, () the mean.
Term = tuple[int, ...]


def main_effects(factors: Sequence[Factor]) -> tuple[Term, ...]:
    """The mean and each factor."""
    return ((), *((place,) for place in range(len(factors))))


def with_interactions(factors: Sequence[Factor], *, order: int = 2) -> tuple[Term, ...]:
    """The mean, each factor and the products of up to `order` different factors."""
    sizes = range(1, order + 1)
    return ((), *(term for size in sizes for term in combinations(range(len(factors)), size)))


def quadratic(factors: Sequence[Factor]) -> tuple[Term, ...]:
    """The full second-order model: also the squares of the numbers."""
    squares = ((place, place) for place, factor in enumerate(factors) if factor.numeric)
    return (*with_interactions(factors), *squares)


def term_name(factors: Sequence[Factor], term: Term) -> str:
    """ "temperature × pressure", "temperature²", "mean"."""
    if not term:
        return "mean"
    if len(term) == 2 and term[0] == term[1]:
        return f"{factors[term[0]].name}²"
    return " × ".join(factors[place].name for place in term)


def parents(term: Term) -> tuple[Term, ...]:
    """The lower terms that a model with this term keeps (heredity): of A×B both factors, of A² the factor A."""
    if len(term) < 2:
        return ()
    return tuple({tuple(sorted(term[:place] + term[place + 1 :])) for place in range(len(term))})


def model_matrix(
    factors: Sequence[Factor], coded: np.ndarray, terms: Sequence[Term]
) -> tuple[np.ndarray, tuple[int, ...]]:
    """Columns of the model, shape (runs, parameters), and for each column the place of its term.

    A factor of L named levels has L − 1 columns: +1 at its level, −1 at the last one.
    """
    basis = [_basis(factor, coded[:, place]) for place, factor in enumerate(factors)]
    columns: list[np.ndarray] = []
    owners: list[int] = []
    for number, term in enumerate(terms):
        made = np.ones((coded.shape[0], 1))
        for place in term:
            made = (made[:, :, None] * basis[place][:, None, :]).reshape(coded.shape[0], -1)
        columns.append(made)
        owners += [number] * made.shape[1]
    return np.hstack(columns), tuple(owners)


def _basis(factor: Factor, codes: np.ndarray) -> np.ndarray:
    if factor.numeric:
        return codes[:, None].astype(np.float64)
    count = len(factor.levels)
    contrasts = np.vstack([np.eye(count - 1), -np.ones(count - 1)])
    if count == 2:
        contrasts = -contrasts  # the second level counts up, as high does
    chosen: np.ndarray = contrasts[codes.astype(np.int64)]
    return chosen
