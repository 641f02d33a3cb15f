"""Steps of short columns: the judged change of `ChangeDetector`, then those of the parts on both sides of it."""

from dataclasses import dataclass

import numpy as np

from jasang.analyze.change_points.detector import Change, plain_detector

_BLOCKS = (96, 64, 48, 32, 24, 16, 12)  # few sizes, so that their detectors are made once


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortSteps:
    """Steps in order of column and row, shapes (k,): `row` is the first of the new level, `error` the standard error of the
    size, `p` the chance of such a change anywhere in the column."""

    column: np.ndarray
    row: np.ndarray
    error: np.ndarray
    p: np.ndarray


def short_steps(values: np.ndarray, *, chance: float) -> ShortSteps:
    """Steps of values, shape (rows, columns), finite; `chance` bounds the chance of a false one in a column."""
    rows, columns = values.shape
    found: list[tuple[int, int, float, float]] = []
    first, size, m = _cut(0, rows)
    if m:
        means = values[first:].reshape(m, size, columns).mean(axis=1).T
        for column, change in enumerate(plain_detector(m).find(means)):
            found += _steps(values[:, column], column, (0, rows), change, chance)
    found = sorted({(column, row): (column, row, error, p) for column, row, error, p in found}.values())
    made = np.array(found).reshape(-1, 4)
    return ShortSteps(
        column=made[:, 0].astype(np.int64), row=made[:, 1].astype(np.int64), error=made[:, 2], p=made[:, 3]
    )


def _cut(begin: int, end: int) -> tuple[int, int, int]:
    """First row, rows in a block and number of blocks for the rows from `begin` to `end`; 0 blocks where they are too few."""
    m = next((one for one in _BLOCKS if one <= end - begin), 0)
    size = (end - begin) // m if m else 1
    return end - m * size, size, m


def _steps(
    values: np.ndarray, column: int, span: tuple[int, int], change: Change, chance: float
) -> list[tuple[int, int, float, float]]:
    """The steps that `change` of the rows of `span` stands for, and those of the parts between them."""
    if change.p > chance or change.kind == "ramp":
        return []
    first, size, _ = _cut(*span)
    at = [first + round(change.start * size)]
    if change.kind == "excursion":
        at.append(first + round(change.end * size))
    error = (change.high - change.low) / 4.0
    found = [(column, row, error, change.p) for row in at]
    for begin, end in zip([span[0], *at], [*at, span[1]], strict=True):
        start, width, m = _cut(begin, end)
        if m:
            part = values[start:end].reshape(m, width).mean(axis=1)
            found += _steps(values, column, (begin, end), plain_detector(m).find(part[None, :])[0], chance)
    return found
