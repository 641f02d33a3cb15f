"""Which variables an OPC UA server offers, with units and ranges."""

from collections.abc import Mapping, Sequence
from typing import Any

from asyncua import Client, Node, ua

from jasang.connect.contract import Variable
from jasang.connect.protocols.opcua.names import read_values, type_names
from jasang.errors import ConnectionFailed

MOST_VARIABLES = 20_000
DEEPEST = 12
_OWN_OBJECTS = {ua.ObjectIds.Server, ua.ObjectIds.Aliases, ua.ObjectIds.Locations}  # the server about itself
_HAS_PROPERTY = ua.NodeId(ua.ObjectIds.HasProperty)


async def browse_below(client: Client, start: Node) -> tuple[Variable, ...]:
    """All variables below a node (the node itself when it is a variable), sorted by path."""
    namespaces = await client.get_namespace_array()
    found: dict[ua.NodeId, tuple[str, dict[str, ua.NodeId]]] = {}
    seen = {start.nodeid}
    level: list[tuple[Node, str]] = [(start, "")]
    within: dict[ua.NodeId, ua.NodeId] = {}  # node -> type of the nearest object above it that is not the standard's
    if await start.read_node_class() == ua.NodeClass.Variable:
        found[start.nodeid] = ((await start.read_browse_name()).Name, await _properties(start))
    for _ in range(DEEPEST):
        below: list[tuple[Node, str]] = []
        for parent, path in level:
            for child in await _children(parent):
                node_id = child.NodeId
                if node_id in seen or (node_id.NamespaceIndex == 0 and node_id.Identifier in _OWN_OBJECTS):
                    continue
                seen.add(node_id)
                name = f"{path}.{child.BrowseName.Name}" if path else str(child.BrowseName.Name)
                node = client.get_node(node_id)
                if child.NodeClass == ua.NodeClass.Object and child.TypeDefinition.NamespaceIndex != 0:
                    within[node_id] = child.TypeDefinition
                elif parent.nodeid in within:
                    within[node_id] = within[parent.nodeid]
                below.append((node, name))
                if child.NodeClass == ua.NodeClass.Variable:
                    found[node_id] = (name, await _properties(node))
        if len(found) > MOST_VARIABLES:
            raise ConnectionFailed(
                ko=f"변수가 {MOST_VARIABLES}개를 넘습니다. 더 아래의 노드를 고르세요.",
                en=f"there are more than {MOST_VARIABLES} variables; choose a node further down",
                permanent=True,
            )
        level = below
        if not level:
            break
    variables = await _described(client, found, namespaces, within)
    return tuple(sorted(variables, key=lambda variable: variable.path))


async def _children(parent: Node) -> list[ua.ReferenceDescription]:
    described = await parent.get_references(
        refs=ua.ObjectIds.HierarchicalReferences,
        direction=ua.BrowseDirection.Forward,
        nodeclassmask=ua.NodeClass.Object | ua.NodeClass.Variable,
    )
    return [child for child in described if child.ReferenceTypeId != _HAS_PROPERTY]


async def _properties(node: Node) -> dict[str, ua.NodeId]:
    described = await node.get_references(refs=ua.ObjectIds.HasProperty, direction=ua.BrowseDirection.Forward)
    return {str(child.BrowseName.Name): child.NodeId for child in described}


async def _described(
    client: Client,
    found: dict[ua.NodeId, tuple[str, dict[str, ua.NodeId]]],
    namespaces: Sequence[str],
    within: Mapping[ua.NodeId, ua.NodeId],
) -> list[Variable]:
    ids = list(found)
    types = await read_values(client, ids, ua.AttributeIds.DataType)
    access = await read_values(client, ids, ua.AttributeIds.UserAccessLevel)
    wanted = [found[node][1].get(name) for node in ids for name in ("EngineeringUnits", "EURange")]
    kinds = await type_names(client, [*types, *within.values()])
    values = dict(zip(filter(None, wanted), await read_values(client, list(filter(None, wanted))), strict=True))
    variables = []
    for node, data_type, level in zip(ids, types, access, strict=True):
        path, properties = found[node]
        unit = values.get(properties.get("EngineeringUnits"))
        span = values.get(properties.get("EURange"))
        variables.append(
            Variable(
                address=address_of(node, namespaces),
                path=path,
                data_type=kinds.get(data_type, ""),
                unit=_unit_name(unit),
                low=float(span.Low) if isinstance(span, ua.Range) else None,
                high=float(span.High) if isinstance(span, ua.Range) else None,
                within=kinds.get(within[node]) if node in within else None,
                writable=isinstance(level, int) and bool(level & 1 << ua.AccessLevel.CurrentWrite),
            )
        )
    return variables


def _unit_name(unit: Any) -> str | None:
    if not isinstance(unit, ua.EUInformation) or unit.DisplayName is None:
        return None
    return str(unit.DisplayName.Text) if unit.DisplayName.Text else None


def address_of(node: ua.NodeId, namespaces: Sequence[str]) -> str:
    """The node id with its namespace URI: `nsu=…;s=…`; plain for the standard's own namespace 0."""
    text = str(node.to_string())
    if node.NamespaceIndex == 0 or node.NamespaceIndex >= len(namespaces):
        return text
    return f"nsu={namespaces[node.NamespaceIndex]};{text.partition(';')[2]}"
