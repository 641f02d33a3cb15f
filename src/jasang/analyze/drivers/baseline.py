"""What is already explained before a column is judged: stratum, slow course of time, and the drivers chosen so far."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jasang.analyze.drivers.bins import BinnedColumn
from jasang.analyze.drivers.layout import Layout
from jasang.analyze.drivers.problem import CategoricalColumn


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """A column held fixed: one mean per code, `codes` of shape (rows,) from 0 to `size` - 1."""

    codes: np.ndarray
    size: int


def hold(binned: BinnedColumn, *, level: int | None = None, where: np.ndarray | None = None) -> Adjustment:
    """The column's bins as an adjustment, or only the one `level` against the rest; rows not in `where` form their own group."""
    codes = binned.codes.astype(np.int64) if level is None else (binned.codes == level).astype(np.int64)
    size = binned.bins + 1 if level is None else 2
    if where is None:
        return Adjustment(codes=codes, size=size)
    return Adjustment(codes=np.where(where, codes, size), size=size + 1)


class Baseline:
    """Residuals after strata, slow course of time and the columns held fixed (Frisch–Waugh–Lovell, least squares).

    The indicator matrix is never built: its products are sums by code, which keeps 50,000 rows within milliseconds.
    """

    def __init__(self, layout: Layout, held: Sequence[Adjustment] = ()) -> None:
        self._layout = layout
        self._held = tuple(held)
        if self._held:
            crossed = self._cross_products()
            # The indicators of a column add up to the stratum's mean: a small ridge stands in for the missing rank.
            self._inverse = np.linalg.inv(crossed + np.eye(crossed.shape[0]) * 1e-7 * max(np.trace(crossed), 1.0))

    def residual(self, values: np.ndarray) -> np.ndarray:
        """`values`, shape (rows,), without what the baseline explains."""
        left = self._layout.residual(values)
        if self._held:
            sums = np.concatenate([np.bincount(h.codes, weights=left, minlength=h.size) for h in self._held])
            weights = self._inverse @ sums
            start = 0
            explained = np.zeros(left.size)
            for held in self._held:
                explained += weights[start : start + held.size][held.codes]
                start += held.size
            left -= self._layout.residual(explained)
        return left

    def _cross_products(self) -> np.ndarray:
        """Z'(I − QQ')Z for the indicators Z and the layout's basis Q."""
        rows = []
        for one in self._held:
            row = [
                np.bincount(one.codes * other.size + other.codes, minlength=one.size * other.size).reshape(
                    one.size, other.size
                )
                for other in self._held
            ]
            rows.append(np.hstack(row).astype(np.float64))
        crossed = np.vstack(rows)
        for members, basis in zip(self._layout.members, self._layout.trend, strict=True):
            projected = np.vstack(
                [_sums_by_code(held.codes[members], basis, held.size) for held in self._held]
            )  # (codes, terms)
            crossed -= projected @ projected.T
        return crossed

    def left_over(self, standing: np.ndarray) -> float:
        """Share of a column's spread within strata and time that the held columns do not explain, 0 to 1.

        `standing` is the column's `standing`, shape (rows,).
        """
        total = float(standing @ standing)
        if not self._held or total == 0:
            return 1.0
        sums = np.concatenate([np.bincount(h.codes, weights=standing, minlength=h.size) for h in self._held])
        return max(0.0, 1.0 - float(sums @ self._inverse @ sums) / total)


def standing(binned: BinnedColumn, layout: Layout) -> np.ndarray:
    """Where each row stands in its column (number of its bin, or 1 at the commonest level), without strata and slow course."""
    known = binned.codes < binned.bins
    if isinstance(binned.column, CategoricalColumn):
        rank = (binned.codes == 0).astype(np.float64)
    else:
        rank = np.where(known, binned.codes, 0.0).astype(np.float64)
    for rows in layout.members:
        part, valid = rank[rows], known[rows]
        rank[rows] = np.where(valid, part - part[valid].mean() if valid.any() else 0.0, 0.0)
    return layout.residual(rank).astype(np.float32)


def _sums_by_code(codes: np.ndarray, basis: np.ndarray, size: int) -> np.ndarray:
    return np.stack([np.bincount(codes, weights=term, minlength=size) for term in basis.T], axis=1)
