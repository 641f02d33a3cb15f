"""The live page's data: last values, machine states and trends from the readings' store, and whether the collector is there."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jasang.diagnose.chart import Chart, Line
from jasang.mentor.findings_json import chart_json
from jasang.mentor.wording import number
from jasang.plant.reading import Reading, Signal
from jasang.plant.text import Text
from jasang.store import Reader

WINDOWS = (600, 3600, 28800, 86400)  # seconds
MOST_SIGNALS = 8
FIRST_SIGNALS = 4
BUCKETS = 240
# No reading of any signal for so long: the collector is away, or it has lost the machine.
AWAY_AFTER = timedelta(seconds=30)
SPARSE = 20  # readings in a window: fewer are drawn as steps, a set point rather than a measurement
CROWDED = 4  # readings a bucket: from here on the mean alone would hide the extremes
Bucket = dict[str, Any]  # a row of jasang.store.BUCKET_SCHEMA
_MEAN, _LEAST, _MOST = Text(ko="평균", en="mean"), Text(ko="최소", en="minimum"), Text(ko="최대", en="maximum")
_STATE = re.compile(r"(^|[._ ])(machine_?state|state|status|상태)$", re.IGNORECASE)
_BAD, _UNCERTAIN = 0x8000_0000, 0x4000_0000  # the two severity bits of an OPC UA status code


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the user looks at: the window in seconds, and signals (none = the first few)."""

    window: int
    signals: tuple[str, ...]


def question(given: Mapping[str, Any], signals: Sequence[str]) -> Question:
    """The question of an address; what makes no sense falls back to the first choice."""
    window = int(given["window"]) if str(given.get("window", "")).isdecimal() else 600
    return Question(window=window if window in WINDOWS else 600, signals=tuple(signals)[:MOST_SIGNALS])


def window_choices() -> list[tuple[int, str]]:
    """The windows to choose from, with their names."""
    return list(zip(WINDOWS, (_("10 min"), _("1 hour"), _("8 hours"), _("1 day")), strict=True))


def live_view(reader: Reader, asked: Question, *, now: datetime, zone: str) -> dict[str, Any]:
    """Everything the page shows, ready to be drawn."""
    signals = {signal.name: signal for signal in reader.signals()}
    last = dict(reader.last())
    numeric = [name for name in signals if _is_number(last.get(name))]
    chosen = [name for name in asked.signals if name in numeric] or _first(numeric)
    start = now - timedelta(seconds=asked.window)
    rows: dict[str, list[Bucket]] = {name: [] for name in chosen}
    for row in reader.downsample(chosen, start, now, BUCKETS).to_pylist() if chosen else []:
        if row["mean"] is not None:
            rows[row["signal"]].append(row)
    return {
        "status": _status(last, now),
        "window": asked.window,
        "clock": now.isoformat(),
        "timezone": zone,
        "chosen": chosen,
        "most": MOST_SIGNALS,
        "machines": _machines(signals, last, now),
        "signals": [_signal(signals[name], last.get(name), now, chart=name in numeric) for name in signals],
        "charts": [_chart(signals[name], last[name], rows[name], start, now) for name in chosen],
    }


def nothing_collected(error: Text | None = None) -> dict[str, Any]:
    """The answer while there is no store yet."""
    words = _("No collector has written anything yet.")
    return {
        "status": {"state": "away", "words": words, "error": error and {"ko": error.ko, "en": error.en}},
        "window": 600,
        "chosen": [],
        "most": MOST_SIGNALS,
        "machines": [],
        "signals": [],
        "charts": [],
    }


def age_words(seconds: float) -> str:
    """How long ago, as people say it."""
    if seconds < 2:
        return _("just now")
    if seconds < 60:
        return ngettext("%(n)d second ago", "%(n)d seconds ago", int(seconds)) % {"n": seconds}
    if seconds < 3600:
        return ngettext("%(n)d minute ago", "%(n)d minutes ago", int(seconds // 60)) % {"n": seconds // 60}
    if seconds < 86400:
        return ngettext("%(n)d hour ago", "%(n)d hours ago", int(seconds // 3600)) % {"n": seconds // 3600}
    return ngettext("%(n)d day ago", "%(n)d days ago", int(seconds // 86400)) % {"n": seconds // 86400}


def _first(numeric: Sequence[str]) -> list[str]:
    """Measured quantities before set points: what moves says more at first sight."""
    measured = [name for name in numeric if not re.search(r"set_?(point)?|_sp$|설정|count|total", name, re.IGNORECASE)]
    return (measured or list(numeric))[:FIRST_SIGNALS]


def _is_number(reading: Reading | None) -> bool:
    return reading is not None and isinstance(reading.value, int | float) and not isinstance(reading.value, bool)


def _status(last: Mapping[str, Reading], now: datetime) -> dict[str, str]:
    if not last:
        return {"state": "away", "words": _("The collector has not written a value yet.")}
    age = now - max(reading.receive_time for reading in last.values())
    if age <= AWAY_AFTER:
        return {"state": "here", "words": _("Collecting now")}
    words = _("The collector is away: the last value came %(age)s.") % {"age": age_words(age.total_seconds())}
    return {"state": "away", "words": words}


def state_words(state: str) -> str:
    """A machine's state in words; a code of its own stays as it is."""
    known = {
        "running": _("running"),
        "idle": _("idle"),
        "setup": _("being set up"),
        "down": _("down"),
        "planned": _("planned stop"),
    }
    return known.get(state.strip().lower(), state)


def _machines(signals: Mapping[str, Signal], last: Mapping[str, Reading], now: datetime) -> list[dict[str, str]]:
    found = []
    for name, signal in signals.items():
        reading = last.get(name)
        if reading is None or not isinstance(reading.value, str) or not _STATE.search(name):
            continue
        stale = now - reading.receive_time > timedelta(days=1)
        state = reading.value.strip().lower()
        kind = state if state in {"running", "idle", "setup", "down", "planned"} and not stale else "other"
        since = age_words((now - reading.source_time).total_seconds())
        found.append({"asset": signal.asset, "state": state_words(reading.value), "kind": kind, "since": since})
    return found


def _signal(signal: Signal, reading: Reading | None, now: datetime, *, chart: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "name": signal.name,
        "asset": signal.asset,
        "short": _short(signal),
        "unit": signal.unit or "",
    }
    if reading is None:
        return shown | {"value": "–", "quality": "none", "quality_words": _("no value yet"), "age": "", "chart": False}
    quality, words = _quality(reading)
    age = age_words((now - reading.source_time).total_seconds())
    value = _value(reading)
    if _STATE.search(signal.name) and isinstance(reading.value, str):
        value = state_words(value)
    return shown | {"value": value, "quality": quality, "quality_words": words, "age": age, "chart": chart}


def _short(signal: Signal) -> str:
    """The name without the asset in front, which the heading already says."""
    return signal.name.removeprefix(f"{signal.asset}.") or signal.name


def _value(reading: Reading) -> str:
    if reading.value is None:
        return "–"
    if isinstance(reading.value, bool):
        return _("on") if reading.value else _("off")
    return number(reading.value) if isinstance(reading.value, int | float) else reading.value[:60]


def _quality(reading: Reading) -> tuple[str, str]:
    if reading.quality & _BAD:
        return "bad", _("bad quality")
    if reading.quality & _UNCERTAIN:
        return "uncertain", _("uncertain")
    return "good", _("good")


def _chart(signal: Signal, last: Reading, rows: Sequence[Bucket], start: datetime, now: datetime) -> dict[str, Any]:
    """The signal's trend over the whole window: bucket means, and the extremes where a bucket holds many readings."""
    value = last.value
    if not rows and isinstance(value, int | float) and last.source_time < start:
        # The machine reports changes only: the value it had before the window still holds.
        times: list[datetime] = [start, now]
        means: list[float | None] = [float(value)] * 2
        lines = [Line(name=_MEAN, y=tuple(means), look="step")]
    else:
        places = _with_gaps(rows, (now - start) / BUCKETS)
        times = [start, *(moment for moment, _row in places), now]
        readings = sum(row["readings"] for row in rows)
        look: Literal["step", "line"] = "step" if readings < SPARSE else "line"
        lines = [_line(_MEAN, places, "mean", look)]
        if readings >= CROWDED * len(rows):
            lines += [_line(_LEAST, places, "minimum", "thin"), _line(_MOST, places, "maximum", "thin")]
    short = _short(signal)
    chart = Chart(
        title=Text(ko=short, en=short),
        x_kind="time",
        x=tuple(moment.astimezone(UTC).isoformat() for moment in times),
        lines=tuple(lines),
        y_unit=signal.unit,
    )
    return {"name": signal.name, "chart": chart_json(chart)}


def _with_gaps(rows: Sequence[Bucket], width: timedelta) -> list[tuple[datetime, Bucket | None]]:
    """The buckets with an empty one where nothing came for long: a gap stays a gap."""
    places: list[tuple[datetime, Bucket | None]] = []
    for row in rows:
        if places and row["bucket"] - places[-1][0] > max(12 * width, timedelta(minutes=2)):
            places.append((places[-1][0] + width, None))
        places.append((row["bucket"], row))
    return places


def _line(
    name: Text, places: Sequence[tuple[datetime, Bucket | None]], column: str, look: Literal["step", "line", "thin"]
) -> Line:
    """A line over the whole window: its first and last point carry no value, only the ends of the axis."""
    return Line(
        name=name, y=(None, *(None if row is None else row[column] for _moment, row in places), None), look=look
    )
