"""Messages as readings, by the rules of a connection; what cannot be understood is counted, told with an example, and no more."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jasang.connect.contract import Link
from jasang.connect.protocols.mqtt.doubts import Doubts
from jasang.connect.protocols.mqtt.json_path import JsonPath, Leaf, NotThere, clean, json_path, leaves
from jasang.connect.protocols.mqtt.meaning import (
    GOOD,
    UNCERTAIN,
    UNCERTAIN_LAST_USABLE,
    BadMessage,
    content,
    leaf,
    nothing_at,
    quality_of,
    time_of,
)
from jasang.connect.protocols.mqtt.options import MessageFields, MqttOptions, MqttSignalOptions, TopicFields
from jasang.connect.protocols.mqtt.session import Message
from jasang.connect.protocols.mqtt.topic import TopicTemplate, topic_template
from jasang.plant.reading import Reading, Signal
from jasang.plant.text import Text

MOST_SIGNALS = 50_000  # of one connection; more are a topic with a number in it that never comes back
MOST_TOPICS_REMEMBERED = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What messages of one topic mean: for one signal (`named`) or for all that are found in them."""

    topic: TopicTemplate
    fields: MessageFields
    asset: str
    unit: str | None
    named: str | None = None  # the full name of the one signal
    name: str | None = None  # a name made of placeholders
    signal: JsonPath | None = None
    samples: JsonPath | None = None
    value: JsonPath | None = None
    time: JsonPath | None = None
    quality: JsonPath | None = None
    unit_path: JsonPath | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One value of a message with all that was said about it; `timed` when the message gave the time."""

    signal: Signal
    value: Leaf
    time: datetime
    quality: int
    timed: bool


def rules_of(link: Link) -> tuple[Rule, ...]:
    """The rules of a connection: its named signals, its topics, and the plain filters of `browse`."""
    options = link.options if isinstance(link.options, MqttOptions) else MqttOptions()
    rules = [
        _rule(one.address, one.options or MqttSignalOptions(), asset=one.asset, unit=one.unit, named=one.name)
        for one in link.signals
    ]
    rules += [
        _rule(one.topic, one, asset=one.asset or link.asset, unit=one.unit, name=one.name) for one in options.topics
    ]
    rules += [_rule(one.address, MessageFields(), asset=one.asset, unit=None) for one in link.branches if one.address]
    return tuple(rules)


def _rule(
    topic: str,
    fields: MessageFields,
    *,
    asset: str,
    unit: str | None,
    named: str | None = None,
    name: str | None = None,
) -> Rule:
    def path(text: str | None) -> JsonPath | None:
        return None if text is None else json_path(text)

    return Rule(
        topic=topic_template(topic),
        fields=fields,
        asset=asset,
        unit=unit,
        named=named,
        name=name,
        signal=path(fields.signal) if isinstance(fields, TopicFields) else None,
        samples=path(fields.samples),
        value=path(fields.value),
        time=path(fields.time),
        quality=path(fields.quality),
        unit_path=path(fields.unit_path),
    )


@dataclass(slots=True)
class Interpreter:
    """Keeps what was learnt from messages: the signals that exist and what is doubtful."""

    rules: Sequence[Rule]
    signals: dict[str, Signal] = field(default_factory=dict)
    doubts: Doubts = field(default_factory=Doubts)
    heard: set[int] = field(default_factory=set)
    changes: int = 0  # of `signals`
    _routes: dict[str, tuple[tuple[int, Mapping[str, str]], ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for rule in self.rules:
            if rule.named is not None:  # known before the first message
                name = rule.named
                self.signals[name] = Signal(name=name, asset=rule.asset, unit=rule.unit, address=rule.topic.text)

    def read(self, message: Message) -> list[Sample]:
        """The samples of one message, of all rules whose topic it has."""
        if not message.payload:
            return []  # an empty message only clears what the broker kept (MQTT 5, 3.3.1.3)
        found: list[Sample] = []
        wholes: dict[str, Any] = {}  # many signals may come from one message, which is read once
        for at, words in self._route(message.topic):
            self.heard.add(at)
            kind = self.rules[at].fields.payload
            try:
                if kind not in wholes:
                    wholes[kind] = content(message.payload, kind)
                found += self._samples(at, words, wholes[kind], message)
            except BadMessage as error:
                self._complain(at, "bad", message.topic, error.text)
            except ValueError as error:  # nested too deeply for single values
                self._complain(at, "bad", message.topic, Text(ko=str(error), en=str(error)))
        return found

    def _route(self, topic: str) -> tuple[tuple[int, Mapping[str, str]], ...]:
        known = self._routes.get(topic)
        if known is None:
            known = tuple(
                (at, words) for at, rule in enumerate(self.rules) if (words := rule.topic.match(topic)) is not None
            )
            if len(self._routes) < MOST_TOPICS_REMEMBERED:
                self._routes[topic] = known
        return known

    def _samples(self, at: int, words: Mapping[str, str], whole: Any, message: Message) -> Iterator[Sample]:
        rule = self.rules[at]
        places = [whole]
        if rule.samples is not None:
            try:
                places = rule.samples.find(whole, whole)
            except NotThere as error:
                raise nothing_at("samples", rule.samples.text) from error
            if not isinstance(places, list):
                path = rule.samples.text
                raise BadMessage(f"samples = {path!r} 자리에 배열이 없습니다", f"no array at samples = {path!r}")
        for place in places:
            try:
                yield from self._sample(at, words, whole, place, message)
            except BadMessage as error:  # the other samples of the message are kept
                self._complain(at, "bad", message.topic, error.text)

    def _sample(self, at: int, words: Mapping[str, str], whole: Any, place: Any, message: Message) -> Iterator[Sample]:
        rule = self.rules[at]
        moment, quality, timed = self._time(at, whole, place, message)
        quality = max(quality, self._quality(at, whole, place, message))
        unit = self._unit(rule, whole, place)
        for name, value in self._values(rule, words, whole, place, message.topic):
            signal = self._signal(rule, words, name, unit, message.topic)
            if signal is None:
                self._complain(at, "many", message.topic, Text(ko=name, en=name))
                continue
            try:
                plain = leaf(value)
            except BadMessage as error:
                self._complain(at, "bad", message.topic, _of(name, error.text))
                continue
            yield Sample(signal=signal, value=plain, time=moment, quality=quality, timed=timed)

    def _time(self, at: int, whole: Any, place: Any, message: Message) -> tuple[datetime, int, bool]:
        rule = self.rules[at]
        if rule.time is None:
            return message.received, GOOD, False
        try:
            moment, assumed = time_of(rule.time.find(whole, place), rule.fields)
        except (NotThere, BadMessage) as error:
            # The value is worth more than its time: it is kept with the time of its arrival, and marked.
            reason = error if isinstance(error, BadMessage) else nothing_at("time", rule.time.text)
            self._complain(at, "time", message.topic, reason.text)
            return message.received, UNCERTAIN, False
        if assumed:
            zone = rule.fields.time_zone
            self._complain(at, "zone", message.topic, Text(ko=zone, en=zone))
        return moment, GOOD, True

    def _quality(self, at: int, whole: Any, place: Any, message: Message) -> int:
        rule = self.rules[at]
        if rule.quality is None:
            return GOOD
        try:
            return quality_of(rule.quality.find(whole, place), rule.fields)
        except NotThere:
            return GOOD  # many senders only speak of quality when it is not good
        except BadMessage as error:
            self._complain(at, "quality", message.topic, error.text)
            return UNCERTAIN

    @staticmethod
    def _unit(rule: Rule, whole: Any, place: Any) -> str | None:
        if rule.unit_path is None:
            return rule.unit
        try:
            found = rule.unit_path.find(whole, place)
        except NotThere:
            return rule.unit
        return found if isinstance(found, str) and found else rule.unit

    def _values(
        self, rule: Rule, words: Mapping[str, str], whole: Any, place: Any, topic: str
    ) -> Iterator[tuple[str, Any]]:
        """Names (within the asset) and values of one sample."""
        try:
            found = place if rule.value is None else rule.value.find(whole, place)
        except NotThere as error:
            raise nothing_at("value", error.args[0]) from error
        if rule.named is not None:
            yield "", found
            return
        base = self._base(rule, words, whole, place)
        if not isinstance(found, (dict, list)):
            yield base or clean(topic.rpartition("/")[2]), found
            return
        if isinstance(found, dict) and rule.value is None:
            found = self._without_the_known(rule, found)
        for name, value in leaves(found):
            separator = "." if base and not name.startswith("[") else ""
            yield f"{base}{separator}{name}", value

    @staticmethod
    def _base(rule: Rule, words: Mapping[str, str], whole: Any, place: Any) -> str:
        parts = []
        if rule.name is not None:
            parts.append(_filled(rule.name, words))
        elif "signal" in words:
            parts.append(clean(words["signal"]))
        elif words[""]:
            parts.append(clean(words[""]))
        if rule.signal is not None:
            try:
                parts.append(clean(str(rule.signal.find(whole, place))))
            except NotThere as error:
                raise nothing_at("signal", error.args[0]) from error
        return ".".join(parts)

    @staticmethod
    def _without_the_known(rule: Rule, found: dict[str, Any]) -> dict[str, Any]:
        """An object without the fields that were read as time, quality, unit or name."""
        paths = (rule.time, rule.quality, rule.unit_path, rule.signal)
        in_sample = rule.samples is not None
        known = {path.steps[0] for path in paths if path and len(path.steps) == 1 and path.in_sample >= in_sample}
        return {key: value for key, value in found.items() if key not in known}

    def _signal(self, rule: Rule, words: Mapping[str, str], name: str, unit: str | None, topic: str) -> Signal | None:
        asset = clean(words["asset"]) if "asset" in words and rule.named is None else rule.asset
        full = rule.named if rule.named is not None else f"{asset}.{name}"
        known = self.signals.get(full)
        if known is None or (unit is not None and known.unit != unit):
            if known is None and len(self.signals) >= MOST_SIGNALS:
                return None
            known = Signal(name=full, asset=asset, unit=unit, address=topic if rule.named is None else rule.topic.text)
            self.signals[full] = known
            self.changes += 1
        return known

    def _complain(self, at: int, kind: str, topic: str, example: Text) -> None:
        text = _sentence(kind, example)
        self.doubts.note((at, kind), f"토픽 {topic!r}: {text.ko}", f"topic {topic!r}: {text.en}")


def reading_of(sample: Sample, message: Message, retained: str) -> Reading:
    """A sample as a reading; what the broker kept from earlier and gives no time of its own is marked as no longer sure."""
    quality = sample.quality
    if message.retained and not sample.timed and retained == "mark":
        quality = max(quality, UNCERTAIN_LAST_USABLE)
    return Reading(
        signal=sample.signal.name,
        source_time=sample.time,
        receive_time=message.received,
        value=sample.value,
        quality=quality,
    )


def _filled(template: str, words: Mapping[str, str]) -> str:
    for name, word in words.items():
        if name:
            template = template.replace(f"{{{name}}}", clean(word))
    return template


def _of(name: str, text: Text) -> Text:
    return Text(ko=f"{name}: {text.ko}", en=f"{name}: {text.en}") if name else text


def _sentence(kind: str, example: Text) -> Text:
    ko, en = {
        "bad": (
            f"읽을 수 없는 메시지가 왔습니다. 예: {example.ko}",
            f"a message cannot be read, for example: {example.en}",
        ),
        "time": (
            f"시각을 읽을 수 없어 받은 시각을 썼습니다. 예: {example.ko}",
            f"a time cannot be read, the time of arrival was taken; for example: {example.en}",
        ),
        "zone": (
            f"시각에 시간대가 없어 {example.ko}(으)로 보았습니다. time_zone을 적어 주세요.",
            f"times come without a zone and were taken as {example.en}; set time_zone",
        ),
        "quality": (
            f"품질 표시를 알 수 없습니다. 예: {example.ko}",
            f"a quality is not known, for example: {example.en}",
        ),
        "many": (
            f"신호가 {MOST_SIGNALS}개를 넘습니다. 이름에 번호가 들어가지 않는지 보세요. 예: {example.ko}",
            f"there are more than {MOST_SIGNALS} signals, is there a number in their names? For example: {example.en}",
        ),
    }[kind]
    return Text(ko=ko, en=en)
