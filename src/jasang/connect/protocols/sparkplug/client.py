"""Sparkplug B as a host application over MQTT (Sparkplug 3.0.0). Needs the extra `jasang[sparkplug]`.

Sparkplug forbids sessions that outlive a connection and publishes data with QoS 0; what is not lost while the collector is away
is what edge nodes keep for their primary host: they see our STATE, and send it later with the flag is_historical.
"""

import time
from dataclasses import replace
from datetime import UTC, datetime

from jasang.connect.contract import Begun, Inbox, Link, NoOptions, Variable, WantedBranch, WrongField
from jasang.connect.protocols.mqtt.broker_options import SCHEMES, host_and_port, tls_context
from jasang.connect.protocols.mqtt.session import Message, Session, Will, own_client_id, passing_client_id
from jasang.connect.protocols.sparkplug.host import Host
from jasang.connect.protocols.sparkplug.options import SparkplugOptions, node_id
from jasang.connect.protocols.sparkplug.payload import read_state, rebirth_request, state
from jasang.connect.protocols.sparkplug.selection import selection_of
from jasang.connect.protocols.sparkplug.topic import command_topic, read_address, state_topic
from jasang.errors import ConnectionFailed
from jasang.plant.text import Text

TICK = 0.25  # s
TELL_EVERY = 1.0  # s between two reports of new signals or doubts
LISTEN = 5.0  # s that browse listens at least


class Sparkplug:
    """The protocol as the collector knows it."""

    name = "sparkplug"
    schemes = SCHEMES
    address_example = "plant/line1/press:Hydraulics/Pressure"
    finds_signals = True
    options = SparkplugOptions
    signal_options = NoOptions

    def __init__(self) -> None:
        self._hosts: dict[str, Host] = {}  # what is known of the plant outlives a connection

    def check_address(self, address: str) -> None:
        read_address(address)

    def check(self, link: Link) -> None:
        host_and_port(link)
        tls_context(link)
        for at, signal in enumerate(link.signals):
            if read_address(signal.address).metric is None:
                raise WrongField(
                    f"signals[{at}].address",
                    f"{signal.address!r} 은(는) 값 하나의 주소가 아닙니다. 예: {self.address_example!r}",
                    f"{signal.address!r} is not the address of one metric; expected for example {self.address_example!r}",
                )
            if signal.deadband is not None:
                raise _no_deadband(f"signals[{at}].deadband")
        for at, branch in enumerate(link.branches):
            if branch.address is not None and read_address(branch.address).metric is not None:
                raise WrongField(
                    f"browse[{at}].address",
                    f"{branch.address!r} 은(는) 값 하나입니다. [[connections.signals]] 에 적으세요",
                    f"{branch.address!r} is one metric; it belongs into [[connections.signals]]",
                )
            if branch.deadband is not None:
                raise _no_deadband(f"browse[{at}].deadband")

    async def browse(self, link: Link, address: str | None = None) -> tuple[Variable, ...]:
        """Ask every node that is heard for its births; the metrics below an address with their last values."""
        wanted = WantedBranch(asset=link.asset, address=address)
        run = _Run(replace(link, branches=(wanted,), signals=(), trial=True), None)
        try:
            await run.open()
            end = time.monotonic() + max(LISTEN, link.timeout)
            while time.monotonic() < end:
                await run.step()
            return run.variables()
        finally:
            await run.close()

    async def collect(self, link: Link, inbox: Inbox) -> None:
        run = _Run(link, inbox, self._hosts.get(link.name))
        self._hosts[link.name] = run.host
        try:
            await run.open()
            started = time.monotonic()
            while True:
                await run.step()
                # A try reports once, so it waits for all births; later ones are reported as they come.
                if (run.knows_something and not link.trial) or time.monotonic() - started >= link.timeout:
                    run.tell()
        finally:
            await run.close()


class _Run:
    """One connection from its CONNECT to its end."""

    def __init__(self, link: Link, inbox: Inbox | None, host: Host | None = None) -> None:
        options = link.options if isinstance(link.options, SparkplugOptions) else SparkplugOptions()
        self._link, self._inbox, self._options = link, inbox, options
        self._speaks = options.primary and not link.trial
        self._selection = selection_of(link)
        self.host = host or Host(
            self._selection,
            reorder_timeout=options.reorder_timeout,
            birth_timeout=options.birth_timeout,
            keep_transient=options.transient,
            expected=[node_id(text) for text in options.nodes],
        )
        self._since_ms = _now_ms()
        self._topic = state_topic(options.host_id)
        self._session = Session(
            link,
            client_id=passing_client_id() if link.trial else own_client_id(link),
            will=self._state(online=False, timestamp=self._since_ms) if self._speaks else None,
        )
        self._missing: tuple[Text, ...] = ()
        self._rival: tuple[Text, ...] = ()
        self._told: tuple[int, object] = (-1, None)
        self._told_at = 0.0
        self._opened = time.monotonic()

    def _state(self, *, online: bool, timestamp: int) -> Will:
        return Will(topic=self._topic, payload=state(online, timestamp), qos=1, retain=True)

    @property
    def knows_something(self) -> bool:
        """Whether any edge node was born."""
        return bool(self.host.signals)

    async def open(self) -> None:
        """Connect with the will, subscribe, and only then tell that we are here."""
        await self._session.open()
        filters = self._selection.filters()
        refused = await self._session.subscribe([self._topic, *filters] if self._speaks else filters, qos=1)
        self._missing = tuple(_denied(self._link, topic, reason) for topic, reason in refused.items())
        if refused and len(refused) >= len(filters):
            raise ConnectionFailed(ko=self._missing[0].ko, en=self._missing[0].en, permanent=True)
        if self._speaks:
            await self._announce()
        self._opened = time.monotonic()
        self.host.connected(self._opened)
        await self._ask()

    async def _announce(self) -> None:
        birth = self._state(online=True, timestamp=self._since_ms)
        reason = await self._session.publish(birth.topic, birth.payload, qos=birth.qos, retain=birth.retain)
        if reason is not None:
            self._missing = (*self._missing, _silenced(self._link, self._topic, reason))

    async def _ask(self) -> None:
        for edge in self.host.requests():
            await self._session.publish(command_topic(edge), rebirth_request(_now_ms()), qos=0, retain=False)

    async def step(self) -> None:
        """Take what has come, and do what time demands."""
        for message in await self._session.arrived(TICK):
            if message.qos:
                self._session.acknowledge(message)  # a session ends with its connection: nothing would come again
            if message.topic == self._topic:
                await self._hear_state(message)
            elif not message.retained:  # births and data are never retained; what is, is from another time
                self.host.take(message.topic, message.payload, message.received, time.monotonic())
        self.host.tick(datetime.now(UTC), time.monotonic())
        await self._ask()
        rows = self.host.rows()
        if rows.num_rows and self._inbox is not None:
            self._inbox.deliver_rows(rows)

    async def _hear_state(self, message: Message) -> None:
        """Our own host id: the will of an earlier connection must not stand; nobody else may use it."""
        heard = read_state(message.payload)
        if heard is None:
            return
        online, timestamp = heard
        if not online:
            await self._announce()
        elif timestamp != self._since_ms and not message.retained:
            self._rival = (_shared(self._link, self._options.host_id),)

    def tell(self) -> None:
        """Report signals, what is missing and what is doubtful, when there is news."""
        now = time.monotonic()
        if self._inbox is None or (self._told[0] >= 0 and now - self._told_at < TELL_EVERY):
            return
        missing = (*self._missing, *self._silent(now))
        doubts = (*self._rival, *self._quiet(now), *self.host.doubts.texts())
        news = (self.host.changes, (missing, doubts))
        if news == self._told:
            return
        self._told, self._told_at = news, now
        self._inbox.begun(Begun(signals=tuple(self.host.signals.values()), missing=missing, doubts=doubts))

    def _quiet(self, now: float) -> list[Text]:
        if self.host.nodes or now - self._opened < self._link.timeout:
            return []
        return [
            Text(
                ko="아직 어떤 에지 노드도 말하지 않았습니다. 값이 바뀔 때만 보내는 노드라면 이름을 nodes에 적어 주세요.",
                en="no edge node has spoken yet; name those that only send changes in nodes, so that they are asked",
            )
        ]

    def _silent(self, now: float) -> list[Text]:
        if now - self._opened < self._link.timeout:
            return []
        told = [
            Text(
                ko=f"{text} 이(가) 시작 메시지(NBIRTH)를 보내지 않습니다. 이름과 그 게이트웨이를 확인하세요.",
                en=f"{text} sends no birth (NBIRTH); check its name and that gateway",
            )
            for text in self._options.nodes
            if not self.host.nodes[node_id(text)].online
        ]
        told += [
            Text(
                ko=f"신호 {signal.name!r}({signal.address})이(가) 어느 시작 메시지에도 없습니다.",
                en=f"signal {signal.name!r} ({signal.address}) is in no birth that was heard",
            )
            for signal in self._selection.named.values()
            if signal.name not in self.host.signals
        ]
        return told

    def variables(self) -> tuple[Variable, ...]:
        """What the births that were heard offer."""
        return self.host.variables()

    async def close(self) -> None:
        """Leave with a death message of our own, as the will would only come when we vanish."""
        farewell = self._state(online=False, timestamp=_now_ms()) if self._speaks else None
        await self._session.close(farewell)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _no_deadband(where: str) -> WrongField:
    return WrongField(
        where,
        "Sparkplug에서는 보내는 쪽이 정합니다. 지워 주세요",
        "is the sender's to decide with Sparkplug; leave it out",
    )


def _denied(link: Link, topic: str, reason: str) -> Text:
    return Text(
        ko=f"연결 {link.name!r}: 브로커가 토픽 {topic!r} 을(를) 읽지 못하게 합니다({reason}). 브로커의 권한(ACL)을 확인하세요.",
        en=f"connection {link.name!r}: the broker denies topic {topic!r} ({reason}); check its permissions (ACL)",
    )


def _silenced(link: Link, topic: str, reason: str) -> Text:
    return Text(
        ko=f"연결 {link.name!r}: 브로커가 {topic!r} 에 쓰지 못하게 합니다({reason}). 값을 보내지 않는 장비가 있습니다.",
        en=f"connection {link.name!r}: the broker denies publishing to {topic!r} ({reason});"
        " edge nodes that wait for their primary host will send nothing",
    )


def _shared(link: Link, host_id: str) -> Text:
    return Text(
        ko=f"연결 {link.name!r}: 다른 프로그램도 host_id {host_id!r} 을(를) 씁니다. 다른 이름으로 바꾸세요.",
        en=f"connection {link.name!r}: another program uses host_id {host_id!r} too; choose another",
    )
