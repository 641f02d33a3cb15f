"""Machines and signals of a store: levels, like machines, how each connection is doing, in words."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from jasang.connect.status import CollectorStatus, ConnectionStatus
from jasang.mentor.collected import is_own
from jasang.mentor.wording import number
from jasang.plant.reading import Reading, Signal
from jasang.store import Reader
from jasang.web.floor.connected_models import AssetPlace
from jasang.web.floor.live import age_words, machine_states, quality_of, shown_value

RATE_SPAN = timedelta(hours=1)
_SEPARATOR = re.compile(r"\s*[/>\\]\s*")
_STORE_LINE = re.compile(r"""^\s*store\s*=\s*["']*([^"'#\n]*)""", re.MULTILINE)
_NUMBERED = re.compile(r"[\s_\-#]*\d+[A-Za-z]?$")
# Machines are alike when they share so much of their signals.
_ALIKE = 0.6
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine of the store: where it stands, its kind, its signals (without the machine in front) and its state."""

    asset: str
    site: str = ""
    area: str = ""
    line: str = ""
    name: str = ""
    kind: str = ""
    signals: tuple[str, ...] = ()
    state: str = ""
    state_kind: str = "other"
    silent: int = 0  # signals of bad quality
    age: str = ""
    stated: bool = False  # somebody said the kind; else it is guessed from the name
    like: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()  # what most like machines have

    @property
    def title(self) -> str:
        """As people call it."""
        return self.name or self.asset

    @property
    def lacks_words(self) -> str:
        """What it lacks, the first few by name."""
        more = len(self.lacks) - _MOST_NAMED
        return ", ".join(self.lacks[:_MOST_NAMED]) + (f" … (+{more})" if more > 0 else "")


def guessed(asset: str) -> dict[str, str]:
    """Levels of ISA-95 from a name such as "plant/hall/line/machine", and the kind from "INJ-01"."""
    parts = [part for part in _SEPARATOR.split(asset) if part]
    levels = dict(zip(("line", "area", "site"), reversed(parts[:-1]), strict=False)) if len(parts) > 1 else {}
    own = parts[-1] if parts else asset
    return levels | {"kind": _NUMBERED.sub("", own)} if _NUMBERED.search(own) else levels


def machines(reader: Reader, places: Iterable[AssetPlace], now: datetime) -> list[Machine]:
    """Every machine of the store, by site, area, line and name."""
    known = {place.asset: place for place in places}
    last = reader.last()
    signals = {signal.name: signal for signal in reader.signals() if not is_own(signal)}
    states = {one["asset"]: one for one in machine_states(signals, last, now)}
    by_asset: dict[str, list[Signal]] = {}
    for signal in signals.values():
        by_asset.setdefault(signal.asset, []).append(signal)
    found = [
        _machine(asset, own, known.get(asset), last, states.get(asset), now) for asset, own in sorted(by_asset.items())
    ]
    return sorted(_with_likes(found), key=lambda one: (one.site, one.area, one.line, one.title))


def _machine(
    asset: str,
    signals: Sequence[Signal],
    place: AssetPlace | None,
    last: Mapping[str, Reading],
    state: Mapping[str, str] | None,
    now: datetime,
) -> Machine:
    told = [last[signal.name] for signal in signals if signal.name in last]
    stated = guessed(asset)
    if place is not None:
        stated = {field: getattr(place, field) for field in ("site", "area", "line", "name", "kind")}
    latest = max((one.receive_time for one in told), default=None)
    return Machine(
        asset=asset,
        signals=tuple(signal.name.removeprefix(f"{asset}.") for signal in signals),
        state="" if state is None else state["state"],
        state_kind="other" if state is None else state["kind"],
        stated=place is not None and bool(place.kind),
        silent=sum(quality_of(one)[0] == "bad" for one in told),
        age="" if latest is None else age_words((now - latest).total_seconds()),
        **stated,
    )


def _with_likes(found: Sequence[Machine]) -> list[Machine]:
    """Each machine with those of its kind (stated, or guessed where the signals agree) and what it lacks beside them."""
    kinds: dict[str, list[Machine]] = {}
    for one in found:
        if one.kind:
            kinds.setdefault(one.kind, []).append(one)
    told = []
    for one in found:
        like = [other for other in kinds.get(one.kind, []) if other.asset != one.asset and _alike(one, other)]
        usual = [
            name
            for name in dict.fromkeys(name for other in like for name in other.signals)
            if sum(name in other.signals for other in like) * 2 > len(like)
        ]
        lacks = tuple(name for name in usual if name not in one.signals)
        told.append(replace(one, like=tuple(other.title for other in like), lacks=lacks))
    return told


def _alike(one: Machine, other: Machine) -> bool:
    mine, theirs = set(one.signals), set(other.signals)
    return (one.stated and other.stated) or len(mine & theirs) >= _ALIKE * len(mine | theirs)


def tree(found: Sequence[Machine]) -> list[dict[str, Any]]:
    """Site, area and line with their machines; levels nobody named are left out."""
    sites: dict[str, dict[str, dict[str, list[Machine]]]] = {}
    for one in found:
        sites.setdefault(one.site, {}).setdefault(one.area, {}).setdefault(one.line, []).append(one)
    return [
        {
            "name": site,
            "areas": [
                {"name": area, "lines": [{"name": line, "machines": own} for line, own in lines.items()]}
                for area, lines in areas.items()
            ],
        }
        for site, areas in sites.items()
    ]


def signal_rows(
    reader: Reader, found: Sequence[Signal], kinds: Mapping[str, str], now: datetime
) -> list[dict[str, Any]]:
    """One page of the signal browser: last value, age, quality, readings a minute over the last hour."""
    names = [signal.name for signal in found]
    last = reader.last(names) if names else {}
    counts = {
        row["signal"]: row["readings"]
        for row in (reader.downsample(names, now - RATE_SPAN, now, 1).to_pylist() if names else [])
    }
    rows = []
    for signal in found:
        reading = last.get(signal.name)
        quality, words = ("none", _("no value yet")) if reading is None else quality_of(reading)
        numeric = reading is not None and isinstance(reading.value, int | float)
        rows.append(
            {
                "signal": signal,
                "short": signal.name.removeprefix(f"{signal.asset}."),
                "kind": kinds.get(signal.asset, ""),
                "value": "–" if reading is None else shown_value(signal, reading),
                "age": "" if reading is None else age_words((now - reading.source_time).total_seconds()),
                "rate": _rate(counts.get(signal.name, 0)),
                "quality": quality,
                "quality_words": words,
                "numeric": numeric,
            }
        )
    return rows


def _rate(readings: int) -> str:
    """Readings over the last hour as people say it."""
    if readings >= 1800:
        return _("%(n)s a second") % {"n": number(readings / 3600)}
    if readings >= 30:
        return _("%(n)s a minute") % {"n": number(readings / 60)}
    return _("%(n)s an hour") % {"n": readings} if readings else "–"


def sought(signals: Iterable[Signal], query: str, asset: str) -> list[Signal]:
    """The signals of a machine (all when blank) whose name, machine or unit has every word of the query."""
    words = query.lower().split()
    found = []
    for signal in signals:
        text = f"{signal.name} {signal.asset} {signal.unit or ''}".lower()
        if (not asset or signal.asset == asset) and all(word in text for word in words) and not is_own(signal):
            found.append(signal)
    return found


def connections(status: CollectorStatus | None, now: datetime) -> list[dict[str, Any]]:
    """How each connection of the collector is doing; troubled ones first."""
    if status is None:
        return []
    running = status.running(now)
    rows = [_connection(one, running, now) for one in status.connections]
    return sorted(rows, key=lambda row: (row["kind"] == "good", row["name"]))


def _connection(one: ConnectionStatus, running: bool, now: datetime) -> dict[str, Any]:
    words = {
        "connected": _("connected"),
        "connecting": _("is being connected"),
        "lost": _("is not connected"),
        "refused": _("refuses the connection"),
        "stopped": _("is switched off"),
    }
    state = one.state if running else "stopped"
    trouble = bool(one.missing or one.doubts or one.overflows)
    kind = {"connected": "watch" if trouble else "good", "connecting": "watch"}.get(state, "act")
    return {
        "name": one.name,
        "protocol": one.protocol,
        "url": one.url,
        "state": words.get(state, state),
        "kind": kind,
        "mark": {"good": "●", "watch": "◆", "act": "▲"}[kind],
        "since": age_words((now - one.since).total_seconds()),
        "signals": one.signals,
        "readings": f"{one.readings:,}",
        "last": "–" if one.last_reading is None else age_words((now - one.last_reading).total_seconds()),
        "error": one.last_error and {"ko": one.last_error.ko, "en": one.last_error.en},
        "error_age": "" if one.last_error_at is None else age_words((now - one.last_error_at).total_seconds()),
        "past": state == "connected",
        "notes": [{"ko": text.ko, "en": text.en} for text in (*one.missing, *one.doubts)],
        "overflows": one.overflows,
        "lag": None if one.clock_lag is None or abs(one.clock_lag) < 60 else number(one.clock_lag / 60),
    }


def collector_file(store: str) -> Path | None:
    """The collect.toml beside the store that names this store, faulty or not; `None` where there is none."""
    if not store:
        return None
    folder = Path(store).resolve()
    file = folder.parent / "collect.toml"
    try:
        text = file.read_bytes().decode("utf-8-sig", "replace")
        return file if (file.parent / _named_store(text)).resolve() == folder else None
    except (OSError, ValueError):
        return None


def _named_store(text: str) -> str:
    try:
        return str(tomllib.loads(text).get("store", "store"))
    except (
        tomllib.TOMLDecodeError
    ):  # the people of the factory are told what is wrong in it, so whose file it is must be known
        said = _STORE_LINE.search(text)
        return said[1].strip() if said is not None else "store"
