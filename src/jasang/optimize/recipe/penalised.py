"""A penalised regression whose penalties the data choose: blocks of columns with one variance each, and effects of groups (lots).

Iteratively weighted least squares for counts of defects, plain for measurements; variances by the fixed point of MacKay (1992),
which is the restricted likelihood step of Wood and Fasiolo (2017) for ridge blocks. Groups are eliminated exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

_WEIGHT_STEPS = 12
_PENALTY_STEPS = 6
_STRONGEST, _WEAKEST = 1e7, 0.05  # of σ²: no coefficient is believed to be beyond ±9
_LONGEST_STEP = 1.5  # of the linear predictor at once: rare defects make Newton steps overshoot

_Solved = tuple[np.ndarray, np.ndarray, np.ndarray, float, np.ndarray, np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalised:
    """A fit: `beta` (p,), posterior `covariance` (p, p), effects of `groups` (G,), linear predictor `eta` (rows,)."""

    beta: np.ndarray
    covariance: np.ndarray
    groups: np.ndarray
    group_link: np.ndarray  # (G, p): how much each group's effect falls when a coefficient rises
    group_spread: np.ndarray  # (G,): standard deviation of the effects when the coefficients are known
    eta: np.ndarray
    penalties: np.ndarray  # one a block, the last of the groups
    sigma2: float
    binary: bool

    def mean(self, eta: np.ndarray) -> np.ndarray:
        """Expected outcome for a linear predictor."""
        found: np.ndarray = expit(eta) if self.binary else eta
        return found


def fit_penalised(
    X: np.ndarray,
    y: np.ndarray,
    blocks: Sequence[np.ndarray],
    groups: np.ndarray,
    *,
    binary: bool,
    start: np.ndarray | None = None,
) -> Penalised:
    """Fit y on X (rows, p): columns in `blocks` are penalised block by block, the others are not (but for a grain of ridge).

    `groups` (rows,) are codes from 0; all equal where there are none. `start` are penalties of an earlier fit.
    """
    rows, p = X.shape
    count = int(groups.max()) + 1
    member = sparse.csr_matrix((np.ones(rows), (groups, np.arange(rows))), shape=(count, rows))
    # Penalties count in units of the weights; measurements have weights of one and any spread.
    penalties = np.full(len(blocks) + 1, 5.0) if start is None else start.copy()
    sizes = np.array([block.size for block in blocks])
    mean = float(np.clip(y.mean(), 1e-4, 1 - 1e-4)) if binary else float(y.mean())
    eta = np.full(rows, np.log(mean / (1 - mean)) if binary else mean)
    sigma2 = 1.0 if binary else float(max(y.var(), 1e-12))
    products = None
    for step in range(_WEIGHT_STEPS if binary else _WEIGHT_STEPS // 2):
        patience = 2 if step < 3 else _PENALTY_STEPS
        weight, target = _working(y, eta, binary)
        if binary or products is None:
            weighted = X * weight[:, None]
            products = (
                X.T @ weighted,
                weighted.T @ target,
                member @ weighted,
                member @ weight,
                member @ (weight * target),
            )
        before = eta
        for _ in range(patience):
            solved = _solve(products, blocks, penalties, single=count == 1)
            beta, cover, effects, trace, link, inverse = solved
            penalties = _next(penalties, blocks, sizes, solved, sigma2, count)
            if not binary:
                residual = y - X @ beta - effects[groups]
                used = p - float(np.sum(_ridge(blocks, penalties, p) * np.diag(cover)))
                used += 0.0 if count == 1 else count - penalties[-1] * trace
                sigma2 = float(max(residual @ residual / max(rows - used, 0.1 * rows), 1e-12))
        eta = X @ beta + effects[groups]
        if binary:
            eta = np.clip(before + np.clip(eta - before, -_LONGEST_STEP, _LONGEST_STEP), -12.0, 12.0)
        if step > 3 and float(np.max(np.abs(eta - before))) < 1e-3 * max(1.0, float(np.std(eta))):
            break
    return Penalised(
        beta=beta,
        covariance=sigma2 * cover,
        groups=effects,
        group_link=link,
        group_spread=np.sqrt(sigma2 * inverse),
        eta=eta,
        penalties=penalties,
        sigma2=sigma2,
        binary=binary,
    )


def _working(y: np.ndarray, eta: np.ndarray, binary: bool) -> tuple[np.ndarray, np.ndarray]:
    """Weights and target of the least-squares step."""
    if not binary:
        return np.ones_like(y), y
    mean = expit(eta)
    weight = np.maximum(mean * (1 - mean), 1e-4)
    return weight, eta + (y - mean) / weight


def _ridge(blocks: Sequence[np.ndarray], penalties: np.ndarray, p: int) -> np.ndarray:
    ridge = np.full(p, 1e-4)
    for block, penalty in zip(blocks, penalties, strict=False):
        ridge[block] = penalty
    return ridge


def _solve(
    products: tuple[np.ndarray, ...],
    blocks: Sequence[np.ndarray],
    penalties: np.ndarray,
    *,
    single: bool,
) -> _Solved:
    """Coefficients, inverse of their information (without σ²), effects of groups, trace of their inverse, link, variances."""
    gram, right, cross, diagonal, sums = products
    information = gram + np.diag(_ridge(blocks, penalties, gram.shape[0]))
    if single:
        factor = cho_factor(information)
        cover = cho_solve(factor, np.eye(gram.shape[0]))
        return cover @ right, cover, np.zeros(diagonal.size), 0.0, np.zeros_like(cross), np.zeros(diagonal.size)
    inverse = 1.0 / (diagonal + penalties[-1])
    shrunk = cross * inverse[:, None]
    factor = cho_factor(information - cross.T @ shrunk + 1e-9 * np.eye(gram.shape[0]))
    cover = cho_solve(factor, np.eye(gram.shape[0]))
    beta = cover @ (right - shrunk.T @ sums)
    effects = inverse * (sums - cross @ beta)
    trace = float(inverse.sum() + np.sum((shrunk @ cover) * shrunk))
    return beta, cover, effects, trace, shrunk, inverse


def _next(
    penalties: np.ndarray,
    blocks: Sequence[np.ndarray],
    sizes: np.ndarray,
    solved: _Solved,
    sigma2: float,
    count: int,
) -> np.ndarray:
    """MacKay's step: penalty = σ² × effective number of columns / sum of squares."""
    beta, cover, effects, trace, _, _ = solved
    diagonal = np.diag(cover)
    found = penalties.copy()
    for place, block in enumerate(blocks):
        used = max(sizes[place] - penalties[place] * float(diagonal[block].sum()), 1e-6)
        found[place] = sigma2 * used / max(float(beta[block] @ beta[block]), 1e-12)
    if count > 1:
        used = max(count - penalties[-1] * trace, 1e-6)
        found[-1] = sigma2 * used / max(float(effects @ effects), 1e-12)
    # The step moves in logarithms a little further than asked: components that vanish do so slowly otherwise.
    found = penalties * (np.maximum(found, 1e-12) / penalties) ** 1.4
    bounded: np.ndarray = np.clip(found, _WEAKEST, _STRONGEST)
    return bounded
