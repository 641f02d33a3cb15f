"""Every change of level or of scatter in many long columns at once: where, how large, how sure."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from jasang.analyze.block_means import without_outliers
from jasang.analyze.change_points.exact_row import exact_rows
from jasang.analyze.change_points.long_rows import shorten
from jasang.analyze.change_points.noise_scales import lengths
from jasang.analyze.change_points.short_rows import short_steps
from jasang.analyze.change_points.steps import Steps, find_steps, neighbours, scale_at

FEWEST_ROWS = 20
_MOST_BLOCKS = 4096
_SHORT = 640  # rows
_SPREAD_BLOCK = 24  # rows at least to measure a scatter in
_SPREAD_BLOCKS = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnChanges:
    """The changes of one column in order of time, arrays of shape (k,); levels of shape (k + 1,).

    `places` is the first row (from 0) of the new level, in 95 % of cases between `earliest` and `latest`, inclusive. `sizes` is
    the new level less the old one in the unit of the values with the 95 % interval `lows` to `highs`; for scatter the sizes are
    the ratio of the new standard deviation to the old one. `p` is the chance of such a change anywhere in a column without one.
    `levels` are the means (or standard deviations) of the segments between the changes.
    """

    places: np.ndarray
    earliest: np.ndarray
    latest: np.ndarray
    sizes: np.ndarray
    lows: np.ndarray
    highs: np.ndarray
    p: np.ndarray
    levels: np.ndarray


def all_change_points(
    values: np.ndarray, *, of: Literal["mean", "spread"] = "mean", chance: float = 0.001
) -> tuple[ColumnChanges, ...]:
    """All lasting changes of the mean (or of the scatter) of every column.

    Parameters
    ----------
    values : ndarray, shape (rows, columns) or (rows,)
        In order of time, evenly spaced; NaN where missing: missing rows are passed over. At least 20 rows.
    of : {"mean", "spread"}
        What may change. The scatter is that of values around a level that follows them, so a step of the mean is no change of it.
    chance : float
        Bound on the chance of one false change or more in the whole of `values`.

    Returns
    -------
    tuple of ColumnChanges, one a column.

    Raises
    ------
    ValueError
        Fewer than 20 rows, a wrong shape, or a chance outside 0 to 1.

    Notes
    -----
    Block means are compared over all lengths (moving sums at many scales, Eichinger and Kirch 2018; the narrowest difference
    that is clear comes first, Baranowski, Chen and Fryzlewicz 2019), moved to the best place between their neighbours, judged
    against the noise measured from the column itself (autocorrelated, wandering: `noise_scales`), then placed on the exact row.

    Examples
    --------
    >>> import numpy as np
    >>> values = np.random.default_rng(1).normal(0.0, 1.0, 10_000)
    >>> values[6_000:] += 3.0
    >>> all_change_points(values)[0].places.tolist()
    [6000]
    """
    values = np.asarray(values)
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or values.shape[0] < FEWEST_ROWS or values.shape[1] < 1:
        raise ValueError(f"expected at least {FEWEST_ROWS} rows of values, shape (rows, columns), got {values.shape}")
    if not 0.0 < chance < 1.0:
        raise ValueError(f"chance must lie between 0 and 1, got {chance}")
    if values.dtype.kind not in "fiu":
        values = values.astype(np.float64)
    rows, columns = values.shape
    size = max(1, -(-rows // _MOST_BLOCKS)) if of == "mean" else max(_SPREAD_BLOCK, -(-rows // _SPREAD_BLOCKS))
    found: list[ColumnChanges] = [_none(np.nan)] * columns
    if rows // size < 8:
        return tuple(found)
    short = shorten(values, size)
    whole = np.flatnonzero(~short.missing)
    series = short.means if of == "mean" else np.log(np.maximum(short.variances, _floor(short.variances))) * 0.5
    if whole.size:
        if rows <= _SHORT and of == "mean":
            made = _of_short(values, whole, chance / columns)
        else:
            steps, noise = find_steps(series[whole], rows_in_block=size if of == "mean" else 1, chance=chance / columns)
            made = _placed(values, whole, steps, noise, short.first, size, of)
        for place, column in enumerate(whole):
            found[column] = made[place]
    for column in np.flatnonzero(short.missing):
        present = np.flatnonzero(np.isfinite(values[:, column]))
        if present.size >= FEWEST_ROWS:
            part = all_change_points(values[present, column], of=of, chance=chance / columns)[0]
            found[column] = _in_rows(part, present)
    return tuple(found)


def _of_short(values: np.ndarray, whole: np.ndarray, chance: float) -> list[ColumnChanges]:
    """The changes of short columns: there the noise cannot be measured at many lengths, a detector with templates judges."""
    rows = values.shape[0]
    part = values[:, whole].astype(np.float64)
    found = short_steps(np.column_stack([without_outliers(column) for column in part.T]), chance=chance)
    previous, following = neighbours(found.column, found.row, rows)
    sums = np.vstack([np.zeros(whole.size), np.cumsum(part, axis=0)])

    def level(begin: np.ndarray, end: np.ndarray) -> np.ndarray:
        return np.asarray((sums[end, found.column] - sums[begin, found.column]) / np.maximum(end - begin, 1))

    for _ in range(2):
        before, after = level(previous, found.row), level(found.row, following)
        given = (found.row, np.maximum(previous, 1), following - 1, before, after, np.full(found.row.size, rows // 8))
        place, early, late = exact_rows(part, found.column, *given)
        found = replace(found, row=place)
        previous, following = neighbours(found.column, found.row, rows)
    steps = Steps(row=found.column, place=found.row, before=before, after=after, error=found.error, p=found.p)
    return _by_column(values, whole, steps, (place, early, late), (steps.size, *_interval(steps)), lasting=True)


def _interval(steps: Steps) -> tuple[np.ndarray, np.ndarray]:
    return steps.size - 1.96 * steps.error, steps.size + 1.96 * steps.error


def _floor(variances: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(1e-4 * np.median(variances, axis=1, keepdims=True), 1e-300))


def _none(level: float) -> ColumnChanges:
    nothing, rows = np.empty(0), np.empty(0, dtype=np.int64)
    return ColumnChanges(
        places=rows,
        earliest=rows,
        latest=rows,
        sizes=nothing,
        lows=nothing,
        highs=nothing,
        p=nothing,
        levels=np.array([level]),
    )


def _in_rows(part: ColumnChanges, present: np.ndarray) -> ColumnChanges:
    """The changes of a column whose missing rows were left out, in rows of the table."""
    return ColumnChanges(
        places=present[part.places], earliest=present[part.earliest], latest=present[part.latest], sizes=part.sizes,
        lows=part.lows, highs=part.highs, p=part.p, levels=part.levels,
    )  # fmt: skip


def _placed(
    values: np.ndarray, whole: np.ndarray, steps: Steps, noise: np.ndarray, first: int, size: int, of: str
) -> list[ColumnChanges]:
    rows = values.shape[0]
    m = (rows - first) // size
    rough = first + steps.place * size
    previous, following = neighbours(steps.row, steps.place, m)
    lowest = np.where(previous == 0, 1, first + previous * size + 1)
    highest = np.where(following == m, rows - 1, first + following * size - 1)
    if of == "mean":
        # How far the place of a step is in doubt goes with the noise's variance over the square of the step.
        long_run = (
            scale_at(noise, steps.row, np.full(steps.row.size, lengths(m)[-1]), m) ** 2 * lengths(m)[-1] * size / 2
        )
        half = np.minimum(2 * size + 8 + 10 * long_run / np.maximum(steps.size**2, 1e-300), 2048)
        place, early, late = exact_rows(
            values, whole[steps.row], rough, lowest, highest, steps.before, steps.after, half
        )
        return _by_column(values, whole, steps, (place, early, late), (steps.size, *_interval(steps)), lasting=True)
    low, high = _interval(steps)
    rows_of = _block_interval(steps, rough, size, lowest, highest)
    return _by_column(values, whole, steps, rows_of, (np.exp(steps.size), np.exp(low), np.exp(high)), lasting=False)


def _by_column(
    values: np.ndarray,
    whole: np.ndarray,
    steps: Steps,
    rows_of: tuple[np.ndarray, np.ndarray, np.ndarray],
    sizes_of: tuple[np.ndarray, np.ndarray, np.ndarray],
    *,
    lasting: bool,
) -> list[ColumnChanges]:
    """The steps parted by column; `lasting` levels are means, others logarithms of standard deviations."""
    (place, early, late), (sizes, lows, highs) = rows_of, sizes_of
    made = []
    starts = np.searchsorted(steps.row, np.arange(whole.size + 1))
    for number in range(whole.size):
        part = slice(int(starts[number]), int(starts[number + 1]))
        if part.start == part.stop:
            made.append(_none(float(np.mean(values[:, whole[number]])) if lasting else np.nan))
            continue
        levels = np.append(steps.before[part], steps.after[part][-1])
        made.append(
            ColumnChanges(
                places=place[part],
                earliest=early[part],
                latest=late[part],
                sizes=sizes[part],
                lows=lows[part],
                highs=highs[part],
                p=steps.p[part],
                levels=levels if lasting else np.exp(levels),
            )
        )
    return made


def _block_interval(
    steps: Steps, rough: np.ndarray, size: int, lowest: np.ndarray, highest: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows of a change of scatter are known to a few blocks: fewer for a clearer one (the error of the place goes with the
    square of noise over step; 12 holds 95 % in simulation)."""
    doubt = np.ceil(size * (1.5 + 12.0 * np.square(_BLOCK_NOISE / np.maximum(np.abs(steps.size), 1e-9)))).astype(
        np.int64
    )
    return rough, np.maximum(rough - doubt, lowest), np.minimum(rough + doubt, highest)


# Standard deviation of the logarithm of a standard deviation from 24 values: 1 / sqrt(2 · 23).
_BLOCK_NOISE = 0.147
