"""How each connection is doing, written by the collector to `status.json` in the store's folder and read by anybody."""

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from jasang.plant.text import Text

FILE = "status.json"
FORMAT = "jasang.collector/1"
STALE_AFTER = timedelta(seconds=15)

State = Literal["connecting", "connected", "lost", "refused", "stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionStatus:
    """One connection: `since` is when `state` began; `last_error` stays after the machine is back; times are UTC.

    `overflows` counts readings whose status code says that the machine's queue was too small and changes were lost.
    """

    name: str
    protocol: str
    url: str
    state: State
    since: datetime
    last_error: Text | None = None
    last_error_at: datetime | None = None
    signals: int = 0
    missing: tuple[Text, ...] = ()
    doubts: tuple[Text, ...] = ()
    readings: int = 0
    last_reading: datetime | None = None
    overflows: int = 0
    clock_lag: float | None = None  # s; median of receive time minus source time of the latest readings


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardStatus:
    """Store and forward: `sent` readings are durable at the receiver, `waiting` ones are not yet (about), `lost` were given up.

    `clock_offset` is the receiver's clock minus this one in s, known to ± `clock_within`. `acknowledged_at` is when the receiver
    last said that it had kept readings, since the collector was started.
    """

    url: str
    sender: str
    state: State
    since: datetime
    last_error: Text | None = None
    last_error_at: datetime | None = None
    sent: int = 0
    waiting: int = 0
    waiting_since: datetime | None = None
    spool_bytes: int = 0
    spool_limit: int = 0
    lost: int = 0
    lost_from: datetime | None = None
    lost_to: datetime | None = None
    clock_offset: float | None = None
    clock_within: float | None = None
    acknowledged_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorStatus:
    """The collector: `stored` readings are acknowledged, `dropped` were lost because the store could not take them for long."""

    pid: int
    started: datetime
    updated: datetime
    stopped: bool
    stored: int
    waiting: int
    dropped: int
    connections: tuple[ConnectionStatus, ...]
    forward: ForwardStatus | None = None

    def running(self, now: datetime) -> bool:
        """Whether the collector still writes its status; `False` after a clean stop or 15 s of silence."""
        return not self.stopped and now - self.updated < STALE_AFTER


def write_status(folder: Path, status: CollectorStatus) -> None:
    """Replace the file in one step, so that a reader never sees half of it."""
    new = folder / f"{FILE}.{status.pid}"
    new.write_text(json.dumps({"format": FORMAT, **asdict(status)}, default=_iso, ensure_ascii=False), encoding="utf-8")
    os.replace(new, folder / FILE)


def read_status(folder: Path) -> CollectorStatus | None:
    """The last status a collector wrote, `None` when none ever did (or a release that this one cannot read)."""
    try:
        found: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if found.pop("format") != FORMAT:
            return None
        found["connections"] = tuple(_connection(entry) for entry in found["connections"])
        found["forward"] = _forward(found.get("forward"))
        for name in ("started", "updated"):
            found[name] = datetime.fromisoformat(found[name])
        return CollectorStatus(**found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _connection(entry: dict[str, Any]) -> ConnectionStatus:
    for name in ("since", "last_error_at", "last_reading"):
        entry[name] = None if entry[name] is None else datetime.fromisoformat(entry[name])
    error = entry["last_error"]
    entry["last_error"] = None if error is None else Text(**error)
    for name in ("missing", "doubts"):
        entry[name] = tuple(Text(**text) for text in entry.get(name, ()))
    return ConnectionStatus(**entry)


def _forward(entry: dict[str, Any] | None) -> ForwardStatus | None:
    if entry is None:
        return None
    for name in ("since", "last_error_at", "waiting_since", "lost_from", "lost_to", "acknowledged_at"):
        told = entry.get(name)  # a collector of an earlier release says nothing of some
        entry[name] = None if told is None else datetime.fromisoformat(told)
    entry["last_error"] = None if entry["last_error"] is None else Text(**entry["last_error"])
    return ForwardStatus(**entry)


def _iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a status")
