"""The host application's side of Sparkplug 3.0: births, deaths, sequence, aliases, stale values and requests for rebirth.

No network here: messages and the time go in, rows of readings, signals and requests come out. docs/sparkplug-conformance.md
names the test for each assertion of the specification.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from jasang.connect.contract import Variable
from jasang.connect.protocols.mqtt.doubts import Doubts
from jasang.connect.protocols.sparkplug.edge_node import MOST_HELD, Arrival, EdgeNode, Metric, Speaker
from jasang.connect.protocols.sparkplug.heard import Heard
from jasang.connect.protocols.sparkplug.payload import NoPayload, decode
from jasang.connect.protocols.sparkplug.properties import UNCERTAIN, quality_of, unit_of
from jasang.connect.protocols.sparkplug.selection import Selection
from jasang.connect.protocols.sparkplug.topic import NodeId, read_topic
from jasang.connect.protocols.sparkplug.values import (
    FIRST_MS,
    LAST_MS,
    NAMES,
    Leaf,
    UnfitValue,
    elements,
    moment,
    plain_value,
)
from jasang.plant.reading import Signal

STALE = 0x408F_0000  # UncertainNoCommunicationLastUsableValue (OPC 10000-4, 7.39)
MOST_SIGNALS = 200_000
_SINGLE = frozenset({"int_value", "long_value", "float_value", "double_value", "boolean_value"})
_PLAIN = frozenset(range(1, 12))  # the numeric types and Boolean: one value, nothing to take apart


class Host:
    """Everything the host knows; it outlives connections. Times `now` in s of a monotonic clock."""

    def __init__(
        self,
        selection: Selection,
        *,
        reorder_timeout: float,
        birth_timeout: float,
        keep_transient: bool = False,
        expected: Iterable[NodeId] = (),
    ) -> None:
        self._selection, self._keep_transient = selection, keep_transient
        self._reorder_timeout, self._birth_timeout = reorder_timeout, birth_timeout
        self.nodes: dict[NodeId, EdgeNode] = {id_: EdgeNode(id_) for id_ in expected}
        self.signals: dict[str, Signal] = {}
        self.changes = 0  # of `signals`
        self.doubts = Doubts()
        self._owners: dict[str, tuple[NodeId, str | None, str]] = {}
        self._heard = Heard()
        self._requests: list[NodeId] = []

    def rows(self) -> pa.Table:
        """The readings since the last call, with the columns of `forward.frames.SCHEMA`; the signal as a dictionary."""
        return self._heard.rows()

    def variables(self) -> tuple[Variable, ...]:
        """The metrics of all births heard, with their last values; sorted by path."""
        found = []
        for node in self.nodes.values():
            for speaker in node.speakers.values():
                kinds = {one.signal.name: one.datatype for one in speaker.metrics.values() if one.signal is not None}
                for place, value in speaker.last.items():
                    name = self._heard.name(place)
                    signal = self.signals[name]
                    kind = NAMES.get(kinds.get(name, 0), "Unknown") if name in kinds else type(value).__name__
                    found.append(
                        Variable(address=signal.address or "", path=name, data_type=kind, unit=signal.unit, value=value)
                    )
        return tuple(sorted(found, key=lambda variable: variable.path))

    def requests(self) -> list[NodeId]:
        """The edge nodes that must be asked for a rebirth, since the last call."""
        found, self._requests = self._requests, []
        return found

    def connected(self, now: float) -> None:
        """A new connection: whatever was said meanwhile was missed, so every known node is asked for its births."""
        for node in self.nodes.values():
            for late in node.sequence.give_up():
                self._read(node, late, now)
            if node.online:
                node.unsure_since = now
            node.asked_at = None
            self._ask(node, now)

    def take(self, topic_text: str, data: bytes, received: datetime, now: float) -> None:
        """One message as it came; `received` UTC."""
        topic = read_topic(topic_text)
        if topic is None:
            return
        try:
            payload = decode(data)
        except NoPayload as error:
            ko, en = error.text.ko, error.text.en
            self.doubts.note(("garbage", topic.edge), f"토픽 {topic_text!r}: {ko}", f"topic {topic_text!r}: {en}")
            return
        node = self.nodes.setdefault(topic.edge, EdgeNode(topic.edge))
        arrival = Arrival(topic, payload, received)
        if topic.kind == "NBIRTH":
            self._node_birth(node, arrival, now)
        elif topic.kind == "NDEATH":
            self._node_death(node, arrival, now)
        elif not node.online or node.unsure_since is not None:
            self._unborn(node, arrival, now)
        else:
            self._in_order(node, arrival, now)

    def tick(self, received: datetime, now: float) -> None:
        """What time brings about: gaps that were not filled, births that did not come."""
        for node in self.nodes.values():
            since = node.sequence.gap_since
            if since is not None and now - since >= self._reorder_timeout:
                for arrival in node.sequence.give_up():
                    self._read(node, arrival, now)
                self._ask(node, now)
            if node.unsure_since is not None and now - node.unsure_since >= self._birth_timeout:
                node.unsure_since = None
                self._offline(node, node.speakers, received)
            if node.to_come and now - node.to_come_since >= self._birth_timeout:
                self._offline(node, node.to_come, received)  # they were there before, and did not come again
                node.to_come.clear()
            if node.wanted:
                self._ask(node, now)

    def _node_birth(self, node: EdgeNode, arrival: Arrival, now: float) -> None:
        bd_seq = _bd_seq(arrival.payload)
        if bd_seq is None:
            self.doubts.note(
                ("bdSeq", node.id), f"{node.id}: NBIRTH에 bdSeq가 없습니다.", f"{node.id}: its NBIRTH has no bdSeq"
            )
        same_session = node.online and bd_seq == node.bd_seq
        held, node.held = [*node.sequence.give_up(), *node.held], []
        if same_session:
            for (
                late
            ) in held:  # said between the loss of our connection and this rebirth, with the aliases of the session
                self._read(node, late, now)
        else:
            self._offline(node, node.speakers, arrival.received)  # its death was not heard
        node.to_come = {name for name, one in node.speakers.items() if name is not None and one.online}
        node.bd_seq, node.unsure_since, node.wanted, node.to_come_since = bd_seq, None, False, now
        node.aliases.clear()
        node.sequence.start(_sequence(arrival.payload) or 0)
        self._born(node, arrival)

    def _node_death(self, node: EdgeNode, arrival: Arrival, now: float) -> None:
        bd_seq = _bd_seq(arrival.payload)
        if node.online and bd_seq is not None and node.bd_seq is not None and bd_seq != node.bd_seq:
            self.doubts.note(  # of an earlier session, told late by the broker; or the node counts wrongly
                ("death", node.id),
                f"{node.id}: bdSeq가 맞지 않는 종료 메시지(NDEATH)를 무시했습니다: {bd_seq}, 시작은 {node.bd_seq}",
                f"{node.id}: a death (NDEATH) whose bdSeq is not that of the birth was ignored: {bd_seq}, birth {node.bd_seq}",
            )
            return
        for late in node.sequence.give_up():
            self._read(node, late, now)
        node.held.clear()
        node.to_come.clear()
        node.unsure_since, node.wanted = None, False
        self._offline(node, node.speakers, arrival.received)

    def _unborn(self, node: EdgeNode, arrival: Arrival, now: float) -> None:
        """Data of a node whose birth we have not heard, or not since our connection was lost."""
        if node.unsure_since is not None and len(node.held) < MOST_HELD:
            node.held.append(arrival)
        else:
            self.doubts.note(
                ("unborn", node.id),
                f"{node.id}: 시작 메시지(NBIRTH) 없이 값이 와서 다시 보내 달라고 했습니다.",
                f"{node.id}: data came without its birth (NBIRTH); a rebirth was asked for",
            )
        self._ask(node, now)

    def _in_order(self, node: EdgeNode, arrival: Arrival, now: float) -> None:
        number = _sequence(arrival.payload)
        if number is None:
            self.doubts.note(
                ("seq", node.id),
                f"{node.id}: 순번(seq)이 없는 메시지가 옵니다.",
                f"{node.id}: messages come without a seq",
            )
            self._read(node, arrival, now)
            return
        for ready in node.sequence.take(number, arrival, now):
            self._read(node, ready, now)
        if self._reorder_timeout == 0.0 and node.sequence.gap_since is not None:
            self.tick(arrival.received, now)

    def _read(self, node: EdgeNode, arrival: Arrival, now: float) -> None:
        kind, device = arrival.topic.kind, arrival.topic.device
        if kind == "DBIRTH":
            self._born(node, arrival)
            node.to_come.discard(device or "")
        elif kind == "DDEATH":
            self._offline(node, (device,), arrival.received)
            node.to_come.discard(device or "")
        else:
            speaker = node.speakers.get(device)
            if speaker is None or not speaker.online or device in node.to_come:
                self.doubts.note(
                    ("device", node.id, device),
                    f"{node.id}/{device}: 시작 메시지(DBIRTH) 없이 값이 와서 다시 보내 달라고 했습니다.",
                    f"{node.id}/{device}: data came without its birth (DBIRTH); a rebirth was asked for",
                )
                self._ask(node, now)
            elif not self._data(node, speaker, arrival):
                self._ask(node, now)

    def _born(self, node: EdgeNode, arrival: Arrival) -> None:
        device = arrival.topic.device
        speaker = Speaker(online=True)
        before = node.speakers.get(device)
        node.speakers[device] = speaker
        for metric in arrival.payload.metrics:
            if not metric.name:
                self.doubts.note(
                    ("unnamed", node.id),
                    f"{node.id}: 시작 메시지에 이름 없는 값이 있습니다.",
                    f"{node.id}: a birth has a metric without a name",
                )
                continue
            signal = self._selection.signal(node.id, device, metric.name)
            known = Metric(metric.name, metric.datatype, self._announce(node.id, device, metric, signal))
            speaker.metrics[metric.name] = known
            if metric.HasField("alias"):
                self._alias(node, metric.alias, known)
            if known.signal is not None:
                self._value(node, speaker, known, metric, arrival)
        if before is not None and before.online:
            gone = {place: value for place, value in before.last.items() if place not in speaker.last}
            self._stale(gone, arrival.received)  # the new birth no longer has them

    def _alias(self, node: EdgeNode, alias: int, metric: Metric) -> None:
        other = node.aliases.get(alias)
        if other is not None and other.name != metric.name:
            self.doubts.note(
                ("alias", node.id),
                f"{node.id}: 별칭 {alias} 이(가) {other.name!r} 와(과) {metric.name!r} 에 함께 쓰입니다.",
                f"{node.id}: alias {alias} stands for {other.name!r} and for {metric.name!r}",
            )
        node.aliases[alias] = metric

    def _announce(self, edge: NodeId, device: str | None, metric: Any, signal: Signal | None) -> Signal | None:
        """The signal with its unit, known from now on; `None` when its name already means another metric."""
        if signal is None:
            return None
        owner = self._owners.setdefault(signal.name, (edge, device, metric.name))
        if owner != (edge, device, metric.name) or len(self._owners) > MOST_SIGNALS:
            self.doubts.note(
                ("name", signal.name),
                f"신호 이름 {signal.name!r} 이(가) 두 값에 쓰여 하나만 모읍니다: {owner[2]!r}, {metric.name!r}",
                f"signal name {signal.name!r} means two metrics, only the first is collected: {owner[2]!r}, {metric.name!r}",
            )
            return None
        if signal.unit is None and metric.HasField("properties"):
            unit = unit_of(metric.properties)
            signal = Signal(name=signal.name, asset=signal.asset, unit=unit, address=signal.address)
        known = self.signals.get(signal.name)
        return known if known == signal else signal

    def _data(self, node: EdgeNode, speaker: Speaker, arrival: Arrival) -> bool:
        """Read an NDATA or DDATA; `False` when it speaks of metrics that no birth announced."""
        complete, heard, sure = True, self._heard, 0
        heard.at(arrival.received)
        aliases, last = node.aliases, speaker.last
        add_place, add_time, add_number = heard.places.append, heard.times.append, heard.numbers.append
        for metric in arrival.payload.metrics:
            alias = metric.alias
            found = aliases.get(alias) if alias or metric.HasField("alias") else None
            if found is None:
                found = self._named(node, speaker, metric)
                if found is None:
                    complete = False
                    continue
            place, time = found.place, metric.timestamp
            # Nearly all metrics of nearly all plants: a number or a truth value, and nothing else to say of it.
            if (
                place < 0
                or not (time == sure or FIRST_MS <= time < LAST_MS)
                or metric.is_historical
                or metric.is_null
                or metric.is_transient
                or metric.HasField("properties")
            ):
                self._value(node, speaker, found, metric, arrival)
                continue
            sure = time
            if value := metric.double_value or metric.float_value:  # zero could also mean absent
                last[place] = value
                add_place(place)
                add_time(time)
                add_number(value)
            else:
                field = metric.WhichOneof("value")
                datatype = metric.datatype or found.datatype
                if field in _SINGLE and datatype in _PLAIN:
                    last[place] = value = plain_value(field, getattr(metric, field), datatype)
                    heard.add_at(place, time, value)
                else:
                    self._value(node, speaker, found, metric, arrival)
        return complete

    def _named(self, node: EdgeNode, speaker: Speaker, metric: Any) -> Metric | None:
        """The metric that a name means, where there is no alias or an unknown one."""
        found = speaker.metrics.get(metric.name) if metric.name else None
        if found is None:
            shown = metric.name or metric.alias
            self.doubts.note(
                ("metric", node.id),
                f"{node.id}: 시작 메시지에 없던 값이 와서 다시 보내 달라고 했습니다: {shown!r}",
                f"{node.id}: a metric came that no birth announced, a rebirth was asked for: {shown!r}",
            )
        return found

    def _value(self, node: EdgeNode, speaker: Speaker, known: Metric, metric: Any, arrival: Arrival) -> None:
        signal = known.signal
        if signal is None or (metric.is_transient and not self._keep_transient):
            return
        quality = quality_of(metric.properties) if metric.HasField("properties") else 0
        source = moment(metric.timestamp or arrival.payload.timestamp)
        if source is None:
            source, quality = arrival.received, max(quality, UNCERTAIN)
            self.doubts.note(
                ("time", node.id),
                f"{node.id}: 시각이 없거나 틀린 값이 있어 받은 시각을 썼습니다: {known.name!r}, {metric.timestamp}",
                f"{node.id}: a metric's time is missing or wrong, that of arrival was taken: {known.name!r}, {metric.timestamp}",
            )
        try:
            parts = list(elements(metric, metric.datatype or known.datatype))
        except (UnfitValue, UnicodeDecodeError) as error:
            self.doubts.note(
                ("value", node.id),
                f"{node.id}: 값 {known.name!r} 을(를) 읽을 수 없습니다({error}).",
                f"{node.id}: the value of {known.name!r} cannot be read ({error})",
            )
            return
        self._heard.at(arrival.received)
        for more, value in parts:
            name = signal.name + more
            if self.signals.get(name) is not signal:
                self._describe(name, signal)
            place = self._heard.place(name)
            if not more:
                known.place = place
            if not metric.is_historical:
                speaker.last[place] = value
            self._heard.add(place, source, value, quality)

    def _describe(self, name: str, signal: Signal) -> None:
        found = signal if name == signal.name else replace(signal, name=name)
        if self.signals.get(name) != found:
            self.changes += 1
        self.signals[name] = found

    def _offline(self, node: EdgeNode, devices: Iterable[str | None], received: datetime) -> None:
        """Mark as offline, and every last value as stale at the host's own time."""
        for device in list(devices):
            speaker = node.speakers.get(device)
            if speaker is None or not speaker.online:
                continue
            speaker.online = False
            self._stale(speaker.last, received)

    def _stale(self, last: dict[int, Leaf], received: datetime) -> None:
        self._heard.at(received)
        for place, value in last.items():
            self._heard.add(place, received, value, STALE)

    def _ask(self, node: EdgeNode, now: float) -> None:
        node.wanted = True
        if node.may_ask(now, self._birth_timeout):
            self._requests.append(node.id)


def _sequence(payload: Any) -> int | None:
    return int(payload.seq) % 256 if payload.HasField("seq") else None


def _bd_seq(payload: Any) -> int | None:
    for metric in payload.metrics:
        if metric.name == "bdSeq":
            field = metric.WhichOneof("value")
            value = None if field is None else getattr(metric, field)
            return int(value) if isinstance(value, int) else None
    return None
