"""One row at a time, for live use: everything that does not depend on the row is worked out beforehand.

The numbers are those of a whole stretch but for rounding; a row takes a few dozen calls on small arrays and no loop in Python.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jasang.analyze.monitors.calibration import Calibration
from jasang.analyze.monitors.lag_model import LagModel
from jasang.analyze.monitors.levels import FEWEST_FREEDOM, LEVEL_MEMORY, Levels
from jasang.analyze.monitors.memory import (
    KINDS,
    WANDER,
    MemoryState,
    Statistic,
    Whitening,
    squared_beyond_usual,
    statistics_of,
)

_NEVER = -1e9  # log of what a memory of one row keeps


@dataclass(frozen=True, slots=True, kw_only=True)
class _Student:
    """What turns t, (s,), into normal scores in units of the limit: `before` times the value, then by freedom, then `after`."""

    before: np.ndarray
    freedom: np.ndarray
    after: np.ndarray

    def scores(self, values: np.ndarray) -> np.ndarray:
        t = values * self.before
        inner = t * t
        inner /= self.freedom
        np.log1p(inner, out=inner)
        np.sqrt(inner, out=inner)
        inner *= self.after
        return np.asarray(np.copysign(inner, t, out=inner))


@dataclass(frozen=True, slots=True, kw_only=True)
class _LevelOfOne:
    used: np.ndarray  # (u,) places of the variables that have a level
    centre: np.ndarray
    student: _Student


@dataclass(frozen=True, slots=True, kw_only=True)
class OneRow:
    """What a monitor of p variables comes to for a single row.

    `forecast` (p, lags · p) multiplies the last rows, the oldest first; `turned` (2p, p) the residuals, into whitened ones and
    each variable's own. `keep` and `weight` belong to the memories, shape (k, 1), and to the wanders, (w, 1); `settled` and
    `fading`, (k + w, 1), give the scale of both after so many rows.
    """

    columns: np.ndarray
    centre: np.ndarray
    inverse: np.ndarray
    forecast: np.ndarray
    level: np.ndarray
    turned: np.ndarray
    own_from_together: np.ndarray
    inner: np.ndarray
    keep: np.ndarray
    weight: np.ndarray
    wander_keep: np.ndarray
    wander_weight: np.ndarray
    settled: np.ndarray
    fading: np.ndarray
    calibration_centre: np.ndarray
    student: _Student
    level_of_one: _LevelOfOne | None
    statistics: tuple[Statistic, ...]


def one_row(
    columns: Sequence[int],
    model: LagModel,
    white: Whitening,
    memories: Sequence[int],
    calibration: Calibration,
    levels: Levels | None,
    levels_limit: float,
) -> OneRow:
    """Everything about a monitor that single rows need."""
    variables = model.centre.size
    blocks = model.coefficients.reshape(model.lags, variables, variables)[::-1]
    wanted = statistics_of(memories)
    wander = [one for one in wanted if one.kind == WANDER]
    weight, wander_weight = _weights(memories), _weights([one.memory for one in wander])
    every = np.vstack([weight, wander_weight])
    level = () if levels is None else (Statistic(kind="level_of_one", memory=LEVEL_MEMORY),)
    return OneRow(
        columns=np.array(columns, dtype=np.int64),
        centre=model.centre,
        inverse=1.0 / model.scale,
        forecast=np.ascontiguousarray(blocks.reshape(-1, variables).T),
        level=model.level,
        turned=np.ascontiguousarray((np.hstack([white.together, white.own]) / white.scale[:, None]).T),
        own_from_together=np.ascontiguousarray(white.own_from_together().T),
        inner=np.array([list(memories).index(one.inner) for one in wander], dtype=np.int64),
        keep=1.0 - weight,
        weight=weight,
        wander_keep=1.0 - wander_weight,
        wander_weight=wander_weight,
        settled=np.sqrt((2.0 - every) / every),
        fading=np.where(every < 1.0, 2.0 * np.log1p(-np.minimum(every, 0.999)), _NEVER),
        calibration_centre=calibration.centre,
        student=_student(calibration.spread * calibration.tail, calibration.freedom, calibration.limit),
        level_of_one=None if levels is None else _level_of_one(levels, levels_limit),
        statistics=(*wanted, *level),
    )


def score_row(
    one: OneRow, row: np.ndarray, last: np.ndarray, memory: MemoryState, level: np.ndarray | None
) -> tuple[float, int, np.ndarray]:
    """The largest score of a row as in the input, which statistic gave it, and the residuals, (p,).

    `last`, the rows before, `memory` and `level` (NaN before the first row) are brought forward in place.
    """
    standard = row[one.columns]
    standard -= one.centre
    standard *= one.inverse
    known = np.isfinite(standard)
    whole = known.all()
    if not whole:
        standard = np.where(known, standard, last[-1])
    missed = standard - one.level
    missed -= one.forecast @ last.reshape(-1)
    if not whole:
        missed *= known
    last[:-1] = last[1:]
    last[-1] = standard
    turned = one.turned @ missed
    scores = one.student.scores(_statistics(one, turned, memory) - one.calibration_centre)
    leading = int(scores.argmax())
    largest = float(scores[leading])
    if one.level_of_one is not None and level is not None:
        found = _level(one.level_of_one, standard, level)
        if found > largest:
            largest, leading = found, scores.size
    return largest, leading, turned[standard.size :]


def _statistics(one: OneRow, turned: np.ndarray, memory: MemoryState) -> np.ndarray:
    """As `memory.statistics` of one row, shape (s,)."""
    variables, memories = turned.size // 2, one.keep.shape[0]
    parts = np.empty((3, 1, variables))
    parts[0, 0] = turned[:variables]
    squares = squared_beyond_usual(turned)
    parts[1:, 0] = squares.reshape(2, variables)
    memory.rows += 1
    scale = one.settled / np.sqrt(-np.expm1(memory.rows * one.fading))
    plain = memory.plain
    plain *= one.keep
    plain += one.weight * parts
    scaled = plain * scale[:memories]
    own_means = scaled[0] @ one.own_from_together
    plain_count = memories * len(KINDS)
    found = np.empty(plain_count + one.inner.size)
    table = found[:plain_count].reshape(memories, len(KINDS))
    sums = np.einsum("ikp,ikp->ki", scaled[:2], scaled[:2])
    sums[:, 1] *= 0.5
    np.cbrt(sums, out=table[:, ::2])
    np.abs(own_means).max(axis=1, out=table[:, 1])
    np.sqrt(np.abs(scaled[2]).max(axis=1), out=table[:, 3])
    if one.inner.size:
        wander = memory.wander
        wander *= one.wander_keep
        wander += one.wander_weight * squared_beyond_usual(own_means)[one.inner]
        largest = (wander * scale[memories:]).max(axis=1)
        np.sqrt(np.maximum(largest, 0.0, out=largest), out=found[plain_count:])
    return found


def _level(one: _LevelOfOne, standard: np.ndarray, level: np.ndarray) -> float:
    keep = 1.0 - 2.0 / (LEVEL_MEMORY + 1.0)
    if np.isnan(level[0]):
        level[:] = standard
    level *= keep
    level += (1.0 - keep) * standard
    if not one.used.size:
        return 0.0
    return float(one.student.scores(np.abs(level[one.used] - one.centre)).max())


def _weights(memories: Sequence[int]) -> np.ndarray:
    """Weight of the newest row in weighted means, shape (k, 1)."""
    return np.asarray(2.0 / (np.array(memories, dtype=np.float64)[:, None] + 1.0))


def _student(scale: np.ndarray, freedom: np.ndarray, limit: float) -> _Student:
    return _Student(
        before=1.0 / (scale * np.sqrt(1.0 + 1.0 / freedom)),
        freedom=freedom,
        after=np.sqrt(freedom) * (8.0 * freedom + 1.0) / (8.0 * freedom + 3.0) / limit,
    )


def _level_of_one(levels: Levels, limit: float) -> _LevelOfOne:
    used = np.flatnonzero(levels.freedom >= FEWEST_FREEDOM)
    return _LevelOfOne(
        used=used,
        centre=levels.centre[used],
        student=_student(levels.scale[used], levels.freedom[used], limit),
    )
