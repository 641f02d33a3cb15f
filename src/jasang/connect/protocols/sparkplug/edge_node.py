"""What a host application knows of one edge node and its devices between their births and deaths."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jasang.connect.protocols.sparkplug.ordering import Sequence
from jasang.connect.protocols.sparkplug.topic import NodeId, SparkplugTopic
from jasang.connect.protocols.sparkplug.values import Leaf
from jasang.plant.reading import Signal

LONGEST_PATIENCE = 300.0  # s between two requests to a node that does not answer
CALM = 10.0  # times its pause a node must have been in order for its next trouble to be a new one
MOST_HELD = 10_000  # messages


@dataclass(slots=True)
class Metric:
    """A metric as its birth announced it; `signal` is `None` when it is not collected.

    `place` is that of its signal's name in `Heard` once the signal is described, -1 before and where it is not collected.
    """

    name: str
    datatype: int
    signal: Signal | None
    place: int = -1


@dataclass(slots=True)
class Speaker:
    """An edge node itself or one of its devices: the metrics of its last birth, and last values by place of the signal."""

    online: bool = False
    metrics: dict[str, Metric] = field(default_factory=dict)
    last: dict[int, Leaf] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One decoded message."""

    topic: SparkplugTopic
    payload: Any
    received: datetime


@dataclass(slots=True)
class EdgeNode:
    """One edge node; `None` among `speakers` is the node itself. Moments in s of a monotonic clock."""

    id: NodeId
    speakers: dict[str | None, Speaker] = field(default_factory=dict)
    aliases: dict[int, Metric] = field(default_factory=dict)
    bd_seq: int | None = None
    sequence: Sequence[Arrival] = field(default_factory=Sequence)
    unsure_since: float | None = None  # our connection was lost after its birth: it may have died and been born again
    held: list[Arrival] = field(default_factory=list)  # what came meanwhile
    wanted: bool = False  # a rebirth
    asked_at: float | None = None
    patience: float = 0.0
    to_come: set[str] = field(default_factory=set)  # devices that must be born again after the node's birth
    to_come_since: float = 0.0

    @property
    def online(self) -> bool:
        """Whether the node was born and has not died."""
        node = self.speakers.get(None)
        return node is not None and node.online

    def may_ask(self, now: float, pause: float) -> bool:
        """Whether a rebirth may be asked for now; a node that needs it again and again is asked ever less often."""
        if self.asked_at is None or now - self.asked_at >= CALM * max(pause, self.patience):
            self.patience = pause
        elif now - self.asked_at < self.patience:
            return False
        else:
            self.patience = min(LONGEST_PATIENCE, 2.0 * self.patience)
        self.asked_at = now
        return True
