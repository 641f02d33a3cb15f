"""What this area tells of a factory for its level and of measured effects, from kept rows: no page opens a store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from django.db.models import Max
from django.urls import reverse
from django.utils import timezone

from jasang.diagnose.level import HandedOver, LiveFacts, Measured, latency_of_files, uptime_of_days
from jasang.plant.text import Text
from jasang.web.floor.fact_models import CollectedDay, KeptFact
from jasang.web.floor.models import DiagnosedTable, Diagnosis, Finding, FindingLife, LifeEvent, Stage
from jasang.web.floor.standing import with_owner
from jasang.web.jobs.announcing import Effect
from jasang.web.tenants.models import Factory

LOOKED_BACK = timedelta(days=90)
LATENCY_DAYS = 14
_HELPED = (Stage.VERIFIED, Stage.HELD)
_YEAR = timedelta(days=365)
_FEWEST = 2  # days: a hand-over that came again stands; one that came once was tried


def live_facts(factory: Factory) -> LiveFacts:
    """What is measured now, each with the day of its latest data and the page that shows what it rests on."""
    today = timezone.localdate()
    days = collected_days(factory, today)
    kept = {one.name: one for one in KeptFact.objects.of(factory).defer("detail")}
    versions = handed_over(factory)
    return LiveFacts(
        collection_uptime_90_days=_uptime(factory, days, today),
        latency_seconds=_latency(factory, days, versions),
        standing_analyses=_standing(factory, versions),
        verified_findings=_closed_loops(factory),
        open_worth=_open_worth(factory),
        **{
            name: Measured(value=kept[name].value, at=kept[name].at, evidence=evidence_page(factory, name))
            for name in ("records_not_typed", "lots_traceable", "machines_connected")
            if name in kept
        },
    )


def evidence_page(factory: Factory, fact: str) -> str:
    """The address of the page that shows what the fact was measured from."""
    return reverse("floor:measured", args=[factory.key]) + f"#{fact}"


def collected_days(factory: Factory, today: date) -> list[CollectedDay]:
    """The kept days of the last 90, oldest first."""
    first = today - LOOKED_BACK + timedelta(days=1)
    return list(CollectedDay.objects.of(factory).filter(day__gte=first, day__lte=today).order_by("day"))


def _uptime(factory: Factory, days: Sequence[CollectedDay], today: date) -> Measured | None:
    if not days:
        return None
    share = uptime_of_days([(one.day, one.covered) for one in days], today)
    page = evidence_page(factory, "collection_uptime_90_days")
    return Measured(value=share, at=days[-1].day, evidence=page)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A finished version of a hand-over: its file, when it was diagnosed, its first and last row."""

    title: str
    at: datetime
    first: datetime | None
    last: datetime | None
    by: str


def handed_over(factory: Factory) -> list[Version]:
    """The finished hand-overs of the last 90 days, oldest first."""
    done = Diagnosis.objects.of(factory).filter(job__state="done", job__finished_at__gte=timezone.now() - LOOKED_BACK)
    rows = done.order_by("job__finished_at", "pk").values(
        "pk", "title", "job__finished_at", "handed_over_by__username"
    )  # fmt: skip
    ends: dict[int, list[datetime]] = {}
    tables = DiagnosedTable.objects.of(factory).filter(diagnosis__in=done.values("pk"), first__isnull=False)
    for diagnosis, first, last in tables.values_list("diagnosis", "first", "last"):
        ends.setdefault(diagnosis, []).extend(one for one in (first, last) if one is not None)
    return [
        Version(
            title=row["title"], at=row["job__finished_at"], by=row["handed_over_by__username"] or "",
            first=min(ends.get(row["pk"], ()), default=None), last=max(ends.get(row["pk"], ()), default=None),
        )
        for row in rows
    ]  # fmt: skip


def _latency(factory: Factory, days: Sequence[CollectedDay], versions: Sequence[Version]) -> Measured | None:
    """Of the collector where there is one, else of the files that are handed over again and again."""
    page = evidence_page(factory, "latency_seconds")
    late = [one for one in days if one.latency is not None][-LATENCY_DAYS:]
    if late:
        return Measured(value=median(one.latency for one in late), at=late[-1].day, evidence=page)
    by_title: dict[str, list[HandedOver]] = {}
    for one in versions:
        if one.first is not None and one.last is not None:
            by_title.setdefault(one.title, []).append(HandedOver(at=one.at, first=one.first, last=one.last))
    waits = [wait for wait in map(latency_of_files, by_title.values()) if wait is not None]
    if not waits:
        return None
    # The quickest way by which news reach the screen.
    return Measured(value=min(waits), at=timezone.localdate(versions[-1].at), evidence=page)


def repeated(factory: Factory, versions: Sequence[Version]) -> list[dict[str, Any]]:
    """What is analysed again and again: standing questions whose owner belongs to the factory, and hand-overs of which a new
    version came and was diagnosed, on two days or more."""
    latest = {one.title: one.at for one in versions}
    rows: list[dict[str, Any]] = [
        {"kind": one.kind, "title": one.title, "owner": one.owner.get_username(), "at": latest.get(one.title)}
        for one in with_owner(factory)
    ]
    by_title: dict[str, list[Version]] = {}
    for version in versions:
        by_title.setdefault(version.title, []).append(version)
    rows += [
        {"kind": "diagnosis", "title": title, "owner": own[-1].by, "at": own[-1].at}
        for title, own in by_title.items()
        if len({timezone.localdate(one.at) for one in own}) >= _FEWEST
    ]
    return rows


def _standing(factory: Factory, versions: Sequence[Version]) -> Measured | None:
    """A question of a file that no longer comes stands no more."""
    rows = [row for row in repeated(factory, versions) if row["at"] is not None]
    if not versions:
        return None
    latest = max((row["at"] for row in rows), default=versions[-1].at)
    return Measured(
        value=len(rows), at=timezone.localdate(latest), evidence=evidence_page(factory, "standing_analyses")
    )  # fmt: skip


def _closed_loops(factory: Factory) -> Measured | None:
    newest = Diagnosis.objects.of(factory).filter(job__state="done").aggregate(at=Max("job__finished_at"))["at"]
    if newest is None:
        return None
    verified = LifeEvent.objects.of(factory).filter(verdict="confirmed", at__gte=timezone.now() - _YEAR)
    closed = verified.values("life").distinct().count()
    return Measured(
        value=closed, at=timezone.localdate(newest), evidence=evidence_page(factory, "verified_findings")
    )  # fmt: skip


def _open_worth(factory: Factory) -> dict[str, float]:
    """Won a year of the open findings, by rule."""
    lives = FindingLife.objects.of(factory).filter(gone=False, stage__in=(Stage.FOUND, Stage.ACCEPTED))
    worth: dict[str, float] = {}
    for document in lives.values_list("document", flat=True):
        won = _won(document).get("amount")
        if won:
            worth[document["rule"]] = worth.get(document["rule"], 0.0) + float(won)
    return worth


def _won(document: dict[str, Any] | None) -> dict[str, Any]:
    """The worth of a finding's document where it is in won, else nothing."""
    worth = (document or {}).get("worth") or {}
    return worth if worth.get("currency", "KRW") == "KRW" else {}


def effects(factory: Factory) -> tuple[Effect, ...]:
    """Every action whose effect was looked at, with what of it is verified: the part of the expected effect that came."""
    lives = list(FindingLife.objects.of(factory).filter(done_on__isnull=False).order_by("done_on", "pk"))
    events: dict[int, LifeEvent] = {}
    checks = LifeEvent.objects.of(factory).filter(life__in=lives, verdict="confirmed").defer("study")
    for event in checks.order_by("at", "pk"):
        events[event.life_id] = event
    pages: dict[int, Any] = dict(
        Finding.objects.of(factory).filter(life__in=lives).order_by("pk").values_list("life", "key")
    )
    return tuple(_effect(factory, life, events.get(life.pk), pages.get(life.pk)) for life in lives)


def _effect(factory: Factory, life: FindingLife, event: LifeEvent | None, page: Any) -> Effect:
    holds = life.stage in _HELPED and event is not None
    won, low, high = _verified_won(life.document, event) if holds else (0.0, 0.0, 0.0)
    text = life.document.get("text", {})
    return Effect(
        key=str(life.key),
        title=Text(ko=text.get("ko") or life.name, en=text.get("en") or life.name),
        url=reverse("floor:finding", args=[factory.key, page]) if page is not None else "",
        stage=life.stage,
        done_on=life.done_on,
        confirmed_at=event.at if event is not None else None,
        holds=holds,
        won=won,
        low=low,
        high=high,
        told=Text(ko=event.text_ko, en=event.text_en) if event is not None else None,
    )


def _verified_won(document: dict[str, Any], event: LifeEvent | None) -> tuple[float, float, float]:
    """Won a year with its interval: the worth of the finding for the part of the expected effect that came."""
    worth = _won(document)
    amount = float(worth.get("amount") or 0.0)
    expected = (document.get("check") or {}).get("expected")
    if event is None or event.effect is None or not expected:
        return amount, float(worth.get("low") or 0.0), float(worth.get("high") or amount)
    ends = sorted(one / expected for one in (event.low, event.high, event.effect) if one is not None)
    return amount * event.effect / expected, max(0.0, amount * ends[0]), amount * ends[-1]
