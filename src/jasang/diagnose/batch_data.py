"""A machine's record as batches: which rows are one, their curves on one axis, and which were bad, where anybody says so."""

import re
from dataclasses import dataclass

import numpy as np

from jasang.analyze.batches import (
    FEWEST_BATCHES,
    Aligned,
    Batches,
    Method,
    align,
    batches_by_column,
    batches_by_gaps,
    batches_by_shape,
    batches_by_spans,
)
from jasang.analyze.machine_states import State
from jasang.diagnose.batch_labels import BatchLabels, labels_of
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.machine_records import state_logs
from jasang.diagnose.monitor_rows import MONITOR_ROLES, monitor_rows
from jasang.plant.factory import Kind, Role
from jasang.plant.text import Text

MOST_SIGNALS = 24
LEAST_KNOWN = 0.5  # of a signal's values
_BATCH = re.compile(
    r"batch|cycle|charge|heat_?no|^process$|process_?no|shot|배치|뱃치|배취|로트|사이클|차수|회차|공정번호|^lot|lot_?(no|id)?$",
    re.I,
)
_NO_BATCH = re.compile(r"material|supplier|원료|원자재|자재|공급|time|temp|시간|온도|count$", re.I)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BatchData:
    """The batches of one machine. `values` (rows, signals) and `time` are in order of time; `told_by` says what told batches."""

    data: TableData
    asset: str | None
    names: tuple[str, ...]
    values: np.ndarray
    time: np.ndarray | None
    batches: Batches
    told_by: Text
    column: str | None = None
    labels: BatchLabels | None = None
    phases: tuple[np.ndarray, ...] | None = None

    def curves(self) -> list[np.ndarray]:
        """The rows of each batch, (rows, signals)."""
        return [self.values[s:e] for s, e in zip(self.batches.starts, self.batches.ends, strict=True)]

    def seconds(self) -> np.ndarray | None:
        """How long each batch took, shape (b,); `None` where there is no time."""
        if self.time is None:
            return None
        ticks = self.time.astype("datetime64[us]").astype(np.int64) / 1e6
        found = ticks[self.batches.ends - 1] - ticks[self.batches.starts]
        known = ~(np.isnat(self.time[self.batches.ends - 1]) | np.isnat(self.time[self.batches.starts]))
        return found if known.all() and found.max() > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Course:
    """Batches on one axis, with the duration as one more signal where it varies; `whole` are signals of one number a batch."""

    aligned: Aligned
    values: np.ndarray  # (b, signals, points)
    names: tuple[str, ...]
    whole: tuple[int, ...]


DURATION = Text(ko="걸린 시간", en="duration")


def on_one_axis(found: BatchData, *, points: int, method: Method = "auto") -> Course:
    """The curves aligned, and the duration beside them where batches are of different length."""
    aligned = align(found.curves(), points=points, method=method, phases=found.phases)
    seconds = found.seconds()
    length = seconds / 60.0 if seconds is not None else found.batches.lengths.astype(np.float64)
    if float(np.ptp(length)) <= 0.01 * float(np.median(length)):
        return Course(aligned=aligned, values=aligned.values, names=found.names, whole=())
    extra = np.repeat(length[:, None, None], points, axis=2)
    return Course(
        aligned=aligned,
        values=np.concatenate([aligned.values, extra], axis=1),
        names=(*found.names, DURATION.en),
        whole=(len(found.names),),
    )


def find_batches(
    base: EvidenceBase,
    data: TableData,
    asset: str | None,
    rows: np.ndarray,
    *,
    column: str | None = None,
    phase: str | None = None,
    bad: tuple[str, str] | None = None,
    clean: bool = False,
    most: int = MOST_SIGNALS,
) -> BatchData | None:
    """The batches of these rows (in order of time): by the column named, else by one that looks like a batch number, by running
    spans of a log of states, by gaps in time, or by the shape of the signals. `None` where there are none.

    `phase` is a column of phases within a batch, `bad` a column and the value that marks bad batches; at most
    `most` signals are taken, the first in the file that move.
    """
    # The spans of a log, gaps and shapes need even rows; a long table gets them from its grid.
    seen = monitor_rows(data, rows, columns=_signals(data, most, column, phase), clean=clean)
    kept = [place for place in range(len(seen.names)) if moves(seen.values[:, place])][:most]
    if not kept or seen.values.shape[0] < FEWEST_BATCHES:
        return None
    names, values = tuple(seen.names[place] for place in kept), seen.values[:, kept]
    long = data.table.signal_column is not None
    told = _told(base, data, asset, rows, seen.time, values, names, column, long)
    if told is None:
        return None
    batches, told_by, by_column = told
    labels = None if long else labels_of(base, data, rows, batches, by_column, bad)
    phases = None
    if phase is not None and not long:
        codes = _phase_numbers(data, phase, rows, batches)
        phases = tuple(codes[s:e] for s, e in zip(batches.starts, batches.ends, strict=True))
    return BatchData(
        data=data,
        asset=asset,
        names=names,
        values=values,
        time=seen.time,
        batches=batches,
        told_by=told_by,
        column=by_column,
        labels=labels,
        phases=phases,
    )


def _signals(data: TableData, most: int, *not_these: str | None) -> tuple[str, ...] | None:
    table = data.table
    if table.signal_column is not None:
        return None
    own = {table.time, table.date, table.asset_column, table.product_column, table.start, table.end, *not_these}
    # Twice as many as are used: some of them do not move.
    names = tuple(column.name for column in table.with_role(*MONITOR_ROLES) if column.name not in own)
    return names[: 2 * most]


def moves(values: np.ndarray) -> bool:
    """Half of the values or more are known, and they are not all the same."""
    known = values[np.isfinite(values)]
    return bool(known.size >= LEAST_KNOWN * values.size and known.size and known.max() > known.min())


def _told(
    base: EvidenceBase,
    data: TableData,
    asset: str | None,
    rows: np.ndarray,
    time: np.ndarray | None,
    values: np.ndarray,
    names: tuple[str, ...],
    column: str | None,
    long: bool,
) -> tuple[Batches, Text, str | None] | None:
    if not long:
        for name in _batch_columns(data) if column is None else [column]:
            labels = data.labels(name)
            found = batches_by_column(labels.codes[rows])
            if column is not None or _plausible(found, rows.size):
                named = tuple(labels.levels[int(one)] for one in found.names)
                found = Batches(starts=found.starts, ends=found.ends, names=named, how="column")
                return found, Text(ko=f"항목 {name}", en=f"by column {name}"), name
    if time is not None and not np.isnat(time).any():
        spans = _running(base, asset)
        if spans is not None:
            found = batches_by_spans(time.astype("datetime64[us]").astype(np.int64), *spans)
            if _plausible(found, time.size) and _even(found):
                return found, Text(ko="설비 상태 기록의 가동 구간", en="by running spans of the log of states"), None
        found = batches_by_gaps(time.astype("datetime64[us]").astype(np.int64) / 1e6)
        if _plausible(found, time.size) and _even(found):
            return found, Text(ko="기록이 끊긴 곳", en="by gaps in the record"), None
    # What people set goes round too (products, trials); only what the machine does by itself is a cycle.
    settings = {one.name for one in data.table.with_role(Role.SETTING)}
    shaped = batches_by_shape(np.where([name in settings for name in names], np.nan, values))
    if shaped is None or shaped.signal is None or _is_calendar(shaped, time):
        return None
    name = names[shaped.signal]
    return shaped, Text(ko=f"{name}의 되풀이되는 모양", en=f"by the repeating shape of {name}"), None


def _batch_columns(data: TableData) -> list[str]:
    """Columns that may number batches: by their name first, then identifiers whose runs each have their own number."""
    table = data.table
    own = {table.time, table.date, table.asset_column, table.start, table.end}
    named = [
        c.name for c in table.columns if c.name not in own and _BATCH.search(c.name) and not _NO_BATCH.search(c.name)
    ]
    ids = [c.name for c in table.with_role(Role.ID) if c.name not in own and c.name not in named]
    return named + ids


def _plausible(found: Batches, rows: int) -> bool:
    many = found.starts.size >= FEWEST_BATCHES
    return many and float(found.lengths.sum()) > 0.3 * rows and float(found.lengths.max()) < 0.5 * rows


def _even(found: Batches) -> bool:
    low, usual, high = np.percentile(found.lengths, [25, 50, 75])
    return bool(high - low <= 0.35 * usual)


def _running(base: EvidenceBase, asset: str | None) -> tuple[np.ndarray, np.ndarray] | None:
    for data in base.of_kind(Kind.STATES):
        logs = state_logs(data)
        log = logs.get(asset) or (next(iter(logs.values())) if len(logs) == 1 else None)
        if log is not None:
            running = log.spans(State.RUNNING)
            return running.start, running.end
    return None


def _is_calendar(found: Batches, time: np.ndarray | None) -> bool:
    """The cycle is the day or the week: the weather and the shifts, not the machine."""
    if time is None or np.isnat(time).any():
        return False
    days = float(np.median(np.diff(time[found.starts].astype("datetime64[us]").astype(np.int64)))) / 8.64e10
    return any(abs(days / one - 1.0) < 0.03 for one in (1.0, 7.0))


def _phase_numbers(data: TableData, phase: str, rows: np.ndarray, batches: Batches) -> np.ndarray:
    """The phase of each row as numbers in the order in which phases begin within a batch."""
    codes = data.labels(phase).codes[rows]
    first: dict[int, list[float]] = {}
    for start, end in zip(batches.starts, batches.ends, strict=True):
        levels, places = np.unique(codes[start:end], return_index=True)
        for level, place in zip(levels, places, strict=True):
            first.setdefault(int(level), []).append(place / (end - start))
    order = sorted((level for level in first if level >= 0), key=lambda level: float(np.median(first[level])))
    numbers = {level: float(number) for number, level in enumerate(order)}
    return np.array([numbers.get(int(code), np.nan) for code in codes])
