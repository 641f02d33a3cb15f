"""The live page's data: last values, machine states and trends from the readings' store, and whether the collector is there."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jasang.connect.contract import is_mark
from jasang.connect.status import CollectorStatus, ConnectionStatus
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
# A machine that said anything within this time is there: what it has not told anew still holds.
HEARD_LATELY = timedelta(minutes=2)
SPARSE = 20  # readings in a window: fewer are drawn as steps, a set point rather than a measurement
CROWDED = 4  # readings a bucket: from here on the mean alone would hide the extremes
Bucket = dict[str, Any]  # a row of jasang.store.BUCKET_SCHEMA
_MEAN, _LEAST, _MOST = Text(ko="평균", en="mean"), Text(ko="최소", en="minimum"), Text(ko="최대", en="maximum")
_STATE = re.compile(r"(^|[._ ])(machine_?state|state|status|상태)$", re.IGNORECASE)
_SETTING = re.compile(r"set_?(point)?|_sp$|설정|count|total|limit", re.IGNORECASE)
_BREAK = re.compile(r"(?<=[._])|(?<=[a-z0-9])(?=[A-Z])")
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


def live_view(
    reader: Reader, collector: CollectorStatus | None, asked: Question, *, now: datetime, zone: str
) -> dict[str, Any]:
    """Everything the page shows, ready to be drawn."""
    signals = {signal.name: signal for signal in reader.signals()}
    last = dict(reader.last())
    numeric = {name: signals[name].unit for name in signals if _is_number(last.get(name))}
    chosen = [name for name in asked.signals if name in numeric] or first_signals(numeric)
    window = timedelta(seconds=asked.window)
    start = now - window
    rows: dict[str, list[Bucket]] = {name: [] for name in chosen}
    for row in reader.downsample(chosen, start, now, BUCKETS).to_pylist() if chosen else []:
        if row["mean"] is not None:
            rows[row["signal"]].append(row)
    # A machine that was connected five minutes ago fills the picture instead of its right edge.
    begun = min((found[0]["bucket"] for found in rows.values() if found), default=start)
    if all(last[name].source_time >= begun for name in chosen):
        start = max(start, begun)
    latest: dict[str, datetime] = {}
    for name, signal in signals.items():
        if name in last:
            latest[signal.asset] = max(last[name].source_time, latest.get(signal.asset, last[name].source_time))

    def asset_here(name: str) -> bool:
        return now - latest[signals[name].asset] <= HEARD_LATELY

    status = collector_status(collector, last, now)
    connected = collector is not None and status["state"] == "here"
    return {
        "status": status,
        "window": asked.window,
        "clock": now.isoformat(),
        "timezone": zone,
        "chosen": chosen,
        "most": MOST_SIGNALS,
        "machines": machine_states(signals, last, now),
        "signals": [
            _signal(signal, last.get(name), now, chart=name in numeric)
            for name, signal in signals.items()
            if not is_mark(signal)
        ],
        "charts": [
            _chart(signals[name], last[name], rows[name], start, now, window, here=connected or asset_here(name))
            for name in chosen
        ],
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


def first_signals(numeric: Mapping[str, str | None]) -> list[str]:
    """What to show before anybody chose: measured values before set points and counters, and one of each unit first."""
    measured = sorted(
        (name for name in numeric if not _SETTING.search(name)), key=lambda name: "actual" not in name.lower()
    )
    seen: set[str | None] = set()
    one_of_each = []
    for name in measured:
        if numeric[name] not in seen:
            seen.add(numeric[name])
            one_of_each.append(name)
    rest = [name for name in (*measured, *numeric) if name not in one_of_each]
    return list(dict.fromkeys((*one_of_each, *rest)))[:FIRST_SIGNALS]


def _is_number(reading: Reading | None) -> bool:
    return reading is not None and isinstance(reading.value, int | float) and not isinstance(reading.value, bool)


def collector_status(collector: CollectorStatus | None, last: Mapping[str, Reading], now: datetime) -> dict[str, Any]:
    """Whether values come in; `trouble` names each connection that is not there."""
    if collector is None:
        return _status_by_readings(last, now)
    if not collector.running(now):
        words = _("The collector is switched off. It last wrote %(age)s.") % {"age": _age(collector.updated, now)}
        return {"state": "away", "words": words}
    trouble = [_trouble(connection, now) for connection in collector.connections if connection.state != "connected"]
    if not trouble:
        return {"state": "here", "words": _("Collecting now")}
    if len(trouble) < len(collector.connections):
        return {"state": "part", "words": _("Collecting, but not from every machine"), "trouble": trouble}
    return {"state": "away", "words": _("The collector runs but reaches no machine"), "trouble": trouble}


def _trouble(connection: ConnectionStatus, now: datetime) -> dict[str, Any]:
    known = {
        "connecting": _("is being connected"),
        "lost": _("is not connected"),
        "refused": _("refuses the connection"),
        "stopped": _("is switched off"),
    }
    error = connection.last_error
    return {
        "name": connection.name,
        "words": known.get(connection.state, connection.state),
        "since": _age(connection.since, now),
        "error": error and {"ko": error.ko, "en": error.en},
    }


def _status_by_readings(last: Mapping[str, Reading], now: datetime) -> dict[str, Any]:
    """What the readings alone can say, where a program other than our collector writes them."""
    if not last:
        return {"state": "away", "words": _("The collector has not written a value yet.")}
    latest = max(reading.receive_time for reading in last.values())
    if now - latest <= AWAY_AFTER:
        return {"state": "here", "words": _("Collecting now")}
    return {
        "state": "away",
        "words": _("The collector is away: the last value came %(age)s.") % {"age": _age(latest, now)},
    }


def _age(moment: datetime, now: datetime) -> str:
    return age_words((now - moment).total_seconds())


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


def machine_states(signals: Mapping[str, Signal], last: Mapping[str, Reading], now: datetime) -> list[dict[str, str]]:
    """Each machine that tells its state, with the state in words and since when."""
    found = []
    for name, signal in signals.items():
        reading = last.get(name)
        if reading is None or not isinstance(reading.value, str) or not _STATE.search(name):
            continue
        stale = now - reading.receive_time > timedelta(days=1)
        state = reading.value.strip().lower()
        kind = state if state in {"running", "idle", "setup", "down", "planned"} and not stale else "other"
        since = _age(reading.source_time, now)
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
    quality, words = quality_of(reading)
    age = _age(reading.source_time, now)
    return shown | {
        "value": shown_value(signal, reading),
        "quality": quality,
        "quality_words": words,
        "age": age,
        "chart": chart,
    }


def _short(signal: Signal) -> str:
    """The name without the asset in front, which the heading already says."""
    return signal.name.removeprefix(f"{signal.asset}.") or signal.name


def shown_value(signal: Signal, reading: Reading) -> str:
    """A value in words; a machine's state in the page's language."""
    value = _value(reading)
    return state_words(value) if _STATE.search(signal.name) and isinstance(reading.value, str) else value


def _value(reading: Reading) -> str:
    if reading.value is None:
        return "–"
    if isinstance(reading.value, bool):
        return _("on") if reading.value else _("off")
    return number(reading.value) if isinstance(reading.value, int | float) else reading.value.strip()[:60] or "–"


def quality_of(reading: Reading) -> tuple[str, str]:
    """good, uncertain or bad, and the word for it."""
    if reading.quality & _BAD:
        return "bad", _("bad quality")
    if reading.quality & _UNCERTAIN:
        return "uncertain", _("uncertain")
    return "good", _("good")


def _chart(
    signal: Signal,
    last: Reading,
    rows: Sequence[Bucket],
    start: datetime,
    now: datetime,
    window: timedelta,
    *,
    here: bool,
) -> dict[str, Any]:
    """The signal's trend over the whole window: bucket means, and the extremes where a bucket holds many readings.

    Of a machine that is not `here` nobody knows whether its last value still holds.
    """
    value = last.value
    if here and not rows and isinstance(value, int | float) and last.source_time < start:
        # The machine reports changes only: the value it had before the window still holds.
        times: list[datetime] = [start, now]
        means: list[float | None] = [float(value)] * 2
        lines = [Line(name=_MEAN, y=tuple(means), look="step")]
    else:
        readings = sum(row["readings"] for row in rows)
        sparse = readings < SPARSE
        # What is reported at a change only holds until the next change; of anything else a long silence is a gap.
        places = [(row["bucket"], row) for row in rows] if sparse else _with_gaps(rows, window / BUCKETS)
        times = [start, *(moment for moment, _row in places), now]
        lines = [_line(_MEAN, places, "mean", "step" if sparse else "line")]
        if readings >= CROWDED * len(rows):
            lines += [_line(_LEAST, places, "minimum", "thin"), _line(_MOST, places, "maximum", "thin")]
    short = breakable(_short(signal))
    chart = Chart(
        title=Text(ko=short, en=short),
        x_kind="time",
        x=tuple(moment.astimezone(UTC).isoformat() for moment in times),
        lines=tuple(lines),
        y_unit=signal.unit,
    )
    return {"name": signal.name, "chart": chart_json(chart)}


def breakable(name: str) -> str:
    """A long name that may break after a dot and before a capital."""
    return _BREAK.sub("\u200b", name)


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
