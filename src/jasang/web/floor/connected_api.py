"""Collected readings for programs: signals, trends, machines, connections, quality of the data, notes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema, Status
from ninja.errors import HttpError
from pydantic import AwareDatetime, Field

from jasang.connect.status import read_status
from jasang.errors import JasangError
from jasang.store import Reader
from jasang.web.api.entering import FactoryKey, caller, factory_of
from jasang.web.api.kinds import kind_named
from jasang.web.api.lists import add_lists, one_of, schema_of
from jasang.web.floor import assets, assets_data, notes, quality_data, trends_data
from jasang.web.floor.connected_models import Annotation, AssetPlace
from jasang.web.floor.trends_views import opened
from jasang.web.tenants.models import Factory, Role
from jasang.web.tenants.queries import role_in

router = Router(tags=["collected readings"])
READ, WRITE = "floor:read", "floor:write"
NoteOut = schema_of(kind_named("notes"), "factory")
MOST_PLACES = 500


class SignalOut(Schema):
    """A signal with its latest reading; `quality` is the OPC UA status code, 0 is good."""

    name: str
    asset: str
    unit: str | None
    value: float | str | bool | None
    at: datetime | None
    received_at: datetime | None
    quality: int | None


class SignalsOut(Schema):
    """A page of signals; `next` is the number to skip for the following page."""

    items: list[SignalOut]
    next: int | None


class SignalsAsked(Schema):
    """Which signals."""

    q: str = Field("", max_length=100, description="words of the name, the machine or the unit")
    asset: str = Field("", max_length=300)
    limit: int = Field(50, ge=1, le=200)
    skip: int = Field(0, ge=0, le=10_000_000)


class TrendsAsked(Schema):
    """Which signals over which span; times are ISO 8601 with a zone."""

    signal: list[str] = Field(default_factory=list, max_length=trends_data.MOST_SIGNALS)
    start: AwareDatetime | None = Field(None, alias="from")
    end: AwareDatetime | None = Field(None, alias="to")
    points: int = Field(600, ge=50, le=1200)


class MachineOut(Schema):
    """A machine with its place; a place nobody stated is guessed from the name."""

    asset: str
    site: str
    area: str
    line: str
    kind: str
    signals: list[str]


class PlaceIn(Schema):
    """Where a machine stands."""

    asset: str = Field(min_length=1, max_length=300)
    site: str = Field("", max_length=80)
    area: str = Field("", max_length=80)
    line: str = Field("", max_length=80)
    name: str = Field("", max_length=80)
    kind: str = Field("", max_length=80)


class PlacesIn(Schema):
    """Places of machines that the store knows."""

    places: list[PlaceIn] = Field(min_length=1, max_length=MOST_PLACES)


class QualityAsked(SignalsAsked):
    """Over which span."""

    span: Literal["day", "week", "month"] = "week"
    limit: int = Field(25, ge=1, le=100)


class QualityOut(Schema):
    """Signals over the span; `share` of the expected readings came; a slot's kind is good, gap, bad, stuck, late, part …"""

    slots: list[datetime]
    items: list[dict[str, Any]]
    next: int | None


class NoteIn(Schema):
    """A note at a moment, or over a span with an end."""

    text: str = Field(min_length=1, max_length=500)
    start: AwareDatetime
    end: AwareDatetime | None = None
    asset: str = Field("", max_length=300)
    signals: list[str] = Field(default_factory=list, max_length=50)


class PlacedOut(Schema):
    """How many."""

    done: int


@contextmanager
def _reader(factory: Factory) -> Iterator[Reader]:
    with opened(factory) as reader:
        if reader is None:
            raise JasangError(
                ko="이 공장에는 아직 수집한 값이 없습니다.", en="The factory has no collected readings yet."
            )
        yield reader


def _part(found: list[Any], asked: SignalsAsked) -> tuple[list[Any], int | None]:
    end = asked.skip + asked.limit
    return found[asked.skip : end], end if end < len(found) else None


add_lists(router, "factory", "notes", "asset-places", "connection-trials")


@router.get("/signals", response=SignalsOut, summary="Signals with their latest reading")
def signals(request: HttpRequest, factory_key: FactoryKey, asked: Query[SignalsAsked]) -> dict[str, Any]:
    """Scope `floor:read`. By name."""
    with _reader(factory_of(request, factory_key, READ)) as reader:
        chosen, following = _part(assets_data.sought(reader.signals(), asked.q, asked.asset), asked)
        last = reader.last([one.name for one in chosen]) if chosen else {}
    items = []
    for one in chosen:
        reading = last.get(one.name)
        items.append(
            {
                "name": one.name,
                "asset": one.asset,
                "unit": one.unit,
                "value": reading.value if reading else None,
                "at": reading.source_time if reading else None,
                "received_at": reading.receive_time if reading else None,
                "quality": reading.quality if reading else None,
            }
        )
    return {"items": items, "next": following}


@router.get("/trends", response=dict[str, Any], summary="Signals over a span, jasang.trends/1")
def trends(request: HttpRequest, factory_key: FactoryKey, asked: Query[TrendsAsked]) -> dict[str, Any]:
    """Scope `floor:read`. Minimum, maximum and mean in equal buckets, never more than 200 kB; the last hour by default."""
    factory = factory_of(request, factory_key, READ)
    given = {"points": asked.points}
    if asked.start is not None and asked.end is not None:
        given |= {"from": asked.start.isoformat(), "to": asked.end.isoformat()}
    with _reader(factory) as reader:
        span = trends_data.asked_span(given, reader.extent(), datetime.now(UTC))
        answer = trends_data.trends(reader, asked.signal, span)
    return answer | trends_data.marks(factory, asked.signal, span)


@router.get("/machines", response=list[MachineOut], summary="Machines, their places and signals")
def machines(request: HttpRequest, factory_key: FactoryKey) -> list[dict[str, Any]]:
    """Scope `floor:read`."""
    factory = factory_of(request, factory_key, READ)
    with _reader(factory) as reader:
        found = assets_data.machines(reader, AssetPlace.objects.of(factory), datetime.now(UTC))
    names = ("asset", "site", "area", "line", "kind")
    return [{name: getattr(one, name) for name in names} | {"signals": list(one.signals)} for one in found]


def _keeping(request: HttpRequest, factory_key: str) -> Factory:
    """As the page: owners and engineers."""
    factory = factory_of(request, factory_key, WRITE)
    who = caller(request)
    if who.key is None and role_in(who.user, factory) not in (Role.OWNER, Role.ENGINEER):
        raise HttpError(403, "role")
    return factory


@router.post("/asset-places", response=PlacedOut, summary="Say where machines stand")
def place(request: HttpRequest, factory_key: FactoryKey, given: PlacesIn) -> dict[str, int]:
    """Scope `floor:write`; of people, owners and engineers. Machines that the store does not know are refused."""
    factory = _keeping(request, factory_key)
    with _reader(factory) as reader:
        known = {one.asset for one in reader.signals()}
    unknown = [one.asset for one in given.places if one.asset not in known]
    if unknown:
        raise JasangError(
            ko=f"'{unknown[0]}' 설비는 저장소에 없습니다.", en=f"The store knows no machine '{unknown[0]}'."
        )
    assets.place_assets(factory=factory, places={one.asset: one.dict(exclude={"asset"}) for one in given.places})
    return {"done": len(given.places)}


@router.get("/connections", response=dict[str, Any], summary="How the collector and its connections are doing")
def connections(request: HttpRequest, factory_key: FactoryKey) -> dict[str, Any]:
    """Scope `floor:read`. `collector` is null while none has written anything."""
    factory, now = factory_of(request, factory_key, READ), datetime.now(UTC)
    status = read_status(Path(factory.store)) if factory.store else None
    told = None if status is None else {"updated": status.updated.isoformat(), "running": status.running(now)}
    rows = assets_data.connections(status, now)
    return {"collector": told, "connections": [{name: str(value) for name, value in row.items()} for row in rows]}


@router.post("/connection-trials", response={204: None}, summary="Try every connection in the background")
def try_connections(request: HttpRequest, factory_key: FactoryKey) -> Status:
    """Scope `floor:write`. The outcome is the first of `GET …/connection-trials` once its job is done."""
    factory = factory_of(request, factory_key, WRITE)
    if assets_data.collector_file(factory.store) is None:
        raise JasangError(ko="collect.toml을 찾을 수 없습니다.", en="There is no collect.toml beside the store.")
    assets.ask_trial(factory=factory, user=caller(request).user)
    return Status(204, None)


@router.get("/quality", response=QualityOut, summary="How well readings came")
def quality(request: HttpRequest, factory_key: FactoryKey, asked: Query[QualityAsked]) -> dict[str, Any]:
    """Scope `floor:read`. Gaps, bad, stuck and late values of each signal over equal slots of the span."""
    factory, now = factory_of(request, factory_key, READ), datetime.now(UTC)
    parts = quality_data.slots(asked.span, now, factory.timezone)
    with _reader(factory) as reader:
        chosen, following = _part(assets_data.sought(reader.signals(), asked.q, asked.asset), asked)
        rows = quality_data.quality(reader, chosen, parts, now)
    items = [
        {"signal": row.signal.name, "share": row.share, "slots": [cell.kind for cell in row.cells]} for row in rows
    ]
    return {"slots": [part.start for part in parts], "items": items, "next": following}


def _within(moment: datetime) -> datetime:
    if abs(moment - datetime.now(UTC)) > timedelta(days=36_600):
        raise JasangError(
            ko=f"{moment}: 앞뒤 100년 안이어야 합니다.", en=f"{moment}: expected within a century of now."
        )
    return moment


@router.post("/notes", response={201: NoteOut}, summary="Write a note into the trends")
def add_note(request: HttpRequest, factory_key: FactoryKey, given: NoteIn) -> Status:
    """Scope `floor:write`."""
    factory = factory_of(request, factory_key, WRITE)
    if given.end is not None and _within(given.end) <= given.start:
        raise JasangError(ko="end: start보다 뒤여야 합니다.", en="end: expected after start.")
    _within(given.start)
    made = notes.annotate(factory=factory, user=caller(request).user, **given.dict())
    return Status(201, one_of(kind_named("notes"), factory, made.key))


@router.delete("/notes/{uuid:key}", response={204: None}, summary="Take a note away")
def remove_note(request: HttpRequest, factory_key: FactoryKey, key: UUID) -> Status:
    """Scope `floor:write`; of people, who wrote it, or the owner."""
    factory, who = factory_of(request, factory_key, WRITE), caller(request)
    note = get_object_or_404(Annotation.objects.of(factory).select_related("by"), key=key)
    by = note.by.get_username() if note.by is not None else ""
    role = Role.OWNER if who.key is not None else role_in(who.user, factory)
    if role is None or not notes.may_remove(role=role, by=by, user=who.user):
        raise Http404
    notes.remove_note(note=note)
    return Status(204, None)
