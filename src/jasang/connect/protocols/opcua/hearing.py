"""What a subscription says, as readings in the order in which it was sent.

asyncua's own subscription starts a task for every change; here a whole message becomes one delivery, which is what lets one core
take ten thousand changes a second.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from asyncua import Client, Node, ua
from asyncua.common.subscription import Subscription

from jasang.connect.contract import Inbox, WantedSignal
from jasang.connect.protocols.opcua.value import readings_of
from jasang.plant.reading import Reading

KEEP_ALIVE = 5.0  # s: a server with nothing to say still says so this often
MOST_EVENTS = 10_000  # events that wait for the name of their type


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One signal that is asked for: its node, and the names of its numbers where it is an enumeration."""

    signal: WantedSignal
    node: Node
    names: Mapping[int, str] | None = None
    history: bool = False  # whether the server keeps this node's past


class DirectSubscription(Subscription):  # type: ignore[misc]
    """A subscription that hands each message to a `Hearing` as it comes."""

    async def publish_callback(self, publish_result: Any) -> None:
        """Called by the library for every message of the server."""
        self.last_publish_at = time.monotonic()
        message = publish_result.NotificationMessage
        if message.NotificationData is None:
            return
        self.last_sequence_number = int(message.SequenceNumber)
        hearing: Hearing = self._handler
        for part in message.NotificationData:
            if isinstance(part, ua.DataChangeNotification):
                hearing.changed(part.MonitoredItems)
            elif isinstance(part, ua.EventNotificationList):
                hearing.happened(part.Events)
            elif isinstance(part, ua.StatusChangeNotification):
                hearing.fail(ConnectionError(f"the server ended the subscription: {part.Status.name}"))


async def subscribe(
    client: Client, parameters: ua.CreateSubscriptionParameters, hearing: "Hearing"
) -> DirectSubscription:
    """A subscription on the server; what it says goes to `hearing`."""
    subscription = DirectSubscription(client.uaclient.session, parameters, hearing)
    results = await subscription.init()
    revised = client.get_subscription_revised_params(parameters, results)
    if revised:
        await subscription.update(revised)
    client._subscriptions.append(subscription)  # so that the client's own watchdog looks at it
    return subscription


class Hearing:
    """Turns messages into readings; holds back signals whose past is being read, so that readings keep their order."""

    def __init__(self, inbox: Inbox, *, arrays_as_text: bool) -> None:
        self._inbox, self._arrays_as_text = inbox, arrays_as_text
        self._items: dict[int, Item] = {}
        self._held: dict[str, list[Reading]] = {}
        self._lost: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self.events: asyncio.Queue[list[Any]] = asyncio.Queue(MOST_EVENTS)

    def expect(self, handle: int, item: Item) -> None:
        """Know a signal before the first notification of it can arrive."""
        self._items[handle] = item

    def hold(self, names: Iterable[str]) -> None:
        """Keep what these signals say until `release`."""
        self._held |= {name: [] for name in names}

    def release(self, name: str, after: datetime | None) -> None:
        """Deliver what a signal said meanwhile and is later than `after`."""
        held = self._held.pop(name, [])
        self._inbox.deliver([one for one in held if after is None or one.source_time > after])

    def changed(self, notifications: Iterable[Any]) -> None:
        """Data changes of one message."""
        received = datetime.now(UTC)
        readings: list[Reading] = []
        for notification in notifications:
            item = self._items.get(notification.ClientHandle)
            if item is None:
                continue
            found = self.readings(item, notification.Value, received)
            held = self._held.get(item.signal.name) if self._held else None
            if held is None:
                readings += found
            else:
                held += found
        if readings:
            self._inbox.deliver(readings)

    def readings(self, item: Item, value: ua.DataValue, received: datetime) -> list[Reading]:
        """One data value of a signal as readings."""
        return readings_of(item.signal.name, value, received, names=item.names, arrays_as_text=self._arrays_as_text)

    def happened(self, events: Iterable[Any]) -> None:
        """Events of one message: they wait for the names of their types."""
        for event in events:
            if self.events.full():
                self.events.get_nowait()
            self.events.put_nowait(list(event.EventFields))

    def fail(self, error: Exception) -> None:
        """The connection is no good any more."""
        if not self._lost.done():
            self._lost.set_result(error)

    async def connection_lost(self, error: Exception) -> None:
        """For the library to call."""
        self.fail(error)

    async def until_lost(self, subscription: DirectSubscription) -> None:
        """Wait for the end; also ends a subscription that fell silent although the connection stands."""
        while True:
            done, _ = await asyncio.wait({self._lost}, timeout=KEEP_ALIVE)
            if done:
                error = self._lost.result()
                raise ConnectionError(str(error) or type(error).__name__) from error
            if subscription.is_stale(margin=3.0):
                raise ConnectionError("the server stopped sending")
