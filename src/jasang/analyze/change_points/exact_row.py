"""The row at which a level changed, exact where the values allow it, with an interval: likelihood under AR(1) noise."""

import numpy as np

_STRETCHES, _STRETCH = 192, 24  # rows looked at to learn how a value resembles the last one
# Fall of log-likelihood that bounds the 95 % interval of the row. The likelihood of a place is not smooth: chi-square(1) would
# give 1.9; benchmarks/change_points.py counts the coverage.
ROW_FALL = 3.0
_REACH = 4.5  # innovations count as that many sigmas at most, so that an outlier does not pull the place
_WIDEST = 8192


def resemblance(values: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Autoregression and innovation variance, shapes (k,), of columns of values, shape (rows, columns), from differences.

    For AR(1) noise the mean squares of differences over one and two rows are in the ratio 1 + phi whatever the level does.
    """
    rows = values.shape[0]
    count = min(_STRETCHES, max(1, rows // _STRETCH))
    starts = np.linspace(0, max(0, rows - _STRETCH), count).astype(np.int64)
    at = starts[:, None] + np.arange(min(_STRETCH, rows))[None, :]
    part = values[at[:, :, None], columns].astype(np.float64)  # (count, stretch, k)
    squares = [np.square(part[:, lag:] - part[:, :-lag]).reshape(-1, columns.size) for lag in (1, 2)]
    tame = [_tame_mean(one) for one in squares]
    first = np.maximum(tame[0], 1e-300)
    phi = np.clip(tame[1] / first - 1.0, -0.8, 0.98)
    return phi, np.maximum(0.5 * first * (1.0 + phi), 1e-300)


def _tame_mean(squares: np.ndarray) -> np.ndarray:
    """Mean of squares, shape (n, k), outliers counted as 9 times the typical one; 0.455 is chi-square(1)'s median."""
    typical = np.median(squares, axis=0) / 0.455
    coarse = typical <= 0
    if coarse.any():
        typical[coarse] = np.quantile(squares[:, coarse], 0.98, axis=0)
    return np.asarray(np.minimum(squares, 9.0 * typical).mean(axis=0))


def exact_rows(
    values: np.ndarray,
    columns: np.ndarray,
    rough: np.ndarray,
    lowest: np.ndarray,
    highest: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
    half: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First row at the new level, and the first and last row it may be with 95 %, shapes (k,).

    `values` (rows, columns); `columns`, `rough` row, bounds `lowest` ≤ row ≤ `highest`, levels `before` and `after` and the
    half width `half` of the search are given for each of the k steps. The search widens until its interval ends inside it.
    """
    found = np.stack([rough, rough, rough]).astype(np.int64)
    if not rough.size:
        return found[0], found[1], found[2]
    places, where = np.unique(columns, return_inverse=True)
    phi, variance = (part[where] for part in resemblance(values, places))
    todo, width = np.arange(rough.size), half.astype(np.int64).clip(8, _WIDEST)
    while todo.size:
        again = []
        # Windows of one width are looked at together.
        classes = 2 ** np.ceil(np.log2(width)).astype(np.int64)
        for one in np.unique(classes):
            group = np.flatnonzero(classes == one)
            for start in range(0, group.size, max(1, 400_000 // int(one))):
                part = group[start : start + max(1, 400_000 // int(one))]
                step = todo[part]
                given = (rough[step], lowest[step], highest[step], before[step], after[step], phi[step], variance[step])
                found[:, step], short = _searched(values, columns[step], int(one), *given)
                again.append(part[short & (one < _WIDEST)])
        more = np.concatenate(again)
        todo, width = todo[more], classes[more] * 4
    return found[0], found[1], found[2]


def _searched(
    values: np.ndarray, column: np.ndarray, half: int, rough: np.ndarray, lowest: np.ndarray, highest: np.ndarray,
    before: np.ndarray, after: np.ndarray, phi: np.ndarray, variance: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    rows = values.shape[0]
    at = rough[:, None] + np.arange(-half, half + 1)[None, :]
    inside = (at >= lowest[:, None]) & (at <= highest[:, None]) & (at >= 1)
    now = values[at.clip(0, rows - 1), column[:, None]].astype(np.float64)
    last = values[(at - 1).clip(0, rows - 1), column[:, None]]
    innovation = now - phi[:, None] * last
    sigma = np.sqrt(variance)[:, None]

    def cost(level: np.ndarray) -> np.ndarray:
        away = (innovation - level[:, None]) / sigma
        return np.where(inside, 0.5 * np.minimum(np.square(away), _REACH**2), 0.0)

    old, new = cost(before * (1 - phi)), cost(after * (1 - phi))
    turn = cost(after - phi * before)
    # Step at row i: rows before i at the old level, row i turns, later rows at the new one.
    total = np.cumsum(old, axis=1) - old + turn + np.cumsum(new[:, ::-1], axis=1)[:, ::-1] - new
    total[~inside] = np.inf
    best = np.argmin(total, axis=1)
    near = total <= (total[np.arange(best.size), best] + ROW_FALL)[:, None]
    first, final = np.argmax(near, axis=1), near.shape[1] - 1 - np.argmax(near[:, ::-1], axis=1)
    left = at[np.arange(best.size), first]
    right = at[np.arange(best.size), final]
    short = ((first == 0) & (left > lowest)) | ((final == near.shape[1] - 1) & (right < highest))
    return np.stack([at[np.arange(best.size), best], left, right]), short
