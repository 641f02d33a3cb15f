"""A factory's log of states as hours lost: by machine, by reason and by day."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from jasang.analyze.machine_states import State, reason_is_planned, state_of, states_of_codes
from jasang.analyze.stops import DAY, HOUR, Intervals, hours_by_day, intervals
from jasang.diagnose.evidence_base import Labels, TableData
from jasang.plant.factory import Role

_DURATION = re.compile(
    r"duration|elapsed|정지시간|비가동시간|소요시간|지속시간|minutes|(?<![a-z])min(?![a-z])|\(분\)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A kind of stop as the log names it: its reason where there is one, else its state; `total`: all unplanned stops."""

    name: str
    state: State
    has_reason: bool
    total: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StopLog:
    """Hours lost and planned. `lost` has shape (assets, losses, days), `planned` (assets, days), `stops` (assets, losses).

    `days` are day numbers since 1970-01-01 on the factory's clock. `first_start` is the start (int64 microseconds, UTC) of the
    first stop of an asset and loss on each day, 0 where there is none.
    """

    assets: tuple[str | None, ...]
    losses: tuple[Loss, ...]
    days: np.ndarray
    lost: np.ndarray
    planned: np.ndarray
    stops: np.ndarray
    first_start: np.ndarray
    believed: Intervals
    whole: bool  # nothing in the log says which time was planned off, so all recorded time counts
    pooled: bool = False  # the last asset is all machines together
    by_product: bool = False  # nobody names the machine: the assets are products (moulds)


def with_totals(log: StopLog) -> StopLog:
    """The log with one more loss, all unplanned stops together, where it has several: a worn machine stops for many reasons."""
    parts = [place for place, loss in enumerate(log.losses) if loss.state is State.DOWN]
    if len(parts) < 2:
        return log
    starts = log.first_start[:, parts]
    latest = np.iinfo(np.int64).max
    first = np.where(starts > 0, starts, latest).min(axis=1, keepdims=True)
    return replace(
        log,
        losses=(*log.losses, Loss(name="", state=State.DOWN, has_reason=False, total=True)),
        lost=np.concatenate([log.lost, log.lost[:, parts].sum(axis=1, keepdims=True)], axis=1),
        stops=np.concatenate([log.stops, log.stops[:, parts].sum(axis=1, keepdims=True)], axis=1),
        first_start=np.concatenate([log.first_start, np.where(first < latest, first, 0)], axis=1),
    )


def with_plant(log: StopLog) -> StopLog:
    """The log with one more asset, all machines together: a reason that every machine has shows there first."""
    if len(log.assets) < 2:
        return log
    latest = np.iinfo(np.int64).max
    first = np.where(log.first_start > 0, log.first_start, latest).min(axis=0, keepdims=True)
    return replace(
        log,
        assets=(*log.assets, None),
        lost=np.concatenate([log.lost, log.lost.sum(axis=0, keepdims=True)]),
        planned=np.concatenate([log.planned, log.planned.sum(axis=0, keepdims=True)]),
        stops=np.concatenate([log.stops, log.stops.sum(axis=0, keepdims=True)]),
        first_start=np.concatenate([log.first_start, np.where(first < latest, first, 0)]),
        pooled=True,
    )


def clock_offset(time: np.ndarray, timezone: str) -> int:
    """The factory clock ahead of UTC in microseconds, at the first known time."""
    known = time[~np.isnat(time)]
    if not known.size:
        return 0
    first: datetime = known[0].astype("datetime64[us]").item()
    offset = first.replace(tzinfo=UTC).astimezone(ZoneInfo(timezone)).utcoffset()
    return int(offset.total_seconds() * 1e6) if offset else 0


def stop_log(data: TableData, timezone: str) -> StopLog | None:
    """The log of a table of states; `None` when it has no times or no words or codes that tell states apart."""
    table = data.table
    if data.time is None or not (table.state_column or _only_stops(data)):
        return None
    usable = np.flatnonzero(data.usable_rows())
    assets, asset = asset_codes(data)
    made = intervals(data.time[usable], state_ends(data, usable), asset[usable])
    rows = usable[made.rows]
    if rows.size < 2:
        return None
    states = states_of_rows(data, rows)
    if states is None:
        return None
    losses, loss, planned_stop = _losses(data, rows, states)
    offset = clock_offset(data.time, timezone)
    piece, day, hours = hours_by_day(made.start, made.end, offset)
    days = np.arange(day.min(), day.max() + 1)
    place = day - days[0]
    lost = np.zeros((len(assets), len(losses), days.size))
    planned = np.zeros((len(assets), days.size))
    first_start = np.zeros(lost.shape, dtype=np.int64)
    who, what = asset[rows][piece], loss[piece]
    counted = ~planned_stop[piece]
    np.add.at(planned, (who[counted], place[counted]), hours[counted])
    is_loss = what >= 0
    np.add.at(lost, (who[is_loss], what[is_loss], place[is_loss]), hours[is_loss])
    begin = made.start[piece]
    backwards = np.flatnonzero(is_loss)[::-1]  # so that the first stop of the day is written last
    first_start[who[backwards], what[backwards], place[backwards]] = begin[backwards]
    if not (loss < 0)[~planned_stop].any():
        planned = _planned_without_running(made, len(assets), days, offset, lost)
    return StopLog(
        assets=assets,
        losses=losses,
        days=days,
        lost=lost,
        planned=planned,
        stops=_count(asset[rows], loss, made, (len(assets), len(losses))),
        first_start=first_start,
        believed=made,
        whole=not planned_stop.any(),
    )


def _only_stops(data: TableData) -> bool:
    """A log whose rows are stops with reasons and no states: what is not in it ran."""
    table = data.table
    if table.state_column or not table.reason_column or data.time is None:
        return False
    return state_ends(data, np.arange(data.rows)) is not None


def asset_codes(data: TableData) -> tuple[tuple[str | None, ...], np.ndarray]:
    """Names of the machines, and the code of each row of the table; rows without a name get a machine `None`."""
    column = data.table.asset_column
    if not column:
        return (data.table.asset,), np.zeros(data.rows, dtype=np.int64)
    labels = data.labels(column)
    codes = labels.codes.astype(np.int64)
    if (codes < 0).any():
        return (*labels.levels, None), np.where(codes < 0, len(labels.levels), codes)
    return labels.levels, codes


def state_ends(data: TableData, rows: np.ndarray) -> np.ndarray | None:
    """Ends of the rows: a column of times, or start plus a duration."""
    table = data.table
    if table.end:
        series = data.source.read([table.end]).to_series()
        if isinstance(series.dtype, pl.Datetime | pl.Date):
            moments: np.ndarray = series.cast(pl.Datetime("us")).to_numpy().astype("datetime64[us]")
            ends: np.ndarray = moments[rows]
            return ends
    if data.time is None:
        return None
    for column in table.columns:
        if column.role not in (Role.STATE, Role.REASON, Role.ID) and _DURATION.search(column.name):
            length = data.numbers(column.name)[rows]
            if np.isfinite(length).mean() > 0.8 and np.nanmin(length) >= 0 and np.nanmax(length) > 0:
                unit = (column.unit or column.name).lower()
                scale = (
                    1e6
                    if re.search(r"sec|초|\(s\)|_s$|^s$", unit)
                    else 3.6e9
                    if re.search(r"hour|_h$|^h$|\(h\)", unit)
                    else 6e7
                )
                ends = data.time[rows] + (np.nan_to_num(length) * scale).astype("timedelta64[us]")
                return ends
    return None


def states_of_rows(data: TableData, rows: np.ndarray) -> np.ndarray | None:
    """The state of each row as an object array of `State`, `None` where a word is unknown."""
    only_stops = _only_stops(data)
    labels = data.labels(data.table.state_column or data.table.reason_column or "")
    meaning: dict[int, State] = {}
    for code, level in enumerate(labels.levels):
        state = state_of(level)
        if only_stops and state in (None, State.RUNNING):
            state = State.DOWN  # whatever its reason says (작업자 부재, 척 유압), it stood
        if state is not None:
            meaning[code] = state
    codes = labels.codes[rows]
    if not meaning:
        meaning = _by_behaviour(data, rows, labels)
    if not meaning or set(meaning.values()) <= {State.PLANNED}:
        return None
    found = np.full(rows.size, None, dtype=object)
    for code, state in meaning.items():
        found[codes == code] = state
    return found


def _by_behaviour(data: TableData, rows: np.ndarray, labels: Labels) -> dict[int, State]:
    counts = data.table.with_role(Role.COUNT)
    made = data.numbers(counts[0].name)[rows] if counts else None
    alarms = [
        column.name
        for column in data.table.columns
        if re.search(r"alarm|fault|알람|이상|고장", column.name, re.IGNORECASE)
    ]
    alarm = data.numbers(alarms[0])[rows] if alarms else None
    return states_of_codes(labels.codes[rows], dict(enumerate(labels.levels)), made, alarm)


def _losses(data: TableData, rows: np.ndarray, states: np.ndarray) -> tuple[tuple[Loss, ...], np.ndarray, np.ndarray]:
    """Losses, the loss of each row (-1 = none), and whether the row is no planned time."""
    table = data.table
    state_labels = data.labels(table.state_column or table.reason_column or "")
    reasons = data.labels(table.reason_column) if table.reason_column else None
    loss = np.full(rows.size, -1, dtype=np.int64)
    planned = np.array([state is State.PLANNED or state is None for state in states])
    places: dict[tuple[int, int], int] = {}
    losses: list[Loss] = []
    state_codes = state_labels.codes[rows]
    reason_codes = reasons.codes[rows] if reasons else np.full(rows.size, -1, dtype=np.int32)
    for code, reason in np.unique(np.stack([state_codes, reason_codes], axis=1), axis=0):
        here = (state_codes == code) & (reason_codes == reason)
        state = states[here][0]
        if state is None or state is State.RUNNING or state is State.PLANNED:
            continue
        named = reasons is not None and reason >= 0
        name = reasons.levels[reason] if reasons is not None and named else state_labels.levels[code]
        if named and reason_is_planned(name):
            planned |= here
            continue
        key = (-1, int(reason)) if named else (int(code), -1)
        if key not in places:
            places[key] = len(losses)
            shown = f"{table.state_column} {name}" if re.fullmatch(r"[-\d.]+", name) else name
            losses.append(Loss(name=shown, state=state, has_reason=bool(named)))
        loss[here] = places[key]
    return tuple(losses), loss, planned


def _planned_without_running(
    made: Intervals, assets: int, days: np.ndarray, offset: int, lost: np.ndarray
) -> np.ndarray:
    """Planned hours where a log holds only the stops: the usual working window of the days that have any entry."""
    clock = (made.start + offset) % DAY
    close = (made.end + offset) % DAY
    begin, finish = np.quantile(clock, 0.02), np.quantile(close, 0.98)
    window = min(24.0, max(1.0, (finish - begin) / HOUR)) if finish > begin else 24.0
    working = np.zeros(days.size, dtype=bool)
    working[((made.start + offset) // DAY) - days[0]] = True
    planned = np.where(working, window, 0.0)
    hours: np.ndarray = np.maximum(np.tile(planned, (assets, 1)), lost.sum(axis=1))
    return hours


def _count(asset: np.ndarray, loss: np.ndarray, made: Intervals, shape: tuple[int, int]) -> np.ndarray:
    """Number of stops; rows of one loss that follow each other without a pause are one stop."""
    begins = np.ones(asset.size, dtype=bool)
    begins[1:] = (asset[1:] != asset[:-1]) | (loss[1:] != loss[:-1]) | (made.start[1:] - made.end[:-1] > 60_000_000)
    stops = np.zeros(shape, dtype=np.int64)
    counted = begins & (loss >= 0)
    np.add.at(stops, (asset[counted], loss[counted]), 1)
    return stops
