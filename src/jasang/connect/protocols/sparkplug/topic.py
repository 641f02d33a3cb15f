"""Sparkplug topics (Sparkplug 3.0.0, 4): namespace/group/type/edge node[/device]."""

from dataclasses import dataclass
from functools import lru_cache

NAMESPACE = "spBv1.0"
NODE_KINDS = ("NBIRTH", "NDEATH", "NDATA")
DEVICE_KINDS = ("DBIRTH", "DDEATH", "DDATA")


@dataclass(frozen=True, slots=True, order=True)
class NodeId:
    """An edge node: group and name are unique together."""

    group: str
    node: str

    def __str__(self) -> str:
        return f"{self.group}/{self.node}"


@dataclass(frozen=True, slots=True)
class SparkplugTopic:
    """Who says what: `kind` is the message type; `device` is `None` for an edge node's own messages."""

    kind: str
    edge: NodeId
    device: str | None


@lru_cache(maxsize=10_000)
def read_topic(text: str) -> SparkplugTopic | None:
    """The parts of a topic of edge nodes; `None` for every other topic, commands included."""
    parts = text.split("/")
    if parts[0] != NAMESPACE or not all(parts):
        return None
    if len(parts) == 4 and parts[2] in NODE_KINDS:
        return SparkplugTopic(parts[2], NodeId(parts[1], parts[3]), None)
    if len(parts) == 5 and parts[2] in DEVICE_KINDS:
        return SparkplugTopic(parts[2], NodeId(parts[1], parts[3]), parts[4])
    return None


def state_topic(host_id: str) -> str:
    """Where a host application tells whether it is there."""
    return f"{NAMESPACE}/STATE/{host_id}"


def command_topic(edge: NodeId) -> str:
    """Where an edge node listens for commands."""
    return f"{NAMESPACE}/{edge.group}/NCMD/{edge.node}"


def data_filters(group: str = "+", node: str = "+") -> list[str]:
    """The subscriptions for everything edge nodes say."""
    return [f"{NAMESPACE}/{group}/{kind}/{node}" for kind in NODE_KINDS] + [
        f"{NAMESPACE}/{group}/{kind}/{node}/+" for kind in DEVICE_KINDS
    ]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a metric is, or a part of the plant when `metric` is `None`: `group/node/device:metric`."""

    group: str
    node: str | None = None
    device: str | None = None
    metric: str | None = None

    def holds(self, edge: NodeId, device: str | None) -> bool:
        """Whether a node's, or a device's, metrics lie below this address."""
        return (
            self.group == edge.group
            and self.node in (None, edge.node)
            and (self.device is None or self.device == device)
        )


def read_address(text: str) -> Address:
    """`group`, `group/node`, `group/node/device` or, of one metric, `group/node:metric` and `group/node/device:metric`."""
    where, colon, metric = text.partition(":")
    parts = where.split("/")
    if not all(parts) or len(parts) > 3 or any(sign in where for sign in "+#\x00"):
        raise ValueError(f"{text!r} is no Sparkplug address")
    if colon and (not metric or len(parts) < 2):
        raise ValueError(f"{text!r} is no Sparkplug address")
    return Address(
        group=parts[0],
        node=parts[1] if len(parts) > 1 else None,
        device=parts[2] if len(parts) > 2 else None,
        metric=metric or None,
    )
