"""mean_shift: the level of a quantity moved to another value and stayed there (docs/rules/mean_shift.md)."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from jasang.diagnose import change_story as story
from jasang.diagnose.changes import LevelChange, level_changes
from jasang.diagnose.changes_nearby import met_at, with_coincidences
from jasang.diagnose.derived import told_by_parts, with_parts
from jasang.diagnose.evidence_base import EvidenceBase, TableData
from jasang.diagnose.fault_story import local
from jasang.diagnose.finding import Action, Check, Finding, Severity, Subject
from jasang.diagnose.rule import Rule
from jasang.plant.factory import Role
from jasang.plant.text import Text

_MOST_SIGMA = 1000.0  # the values hardly moved before: "so many times the usual spread" says nothing
_FEWEST_TOGETHER = 2  # others that changed at the same moment: then it is one event, told once and aloud
_MOST_TOGETHER = 12  # others that are still told one by one, quietly
_NAMED = 5
_BLOCKS_APART = 2.0
_REST_OF_A_TOTAL = 0.05  # of the variance, that may be left when a column is the sum or the difference of two


def _check(base: EvidenceBase) -> Iterator[Finding]:
    changes, tried = level_changes(base)
    tables = {data.table.file: data for data in base.tables}
    found = [(one, None if one.slow else story.severity(one, tried)) for one in changes]
    told = [(one, loud) for one, loud in found if loud is not None]
    made = {
        _key(one): told_by_parts(tables[one.table], one.course.column.name, _told_beside(one, told)) for one, _ in told
    }
    told = [(one, loud if made[_key(one)] is None else Severity.NOTE) for one, loud in told]
    for event in story.events(told, tried, _together):
        if len(event) > _FEWEST_TOGETHER:
            event = _as_intended(event)
        first, loudest = event[0]
        others = tuple(one.course.column.name for one, _ in event[1:] if made[_key(one)] is None)
        if len(others) < _FEWEST_TOGETHER and not (others and _is_total(tables[first.table], first, event[1][0])):
            others = ()
        yield _finding(base, tables[first.table], first, loudest, tried, others)
        for one, loud in event[1:]:
            if others and len(others) > _MOST_TOGETHER and loud is not Severity.ACT:
                continue
            told_there = _finding(base, tables[one.table], one, Severity.NOTE if others else loud, tried)
            text = story.follows(told_there.text, first) if others else told_there.text
            yield replace(told_there, text=with_parts(text, made[_key(one)]))


def _key(one: LevelChange) -> tuple[str, str | None, str]:
    return one.table, one.course.asset, one.course.column.name


def _told_beside(one: LevelChange, told: list[tuple[LevelChange, Severity]]) -> set[str]:
    """The columns of the same table and machine that are told."""
    return {other.course.column.name for other, _ in told if _key(other)[:2] == _key(one)[:2]}


def _is_total(data: TableData, one: LevelChange, other: LevelChange) -> bool:
    """Whether one column is the other plus or minus a third: then both tell the same change."""
    names = one.course.column, other.course.column
    first, second = (data.numbers(column.name) for column in names)
    apart = first - second
    spread = min(np.nanvar(first), np.nanvar(second))
    for third in data.table.with_role(names[1].role):
        if third.name in (names[0].name, names[1].name):
            continue
        values = data.numbers(third.name)
        if min(np.nanvar(apart - values), np.nanvar(apart + values)) <= _REST_OF_A_TOTAL * spread:
            return True
    return False


def _as_intended(event: list[tuple[LevelChange, Severity]]) -> list[tuple[LevelChange, Severity]]:
    """An event of which half moved with a setting is that setting's: the first of those leads, and nobody need act."""
    led = [each for each in event if any(cause.intended for cause in each[0].explanations)]
    if len(led) < 0.5 * len(event):
        return event
    rest = [each for each in event if each not in led]
    return [(one, Severity.WATCH if loud is Severity.ACT else loud) for one, loud in (*led, *rest)]


def _together(one: LevelChange, other: LevelChange) -> bool:
    """The same table, machine and, to two blocks of the record, the same place in it."""
    same = (one.table, one.course.asset) == (other.table, other.course.asset)
    apart = abs(one.onset_row / one.course.values - other.onset_row / other.course.values)
    return same and apart <= _BLOCKS_APART / min(one.course.means.size, other.course.means.size)


def _finding(
    base: EvidenceBase,
    data: TableData,
    one: LevelChange,
    loud: Severity,
    tried: int,
    others: tuple[str, ...] = (),
) -> Finding:
    since, until = story.moments(one)
    name = one.course.column.name
    text = _with_others(story.with_balance(one, data, _text(base, one)), others)
    return Finding(
        rule="mean_shift",
        severity=loud,
        subject=Subject(table=one.table, column=name, asset=None if one.assets else one.course.asset),
        text=with_coincidences(text, () if loud is Severity.NOTE else met_at(base, data, one)),
        action=_action(one),
        evidence=tuple(story.evidence_of(one, "shift", Text(ko="평균 변화량", en="shift of the mean"))),
        since=since,
        until=until,
        causes=story.causes_of(one),
        worth=story.worth_of(base, data, one),
        check=Check(
            metric="defect_rate" if one.course.column.role is Role.DEFECT else f"{name}_mean",
            expected=-one.change.size,
            days=14,
        ),
        strength=story.strength(one, tried),
        charts=(
            story.chart_of(one, Text(ko=f"{name}: 수준이 언제 바뀌었나?", en=f"{name}: when did the level change?")),
        ),
    )


def _text(base: EvidenceBase, one: LevelChange) -> Text:
    since, until = story.moments(one)
    column = one.course.column
    where_ko = f"{one.course.asset}의 " if one.course.asset and not one.assets else ""
    where_en = f" on {one.course.asset}" if one.course.asset and not one.assets else ""
    what_ko = "불량률" if column.role is Role.DEFECT else column.name
    what_en = "The defect rate" if column.role is Role.DEFECT else column.name
    before, after = story.level_text(one, one.level_before), story.level_text(one, one.level_after)
    when_ko = f"{local(base, since)}부터" if since else f"{one.onset_row + 1:,}번째 값부터"
    when_en = f"Since {local(base, since)}" if since else f"From value {one.onset_row + 1:,} on"
    size = abs(one.change.size / one.course.sigma)
    told = column.role is not Role.DEFECT and size < _MOST_SIGMA
    spread_ko = f"(평소 산포의 {size:.1f}배)" if told else ""
    spread_en = f" ({size:.1f} sigma)" if told else ""
    if one.change.kind == "excursion":
        until_ko = f" {local(base, until)}까지" if until else ""
        until_en = f" to {local(base, until)}" if until else " for a while"
        return story.with_company(
            one,
            Text(
                ko=f"{when_ko}{until_ko} {where_ko}{what_ko} 수준이 {before}에서 {after}(으)로 벗어났다가 "
                f"돌아왔습니다{spread_ko}.",
                en=f"{what_en}{where_en} left its level of {before} for {after}{spread_en} "
                f"{when_en.replace('Since', 'from').replace('From', 'from')}{until_en} and came back.",
            ),
        )
    return story.with_company(
        one,
        Text(
            ko=f"{when_ko} {where_ko}{what_ko} 평균이 {before}에서 {after}(으)로 바뀌었고 그대로입니다{spread_ko}.",
            en=f"{when_en}, {what_en}{where_en} has moved from {before} to {after} and stayed there{spread_en}.",
        ),
    )


def _with_others(text: Text, others: tuple[str, ...]) -> Text:
    """The text and the names of the columns that changed at the same moment, the first few of them."""
    if not others:
        return text
    names, more = ", ".join(others[:_NAMED]), len(others) - _NAMED
    columns = "columns" if len(others) > 1 else "column"
    return Text(
        ko=f"{text.ko} 같은 때에 다른 값 {len(others)}개도 함께 바뀌었습니다({names}{' 등' if more > 0 else ''}).",
        en=f"{text.en} {len(others)} more {columns} changed at the same moment ({names}{' …' if more > 0 else ''}).",
    )


def _action(one: LevelChange) -> Action:
    if any(each.intended for each in one.explanations):
        return Action(
            text=Text(
                ko="설정을 일부러 바꾼 것인지 확인하고, 바꾼 이유를 기록하세요.",
                en="Ask whether the setting was changed on purpose, and write down why.",
            ),
            owner="engineer",
        )
    if one.course.column.role is Role.SETTING:
        return Action(
            text=Text(
                ko="이 설정을 누가 왜 바꿨는지 확인하고, 작업 표준에 적힌 값과 비교하세요.",
                en="Ask who moved this setting and why, and compare it with the work standard.",
            ),
            owner="engineer",
        )
    if one.course.column.role in (Role.QUALITY, Role.DEFECT):
        return Action(
            text=Text(
                ko="그 시점에 바뀐 것(금형·공구, 원료 로트, 작업자, 조건, 측정기)을 작업 일지에서 찾아 하나씩 되돌려 보세요.",
                en="Look in the log for what changed then (tool, lot, operator, recipe, gauge) and undo it one by one.",
            ),
            owner="quality",
        )
    return Action(
        text=Text(
            ko="그 시점의 정비·교체·조정 기록을 찾고, 센서가 맞는지 먼저 확인한 뒤 설비를 점검하세요.",
            en="Look up repairs, replacements and adjustments of that moment; check the sensor first, then the machine.",
        ),
        owner="maintenance",
    )


RULE = Rule(name="mean_shift", title=Text(ko="평균 이동", en="Shift of the mean"), check=_check)
