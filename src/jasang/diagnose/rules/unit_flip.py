"""unit_flip: a column changes its unit for some rows, or from a day on."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import numpy as np

from jasang.analyze.unit_flips import UnitFlip
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.fault_story import band, fault_chart, number, percent, span, when_text
from jasang.diagnose.faults import ColumnFault
from jasang.diagnose.finding import Action, Evidence, Finding, Severity, Subject
from jasang.diagnose.rule import Rule
from jasang.plant.text import Text

_FEW = 10  # rows: below, told but not worth a walk


def _check(base: EvidenceBase) -> Iterator[Finding]:
    for data in base.tables:
        for fault in data.all_faults():
            if fault.kind == "flip" and isinstance(fault.what, UnitFlip):
                yield _finding(base, data, fault, fault.what)


def _finding(base: EvidenceBase, data: TableData, fault: ColumnFault, what: UnitFlip) -> Finding:
    copies = data.copies()
    rows = np.union1d(fault.rows, copies.rows[np.isin(copies.first, fault.rows)])
    since, until = span(data, fault)
    times = what.ratio if what.ratio > 1 else 1 / what.ratio
    column = data.table.column(fault.column)
    chart = fault_chart(
        data,
        fault,
        rows,
        Text(ko=f"{fault.name}: 단위가 바뀐 구간은 어디인가?", en=f"{fault.name}: where does the unit change?"),
    )
    if chart is not None and what.episodes == 1:
        chart = replace(chart, marks=band(chart, since, until))
    now = what.certain and fault.last < 0 and what.episodes == 1 and fault.rows.size >= 50
    return Finding(
        rule="unit_flip",
        severity=Severity.ACT if now else Severity.WATCH if rows.size >= _FEW else Severity.NOTE,
        subject=Subject(table=data.table.file, column=fault.name, asset=fault.asset),
        text=_text(base, fault, what, rows.size, since, until),
        action=Action(
            text=Text(
                ko=f"{fault.name}의 단위와 배율 설정을 확인하고, 이 {rows.size:,}행을 한 단위로 고치세요.",
                en=f"Check the unit and scaling of {fault.name}, and bring these {rows.size:,} rows to one unit.",
            ),
            owner="engineer",
        ),
        evidence=(
            Evidence(name="rows", label=Text(ko="행 수", en="rows"), value=float(rows.size)),
            Evidence(name="share", label=Text(ko="비율", en="share of the rows"), value=fault.rows.size / fault.of),
            Evidence(
                name="factor",
                label=Text(ko="앞뒤 값에 대한 배율", en="ratio to the rows around"),
                value=what.ratio,
                low=what.low,
                high=what.high,
            ),
            Evidence(
                name="usual",
                label=Text(ko="평소 값(중앙값)", en="usual value (median)"),
                value=what.usual,
                unit=column.unit,
            ),
            Evidence(
                name="value",
                label=Text(ko="바뀐 값(중앙값)", en="value there (median)"),
                value=what.flipped,
                unit=column.unit,
            ),
            Evidence(name="times", label=Text(ko="몇 배", en="times apart"), value=times),
        ),
        since=since,
        until=until,
        strength=300.0 * min(1.0, fault.rows.size / fault.of),
        charts=(chart,) if chart else (),
    )


def _text(
    base: EvidenceBase, fault: ColumnFault, what: UnitFlip, rows: int, since: datetime | None, until: datetime | None
) -> Text:
    when = when_text(base, since, until)
    where_ko, where_en = (f"{fault.asset}의 ", f" on {fault.asset}") if fault.asset else ("", "")
    there, usual = number(what.flipped), number(what.usual)
    share = percent(fault.rows.size / fault.of)
    seen_ko = f"{when.ko}{where_ko}{fault.name} {rows:,}행({share})이 {usual} 근처가 아니라 {there} 근처입니다."
    seen_en = f"{when.en}{rows:,} rows of {fault.name}{where_en} ({share}) stand near {there} instead of {usual}."
    if what.offset:
        return Text(ko=f"{seen_ko} 섭씨와 화씨가 섞인 값입니다.", en=f"{seen_en} That is °C against °F.")
    if what.factor is not None:
        ratio = f"{what.factor.ratio:.5g}"  # a constant between units, not a measurement
        if what.factor.units.startswith("×"):
            return Text(
                ko=f"{seen_ko} {ratio}배 차이로, 단위나 소수점 설정이 바뀐 것으로 보입니다.",
                en=f"{seen_en} A factor of {ratio}: the unit or the decimal point changed.",
            )
        return Text(
            ko=f"{seen_ko} {ratio}배 차이로, 단위({what.factor.units})가 바뀐 것으로 보입니다.",
            en=f"{seen_en} A factor of {ratio}, as between {what.factor.units}: the unit changed.",
        )
    return Text(
        ko=f"{seen_ko} 중간값이 없어 단위, 영점 또는 다른 제품의 조건이 섞인 것으로 보입니다.",
        en=f"{seen_en} Nothing lies between: another unit, another zero point or another product's programme got in.",
    )


RULE = Rule(name="unit_flip", title=Text(ko="단위 뒤바뀜", en="Unit flip"), check=_check)
