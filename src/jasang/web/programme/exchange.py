"""Tables of the programme out and in: CSV, Excel and JSON. Out everything, in mentors, a cohort with goals and survey, and calls.

An import is tried first (`dry`): every wrong cell is named by row and column, and nothing is kept unless all is right.
"""

import csv
import io
import json
import math
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from python_calamine import CalamineError, CalamineWorkbook

from jasang.connect.protocols.files.spreadsheet import guard_workbook
from jasang.diagnose.level import latest_rubric
from jasang.errors import JasangError, UnreadableInput
from jasang.mentor.wording import typed_number
from jasang.plant.text import Text
from jasang.web.programme import calls as call_services
from jasang.web.programme import cohorts, judging, levels, members, queries
from jasang.web.programme.mentors import save_mentor
from jasang.web.programme.models import Application, Call, Cohort, LevelAnswer, Mentor, Standing
from jasang.web.programme.sending import SKILLS
from jasang.web.programme.stages import allow_post
from jasang.web.tenants.models import Factory, Organisation, Role
from jasang.web.tenants.queries import factories_under

LARGEST, MOST_ROWS, LONGEST_CELL = 5_000_000, 10_000, 100_000  # bytes, rows, letters
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did or would do: rows read, new, changed; `wrong` names row and column. Anything wrong: nothing is kept."""

    rows: int
    made: int
    changed: int
    wrong: tuple[Text, ...]
    kept: bool


def read_rows(name: str, content: bytes) -> list[Row]:
    """Rows of a CSV (UTF-8 or CP949), Excel or JSON file as texts by heading. Raises `UnreadableInput`."""
    if not 0 < len(content) <= LARGEST:
        raise UnreadableInput(
            ko=f"{name}: 비어 있거나 {LARGEST // 1_000_000} MB보다 큽니다.",
            en=f"{name}: empty, or larger than {LARGEST // 1_000_000} MB.",
        )
    ending = Path(name).suffix.lower()
    if ending == ".json":
        return _from_json(name, content)
    cells = _sheet(name, content) if ending in (".xlsx", ".xls", ".ods") else _csv(name, content)
    lines = [[_unmarked(str(cell).strip()) for cell in line] for line in cells]
    lines = [line for line in lines if any(line)]
    if not lines:
        raise UnreadableInput(ko=f"{name}: 표가 없습니다.", en=f"{name}: there is no table.")
    if len(lines) - 1 > MOST_ROWS:
        raise UnreadableInput(ko=f"{name}: {MOST_ROWS:,}행까지 읽습니다.", en=f"{name}: at most {MOST_ROWS:,} rows.")
    headings = lines[0]
    if len(set(headings)) != len(headings):
        raise UnreadableInput(ko=f"{name}: 같은 이름의 열이 있습니다.", en=f"{name}: two columns have the same name.")
    return [dict(zip(headings, [*line, *[""] * len(headings)], strict=False)) for line in lines[1:]]


def _from_json(name: str, content: bytes) -> list[Row]:
    try:
        read = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UnreadableInput(ko=f"{name}: JSON이 아닙니다.", en=f"{name}: this is no JSON.") from error
    if not isinstance(read, list) or not all(isinstance(one, dict) for one in read):
        raise UnreadableInput(ko=f"{name}: 객체의 목록이어야 합니다.", en=f"{name}: expected a list of objects.")
    return read[:MOST_ROWS]


def _csv(name: str, content: bytes) -> list[list[str]]:
    for encoding in ("utf-8-sig", "cp949"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        head = text.partition("\n")[0]
        mark = max(",;\t", key=head.count)
        try:
            lines = list(csv.reader(io.StringIO(text), delimiter=mark))
        except csv.Error:
            break
        if any(len(cell) > LONGEST_CELL for line in lines for cell in line):  # a quotation mark that never ends
            break
        return lines
    raise UnreadableInput(
        ko=f"{name}: CSV(UTF-8, CP949), 엑셀 또는 JSON 파일이어야 합니다.",
        en=f"{name}: expected CSV (UTF-8, CP949), Excel or JSON.",
    )


def _sheet(name: str, content: bytes) -> list[list[Any]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table"
        path.write_bytes(content)
        if content.startswith(b"PK"):
            guard_workbook(path, name)
        try:
            book = CalamineWorkbook.from_path(str(path))
            rows = book.get_sheet_by_index(0).to_python(nrows=MOST_ROWS + 2)
        except (CalamineError, OSError, IndexError) as error:
            raise UnreadableInput(
                ko=f"{name}: 엑셀 파일을 읽을 수 없습니다.", en=f"{name}: the workbook cannot be read."
            ) from error
    return [[_plain(cell) for cell in row] for row in rows]


def _plain(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return str(cell)


def to_csv(rows: Sequence[Mapping[str, Any]], headings: Sequence[str]) -> bytes:
    """A CSV that Excel opens as it is: UTF-8 with a mark, cells that look like formulas made harmless."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(headings)
    writer.writerows([[_harmless(row.get(name)) for name in headings] for row in rows])
    return out.getvalue().encode("utf-8-sig")


def _harmless(value: Any) -> str:
    text = "" if value is None else "; ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    formula = text[:1] in tuple("=+@\t\r") or (text[:1] == "-" and not text[1:].replace(".", "").isdigit())
    return f"'{text}" if formula else text


def _unmarked(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:2] in tuple("=+@-") else cell


# What goes out: headings and rows for an organisation; `only` narrows to one cohort or call.


def applications(organisation: Organisation, only: Any = None) -> list[Row]:
    """Applications, drafts left out."""
    rows = queries.applications_seen(organisation).order_by("call", "number", "pk")
    if isinstance(only, Call):
        rows = rows.filter(call=only)
    return [
        {"key": str(one.key), "call": one.call.title, "number": one.number, "factory": one.factory.key, "name": one.factory.name,
         "region": one.factory.region, "stage": one.stage, "cost": one.cost, "asked": one.asked, "granted": one.granted,
         "own_share": one.own_share, "due_on": one.due_on, "applied_at": one.applied_at, "wish": one.wish}
        for one in rows
    ]  # fmt: skip


def payments(organisation: Organisation, only: Any = None) -> list[Row]:
    """Payments, newest first."""
    return [
        {"paid_at": one.paid_at, "factory": one.application.factory.key, "name": one.application.factory.name,
         "call": one.application.call.title, "milestone": one.milestone.title, "amount": one.amount, "request": one.request,
         "by": one.by.get_username() if one.by else ""}
        for one in queries.payments_of(organisation)
    ]  # fmt: skip


def mentors(organisation: Organisation, only: Any = None) -> list[Row]:
    """Mentors with their skills, a column each."""
    return [
        {"key": str(one.key), "name": one.name, "region": one.region, "languages": one.languages, "days": one.days,
         "leads": "yes" if one.leads else "no", "active": "yes" if one.active else "no",
         "away": [f"{first} ~ {last}" for first, last in one.away], "conflicts": one.conflicts}
        | {f"skill:{skill}": one.skills.get(skill, 0) for skill in SKILLS}
        for one in Mentor.objects.of(organisation).order_by("name", "pk")
    ]  # fmt: skip


def cohort(organisation: Organisation, only: Any = None) -> list[Row]:
    """The factories of a cohort with level, goal, money and effect."""
    rows = Standing.objects.under(organisation).filter(cohort__isnull=False)
    if isinstance(only, Cohort):
        rows = rows.filter(cohort=only)
    return [
        {"factory": one.factory.key, "name": one.factory.name, "organisation": one.factory.organisation.name,
         "region": one.factory.region, "industry": one.factory.industry, "employees": one.factory.employees,
         "level": one.of_five, "points": round(one.points, 1), "goal": one.goal, "surveyed_on": one.surveyed_on,
         "granted": one.granted, "paid": one.paid, "effect": round(one.effect)}
        for one in rows.select_related("factory__organisation").order_by("factory__name", "pk")
    ]  # fmt: skip


def ranking(organisation: Organisation, only: Any = None) -> list[Row]:
    """The ranking of a call."""
    if not isinstance(only, Call):
        return []
    known = {
        str(one.key): one
        for one in Application.objects.of(only.organisation).filter(call=only).select_related("factory")
    }
    return [
        {"rank": row.rank, "number": known[row.key].number, "factory": known[row.key].factory.key,
         "name": known[row.key].factory.name, "mean": None if row.mean is None else round(row.mean, 2), "judges": row.judges,
         "tie": "yes" if row.tie else "", "asked": known[row.key].asked, "money_up_to_here": row.money, "side": row.side}
        | {one["id"]: round(row.by_criterion[one["id"]], 2) for one in only.criteria if one["id"] in row.by_criterion}
        for row in judging.ranking(only)
    ]  # fmt: skip


def calls(organisation: Organisation, only: Any = None) -> list[Row]:
    """Calls with their documents and criteria (JSON keeps them as they are)."""
    return [
        {"title": one.title, "cohort": one.cohort.name, "support": one.support, "text": one.text, "opens_on": one.opens_on,
         "closes_on": one.closes_on, "visits_until": one.visits_until, "judging_until": one.judging_until,
         "most_won": one.most_won, "most_share": str(one.most_share), "budget": one.budget, "least_points": one.least_points,
         "documents": one.documents, "criteria": one.criteria, "published_at": one.published_at}
        for one in queries.calls_of(organisation)
    ]  # fmt: skip


EXPORTS: dict[str, Callable[..., list[Row]]] = {
    "applications": applications, "payments": payments, "mentors": mentors, "cohort": cohort, "ranking": ranking, "calls": calls,
}  # fmt: skip


def as_json(rows: list[Row]) -> bytes:
    """Rows as a JSON list."""
    return json.dumps(rows, ensure_ascii=False, indent=1, default=str).encode()


class _Dry(Exception):
    """Everything was tried; nothing is kept."""


def tried(rows: Sequence[Row], one: Callable[[Row], bool], *, dry: bool) -> Imported:
    """Each row in one transaction: `one` keeps it and says whether it is new."""
    wrong: list[Text] = []
    made = 0
    try:
        with transaction.atomic():
            for number, row in enumerate(rows, start=2):  # row 1 holds the headings
                try:
                    with transaction.atomic():
                        made += one(row)
                except JasangError as error:
                    wrong.append(Text(ko=f"{number}행: {error.ko}", en=f"Row {number}: {error.en}"))
                    if len(wrong) >= 100:
                        break
            if wrong or dry:
                raise _Dry
    except _Dry:
        pass
    return Imported(
        rows=len(rows), made=made, changed=len(rows) - made - len(wrong), wrong=tuple(wrong), kept=not wrong and not dry
    )


def whole(row: Row, name: str, *, least: int, most: int) -> int | None:
    given = str(row.get(name) if row.get(name) is not None else "").strip()
    if not given:
        return None
    try:
        value = typed_number(given)
    except ValueError:
        value = math.nan
    if not least <= value <= most or value != int(value):
        raise UnreadableInput(
            ko=f"'{name}' 열 '{given}': {least}부터 {most}까지의 정수여야 합니다.",
            en=f"column {name!r}: {given!r}; expected a whole number from {least} to {most}.",
        )
    return int(value)


def _share(row: Row, name: str) -> float:
    given = str(row.get(name) or "0").strip()
    try:
        value = float(given)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise UnreadableInput(
            ko=f"'{name}' 열 '{given}': 0부터 1까지여야 합니다.", en=f"column {name!r}: {given!r}; expected 0 to 1."
        )
    return value


def _several(row: Row, name: str) -> list[str]:
    given = row.get(name) or []
    return given if isinstance(given, list) else [part.strip() for part in str(given).split(";") if part.strip()]


def _yes(row: Row, name: str) -> bool:
    return str(row.get(name, "")).strip().lower() in ("yes", "1", "true", "예", "o")


def import_mentors(
    *, by: AbstractBaseUser, organisation: Organisation, rows: Sequence[Row], dry: bool = False
) -> Imported:
    """Mentors by `key` (else by `name`), with the columns that `mentors` writes; a column that is not there is left as it is."""
    allow_post(by, organisation, Role.PROGRAMME_OPERATOR)
    known = {str(one.key): one for one in Mentor.objects.of(organisation)}
    by_name = {one.name: one for one in known.values()}

    def one(row: Row) -> bool:
        name = str(row.get("name", "")).strip()
        found = known.get(str(row.get("key", "")).strip()) or by_name.get(name)
        fields: Row = {"name": name} if name else {}
        for column, read in (("languages", _several), ("conflicts", _several), ("leads", _yes), ("active", _yes)):
            if column in row:
                fields[column] = read(row, column)
        if "region" in row:
            fields["region"] = str(row["region"]).strip()
        if (days := whole(row, "days", least=0, most=366)) is not None:
            fields["days"] = days
        if "away" in row:
            fields["away"] = [[day.strip() for day in span.split("~")] for span in _several(row, "away")]
        skills = {skill: _share(row, f"skill:{skill}") for skill in SKILLS if f"skill:{skill}" in row}
        if skills:
            fields["skills"] = skills
        save_mentor(by=by, organisation=organisation, mentor=found, **fields)
        return found is None

    return tried(rows, one, dry=dry)


def import_cohort(*, by: AbstractBaseUser, cohort: Cohort, rows: Sequence[Row], dry: bool = False) -> Imported:
    """Factories by `factory` (their key) or by `name`: taken into the cohort, with `goal`, and with the survey's answers.

    A column whose heading is an item of the rubric holds a step from 0 to 5; items that live data answer are refused.
    """
    allow_post(by, cohort.organisation, Role.PROGRAMME_OPERATOR)
    below = list(factories_under(cohort.organisation))
    by_key = {one.key: one for one in below}
    by_name: dict[str, list[Factory]] = {}
    for factory in below:
        by_name.setdefault(factory.name, []).append(factory)
    items = _items(rows)
    inside = set(Standing.objects.under(cohort.organisation).filter(cohort=cohort).values_list("factory_id", flat=True))

    def one(row: Row) -> bool:
        factory = _factory(row, by_key, by_name)
        goal = whole(row, "goal", least=0, most=cohorts.HIGHEST)
        steps = {item: step for item in items if (step := whole(row, item, least=0, most=5)) is not None}
        Standing.objects.of(factory).get_or_create(factory=factory, defaults={"cohort": cohort})
        changes: Row = {"cohort": cohort} | ({"goal": goal} if goal is not None else {})
        Standing.objects.of(factory).update(**changes)
        for item, step in steps.items():
            LevelAnswer.objects.of(factory).update_or_create(
                factory=factory,
                item=item,
                source="mentor",
                at=date.today(),
                defaults={"step": step, "by": by, "evidence": "survey"},
            )
        if steps and not dry:
            levels.mark_level(factory=factory)
        return factory.pk not in inside

    return tried(rows, one, dry=dry)


def _factory(row: Row, by_key: Mapping[str, Factory], by_name: Mapping[str, list[Factory]]) -> Factory:
    key, name = str(row.get("factory") or "").strip(), str(row.get("name") or "").strip()
    if key in by_key:
        return by_key[key]
    named = by_name.get(name, [])
    if not key and len(named) == 1:
        return named[0]
    if len(named) > 1 and not key:
        raise UnreadableInput(
            ko=f"'{name}' 공장이 {len(named)}곳입니다. factory 열에 열쇠를 적으세요.",
            en=f"there are {len(named)} factories named {name!r}; write the key into the column 'factory'.",
        )
    raise UnreadableInput(ko=f"'{key or name}' 공장은 없습니다.", en=f"there is no factory {key or name!r}.")


def _items(rows: Sequence[Row]) -> list[str]:
    rubric = latest_rubric()
    headings: Iterable[str] = rows[0] if rows else ()
    found = []
    for heading in headings:
        item = rubric.item(heading)
        if item is not None:
            if item.live is not None and not item.live.mentor_too:
                raise UnreadableInput(
                    ko=f"'{heading}' 항목은 현장 데이터가 답합니다.",
                    en=f"item {heading!r} is answered by the factory's own data.",
                )
            found.append(heading)
    return found


def import_factories(
    *, by: AbstractBaseUser, organisation: Organisation, rows: Sequence[Row], dry: bool = False
) -> Imported:
    """Factories by `name` with `region`, `industry`, `employees`; who is there already by that name is brought up to date."""
    allow_post(by, organisation, Role.PROGRAMME_OPERATOR, Role.COOP_OPERATOR)
    known = {one.name: one for one in Factory.objects.filter(organisation=organisation)}

    def one(row: Row) -> bool:
        name = str(row.get("name") or "").strip()
        fields: Row = {
            "region": str(row.get("region") or "").strip(), "industry": str(row.get("industry") or "").strip(),
            "employees": whole(row, "employees", least=0, most=1_000_000),
        }  # fmt: skip
        if name in known:
            members.describe_factory(by=by, factory=known[name], **fields)
            return False
        known[name] = members.make_factory(organisation, name=name, **fields)
        return True

    return tried(rows, one, dry=dry)


def import_calls(
    *, by: AbstractBaseUser, organisation: Organisation, rows: Sequence[Row], dry: bool = False
) -> Imported:
    """Calls as `calls` writes them in JSON; each is new and not published."""
    allow_post(by, organisation, Role.PROGRAMME_OPERATOR)

    def one(row: Row) -> bool:
        call_services.make_call(by=by, organisation=organisation, **_call_fields(row))
        return True

    return tried(rows, one, dry=dry)


def _call_fields(row: Row) -> Row:
    fields: Row = {
        "cohort_name": str(row.get("cohort", "")),
        "title": str(row.get("title", "")),
        "text": str(row.get("text", "")),
    }
    try:
        for name in ("opens_on", "closes_on", "visits_until", "judging_until"):
            if row.get(name) or name in ("opens_on", "closes_on"):
                fields[name] = date.fromisoformat(str(row.get(name)))
        fields["most_share"] = Decimal(str(row.get("most_share", "0.5")))
    except (ValueError, InvalidOperation) as error:
        raise UnreadableInput(
            ko=f"날짜나 비율이 맞지 않습니다: {error}", en=f"a day or share is wrong: {error}"
        ) from error
    for name in ("most_won", "budget", "least_points"):
        if (value := whole(row, name, least=0, most=10**12)) is not None:
            fields[name] = value
    fields.setdefault("most_won", 0)
    if row.get("support") in ("build", "upgrade", "mentoring"):
        fields["support"] = row["support"]
    return fields | _lists(row)


def _lists(row: Row) -> Row:
    found: Row = {}
    for name, expected in (("documents", {"name", "needed", "judges"}), ("criteria", {"id", "name", "most"})):
        given = row.get(name)
        if given is None:
            continue
        if not isinstance(given, list) or not all(isinstance(one, dict) and set(one) == expected for one in given):
            raise UnreadableInput(
                ko=f"'{name}': {sorted(expected)}를 가진 객체의 목록이어야 합니다.",
                en=f"{name!r}: expected a list of objects with {sorted(expected)}.",
            )
        if name == "criteria" and not all(
            isinstance(one["most"], int) and all(isinstance(one[part], str) for part in ("id", "name")) for one in given
        ):
            raise UnreadableInput(ko="'criteria': 배점은 정수입니다.", en="'criteria': points are whole numbers.")
        if name == "documents" and not all(isinstance(one["name"], str) for one in given):
            raise UnreadableInput(ko="'documents': 이름은 글입니다.", en="'documents': names are texts.")
        found[name] = given
    return found
