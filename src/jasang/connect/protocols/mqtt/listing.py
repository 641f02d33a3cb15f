"""What was heard on a broker, one entry for each value of each topic."""

import base64
from collections.abc import Mapping

from jasang.connect.contract import Variable
from jasang.connect.protocols.mqtt.json_path import Leaf, leaves
from jasang.connect.protocols.mqtt.meaning import BadMessage, content
from jasang.connect.protocols.mqtt.session import Message

MOST_VALUES = 20_000


def listed(heard: Mapping[str, Message]) -> tuple[Variable, ...]:
    """Topics as addresses with types and examples, sorted; a value inside an object is shown by its path."""
    found: list[Variable] = []
    for topic, message in sorted(heard.items()):
        if len(found) >= MOST_VALUES:
            break
        found += _values(topic, message)
    return tuple(sorted(found, key=lambda variable: (variable.path, variable.address)))


def _values(topic: str, message: Message) -> list[Variable]:
    words = [word or "_" for word in topic.split("/")]
    path = ".".join(words)
    if words[0].startswith("spBv") or not _is_text(message.payload):
        kind = (
            "Sparkplug B" if words[0].startswith("spBv") else f"binary {base64.b64encode(message.payload[:9]).decode()}"
        )
        return [Variable(address=topic, path=path, data_type=kind)]
    try:
        whole = content(message.payload, "auto")
        values = list(leaves(whole))[:MOST_VALUES]
    except (BadMessage, ValueError, RecursionError) as error:
        return [Variable(address=topic, path=path, data_type=f"? {error}")]
    return [
        Variable(
            address=topic,
            path=f"{path}{'' if not name or name.startswith('[') else '.'}{name}",
            data_type=_type(value),
            value=value,
        )
        for name, value in values
    ]


def _is_text(payload: bytes) -> bool:
    try:
        return "\x00" not in payload.decode("utf-8")
    except UnicodeDecodeError:
        return False


def _type(value: Leaf) -> str:
    if value is None:
        return "null"
    return {bool: "Boolean", int: "Integer", float: "Number", str: "Text"}[type(value)]
