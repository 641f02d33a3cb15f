"""The names that stand behind numbers and node ids: of enumerations, of data types and of companion specifications' types."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from asyncua import Client, ua

READ_PER_REQUEST = 500
LEARNING = 20.0  # s to read the descriptions of a server's structures
_log = logging.getLogger(__name__)
_BUILT_IN = 25  # data types i=1 … i=25 of the standard are built in (OPC 10000-6 5.1.2)


async def read_values(
    client: Client, ids: Sequence[ua.NodeId], attribute: ua.AttributeIds = ua.AttributeIds.Value
) -> list[Any]:
    """One attribute of many nodes; `None` where a node does not have it."""
    values: list[Any] = []
    for first in range(0, len(ids), READ_PER_REQUEST):
        nodes = [client.get_node(node) for node in ids[first : first + READ_PER_REQUEST]]
        read = await client.read_attributes(nodes, attribute)
        values += [None if value.Value is None else value.Value.Value for value in read]
    return values


async def type_names(client: Client, types: Iterable[Any]) -> dict[ua.NodeId, str]:
    """The names of data types or type definitions, those of companion specifications and of the maker too."""
    names: dict[ua.NodeId, str] = {}
    unknown = []
    for one in dict.fromkeys(types):
        if not isinstance(one, ua.NodeId):
            continue
        if one.NamespaceIndex == 0 and one.Identifier in ua.ObjectIdNames:
            names[one] = str(ua.ObjectIdNames[one.Identifier])
        else:
            unknown.append(one)
    found = await read_values(client, unknown, ua.AttributeIds.BrowseName)
    for one, name in zip(unknown, found, strict=True):
        names[one] = str(name.Name) if isinstance(name, ua.QualifiedName) and name.Name else str(one.to_string())
    return names


async def enumeration_names(client: Client, nodes: Sequence[ua.NodeId]) -> dict[ua.NodeId, Mapping[int, str]]:
    """For each node whose data type is an enumeration, the names of its numbers."""
    types = await read_values(client, nodes, ua.AttributeIds.DataType)
    by_type: dict[ua.NodeId, Mapping[int, str]] = {}
    for one in dict.fromkeys(kind for kind in types if isinstance(kind, ua.NodeId)):
        if one.NamespaceIndex != 0 or not isinstance(one.Identifier, int) or one.Identifier > _BUILT_IN:
            names = await _of_type(client, one)
            if names:
                by_type[one] = names
    return {node: by_type[kind] for node, kind in zip(nodes, types, strict=True) if kind in by_type}


async def learn_structures(client: Client, nodes: Sequence[ua.NodeId]) -> None:
    """Let the library know the structures that these nodes may hold, so that their fields come by name.

    Servers before OPC UA 1.04 describe theirs otherwise and some describe them wrongly: such a value stays bytes.
    """
    types = await read_values(client, nodes, ua.AttributeIds.DataType)
    if any(isinstance(kind, ua.NodeId) and kind.NamespaceIndex != 0 for kind in types):
        try:
            await asyncio.wait_for(client.load_data_type_definitions(), LEARNING)
        # The library writes Python classes from what the server says, which may be anything.
        except (
            ua.UaError,
            OSError,
            TimeoutError,
            ValueError,
            TypeError,
            LookupError,
            AttributeError,
            SyntaxError,
            NameError,
        ) as error:
            _log.debug("the structures of the server are not understood: %r", error)


async def _of_type(client: Client, kind: ua.NodeId) -> Mapping[int, str]:
    """The property EnumStrings or EnumValues of a data type (OPC 10000-3 8.40); empty when it has neither."""
    try:
        described = await client.get_node(kind).get_references(
            refs=ua.ObjectIds.HasProperty, direction=ua.BrowseDirection.Forward
        )
        held = {str(one.BrowseName.Name): one.NodeId for one in described}
        wanted = [held[name] for name in ("EnumValues", "EnumStrings") if name in held][:1]
        if not wanted:
            return {}
        (value,) = await read_values(client, wanted)
    except (TimeoutError, ua.UaError):
        return {}
    names = {}
    for place, one in enumerate(value if isinstance(value, list) else []):
        number = int(one.Value) if isinstance(one, ua.EnumValueType) else place
        text = one.DisplayName if isinstance(one, ua.EnumValueType) else one
        if isinstance(text, ua.LocalizedText) and text.Text:
            names[number] = str(text.Text)
    return names
