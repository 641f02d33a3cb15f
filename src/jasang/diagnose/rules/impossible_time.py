"""impossible_time: time stamps that cannot be true, in a table's time or in the start and end of its states."""

from collections.abc import Iterator
from datetime import datetime

import numpy as np
import polars as pl

from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.fault_story import as_datetime, local, moment, percent
from jasang.diagnose.finding import Action, Evidence, Finding, Severity, Subject
from jasang.diagnose.rule import Rule
from jasang.plant.factory import Kind
from jasang.plant.text import Text

_SOME = 0.001


def _check(base: EvidenceBase) -> Iterator[Finding]:
    for data in base.tables:
        if data.impossible.size:
            yield _far_away(base, data)
        backwards = ends_before_start(data)
        if backwards.size:
            yield _ends_early(data, backwards)


def ends_before_start(data: TableData) -> np.ndarray:
    """Rows of a log of states that end before they start, int64."""
    table = data.table
    if table.kind != Kind.STATES or not table.start or not table.end:
        return np.empty(0, dtype=np.int64)
    frame = data.source.read([table.start, table.end])
    if not all(isinstance(dtype, pl.Datetime | pl.Date) for dtype in frame.dtypes):
        return np.empty(0, dtype=np.int64)
    start, end = (frame[name].cast(pl.Datetime("us")).to_numpy() for name in (table.start, table.end))
    found: np.ndarray = np.flatnonzero(end < start)  # NaT compares false
    return found


def _far_away(base: EvidenceBase, data: TableData) -> Finding:
    rows, ticks = data.impossible, data.impossible_ticks
    share = rows.size / data.rows
    said, counts = np.unique(ticks, return_counts=True)
    often = as_datetime(said[np.argmax(counts)])
    after, before = _neighbour(data, int(rows[0]), -1), _neighbour(data, int(rows[-1]), 1)
    around = after or before
    around_ko = f" 앞뒤 행으로 보면 {local(base, around)} 무렵입니다." if around else ""
    around_en = f" Going by the rows around them it was about {local(base, around)}." if around else ""
    return Finding(
        rule="impossible_time",
        severity=Severity.WATCH if share >= _SOME or rows.size >= 10 else Severity.NOTE,
        subject=Subject(table=data.table.file, column=data.table.time or data.table.start, asset=data.table.asset),
        text=Text(
            ko=f"{rows.size:,}행({percent(share)})의 시각이 있을 수 없는 값입니다"
            f"(예: {local(base, often)}, {counts.max():,}행).{around_ko} 행은 버리지 않고 파일 순서대로 썼습니다.",
            en=f"{rows.size:,} rows ({percent(share)}) carry an impossible time "
            f"(for example {local(base, often)}, {counts.max():,} rows).{around_en} The rows are kept, in the order of the file.",
        ),
        action=Action(
            text=Text(
                ko="장비 시계와 엑셀 자동 채우기를 확인하고, 이 행들의 날짜를 고치세요.",
                en="Check the machine's clock and the spreadsheet's fill, and correct the dates of these rows.",
            ),
            owner="engineer",
        ),
        evidence=(
            Evidence(name="rows", label=Text(ko="행 수", en="rows"), value=float(rows.size)),
            Evidence(name="share", label=Text(ko="비율", en="share of the rows"), value=share),
            Evidence(name="first_row", label=Text(ko="첫 행 번호", en="first such row"), value=float(rows[0] + 1)),
            Evidence(name="last_row", label=Text(ko="마지막 행 번호", en="last such row"), value=float(rows[-1] + 1)),
            Evidence(name="distinct", label=Text(ko="서로 다른 시각", en="different times"), value=float(said.size)),
        ),
        since=after,
        until=before,
        strength=300.0 * share,
    )


def _neighbour(data: TableData, row: int, step: int) -> datetime | None:
    """The nearest known time before (-1) or after (1) a row of the file."""
    if data.time is None:
        return None
    rows = np.flatnonzero(~np.isnat(data.time))
    place = int(np.searchsorted(rows, row)) + (-1 if step < 0 else 0)
    return moment(data, int(rows[place])) if 0 <= place < rows.size else None


def _ends_early(data: TableData, rows: np.ndarray) -> Finding:
    share = rows.size / data.rows
    return Finding(
        rule="impossible_time",
        severity=Severity.WATCH if share >= _SOME else Severity.NOTE,
        subject=Subject(table=data.table.file, column=data.table.end, asset=data.table.asset),
        text=Text(
            ko=f"{rows.size:,}행({percent(share)})은 끝난 시각이 시작한 시각보다 빠릅니다. 시간 계산에서 뺐습니다.",
            en=f"{rows.size:,} rows ({percent(share)}) end before they start. They were left out of every sum of time.",
        ),
        action=Action(
            text=Text(
                ko="자정을 넘긴 기록의 날짜와 입력 순서를 확인하세요.",
                en="Check the date of entries that run past midnight, and the order of the two fields.",
            ),
            owner="engineer",
        ),
        evidence=(
            Evidence(name="rows", label=Text(ko="행 수", en="rows"), value=float(rows.size)),
            Evidence(name="share", label=Text(ko="비율", en="share of the rows"), value=share),
            Evidence(name="first_row", label=Text(ko="첫 행 번호", en="first such row"), value=float(rows[0] + 1)),
        ),
        since=moment(data, int(rows[0])),
        until=moment(data, int(rows[-1])),
        strength=300.0 * share,
    )


RULE = Rule(name="impossible_time", title=Text(ko="있을 수 없는 시각", en="Impossible time"), check=_check)
