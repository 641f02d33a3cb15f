"""Lists and single rows of every kind, made from the tables: typed, filtered, in pages, with an ETag."""

import hashlib
import json
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Literal
from uuid import UUID

from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from ninja.errors import HttpError
from pydantic import create_model

from jasang.web.api.entering import FactoryKey, OrganisationKey, caller, factory_of, organisation_of
from jasang.web.api.kinds import Kind, Place, identity_lookups, kind_named, kinds
from jasang.web.api.paging import Page, Paging, cursor_of, place_of
from jasang.web.api.rows import plain, shown
from jasang.web.tenants.models import Factory, Organisation
from jasang.web.tenants.services import note_event

_TYPES: tuple[tuple[type[models.Field], Any], ...] = (
    (models.UUIDField, UUID),
    (models.BooleanField, bool),
    (models.IntegerField, int),
    (models.FloatField, float),
    (models.DecimalField, Decimal),
    (models.DateTimeField, datetime),
    (models.DateField, date),
    (models.JSONField, Any),
)


def type_of(kind: Kind, column: models.Field) -> Any:
    """The type a field has for programs; another row is named by a text, or by a list where one text does not do."""
    if column.name in kind.embedded:
        found: Any = dict[str, Any]
    elif isinstance(column, models.ForeignKey):
        names = identity_lookups(column.related_model)
        found = (UUID if names == ("key",) and _by_uuid(column) else str) if len(names) == 1 else list[Any]
    else:
        found = next((known for field, known in _TYPES if isinstance(column, field)), str)
    return found | None if column.null and found is not Any else found


def _by_uuid(column: models.ForeignKey) -> bool:
    return isinstance(column.related_model._meta.get_field("key"), models.UUIDField)


@cache
def schema_of(kind: Kind, of: Literal["factory", "organisation"]) -> type[Schema]:
    """What a caller of a factory or an organisation gets of one row."""
    columns = kind.columns(Factory() if of == "factory" else Organisation())
    name = "".join(part.title() for part in kind.name.split("-")) + of.title()
    return create_model(
        name, __base__=Schema, __doc__=kind.title.en, **{one.name: (type_of(kind, one), ...) for one in columns}
    )


def _asked_of(kind: Kind, of: str) -> type[Paging]:
    fields: dict[str, Any] = {}
    for name in kind.filters:
        column = kind.table._meta.get_field(name)
        wanted: Any = type_of(kind, column)
        fields[name] = (wanted if wanted is Any else wanted | None, None)
    name = "".join(part.title() for part in kind.name.split("-")) + f"{of.title()}Asked"
    return create_model(name, __base__=Paging, **fields)


def _narrowed(kind: Kind, rows: models.QuerySet[Any], asked: Paging) -> models.QuerySet[Any]:
    for name in kind.filters:
        value = getattr(asked, name)
        if value is not None:
            column = kind.table._meta.get_field(name)
            known = identity_lookups(column.related_model)[0] if isinstance(column, models.ForeignKey) else ""
            rows = rows.filter(**{f"{name}__{known}" if known else name: value})
    return rows


def page_of(kind: Kind, place: Place, asked: Paging) -> dict[str, Any]:
    """The asked page, newest first."""
    rows = _narrowed(kind, kind.rows(place), asked)
    if asked.cursor:
        rows = rows.filter(pk__lt=place_of(asked.cursor))
    found = list(shown(kind, rows.order_by("-pk")[: asked.limit + 1], place))
    more = len(found) > asked.limit
    found = found[: asked.limit]
    return {"items": found, "next": cursor_of(found[-1]["pk"]) if more else None}


def one_of(kind: Kind, place: Place, key: UUID) -> dict[str, Any]:
    """One row of the place, or 404."""
    found = next(shown(kind, kind.rows(place).filter(key=key).order_by("pk")[:1], place), None)
    if found is None:
        raise Http404
    return found


def hold_for_change(request: HttpRequest, kind: Kind, place: Place, key: UUID) -> None:
    """Hold the row to the end of the caller's transaction, or 404; refuse (412) when it is no longer as `If-Match` says.

    Of two changes at once the second looks only after the first is done.
    """
    if kind.rows(place).select_for_update(of=("self",)).filter(key=key).first() is None:
        raise Http404
    wanted = request.headers.get("If-Match", "*")
    if wanted.strip() != "*" and tag_of(one_of(kind, place, key)) not in [one.strip() for one in wanted.split(",")]:
        raise HttpError(412, "changed")


def tag_of(row: dict[str, Any]) -> str:
    """What changes when the row does."""
    text = json.dumps(plain({name: value for name, value in row.items() if name != "pk"}), sort_keys=True, default=str)
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


factory_router = Router(tags=["rows of a factory"])
organisation_router = Router(tags=["rows of an organisation"])


def add_lists(router: Router, of: Literal["factory", "organisation"], *names: str) -> None:
    """The list and the single rows of these kinds, on an area's own router: where the address also takes something new."""
    for name in names:
        (_factory_lists if of == "factory" else _organisation_lists)(kind_named(name), router)


def _factory_lists(kind: Kind, router: Router) -> None:
    schema, asked_type = schema_of(kind, "factory"), _asked_of(kind, "factory")

    def several(request: HttpRequest, factory_key: FactoryKey, asked: Query[asked_type]) -> Any:  # type: ignore[valid-type]
        return page_of(kind, factory_of(request, factory_key, f"{kind.scope}:read"), asked)

    several.__name__ = f"list_factory_{kind.name.replace('-', '_')}"
    words = f"Scope `{kind.scope}:read`."
    router.get(f"/{kind.name}", response=Page[schema], summary=kind.title.en, description=words)(several)
    if kind.identity != ("key",):
        return

    def single(request: HttpRequest, response: HttpResponse, factory_key: FactoryKey, key: UUID) -> Any:
        row = one_of(kind, factory_of(request, factory_key, f"{kind.scope}:read"), key)
        response["ETag"] = tag_of(row)
        return row

    single.__name__ = f"get_factory_{kind.name.replace('-', '_')}"
    address = f"/{kind.name}/{{uuid:key}}"
    router.get(address, response=schema, summary=f"One of: {kind.title.en}", description=words)(single)


def _organisation_lists(kind: Kind, router: Router) -> None:
    schema, asked_type = schema_of(kind, "organisation"), _asked_of(kind, "organisation")

    def several(request: HttpRequest, organisation_key: OrganisationKey, asked: Query[asked_type]) -> Any:  # type: ignore[valid-type]
        return page_of(kind, organisation_of(request, organisation_key, f"{kind.scope}:read", *kind.roles), asked)

    several.__name__ = f"list_organisation_{kind.name.replace('-', '_')}"
    words = f"Scope `{kind.scope}:read`; of people: {', '.join(kind.roles)}."
    router.get(f"/{kind.name}", response=Page[schema], summary=kind.title.en, description=words)(several)
    if kind.identity != ("key",):
        return

    def single(request: HttpRequest, response: HttpResponse, organisation_key: OrganisationKey, key: UUID) -> Any:
        place = organisation_of(request, organisation_key, f"{kind.scope}:read", *kind.roles)
        row = one_of(kind, place, key)
        _note_factory(request, place, row)
        response["ETag"] = tag_of(row)
        return row

    single.__name__ = f"get_organisation_{kind.name.replace('-', '_')}"
    address = f"/{kind.name}/{{uuid:key}}"
    router.get(address, response=schema, summary=f"One of: {kind.title.en}", description=words)(single)


def _note_factory(request: HttpRequest, place: Organisation, row: dict[str, Any]) -> None:
    """An organisation reads a row about one factory: the factory's owner can see that it did."""
    about = Factory.objects.filter(key=row["factory"]).first() if row.get("factory") else None
    if about is not None:
        note_event(
            user=caller(request).user, action="read", subject=request.path, factory=about, organisation=place,
            address=request.META.get("REMOTE_ADDR") or None,
        )  # fmt: skip


for _kind in kinds():
    if _kind.listed and _kind.of(Factory()):
        _factory_lists(_kind, factory_router)
    if _kind.listed and _kind.of(Organisation()):
        _organisation_lists(_kind, organisation_router)
