"""Which variable an event begins with: how much of what was unexpected one variable alone would explain.

Two ways a variable can be the first: it is pushed and the process carries that on (its own residual, beside all others and their
past: regression adjustment, Hawkins, Technometrics 33 (1991) 61-75), or it is measured or moved wrongly by an unknown amount from
some moment on, which also spoils the forecasts made from it (reconstruction, Dunia & Joe Qin, AIChE J. 44 (1998) 1813-1831, here
through all lags). The larger of both counts. It is an order of suspicion, not a proof of cause.
"""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from jasang.analyze.monitors.monitor import Monitor

FIRST_ROWS = 60  # of an event's beginning that are looked at: later the control has carried the fault everywhere
MOST_ROWS = 240  # that are looked at where fewer do not tell one variable from the others
_SEEN = 6.0  # standard deviations by which the first variable must explain more than noise would
_AHEAD = 1.5  # times what the second explains
_RIDGE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """How much one variable alone explains of what was unexpected: `share` 0 to 1, `deviation` its mean residual beside the
    others over the window, in standard deviations (positive = higher than they let expect), `spread` the root mean square.
    """

    name: str
    share: float
    deviation: float
    spread: float


def contributions(monitor: Monitor, residuals: np.ndarray) -> tuple[Contribution, ...]:
    """All variables, the most suspect first, for consecutive rows of `Scores.residuals`, shape (n, p), from the onset on.

    Rows without a score (NaN) are left out; the first `FIRST_ROWS` rows are looked at, and up to `MOST_ROWS` as long as no
    variable explains clearly more than the others.
    """
    own = residuals[np.isfinite(residuals).all(axis=1)][:MOST_ROWS]
    variables = len(monitor.names)
    if not own.shape[0]:
        return tuple(Contribution(name=name, share=0.0, deviation=0.0, spread=0.0) for name in monitor.names)
    turn = np.linalg.solve(monitor.white.own, monitor.white.together)
    every, rows = own, FIRST_ROWS
    while True:
        own = every[:rows]
        unexpected = own @ turn
        explained = np.maximum(np.sum(own * own, axis=0), _mismeasured(monitor, unexpected))
        if rows >= every.shape[0] or _is_clear(explained, own.shape[0]):
            break
        rows *= 2
    total = float(np.sum(unexpected * unexpected))
    order = np.argsort(-explained, kind="stable")
    deviation, spread = own.mean(axis=0), np.sqrt(np.mean(own * own, axis=0))
    return tuple(
        Contribution(
            name=monitor.names[place],
            share=float(min(1.0, explained[place] / max(total, 1e-12))),
            deviation=float(deviation[place]),
            spread=float(spread[place]),
        )
        for place in order[:variables]
    )


def _is_clear(explained: np.ndarray, rows: int) -> bool:
    """Whether one variable explains more than noise would (about one a row), and clearly more than the second."""
    second, first = np.sort(explained)[-2:] - rows
    return bool(first > _SEEN * np.sqrt(2.0 * rows) and first > _AHEAD * second)


def _mismeasured(monitor: Monitor, unexpected: np.ndarray) -> np.ndarray:
    """How much of the squared whitened residuals, shape (n, p), an unknown course added to each variable explains, shape (p,).

    Added f(t) in one variable changes the residual of row t by f(t) and those of the next rows through the forecast; the best
    course is least squares with a banded matrix.
    """
    white, lags = monitor.white, monitor.model.lags
    turn = white.together / white.scale[:, None]
    rows, variables = unexpected.shape
    weights = monitor.model.coefficients.reshape(lags, variables, variables) @ turn
    found = np.zeros(variables)
    for variable in range(variables):
        effects = np.vstack([turn[variable], -weights[:, variable]])  # of one unit of f on this row and the next ones
        bands = _bands(effects @ effects.T, rows)
        seen = unexpected @ effects.T
        target = np.zeros(rows)
        for later in range(min(lags + 1, rows)):
            target[: rows - later] += seen[later:, later]
        found[variable] = float(target @ linalg.solveh_banded(bands, target, lower=True))
    return found


def _bands(products: np.ndarray, rows: int) -> np.ndarray:
    """Diagonals, shape (bands, rows) from the main one down, of the normal matrix of effects with inner products `products`.

    The last rows see only the first effects.
    """
    reach = products.shape[0] - 1
    bands = np.zeros((min(reach + 1, rows), rows))
    place = np.arange(rows)
    for apart in range(bands.shape[0]):
        sums = np.cumsum(np.diagonal(products, apart))
        here = place[: rows - apart]
        bands[apart, : rows - apart] = sums[np.minimum(reach - apart, rows - 1 - apart - here)]
    bands[0] += _RIDGE * max(float(products[0, 0]), 1e-12)
    return bands
