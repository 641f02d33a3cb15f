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
    """What the weighted means remember at the end of a stretch, by what they average and memory, and the rows seen."""

    levels: dict[tuple[str, int, int], np.ndarray]
    rows: int = 0


def fresh_state() -> MemoryState:
    """A memory that has seen nothing."""
    return MemoryState(levels={})


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
    state = fresh_state() if state is None else state
    wanted = statistics_of(memories)
    found = np.empty((residuals.shape[0], len(wanted)))
    turn = np.linalg.solve(white.together, white.own).T.copy()  # own = turn @ together
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
    squared = np.minimum(together * together, _MOST_SQUARED) - 1.0
    own_squared = np.minimum(own * own, _MOST_SQUARED) - 1.0
    own_means: dict[int, np.ndarray] = {}
    columns: dict[Statistic, np.ndarray] = {}
    for memory in memories:
        mean = _weighted(together, ("mean", 1, memory), state)
        own_means[memory] = own_mean = turn @ mean
        spread = _weighted(squared, ("spread", 1, memory), state)
        own_spread = _weighted(own_squared, ("own_spread", 1, memory), state)
        values = (
            np.cbrt(np.einsum("ij,ij->j", mean, mean)),
            np.abs(own_mean).max(axis=0),
            np.cbrt(np.einsum("ij,ij->j", spread, spread) / 2.0),
            np.sqrt(np.abs(own_spread).max(axis=0)),
        )
        for kind, value in zip(KINDS, values, strict=True):
            columns[Statistic(kind=kind, memory=memory)] = value
    for inner in {one.inner for one in wanted if one.kind == WANDER}:
        own_mean = own_means[inner]
        energy = np.minimum(own_mean * own_mean, _MOST_SQUARED) - 1.0
        for one in wanted:
            if one.kind == WANDER and one.inner == inner:
                wandered = _weighted(energy, (WANDER, inner, one.memory), state).max(axis=0)
                columns[one] = np.sqrt(np.maximum(wandered, 0.0))
    return columns


def _weighted(part: np.ndarray, key: tuple[str, int, int], state: MemoryState) -> np.ndarray:
    """Weighted mean over the memory `key[2]`, shape (p, n), in its own standard deviations for white parts of variance 1."""
    memory = key[2]
    if memory == 1:
        return part
    weight = 2.0 / (memory + 1.0)
    keep = 1.0 - weight
    before = state.levels.get(key, np.zeros(part.shape[0]))
    level, end = lfilter([weight], [1.0, -keep], part, axis=1, zi=keep * before[:, None])
    state.levels[key] = end[:, 0] / keep
    seen = state.rows + np.arange(1, part.shape[1] + 1)
    # The exact variance of the first rows: a weighted mean that starts at zero is not yet as spread as it will be.
    level /= np.sqrt(weight / (2.0 - weight) * -np.expm1(2.0 * seen * np.log(keep)))
    return np.asarray(level)
