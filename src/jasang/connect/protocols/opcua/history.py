"""The machine's own history fills what was missed while the connection was down (OPC 10000-11, ReadRaw).

From the last reading that is kept up to now, page by page; a reading that is there already is not delivered again.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from asyncua import Client, ua

from jasang.connect.contract import Inbox, Link
from jasang.connect.protocols.opcua.hearing import Hearing, Item
from jasang.connect.protocols.opcua.options import options_of
from jasang.plant.reading import Reading

PAGE = 5_000  # values of one answer
PATIENCE = 30.0  # s until earlier readings are on disk
AHEAD = timedelta(hours=1)  # the machine's clock may be ahead of ours
READ_PER_REQUEST = 500

_log = logging.getLogger(__name__)


async def with_history(client: Client, nodes: Sequence[ua.NodeId]) -> set[ua.NodeId]:
    """Those of the nodes whose past the server keeps and lets us read."""
    found = set()
    for first in range(0, len(nodes), READ_PER_REQUEST):
        part = nodes[first : first + READ_PER_REQUEST]
        read = await client.read_attributes([client.get_node(one) for one in part], ua.AttributeIds.UserAccessLevel)
        for node, value in zip(part, read, strict=True):
            level = None if value.Value is None else value.Value.Value
            if isinstance(level, int) and level & 1 << ua.AccessLevel.HistoryRead:
                found.add(node)
    return found


async def last_kept(inbox: Inbox, items: Sequence[Item]) -> dict[str, datetime]:
    """Up to when each signal with a history is kept; a signal that was never kept is absent."""
    names = [item.signal.name for item in items if item.history]
    if not names:
        return {}
    # What an earlier connection delivered may still be on its way to the disk; without it readings would be read twice.
    try:
        await asyncio.wait_for(inbox.kept(inbox.deliver([])), PATIENCE)
    except TimeoutError:
        _log.warning("earlier readings are not on disk yet: the machine's history is not read this time")
        return {}
    asked = [*names, *(f"{name}[0]" for name in names)]  # an array is kept by its elements
    return {signal.removesuffix("[0]"): one.source_time for signal, one in (await inbox.last(asked)).items()}


async def fill_gaps(
    link: Link, inbox: Inbox, hearing: Hearing, items: Sequence[Item], kept: dict[str, datetime]
) -> int:
    """Deliver what the server remembers since the last reading of each signal, then what it said meanwhile; how many values.

    A signal whose history the server refuses goes on without; a lost connection is raised and leaves later readings to the
    next attempt, which will find them in the history.
    """
    filled = 0
    earliest = datetime.now(UTC) - timedelta(hours=options_of(link).history_hours)
    for item in items:
        name = item.signal.name
        if name not in kept:
            continue
        newest: datetime | None = None
        try:
            count, newest = await _fill(inbox, hearing, item, max(kept[name], earliest))
            filled += count
        except ua.UaStatusCodeError as error:
            if isinstance(error, (ua.uaerrors.BadSessionIdInvalid, ua.uaerrors.BadSessionClosed)):
                raise
            _log.warning("connection %r: no history of %r: %s", link.name, name, error)
        hearing.release(name, newest)
    if filled:
        _log.info("connection %r: %d readings of the gap came from the machine's history", link.name, filled)
    return filled


async def _fill(inbox: Inbox, hearing: Hearing, item: Item, since: datetime) -> tuple[int, datetime]:
    newest, filled = since, 0
    start, continuation = since, None
    while True:
        details = ua.ReadRawModifiedDetails()
        details.IsReadModified = False
        details.StartTime, details.EndTime = start, datetime.now(UTC) + AHEAD
        details.NumValuesPerNode = PAGE
        details.ReturnBounds = False
        result = await item.node.history_read(details, continuation)
        result.StatusCode.check()
        values = list(getattr(result.HistoryData, "DataValues", None) or ())
        received = datetime.now(UTC)
        readings: list[Reading] = []
        reached = newest
        for value in values:
            found = hearing.readings(item, value, received)
            if found and found[0].source_time > newest:
                readings += found
                reached = max(reached, found[0].source_time)
        ticket = inbox.deliver(readings)
        filled, moved, newest = filled + len(readings), reached > newest, reached
        continuation = result.ContinuationPoint
        if readings:
            await inbox.kept(ticket)  # a week of history must not gather in memory
        if continuation is None:
            # Some servers cut at the number asked for without saying that there is more.
            if len(values) < PAGE or not moved:
                return filled, newest
            start = newest
