"""The course of a metric by day: what a check looks at before and after an action, with other machines or products beside it.

Metrics are those of `Check`: `defect_rate`, `out_of_spec_share`, `down_share`, `<column>_mean`, `<column>_sigma`, or the name of
a column (its mean). Days without production are left out.
"""

from dataclasses import dataclass

import numpy as np

from jasang.analyze.machine_states import State
from jasang.diagnose.counted_defects import counted_defects
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.finding import Subject
from jasang.diagnose.stop_log import StopLog, clock_offset, stop_log, with_plant, with_totals
from jasang.plant.factory import Column, Kind

DAY = 86_400_000_000  # microseconds
HOUR = DAY // 24
STEPS = (DAY, 8 * HOUR, 2 * HOUR, HOUR // 2)
ENOUGH = 24  # steps; with fewer days the day is cut
FEWEST_UNITS = 3  # a day; the mean of fewer says nothing
FEWEST_FOR_SPREAD = 8
MOST_CONTROLS = 12
MOST_PRODUCTS = 4
SHARES = ("defect_rate", "out_of_spec_share", "down_share")


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricCourse:
    """A metric in steps of time: `start` (datetime64[us] UTC), `values`, `counts` (units or hours behind each), all shape (n,).

    `steps` (n,) are whole numbers of steps since the first. `controls` (n, k) are the same metric of what is named in
    `control_names`; `weekday` (n,) is `None` where steps are shorter than a day; `mix` (n, q) are shares of products.
    """

    metric: str
    unit: str | None
    step: int  # microseconds
    start: np.ndarray
    steps: np.ndarray
    values: np.ndarray
    counts: np.ndarray
    controls: np.ndarray
    control_names: tuple[str, ...]
    weekday: np.ndarray | None
    mix: np.ndarray

    @property
    def per_day(self) -> float:
        """Steps in a calendar day in which something was made, on average over the record."""
        days = (self.steps[-1] - self.steps[0] + 1) * self.step / DAY
        return float(self.values.size / max(days, 1e-9))

    def place_of(self, moment: np.datetime64) -> int:
        """Place of the first step that begins at or after the moment."""
        return int(np.searchsorted(self.start, moment.astype("datetime64[us]"), side="left"))


def metric_course(
    base: EvidenceBase, subject: Subject, metric: str, *, reason: str | None = None, step: int | None = None
) -> MetricCourse | None:
    """The metric of the subject's table, column, machine and product by day (or by `step` microseconds); `None` if none.

    `reason` names the stop that `down_share` is about.
    """
    data = next((data for data in base.tables if data.table.file == subject.table), None)
    if data is None or data.time is None:
        return None
    if metric == "down_share":
        return _stops(base, data, subject, reason)
    read = _values(data, subject, metric)
    if read is None:
        return None
    values, unit = read
    values[~data.usable_rows()] = np.nan
    usable = np.isfinite(values) & ~np.isnat(data.time)
    if usable.sum() < FEWEST_UNITS:
        return None
    offset = clock_offset(data.time, base.factory.timezone)
    ticks = data.time.astype("datetime64[us]").astype(np.int64) + offset
    widths = (step,) if step is not None else STEPS
    made: MetricCourse | None = None
    for width in widths:
        made = _course(data, subject, metric, unit, values, usable, ticks, width, offset)
        if made is not None and made.values.size >= ENOUGH:
            return made
    return made


def _values(data: TableData, subject: Subject, metric: str) -> tuple[np.ndarray, str | None] | None:
    """One number a row, and the unit of the metric."""
    if metric == "defect_rate":
        flags = data.defects()
        if flags is None and (counted := counted_defects(data)) is not None:
            flags = counted.shares()
        return None if flags is None else (flags, "share")
    names = {column.name: column for column in data.table.columns}
    if metric == "out_of_spec_share":
        column = names.get(subject.column or "")
        if column is None or (column.lower is None and column.upper is None):
            return None
        numbers = data.clean(column.name)
        low, high = (
            column.lower if column.lower is not None else -np.inf,
            column.upper if column.upper is not None else np.inf,
        )
        return np.where(np.isfinite(numbers), ((numbers < low) | (numbers > high)).astype(float), np.nan), "share"
    name = metric.removesuffix("_mean") if metric.endswith("_mean") and metric not in names else metric
    name = name.removesuffix("_sigma") if name.endswith("_sigma") and name not in names else name
    if name in names:
        return data.clean(name), names[name].unit
    return _long_values(data, name)


def _long_values(data: TableData, name: str) -> tuple[np.ndarray, str | None] | None:
    """The values of one signal of a long table."""
    table = data.table
    if table.signal_column is None or table.value_column is None:
        return None
    labels = data.labels(table.signal_column)
    if name not in labels.levels:
        return None
    values = data.clean(table.value_column)
    values[labels.codes != labels.levels.index(name)] = np.nan
    return values, None


def _course(
    data: TableData,
    subject: Subject,
    metric: str,
    unit: str | None,
    values: np.ndarray,
    usable: np.ndarray,
    ticks: np.ndarray,
    width: int,
    offset: int,
) -> MetricCourse | None:
    mine, others, names = _parts(data, subject, usable)
    spread = metric.endswith("_sigma") and metric not in {column.name for column in data.table.columns}
    share = metric in SHARES
    block = ticks // width
    if not mine.any():
        return None
    steps, own, counts = _by_step(block[mine], values[mine], spread, share)
    enough = counts >= (FEWEST_FOR_SPREAD if spread else FEWEST_UNITS)
    if data.rows and np.median(counts) < FEWEST_UNITS and not spread:
        enough = counts >= 1  # lots: a few a day are all there are
    steps, own, counts = steps[enough], own[enough], counts[enough]
    if steps.size < 3:
        return None
    controls = np.full((steps.size, len(others)), np.nan)
    for place, rows in enumerate(others):
        its_steps, its, _ = _by_step(block[rows], values[rows], spread, share)
        where = np.searchsorted(its_steps, steps)
        where[where == its_steps.size] = 0
        same = its_steps[where] == steps
        controls[same, place] = its[where[same]]
    return MetricCourse(
        metric=metric,
        unit=unit,
        step=width,
        start=(steps * width - offset).astype("datetime64[us]"),
        steps=steps - steps[0],
        values=own,
        counts=counts.astype(np.float64),
        controls=controls,
        control_names=names,
        weekday=(steps + 3) % 7 if width == DAY else None,  # 1970-01-01 was a Thursday: 0 = Monday
        mix=_mix(data, subject, block[mine], mine, steps),
    )


def _by_step(
    block: np.ndarray, values: np.ndarray, spread: bool, share: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Steps with values, the mean (of numbers: of their middle, strays drawn in; or their standard deviation) and the count."""
    steps, code = np.unique(block, return_inverse=True)
    counts = np.bincount(code)
    if not share and values.size:
        middle = float(np.median(values))
        reach = 1.4826 * float(np.median(np.abs(values - middle))) or float(np.std(values))
        values = np.clip(values, middle - 8 * reach, middle + 8 * reach) if reach > 0 else values
    means = np.bincount(code, weights=values) / counts
    if not spread:
        return steps, means, counts
    squares = np.bincount(code, weights=(values - means[code]) ** 2)
    return steps, np.sqrt(squares / np.maximum(counts - 1, 1)), counts


def _parts(
    data: TableData, subject: Subject, usable: np.ndarray
) -> tuple[np.ndarray, list[np.ndarray], tuple[str, ...]]:
    """Rows of the subject, and those of each other machine (or product, where the subject is one product) as controls."""
    mine = usable.copy()
    others: list[np.ndarray] = []
    names: list[str] = []
    for column, level in ((data.table.asset_column, subject.asset), (data.table.product_column, subject.product)):
        if column is None or level is None:
            continue
        labels = data.labels(column)
        if level not in labels.levels:
            continue
        here = labels.codes == labels.levels.index(level)
        if not others:
            sizes = np.bincount(labels.codes[usable & (labels.codes >= 0)], minlength=len(labels.levels))
            for code in np.argsort(-sizes, kind="stable")[: MOST_CONTROLS + 1]:
                if labels.levels[code] != level and sizes[code] >= FEWEST_UNITS:
                    others.append(usable & (labels.codes == code))
                    names.append(labels.levels[code])
        else:
            others = [rows & here for rows in others]
        mine &= here
    kept = [place for place, rows in enumerate(others) if rows.any()]
    return mine, [others[place] for place in kept], tuple(names[place] for place in kept)


def _mix(data: TableData, subject: Subject, block: np.ndarray, mine: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Shares of the products made most, but one, in each step, shape (n, q)."""
    column = data.table.product_column
    if column is None or subject.product is not None:
        return np.empty((steps.size, 0))
    codes = data.labels(column).codes[mine]
    sizes = np.bincount(codes[codes >= 0]) if (codes >= 0).any() else np.zeros(0)
    if np.count_nonzero(sizes) < 2:
        return np.empty((steps.size, 0))
    frequent = np.argsort(-sizes, kind="stable")[: min(MOST_PRODUCTS, int(np.count_nonzero(sizes)) - 1)]
    place = np.searchsorted(steps, block)
    place[place == steps.size] = 0
    inside = steps[place] == block
    whole = np.bincount(place[inside], minlength=steps.size)
    shares = [
        np.bincount(place[inside & (codes == code)], minlength=steps.size) / np.maximum(whole, 1) for code in frequent
    ]
    return np.column_stack(shares)


def _stops(base: EvidenceBase, data: TableData, subject: Subject, reason: str | None) -> MetricCourse | None:
    """Share of the planned time that the reason (or all unplanned stops) took, by day."""
    if data.table.kind is not Kind.STATES:
        return None
    log = stop_log(data, base.factory.timezone)
    if log is None or not log.losses:
        return None
    whole = with_plant(with_totals(log))
    lines = [place for place, loss in enumerate(whole.losses) if reason is not None and loss.name == reason]
    if not lines:
        lines = [place for place, loss in enumerate(whole.losses) if loss.state is State.DOWN and not loss.total]
    if not lines:
        return None
    assets = list(whole.assets)
    asset = assets.index(subject.asset) if subject.asset in assets else len(assets) - 1
    return _stop_course(
        whole, lines, asset, clock_offset(data.time, base.factory.timezone) if data.time is not None else 0
    )


def _stop_course(log: StopLog, lines: list[int], asset: int, offset: int) -> MetricCourse | None:
    worked = log.planned[asset] > 0.5
    days = log.days[worked]
    if days.size < 3:
        return None
    lost = log.lost[:, lines].sum(axis=1)
    share = lost / np.maximum(log.planned, 1e-9)
    plant = log.pooled and asset == len(log.assets) - 1
    others = [] if plant else [place for place in range(len(log.assets) - log.pooled) if place != asset]
    controls = (
        np.where(log.planned[others] > 0.5, share[others], np.nan).T[worked] if others else np.empty((days.size, 0))
    )
    return MetricCourse(
        metric="down_share",
        unit="share",
        step=DAY,
        start=(days * DAY - offset).astype("datetime64[us]"),
        steps=days - days[0],
        values=share[asset][worked],
        counts=log.planned[asset][worked],
        controls=controls,
        control_names=tuple(str(log.assets[place]) for place in others),
        weekday=(days + 3) % 7,
        mix=np.empty((days.size, 0)),
    )


def better_side(metric: str, expected: float | None) -> int:
    """-1 where lower is better, +1 where higher is: the sign of what was expected; shares of trouble are better low."""
    if metric in SHARES or metric.endswith("_sigma"):
        return -1
    return 0 if not expected else -1 if expected < 0 else 1


def column_of(base: EvidenceBase, subject: Subject) -> Column | None:
    """The subject's column as the factory describes it."""
    for data in base.tables:
        if data.table.file == subject.table:
            return next((column for column in data.table.columns if column.name == subject.column), None)
    return None
