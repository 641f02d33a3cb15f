"""Minor stops that nobody logged, found in the times at which pieces came.

A machine with an even cycle gives pieces at even intervals; a short stop shows as one interval that is too long. The interval's
normal length is learned product by product (its typical value and its own scatter), so that a change of product is no stop.
Pauses that return at the same time of day are planned breaks, whoever forgot to write them down. A process without an even cycle
(manual work, pieces counted when somebody finds time) is not judged: `understood` is False.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from jasang.analyze.losses.spans import NOTHING, SECOND, Spans, microseconds, spans
from jasang.analyze.stops import DAY
from jasang.plant.text import Text

LONGEST = 600.0  # seconds; a longer stop is a breakdown, which people do write down
FEWEST = 100  # intervals a product: fewer do not show their shape
_REGULAR = 0.5  # of the intervals lie close to the typical one, or there is no cycle
_TROUGH = 0.04  # density beyond the threshold over that of the body: above, the two cannot be told apart
_HUMP = 0.2  # the same where the tail does not fall off: many stops of all lengths
_PHASE = 5  # long intervals in a row
_WINDOW = 15  # minutes of the clock in which a recurring pause is looked for
_LONGEST_BREAK = 5400.0  # seconds
_DRAWS = 999


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalCycle:
    """The normal interval between pieces of one product, seconds; above `threshold_s` it was a stop.

    `product` is the code given in, -1 where none. `regular` is False where no even cycle could be seen.
    """

    product: int
    intervals: int
    typical_s: float
    scatter_s: float
    threshold_s: float
    regular: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurringPause:
    """A pause at the same time of day on many days: a planned break that is not in the calendar."""

    clock_minute: int  # after local midnight, of its usual start
    median_s: float
    days: int
    share_of_days: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MinorStops:
    """Minor stops of one machine.

    `start` (int64 microseconds UTC) and `extra_s` (seconds beyond the normal cycle) have shape (stops,); `run_s` is the time
    judged, stops included; `paused` are the recurring pauses; `share` = lost over judged time with its 95 % interval (bootstrap
    over days). `day` (numbers since 1970 local), `lost_by_day_s` and `run_by_day_s` have shape (days,).
    """

    understood: bool
    why_not: Text | None
    cycles: tuple[NormalCycle, ...]
    breaks: tuple[RecurringPause, ...]
    paused: Spans
    start: np.ndarray
    extra_s: np.ndarray
    product: np.ndarray
    lost_s: float
    run_s: float
    share: float
    low: float
    high: float
    day: np.ndarray
    lost_by_day_s: np.ndarray
    run_by_day_s: np.ndarray

    @property
    def count(self) -> int:
        """Number of minor stops."""
        return int(self.start.size)


def minor_stops(
    time: np.ndarray,
    product: np.ndarray | None = None,
    *,
    planned: Spans | None = None,
    logged: Spans | None = None,
    utc_offset_s: float = 0.0,
    longest_s: float = LONGEST,
    seed: int = 20191001,
) -> MinorStops:
    """Find minor stops in the moments at which one machine finished its pieces.

    Parameters
    ----------
    time
        datetime64 UTC or int64 microseconds, shape (n,), any order.
    product
        Integer code of what was made, shape (n,); intervals across a change of product are no cycle.
    planned
        Planned production time; an interval that leaves it is not judged.
    logged
        Stops that a log already has; an interval in which one lies is not judged.
    utc_offset_s
        The factory's clock ahead of UTC, for breaks by the time of day.
    longest_s
        The longest stop that still counts as minor.
    """
    moments = microseconds(time)
    kinds = np.full(moments.size, -1, dtype=np.int64) if product is None else np.asarray(product, dtype=np.int64)
    order = np.argsort(moments, kind="stable")
    moments, kinds = _events(moments[order], kinds[order])
    start, length = moments[:-1], np.diff(moments) / SECOND
    judged = kinds[1:] == kinds[:-1]
    if planned is not None:
        judged &= planned.seconds_within(start, moments[1:]) >= length - 1e-6
    if logged is not None:
        judged &= logged.seconds_within(start, moments[1:]) <= 0.0
    start, length, kinds = start[judged], length[judged], kinds[1:][judged]
    cycles = tuple(_normal_cycle(int(kind), length[kinds == kind], clock_step(moments)) for kind in np.unique(kinds))
    if not any(cycle.regular for cycle in cycles):
        return _not_understood(cycles)
    typical, threshold = _by_interval(cycles, kinds)
    extra = length - typical
    inside = np.isfinite(threshold) & (extra <= longest_s)
    is_stop = inside & (length > threshold)
    # A break of ten minutes is eleven on some days: pauses beyond `longest_s` help to recognise it.
    pauses = np.isfinite(threshold) & (length > threshold) & (extra <= max(longest_s, _LONGEST_BREAK))
    breaks, is_break = _recurring(start, extra, pauses, inside, int(utc_offset_s * SECOND))
    is_stop &= ~is_break & ~_slow_phase(is_stop)
    day = (start + int(utc_offset_s * SECOND)) // DAY
    days, place = np.unique(day[inside], return_inverse=True)
    lost = np.bincount(place, weights=np.where(is_stop, extra, 0.0)[inside], minlength=days.size)
    ran = np.bincount(place, weights=np.where(is_break, typical, length)[inside], minlength=days.size)
    share = float(lost.sum() / ran.sum()) if ran.sum() > 0 else 0.0
    low, high = ratio_interval(lost, ran, seed=seed)
    return MinorStops(
        understood=True,
        why_not=None,
        cycles=cycles,
        breaks=breaks,
        paused=spans(start[is_break], start[is_break] + (extra[is_break] * SECOND).astype(np.int64)),
        start=start[is_stop],
        extra_s=extra[is_stop],
        product=kinds[is_stop],
        lost_s=float(lost.sum()),
        run_s=float(ran.sum()),
        share=share,
        low=low,
        high=high,
        day=days,
        lost_by_day_s=lost,
        run_by_day_s=ran,
    )


def _events(moments: np.ndarray, kinds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One moment a cycle: pieces that leave together (cavities, left and right) are one event."""
    steps = np.diff(moments)
    if not steps.size:
        return moments, kinds
    long = np.quantile(steps, 0.75)
    together = steps < 0.2 * long
    if (together & (steps > 0)).mean() < 0.2:
        together = steps == 0
    fresh = np.concatenate(([True], ~together))
    return moments[fresh], kinds[fresh]


def clock_step(moments: np.ndarray) -> float:
    """The step of the clock in seconds: 60 where all moments are whole minutes, 1 for whole seconds, else 0."""
    for step in (60, 1):
        if not (moments % (step * SECOND)).any():
            return float(step)
    return 0.0


def _normal_cycle(kind: int, length: np.ndarray, step: float) -> NormalCycle:
    known = length[length > 0]
    if known.size < FEWEST:
        return NormalCycle(product=kind, intervals=int(known.size), typical_s=float(np.median(known)) if known.size else 0.0,
                           scatter_s=0.0, threshold_s=np.inf, regular=False)  # fmt: skip
    typical = _typical(known)
    near = np.abs(known - typical) <= max(0.25 * typical, step)
    # Stops only lengthen an interval, so the lower half is the healthy one.
    below = typical - known[(known <= typical) & (known > 0.5 * typical)]
    scatter = float(np.quantile(below, 0.6827)) if below.size else 0.0
    scatter = max(scatter, step / np.sqrt(6))
    reach = float(np.clip(5 * scatter, 0.15 * typical, max(typical, 1.5 * step)))
    threshold = typical + max(reach, 1.5 * step)
    if not _apart(known, threshold, typical, scatter):
        threshold = max(threshold, 2 * typical)
    clear = _apart(known, threshold, typical, scatter)
    return NormalCycle(
        product=kind,
        intervals=int(known.size),
        typical_s=typical,
        scatter_s=scatter,
        threshold_s=threshold,
        regular=bool(near.mean() >= _REGULAR and clear),
    )


def _typical(length: np.ndarray) -> float:
    """The middle of the body: the half-sample mode (Robertson & Cryer 1974), then the median of what lies near it.

    A median alone would be misled where a third of the intervals hold a stop.
    """
    part = np.sort(length)
    while part.size > 3:
        half = -(-part.size // 2)
        widths = part[half - 1 :] - part[: part.size - half + 1]
        best = int(np.argmin(widths))
        part = part[best : best + half]
    middle = float(np.median(part))
    # Scatter about the mode is judged from below, where no stops are.
    below = length[(length <= middle) & (length > 0.5 * middle)]
    reach = max(3 * float(np.quantile(middle - below, 0.6827)) if below.size else 0.0, 0.02 * middle)
    return float(np.median(length[np.abs(length - middle) <= reach]))


def _apart(length: np.ndarray, at: float, typical: float, scatter: float) -> bool:
    """Whether what begins at `at` is something else than the body's own tail: rare, or not falling off as a tail does.

    The tail of any usual body (normal, lognormal, gamma, even Student's with 4 degrees) falls to a third or less over the two
    standard deviations beyond five; stops of all lengths do not.
    """
    dense = _density(length, at, typical, scatter)
    if dense <= _TROUGH:
        return True
    width = max(2 * scatter, 0.05 * typical)
    first, second = ((length > at + k * width) & (length <= at + (k + 1) * width) for k in (0, 1))
    return bool(dense <= _HUMP and second.sum() >= 10 and first.sum() <= 1.6 * second.sum())


def _density(length: np.ndarray, at: float, typical: float, scatter: float) -> float:
    """How many intervals begin the tail at `at`, over how many stand in the middle, in windows of equal width."""
    width = max(2 * scatter, 0.05 * typical)
    body = ((length > typical - width / 2) & (length <= typical + width / 2)).sum()
    tail = ((length > at) & (length <= at + width)).sum()
    return float(tail / max(body, 1))


def _slow_phase(is_stop: np.ndarray) -> np.ndarray:
    """True for long intervals that come five or more in a row: the machine ran slowly for a while, it did not stop."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], is_stop.astype(np.int8), [0]))))
    slow = np.zeros(is_stop.size, dtype=bool)
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        slow[begin:end] = end - begin >= _PHASE
    return slow


def _by_interval(cycles: tuple[NormalCycle, ...], kinds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Typical length and threshold of each interval; NaN where its product has no even cycle."""
    codes = np.array([cycle.product for cycle in cycles])
    place = np.searchsorted(codes, kinds)
    typical = np.array([cycle.typical_s if cycle.regular else np.nan for cycle in cycles])
    threshold = np.array([cycle.threshold_s if cycle.regular else np.nan for cycle in cycles])
    return typical[place], threshold[place]


def _recurring(
    start: np.ndarray, extra: np.ndarray, is_stop: np.ndarray, inside: np.ndarray, offset: int
) -> tuple[tuple[RecurringPause, ...], np.ndarray]:
    """Pauses at the same time of day on at least half of the days, and far more days than stops by chance would give."""
    is_break = np.zeros(start.size, dtype=bool)
    worked = np.unique((start[inside] + offset) // DAY)
    if worked.size < 5:
        return (), is_break
    minute = ((start + offset) % DAY) // (60 * SECOND)
    day = (start + offset) // DAY
    found: list[RecurringPause] = []
    # Among many short stops a break of ten minutes shows only among the long ones, so these are looked at first.
    for shortest in (480.0, 480.0, 300.0, 300.0, 120.0, 120.0):
        long = np.flatnonzero(is_stop & ~is_break & (extra >= shortest))
        best = _best_window(minute[long], day[long], worked.size) if long.size >= 5 else None
        if best is None:
            continue
        here = long[(minute[long] - best) % 1440 < _WINDOW]
        chosen = _longest_a_day(here, day, extra)
        is_break[chosen] = True
        found.append(
            RecurringPause(
                clock_minute=int(np.median(minute[chosen])),
                median_s=float(np.median(extra[chosen])),
                days=int(chosen.size),
                share_of_days=chosen.size / worked.size,
            )
        )
    return tuple(sorted(found, key=lambda pause: pause.clock_minute)), is_break


def _best_window(minute: np.ndarray, day: np.ndarray, days: int) -> int | None:
    """The first minute of the clock window that is hit on most days, `None` where no window stands out."""
    bins = np.arange(0, 1440, 5)
    hit = np.array([np.unique(day[(minute - low) % 1440 < _WINDOW]).size for low in bins])
    best = int(np.argmax(hit))
    usual = hit[hit > 0]
    if hit[best] < max(4, 0.5 * days) or usual.size == 0:
        return None
    # What stops at any time of day would give: the median window, those near the best left out.
    far = np.minimum((bins - bins[best]) % 1440, (bins[best] - bins) % 1440) >= 2 * _WINDOW
    others = hit[far & (hit > 0)]
    chance = min(0.99, float(np.median(others)) / days) if others.size >= 6 else 0.1
    p = float(stats.binom.sf(hit[best] - 1, days, chance)) * bins.size
    return int(bins[best]) if p < 1e-3 else None


def _longest_a_day(rows: np.ndarray, day: np.ndarray, extra: np.ndarray) -> np.ndarray:
    order = rows[np.lexsort((-extra[rows], day[rows]))]
    first = np.concatenate(([True], day[order][1:] != day[order][:-1]))
    return np.asarray(np.sort(order[first]))


def ratio_interval(above: np.ndarray, below: np.ndarray, *, seed: int, draws: int = _DRAWS) -> tuple[float, float]:
    """95 % interval of sum(above) / sum(below) over days, bootstrap of whole days with the t correction for few of them.

    The percentile interval of few days is too short by about sqrt((n - 1) / n) and the t quantile; it is widened by both.
    """
    days = above.size
    if days < 2 or below.sum() <= 0:
        return 0.0, 1.0
    rng = np.random.default_rng(seed)
    drawn = rng.integers(days, size=(draws, days))
    ratios = above[drawn].sum(axis=1) / np.maximum(below[drawn].sum(axis=1), 1e-12)
    centre = float(above.sum() / below.sum())
    wider = float(stats.t.ppf(0.975, days - 1) / 1.96 * np.sqrt(days / (days - 1)))
    low, high = np.quantile(ratios, [0.025, 0.975])
    return max(0.0, centre - wider * (centre - float(low))), min(1.0, centre + wider * (float(high) - centre))


def _not_understood(cycles: tuple[NormalCycle, ...]) -> MinorStops:
    nothing = np.empty(0)
    few = all(cycle.intervals < FEWEST for cycle in cycles)
    why = (
        Text(
            ko=f"제품마다 간격이 {FEWEST}개보다 적어 판단하지 않았습니다.",
            en=f"Fewer than {FEWEST} intervals a product.",
        )
        if few
        else Text(
            ko="생산 간격이 일정하지 않아(수작업이거나 몰아서 기록) 순간정지를 가려낼 수 없습니다.",
            en="Pieces do not come at an even pace (manual work, or entered in bulk), so minor stops cannot be told.",
        )
    )
    return MinorStops(
        understood=False,
        why_not=why,
        cycles=cycles,
        breaks=(),
        paused=NOTHING,
        start=np.empty(0, dtype=np.int64),
        extra_s=nothing,
        product=np.empty(0, dtype=np.int64),
        lost_s=0.0,
        run_s=0.0,
        share=0.0,
        low=0.0,
        high=1.0,
        day=np.empty(0, dtype=np.int64),
        lost_by_day_s=nothing,
        run_by_day_s=nothing,
    )
