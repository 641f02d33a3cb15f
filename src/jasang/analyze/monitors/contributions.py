"""Which variable an event begins with: how much of what was unexpected one variable alone would explain.

Two ways a variable can be the first: it is pushed and the process carries that on (its own residual, beside all others and their
past: regression adjustment, Hawkins, Technometrics 33 (1991) 61-75), or it is measured or moved wrongly by an unknown amount from
some moment on, which also spoils the forecasts made from it (reconstruction, Dunia & Joe Qin, AIChE J. 44 (1998) 1813-1831, here
through all lags). The larger of both counts. It is an order of suspicion, not a proof of cause.
"""

from dataclasses import dataclass

import numpy as np

from jasang.analyze.monitors.monitor import Monitor

MOST_ROWS = 60  # of an event's beginning that are looked at: later the control has carried the fault everywhere
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

    Rows without a score (NaN) are left out; at most `MOST_ROWS` rows are looked at.
    """
    own = residuals[np.isfinite(residuals).all(axis=1)][:MOST_ROWS]
    variables = len(monitor.names)
    if not own.shape[0]:
        return tuple(Contribution(name=name, share=0.0, deviation=0.0, spread=0.0) for name in monitor.names)
    white = monitor.white
    unexpected = own @ np.linalg.solve(white.own, white.together)
    total = float(np.sum(unexpected * unexpected))
    pushed = np.sum(own * own, axis=0)
    explained = np.maximum(pushed, _mismeasured(monitor, unexpected))
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
        gram = _banded(effects @ effects.T, rows)
        seen = unexpected @ effects.T
        target = np.zeros(rows)
        for later in range(min(lags + 1, rows)):
            target[: rows - later] += seen[later:, later]
        found[variable] = float(target @ np.linalg.solve(gram, target))
    return found


def _banded(products: np.ndarray, rows: int) -> np.ndarray:
    """Normal matrix, shape (rows, rows), of effects with inner products `products`; the last rows see only the first ones."""
    reach = products.shape[0] - 1
    gram = np.zeros((rows, rows))
    place = np.arange(rows)
    for apart in range(min(reach + 1, rows)):
        sums = np.cumsum(np.diagonal(products, apart))
        here = place[: rows - apart]
        last = np.minimum(reach - apart, rows - 1 - apart - here)
        gram[here, here + apart] = sums[last]
        gram[here + apart, here] = sums[last]
    gram[place, place] += _RIDGE * max(float(products[0, 0]), 1e-12)
    return gram
