"""Which metrics are collected, and their names: `group.node.device.metric`, folders of a metric's name as dots."""

from dataclasses import dataclass, field

from jasang.connect.contract import Link
from jasang.connect.protocols.mqtt.json_path import clean
from jasang.connect.protocols.sparkplug.topic import Address, NodeId, data_filters, read_address
from jasang.plant.reading import Signal

_NOT_MEASURED = ("Node Control/", "Device Control/")  # switches for the host application


@dataclass(frozen=True, slots=True)
class Selection:
    """What a connection wants: metrics by name, parts of the plant, or everything."""

    parts: tuple[Address, ...]
    named: dict[Address, Signal] = field(default_factory=dict)
    everything: bool = False

    def signal(self, edge: NodeId, device: str | None, metric: str) -> Signal | None:
        """The signal a metric becomes; `None` for one that is not collected."""
        named = self.named.get(Address(edge.group, edge.node, device, metric))
        if named is not None:
            return named
        if metric == "bdSeq" or metric.startswith(_NOT_MEASURED):
            return None
        if not self.everything and not any(part.holds(edge, device) for part in self.parts):
            return None
        asset = asset_name(edge, device)
        return Signal(name=f"{asset}.{metric_name(metric)}", asset=asset, address=metric_address(edge, device, metric))

    def filters(self) -> list[str]:
        """The subscriptions that bring what is wanted."""
        wanted = (*self.parts, *self.named)
        if self.everything:
            return data_filters()
        found = [one for part in wanted for one in data_filters(part.group, part.node or "+")]
        return list(dict.fromkeys(found))


def selection_of(link: Link) -> Selection:
    """What collect.toml says; a branch without address is everything."""
    return Selection(
        parts=tuple(read_address(branch.address) for branch in link.branches if branch.address is not None),
        named={
            read_address(one.address): Signal(name=one.name, asset=one.asset, unit=one.unit, address=one.address)
            for one in link.signals
        },
        everything=any(branch.address is None for branch in link.branches),
    )


def asset_name(edge: NodeId, device: str | None) -> str:
    """`group.node` or `group.node.device`."""
    return ".".join(clean(part) for part in (edge.group, edge.node, device) if part is not None)


def metric_name(metric: str) -> str:
    """A metric's name with dots between its folders."""
    return ".".join(clean(part) for part in metric.split("/"))


def metric_address(edge: NodeId, device: str | None, metric: str) -> str:
    """`group/node:metric` or `group/node/device:metric`, as collect.toml takes it."""
    return f"{edge}{'' if device is None else '/' + device}:{metric}"
