"""duplicate_rows: rows that stand in a table more than once."""

from collections.abc import Iterator

import numpy as np

from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.fault_story import as_datetime, percent
from jasang.diagnose.finding import Action, Evidence, Finding, Severity, Subject
from jasang.diagnose.rule import Rule
from jasang.plant.text import Text

_MANY = 0.2  # of the rows: every count and every rate is wrong
_SOME = 0.001


def _check(base: EvidenceBase) -> Iterator[Finding]:
    for data in base.tables:
        if data.copies().rows.size:
            yield _finding(data)


def _finding(data: TableData) -> Finding:
    copies = data.copies()
    count, share = int(copies.rows.size), copies.rows.size / data.rows
    severity = Severity.ACT if share >= _MANY and count >= 20 else Severity.WATCH if share >= _SOME else Severity.NOTE
    since = until = None
    if data.time is not None:
        times = data.time[copies.rows]
        times = times[~np.isnat(times)]
        if times.size:
            since, until = as_datetime(times.min()), as_datetime(times.max())
    pasted = copies.blocks == 1 and count > 5
    how_ko = f" {copies.rows[0] + 1:,}번째 행부터 한 덩어리로 붙어 있습니다." if pasted else ""
    how_en = f" They stand in one block from row {copies.rows[0] + 1:,} on." if pasted else ""
    return Finding(
        rule="duplicate_rows",
        severity=severity,
        subject=Subject(table=data.table.file, asset=data.table.asset),
        text=Text(
            ko=f"{data.rows:,}행 가운데 {count:,}행({percent(share)})이 앞에 나온 행과 똑같습니다.{how_ko} "
            f"분석은 겹치지 않는 {data.rows - count:,}행으로 했습니다.",
            en=f"{count:,} of {data.rows:,} rows ({percent(share)}) repeat an earlier row exactly.{how_en} "
            f"The analysis used the {data.rows - count:,} rows that are left.",
        ),
        action=Action(
            text=Text(
                ko="파일을 합치거나 내보낼 때 같은 기간이 두 번 들어가는지 확인하고, 생산 수와 불량률을 다시 계산하세요.",
                en="Check whether the export or the merge takes a period twice, and count output and defect rate again.",
            ),
            owner="engineer",
        ),
        evidence=(
            Evidence(name="rows", label=Text(ko="겹친 행", en="rows that are copies"), value=float(count)),
            Evidence(name="share", label=Text(ko="비율", en="share of the rows"), value=share),
            Evidence(name="unique", label=Text(ko="겹치지 않는 행", en="rows left"), value=float(data.rows - count)),
            Evidence(name="blocks", label=Text(ko="덩어리 수", en="unbroken blocks"), value=float(copies.blocks)),
        ),
        since=since,
        until=until,
        strength=300.0 * share,
    )


RULE = Rule(name="duplicate_rows", title=Text(ko="겹친 행", en="Duplicate rows"), check=_check)
