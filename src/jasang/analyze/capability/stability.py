"""Is the process stable enough that a capability says something about tomorrow? If not: what happened, and at which values?

Asked of normal scores of the values (ranks turned into normal values), so that a skewed process is no unstable one: a
lasting change of the mean by half a standard deviation or more, a change of the spread by 1.4 times or more, strays, and a
process that wanders so slowly that the record is worth fewer than ten independent values. Each at 0.5 %; docs/statistics.md
shows how many stable processes pass.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special, stats

from jasang.analyze.block_means import block_edges
from jasang.analyze.capability.memory import Memory, memory_of
from jasang.analyze.change_points import FEWEST_BLOCKS, Change, plain_detector

ERROR = 0.005
STEP_ERROR = 0.002
SMALLEST_SHIFT = 0.5  # standard deviations: moves Cpk by 0.17
SMALLEST_GROWTH = float(np.log(1.4))
MOST_BLOCKS = 64
FEWEST_INDEPENDENT = 10.0
MOST_STRAYS = 0.005  # share of the values that may be strays before the process counts as unstable

Kind = Literal["shift", "drift", "excursion", "spread", "strays", "wandering"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instability:
    """One reason why the process is not stable. `first` and `last` are positions in the row of values.

    `size` is the shift in standard deviations, the factor of the spread, the number of strays, or the number of independent
    values (wandering); `rows` are the strays' positions. `p` is the chance of this in a stable process.
    """

    kind: Kind
    first: int
    last: int
    size: float
    p: float
    rows: tuple[int, ...] = ()


def instabilities(values: np.ndarray, memory: Memory) -> tuple[Instability, ...]:
    """Everything that speaks against a stable process, worst first; empty for a stable one. `values` shape (n,), finite, in
    order."""
    n = values.size
    if n < FEWEST_BLOCKS or not float(np.ptp(values)) > 0:
        return ()
    found = [*_level(values), *_spread(values), *_strays(values)]
    if n >= 50 and memory.for_mean < FEWEST_INDEPENDENT and not any(one.kind in ("shift", "drift") for one in found):
        found.append(Instability(kind="wandering", first=0, last=n - 1, size=memory.for_mean, p=float("nan")))
    return tuple(sorted(found, key=lambda one: one.p if np.isfinite(one.p) else 1.0))


def _change(scores: np.ndarray, smallest: float) -> tuple[Change, np.ndarray] | None:
    """The change in a row of normal scores with the edges of its blocks, where it is sure and large enough."""
    edges = block_edges(scores.size, most=MOST_BLOCKS)
    inner = scores[edges[0] : edges[-1]]
    means = np.add.reduceat(inner, edges[:-1] - edges[0]) / np.diff(edges)
    if means.size < FEWEST_BLOCKS:
        return None
    change = plain_detector(means.size).find(means[None, :])[0]
    return (change, edges) if change.p_with_home <= ERROR and abs(change.size) >= smallest else None


def _cumulated(scores: np.ndarray) -> tuple[int, float, float]:
    """Where the two halves of a row differ most (first position of the second), their difference, and the chance of it.

    The largest cumulative sum against the supremum of a Brownian bridge (Kolmogorov), with the long-run variance that the
    memory of the row leaves when the step is taken out: quick to see one step, and blind to nothing that the record's own
    memory explains.
    """
    n = scores.size
    sums = np.cumsum(scores - scores.mean())[:-1]
    place = int(np.argmax(np.abs(sums))) + 1
    step = float(scores[place:].mean() - scores[:place].mean())
    rest = scores - np.where(np.arange(n) >= place, step, 0.0)
    reach = n / memory_of(rest).for_mean
    long_run = float(np.sqrt(rest.var() * max(1.0, reach)))
    largest = float(np.abs(sums).max()) / (long_run * np.sqrt(n)) if long_run > 0 else 0.0
    return place, step, float(special.kolmogorov(largest))


def _normal_scores(values: np.ndarray) -> np.ndarray:
    return np.asarray(special.ndtri((stats.rankdata(values) - 0.375) / (values.size + 0.25)))


def _level(values: np.ndarray) -> list[Instability]:
    scores = _normal_scores(values)
    found = _change(scores, SMALLEST_SHIFT)
    if found is not None:
        change, edges = found
        kind: Kind = "shift" if change.kind == "step" else "drift" if change.kind == "ramp" else "excursion"
        first, last = _span(change, edges, values.size)
        return [Instability(kind=kind, first=first, last=last, size=float(change.size), p=float(change.p_with_home))]
    place, step, p = _cumulated(scores)
    if p > STEP_ERROR or abs(step) < SMALLEST_SHIFT:
        return []
    return [Instability(kind="shift", first=place, last=values.size - 1, size=step, p=p)]


def _span(change: Change, edges: np.ndarray, n: int) -> tuple[int, int]:
    blocks = edges.size - 1
    first = int(edges[min(int(change.start), blocks - 1)])
    last = int(edges[min(int(np.ceil(change.end)), blocks)]) - 1 if change.kind == "excursion" else n - 1
    return first, max(first, last)


def _spread(values: np.ndarray) -> list[Instability]:
    """Steps from value to value grow with the spread, whatever the level does."""
    steps = np.abs(np.diff(values))
    place, _, p = _cumulated(_normal_scores(steps))
    if p > STEP_ERROR or min(place, steps.size - place) < FEWEST_BLOCKS:
        return []
    inner, outer = float(steps[place:].mean()), float(steps[:place].mean())
    factor = inner / outer if outer > 0 else float("inf")
    if abs(np.log(factor)) < SMALLEST_GROWTH:
        return []
    first, last = (place + 1, values.size - 1) if factor > 1 else (0, place)
    return [Instability(kind="spread", first=first, last=last, size=max(factor, 1.0 / factor), p=p)]


def _strays(values: np.ndarray) -> list[Instability]:
    """Values so far out, each side by its own half of the distribution, that chance gives none in 199 of 200 records."""
    n = values.size
    centre = float(np.median(values))
    upper, lower = values[values >= centre] - centre, centre - values[values <= centre]
    # Three quarters of the way out on either side: 1.15 sigma of a normal process; robust, and skew has its own scale.
    scales = [float(np.quantile(side, 0.75)) / 1.1503 for side in (upper, lower)]
    if min(scales) <= 0:
        return []
    # The scale itself is uncertain in short records; the fence is wider there. Tails twice as long as normal stay inside.
    fence = float(stats.t.isf(ERROR / (2 * n), max(8.0, 0.25 * n)))
    fence = max(fence, 1.75 * float(stats.norm.isf(ERROR / (2 * n))))
    far = (values - centre > fence * scales[0]) | (centre - values > fence * scales[1])
    rows = np.flatnonzero(far)
    if rows.size <= MOST_STRAYS * n:
        return []
    return [
        Instability(
            kind="strays",
            first=int(rows[0]),
            last=int(rows[-1]),
            size=float(rows.size),
            p=ERROR,
            rows=tuple(int(row) for row in rows[:100]),
        )
    ]
