"""How well readings came: for each signal and slot of a span gaps, bad, stuck and late values, and what to do."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.compute as pc
from django.utils.translation import gettext as _

from jasang.mentor.wording import number
from jasang.plant.reading import Signal
from jasang.store import Reader
from jasang.web.floor.live import breakable

SPANS = {"day": (24, timedelta(hours=1)), "week": (28, timedelta(hours=6)), "month": (30, timedelta(days=1))}
# Kinds of a slot, worst first, each with a shape beside its colour.
SHAPES = {"gap": "✕", "bad": "▲", "stuck": "=", "late": "◷", "part": "◐", "good": "·", "none": "", "rare": "·"}
_SPORADIC = 20  # readings in a slot: fewer is a signal that tells changes only
_SILENT, _THIN = 0.05, 0.7  # shares of the usual number of readings
_BAD_SHARE = 0.01
_LATE = timedelta(seconds=60)
_SAMPLE = timedelta(minutes=2)
# A machine that rests every night stands still often; a stuck sensor once or twice.
_MOST_STILL = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A part of the span."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One signal in one slot."""

    kind: str
    words: str
    slot: Slot

    @property
    def shape(self) -> str:
        """The sign beside the colour."""
        return SHAPES[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityRow:
    """A signal over the whole span: `share` (0 to 1) of the expected readings came."""

    signal: Signal
    cells: tuple[Cell, ...]
    rate: str
    share: float | None

    @property
    def title(self) -> str:
        """Its name, which may break after a dot and before a capital."""
        return breakable(self.signal.name)


def slots(span: str, now: datetime, zone: str) -> list[Slot]:
    """The slots of "day", "week" or "month" up to now, on the clock of the factory."""
    count, width = SPANS[span]
    local = now.astimezone(ZoneInfo(zone))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    end = (midnight + (1 + (local - midnight) // width) * width).astimezone(now.tzinfo)
    return [Slot(start=end - (count - n) * width, end=end - (count - n - 1) * width) for n in range(count)]


def quality(reader: Reader, signals: Sequence[Signal], parts: Sequence[Slot], now: datetime) -> list[QualityRow]:
    """One row for each signal."""
    names = [signal.name for signal in signals]
    if not names:
        return []
    first, width = parts[0].start, parts[0].end - parts[0].start
    found: dict[str, dict[int, Mapping[str, Any]]] = {name: {} for name in names}
    for row in reader.downsample(names, first, parts[-1].end, len(parts)).to_pylist():
        found[row["signal"]][round((row["bucket"] - first) / width)] = row
    lags = _lags(reader, names, parts, now)
    extent = reader.extent()
    born = first if extent is None else extent[0]
    # Before the store's first reading nothing could come.
    passed = [
        min(1.0, max(0.0, (now - (born if slot.start < born < slot.end else slot.start)) / width)) for slot in parts
    ]
    return [_row(signal, found[signal.name], parts, lags, passed) for signal in signals]


def _lags(reader: Reader, names: Sequence[str], parts: Sequence[Slot], now: datetime) -> dict[tuple[str, int], float]:
    """How late values came, s: the median of two minutes at the end of each slot."""
    lags: dict[tuple[str, int], float] = {}
    for place, slot in enumerate(parts):
        end = min(slot.end, now)
        if end <= slot.start:
            continue
        rows = reader.range(names, max(slot.start, end - _SAMPLE), end)
        if not rows.num_rows:
            continue
        late = pc.divide(pc.subtract(rows["receive_time"], rows["source_time"]).cast("int64"), 1e6)
        grouped = rows.select(["signal"]).append_column("late", late).group_by("signal")
        for row in grouped.aggregate([("late", "approximate_median")]).to_pylist():
            lags[row["signal"], place] = row["late_approximate_median"]
    return lags


def _row(
    signal: Signal,
    found: Mapping[int, Mapping[str, Any]],
    parts: Sequence[Slot],
    lags: Mapping[tuple[str, int], float],
    passed: Sequence[float],
) -> QualityRow:
    """`passed` is the part of each slot in which readings could come."""
    counts = [found[place]["readings"] if place in found else 0 for place in range(len(parts))]
    begun = min(found, default=len(parts))
    usual = _usual(counts, passed, begun)
    still = _still(found, usual)
    cells = []
    for place, slot in enumerate(parts):
        row, lag = found.get(place), lags.get((signal.name, place), 0.0)
        expected = usual * passed[place]
        if place == begun > 0:  # it began somewhere within
            expected = min(expected, counts[place])
        kind = "none" if place < begun or passed[place] == 0 else _kind(row, expected, usual, place in still, lag)
        cells.append(Cell(kind=kind, words=_words(kind, counts[place], row, lag), slot=slot))
    return QualityRow(
        signal=signal,
        cells=tuple(cells),
        rate=_rate(usual, parts[0]),
        share=_share(counts, usual, passed, begun),
    )


def _usual(counts: Sequence[int], passed: Sequence[float], begun: int) -> float:
    """Readings in a whole slot, as a rule. The slot in which they began and that of now are no whole ones."""
    whole = [
        count for place, count in enumerate(counts) if count and passed[place] == 1 and (place > begun or not begun)
    ]
    if whole:
        return statistics.median(whole)
    rest = [count / passed[place] for place, count in enumerate(counts) if count and passed[place]]
    return rest[-1] if rest else 0.0


def _kind(row: Mapping[str, Any] | None, expected: float, usual: float, still: bool, lag: float) -> str:
    readings = 0 if row is None else row["readings"]
    if usual < _SPORADIC:
        return "bad" if row is not None and row["bad"] else "rare" if readings else "none"
    if row is None or readings < _SILENT * expected:
        return "gap" if expected >= 1 else "none"
    if row["bad"] > _BAD_SHARE * readings:
        return "bad"
    if still:
        return "stuck"
    if lag > _LATE.total_seconds():
        return "late"
    return "part" if readings < _THIN * expected else "good"


def _still(found: Mapping[int, Mapping[str, Any]], usual: float) -> set[int]:
    """Slots in which a signal that otherwise varies told one number only."""
    if usual < _SPORADIC:
        return set()
    full = {place: row for place, row in found.items() if row["minimum"] is not None and row["readings"] >= _SPORADIC}
    flat = {place for place, row in full.items() if row["minimum"] == row["maximum"]}
    if len(full) - len(flat) < max(2, len(full) // 4):
        return set()
    stretches = sum(1 for kind, _places in groupby(sorted(full), key=lambda place: place in flat) if kind)
    return flat if stretches <= _MOST_STILL else set()


def _share(counts: Sequence[int], usual: float, passed: Sequence[float], begun: int) -> float | None:
    """The part of the expected readings that came; `None` for a signal that tells changes only."""
    if usual < _SPORADIC:
        return None
    first = begun + 1 if begun and begun + 1 < len(counts) and passed[begun + 1] else begun
    expected = usual * sum(passed[first:])
    came = sum(min(count, usual) for count in counts[first:])
    return min(1.0, came / expected) if expected > 0 else None


def _rate(usual: float, slot: Slot) -> str:
    if usual < _SPORADIC:
        return _("changes only")
    seconds = (slot.end - slot.start).total_seconds() / usual
    return (
        _("every %(n)s s") % {"n": number(round(seconds, 2))}
        if seconds < 120
        else _("every %(n)s min") % {"n": number(seconds / 60)}
    )


def kind_words(kind: str) -> str:
    """A kind of slot in words."""
    return {
        "gap": _("no values"),
        "bad": _("bad quality"),
        "stuck": _("stuck"),
        "late": _("late"),
        "part": _("fewer than usual"),
        "good": _("good"),
        "rare": _("tells changes only"),
        "none": _("nothing yet"),
    }[kind]


def _words(kind: str, readings: int, row: Mapping[str, Any] | None, lag: float) -> str:
    told = [kind_words(kind), _("%(n)s readings") % {"n": f"{readings:,}"}]
    if kind == "bad" and row is not None:
        told.append(_("%(n)s of them bad") % {"n": f"{row['bad']:,}"})
    if kind == "late":
        told.append(_("%(n)s min late") % {"n": number(lag / 60)})
    return " · ".join(told)


def advice(rows: Sequence[QualityRow]) -> list[tuple[str, list[str]]]:
    """What to do, worst first, each with the signals it is about."""
    known = {
        "gap": _(
            "Values are missing: see under Machines whether the connection was lost or the machine was switched off."
        ),
        "bad": _("The machine itself calls these values bad: check the sensor, its cable and its plug."),
        "stuck": _(
            "The value stood still although it usually moves: check whether the sensor is frozen or disconnected."
        ),
        "late": _(
            "Values came late: set the clocks of the machine and the collector, and look at the network between them."
        ),
        "part": _(
            "Fewer values than usual came: look for a weak network or a machine that was switched off for a time."
        ),
    }
    told = []
    for kind, sentence in known.items():
        names = [row.title for row in rows if any(cell.kind == kind for cell in row.cells)]
        if names:
            told.append((sentence, names))
    return told


def silent_together(rows: Sequence[QualityRow]) -> list[Slot]:
    """Slots in which no signal told anything although most usually do: the collector was away, not a sensor."""
    telling = [row for row in rows if row.share is not None]
    if len(telling) < 3:
        return []
    return [
        column[0].slot
        for column in zip(*(row.cells for row in telling), strict=True)
        if all(cell.kind in {"gap", "none"} for cell in column) and any(cell.kind == "gap" for cell in column)
    ]
