"""MQTT: plain JSON, numbers and texts by topic, through paho-mqtt. Needs the extra `jasang[mqtt]`.

A message of QoS 1 is acknowledged when its readings are durable. With the session the broker keeps for the client id, nothing
is lost while the collector is away or killed; what was on its way comes again, and is the same reading where it has a time.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from jasang.connect.contract import Begun, Inbox, Link, Variable, WrongField
from jasang.connect.ending import end
from jasang.connect.protocols.mqtt.broker_options import SCHEMES, host_and_port, tls_context
from jasang.connect.protocols.mqtt.interpreter import Interpreter, Sample, reading_of, rules_of
from jasang.connect.protocols.mqtt.listing import listed
from jasang.connect.protocols.mqtt.options import MqttOptions, MqttSignalOptions
from jasang.connect.protocols.mqtt.session import Message, Session, own_client_id, passing_client_id
from jasang.connect.protocols.mqtt.topic import topic_template, without_covered
from jasang.errors import ConnectionFailed
from jasang.plant.reading import Reading
from jasang.plant.text import Text

TELL_EVERY = 1.0  # s between two reports of new signals or doubts
LISTEN = 5.0  # s that browse listens at least


class Mqtt:
    """The protocol as the collector knows it."""

    name = "mqtt"
    schemes = SCHEMES
    address_example = "line1/press/temperature"
    finds_signals = False
    options = MqttOptions
    signal_options = MqttSignalOptions

    def __init__(self) -> None:
        # What was delivered but not yet acknowledged when a connection ended: the broker sends it again.
        self._unacknowledged: dict[tuple[str, int], Message] = {}

    def check_address(self, address: str) -> None:
        if topic_template(address).names:
            raise ValueError("a signal's or a branch's topic has no {names}; those belong into [[connections.topics]]")

    def check(self, link: Link) -> None:
        host_and_port(link)
        tls_context(link)
        options = link.options if isinstance(link.options, MqttOptions) else MqttOptions()
        if any(branch.address is None for branch in link.branches):
            raise WrongField(
                "browse", "address에 토픽을 적어 주세요. 예: 'line1/#'", "needs an address, for example 'line1/#'"
            )
        if not (options.topics or link.signals or link.branches):
            raise WrongField(
                "topics",
                "무엇을 모을지 없습니다. [[connections.topics]] 나 [[connections.signals]] 를 적어 주세요. "
                "jasang connect browse 가 토픽을 보여 줍니다",
                "says nothing to collect; expected [[connections.topics]] or [[connections.signals]];"
                " jasang connect browse lists the topics",
            )
        for at, topic in enumerate(options.topics):
            _check_name(at, topic.topic, topic.name)
        bands = [(f"signals[{at}]", one.deadband) for at, one in enumerate(link.signals)]
        bands += [(f"browse[{at}]", one.deadband) for at, one in enumerate(link.branches)]
        for place, deadband in bands:
            if deadband is not None:
                raise WrongField(
                    f"{place}.deadband",
                    "MQTT에서는 보내는 쪽이 정합니다. 지워 주세요",
                    "is the sender's to decide with MQTT; leave it out",
                )
        for place, fields in (
            *((f"topics[{at}]", one) for at, one in enumerate(options.topics)),
            *((f"signals[{at}]", one.options) for at, one in enumerate(link.signals) if one.options is not None),
        ):
            _check_paths(place, fields)

    async def browse(self, link: Link, address: str | None = None) -> tuple[Variable, ...]:
        """Listen for a while; one entry for each value in each topic, with its type and the first example."""
        session = Session(link, client_id=passing_client_id())
        try:
            await session.open()
            wanted = topic_template(address or "#").filter
            refused = await session.subscribe([wanted], qos=0)
            if refused:
                raise _denied(link, refused)
            heard: dict[str, Message] = {}
            end = time.monotonic() + max(LISTEN, link.timeout)
            while (left := end - time.monotonic()) > 0:
                for message in await session.arrived(left):
                    if message.payload:
                        heard.setdefault(message.topic, message)
            return listed(heard)
        finally:
            await session.close()

    async def collect(self, link: Link, inbox: Inbox) -> None:
        options = link.options if isinstance(link.options, MqttOptions) else MqttOptions()
        lasting = options.qos == 1 and not link.trial
        session = Session(
            link,
            client_id=passing_client_id() if link.trial else own_client_id(link),
            session_expiry=options.session_expiry if lasting else None,
        )
        run = _Run(session, inbox, Interpreter(rules_of(link)), options, self._unacknowledged)
        try:
            await session.open()
            await run.subscribe(link)
            await run.until_lost(link)
        finally:
            await session.close()


@dataclass(slots=True)
class _Told:
    changes: int = -1  # of the signals, as the interpreter counts them
    doubts: tuple[Text, ...] = ()
    at: float = 0.0


class _Run:
    """One connection from its subscription to its end."""

    def __init__(
        self,
        session: Session,
        inbox: Inbox,
        interpreter: Interpreter,
        options: MqttOptions,
        unacknowledged: dict[tuple[str, int], Message],
    ) -> None:
        self._session, self._inbox, self._interpreter, self._options = session, inbox, interpreter, options
        self._again, self._unacknowledged = dict(unacknowledged), unacknowledged
        self._unacknowledged.clear()
        self._pending: asyncio.Queue[tuple[int, list[Message]]] = asyncio.Queue()
        self._missing: tuple[Text, ...] = ()
        self._told = _Told()
        self._silent: tuple[Text, ...] = ()

    async def subscribe(self, link: Link) -> None:
        filters = without_covered([rule.topic.filter for rule in self._interpreter.rules])
        refused = await self._session.subscribe(filters, self._options.qos)
        self._missing = tuple(_no_permission(link, topic, reason) for topic, reason in refused.items())
        if len(refused) == len(filters):
            raise _denied(link, refused)

    async def until_lost(self, link: Link) -> None:
        acknowledging = asyncio.create_task(self._acknowledge())
        try:
            quiet_until = time.monotonic() + link.timeout
            while True:
                batch = await self._session.arrived(TELL_EVERY)
                await self._take(batch)
                now = time.monotonic()
                if self._told.changes < 0 and not self._all_heard() and now < quiet_until:
                    continue  # what comes, and what does not, is known a little later
                self._silent = () if self._all_heard() else self._not_heard()
                self._tell(now)
        finally:
            await end([acknowledging])

    def _all_heard(self) -> bool:
        return len(self._interpreter.heard) == len(self._interpreter.rules)

    async def _take(self, batch: Sequence[Message]) -> None:
        readings: list[Reading] = []
        for message in batch:
            if self._is_known(message):
                continue
            samples = self._interpreter.read(message)
            if message.retained:
                samples = await self._news(samples)
            readings += [reading_of(sample, message, self._options.retained) for sample in samples]
        ticket = self._inbox.deliver(readings) if batch else 0
        receipts = [message for message in batch if message.qos]
        for message in receipts:
            self._unacknowledged[message.topic, message.mid] = message
        if receipts:
            self._pending.put_nowait((ticket, receipts))

    def _is_known(self, message: Message) -> bool:
        """Whether this run already took the message before the connection was lost; its readings are kept or will be."""
        if not message.repeated:
            return False
        earlier = self._again.pop((message.topic, message.mid), None)
        return earlier is not None and earlier.payload == message.payload

    async def _news(self, samples: Sequence[Sample]) -> list[Sample]:
        """Of what the broker kept from earlier, that which was not collected before."""
        if self._options.retained == "ignore" or not samples:
            return []
        last = await self._inbox.last([sample.signal.name for sample in samples])
        return [sample for sample in samples if _is_news(sample, last.get(sample.signal.name))]

    async def _acknowledge(self) -> None:
        while True:
            ticket, messages = await self._pending.get()
            await self._inbox.kept(ticket)
            for message in messages:
                self._session.acknowledge(message)
                self._unacknowledged.pop((message.topic, message.mid), None)

    def _not_heard(self) -> tuple[Text, ...]:
        rules = self._interpreter.rules
        topics = dict.fromkeys(rules[at].topic.text for at in range(len(rules)) if at not in self._interpreter.heard)
        return tuple(
            Text(
                ko=f"토픽 {topic!r} 에서 아직 아무것도 오지 않았습니다. 토픽의 철자와 브로커의 읽기 권한을 확인하세요.",
                en=f"nothing has come from topic {topic!r} yet; check its spelling and the broker's permission to read it",
            )
            for topic in topics
        )

    def _tell(self, now: float) -> None:
        told, interpreter = self._told, self._interpreter
        doubts = (*self._silent, *interpreter.doubts.texts())
        if told.changes >= 0 and now - told.at < TELL_EVERY:
            return
        if told.changes == interpreter.changes and told.doubts == doubts:
            return
        self._told = _Told(changes=interpreter.changes, doubts=doubts, at=now)
        self._inbox.begun(Begun(signals=tuple(interpreter.signals.values()), missing=self._missing, doubts=doubts))


def _is_news(sample: Sample, last: Reading | None) -> bool:
    if last is None:
        return True
    if sample.timed:
        return sample.time > last.source_time
    return type(last.value) is not type(sample.value) or last.value != sample.value


def _check_name(at: int, topic: str, name: str | None) -> None:
    template = topic_template(topic)
    if name is None:
        return
    known = {*template.names, *(("rest",) if template.filter.endswith("#") else ())}
    left = name
    for word in known:
        left = left.replace(f"{{{word}}}", "")
    if "{" in left or "}" in left:
        raise WrongField(
            f"topics[{at}].name",
            f"{name!r} 에 topic에 없는 자리가 있습니다. 쓸 수 있는 것: {sorted(known)}",
            f"{name!r} has a placeholder that topic has not; there are {sorted(known)}",
        )


def _check_paths(place: str, fields: MqttSignalOptions | object) -> None:
    for name in ("value", "time", "quality", "signal", "unit_path"):
        path = getattr(fields, name, None)
        if path is not None and getattr(fields, "payload", "auto") in ("number", "text") and len(path) > 1:
            raise WrongField(
                f"{place}.{name}",
                'payload가 "number"나 "text"이면 메시지 안에 자리가 없습니다',
                'has no meaning with payload = "number" or "text": such a message has no parts',
            )


def _no_permission(link: Link, topic: str, reason: str) -> Text:
    return Text(
        ko=f"연결 {link.name!r}: 브로커가 토픽 {topic!r} 을(를) 읽지 못하게 합니다({reason}). 브로커의 권한(ACL)을 확인하세요.",
        en=f"connection {link.name!r}: the broker denies topic {topic!r} ({reason}); check its permissions (ACL)",
    )


def _denied(link: Link, refused: dict[str, str]) -> ConnectionFailed:
    topic, reason = next(iter(refused.items()))
    text = _no_permission(link, topic, reason)
    return ConnectionFailed(ko=text.ko, en=text.en, permanent=True)
