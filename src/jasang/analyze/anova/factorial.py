"""Analysis of variance with several crossed factors and their interactions, balanced or not (sums of squares of type I, II, III).

Least squares on sum-to-zero contrasts (Searle, Linear Models, 1971). In balanced data the three types agree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from scipy import stats
from scipy.linalg import qr

MOST_COLUMNS = 2000
Term = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One line of the table: a factor, or an interaction of the factors in `term`.

    `eta_squared` is the share of the total sum of squares; `f` and `p` are NaN where nothing is left to judge by.
    """

    term: Term
    df: int
    ss: float
    ms: float
    f: float
    p: float
    eta_squared: float

    @property
    def name(self) -> str:
        """ "machine" or "machine × mould"."""
        return " × ".join(self.term)


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorialAnova:
    """The table: effects in the order asked for, then the residual and the total."""

    effects: tuple[Effect, ...]
    df_residual: int
    ss_residual: float
    ms_residual: float
    ss_total: float
    r_squared: float
    residual_sd: float

    def effect(self, *term: str) -> Effect:
        """The line of that factor or interaction; factors of an interaction in any order."""
        for effect in self.effects:
            if sorted(effect.term) == sorted(term):
                return effect
        raise KeyError(f"no effect of {' × '.join(term)!r}; there are {[effect.name for effect in self.effects]}")


def factorial_anova(
    values: np.ndarray,
    factors: Mapping[str, Sequence[object] | np.ndarray],
    *,
    interactions: int | Sequence[Term] = 2,
    kind: Literal[1, 2, 3] = 3,
) -> FactorialAnova:
    """Analysis of variance of `values`, shape (n,), NaN = missing, by several factors.

    Parameters
    ----------
    factors
        Name → level of every value, each of length n.
    interactions
        Interactions of up to so many factors (1 = main effects only), or the terms themselves, such as [("machine", "mould")].
    kind
        Type of the sums of squares: 1 = each term after those before it, 2 = after all that do not contain it, 3 = after all.

    Raises
    ------
    ValueError
        A factor with one level, fewer values than effects, or (type III) an interaction whose cells are not all filled.

    >>> levels = {"a": [0, 0, 0, 0, 1, 1, 1, 1], "b": [0, 0, 1, 1, 0, 0, 1, 1]}
    >>> made = factorial_anova(np.array([1.0, 2, 3, 4, 5, 6, 7, 9]), levels)
    >>> [(effect.name, round(effect.ss, 3)) for effect in made.effects]
    [('a', 36.125), ('b', 10.125), ('a × b', 0.125)]
    """
    y, codes = _known(values, factors)
    terms = _terms(tuple(factors), interactions)
    blocks = {term: _block(term, codes) for term in terms}
    if sum(block.shape[1] for block in blocks.values()) >= y.size:
        raise ValueError(
            f"{y.size} values cannot tell {sum(block.shape[1] for block in blocks.values())} effects and their scatter apart; "
            f"ask for fewer interactions"
        )
    y = y - y.mean()
    mean = np.ones((y.size, 1))
    full_rss, full_rank = _rss(y, [mean, *blocks.values()])
    if kind == 3 and full_rank < 1 + sum(block.shape[1] for block in blocks.values()):
        raise ValueError(
            "some combinations of levels have no value, so type III sums of squares do not exist; use kind=2"
        )
    df_residual = y.size - full_rank
    ms = full_rss / df_residual if df_residual > 0 else float("nan")
    total = float(y @ y)
    effects = []
    for place, term in enumerate(terms):
        without, having = _compared(place, terms, kind)
        small_rss, small_rank = _rss(y, [mean, *(blocks[other] for other in without)])
        large_rss, large_rank = _rss(y, [mean, *(blocks[other] for other in having)])
        df, ss = large_rank - small_rank, max(0.0, small_rss - large_rss)
        f = ss / df / ms if df > 0 and ms > 0 else float("nan")
        effects.append(
            Effect(
                term=term,
                df=df,
                ss=ss,
                ms=ss / df if df else float("nan"),
                f=f,
                p=float(stats.f.sf(f, df, df_residual)) if np.isfinite(f) else float("nan"),
                eta_squared=ss / total if total > 0 else 0.0,
            )
        )
    return FactorialAnova(
        effects=tuple(effects),
        df_residual=df_residual,
        ss_residual=full_rss,
        ms_residual=ms,
        ss_total=total,
        r_squared=1.0 - full_rss / total if total > 0 else 0.0,
        residual_sd=ms**0.5,
    )


def _known(
    values: np.ndarray, factors: Mapping[str, Sequence[object] | np.ndarray]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    values = np.asarray(values, dtype=np.float64).ravel()
    if not factors:
        raise ValueError("an analysis of variance needs at least one factor")
    known = np.isfinite(values)
    codes = {}
    for name, labels in factors.items():
        texts = np.asarray(labels).astype(str).ravel()
        if texts.size != values.size:
            raise ValueError(f"factor {name!r} has {texts.size} levels for {values.size} values")
        levels, code = np.unique(texts[known], return_inverse=True)
        if levels.size < 2:
            raise ValueError(f"factor {name!r} has one level only ({levels.tolist()}); nothing to compare")
        codes[name] = code
    return values[known], codes


def _terms(names: tuple[str, ...], interactions: int | Sequence[Term]) -> tuple[Term, ...]:
    if not isinstance(interactions, int):
        unknown = {name for term in interactions for name in term} - set(names)
        if unknown:
            raise ValueError(f"interactions name unknown factors {sorted(unknown)}; there are {list(names)}")
        return (*((name,) for name in names), *(tuple(term) for term in interactions))
    depth = max(1, min(interactions, len(names)))
    return tuple(term for size in range(1, depth + 1) for term in combinations(names, size))


def _block(term: Term, codes: Mapping[str, np.ndarray]) -> np.ndarray:
    """Columns of sum-to-zero contrasts of one term, shape (n, df)."""
    block = np.ones((next(iter(codes.values())).size, 1))
    for name in term:
        code = codes[name]
        levels = int(code.max()) + 1
        contrasts = np.vstack([np.eye(levels - 1), -np.ones(levels - 1)])[code]
        block = (block[:, :, None] * contrasts[:, None, :]).reshape(block.shape[0], -1)
        if block.shape[1] > MOST_COLUMNS:
            raise ValueError(f"{' × '.join(term)} has more than {MOST_COLUMNS} effects; leave this interaction out")
    return block


def _compared(place: int, terms: tuple[Term, ...], kind: int) -> tuple[list[Term], list[Term]]:
    term = terms[place]
    if kind == 1:
        without = list(terms[:place])
    elif kind == 2:
        without = [other for other in terms if not set(term) <= set(other)]
    else:
        without = [other for other in terms if other != term]
    return without, [*without, term]


def _rss(y: np.ndarray, blocks: Sequence[np.ndarray]) -> tuple[float, int]:
    """Residual sum of squares and rank of the fit on all columns."""
    design = np.hstack(blocks)
    q, r, _ = qr(design, mode="economic", pivoting=True)
    sizes = np.abs(np.diag(r))
    rank = int((sizes > sizes[0] * 1e-10).sum())
    q = q[:, :rank]
    left = y - q @ (q.T @ y)
    left = left - q @ (q.T @ left)  # twice is enough (Parlett)
    return float(left @ left), rank
