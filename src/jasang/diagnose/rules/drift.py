"""drift: the level of a quantity moves slowly in one direction and has not come back (docs/rules/drift.md)."""

from collections.abc import Iterator

import numpy as np

from jasang.diagnose import change_story as story
from jasang.diagnose.changes import LevelChange, level_changes
from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.fault_story import local, number
from jasang.diagnose.finding import Action, Check, Evidence, Finding, Severity, Subject
from jasang.diagnose.rule import Rule
from jasang.plant.factory import Role
from jasang.plant.text import Text


def _check(base: EvidenceBase) -> Iterator[Finding]:
    changes, tried = level_changes(base)
    for one in changes:
        loud = story.severity(one, tried) if one.slow else None
        if loud is not None:
            yield _finding(base, one, loud, tried)


def _finding(base: EvidenceBase, one: LevelChange, loud: Severity, tried: int) -> Finding:
    since, _ = story.moments(one)
    name = one.course.column.name
    evidence = story.evidence_of(one, "drift", Text(ko="지금까지 변한 양", en="drifted so far"))
    days = _days(one)
    if days is not None:
        per_day = Evidence(
            name="per_day",
            label=Text(ko="하루에 변하는 양", en="change per day"),
            value=one.change.size / days,
            low=one.change.low / days,
            high=one.change.high / days,
            unit=story.unit(one),
        )
        evidence.insert(1, per_day)
    return Finding(
        rule="drift",
        severity=loud,
        subject=Subject(table=one.table, column=name, asset=None if one.assets else one.course.asset),
        text=_text(base, one, days),
        action=_action(one),
        evidence=tuple(evidence),
        since=since,
        causes=story.causes_of(one),
        check=Check(
            metric="defect_rate" if one.course.column.role is Role.DEFECT else f"{name}_mean",
            expected=-one.change.size,
            days=14,
        ),
        strength=story.strength(one, tried),
        charts=(
            story.chart_of(one, Text(ko=f"{name}: 언제부터 서서히 변했나?", en=f"{name}: since when does it drift?")),
        ),
    )


def _days(one: LevelChange) -> float | None:
    seconds = one.course.seconds
    if seconds is None:
        return None
    places = np.arange(seconds.size) + 0.5
    start, end = np.interp([one.change.start, min(one.change.end, seconds.size)], places, seconds)
    return float((end - start) / 86_400.0) or None


def _text(base: EvidenceBase, one: LevelChange, days: float | None) -> Text:
    since, _ = story.moments(one)
    column = one.course.column
    where_ko = f"{one.course.asset}의 " if one.course.asset and not one.assets else ""
    where_en = f" on {one.course.asset}" if one.course.asset and not one.assets else ""
    what_ko = "불량률" if column.role is Role.DEFECT else column.name
    what_en = "the defect rate" if column.role is Role.DEFECT else column.name
    before, after = story.level_text(one, one.level_before), story.level_text(one, one.level_after)
    up = one.change.size > 0
    when_ko = f"{local(base, since)}부터" if since else f"{one.onset_row + 1:,}번째 값부터"
    when_en = f"Since {local(base, since)}" if since else f"From value {one.onset_row + 1:,} on"
    rate_ko = f" (하루 {number(abs(one.change.size) / days)}씩)" if days else ""
    rate_en = f" ({number(abs(one.change.size) / days)} a day)" if days else ""
    return story.with_company(
        one,
        Text(
            ko=f"{when_ko} {where_ko}{what_ko} 값이 {before}에서 {after}(으)로 서서히 "
            f"{'올라가고' if up else '내려가고'} 있습니다{rate_ko}.",
            en=f"{when_en}, {what_en}{where_en} has been slowly {'rising' if up else 'falling'} from {before} to "
            f"{after}{rate_en}.",
        ),
    )


def _action(one: LevelChange) -> Action:
    if one.course.column.role in (Role.QUALITY, Role.DEFECT):
        return Action(
            text=Text(
                ko="공구·금형 마모, 원료, 측정기 영점을 차례로 확인하고, 규격에 닿기 전에 보정하세요.",
                en="Check tool or mould wear, material and the zero of the gauge in turn, and correct before it reaches a limit.",
            ),
            owner="quality",
        )
    return Action(
        text=Text(
            ko="마모·막힘·누설·히터 성능 저하를 의심하고 점검하세요. 센서가 틀어진 것인지도 기준기로 확인하세요.",
            en="Suspect wear, clogging, a leak or a weak heater, and inspect. Compare the sensor with a reference.",
        ),
        owner="maintenance",
    )


RULE = Rule(name="drift", title=Text(ko="서서히 변함", en="Drift"), check=_check)
