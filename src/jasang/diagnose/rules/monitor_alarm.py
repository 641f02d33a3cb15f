"""monitor_alarm: signals do not go together as before, though none of them alone says so (docs/rules/monitor_alarm.md)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from jasang.analyze.monitors import Event, Monitor, Scores, find_events, find_normal_period, score, train_monitor
from jasang.diagnose.changes import level_changes
from jasang.diagnose.derived import derived_of
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.fault_story import as_datetime, local
from jasang.diagnose.finding import Action, Cause, Check, Evidence, Finding, Severity, Subject
from jasang.diagnose.monitor_rows import MonitorRows, monitor_rows
from jasang.diagnose.rule import Rule
from jasang.diagnose.series import asset_rows
from jasang.diagnose.studies.monitor import Trained, contribution_chart, score_chart
from jasang.plant.factory import Kind, Role
from jasang.plant.text import Text

FEWEST_SIGNALS = 4
MOST_SIGNALS = 24
FEWEST_ROWS = 600
MOST_ROWS = 4000  # a longer record is averaged down to so many
MOST_MACHINES = 6
FALSE_ALARM_RATE = 0.0005
LEAST_NORMAL = 0.4  # of the record must be one quiet stretch
HISTORY = (0.6, 0.4)  # of the record at most is taken for history
MOSTLY_USUAL = 0.9  # of the blocks look alike: one odd block does not begin a new history
LEAST_PEAK = 2.0  # times the limit
LEAST_SHARE_ABOVE = 0.5  # of the event's rows
_LEAST_ROWS = 20
_FEWEST_VALUES = 20  # different values of a continuous signal
_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    trained: Trained
    monitor: Monitor
    rows: MonitorRows
    scores: Scores
    event: Event


def _check(base: EvidenceBase) -> Iterator[Finding]:
    for data in base.of_kind(Kind.SIGNALS):
        if data.time is None:
            continue
        for part in asset_rows(data)[:MOST_MACHINES]:
            if part.rows.size < FEWEST_ROWS:
                continue
            judged = _judge(data, part.rows)
            if judged is not None and not _told_otherwise(base, data, part.asset):
                yield _finding(base, data, part.asset, judged)


def _judge(data: TableData, rows: np.ndarray) -> _Judged | None:
    """The one event worth telling: after a quiet history, far above the limit, and lasting."""
    found = _thinned(_continuous(data, rows))
    if len(found.names) < FEWEST_SIGNALS or found.values.shape[0] < FEWEST_ROWS:
        return None
    period = find_normal_period(found.values)
    count = found.values.shape[0]
    if period.end - period.start < LEAST_NORMAL * count:
        return None
    # Each signal alone may be as ever to the end: then the first part of the record is the history. What began before that
    # part ended would be learned as usual: where nothing was found, a shorter history is tried.
    start = 0 if period.share >= MOSTLY_USUAL else period.start
    for share in HISTORY:
        end = min(max(period.end, start), start + int(share * (count - start)))
        judged = _judge_from(found, start, end)
        if judged is not None:
            return judged
    return None


def _judge_from(found: MonitorRows, start: int, end: int) -> _Judged | None:
    """The same with the history given, rows `start` to `end`."""
    starts = found.starts[(found.starts > start) & (found.starts < end)] - start
    try:
        monitor = train_monitor(
            found.values[start:end],
            names=found.names,
            starts=starts,
            false_alarm_rate=FALSE_ALARM_RATE,
        )
    except ValueError:
        return None  # too few rows or signals that move: nothing that a monitor could learn
    if len(monitor.names) < FEWEST_SIGNALS:
        return None
    scores = score(monitor, found.values, starts=found.starts)
    before = scores.alarm[start:end].mean()
    events = [event for event in find_events(monitor, scores, fewest=_LEAST_ROWS) if _is_plain(event, end)]
    if not events or before > 0.005:
        return None
    event = max(events, key=lambda one: one.peak * one.rows_above)
    trained = Trained(monitor=monitor, rows=slice(start, end), found=True, time=None)
    return _Judged(trained=trained, monitor=monitor, rows=found, scores=scores, event=event)


def _is_plain(event: Event, normal_end: int) -> bool:
    lasting = event.rows_above >= LEAST_SHARE_ABOVE * (event.end - event.first)
    return event.peak >= LEAST_PEAK and lasting and event.first >= normal_end


def _continuous(data: TableData, rows: np.ndarray) -> MonitorRows:
    """The measured signals that take many values; settings and switches make steps that are nobody's fault."""
    table = data.table
    own = {table.time, table.date, table.asset_column, table.product_column}
    names: tuple[str, ...] | None = None
    if table.signal_column is None:
        names = tuple(column.name for column in table.with_role(Role.SENSOR) if column.name not in own)
        if len(names) < FEWEST_SIGNALS:
            return MonitorRows(names=(), values=np.empty((0, 0)), time=None, starts=np.empty(0, dtype=np.int64))
    found = monitor_rows(data, rows, columns=None if names is None else names[: 2 * MOST_SIGNALS], clean=True)
    made = derived_of(data)  # what two signals add up to would be told twice
    kept = [
        place for place, name in enumerate(found.names) if name not in made and _many_values(found.values[:, place])
    ][:MOST_SIGNALS]
    return MonitorRows(
        names=tuple(found.names[place] for place in kept),
        values=found.values[:, kept],
        time=found.time,
        starts=found.starts,
    )


def _many_values(values: np.ndarray) -> bool:
    known = values[np.isfinite(values)]
    return bool(known.size > 0.9 * values.size and np.unique(known[:5000]).size >= _FEWEST_VALUES)


def _thinned(rows: MonitorRows) -> MonitorRows:
    """At most `MOST_ROWS` rows: means of neighbours, so that the time a monitor takes does not grow with the record."""
    count = rows.values.shape[0]
    size = -(-count // MOST_ROWS)
    if size <= 1:
        return rows
    whole = count // size * size
    parts = rows.values[:whole].reshape(-1, size, rows.values.shape[1])
    known = np.isfinite(parts)
    sums = np.where(known, parts, 0.0).sum(axis=1)
    counts = known.sum(axis=1)
    values = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
    return MonitorRows(
        names=rows.names,
        values=values,
        time=None if rows.time is None else rows.time[:whole:size],
        starts=np.unique(rows.starts // size),
    )


def _told_otherwise(base: EvidenceBase, data: TableData, asset: str | None) -> bool:
    """A level of the same machine changed: mean_shift, drift and out_of_control tell that better."""
    changes, _ = level_changes(base)
    return any(
        one.table == data.table.file and one.course.asset == asset and one.change.p_with_home < 0.01 for one in changes
    )


def _finding(base: EvidenceBase, data: TableData, asset: str | None, judged: _Judged) -> Finding:
    event, rows, monitor = judged.event, judged.rows, judged.monitor
    time = rows.time
    since = None if time is None or np.isnat(time[event.onset]) else as_datetime(time[event.onset])
    until = None
    if not event.open and time is not None and not np.isnat(time[event.end - 1]):
        until = as_datetime(time[event.end - 1])
    suspects = event.contributions[:_NAMED]
    names = ", ".join(one.name for one in suspects)
    when_ko = f"{local(base, since)}부터" if since else f"{event.onset + 1:,}번째 행부터"
    when_en = f"Since {local(base, since)}" if since else f"From row {event.onset + 1:,} on"
    if until is not None:
        when_ko, when_en = f"{when_ko} {local(base, until)}까지", f"{when_en} until {local(base, until)}"
    where_ko, where_en = (f"{asset}의 ", f" of {asset}") if asset else ("", "")
    rate = monitor.false_alarm_rate
    return Finding(
        rule="monitor_alarm",
        severity=Severity.WATCH if event.open else Severity.NOTE,
        subject=Subject(table=data.table.file, asset=asset),
        text=Text(
            ko=f"{when_ko} {where_ko}신호 {len(monitor.names)}개가 함께 움직이는 모양이 평소와 다릅니다. 의심 순서: {names}.",
            en=f"{when_en}, the {len(monitor.names)} signals{where_en} do not go together as usual; "
            f"look at {names}, in this order.",
        ),
        action=Action(
            text=Text(
                ko="의심 순서대로 센서를 먼저 확인하고, 그 시점의 정비·조정 기록과 설비를 점검하세요.",
                en="In that order check the sensor first, then repairs and settings of that moment, then the machine.",
            ),
            owner="maintenance",
        ),
        evidence=(
            Evidence(
                name="peak_score",
                label=Text(ko="이상 점수의 최고값(한계 1)", en="highest score (limit 1)"),
                value=event.peak,
            ),
            Evidence(
                name="false_alarm_rate",
                label=Text(ko="정상일 때 한계를 넘는 행의 비율", en="share of normal rows above the limit"),
                value=rate.value,
                low=rate.low,
                high=rate.high,
                unit="share",
            ),
        ),
        since=since,
        until=until,
        causes=tuple(Cause(column=one.name) for one in suspects),
        check=Check(metric="monitor_score", expected=1.0 - event.peak, days=7),
        strength=min(300.0, 3.0 * event.peak),
        charts=(score_chart(rows, judged.scores, (event,), judged.trained), contribution_chart(event.contributions)),
    )


RULE = Rule(name="monitor_alarm", title=Text(ko="함께 본 이상", en="Unusual together"), check=_check)
