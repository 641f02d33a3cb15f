"""dead_channel: a sensor's column that never moves, or is never filled."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from jasang.analyze.dead_channels import Constant, family, named_as_measured
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.fault_story import number
from jasang.diagnose.faults import ColumnFault
from jasang.diagnose.finding import Action, Evidence, Finding, Severity, Subject
from jasang.diagnose.rule import Rule
from jasang.plant.factory import Role
from jasang.plant.text import Text

# From this many dead channels of one family on they are inputs that nobody connected, not sensors that broke.
_SPARE = 3
_MANY_TABLES = 3


def _check(base: EvidenceBase) -> Iterator[Finding]:
    told: set[str] = set()
    everywhere = _in_many_tables(base)
    for data in base.tables:
        dead = [fault for fault in data.all_faults() if fault.kind == "dead"]
        for fault in dead:
            alike = sum(1 for other in dead if family(other.name) == family(fault.name) and other.asset == fault.asset)
            tables = everywhere.get(fault.name, 1) if fault.asset is None else 1
            if tables < _MANY_TABLES:
                yield _finding(data, fault, alike)
            elif fault.name not in told:
                told.add(fault.name)
                found = _finding(data, fault, alike)
                more = Text(
                    ko=f"{found.text.ko} 같은 열이 있는 파일 {tables}개에서 모두 그렇습니다.",
                    en=f"{found.text.en} So it is in {tables} files of this kind.",
                )
                yield replace(found, text=more)


def _in_many_tables(base: EvidenceBase) -> Counter[str]:
    """In how many tables a column is dead on all machines: one channel of one machine, recorded in many files."""
    return Counter(
        name
        for data in base.tables
        for name in {fault.name for fault in data.all_faults() if fault.kind == "dead" and fault.asset is None}
        if not name.startswith("column_")  # a place in a file without a header is no name
    )


def _finding(data: TableData, fault: ColumnFault, alike: int) -> Finding:
    if not isinstance(fault.what, Constant):
        raise TypeError(f"dead channel {fault.name!r} without a constant")
    value, column = fault.what.value, data.table.column(fault.column)
    blank = bool(np.isnan(value))
    sensor = column.role in (Role.SENSOR, Role.ENERGY, Role.VALUE)
    spare = alike >= _SPARE and "#" in family(fault.name)
    # A constant whole number on all machines may be a setting that nobody marked as one.
    alone = fault.asset is not None and len({stratum.asset for stratum in data.strata()}) > 1
    certain = blank or value <= 0 or value != round(value) or alone or named_as_measured(fault.name)
    severity = Severity.WATCH if certain and (sensor or value == 0) and not spare else Severity.NOTE
    reads_ko, reads_en = ("비어 있습니다", "is empty") if blank else (f"{number(value)}입니다", f"is {number(value)}")
    where_ko, where_en = (f"{fault.asset}의 ", f" on {fault.asset}") if fault.asset else ("", "")
    text = Text(
        ko=f"{where_ko}{fault.name} 값이 {fault.of:,}행 내내 {reads_ko}. 센서가 없거나 끊긴 채널입니다.",
        en=f"{fault.name}{where_en} {reads_en} in all {fault.of:,} rows: no sensor is connected, or it is dead.",
    )
    if spare:
        text = Text(
            ko=f"{text.ko} 같은 종류 {alike}개가 모두 그렇습니다.",
            en=f"{text.en} {alike} channels of this kind are so.",
        )
    rows = Evidence(name="rows", label=Text(ko="행 수", en="rows"), value=float(fault.of))
    share = Evidence(name="share", label=Text(ko="같은 값의 비율", en="share with this value"), value=fault.what.share)
    level = Evidence(name="value", label=Text(ko="값", en="value"), value=value, unit=column.unit)
    return Finding(
        rule="dead_channel",
        severity=severity,
        subject=Subject(table=data.table.file, column=fault.name, asset=fault.asset),
        text=text,
        action=Action(
            text=Text(
                ko="배선과 센서를 확인하세요. 쓰지 않는 채널이면 수집 목록에서 빼세요.",
                en="Check the wiring and the sensor. Take the channel off the list if nobody uses it.",
            ),
            owner="maintenance",
        ),
        evidence=(rows, share) if blank else (level, rows, share),
        strength=300.0 * fault.what.share,
    )


RULE = Rule(name="dead_channel", title=Text(ko="죽은 채널", en="Dead channel"), check=_check)
