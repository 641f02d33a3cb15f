"""stuck_sensor: a sensor that normally moves repeats one value for far too long while the others move."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from jasang.analyze.value_runs import Run
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.fault_story import band, fault_chart, number, percent, span, when_text
from jasang.diagnose.faults import ColumnFault
from jasang.diagnose.finding import Action, Evidence, Finding, Severity, Subject
from jasang.diagnose.planned_stops import at_rest
from jasang.diagnose.rule import Rule
from jasang.plant.text import Text

# Beyond doubt: ten times the longest ordinary run, for this many rows, and still so at the end of the data.
_BEYOND_DOUBT = 10
_LONG = 100


def _check(base: EvidenceBase) -> Iterator[Finding]:
    for data in base.tables:
        by_channel: dict[tuple[str, str | None], list[ColumnFault]] = defaultdict(list)
        for fault in data.all_faults():
            if fault.kind == "stuck" and not _planned_stop(base, data, fault):
                by_channel[fault.name, fault.asset].append(fault)
        for faults in by_channel.values():
            yield _finding(base, data, faults)


def _planned_stop(base: EvidenceBase, data: TableData, fault: ColumnFault) -> bool:
    """Whether the machine was planned to stand still in most of the stretch: its signals then rest too."""
    return float(at_rest(base, data, fault.asset, fault.rows).mean()) > 0.8 if fault.rows.size else False


def _finding(base: EvidenceBase, data: TableData, faults: Sequence[ColumnFault]) -> Finding:
    worst = max(faults, key=lambda fault: fault.rows.size)
    what = worst.what
    if not isinstance(what, Run):
        raise TypeError(f"stuck stretch of {worst.name!r} without a run")
    since, until = span(data, worst)
    rows = np.concatenate([fault.rows for fault in faults])
    hours = (int(np.ptp(data.time[worst.rows].astype(np.int64))) / 3.6e9) if data.time is not None and since else None
    where_ko, where_en = (f"{worst.asset}의 ", f" on {worst.asset}") if worst.asset else ("", "")
    when = when_text(base, since, until)
    chart = fault_chart(
        data, worst, rows, Text(ko=f"{worst.name}: 언제 멈춰 있었나?", en=f"{worst.name}: when did it stand still?")
    )
    if chart is not None:
        chart = replace(chart, marks=band(chart, since, until))
    now = worst.last < 0 and worst.rows.size >= max(_LONG, _BEYOND_DOUBT * what.usual)
    more_ko = f" 이런 구간이 {len(faults)}곳 있습니다." if len(faults) > 1 else ""
    more_en = f" There are {len(faults)} such stretches." if len(faults) > 1 else ""
    column = data.table.column(worst.column)
    evidence = [
        Evidence(name="value", label=Text(ko="멈춘 값", en="value held"), value=what.value, unit=column.unit),
        Evidence(
            name="rows",
            label=Text(ko="가장 긴 구간의 행 수", en="rows of the longest stretch"),
            value=float(worst.rows.size),
        ),
        Evidence(
            name="usual",
            label=Text(ko="평소 가장 긴 반복", en="longest ordinary repeat, rows"),
            value=float(what.usual),
        ),
        Evidence(name="share", label=Text(ko="비율", en="share of the rows"), value=rows.size / worst.of),
        Evidence(name="stretches", label=Text(ko="구간 수", en="stretches"), value=float(len(faults))),
    ]
    if hours is not None:
        evidence.append(
            Evidence(name="hours", label=Text(ko="가장 긴 구간", en="longest stretch"), value=hours, unit="h")
        )
    return Finding(
        rule="stuck_sensor",
        severity=Severity.ACT if now else Severity.WATCH,
        subject=Subject(table=data.table.file, column=worst.name, asset=worst.asset),
        text=Text(
            ko=f"{when.ko}{where_ko}{worst.name} 값이 {worst.rows.size:,}행 동안 {number(what.value)}에 멈춰 있었습니다"
            f"({percent(rows.size / worst.of)}). 평소에는 길어야 {max(what.usual, 1)}행이고, 다른 값들은 움직였습니다.{more_ko}",
            en=f"{when.en}{worst.name}{where_en} held {number(what.value)} for {worst.rows.size:,} rows "
            f"({percent(rows.size / worst.of)}). It usually repeats {max(what.usual, 1)} rows at most, "
            f"and the other columns moved.{more_en}",
        ),
        action=Action(
            text=Text(
                ko="센서, 변환기, 통신 캐시를 확인하세요. 그 구간의 값은 판단에 쓰지 마세요.",
                en="Check the sensor, its transmitter and the collector's cache. Do not judge by the values of that stretch.",
            ),
            owner="maintenance",
        ),
        evidence=tuple(evidence),
        since=since,
        until=until,
        strength=300.0 * min(1.0, rows.size / worst.of),
        charts=(chart,) if chart else (),
    )


RULE = Rule(name="stuck_sensor", title=Text(ko="멈춘 센서", en="Stuck sensor"), check=_check)
