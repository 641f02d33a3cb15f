"""What normal looks like from one row to the next: every variable forecast from the last rows of all variables.

A ridge vector autoregression. Lags and ridge are chosen on blocks of time that were left out; the residuals that calibrate a
monitor are those of the blocks left out, never of rows the model has seen.
Lütkepohl, New Introduction to Multiple Time Series Analysis, 2005; Hoerl & Kennard, Technometrics 12 (1970) 55-67.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import linalg

LAGS = (1, 2, 3, 5, 8)
RIDGES = (1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0)  # in units of a standardised variable's variance
MOST_INPUTS = 640  # lags × variables: beyond, a fit takes more than seconds
ROWS_FOR_INPUT = 1.5  # a lag is tried where there are so many rows for each input it adds up to
FOLDS = 5
# In units of the deviance of one variable over all rows. On simulated short records 5 gave monitors that were sure of slow moves
# they had seen once, 20 did not.
SLACK = 20.0
_TINY = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class LagModel:
    """Forecast of the standardised row, shape (p,), from the `lags` rows before: `inputs @ coefficients + level`.

    `centre` and `scale`, shape (p,), standardise a row; `coefficients` has shape (lags · p, p), the latest row's block first,
    and `level` (p,).
    """

    centre: np.ndarray
    scale: np.ndarray
    coefficients: np.ndarray
    level: np.ndarray
    lags: int
    ridge: float

    def residuals(self, rows: np.ndarray) -> np.ndarray:
        """What the forecast missed, in units of `scale`; rows (n + lags, p) in, (n, p) out."""
        return self.missed((rows - self.centre) / self.scale)

    def missed(self, standard: np.ndarray) -> np.ndarray:
        """As `residuals`, of rows that are standardised already."""
        found: np.ndarray = standard[self.lags :] - _inputs(standard, self.lags) @ self.coefficients - self.level
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Residuals of blocks of time under the model of all other blocks: `blocks[k]` is a list of (n_i, p) runs of fold k."""

    model: LagModel
    blocks: tuple[tuple[np.ndarray, ...], ...]


@dataclass(slots=True)
class _Sums:
    """Products of the inputs with themselves and with the targets, and the sums of both, over so many rows."""

    gram: np.ndarray
    cross: np.ndarray
    inputs: np.ndarray
    targets: np.ndarray
    rows: int

    def centred(self) -> tuple[np.ndarray, np.ndarray]:
        """The products of what is left beside the means. A block left out must not lend the model its mean."""
        rows = max(1, self.rows)
        gram = self.gram - np.outer(self.inputs, self.inputs) / rows
        return gram, self.cross - np.outer(self.inputs, self.targets) / rows


def fit_lag_model(runs: Sequence[np.ndarray]) -> LeftOut:
    """The forecasting model of runs of consecutive rows, each (n_i, p), with residuals of left-out blocks of time.

    Raises
    ------
    ValueError
        No run is longer than a block with its lags.
    """
    everything = np.vstack(runs)
    centre, scale = everything.mean(axis=0), everything.std(axis=0)
    scale = np.where(scale > _TINY, scale, 1.0)
    folds = _folds([(run - centre) / scale for run in runs])
    lags, ridge = _choice(folds, everything.shape[0])
    sums = [_sums(parts, lags) for parts in folds]
    coefficients, level = _solve(_added(sums), ridge)
    model = LagModel(centre=centre, scale=scale, coefficients=coefficients, level=level, lags=lags, ridge=ridge)
    blocks = []
    for place, parts in enumerate(folds):
        others, base = _solve(_added(sums[:place] + sums[place + 1 :]), ridge)
        long_enough = [part for part in parts if part.shape[0] > lags]
        blocks.append(tuple(part[lags:] - _inputs(part, lags) @ others - base for part in long_enough))
    return LeftOut(model=model, blocks=tuple(blocks))


def _choice(folds: Sequence[Sequence[np.ndarray]], rows: int) -> tuple[int, float]:
    """Lags that forecast left-out blocks best, and the largest ridge that is no worse by more than `SLACK` in deviance.

    What moves slowly is hardly seen in a short record; a model that trusts it calls the next such move a fault.
    """
    variables = folds[0][0].shape[1]
    best: tuple[float, int, float] | None = None
    for lags in LAGS:
        inputs = lags * variables
        if lags > 1 and (inputs > MOST_INPUTS or inputs * ROWS_FOR_INPUT > 0.8 * rows):
            break
        losses = _losses(folds, lags)  # (folds, ridges)
        means = losses.mean(axis=0)
        place = int(np.argmin(means))
        ridge = max(one for one, mean in zip(RIDGES, means, strict=True) if mean <= means[place] + SLACK / rows)
        if best is None or means[place] < best[0]:
            best = (float(means[place]), lags, ridge)
    if best is None:
        raise ValueError(f"no lag can be fitted to {rows} rows of {variables} variables")
    return best[1], best[2]


def _folds(runs: Sequence[np.ndarray]) -> list[list[np.ndarray]]:
    """The runs in `FOLDS` parts of about the same number of rows; long runs are cut, short ones stay whole."""
    rows = sum(run.shape[0] for run in runs)
    share = rows / FOLDS
    folds: list[list[np.ndarray]] = [[] for _ in range(FOLDS)]
    done = 0
    for run in runs:
        pieces = max(1, round(run.shape[0] / share))
        for piece in np.array_split(run, pieces):
            middle = done + 0.5 * piece.shape[0]
            folds[min(FOLDS - 1, int(middle / share))].append(piece)
            done += piece.shape[0]
    return [parts for parts in folds if parts]


def _inputs(standard: np.ndarray, lags: int) -> np.ndarray:
    rows = standard.shape[0]
    return np.hstack([standard[lags - lag : rows - lag] for lag in range(1, lags + 1)])


def _sums(parts: Sequence[np.ndarray], lags: int) -> _Sums:
    variables = parts[0].shape[1]
    size = lags * variables
    found = _Sums(np.zeros((size, size)), np.zeros((size, variables)), np.zeros(size), np.zeros(variables), 0)
    for part in parts:
        if part.shape[0] > lags:
            inputs = _inputs(part, lags)
            found.gram += inputs.T @ inputs
            found.cross += inputs.T @ part[lags:]
            found.inputs += inputs.sum(axis=0)
            found.targets += part[lags:].sum(axis=0)
            found.rows += inputs.shape[0]
    return found


def _added(sums: Sequence[_Sums]) -> _Sums:
    return _Sums(
        np.add.reduce([one.gram for one in sums]),
        np.add.reduce([one.cross for one in sums]),
        np.add.reduce([one.inputs for one in sums]),
        np.add.reduce([one.targets for one in sums]),
        sum(one.rows for one in sums),
    )


def _solve(sums: _Sums, ridge: float) -> tuple[np.ndarray, np.ndarray]:
    rows = max(1, sums.rows)
    gram, cross = sums.centred()
    coefficients = np.asarray(linalg.solve(gram + ridge * rows * np.eye(gram.shape[0]), cross, assume_a="pos"))
    return coefficients, (sums.targets - sums.inputs @ coefficients) / rows


def _losses(folds: Sequence[Sequence[np.ndarray]], lags: int) -> np.ndarray:
    """Mean over variables of the log variance of each fold's left-out residuals, for each of `RIDGES`, shape (folds, ridges)."""
    sums = [_sums(parts, lags) for parts in folds]
    found = []
    for place, parts in enumerate(folds):
        rest = _added(sums[:place] + sums[place + 1 :])
        long_enough = [part for part in parts if part.shape[0] > lags]
        if not long_enough or not rest.rows:
            continue
        gram, cross = rest.centred()
        size, axes = linalg.eigh(gram)
        turned = axes.T @ cross
        targets = np.vstack([part[lags:] for part in long_enough]) - rest.targets / rest.rows
        inputs = (np.vstack([_inputs(part, lags) for part in long_enough]) - rest.inputs / rest.rows) @ axes
        losses = []
        for ridge in RIDGES:
            missed = targets - inputs @ (turned / (np.maximum(size, 0.0) + ridge * rest.rows)[:, None])
            losses.append(float(np.log((missed * missed).mean(axis=0) + _TINY).mean()))
        found.append(losses)
    return np.array(found)


def runs_of(rows: np.ndarray, starts: np.ndarray | None, fewest: int) -> Iterator[tuple[int, np.ndarray]]:
    """The runs of consecutive rows with the place of their first row; `starts` are the places where a new run begins."""
    inner = np.empty(0, dtype=np.int64) if starts is None else np.asarray(starts, dtype=np.int64)
    edges = np.unique(np.concatenate((np.array([0, rows.shape[0]]), inner)))
    for first, last in pairwise(edges):
        if last - first >= fewest:
            yield int(first), rows[first:last]


def filled(rows: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
    """Missing values as the last known one of the column; before the first, the first (or `start`, shape (p,))."""
    known = np.isfinite(rows)
    if known.all():
        return rows
    place = np.where(known, np.arange(rows.shape[0])[:, None], -1)
    last = np.maximum.accumulate(place, axis=0)
    first = np.where(known.any(axis=0), np.argmax(known, axis=0), 0)
    taken = np.take_along_axis(rows, np.where(last >= 0, last, first[None, :]), axis=0)
    level = np.zeros(rows.shape[1]) if start is None else start
    unknown = (last < 0) if start is not None else ~np.isfinite(taken)
    return np.where(unknown, level[None, :], taken)
