"""A machine's record as it is searched for similar stretches, and the events and results that may have followed them."""

from dataclasses import dataclass

import numpy as np

from jasang.analyze.machine_states import State
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.machine_records import state_logs
from jasang.diagnose.monitor_rows import monitor_rows
from jasang.plant.factory import Kind, Role
from jasang.plant.text import Text

MOST_ROWS = 8000  # a longer record is averaged down to so many
MOST_SIGNALS = 12
LEAST_KNOWN = 0.5
_SAME = 0.98  # correlation beyond which a signal says what another said already
_ROLES = (Role.SENSOR, Role.ENERGY, Role.SETTING, Role.QUALITY)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PeriodData:
    """`values` (rows, signals) at even steps in order of time; `seconds` (rows,) since 1970 UTC, or row numbers where `timed` is
    False; `starts` are rows at which the record begins anew after a gap.
    """

    data: TableData
    asset: str | None
    names: tuple[str, ...]
    values: np.ndarray
    seconds: np.ndarray
    timed: bool
    starts: np.ndarray

    @property
    def step(self) -> float:
        """Usual seconds (or rows) from one row to the next."""
        return float(np.median(np.diff(self.seconds)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Events:
    """Moments at which something began, in seconds since 1970 UTC, rising."""

    name: Text
    seconds: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Results:
    """A result of units over time: seconds (n,) and values (n,), NaN-free; `rate` says that it is a share of bad units."""

    name: Text
    seconds: np.ndarray
    values: np.ndarray
    rate: bool


def period_data(data: TableData, asset: str | None, rows: np.ndarray) -> PeriodData | None:
    """The record of these rows (in order of time); `None` where nothing in it moves."""
    table = data.table
    names: tuple[str, ...] | None = None
    if table.signal_column is None:
        own = {table.time, table.date, table.asset_column, table.product_column, table.start, table.end}
        # Four times as many as are used: some do not move, some repeat others.
        names = tuple(column.name for column in table.with_role(*_ROLES) if column.name not in own)[: 4 * MOST_SIGNALS]
        if not names:
            return None
    seen = monitor_rows(data, rows, columns=names, clean=True)
    timed = seen.time is not None and not np.isnat(seen.time).any()
    if seen.values.shape[0] < 50:
        return None
    seconds = np.arange(seen.values.shape[0], dtype=np.float64)
    if timed and seen.time is not None:
        seconds = seen.time.astype("datetime64[us]").astype(np.int64) / 1e6
        timed = bool(seconds[-1] > seconds[0])
    values, seconds, starts = _thinned(seen.values, seconds, seen.starts)
    kept = _telling(values)
    if not kept:
        return None
    return PeriodData(
        data=data,
        asset=asset,
        names=tuple(seen.names[place] for place in kept),
        values=values[:, kept],
        seconds=seconds,
        timed=timed,
        starts=starts,
    )


def events_of(base: EvidenceBase, found: PeriodData) -> tuple[Events, ...]:
    """Unplanned stops of the machine by its log of states; without a log, where its record broke off."""
    if not found.timed:
        return ()
    for data in base.of_kind(Kind.STATES):
        logs = state_logs(data)
        log = logs.get(found.asset) or (next(iter(logs.values())) if len(logs) == 1 else None)
        if log is not None:
            down = log.spans(State.DOWN)
            return (Events(name=Text(ko="정지", en="a stop"), seconds=np.sort(down.start / 1e6)),)
    if found.starts.size >= 2:
        broke = found.seconds[found.starts - 1]
        return (Events(name=Text(ko="기록 끊김", en="a break in the record"), seconds=broke),)
    return ()


def results_of(base: EvidenceBase, found: PeriodData) -> tuple[Results, ...]:
    """The share of bad units and the first measured qualities of the machine's units."""
    results: list[Results] = []
    for data in base.of_kind(Kind.UNITS):
        if data.time is None or not found.timed:
            continue
        usable = data.usable_rows() & ~np.isnat(data.time)
        column = data.table.asset_column
        if found.asset is not None and column is not None and found.asset in data.labels(column).levels:
            usable &= data.labels(column).codes == data.labels(column).levels.index(found.asset)
        seconds = data.time.astype("datetime64[us]").astype(np.int64) / 1e6
        flags = data.defects()
        if flags is not None:
            results.append(_result(Text(ko="불량률", en="share of bad units"), seconds, flags, usable, rate=True))
        if data is not found.data:
            for quality in data.table.with_role(Role.QUALITY)[:3]:
                name = Text(ko=quality.name, en=quality.name)
                results.append(_result(name, seconds, data.clean(quality.name), usable, rate=False))
    return tuple(one for one in results if one.values.size >= 100)


def _result(name: Text, seconds: np.ndarray, values: np.ndarray, usable: np.ndarray, *, rate: bool) -> Results:
    kept = np.flatnonzero(usable & np.isfinite(values))
    kept = kept[np.argsort(seconds[kept], kind="stable")]
    return Results(name=name, seconds=seconds[kept], values=values[kept], rate=rate)


def means_after(result: Results, ends: np.ndarray, horizon: float, fewest: int = 3) -> np.ndarray:
    """The mean of the result within the horizon after each end, NaN where fewer than `fewest` units were made."""
    total = np.concatenate([[0.0], np.cumsum(result.values)])
    first = np.searchsorted(result.seconds, ends, side="right")
    last = np.searchsorted(result.seconds, ends + horizon, side="right")
    count = last - first
    return np.where(count >= fewest, (total[last] - total[first]) / np.maximum(count, 1), np.nan)


def _thinned(values: np.ndarray, seconds: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    size = -(-values.shape[0] // MOST_ROWS)
    if size <= 1:
        return values, seconds, starts
    whole = values.shape[0] // size * size
    parts = values[values.shape[0] - whole :].reshape(-1, size, values.shape[1])  # the latest rows count most
    known = np.isfinite(parts)
    count = known.sum(axis=1)
    means = np.divide(np.where(known, parts, 0.0).sum(axis=1), count, out=np.full(count.shape, np.nan), where=count > 0)
    lost = values.shape[0] - whole
    moved = np.unique(-(-(starts[starts > lost] - lost) // size))
    return means, seconds[lost + size - 1 :: size], moved[(moved > 0) & (moved < means.shape[0])]


def _telling(values: np.ndarray) -> list[int]:
    """Signals that move and do not repeat another one, the first in the file first."""
    kept: list[int] = []
    scores: list[np.ndarray] = []
    for place in range(values.shape[1]):
        column = values[:, place]
        known = np.isfinite(column)
        if known.mean() < LEAST_KNOWN or not np.ptp(column[known]) > 0:
            continue
        score = np.where(known, column - column[known].mean(), 0.0)
        score = score / np.linalg.norm(score)
        if all(abs(float(score @ other)) < _SAME for other in scores):
            kept.append(place)
            scores.append(score)
        if len(kept) == MOST_SIGNALS:
            break
    return kept
