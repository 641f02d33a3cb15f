"""Which quantities of which machines changed their level, by a step or slowly: the survey behind `mean_shift` and `drift`.

Every series is judged product by product with the daily and weekly calendar taken out; what a setting or a lot that changed at
the same moment explains is kept as explanation. Chance is allowed for over everything tried in the factory (`tried`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from jasang.analyze.block_means import (
    DAY,
    FEWEST_DAYS,
    block_edges,
    calendar_nuisance,
    daily_profile,
    robust_block_means,
)
from jasang.analyze.change_points import (
    FEWEST_BLOCKS,
    MOST_BLOCKS,
    Change,
    ChangeDetector,
    least_squares_breaks,
    plain_detector,
)
from jasang.diagnose.counted_defects import counted_defects
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.explanations import Explanation, explain
from jasang.diagnose.series import PROCESS_ROLES, Series, asset_rows, asset_series, seconds_of, series_of
from jasang.plant.factory import Column, Kind, Role

FINE_BLOCKS = 4096
INTERESTING = 0.2  # p-value of one series below which it is looked at closer
CERTAIN = 1e-4  # below it the change stands as found; above it a ramp that is clear to the eye goes first
CLEAR_TO_THE_EYE = 0.7  # of the variance of the block means
FAR_BETTER = 0.6  # variance that a ramp may leave of what another change leaves, to be told in its place
SCREEN = 0.5  # without products and calendar: above it the dearer detector with them is not made
FAMILY_ERROR = 0.005  # chance that a factory in control gives one `act` finding of these rules
WATCH_ERROR = 0.05
SMALLEST_SHIFT = 0.75  # in sigma within: less than this a foreman would not walk for
SMALLEST_OF_TOLERANCE = 0.1
FAR = 6.0  # sigma: what switching a machine off does to its signals
SHARE_OF_SIGNALS = 0.4
DEFECTS_PER_BLOCK = 6.0
_FEW_SWITCHES = 4
_BACK = 0.3  # of the step: a last part that stands nearer to the old level than this has come back
_FEWEST_LAST = 5  # blocks that say where the level is now


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A series as block means; `means`, `seconds` (`None` without times) and `first_rows` (places in the series): shape (m,).

    `means` are in the unit of the column with the part of product and hour of day taken out and the overall mean kept; `sigma`
    is the spread of single values around the fitted course.
    """

    column: Column
    asset: str | None
    means: np.ndarray
    seconds: np.ndarray | None
    first_rows: np.ndarray
    sigma: float
    values: int
    set_by_hand: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelChange:
    """A change of level that chance does not explain at `INTERESTING`; `since` and `until` are moments in UTC or `None`.

    `been_there` is the share of the earlier blocks that already were about where the level is now. `explained`
    is the share of the variance of the block means that the change explains. `within` is what the change is within the products
    that were made before and after it, 0 when none was. `p` is that of this series alone.
    """

    table: str
    course: Course
    change: Change
    since: np.datetime64 | None
    until: np.datetime64 | None
    onset_row: int
    level_before: float
    level_after: float
    been_there: float
    explained: float
    within: float
    explanations: tuple[Explanation, ...] = ()
    assets: tuple[str, ...] = ()  # when all assets of the table share the change
    whole_machine: bool = False  # nearly all signals of the machine changed at once, far: it was switched off or on

    @property
    def p(self) -> float:
        """Chance of such a change in a series that is in control, that is, comes back to its home."""
        return self.change.p_with_home

    @property
    def slow(self) -> bool:
        """A ramp of more than an eighth of the record: a drift rather than a shift."""
        return self.change.kind == "ramp" and self.change.end - self.change.start > 0.12 * self.change.fitted.size


def level_changes(evidence: EvidenceBase) -> tuple[tuple[LevelChange, ...], int]:
    """The changes found in the factory and how many series were tried."""
    found: list[LevelChange] = []
    tried = 0
    for data in evidence.of_kind(Kind.UNITS, Kind.SIGNALS):
        some, number = data.once("level_changes", partial(_survey, evidence, data))
        found += some
        tried += number
    return tuple(found), tried


def _survey(evidence: EvidenceBase, data: TableData) -> tuple[tuple[LevelChange, ...], int]:
    detectors = DetectorShelf()
    found: list[LevelChange] = []
    tried = 0
    of_asset: Counter[str | None] = Counter()
    for series in _all_series(evidence, data):
        made = course_of(series)
        if made is None:
            continue
        course, nuisance = made
        tried += 1
        of_asset[course.asset] += 1
        plain = plain_detector(course.means.size)
        ramp = plain.plainest_ramp(course.means)
        clear = ramp is not None and ramp[1] >= CLEAR_TO_THE_EYE
        if not clear and not _has_waves(course) and plain.find(course.means[None, :])[0].p_with_home > SCREEN:
            continue
        change = detectors.get(nuisance).find(course.means[None, :])[0]
        if ramp is not None and clear and _ramp_goes_first(course, ramp, change):
            change = replace(ramp[0], p_with_home=plain.chance_of(course.means, ramp[0]))
            whole = _describe(data, series, course, nuisance, change)
            found.append(
                replace(whole, explanations=explain(data, series, course.first_rows, change, nuisance, course.means))
            )
            continue
        if change.p_with_home < INTERESTING and change.size != 0.0:
            whole = _describe(data, series, course, nuisance, change)
            explanations = explain(data, series, course.first_rows, change, nuisance, course.means, detectors.get)
            found.append(replace(whole, explanations=explanations))
    if data.table.kind is Kind.SIGNALS:
        found = _with_whole_machines(found, of_asset)
    return tuple(_shared_by_all_assets(found)), tried


def _ramp_goes_first(course: Course, ramp: tuple[Change, float], change: Change) -> bool:
    """The ramp that the eye sees tells the row better than the change found: that is not certain, or fits far worse.

    In a process that wanders a late jump may explain the wander best and yet leave out the slow rise before it.
    """
    left, left_by_ramp = np.var(course.means - change.fitted), (1.0 - ramp[1]) * np.var(course.means)
    if left_by_ramp > _left_by_stairs(course.means):
        return False  # two steps one after the other are no drift
    slower = change.kind != "ramp" and not course.set_by_hand and bool(left_by_ramp < FAR_BETTER * left)
    return change.p_with_home > CERTAIN or slower


def _left_by_stairs(means: np.ndarray) -> float:
    """The variance of block means, shape (m,), that the best three levels leave: as free to fit as a ramp is."""
    stairs = least_squares_breaks(means, most=2, shortest=max(3, means.size // 20))
    return stairs.residual_squares[-1] / means.size


def _with_whole_machines(found: list[LevelChange], of_asset: Mapping[str | None, int]) -> list[LevelChange]:
    """Marks the changes by many sigma that most signals of a machine made at one moment."""
    marked = []
    for one in found:
        far = [other for other in found if other.course.asset == one.course.asset and _is_far(other)]
        together = [other for other in far if _same_moment(one, other)]
        most = max(2.0, SHARE_OF_SIGNALS * of_asset[one.course.asset])
        marked.append(replace(one, whole_machine=_is_far(one) and len(together) >= most))
    return marked


def _is_far(one: LevelChange) -> bool:
    return not one.slow and abs(one.change.size) >= FAR * one.course.sigma


def _same_moment(one: LevelChange, other: LevelChange) -> bool:
    own, its = _onset_seconds(one), _onset_seconds(other)
    return own is not None and its is not None and own[0] <= its[1] and its[0] <= own[1]


def _all_series(evidence: EvidenceBase, data: TableData) -> Iterable[Series]:
    yield from series_of(evidence, data, roles=PROCESS_ROLES, fewest=FEWEST_BLOCKS)
    flags = data.defects()
    if flags is None:
        yield from _counted(data)
        return
    column = data.table.with_role(Role.DEFECT)[0]
    usable = data.usable_rows()
    flags[~usable] = np.nan
    for series in asset_series(data, column, flags, asset_rows(data), FEWEST_BLOCKS):
        if series.values.sum() >= DEFECTS_PER_BLOCK * FEWEST_BLOCKS:
            yield series


def _counted(data: TableData) -> Iterable[Series]:
    """The share of bad pieces of each lot, asset by asset, where the rows count pieces."""
    counted = counted_defects(data)
    if counted is None:
        return
    for series in asset_series(data, counted.column, counted.shares(), asset_rows(data), FEWEST_BLOCKS):
        events = float(np.nansum(counted.bad[series.rows]))
        if events >= DEFECTS_PER_BLOCK * FEWEST_BLOCKS:
            yield replace(series, events=events)


def _has_waves(course: Course) -> bool:
    """The record is so short that the daily cycle is still in it and may hide a change until it is fitted."""
    return course.seconds is not None and float(course.seconds[-1] - course.seconds[0]) < FEWEST_DAYS * DAY


class DetectorShelf:
    """Detectors of one table, made once for every pattern of nuisances and kept while they are the latest."""

    def __init__(self, most: int = 12) -> None:
        self._kept: dict[tuple[int, bytes], ChangeDetector] = {}
        self._most = most

    def get(self, nuisance: np.ndarray) -> ChangeDetector:
        """The detector for nuisances of shape (m, k)."""
        key = (nuisance.shape[0], np.round(nuisance, 6).tobytes())
        if key not in self._kept:
            if len(self._kept) >= self._most:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = ChangeDetector(nuisance.shape[0], nuisance)
        return self._kept[key]


def course_of(series: Series) -> tuple[Course, np.ndarray] | None:
    """The series as block means with its nuisances, shape (m, k); nothing where the values never change or count up."""
    values = series.values
    moves = np.diff(values)
    if not moves.any() or _counts_up(moves):
        return None
    flag = series.column.role is Role.DEFECT
    adjusted = _without_products(series)
    events = max(1.0, values.sum() if series.events is None else series.events)
    fewest = max(1, int(np.ceil(DEFECTS_PER_BLOCK * values.size / events))) if flag else 1
    fine_edges = block_edges(values.size, most=max(FEWEST_BLOCKS, FINE_BLOCKS // (1 if not flag else fewest)))
    fine = np.add.reduceat(adjusted, fine_edges[:-1])[: fine_edges.size - 1] / np.diff(fine_edges) if flag else None
    fine = robust_block_means(adjusted, fine_edges) if fine is None else fine
    seconds = seconds_of(series.time)
    if seconds is not None:
        middles = seconds[(fine_edges[:-1] + fine_edges[1:]) // 2]
        fine = fine - daily_profile(fine, middles)
    edges = block_edges(
        fine.size, most=MOST_BLOCKS, fewest_values=max(1, fewest * fine.size // values.size) if flag else 1
    )
    if edges.size - 1 < FEWEST_BLOCKS:
        return None
    means = np.add.reduceat(fine[: edges[-1]], edges[:-1]) / np.diff(edges) if flag else robust_block_means(fine, edges)
    rows = np.append(fine_edges, values.size)[edges[:-1]]
    middle = np.append(fine_edges, values.size)[(edges[:-1] + edges[1:]) // 2]
    when = None if seconds is None else seconds[np.minimum(middle, values.size - 1)]
    parts = [_product_shares(series, rows)]
    if when is not None:
        parts.append(calendar_nuisance(when))
    course = Course(
        column=series.column,
        asset=series.asset,
        means=means,
        seconds=when,
        first_rows=rows,
        sigma=float(np.std(adjusted)),
        values=values.size,
        set_by_hand=_set_by_hand(values, moves),
    )
    return course, _few_nuisances(np.column_stack(parts))


def _few_nuisances(nuisance: np.ndarray) -> np.ndarray:
    """The nuisances that vary most, few enough to leave blocks to judge by."""
    most = max(0, (nuisance.shape[0] - 8) // 3)
    spread = nuisance.std(axis=0)
    chosen = np.sort(np.argsort(-spread, kind="stable")[:most])
    return np.asarray(nuisance[:, chosen[spread[chosen] > 1e-9]])


def _counts_up(moves: np.ndarray) -> bool:
    """A running number or clock: goes up at nearly every row by nearly the same, and starts again now and then."""
    up = moves > 0
    if up.mean() < 0.98:
        return False
    steps = moves[up]
    return bool(np.mean(np.abs(steps - np.median(steps)) <= 0.01 * np.median(steps)) > 0.9)


def _set_by_hand(values: np.ndarray, moves: np.ndarray) -> bool:
    """Values that stand exactly still but for a few steps are chosen by somebody, not measured."""
    if np.count_nonzero(moves) <= _FEW_SWITCHES and np.unique(values).size <= _FEW_SWITCHES:
        return True  # a block or a factor of a trial, however short the table
    return bool(np.mean(moves != 0) < 0.02 and np.unique(values).size <= max(10, values.size // 100))


def _without_products(series: Series) -> np.ndarray:
    """Values less the median of their product, plus the median of all: a mix of products must not look like a change."""
    if len(series.products) + int((series.product < 0).any()) < 2:
        return series.values
    flag = series.column.role is Role.DEFECT
    adjusted = series.values.copy()
    middle = float(np.mean(series.values)) if flag else float(np.median(series.values))
    for code in np.unique(series.product):
        own = series.product == code
        adjusted[own] -= (np.mean(series.values[own]) if flag else np.median(series.values[own])) - middle
    return adjusted


def _product_shares(series: Series, rows: np.ndarray) -> np.ndarray:
    """Share of each product in each block, shape (m, products): a shift hidden in the product medians comes back by these."""
    codes = np.unique(series.product)
    if codes.size < 2:
        return np.empty((rows.size, 0))
    sizes = np.diff(np.append(rows, series.values.size))
    shares = [np.add.reduceat((series.product == code).astype(np.float64), rows) / sizes for code in codes[:-1]]
    return np.column_stack(shares)


def _beside_change(series: Series, course: Course, change: Change) -> tuple[np.ndarray, np.ndarray]:
    """The fitted change at every value and the values less the level of their product beside it, both shape (n,).

    Where one product was made mostly before a change and another after it, their plain medians would swallow the change.
    """
    block = np.searchsorted(course.first_rows, np.arange(series.values.size), side="right") - 1
    fitted = change.fitted[np.maximum(block, 0)]
    return fitted, _without_products(replace(series, values=series.values - fitted)) + fitted


def _spread_within(left: np.ndarray) -> float:
    """Standard deviation of single values around the fitted course, outliers drawn in."""
    centre = float(np.median(left))
    away = np.abs(left - centre)
    scale = 1.4826 * float(np.median(away))
    if scale > 0:
        left = np.clip(left, centre - 4 * scale, centre + 4 * scale)
    return float(np.std(left))


def _within_products(series: Series, fitted: np.ndarray, size: float) -> tuple[float, tuple[float, float] | None]:
    """Mean difference between after and before within each product made at both times, by the fewer of its values.

    Beside it the two levels of the product made most at both times: a foreman finds these in his own record.
    """
    middle = np.mean if series.column.role is Role.DEFECT else np.median
    after, before = fitted / size >= 0.75, fitted / size <= 0.25
    total = weights = heaviest = 0.0
    levels: tuple[float, float] | None = None
    for code in np.unique(series.product):
        own = series.product == code
        late, early = series.values[own & after], series.values[own & before]
        weight = float(min(late.size, early.size))
        if not weight:
            continue
        total += weight * float(middle(late) - middle(early))
        weights += weight
        if weight > heaviest:
            heaviest, levels = weight, (float(middle(early)), float(middle(late)))
    return total / weights if weights else 0.0, levels


def _without_nuisance(means: np.ndarray, nuisance: np.ndarray, change: Change) -> np.ndarray:
    """Block means, shape (m,), less what products and calendar do to them, fitted together with the change."""
    centred = nuisance - nuisance.mean(axis=0)
    design = np.column_stack([np.ones(means.size), change.fitted, centred])
    return np.asarray(means - centred @ np.linalg.lstsq(design, means, rcond=None)[0][2:])


def _describe(data: TableData, series: Series, course: Course, nuisance: np.ndarray, change: Change) -> LevelChange:
    """The change with its moments and levels; the onset of a step is sought row by row."""
    fitted, adjusted = _beside_change(series, course, change)
    sigma = _spread_within((adjusted - fitted)[course.first_rows[0] :]) or float(np.std(series.values)) or 1.0
    course = replace(course, sigma=sigma)
    if np.unique(series.product).size > 1:
        course = replace(course, means=_without_nuisance(course.means, nuisance, change))
    change = _told_as_passing(course.means, change)
    rows = np.append(course.first_rows, series.values.size)
    m = course.means.size
    onset = int(np.interp(change.start, np.arange(m + 1), rows))
    if change.kind == "step":
        onset = _row_of_step(adjusted, rows, int(change.start), change)
    end = int(np.interp(min(change.end, m), np.arange(m + 1), rows))
    base = change.fitted <= 0.25 * change.size if change.size > 0 else change.fitted >= 0.25 * change.size
    top = change.fitted >= 0.75 * change.size if change.size > 0 else change.fitted <= 0.75 * change.size
    before = float(np.mean(course.means[base])) if base.any() else float(course.means[0])
    reached = (course.means[base] - before) / change.size >= 0.75
    after = float(np.mean(course.means[top])) if top.any() else float(course.means[-1])
    if change.kind == "ramp" and base.any() and top.any():
        # the ends of the ramp, not the means of its first and last part
        before -= float(np.mean(change.fitted[base]))
        after += change.size - float(np.mean(change.fitted[top]))
    within, levels = _within_products(series, fitted, change.size)
    if levels is not None and change.kind != "ramp" and np.unique(series.product).size > 1:
        before, after = levels
    return LevelChange(
        table=data.table.file,
        course=course,
        change=change,
        since=_moment(series, onset),
        until=_moment(series, end) if change.kind == "excursion" else None,
        onset_row=onset,
        level_before=before,
        level_after=after,
        been_there=float(np.mean(reached)) if reached.size else 0.0,
        explained=1.0 - float(np.var(course.means - change.fitted) / np.var(course.means)),
        within=within,
    )


def _told_as_passing(means: np.ndarray, change: Change) -> Change:
    """A step whose last part, a twentieth of the record, clearly stands at the old level again: an excursion that ended there."""
    m, last = means.size, max(_FEWEST_LAST, means.size // 20)
    start = round(change.start)
    if change.kind != "step" or not 2 <= start < m - 2 * last:
        return change
    before, after = float(np.median(means[:start])), float(np.median(means[start:-last]))
    now, error = float(np.median(means[-last:])), float(np.std(means[-last:])) / np.sqrt(last)
    size = after - before
    if size * change.size <= 0 or (now - before) / size > _BACK or abs(after - now) < 4.0 * error:
        return change
    away = np.flatnonzero((means - before) / size > 0.5)
    end = int(away[-1]) + 1
    fitted = np.zeros(m)
    fitted[start:end] = size
    apart = size - change.size
    return replace(
        change,
        kind="excursion",
        end=float(end),
        size=size,
        low=change.low + apart,
        high=change.high + apart,
        fitted=fitted,
    )


def _row_of_step(values: np.ndarray, rows: np.ndarray, block: int, change: Change) -> int:
    """The row that parts the two levels best among the rows of the neighbouring blocks."""
    low, high = int(rows[max(0, block - 2)]), int(rows[min(rows.size - 1, block + 2)])
    middle = float(np.median(values[low:high])) if high > low else 0.0
    before, after = values[max(0, low - (high - low)) : low], values[high : high + (high - low)]
    if before.size and after.size:
        middle = 0.5 * (float(np.median(before)) + float(np.median(after)))
    limit = 2.0 * abs(change.size)
    sums = np.cumsum(np.clip(np.sign(change.size) * (values[low:high] - middle), -limit, limit))
    return low + int(np.argmin(np.concatenate([[0.0], sums]))) if sums.size else low


def _moment(series: Series, row: int) -> np.datetime64 | None:
    if series.time is None:
        return None
    known = np.flatnonzero(~np.isnat(series.time[: row + 1]))
    return series.time[known[-1]] if known.size else None


def _shared_by_all_assets(found: list[LevelChange]) -> list[LevelChange]:
    """Changes of one column that all assets of the table made together, as one without an asset: the most certain of them."""
    kept: list[LevelChange] = []
    for name in dict.fromkeys(one.course.column.name for one in found):
        own = [one for one in found if one.course.column.name == name]
        certain = [one for one in own if one.p < 1e-3]
        spans = [_onset_seconds(one) for one in certain]
        together = len(certain) >= 2 and len(certain) == len(own) and all(spans)
        if together and len({np.sign(one.change.size) for one in certain}) == 1:
            first, last = max(span[0] for span in spans if span), min(span[1] for span in spans if span)
            if first <= last:
                best = min(certain, key=lambda one: one.p)
                kept.append(replace(best, assets=tuple(str(one.course.asset) for one in certain)))
                continue
        kept += own
    return kept


def _onset_seconds(one: LevelChange) -> tuple[float, float] | None:
    seconds = one.course.seconds
    if seconds is None:
        return None
    places = np.arange(seconds.size) + 0.5
    first, last = one.change.onset
    if one.change.kind == "ramp" and not one.slow:  # a step that the blocks have smeared
        last = max(last, one.change.end)
    low, high = np.interp([first, last], places, seconds)
    slack = 2.0 * float(np.median(np.diff(seconds)))
    return float(low) - slack, float(high) + slack
