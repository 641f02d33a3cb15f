"""Rows that stand in a table twice: exact copies, told from repeats that are natural in coarse data."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """`rows`: indices of the later copies (int64, sorted); `first`: for each the row it repeats; `blocks`: unbroken stretches."""

    rows: np.ndarray
    first: np.ndarray

    @property
    def blocks(self) -> int:
        """Number of unbroken stretches of copies: one = a part of the file was pasted twice."""
        return 1 + int((np.diff(self.rows) > 1).sum()) if self.rows.size else 0


NO_COPIES = Copies(rows=np.empty(0, dtype=np.int64), first=np.empty(0, dtype=np.int64))


def mix(hashes: Sequence[np.ndarray]) -> np.ndarray:
    """One uint64 hash a row out of several, shape (n,)."""
    mixed = np.zeros(hashes[0].shape, dtype=np.uint64)
    for part in hashes:
        mixed = (mixed ^ part) * _MIX
        mixed ^= mixed >> np.uint64(29)
    return mixed


def repeated(keys: np.ndarray) -> Copies:
    """All rows whose key (uint64, shape (n,)) stood in an earlier row, with the first row that had it."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    new = np.concatenate(([True], ordered[1:] != ordered[:-1]))
    if new.all():
        return NO_COPIES
    first = order[np.flatnonzero(new)[np.cumsum(new) - 1]]
    rows, originals = order[~new], first[~new]
    by_row = np.argsort(rows)
    return Copies(rows=rows[by_row], first=originals[by_row])


def natural(copies: Copies, moments: np.ndarray, *, identified: bool) -> bool:
    """Whether repeats are what such a table has anyway, so that they prove nothing.

    Parameters
    ----------
    moments
        uint64 hash of time, asset, product (and signal) of every row: what a fine clock makes unique.
    identified
        The compared columns hold an id that is otherwise unique: a repeat of it is a copy, whatever the clock.
    """
    if identified or not copies.rows.size:
        return False
    without = np.delete(moments, copies.rows)
    distinct = np.unique(without).size
    coarse = distinct < 0.9 * without.size  # rows that are no copies share their moment too
    pasted = (
        float(np.median(copies.rows - copies.first)) > 0.05 * moments.size and copies.blocks < 0.02 * copies.rows.size
    )
    return coarse and not pasted
