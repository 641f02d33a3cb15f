"""sentinel_value: a number that means "no measurement" (9999, -999, 1449 …) stands among the measurements."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from jasang.analyze.sentinels import Sentinel
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.fault_story import fault_chart, moment, number, percent
from jasang.diagnose.faults import ColumnFault
from jasang.diagnose.finding import Action, Evidence, Finding, Severity, Subject
from jasang.diagnose.rule import Rule
from jasang.plant.text import Text

# Fewer rows than this share are told, but nobody need run.
_SMALL = 0.001
_FEWEST_PARTS = 20


def _check(base: EvidenceBase) -> Iterator[Finding]:
    for data in base.tables:
        for fault in data.all_faults():
            if fault.kind == "sentinel" and isinstance(fault.what, Sentinel):
                yield _finding(data, fault, fault.what)


def _finding(data: TableData, fault: ColumnFault, what: Sentinel) -> Finding:
    values = data.numbers(fault.column)
    bad = fault.rows if fault.rows.size else np.flatnonzero((values == what.value) & data.usable_rows())
    code, low, high = number(what.value), number(what.body_low), number(what.body_high)
    asset = _only_asset(data, bad)
    where_ko, where_en = (f"{asset}의 ", f" on {asset}") if asset else ("", "")
    column = data.table.column(fault.column)
    told_ko, told_en = _defects_at(data, bad)
    chart = fault_chart(
        data,
        fault,
        bad,
        Text(ko=f"{fault.name}: {code}은(는) 언제 나오나?", en=f"{fault.name}: when does {code} appear?"),
    )
    if chart is not None:
        chart = replace(chart, marks=())
    return Finding(
        rule="sentinel_value",
        severity=Severity.WATCH if what.share >= _SMALL or what.rows >= 20 else Severity.NOTE,
        subject=Subject(table=data.table.file, column=fault.name, asset=asset),
        text=Text(
            ko=f"{where_ko}{fault.name}에 {code}이(가) {bad.size:,}번({percent(what.share)}) 나옵니다. "
            f"나머지는 {low}~{high}이므로 측정값이 아니라 '측정 안 됨' 표시로 보입니다. 분석에서 뺐습니다."
            f"{told_ko}",
            en=f"{fault.name}{where_en} reads {code} in {bad.size:,} rows ({percent(what.share)}). "
            f'The rest lies in {low}–{high}, so it looks like a code for "not measured". It was left out of the analysis.'
            f"{told_en}",
        ),
        action=Action(
            text=Text(
                ko=f"센서 단선이나 측정 범위를 확인하고, 수집기에서 {code}을(를) 빈칸으로 바꾸세요.",
                en=f"Check the sensor for a break or its range, and let the collector write an empty cell for {code}.",
            ),
            owner="maintenance",
        ),
        evidence=(
            Evidence(name="value", label=Text(ko="표시값", en="code"), value=what.value, unit=column.unit),
            Evidence(name="rows", label=Text(ko="행 수", en="rows"), value=float(bad.size)),
            Evidence(name="share", label=Text(ko="비율", en="share of the values"), value=what.share),
            Evidence(
                name="body",
                label=Text(ko="나머지의 범위(0.5~99.5 %)의 가운데", en="middle of the rest (0.5–99.5 %)"),
                value=(what.body_low + what.body_high) / 2,
                low=what.body_low,
                high=what.body_high,
                unit=column.unit,
            ),
        ),
        since=moment(data, fault.first),
        until=moment(data, fault.last),
        strength=300.0 * what.share,
        charts=(chart,) if chart else (),
    )


def _defects_at(data: TableData, rows: np.ndarray) -> tuple[str, str]:
    """A sentence where the parts with the code are bad far more often than the others: then the code is a sign of a bad part."""
    flags = data.defects()
    if flags is None or rows.size < _FEWEST_PARTS:
        return "", ""
    others = np.ones(flags.size, dtype=bool)
    others[rows] = False
    at, elsewhere = flags[rows], flags[others & data.usable_rows()]
    at, elsewhere = at[~np.isnan(at)], elsewhere[~np.isnan(elsewhere)]
    if at.size < _FEWEST_PARTS or not elsewhere.size:
        return "", ""
    bad, usual = float(at.mean()), float(elsewhere.mean())
    if bad < 0.2 or bad < 5.0 * usual:
        return "", ""
    return (
        f" 다만 이 값이 나온 제품의 불량률이 {percent(bad)}입니다(그 밖은 {percent(usual)}). 불량의 신호일 수 있습니다.",
        f" Yet {percent(bad)} of the parts with it are bad ({percent(usual)} of the others): it may be a sign of a bad part.",
    )


def _only_asset(data: TableData, rows: np.ndarray) -> str | None:
    """The machine when all the rows are of one; the table's own when it has just one."""
    if not data.table.asset_column or not rows.size:
        return data.table.asset
    labels = data.labels(data.table.asset_column)
    codes = np.unique(labels.codes[rows])
    return labels.levels[int(codes[0])] if codes.size == 1 and codes[0] >= 0 else None


RULE = Rule(name="sentinel_value", title=Text(ko="'측정 안 됨' 표시값", en="Sentinel value"), check=_check)
