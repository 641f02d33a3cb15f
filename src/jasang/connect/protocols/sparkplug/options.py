"""The fields of a Sparkplug connection in collect.toml."""

from typing import Annotated

from pydantic import AfterValidator, Field

from jasang.connect.contract import WrongField
from jasang.connect.protocols.mqtt.broker_options import BrokerOptions
from jasang.connect.protocols.sparkplug.topic import NodeId


def _host_id(text: str) -> str:
    if any(sign in text for sign in "/+#\x00"):
        raise WrongField("", f"{text!r} 에 /, +, # 을 쓸 수 없습니다", f"{text!r} must not hold /, + or #")
    return text


def _node(text: str) -> str:
    node_id(text)
    return text


def node_id(text: str) -> NodeId:
    """`group/node`; `WrongField` otherwise."""
    group, slash, node = text.partition("/")
    if not (group and slash and node) or any(sign in text for sign in "+#\x00") or "/" in node:
        raise WrongField(
            "",
            f"{text!r} 은(는) 에지 노드가 아닙니다. 'group/node'로 씁니다",
            f"{text!r} is no edge node; expected 'group/node'",
        )
    return NodeId(group, node)


class SparkplugOptions(BrokerOptions):
    """Fields of a Sparkplug connection; times in s.

    With `primary`, the connection tells the edge nodes by STATE messages of its `host_id` whether it collects; the id must be
    this connection's alone. `nodes`: edge nodes that are asked for their births at once, and missed when they are silent.
    """

    host_id: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_host_id)] = "jasang"
    primary: bool = True
    nodes: list[Annotated[str, AfterValidator(_node)]] = Field(default=[])
    reorder_timeout: Annotated[float, Field(strict=False, ge=0.0, le=600.0)] = 2.0
    birth_timeout: Annotated[float, Field(strict=False, ge=0.1, le=600.0)] = 10.0
    transient: bool = False
