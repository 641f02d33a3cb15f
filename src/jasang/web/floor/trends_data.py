"""Trends over any span, from years to a second: as many buckets as the picture has points, never more than 200 kB."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from django.urls import reverse

from jasang.plant.reading import Signal
from jasang.plant.text import Text
from jasang.store import Reader
from jasang.web.floor.connected_models import Annotation
from jasang.web.floor.models import Finding, Severity
from jasang.web.floor.queries import current_diagnoses
from jasang.web.tenants.models import Factory

FORMAT = "jasang.trends/1"
MOST_SIGNALS = 12
MOST_BYTES = 200_000
MOST_ROWS = 5000  # of all signals together: some 30 bytes each
_ROOM_FOR_MARKS = 40_000
MOST_BUCKETS, LEAST_BUCKETS = 1200, 50
SHORTEST, LONGEST = timedelta(milliseconds=200), timedelta(days=3660)
FIRST_SPAN = timedelta(hours=1)
MOST_MARKS = 40
# A signal with fewer readings in `_CONTEXT` tells changes only: its value holds until the next one.
_SPORADIC, _CONTEXT, _CONTEXT_BUCKETS = 20, timedelta(hours=1), 720
_MISSED = 6  # usual distances between readings without one are a gap
_FARTHEST = timedelta(minutes=30)
_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What is looked at: `start <= time < end`, in about `buckets` points."""

    start: datetime
    end: datetime
    buckets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Habit:
    """How a signal reports: the usual distance between readings in s, `None` where it tells changes only."""

    usual: float | None


def asked_span(given: Mapping[str, Any], extent: tuple[datetime, datetime] | None, now: datetime) -> Span:
    """The span of an address (`from`, `to`: ISO 8601; `points`); what makes no sense is the last hour with readings."""
    latest = min(now, extent[1]) if extent is not None else now
    start, end = _moment(given.get("from")), _moment(given.get("to"))
    if start is None or end is None or end - start < SHORTEST or end - start > LONGEST:
        start, end = latest - FIRST_SPAN, latest + timedelta(seconds=1)
    points = str(given.get("points", ""))
    wanted = int(points) if points.isdecimal() and len(points) < 6 else 600
    return Span(start=start, end=end, buckets=min(MOST_BUCKETS, max(LEAST_BUCKETS, wanted)))


def _moment(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
        return None if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def numeric_signals(reader: Reader) -> dict[str, Signal]:
    """The signals whose last value is a number or a truth value, by name."""
    last = reader.last()
    return {
        signal.name: signal
        for signal in reader.signals()
        if signal.name in last and isinstance(last[signal.name].value, int | float)
    }


def trends(reader: Reader, names: Sequence[str], span: Span) -> dict[str, Any]:
    """`jasang.trends/1`: minimum, maximum and mean of each signal in equal buckets (docs/trends.md)."""
    signals = {signal.name: signal for signal in reader.signals()}
    chosen = [name for name in dict.fromkeys(names) if name in signals][:MOST_SIGNALS]
    buckets = max(LEAST_BUCKETS, min(span.buckets, MOST_ROWS // max(1, len(chosen))))
    while True:
        answer = _answer(reader, [signals[name] for name in chosen], span, buckets)
        if buckets <= LEAST_BUCKETS or _size(answer) < MOST_BYTES - _ROOM_FOR_MARKS:
            return answer
        buckets = max(LEAST_BUCKETS, buckets * 2 // 3)


def _answer(reader: Reader, signals: Sequence[Signal], span: Span, buckets: int) -> dict[str, Any]:
    names = [signal.name for signal in signals]
    short = span.end - span.start < _CONTEXT
    habits = _habits(reader, names, span) if short else {}
    # Between two readings a short window has none: the neighbours outside hold the line.
    distances = [habit.usual for habit in habits.values() if habit.usual is not None]
    margin = min(_FARTHEST, timedelta(seconds=1.5 * max(distances, default=0.0)))
    start, end = span.start - margin, span.end + margin
    step = _step(-((start - end) // buckets))
    # On the multiples of the step: the buckets stay the same while the picture is moved.
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    start = epoch + (start - epoch) // step * step
    count = -((start - end) // step)
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for row in reader.downsample(names, start, start + count * step, count).to_pylist() if names else []:
        rows[row["signal"]].append(row)
    if not short:
        habits = {name: _habit([(row["bucket"], row["readings"]) for row in rows[name]], step) for name in names}
    held = _held(reader, [name for name in names if habits[name].usual is None], start)
    extent = reader.extent()
    return {
        "format": FORMAT,
        "start": start.timestamp() * 1000,
        "step": step / timedelta(milliseconds=1),
        "buckets": count,
        "extent": None if extent is None else [moment.timestamp() * 1000 for moment in extent],
        "signals": [
            _signal(signal, rows[signal.name], start, step, habits[signal.name], held.get(signal.name))
            for signal in signals
        ],
    }


def _step(least: timedelta) -> timedelta:
    """The length of a bucket: long ones in whole slots of the store's roll-ups, so that a year's readings need not be read."""
    for slot in (timedelta(hours=1), timedelta(minutes=10)):
        if least >= slot:
            return -(-least // slot) * slot
    return max(timedelta(microseconds=1), least)


def _habits(reader: Reader, names: Sequence[str], span: Span) -> dict[str, _Habit]:
    """How the signals report around a short span."""
    middle = span.start + (span.end - span.start) / 2
    first = middle - _CONTEXT / 2
    found: dict[str, list[tuple[datetime, int]]] = {name: [] for name in names}
    for row in reader.downsample(names, first, first + _CONTEXT, _CONTEXT_BUCKETS).to_pylist() if names else []:
        found[row["signal"]].append((row["bucket"], row["readings"]))
    return {name: _habit(rows, _CONTEXT / _CONTEXT_BUCKETS) for name, rows in found.items()}


def _habit(rows: Sequence[tuple[datetime, int]], step: timedelta) -> _Habit:
    readings = sum(count for _, count in rows)
    if readings < _SPORADIC:
        return _Habit(usual=None)
    counts = sorted(count for _, count in rows)
    typical = counts[len(counts) // 2]
    if typical > 1 or len(rows) < 3:
        return _Habit(usual=step.total_seconds() / max(1, typical))
    distances = sorted((after[0] - before[0]).total_seconds() for before, after in pairwise(rows))
    return _Habit(usual=distances[len(distances) // 2])


def _held(reader: Reader, names: Sequence[str], start: datetime) -> dict[str, float]:
    """What signals that tell changes only stood at when the span began."""
    if not names:
        return {}
    _times, numbers = reader.grid(names, start, start + timedelta(microseconds=1), timedelta(microseconds=1))
    return {name: float(value) for name, value in zip(names, numbers[0], strict=True) if math.isfinite(value)}


def _signal(
    signal: Signal,
    rows: Sequence[Mapping[str, Any]],
    start: datetime,
    step: timedelta,
    habit: _Habit,
    held: float | None,
) -> dict[str, Any]:
    """One signal: `at` are the places of buckets with numbers; `low` and `high` only where a bucket holds several."""
    full = [row for row in rows if row["mean"] is not None]
    places = [(row["bucket"] - start) // step for row in full]
    many = any(row["minimum"] != row["maximum"] for row in full)
    return {
        "name": signal.name,
        "asset": signal.asset,
        "unit": signal.unit or "",
        "steps": habit.usual is None,
        "gap": None if habit.usual is None else max(2.5, _MISSED * habit.usual / step.total_seconds() + 1),
        "held": None if held is None else _rounded(held),
        "at": places,
        "mean": [_rounded(row["mean"]) for row in full],
        "low": [_rounded(row["minimum"]) for row in full] if many else None,
        "high": [_rounded(row["maximum"]) for row in full] if many else None,
        "bad": [(row["bucket"] - start) // step for row in rows if row["bad"]],
        "readings": sum(row["readings"] for row in rows),
    }


def _rounded(value: float) -> float:
    """Six digits: more than a picture or a machine's sensor tells, and short as text."""
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else 0.0


def marks(factory: Factory, names: Sequence[str], span: Span) -> dict[str, Any]:
    """Notes that fall into the span and findings that begin in it, in two queries."""
    near = Annotation.objects.of(factory).filter(start__lt=span.end, start__gte=span.start - LONGEST)
    notes = [
        note
        for note in near.select_related("by").order_by("-start")[:500]
        if (note.end or note.start) >= span.start and concerns(note, names)
    ][:MOST_MARKS]
    found = (
        Finding.objects.of(factory)
        .filter(diagnosis__in=current_diagnoses(factory).values("pk"), since__gte=span.start, since__lt=span.end)
        .order_by("severity", "place")[:MOST_MARKS]
    )
    findings = [
        {
            "start": one.since.timestamp() * 1000,
            "severity": Severity(one.severity).word,
            "text": {"ko": _short(one.text_ko), "en": _short(one.text_en)},
            "url": reverse("floor:finding", args=[factory.key, one.key]),
        }
        for one in found
        if one.since is not None
    ]
    return {"notes": _within([note_json(note) for note in notes]), "findings": _within(findings)}


def _within(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As many of them as half the room for marks holds."""
    kept, size = [], 0
    for one in told:
        size += _size(one)
        if size > _ROOM_FOR_MARKS // 2:
            break
        kept.append(one)
    return kept


def _size(answer: dict[str, Any]) -> int:
    """Bytes on the wire."""
    return len(json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode())


def concerns(note: Annotation, names: Sequence[str]) -> bool:
    """Whether a note is about one of the signals: named, of its machine, or about the whole factory."""
    if note.signals:
        return any(name in names for name in note.signals)
    return not note.asset or any(name.startswith(f"{note.asset}.") for name in names)


def note_json(note: Annotation) -> dict[str, Any]:
    """A note as the page draws it."""
    return {
        "key": str(note.key),
        "start": note.start.timestamp() * 1000,
        "end": None if note.end is None else note.end.timestamp() * 1000,
        "text": note.text,
        "asset": note.asset,
        "signals": note.signals,
        "by": note.by.get_username() if note.by is not None else "",
    }


def nothing(error: Text | None = None) -> dict[str, Any]:
    """The answer while there is no store, or it cannot be read."""
    told = None if error is None else {"ko": error.ko, "en": error.en}
    return {"format": FORMAT, "start": 0, "step": 1, "buckets": 0, "extent": None, "signals": [], "error": told}


def _short(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:118]} …"
