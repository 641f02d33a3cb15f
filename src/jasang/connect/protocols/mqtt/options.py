"""The fields of an MQTT connection in collect.toml: which topics, and what their messages mean."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field

from jasang.connect.contract import Options, WrongField
from jasang.connect.protocols.mqtt.broker_options import BrokerOptions
from jasang.connect.protocols.mqtt.json_path import json_path
from jasang.connect.protocols.mqtt.topic import topic_template


def _checked(check: Callable[[str], object]) -> AfterValidator:
    def validate(text: str) -> str:
        check(text)
        return text

    return AfterValidator(validate)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise WrongField(
            "",
            f"{name!r} 은(는) 시간대가 아닙니다. 예: 'Asia/Seoul'",
            f"{name!r} is no time zone; expected for example 'Asia/Seoul'",
        ) from error


def _no_format(text: str) -> WrongField:
    return WrongField(
        "",
        f"{text!r} 은(는) 시각의 형식이 아닙니다. 예: '%Y-%m-%d %H:%M:%S'",
        f"{text!r} is no time format; expected for example '%Y-%m-%d %H:%M:%S'",
    )


def _time_format(text: str) -> str:
    try:
        datetime(2026, 1, 2, 3, 4, 5).strftime(text)
    except ValueError as error:
        raise _no_format(text) from error
    if "%" not in text:
        raise _no_format(text)
    return text


Path = Annotated[str, Field(max_length=1000), _checked(json_path)]
Zone = Annotated[str, _checked(_zone)]
TimeFormat = Annotated[str, Field(max_length=200), _checked(_time_format)]
Topic = Annotated[str, Field(min_length=1, max_length=4000), _checked(topic_template)]


class MessageFields(Options):
    """What a message means. Paths begin at the whole message (`$`) or at one element of `samples` (`@`).

    `payload`: "auto" takes JSON where it is JSON, else text. `time_unit` of numbers; "auto" tells s, ms, µs and ns by their size.
    `time_zone` is that of times that name none. `quality_codes`: what numbers mean as quality.
    """

    payload: Literal["auto", "json", "number", "text"] = "auto"
    samples: Path | None = None
    value: Path | None = None
    time: Path | None = None
    time_format: TimeFormat | None = None
    time_unit: Literal["auto", "s", "ms", "us", "ns"] = "auto"
    time_zone: Zone = "UTC"
    quality: Path | None = None
    quality_codes: Literal["opcua", "opcda"] = "opcua"
    unit_path: Path | None = None


class MqttSignalOptions(MessageFields):
    """Fields of one named signal."""


class TopicFields(MessageFields):
    """One entry of `[[connections.topics]]`: a topic with names in it; its signals are found as their messages come.

    `signal` is a path to the signal's name within the message; `name` a name made of placeholders.
    """

    topic: Topic
    asset: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    signal: Path | None = None
    unit: str | None = None


class MqttOptions(BrokerOptions):
    """Fields of an MQTT connection; `session_expiry` in s: how long the broker keeps messages for a collector that is away.

    `retained`: what a broker kept from earlier is marked as stale ("mark"), taken as it is ("take") or left out ("ignore").
    """

    topics: list[TopicFields] = Field(default=[])
    qos: Annotated[int, Field(ge=0, le=1)] = 1
    session_expiry: Annotated[int, Field(ge=0, le=4_294_967_294)] = 604_800
    retained: Literal["mark", "take", "ignore"] = "mark"
