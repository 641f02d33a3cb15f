"""What went before a unit: its step from the last one, its distance from the last twenty, how restless it has been, the pause
before it, its place in the run, and the results known by then. Nothing here looks at a later unit.
"""

import numpy as np

from jasang.analyze.drivers import startup_column

WINDOW = 20  # units of the rolling mean
SHORT = 10  # units of the rolling spread
RESULTS = 200  # results of the rolling defect rate


def strata(asset: np.ndarray, product: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows sorted by product on asset, time within, and for each place the first place of its stratum."""
    code = (asset - asset.min()) * (int(product.max()) - int(product.min()) + 1) + product - product.min()
    order = np.argsort(code, kind="stable")
    sorted_code = code[order]
    starts = np.flatnonzero(np.concatenate([[True], sorted_code[1:] != sorted_code[:-1]]))
    first = np.repeat(starts, np.diff(np.append(starts, code.size)))
    return order, first


def steps(values: np.ndarray, asset: np.ndarray, product: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Step from the unit before, distance from the mean of the `WINDOW` before it, and spread of the last `SHORT`.

    `values` has shape (rows, columns); so have the three results, NaN where there is nothing to compare with.
    """
    order, first = strata(asset, product)
    sorted_values = values[order]
    place = np.arange(order.size)
    step = np.full_like(sorted_values, np.nan)
    step[1:] = sorted_values[1:] - sorted_values[:-1]
    step[place == first] = np.nan
    sums = _Sums(sorted_values)
    begin = np.maximum(place - WINDOW, first)
    away = sorted_values - sums.mean(begin, place)
    spread = sums.deviation(np.maximum(place - SHORT + 1, first), place + 1)
    back = np.empty_like(order)
    back[order] = place
    return step[back], away[back], spread[back]


class _Sums:
    """Sums of stretches of the columns, missing values left out."""

    def __init__(self, values: np.ndarray) -> None:
        known = ~np.isnan(values)
        # Centred first, or the difference of two large running sums has no digits left; on the first value, not the mean of
        # all, so that nothing depends on later units.
        first = values[np.argmax(known, axis=0), np.arange(values.shape[1])]
        self.centre = np.where(np.isnan(first), 0.0, first)
        filled = np.where(known, values - self.centre, 0.0)
        self.known = _running(known.astype(np.float64))
        self.first = _running(filled)
        self.second = _running(filled * filled)

    def mean(self, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Mean of the places `begin` to `end` (not included)."""
        count = self.known[end] - self.known[begin]
        total = self.first[end] - self.first[begin]
        made: np.ndarray = np.where(count > 0, total / np.maximum(count, 1), np.nan) + self.centre
        return made

    def deviation(self, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Standard deviation over the places `begin` to `end`; NaN for fewer than three values."""
        count = self.known[end] - self.known[begin]
        mean = (self.first[end] - self.first[begin]) / np.maximum(count, 1)
        square = (self.second[end] - self.second[begin]) / np.maximum(count, 1)
        made: np.ndarray = np.where(count >= 3, np.sqrt(np.maximum(square - mean * mean, 0.0)), np.nan)
        return made


def _running(values: np.ndarray) -> np.ndarray:
    total = np.zeros((values.shape[0] + 1, values.shape[1]))
    np.cumsum(values, axis=0, out=total[1:])
    return total


def pauses(seconds: np.ndarray, asset: np.ndarray) -> np.ndarray:
    """Seconds since the unit before on the same asset, NaN for the first, shape (rows,)."""
    order, first = strata(asset, np.zeros_like(asset))
    gap = np.full(seconds.size, np.nan)
    gap[1:] = np.diff(seconds[order])
    gap[np.arange(gap.size) == first] = np.nan
    back = np.empty(seconds.size)
    back[order] = gap
    return back


def stop_length(seconds: np.ndarray, asset: np.ndarray) -> float | None:
    """The shortest pause in s that starts a new run, learned from the times; `None` where stops cannot be told."""
    found = startup_column(seconds, asset)
    return None if found is None else found[1]


def places_in_run(seconds: np.ndarray, asset: np.ndarray, stop: float) -> np.ndarray:
    """Place of each unit after the last pause of at least `stop` s on its asset (1 = first), shape (rows,)."""
    order, first = strata(asset, np.zeros_like(asset))
    pause = pauses(seconds, asset)[order]
    place = np.arange(order.size)
    begin = np.maximum.accumulate(np.where((place == first) | (pause >= stop), place, 0))
    made = np.empty(order.size)
    made[order] = place - begin + 1.0
    return made


def known_results(
    outcome: np.ndarray, seconds: np.ndarray, asset: np.ndarray, product: np.ndarray, delay: float
) -> np.ndarray:
    """Share of bad among the last `RESULTS` units of the product on the asset whose result was known by then, shape (rows,).

    The result of a unit is known `delay` s after it was made.
    """
    order, first = strata(asset, product)
    known = ~np.isnan(outcome[order])
    count = np.concatenate([[0], np.cumsum(known)])
    bad = np.concatenate([[0.0], np.cumsum(np.where(known, outcome[order], 0.0))])
    rate = np.full(order.size, np.nan)
    when = seconds[order]
    for start in np.unique(first):
        places = np.flatnonzero(first == start)
        stretch = np.maximum.accumulate(np.where(np.isnan(when[places]), -np.inf, when[places]))
        end = start + np.searchsorted(stretch, when[places] - delay, side="right")
        end = np.where(np.isnan(when[places]), start, end)
        begin = np.maximum(end - RESULTS, start)
        results = count[end] - count[begin]
        rate[places] = np.where(results >= 5, (bad[end] - bad[begin]) / np.maximum(results, 1), np.nan)
    back = np.empty(order.size)
    back[order] = rate
    return back
