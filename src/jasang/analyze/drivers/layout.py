"""How rows are grouped: strata (product on asset), blocks of time, and the slow course of the outcome in each stratum.

Neighbouring shots are almost copies of each other, so what counts as one independent observation is a block of time.
"""

import itertools
from dataclasses import dataclass

import numpy as np

MOST_BLOCKS = 160
LEAST_BLOCKS = 12
_MOST_STRATA = 8
BLOCK_ROWS = 25
_BLOCK_RUNS = 3
_TREND_TERMS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Groups of the rows used. `block`, `stratum`, `product` are codes of shape (rows,), none missing.

    `cell` numbers block × stratum. `trend[s]` is an orthonormal basis (rows of s, terms) that holds the stratum's mean and slow
    course: a residual is orthogonal to it, so no column wins because it and the outcome both drifted (Frisch–Waugh–Lovell).
    """

    block: np.ndarray
    blocks: int
    stratum: np.ndarray
    strata: int
    stratum_product: np.ndarray  # product code of each stratum, -1 where it mixes products
    members: tuple[np.ndarray, ...]  # row indices of each stratum
    trend: tuple[np.ndarray, ...]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.block.size)

    @property
    def cell(self) -> np.ndarray:
        """Block × stratum of each row."""
        cell: np.ndarray = self.block * self.strata + self.stratum
        return cell

    def residual(self, values: np.ndarray) -> np.ndarray:
        """`values`, shape (rows,) or (rows, m), without mean and slow course of each stratum."""
        left = np.array(values, dtype=np.float64, copy=True)
        for rows, basis in zip(self.members, self.trend, strict=True):
            part = left[rows]
            left[rows] = part - basis @ (basis.T @ part)
        return left


def strata_of(asset: np.ndarray, product: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Codes 0.. of product × asset by falling size, and the product of each."""
    key = (asset.astype(np.int64) + 1) * (int(product.max(initial=-1)) + 2) + product + 1
    distinct, codes, counts = np.unique(key, return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    place = np.empty(distinct.size, dtype=np.int64)
    place[order] = np.arange(distinct.size)
    return place[codes.ravel()], distinct[order] % (int(product.max(initial=-1)) + 2) - 1


def blocks_of_time(rows: int, day: np.ndarray | None, least: int = BLOCK_ROWS) -> np.ndarray:
    """The block of each row: whole days where there are enough of them, else stretches of equally many rows, at least `least`.

    A day holds one start-up, one warm-up and one turn of the weather; cutting between days keeps these together.
    """
    even = np.arange(rows) * int(np.clip(rows // least, LEAST_BLOCKS, MOST_BLOCKS)) // rows
    if day is None or np.isnan(day).mean() > 0.05:
        return even
    ordered = np.maximum.accumulate(np.where(np.isnan(day), -np.inf, day))
    starts = np.flatnonzero(np.diff(ordered, prepend=-np.inf) > 0)
    kept = [0]
    for start in starts:
        if start - kept[-1] >= least and rows - start >= least:
            kept.append(int(start))
    if len(kept) < 2 * LEAST_BLOCKS:
        return even
    kept = kept[:: -(-len(kept) // MOST_BLOCKS)]
    return _split(kept, rows, MOST_BLOCKS // len(kept), least)


def _split(starts: list[int], rows: int, most: int, least: int) -> np.ndarray:
    """Blocks that begin at `starts`, each cut into up to `most` equal parts of enough rows."""
    edges = np.append(starts, rows)
    block = np.zeros(rows, dtype=np.int64)
    for start, end in itertools.pairwise(edges.tolist()):
        parts = int(np.clip((end - start) // least, 1, most))
        block[np.linspace(start, end, parts, endpoint=False).astype(np.int64)] = 1
    block[0] = 0
    return np.cumsum(block)


def rows_a_block(outcome: np.ndarray) -> int:
    """The least rows of a block: a laboratory value that is repeated until the next one comes counts once, not row by row."""
    runs = 1 + int((np.diff(outcome) != 0).sum())
    return max(BLOCK_ROWS, int(np.ceil(_BLOCK_RUNS * outcome.size / runs)))


def lay_out(
    asset: np.ndarray, product: np.ndarray, day: np.ndarray | None, least: int = BLOCK_ROWS, *, course: bool = True
) -> Layout:
    """Strata, blocks and trends of rows in order of time; strata beyond the largest share a cell but keep their own mean.

    Without `course` only the means are taken out: for what is compared over long stretches of time.
    """
    rows = asset.size
    fine, fine_product = strata_of(asset, product)
    block = blocks_of_time(rows, day, least)
    stratum = np.minimum(fine, _MOST_STRATA - 1)
    count = int(stratum.max()) + 1
    stratum_product = fine_product[:count].copy()
    if fine_product.size > _MOST_STRATA:
        stratum_product[-1] = -1
    members, trend = [], []
    place = np.arange(rows) / rows
    for code in range(count):
        mine = np.flatnonzero(stratum == code)
        members.append(mine)
        trend.append(_basis(place[mine], fine[mine], _TREND_TERMS if course else 0))
    return Layout(
        block=block,
        blocks=int(block.max()) + 1,
        stratum=stratum,
        strata=count,
        stratum_product=stratum_product,
        members=tuple(members),
        trend=tuple(trend),
    )


def _basis(course: np.ndarray, group: np.ndarray, most: int) -> np.ndarray:
    """Orthonormal columns: one mean per group, and a piecewise linear course over `course` (0 to 1)."""
    terms = int(np.clip(course.size // 100, 0, most))
    knots = np.linspace(0, 1, terms + 1)[:-1]
    slopes = np.maximum(course[:, None] - knots[None, :], 0)[:, :terms]
    groups = np.unique(group)
    if groups.size == 1:
        means = np.ones((course.size, 1))
    else:
        means = (group[:, None] == groups[None, : min(groups.size, 200)]).astype(np.float64)
    matrix = np.hstack([means, slopes])
    left, size, _ = np.linalg.svd(matrix, full_matrices=False)
    return left[:, size > size[0] * 1e-9]
