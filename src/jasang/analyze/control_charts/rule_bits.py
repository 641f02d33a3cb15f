"""The eight run rules on bits: 64 points in one machine word, so that a long record costs a few operations a point.

For each zone the record becomes a row of bits, "this point is above the +1 sigma line". A run of nine is then the row shifted
over itself and combined with AND, four times (1, 2, 4, then 9 = 8 + 1). Same answers as `run_rules.nelson_rules`, bit for bit.
"""

from functools import reduce

import numpy as np

from jasang.analyze.run_rules import zone_borders

CHUNK = 16384  # values whose temporary arrays stay in the cache
WORD = 64


class RuleBits:
    """Working memory for records of up to `length` points; one record after the other goes through `flags`."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.words = -(-length // WORD)
        self._bytes = np.zeros((11, self.words * 8), dtype=np.uint8)
        self._zones = self._bytes.view(np.uint64)
        self._flags = np.empty(min(CHUNK, max(length, 1)), dtype=bool)
        self._second = np.empty_like(self._flags)

    def flags(self, values: np.ndarray, *, centre: float, sigma: float) -> np.ndarray:
        """Which points complete which rule, as bits: uint64, shape (8, words), bit i of the row is point i (little end first).

        `values` is float32 or float64, contiguous, shape (length,); NaN completes no rule and breaks every run.
        """
        if values.shape != (self.length,) or values.dtype not in (np.float32, np.float64):
            raise ValueError(f"expected {self.length} float values, got {values.dtype} of shape {values.shape}")
        if not sigma > 0:
            raise ValueError(f"sigma must be positive, got {sigma}")
        for start in range(0, self.length, CHUNK):
            self._mark(values, start, min(self.length, start + CHUNK), centre, sigma)
        return self._combine()

    def _mark(self, values: np.ndarray, start: int, end: int, centre: float, sigma: float) -> None:
        """Fill the zone bits of one chunk. Rows: >3 <3 | >c <c | up down | >2 <2 | >1 <1 | within 1."""
        x = values[start:end]
        (low3, low2, low1), (high1, high2, high3) = zone_borders(centre, sigma)
        place = slice(start // 8, start // 8 + -(-(end - start) // 8))
        flags = self._flags[: end - start]
        above, below = (_rounded_down, _rounded_up) if x.dtype == np.float32 else (float, float)
        for row, border in ((0, high3), (2, centre), (6, high2), (8, high1)):
            self._bytes[row, place] = np.packbits(np.greater(x, above(border), out=flags), bitorder="little")
        for row, border in ((1, low3), (3, centre), (7, low2), (9, low1)):
            self._bytes[row, place] = np.packbits(np.less(x, below(border), out=flags), bitorder="little")
        second = self._second[: end - start]
        np.logical_and(np.less(x, below(high1), out=flags), np.greater(x, above(low1), out=second), out=flags)
        self._bytes[10, place] = np.packbits(flags, bitorder="little")
        first = 1 if start == 0 else 0
        flags[:first] = False
        for row, compare in ((4, np.greater), (5, np.less)):
            compare(x[first:], values[start + first - 1 : end - 1], out=flags[first:])
            self._bytes[row, place] = np.packbits(flags, bitorder="little")

    def _combine(self) -> np.ndarray:
        zones = self._zones
        three, side, moves, two, one, within = (
            zones[0:2],
            zones[2:4],
            zones[4:6],
            zones[6:8],
            zones[8:10],
            zones[10:11],
        )
        turns = moves[0:1] & _later(moves[1:2], 1) | moves[1:2] & _later(moves[0:1], 1)
        long_one = _run(one, 8)
        found = np.empty((8, self.words), dtype=np.uint64)
        found[0] = three[0] | three[1]
        found[1] = reduce(np.bitwise_or, _run(side, 9))
        found[2] = reduce(np.bitwise_or, _run(moves, 5))
        found[3] = _run(turns, 12)[0]
        found[4] = reduce(np.bitwise_or, two & (_later(two, 1) | _later(two, 2)))
        found[5] = reduce(np.bitwise_or, _four_of_five(one))
        found[6] = _run(within, 15)[0]
        found[7] = _run(one[0:1] | one[1:2], 8)[0] & ~(long_one[0] | long_one[1])
        return found


def packed_rules(values: np.ndarray, *, centre: float, sigma: float) -> np.ndarray:
    """`run_rules.nelson_rules` with all eight rules, shape (8, n) of bool, by way of bits."""
    x = np.ascontiguousarray(values)
    x = x if x.dtype == np.float32 else x.astype(np.float64, copy=False)
    bits = RuleBits(x.size).flags(x, centre=centre, sigma=sigma)
    return unpacked(bits, x.size)


def unpacked(bits: np.ndarray, length: int) -> np.ndarray:
    """Bits of `RuleBits.flags`, shape (rules, words), as bool, shape (rules, length)."""
    return np.asarray(np.unpackbits(bits.view(np.uint8), axis=1, bitorder="little", count=length).astype(bool))


def _later(bits: np.ndarray, steps: int) -> np.ndarray:
    """Each row moved `steps` points later (1 to 63), shape (rows, words): bit i of the result is bit i − steps."""
    moved: np.ndarray = np.left_shift(bits, np.uint64(steps))
    moved[:, 1:] |= np.right_shift(bits[:, :-1], np.uint64(WORD - steps))
    return moved


def _run(bits: np.ndarray, length: int) -> np.ndarray:
    """Set where this point and the length − 1 before it are all set."""
    have, reached = bits, 1
    while reached < length:
        step = min(reached, length - reached)
        have = have & _later(have, step)
        reached += step
    return have


def _four_of_five(bits: np.ndarray) -> np.ndarray:
    a, b, c, d = (_later(bits, steps) for steps in (1, 2, 3, 4))
    return np.asarray(bits & ((a & b & (c | d)) | (c & d & (a | b))))


def _rounded_down(border: float) -> np.float32:
    """The largest float32 not above the border: x > border and x > this are the same for every float32 x."""
    near = np.float32(border)
    return np.nextafter(near, np.float32(-np.inf)) if float(near) > border else near


def _rounded_up(border: float) -> np.float32:
    near = np.float32(border)
    return np.nextafter(near, np.float32(np.inf)) if float(near) < border else near
