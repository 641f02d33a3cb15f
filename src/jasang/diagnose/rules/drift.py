"""drift: the level of a quantity moves slowly in one direction and has not come back (docs/rules/drift.md)."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from jasang.analyze.derived_columns import DerivedColumn
from jasang.diagnose import change_story as story
from jasang.diagnose.changes import LevelChange, level_changes
from jasang.diagnose.derived import told_by_parts
from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.fault_story import local
from jasang.diagnose.finding import Action, Check, Evidence, Finding, Severity, Subject
from jasang.diagnose.rounding import rounded
from jasang.diagnose.rule import Rule
from jasang.plant.factory import Role
from jasang.plant.text import Text

_FEWEST_TOGETHER = 2  # others that move along: then it is one event, told once and aloud
_STARTS_APART = 0.1  # of the record
_ALIKE = 0.8  # correlation of the block means
_NAMED = 5
_PACES = ((1.0, "하루", "a day"), (1 / 24, "한 시간", "an hour"), (1 / 1440, "1분", "a minute"))


def _check(base: EvidenceBase) -> Iterator[Finding]:
    changes, tried = level_changes(base)
    found = [(one, story.severity(one, tried)) for one in changes if one.slow]
    told = [(one, loud) for one, loud in found if loud is not None]
    told = [(one, loud if _made(base, one, told) is None else Severity.NOTE) for one, loud in told]
    for event in story.events(told, tried, _together):
        first, loudest = event[0]
        others = tuple(one.course.column.name for one, _ in event[1:])
        if len(others) < _FEWEST_TOGETHER:
            yield from (_finding(base, one, loud, tried) for one, loud in event)
            continue
        leader = _finding(base, first, loudest, tried)
        yield replace(leader, text=_with_others(leader.text, others))
        for one, _ in event[1:]:
            follower = _finding(base, one, Severity.NOTE, tried)
            yield replace(follower, text=story.follows(follower.text, first))


def _made(base: EvidenceBase, one: LevelChange, told: list[tuple[LevelChange, Severity]]) -> DerivedColumn | None:
    """How the column is made, where a part of it drifts too: then the part is told aloud."""
    where = one.table, one.course.asset
    names = {other.course.column.name for other, _ in told if (other.table, other.course.asset) == where}
    data = next(data for data in base.tables if data.table.file == one.table)
    return told_by_parts(data, one.course.column.name, names)


def _together(one: LevelChange, other: LevelChange) -> bool:
    """The same machine, a start within a tenth of the record, and block means that go together or against each other."""
    if (one.table, one.course.asset) != (other.table, other.course.asset):
        return False
    apart = abs(one.onset_row / one.course.values - other.onset_row / other.course.values)
    size = min(one.course.means.size, other.course.means.size)
    if apart > _STARTS_APART or size < 8:
        return False
    places = np.linspace(0, 1, size)
    courses = [np.interp(places, np.linspace(0, 1, m.size), m) for m in (one.course.means, other.course.means)]
    if min(float(course.std()) for course in courses) == 0:
        return False
    return bool(abs(float(np.corrcoef(courses[0], courses[1])[0, 1])) >= _ALIKE)


def _with_others(text: Text, others: tuple[str, ...]) -> Text:
    names, more = ", ".join(others[:_NAMED]), " …" if len(others) > _NAMED else ""
    return Text(
        ko=f"{text.ko} 다른 값 {len(others)}개도 함께 움직입니다({names}{more}).",
        en=f"{text.en} {len(others)} more columns move along ({names}{more}).",
    )


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
            unit=story.size_unit(one),
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
    # By the day, the hour or the minute: never by more time than the change itself has taken.
    long, each_ko, each_en = next((each for each in _PACES if (days or 1.0) >= each[0]), _PACES[-1])
    spans = days / long if days else 1.0
    speed = rounded(abs(one.change.size) / spans, (one.change.high - one.change.low) / 2 / spans)
    rate_ko = f" ({each_ko} {speed}씩)" if days else ""
    rate_en = f" ({speed} {each_en})" if days else ""
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
