"""Rational subgroups found in the data: values made together, so that within a group only chance varies.

Source: Shewhart's idea as in Montgomery, section 5.3.4; Nelson (1988), Journal of Quality Technology 20(4).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np
from scipy import stats

from jasang.analyze.control_charts.constants import c4
from jasang.analyze.control_charts.inputs import vector

FEWEST_GROUPS = 10
SMALLEST, LARGEST = 2, 50  # usual size of a subgroup
IN_GROUPS = 0.8  # share of the values that must lie in groups of two or more
RETURNS = 0.8  # different labels for each stretch of equal ones
CLOCK = 60.0  # seconds: times that stand still for no longer are rounded, not samples
PAUSE = 10.0  # usual intervals
GAP = 5.0  # a pause this many usual intervals long ends a burst


@dataclass(frozen=True, slots=True, kw_only=True)
class Subgrouping:
    """How values belong together, and why.

    `source`: "label" (a column that changes with the group), "bursts" (measured in bursts with pauses between), "blocks" (equal
    counts, as given) or "none" (one value at a time). `name` is the column of a label. `codes` is the group of each value in
    order of time, int64, −1 = in no group of two or more. `interval` and `pause` are the usual time between values inside and
    between bursts, in the unit of the times.

    `within` and `between` are standard deviations: inside the groups, and of the group means beyond what `within` explains;
    `p_between` is the chance of such means with `between` 0 (F test). A large `between` asks for a chart of the group means as
    individuals: X̄ limits from `within` would alarm all the time.
    """

    source: Literal["label", "bursts", "blocks", "none"]
    name: str | None
    codes: np.ndarray
    groups: int
    usual_size: int
    even: bool
    within: float
    between: float
    p_between: float
    interval: float | None = None
    pause: float | None = None

    def lists(self, values: np.ndarray) -> list[np.ndarray]:
        """The values of each group, groups in order of their first value; missing values left out."""
        values = vector(values)
        kept = (self.codes >= 0) & ~np.isnan(values)
        rows = np.flatnonzero(kept)
        order = rows[np.argsort(self.codes[rows], kind="stable")]
        groups = np.split(values[order], np.flatnonzero(np.diff(self.codes[order])) + 1)
        return [group for group in groups if group.size > 1]

    @property
    def nested(self) -> bool:
        """The group means vary by more than their values: beyond chance, and as much as a tenth of the variance within."""
        return self.source != "none" and self.p_between < 0.001 and self.between**2 > 0.1 * self.within**2


def rational_subgroups(
    values: np.ndarray, *, times: np.ndarray | None = None, labels: Mapping[str, np.ndarray] | None = None
) -> Subgrouping:
    """Choose subgroups for values in order of time.

    Parameters
    ----------
    values : ndarray, shape (n,)
        NaN is missing.
    times : ndarray, shape (n,), optional
        Times as numbers or datetime64, not falling.
    labels : mapping of name to ndarray, shape (n,), optional
        Columns that may name a group (lot, sample, hour of sampling), the most trusted first. Stretches of equal labels are
        the groups; a label whose values keep coming back (operator, shift) names no group.

    Notes
    -----
    A label serves when at least ten stretches hold 2 to 50 values each as a rule and 80 % of all values. Else times serve when
    values come in such bursts: pauses at least five usual intervals long. Else every value stands alone.
    """
    values = vector(values)
    for name, column in (labels or {}).items():
        codes = _stretches(np.asarray(column))
        # An operator or a supplier comes back all the time; a lot or a sample does so seldom.
        own = np.unique(np.asarray(column)).size >= RETURNS * (int(codes[-1]) + 1)
        if own and _serves(codes, values):
            return _described("label", name, codes, values)
    if times is not None:
        found = _bursts(np.asarray(times), values)
        if found is not None:
            codes, interval, pause = found
            return _described("bursts", None, codes, values, interval=interval, pause=pause)
    return none_subgroups(values)


def equal_blocks(values: np.ndarray, size: int) -> Subgrouping:
    """Groups of `size` values one after the other, as they were sampled; an incomplete last group is left out."""
    values = vector(values)
    if size < 2 or values.size < 2 * size:
        raise ValueError(f"blocks need a size of at least 2 and two full blocks, got {size} for {values.size} values")
    codes = np.arange(values.size) // size
    codes[codes >= values.size // size] = -1
    return _described("blocks", None, codes, values)


def none_subgroups(values: np.ndarray) -> Subgrouping:
    """Every value alone."""
    return Subgrouping(
        source="none",
        name=None,
        codes=np.full(vector(values).size, -1, dtype=np.int64),
        groups=0,
        usual_size=1,
        even=True,
        within=float("nan"),
        between=float("nan"),
        p_between=1.0,
    )


def pauses(times: np.ndarray) -> np.ndarray:
    """Where a record goes on after a pause of more than ten usual intervals: bool, shape of the times (numbers or datetime64)."""
    seconds = _seconds(np.asarray(times))
    found = np.zeros(seconds.size, dtype=bool)
    steps = np.diff(seconds)
    forward = steps[steps > 0]
    if forward.size:
        found[1:] = steps > PAUSE * float(np.median(forward))
    return found


def _seconds(times: np.ndarray) -> np.ndarray:
    if times.dtype.kind == "M":
        return np.asarray(np.where(np.isnat(times), np.nan, times.astype("datetime64[us]").astype(np.int64) / 1e6))
    return times.astype(np.float64)


def _stretches(column: np.ndarray) -> np.ndarray:
    """Number of the stretch of equal labels each value is in."""
    if not column.size:
        return np.empty(0, dtype=np.int64)
    return np.cumsum(np.concatenate([[False], column[1:] != column[:-1]])).astype(np.int64)


def _serves(codes: np.ndarray, values: np.ndarray) -> bool:
    if codes.size != values.size:
        raise ValueError(f"one label for every value is needed, got {codes.size} labels and {values.size} values")
    sizes = np.bincount(codes[~np.isnan(values)])
    sizes = sizes[sizes > 0]
    full = sizes[sizes > 1]
    if full.size < FEWEST_GROUPS:
        return False
    return SMALLEST <= float(np.median(sizes)) <= LARGEST and float(full.sum()) >= IN_GROUPS * float(sizes.sum())


def _bursts(times: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, float, float] | None:
    clock = times.dtype.kind == "M"
    steps = np.diff(_seconds(times))
    if not steps.size or np.isnan(steps).any() or np.any(steps < 0):
        return None
    usual = float(np.median(steps))
    if usual <= 0.0:  # all values of a burst carry one time
        long = steps > 0.0
        if clock and long.any() and float(np.median(steps[long])) <= CLOCK:
            return None  # a record that goes on all the time, on a clock without seconds
    else:
        long = steps > GAP * usual
        if np.count_nonzero(long) * 1.2 < FEWEST_GROUPS:
            # Pairs: every second step is a pause, so the median may be one.
            short = float(np.quantile(steps, 0.25))
            long = steps > GAP * max(short, 1e-12)
    codes = np.cumsum(np.concatenate([[False], long])).astype(np.int64)
    if not _serves(codes, values) or not _alike(codes):
        return None
    return codes, float(np.median(steps[~long])), float(np.median(steps[long]))


def _alike(codes: np.ndarray) -> bool:
    """Bursts of about one size: somebody takes samples. Uneven ones are only a machine that stops now and then."""
    sizes = np.bincount(codes)
    usual = np.median(sizes)
    return float(np.mean(np.abs(sizes - usual) <= max(1.0, 0.25 * usual))) >= IN_GROUPS


def _described(
    source: Literal["label", "bursts", "blocks"],
    name: str | None,
    codes: np.ndarray,
    values: np.ndarray,
    *,
    interval: float | None = None,
    pause: float | None = None,
) -> Subgrouping:
    known = ~np.isnan(values) & (codes >= 0)
    sizes = np.bincount(codes[known], minlength=int(codes.max()) + 1)
    codes = np.where((codes >= 0) & (sizes[np.maximum(codes, 0)] > 1), codes, -1)
    known &= codes >= 0
    _, inverse = np.unique(codes[known], return_inverse=True)
    count = np.bincount(inverse)
    means = np.bincount(inverse, values[known]) / count
    rest = values[known] - means[inverse]
    groups, size = count.size, int(count.sum())
    inside = float(rest @ rest) / max(1, size - groups)
    grand = float(values[known].mean())
    outside = float(count @ (means - grand) ** 2) / max(1, groups - 1)
    typical = (size - float(count @ count) / size) / max(1, groups - 1)
    ratio = outside / inside if inside > 0 else float("inf")
    return Subgrouping(
        source=source,
        name=name,
        codes=codes.astype(np.int64),
        groups=groups,
        usual_size=int(np.median(count)),
        even=bool(np.ptp(count) == 0),
        within=sqrt(inside) / (c4(size - groups + 1) if size > groups else 1.0),
        between=sqrt(max(0.0, (outside - inside) / typical)),
        p_between=float(stats.f.sf(ratio, groups - 1, size - groups)),
        interval=interval,
        pause=pause,
    )
