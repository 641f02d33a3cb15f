"""A monitor of many signals at once: trained on a normal period, it gives every new row a score whose limit is 1.

Limits: it sees what was constant in training not at all, and calls unusual what the training period did not contain, be it a
fault or a new product. What it says of the false-alarm rate holds for data like the training period.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.signal import lfilter

from jasang.analyze.monitors.calibration import Calibration, Rate, affordable, calibrate, normal_scores
from jasang.analyze.monitors.lag_model import FOLDS, LagModel, LeftOut, filled, fit_lag_model, runs_of
from jasang.analyze.monitors.levels import LEVEL_MEMORY, Levels, correlation_time, fit_levels, level_limit, level_score
from jasang.analyze.monitors.memory import (
    MEMORIES,
    MemoryState,
    Statistic,
    Whitening,
    fresh_state,
    statistics,
    statistics_of,
    whitening,
)
from jasang.analyze.monitors.one_row import OneRow, one_row, score_row

FALSE_ALARM_RATE = 0.01  # per row
FEWEST_ROWS = 100
ROWS_FOR_VARIABLE = 3.0
MOST_VARIABLES = 320
MOST_TRAINING_ROWS = 60_000
_MOST_MISSING = 0.2  # share of rows without a value above which a variable is left out
_MOST_HELD = 0.999  # share of rows that repeat the row before above which a variable counts as constant
_JUMP = 6.0  # robust standard deviations of a row's residuals taken together
_MOST_JUMPS = 0.005  # of the rows; more are no breaks but the way the process is
_MOST_SMOOTHED = 3.0  # a score counts three times the limit at most, so that one jolt is not an alarm for long
_ROWS_FOR_CORRELATION = 5000  # of a run
_TINY = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """A trained monitor of `names`, p variables; `left_out` names columns of the input it does not look at, and why.

    `columns` are the places of the p variables in a row of the input. `memories` are the lengths, in rows, that the training
    data could afford; `unaffordable` those it could not. `rows` is the length of the training data.
    """

    names: tuple[str, ...]
    columns: tuple[int, ...]
    inputs: int
    left_out: tuple[tuple[str, str], ...]
    model: LagModel
    white: Whitening
    levels: Levels | None
    calibration: Calibration
    memories: tuple[int, ...]
    unaffordable: tuple[int, ...]
    rows: int
    asked_rate: float
    smoothing: int = 1

    @property
    def false_alarm_rate(self) -> Rate:
        """Share of normal rows expected above the limit, from left-out blocks of the training data."""
        return self.calibration.rate


@dataclass(slots=True)
class MonitorState:
    """Where scoring stands between two stretches of rows that follow each other."""

    last: np.ndarray  # the last `lags` rows, standardised, nothing missing, shape (≤ lags, p)
    memory: MemoryState
    level: np.ndarray | None = None  # the short mean of each variable, shape (p,)
    smoothed: float = 0.0
    one: OneRow | None = None  # what the monitor comes to for a single row, made when the first one comes


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Scores of n rows: `score` (n,) alarms above 1 and is NaN for the first `lags` rows of a run; `leading` (n,) is the
    statistic that gave it, an index into `statistics`, -1 where there is none. `residuals` (n, p) are each variable's
    own, beside the others and their past, in standard deviations of the training data (NaN where there is no score).
    """

    score: np.ndarray
    leading: np.ndarray
    residuals: np.ndarray
    statistics: tuple[Statistic, ...] = field(default=())

    @property
    def alarm(self) -> np.ndarray:
        """True where the score is above its limit, shape (n,)."""
        return np.asarray(self.score > 1.0)


def train_monitor(
    values: np.ndarray,
    *,
    names: Sequence[str] | None = None,
    starts: np.ndarray | None = None,
    false_alarm_rate: float = FALSE_ALARM_RATE,
    memories: Sequence[int] = MEMORIES,
    levels: bool = False,
    smoothing: int = 1,
) -> Monitor:
    """A monitor of rows of normal operation.

    Parameters
    ----------
    values
        Shape (n, m), rows in order of time at even steps, NaN where missing.
    names
        Of the m columns; "x1", "x2", … when not given.
    starts
        Places of the rows with which a new run begins (after a gap or a stop); rows before and after are not neighbours.
    false_alarm_rate
        Share of normal rows that may alarm; the limit keeps the true rate below it with 90 % confidence.
    memories
        Lengths in rows to choose from; longer ones than the data can afford are left out.
    levels
        Whether to alarm for as long as a variable stands off the level it had in training, also when everything has settled
        there. For processes that come back to their levels; its false alarms rest on Student's t, not on left-out blocks.
    smoothing
        Rows over which the score is averaged (weighted, three times the limit at most): fewer short alarms and fewer gaps in
        long ones, for a delay of some rows. 1 does not.

    Raises
    ------
    ValueError
        Fewer rows than `FEWEST_ROWS` or 3 for each variable, fewer than 2 variables that move, a rate outside (0, 0.5), or a
        smoothing below 1.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> normal = rng.normal(size=(1000, 4))
    >>> monitor = train_monitor(normal)
    >>> broken = rng.normal(size=(50, 4)) + [0.0, 0.0, 4.0, 0.0]
    >>> bool(score(monitor, broken).alarm[10:].all())
    True
    """
    if not 0.0 < false_alarm_rate < 0.5:
        raise ValueError(f"false_alarm_rate must lie between 0 and 0.5, got {false_alarm_rate}")
    if smoothing < 1:
        raise ValueError(f"smoothing must be at least 1 row, got {smoothing}")
    values = _checked(values)
    given = tuple(names) if names is not None else tuple(f"x{place + 1}" for place in range(values.shape[1]))
    if len(given) != values.shape[1]:
        raise ValueError(f"{len(given)} names for {values.shape[1]} columns")
    columns, left_out = _usable(values, given)
    if len(columns) < 2:
        raise ValueError(f"a monitor needs at least 2 variables that move, found {len(columns)} of {values.shape[1]}")
    fewest = max(FEWEST_ROWS, int(ROWS_FOR_VARIABLE * len(columns)))
    if values.shape[0] < fewest:
        raise ValueError(f"{len(columns)} variables need at least {fewest} rows of normal data, got {values.shape[0]}")
    cut = max(0, values.shape[0] - MOST_TRAINING_ROWS)
    kept = values[cut:, list(columns)]
    later = None if starts is None else np.asarray(starts, dtype=np.int64)[np.asarray(starts) > cut] - cut
    runs = [filled(run) for _, run in runs_of(kept, later, fewest=FOLDS * 4)]
    if not runs:
        raise ValueError(f"no run of {FOLDS * 4} consecutive rows in the normal data")
    left = _fitted(runs)
    usable = affordable(memories, kept.shape[0])
    calibration = calibrate(
        _left_out_statistics(left, usable),
        [one.memory for one in statistics_of(usable)],
        freedom=_freedom(runs, kept.shape),
        false_alarm_rate=false_alarm_rate,
    )
    return Monitor(
        names=tuple(given[column] for column in columns),
        columns=columns,
        inputs=values.shape[1],
        left_out=left_out,
        model=left.model,
        white=whitening(np.vstack([run for fold in left.blocks for run in fold])),
        levels=fit_levels([(run - left.model.centre) / left.model.scale for run in runs]) if levels else None,
        calibration=calibration,
        memories=usable,
        unaffordable=tuple(memory for memory in memories if memory not in usable),
        rows=kept.shape[0],
        asked_rate=false_alarm_rate,
        smoothing=int(smoothing),
    )


def _fitted(runs: Sequence[np.ndarray]) -> LeftOut:
    """The forecast of the runs, cut where the record jumps: one break nobody told of would set all limits."""
    left = fit_lag_model(runs)
    lags = left.model.lags
    cut: list[np.ndarray] = []
    rows = sum(run.shape[0] for run in runs)
    jumps = 0
    for run in runs:
        missed = left.model.residuals(run)
        size = np.sqrt(np.mean((missed / np.maximum(missed.std(axis=0), _TINY)) ** 2, axis=1))
        usual = float(np.median(size))
        spread = max(1.4826 * float(np.median(np.abs(size - usual))), 0.05)
        places = np.flatnonzero(size > usual + _JUMP * spread) + lags
        places = places[np.diff(places, prepend=-lags) > lags]  # what follows a break is its echo
        jumps += places.size
        cut += [part for part in np.split(run, places) if part.shape[0] >= FOLDS * 4]
    if not jumps or jumps > _MOST_JUMPS * rows or sum(part.shape[0] for part in cut) < 0.9 * rows:
        return left
    return fit_lag_model(cut)


def _freedom(runs: Sequence[np.ndarray], shape: tuple[int, ...]) -> float:
    """Rows for each variable, or half the independent values of the middle variable: what moves slowly was seen few times."""
    rows, variables = shape
    apart = float(np.median(correlation_time([run[:_ROWS_FOR_CORRELATION] / _spread(run) for run in runs])))
    return min(rows / variables, 0.5 * rows / apart)


def _spread(run: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(run.std(axis=0), _TINY))


def _left_out_statistics(left: LeftOut, memories: tuple[int, ...]) -> list[list[np.ndarray]]:
    """Statistics of each block under the whitening of the others: what fresh data will look like to the monitor."""
    found = []
    for place, fold in enumerate(left.blocks):
        white = whitening(np.vstack([run for other, runs in enumerate(left.blocks) if other != place for run in runs]))
        found.append([statistics(run, white, memories) for run in fold if run.shape[0]])
    return found


def fresh(monitor: Monitor) -> MonitorState:
    """The state before the first row."""
    variables = len(monitor.names)
    return MonitorState(last=np.empty((0, variables)), memory=fresh_state(monitor.memories, variables))


def score(
    monitor: Monitor, values: np.ndarray, *, starts: np.ndarray | None = None, state: MonitorState | None = None
) -> Scores:
    """Scores of rows, shape (n, m) as in training; with a `state` they follow the rows scored before, and it is brought forward.

    Raises
    ------
    ValueError
        The rows have another number of columns than the training data.
    """
    values = np.asarray(values, dtype=np.float64)
    single = starts is None and values.shape == (1, monitor.inputs)
    if single and state is not None and state.last.shape[0] == monitor.model.lags:
        return _score_one(monitor, values[0], state)
    values = _checked(values)
    if values.shape[1] != monitor.inputs:
        raise ValueError(f"the monitor was trained on {monitor.inputs} columns, got {values.shape[1]}")
    kept = values[:, list(monitor.columns)]
    parts = []
    for first, run in runs_of(kept, starts, fewest=1):
        own = state if state is not None else fresh(monitor)
        if first > 0 and state is not None:
            begun = fresh(monitor)
            own.last, own.memory, own.level, own.smoothed = begun.last, begun.memory, None, 0.0
        parts.append(_score_run(monitor, run, own))
    if not parts:
        empty = np.empty(0)
        return Scores(
            score=empty,
            leading=np.empty(0, dtype=np.int64),
            residuals=np.empty((0, len(monitor.names))),
            statistics=_statistics(monitor),
        )
    scores, leading, residuals = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Scores(score=scores, leading=leading, residuals=residuals, statistics=_statistics(monitor))


def _statistics(monitor: Monitor) -> tuple[Statistic, ...]:
    level = () if monitor.levels is None else (Statistic(kind="level_of_one", memory=LEVEL_MEMORY),)
    return (*statistics_of(monitor.memories), *level)


def _score_run(monitor: Monitor, run: np.ndarray, state: MonitorState) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    before = state.last.shape[0]
    joined = np.vstack([state.last, (run - monitor.model.centre) / monitor.model.scale])
    missing = ~np.isfinite(joined)
    whole = filled(joined, np.zeros(joined.shape[1])) if missing.any() else joined
    lags = monitor.model.lags
    state.last = whole[-lags:].copy()
    rows = run.shape[0]
    result = np.full(rows, np.nan)
    leading = np.full(rows, -1, dtype=np.int64)
    own = np.full((rows, run.shape[1]), np.nan)
    skip = max(0, lags - before)
    if rows <= skip:
        return result, leading, own
    residuals = monitor.model.missed(whole)
    # A value that is missing was not unexpected.
    residuals[missing[lags:]] = 0.0
    found = statistics(residuals, monitor.white, monitor.memories, state.memory)
    scores = normal_scores(found, monitor.calibration) / monitor.calibration.limit
    if monitor.levels is not None:
        level, state.level = level_score(whole[-(rows - skip) :], monitor.levels, state.level)
        scores = np.column_stack([scores, level / level_limit(monitor.levels, monitor.asked_rate)])
    leading[skip:] = np.argmax(scores, axis=1)
    result[skip:] = _smoothed(monitor, np.maximum(0.0, scores.max(axis=1)), state)
    own[skip:] = (residuals / monitor.white.scale) @ monitor.white.own
    return result, leading, own


def _smoothed(monitor: Monitor, scores: np.ndarray, state: MonitorState) -> np.ndarray:
    if monitor.smoothing == 1:
        return scores
    weight = 2.0 / (monitor.smoothing + 1.0)
    start = np.array([(1.0 - weight) * state.smoothed])
    smooth, _ = lfilter([weight], [1.0, weight - 1.0], np.minimum(scores, _MOST_SMOOTHED), zi=start)
    state.smoothed = float(smooth[-1])
    return np.asarray(smooth)


def _score_one(monitor: Monitor, row: np.ndarray, state: MonitorState) -> Scores:
    """A single row by the short way: the same numbers as `_score_run` but for rounding, in a fraction of the time."""
    if state.one is None:
        levels, columns = monitor.levels, monitor.columns
        limit = 1.0 if levels is None else level_limit(levels, monitor.asked_rate)
        state.one = one_row(columns, monitor.model, monitor.white, monitor.memories, monitor.calibration, levels, limit)
    if state.level is None and monitor.levels is not None:
        state.level = np.full(len(monitor.names), np.nan)
    largest, leading, own = score_row(state.one, row, state.last, state.memory, state.level)
    found = max(0.0, largest)
    if monitor.smoothing > 1:
        weight = 2.0 / (monitor.smoothing + 1.0)
        found = weight * min(found, _MOST_SMOOTHED) + (1.0 - weight) * state.smoothed
        state.smoothed = found
    return Scores(
        score=np.array([found]), leading=np.array([leading]), residuals=own[None, :], statistics=state.one.statistics
    )


def _checked(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2:
        raise ValueError(f"values must have shape (rows, variables), got {values.shape}")
    return np.where(np.isfinite(values), values, np.nan)


def _usable(values: np.ndarray, names: tuple[str, ...]) -> tuple[tuple[int, ...], tuple[tuple[str, str], ...]]:
    """Places of the columns to look at, and names of the others with the reason: missing, constant, copy, too_many."""
    columns: list[int] = []
    left_out: list[tuple[str, str]] = []
    standard: list[np.ndarray] = []
    for place, name in enumerate(names):
        column = values[:, place]
        known = column[np.isfinite(column)]
        if known.size < (1.0 - _MOST_MISSING) * column.size or known.size < 2:
            left_out.append((name, "missing"))
        elif known.std() <= _TINY * max(1.0, float(np.abs(known).max())) or np.mean(np.diff(known) == 0.0) > _MOST_HELD:
            left_out.append((name, "constant"))
        elif len(columns) >= MOST_VARIABLES:
            left_out.append((name, "too_many"))
        else:
            one = np.nan_to_num((column - known.mean()) / known.std())
            if any(float(np.abs(one - other).max()) < 1e-6 for other in standard):
                left_out.append((name, "copy"))
                continue
            standard.append(one)
            columns.append(place)
    return tuple(columns), tuple(left_out)
