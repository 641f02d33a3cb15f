"""What each machine's tables say of its time: the pieces it made, the log of its states, and when it was planned to work.

Units and states of one machine may stand in different files; they are joined by the machine's name. Where products run side by
side on machines that nobody names, each product (mould) counts as a machine of its own: `by_product` says so.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from jasang.analyze.losses import Spans, StateTrack, both, planned_time, spans, spans_by_state, state_track, without
from jasang.analyze.losses.spans import NOTHING, SECOND, microseconds
from jasang.analyze.machine_states import State, reason_is_planned
from jasang.analyze.stops import HOUR
from jasang.analyze.time_gaps import working_hours
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.stop_log import asset_codes, clock_offset, state_ends, states_of_rows
from jasang.plant.factory import Kind, Role
from jasang.plant.text import Text

FEWEST_PIECES = 50
_SIDE_BY_SIDE = 0.2  # of neighbouring rows change the product: it is not the machine that changes it
_MOST_MACHINES = 200


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pieces:
    """One machine's pieces in order of time, shape (n,): `time` int64 microseconds UTC, `product` codes into `products` (-1 =
    none), `bad` 1.0/0.0/NaN or `None` where nobody inspects, `rows` of the table."""

    data: TableData
    rows: np.ndarray
    time: np.ndarray
    product: np.ndarray
    products: tuple[str, ...]
    bad: np.ndarray | None
    fine: bool  # times tell more than the day


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Log:
    """One machine's log: its track, the state of every row of the table (`None` = unknown), and the rows' pieces where
    counted (`made`, `rejected`, NaN = not said) with product codes, all by row of the table."""

    data: TableData
    track: StateTrack
    states: np.ndarray  # object, by row of the table
    made: np.ndarray | None
    product: np.ndarray
    products: tuple[str, ...]

    def spans(self, *wanted: State | None) -> Spans:
        """All time in these states."""
        parts = spans_by_state(self.track, list(self.states))
        chosen = [parts[state] for state in wanted]
        return spans(np.concatenate([part.start for part in chosen]), np.concatenate([part.end for part in chosen]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MachineRecord:
    """All that is known of one machine's time. `planned` is its planned production time and `planned_by` where that is from."""

    asset: str | None
    by_product: bool
    pieces: Pieces | None
    log: Log | None
    planned: Spans
    planned_by: Text
    calendar_s: float
    first: int
    last: int
    utc_offset_s: float

    @property
    def data(self) -> TableData:
        """The table the record is mainly about: the units where there are any."""
        source = self.pieces or self.log
        if source is None:
            raise ValueError("a machine record has pieces or a log")
        return source.data

    def logged_stops(self) -> Spans:
        """Everything the log knows that is not running."""
        return self.log.spans(State.IDLE, State.SETUP, State.DOWN, State.PLANNED, None) if self.log else NOTHING


_BY_CALENDAR = Text(ko="factory.toml의 [calendar]", en="[calendar] of factory.toml")
_BY_LOG = Text(ko="상태 기록(계획정지를 뺀 시간)", en="the log of states without planned stops")
_BY_HABIT = Text(ko="평소 생산하던 시간대", en="the hours in which it usually produces")


def machine_records(base: EvidenceBase) -> tuple[MachineRecord, ...]:
    """Every machine of the factory with pieces or a log of states; computed once for all rules."""
    keeper = base.tables[0] if base.tables else None
    return keeper.once("machine_records", lambda: _records(base)) if keeper else ()


def _records(base: EvidenceBase) -> tuple[MachineRecord, ...]:
    pieces: dict[str | None, tuple[Pieces, bool]] = {}
    logs: dict[str | None, Log] = {}
    for data in base.of_kind(Kind.UNITS):
        for name, made, by_product in _pieces(data):
            known = pieces.get(name)
            if known is None or made.time.size > known[0].time.size:
                pieces[name] = (made, by_product)
    for data in base.of_kind(Kind.STATES):
        for name, log in state_logs(data).items():
            known_log = logs.get(name)
            if known_log is None or log.track.start.size > known_log.track.start.size:
                logs[name] = log
    if len(pieces) == 1 and len(logs) == 1 and set(pieces) != set(logs) and (None in pieces or None in logs):
        name = next((one for one in (*pieces, *logs) if one is not None), None)
        pieces, logs = {name: next(iter(pieces.values()))}, {name: next(iter(logs.values()))}
    names = list(dict.fromkeys((*pieces, *logs)))[:_MOST_MACHINES]
    return tuple(_record(base, name, pieces.get(name), logs.get(name)) for name in names)


def _record(base: EvidenceBase, name: str | None, pieces: tuple[Pieces, bool] | None, log: Log | None) -> MachineRecord:
    made = pieces[0] if pieces else None
    edges = [made.time[[0, -1]]] if made is not None else []
    edges += [np.array([log.track.start[0], log.track.end[-1]])] if log is not None and log.track.start.size else []
    whole = np.concatenate(edges) if edges else np.zeros(2, dtype=np.int64)
    first, last = int(whole.min()), int(whole.max())
    if made is not None and not made.fine:
        last += 24 * HOUR  # a mere day lasts to its end
    moments = np.array([first, last]).astype("datetime64[us]")
    planned, planned_by = _planned(base, made, log, moments)
    return MachineRecord(
        asset=name,
        by_product=bool(pieces and pieces[1]),
        pieces=made,
        log=log,
        planned=planned,
        planned_by=planned_by,
        calendar_s=(last - first) / SECOND,
        first=first,
        last=last,
        utc_offset_s=clock_offset(moments, base.factory.timezone) / 1e6,
    )


def _planned(base: EvidenceBase, made: Pieces | None, log: Log | None, moments: np.ndarray) -> tuple[Spans, Text]:
    calendar = base.factory.calendar
    stopped = log.spans(State.PLANNED) if log is not None else NOTHING
    if calendar is not None:
        first, last = (_moment(int(moment)) for moment in moments.astype(np.int64))
        return without(planned_time(calendar, first, last, timezone=base.factory.timezone), stopped), _BY_CALENDAR
    if log is not None and log.track.start.size:
        recorded = spans(log.track.start, log.track.end)
        # A log of stops alone covers little; then the pieces say when the machine worked.
        if made is None or recorded.seconds > 0.5 * _usual(made).seconds:
            return without(recorded, stopped), _BY_LOG
    if made is not None and made.fine:
        return without(_usual(made), stopped), _BY_HABIT
    return NOTHING, _BY_HABIT


def _moment(ticks: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks)


def _usual(made: Pieces) -> Spans:
    """The hours of the week in which the machine usually produces, on days on which it produced at all."""
    worked = working_hours(made.time.astype("datetime64[us]"))
    hours = np.arange(made.time[0] // HOUR, made.time[-1] // HOUR + 1)
    active = np.unique(made.time // HOUR)
    chosen = hours[worked[hours % worked.size] | np.isin(hours, active)]
    habit = spans(chosen * HOUR, (chosen + 1) * HOUR)
    edge = spans(made.time[:1], made.time[-1:])
    # A day without a single piece was no working day.
    seen = np.unique(made.time // (12 * HOUR))
    days = np.unique(np.concatenate((seen - 1, seen, seen + 1)))
    return both(both(habit, edge), spans(days * 12 * HOUR, (days + 1) * 12 * HOUR))


def _pieces(data: TableData) -> list[tuple[str | None, Pieces, bool]]:
    if data.time is None:
        return []
    table = data.table
    rows = np.flatnonzero(data.usable_rows() & ~np.isnat(data.time))
    rows = rows[np.argsort(data.time[rows], kind="stable")]
    if rows.size < FEWEST_PIECES:
        return []
    products = data.labels(table.product_column) if table.product_column else None
    kinds = products.codes[rows].astype(np.int64) if products else np.full(rows.size, -1, dtype=np.int64)
    bad = data.defects()
    fine = not _daily(data.time[rows])
    by_product = (
        table.asset_column is None and products is not None and float((kinds[1:] != kinds[:-1]).mean()) > _SIDE_BY_SIDE
    )
    if by_product and products is not None:
        groups: list[tuple[str | None, np.ndarray]] = [
            (level, kinds == code) for code, level in enumerate(products.levels)
        ]
    elif table.asset_column is not None:
        labels = data.labels(table.asset_column)
        codes = labels.codes[rows]
        groups = [(level, codes == code) for code, level in enumerate(labels.levels)]
    else:
        groups = [(table.asset, np.ones(rows.size, dtype=bool))]
    return [
        (
            name,
            Pieces(
                data=data,
                rows=rows[mine],
                time=microseconds(data.time[rows[mine]]),
                product=_one_after_the_other(kinds[mine]) if not by_product else kinds[mine],
                products=products.levels if products else (),
                bad=bad[rows[mine]] if bad is not None else None,
                fine=fine,
            ),
            by_product,
        )
        for name, mine in groups[:_MOST_MACHINES]
        if mine.sum() >= FEWEST_PIECES
    ]


def _one_after_the_other(kinds: np.ndarray) -> np.ndarray:
    """The product codes of a machine that makes its products in turn; all -1 where they leave it together (left and right)."""
    together = kinds.size > 1 and float((kinds[1:] != kinds[:-1]).mean()) > _SIDE_BY_SIDE
    return np.full_like(kinds, -1) if together else kinds


def _daily(time: np.ndarray) -> bool:
    """Whether the times are mere dates: few different moments, all at the same time of day."""
    ticks = time.astype("datetime64[us]").astype(np.int64)
    return bool(np.unique(ticks % (24 * HOUR)).size == 1)


def state_logs(data: TableData) -> dict[str | None, Log]:
    """The log of each machine that a table of states holds; none where its states cannot be told."""
    table = data.table
    if data.time is None or not table.state_column:
        return {}
    usable = np.flatnonzero(data.usable_rows() & ~np.isnat(data.time))
    if usable.size < 2:
        return {}
    states = states_of_rows(data, np.arange(data.rows))
    if states is None:
        return {}
    if table.reason_column:
        reasons = data.labels(table.reason_column)
        planned = np.array([reason_is_planned(level) for level in reasons.levels] + [False])
        states[planned[reasons.codes] & (states != State.RUNNING)] = State.PLANNED
    names, codes = asset_codes(data)
    ends = state_ends(data, np.arange(data.rows))
    counts = [column for column in table.columns if column.role is Role.COUNT]
    made = data.numbers(counts[0].name) if counts else None
    products = data.labels(table.product_column) if table.product_column else None
    found: dict[str | None, Log] = {}
    for code, name in enumerate(names):
        mine = usable[codes[usable] == code]
        if mine.size < 2:
            continue
        start = data.time[mine]
        track = state_track(start, ends[mine] if ends is not None else _until_next(start))
        if not track.start.size:
            continue
        found[name] = Log(
            data=data,
            track=StateTrack(
                start=track.start,
                end=track.end,
                row=mine[track.row],
                overlap_s=track.overlap_s,
                backwards=track.backwards,
                open_ends=track.open_ends,
            ),
            states=states,
            made=made,
            product=products.codes if products else np.full(data.rows, -1),
            products=products.levels if products else (),
        )
    return found


def _until_next(start: np.ndarray) -> np.ndarray:
    """A state that is sampled lasts to the next row, at most twice the usual step (a longer silence is no state)."""
    order = np.argsort(start, kind="stable")
    ticks = start[order].astype("datetime64[us]").astype(np.int64)
    steps = np.diff(ticks)
    usual = int(np.median(steps[steps > 0])) if (steps > 0).any() else 0
    even = float((np.abs(steps - usual) <= 0.1 * usual).mean()) > 0.5 if steps.size else False
    longest = 2 * usual if even else 7 * 24 * HOUR
    steps = np.append(np.where(steps > longest, usual if even else 0, steps), usual if even else 0)
    ends = np.empty(start.size, dtype="datetime64[us]")
    ends[order] = (ticks + steps).astype("datetime64[us]")
    return ends


def between(record: MachineRecord, low: int, high: int) -> MachineRecord | None:
    """The record between two moments (int64 microseconds UTC); `None` where nothing lies there."""
    window = spans(np.array([low]), np.array([high]))
    pieces, log = record.pieces, record.log
    if pieces is not None:
        inside = (pieces.time >= low) & (pieces.time < high)
        bad = pieces.bad[inside] if pieces.bad is not None else None
        pieces = replace(
            pieces, rows=pieces.rows[inside], time=pieces.time[inside], product=pieces.product[inside], bad=bad
        )
        pieces = pieces if inside.any() else None
    if log is not None:
        start, end = np.maximum(log.track.start, low), np.minimum(log.track.end, high)
        kept = end > start
        log = replace(log, track=replace(log.track, start=start[kept], end=end[kept], row=log.track.row[kept]))
        log = log if kept.any() else None
    if pieces is None and log is None:
        return None
    first, last = max(record.first, low), min(record.last, high)
    return replace(
        record, pieces=pieces, log=log, planned=both(record.planned, window), calendar_s=(last - first) / SECOND,
        first=first, last=last,
    )  # fmt: skip
