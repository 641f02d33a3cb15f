"""Import over the open interface: a file of `jasang.export/1` or CSV, tried first if you like, then all of it or nothing."""

import csv
import io
import json
import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from django.db import models
from django.http import HttpRequest
from ninja import File, Query, Router, Schema
from ninja.errors import HttpError
from ninja.files import UploadedFile
from pydantic import Field

from jasang.errors import JasangError
from jasang.web.api.entering import FactoryKey, OrganisationKey, caller, factory_of, organisation_of, person_of
from jasang.web.api.exporting import FORMAT
from jasang.web.api.importing import ImportRefused, RowError, take_in
from jasang.web.api.kinds import Kind, Place, kind_named
from jasang.web.tenants.models import Factory, Role
from jasang.web.tenants.queries import role_in
from jasang.web.tenants.services import note_event

LARGEST = 50_000_000  # bytes
factory_router = Router(tags=["export and import"])
organisation_router = Router(tags=["export and import"])
Rows = Iterator[tuple[int, dict[str, Any]]]
# A document in a cell may be long; the file as a whole is bounded. The limit of the csv module is one for the whole process and
# protects the other readers: it is raised for the moment of one line only.
_LONG_CELLS = threading.Lock()


class ImportAsked(Schema):
    """How to take a file in."""

    dry_run: bool = Field(False, description="only say what would be done")
    kind: str = Field("", max_length=60, description="of the rows of a CSV file")


class CountsOut(Schema):
    """Rows of one kind."""

    created: int
    updated: int
    unchanged: int


class TakenOut(Schema):
    """What was done, or in a dry run would be done."""

    dry_run: bool
    counts: dict[str, CountsOut]


def rows_of_lines(text: Iterable[str]) -> Rows:
    """Rows of JSON Lines with their line numbers, from 1; the heading is checked and left out."""
    wrong: list[RowError] = []
    for number, line in enumerate(text, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, parse_constant=_no_constant)
            json.dumps(row, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            wrong.append(RowError(row=number, kind="", field="", found=line[:80], expected="one JSON object a line"))
            break
        if isinstance(row, dict) and "format" in row and "of" not in row:
            if row["format"] != FORMAT:
                wrong.append(
                    RowError(row=number, kind="", field="format", found=str(row["format"])[:80], expected=FORMAT)
                )
                break
            continue
        if not isinstance(row, dict):
            wrong.append(RowError(row=number, kind="", field="", found=line[:80], expected="a JSON object"))
            break
        yield number, row
    if wrong:
        raise ImportRefused(wrong)


def _no_constant(word: str) -> None:
    raise ValueError(word)


def rows_of_table(text: str, kind: Kind) -> Rows:
    """Rows of a CSV file as `exporting.as_csv` writes them, with their line numbers."""
    columns = {column.name: column for column in kind.columns()}
    reader = _told(csv.reader(io.StringIO(text, newline=""), strict=True), kind)
    names = next(reader, (0, []))[1]
    unknown = [name for name in names if name not in columns]
    if unknown or not names:
        found = unknown[0] if unknown else "nothing"
        raise ImportRefused([RowError(row=1, kind=kind.name, field="", found=found, expected=", ".join(columns))])
    for number, cells in reader:
        if len(cells) != len(names):
            found = f"{len(cells)} cells"
            expected = f"{len(names)} cells"
            raise ImportRefused([RowError(row=number, kind=kind.name, field="", found=found, expected=expected)])
        row = {name: _value(kind, columns[name], text) for name, text in zip(names, cells, strict=True)}
        yield number, {"of": kind.name} | row


def _told(reader: Any, kind: Kind) -> Iterator[tuple[int, list[str]]]:
    """The lines of a table with their numbers; what is no table is said in words."""
    try:
        while (cells := _next_line(reader)) is not None:
            yield reader.line_num, cells
    except csv.Error as error:
        wrong = RowError(
            row=reader.line_num, kind=kind.name, field="", found=str(error),
            expected="CSV as RFC 4180 has it",
        )  # fmt: skip
        raise ImportRefused([wrong]) from error


def _next_line(reader: Any) -> list[str] | None:
    with _LONG_CELLS:
        usual = csv.field_size_limit(LARGEST)
        try:
            return next(reader, None)
        finally:
            csv.field_size_limit(usual)


def _value(kind: Kind, column: Any, text: str) -> Any:
    if text == "":
        return None
    plain = text.removeprefix("'")
    structured = isinstance(column, models.JSONField) or column.name in kind.embedded
    if structured or (isinstance(column, models.ForeignKey) and plain.startswith("[")):
        try:
            return json.loads(plain, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            return plain
    if isinstance(column, models.BooleanField):
        return {"true": True, "false": False}.get(plain.lower(), plain)
    return plain


def _rows(given: UploadedFile, kind: str) -> Rows:
    if given.size is None or given.size > LARGEST:
        raise JasangError(
            ko=f"파일은 {LARGEST // 1_000_000} MB까지입니다.",
            en=f"The file may have at most {LARGEST // 1_000_000} MB.",
        )
    try:
        text = given.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise JasangError(ko="UTF-8 파일이어야 합니다.", en="Expected a file in UTF-8.") from error
    if not (given.name or "").lower().endswith(".csv"):
        return rows_of_lines(text.split("\n"))  # no other sign ends a line of JSON: texts may hold U+2028 and the like
    try:
        return rows_of_table(text, kind_named(kind))
    except KeyError as error:
        raise JasangError(ko="CSV는 kind에 종류를 적어 주세요.", en="Name the kind of a CSV file in `kind`.") from error


def _take(request: HttpRequest, place: Place, asked: ImportAsked, file: UploadedFile) -> dict[str, Any]:
    counts = take_in(
        _rows(file, asked.kind),
        place=place,
        dry_run=asked.dry_run,
        allowed=lambda kind: _writable(request, place, kind),
    )
    if not asked.dry_run:
        about = {"factory": place} if isinstance(place, Factory) else {"organisation": place}
        note_event(user=caller(request).user, action="import", subject=", ".join(counts), **about)
    return {"dry_run": asked.dry_run, "counts": {name: asdict(one) for name, one in counts.items()}}


def _writable(request: HttpRequest, place: Place, kind: Kind) -> bool:
    """What came about by steps comes in by the portal's own command only (`jasang-portal import`)."""
    if kind.by_steps or not kind.of(place):
        return False
    try:
        if isinstance(place, Factory):
            factory_of(request, place.key, f"{kind.scope}:write")
        else:
            organisation_of(request, place.key, f"{kind.scope}:write", Role.PROGRAMME_OPERATOR)
    except HttpError:
        return False
    return True


@factory_router.post("/import", response=TakenOut, summary="Take rows in: all or none")
def import_factory(
    request: HttpRequest, factory_key: FactoryKey, asked: Query[ImportAsked], file: File[UploadedFile]
) -> dict[str, Any]:
    """Scope `factory:read`, and of each kind its own to write; of people, owners and engineers. A file of `export`; 422 names
    row, field, found, expected."""
    place, who = factory_of(request, factory_key, "factory:read"), caller(request)
    if who.key is None and role_in(who.user, place) not in (Role.OWNER, Role.ENGINEER):
        raise HttpError(403, "role")  # an import writes what the pages let nobody else choose
    return _take(request, place, asked, file)


@organisation_router.post("/import", response=TakenOut, summary="Take rows in: all or none")
def import_organisation(
    request: HttpRequest, organisation_key: OrganisationKey, asked: Query[ImportAsked], file: File[UploadedFile]
) -> dict[str, Any]:
    """Scope `organisation:read`, and of each kind its own to write; of people, programme operators."""
    place = organisation_of(request, organisation_key, "organisation:read", Role.PROGRAMME_OPERATOR)
    person_of(request, place, Role.PROGRAMME_OPERATOR)
    return _take(request, place, asked, file)
