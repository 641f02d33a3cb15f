"""Where variation comes from: variance components of crossed and nested random factors, balanced or not, with intervals.

Estimates by the fitting of constants (Henderson's method 3): each term's sum of squares after all terms that do not contain
it, set equal to its expectation. In balanced data this is the textbook analysis of variance. Intervals are generalised
confidence intervals (Weerahandi 1993; Burdick, Borror and Montgomery, Design and Analysis of Gauge R&R Studies, 2005): every
mean square is drawn from what its chi-square allows, and the components follow. docs/statistics.md shows how often they hold
the truth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.linalg import qr

DRAWS = 20_000
MOST_COLUMNS = 1_500
MOST_ROWS = 20_000
Term = tuple[str, ...]
RESIDUAL: Term = ("residual",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One source of variation. `variance` is not below 0 (where the estimate was negative, `negative` says so).

    `low` and `high` bound the variance. `f` and `p` test whether the source adds anything; NaN for the residual.
    """

    term: Term
    df: int
    ss: float
    ms: float
    f: float
    p: float
    variance: float
    low: float
    high: float
    negative: bool

    @property
    def name(self) -> str:
        """ "operator" or "operator × part"."""
        return " × ".join(self.term)


@dataclass(frozen=True, slots=True, kw_only=True)
class VarianceComponents:
    """The components in the order of the terms, the residual last.

    `draws`, shape (draws, components), are variances that the data allow, some below 0: add what belongs together first and
    cut off at 0 then, or the sum comes out too large.
    """

    components: tuple[Component, ...]
    mean: float
    values: int
    df_total: int
    ss_total: float
    balanced: bool
    confidence: float
    draws: np.ndarray

    def component(self, *term: str) -> Component:
        """The component of that term, its factors in any order; ("residual",) for what is left."""
        for component in self.components:
            if sorted(component.term) == sorted(term):
                return component
        raise KeyError(f"no component {' × '.join(term)!r}; there are {[one.name for one in self.components]}")

    def bounds(self, draws: np.ndarray) -> tuple[float, float]:
        """The interval of a quantity computed from `draws`, shape (draws,)."""
        low, high = np.quantile(draws, [0.5 - self.confidence / 2, 0.5 + self.confidence / 2])
        return float(low), float(high)


def variance_components(
    values: np.ndarray,
    factors: Mapping[str, Sequence[object] | np.ndarray],
    terms: Sequence[Term],
    *,
    confidence: float = 0.95,
    seed: int = 0,
) -> VarianceComponents:
    """Variance components of `values`, shape (n,), NaN = missing.

    Parameters
    ----------
    factors
        Name → level of every value, each of length n.
    terms
        The random terms: ("part",) for a factor, ("part", "operator") for an interaction or for a factor nested in another
        (wafer within cassette = ("cassette", "wafer")).

    Raises
    ------
    ValueError
        Too few values to tell the terms and the residual apart, unknown factors, or a table too large (20,000 values, 1,500
        levels).

    >>> y = np.array([1.0, 1.2, 3.0, 3.2, 5.0, 5.2])
    >>> made = variance_components(y, {"part": list("aabbcc")}, [("part",)])
    >>> round(made.component("part").variance, 3), round(made.component("residual").variance, 3)
    (3.99, 0.02)
    """
    y, blocks = _blocks(values, factors, terms)
    mean = float(y.mean())
    away = y - mean
    everything = _basis([np.ones((y.size, 1)), *blocks.values()])
    df_residual = y.size - everything.shape[1]
    if df_residual < 1:
        raise ValueError(
            f"{y.size} values leave nothing to tell repetition from {[' × '.join(t) for t in terms]}; repeat"
        )
    rows = [_term(place, list(blocks), blocks, away) for place in range(len(blocks))]
    residual = away - everything @ (everything.T @ away)
    ss = np.array([row[0] for row in rows] + [float(residual @ residual)])
    df = np.array([row[1] for row in rows] + [df_residual], dtype=np.float64)
    expected = np.array([[*row[2], row[1]] for row in rows] + [[0.0] * len(rows) + [df_residual]]) / df[:, None]
    inverse = np.linalg.inv(expected)
    variances = inverse @ (ss / df)
    generator = np.random.default_rng(seed)
    drawn = (ss / generator.chisquare(df, (DRAWS, df.size))) @ inverse.T
    edges = np.quantile(drawn, [0.5 - confidence / 2, 0.5 + confidence / 2], axis=0)
    components = []
    for place, term in enumerate([*blocks, RESIDUAL]):
        f, p = _test(place, expected, ss / df, df) if term != RESIDUAL else (float("nan"), float("nan"))
        components.append(
            Component(
                term=term,
                df=int(df[place]),
                ss=float(ss[place]),
                ms=float(ss[place] / df[place]),
                f=f,
                p=p,
                variance=float(max(0.0, variances[place])),
                low=float(max(0.0, edges[0, place])),
                high=float(max(0.0, edges[1, place])),
                negative=bool(variances[place] < 0),
            )
        )
    return VarianceComponents(
        components=tuple(components),
        mean=mean,
        values=y.size,
        df_total=y.size - 1,
        ss_total=float(away @ away),
        balanced=all(np.ptp(block.sum(axis=0)) == 0 for block in blocks.values()),
        confidence=confidence,
        draws=drawn,
    )


def _blocks(
    values: np.ndarray, factors: Mapping[str, Sequence[object] | np.ndarray], terms: Sequence[Term]
) -> tuple[np.ndarray, dict[Term, np.ndarray]]:
    values = np.asarray(values, dtype=np.float64).ravel()
    known = np.isfinite(values)
    unknown = {name for term in terms for name in term} - set(factors)
    if unknown or not terms:
        raise ValueError(f"terms name {sorted(unknown) or 'nothing'}; there are the factors {list(factors)}")
    if known.sum() > MOST_ROWS:
        raise ValueError(f"variance components take at most {MOST_ROWS:,} values, got {int(known.sum()):,}")
    codes = {}
    for name, labels in factors.items():
        texts = np.asarray(labels).astype(str).ravel()
        if texts.size != values.size:
            raise ValueError(f"factor {name!r} has {texts.size} levels for {values.size} values")
        codes[name] = np.unique(texts[known], return_inverse=True)[1]
    blocks = {}
    for term in sorted(terms, key=len):
        cells = np.unique(np.column_stack([codes[name] for name in term]), axis=0, return_inverse=True)[1].ravel()
        levels = int(cells.max(initial=-1)) + 1
        if levels < 2:
            raise ValueError(f"{' × '.join(term)} has {levels} level; variation needs at least 2")
        if levels > MOST_COLUMNS:
            raise ValueError(f"{' × '.join(term)} has {levels:,} levels; at most {MOST_COLUMNS:,}")
        block = np.zeros((cells.size, levels))
        block[np.arange(cells.size), cells] = 1.0
        blocks[term] = block
    return values[known], blocks


def _basis(blocks: Sequence[np.ndarray]) -> np.ndarray:
    """Orthonormal columns that span the blocks."""
    q, r, _ = qr(np.hstack(blocks), mode="economic", pivoting=True)
    sizes = np.abs(np.diag(r))
    return np.asarray(q[:, : int((sizes > 1e-9 * sizes[0]).sum())])


def _term(
    place: int, terms: list[Term], blocks: Mapping[Term, np.ndarray], away: np.ndarray
) -> tuple[float, int, list[float]]:
    """Sum of squares of one term after all that do not contain it, its degrees of freedom, and what each variance adds to it."""
    term = terms[place]
    constant = np.ones((away.size, 1))
    small = _basis([constant, *(blocks[other] for other in terms if not set(term) <= set(other))])
    block = blocks[term]
    left = block - small @ (small.T @ block)
    left = left - small @ (small.T @ left)
    q, r, _ = qr(left, mode="economic", pivoting=True)
    sizes = np.abs(np.diag(r))
    rank = int((sizes > 1e-9 * np.sqrt(block.sum(axis=0).max())).sum())
    if rank < 1:
        raise ValueError(f"{' × '.join(term)} cannot be told from the other terms; leave it out")
    added = q[:, :rank]
    ss = float(((added.T @ away) ** 2).sum())
    return ss, rank, [float(((added.T @ blocks[other]) ** 2).sum()) for other in terms]


def _test(place: int, expected: np.ndarray, ms: np.ndarray, df: np.ndarray) -> tuple[float, float]:
    """F and p of one component against the mean squares whose expectation is the same without it (Satterthwaite)."""
    target = expected[place].copy()
    target[place] = 0.0
    weights = np.linalg.solve(expected.T, target)
    denominator = float(weights @ ms)
    if not denominator > 0:
        return float("nan"), float("nan")
    freedom = denominator**2 / float((((weights * ms) ** 2) / df).sum())
    f = float(ms[place]) / denominator
    return f, float(stats.f.sf(f, df[place], freedom))
