"""Everything a place keeps, as lines of JSON (`jasang.export/1`) or, one kind at a time, as CSV."""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from ninja import Query, Router, Schema
from ninja.errors import HttpError
from pydantic import Field

from jasang.errors import JasangError
from jasang.web.api.entering import FactoryKey, OrganisationKey, caller, factory_of, organisation_of
from jasang.web.api.kinds import Kind, Place, kinds
from jasang.web.api.rows import plain, shown
from jasang.web.tenants.models import AuditEvent, Factory, Organisation
from jasang.web.tenants.services import note_event

FORMAT = "jasang.export/1"
factory_router = Router(tags=["export and import"])
organisation_router = Router(tags=["export and import"])
JSON_LINES = {"application/jsonl": {"schema": {"type": "string", "description": "one JSON object a line"}}}
OPENAPI = {
    "responses": {
        200: {"description": "The rows", "content": JSON_LINES | {"text/csv": {"schema": {"type": "string"}}}}
    }
}


class ExportAsked(Schema):
    """What to export."""

    kinds: str = Field(
        "", max_length=2000, description="names with commas between; all that the caller may read when blank"
    )
    format: str = Field("jsonl", pattern="^(jsonl|csv)$", description="csv takes one kind")


def heading(place: Place | None) -> dict[str, Any]:
    """The first line of an export."""
    of = {} if place is None else {"factory" if isinstance(place, Factory) else "organisation": place.key}
    return {"format": FORMAT, "made_at": timezone.now().isoformat()} | of


def lines(chosen: Iterable[tuple[Kind, Any]], place: Place | None) -> Iterator[dict[str, Any]]:
    """The rows of (kind, queryset) one after the other, as plain data, each with its kind in `of`."""
    for kind, rows in chosen:
        for row in shown(kind, rows.order_by("pk"), place):
            del row["pk"]
            yield {"of": kind.name} | plain(row)


def as_text(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Lines of JSON."""
    for row in rows:
        yield json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n"


def as_csv(kind: Kind, rows: Iterable[dict[str, Any]], place: Place | None) -> Iterator[str]:
    """A table with a heading; lists and objects as JSON in their cells, nothing as an empty cell."""
    names = [column.name for column in kind.columns(place)]
    yield _line(names)
    for row in rows:
        yield _line([cell(row[name]) for name in names])


def _line(cells: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()


def cell(value: Any) -> str:
    """A value in a cell. A text that a spreadsheet would reckon (=, +, -, @ in front) gets an apostrophe before it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    text = str(value)
    reckoned = isinstance(value, str) and (text.startswith(("=", "+", "-", "@", "'", "\t", "\r", "\n")) or text == "")
    return f"'{text}" if reckoned else text


def _readable(request: HttpRequest, place: Place, kind: Kind) -> bool:
    """Whether the caller may read this kind there; the address itself was allowed before."""
    try:
        if isinstance(place, Factory):
            factory_of(request, place.key, f"{kind.scope}:read")
        else:
            organisation_of(request, place.key, f"{kind.scope}:read", *kind.roles)
    except HttpError:
        return False
    return True


def chosen_kinds(request: HttpRequest, place: Place, names: str) -> list[Kind]:
    """The kinds asked for by name, or all that the caller may read there."""
    of_place = {kind.name: kind for kind in kinds() if kind.of(place)}
    if not names.strip():
        return [kind for kind in of_place.values() if _readable(request, place, kind)]
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in of_place]
    if unknown:
        known = ", ".join(of_place)
        raise JasangError(
            ko=f"kinds: '{unknown[0]}' 종류는 없습니다. 있는 종류: {known}",
            en=f"kinds: there is no kind '{unknown[0]}'. There are: {known}",
        )
    if not all(_readable(request, place, of_place[name]) for name in wanted):
        raise HttpError(403, "scope" if caller(request).key is not None else "role")
    return [kind for kind in of_place.values() if kind.name in wanted]


def _answer(request: HttpRequest, place: Place, asked: ExportAsked) -> StreamingHttpResponse:
    chosen = chosen_kinds(request, place, asked.kinds)
    about = {"factory": place} if isinstance(place, Factory) else {"organisation": place}
    note_event(user=caller(request).user, action="export", subject=", ".join(kind.name for kind in chosen), **about)
    pairs = [(kind, kind.rows(place)) for kind in chosen]
    if not isinstance(place, Factory):
        _note_factories(request, place, pairs)
    if asked.format == "csv":
        if len(chosen) != 1:
            raise JasangError(ko="CSV는 kinds에 한 종류만 적습니다.", en="CSV takes exactly one kind in kinds.")
        text = as_csv(chosen[0], lines(pairs, place), place)
        answer = StreamingHttpResponse(text, content_type="text/csv; charset=utf-8")
        name = f"{chosen[0].name}.csv"
    else:
        answer = StreamingHttpResponse(_whole(pairs, place), content_type="application/jsonl; charset=utf-8")
        name = f"{place.key}.jsonl"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _note_factories(request: HttpRequest, place: Organisation, pairs: Sequence[tuple[Kind, Any]]) -> None:
    """An organisation takes out rows of factories: each factory's owner can see which."""
    taken: dict[int, list[str]] = defaultdict(list)
    for kind, rows in pairs:
        if kind.factory not in (None, "self"):
            for number in set(rows.order_by().values_list(str(kind.factory), flat=True)) - {None}:
                taken[number].append(kind.name)
    user, address = caller(request).user, request.META.get("REMOTE_ADDR") or None
    AuditEvent.objects.bulk_create(
        (
            AuditEvent(
                user=user, account=user.get_username() if user is not None else "", action="export", factory_id=number,
                organisation=place, subject=", ".join(names)[:300], address=address,
            )
            for number, names in sorted(taken.items())
        ),
        batch_size=500,
    )  # fmt: skip


def _whole(pairs: Sequence[tuple[Kind, Any]], place: Place) -> Iterator[str]:
    yield from as_text([heading(place)])
    yield from as_text(lines(pairs, place))


@factory_router.get("/export", summary="Everything the factory keeps", openapi_extra=OPENAPI)
def export_factory(request: HttpRequest, factory_key: FactoryKey, asked: Query[ExportAsked]) -> StreamingHttpResponse:
    """Scope `factory:read`, and of each kind its own. JSON Lines with the kind in `of`, or one kind as CSV."""
    return _answer(request, factory_of(request, factory_key, "factory:read"), asked)


@organisation_router.get("/export", summary="Everything the organisation keeps", openapi_extra=OPENAPI)
def export_organisation(
    request: HttpRequest, organisation_key: OrganisationKey, asked: Query[ExportAsked]
) -> StreamingHttpResponse:
    """Scope `organisation:read`, and of each kind its own."""
    roles = {role for kind in kinds() if kind.organisation for role in kind.roles}
    return _answer(request, organisation_of(request, organisation_key, "organisation:read", *sorted(roles)), asked)
