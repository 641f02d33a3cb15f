"""Facts for the level, reckoned by the workers in the background: days collected, what is typed, lots that are traced."""

import logging
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.compute as pc
from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, Q, Subquery
from django.utils import timezone

from jasang.connect.status import CollectorStatus, read_status
from jasang.diagnose.level import Stream, record_kind, records_not_typed, share_traced, trace_lots
from jasang.errors import JasangError
from jasang.mentor.asked_data import open_evidence
from jasang.mentor.collected import is_own
from jasang.plant.factory import Role
from jasang.plant.reading import Signal
from jasang.store import Reader, open_reader
from jasang.web.floor.connected_models import AssetPlace
from jasang.web.floor.diagnosing import path_of
from jasang.web.floor.fact_models import SLOTS, CollectedDay, FactTurn, KeptFact
from jasang.web.floor.models import DiagnosedTable, Diagnosis
from jasang.web.floor.queries import current_diagnoses
from jasang.web.jobs.models import State
from jasang.web.tenants.models import Factory

log = logging.getLogger(__name__)

DAYS = 90
AGAIN_AFTER = timedelta(minutes=30)  # of a factory with a collector
FILES_AGAIN_AFTER = timedelta(days=1)
BUDGET_SECONDS = 10.0  # of one turn of a worker: jobs wait meanwhile
ALIVE = timedelta(days=14)  # a signal that was heard of so long ago still comes by itself
MOST_SIGNALS, EACH_MACHINE = 24, 3
_SAMPLES, _SAMPLE = 6, timedelta(minutes=2)
_SHOWN_STREAMS = 200


def keep_facts(now: datetime | None = None) -> int:
    """The chore: bring the facts of the factories up to date whose turn it is, as many as the time allows; how many."""
    moment = now or timezone.now()
    end, count = time.monotonic() + BUDGET_SECONDS, 0
    for factory in due(moment)[:50]:
        try:
            finished = keep_facts_of(factory=factory, now=moment, until=end)
        except JasangError as error:
            log.warning("facts of factory %s: %s", factory.key, error)
            finished = True  # looked at again in its next turn
        if finished:
            _note_turn(factory, moment)
        count += 1
        if time.monotonic() > end:
            break
    return count


def due(now: datetime) -> Any:
    """The factories whose facts are old, or that have a diagnosis newer than they."""
    turns = FactTurn.objects.of_every_factory().filter(factory=OuterRef("pk"))
    done = Diagnosis.objects.of_every_factory().filter(factory=OuterRef("pk"), job__state=State.DONE)
    fresh = turns.filter(at__gt=now - AGAIN_AFTER)
    fresh_files = turns.filter(at__gt=now - FILES_AGAIN_AFTER)
    known = Factory.objects.filter(closed_at__isnull=True)
    with_store = Q(~Q(store=""), ~Exists(fresh))
    with_files = Q(Exists(done), ~Exists(fresh_files)) | Q(
        Exists(
            done.filter(
                ~Exists(
                    FactTurn.objects.of_every_factory().filter(factory=OuterRef("factory"), newest__gte=OuterRef("pk"))
                )
            )
        )
    )
    waited = Subquery(turns.values("at")[:1])  # who waited longest comes first, whatever the load
    return (
        known.filter(with_store | with_files).annotate(looked=waited).order_by(F("looked").asc(nulls_first=True), "pk")
    )


def keep_facts_of(*, factory: Factory, now: datetime, until: float | None = None) -> bool:
    """Reckon the facts of one factory; whether all days are done (`until`: on the clock of `time.monotonic`)."""
    signals: Sequence[Signal] = ()
    heard: dict[str, datetime] = {}
    finished = True
    if factory.store and Path(factory.store).exists():
        reader = open_reader(factory.store)
        try:
            signals = [one for one in reader.signals() if not is_own(one)]
            heard = {name: one.source_time for name, one in reader.last().items()}
            finished = _keep_days(factory, reader, signals, now, until)
        finally:
            reader.close()
        _keep_connected(factory, read_status(Path(factory.store)), now)
        _keep_machines(factory, signals, heard, now)
    _keep_typed(factory, signals, heard, now)
    _keep_traced(factory, now)
    return finished


@transaction.atomic
def _note_turn(factory: Factory, now: datetime) -> None:
    newest = Diagnosis.objects.of(factory).filter(job__state=State.DONE).aggregate(newest=Max("pk"))["newest"] or 0
    FactTurn.objects.of(factory).update_or_create(factory=factory, defaults={"at": now, "newest": newest})


def day_span(factory: Factory, day: date) -> tuple[datetime, datetime]:
    """The day on the factory's clock, in UTC."""
    zone = ZoneInfo(factory.timezone)
    first = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    after = day + timedelta(days=1)
    return first, datetime(after.year, after.month, after.day, tzinfo=zone).astimezone(UTC)


def _today(factory: Factory, now: datetime) -> date:
    return now.astimezone(ZoneInfo(factory.timezone)).date()


def _looked_at(signals: Sequence[Signal]) -> list[str]:
    """A few signals of every machine: whether data came shows on them, and a thousand need not be read."""
    by_asset: dict[str, list[str]] = {}
    for signal in signals:
        by_asset.setdefault(signal.asset, []).append(signal.name)
    chosen = [names[place] for place in range(EACH_MACHINE) for names in by_asset.values() if place < len(names)]
    return chosen[:MOST_SIGNALS]


def _keep_days(factory: Factory, reader: Reader, signals: Sequence[Signal], now: datetime, until: float | None) -> bool:
    """Look at the days from the last kept one on, oldest first; whether all are done."""
    extent, names = reader.extent(), _looked_at(signals)
    if extent is None or not names:
        return True
    today = _today(factory, now)
    day = max(today - timedelta(days=DAYS - 1), _today(factory, extent[0]))
    kept = CollectedDay.objects.of(factory).filter(readings__gt=0).aggregate(last=Max("day"))["last"]
    if kept is not None:  # a day is looked at once more on the next: what was forwarded late counts
        day = max(day, kept - timedelta(days=1))
    least = day + timedelta(days=3)  # also where a day takes longer than a turn, the next turn begins further on
    while day <= min(today, _today(factory, extent[1])):
        _keep_day(factory, reader, names, day)
        day += timedelta(days=1)
        if until is not None and day >= least and time.monotonic() > until:
            return day > today
    return True


def _keep_day(factory: Factory, reader: Reader, names: Sequence[str], day: date) -> None:
    first, after = day_span(factory, day)
    width = (after - first) / SLOTS
    bits, readings = 0, 0
    table = reader.downsample(names, first, after, SLOTS)
    for moment, count in zip(table.column("bucket").to_pylist(), table.column("readings").to_pylist(), strict=True):
        bits |= 1 << min(SLOTS - 1, max(0, round((moment - first) / width)))
        readings += count
    if readings:
        latency = _latency(reader, names, first, width, bits)
        _join_day(factory, day, bits, readings=readings, latency=latency)


def _latency(reader: Reader, names: Sequence[str], first: datetime, width: timedelta, bits: int) -> float | None:
    """Median of receive time minus source time, s, over two minutes of a few of the day's slots."""
    told = [slot for slot in range(SLOTS) if bits >> slot & 1]
    step = max(1, len(told) // _SAMPLES)
    lags = []
    for slot in told[::step][:_SAMPLES]:
        begin = first + slot * width
        rows = reader.range(names, begin, begin + _SAMPLE)
        if not rows.num_rows:  # a slow signal: the whole slot
            rows = reader.range(names, begin, begin + width)
        if rows.num_rows:
            late = pc.divide(pc.subtract(rows["receive_time"], rows["source_time"]).cast("int64"), 1e6)
            lags.append(pc.approximate_median(late).as_py())
    # A machine's clock that runs ahead makes a reading arrive before it happened.
    return max(0.0, sorted(lags)[len(lags) // 2]) if lags else None


@transaction.atomic
def _join_day(factory: Factory, day: date, bits: int, **told: Any) -> None:
    row, _made = CollectedDay.objects.of(factory).get_or_create(factory=factory, day=day)
    row.slots = f"{row.bits | bits:0{SLOTS // 4}x}"
    for name, value in told.items():
        setattr(row, name, value)
    row.save()


def _keep_connected(factory: Factory, collector: CollectorStatus | None, now: datetime) -> None:
    """A connection that stands although nothing changed is no gap: count from when it was made to when it was last told."""
    if collector is None:
        return
    spans = [
        (max(one.since, collector.started), min(collector.updated, now))
        for one in collector.connections
        if one.state == "connected"
    ]
    oldest = now - timedelta(days=DAYS)
    for begin, end in spans:
        day = _today(factory, max(begin, oldest))
        while day <= _today(factory, end):
            first, after = day_span(factory, day)
            width = (after - first) / SLOTS
            low = max(0, int((begin - first) / width))
            high = min(SLOTS - 1, int((end - first) / width))
            if high >= low and end > first:
                _join_day(factory, day, ((1 << (high - low + 1)) - 1) << low)
            day += timedelta(days=1)


def _keep_machines(factory: Factory, signals: Sequence[Signal], heard: dict[str, datetime], now: datetime) -> None:
    """Of the machines the factory names or ever connected, those that told something within a day."""
    assets = {signal.asset for signal in signals}
    named = set(AssetPlace.objects.of(factory).values_list("asset", flat=True))
    telling = {
        one.asset for one in signals if one.name in heard and now - heard[one.name] < timedelta(days=1)
    }  # fmt: skip
    if not assets:
        return
    last = max((heard[one.name] for one in signals if one.name in heard), default=None)
    every = assets | named
    silent = sorted(every - telling)
    if last is not None:
        _keep(
            factory, "machines_connected", len(telling) / len(every), _today(factory, last),
            {"telling": sorted(telling)[:_SHOWN_STREAMS], "silent": silent[:_SHOWN_STREAMS]},
        )  # fmt: skip


def _keep_typed(factory: Factory, signals: Sequence[Signal], heard: dict[str, datetime], now: datetime) -> None:
    """Which of the 4M1E come by themselves: signals that still tell, and files that a program hands over."""
    streams, newest = [], [moment for name, moment in heard.items() if now - moment < ALIVE]
    for signal in signals:
        kind = record_kind(signal.name)
        if kind is not None and signal.name in heard and now - heard[signal.name] < ALIVE:
            streams.append(Stream(name=signal.name, place=signal.asset, kind=kind, by_itself=True))
    tables = DiagnosedTable.objects.of(factory).filter(diagnosis__in=current_diagnoses(factory).values("pk"))
    for table in tables.select_related("diagnosis").order_by("pk"):
        by_itself = table.diagnosis.handed_over_by_id is None
        newest.append(table.diagnosis.handed_over_at)
        for column in table.columns:
            kind = record_kind(column["name"], Role(column["role"]))
            if kind is not None:
                streams.append(Stream(name=column["name"], place=table.file, kind=kind, by_itself=by_itself))
    share = records_not_typed(streams)
    if share is not None:
        shown = [[one.kind.value, one.place, one.name, one.by_itself] for one in streams[:_SHOWN_STREAMS]]
        _keep(
            factory, "records_not_typed", share, _today(factory, max(newest)), {"streams": shown, "count": len(streams)}
        )


def _keep_traced(factory: Factory, now: datetime) -> None:
    """Read the current files once for every new one, and keep how far their lots can be traced."""
    current = list(current_diagnoses(factory).defer("notices").order_by("pk"))
    if not current:
        return
    kept = KeptFact.objects.of(factory).filter(name="lots_traceable").first()
    stamp = ",".join(str(one.pk) for one in current)
    if kept is not None and kept.detail.get("of") == stamp:
        return
    spans = [day_span(factory, day) for day in _days_with_readings(factory)]
    found, newest = [], []
    for diagnosis in current:
        try:
            with open_evidence(path_of(diagnosis)) as evidence:
                traced = trace_lots(evidence, spans)
        except JasangError as error:  # the file is gone: what it said once is no proof today
            log.info("facts of factory %s: %s", factory.key, error)
            continue
        found += [(str(diagnosis.key), one) for one in traced]
        newest += [diagnosis.handed_over_at] if traced else []
    share = share_traced([one for _key, one in found])
    if share is None:
        KeptFact.objects.of(factory).filter(name="lots_traceable").delete()
        return
    tables = [
        {"diagnosis": key, "file": one.file, "rows": one.rows, "traced": one.traced, "links": one.links}
        for key, one in found
    ]
    _keep(factory, "lots_traceable", share, _today(factory, max(newest)), {"of": stamp, "tables": tables})


def _days_with_readings(factory: Factory) -> Iterable[date]:
    return CollectedDay.objects.of(factory).filter(readings__gt=0).values_list("day", flat=True)


@transaction.atomic
def _keep(factory: Factory, name: str, value: float, at: date, detail: dict[str, Any]) -> None:
    KeptFact.objects.of(factory).update_or_create(
        factory=factory, name=name, defaults={"value": value, "at": at, "detail": detail}
    )
