"""Statistics of forecast residuals over several lengths of memory: a short one sees a jolt, a long one a small lasting change.

Exponentially weighted means (Roberts, Technometrics 1 (1959) 239-250) and variances (MacGregor & Harris, JQT 25 (1993) 106-118)
of the whitened residuals (all together: MEWMA, Lowry et al., Technometrics 34 (1992) 46-53) and of each variable's residual
beside all others (of one: Hawkins, Technometrics 33 (1991) 61-75). `wander_of_one` averages the square of a short mean over a
long memory: it sees a variable that is pushed to and fro a little, for which neither mean nor spread change much.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import linalg
from scipy.signal import lfilter

MEMORIES = (1, 6, 20, 65, 200, 400)  # rows
KINDS = ("mean_together", "mean_of_one", "spread_together", "spread_of_one")
WANDER = "wander_of_one"
SHRINKAGE = (
    0.1  # of the residuals' correlation towards none: directions of almost no spread are mostly noise of estimation
)
_INNER = (6, 20, 65)  # rows of the short mean whose square is averaged
_TIMES_INNER = 3  # the long memory is at least so many times the short one
_MOST_SQUARED = 50.0  # a residual beyond 7 standard deviations is far enough
_CHUNK = 4096  # rows; the arrays of a chunk fit the processor's cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic:
    """One number a row: its kind, its memory in rows and, for `wander_of_one`, the memory of the inner mean."""

    kind: str
    memory: int
    inner: int = 1


def statistics_of(memories: Sequence[int]) -> tuple[Statistic, ...]:
    """The statistics of these memories, in the order of the columns of `statistics`."""
    plain = [Statistic(kind=kind, memory=memory) for memory in memories for kind in KINDS]
    wander = [
        Statistic(kind=WANDER, memory=memory, inner=inner)
        for inner in _INNER
        if inner in memories
        for memory in memories
        if memory >= _TIMES_INNER * inner
    ]
    return (*plain, *wander)


@dataclass(frozen=True, slots=True, kw_only=True)
class Whitening:
    """Turns residuals, shape (n, p), into uncorrelated ones of unit variance and into each variable's own beside the others.

    `scale` (p,) is the residuals' standard deviation; `together` and `own`, shape (p, p), multiply the scaled residuals from
    the right.
    """

    scale: np.ndarray
    together: np.ndarray
    own: np.ndarray

    def own_from_together(self) -> np.ndarray:
        """Shape (p, p): each variable's own residuals are this times the whitened ones."""
        return np.ascontiguousarray(np.linalg.solve(self.together, self.own).T)


def whitening(residuals: np.ndarray, *, shrinkage: float = SHRINKAGE) -> Whitening:
    """The whitening of residuals, shape (n, p), that no model was fitted to."""
    scale = np.maximum(residuals.std(axis=0), 1e-6)
    standard = (residuals - residuals.mean(axis=0)) / scale
    correlation = (1.0 - shrinkage) * (standard.T @ standard) / max(1, standard.shape[0])
    sizes, axes = linalg.eigh(correlation + shrinkage * np.eye(scale.size))
    precision = (axes / sizes) @ axes.T
    return Whitening(scale=scale, together=axes / np.sqrt(sizes), own=precision / np.sqrt(np.diag(precision)))


@dataclass(slots=True)
class MemoryState:
    """Weighted means at the end of a stretch and the rows seen: `plain` (3, memories, p) of whitened residuals, their squares and
    the squares of each variable's own; `wander` (w, p) of the squares of short means, in the order of `statistics_of`.
    """

    plain: np.ndarray
    wander: np.ndarray
    rows: int = 0


def fresh_state(memories: Sequence[int], variables: int) -> MemoryState:
    """A memory that has seen nothing."""
    wander = sum(one.kind == WANDER for one in statistics_of(memories))
    return MemoryState(plain=np.zeros((3, len(memories), variables)), wander=np.zeros((wander, variables)))


def statistics(
    residuals: np.ndarray,
    white: Whitening,
    memories: Sequence[int],
    state: MemoryState | None = None,
) -> np.ndarray:
    """Shape (n, s), columns as `statistics_of(memories)`; `state`, when given, is read and brought forward.

    `residuals` has shape (n, p). Each statistic is a root of a sum of squares that makes it about normal (cube root of a
    chi-square, Wilson & Hilferty 1931).
    """
    state = fresh_state(memories, residuals.shape[1]) if state is None else state
    wanted = statistics_of(memories)
    found = np.empty((residuals.shape[0], len(wanted)))
    turn = white.own_from_together()
    for first in range(0, residuals.shape[0], _CHUNK):
        part = residuals[first : first + _CHUNK]
        columns = _chunk((part / white.scale).T, white, turn, memories, wanted, state)
        found[first : first + part.shape[0]] = np.stack([columns[one] for one in wanted], axis=1)
        state.rows += part.shape[0]
    return found


def _chunk(
    scaled: np.ndarray,
    white: Whitening,
    turn: np.ndarray,
    memories: Sequence[int],
    wanted: tuple[Statistic, ...],
    state: MemoryState,
) -> dict[Statistic, np.ndarray]:
    """The statistics of one chunk of scaled residuals, shape (p, n) so that each variable lies in one piece of memory."""
    together, own = white.together.T @ scaled, white.own.T @ scaled
    squared = squared_beyond_usual(together)
    own_squared = squared_beyond_usual(own)
    own_means: dict[int, np.ndarray] = {}
    columns: dict[Statistic, np.ndarray] = {}
    for place, memory in enumerate(memories):
        mean = _weighted(together, memory, state.plain[0, place], state.rows)
        own_means[memory] = own_mean = turn @ mean
        spread = _weighted(squared, memory, state.plain[1, place], state.rows)
        own_spread = _weighted(own_squared, memory, state.plain[2, place], state.rows)
        values = (
            np.cbrt(np.einsum("ij,ij->j", mean, mean)),
            np.abs(own_mean).max(axis=0),
            np.cbrt(np.einsum("ij,ij->j", spread, spread) / 2.0),
            np.sqrt(np.abs(own_spread).max(axis=0)),
        )
        for kind, value in zip(KINDS, values, strict=True):
            columns[Statistic(kind=kind, memory=memory)] = value
    energies = {
        inner: squared_beyond_usual(own_means[inner]) for inner in {one.inner for one in wanted if one.inner > 1}
    }
    for place, one in enumerate(one for one in wanted if one.kind == WANDER):
        wandered = _weighted(energies[one.inner], one.memory, state.wander[place], state.rows).max(axis=0)
        columns[one] = np.sqrt(np.maximum(wandered, 0.0))
    return columns


def squared_beyond_usual(standard: np.ndarray) -> np.ndarray:
    """Squares of standard values less the 1 they have on average; beyond 7 standard deviations far enough is far enough."""
    return np.asarray(np.minimum(standard * standard, _MOST_SQUARED) - 1.0)


def memory_scale(memory: int, seen: np.ndarray) -> np.ndarray:
    """One over the standard deviation of a weighted mean of white values of variance 1 after so many rows `seen`.

    The exact one of the first rows: a weighted mean that starts at zero is not yet as spread as it will be.
    """
    if memory == 1:
        return np.ones_like(seen, dtype=np.float64)
    weight = 2.0 / (memory + 1.0)
    return np.asarray(1.0 / np.sqrt(weight / (2.0 - weight) * -np.expm1(2.0 * seen * np.log1p(-weight))))


def _weighted(part: np.ndarray, memory: int, before: np.ndarray, rows: int) -> np.ndarray:
    """Weighted mean over the memory, shape (p, n), in its own standard deviations for white parts of variance 1.

    `before` (p,) is where it stands after `rows` rows, and is brought forward.
    """
    if memory == 1:
        return part
    weight = 2.0 / (memory + 1.0)
    keep = 1.0 - weight
    level, _ = lfilter([weight], [1.0, -keep], part, axis=1, zi=keep * before[:, None])
    before[:] = level[:, -1]
    level *= memory_scale(memory, rows + np.arange(1, part.shape[1] + 1))
    return np.asarray(level)
