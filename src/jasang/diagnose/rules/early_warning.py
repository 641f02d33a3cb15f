"""early_warning: bad units that can be known in time, told only where warnings proved themselves on later units."""

from collections.abc import Iterator

import numpy as np

from jasang.analyze.early_warning import WarningJudgement, first_look, judge_warning
from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.finding import Action, Cause, Check, Finding, Severity, Subject, Worth
from jasang.diagnose.prices import defect_price, priced, rows_per_year
from jasang.diagnose.rule import Rule
from jasang.diagnose.warning_problem import WarningTable, warning_costs, warning_table
from jasang.diagnose.warning_story import charts, evidence, promise, watched
from jasang.plant.factory import Kind, Role
from jasang.plant.text import Text

LEAST_BAD = 30  # in the whole table: 12 to learn from and 8 to judge by, and enough that neither hangs on one event
_LEAST_ROWS = 300
_MOST_BAD_RATE = 0.4  # beyond it "bad" is the ordinary case and a warning says nothing
_CHANCE = 0.002  # of a finding in a table whose results nothing foretells
_PROMISING = 0.05  # of a first look with a small model; most tables without a foretold problem end here
_ACT_CHANCE = 0.0005
_LEAST_RECALL = 0.15
_LEAST_LIFT = 3.0  # precision against the rate of bad units
_ACT_PRECISION = 0.3
_SAVED = 0.5, 0.1, 1.0  # of the bad units known in time: the part that a look in time saves, and its bounds
_MOST_ROWS = 30_000  # the latest; the years before tell little of next week


def _check(base: EvidenceBase) -> Iterator[Finding]:
    for data in base.of_kind(Kind.UNITS):
        flags = data.defects() if data.rows >= _LEAST_ROWS else None
        if flags is None or np.nansum(flags) < LEAST_BAD or np.nanmean(flags) > _MOST_BAD_RATE:
            continue
        table = warning_table(data, latest=_MOST_ROWS)
        if table is None or np.nansum(table.problem.outcome) < LEAST_BAD:
            continue
        if first_look(table.problem) > _PROMISING:
            continue
        costs, assumption = warning_costs(base.factory)
        judged = judge_warning(table.problem, protocol="later", share=0.65, costs=costs, effort="quick")
        if _worth_telling(judged):
            yield _finding(base, table, judged, assumption)


def _worth_telling(judged: WarningJudgement) -> bool:
    return (
        judged.refused is None
        and judged.p_value <= _CHANCE
        and judged.recall.value >= _LEAST_RECALL
        and judged.precision.value >= _LEAST_LIFT * judged.base_rate
    )


def _finding(base: EvidenceBase, table: WarningTable, judged: WarningJudgement, assumption: Text) -> Finding:
    told, watch = promise(judged), watched(table, judged)
    act = judged.p_value <= _ACT_CHANCE and judged.precision.low >= _ACT_PRECISION and judged.mcc.low >= 0.2
    return Finding(
        rule="early_warning",
        severity=Severity.ACT if act else Severity.WATCH,
        subject=Subject(
            table=table.data.table.file,
            column=table.data.table.with_role(Role.DEFECT)[0].name,
            asset=table.data.table.asset,
        ),
        text=Text(
            ko=f"{told.ko} 볼 열: {watch.ko}. {assumption.ko}",
            en=f"{told.en} Watch these columns: {watch.en}. {assumption.en}",
        ),
        action=Action(
            text=Text(
                ko=f"경보를 켜고(jasang warn) 울리면 {watch.ko} 값을 확인하고 그 물건을 바로 검사하세요.",
                en=f"Turn the warnings on (jasang warn); when one comes, check {watch.en} and look at that part at once.",
            ),
            owner="engineer",
        ),
        evidence=evidence(judged),
        causes=tuple(Cause(column=name) for name, share in judged.columns[:3] if share >= 0.03),
        worth=_worth(base, table, judged),
        check=Check(metric="recall", expected=judged.recall.value, days=28),
        strength=min(-float(np.log10(max(judged.p_value, 1e-300))), 300.0),
        charts=charts(table, judged),
    )


def _worth(base: EvidenceBase, table: WarningTable, judged: WarningJudgement) -> Worth | None:
    """What the warnings save in a year: a bad unit known in time costs its look instead of a defect."""
    seconds, saved = table.problem.seconds, judged.cost_saved
    if saved is None:
        return _assumed_worth(base, table, judged)
    if seconds is None or saved.value <= 0:
        return None
    days = float(np.nanmax(seconds) - np.nanmin(seconds)) / 86400
    if days < 2:
        return None
    yearly = table.problem.rows / days * 365
    money = base.factory.currency
    return Worth(
        amount=yearly * saved.value,
        low=yearly * max(saved.low, 0.0),
        high=yearly * saved.high,
        currency=money,
        basis=Text(
            ko=f"1년 {yearly:,.0f}개 × 1개당 아끼는 돈 {saved.value:,.2f} {money}(막은 불량 − 경보 확인 비용, 나중 기록에서). "
            "미리 알면 불량을 막을 수 있다고 볼 때의 값입니다.",
            en=f"{yearly:,.0f} units a year × {saved.value:,.2f} {money} each (defects caught less the looks, on later units), "
            "if a bad unit known in time can be saved.",
        ),
    )


def _assumed_worth(base: EvidenceBase, table: WarningTable, judged: WarningJudgement) -> Worth:
    """Where nobody told what a bad unit costs: half of those known in time saved (a tenth to all), at the assumed price."""
    data = table.data
    yearly = rows_per_year(data)
    units = float(data.rows) if yearly is None else yearly
    bad = units * float(np.nanmean(table.problem.outcome))
    known = bad * judged.recall.value
    year_ko, year_en = (
        ("1년", "a year") if yearly is not None else ("이 기록(1년치로 봄)", "in this record, taken for a year,")
    )
    basis = Text(
        ko=f"{year_ko} 불량 {bad:,.0f}개 × 미리 아는 비율 {100 * judged.recall.value:.0f} % × 그 가운데 막는 절반"
        f"({_SAVED[1]:.0%}~{_SAVED[2]:.0%}, 2026-11 가정)",
        en=f"{bad:,.0f} bad units {year_en} × {100 * judged.recall.value:.0f} % known in time × half of them saved "
        f"({_SAVED[1]:.0%} to {_SAVED[2]:.0%}, assumed 2026-11)",
    )
    part, least, most = _SAVED
    return priced(
        (part * known, least * bad * judged.recall.low, most * bad * judged.recall.high),
        defect_price(base, data),
        basis,
    )


RULE = Rule(name="early_warning", title=Text(ko="미리 알 수 있는 불량", en="Bad units known in time"), check=_check)
