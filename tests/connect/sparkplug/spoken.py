"""Sparkplug messages of made-up edge nodes, and a host that hears them with a clock of the test."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from jasang.connect.contract import WantedBranch
from jasang.connect.forward.frames import to_readings
from jasang.connect.protocols.sparkplug.host import Host
from jasang.connect.protocols.sparkplug.schema import Payload
from jasang.connect.protocols.sparkplug.selection import Selection
from jasang.connect.protocols.sparkplug.topic import NodeId, read_address
from jasang.plant.reading import Reading

START = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
MS = int(START.timestamp() * 1000)
STALE = 0x408F0000

__all__ = ["MS", "STALE", "START", "NodeId", "Plant", "WantedBranch", "metric", "payload"]


def payload(*metrics: dict[str, Any], seq: int | None = None, timestamp: int = MS) -> bytes:
    """A payload; each metric by its fields."""
    made = Payload(timestamp=timestamp)
    if seq is not None:
        made.seq = seq
    for fields in metrics:
        made.metrics.add(**fields)
    data: bytes = made.SerializeToString()
    return data


def metric(
    name: str | None = None, value: float | None = None, *, alias: int | None = None, **more: Any
) -> dict[str, Any]:
    """A double with the time of the test; `more` replaces and adds fields."""
    fields: dict[str, Any] = {"timestamp": MS, "datatype": 10}
    if name is not None:
        fields["name"] = name
    if alias is not None:
        fields["alias"] = alias
    if value is not None:
        fields["double_value"] = value
    return fields | more


class Plant:
    """A host and what edge nodes tell it. `seq` counts by itself unless it is given."""

    def __init__(self, *, parts: Iterable[str] = (), **settings: Any) -> None:
        selection = Selection(parts=tuple(read_address(part) for part in parts), everything=not parts)
        self.host = Host(selection, **({"reorder_timeout": 2.0, "birth_timeout": 10.0} | settings))
        self.now = 100.0
        self._next: dict[str, int] = {}

    def hear(self, kind: str, *metrics: dict[str, Any], node: str = "N", device: str | None = None, seq: int | None = -1,
             group: str = "G", timestamp: int = MS) -> None:  # fmt: skip
        """One message at the present moment."""
        if kind == "NBIRTH" and seq == -1:
            self._next[node] = 0
        if seq == -1:
            seq = None if kind == "NDEATH" else self._next.get(node, 0)
            if seq is not None:
                self._next[node] = (seq + 1) % 256
        elif seq is not None:
            self._next[node] = (seq + 1) % 256
        topic = f"spBv1.0/{group}/{kind}/{node}" + (f"/{device}" if device else "")
        self.host.take(topic, payload(*metrics, seq=seq, timestamp=timestamp), self.received, self.now)

    @property
    def received(self) -> datetime:
        return START + timedelta(seconds=self.now)

    def born(self, *, bd_seq: int = 0, node: str = "N") -> None:
        """A node with "t" (alias 1) and a device D with "p" (alias 2)."""
        self.hear("NBIRTH", metric("bdSeq", long_value=bd_seq, datatype=8), metric("t", 1.0, alias=1), node=node)
        self.hear("DBIRTH", metric("p", 2.0, alias=2), device="D", node=node)

    def wait(self, seconds: float) -> None:
        """Time passes, in steps as the connection takes them."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + 0.25)
            self.host.tick(self.received, self.now)

    def readings(self) -> list[Reading]:
        return to_readings(self.host.rows())

    def values(self) -> list[tuple[str, Any]]:
        """Names and values since the last call."""
        return [(reading.signal, reading.value) for reading in self.readings()]

    def asked(self) -> list[str]:
        """The nodes that were asked for a rebirth since the last call."""
        return [str(node) for node in self.host.requests()]

    def doubts(self) -> list[str]:
        return [text.en for text in self.host.doubts.texts()]
