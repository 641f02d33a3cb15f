"""The use cases of a monitor: train one on a normal period, and let it judge other data."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from threadpoolctl import threadpool_limits

from jasang.analyze.monitors import Monitor, find_events, find_normal_period, score, train_monitor
from jasang.analyze.monitors.monitor import FALSE_ALARM_RATE
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.fault_story import as_datetime
from jasang.diagnose.monitor_rows import MonitorRows, monitor_rows
from jasang.diagnose.series import asset_rows
from jasang.diagnose.studies.monitor import Trained, judged_study, trained_study
from jasang.diagnose.study import Study, StudyResult
from jasang.errors import JasangError, UnreadableInput, WrongArguments
from jasang.mentor.asked_data import asked_rows, asked_table, open_evidence
from jasang.mentor.monitor_file import SavedMonitor, read_monitor, write_monitor
from jasang.plant.factory import Kind
from jasang.plant.text import Progress, silent


def train_on(
    path: Path,
    out: Path | None,
    *,
    table: str | None = None,
    asset: str | None = None,
    columns: Sequence[str] | None = None,
    first: str | None = None,
    last: str | None = None,
    false_alarm_rate: float = FALSE_ALARM_RATE,
    progress: Progress = silent,
) -> StudyResult:
    """Train on the days from `first` to `last` (YYYY-MM-DD or a moment, both included), or on the stretch most like the rest.

    Writes the monitor to `out` where given, and says how it judges the whole record.

    Raises
    ------
    WrongArguments
        No such table, machine or column, or no rows in the period.
    JasangError
        Too little data for a monitor; says how much is needed.
    """
    # Small matrices shared among threads take several times as long.
    with threadpool_limits(limits=1), open_evidence(path, progress=progress) as evidence:
        data, asset, rows = _asked(evidence, table, asset)
        clean = monitor_rows(data, rows, columns=_known(data, columns), clean=True)
        inside, found = _period(evidence, clean, first, last)
        trained = _trained(data, clean, inside, found, false_alarm_rate)
        if out is not None:
            times = None if clean.time is None else clean.time[inside]
            write_monitor(
                SavedMonitor(
                    monitor=trained.monitor,
                    columns=clean.names,
                    table=data.table.file,
                    asset=asset,
                    first=None if times is None or np.isnat(times[0]) else as_datetime(times[0]),
                    last=None if times is None or np.isnat(times[-1]) else as_datetime(times[-1]),
                ),
                out,
            )
        studies = [trained_study(evidence, data, asset, trained, out.name if out is not None else None)]
        whole = monitor_rows(data, rows, columns=clean.names)
        studies.append(_judged(evidence, data, asset, trained.monitor, whole, trained))
        return StudyResult(factory=evidence.factory.name, timezone=evidence.factory.timezone, studies=tuple(studies))


def run_on(
    model: Path, path: Path, *, table: str | None = None, asset: str | None = None, progress: Progress = silent
) -> StudyResult:
    """Judge the rows of a file, folder or store with a monitor of `train_on`.

    Raises
    ------
    UnreadableInput
        The model cannot be read, or the data lacks a column it was trained on; names the columns.
    """
    saved = read_monitor(model)
    with threadpool_limits(limits=1), open_evidence(path, progress=progress) as evidence:
        wanted = table if table is not None else _table_for(evidence, saved)
        data, asset, rows = _asked(evidence, wanted, asset if asset is not None else saved.asset, strict=False)
        there = _columns_of(data)
        lacking = [name for name in saved.columns if name not in there]
        if lacking:
            raise UnreadableInput(
                ko=f"{data.table.file}: 감시 모델이 배운 항목이 없습니다: {', '.join(lacking)}",
                en=f"{data.table.file}: columns the monitor was trained on are not there: {', '.join(lacking)}",
            )
        found = monitor_rows(data, rows, columns=saved.columns)
        study = _judged(evidence, data, asset, saved.monitor, found, None)
        return StudyResult(factory=evidence.factory.name, timezone=evidence.factory.timezone, studies=(study,))


def answer(path: Path, options: Mapping[str, str], progress: Progress) -> StudyResult:
    """Train and judge with options as a page gives them."""
    return train_on(
        path,
        None,
        asset=options.get("asset") or None,
        first=options.get("from") or None,
        last=options.get("to") or None,
        progress=progress,
    )


def _asked(
    evidence: EvidenceBase, table: str | None, asset: str | None, *, strict: bool = True
) -> tuple[TableData, str | None, np.ndarray]:
    """The table, the machine and its rows; the machine with most rows where nobody chose one."""
    data = asked_table(evidence, table=table, kinds=(Kind.SIGNALS, Kind.UNITS))
    parts = {part.asset: part for part in asset_rows(data)}
    if asset is None and parts:
        asset = max(parts.values(), key=lambda part: part.rows.size).asset
    if not strict and asset not in parts:
        asset = next(iter(parts), None)
    named = asset if data.table.asset_column is not None else None
    return data, asset, asked_rows(data, asset=named)


def _columns_of(data: TableData) -> frozenset[str]:
    if data.table.signal_column is not None:
        return frozenset(data.labels(data.table.signal_column).levels)
    return frozenset(column.name for column in data.table.columns)


def _known(data: TableData, columns: Sequence[str] | None) -> Sequence[str] | None:
    if columns is None:
        return None
    there = _columns_of(data)
    unknown = [name for name in columns if name not in there]
    if unknown:
        raise WrongArguments(
            ko=f"항목 {', '.join(unknown)}이(가) 없습니다. 있는 항목: {', '.join(sorted(there)[:20])}",
            en=f"There is no column {', '.join(unknown)}. Columns there are: {', '.join(sorted(there)[:20])}",
        )
    return columns


def _table_for(evidence: EvidenceBase, saved: SavedMonitor) -> str | None:
    """The table of that name, else one that has all columns; `None` leaves the choice to size."""
    tables = evidence.of_kind(Kind.SIGNALS, Kind.UNITS)
    for data in tables:
        if data.table.file == saved.table and set(saved.columns) <= _columns_of(data):
            return data.table.file
    fitting = [data.table.file for data in tables if set(saved.columns) <= _columns_of(data)]
    return fitting[0] if fitting else None


def _period(evidence: EvidenceBase, rows: MonitorRows, first: str | None, last: str | None) -> tuple[slice, bool]:
    """The rows of the period asked for, or of the one found; whether it was found."""
    count = rows.values.shape[0]
    if first is None and last is None:
        try:
            found = find_normal_period(rows.values)
        except ValueError:
            return slice(0, count), True
        return slice(found.start, found.end), True
    if rows.time is None:
        raise WrongArguments(
            ko="이 표에는 시각이 없어 기간을 고를 수 없습니다.",
            en="This table has no time, so no period can be chosen.",
        )
    zone = ZoneInfo(evidence.factory.timezone)
    inside = ~np.isnat(rows.time)
    if first is not None:
        inside &= rows.time >= _moment(first, zone, end=False)
    if last is not None:
        inside &= rows.time < _moment(last, zone, end=True)
    places = np.flatnonzero(inside)
    if not places.size:
        raise WrongArguments(ko="그 기간에 행이 없습니다.", en="There are no rows in that period.")
    return slice(int(places[0]), int(places[-1]) + 1), False


def _moment(word: str, zone: ZoneInfo, *, end: bool) -> np.datetime64:
    try:
        if len(word) == 10:
            day = date.fromisoformat(word) + timedelta(days=1 if end else 0)
            moment = datetime.combine(day, time(), zone)
        else:
            moment = datetime.fromisoformat(word)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    except ValueError as error:
        raise WrongArguments(
            ko=f"'{word}': 날짜가 아닙니다. 2026-03-01처럼 쓰세요.",
            en=f"'{word}' is no date; write it like 2026-03-01.",
        ) from error
    return np.datetime64(round(moment.timestamp() * 1e6), "us")


def _trained(data: TableData, rows: MonitorRows, inside: slice, found: bool, false_alarm_rate: float) -> Trained:
    starts = rows.starts[(rows.starts > inside.start) & (rows.starts < inside.stop)] - inside.start
    try:
        monitor = train_monitor(rows.values[inside], names=rows.names, starts=starts, false_alarm_rate=false_alarm_rate)
    except ValueError as error:
        raise JasangError(
            ko=f"{data.table.file}: 이 데이터로는 감시 모델을 배울 수 없습니다({error}).",
            en=f"{data.table.file}: no monitor can be trained on this data: {error}.",
        ) from error
    return Trained(monitor=monitor, rows=inside, found=found, time=None if rows.time is None else rows.time[inside])


def _judged(
    evidence: EvidenceBase,
    data: TableData,
    asset: str | None,
    monitor: Monitor,
    rows: MonitorRows,
    trained: Trained | None,
) -> Study:
    scores = score(monitor, rows.values, starts=rows.starts)
    events = find_events(monitor, scores)
    return judged_study(evidence, data, asset, monitor, rows, scores, events, trained)
