"""One connection to a broker, as asyncio sees it: connect, subscribe, publish, messages in their order, acknowledgements.

paho-mqtt reads the network in a thread of its own. A message of QoS 1 is acknowledged only when `acknowledge` says so; until then
the broker keeps it and sends it again to the next connection with the same client id.
"""

import asyncio
import hashlib
import logging
import secrets
import ssl
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from jasang.connect.contract import Link, WrongField
from jasang.connect.protocols.mqtt import failures
from jasang.connect.protocols.mqtt.broker_options import broker_options, host_and_port, tls_context
from jasang.errors import ConnectionFailed

MOST_WAITING = 50_000  # messages; beyond this the network is read more slowly, so that the broker waits
RECEIVE_MAXIMUM = 65_535  # unacknowledged messages that MQTT 5 may have under way; brokers allow 20 when not told
FAREWELL = 2.0  # s for a last message to be acknowledged

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Will:
    """What the broker tells the others when this connection dies."""

    topic: str
    payload: bytes
    qos: int
    retain: bool


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it came; `mid` is the packet's number (0 for QoS 0), `repeated` the DUP flag, `received` UTC."""

    topic: str
    payload: bytes
    qos: int
    retained: bool
    repeated: bool
    mid: int
    received: datetime


def own_client_id(link: Link) -> str:
    """The client id of collect.toml, else one that is the same for every run of this connection (≤ 23 characters)."""
    given = broker_options(link).client_id
    if given is not None:
        return given
    mark = hashlib.sha256(f"{link.folder}|{link.name}|{link.url}".encode()).hexdigest()[:12]
    return f"jasang-{mark}"


def passing_client_id() -> str:
    """A client id for one short look."""
    return f"jasang-{secrets.token_hex(6)}"


class Session:
    """A connection from `open` to `close`; after the broker is gone every call raises `ConnectionFailed`."""

    def __init__(
        self, link: Link, *, client_id: str, session_expiry: int | None = None, will: Will | None = None
    ) -> None:
        """`session_expiry` in s: how long the broker keeps what was not acknowledged; `None`: as long as the connection."""
        self._link, self._options = link, broker_options(link)
        self._five = self._options.version == "5"
        self._expiry = session_expiry
        try:
            self._address, self._tls = host_and_port(link), tls_context(link)
        except WrongField as error:
            raise ConnectionFailed(
                ko=f"연결 {link.name!r}: {error.where}: {error.ko}",
                en=f"connection {link.name!r}: {error.where}: {error.en}",
                permanent=True,
            ) from error
        self._loop = asyncio.get_running_loop()
        self._answered: asyncio.Future[None] = self._loop.create_future()
        self._lost: asyncio.Future[None] = self._loop.create_future()
        for outcome in (self._answered, self._lost):
            outcome.add_done_callback(_look_at)
        self._arrival = asyncio.Event()
        self._messages: deque[Message] = deque()
        self._told = False  # whether the loop already knows of waiting messages
        self._lock = threading.Lock()
        self._grants: dict[int, asyncio.Future[Sequence[ReasonCode]]] = {}
        self._receipts: dict[int, asyncio.Future[ReasonCode]] = {}
        self._since = 0.0
        self.present = False  # whether the broker still had our session
        self._client = self._make(client_id, will)

    def _make(self, client_id: str, will: Will | None) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=None if self._five else self._expiry is None,
            protocol=MQTTProtocolVersion.MQTTv5 if self._five else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = self._link.timeout
        if self._link.username is not None:
            client.username_pw_set(self._link.username, self._link.password)
        if self._tls is not None:
            client.tls_set_context(self._tls)
        if will is not None:
            client.will_set(will.topic, will.payload, will.qos, will.retain)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_subscribe, client.on_publish, client.on_message = (
            self._on_subscribe,
            self._on_publish,
            self._on_message,
        )
        return client

    async def open(self) -> None:
        """Connect; raises `ConnectionFailed` with the reason."""
        host, port = self._address
        more: dict[str, Any] = {}
        if self._five:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = self._expiry or 0
            properties.ReceiveMaximum = RECEIVE_MAXIMUM
            more = {"clean_start": self._expiry is None, "properties": properties}
        try:
            await asyncio.to_thread(self._client.connect, host, port, self._options.keep_alive, **more)
        except (OSError, ssl.SSLError, ValueError) as error:
            raise failures.unreachable(self._link, error) from error
        self._client.loop_start()
        try:
            async with asyncio.timeout(self._link.timeout):
                await asyncio.wait({self._answered, self._lost}, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError as error:
            raise failures.no_answer(self._link, self._link.timeout) from error
        if not self._answered.done():
            raise failures.hung_up(self._link)
        await self._answered
        self._since = time.monotonic()

    async def subscribe(self, filters: Sequence[str], qos: int) -> dict[str, str]:
        """Subscribe to all at once; the refused filters with the broker's reason."""
        refused: dict[str, str] = {}
        for first in range(0, len(filters), 100):
            part = filters[first : first + 100]
            topics: Any = [(one, SubscribeOptions(qos=qos)) if self._five else (one, qos) for one in part]
            code, mid = self._client.subscribe(topics)
            if mid is None:
                raise self._gone(int(code), str(code))
            grants = await self._answer(self._grants, mid)
            # Some brokers answer 3.1.1 with fewer codes than filters.
            refused |= {one: grant.getName() for one, grant in zip(part, grants, strict=False) if grant.is_failure}
        return refused

    async def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool) -> str | None:
        """Publish, with QoS 1 until the broker has it; `None` or the broker's reason for refusing."""
        info = self._client.publish(topic, payload, qos, retain)
        if qos == 0:
            return None
        receipt = await self._answer(self._receipts, info.mid)
        return receipt.getName() if receipt.is_failure else None

    async def _answer(self, answers: dict[int, asyncio.Future[Any]], mid: int) -> Any:
        answer = answers.setdefault(mid, self._loop.create_future())
        try:
            async with asyncio.timeout(self._link.timeout):
                await asyncio.wait({answer, self._lost}, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError as error:
            raise failures.no_answer(self._link, self._link.timeout) from error
        finally:
            answers.pop(mid, None)
        if not answer.done():
            await self._lost
        return await answer

    async def arrived(self, timeout: float | None = None) -> list[Message]:
        """The messages since the last call, in their order; waits for one, `timeout` s at most (then an empty list)."""
        if not self._messages:
            self._arrival.clear()
            waiting: asyncio.Future[Any] = asyncio.ensure_future(self._arrival.wait())
            either: set[asyncio.Future[Any]] = {waiting, self._lost}
            try:
                await asyncio.wait(either, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            finally:
                waiting.cancel()
        with self._lock:
            found = list(self._messages)
            self._messages.clear()
            self._told = False
        if not found and self._lost.done():
            await self._lost
        return found

    def acknowledge(self, message: Message) -> None:
        """Tell the broker that it may forget the message; in the order in which messages came."""
        self._client.ack(message.mid, message.qos)

    async def close(self, farewell: Will | None = None) -> None:
        """Part politely, with a last message if given; a broker that is gone gets no more than a moment."""
        if farewell is not None and self._answered.done() and not self._lost.done():
            try:
                async with asyncio.timeout(FAREWELL):
                    await self.publish(farewell.topic, farewell.payload, qos=farewell.qos, retain=farewell.retain)
            except (TimeoutError, ConnectionFailed) as error:
                _log.debug("while leaving %s: %r", self._link.url, error)
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    # What follows runs in paho's thread.

    def _on_connect(self, _client: Any, _data: Any, flags: Any, code: ReasonCode, _properties: Any) -> None:
        self.present = bool(flags.session_present)
        error = failures.refused(self._link, code.value, code.getName()) if code.is_failure else None
        self._tell(self._answered, None, error)

    def _on_disconnect(self, _client: Any, _data: Any, flags: Any, code: ReasonCode, _properties: Any) -> None:
        from_server = bool(flags.is_disconnect_packet_from_server)
        self._tell(self._lost, None, self._gone(code.value if from_server else None, code.getName()))

    def _on_subscribe(self, _client: Any, _data: Any, mid: int, codes: Sequence[ReasonCode], _properties: Any) -> None:
        self._loop.call_soon_threadsafe(self._settle, self._grants, mid, codes)

    def _on_publish(self, _client: Any, _data: Any, mid: int, code: ReasonCode, _properties: Any) -> None:
        self._loop.call_soon_threadsafe(self._settle, self._receipts, mid, code)

    def _on_message(self, _client: Any, _data: Any, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:  # forbidden by the standard (1.5.4); nobody can have meant it
            self._client.ack(message.mid, message.qos)
            return
        taken = Message(
            topic=topic,
            payload=bytes(message.payload),
            qos=message.qos,
            retained=message.retain,
            repeated=message.dup,
            mid=message.mid,
            received=datetime.now(UTC),
        )
        while len(self._messages) >= MOST_WAITING and not self._lost.done():
            time.sleep(0.01)
        with self._lock:
            self._messages.append(taken)
            told, self._told = self._told, True
        if not told:
            self._loop.call_soon_threadsafe(self._arrival.set)

    def _tell(self, outcome: asyncio.Future[None], value: None, error: ConnectionFailed | None) -> None:
        def settle() -> None:
            if outcome.done():
                return
            if error is None:
                outcome.set_result(value)
            else:
                outcome.set_exception(error)

        self._loop.call_soon_threadsafe(settle)

    def _gone(self, code: int | None, name: str) -> ConnectionFailed:
        return failures.lost(self._link, code, name, time.monotonic() - self._since)

    def _settle(self, answers: dict[int, asyncio.Future[Any]], mid: int, value: Any) -> None:
        # Runs on the loop, so whoever asked is already waiting; nobody waits for a message of QoS 0.
        answer = answers.get(mid)
        if answer is not None and not answer.done():
            answer.set_result(value)


def _look_at(outcome: asyncio.Future[None]) -> None:
    """A loss that nobody waits for any more is no news."""
    if not outcome.cancelled():
        outcome.exception()
