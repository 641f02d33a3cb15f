"""missing_data: values or whole stretches of rows that should be there and are not."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from jasang.analyze.time_gaps import Gap, find_gaps
from jasang.analyze.value_runs import Blanks
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.fault_story import as_datetime, local, moment, percent, when_text
from jasang.diagnose.faults import ColumnFault
from jasang.diagnose.finding import Action, Evidence, Finding, Severity, Subject
from jasang.diagnose.rule import Rule
from jasang.plant.factory import Kind, Role
from jasang.plant.text import Text

_LOUD_SHARE = 0.05
_MANY_COLUMNS = 6  # blank in the same rows: one cause, one finding
_IMPORTANT = (Role.SENSOR, Role.SETTING, Role.QUALITY, Role.ENERGY, Role.VALUE)


def _check(base: EvidenceBase) -> Iterator[Finding]:
    for data in base.tables:
        yield from _blanks(data)
        yield from _gaps(base, data)


def _blanks(data: TableData) -> Iterator[Finding]:
    together: dict[tuple[int, int, str | None], list[ColumnFault]] = defaultdict(list)
    for fault in data.all_faults():
        if fault.kind == "blank" and isinstance(fault.what, Blanks):
            together[fault.first, fault.last, fault.asset].append(fault)
    for faults in together.values():
        if len(faults) >= _MANY_COLUMNS:
            yield _blank(data, faults[0], faults)
            continue
        alike: dict[tuple[int, int], list[ColumnFault]] = defaultdict(list)
        for place, fault in enumerate(faults):
            what = fault.what
            scattered = isinstance(what, Blanks) and not what.stretches
            alike[(what.rows, -1) if isinstance(what, Blanks) and scattered else (0, place)].append(fault)
        for group in alike.values():
            yield _blank(data, group[0], group)


def _blank(data: TableData, fault: ColumnFault, faults: Sequence[ColumnFault]) -> Finding:
    what = fault.what
    if not isinstance(what, Blanks):
        raise TypeError(f"blanks of {fault.name!r} without their count")
    in_stretches = sum(run.rows for run in what.stretches)
    share = what.rows / what.of
    since, until = moment(data, fault.first), moment(data, fault.last)
    important = data.table.column(fault.column).role in _IMPORTANT
    now = fault.last < 0 and important and in_stretches >= max(100, _LOUD_SHARE * what.of) and what.scattered < 0.1
    loud = share >= _LOUD_SHARE or in_stretches >= 100
    names = ", ".join(one.name for one in faults[:4]) + (" …" if len(faults) > 4 else "")
    return Finding(
        rule="missing_data",
        severity=Severity.ACT if now else Severity.WATCH if loud and important else Severity.NOTE,
        subject=Subject(
            table=data.table.file, column=fault.name if len(faults) < _MANY_COLUMNS else None, asset=fault.asset
        ),
        text=_blank_text(fault, what, names, len(faults)),
        action=Action(
            text=Text(
                ko="그때 통신, 수집기, 측정 순서에 무엇이 바뀌었는지 확인하세요.",
                en="Find out what changed then: connection, collector, or the order of measuring.",
            ),
            owner="maintenance",
        ),
        evidence=(
            Evidence(name="rows", label=Text(ko="빈 행", en="blank rows"), value=float(what.rows)),
            Evidence(name="share", label=Text(ko="빈 비율", en="share blank"), value=share),
            Evidence(
                name="stretches",
                label=Text(ko="이어진 구간", en="unbroken stretches"),
                value=float(len(what.stretches)),
            ),
            Evidence(
                name="longest",
                label=Text(ko="가장 긴 구간의 행", en="rows of the longest stretch"),
                value=float(max((run.rows for run in what.stretches), default=0)),
            ),
            Evidence(
                name="scattered", label=Text(ko="흩어진 빈칸 비율", en="share blank elsewhere"), value=what.scattered
            ),
        ),
        since=since if what.stretches else None,
        until=until if what.stretches else None,
        strength=300.0 * share,
    )


def _blank_text(fault: ColumnFault, what: Blanks, names: str, columns: int) -> Text:
    where_ko, where_en = (f"{fault.asset}의 ", f" on {fault.asset}") if fault.asset else ("", "")
    ko, en = (f"{names} 등 {columns}개 열", f"{names} ({columns} columns)") if columns > 1 else (names, names)
    share, verb = percent(what.rows / what.of), "are" if columns > 1 else "is"
    if not what.stretches:
        return Text(
            ko=f"{where_ko}{ko} 값이 {what.of:,}행 가운데 {what.rows:,}행({share})에서 드문드문 비어 있습니다.",
            en=f"{en}{where_en} {verb} blank here and there, in {what.rows:,} of {what.of:,} rows ({share}).",
        )
    longest = max(run.rows for run in what.stretches)
    stretches = "stretch" if len(what.stretches) == 1 else "stretches"
    to_end = fault.last < 0 and len(what.stretches) == 1
    if to_end:
        return Text(
            ko=f"{where_ko}{ko} 값이 마지막 {longest:,}행 내내 비어 있습니다. 모두 {what.rows:,}행({share})이 빕니다.",
            en=f"{en}{where_en} stops: the last {longest:,} rows are blank. In all {what.rows:,} rows ({share}) are.",
        )
    return Text(
        ko=f"{where_ko}{ko} 값이 {len(what.stretches)}개 구간에서 이어서 비어 있습니다. 가장 긴 구간은 {longest:,}행이고 "
        f"모두 {what.rows:,}행({share})이 빕니다.",
        en=f"{en}{where_en} {verb} blank in {len(what.stretches)} unbroken {stretches}, the longest of {longest:,} rows; "
        f"in all {what.rows:,} rows ({share}) are.",
    )


def _gaps(base: EvidenceBase, data: TableData) -> Iterator[Finding]:
    """Rows that are not there at all. In a table of units a pause is a stop and the business of `downtime`."""
    if data.time is None or data.table.kind != Kind.SIGNALS:
        return
    groups = _by_asset(data)
    found = {asset: find_gaps(times) for asset, times in groups.items()}
    everywhere = _common(found) if len(groups) > 1 else ()
    if everywhere:
        yield _gap(base, data, None, everywhere)
    for asset, gaps in found.items():
        own = [gap for gap in gaps if not any(_same(gap, other) for other in everywhere)]
        if own:
            yield _gap(base, data, asset, own)


def _by_asset(data: TableData) -> dict[str | None, np.ndarray]:
    if data.time is None:
        return {}
    times: dict[str | None, np.ndarray] = {}
    if data.table.asset_column:
        labels = data.labels(data.table.asset_column)
        for code, level in enumerate(labels.levels[:200]):
            times[level] = data.time[labels.codes == code]
    else:
        times[data.table.asset] = data.time
    return {asset: np.unique(when[~np.isnat(when)]) for asset, when in times.items()}


def _same(one: Gap, other: Gap) -> bool:
    low, high = max(one.start, other.start), min(one.stop, other.stop)
    return bool((high - low).astype(int) > 0.5 * (one.stop - one.start).astype(int))


def _common(found: dict[str | None, tuple[Gap, ...]]) -> tuple[Gap, ...]:
    first, *rest = found.values()
    return tuple(gap for gap in first if all(any(_same(gap, other) for other in gaps) for gaps in rest))


def _gap(base: EvidenceBase, data: TableData, asset: str | None, gaps: Sequence[Gap]) -> Finding:
    longest = max(gaps, key=lambda gap: gap.expected)
    since, until = as_datetime(longest.start), as_datetime(longest.stop)
    hours = sum((gap.stop - gap.start).astype(int) for gap in gaps) / 3.6e9
    rows = sum(gap.expected for gap in gaps)
    share = rows / (rows + data.rows)
    where_ko, where_en = (f"{asset} ", f" of {asset}") if asset else ("", "")
    when = when_text(base, since, until)
    return Finding(
        rule="missing_data",
        severity=Severity.WATCH if longest.within_work else Severity.NOTE,
        subject=Subject(table=data.table.file, column=data.table.time, asset=asset),
        text=Text(
            ko=f"{when.ko}{where_ko}기록이 없습니다. 평소 같으면 {longest.expected:,.0f}행이 있을 시간입니다"
            + (f"(이런 공백 {len(gaps)}곳, 모두 {hours:,.1f}시간)." if len(gaps) > 1 else "."),
            en=f"{when.en}there are no rows{where_en}, where about {longest.expected:,.0f} would be usual"
            + (f" ({len(gaps)} such gaps, {hours:,.1f} h in all)." if len(gaps) > 1 else "."),
        ),
        action=Action(
            text=Text(
                ko=f"{local(base, since)}에 수집기나 통신이 멈췄는지 확인하세요.",
                en=f"Check whether the collector or the line was down at {local(base, since)}.",
            ),
            owner="maintenance",
        ),
        evidence=(
            Evidence(name="hours", label=Text(ko="공백 시간", en="time without rows"), value=float(hours), unit="h"),
            Evidence(name="rows", label=Text(ko="빠진 행(추정)", en="rows missing, estimated"), value=float(rows)),
            Evidence(name="share", label=Text(ko="빠진 비율(추정)", en="share missing, estimated"), value=float(share)),
            Evidence(name="gaps", label=Text(ko="공백 수", en="gaps"), value=float(len(gaps))),
        ),
        since=since,
        until=until,
        strength=300.0 * share,
    )


RULE = Rule(name="missing_data", title=Text(ko="빠진 데이터", en="Missing data"), check=_check)
