"""Events and alarms of a machine as text readings of `<asset>.events`: JSON with severity, source, message and type."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from asyncua import Client, ua

from jasang.connect.contract import Inbox, Link
from jasang.connect.protocols.opcua.hearing import Hearing
from jasang.connect.protocols.opcua.options import options_of
from jasang.connect.protocols.opcua.value import plain
from jasang.plant.reading import Reading

# What is asked of every event: our name for it, the type that defines it, its path (OPC 10000-5 6.4.2, OPC 10000-9 5.5).
FIELDS: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    ("id", ua.ObjectIds.BaseEventType, ("EventId",)),
    ("type", ua.ObjectIds.BaseEventType, ("EventType",)),
    ("time", ua.ObjectIds.BaseEventType, ("Time",)),
    ("severity", ua.ObjectIds.BaseEventType, ("Severity",)),
    ("source", ua.ObjectIds.BaseEventType, ("SourceName",)),
    ("message", ua.ObjectIds.BaseEventType, ("Message",)),
    ("condition", ua.ObjectIds.ConditionType, ("ConditionName",)),
    ("active", ua.ObjectIds.AlarmConditionType, ("ActiveState", "Id")),
    ("acknowledged", ua.ObjectIds.AcknowledgeableConditionType, ("AckedState", "Id")),
)


def event_filter() -> ua.EventFilter:
    """All the fields of `FIELDS`; a server gives nothing for those that an event has not."""
    wanted = ua.EventFilter()
    for _, kind, path in FIELDS:
        operand = ua.SimpleAttributeOperand()
        operand.TypeDefinitionId = ua.NodeId(kind)
        operand.BrowsePath = [ua.QualifiedName(name, 0) for name in path]
        operand.AttributeId = ua.AttributeIds.Value
        wanted.SelectClauses.append(operand)
    return wanted


def event_request(handle: int, queue_size: int) -> ua.MonitoredItemCreateRequest:
    """The events of the whole server."""
    request = ua.MonitoredItemCreateRequest()
    request.ItemToMonitor.NodeId = ua.NodeId(ua.ObjectIds.Server)
    request.ItemToMonitor.AttributeId = ua.AttributeIds.EventNotifier
    request.MonitoringMode = ua.MonitoringMode.Reporting
    request.RequestedParameters.ClientHandle = handle
    request.RequestedParameters.QueueSize = queue_size
    request.RequestedParameters.DiscardOldest = True
    request.RequestedParameters.Filter = event_filter()
    return request


async def pass_on_events(client: Client, link: Link, inbox: Inbox, hearing: Hearing) -> None:
    """Deliver events as they come, until cancelled."""
    types: dict[ua.NodeId, str] = {}
    latest = datetime.min.replace(tzinfo=UTC)
    least = options_of(link).event_severity
    while True:
        fields = await hearing.events.get()
        found = {name: field.Value for (name, _, _), field in zip(FIELDS, fields, strict=False)}
        severity = found.get("severity")
        if isinstance(severity, int) and severity < least:
            continue
        kind = found.get("type")
        if isinstance(kind, ua.NodeId):
            if kind not in types:
                types[kind] = await _name(client, kind)
            found["type"] = types[kind]
        received = datetime.now(UTC)
        moment = found.pop("time", None)
        source = moment.replace(tzinfo=UTC) if isinstance(moment, datetime) else received
        # One signal has one value at a moment: events of the same moment stand a microsecond apart.
        latest = (
            source if source > latest or latest - source > timedelta(seconds=1) else latest + timedelta(microseconds=1)
        )
        inbox.deliver([event_reading(link, found, latest, received)])


def event_reading(link: Link, found: dict[str, Any], source: datetime, received: datetime) -> Reading:
    """An event as a reading whose value is JSON; what the event does not say is left out."""
    told = {name: plain(value) for name, value in found.items() if value is not None}
    text = json.dumps(told, ensure_ascii=False, sort_keys=True)
    return Reading(signal=f"{link.asset}.events", source_time=source, receive_time=received, value=text, quality=0)


async def _name(client: Client, kind: ua.NodeId) -> str:
    try:
        return str((await client.get_node(kind).read_browse_name()).Name)
    except (TimeoutError, ua.UaError):
        return str(kind.to_string())
