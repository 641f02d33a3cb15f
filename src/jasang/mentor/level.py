"""A factory's level from a file of answers and facts (`jasang.level-answers/1`), as a study and as `jasang.level/1`."""

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

from jasang.diagnose.finding import Action, Evidence, Subject
from jasang.diagnose.level import Answer, Level, LiveFacts, Measured, latest_rubric, rubric, score
from jasang.diagnose.study import Study, StudyResult, StudyTable
from jasang.errors import UnreadableInput
from jasang.mentor.findings_json import text_json
from jasang.plant.text import Text

ANSWERS_FORMAT = "jasang.level-answers/1"
LEVEL_FORMAT = "jasang.level/1"


def level_of_file(path: Path, *, reading: str = "five", today: date | None = None) -> Level:
    """The level by the answers and facts of a JSON file; UnreadableInput names file, place, found and expected."""
    raw = _json(path)
    version = raw.get("rubric")
    chosen = latest_rubric() if version is None else rubric(str(version))
    answers = [_answer(path, number, one) for number, one in enumerate(_list(path, raw, "answers"), 1)]
    known = {item.id for item in chosen.items}
    for number, answer in enumerate(answers, 1):
        if answer.item not in known:
            raise _wrong(path, f"answers {number}: item", answer.item, ", ".join(sorted(known)))
    return score(chosen, answers, today or date.today(), facts=_facts(path, raw), reading=reading)


def level_json(level: Level) -> dict[str, Any]:
    """The document `jasang.level/1`."""
    return {
        "format": LEVEL_FORMAT,
        "rubric": level.rubric,
        "reading": level.reading,
        "today": level.today.isoformat(),
        "number": level.number,
        "of_five": level.of_five,
        "name": text_json(level.name),
        "points": round(level.points, 3),
        "live_share": round(level.live_share, 4),
        "next_number": level.next_number,
        "points_missing": round(level.points_missing, 3),
        "gates_missing": list(level.gates_missing),
        "modules": {name: round(share, 4) for name, share in level.modules.items()},
        "items": [
            {
                "item": one.item.id,
                "module": one.item.module,
                "text": text_json(one.item.text),
                "step": round(one.step, 3),
                "points": round(one.points, 3),
                "source": None if one.answer is None else one.answer.source,
                "at": None if one.answer is None else one.answer.at.isoformat(),
                "evidence": None if one.answer is None else one.answer.evidence,
                "value": None if one.answer is None else one.answer.value,
            }
            for one in level.items
        ],
        "things": [
            {
                "item": thing.item.id,
                "text": text_json(thing.text),
                "from": round(thing.from_step, 3),
                "to": thing.to_step,
                "points": round(thing.points, 3),
                "cost": list(thing.cost),
                "worth": thing.worth,
                "gate": thing.gate,
                "renew": thing.renew,
            }
            for thing in level.things
        ],
    }


def level_study(level: Level, *, factory: str = "") -> StudyResult:
    """The level as a study: figures, the three things as a table, every item."""
    name = rubric(level.rubric).reading(level.reading).name
    answer = Text(
        ko=f"{level.number}단계({level.name.ko}), 1,000점 가운데 {level.points:.0f}점입니다. "
        f"이 점수의 {level.live_share:.0%}는 현장 데이터가 증명합니다.",
        en=f"Level {level.number} ({level.name.en}), {level.points:.0f} of 1,000 points; "
        f"{level.live_share:.0%} of them proven by live data.",
    )
    study = Study(
        kind="level",
        title=Text(ko="우리 공장은 몇 단계인가?", en="Which level is this factory?"),
        answer=answer,
        subject=Subject(table=factory or "level"),
        evidence=(
            Evidence(name="points", label=Text(ko="점수", en="Points"), value=level.points),
            Evidence(
                name="missing",
                label=Text(ko="다음 단계까지 모자란 점수", en="Points missing"),
                value=level.points_missing,
            ),
        ),
        tables=(_next_table(level), _item_table(level)),
        actions=tuple(Action(text=thing.text, owner="boss") for thing in level.things),
        notes=(
            Text(
                ko=f"평가표 {level.rubric}판, {name.ko}. 공식 수준확인이 아니라 스스로 보는 눈금입니다.",
                en=f"Rubric {level.rubric}, {name.en}. A scale for oneself, not the official certificate.",
            ),
        ),
    )
    return StudyResult(factory=factory, timezone="Asia/Seoul", studies=(study,))


def _next_table(level: Level) -> StudyTable:
    headings = (
        Text(ko="할 일", en="What to do"),
        Text(ko="점수", en="Points"),
        Text(ko="드는 돈(원)", en="Cost (won)"),
        Text(ko="1년에 버는 돈(원)", en="Worth a year (won)"),
    )
    unknown = Text(ko="아직 모름", en="not known yet")
    rows = tuple(
        (
            thing.text,
            round(thing.points, 1),
            f"{thing.cost[0]:,.0f}–{thing.cost[1]:,.0f}",
            unknown if thing.worth is None else f"{thing.worth:,.0f}",
        )
        for thing in level.things
    )
    title = Text(ko="다음 단계까지 세 가지", en="Three things between you and the next level")
    return StudyTable(title=title, headings=headings, rows=rows)


def _item_table(level: Level) -> StudyTable:
    headings = (Text(ko="항목", en="Item"), Text(ko="단계(0~5)", en="Step (0 to 5)"), Text(ko="근거", en="Proof"))
    sources = {
        "live": Text(ko="현장 데이터", en="live data"),
        "mentor": Text(ko="멘토", en="mentor"),
        "": Text(ko="답 없음", en="not answered"),
    }
    rows = tuple(
        (one.item.text, round(one.step, 2), sources["" if one.answer is None else one.answer.source])
        for one in level.items
    )
    return StudyTable(title=Text(ko="모든 항목", en="Every item"), headings=headings, rows=rows)


def _json(path: Path) -> Mapping[str, Any]:
    try:
        raw = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise _wrong(path, "file", error.strerror or "error", "a readable file") from error
    except ValueError as error:
        raise _wrong(path, "file", str(error), "JSON") from error
    if not isinstance(raw, Mapping) or raw.get("format") != ANSWERS_FORMAT:
        found = raw.get("format") if isinstance(raw, Mapping) else type(raw).__name__
        raise _wrong(path, "format", found, ANSWERS_FORMAT)
    return raw


def _list(path: Path, raw: Mapping[str, Any], name: str) -> list[Any]:
    found = raw.get(name, [])
    if not isinstance(found, list):
        raise _wrong(path, name, found, "a list")
    return found


def _day(path: Path, place: str, found: Any) -> date:
    try:
        return date.fromisoformat(found)
    except (TypeError, ValueError) as error:
        raise _wrong(path, place, found, "a date such as 2026-08-03") from error


def _answer(path: Path, number: int, raw: Any) -> Answer:
    place = f"answers {number}"
    if not isinstance(raw, Mapping) or not isinstance(raw.get("item"), str):
        raise _wrong(path, place, raw, '{"item", "step", "at"}')
    step = raw.get("step")
    if not isinstance(step, int) or isinstance(step, bool) or not 0 <= step <= 5:
        raise _wrong(path, f"{place} ({raw['item']}): step", step, "0, 1, 2, 3, 4 or 5")
    return Answer(
        item=raw["item"],
        step=step,
        at=_day(path, f"{place} ({raw['item']}): at", raw.get("at")),
        by=str(raw.get("by", "")),
        evidence=str(raw.get("evidence", "")),
    )


def _facts(path: Path, raw: Mapping[str, Any]) -> LiveFacts:
    given = raw.get("facts", {})
    known = {one.name for one in fields(LiveFacts)}
    if not isinstance(given, Mapping) or set(given) - known:
        raise _wrong(
            path,
            "facts",
            given if not isinstance(given, Mapping) else sorted(set(given) - known),
            ", ".join(sorted(known)),
        )
    read: dict[str, Any] = {}
    for name, one in given.items():
        if name == "open_worth":
            if not isinstance(one, Mapping) or not all(isinstance(won, int | float) for won in one.values()):
                raise _wrong(path, "facts.open_worth", one, "rule names with won a year")
            read[name] = one
            continue
        value = one.get("value") if isinstance(one, Mapping) else None
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise _wrong(path, f"facts.{name}", one, '{"value": a number, "at": a date}')
        day = _day(path, f"facts.{name}.at", one.get("at"))
        read[name] = Measured(value=float(value), at=day, evidence=str(one.get("evidence", "")))
    return LiveFacts(**read)


def _wrong(path: Path, place: str, found: object, expected: str) -> UnreadableInput:
    return UnreadableInput(
        ko=f"{path}: {place}의 값 {found!r}은(는) 쓸 수 없습니다. 있어야 할 것: {expected}",
        en=f"{path}: {place}: found {found!r}; expected {expected}",
    )
